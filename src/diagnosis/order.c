// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A VM's story as a list of words that can be compared. A word that repeats, or a few words that
 * repeat in turn, appears once, because how often a guest was reset does not matter for a
 * comparison. The number of words is bounded, and a cut list says so.
 */
#include "diagnosis/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_WORDS 8
/* Calls in turn that count once: a VMM checks, queries, retries and asks at each reset. */
#define PERIOD_MAX 8

/* A word in 64 bits: what was called, what came of it, and a number. */
#define WORD(type, cause, number) \
	((uint64_t)(type) << 56 | (uint64_t)(cause) << 32 | (uint32_t)(number))
#define WORD_TYPE(word)	  ((enum event_type)((word) >> 56))
#define WORD_CAUSE(word)  ((int)((word) >> 32 & 0xffffff))
#define WORD_NUMBER(word) ((uint32_t)(word))

/* 0: it is no part of a story. */
static uint64_t word_of(const struct event *e)
{
	switch (e->type) {
	case EVENT_EXTENSION:
		return WORD(e->type, 0, e->rec->ret);
	case EVENT_NEGOTIATION:
		return WORD(e->type, e->negotiation.diag->cause, 0);
	case EVENT_ARCH_COMPAT:
		return WORD(e->type, e->arch.diag->cause, e->arch.diag->pvr);
	case EVENT_RUN:
		return e->rec->ret < 0 ? WORD(e->type, 1, e->rec->ret) :
					 WORD(e->type, 0, e->rec->cmd);
	default:
		return 0;
	}
}

size_t order_bytes(const struct order *o)
{
	return o->room * sizeof(*o->words);
}

static unsigned int next_room(const struct order *o)
{
	if (o->n < o->room || o->n == ORDER_WORDS_MAX)
		return o->room;
	return o->room ? o->room * 2 : FIRST_WORDS;
}

size_t order_bytes_next(const struct order *o)
{
	return next_room(o) * sizeof(*o->words);
}

static bool make_room(struct order *o)
{
	unsigned int room = next_room(o);
	uint64_t *words;

	if (o->n < o->room)
		return true;
	if (o->n == ORDER_WORDS_MAX)
		return false;
	words = realloc(o->words, room * sizeof(*words));
	if (!words)
		return false;
	o->words = words;
	o->room = room;
	return true;
}

/* The last n words are those before them once more. */
static bool repeats(const struct order *o, unsigned int n)
{
	const uint64_t *last = o->words + o->n - n;

	return 2 * n <= o->n && !memcmp(last - n, last, n * sizeof(*last));
}

void order_add(struct order *o, const struct event *e)
{
	uint64_t word = word_of(e);

	if (!word || o->cut || (o->n && o->words[o->n - 1] == word))
		return;
	if (!make_room(o)) {
		o->cut = true;
		o->unkept = o->n < ORDER_WORDS_MAX;
		return;
	}
	o->words[o->n++] = word;
	for (unsigned int n = 2; n <= PERIOD_MAX; n++)
		if (repeats(o, n)) {
			o->n -= n;
			return;
		}
}

/* As a word: no mode's name has a space in it then. */
static void print_mode(FILE *f, uint32_t pvr)
{
	const struct abi_pvr *known = abi_pvr(pvr);

	if (!pvr)
		fputs("default", f);
	else if (!known)
		fprintf(f, "0x%08" PRIx32, pvr);
	for (const char *c = known ? known->name : ""; *c; c++)
		fputc(*c == ' ' ? '-' : *c, f);
}

/* Why a KVM_RUN ended: an error, or the exit reason. */
static void print_run(FILE *f, bool failed, uint32_t number)
{
	const char *reason = failed ? NULL : abi_exit_name(number);
	char error[16];

	if (failed)
		fprintf(f, "run:%s", errno_name((int32_t)number, error, sizeof(error)));
	else if (reason)
		fprintf(f, "run:%s", reason);
	else
		fprintf(f, "run:%" PRIu32, number);
}

static void print_word(FILE *f, uint64_t word)
{
	switch (WORD_TYPE(word)) {
	case EVENT_EXTENSION:
		fprintf(f, "check:%" PRId32, (int32_t)WORD_NUMBER(word));
		break;
	case EVENT_NEGOTIATION:
		fprintf(f, "query:%s", cause_name(WORD_CAUSE(word)));
		break;
	case EVENT_ARCH_COMPAT:
		fputs("ask:", f);
		print_mode(f, WORD_NUMBER(word));
		fprintf(f, ":%s", arch_cause_name(WORD_CAUSE(word)));
		break;
	case EVENT_RUN:
		print_run(f, WORD_CAUSE(word), WORD_NUMBER(word));
		break;
	default:
		break;
	}
}

char *order_text(const struct order *o, char buf[ORDER_TEXT_MAX])
{
	FILE *f = fmemopen(buf, ORDER_TEXT_MAX, "w");

	buf[0] = '\0';
	if (!f)
		return buf;
	for (unsigned int i = 0; i < o->n; i++) {
		if (i)
			fputc(' ', f);
		print_word(f, o->words[i]);
	}
	if (o->cut)
		fputs(o->n ? " " ORDER_CUT : ORDER_CUT, f);
	fclose(f);
	return buf;
}

void order_free(struct order *o)
{
	free(o->words);
	*o = (struct order){ 0 };
}
