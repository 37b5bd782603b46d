// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The directory may be somebody else's, and the tracer is root. So a symbolic link is followed
 * only where root or the tracer's own user has made it, each time anew; the last component never
 * is: the new file is made (O_EXCL) under a name of its own and renamed to its place.
 */
#include "metrics/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics/metric.h"
#include "lib/say.h"

#define SUFFIX	  ".prom"
#define MAX_LINKS 40 /* on the way to the directory, as the kernel has it */

struct metrics_file {
	struct metrics *metrics;
	const char *path;
	const char *name; /* its last component */
	char *directory;
	char *temporary; /* a name in the directory; it ends otherwise, and is hidden */
	FILE *written;	 /* kept open: so no other file can have its inode */
	const char *why; /* of a failure that errno does not tell */
	uint64_t written_at, n_failed;
	bool changed, force, failing;
};

bool metrics_file_is_name(const char *path)
{
	size_t len = strlen(path), suffix = strlen(SUFFIX);

	return len > suffix && !strcmp(path + len - suffix, SUFFIX) &&
	       path[len - suffix - 1] != '/';
}

/* ------------------------------------------------------------------ the directory */

static int open_below(struct metrics_file *f, int base, const char *path, int links);

/* Takes over link, a descriptor of a symbolic link in `base`. */
static int follow(struct metrics_file *f, int base, int link, const struct stat *st, int links)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);

	close(link);
	if (n < 0)
		return -1;
	target[n] = '\0';
	if (links >= MAX_LINKS) {
		errno = ELOOP;
		return -1;
	}
	if (st->st_uid && st->st_uid != geteuid()) {
		f->why = "its path has a symbolic link that another user has made";
		errno = EPERM;
		return -1;
	}
	return open_below(f, base, target, links + 1);
}

