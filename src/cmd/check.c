// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace check: holds recordings to rules, or writes the rules that a good recording
 * keeps. It reads each recording once, with all rules at the same time. The exit status is that of
 * the worst verdict.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "offers/offers.h"
#include "cmd/run_output.h"
#include "check/evaluate.h"
#include "diff/profile.h"
#include "recording/recording.h"
#include "check/results.h"
#include "check/rules.h"
#include "lib/say.h"
#include "lib/status.h"

#define BAD_RULES_SAID 20

/* What its own options say. */
struct chosen {
	struct rules rules;
	size_t n_given; /* of -f */
	size_t n_files;
	size_t n_bad;	      /* rules in files */
	size_t n_skipped;     /* that are about what --guest and the like leave out */
	bool has_baseline;    /* to be tested */
	bool unreadable;      /* a file of rules */
	const char *baseline; /* to be written; NULL: none */
};

static void on_bad(const char *sentence, void *ctx)
{
	struct chosen *c = ctx;

	if (++c->n_bad <= BAD_RULES_SAID)
		say("%s", sentence);
}

static void read_rules(struct chosen *c, const char *path, bool baseline)
{
	FILE *f = fopen(path, "re");
	size_t before = c->rules.n;

	c->n_files++;
	c->has_baseline |= baseline;
	if (!f) {
		say("cannot read %s: %s", path, strerror(errno));
		c->unreadable = true;
		return;
	}
	rules_read(&c->rules, f, path, baseline, on_bad, c);
	fclose(f);
	for (size_t i = before; i < c->rules.n; i++)
		c->rules.list[i].baseline = baseline;
}

static void set_rule(struct parse *p, const char *arg)
{
	struct chosen *c = p->o->own;
	char why[RULE_ERROR_LEN + 32];
	struct rule_error err;

	if (rules_add(&c->rules, arg, strlen(arg), NULL, ++c->n_given, &err))
		return;
	snprintf(why, sizeof(why), "byte %zu: %s", err.at + 1, err.why);
	option_refuse(p, arg, why);
}

static void set_rules(struct parse *p, const char *arg)
{
	read_rules(p->o->own, arg, false);
}

static void set_baseline(struct parse *p, const char *arg)
{
	read_rules(p->o->own, arg, true);
}

static void set_write_baseline(struct parse *p, const char *arg)
{
	((struct chosen *)p->o->own)->baseline = option_path(p, arg);
}

/* --guest and the like are a filter of each rule. */
static void narrow(struct parse *p)
{
	struct chosen *c = p->o->own;
	char why[2 * RULE_ERROR_LEN];

	if (*p->o->view.text && c->baseline)
		usage_error(p, "--write-baseline describes a whole recording: %s cannot be given",
			    p->o->view.text);
	if (view_of_events(&p->o->view) < VIEW_BYS && c->has_baseline)
		usage_error(p, "--baseline describes whole VMs: --%s cannot be given",
			    view_name(view_of_events(&p->o->view)));
	if (!view_narrow(&p->o->view, &c->rules, &c->n_skipped, why, sizeof(why)))
		usage_error(p, "%s: %s", p->o->view.text, why);
}

static void check_choice(struct parse *p)
{
	struct options *o = p->o;
	const struct chosen *c = o->own;
	bool given = c->n_given || c->n_files;

	if (c->baseline && given)
		usage_error(p, "--write-baseline cannot be combined with rules");
	if (c->baseline && o->n_inputs > 1)
		usage_error(p, "--write-baseline takes one recording");
	if (c->baseline && o->output)
		usage_error(p, "--write-baseline cannot be combined with -o");
	if (!c->baseline && !given)
		usage_error(p, "no rule: use -f RULE, -F FILE or --baseline FILE");
	narrow(p);
	if (c->baseline)
		o->output = c->baseline;
}

static void offer_rule(void *ctx)
{
	(void)ctx;
	offer_rules();
}

static const struct option_row options[] = {
	{ .what = "Rules:" },
	{ "rule", 'f', "RULE", "a rule: 'failures{guest=db1}=0'", .set = set_rule,
	  .offer = offer_rule },
	{ "rules", 'F', "FILE", "the rules of this file", .set = set_rules },
	{ "baseline", 0, "FILE", "the rules of this baseline", .set = set_baseline },
	{ "write-baseline", 0, "FILE", "describe the recording as rules in this new file",
	  .set = set_write_baseline },
	{ 0 },
};

/* ------------------------------------------------------------------ a baseline */

struct baseline {
	struct profile *profile;
	struct rules rules;	     /* of it, */
	struct rule_result *results; /* and what these come to in the recording itself */
};

static bool out_of_memory(void)
{
	say("out of memory");
	return false;
}

