// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens the directory of a file that is to be written, one component after the other. A symbolic
 * link on the way is followed only if root or the program's own user made it. Everything after
 * that works with the descriptor, so nothing can be exchanged in between.
 */
#include "io/safe_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

const char safe_dir_foreign_link[] = "its path has a symbolic link that another user has made";

bool safe_dir_trusts(uid_t owner)
{
	return !owner || owner == geteuid();
}

struct walk {
	const char *why;
	int links;
};

static int open_below(struct walk *w, int base, const char *path);

/* What is not a directory may be a symbolic link to one. */
static int follow(struct walk *w, int base, const char *name)
{
	int link = openat(base, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (link < 0)
		return -1;
	n = fstat(link, &st) ? -1 : readlinkat(link, "", target, sizeof(target) - 1);
	close(link);
	if (n < 0) {
		errno = ENOTDIR;
		return -1;
	}
	target[n] = '\0';
	if (!safe_dir_trusts(st.st_uid)) {
		w->why = safe_dir_foreign_link;
		errno = EPERM;
		return -1;
	}
	if (++w->links > SAFE_DIR_MAX_LINKS) {
		errno = ELOOP;
		return -1;
	}
	return open_below(w, base, target);
}

/* O_DIRECTORY, so that what is mounted on demand is mounted. */
static int open_component(struct walk *w, int base, const char *name)
{
	int fd = openat(base, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 && errno == ENOTDIR ? follow(w, base, name) : fd;
}

/* As openat(2) does for a directory. */
static int open_below(struct walk *w, int base, const char *path)
{
	int fd = *path == '/' ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) :
				openat(base, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *copy = strdup(path), *rest = NULL;

	if (!copy && fd >= 0) {
		close(fd);
		fd = -1;
	}
	for (char *name = copy ? strtok_r(copy, "/", &rest) : NULL; name && fd >= 0;
	     name = strtok_r(NULL, "/", &rest)) {
		int next = open_component(w, fd, name), err = errno;

		close(fd);
		fd = next;
		errno = err;
	}
	free(copy);
	return fd;
}

const char *safe_dir_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool safe_dir_temporary(char name[SAFE_DIR_TEMPORARY_LEN])
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return false;
	snprintf(name, SAFE_DIR_TEMPORARY_LEN, ".compatcaps.%016" PRIx64, number);
	return true;
}

int safe_dir_of(const char *path, const char **why)
{
	char *directory = strndup(path, (size_t)(safe_dir_name(path) - path));
	struct walk w = { 0 };
	int fd = directory ? open_below(&w, AT_FDCWD, directory) : -1;
	int err = errno;

	free(directory);
	*why = w.why;
	errno = err;
	return fd;
}
