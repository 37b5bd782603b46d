// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a VM was offered, asked for, got and ran in, and how that ended. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report/ladder.h"

#define P9  0x4000000000000000u
#define P10 0x2000000000000000u

static struct history_request accepted = { .seq = 5, .pvr = 0x0f000005, .cause = ARCH_ACCEPTED };
static struct history_request refused = {
	.seq = 6, .pvr = 0x0f000007, .ret = -EINVAL, .cause = ARCH_NEWER_THAN_HOST
};
static struct history_request above = { .seq = 7,
					.pvr = 0x0f000007,
					.cause = ARCH_ACCEPTED_ABOVE_HOST };

static void is(const struct history *h, enum coverage_reason runs, enum outcome outcome,
	       const char *offered, const char *asked, const char *got, const char *ran)
{
	const struct vm_story story = { .history = h, .runs = runs };
	struct ladder l;

	ladder_of(&story, &l);
	assert_int_equal(l.outcome, outcome);
	assert_string_equal(l.offered, offered);
	assert_string_equal(l.asked, asked);
	assert_string_equal(l.got, got);
	assert_string_equal(l.ran, ran);
}

/* What was not seen is no "no". */
static void test_nothing(void **state)
{
	const struct history nothing = { 0 };

	(void)state;
	is(&nothing, NOT_COVERED_LOST, OUTCOME_FINE, "", "", "", "");
	is(&nothing, COVERED, OUTCOME_FINE, "", "", "", "not yet");
	is(&(const struct history){ .ended = true }, COVERED, OUTCOME_FINE, "", "", "", "no");
}

static void test_queries(void **state)
{
	struct history_vcpu vcpu = { .n_requests = 1, .n_kept = 1, .requests = &accepted };
	struct history h = { .n_failed = 1, .last_failure = CAUSE_COPYOUT_FAILED };

	(void)state;
	is(&h, COVERED, OUTCOME_QUERY_FAILED, "copyout-failed", "", "", "not yet");
	/* Another query may have come unseen. */
	is(&h, NOT_COVERED_LOST, OUTCOME_FINE, "copyout-failed", "", "", "");
	/* It has a mode all the same; and a kernel without the ioctl is no fault of a VM. */
	h.vcpus = &vcpu;
	h.n_vcpus = 1;
	is(&h, COVERED, OUTCOME_FINE, "copyout-failed", "POWER9", "accepted", "not yet");
	h = (struct history){ .n_failed = 1, .last_failure = CAUSE_NO_KERNEL_SUPPORT };
	is(&h, COVERED, OUTCOME_FINE, "no-kernel-support", "", "", "not yet");
	h = (struct history){
		.n_ok = 1, .n_failed = 3, .offered_known = true, .offered = P9 | P10
	};
	is(&h, COVERED, OUTCOME_FINE, "POWER9 POWER10", "", "", "not yet");
}

/* The newest request counts; vCPUs that differ are said to. */
static void test_requests(void **state)
{
	struct history_request both[] = { refused, above };
	struct history_vcpu vcpus[] = {
		{ .n_requests = 1, .n_kept = 1, .requests = &refused },
		{ .n_requests = 2, .n_kept = 2, .requests = both },
	};
	struct history h = { .vcpus = vcpus, .n_vcpus = 1 };

	(void)state;
	is(&h, COVERED, OUTCOME_REFUSED, "", "POWER11", "newer-than-host", "not yet");
	h.vcpus = &vcpus[1];
	is(&h, COVERED, OUTCOME_ABOVE_HOST, "", "POWER11", "accepted-above-host", "not yet");
	h.vcpus = vcpus;
	h.n_vcpus = 2;
	is(&h, COVERED, OUTCOME_ABOVE_HOST, "", "POWER11", "several", "not yet");
	above.pvr = 0x0f000006;
	both[1] = above;
	is(&h, COVERED, OUTCOME_ABOVE_HOST, "", "several", "several", "not yet");
}

static void test_runs(void **state)
{
	struct history_vcpu vcpus[] = {
		{ .n_requests = 1,
		  .n_kept = 1,
		  .requests = &accepted,
		  .first_run = 9,
		  .ran = { .seq = 9, .pvr = 0x0f000005, .mode_known = true } },
		{ .first_run = 10, .ran = { .seq = 10, .mode_known = true } },
	};
	struct history h = { .vcpus = vcpus, .n_vcpus = 1 };

	(void)state;
	is(&h, COVERED, OUTCOME_FINE, "", "POWER9", "accepted", "POWER9");
	vcpus[0].ran.mode_known = false;
	is(&h, COVERED, OUTCOME_FINE, "", "POWER9", "accepted", "yes");
	vcpus[0].ran.mode_known = true;
	h.n_vcpus = 2;
	is(&h, COVERED, OUTCOME_FINE, "", "POWER9", "accepted", "several");
	h.vcpus = &vcpus[1];
	h.n_vcpus = 1;
	is(&h, COVERED, OUTCOME_FINE, "", "", "", "the host's own mode");
	/* It runs since then, or has failed again, maybe after it ran. */
	vcpus[1].failure = &(struct history_failure){ .seq = 4 };
	h.n_failures = vcpus[1].n_failures = 1;
	is(&h, COVERED, OUTCOME_FINE, "", "", "", "the host's own mode");
	h.n_failures = vcpus[1].n_failures = 2;
	is(&h, COVERED, OUTCOME_RUN_FAILED, "", "", "", "failed");
	vcpus[1].ran.seq = 0;
	is(&h, COVERED, OUTCOME_RUN_FAILED, "", "", "", "failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
