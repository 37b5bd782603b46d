/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One call as a record in the ring, behind the command line of its VM where that was not sent yet.
 * What finds no room is counted by count_loss(). Include after bpf/shares.bpf.h,
 * bpf/user_memory.bpf.h and bpf/requests.bpf.h.
 */
#ifndef COMPATCAPS_RECORD_BPF_H
#define COMPATCAPS_RECORD_BPF_H

/* The reader looks again by itself for a while after it was woken. */
static __always_inline __u64 wake_flags(__u64 now)
{
	if (now - woken_ns < WAKE_NS)
		return BPF_RB_NO_WAKEUP;
	woken_ns = now;
	return BPF_RB_FORCE_WAKEUP;
}

/* Not counted where it fails: user space can still look for the process. */
static __noinline int send_args(struct vm *vm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cc_args *a;
	__u64 from, len;

	a = bpf_ringbuf_reserve(&ring, sizeof(*a), 0);
	if (!a)
		return 0;
	from = BPF_CORE_READ(task, mm, arg_start);
	len = BPF_CORE_READ(task, mm, arg_end) - from;
	if (len > CC_ARGS_LEN)
		len = CC_ARGS_LEN;
	a->type = CC_ARGS;
	a->pid = pid_of(task);
	a->vm = vm->number;
	a->vm_ino = vm->ino;
	a->pad = 0;
	a->len = bpf_probe_read_user(a->args, len, (const void *)from) ? 0 : len;
	bpf_ringbuf_submit(a, BPF_RB_NO_WAKEUP); /* its record follows */
	vm->args_sent = 1;
	return 0;
}

/* Word by word: to the compiler it is a string of bytes at no known boundary. */
static __always_inline void copy_comm(char *to, const char *from)
{
	((__u64 *)to)[0] = ((const __u64 *)from)[0];
	((__u64 *)to)[1] = ((const __u64 *)from)[1];
}

static __always_inline void fill_caller(struct cc_record *r, struct task_struct *task)
{
	r->cgroup = bpf_get_current_cgroup_id();
	copy_comm(r->comm, task->group_leader->comm);
	copy_comm(r->thread, task->comm);
}

static __always_inline void fill_vm(struct cc_record *r, const struct vm *vm)
{
	if (vm) {
		__builtin_memcpy(r->vm_name, vm->name, sizeof(r->vm_name));
		r->has_hook = vm->has_hook;
		r->kvm_pr = vm->kvm_pr;
		r->seen |= vm->seen;
	} else {
		__builtin_memset(r->vm_name, 0, sizeof(r->vm_name));
		r->has_hook = r->kvm_pr = 0;
	}
}

static __always_inline void fill_negotiation(struct cc_record *r, const struct in_flight *t)
{
	__builtin_memcpy(r->in, t->in, sizeof(r->in));
	r->in_words = t->in_words;
	r->out_words = read_words(r->out, t->call.arg);
	r->backend_caps = t->backend_caps;
	r->backend_head = t->backend_head;
	r->backend_ret = t->backend_ret;
	r->seen = t->seen;
	if (t->watched && t->watched == hook_watched)
		r->seen |= CC_SEEN_WATCHED;
}

/* Of what has no struct of the caller's. */
static __always_inline void fill_nothing(struct cc_record *r)
{
	__builtin_memset(r->in, 0, sizeof(r->in));
	__builtin_memset(r->out, 0, sizeof(r->out));
	r->in_words = r->out_words = 0;
	r->backend_caps = r->backend_head = 0;
	r->backend_ret = 0;
	r->seen = 0;
	r->tail_from = r->tail_read = r->tail_first = 0;
}

static __always_inline void fill_tail(struct cc_record *r, const struct tail *tail)
{
	if (tail->from)
		r->seen |= CC_SEEN_TAIL;
	r->tail_from = tail->from;
	r->tail_read = tail->read;
	r->tail_first = tail->first;
}

static __always_inline void fill_call(struct cc_record *r, const struct call *c, __u64 now, int ret)
{
	r->type = c->type;
	r->mono_ns = c->mono_ns ?: now;
	r->latency_ns = now - r->mono_ns;
	r->vm = c->vm;
	r->vm_ino = c->vm_ino;
	r->arg = c->arg;
	r->cmd = c->cmd;
	r->ret = ret;
	r->papr = 0;
	r->vcpu = 0;
}

/* May it be recorded? Then its VM's command line is sent ahead of the first one. */
static __always_inline _Bool admit(const struct call *c, struct vm *vm, __u64 bytes)
{
	_Bool first = vm && !vm->args_sent;

	if (!has_room(c, first ? bytes + ARGS_BYTES : bytes))
		return 0;
	if (first)
		send_args(vm);
	return 1;
}

