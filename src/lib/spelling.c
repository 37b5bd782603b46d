// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds the known word that is spelled most like a typed one. It counts how many letters must be
 * added, removed or replaced (Levenshtein's distance), with one row of the table in memory. Words
 * that differ too much are not suggested.
 */
#include "lib/spelling.h"

#include <string.h>

#define LETTERS_MAX 64 /* a longer word is like no other */

unsigned int spelling_distance(const char *a, const char *b, unsigned int max)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned int row[LETTERS_MAX + 1], last, next, least;

	if (n > LETTERS_MAX || m > LETTERS_MAX)
		return max + 1;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		last = row[0];
		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= m; j++, last = next) {
			next = row[j];
			least = last + (a[i - 1] != b[j - 1]);
			least = row[j] + 1 < least ? row[j] + 1 : least;
			row[j] = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
		}
	}
	return row[m] > max ? max + 1 : row[m];
}

struct spelling spelling_of(const char *text)
{
	return (struct spelling){ .text = text, .best = 1 + (unsigned int)strlen(text) / 3 };
}

void spelling_try(struct spelling *s, const char *word)
{
	unsigned int distance = spelling_distance(s->text, word, s->best);

	if (distance > s->best || (s->found && distance == s->best))
		return;
	s->found = word;
	s->best = distance;
}
