/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where events are written to: standard output, a file or the journal's socket (journal.h). A file
 * is made anew and one that is there already stays as it is, unless that is asked for; then it is
 * replaced at the end.
 */
#ifndef COMPATCAPS_OUTPUT_H
#define COMPATCAPS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct output;

/*
 * path NULL: standard output. wake: a descriptor that becomes readable when a reader who does
 * not read shall not be waited for any longer (a signalfd); -1: none. NULL: error is a sentence.
 */
struct output *output_open(const char *path, bool force, int wake, char *error, size_t len);

FILE *output_file(struct output *o);

/*
 * Push out what was printed, one write(2) where it fits the buffer. false: it got lost, now or
 * before; nothing more is written then.
 */
bool output_flush(struct output *o);

/* Nobody reads it any more (a pipe whose reader went away): an end, and no failure. */
bool output_unread(const struct output *o);

/*
 * Complete the file. false: error is a sentence that also says where what was written is.
 * Lets go of *o in any case.
 */
bool output_close(struct output *o, char *error, size_t len);

#endif /* COMPATCAPS_OUTPUT_H */
