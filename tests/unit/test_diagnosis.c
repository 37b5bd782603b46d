// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every cause, from records made by hand; and, so that no order of checks is forgotten, from
 * a model of the kernel: what it does with a call is written down once more below, straight
 * from the ABI's rules, and the diagnosis has to find out what the model did.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diagnosis.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KIB64	 65536
#define CAPS	 0x6000000000000000 /* POWER9 and POWER10 */

/* Hosts, by the kernel that they run. A backport of mainline has mainline's facts. */
#define HOST(page, size, command)                                                                  \
	{ .page_size = page, .ksize = size, .kernel_cmd = command, .backend_watched = true,        \
	  .pseries = true, .has_cpu_version = true, .cpu_version = 0x0f000006 }
#define MAINLINE HOST(4096, 24, ABI_CMD_MAINLINE)
#define V5	 HOST(4096, 24, ABI_CMD_V5)
#define NONE	 HOST(4096, 0, 0)

static const struct host_facts mainline = MAINLINE, v5 = V5, none = NONE,
			       mainline_64k = HOST(KIB64, 24, ABI_CMD_MAINLINE),
			       v5_64k = HOST(KIB64, 24, ABI_CMD_V5),
			       v3 = HOST(4096, 24, ABI_CMD_V3), v1 = HOST(4096, 16, ABI_CMD_V1),
			       grown = HOST(4096, 32, ABI_CMD_MAINLINE),
			       untold = HOST(4096, 24, 0),
			       unwatched = { .page_size = 4096, .ksize = 24, .pseries = true,
					     .kernel_cmd = ABI_CMD_MAINLINE,
					     .has_cpu_version = true,
					     .cpu_version = 0x0f000006 },
			       powernv = { .page_size = KIB64, .ksize = 24, .backend_watched = true,
					   .kernel_cmd = ABI_CMD_MAINLINE },
			       no_version = { .page_size = 4096, .ksize = 24, .pseries = true,
					      .kernel_cmd = ABI_CMD_MAINLINE,
					      .backend_watched = true },
			       power8 = { .page_size = 4096, .ksize = 24, .pseries = true,
					  .kernel_cmd = ABI_CMD_MAINLINE, .backend_watched = true,
					  .has_cpu_version = true, .cpu_version = 0x0f000004 };

#define CALL(command, result)                                                                      \
	.type = CC_NEGOTIATION, .cmd = command, .ret = result, .comm = "vmm", .arg = 0x7fff1230,   \
	.pid = 7, .tid = 8, .latency_ns = 1000
#define SEEN	 CC_SEEN_OPS
#define IN(...)	 .in = { __VA_ARGS__ }, .in_words = CC_WORDS
#define OUT(...) .out = { __VA_ARGS__ }, .out_words = CC_WORDS
#define SAME(...) IN(__VA_ARGS__), OUT(__VA_ARGS__)
#define HOOK(result)                                                                               \
	.seen = SEEN | CC_SEEN_BACKEND | CC_SEEN_HEAD, .has_hook = 1, .backend_ret = result
#define TAIL(nr_read, first)                                                                       \
	.seen = SEEN | CC_SEEN_TAIL, .has_hook = 1, .tail_read = nr_read, .tail_first = first
#define PLAIN .seen = SEEN, .has_hook = 1

struct row {
	enum cause cause;
	const struct host_facts *host;
	const char *words[3]; /* that the hint must hold */
	struct cc_record r;
};

