/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lines of text for people, wrapped at TEXT_COLUMNS. A line begins with a mark, and those that it
 * is continued on are indented past the mark. Text that others chose never begins a line (text.h).
 */
#ifndef COMPATCAPS_LAYOUT_H
#define COMPATCAPS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A line that is being written. Whoever began it ends it with a newline. */
struct layout {
	FILE *f;
	unsigned int indent, at; /* columns */
	bool blank;		 /* a space is due before the next word */
};

struct layout layout_begin(FILE *f, const char *mark, unsigned int indent);
void layout_text(struct layout *l, const char *text);

/* A whole line. */
void layout_line(FILE *f, const char *mark, unsigned int indent, const char *text);

#endif /* COMPATCAPS_LAYOUT_H */
