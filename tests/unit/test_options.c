// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line of compatcaps-trace: what it means, and what is refused and how. */
#include <inttypes.h>
#include <stdio.h>

#include "run_main.h"

#include "../../src/options.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What was understood, as text: parsing ends the process where it is not content. */
static int show(int argc, char **argv)
{
	struct options o;

	options_parse(argc, argv, &o);
	printf("pid=%u tid=%u comm=%s vm=%s err=%u errors=%d mode=%d json=%d verbose=%d%d strict=%d "
	       "summary=%d color=%d count=%" PRIu64 " ns=%" PRIu64,
	       o.attach.pid, o.attach.tid, o.attach.comm, o.attach.vm, o.attach.err,
	       o.attach.errors_only, o.attach.mode, o.json, o.verbose, o.attach.verbose, o.strict,
	       o.summary, o.color, o.count, o.duration_ns);
	for (char **word = o.command; word && *word; word++)
		printf(" <%s>", *word);
	return 0;
}

static void parse(const char *args)
{
	run_main(show, -1, args, "", 0);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void test_defaults(void **state)
{
	(void)state;
	parse("");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out,
			    "pid=0 tid=0 comm= vm= err=0 errors=0 mode=0 json=0 verbose=00 strict=0 "
			    "summary=0 color=0 count=0 ns=0");
}

static void test_understood(void **state)
{
	static const struct {
		const char *args, *meaning;
	} good[] = {
		{ "-p 4711", "pid=4711 " },
		{ "-p4711", "pid=4711 " },
		{ "--pid=0x7fffffff", "pid=2147483647 " },
		{ "--tid 12", "tid=12 " },
		{ "--comm qemu", "comm=qemu vm" },
		{ "--comm qemu-system-ppc64", "comm=qemu-system-ppc vm" },
		{ "--vm 4711-12", "vm=4711-12 " },
		{ "--errno E2BIG", "err=7 " },
		{ "--errno enotty", "err=25 " },
		{ "--errors-only", "errors=1" },
		{ "-n 18446744073709551615", "count=18446744073709551615" },
		{ "-d 1", "ns=1000000000" },
		{ "-d 500ms", "ns=500000000" },
		{ "--duration=1.5", "ns=1500000000" },
		{ "-d 2m", "ns=120000000000" },
		{ "-d 1h", "ns=3600000000000" },
		{ "--json", "json=1" },
		{ "--summary", "summary=1" },
		{ "-v", "verbose=11" },
		{ "--strict", "strict=1" },
		{ "--color=always", "color=1" },
		{ "--color=never", "color=2" },
		{ "--color=auto", "color=0" },
		{ "--attach fexit", "mode=1" },
		{ "--attach kprobe", "mode=2" },
		{ "--attach auto", "mode=0" },
		{ "-n 5 -n 6", "count=6 " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		parse(good[i].args);
		assert_string_equal(ran.err, "");
		assert_int_equal(ran.status, 0);
		assert_has(ran.out, good[i].meaning);
	}
}

/* From the command's name on every word is the command's. */
static void test_commands(void **state)
{
	(void)state;
	parse("-- qemu -p 1 --json");
	assert_int_equal(ran.status, 0);
	assert_has(ran.out, "pid=0 ");
	assert_has(ran.out, "json=0 ");
	assert_has(ran.out, " <qemu> <-p> <1> <--json>");
	parse("--json qemu --help -- x");
	assert_int_equal(ran.status, 0);
	assert_has(ran.out, "json=1 ");
	assert_has(ran.out, " <qemu> <--help> <--> <x>");
	parse("-n 3 -- -odd-name");
	assert_int_equal(ran.status, 0);
	assert_has(ran.out, "count=3 ");
	assert_has(ran.out, " <-odd-name>");
	parse("--");
	assert_int_equal(ran.status, 0);
	assert_null(strchr(ran.out, '<'));
}

static void test_refused(void **state)
{
	static const struct {
		const char *args, *why;
	} bad[] = {
		{ "--nonsense", "unrecognized option '--nonsense'" },
		{ "-Z", "invalid option" },
		{ "-p", "requires an argument" },
		{ "-p 0", "-p \"0\": a number from 1 on" },
		{ "-p -1", "a sign is not allowed" },
		{ "-p 2147483648", "too large" },
		{ "-p 12x", "not a digit" },
		{ "-p 1 -- true", "exclude each other" },
		{ "-p 1 true", "exclude each other" },
		{ "--tid 0", "from 1 on" },
		{ "--tid 4294967297", "too large" },
		{ "-n 0", "-n \"0\": a number from 1 on" },
		{ "-n 18446744073709551616", "64 bits" },
		{ "-n 010", "octal" },
		{ "-d 0", "a time above 0" },
		{ "-d 0ms", "a time above 0" },
		{ "-d 5d", "not a unit of time" },
		{ "-d 18446744073709551615h", "too long" },
		{ "-d 99999999999999999999", "64 bits" },
		{ "-d -5", "sign" },
		{ "--comm=", "--comm \"\": a name is wanted" },
		{ "--vm=", "4711-12" },
		{ "--vm ../x", "4711-12" },
		{ "--vm 123456789012-12345678901", "4711-12" },
		{ "--errno EWHAT", "--errno \"EWHAT\": there is no such error" },
		{ "--errno=", "no such error" },
		{ "--color blue", "always, never or auto" },
		{ "--color=", "always, never or auto" },
		{ "--attach magic", "fexit, kprobe or auto" },
		{ "--js=1", "doesn't allow an argument" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		parse(bad[i].args);
		assert_has(ran.err, bad[i].why);
		assert_has(ran.err, "--help");
		assert_int_equal(ran.status, EXIT_USAGE);
		assert_string_equal(ran.out, "");
	}
}

/* What was refused is shown, and no terminal obeys it. */
static void test_refusals_are_tame(void **state)
{
	static const char *const args[] = { "-p \33[2J", "--tid=\33]0;x\7", "-n \x9b", "-d 5\33c",
					    "--vm=\33[2J", "--errno \33[2J", "--color=\33[2J",
					    "--attach=\33[2J" };

	(void)state;
	for (size_t i = 0; i < COUNT(args); i++) {
		parse(args[i]);
		assert_int_equal(ran.status, EXIT_USAGE);
		assert_has(ran.err, "\\x");
		for (const char *p = ran.err; *p; p++)
			assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	}
}

static void test_help(void **state)
{
	static const char *const parts[] = {
		"EXAMPLES:", "EXIT STATUS:", "--pid", "--tid", "--comm", "--vm", "--errno",
		"--errors-only", "--count", "--duration", "--json", "--summary", "--color",
		"--verbose", "--strict", "--attach", "[-- COMMAND [ARG...]]",
	};

	(void)state;
	parse("--help");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_has(ran.out, parts[i]);
	for (char *save, *line = strtok_r(ran.out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		assert_in_range(strlen(line), 0, 90);
}

/* Each option is in the help, in a group and with a word of explanation. */
static void test_options_are_told(void **state)
{
	(void)state;
	for (const struct argp_option *o = options; o->name || o->doc; o++)
		assert_true(o->doc && *o->doc);
	parse("--version");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "compatcaps-trace " COMPATCAPS_VERSION "\n");
	parse("-V");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "compatcaps-trace " COMPATCAPS_VERSION "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refusals_are_tame),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_options_are_told),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
