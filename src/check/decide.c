// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From counts to verdicts. Each rule has two numbers: what certainly happened, and what can have
 * happened at most. Where both give the same verdict, that is the verdict; otherwise it is
 * inconclusive, and the reason is the first thing that could have hidden the difference.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/evaluate_state.h"
#include "diagnosis/event.h"

#define NAMES_TOLD 12 /* of a set */

struct decision {
	const struct evaluation *ev;
	const struct rule_state *s;
	struct rule_result *result;
	FILE *found, *why;
	bool tainted;	    /* what matched softly may be otherwise */
	bool endless;	    /* any number of events may not have been seen */
	uint64_t n_certain; /* of the events that matched softly, those that are certain all the
			       same */
};

static enum tri tri_not(enum tri t)
{
	return t == TRI_MAYBE ? TRI_MAYBE : tri_of(t == TRI_NO);
}

static enum tri either(enum tri a, enum tri b)
{
	return a > b ? a : b;
}

static bool is_over(const struct rule_state *s, const struct unseen *u)
{
	return s->full || s->vms.over || s->softly.over || u->told.over || u->partial.over ||
	       u->lossy.over;
}

/* Of which VM of the rule not all was seen; 0: of none. */
static unsigned int partial_vm(const struct rule_state *s, const struct unseen *u)
{
	unsigned int vm = s->of_vms ? bits_common(&s->vms, &u->partial) : 0;

	return !vm && s->of_vms ? bits_only(&s->vms, &u->told) : vm;
}

static bool has_no_vm(const struct rule_state *s)
{
	return s->of_vms && !bits_only(&s->vms, &(const struct bits){ 0 });
}

/* A VM that is older than the trace, and had no event, may be what the rule is about. */
static bool is_older(const struct rule_state *s, const struct unseen *u)
{
	return has_no_vm(s) && u->older;
}

/* Or one that a filter has left out. */
static bool is_filtered(const struct rule_state *s, const struct unseen *u)
{
	return has_no_vm(s) && u->some_vms;
}

/* What was lost may have been of such a VM. */
static bool loses_partial(const struct rule_state *s, const struct unseen *u)
{
	return s->of_vms && (s->lost_surely || s->lost_maybe) && unseen_has_partial(u);
}

/* The first line tells all that there is to know of some fields. */
static bool is_fixed(const struct rule_state *s)
{
	return s->types == 1u << EVENT_TRACE;
}

static bool hides_outcomes(const struct rule_state *s, const struct unseen *u)
{
	return u->outcomes && s->types & (UNSEEN_CALLS | 1u << EVENT_RETRY | 1u << EVENT_VM);
}

static bool was_let_go(const struct unseen *u, enum point p)
{
	return u->points[p].told && u->points[p].gap;
}

/* Births of VMs, and ends. A recording of schema 1 has neither from a function: uevents told it. */
static int gap_of_vms(const struct rule_state *s, const struct unseen *u)
{
	if (was_let_go(u, POINT_BIRTH) && (s->per_vm || s->types & 1u << EVENT_VM))
		return POINT_BIRTH;
	if (was_let_go(u, POINT_DEATH) && s->r->kind == RULE_FIELD && s->r->types & 1u << EVENT_VM)
		return POINT_DEATH;
	return -1;
}

/* The function in which something that the rule looks at was not watched; -1: there is none. */
static int gap_of(const struct rule_state *s, const struct unseen *u)
{
	int point = unseen_gap(u, s->types);

	return point >= 0 ? point : gap_of_vms(s, u);
}

static bool is_endless(const struct rule_state *s, const struct unseen *u)
{
	if (is_fixed(s))
		return false;
	return u->cut_off || !u->ended || u->unreadable || hides_outcomes(s, u) || is_over(s, u) ||
	       gap_of(s, u) >= 0 || partial_vm(s, u) || is_older(s, u) || is_filtered(s, u) ||
	       loses_partial(s, u) || s->lost_query;
}

/* ------------------------------------------------------------------ why */

