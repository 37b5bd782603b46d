/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Recordings for tests: frames as the live half makes them, through the session, as JSON. */
#ifndef RECORDING_H
#define RECORDING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/emit.h"
#include "diagnosis/session.h"
#include "recording/stream.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct recording {
	FILE *f;
	char *text;
	size_t len;
	void *emitter;
	struct session *session;
};

static const struct emit_options plain;

static void on_event(const struct event *e, void *ctx)
{
	struct recording *r = ctx;

	emit_json.event(r->emitter, e);
}

static void recording_begin(struct recording *r, const struct emit_options *opt)
{
	r->f = open_memstream(&r->text, &r->len);
	assert_non_null(r->f);
	r->emitter = emit_json.begin(r->f, opt);
	r->session = session_new(on_event, r);
	assert_non_null(r->emitter);
	assert_non_null(r->session);
}

/* The text is there until it is freed. */
static void recording_end(struct recording *r)
{
	emit_json.end(r->emitter);
	session_free(r->session);
	fclose(r->f);
}

static const struct host_facts host_7_3 = {
	.page_size = 4096,
	.ksize_is = FACT_KNOWN,
	.ksize = 24,
	.kernel_cmd = ABI_CMD_MAINLINE,
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = 0x0f000006,
	.nested = NESTED_V2,
	.nested_caps_is = FACT_KNOWN,
	.nested_caps = 0x6000000000000000,
};

#define AT(n) .mono_ns = (n) * 1000000ull, .real_ns = 1795327200123456789 + (n) * 1000000ull

static const struct frame trace_frame = {
	.type = FRAME_TRACE, AT(1),
	.trace = {
		.id = { "lpar1", "b1d9", "7.3.4-powerpc64le", "#1 SMP", "ppc64le", "kvm kvm_hv", 8 },
		.host = host_7_3,
		.filters = { .text = "--comm qemu" },
		.clock_offset_ns = 1795327200122456789,
	},
};

static const struct cc_record query = {
	.type = CC_NEGOTIATION,
	.seen = CC_SEEN_BACKEND | CC_SEEN_HEAD | CC_SEEN_OPS | CC_SEEN_WATCHED,
	.has_hook = 1,
	.cmd = ABI_CMD_MAINLINE,
	.pid = 4711,
	.tid = 4712,
	.comm = "qemu-system-ppc",
	.thread = "CPU 0/KVM",
	.vm_name = "4711-12",
	.vm = 0xc000000012345678,
	.vm_ino = 33,
	.cgroup = 77,
	.mono_ns = 4000000,
	.latency_ns = 5044,
	.arg = 0x7fffc0de,
	.in = { 24 },
	.in_words = 3,
	.out = { 24, 0, 0x6000000000000000 },
	.out_words = 3,
	.backend_caps = 0x6000000000000000,
	.backend_head = 24,
};

static const struct cc_record check = {
	.type = CC_EXTENSION,
	.cmd = ABI_CMD_CHECK_EXTENSION,
	.pid = 4711,
	.tid = 4711,
	.comm = "qemu-system-ppc",
	.thread = "qemu-system-ppc",
	.arg = 250,
	.ret = 1,
	.mono_ns = 3000000,
	.latency_ns = 99,
};

static const struct cc_record ask = {
	.type = CC_ARCH_COMPAT,
	.cmd = ABI_CMD_SET_ONE_REG,
	.pid = 4711,
	.tid = 4712,
	.comm = "qemu-system-ppc",
	.thread = "CPU 0/KVM",
	.vm_name = "4711-12",
	.vm = 0xc000000012345678,
	.vm_ino = 33,
	.arg = 0x0f000006,
	.mono_ns = 5000000,
};

static const uint64_t older_vms[] = { 7, UINT64_MAX };
static const struct loss_count losses[] = {
	{ { 0xc000000012345678, 33, CC_LOSS_BUDGET, CC_NEGOTIATION, ABI_CMD_MAINLINE, -7 }, 2 },
	{ { 0, 0, CC_LOSS_BUDGET, 0, 0, CC_RET_UNKNOWN }, UINT64_MAX - 9 },
};

