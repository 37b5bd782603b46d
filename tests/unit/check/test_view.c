// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What --guest, --cause, --mode, --since and --until leave out, and what may still be said. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/view.h"
#include "diagnosis/session.h"
#include "kvm/abi.h"

#define START 1795327200000000000ull /* 2026-11-22T06:00:00Z */
#define SEEN  32

/* What a session told, in its order. */
struct scene {
	struct view view;
	struct session *session;
	uint64_t now_ns;
	size_t n;
	struct {
		enum event_type type;
		uint64_t seq, lost;
		unsigned int vm;
		enum coverage_reason coverage;
		enum life life;
		bool sentence;
	} seen[SEEN];
	unsigned int vms; /* of the totals */
	bool part, guests, outcomes;
	char text[256];
};

static void see(const struct event *e, void *ctx)
{
	struct scene *c = ctx;

	assert_true(c->n < SEEN);
	c->seen[c->n].type = e->type;
	c->seen[c->n].seq = e->seq;
	c->seen[c->n].vm = e->vm;
	if (e->type == EVENT_STORY)
		c->seen[c->n].coverage = e->story->coverage;
	if (e->type == EVENT_VM) {
		c->seen[c->n].life = e->vm_life.life;
		c->seen[c->n].sentence = e->vm_life.sentence;
	}
	if (e->type == EVENT_LOST)
		c->seen[c->n].lost = e->frame->lost.n;
	if (e->type == EVENT_END)
		c->vms = e->end.totals->vms;
	if (e->type == EVENT_TRACE) {
		c->part = e->frame->trace.filters.part;
		c->guests = e->frame->trace.filters.chosen;
		c->outcomes = e->frame->trace.filters.outcomes;
		snprintf(c->text, sizeof(c->text), "%s", e->frame->trace.filters.text);
	}
	c->n++;
}

static void hand(struct scene *c, struct frame f)
{
	c->now_ns += 1000000;
	f.mono_ns = c->now_ns;
	f.real_ns = START + c->now_ns;
	session_frame(c->session, &f);
}

static void choose(struct scene *c, enum view_by by, const char *arg)
{
	char why[RULE_ERROR_LEN];

	if (!view_set(&c->view, by, arg, why, sizeof(why)))
		fail_msg("%s: %s", arg, why);
}

static void begin(struct scene *c)
{
	struct frame f = { .type = FRAME_TRACE, .trace.filters.text = "-- COMMAND" };

	assert_true(view_begin(&c->view));
	c->session = session_new(see, c);
	assert_non_null(c->session);
	session_filter(c->session, &c->view.filter);
	hand(c, f);
	for (int p = 0; p < ATTACH_POINTS; p++)
		hand(c, (struct frame){ .type = FRAME_ATTACH,
					.attach = { .point = p, .how = ATTACH_FEXIT } });
}

static void vm_is(struct scene *c, enum vm_event event, uint64_t vm, const char *option)
{
	hand(c, (struct frame){ .type = FRAME_VM,
				.vm = { .event = event,
					.number = vm,
					.pid = (uint32_t)vm,
					.comm = "qemu",
					.name_option = option } });
}

static void ask(struct scene *c, uint64_t vm, uint32_t pvr, int ret, const char *option)
{
	const struct cc_record r = { .type = CC_ARCH_COMPAT,
				     .cmd = ABI_CMD_SET_ONE_REG,
				     .pid = (uint32_t)vm,
				     .tid = (uint32_t)vm,
				     .vm = vm,
				     .arg = pvr,
				     .ret = ret,
				     .comm = "qemu",
				     .thread = "qemu",
				     .mono_ns = (int64_t)c->now_ns + 1 };

	hand(c, (struct frame){ .type = FRAME_CALL, .call = { .rec = &r, .name_option = option } });
}

static void end(struct scene *c)
{
	hand(c, (struct frame){ .type = FRAME_END });
}

static size_t count(const struct scene *c, enum event_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->seen[i].type == type;
	return n;
}

static size_t find(const struct scene *c, enum event_type type)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->seen[i].type == type)
			return i;
	fail_msg("no %s", event_type_name(type));
	return 0;
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct scene));
	return !*state;
}

static int teardown(void **state)
{
	struct scene *c = *state;

	session_free(c->session);
	view_free(&c->view);
	free(c);
	return 0;
}

