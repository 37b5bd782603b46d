/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a recording comes to, so that two can be compared and a good one become a baseline. It is
 * made from the events as they pass, in memory that does not grow with their number: what did
 * not fit is counted.
 */
#ifndef COMPATCAPS_PROFILE_H
#define COMPATCAPS_PROFILE_H

#include <stdio.h>

#include "check/evaluate.h"
#include "diagnosis/event.h"
#include "lib/histogram.h"
#include "diagnosis/order.h"
#include "recording/unseen.h"

#define PROFILE_WHO_MAX	    4096       /* guests, and VMs without a name, that are kept apart */
#define PROFILE_NUMBERS_MAX 16	       /* different sizes, or modes, of a guest */
#define PROFILE_STORIES_MAX 8	       /* different stories of a guest */
#define PROFILE_STORY_BYTES (8u << 20) /* of all stories together */

/* What can be known of a guest, or of all. */
enum told_of {
	OF_CAUSES,  /* of negotiations and of asks for a mode */
	OF_OFFERED, /* modes, by negotiations */
	OF_MODE,    /* asked for and accepted */
	OF_SIZES,   /* of the struct, as the callers pass it */
	OF_STORY,
	OF_RETRIES, /* that failed */
	OF_GUESTS,  /* their names */
	OF_LOST,
	OF_RUNS,     /* that failed */
	OF_MESSAGES, /* of the kernel */
	TOLD_OF,
};

#define TOLD(of) (1u << (of)) /* a bit of what is known */

/* A set of numbers, in order. */
struct numbers {
	unsigned int n;
	bool more; /* there were others, for which there was no room */
	uint64_t list[PROFILE_NUMBERS_MAX];
};

/* A set of texts, in order. */
struct texts {
	char *list[PROFILE_STORIES_MAX];
	unsigned int n;
	bool more;
};

struct tally {
	uint64_t causes[CAUSE_MAX];
	uint64_t asks[ARCH_MAX];
	struct numbers offered;	    /* bitmaps, by negotiations */
	struct numbers accepted;    /* PVRs that were asked for with success */
	struct numbers sizes;	    /* bytes */
	bool wild_sizes;	    /* some were never set by their VMM, and are not in sizes */
	bool uncounted_sizes;	    /* nor are those that the kernel never looked at */
	uint64_t recovered, failed; /* retries */
};

/* A guest, with all VMs of its name; or a VM without a name. */
struct who {
	char *guest;	   /* escaped; NULL: it has none */
	unsigned int born; /* of those without a name: the VM's number. 0: all of them as one */
	bool listed;	   /* its name is one of `guests` */
	unsigned int told; /* bits TOLD(): what is known of it at all */
	struct tally tally;
	struct texts stories;
	bool story_cut; /* one of them is longer than what is kept of it */
	uint64_t n_vms;
	uint64_t lives[COVERAGE_STATES]; /* of its VMs so many were watched so */
	uint64_t n_open;		 /* and of so many the end was not seen */
};

struct profile {
	bool baseline;	   /* read from one: no counts, no latencies, no host */
	unsigned int told; /* of all together */
	struct who **who;  /* sorted by name; then those without one, by birth */
	size_t n_who, room;
	struct who *out; /* of those that had to make room the first; NULL: none had to */
	struct tally all;
	struct vms_seen seen;
	uint64_t n_vms;
	uint64_t n_rest; /* of these not told apart, for there were too many: in `all` alone */
	uint64_t lives[COVERAGE_STATES], n_open; /* as in struct who */
	uint64_t n_events;
	uint64_t lost;
	bool lost_calls, lost_runs, lost_messages; /* what that may have been */
	bool lost_any;				   /* calls that cannot be laid to a single VM */
	struct unseen unseen;			   /* what check rests on as well */
	uint64_t n_runs, n_messages;
	bool ended, cut_off;
	bool no_memory;	   /* something is missing */
	uint64_t n_others; /* rules of a baseline that tell other things */
	struct histogram latency_ok, latency_failed; /* of negotiations, ns */
	/* As far as it was known at the end. The texts are the profile's own; NULL: not known. */
	struct host_facts host;
	char *release, *build, *arch, *modules;
	unsigned int cpus;
	bool calls_hidden, outcomes; /* by a filter: some calls, and those with some outcomes */
	char *filters, *view;	     /* all of them, and of these what is left out now */
	bool part;		     /* events are left out now, and so no VM has a story */
	struct {
		enum attach_how how; /* the newest */
		bool mixed;	     /* watched in more than one way */
	} points[ATTACH_POINTS];
	size_t story_bytes;
};

/* NULL: no memory. */
struct profile *profile_new(void);
void profile_free(struct profile *p);

/* A session_out. With the last event (EVENT_END) the profile is complete. */
void profile_event(const struct event *e, void *profile);

/* Was the function not watched for a while, or at all? */
bool profile_unwatched(const struct profile *p, enum point point);

/* Why it can be no baseline: a clause; NULL: it can. */
const char *profile_unfit(const struct profile *p);

/* The rules of its baseline, to be held to the recording itself. false: out of memory. */
bool profile_rules(const struct profile *p, struct rules *rules);

/*
 * As rules, sorted, one a line. results: what came of profile_rules(), one each; a rule that does
 * not surely hold is left out. NULL: none is. false: the memory or the file did not suffice.
 */
bool profile_write_baseline(const struct profile *p, const struct rules *rules,
			    const struct rule_result *results, FILE *f);

/* The VMs without a name as one, which is how a baseline has them. */
void profile_join_unnamed(struct profile *p);

/* For who fills one by hand. The guest NULL and born 0: all without a name. NULL: no room. */
struct who *profile_who(struct profile *p, const char *guest, unsigned int born);
void numbers_add(struct numbers *set, uint64_t number);
bool profile_add_story(struct profile *p, struct who *w, const char *text);

/* Add what the other one is. Its texts stay its own. */
void profile_join(struct profile *p, struct who *w, const struct who *by);
void profile_stories_free(struct profile *p, struct who *w);

#endif /* COMPATCAPS_PROFILE_H */
