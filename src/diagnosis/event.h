/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events as they leave the session, the same for every output. */
#ifndef COMPATCAPS_EVENT_H
#define COMPATCAPS_EVENT_H

#include "kvm/frame.h"
#include "diagnosis/coverage.h"
#include "diagnosis/history.h"
#include "diagnosis/vm_table.h"

enum event_type {
	EVENT_TRACE,
	EVENT_HOST,
	EVENT_ATTACH,
	EVENT_FOUND,
	EVENT_VM,
	EVENT_NEGOTIATION,
	EVENT_EXTENSION,
	EVENT_ARCH_COMPAT,
	EVENT_RETRY,
	EVENT_RUN,
	EVENT_RAN,
	EVENT_KERNEL,
	EVENT_LOST,
	EVENT_STORY, /* all that is known of a VM: at its end, and of each other one at the end */
	EVENT_END,
	EVENT_TYPES,
};

/* What was counted until the end. Filtered events are counted in neither. */
struct totals {
	uint64_t events;
	uint64_t negotiations_ok, negotiations_failed;
	uint64_t asks_ok, asks_failed; /* for a mode */
	uint64_t checks;	       /* of the extension */
	uint64_t lost;
	uint64_t lost_negotiations_ok,
		lost_negotiations_failed; /* of these, as the kernel counted them */
	uint64_t lost_queries, lost_asks, lost_checks,
		lost_runs; /* likewise, also where the result is not known */
	unsigned int vms;
	uint64_t runs;		  /* KVM_RUNs that failed, the first of its kind for a VM */
	uint64_t runs_repeated;	  /* and further ones, known at the end alone */
	uint64_t kernel_messages; /* lines that KVM printed */
};

/* The states of coverage.h under an older name. */
enum life {
	LIFE_WHOLE = COVERAGE_WHOLE,
	LIFE_OLDER = COVERAGE_OLDER,
	LIFE_LOSSY = COVERAGE_LOSSY,
	LIFE_GAP = COVERAGE_GAP,
	LIFE_FILTERED = COVERAGE_FILTERED,
	LIFE_UNKNOWN = COVERAGE_UNKNOWN,
};

const char *life_name(enum life life);

/* A KVM_RUN: what its vCPU had asked for, and what KVM printed. */
struct run {
	bool asked; /* for a mode: the request that it obeys, and what became of that */
	uint32_t pvr;
	enum arch_cause cause;
	bool accepted;
	bool first_known, first; /* was the failed one the vCPU's first? */
	/* What KVM printed since the VM's first record, escaped, oldest first. */
	const char *messages[HISTORY_LINES];
	size_t n_messages;
	bool after_line;  /* of a good one: KVM printed a line in this vCPU since the one before */
	const char *hint; /* a sentence; of one that failed */
	const char *line; /* that KVM printed in it; NULL: none that is known */
};

#define STORY_NOT_KNOWN 8

/*
 * A VM's story: facts first, and the words that are made of them (summary.h). It is valid while its
 * event is told.
 */
struct vm_story {
	bool again;		     /* it was told before, with the same history, and: */
	enum coverage_reason before; /* the coverage that it had then */
	const struct history *history;
	enum coverage_reason coverage;		/* of queries and requests, from its birth on */
	enum coverage_reason queries, runs;	/* of queries alone, and of runs */
	const char *not_known[STORY_NOT_KNOWN]; /* short sentences */
	size_t n_not_known;
	const struct capability_grant *denied; /* what keeps QEMU from starting it */
	size_t n_denied;
	const char *text;     /* a paragraph */
	const char *sentence; /* the same in a few words, for a row of a table */
};

/* Whose a part of a loss is. */
struct lost_of {
	unsigned int vm;   /* 0: not known */
	const char *guest; /* NULL: none is known */
};

struct event {
	enum event_type type;
	uint64_t
		seq; /* of its line in the recording, or from 1 on (session_number_as_recorded()) */
	uint64_t mono_ns, real_ns;
	const struct frame *frame;   /* the evidence; that of the call for a retry */
	const struct cc_record *rec; /* of a call, a retry and a kernel's line, else NULL */
	/* Of these and of a VM; escaped. "" or NULL: none. */
	uint32_t pid;
	const char *comm, *thread, *vm_name, *guest, *cgroup;
	/*
	 * -name of its VM, of which no record that has it was told yet; NULL: there is none, or it
	 * has been told. For who writes records that are read back: event_with_name().
	 */
	char **untold_name;
	unsigned int vm; /* a small number per VM, from 1 on; 0: none, or too many to tell apart */
	union {
		struct {
			const struct diagnosis *diag;
			const struct host_facts *host; /* as it was known when it was diagnosed */
		} negotiation;
		struct {
			const struct arch_diagnosis *diag;
			const struct offer *offer;
		} arch;
		const struct retry *retry;
		const struct run *run; /* of a KVM_RUN; a line of KVM's is in the frame */
		const struct inventory_verdict *verdict; /* on a VM that was found */
		const struct vm_story *story;
		const struct lost_of *lost_of; /* of each frame->lost.by[]; NULL: not known */
		struct {
			/* What of its life was watched, and its story in a sentence when it ended.
			 */
			enum life life;
			const char *sentence;
			bool silent; /* no call of it was seen, and it has no other event */
		} vm_life;
		struct {
			const struct totals *totals;
			bool cut_off;
			int writer;	       /* as in the frame */
			unsigned int left_out; /* VMs of which no story was told, or more */
		} end;
	};
};

