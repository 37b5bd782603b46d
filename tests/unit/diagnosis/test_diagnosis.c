// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every cause, from records made by hand, and what must not be said where evidence is
 * missing. That no order of checks is forgotten is test_model.c's.
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

#include "diagnosis/diagnosis.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KIB64	 65536
#define CAPS	 0x6000000000000000 /* POWER9 and POWER10 */

/* Hosts, by the kernel that they run. A backport of mainline has mainline's facts. */
#define HOST(page, size, command) \
	.page_size = page, .ksize_is = (size) ? FACT_KNOWN : FACT_ABSENT, .ksize = size, \
	.kernel_cmd = command
#define PSERIES(version) \
	.pseries_is = FACT_KNOWN, .cpu_version_is = FACT_KNOWN, .cpu_version = version, \
	.nested = NESTED_V1
#define POWER10 0x0f000006

static const struct host_facts
	mainline = { HOST(4096, 24, ABI_CMD_MAINLINE), PSERIES(POWER10) },
	mainline_64k = { HOST(KIB64, 24, ABI_CMD_MAINLINE), PSERIES(POWER10) },
	v5 = { HOST(4096, 24, ABI_CMD_V5), PSERIES(POWER10) },
	v5_64k = { HOST(KIB64, 24, ABI_CMD_V5), PSERIES(POWER10) },
	v3 = { HOST(4096, 24, ABI_CMD_V3), PSERIES(POWER10) },
	v1 = { HOST(4096, 16, ABI_CMD_V1), PSERIES(POWER10) },
	grown = { HOST(4096, 32, ABI_CMD_MAINLINE), PSERIES(POWER10) },
	grown_48 = { HOST(4096, 48, ABI_CMD_MAINLINE), PSERIES(POWER10) },
	none = { HOST(4096, 0, 0), PSERIES(POWER10) },
	/* The command is not known; neither it nor the kernel's types are. */
	untold = { HOST(4096, 24, 0), PSERIES(POWER10) },
	no_types = { .page_size = 4096, PSERIES(POWER10) },
	/* The command is known, and the kernel's types are not. */
	proven = { .page_size = 4096, .kernel_cmd = ABI_CMD_MAINLINE, PSERIES(POWER10) },
	powernv = { HOST(KIB64, 24, ABI_CMD_MAINLINE), .pseries_is = FACT_ABSENT,
		    .cpu_version_is = FACT_ABSENT },
	no_version = { HOST(4096, 24, ABI_CMD_MAINLINE), .pseries_is = FACT_KNOWN,
		       .cpu_version_is = FACT_ABSENT },
	power7 = { HOST(4096, 24, ABI_CMD_MAINLINE), PSERIES(0x0f000003) },
	power8 = { HOST(4096, 24, ABI_CMD_MAINLINE), PSERIES(0x0f000004) },
	isa_3_2 = { HOST(4096, 24, ABI_CMD_MAINLINE), PSERIES(0x0f000008) },
	odd_version = { HOST(4096, 24, ABI_CMD_MAINLINE), PSERIES(0x0f000123) },
	v2 = { HOST(4096, 24, ABI_CMD_MAINLINE), .pseries_is = FACT_KNOWN,
	       .cpu_version_is = FACT_KNOWN, .cpu_version = 0x0f000004, .nested = NESTED_V2 },
	unread_tree = { HOST(4096, 24, ABI_CMD_MAINLINE) };

#define CALL_AT(address, command, result) \
	.type = CC_NEGOTIATION, .cmd = command, .ret = result, .comm = "vmm", .arg = address, \
	.pid = 7, .tid = 8, .latency_ns = 1000
#define CALL(command, result) CALL_AT(0x7fff1230, command, result)
#define NEAR_END	      0x7fff1fe0 /* 32 bytes before the next page */
#define SEEN		      (CC_SEEN_OPS | CC_SEEN_WATCHED)
#define IN(...)		      .in = { __VA_ARGS__ }, .in_words = CC_WORDS
#define OUT(...)	      .out = { __VA_ARGS__ }, .out_words = CC_WORDS
#define SAME(...)	      IN(__VA_ARGS__), OUT(__VA_ARGS__)
#define HOOK(result)	      .seen = SEEN | CC_SEEN_BACKEND, .has_hook = 1, .backend_ret = result
#define GIVES(modes)	      HOOK(0), .backend_caps = modes
#define LOOK(from, nr_read, first) \
	.has_hook = 1, .tail_from = from, .tail_read = nr_read, .tail_first = first
#define TAIL(nr_read, first) .seen = SEEN | CC_SEEN_TAIL, LOOK(24, nr_read, first)
#define PLAIN		     .seen = SEEN, .has_hook = 1
#define UNWATCHED	     .seen = CC_SEEN_OPS, .has_hook = 1

struct row {
	enum cause cause;
	const struct host_facts *host;
	const char *words[3]; /* that the hint must hold */
	struct cc_record r;
};

