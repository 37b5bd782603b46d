// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line of compatcaps-trace: what it means, and what is refused and how. */
#include <inttypes.h>
#include <stdio.h>

#include "../run_main.h"

#include "../../../src/cmd/options.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What was understood, as text: parsing ends the process where it is not content. */
static int show(int argc, char **argv)
{
	struct options o;

	options_parse(argc, argv, &o);
	printf("verb=%s pid=%u tid=%u comm=%s vm=%s cgroup=%s err=%u errors=%d method=%d idle=%d "
	       "ring=%u dry=%d format=%s output=%s force=%d verbose=%d%d quiet=%d strict=%d summary=%d "
	       "color=%d inconclusive=%d count=%" PRIu64 " ns=%" PRIu64 " input=%s recorded=%d;",
	       o.verb->name, o.attach.pid, o.attach.tid, o.attach.comm, o.vm,
	       o.cgroup ? o.cgroup : "none", o.err, o.errors_only, o.attach.method, o.release_idle,
	       o.attach.ring_bytes, o.dry_run,
	       o.verb->format ? o.verb->format(o.format).name : "none",
	       o.output ? o.output : "none", o.force, o.verbose, o.attach.verbose, o.quiet,
	       o.strict, o.summary, o.color, o.inconclusive, o.count, o.duration_ns,
	       o.n_inputs ? o.inputs[0] : "none", o.recorded);
	for (char **word = o.command; word && *word; word++)
		printf(" <%s>", *word);
	options_free(&o);
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
	"format=text output=none force=0 verbose=00 quiet=0 strict=0 summary=0 color=0 "
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
		{ "-o -", "output=- " },
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
		{ "--dur 2 trace", "ns=2000000000 " },
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
					    "record --format=json -o f", "--out f record" };

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		parse(same[i]);
		assert_string_equal(ran.err, "");
		assert_has(ran.out, "verb=record ");
		assert_has(ran.out, "format=json output=f ");
	}
	parse("record -o - -n 3 -- qemu -o x");
	assert_has(ran.out, "verb=record ");
	assert_has(ran.out, "format=json output=- ");
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
		{ "--summary replay f", "summary=1" },
		{ "-o replay replay f", "output=replay " },
		{ "-j --color never replay f", "input=f " },
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
		{ "--color blue", "--color \"blue\": must be auto, always or never" },
		{ "--color=", "auto, always or never" },
		{ "--ring-size 3M", "--ring-size \"3M\": must be a power of two from 64K to 1G" },
		{ "--ring-size 32K", "a power of two" },
		{ "--ring-size 2G", "a power of two" },
		{ "--ring-size=0", "a power of two" },
		{ "--ring-size=M", "found nothing" },
		{ "--ring-size=", "found nothing" },
		{ "--ring-size=-1M", "sign" },
		{ "--ring-size=1T", "--ring-size \"1T\"" },
		{ "--method magic", "auto, fexit or kprobe" },
		{ "--method syscall", "auto, fexit or kprobe" },
		{ "--format xml", "--format \"xml\": must be one of text, json" },
		{ "--json --format=text", "--json and --format=text exclude each other" },
		{ "--output=", "expected a path" },
		{ "--force", "--force needs -o FILE" },
		{ "--force -o -", "--force needs -o FILE" },
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
		{ "qemu", "\"qemu\" is not a verb (help lists them); a command must follow --" },
		{ "-n 3 qemu -p 1", "\"qemu\" is not a verb" },
		{ "Trace", "\"Trace\" is not a verb: did you mean trace?" },
		{ "-q recrod -o f", "\"recrod\" is not a verb: did you mean record?" },
		{ "help repaly", "\"repaly\" is not a verb: did you mean replay?" },
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
	static const struct {
		const char *args, *why;
	} bad[] = {
		{ "replay f -p 1", "-p is an option of trace and record, not of replay" },
		{ "replay f --tid 1", "--tid is an option of trace and record, not of replay" },
		{ "replay f --comm x", "--comm is an option of" },
		{ "replay f --vm 1-2", "--vm is an option of" },
		{ "replay f --cgroup /x", "--cgroup is an option of" },
		{ "replay f -n 1", "-n is an option of" },
		{ "-d 1 replay f", "-d is an option of trace and record, not of replay" },
		{ "replay f --method=fexit", "--method is an option of" },
		{ "replay f --release-idle", "--release-idle is an option of" },
		{ "replay f --dry-run", "--dry-run is an option of trace, not of replay" },
		{ "replay f --ring-size=1M", "--ring-size is an option of" },
		{ "replay f --metrics=x.prom", "--metrics is an option of" },
		{ "replay f --copy=never", "--copy was removed: a page no longer contains" },
		{ "metrics f -j", "not of metrics" },
		{ "vms --strict", "--strict is an option of trace, record and replay, not of vms" },
		{ "help -q", "not of help" },
		{ "replay", "expected FILE; - is standard input" },
		{ "replay --", "expected FILE" },
		{ "replay f g", "\"g\" is one too many: expected FILE" },
		{ "replay f -- true", "\"true\" is one too many" },
		{ "replay -- -- x", "\"x\" is one too many" },
		{ "doctor x", "\"x\" is one too many: expected no file" },
		{ "check -f lost=0 - -", "standard input can be read once" },
		{ "check -f lost=0 --inconclusive=0 f", "must be an integer of 1 or more" },
		{ "diff --exit-code --inconclusive=0 a b", "must be an integer of 1 or more" },
		{ "record", "expected -o FILE" },
		{ "record --format=text -o f", "--format \"text\": must be json" },
		{ "record --dry-run -o f", "--dry-run is an option of trace, not of record" },
		{ "--verdicts=now",
		  "--verdicts is an option of replay, check, report and metrics" },
		{ "record -o f --verdicts=now", "not of record" },
		{ "replay f --verdicts=old", "must be now or recorded" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(bad[i].args, bad[i].why);
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

/* Each option has a word of explanation, and no two of a verb have one letter. */
static void test_rows(void **state)
{
	(void)state;
	for (const struct option_row *row = shared_options; row->what; row++) {
		assert_true(!row->name || (row->set && row->uses));
		assert_true(*row->what || row->uses & USE_FORMAT);
		for (const struct option_row *other = shared_options; other < row; other++)
			assert_true(!row->letter || row->letter != other->letter);
	}
}

static void test_about(void **state)
{
	(void)state;
	parse("--version");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "compatcaps-trace " COMPATCAPS_VERSION "\n");
	parse("-V");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "compatcaps-trace " COMPATCAPS_VERSION "\n");
	parse("--usage");
	assert_int_equal(ran.status, 0);
	assert_has(ran.out, "[--release-idle]");
	assert_null(strstr(ran.out, "verdicts"));
	parse("replay --usage");
	assert_int_equal(ran.status, 0);
	assert_has(ran.out, "Usage: compatcaps-trace replay ");
	assert_has(ran.out, "[--verdicts=WHEN]");
	assert_null(strstr(ran.out, "release-idle"));
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
		cmocka_unit_test(test_refusals_are_tame),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_about),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
