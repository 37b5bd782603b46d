// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace metrics: counts what recordings contain, in Prometheus' text format. Several
 * recordings are added up. The counters are those that a live trace writes, from the same table
 * (metrics/metric.c).
 */
#include "cmd/run_output.h"

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

/* Of one recording. */
struct counted {
	struct metrics *metrics;
	const char *path;
};

static void on_event(const struct event *e, void *ctx)
{
	const struct counted *c = ctx;

	if (e->type == EVENT_TRACE && e->frame->trace.filters.view)
		say("%s: only what matches %s is counted", c->path, e->frame->trace.filters.view);
	if (e->type == EVENT_TRACE && e->frame->trace.filters.outcomes)
		say("%s has only calls with some outcomes: others are not counted", c->path);
	metrics_event(e, c->metrics);
}

/* false: nothing of it was read. */
static bool read_one(const struct options *o, const char *path, struct metrics *m, int *status)
{
	struct counted counted = { m, path };
	struct recording_reader reader = {
		.path = path,
		.recorded = o->recorded,
		.progress = !o->quiet,
		.filter = &o->view.filter,
		.event = on_event,
		.ctx = &counted,
	};
	struct recording rec;
	bool read = recording_read(&reader, &rec);

	if (recording_status(&rec) != EXIT_DONE)
		*status = recording_status(&rec);
	return read;
}

static bool write_all(struct output *out, const struct options *o, void *m)
{
	metrics_write(m, (enum metrics_format)o->format, output_file(out));
	return true;
}

static int run(const struct options *o)
{
	struct metrics *m = metrics_new();
	int status = EXIT_DONE;
	bool any = false;

	if (!m) {
		say("out of memory");
		return EXIT_IMPOSSIBLE;
	}
	for (size_t i = 0; i < o->n_inputs; i++)
		any |= read_one(o, o->inputs[i], m, &status);
	if (any && run_with_output(o, write_all, m) != EXIT_DONE)
		status = EXIT_IMPOSSIBLE;
	metrics_free(m);
	return status;
}

static struct format format(size_t i)
{
	return formats[i];
}

const struct command command_metrics = {
	.name = "metrics",
	.what = "count what recordings hold, for Prometheus",
	.args = "RECORDING...",
	.about = "Count what recordings hold, for Prometheus: negotiations and requests for a\n"
		 "mode, their failures by cause, retries, losses, durations. The numbers of\n"
		 "several recordings are added up. trace and record count live, with --metrics,\n"
		 "which keeps a file for the textfile collector of node_exporter.",
	.examples =
		"  compatcaps-trace metrics host.jsonl\n"
		"  compatcaps-trace metrics --force -o compatcaps.prom monday.jsonl tuesday.jsonl\n"
		"  compatcaps-trace metrics --format=openmetrics host.jsonl\n"
		"  compatcaps-trace metrics -q --verdicts=recorded host.jsonl",
	.status = "0 done; 2 usage; 3 a recording could not be read completely, or\n"
		  "the output not be written.",
	.manual = "compatcaps-trace-metrics(1)",
	.uses = USE_VIEW | USE_OUTPUT | USE_VERDICTS,
	.format = format,
	.min_inputs = 1,
	.max_inputs = SIZE_MAX,
	.run = run,
};
