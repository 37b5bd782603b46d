// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The checks that the fuzzers share, and the program's messages, which are checked here instead of
 * being printed. Formats are parsed by the libraries that know them: yyjson and libxml2.
 */
#include "fuzz.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <yyjson.h>

#include "lib/say.h"

void check_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
	abort();
}

/* ------------------------------------------------------------------ bytes */

FILE *bytes_open(struct bytes b)
{
	/* fmemopen() refuses an empty buffer. */
	FILE *f = b.len ? fmemopen((void *)b.data, b.len, "r") : fopen("/dev/null", "r");

	check(f);
	return f;
}

void sink_begin(struct sink *s)
{
	s->text = NULL;
	s->f = open_memstream(&s->text, &s->len);
	check(s->f);
}

struct bytes sink_end(struct sink *s)
{
	check(!fclose(s->f));
	return (struct bytes){ s->text, s->len };
}

static size_t line_at(struct bytes b, size_t at)
{
	while (at && b.data[at - 1] != '\n')
		at--;
	return at;
}

static void show_line(struct bytes b, size_t at)
{
	const char *end = memchr(b.data + at, '\n', b.len - at);
	size_t len = end ? (size_t)(end - b.data) - at : b.len - at;

	fprintf(stderr, "\t%.*s\n", (int)len, b.data + at);
}

void check_same_at(struct bytes a, struct bytes b, const char *file, int line)
{
	size_t at = 0;

	while (at < a.len && at < b.len && a.data[at] == b.data[at])
		at++;
	if (at == a.len && at == b.len)
		return;
	at = line_at(a, at);
	show_line(a, at);
	show_line(b, at);
	check_failed("both are the same", file, line);
}

/* ------------------------------------------------------------------ messages */

static void look_at(const char *fmt, va_list ap)
{
	char text[8192];

	vsnprintf(text, sizeof(text), fmt, ap);
	check_string(text);
}

/* A message may quote anything; a terminal shows it. */
void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	look_at(fmt, ap);
	va_end(ap);
}

void say_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	look_at(fmt, ap);
	va_end(ap);
}

void say_quiet(bool quiet)
{
	(void)quiet;
}

/* ------------------------------------------------------------------ formats */

void check_printable(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		check(b.data[i] == '\n' || (b.data[i] >= ' ' && b.data[i] <= '~'));
}

void check_string(const char *text)
{
	check(text);
	check_printable((struct bytes){ text, strlen(text) });
	check(!strchr(text, '\n'));
}

void check_json(struct bytes b)
{
	yyjson_doc *doc = yyjson_read(b.data, b.len, YYJSON_READ_BIGNUM_AS_RAW);

	check(doc);
	yyjson_doc_free(doc);
}

static bool put_to_sink(void *ctx, const char *bytes, size_t len)
{
	struct sink *s = ctx;

	return fwrite(bytes, 1, len, s->f) == len;
}

/* Azure, GitHub and LAVA look for these anywhere, GitHub for :: at the beginning of a line. */
static void check_no_command(struct bytes b)
{
	static const char *const commands[] = { "##[", "##vso[", "<LAVA_" };
	bool begins = true;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		check(!memmem(b.data, b.len, commands[i], strlen(commands[i])));
	for (size_t i = 0; i < b.len; i++) {
		check(!begins || i + 1 == b.len || memcmp(b.data + i, "::", 2));
		begins = b.data[i] == '\n' || (begins && b.data[i] == ' ');
	}
}

struct bytes check_shielded(struct bytes b, enum shield_kind kind)
{
	struct shield shield = { .kind = kind };
	struct bytes shielded;
	struct sink sink;
	size_t half = b.len / 2;

	sink_begin(&sink);
	/* In two pieces, as buffers of the C library are: a command may lie across them. */
	check(shield_write(&shield, b.data, half, put_to_sink, &sink));
	check(shield_write(&shield, b.data + half, b.len - half, put_to_sink, &sink));
	free((void *)b.data);
	shielded = sink_end(&sink);
	check_no_command(shielded);
	return shielded;
}

/* Two functions of libxml2 as its header has them, which is not there where the library is. */
typedef void *parse_fn(const char *text, int len, const char *url, const char *encoding, int flags);
typedef void free_fn(void *doc);

enum { NO_ERRORS = 1 << 5, NO_WARNINGS = 1 << 6, NO_NETWORK = 1 << 11 };

static void *function_of_libxml2(const char *name)
{
	static void *library;

	if (!library)
		library = dlopen("libxml2.so.2", RTLD_NOW);
	if (!library)
		library = dlopen("libxml2.so.16", RTLD_NOW);
	check(library);
	return dlsym(library, name);
}

void check_xml(struct bytes b)
{
	parse_fn *parse = (parse_fn *)function_of_libxml2("xmlReadMemory");
	free_fn *free_doc = (free_fn *)function_of_libxml2("xmlFreeDoc");
	void *doc;

	check(parse && free_doc);
	doc = parse(b.data, (int)b.len, NULL, NULL, NO_ERRORS | NO_WARNINGS | NO_NETWORK);
	check(doc);
	free_doc(doc);
}

static bool begins(struct bytes line, const char *with)
{
	size_t n = strlen(with);

	return line.len >= n && !memcmp(line.data, with, n);
}

/* A line of TAP or KTAP, which indents the tests of a subtest. */
static void check_tap_line(struct bytes line)
{
	static const char *const beginnings[] = { "ok ", "not ok ",	   "1..",
						  "# ",	 "TAP version 13", "KTAP version 1" };

	while (line.len && *line.data == ' ') {
		line.data++;
		line.len--;
	}
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (begins(line, beginnings[i]))
			return;
	abort();
}

/* LAVA looks for its lines with a regular expression; a name with a space would be cut. */
static void check_lava_line(struct bytes line)
{
	char name[256], result[16], rest;
	char *text = strndup(line.data, line.len);

	check(text);
	check(sscanf(text, "lava-test-case %255[A-Za-z0-9._-] --result %15[a-z]%c", name, result,
		     &rest) == 2);
	check(!strcmp(result, "pass") || !strcmp(result, "fail") || !strcmp(result, "unknown"));
	free(text);
}

static void check_lines(struct bytes b, void (*check_line)(struct bytes line))
{
	for (const char *at = b.data, *end = b.data + b.len, *newline; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		check(newline);
		check_line((struct bytes){ at, (size_t)(newline - at) });
	}
}

void check_results(const struct results_format *format, struct bytes b)
{
	const char *name = format->format.name;

	check_printable(b);
	b = check_shielded(b, format->format.shield);
	if (!strcmp(name, "junit"))
		check_xml(b);
	else if (!strcmp(name, "json"))
		check_json(b);
	else if (!strcmp(name, "lava"))
		check_lines(b, check_lava_line);
	else if (strcmp(name, "text"))
		check_lines(b, check_tap_line);
	free((void *)b.data);
}
