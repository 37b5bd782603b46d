/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between the files that compare two profiles. */
#ifndef COMPATCAPS_DIFF_PARTS_H
#define COMPATCAPS_DIFF_PARTS_H

#include "diff/diff.h"

/* Why not all of a side was seen: from those that may hide anything to those that hide what was
 * before. */
enum doubt {
	DOUBT_NONE,
	DOUBT_LOST,
	DOUBT_CUT_OFF,
	DOUBT_FILTER,
	DOUBT_LAST_OF_ALL = DOUBT_FILTER, /* with these not even that all is the same can be said */
	DOUBT_GAP,
	DOUBT_OLDER,
	DOUBT_UNKNOWN,
	DOUBT_ROOM,
};

/* Both sides of a guest, or of all. */
struct diff_pair {
	const struct who *old, *new; /* NULL: all */
	unsigned int nth;
};

/* One more at the end, all 0. NULL: no memory. */
void *diff_grow(struct diff *d, void *list_at, size_t *n, size_t *room, size_t size);
/* NULL: no memory. */
char *diff_text(struct diff *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diff_add_word(struct diff *d, struct diff_value *v, uint64_t n, const char *text);
void diff_sort_words(struct diff_value *v);
/* Takes the sentence over; NULL is none. */
void diff_note(struct diff *d, char *sentence);
struct diff_result *diff_new_result(struct diff *d, const char *name, const char *title,
				    enum diff_shape shape);

/* What of this side may not have been seen; w NULL: of all of it. A baseline is what it says. */
enum doubt diff_doubt_of(const struct profile *p, const struct who *w, enum told_of of);
bool diff_hides_all(enum doubt doubt);
/* The clause that says it, of one side or both; NULL of none. */
char *diff_reason(struct diff *d, enum doubt old, enum doubt new);

/*
 * What is in one of them alone is a difference where the other would have been seen to have it.
 * whole: and where it was seen whole itself, for a part of it would be another word.
 */
void diff_decide(struct diff *d, struct diff_result *r, enum doubt old, enum doubt new, bool whole);

/* Both sides of a guest. */
void diff_compare_pair(struct diff *d, const struct diff_pair *pair);
void diff_compare_hosts(struct diff *d);

#endif /* COMPATCAPS_DIFF_PARTS_H */
