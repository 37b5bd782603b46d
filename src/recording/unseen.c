// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Collects what a recording cannot contain: functions that were not watched, times without a
 * watch, VMs that are older, calls that were lost. Sets of VMs are kept as bits, so a recording of
 * many VMs stays small. check, diff and report ask here before they claim anything.
 */
#include "recording/unseen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ sets of numbers */

#define WORD_BITS 64u

void bits_add(struct bits *b, unsigned int i)
{
	size_t need = i / WORD_BITS + 1, n = b->n ? b->n : 4;
	uint64_t *more;

	if (i > UNSEEN_VMS_MAX) {
		b->over = true;
		return;
	}
	if (need > b->n) {
		while (n < need)
			n *= 2;
		more = reallocarray(b->words, n, sizeof(*more));
		if (!more) {
			b->over = true;
			return;
		}
		memset(more + b->n, 0, (n - b->n) * sizeof(*more));
		b->words = more;
		b->n = n;
	}
	b->words[i / WORD_BITS] |= UINT64_C(1) << i % WORD_BITS;
}

void bits_drop(struct bits *b, unsigned int i)
{
	if (i / WORD_BITS < b->n)
		b->words[i / WORD_BITS] &= ~(UINT64_C(1) << i % WORD_BITS);
}

static uint64_t word_of(const struct bits *b, size_t i)
{
	return i < b->n ? b->words[i] : 0;
}

bool bits_has(const struct bits *b, unsigned int i)
{
	return word_of(b, i / WORD_BITS) >> i % WORD_BITS & 1;
}

unsigned int bits_count(const struct bits *b)
{
	unsigned int n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += (unsigned int)__builtin_popcountll(b->words[i]);
	return n;
}

static unsigned int first_of(const struct bits *a, const struct bits *b, uint64_t flip)
{
	for (size_t i = 0; i < a->n; i++) {
		uint64_t word = a->words[i] & (word_of(b, i) ^ flip);

		if (word)
			return (unsigned int)i * WORD_BITS + (unsigned int)__builtin_ctzll(word);
	}
	return 0;
}

unsigned int bits_common(const struct bits *a, const struct bits *b)
{
	return first_of(a, b, 0);
}

unsigned int bits_only(const struct bits *a, const struct bits *b)
{
	return first_of(a, b, UINT64_MAX);
}

void bits_free(struct bits *b)
{
	free(b->words);
	*b = (struct bits){ 0 };
}

bool vms_seen_first(struct vms_seen *seen, unsigned int vm)
{
	/* Where not all can be told apart, it is one that is above all others. */
	bool apart = vm <= UNSEEN_VMS_MAX && !seen->bits.over;
	bool first = apart ? !bits_has(&seen->bits, vm) : vm > seen->top;

	bits_add(&seen->bits, vm);
	if (vm > seen->top)
		seen->top = vm;
	seen->n += first;
	return first;
}

/* ------------------------------------------------------------------ events */

static void on_trace(struct unseen *u, const struct event *e)
{
	const struct frame_filters *filters = &e->frame->trace.filters;

	u->in_order = !e->frame->trace.schema || e->frame->trace.schema >= COVERAGE_IN_ORDER;
	u->outcomes = filters->outcomes;
	u->some_vms = filters->guests || filters->chosen || filters->processes;
	free(u->filters);
	u->filters = filters->text && *filters->text ? strdup(filters->text) : NULL;
}

static void on_attach(struct unseen *u, const struct event *e)
{
	const struct frame *f = e->frame;
	enum point p = f->attach.point;
	bool absent = f->attach.how == ATTACH_ABSENT, older = f->attach.n_older || !f->attach.known;
	/* Schema 2 has no list: a VM that existed has an event, or did nothing. */
	bool listed = older && (f->attach.n_older || !u->in_order);
	const char *why = f->attach.why && *f->attach.why ? f->attach.why : "why is not known";

	if ((unsigned int)p >= ATTACH_POINTS)
		return;
	if (absent && !f->attach.released) {
		u->points[p].gap = true;
		snprintf(u->points[p].why, sizeof(u->points[p].why), "%s", why);
	} else if (!absent && u->points[p].released && older) {
		u->points[p].gap = true;
		snprintf(u->points[p].why, sizeof(u->points[p].why),
			 "a VM was there before it was watched again");
	}
	u->older |= !absent && listed;
	u->points[p].told = true;
	u->points[p].released = absent && f->attach.released;
}

/* What was lost, and gaps of a function, are known more closely. */
static void on_story(struct unseen *u, const struct event *e)
{
	enum coverage_state state = coverage_state_of(e->story->coverage);

	u->older |= state == COVERAGE_OLDER;
	bits_add(&u->told, e->vm);
	if (state == COVERAGE_OLDER || state == COVERAGE_UNKNOWN || state == COVERAGE_FILTERED)
		bits_add(&u->partial, e->vm);
	else
		bits_drop(&u->partial, e->vm);
}

static void on_lost(struct unseen *u, const struct event *e)
{
	const struct frame *f = e->frame;
	uint64_t rest = f->lost.n;

	u->unreadable |= f->lost.loss == CC_LOSS_UNREADABLE;
	if (!loss_is_of_calls(f->lost.loss)) {
		u->lossy_vms = true;
		if (!f->lost.n_by)
			return;
	}
	/* No verdict hangs on what KVM printed. */
	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *by = &f->lost.by[i];
		unsigned int vm = e->lost_of ? e->lost_of[i].vm : 0;

		rest -= by->n < rest ? by->n : rest;
		if (vm && by->key.type != CC_KERNEL)
			bits_add(&u->lossy, vm);
		else
			u->lossy_any |= by->n && by->key.type != CC_KERNEL;
	}
	u->lossy_any |= rest > 0;
}

void unseen_event(struct unseen *u, const struct event *e)
{
	if (e->vm)
		bits_add(&u->vms, e->vm);
	switch (e->type) {
	case EVENT_TRACE:
		on_trace(u, e);
		break;
	case EVENT_ATTACH:
		on_attach(u, e);
		break;
	case EVENT_STORY:
		on_story(u, e);
		break;
	case EVENT_LOST:
		on_lost(u, e);
		break;
	case EVENT_END:
		u->ended = true;
		u->cut_off |= e->end.cut_off;
		u->written |= e->end.writer != 0;
		break;
	default:
		break;
	}
}

bool unseen_has_partial(const struct unseen *u)
{
	return u->older || bits_common(&u->vms, &u->partial) || bits_only(&u->vms, &u->told);
}

void unseen_free(struct unseen *u)
{
	free(u->filters);
	bits_free(&u->vms);
	bits_free(&u->told);
	bits_free(&u->partial);
	bits_free(&u->lossy);
	*u = (struct unseen){ 0 };
}

/* The point that events of this type come from; -1: from none that can be unwatched. */
static int point_of(enum event_type type)
{
	switch (type) {
	case EVENT_NEGOTIATION:
	case EVENT_RETRY:
		return POINT_IOCTL;
	case EVENT_EXTENSION:
		return POINT_EXTENSION;
	case EVENT_ARCH_COMPAT:
		return POINT_REG;
	case EVENT_RUN:
	case EVENT_RAN:
		return POINT_RUN;
	case EVENT_KERNEL:
		return POINT_CONSOLE;
	default:
		return -1;
	}
}

int unseen_gap(const struct unseen *u, unsigned int types)
{
	for (int type = 0; type < EVENT_TYPES; type++) {
		int p = types & 1u << type ? point_of(type) : -1;

		if (p >= 0 && (!u->points[p].told || u->points[p].gap))
			return p;
	}
	return -1;
}
