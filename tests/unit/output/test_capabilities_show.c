// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <yyjson.h>

#include "lib/text.h"
#include "output/capabilities_show.h"

/* A POWER10 with pages of 4 KiB, whose KVM grants all but some: numbers of KVM, 0 ends them. */
static struct capability_report report_without(const unsigned int *numbers)
{
	struct capability_report r = { .facts = { .page_size = 65536,
						  .processor = { .pvr = 0x00800200,
								 .hwcap = 0x480,
								 .dec_bits = 56,
								 .host_pages = true,
								 .character = ~0ull,
								 .character_mask = ~0ull,
								 .behaviour = ~0ull,
								 .behaviour_mask = ~0ull } } };

	for (size_t i = 0; i < CAPABILITY_EXTENSIONS; i++)
		r.facts.extensions[i] = 1;
	for (; *numbers; numbers++)
		r.facts.extensions[*numbers] = 0;
	return r;
}

static const unsigned int none[] = { 0 }, dawr1_xive[] = { 194, 169, 0 }, papr[] = { 68, 0 },
			  radix[] = { 134, 0 };

static char *text_of(const struct capability_report *r, bool color)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	capabilities_show_text(f, r, color);
	fclose(f);
	return text;
}

/* Whatever line it is broken at. */
static void assert_says(const char *text, const char *words)
{
	char *flat = strdup(text), *to = flat;

	assert_non_null(flat);
	for (const char *from = text; *from; from++) {
		if (*from != '\n' && !(*from == ' ' && to > flat && to[-1] == ' '))
			*to++ = *from;
		else if (*from == '\n' && from[1] == ' ')
			*to++ = ' ';
	}
	*to = '\0';
	if (!strstr(flat, words))
		print_error("%s: not in %s\n", words, flat);
	assert_non_null(strstr(flat, words));
	free(flat);
}

static void assert_fits(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		/* What is to be typed stays in one piece. */
		if (strcspn(line, "\n") > TEXT_COLUMNS && strncmp(line, "  pseries,", 10))
			fail_msg("too wide: %.*s", (int)strcspn(line, "\n"), line);
	}
}

static void test_all_is_well(void **state)
{
	struct capability_report r = report_without(none);
	char *text = text_of(&r, false);

	(void)state;
	assert_memory_equal(text, "CAPABILITY ", 11);
	assert_says(text, "KVM HV on a POWER10 grants 38 of 39. QEMU's pseries machine starts here "
			  "as it is.");
	assert_fits(text);
	free(text);
}

static void test_what_is_missing_comes_first(void **state)
{
	struct capability_report r = report_without(dawr1_xive);
	char *text = text_of(&r, false), *missing, *note, *table;

	(void)state;
	r.pr = true;
	missing = strstr(text, "missing  cap-dawr1 ");
	note = strstr(text, "\nnote     xive ");
	table = strstr(text, "\nCAPABILITY ");
	assert_ptr_equal(missing, text);
	assert_true(note > missing && table > note);
	assert_says(text, "-> -machine cap-dawr1=off (libvirt: <qemu:commandline>)");
	assert_says(text, "-> -machine ic-mode=xics");
	/* What is not granted stands above what is. */
	assert_true(strstr(table, "\ncap-dawr1 ") < strstr(table, "\ncap-vsx "));
	assert_says(text, "starts here with -machine pseries,accel=kvm,cap-dawr1=off");
	assert_fits(text);
	free(text);
	text = text_of(&r, true);
	assert_memory_equal(text, "\033[31mmissing", 12);
	assert_non_null(strstr(text, "\nKVM PR on a POWER10 "));
	free(text);
}

static void test_nothing_to_type(void **state)
{
	struct capability_report r = report_without(papr);
	char *text = text_of(&r, false);

	(void)state;
	assert_says(text, "No option starts QEMU's pseries machine here.");
	assert_null(strstr(text, "-> "));
	free(text);
	/* Or something else than an option. */
	r = report_without(radix);
	r.facts.page_size = 4096;
	text = text_of(&r, false);
	assert_says(text,
		    "the pages of this host are too small. Without it QEMU starts with memory of "
		    "huge pages (-mem-path)");
	assert_says(text, "No option starts QEMU's pseries machine here.");
	free(text);
}

static void test_pages_have_units(void **state)
{
	struct capability_report r = report_without(none);
	char *text;

	(void)state;
	r.facts.page_size = 4096;
	text = text_of(&r, false);
	assert_says(text, "KVM grants 4 KiB, QEMU wants 64 KiB");
	free(text);
	r.facts.processor.host_pages = false;
	text = text_of(&r, false);
	assert_non_null(strstr(text, " 16 GiB "));
	free(text);
}

/* ------------------------------------------------------------------ JSON */

static yyjson_doc *json_of(const struct capability_report *r)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	yyjson_doc *doc;

	assert_non_null(f);
	assert_true(capabilities_show_json(f, r));
	fclose(f);
	doc = yyjson_read(text, strlen(text), 0);
	free(text);
	assert_non_null(doc);
	return doc;
}

static yyjson_val *row_of(yyjson_doc *doc, const char *name)
{
	yyjson_val *list = yyjson_doc_ptr_get(doc, "/capabilities"), *row;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, row)
		if (!strcmp(yyjson_get_str(yyjson_obj_get(row, "name")), name))
			return row;
	fail_msg("no %s", name);
	return NULL;
}

static void test_json(void **state)
{
	struct capability_report r = report_without(dawr1_xive);
	yyjson_doc *doc = json_of(&r);
	yyjson_val *row;

	(void)state;
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(doc, "/type")), "caps");
	assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(doc, "/schema")), CAPABILITIES_SCHEMA);
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(doc, "/kvm")), "hv");
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(doc, "/processor")), "POWER10");
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(doc, "/pvr")), "0x00800200");
	assert_string_equal(yyjson_get_str(yyjson_doc_ptr_get(doc, "/machine")),
			    "pseries,accel=kvm,cap-dawr1=off");
	assert_int_equal(yyjson_arr_size(yyjson_doc_ptr_get(doc, "/capabilities")), 39);
	row = row_of(doc, "cap-dawr1");
	assert_true(yyjson_is_false(yyjson_obj_get(row, "granted")));
	assert_true(yyjson_is_true(yyjson_obj_get(row, "missing")));
	assert_string_equal(yyjson_get_str(yyjson_obj_get(row, "option")), "cap-dawr1=off");
	assert_true(yyjson_is_null(yyjson_obj_get(row, "libvirt")));
	row = row_of(doc, "cap-large-decr");
	assert_true(yyjson_is_null(yyjson_obj_get(row, "kvm")));
	assert_true(yyjson_is_null(yyjson_obj_get(row, "number")));
	assert_true(yyjson_is_null(yyjson_obj_get(row, "option")));
	assert_string_equal(yyjson_get_str(yyjson_obj_get(row, "value")), "56");
	yyjson_doc_free(doc);
	r = report_without(papr);
	r.facts.processor.pvr = 0x00990100;
	doc = json_of(&r);
	assert_true(yyjson_is_null(yyjson_doc_ptr_get(doc, "/machine")));
	assert_true(yyjson_is_null(yyjson_doc_ptr_get(doc, "/processor")));
	yyjson_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_well),
		cmocka_unit_test(test_what_is_missing_comes_first),
		cmocka_unit_test(test_nothing_to_type),
		cmocka_unit_test(test_pages_have_units),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
