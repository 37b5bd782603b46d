/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a verb that has one thing to write writes it, where its command line says. */
#ifndef COMPATCAPS_VERB_OUTPUT_H
#define COMPATCAPS_VERB_OUTPUT_H

#include <stdio.h>

#include "cmd/cli.h"

/* false: there is not enough memory. */
typedef bool verb_writer(FILE *f, const struct cli *c, const void *what);

/* The exit status; what went wrong has been said. */
int verb_write(const struct cli *c, verb_writer *writer, const void *what);

#endif /* COMPATCAPS_VERB_OUTPUT_H */
