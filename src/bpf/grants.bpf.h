/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What KVM granted and what it denied: the newest answer to each KVM_CHECK_EXTENSION, by process. A
 * VMM asks for much of it on /dev/kvm, some before there is a VM, and for the rest on the VM, so
 * that the process is what all of its checks have in common. Nothing is sent when it asks. When a
 * VM of it ends, what is known of the process goes with that.
 *
 * A VMM makes a hundred checks when it starts, and a check is a cheap call. So this is an array, in
 * which a process's id is the place to look: four entries are a set, and a process has one of the
 * set that its id gives. A later process can get the same id. It has other memory, by which it is
 * told where a VM is made and where one ends, and not with each check. An entry is
 * left alone for GRANTS_KEPT_NS. Until then a user has two of a set at most, and replaces the own
 * older one: so nobody pushes out another user's process that has just started. Who finds no place
 * is not remembered, and no more is said of it than if it had not asked.
 *
 * Include after bpf/shares.bpf.h and place().
 */
#ifndef COMPATCAPS_GRANTS_BPF_H
#define COMPATCAPS_GRANTS_BPF_H

#define MAX_GRANTS     2048 /* a power of 2 */
#define SET_OF_GRANTS  4
#define GRANTS_KEPT_NS 60000000000ull

struct grants {
	__u64 since; /* 0: they are nobody's */
	__u64 user;
	__u64 mm;
	__u32 tgid, pad;
	struct cc_grants are;
};

static struct grants granted[MAX_GRANTS];

static __always_inline struct grants *grants_at(__u32 tgid, __u32 i)
{
	return &granted[(tgid * SET_OF_GRANTS % MAX_GRANTS) + i];
}

/* What is known of a process; NULL: nothing is. */
static __always_inline struct grants *find_grants(__u32 tgid)
{
	struct grants *g;

	for (__u32 i = 0; i < SET_OF_GRANTS; i++) {
		g = grants_at(tgid, i);
		if (g->tgid == tgid)
			return g;
	}
	return NULL;
}

/*
 * Who gives way to this user: nobody, where there is room and the user has less than half of the
 * set; else the user's own oldest. NULL: there is none.
 */
static __always_inline struct grants *who_gives_way(__u32 tgid, __u64 user, __u64 now)
{
	struct grants *g, *own = NULL, *room = NULL;
	__u32 n = 0;

	for (__u32 i = 0; i < SET_OF_GRANTS; i++) {
		g = grants_at(tgid, i);
		if (!g->since || now - g->since > GRANTS_KEPT_NS) {
			room = room ?: g; /* the first is found soonest */
		} else if (g->user == user) {
			n++;
			if (!own || g->since < own->since)
				own = g;
		}
	}
	return room && n < SET_OF_GRANTS / 2 ? room : own;
}

static __noinline struct grants *take_grants(struct task_struct *task)
{
	__u64 user = current_user(), now = bpf_ktime_get_ns(), was;
	struct grants *g = who_gives_way(task->tgid, user, now);

	if (!g)
		return NULL;
	was = g->since;
	if (__sync_val_compare_and_swap(&g->since, was, now) != was)
		return NULL;
	g->tgid = 0;
	__builtin_memset(&g->are, 0, sizeof(g->are));
	g->user = user;
	g->mm = (__u64)task->mm;
	__sync_lock_test_and_set(&g->tgid, task->tgid);
	return g;
}

/* Mostly it was asked before, and answered alike. */
static __always_inline int note_grant_in(struct grants *g, __u32 ext, int ret)
{
	__u32 word = ext / 64 % CC_GRANT_WORDS;
	__u64 *now = ret > 0 ? g->are.yes : g->are.no, *then = ret > 0 ? g->are.no : g->are.yes;
	__u64 bit = 1ull << ext % 64;

	if (now[word] & bit)
		return 0;
	__sync_fetch_and_or(&now[word], bit);
	__sync_fetch_and_and(&then[word], ~bit);
	return 0;
}

/* It has another place than its first, or none yet. Global, to be verified by itself. */
__noinline int note_grant_elsewhere(__u32 ext, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct grants *g = find_grants(task->tgid);

	if (!g)
		g = take_grants(task);
	return g ? note_grant_in(g, ext, ret) : 0;
}

/* KVM_CHECK_EXTENSION has ended. */
static __always_inline int note_grant(__u64 ext, int ret)
{
	__u32 tgid = bpf_get_current_task_btf()->tgid;
	struct grants *g = grants_at(tgid, 0);

	if (ext >= CC_GRANTS)
		return 0;
	return g->tgid == tgid ? note_grant_in(g, ext, ret) : note_grant_elsewhere(ext, ret);
}

/* A VM is made: what is known of a process with this id is not this one's if its memory is another.
 */
static __always_inline void check_grants(struct task_struct *task)
{
	struct grants *g = find_grants(task->tgid);

	if (!g || g->mm == (__u64)task->mm)
		return;
	__builtin_memset(&g->are, 0, sizeof(g->are));
	g->mm = (__u64)task->mm;
}

/*
 * By kprobes, of which the second one does not see what was asked for: the thread's place keeps it.
 * Another thread may overwrite it. Then nothing is noted.
 */
static __always_inline void begin_grant(__u64 ext)
{
	__u32 thread = bpf_get_current_task_btf()->pid;
	struct in_flight *t = place(thread, 0);

	if (t && ext < CC_GRANTS)
		t->check = (__u64)thread << 32 | ext;
}

static __always_inline int end_grant(int ret)
{
	__u32 thread = bpf_get_current_task_btf()->pid;
	struct in_flight *t = place(thread, 0);
	__u32 ext;

	if (!t || t->check >> 32 != thread)
		return 0;
	ext = t->check;
	t->check = 0;
	return note_grant(ext, ret);
}

#endif /* COMPATCAPS_GRANTS_BPF_H */
