// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens what an output is written to, in the one place that does so safely. A new file is created
 * under its own name; a file that is replaced stays as it is until the new one is complete, which
 * then takes its name. Descriptors and devices are written as they are, and never replaced.
 */
#include "io/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/parse.h"
#include "io/safe_dir.h"
#include "lib/say.h"
#include "io/signals.h"

#define LOOKS	       16  /* at a name that changes each time */
#define FIFO_MS	       100 /* between looks for a reader */
#define NOT_A_FILE     "it is neither a file, a FIFO nor a character device"
#define IS_A_SOCKET    "it is a UNIX socket, and only trace --format=journal writes to one"
#define OTHERS_PROC    "it is a descriptor of another process; /dev/fd/N is one of this process"
#define FOREIGN_FIFO   "it is a FIFO of another user, in a directory that everybody can write to"
#define KEEPS_CHANGING "it changed while it was opened"

/* ------------------------------------------------------------------ what a signal removes */

/* Of the one output that there is. Changed only while the signals are blocked. */
static const struct destination *unfinished;

static bool has_its_name(const struct destination *d, const char *name)
{
	struct stat st;

	return !fstatat(d->dir, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_ino == d->ino &&
	       st.st_dev == d->dev;
}

static const char *current_name(const struct destination *d)
{
	return *d->temporary ? d->temporary : d->name;
}

/* Calls only what is safe in a signal handler. */
static void on_signal(int sig)
{
	const struct destination *d = unfinished;

	if (d && has_its_name(d, current_name(d)))
		unlinkat(d->dir, current_name(d), 0);
	/* Its handler is reset by now, and it is delivered when this one returns. */
	raise(sig);
}

static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND }, old;

	signals_that_end(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
}

static void set_unfinished(const struct destination *d)
{
	sigset_t before;

	signals_block_end(&before);
	unfinished = d;
	signals_restore(&before);
}

/* ------------------------------------------------------------------ opening */

enum opening {
	OPENED,
	FAILED, /* errno or `why` tells */
	AGAIN,	/* the name has changed in between, or leads elsewhere */
};

struct opener {
	struct destination *d;
	const struct destination_request *r;
	const char *why; /* NULL: errno tells */
	int links;
};

static enum opening fail(struct opener *o, const char *why)
{
	o->why = why;
	return FAILED;
}

