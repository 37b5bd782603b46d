// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <yyjson.h>

#include "doctor/doctor.h"
#include "lib/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A POWER11 in POWER10 mode below PowerVM, on Linux 7.3, as root: nothing is amiss. */
static const struct doctor_facts healthy = {
	.capabilities = { { "CAP_SYS_ADMIN", true }, { "CAP_BPF", true }, { "CAP_PERFMON", true } },
	.lockdown_is = FACT_KNOWN,
	.lockdown = "none",
	.release = "7.3-powerpc64le",
	.has_kvm = true,
	.kvm_types = true,
	.has_hv = true,
	.hv_types = true,
	.symbols_read = true,
	.direct_calls = true,
	.kprobes = true,
	.ftrace_enabled = 1,
	.kprobes_safe = true,
	.fexit = { true, 15, 0 },
	.kprobe = { true, 15, 0 },
	.tracepoint = { true, 48, 0 },
	.iterator = { true, 0, 0 },
	.debugfs = true,
	.cgroup2 = true,
	.host = { .page_size = 4096,
		  .ksize_is = FACT_KNOWN,
		  .ksize = 24,
		  .pseries_is = FACT_KNOWN,
		  .cpu_version_is = FACT_KNOWN,
		  .cpu_version = 0x0f000006,
		  .nested = NESTED_V2,
		  .nested_caps_is = FACT_KNOWN,
		  .nested_caps = 0x6000000000000000 },
	.qemus = { { "/usr/bin/qemu-system-ppc64", "QEMU emulator version 11.2.0" } },
	.n_qemus = 1,
};

static const struct doctor_finding *find(const struct doctor *d, const char *check)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->findings[i].check, check))
			return &d->findings[i];
	return NULL;
}

/* what, remedy: words in it; NULL: not looked at. A problem is one of the whole. */
static void assert_finding(const struct doctor_facts *facts, const char *check,
			   enum doctor_state state, const char *what, const char *remedy)
{
	static struct doctor d;
	const struct doctor_finding *f;

	doctor_examine(&d, facts);
	f = find(&d, check);
	assert_non_null(f);
	if (f->state != state || (what && !strstr(f->what, what)) ||
	    (remedy && !strstr(f->remedy, remedy)))
		fail_msg("%s: %s \"%s\" -> \"%s\"", check, doctor_state_name(f->state), f->what,
			 f->remedy);
	if (state == DOCTOR_PROBLEM)
		assert_true(doctor_has_problem(&d));
}

static void assert_not_found(const struct doctor_facts *facts, const char *check)
{
	static struct doctor d;

	doctor_examine(&d, facts);
	assert_null(find(&d, check));
}

static void test_healthy(void **state)
{
	static struct doctor d;

	(void)state;
	doctor_examine(&d, &healthy);
	assert_true(d.n > 15);
	for (size_t i = 0; i < d.n; i++) {
		if (d.findings[i].state != DOCTOR_OK || *d.findings[i].remedy)
			fail_msg("%s: \"%s\"", d.findings[i].check, d.findings[i].what);
		assert_non_null(find(&d, d.findings[i].check));
		assert_true(*d.findings[i].what);
	}
	assert_false(doctor_has_problem(&d));
}

/* ------------------------------------------------------------------ BPF */

static void test_obstacles(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.no_privilege = "no privilege: it needs CAP_SYS_ADMIN (and CAP_BPF): run it as root";
	f.fexit.tried = f.kprobe.tried = f.tracepoint.tried = f.iterator.tried = false;
	assert_finding(&f, "privilege", DOCTOR_PROBLEM,
		       "no privilege: it needs CAP_SYS_ADMIN (and CAP_BPF)", "run it as root");
	f = healthy;
	f.locked = "it is locked down: boot without lockdown= (see FILE)";
	assert_finding(&f, "lockdown", DOCTOR_PROBLEM, "it is locked down",
		       "boot without lockdown= (see FILE)");
	f = healthy;
	f.no_types = "the kernel has no BTF";
	assert_finding(&f, "types", DOCTOR_PROBLEM, "the kernel has no BTF", NULL);
	/* A colon in brackets begins no remedy. */
	f = healthy;
	f.no_kvm = "no backend: modprobe kvm-hv (if that fails: dmesg says why)";
	assert_finding(&f, "kvm", DOCTOR_PROBLEM, "no backend",
		       "modprobe kvm-hv (if that fails: dmesg says why)");
}

