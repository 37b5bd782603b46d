/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A command that is traced from its first instruction on. */
#ifndef COMPATCAPS_CHILD_H
#define COMPATCAPS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;  /* 0: none */
	int go;	    /* pipe to let it run, -1 when it does */
	int failed; /* pipe that tells the errno of a failed exec */
	bool ended;
	int status;	 /* as of waitpid(2), once ended */
	bool last_ended; /* and so has all that descends from it */
};

/*
 * Fork a process that will become argv and holds still until child_run(). It has the signal mask
 * and the dispositions that were given to this program. Makes this process the reaper of its
 * orphaned descendants. 0, or -errno.
 */
int child_prepare(struct child *c, char *const argv[]);

/* Let it run. 0, or -errno where argv could not be executed. */
int child_run(struct child *c);

/* Reap whatever has ended; notes in *c when it was the command itself, and when nothing is left. */
void child_reap(struct child *c);

/* Send sig to the command if it still is there. */
void child_signal(const struct child *c, int sig);

/* What a shell would say of it: its own exit status, or 128 and the signal's number. */
int child_exit_status(const struct child *c);

#endif /* COMPATCAPS_CHILD_H */