static void because(const struct decision *d, const char **sep, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void because(const struct decision *d, const char **sep, const char *fmt, ...)
{
	va_list ap;

	fputs(*sep, d->why);
	*sep = "; ";
	va_start(ap, fmt);
	vfprintf(d->why, fmt, ap);
	va_end(ap);
}

static void why_lost(const struct decision *d, const char **sep)
{
	uint64_t n = add_up(d->s->lost_surely, d->s->lost_maybe);
	const char *comma = " (";

	if (!n && !d->s->lost_query)
		return;
	if (n)
		because(d, sep, "%" PRIu64 " event%s lost that could change the result", n,
			n == 1 ? " was" : "s were");
	else
		because(d, sep, "queries were lost");
	for (int i = 0; i < CC_LOSSES; i++)
		if (d->s->lost_reasons & 1u << i) {
			fprintf(d->why, "%s%s", comma, loss_name(i));
			comma = ", ";
		}
	fputs(*comma == ',' ? ")" : "", d->why);
}

static void why_vms(const struct decision *d, const char **sep)
{
	const struct unseen *u = &d->ev->unseen;
	unsigned int vm = partial_vm(d->s, u);

	if (vm)
		because(d, sep, "VM %u was not watched for its whole life", vm);
	else if (is_older(d->s, u))
		because(d, sep, "VMs that are older than the trace may match");
	else if (is_filtered(d->s, u))
		because(d, sep, "no such VM is in the recording, which has only what matches %s",
			u->filters ? u->filters : "a filter");
}

static void why_doubt(const struct decision *d, const char **sep)
{
	uint64_t n = add_up(d->s->n_unknown, add_up(d->s->n_maybe, d->s->set.n_unknown));

	if (n)
		because(d, sep, "not enough is known about %" PRIu64 " event%s", n,
			n == 1 ? "" : "s");
	if (d->tainted)
		because(d, sep, "lost events of these VMs could change the result");
	if (is_over(d->s, &d->ev->unseen))
		because(d, sep, "there are too many VMs to distinguish");
}

static void tell_why(const struct decision *d)
{
	const struct unseen *u = &d->ev->unseen;
	int point = is_fixed(d->s) ? -1 : gap_of(d->s, u);
	const char *sep = "";

	why_lost(d, &sep);
	if (u->unreadable)
		because(d, &sep, "lines of the recording cannot be read");
	else if (u->written)
		because(d, &sep, "the recording is still being written");
	else if (u->cut_off || !u->ended)
		because(d, &sep, "the recording is cut off");
	if (point >= 0 && u->points[point].told)
		because(d, &sep, "%s was not watched all the time (%s)", attach_func(point),
			u->points[point].why);
	else if (point >= 0)
		because(d, &sep, "%s was not watched", attach_func(point));
	if (hides_outcomes(d->s, u))
		because(d, &sep, "the recording has only calls with some outcomes (%s)",
			u->filters ? u->filters : "it was filtered");
	why_vms(d, &sep);
	why_doubt(d, &sep);
	if (d->s->times && !d->s->times->n)
		because(d, &sep, "there is nothing to measure");
	if (!*sep)
		fputs("not enough was seen", d->why);
}

/* ------------------------------------------------------------------ counts */

struct range {
	uint64_t low, high;
	bool endless; /* high does not hold */
};

static enum tri range_equals(struct range r, __int128 value)
{
	if (value < r.low || (!r.endless && value > r.high))
		return TRI_NO;
	return !r.endless && r.low == r.high ? TRI_YES : TRI_MAYBE;
}

static enum tri range_below(struct range r, __int128 value)
{
	if (r.low >= value)
		return TRI_NO;
	return !r.endless && r.high < value ? TRI_YES : TRI_MAYBE;
}

static enum tri range_holds(struct range r, const struct rule *rule)
{
	__int128 first = rule->value.sets[0].words[0].number;
	enum tri equal = TRI_NO;

	for (size_t i = 0; i < rule->value.n; i++)
		equal = either(equal, range_equals(r, rule->value.sets[i].words[0].number));
	switch (rule->op) {
	case RULE_NE:
		return tri_not(equal);
	case RULE_LT:
		return range_below(r, first);
	case RULE_LE:
		return range_below(r, first + 1);
	case RULE_GT:
		return tri_not(range_below(r, first + 1));
	case RULE_GE:
		return tri_not(range_below(r, first));
	default:
		return equal;
	}
}

static uint64_t all_lost(const struct rule_state *s)
{
	return add_up(s->lost_surely, s->lost_maybe);
}

static struct range count_of(const struct decision *d)
{
	const struct rule_state *s = d->s;
	struct range r = { .endless = d->endless };

	r.low = add_up(add_up(s->n, s->lost_surely), d->tainted ? d->n_certain : s->n_soft);
	r.high = add_up(add_up(s->n, s->n_soft), add_up(s->n_maybe, all_lost(s)));
	if (d->tainted)
		r.high = add_up(r.high, s->n_soft_no);
	return r;
}

static enum tri decide_count(struct decision *d)
{
	struct range r = count_of(d);

	d->result->n_events = add_up(d->s->n, d->s->n_soft);
	if (r.low == r.high && !r.endless)
		fprintf(d->found, "%" PRIu64, r.low);
	else if (r.endless)
		fprintf(d->found, "%" PRIu64 " or more", r.low);
	else
		fprintf(d->found, "%" PRIu64 " to %" PRIu64, r.low, r.high);
	return range_holds(r, d->s->r);
}

/* ------------------------------------------------------------------ values */

static const char *things(const struct rule *r, uint64_t n)
{
	switch (r->kind) {
	case RULE_MODES:
		return n == 1 ? "offer" : "offers";
	case RULE_MODE:
		return n == 1 ? "accepted request" : "accepted requests";
	case RULE_STORY:
		return n == 1 ? "VM" : "VMs";
	default:
		return n == 1 ? "event" : "events";
	}
}

static void tell_values(const struct decision *d, uint64_t good, uint64_t bad)
{
	const struct rule_state *s = d->s;
	uint64_t n = add_up(good, bad);

	if (bad)
		fprintf(d->found, "%" PRIu64 " of %" PRIu64 " %s %s otherwise", bad, n,
			things(s->r, n), bad == 1 ? "is" : "are");
	else if (good)
		fprintf(d->found, "so in %" PRIu64 " %s", good, things(s->r, good));
	else if (s->n_refused)
		fprintf(d->found, "no request was accepted, %" PRIu64 " %s refused", s->n_refused,
			s->n_refused == 1 ? "was" : "were");
	else
		fputs("no such event was seen", d->found);
}

static enum tri decide_values(struct decision *d)
{
	const struct rule_state *s = d->s;
	uint64_t good = add_up(s->n_good, s->n_soft_good), soft = s->n_soft_bad, bad;
	bool doubt = s->n_unknown || d->endless || all_lost(s);

	if (d->tainted) {
		doubt |= s->n_soft_good || s->n_soft_bad || s->n_soft_no;
		soft = d->n_certain;
	}
	bad = add_up(s->n_bad, soft);
	d->result->n_events = add_up(s->n_bad, s->n_soft_bad);
	if (!s->accepted && s->n_refused)
		d->result->n_events = s->n_refused;
	tell_values(d, good, d->result->n_events && s->n_refused && !s->accepted ? 0 : bad);
	if (bad)
		return TRI_NO;
	if (!good)
		doubt |= s->n_maybe_good || (d->tainted && s->n_soft_no_good);
	return doubt ? TRI_MAYBE : tri_of(good);
}

/* ------------------------------------------------------------------ sets */

static bool in_set(const struct rule_set *set, const char *text)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->words[i].text, text))
			return true;
	return false;
}

