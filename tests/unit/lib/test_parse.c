// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/parse.h"

/* Parses a copy that ends where the text ends, so that a sanitizer sees each byte too far. */
static bool parse(const char *text, size_t len, uint64_t *value, struct parse_error *err)
{
	char *copy = malloc(len ? len : 1);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, text, len);
	ok = parse_u64(copy, len, value, err);
	free(copy);
	return ok;
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "0", 0 },
		{ "0x0", 0 },
		{ "7", 7 },
		{ "0x6000000000000000", 0x6000000000000000 },
		{ "0X60000000000000aF", 0x60000000000000af },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
		{ "0x0000000000000000000000ff", 0xff },
		{ " \t0x10\r\n", 16 },
		{ "\v\f10 ", 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct parse_error err;
		uint64_t value;

		assert_true(parse(good[i].text, strlen(good[i].text), &value, &err));
		assert_true(value == good[i].value);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *why; /* a word of the message */
	} bad[] = {
		{ "", 0, "nothing" },
		{ " \t ", 3, "nothing" },
		{ "-1", 0, "sign" },
		{ "+1", 0, "sign" },
		{ " -0x1", 1, "sign" },
		{ "x", 0, "number" },
		{ "0x", 2, "expected a digit" },
		{ "0xg", 2, "hexadecimal" },
		{ "0x1 2", 3, "hexadecimal" },
		{ "0x0x1", 3, "hexadecimal" },
		{ "12a", 2, "starts with 0x" },
		{ "12z", 2, "digit" },
		{ "1.5", 1, "digit" },
		{ "1,5", 1, "digit" },
		{ "abc", 0, "number" },
		{ "010", 0, "octal" },
		{ "00", 0, "octal" },
		{ "0f000006", 0, "octal" },
		{ "18446744073709551616", 0, "64 bits" },
		{ "99999999999999999999999", 0, "64 bits" },
		{ "0x10000000000000000", 2, "64 bits" },
		{ "\xef\xbc\x91", 0, "number" }, /* a digit, but none of ASCII */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct parse_error err = { NULL, 0 };
		uint64_t value;

		assert_false(parse(bad[i].text, strlen(bad[i].text), &value, &err));
		assert_int_equal(err.at, bad[i].at);
		assert_non_null(strstr(err.why, bad[i].why));
	}
}

static void test_nul_is_no_end(void **state)
{
	struct parse_error err;
	uint64_t value;

	(void)state;
	assert_false(parse("1\0"
			   "2",
			   3, &value, &err));
	assert_int_equal(err.at, 1);
	assert_false(parse("1\0", 2, &value, &err));
	assert_false(parse("\0", 1, &value, &err));
}

static void test_upto(void **state)
{
	struct parse_error err;
	uint64_t value;

	(void)state;
	assert_true(parse_upto("0xffffffff", 10, UINT32_MAX, &value, &err));
	assert_true(value == UINT32_MAX);
	assert_false(parse_upto(" 0x100000000", 12, UINT32_MAX, &value, &err));
	assert_int_equal(err.at, 1);
	assert_non_null(strstr(err.why, "32 bits"));
	assert_true(parse_upto("5", 1, 5, &value, &err));
	assert_false(parse_upto("6", 1, 5, &value, &err));
	assert_non_null(strstr(err.why, "too large"));
	assert_true(parse_upto("18446744073709551615", 20, UINT64_MAX, &value, &err));
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "5", 5000000000 },
		{ "05", 5000000000 },
		{ "010", 10000000000 },
		{ ".2", 200000000 },
		{ " .5ms", 500000 },
		{ "1.5", 1500000000 },
		{ "1.5s", 1500000000 },
		{ "0.000000001", 1 },
		{ "200ms", 200000000 },
		{ "0.5us", 500 },
		{ "7ns", 7 },
		{ "2m", 120000000000 },
		{ "1.25h", 4500000000000 },
		{ " 3s\n", 3000000000 },
		{ "18446744073.709551615", UINT64_MAX },
		{ "18446744073709551615ns", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct parse_error err;
		uint64_t ns;

		assert_true(parse_duration(good[i].text, strlen(good[i].text), &ns, &err));
		assert_true(ns == good[i].ns);
	}
}

static void test_duration_refusals(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *why;
	} bad[] = {
		{ "", 0, "nothing" },
		{ "s", 0, "number" },
		{ "-1s", 0, "sign" },
		{ "1.s", 2, "digit" },
		{ "1.", 2, "digit" },
		{ ".", 1, "digit" },
		{ ".s", 1, "digit" },
		{ "..2", 1, "digit" },
		{ "-.2", 0, "sign" },
		{ "1.5.5", 3, "unit" },
		{ "5 s", 1, "unit" },
		{ "5d", 1, "unit" },
		{ "5S", 1, "unit" },
		{ "5mss", 1, "unit" },
		{ "0x5", 1, "unit" },
		{ "1e3", 1, "unit" },
		{ "0.0000000001", 11, "nine digits" },
		{ "0.00000000000000000000001", 11, "nine digits" },
		{ "18446744073.709551616", 0, "too long" },
		{ "5124096h", 0, "too long" },
		{ "18446744073709551616ns", 0, "64 bits" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct parse_error err = { NULL, 0 };
		uint64_t ns;

		assert_false(parse_duration(bad[i].text, strlen(bad[i].text), &ns, &err));
		assert_int_equal(err.at, bad[i].at);
		assert_non_null(strstr(err.why, bad[i].why));
	}
}

