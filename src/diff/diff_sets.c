// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the VMs of one guest did on both sides, or all VMs: causes, modes, sizes and stories, each
 * a set of words. A change is worse, better or neither, by the kind of its words. The first
 * function that compares a pair is the only entrance.
 */
#include "diff/diff_parts.h"

#include <inttypes.h>
#include <string.h>

typedef void fill_fn(struct diff *d, struct diff_value *v, const struct profile *p,
		     const struct who *w);

static const struct tally *tally_of(const struct profile *p, const struct who *w)
{
	return w ? &w->tally : &p->all;
}

static void fill_causes(struct diff *d, struct diff_value *v, const struct profile *p,
			const struct who *w)
{
	const struct tally *t = tally_of(p, w);

	for (int i = 0; i < CAUSE_MAX; i++)
		if (t->causes[i])
			diff_add_word(d, v, p->baseline ? 0 : t->causes[i], cause_name(i));
	for (int i = 0; i < ARCH_MAX; i++)
		if (t->asks[i])
			diff_add_word(d, v, p->baseline ? 0 : t->asks[i], arch_cause_name(i));
}

/* As a baseline has it: bits without a name are in none. */
static void fill_offered(struct diff *d, struct diff_value *v, const struct profile *p,
			 const struct who *w)
{
	const struct numbers *offered = &tally_of(p, w)->offered;
	struct numbers named = { 0 };
	char text[128];

	for (unsigned int i = 0; i < offered->n; i++)
		numbers_add(&named, offered->list[i] & ~abi_unknown_bits(offered->list[i]));
	for (unsigned int i = 0; i < named.n; i++)
		diff_add_word(d, v, 0,
			      named.list[i] ? modes_text(text, sizeof(text), named.list[i]) :
					      "none");
}

static void fill_mode(struct diff *d, struct diff_value *v, const struct profile *p,
		      const struct who *w)
{
	const struct numbers *modes = &tally_of(p, w)->accepted;
	bool has_default = false;

	for (unsigned int i = 0; i < modes->n; i++) {
		const struct abi_pvr *known = abi_pvr((uint32_t)modes->list[i]);

		if (known)
			diff_add_word(d, v, 0, known->name);
		else if (!has_default)
			diff_add_word(d, v, 0, "default");
		has_default |= !known;
	}
}

static void fill_sizes(struct diff *d, struct diff_value *v, const struct profile *p,
		       const struct who *w)
{
	const struct numbers *sizes = &tally_of(p, w)->sizes;
	char text[24];

	for (unsigned int i = 0; i < sizes->n; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, sizes->list[i]);
		diff_add_word(d, v, 0, text);
	}
}

static void fill_story(struct diff *d, struct diff_value *v, const struct profile *p,
		       const struct who *w)
{
	(void)p;
	for (unsigned int i = 0; i < w->stories.n; i++)
		diff_add_word(d, v, 0, w->stories.list[i]);
}

/* Is the set all that there was? */
static bool bounded(const struct profile *p, const struct who *w, enum told_of of)
{
	const struct tally *t = tally_of(p, w);

	switch (of) {
	case OF_OFFERED:
		return t->offered.more;
	case OF_MODE:
		return t->accepted.more;
	case OF_SIZES:
		return t->sizes.more;
	case OF_STORY:
		return w->stories.more || w->story_cut;
	default:
		return false;
	}
}

/* A baseline with sizes has no word for sizes that were never set, which a recording can have. */
static bool comparable(const struct diff *d, const struct diff_pair *pair, enum told_of of)
{
	const struct tally *old = tally_of(d->old, pair->old), *new = tally_of(d->new, pair->new);

	if (of != OF_SIZES || (!d->old->baseline && !d->new->baseline))
		return true;
	return !old->wild_sizes && !new->wild_sizes && !old->uncounted_sizes &&
	       !new->uncounted_sizes;
}

static bool cause_failed(const char *name)
{
	int cause = cause_by_name(name), asked = arch_cause_by_name(name);

	if (cause >= 0)
		return cause_kind(cause) == VERDICT_FAILURE;
	return asked >= 0 && arch_cause_kind(asked) == VERDICT_FAILURE;
}

/* Has it a word alone, beyond doubt, that is a failure, or that is none? */
static bool has_alone(const struct diff_value *v, bool failure)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->words[i].alone && !v->words[i].doubtful &&
		    cause_failed(v->words[i].text) == failure)
			return true;
	return false;
}

/* One failure instead of another is neither better nor worse, if no success went with it. */
static enum diff_trend trend_of_causes(const struct diff_result *r)
{
	bool success_gone = has_alone(&r->old, false), failure_gone = has_alone(&r->old, true);

	if (has_alone(&r->new, true))
		return success_gone || !failure_gone ? TREND_WORSE : TREND_OTHER;
	return failure_gone && !success_gone ? TREND_BETTER : TREND_OTHER;
}

