// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Results as one JSON object, which docs/check.schema.json describes. Each recording has all
 * rules, in their order. Within a schema number keys are only added.
 */
#include <stdlib.h>
#include <string.h>

#include "check/results.h"
#include "lib/json.h"
#include "lib/say.h"
#include "lib/text.h"

#define SCHEMA 1

typedef yyjson_mut_val val;

/* A path may have any bytes. */
static void put_path(struct json *j, val *o, const char *key, const char *path)
{
	char safe[4096];

	json_put_text(j, o, key, path ? text_escape(safe, sizeof(safe), path, sizeof(safe)) : NULL);
}

static void put_counts(struct json *j, val *o, const size_t n[RULE_VERDICTS])
{
	for (int i = 0; i < RULE_VERDICTS; i++)
		json_put_number(j, o, rule_verdict_name(i), n[i]);
}

static void put_event(struct json *j, val *list, const struct rule_event *e)
{
	char ts[RFC3339_LEN];
	val *o = json_add_object(j, list);

	json_put_number(j, o, "seq", e->seq);
	json_put_text(j, o, "ts", rfc3339(ts, e->real_ns));
	json_put_text(j, o, "type", event_type_name(e->type));
	json_put_known(j, o, "vm", e->vm, e->vm);
	json_put_text(j, o, "guest", e->guest);
	json_put_text(j, o, "cause", e->cause);
	json_put_text(j, o, "what", e->what);
}

static void put_result(struct json *j, val *list, const struct rule *rule,
		       const struct rule_result *r)
{
	val *o = json_add_object(j, list), *events;

	json_put_text(j, o, "rule", rule->text);
	put_path(j, o, "file", rule->file);
	json_put_known(j, o, "line", rule->file, rule->line);
	json_put_text(j, o, "verdict", rule_verdict_name(r->verdict));
	json_put_text(j, o, "found", r->found);
	json_put_text(j, o, "why", r->why);
	json_put_number(j, o, "n_events", r->n_events);
	events = json_put_list(j, o, "events");
	for (size_t i = 0; i < r->n_shown; i++)
		put_event(j, events, &r->events[i]);
}

static void put_recording(struct json *j, val *list, const struct results *r,
			  const struct recording_results *of)
{
	val *o = json_add_object(j, list), *results;

	put_path(j, o, "path", of->path);
	json_put_bool(j, o, "readable", !of->unreadable);
	put_counts(j, o, of->n);
	results = json_put_list(j, o, "results");
	for (size_t i = 0; i < r->rules->n; i++)
		put_result(j, results, &r->rules->list[i], &of->results[i]);
}

bool results_json(const struct results *r, const struct results_options *o, FILE *f)
{
	struct json j;
	val *root = json_begin(&j), *list;

	(void)o;
	json_put_text(&j, root, "type", "check");
	json_put_number(&j, root, "schema", SCHEMA);
	json_put_text(&j, root, "version", COMPATCAPS_VERSION);
	put_counts(&j, root, r->n);
	list = json_put_list(&j, root, "recordings");
	for (size_t i = 0; i < r->n_list; i++)
		put_recording(&j, list, r, &r->list[i]);
	if (json_end(&j, YYJSON_WRITE_PRETTY_TWO_SPACES, f))
		return true;
	say("out of memory");
	return false;
}
