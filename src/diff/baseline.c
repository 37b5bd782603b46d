// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads a baseline, which is a list of rules, as a profile. Only rules of the form that check
 * --write-baseline writes can be read as facts; others are counted and not compared. So a baseline
 * that a person edited is still compared as far as it can be.
 */
#include "diff/baseline.h"

#include <string.h>

#include "check/rules.h"
#include "lib/say.h"

#define BAD_SAID 5 /* of what is wrong in a file the first tell enough */

bool baseline_begins(FILE *f)
{
	int c = getc(f);

	return c != EOF && ungetc(c, f) == '#';
}

/* ------------------------------------------------------------------ what a rule speaks of */

static const struct rule_word *only_word(const struct rule_value *v)
{
	return v->n == 1 && v->sets[0].n == 1 ? &v->sets[0].words[0] : NULL;
}

/* The one set that a value is; NULL: it has alternatives. */
static const struct rule_set *only_set(const struct rule_value *v)
{
	return v->n == 1 ? &v->sets[0] : NULL;
}

/* A filter that a baseline knows: FIELD=WORD. NULL: it is another. */
static const struct rule_word *plain_filter(const struct rule_filter *f)
{
	return f->op == RULE_EQ ? only_word(&f->value) : NULL;
}

struct subject {
	struct who *who;  /* NULL: all */
	bool negotiation; /* {source=negotiation} */
	bool failed;	  /* {outcome=failed} */
};

static bool take_filter(struct profile *p, const struct rule_filter *f, struct subject *s)
{
	const struct rule_word *word = plain_filter(f);

	if (!word)
		return false;
	if (!strcmp(f->field, "guest")) {
		if (s->who)
			return false;
		s->who = profile_who(p, word->null ? NULL : word->text, 0);
		return s->who;
	}
	if (!strcmp(f->field, "source"))
		return s->negotiation = !strcmp(word->text, modes_source_name(MODES_NEGOTIATION));
	if (!strcmp(f->field, "outcome"))
		return s->failed = !strcmp(word->text, "failed");
	return false;
}

static bool subject_of(struct profile *p, const struct rule *r, struct subject *s)
{
	*s = (struct subject){ 0 };
	for (size_t i = 0; i < r->n_filters; i++)
		if (!take_filter(p, &r->filters[i], s))
			return false;
	return true;
}

/* ------------------------------------------------------------------ facts */

static bool take_cause(struct tally *t, const char *name)
{
	int cause = cause_by_name(name), asked = arch_cause_by_name(name);

	if (cause >= 0)
		t->causes[cause] = 1;
	else if (asked >= 0)
		t->asks[asked] = 1;
	return cause >= 0 || asked >= 0;
}

static bool take_causes(struct tally *t, const struct rule_value *v)
{
	const struct rule_set *set = only_set(v);

	for (size_t i = 0; set && i < set->n; i++)
		if (!take_cause(t, set->words[i].text))
			return false;
	return set;
}

static bool mode_bit(const char *name, uint64_t *bits)
{
	const struct abi_mode *mode;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (!strcmp(mode->name, name)) {
			*bits |= mode->bit;
			return true;
		}
	return false;
}

/* Each alternative is an offer; one without words is the empty one. */
static bool take_offers(struct tally *t, const struct rule_value *v)
{
	for (size_t i = 0; i < v->n; i++) {
		uint64_t bits = 0;

		for (size_t k = 0; k < v->sets[i].n; k++)
			if (!mode_bit(v->sets[i].words[k].text, &bits))
				return false;
		numbers_add(&t->offered, bits);
	}
	return true;
}

static bool take_mode(struct tally *t, const struct rule_word *word)
{
	const struct abi_pvr *known;

	if (word->null) {
		numbers_add(&t->accepted, 0);
		return true;
	}
	known = abi_pvr_by_name(word->text);
	if (known)
		numbers_add(&t->accepted, known->pvr);
	return known;
}

static bool take_modes(struct tally *t, const struct rule_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->sets[i].n != 1 || !take_mode(t, &v->sets[i].words[0]))
			return false;
	return true;
}