/* What a hypervisor offers is not to be taken from the mode that it runs this host in. */
static void test_agreement(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.host.cpu_version = 0x0f000007;
	assert_finding(&f, "nested-capabilities", DOCTOR_NOTE,
		       "agreed on with the hypervisor: POWER9 POWER10, and not POWER11",
		       "agreed on");
	assert_finding(&f, "answer", DOCTOR_OK, "gets POWER9 POWER10 (0x6000000000000000)", NULL);
	f.host.nested_caps = 0x7000000000000000;
	assert_finding(&f, "nested-capabilities", DOCTOR_OK, "POWER9 POWER10 POWER11", NULL);
	f.host.cpu_version = 0x0f000005;
	assert_finding(&f, "nested-capabilities", DOCTOR_OK, "POWER9 POWER10 POWER11", NULL);
}

static void test_capabilities(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.capabilities[1].there = f.capabilities[2].there = false;
	assert_finding(&f, "privilege", DOCTOR_OK,
		       "CAP_SYS_ADMIN (which stands for CAP_BPF, CAP_PERFMON too)", NULL);
}

static void test_types(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.hv_types = false;
	assert_finding(&f, "module-types", DOCTOR_PROBLEM, "kvm_hv has no type information",
		       "CONFIG_DEBUG_INFO_BTF_MODULES");
	f.kvm_types = false;
	assert_finding(&f, "module-types", DOCTOR_PROBLEM, "kvm has no type information", NULL);
	f = healthy;
	f.has_hv = f.hv_types = false;
	f.has_pr = true;
	assert_finding(&f, "module-types", DOCTOR_OK, NULL, NULL);
	f.has_kvm = false;
	assert_not_found(&f, "module-types");
}

static void test_methods(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.direct_calls = false;
	assert_finding(&f, "fexit", DOCTOR_NOTE, "no direct calls", NULL);
	assert_finding(&f, "method", DOCTOR_OK, "auto uses kprobes", NULL);
	f.kprobes_safe = false;
	assert_finding(&f, "kprobe", DOCTOR_NOTE, "they can crash this kernel", NULL);
}

static void test_no_method(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.direct_calls = f.kprobes_safe = false;
	assert_finding(&f, "method", DOCTOR_PROBLEM, "neither fexit nor kprobes",
		       "(6.13 or newer), or one that is not preemptible");
	f = healthy;
	f.ftrace_enabled = 0;
	assert_finding(&f, "ftrace", DOCTOR_PROBLEM, "switched off", "kernel.ftrace_enabled=1");
	assert_finding(&f, "method", DOCTOR_PROBLEM, NULL, NULL);
	f = healthy;
	f.fexit = (struct doctor_load){ true, 0, -EACCES };
	assert_finding(&f, "method", DOCTOR_PROBLEM, "auto uses fexit", "--method kprobe");
	assert_finding(&f, "fexit", DOCTOR_NOTE, "cannot be loaded: Permission denied", NULL);
	f.direct_calls = false;
	assert_finding(&f, "method", DOCTOR_OK, "auto uses kprobes", NULL);
	f.kprobes_off = true;
	assert_finding(&f, "kprobe", DOCTOR_NOTE, "switched off", "kprobes/enabled");
	assert_finding(&f, "method", DOCTOR_PROBLEM, NULL, NULL);
}

