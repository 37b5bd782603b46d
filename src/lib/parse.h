/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers as people write them on a command line or in a file. Strict: what could be
 * meant in two ways is refused, and the refusal says what is wrong and where.
 */
#ifndef COMPATCAPS_PARSE_H
#define COMPATCAPS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARSE_QUOTE_MAX 80 /* what a parse_quote() buffer needs at most */

struct parse_error {
	const char *why; /* a clause that can follow a colon */
	size_t at;	 /* the first offending byte, counted from 0 in the text as given */
};

/*
 * 0x and hexadecimal digits, or decimal ones; white space around them does not count.
 * The length is given because the text may hold NULs. false: *err says why.
 */
bool parse_u64(const char *text, size_t len, uint64_t *value, struct parse_error *err);

/* The same for values up to max. */
bool parse_upto(const char *text, size_t len, uint64_t max, uint64_t *value,
		struct parse_error *err);

/*
 * Seconds, or a number with ns, us, ms, s, m or h; a decimal fraction is allowed. As for
 * sleep(1) a leading 0 is decimal: "010" is ten seconds.
 */
bool parse_duration(const char *text, size_t len, uint64_t *ns, struct parse_error *err);

/* A point in time, as people name it. */
struct parse_moment {
	enum {
		MOMENT_DATED, /* ns since 1970, UTC */
		MOMENT_CLOCK, /* a time of day alone: ns since midnight */
		MOMENT_AFTER, /* ns after a beginning */
	} kind;
	uint64_t ns;
};

/*
 * YYYY-MM-DD, with a space or a T and HH:MM[:SS[.FRACTION]] after it, and Z or +HH:MM after that:
 * without a zone it is local time. Or a time of day alone, or + and a duration.
 */
bool parse_moment(const char *text, size_t len, struct parse_moment *m, struct parse_error *err);

/* Nanoseconds since 1970; a time of day is on the local day of this beginning. */
uint64_t parse_moment_after(const struct parse_moment *m, uint64_t beginning_ns);

/*
 * Text that somebody else wrote, fit for a terminal: in quotes, what cannot be printed as
 * \xNN, shortened with "..." where it does not fit. size: 16 at least. Returns out.
 */
char *parse_quote(char *out, size_t size, const char *text, size_t len);

#endif /* COMPATCAPS_PARSE_H */
