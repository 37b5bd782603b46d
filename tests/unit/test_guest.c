// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Words apart by '|' in place of NULs, in memory that ends where they end. */
static void assert_guest(const char *words, bool cut, const char *expected)
{
	size_t len = strlen(words) + !cut;
	char *args = malloc(len ? len : 1), name[24] = "left over";

	assert_non_null(args);
	for (size_t i = 0; i < len; i++)
		args[i] = words[i] == '|' ? '\0' : words[i];
	assert_ptr_equal(guest_of_args(name, sizeof(name), args, len), name);
	free(args);
	assert_string_equal(name, expected);
}

static void test_names(void **state)
{
	static const struct {
		const char *words, *guest;
	} lines[] = {
		{ "qemu-system-ppc64|-name|fedora|-m|4G", "fedora" },
		{ "qemu|-name|guest=fedora,debug-threads=on", "fedora" },
		{ "qemu|-name|debug-threads=on,guest=fedora", "fedora" },
		{ "qemu|-name|fedora,process=x", "fedora" },
		{ "qemu|--name|fedora", "fedora" },
		{ "qemu|-name|guest=a=b", "a=b" },
		{ "qemu|-name|process=x", "" },
		{ "qemu|-name|debug-threads=on", "" },
		{ "qemu|-name|", "" },
		{ "qemu|-name|guest=", "" },
		{ "qemu|-name", "" },
		{ "qemu|-m|-names|fedora", "" },
		{ "qemu|-name|first|-name|second", "first" },
		{ "", "" },
		{ "||||", "" },
		{ "qemu|-name|12345678901234567890123456789", "12345678901234567890123" },
		{ "qemu|-name|a\33[2Jb", "a\33[2Jb" }, /* who prints it makes it plain */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_guest(lines[i].words, false, lines[i].guest);
}

/* Of a command line that was longer than what was read of it. */
static void test_cut(void **state)
{
	(void)state;
	assert_guest("qemu|-name|fedo", true, "");
	assert_guest("qemu|-name|fedora|-m", true, "fedora");
	assert_guest("qemu|-nam", true, "");
	assert_guest("", true, "");
	assert_guest("x", true, "");
}

static void test_processes(void **state)
{
	char name[24] = "left over";

	(void)state;
	assert_string_equal(guest_of_pid(name, sizeof(name), (uint32_t)getpid()), "");
	strcpy(name, "left over");
	assert_string_equal(guest_of_pid(name, sizeof(name), UINT32_MAX), "");
	strcpy(name, "left over");
	assert_string_equal(guest_of_pid(name, sizeof(name), 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_processes),
	};

	return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
