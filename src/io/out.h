/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A standard output that cannot fail unnoticed: a full disk, a closed descriptor. */
#ifndef COMPATCAPS_OUT_H
#define COMPATCAPS_OUT_H

#include <stdbool.h>

#define OUT_EXIT_FAILED 1 /* the exit status of a tool whose output got lost */

/*
 * From here on a failed write is reported as `name`'s and ends the process with
 * `status`, at its end at the latest, --help included. A reader who has gone away is not a
 * failure. First of all in main(): it calls signals_begin(), see signals.h.
 */
void out_guard(const char *name, int status);

/* Push out what was printed. false: it got lost, go no further and return from main(). */
bool out_flush(void);

/* Was it that the reader has gone away? */
bool out_unread(void);

#endif /* COMPATCAPS_OUT_H */
