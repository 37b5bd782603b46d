/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which VM it is. A VM has a number of this trace's own, from 1 on, which it gets at its birth, or,
 * if it is older, when it is met first: in a call, or where open files are looked at
 * (inventory.bpf.c has these maps as well). The number is its identity in all that leaves the
 * kernel side, and no other VM ever gets it. The address of its struct kvm, by which it is known
 * here, leaves the kernel side in none of them: it says where in memory the kernel is, and a later
 * VM can have it.
 *
 * An entry stands from the VM's birth to its end, which deletes it: nothing takes a live VM's
 * place. While ends are not watched entries can outlive their VMs. Then vm_epoch changes, and what
 * is from an older epoch is believed only if the directory in debugfs is the same one. Define or
 * declare vm_epoch and include this then.
 */
#ifndef COMPATCAPS_VMS_BPF_H
#define COMPATCAPS_VMS_BPF_H

#include "kvm/compatcaps.h"
#include "bpf/in_flight_record.h"

#define MAX_VMS	      16384 /* alive at once: what finds no room is counted as lost */
#define MAX_VCPUS     2048  /* of a VM: KVM_MAX_VCPUS, or more */
#define BITS_OF_WORD  64
#define WORDS_OF_BITS (MAX_VCPUS / BITS_OF_WORD)

/* How much of the ring somebody has used while it was scarce (shares.bpf.h). */
struct share {
	__u64 bytes; /* since the last turn */
	__u64 turn;  /* where in the ring the reader must have come for the next one */
};

/* Whether what becomes of a VM is asked for: decided once, by who makes it or is met first on it.
 */
enum vm_passes { VM_UNDECIDED, VM_PASSES, VM_LEFT_OUT };

enum vm_first { FIRST_NOT_AWAITED, FIRST_AWAITED, FIRST_HAS_RUN };

struct vm {
	struct share share;
	__u64 number; /* as cc_record.vm; 0: not filled in yet */
	__u64 ino;    /* of its directory in debugfs; 0: it has none, or none yet */
	char name[CC_VM_NAME_LEN];
	__u64 mm;     /* whose VM it is: KVM takes its ioctls from nobody else */
	__u32 epoch;  /* vm_epoch when it was met last */
	__u32 passes; /* enum vm_passes */
	__u32 seen;   /* CC_SEEN_OPS, CC_SEEN_KVM: what was read of these */
	__u16 has_hook, kvm_pr;
	__u32 args_sent; /* struct cc_args is ahead of the VM's records in the ring */
	__u32 born;	 /* under the eyes of this trace */
	__u32 tgid;	 /* by whom; 0: that is not known */
	__u32 looked;	 /* at debugfs, in a call: a VM that has no directory then gets none */
	/* KVM_RUNs that ended well and are waited for (lives.bpf.h): */
	__u32 first;		    /* enum vm_first: its first one */
	__u32 n_awaited;	    /* that one, and those of `asked` */
	__u64 asked[WORDS_OF_BITS]; /* the next one of these vCPUs, by index, for they got a mode */
	__u64 requests;		    /* that it made so far */
};

/* Allocated beforehand: an allocation on the way can fail, and a VM without an entry is lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VMS);
	__type(key, __u64);
	__type(value, struct vm);
} vms SEC(".maps");

/* The newest number. It is a map for the two objects to share. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} vm_numbers SEC(".maps");

static const struct vm no_vm; /* too large for the stack */

/* 0: it cannot be had. */
static __always_inline __u64 next_number(void)
{
	__u32 first = 0;
	__u64 *newest = bpf_map_lookup_elem(&vm_numbers, &first);

	return newest ? __sync_fetch_and_add(newest, 1) + 1 : 0;
}

/* KVM HV alone nests, and has the function for that on every kernel. -1: not known. */
static __always_inline int can_nest(struct kvmppc_ops *ops)
{
	if (!ops || !bpf_core_field_exists(ops->enable_nested))
		return -1;
	return BPF_CORE_READ(ops, enable_nested) != 0;
}

/*
 * Only a kernel that has the ioctl has a field for the hook. So nesting tells KVM PR from KVM HV,
 * and the hook does not where its field is missing.
 */
static __always_inline void look_at_ops(struct vm *vm, __u64 kvm)
{
	struct kvmppc_ops *ops = BPF_CORE_READ((struct kvm *)kvm, arch.kvm_ops);
	int nests = can_nest(ops);

	if (!ops)
		return;
	if (bpf_core_field_exists(ops->get_compat_caps)) {
		vm->has_hook = BPF_CORE_READ(ops, get_compat_caps) != 0;
		vm->seen |= CC_SEEN_OPS;
	}
	if (nests >= 0) {
		vm->kvm_pr = !nests;
		vm->seen |= CC_SEEN_KVM;
	}
}

/* Its directory, which it gets after its birth: in a call, where it has it if ever. */
static __always_inline void look_at_directory(struct vm *vm, __u64 kvm, __u64 ino)
{
	if (ino && !vm->ino) {
		bpf_probe_read_kernel_str(vm->name, sizeof(vm->name),
					  BPF_CORE_READ((struct kvm *)kvm, debugfs_dentry,
							d_name.name));
		vm->ino = ino;
	}
	vm->looked = 1;
}

/* NULL: there is no room. Two may do this at once, and fill in the same; one of them numbers it. */
static __noinline struct vm *add_vm(__u64 kvm)
{
	struct vm *vm;
	__u64 number;

	bpf_map_update_elem(&vms, &kvm, &no_vm, BPF_NOEXIST);
	vm = bpf_map_lookup_elem(&vms, &kvm);
	if (!vm)
		return NULL;
	vm->mm = (__u64)BPF_CORE_READ((struct kvm *)kvm, mm);
	vm->epoch = vm_epoch;
	look_at_ops(vm, kvm);
	number = next_number();
	__sync_val_compare_and_swap(&vm->number, 0, number);
	return vm;
}

/* Is what is known at this address of the VM that is there now? ino: as of its directory. */
static __always_inline _Bool is_of_now(const struct vm *vm, __u64 ino)
{
	if (vm->epoch == vm_epoch)
		return !ino || !vm->ino || vm->ino == ino;
	return ino && vm->ino == ino;
}

#endif /* COMPATCAPS_VMS_BPF_H */
