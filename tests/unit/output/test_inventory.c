// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <yyjson.h>

#include "output/inventory_show.h"
#include "lib/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define POWER8	 0x0f000004
#define POWER9	 0x0f000005
#define POWER10	 0x0f000006
#define POWER11	 0x0f000007
#define INVALID	 0xffffffff
#define UNREAD	 1 /* in place of a PVR: it could not be read */

/* Bits of modes. */
static uint64_t bits(const char *names)
{
	const struct abi_mode *mode;
	uint64_t caps = 0;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (strstr(names, mode->name))
			caps |= mode->bit;
	return caps;
}

/* What a process of this number has open, of the VM of this number. */
static struct inventory_record record_of(uint32_t vm, uint32_t pid, enum inventory_part part)
{
	struct inventory_record r = {
		.kvm = 0xc000000000000000 + vm * 0x10000,
		.ino = 1000 + vm,
		.start_ns = pid,
		.kind = INVENTORY_VM,
		.pid = pid,
		.part = part,
		.backend = BACKEND_HV,
		.comm = "vmm",
	};

	snprintf(r.name, sizeof(r.name), "%u-9", pid);
	return r;
}

static void add_vm(struct inventory *inv, uint32_t vm, uint32_t pid, enum inventory_part part,
		   uint32_t vcpus)
{
	struct inventory_record r = record_of(vm, pid, part);

	r.vcpus = vcpus;
	assert_true(inventory_add(inv, &r));
}

static void add_vcpu(struct inventory *inv, uint32_t vm, uint32_t pid, uint32_t id, uint32_t pvr)
{
	struct inventory_record r = record_of(vm, pid, PART_OWNER);

	r.kind = INVENTORY_VCPU;
	r.vcpu = id;
	r.has_mode = pvr != UNREAD;
	r.pvr = pvr;
	assert_true(inventory_add(inv, &r));
}

static const struct host_facts power10_v2 = {
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = POWER10,
	.nested = NESTED_V2,
	.nested_caps_is = FACT_KNOWN,
	.nested_caps = 0x6000000000000000,
};

/* ------------------------------------------------------------------ put together */

static void test_nothing(void **state)
{
	struct inventory inv = { 0 };

	(void)state;
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.n, 0);
	inventory_free(&inv);
}

static void test_one_vm_told_once(void **state)
{
	struct inventory inv = { 0 };
	const struct inventory_vm *vm;

	(void)state;
	/* Out of order, as descriptors may lie; some twice, as dup(2) and fork(2) make them. */
	add_vcpu(&inv, 1, 40, 1, POWER10);
	add_vm(&inv, 1, 30, PART_HOLDER, 2);
	add_vm(&inv, 1, 40, PART_OWNER, 2);
	add_vm(&inv, 1, 30, PART_HOLDER, 2);
	add_vcpu(&inv, 1, 40, 0, POWER9);
	add_vcpu(&inv, 1, 40, 0, POWER9);
	add_vm(&inv, 1, 20, PART_HOLDER, 2);
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.n, 1);
	vm = inv.vms;
	assert_int_equal(vm->n_vcpus, 2);
	assert_int_equal(vm->n_open_vcpus, 2);
	assert_int_equal(vm->vcpus[0].id, 0);
	assert_int_equal(vm->vcpus[0].pvr, POWER9);
	assert_int_equal(vm->vcpus[1].id, 1);
	assert_int_equal(vm->vcpus[1].pvr, POWER10);
	assert_int_equal(vm->n_processes, 3);
	assert_ptr_equal(inventory_owner(vm), &vm->processes[0]);
	assert_int_equal(vm->processes[0].pid, 40);
	assert_int_equal(vm->processes[1].pid, 20);
	assert_int_equal(vm->processes[2].pid, 30);
	inventory_free(&inv);
}

static void test_vms_apart(void **state)
{
	struct inventory inv = { 0 };
	struct inventory_record again = record_of(3, 12, PART_OWNER);

	(void)state;
	add_vm(&inv, 3, 11, PART_OWNER, 0);
	add_vm(&inv, 2, 30, PART_OWNER, 0);
	add_vm(&inv, 1, 30, PART_OWNER, 0); /* a second one of a process */
	/* The memory of a VM that ended while files were looked at. */
	again.ino = 5000;
	assert_true(inventory_add(&inv, &again));
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.n, 4);
	assert_int_equal(inv.vms[0].processes->pid, 11);
	assert_int_equal(inv.vms[1].processes->pid, 12);
	assert_int_equal(inv.vms[1].ino, 5000);
	assert_int_equal(inv.vms[2].ino, 1001);
	assert_int_equal(inv.vms[3].ino, 1002);
	inventory_free(&inv);
}

