/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What each cause means, at length: for `compatcaps-trace explain` and for compatcaps-causes(7),
 * which is made of it. A hint (diagnosis.h) speaks of one call and has its numbers; this speaks of
 * the cause. There is one for each name of cause_name() and arch_cause_name().
 */
#ifndef COMPATCAPS_EXPLAIN_H
#define COMPATCAPS_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

enum explained { EXPLAINS_QUERY, EXPLAINS_REQUEST };

struct explanation {
	const char *name;
	enum explained of;
	const char *result; /* of the call: "EINVAL", "success" */
	const char *what;   /* happened */
	const char *why;
	const char *guests;  /* what who runs guests can change; with a colon at its end the lines
				follow */
	const char *vmm;     /* what the VMM's author can change; NULL: nothing */
	const char *kernels; /* in which versions; NULL: in all */
};

/* What to type, for POWER10. */
extern const char explanation_lines[];

/* The i-th; NULL: there are no more. Those of queries come first. */
const struct explanation *explanation(size_t i);

/* Do the lines go with it? */
bool explanation_has_lines(const struct explanation *e);

/* NULL: there is none of this name. */
const struct explanation *explanation_of(const char *name);

#endif /* COMPATCAPS_EXPLAIN_H */
