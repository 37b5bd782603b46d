// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which programs of PATH are run by who asks for their versions, and which are not. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "doctor/doctor_qemus.h"

static char dir[PATH_MAX], bin[PATH_MAX + 8], qemu[PATH_MAX + 32], mark[PATH_MAX + 16];

/* In the tree that is built: anybody can write to /tmp. */
static int set_up(void **state)
{
	const char *o = getenv("O");
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "%.40s/doctor.XXXXXX", o ? o : "build");
	if (!mkdtemp(name) || !realpath(name, dir))
		return -1;
	snprintf(bin, sizeof(bin), "%s/bin", dir);
	snprintf(qemu, sizeof(qemu), "%s/qemu-system-ppc64", bin);
	snprintf(mark, sizeof(mark), "%s/ran", dir);
	return chmod(dir, 0755) || mkdir(bin, 0755);
}

static int clean(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* A QEMU that leaves a mark where it is run. */
static void make_qemu(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n: >'%s'\necho 'QEMU emulator version 11.2.0'\n", mark);
	assert_int_equal(fchmod(fileno(f), 0755), 0);
	fclose(f);
}

/* Was it run? */
static bool looked_at(const char *why, const char *said)
{
	static struct doctor_facts facts;
	bool ran;

	facts = (struct doctor_facts){ 0 };
	doctor_qemus_read(&facts, bin);
	assert_true(facts.n_qemus >= 1);
	assert_string_equal(facts.qemus[0].path, qemu);
	assert_string_equal(facts.qemus[0].said, said);
	if (why)
		assert_non_null(strstr(facts.qemus[0].not_run, why));
	else
		assert_string_equal(facts.qemus[0].not_run, "");
	ran = !access(mark, F_OK);
	unlink(mark);
	return ran;
}

#define VERSION "QEMU emulator version 11.2.0"

static void test_own(void **state)
{
	char why[TRUSTED_WHY_LEN];

	(void)state;
	make_qemu(qemu);
	if (!trusted(dir, geteuid(), why)) {
		print_message("nothing was tested of QEMUs that are run: %s\n", why);
		skip();
	}
	assert_true(looked_at(NULL, VERSION));
}

static void test_writable(void **state)
{
	static const struct {
		mode_t file, directory;
		const char *why;
	} rows[] = {
		{ 0757, 0755, "anybody can write to the file" },
		{ 0755, 0757, "anybody can write to the directory" },
		/* Nobody may take away what another one has put there, but put something there. */
		{ 0755, 01757, "anybody can write to the directory" },
	};

	(void)state;
	make_qemu(qemu);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		chmod(qemu, rows[i].file);
		chmod(bin, rows[i].directory);
		assert_false(looked_at(rows[i].why, ""));
	}
	chmod(qemu, 0755);
	chmod(bin, 0755);
	/* A directory above, too. */
	chmod(dir, 0777);
	assert_false(looked_at("anybody can write to the directory", ""));
	chmod(dir, 0755);
}

/* A link of root's to what another one may change. */
static void test_link(void **state)
{
	char other[PATH_MAX + 16];

	(void)state;
	snprintf(other, sizeof(other), "%s/other", dir);
	make_qemu(other);
	chmod(other, 0757);
	unlink(qemu);
	assert_int_equal(symlink(other, qemu), 0);
	assert_false(looked_at("anybody can write to the file", ""));
	unlink(qemu);
}

static void test_owner(void **state)
{
	(void)state;
	make_qemu(qemu);
	if (chown(qemu, 12345, 12345)) {
		print_message("nothing was tested of programs of other users: this takes root\n");
		skip();
	}
	assert_false(looked_at("belongs to user 12345", ""));
	assert_int_equal(chown(qemu, 0, 12345), 0);
	chmod(qemu, 0775);
	assert_false(looked_at("group 12345 can write to the file", ""));
	assert_int_equal(chown(qemu, 0, 0), 0);
	assert_int_equal(chown(bin, 12345, 0), 0);
	assert_false(looked_at("belongs to user 12345", ""));
	assert_int_equal(chown(bin, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_writable),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, set_up, clean);
}
