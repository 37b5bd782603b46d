// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnosis/session.h"

static const struct host_facts facts = {
	.page_size = 4096, .ksize_is = FACT_KNOWN, .ksize = 24, .pseries_is = FACT_KNOWN
};

/* The newest event of each type, and how many. */
struct seen {
	unsigned int n[EVENT_TYPES];
	uint64_t seq;
	bool as_recorded;
	enum cause cause;
};

static void see(const struct event *e, void *ctx)
{
	struct seen *seen = ctx;

	if (!seen->as_recorded)
		assert_int_equal(e->seq, seen->seq + 1);
	seen->seq = e->seq;
	seen->n[e->type]++;
	if (e->type == EVENT_NEGOTIATION)
		seen->cause = e->negotiation.diag->cause;
}

static void call(struct session *s, uint32_t cmd, int ret)
{
	struct cc_record r = { .type = CC_NEGOTIATION,
			       .cmd = cmd,
			       .ret = ret,
			       .vm = 1,
			       .vm_ino = 2,
			       .pid = 7,
			       .tid = 7,
			       .in_words = 3,
			       .out_words = 3,
			       .in = { 24 },
			       .out = { 24 },
			       .comm = "steps",
			       .thread = "steps" };
	struct frame f = { .type = FRAME_CALL, .call.rec = &r };

	session_frame(s, &f);
}

static struct session *begin(struct seen *seen)
{
	struct frame f = { .type = FRAME_TRACE, .trace.host = facts };
	struct session *s;

	memset(seen, 0, sizeof(*seen));
	s = session_new(see, seen);
	assert_non_null(s);
	session_frame(s, &f);
	return s;
}

static void host(struct session *s, bool reloaded)
{
	struct frame f = { .type = FRAME_HOST,
			   .host = { .facts = facts, .kvm_reloaded = reloaded } };

	session_frame(s, &f);
}

/* Which command the kernel has is proven by a call, and holds until kvm is another one. */
static void test_proven_command(void **state)
{
	struct seen seen;
	struct session *s = begin(&seen);

	(void)state;
	call(s, ABI_CMD_MAINLINE, -EFAULT);
	assert_int_equal(session_host(s)->kernel_cmd, ABI_CMD_MAINLINE);
	call(s, ABI_CMD_V5, -ENOTTY);
	assert_int_equal(seen.cause, CAUSE_ABI_MISMATCH);
	host(s, false);
	assert_int_equal(session_host(s)->kernel_cmd, ABI_CMD_MAINLINE);
	host(s, true);
	assert_int_equal(session_host(s)->kernel_cmd, 0);
	call(s, ABI_CMD_V5, -ENOTTY);
	assert_int_equal(seen.cause, CAUSE_UNEXPECTED);
	session_free(s);
}

/* Errors from in front of the ioctl prove nothing of it. */
static void test_nothing_proven(void **state)
{
	struct seen seen;
	struct session *s = begin(&seen);

	(void)state;
	call(s, ABI_CMD_V5, -EBADF);
	call(s, ABI_CMD_V5, -EACCES);
	call(s, ABI_CMD_V5, -EIO);
	assert_int_equal(session_host(s)->kernel_cmd, 0);
	session_free(s);
}

