// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Feeds each event of a recording to all rules, which count it, collect words from it or measure
 * it. Rules keep counters and small sets, so the memory does not grow with the recording. What was
 * lost is weighed in evaluate_loss.c, and verdicts are made in decide.c.
 */
#include "check/evaluate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "check/evaluate_state.h"
#include "diagnosis/event.h"

#define WHAT_LEN (ORDER_TEXT_MAX + 64)

const char *rule_verdict_name(enum rule_verdict verdict)
{
	static const char *const names[] = { "ok", "broken", "inconclusive" };

	return (unsigned int)verdict < RULE_VERDICTS ? names[verdict] : NULL;
}

/* ------------------------------------------------------------------ beginning and end */

static bool names_vms(const char *field)
{
	static const char *const fields[] = { "guest",		 "vm",
					      "vm_name",	 "evidence.vm",
					      "evidence.vm_ino", "evidence.vm_name" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcmp(field, fields[i]))
			return true;
	return false;
}

/* Events at the end, or of a VM's life, follow from its calls. */
static unsigned int rests_on(const struct rule *r)
{
	unsigned int types = r->types;
	const char *field = r->field ? r->field : "";
	bool life = !strcmp(field, "story") || !strcmp(field, "watched");

	/* KVM reports them; their names may come with their calls. */
	if (r->kind == RULE_VMS && !r->n_filters)
		types = 1u << EVENT_VM;
	if (r->kind == RULE_FIELD && types & 1u << EVENT_END && strcmp(field, "lost"))
		types |= UNSEEN_LOSSY;
	if (r->kind == RULE_FIELD && (!strcmp(field, "totals.vms") || !strcmp(field, "events")))
		types |= 1u << EVENT_VM;
	if (r->kind == RULE_FIELD && types & 1u << EVENT_VM && life)
		types |= UNSEEN_CALLS & ~(1u << EVENT_RUN);
	return types;
}

static bool add_name(struct set_state *set, const char *text, bool wanted)
{
	struct set_name *more;

	if (set->n == set->room) {
		more = reallocarray(set->names, 2 * set->room + 8, sizeof(*more));
		if (!more)
			return false;
		set->names = more;
		set->room = 2 * set->room + 8;
	}
	set->names[set->n] = (struct set_name){ .text = strdup(text), .wanted = wanted };
	if (!set->names[set->n].text)
		return false;
	set->n++;
	return true;
}

static struct set_name *find_name(const struct set_state *set, const char *text)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->names[i].text, text))
			return &set->names[i];
	return NULL;
}

/* The names of the rule are there from the beginning: what comes later is another. */
static bool begin_set(struct rule_state *s)
{
	const struct rule_value *v = &s->r->value;

	for (size_t i = 0; i < v->n; i++)
		for (size_t k = 0; k < v->sets[i].n; k++) {
			const char *text = v->sets[i].words[k].text;

			if (!find_name(&s->set, text) && !add_name(&s->set, text, true))
				return false;
		}
	return true;
}

static bool begin_times(struct rule_state *s)
{
	struct times_state *t = calloc(1, sizeof(*t));

	s->times = t;
	if (!t)
		return false;
	t->below = calloc(s->r->value.n, sizeof(*t->below));
	t->equal = calloc(s->r->value.n, sizeof(*t->equal));
	return t->below && t->equal;
}

static bool begin_rule(struct evaluation *ev, struct rule_state *s, const struct rule *r)
{
	s->r = r;
	s->types = rests_on(r);
	for (size_t i = 0; i < r->n_filters; i++) {
		s->filters[i] = value_path_of(r->filters[i].field);
		s->of_vms |= names_vms(r->filters[i].field);
	}
	if (r->kind == RULE_FIELD)
		s->value = value_path_of(r->field);
	if (r->kind == RULE_MODE)
		s->value = value_path_of("mode");
	s->per_vm = r->kind == RULE_STORY || r->kind == RULE_VMS;
	s->of_vms |= r->kind == RULE_STORY;
	ev->has_per_vm |= s->per_vm;
	if (r->kind == RULE_SET)
		return begin_set(s);
	return r->kind != RULE_TIMES || begin_times(s);
}

