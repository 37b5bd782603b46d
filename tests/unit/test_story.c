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

#include "diagnosis/story.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define P9	 0x4000000000000000
#define P9_P10	 0x6000000000000000
#define EVERY	 0x7000000000000000
#define POWER10	 0x0f000006

static const struct host_facts host = {
	.page_size = 4096,
	.ksize_is = FACT_KNOWN,
	.ksize = 24,
	.kernel_cmd = ABI_CMD_MAINLINE,
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = 0x0f000005,
	.nested = NESTED_V1,
};
static const struct host_facts mute_host = { .page_size = 4096 };

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

/* ------------------------------------------------------------ frames */

static void attach_to(struct story *s, enum point point, enum attach_how how, bool known,
		      const uint64_t *older, size_t n)
{
	const struct frame f = { .type = FRAME_ATTACH,
				 .attach = { .point = point,
					     .how = how,
					     .known = known,
					     .older = older,
					     .n_older = n } };

	story_attach(s, &f);
}

/* As it begins: everything is watched, and of the VMs there are these. */
static void watch(struct story *s, const uint64_t *older, size_t n)
{
	for (int p = 0; p < ATTACH_POINTS; p++)
		attach_to(s, p, ATTACH_FEXIT, true, older, n);
}

static void filter(struct story *s, bool threads, bool outcomes)
{
	const struct frame f = { .type = FRAME_TRACE,
				 .trace = { .host = host, .filters = { threads, outcomes, "" } } };

	story_trace(s, &f);
}

/* ino 0: of any VM. */
static void lose(struct story *s, uint64_t ino, uint64_t at)
{
	const struct loss_count by = { { .vm_ino = ino, .loss = CC_LOSS_BUDGET }, 3 };
	const struct frame f = { .type = FRAME_LOST,
				 .mono_ns = at,
				 .lost = { CC_LOSS_BUDGET, 3, &by, ino ? 1 : 0 } };

	story_lost(s, &f);
}

static struct step vm_event(struct story *s, bool ended, uint64_t ino, const char *name,
			    const char *option)
{
	const struct frame f = { .type = FRAME_VM,
				 .mono_ns = 50,
				 .vm = { ended, 7, ino, name, "qemu-system-ppc", option, "/" } };
	struct step step;

	story_vm(s, &f, &step);
	return step;
}

static struct step born(struct story *s, uint64_t ino, const char *name)
{
	return vm_event(s, false, ino, name, NULL);
}

static struct step dies(struct story *s, uint64_t ino, const char *name)
{
	return vm_event(s, true, ino, name, NULL);
}

/* ------------------------------------------------------------ calls */

static struct cc_record record(enum cc_type type, uint64_t vm, uint32_t pid, uint64_t mono_ns)
{
	struct cc_record r = { .type = type,
			       .vm = vm,
			       .vm_ino = vm + 1,
			       .pid = pid,
			       .mono_ns = mono_ns,
			       .cmd = ABI_CMD_MAINLINE,
			       .comm = "qemu-system-ppc",
			       .thread = "CPU 0/KVM",
			       .in_words = 3,
			       .out_words = 3,
			       .in = { 24 },
			       .out = { 24 } };

	if (type == CC_EXTENSION)
		r.arg = 250;
	return r;
}

static struct step add_named(struct story *s, const struct cc_record *r,
			     const struct host_facts *of, const char *option)
{
	const struct frame f = { .type = FRAME_CALL,
				 .mono_ns = r->mono_ns,
				 .call = { r, option, NULL, NULL } };
	struct diagnosis d;
	struct step step;

	assert_true(record_valid(r));
	if (r->type == CC_NEGOTIATION)
		diagnose(r, of, &d);
	story_call(s, &f, r->type == CC_NEGOTIATION ? &d : NULL, of, &step);
	return step;
}

static struct step add(struct story *s, const struct cc_record *r, const struct host_facts *of)
{
	return add_named(s, r, of, NULL);
}

static struct step negotiate(struct story *s, uint64_t vm, uint64_t at, int ret, uint64_t usize,
			     uint64_t caps)
{
	struct cc_record r = record(CC_NEGOTIATION, vm, 7, at);

	r.ret = ret;
	r.in[0] = usize;
	r.out[0] = ret && ret != -E2BIG ? usize : 24;
	r.out[2] = ret ? 0 : caps;
	return add(s, &r, &host);
}

static struct arch_diagnosis ask(struct story *s, uint64_t vm, uint32_t pvr, int ret)
{
	struct cc_record r = record(CC_ARCH_COMPAT, vm, 7, 100);
	const struct frame f = { .type = FRAME_CALL, .call = { &r, NULL, NULL, NULL } };
	struct arch_diagnosis d;
	struct step step;

	r.arg = pvr;
	r.ret = ret;
	step = add(s, &r, &host);
	diagnose_arch(&r, &host, &step.offer, &d);
	story_arch(s, &f, &step.offer, &d);
	return d;
}

static struct offer offer(struct story *s, uint64_t vm)
{
	struct cc_record r = record(CC_ARCH_COMPAT, vm, 7, 100);

	return add(s, &r, &host).offer;
}

/* ------------------------------------------------------------ who is who */

