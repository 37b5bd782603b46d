// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "story.h"

#define P9	0x4000000000000000
#define P9_P10	0x6000000000000000
#define EVERY	0x7000000000000000

static const struct host_facts host = { .page_size = 4096, .ksize = 24, .pseries = true,
					.kernel_cmd = ABI_CMD_MAINLINE, .has_cpu_version = true,
					.cpu_version = 0x0f000005, .backend_watched = true };
static const struct host_facts mute_host = { .page_size = 4096, .ksize = 24 };

static int setup(void **state)
{
	*state = story_new();
	return !*state;
}

static int teardown(void **state)
{
	story_free(*state);
	return 0;
}

static struct cc_record record(enum cc_type type, uint64_t vm, uint32_t pid, uint64_t mono_ns)
{
	struct cc_record r = { .type = type, .vm = vm, .vm_ino = vm + 1, .pid = pid,
			       .mono_ns = mono_ns, .cmd = ABI_CMD_MAINLINE,
			       .comm = "qemu-system-ppc", .in_words = 3, .out_words = 3,
			       .in = { 24 }, .out = { 24 } };

	return r;
}

static struct step add(struct story *s, const struct cc_record *r, const struct host_facts *of)
{
	struct diagnosis d;
	struct step step;

	assert_true(record_valid(r));
	if (r->type == CC_NEGOTIATION)
		diagnose(r, of, &d);
	story_add(s, r, r->type == CC_NEGOTIATION ? &d : NULL, of, &step);
	return step;
}

static struct step negotiate(struct story *s, uint64_t vm, uint64_t at, int ret, uint64_t usize,
			     uint64_t caps)
{
	struct cc_record r = record(CC_NEGOTIATION, vm, 7, at);

	r.ret = ret;
	r.in[0] = usize;
	r.out[2] = caps;
	return add(s, &r, &host);
}

static struct arch_diagnosis ask(struct story *s, uint64_t vm, uint32_t pvr, int ret)
{
	struct cc_record r = record(CC_ARCH_COMPAT, vm, 7, 100);
	struct arch_diagnosis d;
	struct step step;

	r.arg = pvr;
	r.ret = ret;
	step = add(s, &r, &host);
	diagnose_arch(&r, &step.offer, &d);
	story_arch(s, &r, &d);
	return d;
}

static void test_numbers(void **state)
{
	struct cc_record r[] = {
		record(CC_NEGOTIATION, 0xc000000000001000, 7, 1),
		record(CC_EXTENSION, 0xc000000000002000, 7, 2),
		record(CC_ARCH_COMPAT, 0xc000000000003000, 8, 3),
	};

	for (int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < 3; i++) {
			struct step step = add(*state, &r[i], &host);

			assert_int_equal(step.vm, i + 1);
			assert_int_equal(step.first, round == 0);
		}
	/* The same address and another VM: its inode, or its owner, is another. */
	r[0].vm_ino++;
	assert_int_equal(add(*state, &r[0], &host).vm, 4);
	r[0].pid++;
	assert_int_equal(add(*state, &r[0], &host).vm, 5);
	r[0].vm_ino--;
	r[0].pid--;
	assert_int_equal(add(*state, &r[0], &host).vm, 1);
	/* Threads are of their process. */
	r[0].tid = 99;
	assert_int_equal(add(*state, &r[0], &host).vm, 1);
}

/* KVM_CHECK_EXTENSION of /dev/kvm is nobody's: no number, no story. */
static void count(const char *text, void *ctx)
{
	(void)text;
	++*(unsigned int *)ctx;
}

static void test_no_vm(void **state)
{
	struct cc_record r = record(CC_EXTENSION, 0, 7, 1);
	struct step step = add(*state, &r, &host);
	unsigned int told = 0;

	assert_int_equal(step.vm, 0);
	assert_false(step.first);
	story_tell(*state, count, &told);
	assert_int_equal(told, 0);
}