static const struct row rows[] = {
	{ CAUSE_OK,
	  &mainline,
	  { "nothing to change" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(24, 0, 0), OUT(24, 0, CAPS) } },
	{ CAUSE_OK,
	  &v5_64k,
	  { "nothing" },
	  { CALL(ABI_CMD_V5, 0), GIVES(CAPS), IN(24), OUT(24, 0, CAPS) } },
	{ CAUSE_OK,
	  &v3,
	  { "nothing" },
	  { CALL(ABI_CMD_V3, 0), GIVES(CAPS), IN(0, 24), OUT(0, 24, CAPS) } },
	{ CAUSE_OK,
	  &v1,
	  { "nothing" },
	  { CALL(ABI_CMD_V1, 0), GIVES(CAPS), .in_words = 2, .out = { 0, CAPS }, .out_words = 2 } },
	/* A bit that nobody knows is a mode all the same. */
	{ CAUSE_OK,
	  &mainline,
	  { "nothing" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(1), IN(24), OUT(24, 0, 1) } },
	/* Answered, then unmapped: the hook told the bitmap. */
	{ CAUSE_OK, &mainline, { "nothing" }, { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(24) } },
	/* The hook was not seen: the caller's memory tells. */
	{ CAUSE_OK,
	  &mainline,
	  { "nothing" },
	  { CALL(ABI_CMD_MAINLINE, 0), UNWATCHED, IN(24), OUT(24, 0, CAPS) } },
	/* v5 writes its own size back: it need not be known from elsewhere. */
	{ CAUSE_OK,
	  &no_types,
	  { "nothing" },
	  { CALL(ABI_CMD_V5, 0), GIVES(CAPS), IN(24), OUT(24, 0, CAPS) } },

	{ CAUSE_OK_LARGER_STRUCT,
	  &mainline,
	  { "24", "32" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(32), OUT(24, 0, CAPS) } },
	{ CAUSE_OK_LARGER_STRUCT,
	  &mainline_64k,
	  { "24", "65536" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(KIB64), OUT(24, 0, CAPS) } },
	{ CAUSE_OK_LARGER_STRUCT,
	  &proven,
	  { "24", "32" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(32), OUT(24, 0, CAPS) } },
	{ CAUSE_OK_SMALLER_STRUCT,
	  &grown,
	  { "32", "24" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(24), OUT(24, 0, CAPS) } },
	/* Not resident at entry; mainline leaves the smaller of both sizes. */
	{ CAUSE_OK_SMALLER_STRUCT,
	  &grown,
	  { "32", "24" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), OUT(24, 0, CAPS) } },
	{ CAUSE_OK_NO_MODES,
	  &mainline,
	  { "no mode" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(0), IN(24), OUT(24, 0, 0) } },
	{ CAUSE_OK_NO_MODES,
	  &mainline,
	  { "no mode" },
	  { CALL(ABI_CMD_MAINLINE, 0), UNWATCHED, IN(32), OUT(24, 0, 0) } },

	{ CAUSE_SIZE_OVER_PAGE,
	  &mainline,
	  { "4097", "4096", "initialised" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, SAME(4097) } },
	{ CAUSE_SIZE_OVER_PAGE,
	  &mainline,
	  { "18446744073709551615", "4096" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, SAME(UINT64_MAX) } },
	{ CAUSE_SIZE_OVER_PAGE,
	  &mainline_64k,
	  { "65537", "65536" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, SAME(KIB64 + 1) } },
	/* Unmapped by the time of the return; and: not there at entry. */
	{ CAUSE_SIZE_OVER_PAGE,
	  &mainline,
	  { "4097" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, IN(4097) } },
	{ CAUSE_SIZE_OVER_PAGE,
	  &mainline,
	  { "4097" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, OUT(4097) } },

	{ CAUSE_STRUCT_TOO_NEW,
	  &mainline,
	  { "byte 39 is not zero: clear bytes 24 to 39, or retry with the size written back (24)" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(16, 39), IN(40), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW,
	  &mainline,
	  { "a byte from 24 on is not zero", "written back (24)" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(8, 0), IN(40), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW,
	  &mainline_64k,
	  { "24" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(4096, 0), IN(KIB64), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW,
	  &grown,
	  { "byte 36", "bytes 32 to 39", "(32)" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), .seen = SEEN | CC_SEEN_TAIL, LOOK(32, 5, 36), IN(40),
	    OUT(32) } },
	{ CAUSE_STRUCT_TOO_NEW,
	  &v5,
	  { "only 24 bytes", "written back (24)" },
	  { CALL(ABI_CMD_V5, -E2BIG), TAIL(8, 0), IN(32), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW,
	  &v5,
	  { "(24)" }, /* v5 knows no limit of a page */
	  { CALL(ABI_CMD_V5, -E2BIG), PLAIN, IN(UINT64_MAX), OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW, &v5, { "(24)" }, { CALL(ABI_CMD_V5, -E2BIG), PLAIN, OUT(24) } },
	{ CAUSE_STRUCT_TOO_NEW,
	  &mainline,
	  { "24" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, IN(4096) } },
	{ CAUSE_STRUCT_TOO_NEW,
	  &proven,
	  { "(24)" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, IN(48), OUT(24) } },

	{ CAUSE_SIZE_TOO_SMALL,
	  &mainline,
	  { "size is 0", "sizeof" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(0) } },
	{ CAUSE_SIZE_TOO_SMALL,
	  &mainline,
	  { "size=23", "24" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(23, 1) } }, /* looked at before flags */
	{ CAUSE_SIZE_TOO_SMALL,
	  &v5,
	  { "size=16", "24" },
	  { CALL(ABI_CMD_V5, -EINVAL), PLAIN, SAME(16) } },
	{ CAUSE_SIZE_TOO_SMALL,
	  &v3,
	  { "size=16", "24" },
	  { CALL(ABI_CMD_V3, -EINVAL), PLAIN, SAME(0, 16) } },
	{ CAUSE_SIZE_TOO_SMALL,
	  &mainline,
	  { "size is 0" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), UNWATCHED, OUT(0) } },
	{ CAUSE_SIZE_TOO_SMALL,
	  &mainline,
	  { "size is 0" }, /* no more than size is mapped */
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, .in_words = 1, .out_words = 1 } },

	{ CAUSE_FLAGS_SET,
	  &mainline,
	  { "0x8000000000000000", "0" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(24, 1ull << 63) } },
	{ CAUSE_FLAGS_SET, &v5, { "0x1" }, { CALL(ABI_CMD_V5, -EINVAL), PLAIN, SAME(24, 1) } },
	{ CAUSE_FLAGS_SET,
	  &mainline,
	  { "0x2" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), UNWATCHED, OUT(24, 2) } },

	{ CAUSE_BACKEND_NOT_PSERIES,
	  &powernv,
	  { "bare metal" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	/* By exclusion: the hook was not watched when the call began, and nothing else is left. */
	{ CAUSE_BACKEND_NOT_PSERIES,
	  &powernv,
	  { "bare metal" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), UNWATCHED, SAME(24) } },
	{ CAUSE_BACKEND_NO_CPU_VERSION,
	  &no_version,
	  { "cpu-version" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_UNMAPPED_CPU_VERSION,
	  &power8,
	  { "0x0f000004 (POWER8)", "older", "POWER9 mode or newer" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_UNMAPPED_CPU_VERSION,
	  &power7,
	  { "(POWER7)", "older" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_UNMAPPED_CPU_VERSION,
	  &isa_3_2,
	  { "(ISA 3.2)", "newer", "a newer kernel" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_UNMAPPED_CPU_VERSION,
	  &odd_version,
	  { "0x0f000123", "cannot be told" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_FAILED,
	  &mainline,
	  { "EINVAL" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	/* With nested API v2 cpu-version is not asked for. */
	{ CAUSE_BACKEND_FAILED,
	  &v2,
	  { "EINVAL" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_BACKEND_FAILED,
	  &mainline,
	  { "EIO" },
	  { CALL(ABI_CMD_MAINLINE, -EIO), HOOK(-EIO), SAME(24) } },
	{ CAUSE_BACKEND_FAILED,
	  &mainline,
	  { "ENOTTY" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), HOOK(-ENOTTY), SAME(24) } },
	{ CAUSE_BACKEND_FAILED,
	  &mainline,
	  { "2147483648" },
	  { CALL(ABI_CMD_MAINLINE, INT_MIN), HOOK(INT_MIN), SAME(24) } },
	/* The hook is not watched, and everything before it was in order. */
	{ CAUSE_BACKEND_FAILED,
	  &mainline,
	  { "EINVAL" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), UNWATCHED, SAME(24) } },
	/* Neither of these two looks at flags. */
	{ CAUSE_BACKEND_FAILED,
	  &mainline,
	  { "EINVAL" },
	  { CALL(ABI_CMD_V3, -EINVAL), UNWATCHED, SAME(7, 24) } },
	{ CAUSE_BACKEND_FAILED,
	  &mainline,
	  { "EINVAL" },
	  { CALL(ABI_CMD_V1, -EINVAL), UNWATCHED, SAME(7) } },

	{ CAUSE_ARG_UNREADABLE,
	  &mainline,
	  { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN } },
	{ CAUSE_ARG_UNREADABLE,
	  &mainline,
	  { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), UNWATCHED } },
	{ CAUSE_STRUCT_UNREADABLE,
	  &mainline,
	  { "0x7fff1230", "size" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, .in = { 24 }, .in_words = 1, .out = { 24 },
	    .out_words = 1 } },
	{ CAUSE_STRUCT_UNREADABLE,
	  &mainline,
	  { "0x7fff1230", "size" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), UNWATCHED, .in = { 24 }, .in_words = 1, .out = { 24 },
	    .out_words = 2 } },
	/* The tail ends at a page that is not there, whoever watched. */
	{ CAUSE_STRUCT_UNREADABLE,
	  &mainline,
	  { "size" },
	  { CALL_AT(NEAR_END, ABI_CMD_MAINLINE, -EFAULT), .seen = CC_SEEN_OPS | CC_SEEN_TAIL,
	    LOOK(24, 8, 0), SAME(48) } },
	/* What a grown kernel reads and nobody looked at: no other place is left. */
	{ CAUSE_STRUCT_UNREADABLE,
	  &grown_48,
	  { "size" },
	  { CALL_AT(NEAR_END, ABI_CMD_MAINLINE, -EFAULT), PLAIN, SAME(48) } },
	{ CAUSE_COPYOUT_FAILED,
	  &mainline,
	  { "the answer", "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), HOOK(0), SAME(24) } },
	{ CAUSE_COPYOUT_FAILED,
	  &mainline,
	  { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), HOOK(0), IN(24) } }, /* unmapped under way */
	/* Begun while the hook was not attached to yet. */
	{ CAUSE_COPYOUT_FAILED,
	  &mainline,
	  { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), UNWATCHED, SAME(24) } },
	{ CAUSE_COPYOUT_FAILED,
	  &mainline,
	  { "0x7fff1230" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), UNWATCHED, OUT(24) } },
	/* E2BIG, but for a size that cannot be written back. */
	{ CAUSE_COPYOUT_FAILED,
	  &mainline,
	  { "the kernel's size", "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), TAIL(8, 31), SAME(32) } },
	{ CAUSE_COPYOUT_FAILED,
	  &v5,
	  { "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_V5, -EFAULT), TAIL(8, 0), SAME(32) } },
	{ CAUSE_COPYOUT_FAILED,
	  &v5,
	  { "0x7fff1230", "writable" },
	  { CALL(ABI_CMD_V5, -EFAULT), TAIL(0, 0), .in = { 32 }, .in_words = 1, .out = { 32 },
	    .out_words = 1 } },
	{ CAUSE_COPYOUT_FAILED,
	  &v1,
	  { "0x7fff1230" },
	  { CALL(ABI_CMD_V1, -EFAULT), UNWATCHED, .in_words = 2, .out_words = 2 } },
	/* A byte past what a grown kernel knows, and none within. */
	{ CAUSE_COPYOUT_FAILED,
	  &grown_48,
	  { "the kernel's size" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), .seen = SEEN | CC_SEEN_TAIL, LOOK(48, 3, 50),
	    SAME(56) } },

	{ CAUSE_NO_BACKEND,
	  &mainline,
	  { "backend", "KVM PR" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = SEEN, SAME(24) } },
	{ CAUSE_NO_BACKEND,
	  &v5,
	  { "KVM PR" },
	  { CALL(ABI_CMD_V5, -ENOTTY), .seen = SEEN, SAME(24) } },
	/* The command is proven, whatever is known of types. */
	{ CAUSE_NO_BACKEND,
	  &proven,
	  { "KVM PR" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = CC_SEEN_OPS, SAME(24) } },
	{ CAUSE_ABI_MISMATCH,
	  &mainline,
	  { "0x2000aee4 (v5)", "0x2000aeb8 (mainline)" },
	  { CALL(ABI_CMD_V5, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH,
	  &mainline_64k,
	  { "0x4018aee4 (v3-v4)", "0x2000aeb8 (mainline)" },
	  { CALL(ABI_CMD_V3, -ENOTTY), PLAIN, SAME(0, 24) } },
	{ CAUSE_ABI_MISMATCH,
	  &mainline,
	  { "0x4010aee4 (v1-v2)", "0x2000aeb8 (mainline)" },
	  { CALL(ABI_CMD_V1, -ENOTTY), PLAIN, SAME(0, 0) } },
	{ CAUSE_ABI_MISMATCH,
	  &v5,
	  { "0x2000aeb8 (mainline)", "0x2000aee4 (v5)" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH,
	  &v5,
	  { "0x2000aeb8", "0x2000aee4" }, /* on KVM PR too */
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = SEEN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH,
	  &proven,
	  { "0x2000aee4 (v5)", "0x2000aeb8" },
	  { CALL(ABI_CMD_V5, -ENOTTY), SAME(24) } },
	/* The VM has the hook, which was watched and not called: it is the command. */
	{ CAUSE_ABI_MISMATCH,
	  &untold,
	  { "0x2000aee4 (v5)", "another command" },
	  { CALL(ABI_CMD_V5, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_ABI_MISMATCH,
	  &no_types,
	  { "0x2000aee4 (v5)", "another command" },
	  { CALL(ABI_CMD_V5, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_NO_KERNEL_SUPPORT,
	  &none,
	  { "7.3" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), SAME(24) } },
	{ CAUSE_NO_KERNEL_SUPPORT, &none, { "7.3" }, { CALL(ABI_CMD_V1, -ENOTTY) } },

	/* What the record cannot tell apart: the hint names the evidence that is missing. */
	{ CAUSE_UNEXPECTED,
	  &untold,
	  { "no-backend or abi-mismatch", "command" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = SEEN, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &untold,
	  { "no-backend or abi-mismatch", "kvm_ops" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = CC_SEEN_WATCHED, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &untold,
	  { "backend-failed or abi-mismatch", "hook was not watched" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), UNWATCHED, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &no_types,
	  { "no-kernel-support", "command", "kvm_ops" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "size could not be read", "hook was not watched" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), UNWATCHED } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "flags could not be read" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, .in = { 24 }, .in_words = 1 } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "flags-set or backend-failed", "hook was not watched" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), UNWATCHED, .in = { 24 }, .in_words = 1 } },
	{ CAUSE_UNEXPECTED,
	  &unread_tree,
	  { "backend-not-pseries or", "pseries is not known" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "size-over-page or struct-too-new", "size" },
	  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "EINVAL" },
	  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, SAME(24) } },
	/* A success of which it cannot be told how much was filled. */
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "ok or ok-larger-struct", "size could not be read" },
	  { CALL(ABI_CMD_MAINLINE, 0), UNWATCHED, OUT(24, 0, CAPS) } },
	{ CAUSE_UNEXPECTED,
	  &proven,
	  { "ok or ok-smaller-struct", "this kernel's struct" },
	  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(24), OUT(24, 0, CAPS) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "ok or ok-no-modes", "bitmap could not be read" },
	  { CALL(ABI_CMD_MAINLINE, 0), UNWATCHED, IN(24) } },
	/* A byte in the piece that could not be read as a whole, or nothing there. */
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "struct-unreadable or copyout-failed", "tail" },
	  { CALL_AT(NEAR_END, ABI_CMD_MAINLINE, -EFAULT), TAIL(0, 0), SAME(48) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "struct-unreadable or copyout-failed", "tail" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, SAME(48) } },
	{ CAUSE_UNEXPECTED,
	  &grown_48,
	  { "struct-unreadable or copyout-failed", "hook was not watched" },
	  { CALL_AT(NEAR_END, ABI_CMD_MAINLINE, -EFAULT), UNWATCHED, SAME(48) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "arg-unreadable or struct-unreadable", "what memory can be read" },
	  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, IN(24) } },
	/* It has the hook and the command: not no-backend, whatever else. */
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "ENOTTY" },
	  { CALL(ABI_CMD_MAINLINE, -ENOTTY), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "EIO" },
	  { CALL(ABI_CMD_MAINLINE, -EIO), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "EIO", "was not watched" },
	  { CALL(ABI_CMD_MAINLINE, -EIO), UNWATCHED, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "hook returned EINVAL", "success" },
	  { CALL(ABI_CMD_MAINLINE, 0), HOOK(-EINVAL), SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "524" },
	  { CALL(ABI_CMD_MAINLINE, -524), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "2147483648" },
	  { CALL(ABI_CMD_MAINLINE, INT_MIN), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "returned 5," },
	  { CALL(ABI_CMD_MAINLINE, 5), PLAIN, SAME(24) } },
	{ CAUSE_UNEXPECTED,
	  &mainline,
	  { "2147483647" },
	  { CALL(ABI_CMD_MAINLINE, INT_MAX), PLAIN, SAME(24) } },
};

/* The names that outputs and users rely on, in the order of the table in docs/diagnosis.md. */
static const char *const names[] = {
	"ok",
	"ok-larger-struct",
	"ok-smaller-struct",
	"ok-no-modes",
	"size-over-page",
	"struct-too-new",
	"size-too-small",
	"flags-set",
	"backend-not-pseries",
	"backend-no-cpu-version",
	"backend-unmapped-cpu-version",
	"backend-failed",
	"arg-unreadable",
	"struct-unreadable",
	"copyout-failed",
	"no-backend",
	"abi-mismatch",
	"no-kernel-support",
	"unexpected",
};

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(COUNT(names), CAUSE_MAX);
	for (int i = 0; i < CAUSE_MAX; i++)
		assert_string_equal(cause_name(i), names[i]);
	for (int i = 0; i < CAUSE_MAX; i++)
		assert_int_equal(cause_by_name(names[i]), i);
	assert_int_equal(cause_by_name(""), -1);
	assert_int_equal(cause_by_name("OK"), -1);
	assert_int_equal(cause_kind(CAUSE_OK), VERDICT_FINE);
	assert_int_equal(cause_kind(CAUSE_OK_LARGER_STRUCT), VERDICT_NOTE);
	assert_int_equal(cause_kind(CAUSE_FLAGS_SET), VERDICT_FAILURE);
	assert_int_equal(cause_kind(-1), VERDICT_FAILURE);
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
	assert_non_null(strstr(d.hint, "written back (24)"));
}

