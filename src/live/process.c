// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What /proc and cgroups say about a process. The process may end at any moment, and its id may be
 * used again, so callers compare what they can. What cannot be read is empty.
 */
#include "live/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text.h"

#define NSEC	       INT64_C(1000000000)
#define ARGS_MAX       16384 /* how much of a command line is looked at */
#define ANCESTORS_MAX  64
#define CGROUPS	       "/sys/fs/cgroup"
#define CGROUPS_HYBRID CGROUPS "/unified"
#define KERNFS_HANDLE  0xfe /* FILEID_KERNFS: the handle is the id */

static ssize_t read_of(uint32_t pid, const char *what, char *buf, size_t len)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, len);
	close(fd);
	return n;
}

/* A number out of /proc/PID/status; 0: it is not there. */
static uint32_t status_field(uint32_t pid, const char *field)
{
	char text[4096], *at;
	ssize_t n = read_of(pid, "status", text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name stands in the first line, with what could look like a field escaped. */
	at = strstr(text, field);
	return at ? (uint32_t)strtoul(at + strlen(field), NULL, 10) : 0;
}

uint32_t process_of_thread(uint32_t tid)
{
	return status_field(tid, "\nTgid:\t");
}

bool process_comm(uint32_t pid, char comm[CC_COMM_LEN])
{
	ssize_t n = read_of(pid, "comm", comm, CC_COMM_LEN);

	if (n <= 0)
		return false;
	/* A newline of ours ends it, those of the name's own stay. */
	comm[n - 1] = '\0';
	return true;
}

void process_options(uint32_t pid, char name[GUEST_OPTION_LEN], char machine[GUEST_OPTION_LEN],
		     enum incoming *incoming)
{
	char args[ARGS_MAX];
	ssize_t n = read_of(pid, "cmdline", args, sizeof(args));
	bool all = n < (ssize_t)sizeof(args);

	if (n <= 0)
		return;
	guest_option(name, GUEST_OPTION_LEN, args, (size_t)n);
	*incoming = guest_incoming(args, (size_t)n, all);
	if (machine)
		guest_machine(machine, GUEST_OPTION_LEN, args, (size_t)n, all);
}

/* In a time namespace /proc has times as they are there. */
static int64_t boot_offset_ns(void)
{
	char text[256], *at;
	ssize_t n = read_of((uint32_t)getpid(), "timens_offsets", text, sizeof(text) - 1);
	int64_t sec, nsec;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, "boottime");
	if (!at || sscanf(at, "boottime %" SCNd64 " %" SCNd64, &sec, &nsec) != 2)
		return 0;
	return sec * NSEC + nsec;
}

bool process_is(uint32_t pid, uint64_t start_ns)
{
	int64_t tick_ns = NSEC / sysconf(_SC_CLK_TCK);
	char text[1024], *at;
	ssize_t n = read_of(pid, "stat", text, sizeof(text) - 1);
	uint64_t ticks;

	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The name may hold anything, and is the only field that does. */
	at = strrchr(text, ')');
	if (!at ||
	    sscanf(at, ") %*c%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s %" SCNu64,
		   &ticks) != 1)
		return false;
	return ticks == (start_ns + (uint64_t)boot_offset_ns()) / (uint64_t)tick_ns;
}

bool process_descends(uint32_t pid, uint32_t from)
{
	for (int i = 0; i < ANCESTORS_MAX && pid; i++) {
		if (pid == from)
			return true;
		pid = status_field(pid, "\nPPid:\t");
	}
	return false;
}

/* Where the hierarchy of cgroups v2 is mounted; NULL: nowhere that is known. */
static const char *cgroup_mount(void)
{
	if (!access(CGROUPS "/cgroup.controllers", F_OK))
		return CGROUPS;
	return access(CGROUPS_HYBRID "/cgroup.controllers", F_OK) ? NULL : CGROUPS_HYBRID;
}

bool cgroups_are_mounted(void)
{
	return cgroup_mount();
}

uint64_t cgroup_id(const char *path, unsigned int *level)
{
	const char *mount = cgroup_mount();
	char whole[PATH_MAX], *real;
	struct stat st;

	if (!mount) {
		errno = ENOENT;
		return 0;
	}
	if (!strncmp(path, mount, strlen(mount)))
		path += strlen(mount);
	snprintf(whole, sizeof(whole), "%s/%s", mount, path);
	real = realpath(whole, NULL);
	if (!real)
		return 0;
	/* One of another hierarchy, or none at all, has another file system. */
	if (strncmp(real, mount, strlen(mount)) || stat(real, &st) || !S_ISDIR(st.st_mode)) {
		free(real);
		errno = ENOTDIR;
		return 0;
	}
	*level = 0;
	for (const char *p = real + strlen(mount); *p; p++)
		*level += *p == '/';
	free(real);
	return st.st_ino;
}

uint64_t process_cgroup(uint32_t pid)
{
	char text[PATH_MAX], *path;
	ssize_t n = read_of(pid, "cgroup", text, sizeof(text) - 1);
	unsigned int level;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	path = !strncmp(text, "0::", 3) ? text + 3 : strstr(text, "\n0::");
	if (!path)
		return 0;
	path += *path == '\n' ? 4 : 0;
	path[strcspn(path, "\n")] = '\0';
	return cgroup_id(path, &level);
}

static void look_up(uint64_t id, char *buf, size_t size)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = { { sizeof(id), KERNFS_HANDLE }, id };
	const char *mount = cgroup_mount();
	char link[32], path[PATH_MAX];
	ssize_t n = -1;
	int dir, fd;

	buf[0] = '\0';
	dir = mount ? open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0)
		return;
	fd = open_by_handle_at(dir, &handle.head, O_PATH | O_CLOEXEC);
	close(dir);
	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (n < (ssize_t)strlen(mount))
		return;
	path[n] = '\0';
	n = (ssize_t)strlen(mount);
	text_escape(buf, size, path[n] ? path + n : "/", sizeof(path));
}

/* Few VMMs change, and each call asks: the last ones are remembered. */
const char *cgroup_path(uint64_t id)
{
	static struct known {
		uint64_t id;
		char path[1024];
	} known[16];
	static unsigned int next;

	if (!id)
		return "";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].id == id)
			return known[i].path;
	next = (next + 1) % (sizeof(known) / sizeof(known[0]));
	known[next].id = id;
	look_up(id, known[next].path, sizeof(known[next].path));
	return known[next].path;
}

bool cgroup_is_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	if (n && above[n - 1] == '/')
		n--;
	return !strncmp(path, above, n) && (!path[n] || path[n] == '/');
}
