/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What of a host a recording cannot have: functions, times, VMs and calls that nobody watched. What
 * of each VM was seen is what its story says (event.h).
 */
#ifndef COMPATCAPS_UNSEEN_H
#define COMPATCAPS_UNSEEN_H

#include "diagnosis/event.h"

#define UNSEEN_VMS_MAX 1000000 /* numbers of VMs that are kept apart */

/* A set of small numbers. */
struct bits {
	uint64_t *words;
	size_t n;  /* of words */
	bool over; /* one was too large for it, or there was no memory */
};

void bits_add(struct bits *b, unsigned int i);
void bits_drop(struct bits *b, unsigned int i);
bool bits_has(const struct bits *b, unsigned int i);
unsigned int bits_count(const struct bits *b);
/* The smallest that is in both, or in a and not in b; 0: none. */
unsigned int bits_common(const struct bits *a, const struct bits *b);
unsigned int bits_only(const struct bits *a, const struct bits *b);
void bits_free(struct bits *b);

/* VMs as they appear: mostly in the order of their numbers, and a filter leaves some out. */
struct vms_seen {
	struct bits bits;
	unsigned int top, n;
};

/* Is it the first time? */
bool vms_seen_first(struct vms_seen *seen, unsigned int vm);

struct unseen {
	struct {
		bool told, released;
		bool gap;      /* not watched for a while in which there can have been calls */
		char why[256]; /* "": there was no gap */
	} points[ATTACH_POINTS];
	bool in_order; /* births are recorded in order: no list of VMs that were there before */
	bool outcomes; /* calls of some outcomes alone are in it */
	bool some_vms; /* VMs that match a filter alone are in it */
	char *filters; /* as options, for people; NULL: none */
	bool cut_off, ended;
	bool written;	     /* it is cut off because it is still being written */
	bool older;	     /* VMs were there before the trace, or that could not be told */
	bool unreadable;     /* lines of it, which may have been anything */
	struct bits vms;     /* all that were seen */
	struct bits told;    /* VMs whose story was told, newest stories count */
	struct bits partial; /* of these those of which a part was not seen, be nothing lost */
	struct bits lossy;   /* VMs of which something was lost */
	bool lossy_any;	     /* something was lost, and of which VM is not known */
	bool lossy_vms;	     /* that it was told of VMs: names and numbers may be others */
};

void unseen_event(struct unseen *u, const struct event *e);
void unseen_free(struct unseen *u);

/* Is there a VM, or may there be one, of which not all of its life was watched? */
bool unseen_has_partial(const struct unseen *u);

/* Could it have calls of these types (1u << enum event_type) that were not watched? The first
 * point. */
int unseen_gap(const struct unseen *u, unsigned int types);

/* Calls, and what else can be lost on the way from the kernel. */
#define UNSEEN_CALLS \
	(1u << EVENT_NEGOTIATION | 1u << EVENT_EXTENSION | 1u << EVENT_ARCH_COMPAT | \
	 1u << EVENT_RUN)
#define UNSEEN_LOSSY (UNSEEN_CALLS | 1u << EVENT_RAN | 1u << EVENT_KERNEL)

#endif /* COMPATCAPS_UNSEEN_H */
