/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tail of a caller's struct: what lies behind the part that the kernel knows, piece by piece
 * up to the first byte that is not zero.
 */
#ifndef COMPATCAPS_TAIL_BPF_H
#define COMPATCAPS_TAIL_BPF_H

struct tail {
	__u64 user; /* address of its first byte */
	__u32 from; /* offset in the struct */
	__u32 left;
	__u32 read;
	__u32 first; /* as cc_record.tail_first */
};

static __always_inline __u32 first_byte_of(__u64 word)
{
	__u32 byte = 0;

	if (!(word & 0xffffffff)) {
		word >>= 32;
		byte += 4;
	}
	if (!(word & 0xffff)) {
		word >>= 16;
		byte += 2;
	}
	return byte + !(word & 0xff);
}

struct chunk {
	__u64 words[CC_TAIL_PIECE / sizeof(__u64)];
};

/*
 * The number of the first byte that is not zero, from 1 on; 0: there is none. Global, to be
 * verified by itself: of each of its ways out the verifier would follow all that comes after.
 */
__noinline int first_in_chunk(const struct chunk *c)
{
	if (!c)
		return 0;
	for (__u32 i = 0; i < CC_TAIL_PIECE / sizeof(__u64); i++)
		if (c->words[i])
			return i * sizeof(__u64) + first_byte_of(c->words[i]) + 1;
	return 0;
}

/* One chunk of the tail; 1 ends the loop. */
static long look_at_tail(__u32 i, void *ctx)
{
	struct chunk chunk = {};
	struct tail *t = ctx;
	__u32 n = t->left < CC_TAIL_PIECE ? t->left : CC_TAIL_PIECE, first;

	if (bpf_probe_read_user(&chunk, n, (const void *)(t->user + (__u64)i * CC_TAIL_PIECE)))
		return 1;
	first = first_in_chunk(&chunk);
	if (first) {
		t->read += first;
		t->first = t->from + t->read - 1;
		return 1;
	}
	t->read += n;
	t->left -= n;
	return !t->left;
}

#endif /* COMPATCAPS_TAIL_BPF_H */
