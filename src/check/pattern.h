/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * POSIX extended regular expressions whose memory is bounded. glibc keeps a state for each set of
 * places in a pattern that a text has led to, and never lets go of one: (a|b)*a(a|b)(a|b)...
 * takes kilobytes for each letter. So a pattern that has grown beyond its share is compiled
 * again, and what would take too much even so is refused.
 */
#ifndef COMPATCAPS_PATTERN_H
#define COMPATCAPS_PATTERN_H

#include <stddef.h>

#define PATTERN_BYTES_MAX 1024	       /* of a pattern */
#define PATTERN_PLUSES	  8	       /* each compiles what it repeats twice */
#define PATTERN_COMPILED  (512u << 10) /* bytes that one pattern takes */
#define PATTERN_ALL	  (64u << 20)  /* bytes that all patterns take together */
#define PATTERN_TEXT_MAX  4096	       /* bytes of a text that is matched */

struct pattern;

/* NULL: why is a clause that can follow a colon. source is copied. */
struct pattern *pattern_new(const char *source, char *why, size_t len);
void pattern_free(struct pattern *p);

enum pattern_match { PATTERN_NO, PATTERN_YES, PATTERN_UNKNOWN };

/* Is it found in the text? PATTERN_UNKNOWN: the text is too long, or memory is short. */
enum pattern_match pattern_match(struct pattern *p, const char *text);

#endif /* COMPATCAPS_PATTERN_H */
