// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/digest.h"

static const struct host_facts facts = {
	.page_size = 4096,
	.ksize_is = FACT_KNOWN,
	.ksize = 24,
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = 0x0f000006,
};

/* A trace that is being made, and what becomes of it. */
struct scene {
	struct digest *d;
	struct session *s;
	uint64_t ns;
};

static void frame(struct scene *c, struct frame f)
{
	c->ns += 1000000;
	f.mono_ns = c->ns;
	f.real_ns = c->ns + 1000000000;
	session_frame(c->s, &f);
}

static int begin(void **state)
{
	static struct scene c;

	c = (struct scene){ .d = digest_new() };
	assert_non_null(c.d);
	c.s = session_new(digest_event, c.d);
	assert_non_null(c.s);
	frame(&c,
	      (struct frame){ .type = FRAME_TRACE, .trace = { .id.name = "lpar", .host = facts } });
	for (int p = 0; p < ATTACH_POINTS; p++)
		frame(&c, (struct frame){
				  .type = FRAME_ATTACH,
				  .attach = { .point = p, .how = ATTACH_FEXIT, .known = true } });
	*state = &c;
	return 0;
}

static int end(void **state)
{
	struct scene *c = *state;

	session_free(c->s);
	digest_free(c->d);
	return 0;
}

static void vm_is(struct scene *c, uint64_t ino, bool ended)
{
	frame(c, (struct frame){ .type = FRAME_VM,
				 .vm = { .event = ended ? VM_ENDED : VM_CREATED,
					 .pid = 7,
					 .number = ino << 8,
					 .ino = ino,
					 .vm_name = "7-8",
					 .comm = "vmm" } });
}

static void query(struct scene *c, uint64_t ino, uint64_t size, int ret)
{
	struct cc_record r = {
		.type = CC_NEGOTIATION,
		.cmd = ABI_CMD_MAINLINE,
		.ret = ret,
		.vm = ino << 8,
		.vm_ino = ino,
		.pid = 7,
		.tid = 7,
		.in_words = 3,
		.out_words = 3,
		.in = { size },
		.out = { ret == -E2BIG ? 24 : size, 0, 0x4000000000000000 },
		.latency_ns = 3000,
		.comm = "vmm",
		.thread = "vmm",
		.seen = CC_SEEN_WATCHED,
	};

	r.mono_ns = c->ns + 1000000;
	frame(c, (struct frame){ .type = FRAME_CALL, .call.rec = &r });
}

static void finish(struct scene *c)
{
	frame(c, (struct frame){ .type = FRAME_END });
	digest_finish(c->s, c->d);
}

static void query_at(struct scene *c, uint64_t mono_s, int64_t clock_s)
{
	struct cc_record r = { .type = CC_NEGOTIATION,
			       .cmd = ABI_CMD_MAINLINE,
			       .vm = 1,
			       .vm_ino = 2,
			       .pid = 7,
			       .tid = 7,
			       .in_words = 3,
			       .out_words = 3,
			       .in = { 24 },
			       .out = { 24 },
			       .mono_ns = mono_s * 1000000000 };
	struct frame f = { .type = FRAME_CALL,
			   .mono_ns = r.mono_ns,
			   .real_ns = r.mono_ns + (uint64_t)clock_s * 1000000000,
			   .call.rec = &r };

	session_frame(c->s, &f);
}

/* In one report "Trace 07:15" and "First at 08:15" need a word. */
static void a_clock_that_was_set_is_told(void **state)
{
	struct scene *c = *state;

	query_at(c, 10, 1);
	assert_int_equal(c->d->n_clocks, 0);
	query_at(c, 11, 3601);
	query_at(c, 12, 3601);
	/* It is adjusted all the time: by 8 s in 5 hours, but by no more. */
	query_at(c, 12 + 18000, 3609);
	query_at(c, 13 + 18000, 9);
	assert_int_equal(c->d->n_clocks, 2);
	assert_int_equal(c->d->clocks[0].by_ns, INT64_C(3600000000000));
	assert_int_equal(c->d->clocks[1].by_ns, INT64_C(-3600000000000));
	assert_int_equal(c->d->clocks[1].seq - c->d->clocks[0].seq, 3);
}

static void nothing(const char *text, void *ctx)
{
	(void)text;
	(void)ctx;
}

