/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What came of holding recordings to rules, for people and for those who count tests. */
#ifndef COMPATCAPS_RESULTS_H
#define COMPATCAPS_RESULTS_H

#include <stdio.h>

#include "io/format.h"
#include "check/evaluate.h"

/* Of one recording. */
struct recording_results {
	const char *path;
	const char *label;	     /* the shortest name that no other has: it is the same wherever
					the files are */
	bool unreadable;	     /* as a whole */
	struct rule_result *results; /* one a rule */
	size_t n[RULE_VERDICTS];
};

struct results {
	const char *title; /* of the tests as a whole; NULL: check's */
	const struct rules *rules;
	struct recording_results *list;
	size_t n_list;
	size_t n[RULE_VERDICTS]; /* of all */
};

struct results_options {
	bool color;
	unsigned int columns; /* 0: not known */
};

typedef bool results_write_fn(const struct results *r, const struct results_options *o, FILE *f);

/* The table of formats: one row each, in the order of --help. */
struct results_format {
	struct format format;
	results_write_fn *write; /* false: it cannot be written, which has been said */
};

extern const struct results_format results_formats[]; /* ends with a NULL name */

/* The rule of the i-th result, by its name. */
const char *results_rule(const struct results *r, size_t i);

/* "hosts/a.jsonl" and "b.jsonl" are "a.jsonl" and "b.jsonl"; two of one name keep their paths. */
void results_label(struct results *r);

/* Of a result that is not ok: the cause of the first event that has one, else "broken". */
const char *results_cause(const struct rule_result *r);

results_write_fn results_text, results_ktap, results_tap, results_junit, results_json, results_lava;

#endif /* COMPATCAPS_RESULTS_H */
