// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Writes a profile as rules, the baseline. A rule is written only where everything that it speaks
 * of was seen, and where it holds for the recording that it comes from. A comment lists what was
 * left out.
 */
#include "diff/profile.h"

#include <stdlib.h>
#include <string.h>

struct lines {
	char **list; /* rules */
	size_t n, room;
	char **notes; /* comments */
	size_t n_notes, room_notes;
	bool failed;
};

static void append(struct lines *l, char ***list, size_t *n, size_t *room, char *line)
{
	size_t more = *room ? 2 * *room : 64;
	char **grown;

	if (*n == *room) {
		grown = realloc(*list, more * sizeof(*grown));
		if (!grown) {
			l->failed = true;
			free(line);
			return;
		}
		*list = grown;
		*room = more;
	}
	(*list)[(*n)++] = line;
}

static void free_lines(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->list[i]);
	for (size_t i = 0; i < l->n_notes; i++)
		free(l->notes[i]);
	free(l->list);
	free(l->notes);
}

/* ------------------------------------------------------------------ a line */

struct line {
	struct lines *lines;
	char *text;
	size_t len;
	FILE *f;
	const struct who *who; /* NULL: all */
};

static bool begin(struct line *l, struct lines *lines)
{
	*l = (struct line){ .lines = lines };
	l->f = open_memstream(&l->text, &l->len);
	lines->failed |= !l->f;
	return l->f;
}

/* false: it is not to be written. */
static bool end(struct line *l)
{
	if (!fclose(l->f))
		return true;
	l->lines->failed = true;
	free(l->text);
	return false;
}

static void print_who(FILE *f, const struct who *w)
{
	fputs("guest=", f);
	if (w->guest)
		rule_print_word(f, w->guest);
	else
		fputs("null", f);
}

/* "MEASURE{guest=NAME,FILTER}=" */
static bool begin_rule(struct line *l, struct lines *lines, const char *measure,
		       const struct who *w, const char *filter)
{
	if (!begin(l, lines))
		return false;
	l->who = w;
	fprintf(l->f, "%s%s", measure, w || filter ? "{" : "");
	if (w)
		print_who(l->f, w);
	if (filter)
		fprintf(l->f, "%s%s", w ? "," : "", filter);
	fputs(w || filter ? "}=" : "=", l->f);
	return true;
}

static void note(struct lines *lines, const char *what, const struct who *w, const char *why)
{
	struct line l;

	if (!begin(&l, lines))
		return;
	fprintf(l.f, "# No rule for %s", what);
	if (w) {
		fputs(" of ", l.f);
		print_who(l.f, w);
	}
	fprintf(l.f, ": %s", why);
	if (end(&l))
		append(lines, &lines->notes, &lines->n_notes, &lines->room_notes, l.text);
}

/* What cannot be read back, for it is too long, is not written. */
static void end_rule(struct line *l, const char *measure)
{
	struct rule_error error;
	struct lines *lines = l->lines;
	struct rule rule;

	if (!end(l))
		return;
	if (rule_parse(&rule, l->text, l->len, &error)) {
		rule_free(&rule);
		append(lines, &lines->list, &lines->n, &lines->room, l->text);
		return;
	}
	free(l->text);
	note(lines, measure, l->who, "it would be too long");
}

/* ------------------------------------------------------------------ facts */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_names(FILE *f, const char **names, size_t n)
{
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? "+" : "", names[i]);
	if (!n)
		fputs("none", f);
}

static void causes_rule(struct lines *lines, const struct who *w, const struct tally *t)
{
	struct line l;
	const char *names[CAUSE_MAX + ARCH_MAX];
	size_t n = 0;

	if (!begin_rule(&l, lines, "causes", w, NULL))
		return;
	for (int i = 0; i < CAUSE_MAX; i++)
		if (t->causes[i])
			names[n++] = cause_name(i);
	for (int i = 0; i < ARCH_MAX; i++)
		if (t->asks[i])
			names[n++] = arch_cause_name(i);
	print_names(l.f, names, n);
	end_rule(&l, "causes");
}

static void print_modes(FILE *f, uint64_t caps)
{
	const struct abi_mode *mode;
	bool any = false;

	for (size_t i = 0; (mode = abi_mode(i)); i++) {
		if (!(caps & mode->bit))
			continue;
		fprintf(f, "%s%s", any ? "+" : "", mode->name);
		any = true;
	}
	if (!any)
		fputs("none", f);
}

/* Without the bits that have no name: two of one meaning are one. */
static struct numbers named(const struct numbers *offered)
{
	struct numbers set = { .more = offered->more };

	for (unsigned int i = 0; i < offered->n; i++)
		numbers_add(&set, offered->list[i] & ~abi_unknown_bits(offered->list[i]));
	return set;
}

static void offered_rule(struct lines *lines, const struct who *w, const struct tally *t)
{
	struct numbers offers = named(&t->offered);
	struct line l;

	if (offers.more)
		note(lines, "modes", w, "there are too many different offers");
	if (!offers.n || offers.more)
		return;
	if (!begin_rule(&l, lines, "modes", w, "source=negotiation"))
		return;
	for (unsigned int i = 0; i < offers.n; i++) {
		fputs(i ? "|" : "", l.f);
		print_modes(l.f, offers.list[i]);
	}
	end_rule(&l, "modes");
}

