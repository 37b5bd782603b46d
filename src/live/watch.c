// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Listens to the kernel's uevents about modules and VMs. They come through a netlink socket, so
 * nothing has to be polled. An overrun of the socket is reported as such, because events are
 * missing then.
 */
#include "live/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES  (2 << 20)
#define KERNEL_UEVENTS 1 /* the multicast group of the kernel's own, not udev's */

int watch_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_UEVENTS };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	int bytes = RECEIVE_BYTES;

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	/* Others' uevents come here as well: enough for some thousand of them. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
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

/* The last component of a path, if it looks like a VM's name. */
static void vm_name_of(char name[CC_VM_NAME_LEN], const char *path)
{
	const char *last = path ? strrchr(path, '/') : NULL;
	unsigned int pid, fd;

	name[0] = '\0';
	if (last && strlen(last + 1) < CC_VM_NAME_LEN && sscanf(last + 1, "%u-%u", &pid, &fd) == 2)
		strcpy(name, last + 1);
}

static bool parse_vm(const char *buf, size_t len, struct watch_event *e)
{
	const char *count = value_of(buf, len, "COUNT"), *pid = value_of(buf, len, "PID");
	const char *event = value_of(buf, len, "EVENT");

	if (!event || !count || sscanf(count, "%u", &e->vms) != 1)
		return false;
	e->what = strcmp(event, "create") ? WATCH_VM_ENDED : WATCH_VM_CREATED;
	if (e->what == WATCH_VM_ENDED && strcmp(event, "destroy"))
		return false;
	e->tid = 0;
	if (pid)
		sscanf(pid, "%" SCNu32, &e->tid);
	vm_name_of(e->vm_name, value_of(buf, len, "STATS_PATH"));
	return true;
}

bool watch_parse(const char *buf, size_t len, struct watch_event *e)
{
	char action[16];

	if (sscanf(buf, "%15[a-z]@/module/%63s", action, e->module) == 2) {
		e->what = WATCH_MODULE;
		return !strcmp(action, "add") || !strcmp(action, "remove");
	}
	return !strcmp(buf, "change@/devices/virtual/misc/kvm") && parse_vm(buf, len, e);
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
		if (!from.nl_pid && watch_parse(buf, (size_t)n, e))
			return true;
	}
}
