// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What compatcaps_probe says before it needs a KVM; the rest is tested in guests. */
#define main probe_main
#include "../../../tools/compatcaps_probe.c"
#undef main

#include "../run_main.h"

static void probe(const char *args)
{
	run_main(probe_main, -1, args, "", 0);
}

static void test_usage(void **state)
{
	static const struct {
		const char *args, *why;
	} bad[] = {
		{ "--nonsense", "unrecognized" },
		{ "word", "Too many arguments" },
		{ "--case nonsense", "unknown case \"nonsense\"" },
		{ "--case \33[2J", "unknown case \"\\x1b[2J\"" },
		{ "--abi v6", "unknown revision \"v6\"" },
		{ "--case ok --raw", "exclude each other" },
		{ "--extension --list-cases", "exclude each other" },
		{ "--size 24", "need --raw" },
		{ "--case ok --flags 1", "need --raw" },
		{ "--threads 2", "need --raw or --case" },
		{ "--raw --size -1", "a sign is not allowed" },
		{ "--raw --size 18446744073709551616", "64 bits" },
		{ "--raw --cmd 0x100000000", "from 1 to 4294967295" },
		{ "--raw --flags 0xg", "character 3: not a hexadecimal digit" },
		{ "--raw --tail 256", "from 0 to 255" },
		{ "--raw --tail 1@", "found nothing" },
		{ "--raw --tail 1@0", "from 1 to" },
		{ "--raw --tail 1@23", "is not in its tail" },
		{ "--raw --repeat 0", "from 1 to" },
		{ "--raw --threads 257", "from 1 to 256" },
		{ "--raw --vms 2", "number of threads (1)" },
		{ "--abi v1-v2 --raw --size 16", "has no size" },
		{ "--ask POWER8", "unknown mode \"POWER8\"" },
		{ "--ask POWER10 --raw", "--ask cannot be combined" },
		{ "--hasty", "--hasty needs --ask" },
		{ "--hasty --ask newest", "--hasty needs --ask" },
		{ "--raw --cmd 0x4010aee4 --size 16", "has no size" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		probe(bad[i].args);
		assert_int_equal(ran.status, 2);
		assert_string_equal(ran.out, "");
		assert_non_null(strstr(ran.err, bad[i].why));
	}
}

static void test_list(void **state)
{
	static const char *const names[] = {
		"ok",
		"ok-larger-struct",
		"ok-smaller-struct",
		"size-over-page",
		"struct-too-new",
		"size-too-small",
		"flags-set",
		"arg-unreadable",
		"struct-unreadable",
		"copyout-failed",
		"no-backend",
		"abi-mismatch",
	};

	(void)state;
	probe("--list-cases");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "\n%-18s ", names[i]);
		assert_non_null(strstr(ran.out, i ? line : line + 1));
	}
}

static void test_every_case_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < TRIALS; i++) {
		assert_non_null(trials[i].what);
		assert_true(!trials[i].answer != !trials[i].impossible);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(trials[i].name, trials[j].name);
	}
}

static void test_help(void **state)
{
	(void)state;
	probe("--help");
	assert_int_equal(ran.status, 0);
	assert_non_null(strstr(ran.out, "Examples:"));
	assert_non_null(strstr(ran.out, "Exit status:"));
	probe("--version");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, NAME " " COMPATCAPS_VERSION "\n");
}

static void test_wrong_machine(void **state)
{
	(void)state;
	if (right_machine)
		skip();
	probe("");
	assert_int_equal(ran.status, 3);
	assert_string_equal(ran.out, "");
	assert_non_null(strstr(ran.err, "not a ppc64le machine"));
}

/* The memory of each kind of place holds what it should, and ends where it should. */
static void test_arenas(void **state)
{
	const struct abi_revision *layout = abi_by_cmd(ABI_CMD_MAINLINE);
	static const size_t ends[] = {
		[PLACE_UNMAPPED] = 0,
		[PLACE_SPLIT] = 8,
		[PLACE_SPLIT_TAIL] = 24,
	};
	size_t body = body_size(4097, layout, 0);

	(void)state;
	assert_int_equal(body % page_size(), 0);
	assert_in_range(body, 4097, 4096 + page_size());
	assert_int_equal(body_size(UINT64_MAX, layout, 0), BODY_MOST);
	assert_int_equal(body_size(24, layout, page_size()), 2 * page_size());
	for (enum place place = PLACE_MAPPED; place <= PLACE_UNTOUCHED; place++) {
		struct trial t = { .place = place, .tail = 0xaa, .tail_at = 4096 };
		struct call c = { .layout = layout, .usize = 4097, .flags = 5 };
		struct arena a = arena_make(place, layout, body);

		arena_fill(&a, &t, &c);
		assert_int_equal(a.readable, place < sizeof(ends) / sizeof(ends[0]) && place ?
						     ends[place] :
						     body);
		assert_int_equal(c.has_usize, place != PLACE_UNMAPPED);
		assert_int_equal(c.has_flags, place != PLACE_UNMAPPED && place != PLACE_SPLIT);
		if (c.has_usize)
			assert_int_equal(arena_get(&a, 0), place == PLACE_UNTOUCHED ? 0 : 4097);
		if (c.has_flags)
			assert_int_equal(arena_get(&a, 8), place == PLACE_UNTOUCHED ? 0 : 5);
		if (a.readable > 4096 && place != PLACE_UNTOUCHED)
			assert_int_equal((unsigned char)a.arg[4096], 0xaa);
		arena_free(&a);
	}
}

static void test_newest_mode(void **state)
{
	(void)state;
	assert_null(newest_of(0));
	assert_null(newest_of(1));
	assert_string_equal(newest_of(1ull << 62)->name, "POWER9");
	assert_string_equal(newest_of(3ull << 61)->name, "POWER10");
	assert_string_equal(newest_of(7ull << 60 | 1)->name, "POWER11");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_every_case_is_told),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_wrong_machine),
		cmocka_unit_test(test_arenas),
		cmocka_unit_test(test_newest_mode),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