static bool write_profile(struct output *out, const struct options *o, void *baseline)
{
	const struct baseline *b = baseline;

	(void)o;
	return profile_write_baseline(b->profile, &b->rules, b->results, output_file(out)) ||
	       out_of_memory();
}

static bool read_through(const struct options *o, FILE *f, session_out *event, void *ctx)
{
	const struct recording_reader reader = {
		.path = o->inputs[0],
		.recorded = o->recorded,
		.progress = true,
		.event = event,
		.ctx = ctx,
	};
	struct recording rec;

	return recording_read_file(f, &reader, &rec) && recording_status(&rec) == EXIT_DONE;
}

/* Whatever a profile does not know of the recording, its baseline is true of it. */
static bool try_rules(const struct options *o, FILE *f, struct baseline *b)
{
	struct evaluation *ev = NULL;
	bool ok = profile_rules(b->profile, &b->rules);

	b->results = ok ? calloc(b->rules.n + 1, sizeof(*b->results)) : NULL;
	if (b->results)
		ev = evaluation_new(&b->rules);
	if (!ev)
		return out_of_memory();
	if (fseeko(f, 0, SEEK_SET)) {
		say("cannot read %s a second time: %s", o->inputs[0], strerror(errno));
		ok = false;
	} else if (read_through(o, f, evaluation_event, ev)) {
		ok = evaluation_end(ev, b->results) || out_of_memory();
	} else {
		ok = false;
	}
	evaluation_free(ev);
	return ok;
}

static int make_baseline(const struct options *o, FILE *f, struct baseline *b)
{
	const char *unfit;

	if (!read_through(o, f, profile_event, b->profile))
		return EXIT_IMPOSSIBLE;
	unfit = profile_unfit(b->profile);
	if (!unfit)
		return try_rules(o, f, b) ? run_with_output(o, write_profile, b) : EXIT_IMPOSSIBLE;
	say("%s gives no baseline: %s", o->inputs[0], unfit);
	return o->inconclusive;
}

static int write_baseline(const struct options *o)
{
	struct baseline b = { .profile = profile_new() };
	FILE *f = recording_open(o->inputs[0], true);
	int status = EXIT_IMPOSSIBLE;

	if (b.profile && f)
		status = make_baseline(o, f, &b);
	else if (f)
		out_of_memory();
	if (f)
		fclose(f);
	for (size_t i = 0; b.results && i < b.rules.n; i++)
		rule_result_free(&b.results[i]);
	free(b.results);
	rules_free(&b.rules);
	profile_free(b.profile);
	return status;
}

/* ------------------------------------------------------------------ results */

/* Of a recording that cannot be read nothing is known. */
static bool nothing_known(struct recording_results *of, size_t n)
{
	bool ok = true;

	of->unreadable = true;
	for (size_t i = 0; i < n; i++) {
		rule_result_free(&of->results[i]);
		of->results[i].verdict = RULE_INCONCLUSIVE;
		of->results[i].found = strdup("nothing");
		of->results[i].why = strdup("the recording cannot be read");
		ok &= of->results[i].found && of->results[i].why;
	}
	return ok;
}

static bool evaluate(const struct options *o, const struct rules *rules,
		     struct recording_results *of, int *status)
{
	struct evaluation *ev = evaluation_new(rules);
	struct view_on_the_way on_the_way = { o->view.filter.ctx, evaluation_event, ev };
	const struct recording_reader reader = {
		.path = of->path,
		.recorded = o->recorded,
		.progress = true,
		.event = *o->view.text ? view_event : evaluation_event,
		.ctx = *o->view.text ? (void *)&on_the_way : ev,
	};
	struct recording rec;
	bool ok = ev;

	of->results = calloc(rules->n, sizeof(*of->results));
	ok &= of->results != NULL;
	if (ok && recording_read(&reader, &rec))
		ok = evaluation_end(ev, of->results);
	else if (ok)
		ok = nothing_known(of, rules->n);
	if (ok && recording_status(&rec) != EXIT_DONE)
		*status = EXIT_IMPOSSIBLE;
	evaluation_free(ev);
	return ok;
}

static void free_results(struct results *r)
{
	for (size_t i = 0; i < r->n_list; i++) {
		for (size_t k = 0; r->list[i].results && k < r->rules->n; k++)
			rule_result_free(&r->list[i].results[k]);
		free(r->list[i].results);
	}
	free(r->list);
}

/* A rule that holds of nothing was not tested. */
static bool nothing_matched(struct results *r, const char *filters)
{
	bool ok = true;

	for (size_t i = 0; i < r->n_list; i++) {
		struct recording_results *of = &r->list[i];

		for (size_t k = 0; of->results && k < r->rules->n; k++) {
			if (of->results[k].verdict != RULE_HOLDS)
				continue;
			of->results[k].verdict = RULE_INCONCLUSIVE;
			if (asprintf(&of->results[k].why, "nothing matches %s", filters) < 0) {
				of->results[k].why = NULL;
				ok = false;
			}
		}
	}
	return ok;
}