static void test_unseen(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.symbols_read = f.direct_calls = f.kprobes = false;
	assert_finding(&f, "fexit", DOCTOR_NOTE, "/proc/kallsyms cannot be read", NULL);
	f = healthy;
	f.lockdown_is = FACT_UNKNOWN;
	assert_finding(&f, "lockdown", DOCTOR_NOTE, "not known", "securityfs");
	f.lockdown_is = FACT_ABSENT;
	assert_finding(&f, "lockdown", DOCTOR_OK, "this kernel has none", NULL);
	f = healthy;
	f.debugfs = false;
	assert_finding(&f, "debugfs", DOCTOR_NOTE, NULL, "mount -t debugfs");
	f = healthy;
	f.pid_namespace = true;
	assert_finding(&f, "pid-namespace", DOCTOR_NOTE, NULL, "on the host itself");
	assert_not_found(&healthy, "pid-namespace");
	f = healthy;
	f.iterator.err = -EPERM;
	assert_finding(&f, "iterator", DOCTOR_NOTE, "Operation not permitted", NULL);
}

/* ------------------------------------------------------------------ KVM */

static void test_answers(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	assert_finding(&f, "answer", DOCTOR_OK, "gets POWER9 POWER10 (0x6000000000000000)", NULL);
	f.host.nested = NESTED_V1;
	f.host.nested_caps = 0;
	f.host.cpu_version = 0x0f000007;
	assert_finding(&f, "answer", DOCTOR_OK, "gets POWER9 POWER10 POWER11 (0x7000000000000000)",
		       NULL);
	f.host.cpu_version = 0x0f000004;
	assert_finding(&f, "answer", DOCTOR_NOTE, "EINVAL", NULL);
	f = healthy;
	f.host.nested = NESTED_UNKNOWN;
	assert_finding(&f, "answer", DOCTOR_NOTE, "not known", NULL);
	f = healthy;
	f.host.pseries_is = FACT_ABSENT;
	f.host.nested = NESTED_NONE;
	f.host.cpu_version = 0x00801200;
	assert_finding(&f, "answer", DOCTOR_NOTE, "EINVAL, and the capability is 0", NULL);
	assert_finding(&f, "cpu-version", DOCTOR_OK, "the processor's own", NULL);
	assert_not_found(&f, "mode-check");
	f = healthy;
	f.has_hv = false;
	f.has_pr = true;
	assert_finding(&f, "answer", DOCTOR_NOTE, "ENOTTY if its VM uses KVM PR", NULL);
	f = healthy;
	f.host.ksize_is = FACT_ABSENT;
	assert_finding(&f, "answer", DOCTOR_NOTE, "gets ENOTTY", NULL);
	assert_finding(&f, "abi", DOCTOR_NOTE, "does not have", "7.3 or newer");
	f.host.ksize_is = FACT_UNKNOWN;
	assert_finding(&f, "abi", DOCTOR_NOTE, "not known", NULL);
	assert_not_found(&f, "answer");
}

