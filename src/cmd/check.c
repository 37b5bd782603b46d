// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/offers.h"
#include "cmd/verb_output.h"
#include "check/evaluate.h"
#include "diff/profile.h"
#include "recording/recording.h"
#include "check/results.h"
#include "check/rules.h"
#include "lib/say.h"
#include "lib/status.h"

#define BAD_RULES_SAID 20

enum { OPT_BASELINE = 2048, OPT_WRITE_BASELINE };

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "Rules:", 1 },
	{ "rule", 'f', "RULE", 0, "a rule: 'failures{guest=db1}=0'", 0 },
	{ "rules", 'F', "FILE", 0, "the rules of this file", 0 },
	{ "baseline", OPT_BASELINE, "FILE", 0, "the rules of this baseline", 0 },
	{ "write-baseline", OPT_WRITE_BASELINE, "FILE", 0,
	  "describe the recording as rules in this new file", 0 },
	{ 0 },
};

static const char doc[] =
	"Test recordings against rules. A rule is MEASURE OP VALUE, with filters in braces: lost=0, "
	"'failures{cause=newer-than-host}=0', 'latency.p99<5ms', mode{guest=db1}=POWER10. If missing data could change the result, the rule is inconclusive.\v"
	"compatcaps-trace-check(1) describes rules. The status is 0 if all rules hold, 1 if one is broken, 5 if none is broken and one is inconclusive.";

struct chosen {
	struct cli *cli;
	struct rules rules;
	size_t n_given; /* of -f */
	size_t n_files;
	size_t n_bad;	 /* rules in files */
	bool unreadable; /* a file of rules */
	bool write_baseline;
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

	c->n_files++;
	if (!f) {
		say("cannot read %s: %s", path, strerror(errno));
		c->unreadable = true;
		return;
	}
	rules_read(&c->rules, f, path, baseline, on_bad, c);
	fclose(f);
}

static void add_rule(struct argp_state *state, struct chosen *c, const char *text)
{
	char why[RULE_ERROR_LEN + 32];
	struct rule_error err;

	if (rules_add(&c->rules, text, strlen(text), NULL, ++c->n_given, &err))
		return;
	snprintf(why, sizeof(why), "byte %zu: %s", err.at + 1, err.why);
	cli_refuse(state, "-f", text, why);
}

