// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules as people write them: what is understood, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recording/schema.h"
#include "check/rules.h"
#include "lib/spelling.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void parse(struct rule *r, const char *text)
{
	struct rule_error err;

	if (!rule_parse(r, text, strlen(text), &err))
		fail_msg("%s: byte %zu: %s", text, err.at + 1, err.why);
}

/* However it is written, it is one rule with one name. */
static const struct {
	const char *written, *name;
} forms[] = {
	{ "lost=0", "lost=0" },
	{ " lost  =\t0 \r", "lost=0" },
	{ "lost==0", "lost=0" },
	{ "failures{cause=newer-than-host}=0", "failures{cause=newer-than-host}=0" },
	{ "failures { cause = newer-than-host } = 0", "failures{cause=newer-than-host}=0" },
	{ "cause=newer-than-host:failures=0", "failures{cause=newer-than-host}=0" },
	{ "negotiations{guest=db1}>=1", "negotiations{guest=db1}>=1" },
	{ "modes{source=negotiation}=POWER9+POWER10", "modes{source=negotiation}=POWER9+POWER10" },
	{ "latency.p99<5ms", "latency.p99<5ms" },
	{ "latency{guest=db1}.p99 < 5ms", "latency{guest=db1}.p99<5ms" },
	{ "latency.p50{guest=db1}<5ms", "latency{guest=db1}.p50<5ms" },
	{ "guest=db1:mode=POWER10", "mode{guest=db1}=POWER10" },
	{ "guest=db1 : comm=qemu : mode = POWER10", "mode{guest=db1,comm=qemu}=POWER10" },
	/* The same filter again says nothing more. Another one of the field does. */
	{ "guest=db1:mode{guest=db1}=POWER10", "mode{guest=db1}=POWER10" },
	{ "mode{guest~\"^a\",comm=q,guest~\"^a\",guest=\"b\",guest=b,guest!=b}=POWER10",
	  "mode{guest~\"^a\",comm=q,guest=b,guest!=b}=POWER10" },
	{ "guest=db1:mode{comm=qemu}=POWER10", "mode{guest=db1,comm=qemu}=POWER10" },
	{ "guest=a|b:mode=POWER10|POWER9", "mode{guest=a|b}=POWER10|POWER9" },
	{ "retries{outcome=failed}=0", "retries{outcome=failed}=0" },
	{ "kernel-messages=0", "kernel-messages=0" },
	{ "kernel=0", "kernel=0" },
	{ "kernel{message~\"KVM: .*wrong\"}=0", "kernel{message~\"KVM: .*wrong\"}=0" },
	{ "runs{errno=EINVAL}=0", "runs{errno=EINVAL}=0" },
	{ "run.exit_reason=null", "run.exit_reason=null" },
	{ "negotiation.usize=24", "negotiation.usize=24" },
	{ "usize<=0x30", "usize<=0x30" },
	{ "host.page_size=4096", "host.page_size=4096" },
	{ "trace.host.page_size=4096", "trace.host.page_size=4096" },
	{ "evidence.ret>=-22", "evidence.ret>=-22" },
	{ "evidence.in.0=24|48", "evidence.in.0=24|48" },
	{ "negotiation.backend.called=true", "negotiation.backend.called=true" },
	{ "negotiation.tail=null", "negotiation.tail=null" },
	{ "negotiation.modes=none", "negotiation.modes=none" },
	{ "negotiation.modes>=POWER9", "negotiation.modes>=POWER9" },
	{ "after_ns<1.5s", "after_ns<1.5s" },
	{ "attach{function=kvmppc_set_one_reg,how=absent}=0",
	  "attach{function=kvmppc_set_one_reg,how=absent}=0" },
	{ "events{type=host}=0", "events{type=host}=0" },
	{ "guests=none", "guests=none" },
	{ "guests=\"none\"", "guests=\"none\"" },
	{ "guests=\"db1\"+\"db 2\"", "guests=db1+\"db 2\"" },
	{ "guests=\"a\\x22b\"", "guests=\"a\\x22b\"" },
	{ "guests=\"a\\x23b\"", "guests=\"a\\x23b\"" },
	{ "guests=\"a#b\"", "guests=\"a\\x23b\"" },
	{ "kernel{message~\"a\\#\"}=0", "kernel{message~\"a\\x23\"}=0" },
	{ "kernel{message~\"a\\\\#\"}=0", "kernel{message~\"a\\\\\\x23\"}=0" },
	{ "guests=\"g\xc3\xa4st\"", "guests=\"g\\xc3\\xa4st\"" },
	{ "guests=\"a\\\\b\"", "guests=\"a\\\\b\"" },
	{ "guests=\"24\"", "guests=24" },
	{ "guests=24", "guests=24" },
	{ "guests=\"\"", "guests=\"\"" },
	{ "story{guest=a}=\"ask:POWER11:newer-than-host\"",
	  "story{guest=a}=\"ask:POWER11:newer-than-host\"" },
	{ "story~\"^check:1\"", "story~\"^check:1\"" },
	{ "failures{cause!=ok}=0", "failures{cause!=ok}=0" },
	{ "failures{errno=E2BIG|EINVAL|524}=0", "failures{errno=E2BIG|EINVAL|524}=0" },
	{ "sizes=24+48", "sizes=24+48" },
	{ "sizes=0x18", "sizes=24" },
	{ "lost{}=0", "lost=0" },
	{ "vms{guest=null}<=1", "vms{guest=null}<=1" },
	{ "latency.mean<0", "latency.mean<0" },
};