struct evaluation *evaluation_new(const struct rules *rules)
{
	struct evaluation *ev = calloc(1, sizeof(*ev));
	bool ok;

	if (!ev)
		return NULL;
	ev->rules = rules;
	ev->states = calloc(rules->n + 1, sizeof(*ev->states));
	ok = values_init(&ev->values) && ev->states;
	for (size_t i = 0; ok && i < rules->n; i++)
		ok = begin_rule(ev, &ev->states[i], &rules->list[i]);
	if (ok)
		return ev;
	evaluation_free(ev);
	return NULL;
}

static void free_event(struct rule_event *e)
{
	free(e->guest);
	free(e->what);
	*e = (struct rule_event){ 0 };
}

static void drop_events(struct rule_state *s)
{
	while (s->n_events)
		free_event(&s->events[--s->n_events]);
}

static void free_state(struct rule_state *s)
{
	drop_events(s);
	for (size_t i = 0; i < s->set.n; i++) {
		free(s->set.names[i].text);
		free_event(&s->set.names[i].first);
	}
	free(s->set.names);
	if (s->times) {
		free(s->times->below);
		free(s->times->equal);
	}
	free(s->times);
	bits_free(&s->vms);
	bits_free(&s->softly);
	bits_free(&s->counted);
}

void evaluation_free(struct evaluation *ev)
{
	if (!ev)
		return;
	for (size_t i = 0; ev->states && i < ev->rules->n; i++)
		free_state(&ev->states[i]);
	free(ev->states);
	values_free(&ev->values);
	unseen_free(&ev->unseen);
	free(ev);
}

void rule_result_free(struct rule_result *r)
{
	for (size_t i = 0; i < r->n_shown; i++)
		free_event(&r->events[i]);
	free(r->events);
	free(r->found);
	free(r->why);
	*r = (struct rule_result){ 0 };
}

/* ------------------------------------------------------------------ events that break a rule */

static const char *cause_of(const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		return cause_name(e->negotiation.diag->cause);
	case EVENT_ARCH_COMPAT:
		return arch_cause_name(e->arch.diag->cause);
	case EVENT_RETRY:
		return e->retry->recovered ? "recovered" : "failed";
	case EVENT_LOST:
		return loss_name(e->frame->lost.loss);
	default:
		return NULL;
	}
}

