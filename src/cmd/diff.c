// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace diff: compares two recordings, or a recording with a baseline. Both are read
 * into profiles (diff/profile.h) through the same filters. What differs is decided by
 * diff/diff_compare.c, and shown by diff/diff_show.c.
 */
#include "diff/diff.h"

#include <stdlib.h>
#include <string.h>

#include "diff/baseline.h"
#include "cmd/run_output.h"
#include "lib/say.h"
#include "lib/status.h"

static const struct format own_formats[] = {
	[FORMAT_TEXT] = { "text", "for people, what became worse first (default)", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "one object", SHIELD_JSON },
};

#define FORMATS_OWN (sizeof(own_formats) / sizeof(own_formats[0]))

/* Behind the own ones those that check has too; its row with a NULL name ends them. */
static const struct results_format *results_format(size_t i)
{
	const struct results_format *r = results_formats;

	for (i -= FORMATS_OWN; r->format.name; r++)
		if (r->write != results_text && r->write != results_json && !i--)
			break;
	return r;
}

static struct format format(size_t i)
{
	return i < FORMATS_OWN ? own_formats[i] : results_format(i)->format;
}

static void set_exit_code(struct parse *p, const char *arg)
{
	(void)arg;
	*(bool *)p->o->own = true;
}

static const struct option_row options[] = {
	{ .what = "Comparing:" },
	{ "exit-code", 0, NULL, "1 if they differ, 5 if missing data may hide that",
	  .set = set_exit_code },
	{ "verdicts", 0, "WHEN", "",
	  .gone = "compare with diff(1) what replay --verdicts=recorded and replay print" },
	{ 0 },
};

/* ------------------------------------------------------------------ reading */

static struct profile *read_recording(const struct options *o, FILE *f, const char *path,
				      bool *complete)
{
	struct profile *p = profile_new();
	struct view_on_the_way on_the_way = { o->view.filter.ctx, profile_event, p };
	struct recording_reader reader = {
		.path = path,
		.progress = true,
		.filter = &o->view.filter,
		.event = *o->view.text ? view_event : profile_event,
		.ctx = *o->view.text ? (void *)&on_the_way : p,
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
static struct profile *read_input(const struct options *o, const char *path, bool *complete)
{
	FILE *f = recording_open(path, false);
	struct profile *p;

	if (!f)
		return NULL;
	if (!baseline_begins(f)) {
		p = read_recording(o, f, path, complete);
	} else if (!*o->view.text) {
		p = baseline_read(f, path);
	} else {
		say("%s is a baseline, which is of a whole recording: %s cannot be given", path,
		    o->view.text);
		p = NULL;
	}
	fclose(f);
	return p;
}

/* ------------------------------------------------------------------ writing */

static int status_of(const struct options *o, enum diff_outcome outcome, bool complete)
{
	const bool *exit_code = o->own;

	if (!complete)
		return EXIT_IMPOSSIBLE;
	if (!*exit_code || outcome == DIFF_SAME)
		return EXIT_DONE;
	return outcome == DIFF_CHANGED ? EXIT_BROKEN : o->inconclusive;
}

struct comparing {
	const struct diff_input *in; /* two */
	struct diff diff;
};

static bool show(struct output *out, const struct options *o, void *comparing)
{
	const struct comparing *x = comparing;
	FILE *f = output_file(out);
	bool ok = !x->diff.no_memory;

	if (ok && o->format == FORMAT_JSON)
		ok = diff_show_json(f, &x->diff, x->in);
	else if (ok && o->format >= FORMATS_OWN)
		ok = diff_show_results(f, &x->diff, x->in, results_format(o->format)->write);
	else if (ok)
		diff_show_text(f, &x->diff, x->in, run_wants_color(o, out));
	if (!ok)
		say("out of memory");
	return ok;
}

static int compare(const struct options *o, const struct diff_input in[2], bool complete)
{
	struct comparing x = { .in = in };
	int status;

	diff_compare(&x.diff, in[0].profile, in[1].profile,
		     *o->view.text && !o->view.matched ? o->view.text : NULL);
	complete &= run_with_output(o, show, &x) == EXIT_DONE;
	status = status_of(o, diff_outcome(&x.diff), complete);
	diff_free(&x.diff);
	return status;
}

static int run(const struct options *o)
{
	bool complete = true;
	struct profile *old = read_input(o, o->inputs[0], &complete);
	struct profile *new = old ? read_input(o, o->inputs[1], &complete) : NULL;
	const struct diff_input in[2] = { { o->inputs[0], old }, { o->inputs[1], new } };
	int status = EXIT_IMPOSSIBLE;

	if (old && new) {
		if (old->baseline || new->baseline) {
			profile_join_unnamed(old);
			profile_join_unnamed(new);
		}
		status = compare(o, in, complete);
	}
	profile_free(old);
	profile_free(new);
	return status;
}

const struct command command_diff = {
	.name = "diff",
	.what = "compare two recordings",
	.args = "OLD NEW",
	.about = "Compare two recordings, or a recording with a baseline that check wrote: what\n"
		 "became worse first. What missing data may hide is not reported as a difference.",
	.examples = "  compatcaps-trace diff old.jsonl new.jsonl\n"
		    "  compatcaps-trace diff --exit-code old.jsonl new.jsonl >/dev/null\n"
		    "  compatcaps-trace diff --json old.jsonl new.jsonl",
	.status = "0 done; with --exit-code: 1 they differ, 5 missing data may hide a\n"
		  "difference; 2 usage; 3 a recording could not be read completely, or the output\n"
		  "not be written.",
	.manual = "compatcaps-trace-diff(1)",
	.uses = USE_VIEW | USE_OUTPUT | USE_COLOR | USE_INCONCLUSIVE,
	.options = options,
	.own_size = sizeof(bool),
	.format = format,
	.min_inputs = 2,
	.max_inputs = 2,
	.run = run,
};
