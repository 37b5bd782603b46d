/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user memory holds: the words of the caller's struct, and what lies behind the kernel's own
 * struct (the tail). Nothing here faults a page in, so what cannot be read is said to be unread.
 * Include after struct in_flight.
 */
#ifndef COMPATCAPS_USER_MEMORY_BPF_H
#define COMPATCAPS_USER_MEMORY_BPF_H

/* The caller's first words, as many as can be read without a fault; the others are zeroed. */
static __always_inline __u8 read_words(__u64 *to, __u64 arg)
{
	const void *user = (const void *)arg;

	if (!bpf_probe_read_user(to, CC_WORDS * sizeof(*to), user))
		return CC_WORDS;
	if (!bpf_probe_read_user(to, 2 * sizeof(*to), user))
		return 2;
	return !bpf_probe_read_user(to, sizeof(*to), user);
}

#include "bpf/tail.bpf.h"

/* The size of the kernel's own struct: what lies behind it is the tail. */
static __always_inline __u32 kernel_size(void)
{
	__u32 size = ABI_SIZE_VER0;

	if (bpf_core_type_exists(struct kvm_ppc_compat_caps))
		size = bpf_core_type_size(struct kvm_ppc_compat_caps);
	return size < ABI_SIZE_VER0 ? ABI_SIZE_VER0 : size;
}

static __always_inline __u64 usize_of(const struct call *c, const struct in_flight *t, int ret)
{
	__u64 word = 0;

	if (!is_sized(c->cmd))
		return 0;
	if (t->in_words)
		return t->in[0];
	if (t->seen & CC_SEEN_HEAD)
		return t->backend_head;
	/* A failure leaves it, or writes back less. */
	if (ret)
		bpf_probe_read_user(&word, sizeof(word), (const void *)c->arg);
	return word;
}

/*
 * When the call has returned the kernel has faulted in what it looked at itself. What is
 * larger than the largest page it does not look at.
 */
static __always_inline void read_tail(struct tail *tail, const struct call *c, __u64 usize)
{
	__u32 ksize = kernel_size();

	if (usize <= ksize || usize > CC_TAIL_MAX)
		return;
	tail->user = c->arg + ksize;
	tail->from = ksize;
	tail->left = usize - ksize;
	bpf_loop(CC_TAIL_MAX / CC_TAIL_PIECE, look_at_tail, tail, 0);
}

#endif /* COMPATCAPS_USER_MEMORY_BPF_H */
