// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kvm/abi.h"
#include "kvm/capabilities.h"

#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define BIT_OF_64(n) (1ull << (63 - (n)))
#define PVR8	     0x004d0200
#define PVR9	     0x004e1202
#define PVR10	     0x00800200
#define PVR11	     0x00821200

/* A host whose KVM answers 1 to all. */
static struct capability_facts facts_of(uint32_t pvr)
{
	struct capability_facts f = {
		.processor = { .pvr = pvr, .hwcap = 0x480, .dec_bits = 56, .host_pages = true },
		.page_size = 65536
	};

	for (size_t i = 0; i < COUNT(f.extensions); i++)
		f.extensions[i] = 1;
	f.processor.character = f.processor.character_mask = BIT_OF_64(0) | BIT_OF_64(2) |
							     BIT_OF_64(4) | BIT_OF_64(9);
	f.processor.behaviour = f.processor.behaviour_mask = BIT_OF_64(1) | BIT_OF_64(2) |
							     BIT_OF_64(5);
	return f;
}

static struct capability_grant grant_of(const char *name, const struct capability_facts *f)
{
	const struct capability *c = capability_by_name(name);

	assert_non_null(c);
	return capability_grant(c, f);
}

static void assert_value(const char *name, const struct capability_facts *f, bool granted,
			 const char *value, const char *option)
{
	const struct capability_grant g = grant_of(name, f);

	if (g.granted != granted || strcmp(g.value, value) || strcmp(g.option, option))
		print_error("%s: %d '%s' '%s'\n", name, g.granted, g.value, g.option);
	assert_int_equal(g.granted, granted);
	assert_string_equal(g.value, value);
	assert_string_equal(g.option, option);
}

/* ------------------------------------------------------------------ the table */

static void test_rows(void **state)
{
	const struct capability *c, *d;

	(void)state;
	for (size_t i = 0; (c = capability(i)); i++) {
		assert_ptr_equal(capability_by_name(c->name), c);
		assert_non_null(c->what);
		assert_true(strlen(c->name) <= 21 &&
			    (!c->kvm || c->number < CAPABILITY_EXTENSIONS));
		/* What the kernel has was new once. */
		assert_int_equal(!c->kvm, !c->since);
		assert_true(!c->kvm || (!strncmp(c->kvm, "KVM_CAP_", 8) && strlen(c->kvm) <= 26));
		/* Each of QEMU's cap-* can be told to go without. */
		if (!strncmp(c->name, "cap-", 4))
			assert_true(c->qemu && !strcmp(c->qemu, c->name) && c->without &&
				    c->wants && c->message);
		assert_true(!c->levels || capability_level(c, c->wants) >= 0);
		/* Where nothing can be typed it is said what else there is, if there is. */
		assert_true(c->need != NEED_USED || c->otherwise);
		assert_true(c->need != NEED_ASKED || !c->otherwise);
		for (size_t k = 0; k < i; k++) {
			d = capability(k);
			/* One number has one name and one beginning. */
			if (c->kvm && d->kvm && c->number == d->number) {
				assert_string_equal(c->kvm, d->kvm);
				assert_string_equal(c->since, d->since);
			}
		}
	}
	assert_null(capability_by_name("cap-"));
	assert_int_equal(capability_by_name("compat-caps")->number, ABI_CAP_PPC_COMPAT_CAPS);
}

static void test_rows_of_an_extension(void **state)
{
	static const char *const names[] = { "cap-cfpc", "cap-sbbc", "cap-ibs", "cap-ccf-assist",
					     "cpu-char" };
	const struct capability *c = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		c = capability_of_extension(151, c);
		assert_non_null(c);
		assert_string_equal(c->name, names[i]);
	}
	assert_null(capability_of_extension(151, c));
	/* 56 is the number of bits of the decrementer, and no extension. */
	assert_null(capability_of_extension(56, NULL));
	assert_null(capability_of_extension(4711, NULL));
}

