// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is offered at a Tab: where it is on the line decides, and what processes chose is safe. */
#include "offers/offers.h"
#include "lib/complete.h"

#include <sys/stat.h>

#include "../run_main.h"

static char proc[32], kvm[64];

static void offer_vm(void *ctx)
{
	(void)ctx;
	offer_vms(kvm, proc);
}

static void offer_comm(void *ctx)
{
	(void)ctx;
	offer_comms(proc);
}

static enum complete_more bare(const char *first, bool dashed, void *ctx)
{
	(void)ctx;
	complete_offer(first ? first : "nothing", dashed ? "dashed" : NULL);
	return dashed ? COMPLETE_COMMAND : COMPLETE_FILES;
}

static const char *const words[] = { "one", "two", NULL };
static const struct complete_value values[] = {
	{ "word", words, NULL }, { "vm", NULL, offer_vm }, { "comm", NULL, offer_comm }, { 0 }
};
static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "A group:", 1 },
	{ "word", 'w', "WHEN", 0, "a list:", 0 },
	{ "vm", 1000, "VM", 0, "a VM", 0 },
	{ "comm", 1001, "NAME", 0, "a name", 0 },
	{ "flag", 'f', 0, 0, "nothing more", 0 },
	{ "file", 'o', "FILE", 0, "a file", 0 },
	{ "in", 1002, "PATH", 0, "a directory", 0 },
	{ "maybe", 'm', "X", OPTION_ARG_OPTIONAL, "an argument or none", 0 },
	{ "secret", 1003, "X", OPTION_HIDDEN, "not offered", 0 },
	{ 0 },
};
static const struct argp argp = { .options = options };

static int entry(int argc, char **argv)
{
	const struct complete complete = { &argp, values, bare, NULL };

	complete_if_asked(&complete, argc, argv);
	return 77;
}

/* NULs as "|", so that they can be compared. */
static void asked(const char *args, const char *answer)
{
	char text[sizeof(ran.out)];
	size_t len = sizeof(ran.out);

	memset(ran.out, 0, sizeof(ran.out));
	run_main(entry, -1, args, "", 0);
	while (len && !ran.out[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		text[i] = ran.out[i] ? ran.out[i] : '|';
	text[len] = '\0';
	assert_string_equal(text, answer);
	assert_int_equal(ran.status, 0);
}

static void test_where(void **state)
{
	static const char all[] = "|--word|a list|--vm|a VM|--comm|a name|--flag|nothing more|"
				  "--file|a file|--in|a directory|--maybe|an argument or none";

	(void)state;
	asked("--complete -", all);
	asked("--complete x --", all);
	asked("--complete --word o", "|one||two");
	asked("--complete --word=o", "|one||two");
	asked("--complete -w o", "|one||two");
	asked("--complete -fw o", "|one||two");
	asked("--complete -wf o", "files|nothing");
	asked("--complete -fo o", "files");
	asked("--complete --in o", "directories");
	asked("--complete --flag o", "files|nothing");
	asked("--complete --maybe o", "files|nothing");
	asked("--complete --none=o", "");
	asked("--complete --word --vm o", "files|nothing");
	asked("--complete first second", "files|first");
	asked("--complete -f -- cmd", "command 2|nothing|dashed");
	asked("--complete -f -- cmd --word o", "command 2|cmd|dashed");
	asked("--complete", "files|nothing");
	run_main(entry, -1, "x --complete", "", 0);
	assert_int_equal(ran.status, 77);
}

/* ------------------------------------------------------------------ what processes chose */

static void make(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void write_file(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void test_foreign(void **state)
{
	static const char args[] = "qemu\0-name\0guest=$(touch X)\33[2J\n";

	(void)state;
	snprintf(proc, sizeof(proc), "/tmp/complete.XXXXXX");
	assert_non_null(mkdtemp(proc));
	snprintf(kvm, sizeof(kvm), "%s/kvm", proc);
	make(proc, "kvm");
	make(kvm, "12-7");
	make(kvm, "13-8");
	make(kvm, "vcpu");
	make(kvm, "12-7x");
	make(proc, "12");
	make(proc, "self");
	write_file("12/comm", "$(touch X)\t\n\n", 13);
	write_file("12/cmdline", args, sizeof(args));
	/* A name is offered as it is, with its new line; what describes it is escaped. */
	asked("--complete --comm x", "|$(touch X)\t\n");
	memset(ran.out, 0, sizeof(ran.out));
	run_main(entry, -1, "--complete --vm x", "", 0);
	for (size_t i = 0; i + 1 < sizeof(ran.out); i++)
		ran.out[i] = ran.out[i] ? ran.out[i] : '|';
	ran.out[sizeof(ran.out) - 1] = '\0';
	assert_non_null(strstr(ran.out, "|13-8||"));
	assert_non_null(
		strstr(ran.out, "|12-7|$(touch X)\\x09\\x0a, guest $(touch X)\\x1b[2J\\x0a|"));
	assert_null(strstr(ran.out, "vcpu"));
	assert_null(strstr(ran.out, "12-7x"));
}

static int clean(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", proc);
	return *proc ? system(command) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where),
		cmocka_unit_test_teardown(test_foreign, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