/* The modes that were accepted, by the names that the stream has of them: the default has none. */
static void mode_rule(struct lines *lines, const struct who *w, const struct tally *t)
{
	bool has_null = false, any = false;
	struct line l;

	if (!t->accepted.n || t->accepted.more)
		return;
	if (!begin_rule(&l, lines, "mode", w, NULL))
		return;
	for (unsigned int i = 0; i < t->accepted.n; i++) {
		const struct abi_pvr *known = abi_pvr((uint32_t)t->accepted.list[i]);

		if (!known && has_null)
			continue;
		has_null |= !known;
		fputs(any ? "|" : "", l.f);
		any = true;
		if (known)
			rule_print_word(l.f, known->name);
		else
			fputs("null", l.f);
	}
	end_rule(&l, "mode");
}

static void sizes_rule(struct lines *lines, const struct who *w, const struct tally *t)
{
	struct line l;

	if (t->wild_sizes || t->uncounted_sizes || t->sizes.more || !t->sizes.n)
		return;
	if (!begin_rule(&l, lines, "sizes", w, NULL))
		return;
	for (unsigned int i = 0; i < t->sizes.n; i++)
		fprintf(l.f, "%s%llu", i ? "+" : "", (unsigned long long)t->sizes.list[i]);
	end_rule(&l, "sizes");
}

static void story_rule(struct lines *lines, const struct who *w)
{
	struct line l;

	if (w->stories.more || w->story_cut)
		note(lines, "story", w, "it is too large");
	if (w->stories.more || w->story_cut || !w->stories.n)
		return;
	if (!begin_rule(&l, lines, "story", w, NULL))
		return;
	for (unsigned int i = 0; i < w->stories.n; i++) {
		fputs(i ? "|" : "", l.f);
		rule_print_word(l.f, w->stories.list[i]);
	}
	end_rule(&l, "story");
}

static void count_rule(struct lines *lines, const char *measure, const char *filter)
{
	struct line l;

	if (!begin_rule(&l, lines, measure, NULL, filter))
		return;
	fputc('0', l.f);
	end_rule(&l, measure);
}

static void guests_rule(struct lines *lines, const struct profile *p)
{
	struct line l;
	bool any = false;

	if (!begin_rule(&l, lines, "guests", NULL, NULL))
		return;
	for (size_t i = 0; i < p->n_who; i++) {
		if (!p->who[i]->guest || !p->who[i]->listed)
			continue;
		fputs(any ? "+" : "", l.f);
		rule_print_word(l.f, p->who[i]->guest);
		any = true;
	}
	if (!any)
		fputs("none", l.f);
	end_rule(&l, "guests");
}

/* ------------------------------------------------------------------ what may be said */

static bool tells(unsigned int told, enum told_of of)
{
	return told & TOLD(of);
}

static bool all_whole(const uint64_t lives[])
{
	for (int i = 0; i < COVERAGE_STATES; i++)
		if (i != COVERAGE_WHOLE && lives[i])
			return false;
	return true;
}

static void who_rules(struct lines *lines, const struct profile *p, const struct who *w)
{
	if (!p->baseline && !all_whole(w->lives)) {
		note(lines, "what was seen", w, "it was not watched from its birth to its end");
		return;
	}
	if (tells(w->told, OF_CAUSES))
		causes_rule(lines, w, &w->tally);
	if (tells(w->told, OF_OFFERED))
		offered_rule(lines, w, &w->tally);
	if (tells(w->told, OF_MODE))
		mode_rule(lines, w, &w->tally);
	if (tells(w->told, OF_SIZES))
		sizes_rule(lines, w, &w->tally);
	if (tells(w->told, OF_STORY) && (p->baseline || !p->unseen.points[POINT_EXTENSION].gap))
		story_rule(lines, w);
}

static void unnamed_rules(struct lines *lines, const struct profile *p, size_t first)
{
	struct profile *scratch;
	struct who all = { 0 };

	if (first == p->n_who)
		return;
	scratch = profile_new();
	if (!scratch) {
		lines->failed = true;
		return;
	}
	for (size_t i = first; i < p->n_who; i++)
		profile_join(scratch, &all, p->who[i]);
	if (p->n_rest)
		note(lines, "VMs without a name", NULL, "there are too many to distinguish");
	else
		who_rules(lines, p, &all);
	profile_stories_free(scratch, &all);
	profile_free(scratch);
}

/* What holds of all of it only where no VM did anything unseen. */
static void seen_rules(struct lines *lines, const struct profile *p)
{
	if (tells(p->told, OF_CAUSES))
		causes_rule(lines, NULL, &p->all);
	if (tells(p->told, OF_OFFERED))
		offered_rule(lines, NULL, &p->all);
	if (tells(p->told, OF_GUESTS) && !p->n_rest)
		guests_rule(lines, p);
	if (tells(p->told, OF_GUESTS) && p->n_rest)
		note(lines, "guests", NULL, "there are too many to distinguish");
}