/* "negotiation"; NULL: no such type */
const char *event_type_name(enum event_type type);

/* Those that are of the trace and of no VM or call, a bit each. */
#define EVENTS_OF_TRACE \
	(1u << EVENT_TRACE | 1u << EVENT_HOST | 1u << EVENT_ATTACH | 1u << EVENT_LOST | \
	 1u << EVENT_END)

/*
 * Is this the event of a failure: of a call that failed, or a mode accepted that must not be? All
 * that counts, colours or tells failures asks this.
 */
bool event_is_failure(const struct event *e);

/*
 * A name comes with the first record of a VM, which may be left out: then it goes with the first
 * that is not. Returns e, or *with: a copy of e with the name, in a copy of its frame.
 */
const struct event *event_with_name(const struct event *e, struct event *with, struct frame *frame);
void event_name_told(const struct event *e);

void totals_count(struct totals *n, const struct event *e);

/* Fills in what is known of the VM and its vCPU's request; NULL: nothing is. */
void run_fill(struct run *run, const struct history *h, const struct history_request *request);

/*
 * Whose each part of a loss is, to be freed; NULL: it has no parts, or there is no memory. *all_of:
 * the VM that all of it is of; 0: there is none, or more than one.
 */
struct lost_of *loss_owners(const struct vm_table *vms, const struct frame *f,
			    unsigned int *all_of);

/* ------------------------------------------------------------------ what is left out */

/*
 * What is left out of a session's events. It still is evidence: a verdict is the same with
 * a filter and without one. What is left out has no number and is counted nowhere.
 *
 * wants() chooses VMs by their guests' names ("": none is known), once: with the first frame that
 * has the name. A VM that gets its name after its first record has events from then on, and its
 * coverage says that a part is missing.
 *
 * shows() chooses events. What is told of a VM is a part of its life then, and no story is told. It
 * is asked about events of the trace itself as well, to learn from them, and these are always told.
 */
struct session_filter {
	const char *text; /* as options, escaped, for people; NULL: nothing is left out */
	bool (*wants)(const char *guest, void *ctx);	 /* NULL: all VMs */
	bool (*shows)(const struct event *e, void *ctx); /* NULL: all events */
	void *ctx;
};

/* vm: whose doing the event is, or NULL. */
bool filter_tells(const struct session_filter *filter, const struct vm *vm, const struct event *e);

/* A frame is about this VM, and its names are known as far as that. */
void filter_choose(const struct session_filter *filter, struct vm *vm);

/* "--pid 7 --guest db1": the filters of this trace, and what is left out now. To be freed. */
char *filter_text(const struct session_filter *filter, const struct frame *trace);

/*
 * A loss without its parts of VMs that are left out. by: with room for as many parts as it has,
 * to be kept as long as the frame that is returned.
 */
struct frame filter_loss(const struct session_filter *filter, const struct vm_table *vms,
			 const struct frame *f, struct loss_count *by);

/* ------------------------------------------------------------------ in a few words */

/* As a table or a timeline has room for them (event_words.c). */
#define EVENT_RESULT_LEN 16
#define EVENT_WHAT_LEN	 160

/* "query", "check", "ask", "retry", "vm", "lost"; else the name of the type. */
const char *event_word(enum event_type type);

/* Is it fine, worth a note or a failure? */
enum verdict_kind event_kind(const struct event *e);

/* Of a call, a retry and a VM: "ok", "E2BIG", "1", "failed", "ended". Returns buf. */
char *event_result(char buf[EVENT_RESULT_LEN], const struct event *e);

/* The cause and what shows it: "struct-too-new: size 48, kernel 24". Returns buf. */
char *event_what(char buf[EVENT_WHAT_LEN], const struct event *e);

/* What was lost, and how it ended where that was seen: "query E2BIG". Returns buf. */
char *loss_words(char buf[EVENT_RESULT_LEN * 2], uint32_t type, int ret);

/* "12 ns", "3 us", "4.5 ms", "2.0 s", "5 min 10 s", "3 h 20 min". Returns buf. */
char *time_words(char *buf, size_t len, uint64_t ns);

#endif /* COMPATCAPS_EVENT_H */
