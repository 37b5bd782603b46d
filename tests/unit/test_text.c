// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table as a person sees it: columns in line, and a terminal that nobody else commands. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "run_main.h"

#include "emit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct host_facts host = { .page_size = 4096, .ksize = 24, .pseries = true,
					.kernel_cmd = ABI_CMD_MAINLINE, .has_cpu_version = true,
					.cpu_version = 0x0f000006, .backend_watched = true };

static const struct cc_record ordinary = {
	.type = CC_NEGOTIATION, .seen = CC_SEEN_BACKEND | CC_SEEN_OPS, .has_hook = 1,
	.cmd = ABI_CMD_MAINLINE, .pid = 4711, .tid = 4712, .comm = "qemu-system-ppc",
	.vm_name = "4711-12", .latency_ns = 5044, .in = { 24 }, .in_words = 3,
	.out = { 24, 0, 0x6000000000000000 }, .out_words = 3, .arg = 0x7fff1230,
};

static const struct emit_options plain, verbose = { .verbose = true }, color = { .color = true };

static struct event event(enum event_type type, const struct cc_record *r)
{
	return (struct event){ .type = type, .seq = 1, .real_ns = 1795327200123456789, .rec = r,
			       .vm = r ? 1 : 0 };
}

static void print_negotiation(const struct cc_record *r, const struct emit_options *opt)
{
	struct event e = event(EVENT_NEGOTIATION, r);
	struct diagnosis d;

	diagnose(r, &host, &d);
	e.negotiation.diag = &d;
	e.negotiation.host = &host;
	e.guest = opt->verbose ? "fedora" : NULL;
	emit_text.event(&e, opt);
}

static void print_arch(uint32_t pvr, int ret, struct offer offer, const struct emit_options *opt)
{
	const struct cc_record r = { .type = CC_ARCH_COMPAT, .pid = 4711, .tid = 4712,
				     .comm = "qemu-system-ppc", .arg = pvr, .ret = ret };
	struct event e = event(EVENT_ARCH_COMPAT, &r);
	struct arch_diagnosis d;

	diagnose_arch(&r, &offer, &d);
	e.arch.diag = &d;
	e.arch.offer = &offer;
	emit_text.event(&e, opt);
}

static void print_others(const struct emit_options *opt)
{
	const struct cc_record asks = { .type = CC_EXTENSION, .pid = 7, .comm = "vmm", .arg = 250,
					.ret = 1 };
	const struct retry retry = { true, true, 1234567 };
	struct event e = event(EVENT_EXTENSION, &asks);

	e.vm = 0;
	emit_text.event(&e, opt);
	e = event(EVENT_RETRY, &ordinary);
	e.retry = &retry;
	emit_text.event(&e, opt);
	e = event(EVENT_LOST, NULL);
	e.lost.n = 17;
	e.lost.where = "the ring buffer was full";
	emit_text.event(&e, opt);
	e = event(EVENT_ATTACH, NULL);
	e.attach.func = "kvm_arch_vm_ioctl";
	emit_text.event(&e, opt);
}

static int print_all_in(const struct emit_options *opt)
{
	struct cc_record failed = ordinary;

	failed.ret = -E2BIG;
	failed.seen = CC_SEEN_OPS;
	failed.in[0] = failed.out[0] = 1ull << 32;
	print_negotiation(&ordinary, opt);
	print_negotiation(&failed, opt);
	print_arch(0x0f000006, -EINVAL,
		   (struct offer){ .source = MODES_CPU_VERSION, .modes = 0x4000000000000000 }, opt);
	print_arch(0, 0, (struct offer){ 0 }, opt);
	print_others(opt);
	return 0;
}

static int print_plain(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_all_in(&plain);
}

static int print_verbose(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_all_in(&verbose);
}

static int print_color(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_all_in(&color);
}