static bool is_certain(const struct decision *d, const struct set_name *name)
{
	return name->seen && !(name->soft && d->tainted);
}

static bool has_certain(const struct decision *d, const char *text)
{
	const struct set_state *set = &d->s->set;

	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->names[i].text, text))
			return is_certain(d, &set->names[i]);
	return false;
}

struct set_compare {
	bool others;	     /* surely there are names that this set has not */
	bool perhaps_others; /* or there may be */
	bool lacks;	     /* names of this set were not seen */
};

static struct set_compare compare_set(const struct decision *d, const struct rule_set *set)
{
	const struct set_state *seen = &d->s->set;
	struct set_compare c = { .others = seen->n_more };

	for (size_t i = 0; i < seen->n; i++) {
		const struct set_name *name = &seen->names[i];

		if (!name->seen || in_set(set, name->text))
			continue;
		c.others |= is_certain(d, name);
		c.perhaps_others = true;
	}
	for (size_t i = 0; i < set->n; i++)
		c.lacks |= !has_certain(d, set->words[i].text);
	return c;
}

static enum tri set_equals(struct set_compare c, bool incomplete)
{
	if (c.others)
		return TRI_NO;
	if (incomplete || c.perhaps_others)
		return TRI_MAYBE;
	return tri_of(!c.lacks);
}

