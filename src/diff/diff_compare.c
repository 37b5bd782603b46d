// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Compares two profiles: guests, counts, latencies. What only one of them has is a difference only
 * if the other would have been seen to have it. What each guest did is compared in diff_sets.c,
 * and facts of the hosts in diff_hosts.c.
 */
#include "diff/diff_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ guests */

static int who_cmp(const struct who *a, const struct who *b)
{
	if (a->guest && b->guest)
		return strcmp(a->guest, b->guest);
	return a->guest ? -1 : b->guest ? 1 : 0;
}

/* Whether it has no other guests than those that were seen. */
static enum doubt doubt_of_guests(const struct diff *d, const struct profile *p)
{
	const char *a = d->old->filters, *b = d->new->filters;
	enum doubt doubt = diff_doubt_of(p, NULL, OF_GUESTS);

	if (doubt || p->baseline)
		return doubt;
	if (p->unseen.lossy_vms)
		return DOUBT_LOST;
	if (p->unseen.older)
		return DOUBT_OLDER;
	return strcmp(a ? a : "", b ? b : "") && !d->old->baseline && !d->new->baseline ?
		       DOUBT_FILTER :
		       DOUBT_NONE;
}

static void fill_guests(struct diff *d, struct diff_value *v, const struct profile *p)
{
	for (size_t i = 0; i < p->n_who && p->who[i]->guest; i++)
		diff_add_word(d, v, 0, p->who[i]->guest);
}

/* A baseline that does not list its guests names some, and there may be others. */
static void compare_guests(struct diff *d)
{
	struct diff_result *r = diff_new_result(d, "guests", "guests", SHAPE_SET);
	enum doubt old = doubt_of_guests(d, d->old), new = doubt_of_guests(d, d->new);

	if (!r)
		return;
	fill_guests(d, &r->old, d->old);
	fill_guests(d, &r->new, d->new);
	if (!(d->old->told & TOLD(OF_GUESTS)))
		old = DOUBT_UNKNOWN;
	if (!(d->new->told &TOLD(OF_GUESTS)))
		new = DOUBT_UNKNOWN;
	diff_decide(d, r, old, new, false);
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
	r = diff_new_result(d, "unnamed", "VMs without a name", SHAPE_VALUE);
	if (!r)
		return;
	snprintf(text, sizeof(text), "%zu", old);
	diff_add_word(d, &r->old, 0, text);
	snprintf(text, sizeof(text), "%zu", new);
	diff_add_word(d, &r->new, 0, text);
	/* More is certain where the other side can have no others. */
	if (old < new)
		new_doubt = DOUBT_NONE;
	else if (new < old)
		old_doubt = DOUBT_NONE;
	diff_decide(d, r, old_doubt, new_doubt, true);
}

static void compare_who(struct diff *d)
{
	const struct profile *a = d->old, *b = d->new;
	unsigned int nth = 0;
	size_t i = 0, k = 0;

	while (i < a->n_who && k < b->n_who) {
		int order = who_cmp(a->who[i], b->who[k]);

		if (!order) {
			struct diff_pair pair = { a->who[i], b->who[k], 0 };

			if (!pair.old->guest && !a->baseline && !b->baseline)
				pair.nth = ++nth;
			diff_compare_pair(d, &pair);
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
		diff_note(d, diff_text(d, "%s: watched only in %s", title, old ? "OLD" : "NEW"));
}

/* Counts that should be 0: from none to some is a difference, from some to more is not. */
static void compare_count(struct diff *d, const char *name, const char *title, enum told_of of,
			  uint64_t old, uint64_t new, enum diff_trend more)
{
	enum doubt old_doubt = diff_doubt_of(d->old, NULL, of),
		   new_doubt = diff_doubt_of(d->new, NULL, of);
	struct diff_result *r;
	char text[24];

	if (!(d->old->told & d->new->told &TOLD(of))) {
		note_unwatched(d, title, of);
		return;
	}
	r = diff_new_result(d, name, title, SHAPE_VALUE);
	if (!r)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, old);
	diff_add_word(d, &r->old, 0, text);
	snprintf(text, sizeof(text), "%" PRIu64, new);
	diff_add_word(d, &r->new, 0, text);
	if (of == OF_LOST)
		old_doubt = new_doubt = DOUBT_NONE;
	/* None was seen: of that one doubt matters. */
	if (old)
		old_doubt = DOUBT_NONE;
	if (new)
		new_doubt = DOUBT_NONE;
	if (old_doubt && (new || diff_hides_all(old_doubt)))
		r->outcome = DIFF_UNDECIDED;
	else if (new_doubt && (old || diff_hides_all(new_doubt)))
		r->outcome = DIFF_UNDECIDED;
	else if (!old != !new)
		r->outcome = DIFF_CHANGED;
	if (r->outcome == DIFF_UNDECIDED)
		r->why = diff_reason(d, old_doubt, new_doubt);
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
	diff_add_word(d, v, n, text);
}

static void compare_latency(struct diff *d, const char *name, const char *title,
			    const struct histogram *a, const struct histogram *b)
{
	const char *unfit = latency_unfit(d, a, b);
	struct comparison c;
	struct diff_result *r;

	if (unfit) {
		if (*unfit)
			diff_note(d, diff_text(d, "%s: %s", title, unfit));
		else if (a->n || b->n)
			diff_note(d, diff_text(d,
					       "%s: %" PRIu64 " call%s in OLD, %" PRIu64
					       " in NEW; at least %d each are needed",
					       title, a->n, a->n == 1 ? "" : "s", b->n,
					       HISTOGRAM_ENOUGH));
		return;
	}
	c = histogram_compare(a, b);
	r = diff_new_result(d, name, title, SHAPE_VALUE);
	if (!r)
		return;
	add_time(d, &r->old, a->n, c.median_old);
	add_time(d, &r->new, b->n, c.median_new);
	r->why = diff_text(d,
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

/* ------------------------------------------------------------------ all of it */

static void note_side(struct diff *d, const struct profile *p, const char *side)
{
	if (p->n_others)
		diff_note(d, diff_text(d, "rules of %s that are not facts of a recording: %" PRIu64,
				       side, p->n_others));
	if (p->n_rest)
		diff_note(d, diff_text(d, "VMs of %s beyond the limit: %" PRIu64, side, p->n_rest));
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

/* That neither has any of it does not make them the same. */
static void compare_nothing(struct diff *d, const char *unmatched)
{
	struct diff_result *r = diff_new_result(d, "matches", "what matches the filters",
						SHAPE_SET);

	if (!r)
		return;
	r->outcome = DIFF_UNDECIDED;
	r->why = diff_text(d, "nothing in OLD or NEW matches %s", unmatched);
}

void diff_compare(struct diff *d, const struct profile *old, const struct profile *new,
		  const char *unmatched)
{
	static const struct diff_pair all;

	*d = (struct diff){ .old = old, .new = new };
	diff_compare_hosts(d);
	if (unmatched) {
		compare_nothing(d, unmatched);
		return;
	}
	diff_compare_pair(d, &all);
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