static void test_fields(void **state)
{
	const struct cc_record r = { CALL(ABI_CMD_MAINLINE, 0), GIVES(UINT64_MAX),
				     IN(UINT64_MAX, 0, 3), OUT(24, 0, UINT64_MAX) };
	struct diagnosis d;

	(void)state;
	diagnose(&r, &mainline, &d);
	assert_ptr_equal(d.abi, abi_by_cmd(ABI_CMD_MAINLINE));
	assert_int_equal(d.usize_source, USIZE_ENTRY);
	assert_true(d.usize.known && d.usize.value == UINT64_MAX);
	assert_true(d.flags.known && d.flags.value == 0);
	assert_true(d.size_out.known && d.size_out.value == 24);
	assert_true(d.caps.known && d.caps.value == UINT64_MAX && d.caps_of_hook);
}

/* A bitmap is an answer: what the struct held before does not count as one. */
static void test_no_caps_of_failures(void **state)
{
	static const int results[] = { -E2BIG, -EINVAL, -EFAULT, -ENOTTY, -EIO, INT_MIN, 1 };
	struct cc_record r = { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), SAME(24, 0, CAPS) };
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
	struct cc_record hook = { CALL(ABI_CMD_MAINLINE, 0),
				  OUT(24, 0, CAPS),
				  .has_hook = 1,
				  .seen = SEEN | CC_SEEN_BACKEND | CC_SEEN_HEAD,
				  .backend_caps = CAPS,
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
	const struct cc_record r = {
		CALL(ABI_CMD_V1, 0),  SAME(5, CAPS, 7),
		.has_hook = 1,	      .seen = SEEN | CC_SEEN_BACKEND | CC_SEEN_HEAD,
		.backend_caps = CAPS, .backend_head = 9
	};
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
		uint32_t seen, from, nr_read, first;
		const struct host_facts *host;
		enum tail_state tail;
		uint64_t read;
	} tails[] = {
		{ 24, CC_SEEN_TAIL, 24, 8, 31, &mainline, TAIL_NONE, 0 },
		{ 32, 0, 0, 0, 0, &mainline, TAIL_UNREAD, 0 },
		{ 32, CC_SEEN_TAIL, 24, 8, 0, &mainline, TAIL_ZERO, 8 },
		{ 32, CC_SEEN_TAIL, 24, 7, 0, &mainline, TAIL_UNREAD, 7 },
		{ 32, CC_SEEN_TAIL, 24, 1, 24, &mainline, TAIL_NONZERO, 1 },
		{ KIB64, CC_SEEN_TAIL, 24, 4096, 0, &mainline_64k, TAIL_UNREAD, 4096 },
		{ UINT64_MAX, CC_SEEN_TAIL, 24, KIB64, 0, &mainline, TAIL_UNREAD, KIB64 },
		{ UINT64_MAX, CC_SEEN_TAIL, 24, 5000, 5023, &mainline, TAIL_NONZERO, 5000 },
		{ 32, CC_SEEN_TAIL, 24, 8, 0, &none, TAIL_NONE, 0 },
		{ 32, CC_SEEN_TAIL, 24, 8, 0, &no_types, TAIL_NONE, 0 },
		/* A field that this kernel knows is none of the tail's; the rest was not read. */
		{ 40, CC_SEEN_TAIL, 24, 1, 24, &grown, TAIL_UNREAD, 0 },
		{ 40, CC_SEEN_TAIL, 24, 12, 35, &grown, TAIL_NONZERO, 4 },
		{ 40, CC_SEEN_TAIL, 24, 16, 0, &grown, TAIL_ZERO, 8 },
		{ 40, CC_SEEN_TAIL, 32, 8, 39, &grown, TAIL_NONZERO, 8 },
		{ 40, CC_SEEN_TAIL, 32, 8, 0, &grown, TAIL_ZERO, 8 },
		{ 40, CC_SEEN_TAIL, 36, 4, 0, &grown, TAIL_UNREAD, 4 },
		{ 32, CC_SEEN_TAIL, 24, 8, 0, &grown, TAIL_NONE, 0 },
		{ 64, CC_SEEN_TAIL, 48, 16, 0, &grown_48, TAIL_ZERO, 16 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		const struct cc_record r = {
			CALL(ABI_CMD_MAINLINE, -E2BIG), IN(tails[i].usize),
			OUT(tails[i].host->ksize),	.seen = SEEN | tails[i].seen,
			.tail_from = tails[i].from,	.tail_read = tails[i].nr_read,
			.tail_first = tails[i].first
		};
		struct diagnosis d;

		assert_true(record_valid(&r));
		diagnose(&r, tails[i].host, &d);
		if (d.tail != tails[i].tail || d.tail_read != tails[i].read)
			fail_msg("tail %zu: %d, not %d; %ju bytes read, not %ju", i, d.tail,
				 tails[i].tail, (uintmax_t)d.tail_read, (uintmax_t)tails[i].read);
		assert_true(d.tail != TAIL_NONZERO || d.tail_first == tails[i].first);
	}
}

