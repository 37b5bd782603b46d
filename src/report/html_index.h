/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a page of several recordings begins with: of each what was seen in it, and how often calls
 * failed for which cause. It is kept while the recordings are read, for it comes before them.
 */
#ifndef COMPATCAPS_HTML_INDEX_H
#define COMPATCAPS_HTML_INDEX_H

#include "report/html.h"

struct html_index;

/* NULL: no memory. */
struct html_index *html_index_new(void);
void html_index_free(struct html_index *index);

/* d: of a recording that could be read, or NULL. shown: it has a section on the page. false: no
 * memory. */
bool html_index_add(struct html_index *index, const struct report_input *in, const struct digest *d,
		    bool shown);

/* How many recordings there are, and how many of these show a VM that went wrong. */
size_t html_index_count(const struct html_index *index, size_t *broken);

/* Writes it. */
void html_index_write(struct html *h, struct html_index *index);

#endif /* COMPATCAPS_HTML_INDEX_H */