static void test_numbers(void **state)
{
	struct cc_record r[] = {
		record(CC_NEGOTIATION, 0xc000000000001000, 7, 1),
		record(CC_EXTENSION, 0xc000000000002000, 7, 2),
		record(CC_ARCH_COMPAT, 0xc000000000003000, 8, 3),
	};

	for (int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(add(*state, &r[i], &host).vm, i + 1);
	/* The same address and another VM: its inode is another. */
	r[0].vm_ino++;
	assert_int_equal(add(*state, &r[0], &host).vm, 4);
	r[0].vm_ino--;
	assert_int_equal(add(*state, &r[0], &host).vm, 1);
	/* Threads are of their process. */
	r[0].tid = 99;
	assert_int_equal(add(*state, &r[0], &host).vm, 1);
	/* Without an inode it is the address and the process. */
	r[0].vm_ino = 0;
	assert_int_equal(add(*state, &r[0], &host).vm, 5);
	r[0].pid++;
	assert_int_equal(add(*state, &r[0], &host).vm, 6);
	r[0].pid--;
	assert_int_equal(add(*state, &r[0], &host).vm, 5);
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
	unsigned int told = 0;
	struct step step;

	r.vm_ino = 0;
	step = add(*state, &r, &host);
	assert_int_equal(step.vm, 0);
	assert_string_equal(step.comm, "qemu-system-ppc");
	assert_string_equal(step.guest, "");
	story_tell(*state, count, &told);
	assert_int_equal(told, 0);
}

static void test_step_names(void **state)
{
	struct cc_record r = record(CC_EXTENSION, 1, 7, 1);
	struct step step;

	memcpy(r.comm, "a\nb\\", 5);
	memcpy(r.vm_name, "7-9", 4);
	step = add(*state, &r, &host);
	assert_string_equal(step.comm, "a\\x0ab\\\\");
	assert_string_equal(step.thread, "CPU 0/KVM");
	assert_string_equal(step.vm_name, "7-9");
}

/* The process of a guest may be gone when its VM is heard of again. */
static void test_guests(void **state)
{
	struct cc_record r[] = {
		record(CC_EXTENSION, 1, 7, 1),
		record(CC_EXTENSION, 2, 8, 2),
		record(CC_EXTENSION, 0, 8, 3),
	};

	r[2].vm_ino = 0;
	assert_string_equal(add(*state, &r[0], &host).guest, "");
	assert_string_equal(add_named(*state, &r[0], &host, "guest=fedora,debug-threads=on").guest,
			    "fedora");
	assert_string_equal(add(*state, &r[1], &host).guest, "");
	assert_string_equal(add(*state, &r[0], &host).guest, "fedora");
	assert_string_equal(add_named(*state, &r[0], &host, "").guest, "fedora");
	assert_string_equal(add(*state, &r[2], &host).guest, "");
	/* KVM told of it before its first call. */
	assert_string_equal(vm_event(*state, false, 40, "7-1", "db1").guest, "db1");
	r[0].vm_ino = 40;
	assert_string_equal(add(*state, &r[0], &host).guest, "db1");
	assert_string_equal(dies(*state, 40, "7-1").guest, "db1");
}

static void test_too_many(void **state)
{
	struct cc_record r = record(CC_EXTENSION, 1, 7, 1);
	unsigned int told = 0;

	for (unsigned int i = 1; i <= VM_TABLE_MAX; i++) {
		r.vm_ino = i * 2654435761u;
		assert_int_equal(add(*state, &r, &host).vm, i);
	}
	r.vm_ino = 1;
	assert_int_equal(add(*state, &r, &host).vm, 0);
	/* Of one that cannot be told apart nothing is claimed. */
	r = record(CC_ARCH_COMPAT, 999999, 7, 1);
	assert_int_equal(add(*state, &r, &host).offer.queried, QUERIED_NOT_SEEN);
	assert_null(strstr(ask(*state, 999999, POWER10, -EINVAL).hint, "never"));
	/* Those that have a number keep it. */
	r.vm_ino = 5 * 2654435761u;
	assert_int_equal(add(*state, &r, &host).vm, 5);
	story_tell(*state, count, &told);
	assert_int_equal(told, VM_TABLE_MAX + 1); /* and one that tells of those left out */
	/* What has ended makes room, first what ended first. */
	dies(*state, 7 * 2654435761u, "");
	dies(*state, 6 * 2654435761u, "");
	r.vm_ino = 1;
	assert_int_equal(add(*state, &r, &host).vm, VM_TABLE_MAX + 1);
	r.vm_ino = 6 * 2654435761u;
	assert_int_equal(add(*state, &r, &host).vm, 6);
	r.vm_ino = 2;
	assert_int_equal(add(*state, &r, &host).vm, VM_TABLE_MAX + 2);
	r.vm_ino = 3;
	assert_int_equal(add(*state, &r, &host).vm, 0);
	told = 0;
	story_tell(*state, count, &told);
	/* And one that tells of those forgotten. */
	assert_int_equal(told, VM_TABLE_MAX + 2);
}

/* One that was gone before it could be looked at is known by its name, until its calls come. */
static void test_gone_too_soon(void **state)
{
	struct cc_record r = record(CC_NEGOTIATION, 1, 7, 1), other = r;
	struct step step;

	watch(*state, NULL, 0);
	memcpy(r.vm_name, "7-9", 4);
	memcpy(other.vm_name, "7-8", 4);
	other.vm_ino = 77;
	assert_int_equal(born(*state, 0, "7-9").vm, 1);
	step = dies(*state, 0, "7-9");
	assert_int_equal(step.vm, 1);
	assert_int_equal(step.life, LIFE_UNKNOWN);
	assert_int_equal(add(*state, &other, &host).vm, 2);
	assert_int_equal(add(*state, &r, &host).vm, 1);
	assert_int_equal(add(*state, &r, &host).vm, 1);
	/* Another one of that name is another one. */
	r.vm_ino = 78;
	assert_int_equal(add(*state, &r, &host).vm, 3);
	/* And the other way about. */
	assert_int_equal(born(*state, 0, "7-8").vm, 2);
	assert_int_equal(born(*state, 0, "7-8").vm, 4);
}

/* ------------------------------------------------------------ retries */

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

/* size over a page is E2BIG as well, and does not tell anybody to retry. */
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
	struct cc_record r = record(CC_NEGOTIATION, 1, 7, 7000);
	struct step step;

	negotiate(*state, 1, 5000, -E2BIG, 32, 0);
	assert_false(negotiate(*state, 1, 4000, 0, 24, P9).retry.seen);
	assert_false(negotiate(*state, 1, 4500, -E2BIG, 32, 0).retry.seen);
	step = negotiate(*state, 1, 6000, 0, 24, P9);
	assert_true(step.retry.seen && step.retry.recovered);
	assert_int_equal(step.retry.after_ns, 1000);
	/* Nor is one that began before the E2BIG was there. */
	r.ret = -E2BIG;
	r.in[0] = 32;
	r.latency_ns = 500;
	add(*state, &r, &host);
	assert_false(negotiate(*state, 1, 7400, 0, 24, P9).retry.seen);
	step = negotiate(*state, 1, 7600, 0, 24, P9);
	assert_true(step.retry.seen && step.retry.recovered);
	assert_int_equal(step.retry.after_ns, 600);
}

/* E2BIG, a success that nobody saw, E2BIG: that is no failed retry. */
static void test_retry_unseen(void **state)
{
	struct cc_record r = record(CC_NEGOTIATION, 9, 7, 1000);

	watch(*state, NULL, 0);
	negotiate(*state, 1, 1000, -E2BIG, 32, 0);
	lose(*state, 2, 1500); /* this VM's */
	assert_false(negotiate(*state, 1, 2000, -E2BIG, 32, 0).retry.seen);
	lose(*state, 3, 2500); /* another one's */
	assert_true(negotiate(*state, 1, 3000, -E2BIG, 32, 0).retry.seen);
	lose(*state, 0, 3500); /* anybody's */
	assert_false(negotiate(*state, 1, 4000, -E2BIG, 32, 0).retry.seen);
	attach_to(*state, POINT_IOCTL, ATTACH_ABSENT, true, NULL, 0);
	attach_to(*state, POINT_IOCTL, ATTACH_FEXIT, true, (uint64_t[]){ 2 }, 1);
	assert_false(negotiate(*state, 1, 5000, -E2BIG, 32, 0).retry.seen);
	filter(*state, false, true);
	assert_false(negotiate(*state, 1, 6000, -E2BIG, 32, 0).retry.seen);
	filter(*state, true, false);
	assert_false(negotiate(*state, 1, 7000, -E2BIG, 32, 0).retry.seen);
	/* Filters on whole processes hide nothing of what is shown. */
	filter(*state, false, false);
	r.ret = -E2BIG;
	r.in[0] = 32;
	add(*state, &r, &host);
	r.mono_ns = 2000;
	assert_true(add(*state, &r, &host).retry.seen);
}

