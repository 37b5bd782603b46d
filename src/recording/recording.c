// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens recordings and feeds them to a session, event by event. Compressed files and files of
 * other kinds are recognised by their first bytes, and the message says what to do. What could not
 * be read is counted, and part of the exit status.
 */
#include "recording/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/follow.h"
#include "io/progress.h"
#include "lib/say.h"
#include "lib/status.h"
#include "recording/stream.h"

#define BAD_LINES_SAID 20 /* of a file that is broken throughout the first ones tell enough */
#define COPY_BYTES     16384

/* NULL, errno set: as fopen(3). */
static FILE *open_readable(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "re");

	if (f && !fstat(fileno(f), &st) && S_ISDIR(st.st_mode)) {
		fclose(f);
		f = NULL;
		errno = EISDIR;
	}
	return f;
}

static FILE *open_file(const char *path)
{
	FILE *f;

	if (!strcmp(path, "-"))
		return stdin;
	f = open_readable(path);
	if (!f)
		say("cannot read %s: %s", path, strerror(errno));
	return f;
}

static bool copy(FILE *from, FILE *to)
{
	char buf[COPY_BYTES];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), from)))
		if (fwrite(buf, 1, n, to) != n)
			return false;
	return !ferror(from) && !fseeko(to, 0, SEEK_SET);
}

/* Lets go of f. */
static FILE *copy_of(FILE *f, const char *path)
{
	FILE *spool = tmpfile();

	if (!spool || !copy(f, spool)) {
		say("cannot copy %s to a temporary file: %s", path, strerror(errno));
		if (spool)
			fclose(spool);
		spool = NULL;
	}
	fclose(f);
	return spool;
}

const char *recording_name(const char *path)
{
	return strcmp(path, "-") ? path : STREAM_STDIN;
}

FILE *recording_open(const char *path, bool again)
{
	FILE *f = open_file(path);

	return f && again && lseek(fileno(f), 0, SEEK_CUR) < 0 ? copy_of(f, path) : f;
}

static void on_bad(const char *error, uint64_t n)
{
	if (n <= BAD_LINES_SAID)
		say("%s", error);
}

/* fd: of the file; -1: it has none. */
static void note_cut(struct frame *end, int fd, struct recording *rec)
{
	end->end.writer = fd < 0 ? 0 : follow_writer(fd);
	rec->cut_off = true;
	rec->writer = end->end.writer;
}

static void read_all(struct stream *stream, struct session *session,
		     const struct recording_reader *r, struct recording *rec,
		     struct progress *progress, int fd)
{
	enum stream_status status = STREAM_FRAME;
	struct frame f;
	char error[512];

	while (status != STREAM_END && status != STREAM_FATAL && !(r->done && r->done(r->ctx))) {
		status = stream_next(stream, &f, error, sizeof(error));
		progress_step(progress);
		if (status == STREAM_FRAME) {
			if (f.type == FRAME_END && f.end.cut_off)
				note_cut(&f, fd, rec);
			session_frame(session, &f);
		} else if (status == STREAM_BAD) {
			on_bad(error, ++rec->n_bad);
		}
	}
	progress_end(progress);
	if (status == STREAM_FATAL)
		say("%s", error);
	rec->fatal = status == STREAM_FATAL;
}

static void report(const struct recording_reader *r, const struct recording *rec)
{
	const char *name = recording_name(r->path);

	if (rec->n_bad > BAD_LINES_SAID)
		say("%llu lines more could not be read",
		    (unsigned long long)rec->n_bad - BAD_LINES_SAID);
	if (rec->writer > 0)
		say_note("%s is still being written by pid %d; what is there has been read", name,
			 rec->writer);
	else if (rec->writer)
		say_note("%s is still being written; what is there has been read", name);
	else if (rec->cut_off && r->follow && follow_was_interrupted(r->follow))
		say_note("%s has no end yet; what is there has been read", name);
	else if (rec->cut_off)
		say("%s is cut off: its end is missing; what was there has been read", name);
}

static bool is_over(const void *stream)
{
	return stream_has_ended(stream);
}

static void follow(const struct recording_reader *r, const struct stream *stream)
{
	const struct follow_reader reader = {
		.name = recording_name(r->path),
		.path = strcmp(r->path, "-") ? r->path : NULL,
		.is_over = is_over,
		.of = stream,
		.idle = r->idle,
		.ctx = r->ctx,
	};

	follow_for(r->follow, &reader);
}

bool recording_read_file(FILE *f, const struct recording_reader *r, struct recording *rec)
{
	struct session *session = session_new(r->event, r->ctx);
	struct stream *stream = stream_new(f, recording_name(r->path), r->recorded);
	struct progress progress;
	int fd = r->follow ? follow_fd(r->follow) : fileno(f);

	*rec = (struct recording){ .fatal = true };
	if (session && stream) {
		if (r->follow)
			follow(r, stream);
		if (r->filter)
			session_filter(session, r->filter);
		if (!r->renumber)
			session_number_as_recorded(session);
		progress_begin(&progress, r->progress ? f : NULL, r->path);
		read_all(stream, session, r, rec, &progress, fd);
		rec->n_bad += r->follow && follow_has_failed(r->follow);
		rec->n_unread = stream_unread(stream);
		rec->totals = *session_totals(session);
		if (!rec->fatal && r->finish)
			r->finish(session, r->ctx);
		report(r, rec);
	} else {
		say("there is not enough memory");
	}
	stream_free(stream);
	session_free(session);
	return !rec->fatal;
}

bool recording_read(const struct recording_reader *r, struct recording *rec)
{
	FILE *f = recording_open(r->path, false);
	bool read;

	*rec = (struct recording){ .fatal = true };
	if (!f)
		return false;
	read = recording_read_file(f, r, rec);
	fclose(f);
	return read;
}

int recording_status(const struct recording *rec)
{
	return rec->fatal || rec->n_bad ? EXIT_IMPOSSIBLE : EXIT_DONE;
}
