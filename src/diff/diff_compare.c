// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diff/diff.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ lists */

/* One more at the end, all 0. NULL: no memory. */
static void *grow(struct diff *d, void *list_at, size_t *n, size_t *room, size_t size)
{
	void **list = list_at, *grown;
	size_t more = *room ? 2 * *room : 8;
	char *at;

	if (*n == *room) {
		grown = realloc(*list, more * size);
		if (!grown) {
			d->no_memory = true;
			return NULL;
		}
		*list = grown;
		*room = more;
	}
	at = (char *)*list + (*n)++ * size;
	memset(at, 0, size);
	return at;
}

static char *text_of(struct diff *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static char *text_of(struct diff *d, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		d->no_memory = true;
	}
	va_end(ap);
	return text;
}

static void add_word(struct diff *d, struct diff_value *v, uint64_t n, const char *text)
{
	struct diff_word *w = grow(d, &v->words, &v->n, &v->room, sizeof(*w));

	if (!w)
		return;
	w->n = n;
	w->text = text_of(d, "%s", text);
	v->n -= !w->text;
}

static void note(struct diff *d, char *sentence)
{
	char **at = sentence ? grow(d, &d->notes, &d->n_notes, &d->room_notes, sizeof(*at)) : NULL;

	if (at)
		*at = sentence;
	else
		free(sentence);
}

static void free_value(struct diff_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->words[i].text);
	free(v->words);
}

void diff_free(struct diff *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free_value(&d->results[i].old);
		free_value(&d->results[i].new);
		free(d->results[i].why);
	}
	for (size_t i = 0; i < d->n_facts; i++) {
		free(d->facts[i].old);
		free(d->facts[i].new);
	}
	for (size_t i = 0; i < d->n_notes; i++)
		free(d->notes[i]);
	free(d->results);
	free(d->facts);
	free(d->notes);
	*d = (struct diff){ 0 };
}

/* ------------------------------------------------------------------ what was not seen */

/* From those that may hide anything to those that hide what was before. */
enum doubt {
	DOUBT_NONE,
	DOUBT_LOST,
	DOUBT_CUT_OFF,
	DOUBT_FILTER,
	DOUBT_LAST_OF_ALL = DOUBT_FILTER, /* with these not even that all is the same can be said */
	DOUBT_GAP,
	DOUBT_OLDER,
	DOUBT_UNKNOWN,
	DOUBT_ROOM,
};

static const char *const doubts[] = {
	[DOUBT_LOST] = "events were lost in %s",
	[DOUBT_CUT_OFF] = "%s is cut off",
	[DOUBT_FILTER] = "a filter of %s hides a part of the calls",
	[DOUBT_GAP] = "not everything was watched all the time in %s",
	[DOUBT_OLDER] = "%s has a VM that is older than the recording",
	[DOUBT_UNKNOWN] = "when a VM was born could not be told in %s",
	[DOUBT_ROOM] = "%s has more VMs than can be distinguished",
};

static bool hides_all(enum doubt doubt)
{
	return doubt && doubt <= DOUBT_LAST_OF_ALL;
}

static enum doubt doubt_of_lives(const uint64_t lives[])
{
	if (lives[LIFE_LOSSY])
		return DOUBT_LOST;
	if (lives[LIFE_FILTERED])
		return DOUBT_FILTER;
	if (lives[LIFE_GAP])
		return DOUBT_GAP;
	if (lives[LIFE_OLDER])
		return DOUBT_OLDER;
	return lives[LIFE_UNKNOWN] ? DOUBT_UNKNOWN : DOUBT_NONE;
}

static bool unwatched(const struct profile *p, enum point point)
{
	return p->points[point].gap || !p->points[point].told;
}

static bool lost(const struct profile *p, const struct who *w, enum told_of of)
{
	if (of == OF_RUNS)
		return p->lost_runs;
	if (of == OF_MESSAGES)
		return p->lost_messages;
	if (of == OF_STORY && p->lost_runs)
		return true;
	return w ? p->lost_any : p->lost_calls;
}

/* What of this side may not have been seen; w NULL: of all of it. A baseline is what it says. */
static enum doubt doubt_of(const struct profile *p, const struct who *w, enum told_of of)
{
	enum doubt doubt;