/* The process of a guest may be gone when its VM is heard of again. */
static void test_guests(void **state)
{
	struct cc_record r[] = {
		record(CC_EXTENSION, 1, 7, 1),
		record(CC_EXTENSION, 2, 8, 2),
		record(CC_EXTENSION, 0, 8, 3),
	};
	struct step step = add(*state, &r[0], &host);

	assert_string_equal(step.guest, "");
	story_name(*state, &r[0], "fedora");
	assert_string_equal(step.guest, "fedora");
	assert_string_equal(add(*state, &r[1], &host).guest, "");
	assert_string_equal(add(*state, &r[0], &host).guest, "fedora");
	assert_string_equal(add(*state, &r[1], &host).guest, "");
	assert_string_equal(add(*state, &r[2], &host).guest, "");
}

static void test_too_many(void **state)
{
	struct cc_record r = record(CC_EXTENSION, 1, 7, 1);
	unsigned int told = 0;

	for (unsigned int i = 1; i <= STORY_MAX_VMS; i++) {
		r.vm_ino = i * 2654435761u;
		assert_int_equal(add(*state, &r, &host).vm, i);
	}
	r.vm_ino = 0;
	assert_int_equal(add(*state, &r, &host).vm, 0);
	assert_false(add(*state, &r, &host).first);
	ask(*state, 999999, 0x0f000006, -EINVAL);
	story_name(*state, &r, "nobody");
	/* Those that have a number keep it. */
	r.vm_ino = 5 * 2654435761u;
	assert_int_equal(add(*state, &r, &host).vm, 5);
	story_tell(*state, count, &told);
	assert_int_equal(told, STORY_MAX_VMS);
}

static void test_retry(void **state)
{
	struct step step;

	assert_false(negotiate(*state, 1, 1000, 0, 24, P9).retry.seen);
	assert_false(negotiate(*state, 1, 2000, -EINVAL, 0, 0).retry.seen);
	assert_false(negotiate(*state, 1, 3000, -E2BIG, 32, 0).retry.seen);
	/* Another VM's call is none of it. */
	assert_false(negotiate(*state, 2, 3500, 0, 24, P9).retry.seen);
	step = negotiate(*state, 1, 4000, 0, 24, P9);
	assert_true(step.retry.seen && step.retry.recovered);
	assert_int_equal(step.retry.after_ns, 1000);
	/* Once is enough. */
	assert_false(negotiate(*state, 1, 5000, 0, 24, P9).retry.seen);
}

static void test_retry_in_vain(void **state)
{
	struct step step;

	negotiate(*state, 1, 1000, -E2BIG, 32, 0);
	step = negotiate(*state, 1, 1500, -E2BIG, 32, 0);
	assert_true(step.retry.seen && !step.retry.recovered);
	assert_int_equal(step.retry.after_ns, 500);
	step = negotiate(*state, 1, 1700, -EINVAL, 0, 0);
	assert_true(step.retry.seen && !step.retry.recovered);
	assert_int_equal(step.retry.after_ns, 200);
	assert_false(negotiate(*state, 1, 1800, 0, 24, P9).retry.seen);
}

/* size over a page is E2BIG as well, and does not tell anybody to come again. */
static void test_no_retry(void **state)
{
	struct cc_record r = record(CC_NEGOTIATION, 1, 7, 1000);

	r.ret = -E2BIG;
	r.in[0] = r.out[0] = 4097;
	add(*state, &r, &host);
	assert_false(negotiate(*state, 1, 2000, 0, 24, P9).retry.seen);
}

/* Records come in the order of the ends of calls: one that began earlier is no answer to it. */
static void test_retry_of_threads(void **state)
{
	struct step step;

	negotiate(*state, 1, 5000, -E2BIG, 32, 0);
	assert_false(negotiate(*state, 1, 4000, 0, 24, P9).retry.seen);
	assert_false(negotiate(*state, 1, 4500, -E2BIG, 32, 0).retry.seen);
	step = negotiate(*state, 1, 6000, 0, 24, P9);
	assert_true(step.retry.seen && step.retry.recovered);
	assert_int_equal(step.retry.after_ns, 1000);
}

