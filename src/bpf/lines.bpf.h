/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The lines that KVM prints, with the VM whose ioctl the thread is in. Include after
 * bpf/printer.bpf.h and bpf/runs.bpf.h.
 */
#ifndef COMPATCAPS_LINES_BPF_H
#define COMPATCAPS_LINES_BPF_H

static __always_inline _Bool in_interrupt(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.preempt_count) & IN_INTERRUPT;
}

/* The VM that it is about, as far as the thread's ioctl tells. Returns the vCPU; NULL: none. */
static __always_inline struct kvm_vcpu *find_vm(struct call *c, struct task_struct *task)
{
	__u64 object = under_way(task, &c->cmd);
	struct kvm_vcpu *vcpu = (struct kvm_vcpu *)object;

	if (object && is_held(vcpu, task)) {
		c->kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
		return vcpu;
	}
	if (object && is_of((struct kvm *)object, task))
		c->kvm = object;
	else
		c->cmd = 0;
	return NULL;
}

static __always_inline void fill_nobody(struct cc_record *r)
{
	r->seen |= CC_SEEN_INTERRUPT;
	r->pid = r->tid = 0;
	r->cgroup = 0;
	__builtin_memset(r->comm, 0, sizeof(r->comm));
	__builtin_memset(r->thread, 0, sizeof(r->thread));
}

static __always_inline void fill_line(struct cc_line *l, const char *text, __u64 len)
{
	__u32 n = len < sizeof(l->text) ? len : sizeof(l->text);

	if (bpf_probe_read_kernel(l->text, n, text))
		__builtin_memset(l->text, 0, sizeof(l->text));
}

/* Of KVM_SET_ONE_REG also which register: the first word of what its argument points to. */
static __always_inline void fill_ioctl(struct cc_record *r, struct task_struct *task,
				       struct kvm_vcpu *vcpu)
{
	__u64 regs = (__u64)BPF_CORE_READ(task, thread.regs);

	r->vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	r->seen |= CC_SEEN_VCPU;
	if (r->cmd == ABI_CMD_SET_ONE_REG)
		r->in_words = !bpf_probe_read_user(&r->in[0], sizeof(r->in[0]),
						   (const void *)word_at(regs, ABI_REGS_GPR(5)));
}

static __noinline int record_line(struct call *c, struct kvm_vcpu *vcpu, const char *text)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now = bpf_ktime_get_ns();
	struct vm *vm = vm_of(c);
	struct cc_line *l;

	if (!admit(c, vm, LINE_BYTES))
		return count_loss(CC_LOSS_BUDGET, c, CC_RET_UNKNOWN);
	l = bpf_ringbuf_reserve(&ring, sizeof(*l), 0);
	if (!l)
		return count_loss(CC_LOSS_RING, c, CC_RET_UNKNOWN);
	fill_call(&l->rec, c, now, 0);
	fill_nothing(&l->rec);
	fill_vm(&l->rec, vm);
	l->rec.pid = pid_of(task);
	l->rec.tid = tid_of(task);
	fill_caller(&l->rec, task);
	if (vcpu)
		fill_ioctl(&l->rec, task, vcpu);
	if (in_interrupt(task))
		fill_nobody(&l->rec);
	fill_line(l, text, c->arg);
	bpf_ringbuf_submit(l, wake_flags(now));
	if (vcpu && c->cmd == ABI_CMD_RUN)
		await_vcpu(vcpu, 0);
	return 0;
}

/* Whose thread an interrupt has come upon has nothing to do with what it prints. */
static __noinline int line_of_kvm(const char *text, __u64 len, enum printer printer)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call c = { .type = CC_KERNEL, .arg = len };
	struct kvm_vcpu *vcpu = NULL;

	if (in_interrupt(task)) {
		if (FILTERS & (CC_MODE_FILTERED | CC_MODE_DESCENDANTS))
			return 0;
	} else {
		vcpu = find_vm(&c, task);
		if (!is_asked_for(&c))
			return 0;
	}
	/* The kernel's buffer for stacks was in use. */
	if (printer == PRINTER_UNKNOWN)
		return count_loss(CC_LOSS_RECURSION, &c, CC_RET_UNKNOWN);
	return record_line(&c, vcpu, text);
}

/* Capitals or not, 'K' first in memory: "KVM: ...", "KVM-NESTEDv2: ...", "kvm [PID]: ..." */
static __always_inline _Bool begins_with_kvm(const char *text, __u64 len)
{
	__u32 head = 0;

	return len >= sizeof(head) && !bpf_probe_read_kernel(&head, sizeof(head), text) &&
	       (head & 0xdfdfdf) == ('K' | 'V' << 8 | 'M' << 16);
}

/* The text comes without its time and level. */
SEC("tp_btf")
int BPF_PROG(console_tp, const char *text, __u64 len)
{
	enum printer printer;

	if (!begins_with_kvm(text, len))
		return 0;
	printer = find_printer(ctx);
	return printer == PRINTER_OTHER ? 0 : line_of_kvm(text, len, printer);
}

#endif /* COMPATCAPS_LINES_BPF_H */
