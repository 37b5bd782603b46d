// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diff/diff.h"

#include <stdlib.h>
#include <string.h>

#include "diff/baseline.h"
#include "cmd/verb_output.h"
#include "lib/say.h"
#include "lib/status.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMATS_OWN, FORMATS_MAX = 8 };

/* After its own ones those that check has too. */
static struct format formats[FORMATS_MAX + 1] = {
	[FORMAT_TEXT] = { "text", "for people, what became worse first", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "one object", SHIELD_JSON },
};
static results_write_fn *writers[FORMATS_MAX];

static void list_formats(void)
{
	size_t n = FORMATS_OWN;

	for (const struct results_format *r = results_formats; r->format.name; r++) {
		if (r->write == results_text || r->write == results_json || n == FORMATS_MAX)
			continue;
		writers[n] = r->write;
		formats[n++] = r->format;
	}
}

enum { OPT_EXIT_CODE = 2048, OPT_VERDICTS };

struct chosen {
	struct cli *cli;
	bool exit_code, verdicts;
};

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "Comparing:", 1 },
	{ "exit-code", OPT_EXIT_CODE, 0, 0,
	  "exit with 1 if they differ, with 5 if missing data may hide a difference", 0 },
	{ "verdicts", OPT_VERDICTS, 0, 0,
	  "for one recording: the verdicts that differ from the recorded ones today", 0 },
	{ 0 },
};

static void check_choice(struct argp_state *state, const struct chosen *c)
{
	if (!c->verdicts && c->cli->n_inputs < 2)
		argp_error(state, "expected OLD and NEW; - is standard input");
	if (c->verdicts && c->cli->n_inputs != 1)
		argp_error(state, "--verdicts takes one recording");
	if (c->verdicts && c->cli->format >= FORMATS_OWN)
		argp_error(state, "--verdicts needs --format=text or json");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct chosen *c = state->input;

	(void)arg;
	switch (key) {
	case OPT_EXIT_CODE:
		c->exit_code = true;
		break;
	case OPT_VERDICTS:
		c->verdicts = true;
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

/* ------------------------------------------------------------------ reading */

static struct profile *read_recording(FILE *f, const char *path, bool *complete)
{
	struct profile *p = profile_new();
	struct recording_reader reader = {
		.path = path,
		.progress = true,
		.event = profile_event,
		.ctx = p,
	};
	struct recording rec;

	if (!p) {
		say("out of memory");
		return NULL;
	}
	if (recording_read_file(f, &reader, &rec)) {
		*complete &= recording_status(&rec) == EXIT_DONE;
		return p;
	}
	profile_free(p);
	return NULL;
}

/* NULL: it has been said why. */
static struct profile *read_input(const char *path, bool *complete)
{
	FILE *f = recording_open(path, false);
	struct profile *p;

	if (!f)
		return NULL;
	p = baseline_begins(f) ? baseline_read(f, path) : read_recording(f, path, complete);
	fclose(f);
	return p;
}

/* ------------------------------------------------------------------ writing */

static int status_of(const struct chosen *c, enum diff_outcome outcome, bool complete)
{
	if (!complete)
		return EXIT_IMPOSSIBLE;
	if (!c->exit_code || outcome == DIFF_SAME)
		return EXIT_DONE;
	return outcome == DIFF_CHANGED ? EXIT_BROKEN : c->cli->inconclusive;
}

struct comparing {
	const struct diff_input *in; /* two */
	struct diff diff;
};

static bool show(struct output *o, const struct cli *c, void *comparing)
{
	const struct comparing *x = comparing;
	FILE *f = output_file(o);
	bool ok = !x->diff.no_memory;

	if (ok && c->format == FORMAT_JSON)
		ok = diff_show_json(f, &x->diff, x->in);
	else if (ok && c->format >= FORMATS_OWN)
		ok = diff_show_results(f, &x->diff, x->in, writers[c->format]);
	else if (ok)
		diff_show_text(f, &x->diff, x->in, cli_wants_color(c, o));
	if (!ok)
		say("out of memory");
	return ok;
}

static int compare(const struct chosen *c, const struct diff_input in[2], bool complete)
{
	struct comparing x = { .in = in };
	int status;

	diff_compare(&x.diff, in[0].profile, in[1].profile);
	complete &= verb_write(c->cli, show, &x) == EXIT_DONE;
	status = status_of(c, diff_outcome(&x.diff), complete);
	diff_free(&x.diff);
	return status;
}

static int diff_two(const struct chosen *c)
{
	bool complete = true;
	struct profile *old = read_input(c->cli->inputs[0], &complete);
	struct profile *new = old ? read_input(c->cli->inputs[1], &complete) : NULL;
	const struct diff_input in[2] = { { c->cli->inputs[0], old }, { c->cli->inputs[1], new } };
	int status = EXIT_IMPOSSIBLE;

	if (old && new) {
		if (old->baseline || new->baseline) {
			profile_join_unnamed(old);
			profile_join_unnamed(new);
		}
		status = compare(c, in, complete);
	}
	profile_free(old);
	profile_free(new);
	return status;
}

static bool show_verdicts(struct output *o, const struct cli *c, void *verdicts)
{
	bool ok = true;

	if (c->format == FORMAT_JSON)
		ok = diff_verdicts_json(output_file(o), verdicts);
	else
		diff_verdicts_text(output_file(o), verdicts);
	if (!ok)
		say("out of memory");
	return ok;
}

static int diff_one(const struct chosen *c)
{
	struct diff_verdicts *v = diff_verdicts_read(c->cli->inputs[0], true);
	bool complete;
	int status;

	if (!v)
		return EXIT_IMPOSSIBLE;
	complete = recording_status(diff_verdicts_recording(v)) == EXIT_DONE;
	complete &= verb_write(c->cli, show_verdicts, v) == EXIT_DONE;
	status = status_of(c, diff_verdicts_outcome(v), complete);
	diff_verdicts_free(v);
	return status;
}

int diff_main(int argc, char **argv)
{
	struct cli cli = {
		.args_doc = "OLD NEW\n--verdicts RECORDING",
		.doc = "Compare two recordings or baselines.",
		.options = &argp,
		.formats = formats,
		.max_inputs = 2,
		.inconclusive_wanted = true,
	};
	struct chosen chosen = { .cli = &cli };
	int status;

	list_formats();
	cli.input = &chosen;
	cli_parse(&cli, argc, argv);
	status = chosen.verdicts ? diff_one(&chosen) : diff_two(&chosen);
	free(cli.inputs);
	return status;
}
