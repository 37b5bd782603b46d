// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whether a rule makes sense. A rule that means nothing would always hold, which is worse than
 * having none. So words are compared with everything that the stream can contain: fields with
 * recording/schema.h, and names with the tables that define them.
 */
#include <string.h>

#include "recording/schema.h"
#include "lib/parse.h"
#include "lib/spelling.h"
#include "check/rules_parser.h"

#define TYPE(type) (1u << (type))
#define CALLS	   (TYPE(EVENT_NEGOTIATION) | TYPE(EVENT_EXTENSION) | TYPE(EVENT_ARCH_COMPAT))
#define ALL	   (TYPE(EVENT_TYPES) - 1)
#define ASKS	   TYPE(EVENT_ARCH_COMPAT)
#define QUERIES	   TYPE(EVENT_NEGOTIATION)

const struct rule_measure rule_measures[] = {
	{ "events", RULE_COUNT, ALL, "all lines of the stream" },
	{ "negotiations", RULE_COUNT, QUERIES, "queries for what the host offers" },
	{ "asks", RULE_COUNT, ASKS, "requests for a mode" },
	{ "checks", RULE_COUNT, TYPE(EVENT_EXTENSION), "checks of the capability" },
	{ "failures", RULE_COUNT, CALLS, "those of the three above that failed" },
	{ "retries", RULE_COUNT, TYPE(EVENT_RETRY), "second queries after a struct-too-new" },
	{ "runs", RULE_COUNT, TYPE(EVENT_RUN),
	  "KVM_RUNs that failed, one of each kind for each VM" },
	{ "kernel-messages", RULE_COUNT, TYPE(EVENT_KERNEL), "lines that KVM printed" },
	{ "vms", RULE_VMS, CALLS | TYPE(EVENT_VM), "VMs" },
	{ "lost", RULE_COUNT, TYPE(EVENT_LOST), "events that could not be recorded" },
	{ "guests", RULE_SET, CALLS | TYPE(EVENT_VM), "names of guests" },
	{ "causes", RULE_SET, QUERIES | ASKS, "causes of queries and of requests" },
	{ "sizes", RULE_SET, QUERIES, "sizes of the struct that VMMs passed" },
	{ "modes", RULE_MODES, QUERIES, "modes of each offer" },
	{ "mode", RULE_MODE, ASKS, "the mode of each request that was accepted" },
	{ "story", RULE_STORY, CALLS | TYPE(EVENT_VM), "what each VM did, in words" },
	{ "latency", RULE_TIMES, QUERIES, "how long queries took" },
	{ NULL, RULE_COUNT, 0, NULL },
};

/* ------------------------------------------------------------------ names that are known */

typedef const char *name_fn(int i);

static const char *mode_name(int i)
{
	const struct abi_mode *mode = abi_mode((size_t)i);

	return mode ? mode->name : NULL;
}

static const char *any_cause_name(int i)
{
	return i < CAUSE_MAX ? cause_name(i) : arch_cause_name(i - CAUSE_MAX);
}

static const char *source_name(int i)
{
	return modes_source_name(i + 1);
}

static const char *abi_name(int i)
{
	const struct abi_revision *r = abi_revision((size_t)i);

	return r ? r->name : NULL;
}

static const char *type_name(int i)
{
	return event_type_name(i);
}

static const char *reason_name(int i)
{
	return loss_name(i);
}

static const char *watched_name(int i)
{
	return life_name(i);
}

static const char *how_name(int i)
{
	return attach_how_name(i);
}

static const char *function_name(int i)
{
	return attach_func(i);
}

static const char *asked_name(int i)
{
	return i <= QUERIED_YES ? queried_name(i) : NULL;
}

static const char *outcome_name(int i)
{
	static const char *const names[] = { "recovered", "failed", NULL };

	return i < 2 ? names[i] : NULL;
}

static const char *life_event_name(int i)
{
	static const char *const names[] = { "created", "ended", NULL };

	return i < 2 ? names[i] : NULL;
}