static void collect(const char *text, void *ctx)
{
	strcat(strcat(ctx, text), "\n");
}

static void what_is_whole_has_nothing_unseen(void **state)
{
	struct scene *c = *state;

	vm_is(c, 1, false);
	query(c, 1, 24, 0);
	vm_is(c, 1, true);
	finish(c);
	assert_int_equal(digest_unseen(c->d, nothing, NULL), 0);
	assert_null(digest_first_failure(c->d));
	assert_int_equal(c->d->n_vms, 1);
	assert_non_null(c->d->vms[0]->story);
	assert_int_equal(c->d->bars[2], 1); /* 3 us, up to 5 us */
}

static void each_hole_is_told(void **state)
{
	struct scene *c = *state;
	static const struct loss_count losses[] = {
		{ { .vm_ino = 1, .type = CC_NEGOTIATION, .ret = -E2BIG }, 2 },
		{ { .ret = CC_RET_UNKNOWN }, 1 },
	};
	char text[4096] = "";

	query(c, 1, 24, 0);
	frame(c,
	      (struct frame){ .type = FRAME_LOST,
			      .lost = { .loss = CC_LOSS_RING, .n = 4, .by = losses, .n_by = 2 } });
	frame(c, (struct frame){
			 .type = FRAME_ATTACH,
			 .attach = { .point = POINT_REG, .how = ATTACH_ABSENT, .why = "gone" } });
	frame(c, (struct frame){ .type = FRAME_END, .end.cut_off = true });
	digest_finish(c->s, c->d);
	c->d->n_unread = 1;
	assert_int_equal(digest_unseen(c->d, collect, text), 5);
	assert_non_null(strstr(text, "cut off"));
	assert_non_null(strstr(text, "1 line of the recording is missing or could not be read."));
	assert_non_null(strstr(text, "4 events were lost (ring-full): 2 query E2BIG, 1 other."));
	assert_non_null(strstr(text, "kvmppc_set_one_reg was not watched: gone."));
	assert_non_null(strstr(text,
			       "1 VM may not have been seen completely (it was not watched all "
			       "the time)."));
}

/* Absent as long as no VM is there, as was asked for: nothing was missed by that. */
static void released_is_no_hole(void **state)
{
	struct scene *c = *state;

	frame(c,
	      (struct frame){
		      .type = FRAME_ATTACH,
		      .attach = { .point = POINT_REG, .how = ATTACH_ABSENT, .released = true } });
	finish(c);
	assert_int_equal(digest_unseen(c->d, nothing, NULL), 0);
}

/* A VM that makes the tracer watch again was there before. */
static void watched_too_late_is_a_hole(void **state)
{
	struct scene *c = *state;
	char text[4096] = "";

	frame(c,
	      (struct frame){
		      .type = FRAME_ATTACH,
		      .attach = { .point = POINT_REG, .how = ATTACH_ABSENT, .released = true } });
	frame(c, (struct frame){ .type = FRAME_ATTACH,
				 .attach = { .point = POINT_REG, .how = ATTACH_FEXIT } });
	finish(c);
	assert_int_equal(digest_unseen(c->d, collect, text), 1);
	assert_non_null(strstr(text, "kvmppc_set_one_reg was not watched all the time: a VM was "
				     "there before it was watched again."));
}

static void a_retry_makes_it_good(void **state)
{
	const struct digest_cause *list[DIGEST_CAUSES];
	const struct digest_mark *marks[DIGEST_MARKS];
	struct scene *c = *state;

	vm_is(c, 1, false);
	query(c, 1, 48, -E2BIG);
	query(c, 1, 24, 0);
	finish(c);
	assert_int_equal(c->d->recovered, 1);
	assert_null(digest_first_failure(c->d));
	assert_int_equal(digest_causes(c->d, list), 2);
	assert_string_equal(list[0]->name, "struct-too-new");
	assert_int_equal(list[0]->n_recovered, 1);
	assert_int_equal(digest_marks(c->d->vms[0], marks), 3);
	assert_int_equal(marks[2]->retry, RETRY_RECOVERED);
}

