/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A line of JSON, as decode_bitmap and compatcaps_probe print it, and how bitmaps, commands and
 * PVRs look in one. Keys and texts are copied. When memory runs out, these report it and end the
 * process with OUT_EXIT_FAILED, so that no line lacks a key.
 */
#ifndef COMPATCAPS_JSON_CAPS_H
#define COMPATCAPS_JSON_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <yyjson.h>

/* A line is a document whose root is an object. */
yyjson_mut_doc *json_line(void);

/* Prints it as one line of standard output and frees it. */
void json_print_line(yyjson_mut_doc *line);

/* Each adds a key to the object o; o NULL: to the root. */
void json_add_str(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key,
		  const char *text); /* NULL: null */
void json_add_int(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, int64_t value);
void json_add_uint(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint64_t value);
void json_add_bool(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, bool value);
void json_add_hex64(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key,
		    uint64_t value); /* "0x6000000000000000" */
void json_add_hex32(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key,
		    uint32_t value); /* "0x0f000006" */

/* ["POWER9","POWER10"]: the modes of a bitmap, oldest first. */
void json_add_modes(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint64_t caps);

/* The bits of it that stand for no mode, as hex; null where there are none. */
void json_add_unknown_bits(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint64_t caps);

/* Adds a value that was made for this line; NULL means that there was no memory for it. */
void json_add(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, yyjson_mut_val *value);

/* A new object at the end of an array of this line. */
yyjson_mut_val *json_append_object(yyjson_mut_doc *line, yyjson_mut_val *array);

#endif /* COMPATCAPS_JSON_CAPS_H */