/* What the kernel counted of lost calls is in the totals, and a hostile number does not wrap. */
static void test_totals(void **state)
{
	const struct loss_count by[] = {
		{ .key = { .vm_ino = 2, .type = CC_NEGOTIATION, .ret = -E2BIG }, .n = 3 },
		{ .key = { .vm_ino = 2, .type = CC_NEGOTIATION }, .n = 4 },
		{ .key = { .vm_ino = 2, .type = CC_NEGOTIATION, .ret = CC_RET_UNKNOWN }, .n = 5 },
		{ .key = { .vm_ino = 2, .type = CC_ARCH_COMPAT, .ret = -EINVAL }, .n = 6 },
		{ .key = { .vm_ino = 2, .type = CC_EXTENSION, .ret = 1 }, .n = 7 },
		{ .key = { .vm_ino = 2, .type = CC_RUN, .ret = -EINVAL }, .n = 8 },
		{ .key = { .loss = CC_LOSS_RECURSION, .type = CC_RUN, .ret = CC_RET_UNKNOWN },
		  .n = 9 },
	};
	struct frame lost = { .type = FRAME_LOST, .lost = { CC_LOSS_BUDGET, 42, by, 7 } };
	struct frame huge = { .type = FRAME_LOST, .lost = { .n = UINT64_MAX } };
	struct seen seen;
	struct session *s = begin(&seen);

	(void)state;
	call(s, ABI_CMD_MAINLINE, -EINVAL);
	session_frame(s, &lost);
	assert_int_equal(session_totals(s)->negotiations_failed, 1);
	assert_int_equal(session_totals(s)->lost_negotiations_failed, 3);
	assert_int_equal(session_totals(s)->lost_negotiations_ok, 4);
	assert_int_equal(session_totals(s)->lost_queries, 12);
	assert_int_equal(session_totals(s)->lost_asks, 6);
	assert_int_equal(session_totals(s)->lost_checks, 7);
	assert_int_equal(session_totals(s)->lost_runs, 8);
	assert_int_equal(session_totals(s)->lost, 42);
	session_frame(s, &huge);
	assert_true(session_totals(s)->lost == UINT64_MAX);
	assert_int_equal(seen.n[EVENT_LOST], 2);
	session_free(s);
}

/* A verb names an event by the line that has it, whatever lines are missing before that one. */
static void test_numbers_of_lines(void **state)
{
	struct cc_record r = { .type = CC_NEGOTIATION,
			       .cmd = ABI_CMD_MAINLINE,
			       .ret = -E2BIG,
			       .vm = 1,
			       .vm_ino = 2,
			       .pid = 7,
			       .tid = 7,
			       .in_words = 3,
			       .out_words = 3,
			       .in = { 48 },
			       .out = { 24 },
			       .mono_ns = 100,
			       .latency_ns = 10 };
	struct frame f = { .type = FRAME_CALL, .seq = 20, .call.rec = &r };
	struct seen seen;
	struct session *s = begin(&seen);

	(void)state;
	session_number_as_recorded(s);
	seen.as_recorded = true;
	session_frame(s, &f);
	assert_int_equal(seen.seq, 20);
	r.mono_ns = 200;
	r.ret = 0;
	r.in[0] = 24;
	f.seq = 31;
	session_frame(s, &f);
	/* The retry stands in the line after that of its call. */
	assert_int_equal(seen.n[EVENT_RETRY], 1);
	assert_int_equal(seen.seq, 32);
	/* And its VM's story in the line before the end. */
	f = (struct frame){ .type = FRAME_END, .seq = 34 };
	session_frame(s, &f);
	assert_int_equal(seen.n[EVENT_STORY], 1);
	assert_int_equal(seen.seq, 34);
	assert_int_equal(session_totals(s)->events, 6);
	session_free(s);
}

/* Runs that failed and lines are counted; of those that came again the end knows. */
static void test_failures(void **state)
{
	const struct cc_record run = {
		.type = CC_RUN, .vm = 1, .vm_ino = 2, .pid = 7, .tid = 7, .ret = -EINVAL
	};
	struct cc_record line = { .type = CC_KERNEL, .pid = 7, .tid = 7, .arg = 7 };
	const struct frame runs = { .type = FRAME_CALL, .call.rec = &run };
	const struct frame says = { .type = FRAME_KERNEL,
				    .kernel = { &line, "KVM: no", NULL, NULL } };
	const struct frame end = { .type = FRAME_END, .end.runs_repeated = UINT64_MAX };
	struct seen seen;
	struct session *s = begin(&seen);

	(void)state;
	session_frame(s, &runs);
	session_frame(s, &says);
	session_frame(s, &says);
	line.arg = 0;
	session_frame(s, &says);
	session_frame(s, &end);
	assert_int_equal(seen.n[EVENT_RUN], 1);
	assert_int_equal(seen.n[EVENT_KERNEL], 2);
	assert_int_equal(session_totals(s)->runs, 1);
	assert_int_equal(session_totals(s)->kernel_messages, 2);
	assert_true(session_totals(s)->runs_repeated == UINT64_MAX);
	session_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proven_command), cmocka_unit_test(test_nothing_proven),
		cmocka_unit_test(test_totals),	       cmocka_unit_test(test_numbers_of_lines),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
