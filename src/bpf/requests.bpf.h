/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who asks for a mode. A guest negotiates its mode by a hypercall (ibm,client-architecture-support,
 * CAS) that the VMM handles: while it asks KVM for the mode, the guest waits for the answer. KVM
 * remembers that it does, from the exit to user space until the vCPU runs again. So a request is
 * all that has to be looked at, and an exit to user space costs nothing more.
 *
 * Only the boot vCPU runs when a guest negotiates, and the mode is set on all vCPUs: of each
 * request its own vCPU and the VM's first one are looked at. Include after word_at().
 */
#ifndef COMPATCAPS_REQUESTS_BPF_H
#define COMPATCAPS_REQUESTS_BPF_H

#define XA_NODE	      2 /* the low bits of an entry that is a node of more entries */
#define XA_LOW_BITS   3
#define XA_MAX_LEVELS 3 /* of 64 entries each */

/* The vCPU of index 0; 0: it cannot be told. Global, as others here, to be verified once. */
__noinline __u64 first_vcpu(__u64 kvm)
{
	__u64 entry;

	if (!bpf_core_field_exists(((struct kvm *)0)->vcpu_array))
		return 0;
	entry = (__u64)BPF_CORE_READ((struct kvm *)kvm, vcpu_array.xa_head);
	for (int i = 0; i < XA_MAX_LEVELS && (entry & XA_LOW_BITS) == XA_NODE; i++)
		entry = (__u64)BPF_CORE_READ((struct xa_node *)(entry - XA_NODE), slots[0]);
	return entry & XA_LOW_BITS ? 0 : entry;
}

/* The hypercall that this vCPU waits for; 0: for none. */
static __always_inline __u64 hypercall_of(struct kvm_vcpu *vcpu)
{
	if (!BPF_CORE_READ(vcpu, arch.hcall_needed))
		return 0;
	return word_at((__u64)BPF_CORE_READ(vcpu, run), ABI_RUN_WORD);
}

/* The guest's memory is the VMM's, which is the process that asks. */
#define MAX_SLOT_DEPTH 16		     /* a tree of hundreds of slots */
#define GUEST_REAL     0x0fffffffffffffffull /* of an address, as QEMU reads it */
#define VOF_VECTOR     20 /* of a client call of VOF the method's first argument, big-endian */

/* Where the process has this address of its guest; 0: nowhere. */
__noinline __u64 guest_memory(__u64 kvm, __u64 address)
{
	__u64 offset, base;
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots = NULL;
	struct rb_node *node;

	if (!bpf_core_field_exists(slots->gfn_tree))
		return 0;
	slots = BPF_CORE_READ((struct kvm *)kvm, memslots[0]);
	node = BPF_CORE_READ(slots, gfn_tree.rb_node);
	offset = bpf_core_field_offset(struct kvm_memory_slot, gfn_node);
	if (BPF_CORE_READ(slots, node_idx))
		offset += bpf_core_type_size(struct rb_node);
	for (int i = 0; i < MAX_SLOT_DEPTH && node; i++) {
		slot = (struct kvm_memory_slot *)((__u64)node - offset);
		base = BPF_CORE_READ(slot, base_gfn) * page_bytes;
		if (address < base)
			node = BPF_CORE_READ(node, rb_left);
		else if (address - base < BPF_CORE_READ(slot, npages) * page_bytes)
			return BPF_CORE_READ(slot, userspace_addr) + address - base;
		else
			node = BPF_CORE_READ(node, rb_right);
	}
	return 0;
}

/* A guest's list of processors, pairs of a mask and a PVR, big-endian: what is read of it. */
struct guest_list {
	__u64 user;  /* where it stands */
	__u64 modes; /* of logical PVRs 0x0f0000NN the bits NN */
	_Bool whole;
};

#define MAX_PAIRS  512 /* of which QEMU reads as many */
#define IS_LOGICAL (0xffffffff00000000ull | (__u64)ABI_PVR_LOGICAL << 24)

/* One pair; 1 ends the loop: one that its own mask does not fit is the end. */
static long look_at_pair(__u32 i, void *ctx)
{
	struct guest_list *list = ctx;
	__u64 pair;

	if (bpf_probe_read_user(&pair, sizeof(pair), (const void *)(list->user + i * sizeof(pair))))
		return 1;
	pair = __builtin_bswap64(pair);
	list->whole = (__u32)(~(pair >> 32) & pair) != 0;
	if ((pair & ~63ull) == IS_LOGICAL)
		list->modes |= 1ull << (pair & 63);
	return list->whole;
}

/* The modes of a guest that waits in this hypercall; 0: not known. */
__noinline __u64 modes_of_guest(__u64 kvm, __u64 hypercall, __u64 arg)
{
	struct guest_list list = { 0 };
	__u32 at;

	arg &= GUEST_REAL;
	if (hypercall == ABI_H_QEMU_VOF) {
		list.user = guest_memory(kvm, arg + VOF_VECTOR);
		if (!list.user || bpf_probe_read_user(&at, sizeof(at), (const void *)list.user))
			return 0;
		arg = __builtin_bswap32(at);
	}
	list.user = guest_memory(kvm, arg);
	if (list.user)
		bpf_loop(MAX_PAIRS, look_at_pair, &list, 0);
	return list.whole ? list.modes : 0;
}

static __always_inline _Bool is_cas(__u64 hypercall)
{
	return hypercall == ABI_H_QEMU_CAS || hypercall == ABI_H_QEMU_VOF;
}

/*
 * The address of the request's vCPU stands in in[0], for a number is all that a program gets from
 * there. Without all that is looked at it is not known who asks.
 */
__noinline int fill_request(struct cc_record *r)
{
	struct kvm_vcpu *vcpu, *first;
	__u64 kvm, run, hypercall;

	if (!r)
		return 0;
	vcpu = (struct kvm_vcpu *)r->in[0];
	r->in[0] = 0;
	if (!bpf_core_field_exists(vcpu->arch.hcall_needed) ||
	    !bpf_core_field_exists(vcpu->stat.sum_exits))
		return 0;
	kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
	first = (struct kvm_vcpu *)first_vcpu(kvm);
	if (!first)
		return 0;
	r->in[CC_REQUEST_EXITS] = BPF_CORE_READ(vcpu, stat.sum_exits);
	if (first != vcpu)
		r->in[CC_REQUEST_EXITS] += BPF_CORE_READ(first, stat.sum_exits);
	hypercall = hypercall_of(vcpu);
	if (!is_cas(hypercall)) {
		vcpu = first;
		hypercall = hypercall_of(vcpu);
	}
	r->in[CC_REQUEST_HYPERCALL] = hypercall;
	r->in_words = CC_REQUEST_EXITS + 1;
	if (!is_cas(hypercall))
		return 0;
	run = (__u64)BPF_CORE_READ(vcpu, run);
	r->in[CC_REQUEST_MODES] = modes_of_guest(kvm, hypercall, word_at(run, ABI_RUN_HCALL_ARGS));
	if (r->in[CC_REQUEST_MODES])
		r->in_words = CC_REQUEST_MODES + 1;
	return 0;
}

#endif /* COMPATCAPS_REQUESTS_BPF_H */
