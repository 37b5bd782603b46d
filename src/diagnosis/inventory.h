/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The VMs of a host at one moment, put together from what the kernel reported about open files
 * (inventory_record.h), and what can be said of each. Pure.
 */
#ifndef COMPATCAPS_INVENTORY_H
#define COMPATCAPS_INVENTORY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diagnosis/diagnosis.h"
#include "kvm/guest.h"
#include "kvm/inventory_record.h"

#define INVENTORY_SCHEMA 1 /* of the JSON; it changes with what a reader must know */

/*
 * A process can have any number of descriptors of any number of VMs, and whoever lists them has
 * to stay small. So VMs have a bound, and the vCPUs and processes of all VMs together have one.
 * Where these do not suffice each VM keeps the same part of them, the first ones: nobody's VM is
 * without because somebody else's has many. What is left out is counted.
 */
#define INVENTORY_VMS		8192
#define INVENTORY_VCPUS		65536
#define INVENTORY_VCPUS_OF_A_VM 8192 /* so that an event has all of them */
#define INVENTORY_PROCESSES	32768

struct inventory_vcpu {
	uint32_t id;
	bool has_mode;
	uint32_t pvr;
};

/* One that has a descriptor of the VM, or of one of its vCPUs. */
struct inventory_process {
	uint32_t pid;
	uint64_t start_ns, cgroup;
	enum inventory_part part;
	char comm[INVENTORY_COMM_LEN * 4 + 1]; /* escaped */
};

struct inventory_vm {
	uint64_t kvm;			       /* tells VMs apart, and is shown nowhere */
	uint64_t number, ino;		       /* as in cc_record: vm, vm_ino */
	char name[INVENTORY_NAME_LEN * 4 + 1]; /* escaped; "" where it has none */
	enum inventory_backend backend;
	uint32_t n_vcpus;	      /* that it has, */
	struct inventory_vcpu *vcpus; /* and those whose descriptor is open somewhere */
	size_t n_open_vcpus, vcpus_room;
	bool vcpus_left_out;		     /* of these some are left out */
	struct inventory_process *processes; /* the owner first, or who is ending; at least one */
	size_t n_processes, processes_room;
	size_t processes_left_out;
	uint32_t left_out; /* the newest process that was, which may have more descriptors */
	/* Of the owner, to be filled in by who reads /proc; escaped. */
	bool ended;	   /* it had, when its names were looked up */
	char *name_option; /* QEMU's -name, as guest_option() gives it; NULL: not known */
	char *guest;	   /* NULL: not known */
	enum incoming incoming;
	char *cgroup;
};

struct inventory {
	struct host_facts host;
	bool namespaced; /* processes of one pid namespace alone could be seen */
	bool has_unlisted;
	uint32_t unlisted; /* VMs that KVM has and no process's open file shows */
	bool truncated;	   /* not all VMs are listed: there are too many, or too many open files */
	struct inventory_vm *vms;
	size_t n;
	/* Until they are put together: */
	struct inventory_vm **by_inode;
	size_t n_by_inode, room;
	size_t n_vcpus, n_processes;		 /* of all VMs */
	size_t vcpus_of_a_vm, processes_of_a_vm; /* as many as each may have; 0: any number */
};

/* false: there is no memory. What is added again, as of a dup()ed descriptor, takes none. */
bool inventory_add(struct inventory *inv, const struct inventory_record *r);
bool inventory_put_together(struct inventory *inv);
void inventory_free(struct inventory *inv);

/* NULL: there is none. */
const struct inventory_process *inventory_owner(const struct inventory_vm *vm);

/* What all vCPUs of a VM together come to. */
enum inventory_mode {
	MODE_UNKNOWN,
	MODE_NO_VCPU,
	MODE_NONE,	   /* its backend has no such thing (KVM PR) */
	MODE_HOST_DEFAULT, /* none was asked for, or the default */
	MODE_SET,
	MODE_REFUSED, /* KVM has marked it: no vCPU runs any more */
	MODE_DIFFERS, /* from vCPU to vCPU */
	MODES
};

enum agreement { AGREES_UNKNOWN, AGREES_NO, AGREES_YES };

struct inventory_verdict {
	enum inventory_mode is;
	uint32_t pvr;		     /* of MODE_SET */
	const struct abi_pvr *known; /* NULL: no such PVR is known */
	uint64_t runs_on; /* generations that offer what it has, as bits of modes; 0: not known */
	enum agreement agrees;	       /* with what the host offers */
	char hint[DIAGNOSIS_HINT_LEN]; /* a sentence */
};

void inventory_judge(const struct inventory_vm *vm, const struct host_facts *host,
		     struct inventory_verdict *v);
/* The same where more is known of what the host offers, by an answer that this VM has had. */
void inventory_judge_by(const struct inventory_vm *vm, const struct host_facts *host,
			const struct offer *offer, struct inventory_verdict *v);

/* "host-default"; NULL for a number that is no mode. */
const char *inventory_mode_name(enum inventory_mode mode);
/* "hv", "pr"; NULL: not known. */
const char *inventory_backend_name(enum inventory_backend backend);
/* "POWER10 or newer", "POWER11", ""; returns buf. */
char *inventory_runs_on(char *buf, size_t len, uint64_t runs_on);

#endif /* COMPATCAPS_INVENTORY_H */
