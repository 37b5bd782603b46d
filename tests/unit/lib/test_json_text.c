// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* lib/json.h: a JSON text is written as a whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/json.h"

/* What json_end() writes, to be freed. */
static char *end(struct json *j, bool *written)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	*written = json_end(j, 0, f);
	fclose(f);
	return text;
}

static void test_values(void **state)
{
	static const char expected[] =
		"{\"t\":\"a\\\"b\",\"n\":null,\"u\":18446744073709551615,\"k\":null,\"l\":7,"
		"\"b\":true,\"r\":0.5,\"o\":{\"x\":1},\"list\":[\"e\",2,{\"y\":null}]}\n";
	struct json j;
	yyjson_mut_val *root = json_begin(&j), *list;
	bool written;
	char *text;

	(void)state;
	json_put_text(&j, root, "t", "a\"b");
	json_put_text(&j, root, "n", NULL);
	json_put_number(&j, root, "u", UINT64_MAX);
	json_put_known(&j, root, "k", false, 7);
	json_put_known(&j, root, "l", true, 7);
	json_put_bool(&j, root, "b", true);
	json_put_real(&j, root, "r", 0.5);
	json_put_number(&j, json_put_object(&j, root, "o"), "x", 1);
	list = json_put_list(&j, root, "list");
	json_add_text(&j, list, "e");
	json_add_number(&j, list, 2);
	json_put_null(&j, json_add_object(&j, list), "y");
	text = end(&j, &written);
	assert_true(written);
	assert_string_equal(text, expected);
	free(text);
}

static void test_list(void **state)
{
	struct json j;
	yyjson_mut_val *list = json_begin_list(&j);
	bool written;
	char *text;

	(void)state;
	json_add_number(&j, list, 1);
	text = end(&j, &written);
	assert_string_equal(text, "[1]\n");
	free(text);
}

/* An object that could not be made takes no field, and nothing of the whole is written. */
static void test_no_memory(void **state)
{
	struct json j;
	yyjson_mut_val *root = json_begin(&j);
	bool written;
	char *text;

	(void)state;
	json_put_number(&j, root, "a", 1);
	json_put_number(&j, NULL, "b", 1);
	json_put_text(&j, root, "c", "d");
	text = end(&j, &written);
	assert_false(written);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