static void test_forms(void **state)
{
	struct rule r, again;

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		parse(&r, forms[i].written);
		assert_string_equal(r.text, forms[i].name);
		parse(&again, r.text);
		assert_string_equal(again.text, r.text);
		assert_int_equal(again.kind, r.kind);
		assert_int_equal(again.types, r.types);
		rule_free(&again);
		rule_free(&r);
	}
}

static void test_parts(void **state)
{
	struct rule r;

	(void)state;
	parse(&r, "guest=db1:latency{ret<-1,usize!=24|48}.p99<=1.5ms");
	assert_int_equal(r.kind, RULE_TIMES);
	assert_string_equal(r.measure->name, "latency");
	assert_int_equal(r.stat, STAT_P99);
	assert_int_equal(r.op, RULE_LE);
	assert_true(r.value.sets[0].words[0].number == 1500000);
	assert_int_equal(r.n_filters, 3);
	assert_string_equal(r.filters[0].field, "guest");
	assert_string_equal(r.filters[1].field, "ret");
	assert_int_equal(r.filters[1].op, RULE_LT);
	assert_true(r.filters[1].value.sets[0].words[0].number == -1);
	assert_int_equal(r.filters[2].op, RULE_NE);
	assert_int_equal(r.filters[2].value.n, 2);
	assert_int_equal(r.types, 1u << EVENT_NEGOTIATION);
	rule_free(&r);
	/* A cause tells which calls can have it. */
	parse(&r, "failures{cause=newer-than-host}=0");
	assert_int_equal(r.types, 1u << EVENT_ARCH_COMPAT);
	rule_free(&r);
	parse(&r, "failures{cause=struct-too-new|rejected}=0");
	assert_int_equal(r.types, 1u << EVENT_ARCH_COMPAT | 1u << EVENT_NEGOTIATION);
	rule_free(&r);
	parse(&r, "modes=POWER9");
	assert_int_equal(r.source, MODES_NEGOTIATION);
	rule_free(&r);
	parse(&r, "modes{source=cpu-version}=POWER9");
	assert_int_equal(r.source, MODES_CPU_VERSION);
	rule_free(&r);
	parse(&r, "negotiation.usize=18446744073709551615");
	assert_true(r.value.sets[0].words[0].number == UINT64_MAX);
	rule_free(&r);
}