static void test_levels(void **state)
{
	const struct capability *ibs = capability_by_name("cap-ibs");

	(void)state;
	assert_int_equal(capability_level(ibs, "broken"), 0);
	assert_int_equal(capability_level(ibs, "fixed-ibs"), 2);
	assert_int_equal(capability_level(ibs, "fixed-na"), 4);
	assert_int_equal(capability_level(ibs, "fixed"), -1);
	assert_int_equal(capability_level(ibs, ""), -1);
	assert_int_equal(capability_level(capability_by_name("cap-htm"), "off"), -1);
}

/* ------------------------------------------------------------------ what is granted */

static void test_all_is_granted(void **state)
{
	const struct capability_facts f = facts_of(PVR10);
	const struct capability *c;

	(void)state;
	for (size_t i = 0; (c = capability(i)); i++) {
		const struct capability_grant g = capability_grant(c, &f);

		assert_int_equal(g.granted, c->from_what != FROM_NOBODY);
		assert_false(g.missing);
		assert_int_equal(!*g.option, g.granted);
	}
}

static void test_nothing_is_granted(void **state)
{
	const struct capability_facts f = { .processor = { .pvr = PVR10 } };
	const struct capability *c;

	(void)state;
	for (size_t i = 0; (c = capability(i)); i++) {
		const struct capability_grant g = capability_grant(c, &f);

		assert_false(g.granted);
		assert_int_equal(g.missing, c->need == NEED_START && g.wanted);
	}
	/* A page of no size is nothing to type. */
	assert_value("cap-hpt-max-page-size", &f, false, "0", "");
	assert_value("cap-ibs", &f, false, "broken", "cap-ibs=broken");
	assert_value("xive", &f, false, "", "ic-mode=xics");
}

static void test_an_answer_below_zero_is_none(void **state)
{
	struct capability_facts f = facts_of(PVR10);

	(void)state;
	f.extensions[132] = -1;
	f.extensions[147] = -1;
	f.extensions[134] = -1;
	assert_value("cap-htm", &f, false, "", "cap-htm=off");
	assert_value("smt", &f, false, "", "");
	assert_value("cap-rpt-invalidate", &f, false, "", "cap-rpt-invalidate=off");
}

static void test_pages(void **state)
{
	struct capability_facts f = facts_of(PVR10);

	(void)state;
	assert_value("cap-hpt-max-page-size", &f, true, "65536", "");
	f.page_size = 4096;
	assert_value("cap-hpt-max-page-size", &f, false, "4096", "cap-hpt-max-page-size=4096");
	assert_string_equal(grant_of("cap-hpt-max-page-size", &f).libvirt,
			    "<hpt><maxpagesize unit='bytes'>4096</maxpagesize></hpt>");
	f.processor.host_pages = false;
	assert_value("cap-hpt-max-page-size", &f, true, "17179869184", "");
}

static void test_yes_is_not_enough(void **state)
{
	struct capability_facts f = facts_of(PVR10);

	(void)state;
	assert_value("xive", &f, true, "", "");
	assert_null(grant_of("xive", &f).why);
	f.page_size = 4096;
	assert_value("xive", &f, false, "", "ic-mode=xics");
	assert_non_null(strstr(grant_of("xive", &f).why, "64 KiB"));
	f.extensions[169] = 0;
	assert_null(grant_of("xive", &f).why);
	f.extensions[134] = 0;
	assert_non_null(strstr(grant_of("cap-rpt-invalidate", &f).why, "radix"));
	f.processor.pvr = PVR9;
	assert_non_null(strstr(grant_of("cap-dawr1", &f).why, "newer processors"));
	assert_value("cap-dawr1", &f, false, "", "cap-dawr1=off");
}

static void test_memory_of_hash_guests(void **state)
{
	struct capability_facts f = facts_of(PVR8);

	(void)state;
	f.extensions[134] = 0;
	assert_value("vrma", &f, true, "", "");
	f.page_size = 4096;
	assert_value("vrma", &f, false, "", "");
	assert_true(grant_of("vrma", &f).missing);
	assert_non_null(grant_of("vrma", &f).why);
	f = facts_of(PVR9);
	f.page_size = 4096;
	assert_value("vrma", &f, true, "", "");
}