static void check_choice(struct argp_state *state, struct chosen *c)
{
	bool given = c->n_given || c->n_files;

	if (c->write_baseline && given)
		argp_error(state, "--write-baseline cannot be combined with rules");
	if (c->write_baseline && c->cli->n_inputs > 1)
		argp_error(state, "--write-baseline takes one recording");
	if (!c->write_baseline && !given)
		argp_error(state, "no rule: use -f RULE, -F FILE or --baseline FILE");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct chosen *c = state->input;

	switch (key) {
	case 'f':
		add_rule(state, c, arg);
		break;
	case 'F':
		read_rules(c, arg, false);
		break;
	case OPT_BASELINE:
		read_rules(c, arg, true);
		break;
	case OPT_WRITE_BASELINE:
		if (c->cli->output)
			argp_error(state, "--write-baseline cannot be combined with -o");
		c->write_baseline = true;
		c->cli->output = arg;
		break;
	case ARGP_KEY_END:
		check_choice(state, c);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = { .options = options, .parser = parse_option };

static void offer_rule(void *ctx)
{
	(void)ctx;
	offer_rules();
}

static const struct complete_value values[] = { { "rule", NULL, offer_rule }, { 0 } };

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

static bool write_profile(struct output *o, const struct cli *cli, void *baseline)
{
	const struct baseline *b = baseline;

	(void)cli;
	return profile_write_baseline(b->profile, &b->rules, b->results, output_file(o)) ||
	       out_of_memory();
}

static bool read_through(const struct cli *cli, FILE *f, session_out *event, void *ctx)
{
	const struct recording_reader reader = {
		.path = cli->inputs[0],
		.recorded = cli->recorded,
		.progress = true,
		.event = event,
		.ctx = ctx,
	};
	struct recording rec;

	return recording_read_file(f, &reader, &rec) && recording_status(&rec) == EXIT_DONE;
}

/* Whatever a profile does not know of the recording, its baseline is true of it. */
static bool try_rules(const struct cli *cli, FILE *f, struct baseline *b)
{
	struct evaluation *ev = NULL;
	bool ok = profile_rules(b->profile, &b->rules);

	b->results = ok ? calloc(b->rules.n + 1, sizeof(*b->results)) : NULL;
	if (b->results)
		ev = evaluation_new(&b->rules);
	if (!ev)
		return out_of_memory();
	if (fseeko(f, 0, SEEK_SET)) {
		say("cannot read %s a second time: %s", cli->inputs[0], strerror(errno));
		ok = false;
	} else if (read_through(cli, f, evaluation_event, ev)) {
		ok = evaluation_end(ev, b->results) || out_of_memory();
	} else {
		ok = false;
	}
	evaluation_free(ev);
	return ok;
}

static int make_baseline(const struct cli *cli, FILE *f, struct baseline *b)
{
	const char *unfit;

	if (!read_through(cli, f, profile_event, b->profile))
		return EXIT_IMPOSSIBLE;
	unfit = profile_unfit(b->profile);
	if (!unfit)
		return try_rules(cli, f, b) ? verb_write(cli, write_profile, b) : EXIT_IMPOSSIBLE;
	say("%s gives no baseline: %s", cli->inputs[0], unfit);
	return cli->inconclusive;
}

static int write_baseline(const struct cli *cli)
{
	struct baseline b = { .profile = profile_new() };
	FILE *f = recording_open(cli->inputs[0], true);
	int status = EXIT_IMPOSSIBLE;

	if (b.profile && f)
		status = make_baseline(cli, f, &b);
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

static bool evaluate(const struct chosen *c, struct recording_results *of, int *status)
{
	struct evaluation *ev = evaluation_new(&c->rules);
	const struct recording_reader reader = {
		.path = of->path,
		.recorded = c->cli->recorded,
		.progress = true,
		.event = evaluation_event,
		.ctx = ev,
	};
	struct recording rec;
	bool ok = ev;

	of->results = calloc(c->rules.n, sizeof(*of->results));
	ok &= of->results != NULL;
	if (ok && recording_read(&reader, &rec))
		ok = evaluation_end(ev, of->results);
	else if (ok)
		ok = nothing_known(of, c->rules.n);
	if (ok && recording_status(&rec) != EXIT_DONE)
		*status = EXIT_IMPOSSIBLE;
	evaluation_free(ev);
	for (size_t i = 0; ok && i < c->rules.n; i++)
		of->n[of->results[i].verdict]++;
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

static bool evaluate_all(const struct chosen *c, struct results *r, int *status)
{
	bool ok = true;

	r->list = calloc(c->cli->n_inputs, sizeof(*r->list));
	if (!r->list)
		return false;
	for (; ok && r->n_list < c->cli->n_inputs; r->n_list++) {
		struct recording_results *of = &r->list[r->n_list];

		of->path = c->cli->inputs[r->n_list];
		ok = evaluate(c, of, status);
		for (int i = 0; i < RULE_VERDICTS; i++)
			r->n[i] += of->n[i];
	}
	results_label(r);
	return ok;
}

static int status_of(const struct cli *cli, const struct results *r, int status)
{
	if (status != EXIT_DONE)
		return status;
	if (r->n[RULE_BROKEN])
		return EXIT_BROKEN;
	return r->n[RULE_INCONCLUSIVE] ? cli->inconclusive : EXIT_DONE;
}

struct checking {
	const struct chosen *chosen;
	struct results results;
	int status; /* of reading the recordings */
};

static bool evaluate_and_write(struct output *o, const struct cli *cli, void *checking)
{
	const struct results_options look = {
		.color = cli_wants_color(cli, o),
		.columns = output_columns(o),
	};
	struct checking *x = checking;

	if (evaluate_all(x->chosen, &x->results, &x->status))
		return results_formats[cli->format].write(&x->results, &look, output_file(o));
	say("out of memory");
	return false;
}

static int check(const struct chosen *c)
{
	struct checking x = { .chosen = c, .results.rules = &c->rules, .status = EXIT_DONE };
	int status = verb_write(c->cli, evaluate_and_write, &x);

	if (status == EXIT_DONE)
		status = status_of(c->cli, &x.results, x.status);
	free_results(&x.results);
	return status;
}

static int run(const struct chosen *c)
{
	if (c->n_bad > BAD_RULES_SAID)
		say("%zu more rules are wrong", c->n_bad - BAD_RULES_SAID);
	if (c->n_bad)
		return EXIT_USAGE;
	if (c->unreadable)
		return EXIT_IMPOSSIBLE;
	if (c->write_baseline)
		return write_baseline(c->cli);
	if (c->rules.n)
		return check(c);
	say("the files hold no rule");
	return EXIT_USAGE;
}

int check_main(int argc, char **argv)
{
	struct format formats[8] = { 0 };
	struct cli cli = {
		.args_doc = "RECORDING...",
		.doc = doc,
		.options = &argp,
		.values = values,
		.formats = formats,
		.min_inputs = 1,
		.max_inputs = 1024,
		.verdicts = true,
		.inconclusive_wanted = true,
	};
	struct chosen chosen = { .cli = &cli };
	int status;

	for (size_t i = 0; results_formats[i].format.name; i++)
		formats[i] = results_formats[i].format;
	cli.input = &chosen;
	cli_parse(&cli, argc, argv);
	status = run(&chosen);
	rules_free(&chosen.rules);
	free(cli.inputs);
	return status;
}