/* Two VMs, the first of guest db1: each asks for a mode and ends. */
static void two_guests(struct scene *c)
{
	begin(c);
	vm_is(c, VM_CREATED, 1, "guest=db1");
	vm_is(c, VM_CREATED, 2, "guest=web");
	ask(c, 1, 0x0f000006, 0, NULL);
	ask(c, 2, 0x0f000007, -EINVAL, NULL);
	vm_is(c, VM_ENDED, 2, NULL);
	vm_is(c, VM_ENDED, 1, NULL);
	end(c);
}

/* Nothing is left of another guest, and of this one nothing is missing. */
static void test_guest(void **state)
{
	struct scene *c = *state;

	choose(c, VIEW_GUEST, "db1");
	two_guests(c);
	assert_string_equal(c->text, "-- COMMAND --guest db1");
	assert_true(c->guests);
	assert_false(c->part);
	assert_int_equal(count(c, EVENT_VM), 2);
	assert_int_equal(count(c, EVENT_ARCH_COMPAT), 1);
	assert_int_equal(count(c, EVENT_STORY), 1);
	assert_int_equal(c->seen[find(c, EVENT_STORY)].vm, 1);
	assert_int_equal(c->seen[find(c, EVENT_STORY)].coverage, COVERED);
	assert_int_equal(c->vms, 1);
	for (size_t i = 0; i < c->n; i++)
		assert_int_equal(c->seen[i].seq, i + 1);
}