static int open_component(struct metrics_file *f, int base, const char *name, int links)
{
	int fd = openat(base, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return fd;
	if (S_ISLNK(st.st_mode))
		return follow(f, base, fd, &st, links);
	if (S_ISDIR(st.st_mode))
		return fd;
	close(fd);
	errno = ENOTDIR;
	return -1;
}

/* As openat(2) does for a directory. */
static int open_below(struct metrics_file *f, int base, const char *path, int links)
{
	int fd = *path == '/' ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) :
				openat(base, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *copy = strdup(path), *rest = NULL;

	for (char *name = copy ? strtok_r(copy, "/", &rest) : NULL; name && fd >= 0;
	     name = strtok_r(NULL, "/", &rest)) {
		int next = open_component(f, fd, name, links), err = errno;

		close(fd);
		fd = next;
		errno = err;
	}
	free(copy);
	return fd;
}

static int open_directory(struct metrics_file *f)
{
	f->why = NULL;
	return open_below(f, AT_FDCWD, f->directory, 0);
}

/* ------------------------------------------------------------------ what is there already */

static bool is_ours(const struct metrics_file *f, int dir)
{
	int fd = openat(dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char line[sizeof(METRICS_FIRST_LINE)];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, line, sizeof(line));
	close(fd);
	return n == (ssize_t)sizeof(line) && !memcmp(line, METRICS_FIRST_LINE "\n", sizeof(line));
}

/* Is there nothing of this name, or what may go? Else f->why or errno tells. */
static bool may_replace(struct metrics_file *f, int dir)
{
	struct stat st;

	if (fstatat(dir, f->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT;
	if (f->force || (S_ISREG(st.st_mode) && is_ours(f, dir)))
		return true;
	f->why = "it is there already and none of ours: name another file, or say --force";
	return false;
}

static bool is_written(const struct metrics_file *f, const struct stat *there)
{
	struct stat st;

	return f->written && !fstat(fileno(f->written), &st) && st.st_ino == there->st_ino &&
	       st.st_dev == there->st_dev;
}

/* Does what was written last still have its name? Who took that from us has a reason. */
static bool keeps_name(struct metrics_file *f, int dir)
{
	struct stat st;

	if (fstatat(dir, f->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT;
	if (is_written(f, &st))
		return true;
	f->why = "somebody else has written it meanwhile: each tracer wants a file of its own";
	return false;
}

/* ------------------------------------------------------------------ writing */

/* NULL: errno tells why. */
static FILE *make_temporary(const struct metrics_file *f, int dir)
{
	int fd;
	FILE *file;

	/* A crash may have left it. */
	unlinkat(dir, f->temporary, 0);
	fd = openat(dir, f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (!file)
		close(fd);
	return file;
}

static bool fill(const struct metrics_file *f, FILE *file)
{
	metrics_write(f->metrics, METRICS_PROMETHEUS, file);
	/* Whoever runs the collector must be able to read it, whatever our umask. */
	return !fflush(file) && !ferror(file) && !fchmod(fileno(file), 0644);
}

static bool replace(struct metrics_file *f, int dir)
{
	FILE *file = make_temporary(f, dir);
	int err;

	if (!file)
		return false;
	if (fill(f, file) && !renameat(dir, f->temporary, dir, f->name)) {
		if (f->written)
			fclose(f->written);
		f->written = file;
		return true;
	}
	err = errno;
	unlinkat(dir, f->temporary, 0);
	fclose(file);
	errno = err;
	return false;
}

static bool write_file(struct metrics_file *f)
{
	int dir = open_directory(f), err;
	bool ok;

	if (dir < 0)
		return false;
	ok = (f->written ? keeps_name(f, dir) : may_replace(f, dir)) && replace(f, dir);
	err = errno;
	close(dir);
	errno = err;
	return ok;
}

static void say_failure(const struct metrics_file *f)
{
	say("cannot write %s: %s", f->path, f->why ? f->why : strerror(errno));
}

void metrics_file_write(struct metrics_file *f, uint64_t now_ns)
{
	bool ok = write_file(f);

	f->written_at = now_ns;
	if (!ok && !f->failing)
		say_failure(f);
	if (ok && f->failing)
		say_note("%s is written again", f->path);
	f->n_failed += !ok;
	f->failing = !ok;
	f->changed = !ok;
}

/* ------------------------------------------------------------------ from open to close */

static void free_file(struct metrics_file *f)
{
	if (f->written)
		fclose(f->written);
	metrics_free(f->metrics);
	free(f->directory);
	free(f->temporary);
	free(f);
}

static bool set_names(struct metrics_file *f, const char *path)
{
	const char *slash = strrchr(path, '/');

	f->path = path;
	f->name = slash ? slash + 1 : path;
	f->directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
	if (asprintf(&f->temporary, ".%s.compatcaps-trace", f->name) < 0)
		f->temporary = NULL;
	return f->directory && f->temporary;
}

/* As a write does, but for the rename. */
static bool can_write(struct metrics_file *f)
{
	int dir = open_directory(f), err;
	FILE *file;

	if (dir < 0)
		return false;
	file = may_replace(f, dir) ? make_temporary(f, dir) : NULL;
	err = errno;
	if (file) {
		unlinkat(dir, f->temporary, 0);
		fclose(file);
	}
	close(dir);
	errno = err;
	return file;
}

struct metrics_file *metrics_file_open(const char *path, bool force)
{
	struct metrics_file *f = calloc(1, sizeof(*f));

	if (!f || !(f->metrics = metrics_new()) || !set_names(f, path)) {
		say("there is not enough memory");
	} else {
		f->force = force;
		if (can_write(f))
			return f;
		say_failure(f);
	}
	if (f)
		free_file(f);
	return NULL;
}

void metrics_file_event(struct metrics_file *f, const struct event *e)
{
	if (!f)
		return;
	metrics_event(e, f->metrics);
	f->changed = true;
}

uint64_t metrics_file_due(const struct metrics_file *f)
{
	if (!f)
		return 0;
	return f->written_at + (f->changed ? METRICS_FILE_BUSY_NS : METRICS_FILE_IDLE_NS);
}

/* Only what we have written: what else has its name by now is somebody else's. */
static void remove_file(struct metrics_file *f)
{
	int dir = open_directory(f);
	struct stat st;

	if (dir < 0)
		return;
	if (!fstatat(dir, f->name, &st, AT_SYMLINK_NOFOLLOW) && is_written(f, &st))
		unlinkat(dir, f->name, 0);
	close(dir);
}

bool metrics_file_close(struct metrics_file *f)
{
	bool ok;

	if (!f)
		return true;
	remove_file(f);
	ok = !f->n_failed;
	if (!ok)
		say("%s could not be written %" PRIu64 " time%s", f->path, f->n_failed,
		    f->n_failed == 1 ? "" : "s");
	free_file(f);
	return ok;
}
