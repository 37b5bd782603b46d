// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Why calls ended as they did, and what went wrong first. A query that KVM asked to repeat is not
 * a failure yet. It becomes one if its retry fails too, or if none comes until the end.
 */
#include "report/digest_causes.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(DIGEST_CAUSES <= 32, "a bit of digest_vm.causes for each");

static void free_event(struct digest_event *e)
{
	free(e->comm);
	free(e->guest);
	free(e->hint);
	*e = (struct digest_event){ 0 };
}

void causes_free(struct digest *d)
{
	for (size_t i = 0; i < DIGEST_CAUSES; i++) {
		free_event(&d->causes[i].first);
		free_event(&d->causes[i].failure);
	}
	free_event(&d->unfollowed);
}

void causes_free_vm(struct digest_vm *vm)
{
	for (size_t i = 0; i < vm->n_open; i++)
		free_event(&vm->open[i]);
	free_event(&vm->failure);
}

static struct digest_cause *cause_of(struct digest *d, const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		return &d->causes[e->negotiation.diag->cause];
	case EVENT_ARCH_COMPAT:
		return &d->causes[CAUSE_MAX + e->arch.diag->cause];
	default:
		return &d->causes[CAUSE_MAX + ARCH_MAX];
	}
}

static const char *hint_of(const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		return e->negotiation.diag->hint;
	case EVENT_ARCH_COMPAT:
		return e->arch.diag->hint;
	default:
		return e->run->hint;
	}
}

static void name_cause(struct digest_cause *c, const struct event *e)
{
	c->type = e->type;
	switch (e->type) {
	case EVENT_NEGOTIATION:
		c->cause = (int)e->negotiation.diag->cause;
		c->name = cause_name(e->negotiation.diag->cause);
		break;
	case EVENT_ARCH_COMPAT:
		c->cause = (int)e->arch.diag->cause;
		c->name = arch_cause_name(e->arch.diag->cause);
		break;
	default:
		c->name = "KVM_RUN failed";
	}
}

static struct digest_event event_for(struct digest *d, const struct event *e)
{
	return (struct digest_event){
		.seq = e->seq,
		.mono_ns = e->mono_ns,
		.real_ns = e->real_ns,
		.start_ns = e->rec->mono_ns,
		.vm = e->vm,
		.pid = e->pid,
		.comm = digest_copy(d, e->comm),
		.guest = digest_copy(d, e->guest),
		.hint = digest_copy(d, hint_of(e)),
	};
}

/* Lets go of the later one. */
static void keep_earlier(struct digest_event *kept, struct digest_event *other)
{
	if (other->seq && (!kept->seq || other->seq < kept->seq)) {
		free_event(kept);
		*kept = *other;
		*other = (struct digest_event){ 0 };
	} else {
		free_event(other);
	}
}

/* ------------------------------------------------------------------ retries */

/* What became of it is known: out is where it goes, NULL: it was made good. */
static void close_query(struct digest_vm *vm, size_t i, struct digest_event *out)
{
	if (out)
		keep_earlier(out, &vm->open[i]);
	else
		free_event(&vm->open[i]);
	vm->n_open--;
	memmove(&vm->open[i], &vm->open[i + 1], (vm->n_open - i) * sizeof(*vm->open));
}

static void open_query(struct digest *d, struct digest_vm *vm, const struct event *e)
{
	if (vm->n_open == DIGEST_OPEN)
		close_query(vm, 0, &vm->failure);
	vm->open[vm->n_open++] = event_for(d, e);
}

void causes_retry(struct digest *d, struct digest_vm *vm, const struct event *e)
{
	uint64_t start_ns = e->rec->mono_ns - e->retry->after_ns;
	bool recovered = e->retry->recovered;

	d->causes[CAUSE_STRUCT_TOO_NEW].n_recovered += recovered;
	for (size_t i = 0; vm && i < vm->n_open; i++)
		if (vm->open[i].start_ns == start_ns) {
			close_query(vm, i, recovered ? NULL : &vm->failure);
			return;
		}
}

void causes_finish(struct digest *d)
{
	struct digest_event *first = &d->causes[CAUSE_STRUCT_TOO_NEW].failure;

	for (size_t i = 0; i < d->n_vms; i++) {
		struct digest_vm *vm = d->vms[i];

		while (vm->n_open)
			close_query(vm, 0, &vm->failure);
		keep_earlier(first, &vm->failure);
	}
	/* Better one that may have been made good than none. */
	if (!first->seq)
		keep_earlier(first, &d->unfollowed);
}

/* ------------------------------------------------------------------ causes */

static void add_failure(struct digest *d, struct digest_vm *vm, struct digest_cause *c,
			const struct event *e)
{
	c->n_failed++;
	if (c == &d->causes[CAUSE_STRUCT_TOO_NEW]) {
		if (vm)
			open_query(d, vm, e);
		else if (!d->unfollowed.seq)
			d->unfollowed = event_for(d, e);
	} else if (!c->failure.seq) {
		c->failure = event_for(d, e);
	}
}

void causes_add(struct digest *d, struct digest_vm *vm, const struct event *e)
{
	struct digest_cause *c = cause_of(d, e);
	enum verdict_kind kind = event_kind(e);
	uint32_t bit = 1u << (c - d->causes);

	if (!c->n++) {
		name_cause(c, e);
		c->kind = kind;
		c->first = event_for(d, e);
	}
	c->kind = kind > c->kind ? kind : c->kind;
	if (kind == VERDICT_FAILURE)
		add_failure(d, vm, c, e);
	if (!vm) {
		d->vms_at_least = true;
		return;
	}
	d->vms_at_least |= vm->partial;
	c->n_vms += !(vm->causes & bit);
	vm->causes |= bit;
}

/* Failures come first, then notes; each in the order of its first event. */
static int cause_cmp(const void *a, const void *b)
{
	const struct digest_cause *x = *(const struct digest_cause *const *)a;
	const struct digest_cause *y = *(const struct digest_cause *const *)b;

	if (x->kind != y->kind)
		return x->kind > y->kind ? -1 : 1;
	return (x->first.seq > y->first.seq) - (x->first.seq < y->first.seq);
}

size_t digest_causes(const struct digest *d, const struct digest_cause *list[DIGEST_CAUSES])
{
	size_t n = 0;

	for (size_t i = 0; i < DIGEST_CAUSES; i++)
		if (d->causes[i].n)
			list[n++] = &d->causes[i];
	qsort(list, n, sizeof(*list), cause_cmp);
	return n;
}

const struct digest_cause *digest_first_failure(const struct digest *d)
{
	const struct digest_cause *first = NULL;

	for (size_t i = 0; i < DIGEST_CAUSES; i++) {
		const struct digest_cause *c = &d->causes[i];

		if (c->failure.seq && (!first || c->failure.seq < first->failure.seq))
			first = c;
	}
	return first;
}
