// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libvirt's definitions of domains: which mode each asks for, and whether this host has it. */
#include <errno.h>
#include <fcntl.h>
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

#include "doctor/doctor_domains.h"
#include "lib/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define POWER10 0x00801200u
#define POWER11 0x00821200u

/* A host in POWER10 mode. */
static const struct host_facts host = {
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = 0x0f000006,
	.nested = NESTED_V2,
	.nested_caps_is = FACT_KNOWN,
	.nested_caps = 0x6000000000000000,
};

static char dir[] = "/tmp/domains.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void empty_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'/*", dir);
	assert_int_equal(system(command), 0);
}

static void write_file(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

/* TYPE, NAME and <cpu>. */
static void define(const char *type, const char *name, const char *cpu)
{
	char xml[1024], file[64];
	int len = snprintf(
		xml, sizeof(xml),
		"<!-- made by libvirt -->\n<domain type='%s'>\n  <name>%s</name>\n"
		"  <metadata><name>x</name><cpu><model>POWER8</model></cpu></metadata>\n%s\n"
		"</domain>\n",
		type, name, cpu);

	snprintf(file, sizeof(file), "%.40s.xml", name);
	write_file(file, xml, (size_t)len);
}

static void test_asks(void **state)
{
	static const struct {
		const char *type, *cpu;
		uint32_t pvr;
		const char *asks; /* "": what this host offers, or nothing */
	} rows[] = {
		{ "kvm", "<cpu mode='host-model'><model>power11</model></cpu>", POWER10,
		  "POWER11" },
		{ "kvm",
		  "<cpu mode='host-model' check='none'>\n<model fallback='allow'>POWER11</model></cpu>",
		  POWER10, "POWER11" },
		{ "kvm", "<cpu mode='host-model'><model>power10</model></cpu>", POWER11, "" },
		{ "kvm", "<cpu mode='host-model'><model>power9</model></cpu>", POWER11, "" },
		{ "kvm", "<cpu mode='host-model'/>", POWER11, "POWER11" },
		{ "kvm", "<cpu mode='host-model'/>", POWER10, "" },
		{ "kvm", "<cpu mode='host-model'/>", 0, "" },
		{ "kvm", "<cpu mode='host-model'><model>power99</model></cpu>", POWER11, "" },
		{ "kvm", "<cpu mode='host-passthrough'/>", POWER11, "" },
		{ "kvm", "<cpu mode='custom'><model>POWER11</model></cpu>", POWER11, "" },
		{ "kvm", "", POWER11, "" },
		{ "qemu", "<cpu mode='host-model'><model>power11</model></cpu>", POWER11, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct doctor_domains d;

		empty_dir();
		define(rows[i].type, "db1", rows[i].cpu);
		doctor_domains_read(&d, dir, rows[i].pvr, &host);
		assert_int_equal(d.n, !strcmp(rows[i].type, "kvm"));
		assert_int_equal(d.n_unread, 0);
		assert_string_equal(d.newest->name, "POWER10");
		if (d.n_unfit != (*rows[i].asks != '\0') || strcmp(d.unfit[0].asks, rows[i].asks))
			fail_msg("%s: \"%s\"", rows[i].cpu, d.unfit[0].asks);
		if (d.n_unfit)
			assert_string_equal(d.unfit[0].name, "db1");
	}
}

/* What the host offers is not known: of no domain anything is said. */
static void test_unknown_host(void **state)
{
	static const struct host_facts unknown;
	struct doctor_domains d;

	(void)state;
	empty_dir();
	define("kvm", "db1", "<cpu mode='host-model'><model>power11</model></cpu>");
	doctor_domains_read(&d, dir, POWER11, &unknown);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.n_unfit, 0);
	assert_null(d.newest);
}

static void test_names(void **state)
{
	struct doctor_domain d;
	static const char hostile[] =
		"<domain type='kvm'><name>a&#27;[31m&#10;&lt;b&gt;</name></domain>";
	static const char none[] = "<domain type='kvm'><name></name></domain>";
	static const char odd[] = "<domain><name>a&#10;\xff&lt;b</name></domain>";
	static char cut[] = "<domain type='kvm'><name>db1</name><cpu mode='host-model'>";

	(void)state;
	/* No character that XML has not. */
	assert_false(doctor_domain_parse(&d, hostile, sizeof(hostile) - 1));
	assert_false(doctor_domain_parse(&d, none, sizeof(none) - 1));
	assert_false(doctor_domain_parse(&d, cut, sizeof(cut) - 1));
	for (size_t i = 0; i < sizeof(cut); i++)
		assert_false(doctor_domain_parse(&d, cut, i));
	assert_true(doctor_domain_parse(&d, odd, sizeof(odd) - 1));
	assert_true(text_is_escaped(d.name));
	assert_null(strchr(d.name, '\n'));
}

static void test_long_name(void **state)
{
	static char xml[5000];
	struct doctor_domain d;
	int len = snprintf(xml, sizeof(xml), "<domain type='kvm'><name>%04096d</name></domain>", 1);

	(void)state;
	assert_true(doctor_domain_parse(&d, xml, (size_t)len));
	assert_int_equal(strlen(d.name), sizeof(d.name) - 1);
}

/* What is no file of a definition, and what cannot be read, of any size. */
static void test_files(void **state)
{
	static char large[300 << 10];
	struct doctor_domains d;
	char path[128];

	(void)state;
	empty_dir();
	define("kvm", "good", "");
	write_file("notes.txt", "x", 1);
	write_file("empty.xml", "", 0);
	write_file("noise.xml", "\0\xff<", 3);
	write_file("large.xml", large, sizeof(large));
	snprintf(path, sizeof(path), "%s/fifo.xml", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/link.xml", dir);
	assert_int_equal(symlink("good.xml", path), 0);
	snprintf(path, sizeof(path), "%s/networks", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	doctor_domains_read(&d, dir, POWER11, &host);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.n_unread, 5);
	assert_int_equal(d.err, 0);
	doctor_domains_read(&d, "/nonsense", POWER11, &host);
	assert_int_equal(d.err, 0);
	snprintf(path, sizeof(path), "%s/good.xml", dir);
	doctor_domains_read(&d, path, POWER11, &host);
	assert_int_equal(d.err, ENOTDIR);
}

static void test_many(void **state)
{
	struct doctor_domains d;
	char name[32];

	(void)state;
	empty_dir();
	for (int i = 0; i < DOCTOR_DOMAINS + 3; i++) {
		snprintf(name, sizeof(name), "db%d", i);
		define("kvm", name, "<cpu mode='host-model'/>");
	}
	doctor_domains_read(&d, dir, 0, &host);
	assert_int_equal(d.n_unjudged, DOCTOR_DOMAINS + 3);
	doctor_domains_read(&d, dir, POWER11, &host);
	assert_int_equal(d.n_unjudged, 0);
	assert_int_equal(d.n, DOCTOR_DOMAINS + 3);
	assert_int_equal(d.n_unfit, DOCTOR_DOMAINS + 3);
}

static void test_processor(void **state)
{
	static const struct {
		const char *text;
		uint32_t pvr;
	} rows[] = {
		{ "processor\t: 0\ncpu\t\t: POWER11\nrevision\t: 2.0 (pvr 0082 0200)\n",
		  0x00820200 },
		{ "cpu: (pvr 0082 0200)\n", 0 },
		{ "revision\t: 2.0 (pvr xx)\n", 0 },
		{ "", 0 },
	};
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/cpuinfo", dir);
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file("cpuinfo", rows[i].text, strlen(rows[i].text));
		assert_int_equal(doctor_processor(path), rows[i].pvr);
	}
	assert_int_equal(doctor_processor("/nonsense"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),	  cmocka_unit_test(test_unknown_host),
		cmocka_unit_test(test_names),	  cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_files),	  cmocka_unit_test(test_many),
		cmocka_unit_test(test_processor),
	};

	return cmocka_run_group_tests(tests, set_up, clean);
}
