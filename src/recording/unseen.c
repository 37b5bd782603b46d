// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "recording/unseen.h"

#include <search.h>
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

/* ------------------------------------------------------------------ VMs by their inodes */

struct ino {
	uint64_t ino;
	unsigned int number;
	char *guest;
};

static int ino_cmp(const void *a, const void *b)
{
	const struct ino *x = a, *y = b;

	return (x->ino > y->ino) - (x->ino < y->ino);
}

static void ino_free(void *node)
{
	struct ino *i = node;

	free(i->guest);
	free(i);
}

static struct ino *ino_find(const struct unseen *u, uint64_t ino)
{
	const struct ino key = { .ino = ino };
	struct ino **found = tfind(&key, &u->inos, ino_cmp);

	return found ? *found : NULL;
}

static struct ino *ino_add(struct unseen *u, uint64_t ino)
{
	struct ino *i = u->n_inos < UNSEEN_INOS_MAX ? calloc(1, sizeof(*i)) : NULL;

	if (!i)
		return NULL;
	i->ino = ino;
	if (!tsearch(i, &u->inos, ino_cmp)) {
		free(i);
		return NULL;
	}
	u->n_inos++;
	return i;
}

static void note_vm(struct unseen *u, const struct event *e, uint64_t ino)
{
	struct ino *i = ino && e->vm ? ino_find(u, ino) : NULL;

	if (!ino || !e->vm)
		return;
	if (!i)
		i = ino_add(u, ino);
	if (!i)
		return;
	i->number = e->vm;
	if (e->guest && *e->guest && (!i->guest || strcmp(i->guest, e->guest))) {
		free(i->guest);
		i->guest = strdup(e->guest);
	}
}

unsigned int unseen_vm(const struct unseen *u, uint64_t ino, const char **guest)
{
	const struct ino *i = ino ? ino_find(u, ino) : NULL;

	*guest = i ? i->guest : NULL;
	return i ? i->number : 0;
}

/* ------------------------------------------------------------------ events */

static void on_trace(struct unseen *u, const struct event *e)
{
	const struct frame_filters *filters = &e->frame->trace.filters;

	u->outcomes = filters->outcomes;
	snprintf(u->filters, sizeof(u->filters), "%s", filters->text ? filters->text : "");
}

static void on_attach(struct unseen *u, const struct event *e)
{
	const struct frame *f = e->frame;
	enum point p = f->attach.point;
	bool absent = f->attach.how == ATTACH_ABSENT, older = f->attach.n_older || !f->attach.known;
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
	u->older |= !absent && older;
	u->points[p].told = true;
	u->points[p].released = absent && f->attach.released;
}

static void on_vm(struct unseen *u, const struct event *e)
{
	enum life life = e->vm_life.life;
	bool unknown = life == LIFE_OLDER || life == LIFE_UNKNOWN;

	note_vm(u, e, e->frame->vm.ino);
	if (!e->vm)
		return;
	/* That it is not older can be known without its birth. */
	if (e->frame->vm.event != VM_ENDED || !unknown)
		bits_add(&u->born, e->vm);
	/* What was lost, and gaps of a function, are known more closely. Its end knows best. */
	if (unknown || life == LIFE_FILTERED)
		bits_add(&u->partial, e->vm);
	else
		bits_drop(&u->partial, e->vm);
}

static void on_lost(struct unseen *u, const struct event *e)
{
	const struct frame *f = e->frame;
	uint64_t rest = f->lost.n;
	unsigned int vm;
	const char *guest;

	u->unreadable |= f->lost.loss == CC_LOSS_UNREADABLE;
	if (!loss_is_of_calls(f->lost.loss)) {
		u->lossy_vms = true;
		if (!f->lost.n_by)
			return;
	}
	/* No verdict hangs on what KVM printed. */
	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *by = &f->lost.by[i];

		rest -= by->n < rest ? by->n : rest;
		vm = unseen_vm(u, by->key.vm_ino, &guest);
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
	case EVENT_FOUND:
		note_vm(u, e, e->frame->found.vm->ino);
		break;
	case EVENT_VM:
		on_vm(u, e);
		break;
	case EVENT_LOST:
		on_lost(u, e);
		break;
	case EVENT_END:
		u->ended = true;
		u->cut_off |= e->end.cut_off;
		break;
	default:
		if (e->rec)
			note_vm(u, e, e->rec->vm_ino);
	}
}

bool unseen_has_partial(const struct unseen *u)
{
	return u->older || bits_common(&u->vms, &u->partial) || bits_only(&u->vms, &u->born);
}

void unseen_free(struct unseen *u)
{
	bits_free(&u->vms);
	bits_free(&u->born);
	bits_free(&u->partial);
	bits_free(&u->lossy);
	tdestroy(u->inos, ino_free);
	*u = (struct unseen){ 0 };
}

int unseen_point(enum event_type type)
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
		int p = types & 1u << type ? unseen_point(type) : -1;

		if (p >= 0 && (!u->points[p].told || u->points[p].gap))
			return p;
	}
	return -1;
}
