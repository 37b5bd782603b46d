// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * JSON as its readers get it: one line an event, valid whatever a traced process put into it,
 * numbers exact. Run with --dump it prints every kind of event, for tests/cli/schema.sh to
 * validate.
 */
#include "../recording.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <yyjson.h>

#include "lib/text.h"

static const struct host_facts old_host = { .page_size = 65536,
					    .ksize_is = FACT_ABSENT,
					    .pseries_is = FACT_ABSENT,
					    .nested = NESTED_NONE };
static const struct host_facts unknown_host = { .page_size = 4096 };

/* The largest of everything. */
static const struct cc_record extreme = {
	.type = CC_NEGOTIATION,
	.seen = CC_SEEN_ALL & ~CC_SEEN_INTERRUPT,
	.has_hook = 1,
	.cmd = ABI_CMD_MAINLINE,
	.pid = UINT32_MAX,
	.tid = UINT32_MAX,
	.latency_ns = UINT64_MAX,
	.arg = UINT64_MAX,
	.vm = UINT64_MAX,
	.vm_ino = UINT64_MAX,
	.cgroup = UINT64_MAX,
	.mono_ns = UINT64_MAX,
	.in = { UINT64_MAX, UINT64_MAX, UINT64_MAX },
	.in_words = 3,
	.out = { UINT64_MAX, UINT64_MAX, UINT64_MAX },
	.out_words = 3,
	.backend_caps = UINT64_MAX,
	.backend_head = UINT64_MAX,
	.tail_from = UINT32_MAX,
	.tail_read = UINT32_MAX,
	.tail_first = UINT32_MAX,
	.backend_ret = INT_MIN,
	.ret = INT_MIN,
};

static const char *const names[] = {
	"",
	"\"",
	"\\",
	"a\"b\\c/d",
	"{\"type\":\"end\"}",
	"\n",
	"\r\n\t\b\f\v",
	"\33[2J\33[31mred",
	"\x7f\x80\x9b\xff",
	"\xc3",
	"\xc3\xa9",
	"\xed\xa0\x80",
	"\xf8\x88\x80\x80\x80",
	"\x01\x02\x1f",
	"\xe2\x80\xa8",
	"</script>",
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
};

static const char *const shown[COUNT(names)] = {
	NULL,
	"\"",
	"\\\\",
	"a\"b\\\\c/d",
	"{\"type\":\"end\"}",
	"\\x0a",
	"\\x0d\\x0a\\x09\\x08\\x0c\\x0b",
	"\\x1b[2J\\x1b[31mred",
	"\\x7f\\x80\\x9b\\xff",
	"\\xc3",
	"\\xc3\\xa9",
	"\\xed\\xa0\\x80",
	"\\xf8\\x88\\x80\\x80\\x80",
	"\\x01\\x02\\x1f",
	"\\xe2\\x80\\xa8",
	"</script>",
	"\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff",
};

/* An output that is being written. */
struct out {
	FILE *f;
	void *emitter;
	char *text;
	size_t len;
};

static void out_begin(struct out *o, FILE *f)
{
	*o = (struct out){ .f = f ? f : open_memstream(&o->text, &o->len) };
	assert_non_null(o->f);
	o->emitter = emit_json.begin(o->f, &plain);
	assert_non_null(o->emitter);
}

static char *out_end(struct out *o)
{
	emit_json.end(o->emitter);
	fclose(o->f);
	return o->text;
}

static void print(struct out *o, const struct event *e)
{
	emit_json.event(o->emitter, e);
}

static struct event event(enum event_type type, const struct frame *f)
{
	return (struct event){
		.type = type, .seq = 1, .real_ns = 1795327200123456789, .mono_ns = 42, .frame = f
	};
}

static struct event call(enum event_type type, const struct frame *f)
{
	struct event e = event(type, f);

	e.rec = f->call.rec;
	e.pid = e.rec->pid;
	e.comm = "qemu";
	e.vm = 1;
	return e;
}

static void print_negotiation(struct out *o, const struct cc_record *r,
			      const struct host_facts *host, int cause)
{
	struct frame f = { .type = FRAME_CALL, .call = { .rec = r, .cgroup = "/a.slice" } };
	struct event e = call(EVENT_NEGOTIATION, &f);
	struct diagnosis d;

	diagnose(r, host, &d);
	if (cause >= 0)
		d.cause = cause;
	e.negotiation.diag = &d;
	e.negotiation.host = host;
	print(o, &e);
}

static void print_negotiations(struct out *o)
{
	static const int results[] = { 0,    -E2BIG,  -EINVAL, -EFAULT, -ENOTTY,
				       -524, INT_MIN, 1,       INT_MAX };
	const struct host_facts *hosts[] = { &host_7_3, &old_host, &unknown_host };
	const struct abi_revision *rev;
	struct cc_record r;

	for (size_t i = 0; (rev = abi_revision(i / 4)); i++)
		for (size_t j = 0; j < COUNT(results) * COUNT(hosts); j++) {
			r = i % 2 ? extreme : query;
			r.cmd = rev->cmd;
			r.ret = results[j / COUNT(hosts)];
			if (i & 2)
				r.in_words = r.out_words = r.seen = 0;
			print_negotiation(o, &r, hosts[j % COUNT(hosts)], -1);
		}
	for (int i = 0; i < CAUSE_MAX; i++)
		print_negotiation(o, &query, &host_7_3, i);
	r = query;
	r.in_words = 0;
	r.ret = -ENOTTY;
	r.seen &= ~(unsigned int)(CC_SEEN_BACKEND | CC_SEEN_HEAD);
	print_negotiation(o, &r, &host_7_3, -1);
}

