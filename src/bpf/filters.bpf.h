/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a task is, and whether what it does is asked for. Filters are on the process. Of a VM they
 * are asked once, when it is born or met first, and the answer is the VM's for all of its life
 * (vms.bpf.h): a process may rename itself or be moved to another cgroup, and others may share its
 * memory. Include after the filters and place().
 */
#ifndef COMPATCAPS_FILTERS_BPF_H
#define COMPATCAPS_FILTERS_BPF_H

#define MAX_ANCESTORS  64
#define MAX_PID_LEVELS 33 /* the kernel nests pid namespaces 32 deep */

/*
 * These loops are bpf_loop()'s: the verifier looks at such a body once or twice, and at a loop of C
 * as often as it can run, again in each program.
 */
struct pid_levels {
	struct pid *pid;
	__u32 nr;
};

/* 1 ends the loop. */
static long look_at_level(__u32 i, void *ctx)
{
	struct pid_levels *l = ctx;
	struct pid *pid = l->pid;
	struct upid *upid;

	if (i > BPF_CORE_READ(pid, level))
		return 1;
	upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       i * bpf_core_type_size(struct upid);
	if (BPF_CORE_READ(upid, ns, ns.inum) != pid_ns)
		return 0;
	l->nr = BPF_CORE_READ(upid, nr);
	return 1;
}

/* The number that a process of the tracer's pid namespace knows this pid by; 0: none. */
static __always_inline __u32 nr_of(struct pid *pid)
{
	struct pid_levels l = { .pid = pid };

	bpf_loop(MAX_PID_LEVELS, look_at_level, &l, 0);
	return l.nr;
}

static __noinline __u32 seen_pid_of(struct task_struct *task)
{
	return nr_of(BPF_CORE_READ(task, group_leader, thread_pid));
}

static __noinline __u32 seen_tid_of(struct task_struct *task)
{
	return nr_of(BPF_CORE_READ(task, thread_pid));
}

static __always_inline __u32 pid_of(struct task_struct *task)
{
	return FILTERS & CC_MODE_PID_NS ? seen_pid_of(task) : task->tgid;
}

static __always_inline __u32 tid_of(struct task_struct *task)
{
	return FILTERS & CC_MODE_PID_NS ? seen_tid_of(task) : task->pid;
}

static __noinline _Bool comm_matches(struct task_struct *task)
{
	char comm[CC_COMM_LEN];

	__builtin_memcpy(comm, task->group_leader->comm, sizeof(comm));
	for (int i = 0; i < CC_COMM_LEN; i++) {
		if (comm[i] != filter_comm[i])
			return 0;
		if (!comm[i])
			break;
	}
	return 1;
}

struct ancestors {
	struct task_struct *task;
	_Bool found; /* the tracer is one of them */
};

/* 1 ends the loop. */
static long look_at_ancestor(__u32 i, void *ctx)
{
	struct ancestors *a = ctx;
	struct task_struct *task = a->task;
	__u32 pid = FILTERS & CC_MODE_PID_NS ?
			    nr_of(BPF_CORE_READ(task, group_leader, thread_pid)) :
			    (__u32)BPF_CORE_READ(task, tgid);

	a->found = pid == tracer;
	if (a->found || BPF_CORE_READ(task, tgid) <= 1)
		return 1;
	a->task = BPF_CORE_READ(task, real_parent);
	return 0;
}

/* Orphans of a traced command find their way up as well: the tracer is a subreaper. */
static __noinline _Bool find_tracer(struct task_struct *task)
{
	struct ancestors a = { .task = task };

	bpf_loop(MAX_ANCESTORS, look_at_ancestor, &a, 0);
	return a.found;
}

/* Tells a thread from any other that has had its place, by when it was started. */
static __always_inline __u64 descent_key(struct task_struct *task)
{
	return task->start_time << 1;
}

static __noinline _Bool look_for_tracer(struct task_struct *task, struct in_flight *t)
{
	_Bool found = find_tracer(task);

	t->descent = descent_key(task) | found;
	return found;
}

/* It is looked at once: who has left a family does not come back to it. */
static __always_inline _Bool descends(struct task_struct *task)
{
	struct in_flight *t = place(task->pid, 0);
	__u64 key = descent_key(task);

	if (!t)
		return 0;
	if ((t->descent & ~1ull) == key)
		return t->descent & 1;
	return look_for_tracer(task, t);
}

static __always_inline _Bool in_cgroup(void)
{
	return bpf_get_current_ancestor_cgroup_id(filter_cgroup_level) == filter_cgroup;
}

/* ino: of the VM that it is about, 0: it is about none, or that has none. */
static __noinline _Bool process_is_asked_for(struct task_struct *task, __u64 ino)
{
	if ((filter_pid && filter_pid != pid_of(task)) || (filter_vm_ino && filter_vm_ino != ino))
		return 0;
	if (filter_cgroup && !in_cgroup())
		return 0;
	return !filter_comm[0] || comm_matches(task);
}

static __always_inline _Bool process_passes(struct task_struct *task, __u64 ino)
{
	if (pid_of(task) == tracer)
		return 0;
	if (FILTERS & CC_MODE_FILTERED && !process_is_asked_for(task, ino))
		return 0;
	return !(FILTERS & CC_MODE_DESCENDANTS) || descends(task);
}

/* This filter alone is on what a thread does, and not on VMs. */
static __always_inline _Bool thread_passes(struct task_struct *task)
{
	return !filter_tid || filter_tid == tid_of(task);
}

#endif /* COMPATCAPS_FILTERS_BPF_H */