/* A signal finds either no file or one that it knows. */
static int create(struct opener *o, const char *name, mode_t mode)
{
	struct destination *d = o->d;
	struct stat st;
	sigset_t before;
	int err;

	catch_signals();
	signals_block_end(&before);
	d->fd = openat(d->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	err = errno;
	if (d->fd >= 0 && !fstat(d->fd, &st)) {
		d->dev = st.st_dev;
		d->ino = st.st_ino;
		unfinished = d;
	}
	signals_restore(&before);
	errno = err;
	return d->fd;
}

static enum opening create_new(struct opener *o)
{
	*o->d->temporary = '\0';
	if (create(o, o->d->name, o->r->readable ? 0666 : 0600) >= 0)
		return OPENED;
	return errno == EEXIST ? AGAIN : FAILED;
}

/*
 * A new file has the permissions of the old one, because its owner may have chosen them: not those
 * of another user's file, and for what its owner alone may read no more than that.
 */
static mode_t replaced_mode(const struct opener *o, const struct stat *old)
{
	mode_t mode = o->r->readable ? 0666 : 0600;

	if (!safe_dir_trusts(old->st_uid))
		return mode;
	return old->st_mode & (o->r->readable ? 0777 : 0600);
}

/* Its name is not made of the old one, which may be as long as a name can be. */
static enum opening create_temporary(struct opener *o, const struct stat *old)
{
	struct destination *d = o->d;
	mode_t mode = replaced_mode(o, old);

	if (!safe_dir_temporary(d->temporary))
		return FAILED;
	if (create(o, d->temporary, mode) >= 0) {
		/* Whatever the umask is. */
		if (safe_dir_trusts(old->st_uid))
			(void)!fchmod(d->fd, mode);
		return OPENED;
	}
	*d->temporary = '\0';
	return errno == EEXIST ? AGAIN : FAILED;
}

static enum opening open_file(struct opener *o, const struct stat *old)
{
	if (o->r->force)
		return create_temporary(o, old);
	errno = EEXIST;
	return FAILED;
}

/*
 * What is put into a FIFO belongs to who made it. Where everybody may make one, it may stand there
 * to get what was meant to be a file.
 */
static bool is_trap(const struct opener *o, const struct stat *st)
{
	struct stat dir;

	return S_ISFIFO(st->st_mode) && !safe_dir_trusts(st->st_uid) &&
	       (fstat(o->d->dir, &dir) || dir.st_mode & S_IWOTH);
}

static int try_to_open(const struct opener *o)
{
	return openat(o->d->dir, o->d->name,
		      O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* ENXIO means a FIFO that nobody reads. A signal ends the wait, at any moment, with a sentence. */
static int wait_for_reader(const struct opener *o)
{
	sigset_t before;
	int fd, err;

	signals_block_end(&before);
	say_note("%s is a FIFO that nobody reads: waiting for a reader", o->r->path);
	do {
		err = signals_wait_end(FIFO_MS) ? EINTR : 0;
		fd = err ? -1 : try_to_open(o);
	} while (fd < 0 && !err && errno == ENXIO);
	err = err ? err : errno;
	signals_restore(&before);
	errno = err;
	return fd;
}

/* A FIFO or a device that was found there, unless it is something else by now. */
static enum opening open_special(struct opener *o, const struct stat *found)
{
	struct stat st;
	int fd;

	if (is_trap(o, found))
		return fail(o, FOREIGN_FIFO);
	fd = try_to_open(o);
	if (fd < 0 && errno == ENXIO && S_ISFIFO(found->st_mode))
		fd = wait_for_reader(o);
	if (fd < 0 && errno == EINTR)
		return fail(o, "nobody reads it, and a signal ended the program");
	if (fd < 0)
		return errno == ELOOP || errno == ENOENT ? AGAIN : FAILED;
	if (fstat(fd, &st) || st.st_ino != found->st_ino || st.st_dev != found->st_dev) {
		close(fd);
		return AGAIN;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	o->d->fd = fd;
	o->d->may_block = true;
	return OPENED;
}

/* The path that a symbolic link stands for takes the place of its own. */
static enum opening follow(struct opener *o, int link, const struct stat *st)
{
	struct destination *d = o->d;
	char target[PATH_MAX];
	size_t room = sizeof(d->path), before = 0;
	struct statfs fs;
	ssize_t n;

	if (!safe_dir_trusts(st->st_uid))
		return fail(o, safe_dir_foreign_link);
	if (!fstatfs(link, &fs) && fs.f_type == PROC_SUPER_MAGIC)
		return fail(o, OTHERS_PROC);
	n = readlinkat(link, "", target, sizeof(target) - 1);
	if (n < 0)
		return FAILED;
	target[n] = '\0';
	if (*target != '/')
		before = (size_t)(d->name - d->path);
	errno = before + (size_t)n >= room ? ENAMETOOLONG : ELOOP;
	if (before + (size_t)n >= room || ++o->links > SAFE_DIR_MAX_LINKS)
		return FAILED;
	memcpy(d->path + before, target, (size_t)n + 1);
	return AGAIN;
}

static enum opening open_found(struct opener *o, int found)
{
	struct stat st;

	if (fstat(found, &st))
		return FAILED;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return open_file(o, &st);
	case S_IFIFO:
	case S_IFCHR:
		return open_special(o, &st);
	case S_IFLNK:
		return follow(o, found, &st);
	case S_IFDIR:
		errno = EISDIR;
		return FAILED;
	default:
		return fail(o, S_ISSOCK(st.st_mode) ? IS_A_SOCKET : NOT_A_FILE);
	}
}

/* d->dir and d->name are known. */
static enum opening open_name(struct opener *o)
{
	struct destination *d = o->d;
	int found, err;
	enum opening result;

	if (!*d->name) {
		errno = EISDIR;
		return FAILED;
	}
	found = openat(d->dir, d->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (found < 0)
		return errno == ENOENT ? create_new(o) : FAILED;
	result = open_found(o, found);
	err = errno;
	close(found);
	errno = err;
	return result;
}

/* -1: it is a path like any other. */
static int descriptor_of(const char *path)
{
	static const char *const names[] = { "/dev/stdin", "/dev/stdout", "/dev/stderr" };
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/",
					       "/proc/thread-self/fd/" };
	struct parse_error err;
	uint64_t fd;

	for (int i = 0; i < 3; i++)
		if (!strcmp(path, names[i]))
			return i;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t len = strlen(folders[i]);

		if (!strncmp(path, folders[i], len) &&
		    parse_upto(path + len, strlen(path + len), INT_MAX, &fd, &err))
			return (int)fd;
	}
	return -1;
}

/* What this program has opened for itself is closed at exec; what it was given is not. */
static enum opening open_descriptor(struct opener *o, int fd)
{
	int flags = fcntl(fd, F_GETFL), own = fcntl(fd, F_GETFD);
	struct stat st;

	if (flags < 0 || own & FD_CLOEXEC || (flags & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return FAILED;
	}
	o->d->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	o->d->may_block = o->d->fd >= 0 && !fstat(fd, &st) && !S_ISREG(st.st_mode);
	return o->d->fd >= 0 ? OPENED : FAILED;
}

static enum opening open_path(struct opener *o)
{
	struct destination *d = o->d;
	int fd = descriptor_of(d->path), err;
	enum opening result;

	if (fd >= 0)
		return open_descriptor(o, fd);
	d->dir = safe_dir_of(d->path, &o->why);
	if (d->dir < 0)
		return FAILED;
	d->name = safe_dir_name(d->path);
	result = open_name(o);
	/* A file still needs it, to be put in its place. */
	if (result != OPENED || d->may_block) {
		err = errno;
		close(d->dir);
		d->dir = -1;
		errno = err;
	}
	return result;
}

static void describe(const struct opener *o, int err, char *error)
{
	if (!o->why && err == EEXIST)
		snprintf(
			error, DESTINATION_ERROR_LEN,
			"%s already exists and is left unchanged: name another file, or replace it with --force",
			o->r->path);
	else
		snprintf(error, DESTINATION_ERROR_LEN, "cannot write to %s: %s", o->r->path,
			 o->why ? o->why : strerror(err));
}

bool destination_open(struct destination *d, const struct destination_request *r, char *error)
{
	struct opener o = { .d = d, .r = r };
	enum opening result = AGAIN;
	size_t len = strlen(r->path);

	*d = (struct destination){ .fd = -1, .dir = -1 };
	errno = ENAMETOOLONG;
	if (len >= sizeof(d->path))
		result = FAILED;
	else
		memcpy(d->path, r->path, len + 1);
	for (int looks = 0; result == AGAIN && looks < LOOKS + o.links; looks++)
		result = open_path(&o);
	if (result == OPENED)
		return true;
	if (result == AGAIN)
		o.why = KEEPS_CHANGING;
	describe(&o, errno, error);
	return false;
}

/* ------------------------------------------------------------------ the end */

bool destination_finish(struct destination *d)
{
	if (*d->temporary && renameat(d->dir, d->temporary, d->dir, d->name))
		return false;
	*d->temporary = '\0';
	set_unfinished(NULL);
	return true;
}

void destination_written(const struct destination *d, char *path, size_t len)
{
	if (*d->temporary)
		snprintf(path, len, "%.*s%s", (int)(d->name - d->path), d->path, d->temporary);
	else
		snprintf(path, len, "%s", "");
}

void destination_remove(struct destination *d)
{
	if (d->dir >= 0 && has_its_name(d, current_name(d)))
		unlinkat(d->dir, current_name(d), 0);
}

void destination_close(struct destination *d)
{
	set_unfinished(NULL);
	if (d->dir >= 0)
		close(d->dir);
	d->dir = -1;
}