/* What no kernel makes, one thing at a time. */
static void test_hostile_records(void **state)
{
	const struct cc_record good = { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), SAME(24) };
	const struct cc_record ask = { .type = CC_ARCH_COMPAT, .comm = "vmm", .arg = UINT32_MAX };
	const struct cc_record asked = { .type = CC_EXTENSION, .comm = "vmm", .arg = 249 };
	const struct cc_record run = { .type = CC_RUN, .ret = -EINVAL, .cmd = 19 };
	const struct cc_record line = { .type = CC_KERNEL, .arg = 4, .seen = CC_SEEN_INTERRUPT };
	struct cc_record bad;

	(void)state;
	assert_true(record_valid(&good) && record_valid(&ask) && record_valid(&asked));
	assert_true(record_valid(&run) && record_valid(&line));
#define REFUSES(of, change) (bad = of, change, assert_false(record_valid(&bad)))
	REFUSES(good, bad.in_words = 255);
	REFUSES(good, bad.out_words = CC_WORDS + 1);
	REFUSES(good, bad.cmd = 0xaeb8);
	REFUSES(good, bad.seen = CC_SEEN_ALL + 1);
	REFUSES(good, bad.seen = UINT32_MAX);
	REFUSES(good, bad.seen = CC_SEEN_HEAD);
	REFUSES(good, memset(bad.vm_name, 'x', sizeof(bad.vm_name)));
	REFUSES(good, memset(bad.comm, 'x', sizeof(bad.comm)));
	REFUSES(good, memset(bad.thread, 'x', sizeof(bad.thread)));
	REFUSES(good, bad.type = 0);
	REFUSES(good, bad.type = CC_ARGS);
	REFUSES(good, bad.type = UINT32_MAX);
	/* A look at the tail that was none, that never ends, or that found what it did not read. */
	REFUSES(good, bad.tail_read = 1);
	REFUSES(good, bad.tail_first = 24);
	REFUSES(good, (bad.seen |= CC_SEEN_TAIL, bad.tail_read = CC_TAIL_MAX + 1));
	REFUSES(good, (bad.seen |= CC_SEEN_TAIL, bad.tail_from = 24, bad.tail_first = 24));
	REFUSES(good, (bad.seen |= CC_SEEN_TAIL, bad.tail_from = 24, bad.tail_read = 8,
		       bad.tail_first = 32));
	REFUSES(good, (bad.seen |= CC_SEEN_TAIL, bad.tail_from = 24, bad.tail_read = 8,
		       bad.tail_first = 23));
	REFUSES(ask, bad.arg = 1ull << 32);
	REFUSES(ask, bad.seen = UINT32_MAX);
	REFUSES(ask, memset(bad.vm_name, 'x', sizeof(bad.vm_name)));
	REFUSES(asked, bad.arg = 251);
	REFUSES(asked, bad.in_words = 4);
	/* A KVM_RUN that did not fail, a line of nothing, a call of an interrupt's. */
	REFUSES(run, bad.ret = -EINTR);
	REFUSES(run, bad.ret = -EAGAIN);
	REFUSES(run, bad.ret = 0);
	REFUSES(run, bad.seen = CC_SEEN_INTERRUPT);
	REFUSES(line, bad.arg = 0);
	REFUSES(good, bad.seen |= CC_SEEN_INTERRUPT);
	bad = run, bad.ret = 0, bad.cmd = ABI_EXIT_INTERNAL_ERROR;
	assert_true(record_valid(&bad));
	bad = good, bad.seen = CC_SEEN_ALL & ~CC_SEEN_INTERRUPT, bad.ret = INT_MIN,
	bad.latency_ns = UINT64_MAX;
	bad.tail_from = UINT32_MAX, bad.tail_read = CC_TAIL_MAX, bad.arg = UINT64_MAX;
	assert_true(record_valid(&bad));
}

static void test_proof(void **state)
{
	static const int proving[] = { 0, -E2BIG, -EINVAL, -EFAULT };
	/* What comes before KVM looks at the command, and what nobody knows. */
	static const int not_proving[] = { -ENOTTY, -EIO, -EBADF, -EACCES, -EPERM, INT_MIN, 1 };
	struct cc_record r = { CALL(ABI_CMD_V5, 0), PLAIN, SAME(24) };

	(void)state;
	for (size_t i = 0; i < COUNT(proving); i++) {
		r.ret = proving[i];
		assert_int_equal(record_proves_cmd(&r), ABI_CMD_V5);
	}
	for (size_t i = 0; i < COUNT(not_proving); i++) {
		r.ret = not_proving[i];
		assert_int_equal(record_proves_cmd(&r), 0);
	}
	r.seen |= CC_SEEN_BACKEND;
	assert_int_equal(record_proves_cmd(&r), ABI_CMD_V5);
	r.type = CC_ARCH_COMPAT;
	assert_int_equal(record_proves_cmd(&r), 0);
}

/* It takes a VM to find out: only where the verdict hangs on it. */
static void test_wants_command(void **state)
{
	const struct cc_record pr = { CALL(ABI_CMD_MAINLINE, -ENOTTY), .seen = SEEN, SAME(24) };
	const struct cc_record hv = { CALL(ABI_CMD_MAINLINE, -ENOTTY), PLAIN, SAME(24) };
	const struct cc_record unwatched = { CALL(ABI_CMD_MAINLINE, -ENOTTY), UNWATCHED, SAME(24) };
	const struct cc_record invalid = { CALL(ABI_CMD_MAINLINE, -EINVAL), .seen = SEEN, SAME(0) };

	(void)state;
	assert_true(record_wants_cmd(&pr, &untold));
	assert_true(record_wants_cmd(&pr, &no_types));
	assert_true(record_wants_cmd(&unwatched, &untold));
	assert_true(record_wants_cmd(&hv, &untold)); /* abi-mismatch: of which two? */
	assert_false(record_wants_cmd(&pr, &mainline));
	assert_false(record_wants_cmd(&invalid, &untold));
	assert_false(record_wants_cmd(&(struct cc_record){ CALL(ABI_CMD_V5, -ENOTTY) }, &none));
	assert_false(record_wants_cmd(&(struct cc_record){ .type = CC_EXTENSION, .ret = -ENOTTY },
				      &untold));
}

/* Another thread writes over the answer: what the kernel itself said is not lost by that. */
static void test_caps_of_hook(void **state)
{
	struct cc_record r = { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(24), OUT(24, 0, 1) };
	struct diagnosis d;

	(void)state;
	diagnose(&r, &mainline, &d);
	assert_true(d.caps.known && d.caps.value == CAPS && d.caps_of_hook && d.changed);
	assert_int_equal(d.cause, CAUSE_OK);
	assert_non_null(strstr(d.hint, "changed"));
	r.out[2] = 0;
	diagnose(&r, &mainline, &d);
	assert_int_equal(d.cause, CAUSE_OK);
	r.seen = CC_SEEN_OPS;
	diagnose(&r, &mainline, &d);
	assert_true(d.caps.known && !d.caps.value && !d.caps_of_hook && !d.changed);
}

