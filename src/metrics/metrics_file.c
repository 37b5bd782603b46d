// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The directory may be somebody else's, and the tracer is root. So the way to it is walked safely
 * (safe_dir.h), again each time. A symbolic link at the last component is never followed: the new
 * file is made (O_EXCL) under a name of its own and renamed to its place.
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
#include "io/safe_dir.h"
#include "lib/say.h"

#define SUFFIX ".prom"
#define MARK   ".compatcaps-trace"

struct metrics_file {
	struct metrics *metrics;
	const char *path;
	const char *name; /* its last component */
	/* In the directory: it ends otherwise, is hidden, and the same again after a crash, unless
	   the name is too long for that. */
	char temporary[NAME_MAX + 1];
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

/* ------------------------------------------------------------------ what is there already */

static int open_directory(struct metrics_file *f)
{
	return safe_dir_of(f->path, &f->why);
}

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
	f->why =
		"it exists and is not a file of compatcaps-trace --metrics: name another file, or use --force";
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
	f->why = "another program has written it: each tracer needs a file of its own";
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
	free(f);
}

static bool set_names(struct metrics_file *f, const char *path)
{
	f->path = path;
	f->name = safe_dir_name(path);
	if (strlen(f->name) + strlen("." MARK) > NAME_MAX)
		return safe_dir_temporary(f->temporary);
	snprintf(f->temporary, sizeof(f->temporary), ".%s" MARK, f->name);
	return true;
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
		say("out of memory");
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
