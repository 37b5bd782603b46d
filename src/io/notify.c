// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tells systemd that the service is ready and alive, by the protocol of sd_notify(3). The socket
 * is the one in NOTIFY_SOCKET. Without it every function does nothing.
 */
#include "io/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The name is one of the abstract kind where it begins with @. */
static void notify(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = name ? strlen(name) : 0;
	int fd;

	if (!len || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, name, len);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

bool notify_is_wanted(void)
{
	return getenv("NOTIFY_SOCKET");
}

void notify_ready(const char *state)
{
	char text[512];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", state);
	notify(text);
}

/* 0: nobody wants to know. */
static uint64_t watchdog_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtoull(pid, NULL, 10) != (uint64_t)getpid()))
		return 0;
	return strtoull(usec, NULL, 10) * 1000;
}

void notify_alive(uint64_t now_ns)
{
	static uint64_t interval = UINT64_MAX, due;

	if (interval == UINT64_MAX)
		interval = watchdog_ns();
	if (!interval || now_ns < due)
		return;
	due = now_ns + interval / 3;
	notify("WATCHDOG=1");
}
