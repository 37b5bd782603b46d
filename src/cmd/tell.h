/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shows the events of a session: those of the wanted outcomes, by an output, in a file. */
#ifndef COMPATCAPS_TELL_H
#define COMPATCAPS_TELL_H

#include "cmd/options.h"
#include "diagnosis/session.h"

struct teller;

/* The formats of events, and those that are recordings (struct command). */
struct format teller_format(size_t i);
struct format teller_stream(size_t i);

/* wake: as in output_open(); 0: none. NULL: it has been said why. */
struct teller *teller_new(const struct options *o, int wake);

/* A session_out. */
void teller_event(const struct event *e, void *teller);

/* Nothing more is needed: the output failed, or as many calls as were asked for have been shown. */
bool teller_is_done(const struct teller *t);

/* The end: the stories where they are wanted, and how many there were of what. */
void teller_summarize(struct teller *t, const struct session *s);

/* All events are there already: they are written when there is enough of them. */
void teller_in_batches(struct teller *t);

/* When --metrics wants to be written, or the output to be drawn, on CLOCK_MONOTONIC; 0: never. */
uint64_t teller_due(const struct teller *t);

/* Does that where it is due. */
void teller_on_time(struct teller *t, uint64_t now_ns);

/* A signal has ended the trace: as output_end_soon(). */
void teller_end_soon(struct teller *t);

/*
 * false: an output is not complete that somebody would have read, which has been said. Lets go
 * of *t in any case.
 */
bool teller_close(struct teller *t);

/* The reader of the pipe went away. To be asked before teller_close(). */
bool teller_is_unread(const struct teller *t);

#endif /* COMPATCAPS_TELL_H */