static enum tri set_holds(const struct decision *d, bool incomplete)
{
	const struct rule *r = d->s->r;
	struct set_compare c = compare_set(d, &r->value.sets[0]);
	enum tri equal = TRI_NO;

	switch (r->op) {
	case RULE_LE:
		if (c.others)
			return TRI_NO;
		return incomplete || c.perhaps_others ? TRI_MAYBE : TRI_YES;
	case RULE_GE:
		if (!c.lacks)
			return TRI_YES;
		return incomplete ? TRI_MAYBE : TRI_NO;
	default:
		for (size_t i = 0; i < r->value.n; i++)
			equal = either(equal,
				       set_equals(compare_set(d, &r->value.sets[i]), incomplete));
		return r->op == RULE_NE ? tri_not(equal) : equal;
	}
}

static int name_order(const void *a, const void *b)
{
	const struct set_name *const *x = a, *const *y = b;
	size_t n = strlen((*x)->text), m = strlen((*y)->text);
	bool numbers = !(*x)->text[strspn((*x)->text, "0123456789")] &&
		       !(*y)->text[strspn((*y)->text, "0123456789")];

	if (numbers && n != m)
		return n < m ? -1 : 1;
	return strcmp((*x)->text, (*y)->text);
}

static void tell_set(const struct decision *d)
{
	const struct set_state *set = &d->s->set;
	const struct set_name **names = calloc(set->n + 1, sizeof(*names));
	size_t n = 0;

	if (!names)
		return;
	for (size_t i = 0; i < set->n; i++)
		if (set->names[i].seen)
			names[n++] = &set->names[i];
	if (n)
		qsort(names, n, sizeof(*names), name_order);
	for (size_t i = 0; i < n && i < NAMES_TOLD; i++) {
		if (i)
			fputc('+', d->found);
		rule_print_word(d->found, names[i]->text);
	}
	if (n > NAMES_TOLD || set->n_more)
		fprintf(d->found, " and others");
	else if (!n)
		fputs("none", d->found);
	free(names);
}

static bool copy_event(struct rule_event *to, const struct rule_event *from)
{
	*to = *from;
	to->guest = from->guest ? strdup(from->guest) : NULL;
	to->what = from->what ? strdup(from->what) : NULL;
	return (to->guest || !from->guest) && (to->what || !from->what);
}

/* The events that brought a name which no rule wants. */
static bool show_others(struct decision *d)
{
	const struct set_state *set = &d->s->set;
	struct rule_result *result = d->result;

	for (size_t i = 0; i < set->n; i++) {
		if (set->names[i].wanted || !is_certain(d, &set->names[i]))
			continue;
		result->n_events++;
		if (result->n_shown == RULE_EVENTS_SHOWN)
			continue;
		if (!copy_event(&result->events[result->n_shown++], &set->names[i].first))
			return false;
	}
	return true;
}

static enum tri decide_set(struct decision *d)
{
	const struct rule_state *s = d->s;
	bool incomplete = d->endless || all_lost(s) || s->n_maybe || s->set.n_unknown ||
			  (d->tainted && s->n_soft_no);

	tell_set(d);
	return set_holds(d, incomplete);
}

/* ------------------------------------------------------------------ times */

/* The rank that a statistic has among n numbers, from 1. */
static unsigned __int128 rank_of(enum rule_stat stat, unsigned __int128 n)
{
	switch (stat) {
	case STAT_MIN:
		return 1;
	case STAT_P50:
		return (n * 50 + 99) / 100;
	case STAT_P90:
		return (n * 90 + 99) / 100;
	case STAT_P99:
		return (n * 99 + 99) / 100;
	default:
		return n;
	}
}

