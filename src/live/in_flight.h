/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For attach.c: the calls that the kernel side has seen begin, and not end. */
#ifndef COMPATCAPS_IN_FLIGHT_H
#define COMPATCAPS_IN_FLIGHT_H

#include "live/attach.h"
#include "compatcaps.skel.h"

/* How many there are, of which the first max are in r. */
size_t in_flight_list(const struct compatcaps_bpf *maps, struct cc_record *r, size_t max);

/*
 * Forget those that have ended although their end was missed: a call of fn for each, as
 * of one that is orphaned. all: nothing is watched any more, so that threads which are still there
 * can be asked whether they are in it; else only what threads have left that are gone. Returns how
 * many they were.
 */
uint64_t in_flight_drop_ended(const struct compatcaps_bpf *maps, bool all, attach_loss_fn *fn,
			      void *ctx);

#endif /* COMPATCAPS_IN_FLIGHT_H */