static void count_verdicts(struct results *r)
{
	for (size_t i = 0; i < r->n_list; i++) {
		struct recording_results *of = &r->list[i];

		for (size_t k = 0; of->results && k < r->rules->n; k++) {
			of->n[of->results[k].verdict]++;
			r->n[of->results[k].verdict]++;
		}
	}
}

static bool evaluate_all(const struct options *o, struct results *r, int *status)
{
	bool ok = true;

	r->list = calloc(o->n_inputs, sizeof(*r->list));
	if (!r->list)
		return false;
	for (; ok && r->n_list < o->n_inputs; r->n_list++) {
		struct recording_results *of = &r->list[r->n_list];

		of->path = o->inputs[r->n_list];
		ok = evaluate(o, r->rules, of, status);
	}
	if (ok && *o->view.text && !o->view.matched)
		ok = nothing_matched(r, o->view.text);
	if (ok)
		count_verdicts(r);
	results_label(r);
	return ok;
}

static int status_of(const struct options *o, const struct results *r, int status)
{
	if (status != EXIT_DONE)
		return status;
	if (r->n[RULE_BROKEN])
		return EXIT_BROKEN;
	return r->n[RULE_INCONCLUSIVE] ? o->inconclusive : EXIT_DONE;
}

struct checking {
	struct results results;
	int status; /* of reading the recordings */
};

static bool evaluate_and_write(struct output *out, const struct options *o, void *checking)
{
	const struct results_options look = {
		.color = run_wants_color(o, out),
		.columns = output_columns(out),
	};
	struct checking *x = checking;

	if (evaluate_all(o, &x->results, &x->status))
		return results_formats[o->format].write(&x->results, &look, output_file(out));
	say("out of memory");
	return false;
}

static int check(const struct options *o, const struct rules *rules)
{
	struct checking x = { .results.rules = rules, .status = EXIT_DONE };
	int status = run_with_output(o, evaluate_and_write, &x);

	if (status == EXIT_DONE)
		status = status_of(o, &x.results, x.status);
	free_results(&x.results);
	return status;
}

static int check_or_describe(const struct options *o, const struct chosen *c)
{
	if (c->n_bad > BAD_RULES_SAID)
		say("%zu more rules are wrong", c->n_bad - BAD_RULES_SAID);
	if (c->n_bad)
		return EXIT_USAGE;
	if (c->unreadable)
		return EXIT_IMPOSSIBLE;
	if (c->baseline)
		return write_baseline(o);
	if (c->n_skipped)
		say_note("%zu rule%s not tested: %s leaves out what %s about", c->n_skipped,
			 c->n_skipped == 1 ? " is" : "s are", o->view.text,
			 c->n_skipped == 1 ? "it is" : "they are");
	if (c->rules.n)
		return check(o, &c->rules);
	if (c->n_skipped) {
		say("no rule is left to be tested");
		return EXIT_USAGE;
	}
	say("the files hold no rule");
	return EXIT_USAGE;
}

static int run(const struct options *o)
{
	struct chosen *c = o->own;
	int status = check_or_describe(o, c);

	rules_free(&c->rules);
	return status;
}

static struct format format(size_t i)
{
	return results_formats[i].format;
}

const struct command command_check = {
	.name = "check",
	.what = "test recordings against rules",
	.args = "RECORDING...",
	.about =
		"Test recordings against rules. A rule is MEASURE OP VALUE, with filters in\n"
		"braces: lost=0, 'failures{cause=newer-than-host}=0', mode{guest=db1}=POWER10. If\n"
		"missing data could change the result, the rule is inconclusive.",
	.examples = "  compatcaps-trace check -f lost=0 -f failures=0 host.jsonl\n"
		    "  compatcaps-trace check --format=junit -F rules host.jsonl >results.xml\n"
		    "  compatcaps-trace check --write-baseline host.rules host.jsonl\n"
		    "  compatcaps-trace check --baseline host.rules guest.jsonl",
	.status = "0 all rules hold; 1 one is broken; 2 usage; 3 a recording could not\n"
		  "be read completely, or the output not be written; 5 none is broken, and one is\n"
		  "inconclusive.",
	.manual = "compatcaps-trace-check(1)",
	.uses = USE_VIEW | USE_OUTPUT | USE_COLOR | USE_VERDICTS | USE_INCONCLUSIVE,
	.options = options,
	.own_size = sizeof(struct chosen),
	.format = format,
	.min_inputs = 1,
	.max_inputs = 1024,
	.check = check_choice,
	.run = run,
};
