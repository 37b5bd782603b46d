/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tracing: makes frames of what the kernel reports, and gives them to a session. live.c is the
 * loop, live_watch.c what it watches. Both share the state of the trace, which only they change.
 */
#ifndef COMPATCAPS_LIVE_H
#define COMPATCAPS_LIVE_H

#include "cmd/options.h"
#include "cmd/tell.h"
#include "diagnosis/session.h"
#include "live/attach.h"
#include "live/child.h"
#include "live/host.h"
#include "live/frames.h"

/* Returns the exit status of the program. */
int live_run(const struct options *o);

#define NSEC UINT64_C(1000000000)

struct live {
	const struct options *opt;
	struct attach_options attach_opt;
	struct attach *attach;
	struct session *session;
	struct teller *teller;
	struct child child;
	struct host_facts host;
	struct host_modules modules; /* as they were when it was last looked */
	bool asked_command, asked_processor;
	struct names names;
	int signals; /* signalfd */
	int uevents; /* watch.h; -1: none */
	int process; /* pidfd of -p; -1: none */
	uint64_t attached_at;
	uint64_t facts_at;   /* when the device tree was read; all on CLOCK_MONOTONIC */
	uint64_t look_at;    /* when to look for records again, 0: when the ring says so */
	uint64_t lost_at;    /* when to ask for losses, 0: no record has come since */
	uint64_t refresh_at; /* when to see whether the probes still work */
	uint64_t deadline;   /* 0: none */
	uint64_t stop_at;    /* what happened later is none of this trace; 0: it goes on */
	int signal;	     /* that ended it, 0: none */
	bool unread;	     /* the reader of our output has gone */
	bool was_blind;	     /* a function was not watched for a while */
	bool released;	     /* --release-idle, and no VM is there */
	bool stop;
};

/* ---------------------------------------------------------------- for live_watch.c */

void live_send(struct live *l, const struct frame *f);

/* Takes all that has been recorded until now: what comes next happened after it. */
void live_consume_all(struct live *l);

/* ---------------------------------------------------------------- for live.c */

/* Reads all facts of the host. */
void live_read_host(struct live *l);

/* A host that was itself migrated may have another cpu-version since: look, at most each second. */
void live_refresh_device_tree(struct live *l);

/* Find out which command this kernel has, if the verdict on this record depends on it. */
void live_learn_command(struct live *l, const struct cc_record *r);
void live_learn_processor(struct live *l, const struct frame *f);

/* How this point is watched, as a frame. */
void live_send_attach(struct live *l, enum point i);

/* What the trace is doing, in a line. Returns buf. */
#define LIVE_STATE_LEN 320
const char *live_state(const struct live *l, char buf[LIVE_STATE_LEN]);

/* When to see again whether the probes still work: who switches them off tells nobody. */
#define LIVE_REFRESH_NS NSEC
void live_refresh(struct live *l);

/* Listen to the kernel's uevents where they have something to say, and not otherwise. */
void live_listen(struct live *l);
void live_on_uevents(struct live *l);

/* Is there any VM on this host? Also where that is not known. */
bool live_has_vms(void);

#endif /* COMPATCAPS_LIVE_H */