/* ------------------------------------------------------------ what is on offer */

static void test_offer(void **state)
{
	struct cc_record r = record(CC_ARCH_COMPAT, 1, 7, 1);
	struct step step;

	watch(*state, NULL, 0);
	/* Nobody knows; the device tree does; this VM's own answer. */
	step = add(*state, &r, &mute_host);
	assert_int_equal(step.offer.source, MODES_UNKNOWN);
	step = add(*state, &r, &host);
	assert_int_equal(step.offer.source, MODES_CPU_VERSION);
	assert_true(step.offer.modes == P9 && step.offer.queried == QUERIED_NO);
	/* What others were told is not this one's. */
	negotiate(*state, 2, 1, 0, 24, EVERY);
	negotiate(*state, 3, 2, 0, 24, P9_P10);
	step = add(*state, &r, &host);
	assert_int_equal(step.offer.source, MODES_CPU_VERSION);
	assert_true(step.offer.modes == P9);
	negotiate(*state, 1, 4, 0, 24, P9_P10);
	negotiate(*state, 3, 5, 0, 24, EVERY);
	step = add(*state, &r, &host);
	assert_int_equal(step.offer.source, MODES_NEGOTIATION);
	assert_true(step.offer.modes == P9_P10 && step.offer.queried == QUERIED_YES);
	/* A failure later does not undo it. */
	negotiate(*state, 1, 6, -EINVAL, 0, 0);
	assert_int_equal(offer(*state, 1).queried, QUERIED_YES);
}

/* What another thread has written over is not the host's word. */
static void test_offer_overwritten(void **state)
{
	struct cc_record r = record(CC_NEGOTIATION, 1, 7, 1);

	watch(*state, NULL, 0);
	r.seen = CC_SEEN_BACKEND;
	r.backend_caps = P9;
	r.out[2] = EVERY;
	add(*state, &r, &host);
	assert_true(offer(*state, 1).modes == P9);
	/* It was seen to change, and the hook was not seen. */
	r.seen = 0;
	r.in[1] = 1;
	add(*state, &r, &host);
	assert_true(offer(*state, 1).modes == P9);
}

static void test_failed_query(void **state)
{
	struct arch_diagnosis d;

	watch(*state, NULL, 0);
	negotiate(*state, 1, 1, -EINVAL, 0, 0);
	assert_int_equal(offer(*state, 1).queried, QUERIED_FAILED);
	assert_int_equal(offer(*state, 1).query_cause, CAUSE_SIZE_TOO_SMALL);
	negotiate(*state, 1, 2, -E2BIG, 32, 0);
	d = ask(*state, 1, POWER10, -EINVAL);
	assert_int_equal(d.cause, ARCH_NEWER_THAN_HOST);
	assert_non_null(strstr(d.hint, "its query failed (struct-too-new)"));
	assert_null(strstr(d.hint, "never"));
}

/* ------------------------------------------------------------ what of a life was seen */

static enum life life(struct story *s, uint64_t vm)
{
	struct cc_record r = record(CC_EXTENSION, vm, 7, 100);

	return add(s, &r, &host).life;
}

/* "Never queried" needs all of a VM's life. */
static void test_never(void **state)
{
	assert_int_equal(offer(*state, 90).queried,
			 QUERIED_NOT_SEEN); /* nobody told what is watched */
	watch(*state, (uint64_t[]){ 11, 12 }, 2);
	/* It is not among the older ones: then it was born since, whether KVM told or not. */
	assert_int_equal(offer(*state, 1).queried, QUERIED_NO);
	assert_int_equal(life(*state, 1), LIFE_WHOLE);
	born(*state, 3, "7-3");
	assert_int_equal(offer(*state, 2).queried, QUERIED_NO);
	assert_non_null(strstr(ask(*state, 2, POWER10, -EINVAL).hint, "it never queried"));
}

static void test_older(void **state)
{
	struct arch_diagnosis d;

	watch(*state, (uint64_t[]){ 11, 12 }, 2);
	assert_int_equal(life(*state, 10), LIFE_OLDER);
	d = ask(*state, 10, POWER10, -EINVAL);
	assert_int_equal(d.cause, ARCH_NEWER_THAN_HOST);
	assert_non_null(strstr(d.hint, "was not seen to query (the VM is older than this trace)"));
	/* Whatever KVM tells of it later. */
	born(*state, 12, "7-3");
	assert_int_equal(life(*state, 11), LIFE_OLDER);
	/* That it has queried is seen all the same. */
	negotiate(*state, 10, 1, 0, 24, P9);
	assert_int_equal(offer(*state, 10).queried, QUERIED_YES);
}

static void test_unknown_age(void **state)
{
	struct cc_record r = record(CC_ARCH_COMPAT, 3, 7, 1);

	for (int p = 0; p < ATTACH_POINTS; p++)
		attach_to(*state, p, ATTACH_KPROBE, false, NULL, 0);
	assert_int_equal(life(*state, 1), LIFE_UNKNOWN);
	assert_int_equal(offer(*state, 1).queried, QUERIED_NOT_SEEN);
	/* Of one that KVM told of since then it is known. */
	born(*state, 3, "7-3");
	assert_int_equal(life(*state, 2), LIFE_WHOLE);
	/* Without an inode nobody can tell. */
	watch(*state, NULL, 0);
	r.vm_ino = 0;
	assert_int_equal(add(*state, &r, &host).offer.queried, QUERIED_NOT_SEEN);
}

static void test_lossy(void **state)
{
	watch(*state, NULL, 0);
	offer(*state, 1);
	offer(*state, 2);
	lose(*state, 2, 200);
	assert_int_equal(offer(*state, 1).queried, QUERIED_NOT_SEEN);
	assert_string_equal(offer(*state, 1).not_seen, "events were lost");
	assert_int_equal(life(*state, 1), LIFE_LOSSY);
	assert_int_equal(offer(*state, 2).queried, QUERIED_NO);
	/* Of one that is not known yet. */
	lose(*state, 4, 200);
	assert_int_equal(life(*state, 3), LIFE_LOSSY);
	/* Of nobody knows whom: all that may have been there. */
	lose(*state, 0, 300);
	assert_int_equal(offer(*state, 2).queried, QUERIED_NOT_SEEN);
	assert_int_equal(life(*state, 5), LIFE_LOSSY);
	born(*state, 7, "7-7");
	assert_int_equal(life(*state, 6), LIFE_WHOLE);
}

