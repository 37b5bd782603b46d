// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "json_caps.h"

#include <inttypes.h>
#include <stdio.h>

#include "kvm/abi.h"

struct json_object *json_hex64(uint64_t value)
{
	char text[19];

	snprintf(text, sizeof(text), "0x%016" PRIx64, value);
	return json_object_new_string(text);
}

struct json_object *json_hex32(uint32_t value)
{
	char text[11];

	snprintf(text, sizeof(text), "0x%08" PRIx32, value);
	return json_object_new_string(text);
}

struct json_object *json_modes(uint64_t caps)
{
	struct json_object *array = json_object_new_array();
	const struct abi_mode *mode;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit)
			json_object_array_add(array, json_object_new_string(mode->name));
	return array;
}

struct json_object *json_unknown_bits(uint64_t caps)
{
	uint64_t unknown = abi_unknown_bits(caps);

	return unknown ? json_hex64(unknown) : NULL;
}

void json_print_line(struct json_object *object)
{
	/* One call, so that threads do not write into each other's lines. */
	printf("%s\n", json_object_to_json_string_ext(
			       object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
