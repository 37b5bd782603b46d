/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From frames to events. Pure: no clock, no file, no libbpf, so that what is replayed is
 * what was seen.
 */
#ifndef COMPATCAPS_SESSION_H
#define COMPATCAPS_SESSION_H

#include "diagnosis/event.h"

struct session;

typedef void session_out(const struct event *e, void *ctx);

/* NULL: no memory. */
struct session *session_new(session_out *out, void *ctx);
void session_free(struct session *s);

/*
 * Events have the numbers of the lines that they were read from, and what follows from one comes
 * right after it. Without this they are counted from 1, as in a stream of their own.
 */
void session_number_as_recorded(struct session *s);

/* Before the first frame. The filter must last as long as the session. */
void session_filter(struct session *s, const struct session_filter *filter);

/* Take a frame; calls `out` for each event that comes of it, in order. */
void session_frame(struct session *s, const struct frame *f);

/*
 * Would the verdict on this record depend on which command the kernel has, which is not known
 * yet? Then whoever can should find out and send a FRAME_HOST before it.
 */
bool session_wants_command(const struct session *s, const struct cc_record *r);

/*
 * Has a VM ended that QEMU may not have started for what this host lacks, and nothing is known of
 * its processor yet? Then likewise.
 */
bool session_wants_processor(const struct session *s, const struct frame *f);

/* The host as it is known now, what was proven by calls included. */
const struct host_facts *session_host(const struct session *s);

const struct totals *session_totals(const struct session *s);

/* VMs for which there was no room: they have no number. *more: those and others. */
unsigned int session_beyond(const struct session *s, bool *more);

/* Each VM's story, a paragraph each. */
void session_tell(const struct session *s, void (*paragraph)(const char *text, void *ctx),
		  void *ctx);

#endif /* COMPATCAPS_SESSION_H */