/*
 * Is the number of that rank one of the `under` smallest ones? more numbers, as many at most, may
 * belong to them, large and small.
 */
static enum tri rank_within(enum rule_stat stat, uint64_t n, uint64_t under, uint64_t more,
			    bool endless)
{
	unsigned __int128 most = (unsigned __int128)n + more;

	if (stat == STAT_MIN && under)
		return TRI_YES;
	if (stat == STAT_MAX && under < n)
		return TRI_NO;
	if (endless)
		return TRI_MAYBE;
	if (under >= rank_of(stat, most))
		return TRI_YES;
	return (unsigned __int128)under + more < rank_of(stat, most) ? TRI_NO : TRI_MAYBE;
}

static enum tri rank_holds(const struct decision *d, uint64_t more)
{
	const struct rule_state *s = d->s;
	const struct times_state *t = s->times;
	enum tri below, within, equal, any = TRI_NO;

	for (size_t i = 0; i < s->r->value.n; i++) {
		below = rank_within(s->r->stat, t->n, t->below[i], more, d->endless);
		within = rank_within(s->r->stat, t->n, t->below[i] + t->equal[i], more, d->endless);
		equal = within < tri_not(below) ? within : tri_not(below);
		switch (s->r->op) {
		case RULE_LT:
			return below;
		case RULE_LE:
			return within;
		case RULE_GT:
			return tri_not(within);
		case RULE_GE:
			return tri_not(below);
		default:
			any = either(any, equal);
		}
	}
	return s->r->op == RULE_NE ? tri_not(any) : any;
}

static enum tri mean_holds(const struct decision *d, uint64_t more)
{
	const struct rule_state *s = d->s;
	const struct rule_value *v = &s->r->value;
	bool holds = s->r->op == RULE_NE;
	unsigned __int128 all;
	int order;

	if (more || d->endless)
		return TRI_MAYBE;
	for (size_t i = 0; i < v->n; i++) {
		all = (unsigned __int128)v->sets[i].words[0].number * s->times->n;
		order = (s->times->sum > all) - (s->times->sum < all);
		if (s->r->op == RULE_NE)
			holds &= order != 0;
		else
			holds |= op_holds(s->r->op, order);
	}
	return tri_of(holds);
}

static void tell_time(const struct decision *d)
{
	const struct times_state *t = d->s->times;
	enum rule_stat stat = d->s->r->stat;
	const char *about = "";
	uint64_t ns;
	char text[32];

	if (!t->n) {
		fputs("no query with a known duration was seen", d->found);
		return;
	}
	switch (stat) {
	case STAT_MIN:
		ns = t->histogram.least;
		break;
	case STAT_MAX:
		ns = t->histogram.most;
		break;
	case STAT_MEAN:
		ns = (uint64_t)(t->sum / t->n);
		break;
	default:
		ns = (uint64_t)histogram_quantile(&t->histogram, stat == STAT_P50 ? 0.5 :
								 stat == STAT_P90 ? 0.9 :
										    0.99);
		about = "about ";
	}
	fprintf(d->found, "%s%s, of %" PRIu64 " quer%s", about, time_words(text, sizeof(text), ns),
		t->n, t->n == 1 ? "y" : "ies");
}

static enum tri decide_times(struct decision *d)
{
	const struct rule_state *s = d->s;
	uint64_t more = add_up(all_lost(s), s->n_maybe);

	if (s->r->stat == STAT_COUNT)
		return decide_count(d);
	if (d->tainted)
		more = add_up(more, s->n_soft_no);
	d->result->n_events = s->n_bad;
	tell_time(d);
	if (!s->times->n || (d->tainted && s->n_soft))
		return TRI_MAYBE;
	return s->r->stat == STAT_MEAN ? mean_holds(d, more) : rank_holds(d, more);
}

/* ------------------------------------------------------------------ verdicts */

static enum tri decide_kind(struct decision *d)
{
	switch (d->s->r->kind) {
	case RULE_COUNT:
	case RULE_VMS:
		return decide_count(d);
	case RULE_SET:
		return decide_set(d);
	case RULE_TIMES:
		return decide_times(d);
	default:
		return decide_values(d);
	}
}

