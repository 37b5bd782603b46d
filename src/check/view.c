// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options --guest, --cause, --mode, --since and --until, which are rules' filters under
 * another name. They become a session's filter, or filters of each rule of check. While events
 * pass, the names that do not match are remembered, so that a filter that matches nothing can say
 * what there was.
 */
#include "check/view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* What a word of a rule has without quotes, and what joins words. */
#define PLAIN_WORDS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./@%"

static const char *const names[VIEW_BYS] = { "guest", "cause", "mode", "since", "until" };

const char *view_name(enum view_by by)
{
	return names[by];
}

static bool is_set(const struct view *v, enum view_by by)
{
	return v->filters[by];
}

static bool fail(char *why, size_t len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static bool fail(char *why, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, len, fmt, ap);
	va_end(ap);
	return false;
}

static bool no_memory(char *why, size_t len)
{
	return fail(why, len, "out of memory");
}

/* ------------------------------------------------------------------ what an option says */

/* Past a word as a rule has it, in quotes or plain. NULL: there is none. */
static const char *past_word(const char *text)
{
	size_t n = strspn(text, PLAIN_WORDS);
	const char *quote = *text == '"' ? strchr(text + 1, '"') : NULL;

	if (quote)
		return quote + 1;
	return n ? text + n : NULL;
}

/* A|"B"|C: what a rule takes as it stands. */
static bool is_alternatives(const char *text)
{
	const char *end = past_word(text);

	while (end && *end == '|')
		end = past_word(end + 1);
	return end && !*end;
}

/* It cannot be told whether a name is missing or is one with a |. */
static bool lacks_name(const char *text)
{
	size_t len = strlen(text);

	return *text == '|' || (len && text[len - 1] == '|') || strstr(text, "||");
}

/*
 * "db1" is guest=db1, "!=db1" and "~^db" have an operator. What no rule takes without quotes gets
 * them here, so that a shell's are enough.
 */
static char *filter_of(const char *field, const char *arg)
{
	size_t op = strspn(arg, "=!~");
	bool pattern = op && arg[op - 1] == '~';
	const char *value = arg + op;
	char *escaped = malloc(4 * strlen(value) + 1), *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f) {
		fprintf(f, "%s%.*s", field, op ? (int)op : 1, op ? arg : "=");
		if (pattern && *value != '"')
			fprintf(f, "\"%s\"", value);
		else if (pattern || is_alternatives(value))
			fputs(value, f);
		else if (escaped)
			rule_print_word(f, text_escape(escaped, 4 * strlen(value) + 1, value,
						       strlen(value)));
		fclose(f);
	}
	free(escaped);
	return text;
}

/* events{guest=db1}>=0 is a rule that has nothing but the filter. */
static bool set_filter(struct view *v, enum view_by by, const char *arg, char *why, size_t len)
{
	const char *value = arg + strspn(arg, "=!~");
	char *filter, *text = NULL;
	struct rule *r = &v->rules[by];
	struct rule_error err;
	bool ok;

	if (value == arg || value[-1] != '~') {
		if (!*value)
			return fail(why, len, "expected a value, found nothing");
		if (!is_alternatives(value) && lacks_name(value))
			return fail(
				why, len,
				"a | stands between two values: put one that has a | itself in \"\"");
	}
	rule_free(r);
	free(v->filters[by]);
	filter = filter_of(names[by], arg);
	v->filters[by] = filter;
	if (!filter || asprintf(&text, "events{%s}>=0", filter) < 0)
		return no_memory(why, len);
	ok = rule_parse(r, text, strlen(text), &err);
	free(text);
	if (!ok)
		return fail(why, len, "%s", err.why);
	return r->n_filters == 1 || fail(why, len, "expected one value, found another filter");
}

static bool set_moment(struct view *v, enum view_by by, const char *arg, char *why, size_t len)
{
	struct parse_error err;

	if (!parse_moment(arg, strlen(arg), &v->moments[by - VIEW_SINCE], &err))
		return fail(why, len, "%s", err.why);
	free(v->filters[by]);
	if (asprintf(&v->filters[by], "ts%s\"%s\"", by == VIEW_SINCE ? ">=" : "<", arg) < 0) {
		v->filters[by] = NULL;
		return no_memory(why, len);
	}
	return true;
}

static bool add_text(struct view *v, enum view_by by, const char *arg, char *why, size_t len)
{
	size_t at = strlen(v->text), room = sizeof(v->text) - at;
	size_t n = (size_t)snprintf(v->text + at, room, "%s--%s ", at ? " " : "", names[by]);

	if (n + 4 * strlen(arg) + 1 > room)
		return fail(why, len, "too long");
	text_escape(v->text + at + n, room - n, arg, strlen(arg));
	return true;
}

