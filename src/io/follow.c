// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A file that may still be written to. A lock that its writer holds tells who writes it and when
 * that ends. Where no lock can be asked for, the file is read to its end and waited for until it
 * is stopped.
 */
#include "io/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/signals.h"
#include "lib/say.h"

#define LOOK_MS 100 /* between looks for more, and for a signal */

struct follow {
	FILE *f, *stream; /* what is read, and what it is read by */
	struct follow_reader reader;
	off_t offset; /* of a file: so much of it was read */
	bool file;    /* which ends where it ends now; a pipe ends with its last writer */
	bool ended;   /* nothing comes any more, or a signal came */
	bool was_written, told, interrupted, failed;
};

bool follow_is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

void follow_announce(int fd)
{
	const struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (follow_is_file(fd))
		(void)!fcntl(fd, F_SETLK, &lock);
}

int follow_writer(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (!follow_is_file(fd) || fcntl(fd, F_GETLK, &lock) || lock.l_type != F_WRLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

static bool ends_by_signal(struct follow *w, unsigned int ms)
{
	if (w->reader.idle)
		w->reader.idle(w->reader.ctx);
	w->interrupted |= signals_wait_end(ms);
	return w->interrupted;
}

/* A signal wakes nobody here: it is looked for. */
static bool wait_for_more(struct follow *w)
{
	struct pollfd fd = { .fd = fileno(w->f), .events = POLLIN };

	if (w->file)
		return !ends_by_signal(w, LOOK_MS);
	while (poll(&fd, 1, LOOK_MS) == 0)
		if (ends_by_signal(w, 0))
			return false;
	return true;
}

static bool fail(struct follow *w, const char *what)
{
	w->failed = true;
	say("%s %s: what was there until then has been read", w->reader.name, what);
	return false;
}

/* What has been read may stand there no more, and what is at this path be another file. */
static bool is_same_file(struct follow *w)
{
	struct stat now, there;

	if (fstat(fileno(w->f), &now) || now.st_size < w->offset)
		return fail(w, "was cut while it was read");
	if (!w->reader.path || follow_writer(fileno(w->f)))
		return true;
	if (stat(w->reader.path, &there))
		return errno != ENOENT || fail(w, "was removed");
	return (there.st_dev == now.st_dev && there.st_ino == now.st_ino) ||
	       fail(w, "was replaced by another file");
}

/* At what is its end for now. */
static bool may_grow(struct follow *w, bool written)
{
	if (w->reader.is_over && w->reader.is_over(w->reader.of))
		return false;
	if (!is_same_file(w))
		return false;
	if (!written && w->was_written)
		return false;
	if (!written && !w->told)
		say_note("nobody holds the lock of a writer on %s: waiting for its end, or Ctrl-C",
			 w->reader.name);
	w->told |= !written;
	w->was_written |= written;
	return true;
}

/* What came between the last look and the writer's end is read, too. */
static ssize_t read_file(struct follow *w, char *data, size_t len)
{
	int fd = fileno(w->f);
	bool written;
	ssize_t n;

	for (;;) {
		written = follow_writer(fd);
		n = read(fd, data, len);
		if (n > 0 || (n < 0 && errno != EINTR))
			return n;
		if (!may_grow(w, written) || !wait_for_more(w))
			return 0;
	}
}

static ssize_t read_pipe(struct follow *w, char *data, size_t len)
{
	ssize_t n = -1;

	errno = EINTR;
	while (n < 0 && errno == EINTR) {
		if (!wait_for_more(w))
			return 0;
		n = read(fileno(w->f), data, len);
	}
	return n;
}

static ssize_t on_read(void *cookie, char *data, size_t len)
{
	struct follow *w = cookie;
	ssize_t n = w->ended ? 0 : (w->file ? read_file : read_pipe)(w, data, len);

	w->ended = n <= 0;
	w->offset += n > 0 ? n : 0;
	return n;
}

struct follow *follow_open(FILE *f)
{
	const cookie_io_functions_t functions = { .read = on_read };
	struct follow *w = calloc(1, sizeof(*w));
	sigset_t before;

	if (w)
		w->stream = fopencookie(w, "r", functions);
	if (!w || !w->stream) {
		fclose(f);
		free(w);
		return NULL;
	}
	w->f = f;
	w->file = follow_is_file(fileno(f));
	w->offset = w->file ? lseek(fileno(f), 0, SEEK_CUR) : 0;
	w->reader.name = "the file";
	signals_block_end(&before);
	return w;
}

FILE *follow_stream(struct follow *w)
{
	return w->stream;
}

int follow_fd(const struct follow *w)
{
	return fileno(w->f);
}

void follow_for(struct follow *w, const struct follow_reader *r)
{
	w->reader = *r;
}

bool follow_was_interrupted(const struct follow *w)
{
	return w->interrupted;
}

bool follow_has_failed(const struct follow *w)
{
	return w->failed;
}

void follow_close(struct follow *w)
{
	fclose(w->stream);
	fclose(w->f);
	free(w);
}