static void print_tails(struct out *o)
{
	struct cc_record r = query;

	r.in[0] = 32;
	r.seen |= CC_SEEN_TAIL;
	r.tail_from = 24;
	r.tail_read = 8;
	print_negotiation(o, &r, &host_7_3, -1);
	r.tail_first = 31;
	r.ret = -E2BIG;
	r.seen &= ~(unsigned int)(CC_SEEN_BACKEND | CC_SEEN_HEAD);
	print_negotiation(o, &r, &host_7_3, -1);
	r.seen &= ~(unsigned int)CC_SEEN_TAIL;
	print_negotiation(o, &r, &host_7_3, -1);
}

static void print_arch(struct out *o, uint64_t pvr, int ret, const struct offer *offer, int cause)
{
	struct cc_record r = { .type = CC_ARCH_COMPAT,
			       .pid = 7,
			       .tid = 8,
			       .comm = "\33qemu\"",
			       .arg = pvr,
			       .ret = ret };
	struct frame f = { .type = FRAME_CALL,
			   .call = { .rec = &r, .name_option = "a \"guest\\\\" } };
	struct event e = call(EVENT_ARCH_COMPAT, &f);
	struct arch_diagnosis d;

	diagnose_arch(&r, &host_7_3, offer, &d);
	if (cause >= 0)
		d.cause = cause;
	e.arch.diag = &d;
	e.arch.offer = offer;
	e.guest = "a \"guest\\\\";
	print(o, &e);
}

static void print_archs(struct out *o)
{
	static const uint64_t caps[] = { 0, 0x4000000000000000, 0x5000000000000000, UINT64_MAX };
	static const uint64_t pvrs[] = { 0, 0x0f000004, 0x0f000006, 0x0f000008, 1, UINT32_MAX };
	static const int results[] = { 0, -EINVAL, INT_MIN };
	struct offer offer = { .queried = QUERIED_YES, .source = MODES_NEGOTIATION };

	for (size_t i = 0; i < COUNT(caps) * COUNT(pvrs) * COUNT(results); i++) {
		offer.modes = caps[i / COUNT(results) / COUNT(pvrs)];
		offer.source = (enum modes_source)(i % (MODES_CPU_VERSION + 1));
		offer.queried = (enum queried)(i / 3 % (QUERIED_YES + 1));
		offer.query_cause = CAUSE_FLAGS_SET;
		offer.not_seen = offer.queried == QUERIED_NOT_SEEN ?
					 "the VM is older than this trace" :
					 NULL;
		print_arch(o, pvrs[i / COUNT(results) % COUNT(pvrs)], results[i % COUNT(results)],
			   &offer, -1);
	}
	for (int i = 0; i < ARCH_MAX; i++)
		print_arch(o, 0x0f000006, 0, &offer, i);
}

static void print_extension(struct out *o, uint64_t cap, int answer, unsigned int vm)
{
	struct cc_record r = {
		.type = CC_EXTENSION, .pid = 7, .tid = 8, .comm = "vmm", .arg = cap, .ret = answer
	};
	struct frame f = { .type = FRAME_CALL, .call.rec = &r };
	struct event e = call(EVENT_EXTENSION, &f);

	e.vm = vm;
	print(o, &e);
}

static void print_retry(struct out *o, bool recovered, uint64_t after_ns)
{
	const struct retry retry = { true, recovered, after_ns };
	const struct frame f = { .type = FRAME_CALL, .call.rec = &query };
	struct event e = call(EVENT_RETRY, &f);

	e.retry = &retry;
	print(o, &e);
}

static void print_lost(struct out *o, enum cc_loss loss, uint64_t n)
{
	const struct loss_count by[] = {
		{ { UINT64_MAX, UINT64_MAX, loss, CC_NEGOTIATION, ABI_CMD_V1, -E2BIG }, n },
		{ { 0, 0, loss, CC_EXTENSION, 0, 0 }, 1 },
		{ { 0, 0, loss, CC_ARCH_COMPAT, 0, -524 }, 1 },
		{ { 0, 0, loss, CC_RUN, 0, CC_RET_UNKNOWN }, 1 },
		{ { 0, 0, loss, CC_KERNEL, 0, CC_RET_UNKNOWN }, 1 },
		{ { 0, 0, loss, 0, 0, CC_RET_UNKNOWN }, 1 },
	};
	struct frame f = { .type = FRAME_LOST, .lost = { loss, n, by, n % (COUNT(by) + 1) } };
	struct event e = event(EVENT_LOST, &f);

	e.seq = e.mono_ns = e.real_ns = UINT64_MAX;
	print(o, &e);
}

