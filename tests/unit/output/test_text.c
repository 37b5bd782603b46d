// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table as a person sees it: columns in line at every width, and what is to be read in bold. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "output/emit.h"
#include "lib/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOON	 1795327200123456789 /* 06:00:00.123 UTC */

static const struct host_facts host = {
	.page_size = 4096, .ksize_is = FACT_KNOWN, .ksize = 24, .kernel_cmd = ABI_CMD_MAINLINE
};

static const struct cc_record ordinary = {
	.type = CC_NEGOTIATION,
	.seen = CC_SEEN_BACKEND | CC_SEEN_OPS,
	.has_hook = 1,
	.cmd = ABI_CMD_MAINLINE,
	.pid = 120,
	.tid = 121,
	.latency_ns = 5044,
	.arg = 0x7fff1230,
};

/* An output under test: what it has printed is in text. */
static struct {
	char *text;
	size_t size;
	FILE *f;
	void *state;
	uint64_t seq;
} t;

static void begin(struct emit_options opt)
{
	memset(&t, 0, sizeof(t));
	t.f = open_memstream(&t.text, &t.size);
	assert_non_null(t.f);
	t.state = emit_text.begin(t.f, &opt);
	assert_non_null(t.state);
}

static const char *printed(void)
{
	fflush(t.f);
	return t.text;
}

static void end(void)
{
	emit_text.end(t.state);
	fclose(t.f);
	free(t.text);
}

#define DAY "2026-11-22, UTC\n"

static bool assert_day_first(const char *text)
{
	assert_ptr_equal(strstr(text, DAY), text);
	return true;
}

/* Rows stand under their day. */
static void assert_printed(const char *expected)
{
	const char *text = printed();

	if (strstr(expected, "06:00:00.") && assert_day_first(text))
		text += strlen(DAY);
	assert_string_equal(text, expected);
	end();
}

static struct event event_of(enum event_type type, const struct cc_record *r)
{
	return (struct event){ .type = type,
			       .seq = ++t.seq,
			       .real_ns = NOON,
			       .rec = r,
			       .pid = r ? r->pid : 120,
			       .comm = "qemu",
			       .thread = "qemu",
			       .vm_name = "120-12",
			       .guest = "db1",
			       .cgroup = "",
			       .vm = 2 };
}

static struct maybe_u64 known(uint64_t value)
{
	return (struct maybe_u64){ true, value };
}

/* A verdict as diagnose() may give it; the sentence is the test's. */
static struct diagnosis verdict(enum cause cause, const char *hint)
{
	struct diagnosis d = { .abi = abi_by_cmd(ABI_CMD_MAINLINE),
			       .cause = cause,
			       .usize = known(48),
			       .usize_source = USIZE_ENTRY,
			       .flags = known(1),
			       .size_out = known(24) };

	if (cause <= CAUSE_OK_SMALLER_STRUCT)
		d.caps = known(0x6000000000000000);
	snprintf(d.hint, sizeof(d.hint), "%s", hint);
	return d;
}

static void negotiation(struct event e, const struct diagnosis *d)
{
	e.negotiation.diag = d;
	e.negotiation.host = &host;
	emit_text.event(t.state, &e);
}

static void query(int ret, enum cause cause, const char *hint)
{
	struct cc_record r = ordinary;
	struct diagnosis d = verdict(cause, hint);

	r.ret = ret;
	negotiation(event_of(EVENT_NEGOTIATION, &r), &d);
}

static void ask(uint32_t pvr, int ret, enum arch_cause cause, const char *hint)
{
	const struct offer offer = { .queried = QUERIED_NO,
				     .source = MODES_CPU_VERSION,
				     .modes = 0x6000000000000000 };
	const struct cc_record r = {
		.type = CC_ARCH_COMPAT, .pid = 120, .tid = 125, .arg = pvr, .ret = ret
	};
	struct arch_diagnosis d = { .pvr = pvr, .known = abi_pvr(pvr), .cause = cause };
	struct event e = event_of(EVENT_ARCH_COMPAT, &r);

	snprintf(d.hint, sizeof(d.hint), "%s", hint);
	e.thread = "CPU 0/KVM";
	e.arch.diag = &d;
	e.arch.offer = &offer;
	emit_text.event(t.state, &e);
}

static void check(uint64_t capability, int ret)
{
	const struct cc_record r = {
		.type = CC_EXTENSION, .pid = 7, .tid = 7, .arg = capability, .ret = ret
	};
	struct event e = event_of(EVENT_EXTENSION, &r);

	e.vm = 0;
	e.guest = NULL;
	emit_text.event(t.state, &e);
}

static void retry(bool recovered, uint64_t after_ns)
{
	const struct retry retry = { true, recovered, after_ns };
	struct event e = event_of(EVENT_RETRY, &ordinary);

	e.retry = &retry;
	emit_text.event(t.state, &e);
}

static void vm(bool ended, bool silent, const char *sentence)
{
	const struct frame f = { .type = FRAME_VM,
				 .vm = { .event = ended ? VM_ENDED : VM_CREATED } };
	struct event e = event_of(EVENT_VM, NULL);

	e.frame = &f;
	e.vm_life.life = LIFE_WHOLE;
	e.vm_life.sentence = sentence;
	e.vm_life.silent = silent;
	emit_text.event(t.state, &e);
}

