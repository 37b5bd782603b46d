// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_UEVENTS 1 /* the multicast group of the kernel's own, not udev's */

int watch_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_UEVENTS };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The value of KEY in a uevent's NUL-separated KEY=VALUE; NULL: it has none. */
static const char *value_of(const char *buf, size_t len, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = buf; p < buf + len; p += strlen(p) + 1)
		if (!strncmp(p, key, n) && p[n] == '=')
			return p + n + 1;
	return NULL;
}

/* buf ends with a NUL past len. */
static bool understand(const char *buf, size_t len, struct watch_event *e)
{
	const char *count;
	char action[16];

	if (sscanf(buf, "%15[a-z]@/module/%63s", action, e->module) == 2) {
		e->what = strcmp(action, "add") ? WATCH_MODULE_GONE : WATCH_MODULE_CAME;
		return e->what == WATCH_MODULE_CAME || !strcmp(action, "remove");
	}
	if (strcmp(buf, "change@/devices/virtual/misc/kvm"))
		return false;
	count = value_of(buf, len, "COUNT");
	e->what = WATCH_VMS;
	return count && sscanf(count, "%u", &e->vms) == 1;
}

bool watch_next(int fd, struct watch_event *e)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov;
	struct msghdr msg = { .msg_name = &from, .msg_iov = &iov, .msg_iovlen = 1 };
	char buf[4096];
	ssize_t n;

	for (;;) {
		iov = (struct iovec){ buf, sizeof(buf) - 1 };
		msg.msg_namelen = sizeof(from);
		n = recvmsg(fd, &msg, 0);
		if (n < 0) {
			e->what = WATCH_OVERRUN;
			return errno == ENOBUFS;
		}
		buf[n] = '\0';
		/* Any process may send to the group: only the kernel has number 0. */
		if (!from.nl_pid && understand(buf, (size_t)n, e))
			return true;
	}
}
