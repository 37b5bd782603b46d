// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * JSON as its readers get it: one line an event, valid whatever a traced process put into it,
 * numbers exact. Run with --dump it prints every kind of event, for tests/unit/schema.sh to
 * validate.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include <json-c/json.h>

#include "run_main.h"

#include "emit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct emit_options plain;
static const struct host_facts host = { .page_size = 4096, .ksize = 24, .pseries = true,
					.kernel_cmd = ABI_CMD_MAINLINE, .has_cpu_version = true,
					.cpu_version = 0x0f000006, .backend_watched = true };
static const struct host_facts old_host = { .page_size = 65536 };

static const struct cc_record ordinary = {
	.type = CC_NEGOTIATION, .seen = CC_SEEN_BACKEND | CC_SEEN_OPS, .has_hook = 1,
	.cmd = ABI_CMD_MAINLINE, .pid = 4711, .tid = 4712, .comm = "qemu-system-ppc",
	.vm_name = "4711-12", .latency_ns = 5044, .in = { 24 }, .in_words = 3,
	.out = { 24, 0, 0x6000000000000000 }, .out_words = 3,
};

/* The largest of everything. */
static const struct cc_record extreme = {
	.type = CC_NEGOTIATION, .seen = UINT32_MAX, .has_hook = 255, .cmd = ABI_CMD_MAINLINE,
	.pid = UINT32_MAX, .tid = UINT32_MAX, .latency_ns = UINT64_MAX, .arg = UINT64_MAX,
	.in = { UINT64_MAX, UINT64_MAX, UINT64_MAX }, .in_words = 3,
	.out = { UINT64_MAX, UINT64_MAX, UINT64_MAX }, .out_words = 3, .tail_read = UINT32_MAX,
	.backend_ret = INT_MIN, .ret = INT_MIN, .tail_first = UINT32_MAX,
};

static const char *const comms[] = {
	"", "\"", "\\", "a\"b\\c/d", "{\"type\":\"lost\"}", "\n", "\r\n\t\b\f\v", "\33[2J\33[31mred",
	"\x7f\x80\x9b\xff", "\xc3", "\xc3\xa9", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\x01\x02\x1f",
	"\xe2\x80\xa8", "</script>", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
};

static struct event event(enum event_type type, const struct cc_record *r)
{
	return (struct event){ .type = type, .seq = 1, .real_ns = 1795327200123456789,
			       .mono_ns = 42, .rec = r, .vm = r ? 1 : 0 };
}

static void print(struct event e)
{
	emit_json.event(&e, &plain);
}

static void print_negotiation(const struct cc_record *r, const struct host_facts *of)
{
	struct event e = event(EVENT_NEGOTIATION, r);
	struct diagnosis d;

	diagnose(r, of, &d);
	e.negotiation.diag = &d;
	e.negotiation.host = of;
	print(e);
}

static void print_causes(void)
{
	struct event e = event(EVENT_NEGOTIATION, &ordinary);
	struct diagnosis d;

	diagnose(&ordinary, &host, &d);
	e.negotiation.diag = &d;
	e.negotiation.host = &host;
	for (int i = 0; i < CAUSE_MAX; i++) {
		d.cause = i;
		print(e);
	}
}

static void print_negotiations(void)
{
	static const int results[] = { 0,    -E2BIG,  -EINVAL, -EFAULT, -ENOTTY,
				       -524, INT_MIN, 1,       INT_MAX };
	const struct abi_revision *rev;
	struct cc_record r;

	for (size_t i = 0; (rev = abi_revision(i / 4)); i++)
		for (size_t j = 0; j < COUNT(results); j++) {
			r = i % 2 ? extreme : ordinary;
			r.cmd = rev->cmd;
			r.ret = results[j];
			if (i & 2)
				r.in_words = r.out_words = r.seen = 0;
			print_negotiation(&r, j % 3 == 2 ? &old_host : &host);
		}
	r = ordinary;
	r.in_words = 0;
	r.ret = -ENOTTY;
	print_negotiation(&r, &host);
	r = ordinary;
	r.in[0] = 32;
	r.seen |= CC_SEEN_TAIL;
	r.tail_read = 8;
	print_negotiation(&r, &host);
	r.tail_first = 31;
	r.ret = -E2BIG;
	print_negotiation(&r, &host);
}

