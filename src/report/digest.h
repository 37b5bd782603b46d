/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a report needs of a recording, made from the events as they pass, in memory that does not
 * grow with their number: VMs that went wrong first, of each VM the first events, failures and the
 * newest ones. What did not fit is counted.
 */
#ifndef COMPATCAPS_DIGEST_H
#define COMPATCAPS_DIGEST_H

#include "diagnosis/event.h"
#include "lib/histogram.h"
#include "diagnosis/session.h"
#include "recording/unseen.h"
#include "report/ladder.h"

#define DIGEST_VMS	512 /* that are followed at once; ended ones without a failure make room */
#define DIGEST_FIRST	24  /* events of a VM: the first ones, */
#define DIGEST_FAILURES 24  /* of those after them the first failures, */
#define DIGEST_NEWEST	16  /* and the newest ones */
#define DIGEST_MARKS	(DIGEST_FIRST + DIGEST_FAILURES + DIGEST_NEWEST)
#define DIGEST_OPEN	4  /* queries of a VM that may still come again */
#define DIGEST_LINES	20 /* of the kernel's log */
#define DIGEST_CHANGES	16 /* of how functions were watched */
#define DIGEST_CLOCKS	4  /* times that the clock was set */
#define DIGEST_LOSSES	32 /* kinds of what was lost */
#define DIGEST_BARS	25 /* of latencies: 1, 2, 5, 10, 20, 50... us, the last one for the rest */

/* An event of a VM, shortly. */
struct digest_mark {
	uint64_t seq, mono_ns, real_ns;
	uint64_t latency_ns; /* 0: not known */
	enum event_type type;
	enum verdict_kind kind;
	int cause; /* enum cause or enum arch_cause, by the type; -1: none */
	enum { RETRY_NONE, RETRY_RECOVERED, RETRY_FAILED } retry; /* that this call was */
	uint64_t after_ns;					  /* of the retry */
	char result[EVENT_RESULT_LEN];
	char *what; /* in a few words */
};

/* An event that a report names, and who it was. seq 0: there is none. */
struct digest_event {
	uint64_t seq, real_ns, mono_ns;
	uint64_t start_ns; /* of a call, as the kernel side has it */
	unsigned int vm;
	uint32_t pid;
	char *comm, *guest, *hint;
};

struct digest_vm {
	unsigned int number;
	uint32_t pid;
	char *comm, *guest, *name, *cgroup; /* NULL: none is known */
	char *story;			    /* a paragraph; NULL: there is none */
	struct ladder ladder;		    /* of that story */
	bool created, ended;		    /* was seen to be */
	bool partial; /* followed from its first failure on: what came before is not told */
	uint64_t first_ns, last_ns, first_real_ns; /* of its events */
	uint64_t n_calls, n_failures;
	uint32_t causes; /* bits, see digest_causes.c */
	/* Queries that KVM told to come again, of which it is open whether they did; the first that
	 * did not, or not with success. */
	struct digest_event open[DIGEST_OPEN], failure;
	size_t n_open;
	struct digest_mark *first[DIGEST_FIRST], *failed[DIGEST_FAILURES], *newest[DIGEST_NEWEST];
	struct digest_mark *last;	      /* of these the newest */
	uint64_t n_first, n_failed, n_newest; /* n_newest goes on: not all of them are kept */
};

struct digest_cause {
	enum event_type type;
	int cause;
	const char *name;
	enum verdict_kind kind; /* the worst of its events */
	uint64_t n, n_failed, n_vms, n_recovered;
	struct digest_event first;
	struct digest_event failure; /* the first one that no retry has made good */
};

#define DIGEST_CAUSES ((size_t)CAUSE_MAX + ARCH_MAX + 1) /* and KVM_RUNs that failed */

struct digest_line {
	uint64_t seq, real_ns; /* of the first one, */
	unsigned int vm;       /* and the VM that it was of */
	uint64_t n;	       /* how many there were */
	char *text;
};

struct digest_loss {
	enum cc_loss reason;
	uint32_t type; /* of the record; 0 where it is not known */
	int32_t ret;
	uint64_t n;
};

