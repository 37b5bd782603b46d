// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is said of a VM, from frames through the session: which VM it is, what was seen of it, its
 * story. */
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

#include "diagnosis/session.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define P9	 0x4000000000000000
#define P9_P10	 0x6000000000000000
#define EVERY	 0x7000000000000000
#define POWER8	 0x0f000004
#define POWER9	 0x0f000005
#define POWER10	 0x0f000006
#define POWER11	 0x0f000007

static const struct host_facts host = {
	.page_size = 4096,
	.ksize_is = FACT_KNOWN,
	.ksize = 24,
	.kernel_cmd = ABI_CMD_MAINLINE,
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = POWER9,
	.nested = NESTED_V1,
};

/* What the newest frame gave, and the newest story of each VM. */
struct got {
	unsigned int vm;
	char guest[300], comm[80], thread[80], vm_name[120];
	enum life life;
	bool silent;
	struct retry retry;
	struct offer offer;
	char not_seen[120], message[300];
	enum arch_cause cause;
	/* Of a request, with what is for the author of the VMM, of a failed run, of a query. */
	char hint[900];
	struct run run;
	char messages[HISTORY_LINES][64];
	char sentence[1200];
	unsigned int n_stories;
	bool again; /* the newest of them was told before */
};

#define VMS 16

struct scene {
	struct session *s;
	uint64_t now;
	struct got got;
	char stories[VMS + 1][2400]; /* by VM */
	enum coverage_state coverage[VMS + 1];
};

static void copy(char *to, size_t len, const char *from)
{
	snprintf(to, len, "%s", from ? from : "");
}

static void see_request(struct got *g, const struct event *e)
{
	g->offer = *e->arch.offer;
	copy(g->not_seen, sizeof(g->not_seen), g->offer.not_seen);
	copy(g->message, sizeof(g->message), g->offer.message);
	g->cause = e->arch.diag->cause;
	snprintf(g->hint, sizeof(g->hint), "%s. %s", e->arch.diag->hint,
		 e->arch.diag->developer_hint);
}

static void see_run(struct got *g, const struct event *e)
{
	g->run = *e->run;
	copy(g->hint, sizeof(g->hint), e->run->hint);
	for (size_t i = 0; i < e->run->n_messages; i++)
		copy(g->messages[i], sizeof(g->messages[i]), e->run->messages[i]);
}

static void see_vm(struct got *g, const struct event *e)
{
	g->life = e->vm_life.life;
	g->silent = e->vm_life.silent;
	copy(g->sentence, sizeof(g->sentence), e->vm_life.sentence);
}

static void see(const struct event *e, void *ctx)
{
	struct scene *c = ctx;
	struct got *g = &c->got;

	if (e->type == EVENT_STORY) {
		g->n_stories++;
		assert_non_null(e->story->text);
		assert_null(strchr(e->story->text, '\n'));
		if (e->vm > VMS)
			return;
		copy(c->stories[e->vm], sizeof(c->stories[0]), e->story->text);
		c->coverage[e->vm] = coverage_state_of(e->story->coverage);
		g->again = e->story->again;
		return;
	}
	if (e->type == EVENT_END)
		return;
	g->vm = e->vm;
	copy(g->guest, sizeof(g->guest), e->guest);
	copy(g->comm, sizeof(g->comm), e->comm);
	copy(g->thread, sizeof(g->thread), e->thread);
	copy(g->vm_name, sizeof(g->vm_name), e->vm_name);
	if (e->type == EVENT_ARCH_COMPAT)
		see_request(g, e);
	else if (e->type == EVENT_RUN || e->type == EVENT_RAN)
		see_run(g, e);
	else if (e->type == EVENT_VM)
		see_vm(g, e);
	else if (e->type == EVENT_FOUND)
		copy(g->hint, sizeof(g->hint), e->verdict->hint);
	else if (e->type == EVENT_RETRY)
		g->retry = *e->retry;
	else if (e->type == EVENT_NEGOTIATION)
		copy(g->hint, sizeof(g->hint), e->negotiation.diag->hint);
}

static struct got hand(struct scene *c, struct frame f)
{
	c->now += 1000;
	f.mono_ns = c->now;
	f.real_ns = c->now;
	memset(&c->got, 0, sizeof(c->got));
	session_frame(c->s, &f);
	return c->got;
}

static void begin(struct scene *c, uint32_t schema, struct frame_filters filters)
{
	session_free(c->s);
	memset(c, 0, sizeof(*c));
	c->s = session_new(see, c);
	assert_non_null(c->s);
	c->now = 1000000;
	hand(c, (struct frame){ .type = FRAME_TRACE,
				.trace = { .schema = schema, .host = host, .filters = filters } });
}

static int setup(void **state)
{
	struct scene *c = calloc(1, sizeof(*c));

	if (!c)
		return -1;
	*state = c;
	begin(c, 0, (struct frame_filters){ 0 });
	return 0;
}

static int teardown(void **state)
{
	struct scene *c = *state;

	session_free(c->s);
	free(c);
	return 0;
}

/* ------------------------------------------------------------ frames */

static void attach_to(struct scene *c, enum point point, enum attach_how how, const uint64_t *older,
		      size_t n)
{
	hand(c, (struct frame){ .type = FRAME_ATTACH,
				.attach = { .point = point,
					    .how = how,
					    .known = true,
					    .older = older,
					    .n_older = n } });
}

/* As it begins: births first. */
static void watch(struct scene *c)
{
	attach_to(c, POINT_BIRTH, ATTACH_FEXIT, NULL, 0);
	attach_to(c, POINT_DEATH, ATTACH_FEXIT, NULL, 0);
	for (int p = 0; p < POINT_BIRTH; p++)
		attach_to(c, p, ATTACH_FEXIT, NULL, 0);
}

/* vm 0: of any VM. */
static void lose_type(struct scene *c, uint64_t vm, enum cc_type type)
{
	const struct loss_count by = { { .vm = vm, .loss = CC_LOSS_BUDGET, .type = type }, 3 };

	hand(c, (struct frame){ .type = FRAME_LOST,
				.lost = { CC_LOSS_BUDGET, 3, &by, vm || type ? 1 : 0 } });
}

static void lose(struct scene *c, uint64_t vm)
{
	lose_type(c, vm, 0);
}

static struct got vm_is(struct scene *c, enum vm_event event, uint64_t vm, const char *option)
{
	return hand(c, (struct frame){ .type = FRAME_VM,
				       .vm = { .event = event,
					       .pid = 7,
					       .number = vm,
					       .comm = "qemu-system-ppc",
					       .name_option = option,
					       .cgroup = "/" } });
}

static struct got born(struct scene *c, uint64_t vm)
{
	return vm_is(c, VM_CREATED, vm, NULL);
}

static struct got dies(struct scene *c, uint64_t vm)
{
	return vm_is(c, VM_ENDED, vm, NULL);
}

static void over(struct scene *c)
{
	hand(c, (struct frame){ .type = FRAME_END });
}

/* ------------------------------------------------------------ calls */

static struct cc_record record(const struct scene *c, enum cc_type type, uint64_t vm)
{
	struct cc_record r = { .type = type,
			       .vm = vm,
			       .vm_ino = vm ? vm + 1 : 0,
			       .pid = 7,
			       .tid = 7,
			       .mono_ns = c->now + 1000,
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

static struct got call_named(struct scene *c, const struct cc_record *r, const char *option)
{
	assert_true(record_valid(r));
	return hand(c, (struct frame){ .type = FRAME_CALL, .call = { r, option, NULL, NULL } });
}

static struct got call(struct scene *c, const struct cc_record *r)
{
	return call_named(c, r, NULL);
}

static struct got check(struct scene *c, uint64_t vm)
{
	const struct cc_record r = record(c, CC_EXTENSION, vm);

	return call(c, &r);
}

static struct got query_of(struct scene *c, uint64_t vm, uint32_t tid, int ret, uint64_t usize,
			   uint64_t caps)
{
	struct cc_record r = record(c, CC_NEGOTIATION, vm);

	r.tid = tid;
	r.ret = ret;
	r.in[0] = usize;
	r.out[0] = ret && ret != -E2BIG ? usize : 24;
	r.out[2] = ret ? 0 : caps;
	return call(c, &r);
}

static struct got query(struct scene *c, uint64_t vm, int ret, uint64_t usize, uint64_t caps)
{
	return query_of(c, vm, 7, ret, usize, caps);
}

#define SOME_VCPU -1

static struct got ask_of(struct scene *c, uint64_t vm, int vcpu, uint32_t pvr, int ret)
{
	struct cc_record r = record(c, CC_ARCH_COMPAT, vm);

	r.arg = pvr;
	r.ret = ret;
	if (vcpu != SOME_VCPU) {
		r.seen = CC_SEEN_VCPU | CC_SEEN_PAPR;
		r.vcpu = (uint32_t)vcpu;
		r.papr = 1;
	}
	return call(c, &r);
}

static struct got ask(struct scene *c, uint64_t vm, uint32_t pvr, int ret)
{
	return ask_of(c, vm, 0, pvr, ret);
}

static struct got run_of(struct scene *c, uint64_t vm, int vcpu, enum cc_type type, int ret,
			 int64_t exits, uint32_t pvr)
{
	struct cc_record r = record(c, type, vm);

	r.ret = ret;
	r.cmd = type == CC_RAN ? 19 : ABI_EXIT_UNKNOWN;
	r.arg = type == CC_RUN ? -22ull : 0;
	r.in_words = exits < 0 ? 0 : 2;
	r.in[CC_VCPU_EXITS] = exits < 0 ? 0 : (uint64_t)exits;
	r.in[CC_VCPU_PVR] = exits < 0 ? 0 : pvr;
	if (vcpu != SOME_VCPU) {
		r.seen = CC_SEEN_VCPU;
		r.vcpu = (uint32_t)vcpu;
	}
	return call(c, &r);
}

static struct got ran(struct scene *c, uint64_t vm, int vcpu, uint32_t pvr)
{
	return run_of(c, vm, vcpu, CC_RAN, 0, 5, pvr);
}

static struct got fails(struct scene *c, uint64_t vm, int vcpu, int64_t exits, uint32_t pvr)
{
	return run_of(c, vm, vcpu, CC_RUN, -EINVAL, exits, pvr);
}

static struct got says(struct scene *c, struct cc_record *r, const char *text)
{
	r->arg = strlen(text);
	assert_true(record_valid(r));
	return hand(c, (struct frame){ .type = FRAME_KERNEL, .kernel = { r, text, NULL, NULL } });
}

/* vm 0: in no ioctl that is known. */
static struct got says_in(struct scene *c, uint64_t vm, uint32_t tid, uint32_t cmd,
			  const char *text)
{
	struct cc_record r = record(c, CC_KERNEL, vm);

	r.cmd = cmd;
	r.tid = r.pid = tid;
	r.in_words = 0;
	return says(c, &r, text);
}

/* In an ioctl of that vCPU of VM 1; reg: that a KVM_SET_ONE_REG sets. */
static struct got says_of(struct scene *c, uint32_t vcpu, uint64_t reg, const char *text)
{
	struct cc_record r = record(c, CC_KERNEL, 1);

