/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts that pages of report are made of, one level above xml.h. */
#ifndef COMPATCAPS_HTML_H
#define COMPATCAPS_HTML_H

#include "report/report.h"
#include "lib/xml.h"

struct html_index;

struct html {
	const struct report *r;
	struct xml *x;
	size_t number;		  /* of the recording */
	int level;		  /* of the headings of its parts */
	struct html_index *index; /* of several recordings; NULL: there is one */
	FILE *spool;		  /* what the page has of these, until its beginning is known */
};

/* "bad", "note", "good": the classes of the style sheet */
const char *html_kind_class(enum verdict_kind kind);

void html_begin(struct xml *x, const char *name, const char *class);

/* A line of the file, so that people can read its source and diff can compare it. */
void html_new_line(struct xml *x);

/* class NULL: none */
void html_paragraph(struct xml *x, const char *class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Begins the heading of a part, or of what lies so many levels below it. */
void html_heading(struct html *h, int deeper);

/* A part of the page, with a heading that names it. */
void html_begin_part(struct html *h, const char *id, const char *title);
void html_end_part(struct html *h);

/* A table's head; "#" before a title: numbers are below it. Begins its body. Ends with NULL. */
void html_heads(struct xml *x, const char *const *titles);

/* Begins a row, and the cell that is its head. */
void html_begin_row(struct xml *x);

void html_number(struct xml *x, uint64_t n);

/* Begins a cell. Where the page is narrow columns have no heads: the name stands behind it then. */
void html_begin_number(struct xml *x, const char *name);

void html_time(struct xml *x, uint64_t real_ns);

void html_tag(struct xml *x, enum verdict_kind kind, const char *text);

/* To the place where a VM is described. */
void html_begin_vm_link(struct html *h, unsigned int number);

/* The part about VMs: their lives, and each with its events. */
void html_vms(struct html *h, const struct digest *d);

#endif /* COMPATCAPS_HTML_H */
