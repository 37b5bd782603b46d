/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fields that events have, by their paths ("guest", "evidence.ret"): what schema.def says, as a
 * list. A rule that names a field which is not there is refused with the one that is meant, and the
 * documentation is held to it.
 */
#ifndef COMPATCAPS_SCHEMA_H
#define COMPATCAPS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnosis/event.h"
#include "recording/words.h"

#define FIELD_PATH_MAX 64

/* What a field's values are, beside null. */
enum field_kind {
	FIELD_BOOL = 1 << 0,
	FIELD_NUMBER = 1 << 1,
	FIELD_TEXT = 1 << 2,
	FIELD_HEX = 1 << 3, /* text, a number in hexadecimal */
	FIELD_LIST = 1 << 4,
	FIELD_OBJECT = 1 << 5,
};

struct field {
	char path[FIELD_PATH_MAX]; /* of an object in a list "by[].n" */
	enum event_type type;	   /* one row for each type that has it */
	unsigned int kinds;
	const char *kind; /* of schema.def: "HEX32" */
	bool nullable;
	bool added; /* after the first program that wrote this schema: a reader must do without it
		     */
	const struct words *words; /* those that it can be; NULL: it is not an enum */
	const char *doc;
};

/* All of them, sorted by path. NULL: out of memory. */
const struct field *fields(size_t *n);

/* 1u << enum event_type of those that have it, 0: none. *kinds: what it is there. */
unsigned int field_types(const char *path, unsigned int *kinds);

/* The one that is spelled most like it, among those of these types; NULL: none is alike. */
const char *field_like(const char *path, unsigned int types);

/* A sentence on the event, or on the keys that all events have (EVENT_TYPES). */
const char *schema_event_doc(enum event_type type);

#endif /* COMPATCAPS_SCHEMA_H */
