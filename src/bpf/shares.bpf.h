/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may fill how much of the ring, so that nobody hides another.
 *
 * Up to half of the ring is for whoever comes first: a reader that keeps up never sees more, and a
 * burst finds room there. Above that a record is charged to its VM and to the process that calls,
 * in the last quarter also to the user. Each of them has a share, and what exceeds it is lost:
 *
 *   a VM        1/128 of the ring   so that one VM of a process does not hide another of it
 *   a process   1/32                so that the third quarter has room for 8 of them
 *   a user      1/16                so that the last quarter has room for 4 of them
 *
 * So a process is hidden neither by processes of another user, however many they are and whatever
 * VMs they make, nor by 8 of its own user. SECURITY.md says it in words, and
 * tests/vm/parts/rivals.py tries each. A share comes in halves, so that who has nothing unread has
 * half of it at least. The end of a VM is charged to its process alone: a VM that fills its share
 * does not hide it. Include after the map `ring` and bpf/vms.bpf.h.
 */
#ifndef COMPATCAPS_SHARES_BPF_H
#define COMPATCAPS_SHARES_BPF_H

#define SHARES_OF_VM	  128
#define SHARES_OF_PROCESS 32
#define SHARES_OF_USER	  16

#define MAX_PROCESSES 4096 /* of which something is remembered; then the oldest are forgotten */
#define MAX_USERS     1024 /* likewise */
#define MAX_NS_LEVELS 33   /* the kernel nests user namespaces 32 deep */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_PROCESSES);
	__type(key, __u32);
	__type(value, struct share);
} processes SEC(".maps");

struct user {
	struct share share;
	__u64 overflows; /* calls of the user that are in the map of overflows */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_USERS);
	__type(key, __u64);
	__type(value, struct user);
} users SEC(".maps");

/* 1 ends the loop. */
static long look_at_namespace(__u32 i, void *ctx)
{
	struct user_namespace **at = ctx, *ns = *at;

	if (BPF_CORE_READ(ns, level) <= 1)
		return 1;
	*at = BPF_CORE_READ(ns, parent);
	return 0;
}

/*
 * Who answers for a process, by something that it cannot choose: its user id, but in a user
 * namespace, where it can have any of thousands, the user who made that namespace. What root makes
 * such namespaces for are containers: each of them counts as a user. Global, to be verified by
 * itself.
 */
__noinline __u64 current_user(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct user_namespace *ns = BPF_CORE_READ(cred, user_ns);
	__u32 owner;

	if (!BPF_CORE_READ(ns, level))
		return BPF_CORE_READ(cred, uid.val);
	bpf_loop(MAX_NS_LEVELS, look_at_namespace, &ns, 0);
	owner = BPF_CORE_READ(ns, owner.val);
	return owner ?: 1ull << 32 | BPF_CORE_READ(ns, ns.inum);
}

/* NULL: there is no memory for it. */
static __noinline struct user *meet_user(__u64 id)
{
	struct user *user = bpf_map_lookup_elem(&users, &id), fresh = {};

	if (user)
		return user;
	bpf_map_update_elem(&users, &id, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&users, &id);
}

static __noinline struct share *meet_process(__u32 tgid)
{
	struct share *s = bpf_map_lookup_elem(&processes, &tgid), fresh = {};

	if (s)
		return s;
	bpf_map_update_elem(&processes, &tgid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&processes, &tgid);
}

/* A half of a share can be used again when the reader has read all that was there at its turn. */
static __noinline _Bool may_turn(struct share *s)
{
	__u64 turn = s->turn, next = bpf_ringbuf_query(&ring, BPF_RB_PROD_POS);

	if (bpf_ringbuf_query(&ring, BPF_RB_CONS_POS) < turn)
		return 0;
	if (__sync_val_compare_and_swap(&s->turn, turn, next) == turn)
		s->bytes = 0;
	return 1;
}

static __always_inline _Bool is_spent(struct share *s, __u64 shares)
{
	return s->bytes >= ring_bytes / shares / 2 && !may_turn(s);
}

/*
 * vm NULL: to none. scarce: also to the user's share. It is global to be verified by itself, once.
 */
__noinline int charge(struct vm *vm, __u64 bytes, _Bool scarce)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct share *process = meet_process(task->tgid);
	struct user *user = scarce ? meet_user(current_user()) : NULL;

	if ((vm && is_spent(&vm->share, SHARES_OF_VM)) ||
	    (process && is_spent(process, SHARES_OF_PROCESS)) ||
	    (scarce && (!user || is_spent(&user->share, SHARES_OF_USER))))
		return 0;
	if (vm)
		__sync_fetch_and_add(&vm->share.bytes, bytes);
	if (process)
		__sync_fetch_and_add(&process->bytes, bytes);
	if (user)
		__sync_fetch_and_add(&user->share.bytes, bytes);
	return 1;
}

/* The VM of a call. NULL: it is on none, or on one that is not known. */
static __always_inline struct vm *vm_of(const struct call *c)
{
	__u64 kvm = c->kvm;

	return kvm ? bpf_map_lookup_elem(&vms, &kvm) : NULL;
}

/* Is there room for so many bytes of this call? */
static __always_inline _Bool has_room(const struct call *c, __u64 bytes)
{
	__u64 used = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	return used < ring_bytes / 2 ||
	       charge(c->type == CC_VM_ENDED ? NULL : vm_of(c), bytes, used >= ring_bytes / 4 * 3);
}

#endif /* COMPATCAPS_SHARES_BPF_H */