/* A part of a loss is told of by VM, and the rest is anybody's. */
static void test_loss_of_some(void **state)
{
	const struct loss_count by = { { .vm_ino = 2 }, 3 };
	const struct frame f = { .type = FRAME_LOST, .lost = { CC_LOSS_RING, 4, &by, 1 } };

	watch(*state, NULL, 0);
	offer(*state, 4);
	story_lost(*state, &f);
	assert_int_equal(life(*state, 4), LIFE_LOSSY);
}

/* It ended just before that was lost: it may have been its. */
static void test_loss_after_the_end(void **state)
{
	watch(*state, NULL, 0);
	lose(*state, 99, 10);
	born(*state, 2, "7-2");
	dies(*state, 2, "7-2");
	lose(*state, 0, 60);
	assert_int_equal(life(*state, 1), LIFE_LOSSY);
	born(*state, 3, "7-3");
	lose(*state, 0, 70);
	assert_int_equal(life(*state, 2), LIFE_LOSSY);
}

/* Detached under a running VM, by a module that went or by a missed uevent. */
static void test_gap(void **state)
{
	watch(*state, NULL, 0);
	offer(*state, 1);
	attach_to(*state, POINT_IOCTL, ATTACH_ABSENT, true, (uint64_t[]){ 2 }, 1);
	assert_int_equal(offer(*state, 1).queried, QUERIED_NOT_SEEN);
	assert_string_equal(offer(*state, 1).not_seen, "it was not watched all the time");
	assert_int_equal(life(*state, 5), LIFE_GAP);
	attach_to(*state, POINT_IOCTL, ATTACH_FEXIT, true, (uint64_t[]){ 2, 4 }, 2);
	assert_int_equal(life(*state, 1), LIFE_GAP);
	/* Born meanwhile, so not older than the trace. */
	assert_int_equal(life(*state, 3), LIFE_GAP);
	assert_int_equal(life(*state, 7), LIFE_WHOLE);
	/* Requests for a mode are another function's. */
	attach_to(*state, POINT_REG, ATTACH_ABSENT, true, NULL, 0);
	assert_int_equal(life(*state, 7), LIFE_GAP);
	assert_int_equal(offer(*state, 7).queried, QUERIED_NO);
}

/* Attached to only while a VM is there: what the first one did before is not known. */
static void test_attached_late(void **state)
{
	for (int p = 0; p < ATTACH_POINTS; p++)
		attach_to(*state, p, ATTACH_ABSENT, true, NULL, 0);
	born(*state, 2, "7-2");
	watch(*state, (uint64_t[]){ 2, 3 }, 2);
	assert_int_equal(life(*state, 1), LIFE_GAP);
	assert_int_equal(life(*state, 2), LIFE_GAP);
	born(*state, 4, "7-4");
	assert_int_equal(life(*state, 3), LIFE_WHOLE);
}

static void test_filtered(void **state)
{
	filter(*state, true, false);
	watch(*state, NULL, 0);
	assert_int_equal(life(*state, 1), LIFE_FILTERED);
	assert_int_equal(offer(*state, 1).queried, QUERIED_NOT_SEEN);
	filter(*state, false, true);
	assert_int_equal(life(*state, 1), LIFE_FILTERED);
	filter(*state, false, false);
	assert_int_equal(life(*state, 1), LIFE_WHOLE);
}

static void test_life_names(void **state)
{
	static const char *const names[] = {
		"whole", "older", "lossy", "gap", "filtered", "unknown"
	};

	(void)state;
	for (unsigned int i = 0; i < COUNT(names); i++)
		assert_string_equal(life_name(i), names[i]);
	assert_null(life_name(COUNT(names)));
	assert_null(life_name(-1));
}

/* ------------------------------------------------------------ telling */

struct paragraphs {
	unsigned int n;
	char text[8][1024];
};

static void keep(const char *text, void *ctx)
{
	struct paragraphs *p = ctx;

	assert_in_range(p->n, 0, COUNT(p->text) - 1);
	assert_in_range(strlen(text), 10, sizeof(p->text[0]) - 1);
	assert_null(strchr(text, '\n'));
	strcpy(p->text[p->n++], text);
}