/* at: the byte, from 1, that is pointed at. */
static const struct {
	const char *rule;
	size_t at;
	const char *why;
} wrong[] = {
	{ "", 1, "expected a measure, found the end" },
	{ "=0", 1, "expected a measure" },
	{ "lost", 5, "expected = != < <= > >= or ~, found the end" },
	{ "lost 0", 6, ", found \"0\"" },
	{ "lost=", 6, "expected a value, found the end" },
	{ "lost=<0", 6, "unknown operator" },
	{ "lost=>0", 6, "unknown operator" },
	{ "lost!0", 5, "expected = != < <= > >= or ~" },
	{ "lost=0 0", 8, "expected the end of the rule, found \"0\"" },
	{ "lost=0;failures=0", 7, "expected the end of the rule" },
	{ "lost=0x", 6, "lost is a number; found \"0x\"" },
	{ "lost=-1", 6, "it must be an integer of 0 or more" },
	{ "lost=1.5", 6, "lost is a number" },
	{ "lost=1ms", 6, "it must be an integer of 0 or more" },
	{ "lost=none", 6, "lost is a number; found \"none\"" },
	{ "lost=0+1", 6, "not a set" },
	{ "lost<0|1", 6, "< takes one value" },
	{ "lost~0", 6, "only text can be compared with ~" },
	{ "lost=18446744073709551616", 6, "lost is a number" },
	{ "lsot=0", 1, "lsot is neither a measure nor a field: did you mean lost?" },
	{ "failure=0", 1, "did you mean failures?" },
	{ "nonsense=0", 1, "neither a measure nor a field (compatcaps-trace-check(1) lists them)" },
	{ "negotiation.uszie=24", 1, "did you mean usize?" },
	{ "negotiation.cause.x=ok", 1, "no event of this measure has a field cause.x" },
	{ "failures{cuase=ok}=0", 10,
	  "no event of this measure has a field cuase: did you mean cause?" },
	{ "failures{guets=a}=0", 10, "did you mean guest?" },
	{ "retries{cause=ok}=0", 9, "no event of this measure has a field cause" },
	{ "lost{guest.x=a}=0", 6, "no event of this measure has a field guest.x" },
	{ "failures{cause=newer-then-host}=0", 16,
	  "\"newer-then-host\" is not a known cause: did you mean newer-than-host?" },
	{ "failures{cause=zzzzzzzzzz}=0", 16,
	  "is not a known cause; these are: ok ok-larger-struct" },
	{ "retries{outcome=faild}=0", 17, "did you mean failed?" },
	{ "lost{reason=ring}=0", 13, "is not a known reason for a loss" },
	{ "events{type=negotiations}=0", 13, "did you mean negotiation?" },
	{ "vm.watched=hole", 12, "did you mean whole?" },
	{ "vms{watched=whole}=1", 5, "vms is about VMs: filter by guest" },
	{ "attach{how=kprobes}=0", 12, "did you mean kprobe?" },
	{ "modes{source=negotiations}=POWER9", 14, "did you mean negotiation?" },
	{ "modes{source!=negotiation}=POWER9", 15, "source takes = and one word" },
	{ "modes=POWER12", 7, "\"POWER12\" is not a known mode: did you mean POWER10?" },
	{ "modes=0x4000000000000000", 7, "modes holds names, not numbers" },
	{ "modes<POWER9", 7, "modes is a set" },
	{ "modes=none+POWER9", 7, "none is the empty set: it cannot be combined" },
	{ "modes=null", 7, "null cannot be in a set" },
	{ "mode=power10", 6, "is not a mode: use POWER9, POWER10 and so on" },
	{ "mode=POWER9+POWER10", 6, "mode is one value, not a set" },
	{ "mode>POWER9", 6, "only =, != and ~ compare a mode" },
	{ "sizes=big", 7, "sizes are integers" },
	{ "story>a", 7, "only =, != and ~ compare a story" },
	{ "story{ret=0}=a", 7, "story is about VMs" },
	{ "latency<5ms", 9, "expected a statistic: latency.p99" },
	{ "latency.p95<5ms", 1, "p95 is not a statistic" },
	{ "latency.p99<5", 13, "a time needs a unit: 500us, 5ms, 1s" },
	{ "latency.p99<5x", 13, "a latency is a number" },
	{ "latency.p99~5ms", 13, "only text can be compared with ~" },
	{ "failures{ret<0}.p99=0", 17, "only latency has a statistic" },
	{ "negotiation.ret=E2BIG", 17, "ret is a number; found \"E2BIG\"" },
	{ "failures{errno=7}=0", 16, "errno is a name: write E2BIG (ret has the number, -7)" },
	{ "failures{errno=ETOOBIG}=0", 16, "expected the name of an error" },
	{ "negotiation.backend=1", 21, "has fields of its own" },
	{ "negotiation.changed=1", 21, "changed must be true or false" },
	{ "negotiation.caps=24", 18, "caps is hexadecimal in the stream" },
	{ "negotiation.cause<ok", 19, "cause is text: only =, != and ~" },
	{ "negotiation.usize~2", 19, "usize is not text" },
	{ "guest=db1", 7, "" }, /* that is a field of any event, and a rule */
	/* A pattern that was compiled belongs to the filter: it is freed once. */
	{ "guest~x:", 9, "expected a measure" },
	{ "guest~x:comm~y:mode=", 21, "expected a value" },
	{ "guests=\"db1", 8, "the closing \" of this text is missing" },
	{ "guests=\"a\\b\"", 8, "for a backslash" },
	{ "guests=db 1", 11, "quote text with" },
	{ "guests=g\xc3\xa4st", 9, "quote text with" },
	{ "guests=\xc3\xa4", 8, "quote text with such characters" },
	{ "guests=a+", 10, "expected a value, found the end" },
	{ "guests=a||b", 10, "expected a value, found \"|\"" },
	{ "failures{cause=ok=0", 18, "expected a comma or }, found \"=\"" },
	{ "failures{cause=ok,}=0", 19, "expected a field, found \"}\"" },
	{ "failures{=ok}=0", 10, "expected a field" },
	{ "failures{cause}=0", 15, "or ~, found \"}\"" },
	{ "failures}=0", 9, "or ~, found \"}\"" },
	{ "story{guest=a}=check:1", 1, "use \"...\"" },
	{ "kernel{message~\"(\"}=0", 16, "expected an extended regular expression" },
	{ "kernel{message~\"(a)\\1\"}=0", 16, "a pattern must not contain a back reference (\\1)" },
	{ "kernel{message~\"a{3}\"}=0", 16, "a pattern must not contain {" },
	{ "kernel{message~\"a+++++++++\"}=0", 16, "a pattern has at most 8 +" },
};

