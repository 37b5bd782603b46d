/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an event has in a field, and how a rule's value compares with it. */
#ifndef COMPATCAPS_VALUES_H
#define COMPATCAPS_VALUES_H

#include "recording/encode.h"
#include "check/rules.h"

enum tri { TRI_NO, TRI_MAYBE, TRI_YES };

static inline enum tri tri_of(bool yes)
{
	return yes ? TRI_YES : TRI_NO;
}

enum value_kind {
	VALUE_ABSENT,
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_LIST,
	VALUE_OBJECT
};

struct value {
	enum value_kind kind;
	/* What other events had a part in: with a loss before it, it could have been another. */
	bool soft;
	bool known;	   /* false: the event says that it does not know */
	bool moment;	   /* a text that is a point in time: number has it, since 1970, */
	uint64_t began_ns; /* and this is when its trace began */
	__int128 number;
	const char *text;
	struct yyjson_mut_val *list;
};

/* Makes the object of an event when first asked for it, and once. */
struct values {
	struct encoder *doc;
	const struct event *event;
	struct yyjson_mut_val *object; /* of this event; NULL: not made yet */
	uint64_t began_ns;	       /* the trace, since 1970 */
};

typedef void value_get_fn(const struct event *e, struct value *v);

/* How to come by a field: by a path, which is looked up once. */
struct value_path {
	const char *path;
	value_get_fn *get; /* quick, for what is often asked for; or NULL */
	bool soft;
	bool null_is_unseen;
};

/* false: no memory. */
bool values_init(struct values *vs);
void values_free(struct values *vs);

/* From here on it is about this event. */
void values_set(struct values *vs, const struct event *e);

struct value_path value_path_of(const char *path);

/* Holds until values_set(). */
void value_of(struct values *vs, const struct value_path *path, struct value *v);

/* Does `value OP v` hold? v is not absent. */
enum tri value_compare(const struct value *value, enum rule_op op, const struct rule_value *v);

/* -1, 0, 1: is a number smaller, equal, greater? */
int number_order(__int128 a, __int128 b);

/* Is OP true of two things that are in this order? */
bool op_holds(enum rule_op op, int order);

#endif /* COMPATCAPS_VALUES_H */
