// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diagnosis/event.h"

/* One VM whose calls are given one by one. */
static struct order order;
static char text[ORDER_TEXT_MAX];

static const char *told(void)
{
	return order_text(&order, text);
}

static int forget(void **state)
{
	(void)state;
	order_free(&order);
	return 0;
}

static void query(enum cause cause)
{
	const struct cc_record rec = { .type = CC_NEGOTIATION };
	const struct diagnosis d = { .cause = cause };
	const struct event e = { .type = EVENT_NEGOTIATION, .rec = &rec, .negotiation.diag = &d };

	order_add(&order, &e);
}

static void ask(uint32_t pvr, enum arch_cause cause)
{
	const struct cc_record rec = { .type = CC_ARCH_COMPAT };
	const struct arch_diagnosis d = { .pvr = pvr, .cause = cause };
	const struct event e = { .type = EVENT_ARCH_COMPAT, .rec = &rec, .arch.diag = &d };

	order_add(&order, &e);
}

static void check(int answer)
{
	const struct cc_record rec = { .type = CC_EXTENSION, .ret = answer };
	const struct event e = { .type = EVENT_EXTENSION, .rec = &rec };

	order_add(&order, &e);
}

static void run(int ret, uint32_t reason)
{
	const struct cc_record rec = { .type = CC_RUN, .ret = ret, .cmd = reason };
	const struct event e = { .type = EVENT_RUN, .rec = &rec };

	order_add(&order, &e);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(told(), "");
	check(1);
	check(-22);
	query(CAUSE_STRUCT_TOO_NEW);
	query(CAUSE_OK);
	ask(0x0f000005, ARCH_ACCEPTED);
	ask(0, ARCH_HOST_DEFAULT);
	ask(0x0f000008, ARCH_NEWER_THAN_HOST);
	ask(0x0f100003, ARCH_OUTSIDE_HOST_CAPS);
	ask(0xdeadbeef, ARCH_UNKNOWN_PVR);
	run(-22, 0);
	run(0, ABI_EXIT_UNKNOWN);
	run(0, ABI_EXIT_INTERNAL_ERROR);
	assert_string_equal(told(),
			    "check:1 check:-22 query:struct-too-new query:ok ask:POWER9:accepted "
			    "ask:default:host-default ask:ISA-3.2:newer-than-host "
			    "ask:POWER7+:outside-host-caps ask:0xdeadbeef:unknown-pvr run:EINVAL "
			    "run:unknown run:internal-error");
}

/* Births, retries, losses and lines of the kernel come at their own time. */
static void test_other_events_are_no_part(void **state)
{
	static const enum event_type types[] = {
		EVENT_TRACE, EVENT_HOST, EVENT_ATTACH, EVENT_VM,
		EVENT_LOST,  EVENT_END,	 EVENT_RETRY,  EVENT_KERNEL
	};

	(void)state;
	query(CAUSE_OK);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct event e = { .type = types[i] };

		order_add(&order, &e);
	}
	assert_string_equal(told(), "query:ok");
}

static void test_repeats_are_told_once(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		query(CAUSE_OK);
	assert_string_equal(told(), "query:ok");
	/* One that comes again later is told again. */
	ask(0x0f000005, ARCH_ACCEPTED);
	query(CAUSE_OK);
	assert_string_equal(told(), "query:ok ask:POWER9:accepted query:ok");
}

static void reset_of_vm(void)
{
	check(1);
	query(CAUSE_STRUCT_TOO_NEW);
	query(CAUSE_OK);
	ask(0x0f000005, ARCH_ACCEPTED);
}

static void test_turns_are_told_once(void **state)
{
	(void)state;
	query(CAUSE_FLAGS_SET);
	for (int i = 0; i < 500; i++)
		reset_of_vm();
	run(-22, 0);
	assert_string_equal(told(), "query:flags-set check:1 query:struct-too-new query:ok "
				    "ask:POWER9:accepted run:EINVAL");
}

/* What is in turn in one story and not in another makes them two. */
static void test_turns_have_to_be_the_same(void **state)
{
	(void)state;
	query(CAUSE_OK);
	ask(0x0f000005, ARCH_ACCEPTED);
	query(CAUSE_OK);
	ask(0x0f000006, ARCH_ACCEPTED);
	assert_string_equal(told(), "query:ok ask:POWER9:accepted query:ok ask:POWER10:accepted");
}

static void test_long_turns_are_told(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 9; i++)
			ask(0xf0 + i, ARCH_UNKNOWN_PVR);
	assert_int_equal(order.n, 18);
	order_free(&order);
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 8; i++)
			ask(0xf0 + i, ARCH_UNKNOWN_PVR);
	assert_int_equal(order.n, 8);
}

static void test_too_long_is_said(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < ORDER_WORDS_MAX; i++)
		ask(0xf000 + i, ARCH_OUTSIDE_HOST_CAPS);
	assert_false(order.cut);
	assert_string_equal(strrchr(told(), ' '), " ask:0x0000f03f:outside-host-caps");
	ask(0xffff, ARCH_OUTSIDE_HOST_CAPS);
	assert_true(order.cut);
	assert_string_equal(strrchr(told(), ' '), " " ORDER_CUT);
	for (uint32_t i = 0; i < 100000; i++)
		ask(i, ARCH_UNKNOWN_PVR);
	assert_int_equal(order.n, ORDER_WORDS_MAX);
	assert_int_equal(order.room, ORDER_WORDS_MAX);
}

/* The longest words there are, as many of them as fit. */
static void test_any_story_has_room(void **state)
{
	size_t longest = 0;

	(void)state;
	for (int i = 0; i < CAUSE_MAX; i++)
		if (strlen(cause_name(i)) > strlen(cause_name((int)longest)))
			longest = (size_t)i;
	for (int i = 0; i < ORDER_WORDS_MAX; i++)
		if (i & 1)
			query((enum cause)longest);
		else
			ask(0xfffff000 + (uint32_t)i, ARCH_OUTSIDE_HOST_CAPS);
	query(CAUSE_OK);
	assert_true(order.cut);
	assert_string_equal(strrchr(told(), ' '), " " ORDER_CUT);
	assert_true(strlen(text) < ORDER_TEXT_MAX - 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_words, forget),
		cmocka_unit_test_teardown(test_other_events_are_no_part, forget),
		cmocka_unit_test_teardown(test_repeats_are_told_once, forget),
		cmocka_unit_test_teardown(test_turns_are_told_once, forget),
		cmocka_unit_test_teardown(test_turns_have_to_be_the_same, forget),
		cmocka_unit_test_teardown(test_long_turns_are_told, forget),
		cmocka_unit_test_teardown(test_too_long_is_said, forget),
		cmocka_unit_test_teardown(test_any_story_has_room, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
