/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Read a recording: lines of JSON back to frames. What is read is hostile: it may have been
 * made by a process that cannot be trusted, cut off or changed.
 */
#ifndef COMPATCAPS_STREAM_H
#define COMPATCAPS_STREAM_H

#include <stdio.h>

#include "kvm/frame.h"

#define STREAM_SCHEMA	2
#define STREAM_STDIN	"standard input"
#define STREAM_LINE_MAX (1u << 20) /* bytes of a line; a longer one is refused */

enum stream_status {
	STREAM_FRAME, /* *f holds until the next call */
	STREAM_END,   /* after the end's frame, which is there whatever comes */
	STREAM_BAD,   /* this line is wrong, error says how; what follows can still be read */
	STREAM_FATAL, /* no recording, a newer schema, or the file cannot be read: error says it */
};

struct stream;

/* name: for messages. recorded: hand out what was said then as well. NULL: no memory. */
struct stream *stream_new(FILE *f, const char *name, bool recorded);
void stream_free(struct stream *s);

/*
 * The next frame. error is a sentence with the name and the line's number. Lines that are
 * missing or cannot be read become a FRAME_LOST (CC_LOSS_UNREADABLE) before what follows, an
 * `end` that is missing a FRAME_END with cut_off set.
 */
enum stream_status stream_next(struct stream *s, struct frame *f, char *error, size_t len);

/* The recording's end has been read; what comes now is no part of it. */
bool stream_has_ended(const struct stream *s);

/* How many lines so far could not be read, or are missing as the numbers of others show. */
uint64_t stream_unread(const struct stream *s);

#endif /* COMPATCAPS_STREAM_H */
