/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF programs: loaded, attached by fexit where that works and by kprobes where not. */
#ifndef COMPATCAPS_ATTACH_H
#define COMPATCAPS_ATTACH_H

#include "emit.h"

enum attach_mode { ATTACH_AUTO, ATTACH_ONLY_FEXIT, ATTACH_ONLY_KPROBE };

struct attach_options {
	enum attach_mode mode;
	bool verbose; /* pass on what libbpf has to say */
	/* Filters, all in the kernel; 0 or empty: none. */
	uint32_t pid, tid;
	char comm[CC_COMM_LEN];
	char vm[CC_VM_NAME_LEN]; /* as below /sys/kernel/debug/kvm: PID-FD */
	uint32_t err;		 /* positive */
	bool errors_only;
	bool descendants_only; /* only what descends from this process */
};

/* The functions that are watched. */
enum point { POINT_IOCTL, POINT_BACKEND, POINT_EXTENSION, POINT_REG, ATTACH_POINTS };

/* How one is watched, or why not. */
struct attach_point {
	const char *func;
	enum attach_how how;
	char why[160];
};

#define ATTACH_ERROR_LEN 512

struct attach;

/*
 * Load and attach all that is there; what is absent is left out and its point says so.
 * NULL: nothing is attached, and error is a sentence with the reason and the remedy.
 */
struct attach *attach_start(const struct attach_options *opt, char error[ATTACH_ERROR_LEN]);

/* A module has come or gone: attach or let go. false: nothing in it is watched. */
bool attach_module(struct attach *a, const char *module, bool came);

/*
 * fexit is the better way for VMs, and keeps their modules loaded, which a VM does itself;
 * kprobes let the modules go, and where those are not safe so does the system call. In
 * ATTACH_AUTO take the one that suits whether there are VMs now. false: nothing changed.
 */
bool attach_settle(struct attach *a, bool vms);

/*
 * For each program that is loaded: its name, how many instructions the verifier looked at,
 * how many it has, and its size in machine code in bytes.
 */
typedef void attach_program_fn(const char *name, uint32_t verified, uint32_t insns,
			       uint32_t bytes, void *ctx);
void attach_programs(struct attach *a, attach_program_fn *fn, void *ctx);

/* No further event: what has been recorded can still be read. */
void attach_stop(struct attach *a);
void attach_free(struct attach *a);

const struct attach_point *attach_point(const struct attach *a, enum point i);

/* The ring buffer's map. */
int attach_ring_fd(const struct attach *a);

/*
 * Calls that have begun and not ended, for as long as attach_stop() has not been followed by
 * attach_free(): how many, and what is known of the first max of them.
 */
size_t attach_under_way(const struct attach *a, struct cc_record *r, size_t max);

/*
 * Events that could not be recorded so far: by reason (enum cc_lost), calls that outlasted
 * the way in which they were watched, and probes that the kernel did not run.
 */
struct attach_lost {
	uint64_t ring, calls, memory, cut, missed;
};
void attach_lost(const struct attach *a, struct attach_lost *lost);

#endif /* COMPATCAPS_ATTACH_H */