/* All bits of a set of offers. */
static uint64_t bits_of(const struct numbers *set)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < set->n; i++)
		bits |= set->list[i];
	return bits;
}

static enum diff_trend trend_of_modes(const struct tally *old, const struct tally *new)
{
	uint64_t before = bits_of(&old->offered), after = bits_of(&new->offered);

	if (before & ~after)
		return TREND_WORSE;
	return after & ~before ? TREND_BETTER : TREND_OTHER;
}

/*
 * A newer mode is a better one, unless the host does not offer it; the default's PVR is 0, and
 * says nothing.
 */
static enum diff_trend trend_of_mode(const struct tally *old, const struct tally *new)
{
	uint64_t before = old->accepted.n ? old->accepted.list[old->accepted.n - 1] : 0;
	uint64_t after = new->accepted.n ? new->accepted.list[new->accepted.n - 1] : 0;

	if (before == after || (!after && new->accepted.n) || (!before && old->accepted.n))
		return TREND_OTHER;
	if (old->asks[ARCH_ACCEPTED_ABOVE_HOST] || new->asks[ARCH_ACCEPTED_ABOVE_HOST])
		return TREND_OTHER;
	return after < before ? TREND_WORSE : TREND_BETTER;
}

static enum diff_trend trend_of(const struct diff *d, const struct diff_pair *pair, enum told_of of,
				const struct diff_result *r)
{
	const struct tally *old = tally_of(d->old, pair->old), *new = tally_of(d->new, pair->new);

	switch (of) {
	case OF_CAUSES:
		return trend_of_causes(r);
	case OF_OFFERED:
		return trend_of_modes(old, new);
	case OF_MODE:
		return trend_of_mode(old, new);
	default:
		return TREND_OTHER;
	}
}

static const struct {
	const char *name, *title;
	enum told_of of;
	enum diff_shape shape;
	fill_fn *fill;
} sets[] = {
	{ "causes", "causes", OF_CAUSES, SHAPE_SET, fill_causes },
	{ "modes", "modes offered", OF_OFFERED, SHAPE_SET, fill_offered },
	{ "mode", "mode accepted", OF_MODE, SHAPE_SET, fill_mode },
	{ "sizes", "sizes of the struct", OF_SIZES, SHAPE_SET, fill_sizes },
	{ "story", "story", OF_STORY, SHAPE_LINES, fill_story },
};

static unsigned int told(const struct profile *p, const struct who *w)
{
	return w ? w->told : p->told;
}

/* An older tracer does not see a KVM_RUN that fails, which the other side's story may end with. */
static enum doubt doubt_of_story(const struct profile *p, const struct who *w,
				 const struct diff_value *other)
{
	enum doubt doubt = diff_doubt_of(p, w, OF_STORY);

	if (doubt || p->baseline || !profile_unwatched(p, POINT_RUN))
		return doubt;
	for (size_t i = 0; i < other->n; i++)
		if (strstr(other->words[i].text, "run:"))
			return DOUBT_GAP;
	return DOUBT_NONE;
}

static void decide_set(struct diff *d, struct diff_result *r, const struct diff_pair *pair,
		       enum told_of of)
{
	if (of == OF_STORY)
		diff_decide(d, r, doubt_of_story(d->old, pair->old, &r->new),
			    doubt_of_story(d->new, pair->new, &r->old), true);
	else
		diff_decide(d, r, diff_doubt_of(d->old, pair->old, of),
			    diff_doubt_of(d->new, pair->new, of), false);
}

static void compare_set(struct diff *d, const struct diff_pair *pair, size_t i)
{
	enum told_of of = sets[i].of;
	bool all = !pair->old;
	struct diff_result *r;

	if (!(told(d->old, pair->old) & told(d->new, pair->new) & TOLD(of)) ||
	    !comparable(d, pair, of) || (all && of == OF_STORY))
		return;
	r = diff_new_result(d, sets[i].name, sets[i].title, sets[i].shape);
	if (!r)
		return;
	r->who = pair->old;
	r->nth = pair->nth;
	sets[i].fill(d, &r->old, d->old, pair->old);
	sets[i].fill(d, &r->new, d->new, pair->new);
	diff_sort_words(&r->old);
	diff_sort_words(&r->new);
	decide_set(d, r, pair, of);
	if (r->outcome == DIFF_CHANGED)
		r->trend = trend_of(d, pair, of, r);
	if (r->outcome == DIFF_SAME &&
	    (bounded(d->old, pair->old, of) || bounded(d->new, pair->new, of))) {
		r->outcome = DIFF_UNDECIDED;
		r->why = diff_text(d, "there are more than the limit");
	}
}

void diff_compare_pair(struct diff *d, const struct diff_pair *pair)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		compare_set(d, pair, i);
}
