// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a VM does is added to its guest as the events come, and how much of the VM was seen when
 * its story is. A VM without a name is a guest of its own until it has one. Of guests those whose
 * names come first are kept: which ones that are does not hang on the order of events.
 */
#include "diff/profile.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ sets */

void numbers_add(struct numbers *set, uint64_t number)
{
	unsigned int at = 0;

	while (at < set->n && set->list[at] < number)
		at++;
	if (at < set->n && set->list[at] == number)
		return;
	if (set->n == PROFILE_NUMBERS_MAX) {
		set->more = true;
		return;
	}
	memmove(&set->list[at + 1], &set->list[at], (set->n - at) * sizeof(*set->list));
	set->list[at] = number;
	set->n++;
}

static void numbers_join(struct numbers *set, const struct numbers *by)
{
	for (unsigned int i = 0; i < by->n; i++)
		numbers_add(set, by->list[i]);
	set->more |= by->more;
}

/* false: it has no room for it. */
static bool texts_add(struct texts *set, const char *text, size_t *bytes)
{
	size_t len = strlen(text) + 1;
	unsigned int at = 0;
	char *copy;

	while (at < set->n && strcmp(set->list[at], text) < 0)
		at++;
	if (at < set->n && !strcmp(set->list[at], text))
		return true;
	if (set->n == PROFILE_STORIES_MAX || *bytes + len > PROFILE_STORY_BYTES ||
	    !(copy = strdup(text)))
		return false;
	memmove(&set->list[at + 1], &set->list[at], (set->n - at) * sizeof(*set->list));
	set->list[at] = copy;
	set->n++;
	*bytes += len;
	return true;
}

static void texts_free(struct texts *set, size_t *bytes)
{
	for (unsigned int i = 0; i < set->n; i++) {
		*bytes -= strlen(set->list[i]) + 1;
		free(set->list[i]);
	}
	*set = (struct texts){ 0 };
}

static void tally_join(struct tally *t, const struct tally *by)
{
	for (int i = 0; i < CAUSE_MAX; i++)
		t->causes[i] += by->causes[i];
	for (int i = 0; i < ARCH_MAX; i++)
		t->asks[i] += by->asks[i];
	numbers_join(&t->offered, &by->offered);
	numbers_join(&t->accepted, &by->accepted);
	numbers_join(&t->sizes, &by->sizes);
	t->wild_sizes |= by->wild_sizes;
	t->uncounted_sizes |= by->uncounted_sizes;
	t->recovered += by->recovered;
	t->failed += by->failed;
}

/* ------------------------------------------------------------------ guests */

void profile_stories_free(struct profile *p, struct who *w)
{
	texts_free(&w->stories, &p->story_bytes);
}

static void free_who(struct profile *p, struct who *w)
{
	profile_stories_free(p, w);
	free(w->guest);
	free(w);
}

/* Names first, as strcmp(3) has them. */
static int who_order(const struct who *w, const char *guest, unsigned int born)
{
	if (w->guest && guest)
		return strcmp(w->guest, guest);
	if (w->guest || guest)
		return w->guest ? -1 : 1;
	return (w->born > born) - (w->born < born);
}

