/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One JSON text that is made and written, by yyjson. Whoever makes it need not look whether memory
 * was there for each of its values: json_end() writes all of it or nothing. Events are not made
 * with this: recording/encode.h is quicker.
 */
#ifndef COMPATCAPS_JSON_H
#define COMPATCAPS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <yyjson.h>

struct json {
	yyjson_mut_doc *doc;
	bool failed; /* out of memory */
};

/* The outermost object or list. NULL, as other values may be: out of memory. */
yyjson_mut_val *json_begin(struct json *j);
yyjson_mut_val *json_begin_list(struct json *j);

/* Writes it with a newline at its end, and frees it. false: out of memory, nothing is written. */
bool json_end(struct json *j, yyjson_write_flag flags, FILE *f);

/* Fields of an object. Keys are kept as they are, texts are copied; a text of NULL is null. */
void json_put_null(struct json *j, yyjson_mut_val *o, const char *key);
void json_put_text(struct json *j, yyjson_mut_val *o, const char *key, const char *text);
void json_put_bool(struct json *j, yyjson_mut_val *o, const char *key, bool value);
void json_put_real(struct json *j, yyjson_mut_val *o, const char *key, double value);
void json_put_number(struct json *j, yyjson_mut_val *o, const char *key, uint64_t value);
/* known false: null */
void json_put_known(struct json *j, yyjson_mut_val *o, const char *key, bool known, uint64_t value);
yyjson_mut_val *json_put_object(struct json *j, yyjson_mut_val *o, const char *key);
yyjson_mut_val *json_put_list(struct json *j, yyjson_mut_val *o, const char *key);

/* Entries of a list. */
void json_add_text(struct json *j, yyjson_mut_val *list, const char *text);
void json_add_number(struct json *j, yyjson_mut_val *list, uint64_t value);
yyjson_mut_val *json_add_object(struct json *j, yyjson_mut_val *list);

#endif /* COMPATCAPS_JSON_H */
