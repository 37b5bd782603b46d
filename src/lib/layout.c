// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Wraps text for people at the width of the page. Words are counted in bytes, because text for
 * people is ASCII. A word that is longer than a line gets a line of its own.
 */
#include "lib/layout.h"

#include <string.h>

#include "lib/text.h"

struct layout layout_begin(FILE *f, const char *mark, unsigned int indent)
{
	struct layout l = { f, indent + (unsigned int)strlen(mark), 0, false };

	fprintf(f, "%*s%s", (int)indent, "", mark);
	l.at = l.indent;
	return l;
}

static void put_word(struct layout *l, const char *word, size_t len)
{
	if (l->blank && l->at + 1 + len > TEXT_COLUMNS && text_may_begin_line(*word)) {
		fprintf(l->f, "\n%*s", (int)l->indent + 2, "");
		l->at = l->indent + 2;
	} else if (l->blank) {
		fputc(' ', l->f);
		l->at++;
	}
	fwrite(word, 1, len, l->f);
	l->at += len;
	l->blank = true;
}

void layout_text(struct layout *l, const char *text)
{
	while (*text) {
		size_t len = text_unit(text);

		if (len)
			put_word(l, text, len);
		text += len + (text[len] == ' ');
	}
}

void layout_line(FILE *f, const char *mark, unsigned int indent, const char *text)
{
	struct layout l = layout_begin(f, mark, indent);

	layout_text(&l, *text ? text : "(nothing)");
	fputc('\n', f);
}
