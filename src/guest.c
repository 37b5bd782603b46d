// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 16384 /* how much of a command line is looked at */

/* QEMU takes "-name vm1,process=x", "-name guest=vm1,..." and "--name". */
static void from_option(char *name, size_t size, const char *value)
{
	const char *guest = strstr(value, "guest=");
	size_t n;

	if (guest && (guest == value || guest[-1] == ','))
		value = guest + strlen("guest=");
	else if (memchr(value, '=', strcspn(value, ",")))
		return; /* another key comes first */
	n = strcspn(value, ",");
	snprintf(name, size, "%.*s", (int)n, value);
}

char *guest_of_args(char *name, size_t size, const char *args, size_t len)
{
	bool next = false;

	name[0] = '\0';
	for (const char *a = args; a < args + len; a += strnlen(a, args + len - a) + 1) {
		/* The last one may have been cut off. */
		if (strnlen(a, args + len - a) == (size_t)(args + len - a))
			break;
		if (next) {
			from_option(name, size, a);
			break;
		}
		next = !strcmp(a, "-name") || !strcmp(a, "--name");
	}
	return name;
}

char *guest_of_pid(char *name, size_t size, uint32_t pid)
{
	char path[32], args[ARGS_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, args, sizeof(args));
		close(fd);
	}
	return guest_of_args(name, size, args, n > 0 ? (size_t)n : 0);
}
