// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * JSON lines for decode_bitmap and compatcaps_probe. Bitmaps, commands and PVRs look the same in
 * both. Without memory the program ends with an error, so that no line lacks a key.
 */
#include "json_caps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kvm/abi.h"
#include "io/out.h"

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
	exit(OUT_EXIT_FAILED);
}

yyjson_mut_doc *json_line(void)
{
	yyjson_mut_doc *line = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = yyjson_mut_obj(line);

	need(root);
	yyjson_mut_doc_set_root(line, root);
	return line;
}

void json_print_line(yyjson_mut_doc *line)
{
	char *text = yyjson_mut_write(line, YYJSON_WRITE_NOFLAG, NULL);

	need(text);
	/* One call, so that threads do not write into each other's lines. */
	printf("%s\n", text);
	free(text);
	yyjson_mut_doc_free(line);
}

void json_add(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, yyjson_mut_val *value)
{
	need(yyjson_mut_obj_add(o ? o : yyjson_mut_doc_get_root(line), yyjson_mut_strcpy(line, key),
				value));
}

yyjson_mut_val *json_append_object(yyjson_mut_doc *line, yyjson_mut_val *array)
{
	yyjson_mut_val *object = yyjson_mut_arr_add_obj(line, array);

	need(object);
	return object;
}

void json_add_str(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, const char *text)
{
	json_add(line, o, key, text ? yyjson_mut_strcpy(line, text) : yyjson_mut_null(line));
}

void json_add_int(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, int64_t value)
{
	json_add(line, o, key, yyjson_mut_sint(line, value));
}

void json_add_uint(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint64_t value)
{
	json_add(line, o, key, yyjson_mut_uint(line, value));
}

void json_add_bool(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, bool value)
{
	json_add(line, o, key, yyjson_mut_bool(line, value));
}

void json_add_hex64(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint64_t value)
{
	char text[19];

	snprintf(text, sizeof(text), "0x%016" PRIx64, value);
	json_add_str(line, o, key, text);
}

void json_add_hex32(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint32_t value)
{
	char text[11];

	snprintf(text, sizeof(text), "0x%08" PRIx32, value);
	json_add_str(line, o, key, text);
}

void json_add_modes(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint64_t caps)
{
	yyjson_mut_val *array = yyjson_mut_arr(line);
	const struct abi_mode *mode;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit)
			need(yyjson_mut_arr_add_str(line, array, mode->name));
	json_add(line, o, key, array);
}

void json_add_unknown_bits(yyjson_mut_doc *line, yyjson_mut_val *o, const char *key, uint64_t caps)
{
	uint64_t unknown = abi_unknown_bits(caps);

	if (unknown)
		json_add_hex64(line, o, key, unknown);
	else
		json_add_str(line, o, key, NULL);
}