static void attach(enum point point, enum attach_how how, const char *why)
{
	const struct frame f = { .type = FRAME_ATTACH,
				 .attach = { .point = point, .how = how, .why = why } };
	struct event e = event_of(EVENT_ATTACH, NULL);

	e.frame = &f;
	emit_text.event(t.state, &e);
}

static void lost(unsigned int vm, enum cc_loss loss, uint64_t n, const struct loss_count *by,
		 size_t n_by)
{
	const struct frame f = { .type = FRAME_LOST,
				 .lost = { .loss = loss, .n = n, .by = by, .n_by = n_by } };
	struct event e = event_of(EVENT_LOST, NULL);

	e.vm = vm;
	e.frame = &f;
	emit_text.event(t.state, &e);
}

static void finish(bool cut_off)
{
	struct event e = event_of(EVENT_END, NULL);

	e.end.cut_off = cut_off;
	emit_text.event(t.state, &e);
}

#define TOO_NEW \
	"byte 24 is not zero: clear bytes 24 to 47, or retry with the size written back (24)"
#define NEWER "qemu asked for POWER11, this host offers POWER9 POWER10, and it never queried"

static void a_story(void)
{
	check(250, 1);
	query(-E2BIG, CAUSE_STRUCT_TOO_NEW, TOO_NEW);
	query(0, CAUSE_OK, "nothing to change");
	retry(true, 1123456);
	ask(0x0f000007, -EINVAL, ARCH_NEWER_THAN_HOST, NEWER);
}

static void test_80_columns(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	a_story();
	assert_printed(
		"TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		"06:00:00.123  qemu[7]           -  check  1       capability 250: yes\n"
		"06:00:00.123  qemu[120]         2  query  E2BIG   struct-too-new: size 48,\n"
		"                                                  kernel 24\n"
		"              db1\n"
		"              -> byte 24 is not zero: clear bytes 24 to 47, or retry with the\n"
		"                 size written back (24)\n"
		"06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		"              -> retry after 1.1 ms: recovered\n"
		"06:00:00.123  qemu[120]         2  ask    EINVAL  newer-than-host: POWER11\n"
		"              -> qemu asked for POWER11, this host offers POWER9 POWER10, and it\n"
		"                 never queried\n");
}

static void test_100_columns(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 100 });
	a_story();
	assert_printed(
		"TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		"06:00:00.123  qemu[7]           -  check  1       capability 250: yes\n"
		"06:00:00.123  qemu[120]         2  query  E2BIG   struct-too-new: size 48, kernel 24\n"
		"              db1\n"
		"              -> byte 24 is not zero: clear bytes 24 to 47, or retry with the size written back (24)\n"
		"06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		"              -> retry after 1.1 ms: recovered\n"
		"06:00:00.123  qemu[120]         2  ask    EINVAL  newer-than-host: POWER11\n"
		"              -> qemu asked for POWER11, this host offers POWER9 POWER10, and it never queried\n");
}

/* A row takes two lines where it would not fit one. */
static void test_40_columns(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 40 });
	a_story();
	assert_printed("TIME          PROCESS          VM\n"
		       "  EVENT  RESULT  WHAT\n"
		       "06:00:00.123  qemu[7]           -\n"
		       "  check  1       capability 250: yes\n"
		       "06:00:00.123  qemu[120]         2\n"
		       "  query  E2BIG   struct-too-new: size\n"
		       "                 48, kernel 24\n"
		       "              db1\n"
		       "  -> byte 24 is not zero: clear bytes 24\n"
		       "     to 47, or retry with the size\n"
		       "     written back (24)\n"
		       "06:00:00.123  qemu[120]         2\n"
		       "  query  ok      POWER9 POWER10\n"
		       "  -> retry after 1.1 ms: recovered\n"
		       "06:00:00.123  qemu[120]         2\n"
		       "  ask    EINVAL  newer-than-host:\n"
		       "                 POWER11\n"
		       "  -> qemu asked for POWER11, this host\n"
		       "     offers POWER9 POWER10, and it never\n"
		       "     queried\n");
}

static char *story_at(unsigned int columns)
{
	char *text;

	begin((struct emit_options){ .columns = columns });
	a_story();
	text = strdup(printed());
	assert_non_null(text);
	end();
	return text;
}

/* Not a terminal: as on one of 80 columns. One that is too narrow: as on the narrowest. */
static void test_odd_columns(void **state)
{
	static const unsigned int same[][2] = { { 0, 80 }, { 1, 40 }, { 39, 40 } };

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		char *one = story_at(same[i][0]), *other = story_at(same[i][1]);

		assert_string_equal(one, other);
		free(one);
		free(other);
	}
}

/* Every cause, at every width that a terminal may have: no line is longer than the terminal. */
static void every_cause(void)
{
	static const int results[] = { 0, -E2BIG, -EINVAL, -EOPNOTSUPP, -524, INT_MIN };

	for (int c = 0; c < CAUSE_MAX; c++)
		query(c <= CAUSE_OK_NO_MODES ? 0 : results[c % COUNT(results)], c, TOO_NEW);
	for (int c = 0; c < ARCH_MAX; c++)
		ask(c == ARCH_UNKNOWN_PVR ? 0x4e0200 : 0x0f000007,
		    c < ARCH_NEWER_THAN_HOST ? 0 : -EINVAL, c, NEWER);
}

