// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Starts the command that is traced, and holds it until the tracer is attached. The child waits on
 * a pipe before it executes the command, so its first instruction is traced. It gets back the
 * signals and descriptors of the caller.
 */
#include "live/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/signals.h"

static void become(char *const argv[], int go, int failed) __attribute__((noreturn));

static void become(char *const argv[], int go, int failed)
{
	char byte;
	int err;

	signals_give_back();
	/* End of file: the tracer gave up or died before it let us go. */
	if (read(go, &byte, 1) != 1)
		_exit(0);
	execvp(argv[0], argv);
	err = errno;
	(void)!write(failed, &err, sizeof(err));
	_exit(127);
}

int child_prepare(struct child *c, char *const argv[])
{
	int go[2], failed[2];

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		return -errno;
	}
	/* Nothing buffered may be printed twice. */
	fflush(NULL);
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (!c->pid) {
		close(go[1]);
		close(failed[0]);
		become(argv, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	return 0;
}

int child_run(struct child *c)
{
	int err = 0;

	if (write(c->go, "", 1) != 1)
		return -errno;
	close(c->go);
	c->go = -1;
	/* End of file without a word: exec has closed the pipe. */
	if (read(c->failed, &err, sizeof(err)) != (ssize_t)sizeof(err))
		err = 0;
	close(c->failed);
	return -err;
}

void child_reap(struct child *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != c->pid)
			continue;
		c->ended = true;
		c->status = status;
	}
	c->last_ended = pid < 0 && errno == ECHILD;
}

void child_signal(const struct child *c, int sig)
{
	if (c->pid && !c->ended)
		kill(c->pid, sig);
}

int child_exit_status(const struct child *c)
{
	return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}
