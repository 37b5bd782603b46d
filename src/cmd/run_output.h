/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a verb writes to, as its command line says: opened, written, closed and judged here. */
#ifndef COMPATCAPS_RUN_OUTPUT_H
#define COMPATCAPS_RUN_OUTPUT_H

#include "cmd/options.h"
#include "io/output.h"

/* Prints `what` to output_file(out). false: it could not be made, which has been reported. */
typedef bool output_writer(struct output *out, const struct options *o, void *what);

/*
 * Opens the output, has it written, and closes it. A reader who has gone away has seen enough,
 * which is no failure. The exit status; errors have been reported.
 */
int run_with_output(const struct options *o, output_writer *writer, void *what);

/*
 * For who writes for longer than one call takes: path replaces the one of -o, wake is as in
 * output.h. NULL: it has been reported why. To be closed by output_close().
 */
struct output *run_open_output(const struct options *o, const char *path, int wake);

/* Once all has been read: a filter that nothing matches, and what there is. */
void run_say_unmatched(const struct options *o);

/* TERM says that the terminal obeys no escapes. */
bool run_terminal_is_dumb(void);

/* Is this output to be coloured? */
bool run_wants_color(const struct options *o, const struct output *out);

/* Formats of verbs that have "text" and "json". */
enum { FORMAT_TEXT, FORMAT_JSON };

#endif /* COMPATCAPS_RUN_OUTPUT_H */