	if (p->baseline)
		return DOUBT_NONE;
	if (lost(p, w, of))
		return DOUBT_LOST;
	if (p->cut_off && (!w || w->n_open))
		return DOUBT_CUT_OFF;
	if (p->outcomes || p->threads)
		return DOUBT_FILTER;
	doubt = doubt_of_lives(w ? w->lives : p->lives);
	if (doubt)
		return doubt;
	if (of != OF_MODE && unwatched(p, POINT_IOCTL))
		return DOUBT_GAP;
	if ((of == OF_CAUSES || of == OF_MODE || of == OF_STORY) && unwatched(p, POINT_REG))
		return DOUBT_GAP;
	if (of == OF_STORY && unwatched(p, POINT_EXTENSION))
		return DOUBT_GAP;
	if ((of == OF_RUNS && unwatched(p, POINT_RUN)) ||
	    (of == OF_MESSAGES && unwatched(p, POINT_CONSOLE)))
		return DOUBT_GAP;
	return !w && p->n_rest && of == OF_GUESTS ? DOUBT_ROOM : DOUBT_NONE;
}

/* Whether it has no other guests than those that were seen. */
static enum doubt doubt_of_guests(const struct diff *d, const struct profile *p)
{
	const char *a = d->old->filters, *b = d->new->filters;
	enum doubt doubt = doubt_of(p, NULL, OF_GUESTS);

	if (doubt || p->baseline)
		return doubt;
	if (p->lost_vms)
		return DOUBT_LOST;
	if (p->older)
		return DOUBT_OLDER;
	return strcmp(a ? a : "", b ? b : "") && !d->old->baseline && !d->new->baseline ?
		       DOUBT_FILTER :
		       DOUBT_NONE;
}

static char *reason(struct diff *d, enum doubt old, enum doubt new)
{
	char *first = old ? text_of(d, doubts[old], "OLD") : NULL;
	char *second = new ? text_of(d, doubts[new], "NEW") : NULL;
	char *both;

	if (!first || !second)
		return first ? first : second;
	both = text_of(d, "%s, and %s", first, second);
	free(first);
	free(second);
	return both;
}

/* ------------------------------------------------------------------ results */

static struct diff_result *new_result(struct diff *d, const char *name, const char *title,
				      enum diff_shape shape)
{
	struct diff_result *r = grow(d, &d->results, &d->n, &d->room, sizeof(*r));

	if (!r)
		return NULL;
	r->name = name;
	r->title = title;
	r->shape = shape;
	r->trend = TREND_OTHER;
	return r;
}

/* Of two sorted lists: what the other one has not. Returns how many. */
static size_t mark_alone(struct diff_value *a, struct diff_value *b)
{
	size_t i = 0, k = 0, n = 0;

	while (i < a->n) {
		int order = k < b->n ? strcmp(a->words[i].text, b->words[k].text) : -1;

		if (order > 0) {
			k++;
			continue;
		}
		a->words[i].alone = order < 0;
		n += order < 0;
		i++;
	}
	return n;
}

static void mark_doubtful(struct diff_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		v->words[i].doubtful = v->words[i].alone;
}

static bool has_certain(const struct diff_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->words[i].alone && !v->words[i].doubtful)
			return true;
	return false;
}

/*
 * What is in one of them alone is a difference where the other would have been seen to have it.
 * whole: and where it was seen whole itself, for a part of it would be another word.
 */
static void decide(struct diff *d, struct diff_result *r, enum doubt old, enum doubt new,
		   bool whole)
{
	size_t gone = mark_alone(&r->old, &r->new), added = mark_alone(&r->new, &r->old);

	if (new || (whole && old))
		mark_doubtful(&r->old);
	if (old || (whole && new))
		mark_doubtful(&r->new);
	if (has_certain(&r->old) || has_certain(&r->new)) {
		r->outcome = DIFF_CHANGED;
		return;
	}
	if (!gone && !added && !hides_all(old) && !hides_all(new))
		return;
	r->outcome = DIFF_UNDECIDED;
	if (gone || added)
		r->why = reason(d, added || whole ? old : DOUBT_NONE,
				gone || whole ? new : DOUBT_NONE);
	else
		r->why = reason(d, hides_all(old) ? old : DOUBT_NONE,
				hides_all(new) ? new : DOUBT_NONE);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct diff_word *)a)->text, ((const struct diff_word *)b)->text);
}

