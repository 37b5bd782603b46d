// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line of compatcaps-trace: what it means, and what is refused and how. */
#include <inttypes.h>
#include <stdio.h>

#include "run_main.h"

#include "../../src/cmd/options.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What was understood, as text: parsing ends the process where it is not content. */
static int show(int argc, char **argv)
{
	struct options o;

	options_parse(argc, argv, &o);
	printf("verb=%s pid=%u tid=%u comm=%s vm=%s cgroup=%s err=%u errors=%d method=%d idle=%d "
	       "ring=%u dry=%d format=%s output=%s force=%d verbose=%d%d quiet=%d strict=%d summary=%d "
	       "color=%d inconclusive=%u count=%" PRIu64 " ns=%" PRIu64 " input=%s recorded=%d;",
	       verb_names[o.verb], o.attach.pid, o.attach.tid, o.attach.comm, o.vm,
	       o.cgroup ? o.cgroup : "none", o.err, o.errors_only, o.attach.method, o.release_idle,
	       o.attach.ring_bytes, o.dry_run, o.format ? o.format->name : "none",
	       o.output ? o.output : "none", o.force, o.verbose, o.attach.verbose, o.quiet,
	       o.strict, o.summary, o.color, o.inconclusive, o.count, o.duration_ns,
	       o.input ? o.input : "none", o.recorded_verdicts);
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

static const char defaults[] =
	"verb=trace pid=0 tid=0 comm= vm= cgroup=none err=0 errors=0 method=0 idle=0 ring=0 dry=0 "
	"format=none output=none force=0 verbose=00 quiet=0 strict=0 summary=0 color=0 "
	"inconclusive=5 count=0 ns=0 input=none recorded=0;";

static void test_defaults(void **state)
{
	static const char *const same[] = { "", "trace" };

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		parse(same[i]);
		assert_int_equal(ran.status, 0);
		assert_string_equal(ran.err, "");
		assert_string_equal(ran.out, defaults);
	}
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
		{ "--cgroup /sys/fs/cgroup/machine.slice", "cgroup=/sys/fs/cgroup/machine.slice " },
		{ "--errno E2BIG", "err=7 " },
		{ "--errno enotty", "err=25 " },
		{ "--errno 7", "err=7 " },
		{ "--errno 524", "err=524 " },
		{ "--errno 4095", "err=4095 " },
		{ "--errors-only", "errors=1" },
		{ "-n 18446744073709551615", "count=18446744073709551615" },
		{ "-d 1", "ns=1000000000 " },
		{ "-d .2", "ns=200000000 " },
		{ "-d 010", "ns=10000000000 " },
		{ "-d 500ms", "ns=500000000 " },
		{ "--duration=1.5", "ns=1500000000 " },
		{ "-d 2m", "ns=120000000000 " },
		{ "-d 1h", "ns=3600000000000 " },
		{ "-j", "format=json " },
		{ "--json", "format=json " },
		{ "--format json", "format=json " },
		{ "--format=text", "format=text " },
		{ "--json --format=json", "format=json " },
		{ "-o x.jsonl", "output=x.jsonl " },
		{ "--output=x --force", "output=x force=1 " },
		{ "-o -", "output=none " },
		{ "-q", "quiet=1" },
		{ "--summary", "summary=1" },
		{ "-v", "verbose=11" },
		{ "--strict", "strict=1" },
		{ "--inconclusive=77", "inconclusive=77 " },
		{ "--color=always", "color=1" },
		{ "--color=never", "color=2" },
		{ "--color=auto", "color=0" },
		{ "--method fexit", "method=1" },
		{ "--method kprobe", "method=2" },
		{ "--method auto", "method=0" },
		{ "--release-idle", "idle=1" },
		{ "--ring-size 64K", "ring=65536 " },
		{ "--ring-size=1048576", "ring=1048576 " },
		{ "--ring-size=16M", "ring=16777216 " },
		{ "--ring-size=1G", "ring=1073741824 " },
		{ "-n 1", "ring=0 " },
		{ "--dry-run", "dry=1" },
		{ "-n 5 -n 6", "count=6 " },
		{ "trace -n 6", "verb=trace " },
		{ "-n 6 trace", "count=6 " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		parse(good[i].args);
		assert_string_equal(ran.err, "");
		assert_int_equal(ran.status, 0);
		assert_has(ran.out, good[i].meaning);
	}
}

static void test_record(void **state)
{
	static const char *const same[] = { "record -o f", "-o f record", "record -j -o f",
					    "record --format=json -o f" };

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		parse(same[i]);
		assert_string_equal(ran.err, "");
		assert_has(ran.out, "verb=record ");
		assert_has(ran.out, "format=json output=f ");
	}
	parse("record -o - -n 3 -- qemu -o x");
	assert_has(ran.out, "verb=record ");
	assert_has(ran.out, "format=json output=none ");
	assert_has(ran.out, "; <qemu> <-o> <x>");
}

