// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One table of reasons why something may not have been seen, and one function that asks it. A
 * kernel function is covered for a VM if its set of reasons is empty. Of several reasons the first
 * in the table is given, because it explains most.
 */
#include "diagnosis/coverage.h"

#define BIT(reason) ((uint16_t)(1u << (reason)))
#define ALL	    ((1u << ATTACH_POINTS) - 1)

static const struct {
	enum coverage_state state;
	const char *why;
} reasons[COVERAGE_REASONS] = {
	[COVERED] = { COVERAGE_WHOLE, NULL },
	[NOT_COVERED_OLDER] = { COVERAGE_OLDER, "the VM is older than this trace" },
	[NOT_COVERED_GAP] = { COVERAGE_GAP, "it was not watched all the time" },
	[NOT_COVERED_ABSENT] = { COVERAGE_GAP, "that was not watched" },
	[NOT_COVERED_CUT_OFF] = { COVERAGE_GAP, "the recording is cut off" },
	[NOT_COVERED_WRITTEN] = { COVERAGE_GAP, "the recording is still being written" },
	[NOT_COVERED_LOST] = { COVERAGE_LOSSY, "events were lost" },
	[NOT_COVERED_FILTER] = { COVERAGE_FILTERED, "a filter hides a part of its calls" },
	[NOT_COVERED_OUTCOMES] = { COVERAGE_FILTERED,
				   "calls of some outcomes alone were recorded" },
	[NOT_COVERED_SCHEMA_1] = { COVERAGE_UNKNOWN,
				   "a recording of schema 1 does not have its creation in order" },
	[NOT_COVERED_BIRTH] = { COVERAGE_UNKNOWN, "when it was born could not be told" },
	[NOT_COVERED_TOO_MANY] = { COVERAGE_UNKNOWN, "there are too many VMs to tell apart" },
};

static const char *const names[COVERAGE_STATES] = {
	[COVERAGE_WHOLE] = "whole",	  [COVERAGE_OLDER] = "older",
	[COVERAGE_LOSSY] = "lossy",	  [COVERAGE_GAP] = "gap",
	[COVERAGE_FILTERED] = "filtered", [COVERAGE_UNKNOWN] = "unknown",
};

const char *coverage_name(enum coverage_state state)
{
	return (unsigned int)state < COVERAGE_STATES ? names[state] : NULL;
}

enum coverage_state coverage_state_of(enum coverage_reason reason)
{
	return (unsigned int)reason < COVERAGE_REASONS ? reasons[reason].state : COVERAGE_UNKNOWN;
}

const char *coverage_why(enum coverage_reason reason)
{
	return (unsigned int)reason < COVERAGE_REASONS ? reasons[reason].why : NULL;
}

const char *coverage_state_why(enum coverage_state state)
{
	static const enum coverage_reason by_state[COVERAGE_STATES] = {
		[COVERAGE_WHOLE] = COVERED,
		[COVERAGE_OLDER] = NOT_COVERED_OLDER,
		[COVERAGE_LOSSY] = NOT_COVERED_LOST,
		[COVERAGE_GAP] = NOT_COVERED_GAP,
		[COVERAGE_FILTERED] = NOT_COVERED_FILTER,
		[COVERAGE_UNKNOWN] = NOT_COVERED_BIRTH,
	};

	return (unsigned int)state < COVERAGE_STATES ? reasons[by_state[state]].why : NULL;
}

/* ------------------------------------------------------------------ a trace */

static bool in_order(const struct coverage *c)
{
	return c->schema >= COVERAGE_IN_ORDER;
}

void coverage_trace(struct coverage *c, const struct frame *f)
{
	c->schema = f->trace.schema ? f->trace.schema : COVERAGE_IN_ORDER;
	c->filters = f->trace.filters;
	c->filters.text = c->filters.view = NULL;
}