static void test_offer(void **state)
{
	struct cc_record r = record(CC_ARCH_COMPAT, 1, 7, 1);
	struct step step;

	/* Nobody knows; the device tree does; the newest answer of others; this VM's own. */
	step = add(*state, &r, &mute_host);
	assert_int_equal(step.offer.source, MODES_UNKNOWN);
	step = add(*state, &r, &host);
	assert_int_equal(step.offer.source, MODES_CPU_VERSION);
	assert_true(step.offer.modes == P9 && !step.offer.queried);
	negotiate(*state, 2, 1, 0, 24, EVERY);
	negotiate(*state, 3, 2, 0, 24, P9_P10);
	negotiate(*state, 3, 3, -EINVAL, 0, 0);
	step = add(*state, &r, &host);
	assert_int_equal(step.offer.source, MODES_OTHER_VM);
	assert_true(step.offer.modes == P9_P10 && !step.offer.queried);
	negotiate(*state, 1, 4, 0, 24, P9);
	negotiate(*state, 3, 5, 0, 24, EVERY);
	step = add(*state, &r, &host);
	assert_int_equal(step.offer.source, MODES_NEGOTIATION);
	assert_true(step.offer.modes == P9 && step.offer.queried);
}

/* A call that failed is none that was completed. */
static void test_failed_query(void **state)
{
	struct cc_record r = record(CC_ARCH_COMPAT, 1, 7, 1);

	negotiate(*state, 1, 1, -ENOTTY, 24, P9);
	assert_false(add(*state, &r, &host).offer.queried);
}

struct paragraphs {
	unsigned int n;
	char text[4][1024];
};

static void keep(const char *text, void *ctx)
{
	struct paragraphs *p = ctx;

	assert_in_range(p->n, 0, 3);
	assert_in_range(strlen(text), 10, sizeof(p->text[0]) - 1);
	assert_null(strchr(text, '\n'));
	strcpy(p->text[p->n++], text);
}

static void assert_tells(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void test_tell(void **state)
{
	struct cc_record r = record(CC_EXTENSION, 2, 7, 1);
	struct paragraphs p = { 0 };

	negotiate(*state, 1, 1000, -E2BIG, 32, 0);
	negotiate(*state, 1, 2000, 0, 24, P9_P10);
	ask(*state, 1, 0x0f000006, 0);
	r.ret = 1;
	r.arg = 250;
	add(*state, &r, &host);
	story_name(*state, &r, "fed\33ora");
	ask(*state, 2, 0x0f000007, -EINVAL);
	negotiate(*state, 3, 3000, -EINVAL, 0, 0);
	story_tell(*state, keep, &p);

	assert_int_equal(p.n, 3);
	assert_tells(p.text[0], "VM 1, qemu-system-ppc[7]:");
	assert_tells(p.text[0], "struct-too-new");
	assert_tells(p.text[0], "recovered");
	assert_tells(p.text[0], "the host offers POWER9+POWER10");
	assert_tells(p.text[0], "asked for POWER10");
	assert_tells(p.text[0], "(accepted)");
	assert_tells(p.text[1], "VM 2, qemu-system-ppc[7], guest \"fed?ora\":");
	assert_tells(p.text[1], "was told 1");
	assert_tells(p.text[1], "never called KVM_PPC_GET_COMPAT_CAPS");
	assert_tells(p.text[1], "asked for POWER11, this host offers POWER9+POWER10, and it never queried");
	assert_tells(p.text[1], "(newer-than-host)");
	assert_tells(p.text[2], "VM 3,");
	assert_tells(p.text[2], "size-too-small");
	assert_tells(p.text[2], "size is 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_vm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry_in_vain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_retry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry_of_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_query, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tell, setup, teardown),
	};

	story_free(NULL);
	return cmocka_run_group_tests_name("story", tests, NULL, NULL);
}
