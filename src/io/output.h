/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a verb writes: to standard output or to what `path` names (destination.h). All verbs open,
 * flush and close it here, so one place decides what a failed write means:
 *
 * - A reader who has gone away, as head(1) does, has seen enough. That is not a failure and nothing
 *   is said of it.
 * - Any other error is remembered, and reported once, by output_close(). What is printed after it
 * is dropped, so the stream itself never fails.
 */
#ifndef COMPATCAPS_OUTPUT_H
#define COMPATCAPS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "io/shield.h"

struct output;

struct output_request {
	const char *path;	 /* NULL: standard output */
	bool force;		 /* replace a file that exists */
	enum shield_kind shield; /* how this format escapes */
	bool readable; /* a new file is for whom the umask says; else for its owner alone */
	bool live;     /* what is written comes over time: a reader shall know (follow.h) */
	/*
	 * A descriptor that becomes readable when a reader who does not read shall not be waited
	 * for any longer (a signalfd). 0, as any standard descriptor: none, and signals end the
	 * process.
	 */
	int wake;
};

/* NULL: it has been reported why. There is one output at a time. */
struct output *output_open(const struct output_request *r);

/* The stream to print to. */
FILE *output_file(const struct output *o);

/* Is it a terminal, and of how many columns and lines? 0: that is not known. */
bool output_is_terminal(const struct output *o);
unsigned int output_columns(const struct output *o);
unsigned int output_lines(const struct output *o);

/*
 * Push out what was printed, in one write(2) where it fits the buffer. false: there is no point in
 * printing more, because it got lost or nobody reads it.
 */
bool output_flush(struct output *o);

/*
 * The caller has taken the signal that told it to end: who does not read what is still to come is
 * not waited for either.
 */
void output_end_soon(struct output *o);

/* Has the reader gone away? */
bool output_unread(const struct output *o);

/*
 * Complete the output; a file takes its place. Where `complete` is false, something that should be
 * in it could not be made: a file is removed then, and an old one stays. false: the output is not
 * complete, which has been reported. Frees o in any case.
 */
bool output_close(struct output *o, bool complete);

#endif /* COMPATCAPS_OUTPUT_H */
