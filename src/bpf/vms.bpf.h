/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which VM it is. A VM has a number of this trace's own, from 1 on, which it gets when it is met
 * first: in a call, or where open files are looked at (inventory.bpf.c has these maps as well).
 * Records and losses have this number. The address of its struct kvm, by which it is known here,
 * leaves the kernel side in none of them: it says where in memory the kernel is, and a later VM can
 * have it.
 */
#ifndef COMPATCAPS_VMS_BPF_H
#define COMPATCAPS_VMS_BPF_H

#include "kvm/compatcaps.h"
#include "bpf/in_flight_record.h"

#define MAX_VMS 8192 /* of which something is remembered; then the oldest are forgotten */

/* How much of the ring somebody has used while it was scarce (shares.bpf.h). */
struct share {
	__u64 bytes; /* since the last turn */
	__u64 turn;  /* where in the ring the reader must have come for the next one */
};

struct vm {
	struct share share;
	struct known known;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
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

/* 0: it cannot be had. */
static __always_inline __u64 next_number(void)
{
	__u32 first = 0;
	__u64 *newest = bpf_map_lookup_elem(&vm_numbers, &first);

	return newest ? __sync_fetch_and_add(newest, 1) + 1 : 0;
}

static __always_inline void look_at_hook(struct known *k, __u64 kvm)
{
	struct kvmppc_ops *ops = BPF_CORE_READ((struct kvm *)kvm, arch.kvm_ops);

	if (!ops || !bpf_core_field_exists(ops->get_compat_caps))
		return;
	k->has_hook = BPF_CORE_READ(ops, get_compat_caps) != 0;
	k->seen = CC_SEEN_OPS;
}

static __noinline int add_vm(__u64 kvm, __u64 ino)
{
	struct vm vm = { .known.ino = ino, .known.number = next_number() };

	if (ino)
		bpf_probe_read_kernel_str(vm.known.name, sizeof(vm.known.name),
					  BPF_CORE_READ((struct kvm *)kvm, debugfs_dentry,
							d_name.name));
	look_at_hook(&vm.known, kvm);
	bpf_map_update_elem(&vms, &kvm, &vm, BPF_NOEXIST);
	return 0;
}

/*
 * The VM whose struct kvm is there, which has this inode in debugfs (0: none). One of another inode
 * has ended, and its memory is this one's. NULL: kvm is 0, or there is no memory.
 */
static __always_inline struct vm *meet_vm(__u64 kvm, __u64 ino)
{
	struct vm *vm;

	if (!kvm)
		return NULL;
	vm = bpf_map_lookup_elem(&vms, &kvm);
	if (vm && vm->known.ino == ino)
		return vm;
	if (vm)
		bpf_map_delete_elem(&vms, &kvm);
	add_vm(kvm, ino);
	return bpf_map_lookup_elem(&vms, &kvm);
}

#endif /* COMPATCAPS_VMS_BPF_H */