bool view_set(struct view *v, enum view_by by, const char *arg, char *why, size_t len)
{
	if (is_set(v, by))
		return fail(why, len, "it is given twice; A|B is either of two");
	if (!*arg)
		return fail(why, len, "expected a value, found nothing");
	return (by < VIEW_SINCE ? set_filter : set_moment)(v, by, arg, why, len) &&
	       add_text(v, by, arg, why, len);
}

void view_free(struct view *v)
{
	for (int by = 0; by < VIEW_BYS; by++)
		free(v->filters[by]);
	for (int by = 0; by < VIEW_SINCE; by++)
		rule_free(&v->rules[by]);
	for (int by = 0; by < VIEW_SINCE; by++)
		for (size_t i = 0; i < v->seen[by].n; i++)
			free(v->seen[by].names[i]);
	values_free(&v->values);
}

enum view_by view_of_events(const struct view *v)
{
	enum view_by by = VIEW_CAUSE;

	while (by < VIEW_BYS && !is_set(v, by))
		by++;
	return by;
}

/* ------------------------------------------------------------------ what passes */

static bool holds(const struct rule *r, const struct value *value)
{
	const struct rule_filter *f = &r->filters[0];

	return value_compare(value, f->op, &f->value) == TRI_YES;
}

static void note_seen(struct view_seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n; i++)
		if (!strcmp(seen->names[i], name))
			return;
	seen->more |= seen->n == VIEW_SEEN_MAX;
	if (seen->n < VIEW_SEEN_MAX && (seen->names[seen->n] = strdup(name)))
		seen->n++;
}

/* As holds(), and what there was is remembered for who finds nothing. */
static bool passes(struct view *v, enum view_by by, const struct value *value)
{
	struct view_seen *seen = &v->seen[by];
	bool yes = holds(&v->rules[by], value);

	seen->matched |= yes;
	if (!yes && !seen->matched)
		note_seen(seen, value->kind == VALUE_TEXT ? value->text : "null");
	return yes;
}

static bool wants(const char *guest, void *view)
{
	const struct value value = { .kind = *guest ? VALUE_TEXT : VALUE_NULL,
				     .known = true,
				     .text = guest };

	return passes(view, VIEW_GUEST, &value);
}

static bool is_in_time(struct view *v, const struct event *e)
{
	bool in_time = e->real_ns >= v->since && e->real_ns < v->until;

	if (!v->last_ns || e->real_ns < v->first_ns)
		v->first_ns = e->real_ns;
	if (e->real_ns > v->last_ns)
		v->last_ns = e->real_ns;
	v->in_time |= in_time;
	return in_time;
}

static void begin(struct view *v, uint64_t beginning_ns)
{
	if (is_set(v, VIEW_SINCE))
		v->since = parse_moment_after(&v->moments[0], beginning_ns);
	v->until = is_set(v, VIEW_UNTIL) ? parse_moment_after(&v->moments[1], beginning_ns) :
					   UINT64_MAX;
}

/* An event that does not have the field is not of what is asked for. */
static bool shows(const struct event *e, void *view)
{
	struct view *v = view;
	struct value value;

	if (e->type == EVENT_TRACE)
		begin(v, e->real_ns);
	if (!is_in_time(v, e))
		return false;
	values_set(&v->values, e);
	for (int by = VIEW_CAUSE; by < VIEW_SINCE; by++) {
		if (!is_set(v, by))
			continue;
		value_of(&v->values, &v->paths[by], &value);
		if (value.kind == VALUE_ABSENT || !passes(v, by, &value))
			return false;
	}
	return true;
}

bool view_begin(struct view *v)
{
	if (!*v->text)
		return true;
	for (int by = 0; by < VIEW_SINCE; by++)
		v->paths[by] = value_path_of(names[by]);
	v->filter = (struct session_filter){ .text = v->text, .ctx = v };
	if (is_set(v, VIEW_GUEST))
		v->filter.wants = wants;
	if (view_of_events(v) < VIEW_BYS)
		v->filter.shows = shows;
	return values_init(&v->values);
}

static void print_unmatched(FILE *f, const struct view *v, enum view_by by)
{
	static const char *const things[VIEW_SINCE] = { "VM", "call", "event" };
	static const char *const these[VIEW_SINCE] = { "the guests are", "the causes are",
						       "the modes are" };
	const struct view_seen *seen = &v->seen[by];

	const char *arg = v->filters[by] + strlen(names[by]);

	fprintf(f, "no %s matches --%s %s: %s", things[by], names[by], arg + (*arg == '='),
		these[by]);
	for (size_t i = 0; i < seen->n; i++)
		fprintf(f, "%s%s", i ? ", " : " ", seen->names[i]);
	fputs(seen->more ? ", and more" : "", f);
}

