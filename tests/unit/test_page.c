// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/page.h"

#define NAME_LEN 64

/* A page with these recordings inside it, as a file. */
static FILE *page_of(const char *const *recordings, size_t n)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	fputs("<!DOCTYPE html>\n<p>&lt;template id=\"recording-1\"</p>\n", f);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(recordings[i]), escaped;
		char *text = malloc(len * PAGE_ESCAPED_MAX + 1), tag[NAME_LEN];
		struct page_escape escape = { 0 };

		assert_non_null(text);
		page_begin_tag(tag, sizeof(tag), i + 1, n);
		escaped = page_escape(&escape, text, recordings[i], len);
		assert_null(memchr(text, '<', escaped));
		assert_null(memchr(text, '>', escaped));
		assert_null(memchr(text, '&', escaped));
		fputs(tag, f);
		fwrite(text, 1, escaped, f);
		fputs(PAGE_END_TAG "<p>more</p>\n", f);
		free(text);
	}
	rewind(f);
	return f;
}

static void holds(FILE *f, const char *wanted)
{
	char *text = malloc(strlen(wanted) + 2);
	size_t n;

	assert_non_null(text);
	n = fread(text, 1, strlen(wanted) + 1, f);
	text[n] = '\0';
	assert_string_equal(text, wanted);
	free(text);
}

static void goes_through(const char *recording)
{
	FILE *f = page_of(&recording, 1), *inside;

	assert_true(page_is_one(f));
	inside = page_recording(f, "page", 0);
	assert_non_null(inside);
	holds(inside, recording);
	/* And once more, from its beginning. */
	assert_int_equal(ftello(inside), (off_t)strlen(recording));
	assert_false(fseeko(inside, 0, SEEK_SET));
	holds(inside, recording);
	fclose(inside);
}

static void any_recording_goes_through(void **state)
{
	(void)state;
	goes_through("");
	goes_through("{}\n");
	goes_through("{\"a\":1}\n{\"b\":\"<&>\"}\n");
	goes_through("no end of line");
	goes_through("</template><script>alert(1)</script>\n");
	goes_through("\r\n\t \x7f\xff");
	goes_through("a\\");
}

/* What was no JSON before must not become any: a \ and a < are no escape together. */
static void backslashes_keep_their_meaning(void **state)
{
	static const char alphabet[] = "\\<&>\"";
	char text[8];

	(void)state;
	for (unsigned int i = 0; i < 5 * 5 * 5 * 5 * 5; i++) {
		unsigned int rest = i;

		for (int at = 0; at < 5; at++, rest /= 5)
			text[at] = alphabet[rest % 5];
		text[5] = '\0';
		goes_through(text);
	}
}

/* An escape that was there already is the same to JSON. */
static void escapes_of_its_own(void **state)
{
	const char *recording = "\"\\u003c\\\\u003c\"";
	FILE *f = page_of(&recording, 1), *inside = page_recording(f, "page", 0);

	(void)state;
	assert_non_null(inside);
	holds(inside, "\"<\\\\u003c\"");
	fclose(inside);
}

static void longer_than_any_buffer(void **state)
{
	const size_t n = 300000;
	char *text = malloc(n + 1);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = "ab\\\\<c&\n"[i % 8];
	text[n] = '\0';
	goes_through(text);
	free(text);
}

static void several_recordings_are_told_apart(void **state)
{
	static const char *const two[] = { "{\"first\":\"<\"}\n", "{\"second\":2}\n" };
	FILE *inside;

	(void)state;
	assert_null(page_recording(page_of(two, 2), "page", 0));
	assert_null(page_recording(page_of(two, 2), "page", 3));
	for (unsigned int i = 0; i < 2; i++) {
		inside = page_recording(page_of(two, 2), "page", i + 1);
		assert_non_null(inside);
		holds(inside, two[i]);
		fclose(inside);
	}
}

static void other_pages_have_none(void **state)
{
	static const char *const pages[] = {
		"<html></html>",
		"<",
		"<template id=\"recording-1\">\n{}",
		"<template id=\"recording-1\" data-recordings=\"x\">\n{}",
		"<template id=\"recording-1\" data-recordings=\"0\">\n{}",
		"<template id=\"recording-1\" data-recordings=\"1\">",
		"<template id=\"recording-2\" data-recordings=\"2\">\n{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		FILE *f = tmpfile();

		assert_non_null(f);
		fputs(pages[i], f);
		rewind(f);
		assert_null(page_recording(f, "page", 0));
	}
}

/* A page that is cut off has a recording that is cut off. */
static void cut_off(void **state)
{
	FILE *f = tmpfile(), *inside;

	(void)state;
	assert_non_null(f);
	fputs("<x><template id=\"recording-1\" data-recordings=\"1\">\r\n{\"a\":\"\\u00", f);
	rewind(f);
	inside = page_recording(f, "page", 0);
	assert_non_null(inside);
	holds(inside, "{\"a\":\"\\u00");
	fclose(inside);
}

/* Bytes one at a time, as no reader of ours does it. */
static void without_a_buffer(void **state)
{
	const char *recording = "a\\\\\\<\\&<\\\"&\\";
	FILE *inside = page_recording(page_of(&recording, 1), "page", 0);

	(void)state;
	assert_non_null(inside);
	setvbuf(inside, NULL, _IONBF, 0);
	for (const char *c = recording; *c; c++)
		assert_int_equal(getc(inside), *c);
	assert_int_equal(getc(inside), EOF);
	fclose(inside);
}

static void a_pipe_cannot_be_rewound(void **state)
{
	static const char page[] =
		"<template id=\"recording-1\" data-recordings=\"1\">\n{}\n</template>";
	FILE *inside;
	int ends[2];

	(void)state;
	assert_false(pipe(ends));
	assert_int_equal(write(ends[1], page, strlen(page)), (ssize_t)strlen(page));
	close(ends[1]);
	inside = page_recording(fdopen(ends[0], "r"), "page", 0);
	assert_non_null(inside);
	holds(inside, "{}\n");
	assert_true(fseeko(inside, 0, SEEK_SET));
	fclose(inside);
}

static void a_recording_is_no_page(void **state)
{
	static const char *const files[] = { "", "{}", " <" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = tmpfile();

		assert_non_null(f);
		fputs(files[i], f);
		rewind(f);
		assert_false(page_is_one(f));
		holds(f, files[i]);
		fclose(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_recording_goes_through),
		cmocka_unit_test(backslashes_keep_their_meaning),
		cmocka_unit_test(escapes_of_its_own),
		cmocka_unit_test(longer_than_any_buffer),
		cmocka_unit_test(several_recordings_are_told_apart),
		cmocka_unit_test(other_pages_have_none),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(without_a_buffer),
		cmocka_unit_test(a_pipe_cannot_be_rewound),
		cmocka_unit_test(a_recording_is_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
