/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How bitmaps, commands and PVRs look in JSON, wherever the project writes it. */
#ifndef COMPATCAPS_JSON_CAPS_H
#define COMPATCAPS_JSON_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

struct json_object *json_hex64(uint64_t value); /* "0x6000000000000000" */
struct json_object *json_hex32(uint32_t value); /* "0x0f000006" */

/* ["POWER9","POWER10"]: the modes of a bitmap, oldest first. */
struct json_object *json_modes(uint64_t caps);

/* What of it no mode stands for, as hex; NULL (which is JSON's null) where all is known. */
struct json_object *json_unknown_bits(uint64_t caps);

/* Print the object as one line of standard output and let go of it. */
void json_print_line(struct json_object *object);

#endif /* COMPATCAPS_JSON_CAPS_H */
