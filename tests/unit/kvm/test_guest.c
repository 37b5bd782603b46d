// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kvm/guest.h"
#include "lib/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Words apart by '|' in place of NULs, in memory that ends where they end. */
static void assert_option(const char *words, bool cut, const char *expected)
{
	size_t len = strlen(words) + !cut;
	char *args = malloc(len ? len : 1), option[GUEST_OPTION_LEN] = "left over";

	assert_non_null(args);
	for (size_t i = 0; i < len; i++)
		args[i] = words[i] == '|' ? '\0' : words[i];
	assert_ptr_equal(guest_option(option, sizeof(option), args, len), option);
	free(args);
	assert_string_equal(option, expected);
}

static void test_options(void **state)
{
	static const struct {
		const char *words, *option;
	} lines[] = {
		{ "qemu-system-ppc64|-name|fedora|-m|4G", "fedora" },
		{ "qemu|-name|guest=fedora,debug-threads=on", "guest=fedora,debug-threads=on" },
		{ "qemu|--name|fedora", "fedora" },
		{ "qemu|-name=fedora", "" }, /* QEMU knows no such form */
		{ "qemu|-name|", "" },
		{ "qemu|-name", "" },
		{ "qemu|-m|-names|fedora", "" },
		{ "qemu|-name|-name", "-name" },
		{ "qemu|-name|first|-name|second", "second" },
		{ "qemu|-name|first|-name|debug-threads=on", "first" },
		{ "", "" },
		{ "||||", "" },
		{ "qemu|-name|a\33[2J\\b", "a\\x1b[2J\\\\b" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_option(lines[i].words, false, lines[i].option);
}

static void test_machines(void **state)
{
	static const struct {
		const char *words, *machine;
	} lines[] = {
		{ "qemu-system-ppc64|-m|4G", "pseries" },
		{ "/usr/bin/qemu-system-ppc64|-machine|pseries-11.0,usb=off|-accel|kvm",
		  "pseries-11.0,usb=off,kvm" },
		{ "/usr/libexec/qemu-kvm|-M|pseries|--machine|cap-htm=off", "pseries,cap-htm=off" },
		{ "kvm|-name|-M|-M|pseries", "pseries" },
		{ "qemu|-append|-machine|x|-machine|none", "none" },
		{ "qemu|-readconfig|guest.cfg", "" },
		{ "qemu|-machine|pseries|-set|machine.cap-htm=on", "" },
		{ "qemu|-global|spapr-machine.cap-htm=on|-machine|pseries", "" },
		{ "/usr/bin/compatcaps_probe|-machine|pseries", "" },
		{ "qemu|-machine", "pseries" },
		{ "qemu|-M|a\33[2Jb", "a\\x1b[2Jb" },
		{ "", "" },
	};
	char args[256], machine[GUEST_OPTION_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t len = strlen(lines[i].words) + 1;

		memcpy(args, lines[i].words, len);
		for (size_t at = 0; at < len; at++)
			args[at] = args[at] == '|' ? '\0' : args[at];
		guest_machine(machine, sizeof(machine), args, len, true);
		assert_string_equal(machine, lines[i].machine);
		/* There may be more of it. */
		guest_machine(machine, sizeof(machine), args, len, false);
		assert_string_equal(machine, "");
	}
	/* What does not fit is not known. */
	guest_machine(machine, 8, "qemu\0-M\0pseries-11.0", 22, true);
	assert_string_equal(machine, "");
}

/* Of a command line that was longer than what was read of it. */
static void test_cut(void **state)
{
	(void)state;
	assert_option("qemu|-name|fedo", true, "");
	assert_option("qemu|-name|fedora|-m", true, "fedora");
	assert_option("qemu|-nam", true, "");
	assert_option("", true, "");
	assert_option("x", true, "");
}

static void test_names(void **state)
{
	static const struct {
		const char *option, *guest;
	} options[] = {
		{ "fedora", "fedora" },
		{ "fedora,process=x", "fedora" },
		{ "guest=fedora", "fedora" },
		{ "guest=fedora,debug-threads=on", "fedora" },
		{ "debug-threads=on,guest=fedora", "fedora" },
		{ "process=myguest=1,guest=vm1", "vm1" },
		{ "process=a,,guest=no,guest=vm1", "vm1" },
		{ "guest=a,,b", "a,b" },
		{ "guest=a,,b,process=x", "a,b" },
		{ "a,,b,process=x", "a,b" },
		{ "a,,b=c", "a,b=c" },
		{ "guest=,,,,", ",," },
		{ "guest=a,guest=b", "b" },
		{ "guest=a,guest=", "" },
		{ "guest=a=b", "a=b" },
		{ "guest=a\\x1b,,\\\\b", "a\\x1b,\\\\b" },
		{ "process=x", "" },
		{ "debug-threads=on,fedora", "" }, /* a switch, and no name */
		{ "guests=x", "" },
		{ "=x", "" },
		{ "guest=", "" },
		{ ",guest=x", "x" },
		{ "", "" },
	};
	char name[GUEST_NAME_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		strcpy(name, "left over");
		assert_ptr_equal(guest_name(name, sizeof(name), options[i].option), name);
		assert_string_equal(name, options[i].guest);
	}
	assert_string_equal(guest_name(name, sizeof(name), NULL), "");
}

/* What does not fit is cut off, and never within an escape. */
static void test_long_names(void **state)
{
	char option[GUEST_OPTION_LEN], name[16];

	(void)state;
	assert_string_equal(guest_name(name, 4, "guest=abcdef"), "abc");
	assert_string_equal(guest_name(name, 4, "guest=ab\\x1bc"), "ab");
	assert_string_equal(guest_name(name, 4, "guest=ab\\\\c"), "ab");
	assert_string_equal(guest_name(name, 5, "guest=ab\\\\c"), "ab\\\\");
	for (size_t size = 1; size < 20; size++) {
		guest_option(option, size, "-name\0a\x1b\x1b\\\\z", 12);
		assert_true(text_is_escaped(option));
		assert_true(strlen(option) < size);
	}
}

static void assert_incoming(const char *words, bool all, enum incoming expected)
{
	size_t len = strlen(words);
	char *args = malloc(len ? len : 1);

	assert_non_null(args);
	for (size_t i = 0; i < len; i++)
		args[i] = words[i] == '|' ? '\0' : words[i];
	assert_int_equal(guest_incoming(args, len, all), expected);
	free(args);
}

/* Of what was cut off nothing is claimed. */
static void test_incoming(void **state)
{
	(void)state;
	assert_incoming("qemu|-incoming|defer|", true, INCOMING_YES);
	assert_incoming("qemu|--incoming|tcp:0:4444|-name|a", false, INCOMING_YES);
	assert_incoming("qemu|-name|-incoming|-S|", true, INCOMING_NO);
	assert_incoming("qemu|-name|-incoming|-incoming|defer|", true, INCOMING_YES);
	assert_incoming("qemu|-incomings|a|-incom", true, INCOMING_NO);
	assert_incoming("qemu|-S|-inc", false, INCOMING_UNKNOWN);
	assert_incoming("qemu|-S|-incoming", false, INCOMING_UNKNOWN);
	assert_incoming("", true, INCOMING_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),	   cmocka_unit_test(test_machines),
		cmocka_unit_test(test_cut),	   cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_names), cmocka_unit_test(test_incoming),
	};

	return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
