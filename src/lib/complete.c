// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds out what the last word of a command line is: an option, the argument of an option, or a
 * word of its own. The rules are applied in getopt's order, because argp reads the same words by
 * them. What can be offered there comes from the program's tables and functions (cmd/offers.h).
 */
#include "lib/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define WHAT_LEN 256

/* What the words before the last one have said. */
struct scan {
	const struct argp_option *pending; /* takes the next word; NULL: none does */
	const char *first;		   /* the first word that is not an option or an argument */
	int first_at;			   /* its number, if it is before a "--"; -1: it is not */
	int command; /* the number of the word after "--"; -1: there is none */
};

static bool is_end(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc && !o->group;
}

/* An option that is asked for: by its name, the beginning of it, or its letter. */
struct wanted {
	const char *name; /* NULL: by its letter */
	size_t len;
	bool shortened;
	int letter;
};

static bool is_wanted(const struct argp_option *o, const struct wanted *w)
{
	if (!w->name)
		return o->key == w->letter;
	return o->name && !strncmp(o->name, w->name, w->len) && (w->shortened || !o->name[w->len]);
}

static const struct argp_option *find(const struct argp *argp, const struct wanted *w)
{
	const struct argp_option *found;

	for (const struct argp_option *o = argp->options; o && !is_end(o); o++)
		if (is_wanted(o, w))
			return o;
	for (const struct argp_child *c = argp->children; c && c->argp; c++) {
		found = find(c->argp, w);
		if (found)
			return found;
	}
	return NULL;
}

static const struct argp_option *find_letter(const struct argp *argp, int letter)
{
	return find(argp, &(struct wanted){ .letter = letter });
}

/* Of several that begin so argp takes none, whichever this is. */
static const struct argp_option *find_name(const struct argp *argp, const char *name, size_t len)
{
	const struct argp_option *o = find(argp, &(struct wanted){ .name = name, .len = len });

	if (!o && len)
		o = find(argp, &(struct wanted){ .name = name, .len = len, .shortened = true });
	return o;
}

/* An argument that may be left out is never a word of its own. */
static bool takes_word(const struct argp_option *o)
{
	return o && o->arg && !(o->flags & OPTION_ARG_OPTIONAL);
}

/* The option that takes the next word; NULL: none does. */
static const struct argp_option *pending_after(const struct argp *argp, const char *word)
{
	const struct argp_option *o;

	if (word[1] == '-') {
		o = strchr(word, '=') ? NULL : find_name(argp, word + 2, strlen(word + 2));
		return takes_word(o) ? o : NULL;
	}
	for (const char *letter = word + 1; *letter; letter++) {
		o = find_letter(argp, *letter);
		/* What follows the letter in the same word is its argument. */
		if (o && o->arg)
			return takes_word(o) && !letter[1] ? o : NULL;
	}
	return NULL;
}

static void scan(struct scan *s, const struct argp *argp, int n, char **words)
{
	*s = (struct scan){ .first_at = -1, .command = -1 };
	for (int i = 0; i < n; i++) {
		if (s->pending) {
			s->pending = NULL;
		} else if (s->command >= 0 || words[i][0] != '-' || !words[i][1]) {
			s->first_at = s->first || s->command >= 0 ? s->first_at : i;
			s->first = s->first ? s->first : words[i];
		} else if (!strcmp(words[i], "--")) {
			s->command = i + 1;
		} else {
			s->pending = pending_after(argp, words[i]);
		}
	}
}

int complete_first_word(const struct argp *argp, int n, char **words)
{
	struct scan s;

	scan(&s, argp, n, words);
	return s.first_at < 0 ? n : s.first_at;
}

/* ------------------------------------------------------------------ the answer */

/* Words are kept until it is known what the shell adds, which is the first field. */
static FILE *offered;

void complete_offer(const char *word, const char *what)
{
	fprintf(offered, "%s%c%s%c", word, '\0', what ? what : "", '\0');
}

void complete_offer_foreign(const char *word, const char *what)
{
	char shown[WHAT_LEN];

	complete_offer(word, what ? text_escape(shown, sizeof(shown), what, strlen(what)) : NULL);
}

static void offer_options(const struct argp *argp)
{
	char word[64], what[WHAT_LEN];

	for (const struct argp_option *o = argp->options; o && !is_end(o); o++) {
		if (!o->name || o->flags & (OPTION_HIDDEN | OPTION_ALIAS))
			continue;
		snprintf(word, sizeof(word), "--%s", o->name);
		snprintf(what, sizeof(what), "%s", o->doc ? o->doc : "");
		/* A list follows there, in --help. */
		if (*what && what[strlen(what) - 1] == ':')
			what[strlen(what) - 1] = '\0';
		complete_offer(word, what);
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		offer_options(c->argp);
}

static bool offer_from(const struct complete *c, const char *option)
{
	for (const struct complete_value *v = c->values; v && v->option; v++) {
		if (strcmp(v->option, option))
			continue;
		for (const char *const *w = v->words; w && *w; w++)
			complete_offer(*w, NULL);
		if (v->offer)
			v->offer(c->ctx);
		return true;
	}
	return false;
}

/* Returns what the shell adds. */
static const char *offer_values(const struct complete *c, const struct argp_option *o)
{
	if (o->name && offer_from(c, o->name))
		return "";
	if (o->arg && !strncmp(o->arg, "FILE", 4))
		return "files";
	return o->arg && !strcmp(o->arg, "PATH") ? "directories" : "";
}

static const char *offer_bare(const struct complete *c, const struct scan *s, char *buf, size_t len)
{
	switch (c->bare ? c->bare(s->first, s->command >= 0, c->ctx) : COMPLETE_NOTHING) {
	case COMPLETE_FILES:
		return "files";
	case COMPLETE_COMMAND:
		snprintf(buf, len, "command %d", s->command);
		return buf;
	default:
		return "";
	}
}

static const char *offer_last(const struct complete *c, const struct scan *s, const char *last,
			      char *buf, size_t len)
{
	const char *equals = strchr(last, '=');
	const struct argp_option *o = s->pending;

	if (!o && s->command < 0 && !strncmp(last, "--", 2) && equals) {
		o = find_name(c->argp, last + 2, (size_t)(equals - last) - 2);
		if (!o)
			return "";
	}
	if (o)
		return offer_values(c, o);
	if (s->command < 0 && last[0] == '-') {
		offer_options(c->argp);
		return "";
	}
	return offer_bare(c, s, buf, len);
}

void complete_if_asked(const struct complete *c, int argc, char **argv)
{
	char *text = NULL, buf[32];
	const char *more;
	struct scan s;
	size_t len;

	if (argc < 2 || strcmp(argv[1], "--complete"))
		return;
	offered = open_memstream(&text, &len);
	if (!offered)
		exit(EXIT_FAILURE);
	scan(&s, c->argp, argc > 3 ? argc - 3 : 0, argv + 2);
	more = offer_last(c, &s, argc > 2 ? argv[argc - 1] : "", buf, sizeof(buf));
	if (!fclose(offered)) {
		printf("%s%c", more, '\0');
		fwrite(text, 1, len, stdout);
	}
	free(text);
	exit(EXIT_SUCCESS);
}