/* What a version tells, and where it tells nothing. */
static void test_releases(void **state)
{
	static const struct {
		const char *release, *abi, *check, *remedy;
		enum doctor_state state;
	} rows[] = {
		{ "7.3-powerpc64le", "mainline", "KVM refuses", "", DOCTOR_OK },
		{ "7.3.4", "mainline", "(Linux 7.3 has the check)", "", DOCTOR_OK },
		{ "7.3.0-5-generic", "mainline", "KVM refuses", "", DOCTOR_OK },
		{ "7.10.1", "mainline", "KVM refuses", "", DOCTOR_OK },
		{ "8.0", "mainline", "KVM refuses", "", DOCTOR_OK },
	};
	static const struct {
		const char *release, *check, *remedy;
		enum doctor_state state;
	} backports[] = {
		{ "7.2.13+deb14-powerpc64le", "by its version (Linux 7.2.6 has", "", DOCTOR_OK },
		{ "7.2.6", "by its version (Linux 7.2.6 has", "", DOCTOR_OK },
		{ "7.2.5", "may accept", "use Linux 7.2.6, or keep max-cpu-compat", DOCTOR_NOTE },
		{ "7.2", "may accept", "use Linux 7.2.6", DOCTOR_NOTE },
		{ "6.18.51-200.fc43.ppc64le", "(Linux 6.18.51 has", "", DOCTOR_OK },
		{ "6.18.50", "may accept", "use Linux 6.18.51", DOCTOR_NOTE },
		{ "6.18.0", "may accept", "use Linux 6.18.51", DOCTOR_NOTE },
		{ "6.13.5", "may accept", "use Linux 7.3 or newer", DOCTOR_NOTE },
		{ "6.12.95+deb12-powerpc64le", "may accept", "use Linux 7.3", DOCTOR_NOTE },
		{ "7.1.9", "is not known from its version", "compatcaps_probe", DOCTOR_NOTE },
		{ "6.19.2", "is not known from its version", "compatcaps_probe", DOCTOR_NOTE },
		{ "next", "is not known from its version", "compatcaps_probe", DOCTOR_NOTE },
		/* Distributions whose third number stays 0. */
		{ "7.0.0-14-generic", "a distribution's kernel", "compatcaps_probe", DOCTOR_NOTE },
		{ "7.2.0-3-generic", "a distribution's kernel", "compatcaps_probe", DOCTOR_NOTE },
		{ "6.12.0-124.8.1.el10_1.ppc64le", "a distribution's kernel", NULL, DOCTOR_NOTE },
		{ "6.12.0-160000.5-default", "a distribution's kernel", NULL, DOCTOR_NOTE },
		{ "5.14.0-570.el9.ppc64le", "a distribution's kernel", NULL, DOCTOR_NOTE },
	};
	struct doctor_facts f = healthy;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		strcpy(f.release, rows[i].release);
		assert_finding(&f, "abi", rows[i].state, rows[i].abi, NULL);
		assert_finding(&f, "mode-check", rows[i].state, rows[i].check, rows[i].remedy);
	}
	for (size_t i = 0; i < COUNT(backports); i++) {
		strcpy(f.release, backports[i].release);
		assert_finding(&f, "abi", DOCTOR_NOTE,
			       "a backport with a struct of 24 bytes: v3-v4, v5, mainline", NULL);
		assert_finding(&f, "mode-check", backports[i].state, backports[i].check,
			       backports[i].remedy);
	}
	f.host.ksize = 40;
	assert_finding(&f, "abi", DOCTOR_NOTE, "40 bytes: an unknown revision", NULL);
	/* An older mode is refused for what is on offer on nested API v2 alone. */
	strcpy(f.release, "7.3.4");
	f.host.nested = NESTED_V1;
	assert_finding(&f, "mode-check", DOCTOR_OK, "newer than this host's", NULL);
	f.has_hv = false;
	f.has_pr = true;
	assert_finding(&f, "mode-check", DOCTOR_NOTE, "KVM PR has no compatibility modes",
		       "KVM HV");
}

/* What a VM shows goes before what a version says. */
static void test_mode_check_seen(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	strcpy(f.release, "6.12.0-124.8.1.el10_1.ppc64le");
	f.vms = 3;
	f.vms_refused = 1;
	assert_finding(&f, "mode-check", DOCTOR_OK, "it has refused one to a VM", NULL);
	assert_finding(&f, "vms", DOCTOR_NOTE, "3 VMs run, and KVM has refused a mode to 1 of them",
		       "compatcaps-trace vms");
	f.vms_refused = 0;
	f.vms_above = 2;
	strcpy(f.release, "7.2.13");
	assert_finding(&f, "vms", DOCTOR_NOTE,
		       "2 of them asked for a mode that this host does not offer, and got it",
		       "compatcaps-trace vms");
	assert_finding(&f, "mode-check", DOCTOR_NOTE, "a VM that is there has one",
		       "max-cpu-compat");
	f.vms = 1;
	f.vms_above = 0;
	assert_finding(&f, "vms", DOCTOR_OK, "1 VM runs; compatcaps-trace vms has the list", NULL);
	f.vms_partial = true;
	assert_finding(&f, "vms", DOCTOR_OK, "at least 1 VM runs; ", NULL);
	f.vms = 0;
	assert_not_found(&f, "vms");
	/* Only what was sought has been found. */
	f.has_hv = false;
	assert_not_found(&f, "mode-check");
}

