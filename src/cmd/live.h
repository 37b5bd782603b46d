/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tracing: makes frames of what the kernel tells, and gives them to a session. */
#ifndef COMPATCAPS_LIVE_H
#define COMPATCAPS_LIVE_H

#include "cmd/options.h"

/* Returns the exit status of the program. */
int live_run(const struct options *o);

#endif /* COMPATCAPS_LIVE_H */
