// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The value that an event has in a field, and its comparison with a rule's value. Common fields
 * have a function that reads them from the event directly, because rules run on each event. All
 * others are looked up in the JSON that the event would become.
 */
#include "check/values.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "check/pattern.h"

bool values_init(struct values *vs)
{
	*vs = (struct values){ .doc = encoder_new(false) };
	return vs->doc;
}

void values_free(struct values *vs)
{
	encoder_free(vs->doc);
	*vs = (struct values){ 0 };
}

void values_set(struct values *vs, const struct event *e)
{
	vs->event = e;
	vs->object = NULL;
	if (e->type == EVENT_TRACE)
		vs->began_ns = e->real_ns;
}

/* ------------------------------------------------------------------ what is asked for often */

static void set_text(struct value *v, const char *text)
{
	v->kind = text && *text ? VALUE_TEXT : VALUE_NULL;
	v->text = text;
}

static void set_number(struct value *v, bool known, __int128 number)
{
	v->kind = known ? VALUE_NUMBER : VALUE_NULL;
	v->number = number;
}

static void get_type(const struct event *e, struct value *v)
{
	set_text(v, event_type_name(e->type));
}

static void get_guest(const struct event *e, struct value *v)
{
	set_text(v, e->guest);
}

static void get_comm(const struct event *e, struct value *v)
{
	set_text(v, e->comm);
}

static void get_vm_name(const struct event *e, struct value *v)
{
	set_text(v, e->vm_name);
}

static void get_vm(const struct event *e, struct value *v)
{
	set_number(v, e->vm, e->vm);
}

static void get_cause(const struct event *e, struct value *v)
{
	if (e->type == EVENT_NEGOTIATION)
		set_text(v, cause_name(e->negotiation.diag->cause));
	else if (e->type == EVENT_ARCH_COMPAT)
		set_text(v, arch_cause_name(e->arch.diag->cause));
}

static void get_ret(const struct event *e, struct value *v)
{
	if (e->type == EVENT_NEGOTIATION || e->type == EVENT_ARCH_COMPAT || e->type == EVENT_RUN)
		set_number(v, true, e->rec->ret);
}

static void get_latency(const struct event *e, struct value *v)
{
	if (e->type == EVENT_NEGOTIATION)
		set_number(v, true, e->rec->latency_ns);
}

static void get_usize(const struct event *e, struct value *v)
{
	if (e->type == EVENT_NEGOTIATION)
		set_number(v, e->negotiation.diag->usize.known, e->negotiation.diag->usize.value);
}

static void get_outcome(const struct event *e, struct value *v)
{
	if (e->type == EVENT_RETRY)
		set_text(v, e->retry->recovered ? "recovered" : "failed");
}

static const struct {
	const char *path;
	value_get_fn *get;
} quick[] = {
	{ "type", get_type },	{ "guest", get_guest },
	{ "comm", get_comm },	{ "vm_name", get_vm_name },
	{ "vm", get_vm },	{ "cause", get_cause },
	{ "ret", get_ret },	{ "latency_ns", get_latency },
	{ "usize", get_usize }, { "outcome", get_outcome },
};

/* Which rest on what else the VM did, or on how many VMs there were. */
static const char *const told_by_others[] = {
	"vm",	 "queried", "query_cause", "not_seen", "host_modes", "host_modes_source",
	"story", "outcome", "after_ns",	   "accepted", "ask_cause",  "messages",
	"hint",	 "seq",	    "events",	   "totals",
};

static bool rests_on_others(const char *path)
{
	size_t len = strcspn(path, ".");

	for (size_t i = 0; i < sizeof(told_by_others) / sizeof(told_by_others[0]); i++)
		if (strlen(told_by_others[i]) == len && !memcmp(told_by_others[i], path, len))
			return true;
	return false;
}

/* Whose null says that it could not be seen; of other fields, that there is none. */
static bool null_is_unseen(const char *path)
{
	static const char *const paths[] = {
		"usize",      "flags",		"size_out",	    "ksize",
		"host_modes", "backend.called", "evidence.has_hook"
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!strcmp(paths[i], path))
			return true;
	return false;
}

struct value_path value_path_of(const char *path)
{
	struct value_path p = { .path = path,
				.soft = rests_on_others(path),
				.null_is_unseen = null_is_unseen(path) };

