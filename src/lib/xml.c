// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Writes XML. No library is used: libxml2's writer comes with its parser, three megabytes where it
 * is linked statically. All that is needed is a stack of names and six entities.
 */
#include "lib/xml.h"

#include <stdarg.h>
#include <stdlib.h>

#include "lib/say.h"

struct xml {
	FILE *f;
	const char *names[XML_DEPTH_MAX]; /* of the elements that are open */
	size_t depth;
	bool in_tag;	/* the innermost one still takes attributes */
	bool lines;	/* an element a line */
	bool same_line; /* but this one holds text, to which no space may be added */
	bool failed;
};

struct xml *xml_open(FILE *f)
{
	struct xml *x = calloc(1, sizeof(*x));

	if (x)
		x->f = f;
	else
		say("out of memory");
	return x;
}

bool xml_close(struct xml *x)
{
	bool ok;

	while (x->depth)
		xml_end_empty(x);
	if (!x->lines)
		fputc('\n', x->f);
	ok = !x->failed;
	free(x);
	return ok;
}

void xml_declare(struct xml *x)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", x->f);
	x->lines = true;
}

static void end_tag(struct xml *x)
{
	if (x->in_tag)
		fputc('>', x->f);
	x->in_tag = false;
}

static void indent(struct xml *x)
{
	for (size_t i = 1; i < x->depth; i++)
		fputc(' ', x->f);
}

void xml_begin(struct xml *x, const char *name)
{
	if (x->depth == XML_DEPTH_MAX) {
		x->failed = true;
		return;
	}
	if (x->in_tag && x->lines)
		fputs(">\n", x->f);
	else
		end_tag(x);
	x->names[x->depth++] = name;
	if (x->lines)
		indent(x);
	fprintf(x->f, "<%s", name);
	x->in_tag = true;
	x->same_line = false;
}

static void end(struct xml *x, bool short_form)
{
	if (!x->depth) {
		x->failed = true;
		return;
	}
	if (x->in_tag && short_form) {
		fputs("/>", x->f);
	} else {
		if (x->lines && !x->in_tag && !x->same_line)
			indent(x);
		end_tag(x);
		fprintf(x->f, "</%s>", x->names[x->depth - 1]);
	}
	x->depth--;
	x->in_tag = x->same_line = false;
	if (x->lines)
		fputc('\n', x->f);
}

void xml_end(struct xml *x)
{
	end(x, false);
}

void xml_end_empty(struct xml *x)
{
	end(x, true);
}

/* NULL: the character needs no entity. The end of a line and a tab stay what they are in a text
 * alone. */
static const char *entity(char c, bool in_attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\n':
		return in_attribute ? "&#10;" : NULL;
	case '\t':
		return in_attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

static bool is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

static void write_escaped(struct xml *x, const char *text, bool in_attribute)
{
	for (; *text; text++) {
		const char *name = entity(*text, in_attribute);

		if (name)
			fputs(name, x->f);
		else if (is_plain((unsigned char)*text))
			putc(*text, x->f);
		else
			fprintf(x->f, "\\x%02x", (unsigned char)*text);
	}
}

void xml_attr(struct xml *x, const char *name, const char *value)
{
	if (!x->in_tag) {
		x->failed = true;
		return;
	}
	fprintf(x->f, " %s=\"", name);
	write_escaped(x, value, true);
	fputc('"', x->f);
}

void xml_text(struct xml *x, const char *text)
{
	end_tag(x);
	x->same_line = true;
	write_escaped(x, text, false);
}

/* The caller frees it. NULL: there was no memory, which is remembered. */
static char *format(struct xml *x, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) >= 0)
		return text;
	x->failed = true;
	return NULL;
}

void xml_attrf(struct xml *x, const char *name, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format(x, fmt, ap);
	va_end(ap);
	if (text)
		xml_attr(x, name, text);
	free(text);
}

void xml_textf(struct xml *x, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format(x, fmt, ap);
	va_end(ap);
	if (text)
		xml_text(x, text);
	free(text);
}

void xml_element(struct xml *x, const char *name, const char *text)
{
	xml_begin(x, name);
	xml_text(x, text);
	xml_end(x);
}

void xml_raw(struct xml *x, const char *markup, size_t len)
{
	end_tag(x);
	x->same_line = true;
	fwrite(markup, 1, len, x->f);
}