/* What recovered did not go wrong: the first failure is that of the VM that gave up. */
static void the_first_failure_did_not_recover(void **state)
{
	const struct digest_cause *list[DIGEST_CAUSES], *first;
	struct scene *c = *state;

	query(c, 1, 48, -E2BIG);
	query(c, 2, 48, -E2BIG);
	query(c, 1, 24, 0);
	query(c, 3, 48, -E2BIG);
	query(c, 3, 16, -EINVAL);
	finish(c);
	first = digest_first_failure(c->d);
	assert_non_null(first);
	assert_string_equal(first->name, "struct-too-new");
	assert_int_equal(first->failure.vm, 2);
	assert_int_equal(first->n_failed, 3);
	assert_int_equal(first->n_recovered, 1);
	/* In the table it is the first of its cause all the same. */
	assert_int_equal(digest_causes(c->d, list), 3);
	assert_int_equal(list[0]->first.vm, 1);
}

/* A retry that fails too makes its first call a failure, also where a later one recovers. */
static void a_retry_that_fails_makes_nothing_good(void **state)
{
	const struct digest_cause *first;
	struct scene *c = *state;

	query(c, 1, 48, -E2BIG);
	query(c, 2, 48, -E2BIG);
	query(c, 2, 40, -E2BIG);
	query(c, 2, 24, 0);
	query(c, 1, 24, 0);
	finish(c);
	first = digest_first_failure(c->d);
	assert_non_null(first);
	assert_int_equal(first->failure.vm, 2);
	assert_int_equal(first->n_failed, 3);
	assert_int_equal(first->n_recovered, 2);
}

/* KVM answered it, though nobody knows how it came to: check and metrics count no failure. */
static void an_unexpected_success_is_no_failure(void **state)
{
	const struct digest_cause *list[DIGEST_CAUSES];
	struct scene *c = *state;

	query(c, 1, 5000, 0);
	finish(c);
	assert_int_equal(digest_causes(c->d, list), 1);
	assert_string_equal(list[0]->name, "unexpected");
	assert_int_equal(list[0]->kind, VERDICT_NOTE);
	assert_int_equal(list[0]->n_failed, 0);
	assert_int_equal(c->d->vms[0]->n_failures, 0);
	assert_null(digest_first_failure(c->d));
}

/* Of a cause that successes have too the first failure is told. */
static void a_failure_after_a_success_of_its_cause(void **state)
{
	const struct digest_cause *first;
	struct scene *c = *state;

	query(c, 1, 5000, 0);
	query(c, 2, 24, -EPERM);
	finish(c);
	first = digest_first_failure(c->d);
	assert_non_null(first);
	assert_string_equal(first->name, "unexpected");
	assert_int_equal(first->kind, VERDICT_FAILURE);
	assert_int_equal(first->n, 2);
	assert_int_equal(first->n_failed, 1);
	assert_int_equal(first->first.vm, 1);
	assert_int_equal(first->failure.vm, 2);
}

static void the_first_failure_comes_first(void **state)
{
	const struct digest_cause *list[DIGEST_CAUSES], *first;
	struct scene *c = *state;

	query(c, 1, 24, 0);
	query(c, 2, 16, -EINVAL);
	query(c, 3, 5000, -E2BIG);
	query(c, 2, 16, -EINVAL);
	query(c, 3, 16, -EINVAL);
	finish(c);
	first = digest_first_failure(c->d);
	assert_non_null(first);
	assert_string_equal(first->name, "size-too-small");
	assert_int_equal(first->n, 3);
	assert_int_equal(first->n_vms, 2);
	assert_int_equal(first->failure.vm, 2);
	assert_int_equal(digest_causes(c->d, list), 3);
	assert_string_equal(list[2]->name, "ok");
	assert_int_equal(c->d->vms[0]->number, 2);
	assert_int_equal(c->d->vms[2]->number, 1);
}

/* Of a VM with many events: the first, failures, the newest, in their order. */
static void marks_are_bounded(void **state)
{
	const struct digest_mark *marks[DIGEST_MARKS];
	struct scene *c = *state;
	const unsigned int n = 10000;

	for (unsigned int i = 0; i < n; i++)
		query(c, 1, i % 100 ? 24 : 16, i % 100 ? 0 : -EINVAL);
	finish(c);
	assert_int_equal(c->d->n_vms, 1);
	assert_int_equal(c->d->vms[0]->n_calls, n);
	assert_int_equal(c->d->vms[0]->n_failures, n / 100);
	assert_int_equal(digest_marks(c->d->vms[0], marks), DIGEST_MARKS);
	for (unsigned int i = 1; i < DIGEST_MARKS; i++)
		assert_true(marks[i - 1]->seq < marks[i]->seq);
	for (unsigned int i = 0; i < DIGEST_FAILURES; i++)
		assert_int_equal(marks[DIGEST_FIRST + i]->kind, VERDICT_FAILURE);
	/* Its story and the end come after it. */
	assert_int_equal(marks[DIGEST_MARKS - 1]->seq + 2, c->d->totals.events);
}