/* The names that rules can have. */
static void test_patterns(void **state)
{
	static const struct {
		const char *arg, *guest;
		bool wanted;
	} cases[] = {
		{ "db1", "db1", true },
		{ "db1", "db12", false },
		{ "=db1", "db1", true },
		{ "!=db1", "web", true },
		{ "!=db1", "db1", false },
		{ "!=db1", "", true },
		{ "~^db", "db12", true },
		{ "~^db", "web", false },
		{ "~^db", "", false },
		{ "~^(a|b)$", "b", true },
		{ "db1|web", "web", true },
		{ "db1|web", "x", false },
		{ "null", "", true },
		{ "null", "null", false },
		{ "my vm", "my vm", true },
		{ "\"null\"", "null", true },
		{ "a:b,c}", "a:b,c}", true },
		{ "1", "1", true },
		{ "a\",vm=\"2", "a\",vm=\"2", true },
		{ "~a|b", "xb", true },
		{ "~\"^a b$\"", "a b", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene c = { 0 };

		choose(&c, VIEW_GUEST, cases[i].arg);
		assert_true(view_begin(&c.view));
		if (c.view.filter.wants(cases[i].guest, &c.view) != cases[i].wanted)
			fail_msg("--guest %s and \"%s\"", cases[i].arg, cases[i].guest);
		view_free(&c.view);
	}
}

static void test_refused(void **state)
{
	static const struct {
		enum view_by by;
		const char *arg, *why;
	} cases[] = {
		{ VIEW_GUEST, "", "found nothing" },
		{ VIEW_GUEST, "\"db1\"|", "a | stands between two values" },
		{ VIEW_GUEST, "~a{1}", "must not contain {" },
		{ VIEW_GUEST, "a|", "a | stands between two values" },
		{ VIEW_CAUSE, "newer-than-hots", "did you mean newer-than-host" },
		{ VIEW_MODE, "POWER1O", "is not a mode" },
		{ VIEW_MODE, "power10", "is not a mode" },
		{ VIEW_SINCE, "yesterday", "expected a date" },
		{ VIEW_UNTIL, "24:00", "expected a time of day" },
		{ VIEW_UNTIL, "+5x", "not a unit" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view v = { 0 };
		char why[RULE_ERROR_LEN] = "";

		if (view_set(&v, cases[i].by, cases[i].arg, why, sizeof(why)) ||
		    !strstr(why, cases[i].why))
			fail_msg("--%s %s: %s", view_name(cases[i].by), cases[i].arg, why);
		view_free(&v);
	}
}

/* Its birth had no name: what came before the name is not shown, and that is known. */
static void test_named_late(void **state)
{
	struct scene *c = *state;

	choose(c, VIEW_GUEST, "db1");
	begin(c);
	vm_is(c, VM_CREATED, 1, NULL);
	vm_is(c, VM_CREATED, 2, NULL);
	ask(c, 2, 0x0f000006, 0, "guest=web");
	ask(c, 1, 0x0f000006, 0, "guest=db1");
	vm_is(c, VM_ENDED, 1, NULL);
	end(c);
	assert_int_equal(count(c, EVENT_ARCH_COMPAT), 1);
	assert_int_equal(count(c, EVENT_VM), 1);
	assert_int_equal(c->seen[find(c, EVENT_VM)].life, LIFE_FILTERED);
	assert_int_equal(c->seen[find(c, EVENT_STORY)].coverage, NOT_COVERED_FILTER);
	assert_int_equal(c->vms, 0);
}

/* Who reads such a recording sees no birth, and does not take the VM for older. */
static void test_named_late_and_recorded(void **state)
{
	struct scene *c = *state;
	struct frame f = { .type = FRAME_TRACE, .trace.filters.guests = true };

	c->session = session_new(see, c);
	assert_non_null(c->session);
	f.trace.filters.text = "--guest db1";
	hand(c, f);
	for (int p = 0; p < ATTACH_POINTS; p++)
		hand(c, (struct frame){ .type = FRAME_ATTACH,
					.attach = { .point = p, .how = ATTACH_FEXIT } });
	ask(c, 1, 0x0f000006, 0, "guest=db1");
	end(c);
	assert_int_equal(c->seen[find(c, EVENT_STORY)].coverage, NOT_COVERED_FILTER);
}

static void lose(struct scene *c, uint64_t vm, uint64_t other, uint64_t rest)
{
	const struct loss_count by[] = {
		{ { .vm = vm, .loss = CC_LOSS_RING, .type = CC_ARCH_COMPAT }, 3 },
		{ { .vm = other, .loss = CC_LOSS_RING, .type = CC_ARCH_COMPAT }, 4 },
	};

	hand(c, (struct frame){
			.type = FRAME_LOST,
			.lost = { .loss = CC_LOSS_RING, .n = 7 + rest, .by = by, .n_by = 2 } });
}

/* A loss of another guest's is none; one that may have been anybody's is. */
static void test_losses(void **state)
{
	struct scene *c = *state;

	choose(c, VIEW_GUEST, "db1");
	begin(c);
	vm_is(c, VM_CREATED, 1, "guest=db1");
	vm_is(c, VM_CREATED, 2, "guest=web");
	lose(c, 2, 2, 0);
	assert_int_equal(count(c, EVENT_LOST), 0);
	lose(c, 1, 2, 5);
	assert_int_equal(c->seen[find(c, EVENT_LOST)].lost, 8);
	end(c);
	assert_int_equal(c->seen[find(c, EVENT_STORY)].coverage, NOT_COVERED_LOST);
}

/* Of events that are chosen no life can be summed up. */
static void test_cause(void **state)
{
	struct scene *c = *state;

	choose(c, VIEW_CAUSE, "accepted");
	two_guests(c);
	assert_true(c->part);
	assert_false(c->outcomes);
	assert_int_equal(count(c, EVENT_ARCH_COMPAT), 1);
	assert_int_equal(c->seen[find(c, EVENT_ARCH_COMPAT)].vm, 1);
	assert_int_equal(count(c, EVENT_VM), 0);
	assert_int_equal(count(c, EVENT_STORY), 0);
	assert_int_equal(count(c, EVENT_ATTACH), ATTACH_POINTS);
	assert_int_equal(count(c, EVENT_END), 1);
}

static void test_mode(void **state)
{
	struct scene *c = *state;

	choose(c, VIEW_MODE, "POWER11");
	choose(c, VIEW_GUEST, "!=db1");
	two_guests(c);
	assert_string_equal(c->text, "-- COMMAND --mode POWER11 --guest !=db1");
	assert_int_equal(count(c, EVENT_ARCH_COMPAT), 1);
	assert_int_equal(c->seen[find(c, EVENT_ARCH_COMPAT)].vm, 2);
	assert_int_equal(count(c, EVENT_STORY), 0);
}

/* Births and ends are shown, and no sentence that rests on what came before. */
static void test_since(void **state)
{
	struct scene *c = *state;

	choose(c, VIEW_SINCE,
	       "+12ms"); /* the trace is at 1 ms, and nine frames follow before VMs */
	two_guests(c);
	assert_int_equal(count(c, EVENT_ARCH_COMPAT), 1);
	assert_int_equal(count(c, EVENT_VM), 2);
	assert_int_equal(count(c, EVENT_STORY), 0);
	assert_int_equal(c->vms, 0);
	for (size_t i = 0; i < c->n; i++)
		if (c->seen[i].type == EVENT_VM) {
			assert_int_equal(c->seen[i].life, LIFE_FILTERED);
			assert_false(c->seen[i].sentence);
		}
}

static void test_until(void **state)
{
	struct scene *c = *state;

	choose(c, VIEW_UNTIL, "2026-11-22T06:00:00.013Z");
	two_guests(c);
	assert_int_equal(count(c, EVENT_ARCH_COMPAT), 1);
	assert_int_equal(count(c, EVENT_VM), 2);
	assert_int_equal(c->vms, 2);
	assert_int_equal(view_until(&c->view, START), START + 13000000);
}

/* A rule says what it was narrowed to; one on the trace itself stays. */
static void test_rules(void **state)
{
	static const char *const given[] = { "failures=0", "lost=0", "host.page_size=4096",
					     "mode{comm=qemu}=POWER10" };
	static const char *const narrowed[] = {
		"failures{guest~\"^db\",ts>=\"2026-11-30T15:00Z\"}=0", "lost=0",
		"host.page_size=4096",
		"mode{guest~\"^db\",ts>=\"2026-11-30T15:00Z\",comm=qemu}=POWER10"
	};
	struct scene *c = *state;
	struct rules rules = { 0 };
	struct rule_error err;
	char why[2 * RULE_ERROR_LEN];
	size_t skipped;

	choose(c, VIEW_GUEST, "~^db");
	choose(c, VIEW_SINCE, "2026-11-30T15:00Z");
	for (size_t i = 0; i < 4; i++)
		assert_true(rules_add(&rules, given[i], strlen(given[i]), NULL, i + 1, &err));
	assert_true(view_narrow(&c->view, &rules, &skipped, why, sizeof(why)));
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(rules.list[i].text, narrowed[i]);
		assert_int_equal(rules.list[i].line, i + 1);
	}
	rules_free(&rules);
}

static void refuse(enum view_by by, const char *arg, const char *rule, const char *part)
{
	struct scene c = { 0 };
	struct rules rules = { 0 };
	struct rule_error err;
	char why[2 * RULE_ERROR_LEN] = "";
	size_t skipped;

	choose(&c, by, arg);
	assert_true(rules_add(&rules, rule, strlen(rule), NULL, 1, &err));
	assert_false(view_narrow(&c.view, &rules, &skipped, why, sizeof(why)));
	if (!strstr(why, part))
		fail_msg("%s: %s", rule, why);
	rules_free(&rules);
	view_free(&c.view);
}

static void test_rules_that_cannot(void **state)
{
	(void)state;
	refuse(VIEW_CAUSE, "accepted", "vms=1", "vms=1 cannot be filtered so: vms is about VMs");
	refuse(VIEW_SINCE, "2026-11-30", "story=\"\"", "is about VMs");
	refuse(VIEW_CAUSE, "accepted", "runs=0", "no event of this measure has a field cause");
}

/* What a rule is about others, and a baseline's about all, is not tested. */
static void test_rules_of_others(void **state)
{
	static const char *const given[] = { "failures{guest=db2}=0",	 "failures{guest=db1}=0",
					     "failures{guest=a|db9}=0",	 "failures{guest!=db1}=0",
					     "failures{guest~\"^w\"}=0", "lost=0",
					     "failures{guest=null}=0",	 "failures=0" };
	static const char *const left[] = { "failures{guest=db1}=0", "lost=0",
					    "failures{guest=db1}=0" };
	struct scene *c = *state;
	struct rules rules = { 0 };
	struct rule_error err;
	char why[2 * RULE_ERROR_LEN];
	size_t skipped;

	choose(c, VIEW_GUEST, "db1");
	for (size_t i = 0; i < 8; i++)
		assert_true(rules_add(&rules, given[i], strlen(given[i]), NULL, i + 1, &err));
	assert_true(rules_add(&rules, "causes=ok", 9, NULL, 9, &err));
	rules.list[8].baseline = true;
	assert_true(view_narrow(&c->view, &rules, &skipped, why, sizeof(why)));
	assert_int_equal(skipped, 6);
	assert_int_equal(rules.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(rules.list[i].text, left[i]);
	rules_free(&rules);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_guest, setup, teardown),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_refused),
		cmocka_unit_test_setup_teardown(test_named_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named_late_and_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_losses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(test_since, setup, teardown),
		cmocka_unit_test_setup_teardown(test_until, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test(test_rules_that_cannot),
		cmocka_unit_test_setup_teardown(test_rules_of_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