/* In a recording of schema 1 each function said whether the list of VMs could be read. */
void coverage_attach(struct coverage *c, const struct frame *f)
{
	enum point p = f->attach.point;
	bool attached = f->attach.how != ATTACH_ABSENT;

	if ((unsigned int)p >= ATTACH_POINTS)
		return;
	if (!attached || (!in_order(c) && !f->attach.known))
		c->points[p].gap_at = ++c->epoch;
	c->points[p].gap |= !attached && c->points[p].ever;
	c->points[p].ever |= attached;
	c->points[p].known = f->attach.known;
	c->points[p].listed |= f->attach.known;
	c->points[p].attached = attached;
	if (attached)
		c->points[p].attached_ns = f->mono_ns;
	c->points[p].told = true;
}

void coverage_end(struct coverage *c, const struct frame *f)
{
	c->cut_off = f->end.cut_off;
	c->written = f->end.writer;
}

unsigned int coverage_lost_functions(const struct frame *f, const struct loss_count *by)
{
	if (by ? !loss_key_is_of_calls(&by->key) : !loss_is_of_calls(f->lost.loss))
		return 0;
	switch (by ? by->key.type : 0) {
	case CC_NEGOTIATION:
		return 1u << POINT_IOCTL;
	case CC_EXTENSION:
		return 1u << POINT_EXTENSION;
	case CC_ARCH_COMPAT:
		return 1u << POINT_REG;
	case CC_RUN:
	case CC_RAN:
		return 1u << POINT_RUN;
	case CC_KERNEL:
		return 1u << POINT_CONSOLE;
	case CC_VM_CREATED:
		return 1u << POINT_BIRTH;
	case CC_VM_ENDED:
		return 1u << POINT_DEATH;
	default:
		return ALL;
	}
}

void coverage_lose_any(struct coverage *c, unsigned int functions)
{
	if (!functions)
		return;
	c->epoch++;
	for (int p = 0; p < ATTACH_POINTS; p++)
		if (functions & 1u << p)
			c->points[p].lost_at = c->epoch;
}

/* ------------------------------------------------------------------ a VM */

static enum coverage_reason first_of(unsigned int holes)
{
	return holes ? (enum coverage_reason)__builtin_ctz(holes) : COVERED;
}

void coverage_add(struct vm_coverage *vm, unsigned int functions, enum coverage_reason reason)
{
	for (int p = 0; p < ATTACH_POINTS; p++)
		if (functions & 1u << p)
			vm->holes.at[p] |= BIT(reason);
}

/* Why the birth of a VM whose first record comes now was not recorded. */
static enum coverage_reason why_unborn(const struct coverage *c)
{
	if (!in_order(c))
		return NOT_COVERED_SCHEMA_1;
	/* It hides births as well. */
	if (c->filters.outcomes)
		return NOT_COVERED_OUTCOMES;
	/* It may have got its name, by which it was chosen, after its birth. */
	if (c->filters.guests || c->filters.chosen)
		return NOT_COVERED_FILTER;
	if (!c->points[POINT_BIRTH].attached || c->points[POINT_BIRTH].gap || c->forgets)
		return NOT_COVERED_BIRTH;
	return c->points[POINT_BIRTH].lost_at ? NOT_COVERED_LOST : NOT_COVERED_OLDER;
}

void coverage_begin(const struct coverage *c, struct vm_coverage *vm)
{
	vm->epoch = c->epoch;
	vm->unborn = why_unborn(c);
	for (int p = 0; p < ATTACH_POINTS; p++) {
		if (!c->points[p].told)
			vm->holes.at[p] |= BIT(NOT_COVERED_BIRTH);
		else if (!c->points[p].attached)
			vm->holes.at[p] |= BIT(c->points[p].ever ? NOT_COVERED_GAP :
								   NOT_COVERED_ABSENT);
		/* It may have been there when that was lost. */
		if (c->points[p].lost_at)
			vm->early_losses |= 1u << p;
	}
}