struct digest_change {
	uint64_t real_ns;
	enum point point;
	enum attach_how how;
	bool released;
	char *why;
};

struct digest {
	bool no_memory;		/* something is missing from it */
	struct host_id id;	/* the texts are the digest's own */
	struct host_facts host; /* as it was known at the end */
	unsigned int n_host;	/* changes of the facts */
	struct offer offer;
	char *filters, *view; /* as options: when it was recorded, and what is left out now */
	bool filters_threads, filters_outcomes, filters_part;
	uint64_t start_real_ns, start_ns, end_ns;
	struct {
		uint64_t seq; /* of the first event by the new clock */
		int64_t by_ns;
	} clocks[DIGEST_CLOCKS];
	uint64_t n_clocks;
	uint64_t newest_ns, newest_real_ns; /* of the newest event */
	uint64_t n_calls;		    /* queries, checks, asks and runs that failed */
	struct totals totals;
	bool ended, cut_off;
	int writer;	   /* of one that is cut off because it is still being written */
	uint64_t n_unread; /* lines that are missing or could not be read */

	struct digest_cause causes[DIGEST_CAUSES];
	struct digest_event unfollowed; /* the first failure of which no retry would be known */
	bool vms_at_least;		/* n_vms of causes is a lower bound */
	uint64_t checks_yes, checks_no, checks_failed;
	uint64_t recovered, failed; /* retries */
	struct histogram latency;   /* of negotiations, ns */
	uint64_t bars[DIGEST_BARS];

	struct unseen unseen;			      /* what check and diff rest on as well */
	enum attach_how how[ATTACH_POINTS];	      /* now, or at the end */
	struct digest_change changes[DIGEST_CHANGES]; /* after the first one of each point */
	uint64_t n_changes;
	uint64_t lost_by[CC_LOSSES];
	struct digest_loss losses[DIGEST_LOSSES];
	size_t n_losses;
	bool more_losses;
	struct digest_line runs[DIGEST_LINES], lines[DIGEST_LINES];
	uint64_t n_runs, n_lines;

	struct digest_vm *vms[DIGEST_VMS]; /* at the end: those that went wrong first */
	size_t n_vms;
	size_t n_shown; /* of these, that a report describes one by one */
	struct vms_seen seen;
	struct bits lives[COVERAGE_REASONS]; /* VMs by what their stories say was seen of them, */
	struct bits outcomes[OUTCOMES];	     /* and by how they ended */
	unsigned int n_beyond;		     /* VMs that have no number, */
	bool more_beyond;		     /* and there were more */
	unsigned int hand;
	void *by_number; /* tsearch(3) */
};

/* NULL: no memory. */
struct digest *digest_new(void);
void digest_free(struct digest *d);

/* Did something go wrong with it, by its story, or without a story by its calls? */
bool digest_vm_is_broken(const struct digest_vm *vm);
/* With any of its VMs, or a call of no VM? */
bool digest_is_broken(const struct digest *d);

/* A session_out. */
void digest_event(const struct event *e, void *digest);

/* All events have been taken: the stories of the session, and VMs in the order of a report. */
void digest_finish(const struct session *s, void *digest);

/* Of a VM its marks in the order of events. Returns how many. */
size_t digest_marks(const struct digest_vm *vm, const struct digest_mark *marks[DIGEST_MARKS]);

/* Causes that occurred, failures first, then notes; each kind by its first event. */
size_t digest_causes(const struct digest *d, const struct digest_cause *list[DIGEST_CAUSES]);

/* Whose failure was the first that no retry has made good; NULL: there is none. */
const struct digest_cause *digest_first_failure(const struct digest *d);

/* Up to how many ns the bar of this index goes; UINT64_MAX: there is no end to it. */
uint64_t digest_bar_ns(size_t i);

/* Reasons why not all was seen, a sentence each. Returns how many. */
unsigned int digest_unseen(const struct digest *d, void (*tell)(const char *text, void *ctx),
			   void *ctx);

#endif /* COMPATCAPS_DIGEST_H */