static void test_wrong(void **state)
{
	struct rule_error err;
	struct rule r;
	bool parsed;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		parsed = rule_parse(&r, wrong[i].rule, strlen(wrong[i].rule), &err);
		if (parsed != !*wrong[i].why)
			fail_msg("%s: %s", wrong[i].rule, parsed ? "taken" : err.why);
		if (parsed) {
			rule_free(&r);
			continue;
		}
		if (!strstr(err.why, wrong[i].why) || err.at + 1 != wrong[i].at)
			fail_msg("%s: byte %zu: %s; expected byte %zu: %s", wrong[i].rule,
				 err.at + 1, err.why, wrong[i].at, wrong[i].why);
		/* Nothing that a terminal obeys. */
		for (const char *c = err.why; *c; c++)
			assert_in_range(*c, ' ', '~');
	}
}

/* What is too long, too many, or no text. */
static void test_limits(void **state)
{
	struct rule_error err;
	static char text[RULE_LEN_MAX + 64];
	struct rule r;
	size_t n;

	(void)state;
	memset(text, ' ', RULE_LEN_MAX + 1);
	memcpy(text, "lost=0", 6);
	assert_true(rule_parse(&r, text, RULE_LEN_MAX, &err));
	rule_free(&r);
	assert_false(rule_parse(&r, text, RULE_LEN_MAX + 1, &err));
	assert_non_null(strstr(err.why, "at most 16384 bytes"));
	n = (size_t)sprintf(text, "guests=a");
	for (int i = 1; i < RULE_WORDS_MAX; i++)
		n += (size_t)sprintf(text + n, "+a%d", i);
	assert_true(rule_parse(&r, text, n, &err));
	rule_free(&r);
	n += (size_t)sprintf(text + n, "+b");
	assert_false(rule_parse(&r, text, n, &err));
	assert_non_null(strstr(err.why, "at most 512 words"));
	n = (size_t)sprintf(text, "events{");
	for (int i = 0; i <= RULE_FILTERS_MAX; i++)
		n += (size_t)sprintf(text + n, "%sguest=a", i ? "," : "");
	n += (size_t)sprintf(text + n, "}=0");
	assert_false(rule_parse(&r, text, n, &err));
	assert_non_null(strstr(err.why, "at most 16 filters"));
	n = (size_t)sprintf(text, "story~\"");
	memset(text + n, '(', 1025);
	memcpy(text + n + 1025, "\"", 2);
	assert_false(rule_parse(&r, text, n + 1026, &err));
	assert_non_null(strstr(err.why, "at most 1024 bytes"));
	memcpy(text, "guests=\"a\0b\"", 12);
	assert_false(rule_parse(&r, text, 12, &err));
	assert_non_null(strstr(err.why, "a NUL"));
}

