/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Read a recording from its first frame to its end, through a session of its own. */
#ifndef COMPATCAPS_RECORDING_H
#define COMPATCAPS_RECORDING_H

#include <stdio.h>

#include "diagnosis/session.h"

struct follow;

struct recording_reader {
	const char *path; /* "-": standard input */
	bool recorded;	  /* tell the verdicts that were given then, not today's */
	bool renumber;	  /* events are numbered from 1, because a new stream is made of them */
	struct follow *follow;		     /* the file is its stream; NULL: it is not followed */
	void (*idle)(void *ctx);	     /* while it waits; or NULL */
	bool progress;			     /* on a terminal, show how far it is */
	const struct session_filter *filter; /* what is left out; NULL: nothing */
	session_out *event;
	bool (*done)(const void *ctx); /* enough has been read; or NULL */
	void (*finish)(const struct session *s,
		       void *ctx); /* what was read is all there; or NULL */
	void *ctx;
};

/* What reading it came to. What was wrong has been said. */
struct recording {
	bool fatal;	   /* it is none, of a newer schema, or cannot be read */
	bool cut_off;	   /* the end is missing */
	int writer;	   /* because it is still being written; as in its frame */
	uint64_t n_bad;	   /* messages on lines that could not be read or are missing, */
	uint64_t n_unread; /* and how many lines these are */
	struct totals totals;
};

/*
 * Opens a file, "-" for standard input. again: it must be possible to rewind() it, so that a pipe
 * is copied. NULL: it has been said why.
 */
FILE *recording_open(const char *path, bool again);

/* For messages: "-" is standard input. */
const char *recording_name(const char *path);

/* As far as it can be read. false: it cannot even begin, or is fatal. */
bool recording_read(const struct recording_reader *r, struct recording *rec);

/* The same from a file that is open; path is for messages. */
bool recording_read_file(FILE *f, const struct recording_reader *r, struct recording *rec);

/* EXIT_DONE, or EXIT_IMPOSSIBLE where not all of it could be read. */
int recording_status(const struct recording *rec);

#endif /* COMPATCAPS_RECORDING_H */
