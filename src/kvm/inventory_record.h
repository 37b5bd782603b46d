/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What inventory.bpf.c tells of each open file of KVM's: evidence, which inventory.c puts
 * together. Include <linux/types.h> or a vmlinux.h first.
 */
#ifndef COMPATCAPS_INVENTORY_RECORD_H
#define COMPATCAPS_INVENTORY_RECORD_H

#define INVENTORY_COMM_LEN 16
#define INVENTORY_NAME_LEN 24 /* "PID-FD", a VM's name in debugfs */

enum inventory_kind {
	INVENTORY_VM = 1, /* a VM's descriptor */
	INVENTORY_VCPU,	  /* a vCPU's */
};

/* What a process is to a VM that it has a descriptor of. */
enum inventory_part {
	PART_HOLDER, /* nothing: KVM does not obey it */
	PART_OWNER,  /* the VM has its memory, and KVM obeys it alone */
	PART_ENDING, /* it has no memory any more, so that which of both it was is not known */
};

enum inventory_backend { BACKEND_UNKNOWN, BACKEND_HV, BACKEND_PR, BACKENDS };

/* One descriptor of one process. What could not be read is 0. */
struct inventory_record {
	__u64 kvm;	/* the kernel's struct kvm: it tells VMs apart, and is shown nowhere */
	__u64 number;	/* the VM's in this trace (vms.bpf.h) */
	__u64 ino;	/* its directory's inode in debugfs: no two VMs of a boot share it */
	__u64 start_ns; /* when the process was started, since boot */
	__u64 cgroup;	/* the id of the process's cgroup (v2) */
	__u32 kind;	/* enum inventory_kind */
	__u32 pid;	/* the process, as the reader's pid namespace has it */
	__u32 part;	/* enum inventory_part */
	__u32 backend;	/* enum inventory_backend */
	__u32 vcpus;	/* that the VM has */
	__u32 vcpu;	/* the id of this one */
	__u32 has_mode; /* pvr could be read */
	__u32 pvr; /* the mode that KVM has for this vCPU, a logical PVR; 0: none was asked for */
	char comm[INVENTORY_COMM_LEN];
	char name[INVENTORY_NAME_LEN]; /* the VM's; empty where it has none */
};

#endif /* COMPATCAPS_INVENTORY_RECORD_H */