static void print_hostile_comms(void)
{
	struct cc_record r = ordinary;

	for (size_t i = 0; i < COUNT(comms); i++) {
		memset(r.comm, 0, sizeof(r.comm));
		memcpy(r.comm, comms[i], strlen(comms[i]));
		memset(r.vm_name, 0, sizeof(r.vm_name));
		memcpy(r.vm_name, comms[i], strlen(comms[i]));
		print_negotiation(&r, &host);
	}
}

static void print_arch(uint64_t pvr, int ret, struct offer offer)
{
	struct cc_record r = { .type = CC_ARCH_COMPAT, .pid = 7, .tid = 8, .comm = "\33qemu\"",
			       .arg = pvr, .ret = ret };
	struct event e = event(EVENT_ARCH_COMPAT, &r);
	struct arch_diagnosis d;

	diagnose_arch(&r, &offer, &d);
	e.arch.diag = &d;
	e.arch.offer = &offer;
	e.guest = "a \"guest\\";
	print(e);
}

static void print_archs(void)
{
	static const uint64_t caps[] = { 0, 0x4000000000000000, 0x5000000000000000, UINT64_MAX };
	static const uint64_t pvrs[] = { 0,	     0x0f000004, 0x0f000005, 0x0f000006, 0x0f000007,
					 0x0f000008, 1,		 UINT32_MAX, UINT64_MAX };
	static const int results[] = { 0, -EINVAL, -EIO, INT_MIN };

	for (size_t i = 0; i < COUNT(caps) * COUNT(pvrs) * COUNT(results); i++)
		for (enum modes_source s = MODES_UNKNOWN; s <= MODES_CPU_VERSION; s++) {
			uint64_t modes = caps[i / COUNT(results) / COUNT(pvrs)];

			print_arch(pvrs[i / COUNT(results) % COUNT(pvrs)],
				   results[i % COUNT(results)],
				   (struct offer){ s == MODES_NEGOTIATION, s, modes });
		}
}

static void print_extension(uint64_t cap, int answer, unsigned int vm)
{
	struct cc_record r = { .type = CC_EXTENSION, .pid = 7, .tid = 8, .comm = "vmm", .arg = cap,
			       .ret = answer };
	struct event e = event(EVENT_EXTENSION, &r);

	e.vm = vm;
	print(e);
}

static void print_retry(bool recovered, uint64_t after_ns)
{
	const struct retry retry = { true, recovered, after_ns };
	struct event e = event(EVENT_RETRY, &ordinary);

	e.retry = &retry;
	print(e);
}

static void print_lost(uint64_t n)
{
	struct event e = event(EVENT_LOST, NULL);

	e.seq = e.mono_ns = e.real_ns = UINT64_MAX;
	e.lost.n = n;
	e.lost.where = "the ring buffer was full";
	print(e);
}

static void print_attach(enum attach_how how, const char *why)
{
	struct event e = event(EVENT_ATTACH, NULL);

	e.real_ns = 0;
	e.attach.func = "kvm_arch_vm_ioctl";
	e.attach.how = how;
	e.attach.why = why;
	print(e);
}

static int print_all(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_causes();
	print_negotiations();
	print_hostile_comms();
	print_archs();
	print_extension(250, 1, 1);
	print_extension(249, 0, 0);
	print_extension(UINT64_MAX, INT_MIN, UINT_MAX);
	print_retry(true, 0);
	print_retry(false, UINT64_MAX);
	print_lost(1);
	print_lost(UINT64_MAX);
	print_attach(ATTACH_FEXIT, NULL);
	print_attach(ATTACH_KPROBE, NULL);
	print_attach(ATTACH_SYSCALL, NULL);
	print_attach(ATTACH_ABSENT, "module \"kvm_hv\" is not loaded");
	return 0;
}

static int print_ordinary(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_negotiation(&ordinary, &host);
	print_lost(3);
	return 0;
}

static int print_extreme(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_negotiation(&extreme, &host);
	return 0;
}