static void print_out_of_time(FILE *f, const struct view *v)
{
	char first[RFC3339_LEN], last[RFC3339_LEN];

	fprintf(f, "nothing matches %s: what was recorded is from %s to %s", v->text,
		rfc3339(first, v->first_ns), rfc3339(last, v->last_ns));
}

char *view_unmatched(const struct view *v)
{
	bool late = (is_set(v, VIEW_SINCE) || is_set(v, VIEW_UNTIL)) && v->last_ns && !v->in_time;
	enum view_by by = VIEW_GUEST;
	char *text = NULL;
	size_t len;
	FILE *f;

	while (by < VIEW_SINCE && (v->seen[by].matched || !v->seen[by].n))
		by++;
	f = late || by < VIEW_SINCE ? open_memstream(&text, &len) : NULL;
	if (!f)
		return NULL;
	if (late)
		print_out_of_time(f, v);
	else
		print_unmatched(f, v, by);
	fclose(f);
	return text;
}

void view_see(struct view *v, const struct event *e)
{
	bool yes = !is_set(v, VIEW_GUEST) || (e->vm && wants(e->guest ? e->guest : "", v));

	if (v->filter.shows)
		yes &= shows(e, v);
	v->matched |= yes && e->type != EVENT_TRACE && e->type != EVENT_END;
}

void view_event(const struct event *e, void *on_the_way)
{
	const struct view_on_the_way *to = on_the_way;

	view_see(to->view, e);
	to->event(e, to->ctx);
}

uint64_t view_until(const struct view *v, uint64_t beginning_ns)
{
	return is_set(v, VIEW_UNTIL) ? parse_moment_after(&v->moments[1], beginning_ns) : 0;
}

/* ------------------------------------------------------------------ rules */

/* "guest=db1:cause=newer-than-host:", before a rule. NULL: no memory. */
static char *prefix_of(const struct view *v)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (int by = 0; f && by < VIEW_BYS; by++)
		if (is_set(v, by))
			fprintf(f, "%s:", v->filters[by]);
	if (f)
		fclose(f);
	return text;
}

/* Is one of these words what the other filter takes? */
static bool takes_any(const struct rule_filter *f, const struct rule_value *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const struct rule_word *w = &words->sets[i].words[0];
		const struct value value = { .kind = w->null ? VALUE_NULL : VALUE_TEXT,
					     .known = true,
					     .text = w->text };

		if (words->sets[i].n != 1 || value_compare(&value, f->op, &f->value) != TRI_NO)
			return true;
	}
	return false;
}

static bool exclude_each_other(const struct rule_filter *a, const struct rule_filter *b)
{
	if (a->op == RULE_EQ)
		return !takes_any(b, &a->value);
	return b->op == RULE_EQ && !takes_any(a, &b->value);
}

/* Is it about what these filters leave out? A baseline's is, where it is about all guests. */
static bool is_of_others(const struct view *v, const struct rule *r)
{
	bool has_guest = false;

	for (size_t i = 0; i < r->n_filters; i++)
		for (int by = 0; by < VIEW_SINCE; by++) {
			if (!is_set(v, by) || strcmp(r->filters[i].field, names[by]))
				continue;
			has_guest |= by == VIEW_GUEST;
			if (exclude_each_other(&r->filters[i], &v->rules[by].filters[0]))
				return true;
		}
	return r->baseline && !has_guest;
}

static bool narrow(struct rule *r, const char *prefix, char *why, size_t len)
{
	struct rule narrowed;
	struct rule_error err;
	char *text;
	bool ok;

	if (asprintf(&text, "%s%s", prefix, r->text) < 0)
		return no_memory(why, len);
	ok = rule_parse(&narrowed, text, strlen(text), &err);
	free(text);
	if (!ok)
		return fail(why, len, "%.200s cannot be filtered so: %s", r->text, err.why);
	narrowed.file = r->file;
	narrowed.line = r->line;
	narrowed.baseline = r->baseline;
	rule_free(r);
	*r = narrowed;
	return true;
}

bool view_narrow(const struct view *v, struct rules *rules, size_t *skipped, char *why, size_t len)
{
	char *prefix = prefix_of(v);
	bool ok = prefix || no_memory(why, len);

	*skipped = 0;
	for (size_t i = 0; ok && prefix && *prefix && i < rules->n; i++) {
		struct rule *r = &rules->list[i];

		if (r->types & ~EVENTS_OF_TRACE && is_of_others(v, r)) {
			rule_free(r);
			++*skipped;
			continue;
		}
		if (r->types & ~EVENTS_OF_TRACE)
			ok = narrow(r, prefix, why, len);
		if (*skipped) {
			*(r - *skipped) = *r;
			*r = (struct rule){ 0 };
		}
	}
	rules->n -= *skipped;
	free(prefix);
	return ok;
}