static void test_speculation(void **state)
{
	struct capability_facts f = facts_of(PVR10);

	(void)state;
	assert_value("cap-cfpc", &f, true, "workaround", "");
	assert_value("cap-sbbc", &f, true, "workaround", "");
	assert_value("cap-ibs", &f, true, "workaround", "");
	assert_value("cap-ccf-assist", &f, true, "", "");
	/* Said not to be needed is better than a workaround; not said is nothing. */
	f.processor.behaviour = 0;
	assert_value("cap-cfpc", &f, true, "fixed", "");
	assert_value("cap-sbbc", &f, true, "fixed", "");
	assert_value("cap-ibs", &f, false, "broken", "cap-ibs=broken");
	f.processor.character_mask |= BIT_OF_64(1) | BIT_OF_64(7);
	assert_value("cap-ibs", &f, true, "fixed-na", "");
	f.processor.character |= BIT_OF_64(1);
	assert_value("cap-ibs", &f, true, "fixed-ibs", "");
	f.processor.character |= BIT_OF_64(7);
	assert_value("cap-ibs", &f, true, "fixed-ccd", "");
	/* A count cache that is off needs no help. */
	f.processor.character &= ~BIT_OF_64(9);
	assert_value("cap-ccf-assist", &f, true, "", "");
	f.processor.character_mask = f.processor.behaviour_mask = 0;
	assert_value("cap-cfpc", &f, false, "broken", "cap-cfpc=broken");
	assert_value("cap-ccf-assist", &f, false, "", "cap-ccf-assist=off");
	/* Only from POWER9 on is a cache of each thread's own asked for. */
	f.processor.character = f.processor.character_mask = BIT_OF_64(3);
	assert_value("cap-cfpc", &f, false, "broken", "cap-cfpc=broken");
	f.processor.pvr = PVR8;
	assert_value("cap-cfpc", &f, true, "workaround", "");
}

static void test_generations(void **state)
{
	static const struct {
		uint32_t pvr;
		const char *name, *by_default;
		bool wanted, granted;
	} cases[] = {
		{ PVR11, "cap-dawr1", "on", true, true },
		{ PVR10, "cap-dawr1", "on", true, true },
		{ PVR9, "cap-dawr1", "off", false, false },
		{ PVR9, "cap-large-decr", "on", true, true },
		{ PVR8, "cap-large-decr", "off", false, true },
		{ PVR8, "cap-nested-hv", "off", false, false },
		{ PVR9, "cap-nested-hv", "off", false, true },
		{ PVR8, "cap-cfpc", "workaround", true, true },
		{ PVR11, "cap-sbbc", "broken", false, true },
		/* One that is not known is taken for a new one. */
		{ 0x00990100, "cap-dawr1", "on", true, true },
		{ 0x00990100, "cap-sbbc", "broken", false, true },
	};

	struct capability_facts f8;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct capability_facts f = facts_of(cases[i].pvr);
		const struct capability_grant g = grant_of(cases[i].name, &f);

		assert_string_equal(g.by_default, cases[i].by_default);
		assert_int_equal(g.wanted, cases[i].wanted);
		assert_int_equal(g.granted, cases[i].granted);
	}
	f8 = facts_of(PVR8);
	assert_null(grant_of("xive", &f8).by_default);
	assert_false(grant_of("xive", &f8).wanted);
	assert_int_equal(capability_generation(PVR8), 8);
	assert_int_equal(capability_generation(0x004c0100), 8); /* POWER8NVL */
	assert_int_equal(capability_generation(PVR11), 11);
	assert_int_equal(capability_generation(0), 0);
}

static void test_the_decrementer_has_its_size(void **state)
{
	struct capability_facts f = facts_of(PVR9);

	(void)state;
	assert_value("cap-large-decr", &f, true, "56", "");
	f.processor.dec_bits = 32;
	assert_value("cap-large-decr", &f, false, "", "cap-large-decr=off");
	assert_true(grant_of("cap-large-decr", &f).missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_of_an_extension),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_all_is_granted),
		cmocka_unit_test(test_nothing_is_granted),
		cmocka_unit_test(test_an_answer_below_zero_is_none),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_yes_is_not_enough),
		cmocka_unit_test(test_memory_of_hash_guests),
		cmocka_unit_test(test_speculation),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_the_decrementer_has_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