	for (size_t i = 0; i < sizeof(quick) / sizeof(quick[0]); i++)
		if (!strcmp(quick[i].path, path))
			p.get = quick[i].get;
	return p;
}

/* ------------------------------------------------------------------ the stream's object */

static yyjson_mut_val *step(yyjson_mut_val *v, const char *key, size_t len)
{
	if (yyjson_mut_is_obj(v))
		return yyjson_mut_obj_getn(v, key, len);
	if (yyjson_mut_is_arr(v) && key[strspn(key, "0123456789")] == key[len])
		return yyjson_mut_arr_get(v, strtoul(key, NULL, 10));
	return NULL;
}

static yyjson_mut_val *follow(yyjson_mut_val *v, const char *path)
{
	size_t len;

	while (v && *path) {
		len = strcspn(path, ".");
		v = step(v, path, len);
		path += len + (path[len] == '.');
	}
	return v;
}

static void read_value(yyjson_mut_val *json, struct value *v)
{
	if (!json)
		return;
	v->text = yyjson_mut_get_str(json);
	if (v->text) {
		v->kind = VALUE_TEXT;
	} else if (yyjson_mut_is_uint(json)) {
		set_number(v, true, yyjson_mut_get_uint(json));
	} else if (yyjson_mut_is_sint(json)) {
		set_number(v, true, yyjson_mut_get_sint(json));
	} else if (yyjson_mut_is_bool(json)) {
		v->kind = VALUE_BOOL;
		v->text = yyjson_mut_get_bool(json) ? "true" : "false";
	} else if (yyjson_mut_is_arr(json)) {
		v->kind = VALUE_LIST;
		v->list = json;
	} else {
		v->kind = yyjson_mut_is_obj(json) ? VALUE_OBJECT : VALUE_NULL;
	}
}

/* What could be known better, had nothing been lost. */
static void doubt(const struct event *e, const struct value_path *path, struct value *v)
{
	bool null = v->kind == VALUE_NULL;

	v->soft = path->soft;
	v->known = !(null && path->null_is_unseen) &&
		   (!path->soft || !v->text || strcmp(v->text, "not-seen"));
	/* The name comes with a VM's birth, or with the first of its calls. */
	if (!strcmp(path->path, "guest"))
		v->soft = null && (e->vm || (e->rec && e->rec->vm));
	/* An ask can be judged better where the VM's own query was seen. */
	if (e->type == EVENT_ARCH_COMPAT && !strcmp(path->path, "cause"))
		v->soft = e->arch.offer->source == MODES_UNKNOWN;
	if (e->type == EVENT_NEGOTIATION && !strcmp(path->path, "cause"))
		v->soft = e->negotiation.diag->cause == CAUSE_UNEXPECTED;
	/* What was asked for before it failed. */
	if (e->type == EVENT_RUN && (!strcmp(path->path, "pvr") || !strcmp(path->path, "mode")))
		v->soft = true;
}

void value_of(struct values *vs, const struct value_path *path, struct value *v)
{
	*v = (struct value){ 0 };
	if (path->get) {
		path->get(vs->event, v);
	} else {
		if (!vs->object)
			vs->object = encoder_object(vs->doc, vs->event);
		read_value(follow(vs->object, path->path), v);
	}
	if (v->kind == VALUE_TEXT && !strcmp(path->path, "ts")) {
		v->moment = true;
		v->number = vs->event->real_ns;
		v->began_ns = vs->began_ns;
	}
	doubt(vs->event, path, v);
}

/* ------------------------------------------------------------------ comparing */

int number_order(__int128 a, __int128 b)
{
	return (a > b) - (a < b);
}

bool op_holds(enum rule_op op, int order)
{
	switch (op) {
	case RULE_EQ:
		return !order;
	case RULE_NE:
		return order;
	case RULE_LT:
		return order < 0;
	case RULE_LE:
		return order <= 0;
	case RULE_GT:
		return order > 0;
	case RULE_GE:
		return order >= 0;
	default:
		return false;
	}
}

/* Text that is a number in hexadecimal, as commands, PVRs and bitmaps are. */
static bool hex_number(const char *text, __int128 *number)
{
	size_t digits = strlen(text);

	if (strncmp(text, "0x", 2) || digits < 3 || digits > 18 ||
	    text[2 + strspn(text + 2, "0123456789abcdef")])
		return false;
	*number = strtoull(text, NULL, 16);
	return true;
}

