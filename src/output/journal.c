// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A stream whose every flush is a datagram to systemd's journal. A journal that is not there, or
 * does not read, is not waited for. The entries that it misses are counted, and the next one that
 * arrives says how many.
 */
#include "output/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/say.h"

/* For a journal that is busy. While it does not read the kernel's ring fills, which is counted. */
#define PATIENCE_MS 250

#define ENTRY_BYTES (256u << 10) /* longer than any entry: each is one datagram */

struct journal {
	FILE *f;
	struct sockaddr_un address;
	int fd;		 /* -1: not connected */
	bool away;	 /* the newest entry did not get there */
	uint64_t missed; /* since one did */
	char entry[ENTRY_BYTES];
};

bool journal_is_at(const char *path)
{
	struct stat st;

	return !strcmp(path, JOURNAL_SOCKET) || (!stat(path, &st) && S_ISSOCK(st.st_mode));
}

static bool reconnect(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (j->fd >= 0 && !connect(j->fd, (struct sockaddr *)&j->address, sizeof(j->address)))
		return true;
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	return false;
}

static bool is_busy(void)
{
	return errno == EAGAIN || errno == ENOBUFS;
}

static bool send_once(const struct journal *j, const char *data, size_t len)
{
	return j->fd >= 0 && send(j->fd, data, len, MSG_NOSIGNAL) >= 0;
}

/* A journal that was restarted has another socket behind the same name. */
static bool send_patiently(struct journal *j, const char *data, size_t len)
{
	struct pollfd fd;

	if (send_once(j, data, len))
		return true;
	if (j->fd >= 0 && is_busy()) {
		fd = (struct pollfd){ .fd = j->fd, .events = POLLOUT };
		return !j->away && poll(&fd, 1, PATIENCE_MS) > 0 && send_once(j, data, len);
	}
	if (j->fd >= 0 && errno == EMSGSIZE)
		return false;
	return reconnect(j) && send_once(j, data, len);
}

static bool send_missed(struct journal *j)
{
	char text[512];
	int len = snprintf(text, sizeof(text),
			   "MESSAGE=%" PRIu64 " event%s could not be written to the journal\n"
			   "PRIORITY=4\nMESSAGE_ID=" JOURNAL_MISSED_ID "\n" JOURNAL_IDENTIFIER
			   "COMPATCAPS_TYPE=missed\nCOMPATCAPS_N=%" PRIu64 "\n",
			   j->missed, j->missed == 1 ? "" : "s", j->missed);

	return send_patiently(j, text, (size_t)len);
}

static bool deliver(struct journal *j, const char *data, size_t len)
{
	if (j->missed) {
		if (!send_missed(j))
			return false;
		say_note("the journal takes entries again; %" PRIu64 " are missing", j->missed);
		j->missed = 0;
		j->away = false;
	}
	return send_patiently(j, data, len);
}

/* Never fails: what gets lost is counted, and tracing goes on. */
static ssize_t on_write(void *cookie, const char *data, size_t len)
{
	struct journal *j = cookie;
	bool ok = deliver(j, data, len);

	if (!ok && !j->away)
		say("cannot write to the journal (%s): %s", j->address.sun_path, strerror(errno));
	j->away = !ok;
	j->missed += !ok;
	return (ssize_t)len;
}

struct journal *journal_open(const char *path)
{
	const cookie_io_functions_t functions = { .write = on_write };
	struct journal *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->fd = -1;
	j->address.sun_family = AF_UNIX;
	if (strlen(path) < sizeof(j->address.sun_path)) {
		strcpy(j->address.sun_path, path);
		j->f = fopencookie(j, "w", functions);
		if (j->f) {
			setvbuf(j->f, j->entry, _IOFBF, sizeof(j->entry));
			return j;
		}
	}
	free(j);
	return NULL;
}

FILE *journal_file(struct journal *j)
{
	return j->f;
}

uint64_t journal_close(struct journal *j)
{
	uint64_t missed;

	fclose(j->f);
	if (j->missed && send_missed(j))
		j->missed = 0;
	missed = j->missed;
	if (j->fd >= 0)
		close(j->fd);
	free(j);
	return missed;
}
