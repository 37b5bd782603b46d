// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lib/xml.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlversion.h>
/* Of its headers alone: where the program is built for another machine there are none of ICU. */
#undef LIBXML_ICU_ENABLED
#include <libxml/xmlwriter.h>

#include "lib/say.h"

/* What is used of the library, by the types of its header. */
#define FUNCTIONS(F) \
	F(xmlOutputBufferCreateIO) \
	F(xmlOutputBufferClose) \
	F(xmlNewTextWriter) \
	F(xmlFreeTextWriter) \
	F(xmlTextWriterSetIndent) \
	F(xmlTextWriterStartDocument) \
	F(xmlTextWriterEndDocument) \
	F(xmlTextWriterStartElement) \
	F(xmlTextWriterEndElement) \
	F(xmlTextWriterFullEndElement) \
	F(xmlTextWriterWriteAttribute) \
	F(xmlTextWriterWriteString) \
	F(xmlTextWriterWriteRawLen)

#define POINTER(name) __typeof__(&name) name;
#define FIND(name)    &&find(library, #name, &lib.name)

static struct {
	FUNCTIONS(POINTER)
} lib;

struct xml {
	xmlTextWriterPtr writer;
	FILE *f;
	bool failed;
};

static bool find(void *library, const char *name, void *function)
{
	void *found = dlsym(library, name);

	/* No cast turns an object's pointer into a function's. */
	memcpy(function, &found, sizeof(found));
	return found;
}

/* It stays loaded: the library keeps memory of its own. */
static bool load(void)
{
	static const char *const names[] = { "libxml2.so.2", "libxml2.so.16" };
	void *library = NULL;

	if (lib.xmlNewTextWriter)
		return true;
	for (size_t i = 0; !library && i < sizeof(names) / sizeof(names[0]); i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (library FUNCTIONS(FIND))
		return true;
	say("libxml2, which writes XML and HTML, cannot be loaded: install its package "
	    "(Debian: libxml2 or libxml2-16; Fedora, SUSE: libxml2), or take another --format");
	memset(&lib, 0, sizeof(lib));
	return false;
}

/* What f cannot take any more is told by whoever opened it. */
static int write_to(void *f, const char *bytes, int len)
{
	fwrite(bytes, 1, (size_t)len, f);
	return len;
}

static int keep_open(void *f)
{
	(void)f;
	return 0;
}

static xmlTextWriterPtr new_writer(FILE *f)
{
	xmlOutputBufferPtr out = lib.xmlOutputBufferCreateIO(write_to, keep_open, f, NULL);
	xmlTextWriterPtr writer = out ? lib.xmlNewTextWriter(out) : NULL;

	if (out && !writer)
		lib.xmlOutputBufferClose(out);
	return writer;
}

struct xml *xml_open(FILE *f)
{
	struct xml *x;

	if (!load())
		return NULL;
	x = calloc(1, sizeof(*x));
	if (x) {
		x->f = f;
		x->writer = new_writer(f);
		if (x->writer)
			return x;
	}
	say("there is not enough memory");
	free(x);
	return NULL;
}

static void check(struct xml *x, int result)
{
	x->failed |= result < 0;
}

bool xml_close(struct xml *x)
{
	bool ok;

	check(x, lib.xmlTextWriterEndDocument(x->writer));
	ok = !x->failed;
	lib.xmlFreeTextWriter(x->writer);
	free(x);
	return ok;
}

void xml_declare(struct xml *x)
{
	check(x, lib.xmlTextWriterStartDocument(x->writer, NULL, "UTF-8", NULL));
	check(x, lib.xmlTextWriterSetIndent(x->writer, 1));
}

static bool is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

/* With bytes that are not plain as \xNN. The caller frees it. NULL: no memory. */
static char *escape(const char *text)
{
	char *escaped = malloc(4 * strlen(text) + 1), *end = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (is_plain((unsigned char)*text))
			*end++ = *text;
		else
			end += sprintf(end, "\\x%02x", (unsigned char)*text);
	}
	*end = '\0';
	return escaped;
}

static bool all_plain(const char *text)
{
	while (is_plain((unsigned char)*text))
		text++;
	return !*text;
}

static const xmlChar *bytes(const char *text)
{
	return (const xmlChar *)text;
}

/* Hands on the text in a form that XML allows; name NULL: it is no attribute's. */
static void write_text(struct xml *x, const char *name, const char *text)
{
	char *escaped = all_plain(text) ? NULL : escape(text);
	const char *safe = escaped ? escaped : text;

	if (!escaped && !all_plain(text))
		x->failed = true;
	else if (name)
		check(x, lib.xmlTextWriterWriteAttribute(x->writer, bytes(name), bytes(safe)));
	else
		check(x, lib.xmlTextWriterWriteString(x->writer, bytes(safe)));
	free(escaped);
}

static void write_formatted(struct xml *x, const char *name, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0) {
		x->failed = true;
		return;
	}
	write_text(x, name, text);
	free(text);
}

void xml_begin(struct xml *x, const char *name)
{
	check(x, lib.xmlTextWriterStartElement(x->writer, bytes(name)));
}

void xml_attr(struct xml *x, const char *name, const char *value)
{
	write_text(x, name, value);
}

void xml_attrf(struct xml *x, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_formatted(x, name, fmt, ap);
	va_end(ap);
}

void xml_text(struct xml *x, const char *text)
{
	write_text(x, NULL, text);
}

void xml_textf(struct xml *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_formatted(x, NULL, fmt, ap);
	va_end(ap);
}

void xml_end(struct xml *x)
{
	check(x, lib.xmlTextWriterFullEndElement(x->writer));
}

void xml_end_empty(struct xml *x)
{
	check(x, lib.xmlTextWriterEndElement(x->writer));
}

void xml_element(struct xml *x, const char *name, const char *text)
{
	xml_begin(x, name);
	xml_text(x, text);
	xml_end(x);
}

void xml_raw(struct xml *x, const char *markup, size_t len)
{
	check(x, lib.xmlTextWriterWriteRawLen(x->writer, bytes(markup), (int)len));
}