/* Global, to be verified once and not for each map that a call can be in. */
__noinline int record_negotiation(struct in_flight *t, int ret)
{
	__u64 now = bpf_ktime_get_ns();
	struct tail tail = {};
	struct cc_record *r;

	if (!t)
		return 0;
	if (!admit(&t->call, t->known.args_sent ? NULL : vm_of(&t->call), RECORD_BYTES))
		return count_loss(CC_LOSS_BUDGET, &t->call, ret);
	read_tail(&tail, &t->call, usize_of(&t->call, t, ret));
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r)
		return count_loss(CC_LOSS_RING, &t->call, ret);
	fill_call(r, &t->call, now, ret);
	fill_negotiation(r, t);
	fill_tail(r, &tail);
	__builtin_memcpy(r->vm_name, t->known.name, sizeof(r->vm_name));
	r->has_hook = t->known.has_hook;
	r->kvm_pr = t->known.kvm_pr;
	r->seen |= t->known.seen;
	r->pid = t->pid;
	r->tid = t->tid;
	fill_caller(r, bpf_get_current_task_btf());
	bpf_ringbuf_submit(r, wake_flags(now));
	return 0;
}

/* Of a KVM_RUN what the vCPU shows of itself. KVM PR has no vcore. */
static __always_inline void fill_run(struct cc_record *r, struct kvm_vcpu *vcpu)
{
	struct kvmppc_vcore *core = BPF_CORE_READ(vcpu, arch.vcore);

	if (!bpf_core_field_exists(vcpu->stat.sum_exits))
		return;
	r->in[CC_VCPU_EXITS] = BPF_CORE_READ(vcpu, stat.sum_exits);
	r->in_words = CC_VCPU_EXITS + 1;
	if (!core || !BPF_CORE_READ(vcpu, kvm, arch.kvm_ops, enable_nested))
		return;
	r->in[CC_VCPU_PVR] = BPF_CORE_READ(core, arch_compat);
	r->in_words = CC_VCPU_PVR + 1;
}

/* The thread holds the vCPU's mutex: what is enabled is what was when its call began. */
static __always_inline void fill_vcpu(struct cc_record *r, struct kvm_vcpu *vcpu)
{
	r->vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	r->papr = BPF_CORE_READ(vcpu, arch.papr_enabled) != 0;
	r->seen |= CC_SEEN_VCPU | CC_SEEN_PAPR;
}

/*
 * vcpu: that it is about; NULL: about none, or that could not be told. asks: it is a request for a
 * mode, and no KVM_RUN, which the type does not tell the verifier. Returns 1 where it was lost,
 * which is counted.
 */
static __noinline int try_simple(struct call *c, struct kvm_vcpu *vcpu, _Bool asks, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now = bpf_ktime_get_ns();
	struct vm *vm = vm_of(c);
	struct cc_record *r;

	if (!admit(c, vm, RECORD_BYTES)) {
		count_loss(CC_LOSS_BUDGET, c, ret);
		return 1;
	}
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count_loss(CC_LOSS_RING, c, ret);
		return 1;
	}
	fill_call(r, c, now, ret);
	fill_nothing(r);
	fill_vm(r, vm);
	if (vcpu) {
		fill_vcpu(r, vcpu);
		if (asks) {
			r->in[0] = (__u64)vcpu;
			fill_request(r);
		} else {
			fill_run(r, vcpu);
		}
	}
	r->pid = pid_of(task);
	r->tid = tid_of(task);
	fill_caller(r, task);
	bpf_ringbuf_submit(r, wake_flags(now));
	return 0;
}

/* What was granted to the process that made it; of a VM that is older than the trace nobody knows.
 */
static __always_inline void fill_grants(struct cc_grants *to, const struct vm *vm)
{
	const struct grants *g = vm->tgid ? find_grants(vm->tgid) : NULL;

	if (g && g->mm == vm->mm)
		__builtin_memcpy(to, &g->are, sizeof(*to));
	else
		__builtin_memset(to, 0, sizeof(*to));
}

static __noinline int record_end(struct call *c, struct vm *vm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now = bpf_ktime_get_ns();
	struct cc_end *e;

	if (!admit(c, vm, END_BYTES))
		return count_loss(CC_LOSS_BUDGET, c, 0);
	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e)
		return count_loss(CC_LOSS_RING, c, 0);
	fill_call(&e->rec, c, now, 0);
	fill_nothing(&e->rec);
	fill_vm(&e->rec, vm);
	e->rec.pid = pid_of(task);
	e->rec.tid = tid_of(task);
	fill_caller(&e->rec, task);
	fill_grants(&e->grants, vm);
	bpf_ringbuf_submit(e, wake_flags(now));
	return 0;
}

/* vcpu: of a request for a mode. */
static __always_inline int record_simple(struct call *c, struct kvm_vcpu *vcpu, int ret)
{
	try_simple(c, vcpu, 1, ret);
	return 0;
}

#endif /* COMPATCAPS_RECORD_BPF_H */
