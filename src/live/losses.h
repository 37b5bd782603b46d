/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For attach.c: what the kernel side could not record, and has not been reported yet. */
#ifndef COMPATCAPS_LOSSES_H
#define COMPATCAPS_LOSSES_H

#include "live/attach.h"
#include "compatcaps.skel.h"

struct told;

/* What the kernel counts. Of tracepoints most of what they see is none of ours. */
enum losses_counter { COUNT_MISSED, COUNT_RECURSION, COUNT_RUNS, COUNT_LINES, LOSSES_COUNTERS };

/* All 0 but for the maps at first. */
struct losses {
	const struct compatcaps_bpf *maps;
	uint64_t seen;				/* all that was lost when this was looked at last */
	uint64_t elsewhere_told[CC_LOSSES];	/* of what was not counted by kind */
	uint64_t counter_told[LOSSES_COUNTERS]; /* of what the kernel counted */
	uint64_t ended; /* calls whose end was missed, reported by their kind (in_flight.h) */
	struct told *told;
	size_t n_told, max_told;
	size_t drop_at; /* how many of them there are when those of ended VMs are dropped */
};

/* Calls whose end was missed, and that are reported by their kind. */
uint64_t losses_orphans(const struct losses *l);

/*
 * A call whose end the kernel missed is counted by it, and by the programs when they see that it
 * is over. From what the kernel has counted take out what they count, or may still.
 */
void losses_take_out_orphans(const struct losses *l, uint64_t counted[LOSSES_COUNTERS]);

/* Has the number of those that the programs themselves count changed since it was looked at? */
bool losses_are_new(const struct losses *l);

/* What the programs themselves have counted: a call of fn for each reason. */
void losses_tell(struct losses *l, attach_loss_fn *fn, void *ctx);

/* What the kernel counts, n in all so far, for a reason that no program counts. */
void losses_tell_counter(struct losses *l, enum losses_counter counter, uint64_t n,
			 attach_loss_fn *fn, void *ctx);

/* A VM has ended: what was reported of its losses can be forgotten. */
void losses_end_vm(struct losses *l, uint64_t vm);

void losses_free(struct losses *l);

#endif /* COMPATCAPS_LOSSES_H */
