/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A call that has begun and not ended, as the kernel side keeps it in its maps and live/in_flight.c
 * reads it from there. Include kvm/compatcaps.h first.
 */
#ifndef COMPATCAPS_IN_FLIGHT_RECORD_H
#define COMPATCAPS_IN_FLIGHT_RECORD_H

#define MAX_IN_FLIGHT 8192 /* slots of the array; a power of 2 */
#define MAX_OVERFLOWS 1024 /* calls that find theirs taken */

struct call {
	__u32 type; /* enum cc_type */
	__u32 cmd;
	__u64 arg;
	__u64 kvm;	  /* the kernel's struct kvm, which leaves the kernel in no record */
	__u64 vm, vm_ino; /* as in cc_record */
	__u64 mono_ns;	  /* at entry; 0: only the end is watched */
};

/* What a thread knows of the VM that its newest call was on, which it asks for again and again. */
struct known {
	__u64 kvm;    /* 0: nothing */
	__u64 number; /* as cc_record.vm */
	__u64 ino;
	char name[CC_VM_NAME_LEN];
	__u32 seen; /* CC_SEEN_OPS, CC_SEEN_KVM: what was read of these */
	__u16 has_hook, kvm_pr;
	__u32 args_sent; /* struct cc_args is ahead of the VM's records in the ring */
	__u32 changes;	 /* vm_changes then */
};

struct in_flight {
	__u64 owner; /* the thread's kernel id; 0: free */
	struct call call;
	__u64 in_overflow; /* it is in the map of overflows, */
	__u64 user;	   /* as this user's (current_user()) */
	__u32 pid;	   /* as in cc_record */
	__u32 tid;
	__u64 in[CC_WORDS];
	__u64 backend_arg; /* for the return probe, which sees none; */
	__u64 vcpu;	   /* likewise the kernel's struct kvm_vcpu that a request is for */
	__u64 backend_caps;
	__u64 backend_head;
	__s32 backend_ret;
	__u32 in_words;
	__u32 seen;
	__u32 watched; /* hook_watched when the call began */
	/* What outlives the call: */
	struct known known;
	__u64 check;   /* a thread, and the capability that it asks KVM for (grants.bpf.h) */
	__u64 descent; /* a thread's descent_key(), and 1 more where it descends from the tracer */
};

/* What drop_call() is asked to forget, and whether it did. */
struct drop_call {
	__u64 thread;  /* in_flight.owner */
	__u64 mono_ns; /* in_flight.call.mono_ns: a later call of the thread stays */
	__u64 dropped;
};

/*
 * Of a VM that was found: does its owner pass the filters? What was decided before, at its first
 * call, stays. passes is set to whether it is to be told of: not where it has ended, or its birth
 * is told.
 */
struct decide_vm {
	__u64 kvm, number;
	__u64 passes;
};

#endif /* COMPATCAPS_IN_FLIGHT_RECORD_H */
