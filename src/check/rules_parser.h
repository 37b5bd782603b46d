/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between the grammar of rules (rules.c) and what they mean (rules_check.c). */
#ifndef COMPATCAPS_RULES_PARSER_H
#define COMPATCAPS_RULES_PARSER_H

#include "check/rules.h"

struct parser {
	const char *text;
	size_t pos, len;
	struct rule *rule;
	struct rule_error *err;
	size_t n_words;
};

/* Where in the text the filters stand. */
struct places {
	size_t field[RULE_FILTERS_MAX], value[RULE_FILTERS_MAX];
};

/* Of what is parsed that which is not in the rule as yet. */
struct line {
	size_t name_at, stat_at, value_at;
	const char *name, *stat;
	struct places places;
};

#define FOR_EACH_WORD(w, v) \
	for (size_t s_ = 0; s_ < (v)->n; s_++) \
		for (struct rule_word *w = (v)->sets[s_].words, *end_ = w + (v)->sets[s_].n; \
		     w < end_; w++)

/* What is wrong and where. Returns false. */
bool rule_fail(struct parser *p, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A copy that is freed with the rule. NULL: no memory, which is then the error. */
char *rule_keep(struct parser *p, const char *text, size_t len);

/* Does it make sense? Completes the rule. */
bool rule_check(struct parser *p, const struct line *l);

#endif /* COMPATCAPS_RULES_PARSER_H */