/* Without debugfs no VM has an inode. */
static void test_vms_without_inode(void **state)
{
	struct inventory inv = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct inventory_record r = record_of(i, 7, PART_OWNER);

		r.ino = 0;
		r.name[0] = '\0';
		assert_true(inventory_add(&inv, &r));
	}
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.n, 3);
	inventory_free(&inv);
}

static void test_many(void **state)
{
	struct inventory inv = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		add_vm(&inv, i, 100000 - i, PART_OWNER, 1);
		add_vcpu(&inv, i, 100000 - i, 0, i % 2 ? POWER9 : 0);
	}
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.n, 5000);
	for (size_t i = 0; i < inv.n; i++) {
		assert_int_equal(inv.vms[i].processes->pid, 95001 + i);
		assert_int_equal(inv.vms[i].n_open_vcpus, 1);
	}
	inventory_free(&inv);
}

/* However often something is told, it takes no memory. */
static void test_dups(void **state)
{
	struct inventory inv = { 0 };

	(void)state;
	for (uint32_t pid = 40; pid < 240; pid++)
		for (uint32_t i = 0; i < 4000; i++) {
			add_vm(&inv, 1, pid, pid == 40 ? PART_OWNER : PART_HOLDER, 2);
			add_vcpu(&inv, 1, 40, i % 2, POWER9);
		}
	assert_int_equal(inv.n_by_inode, 1);
	assert_true(inv.by_inode[0]->processes_room < 400);
	assert_true(inv.by_inode[0]->vcpus_room < 8);
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.vms->n_processes, 200);
	assert_int_equal(inv.vms->n_open_vcpus, 2);
	assert_false(inv.truncated);
	inventory_free(&inv);
}

static void test_too_many_vms(void **state)
{
	struct inventory inv = { 0 };

	(void)state;
	for (uint32_t i = 0; i < INVENTORY_VMS + 10; i++)
		add_vm(&inv, i, 100 + i, PART_OWNER, 0);
	/* Of one that is listed all is still taken. */
	add_vcpu(&inv, 3, 103, 0, POWER9);
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.n, INVENTORY_VMS);
	assert_true(inv.truncated);
	assert_int_equal(inv.vms[3].n_open_vcpus, 1);
	inventory_free(&inv);
}

/* Who has very many takes nothing from those who have few. */
static void test_shares(void **state)
{
	struct inventory_verdict v;
	struct inventory inv = { 0 };

	(void)state;
	for (uint32_t vm = 1; vm <= 40; vm++)
		for (uint32_t i = 0; i < 2048; i++)
			/* The last ones first. */
			add_vcpu(&inv, vm, vm, 2047 - i, POWER9);
	for (uint32_t pid = 41; pid < 41 + INVENTORY_PROCESSES + 100; pid++)
		for (int twice = 0; twice < 2; twice++)
			add_vm(&inv, 1, pid, PART_HOLDER, 2048);
	for (uint32_t i = 0; i < 64; i++)
		add_vcpu(&inv, 99, 7, i, POWER10);
	add_vm(&inv, 99, 8, PART_HOLDER, 64);
	assert_true(inv.n_vcpus <= INVENTORY_VCPUS);
	assert_true(inv.n_processes <= INVENTORY_PROCESSES);
	assert_true(inventory_put_together(&inv));
	assert_int_equal(inv.n, 41);
	/* By process: that of number 7 is the second. */
	assert_int_equal(inv.vms[7].ino, 1099);
	assert_int_equal(inv.vms[7].n_open_vcpus, 64);
	assert_int_equal(inv.vms[7].n_processes, 2);
	assert_false(inv.vms[7].vcpus_left_out);
	assert_int_equal(inv.vms[7].processes_left_out, 0);
	assert_int_equal(inv.vms[0].n_vcpus, 2048);
	assert_int_equal(inv.vms[0].n_open_vcpus, 1024);
	assert_int_equal(inv.vms[0].vcpus[1023].id, 1023);
	assert_true(inv.vms[0].vcpus_left_out);
	assert_ptr_equal(inventory_owner(&inv.vms[0]), &inv.vms[0].processes[0]);
	assert_in_range(inv.vms[0].n_processes + inv.vms[0].processes_left_out,
			INVENTORY_PROCESSES + 101, INVENTORY_PROCESSES + 102);
	/* What is left out is not said to be closed. */
	inventory_judge(&inv.vms[0], &power10_v2, &v);
	assert_non_null(strstr(v.hint, "; the mode of 1024 of its 2048 vCPUs is left out here"));
	assert_null(strstr(v.hint, "descriptor"));
	assert_int_equal(v.agrees, AGREES_UNKNOWN);
	inventory_free(&inv);
}