static const struct row rows[] = {
	{ CAUSE_OK, &mainline, { "nothing to change" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(24, 0, 0), OUT(24, 0, CAPS) } },
	{ CAUSE_OK, &v5_64k, { "nothing" }, { CALL(ABI_CMD_V5, 0), HOOK(0), IN(24), OUT(24, 0, CAPS) } },
	{ CAUSE_OK, &v3, { "nothing" }, { CALL(ABI_CMD_V3, 0), HOOK(0), IN(0, 24), OUT(0, 24, CAPS) } },
	{ CAUSE_OK, &v1, { "nothing" },
	  { CALL(ABI_CMD_V1, 0), HOOK(0), .in_words = 2, .out = { 0, CAPS }, .out_words = 2 } },
	/* A bit that nobody knows is a mode all the same. */
	{ CAUSE_OK, &mainline, { "nothing" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(24), OUT(24, 0, 1) } },
	/* Answered, then unmapped: the hook told the bitmap. */
	{ CAUSE_OK, &mainline, { "nothing" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(24), .backend_caps = CAPS } },

	{ CAUSE_OK_LARGER_STRUCT, &mainline, { "24", "32" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(32), OUT(24, 0, CAPS) } },
	{ CAUSE_OK_LARGER_STRUCT, &mainline_64k, { "24", "65536" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(KIB64), OUT(24, 0, CAPS) } },
	{ CAUSE_OK_SMALLER_STRUCT, &grown, { "32", "24" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(24), OUT(24, 0, CAPS) } },
	{ CAUSE_OK_NO_MODES, &mainline, { "no mode" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(24), OUT(24, 0, 0) } },
	{ CAUSE_OK_NO_MODES, &mainline, { "no mode" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(32), OUT(24, 0, 0) } },

	{ CAUSE_SIZE_OVER_PAGE, &mainline, { "4097", "4096", "initialised" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, SAME(4097) } },
	{ CAUSE_SIZE_OVER_PAGE, &mainline, { "18446744073709551615", "4096" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, SAME(UINT64_MAX) } },
	{ CAUSE_SIZE_OVER_PAGE, &mainline_64k, { "65537", "65536" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, SAME(KIB64 + 1) } },
	/* Unmapped by the time of the return; and: not there at entry. */
	{ CAUSE_SIZE_OVER_PAGE, &mainline, { "4097" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, IN(4097) } },
	{ CAUSE_SIZE_OVER_PAGE, &mainline, { "4097" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, OUT(4097) } },

	{ CAUSE_STRUCT_TOO_NEW, &mainline, { "byte 39", "24" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(16, 39), IN(40), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW, &mainline, { "size=24" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(8, 0), IN(40), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW, &mainline_64k, { "24" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(4096, 0), IN(KIB64), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW, &grown, { "byte 36", "32" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(13, 36), IN(40), OUT(32) } },
	{ CAUSE_STRUCT_TOO_NEW, &v5, { "size=24" },
	  { CALL(ABI_CMD_V5, -E2BIG), TAIL(8, 0), IN(32), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW, &v5, { "size=24" }, /* v5 knows no limit of a page */
	  { CALL(ABI_CMD_V5, -E2BIG), PLAIN, IN(UINT64_MAX), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW, &v5, { "size=24" }, { CALL(ABI_CMD_V5, -E2BIG), PLAIN, OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW, &mainline, { "24" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, IN(4096) } },

	{ CAUSE_SIZE_TOO_SMALL, &mainline, { "size is 0", "sizeof" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(0) } },
	{ CAUSE_SIZE_TOO_SMALL, &mainline, { "size=23", "24" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(23, 1) } }, /* looked at before flags */
	{ CAUSE_SIZE_TOO_SMALL, &v5, { "size=16", "24" },
	  { CALL(ABI_CMD_V5, -EINVAL), PLAIN, SAME(16) } },
	{ CAUSE_SIZE_TOO_SMALL, &v3, { "size=16", "24" },
	  { CALL(ABI_CMD_V3, -EINVAL), PLAIN, SAME(0, 16) } },
	{ CAUSE_SIZE_TOO_SMALL, &unwatched, { "size is 0" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, OUT(0) } },
	{ CAUSE_SIZE_TOO_SMALL, &mainline, { "size is 0" }, /* no more than size is mapped */
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, .in_words = 1, .out_words = 1 } },

	{ CAUSE_FLAGS_SET, &mainline, { "0x8000000000000000", "0" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(24, 1ull << 63) } },
	{ CAUSE_FLAGS_SET, &v5, { "0x1" }, { CALL(ABI_CMD_V5, -EINVAL), PLAIN, SAME(24, 1) } },
	{ CAUSE_FLAGS_SET, &unwatched, { "0x2" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, OUT(24, 2) } },

	{ CAUSE_BACKEND_NOT_PSERIES, &powernv, { "bare metal" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_NO_CPU_VERSION, &no_version, { "cpu-version" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_UNMAPPED_CPU_VERSION, &power8, { "0x0f000004" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_FAILED, &mainline, { "EINVAL" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_FAILED, &mainline, { "EIO" },
	  { CALL(ABI_CMD_MAINLINE, -EIO), HOOK(-EIO), SAME(24) } },
	{ CAUSE_BACKEND_FAILED, &mainline, { "ENOTTY" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), HOOK(-ENOTTY), SAME(24) } },
	{ CAUSE_BACKEND_FAILED, &mainline, { "2147483648" },
	  { CALL(ABI_CMD_MAINLINE, INT_MIN), HOOK(INT_MIN), SAME(24) } },
	/* The hook is not watched, and everything before it was in order. */
	{ CAUSE_BACKEND_FAILED, &unwatched, { "EINVAL" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(24) } },
	/* Neither of these two looks at flags. */
	{ CAUSE_BACKEND_FAILED, &unwatched, { "EINVAL" },
	  { CALL(ABI_CMD_V3, -EINVAL), PLAIN, SAME(7, 24) } },
	{ CAUSE_BACKEND_FAILED, &unwatched, { "EINVAL" },
	  { CALL(ABI_CMD_V1, -EINVAL), PLAIN, SAME(7) } },

	{ CAUSE_ARG_UNREADABLE, &mainline, { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN } },
	{ CAUSE_ARG_UNREADABLE, &unwatched, { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN } },
	{ CAUSE_STRUCT_UNREADABLE, &mainline, { "0x7fff1230", "size" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, .in = { 24 }, .in_words = 1, .out = { 24 },
	    .out_words = 1 } },
	{ CAUSE_STRUCT_UNREADABLE, &unwatched, { "0x7fff1230", "size" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, .in = { 24 }, .in_words = 2 } },
	{ CAUSE_STRUCT_UNREADABLE, &mainline, { "size" }, /* the tail ends at a hole */
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), TAIL(0, 0), SAME(32) } },
	{ CAUSE_STRUCT_UNREADABLE, &unwatched, { "size" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), TAIL(64, 0), SAME(4096) } },
	{ CAUSE_COPYOUT_FAILED, &mainline, { "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), HOOK(0), SAME(24) } },
	{ CAUSE_COPYOUT_FAILED, &mainline, { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), HOOK(0), IN(24) } }, /* unmapped under way */
	{ CAUSE_COPYOUT_FAILED, &unwatched, { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, SAME(24) } },
	{ CAUSE_COPYOUT_FAILED, &unwatched, { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, OUT(24) } },
	/* E2BIG, but for a size that cannot be written back. */
	{ CAUSE_COPYOUT_FAILED, &mainline, { "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), TAIL(8, 31), SAME(32) } },
	{ CAUSE_COPYOUT_FAILED, &v5, { "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_V5, -EFAULT), TAIL(8, 0), SAME(32) } },
	{ CAUSE_COPYOUT_FAILED, &v5, { "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_V5, -EFAULT), TAIL(0, 0), .in = { 32 }, .in_words = 1, .out_words = 1 } },
	{ CAUSE_COPYOUT_FAILED, &unwatched, { "0x7fff1230" },
	  { CALL(ABI_CMD_V1, -EFAULT), PLAIN, .in_words = 2, .out_words = 2 } },

	{ CAUSE_NO_BACKEND, &mainline, { "backend", "KVM PR" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = SEEN, SAME(24) } },
	{ CAUSE_NO_BACKEND, &v5, { "KVM PR" },
	  { CALL(ABI_CMD_V5, -ENOTTY), .seen = SEEN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH, &mainline, { "0x2000aee4 (v5)", "0x2000aeb8 (mainline)" },
	  { CALL(ABI_CMD_V5, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH, &mainline_64k, { "0x4018aee4 (v3-v4)", "0x2000aeb8 (mainline)" },
	  { CALL(ABI_CMD_V3, -ENOTTY), PLAIN, SAME(0, 24) } },
	{ CAUSE_ABI_MISMATCH, &mainline, { "0x4010aee4 (v1-v2)", "0x2000aeb8 (mainline)" },
	  { CALL(ABI_CMD_V1, -ENOTTY), PLAIN, SAME(0, 0) } },
	{ CAUSE_ABI_MISMATCH, &v5, { "0x2000aeb8 (mainline)", "0x2000aee4 (v5)" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH, &v5, { "0x2000aeb8", "0x2000aee4" }, /* on KVM PR too */
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = SEEN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH, &untold, { "0x2000aee4 (v5)", "another command" },
	  { CALL(ABI_CMD_V5, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_NO_KERNEL_SUPPORT, &none, { "7.3" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), SAME(24) } },
	{ CAUSE_NO_KERNEL_SUPPORT, &none, { "7.3" },
	  { CALL(ABI_CMD_V1, -ENOTTY) } },

	/* What the record cannot tell apart: the hint names the evidence that is missing. */
	{ CAUSE_UNEXPECTED, &untold, { "no-backend or abi-mismatch", "command" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = SEEN, SAME(24) } },
	{ CAUSE_UNEXPECTED, &untold, { "no-backend or abi-mismatch", "kvm_ops" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), SAME(24) } },
	{ CAUSE_UNEXPECTED, &unwatched, { "size could not be read" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN } },
	{ CAUSE_UNEXPECTED, &mainline, { "flags could not be read" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, .in = { 24 }, .in_words = 1 } },
	{ CAUSE_UNEXPECTED, &mainline, { "size" }, { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN } },
	{ CAUSE_UNEXPECTED, &mainline, { "EINVAL" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(24) } },
	/* It has the hook and the command: not no-backend, whatever else. */
	{ CAUSE_UNEXPECTED, &mainline, { "ENOTTY" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED, &mainline, { "EIO" }, { CALL(ABI_CMD_MAINLINE, -EIO), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED, &mainline, { "524" }, { CALL(ABI_CMD_MAINLINE, -524), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED, &mainline, { "2147483648" },
	  { CALL(ABI_CMD_MAINLINE, INT_MIN), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED, &mainline, { "returned 5," },
	  { CALL(ABI_CMD_MAINLINE, 5), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED, &mainline, { "2147483647" },
	  { CALL(ABI_CMD_MAINLINE, INT_MAX), PLAIN, SAME(24) } },
};

/* The names that outputs and users rely on, in the order of the table in docs/diagnosis.md. */
static const char *const names[] = {
	"ok", "ok-larger-struct", "ok-smaller-struct", "ok-no-modes", "size-over-page",
	"struct-too-new", "size-too-small", "flags-set", "backend-not-pseries",
	"backend-no-cpu-version", "backend-unmapped-cpu-version", "backend-failed",
	"arg-unreadable", "struct-unreadable", "copyout-failed", "no-backend", "abi-mismatch",
	"no-kernel-support", "unexpected",
};

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(COUNT(names), CAUSE_MAX);
	for (int i = 0; i < CAUSE_MAX; i++)
		assert_string_equal(cause_name(i), names[i]);
	assert_null(cause_name(CAUSE_MAX));
	assert_null(cause_name(-1));
	assert_null(cause_name(INT_MIN));
}

/* The same once more against what the users are told, word by word and in order. */
static void test_names_in_docs(void **state)
{
	FILE *f = fopen("docs/diagnosis.md", "r");
	char line[1024], cell[64];
	int i = 0;

	(void)state;
	if (!f)
		skip();
	while (fgets(line, sizeof(line), f)) {
		if (i < CAUSE_MAX)
			snprintf(cell, sizeof(cell), "| `%s` |", names[i]);
		if (i < CAUSE_MAX && !strncmp(line, cell, strlen(cell)))
			i++;
	}
	fclose(f);
	if (i < CAUSE_MAX)
		fail_msg("docs/diagnosis.md has no row for %s where it should be", names[i]);
}

static void check_hint(const struct diagnosis *d)
{
	size_t len = strnlen(d->hint, sizeof(d->hint));

	/* One byte less than would fit: longer ones have been cut. */
	assert_in_range(len, 10, sizeof(d->hint) - 2);
	assert_null(strchr(d->hint, '\n'));
}

static void test_rows(void **state)
{
	bool made[CAUSE_MAX] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct diagnosis d;

		assert_true(record_valid(&row->r));
		diagnose(&row->r, row->host, &d);
		if (d.cause != row->cause)
			fail_msg("row %zu: %s, not %s: %s", i, cause_name(d.cause),
				 cause_name(row->cause), d.hint);
		check_hint(&d);
		for (size_t j = 0; j < COUNT(row->words) && row->words[j]; j++)
			if (!strstr(d.hint, row->words[j]))
				fail_msg("row %zu: no \"%s\" in: %s", i, row->words[j], d.hint);
		made[d.cause] = true;
	}
	for (int i = 0; i < CAUSE_MAX; i++)
		if (!made[i])
			fail_msg("no row makes %s", cause_name(i));
}

/* On v5 a zero tail is of no help: do not advise to clear it. */
static void test_v5_advice(void **state)
{
	const struct cc_record r = { CALL(ABI_CMD_V5, -E2BIG), TAIL(8, 31), IN(32), OUT(24) };
	struct diagnosis d;

	(void)state;
	diagnose(&r, &v5, &d);
	assert_int_equal(d.cause, CAUSE_STRUCT_TOO_NEW);
	assert_null(strstr(d.hint, "clear"));
	assert_non_null(strstr(d.hint, "size=24"));
}

static void test_fields(void **state)
{
	const struct cc_record r = { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(UINT64_MAX, 0, 3),
				     OUT(24, 0, UINT64_MAX) };
	struct diagnosis d;

	(void)state;
	diagnose(&r, &mainline, &d);
	assert_ptr_equal(d.abi, abi_by_cmd(ABI_CMD_MAINLINE));
	assert_int_equal(d.usize_source, USIZE_ENTRY);
	assert_true(d.usize.known && d.usize.value == UINT64_MAX);
	assert_true(d.flags.known && d.flags.value == 0);
	assert_true(d.size_out.known && d.size_out.value == 24);
	assert_true(d.caps.known && d.caps.value == UINT64_MAX);
}

/* A bitmap is an answer: what the struct held before does not count as one. */
static void test_no_caps_of_failures(void **state)
{
	static const int results[] = { -E2BIG, -EINVAL, -EFAULT, -ENOTTY, -EIO, INT_MIN, 1 };
	struct cc_record r = { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), SAME(24, 0, CAPS),
			       .backend_caps = CAPS };
	struct diagnosis d;

	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		r.ret = results[i];
		diagnose(&r, &mainline, &d);
		assert_false(d.caps.known);
	}
}

static void test_usize_not_resident(void **state)
{
	/* The hook saw it; it failed and is there still; it was overwritten and is gone. */
	struct cc_record hook = { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), OUT(24, 0, CAPS),
				  .backend_head = 48 };
	struct cc_record kept = { CALL(ABI_CMD_V3, -EINVAL), PLAIN, OUT(0, 16) };
	struct cc_record gone = { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, OUT(24) };
	struct diagnosis d;

	(void)state;
	diagnose(&hook, &mainline, &d);
	assert_true(d.usize.known && d.usize.value == 48);
	assert_int_equal(d.usize_source, USIZE_EXIT);
	assert_int_equal(d.cause, CAUSE_OK_LARGER_STRUCT);
	/* What stands there after a success is the kernel's. */
	assert_false(d.flags.known);
	diagnose(&kept, &v3, &d);
	assert_true(d.usize.known && d.usize.value == 16);
	assert_int_equal(d.usize_source, USIZE_EXIT);
	diagnose(&gone, &mainline, &d);
	assert_false(d.usize.known);
	assert_int_equal(d.usize_source, USIZE_UNKNOWN);
	assert_int_equal(d.cause, CAUSE_STRUCT_TOO_NEW);
	gone.ret = 0;
	diagnose(&gone, &mainline, &d);
	assert_false(d.usize.known);
}

/* Revisions without a field do not get one from what happens to lie there. */
static void test_fields_of_v1(void **state)
{
	const struct cc_record r = { CALL(ABI_CMD_V1, 0), HOOK(0), SAME(5, CAPS, 7),
				     .backend_head = 9 };
	struct diagnosis d;

	(void)state;
	diagnose(&r, &v1, &d);
	assert_false(d.usize.known || d.size_out.known);
	assert_true(d.flags.known && d.flags.value == 5);
	assert_true(d.caps.known && d.caps.value == CAPS);
	assert_int_equal(d.tail, TAIL_NONE);
}

static void test_tail(void **state)
{
	static const struct {
		uint64_t usize;
		uint32_t seen, nr_read, first;
		const struct host_facts *host;
		enum tail_state tail;
	} tails[] = {
		{ 24, CC_SEEN_TAIL, 8, 31, &mainline, TAIL_NONE },
		{ 32, 0, 0, 0, &mainline, TAIL_UNREAD },
		{ 32, CC_SEEN_TAIL, 8, 0, &mainline, TAIL_ZERO },
		{ 32, CC_SEEN_TAIL, 7, 0, &mainline, TAIL_UNREAD },
		{ 32, CC_SEEN_TAIL, 1, 24, &mainline, TAIL_NONZERO },
		{ KIB64, CC_SEEN_TAIL, 4096, 0, &mainline_64k, TAIL_UNREAD },
		{ UINT64_MAX, CC_SEEN_TAIL, UINT32_MAX, 0, &mainline, TAIL_UNREAD },
		{ UINT64_MAX, CC_SEEN_TAIL, 4096, UINT32_MAX, &mainline, TAIL_NONZERO },
		{ 32, CC_SEEN_TAIL, 8, 0, &none, TAIL_NONE },
		/* A field that this kernel knows is none of the tail's; the rest was not read. */
		{ 40, CC_SEEN_TAIL, 1, 24, &grown, TAIL_UNREAD },
		{ 40, CC_SEEN_TAIL, 16, 39, &grown, TAIL_NONZERO },
		{ 40, CC_SEEN_TAIL, 16, 0, &grown, TAIL_ZERO },
		{ 32, CC_SEEN_TAIL, 8, 0, &grown, TAIL_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		const struct cc_record r = { CALL(ABI_CMD_MAINLINE, -E2BIG), IN(tails[i].usize),
					     OUT(24), .seen = SEEN | tails[i].seen,
					     .tail_read = tails[i].nr_read,
					     .tail_first = tails[i].first };
		struct diagnosis d;

		diagnose(&r, tails[i].host, &d);
		if (d.tail != tails[i].tail)
			fail_msg("tail %zu: %d, not %d", i, d.tail, tails[i].tail);
		assert_true(d.tail != TAIL_NONZERO || d.tail_first == tails[i].first);
	}
}

static void test_hostile_records(void **state)
{
	const struct cc_record good = { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), SAME(24) };
	struct cc_record bad;

	(void)state;
	assert_true(record_valid(&good));
	bad = good, bad.in_words = 255;
	assert_false(record_valid(&bad));
	bad = good, bad.out_words = CC_WORDS + 1;
	assert_false(record_valid(&bad));
	bad = good, bad.cmd = 0xaeb8;
	assert_false(record_valid(&bad));
	bad = good, memset(bad.vm_name, 'x', sizeof(bad.vm_name));
	assert_false(record_valid(&bad));
	bad.type = CC_EXTENSION;
	assert_false(record_valid(&bad));
	bad = good, bad.type = 0;
	assert_false(record_valid(&bad));
	bad = good, bad.type = UINT32_MAX;
	assert_false(record_valid(&bad));
	bad = good, memset(bad.comm, 'x', sizeof(bad.comm));
	assert_false(record_valid(&bad));
	bad = good, bad.seen = UINT32_MAX, bad.ret = INT_MIN, bad.latency_ns = UINT64_MAX;
	assert_true(record_valid(&bad));
}

static void test_proof(void **state)
{
	struct cc_record r = { CALL(ABI_CMD_V5, 0), PLAIN, SAME(24) };

	(void)state;
	assert_int_equal(record_proves_cmd(&r), ABI_CMD_V5);
	r.ret = -EFAULT;
	assert_int_equal(record_proves_cmd(&r), ABI_CMD_V5);
	r.ret = -ENOTTY;
	assert_int_equal(record_proves_cmd(&r), 0);
	r.seen |= CC_SEEN_BACKEND;
	assert_int_equal(record_proves_cmd(&r), ABI_CMD_V5);
}

static void test_errno_names(void **state)
{
	char name[16];

	(void)state;
	assert_string_equal(errno_name(-E2BIG, name, sizeof(name)), "E2BIG");
	assert_string_equal(errno_name(EINVAL, name, sizeof(name)), "EINVAL");
	assert_string_equal(errno_name(-524, name, sizeof(name)), "524");
	assert_string_equal(errno_name(INT_MIN, name, sizeof(name)), "2147483648");
	assert_string_equal(errno_name(INT_MAX, name, sizeof(name)), "2147483647");
}

static const struct {
	enum arch_cause cause;
	uint32_t pvr;
	int ret;
	struct offer offer;
	const char *words[3]; /* of the hint */
} asked[] = {
#define ANSWERED(modes) { true, MODES_NEGOTIATION, modes }
#define GUESSED(modes)	{ false, MODES_CPU_VERSION, modes }
#define P9	0x4000000000000000
#define P11_P9	0x5000000000000000
#define P11	0x7000000000000000
	{ ARCH_ACCEPTED, 0x0f000006, 0, ANSWERED(CAPS), { "vmm asked for POWER10" } },
	{ ARCH_ACCEPTED, 0x0f000004, 0, GUESSED(CAPS), { "POWER8" } },
	{ ARCH_HOST_DEFAULT, 0, 0, ANSWERED(CAPS), { "default" } },
	{ ARCH_REJECTED, 0, -EINVAL, ANSWERED(CAPS), { "default", "refuses" } },
	{ ARCH_NEWER_THAN_HOST, 0x0f000006, -EINVAL, GUESSED(P9),
	  { "POWER10, this host offers POWER9, and it never queried", "KVM_PPC_GET_COMPAT_CAPS" } },
	{ ARCH_NEWER_THAN_HOST, 0x0f000007, -EINVAL, ANSWERED(CAPS),
	  { "POWER11", "offers POWER9+POWER10", "the answer has" } },
	{ ARCH_NEWER_THAN_HOST, 0x0f000008, -EINVAL, ANSWERED(P11), { "ISA 3.2" } },
	{ ARCH_NEWER_THAN_HOST, 0x0f000005, -EINVAL, ANSWERED(0), { "offers none" } },
	{ ARCH_OUTSIDE_HOST_CAPS, 0x0f000006, -EINVAL, ANSWERED(P11_P9),
	  { "POWER10", "POWER9+POWER11" } },
	{ ARCH_OUTSIDE_HOST_CAPS, 0x0f000004, -EINVAL, ANSWERED(P9), { "POWER8" } },
	/* Its number is above all others, its age is not. */
	{ ARCH_OUTSIDE_HOST_CAPS, 0x0f100003, -EINVAL, ANSWERED(P9), { "POWER7+" } },
	{ ARCH_UNKNOWN_PVR, 0x0f000009, -EINVAL, ANSWERED(P11), { "0x0f000009", "no kernel" } },
	{ ARCH_UNKNOWN_PVR, 0x00800200, -EINVAL, ANSWERED(P11), { "0x00800200" } },
	{ ARCH_UNKNOWN_PVR, UINT32_MAX, -EINVAL, ANSWERED(P11), { "invalid" } },
	{ ARCH_UNKNOWN_PVR, 1, -EINVAL, { 0 }, { "0x00000001" } },
	{ ARCH_REJECTED, 0x0f000006, -EINVAL, ANSWERED(CAPS), { "POWER10", "refuses" } },
	{ ARCH_REJECTED, 0x0f000006, -EINVAL, { 0 }, { "not known" } },
	{ ARCH_REJECTED, 0x0f000006, -EIO, GUESSED(P9), { "refuses" } },
	{ ARCH_REJECTED, 0x0f000006, INT_MIN, GUESSED(UINT64_MAX), { "0x8fffffffffffffff" } },
};

static void test_arch(void **state)
{
	bool made[ARCH_MAX] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(asked); i++) {
		struct cc_record r = { .type = CC_ARCH_COMPAT, .comm = "vmm", .arg = asked[i].pvr,
				       .ret = asked[i].ret };
		struct arch_diagnosis d;

		diagnose_arch(&r, &asked[i].offer, &d);
		if (d.cause != asked[i].cause)
			fail_msg("request %zu: %s, not %s: %s", i, arch_cause_name(d.cause),
				 arch_cause_name(asked[i].cause), d.hint);
		assert_in_range(strlen(d.hint), 10, sizeof(d.hint) - 2);
		for (size_t j = 0; j < COUNT(asked[i].words) && asked[i].words[j]; j++)
			if (!strstr(d.hint, asked[i].words[j]))
				fail_msg("request %zu: no \"%s\" in: %s", i, asked[i].words[j], d.hint);
		made[d.cause] = true;
	}
	for (int i = 0; i < ARCH_MAX; i++)
		assert_true(made[i]);
}

static void test_arch_names(void **state)
{
	static const char *const arch_names[] = { "accepted", "host-default", "newer-than-host",
						  "outside-host-caps", "unknown-pvr", "rejected" };

	(void)state;
	assert_int_equal(COUNT(arch_names), ARCH_MAX);
	for (int i = 0; i < ARCH_MAX; i++)
		assert_string_equal(arch_cause_name(i), arch_names[i]);
	assert_null(arch_cause_name(ARCH_MAX));
	assert_null(arch_cause_name(-1));
	assert_null(modes_source_name(MODES_UNKNOWN));
}

/* ------------------------------------------------------------ a model of the kernel */

struct call {
	uint32_t cmd;
	uint64_t usize, flags;
	uint64_t readable;  /* bytes from the start of the struct that are mapped */
	uint64_t tail_byte; /* offset of one that is not zero; 0: none */
	bool read_only;
	bool resident; /* at entry; it is when the call returns */
};

struct kernel {
	uint32_t cmd; /* that it answers to; 0: none */
	uint64_t page_size;
	bool has_hook;
	int hook_ret;
	uint64_t caps;
};

/* What became of a call, and why: what diagnose() has to find out. */
struct outcome {
	int ret;
	enum cause why;
	bool hook_ran;
	uint64_t size_out;
};

static struct outcome fails(int ret, enum cause why, const struct call *c)
{
	return (struct outcome){ ret, why, false, c->usize };
}

static struct outcome too_big(const struct call *c)
{
	if (c->read_only)
		return fails(-EFAULT, CAUSE_COPYOUT_FAILED, c);
	return (struct outcome){ -E2BIG, CAUSE_STRUCT_TOO_NEW, false, ABI_SIZE_VER0 };
}

static struct outcome ask_hook(const struct kernel *k, const struct call *c)
{
	struct outcome o = { k->hook_ret, CAUSE_BACKEND_FAILED, true, c->usize };

	if (!k->has_hook)
		return fails(-ENOTTY, CAUSE_NO_BACKEND, c);
	if (o.ret)
		return o;
	if (c->read_only)
		return (struct outcome){ -EFAULT, CAUSE_COPYOUT_FAILED, true, c->usize };
	o.size_out = ABI_SIZE_VER0;
	o.why = !k->caps		    ? CAUSE_OK_NO_MODES :
		c->usize > ABI_SIZE_VER0 ? CAUSE_OK_LARGER_STRUCT :
					   CAUSE_OK;
	return o;
}

/* The order of checks of v5 and of mainline. */
static struct outcome run_kernel(const struct kernel *k, const struct call *c)
{
	bool is_mainline = k->cmd == ABI_CMD_MAINLINE;

	if (!k->cmd)
		return fails(-ENOTTY, CAUSE_NO_KERNEL_SUPPORT, c);
	if (k->cmd != c->cmd)
		return fails(-ENOTTY, CAUSE_ABI_MISMATCH, c);
	if (c->readable < 8)
		return fails(-EFAULT, CAUSE_ARG_UNREADABLE, c);
	if (is_mainline && c->usize > k->page_size)
		return fails(-E2BIG, CAUSE_SIZE_OVER_PAGE, c);
	if (c->usize < ABI_SIZE_VER0)
		return fails(-EINVAL, CAUSE_SIZE_TOO_SMALL, c);
	if (!is_mainline && c->usize > ABI_SIZE_VER0)
		return too_big(c);
	/* The tail is looked at first, and no further than up to what is not zero. */
	if (c->tail_byte && c->tail_byte < c->usize && c->tail_byte < c->readable)
		return too_big(c);
	if (c->readable < c->usize)
		return fails(-EFAULT, CAUSE_STRUCT_UNREADABLE, c);
	if (c->flags)
		return fails(-EINVAL, CAUSE_FLAGS_SET, c);
	return ask_hook(k, c);
}

static uint8_t words_in(uint64_t bytes)
{
	return bytes >= 24 ? 3 : bytes / 8;
}

/* As the BPF programs read it: in chunks, so many bytes, none that is not mapped in full. */
static void record_tail(struct cc_record *r, const struct call *c)
{
	uint64_t at = ABI_SIZE_VER0;

	if (c->usize <= at)
		return;
	r->seen |= CC_SEEN_TAIL;
	while (at < c->usize && at < ABI_SIZE_VER0 + CC_TAIL_MAX) {
		uint64_t n = c->usize - at < 64 ? c->usize - at : 64;

		if (at + n > c->readable)
			break;
		if (c->tail_byte >= at && c->tail_byte < at + n) {
			r->tail_first = c->tail_byte;
			r->tail_read = c->tail_byte - ABI_SIZE_VER0 + 1;
			return;
		}
		at += n;
	}
	r->tail_read = at - ABI_SIZE_VER0;
}

static struct cc_record record_of(const struct kernel *k, const struct call *c,
				  const struct outcome *o, bool watched)
{
	struct cc_record r = { CALL(c->cmd, o->ret), .in = { c->usize, c->flags },
			       .out = { o->size_out, c->flags, o->ret ? 0 : k->caps },
			       .seen = k->cmd ? CC_SEEN_OPS : 0,
			       .has_hook = k->cmd && k->has_hook };

	r.in_words = c->resident ? words_in(c->readable) : 0;
	r.out_words = words_in(c->readable);
	if (o->hook_ran && watched) {
		r.seen |= CC_SEEN_BACKEND | CC_SEEN_HEAD;
		r.backend_ret = o->ret == -EFAULT ? 0 : o->ret;
		r.backend_caps = k->caps;
		r.backend_head = c->usize;
	}
	/* Without the caller's size there is no telling where its tail ends. */
	if (c->resident || r.seen & CC_SEEN_HEAD || o->size_out == c->usize)
		record_tail(&r, c);
	return r;
}

/* Where evidence is missing for good another answer may stand, and which. */
static bool may_say(enum cause cause, const struct call *c, const struct outcome *o, bool watched)
{
	/* Overwritten before anybody could see it: no telling that it was larger. */
	if (!c->resident && !watched && o->why == CAUSE_OK_LARGER_STRUCT)
		return cause == CAUSE_OK;
	/* An error that is the hook's own, and nobody watched the hook. */
	if (!watched && o->ret == -EIO)
		return cause == CAUSE_UNEXPECTED;
	if (o->ret != -EFAULT || c->usize <= ABI_SIZE_VER0)
		return false;
	/* A byte in the last piece before a hole, in memory that cannot be written: both hold. */
	if (cause == CAUSE_STRUCT_UNREADABLE && c->readable < c->usize)
		return true;
	/* Nobody looked at all of the tail. */
	return cause == CAUSE_UNEXPECTED && c->usize > ABI_SIZE_VER0 + CC_TAIL_MAX;
}

static unsigned long n_calls, n_unknown;

static void check_call(const struct kernel *k, const struct call *c, bool watched)
{
	struct host_facts host = HOST(k->page_size, k->cmd ? 24 : 0, k->cmd);
	struct outcome o = run_kernel(k, c);
	struct cc_record r = record_of(k, c, &o, watched);
	struct diagnosis d;

	/* Nobody watches at all, or not during this call. */
	host.backend_watched = watched || c->flags;
	if (!watched)
		r.seen |= CC_SEEN_NO_BACKEND;
	assert_true(record_valid(&r));
	diagnose(&r, &host, &d);
	check_hint(&d);
	n_calls++;
	if (d.cause == o.why)
		return;
	if (may_say(d.cause, c, &o, watched)) {
		n_unknown++;
		return;
	}
	fail_msg("cmd %x on %x: size %ju flags %ju readable %ju tail %ju page %ju %s %s %s: "
		 "%s is right, not %s: %s",
		 c->cmd, k->cmd, (uintmax_t)c->usize, (uintmax_t)c->flags, (uintmax_t)c->readable,
		 (uintmax_t)c->tail_byte, (uintmax_t)k->page_size,
		 c->read_only ? "read-only" : "writable", c->resident ? "resident" : "untouched",
		 watched ? "watched" : "unwatched", cause_name(o.why), cause_name(d.cause), d.hint);
}

static const uint64_t sizes[] = { 0, 8, 23, 24, 25, 32, 40, 88, 4095, 4096, 4097, 4120, 4121, KIB64,
				  KIB64 + 1, 1ull << 32, 1ull << 63, UINT64_MAX };
static const uint64_t readables[] = { 0, 8, 16, 24, 32, 4096, UINT64_MAX };
static const uint64_t tail_bytes[] = { 0, 24, 31, 39, 4000, 4095 };

static void check_calls(const struct kernel *k, uint32_t cmd, uint64_t usize)
{
	for (size_t i = 0; i < COUNT(readables) * COUNT(tail_bytes) * 16; i++) {
		struct call c = {
			.cmd = cmd,
			.usize = usize,
			.readable = readables[i / 16 % COUNT(readables)],
			.tail_byte = tail_bytes[i / 16 / COUNT(readables)],
			.flags = i & 1,
			.read_only = i & 2,
			.resident = i & 4,
		};

		check_call(k, &c, i & 8);
	}
}

static void check_kernel(const struct kernel *k)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		check_calls(k, ABI_CMD_V5, sizes[i]);
		check_calls(k, ABI_CMD_MAINLINE, sizes[i]);
	}
}

static void test_model(void **state)
{
	static const uint32_t cmds[] = { 0, ABI_CMD_V5, ABI_CMD_MAINLINE };
	static const int hook_rets[] = { 0, -EINVAL, -EIO };

	(void)state;
	for (size_t i = 0; i < COUNT(cmds) * COUNT(hook_rets) * 8; i++) {
		struct kernel k = {
			.cmd = cmds[i / 8 % COUNT(cmds)],
			.hook_ret = hook_rets[i / 8 / COUNT(cmds)],
			.page_size = i & 1 ? KIB64 : 4096,
			.has_hook = i & 2,
			.caps = i & 4 ? CAPS : 0,
		};

		check_kernel(&k);
	}
	assert_true(n_calls > 1000000);
	print_message("# %lu calls, %lu of them without the evidence to decide\n", n_calls,
		      n_unknown);
	assert_true(n_unknown < n_calls / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_in_docs),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_v5_advice),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_caps_of_failures),
		cmocka_unit_test(test_usize_not_resident),
		cmocka_unit_test(test_fields_of_v1),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_proof),
		cmocka_unit_test(test_errno_names),
		cmocka_unit_test(test_arch),
		cmocka_unit_test(test_arch_names),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
