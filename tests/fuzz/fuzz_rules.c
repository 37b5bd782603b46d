// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as a file of rules. What is understood is written in its own form
 * and read again, and must then be the same rule; what is not is told in a sentence.
 */
#include "fuzz.h"

#include "check/rules.h"

static void on_bad(const char *sentence, void *ctx)
{
	size_t *n = ctx;

	++*n;
	check(*sentence);
	check_string(sentence);
}

static void check_value(const struct rule_value *a, const struct rule_value *b)
{
	check(a->n == b->n && !a->pattern == !b->pattern);
	for (size_t i = 0; i < a->n; i++) {
		check(a->sets[i].n == b->sets[i].n);
		for (size_t k = 0; k < a->sets[i].n; k++) {
			const struct rule_word *x = &a->sets[i].words[k], *y = &b->sets[i].words[k];

			check(!strcmp(x->text, y->text) && x->quoted == y->quoted &&
			      x->null == y->null && x->numeric == y->numeric &&
			      x->number == y->number && x->time == y->time && x->hex == y->hex);
		}
	}
}

static void check_again(const struct rule *r)
{
	struct rule_error err;
	struct rule again;

	check(rule_parse(&again, r->text, strlen(r->text), &err));
	check(!strcmp(again.text, r->text) && again.kind == r->kind && again.types == r->types);
	check(again.measure == r->measure && again.stat == r->stat && again.op == r->op);
	check(again.source == r->source && again.n_filters == r->n_filters);
	for (size_t i = 0; i < r->n_filters; i++) {
		check(!strcmp(again.filters[i].field, r->filters[i].field));
		check(again.filters[i].op == r->filters[i].op);
		check_value(&again.filters[i].value, &r->filters[i].value);
	}
	check_value(&again.value, &r->value);
	rule_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *f = bytes_open((struct bytes){ (const char *)data, size });
	struct rules rules = { 0 };
	size_t n = 0;

	check(rules_read(&rules, f, "rules", size && data[0] & 1, on_bad, &n) == n);
	fclose(f);
	for (size_t i = 0; i < rules.n; i++)
		check_again(&rules.list[i]);
	rules_free(&rules);
	return 0;
}
