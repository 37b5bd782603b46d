// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What all forms of results share: the text of a rule with its place, a label for a recording, and
 * the sentence on why a verdict is inconclusive. Each form is a file of its own, results_*.c.
 * Verdicts arrive here finished, and nothing is decided.
 */
#include "check/results.h"

#include <string.h>

const struct results_format results_formats[] = {
	{ { "text", "for people (default)", SHIELD_TEXT }, results_text },
	{ { "ktap", "as kselftest reads it", SHIELD_TEXT }, results_ktap },
	{ { "tap", "version 13", SHIELD_TEXT }, results_tap },
	{ { "junit", "XML, as GitLab and Jenkins take it", SHIELD_XML }, results_junit },
	{ { "json", "one object", SHIELD_JSON }, results_json },
	{ { "lava", "lines of lava-test-case", SHIELD_TEXT }, results_lava },
	{ { NULL, NULL, SHIELD_TEXT }, NULL },
};

const char *results_rule(const struct results *r, size_t i)
{
	return r->rules->list[i].text;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void results_label(struct results *r)
{
	for (size_t i = 0; i < r->n_list; i++) {
		r->list[i].label = name_of(r->list[i].path);
		for (size_t k = 0; k < r->n_list; k++)
			if (k != i && !strcmp(name_of(r->list[k].path), name_of(r->list[i].path)))
				r->list[i].label = r->list[i].path;
	}
}

const char *results_cause(const struct rule_result *r)
{
	for (size_t i = 0; i < r->n_shown; i++)
		if (r->events[i].cause)
			return r->events[i].cause;
	return rule_verdict_name(r->verdict);
}