static void print_runs(struct out *o)
{
	static const uint32_t exits[] = { ABI_EXIT_UNKNOWN, ABI_EXIT_FAIL_ENTRY,
					  ABI_EXIT_INTERNAL_ERROR };
	struct run run = { .hint = "KVM_RUN failed" };
	struct cc_record r = { .type = CC_RUN, .arg = UINT64_MAX };
	const struct frame f = { .type = FRAME_CALL, .call.rec = &r };

	for (size_t i = 0; i < COUNT(exits) * 2; i++) {
		struct event e = call(EVENT_RUN, &f);

		r.cmd = exits[i / 2];
		r.vm = i % 2 ? UINT64_MAX : 0;
		e.run = &run;
		print(o, &e);
	}
	run.asked = true;
	r.ret = INT_MIN;
	for (int i = 0; i < ARCH_MAX; i++) {
		struct event e = call(EVENT_RUN, &f);

		run.pvr = i ? 0x0f000006 : UINT32_MAX;
		run.cause = i;
		run.accepted = i == ARCH_ACCEPTED;
		if (run.n_messages < HISTORY_LINES)
			run.messages[run.n_messages++] = "KVM: \"\\x00\\\\";
		e.run = &run;
		print(o, &e);
	}
}

static void print_attach(struct out *o, enum attach_how how, const char *why, bool known)
{
	static const uint64_t older[] = { 1, UINT64_MAX };

	for (int i = 0; i < ATTACH_POINTS; i++) {
		struct frame f = { .type = FRAME_ATTACH,
				   .attach = { .point = i,
					       .how = how,
					       .why = why,
					       .released = how == ATTACH_ABSENT && known,
					       .known = known,
					       .older = older,
					       .n_older = i % 3 } };
		struct event e = event(EVENT_ATTACH, &f);

		e.real_ns = 0;
		print(o, &e);
	}
}

static void print_vm(struct out *o, enum vm_event what, enum life life)
{
	struct frame f = { .type = FRAME_VM,
			   .vm = { .event = what,
				   .pid = 7,
				   .tid = UINT32_MAX,
				   .ino = UINT64_MAX,
				   .number = what == VM_FAILED ? 0 : UINT64_MAX,
				   .ret = what == VM_FAILED ? -12 : 0 } };
	struct event e = event(EVENT_VM, &f);

	e.pid = f.vm.pid;
	e.vm_life.life = life;
	if (what == VM_ENDED)
		e.vm_life.sentence = "VM 1, qemu[7], asked for no mode";
	else
		f.vm.comm = f.vm.vm_name = f.vm.name_option = f.vm.cgroup = "a \"name\\\\";
	print(o, &e);
}

static void print_host(struct out *o, enum fact fact, enum nested_api nested, bool reloaded)
{
	struct frame f = { .type = FRAME_HOST, .host = { host_7_3, reloaded } };
	struct event e = event(EVENT_HOST, &f);

	f.host.facts.nested = nested;
	f.host.facts.ksize_is = f.host.facts.pseries_is = f.host.facts.cpu_version_is =
		f.host.facts.nested_caps_is = fact;
	if (fact != FACT_KNOWN)
		f.host.facts.kernel_cmd = 0;
	print(o, &e);
}

static void print_trace(struct out *o, const struct host_id *id, const char *filters)
{
	struct frame f = { .type = FRAME_TRACE, .trace = { .clock_offset_ns = INT64_MIN } };
	struct event e = event(EVENT_TRACE, &f);

	f.trace.id = *id;
	f.trace.filters.text = filters;
	print(o, &e);
}

static void print_all(struct out *o)
{
	static const struct host_id none, strange = { "\xff\n", "", "a\\b", "\"", "\33", "kvm", 1 };
	struct recording r = record(ordinary, COUNT(ordinary));
	struct recording failed = record(failing, COUNT(failing));

	fputs(r.text, o->f);
	fputs(failed.text, o->f);
	free(r.text);
	free(failed.text);
	print_trace(o, &none, NULL);
	print_trace(o, &strange, "--comm \33");
	print_negotiations(o);
	print_tails(o);
	print_archs(o);
	print_extension(o, 250, 1, 1);
	print_extension(o, 249, 0, 0);
	print_extension(o, UINT64_MAX, INT_MIN, UINT_MAX);
	print_retry(o, true, 0);
	print_retry(o, false, UINT64_MAX);
	print_runs(o);
	for (int i = 0; i < CC_LOSSES; i++)
		print_lost(o, i, UINT64_MAX - (uint64_t)i);
	print_attach(o, ATTACH_FEXIT, NULL, true);
	print_attach(o, ATTACH_KPROBE, NULL, false);
	print_attach(o, ATTACH_TRACEPOINT, NULL, true);
	print_attach(o, ATTACH_ABSENT, "the module \"kvm_hv\" is not loaded", true);
	for (int i = LIFE_WHOLE; i <= LIFE_UNKNOWN; i++) {
		print_vm(o, VM_CREATED, i);
		print_vm(o, VM_ENDED, i);
		print_vm(o, VM_FAILED, i);
	}
	for (int i = 0; i < 12; i++)
		print_host(o, i % 3, i % 4, i & 1);
}

#define NOBODY \
	"\"pid\":null,\"tid\":null,\"comm\":null,\"thread\":null,\"cgroup\":null,\"vm\":null,\"vm_name\":null," \
	"\"guest\":null,"
