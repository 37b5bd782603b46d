// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One object: docs/check.schema.json. */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "check/results.h"
#include "lib/say.h"
#include "lib/text.h"

#define SCHEMA 1

struct json {
	yyjson_mut_doc *doc;
	bool failed;
};

typedef yyjson_mut_val val;

static void put_text(struct json *j, val *o, const char *key, const char *text)
{
	j->failed |= text ? !yyjson_mut_obj_add_strcpy(j->doc, o, key, text) :
			    !yyjson_mut_obj_add_null(j->doc, o, key);
}

/* A path may have any bytes. */
static void put_path(struct json *j, val *o, const char *key, const char *path)
{
	char safe[4096];

	put_text(j, o, key, path ? text_escape(safe, sizeof(safe), path, sizeof(safe)) : NULL);
}

static void put_number(struct json *j, val *o, const char *key, uint64_t value, bool known)
{
	j->failed |= known ? !yyjson_mut_obj_add_uint(j->doc, o, key, value) :
			     !yyjson_mut_obj_add_null(j->doc, o, key);
}

static void put_counts(struct json *j, val *o, const size_t n[RULE_VERDICTS])
{
	for (int i = 0; i < RULE_VERDICTS; i++)
		put_number(j, o, rule_verdict_name(i), n[i], true);
}

static val *put_list(struct json *j, val *o, const char *key)
{
	val *list = yyjson_mut_obj_add_arr(j->doc, o, key);

	j->failed |= !list;
	return list;
}

static val *put_entry(struct json *j, val *list)
{
	val *o = yyjson_mut_arr_add_obj(j->doc, list);

	j->failed |= !o;
	return o;
}

static void put_event(struct json *j, val *list, const struct rule_event *e)
{
	char ts[RFC3339_LEN];
	val *o = put_entry(j, list);

	put_number(j, o, "seq", e->seq, true);
	put_text(j, o, "ts", rfc3339(ts, e->real_ns));
	put_text(j, o, "type", event_type_name(e->type));
	put_number(j, o, "vm", e->vm, e->vm);
	put_text(j, o, "guest", e->guest);
	put_text(j, o, "cause", e->cause);
	put_text(j, o, "what", e->what);
}

static void put_result(struct json *j, val *list, const struct rule *rule,
		       const struct rule_result *r)
{
	val *o = put_entry(j, list), *events;

	put_text(j, o, "rule", rule->text);
	put_path(j, o, "file", rule->file);
	put_number(j, o, "line", rule->line, rule->file);
	put_text(j, o, "verdict", rule_verdict_name(r->verdict));
	put_text(j, o, "found", r->found);
	put_text(j, o, "why", r->why);
	put_number(j, o, "n_events", r->n_events, true);
	events = put_list(j, o, "events");
	for (size_t i = 0; i < r->n_shown; i++)
		put_event(j, events, &r->events[i]);
}

static void put_recording(struct json *j, val *list, const struct results *r,
			  const struct recording_results *of)
{
	val *o = put_entry(j, list), *results;

	put_path(j, o, "path", of->path);
	j->failed |= !yyjson_mut_obj_add_bool(j->doc, o, "readable", !of->unreadable);
	put_counts(j, o, of->n);
	results = put_list(j, o, "results");
	for (size_t i = 0; i < r->rules->n; i++)
		put_result(j, results, &r->rules->list[i], &of->results[i]);
}

bool results_json(const struct results *r, const struct results_options *o, FILE *f)
{
	struct json j = { .doc = yyjson_mut_doc_new(NULL) };
	val *root = j.doc ? yyjson_mut_obj(j.doc) : NULL, *list;
	char *text = NULL;

	(void)o;
	if (root) {
		yyjson_mut_doc_set_root(j.doc, root);
		put_text(&j, root, "type", "check");
		put_number(&j, root, "schema", SCHEMA, true);
		put_text(&j, root, "version", COMPATCAPS_VERSION);
		put_counts(&j, root, r->n);
		list = put_list(&j, root, "recordings");
		for (size_t i = 0; i < r->n_list; i++)
			put_recording(&j, list, r, &r->list[i]);
		if (!j.failed)
			text = yyjson_mut_write(j.doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
	}
	if (text)
		fprintf(f, "%s\n", text);
	else
		say("out of memory");
	yyjson_mut_doc_free(j.doc);
	free(text);
	return text;
}
