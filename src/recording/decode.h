/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A JSON object of the stream back to the frame that it was made of. What is read is hostile: every
 * value is checked for its kind and range.
 */
#ifndef COMPATCAPS_DECODE_H
#define COMPATCAPS_DECODE_H

#include <stdint.h>

#include "diagnosis/event.h"

#define DECODE_PROBLEM_LEN 256

/* A problem that is not the line's. */
#define DECODE_NO_MEMORY "out of memory"

struct decoder;
struct yyjson_val;

/* recorded: frames take along what was said then. NULL: out of memory. */
struct decoder *decoder_new(bool recorded);
void decoder_free(struct decoder *s);

/* Before each line: lets go of what the frame of the one before points to. */
void decoder_reset(struct decoder *s);

/* The first thing that is wrong with this line, "\"ret\" is missing"; NULL: nothing is. */
const char *decoder_problem(const struct decoder *s);

uint64_t decode_seq(struct decoder *s, struct yyjson_val *root);

/*
 * EVENT_TYPES: a type that only a newer program knows. *used: *f is a frame to go on with; the
 * event does not follow from others. *f holds until decoder_reset().
 */
enum event_type decode(struct decoder *s, struct yyjson_val *root, struct frame *f, bool *used);

#endif /* COMPATCAPS_DECODE_H */