static void assert_lines_fit(const char *text, unsigned int columns)
{
	for (const char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if ((size_t)(end - line) > columns)
			fail_msg("more than %u columns: %.*s", columns, (int)(end - line), line);
		assert_true(end == line || end[-1] != ' ');
	}
}

static void test_no_line_is_too_long(void **state)
{
	(void)state;
	for (unsigned int columns = 40; columns <= 200; columns++) {
		begin((struct emit_options){ .columns = columns, .verbose = columns % 2 });
		a_story();
		every_cause();
		retry(false, UINT64_MAX);
		vm(true, true, NEWER);
		attach(POINT_IOCTL, ATTACH_FEXIT, NULL);
		attach(POINT_IOCTL, ATTACH_ABSENT, "kvm is not loaded, and nobody knows why");
		assert_lines_fit(printed(), columns);
		end();
	}
}

/* The name of every cause is on the screen, whole: a person may look it up. */
static void test_every_cause_is_named(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	every_cause();
	for (int c = CAUSE_OK + 1; c < CAUSE_MAX; c++)
		assert_non_null(strstr(printed(), cause_name(c)));
	for (int c = 0; c < ARCH_MAX; c++)
		assert_non_null(strstr(printed(), arch_cause_name(c)));
	end();
}

static void test_details_of_causes(void **state)
{
	static const struct {
		enum cause cause;
		const char *what;
	} rows[] = {
		{ CAUSE_OK, "ok      POWER9 POWER10\n" },
		{ CAUSE_OK_LARGER_STRUCT, "ok      ok-larger-struct: POWER9 POWER10\n" },
		{ CAUSE_OK_NO_MODES, "ok      ok-no-modes\n" },
		{ CAUSE_SIZE_TOO_SMALL, "EINVAL  size-too-small: size 48\n" },
		{ CAUSE_FLAGS_SET, "EINVAL  flags-set: flags 0x1\n" },
		{ CAUSE_ABI_MISMATCH, "EINVAL  abi-mismatch: mainline\n" },
		{ CAUSE_COPYOUT_FAILED, "EINVAL  copyout-failed\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin((struct emit_options){ .columns = 100 });
		query(rows[i].cause <= CAUSE_OK_NO_MODES ? 0 : -EINVAL, rows[i].cause, "");
		assert_non_null(strstr(printed(), rows[i].what));
		end();
	}
}

/* What could not be read is not shown as a number. */
static void test_what_is_not_known(void **state)
{
	struct diagnosis d = verdict(CAUSE_STRUCT_TOO_NEW, "");
	struct cc_record r = ordinary;

	(void)state;
	r.ret = -E2BIG;
	d.usize.known = false;
	begin((struct emit_options){ .columns = 100 });
	negotiation(event_of(EVENT_NEGOTIATION, &r), &d);
	assert_non_null(strstr(printed(), "E2BIG   struct-too-new\n"));
	end();
	d = verdict(CAUSE_OK, "");
	d.caps.known = false;
	r.ret = 0;
	begin((struct emit_options){ .columns = 100 });
	negotiation(event_of(EVENT_NEGOTIATION, &r), &d);
	assert_non_null(strstr(printed(), "query  ok      ok\n"));
	end();
}

/* The answer of a check is a number, and no success that a 0 beside it belies. */
static void test_checks(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	check(250, 0);
	check(249, 1);
	check(250, -EINTR);
	assert_printed("TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		       "06:00:00.123  qemu[7]           -  check  0       capability 250: no\n"
		       "06:00:00.123  qemu[7]           -  check  1       capability 249: yes\n"
		       "06:00:00.123  qemu[7]           -  check  EINTR   capability 250\n");
}

static void test_asks(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	ask(0, 0, ARCH_HOST_DEFAULT, "not shown");
	ask(0x0f000006, 0, ARCH_ACCEPTED, "not shown");
	ask(0x0f000007, 0, ARCH_ACCEPTED_ABOVE_HOST, "it dies");
	ask(0xffffffff, -EINVAL, ARCH_UNKNOWN_PVR, "no such PVR");
	assert_printed(
		"TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		"06:00:00.123  qemu[120]         2  ask    ok      host-default\n"
		"              db1\n"
		"06:00:00.123  qemu[120]         2  ask    ok      accepted: POWER10\n"
		"06:00:00.123  qemu[120]         2  ask    ok      accepted-above-host: POWER11\n"
		"              -> it dies\n"
		"06:00:00.123  qemu[120]         2  ask    EINVAL  unknown-pvr: 0xffffffff\n"
		"              -> no such PVR\n");
}

/* Under --errors-only the call that recovered has no row: the retry stands for itself. */
static void test_retry_without_its_row(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	query(-E2BIG, CAUSE_STRUCT_TOO_NEW, "");
	t.seq++;
	retry(false, 2500000000);
	retry(true, 999);
	assert_printed(
		"TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		"06:00:00.123  qemu[120]         2  query  E2BIG   struct-too-new: size 48,\n"
		"                                                  kernel 24\n"
		"              db1\n"
		"06:00:00.123  qemu[120]         2  retry  failed  failed after 2.5 s\n"
		"              -> retry after 999 ns: recovered\n");
}

static void test_vms(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	vm(false, true, NULL);
	vm(true, true, NULL);
	vm(true, false, "queried, asked for no mode"); /* which its rows have shown */
	vm(true, true, "VM 2, guest db1, asked for no mode.");
	assert_printed("TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		       "06:00:00.123  qemu[120]         2  vm     ended   120-12\n"
		       "              db1\n"
		       "              -> VM 2, guest db1, asked for no mode.\n");
	begin((struct emit_options){ .columns = 80, .verbose = true });
	vm(false, true, NULL);
	assert_printed("TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		       "06:00:00.123  qemu[120]         2  vm     new     120-12\n"
		       "              db1\n");
}

static void failed(int ret, const struct run *run, uint32_t reason)
{
	struct cc_record r = ordinary;
	struct frame f = { .type = FRAME_CALL, .call.rec = &r };
	struct event e = event_of(EVENT_RUN, &r);

	r.type = CC_RUN;
	r.ret = ret;
	r.cmd = reason;
	r.latency_ns = 0;
	e.frame = &f;
	e.run = run;
	emit_text.event(t.state, &e);
}

static void says(const char *text, uint32_t cmd, unsigned int vm)
{
	struct cc_record r = ordinary;
	struct frame f = { .type = FRAME_KERNEL, .kernel = { &r, text, NULL, NULL } };
	struct event e = event_of(EVENT_KERNEL, &r);

	r.type = CC_KERNEL;
	r.cmd = cmd;
	r.latency_ns = 0;
	e.frame = &f;
	e.vm = vm;
	emit_text.event(t.state, &e);
}

static void test_failures(void **state)
{
	const struct run refused = { .asked = true,
				     .pvr = 0x0f000007,
				     .cause = ARCH_NEWER_THAN_HOST,
				     .hint = "KVM_RUN failed with EINVAL" };
	const struct run nothing = { .hint = "KVM_RUN ended with exit reason unknown" };
	const struct run raw = { .asked = true, .pvr = 1, .cause = ARCH_UNKNOWN_PVR, .hint = "x" };

	(void)state;
	begin((struct emit_options){ .columns = 80 });
	says("KVM: of no VM", 0, 0);
	says("KVM-NESTEDv2: couldn't set guest wide elements", ABI_CMD_RUN, 2);
	failed(-EINVAL, &refused, 19);
	failed(0, &nothing, ABI_EXIT_UNKNOWN);
	failed(-EFAULT, &raw, 0);
	assert_printed(
		"TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		"06:00:00.123  qemu[120]         2  kernel log     KVM-NESTEDv2: couldn't set\n"
		"                                                  guest wide elements\n"
		"              db1\n"
		"06:00:00.123  qemu[120]         2  run    EINVAL  newer-than-host: POWER11\n"
		"              -> KVM_RUN failed with EINVAL\n"
		"06:00:00.123  qemu[120]         2  run    failed\n"
		"              -> KVM_RUN ended with exit reason unknown\n"
		"06:00:00.123  qemu[120]         2  run    EFAULT  unknown-pvr\n"
		"              -> x\n");
	begin((struct emit_options){ .columns = 80, .verbose = true });
	says("KVM: no", 0, 0);
	failed(0, &nothing, ABI_EXIT_FAIL_ENTRY);
	assert_non_null(strstr(printed(), "VM 120-12, in no ioctl on a VM\n"));
	assert_non_null(strstr(printed(), "VM 120-12, exit reason 9\n"));
	end();
}

/* Guests take turns: each row says whose it is where that changes. */
static void test_guests(void **state)
{
	struct diagnosis d = verdict(CAUSE_OK, "");
	struct event e;

	(void)state;
	begin((struct emit_options){ .columns = 80 });
	for (int i = 0; i < 4; i++) {
		e = event_of(EVENT_NEGOTIATION, &ordinary);
		e.vm = 1 + i / 2;
		e.guest = i / 2 ? "a-guest-whose-name-is-longer-than-its-column" : "web";
		negotiation(e, &d);
	}
	assert_printed("TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		       "06:00:00.123  qemu[120]         1  query  ok      POWER9 POWER10\n"
		       "              web\n"
		       "06:00:00.123  qemu[120]         1  query  ok      POWER9 POWER10\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		       "              a-guest-whose-name-is-longer-than-its-column\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n");
}

/* How watching began is not the table's; a hole that opens in it is. */
static void test_attach(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	attach(POINT_IOCTL, ATTACH_FEXIT, NULL);
	attach(POINT_BACKEND, ATTACH_ABSENT, "kvm_hv is not loaded");
	attach(POINT_BACKEND, ATTACH_ABSENT, "kvm_hv is not loaded");
	attach(POINT_BACKEND, ATTACH_KPROBE, NULL);
	attach(ATTACH_POINTS, ATTACH_ABSENT, "nonsense");
	assert_string_equal(printed(), "");
	attach(POINT_IOCTL, ATTACH_ABSENT,
	       "kernel.ftrace_enabled is 0: switch it on again with sysctl kernel.ftrace_enabled=1");
	attach(POINT_IOCTL, ATTACH_ABSENT, "still");
	attach(POINT_IOCTL, ATTACH_FEXIT, NULL);
	attach(POINT_IOCTL, ATTACH_KPROBE, NULL);
	attach(POINT_BACKEND, ATTACH_ABSENT, NULL);
	assert_printed(
		"*** not watching kvm_arch_vm_ioctl: kernel.ftrace_enabled is 0: switch it on\n"
		"    again with sysctl kernel.ftrace_enabled=1\n"
		"*** watching kvm_arch_vm_ioctl again (fexit)\n"
		"*** not watching kvmppc_get_compat_caps: why is not known\n");
}

static struct loss_count part(uint64_t n, uint32_t type, uint32_t cmd, int ret)
{
	return (struct loss_count){ { .type = type, .cmd = cmd, .ret = ret }, n };
}

static void test_lost(void **state)
{
	const struct loss_count by[] = {
		part(100, CC_NEGOTIATION, ABI_CMD_MAINLINE, -E2BIG),
		part(2, CC_NEGOTIATION, ABI_CMD_MAINLINE, 0),
		part(18, CC_NEGOTIATION, ABI_CMD_V5, -E2BIG),
		part(1, CC_ARCH_COMPAT, 0, -EINVAL),
		part(3, CC_EXTENSION, 0, 1),
		part(1, 77, 0, 0),
		part(6, CC_RUN, 0, CC_RET_UNKNOWN),
		part(1, CC_KERNEL, 0, CC_RET_UNKNOWN),
	};

	(void)state;
	begin((struct emit_options){ .columns = 80 });
	lost(3, CC_LOSS_BUDGET, 120, by, 3);
	lost(0, CC_LOSS_RING, 125, by, COUNT(by));
	lost(0, CC_LOSS_MISSED, 1, NULL, 0);
	assert_printed(
		"*** 120 events lost: vm-budget (VM 3): 118 query E2BIG, 2 query ok\n"
		"*** 125 events lost: ring-full: 118 query E2BIG, 2 query ok, 1 ask EINVAL, 3\n"
		"    check 1, 1 other ok, 6 run, 1 kernel\n"
		"*** 1 event lost: probe-missed\n");
}

/* A call whose end was not seen has no result: least of all "ok". */
static void test_lost_without_result(void **state)
{
	const struct loss_count by = part(5, CC_NEGOTIATION, ABI_CMD_MAINLINE, CC_RET_UNKNOWN);

	(void)state;
	begin((struct emit_options){ .columns = 80 });
	lost(0, CC_LOSS_ORPHANED, 5, &by, 1);
	assert_printed("*** 5 events lost: orphaned: 5 query\n");
}

/* A recording may list any number of kinds. */
static void test_lost_of_many_kinds(void **state)
{
	struct loss_count by[100];

	(void)state;
	for (int i = 0; i < (int)COUNT(by); i++)
		by[i] = part(1, CC_NEGOTIATION, 0, -i);
	begin((struct emit_options){ .columns = 80 });
	lost(0, CC_LOSS_RING, 100, by, 16);
	assert_null(strstr(printed(), "others"));
	lost(0, CC_LOSS_RING, 100, by, COUNT(by));
	assert_non_null(strstr(printed(), "and others\n"));
	assert_in_range(strlen(printed()), 100, 1000);
	end();
}

static void test_end(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	finish(false);
	assert_printed("");
	begin((struct emit_options){ .columns = 80 });
	finish(true);
	assert_printed("*** the recording is cut off here: it has no end\n");
}

static void test_verbose(void **state)
{
	struct diagnosis d = verdict(CAUSE_OK, "");
	struct event e;

	(void)state;
	begin((struct emit_options){ .columns = 80, .verbose = true });
	e = event_of(EVENT_NEGOTIATION, &ordinary);
	e.cgroup = "/machine.slice/db1";
	negotiation(e, &d);
	ask(0x0f000006, 0, ARCH_ACCEPTED, "");
	check(250, 1);
	assert_printed(
		"TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		"06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		"              db1\n"
		"              tid 121, VM 120-12, cgroup /machine.slice/db1, took 5 us, mainline\n"
		"              0x2000aeb8, size 48, flags 0x1, size after 24, hook returned 0,\n"
		"              bitmap 0x6000000000000000, struct at 0x7fff1230\n"
		"06:00:00.123  qemu[120]         2  ask    ok      accepted: POWER10\n"
		"              tid 125, thread CPU 0/KVM, VM 120-12, queried no, modes POWER9\n"
		"              POWER10 (cpu-version), PVR 0x0f000006\n"
		"06:00:00.123  qemu[7]           -  check  1       capability 250: yes\n"
		"              tid 7, VM 120-12, capability 250\n");
}

/* Does a field begin in this column? */
static bool begins(const char *line, size_t at)
{
	return strlen(line) > at && line[at] != ' ' && (!at || line[at - 1] == ' ');
}

/* Names, numbers of processes and of VMs of every length leave the columns in line. */
static void test_columns(void **state)
{
	static const char *const comms[] = { "a", "qemu", "qemu-system-ppc", "", NULL };
	static const uint32_t pids[] = { 0, 1, 4711, 4194304, UINT32_MAX };
	static const unsigned int vms[] = { 0, 1, 99, 100, 65536 };
	struct diagnosis d = verdict(CAUSE_OK, "");
	size_t rows = 0;

	(void)state;
	begin((struct emit_options){ .columns = 80 });
	for (size_t i = 0; i < 5 * 5 * 5; i++) {
		struct event e = event_of(EVENT_NEGOTIATION, &ordinary);

		e.comm = comms[i % 5];
		e.pid = pids[i / 5 % 5];
		e.vm = vms[i / 25];
		e.guest = "";
		negotiation(e, &d);
	}
	assert_day_first(printed());
	for (char *save, *line = strtok_r(t.text + strlen(DAY), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), rows++) {
		if (!begins(line, 0) || !begins(line, 14) || !begins(line, 35) ||
		    !begins(line, 42) || !begins(line, 50) || line[32] == ' ' || line[33] != ' ')
			fail_msg("not in line: %s", line);
	}
	assert_int_equal(rows, 1 + 5 * 5 * 5);
	end();
}

/* A clock that goes round, and one that goes back, stand under a day of their own each. */
static void test_days(void **state)
{
	static const uint64_t day = UINT64_C(86400000000000);
	const struct diagnosis d = { .cause = CAUSE_OK, .caps = { true, 0x6000000000000000 } };
	struct event e = event_of(EVENT_NEGOTIATION, &ordinary);

	(void)state;
	begin((struct emit_options){ .columns = 80 });
	e.guest = "";
	for (int i = 0; i < 2; i++)
		negotiation(e, &d);
	e.real_ns += day;
	for (int i = 0; i < 2; i++)
		negotiation(e, &d);
	e.real_ns += 364 * day;
	negotiation(e, &d);
	e.real_ns -= 365 * day;
	negotiation(e, &d);
	assert_printed("TIME          PROCESS          VM  EVENT  RESULT  WHAT\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		       "2026-11-23, UTC\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		       "2027-11-22, UTC\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n"
		       "2026-11-22, UTC\n"
		       "06:00:00.123  qemu[120]         2  query  ok      POWER9 POWER10\n");
}

static void test_names_are_shortened(void **state)
{
	static const struct {
		const char *comm;
		uint32_t pid;
		const char *shown;
	} names[] = {
		{ "qemu-system-ppc", 120, " qemu-syst~[120] " },
		{ "qemu-system-ppc", 4194304, " qemu-~[4194304] " },
		{ "qemu-syste", 120, " qemu-syste[120] " },
		{ "a\\x1bbcdefgh", 120, " a\\x1bbcde~[120] " },
		{ "abcdefg\\x1b", 120, " abcdefg~[120] " },
		{ "abcdefgh\\\\", 120, " abcdefgh\\\\[120] " },
		{ "abcdefgh\\\\z", 120, " abcdefgh~[120] " },
		{ NULL, 120, " ?[120] " },
	};
	struct diagnosis d = verdict(CAUSE_OK, "");

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct event e;

		begin((struct emit_options){ .columns = 80 });
		e = event_of(EVENT_NEGOTIATION, &ordinary);
		e.comm = names[i].comm;
		e.pid = names[i].pid;
		negotiation(e, &d);
		if (!strstr(printed(), names[i].shown))
			fail_msg("no \"%s\" in %s", names[i].shown, t.text);
		end();
	}
}

/* Every byte that a process can put into its name and its guest's: no terminal obeys it. */
static void test_terminal_is_ours(void **state)
{
	struct diagnosis d = verdict(CAUSE_OK, "");
	char raw[16], comm[64], long_guest[256], name[200];
	struct event e;

	(void)state;
	begin((struct emit_options){ .columns = 80, .verbose = true });
	for (int c = 1; c < 256; c++) {
		memset(raw, c, sizeof(raw) - 1);
		raw[15] = '\0';
		memset(name, c, sizeof(name) - 1);
		name[199] = '\0';
		text_escape(comm, sizeof(comm), raw, sizeof(raw));
		text_escape(long_guest, sizeof(long_guest), name, sizeof(name));
		e = event_of(EVENT_NEGOTIATION, &ordinary);
		e.vm = (unsigned int)c;
		e.comm = e.thread = e.vm_name = comm;
		e.guest = e.cgroup = long_guest;
		negotiation(e, &d);
	}
	for (const char *p = printed(); *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	assert_lines_fit(t.text, 80);
	end();
}

static void assert_has(const char *part)
{
	if (!strstr(printed(), part))
		fail_msg("no \"%s\" in: %s", part, t.text);
}

/* What is to be read is bold, a failure red, and success no brighter than either. */
static void test_colors(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80, .color = true });
	a_story();
	ask(0x0f000007, 0, ARCH_ACCEPTED_ABOVE_HOST, "it dies");
	query(0, CAUSE_OK_LARGER_STRUCT, "take them as absent");
	check(250, 0);
	attach(POINT_IOCTL, ATTACH_FEXIT, NULL);
	attach(POINT_IOCTL, ATTACH_ABSENT, "why");
	lost(0, CC_LOSS_RING, 1, NULL, 0);
	assert_has("query  \33[31mE2BIG\33[0m");
	assert_has("\33[1m-> byte 24 is not zero: clear bytes 24 to 47, or retry with the\33[0m\n");
	assert_has("query  \33[32mok\33[0m      POWER9");
	assert_has("\33[32m-> retry after 1.1 ms: recovered\33[0m\n");
	assert_has("ask    \33[31mok\33[0m      accepted-above-host");
	assert_has("query  \33[33mok\33[0m      ok-larger");
	assert_has("check  \33[33m0\33[0m");
	assert_has("\33[31m*** not watching");
	assert_has("\33[31m*** 1 event lost");
	assert_null(strstr(printed(), "\n\33[0m"));
	end();
}

