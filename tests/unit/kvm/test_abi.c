// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kvm/abi.h"

/* How a command number comes about on powerpc: <asm-generic/ioctl.h> of here is not it. */
static uint32_t command(uint32_t direction, uint32_t nr, uint32_t size)
{
	return direction << 29 | size << 16 | 0xaeu << 8 | nr;
}

static void test_commands(void **state)
{
	const uint32_t none = 1, read = 2;

	(void)state;
	assert_int_equal(ABI_CMD_V1, command(read, 0xe4, 16));
	assert_int_equal(ABI_CMD_V3, command(read, 0xe4, 24));
	assert_int_equal(ABI_CMD_V5, command(none, 0xe4, 0));
	assert_int_equal(ABI_CMD_MAINLINE, command(none, 0xb8, 0));
	assert_int_equal(ABI_CMD_CHECK_EXTENSION, command(none, 0x03, 0));
}

static void test_revisions(void **state)
{
	static const char *const names[] = { "v1-v2", "v3-v4", "v5", "mainline" };
	const struct abi_revision *r;
	size_t i;

	(void)state;
	for (i = 0; (r = abi_revision(i)); i++) {
		int words = (int)(r->struct_size / sizeof(uint64_t));

		assert_in_range(i, 0, 3);
		assert_string_equal(r->name, names[i]);
		assert_ptr_equal(abi_by_cmd(r->cmd), r);
		/* Each field has a word of its own, and together they are the struct. */
		assert_int_equal(r->off_flags % 8 + r->off_caps % 8, 0);
		assert_int_equal(r->off_caps, (words - 1) * 8);
		assert_int_equal(r->off_flags + (words == 3 ? r->off_size : 0), words == 3 ? 8 : 0);
	}
	assert_int_equal(i, 4);
	assert_null(abi_revision(4));
	assert_null(abi_revision(SIZE_MAX));
}

static void test_layouts(void **state)
{
	(void)state;
	assert_int_equal(abi_by_cmd(ABI_CMD_V1)->off_size, -1);
	assert_int_equal(abi_by_cmd(ABI_CMD_V3)->off_size, 8);
	assert_int_equal(abi_by_cmd(ABI_CMD_V5)->off_size, 0);
	assert_int_equal(abi_by_cmd(ABI_CMD_MAINLINE)->off_size, 0);
	assert_int_equal(abi_by_cmd(ABI_CMD_MAINLINE)->struct_size, ABI_SIZE_VER0);
}

static void test_foreign_commands(void **state)
{
	(void)state;
	assert_null(abi_by_cmd(0));
	assert_null(abi_by_cmd(0xaeb8));     /* without powerpc's bit 29 */
	assert_null(abi_by_cmd(0x8010aee4)); /* _IOR of other architectures */
	assert_null(abi_by_cmd(ABI_CMD_CHECK_EXTENSION));
}

static void test_modes(void **state)
{
	static const struct {
		const char *name, *constant;
		uint64_t bit;
		uint32_t pvr;
	} expected[] = {
		{ "POWER9", "KVM_PPC_COMPAT_CAP_POWER9", 0x4000000000000000, 0x0f000005 },
		{ "POWER10", "KVM_PPC_COMPAT_CAP_POWER10", 0x2000000000000000, 0x0f000006 },
		{ "POWER11", "KVM_PPC_COMPAT_CAP_POWER11", 0x1000000000000000, 0x0f000007 },
	};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		const struct abi_mode *mode = abi_mode(i);

		assert_string_equal(mode->name, expected[i].name);
		assert_string_equal(mode->constant, expected[i].constant);
		assert_true(mode->bit == expected[i].bit);
		assert_int_equal(mode->ibm_bit, i + 1);
		assert_int_equal(mode->pvr, expected[i].pvr);
		assert_ptr_equal(abi_mode_by_pvr(mode->pvr), mode);
		assert_ptr_equal(abi_mode_by_bit(mode->bit), mode);
		assert_string_equal(abi_pvr(mode->pvr)->name, mode->name);
	}
	assert_null(abi_mode(3));
	assert_null(abi_mode_by_pvr(0x0f000004));
	assert_null(abi_mode_by_bit(0));
	assert_null(abi_mode_by_bit(0x6000000000000000));
}

static void test_pvrs(void **state)
{
	static const struct {
		uint32_t pvr;
		const char *name;
		const char *isa;
	} expected[] = {
		{ 0x0f000002, "POWER6", "ISA 2.05" },  { 0x0f000003, "POWER7", "ISA 2.06" },
		{ 0x0f100003, "POWER7+", "ISA 2.06" }, { 0x0f000004, "POWER8", "ISA 2.07" },
		{ 0x0f000005, "POWER9", "ISA 3.0" },   { 0x0f000006, "POWER10", "ISA 3.1" },
		{ 0x0f000007, "POWER11", "ISA 3.1" },  { 0x0f000008, "ISA 3.2", "ISA 3.2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_string_equal(abi_pvr(expected[i].pvr)->name, expected[i].name);
		assert_string_equal(abi_pvr(expected[i].pvr)->isa, expected[i].isa);
	}
	assert_string_equal(abi_pvr(0xffffffff)->name, "invalid");
	assert_null(abi_pvr(0xffffffff)->isa);
	assert_null(abi_pvr(0));
	assert_null(abi_pvr(0x00800200)); /* a POWER10's own PVR is no logical one */
	assert_null(abi_pvr(0x0f000009));
}

static void test_unknown_bits(void **state)
{
	(void)state;
	assert_true(abi_unknown_bits(0) == 0);
	assert_true(abi_unknown_bits(0x7000000000000000) == 0);
	assert_true(abi_unknown_bits(UINT64_MAX) == 0x8fffffffffffffff);
	assert_true(abi_unknown_bits(0xc800000000000001) == 0x8800000000000001);
}

static void test_caps_of_pvr(void **state)
{
	(void)state;
	assert_true(abi_caps_of_pvr(0x0f000005) == 0x4000000000000000);
	assert_true(abi_caps_of_pvr(0x0f000006) == 0x6000000000000000);
	assert_true(abi_caps_of_pvr(0x0f000007) == 0x7000000000000000);
	assert_true(abi_caps_of_pvr(0x0f000004) == 0);
	assert_true(abi_caps_of_pvr(0x0f000008) == 0);
	assert_true(abi_caps_of_pvr(0xffffffff) == 0);
	assert_true(abi_caps_of_pvr(0) == 0);
}

static void test_hcall_bits(void **state)
{
	(void)state;
	assert_string_equal(abi_hcall_bit(0), "copy memory");
	assert_string_equal(abi_hcall_bit(63), "second bitmap");
	for (unsigned int bit = 1; bit < 63; bit++)
		assert_null(abi_hcall_bit(bit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),     cmocka_unit_test(test_revisions),
		cmocka_unit_test(test_layouts),	     cmocka_unit_test(test_foreign_commands),
		cmocka_unit_test(test_modes),	     cmocka_unit_test(test_pvrs),
		cmocka_unit_test(test_unknown_bits), cmocka_unit_test(test_caps_of_pvr),
		cmocka_unit_test(test_hcall_bits),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
