// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Differences as tests that passed or failed. The writers are those that check uses for its rules.
 * So a CI reads a comparison like any other result.
 */
#include "diff/diff.h"

#include <stdlib.h>

#include "check/results.h"

/* "causes{guest=db1}", stable from run to run. NULL: no memory. */
static char *name_of(const struct diff_result *r)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fputs(r->name, f);
	if (r->nth) {
		fprintf(f, "{unnamed=%u}", r->nth);
	} else if (r->who) {
		fputs("{guest=", f);
		if (r->who->guest)
			rule_print_word(f, r->who->guest);
		else
			fputs("null", f);
		fputc('}', f);
	}
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

static bool has_alone(const struct diff_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->words[i].alone)
			return true;
	return false;
}

static void put_words(FILE *f, const struct diff_value *v, bool alone)
{
	const char *between = "";

	for (size_t i = 0; i < v->n; i++) {
		if (alone && !v->words[i].alone)
			continue;
		fprintf(f, "%s%s", between, *v->words[i].text ? v->words[i].text : "nothing");
		between = ", ";
	}
	if (!*between)
		fputs("none", f);
}

static void put_alone(FILE *f, const struct diff_result *r)
{
	bool old = has_alone(&r->old), new = has_alone(&r->new);

	if (old) {
		fputs("only in OLD ", f);
		put_words(f, &r->old, true);
	}
	if (new) {
		fputs(old ? "; only in NEW " : "only in NEW ", f);
		put_words(f, &r->new, true);
	}
	if (!old && !new)
		fputs("the same in both", f);
}

/* What was found, as a clause. NULL: no memory. */
static char *found(const struct diff_result *r)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	if (r->shape == SHAPE_VALUE) {
		put_words(f, &r->old, false);
		fputs(" -> ", f);
		put_words(f, &r->new, false);
	} else {
		put_alone(f, r);
	}
	if (r->why && r->outcome != DIFF_UNDECIDED)
		fprintf(f, " (%s)", r->why);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

static enum rule_verdict verdict_of(enum diff_outcome outcome)
{
	switch (outcome) {
	case DIFF_SAME:
		return RULE_HOLDS;
	case DIFF_CHANGED:
		return RULE_BROKEN;
	case DIFF_UNDECIDED:
		break;
	}
	return RULE_INCONCLUSIVE;
}

/* false: no memory. */
static bool fill(const struct diff *d, struct rule *rules, struct recording_results *of)
{
	bool filled = true;

	for (size_t i = 0; i < d->n; i++) {
		const struct diff_result *r = &d->results[i];
		struct rule_result *result = &of->results[i];

		rules[i].text = name_of(r);
		result->verdict = verdict_of(r->outcome);
		result->found = found(r);
		result->why = result->verdict == RULE_INCONCLUSIVE ? r->why : NULL;
		of->n[result->verdict]++;
		filled &= rules[i].text && result->found;
	}
	return filled;
}

static void free_all(const struct diff *d, struct rule *rules, struct rule_result *results)
{
	for (size_t i = 0; i < d->n; i++) {
		if (rules)
			free(rules[i].text);
		if (results)
			free(results[i].found);
	}
	free(rules);
	free(results);
}

bool diff_show_results(FILE *f, const struct diff *d, const struct diff_input in[2],
		       results_write_fn *write)
{
	struct rule *list = calloc(d->n + 1, sizeof(*list));
	struct rule_result *made = calloc(d->n + 1, sizeof(*made));
	struct rules rules = { .list = list, .n = d->n };
	struct recording_results of = { .path = in[1].path, .results = made };
	struct results results = {
		.title = "compatcaps-trace diff",
		.rules = &rules,
		.list = &of,
		.n_list = 1,
	};
	const struct results_options plain = { 0 };
	bool written = list && made && fill(d, list, &of);

	for (int i = 0; i < RULE_VERDICTS; i++)
		results.n[i] = of.n[i];
	results_label(&results);
	written = written && write(&results, &plain, f);
	free_all(d, list, made);
	return written;
}