/* The fields whose values have names, and who has these. */
static const struct vocabulary {
	const char *field;
	name_fn *name;
	const char *what;
} vocabularies[] = {
	{ "type", type_name, "type of event" },
	{ "cause", any_cause_name, "cause" },
	{ "query_cause", any_cause_name, "cause" },
	{ "ask_cause", any_cause_name, "cause" },
	{ "modes", mode_name, "mode" },
	{ "host_modes", mode_name, "mode" },
	{ "source", source_name, "source" },
	{ "host_modes_source", source_name, "source" },
	{ "abi", abi_name, "revision of the ABI" },
	{ "reason", reason_name, "reason for a loss" },
	{ "watched", watched_name, "coverage" },
	{ "how", how_name, "method" },
	{ "function", function_name, "watched function" },
	{ "queried", asked_name, "answer" },
	{ "outcome", outcome_name, "outcome of a retry" },
	{ "event", life_event_name, "event of a VM" },
};

static const struct vocabulary *vocabulary_of(const char *field)
{
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		if (!strcmp(vocabularies[i].field, field))
			return &vocabularies[i];
	return NULL;
}

static const char *name_like(const struct vocabulary *v, const char *text)
{
	struct spelling like = spelling_of(text);
	const char *name;

	for (int i = 0; (name = v->name(i)); i++)
		spelling_try(&like, name);
	return like.found;
}

/* " and 4294967295 more", and the space before a name. */
#define NAMES_REST 24

static void print_names(char *buf, size_t size, const struct vocabulary *v)
{
	FILE *f = fmemopen(buf, size, "w");
	const char *name;
	int i = 0, more = 0;

	*buf = '\0';
	if (!f)
		return;
	for (; (name = v->name(i)) && ftell(f) + (long)strlen(name) + NAMES_REST < (long)size; i++)
		fprintf(f, "%s%s", i ? " " : "", name);
	while (v->name(i + more))
		more++;
	if (more)
		fprintf(f, " and %d more", more);
	fclose(f);
}

static bool check_name(struct parser *p, size_t at, const struct vocabulary *v,
		       const struct rule_word *w)
{
	char names[300], quoted[PARSE_QUOTE_MAX];
	const char *name, *like;

	/* A bit that no mode stands for is written as a number. */
	if (w->null || w->hex)
		return true;
	for (int i = 0; (name = v->name(i)); i++)
		if (!strcmp(name, w->text))
			return true;
	parse_quote(quoted, sizeof(quoted), w->text, strlen(w->text));
	like = name_like(v, w->text);
	if (like)
		return rule_fail(p, at, "%s is not a known %s: did you mean %s?", quoted, v->what,
				 like);
	print_names(names, sizeof(names), v);
	return rule_fail(p, at, "%s is not a known %s; these are: %s", quoted, v->what, names);
}

/* An error by its name, "E2BIG". */
static bool check_errno(struct parser *p, size_t at, const struct rule_word *w)
{
	char name[16], quoted[PARSE_QUOTE_MAX];

	if (w->null)
		return true;
	for (int err = 1; err < 4096; err++)
		if (!strcmp(errno_name(err, name, sizeof(name)), w->text) && *name == 'E')
			return true;
	if (w->numeric && w->number > 0 && w->number < 4096) {
		errno_name((int)w->number, name, sizeof(name));
		/* One that has no name is written as its number. */
		return *name != 'E' ||
		       rule_fail(p, at, "errno is a name: write %s (ret has the number, -%d)", name,
				 (int)w->number);
	}
	return rule_fail(p, at, "expected the name of an error, such as E2BIG, found %s",
			 parse_quote(quoted, sizeof(quoted), w->text, strlen(w->text)));
}

/* The name of a mode; null is the host's default, or a PVR that has none. */
static bool check_mode_name(struct parser *p, size_t at, const struct rule_word *w)
{
	char quoted[PARSE_QUOTE_MAX];
	const struct abi_pvr *known;

	if (w->null)
		return true;
	/* An architecture's level, and half a level more. */
	for (uint32_t i = 0; i < 64; i++) {
		known = abi_pvr(0x0f000000 | (i & 1) << 20 | i >> 1);
		if (known && !strcmp(known->name, w->text))
			return true;
	}
	return rule_fail(
		p, at,
		"%s is not a mode: use POWER9, POWER10 and so on, or null for the host's default",
		parse_quote(quoted, sizeof(quoted), w->text, strlen(w->text)));
}

