/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text that a traced process chose, made fit for terminals, JSON and people: what is not
 * printable ASCII becomes \xNN, and \ itself \\, so that it can be told from an escape.
 */
#ifndef COMPATCAPS_TEXT_H
#define COMPATCAPS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_COLUMNS 80 /* that a table fits, where nobody knows the terminal's */

/* Up to max bytes or a NUL; never ends within an escape. Returns buf. */
char *text_escape(char *buf, size_t size, const char *text, size_t max);

/* Is this what text_escape() could have made: printable ASCII and whole escapes alone? */
bool text_is_escaped(const char *text);

/* Undo it, for what must be compared with the original. Returns the length, at most size. */
size_t text_unescape(char *buf, size_t size, const char *text);

#define RFC3339_LEN 40
/* Nanoseconds since the epoch as "2026-11-22T06:00:00.123456789Z". Returns buf. */
char *rfc3339(char buf[RFC3339_LEN], uint64_t real_ns);

/* Write the nanoseconds alone into one that rfc3339() made of the same second. */
void rfc3339_fraction(char *text, uint64_t real_ns);

/* Undo it. false: this is nothing that rfc3339() writes. */
bool rfc3339_read(const char *text, uint64_t *real_ns);

/* The same, quick for many of one second; memory is all 0 at first. */
struct rfc3339_memory {
	char text[RFC3339_LEN];
	uint64_t second_ns; /* of the text, without its fraction */
};
bool rfc3339_read_next(const char *text, struct rfc3339_memory *m, uint64_t *real_ns);

#endif /* COMPATCAPS_TEXT_H */