/* Of many VMs those that went wrong stay, whenever they did; counts are of all. */
static void vms_are_bounded(void **state)
{
	const struct digest_cause *first;
	struct scene *c = *state;
	const unsigned int n = 5000;

	for (unsigned int i = 1; i <= n; i++) {
		bool bad = i % 1000 == 0;

		vm_is(c, i, false);
		query(c, i, bad ? 16 : 24, bad ? -EINVAL : 0);
		vm_is(c, i, true);
	}
	finish(c);
	assert_int_equal(c->d->seen.n, n);
	assert_int_equal(c->d->n_vms, DIGEST_VMS);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(c->d->vms[i]->number, 1000 * (i + 1));
	assert_int_equal(c->d->vms[5]->n_failures, 0);
	first = digest_first_failure(c->d);
	assert_int_equal(first->n, 5);
	assert_int_equal(first->n_vms, 5);
	assert_false(c->d->vms_at_least);
	assert_int_equal(c->d->n_calls, n);
	assert_int_equal(digest_unseen(c->d, nothing, NULL), 0);
}

/* More VMs at once than are followed: one that went wrong takes the place of one that did not. */
static void a_failure_makes_room(void **state)
{
	struct scene *c = *state;
	const unsigned int n = DIGEST_VMS + 100;

	for (unsigned int i = 1; i <= n; i++)
		vm_is(c, i, false);
	query(c, n, 16, -EINVAL);
	finish(c);
	assert_int_equal(c->d->n_vms, DIGEST_VMS);
	assert_int_equal(c->d->vms[0]->number, n);
	assert_true(c->d->vms[0]->partial);
	assert_true(c->d->vms_at_least);
}

static void bars_cover_all_times(void **state)
{
	(void)state;
	assert_int_equal(digest_bar_ns(0), 1000);
	assert_int_equal(digest_bar_ns(4), 20000);
	for (size_t i = 1; i < DIGEST_BARS; i++)
		assert_true(digest_bar_ns(i) > digest_bar_ns(i - 1));
	assert_true(digest_bar_ns(DIGEST_BARS - 1) == UINT64_MAX);
}

static void times_in_words(void **state)
{
	static const struct {
		uint64_t ns;
		const char *words;
	} times[] = {
		{ 0, "0 ns" },
		{ 999, "999 ns" },
		{ 1999, "1 us" },
		{ 1000000, "1 ms" },
		{ 1500000, "1.5 ms" },
		{ 2000000000, "2 s" },
		{ 59900000000, "59.9 s" },
		{ 61000000000, "1 min 1 s" },
		{ 3600000000000, "1 h 0 min" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		assert_string_equal(time_words(buf, sizeof(buf), times[i].ns), times[i].words);
	time_words(buf, sizeof(buf), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_whole_has_nothing_unseen, begin, end),
		cmocka_unit_test_setup_teardown(each_hole_is_told, begin, end),
		cmocka_unit_test_setup_teardown(released_is_no_hole, begin, end),
		cmocka_unit_test_setup_teardown(watched_too_late_is_a_hole, begin, end),
		cmocka_unit_test_setup_teardown(a_retry_makes_it_good, begin, end),
		cmocka_unit_test_setup_teardown(the_first_failure_did_not_recover, begin, end),
		cmocka_unit_test_setup_teardown(a_retry_that_fails_makes_nothing_good, begin, end),
		cmocka_unit_test_setup_teardown(an_unexpected_success_is_no_failure, begin, end),
		cmocka_unit_test_setup_teardown(a_failure_after_a_success_of_its_cause, begin, end),
		cmocka_unit_test_setup_teardown(the_first_failure_comes_first, begin, end),
		cmocka_unit_test_setup_teardown(marks_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(vms_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(a_failure_makes_room, begin, end),
		cmocka_unit_test_setup_teardown(a_clock_that_was_set_is_told, begin, end),
		cmocka_unit_test(bars_cover_all_times),
		cmocka_unit_test(times_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
