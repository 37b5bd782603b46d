// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xml.h"

struct page {
	char *text;
	size_t len;
	FILE *f;
	struct xml *x;
};

static int begin(void **state)
{
	static struct page p;

	p = (struct page){ 0 };
	p.f = open_memstream(&p.text, &p.len);
	assert_non_null(p.f);
	p.x = xml_open(p.f);
	assert_non_null(p.x);
	*state = &p;
	return 0;
}

static void is(struct page *p, const char *wanted)
{
	assert_true(xml_close(p->x));
	assert_false(fclose(p->f));
	assert_string_equal(p->text, wanted);
	free(p->text);
}

static void elements_and_attributes(void **state)
{
	struct page *p = *state;

	xml_begin(p->x, "a");
	xml_attr(p->x, "b", "c");
	xml_attrf(p->x, "n", "%d", 42);
	xml_textf(p->x, "%s%u", "t", 1u);
	xml_element(p->x, "e", "");
	xml_begin(p->x, "br");
	xml_end_empty(p->x);
	is(p, "<a b=\"c\" n=\"42\">t1<e></e><br/></a>\n");
}

static void hostile_text_stays_text(void **state)
{
	struct page *p = *state;

	xml_begin(p->x, "a");
	xml_attr(p->x, "b", "\"'<&>\n\x01");
	xml_text(p->x, "</a><script>&amp;\x7f\xc3\xa4\x1b");
	is(p, "<a b=\"&quot;'&lt;&amp;&gt;&#10;\\x01\">&lt;/a&gt;&lt;script&gt;&amp;amp;"
	      "\\x7f\\xc3\\xa4\\x1b</a>\n");
}

/* Whatever byte a text has, markup is what xml.c writes alone, and a file of plain ASCII. */
static void no_byte_is_markup(void **state)
{
	struct page *p = *state;
	char text[256];

	for (int c = 1; c < 256; c++)
		text[c - 1] = (char)c;
	text[255] = '\0';
	xml_begin(p->x, "a");
	xml_attr(p->x, "b", text);
	xml_text(p->x, text);
	assert_true(xml_close(p->x));
	assert_false(fclose(p->f));
	for (size_t i = 0; i < p->len; i++)
		assert_true((p->text[i] >= ' ' && p->text[i] < 0x7f) || p->text[i] == '\n' ||
			    p->text[i] == '\t');
	assert_ptr_equal(strchr(p->text + 1, '<'), strstr(p->text, "</a>\n"));
	assert_ptr_equal(strrchr(p->text, '<'), strstr(p->text, "</a>\n"));
	/* <a b="..." and no more than that. */
	assert_ptr_equal(strchr(strchr(p->text, '"') + 1, '"'), strrchr(p->text, '"'));
	for (const char *and = p->text; (and = strchr(and, '&')); and++)
		assert_non_null(strchr(and, ';'));
	free(p->text);
}

static void long_text_is_whole(void **state)
{
	const size_t n = 1u << 20;
	struct page *p = *state;
	char *text = malloc(n + 1);

	assert_non_null(text);
	memset(text, '<', n);
	text[n] = '\0';
	xml_element(p->x, "a", text);
	assert_true(xml_close(p->x));
	assert_false(fclose(p->f));
	assert_int_equal(p->len, strlen("<a></a>\n") + n * strlen("&lt;"));
	free(p->text);
	free(text);
}

static void declared_and_indented(void **state)
{
	struct page *p = *state;

	xml_declare(p->x);
	xml_begin(p->x, "a");
	xml_element(p->x, "b", "1");
	is(p, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\n <b>1</b>\n</a>\n");
}

static void raw_is_as_it_is(void **state)
{
	struct page *p = *state;

	xml_raw(p->x, "<!DOCTYPE html>\n", 16);
	xml_begin(p->x, "a");
	xml_raw(p->x, "<b/>", 4);
	is(p, "<!DOCTYPE html>\n<a><b/></a>\n");
}

static void misuse_is_told(void **state)
{
	struct page *p = *state;

	xml_end(p->x);
	assert_false(xml_close(p->x));
	assert_false(fclose(p->f));
	free(p->text);
}

static void too_deep_is_told(void **state)
{
	struct page *p = *state;

	for (int i = 0; i < XML_DEPTH_MAX; i++)
		xml_begin(p->x, "a");
	assert_false(ferror(p->f));
	xml_begin(p->x, "b");
	assert_false(xml_close(p->x));
	assert_false(fclose(p->f));
	assert_null(strstr(p->text, "<b"));
	free(p->text);
}

static void an_attribute_after_text_is_told(void **state)
{
	struct page *p = *state;

	xml_begin(p->x, "a");
	xml_text(p->x, "t");
	xml_attr(p->x, "b", "c");
	assert_false(xml_close(p->x));
	assert_false(fclose(p->f));
	assert_string_equal(p->text, "<a>t</a>\n");
	free(p->text);
}

/* What cannot be written is the file's own failure. */
static void full_disk_is_the_files_failure(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct xml *x;

	(void)state;
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	x = xml_open(full);
	assert_non_null(x);
	xml_element(x, "a", "b");
	assert_true(xml_close(x));
	assert_true(ferror(full));
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(elements_and_attributes, begin),
		cmocka_unit_test_setup(hostile_text_stays_text, begin),
		cmocka_unit_test_setup(no_byte_is_markup, begin),
		cmocka_unit_test_setup(long_text_is_whole, begin),
		cmocka_unit_test_setup(declared_and_indented, begin),
		cmocka_unit_test_setup(raw_is_as_it_is, begin),
		cmocka_unit_test_setup(misuse_is_told, begin),
		cmocka_unit_test_setup(too_deep_is_told, begin),
		cmocka_unit_test_setup(an_attribute_after_text_is_told, begin),
		cmocka_unit_test(full_disk_is_the_files_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
