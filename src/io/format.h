/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A format that can be named on a command line. */
#ifndef COMPATCAPS_FORMAT_H
#define COMPATCAPS_FORMAT_H

#include "io/shield.h"

struct format {
	const char *name, *what; /* for --help, a few words */
	enum shield_kind shield; /* how it escapes */
};

#endif /* COMPATCAPS_FORMAT_H */