/* ------------------------------------------------------------------ does it make sense? */

static bool is_order(enum rule_op op)
{
	return op == RULE_LT || op == RULE_LE || op == RULE_GT || op == RULE_GE;
}

static bool check_single(struct parser *p, size_t at, enum rule_op op, const struct rule_value *v)
{
	if (is_order(op) && v->n > 1)
		return rule_fail(p, at, "%s takes one value; only = and != take A|B",
				 rule_op_name(op));
	return true;
}

/* Words that are compared by size. */
static bool check_numbers(struct parser *p, size_t at, const struct rule_value *v, const char *what)
{
	char quoted[PARSE_QUOTE_MAX];

	FOR_EACH_WORD(w, v)
	if (!w->numeric)
		return rule_fail(p, at, "%s is a number; found %s", what,
				 parse_quote(quoted, sizeof(quoted), w->text, strlen(w->text)));
	return true;
}

/* Which comes first of two points in time. Without a date it is one of the recording that is read.
 */
static bool check_moments(struct parser *p, size_t at, const struct rule_value *v)
{
	char quoted[PARSE_QUOTE_MAX];
	struct parse_error err;

	FOR_EACH_WORD(w, v)
	{
		parse_quote(quoted, sizeof(quoted), w->text, strlen(w->text));
		if (!parse_moment(w->text, strlen(w->text), &w->moment, &err))
			return rule_fail(p, at, "%s is not a point in time: %s", quoted, err.why);
		w->later = w->moment.kind != MOMENT_DATED;
		w->numeric = true;
		w->number = w->moment.ns;
	}
	return true;
}

static bool check_one_word(struct parser *p, size_t at, const struct rule_value *v,
			   const char *what)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->sets[i].n > 1)
			return rule_fail(p, at, "%s is one value, not a set: use A|B, not A+B",
					 what);
	return true;
}

static const char *last_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

static bool check_kinds(struct parser *p, size_t at, const char *field, unsigned int kinds,
			enum rule_op op, const struct rule_value *v)
{
	unsigned int numbers = FIELD_NUMBER | FIELD_HEX;

	if (kinds & FIELD_OBJECT && !(kinds & ~(unsigned int)FIELD_OBJECT)) {
		FOR_EACH_WORD(w, v)
		if (!w->null)
			return rule_fail(
				p, at,
				"%s has fields of its own: name one of them, or compare with null",
				field);
		return op == RULE_EQ || op == RULE_NE ||
		       rule_fail(p, at, "only = and != compare with null");
	}
	if (!(kinds & FIELD_LIST) && !check_one_word(p, at, v, field))
		return false;
	if (kinds & FIELD_LIST && is_order(op))
		return true; /* part of, or all of */
	if (is_order(op) && !strcmp(field, "ts"))
		return check_moments(p, at, v);
	if (is_order(op))
		return (!kinds || kinds & numbers ||
			rule_fail(p, at, "%s is text: only =, != and ~ compare text", field)) &&
		       check_numbers(p, at, v, field);
	FOR_EACH_WORD(w, v)
	{
		if (w->null || op == RULE_LIKE)
			continue;
		if (kinds == FIELD_NUMBER && !w->numeric)
			return check_numbers(p, at, v, field);
		if (kinds == FIELD_HEX && !w->hex)
			return rule_fail(p, at, "%s is hexadecimal in the stream: write it with 0x",
					 field);
		if (kinds == FIELD_BOOL && strcmp(w->text, "true") && strcmp(w->text, "false"))
			return rule_fail(p, at, "%s must be true or false", field);
	}
	return op != RULE_LIKE || !kinds || kinds & (FIELD_TEXT | FIELD_HEX) ||
	       rule_fail(p, at, "%s is not text: only text can be compared with ~", field);
}

/* The value of a field: of the right kind, and a name that there is. */
static bool check_field_value(struct parser *p, size_t at, const char *field, unsigned int kinds,
			      enum rule_op op, const struct rule_value *v)
{
	bool named = kinds & (FIELD_TEXT | FIELD_LIST);
	const struct vocabulary *known = named ? vocabulary_of(last_of(field)) : NULL;

