// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes one JSON text with yyjson. Memory that is missing is noticed once, at the end, and then
 * nothing is written. Callers therefore need no checks between the values.
 */
#include "lib/json.h"

#include <stdlib.h>

typedef yyjson_mut_val val;

static val *there(struct json *j, val *value)
{
	j->failed |= !value;
	return value;
}

static val *begin(struct json *j, val *(*make)(yyjson_mut_doc *))
{
	val *root;

	*j = (struct json){ .doc = yyjson_mut_doc_new(NULL) };
	root = there(j, make(j->doc));
	yyjson_mut_doc_set_root(j->doc, root);
	return root;
}

val *json_begin(struct json *j)
{
	return begin(j, yyjson_mut_obj);
}

val *json_begin_list(struct json *j)
{
	return begin(j, yyjson_mut_arr);
}

bool json_end(struct json *j, yyjson_write_flag flags, FILE *f)
{
	size_t len;
	char *text = j->failed ?
			     NULL :
			     yyjson_mut_write(j->doc, flags | YYJSON_WRITE_NEWLINE_AT_END, &len);

	yyjson_mut_doc_free(j->doc);
	if (text)
		fwrite(text, 1, len, f);
	free(text);
	return text;
}

void json_put_null(struct json *j, val *o, const char *key)
{
	j->failed |= !yyjson_mut_obj_add_null(j->doc, o, key);
}

void json_put_text(struct json *j, val *o, const char *key, const char *text)
{
	if (text)
		j->failed |= !yyjson_mut_obj_add_strcpy(j->doc, o, key, text);
	else
		json_put_null(j, o, key);
}

void json_put_bool(struct json *j, val *o, const char *key, bool value)
{
	j->failed |= !yyjson_mut_obj_add_bool(j->doc, o, key, value);
}

void json_put_real(struct json *j, val *o, const char *key, double value)
{
	j->failed |= !yyjson_mut_obj_add_real(j->doc, o, key, value);
}

void json_put_number(struct json *j, val *o, const char *key, uint64_t value)
{
	j->failed |= !yyjson_mut_obj_add_uint(j->doc, o, key, value);
}

void json_put_known(struct json *j, val *o, const char *key, bool known, uint64_t value)
{
	if (known)
		json_put_number(j, o, key, value);
	else
		json_put_null(j, o, key);
}

val *json_put_object(struct json *j, val *o, const char *key)
{
	return there(j, yyjson_mut_obj_add_obj(j->doc, o, key));
}

val *json_put_list(struct json *j, val *o, const char *key)
{
	return there(j, yyjson_mut_obj_add_arr(j->doc, o, key));
}

void json_add_text(struct json *j, val *list, const char *text)
{
	j->failed |= !yyjson_mut_arr_add_strcpy(j->doc, list, text);
}

void json_add_number(struct json *j, val *list, uint64_t value)
{
	j->failed |= !yyjson_mut_arr_add_uint(j->doc, list, value);
}

val *json_add_object(struct json *j, val *list)
{
	return there(j, yyjson_mut_arr_add_obj(j->doc, list));
}
