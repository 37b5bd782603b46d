// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kvm/qemu_machine.h"

#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define BIT_OF_64(n) (1ull << (63 - (n)))
#define PVR8	     0x004d0200
#define PVR9	     0x004e1202
#define PVR10	     0x00800200
#define SEGSTATE     43

static struct host_facts host_of(uint32_t pvr)
{
	uint64_t character = BIT_OF_64(0) | BIT_OF_64(2) | BIT_OF_64(4) | BIT_OF_64(9);
	uint64_t behaviour = BIT_OF_64(1) | BIT_OF_64(2) | BIT_OF_64(5);

	return (struct host_facts){
		.page_size = 65536,
		.processor = { .pvr = pvr,
			       .hwcap = 0x480,
			       .dec_bits = 56,
			       .character = character,
			       .character_mask = character,
			       .behaviour = behaviour,
			       .behaviour_mask = behaviour,
			       .host_pages = true },
	};
}

static uint32_t number_of(const char *name)
{
	return capability_by_name(name)->number;
}

static void deny(struct cc_grants *g, const char *name)
{
	uint32_t n = number_of(name);

	g->yes[n / 64] &= ~(1ull << n % 64);
	g->no[n / 64] |= 1ull << n % 64;
}

static void forget(struct cc_grants *g, uint32_t n)
{
	g->yes[n / 64] &= ~(1ull << n % 64);
	g->no[n / 64] &= ~(1ull << n % 64);
}

/* A QEMU that has asked for each row, and was granted all. */
static struct cc_grants all(void)
{
	struct cc_grants g = { 0 };
	const struct capability *c;

	for (size_t i = 0; (c = capability(i)); i++)
		if (c->kvm)
			g.yes[c->number / 64] |= 1ull << c->number % 64;
	return g;
}

static uint64_t bit(const char *name)
{
	return 1ull << capability_index(capability_by_name(name));
}

static uint64_t denied(const char *text, const struct cc_grants *grants,
		       const struct host_facts *host)
{
	struct qemu_machine m;

	qemu_machine_read(&m, text);
	return qemu_machine_denied(&m, grants, host);
}

static void test_known(void **state)
{
	static const struct {
		const char *text;
		bool known, old;
	} machines[] = {
		{ "pseries", true, false },
		{ "pseries-11.0,usb=off,kvm", true, false },
		{ "pseries-rhel9.6.0", true, false },
		{ "pseries-5.0", true, false },
		{ "pseries-4.2,accel=kvm", true, true },
		{ "pseries-2.12-sxxm", true, true },
		{ "type=pseries-3.1", true, true },
		{ "accel=kvm", true, false },
		{ "accel=kvm,type=none", false, false },
		{ "none,accel=kvm:tcg", false, false },
		{ "powernv10", false, false },
		{ "pseriesx", false, false },
		{ "", false, false },
		{ NULL, false, false },
	};
	struct qemu_machine m;

	(void)state;
	for (size_t i = 0; i < COUNT(machines); i++) {
		qemu_machine_read(&m, machines[i].text);
		if (m.known != machines[i].known || m.old != machines[i].old)
			fail_msg("%s", machines[i].text);
	}
}

/* What the machine wants by default, until its options do without. */
static void test_defaults(void **state)
{
	static const char *const wanted[] = { "cap-fwnmi", "cap-ail-mode-3", "cap-dawr1" };
	struct host_facts host = host_of(PVR10);
	struct cc_grants g = all();
	char text[64];

	(void)state;
	assert_int_equal(denied("pseries", &g, &host), 0);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		g = all();
		deny(&g, wanted[i]);
		assert_int_equal(denied("pseries", &g, &host), bit(wanted[i]));
		assert_int_equal(denied("pseries-4.2", &g, &host), 0);
		assert_int_equal(denied("none", &g, &host), 0);
		assert_int_equal(denied(NULL, &g, &host), 0);
		snprintf(text, sizeof(text), "pseries,%s=off", wanted[i]);
		assert_int_equal(denied(text, &g, &host), 0);
		snprintf(text, sizeof(text), "pseries,%s=no,kvm", wanted[i]);
		assert_int_equal(denied(text, &g, &host), 0);
		snprintf(text, sizeof(text), "pseries,%s=off,%s=on", wanted[i], wanted[i]);
		assert_int_equal(denied(text, &g, &host), bit(wanted[i]));
	}
	/* What no option does without holds for old machines as well. */
	g = all();
	deny(&g, "papr");
	assert_int_equal(denied("pseries-4.2", &g, &host), bit("papr"));
	/* A guest that is told to be an older processor has the defaults of that one. */
	g = all();
	deny(&g, "cap-dawr1");
	assert_int_equal(denied("pseries,max-cpu-compat=power9", &g, &host), 0);
	assert_int_equal(denied("pseries,max-cpu-compat=power10", &g, &host), bit("cap-dawr1"));
	assert_int_equal(denied("pseries,max-cpu-compat=nonsense", &g, &host), bit("cap-dawr1"));
	assert_int_equal(denied("pseries,max-cpu-compat=power9,cap-dawr1=on", &g, &host),
			 bit("cap-dawr1"));
	deny(&g, "cap-fwnmi");
	assert_int_equal(denied("pseries,max-cpu-compat=power8", &g, &host), bit("cap-fwnmi"));
	/* A processor to which QEMU does not give it. */
	host.processor.pvr = PVR9;
	g = all();
	deny(&g, "cap-dawr1");
	assert_int_equal(denied("pseries", &g, &host), 0);
}

