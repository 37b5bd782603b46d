// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts numbers in buckets whose width grows with the number, and estimates quantiles from them.
 * Small numbers are exact. Two histograms are compared by the Mann-Whitney test, with the buckets
 * as ties.
 */
#include "lib/histogram.h"

#include <math.h>

#define STEP_BITS 5
_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS, "the steps of a doubling");

static unsigned int bin_of(uint64_t value)
{
	unsigned int doubling, shift;

	if (value < HISTOGRAM_STEPS)
		return (unsigned int)value;
	doubling = 63 - (unsigned int)__builtin_clzll(value);
	shift = doubling - STEP_BITS;
	return (shift << STEP_BITS) + (unsigned int)(value >> shift);
}

/* The middle of what falls into it. */
static double value_of(unsigned int bin)
{
	unsigned int shift = bin < 2 * HISTOGRAM_STEPS ? 0 : (bin >> STEP_BITS) - 1;
	double low = ldexp((double)(bin - (shift << STEP_BITS)), (int)shift);

	return low + (ldexp(1, (int)shift) - 1) / 2;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	if (!h->n++ || value < h->least)
		h->least = value;
	h->most = value > h->most ? value : h->most;
	h->bins[bin_of(value)]++;
}

/* Beyond 2^53 a number may become a larger one as a double. */
static double within(const struct histogram *h, double value)
{
	if (h->least <= UINT64_C(1) << 53)
		value = fmax(value, (double)h->least);
	return fmin(value, (double)h->most);
}

double histogram_quantile(const struct histogram *h, double share)
{
	double rank = share * (double)h->n;
	uint64_t below = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BINS; i++) {
		below += h->bins[i];
		if (h->bins[i] && (double)below >= rank)
			return within(h, value_of(i));
	}
	return 0;
}

/* Pairs whose second number is larger, and by how much ties narrow the spread of that. */
static void count_pairs(const struct histogram *a, const struct histogram *b, double *u,
			double *ties)
{
	double below = 0; /* numbers of a so far */

	*u = *ties = 0;
	for (unsigned int i = 0; i < HISTOGRAM_BINS; i++) {
		double x = (double)a->bins[i], y = (double)b->bins[i], t = x + y;

		*u += y * (below + x / 2);
		*ties += t * t * t - t;
		below += x;
	}
}

static bool matters(const struct comparison *c)
{
	double low = fmin(c->median_old, c->median_new);
	double high = fmax(c->median_old, c->median_new);

	return c->p < HISTOGRAM_P && fabs(2 * c->larger - 1) >= HISTOGRAM_EFFECT &&
	       high >= HISTOGRAM_RATIO * low;
}

struct comparison histogram_compare(const struct histogram *a, const struct histogram *b)
{
	double n1 = (double)a->n, n2 = (double)b->n, n = n1 + n2, ties, variance, off;
	struct comparison c = { .median_old = histogram_quantile(a, 0.5),
				.median_new = histogram_quantile(b, 0.5) };

	if (a->n < HISTOGRAM_ENOUGH || b->n < HISTOGRAM_ENOUGH)
		return c;
	count_pairs(a, b, &c.u, &ties);
	variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)));
	c.larger = c.u / (n1 * n2);
	/* All in one bin: no difference that could be seen. */
	c.enough = true;
	c.p = 1;
	if (variance <= 0)
		return c;
	off = fabs(c.u - n1 * n2 / 2) - 0.5;
	if (off > 0)
		c.p = erfc(off / sqrt(2 * variance));
	c.matters = matters(&c);
	return c;
}
