/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The record that crosses from the kernel to user space, and nothing else.
 *
 * It is evidence: what user memory held, what was called, what came back. What that
 * means is decided by diagnosis.c alone. Include <linux/types.h> or a vmlinux.h first.
 */
#ifndef COMPATCAPS_H
#define COMPATCAPS_H

#define CC_COMM_LEN    16
#define CC_VM_NAME_LEN 24 /* "PID-FD", a VM's name in debugfs */
#define CC_WORDS       3 /* the u64 fields of the struct, in every revision at most this many */
#define CC_TAIL_MAX    4096 /* bytes of a tail that are looked at */
#define CC_ARGS_LEN    512 /* of a command line: QEMU's -name comes early */

enum cc_type {
	CC_NEGOTIATION = 1, /* KVM_PPC_GET_COMPAT_CAPS */
	CC_EXTENSION,	    /* KVM_CHECK_EXTENSION of the capability; vm is 0 on /dev/kvm */
	CC_ARCH_COMPAT,	    /* KVM_SET_ONE_REG of KVM_REG_PPC_ARCH_COMPAT */
	CC_ARGS,	    /* a struct cc_args */
};

/* Bits of cc_record.seen: which parts of the record were really observed. */
enum cc_seen {
	CC_SEEN_BACKEND = 1 << 1, /* the backend hook ran: backend_ret and backend_caps hold */
	CC_SEEN_HEAD = 1 << 2,	 /* backend_head: the caller's first word when the hook returned */
	CC_SEEN_OPS = 1 << 3,	 /* has_hook was read from the VM's kvm_ops */
	CC_SEEN_TAIL = 1 << 4,	 /* the bytes past ABI_SIZE_VER0 were looked at up to tail_read */
	CC_SEEN_NO_BACKEND = 1 << 5, /* whether the hook ran could not be seen */
};

/*
 * One call, put together in the kernel when it returns. in[] and out[] are the first
 * 8-byte words of the caller's struct before and after, in_words and out_words of them
 * readable without a page fault; which word is the size depends on the command.
 */
struct cc_record {
	__u32 type; /* enum cc_type */
	__u32 seen; /* enum cc_seen */
	__u64 mono_ns; /* CLOCK_MONOTONIC at entry */
	__u64 latency_ns;
	__u64 vm;  /* the kernel's struct kvm, an identity and nothing more */
	__u64 vm_ino; /* its directory's inode in debugfs: no two VMs of one boot share it */
	__u64 arg; /* the struct's address; the capability's number; the PVR */
	__u64 in[CC_WORDS];
	__u64 out[CC_WORDS];
	__u64 backend_caps;
	__u64 backend_head;
	__u32 cmd;
	__s32 ret;
	__s32 backend_ret;
	__u32 pid; /* the thread group */
	__u32 tid;
	__u32 tail_read;  /* bytes past ABI_SIZE_VER0 that were read */
	__u32 tail_first; /* offset in the struct of the first non-zero one; 0: none */
	__u8 in_words;
	__u8 out_words;
	__u8 has_hook; /* the VM's backend implements get_compat_caps */
	__u8 pad;
	char comm[CC_COMM_LEN];
	char vm_name[CC_VM_NAME_LEN]; /* its directory in debugfs, empty where there is none */
};

/*
 * The command line of a process, ahead of the first record of its VM: when that is read the
 * process may be gone.
 */
struct cc_args {
	__u32 type; /* CC_ARGS */
	__u32 pid;
	__u64 vm, vm_ino; /* as in cc_record */
	__u32 len;	  /* bytes of args, the NULs between them included */
	__u32 pad;
	char args[CC_ARGS_LEN];
};

/* The modules whose functions are watched. */
enum cc_unit { CC_UNIT_KVM, CC_UNIT_KVM_HV, CC_UNITS };

/* Why a record was not made: indices of the `lost` map. */
enum cc_lost {
	CC_LOST_RING,  /* the ring was full */
	CC_LOST_CALLS, /* too many calls under way at once */
	CC_LOST_MEMORY, /* an argument was not resident at entry */
	CC_LOST_MAX,
};

#endif /* COMPATCAPS_H */
