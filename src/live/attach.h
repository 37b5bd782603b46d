/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The BPF programs: loaded, attached by fexit where the kernel has it, by kprobes where it has
 * not and where they are safe, and at tracepoints; and what they say.
 */
#ifndef COMPATCAPS_ATTACH_H
#define COMPATCAPS_ATTACH_H

#include "kvm/frame.h"

enum attach_method { METHOD_AUTO, METHOD_FEXIT, METHOD_KPROBE };

/* What ring_bytes may be. */
#define ATTACH_RING_MIN	    (64u << 10) /* a page, wherever it runs */
#define ATTACH_RING_MAX	    (1u << 30)
#define ATTACH_RING_DEFAULT (4u << 20)

struct attach_options {
	enum attach_method method;
	bool verbose; /* pass on what libbpf has to say */
	/* Filters, all in the kernel, on the process; 0 or empty: none. Several are ANDed. */
	uint32_t pid;
	uint32_t tid;		/* the one that is on a thread */
	char comm[CC_COMM_LEN]; /* of the process */
	uint64_t vm_ino;	/* of the VM's directory in debugfs */
	uint64_t cgroup;	/* the id of a cgroup (v2), and its depth: 0 is the root */
	unsigned int cgroup_level;
	bool descendants_only; /* only what descends from this process */
	uint32_t ring_bytes;   /* a power of two; 0: the default */
};

/* How one function is watched, or why not. */
struct attach_point {
	enum attach_how how;
	char why[192]; /* of ATTACH_ABSENT: a clause */
	uint64_t at;   /* on CLOCK_MONOTONIC: what is later was watched, or was not */
};

#define ATTACH_ERROR_LEN 512

struct attach;

/*
 * Load and attach all that is there; what is absent is left out and its point says so. With
 * `later` set nothing is attached yet (attach_take()). NULL: nothing is attached, and error
 * is a sentence with the reason and the remedy.
 */
struct attach *attach_start(const struct attach_options *opt, bool later,
			    char error[ATTACH_ERROR_LEN]);
void attach_free(struct attach *a);

/*
 * Load the programs of one method for what there is, attach none, and let go of them: what the
 * kernel and its verifier let through. A mask as below of what can be loaded; *err: 0, or -errno.
 */
unsigned int attach_rehearse(enum attach_how how, int *err);

/*
 * Look again at what there is: modules that came, went or were loaded again, probes that
 * somebody switched off (kernel.ftrace_enabled, debug/kprobes/enabled), of which no event tells.
 * What still holds is left alone. Cheap: to be called each second. Returns a mask of the points
 * (1 << enum point) whose watching has changed or was interrupted.
 */
unsigned int attach_refresh(struct attach *a);

/* For --release-idle: attach while a VM lives, let go when none does. Mask as above. */
unsigned int attach_take(struct attach *a);
unsigned int attach_release(struct attach *a);

const struct attach_point *attach_point(const struct attach *a, enum point i);

/* To be polled for input. */
int attach_fd(const struct attach *a);

/*
 * Hand out at most max of what has been recorded; returns how many, or -errno. Of a
 * flood the consumer decides how much it takes before it looks at something else.
 */
struct attach_sink {
	void (*record)(const struct cc_record *r, void *ctx);
	void (*args)(const struct cc_args *a, void *ctx); /* ahead of its VM's first record */
	void (*line)(const struct cc_line *l, void *ctx);
	void (*end)(const struct cc_end *e, void *ctx);
	void *ctx;
};
int attach_consume(struct attach *a, const struct attach_sink *sink, unsigned int max);

/*
 * A record does not always wake the reader: after one the reader must look again within so
 * many milliseconds, until it has found nothing.
 */
#define ATTACH_LOOK_AGAIN_MS (CC_WAKE_MS + 5)

/*
 * What was lost since this was asked last, a call of fn for each reason; cheap where nothing was.
 */
typedef void attach_loss_fn(enum cc_loss loss, uint64_t n, const struct loss_count *by, size_t n_by,
			    void *ctx);
void attach_losses(struct attach *a, attach_loss_fn *fn, void *ctx);

/* Is there more to read? One look at memory, for a caller who is about to say what did not happen.
 */
bool attach_has_lost(const struct attach *a);

/* Failures of KVM_RUN, so far, of a kind that its VM has had before: they are in no record. */
uint64_t attach_runs_repeated(const struct attach *a);

/* kvm-hv's nested_capabilities. FACT_UNKNOWN: it cannot be read. */
enum fact attach_nested_caps(struct attach *a, uint64_t *caps);

/* Descriptors of the maps of VMs and of their numbers, for who looks for VMs to give them the same.
 */
struct attach_vms {
	int vms, numbers;
	uint32_t epoch;
};
struct attach_vms attach_vms(const struct attach *a);

/*
 * Of a VM that was found and has this number: whether its owner passes the filters. Returns whether
 * the VM does, as was decided first; false also if it has ended.
 */
bool attach_decide(const struct attach *a, uint64_t kvm, uint64_t number, bool passes);

/* A VM has ended: what was remembered of it can go. */
void attach_forget_vm(struct attach *a, uint64_t vm);

/*
 * For each program that is loaded: its name, how many instructions the verifier looked at,
 * how many it has, and its size in machine code in bytes.
 */
typedef void attach_program_fn(const char *name, uint32_t verified, uint32_t insns, uint32_t bytes,
			       void *ctx);
void attach_programs(struct attach *a, attach_program_fn *fn, void *ctx);

/* No further call begins to be recorded: what has been can still be read. */
void attach_stop(struct attach *a);

/*
 * After attach_stop(): calls that have begun and not ended: how many, and what is known of the
 * first max of them.
 */
size_t attach_in_flight(struct attach *a, struct cc_record *r, size_t max);
/* The same, said: the one that hangs may be what the user is after. */
void attach_say_in_flight(struct attach *a);

#endif /* COMPATCAPS_ATTACH_H */
