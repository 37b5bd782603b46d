// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Asks each QEMU of the host for its version, which means running it. Whoever may change the
 * program decides what is run, so it is run only where nobody but root and the caller may. One
 * that does not answer in time is killed.
 */
#include "doctor/doctor_qemus.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/text.h"
#include "io/trusted.h"

#define VERSION_MS (DOCTOR_QEMU_SECONDS * 1000) /* it is killed then */

extern char **environ;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* A program that runs, its output at *fd. 0: it could not be started. */
static pid_t start(const char *path, int *fd)
{
	char *argv[] = { (char *)path, (char *)"--version", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return 0;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*fd = ends[0];
	if (!err)
		return pid;
	close(ends[0]);
	return 0;
}

/* Its first line, or what has come of it by then. false: it took too long. */
static bool read_line(int fd, char *line, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = now_ms() + VERSION_MS, left;
	size_t have = 0;
	ssize_t n;

	while (have < size - 1 && (left = end - now_ms()) > 0) {
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			break;
		n = p.revents ? read(fd, line + have, size - 1 - have) : 0;
		if (p.revents && n <= 0)
			break;
		have += n > 0 ? (size_t)n : 0;
		if (memchr(line, '\n', have))
			break;
	}
	line[have] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return end > now_ms();
}

static void ask_version(struct doctor_qemu *q, const char *path)
{
	char line[sizeof(q->said)];
	int fd, status;
	pid_t pid = start(path, &fd);

	if (!pid)
		return;
	q->slow = !read_line(fd, line, sizeof(line));
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	text_escape(q->said, sizeof(q->said), line, sizeof(line));
}

/* What is run is what was looked at: the file itself, and no link to it. */
static void read_version(struct doctor_qemu *q, const char *path)
{
	char *file = realpath(path, NULL), why[TRUSTED_WHY_LEN] = "it is gone";

	*q = (struct doctor_qemu){ 0 };
	text_escape(q->path, sizeof(q->path), path, SIZE_MAX);
	if (file && trusted(file, geteuid(), why))
		ask_version(q, file);
	else
		snprintf(q->not_run, sizeof(q->not_run), "%s", why);
	free(file);
}

/* Several names often lead to one program. */
struct seen {
	dev_t dev;
	ino_t ino;
};

static void look_at(struct doctor_facts *facts, const char *path, struct seen seen[DOCTOR_QEMUS])
{
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || access(path, X_OK))
		return;
	for (size_t i = 0; i < facts->n_qemus; i++)
		if (seen[i].dev == st.st_dev && seen[i].ino == st.st_ino)
			return;
	if (facts->n_qemus == DOCTOR_QEMUS) {
		facts->more_qemus++;
		return;
	}
	seen[facts->n_qemus] = (struct seen){ st.st_dev, st.st_ino };
	read_version(&facts->qemus[facts->n_qemus++], path);
}

/* What is not below the root changes with the directory that somebody stands in: not run. */
void doctor_qemus_read(struct doctor_facts *facts, const char *env)
{
	static const char *const names[] = { "qemu-system-ppc64", "qemu-system-ppc64le",
					     "qemu-kvm" };
	char *dirs = NULL, *save = NULL, path[PATH_MAX];
	struct seen seen[DOCTOR_QEMUS] = { 0 };

	/* Where distributions keep one that is not in PATH. */
	if (asprintf(&dirs, "%s:/usr/libexec", env ? env : "/usr/bin") < 0)
		return;
	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save))
		for (size_t i = 0; *dir == '/' && i < sizeof(names) / sizeof(names[0]); i++)
			if (snprintf(path, sizeof(path), "%s/%s", dir, names[i]) <
			    (int)sizeof(path))
				look_at(facts, path, seen);
	free(dirs);
}