static void assert_tells(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void assert_silent(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in: %s", part, text);
}

static void test_tell(void **state)
{
	struct cc_record r = record(CC_EXTENSION, 2, 7, 1);
	struct paragraphs p = { 0 };

	watch(*state, NULL, 0);
	negotiate(*state, 1, 1000, -E2BIG, 32, 0);
	negotiate(*state, 1, 2000, 0, 24, P9_P10);
	ask(*state, 1, POWER10, 0);
	r.ret = 1;
	add_named(*state, &r, &host, "fed\\x1bora");
	ask(*state, 2, 0x0f000007, -EINVAL);
	negotiate(*state, 3, 3000, -EINVAL, 0, 0);
	ask(*state, 4, POWER10, 0);
	ask(*state, 4, 0, 0);
	negotiate(*state, 5, 3000, 0, 24, P9);
	negotiate(*state, 5, 4000, 0, 24, P9);
	story_tell(*state, keep, &p);

	assert_int_equal(p.n, 5);
	assert_string_equal(
		p.text[0],
		"VM 1, qemu-system-ppc[7]: 2 queries, 1 of which failed (first struct-too-new), 1 retry, which recovered; was offered POWER9 POWER10, asked for POWER10: accepted.");
	assert_tells(p.text[1], "VM 2, qemu-system-ppc[7], guest \"fed\\x1bora\": ");
	assert_tells(p.text[1], "checked KVM_CAP_PPC_COMPAT_CAPS (answer 1)");
	assert_tells(p.text[1], "asked for POWER11: newer-than-host. ");
	assert_tells(p.text[1], "asked for POWER11, this host offers POWER9, and it never queried");
	assert_silent(p.text[1], "never queried;"); /* once is enough */
	assert_tells(
		p.text[2],
		"VM 3, qemu-system-ppc[7]: 1 query, which failed (size-too-small); asked for no mode.");
	assert_tells(p.text[2], "size is 0");
	assert_string_equal(
		p.text[3],
		"VM 4, qemu-system-ppc[7]: never queried; asked for a mode 2 times, the last time for the host's default: host-default.");
	assert_string_equal(
		p.text[4],
		"VM 5, qemu-system-ppc[7]: 2 queries, which all succeeded; was offered POWER9, asked for no mode.");
}

/* One that asks for nothing is told of as well, but not what was not seen of it. */
static void test_tell_silent_vms(void **state)
{
	struct cc_record r = record(CC_EXTENSION, 9, 8, 1);
	struct paragraphs p = { 0 };

	watch(*state, (uint64_t[]){ 10 }, 1);
	assert_true(vm_event(*state, false, 2, "120-9", "guest=db1").silent);
	assert_false(add(*state, &r, &host).silent);
	negotiate(*state, 9, 5, 0, 24, P9);
	born(*state, 0, "7-4");
	story_tell(*state, keep, &p);
	assert_int_equal(p.n, 3);
	assert_string_equal(p.text[0],
			    "VM 1, qemu-system-ppc[7], guest \"db1\": asked for no mode.");
	assert_tells(p.text[1], "VM 2, qemu-system-ppc[8]: ");
	assert_tells(
		p.text[1],
		"1 query, which succeeded; was offered POWER9, was not seen to ask for a mode (the VM is older than this trace).");
	assert_tells(p.text[2],
		     "was not seen to ask for a mode (when it was born could not be told)");
}

static struct step find(struct story *s, uint64_t ino, enum inventory_mode is, uint32_t pvr)
{
	struct inventory_process owner = { .pid = 7, .part = PART_OWNER, .comm = "qemu" };
	struct inventory_vm vm = {
		.ino = ino,
		.name = "7-3",
		.processes = &owner,
		.n_processes = 1,
		.name_option = "guest=old",
	};
	const struct inventory_verdict v = { .is = is, .pvr = pvr };
	const struct frame f = { .type = FRAME_FOUND, .found.vm = &vm };
	struct step step;

	story_found(s, &f, &v, &step);
	return step;
}

/* What it had when the trace began is told, and of how it came to that nothing. */
static void test_found(void **state)
{
	const uint64_t older[] = { 2, 3, 4, 5, 6, 8 };
	struct paragraphs p = { 0 };
	struct step step;

	watch(*state, older, COUNT(older));
	step = find(*state, 2, MODE_SET, POWER10);
	assert_int_equal(step.vm, 1);
	assert_int_equal(step.life, LIFE_OLDER);
	assert_true(step.silent);
	assert_string_equal(step.guest, "old");
	find(*state, 3, MODE_HOST_DEFAULT, 0);
	find(*state, 4, MODE_REFUSED, 0);
	find(*state, 5, MODE_DIFFERS, 0);
	find(*state, 6, MODE_NO_VCPU, 0);
	find(*state, 8, MODE_UNKNOWN, 0);
	/* One that came meanwhile is born a moment later, as far as is told. */
	assert_int_equal(find(*state, 9, MODE_NO_VCPU, 0).vm, 7);
	assert_int_equal(born(*state, 9, "7-3").vm, 7);
	ask(*state, 1, POWER10, -EINVAL);
	story_tell(*state, keep, &p);
	assert_int_equal(p.n, 7);
	assert_tells(
		p.text[0],
		"VM 1, qemu[7], guest \"old\": was there when this trace began, in mode POWER10; asked for POWER10: newer-than-host. ");
	assert_string_equal(
		p.text[1],
		"VM 2, qemu[7], guest \"old\": was there when this trace began, in the host's own mode; was not seen to ask for a mode (the VM is older than this trace).");
	assert_tells(p.text[2], "began, with a mode that KVM had refused; ");
	assert_tells(p.text[3], "began, its vCPUs in different modes; ");
	assert_tells(p.text[4], "began, without a vCPU; ");
	assert_tells(p.text[5], "began; ");
	assert_string_equal(p.text[6], "VM 7, qemu[7], guest \"old\": asked for no mode.");
	assert_string_equal(
		dies(*state, 3, "7-3").sentence,
		"was there when this trace began, in the host's own mode, was not seen to ask for a mode (the VM is older than this trace)");
}

/* What is said of one that waits for its guest, and nothing of whether that came. */
static void test_incoming(void **state)
{
	struct frame f = { .type = FRAME_VM,
			   .mono_ns = 50,
			   .vm = { VM_CREATED, 7, 2, "7-2", "qemu-system-ppc", "db1", "/",
				   INCOMING_YES } };
	struct paragraphs p = { 0 };
	struct step step;

	watch(*state, NULL, 0);
	story_vm(*state, &f, &step);
	ask(*state, 1, 0x0f000005, 0);
	f.vm.ino = 3;
	f.vm.incoming = INCOMING_NO;
	story_vm(*state, &f, &step);
	story_tell(*state, keep, &p);
	assert_string_equal(
		p.text[0],
		"VM 1, qemu-system-ppc[7], guest \"db1\", started to take in a migrated guest (-incoming): never queried; asked for POWER9: accepted.");
	assert_silent(p.text[1], "incoming");
	assert_string_equal(
		dies(*state, 2, "7-2").sentence,
		"started to take in a migrated guest (-incoming), never queried, asked for POWER9: accepted");
}

static void test_tell_older_ask(void **state)
{
	struct paragraphs p = { 0 };

	watch(*state, (uint64_t[]){ 2 }, 1);
	ask(*state, 1, 0x0f000005, 0);
	story_tell(*state, keep, &p);
	assert_string_equal(
		p.text[0],
		"VM 1, qemu-system-ppc[7]: was not seen to query (the VM is older than this trace); asked for POWER9: accepted.");
}

static void test_end(void **state)
{
	watch(*state, (uint64_t[]){ 9 }, 1);
	assert_null(born(*state, 2, "7-2").sentence);
	assert_string_equal(dies(*state, 2, "7-2").sentence, "asked for no mode");
	negotiate(*state, 2, 1, 0, 24, P9_P10);
	ask(*state, 2, POWER10, 0);
	assert_string_equal(dies(*state, 3, "7-3").sentence,
			    "queried, was offered POWER9 POWER10, asked for POWER10: accepted");
	negotiate(*state, 3, 1, -EINVAL, 0, 0);
	ask(*state, 3, POWER10, -EINVAL);
	assert_string_equal(
		dies(*state, 4, "7-4").sentence,
		"queried and failed (size-too-small), asked for POWER10: newer-than-host");
	/* Known by its name alone, and one that nobody knew. */
	born(*state, 5, "7-5");
	assert_int_equal(dies(*state, 0, "7-5").vm, 4);
	assert_string_equal(dies(*state, 9, "7-9").sentence,
			    "was not seen to ask for a mode (the VM is older than this trace)");
	assert_string_equal(dies(*state, 0, "7-10").sentence,
			    "was not seen to ask for a mode (when it was born could not be told)");
}

/* ------------------------------------------------------------ what fails later */

static struct step run(struct story *s, uint64_t vm, int ret, uint32_t reason, uint64_t hardware)
{
	struct cc_record r = record(CC_RUN, vm, 7, 200);
	const struct frame f = { .type = FRAME_CALL, .call.rec = &r };
	struct step step;

	r.ret = ret;
	r.cmd = reason;
	r.arg = hardware;
	r.in_words = 0;
	r.vm_ino = vm ? vm + 1 : 0;
	assert_true(record_valid(&r));
	story_run(s, &f, &step);
	return step;
}

/* vm 0: in no ioctl that is known. */
static struct step says(struct story *s, uint64_t vm, uint32_t pid, uint64_t at, uint32_t cmd,
			const char *text)
{
	struct cc_record r = record(CC_KERNEL, vm, pid, at);
	const struct frame f = { .type = FRAME_KERNEL, .kernel = { &r, text, NULL, NULL } };
	struct step step;

	r.cmd = cmd;
	r.tid = pid;
	r.arg = strlen(text);
	r.vm_ino = vm ? vm + 1 : 0;
	assert_true(record_valid(&r));
	story_kernel(s, &f, &step);
	return step;
}

/* What was asked for, what KVM answered, how it ended, and what KVM said: no word more. */
static void test_run(void **state)
{
	struct step step;

	watch(*state, NULL, 0);
	step = run(*state, 1, -EINVAL, 19, 0);
	assert_int_equal(step.vm, 1);
	assert_false(step.run.asked);
	assert_false(step.silent);
	assert_int_equal(step.run.n_messages, 0);
	assert_string_equal(step.run.hint, "KVM_RUN failed with EINVAL");
	ask(*state, 1, POWER10, -EINVAL);
	step = run(*state, 1, -EINVAL, 19, 0);
	assert_true(step.run.asked && !step.run.accepted);
	assert_int_equal(step.run.pvr, POWER10);
	assert_int_equal(step.run.cause, ARCH_NEWER_THAN_HOST);
	assert_string_equal(step.run.hint, "was refused POWER10, then KVM_RUN failed: EINVAL");
	ask(*state, 1, POWER10, 0);
	assert_int_equal(says(*state, 1, 7, 150, ABI_CMD_RUN, "KVM: no").vm, 1);
	step = run(*state, 1, 0, ABI_EXIT_UNKNOWN, -22ull);
	assert_true(step.run.asked && step.run.accepted);
	assert_int_equal(step.run.n_messages, 1);
	assert_string_equal(
		step.run.hint,
		"asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, 884ea0283f4e does), and then KVM_RUN ended with exit reason unknown, hardware reason 0xffffffffffffffea; KVM printed: \"KVM: no\"");
	ask(*state, 1, 0, 0);
	step = run(*state, 1, 0, ABI_EXIT_INTERNAL_ERROR, 3);
	assert_string_equal(
		step.run.hint,
		"KVM_RUN ended with exit reason internal-error, suberror 3; KVM printed: \"KVM: no\"; KVM had accepted the host's default");
	ask(*state, 1, 0x0f000005, 0);
	assert_tells(
		run(*state, 1, 0, ABI_EXIT_FAIL_ENTRY, 1).run.hint,
		"fail-entry, hardware reason 0x1; KVM printed: \"KVM: no\"; KVM had accepted POWER9");
}

static struct step run_of(struct story *s, uint64_t vm, enum cc_type type, int ret,
			  const uint64_t *vcpu, __u8 words)
{
	struct cc_record r = record(type, vm, 7, 200);
	const struct frame f = { .type = FRAME_CALL, .call.rec = &r };
	struct step step;

	r.ret = ret;
	r.cmd = type == CC_RUN ? ABI_EXIT_UNKNOWN : 19;
	r.arg = type == CC_RUN ? -22ull : 0;
	r.tid = 7;
	r.in_words = words;
	memset(r.in, 0, sizeof(r.in));
	memcpy(r.in, vcpu, words * sizeof(*vcpu));
	assert_true(record_valid(&r));
	if (type == CC_RUN)
		story_run(s, &f, &step);
	else
		story_ran(s, &f, &step);
	return step;
}

#define RUN(exits, ret, n)     run_of(*state, 1, CC_RUN, ret, (uint64_t[]){ exits, POWER10 }, n)
#define RAN(vm, exits, pvr, n) run_of(*state, vm, CC_RAN, 0, (uint64_t[]){ exits, pvr }, n)

/* KVM itself counts how often a guest has left: what it printed in a first run is of that run. */
static void test_first_run(void **state)
{
	struct step step;

	watch(*state, NULL, 0);
	assert_string_equal(RUN(0, -EINVAL, 2).run.hint, "its first run failed: EINVAL");
	ask(*state, 1, POWER10, 0);
	assert_string_equal(
		RUN(1, 0, 2).run.hint,
		"asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, 884ea0283f4e does), and its first run failed: exit reason unknown, hardware reason 0xffffffffffffffea");
	says(*state, 1, 7, 150, ABI_CMD_RUN, "KVM-NESTEDv2: couldn't set guest wide elements");
	step = RUN(1, 0, 2);
	assert_true(step.run.first_known && step.run.first);
	assert_string_equal(
		step.run.hint,
		"asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, 884ea0283f4e does), and its first run failed: KVM-NESTEDv2: couldn't set guest wide elements (exit reason unknown, hardware reason 0xffffffffffffffea)");
	/* One that was in the guest before, one that is not known, and one that ran. */
	step = RUN(2, 0, 2);
	assert_true(step.run.first_known && !step.run.first);
	assert_tells(step.run.hint, "and then KVM_RUN ended with exit reason unknown");
	assert_false(RUN(1, -EINVAL, 2).run.first);
	assert_false(RUN(0, 0, 0).run.first_known);
	RAN(1, 1, POWER10, 2);
	assert_false(RUN(1, 0, 2).run.first);
	/* What another thread, or another ioctl, had KVM print is none of it. */
	says(*state, 1, 8, 150, ABI_CMD_RUN, "KVM: of another");
	assert_silent(RUN(1, 0, 2).run.hint, "failed: KVM");
}

/* That it runs is seen, and in which mode. */
static void test_ran(void **state)
{
	struct paragraphs p = { 0 };
	struct step step;

	watch(*state, NULL, 0);
	ask(*state, 1, POWER10, -EINVAL);
	step = RAN(1, 5, 0, 2);
	assert_int_equal(step.vm, 1);
	assert_true(step.run.asked && !step.run.accepted);
	ask(*state, 2, POWER10, 0);
	RAN(2, 5, POWER10, 2);
	ask(*state, 3, 0x0f000005, 0);
	RAN(3, 5, 0x0f000005, 2);
	ask(*state, 4, POWER10, -EINVAL);
	RAN(4, 5, 0, 1); /* KVM PR */
	ask(*state, 5, POWER10, -EINVAL);
	RAN(5, 5, 0, 2);
	ask(*state, 5, POWER10, -EINVAL); /* again: what comes of it was not seen */
	ask(*state, 6, 0x0f000005, 0);
	ask(*state, 6, POWER10, -EINVAL);
	RAN(6, 5, 0x0f000005, 2);
	run(*state, 6, -EINVAL, 0, 0);
	story_tell(*state, keep, &p);
	assert_int_equal(p.n, 6);
	assert_tells(
		p.text[0],
		". It was refused POWER10, went on without a mode and runs in the host's own.");
	assert_tells(
		p.text[1],
		". It asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, 884ea0283f4e does), and runs in POWER10.");
	assert_tells(p.text[2], "asked for POWER9: accepted. It runs in POWER9.");
	assert_tells(p.text[3], ". It was refused POWER10, runs, in a mode that is not known.");
	assert_silent(p.text[4], "runs");
	assert_tells(p.text[5],
		     ". It was refused POWER10, runs in POWER9. Later KVM_RUN failed with EINVAL.");
	assert_string_equal(
		dies(*state, 2, "7-1").sentence,
		"never queried, asked for POWER10: newer-than-host, went on without a mode and runs in the host's own");
	assert_string_equal(
		dies(*state, 7, "7-6").sentence,
		"never queried, asked for a mode 2 times, the last time for POWER10: newer-than-host, runs in POWER9, later KVM_RUN failed with EINVAL");
}

/* A vCPU that could not be told is of no VM, whatever else its process has. */
static void test_run_of_no_vm(void **state)
{
	struct step step;

	watch(*state, NULL, 0);
	ask(*state, 1, POWER10, -EINVAL);
	says(*state, 1, 7, 150, ABI_CMD_RUN, "KVM: no");
	step = run(*state, 0, 0, ABI_EXIT_UNKNOWN, 0);
	assert_int_equal(step.vm, 0);
	assert_false(step.run.asked);
	assert_int_equal(step.run.n_messages, 0);
	assert_string_equal(
		step.run.hint,
		"KVM_RUN ended with exit reason unknown; of which VM could not be told");
}

/* Each line is its VM's; one of no VM may be of any that lives in its process. */
static void test_messages(void **state)
{
	struct step step;

	watch(*state, NULL, 0);
	born(*state, 2, "7-1");
	born(*state, 3, "7-2");
	born(*state, 4, "7-3");
	dies(*state, 4, "7-3");
	assert_int_equal(says(*state, 2, 7, 1, ABI_CMD_RUN, "KVM: of the second").vm, 2);
	assert_int_equal(says(*state, 0, 7, 2, 0, "KVM: of one of them").vm, 0);
	assert_int_equal(says(*state, 0, 8, 3, 0, "KVM: of another process").vm, 0);
	step = run(*state, 1, -EINVAL, 0, 0);
	assert_int_equal(step.run.n_messages, 1);
	assert_string_equal(step.run.messages[0], "KVM: of one of them");
	assert_string_equal(step.run.hint, "KVM_RUN failed with EINVAL");
	step = run(*state, 2, -EINVAL, 0, 0);
	assert_int_equal(step.run.n_messages, 2);
	assert_string_equal(step.run.messages[0], "KVM: of the second");
	assert_tells(step.run.hint, "EINVAL; KVM printed: \"KVM: of the second\"");
	assert_int_equal(run(*state, 3, -EINVAL, 0, 0).run.n_messages, 0);
	/* The newest are kept. */
	for (int i = 0; i < 20; i++) {
		char text[] = "KVM: a";

		text[5] = (char)('a' + i);
		says(*state, 1, 7, 10 + i, ABI_CMD_RUN, text);
	}
	step = run(*state, 1, -EINVAL, 0, 0);
	assert_int_equal(step.run.n_messages, STORY_MESSAGES);
	assert_string_equal(step.run.messages[0], "KVM: m");
	assert_string_equal(step.run.messages[STORY_MESSAGES - 1], "KVM: t");
}

/* However many lines there are, the memory that they take has an end. */
static void test_many_messages(void **state)
{
	char text[4 * CC_LINE_LEN + 1] = "";
	size_t kept = 0;

	watch(*state, NULL, 0);
	memset(text, 'x', sizeof(text) - 1);
	for (uint64_t vm = 1; vm <= 3000; vm++)
		for (int i = 0; i < 9; i++)
			says(*state, vm, 7, 1, ABI_CMD_RUN, text);
	for (uint64_t vm = 1; vm <= 3000; vm++)
		kept += run(*state, vm, -EINVAL, 0, 0).run.n_messages;
	assert_in_range(kept, 1000, VM_TABLE_LINE_BYTES / sizeof(text));
}

/* A line is of a call where thread and time say so; of one that began unseen the ioctl has to. */
static void test_line_of_call(void **state)
{
	struct cc_record r = record(CC_NEGOTIATION, 1, 7, 1000);

	watch(*state, NULL, 0);
	r.tid = 7;
	r.latency_ns = 100;
	assert_null(story_line_of(*state, &r));
	says(*state, 1, 7, 1050, ABI_CMD_MAINLINE, "KVM: meanwhile");
	assert_string_equal(story_line_of(*state, &r), "KVM: meanwhile");
	r.tid = 8;
	assert_null(story_line_of(*state, &r));
	r.tid = 7;
	r.mono_ns = 1051;
	assert_null(story_line_of(*state, &r));
	r.mono_ns = 900;
	assert_null(story_line_of(*state, &r));
	r = record(CC_ARCH_COMPAT, 1, 7, 2000);
	r.tid = 7;
	assert_null(story_line_of(*state, &r));
	says(*state, 1, 7, 1990, ABI_CMD_SET_ONE_REG, "KVM: of the register");
	assert_string_equal(story_line_of(*state, &r), "KVM: of the register");
	assert_string_equal(add(*state, &r, &host).offer.message, "KVM: of the register");
	r.mono_ns = 1980;
	assert_null(story_line_of(*state, &r));
	r.vm = r.vm_ino = 9;
	assert_null(story_line_of(*state, &r));
}

static void test_tell_runs(void **state)
{
	struct paragraphs p = { 0 };

	watch(*state, NULL, 0);
	ask(*state, 1, POWER10, -EINVAL);
	run(*state, 1, -EINVAL, 0, 0);
	run(*state, 1, -EFAULT, 0, 0);
	says(*state, 1, 7, 300, ABI_CMD_RUN, "KVM: later");
	ask(*state, 2, POWER10, 0);
	says(*state, 2, 7, 190, ABI_CMD_RUN, "KVM: no");
	run(*state, 2, 0, ABI_EXIT_UNKNOWN, 5);
	ask(*state, 2, 0, 0);
	run(*state, 3, -EINVAL, 0, 0);
	story_tell(*state, keep, &p);
	assert_int_equal(p.n, 3);
	assert_tells(
		p.text[0],
		"(QEMU: max-cpu-compat). It was refused POWER10, then KVM_RUN failed: EINVAL. It failed in 2 different ways: this was the first.");
	assert_silent(p.text[0], "later");
	assert_tells(
		p.text[1],
		"host-default. It asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, 884ea0283f4e does), and then KVM_RUN ended with exit reason unknown, hardware reason 0x5; KVM printed: \"KVM: no\".");
	assert_string_equal(
		p.text[2],
		"VM 3, qemu-system-ppc[7]: asked for no mode. KVM_RUN failed with EINVAL.");
	assert_string_equal(
		dies(*state, 2, "7-1").sentence,
		"never queried, asked for POWER10: newer-than-host, then KVM_RUN failed: EINVAL");
	assert_string_equal(dies(*state, 4, "7-3").sentence,
			    "asked for no mode, KVM_RUN failed with EINVAL");
}

/* A lost line of KVM's, or exit, takes nothing from what is said of queries. */
static void test_loss_of_failures(void **state)
{
	const struct loss_count by[] = { { { .vm_ino = 2, .type = CC_RUN }, 3 },
					 { { .type = CC_KERNEL }, 4 },
					 { { .vm_ino = 2, .type = CC_RAN }, 1 } };
	struct frame f = { .type = FRAME_LOST, .lost = { CC_LOSS_RECURSION, 8, by, 3 } };

	watch(*state, NULL, 0);
	born(*state, 2, "7-1");
	story_lost(*state, &f);
	assert_int_equal(life(*state, 1), LIFE_WHOLE);
	f.lost.n++;
	story_lost(*state, &f);
	assert_int_equal(life(*state, 1), LIFE_LOSSY);
}

static void keep_first(const char *text, void *first)
{
	if (!*(char *)first)
		snprintf(first, 160, "%s", text);
}

static void fill(struct story *s, uint64_t first)
{
	struct cc_record r = record(CC_EXTENSION, 1, 7, 1);

	for (unsigned int i = 0; i < VM_TABLE_MAX; i++) {
		r.vm_ino = first + i;
		add(s, &r, &host);
	}
}

/* Of one that finds no room the name is told that stands in its frame, and none of its life later.
 */
static void test_beyond(void **state)
{
	struct cc_record late = record(CC_EXTENSION, 1, 8, 2);
	char first[160] = "";
	struct step step;
	bool more = true;

	watch(*state, NULL, 0);
	fill(*state, 1000);
	assert_int_equal(story_beyond(*state, &more), 0);
	late.vm_ino = 5;
	step = add_named(*state, &late, &host, "guest=late,debug-threads=on");
	assert_int_equal(step.vm, 0);
	assert_string_equal(step.guest, "late");
	assert_string_equal(add(*state, &late, &host).guest, "");
	late.vm_ino = 6;
	add(*state, &late, &host);
	assert_int_equal(story_beyond(*state, &more), 2);
	assert_false(more);
	story_tell(*state, keep_first, first);
	assert_string_equal(first, "2 VMs are left out: 65536 VMs can be told apart at once.");
	dies(*state, 1000, "");
	step = add(*state, &late, &host);
	assert_int_equal(step.vm, VM_TABLE_MAX + 1);
	assert_int_equal(step.life, LIFE_GAP);
	/* Without an inode they cannot be counted. */
	late.vm_ino = 0;
	add(*state, &late, &host);
	assert_int_equal(story_beyond(*state, &more), 2);
	assert_true(more);
}

/* Ends that were lost leave VMs that live for ever: they make room for others, if need be. */
static void test_lost_ends(void **state)
{
	const struct frame lost = { .type = FRAME_LOST, .lost = { CC_LOSS_UEVENTS, 9, NULL, 0 } };
	struct cc_record r = record(CC_EXTENSION, 1, 7, 1);
	char first[160] = "";

	watch(*state, NULL, 0);
	fill(*state, 1000);
	story_lost(*state, &lost);
	/* Nothing else is lost so. */
	assert_int_equal(life(*state, 1001), LIFE_WHOLE);
	r.vm_ino = 5;
	assert_int_equal(add(*state, &r, &host).vm, VM_TABLE_MAX + 1);
	/* The oldest of which nothing was heard since was forgotten: it may live. */
	r.vm_ino = 1000;
	assert_int_equal(add(*state, &r, &host).vm, VM_TABLE_MAX + 2);
	assert_int_equal(add(*state, &r, &host).life, LIFE_GAP);
	r.vm_ino = 1002;
	assert_int_equal(add(*state, &r, &host).vm, 3);
	story_tell(*state, keep_first, first);
	assert_string_equal(first, "2 VMs whose end may have been lost are left out.");
}

/* A name that was told of with a lost birth is not that of the next VM. */
static void test_lost_births(void **state)
{
	const struct frame lost = { .type = FRAME_LOST, .lost = { CC_LOSS_UEVENTS, 2, NULL, 0 } };
	struct cc_record r = record(CC_NEGOTIATION, 1, 7, 1);

	watch(*state, NULL, 0);
	memcpy(r.vm_name, "7-9", 4);
	assert_int_equal(born(*state, 0, "7-9").vm, 1);
	story_lost(*state, &lost);
	assert_int_equal(add(*state, &r, &host).vm, 2);
}

/* What a recording can hold and no kernel makes. */
static void test_hostile_frames(void **state)
{
	const struct frame vm = { .type = FRAME_VM };
	const struct frame point = { .type = FRAME_ATTACH,
				     .attach = { .point = 99, .known = true } };
	const struct loss_count by[] = { { { .vm_ino = 1 }, UINT64_MAX },
					 { { .vm_ino = 2 }, UINT64_MAX } };
	const struct frame lost = { .type = FRAME_LOST, .lost = { 99, 1, by, 2 } };
	struct cc_record r = record(CC_NEGOTIATION, 1, 7, UINT64_MAX);
	struct step step;
	unsigned int told = 0;

	story_attach(*state, &point);
	story_lost(*state, &lost);
	story_vm(*state, &vm, &step);
	story_vm(*state, &vm, &step);
	memset(r.comm, 1, sizeof(r.comm) - 1);
	memset(r.vm_name, '\\', sizeof(r.vm_name) - 1);
	r.latency_ns = 5;
	r.ret = -E2BIG;
	r.in[0] = 32;
	add(*state, &r, &host);
	add(*state, &r, &host);
	story_tell(*state, count, &told);
	assert_int_equal(told, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers),
		TEST(test_no_vm),
		TEST(test_step_names),
		TEST(test_guests),
		TEST(test_too_many),
		TEST(test_beyond),
		TEST(test_lost_ends),
		TEST(test_lost_births),
		TEST(test_gone_too_soon),
		TEST(test_retry),
		TEST(test_retry_in_vain),
		TEST(test_no_retry),
		TEST(test_retry_of_threads),
		TEST(test_retry_unseen),
		TEST(test_offer),
		TEST(test_offer_overwritten),
		TEST(test_failed_query),
		TEST(test_never),
		TEST(test_older),
		TEST(test_unknown_age),
		TEST(test_lossy),
		TEST(test_loss_of_some),
		TEST(test_loss_after_the_end),
		TEST(test_gap),
		TEST(test_attached_late),
		TEST(test_filtered),
		TEST(test_life_names),
		TEST(test_tell),
		TEST(test_tell_silent_vms),
		TEST(test_found),
		TEST(test_incoming),
		TEST(test_tell_older_ask),
		TEST(test_end),
		TEST(test_run),
		TEST(test_first_run),
		TEST(test_ran),
		TEST(test_run_of_no_vm),
		TEST(test_messages),
		TEST(test_many_messages),
		TEST(test_line_of_call),
		TEST(test_tell_runs),
		TEST(test_loss_of_failures),
		TEST(test_hostile_frames),
	};

	story_free(NULL);
	return cmocka_run_group_tests_name("story", tests, NULL, NULL);
}