	if (!check_single(p, at, op, v) || !check_kinds(p, at, field, kinds, op, v))
		return false;
	if (op == RULE_LIKE || is_order(op))
		return true;
	FOR_EACH_WORD(w, v)
	{
		if (kinds & FIELD_LIST && !w->quoted && !strcmp(w->text, "none"))
			continue;
		if (known && !check_name(p, at, known, w))
			return false;
		if (!strcmp(last_of(field), "errno") && !check_errno(p, at, w))
			return false;
		if (!strcmp(last_of(field), "mode") && !check_mode_name(p, at, w))
			return false;
	}
	return true;
}

/* "host.page_size", and "evidence.in.0" too, an entry of a list. */
static unsigned int types_of_path(const char *path, unsigned int *kinds)
{
	unsigned int types = field_types(path, kinds);
	char list[FIELD_PATH_MAX];
	const char *last = last_of(path);

	if (types || last == path || strlen(path) >= sizeof(list) ||
	    last[strspn(last, "0123456789")] || !*last)
		return types;
	snprintf(list, sizeof(list), "%.*s", (int)(last - path - 1), path);
	types = field_types(list, kinds);
	if (!(*kinds & FIELD_LIST))
		return 0;
	*kinds = 0;
	return types;
}

static bool no_field(struct parser *p, size_t at, const char *path, unsigned int types)
{
	const char *like = field_like(path, types);

	if (like)
		return rule_fail(p, at,
				 "no event of this measure has a field %.64s: did you mean %s?",
				 path, like);
	return rule_fail(
		p, at,
		"no event of this measure has a field %.64s (diagnosis.md of the documentation lists the fields)",
		path);
}

/* Not a field of events, but of what is asked about them. */
static bool take_source(struct parser *p, const struct rule_filter *f, size_t at)
{
	const char *word = f->value.sets[0].words[0].text;

	if (f->op != RULE_EQ || f->value.n != 1 || f->value.sets[0].n != 1)
		return rule_fail(p, at, "source takes = and one word: source=negotiation");
	if (!check_name(p, at, vocabulary_of("source"), &f->value.sets[0].words[0]))
		return false;
	for (int source = MODES_NEGOTIATION; source <= MODES_CPU_VERSION; source++)
		if (!strcmp(word, modes_source_name(source)))
			p->rule->source = source;
	if (p->rule->source != MODES_NEGOTIATION)
		p->rule->types = TYPE(EVENT_TRACE) | TYPE(EVENT_HOST);
	return true;
}

static bool is_who(const char *field)
{
	static const char *const who[] = { "guest", "vm", "vm_name", "comm" };

	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++)
		if (!strcmp(field, who[i]))
			return true;
	return false;
}

/* A cause is one of queries or one of requests. */
static unsigned int types_of_causes(const struct rule_filter *f)
{
	unsigned int types = 0;

	if (strcmp(f->field, "cause") || f->op != RULE_EQ)
		return ALL;
	FOR_EACH_WORD(w, &f->value)
	{
		types |= cause_by_name(w->text) >= 0 ? QUERIES : 0;
		types |= arch_cause_by_name(w->text) >= 0 ? ASKS : 0;
	}
	return types ? types : ALL;
}

static bool check_filter(struct parser *p, const struct rule_filter *f, size_t field_at,
			 size_t value_at)
{
	unsigned int kinds, types = types_of_path(f->field, &kinds), before = p->rule->types;

	if ((p->rule->kind == RULE_STORY || p->rule->kind == RULE_VMS) && !is_who(f->field))
		return rule_fail(p, field_at,
				 "%s is about VMs: filter by guest, vm, vm_name or comm",
				 p->rule->name);
	if (!(types & before))
		return no_field(p, field_at, f->field, before);
	p->rule->types &= types & types_of_causes(f);
	return check_field_value(p, value_at, f->field, kinds, f->op, &f->value);
}

