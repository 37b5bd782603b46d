// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a verb writes to, from the first byte to the exit status. Errors are remembered and
 * reported once, with the name of the file. A file becomes visible only when it is complete.
 */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/destination.h"
#include "io/follow.h"
#include "lib/say.h"
#include "io/shield.h"
#include "io/signals.h"

#define BUFFER_BYTES (256u << 10) /* longer than any event: one write each */

#define SLOW_MS 1000 /* who takes nothing in this time does not read */

/* There is one output at a time. */
static char buffer[BUFFER_BYTES];

struct output {
	FILE *f;
	const char *name; /* for messages */
	struct destination to;
	struct shield shield;
	int wake;    /* -1: none */
	bool ending; /* a signal to end has been taken already */
	int failure; /* the errno of the first write that failed */
};

/*
 * A reader who does not read must not make the program deaf to signals. One who is slow loses
 * nothing.
 */
static bool can_write(struct output *o)
{
	struct pollfd fds[] = {
		{ .fd = o->to.fd, .events = POLLOUT },
		{ .fd = o->wake, .events = POLLIN },
	};

	while (!o->ending && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	while (!fds[0].revents && (o->ending || fds[1].revents)) {
		/* That a child has ended wakes us too. */
		if (poll(fds, 1, SLOW_MS) || (!o->ending && !signals_end_pending()))
			continue;
		o->failure = EINTR;
		return false;
	}
	return true;
}

/* What poll(2) finds room for can be written without blocking if it is not longer than this. */
static size_t at_once(const struct output *o, size_t len)
{
	return o->to.may_block && o->wake >= 0 && len > PIPE_BUF ? PIPE_BUF : len;
}

static bool write_all(void *output, const char *data, size_t len)
{
	struct output *o = output;

	while (len && !o->failure) {
		ssize_t n;

		if (o->to.may_block && !can_write(o))
			return false;
		n = write(o->to.fd, data, at_once(o, len));
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno != EINTR && errno != EAGAIN) {
			o->failure = errno;
		}
	}
	return !o->failure;
}

/* The stream's: never fails, so that who prints has nothing to check. */
static ssize_t on_write(void *cookie, const char *data, size_t len)
{
	struct output *o = cookie;

	shield_write(&o->shield, data, len, write_all, o);
	return (ssize_t)len;
}

static bool open_stream(struct output *o)
{
	const cookie_io_functions_t functions = { .write = on_write };

	o->f = fopencookie(o, "w", functions);
	if (!o->f) {
		say("out of memory");
		return false;
	}
	/* Flushed by output_flush() alone: no event is torn in the middle of a buffer. */
	setvbuf(o->f, buffer, _IOFBF, sizeof(buffer));
	return true;
}

static void take_standard_output(struct output *o)
{
	struct stat st;

	o->name = "standard output";
	o->to = (struct destination){ .fd = STDOUT_FILENO, .dir = -1 };
	o->to.may_block = !fstat(STDOUT_FILENO, &st) && !S_ISREG(st.st_mode);
}

static bool open_destination(struct output *o, const struct output_request *r)
{
	const struct destination_request to = { r->path, r->force, r->readable };
	char error[DESTINATION_ERROR_LEN];

	o->wake = r->wake > STDERR_FILENO ? r->wake : -1;
	if (!r->path) {
		take_standard_output(o);
		return true;
	}
	o->name = r->path;
	if (destination_open(&o->to, &to, error))
		return true;
	say("%s", error);
	return false;
}

static void free_output(struct output *o)
{
	if (o->to.fd > STDERR_FILENO)
		close(o->to.fd);
	destination_close(&o->to);
	free(o);
}

struct output *output_open(const struct output_request *r)
{
	struct output *o = calloc(1, sizeof(*o));

	if (!o) {
		say("out of memory");
		return NULL;
	}
	o->shield.kind = r->shield;
	if (!open_destination(o, r)) {
		free(o);
		return NULL;
	}
	if (r->live)
		follow_announce(o->to.fd);
	if (open_stream(o))
		return o;
	destination_remove(&o->to);
	free_output(o);
	return NULL;
}

FILE *output_file(const struct output *o)
{
	return o->f;
}

bool output_is_terminal(const struct output *o)
{
	return isatty(o->to.fd);
}

/* 0 and 0: it is no terminal, or one that does not tell. */
static struct winsize size_of(const struct output *o)
{
	struct winsize size = { 0 };

	/* Where it fails it leaves these zeros. */
	(void)ioctl(o->to.fd, TIOCGWINSZ, &size);
	return size;
}

unsigned int output_columns(const struct output *o)
{
	return size_of(o).ws_col;
}

unsigned int output_lines(const struct output *o)
{
	return size_of(o).ws_row;
}

bool output_flush(struct output *o)
{
	fflush(o->f);
	return !o->failure;
}

void output_end_soon(struct output *o)
{
	o->ending = true;
}

bool output_unread(const struct output *o)
{
	return o->failure == EPIPE;
}

static void report(const struct output *o)
{
	char written[PATH_MAX + 64];

	if (o->failure == EINTR) {
		say("nobody read %s when a signal ended the program: the output is not complete",
		    o->name);
		return;
	}
	destination_written(&o->to, written, sizeof(written));
	say("cannot write to %s: %s: the output is not complete%s%s", o->name, strerror(o->failure),
	    *written ? "; what was written is in " : "", written);
}

/* Standard output is closed, and that checked, at the end of the process (out.h). */
static void close_descriptor(struct output *o)
{
	int fd = o->to.fd;

	if (fd == STDOUT_FILENO)
		return;
	o->to.fd = -1;
	if (close(fd) && !o->failure)
		o->failure = errno;
}

bool output_close(struct output *o, bool complete)
{
	bool ok;

	fclose(o->f);
	close_descriptor(o);
	if (!complete)
		destination_remove(&o->to);
	else if (!o->failure && !destination_finish(&o->to))
		o->failure = errno;
	if (o->failure && !output_unread(o))
		report(o);
	ok = complete && (!o->failure || output_unread(o));
	free_output(o);
	return ok;
}