/* Where it is or would be. */
static size_t place_of(const struct profile *p, const char *guest, unsigned int born, bool *there)
{
	size_t low = 0, high = p->n_who;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = who_order(p->who[mid], guest, born);

		if (!order) {
			*there = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*there = false;
	return low;
}

static struct who *new_who(const char *guest, unsigned int born)
{
	struct who *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->born = born;
	w->guest = guest ? strdup(guest) : NULL;
	if (!guest || w->guest)
		return w;
	free(w);
	return NULL;
}

/* It, and what comes after it, does not come in again: a part of what it did would be missing. */
static void put_out(struct profile *p, struct who *w)
{
	if (p->out)
		free_who(p, p->out);
	p->out = w;
}

/* The last one makes room for one before it. */
static bool make_room(struct profile *p, size_t at)
{
	size_t room = p->room ? 2 * p->room : 16;
	struct who **list;

	if (p->n_who == PROFILE_WHO_MAX) {
		if (at == p->n_who)
			return false;
		p->n_rest += p->who[--p->n_who]->n_vms;
		put_out(p, p->who[p->n_who]);
		return true;
	}
	if (p->n_who < p->room)
		return true;
	list = realloc(p->who, room * sizeof(*list));
	if (!list) {
		p->no_memory = true;
		return false;
	}
	p->who = list;
	p->room = room;
	return true;
}

struct who *profile_who(struct profile *p, const char *guest, unsigned int born)
{
	struct who *w;
	bool there;
	size_t at = place_of(p, guest, born, &there);

	if (there)
		return p->who[at];
	if (p->out && who_order(p->out, guest, born) <= 0)
		return NULL;
	if (!make_room(p, at))
		return NULL;
	w = new_who(guest, born);
	if (!w) {
		p->no_memory = true;
		return NULL;
	}
	memmove(&p->who[at + 1], &p->who[at], (p->n_who - at) * sizeof(struct who *));
	p->who[at] = w;
	p->n_who++;
	return w;
}

bool profile_add_story(struct profile *p, struct who *w, const char *text)
{
	bool added = texts_add(&w->stories, text, &p->story_bytes);

	w->stories.more |= !added;
	return added;
}

static void join_lives(uint64_t lives[], const uint64_t by[])
{
	for (int i = 0; i < COVERAGE_STATES; i++)
		lives[i] += by[i];
}

void profile_join(struct profile *p, struct who *w, const struct who *by)
{
	tally_join(&w->tally, &by->tally);
	for (unsigned int i = 0; i < by->stories.n; i++)
		profile_add_story(p, w, by->stories.list[i]);
	w->stories.more |= by->stories.more;
	w->story_cut |= by->story_cut;
	w->told |= by->told;
	w->listed |= by->listed;
	w->n_vms += by->n_vms;
	w->n_open += by->n_open;
	join_lives(w->lives, by->lives);
}

void profile_join_unnamed(struct profile *p)
{
	size_t first = 0;

	while (first < p->n_who && p->who[first]->guest)
		first++;
	if (first == p->n_who)
		return;
	p->who[first]->born = 0;
	for (size_t i = first + 1; i < p->n_who; i++) {
		profile_join(p, p->who[first], p->who[i]);
		free_who(p, p->who[i]);
	}
	p->n_who = first + 1;
}

/* ------------------------------------------------------------------ VMs */

/* It has a name now: what it did before becomes a part of that guest. */
static void name_vm(struct profile *p, const char *guest, unsigned int vm)
{
	bool there;
	size_t at = place_of(p, NULL, vm, &there);
	struct who *unnamed, *w;

	if (!there)
		return;
	unnamed = p->who[at];
	/* Out of the list first, which may be full. */
	p->n_who--;
	memmove(&p->who[at], &p->who[at + 1], (p->n_who - at) * sizeof(struct who *));
	w = profile_who(p, guest, 0);
	if (w)
		profile_join(p, w, unnamed);
	free_who(p, unnamed);
}

/* Whose event it is; NULL: nobody's, or there is no room for it. */
static struct who *who_of(struct profile *p, const struct event *e)
{
	const char *guest = e->guest && *e->guest ? e->guest : NULL;
	struct who *w;

	if (!e->vm)
		return NULL;
	p->n_vms += vms_seen_first(&p->seen, e->vm);
	if (guest)
		name_vm(p, guest, e->vm);
	w = profile_who(p, guest, guest ? 0 : e->vm);
	if (!w)
		return NULL;
	w->told = TOLD(TOLD_OF) - 1;
	w->listed = true;
	return w;
}

/* ------------------------------------------------------------------ events */

/* Was the size looked at, and is it one that the VMM chose? */
static bool size_counts(enum cause cause)
{
	switch (cause) {
	case CAUSE_ABI_MISMATCH:
	case CAUSE_NO_KERNEL_SUPPORT:
	case CAUSE_NO_BACKEND:
	case CAUSE_UNEXPECTED:
		return false;
	default:
		return true;
	}
}

static void tally_negotiation(struct tally *t, const struct event *e)
{
	const struct diagnosis *d = e->negotiation.diag;

	t->causes[d->cause]++;
	if (d->caps.known)
		numbers_add(&t->offered, d->caps.value);
	if (d->cause == CAUSE_SIZE_OVER_PAGE || d->changed)
		t->wild_sizes = true;
	else if (!d->usize.known)
		return;
	else if (size_counts(d->cause))
		numbers_add(&t->sizes, d->usize.value);
	else
		t->uncounted_sizes = true;
}

static void tally_event(struct tally *t, const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		tally_negotiation(t, e);
		break;
	case EVENT_ARCH_COMPAT:
		t->asks[e->arch.diag->cause]++;
		if (!e->rec->ret)
			numbers_add(&t->accepted, e->arch.diag->pvr);
		break;
	case EVENT_RETRY:
		if (e->retry->recovered)
			t->recovered++;
		else
			t->failed++;
		break;
	default:
		break;
	}
}

static void on_call(struct profile *p, const struct event *e)
{
	struct who *w = who_of(p, e);

	p->n_runs += e->type == EVENT_RUN;
	p->n_messages += e->type == EVENT_KERNEL;
	tally_event(&p->all, e);
	if (w)
		tally_event(&w->tally, e);
	if (e->type != EVENT_NEGOTIATION)
		return;
	p->host = *e->negotiation.host;
	/* 0: its beginning was not watched. */
	if (e->rec->latency_ns)
		histogram_add(e->rec->ret ? &p->latency_failed : &p->latency_ok,
			      e->rec->latency_ns);
}

