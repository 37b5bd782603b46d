/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * XML, and HTML that is XML as well. Every byte of a text that is neither printable ASCII nor a tab
 * or the end of a line becomes \xNN, and the characters that mean something in markup become
 * entities. So no text can end its element or attribute, or make a file that XML forbids.
 */
#ifndef COMPATCAPS_XML_H
#define COMPATCAPS_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Elements inside one another, at most. */
#define XML_DEPTH_MAX 32

struct xml;

/* Writes to f, which stays open. NULL: there was no memory, which has been reported. */
struct xml *xml_open(FILE *f);

/*
 * Ends what is open and frees x. false: there was no memory for a text, or more elements were
 * ended than begun, or they were too deep. Whoever opened f looks for writes that failed.
 */
bool xml_close(struct xml *x);

/* <?xml version="1.0" encoding="UTF-8"?>, and from here on an element a line. */
void xml_declare(struct xml *x);

/* An element: attributes come before what is in it. The name must last until it ends. */
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

/* Written unchanged: a doctype, a style sheet, what is safe already. */
void xml_raw(struct xml *x, const char *markup, size_t len);

#endif /* COMPATCAPS_XML_H */
