/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An event as the stream has it (docs/events.schema.json): as a line of a recording, or as the same
 * object for who asks for its fields by name. So a field has one name everywhere.
 */
#ifndef COMPATCAPS_ENCODE_H
#define COMPATCAPS_ENCODE_H

#include <stdio.h>

#include "diagnosis/event.h"

struct encoder;
struct yyjson_mut_val;

/* filtered: the recording holds events of some outcomes alone, and says so. NULL: out of memory. */
struct encoder *encoder_new(bool filtered);
void encoder_free(struct encoder *j);

/* A whole line. Failed writes are left to f's error flag. */
void encoder_write(struct encoder *j, const struct event *e, FILE *f);

/* A yyjson_mut_val that holds until the next call. NULL: out of memory. */
struct yyjson_mut_val *encoder_object(struct encoder *j, const struct event *e);

#endif /* COMPATCAPS_ENCODE_H */