/* One of everything. */
static const struct frame ordinary[] = {
	trace_frame,
	{ .type = FRAME_ATTACH,
	  AT(2),
	  .attach = { .point = POINT_IOCTL,
		      .how = ATTACH_FEXIT,
		      .known = true,
		      .older = older_vms,
		      .n_older = COUNT(older_vms) } },
	{ .type = FRAME_ATTACH,
	  AT(2),
	  .attach = { .point = POINT_BACKEND,
		      .how = ATTACH_ABSENT,
		      .why = "the module \"kvm_hv\" is not loaded",
		      .released = true } },
	{ .type = FRAME_VM,
	  AT(3),
	  .vm = { VM_CREATED, 4711, 33, "4711-12", "qemu-system-ppc", "guest=db1,debug-threads=on",
		  "/machine.slice/db1", .number = 0xc000000012345678, .machine = "pseries,kvm" } },
	{ .type = FRAME_CALL, AT(3), .call = { &check, "guest=db1", "/machine.slice", NULL } },
	{ .type = FRAME_HOST, AT(3), .host = { host_7_3, true } },
	{ .type = FRAME_CALL, AT(4), .call = { &query, "guest=db1,debug-threads=on", NULL, NULL } },
	{ .type = FRAME_CALL, AT(5), .call = { &ask, NULL, NULL, NULL } },
	{ .type = FRAME_LOST,
	  AT(6),
	  .lost = { CC_LOSS_BUDGET, UINT64_MAX - 7, losses, COUNT(losses) } },
	{ .type = FRAME_VM,
	  AT(7),
	  .vm = { VM_ENDED, 4711, 33, "4711-12", NULL, NULL, NULL, .number = 0xc000000012345678,
		  .grants = { .yes = { 1ull << 43 }, .no = { 1, [7] = 1ull << 63 } } } },
	{ .type = FRAME_END, AT(8) },
};

static const struct cc_record refused = {
	.type = CC_ARCH_COMPAT,
	.seen = CC_SEEN_VCPU | CC_SEEN_PAPR,
	.papr = 1,
	.vcpu = 1,
	.pid = 4711,
	.tid = 4712,
	.comm = "qemu-system-ppc",
	.thread = "CPU 0/KVM",
	.vm_name = "4711-12",
	.vm = 0xc000000012345678,
	.vm_ino = 33,
	.arg = 0x0f000007,
	.ret = -22,
	.mono_ns = 4000000,
};

#define RUN_OF_33 \
	.pid = 4711, .tid = 4712, .comm = "qemu-system-ppc", .thread = "CPU 0/KVM", \
	.vm_name = "4711-12", .vm = 0xc000000012345678, .vm_ino = 33, .cgroup = 77, \
	.seen = CC_SEEN_VCPU | CC_SEEN_PAPR, .papr = 1, .vcpu = 1

/* As QEMU has it where KVM refuses the mode, and where the hypervisor does. */
static const struct cc_record run_fails = {
	.type = CC_RUN, RUN_OF_33, .ret = -22, .mono_ns = 6000000
};
static const struct cc_record run_ends = { .type = CC_RUN,
					   RUN_OF_33,
					   .arg = -22ull,
					   .in_words = 2,
					   .in = { 1, 0x0f000007 },
					   .mono_ns = 7000000 };
/* As where the guest goes on without a mode. */
static const struct cc_record run_goes_well = {
	.type = CC_RAN,
	RUN_OF_33,
	.cmd = 19,
	.in_words = 2,
	.in = { 400, 0 },
	.mono_ns = 8000000,
};
static const struct cc_record run_of_pr_goes_well = {
	.type = CC_RAN,
	.pid = 9,
	.tid = 9,
	.vm = 9,
	.cmd = 2,
	.in_words = 1,
	.in = { 1 },
	.mono_ns = 8000000,
};
static const struct cc_record run_of_somebody = { .type = CC_RUN,
						  .cmd = ABI_EXIT_FAIL_ENTRY,
						  .pid = 9,
						  .tid = 9,
						  .comm = "vmm",
						  .thread = "vmm",
						  .mono_ns = 8000000 };