void coverage_take(struct vm_coverage *vm, const struct coverage_holes *holes)
{
	for (int p = 0; p < ATTACH_POINTS; p++)
		vm->holes.at[p] |= holes->at[p];
	/* Then it was there in this trace before, or its birth is what was lost. */
	if (holes->at[POINT_BIRTH] && !vm->born)
		vm->unborn = (uint8_t)first_of(holes->at[POINT_BIRTH]);
}

void coverage_born(const struct coverage *c, struct vm_coverage *vm, uint64_t mono_ns)
{
	vm->early_losses = 0;
	vm->born = true;
	if (!in_order(c))
		return;
	vm->unborn = COVERED;
	for (int p = 0; p < ATTACH_POINTS; p++) {
		if (!c->points[p].told ||
		    (c->points[p].attached && mono_ns <= c->points[p].attached_ns))
			vm->holes.at[p] |= BIT(NOT_COVERED_GAP);
		vm->holes.at[p] &= (uint16_t)~BIT(NOT_COVERED_BIRTH);
	}
}

void coverage_found(struct vm_coverage *vm)
{
	vm->found = true;
	if (!vm->born && (vm->unborn == NOT_COVERED_BIRTH || vm->unborn == NOT_COVERED_FILTER))
		vm->unborn = NOT_COVERED_OLDER;
}

void coverage_chosen_late(struct vm_coverage *vm)
{
	coverage_add(vm, ALL, NOT_COVERED_FILTER);
}

static uint16_t holes_at(const struct coverage *c, const struct vm_coverage *vm, int p)
{
	uint16_t holes = vm->holes.at[p];

	/* What befell all VMs befell one that has ended before its end alone: that is in its holes.
	 */
	if (vm->ended)
		return holes;
	if (c->points[p].gap_at > vm->epoch)
		holes |= BIT(NOT_COVERED_GAP);
	if (c->points[p].lost_at > vm->epoch)
		holes |= BIT(NOT_COVERED_LOST);
	return holes;
}

unsigned int coverage_meet(const struct coverage *c, struct vm_coverage *vm)
{
	unsigned int missed = 0;

	for (int p = 0; p < ATTACH_POINTS; p++) {
		if (!vm->ended &&
		    (c->points[p].gap_at > vm->epoch || c->points[p].lost_at > vm->epoch))
			missed |= 1u << p;
		vm->holes.at[p] = holes_at(c, vm, p);
	}
	vm->epoch = c->epoch;
	return missed;
}

void coverage_ended(const struct coverage *c, struct vm_coverage *vm)
{
	coverage_meet(c, vm);
	vm->ended = true;
}

/* Why its birth is not known, by what is known now: it may be among what was lost. */
static enum coverage_reason unborn_for(const struct coverage *c, const struct vm_coverage *vm)
{
	if (vm->unborn == NOT_COVERED_OLDER && !vm->found &&
	    holes_at(c, vm, POINT_BIRTH) & BIT(NOT_COVERED_LOST))
		return NOT_COVERED_LOST;
	return (enum coverage_reason)vm->unborn;
}

enum coverage_reason coverage_of(const struct coverage *c, const struct vm_coverage *vm,
				 unsigned int functions)
{
	enum coverage_reason unborn;
	unsigned int holes = 0;

	if (!vm)
		return NOT_COVERED_TOO_MANY;
	for (int p = 0; p < ATTACH_POINTS; p++) {
		if (!(functions & 1u << p))
			continue;
		holes |= holes_at(c, vm, p);
		if (vm->early_losses & 1u << p)
			holes |= BIT(NOT_COVERED_LOST);
	}
	unborn = unborn_for(c, vm);
	if (unborn != COVERED)
		holes |= BIT(unborn);
	if (c->filters.threads || c->filters.processes)
		holes |= BIT(NOT_COVERED_FILTER);
	if (c->filters.outcomes)
		holes |= BIT(NOT_COVERED_OUTCOMES);
	if (c->cut_off && !vm->ended)
		holes |= BIT(c->written ? NOT_COVERED_WRITTEN : NOT_COVERED_CUT_OFF);
	return first_of(holes);
}