static bool take_sizes(struct tally *t, const struct rule_value *v)
{
	const struct rule_set *set = only_set(v);

	for (size_t i = 0; set && i < set->n; i++) {
		const struct rule_word *word = &set->words[i];

		if (!word->numeric || word->time || word->number < 0 || word->number > UINT64_MAX)
			return false;
		numbers_add(&t->sizes, (uint64_t)word->number);
	}
	return set;
}

static bool take_stories(struct profile *p, struct who *w, const struct rule_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->sets[i].n != 1 || !profile_add_story(p, w, v->sets[i].words[0].text))
			return false;
	return true;
}

/* A guest that is named here and nowhere else has no facts. */
static bool take_guests(struct profile *p, const struct rule_value *v)
{
	const struct rule_set *set = only_set(v);
	struct who *w;

	for (size_t i = 0; set && i < set->n; i++) {
		w = profile_who(p, set->words[i].text, 0);
		if (!w)
			return false;
		w->listed = true;
	}
	return set;
}

static bool is_zero(const struct rule_value *v)
{
	const struct rule_word *word = only_word(v);

	return word && word->numeric && !word->number;
}

static bool is(const struct rule *r, const char *name)
{
	return !strcmp(r->name, name);
}

/* Which fact of all or of a guest it tells; TOLD_OF: none that a profile has. */
static enum told_of take(struct profile *p, const struct rule *r, const struct subject *s,
			 struct tally *t)
{
	const struct rule_value *v = &r->value;

	if (is(r, "modes"))
		return !s->failed && take_offers(t, v) ? OF_OFFERED : TOLD_OF;
	if (is(r, "retries"))
		return s->failed && !s->who && is_zero(v) ? OF_RETRIES : TOLD_OF;
	if (s->negotiation || s->failed)
		return TOLD_OF;
	if (is(r, "causes"))
		return take_causes(t, v) ? OF_CAUSES : TOLD_OF;
	if (is(r, "sizes"))
		return take_sizes(t, v) ? OF_SIZES : TOLD_OF;
	if (s->who && is(r, "mode"))
		return take_modes(t, v) ? OF_MODE : TOLD_OF;
	if (s->who && is(r, "story"))
		return take_stories(p, s->who, v) ? OF_STORY : TOLD_OF;
	if (s->who)
		return TOLD_OF;
	if (is(r, "guests"))
		return take_guests(p, v) ? OF_GUESTS : TOLD_OF;
	if (is(r, "lost") && is_zero(v))
		return OF_LOST;
	if (is(r, "runs") && is_zero(v))
		return OF_RUNS;
	return is(r, "kernel-messages") && is_zero(v) ? OF_MESSAGES : TOLD_OF;
}

static void take_rule(struct profile *p, const struct rule *r)
{
	enum told_of of = TOLD_OF;
	struct tally *t, with;
	struct subject s;

	if (r->op == RULE_EQ && r->stat == STAT_NONE && subject_of(p, r, &s)) {
		t = s.who ? &s.who->tally : &p->all;
		with = *t;
		of = take(p, r, &s, &with);
	}
	if (of == TOLD_OF) {
		p->n_others++;
		return;
	}
	*t = with;
	*(s.who ? &s.who->told : &p->told) |= TOLD(of);
}

/* ------------------------------------------------------------------ the file */

static void on_bad(const char *sentence, void *ctx)
{
	size_t *n = ctx;

	if ((*n)++ < BAD_SAID)
		say("%s", sentence);
}

static struct profile *of_rules(const struct rules *rules)
{
	struct profile *p = profile_new();

	if (!p) {
		say("out of memory");
		return NULL;
	}
	p->baseline = p->ended = true;
	p->told = 0;
	for (size_t i = 0; i < rules->n; i++)
		take_rule(p, &rules->list[i]);
	return p;
}

struct profile *baseline_read(FILE *f, const char *name)
{
	struct rules rules = { 0 };
	struct profile *p = NULL;
	size_t n_said = 0, n_bad = rules_read(&rules, f, name, true, on_bad, &n_said);

	if (n_bad > BAD_SAID)
		say("%s: %zu more lines are wrong", name, n_bad - BAD_SAID);
	if (!n_bad)
		p = of_rules(&rules);
	rules_free(&rules);
	return p;
}
