// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text that a traced process chose, and times, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_known(void **state)
{
	static const struct {
		const char *raw, *escaped;
	} texts[] = {
		{ "", "" },
		{ "CPU 0/KVM", "CPU 0/KVM" },
		{ "~ \"'", "~ \"'" },
		{ "\\", "\\\\" },
		{ "\\x41", "\\\\x41" }, /* not to be taken for an escape */
		{ "\n", "\\x0a" },
		{ "\33[2J\33[31mred", "\\x1b[2J\\x1b[31mred" },
		{ "\x7f\x80\x9b\xff", "\\x7f\\x80\\x9b\\xff" },
		{ "\xc3\xa9", "\\xc3\\xa9" },
	};
	char buf[64], back[64];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		text_escape(buf, sizeof(buf), texts[i].raw, SIZE_MAX);
		assert_string_equal(buf, texts[i].escaped);
		assert_true(text_is_escaped(buf));
		assert_int_equal(text_unescape(back, sizeof(back), buf), strlen(texts[i].raw));
		assert_memory_equal(back, texts[i].raw, strlen(texts[i].raw));
	}
}

/* Each byte there is, after each other: nothing is lost, and no two are shown alike. */
static void test_all_pairs(void **state)
{
	char raw[3] = "", buf[16], back[4];

	(void)state;
	for (int i = 1; i < 256; i++)
		for (int k = 1; k < 256; k++) {
			raw[0] = (char)i;
			raw[1] = (char)k;
			text_escape(buf, sizeof(buf), raw, SIZE_MAX);
			assert_true(text_is_escaped(buf));
			assert_int_equal(text_unescape(back, sizeof(back), buf), 2);
			assert_memory_equal(back, raw, 2);
		}
}

static void test_limits(void **state)
{
	char *exact = malloc(4), buf[8];

	(void)state;
	/* A name that fills its field has no NUL; it is in memory that ends where it ends. */
	assert_non_null(exact);
	for (int i = 0; i < 4; i++)
		exact[i] = (char)('a' + i);
	assert_string_equal(text_escape(buf, sizeof(buf), exact, 4), "abcd");
	free(exact);
	assert_string_equal(text_escape(buf, 5, "ab\n", 3), "ab"); /* no part of an escape */
	assert_string_equal(text_escape(buf, 6, "ab\n", 3), "ab");
	assert_string_equal(text_escape(buf, 7, "ab\n", 3), "ab\\x0a");
	assert_string_equal(text_escape(buf, 4, "ab\\", 3), "ab");
	assert_string_equal(text_escape(buf, 5, "ab\\", 3), "ab\\\\");
	assert_string_equal(text_escape(buf, 1, "ab", 2), "");
	assert_int_equal(text_unescape(buf, 2, "abc"), 2);
}

static void test_not_escaped(void **state)
{
	static const char *const texts[] = {
		"\\",	 "a\\", "\\x", "\\x1", "\\xg0",	   "\\x1B",  "\\x41",  "\\x00",
		"\\X1b", "\\n", "\n",  "\x7f", "\xc3\xa9", "\\\\\\", "a\\x5c",
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(text_is_escaped(texts[i]));
		/* It stands for itself, byte by byte. */
		assert_in_range(text_unescape(buf, sizeof(buf), texts[i]), 1, strlen(texts[i]));
	}
}

static void test_times(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z" },
		{ 951868799999999999, "2000-02-29T23:59:59.999999999Z" },
		{ 1795327200123456789, "2026-11-22T06:00:00.123456789Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551615Z" },
	};
	char text[RFC3339_LEN];
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		assert_string_equal(rfc3339(text, times[i].ns), times[i].text);
		assert_true(rfc3339_read(times[i].text, &ns));
		assert_int_equal(ns, times[i].ns);
	}
	rfc3339_fraction(rfc3339(text, times[2].ns), times[2].ns + 1);
	assert_string_equal(text, "2026-11-22T06:00:00.123456790Z");
}

static void test_no_times(void **state)
{
	static const char *const texts[] = {
		"",
		"now",
		"2026-11-22",
		"2026-11-22T06:00:00Z",
		"2026-11-22T06:00:00.Z",
		"2026-11-22T06:00:00.123456789",
		"2026-11-22T06:00:00.123456789z",
		"2026-11-22T06:00:00.123456789+00:00",
		"2026-11-22T06:00:00.1234567890Z",
		"2026-11-22 06:00:00.123456789Z",
		" 2026-11-22T06:00:00.123456789Z",
		"2026-11-22T06:00:00.123456789Z ",
		"2026-02-30T06:00:00.123456789Z",
		"2026-13-01T06:00:00.123456789Z",
		"2026-11-22T24:00:00.123456789Z",
		"2026-11-22T23:59:60.000000000Z",
		"1969-12-31T23:59:59.999999999Z",
		"2554-07-21T23:34:33.709551616Z",
		"9999-01-01T00:00:00.000000000Z",
		"2026-11-22T06:00:00.-23456789Z",
		"2026-11-22T06:00:00. 23456789Z",
		"2026-11-22T06:00:00.999999999999999999999999999999999999999Z",
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (rfc3339_read(texts[i], &ns))
			fail_msg("\"%s\" was taken for a time", texts[i]);
}

/* One column is for the mark, and an escape stays whole. */
static void test_cut(void **state)
{
	(void)state;
	assert_int_equal(text_cut("", 4), 0);
	assert_int_equal(text_cut("abcd", 4), 4);
	assert_int_equal(text_cut("abcde", 4), 3);
	assert_int_equal(text_cut("a\\x0a", 5), 5);
	assert_int_equal(text_cut("a\\x0ab", 5), 1);
	assert_int_equal(text_cut("a\\\\bc", 4), 3);
	assert_int_equal(text_cut("ab\\", 2), 1);
}

/* What is more than there is room for is cut, and nothing is written behind it. */
static void test_add(void **state)
{
	char buf[8] = "......";
	struct text_line line = { buf, 6, 0 };

	(void)state;
	text_add(&line, "%s", "ab");
	text_add(&line, "%d", 3);
	assert_string_equal(buf, "ab3");
	text_add(&line, "%s", "defghi");
	assert_string_equal(buf, "ab3de");
	text_add(&line, "more");
	assert_string_equal(buf, "ab3de");
	assert_int_equal(line.n, 5);
	assert_int_equal(buf[6], '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),  cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_not_escaped),
		cmocka_unit_test(test_times),  cmocka_unit_test(test_no_times),
		cmocka_unit_test(test_cut),    cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
