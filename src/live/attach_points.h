/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For attach.c: how the points are attached. An object is a set of programs that were loaded
 * together; it lives as long as one of its points is watched, and all objects share the maps of the
 * first. Masks are of points (1 << enum point).
 */
#ifndef COMPATCAPS_ATTACH_POINTS_H
#define COMPATCAPS_ATTACH_POINTS_H

#include "live/losses.h"
#include "live/objects.h"

/* Programs that were loaded together, for the points in `users`. */
struct object {
	struct compatcaps_bpf *o;
	unsigned int users;
	struct object *next;
};

struct watched {
	struct attach_point shown;
	enum attach_how how; /* also while somebody has switched it off */
	struct bpf_link *entry, *exit;
	/* The kretprobe's misses when its entry came, and when it went: others were of no call. */
	uint64_t missed_before, missed_until;
	struct object *object;
	ino_t module; /* the identity of the module that was looked at; 0: none was there */
};

struct attach {
	struct attach_options opt;
	struct compatcaps_bpf *maps; /* every object shares those of this one */
	struct object *objects;
	struct watched points[ATTACH_POINTS];
	bool held;	    /* what there is is to be watched now */
	bool fexit_failed;  /* this kernel has no direct calls of ftrace */
	bool sessions;	    /* one program watches both ends of a call */
	uint32_t watchings; /* of the hook, so far */
	struct ring_buffer *ring;
	const struct attach_sink *sink;
	unsigned int taken, max;			       /* records handed out, of at most */
	uint64_t missed_gone, recursion_gone[LOSSES_COUNTERS]; /* counted by what is gone already */
	struct losses losses;
	unsigned int looks; /* at what was lost */
};

/* at: from when on. */
void points_set_absent(struct watched *w, const char *why, uint64_t at);
void points_mark_absent(struct attach *a, unsigned int mask, const char *why);

/* Calls that begin from now on, or no longer, know that their hook is watched. */
void points_mark_hook(struct attach *a);

/* Attach these; returns those that are there and could not be, *err says why. */
unsigned int points_attach(struct attach *a, unsigned int mask, int *err);

/* Detach these in an order in which nothing is seen by half. */
void points_detach(struct attach *a, unsigned int mask, const char *why);

/* The same, and let go of their programs, which keep the module. */
void points_release(struct attach *a, unsigned int mask, const char *why);

/* As attach_rehearse(). */
unsigned int points_rehearse(struct attach *a, enum attach_how how, int *err);

/* Calls whose end the kretprobes missed, so far. */
uint64_t points_missed(const struct attach *a);

/* Runs of programs that the kernel did without, so far, by what they count as. */
void points_recursions(const struct attach *a, uint64_t sums[LOSSES_COUNTERS]);

#endif /* COMPATCAPS_ATTACH_POINTS_H */
