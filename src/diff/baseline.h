/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A baseline as a profile, so that it can be compared with a recording. */
#ifndef COMPATCAPS_BASELINE_H
#define COMPATCAPS_BASELINE_H

#include "diff/profile.h"

/* Does a baseline begin here, and no recording? Takes nothing from f. */
bool baseline_begins(FILE *f);

/* What was wrong has been said, with name. NULL: not all of it could be read. */
struct profile *baseline_read(FILE *f, const char *name);

#endif /* COMPATCAPS_BASELINE_H */