#define FACTS \
	"\"page_size\":4096,\"ksize\":24,\"ksize_is\":\"known\",\"kernel_cmd\":\"0x2000aeb8\"," \
	"\"pseries_is\":\"known\",\"cpu_version\":\"0x0f000006\",\"cpu_version_is\":\"known\"," \
	"\"nested_api\":\"v2\",\"nested_caps\":\"0x6000000000000000\",\"nested_caps_is\":\"known\",\"processor\":null}"

/* The shape that scripts rely on, to the letter: one of each type. */
static void test_shape(void **state)
{
	static const char *const shapes[] = {
		"{\"type\":\"trace\",\"schema\":2,\"version\":\"" COMPATCAPS_VERSION "\",\"seq\":1,"
		"\"ts\":\"2026-11-22T06:00:00.124456789Z\",\"mono_ns\":1000000," NOBODY
		"\"filters\":{\"threads\":false,\"outcomes\":false,\"processes\":false,\"guests\":false,\"options\":\"--comm qemu\"},"
		"\"clock_offset_ns\":1795327200122456789,\"host\":{\"name\":\"lpar1\",\"boot_id\":\"b1d9\","
		"\"release\":\"7.3.4-powerpc64le\",\"build\":\"#1 SMP\",\"arch\":\"ppc64le\","
		"\"modules\":\"kvm kvm_hv\",\"cpus\":8," FACTS "}",
		"{\"type\":\"attach\",\"seq\":2,\"ts\":\"2026-11-22T06:00:00.125456789Z\",\"mono_ns\":2000000," NOBODY
		"\"function\":\"kvm_arch_vm_ioctl\",\"how\":\"fexit\",\"why\":null,"
		"\"released\":false,\"older\":[7,18446744073709551615]}",
		"{\"type\":\"attach\",\"seq\":3,\"ts\":\"2026-11-22T06:00:00.125456789Z\",\"mono_ns\":2000000," NOBODY
		"\"function\":\"kvmppc_get_compat_caps\",\"how\":\"absent\","
		"\"why\":\"the module \\\"kvm_hv\\\" is not loaded\",\"released\":true,\"older\":null}",
		"{\"type\":\"vm\",\"seq\":4,\"ts\":\"2026-11-22T06:00:00.126456789Z\",\"mono_ns\":3000000,"
		"\"pid\":4711,\"tid\":null,\"comm\":\"qemu-system-ppc\",\"thread\":null,"
		"\"cgroup\":\"/machine.slice/db1\",\"vm\":1,\"vm_name\":\"4711-12\",\"guest\":\"db1\","
		"\"event\":\"created\",\"errno\":null,\"watched\":\"",
		NULL, /* below */
		"{\"type\":\"host\",\"seq\":6,\"ts\":\"2026-11-22T06:00:00.126456789Z\",\"mono_ns\":3000000," NOBODY
		"\"kvm_reloaded\":true,\"host\":{" FACTS "}",
		"{\"type\":\"negotiation\",\"seq\":7,\"ts\":\"2026-11-22T06:00:00.127456789Z\","
		"\"mono_ns\":4000000,\"pid\":4711,\"tid\":4712,\"comm\":\"qemu-system-ppc\","
		"\"thread\":\"CPU 0/KVM\",\"cgroup\":null,\"vm\":1,\"vm_name\":\"4711-12\",\"guest\":\"db1\","
		"\"cmd\":\"0x2000aeb8\",\"abi\":\"mainline\",\"usize\":24,\"usize_source\":\"entry\","
		"\"ksize\":24,\"ksize_is\":\"known\",\"flags\":0,\"ret\":0,\"errno\":null,\"size_out\":24,"
		"\"backend\":{\"watched\":true,\"called\":true,\"ret\":0},\"caps\":\"0x6000000000000000\","
		"\"modes\":[\"POWER9\",\"POWER10\"],\"unknown_bits\":null,\"tail\":null,\"changed\":false,"
		"\"latency_ns\":5044,\"cause\":\"ok\",\"hint\":\"nothing to change\","
		"\"evidence\":{\"vm\":\"0xc000000012345678\",\"vm_ino\":33,\"vm_name\":\"4711-12\","
		"\"cgroup\":77,\"name_option\":\"guest=db1,debug-threads=on\",\"cmd\":\"0x2000aeb8\","
		"\"arg\":\"0x000000007fffc0de\",\"ret\":0,\"latency_ns\":5044,\"in\":[24,0,0],"
		"\"out\":[24,0,6917529027641081856],\"vcpu\":null,\"papr\":null,\"watched\":true,\"has_hook\":true,\"kvm_pr\":null,"
		"\"hook\":{\"ret\":0,\"caps\":\"0x6000000000000000\"},\"head\":24,\"tail\":null}}",
		"{\"type\":\"arch-compat\",\"seq\":8,\"ts\":\"2026-11-22T06:00:00.128456789Z\","
		"\"mono_ns\":5000000,\"pid\":4711,\"tid\":4712,\"comm\":\"qemu-system-ppc\","
		"\"thread\":\"CPU 0/KVM\",\"cgroup\":null,\"vm\":1,\"vm_name\":\"4711-12\",\"guest\":\"db1\","
		"\"pvr\":\"0x0f000006\",\"mode\":\"POWER10\",\"ret\":0,\"errno\":null,\"asked_by\":null,\"guest_modes\":null,\"queried\":\"yes\","
		"\"query_cause\":null,\"not_seen\":null,\"host_modes\":[\"POWER9\",\"POWER10\"],"
		"\"host_modes_source\":\"negotiation\",\"cause\":\"accepted\",\"max_cpu_compat\":null,"
		"\"hint\":\"",
		"{\"type\":\"lost\",\"seq\":9,\"ts\":\"2026-11-22T06:00:00.129456789Z\",\"mono_ns\":6000000," NOBODY
		"\"n\":18446744073709551608,\"reason\":\"vm-budget\",\"by\":["
		"{\"type\":\"negotiation\",\"cmd\":\"0x2000aeb8\",\"ret\":-7,\"errno\":\"E2BIG\",\"n\":2,"
		"\"evidence\":{\"vm\":\"0xc000000012345678\",\"vm_ino\":33}},"
		"{\"type\":null,\"cmd\":\"0x00000000\",\"ret\":null,\"errno\":null,"
		"\"n\":18446744073709551606,\"evidence\":{\"vm\":null,\"vm_ino\":0}}]}",
		NULL,
		"{\"type\":\"story\",\"seq\":11,\"ts\":\"2026-11-22T06:00:00.130456789Z\",\"mono_ns\":7000000,"
		"\"pid\":4711,\"tid\":null,\"comm\":\"qemu-system-ppc\",\"thread\":null,\"cgroup\":null,"
		"\"vm\":1,\"vm_name\":\"4711-12\",\"guest\":\"db1\","
		"\"coverage\":{\"state\":\"gap\",\"why\":\"it was not watched all the time\"},"
		"\"checked\":null,"
		"\"queries\":{\"ok\":1,\"failed\":0,\"first_cause\":null,\"last_cause\":null,\"retries\":0,"
		"\"recovered\":0,\"not_seen\":\"events were lost\"},\"offered\":[\"POWER9\",\"POWER10\"],"
		"\"vcpus\":[{\"id\":null,\"requests\":[{\"pvr\":\"0x0f000006\",\"mode\":\"POWER10\",\"errno\":null,"
		"\"cause\":\"accepted\",\"asked_by\":null,\"seq\":8}],\"requests_total\":1,\"ran\":null,\"first_failure\":null}],"
		"\"found\":null,\"incoming\":false,\"ended\":true,\"denied\":[],\"not_known\":[\"",
		"{\"type\":\"end\",\"seq\":12,\"ts\":\"2026-11-22T06:00:00.131456789Z\",\"mono_ns\":8000000," NOBODY
		"\"events\":12,\"lost\":18446744073709551608,\"cut_off\":false,\"totals\":{",
	};
	struct recording r = record(ordinary, COUNT(ordinary));
	char *save, *line = strtok_r(r.text, "\n", &save);

	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++, line = strtok_r(NULL, "\n", &save)) {
		assert_non_null(line);
		/* Of a sentence of others the beginning is enough. */
		if (!shapes[i])
			continue;
		if (line[strlen(shapes[i])] && shapes[i][strlen(shapes[i]) - 1] != '}')
			line[strlen(shapes[i])] = '\0';
		assert_string_equal(line, shapes[i]);
	}
	assert_null(line);
	free(r.text);
}

