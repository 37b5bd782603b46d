/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * KVM_RUN: each that fails, the first of its kind, and those that end well and were waited for
 * (lives.bpf.h). The tracepoint tells no vCPU: the system call that the thread is in does. Include
 * after lives.bpf.h.
 */
#ifndef COMPATCAPS_RUNS_BPF_H
#define COMPATCAPS_RUNS_BPF_H

#define MAX_RUNS 4096 /* kinds of failures of KVM_RUN that are remembered */

/*
 * A kind of failure: of a vCPU since its VM's newest request for a mode; where the VM is not known
 * of a process.
 */
struct run_kind {
	__u64 vm, requests;
	__u32 vcpu;
	__u32 tgid;
	__u32 reason;
	__s32 ret;
};

/* Those that have been recorded: a VMM may try again and again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_RUNS);
	__type(key, struct run_kind);
	__type(value, __u8);
} runs SEC(".maps");

__u64 runs_repeated; /* further ones of these kinds */

static __always_inline _Bool is_kvms(__u32 cmd)
{
	return (cmd >> 8 & 0xff) == 0xae;
}

/* What the file of the ioctl that this thread is in holds, and the command; 0: it is in none. */
static __noinline __u64 under_way(struct task_struct *task, __u32 *cmd)
{
	__u64 regs = (__u64)BPF_CORE_READ(task, thread.regs);
	__u64 trap = word_at(regs, ABI_REGS_TRAP) & ~0xfull;
	__u32 fd = word_at(regs, ABI_REGS_ORIG_GPR3); /* the kernel looks at no more of it */
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	*cmd = word_at(regs, ABI_REGS_GPR(4));
	if ((trap != TRAP_SYSCALL && trap != TRAP_SCV) ||
	    word_at(regs, ABI_REGS_GPR(0)) != NR_IOCTL || !is_kvms(*cmd) ||
	    fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return (__u64)BPF_CORE_READ(file, private_data);
}

/*
 * Another thread may have put another file in this one's place by then. A vCPU proves itself:
 * for each of its ioctls but KVM_INTERRUPT the thread that calls holds its mutex.
 */
static __always_inline _Bool is_held(struct kvm_vcpu *vcpu, struct task_struct *task)
{
	if (!bpf_core_field_exists(vcpu->mutex.owner))
		return 0;
	return (BPF_CORE_READ(vcpu, mutex.owner.counter) & ~(__u64)MUTEX_FLAGS) == (__u64)task;
}

/* And a VM by the memory that it is made of. */
static __always_inline _Bool is_of(struct kvm *kvm, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(kvm, mm);

	return mm && mm == BPF_CORE_READ(task, mm);
}

/* The word that goes with it, in the part of memory that user space shares. */
static __always_inline __u64 hardware_reason(struct kvm_vcpu *vcpu, __u32 reason)
{
	__u64 word = word_at((__u64)BPF_CORE_READ(vcpu, run), ABI_RUN_WORD);

	return reason == ABI_EXIT_INTERNAL_ERROR ? (__u32)word : word; /* a suberror has 32 bits */
}

/* Of an error kvm_run has no reason but an older one. */
static __always_inline struct run_kind kind_of(const struct call *c, struct kvm_vcpu *vcpu, int ret)
{
	struct run_kind kind = { .ret = ret, .reason = ret < 0 ? 0 : c->cmd };
	struct vm *vm = vm_of(c);

	if (vm) {
		kind.vm = vm->number;
		kind.vcpu = BPF_CORE_READ(vcpu, vcpu_id);
		kind.requests = vm->requests;
	} else {
		kind.tgid = bpf_get_current_task_btf()->tgid;
	}
	return kind;
}

/* Where it finds no room the next one of its kind is tried, and is no repetition. */
static __always_inline int record_kind(struct call *c, struct kvm_vcpu *vcpu, int ret)
{
	struct run_kind kind = kind_of(c, vcpu, ret);
	__u8 told = 1;

	if (bpf_map_update_elem(&runs, &kind, &told, BPF_NOEXIST) == -EEXIST)
		__sync_fetch_and_add(&runs_repeated, 1);
	else if (try_simple(c, vcpu, 0, ret))
		bpf_map_delete_elem(&runs, &kind);
	return 0;
}

/* The vCPU that this thread runs; NULL: that cannot be told. */
static __always_inline struct kvm_vcpu *running(struct task_struct *task)
{
	struct kvm_vcpu *vcpu;
	__u32 cmd;

	vcpu = (struct kvm_vcpu *)under_way(task, &cmd);
	return vcpu && is_held(vcpu, task) ? vcpu : NULL;
}

static __noinline int failed_run(__u32 reason, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call c = { .type = CC_RUN, .cmd = reason };
	struct kvm_vcpu *vcpu = running(task);

	if (vcpu) {
		c.kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
		/* What there is to be read of an exit that is none is an older one's. */
		c.arg = ret < 0 ? 0 : hardware_reason(vcpu, reason);
	}
	return is_asked_for(&c) ? record_kind(&c, vcpu, ret) : 0;
}

/* While some VM of this memory waits for one. */
static __noinline int good_run(__u32 reason, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call c = { .type = CC_RAN, .cmd = reason };
	struct kvm_vcpu *vcpu;
	struct vm *vm;

	if (!*waiting_with((__u64)BPF_CORE_READ(task, mm)))
		return 0;
	vcpu = running(task);
	if (!vcpu)
		return 0;
	c.kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
	vm = vm_of(&c);
	if (!vm || !vm->n_awaited || !is_asked_for(&c) || !has_awaited(vm, vcpu))
		return 0;
	try_simple(&c, vcpu, 0, ret);
	return 0;
}

/* Most exits to user space are I/O, and none that fails. */
SEC("tp_btf")
int BPF_PROG(run_tp, __u32 reason, int ret)
{
	if (ret < 0)
		return ret == -EINTR || ret == -EAGAIN ? 0 : failed_run(reason, ret);
	if (reason != ABI_EXIT_UNKNOWN && reason != ABI_EXIT_FAIL_ENTRY &&
	    reason != ABI_EXIT_INTERNAL_ERROR)
		return waiting ? good_run(reason, ret) : 0;
	return failed_run(reason, ret);
}

#endif /* COMPATCAPS_RUNS_BPF_H */
