/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A recording inside a page of HTML, in a <template>, which no browser shows: its lines are as
 * they were, but <, > and & are written as \u003c and its like, which is the same to JSON. So the
 * first < ends it.
 */
#ifndef COMPATCAPS_PAGE_H
#define COMPATCAPS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Is there a page in this file? Reads no more than can be put back. */
bool page_is_one(FILE *f);

/*
 * The recording of this number, from 1, as a file of its own, which can be rewound where f can;
 * 0: the only one there is. It takes f along; NULL: it has been said why, and f is closed.
 */
FILE *page_recording(FILE *f, const char *path, unsigned int number);

/* What stands before the recording of this number of n, and after it. */
void page_begin_tag(char *buf, size_t size, size_t number, size_t n);
#define PAGE_END_TAG "</template>\n"

/* Of a recording that is being written. */
struct page_escape {
	bool backslash; /* the newest byte is one, and not itself escaped */
	char last;	/* the newest byte, unless it was escaped */
};

#define PAGE_ESCAPED_MAX 6 /* bytes that one becomes at most */

/* Writes len bytes to `to`, which has room for them; returns how many they are there. */
size_t page_escape(struct page_escape *e, char *to, const char *from, size_t len);

#endif /* COMPATCAPS_PAGE_H */
