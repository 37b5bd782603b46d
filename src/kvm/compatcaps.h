/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What crosses from the kernel to user space, and nothing else.
 *
 * It is evidence: what user memory held, what was called, what came back. What that
 * means is decided by diagnosis.c alone. Include <linux/types.h> or a vmlinux.h first.
 */
#ifndef COMPATCAPS_H
#define COMPATCAPS_H

#define CC_COMM_LEN    16
#define CC_VM_NAME_LEN 24    /* "PID-FD", a VM's name in debugfs */
#define CC_WORDS       3     /* the u64 fields of the struct, in every revision at most this many */
#define CC_TAIL_MAX    65536 /* bytes of a tail that are looked at: the largest page size */
#define CC_TAIL_PIECE  128   /* of these at most so many at once, read in whole or not at all */
#define CC_ARGS_LEN    512   /* of a command line: QEMU's -name comes early */
#define CC_LINE_LEN    256   /* of a line that KVM prints */
#define CC_GRANTS      512   /* of KVM's capabilities those with smaller numbers */
#define CC_GRANT_WORDS (CC_GRANTS / 64)

/* Records wake the reader no more often than this; it looks again by itself after it was woken. */
#define CC_WAKE_MS 20

/*
 * The argument of a tracer's own question to KVM, which is in no trace. No user memory can be
 * there, so that such a call gives EFAULT or ENOTTY and never an answer: a process that
 * copies it hides a call that cannot succeed, and nothing else.
 */
#define CC_QUESTION_ARG 0xdeadccca95000000ull

enum cc_type {
	CC_NEGOTIATION = 1, /* KVM_PPC_GET_COMPAT_CAPS */
	CC_EXTENSION,	    /* KVM_CHECK_EXTENSION of the capability; vm is 0 on /dev/kvm */
	CC_ARCH_COMPAT,	    /* KVM_SET_ONE_REG of KVM_REG_PPC_ARCH_COMPAT */
	CC_ARGS,	    /* a struct cc_args */
	CC_RUN,		    /* KVM_RUN that failed; vm is 0 where the vCPU could not be told */
	CC_KERNEL,	    /* a struct cc_line; vm is that of the ioctl under way, 0: none known */
	CC_RAN,	       /* KVM_RUN that ended well: a VM's first, and a vCPU's first since it asked
			  for a mode, or since KVM printed a line in a KVM_RUN of it */
	CC_VM_CREATED, /* a VM was made; ret is an error: it could not be, and vm is 0 */
	CC_VM_ENDED,   /* a VM has ended: a struct cc_end */
	CC_TYPES,
};

/* Bits of cc_record.seen: which parts of the record were really observed. */
enum cc_seen {
	CC_SEEN_BACKEND = 1 << 0,   /* the backend hook ran: backend_ret and backend_caps hold */
	CC_SEEN_HEAD = 1 << 1,	    /* backend_head: the size in the copy that the hook got */
	CC_SEEN_OPS = 1 << 2,	    /* has_hook was read from the VM's kvm_ops */
	CC_SEEN_TAIL = 1 << 3,	    /* tail_read bytes from tail_from on were looked at */
	CC_SEEN_WATCHED = 1 << 4,   /* the hook was watched when the call began and when it ended */
	CC_SEEN_INTERRUPT = 1 << 5, /* an interrupt printed the line: no process, no thread */
	CC_SEEN_VCPU = 1 << 6,	    /* vcpu: the vCPU that it is about */
	CC_SEEN_PAPR = 1 << 7,	    /* papr: of that vCPU; of a request before the call */
	CC_SEEN_KVM = 1 << 8,	    /* kvm_pr was read from the VM's kvm_ops */
	CC_SEEN_ALL = (1 << 9) - 1,
};

/* Of a KVM_RUN, where in_words says that it is there: */
enum cc_vcpu {
	CC_VCPU_EXITS, /* how often the guest has left this vCPU, this time included, as KVM counts
			*/
	CC_VCPU_PVR,   /* the mode that it has; KVM HV alone has it */
};

/* Of a request for a mode, where in_words says that it is there: */
enum cc_request {
	CC_REQUEST_HYPERCALL, /* that the guest waits for, on the request's vCPU or on the VM's
				 first one; 0: for none */
	CC_REQUEST_EXITS,     /* how often the guest has left these vCPUs, as KVM counts */
	CC_REQUEST_MODES, /* logical PVRs that a guest has listed which negotiates: of 0x0f0000NN
			     bit NN */
};

/*
 * One call, put together in the kernel when it returns. in[] and out[] are the first
 * 8-byte words of the caller's struct before and after, in_words and out_words of them
 * readable without a page fault; which word is the size depends on the command. Of CC_RUN and
 * CC_RAN in[] is what the vCPU tells: enum cc_vcpu; of CC_ARCH_COMPAT enum cc_request; of CC_KERNEL
 * the register that a KVM_SET_ONE_REG under way is of.
 */
