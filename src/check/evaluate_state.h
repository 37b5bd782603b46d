/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What evaluate.c counts as events pass, and decide.c makes verdicts from. */
#ifndef COMPATCAPS_EVALUATE_STATE_H
#define COMPATCAPS_EVALUATE_STATE_H

#include "check/evaluate.h"
#include "lib/histogram.h"
#include "recording/unseen.h"
#include "check/values.h"

#define SET_NAMES_MAX 256 /* that were seen and stand in no rule; more are counted */

/* A hostile recording can hold any number. */
static inline uint64_t add_up(uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, &a) ? UINT64_MAX : a;
}

/*
 * Does an event pass a rule's filters? Where what other events told has a part in it, the
 * answer is soft: it holds if nothing was lost.
 */
enum match { MATCH_NO, MATCH_SOFT_NO, MATCH_MAYBE, MATCH_SOFT_YES, MATCH_YES };

/* A name of a set. */
struct set_name {
	char *text;
	bool seen, soft;	 /* soft: only by events that matched softly */
	bool wanted;		 /* stands in the rule */
	struct rule_event first; /* that has it, of a name that is not wanted */
};

struct set_state {
	struct set_name *names;
	size_t n, room;
	uint64_t n_more;    /* events with other names still, none of them wanted */
	uint64_t n_unknown; /* events whose name could not be seen */
};

struct times_state {
	struct histogram histogram;
	unsigned __int128 sum;
	uint64_t n;
	uint64_t *below, *equal; /* each value of the rule */
};

struct rule_state {
	const struct rule *r;
	struct value_path filters[RULE_FILTERS_MAX], value;
	bool per_vm;	     /* a VM is judged once, when it has ended */
	bool of_vms;	     /* its filters name VMs: their whole lives matter */
	unsigned int types;  /* r->types, and those that these rest on */
	struct bits vms;     /* that matched */
	struct bits softly;  /* VMs of events that matched, or were judged, softly */
	struct bits counted; /* of a rule on each VM: those that it has counted */
	bool softly_any;     /* and some were of no VM: of all of them */

	/* Events by how they matched. */
	uint64_t n, n_soft, n_maybe, n_soft_no;
	/* Of rules on values: how many are as the rule wants them. */
	uint64_t n_good, n_soft_good, n_bad, n_soft_bad, n_unknown;
	/* As it wants them, and perhaps of those that it is about. */
	uint64_t n_maybe_good, n_soft_no_good;

	/* Of what was lost. */
	uint64_t lost_surely, lost_maybe;
	unsigned int lost_reasons; /* 1u << enum cc_loss */
	bool lost_query;	   /* so that a retry can have been missed, or made up */

	/* The first events that can have broken it. soft: only if their VM lost nothing. */
	struct rule_event events[RULE_EVENTS_SHOWN];
	bool events_soft[RULE_EVENTS_SHOWN];
	size_t n_events;
	/* Of RULE_MODE: requests that were not accepted. They are the events until one is. */
	uint64_t n_refused;
	bool accepted;

	struct set_state set;
	struct times_state *times;
	bool full; /* there was no room for all of it */
};

struct evaluation {
	const struct rules *rules;
	struct rule_state *states;
	struct values values;
	struct unseen unseen;
	bool has_per_vm; /* rules */
	bool no_memory;
};

/* An EVENT_LOST. */
void evaluate_loss(struct rule_state *s, const struct event *e);

/* What was seen makes a verdict. false: no memory. */
bool decide(const struct evaluation *ev, const struct rule_state *s, struct rule_result *result);

#endif /* COMPATCAPS_EVALUATE_STATE_H */