static void test_asked_for(void **state)
{
	struct host_facts host = host_of(PVR10);
	struct cc_grants g = all();

	(void)state;
	deny(&g, "cap-htm");
	assert_int_equal(denied("pseries", &g, &host), 0);
	assert_int_equal(denied("pseries,cap-htm=on", &g, &host), bit("cap-htm"));
	assert_int_equal(denied("pseries-4.2,cap-htm=on", &g, &host), bit("cap-htm"));
	g = all();
	assert_int_equal(denied("pseries,cap-nested-papr=on", &g, &host), bit("cap-nested-papr"));
	deny(&g, "resize-hpt");
	assert_int_equal(denied("pseries,resize-hpt=required", &g, &host), bit("resize-hpt"));
	assert_int_equal(denied("pseries,resize-hpt=enabled", &g, &host), 0);
}

static void test_levels(void **state)
{
	struct host_facts host = host_of(PVR10);
	struct cc_grants g = all();

	(void)state;
	assert_int_equal(denied("pseries,cap-cfpc=fixed", &g, &host), bit("cap-cfpc"));
	assert_int_equal(denied("pseries,cap-cfpc=workaround", &g, &host), 0);
	assert_int_equal(denied("pseries,cap-cfpc=nonsense", &g, &host), 0);
	assert_int_equal(denied("pseries,cap-hpt-max-page-size=16M", &g, &host),
			 bit("cap-hpt-max-page-size"));
	assert_int_equal(denied("pseries,cap-hpt-max-page-size=64k", &g, &host), 0);
	assert_int_equal(denied("pseries,cap-hpt-max-page-size=65536", &g, &host), 0);
	host.page_size = 4096;
	assert_int_equal(denied("pseries,cap-hpt-max-page-size=4096", &g, &host), 0);
	assert_int_equal(denied("pseries", &g, &host), bit("cap-hpt-max-page-size"));
	assert_string_equal(
		qemu_machine_grant(capability_index(capability_by_name("cap-hpt-max-page-size")),
				   &host)
			.option,
		"cap-hpt-max-page-size=4096");
	/* KVM_PPC_GET_CPU_CHAR gave nothing. */
	host = host_of(PVR10);
	host.processor.character_mask = host.processor.behaviour_mask = 0;
	assert_int_equal(denied("pseries", &g, &host),
			 bit("cap-cfpc") | bit("cap-ibs") | bit("cap-ccf-assist"));
	assert_int_equal(
		denied("pseries,cap-cfpc=broken,cap-ibs=broken,cap-ccf-assist=off", &g, &host), 0);
}

/* Interrupts are KVM's only if they must be; a dual machine begins with XICS. */
static void test_interrupts(void **state)
{
	struct host_facts host = host_of(PVR10);
	struct cc_grants g = all();

	(void)state;
	deny(&g, "xive");
	assert_int_equal(denied("pseries", &g, &host), 0);
	assert_int_equal(denied("pseries,ic-mode=xive", &g, &host), 0);
	assert_int_equal(denied("pseries,kernel-irqchip=on", &g, &host), 0);
	assert_int_equal(denied("pseries,ic-mode=dual,kvm,kernel-irqchip=on", &g, &host), 0);
	assert_int_equal(denied("pseries,ic-mode=xive,kvm,kernel-irqchip=on", &g, &host),
			 bit("xive"));
	deny(&g, "xics");
	assert_int_equal(denied("pseries", &g, &host), 0);
	assert_int_equal(denied("pseries,kernel-irqchip=on", &g, &host), bit("xics"));
	assert_int_equal(denied("pseries,kernel-irqchip=on,ic-mode=xive", &g, &host), bit("xive"));
	assert_int_equal(denied("pseries,kernel-irqchip=off,ic-mode=xive", &g, &host), 0);
}

/* What was not asked, or is not known, is no reason. */
static void test_unknown(void **state)
{
	struct host_facts host = host_of(PVR10);
	struct cc_grants g = all();
	uint32_t fwnmi = number_of("cap-fwnmi"), chars = number_of("cpu-char");

	(void)state;
	deny(&g, "cap-fwnmi");
	forget(&g, fwnmi);
	assert_int_equal(denied("pseries", &g, &host), 0);
	g = all();
	deny(&g, "cap-fwnmi");
	/* Without facts of the processor KVM's answers remain. */
	host.processor = (struct processor_facts){ 0 };
	assert_int_equal(denied("pseries", &g, &host), bit("cap-fwnmi"));
	host = host_of(PVR10);
	host.processor.dec_bits = 32;
	host.processor.character_mask = 0;
	g = all();
	forget(&g, chars);
	assert_int_equal(denied("pseries", &g, &host), bit("cap-large-decr"));
	forget(&g, SEGSTATE);
	assert_int_equal(denied("pseries", &g, &host), 0);
	assert_int_equal(denied("pseries", &(struct cc_grants){ 0 }, &host), 0);
}

/* Whatever a process wrote there. */
static void test_hostile(void **state)
{
	static const char *const texts[] = {
		",,,,=,==,=on,",
		"pseries,=",
		"pseries,cap-htm",
		"pseries,cap-cfpc=",
		"type=,type",
		"pseries,cap-hpt-max-page-size=",
		"pseries,cap-hpt-max-page-size=0",
		"pseries,cap-hpt-max-page-size=99999999999999999999999G",
		"pseries,cap-hpt-max-page-size=3",
		"pseries,cap-ibs=workaround workaround",
	};
	struct host_facts host = host_of(PVR8);
	struct cc_grants g = all();
	char longest[600];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		denied(texts[i], &g, &host);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(denied(longest, &g, &host), denied("pseries", &g, &host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),	   cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_asked_for),  cmocka_unit_test(test_levels),
		cmocka_unit_test(test_interrupts), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
