// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tables behind abi.h: revisions of the ioctl, modes, PVRs, processors. Each number stands
 * here once, and everything else looks it up. A value that no table has is never an error here:
 * the caller gets NULL.
 */
#include "kvm/abi.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct abi_revision revisions[] = {
	{ "v1-v2", ABI_CMD_V1, 16, .off_size = -1, .off_flags = 0, .off_caps = 8 },
	{ "v3-v4", ABI_CMD_V3, 24, .off_size = 8, .off_flags = 0, .off_caps = 16 },
	{ "v5", ABI_CMD_V5, 24, .off_size = 0, .off_flags = 8, .off_caps = 16 },
	{ "mainline", ABI_CMD_MAINLINE, 24, .off_size = 0, .off_flags = 8, .off_caps = 16 },
};

#define MODE(model, ibm, logical) \
	{ model, "KVM_PPC_COMPAT_CAP_" model, 1ull << (63 - (ibm)), ibm, logical }

static const struct abi_mode modes[] = {
	MODE("POWER9", 1, 0x0f000005),
	MODE("POWER10", 2, 0x0f000006),
	MODE("POWER11", 3, 0x0f000007),
};

static const struct abi_pvr pvrs[] = {
	{ 0x0f000002, "POWER6", "ISA 2.05" },
	{ 0x0f000003, "POWER7", "ISA 2.06" },
	{ 0x0f100003, "POWER7+", "ISA 2.06" },
	{ 0x0f000004, "POWER8", "ISA 2.07" },
	{ 0x0f000005, "POWER9", "ISA 3.0" },
	{ 0x0f000006, "POWER10", "ISA 3.1" },
	{ 0x0f000007, "POWER11", "ISA 3.1" },
	{ 0x0f000008, "ISA 3.2", "ISA 3.2" }, /* no processor of it has a name in the kernel */
	{ 0xffffffff, "invalid", NULL },
};

/* By the upper half of a processor's own PVR; the lower one is its revision. */
static const struct abi_processor processors[] = {
	{ 0x004b, "POWER8E", 0x0f000004 }, { 0x004c, "POWER8NVL", 0x0f000004 },
	{ 0x004d, "POWER8", 0x0f000004 },  { 0x004e, "POWER9", 0x0f000005 },
	{ 0x0080, "POWER10", 0x0f000006 }, { 0x0082, "POWER11", 0x0f000007 },
};

const struct abi_revision *abi_by_cmd(uint32_t cmd)
{
	for (size_t i = 0; i < COUNT(revisions); i++)
		if (revisions[i].cmd == cmd)
			return &revisions[i];
	return NULL;
}

const struct abi_revision *abi_revision(size_t i)
{
	return i < COUNT(revisions) ? &revisions[i] : NULL;
}

const struct abi_mode *abi_mode(size_t i)
{
	return i < COUNT(modes) ? &modes[i] : NULL;
}

const struct abi_mode *abi_mode_by_pvr(uint32_t pvr)
{
	for (size_t i = 0; i < COUNT(modes); i++)
		if (modes[i].pvr == pvr)
			return &modes[i];
	return NULL;
}

const struct abi_mode *abi_mode_by_bit(uint64_t bit)
{
	for (size_t i = 0; i < COUNT(modes); i++)
		if (modes[i].bit == bit)
			return &modes[i];
	return NULL;
}

const struct abi_pvr *abi_pvr(uint32_t pvr)
{
	for (size_t i = 0; i < COUNT(pvrs); i++)
		if (pvrs[i].pvr == pvr)
			return &pvrs[i];
	return NULL;
}

const char *abi_exit_name(uint32_t reason)
{
	switch (reason) {
	case ABI_EXIT_UNKNOWN:
		return "unknown";
	case ABI_EXIT_FAIL_ENTRY:
		return "fail-entry";
	case ABI_EXIT_INTERNAL_ERROR:
		return "internal-error";
	default:
		return NULL;
	}
}

const struct abi_pvr *abi_pvr_at(size_t i)
{
	return i < COUNT(pvrs) ? &pvrs[i] : NULL;
}

const struct abi_pvr *abi_pvr_by_name(const char *name)
{
	for (size_t i = 0; i < COUNT(pvrs); i++)
		if (!strcmp(pvrs[i].name, name))
			return &pvrs[i];
	return NULL;
}

const struct abi_processor *abi_processor(uint32_t pvr)
{
	for (size_t i = 0; i < COUNT(processors); i++)
		if (processors[i].version == pvr >> 16)
			return &processors[i];
	return NULL;
}

bool abi_pvr_is_raw(uint32_t pvr)
{
	return pvr && pvr != ABI_PVR_INVALID && pvr >> 24 != ABI_PVR_LOGICAL;
}

uint64_t abi_unknown_bits(uint64_t caps)
{
	for (size_t i = 0; i < COUNT(modes); i++)
		caps &= ~modes[i].bit;
	return caps;
}

uint64_t abi_caps_of_host(uint32_t cpu_version)
{
	const struct abi_processor *raw = abi_processor(cpu_version);

	return abi_caps_of_pvr(raw ? raw->pvr : cpu_version);
}

uint64_t abi_caps_of_pvr(uint32_t pvr)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < COUNT(modes); i++) {
		caps |= modes[i].bit;
		if (modes[i].pvr == pvr)
			return caps;
	}
	return 0;
}

const char *abi_hcall_bit(unsigned int ibm_bit)
{
	switch (ibm_bit) {
	case 0:
		return "copy memory";
	case 63:
		return "second bitmap";
	default:
		return NULL;
	}
}
