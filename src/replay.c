// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "say.h"
#include "session.h"
#include "stream.h"
#include "tell.h"

#define BAD_LINES_SAID 20 /* of a file that is broken throughout the first ones tell enough */

struct replay {
	const struct options *opt;
	struct teller *teller;
	struct session *session;
	struct stream *stream;
	uint64_t n_bad;
	bool cut_off, fatal;
};

static FILE *open_input(const char *path)
{
	struct stat st;
	FILE *f;

	if (!strcmp(path, "-"))
		return stdin;
	f = fopen(path, "re");
	if (f && !fstat(fileno(f), &st) && S_ISDIR(st.st_mode)) {
		fclose(f);
		f = NULL;
		errno = EISDIR;
	}
	if (!f)
		say("cannot read %s: %s", path, strerror(errno));
	return f;
}

static void on_bad(struct replay *r, const char *error)
{
	if (++r->n_bad <= BAD_LINES_SAID)
		say("%s", error);
}

/* What could be read is shown, whatever is wrong with the rest. */
static void read_all(struct replay *r)
{
	enum stream_status status = STREAM_FRAME;
	struct frame f;
	char error[512];

	while (status != STREAM_END && status != STREAM_FATAL && !teller_is_done(r->teller)) {
		status = stream_next(r->stream, &f, error, sizeof(error));
		if (status == STREAM_FRAME) {
			r->cut_off |= f.type == FRAME_END && f.end.cut_off;
			session_frame(r->session, &f);
		} else if (status == STREAM_BAD) {
			on_bad(r, error);
		}
	}
	if (status == STREAM_FATAL)
		say("%s", error);
	r->fatal = status == STREAM_FATAL;
}

static void report(const struct replay *r)
{
	if (r->n_bad > BAD_LINES_SAID)
		say("%llu lines more could not be read",
		    (unsigned long long)r->n_bad - BAD_LINES_SAID);
	if (r->cut_off)
		say("%s is cut off: its end is missing; what was there has been shown",
		    r->opt->input);
}

static int status_of(const struct replay *r, bool written)
{
	if (r->fatal || r->n_bad || !written)
		return EXIT_IMPOSSIBLE;
	if (r->opt->strict && (r->cut_off || session_totals(r->session)->lost))
		return (int)r->opt->inconclusive;
	return EXIT_DONE;
}

static int replay(struct replay *r)
{
	bool written, unread;
	int status;

	read_all(r);
	if (!r->fatal)
		teller_summarize(r->teller, r->session);
	report(r);
	unread = teller_is_unread(r->teller);
	written = teller_close(r->teller) || unread;
	status = status_of(r, written);
	return status;
}

int replay_run(const struct options *o)
{
	struct replay r = { .opt = o };
	int status = EXIT_IMPOSSIBLE;
	FILE *f = open_input(o->input);

	if (!f)
		return EXIT_IMPOSSIBLE;
	r.teller = teller_new(o, -1);
	if (!r.teller) {
		fclose(f);
		return EXIT_IMPOSSIBLE;
	}
	r.session = session_new(teller_event, r.teller);
	r.stream = stream_new(f, o->input, o->recorded_verdicts);
	if (r.session && r.stream) {
		status = replay(&r);
	} else {
		say("there is not enough memory");
		teller_close(r.teller);
	}
	stream_free(r.stream);
	session_free(r.session);
	fclose(f);
	return status;
}