/* No verdict rests on a field that was another one meanwhile. */
static void test_changed(void **state)
{
	static const struct {
		const struct host_facts *host;
		struct cc_record r;
		enum cause cause;
	} races[] = {
		/* "filled the 0 that were asked for" */
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, 0), GIVES(CAPS), IN(0), OUT(24, 0, CAPS) },
		  CAUSE_UNEXPECTED },
		{ &grown,
		  { CALL(ABI_CMD_MAINLINE, 0), IN(0), OUT(32, 0, CAPS), UNWATCHED },
		  CAUSE_UNEXPECTED },
		/* There is one size only that v5 succeeds with. */
		{ &v5, { CALL(ABI_CMD_V5, 0), GIVES(CAPS), IN(0), OUT(24, 0, CAPS) }, CAUSE_OK },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, 0), HOOK(0), IN(0), OUT(24, 0, 0) },
		  CAUSE_OK_NO_MODES },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, IN(0), OUT(24) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -EINVAL), PLAIN, IN(24, 1), OUT(24, 0) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -EINVAL), UNWATCHED, IN(24, 0), OUT(24, 1) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -EINVAL), HOOK(-EINVAL), IN(24, 1), OUT(0, 0) },
		  CAUSE_BACKEND_FAILED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, IN(4097), OUT(24) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, IN(32), OUT(5000) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -E2BIG), PLAIN, OUT(4000) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -EFAULT), PLAIN, IN(24), OUT(48) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -EFAULT), HOOK(0), IN(24), OUT(48) },
		  CAUSE_COPYOUT_FAILED },
		/* Which command it is does not hang on the struct. */
		{ &mainline,
		  { CALL(ABI_CMD_V5, -ENOTTY), PLAIN, IN(24), OUT(48) },
		  CAUSE_ABI_MISMATCH },
		/* The tail is zero again, or only now not; nothing else explains it. */
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, -E2BIG), TAIL(8, 0), IN(32), OUT(24) },
		  CAUSE_STRUCT_TOO_NEW },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, 0), .seen = CC_SEEN_TAIL, .tail_from = 24,
		    .tail_read = 8, .tail_first = 31, IN(32), OUT(24, 0, CAPS) },
		  CAUSE_UNEXPECTED },
		{ &mainline,
		  { CALL(ABI_CMD_MAINLINE, 0), .tail_from = 24, .tail_read = 8, .tail_first = 31,
		    IN(32), OUT(24, 0, CAPS), .backend_caps = CAPS, .backend_head = 32,
		    .seen = CC_SEEN_TAIL | CC_SEEN_BACKEND | CC_SEEN_HEAD },
		  CAUSE_OK_LARGER_STRUCT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(races); i++) {
		enum cause cause = races[i].cause;
		struct diagnosis d;

		assert_true(record_valid(&races[i].r));
		diagnose(&races[i].r, races[i].host, &d);
		if (d.cause != cause || !d.changed)
			fail_msg("race %zu: %s, not %s, %schanged: %s", i, cause_name(d.cause),
				 cause_name(cause), d.changed ? "" : "not ", d.hint);
		check_hint(&d);
		if (cause == CAUSE_UNEXPECTED &&
		    !strstr(d.hint, "the struct changed during the call"))
			fail_msg("race %zu: not said: %s", i, d.hint);
	}
}

/* Still the same when the hook returned: what is there later does not matter. */
static void test_changed_later(void **state)
{
	const struct cc_record r = { CALL(ABI_CMD_MAINLINE, 0),
				     IN(24),
				     OUT(99, 0, CAPS),
				     .seen = SEEN | CC_SEEN_BACKEND | CC_SEEN_HEAD,
				     .has_hook = 1,
				     .backend_head = 24,
				     .backend_caps = CAPS };
	struct cc_record early = r;
	struct diagnosis d;

	(void)state;
	diagnose(&r, &mainline, &d);
	assert_true(d.changed);
	assert_int_equal(d.cause, CAUSE_OK);
	early.in[0] = 0;
	early.out[0] = 24;
	diagnose(&early, &grown, &d);
	assert_true(d.changed);
	assert_int_equal(d.cause, CAUSE_UNEXPECTED);
}

static void test_unchanged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct diagnosis d;

		diagnose(&rows[i].r, rows[i].host, &d);
		if (d.changed)
			fail_msg("row %zu: changed, and it did not", i);
	}
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

static const struct host_facts api_v1 = {
	.page_size = 4096, .ksize_is = FACT_KNOWN, .ksize = 24, .nested = NESTED_V1
};
static const struct host_facts api_unknown = { .page_size = 4096 };
/* What was agreed on proves the API. */
static const struct host_facts api_v2 = { .page_size = 4096,
					  .ksize_is = FACT_KNOWN,
					  .ksize = 24,
					  .nested_caps_is = FACT_KNOWN,
					  .nested_caps = 1 };