static bool check_filters(struct parser *p, const struct places *places)
{
	struct rule *r = p->rule;
	bool source;

	/* It decides what the others are held against. */
	for (size_t i = 0; i < r->n_filters; i++)
		if (r->kind == RULE_MODES && !strcmp(r->filters[i].field, "source") &&
		    !take_source(p, &r->filters[i], places->value[i]))
			return false;
	for (size_t i = 0; i < r->n_filters; i++) {
		source = r->kind == RULE_MODES && !strcmp(r->filters[i].field, "source");
		if (!source && !check_filter(p, &r->filters[i], places->field[i], places->value[i]))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ measures */

static const struct rule_measure *measure_by_name(const char *name, size_t len)
{
	for (const struct rule_measure *m = rule_measures; m->name; m++)
		if (strlen(m->name) == len && !memcmp(m->name, name, len))
			return m;
	return NULL;
}

static int type_by_name(const char *name, size_t len)
{
	int type = 0;

	while (type < EVENT_TYPES &&
	       (strlen(event_type_name(type)) != len || memcmp(event_type_name(type), name, len)))
		type++;
	return type;
}

static bool set_stat(struct parser *p, size_t at, const char *name)
{
	if (p->rule->kind != RULE_TIMES)
		return rule_fail(p, at, "only latency has a statistic, .%.20s", name);
	for (int i = STAT_MIN; i <= STAT_COUNT; i++)
		if (!strcmp(rule_stat_name(i), name)) {
			p->rule->stat = i;
			return true;
		}
	return rule_fail(
		p, at,
		"%.20s is not a statistic: use latency.p99, or .min .p50 .p90 .max .mean .count",
		name);
}

/* "usize" of any event that has it, or "negotiation.usize" */
static bool set_field(struct parser *p, size_t at, const char *name, unsigned int *kinds)
{
	const char *dot = strchr(name, '.');
	int type = dot ? type_by_name(name, (size_t)(dot - name)) : EVENT_TYPES;
	unsigned int types = type < EVENT_TYPES ? types_of_path(dot + 1, kinds) & TYPE(type) : 0;
	struct spelling measure = { .text = name, .best = 2 };
	struct rule *r = p->rule;
	const char *like;

	r->kind = RULE_FIELD;
	r->field = types ? dot + 1 : name;
	r->types = types ? types : types_of_path(name, kinds);
	if (r->types)
		return true;
	if (type < EVENT_TYPES)
		return no_field(p, at, dot + 1, TYPE(type));
	for (const struct rule_measure *m = rule_measures; m->name; m++)
		spelling_try(&measure, m->name);
	like = measure.found ? measure.found : field_like(name, ALL);
	return rule_fail(p, at, "%.64s is neither a measure nor a field%s%s%s", name,
			 like ? ": did you mean " : " (compatcaps-trace-check(1) lists them)",
			 like ? like : "", like ? "?" : "");
}

static bool set_measure(struct parser *p, size_t at, const char *name, unsigned int *kinds)
{
	const char *dot = strchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : strlen(name);
	const struct rule_measure *m = measure_by_name(name, len);
	struct rule *r = p->rule;
	int type;

	r->name = name;
	if (m && (!dot || m->kind == RULE_TIMES)) {
		r->measure = m;
		r->name = m->name;
		r->kind = m->kind;
		r->types = m->types;
		r->source = MODES_NEGOTIATION;
		return !dot || set_stat(p, at, dot + 1);
	}
	type = dot ? EVENT_TYPES : type_by_name(name, len);
	if (type < EVENT_TYPES) {
		r->kind = RULE_COUNT;
		r->types = TYPE(type);
		return true;
	}
	return set_field(p, at, name, kinds);
}

static bool check_count(struct parser *p, size_t at, const char *what)
{
	const struct rule *r = p->rule;

	if (r->op == RULE_LIKE)
		return rule_fail(p, at, "%s is a number: only text can be compared with ~", what);
	if (!check_numbers(p, at, &r->value, what) || !check_one_word(p, at, &r->value, what) ||
	    !check_single(p, at, r->op, &r->value))
		return false;
	FOR_EACH_WORD(w, &r->value)
	if (w->number < 0 || w->time)
		return rule_fail(p, at, "%s is a count: it must be an integer of 0 or more", what);
	return true;
}

static bool check_times(struct parser *p, size_t at)
{
	const struct rule *r = p->rule;

	if (r->stat == STAT_NONE)
		return rule_fail(
			p, at,
			"expected a statistic: latency.p99, or .min .p50 .p90 .max .mean .count");
	if (r->stat == STAT_COUNT)
		return check_count(p, at, "latency.count");
	if (r->op == RULE_LIKE)
		return rule_fail(p, at, "a time is a number: only text can be compared with ~");
	if (!check_numbers(p, at, &r->value, "a latency") ||
	    !check_one_word(p, at, &r->value, "a latency") ||
	    !check_single(p, at, r->op, &r->value))
		return false;
	FOR_EACH_WORD(w, &r->value)
	if (w->number < 0 || (!w->time && w->number))
		return rule_fail(p, at, "a time needs a unit: 500us, 5ms, 1s");
	return true;
}

/* `none` is the empty set. */
static bool drop_none(struct parser *p, size_t at, struct rule_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		for (size_t k = 0; k < v->sets[i].n; k++) {
			const struct rule_word *w = &v->sets[i].words[k];

			if (w->quoted || strcmp(w->text, "none"))
				continue;
			if (v->sets[i].n > 1)
				return rule_fail(p, at,
						 "none is the empty set: it cannot be combined");
			v->sets[i].n = 0;
		}
	return true;
}

/* Numbers as the stream writes them, so that sets can be compared as text. */
static bool plain_numbers(struct parser *p, size_t at, struct rule_value *v)
{
	char text[24];

	FOR_EACH_WORD(w, v)
	{
		if (!w->numeric || w->number < 0 || w->time)
			return rule_fail(p, at, "sizes are integers: sizes=24+48");
		snprintf(text, sizeof(text), "%llu", (unsigned long long)w->number);
		w->text = rule_keep(p, text, strlen(text));
		if (!w->text)
			return false;
		w->hex = false;
	}
	return true;
}

static bool check_set(struct parser *p, size_t at)
{
	struct rule *r = p->rule;
	const char *name = r->measure->name;
	const struct vocabulary *known = vocabulary_of(!strcmp(name, "causes") ? "cause" : name);

	if (r->op == RULE_LIKE || r->op == RULE_LT || r->op == RULE_GT)
		return rule_fail(p, at,
				 "%s is a set: use = != <= (only these) or >= (at least these)",
				 name);
	if (!check_single(p, at, r->op, &r->value) || !drop_none(p, at, &r->value))
		return false;
	if (!strcmp(name, "sizes") && !plain_numbers(p, at, &r->value))
		return false;
	FOR_EACH_WORD(w, &r->value)
	{
		if (w->null)
			return rule_fail(p, at, "null cannot be in a set; the empty set is none");
		if (known && w->hex)
			return rule_fail(p, at, "%s holds names, not numbers", name);
		if (known && !check_name(p, at, known, w))
			return false;
	}
	return true;
}

static bool check_mode(struct parser *p, size_t at)
{
	const struct rule *r = p->rule;

	if (is_order(r->op))
		return rule_fail(p, at, "only =, != and ~ compare a mode");
	if (!check_one_word(p, at, &r->value, "mode"))
		return false;
	FOR_EACH_WORD(w, &r->value)
	if (r->op != RULE_LIKE && !check_mode_name(p, at, w))
		return false;
	return true;
}

static bool check_story(struct parser *p, size_t at)
{
	const struct rule *r = p->rule;

	if (is_order(r->op))
		return rule_fail(p, at, "only =, != and ~ compare a story");
	return check_one_word(p, at, &r->value, "story");
}

static bool check_value(struct parser *p, size_t at, unsigned int kinds)
{
	const struct rule *r = p->rule;

	switch (r->kind) {
	case RULE_COUNT:
	case RULE_VMS:
		return check_count(p, at, r->name);
	case RULE_SET:
	case RULE_MODES:
		return check_set(p, at);
	case RULE_MODE:
		return check_mode(p, at);
	case RULE_STORY:
		return check_story(p, at);
	case RULE_TIMES:
		return check_times(p, at);
	case RULE_FIELD:
		return check_field_value(p, at, r->field, kinds, r->op, &r->value);
	}
	return false;
}

bool rule_check(struct parser *p, const struct line *l)
{
	unsigned int kinds = 0;

	return set_measure(p, l->name_at, l->name, &kinds) &&
	       (!l->stat || set_stat(p, l->stat_at, l->stat)) && check_filters(p, &l->places) &&
	       check_value(p, l->value_at, kinds);
}