#define QEMU "\"pid\":4711,\"tid\":4712,\"comm\":\"qemu-system-ppc\",\"thread\":\"CPU 0/KVM\","
#define DB1  "\"vm\":3,\"vm_name\":\"4711-12\",\"guest\":\"db1\","
#define VM_EVIDENCE \
	"\"evidence\":{\"vm\":\"0xc000000012345678\",\"vm_ino\":33,\"vm_name\":\"4711-12\"," \
	"\"cgroup\":77,\"name_option\":null,"
#define NO_VM "\"vm\":null,\"vm_name\":null,\"guest\":null,"
#define NO_EVIDENCE \
	"\"evidence\":{\"vm\":null,\"vm_ino\":0,\"vm_name\":\"\",\"cgroup\":0,\"name_option\":null,"
#define ASKED \
	"\"pvr\":\"0x0f000007\",\"mode\":\"POWER11\",\"accepted\":false,\"ask_cause\":\"newer-than-host\","
#define REFUSED(first) ASKED "\"first\":" first ",\"messages\":[\"" LINE_OF_33 "\"],"

#define THERE(seq) \
	"{\"type\":\"found\",\"seq\":" seq \
	",\"ts\":\"2026-11-22T06:00:00.125456789Z\",\"mono_ns\":2000000,"