static const struct {
	enum arch_cause cause;
	uint32_t pvr;
	int ret;
	const struct host_facts *host;
	struct offer offer;
	const char *words[4]; /* of the hint */
	const char * not[2];  /* and what must not be in it */
} asked[] = {
#define ANSWERED(modes) { QUERIED_YES, CAUSE_OK, NULL, MODES_NEGOTIATION, modes, NULL }
#define NEVER(modes)	{ QUERIED_NO, CAUSE_OK, NULL, MODES_CPU_VERSION, modes, NULL }
#define FAILED(why)	{ QUERIED_FAILED, why, NULL, MODES_CPU_VERSION, P9, NULL }
#define UNSEEN \
	{ \
		QUERIED_NOT_SEEN,  CAUSE_OK, "the VM is older than this trace", \
		MODES_CPU_VERSION, P9,	     NULL \
	}
#define NOBODY_KNOWS { QUERIED_NO, CAUSE_OK, NULL, MODES_UNKNOWN, 0, NULL }
#define SAID	     { QUERIED_NO, CAUSE_OK, NULL, MODES_CPU_VERSION, P9, "KVM: \\x1b no" }
#define P9	     0x4000000000000000
#define P11_P9	     0x5000000000000000
#define P11	     0x7000000000000000
#define IOCTL	     "KVM_PPC_GET_COMPAT_CAPS"
	{ ARCH_ACCEPTED,
	  0x0f000006,
	  0,
	  &mainline,
	  ANSWERED(CAPS),
	  { "vmm asked for POWER10" },
	  { 0 } },
	{ ARCH_ACCEPTED, 0x0f000004, 0, &mainline, NEVER(CAPS), { "POWER8" }, { 0 } },
	{ ARCH_ACCEPTED, 0x0f000007, 0, &mainline, NOBODY_KNOWS, { "not known" }, { 0 } },
	{ ARCH_ACCEPTED, 0x0f000007, 0, &mainline, ANSWERED(0), { "none" }, { 0 } },
	{ ARCH_ACCEPTED, 0x0f000009, 0, &mainline, ANSWERED(P9), { "0x0f000009" }, { 0 } },
	{ ARCH_ACCEPTED, UINT32_MAX, 0, &mainline, ANSWERED(P9), { "0xffffffff" }, { "invalid" } },
	/* An older one of two that the host offers is not above it. */
	{ ARCH_ACCEPTED, 0x0f000006, 0, &mainline, ANSWERED(P11_P9), { "POWER10" }, { 0 } },
	/* The bit that nobody knows may be its. */
	{ ARCH_ACCEPTED,
	  0x0f000008,
	  0,
	  &mainline,
	  ANSWERED(P11 | 1ull << 59),
	  { "ISA 3.2" },
	  { 0 } },
	/* The kernel of before 7.3 does not look, and the guest fails when it runs. */
	{ ARCH_ACCEPTED_ABOVE_HOST,
	  0x0f000007,
	  0,
	  &none,
	  NEVER(CAPS),
	  { "POWER11", "offers POWER9 POWER10", "does not check",
	    "let it ask for POWER10, or run it on a host that offers POWER11" },
	  { IOCTL } },
	{ ARCH_ACCEPTED_ABOVE_HOST,
	  0x0f000006,
	  0,
	  &mainline,
	  ANSWERED(P9 | 1),
	  { "POWER10", "POWER9", "the answer has" },
	  { "never" } },
	{ ARCH_HOST_DEFAULT, 0, 0, &mainline, ANSWERED(CAPS), { "default" }, { 0 } },
	{ ARCH_REJECTED, 0, -EINVAL, &mainline, ANSWERED(CAPS), { "default", "refuses" }, { 0 } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &mainline,
	  NEVER(P9),
	  { "POWER10, this host offers POWER9: let it ask for POWER9", "no query of it reached KVM",
	    IOCTL },
	  { 0 } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000007,
	  -EINVAL,
	  &mainline,
	  ANSWERED(CAPS),
	  { "POWER11", "offers POWER9 POWER10", "the answer has" },
	  { "queried" } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000008,
	  -EINVAL,
	  &mainline,
	  ANSWERED(P11),
	  { "ISA 3.2" },
	  { 0 } },
	/* Not what was not seen, nor a call that this kernel does not have. */
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &mainline,
	  UNSEEN,
	  { "was not seen to query (the VM is older than this trace)", IOCTL },
	  { "never" } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &none,
	  NEVER(P9),
	  { "let it ask for POWER9, or run it on a host that offers POWER10" },
	  { IOCTL } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &no_types,
	  NEVER(P9),
	  { "POWER9" },
	  { IOCTL } },
	{ ARCH_NEWER_THAN_HOST, 0x0f000006, -EINVAL, &proven, NEVER(P9), { IOCTL }, { 0 } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &mainline,
	  FAILED(CAUSE_SIZE_TOO_SMALL),
	  { "its query failed (size-too-small)", "correct it" },
	  { "never" } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &none,
	  FAILED(CAUSE_NO_KERNEL_SUPPORT),
	  { "this host offers POWER9: let it ask for POWER9" },
	  { IOCTL, "correct" } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &mainline,
	  FAILED(CAUSE_NO_BACKEND),
	  { "its query failed (no-backend)" },
	  { IOCTL, "correct" } },
	{ ARCH_OUTSIDE_HOST_CAPS,
	  0x0f000006,
	  -EINVAL,
	  &api_v2,
	  ANSWERED(P11_P9),
	  { "POWER10", "POWER9 POWER11" },
	  { 0 } },
	{ ARCH_OUTSIDE_HOST_CAPS, 0x0f000004, -EINVAL, &api_v2, ANSWERED(P9), { "POWER8" }, { 0 } },
	/* Its number is above all others, its age is not. */
	{ ARCH_OUTSIDE_HOST_CAPS,
	  0x0f100003,
	  -EINVAL,
	  &api_v2,
	  ANSWERED(P9),
	  { "POWER7+" },
	  { 0 } },
	/* On nested API v1, and on bare metal, an older mode is not refused for what is on offer.
	 */
	{ ARCH_REJECTED,
	  0x0f000004,
	  -EINVAL,
	  &api_v1,
	  ANSWERED(P9),
	  { "POWER8", "does not refuse an older mode", "KVM_CAP_PPC_PAPR" },
	  { "the answer has" } },
	/* And where the API is not known it may be either. */
	{ ARCH_REJECTED,
	  0x0f000004,
	  -EINVAL,
	  &api_unknown,
	  NEVER(P9),
	  { "offers POWER9 by its cpu-version", "nested API v2", "KVM_CAP_PPC_PAPR" },
	  { 0 } },
	{ ARCH_UNKNOWN_PVR,
	  0x0f000009,
	  -EINVAL,
	  &mainline,
	  ANSWERED(P11),
	  { "0x0f000009", "no kernel" },
	  { 0 } },
	{ ARCH_UNKNOWN_PVR,
	  0x00800200,
	  -EINVAL,
	  &mainline,
	  ANSWERED(P11),
	  { "0x00800200" },
	  { 0 } },
	{ ARCH_UNKNOWN_PVR,
	  UINT32_MAX,
	  -EINVAL,
	  &mainline,
	  ANSWERED(P11),
	  { "0xffffffff" },
	  { "invalid" } },
	{ ARCH_UNKNOWN_PVR, 1, -EINVAL, &mainline, NOBODY_KNOWS, { "0x00000001" }, { 0 } },
	{ ARCH_REJECTED,
	  0x0f000006,
	  -EINVAL,
	  &mainline,
	  ANSWERED(CAPS),
	  { "POWER10", "refuses" },
	  { 0 } },
	{ ARCH_REJECTED, 0x0f000006, -EINVAL, &mainline, NOBODY_KNOWS, { "not known" }, { 0 } },
	/* No mode, or bits that nobody knows alone: newer than what? */
	{ ARCH_REJECTED, 0x0f000005, -EINVAL, &mainline, ANSWERED(0), { "offers none" }, { 0 } },
	{ ARCH_REJECTED, 0x0f000005, -EINVAL, &mainline, ANSWERED(1), { "offers 0x1" }, { 0 } },
	{ ARCH_REJECTED,
	  0x0f000008,
	  -EINVAL,
	  &mainline,
	  ANSWERED(P11 | 1ull << 59),
	  { "ISA 3.2" },
	  { 0 } },
	{ ARCH_REJECTED, 0x0f000006, -EIO, &mainline, NEVER(P9), { "refuses", "its log" }, { 0 } },
	{ ARCH_REJECTED,
	  0x0f000006,
	  -EIO,
	  &mainline,
	  SAID,
	  { "refuses it, and KVM printed: \"KVM: \\x1b no\"" },
	  { "its log" } },
	{ ARCH_NEWER_THAN_HOST,
	  0x0f000006,
	  -EINVAL,
	  &mainline,
	  SAID,
	  { "no query" },
	  { "printed" } },
	{ ARCH_REJECTED,
	  0x0f000006,
	  INT_MIN,
	  &mainline,
	  NEVER(UINT64_MAX),
	  { "0x8fffffffffffffff" },
	  { 0 } },
};

/* What is said to who runs guests, and what to the author of the VMM. */
static const char *both_hints(const struct arch_diagnosis *d)
{
	static char both[2 * DIAGNOSIS_HINT_LEN + 4];

	snprintf(both, sizeof(both), "%s. %s", d->hint, d->developer_hint);
	return both;
}

static void test_arch(void **state)
{
	bool made[ARCH_MAX] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(asked); i++) {
		struct cc_record r = { .type = CC_ARCH_COMPAT,
				       .comm = "vmm",
				       .thread = "CPU 0/KVM",
				       .arg = asked[i].pvr,
				       .ret = asked[i].ret };
		struct arch_diagnosis d;

		diagnose_arch(&r, asked[i].host, &asked[i].offer, &d);
		if (d.cause != asked[i].cause)
			fail_msg("request %zu: %s, not %s: %s", i, arch_cause_name(d.cause),
				 arch_cause_name(asked[i].cause), d.hint);
		assert_in_range(strlen(d.hint), 10, sizeof(d.hint) - 2);
		for (size_t j = 0; j < COUNT(asked[i].words) && asked[i].words[j]; j++)
			if (!strstr(both_hints(&d), asked[i].words[j]))
				fail_msg("request %zu: no \"%s\" in: %s", i, asked[i].words[j],
					 both_hints(&d));
		for (size_t j = 0; j < COUNT(asked[i].not) && asked[i].not[j]; j++)
			if (strstr(both_hints(&d), asked[i].not[j]))
				fail_msg("request %zu: \"%s\" in: %s", i, asked[i].not[j],
					 both_hints(&d));
		made[d.cause] = true;
	}
	for (int i = 0; i < ARCH_MAX; i++)
		assert_true(made[i] || i == ARCH_BEFORE_PAPR || i == ARCH_KVM_PR);
}

/* The sentence begins with the process, not the thread, and with nothing that a terminal obeys. */
static void test_arch_process(void **state)
{
	const struct cc_record r = { .type = CC_ARCH_COMPAT,
				     .comm = "a\33[31m\\b",
				     .arg = 0x0f000006,
				     .thread = "CPU 0/KVM" };
	const struct offer offer = NEVER(CAPS);
	struct arch_diagnosis d;

	(void)state;
	diagnose_arch(&r, &mainline, &offer, &d);
	assert_ptr_equal(strstr(d.hint, "a\\x1b[31m\\\\b asked for POWER10"), d.hint);
}

/*
 * A hypervisor that offers less than the host's own mode: POWER10 is reported, and kernels that
 * look for POWER11 in its place refuse it. Nothing of that is said where another reason is
 * possible.
 */