static void all_rules(struct lines *lines, const struct profile *p)
{
	if (p->baseline || all_whole(p->lives))
		seen_rules(lines, p);
	if (tells(p->told, OF_LOST))
		count_rule(lines, "lost", NULL);
	if (tells(p->told, OF_RETRIES) && !p->all.failed)
		count_rule(lines, "retries", "outcome=failed");
	if (tells(p->told, OF_RUNS) && !p->n_runs && !p->unseen.points[POINT_RUN].gap)
		count_rule(lines, "runs", NULL);
	if (tells(p->told, OF_MESSAGES) && !p->n_messages && !p->unseen.points[POINT_CONSOLE].gap)
		count_rule(lines, "kernel-messages", NULL);
}

static struct lines lines_of(const struct profile *p)
{
	struct lines lines = { 0 };
	size_t i = 0;

	all_rules(&lines, p);
	for (; i < p->n_who && p->who[i]->guest; i++)
		who_rules(&lines, p, p->who[i]);
	unnamed_rules(&lines, p, i);
	if (lines.n)
		qsort(lines.list, lines.n, sizeof(*lines.list), by_name);
	if (lines.n_notes)
		qsort(lines.notes, lines.n_notes, sizeof(*lines.notes), by_name);
	return lines;
}

const char *profile_unfit(const struct profile *p)
{
	struct lines lines;
	bool many, failed;

	if (!p->ended || p->cut_off)
		return "it is cut off";
	if (p->lost)
		return "events were lost";
	if (p->outcomes || p->calls_hidden)
		return "a filter hides a part of the calls";
	if (profile_unwatched(p, POINT_IOCTL) || profile_unwatched(p, POINT_REG))
		return "calls of KVM were not watched all the time";
	lines = lines_of(p);
	many = lines.n > RULES_MAX;
	failed = lines.failed || p->no_memory;
	free_lines(&lines);
	if (failed)
		return "out of memory";
	return many ? "it has more guests than a baseline has room for" : NULL;
}

/* ------------------------------------------------------------------ held to the recording itself
 */

bool profile_rules(const struct profile *p, struct rules *rules)
{
	struct lines lines = lines_of(p);
	bool ok = !lines.failed;
	struct rule_error error;

	for (size_t i = 0; ok && i < lines.n; i++)
		ok = rules_add(rules, lines.list[i], strlen(lines.list[i]), NULL, i + 1, &error);
	free_lines(&lines);
	return ok;
}

/* Whose rule it is; NULL: that of all. */
static const struct rule_word *guest_of(const struct rule *r)
{
	for (size_t i = 0; i < r->n_filters; i++)
		if (!strcmp(r->filters[i].field, "guest"))
			return &r->filters[i].value.sets[0].words[0];
	return NULL;
}

static void note_rule(struct lines *lines, const struct rule *r, const char *why)
{
	const struct rule_word *guest = guest_of(r);
	struct line l;

	if (!begin(&l, lines))
		return;
	fprintf(l.f, "# No rule for %s", r->name);
	if (guest) {
		fputs(" of guest=", l.f);
		if (guest->null)
			fputs("null", l.f);
		else
			rule_print_word(l.f, guest->text);
	}
	fprintf(l.f, ": %s", why ? why : "the recording itself does not obey it");
	if (end(&l))
		append(lines, &lines->notes, &lines->n_notes, &lines->room_notes, l.text);
}

/* The rules have the numbers of their lines. */
static void leave_out(struct lines *lines, const struct rules *rules,
		      const struct rule_result *results)
{
	size_t kept = 0;

	for (size_t i = 0; i < rules->n; i++) {
		if (results[i].verdict == RULE_HOLDS)
			continue;
		note_rule(lines, &rules->list[i], results[i].why);
		free(lines->list[rules->list[i].line - 1]);
		lines->list[rules->list[i].line - 1] = NULL;
	}
	for (size_t i = 0; i < lines->n; i++)
		if (lines->list[i])
			lines->list[kept++] = lines->list[i];
	lines->n = kept;
	if (lines->n_notes)
		qsort(lines->notes, lines->n_notes, sizeof(*lines->notes), by_name);
}

bool profile_write_baseline(const struct profile *p, const struct rules *rules,
			    const struct rule_result *results, FILE *f)
{
	struct lines lines = lines_of(p);

	if (results)
		leave_out(&lines, rules, results);
	fprintf(f,
		RULES_BASELINE
		"\n# Written by compatcaps-trace %s: one rule per line. Review it, and remove rules that need not hold.\n",
		COMPATCAPS_VERSION);
	for (size_t i = 0; i < lines.n_notes; i++)
		fprintf(f, "%s\n", lines.notes[i]);
	for (size_t i = 0; i < lines.n; i++)
		fprintf(f, "%s\n", lines.list[i]);
	free_lines(&lines);
	return !lines.failed && !ferror(f);
}
