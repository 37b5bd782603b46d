/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a verb writes what it has, where its command line says. */
#ifndef COMPATCAPS_VERB_OUTPUT_H
#define COMPATCAPS_VERB_OUTPUT_H

#include "cmd/cli.h"
#include "io/output.h"

/* Prints `what` to output_file(o). false: it could not be made, which has been reported. */
typedef bool verb_writer(struct output *o, const struct cli *c, void *what);

/* NULL: it has been reported why. To be closed by output_close(). */
struct output *verb_open_output(const struct cli *c);

/* Opens the output, has it written, and closes it. The exit status; errors have been reported. */
int verb_write(const struct cli *c, verb_writer *writer, void *what);

#endif /* COMPATCAPS_VERB_OUTPUT_H */