static void on_story(struct profile *p, const struct event *e)
{
	const struct history *h = e->story->history;
	enum coverage_state seen = coverage_state_of(e->story->coverage);
	struct who *w = who_of(p, e);
	char story[ORDER_TEXT_MAX];

	p->lives[seen]++;
	if (e->story->again) {
		p->lives[coverage_state_of(e->story->before)]--;
		if (w) {
			w->lives[seen]++;
			w->lives[coverage_state_of(e->story->before)]--;
		}
		return;
	}
	p->n_open += !h->ended;
	if (!w) {
		p->n_rest++;
		return;
	}
	profile_add_story(p, w, order_text(&h->order, story));
	w->story_cut |= h->order.cut;
	w->n_vms++;
	w->n_open += !h->ended;
	w->lives[seen]++;
}

static void keep(struct profile *p, char **text, const char *by)
{
	free(*text);
	*text = by && *by ? strdup(by) : NULL;
	p->no_memory |= by && *by && !*text;
}

static void on_trace(struct profile *p, const struct frame *f)
{
	p->host = f->trace.host;
	p->cpus = f->trace.id.cpus;
	keep(p, &p->release, f->trace.id.release);
	keep(p, &p->build, f->trace.id.build);
	keep(p, &p->arch, f->trace.id.arch);
	keep(p, &p->modules, f->trace.id.modules);
	keep(p, &p->filters, f->trace.filters.text);
	keep(p, &p->view, f->trace.filters.view);
	p->calls_hidden = f->trace.filters.threads || f->trace.filters.processes ||
			  f->trace.filters.guests;
	p->outcomes = f->trace.filters.outcomes;
	p->part = f->trace.filters.part;
}

/* In which way it was watched last. */
static void on_attach(struct profile *p, const struct frame *f)
{
	enum point point = f->attach.point;
	enum attach_how how = f->attach.how;

	if ((unsigned int)point >= ATTACH_POINTS || how == ATTACH_ABSENT)
		return;
	p->points[point].mixed |= p->points[point].how && p->points[point].how != how;
	p->points[point].how = how;
}

/* Of what type it was the kernel may have counted. */
static bool lost_calls(struct profile *p, const struct frame *f)
{
	uint64_t rest = f->lost.n;
	bool calls = false;

	if (!loss_is_of_calls(f->lost.loss) && !f->lost.n_by)
		return false;
	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *by = &f->lost.by[i];

		if (!by->n || !by->key.type)
			continue;
		rest -= by->n < rest ? by->n : rest;
		p->lost_runs |= by->key.type == CC_RUN;
		p->lost_messages |= by->key.type == CC_KERNEL;
		calls |= by->key.type != CC_RUN && by->key.type != CC_RAN &&
			 by->key.type != CC_KERNEL;
	}
	p->lost_runs |= rest > 0;
	p->lost_messages |= rest > 0;
	return calls || rest;
}

static void on_lost(struct profile *p, const struct event *e)
{
	if (__builtin_add_overflow(p->lost, e->frame->lost.n, &p->lost))
		p->lost = UINT64_MAX;
	if (!lost_calls(p, e->frame))
		return;
	p->lost_calls = true;
	p->lost_any |= !e->vm;
}

static void on_end(struct profile *p, const struct event *e)
{
	p->ended = true;
	p->cut_off = e->end.cut_off;
	/* An older tracer does not watch them at all. */
	if (!p->unseen.points[POINT_RUN].told)
		p->told &= ~TOLD(OF_RUNS);
	if (!p->unseen.points[POINT_CONSOLE].told)
		p->told &= ~TOLD(OF_MESSAGES);
	/* VMs without a story are no longer known. */
	p->n_rest += e->end.left_out;
}

void profile_event(const struct event *e, void *profile)
{
	struct profile *p = profile;

	if (p->ended)
		return;
	p->n_events++;
	unseen_event(&p->unseen, e);
	switch (e->type) {
	case EVENT_TRACE:
		on_trace(p, e->frame);
		break;
	case EVENT_HOST:
		p->host = e->frame->host.facts;
		break;
	case EVENT_ATTACH:
		on_attach(p, e->frame);
		break;
	case EVENT_STORY:
		on_story(p, e);
		break;
	case EVENT_LOST:
		on_lost(p, e);
		break;
	case EVENT_END:
		on_end(p, e);
		break;
	default:
		on_call(p, e);
		break;
	}
}

/* ------------------------------------------------------------------ profiles */

struct profile *profile_new(void)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->told = TOLD(TOLD_OF) - 1;
	return p;
}

bool profile_unwatched(const struct profile *p, enum point point)
{
	return p->unseen.points[point].gap || !p->unseen.points[point].told;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_who; i++)
		free_who(p, p->who[i]);
	if (p->out)
		free_who(p, p->out);
	unseen_free(&p->unseen);
	bits_free(&p->seen.bits);
	free(p->who);
	free(p->release);
	free(p->build);
	free(p->arch);
	free(p->modules);
	free(p->filters);
	free(p->view);
	free(p);
}
