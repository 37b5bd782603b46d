/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * XML, and HTML that is XML as well, written by libxml2. That library is loaded when it is
 * first needed: a host that is traced does without it. Bytes of a text that are no printable
 * ASCII become \xNN (text.h), so that no text can make a file that XML forbids.
 */
#ifndef COMPATCAPS_XML_H
#define COMPATCAPS_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct xml;

/* Writes to f, which stays open. NULL: it has been said why, and which package is missing. */
struct xml *xml_open(FILE *f);

/* Ends what is open. false: no memory (what cannot be written is f's own failure). Frees x. */
bool xml_close(struct xml *x);

/* <?xml version="1.0" encoding="UTF-8"?>, and from here on an element a line. */
void xml_declare(struct xml *x);

/* An element: attributes come before what is in it. */
void xml_begin(struct xml *x, const char *name);
void xml_attr(struct xml *x, const char *name, const char *value);
void xml_attrf(struct xml *x, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void xml_text(struct xml *x, const char *text);
void xml_textf(struct xml *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void xml_end(struct xml *x);	   /* <a></a> where nothing is in it */
void xml_end_empty(struct xml *x); /* <a/> */

/* <name>text</name> */
void xml_element(struct xml *x, const char *name, const char *text);

/* As it is: a doctype, a style sheet, what is safe already. */
void xml_raw(struct xml *x, const char *markup, size_t len);

#endif /* COMPATCAPS_XML_H */