static void sort_words(struct diff_value *v)
{
	if (v->n)
		qsort(v->words, v->n, sizeof(*v->words), by_text);
}

/* ------------------------------------------------------------------ a guest's facts, or all's */

/* Both sides of a guest, or of all. */
struct pair {
	const struct who *old, *new; /* NULL: all */
	unsigned int nth;
};

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
			add_word(d, v, p->baseline ? 0 : t->causes[i], cause_name(i));
	for (int i = 0; i < ARCH_MAX; i++)
		if (t->asks[i])
			add_word(d, v, p->baseline ? 0 : t->asks[i], arch_cause_name(i));
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
		add_word(d, v, 0,
			 named.list[i] ? modes_text(text, sizeof(text), named.list[i]) : "none");
}

static void fill_mode(struct diff *d, struct diff_value *v, const struct profile *p,
		      const struct who *w)
{
	const struct numbers *modes = &tally_of(p, w)->accepted;
	bool has_default = false;

	for (unsigned int i = 0; i < modes->n; i++) {
		const struct abi_pvr *known = abi_pvr((uint32_t)modes->list[i]);

		if (known)
			add_word(d, v, 0, known->name);
		else if (!has_default)
			add_word(d, v, 0, "default");
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
		add_word(d, v, 0, text);
	}
}

static void fill_story(struct diff *d, struct diff_value *v, const struct profile *p,
		       const struct who *w)
{
	(void)p;
	for (unsigned int i = 0; i < w->stories.n; i++)
		add_word(d, v, 0, w->stories.list[i]);
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

/* Of a baseline that tells of sizes none is wild: to a recording with such ones it has no word. */
static bool comparable(const struct diff *d, const struct pair *pair, enum told_of of)
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

static enum diff_trend trend_of(const struct diff *d, const struct pair *pair, enum told_of of,
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
	enum doubt doubt = doubt_of(p, w, OF_STORY);

	if (doubt || p->baseline || !unwatched(p, POINT_RUN))
		return doubt;
	for (size_t i = 0; i < other->n; i++)
		if (strstr(other->words[i].text, "run:"))
			return DOUBT_GAP;
	return DOUBT_NONE;
}

static void decide_set(struct diff *d, struct diff_result *r, const struct pair *pair,
		       enum told_of of)
{
	if (of == OF_STORY)
		decide(d, r, doubt_of_story(d->old, pair->old, &r->new),
		       doubt_of_story(d->new, pair->new, &r->old), true);
	else
		decide(d, r, doubt_of(d->old, pair->old, of), doubt_of(d->new, pair->new, of),
		       false);
}

static void compare_set(struct diff *d, const struct pair *pair, size_t i)
{
	enum told_of of = sets[i].of;
	bool all = !pair->old;
	struct diff_result *r;

	if (!(told(d->old, pair->old) & told(d->new, pair->new) & TOLD(of)) ||
	    !comparable(d, pair, of) || (all && of == OF_STORY))
		return;
	r = new_result(d, sets[i].name, sets[i].title, sets[i].shape);
	if (!r)
		return;
	r->who = pair->old;
	r->nth = pair->nth;
	sets[i].fill(d, &r->old, d->old, pair->old);
	sets[i].fill(d, &r->new, d->new, pair->new);
	sort_words(&r->old);
	sort_words(&r->new);
	decide_set(d, r, pair, of);
	if (r->outcome == DIFF_CHANGED)
		r->trend = trend_of(d, pair, of, r);
	if (r->outcome == DIFF_SAME &&
	    (bounded(d->old, pair->old, of) || bounded(d->new, pair->new, of))) {
		r->outcome = DIFF_UNDECIDED;
		r->why = text_of(d, "there are more than the limit");
	}
}

static void compare_pair(struct diff *d, const struct pair *pair)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		compare_set(d, pair, i);
}

/* ------------------------------------------------------------------ guests */

static int who_cmp(const struct who *a, const struct who *b)
{
	if (a->guest && b->guest)
		return strcmp(a->guest, b->guest);
	return a->guest ? -1 : b->guest ? 1 : 0;
}

