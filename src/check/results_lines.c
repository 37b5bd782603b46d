// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Results with one line for each test: KTAP, TAP and LAVA. A rule is a test, and a recording a
 * group of them. Inconclusive is a failure in these forms, because none of them has a third state
 * that stops a CI.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check/results.h"
#include "lib/text.h"

/* What a harness would take for the beginning of something else; the path is the user's. */
static void print_label(FILE *f, const char *label)
{
	char safe[1024];

	text_escape(safe, sizeof(safe), label, sizeof(safe));
	for (const char *c = safe; *c; c++)
		fputc(*c == '#' ? '_' : *c, f);
}

/* ------------------------------------------------------------------ KTAP and TAP */

static void print_events(FILE *f, const char *indent, const struct rule_result *r)
{
	char ts[RFC3339_LEN];

	for (size_t i = 0; i < r->n_shown; i++) {
		const struct rule_event *e = &r->events[i];

		fprintf(f, "%s# seq %" PRIu64 " %s%s%s: %s\n", indent, e->seq,
			rfc3339(ts, e->real_ns), e->guest ? " guest " : "",
			e->guest ? e->guest : "", e->what ? e->what : "");
	}
	if (r->n_shown && r->n_events > r->n_shown)
		fprintf(f, "%s# and %" PRIu64 " more\n", indent, r->n_events - r->n_shown);
}

/* Before its result, where the kernel's readers look for them. */
static void print_notes(FILE *f, const char *indent, const struct rule_result *r)
{
	if (r->verdict == RULE_HOLDS)
		return;
	fprintf(f, "%s# found: %s\n", indent, r->found);
	if (r->why)
		fprintf(f, "%s# inconclusive: %s\n", indent, r->why);
	print_events(f, indent, r);
}

static const char *ok(const struct rule_result *r)
{
	return r->verdict == RULE_HOLDS ? "ok" : "not ok";
}

static void print_tests(const struct results *r, const struct recording_results *of,
			const char *indent, FILE *f)
{
	fprintf(f, "%s1..%zu\n", indent, r->rules->n);
	for (size_t i = 0; i < r->rules->n; i++) {
		print_notes(f, indent, &of->results[i]);
		fprintf(f, "%s%s %zu %s\n", indent, ok(&of->results[i]), i + 1, results_rule(r, i));
	}
}

bool results_ktap(const struct results *r, const struct results_options *o, FILE *f)
{
	static const char indent[] = "    ";

	(void)o;
	fputs("KTAP version 1\n", f);
	if (r->n_list == 1) {
		print_tests(r, &r->list[0], "", f);
		return true;
	}
	fprintf(f, "1..%zu\n", r->n_list);
	for (size_t i = 0; i < r->n_list; i++) {
		const struct recording_results *of = &r->list[i];

		fprintf(f, "%sKTAP version 1\n%s# Subtest: ", indent, indent);
		print_label(f, of->label);
		fputc('\n', f);
		print_tests(r, of, indent, f);
		fprintf(f, "%s %zu ", of->n[RULE_HOLDS] == r->rules->n ? "ok" : "not ok", i + 1);
		print_label(f, of->label);
		fputc('\n', f);
	}
	return true;
}

/* Version 13 has no tests within tests. */
bool results_tap(const struct results *r, const struct results_options *o, FILE *f)
{
	size_t n = 0;

	(void)o;
	fprintf(f, "TAP version 13\n1..%zu\n", r->n_list * r->rules->n);
	for (size_t i = 0; i < r->n_list; i++)
		for (size_t k = 0; k < r->rules->n; k++) {
			const struct rule_result *result = &r->list[i].results[k];

			fprintf(f, "%s %zu - ", ok(result), ++n);
			if (r->n_list > 1) {
				print_label(f, r->list[i].label);
				fputs(": ", f);
			}
			fprintf(f, "%s\n", results_rule(r, k));
			print_notes(f, "", result);
		}
	return true;
}

/* ------------------------------------------------------------------ LAVA */

#define LAVA_NAME_MAX 160
#define SUM_LEN	      9 /* "-" and eight digits */

struct lava_name {
	char text[LAVA_NAME_MAX];
	size_t len;
	bool torn; /* something of it was cut */
};

static void add(struct lava_name *name, const char *text)
{
	size_t len = strlen(text);

	if (name->len + len + SUM_LEN >= sizeof(name->text)) {
		name->torn = true;
		return;
	}
	memcpy(name->text + name->len, text, len + 1);
	name->len += len;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

/* How what divides a rule is read aloud. The longest of those that begin alike stand first. */
static const struct {
	const char *mark, *word;
} marks[] = { { "!=", "_ne_" }, { "<=", "_le_" }, { ">=", "_ge_" },  { "<", "_lt_" },
	      { ">", "_gt_" },	{ "=", "_eq_" },  { "~", "_like_" }, { "+", "_and_" },
	      { "|", "_or_" },	{ "{", "_" },	  { ",", "_" },	     { "}", "" } };

/* Returns what follows. */
static const char *add_letter(struct lava_name *name, const char *c)
{
	const char letter[2] = { *c, '\0' };

	if (is_plain(*c)) {
		add(name, letter);
		return c + 1;
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!strncmp(c, marks[i].mark, strlen(marks[i].mark))) {
			add(name, marks[i].word);
			return c + strlen(marks[i].mark);
		}
	name->torn = true;
	if (name->len && name->text[name->len - 1] != '_')
		add(name, "_");
	return c + 1;
}

/* FNV-1a: what a name does not tell makes a difference here. */
static uint32_t sum_of(const char *text, uint32_t sum)
{
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return sum;
}

/*
 * A name that LAVA takes: letters, digits, - _ and a point. It is made of this rule alone, so
 * that it stays the same whichever rules are beside it.
 */
static void lava_name(struct lava_name *name, const char *label, const char *rule)
{
	const char *both[] = { label, label ? "=" : NULL, rule };
	uint32_t sum = 2166136261u;

	*name = (struct lava_name){ 0 };
	for (size_t i = 0; i < 3; i++) {
		for (const char *c = both[i]; c && *c && !(name->torn && name->len > 128);)
			c = i == 1 ? (add(name, "_"), c + 1) : add_letter(name, c);
		sum = both[i] ? sum_of(both[i], sum) : sum;
	}
	while (name->len && name->text[name->len - 1] == '_')
		name->text[--name->len] = '\0';
	if (name->torn)
		snprintf(name->text + name->len, sizeof(name->text) - name->len, "-%08x", sum);
}

bool results_lava(const struct results *r, const struct results_options *o, FILE *f)
{
	static const char *const words[RULE_VERDICTS] = { "pass", "fail", "unknown" };
	struct lava_name name;

	(void)o;
	for (size_t i = 0; i < r->n_list; i++)
		for (size_t k = 0; k < r->rules->n; k++) {
			lava_name(&name, r->n_list > 1 ? r->list[i].label : NULL,
				  results_rule(r, k));
			fprintf(f, "lava-test-case %s --result %s\n", name.text,
				words[r->list[i].results[k].verdict]);
		}
	return true;
}
