/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The signals of the process. SIGPIPE and SIGXFSZ are ignored, because a write that fails is an
 * error to report and not a reason to die. A traced command gets all of it back as the caller gave
 * it to this program.
 *
 * SIGINT and SIGTERM end the program, and so does SIGHUP where the caller does not ignore it, as
 * nohup(1) does. A shell ignores SIGINT for what it starts in the background: that is no wish of
 * the user, and kill -INT is the documented way to end a trace.
 */
#ifndef COMPATCAPS_SIGNALS_H
#define COMPATCAPS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Once, at the beginning of main(). */
void signals_begin(void);

/* The mask and the dispositions of before signals_begin(). Safe between fork() and exec(). */
void signals_give_back(void);

/* Those that end the program. */
void signals_that_end(sigset_t *set);

/* Block them, and go back to the mask of before. */
void signals_block_end(sigset_t *before);
void signals_restore(const sigset_t *before);

/* While they are blocked: is one of them pending, or does one come in this time? */
bool signals_end_pending(void);
bool signals_wait_end(unsigned int ms);

#endif /* COMPATCAPS_SIGNALS_H */