	r.cmd = reg ? ABI_CMD_SET_ONE_REG : ABI_CMD_RUN;
	r.seen |= CC_SEEN_VCPU;
	r.vcpu = vcpu;
	r.in_words = reg != 0;
	r.in[0] = reg;
	return says(c, &r, text);
}

static struct got find(struct scene *c, uint64_t vm, const struct inventory_vcpu *vcpus, size_t n,
		       uint32_t has)
{
	struct inventory_process owner = { .pid = 7, .part = PART_OWNER, .comm = "qemu" };
	struct inventory_vm there = { .number = vm,
				      .ino = vm + 1,
				      .backend = BACKEND_HV,
				      .n_vcpus = has,
				      .vcpus = (struct inventory_vcpu *)vcpus,
				      .n_open_vcpus = n,
				      .processes = &owner,
				      .n_processes = 1,
				      .name_option = "guest=old" };

	return hand(c, (struct frame){ .type = FRAME_FOUND, .found.vm = &there });
}

static void host_is(struct scene *c, uint32_t cpu_version, enum nested_api nested)
{
	struct frame f = { .type = FRAME_HOST, .host.facts = host };

	f.host.facts.cpu_version = cpu_version;
	f.host.facts.nested = nested;
	hand(c, f);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void assert_silent(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in: %s", part, text);
}

/* ------------------------------------------------------------ which VM it is */

/* A VM is its number, whatever its name, its process and its inode are. */
static void test_numbers(void **state)
{
	struct scene *c = *state;
	struct cc_record r;

	watch(c);
	for (int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(check(c, 90 + i).vm, i + 1);
	r = record(c, CC_EXTENSION, 91);
	r.vm_ino = 0;
	r.pid = r.tid = 8;
	assert_int_equal(call(c, &r).vm, 2);
	r.vm = 93;
	r.vm_ino = 91;
	assert_int_equal(call(c, &r).vm, 4);
	/* No number, no VM. */
	r.vm = 0;
	assert_int_equal(call(c, &r).vm, 0);
	assert_int_equal(born(c, 94).vm, 5);
	assert_int_equal(dies(c, 94).vm, 5);
	assert_int_equal(c->got.n_stories, 1);
	over(c);
	assert_int_equal(c->got.n_stories, 4);
}

static void test_names(void **state)
{
	struct scene *c = *state;
	struct cc_record r = record(c, CC_EXTENSION, 1), other;
	struct got g;

	memcpy(r.comm, "a\nb\\", 5);
	memcpy(r.vm_name, "7-9", 4);
	g = call(c, &r);
	assert_string_equal(g.comm, "a\\x0ab\\\\");
	assert_string_equal(g.thread, "CPU 0/KVM");
	assert_string_equal(g.vm_name, "7-9");
	/* The process of a guest may be gone when its VM is heard of again. */
	assert_string_equal(g.guest, "");
	assert_string_equal(call_named(c, &r, "guest=fedora,debug-threads=on").guest, "fedora");
	assert_string_equal(call_named(c, &r, "").guest, "fedora");
	other = record(c, CC_EXTENSION, 0);
	assert_string_equal(call(c, &other).guest, "");
	assert_string_equal(call_named(c, &other, "guest=db1").guest, "db1");
	assert_string_equal(vm_is(c, VM_CREATED, 40, "db1").guest, "db1");
	assert_string_equal(check(c, 40).guest, "db1");
	/* It has a directory later than it is there. */
	r = record(c, CC_EXTENSION, 40);
	memcpy(r.vm_name, "7-3", 4);
	assert_string_equal(call(c, &r).vm_name, "7-3");
	assert_string_equal(dies(c, 40).guest, "db1");
	assert_string_equal(c->got.vm_name, "7-3");
}

/* KVM_CREATE_VM that fails makes no VM. */
static void test_failed_vm(void **state)
{
	struct scene *c = *state;

	watch(c);
	assert_int_equal(vm_is(c, VM_FAILED, 0, "guest=a").vm, 0);
	assert_string_equal(c->got.guest, "a");
	assert_int_equal(born(c, 1).vm, 1);
	over(c);
	assert_int_equal(c->got.n_stories, 1);
}

/* ------------------------------------------------------------ retries */

static void test_retry(void **state)
{
	struct scene *c = *state;
	struct got g;

	assert_false(query(c, 1, 0, 24, P9).retry.seen);
	assert_false(query(c, 1, -EINVAL, 0, 0).retry.seen);
	assert_false(query(c, 1, -E2BIG, 32, 0).retry.seen);
	/* Another VM's call is none of it. */
	assert_false(query(c, 2, 0, 24, P9).retry.seen);
	g = query(c, 1, 0, 24, P9);
	assert_true(g.retry.seen && g.retry.recovered);
	assert_int_equal(g.retry.after_ns, 2000);
	/* Once is enough. */
	assert_false(query(c, 1, 0, 24, P9).retry.seen);
	query(c, 1, -E2BIG, 32, 0);
	g = query(c, 1, -E2BIG, 32, 0);
	assert_true(g.retry.seen && !g.retry.recovered);
	g = query(c, 1, -EINVAL, 0, 0);
	assert_true(g.retry.seen && !g.retry.recovered);
	/* A size over a page is E2BIG as well, and does not tell anybody to retry. */
	{
		struct cc_record r = record(c, CC_NEGOTIATION, 1);

		r.ret = -E2BIG;
		r.in[0] = r.out[0] = 4097;
		call(c, &r);
	}
	assert_false(query(c, 1, 0, 24, P9).retry.seen);
}

/* Records come in the order of the ends of calls: one that began earlier is no answer to it. */
static void test_retry_of_threads(void **state)
{
	struct scene *c = *state;
	struct cc_record r;

	query(c, 1, -E2BIG, 32, 0);
	r = record(c, CC_NEGOTIATION, 1);
	r.out[2] = P9;
	r.mono_ns -= 3000;
	assert_false(call(c, &r).retry.seen);
	assert_true(query(c, 1, 0, 24, P9).retry.seen);
	/* Nor is one that began before the E2BIG was there. */
	r = record(c, CC_NEGOTIATION, 1);
	r.ret = -E2BIG;
	r.in[0] = 32;
	r.latency_ns = 1500;
	call(c, &r);
	assert_false(query(c, 1, 0, 24, P9).retry.seen);
	assert_true(query(c, 1, 0, 24, P9).retry.seen);
}

/* A retry is what the same thread does, or anybody with the size that was written back. */
static void test_retry_of_a_stranger(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	born(c, 1);
	query_of(c, 1, 8, -E2BIG, 48, 0);
	assert_false(query_of(c, 1, 9, -EINVAL, 0, 0).retry.seen);
	assert_false(query_of(c, 1, 9, -E2BIG, 4097, 0).retry.seen);
	query_of(c, 1, 8, -E2BIG, 48, 0);
	g = query_of(c, 1, 9, 0, 24, P9);
	assert_true(g.retry.seen && g.retry.recovered);
	over(c);
	assert_says(c->stories[1],
		    "5 queries, 4 of which failed (first struct-too-new), 2 retries");
}

/* Each thread that was told to retry does so for itself. */
static void test_retry_of_two(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	born(c, 1);
	query_of(c, 1, 8, -E2BIG, 48, 0);
	assert_false(query_of(c, 1, 9, -E2BIG, 48, 0).retry.seen);
	g = query_of(c, 1, 8, 0, 24, P9);
	assert_true(g.retry.seen && g.retry.recovered);
	assert_int_equal(g.retry.after_ns, 2000);
	/* One that was told nothing answers, with that size, the one that is left. */
	g = query_of(c, 1, 10, 0, 24, P9);
	assert_true(g.retry.seen && g.retry.recovered);
	assert_false(query_of(c, 1, 9, 0, 24, P9).retry.seen);
	/* Where more wait than there is room for, the oldest is forgotten. */
	for (uint32_t tid = 20; tid <= 20 + HISTORY_RETRIES; tid++)
		query_of(c, 1, tid, -E2BIG, 48, 0);
	assert_false(query_of(c, 1, 20, -EINVAL, 0, 0).retry.seen);
	for (uint32_t tid = 21; tid <= 20 + HISTORY_RETRIES; tid++)
		assert_true(query_of(c, 1, tid, 0, 24, P9).retry.seen);
}

/* E2BIG, a success that nobody saw, E2BIG: that is no failed retry. */
static void test_retry_unseen(void **state)
{
	struct scene *c = *state;

	watch(c);
	query(c, 1, -E2BIG, 32, 0);
	lose(c, 1);
	assert_false(query(c, 1, -E2BIG, 32, 0).retry.seen);
	lose(c, 3); /* another one's */
	assert_true(query(c, 1, -E2BIG, 32, 0).retry.seen);
	lose(c, 0); /* anybody's */
	assert_false(query(c, 1, -E2BIG, 32, 0).retry.seen);
	attach_to(c, POINT_IOCTL, ATTACH_ABSENT, NULL, 0);
	attach_to(c, POINT_IOCTL, ATTACH_FEXIT, NULL, 0);
	assert_false(query(c, 1, -E2BIG, 32, 0).retry.seen);
	begin(c, 0, (struct frame_filters){ .outcomes = true });
	query(c, 1, -E2BIG, 32, 0);
	assert_false(query(c, 1, -E2BIG, 32, 0).retry.seen);
	begin(c, 0, (struct frame_filters){ .threads = true });
	query(c, 1, -E2BIG, 32, 0);
	assert_false(query(c, 1, -E2BIG, 32, 0).retry.seen);
	/* Filters on whole processes hide nothing of what is shown. */
	begin(c, 0, (struct frame_filters){ .processes = true });
	query(c, 1, -E2BIG, 32, 0);
	assert_true(query(c, 1, -E2BIG, 32, 0).retry.seen);
}

/* ------------------------------------------------------------ what is on offer */

static void test_offer(void **state)
{
	struct scene *c = *state;
	struct offer o;

	watch(c);
	for (uint64_t vm = 1; vm <= 3; vm++)
		born(c, vm);
	o = ask(c, 1, POWER9, 0).offer;
	assert_int_equal(o.source, MODES_CPU_VERSION);
	assert_true(o.modes == P9 && o.queried == QUERIED_NO);
	/* What others were told is not this one's. */
	query(c, 2, 0, 24, EVERY);
	query(c, 3, 0, 24, P9_P10);
	assert_int_equal(ask(c, 1, POWER9, 0).offer.source, MODES_CPU_VERSION);
	query(c, 1, 0, 24, P9_P10);
	query(c, 3, 0, 24, EVERY);
	o = ask(c, 1, POWER9, 0).offer;
	assert_int_equal(o.source, MODES_NEGOTIATION);
	assert_true(o.modes == P9_P10 && o.queried == QUERIED_YES);
	/* A failure later does not undo it. */
	query(c, 1, -EINVAL, 0, 0);
	assert_int_equal(ask(c, 1, POWER9, 0).offer.queried, QUERIED_YES);
}

/* What another thread has written over is not the host's word. */
static void test_offer_overwritten(void **state)
{
	struct scene *c = *state;
	struct cc_record r = record(c, CC_NEGOTIATION, 1);
	struct got g;

	watch(c);
	r.seen = CC_SEEN_BACKEND;
	r.backend_caps = P9;
	r.out[2] = EVERY;
	call(c, &r);
	assert_true(ask(c, 1, POWER9, 0).offer.modes == P9);
	/* It was seen to change, and the hook was not seen. */
	r = record(c, CC_NEGOTIATION, 2);
	r.out[2] = EVERY;
	r.in[1] = 1;
	call(c, &r);
	g = ask(c, 2, POWER11, -EINVAL);
	assert_int_equal(g.offer.source, MODES_CPU_VERSION);
	/* Who has called it is not told to. */
	assert_silent(g.hint, "KVM_PPC_GET_COMPAT_CAPS");
	assert_says(g.hint, "start it with -machine pseries,max-cpu-compat=power9 ");
	assert_silent(g.hint, "query");
}

/* A partition that was migrated: what its old host offered is not on offer any more. */
static void test_offer_of_another_host(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	born(c, 1);
	query(c, 1, 0, 24, P9_P10);
	host_is(c, POWER9, NESTED_V1); /* the same facts */
	assert_true(ask(c, 1, POWER10, 0).offer.modes == P9_P10);
	host_is(c, POWER11, NESTED_V1);
	host_is(c, POWER9, NESTED_V1);
	g = ask(c, 1, POWER10, -EINVAL);
	assert_int_equal(g.cause, ARCH_NEWER_THAN_HOST);
	assert_true(g.offer.source == MODES_CPU_VERSION && g.offer.modes == P9);
	query(c, 1, 0, 24, P9);
	assert_int_equal(ask(c, 1, POWER10, -EINVAL).offer.source, MODES_NEGOTIATION);
	/* By the cpu-version, where the nested API is not known: that is a guess. */
	host_is(c, POWER9, NESTED_UNKNOWN);
	born(c, 2);
	assert_says(ask(c, 2, POWER10, -EINVAL).hint, "this host offers POWER9 by its cpu-version");
}

/* One that is found may have been told by then what its host offers. */
static void test_offer_to_one_found(void **state)
{
	struct scene *c = *state;
	const struct inventory_vcpu vcpu = { 0, true, POWER10 };

	watch(c);
	host_is(c, POWER9, NESTED_UNKNOWN);
	assert_says(find(c, 1, &vcpu, 1, 1).hint,
		    "it has mode POWER10; this host offers POWER9 by its cpu-version");
	query(c, 1, 0, 24, P9_P10);
	assert_says(find(c, 1, &vcpu, 1, 1).hint, "it has mode POWER10, which this host offers");
	query(c, 2, 0, 24, P9);
	assert_says(find(c, 2, &vcpu, 1, 1).hint,
		    "which this host does not offer (it offers POWER9)");
}

/* An older mode, refused before anybody told of KVM_CAP_PPC_PAPR: on v2 there are two reasons. */
static void test_refused_older(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	query(c, 1, 0, 24, P9_P10);
	assert_says(ask_of(c, 1, SOME_VCPU, POWER8, -EINVAL).hint,
		    "KVM does not refuse an older mode for what this host offers");
	host_is(c, POWER9, NESTED_UNKNOWN);
	for (int queried = 0; queried < 2; queried++) {
		assert_says(ask_of(c, 1, SOME_VCPU, POWER8, -EINVAL).hint,
			    "which of these it was is not known");
		query(c, 1, 0, 24, P9_P10);
	}
}

static void test_failed_query(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	born(c, 1);
	query(c, 1, -EINVAL, 0, 0);
	g = ask(c, 1, POWER10, -EINVAL);
	assert_int_equal(g.offer.queried, QUERIED_FAILED);
	assert_int_equal(g.offer.query_cause, CAUSE_SIZE_TOO_SMALL);
	query(c, 1, -E2BIG, 32, 0);
	g = ask(c, 1, POWER10, -EINVAL);
	assert_int_equal(g.cause, ARCH_NEWER_THAN_HOST);
	assert_says(g.hint, "its query failed (struct-too-new): correct it");
	assert_silent(g.hint, "no query");
	/* Where another can have succeeded unseen, that is said, and nothing to correct. */
	lose(c, 1);
	g = ask(c, 1, POWER10, -EINVAL);
	assert_says(g.hint,
		    "a query of it failed (struct-too-new), whether another succeeded was not");
	assert_silent(g.hint, "correct");
}

/* ------------------------------------------------------------ what was seen of it */

static enum life life_of(struct scene *c, uint64_t vm)
{
	static const enum life lives[] = { LIFE_WHOLE, LIFE_OLDER,    LIFE_LOSSY,
					   LIFE_GAP,   LIFE_FILTERED, LIFE_UNKNOWN };
	const char *why = ask(c, vm, POWER10, -EINVAL).not_seen;

	for (size_t i = 0; i < COUNT(lives); i++) {
		const char *said = coverage_state_why((enum coverage_state)lives[i]);

		if (!strcmp(said ? said : "", why))
			return lives[i];
	}
	fail_msg("no state has this reason: %s", why);
	return LIFE_UNKNOWN;
}

/* What did not happen is known only of a VM whose birth was recorded after all was in place. */
static void test_birth(void **state)
{
	struct scene *c = *state;

	assert_int_equal(life_of(c, 90), LIFE_UNKNOWN); /* nobody told what is watched */
	watch(c);
	assert_int_equal(life_of(c, 1), LIFE_OLDER);
	born(c, 3);
	assert_int_equal(life_of(c, 3), LIFE_WHOLE);
	assert_says(ask(c, 3, POWER10, -EINVAL).hint, ". no query of it reached KVM: call");
	assert_says(ask(c, 1, POWER10, -EINVAL).hint,
		    "was not seen to query (the VM is older than this trace)");
	/* That it has queried is seen all the same. */
	query(c, 1, 0, 24, P9);
	assert_int_equal(ask(c, 1, POWER10, 0).offer.queried, QUERIED_YES);
	assert_int_equal(dies(c, 3).life, LIFE_WHOLE);
	assert_int_equal(dies(c, 1).life, LIFE_OLDER);
}

/* Its birth is in the ring, and came before the last probe: something of it may have been missed.
 */
static void test_born_while_it_began(void **state)
{
	struct scene *c = *state;
	struct frame f = { .type = FRAME_VM, .vm = { .number = 5, .pid = 7, .comm = "qemu" } };

	watch(c);
	f.mono_ns = f.real_ns = 1004500; /* some functions were attached to later */
	session_frame(c->s, &f);
	assert_int_equal(life_of(c, 5), LIFE_WHOLE); /* as far as queries go */
	assert_int_equal(dies(c, 5).life, LIFE_GAP);
}

static void test_lossy(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (uint64_t vm = 1; vm <= 3; vm++)
		born(c, vm);
	lose(c, 1);
	assert_int_equal(life_of(c, 1), LIFE_LOSSY);
	assert_int_equal(life_of(c, 2), LIFE_WHOLE);
	/* Of one that is not known yet. */
	lose(c, 40);
	assert_int_equal(life_of(c, 2), LIFE_WHOLE);
	born(c, 40);
	assert_int_equal(life_of(c, 40), LIFE_LOSSY);
	/* Of nobody knows whom: all that may have been there. */
	lose(c, 0);
	assert_int_equal(life_of(c, 2), LIFE_LOSSY);
	born(c, 7);
	assert_int_equal(life_of(c, 7), LIFE_WHOLE);
	/* A birth may have been what was lost. */
	assert_int_equal(life_of(c, 8), LIFE_LOSSY);
}

/* A part of a loss is told of by VM, and the rest is anybody's. */
static void test_loss_of_some(void **state)
{
	const struct loss_count by = { { .vm = 2 }, 3 };
	struct scene *c = *state;

	watch(c);
	born(c, 4);
	hand(c, (struct frame){ .type = FRAME_LOST, .lost = { CC_LOSS_RING, 4, &by, 1 } });
	assert_int_equal(life_of(c, 4), LIFE_LOSSY);
}

/* It ended just before that was lost: it may have been its. */
static void test_loss_after_the_end(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 2);
	dies(c, 2);
	lose(c, 0);
	born(c, 3);
	dies(c, 3);
	assert_int_equal(c->coverage[2], COVERAGE_WHOLE);
	assert_says(c->stories[2], "asked for no mode");
	over(c);
	assert_int_equal(life_of(c, 2), LIFE_LOSSY);
}

/* A lost line of KVM's, or exit, takes nothing from what is said of queries; of runs it does. */
static void test_loss_of_kinds(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (uint64_t vm = 1; vm <= 4; vm++)
		born(c, vm);
	lose_type(c, 1, CC_RUN);
	lose_type(c, 2, CC_KERNEL);
	lose_type(c, 3, CC_NEGOTIATION);
	for (uint64_t vm = 1; vm <= 4; vm++)
		ask(c, vm, POWER9, 0);
	over(c);
	assert_says(c->stories[1], "no query of it reached KVM; asked for POWER9: accepted, "
				   "was not seen to run (events were lost).");
	assert_says(c->stories[2], "accepted, no KVM_RUN of it has succeeded yet.");
	assert_says(c->stories[3], "was not seen to query (events were lost); asked for POWER9: "
				   "accepted, no KVM_RUN of it has succeeded yet.");
	assert_int_equal(c->coverage[1], COVERAGE_WHOLE);
	assert_int_equal(c->coverage[3], COVERAGE_LOSSY);
}

/* Detached under a running VM, by a module that went. */
static void test_gap(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	attach_to(c, POINT_IOCTL, ATTACH_ABSENT, NULL, 0);
	assert_int_equal(life_of(c, 1), LIFE_GAP);
	born(c, 2);
	assert_int_equal(life_of(c, 2), LIFE_GAP);
	attach_to(c, POINT_IOCTL, ATTACH_FEXIT, NULL, 0);
	assert_int_equal(life_of(c, 1), LIFE_GAP);
	assert_int_equal(life_of(c, 2), LIFE_GAP);
	born(c, 3);
	assert_int_equal(life_of(c, 3), LIFE_WHOLE);
	/* Requests for a mode are another function's. */
	attach_to(c, POINT_REG, ATTACH_ABSENT, NULL, 0);
	assert_int_equal(ask(c, 3, POWER10, 0).offer.queried, QUERIED_NO);
	assert_int_equal(dies(c, 3).life, LIFE_GAP);
}

/* As --release-idle does: nobody watched when it was made. */
static void test_births_not_watched(void **state)
{
	struct scene *c = *state;

	watch(c);
	attach_to(c, POINT_BIRTH, ATTACH_ABSENT, NULL, 0);
	attach_to(c, POINT_BIRTH, ATTACH_FEXIT, NULL, 0);
	assert_int_equal(life_of(c, 1), LIFE_UNKNOWN);
	born(c, 2);
	assert_int_equal(life_of(c, 2), LIFE_WHOLE);
}

static void test_filtered(void **state)
{
	struct scene *c = *state;

	for (int i = 0; i < 4; i++) {
		begin(c, 0,
		      (struct frame_filters){ .threads = i == 0,
					      .outcomes = i == 1,
					      .processes = i == 2,
					      .text = i == 3 ? "--vm db1" : "" });
		watch(c);
		born(c, 1);
		ask(c, 1, POWER9, 0);
		assert_int_equal(dies(c, 1).life, i == 3 ? LIFE_WHOLE : LIFE_FILTERED);
	}
	begin(c, 0, (struct frame_filters){ .outcomes = true });
	watch(c);
	born(c, 1);
	query(c, 1, -E2BIG, 48, 0);
	assert_says(
		ask(c, 1, POWER10, -EINVAL).hint,
		"a query of it failed (struct-too-new), whether another succeeded was not seen");
}

static void test_coverage_names(void **state)
{
	static const char *const names[] = {
		"whole", "older", "lossy", "gap", "filtered", "unknown"
	};

	(void)state;
	for (unsigned int i = 0; i < COUNT(names); i++)
		assert_string_equal(coverage_name(i), names[i]);
	assert_null(coverage_name(COUNT(names)));
	assert_null(coverage_name(-1));
	assert_null(coverage_why(COVERED));
	for (int i = COVERED + 1; i < COVERAGE_REASONS; i++) {
		assert_true(strlen(coverage_why(i)) > 10);
		assert_int_not_equal(coverage_state_of(i), COVERAGE_WHOLE);
	}
}

/* What is cut off may have lost something that it does not tell of any more. */
static void test_cut_off(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	born(c, 2);
	dies(c, 2);
	hand(c, (struct frame){ .type = FRAME_END, .end.cut_off = true });
	assert_says(c->stories[1], "was not seen to ask for a mode (the recording is cut off)");
	assert_int_equal(c->coverage[1], COVERAGE_GAP);
	assert_says(c->stories[2], "asked for no mode, ended without a KVM_RUN that succeeded.");
}

/* ------------------------------------------------------------ stories */

static void test_story(void **state)
{
	struct scene *c = *state;
	struct cc_record r;

	watch(c);
	for (uint64_t vm = 1; vm <= 6; vm++)
		born(c, vm);
	query(c, 1, -E2BIG, 32, 0);
	query(c, 1, 0, 24, P9_P10);
	ask(c, 1, POWER10, 0);
	r = record(c, CC_EXTENSION, 2);
	r.ret = 1;
	call_named(c, &r, "fed\\x1bora");
	ask(c, 2, POWER11, -EINVAL);
	query(c, 3, -EINVAL, 0, 0);
	ask(c, 4, POWER10, 0);
	ask(c, 4, 0, 0);
	query(c, 5, 0, 24, P9);
	query(c, 5, 0, 24, P9);
	over(c);
	assert_int_equal(c->got.n_stories, 6);
	assert_string_equal(
		c->stories[1],
		"VM 1, qemu-system-ppc[7]: 2 queries, 1 of which failed (first struct-too-new), 1 retry, which recovered; was offered POWER9 POWER10, asked for POWER10: accepted, no KVM_RUN of it has succeeded yet.");
	assert_string_equal(
		c->stories[2],
		"VM 2, qemu-system-ppc[7], guest \"fed\\x1bora\": checked KVM_CAP_PPC_COMPAT_CAPS (answer 1); no query of it reached KVM; asked for POWER11: newer-than-host, no KVM_RUN of it has succeeded yet. qemu-system-ppc asked for POWER11, this host offers POWER9: start it with -machine pseries,max-cpu-compat=power9 (libvirt: <cpu mode='host-model'><model>power9</model></cpu>), or run it on a host that offers POWER11.");
	assert_string_equal(
		c->stories[3],
		"VM 3, qemu-system-ppc[7]: 1 query, which failed (size-too-small); asked for no mode, no KVM_RUN of it has succeeded yet. Of the newest query: set size=sizeof(struct kvm_ppc_compat_caps) before the call.");
	assert_string_equal(
		c->stories[4],
		"VM 4, qemu-system-ppc[7]: no query of it reached KVM; asked for POWER10: accepted-above-host, then asked for the host's default: host-default, no KVM_RUN of it has succeeded yet.");
	assert_string_equal(
		c->stories[5],
		"VM 5, qemu-system-ppc[7]: 2 queries, which all succeeded; was offered POWER9, asked for no mode, no KVM_RUN of it has succeeded yet.");
	assert_string_equal(
		c->stories[6],
		"VM 6, qemu-system-ppc[7]: asked for no mode, no KVM_RUN of it has succeeded yet.");
}

/* What is known later changes what is said: nothing is frozen. */
static void test_composed_last(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	assert_says(ask(c, 1, POWER10, -EINVAL).hint, "no query of it reached KVM");
	query(c, 1, 0, 24, P9);
	born(c, 2);
	assert_says(ask(c, 2, POWER10, -EINVAL).hint, "no query of it reached KVM");
	lose(c, 2);
	over(c);
	assert_says(c->stories[1], "1 query, which succeeded; ");
	assert_silent(c->stories[1], "no query");
	assert_silent(c->stories[1], "KVM_PPC_GET_COMPAT_CAPS");
	assert_says(c->stories[2], "was not seen to query (events were lost)");
	assert_silent(c->stories[2], "no query");
}

static void keep_of_first(const char *text, void *ctx)
{
	if (!strncmp(text, "VM 1,", 5))
		copy(ctx, 2400, text);
}

/* Losses are told of by their reasons: what one that has just ended lost may stand in any of them.
 */
static void test_losses_after_its_end(void **state)
{
	struct scene *c = *state;
	const struct frame unread = { .type = FRAME_LOST,
				      .lost = { .loss = CC_LOSS_UNREADABLE, .n = 1 } };
	char text[2400];

	for (int other = 0; other < 4; other++) {
		begin(c, 0, (struct frame_filters){ 0 });
		watch(c);
		born(c, 1);
		dies(c, 1);
		if (other == 1)
			hand(c, unread);
		if (other)
			lose_type(c, 9, CC_NEGOTIATION);
		if (other == 3)
			born(c, 9);
		lose(c, 0);
		session_tell(c->s, keep_of_first, text);
		/* What is told of later, when all before it has been told of, is none of its. */
		assert_int_equal(
			!strstr(text, "asked for no mode, ended without a KVM_RUN that succeeded."),
			other != 3);
		/* Its story is told again, for it has claimed more. */
		over(c);
		assert_string_equal(c->stories[1], text);
		assert_int_equal(c->coverage[1] == COVERAGE_LOSSY, other != 3);
		assert_int_equal(c->got.again, other != 3);
	}
}

/* A story with a hole says so, if no sentence of it does. */
static void test_not_all(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	query(c, 1, 0, 24, P9);
	ask(c, 1, POWER9, 0);
	ran(c, 1, 0, POWER9);
	lose(c, 1);
	over(c);
	assert_string_equal(
		c->stories[1],
		"VM 1, qemu-system-ppc[7]: 1 query was seen, which succeeded; was offered POWER9, asked for POWER9: accepted, was seen to run in POWER9. Not all of its calls were seen (events were lost).");
}

/* One of its KVM_RUNs that failed may be among what was lost: then nobody knows how it runs now. */
static void test_lost_run(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	query(c, 1, 0, 24, P9);
	ask(c, 1, POWER9, 0);
	ran(c, 1, 0, POWER9);
	lose_type(c, 1, CC_RUN);
	over(c);
	assert_string_equal(
		c->stories[1],
		"VM 1, qemu-system-ppc[7]: 1 query, which succeeded; was offered POWER9, asked for POWER9: accepted, was seen to run in POWER9.");
}

/* Its end, in a few words, and its story at once. */
static void test_end(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	assert_string_equal(born(c, 1).sentence, "");
	assert_true(dies(c, 1).silent);
	assert_string_equal(c->got.sentence,
			    "asked for no mode, ended without a KVM_RUN that succeeded");
	assert_int_equal(c->got.n_stories, 1);
	born(c, 2);
	query(c, 2, 0, 24, P9_P10);
	ask(c, 2, POWER10, 0);
	ran(c, 2, 0, POWER10);
	g = dies(c, 2);
	assert_false(g.silent);
	assert_string_equal(
		g.sentence,
		"queried, was offered POWER9 POWER10, asked for POWER10: accepted, ran in POWER10");
	born(c, 3);
	query(c, 3, -EINVAL, 0, 0);
	ask(c, 3, POWER10, -EINVAL);
	assert_string_equal(
		dies(c, 3).sentence,
		"queried and failed (size-too-small), asked for POWER10: newer-than-host, ended without a KVM_RUN that succeeded");
	assert_string_equal(dies(c, 9).sentence,
			    "was not seen to ask for a mode (the VM is older than this trace)");
	over(c);
	assert_int_equal(c->got.n_stories, 0);
}

/* What it had when the trace began is told, and of how it came to that nothing. */
static void test_found(void **state)
{
	static const struct inventory_vcpu power10[] = { { 0, true, POWER10 } };
	static const struct inventory_vcpu none[] = { { 0, true, 0 } };
	static const struct inventory_vcpu refused[] = { { 0, true, ABI_PVR_INVALID } };
	static const struct inventory_vcpu differ[] = { { 0, true, POWER9 }, { 1, true, POWER10 } };
	struct scene *c = *state;

	watch(c);
	assert_string_equal(find(c, 1, power10, 1, 1).guest, "old");
	find(c, 2, none, 1, 1);
	find(c, 3, refused, 1, 1);
	find(c, 4, differ, 2, 2);
	find(c, 5, NULL, 0, 0);
	find(c, 6, power10, 1, 4);
	/* One that came meanwhile was born, and is in the list as well. */
	born(c, 8);
	find(c, 8, NULL, 0, 0);
	ask(c, 1, POWER10, -EINVAL);
	over(c);
	assert_says(
		c->stories[1],
		"VM 1, qemu[7], guest \"old\": was there when this trace began, in mode POWER10; was not seen to query (the VM is older than this trace); asked for POWER10: newer-than-host");
	assert_string_equal(
		c->stories[2],
		"VM 2, qemu[7], guest \"old\": was there when this trace began, with no mode set; was not seen to ask for a mode (the VM is older than this trace).");
	assert_silent(c->stories[2], "host's own");
	assert_says(c->stories[3], "began, with a mode that KVM had refused; ");
	assert_says(c->stories[4], "began, its vCPUs in different modes; ");
	assert_says(c->stories[5], "began, without a vCPU; ");
	assert_says(c->stories[6], "began, in mode POWER10, 1 of its 4 vCPUs was seen then; ");
	assert_says(c->stories[7], "asked for no mode, no KVM_RUN of it has succeeded yet.");
	assert_silent(c->stories[7], "was there");
}

/* What is said of one that waits for its guest, and nothing of whether that came. */
static void test_incoming(void **state)
{
	struct scene *c = *state;
	struct frame f = { .type = FRAME_VM,
			   .vm = { .number = 1,
				   .pid = 7,
				   .comm = "qemu",
				   .name_option = "db1",
				   .incoming = INCOMING_YES } };

	watch(c);
	hand(c, f);
	ask(c, 1, POWER9, 0);
	assert_string_equal(
		dies(c, 1).sentence,
		"started to take in a migrated guest (-incoming), no query of it reached KVM, asked for POWER9: accepted, ended without a KVM_RUN that succeeded");
	assert_says(
		c->stories[1],
		"guest \"db1\", started to take in a migrated guest (-incoming): no query of it reached KVM; asked for POWER9");
}

/* ------------------------------------------------------------ what keeps QEMU from starting */

#define FWNMI 146
#define DAWR1 194

/* It is told to make this machine, */
static void made(struct scene *c, uint64_t vm, const char *machine)
{
	hand(c, (struct frame){
			.type = FRAME_VM,
			.vm = { .number = vm, .pid = 7, .comm = "qemu", .machine = machine } });
}

/* and ends; KVM had denied it these two. */
static struct got unmade(struct scene *c, uint64_t vm, uint32_t denied, uint32_t other)
{
	struct frame f = { .type = FRAME_VM,
			   .vm = { .event = VM_ENDED, .number = vm, .pid = 7, .comm = "qemu" } };

	f.vm.grants.yes[0] = 1ull << 43;
	f.vm.grants.no[denied / 64] |= 1ull << denied % 64;
	f.vm.grants.no[other / 64] |= 1ull << other % 64;
	return hand(c, f);
}

static struct got starts(struct scene *c, uint64_t vm, const char *machine, uint32_t denied,
			 uint32_t other)
{
	made(c, vm, machine);
	return unmade(c, vm, denied, other);
}

static void test_denied(void **state)
{
	struct scene *c = *state;

	watch(c);
	assert_says(
		starts(c, 1, "pseries,kvm", FWNMI, FWNMI).sentence,
		"ended without a KVM_RUN that succeeded; QEMU does not start without cap-fwnmi, which this host does not grant: start it with -machine pseries,cap-fwnmi=off (libvirt: <qemu:commandline>)");
	assert_says(
		starts(c, 2, "pseries", FWNMI, DAWR1).sentence,
		"without cap-fwnmi and cap-dawr1, which this host does not grant: start it with -machine pseries,cap-fwnmi=off,cap-dawr1=off (libvirt: ");
	assert_says(c->stories[2], "; QEMU does not start without cap-fwnmi and cap-dawr1, ");
	assert_silent(starts(c, 3, "pseries,cap-fwnmi=off", FWNMI, FWNMI).sentence, "QEMU");
	assert_silent(starts(c, 4, "none", FWNMI, FWNMI).sentence, "QEMU");
	assert_silent(starts(c, 5, NULL, FWNMI, FWNMI).sentence, "QEMU");
	/* Capabilities that the table does not have. */
	assert_silent(starts(c, 6, "pseries", 0, 511).sentence, "QEMU");
	/* It has run: so it did start. */
	made(c, 7, "pseries");
	ran(c, 7, 0, 0);
	assert_silent(unmade(c, 7, FWNMI, FWNMI).sentence, "QEMU");
	/* It has asked for a mode: so it had all that it needs. */
	made(c, 9, "pseries");
	ask(c, 9, POWER9, 0);
	assert_silent(unmade(c, 9, FWNMI, FWNMI).sentence, "QEMU");
	/* It may have run unseen. */
	made(c, 8, "pseries");
	lose_type(c, 8, CC_RAN);
	assert_silent(unmade(c, 8, FWNMI, FWNMI).sentence, "QEMU");
}

/* ------------------------------------------------------------ requests of vCPUs */

/* Earlier refusals are told, and equal requests one after the other once. */
static void test_requests(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (uint64_t vm = 1; vm <= 4; vm++)
		born(c, vm);
	ask(c, 1, POWER11, -EINVAL);
	ask(c, 1, POWER9, 0);
	ran(c, 1, 0, POWER9);
	for (int i = 0; i < 8; i++)
		ask(c, 2, POWER11, -EINVAL);
	ask(c, 2, POWER9, 0);
	for (int i = 0; i < 40; i++)
		ask(c, 3, i % 2 ? POWER9 : POWER11, i % 2 ? 0 : -EINVAL);
	ask(c, 4, ABI_PVR_INVALID, -EINVAL);
	over(c);
	assert_says(
		c->stories[1],
		"; was refused POWER11 (newer-than-host), then asked for POWER9: accepted, runs in POWER9.");
	assert_says(
		c->stories[2],
		"; was refused POWER11 8 times (newer-than-host), then asked for POWER9: accepted, ");
	assert_says(
		c->stories[3],
		"; asked for a mode 40 times (refused 20 times), the last time for POWER9: accepted, ");
	assert_says(c->stories[4], "; asked for 0xffffffff: unknown-pvr, ");
	assert_silent(c->stories[4], "invalid");
}

/* vCPUs that do the same are told of once; those that do not, each. */
static void test_vcpus(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (uint64_t vm = 1; vm <= 4; vm++)
		born(c, vm);
	for (int i = 0; i < 4; i++)
		ask_of(c, 1, i, POWER9, 0);
	ran(c, 1, 0, POWER9);
	ask_of(c, 2, 0, POWER8, 0);
	ask_of(c, 2, 1, POWER9, 0);
	ask_of(c, 2, 2, POWER9, 0);
	ran(c, 2, 1, POWER9);
	/* A mode belongs to a vCPU: the VM has several. */
	ran(c, 3, 0, 0);
	ask_of(c, 3, 1, POWER9, 0);
	ran(c, 3, 1, POWER9);
	/* Requested after it ran: what it runs in now was not seen. */
	ran(c, 4, 0, 0);
	ask_of(c, 4, 0, POWER9, 0);
	over(c);
	assert_says(c->stories[1], "; asked for POWER9: accepted, runs in POWER9.");
	assert_says(
		c->stories[2],
		"; vCPU 0 asked for POWER8: accepted; vCPU 1 asked for POWER9: accepted, runs in POWER9; vCPU 2 asked for POWER9: accepted.");
	assert_says(
		c->stories[3],
		"; asked for POWER9: accepted, its vCPUs run in different modes: vCPU 0 in the host's own mode, vCPU 1 in POWER9.");
	assert_says(c->stories[4],
		    "; ran in the host's own mode, then asked for POWER9: accepted.");
}

/* One does, and several do. */
static void test_several_vcpus(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (uint64_t vm = 1; vm <= 3; vm++)
		born(c, vm);
	ask_of(c, 1, 0, POWER8, 0);
	ran(c, 1, 0, POWER8);
	for (int i = 1; i <= 6; i++) {
		ask_of(c, 1, i, POWER11, -EINVAL);
		ask_of(c, 1, i, POWER9, 0);
		ran(c, 1, i, POWER9);
	}
	for (int i = 0; i < 5; i++)
		ask_of(c, 2, i, POWER8 + (uint32_t)i % 2, 0);
	for (int i = 0; i < 5; i++)
		ask_of(c, 3, i, 0x0f000002 + (uint32_t)i, 0);
	over(c);
	assert_says(c->stories[1], "vCPU 0 asked for POWER8: accepted, runs in POWER8; "
				   "vCPUs 1, 2, 3, 4 and others were refused POWER11 ");
	assert_says(c->stories[1], ", then asked for POWER9: accepted, run in POWER9.");
	assert_says(c->stories[2],
		    "asked for POWER9: accepted; no KVM_RUN of it has succeeded yet.");
	assert_says(c->stories[3],
		    "; 1 more vCPU did otherwise; no KVM_RUN of it has succeeded yet.");
}

/* KVM HV runs no guest without that, and says no more than EINVAL. */
static void test_without_papr(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (int i = 0; i < 4; i++) {
		struct cc_record r = record(c, CC_RUN, 1);

		r.ret = i < 3 ? -EINVAL : -EIO;
		r.in_words = 0;
		r.seen = CC_SEEN_VCPU | CC_SEEN_PAPR | CC_SEEN_KVM;
		r.vcpu = (uint32_t)i;
		r.papr = i == 1;
		r.kvm_pr = i == 2;
		assert_int_equal(!strstr(call(c, &r).hint,
					 "KVM_RUN failed with EINVAL: KVM_CAP_PPC_PAPR "
					 "was not enabled on this vCPU"),
				 i != 0);
	}
}

/* In records that do not tell the vCPU no request is a certain vCPU's. */
static void test_some_vcpu(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	born(c, 1);
	ask_of(c, 1, SOME_VCPU, POWER9, 0);
	ask_of(c, 1, SOME_VCPU, POWER8, 0);
	g = fails(c, 1, SOME_VCPU, 0, POWER9);
	assert_true(g.run.asked && g.run.pvr == POWER9);
	assert_silent(g.hint, "POWER8");
	assert_false(fails(c, 1, SOME_VCPU, 9, POWER10).run.asked);
	over(c);
	assert_says(
		c->stories[1],
		"; asked for POWER9: accepted, then asked for POWER8: accepted, its first run failed: EINVAL, on a vCPU in POWER9.");
}

/* A bound of each: what is left out is said. */
static void test_bounds(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	for (int i = 0; i < 2 * HISTORY_VCPUS; i++)
		ask_of(c, 1, i, POWER9, 0);
	over(c);
	assert_says(c->stories[1], "asked for POWER9: accepted, ");
	assert_says(c->stories[1], " A part of what it did is left out: there was no room for it.");
}

/* ------------------------------------------------------------ runs */

/* That it runs is seen, and in which mode. */
static void test_ran(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	for (uint64_t vm = 1; vm <= 8; vm++)
		born(c, vm);
	ask(c, 1, POWER10, -EINVAL);
	g = ran(c, 1, 0, 0);
	assert_int_equal(g.vm, 1);
	assert_true(g.run.asked && !g.run.accepted);
	ask(c, 2, POWER10, 0);
	ran(c, 2, 0, POWER10);
	run_of(c, 3, 0, CC_RAN, 0, -1, 0);
	ran(c, 4, 0, 0);
	ask(c, 5, POWER10, -EINVAL);
	ran(c, 5, 0, 0);
	ask(c, 5, POWER10, -EINVAL); /* again: what comes of it was not seen */
	ask(c, 6, POWER9, 0);
	ask(c, 6, POWER10, -EINVAL);
	ran(c, 6, 0, POWER9);
	fails(c, 6, 0, 9, POWER9);
	ask(c, 7, 0, 0);
	ran(c, 7, 0, 0);
	ran(c, 8, 0, 0x00801200);
	over(c);
	assert_says(
		c->stories[1],
		": no query of it reached KVM; was refused POWER10 (newer-than-host), went on without a mode and runs in the host's own. qemu");
	assert_says(
		c->stories[2],
		": no query of it reached KVM; asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, Linux 7.3 does), and runs in POWER10. qemu-system-ppc asked for POWER10, this host offers POWER9. This kernel does not check (Linux 7.3 does): start it with");
	assert_says(c->stories[3], ": asked for no mode, runs, in a mode that is not known.");
	assert_says(c->stories[4], ": asked for no mode, runs in the host's own mode.");
	assert_says(
		c->stories[5],
		": no query of it reached KVM; was refused POWER10 (newer-than-host), then ran in the host's own mode, then asked for POWER10: newer-than-host. ");
	assert_says(
		c->stories[6],
		": no query of it reached KVM; asked for POWER9: accepted, then was refused POWER10 (newer-than-host), a later KVM_RUN failed with EINVAL, ran in POWER9. ");
	assert_says(c->stories[7],
		    "asked for the host's default: host-default, runs in the host's own mode.");
	assert_silent(c->stories[7], "raw");
	assert_says(c->stories[8], "runs in the processor's own mode (PVR 0x00801200).");
}

/* A VM that never ran is never said to. */
static void test_never_ran(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	dies(c, 1);
	born(c, 2);
	attach_to(c, POINT_RUN, ATTACH_ABSENT, NULL, 0);
	born(c, 3);
	ask(c, 3, POWER9, 0);
	check(c, 4);
	over(c);
	assert_says(c->stories[1], ": asked for no mode, ended without a KVM_RUN that succeeded.");
	assert_says(c->stories[2], ": asked for no mode.");
	assert_says(c->stories[3],
		    "accepted, was not seen to run (it was not watched all the time).");
	for (int i = 1; i <= 4; i++)
		assert_silent(c->stories[i], "runs");
}

/* What was asked for, what KVM answered, how it ended, and what KVM said in that run: no word more.
 */
static void test_run(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	born(c, 1);
	g = fails(c, 1, 0, -1, 0);
	assert_int_equal(g.vm, 1);
	assert_false(g.run.asked || g.run.first_known);
	assert_int_equal(g.run.n_messages, 0);
	assert_string_equal(g.hint, "KVM_RUN failed with EINVAL");
	ask(c, 1, POWER10, -EINVAL);
	g = fails(c, 1, 0, -1, 0);
	assert_true(g.run.asked && !g.run.accepted);
	assert_int_equal(g.run.pvr, POWER10);
	assert_int_equal(g.run.cause, ARCH_NEWER_THAN_HOST);
	assert_string_equal(g.hint,
			    "asked for POWER10: newer-than-host, KVM_RUN failed with EINVAL");
	ask(c, 1, POWER10, 0);
	assert_int_equal(says_in(c, 1, 7, ABI_CMD_RUN, "KVM: no").vm, 1);
	g = run_of(c, 1, 0, CC_RUN, 0, 9, POWER10);
	assert_true(g.run.asked && g.run.accepted);
	assert_int_equal(g.run.n_messages, 1);
	assert_string_equal(
		g.hint,
		"asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, Linux 7.3 does), and KVM_RUN ended with exit reason unknown, hardware reason 0xffffffffffffffea; KVM printed: \"KVM: no\"");
	/* An hour later that line is none of it; nor is one of another thread. */
	c->now += 3600000000000;
	says_in(c, 1, 8, ABI_CMD_RUN, "KVM: of another");
	assert_silent(run_of(c, 1, 0, CC_RUN, 0, 9, POWER10).hint, "printed");
}

/* Of vCPUs that asked for the same one ran in between, or all did. */
static void test_ran_before(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (uint64_t vm = 1; vm <= 3; vm++) {
		born(c, vm);
		ask_of(c, vm, 0, POWER9, 0);
		ask_of(c, vm, 1, POWER9, 0);
		ran(c, vm, 1, POWER9);
		if (vm > 1)
			ran(c, vm, 0, vm == 2 ? POWER9 : 0);
		ask_of(c, vm, 0, POWER9, 0);
		ask_of(c, vm, 1, POWER9, 0);
	}
	over(c);
	assert_says(
		c->stories[1],
		"; vCPU 0 asked for POWER9 2 times: accepted; vCPU 1 asked for POWER9: accepted, then ran in POWER9, then asked for POWER9: accepted.");
	assert_says(
		c->stories[2],
		"; asked for POWER9: accepted, then ran in POWER9, then asked for POWER9: accepted.");
	assert_says(
		c->stories[3],
		"; vCPU 0 asked for POWER9: accepted, then ran in the host's own mode, then asked for POWER9: accepted; vCPU 1 asked");
}

/* KVM itself counts how often a guest has left: what it printed in a first run is of that run. */
static void test_first_run(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	for (uint64_t vm = 1; vm <= 4; vm++)
		born(c, vm);
	ask(c, 1, POWER10, 0);
	says_in(c, 1, 7, ABI_CMD_RUN, "KVM-NESTEDv2: couldn't set guest wide elements");
	g = run_of(c, 1, 0, CC_RUN, 0, 1, POWER10);
	assert_true(g.run.first_known && g.run.first);
	assert_string_equal(
		g.hint,
		"asked for POWER10, KVM accepted it although this host offers POWER9 at most (this kernel does not check, Linux 7.3 does), and its first run failed: KVM-NESTEDv2: couldn't set guest wide elements (exit reason unknown, hardware reason 0xffffffffffffffea)");
	/* One that was in the guest before, and one of which KVM did not say. */
	g = fails(c, 2, 0, 2, 0);
	assert_true(g.run.first_known && !g.run.first);
	assert_false(fails(c, 2, 0, -1, 0).run.first_known);
	/* A vCPU's first run in a VM that ran before is not the VM's. */
	ran(c, 3, 0, 0);
	g = fails(c, 3, 1, 0, 0);
	assert_true(g.run.first);
	assert_string_equal(g.hint, "the first run of vCPU 1 failed: EINVAL");
	assert_says(fails(c, 3, 2, 0, 0).hint, "the first run of vCPU 2 failed");
	/* Nor is it where another can have run unseen. */
	lose_type(c, 4, CC_RAN);
	assert_string_equal(fails(c, 4, 0, 0, 0).hint, "the first run of vCPU 0 failed: EINVAL");
	over(c);
	assert_says(
		c->stories[3],
		"asked for no mode, vCPU 0 ran in the host's own mode; the first run of each of vCPUs 1, 2 failed: EINVAL.");
}

/* vCPUs whose runs failed alike are told of together; one that failed otherwise is told apart. */
static void test_runs_that_failed_alike(void **state)
{
	struct scene *c = *state;

	watch(c);
	for (uint64_t vm = 1; vm <= 3; vm++)
		born(c, vm);
	for (int i = 0; i < 8; i++)
		ask_of(c, 1, i, POWER9, 0);
	for (int i = 0; i < 8; i++)
		run_of(c, 1, i, CC_RUN, i == 6 ? -ENOENT : -EINVAL, 0, POWER9);
	for (int i = 0; i < 2; i++) {
		ran(c, 2, i, 0);
		fails(c, 2, i, 5, 0);
	}
	/* One failed before its request, one after it. */
	fails(c, 3, 0, 0, 0);
	for (int i = 0; i < 2; i++)
		ask_of(c, 3, i, POWER9, 0);
	fails(c, 3, 1, 0, POWER9);
	over(c);
	assert_says(
		c->stories[1],
		"vCPUs 0, 1, 2, 3 and others asked for POWER9: accepted, the first run of each failed: EINVAL; vCPU 6 asked for POWER9: accepted, the first run of vCPU 6 failed: ENOENT.");
	assert_silent(c->stories[1], "otherwise");
	assert_says(c->stories[2], "a later KVM_RUN of each of vCPUs 0, 1 failed with EINVAL, ");
	assert_says(c->stories[3], "the first run of vCPU 0 failed: EINVAL, then asked for POWER9");
	assert_silent(c->stories[3], "of each");
}

/* A failure is told before the request that came later, and with the request that it obeyed. */
static void test_failure_in_its_place(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	for (uint64_t vm = 1; vm <= 3; vm++)
		born(c, vm);
	ask(c, 1, POWER11, 0);
	fails(c, 1, 0, 0, POWER11);
	ask(c, 1, POWER9, 0);
	ran(c, 1, 0, POWER9);
	/* Another vCPU's request is none of its. */
	ask_of(c, 2, 0, POWER9, 0);
	ask_of(c, 2, 1, POWER11, -EINVAL);
	g = fails(c, 2, 0, 0, POWER9);
	assert_true(g.run.accepted && g.run.pvr == POWER9);
	assert_silent(g.hint, "POWER11");
	g = fails(c, 2, 2, 0, 0);
	assert_false(g.run.asked);
	assert_string_equal(g.hint, "the first run of vCPU 2 failed: EINVAL");
	over(c);
	assert_says(
		c->stories[1],
		"; asked for POWER11: accepted-above-host, its first run failed: EINVAL, then asked for POWER9: accepted, ran in POWER9.");
	assert_says(
		c->stories[2],
		": no query of it reached KVM; vCPU 0 asked for POWER9: accepted, its first run failed: EINVAL; vCPU 1 asked for POWER11: newer-than-host; the first run of vCPU 2 failed: EINVAL");
}

/* A vCPU that could not be told is of no VM, whatever else its process has. */
static void test_run_of_no_vm(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	born(c, 1);
	ask(c, 1, POWER10, -EINVAL);
	says_in(c, 1, 7, ABI_CMD_RUN, "KVM: no");
	g = run_of(c, 0, SOME_VCPU, CC_RUN, 0, -1, 0);
	assert_int_equal(g.vm, 0);
	assert_false(g.run.asked);
	assert_int_equal(g.run.n_messages, 0);
	assert_string_equal(
		g.hint, "KVM_RUN ended with exit reason unknown; of which VM could not be told");
}

/* ------------------------------------------------------------ lines */

/* Each line is its VM's; one of no VM may be of any that lives in its process. */
static void test_messages(void **state)
{
	struct scene *c = *state;
	struct got g;

	watch(c);
	for (uint64_t vm = 1; vm <= 3; vm++)
		born(c, vm);
	dies(c, 3);
	assert_int_equal(says_in(c, 2, 7, ABI_CMD_RUN, "KVM: of the second").vm, 2);
	assert_int_equal(says_in(c, 0, 7, 0, "KVM: of one of them").vm, 0);
	assert_int_equal(says_in(c, 0, 8, 0, "KVM: of another process").vm, 0);
	g = fails(c, 1, 0, -1, 0);
	assert_int_equal(g.run.n_messages, 1);
	assert_string_equal(g.messages[0], "KVM: of one of them");
	assert_string_equal(g.hint, "KVM_RUN failed with EINVAL");
	g = fails(c, 2, 0, -1, 0);
	assert_int_equal(g.run.n_messages, 2);
	assert_string_equal(g.messages[0], "KVM: of the second");
	assert_says(g.hint, "EINVAL; KVM printed: \"KVM: of the second\"");
	/* The newest are kept. */
	for (int i = 0; i < 20; i++) {
		char text[] = "KVM: a";

		text[5] = (char)('a' + i);
		says_in(c, 1, 7, ABI_CMD_RUN, text);
	}
	g = fails(c, 1, 0, -1, 0);
	assert_int_equal(g.run.n_messages, HISTORY_LINES);
	assert_string_equal(g.messages[0], "KVM: m");
	assert_string_equal(g.messages[HISTORY_LINES - 1], "KVM: t");
}

/* However many lines there are, the memory that they take has an end. */
static void test_many_messages(void **state)
{
	struct scene *c = *state;
	char text[4 * CC_LINE_LEN + 1] = "";
	size_t kept = 0;

	watch(c);
	memset(text, 'x', sizeof(text) - 1);
	for (uint64_t vm = 1; vm <= 3000; vm++)
		for (int i = 0; i < 9; i++)
			says_in(c, vm, 7, ABI_CMD_RUN, text);
	for (uint64_t vm = 1; vm <= 3000; vm++)
		kept += fails(c, vm, 0, -1, 0).run.n_messages;
	assert_in_range(kept, 1000, HISTORY_LINE_BYTES / sizeof(text));
}

static void ask_by(struct scene *c, int vcpu, uint32_t pvr, uint64_t hypercall, uint64_t exits)
{
	struct cc_record r = record(c, CC_ARCH_COMPAT, 1);

	r.arg = pvr;
	r.seen = CC_SEEN_VCPU | CC_SEEN_PAPR;
	r.papr = 1;
	r.vcpu = (uint32_t)vcpu;
	r.in_words = CC_REQUEST_EXITS + 1;
	r.in[CC_REQUEST_HYPERCALL] = hypercall;
	r.in[CC_REQUEST_EXITS] = exits;
	call(c, &r);
}

/* A story names the guest as who asked where it did, and tells that apart from the same mode at the
 * start. */
static void test_asked_by(void **state)
{
	struct scene *c = *state;

	begin(c, 0, (struct frame_filters){ 0 });
	watch(c);
	born(c, 1);
	for (int vcpu = 0; vcpu < 2; vcpu++)
		ask_by(c, vcpu, POWER9, 0, 0);
	ran(c, 1, 0, POWER9);
	for (int vcpu = 0; vcpu < 2; vcpu++)
		ask_by(c, vcpu, POWER9, 0xf002, 3);
	for (int vcpu = 0; vcpu < 2; vcpu++)
		ran(c, 1, vcpu, POWER9);
	over(c);
	assert_says(c->stories[1], "asked for POWER9: accepted");
	assert_says(c->stories[1], "then asked for POWER9 in its guest's CAS: accepted");
}

/* A line is of a call where thread and time say so; of one that began unseen the ioctl has to. */
static void test_line_of_call(void **state)
{
	struct scene *c = *state;
	struct cc_record r;

	watch(c);
	says_in(c, 1, 7, ABI_CMD_SET_ONE_REG, "KVM: of the register");
	assert_string_equal(ask(c, 1, POWER9, -EIO).message, "KVM: of the register");
	r = record(c, CC_ARCH_COMPAT, 1);
	r.arg = POWER9;
	r.tid = 8;
	assert_string_equal(call(c, &r).message, "");
	r.tid = 7;
	r.mono_ns = c->now - 9000;
	assert_string_equal(call(c, &r).message, "");
	/* Where its beginning was seen, time tells. */
	r = record(c, CC_ARCH_COMPAT, 1);
	r.arg = POWER9;
	r.latency_ns = 10;
	assert_string_equal(call(c, &r).message, "");
	over(c);
	/* And the story quotes it, as the hint did. */
	begin(c, 0, (struct frame_filters){ 0 });
	watch(c);
	born(c, 1);
	says_in(c, 1, 7, ABI_CMD_SET_ONE_REG, "KVM: no");
	assert_says(ask(c, 1, POWER9, -EIO).hint, "refuses it, and KVM printed: \"KVM: no\"");
	over(c);
	assert_says(c->stories[1], "refuses it, and KVM printed: \"KVM: no\".");
}

/* What KVM printed is of the KVM_RUN of that vCPU which did not end well, and of no other. */
static void test_line_of_run(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	says_of(c, 1, 0, "KVM: of vCPU 1");
	assert_silent(fails(c, 1, 0, 0, 0).hint, "KVM: of");
	assert_says(fails(c, 1, 1, 0, 0).hint, "KVM: of vCPU 1");
	says_of(c, 2, 0, "KVM: of a good run");
	ran(c, 1, 2, POWER9);
	assert_silent(fails(c, 1, 2, 5, 0).hint, "KVM: of");
	says_of(c, 2, 0, "KVM: of a bad run");
	assert_says(fails(c, 1, 2, 5, 0).hint, "KVM: of a bad run");
	/* A good one may have come unseen. */
	says_of(c, 3, 0, "KVM: of some run");
	lose_type(c, 1, CC_RAN);
	assert_silent(fails(c, 1, 3, 5, 0).hint, "KVM: of");
}

/* And of a request where it was printed in one, of that register. */
static void test_line_of_request(void **state)
{
	struct scene *c = *state;

	watch(c);
	born(c, 1);
	says_of(c, 0, ABI_REG_ARCH_COMPAT + 1, "KVM: of another register");
	assert_string_equal(ask_of(c, 1, 0, POWER9, -EIO).message, "");
	says_of(c, 1, ABI_REG_ARCH_COMPAT, "KVM: of vCPU 1");
	assert_string_equal(ask_of(c, 1, 0, POWER9, -EIO).message, "");
	assert_string_equal(ask_of(c, 1, 1, POWER9, -EIO).message, "KVM: of vCPU 1");
	/* Which is told of, so that the next one has none. */
	assert_string_equal(ask_of(c, 1, 1, POWER9, -EIO).message, "");
}

/* ------------------------------------------------------------ many VMs */

static void count(const char *text, void *ctx)
{
	(void)text;
	++*(unsigned int *)ctx;
}

static void keep_first(const char *text, void *first)
{
	if (!*(char *)first)
		snprintf(first, 160, "%s", text);
}

static void fill(struct scene *c, uint64_t first)
{
	for (unsigned int i = 0; i < VM_TABLE_MAX; i++)
		check(c, first + i);
}

static void test_too_many(void **state)
{
	struct scene *c = *state;
	unsigned int told = 0;
	struct got g;

	watch(c);
	fill(c, 1000);
	assert_int_equal(check(c, 1).vm, 0);
	/* Of one that cannot be told apart nothing is claimed. */
	g = ask(c, 999999, POWER10, -EINVAL);
	assert_int_equal(g.offer.queried, QUERIED_NOT_SEEN);
	assert_silent(g.hint, "no query");
	/* Those that have a number keep it. */
	assert_int_equal(check(c, 1004).vm, 5);
	session_tell(c->s, count, &told);
	assert_int_equal(told, VM_TABLE_MAX + 1); /* and one that tells of those left out */
	/* What has ended makes room, first what ended first. */
	dies(c, 1006);
	dies(c, 1005);
	assert_int_equal(check(c, 1).vm, VM_TABLE_MAX + 1);
	assert_int_equal(check(c, 1005).vm, 6);
	assert_int_equal(check(c, 2).vm, VM_TABLE_MAX + 2);
	assert_int_equal(check(c, 3).vm, 0);
}

/* Of one that finds no room the name is told that stands in its frame, and none of its life later.
 */
static void test_beyond(void **state)
{
	struct scene *c = *state;
	struct cc_record late;
	char first[160] = "";
	bool more = true;
	struct got g;

	watch(c);
	fill(c, 1000);
	assert_int_equal(session_beyond(c->s, &more), 0);
	late = record(c, CC_EXTENSION, 5);
	g = call_named(c, &late, "guest=late,debug-threads=on");
	assert_int_equal(g.vm, 0);
	assert_string_equal(g.guest, "late");
	assert_int_equal(born(c, 6).vm, 0);
	assert_int_equal(session_beyond(c->s, &more), 2);
	assert_false(more);
	session_tell(c->s, keep_first, first);
	assert_string_equal(first, "2 VMs are left out: 65536 VMs can be told apart at once.");
	dies(c, 1000);
	assert_int_equal(life_of(c, 6), LIFE_GAP);
}

/* Ends that were lost leave VMs that live for ever: they make room for others, if need be. */
static void test_lost_ends(void **state)
{
	struct scene *c = *state;
	char first[160] = "";

	watch(c);
	born(c, 999);
	fill(c, 1000);
	lose_type(c, 0, CC_VM_ENDED);
	/* Nothing else is lost so. */
	assert_int_equal(life_of(c, 999), LIFE_WHOLE);
	assert_int_equal(check(c, 5).vm, VM_TABLE_MAX + 1);
	/* The oldest of which nothing was heard since was forgotten: it may live. */
	assert_int_equal(life_of(c, 1000), LIFE_GAP);
	assert_int_equal(check(c, 1001).vm, VM_TABLE_MAX + 3);
	session_tell(c->s, keep_first, first);
	assert_string_equal(first, "3 VMs whose end may have been lost are left out.");
}

/* ------------------------------------------------------------ recordings of schema 1 */

static struct got old_vm(struct scene *c, bool ended, uint64_t ino, const char *name)
{
	return hand(c, (struct frame){ .type = FRAME_VM,
				       .vm = { .event = ended ? VM_ENDED : VM_CREATED,
					       .pid = 7,
					       .ino = ino,
					       .vm_name = name,
					       .comm = "qemu" } });
}

static struct got old_call(struct scene *c, uint64_t kvm, uint64_t ino, const char *name)
{
	struct cc_record r = record(c, CC_EXTENSION, kvm);

	r.vm_ino = ino;
	snprintf(r.vm_name, sizeof(r.vm_name), "%s", name);
	return call(c, &r);
}

/* VMs are inodes there; without one a struct kvm of a process; births and ends come by name. */
static void test_schema_1(void **state)
{
	struct scene *c = *state;

	begin(c, 1, (struct frame_filters){ 0 });
	watch(c);
	assert_int_equal(old_vm(c, false, 7, "7-1").vm, 1);
	assert_int_equal(old_call(c, 0xc1, 7, "7-1").vm, 1);
	assert_int_equal(old_call(c, 0xc1, 8, "7-1").vm, 2);
	assert_int_equal(old_call(c, 0xc2, 0, "7-2").vm, 3);
	assert_int_equal(old_call(c, 0xc2, 0, "7-2").vm, 3);
	/* One that was gone before it could be looked at is known by its name, until its calls
	 * come. */
	assert_int_equal(old_vm(c, false, 0, "7-9").vm, 4);
	assert_int_equal(old_vm(c, true, 0, "7-9").vm, 4);
	assert_int_equal(old_call(c, 0xc3, 9, "7-9").vm, 4);
	assert_int_equal(old_call(c, 0xc4, 10, "7-9").vm, 5);
	/* The same struct kvm after its VM's end is another VM. */
	assert_int_equal(old_vm(c, true, 0, "7-2").vm, 3);
	assert_int_equal(old_call(c, 0xc2, 0, "7-2").vm, 6);
	over(c);
}

/* Nothing of a life can be proven there: it is left open, and says why. */
static void test_schema_1_proves_nothing(void **state)
{
	static const uint64_t older[] = { 21 };
	struct scene *c = *state;
	struct got g;

	begin(c, 1, (struct frame_filters){ 0 });
	attach_to(c, POINT_IOCTL, ATTACH_FEXIT, older, 1);
	attach_to(c, POINT_REG, ATTACH_FEXIT, older, 1);
	old_vm(c, false, 11, "7-1");
	g = ask(c, 10, POWER10, -EINVAL);
	assert_int_equal(g.offer.queried, QUERIED_NOT_SEEN);
	assert_string_equal(g.not_seen,
			    "a recording of schema 1 does not have its creation in order");
	assert_string_equal(ask(c, 20, POWER10, -EINVAL).not_seen,
			    "the VM is older than this trace");
	lose_type(c, 0, 0);
	assert_string_equal(ask(c, 10, POWER10, -EINVAL).not_seen, "events were lost");
	assert_int_equal(old_vm(c, true, 11, "7-1").life, LIFE_LOSSY);
	old_vm(c, false, 31, "7-3");
	assert_int_equal(old_vm(c, true, 31, "7-3").life, LIFE_UNKNOWN);
	over(c);
	for (int i = 1; i <= 3; i++) {
		assert_silent(c->stories[i], "no query");
		assert_silent(c->stories[i], "asked for no mode");
		assert_int_not_equal(c->coverage[i], COVERAGE_WHOLE);
	}
}

/* Told to have ended ahead of its calls: its story is told once more. */
static void test_schema_1_ends_early(void **state)
{
	struct scene *c = *state;

	begin(c, 1, (struct frame_filters){ 0 });
	watch(c);
	old_vm(c, false, 11, "7-1");
	old_vm(c, true, 11, "7-1");
	assert_says(c->stories[1], "was not seen to ask for a mode (a recording of schema 1");
	ask(c, 10, POWER9, 0);
	over(c);
	assert_says(c->stories[1], "asked for POWER9: accepted");
}

/* ------------------------------------------------------------ what no kernel makes */

static void test_hostile_frames(void **state)
{
	const struct loss_count by[] = { { { .vm = 1 }, UINT64_MAX }, { { .vm = 2 }, UINT64_MAX } };
	struct scene *c = *state;
	struct cc_record r;
	unsigned int told = 0;

	for (uint32_t schema = 1; schema <= 2; schema++) {
		begin(c, schema, (struct frame_filters){ 0 });
		attach_to(c, 99, ATTACH_FEXIT, NULL, 0);
		hand(c, (struct frame){ .type = FRAME_LOST, .lost = { 99, 1, by, 2 } });
		hand(c, (struct frame){ .type = FRAME_VM });
		hand(c, (struct frame){ .type = FRAME_VM, .vm.event = VM_ENDED });
		r = record(c, CC_NEGOTIATION, UINT64_MAX);
		memset(r.comm, 1, sizeof(r.comm) - 1);
		memset(r.vm_name, '\\', sizeof(r.vm_name) - 1);
		r.mono_ns = UINT64_MAX;
		r.latency_ns = 5;
		r.ret = -E2BIG;
		r.in[0] = 32;
		call(c, &r);
		call(c, &r);
		told = 0;
		session_tell(c->s, count, &told);
		assert_in_range(told, 3, 4);
		over(c);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers),
		TEST(test_names),
		TEST(test_failed_vm),
		TEST(test_retry),
		TEST(test_retry_of_threads),
		TEST(test_retry_of_two),
		TEST(test_retry_of_a_stranger),
		TEST(test_retry_unseen),
		TEST(test_offer),
		TEST(test_offer_overwritten),
		TEST(test_offer_of_another_host),
		TEST(test_offer_to_one_found),
		TEST(test_refused_older),
		TEST(test_failed_query),
		TEST(test_birth),
		TEST(test_born_while_it_began),
		TEST(test_lossy),
		TEST(test_loss_of_some),
		TEST(test_loss_after_the_end),
		TEST(test_loss_of_kinds),
		TEST(test_gap),
		TEST(test_births_not_watched),
		TEST(test_filtered),
		TEST(test_coverage_names),
		TEST(test_cut_off),
		TEST(test_story),
		TEST(test_composed_last),
		TEST(test_losses_after_its_end),
		TEST(test_not_all),
		TEST(test_lost_run),
		TEST(test_end),
		TEST(test_found),
		TEST(test_incoming),
		TEST(test_denied),
		TEST(test_requests),
		TEST(test_vcpus),
		TEST(test_several_vcpus),
		TEST(test_without_papr),
		TEST(test_some_vcpu),
		TEST(test_bounds),
		TEST(test_ran),
		TEST(test_never_ran),
		TEST(test_run),
		TEST(test_ran_before),
		TEST(test_first_run),
		TEST(test_runs_that_failed_alike),
		TEST(test_failure_in_its_place),
		TEST(test_run_of_no_vm),
		TEST(test_messages),
		TEST(test_many_messages),
		TEST(test_asked_by),
		TEST(test_line_of_call),
		TEST(test_line_of_run),
		TEST(test_line_of_request),
		TEST(test_too_many),
		TEST(test_beyond),
		TEST(test_lost_ends),
		TEST(test_schema_1),
		TEST(test_schema_1_proves_nothing),
		TEST(test_schema_1_ends_early),
		TEST(test_hostile_frames),
	};

	session_free(NULL);
	return cmocka_run_group_tests_name("story", tests, NULL, NULL);
}
