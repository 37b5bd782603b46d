/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells a recording again: diagnosed anew from its evidence by the version that runs. */
#ifndef COMPATCAPS_REPLAY_H
#define COMPATCAPS_REPLAY_H

#include "cmd/options.h"

/* Returns the exit status of the program. */
int replay_run(const struct options *o);

#endif /* COMPATCAPS_REPLAY_H */
