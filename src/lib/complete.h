/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a shell offers when Tab is pressed: the words that may stand there, read from the tables
 * that the command line itself is parsed with. The shells' own halves (packaging/completions)
 * call
 *
 *	PROGRAM --complete WORD...
 *
 * The last WORD is the one being completed, and may be empty. The answer consists of fields that
 * each end with a NUL, because a process or a file may have any other byte in its name. The first
 * field says what the shell adds by itself: "", "files", "directories", or "command N" where
 * WORD number N (from 0) is a command with arguments of its own. Then come pairs: a word exactly
 * as it is, and a description that is safe to show. For "--option=" the words are values without
 * that prefix. Whether a word fits what was typed, and quoting it, is the shell's business.
 */
#ifndef COMPATCAPS_COMPLETE_H
#define COMPATCAPS_COMPLETE_H

#include <argp.h>
#include <stdbool.h>

/*
 * The values that an option takes, where its argument is not a FILE or a PATH. A row has a list
 * of words or a function that offers them.
 */
struct complete_value {
	const char *option; /* its long name; NULL: the end of the table */
	const char *const *words;
	void (*offer)(void *ctx);
};

/* What stands by itself, which is not an option's argument. */
enum complete_more { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_COMMAND };

struct complete {
	const struct argp *argp;	     /* whose options they are, its children's included */
	const struct complete_value *values; /* NULL: there is no such table */
	/*
	 * Offers what stands by itself. first: the first word that did so, NULL: there was none;
	 * dashed: after a "--".
	 */
	enum complete_more (*bare)(const char *first, bool dashed, void *ctx);
	void *ctx; /* of the functions */
};

/*
 * The first of n words that is neither an option nor an option's argument; n: there is none before
 * a "--". A long option may be shortened, as argp allows.
 */
int complete_first_word(const struct argp *argp, int n, char **words);

/* Is argv[1] "--complete"? Then answers on standard output and ends the program. */
void complete_if_asked(const struct complete *c, int argc, char **argv);

/* For the functions above: offer this word. what: a few words about it, or NULL. */
void complete_offer(const char *word, const char *what);

/* The same where a process chose what: it is escaped. */
void complete_offer_foreign(const char *word, const char *what);

#endif /* COMPATCAPS_COMPLETE_H */