/* The first line of one that is known well, and one of which hardly anything is. */
static const char *const there[] = {
	THERE("4") "\"pid\":50,\"tid\":null,\"comm\":\"a\\\\x0ab\",\"thread\":null,\"cgroup\":\"/machine.slice\","
		   "\"vm\":1,\"vm_name\":\"50-9\",\"guest\":\"old\",\"mode_is\":\"differs\",\"pvr\":null,\"mode\":null,"
		   "\"runs_on\":null,\"offered\":null,\"hint\":\"its vCPUs have different modes\","
		   "\"evidence\":{\"vm\":\"0xc000000011111111\",\"vm_ino\":20,\"vm_name\":\"50-9\",\"pid\":50,"
		   "\"part\":\"owner\",\"comm\":\"a\\\\x0ab\",\"name_option\":\"guest=old\","
		   "\"incoming\":false,\"backend\":\"hv\","
		   "\"vcpus\":2,\"vcpu_modes\":[{\"vcpu\":0,\"pvr\":251658245},{\"vcpu\":1,\"pvr\":null}],"
		   "\"vcpus_left_out\":false}}",
	THERE("5") "\"pid\":null,\"tid\":null,\"comm\":\"guardian\",\"thread\":null,\"cgroup\":null,"
		   "\"vm\":2,\"vm_name\":null,\"guest\":null,\"mode_is\":\"no-vcpu\",\"pvr\":null,\"mode\":null,"
		   "\"runs_on\":null,\"offered\":null,"
		   "\"hint\":\"it has no vCPU yet; the process that made it has let go of it, and "
		   "KVM takes its ioctls from no other\","
		   "\"evidence\":{\"vm\":null,\"vm_ino\":21,\"vm_name\":null,\"pid\":51,"
		   "\"part\":\"holder\",\"comm\":\"guardian\",\"name_option\":null,"
		   "\"incoming\":null,\"backend\":null,"
		   "\"vcpus\":0,\"vcpu_modes\":[],\"vcpus_left_out\":false}}",
};

/* The same of what fails later, and of what KVM says. */
static void test_shape_of_failures(void **state)
{
	static const char *const shapes[] = {
		"{\"type\":\"kernel\",\"seq\":8,\"ts\":\"2026-11-22T06:00:00.128456789Z\","
		"\"mono_ns\":5000000," QEMU "\"cgroup\":\"/machine.slice\"," DB1
		"\"message\":\"" LINE_OF_33 "\"," VM_EVIDENCE
		"\"interrupt\":false,\"cmd\":\"0x2000ae80\",\"vcpu\":null,\"reg\":null,\"length\":47}}",
		"{\"type\":\"run\",\"seq\":9,\"ts\":\"2026-11-22T06:00:00.129456789Z\","
		"\"mono_ns\":6000000," QEMU "\"cgroup\":\"/machine.slice\"," DB1
		"\"ret\":-22,\"errno\":\"EINVAL\",\"exit_reason\":null,\"hardware_reason\":null," REFUSED(
			"null") "\"hint\":\"asked for POWER11: newer-than-host, KVM_RUN failed with EINVAL; "
				"KVM printed: \\\"" LINE_OF_33 "\\\"\"," VM_EVIDENCE
				"\"ret\":-22,\"exit_reason\":0,\"vcpu\":1,\"papr\":true,\"kvm_pr\":null,\"exits\":null,\"vcpu_pvr\":null,\"hardware_reason\":\"0x0000000000000000\"}}",
		"{\"type\":\"run\",\"seq\":10,\"ts\":\"2026-11-22T06:00:00.130456789Z\","
		"\"mono_ns\":7000000," QEMU "\"cgroup\":null," DB1
		"\"ret\":0,\"errno\":null,\"exit_reason\":\"unknown\","
		"\"hardware_reason\":\"0xffffffffffffffea\"," REFUSED(
			"true") "\"hint\":\"asked for POWER11: newer-than-host, the first run of vCPU 1 failed: " LINE_OF_33
				" (exit reason unknown, hardware reason 0xffffffffffffffea)\"," VM_EVIDENCE
				"\"ret\":0,\"exit_reason\":0,\"vcpu\":1,\"papr\":true,\"kvm_pr\":null,\"exits\":1,\"vcpu_pvr\":\"0x0f000007\",\"hardware_reason\":\"0xffffffffffffffea\"}}",
		"{\"type\":\"run\",\"seq\":11,\"ts\":\"2026-11-22T06:00:00.131456789Z\","
		"\"mono_ns\":8000000,\"pid\":9,\"tid\":9,\"comm\":\"vmm\",\"thread\":\"vmm\","
		"\"cgroup\":null," NO_VM
		"\"ret\":0,\"errno\":null,\"exit_reason\":\"fail-entry\",\"hardware_reason\":null,"
		"\"pvr\":null,\"mode\":null,\"accepted\":null,\"ask_cause\":null,\"first\":null,\"messages\":[],"
		"\"hint\":\"KVM_RUN ended with exit reason fail-entry; of which VM could not be told\"," NO_EVIDENCE
		"\"ret\":0,\"exit_reason\":9,\"vcpu\":null,\"papr\":null,\"kvm_pr\":null,\"exits\":null,\"vcpu_pvr\":null,"
		"\"hardware_reason\":\"0x0000000000000000\"}}",
		"{\"type\":\"ran\",\"seq\":12,\"ts\":\"2026-11-22T06:00:00.131456789Z\","
		"\"mono_ns\":8000000," QEMU "\"cgroup\":\"/machine.slice\"," DB1 ASKED
		"\"runs_pvr\":\"0x00000000\",\"runs_mode\":null," VM_EVIDENCE
		"\"ret\":0,\"exit_reason\":19,\"vcpu\":1,\"papr\":true,\"kvm_pr\":null,\"exits\":400,\"vcpu_pvr\":\"0x00000000\"}}",
		"{\"type\":\"ran\",\"seq\":13,\"ts\":\"2026-11-22T06:00:00.131456789Z\","
		"\"mono_ns\":8000000,\"pid\":9,\"tid\":9,\"comm\":null,\"thread\":null,\"cgroup\":null,"
		"\"vm\":4,\"vm_name\":null,\"guest\":null,"
		"\"pvr\":null,\"mode\":null,\"accepted\":null,\"ask_cause\":null,"
		"\"runs_pvr\":null,\"runs_mode\":null,"
		"\"evidence\":{\"vm\":\"0x0000000000000009\",\"vm_ino\":0,\"vm_name\":\"\",\"cgroup\":0,"
		"\"name_option\":null,\"ret\":0,\"exit_reason\":2,\"vcpu\":null,\"papr\":null,\"kvm_pr\":null,\"exits\":1,\"vcpu_pvr\":null}}",
		"{\"type\":\"kernel\",\"seq\":14,\"ts\":\"2026-11-22T06:00:00.131456789Z\","
		"\"mono_ns\":8000000," NOBODY "\"message\":\"kvm \\\\x1b\"," NO_EVIDENCE
		"\"interrupt\":true,\"cmd\":null,\"vcpu\":null,\"reg\":null,\"length\":300}}",
	};
	static const char *const of_vcpu =
		"\"vcpus\":[{\"id\":1,\"requests\":[{\"pvr\":\"0x0f000007\",\"mode\":\"POWER11\","
		"\"errno\":\"EINVAL\",\"cause\":\"newer-than-host\",\"asked_by\":null,\"seq\":7}],\"requests_total\":1,"
		"\"ran\":{\"pvr\":\"0x00000000\",\"mode\":null,\"seq\":12},"
		"\"first_failure\":{\"errno\":\"EINVAL\",\"exit_reason\":null,\"first_run\":null,"
		"\"pvr\":\"0x0f000007\",\"seq\":9}}],\"found\":null,\"incoming\":true,\"ended\":false,";
	struct recording r = record(failing, COUNT(failing));
	char *save, *line = strtok_r(r.text, "\n", &save);

	(void)state;
	while (line && strncmp(line, "{\"type\":\"found\"", 15))
		line = strtok_r(NULL, "\n", &save);
	for (size_t i = 0; i < COUNT(there); i++, line = strtok_r(NULL, "\n", &save)) {
		assert_non_null(line);
		assert_string_equal(line, there[i]);
	}
	while (line && strncmp(line, "{\"type\":\"kernel\"", 16))
		line = strtok_r(NULL, "\n", &save);
	for (size_t i = 0; i < COUNT(shapes); i++, line = strtok_r(NULL, "\n", &save)) {
		assert_non_null(line);
		assert_string_equal(line, shapes[i]);
	}
	/* Four stories, the third of the VM whose runs failed. */
	for (int i = 0; i < 4; i++, line = strtok_r(NULL, "\n", &save)) {
		assert_int_equal(strncmp(line, "{\"type\":\"story\",", 16), 0);
		if (i == 2)
			assert_non_null(strstr(line, of_vcpu));
	}
	assert_non_null(strstr(line, "\"runs\":3,\"runs_repeated\":5,\"kernel_messages\":2}}"));
	free(r.text);
}

