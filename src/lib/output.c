// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lib/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/journal.h"

#define BUFFER_BYTES (256u << 10) /* longer than any event: one write each */

#define SLOW_MS 1000 /* who takes nothing in this time does not read */

/* One output a process: standard output keeps its buffer beyond output_close(). */
static char buffer[BUFFER_BYTES];

struct output {
	FILE *f;
	const char *name; /* for messages */
	char *path;	  /* to be replaced at the end, NULL: written in place */
	char *temporary;
	struct journal *journal; /* NULL: it is a file */
	int wake;
	int failure; /* the errno of the first write that failed */
};

static bool is_regular(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* Its place is taken by rename at the end, so that an old file stays whole until then. */
static int open_temporary(struct output *o, const char *path)
{
	struct stat st;
	int fd;

	o->path = strdup(path);
	if (!o->path || asprintf(&o->temporary, "%s.XXXXXX", path) < 0) {
		o->temporary = NULL;
		return -1;
	}
	fd = mkostemp(o->temporary, O_CLOEXEC);
	if (fd >= 0 && !stat(path, &st))
		(void)!fchmod(fd, st.st_mode & 0777);
	return fd;
}

static int open_path(struct output *o, const char *path, bool force)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd >= 0 || errno != EEXIST)
		return fd;
	/* A pipe, a terminal or /dev/null has nothing that could be overwritten. */
	if (!is_regular(path))
		return open(path, O_WRONLY | O_CLOEXEC);
	if (force)
		return open_temporary(o, path);
	errno = EEXIST;
	return -1;
}

static void free_output(struct output *o)
{
	free(o->path);
	free(o->temporary);
	free(o);
}

static bool is_journal(const char *path)
{
	struct stat st;

	return !strcmp(path, JOURNAL_SOCKET) || (!stat(path, &st) && S_ISSOCK(st.st_mode));
}

static bool open_stream(struct output *o, const char *path, bool force)
{
	int fd;

	if (!path) {
		o->f = stdout;
	} else if (is_journal(path)) {
		o->journal = journal_open(path);
		o->f = o->journal ? journal_file(o->journal) : NULL;
	} else {
		fd = open_path(o, path, force);
		if (fd < 0)
			return false;
		o->f = fdopen(fd, "w");
		if (!o->f)
			close(fd);
	}
	/* Flushed by output_flush() alone: no event is torn in the middle of a buffer. */
	if (o->f)
		setvbuf(o->f, buffer, _IOFBF, sizeof(buffer));
	return o->f;
}

struct output *output_open(const char *path, bool force, int wake, char *error, size_t len)
{
	struct output *o = calloc(1, sizeof(*o));
	int err = ENOMEM;

	/* A file that grows past a limit is an error to be told, not a reason to die. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (o) {
		o->name = path ? path : "standard output";
		o->wake = wake;
		if (open_stream(o, path, force))
			return o;
		err = errno;
	}
	if (err == EEXIST)
		snprintf(
			error, len,
			"%s is there already and is left as it is: name another file, or say --force",
			path);
	else
		snprintf(error, len, "cannot write to %s: %s", path ? path : "standard output",
			 strerror(err));
	if (o)
		free_output(o);
	return NULL;
}

FILE *output_file(struct output *o)
{
	return o->f;
}

/* Signals are blocked. That a child has ended is none that tells us to. */
static bool is_told_to_end(void)
{
	sigset_t set;

	return !sigpending(&set) && (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
				     sigismember(&set, SIGHUP));
}

/*
 * A reader who does not read must not make the program deaf to signals. One who is slow loses
 * nothing.
 */
static bool can_write(struct output *o)
{
	struct pollfd fds[] = {
		{ .fd = fileno(o->f), .events = POLLOUT },
		{ .fd = o->wake, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	while (!fds[0].revents && fds[1].revents) {
		if (poll(fds, 1, SLOW_MS) || !is_told_to_end())
			continue;
		o->failure = EINTR;
		return false;
	}
	return true;
}

bool output_flush(struct output *o)
{
	if (o->failure || (!o->journal && !can_write(o)))
		return false;
	errno = 0;
	if (fflush(o->f) || ferror(o->f))
		o->failure = errno ? errno : EIO;
	return !o->failure;
}

bool output_unread(const struct output *o)
{
	return o->failure == EPIPE;
}

static void describe(const struct output *o, char *error, size_t len)
{
	if (o->failure == EINTR)
		snprintf(
			error, len,
			"%s was not read while the program was told to end: the output is not complete",
			o->name);
	else
		snprintf(error, len, "cannot write to %s: %s: the output is not complete%s%s",
			 o->name, strerror(o->failure),
			 o->temporary ? "; what was written is in " : "",
			 o->temporary ? o->temporary : "");
}

/* What cannot be written any more is not tried again when the stream is closed. */
static void discard(struct output *o)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, fileno(o->f));
	close(null);
	clearerr(o->f);
}

static bool close_journal(struct output *o, char *error, size_t len)
{
	uint64_t missed;

	output_flush(o);
	missed = journal_close(o->journal);
	snprintf(error, len, "%" PRIu64 " event%s could not be written to the journal", missed,
		 missed == 1 ? "" : "s");
	free_output(o);
	return !missed;
}

bool output_close(struct output *o, char *error, size_t len)
{
	bool ok;

	if (o->journal)
		return close_journal(o, error, len);
	ok = output_flush(o);

	if (!ok)
		discard(o);
	/* Standard output is closed, and that checked, at the end of the process (out.h). */
	if (o->f != stdout && fclose(o->f) && ok) {
		o->failure = errno;
		ok = false;
	}
	if (ok && o->temporary && rename(o->temporary, o->path)) {
		o->failure = errno;
		ok = false;
	}
	if (!ok)
		describe(o, error, len);
	free_output(o);
	return ok;
}
