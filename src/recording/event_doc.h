/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An event as the object that the stream has of it (docs/events.schema.json), for who asks for
 * its fields by name. So that a field has one name everywhere, emit_json.c makes both.
 */
#ifndef COMPATCAPS_EVENT_DOC_H
#define COMPATCAPS_EVENT_DOC_H

#include "output/emit.h"

struct event_doc;
struct yyjson_mut_val;

/* NULL: no memory. */
struct event_doc *event_doc_new(void);
void event_doc_free(struct event_doc *d);

/* A yyjson_mut_val that holds until the next call. NULL: no memory. */
struct yyjson_mut_val *event_doc_of(struct event_doc *d, const struct event *e);

#endif /* COMPATCAPS_EVENT_DOC_H */