static void fill_guests(struct diff *d, struct diff_value *v, const struct profile *p)
{
	for (size_t i = 0; i < p->n_who && p->who[i]->guest; i++)
		add_word(d, v, 0, p->who[i]->guest);
}

/* A baseline whose guests are not listed tells of some, and there may be others. */
static void compare_guests(struct diff *d)
{
	struct diff_result *r = new_result(d, "guests", "guests", SHAPE_SET);
	enum doubt old = doubt_of_guests(d, d->old), new = doubt_of_guests(d, d->new);

	if (!r)
		return;
	fill_guests(d, &r->old, d->old);
	fill_guests(d, &r->new, d->new);
	if (!(d->old->told & TOLD(OF_GUESTS)))
		old = DOUBT_UNKNOWN;
	if (!(d->new->told &TOLD(OF_GUESTS)))
		new = DOUBT_UNKNOWN;
	decide(d, r, old, new, false);
}

static size_t n_unnamed(const struct profile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_who; i++)
		n += !p->who[i]->guest;
	return n;
}

static void compare_unnamed(struct diff *d)
{
	size_t old = n_unnamed(d->old), new = n_unnamed(d->new);
	enum doubt old_doubt = doubt_of_guests(d, d->old), new_doubt = doubt_of_guests(d, d->new);
	struct diff_result *r;
	char text[24];

	if (d->old->baseline || d->new->baseline || (!old && !new))
		return;
	r = new_result(d, "unnamed", "VMs without a name", SHAPE_VALUE);
	if (!r)
		return;
	snprintf(text, sizeof(text), "%zu", old);
	add_word(d, &r->old, 0, text);
	snprintf(text, sizeof(text), "%zu", new);
	add_word(d, &r->new, 0, text);
	/* More is certain where the other side can have no others. */
	if (old < new)
		new_doubt = DOUBT_NONE;
	else if (new < old)
		old_doubt = DOUBT_NONE;
	decide(d, r, old_doubt, new_doubt, true);
}

static void compare_who(struct diff *d)
{
	const struct profile *a = d->old, *b = d->new;
	unsigned int nth = 0;
	size_t i = 0, k = 0;

	while (i < a->n_who && k < b->n_who) {
		int order = who_cmp(a->who[i], b->who[k]);

		if (!order) {
			struct pair pair = { a->who[i], b->who[k], 0 };

			if (!pair.old->guest && !a->baseline && !b->baseline)
				pair.nth = ++nth;
			compare_pair(d, &pair);
		}
		i += order <= 0;
		k += order >= 0;
	}
}

/* ------------------------------------------------------------------ counts */

/* A baseline that has no rule for it says nothing of it, as of other things. */
static void note_unwatched(struct diff *d, const char *title, enum told_of of)
{
	bool old = d->old->told & TOLD(of), new = d->new->told &TOLD(of);

	if ((old || new) && !d->old->baseline && !d->new->baseline)
		note(d, text_of(d, "%s: watched only in %s", title, old ? "OLD" : "NEW"));
}

/* Of which none is wanted: from none to some is a difference, from some to more is none. */
static void compare_count(struct diff *d, const char *name, const char *title, enum told_of of,
			  uint64_t old, uint64_t new, enum diff_trend more)
{
	enum doubt old_doubt = doubt_of(d->old, NULL, of), new_doubt = doubt_of(d->new, NULL, of);
	struct diff_result *r;
	char text[24];

	if (!(d->old->told & d->new->told &TOLD(of))) {
		note_unwatched(d, title, of);
		return;
	}
	r = new_result(d, name, title, SHAPE_VALUE);
	if (!r)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, old);
	add_word(d, &r->old, 0, text);
	snprintf(text, sizeof(text), "%" PRIu64, new);
	add_word(d, &r->new, 0, text);
	if (of == OF_LOST)
		old_doubt = new_doubt = DOUBT_NONE;
	/* None was seen: of that one doubt matters. */
	if (old)
		old_doubt = DOUBT_NONE;
	if (new)
		new_doubt = DOUBT_NONE;
	if (old_doubt && (new || hides_all(old_doubt)))
		r->outcome = DIFF_UNDECIDED;
	else if (new_doubt && (old || hides_all(new_doubt)))
		r->outcome = DIFF_UNDECIDED;
	else if (!old != !new)
		r->outcome = DIFF_CHANGED;
	if (r->outcome == DIFF_UNDECIDED)
		r->why = reason(d, old_doubt, new_doubt);
	if (r->outcome != DIFF_CHANGED || more == TREND_OTHER)
		return;
	r->trend = new ? TREND_WORSE : TREND_BETTER;
}

