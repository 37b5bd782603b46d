/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How numbers are spread, in memory that does not grow with how many there are: each doubling
 * is divided into equal steps, so that a number is kept to one part in HISTOGRAM_STEPS; those below
 * 2 * HISTOGRAM_STEPS exactly.
 */
#ifndef COMPATCAPS_HISTOGRAM_H
#define COMPATCAPS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_STEPS	 32
#define HISTOGRAM_BINS	 ((64 - 4) * HISTOGRAM_STEPS)
#define HISTOGRAM_ENOUGH 20 /* numbers a side, for a statement about a difference */

struct histogram {
	uint64_t n;
	uint64_t least, most; /* of all numbers, exactly */
	uint64_t bins[HISTOGRAM_BINS];
};

void histogram_add(struct histogram *h, uint64_t value);

/*
 * The middle of the bin that the number at this share of all is in, share from 0 to 1, and never
 * less than the least number or more than the most. 0: none.
 */
double histogram_quantile(const struct histogram *h, double share);

/* Are two samples of one distribution? By Mann and Whitney, two-sided. */
struct comparison {
	bool enough;   /* numbers on both sides, for a statement */
	double u;      /* of the second sample */
	double p;      /* by the normal approximation, corrected for ties and continuity */
	double larger; /* share of pairs whose second number is larger, ties being half of one */
	double median_old, median_new;
	bool matters; /* p and the size of the effect: HISTOGRAM_* below */
};

#define HISTOGRAM_P	 0.01
#define HISTOGRAM_EFFECT 0.474 /* |2 * larger - 1|, Cliff's delta: large */
#define HISTOGRAM_RATIO	 1.25  /* of the medians */

struct comparison histogram_compare(const struct histogram *a, const struct histogram *b);

#endif /* COMPATCAPS_HISTOGRAM_H */