/* Each line ends as it began, so that any of them can be shown alone, and only paints. */
static void test_colors_end_with_their_line(void **state)
{
	size_t painted = 0;

	(void)state;
	for (unsigned int columns = 40; columns <= 80; columns += 40) {
		begin((struct emit_options){ .columns = columns, .color = true, .verbose = true });
		a_story();
		every_cause();
		printed();
		for (char *save, *line = strtok_r(t.text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			const char *last = NULL;

			for (char *p = strchr(line, '\33'); p; p = strchr(p + 1, '\33')) {
				assert_int_equal(p[1], '[');
				assert_int_equal(p[2 + strspn(p + 2, "0123456789")], 'm');
				last = p;
				painted++;
			}
			if (last && strncmp(last, "\33[0m", 4))
				fail_msg("not plain at its end: %s", line);
		}
		end();
	}
	assert_in_range(painted, 100, 2000);
}

/* Two at once, as a recording and a table, do not share anything. */
static void test_no_shared_state(void **state)
{
	char *one = story_at(80);

	(void)state;
	begin((struct emit_options){ .columns = 100, .color = true });
	query(-E2BIG, CAUSE_STRUCT_TOO_NEW, TOO_NEW);
	end();
	begin((struct emit_options){ .columns = 80 });
	a_story();
	assert_string_equal(printed(), one);
	end();
	free(one);
}

/* A check of capability 250, 3.5 s after a trace began that was 7 s after boot. */
static void a_check(enum emit_time time, unsigned int columns)
{
	const struct cc_record r = {
		.type = CC_EXTENSION, .pid = 7, .tid = 7, .arg = 250, .ret = 1
	};
	struct event e;

	begin((struct emit_options){ .columns = columns, .time = time });
	e = event_of(EVENT_TRACE, NULL);
	e.mono_ns = 7000000000;
	emit_text.event(t.state, &e);
	e = event_of(EVENT_EXTENSION, &r);
	e.mono_ns = 10500000000;
	e.real_ns += 3500000000;
	e.vm = 0;
	e.guest = NULL;
	emit_text.event(t.state, &e);
}

static void test_times(void **state)
{
	static const struct {
		enum emit_time time;
		const char *first, *row;
	} times[] = {
		{ TIMES_LOCAL, "2026-11-22, CET\n", "\n07:00:03.623  qemu[7]" },
		{ TIMES_UTC, "2026-11-22, UTC\n", "\n06:00:03.623  qemu[7]" },
		{ TIMES_ISO, "TIME                           PROCESS          VM  EVENT",
		  "\n2026-11-22T07:00:03.623+01:00  qemu[7]" },
		{ TIMES_REL, "seconds after 2026-11-22 07:00:00, CET\n",
		  "\n       3.500  qemu[7]" },
		{ TIMES_MONO, "seconds since boot (CLOCK_MONOTONIC)\n", "\n      10.500  qemu[7]" },
	};

	(void)state;
	setenv("TZ", "CET-1", 1);
	tzset();
	for (size_t i = 0; i < COUNT(times); i++) {
		a_check(times[i].time, 100);
		assert_ptr_equal(strstr(printed(), times[i].first), printed());
		if (!strstr(printed(), times[i].row))
			fail_msg("%s", printed());
		end();
	}
	setenv("TZ", "UTC0", 1);
	tzset();
}

static void test_times_fit(void **state)
{
	(void)state;
	for (unsigned int columns = 60; columns <= 200; columns++)
		for (enum emit_time time = TIMES_LOCAL; time <= TIMES_MONO; time++) {
			a_check(time, columns);
			a_story();
			assert_lines_fit(printed(), columns);
			end();
		}
}

static void ask_of(uint32_t vcpu, bool known, unsigned int vm, uint32_t pvr)
{
	const struct offer offer = { .queried = QUERIED_NO };
	const struct cc_record r = { .type = CC_ARCH_COMPAT,
				     .seen = known ? CC_SEEN_VCPU : 0,
				     .pid = 120,
				     .tid = 125 + vcpu,
				     .arg = pvr,
				     .vcpu = vcpu };
	const struct arch_diagnosis d = { .pvr = pvr,
					  .known = abi_pvr(pvr),
					  .cause = ARCH_ACCEPTED };
	struct event e = event_of(EVENT_ARCH_COMPAT, &r);

	e.vm = vm;
	e.arch.diag = &d;
	e.arch.offer = &offer;
	emit_text.event(t.state, &e);
}

static size_t rows(void)
{
	size_t n = 0;

	for (const char *row = printed(); (row = strstr(row, "  ask ")); row++)
		n++;
	return n;
}

/* Who asked, where it was the guest: in the row, and what else is known of it with -v. */
static void test_asked_by(void **state)
{
	static const char *const said[BY_MAX] = { [BY_CAS] = "in the guest's negotiation (CAS)",
						  [BY_START] = "before the guest ran",
						  [BY_VMM] = "after the guest ran, outside CAS" };
	const struct offer offer = { .queried = QUERIED_NO };
	const struct cc_record r = { .type = CC_ARCH_COMPAT, .pid = 120, .arg = 0x0f000006 };

	(void)state;
	for (enum request_by by = BY_UNKNOWN; by < BY_MAX; by++) {
		const struct arch_diagnosis d = { .pvr = 0x0f000006,
						  .known = abi_pvr(0x0f000006),
						  .by = by,
						  .guest_known = by == BY_CAS,
						  .guest_modes = 1ull << 62 };
		struct event e = event_of(EVENT_ARCH_COMPAT, &r);

		e.arch.diag = &d;
		e.arch.offer = &offer;
		begin((struct emit_options){ .verbose = true, .columns = 1000 });
		emit_text.event(t.state, &e);
		finish(false);
		assert_int_equal(!!strstr(printed(), "accepted: POWER10 (CAS)"), by == BY_CAS);
		assert_int_equal(!!strstr(printed(), "guest lists POWER9,"), by == BY_CAS);
		for (enum request_by other = BY_CAS; other < BY_MAX; other++)
			assert_int_equal(!!strstr(printed(), said[other]), other == by);
		end();
	}
}

static void test_vcpus_are_folded(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	for (uint32_t vcpu = 0; vcpu < 8; vcpu++)
		ask_of(vcpu, true, 2, 0x0f000006);
	assert_int_equal(rows(), 1);
	assert_null(strstr(printed(), "the same"));
	finish(false);
	assert_non_null(strstr(printed(), "\n              the same for 7 more vCPUs\n"));
	end();
}

static void run_of(uint32_t vcpu, int ret, const char *line)
{
	const struct cc_record r = { .type = CC_RUN,
				     .seen = CC_SEEN_VCPU,
				     .pid = 120,
				     .tid = 125 + vcpu,
				     .ret = ret,
				     .vcpu = vcpu };
	const struct run run = { .asked = true,
				 .pvr = 0x0f000006,
				 .cause = ARCH_ACCEPTED,
				 .first_known = true,
				 .first = true,
				 .hint = vcpu ? "the first run of vCPU 1 failed" :
						"its first run failed",
				 .line = line };
	struct event e = event_of(EVENT_RUN, &r);

	e.vm = 2;
	e.run = &run;
	emit_text.event(t.state, &e);
}

/* Each is told of with its own vCPU; what differs has a row. */
static void test_failed_runs_are_folded(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	for (uint32_t vcpu = 0; vcpu < 4; vcpu++)
		run_of(vcpu, -EINVAL, NULL);
	run_of(4, -ENOENT, NULL);
	assert_non_null(strstr(printed(), "\n              the same for 3 more vCPUs\n"));
	run_of(5, -ENOENT, "KVM says so");
	finish(false);
	assert_null(strstr(strstr(printed(), "the same") + 1, "the same"));
	end();
}

/* Who looks on sees after a second how many they are so far. */
static void test_folds_do_not_wait(void **state)
{
	const uint64_t second = 1000000000;

	(void)state;
	begin((struct emit_options){ .columns = 80 });
	ask_of(0, true, 2, 0x0f000006);
	assert_int_equal(emit_text.settle(t.state, 7 * second), 0);
	ask_of(1, true, 2, 0x0f000006);
	assert_int_equal(emit_text.settle(t.state, 7 * second), 8 * second);
	ask_of(2, true, 2, 0x0f000006);
	assert_int_equal(emit_text.settle(t.state, 8 * second - 1), 8 * second);
	assert_null(strstr(printed(), "the same"));
	assert_int_equal(emit_text.settle(t.state, 8 * second), 0);
	assert_non_null(strstr(printed(), "the same for 2 more vCPUs\n"));
	ask_of(3, true, 2, 0x0f000006);
	assert_int_equal(rows(), 2);
	end();
}

/* Another VM, another mode, the same vCPU once more, one that is not known, and -v: a row each. */
static void test_vcpus_that_differ(void **state)
{
	(void)state;
	begin((struct emit_options){ .columns = 80 });
	ask_of(0, true, 2, 0x0f000006);
	ask_of(1, true, 2, 0x0f000006);
	ask_of(2, true, 2, 0x0f000005);
	assert_non_null(strstr(printed(), "the same for 1 more vCPU\n"));
	ask_of(2, true, 2, 0x0f000005);
	ask_of(3, true, 3, 0x0f000005);
	ask_of(4, false, 3, 0x0f000005);
	ask_of(5, false, 3, 0x0f000005);
	assert_int_equal(rows(), 6);
	end();
	begin((struct emit_options){ .columns = 80, .verbose = true });
	ask_of(0, true, 2, 0x0f000006);
	ask_of(1, true, 2, 0x0f000006);
	assert_int_equal(rows(), 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_80_columns),
		cmocka_unit_test(test_100_columns),
		cmocka_unit_test(test_40_columns),
		cmocka_unit_test(test_odd_columns),
		cmocka_unit_test(test_no_line_is_too_long),
		cmocka_unit_test(test_every_cause_is_named),
		cmocka_unit_test(test_details_of_causes),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_retry_without_its_row),
		cmocka_unit_test(test_vms),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_guests),
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lost_without_result),
		cmocka_unit_test(test_lost_of_many_kinds),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_verbose),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_names_are_shortened),
		cmocka_unit_test(test_terminal_is_ours),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_colors_end_with_their_line),
		cmocka_unit_test(test_no_shared_state),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_times_fit),
		cmocka_unit_test(test_asked_by),
		cmocka_unit_test(test_vcpus_are_folded),
		cmocka_unit_test(test_failed_runs_are_folded),
		cmocka_unit_test(test_folds_do_not_wait),
		cmocka_unit_test(test_vcpus_that_differ),
	};

	setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