/* As in a container: what kvm-hv agreed on proves the API, and else the fact that is missing is
 * named. */
static void test_hidden_tree(void **state)
{
	struct doctor_facts f = healthy;

	(void)state;
	f.host.pseries_is = f.host.cpu_version_is = FACT_UNKNOWN;
	f.host.nested = NESTED_UNKNOWN;
	f.host.nested_caps_is = FACT_KNOWN;
	f.host.nested_caps = 0x6000000000000000;
	assert_finding(&f, "nested-api", DOCTOR_OK, "v2", NULL);
	assert_finding(&f, "cpu-version", DOCTOR_NOTE, "not known", "unmask=/sys/firmware");
	f.host.nested_caps_is = FACT_UNKNOWN;
	assert_finding(&f, "nested-api", DOCTOR_NOTE, "device tree", "unmask=/sys/firmware");
	f.host.pseries_is = FACT_KNOWN;
	assert_finding(&f, "nested-api", DOCTOR_NOTE, "kvm_hv", NULL);
}

/* ------------------------------------------------------------------ QEMU */

static void test_qemus(void **state)
{
	static const struct {
		const char *said;
		enum doctor_state state;
		const char *what;
	} rows[] = {
		{ "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)", DOCTOR_NOTE,
		  "does not query, by its version, unless that was backported (QEMU emulator version 10.0.2 (Debian" },
		{ "QEMU emulator version 11.1.3", DOCTOR_NOTE, "does not query" },
		{ "QEMU emulator version 11.1.49", DOCTOR_NOTE, "does not query" },
		{ "QEMU emulator version 11.1.50 (v11.1.0-300-g1234)", DOCTOR_NOTE, "not known" },
		{ "QEMU emulator version 11.1.90 (11.2.0-rc0)", DOCTOR_OK, "queries" },
		{ "QEMU emulator version 11.2", DOCTOR_OK, "queries" },
		{ "QEMU emulator version 11.2.0", DOCTOR_OK, "queries" },
		{ "QEMU emulator version 12.0.0", DOCTOR_OK, "queries" },
		{ "QEMU emulator version eleven", DOCTOR_NOTE, "not known (\"QEMU emulator" },
		{ "hello", DOCTOR_NOTE, "not known" },
		{ "", DOCTOR_NOTE, "because it prints nothing for --version" },
	};
	struct doctor_facts f = healthy;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		strcpy(f.qemus[0].said, rows[i].said);
		assert_finding(&f, "qemu", rows[i].state, rows[i].what,
			       strstr(rows[i].what, "does not") ? "max-cpu-compat" : NULL);
	}
	f.qemus[0].slow = true;
	f.qemus[0].said[0] = '\0';
	assert_finding(&f, "qemu", DOCTOR_NOTE, "--version took longer than 5 s", "yourself");
	strcpy(f.qemus[0].not_run, "the file /opt/qemu-kvm belongs to user 1000");
	assert_finding(&f, "qemu", DOCTOR_NOTE,
		       "was not run with --version, because the file /opt/qemu-kvm belongs",
		       "--version");
	f.n_qemus = 0;
	assert_finding(&f, "qemu", DOCTOR_NOTE, "none was found", NULL);
}

/* ------------------------------------------------------------------ libvirt's domains */

