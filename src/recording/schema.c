// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes arrays of rows from the sections of schema.def. The list of all fields is made when it is
 * first asked for, by walking from each event into the objects below it. So rules, documentation
 * and the stream cannot disagree.
 */
#include "recording/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spelling.h"

#define DEPTH_MAX 8

struct row {
	const char *key; /* NULL: the rows of `section` stand here */
	const char *kind;
	bool nullable, added;
	const struct words *words;
	const struct row *section;
	const char *doc;
};

/* Whether a RULE lets the value be null, and whether the key may be missing. */
#define NULL_NEVER	    false, false
#define NULL_NONZERO(x)	    true, false
#define NULL_SEEN(bit)	    true, false
#define NULL_FACT(is)	    true, false
#define NULL_IF(x)	    true, false
#define NULL_UNLESS(x, v)   true, false
#define NULL_NEW_WORD	    true, true
#define NULL_VCPU(word)	    true, true
#define NULL_UNKNOWN_WORD   true, false
#define NULL_NEW	    false, true
#define NULL_NEW_SEEN(b)    true, true
#define NULL_NEW_NONZERO(x) true, true

#define SECTION(name, type, var, doc) \
	static const char doc_##name[] __attribute__((unused)) = doc; \
	static const struct row rows_##name[] = {
#define OUT(key, KIND, cond, expr, doc) { #key, #KIND, MAY_BE_NULL(#cond), false, NULL, NULL, doc },