#define NSEC 1000000000ull

static void test_moments(void **state)
{
	static const struct {
		const char *text;
		int kind;
		uint64_t ns;
	} good[] = {
		{ "2026-11-30T15:04:05.25Z", MOMENT_DATED, 1796051045250000000ull },
		{ "2026-11-30 15:04Z", MOMENT_DATED, 1796051040 * NSEC },
		{ "2026-11-30T15:04+02:00", MOMENT_DATED, (1796051040 - 7200) * NSEC },
		{ "2026-11-30T15:04-0130", MOMENT_DATED, (1796051040 + 5400) * NSEC },
		/* Local time: Berlin's, in winter and in summer. */
		{ "2026-11-30T15:04", MOMENT_DATED, (1796051040 - 3600) * NSEC },
		{ "2026-11-30", MOMENT_DATED, (1795996800 - 3600) * NSEC },
		{ "2026-07-01 00:00", MOMENT_DATED, (1782864000 - 7200) * NSEC },
		{ "1970-01-01Z", MOMENT_DATED, 0 },
		{ "15:04", MOMENT_CLOCK, 54240 * NSEC },
		{ "00:00:00.000000001", MOMENT_CLOCK, 1 },
		{ "+5m", MOMENT_AFTER, 300 * NSEC },
		{ "+.5", MOMENT_AFTER, NSEC / 2 },
		{ " 15:04 ", MOMENT_CLOCK, 54240 * NSEC },
	};

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct parse_moment m;
		struct parse_error err;

		if (!parse_moment(good[i].text, strlen(good[i].text), &m, &err))
			fail_msg("%s: %s", good[i].text, err.why);
		assert_int_equal(m.kind, good[i].kind);
		assert_int_equal(m.ns, good[i].ns);
	}
}

static void test_moment_refusals(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "expected a date" },
		{ "now", "expected a date" },
		{ "2026-11", "expected a date" },
		{ "2026-13-01", "expected a date" },
		{ "2026-02-30", "no such day" },
		{ "1969-12-31Z", "no such day" },
		{ "1970-01-01T00:00+01:00", "before 1970" },
		{ "9999-01-01", "too late" },
		{ "2026-11-30T", "time of day" },
		{ "2026-11-30T25:00", "time of day" },
		{ "2026-11-30T15:04X", "zone" },
		{ "2026-11-30T15:04Zulu", "expected the end" },
		{ "15:4", "time of day" },
		{ "15:04:61", "time of day" },
		{ "15:04Z", "time of day" },
		{ "+", "expected a number" },
		{ "+-5", "sign" },
		{ "-5m", "expected a date" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct parse_moment m;
		struct parse_error err = { "", 0 };

		if (parse_moment(bad[i].text, strlen(bad[i].text), &m, &err) ||
		    !strstr(err.why, bad[i].why))
			fail_msg("%s: %s", bad[i].text, err.why);
	}
}

/* On the day on which it began, by the clock on the wall: that day has 23 hours. */
static void test_moments_after(void **state)
{
	const uint64_t spring = 1774738800 * NSEC; /* 2026-03-29T00:00+01:00 */
	const struct parse_moment clock = { MOMENT_CLOCK, 12 * 3600 * NSEC + 7 },
				  after = { MOMENT_AFTER, 5 }, far = { MOMENT_AFTER, UINT64_MAX },
				  dated = { MOMENT_DATED, 9 };

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(parse_moment_after(&clock, spring + 8 * NSEC),
			 spring + 11 * 3600 * NSEC + 7);
	assert_int_equal(parse_moment_after(&after, spring), spring + 5);
	assert_int_equal(parse_moment_after(&far, spring), UINT64_MAX);
	assert_int_equal(parse_moment_after(&dated, spring), 9);
}

static void test_quote(void **state)
{
	char out[PARSE_QUOTE_MAX], small[16];
	char many[500];

	(void)state;
	assert_string_equal(parse_quote(out, sizeof(out), "0x1", 3), "\"0x1\"");
	assert_string_equal(parse_quote(out, sizeof(out), "", 0), "\"\"");
	assert_string_equal(parse_quote(out, sizeof(out), "\33[2J\0\"\\\xc3", 8),
			    "\"\\x1b[2J\\x00\\x22\\x5c\\xc3\"");
	memset(many, '\n', sizeof(many));
	for (size_t size = 16; size <= sizeof(out); size++) {
		parse_quote(out, size, many, sizeof(many));
		assert_true(strlen(out) < size);
		assert_string_equal(out + strlen(out) - 4, "\"...");
	}
	assert_string_equal(parse_quote(small, sizeof(small), "12345678901234567890", 20),
			    "\"1234567\"...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	      cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_nul_is_no_end), cmocka_unit_test(test_upto),
		cmocka_unit_test(test_durations),     cmocka_unit_test(test_duration_refusals),
		cmocka_unit_test(test_moments),	      cmocka_unit_test(test_moment_refusals),
		cmocka_unit_test(test_moments_after), cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
