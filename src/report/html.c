// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The parts that pages are made of: headings, sections, tables, rows, tags, links. Text passes
 * through lib/xml, which escapes it. The style and the page's policy are report_html.c's.
 */
#include "report/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "lib/text.h"

const char *html_kind_class(enum verdict_kind kind)
{
	return kind == VERDICT_FAILURE ? "bad" : kind == VERDICT_NOTE ? "note" : "good";
}

void html_begin(struct xml *x, const char *name, const char *class)
{
	xml_begin(x, name);
	xml_attr(x, "class", class);
}

void html_new_line(struct xml *x)
{
	xml_raw(x, "\n", 1);
}

void html_paragraph(struct xml *x, const char *class, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	html_new_line(x);
	xml_begin(x, "p");
	if (class)
		xml_attr(x, "class", class);
	xml_text(x, text ? text : "");
	xml_end(x);
	free(text);
}

void html_heading(struct html *h, int deeper)
{
	static const char *const names[] = { "h1", "h2", "h3", "h4", "h5" };

	html_new_line(h->x);
	xml_begin(h->x, names[h->level + deeper - 1]);
}

void html_begin_part(struct html *h, const char *id, const char *title)
{
	html_new_line(h->x);
	xml_begin(h->x, "section");
	/* Of several recordings each has parts of these names. */
	if (h->r->n > 1)
		xml_attrf(h->x, "aria-labelledby", "r%zu r%zu-%s", h->number, h->number, id);
	else
		xml_attrf(h->x, "aria-labelledby", "r%zu-%s", h->number, id);
	html_heading(h, 0);
	xml_attrf(h->x, "id", "r%zu-%s", h->number, id);
	xml_text(h->x, title);
	xml_end(h->x);
}

void html_end_part(struct html *h)
{
	html_new_line(h->x);
	xml_end(h->x);
}

void html_heads(struct xml *x, const char *const *titles)
{
	html_new_line(x);
	xml_begin(x, "thead");
	xml_begin(x, "tr");
	for (; *titles; titles++) {
		bool number = **titles == '#';

		xml_begin(x, "th");
		xml_attr(x, "scope", "col");
		if (number)
			xml_attr(x, "class", "num");
		xml_text(x, *titles + number);
		xml_end(x);
	}
	xml_end(x);
	xml_end(x);
	html_new_line(x);
	xml_begin(x, "tbody");
}

void html_begin_row(struct xml *x)
{
	html_new_line(x);
	xml_begin(x, "tr");
	xml_begin(x, "th");
	xml_attr(x, "scope", "row");
}

void html_number(struct xml *x, uint64_t n)
{
	html_begin(x, "td", "num");
	xml_textf(x, "%" PRIu64, n);
	xml_end(x);
}

void html_begin_number(struct xml *x, const char *name)
{
	html_begin(x, "td", "num");
	xml_attr(x, "data-name", name);
}

void html_time(struct xml *x, uint64_t real_ns)
{
	char when[RFC3339_LEN];

	rfc3339(when, real_ns);
	xml_begin(x, "time");
	xml_attr(x, "datetime", when);
	xml_textf(x, "%.10s %.12s", when, when + 11);
	xml_end(x);
}

void html_tag(struct xml *x, enum verdict_kind kind, const char *text)
{
	xml_begin(x, "span");
	xml_attrf(x, "class", "tag %s", html_kind_class(kind));
	xml_text(x, text);
	xml_end(x);
}

void html_begin_vm_link(struct html *h, unsigned int number)
{
	xml_begin(h->x, "a");
	xml_attrf(h->x, "href", "#r%zu-vm%u", h->number, number);
}
