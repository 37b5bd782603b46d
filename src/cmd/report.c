// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/verb_output.h"
#include "lib/say.h"
#include "lib/status.h"

/* A form is one row here, one file (src/report_NAME.c), and its part of the docs. */
static const struct report_format *const forms[] = { &report_text, &report_html, &report_perfetto };

#define FORMS (sizeof(forms) / sizeof(forms[0]))

enum { OPT_COPY = 2048 };

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "The page of --format=html:", 1 },
	{ "copy", OPT_COPY, "WHEN", 0,
	  "include the recording: always, never or auto, up to 64 MiB (default)", 0 },
	{ 0 },
};

static const char doc[] =
	"Show what recordings hold: the host, the failures, the story of each VM, how long queries took, and what was not seen.\v"
	"A page that includes the recording can replace it: replay, check, diff and metrics read the page too. If it has several recordings, PAGE#2 is the second.";

static struct output *open_output(const struct cli *cli, const struct report_format *form)
{
	struct output *out = verb_open_output(cli);

	if (!out || !form->binary || !output_is_terminal(out))
		return out;
	say("--format=%s is not for a terminal: name a file with -o", form->name);
	output_close(out, false);
	return NULL;
}

struct making {
	struct cli *cli;
	const struct report_format *form;
	struct report report;
	void *state;
	int status;
};

/* Nothing is written before the first recording is there. */
static bool begin(struct making *r)
{
	if (r->state)
		return true;
	r->report.out = open_output(r->cli, r->form);
	if (!r->report.out)
		return false;
	r->report.f = output_file(r->report.out);
	r->report.color = cli_wants_color(r->cli, r->report.out);
	r->report.n = r->cli->n_inputs;
	r->state = r->form->begin(&r->report);
	return r->state;
}

/* false: it could not be made, which has been reported. */
static bool add(struct making *r, size_t i)
{
	struct report_input in = {
		.name = r->cli->inputs[i],
		.number = i + 1,
		.recorded = r->cli->recorded,
	};
	struct recording rec = { .fatal = true };
	bool made;

	in.f = recording_open(in.name, r->form->again);
	if (!in.f) {
		r->status = EXIT_IMPOSSIBLE;
		return true;
	}
	made = begin(r) && r->form->recording(r->state, &in, &rec);
	fclose(in.f);
	if (recording_status(&rec) != EXIT_DONE)
		r->status = EXIT_IMPOSSIBLE;
	return made;
}

static bool is_read(const struct making *r)
{
	return !r->report.out || output_flush(r->report.out);
}

static const char *const whens[] = {
	[COPY_AUTO] = "auto",
	[COPY_ALWAYS] = "always",
	[COPY_NEVER] = "never",
	NULL,
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct making *r = state->input;

	if (key != OPT_COPY)
		return ARGP_ERR_UNKNOWN;
	for (size_t i = 0; whens[i]; i++)
		if (!strcmp(arg, whens[i])) {
			r->report.copy = i;
			return 0;
		}
	cli_refuse(state, "--copy", arg, "must be always, never or auto");
	return 0;
}

static const struct argp argp = { .options = options, .parser = parse_option };
static const struct complete_value values[] = { { "copy", whens, NULL }, { 0 } };

int report_main(int argc, char **argv)
{
	struct format formats[FORMS + 1] = { 0 };
	struct cli cli = {
		.args_doc = "RECORDING...",
		.doc = doc,
		.options = &argp,
		.values = values,
		.formats = formats,
		.min_inputs = 1,
		.max_inputs = 1000,
		.holds_recording = true,
		.verdicts = true,
	};
	struct making r = { .cli = &cli };
	bool made = true;

	cli.input = &r;
	for (size_t i = 0; i < FORMS; i++)
		formats[i] = (struct format){ forms[i]->name, forms[i]->what, forms[i]->shield };
	cli_parse(&cli, argc, argv);
	r.form = forms[cli.format];
	for (size_t i = 0; made && i < cli.n_inputs && is_read(&r); i++)
		made = add(&r, i);
	if (r.state)
		made &= r.form->end(r.state);
	if (r.report.out)
		made = output_close(r.report.out, made);
	free(cli.inputs);
	return made ? r.status : EXIT_IMPOSSIBLE;
}
