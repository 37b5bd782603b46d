// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The signals of the process, set once at the beginning. A traced command gets them back as they
 * were. The signals that end a program can be blocked and then waited for, so that a loop ends at
 * a place of its choice.
 */
#include "io/signals.h"

#include <errno.h>
#include <time.h>

static const int ignored[] = { SIGPIPE, SIGXFSZ };

#define N_IGNORED (sizeof(ignored) / sizeof(ignored[0]))

static struct sigaction given[N_IGNORED];
static sigset_t given_mask;

void signals_begin(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigprocmask(SIG_SETMASK, NULL, &given_mask);
	for (size_t i = 0; i < N_IGNORED; i++)
		sigaction(ignored[i], &ignore, &given[i]);
}

void signals_give_back(void)
{
	for (size_t i = 0; i < N_IGNORED; i++)
		sigaction(ignored[i], &given[i], NULL);
	sigprocmask(SIG_SETMASK, &given_mask, NULL);
}

void signals_that_end(sigset_t *set)
{
	struct sigaction hangup;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
}

void signals_block_end(sigset_t *before)
{
	sigset_t set;

	signals_that_end(&set);
	sigprocmask(SIG_BLOCK, &set, before);
}

void signals_restore(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

bool signals_end_pending(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		sigismember(&pending, SIGHUP));
}

bool signals_wait_end(unsigned int ms)
{
	const struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };
	sigset_t set;
	int sig;

	signals_that_end(&set);
	do {
		sig = sigtimedwait(&set, NULL, &time);
	} while (sig < 0 && errno == EINTR);
	return sig > 0;
}