static void compare_counts(struct diff *d)
{
	const struct profile *a = d->old, *b = d->new;

	compare_count(d, "retries-failed", "retries that failed", OF_RETRIES, a->all.failed,
		      b->all.failed, TREND_WORSE);
	if (!a->baseline && !b->baseline)
		compare_count(d, "retries-recovered", "retries that recovered", OF_RETRIES,
			      a->all.recovered, b->all.recovered, TREND_OTHER);
	compare_count(d, "runs", "runs that failed", OF_RUNS, a->n_runs, b->n_runs, TREND_WORSE);
	compare_count(d, "kernel-messages", "messages of the kernel", OF_MESSAGES, a->n_messages,
		      b->n_messages, TREND_WORSE);
	compare_count(d, "lost", "events lost", OF_LOST, a->lost, b->lost, TREND_WORSE);
}

/* ------------------------------------------------------------------ latencies */

/* How a negotiation is watched is a part of how long it takes. */
static const char *latency_unfit(const struct diff *d, const struct histogram *a,
				 const struct histogram *b)
{
	if (d->old->baseline || d->new->baseline)
		return "a baseline has none";
	if (d->old->points[POINT_IOCTL].how != d->new->points[POINT_IOCTL].how)
		return "calls were watched by another method";
	if (d->old->points[POINT_IOCTL].mixed || d->new->points[POINT_IOCTL].mixed)
		return "calls were watched by several methods";
	return a->n < HISTOGRAM_ENOUGH || b->n < HISTOGRAM_ENOUGH ? "" : NULL;
}

