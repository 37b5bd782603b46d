/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program prints often lands in the log of a CI job, whose runner reads commands there:
 * "::stop-commands::x" at the beginning of a line, "##[command]", "##vso[...]" and
 * "<LAVA_SIGNAL_...>" anywhere. Names that processes, guests and files have must give none. None
 * of our own text has "::", "##" or "<L", so the second byte of these is escaped wherever it
 * comes from, as the format escapes: a reader of JSON or XML gets the same text as before.
 *
 * This is done where bytes leave the program, and not where text is taken in: so no format can
 * forget it, and a recording keeps its text, also one that was made elsewhere.
 */
#ifndef COMPATCAPS_SHIELD_H
#define COMPATCAPS_SHIELD_H

#include <stdbool.h>
#include <stddef.h>

enum shield_kind {
	SHIELD_TEXT, /* "\x3a": the default, for whoever does not think of it */
	SHIELD_JSON, /* "\u003a" */
	SHIELD_XML,  /* "&#58;" */
	SHIELD_NONE, /* a protocol with lengths */
};

struct shield {
	enum shield_kind kind;
	char last; /* the byte before */
};

/* Where the bytes go; false: they cannot be written. */
typedef bool shield_put(void *ctx, const char *bytes, size_t len);

/* Hands on what is written, in as many pieces as it takes. false: put() said so. */
bool shield_write(struct shield *s, const char *bytes, size_t len, shield_put *put, void *ctx);

/*
 * From here on stderr is shielded, whoever writes to it (argp and the C library do too), and what
 * is no printable ASCII in it is escaped, but for the ends of lines.
 */
void shield_stderr(void);

#endif /* COMPATCAPS_SHIELD_H */