static void test_arch_shared_bit(void **state)
{
	static const struct {
		uint32_t pvr, cpu_version;
		uint64_t agreed;
		unsigned int seen;
		__u8 papr;
		bool told;
	} rows[] = {
		{ 0x0f000006, 0x0f000007, CAPS, CC_SEEN_PAPR, 1, true },
		{ 0x0f000006, 0x00820200, CAPS, CC_SEEN_PAPR, 1, true },
		{ 0, 0x0f000007, CAPS, CC_SEEN_PAPR, 1, true },
		{ 0, 0x0f000006, P9, CC_SEEN_PAPR, 1, true },
		{ 0, 0x0f000007, P11, CC_SEEN_PAPR, 1, false },
		{ 0x0f000006, 0x0f000007, CAPS, 0, 0, false },
		{ 0x0f000006, 0x0f000007, CAPS, CC_SEEN_PAPR, 0, false },
		{ 0x0f000006, 0x0f000007, P11, CC_SEEN_PAPR, 1, false },
		{ 0x0f000006, 0x0f000006, CAPS, CC_SEEN_PAPR, 1, false },
		{ 0x0f000005, 0x0f000007, CAPS, CC_SEEN_PAPR, 1, false },
		{ 0x0f000007, 0x0f000007, CAPS, CC_SEEN_PAPR, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct host_facts host = {
			HOST(4096, 24, ABI_CMD_MAINLINE),   .cpu_version_is = FACT_KNOWN,
			.cpu_version = rows[i].cpu_version, .nested = NESTED_V2,
			.nested_caps_is = FACT_KNOWN,	    .nested_caps = rows[i].agreed
		};
		const struct cc_record r = { .type = CC_ARCH_COMPAT,
					     .comm = "qemu-system-ppc",
					     .arg = rows[i].pvr,
					     .ret = -EINVAL,
					     .seen = rows[i].seen,
					     .papr = rows[i].papr };
		const struct offer offer = host_offer(&host);
		struct arch_diagnosis d;

		diagnose_arch(&r, &host, &offer, &d);
		if (!!strstr(d.hint, "looks for POWER") != rows[i].told)
			fail_msg("row %zu: %s", i, d.hint);
		if (rows[i].told)
			assert_non_null(strstr(
				d.hint, ": start it with -machine pseries,max-cpu-compat=power9"));
	}
}

/* What to write is in QEMU's words and libvirt's for a QEMU alone, and fits what is on offer. */
static void test_arch_remedy(void **state)
{
	static const struct {
		const char *comm;
		uint32_t pvr;
		int ret;
		uint64_t modes;
		const char *option, *words;
	} rows[] = {
		{ "qemu-system-ppc", 0x0f000007, -EINVAL, CAPS, "power10",
		  "qemu-system-ppc asked for POWER11, this host offers POWER9 POWER10: start it "
		  "with -machine pseries,max-cpu-compat=power10 (libvirt: <cpu mode='host-model'>"
		  "<model>power10</model></cpu>), or run it on a host that offers POWER11" },
		{ "qemu-kvm", 0x0f000006, -EINVAL, P9, "power9", "max-cpu-compat=power9 " },
		{ "kvm", 0x0f000006, -EINVAL, P9, "power9", "<model>power9</model>" },
		{ "kvmtool", 0x0f000006, -EINVAL, P9, "power9", ": let it ask for POWER9, or run" },
		/* An older one than all: the next is the nearest. */
		{ "qemu", 0x0f000004, -EINVAL, CAPS, "power9", "max-cpu-compat=power9 " },
		/* Another mode would not help, or would not have had to. */
		{ "qemu", 0x0f000006, 0, CAPS, "", NULL },
		{ "qemu", 0x0f000009, -EINVAL, CAPS, "", NULL },
		{ "qemu", 0x0f000006, -EINVAL, 0, "", NULL },
		{ "qemu", 0, 0, CAPS, "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cc_record r = { .type = CC_ARCH_COMPAT,
				       .arg = rows[i].pvr,
				       .ret = rows[i].ret };
		const struct offer offer = { .queried = QUERIED_NO,
					     .source = MODES_NESTED_CAPS,
					     .modes = rows[i].modes };
		struct arch_diagnosis d;

		strcpy(r.comm, rows[i].comm);
		diagnose_arch(&r, &api_v2, &offer, &d);
		assert_string_equal(d.max_cpu_compat, rows[i].option);
		if (!rows[i].words)
			assert_null(strstr(d.hint, "max-cpu-compat"));
		else if (!strstr(d.hint, rows[i].words))
			fail_msg("row %zu: no \"%s\" in: %s", i, rows[i].words, d.hint);
	}
}

/* The longest of all sentences is not cut. */
static void test_arch_length(void **state)
{
	struct cc_record r = { .type = CC_ARCH_COMPAT, .arg = 0x0f000007 };
	const struct offer offer = {
		QUERIED_NOT_SEEN,  CAUSE_OK, "a filter hides a part of its calls",
		MODES_NEGOTIATION, CAPS | 1, NULL
	};
	struct arch_diagnosis d;

	(void)state;
	memset(r.comm, '\1', sizeof(r.comm) - 1);
	memcpy(r.comm, "qemu", strlen("qemu"));
	diagnose_arch(&r, &mainline, &offer, &d);
	assert_int_equal(d.cause, ARCH_ACCEPTED_ABOVE_HOST);
	assert_in_range(strlen(d.hint), 10, sizeof(d.hint) - 2);
	assert_non_null(strstr(d.hint, "or run it on a host that offers POWER11"));
	assert_in_range(strlen(d.developer_hint), 10, sizeof(d.developer_hint) - 2);
}

/* Who asks: a guest that waits in the hypercall of its negotiation, and nothing else, is told as
 * it. */
static void test_arch_by(void **state)
{
	static const struct {
		uint8_t words;
		uint64_t in[CC_WORDS];
		enum request_by by;
	} cases[] = {
		{ 0, { 0xf002, 9, 0xe0 }, BY_UNKNOWN }, /* an older recording */
		{ 1, { 0xf002, 9, 0xe0 }, BY_UNKNOWN },
		{ 2, { 0xf002, 9, 0xe0 }, BY_CAS },
		{ 3, { 0xf002, 9, 0xe0 }, BY_CAS },
		{ 3, { 0xf005, 9, 0xe0 }, BY_CAS },
		{ 2, { 0xf000, 9 }, BY_VMM }, /* RTAS, which starts a CPU for example */
		{ 2, { 0x58, 9 }, BY_VMM },
		{ 2, { 0, 9 }, BY_VMM },
		{ 2, { 0, 0 }, BY_START },
		{ 3, { 0, 0, 0xe0 }, BY_START },
	};
	const struct offer offer = NEVER(CAPS);
	struct arch_diagnosis d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cc_record r = { .type = CC_ARCH_COMPAT,
				       .comm = "vmm",
				       .arg = 0x0f000006,
				       .in_words = cases[i].words };

		memcpy(r.in, cases[i].in, sizeof(r.in));
		diagnose_arch(&r, &mainline, &offer, &d);
		assert_int_equal(d.by, cases[i].by);
		assert_int_equal(d.guest_known, cases[i].by == BY_CAS && cases[i].words == 3);
		assert_int_equal(d.guest_modes, d.guest_known ? P11 : 0);
	}
	assert_null(request_by_name(BY_UNKNOWN));
	assert_null(request_by_name(BY_MAX));
	assert_string_equal(request_by_name(BY_CAS), "cas");
}

/* A line of any length is quoted in part, and the sentence has an end. */
static void test_arch_message(void **state)
{
	struct cc_record r = { .type = CC_ARCH_COMPAT, .arg = 0x0f000006, .ret = -EIO };
	struct offer offer = NEVER(CAPS);
	char line[4 * CC_LINE_LEN + 1] = "";
	struct arch_diagnosis d;

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	offer.message = line;
	memset(r.comm, '\1', sizeof(r.comm) - 1);
	diagnose_arch(&r, &mainline, &offer, &d);
	assert_in_range(strlen(d.hint), 10, sizeof(d.hint) - 2);
	assert_int_equal(d.hint[strlen(d.hint) - 1], '"');
}

/* What KVM_CAP_PPC_PAPR and the backend tell, and what they are no reason for. */
static void test_arch_state(void **state)
{
	static const struct {
		enum arch_cause cause;
		uint32_t pvr;
		int ret;
		unsigned int seen;
		__u8 papr, has_hook, kvm_pr;
		const struct host_facts *host;
		const char *words[2], *not;
	} rows[] = {
		{ ARCH_BEFORE_PAPR,
		  0x0f000005,
		  -EINVAL,
		  CC_SEEN_PAPR,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "POWER9", "enable it first" },
		  "max-cpu-compat" },
		{ ARCH_BEFORE_PAPR,
		  0x0f000004,
		  -EINVAL,
		  CC_SEEN_PAPR,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "POWER8", "KVM_CAP_PPC_PAPR was not enabled" },
		  "does not refuse" },
		{ ARCH_BEFORE_PAPR,
		  0,
		  -EINVAL,
		  CC_SEEN_PAPR,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "default" },
		  NULL },
		/* Both stand in the way, and the mode is looked at first. */
		{ ARCH_NEWER_THAN_HOST,
		  0x0f000007,
		  -EINVAL,
		  CC_SEEN_PAPR,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "offers POWER9 POWER10", "; and KVM_CAP_PPC_PAPR was not enabled" },
		  NULL },
		{ ARCH_OUTSIDE_HOST_CAPS,
		  0x0f000004,
		  -EINVAL,
		  CC_SEEN_PAPR,
		  0,
		  0,
		  0,
		  &api_v2,
		  { "POWER8", "; and KVM_CAP_PPC_PAPR was not enabled" },
		  NULL },
		{ ARCH_UNKNOWN_PVR,
		  1,
		  -EINVAL,
		  CC_SEEN_PAPR,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "0x00000001" },
		  NULL },
		/* It was enabled: then that is not why. */
		{ ARCH_REJECTED,
		  0x0f000004,
		  -EINVAL,
		  CC_SEEN_PAPR,
		  1,
		  0,
		  0,
		  &api_v1,
		  { "POWER8", "its log" },
		  "PAPR" },
		/* 6.12 takes it all the same. */
		{ ARCH_ACCEPTED,
		  0x0f000005,
		  0,
		  CC_SEEN_PAPR,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "POWER9" },
		  "PAPR" },
		{ ARCH_KVM_PR,
		  0x0f000005,
		  -EINVAL,
		  CC_SEEN_OPS,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "KVM PR, which has no compatibility modes", "KVM HV" },
		  IOCTL },
		{ ARCH_KVM_PR, 0, -EINVAL, CC_SEEN_OPS, 0, 0, 0, &api_v1, { "KVM PR" }, "log" },
		{ ARCH_KVM_PR,
		  0x0f000007,
		  -EINVAL,
		  CC_SEEN_OPS,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "KVM PR" },
		  "offers" },
		/* A kernel without the ioctl has no hook in either of them. */
		{ ARCH_KVM_PR,
		  0x0f000007,
		  -EINVAL,
		  CC_SEEN_KVM,
		  0,
		  0,
		  1,
		  &api_v1,
		  { "KVM PR" },
		  "offers" },
		{ ARCH_NEWER_THAN_HOST,
		  0x0f000007,
		  -EINVAL,
		  CC_SEEN_KVM,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "let it ask for POWER10" },
		  "KVM PR" },
		{ ARCH_NEWER_THAN_HOST,
		  0x0f000007,
		  -EINVAL,
		  CC_SEEN_OPS | CC_SEEN_KVM,
		  0,
		  0,
		  0,
		  &api_v1,
		  { "POWER11" },
		  "KVM PR" },
		{ ARCH_NEWER_THAN_HOST,
		  0x0f000007,
		  -EINVAL,
		  CC_SEEN_OPS,
		  0,
		  1,
		  0,
		  &api_v1,
		  { "POWER11" },
		  "KVM PR" },
	};
	const struct offer offer = { .queried = QUERIED_YES,
				     .source = MODES_NEGOTIATION,
				     .modes = CAPS };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct cc_record r = { .type = CC_ARCH_COMPAT,
					     .comm = "vmm",
					     .arg = rows[i].pvr,
					     .ret = rows[i].ret,
					     .seen = rows[i].seen | CC_SEEN_VCPU,
					     .papr = rows[i].papr,
					     .has_hook = rows[i].has_hook & 1,
					     .kvm_pr = rows[i].kvm_pr & 1 };
		struct arch_diagnosis d;

		diagnose_arch(&r, rows[i].host, &offer, &d);
		if (d.cause != rows[i].cause)
			fail_msg("row %zu: %s, not %s: %s", i, arch_cause_name(d.cause),
				 arch_cause_name(rows[i].cause), d.hint);
		for (size_t j = 0; j < COUNT(rows[i].words) && rows[i].words[j]; j++)
			if (!strstr(both_hints(&d), rows[i].words[j]))
				fail_msg("row %zu: no \"%s\" in: %s", i, rows[i].words[j],
					 both_hints(&d));
		if (rows[i].not&&strstr(both_hints(&d), rows[i].not))
			fail_msg("row %zu: \"%s\" in: %s", i, rows[i].not, both_hints(&d));
	}
}