static void test_replay(void **state)
{
	static const struct {
		const char *args, *meaning;
	} good[] = {
		{ "replay f.jsonl", "verb=replay " },
		{ "replay f.jsonl", "input=f.jsonl recorded=0" },
		{ "replay -", "input=- " },
		{ "replay -- -odd", "input=-odd " },
		{ "replay trace", "input=trace " },
		{ "replay f --verdicts=recorded", "input=f recorded=1" },
		{ "replay f --verdicts=now", "recorded=0" },
		{ "replay --summary f", "summary=1" },
		{ "replay --json f --errors-only -o g", "format=json output=g " },
		{ "replay f --errno E2BIG --strict --inconclusive=4", "inconclusive=4 " },
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
	static const struct {
		const char *args, *meaning;
	} good[] = {
		{ "-- qemu -p 1 --json", "; <qemu> <-p> <1> <--json>" },
		{ "--json -- qemu --help -- x", "; <qemu> <--help> <--> <x>" },
		{ "trace -n 3 -- -odd-name", "; <-odd-name>" },
		{ "-- record -o f", "; <record> <-o> <f>" },
		{ "-- --", "; <-->" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		parse(good[i].args);
		assert_int_equal(ran.status, 0);
		assert_has(ran.out, "pid=0 ");
		assert_has(ran.out, good[i].meaning);
	}
}

static void assert_refused(const char *args, const char *why)
{
	parse(args);
	assert_has(ran.err, why);
	assert_has(ran.err, "--help");
	assert_int_equal(ran.status, EXIT_USAGE);
	assert_string_equal(ran.out, "");
}

static void test_refused(void **state)
{
	static const struct {
		const char *args, *why;
	} bad[] = {
		{ "--nonsense", "unrecognized option '--nonsense'" },
		{ "-Z", "invalid option" },
		{ "-p", "requires an argument" },
		{ "-p 0", "-p \"0\": must be an integer of 1 or more" },
		{ "-p -1", "a sign is not allowed" },
		{ "-p 2147483648", "too large" },
		{ "-p 12x", "not a digit" },
		{ "--tid 0", "must be an integer of 1 or more" },
		{ "--tid 4294967297", "too large" },
		{ "-n 0", "-n \"0\": must be an integer of 1 or more" },
		{ "-n 18446744073709551616", "64 bits" },
		{ "-n 010", "octal" },
		{ "-d 0", "a time above 0" },
		{ "-d 0ms", "a time above 0" },
		{ "-d .0", "a time above 0" },
		{ "-d 5d", "not a unit of time" },
		{ "-d .", "expected a digit" },
		{ "-d 18446744073709551615h", "too long" },
		{ "-d 99999999999999999999", "64 bits" },
		{ "-d -5", "sign" },
		{ "--comm=", "--comm \"\": expected a name" },
		{ "--vm=", "4711-12" },
		{ "--vm ../x", "4711-12" },
		{ "--vm 123456789012-12345678901", "4711-12" },
		{ "--cgroup=", "expected a path" },
		{ "--errno EWHAT", "--errno \"EWHAT\": unknown error" },
		{ "--errno=", "unknown error" },
		{ "--errno 0", "must be an integer of 1 or more" },
		{ "--errno 4096", "too large" },
		{ "--errno -7", "unknown error" },
		{ "--color blue", "always, never or auto" },
		{ "--color=", "always, never or auto" },
		{ "--ring-size 3M", "--ring-size \"3M\": must be a power of two from 64K to 1G" },
		{ "--ring-size 32K", "a power of two" },
		{ "--ring-size 2G", "a power of two" },
		{ "--ring-size=0", "a power of two" },
		{ "--ring-size=M", "found nothing" },
		{ "--ring-size=", "found nothing" },
		{ "--ring-size=-1M", "sign" },
		{ "--ring-size=1T", "--ring-size \"1T\"" },
		{ "--method magic", "fexit, kprobe or auto" },
		{ "--method syscall", "fexit, kprobe or auto" },
		{ "--format xml", "--format \"xml\": must be one of text, json" },
		{ "--json --format=text", "--json and --format=text exclude each other" },
		{ "--output=", "expected a path" },
		{ "--force", "--force needs -o FILE" },
		{ "--inconclusive=0", "must be an integer of 1 or more" },
		{ "--inconclusive=256", "too large" },
		{ "--quiet=1", "doesn't allow an argument" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(bad[i].args, bad[i].why);
}

/* A program goes after `--` alone, and there has to be one: else the whole host would be traced. */
static void test_words_refused(void **state)
{
	static const struct {
		const char *args, *why;
	} bad[] = {
		{ "qemu",
		  "\"qemu\" is not a verb: trace, record, replay; a command must follow --" },
		{ "-n 3 qemu -p 1", "\"qemu\" is not a verb" },
		{ "Trace", "not a verb" },
		{ "trace qemu", "\"qemu\": a command must follow --" },
		{ "record -o f qemu", "\"qemu\": a command must follow --" },
		{ "trace record", "\"record\": a command must follow --" },
		{ "--", "expected a command after --" },
		{ "trace -d 5 --", "expected a command after --" },
		{ "record -o f --", "expected a command after --" },
		{ "-p 1 -- true", "-p and a command exclude each other" },
		{ "--tid 1 -- true", "--tid and a command exclude each other" },
		{ "--vm 1-2 -- true", "--vm and a command exclude each other" },
		{ "--dry-run -- true", "--dry-run traces nothing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(bad[i].args, bad[i].why);
}

/* An option that could not do anything is refused rather than ignored. */
static void test_options_of_verbs(void **state)
{
	static const char *const tracing[] = { "-p 1",	    "--tid 1",	      "--comm x",
					       "--vm 1-2",  "--cgroup /x",    "-n 1",
					       "-d 1",	    "--method=fexit", "--release-idle",
					       "--dry-run", "--ring-size=1M" };
	char args[64];

	(void)state;
	for (size_t i = 0; i < COUNT(tracing); i++) {
		snprintf(args, sizeof(args), "replay f %s", tracing[i]);
		assert_refused(args, " is only for tracing");
	}
	assert_refused("replay", "expected FILE; - is standard input");
	assert_refused("replay --", "expected FILE");
	assert_refused("replay f g", "\"g\": replay takes one FILE");
	assert_refused("replay f -- true", "\"true\": replay takes one FILE");
	assert_refused("record", "expected -o FILE");
	assert_refused("record --format=text -o f", "--format=text is not a recording");
	assert_refused("record --dry-run -o f", "--dry-run records nothing");
	assert_refused("--verdicts=now", "--verdicts is only for replay");
	assert_refused("record -o f --verdicts=now", "--verdicts is only for replay");
	assert_refused("replay f --verdicts=old", "recorded or now");
}

/* strace's --attach is -p, and ours was something else: whoever means either is told. */
static void test_attach_is_refused(void **state)
{
	static const char *const args[] = { "--attach", "--attach=4711", "--attach=fexit",
					    "--attach 4711" };

	(void)state;
	for (size_t i = 0; i < COUNT(args); i++) {
		assert_refused(args[i], "-p PID");
		assert_has(ran.err, "--method=HOW");
	}
}

/* What was refused is shown, and no terminal obeys it. */
static void test_refusals_are_tame(void **state)
{
	static const char *const args[] = {
		"-p \33[2J",	"--tid=\33]0;x\7", "-n \x9b",	     "-d 5\33c",
		"--vm=\33[2J",	"--errno \33[2J",  "--color=\33[2J", "--method=\33[2J",
		"--format=\33", "\33[2J",	   "trace \33[2J",   "replay f \33[2J",
	};

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
		"EXAMPLES:",	  "EXIT STATUS:", "[trace] [-- COMMAND [ARG...]]",
		"record -o FILE", "replay FILE",  "text, a table",
		"json, ",
	};
	char *help;

	(void)state;
	parse("--help");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_has(ran.out, parts[i]);
	for (const struct argp_option *o = options; o->name || o->doc; o++)
		if (o->name && !(o->flags & OPTION_HIDDEN))
			assert_has(ran.out, o->name);
	assert_null(strstr(ran.out, "--attach"));
	help = strdup(ran.out);
	parse("-h");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, help);
	free(help);
	for (char *save, *line = strtok_r(ran.out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		assert_in_range(strlen(line), 0, 80);
}

/* What the help's examples say is a command line that is understood. */
static void test_examples(void **state)
{
	char *text = strdup(doc), *examples;
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	examples = strstr(text, "EXAMPLES:");
	assert_non_null(examples);
	for (char *save, *line = strtok_r(examples, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *args = strstr(line, "  compatcaps-trace "), *end;

		if (!args)
			continue;
		args += strlen("  compatcaps-trace ");
		end = strstr(args, "  ");
		if (!end)
			end = strchr(args, '>');
		if (end)
			*end = '\0';
		parse(args);
		assert_string_equal(ran.err, "");
		assert_int_equal(ran.status, 0);
		n++;
	}
	assert_int_equal(n, 7);
	free(text);
}

/* Each option has a word of explanation. */
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
	parse("--usage");
	assert_int_equal(ran.status, 0);
	assert_has(ran.out, "[--release-idle]");
	assert_null(strstr(ran.out, "attach"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_words_refused),
		cmocka_unit_test(test_options_of_verbs),
		cmocka_unit_test(test_attach_is_refused),
		cmocka_unit_test(test_refusals_are_tame),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_options_are_told),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