static void add_time(struct diff *d, struct diff_value *v, uint64_t n, double ns)
{
	char text[32];

	if (ns < 1e3)
		snprintf(text, sizeof(text), "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(text, sizeof(text), "%.1f us", ns / 1e3);
	else if (ns < 1e9)
		snprintf(text, sizeof(text), "%.1f ms", ns / 1e6);
	else
		snprintf(text, sizeof(text), "%.1f s", ns / 1e9);
	add_word(d, v, n, text);
}

static void compare_latency(struct diff *d, const char *name, const char *title,
			    const struct histogram *a, const struct histogram *b)
{
	const char *unfit = latency_unfit(d, a, b);
	struct comparison c;
	struct diff_result *r;

	if (unfit) {
		if (*unfit)
			note(d, text_of(d, "%s: %s", title, unfit));
		else if (a->n || b->n)
			note(d, text_of(d,
					"%s: %" PRIu64 " calls in OLD, %" PRIu64
					" in NEW; at least %d each are needed",
					title, a->n, b->n, HISTOGRAM_ENOUGH));
		return;
	}
	c = histogram_compare(a, b);
	r = new_result(d, name, title, SHAPE_VALUE);
	if (!r)
		return;
	add_time(d, &r->old, a->n, c.median_old);
	add_time(d, &r->new, b->n, c.median_new);
	r->why = text_of(d,
			 "medians; Mann-Whitney U=%.1f, n=%" PRIu64 " and %" PRIu64
			 ", p=%.2g; NEW is slower in %.0f%% of pairs",
			 c.u, a->n, b->n, c.p, 100 * c.larger);
	r->statistics = c;
	if (!c.matters)
		return;
	r->outcome = DIFF_CHANGED;
	r->trend = c.larger > 0.5 ? TREND_WORSE : TREND_BETTER;
}

static void compare_latencies(struct diff *d)
{
	compare_latency(d, "latency-ok", "latency of queries that succeeded", &d->old->latency_ok,
			&d->new->latency_ok);
	compare_latency(d, "latency-failed", "latency of queries that failed",
			&d->old->latency_failed, &d->new->latency_failed);
}

/* ------------------------------------------------------------------ the hosts */

static void add_fact(struct diff *d, const char *name, const char *title, char *old, char *new)
{
	struct diff_fact *f;

	if ((!old && !new) || (old && new && !strcmp(old, new)) ||
	    !(f = grow(d, &d->facts, &d->n_facts, &d->room_facts, sizeof(*f)))) {
		free(old);
		free(new);
		return;
	}
	f->name = name;
	f->title = title;
	f->old = old;
	f->new = new;
}

static char *copy(struct diff *d, const char *text)
{
	return text ? text_of(d, "%s", text) : NULL;
}

static char *command_text(struct diff *d, const struct host_facts *h)
{
	const struct abi_revision *abi = h->kernel_cmd ? abi_by_cmd(h->kernel_cmd) : NULL;

	if (!h->kernel_cmd)
		return NULL;
	return text_of(d, "0x%08" PRIx32 " (%s)", h->kernel_cmd, abi ? abi->name : "?");
}

static char *ksize_text(struct diff *d, const struct host_facts *h)
{
	if (h->ksize_is == FACT_UNKNOWN)
		return NULL;
	if (h->ksize_is == FACT_ABSENT)
		return text_of(d, "none");
	return text_of(d, "%" PRIu64, h->ksize);
}

static char *version_text(struct diff *d, const struct host_facts *h)
{
	const struct abi_pvr *known = abi_pvr(h->cpu_version);

	if (h->cpu_version_is == FACT_UNKNOWN)
		return NULL;
	if (h->cpu_version_is == FACT_ABSENT)
		return text_of(d, "none");
	return text_of(d, "0x%08" PRIx32 "%s%s", h->cpu_version, known ? " " : "",
		       known ? known->name : "");
}

static char *nested_text(struct diff *d, const struct host_facts *h)
{
	static const char *const names[] = { NULL, "none", "v1", "v2" };

	return copy(d, names[h->nested]);
}

static char *caps_text(struct diff *d, const struct host_facts *h)
{
	char modes[128];

	if (h->nested_caps_is == FACT_UNKNOWN)
		return NULL;
	if (h->nested_caps_is == FACT_ABSENT)
		return text_of(d, "none");
	return text_of(d, "0x%016" PRIx64 " %s", h->nested_caps,
		       modes_text(modes, sizeof(modes), h->nested_caps));
}

static char *machine_text(struct diff *d, const struct host_facts *h)
{
	if (h->pseries_is == FACT_UNKNOWN)
		return NULL;
	return text_of(d, h->pseries_is == FACT_KNOWN ? "pseries" : "bare metal");
}

static char *how_text(struct diff *d, const struct profile *p, enum point point)
{
	if (!p->points[point].told)
		return NULL;
	return text_of(d, "%s%s", attach_how_name(p->points[point].how),
		       p->points[point].gap && p->points[point].how ? ", not all the time" : "");
}

static char *number(struct diff *d, uint64_t n)
{
	return n ? text_of(d, "%" PRIu64, n) : NULL;
}

static void compare_hosts(struct diff *d)
{
	const struct profile *a = d->old, *b = d->new;
	const struct host_facts *x = &a->host, *y = &b->host;

	if (a->baseline || b->baseline)
		return;
	add_fact(d, "kernel", "kernel", copy(d, a->release), copy(d, b->release));
	add_fact(d, "build", "its build", copy(d, a->build), copy(d, b->build));
	add_fact(d, "arch", "architecture", copy(d, a->arch), copy(d, b->arch));
	add_fact(d, "modules", "modules", copy(d, a->modules), copy(d, b->modules));
	add_fact(d, "cpus", "CPUs", number(d, a->cpus), number(d, b->cpus));
	add_fact(d, "page_size", "page size", number(d, x->page_size), number(d, y->page_size));
	add_fact(d, "machine", "machine", machine_text(d, x), machine_text(d, y));
	add_fact(d, "kernel_cmd", "its command", command_text(d, x), command_text(d, y));
	add_fact(d, "ksize", "its struct", ksize_text(d, x), ksize_text(d, y));
	add_fact(d, "cpu_version", "cpu-version", version_text(d, x), version_text(d, y));
	add_fact(d, "nested_api", "nested API", nested_text(d, x), nested_text(d, y));
	add_fact(d, "nested_caps", "nested capabilities", caps_text(d, x), caps_text(d, y));
	for (int i = 0; i < ATTACH_POINTS; i++)
		add_fact(d, attach_func(i), attach_func(i), how_text(d, a, i), how_text(d, b, i));
	add_fact(d, "filters", "filters", copy(d, a->filters), copy(d, b->filters));
}

/* ------------------------------------------------------------------ all of it */

static void note_side(struct diff *d, const struct profile *p, const char *side)
{
	if (p->n_others)
		note(d, text_of(d, "rules of %s that are not facts of a recording: %" PRIu64, side,
				p->n_others));
	if (p->n_rest)
		note(d, text_of(d, "VMs of %s beyond the limit: %" PRIu64, side, p->n_rest));
}

static int rank(const struct diff_result *r)
{
	if (r->outcome == DIFF_SAME)
		return TRENDS + 1;
	return r->outcome == DIFF_UNDECIDED ? TRENDS : (int)r->trend;
}

/* All before guests, those in their order: as they were compared. */
static int by_rank(const void *a, const void *b, void *results)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const struct diff_result *r = results;
	int order = rank(&r[x]) - rank(&r[y]);

	return order ? order : (x > y) - (x < y);
}