/* KVM's own line in the place of advice to look for it; and in no other verdict. */
static void test_line_of_hook(void **state)
{
	struct diagnosis d = { .cause = CAUSE_BACKEND_FAILED };
	struct cc_record r = { .type = CC_NEGOTIATION, .ret = -EIO };

	(void)state;
	diagnose_line(&r, NULL, &d);
	assert_string_equal(d.hint, "");
	/* What it returned was seen, or follows from what it cannot have been. */
	diagnose_line(&r, "KVM: no", &d);
	assert_string_equal(
		d.hint,
		"EIO, which the backend hook alone can have returned (it was not watched): nothing for the VMM to change; KVM printed: \"KVM: no\"");
	r.seen = CC_SEEN_BACKEND;
	diagnose_line(&r, "KVM: no", &d);
	assert_string_equal(
		d.hint,
		"the backend hook itself returned EIO: nothing for the VMM to change; KVM printed: \"KVM: no\"");
	d = (struct diagnosis){ .cause = CAUSE_UNEXPECTED };
	diagnose_line(&r, "KVM: no", &d);
	assert_string_equal(d.hint, "");
}

static void test_host_offer(void **state)
{
	struct host_facts host = mainline;
	struct offer offer;

	(void)state;
#define OFFERS(from, bits) \
	(offer = host_offer(&host), assert_int_equal(offer.source, from), \
	 assert_true(offer.modes == (bits)), assert_int_equal(offer.queried, QUERIED_NOT_SEEN))
	OFFERS(MODES_CPU_VERSION, CAPS);
	/* One that maps to no mode does not say that there is none. */
	host.cpu_version = 0x0f000004;
	OFFERS(MODES_UNKNOWN, 0);
	host.cpu_version = 0x0f000008;
	OFFERS(MODES_UNKNOWN, 0);
	/* A processor's own, as bare metal has it. */
	host.cpu_version = 0x00800200;
	OFFERS(MODES_CPU_VERSION, CAPS);
	host.cpu_version = 0x004e1202;
	OFFERS(MODES_CPU_VERSION, P9);
	host.cpu_version = 0x004d0200;
	OFFERS(MODES_UNKNOWN, 0);
	host.cpu_version_is = FACT_ABSENT;
	OFFERS(MODES_UNKNOWN, 0);
	/* What was agreed on with the hypervisor counts for more; of it, what is modes. */
	host = mainline;
	host.nested = NESTED_V2;
	OFFERS(MODES_CPU_VERSION, CAPS);
	host.nested_caps_is = FACT_KNOWN;
	host.nested_caps = P9 | 1ull << 63 | 1;
	OFFERS(MODES_NESTED_CAPS, P9);
	host.nested = NESTED_V1;
	OFFERS(MODES_CPU_VERSION, CAPS);
	/* Where the device tree is hidden it proves the API by itself. */
	host.nested = NESTED_UNKNOWN;
	OFFERS(MODES_NESTED_CAPS, P9);
	assert_true(host_is_v2(&host));
	host.nested_caps = 0;
	assert_false(host_is_v2(&host));
}

static void test_arch_names(void **state)
{
	static const char *const arch_names[] = { "accepted",	       "accepted-above-host",
						  "host-default",      "newer-than-host",
						  "outside-host-caps", "unknown-pvr",
						  "before-papr",       "kvm-pr",
						  "rejected" };

	(void)state;
	assert_int_equal(COUNT(arch_names), ARCH_MAX);
	for (int i = 0; i < ARCH_MAX; i++) {
		assert_string_equal(arch_cause_name(i), arch_names[i]);
		assert_int_equal(arch_cause_by_name(arch_names[i]), i);
	}
	assert_null(arch_cause_name(ARCH_MAX));
	assert_null(arch_cause_name(-1));
	assert_int_equal(arch_cause_by_name("accept"), -1);
	assert_int_equal(arch_cause_kind(ARCH_ACCEPTED), VERDICT_FINE);
	assert_int_equal(arch_cause_kind(ARCH_ACCEPTED_ABOVE_HOST), VERDICT_FAILURE);
}

static void test_other_names(void **state)
{
	char text[96];

	(void)state;
	assert_null(modes_source_name(MODES_UNKNOWN));
	assert_string_equal(modes_source_name(MODES_NEGOTIATION), "negotiation");
	assert_string_equal(modes_source_name(MODES_NESTED_CAPS), "nested-capabilities");
	assert_string_equal(modes_source_name(MODES_CPU_VERSION), "cpu-version");
	assert_null(modes_source_name(MODES_CPU_VERSION + 1));
	assert_string_equal(queried_name(QUERIED_NOT_SEEN), "not-seen");
	assert_string_equal(queried_name(QUERIED_NO), "no");
	assert_string_equal(queried_name(QUERIED_FAILED), "failed");
	assert_string_equal(queried_name(QUERIED_YES), "yes");
	assert_null(queried_name(QUERIED_YES + 1));
	assert_string_equal(loss_name(CC_LOSS_RING), "ring-full");
	assert_string_equal(loss_name(CC_LOSS_BUDGET), "vm-budget");
	assert_string_equal(loss_name(CC_LOSS_IN_FLIGHT), "too-many-in-flight");
	assert_string_equal(loss_name(CC_LOSS_ORPHANED), "orphaned");
	assert_string_equal(loss_name(CC_LOSS_MISSED), "probe-missed");
	assert_string_equal(loss_name(CC_LOSS_RECURSION), "recursion");
	for (int i = 0; i < CC_LOSSES; i++)
		assert_non_null(loss_name(i));
	assert_null(loss_name(CC_LOSSES));
	assert_string_equal(modes_text(text, sizeof(text), 0), "none");
	assert_string_equal(modes_text(text, sizeof(text), CAPS | 5), "POWER9 POWER10 0x5");
	assert_string_equal(modes_text(text, sizeof(text), 5), "0x5");
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
		cmocka_unit_test(test_wants_command),
		cmocka_unit_test(test_caps_of_hook),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_changed_later),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_errno_names),
		cmocka_unit_test(test_arch),
		cmocka_unit_test(test_arch_process),
		cmocka_unit_test(test_arch_shared_bit),
		cmocka_unit_test(test_arch_remedy),
		cmocka_unit_test(test_arch_length),
		cmocka_unit_test(test_arch_by),
		cmocka_unit_test(test_arch_message),
		cmocka_unit_test(test_arch_state),
		cmocka_unit_test(test_line_of_hook),
		cmocka_unit_test(test_host_offer),
		cmocka_unit_test(test_arch_names),
		cmocka_unit_test(test_other_names),
	};

	return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