static void test_hostile_names(void **state)
{
	struct inventory inv = { 0 };
	struct inventory_record r = record_of(1, 1, 77);

	(void)state;
	/* Not ended by a NUL, and a part that there is none of. */
	memset(r.comm, '\n', sizeof(r.comm));
	memset(r.name, '\x1b', sizeof(r.name));
	r.backend = 99;
	assert_true(inventory_add(&inv, &r));
	assert_true(inventory_put_together(&inv));
	assert_int_equal(strlen(inv.vms->processes->comm), 4 * INVENTORY_COMM_LEN);
	assert_int_equal(strlen(inv.vms->name), 4 * INVENTORY_NAME_LEN);
	assert_null(inventory_owner(inv.vms));
	assert_null(inventory_backend_name(inv.vms->backend));
	inventory_free(&inv);
}

/* ------------------------------------------------------------------ judged */

static const struct host_facts bare_metal = {
	.pseries_is = FACT_ABSENT,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = 0x00801200,
	.nested = NESTED_NONE,
};

/* What its hypervisor agreed to could not be read. */
static const struct host_facts guessed_v2 = {
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = POWER10,
	.nested = NESTED_V2,
};

/* Its hypervisor offers less than the mode that it runs this host in. */
static const struct host_facts less_v2 = {
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = POWER11,
	.nested = NESTED_V2,
	.nested_caps_is = FACT_KNOWN,
	.nested_caps = 0x6000000000000000,
};

#define ALL_VCPUS UINT32_MAX

