/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* "Did you mean ...?": the word that is spelled most like one that was typed. */
#ifndef COMPATCAPS_SPELLING_H
#define COMPATCAPS_SPELLING_H

/* How many letters differ between two words; more than max is max + 1. */
unsigned int spelling_distance(const char *a, const char *b, unsigned int max);

/* A search among words that are tried one after the other. */
struct spelling {
	const char *text;  /* as it was typed */
	unsigned int best; /* a word that differs in more letters is not like it */
	const char *found; /* NULL: none is like it */
};

/* A third of its letters may be wrong. */
struct spelling spelling_of(const char *text);

/* Keeps the word if it is more like the text than those before. */
void spelling_try(struct spelling *s, const char *word);

#endif /* COMPATCAPS_SPELLING_H */
