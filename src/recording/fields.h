/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fields that events have, by their paths ("guest", "evidence.ret"), so that who asks for one
 * that is not there can be told. There is no list of them: they are read off events that are made
 * for it, so that a new field is known as soon as the stream has it.
 */
#ifndef COMPATCAPS_FIELDS_H
#define COMPATCAPS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnosis/event.h"

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
	char path[FIELD_PATH_MAX];
	enum event_type type; /* one row for each type that has it */
	unsigned int kinds;   /* 0: was never anything but null */
};

/* All of them, sorted by path. NULL: no memory. */
const struct field *fields(size_t *n);

/* 1u << enum event_type of those that have it, 0: none. *kinds: what it is there. */
unsigned int field_types(const char *path, unsigned int *kinds);

/* The one that is spelled most like it, among those of these types; NULL: none is alike. */
const char *field_like(const char *path, unsigned int types);

/* How many letters differ between two words; more than max is max + 1. */
unsigned int spelling_distance(const char *a, const char *b, unsigned int max);

#endif /* COMPATCAPS_FIELDS_H */