static void test_domains(void **state)
{
	static struct doctor_facts f;
	struct doctor_domain *d = &f.domains.unfit[0];

	(void)state;
	f = healthy;
	assert_not_found(&f, "domain");
	f.domains.n = 3;
	assert_not_found(&f, "domain"); /* what the host offers is not known */
	f.domains.newest = abi_mode_by_pvr(0x0f000006);
	assert_finding(
		&f, "domain", DOCTOR_OK,
		"of libvirt's 3 domains for KVM none asks for a mode that is newer than POWER10",
		NULL);
	/* What was not looked at may ask for more. */
	f.domains.n_unjudged = 1;
	assert_not_found(&f, "domain");
	f.domains.n_unjudged = 0;
	*d = (struct doctor_domain){ .name = "db1", .model = "POWER11", .asks = "POWER11" };
	f.domains.n_unfit = 1;
	assert_finding(
		&f, "domain", DOCTOR_NOTE,
		"domain \"db1\" asks for POWER11, and this host offers at most POWER10",
		"virsh edit: <model>power10</model> in <cpu mode='host-model'>; or start it on a host that offers POWER11");
	d->model[0] = '\0';
	assert_finding(&f, "domain", DOCTOR_NOTE,
		       "asks for POWER11, by host-model without a <model>, and this host", NULL);
	f.domains.n_unfit = 0;
	f.domains.n_unread = 1;
	f.domains.n = 0;
	assert_finding(&f, "domain", DOCTOR_NOTE,
		       "1 definition of libvirt's domains could not be read", NULL);
	f.domains.n_unread = 0;
	f.domains.err = EIO;
	assert_finding(&f, "domain", DOCTOR_NOTE, "cannot be read: Input/output error", NULL);
	f.domains.err = EACCES; /* that root is needed has been said */
	assert_not_found(&f, "domain");
}

/* ------------------------------------------------------------------ shown */

/* As much as there can be, and as long as it can be. */
static void fill(struct doctor_facts *f)
{
	*f = healthy;
	f->n_qemus = DOCTOR_QEMUS;
	f->more_qemus = 3;
	f->domains.n = f->domains.n_unfit = f->domains.n_unread = DOCTOR_DOMAINS + 1;
	f->domains.newest = abi_mode_by_pvr(0x0f000006);
	for (size_t i = 0; i < DOCTOR_DOMAINS; i++)
		memset(f->domains.unfit[i].name, 'd', sizeof(f->domains.unfit[i].name) - 1);
	f->pid_namespace = true;
	f->kprobes_safe = f->direct_calls = false;
	for (size_t i = 0; i < DOCTOR_QEMUS; i++) {
		memset(f->qemus[i].path, 'p', sizeof(f->qemus[i].path) - 1);
		memset(f->qemus[i].said, 's', sizeof(f->qemus[i].said) - 1);
	}
}

static void test_text(void **state)
{
	static struct doctor_facts f;
	static struct doctor d;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fill(&f);
	doctor_examine(&d, &f);
	assert_non_null(out);
	doctor_show_text(out, &d, false, true);
	fclose(out);
	assert_non_null(strstr(text, "ok       privilege            CAP_SYS_ADMIN, CAP_BPF"));
	assert_non_null(
		strstr(text, "problem  method               neither fexit nor kprobes can be used\n"
			     "                              -> use a kernel with direct calls"));
	assert_non_null(strstr(text, "note     qemu                 3 more were not checked\n"));
	/* Problems come first, and in the end what it comes to. */
	assert_int_equal(strncmp(text, "problem  ", strlen("problem  ")), 0);
	assert_true(strstr(text, "\nnote ") < strstr(text, "\nok "));
	assert_null(strstr(strstr(text, "\nok "), "\nproblem "));
	assert_non_null(strstr(text, "\nThis host cannot trace: "));
	/* Names that are longer than a line stay whole, so that they can be copied. */
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= TEXT_COLUMNS || strstr(line, "pppp") ||
			    strstr(line, "ssss") || strstr(line, "dddd"));
	free(text);
}

static char *shown(const struct doctor *d, bool all)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	doctor_show_text(out, d, false, all);
	fclose(out);
	return text;
}

