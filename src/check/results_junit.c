// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Results as JUnit's XML, in the form that GitLab and Jenkins read. Both show a test by its class
 * and its name, and lose the second of two that are alike, so names are made unique. Of several
 * failures of a test they show one, so all of a rule's findings go into one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "check/results.h"
#include "lib/say.h"
#include "lib/text.h"
#include "lib/xml.h"

static void print_events(struct xml *x, const struct rule_result *r)
{
	char ts[RFC3339_LEN];

	for (size_t i = 0; i < r->n_shown; i++) {
		const struct rule_event *e = &r->events[i];

		xml_textf(x, "\nseq %" PRIu64 ", %s", e->seq, rfc3339(ts, e->real_ns));
		if (e->guest) {
			xml_text(x, ", guest ");
			xml_text(x, e->guest);
		}
		xml_text(x, ": ");
		xml_text(x, e->what ? e->what : "");
	}
	if (r->n_shown && r->n_events > r->n_shown)
		xml_textf(x, "\nand %" PRIu64 " more", r->n_events - r->n_shown);
}

/* Readers show either the message or the text: both have what matters. */
static void print_trouble(struct xml *x, const struct rule_result *r)
{
	bool broken = r->verdict == RULE_BROKEN;

	xml_begin(x, broken ? "failure" : "error");
	xml_attr(x, "type", broken ? results_cause(r) : "inconclusive");
	if (r->why)
		xml_attrf(x, "message", "found: %s; %s", r->found, r->why);
	else
		xml_attrf(x, "message", "found: %s", r->found);
	xml_text(x, "found: ");
	xml_text(x, r->found);
	if (r->why) {
		xml_text(x, "\ninconclusive: ");
		xml_text(x, r->why);
	}
	print_events(x, r);
	xml_end(x);
}

static void print_case(struct xml *x, const char *label, const char *rule,
		       const struct rule_result *r)
{
	xml_begin(x, "testcase");
	xml_attr(x, "classname", label);
	xml_attr(x, "name", rule);
	if (r->verdict == RULE_HOLDS) {
		xml_end_empty(x);
		return;
	}
	print_trouble(x, r);
	xml_end(x);
}

static void print_counts(struct xml *x, const size_t n[RULE_VERDICTS])
{
	xml_attrf(x, "tests", "%zu", n[RULE_HOLDS] + n[RULE_BROKEN] + n[RULE_INCONCLUSIVE]);
	xml_attrf(x, "failures", "%zu", n[RULE_BROKEN]);
	xml_attrf(x, "errors", "%zu", n[RULE_INCONCLUSIVE]);
}

static void print_suite(struct xml *x, const struct results *r, const struct recording_results *of)
{
	xml_begin(x, "testsuite");
	xml_attr(x, "name", of->label);
	print_counts(x, of->n);
	for (size_t i = 0; i < r->rules->n; i++)
		print_case(x, of->label, results_rule(r, i), &of->results[i]);
	xml_end(x);
}

bool results_junit(const struct results *r, const struct results_options *o, FILE *f)
{
	struct xml *x = xml_open(f);

	(void)o;
	if (!x)
		return false;
	xml_declare(x);
	xml_begin(x, "testsuites");
	xml_attr(x, "name", r->title ? r->title : "compatcaps-trace check");
	print_counts(x, r->n);
	for (size_t i = 0; i < r->n_list; i++)
		print_suite(x, r, &r->list[i]);
	xml_end(x);
	if (xml_close(x))
		return true;
	say("out of memory");
	return false;
}
