// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What must not reach somebody who reads lines for commands, and where lines may be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/shield.h"
#include "lib/text.h"

static char got[256];

static bool put(void *ctx, const char *bytes, size_t len)
{
	size_t n = strlen(got);

	assert_ptr_equal(ctx, got);
	assert_true(n + len < sizeof(got));
	memcpy(got + n, bytes, len);
	got[n + len] = '\0';
	return true;
}

/* In pieces of each length, which must not matter. */
static void shielded(enum shield_kind kind, const char *text, const char *expected)
{
	size_t len = strlen(text), part;

	for (size_t step = 1; step <= len; step++) {
		struct shield s = { .kind = kind };

		got[0] = '\0';
		for (size_t i = 0; i < len; i += part) {
			part = step < len - i ? step : len - i;
			assert_true(shield_write(&s, text + i, part, put, got));
		}
		assert_string_equal(got, expected);
	}
}

static void test_pairs(void **state)
{
	(void)state;
	shielded(SHIELD_TEXT, "::stop::x", ":\\x3astop:\\x3ax");
	shielded(SHIELD_TEXT, "a ##[b] ##vso[c]", "a #\\x23[b] #\\x23vso[c]");
	shielded(SHIELD_TEXT, "<LAVA_SIGNAL_X>", "<\\x4cAVA_SIGNAL_X>");
	shielded(SHIELD_TEXT, ":::::", ":\\x3a:\\x3a:");
	shielded(SHIELD_TEXT, "####", "#\\x23#\\x23");
	shielded(SHIELD_TEXT, ":\n:#:<l#", ":\n:#:<l#");
	shielded(SHIELD_JSON, "{\"a::\":\"##:\"}", "{\"a:\\u003a\":\"#\\u0023:\"}");
	shielded(SHIELD_XML, "<a>::##</a>", "<a>:&#58;#&#35;</a>");
	shielded(SHIELD_NONE, "::##<L", "::##<L");
	shielded(SHIELD_TEXT, "nothing of it", "nothing of it");
}

static bool refuse(void *ctx, const char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	return !--*(int *)ctx;
}

static void test_failure(void **state)
{
	struct shield s = { .kind = SHIELD_TEXT };
	int left = 2;

	(void)state;
	assert_false(shield_write(&s, "a::b", 4, refuse, &left));
	assert_int_equal(left, 1);
}

/* ------------------------------------------------------------------ where a line may begin */

static void test_unit(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "one two", 3 },
		{ "one", 3 },
		{ "one ", 3 },
		{ "guest ::x two", 9 },
		{ "a --- b", 5 },
		{ "::x ##[y] z", 9 },
		{ "a \"b\" ~c", 1 },
		{ "a  #", 4 },
		/* A tag can be copied. */
		{ "(or <a b='c'><d>e</d></a>), or", 27 },
		{ "<a b='c'><d>e</d></a>), or", 23 },
		{ "a<b c", 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(text_unit(rows[i].text), rows[i].len);
}

static void test_piece(void **state)
{
	(void)state;
	assert_int_equal(text_piece("abcdef", 6, 4), 4);
	assert_int_equal(text_piece("abc:::def", 9, 4), 2);
	assert_int_equal(text_piece("abc:::def", 9, 3), 2);
	/* Better one that begins with it than one that is too long: the pairs are escaped. */
	assert_int_equal(text_piece(":::::::bc", 9, 3), 3);
	assert_int_equal(text_piece("ab\\x1bcd", 8, 4), 2);
	assert_int_equal(text_piece("abc --- def", 11, 6), 2);
	assert_int_equal(text_piece(":: -- ::", 8, 3), 1);
	assert_int_equal(text_piece("\\x1b\\x1b", 8, 2), 4);
	assert_int_equal(text_piece("\\ x", 1, 0), 1);
}

static void test_path(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(text_path(buf, sizeof(buf), "/a/b c.jsonl"), "/a/b c.jsonl");
	assert_string_equal(text_path(buf, sizeof(buf), "./x\33\n"), "./x\\x1b\\x0a");
	assert_string_equal(text_path(buf, sizeof(buf), "::x"), "\"::x\"");
	assert_string_equal(text_path(buf, sizeof(buf), "-"), "\"-\"");
	assert_string_equal(text_path(buf, 6, "::xyz"), "\"::x\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs), cmocka_unit_test(test_failure),
		cmocka_unit_test(test_unit),  cmocka_unit_test(test_piece),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