/* What is well is one line, unless all is asked for. */
static void test_folded(void **state)
{
	static struct doctor d;
	struct doctor_facts f = healthy;
	char *text;

	(void)state;
	f.cgroup2 = false;
	f.qemus[1] = f.qemus[0];
	f.n_qemus = 2;
	doctor_examine(&d, &f);
	text = shown(&d, false);
	assert_int_equal(strncmp(text, "note     cgroups ", strlen("note     cgroups ")), 0);
	assert_non_null(
		strstr(text, "\nok       20 checks found nothing wrong (-v shows them)\n"
			     "This host can trace. Guests are offered POWER9, POWER10. 1 note.\n"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= TEXT_COLUMNS);
	free(text);
	/* Nothing is well: no line says so. */
	d = (struct doctor){ .findings = { { .check = "a", .state = DOCTOR_NOTE, .what = "b" } },
			     .n = 1 };
	text = shown(&d, false);
	assert_null(strstr(text, "ok "));
	free(text);
}

static const char *last_line(char *text)
{
	char *line;

	text[strlen(text) - 1] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static void test_verdict(void **state)
{
	static const struct {
		struct doctor d;
		const char *line;
	} rows[] = {
		{ { .offer = { .source = MODES_NESTED_CAPS, .modes = 3ull << 61 } },
		  "This host can trace. Guests are offered POWER9, POWER10." },
		{ { .offer = { .source = MODES_CPU_VERSION, .modes = 1ull << 62 },
		    .guessed = true },
		  "This host can trace. Guests are offered POWER9, by its cpu-version." },
		{ { .offer = { .source = MODES_NESTED_CAPS } },
		  "This host can trace. Guests are offered no mode." },
		{ { .findings = { { .check = "a", .state = DOCTOR_NOTE, .what = "b" } }, .n = 1 },
		  "This host can trace. What guests are offered is not known. 1 note." },
		{ { .findings = { { .check = "a", .state = DOCTOR_PROBLEM, .what = "b" },
				  { .check = "a", .state = DOCTOR_NOTE, .what = "b" },
				  { .check = "a", .state = DOCTOR_PROBLEM, .what = "b" },
				  { .check = "a", .state = DOCTOR_NOTE, .what = "b" } },
		    .n = 4 },
		  "This host cannot trace: 2 problems. What guests are offered is not known. 2 notes." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		doctor_show_text(out, &rows[i].d, false, true);
		fclose(out);
		if (i < 4)
			assert_string_equal(last_line(text), rows[i].line);
		else
			assert_non_null(strstr(text, "\nThis host cannot trace: 2 problems. "));
		free(text);
	}
}

static void test_json(void **state)
{
	static struct doctor_facts f;
	static struct doctor d;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	yyjson_doc *j;

	(void)state;
	fill(&f);
	doctor_examine(&d, &f);
	assert_non_null(out);
	assert_true(doctor_show_json(out, &d));
	fclose(out);
	j = yyjson_read(text, size, 0);
	assert_non_null(j);
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(j, "/type")), "doctor");
	assert_true(yyjson_is_false(yyjson_doc_ptr_get(j, "/can_trace")));
	assert_int_equal(yyjson_arr_size(yyjson_doc_ptr_get(j, "/findings")), d.n);
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(j, "/findings/0/check")),
			    "privilege");
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(j, "/findings/0/state")), "ok");
	assert_true(yyjson_is_null(yyjson_doc_ptr_get(j, "/findings/0/remedy")));
	yyjson_doc_free(j);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),	    cmocka_unit_test(test_obstacles),
		cmocka_unit_test(test_agreement),   cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_types),	    cmocka_unit_test(test_methods),
		cmocka_unit_test(test_no_method),   cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_answers),	    cmocka_unit_test(test_releases),
		cmocka_unit_test(test_hidden_tree), cmocka_unit_test(test_mode_check_seen),
		cmocka_unit_test(test_folded),	    cmocka_unit_test(test_qemus),
		cmocka_unit_test(test_domains),	    cmocka_unit_test(test_text),
		cmocka_unit_test(test_verdict),	    cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