static bool word_equals(const struct rule_word *w, const struct value *v)
{
	__int128 number;

	switch (v->kind) {
	case VALUE_NULL:
		return w->null;
	case VALUE_NUMBER:
		return w->numeric && w->number == v->number;
	case VALUE_BOOL:
		return !w->quoted && !strcmp(w->text, v->text);
	case VALUE_TEXT:
		if (w->null)
			return false;
		return !strcmp(w->text, v->text) ||
		       (w->hex && hex_number(v->text, &number) && number == w->number);
	default:
		return false;
	}
}

static bool list_has(yyjson_mut_val *list, const struct rule_word *w)
{
	yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(list);
	yyjson_mut_val *item;

	while ((item = yyjson_mut_arr_iter_next(&iter))) {
		struct value v = { 0 };

		read_value(item, &v);
		if (word_equals(w, &v))
			return true;
	}
	return false;
}

static bool set_has(const struct rule_set *set, yyjson_mut_val *item)
{
	struct value v = { 0 };

	read_value(item, &v);
	for (size_t i = 0; i < set->n; i++)
		if (word_equals(&set->words[i], &v))
			return true;
	return false;
}

static bool is_none(const struct rule_set *set)
{
	return set->n == 1 && !set->words[0].quoted && !strcmp(set->words[0].text, "none");
}

static bool list_within(yyjson_mut_val *list, const struct rule_set *set)
{
	yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(list);
	yyjson_mut_val *item;

	while ((item = yyjson_mut_arr_iter_next(&iter)))
		if (!set_has(set, item))
			return false;
	return true;
}

static bool set_within(const struct rule_set *set, yyjson_mut_val *list)
{
	if (is_none(set))
		return true;
	for (size_t i = 0; i < set->n; i++)
		if (!list_has(list, &set->words[i]))
			return false;
	return true;
}

static bool compare_list(yyjson_mut_val *list, enum rule_op op, const struct rule_set *set)
{
	bool within = list_within(list, set), holds = set_within(set, list);

	switch (op) {
	case RULE_LE:
		return within;
	case RULE_GE:
		return holds;
	case RULE_LT:
		return within && !holds;
	case RULE_GT:
		return holds && !within;
	default:
		return within && holds;
	}
}

static bool equals_any(const struct value *value, const struct rule_value *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (value->kind == VALUE_LIST ?
			    compare_list(value->list, RULE_EQ, &v->sets[i]) :
			    v->sets[i].n == 1 && word_equals(&v->sets[i].words[0], value))
			return true;
	}
	return false;
}

/* The number that a word stands for. */
static __int128 number_of(const struct rule_word *w, const struct value *value)
{
	return value->moment && w->later ? parse_moment_after(&w->moment, value->began_ns) :
					   w->number;
}

static bool compare_order(const struct value *value, enum rule_op op, const struct rule_value *v)
{
	__int128 number = value->number;

	if (value->kind == VALUE_LIST)
		return compare_list(value->list, op, &v->sets[0]);
	if (value->kind == VALUE_TEXT ? !value->moment && !hex_number(value->text, &number) :
					value->kind != VALUE_NUMBER)
		return false;
	return op_holds(op, number_order(number, number_of(&v->sets[0].words[0], value)));
}

/* What is too long to be matched may be like it or not. */
static enum tri like(const struct value *value, const struct rule_value *v)
{
	static const enum tri results[] = {
		[PATTERN_NO] = TRI_NO, [PATTERN_YES] = TRI_YES, [PATTERN_UNKNOWN] = TRI_MAYBE
	};

	return value->kind == VALUE_TEXT ? results[pattern_match(v->pattern, value->text)] : TRI_NO;
}

enum tri value_compare(const struct value *value, enum rule_op op, const struct rule_value *v)
{
	bool equal = op <= RULE_NE && equals_any(value, v);

	/* To ask for null, or for not-seen, is one thing; for what was not seen another. */
	if (!value->known && !equal)
		return TRI_MAYBE;
	switch (op) {
	case RULE_EQ:
		return tri_of(equal);
	case RULE_NE:
		return tri_of(!equal);
	case RULE_LIKE:
		return like(value, v);
	default:
		return tri_of(compare_order(value, op, v));
	}
}
