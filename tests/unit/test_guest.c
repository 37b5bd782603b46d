// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
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

/* A process with the arguments of a VMM, that ends when its stdin (*end) is closed. */
static pid_t start_vmm(int *end)
{
	int ends[2], begun[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pipe2(begun, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(ends[0], STDIN_FILENO);
		execl("/bin/sh", "sh", "-c", "read x; :", "-name", "guest=fedora", "-S", NULL);
		_exit(1);
	}
	/* Closed by exec: from here on the arguments are those. */
	close(begun[1]);
	assert_int_equal(read(begun[0], &c, 1), 0);
	close(begun[0]);
	close(ends[0]);
	*end = ends[1];
	return pid;
}

static void test_gone(void **state)
{
	char name[24];
	int end;
	pid_t pid = start_vmm(&end);

	(void)state;
	assert_string_equal(guest_of_pid(name, sizeof(name), (uint32_t)pid), "fedora");
	guest_note((uint32_t)pid);
	close(end);
	assert_int_equal(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT), 0);
	/* A process that has ended and not been waited for has no arguments. */
	assert_string_equal(guest_of_pid(name, sizeof(name), (uint32_t)pid), "fedora");
	waitpid(pid, NULL, 0);
	assert_string_equal(guest_of_pid(name, sizeof(name), (uint32_t)pid), "fedora");
	/* Not for ever: so many others have come that it is forgotten. */
	for (int i = 0; i < 64; i++)
		guest_note((uint32_t)getpid());
	assert_string_equal(guest_of_pid(name, sizeof(name), (uint32_t)pid), "");
	/* Of a process that has gone before it could be read nothing is known. */
	guest_note((uint32_t)pid);
	assert_string_equal(guest_of_pid(name, sizeof(name), (uint32_t)pid), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