/* The shape that scripts rely on, to the letter. */
static void test_shape(void **state)
{
	(void)state;
	run_main(print_ordinary, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	assert_string_equal(
		ran.out,
		"{\"type\":\"negotiation\",\"seq\":1,\"ts\":\"2026-11-22T06:00:00.123456789Z\","
		"\"mono_ns\":42,\"pid\":4711,\"tid\":4712,\"comm\":\"qemu-system-ppc\",\"vm\":1,"
		"\"vm_name\":\"4711-12\",\"guest\":null,\"cmd\":\"0x2000aeb8\",\"abi\":\"mainline\","
		"\"usize\":24,\"usize_source\":\"entry\",\"ksize\":24,\"flags\":0,\"ret\":0,"
		"\"errno\":null,\"size_out\":24,\"backend\":{\"called\":true,\"ret\":0},"
		"\"backend_watched\":true,"
		"\"caps\":\"0x6000000000000000\",\"modes\":[\"POWER9\",\"POWER10\"],"
		"\"unknown_bits\":null,\"tail\":null,\"latency_ns\":5044,\"cause\":\"ok\","
		"\"hint\":\"nothing to change\"}\n"
		"{\"type\":\"lost\",\"seq\":18446744073709551615,"
		"\"ts\":\"2554-07-21T23:34:33.709551615Z\",\"mono_ns\":18446744073709551615,"
		"\"pid\":null,\"tid\":null,\"comm\":null,\"vm\":null,\"n\":3,"
		"\"where\":\"the ring buffer was full\"}\n");
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, name, &value))
		fail_msg("no %s", name);
	return value;
}

static void test_extremes_are_exact(void **state)
{
	static const char *const largest[] = { "usize", "flags", "size_out", "latency_ns" };
	struct json_object *o;

	(void)state;
	run_main(print_extreme, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	o = json_tokener_parse(ran.out);
	assert_non_null(o);
	for (size_t i = 0; i < COUNT(largest); i++)
		assert_string_equal(json_object_get_string(member(o, largest[i])),
				    "18446744073709551615");
	assert_string_equal(json_object_get_string(member(o, "ret")), "-2147483648");
	assert_string_equal(json_object_get_string(member(o, "errno")), "2147483648");
	assert_string_equal(json_object_get_string(member(o, "pid")), "4294967295");
	assert_string_equal(json_object_get_string(member(member(o, "tail"), "first_nonzero")),
			    "4294967295");
	json_object_put(o);
}

static int print_comms(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_hostile_comms();
	return 0;
}

static void test_hostile_comms(void **state)
{
	static const char *const shown[COUNT(comms)] = {
		[1] = "\"", [2] = "\\", [3] = "a\"b\\c/d", [5] = "\\x0a", [8] = "\\x7f\\x80\\x9b\\xff",
		[7] = "\\x1b[2J\\x1b[31mred", [10] = "\\xc3\\xa9",
	};
	size_t n = 0;

	(void)state;
	run_main(print_comms, -1, "", "", 0);
	assert_int_equal(ran.status, 0);
	for (char *save, *line = strtok_r(ran.out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), n++) {
		struct json_object *o = json_tokener_parse(line);

		assert_non_null(o);
		assert_in_range(n, 0, COUNT(comms) - 1);
		if (shown[n])
			assert_string_equal(json_object_get_string(member(o, "comm")), shown[n]);
		json_object_put(o);
	}
	assert_int_equal(n, COUNT(comms));
}

/* Printable ASCII and newlines: nothing that a terminal or a locale could make something of. */
static void test_bytes(void **state)
{
	int fd = memory_file("", 0);
	size_t lines = 0;
	char buf[4096];
	ssize_t n;

	(void)state;
	run_main(print_all, fd, "", "", 0);
	assert_int_equal(ran.status, 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			lines += buf[i] == '\n';
			assert_true(buf[i] == '\n' || (buf[i] >= ' ' && buf[i] <= '~'));
		}
	close(fd);
	assert_in_range(lines, 600, SIZE_MAX);
}

static void test_times(void **state)
{
	char ts[RFC3339_LEN];

	(void)state;
	assert_string_equal(rfc3339(ts, 0), "1970-01-01T00:00:00.000000000Z");
	assert_string_equal(rfc3339(ts, 951868799999999999), "2000-02-29T23:59:59.999999999Z");
	assert_string_equal(rfc3339(ts, UINT64_MAX), "2554-07-21T23:34:33.709551615Z");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),	      cmocka_unit_test(test_extremes_are_exact),
		cmocka_unit_test(test_hostile_comms), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_times),
	};

	if (argc > 1 && !strcmp(argv[1], "--dump"))
		return print_all(argc, argv);
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