static char *copy_or_null(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

/* "query E2BIG struct-too-new: size 48, kernel 24" */
static char *words_of(const struct event *e)
{
	char result[EVENT_RESULT_LEN], what[EVENT_WHAT_LEN], text[256];
	const struct frame *f = e->frame;

	switch (e->type) {
	case EVENT_LOST:
		snprintf(text, sizeof(text), "%" PRIu64 " lost: %s", f->lost.n,
			 loss_name(f->lost.loss));
		break;
	case EVENT_ATTACH:
		snprintf(text, sizeof(text), "%s: %s", attach_func(f->attach.point),
			 attach_how_name(f->attach.how));
		break;
	case EVENT_KERNEL:
		snprintf(text, sizeof(text), "%s", f->kernel.text);
		break;
	case EVENT_TRACE:
	case EVENT_HOST:
	case EVENT_END:
		return strdup(event_type_name(e->type));
	default:
		event_result(result, e);
		event_what(what, e);
		snprintf(text, sizeof(text), "%s %s%s%s", event_word(e->type), result,
			 *what ? " " : "", what);
	}
	return strdup(text);
}

static struct rule_event event_for(const struct event *e, const char *what)
{
	return (struct rule_event){
		.seq = e->seq,
		.real_ns = e->real_ns,
		.type = e->type,
		.vm = e->vm,
		.cause = cause_of(e),
		.guest = copy_or_null(e->guest),
		.what = what ? strdup(what) : words_of(e),
	};
}

static void keep_event(struct rule_state *s, const struct event *e, bool soft, const char *what)
{
	if (s->n_events == RULE_EVENTS_SHOWN)
		return;
	s->events_soft[s->n_events] = soft;
	s->events[s->n_events++] = event_for(e, what);
}

/* ------------------------------------------------------------------ filters */

static enum match match_of(enum tri holds, bool soft)
{
	if (holds == TRI_MAYBE)
		return MATCH_MAYBE;
	if (holds == TRI_YES)
		return soft ? MATCH_SOFT_YES : MATCH_YES;
	return soft ? MATCH_SOFT_NO : MATCH_NO;
}

static enum match match_filter(struct evaluation *ev, const struct rule_state *s, size_t i)
{
	const struct rule_filter *f = &s->r->filters[i];
	struct value v;

	if (!s->filters[i].path || (s->r->kind == RULE_MODES && !strcmp(f->field, "source")))
		return MATCH_YES;
	value_of(&ev->values, &s->filters[i], &v);
	if (v.kind == VALUE_ABSENT)
		return MATCH_NO;
	return match_of(value_compare(&v, f->op, &f->value), v.soft);
}

/* All of them: the least certain of those that hold, none where one surely does not. */
static enum match match(struct evaluation *ev, const struct rule_state *s, const struct event *e)
{
	enum match all = MATCH_YES, one;

	if (!(s->r->types & 1u << e->type))
		return MATCH_NO;
	for (size_t i = 0; i < s->r->n_filters && all != MATCH_NO; i++) {
		one = match_filter(ev, s, i);
		all = one < all ? one : all;
	}
	/* A loss can hide a retry, and make one of two calls that have nothing to do with each
	 * other. */
	return e->type == EVENT_RETRY && all == MATCH_YES ? MATCH_SOFT_YES : all;
}

static void note_softly(struct rule_state *s, const struct event *e)
{
	if (e->vm)
		bits_add(&s->softly, e->vm);
	else
		s->softly_any = true;
}

/* Of which VMs it is, and of which that would be known better, had nothing been lost. */
static void note_vm(struct rule_state *s, const struct event *e, enum match m)
{
	if (m >= MATCH_SOFT_YES && s->of_vms && e->vm)
		bits_add(&s->vms, e->vm);
	if (m == MATCH_SOFT_YES || m == MATCH_SOFT_NO)
		note_softly(s, e);
}

/* ------------------------------------------------------------------ measures */

static bool is_counted(const struct rule *r, const struct event *e)
{
	const char *name = r->measure ? r->measure->name : "";

	if (!strcmp(name, "failures"))
		return event_is_failure(e);
	return true;
}

static uint64_t weight_of(const struct rule *r, const struct event *e)
{
	if (e->type == EVENT_LOST && r->measure && !strcmp(r->measure->name, "lost"))
		return e->frame->lost.n;
	return 1;
}

static void count(struct rule_state *s, const struct event *e, enum match m, const char *what)
{
	uint64_t n = weight_of(s->r, e);

	switch (m) {
	case MATCH_YES:
		s->n = add_up(s->n, n);
		break;
	case MATCH_SOFT_YES:
		s->n_soft = add_up(s->n_soft, n);
		break;
	case MATCH_MAYBE:
		s->n_maybe = add_up(s->n_maybe, n);
		return;
	default:
		s->n_soft_no = add_up(s->n_soft_no, n);
		return;
	}
	keep_event(s, e, m != MATCH_YES, what);
}

/* A value that the rule wants to be so. what: it, for people. */
static void judge(struct rule_state *s, const struct event *e, enum match m, enum tri holds,
		  bool soft, const char *what)
{
	bool softly = soft || m == MATCH_SOFT_YES;

	if (m == MATCH_MAYBE) {
		*(holds == TRI_YES && !soft ? &s->n_maybe_good : &s->n_unknown) += 1;
	} else if (m == MATCH_SOFT_NO) {
		*(holds == TRI_YES && !soft ? &s->n_soft_no_good : &s->n_soft_no) += 1;
	} else if (holds == TRI_MAYBE) {
		s->n_unknown++;
	} else if (holds == TRI_YES) {
		*(softly ? &s->n_soft_good : &s->n_good) += 1;
	} else {
		*(softly ? &s->n_soft_bad : &s->n_bad) += 1;
		keep_event(s, e, softly, what);
	}
	if (softly)
		note_softly(s, e);
}

static void value_text(const struct value *v, char *buf, size_t size)
{
	__int128 number = v->number < 0 ? -v->number : v->number;
	char *json;

	switch (v->kind) {
	case VALUE_NUMBER:
		snprintf(buf, size, "%s%" PRIu64, v->number < 0 ? "-" : "", (uint64_t)number);
		break;
	case VALUE_TEXT:
	case VALUE_BOOL:
		snprintf(buf, size, "%s", v->text);
		break;
	case VALUE_LIST:
		json = yyjson_mut_val_write(v->list, 0, NULL);
		snprintf(buf, size, "%s", json ? json : "a list");
		free(json);
		break;
	default:
		snprintf(buf, size, v->kind == VALUE_OBJECT ? "an object" : "null");
	}
}

static void judge_value(struct evaluation *ev, struct rule_state *s, const struct event *e,
			enum match m)
{
	char text[512], what[600];
	struct value v;
	enum tri holds;

	value_of(&ev->values, &s->value, &v);
	if (v.kind == VALUE_ABSENT)
		return;
	holds = value_compare(&v, s->r->op, &s->r->value);
	*what = '\0';
	if (holds == TRI_NO && s->n_events < RULE_EVENTS_SHOWN) {
		value_text(&v, text, sizeof(text));
		snprintf(what, sizeof(what), "%s is %s", s->value.path, text);
	}
	judge(s, e, m, holds, v.soft, what);
}

static void judge_mode(struct evaluation *ev, struct rule_state *s, const struct event *e,
		       enum match m)
{
	if (!e->rec->ret) {
		if (!s->accepted)
			drop_events(s);
		s->accepted = true;
		judge_value(ev, s, e, m);
		return;
	}
	if (m != MATCH_YES && m != MATCH_SOFT_YES)
		return;
	/* They tell why none was accepted, if none is. */
	s->n_refused++;
	if (!s->accepted)
		keep_event(s, e, m != MATCH_YES, NULL);
}

/* What an event says of the modes that are on offer. false: nothing. */
static bool offer_of(const struct rule *r, const struct event *e, uint64_t *modes)
{
	const struct host_facts *h;
	const struct diagnosis *d;

	if (e->type == EVENT_NEGOTIATION) {
		d = e->negotiation.diag;
		*modes = d->caps.value;
		/* What another thread has written is not the host's word. */
		return d->caps.known && (!d->changed || d->caps_of_hook);
	}
	h = e->type == EVENT_TRACE ? &e->frame->trace.host : &e->frame->host.facts;
	if (r->source == MODES_NESTED_CAPS) {
		*modes = h->nested_caps;
		return h->nested_caps_is == FACT_KNOWN;
	}
	*modes = h->cpu_version_is == FACT_KNOWN ? abi_caps_of_pvr(h->cpu_version) : 0;
	return *modes;
}

static uint64_t modes_of(const struct rule_set *set)
{
	const struct abi_mode *mode;
	uint64_t modes = 0;

	for (size_t i = 0; i < set->n; i++)
		for (size_t k = 0; (mode = abi_mode(k)); k++)
			if (!strcmp(mode->name, set->words[i].text))
				modes |= mode->bit;
	return modes;
}

/* Bits that no mode stands for are no modes. */
static bool modes_hold(const struct rule *r, uint64_t modes)
{
	uint64_t wanted = modes_of(&r->value.sets[0]);
	bool equal = false;

	modes &= ~abi_unknown_bits(modes);
	for (size_t i = 0; i < r->value.n; i++)
		equal |= modes == modes_of(&r->value.sets[i]);
	switch (r->op) {
	case RULE_LE:
		return !(modes & ~wanted);
	case RULE_GE:
		return !(wanted & ~modes);
	default:
		return equal == (r->op == RULE_EQ);
	}
}

static void judge_modes(struct rule_state *s, const struct event *e, enum match m)
{
	char text[96], what[128];
	uint64_t modes;
	bool holds;

	if (!offer_of(s->r, e, &modes)) {
		if (e->type == EVENT_NEGOTIATION && !e->rec->ret)
			judge(s, e, m, TRI_MAYBE, false, NULL);
		return;
	}
	holds = modes_hold(s->r, modes);
	*what = '\0';
	if (!holds) {
		modes_text(text, sizeof(text), modes);
		snprintf(what, sizeof(what), "offered %s", *text ? text : "no mode");
	}
	judge(s, e, m, tri_of(holds), false, what);
}

static const char *set_text(const struct rule *r, const struct event *e, char number[24])
{
	const struct diagnosis *d;

	if (!strcmp(r->measure->name, "guests"))
		return e->guest && *e->guest ? e->guest : NULL;
	if (!strcmp(r->measure->name, "causes"))
		return cause_of(e);
	d = e->negotiation.diag;
	snprintf(number, 24, "%" PRIu64, d->usize.value);
	return d->usize.known ? number : NULL;
}

static void add_to_set(struct rule_state *s, const struct event *e, enum match m)
{
	bool guests = !strcmp(s->r->measure->name, "guests"), soft = m != MATCH_YES;
	struct set_name *name;
	char number[24];
	const char *text = set_text(s->r, e, number);

	if (!text) {
		/* A guest without a name is none; of a size that could not be read nothing is
		 * known. */
		s->set.n_unknown += !guests;
		return;
	}
	name = find_name(&s->set, text);
	if (m == MATCH_MAYBE || m == MATCH_SOFT_NO) {
		*(m == MATCH_MAYBE ? &s->n_maybe : &s->n_soft_no) += 1;
		return;
	}
	if (!name) {
		if (s->set.n >= SET_NAMES_MAX + RULE_WORDS_MAX || !add_name(&s->set, text, false)) {
			s->set.n_more++;
			return;
		}
		name = &s->set.names[s->set.n - 1];
	}
	if (!name->seen && !name->wanted)
		name->first = event_for(e, NULL);
	name->soft = soft && (name->soft || !name->seen);
	name->seen = true;
	s->n++;
	if (soft)
		note_softly(s, e);
}

static void add_time(struct rule_state *s, const struct event *e, enum match m)
{
	uint64_t ns = e->rec->latency_ns;
	struct times_state *t = s->times;
	const struct rule *r = s->r;
	int order;

	/* Where the return alone is watched nobody knows how long it took. */
	if (!ns)
		return;
	if (m == MATCH_MAYBE || m == MATCH_SOFT_NO) {
		*(m == MATCH_MAYBE ? &s->n_maybe : &s->n_soft_no) += 1;
		return;
	}
	*(m == MATCH_YES ? &s->n : &s->n_soft) += 1;
	t->n++;
	t->sum += ns;
	histogram_add(&t->histogram, ns);
	for (size_t i = 0; i < r->value.n; i++) {
		order = number_order(ns, r->value.sets[i].words[0].number);
		t->below[i] += order < 0;
		t->equal[i] += !order;
	}
	order = number_order(ns, r->value.sets[0].words[0].number);
	if ((r->op == RULE_LT || r->op == RULE_LE) && !op_holds(r->op, order) &&
	    r->stat != STAT_COUNT) {
		s->n_bad++;
		keep_event(s, e, m != MATCH_YES, NULL);
	}
}

/* ------------------------------------------------------------------ stories */

/* All of it is soft: any loss in this VM's life makes another story of it. */
static void judge_one(struct evaluation *ev, struct rule_state *s, const struct event *e,
		      const char *story, bool torn)
{
	const struct value v = { .kind = VALUE_TEXT, .known = true, .text = story };
	char what[WHAT_LEN];
	enum match m = s->per_vm ? match(ev, s, e) : MATCH_NO;

	if (m == MATCH_NO)
		return;
	note_vm(s, e, m);
	if (s->r->kind == RULE_VMS) {
		/* The story of a VM can be told again (schema 1), and it is one VM still. */
		if (bits_has(&s->counted, e->vm))
			return;
		bits_add(&s->counted, e->vm);
		count(s, e, m, "seen first");
		return;
	}
	snprintf(what, sizeof(what), "did: %s", *story ? story : "nothing");
	judge(s, e, m, torn ? TRI_MAYBE : value_compare(&v, s->r->op, &s->r->value), true, what);
}

/* What it did until it ended, or until the recording did; by the names that it has now. */
static void judge_vm(struct evaluation *ev, const struct event *e)
{
	const struct history *h = e->story->history;
	/* What comes after it, or found no room, may be what the rule is about. */
	bool torn = h->order.unkept || (e->frame->type == FRAME_END && e->frame->end.cut_off);
	const struct event first = { .type = EVENT_VM,
				     .seq = h->seq,
				     .real_ns = h->real_ns,
				     .vm = e->vm,
				     .guest = e->guest,
				     .vm_name = e->vm_name,
				     .comm = e->comm };
	char story[ORDER_TEXT_MAX];

	order_text(&h->order, story);
	values_set(&ev->values, &first);
	for (size_t i = 0; i < ev->rules->n; i++)
		judge_one(ev, &ev->states[i], &first, story, torn);
}

/* A rule on each VM does not know of these. */
static void miss_vms(struct evaluation *ev)
{
	for (size_t i = 0; i < ev->rules->n; i++)
		ev->states[i].full |= ev->states[i].per_vm;
}

/* ------------------------------------------------------------------ each event */

static void on_match(struct evaluation *ev, struct rule_state *s, const struct event *e,
		     enum match m)
{
	note_vm(s, e, m);
	switch (s->r->kind) {
	case RULE_COUNT:
		if (is_counted(s->r, e))
			count(s, e, m, NULL);
		break;
	case RULE_SET:
		add_to_set(s, e, m);
		break;
	case RULE_MODES:
		judge_modes(s, e, m);
		break;
	case RULE_MODE:
		judge_mode(ev, s, e, m);
		break;
	case RULE_TIMES:
		add_time(s, e, m);
		break;
	case RULE_FIELD:
		judge_value(ev, s, e, m);
		break;
	case RULE_STORY:
	case RULE_VMS:
		break;
	}
}

void evaluation_event(const struct event *e, void *evaluation)
{
	struct evaluation *ev = evaluation;
	enum match m;

	unseen_event(&ev->unseen, e);
	values_set(&ev->values, e);
	for (size_t i = 0; i < ev->rules->n; i++) {
		struct rule_state *s = &ev->states[i];

		if (e->type == EVENT_LOST)
			evaluate_loss(s, e);
		m = s->per_vm ? MATCH_NO : match(ev, s, e);
		if (m != MATCH_NO)
			on_match(ev, s, e, m);
	}
	/* One that is told again has the same words: that less of it is sure is known by its
	 * losses. */
	if (e->type == EVENT_STORY && ev->has_per_vm && !e->story->again)
		judge_vm(ev, e);
	if (e->type == EVENT_END && e->end.left_out)
		miss_vms(ev);
}

bool evaluation_end(struct evaluation *ev, struct rule_result *results)
{
	bool ok = true;

	for (size_t i = 0; ok && i < ev->rules->n; i++)
		ok = decide(ev, &ev->states[i], &results[i]);
	return ok;
}
