// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace replay: shows a recording as the trace would have shown it. Verdicts are made
 * anew from the recorded evidence, unless the recorded ones are asked for. With --follow it waits
 * for more until the trace that writes the file has ended.
 */
#include <time.h>

#include "cmd/tell.h"
#include "io/follow.h"
#include "lib/say.h"
#include "recording/recording.h"

static void set_follow(struct parse *p, const char *arg)
{
	(void)arg;
	*(bool *)p->o->own = true;
}

static const struct option_row options[] = {
	{ .what = "Reading:" },
	{ "follow", 0, NULL, "wait for more while it is written, until Ctrl-C", .set = set_follow },
	{ 0 },
};

struct showing {
	struct teller *teller;
	bool follows;
	int64_t clock_offset; /* CLOCK_REALTIME less CLOCK_MONOTONIC of the host that was traced */
};

static bool done(const void *showing)
{
	const struct showing *x = showing;

	return teller_is_done(x->teller);
}

static void finish(const struct session *s, void *showing)
{
	struct showing *x = showing;

	teller_summarize(x->teller, s);
}

/* What changes with time alone goes by the clock of the recording. */
static void on_time(void *showing)
{
	struct showing *x = showing;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	teller_on_time(x->teller, (uint64_t)((int64_t)now.tv_sec * 1000000000 + now.tv_nsec -
					     x->clock_offset));
}

static void on_event(const struct event *e, void *showing)
{
	struct showing *x = showing;

	if (e->type == EVENT_TRACE)
		x->clock_offset = e->frame->trace.clock_offset_ns;
	teller_event(e, x->teller);
	if (x->follows)
		on_time(x);
}

static int status_of(const struct options *o, const struct recording *rec, bool written)
{
	if (recording_status(rec) != EXIT_DONE || !written)
		return EXIT_IMPOSSIBLE;
	if (o->strict && (rec->cut_off || rec->totals.lost))
		return o->inconclusive;
	return EXIT_DONE;
}

static int show(const struct options *o, FILE *f, struct follow *follow)
{
	struct showing x = { .teller = teller_new(o, 0), .follows = follow };
	const struct recording_reader reader = {
		.path = o->inputs[0],
		.recorded = o->recorded,
		.follow = follow,
		.filter = &o->view.filter,
		.event = on_event,
		.idle = on_time,
		.done = done,
		.finish = finish,
		.renumber = true,
		.ctx = &x,
	};
	struct recording rec;

	if (!x.teller)
		return EXIT_IMPOSSIBLE;
	if (!follow && follow_is_file(fileno(f)))
		teller_in_batches(x.teller);
	recording_read_file(f, &reader, &rec);
	return status_of(o, &rec, teller_close(x.teller));
}

static int run(const struct options *o)
{
	FILE *f = recording_open(o->inputs[0], false);
	const bool *own = o->own;
	struct follow *follow;
	int status = EXIT_IMPOSSIBLE;

	if (!f)
		return EXIT_IMPOSSIBLE;
	if (!*own) {
		status = show(o, f, NULL);
		fclose(f);
		return status;
	}
	follow = follow_open(f);
	if (!follow) {
		say("out of memory");
		return EXIT_IMPOSSIBLE;
	}
	status = show(o, follow_stream(follow), follow);
	follow_close(follow);
	return status;
}

const struct command command_replay = {
	.name = "replay",
	.what = "show a recording",
	.args = "FILE",
	.about = "Show a recording as the trace showed it. The verdicts are derived again, from\n"
		 "the evidence in it. This needs no privilege, no KVM and no POWER machine.",
	.examples = "  compatcaps-trace replay --summary host.jsonl\n"
		    "  compatcaps-trace replay --errors-only host.jsonl\n"
		    "  compatcaps-trace replay --follow --guest db1 host.jsonl\n"
		    "  compatcaps-trace replay --json host.jsonl | head -n 1",
	.status =
		"0 done; 2 usage; 3 the recording could not be read completely, or\n"
		"the output not be written; 5 events were lost, or the recording is cut off, and\n"
		"--strict was given.",
	.manual = "compatcaps-trace(1)",
	.uses = USE_SHOWN | USE_TABLE | USE_VIEW | USE_OUTPUT | USE_COLOR | USE_VERDICTS |
		USE_INCONCLUSIVE,
	.options = options,
	.own_size = sizeof(bool),
	.format = teller_format,
	.min_inputs = 1,
	.max_inputs = 1,
	.holds_recording = true,
	.run = run,
};
