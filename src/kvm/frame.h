/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Evidence with a type: all that the pure half of the program ever learns. The live half
 * makes frames of what the kernel tells, stream.c reads them back from a recording.
 * Strings are escaped already where a traced process chose them (text.h), and belong to
 * who hands the frame over; NULL or "" where there is none.
 */
#ifndef COMPATCAPS_FRAME_H
#define COMPATCAPS_FRAME_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "kvm/compatcaps.h"
#include "kvm/facts.h"
#include "kvm/guest.h"

struct inventory_vm;	 /* diagnosis/inventory.h */
struct recorded_verdict; /* diagnosis/diagnosis.h */

enum frame_type {
	FRAME_TRACE,  /* the first one */
	FRAME_HOST,   /* facts of the host that have changed */
	FRAME_ATTACH, /* how a function is being watched from now on */
	FRAME_FOUND,  /* a VM that was there already when the trace began */
	FRAME_VM,     /* a VM was made, has ended, or could not be made */
	FRAME_CALL,   /* a call, also a KVM_RUN that failed */
	FRAME_KERNEL, /* a line that KVM printed */
	FRAME_LOST,   /* events that could not be recorded */
	FRAME_END,    /* the last one */
};

/* How a function is watched. */
enum attach_how { ATTACH_ABSENT, ATTACH_FEXIT, ATTACH_KPROBE, ATTACH_TRACEPOINT, ATTACH_HOWS };

/* The functions and tracepoints that are watched; their names: attach_func(). */
enum point {
	POINT_IOCTL,
	POINT_BACKEND,
	POINT_EXTENSION,
	POINT_REG,
	POINT_RUN,
	POINT_CONSOLE,
	POINT_BIRTH, /* watched before all calls, */
	POINT_DEATH, /* and for longer */
	ATTACH_POINTS
};

/* Who and where, for people; no verdict hangs on it. NULL: not known. */
struct host_id {
	const char *name; /* the host's */
	const char *boot_id;
	const char *release; /* of the kernel, as uname(1) tells */
	const char *build;   /* its version string */
	const char *arch;
	const char *modules; /* of KVM's the ones that are loaded, "kvm kvm_hv" */
	unsigned int cpus;
};

/* What was asked to be left out, for then a VM's story may have holes. */
struct frame_filters {
	bool threads;	  /* calls of some threads of a process alone were recorded */
	bool outcomes;	  /* this stream has only events of some outcomes (set by the reader) */
	bool processes;	  /* VMs of some processes alone were recorded (of a command all of them) */
	bool guests;	  /* VMs were chosen by their guests' names: each is there from its first
			     event on that had the name */
	bool chosen;	  /* and so it is now, of those that were recorded */
	bool part;	  /* events are left out now that the session knows */
	const char *text; /* all filters as options, for people; "" where there are none */
	const char *view; /* of these, at its end, what is left out now; NULL: nothing */
};

/* What became of a VM. */
enum vm_event { VM_CREATED, VM_ENDED, VM_FAILED, VM_EVENTS };

#define FRAME_OLDER_MAX 16384 /* so long a list a recording has whole */

struct frame {
	enum frame_type type;
	uint64_t mono_ns;   /* of the event: CLOCK_MONOTONIC */
	uint64_t real_ns;   /* the same on CLOCK_REALTIME */
	uint64_t seq;	    /* of its line in a recording; 0: it comes from none */
	uint32_t vm_number; /* the number that the VM has there; 0: it is not known */
	union {
		struct {
			/* Of the recording; 0: the newest. In schema 1 a birth or an end came by
			 * another way than calls, and has no number. */
			uint32_t schema;
			struct host_id id;
			struct host_facts host;
			struct frame_filters filters;
			int64_t clock_offset_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC, at the
						    start */
		} trace;
		struct {
			struct host_facts facts;
			bool kvm_reloaded; /* what was proven of the module before holds no longer
					    */
		} host;
		struct {
			enum point point;
			enum attach_how how;
			const char *why; /* of ATTACH_ABSENT */
			bool released;	 /* absent because no VM is there, as was asked for */
			/*
			 * Of schema 1, VMs that were there already once it was watched, by their
			 * inodes: of these not all was seen. known false: what was there could not
			 * be told. Since then births tell: a VM that was born later than mono_ns
			 * is not among them. What was recorded before may come after this frame.
			 */
			bool known;
			const uint64_t *older;
			size_t n_older;
		} attach;
		struct {
			const struct inventory_vm *vm;
		} found;
		struct {
			enum vm_event event;
			uint32_t pid;
			uint64_t ino;	     /* 0: not known; at birth there is none yet */
			const char *vm_name; /* "PID-FD" */
			const char *comm;
			const char *name_option; /* QEMU's -name */
			const char *cgroup;
			enum incoming incoming;	 /* of one that was made */
			const char *machine;	 /* likewise: guest_machine(); NULL: not known */
			struct cc_grants grants; /* of one that has ended */
			uint64_t number;	 /* as cc_record.vm */
			uint32_t tid;
			int32_t ret; /* of VM_FAILED: -errno */
		} vm;
		struct {
			const struct cc_record *rec;
			const char *name_option; /* of the first call of a VM: QEMU's -name */
			const char *cgroup;	 /* the path */
			/* NULL, or the verdict of the tracer that made the recording, to be shown
			 * again (replay). */
			const struct recorded_verdict *said;
		} call;
		struct {
			const struct cc_record *rec; /* CC_KERNEL */
			const char *text;	     /* escaped */
			const char *name_option;     /* as of a call */
			const char *cgroup;
		} kernel;
		struct {
			enum cc_loss loss;
			uint64_t n;
			const struct loss_count
				*by; /* how many of what, where the kernel counted it */
			size_t n_by;
		} lost;
		struct {
			bool cut_off;		/* the stream ended without an end: */
			int writer;		/* the process that still writes it; -1: not known
						   which; 0: none */
			uint64_t runs_repeated; /* failures of KVM_RUN that have no frame */
		} end;
	};
};

/* A part of a loss. */
struct loss_count {
	struct cc_loss_key key; /* vm, vm_ino 0: of which VM is not known */
	uint64_t n;
};

/* NULL: no such point. "kvm_arch_vm_ioctl", of a tracepoint "kvm:kvm_userspace_exit" */
const char *attach_func(enum point point);
/* "kvm", "kvm_hv"; NULL: it is in the kernel itself */
const char *attach_module_of(enum point point);
/* "absent", "fexit", "kprobe", "tracepoint" */
const char *attach_how_name(enum attach_how how);

#endif /* COMPATCAPS_FRAME_H */
