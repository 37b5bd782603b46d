// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 16384 /* how much of a command line is looked at */
#define NOTES	 64    /* a power of two: next_note wraps around */

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

/* false: there is no such process any more. */
static bool read_args(uint32_t pid, char *name, size_t size)
{
	char path[32], args[ARGS_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, args, sizeof(args));
	close(fd);
	/* A process that has not been waited for has no arguments left. */
	if (n <= 0)
		return false;
	guest_of_args(name, size, args, (size_t)n);
	return true;
}

static struct note {
	uint32_t pid;
	char name[64];
} notes[NOTES];
static unsigned int next_note;

void guest_note(uint32_t pid)
{
	struct note *n = &notes[next_note++ % NOTES];

	n->pid = read_args(pid, n->name, sizeof(n->name)) ? pid : 0;
}

char *guest_of_pid(char *name, size_t size, uint32_t pid)
{
	name[0] = '\0';
	if (!pid || read_args(pid, name, size))
		return name;
	/* The newest: a pid may have been another's. */
	for (unsigned int i = 1; i <= NOTES; i++) {
		const struct note *n = &notes[(next_note - i) % NOTES];

		if (n->pid != pid)
			continue;
		snprintf(name, size, "%s", n->name);
		break;
	}
	return name;
}
