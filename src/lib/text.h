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

#define TEXT_PATH_LEN 4096

/*
 * The same for the name of a file, where a line may begin with it: in quotes if that would look
 * like a command. Returns buf.
 */
char *text_path(char *buf, size_t size, const char *path);

/*
 * How one byte of talk is shown: as it is, or as \xNN where that cannot be printed. A \ stays, so
 * that what is escaped already is not escaped twice. Returns the length.
 */
size_t text_show(char shown[4], char c);

/*
 * Who reads the lines of a log may take one for a command by its first character: GitHub, Azure
 * and TeamCity : and #, LAVA <, Buildkite - + and ~. A name that another process chose may look
 * like that, so no line is broken before such a character.
 */
bool text_may_begin_line(char c);

/* How many bytes of the text, which begins with a word, stay on one line: a tag of XML does. */
size_t text_unit(const char *text);

/* How much of such a unit, which is too long for the room, is to be put there: 1 at least. */
size_t text_piece(const char *text, size_t unit, size_t room);

/* What is left of a line. */
static inline size_t text_left(size_t column, size_t columns)
{
	return column < columns ? columns - column : 1;
}

/* Is this what text_escape() could have made: printable ASCII and whole escapes alone? */
bool text_is_escaped(const char *text);

/* Undo it, for what must be compared with the original. Returns the length, at most size. */
size_t text_unescape(char *buf, size_t size, const char *text);

/* How much of the text is shown in so many columns, where a mark follows what is cut: all of it, or
 * less than that. An escape is never cut. */
size_t text_cut(const char *text, size_t columns);

#define TEXT_CUT "~" /* the mark */

/* A text that is put together: size bytes at buf, of which n are written. What is more is cut. */
struct text_line {
	char *buf;
	size_t size, n;
};
void text_add(struct text_line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

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
