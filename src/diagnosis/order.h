/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A VM's story as words, in the order of its calls, so that two stories can be compared:
 * "check:1 query:struct-too-new query:ok ask:POWER9:accepted". What it does once more at once is
 * not told again, be it one call or a few in turn: how often a guest is reset is no part of it.
 */
#ifndef COMPATCAPS_ORDER_H
#define COMPATCAPS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;

#define ORDER_WORDS_MAX 64    /* of a story; what comes after these is not told */
#define ORDER_TEXT_MAX	4096  /* bytes: any story fits */
#define ORDER_CUT	"..." /* stands for what is not told, as the last word */

/* Of one VM; all 0 at first. */
struct order {
	uint64_t *words;
	unsigned int n, room;
	bool cut;    /* it has more words than were kept */
	bool unkept; /* there was no memory for words that would be told */
};

/* An event of this VM; one that is no part of a story adds nothing. */
void order_add(struct order *o, const struct event *e);

/* Bytes that it takes, and that it may take with one event more. */
size_t order_bytes(const struct order *o);
size_t order_bytes_next(const struct order *o);

/* "" for a VM that did nothing. Returns buf, which holds ORDER_TEXT_MAX bytes. */
char *order_text(const struct order *o, char buf[ORDER_TEXT_MAX]);

/* It is empty again. */
void order_free(struct order *o);

#endif /* COMPATCAPS_ORDER_H */