struct cc_record {
	__u32 type;	  /* enum cc_type */
	__u32 seen;	  /* enum cc_seen */
	__u64 mono_ns;	  /* CLOCK_MONOTONIC at entry; where only the end is watched, then */
	__u64 latency_ns; /* 0: only the end is watched */
	__u64 vm;	  /* the VM's number in this trace, from 1 on, never given twice; 0: none */
	__u64 vm_ino; /* its directory's inode in debugfs; 0: it has none (yet), or it is not known
		       */
	__u64 arg;    /* the struct's address; the capability's number; the PVR; the word of
			 kvm_run that goes with the exit reason; a line's length in bytes */
	__u64 cgroup; /* the id of the caller's cgroup (v2) */
	__u64 in[CC_WORDS];
	__u64 out[CC_WORDS];
	__u64 backend_caps;
	__u64 backend_head;
	__u32 cmd; /* the ioctl's; of CC_RUN and CC_RAN the exit reason in kvm_run */
	__s32 ret;
	__s32 backend_ret;
	__u32 pid; /* the thread group */
	__u32 tid;
	__u32 tail_from;  /* offset in the struct where looking at the tail began: ksize */
	__u32 tail_read;  /* bytes from there on that were read */
	__u32 tail_first; /* offset in the struct of the first non-zero one; 0: none */
	__u8 in_words;
	__u8 out_words;
	__u8 has_hook : 1;	      /* the VM's backend implements get_compat_caps */
	__u8 kvm_pr : 1;	      /* the VM is one of KVM PR; 0: of KVM HV */
	__u8 papr;		      /* KVM_CAP_PPC_PAPR is enabled on the vCPU */
	__u32 vcpu;		      /* its id */
	char comm[CC_COMM_LEN];	      /* of the process (its leader) */
	char thread[CC_COMM_LEN];     /* of the thread */
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

/* A line that KVM printed: at most the first CC_LINE_LEN of its rec.arg bytes. */
struct cc_line {
	struct cc_record rec; /* CC_KERNEL */
	char text[CC_LINE_LEN];
};

/*
 * KVM's newest answers to a process that asked by KVM_CHECK_EXTENSION, on /dev/kvm or on a VM: a
 * bit for the number of each capability that it granted, or denied. All 0: nothing is known.
 */
struct cc_grants {
	__u64 yes[CC_GRANT_WORDS], no[CC_GRANT_WORDS];
};

/* A VM has ended, with what was granted to the process that made it. */
struct cc_end {
	struct cc_record rec; /* CC_VM_ENDED */
	struct cc_grants grants;
};

/* How the kernel side is asked to record, in one word: one load tells that nothing is set. */
enum cc_mode {
	CC_MODE_FILTERED = 1 << 0,    /* some filter is set */
	CC_MODE_DESCENDANTS = 1 << 1, /* what descends from the tracer alone */
	CC_MODE_PID_NS = 1 << 2, /* pids as seen in the tracer's namespace, not the first one */
	CC_MODE_CAST = 1 << 3,	 /* bpf_rdonly_cast() is there, and knows struct kvm */
};

/* Why an event was not recorded. Names: loss_name() in diagnosis.h. */
enum cc_loss {
	CC_LOSS_RING,	    /* the ring buffer was full */
	CC_LOSS_BUDGET,	    /* its VM had used up its share of the ring */
	CC_LOSS_IN_FLIGHT,  /* its beginning could not be remembered */
	CC_LOSS_ORPHANED,   /* its end was not seen */
	CC_LOSS_MISSED,	    /* the kernel did not run a probe (counted by the kernel itself) */
	CC_LOSS_RECURSION,  /* the program was under way on that CPU already (likewise) */
	CC_LOSS_UNREADABLE, /* its line of a recording is missing or cannot be read (stream.c) */
	CC_LOSS_UEVENTS,    /* in recordings of schema 1: more uevents came than could be kept */
	CC_LOSS_VMS,	    /* a VM, or a call of it: more were there than can be told apart */
	CC_LOSSES,
};

/* What the kernel side counts losses by. 0 or 0: that could not be told. */
struct cc_loss_key {
	__u64 vm, vm_ino;
	__u32 loss; /* enum cc_loss */
	__u32 type; /* enum cc_type */
	__u32 cmd;  /* of a negotiation */
	__s32 ret;  /* CC_RET_UNKNOWN: how it ended was not seen */
};

#define CC_RET_UNKNOWN (-0x7fffffff - 1)

#endif /* COMPATCAPS_H */
