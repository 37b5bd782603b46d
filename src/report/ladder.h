/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rungs that a VM came up: what it was offered, asked for, got, and ran in, each in a word or
 * two for a table; and how that ended. They are made of the VM's story and of nothing else. A rung
 * of which nothing was seen is empty, which claims nothing.
 */
#ifndef COMPATCAPS_LADDER_H
#define COMPATCAPS_LADDER_H

#include "diagnosis/event.h"

#define LADDER_LEN 64

/* The worst comes first. */
enum outcome {
	OUTCOME_RUN_FAILED,   /* a KVM_RUN of it failed */
	OUTCOME_REFUSED,      /* it asked for a mode last that KVM refused */
	OUTCOME_ABOVE_HOST,   /* it got one that this host does not offer */
	OUTCOME_QUERY_FAILED, /* its queries failed, it got no mode, and it was not seen to run */
	OUTCOME_FINE,	      /* none of these was seen */
	OUTCOMES,
};

struct ladder {
	enum outcome outcome;
	char offered[LADDER_LEN], asked[LADDER_LEN], got[LADDER_LEN], ran[LADDER_LEN];
};

void ladder_of(const struct vm_story *story, struct ladder *l);

#endif /* COMPATCAPS_LADDER_H */
