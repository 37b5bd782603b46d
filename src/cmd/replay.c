// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/replay.h"

#include "recording/recording.h"
#include "cmd/tell.h"

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
		return (int)o->inconclusive;
	return EXIT_DONE;
}

int replay_run(const struct options *o)
{
	struct recording_reader reader = { .path = o->input, .recorded = o->recorded_verdicts };
	FILE *f = recording_open(o->input, false);
	struct recording rec;
	struct teller *t;
	bool written;

	if (!f)
		return EXIT_IMPOSSIBLE;
	t = teller_new(o, 0);
	if (!t) {
		fclose(f);
		return EXIT_IMPOSSIBLE;
	}
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
