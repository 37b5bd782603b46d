/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Births and ends of VMs, and the KVM_RUNs that are waited for.
 *
 * A VM is born when kvm_arch_init_vm() has returned, and ends when kvm_arch_destroy_vm() is
 * entered, also where KVM gives it up on the way: both are in the ring, in the order of its calls.
 *
 * Of each VM the first KVM_RUN that ends well is waited for, from its birth on, or since it was met
 * first; and again the next one of each vCPU that got a request for a mode, or ran while KVM
 * printed a line. An exit to user space is no place for a search. So it is counted how many VMs
 * have something to wait for, in all and by the memory that a VM is of, and where that is 0 an exit
 * costs a look at one number, or at two.
 *
 * Include after count_loss(), record_simple() and inode_of().
 */
#ifndef COMPATCAPS_LIVES_BPF_H
#define COMPATCAPS_LIVES_BPF_H

#define WAITING 256 /* a power of 2 */

/* VMs of which a good run is waited for. */
__u32 waiting;
__u32 waiting_of[WAITING]; /* by their memory */

static __always_inline __u32 *waiting_with(__u64 mm)
{
	return &waiting_of[(mm >> 7 ^ mm >> 15) % WAITING];
}

static __always_inline void await(struct vm *vm)
{
	if (__sync_fetch_and_add(&vm->n_awaited, 1))
		return;
	__sync_fetch_and_add(waiting_with(vm->mm), 1);
	__sync_fetch_and_add(&waiting, 1);
}

static __always_inline void stop_awaiting(struct vm *vm)
{
	__sync_fetch_and_add(waiting_with(vm->mm), -1);
	__sync_fetch_and_add(&waiting, -1);
}

static __always_inline void was_awaited(struct vm *vm)
{
	if (__sync_fetch_and_add(&vm->n_awaited, -1) == 1)
		stop_awaiting(vm);
}

/* Decided by somebody else a moment ago, maybe. */
static __always_inline _Bool decide(struct vm *vm, _Bool passes)
{
	__u32 as = passes ? VM_PASSES : VM_LEFT_OUT;
	__u32 was = __sync_val_compare_and_swap(&vm->passes, VM_UNDECIDED, as);

	if (was != VM_UNDECIDED)
		return was == VM_PASSES;
	if (passes) {
		vm->first = FIRST_AWAITED;
		await(vm);
	}
	return passes;
}

static __always_inline _Bool vm_passes(struct vm *vm, struct task_struct *task)
{
	if (vm->passes != VM_UNDECIDED)
		return vm->passes == VM_PASSES;
	return decide(vm, process_passes(task, vm->ino));
}

/*
 * It got a request for a mode, whatever became of it; or KVM printed a line while it ran, which is
 * of no later KVM_RUN than the one that ends well.
 */
static __noinline int await_vcpu(struct kvm_vcpu *vcpu, _Bool asks)
{
	__u64 kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
	struct vm *vm = bpf_map_lookup_elem(&vms, &kvm);
	__u32 i = BPF_CORE_READ(vcpu, vcpu_idx);
	__u64 bit = 1ull << i % BITS_OF_WORD;

	if (!vm || vm->passes != VM_PASSES || i >= MAX_VCPUS)
		return 0;
	if (asks)
		__sync_fetch_and_add(&vm->requests, 1);
	if (!(__sync_fetch_and_or(&vm->asked[i / BITS_OF_WORD], bit) & bit))
		await(vm);
	return 0;
}

/* This vCPU has run well: was that waited for? Then it is no longer. */
static __noinline _Bool has_awaited(struct vm *vm, struct kvm_vcpu *vcpu)
{
	__u32 i = BPF_CORE_READ(vcpu, vcpu_idx);
	__u64 bit = 1ull << i % BITS_OF_WORD;
	_Bool first, asked = 0;

	first = vm->first == FIRST_AWAITED &&
		__sync_val_compare_and_swap(&vm->first, FIRST_AWAITED, FIRST_HAS_RUN) ==
			FIRST_AWAITED;
	if (first)
		was_awaited(vm);
	if (i < MAX_VCPUS && vm->asked[i / BITS_OF_WORD] & bit)
		asked = __sync_fetch_and_and(&vm->asked[i / BITS_OF_WORD], ~bit) & bit;
	if (asked)
		was_awaited(vm);
	return first || asked;
}

