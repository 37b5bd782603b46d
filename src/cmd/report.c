// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace report: makes a page of recordings, as text, HTML or a timeline for Perfetto.
 * Each recording is read once and reduced to a digest. The forms are in report/.
 */
#include "report/report.h"

#include "cmd/run_output.h"
#include "lib/say.h"
#include "lib/status.h"

/* A form is one row here, one file (src/report_NAME.c), and its part of the docs. */
static const struct report_format *const forms[] = { &report_text, &report_html, &report_perfetto };

#define FORMS (sizeof(forms) / sizeof(forms[0]))

static const char *const only_words[] = { "broken", NULL };

static void set_only(struct parse *p, const char *arg)
{
	*(bool *)p->o->own = !option_word(p, arg, 1);
}

static const struct option_row options[] = {
	{ "only", 0, "WHAT", "broken: recordings and VMs that went wrong", .set = set_only,
	  .words = only_words },
	{ "copy", 0, "WHEN", "",
	  .gone = "a page no longer contains the recording; send the recording too" },
	{ 0 },
};

struct making {
	const struct report_format *form;
	FILE *first;	 /* the first recording that is there; it is open, */
	size_t first_at; /* and its number. NULL: it has been read */
	void *state;
	int status;
};

/* Reads one, if it is there. false: the page could not be made, which has been reported. */
static bool add(struct making *r, const struct options *o, size_t i)
{
	struct report_input in = { o->inputs[i], i + 1, r->first, o->recorded, &o->view.filter };
	struct recording rec = { .fatal = true };
	bool made = true;

	r->first = NULL;
	if (!in.f)
		in.f = recording_open(in.name, false);
	if (in.f) {
		made = r->form->recording(r->state, &in, &rec);
		fclose(in.f);
	}
	if (recording_status(&rec) != EXIT_DONE)
		r->status = EXIT_IMPOSSIBLE;
	return made;
}

static bool write_report(struct output *out, const struct options *o, void *making)
{
	const struct report report = {
		.out = out,
		.f = output_file(out),
		.color = run_wants_color(o, out),
		.n = o->n_inputs,
		.only_broken = *(const bool *)o->own,
	};
	struct making *r = making;
	bool made = true;

	r->state = r->form->begin(&report);
	for (size_t i = r->first_at; r->state && made && i < o->n_inputs && output_flush(out); i++)
		made = add(r, o, i);
	return r->state && r->form->end(r->state) && made;
}

/* Nothing is written before the first recording is there. */
static int run(const struct options *o)
{
	struct making r = { .form = forms[o->format] };
	int status;

	for (; r.first_at < o->n_inputs; r.first_at++) {
		r.first = recording_open(o->inputs[r.first_at], false);
		if (r.first)
			break;
		r.status = EXIT_IMPOSSIBLE;
	}
	if (!r.first)
		return r.status;
	if (*(const bool *)o->own && r.form == &report_perfetto)
		say_note("a timeline has all VMs, whatever --only says");
	if (*o->view.text && r.form == &report_perfetto)
		say_note("only what matches %s is in it", o->view.text);
	status = run_with_output(o, write_report, &r);
	if (r.first)
		fclose(r.first);
	return status == EXIT_DONE ? r.status : status;
}

static struct format format(size_t i)
{
	struct format none = { 0 };

	if (i >= FORMS)
		return none;
	return (struct format){ forms[i]->name, forms[i]->what, forms[i]->shield };
}

const struct command command_report = {
	.name = "report",
	.what = "make a page of recordings",
	.args = "RECORDING...",
	.about = "Show what recordings hold: which VMs went wrong, the host, what each VM was\n"
		 "offered, asked for, got and ran in, the failures, the story of each VM, how\n"
		 "long queries took, and what was not seen.",
	.examples =
		"  compatcaps-trace report host.jsonl\n"
		"  cat host.jsonl | compatcaps-trace report -\n"
		"  compatcaps-trace report --format=html -o page.html monday.jsonl tuesday.jsonl\n"
		"  compatcaps-trace report --format=perfetto -o trace.json host.jsonl",
	.status = "0 done; 2 usage; 3 a recording could not be read completely, or\n"
		  "the output not be written.",
	.manual = "compatcaps-trace-report(1)",
	.uses = USE_VIEW | USE_OUTPUT | USE_COLOR | USE_VERDICTS,
	.options = options,
	.own_size = sizeof(bool),
	.format = format,
	.min_inputs = 1,
	.max_inputs = 1000,
	.holds_recording = true,
	.run = run,
};
