// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/verb_output.h"

#include <stdlib.h>

#include "metrics/metric.h"
#include "recording/recording.h"
#include "lib/say.h"
#include "lib/status.h"

static const struct format formats[] = {
	[METRICS_PROMETHEUS] = { "prometheus", "as node_exporter's textfile collector reads it",
				 SHIELD_TEXT },
	[METRICS_OPENMETRICS] = { "openmetrics", "with exemplars that name VM and seq",
				  SHIELD_TEXT },
	{ NULL, NULL, SHIELD_TEXT },
};

static const char doc[] =
	"Count what recordings hold, for Prometheus: negotiations and requests for a "
	"mode, their failures by cause, retries, losses, durations. For several recordings it prints the sum. trace and record do the same live with --metrics.\v"
	"EXAMPLES:\n"
	"  compatcaps-trace metrics host.jsonl\n"
	"  compatcaps-trace metrics --force -o compatcaps.prom monday.jsonl tuesday.jsonl\n"
	"  compatcaps-trace metrics --format=openmetrics host.jsonl\n"
	"\n"
	"EXIT STATUS:\n"
	"  0 done; 2 usage; 3 a recording could not be read completely, or the output\n  could not be written.";

/* Of one recording. */
struct counted {
	struct metrics *metrics;
	const char *path;
};

static void on_event(const struct event *e, void *ctx)
{
	const struct counted *c = ctx;

	if (e->type == EVENT_TRACE && e->frame->trace.filters.outcomes)
		say("%s has only calls with some outcomes: others are not counted", c->path);
	metrics_event(e, c->metrics);
}

/* false: nothing of it was read. */
static bool read_one(const struct cli *cli, const char *path, struct metrics *m, int *status)
{
	struct counted counted = { m, path };
	struct recording_reader reader = {
		.path = path,
		.recorded = cli->recorded,
		.progress = !cli->quiet,
		.event = on_event,
		.ctx = &counted,
	};
	struct recording rec;
	bool read = recording_read(&reader, &rec);

	if (recording_status(&rec) != EXIT_DONE)
		*status = recording_status(&rec);
	return read;
}

static bool write_all(struct output *o, const struct cli *cli, void *m)
{
	metrics_write(m, (enum metrics_format)cli->format, output_file(o));
	return true;
}

int metrics_main(int argc, char **argv)
{
	struct cli cli = { .args_doc = "RECORDING...",
			   .doc = doc,
			   .formats = formats,
			   .min_inputs = 1,
			   .max_inputs = SIZE_MAX,
			   .verdicts = true };
	struct metrics *m = metrics_new();
	int status = EXIT_DONE;
	bool any = false;

	cli_parse(&cli, argc, argv);
	if (!m) {
		say("out of memory");
		return EXIT_IMPOSSIBLE;
	}
	for (size_t i = 0; i < cli.n_inputs; i++)
		any |= read_one(&cli, cli.inputs[i], m, &status);
	if (any && verb_write(&cli, write_all, m) != EXIT_DONE)
		status = EXIT_IMPOSSIBLE;
	metrics_free(m);
	free(cli.inputs);
	return status;
}
