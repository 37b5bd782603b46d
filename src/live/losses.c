// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads the kernel side's counters of what it could not record, and reports what is new. A loss
 * keeps what is known about it: why, of which VM, which call and which result. What probes missed
 * is counted by the kernel itself, and read from there.
 */
#include "live/losses.h"

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

#define DROP_LEAST 256

/* A kind of loss that was reported. */
struct told {
	struct cc_loss_key key;
	uint64_t n;
	bool quiet; /* nothing was added since it was looked at before */
	bool over;  /* its VM has ended */
};

static int compare_told(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cc_loss_key));
}

static bool remember_told(struct losses *l, const struct cc_loss_key *key)
{
	struct told *more;

	if (l->n_told == l->max_told) {
		more = reallocarray(l->told, l->max_told * 2 + 16, sizeof(*more));
		if (!more)
			return false;
		l->told = more;
		l->max_told = l->max_told * 2 + 16;
	}
	l->told[l->n_told++] = (struct told){ .key = *key };
	return true;
}

/* Kinds of losses that the kernel side has met since. */
static void meet_losses(struct losses *l)
{
	int fd = bpf_map__fd(l->maps->maps.losses);
	struct cc_loss_key key, *before = NULL;
	size_t known = l->n_told;

	while (!bpf_map_get_next_key(fd, before, &key)) {
		if (!(known && bsearch(&key, l->told, known, sizeof(*l->told), compare_told)) &&
		    !remember_told(l, &key))
			break;
		before = &key;
	}
	if (l->n_told)
		qsort(l->told, l->n_told, sizeof(*l->told), compare_told);
}

/* The losses for one reason since the last report, into by. Returns how many kinds. */
static size_t new_losses(struct losses *l, enum cc_loss loss, struct loss_count *by)
{
	int fd = bpf_map__fd(l->maps->maps.losses);
	size_t n_by = 0;
	uint64_t n;

	for (size_t i = 0; i < l->n_told; i++) {
		struct told *t = &l->told[i];

		if (t->key.loss != loss || bpf_map_lookup_elem(fd, &t->key, &n))
			continue;
		t->quiet = n == t->n;
		if (!t->quiet)
			by[n_by++] = (struct loss_count){ t->key, n - t->n };
		t->n = n;
	}
	return n_by;
}

static void tell_losses(struct losses *l, enum cc_loss loss, struct loss_count *by,
			attach_loss_fn *fn, void *ctx)
{
	size_t n_by = new_losses(l, loss, by);
	uint64_t elsewhere = ((volatile uint64_t *)l->maps->bss->lost_elsewhere)[loss];
	uint64_t n = elsewhere - l->elsewhere_told[loss];

	l->elsewhere_told[loss] = elsewhere;
	for (size_t i = 0; i < n_by; i++)
		n += by[i].n;
	if (n)
		fn(loss, n, by, n_by, ctx);
}

/* Whenever there are twice as many as were left: so they are as many as the VMs need that live. */
static void drop_quiet(struct losses *l)
{
	size_t kept = 0;

	if (l->n_told < l->drop_at || l->n_told < DROP_LEAST)
		return;
	for (size_t i = 0; i < l->n_told; i++) {
		struct told *t = &l->told[i];

		if (t->over && t->quiet)
			bpf_map_delete_elem(bpf_map__fd(l->maps->maps.losses), &t->key);
		else
			l->told[kept++] = *t;
	}
	l->n_told = kept;
	l->drop_at = 2 * kept;
}

bool losses_are_new(const struct losses *l)
{
	return *(volatile uint64_t *)&l->maps->bss->lost != l->seen;
}

void losses_tell(struct losses *l, attach_loss_fn *fn, void *ctx)
{
	uint64_t lost = *(volatile uint64_t *)&l->maps->bss->lost;
	struct loss_count *by;

	if (lost == l->seen)
		return;
	meet_losses(l);
	by = calloc(l->n_told + 1, sizeof(*by));
	if (!by)
		return;
	l->seen = lost;
	for (int loss = 0; loss < CC_LOSSES; loss++)
		tell_losses(l, loss, by, fn, ctx);
	free(by);
	drop_quiet(l);
}

uint64_t losses_orphans(const struct losses *l)
{
	return l->ended + *(volatile uint64_t *)&l->maps->bss->orphans;
}

/* Who is in flight is looked at before who is orphaned, so that none is overlooked in between. */
void losses_take_out_orphans(const struct losses *l, uint64_t counted[LOSSES_COUNTERS])
{
	uint64_t n = *(volatile uint32_t *)&l->maps->bss->in_flight;
	uint64_t *from[] = { &counted[COUNT_MISSED], &counted[COUNT_RECURSION] };

	n += losses_orphans(l);
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		uint64_t part = n < *from[i] ? n : *from[i];

		*from[i] -= part;
		n -= part;
	}
}

void losses_tell_counter(struct losses *l, enum losses_counter counter, uint64_t n,
			 attach_loss_fn *fn, void *ctx)
{
	static const struct cc_loss_key of[LOSSES_COUNTERS] = {
		[COUNT_MISSED] = { .loss = CC_LOSS_MISSED },
		[COUNT_RECURSION] = { .loss = CC_LOSS_RECURSION },
		[COUNT_RUNS] = { .loss = CC_LOSS_RECURSION, .type = CC_RUN },
		[COUNT_LINES] = { .loss = CC_LOSS_RECURSION, .type = CC_KERNEL },
	};
	struct loss_count by = { of[counter], n - l->counter_told[counter] };

	by.key.ret = CC_RET_UNKNOWN;
	/* Less than before: some that have begun since may still end. */
	if (n <= l->counter_told[counter])
		return;
	fn(by.key.loss, by.n, &by, by.key.type ? 1 : 0, ctx);
	l->counter_told[counter] = n;
}

/* Nothing more is lost of it, and its number does not come back. */
void losses_end_vm(struct losses *l, uint64_t vm)
{
	for (size_t i = 0; vm && i < l->n_told; i++)
		if (l->told[i].key.vm == vm)
			l->told[i].over = true;
}

void losses_free(struct losses *l)
{
	free(l->told);
	l->told = NULL;
	l->n_told = l->max_told = 0;
}