static void sort_results(struct diff *d)
{
	size_t *order = calloc(d->n + 1, sizeof(*order));
	struct diff_result *sorted = calloc(d->n + 1, sizeof(*sorted));

	d->no_memory |= !order || !sorted;
	for (size_t i = 0; order && i < d->n; i++)
		order[i] = i;
	if (order && sorted) {
		qsort_r(order, d->n, sizeof(*order), by_rank, d->results);
		for (size_t i = 0; i < d->n; i++)
			sorted[i] = d->results[order[i]];
		free(d->results);
		d->results = sorted;
		d->room = d->n + 1;
		sorted = NULL;
	}
	free(sorted);
	free(order);
}

void diff_compare(struct diff *d, const struct profile *old, const struct profile *new)
{
	static const struct pair all;

	*d = (struct diff){ .old = old, .new = new };
	compare_hosts(d);
	compare_pair(d, &all);
	compare_counts(d);
	compare_guests(d);
	compare_unnamed(d);
	compare_who(d);
	compare_latencies(d);
	note_side(d, old, "OLD");
	note_side(d, new, "NEW");
	d->no_memory |= old->no_memory || new->no_memory;
	sort_results(d);
}

struct diff_count diff_count(const struct diff *d)
{
	struct diff_count c = { 0 };

	for (size_t i = 0; i < d->n; i++) {
		c.same += d->results[i].outcome == DIFF_SAME;
		c.undecided += d->results[i].outcome == DIFF_UNDECIDED;
		if (d->results[i].outcome == DIFF_CHANGED)
			c.changed[d->results[i].trend]++;
	}
	return c;
}

enum diff_outcome diff_outcome(const struct diff *d)
{
	struct diff_count c = diff_count(d);

	for (int i = 0; i < TRENDS; i++)
		if (c.changed[i])
			return DIFF_CHANGED;
	return c.undecided ? DIFF_UNDECIDED : DIFF_SAME;
}

const char *diff_outcome_name(enum diff_outcome outcome)
{
	static const char *const names[] = {
		[DIFF_SAME] = "same",
		[DIFF_CHANGED] = "changed",
		[DIFF_UNDECIDED] = "undecided",
	};

	return names[outcome];
}

const char *diff_trend_name(enum diff_trend trend)
{
	static const char *const names[TRENDS] = {
		[TREND_WORSE] = "worse",
		[TREND_OTHER] = "other",
		[TREND_BETTER] = "better",
	};

	return names[trend];
}

char *diff_who(char buf[DIFF_WHO_LEN], const struct diff_result *r)
{
	if (!r->who)
		buf[0] = '\0';
	else if (r->who->guest)
		snprintf(buf, DIFF_WHO_LEN, "guest \"%s\"", r->who->guest);
	else if (r->nth)
		snprintf(buf, DIFF_WHO_LEN, "VM %u of those without a name", r->nth);
	else
		snprintf(buf, DIFF_WHO_LEN, "VMs without a name");
	return buf;
}
