/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The small interface that every output implements: begin, event, end on a stream. An output
 * writes to this stream only; who opened it sees to failed writes (output.h), and flushes
 * after each event.
 */
#ifndef COMPATCAPS_EMIT_H
#define COMPATCAPS_EMIT_H

#include <stdio.h>

#include "diagnosis/event.h"
#include "io/shield.h"

/* Which clock the table shows. */
enum emit_time {
	TIMES_LOCAL, /* of the day, in the local zone */
	TIMES_UTC,
	TIMES_ISO,  /* with the date and the local zone */
	TIMES_REL,  /* seconds after the trace began */
	TIMES_MONO, /* seconds since boot, as CLOCK_MONOTONIC has them */
};

struct emit_options {
	bool verbose;
	bool color;
	enum emit_time time;
	unsigned int columns; /* of the terminal; 0: as wide as it gets */
	bool filtered; /* events of some outcomes alone are handed on: a recording must say so */
};

struct emitter {
	const char *name;  /* of --format */
	const char *what;  /* for --help, a few words */
	const char *where; /* it goes there without -o; NULL: to standard output */
	/* State of this output's own, or NULL where there is no memory. */
	void *(*begin)(FILE *f, const struct emit_options *opt);
	void (*event)(void *state, const struct event *e);
	/*
	 * It is this late, on CLOCK_MONOTONIC, and the terminal has so many columns and lines, 0:
	 * not known. Returns when it is to be called again. NULL: this output does not change with
	 * time alone. Such a one needs a terminal that obeys escapes.
	 */
	uint64_t (*redraw)(void *state, uint64_t now_ns, unsigned int columns, unsigned int lines);
	/*
	 * What it holds back, to tell it together with what may come, is written now if it has
	 * waited for a second. Returns when it is to be called again; 0: nothing waits. NULL:
	 * nothing does.
	 */
	uint64_t (*settle)(void *state, uint64_t now_ns);
	/* Of --summary: the story of a VM. NULL: this output has no place for it. */
	void (*paragraph)(void *state, const char *text);
	/* Lets go of the state. The last event was EVENT_END, or an error came before it. */
	void (*end)(void *state);
	enum shield_kind shield; /* how it escapes (shield.h) */
	bool stream; /* what it writes is a recording: it wants every event, EVENT_TRACE first */
};

/* The table of outputs: one row each. */
extern const struct emitter emit_text, emit_screen, emit_json, emit_journal;
extern const struct emitter *const emitters[]; /* ends with NULL */

#endif /* COMPATCAPS_EMIT_H */