static const struct cc_record line_of_33 = { .type = CC_KERNEL,
					     .pid = 4711,
					     .tid = 4712,
					     .comm = "qemu-system-ppc",
					     .thread = "CPU 0/KVM",
					     .vm_name = "4711-12",
					     .vm = 0xc000000012345678,
					     .vm_ino = 33,
					     .cgroup = 77,
					     .cmd = ABI_CMD_RUN,
					     .arg = 47,
					     .mono_ns = 5000000 };
static const struct cc_record line_of_interrupt = {
	.type = CC_KERNEL, .seen = CC_SEEN_INTERRUPT, .arg = 300, .mono_ns = 8000000
};

#define LINE_OF_33 "KVM-NESTEDv2: couldn't set guest wide elements"

static struct inventory_vcpu vcpus_there[] = { { 0, true, 0x0f000005 }, { 1, false, 0 } };
static struct inventory_process owner_there = { .pid = 50, .part = PART_OWNER, .comm = "a\\x0ab" };
static struct inventory_process holder_there = { .pid = 51, .comm = "guardian" };
static const struct inventory_vm vm_there = { .number = 0xc000000011111111,
					      .ino = 20,
					      .name = "50-9",
					      .backend = BACKEND_HV,
					      .n_vcpus = 2,
					      .vcpus = vcpus_there,
					      .n_open_vcpus = 2,
					      .processes = &owner_there,
					      .n_processes = 1,
					      .name_option = "guest=old",
					      .incoming = INCOMING_NO,
					      .cgroup = "/machine.slice" };
static const struct inventory_vm orphan_there = {
	.ino = 21, .vcpus = vcpus_there, .processes = &holder_there, .n_processes = 1
};

/* What fails after a mode was asked for. */
static const struct frame failing[] = {
	trace_frame,
	{ .type = FRAME_ATTACH,
	  AT(2),
	  .attach = { .point = POINT_RUN, .how = ATTACH_TRACEPOINT, .known = true } },
	{ .type = FRAME_ATTACH,
	  AT(2),
	  .attach = { .point = POINT_CONSOLE, .how = ATTACH_TRACEPOINT, .known = true } },
	{ .type = FRAME_FOUND, AT(2), .found.vm = &vm_there },
	{ .type = FRAME_FOUND, AT(2), .found.vm = &orphan_there },
	{ .type = FRAME_VM,
	  AT(3),
	  .vm = { VM_CREATED, 4711, 33, "4711-12", "qemu-system-ppc", NULL, NULL, INCOMING_YES,
		  .number = 0xc000000012345678 } },
	{ .type = FRAME_CALL, AT(4), .call = { &refused, "guest=db1", NULL, NULL } },
	{ .type = FRAME_KERNEL,
	  AT(5),
	  .kernel = { &line_of_33, LINE_OF_33, NULL, "/machine.slice" } },
	{ .type = FRAME_CALL, AT(6), .call = { &run_fails, NULL, "/machine.slice", NULL } },
	{ .type = FRAME_CALL, AT(7), .call = { &run_ends, NULL, NULL, NULL } },
	{ .type = FRAME_CALL, AT(8), .call = { &run_of_somebody, NULL, NULL, NULL } },
	{ .type = FRAME_CALL, AT(8), .call = { &run_goes_well, NULL, "/machine.slice", NULL } },
	{ .type = FRAME_CALL, AT(8), .call = { &run_of_pr_goes_well, NULL, NULL, NULL } },
	{ .type = FRAME_KERNEL, AT(8), .kernel = { &line_of_interrupt, "kvm \\x1b", NULL, NULL } },
	{ .type = FRAME_END, AT(9), .end = { .runs_repeated = 5 } },
};

static struct recording record(const struct frame *frames, size_t n)
{
	struct recording r;

	recording_begin(&r, &plain);
	for (size_t i = 0; i < n; i++)
		session_frame(r.session, &frames[i]);
	recording_end(&r);
	return r;
}

#endif /* RECORDING_H */