/* Where too few are the trouble, those that are there have not made it. */
static bool is_broken_by_events(const struct decision *d)
{
	const struct rule *r = d->s->r;
	struct range count;

	if (r->kind != RULE_COUNT && r->kind != RULE_VMS && r->stat != STAT_COUNT)
		return true;
	count = count_of(d);
	if (r->op == RULE_GE || r->op == RULE_GT)
		return false;
	return r->op != RULE_EQ || count.low > r->value.sets[0].words[0].number;
}

/* Names and numbers of VMs may be others; a story and the totals of calls hang on no such thing. */
static bool misses_vms(const struct decision *d)
{
	const struct rule *r = d->s->r;

	if (r->kind == RULE_STORY && !r->n_filters)
		return false;
	if (r->types & 1u << EVENT_END && !(d->s->types & 1u << EVENT_VM))
		return false;
	return d->ev->unseen.lossy_vms;
}

static bool is_event_certain(const struct decision *d, size_t i)
{
	const struct unseen *u = &d->ev->unseen;
	unsigned int vm = d->s->events[i].vm;
	bool story = d->s->r->kind == RULE_STORY;

	if (!d->s->events_soft[i])
		return true;
	/* A story is told from all of a VM's life. */
	if (story && (!bits_has(&u->told, vm) || bits_has(&u->partial, vm) ||
		      unseen_gap(u, d->s->types) >= 0 || u->outcomes || u->unreadable))
		return false;
	return vm && !u->lossy_any && !misses_vms(d) && !bits_has(&u->lossy, vm);
}

static bool show_events(struct decision *d)
{
	struct rule_result *result = d->result;

	for (size_t i = 0; i < d->s->n_events; i++) {
		if (d->tainted && !is_event_certain(d, i))
			continue;
		if (!copy_event(&result->events[result->n_shown++], &d->s->events[i]))
			return false;
	}
	return true;
}

static bool tell_events(struct decision *d)
{
	struct rule_result *result = d->result;

	if (result->verdict != RULE_BROKEN || !is_broken_by_events(d)) {
		result->n_events = 0;
		return true;
	}
	result->events = calloc(RULE_EVENTS_SHOWN, sizeof(*result->events));
	if (!result->events)
		return false;
	return d->s->r->kind == RULE_SET ? show_others(d) : show_events(d);
}

static void weigh(struct decision *d)
{
	const struct unseen *u = &d->ev->unseen;
	const struct rule_state *s = d->s;
	bool story = s->r->kind == RULE_STORY;

	d->endless = is_endless(s, u);
	d->tainted = u->lossy_any || misses_vms(d) || bits_common(&s->softly, &u->lossy) ||
		     (story && d->endless) || (s->softly_any && bits_common(&u->lossy, &u->lossy));
	for (size_t i = 0; i < s->n_events; i++)
		d->n_certain += s->events_soft[i] && is_event_certain(d, i);
}

static bool make_verdict(struct decision *d)
{
	struct rule_result *result = d->result;
	enum tri holds;

	weigh(d);
	holds = decide_kind(d);
	result->verdict = holds == TRI_YES ? RULE_HOLDS :
			  holds == TRI_NO  ? RULE_BROKEN :
					     RULE_INCONCLUSIVE;
	if (result->verdict == RULE_INCONCLUSIVE)
		tell_why(d);
	return tell_events(d);
}

bool decide(const struct evaluation *ev, const struct rule_state *s, struct rule_result *result)
{
	struct decision d = { .ev = ev, .s = s, .result = result };
	size_t found_len, why_len;
	bool ok;

	*result = (struct rule_result){ 0 };
	d.found = open_memstream(&result->found, &found_len);
	d.why = open_memstream(&result->why, &why_len);
	ok = d.found && d.why && make_verdict(&d);
	if (d.found)
		ok &= !fclose(d.found);
	if (d.why)
		ok &= !fclose(d.why);
	if (result->why && !*result->why) {
		free(result->why);
		result->why = NULL;
	}
	return ok;
}
