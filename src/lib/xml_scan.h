/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads XML that somebody else wrote, such as libvirt's definition of a domain: elements, their
 * attributes and their text, one after another, without memory of its own. No document type is
 * read, and no entity but those that every XML has, so nothing grows and nothing else is opened.
 * What is no XML ends it.
 */
#ifndef COMPATCAPS_XML_SCAN_H
#define COMPATCAPS_XML_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define XML_SCAN_DEPTH 32

struct xml_span {
	const char *at;
	size_t len;
};

enum xml_found {
	XML_END,   /* all elements are closed, and nothing follows */
	XML_BAD,   /* it is no XML, or deeper than XML_SCAN_DEPTH */
	XML_OPEN,  /* an element begins: xml_scan_attr() has its attributes */
	XML_TEXT,  /* of the element that is open: xml_scan_text() */
	XML_CLOSE, /* it ends, and is still part of the path */
};

struct xml_scan {
	const char *at, *end;
	struct xml_span open[XML_SCAN_DEPTH];
	size_t depth;
	struct xml_span attrs, text;
	bool closing; /* the innermost has ended */
	bool empty;   /* it ends where it began */
	bool begun;   /* there was an element */
};

struct xml_scan xml_scan_begin(const char *xml, size_t len);
enum xml_found xml_scan(struct xml_scan *s);

/* Is this the element that is open, "domain/cpu/model"? */
bool xml_scan_is(const struct xml_scan *s, const char *path);

/*
 * Decoded, and cut off where buf is full. false, and "": there is no such attribute, or it has a
 * character that no entity of XML's stands for, or a NUL.
 */
bool xml_scan_attr(const struct xml_scan *s, const char *name, char *buf, size_t size);
bool xml_scan_text(const struct xml_scan *s, char *buf, size_t size);

#endif /* COMPATCAPS_XML_SCAN_H */