static yyjson_doc *parse(const char *line)
{
	yyjson_doc *doc = yyjson_read(line, strlen(line), YYJSON_READ_BIGNUM_AS_RAW);

	assert_non_null(doc);
	return doc;
}

static void test_extremes_are_exact(void **state)
{
	static const char *const largest[] = {
		"/usize",	    "/latency_ns",	    "/evidence/vm_ino",
		"/evidence/cgroup", "/evidence/latency_ns", "/evidence/in/0",
		"/evidence/in/2",   "/evidence/out/2",	    "/evidence/head",
	};
	struct out o;
	yyjson_doc *doc;
	char *text;

	(void)state;
	out_begin(&o, NULL);
	print_negotiation(&o, &extreme, &host_7_3, -1);
	text = out_end(&o);
	doc = parse(text);
	for (size_t i = 0; i < COUNT(largest); i++)
		assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(doc, largest[i])), UINT64_MAX);
	assert_int_equal(yyjson_get_sint(yyjson_doc_ptr_get(doc, "/ret")), INT_MIN);
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(doc, "/errno")), "2147483648");
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(doc, "/pid")), UINT32_MAX);
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(doc, "/evidence/arg")),
			    "0xffffffffffffffff");
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(doc, "/evidence/tail/first")),
			 UINT32_MAX);
	yyjson_doc_free(doc);
	free(text);
}