static void test_table(void **state)
{
	(void)state;
	run_main(print_plain, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	assert_string_equal(
		ran.out,
		"TIME             PROCESS                    VM  USIZE>KSIZE  RESULT   MODES                   CAUSE\n"
		"06:00:00.123456  qemu-system-ppc[4711]       1  24>24        ok       POWER9+POWER10          ok\n"
		"06:00:00.123456  qemu-system-ppc[4711]       1  4.3e+09>24   E2BIG    -                       size-over-page\n"
		"  -> size=4294967296 is more than a page (4096): set size=sizeof(struct kvm_ppc_compat_caps) before the call; it was probably never initialised\n"
		"06:00:00.123456  qemu-system-ppc[4711]       1  asks for     EINVAL   POWER10                 newer-than-host\n"
		"  -> qemu-system-ppc asked for POWER10, this host offers POWER9, and it never queried: call KVM_PPC_GET_COMPAT_CAPS and ask for a mode that it offers (QEMU: max-cpu-compat)\n"
		"06:00:00.123456  qemu-system-ppc[4711]       1  asks for     ok       default                 host-default\n"
		"  -> qemu-system-ppc asked for the host's default\n"
		"06:00:00.123456  vmm[7]                      -               ok                               KVM_CHECK_EXTENSION(250) = 1\n"
		"  -> VM 1 came again 1234 us after the E2BIG: recovered\n"
		"*** 17 events lost: the ring buffer was full\n");
}

static void test_details(void **state)
{
	(void)state;
	run_main(print_verbose, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	assert_non_null(strstr(
		ran.out, "\n  tid 4712, mainline 0x2000aeb8, arg 0x7fff1230, size 24, flags 0x0, size after 24, "
			 "hook returned 0, bitmap 0x6000000000000000, VM 4711-12, guest fedora, "
			 "took 5044 ns\n"));
}

/* Where a field is too long its own row may bulge, yet two spaces keep it apart from the next. */
static int print_long(int argc, char **argv)
{
	struct cc_record r = ordinary;

	(void)argc;
	(void)argv;
	r.pid = UINT32_MAX;
	r.in[0] = r.out[0] = UINT64_MAX;
	r.ret = -E2BIG;
	r.seen = 0;
	print_negotiation(&r, &plain);
	r = ordinary;
	r.out[2] = UINT64_MAX;
	print_negotiation(&r, &plain);
	r.cmd = ABI_CMD_V1;
	r.ret = INT_MIN;
	print_negotiation(&r, &plain);
	return 0;
}

static void test_long_fields(void **state)
{
	(void)state;
	run_main(print_long, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	assert_non_null(strstr(ran.out, "  qemu-system-ppc[4294967295]    1  1.8e+19>24   "
					"E2BIG    -                       size-over-page\n"));
	assert_non_null(
		strstr(ran.out, "  POWER9+POWER10+POWER11+0x8fffffffffffffff  ok\n"));
	assert_non_null(strstr(ran.out, "  none>24      2147483648  -  "));
}

static int print_rows(int argc, char **argv)
{
	static const char *const comms[] = { "a", "vmm", "qemu-system-ppc" };
	static const uint32_t pids[] = { 1, 4711, 4194304 /* the largest that there is */ };
	static const uint64_t sizes[] = { 0, 24, 65536, 99999999, 100000000, UINT64_MAX };
	static const int results[] = { 0, -E2BIG, -EINVAL, -ENOTTY };
	struct cc_record r = ordinary;

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < 3 * 3 * 6 * 4; i++) {
		snprintf(r.comm, sizeof(r.comm), "%s", comms[i % 3]);
		r.pid = pids[i / 3 % 3];
		r.in[0] = sizes[i / 9 % 6];
		r.ret = results[i / 54];
		r.out[2] = i % 2 ? 0x7000000000000000 : 0;
		print_negotiation(&r, &plain);
	}
	return 0;
}

/* Does a field begin in this column? */
static bool begins(const char *line, size_t at)
{
	return strlen(line) > at && line[at] != ' ' &&
	       (!at || (line[at - 1] == ' ' && line[at - 2] == ' '));
}

static void test_columns(void **state)
{
	static const char *const headings[] = { "TIME", "PROCESS", "USIZE", "RESULT", "MODES", "CAUSE" };
	char *line, *save, *header;
	size_t n = 0;

	(void)state;
	run_main(print_rows, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	header = strtok_r(ran.out, "\n", &save);
	while ((line = strtok_r(NULL, "\n", &save))) {
		if (!strncmp(line, "  ->", 4))
			continue;
		n++;
		for (size_t i = 0; i < COUNT(headings); i++)
			if (!begins(line, strstr(header, headings[i]) - header))
				fail_msg("not under %s: %s", headings[i], line);
	}
	assert_int_equal(n, 3 * 3 * 6 * 4);
}

/* Every byte that a process can put into its name, and so into the table. */
static int print_hostile(int argc, char **argv)
{
	struct cc_record r = ordinary;

	for (int c = atoi(argv[1]); argc == 2 && c < atoi(argv[1]) + 51; c++) {
		memset(r.comm, c, sizeof(r.comm) - 1);
		memset(r.vm_name, c, sizeof(r.vm_name) - 1);
		print_negotiation(&r, &verbose);
	}
	return 0;
}

static int print_hostile_arch(int argc, char **argv)
{
	const struct offer offer = { .source = MODES_NEGOTIATION, .queried = true };
	struct cc_record r = { .type = CC_ARCH_COMPAT, .ret = -EINVAL, .arg = 0x0f000006 };
	struct event e = event(EVENT_ARCH_COMPAT, &r);
	struct arch_diagnosis d;

	for (int c = atoi(argv[1]); argc == 2 && c < atoi(argv[1]) + 51; c++) {
		memset(r.comm, c, sizeof(r.comm) - 1);
		diagnose_arch(&r, &offer, &d);
		e.arch.diag = &d;
		e.arch.offer = &offer;
		emit_text.event(&e, &verbose);
	}
	return 0;
}

static void assert_tame(int (*print)(int, char **), const char *first)
{
	run_main(print, -1, first, "", 0);
	assert_int_equal(ran.status, 0);
	/* All of it is here. */
	assert_in_range(strlen(ran.out), 51 * 100, sizeof(ran.out) - 2);
	for (const char *p = ran.out; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
}

static void test_terminal_is_ours(void **state)
{
	static const char *const firsts[] = { "1", "52", "103", "154", "205" };

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		assert_tame(print_hostile, firsts[i]);
		assert_tame(print_hostile_arch, firsts[i]);
	}
}

/* With colors each line ends as it began, and takes nothing but what paints. */
static void test_colors(void **state)
{
	size_t painted = 0;

	(void)state;
	run_main(print_color, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	for (char *save, *line = strtok_r(ran.out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *last = NULL;

		for (char *p = strchr(line, '\33'); p; p = strchr(p + 1, '\33')) {
			assert_int_equal(p[1], '[');
			assert_int_equal(p[2 + strspn(p + 2, "0123456789")], 'm');
			last = p;
			painted++;
		}
		assert_true(!last || !strncmp(last, "\33[0m", 4));
	}
	assert_in_range(painted, 10, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	    cmocka_unit_test(test_details),
		cmocka_unit_test(test_long_fields), cmocka_unit_test(test_columns),
		cmocka_unit_test(test_terminal_is_ours), cmocka_unit_test(test_colors),
	};

	setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