#define ROW(key, KIND, place, RULE, doc)	{ #key, #KIND, NULL_##RULE, NULL, NULL, doc },
#define BOTH(key, KIND, expr, place, RULE, doc) { #key, #KIND, NULL_##RULE, NULL, NULL, doc },
#define FLAG(key, bit, doc)			{ #key, "BOOL", false, false, NULL, NULL, doc },
#define WORD(key, words, place, RULE, doc)	{ #key, "WORD", NULL_##RULE, &words_##words, NULL, doc },
#define WORD_OUT(key, words, cond, expr, doc) \
	{ #key, "WORD", MAY_BE_NULL(#cond), false, &words_##words, NULL, doc },
#define FACT_ROW(key, of, place, doc) { #key, "WORD", false, false, &words_fact, NULL, doc },
#define OBJECT(key, section, pointer, RULE, doc) \
	{ #key, "OBJECT", NULL_##RULE, NULL, rows_##section, doc },
#define OUT_OBJECT(key, section, cond, pointer, doc) \
	{ #key, "OBJECT", MAY_BE_NULL(#cond), false, NULL, rows_##section, doc },
#define WORDS(key, words, n, doc)	  { #key, "WORDS", false, false, NULL, NULL, doc },
#define LIST(key, section, put, get, doc) { #key, "LIST", false, false, NULL, rows_##section, doc },
#define OUT_LIST(key, section, items, n, doc) \
	{ #key, "LIST", false, false, NULL, rows_##section, doc },
#define NUMBERS(key, put, get, doc) { #key, "NUMBERS", true, false, NULL, NULL, doc },
#define TEXTS(key, put, doc)	    { #key, "TEXTS", false, false, NULL, NULL, doc },
#define SAME(section, pointer)	    { NULL, NULL, false, false, NULL, rows_##section, NULL },
#define SAME_OUT(section, pointer)  SAME(section, pointer)
/* clang-format off */
#define END { .key = NULL, .section = NULL } };
/* clang-format on */

/* "true" as it is written, or anything else. */
#define MAY_BE_NULL(cond) (sizeof(cond) != sizeof("true"))

#include "recording/schema.def"

static const struct {
	const struct row *rows;
	const char *doc;
} events[] = {
	[EVENT_TRACE] = { rows_trace, doc_trace },
	[EVENT_HOST] = { rows_host, doc_host },
	[EVENT_ATTACH] = { rows_attach, doc_attach },
	[EVENT_FOUND] = { rows_found, doc_found },
	[EVENT_VM] = { rows_vm, doc_vm },
	[EVENT_NEGOTIATION] = { rows_negotiation, doc_negotiation },
	[EVENT_EXTENSION] = { rows_extension_check, doc_extension_check },
	[EVENT_ARCH_COMPAT] = { rows_arch_compat, doc_arch_compat },
	[EVENT_RETRY] = { rows_retry, doc_retry },
	[EVENT_RUN] = { rows_run, doc_run },
	[EVENT_RAN] = { rows_ran, doc_ran },
	[EVENT_KERNEL] = { rows_kernel, doc_kernel },
	[EVENT_LOST] = { rows_lost, doc_lost },
	[EVENT_STORY] = { rows_story, doc_story },
	[EVENT_END] = { rows_end, doc_end },
	[EVENT_TYPES] = { rows_common, doc_common },
};

struct table {
	struct field *list;
	size_t n, room;
	bool failed;
};

static unsigned int kinds_of(const char *kind)
{
	static const struct {
		const char *kind;
		unsigned int kinds;
	} known[] = {
		{ "BOOL", FIELD_BOOL },	 { "YESNO", FIELD_BOOL }, { "U32", FIELD_NUMBER },
		{ "U64", FIELD_NUMBER }, { "S32", FIELD_NUMBER }, { "S64", FIELD_NUMBER },
		{ "HEX32", FIELD_HEX },	 { "HEX64", FIELD_HEX },  { "MODES", FIELD_LIST },
		{ "WORDS", FIELD_LIST }, { "LIST", FIELD_LIST },  { "NUMBERS", FIELD_LIST },
		{ "TEXTS", FIELD_LIST }, { "SET", FIELD_LIST },	  { "OBJECT", FIELD_OBJECT },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].kind, kind))
			return known[i].kinds;
	return FIELD_TEXT;
}

/* Kinds of text that may be empty, which stands as null. */
static bool is_nullable(const struct row *r)
{
	static const char *const kinds[] = { "TEXT", "OWN", "ESCAPED", "YESNO" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(r->kind, kinds[i]))
			return true;
	for (unsigned int i = 0; r->words && i < r->words->n; i++)
		if (!r->words->name(i))
			return true;
	return r->nullable;
}

static void add(struct table *t, const char *path, enum event_type type, const struct row *r)
{
	struct field *more;

	if (!t->list || t->n == t->room) {
		more = reallocarray(t->list, 2 * t->room + 64, sizeof(*more));
		if (!more) {
			t->failed = true;
			return;
		}
		t->list = more;
		t->room = 2 * t->room + 64;
	}
	t->list[t->n] = (struct field){
		.type = type,
		.kinds = kinds_of(r->kind),
		.kind = r->kind,
		.nullable = is_nullable(r),
		.added = r->added,
		.words = r->words,
		.doc = r->doc,
	};
	snprintf(t->list[t->n++].path, FIELD_PATH_MAX, "%s", path);
}

static void walk(struct table *t, const struct row *r, const char *prefix, enum event_type type,
		 unsigned int depth)
{
	char path[FIELD_PATH_MAX];

	for (; r->key || r->section; r++) {
		if (!r->key) {
			walk(t, r->section, prefix, type, depth + 1);
			continue;
		}
		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", r->key);
		add(t, path, type, r);
		if (!r->section || depth == DEPTH_MAX)
			continue;
		if (!strcmp(r->kind, "LIST"))
			strncat(path, "[]", sizeof(path) - strlen(path) - 1);
		walk(t, r->section, path, type, depth + 1);
	}
}

static int by_path(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c ? c : (int)x->type - (int)y->type;
}

static void fill(struct table *t)
{
	static const struct row type = {
		"type",
		"WORD",
		false,
		false,
		NULL,
		NULL,
		"What the line reports; trace is the first one, end the last."
	};

	for (int e = 0; e < EVENT_TYPES; e++) {
		add(t, "type", e, &type);
		walk(t, rows_common, "", e, 0);
		if (e == EVENT_TRACE)
			walk(t, rows_first, "", e, 0);
		walk(t, events[e].rows, "", e, 0);
	}
	if (t->n)
		qsort(t->list, t->n, sizeof(*t->list), by_path);
}

const char *schema_event_doc(enum event_type type)
{
	return type <= EVENT_TYPES ? events[type].doc : NULL;
}

const struct field *fields(size_t *n)
{
	static struct table table;

	if (!table.list) {
		fill(&table);
		if (table.failed) {
			free(table.list);
			table = (struct table){ 0 };
		}
	}
	*n = table.n;
	return table.list;
}

unsigned int field_types(const char *path, unsigned int *kinds)
{
	unsigned int types = 0;
	const struct field *list;
	size_t n;

	*kinds = 0;
	list = fields(&n);
	for (size_t i = 0; list && i < n; i++)
		if (!strcmp(list[i].path, path)) {
			types |= 1u << list[i].type;
			*kinds |= list[i].kinds;
		}
	return types;
}

const char *field_like(const char *path, unsigned int types)
{
	struct spelling like = spelling_of(path);
	const struct field *list;
	size_t n;

	list = fields(&n);
	for (size_t i = 0; list && i < n; i++)
		if (types & 1u << list[i].type)
			spelling_try(&like, list[i].path);
	return like.found;
}
