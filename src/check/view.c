// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "check/view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* What a word of a rule has without quotes, and what joins words. */
#define PLAIN_WORDS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./@%|\""

#define OF_TRACE \
	(1u << EVENT_TRACE | 1u << EVENT_HOST | 1u << EVENT_ATTACH | 1u << EVENT_LOST | \
	 1u << EVENT_END)

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
		else if (pattern || (*value && !value[strspn(value, PLAIN_WORDS)]))
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
	char *filter = filter_of(names[by], arg), *text = NULL;
	struct rule *r = &v->rules[by];
	struct rule_error err;
	bool ok;

	rule_free(r);
	free(v->filters[by]);
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

static bool wants(const char *guest, void *view)
{
	const struct view *v = view;
	const struct value value = { .kind = *guest ? VALUE_TEXT : VALUE_NULL,
				     .known = true,
				     .text = guest };

	return holds(&v->rules[VIEW_GUEST], &value);
}

static bool is_in_time(const struct view *v, const struct event *e)
{
	return e->real_ns >= v->since && e->real_ns < v->until;
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
		if (value.kind == VALUE_ABSENT || !holds(&v->rules[by], &value))
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
	rule_free(r);
	*r = narrowed;
	return true;
}

bool view_narrow(const struct view *v, struct rules *rules, char *why, size_t len)
{
	char *prefix = prefix_of(v);
	bool ok = prefix || no_memory(why, len);

	for (size_t i = 0; ok && prefix && *prefix && i < rules->n; i++)
		if (rules->list[i].types & ~OF_TRACE)
			ok = narrow(&rules->list[i], prefix, why, len);
	free(prefix);
	return ok;
}