/* ------------------------------------------------------------------ files */

struct complaints {
	char text[4096];
	size_t n;
};

static void complain(const char *sentence, void *ctx)
{
	struct complaints *c = ctx;
	size_t len = strlen(c->text);

	c->n++;
	snprintf(c->text + len, sizeof(c->text) - len, "%s\n", sentence);
}

static size_t read_text(struct rules *rules, const char *text, bool baseline, struct complaints *c)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	size_t n_bad;

	*c = (struct complaints){ 0 };
	assert_non_null(f);
	n_bad = rules_read(rules, f, "r", baseline, complain, c);
	assert_int_equal(n_bad, c->n);
	fclose(f);
	return n_bad;
}

static void test_file(void **state)
{
	static const char text[] = "# what must not happen\n"
				   "\n"
				   "lost=0 # nothing\n"
				   "   \t\n"
				   "guests=\"a#b\"#c\n"
				   "lost = 0\n"
				   "failures=0";
	struct complaints c;
	struct rules rules = { 0 };

	(void)state;
	assert_int_equal(read_text(&rules, text, false, &c), 0);
	assert_int_equal(rules.n, 3);
	assert_string_equal(rules.list[0].text, "lost=0");
	assert_string_equal(rules.list[0].file, "r");
	assert_int_equal(rules.list[0].line, 3);
	assert_string_equal(rules.list[1].text, "guests=\"a\\x23b\"");
	assert_int_equal(rules.list[2].line, 7);
	rules_free(&rules);
}

static void test_bad_file(void **state)
{
	struct complaints c;
	struct rules rules = { 0 };
	static char text[3 * RULE_LEN_MAX];

	(void)state;
	assert_int_equal(read_text(&rules, "lost=0\nlsot=0\n\nfailures{=1\n", false, &c), 2);
	assert_non_null(strstr(c.text, "r:2:1: lsot is neither a measure"));
	assert_non_null(strstr(c.text, "r:4:10: expected a field"));
	assert_int_equal(rules.n, 1);
	/* A line without an end costs no more memory than one that is long. */
	memset(text, 'a', 3 * RULE_LEN_MAX);
	memcpy(text + 3 * RULE_LEN_MAX - 9, "\nvms=1\n", 8);
	assert_int_equal(read_text(&rules, text, false, &c), 1);
	assert_non_null(strstr(c.text, "r:1:16385: a rule has at most 16384 bytes"));
	assert_int_equal(rules.n, 2);
	rules_free(&rules);
}

