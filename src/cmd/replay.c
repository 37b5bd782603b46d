// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace replay: a recording as a trace would have shown it. */
#include "cmd/tell.h"
#include "io/follow.h"
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

static bool done(const void *teller)
{
	return teller_is_done(teller);
}

static void finish(const struct session *s, void *teller)
{
	teller_summarize(teller, s);
}

static int status_of(const struct options *o, const struct recording *rec, bool written)
{
	if (recording_status(rec) != EXIT_DONE || !written)
		return EXIT_IMPOSSIBLE;
	if (o->strict && (rec->cut_off || rec->totals.lost))
		return o->inconclusive;
	return EXIT_DONE;
}

static int run(const struct options *o)
{
	struct recording_reader reader = { .path = o->inputs[0], .recorded = o->recorded };
	FILE *f = recording_open(reader.path, false);
	struct recording rec;
	const bool *own = o->own, follows = *own;
	struct teller *t;
	bool written;

	if (f && follows) {
		reader.follow = true;
		reader.followed = fileno(f);
		f = follow_open(f);
	}
	if (!f)
		return EXIT_IMPOSSIBLE;
	t = teller_new(o, 0);
	if (!t) {
		fclose(f);
		return EXIT_IMPOSSIBLE;
	}
	reader.filter = &o->view.filter;
	reader.event = teller_event;
	reader.done = done;
	reader.finish = finish;
	reader.renumber = true;
	reader.ctx = t;
	recording_read_file(f, &reader, &rec);
	fclose(f);
	written = teller_close(t);
	return status_of(o, &rec, written);
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