static const struct {
	const char *what;
	const struct host_facts *host;
	uint32_t pvrs[3];
	uint32_t n, has; /* has: vCPUs that the VM has, ALL_VCPUS: those */
	enum inventory_backend backend;
	enum inventory_part part;
	enum inventory_mode is;
	enum agreement agrees;
	const char *runs_on; /* as text */
	const char *says;
} verdicts[] = {
	{ "on offer",
	  &power10_v2,
	  { POWER9, POWER9 },
	  2,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_YES,
	  "POWER9 or newer",
	  "mode POWER9, which this host offers" },
	{ "the host's own by name",
	  &power10_v2,
	  { POWER10 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_YES,
	  "POWER10 or newer",
	  "a POWER10 or newer host has that mode" },
	{ "left to a hypervisor that offers less",
	  &less_v2,
	  { 0 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_HOST_DEFAULT,
	  AGREES_UNKNOWN,
	  "",
	  "no mode is set" },
	{ "the newest that it offers",
	  &less_v2,
	  { POWER10 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_YES,
	  "POWER10 or newer",
	  "mode POWER10, which this host offers" },
	{ "above",
	  &power10_v2,
	  { POWER11 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_NO,
	  "POWER11 or newer",
	  "this host does not offer (it offers POWER9 POWER10), so that it may fail" },
	{ "a mode that no bit stands for",
	  &power10_v2,
	  { POWER8 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_UNKNOWN,
	  "",
	  "it has mode POWER8" },
	{ "no PVR that is known",
	  &power10_v2,
	  { 0x0f000042 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_UNKNOWN,
	  "",
	  "0x0f000042, which is none that is known here" },
	{ "bare metal offers what its processor has",
	  &bare_metal,
	  { POWER9 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_YES,
	  "POWER9 or newer",
	  "mode POWER9, which this host offers" },
	{ "a guess by the cpu-version",
	  &guessed_v2,
	  { POWER9 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_UNKNOWN,
	  "POWER9 or newer",
	  "it has mode POWER9; this host offers POWER9 POWER10 by its cpu-version; a POWER9" },
	{ "a guess that it does not",
	  &guessed_v2,
	  { POWER11 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_UNKNOWN,
	  "POWER11 or newer",
	  "it has mode POWER11; this host offers POWER9 POWER10 by its cpu-version; a POWER11" },
	{ "what the hypervisor has for a vCPU without a mode",
	  &power10_v2,
	  { 0x00801200, 0 },
	  2,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_HOST_DEFAULT,
	  AGREES_YES,
	  "",
	  "no mode is set (it has the processor's own PVR, 0x00801200, a POWER10): none was" },
	{ "none asked for",
	  &power10_v2,
	  { 0, 0 },
	  2,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_HOST_DEFAULT,
	  AGREES_YES,
	  "",
	  "no mode is set: none was requested" },
	{ "refused",
	  &power10_v2,
	  { INVALID },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_REFUSED,
	  AGREES_NO,
	  "",
	  "KVM refused the mode" },
	{ "one of two refused",
	  &power10_v2,
	  { POWER9, INVALID },
	  2,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_DIFFERS,
	  AGREES_NO,
	  "",
	  "different modes" },
	{ "two modes",
	  &power10_v2,
	  { POWER9, POWER10 },
	  2,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_DIFFERS,
	  AGREES_YES,
	  "POWER10 or newer",
	  "different modes" },
	{ "a mode and none",
	  &power10_v2,
	  { POWER9, 0 },
	  2,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_DIFFERS,
	  AGREES_YES,
	  "",
	  "different modes" },
	{ "one above",
	  &power10_v2,
	  { POWER9, POWER11 },
	  2,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_DIFFERS,
	  AGREES_NO,
	  "POWER11 or newer",
	  "different modes" },
	{ "no vCPU",
	  &power10_v2,
	  { 0 },
	  0,
	  0,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_NO_VCPU,
	  AGREES_UNKNOWN,
	  "",
	  "no vCPU yet" },
	{ "no vCPU that is open",
	  &power10_v2,
	  { 0 },
	  0,
	  4,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_UNKNOWN,
	  AGREES_UNKNOWN,
	  "",
	  "of 4 of its 4 vCPUs no process has a descriptor open" },
	{ "one that is not open",
	  &power10_v2,
	  { POWER9 },
	  1,
	  2,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_UNKNOWN,
	  "",
	  "of 1 of its 2 vCPUs no process has a descriptor open" },
	{ "one that is not open, and one above",
	  &power10_v2,
	  { POWER11 },
	  1,
	  2,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_SET,
	  AGREES_NO,
	  "",
	  "of 1 of its 2 vCPUs" },
	{ "unreadable",
	  &power10_v2,
	  { UNREAD },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_OWNER,
	  MODE_UNKNOWN,
	  AGREES_UNKNOWN,
	  "",
	  "could not be read" },
	{ "KVM PR",
	  &power10_v2,
	  { UNREAD },
	  1,
	  ALL_VCPUS,
	  BACKEND_PR,
	  PART_OWNER,
	  MODE_NONE,
	  AGREES_UNKNOWN,
	  "",
	  "KVM PR has no compatibility modes" },
	{ "KVM PR, not open",
	  &power10_v2,
	  { 0 },
	  0,
	  2,
	  BACKEND_PR,
	  PART_OWNER,
	  MODE_NONE,
	  AGREES_UNKNOWN,
	  "",
	  "KVM PR has no compatibility modes" },
	{ "nobody's",
	  &power10_v2,
	  { POWER9 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_HOLDER,
	  MODE_SET,
	  AGREES_YES,
	  "POWER9 or newer",
	  "KVM takes its ioctls from no other" },
	{ "ending",
	  &power10_v2,
	  { POWER9 },
	  1,
	  ALL_VCPUS,
	  BACKEND_HV,
	  PART_ENDING,
	  MODE_SET,
	  AGREES_YES,
	  "POWER9 or newer",
	  "a process that has it is ending" },
};

static void judge(size_t i, struct inventory_verdict *v)
{
	struct inventory_vcpu vcpus[3];
	struct inventory_process process = { .pid = 1, .part = verdicts[i].part };
	struct inventory_vm vm = {
		.backend = verdicts[i].backend,
		.n_vcpus = verdicts[i].has == ALL_VCPUS ? verdicts[i].n : verdicts[i].has,
		.vcpus = vcpus,
		.n_open_vcpus = verdicts[i].n,
		.processes = &process,
		.n_processes = 1,
	};

	for (uint32_t k = 0; k < verdicts[i].n; k++)
		vcpus[k] = (struct inventory_vcpu){ k, verdicts[i].pvrs[k] != UNREAD,
						    verdicts[i].pvrs[k] };
	inventory_judge(&vm, verdicts[i].host, v);
}

static void test_verdicts(void **state)
{
	struct inventory_verdict v;
	char hosts[64];

	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		judge(i, &v);
		if (v.is != verdicts[i].is || v.agrees != verdicts[i].agrees)
			fail_msg("%s: it is %s, agrees %d", verdicts[i].what,
				 inventory_mode_name(v.is), v.agrees);
		assert_string_equal(inventory_runs_on(hosts, sizeof(hosts), v.runs_on),
				    verdicts[i].runs_on);
		if (!strstr(v.hint, verdicts[i].says))
			fail_msg("%s: \"%s\"", verdicts[i].what, v.hint);
	}
}

static void test_runs_on(void **state)
{
	static const struct {
		const char *modes, *text;
	} rows[] = {
		{ "", "" },
		{ "POWER9 POWER10 POWER11", "POWER9 or newer" },
		{ "POWER10 POWER11", "POWER10 or newer" },
		{ "POWER11", "POWER11 or newer" },
		{ "POWER9,POWER11", "POWER9 POWER11" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(inventory_runs_on(text, sizeof(text), bits(rows[i].modes)),
				    rows[i].text);
}

/* ------------------------------------------------------------------ shown */

/* A VM of each kind of trouble, and names of any length. */
static void fill(struct inventory *inv)
{
	char longest[GUEST_NAME_LEN];

	inv->host = power10_v2;
	inv->has_unlisted = true;
	add_vm(inv, 1, 4194304, PART_OWNER, 2);
	add_vcpu(inv, 1, 4194304, 0, POWER9);
	add_vcpu(inv, 1, 4194304, 1, POWER10);
	for (uint32_t i = 0; i < 9; i++)
		add_vm(inv, 1, 500 + i, PART_HOLDER, 2);
	add_vm(inv, 2, 20, PART_OWNER, 1);
	add_vcpu(inv, 2, 20, 0, POWER11);
	add_vm(inv, 3, 30, PART_HOLDER, 100);
	add_vm(inv, 4, 40, PART_OWNER, 1);
	add_vcpu(inv, 4, 40, 0, POWER9);
	assert_true(inventory_put_together(inv));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "\\x0a\\\\", 6);
	inv->vms[0].guest = strdup(longest);
	inv->vms[0].cgroup = strdup("/machine.slice");
	inv->vms[2].guest = strdup("db \"1\"");
	inv->vms[2].cgroup = strdup("/");
	inv->vms[3].ended = true;
	inv->unlisted = 2;
}

static char *text_of(const struct inventory *inv, bool color)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	inventory_show_text(f, inv, color);
	fclose(f);
	return text;
}

static void assert_narrow(const char *text)
{
	for (size_t len; *text; text += len + !!text[len]) {
		len = strcspn(text, "\n");
		if (len > TEXT_COLUMNS)
			fail_msg("%zu columns: %.*s", len, (int)len, text);
	}
}

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no \"%s\" in:\n%s", words, text);
}

static void test_text(void **state)
{
	struct inventory inv = { 0 };
	char *text;

	(void)state;
	fill(&inv);
	text = text_of(&inv, false);
	assert_narrow(text);
	assert_says(text,
		    "This host offers POWER9 POWER10 (nested-capabilities), nested API v2.\n");
	assert_says(text, "     20  \\x0a\\\\xxxxxxxxxxx~ ");
	assert_says(text, "HV v2      1  POWER11     POWER11 or newer  NO\n"
			  "         cgroup /machine.slice\n"
			  "         -> it has mode POWER11");
	assert_says(text,
		    "     30  (vmm)               HV v2    100  -           -                 -\n");
	assert_says(
		text,
		"     40  db \"1\"              HV v2      1  POWER9      POWER9 or newer   yes\n"
		"4194304  (vmm)               HV v2      2  differs     POWER10 or newer  yes\n"
		"         vCPU 0 POWER9, vCPU 1 POWER10\n"
		"         also held by vmm[500], vmm[501], vmm[502], vmm[503] and 5 more\n"
		"         -> its process has ended since\n");
	assert_says(text, "KVM has 2 more VMs, of which no process has an open descriptor\n");
	assert_null(strchr(text, '\033'));
	free(text);
	text = text_of(&inv, true);
	assert_says(text, "\033[31mNO\033[0m\n");
	free(text);
	inv.truncated = true;
	inv.vms[3].processes_left_out = 90;
	text = text_of(&inv, false);
	assert_says(text, "vmm[503] and 95 more\n");
	assert_says(
		text,
		"KVM has 2 more VMs. There are too many VMs, or too many open files of KVM, to");
	assert_null(strstr(text, "of which no process"));
	free(text);
	inventory_free(&inv);
}

static void test_text_of_nothing(void **state)
{
	struct inventory inv = { .host = bare_metal };
	char *text = text_of(&inv, false);

	(void)state;
	assert_string_equal(
		text, "This host offers POWER9 POWER10 (cpu-version), bare metal.\n"
		      "No process that can be seen has a VM.\n"
		      "There may be more VMs: debugfs, where KVM lists them, cannot be read\n");
	free(text);
	/* That there is none is said where KVM says so. */
	inv.has_unlisted = true;
	text = text_of(&inv, false);
	assert_says(text, "\nNo VM is running.\n");
	free(text);
	inv.unlisted = 2;
	text = text_of(&inv, false);
	assert_null(strstr(text, "No VM is running"));
	assert_says(text, "KVM has 2 more VMs");
	free(text);
}

static yyjson_doc *json_of(const struct inventory *inv)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	yyjson_doc *j;

	assert_non_null(f);
	assert_true(inventory_show_json(f, inv));
	fclose(f);
	assert_ptr_equal(strchr(text, '\n'), text + size - 1);
	j = yyjson_read(text, size, 0);
	assert_non_null(j);
	free(text);
	return j;
}

static const char *str_at(yyjson_doc *j, const char *pointer)
{
	return yyjson_get_str(yyjson_doc_ptr_get(j, pointer));
}

static void test_json(void **state)
{
	struct inventory inv = { 0 };
	yyjson_doc *j;

	(void)state;
	fill(&inv);
	j = json_of(&inv);
	assert_string_equal(str_at(j, "/type"), "vms");
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(j, "/schema")), INVENTORY_SCHEMA);
	assert_string_equal(str_at(j, "/host/modes/1"), "POWER10");
	assert_int_equal(yyjson_arr_size(yyjson_doc_ptr_get(j, "/vms")), 4);
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(j, "/not_listed")), 2);
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(j, "/vms/0/pid")), 20);
	assert_string_equal(str_at(j, "/vms/0/mode"), "POWER11");
	assert_string_equal(str_at(j, "/vms/0/runs_on/0"), "POWER11");
	assert_true(yyjson_is_false(yyjson_doc_ptr_get(j, "/vms/0/offered")));
	/* One that nobody owns, of whose vCPUs nothing is known. */
	assert_true(yyjson_is_null(yyjson_doc_ptr_get(j, "/vms/1/pid")));
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(j, "/vms/1/holders/0/pid")), 30);
	assert_true(yyjson_is_null(yyjson_doc_ptr_get(j, "/vms/1/runs_on")));
	assert_true(yyjson_is_null(yyjson_doc_ptr_get(j, "/vms/1/offered")));
	assert_string_equal(str_at(j, "/vms/2/guest"), "db \"1\"");
	assert_string_equal(str_at(j, "/vms/3/vcpu_modes/1/pvr"), "0x0f000006");
	assert_string_equal(str_at(j, "/vms/3/mode_is"), "differs");
	assert_true(yyjson_is_true(yyjson_doc_ptr_get(j, "/vms/3/ended")));
	assert_true(yyjson_is_false(yyjson_doc_ptr_get(j, "/truncated")));
	assert_true(yyjson_is_false(yyjson_doc_ptr_get(j, "/vms/3/vcpus_left_out")));
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(j, "/vms/3/holders_left_out")), 0);
	yyjson_doc_free(j);
	inv.truncated = inv.vms[3].vcpus_left_out = true;
	inv.vms[3].processes_left_out = 90;
	j = json_of(&inv);
	assert_true(yyjson_is_true(yyjson_doc_ptr_get(j, "/truncated")));
	assert_true(yyjson_is_true(yyjson_doc_ptr_get(j, "/vms/3/vcpus_left_out")));
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(j, "/vms/3/holders_left_out")), 90);
	yyjson_doc_free(j);
	inventory_free(&inv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_one_vm_told_once),
		cmocka_unit_test(test_vms_apart),
		cmocka_unit_test(test_vms_without_inode),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_dups),
		cmocka_unit_test(test_too_many_vms),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_runs_on),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_of_nothing),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
