// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "io/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/signals.h"

#define LOOK_MS 100 /* between looks for more, and for a signal */

struct follow {
	FILE *f;
	bool file;  /* which ends where it ends now; a pipe ends with its last writer */
	bool ended; /* nothing comes any more, or a signal came */
};

static bool is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

void follow_announce(int fd)
{
	const struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (is_file(fd))
		(void)!fcntl(fd, F_SETLK, &lock);
}

int follow_writer(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (!is_file(fd) || fcntl(fd, F_GETLK, &lock) || lock.l_type != F_WRLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

/* A signal wakes nobody here: it is looked for. */
static bool wait_for_more(struct follow *w)
{
	struct pollfd fd = { .fd = fileno(w->f), .events = POLLIN };

	if (w->file)
		return !signals_wait_end(LOOK_MS);
	while (poll(&fd, 1, LOOK_MS) == 0)
		if (signals_wait_end(0))
			return false;
	return true;
}

/* What came between the last look and the writer's end is read, too. */
static ssize_t read_more(struct follow *w, char *data, size_t len)
{
	int fd = fileno(w->f);
	bool writer;
	ssize_t n;

	for (;;) {
		if (!w->file && !wait_for_more(w))
			return 0;
		writer = w->file && follow_writer(fd);
		n = read(fd, data, len);
		if (n > 0 || (n < 0 && errno != EINTR) || (!n && !writer))
			return n;
		if (w->file && !wait_for_more(w))
			return 0;
	}
}

static ssize_t on_read(void *cookie, char *data, size_t len)
{
	struct follow *w = cookie;
	ssize_t n = w->ended ? 0 : read_more(w, data, len);

	w->ended = n <= 0;
	return n;
}

static int on_close(void *cookie)
{
	struct follow *w = cookie;
	int failed = fclose(w->f);

	free(w);
	return failed;
}

FILE *follow_open(FILE *f)
{
	const cookie_io_functions_t functions = { .read = on_read, .close = on_close };
	struct follow *w = calloc(1, sizeof(*w));
	FILE *followed = w ? fopencookie(w, "r", functions) : NULL;
	sigset_t before;

	if (!followed) {
		fclose(f);
		free(w);
		return NULL;
	}
	w->f = f;
	w->file = is_file(fileno(f));
	signals_block_end(&before);
	return followed;
}