/* Whatever a process calls itself, its thread or its guest: it is escaped, \ itself too. */
static void test_hostile_names(void **state)
{
	static const char *const keys[] = { "/comm", "/thread", "/vm_name" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct cc_record r = check;
		struct frame frames[] = { trace_frame, { .type = FRAME_CALL, .call.rec = &r } };
		struct recording rec;
		yyjson_doc *doc;

		memset(r.comm, 0, sizeof(r.comm));
		memset(r.thread, 0, sizeof(r.thread));
		memcpy(r.comm, names[i], strlen(names[i]));
		memcpy(r.thread, names[i], strlen(names[i]));
		memcpy(r.vm_name, names[i], strlen(names[i]));
		rec = record(frames, COUNT(frames));
		doc = parse(strchr(rec.text, '\n') + 1);
		for (size_t k = 0; k < COUNT(keys); k++) {
			const char *is = yyjson_get_str(yyjson_doc_ptr_get(doc, keys[k]));

			if (shown[i])
				assert_string_equal(is, shown[i]);
			else
				assert_null(is);
		}
		yyjson_doc_free(doc);
		free(rec.text);
	}
}

/* Printable ASCII and newlines: nothing that a terminal or a locale could make something of. */
static void test_bytes(void **state)
{
	size_t lines = 0;
	struct out o;
	char *text;

	(void)state;
	out_begin(&o, NULL);
	print_all(&o);
	text = out_end(&o);
	for (const char *c = text; *c; c++) {
		lines += *c == '\n';
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	}
	assert_in_range(lines, 250, SIZE_MAX);
	free(text);
}

/* More than the memory that is kept at hand, and more than a line may hold. */
static void test_long_lists(void **state)
{
	static uint64_t older[20000];
	static struct loss_count by[5000];
	const struct frame f = { .type = FRAME_ATTACH,
				 .attach = { .how = ATTACH_FEXIT, .known = true, .older = older } };
	static const size_t sizes[] = { 1, 1000, 16384, 16385, 20000 };
	static const size_t kinds[] = { 1, 60, 100, 1000, 4096, COUNT(by) };
	yyjson_doc *doc;
	struct out o;
	char *text;

	(void)state;
	memset(older, 0xff, sizeof(older));
	memset(by, 0xff, sizeof(by));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct frame of = f;
		struct event a = event(EVENT_ATTACH, &of);

		of.attach.n_older = sizes[i];
		out_begin(&o, NULL);
		print(&o, &a);
		text = out_end(&o);
		assert_true(strlen(text) < STREAM_LINE_MAX);
		doc = parse(text);
		/* Too many to name: which they are is not known, rather than that there are fewer.
		 */
		assert_int_equal(yyjson_arr_size(yyjson_doc_ptr_get(doc, "/older")),
				 sizes[i] > 16384 ? 0 : sizes[i]);
		assert_int_equal(yyjson_is_null(yyjson_doc_ptr_get(doc, "/older")),
				 sizes[i] > 16384);
		yyjson_doc_free(doc);
		free(text);
	}
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct frame l = { .type = FRAME_LOST, .lost = { 0, 5000, by, kinds[i] } };
		struct event e = event(EVENT_LOST, &l);

		out_begin(&o, NULL);
		print(&o, &e);
		text = out_end(&o);
		assert_true(strlen(text) < STREAM_LINE_MAX);
		doc = parse(text);
		assert_int_equal(yyjson_arr_size(yyjson_doc_ptr_get(doc, "/by")),
				 kinds[i] > 4096 ? 4096 : kinds[i]);
		yyjson_doc_free(doc);
		free(text);
	}
}

static void test_outputs(void **state)
{
	(void)state;
	assert_ptr_equal(emitters[0], &emit_text);
	for (size_t i = 0; emitters[i]; i++) {
		assert_true(emitters[i]->what[0]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(emitters[k]->name, emitters[i]->name);
	}
}

static void test_failures(void **state)
{
	struct cc_record r = query;
	struct arch_diagnosis d = { .cause = ARCH_ACCEPTED };
	struct retry retry = { true, true, 1 };
	struct event e = { .type = EVENT_NEGOTIATION, .rec = &r };

	(void)state;
	assert_false(event_is_failure(&e));
	r.ret = -E2BIG;
	assert_true(event_is_failure(&e));
	r.ret = 0;
	e.type = EVENT_ARCH_COMPAT;
	e.arch.diag = &d;
	assert_false(event_is_failure(&e));
	d.cause = ARCH_ACCEPTED_ABOVE_HOST; /* the guest fails at its first run */
	assert_true(event_is_failure(&e));
	d.cause = ARCH_REJECTED;
	r.ret = -EINVAL;
	assert_true(event_is_failure(&e));
	e.type = EVENT_RETRY;
	e.retry = &retry;
	assert_false(event_is_failure(&e));
	retry.recovered = false;
	assert_true(event_is_failure(&e));
	e.type = EVENT_RUN;
	assert_true(event_is_failure(&e));
	e.type = EVENT_KERNEL;
	assert_false(event_is_failure(&e));
	for (int type = 0; type < EVENT_TYPES; type++)
		assert_non_null(event_type_name(type));
	assert_null(event_type_name(EVENT_TYPES));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_extremes_are_exact),
		cmocka_unit_test(test_shape_of_failures),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_failures),
	};
	struct out o;

	if (argc > 1 && !strcmp(argv[1], "--dump")) {
		out_begin(&o, stdout);
		print_all(&o);
		out_end(&o);
		return 0;
	}
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