static void test_baseline(void **state)
{
	struct complaints c;
	struct rules rules = { 0 };

	(void)state;
	assert_int_equal(read_text(&rules, RULES_BASELINE "\n# Written by\nlost=0\n", true, &c), 0);
	assert_int_equal(rules.n, 1);
	assert_int_equal(read_text(&rules, RULES_BASELINE "\r\nvms=1\n", true, &c), 0);
	assert_int_equal(read_text(&rules, "lost=0\n", true, &c), 1);
	assert_non_null(strstr(c.text, "r:1:1: expected a baseline, which begins with the line"));
	assert_int_equal(read_text(&rules, "# compatcaps-trace baseline 2\n", true, &c), 1);
	assert_int_equal(read_text(&rules, "\n", true, &c), 1);
	/* It is a file of rules, whoever reads it. */
	assert_int_equal(read_text(&rules, RULES_BASELINE "\nlost=0\n", false, &c), 0);
	rules_free(&rules);
}

static void test_too_many(void **state)
{
	struct rules rules = { 0 };
	struct rule_error err;
	char text[32];
	int n;

	(void)state;
	for (int i = 0; i < RULES_MAX; i++) {
		n = sprintf(text, "vms=%d", i);
		assert_true(rules_add(&rules, text, (size_t)n, NULL, 1, &err));
	}
	/* One that is there already takes no room. */
	assert_true(rules_add(&rules, "vms=7", 5, NULL, 1, &err));
	assert_false(rules_add(&rules, "lost=0", 6, NULL, 1, &err));
	assert_string_equal(err.why, "there are more than 1024 rules");
	rules_free(&rules);
}

/* ------------------------------------------------------------------ fields */

/* Every field of every type can be asked for. */
static void test_all_fields(void **state)
{
	const struct field *list;
	struct rule_error err;
	char text[256];
	struct rule r;
	size_t n;

	(void)state;
	list = fields(&n);
	assert_non_null(list);
	assert_true(n > 150);
	for (size_t i = 0; i < n; i++) {
		int len = snprintf(text, sizeof(text), "%s.%s=null", event_type_name(list[i].type),
				   list[i].path);

		/* What stands in each object of a list has no path of its own in a rule. */
		if (strstr(list[i].path, "[]"))
			continue;
		if (!rule_parse(&r, text, (size_t)len, &err))
			fail_msg("%s: %s", text, err.why);
		assert_int_equal(r.types, 1u << list[i].type);
		rule_free(&r);
	}
}

/* Each type has been met, so that none of its fields is taken for a mistake. */
static void test_all_types(void **state)
{
	unsigned int kinds;

	(void)state;
	assert_int_equal(field_types("type", &kinds), (1u << EVENT_TYPES) - 1);
	assert_int_equal(kinds, FIELD_TEXT);
	assert_int_equal(field_types("usize", &kinds), 1u << EVENT_NEGOTIATION);
	assert_int_equal(kinds, FIELD_NUMBER);
	assert_int_equal(field_types("caps", &kinds), 1u << EVENT_NEGOTIATION);
	assert_int_equal(kinds, FIELD_HEX);
	assert_int_equal(field_types("nothing", &kinds), 0);
	assert_string_equal(field_like("outcom", 1u << EVENT_RETRY), "outcome");
	assert_null(field_like("qqqq", 1u << EVENT_RETRY));
}

static void test_spelling(void **state)
{
	(void)state;
	assert_int_equal(spelling_distance("", "", 5), 0);
	assert_int_equal(spelling_distance("cause", "cuase", 5), 2);
	assert_int_equal(spelling_distance("abc", "abcd", 5), 1);
	assert_int_equal(spelling_distance("abc", "xyz", 2), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	   cmocka_unit_test(test_parts),
		cmocka_unit_test(test_wrong),	   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_file),	   cmocka_unit_test(test_bad_file),
		cmocka_unit_test(test_baseline),   cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_all_fields), cmocka_unit_test(test_all_types),
		cmocka_unit_test(test_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