static __noinline int forget_vm(struct vm *vm, __u64 kvm)
{
	if (vm->n_awaited)
		stop_awaiting(vm);
	__sync_fetch_and_add(&vm_changes, 1);
	bpf_map_delete_elem(&vms, &kvm);
	return 0;
}

/* An end that nobody saw: the memory is another VM's by now. */
static __noinline int miss_end(struct vm *vm, __u64 kvm)
{
	if (vm->passes == VM_PASSES && vm->epoch == vm_epoch)
		count_loss_of(CC_LOSS_MISSED, CC_VM_ENDED, vm->number, vm->ino, CC_RET_UNKNOWN);
	return forget_vm(vm, kvm);
}

static __noinline struct vm *look_at_vm(__u64 kvm)
{
	struct vm *vm = bpf_map_lookup_elem(&vms, &kvm);
	__u64 ino = inode_of(kvm);

	if (vm && !is_of_now(vm, ino)) {
		miss_end(vm, kvm);
		vm = NULL;
	}
	if (!vm || !vm->number)
		vm = add_vm(kvm);
	if (!vm)
		return NULL;
	look_at_directory(vm, kvm, ino);
	vm->epoch = vm_epoch;
	return vm;
}

/* The VM of a call. NULL: there is no room for it. */
static __always_inline struct vm *meet_vm(__u64 kvm)
{
	struct vm *vm = bpf_map_lookup_elem(&vms, &kvm);

	return vm && vm->looked && vm->epoch == vm_epoch ? vm : look_at_vm(kvm);
}

/*
 * Is this call, of this thread, asked for? Then vm and vm_ino of it are set. Where the VM finds no
 * room the call is lost. Global, to be verified by itself.
 */
__noinline int is_asked_for(struct call *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vm *vm;

	if (!c)
		return 0;
	/* Whichever thread makes it, a VM is of the process. */
	if (FILTERS & CC_MODE_FILTERED && c->type != CC_VM_CREATED && !thread_passes(task))
		return 0;
	if (!c->kvm)
		return process_passes(task, 0);
	vm = meet_vm(c->kvm);
	if (!vm) {
		if (process_passes(task, inode_of(c->kvm)))
			count_loss(CC_LOSS_VMS, c, CC_RET_UNKNOWN);
		return 0;
	}
	c->vm = vm->number;
	c->vm_ino = vm->ino;
	return vm_passes(vm, task);
}

/* ret: kvm_arch_init_vm()'s. mono_ns: when that was called, 0: not known. */
static __noinline int vm_was_made(__u64 kvm, int ret, __u64 mono_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call c = { .type = CC_VM_CREATED, .mono_ns = mono_ns };
	struct vm *vm;

	if (ret)
		return process_passes(task, 0) ? record_simple(&c, NULL, ret) : 0;
	vm = bpf_map_lookup_elem(&vms, &kvm);
	if (vm)
		miss_end(vm, kvm);
	vm = add_vm(kvm);
	__sync_fetch_and_add(&vm_changes, 1);
	if (!vm)
		return process_passes(task, 0) ? count_loss(CC_LOSS_VMS, &c, ret) : 0;
	vm->born = 1;
	vm->tgid = task->tgid;
	check_grants(task);
	if (!vm_passes(vm, task))
		return 0;
	c.kvm = kvm;
	c.vm = vm->number;
	return record_simple(&c, NULL, ret);
}

/* Its directory is gone already. */
static __noinline int vm_ends(__u64 kvm)
{
	struct vm *vm = bpf_map_lookup_elem(&vms, &kvm);
	struct call c = { .type = CC_VM_ENDED, .kvm = kvm };

	if (!vm)
		return 0;
	c.vm = vm->number;
	c.vm_ino = vm->ino;
	if (vm->passes == VM_PASSES && vm->epoch == vm_epoch)
		record_end(&c, vm);
	return forget_vm(vm, kvm);
}

SEC("fexit")
int BPF_PROG(birth_fexit, struct kvm *kvm, unsigned long type, int ret)
{
	return vm_was_made((__u64)kvm, ret, 0);
}

SEC("fentry")
int BPF_PROG(death_fentry, struct kvm *kvm)
{
	return vm_ends((__u64)kvm);
}

#endif /* COMPATCAPS_LIVES_BPF_H */
