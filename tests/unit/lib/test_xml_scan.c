// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* XML of others, read: elements in their order, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/xml_scan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* "+a =text -a", and "!" where it is no XML. */
static void walk(char *buf, size_t size, const char *xml)
{
	struct xml_scan s = xml_scan_begin(xml, strlen(xml));
	enum xml_found found;
	char text[64];
	size_t n = 0;

	buf[0] = '\0';
	while ((found = xml_scan(&s)) > XML_BAD) {
		const struct xml_span *name = &s.open[s.depth - 1];

		if (found == XML_TEXT)
			n += (size_t)snprintf(buf + n, size - n, "=%s ",
					      xml_scan_text(&s, text, sizeof(text)) ? text : "?");
		else
			n += (size_t)snprintf(buf + n, size - n, "%c%.*s ",
					      found == XML_OPEN ? '+' : '-', (int)name->len,
					      name->at);
	}
	if (found == XML_BAD)
		snprintf(buf + n, size - n, "!");
	assert_int_equal(xml_scan(&s), found == XML_END ? XML_END : XML_BAD);
}

static void test_elements(void **state)
{
	static const char *const rows[][2] = {
		{ "<a/>", "+a -a " },
		{ "<a></a>", "+a -a " },
		{ " <?xml version='1.0'?>\n<!-- <b> --><a b='>' c=\"/\" >x</a\n>\n", "+a =x -a " },
		{ "<a>x<b/>y</a>", "+a =x +b -b =y -a " },
		{ "<a>&lt;&#65;&#x42;&amp;&quot;&apos;&gt;</a>", "+a =<AB&\"'> -a " },
		{ "<a>&#xe9;&#x20ac;&#x1f600;</a>",
		  "+a =\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 -a " },
		{ "<a>&b;</a>", "+a =? -a " },
		{ "<a>&</a>", "+a =? -a " },
		{ "<a>&#0;</a>", "+a =? -a " },
		{ "<a>&#xd800;</a>", "+a =? -a " },
		{ "<a>&#x110000;</a>", "+a =? -a " },
		{ "<a>&#99999999999999999999;</a>", "+a =? -a " },
		{ "<a>&#;&#x;</a>", "+a =? -a " },
		{ "<a><![CDATA[<b>]]></a>", "+a -a " },
		{ "<q:a xmlns:q='x'><q:b/></q:a>", "+q:a +q:b -q:b -q:a " },
		{ "", "!" },
		{ "x", "!" },
		{ "<a>", "+a !" },
		{ "<a", "!" },
		{ "<a b='", "!" },
		{ "<a b='>", "!" },
		{ "<a <b/>", "!" },
		{ "<>", "!" },
		{ "</a>", "!" },
		{ "<a></b>", "+a !" },
		{ "<a></a", "+a !" },
		{ "<a/><b/>", "+a -a !" },
		{ "<a/>x", "+a -a !" },
		{ "<a><!-- </a>", "+a !" },
		{ "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "!" },
		{ "<![CDATA[x]]><a/>", "!" },
	};
	char buf[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		walk(buf, sizeof(buf), rows[i][0]);
		if (strcmp(buf, rows[i][1]))
			fail_msg("%s: \"%s\", not \"%s\"", rows[i][0], buf, rows[i][1]);
	}
}

static void test_depth(void **state)
{
	char xml[4 * (XML_SCAN_DEPTH + 1) + 1], buf[1024];

	(void)state;
	for (size_t depth = XML_SCAN_DEPTH; depth <= XML_SCAN_DEPTH + 1; depth++) {
		size_t n = 0;

		for (size_t i = 0; i < depth; i++)
			n += (size_t)sprintf(xml + n, "<a>");
		walk(buf, sizeof(buf), xml);
		/* One too many is not begun. */
		assert_int_equal(strlen(buf), 3 * XML_SCAN_DEPTH + 1);
	}
}

static void test_attrs(void **state)
{
	static const char xml[] = "<d a='1' ab = \"2&amp;\" c='' d='&x;' e f='6'/>";
	struct xml_scan s = xml_scan_begin(xml, sizeof(xml) - 1);
	char buf[4];

	(void)state;
	assert_int_equal(xml_scan(&s), XML_OPEN);
	assert_true(xml_scan_attr(&s, "a", buf, sizeof(buf)));
	assert_string_equal(buf, "1");
	assert_true(xml_scan_attr(&s, "ab", buf, sizeof(buf)));
	assert_string_equal(buf, "2&");
	assert_true(xml_scan_attr(&s, "c", buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_false(xml_scan_attr(&s, "b", buf, sizeof(buf)));
	assert_false(xml_scan_attr(&s, "d", buf, sizeof(buf)));
	assert_string_equal(buf, "");
	/* Behind what is no attribute none is looked for. */
	assert_false(xml_scan_attr(&s, "f", buf, sizeof(buf)));
}

static void test_path(void **state)
{
	static const char xml[] = "<a><b><c/></b></a>";
	struct xml_scan s = xml_scan_begin(xml, sizeof(xml) - 1);

	(void)state;
	assert_false(xml_scan_is(&s, "a"));
	xml_scan(&s);
	assert_true(xml_scan_is(&s, "a"));
	assert_false(xml_scan_is(&s, "a/b"));
	xml_scan(&s);
	xml_scan(&s);
	assert_true(xml_scan_is(&s, "a/b/c"));
	assert_false(xml_scan_is(&s, "a/b"));
	assert_false(xml_scan_is(&s, "a/b/c/d"));
	assert_false(xml_scan_is(&s, "x/b/c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_attrs),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
