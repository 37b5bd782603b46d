// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Shows a comparison as text or as one JSON object. In text the worst comes first, and equal
 * reasons are given once. Long lists are cut in text and complete in JSON.
 */
#include "diff/diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/layout.h"
#include "lib/text.h"

#define RESULTS_SHOWN 200 /* of a kind; more than that nobody reads */
#define PATH_LEN      1024

static const char *const sides[2] = { "OLD", "NEW" };

/* ------------------------------------------------------------------ text */

static void put_path(FILE *f, const char *side, const char *path)
{
	char safe[TEXT_PATH_LEN];

	fprintf(f, "%s  %s\n", side, text_path(safe, sizeof(safe), path));
}

static void put_plural(struct layout *w, uint64_t n, const char *one, const char *more)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRIu64 " %s", n, n == 1 ? one : more);
	layout_text(w, text);
}

static void put_view(struct layout *w, const char *view)
{
	layout_text(w, "of what matches");
	layout_text(w, view);
}

static void put_input(FILE *f, const char *side, const struct diff_input *in)
{
	const struct profile *p = in->profile;
	struct layout w;

	put_path(f, side, in->path);
	w = layout_begin(f, "", 5);
	if (p->baseline) {
		layout_text(&w, "a baseline");
	} else {
		put_plural(&w, p->n_events, "event,", "events,");
		put_plural(&w, p->n_vms, "VM,", "VMs,");
		if (p->lost)
			put_plural(&w, p->lost, "event lost", "events lost");
		else
			layout_text(&w, "nothing lost");
		if (p->cut_off)
			layout_text(&w, "(cut off)");
		if (p->view)
			put_view(&w, p->view);
	}
	fputc('\n', f);
}

static void put_heading(FILE *f, const char *heading, const char *color)
{
	if (color)
		fprintf(f, "\n\033[1;%sm%s\033[0m\n", color, heading);
	else
		fprintf(f, "\n%s\n", heading);
}

static void put_change(FILE *f, const char *title, const char *old, const char *new)
{
	size_t len = strlen(title) + strlen(old) + strlen(new) + 8;

	if (len <= TEXT_COLUMNS) {
		fprintf(f, "  %s: %s -> %s\n", title, old, new);
		return;
	}
	fprintf(f, "  %s:\n", title);
	layout_line(f, "- ", 4, old);
	layout_line(f, "+ ", 4, new);
}

static void put_facts(FILE *f, const struct diff *d, bool color)
{
	if (!d->n_facts)
		return;
	put_heading(f, "The hosts differ", color ? "39" : NULL);
	for (size_t i = 0; i < d->n_facts; i++)
		put_change(f, d->facts[i].title, d->facts[i].old ? d->facts[i].old : "not known",
			   d->facts[i].new ? d->facts[i].new : "not known");
}

static void put_word(FILE *f, const char *mark, const struct diff_word *word)
{
	char n[32];
	struct layout w = layout_begin(f, mark, 4);

	layout_text(&w, *word->text ? word->text : "(nothing)");
	snprintf(n, sizeof(n), "(%" PRIu64 ")", word->n);
	if (word->n)
		layout_text(&w, n);
	fputc('\n', f);
}

static void put_alone(FILE *f, const char *mark, const struct diff_value *v, bool doubtful)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->words[i].alone && v->words[i].doubtful == doubtful)
			put_word(f, mark, &v->words[i]);
}

static const char *value_text(const struct diff_value *v)
{
	return v->n ? v->words[0].text : "none";
}

static void put_result(FILE *f, const struct diff_result *r)
{
	char who[DIFF_WHO_LEN], title[DIFF_WHO_LEN + 64];
	bool undecided = r->outcome == DIFF_UNDECIDED;

	diff_who(who, r);
	snprintf(title, sizeof(title), "%s%s%s", who, *who ? ": " : "", r->title);
	if (r->shape == SHAPE_VALUE) {
		put_change(f, title, value_text(&r->old), value_text(&r->new));
	} else if (r->shape == SHAPE_SET && r->old.n == 1 && r->new.n == 1 && !undecided &&
		   !r->old.words[0].n) {
		put_change(f, title, value_text(&r->old), value_text(&r->new));
	} else {
		fprintf(f, "  %s\n", title);
		put_alone(f, "- ", &r->old, undecided);
		put_alone(f, "+ ", &r->new, undecided);
	}
}

/* The reason of the n results that it stands under. */
static void put_why(FILE *f, const struct diff_result *r, size_t n)
{
	char these[32] = "";

	if (!r || !r->why)
		return;
	if (n > 1)
		snprintf(these, sizeof(these), "these %zu: ", n);
	layout_line(f, these, 4, r->why);
}

static bool same_why(const struct diff_result *a, const struct diff_result *b)
{
	return a->why && b->why && !strcmp(a->why, b->why);
}

static bool in_section(const struct diff_result *r, int section)
{
	if (section == TRENDS)
		return r->outcome == DIFF_UNDECIDED;
	return r->outcome == DIFF_CHANGED && (int)r->trend == section;
}

static void put_section(FILE *f, const struct diff *d, int section, const char *heading,
			const char *color)
{
	const struct diff_result *last = NULL;
	size_t n = 0, alike = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct diff_result *r = &d->results[i];

		if (!in_section(r, section) || n++ >= RESULTS_SHOWN)
			continue;
		if (!last)
			put_heading(f, heading, color);
		if (last && !same_why(last, r)) {
			put_why(f, last, alike);
			alike = 0;
		}
		put_result(f, r);
		last = r;
		alike++;
	}
	put_why(f, last, alike);
	if (n > RESULTS_SHOWN)
		fprintf(f, "  and %zu more: --json has them all\n", n - RESULTS_SHOWN);
}

static void put_notes(FILE *f, const struct diff *d)
{
	if (!d->n_notes)
		return;
	put_heading(f, "Not compared", NULL);
	for (size_t i = 0; i < d->n_notes; i++)
		layout_line(f, "", 2, d->notes[i]);
}

static void put_sum(FILE *f, const struct diff *d)
{
	struct diff_count c = diff_count(d);
	size_t changed = c.changed[TREND_WORSE] + c.changed[TREND_OTHER] + c.changed[TREND_BETTER];
	char text[256];
	struct layout w;

	fputc('\n', f);
	w = layout_begin(f, "", 0);
	if (changed)
		snprintf(text, sizeof(text), "%zu of %zu differ: %zu worse, %zu better, %zu other",
			 changed, d->n, c.changed[TREND_WORSE], c.changed[TREND_BETTER],
			 c.changed[TREND_OTHER]);
	else
		snprintf(text, sizeof(text), "No difference in %zu", d->n - c.undecided);
	layout_text(&w, text);
	if (c.undecided)
		snprintf(text, sizeof(text), "; %zu could not be decided.", c.undecided);
	else
		snprintf(text, sizeof(text), ".");
	/* No space before it. */
	w.blank = false;
	layout_text(&w, text);
	fputc('\n', f);
}

void diff_show_text(FILE *f, const struct diff *d, const struct diff_input in[2], bool color)
{
	for (int i = 0; i < 2; i++)
		put_input(f, sides[i], &in[i]);
	put_facts(f, d, color);
	put_section(f, d, TREND_WORSE, "Worse", color ? "31" : NULL);
	put_section(f, d, TREND_OTHER, "Changed", color ? "33" : NULL);
	put_section(f, d, TREND_BETTER, "Better", color ? "32" : NULL);
	put_section(f, d, TRENDS, "Not decided", color ? "35" : NULL);
	put_notes(f, d);
	put_sum(f, d);
}

/* ------------------------------------------------------------------ JSON */

typedef yyjson_mut_val val;

static void json_input(struct json *j, val *root, const char *key, const struct diff_input *in)
{
	const struct profile *p = in->profile;
	val *o = json_put_object(j, root, key);
	char safe[PATH_LEN];
	bool recording = !p->baseline;

	json_put_text(j, o, "path", text_escape(safe, sizeof(safe), in->path, SIZE_MAX));
	json_put_text(j, o, "kind", recording ? "recording" : "baseline");
	json_put_known(j, o, "events", recording, p->n_events);
	json_put_known(j, o, "vms", recording, p->n_vms);
	json_put_known(j, o, "lost", recording, p->lost);
	json_put_bool(j, o, "cut_off", p->cut_off);
	json_put_text(j, o, "only", p->view);
}

static void json_facts(struct json *j, val *root, const struct diff *d)
{
	val *list = json_put_list(j, root, "hosts");

	for (size_t i = 0; i < d->n_facts; i++) {
		val *o = json_add_object(j, list);

		json_put_text(j, o, "name", d->facts[i].name);
		json_put_text(j, o, "old", d->facts[i].old);
		json_put_text(j, o, "new", d->facts[i].new);
	}
}

static void json_words(struct json *j, val *o, const char *key, const struct diff_value *v,
		       bool alone)
{
	val *list = json_put_list(j, o, key);

	for (size_t i = 0; i < v->n; i++)
		if (!alone || v->words[i].alone)
			json_add_text(j, list, v->words[i].text);
}

static void json_counts(struct json *j, val *o, const char *key, const struct diff_value *v)
{
	bool counted = v->n && v->words[0].n;
	val *list;

	if (!counted) {
		json_put_null(j, o, key);
		return;
	}
	list = json_put_list(j, o, key);
	for (size_t i = 0; i < v->n; i++)
		json_add_number(j, list, v->words[i].n);
}

static void json_statistics(struct json *j, val *o, const struct diff_result *r)
{
	const struct comparison *c = &r->statistics;
	val *s;

	if (!c->enough) {
		json_put_null(j, o, "statistics");
		return;
	}
	s = json_put_object(j, o, "statistics");
	json_put_text(j, s, "test", "mann-whitney");
	json_put_real(j, s, "u", c->u);
	json_put_real(j, s, "p", c->p);
	json_put_real(j, s, "new_larger", c->larger);
	json_put_real(j, s, "old_median_ns", c->median_old);
	json_put_real(j, s, "new_median_ns", c->median_new);
	json_put_real(j, s, "resolution", 1.0 / HISTOGRAM_STEPS);
}

static const char *scope_of(const struct diff_result *r)
{
	if (!r->who)
		return "all";
	return r->who->guest ? "guest" : "unnamed";
}

static void json_result(struct json *j, val *list, const struct diff_result *r)
{
	val *o = json_add_object(j, list);

	json_put_text(j, o, "name", r->name);
	json_put_text(j, o, "scope", scope_of(r));
	json_put_text(j, o, "guest", r->who ? r->who->guest : NULL);
	json_put_known(j, o, "nth", r->nth, r->nth);
	json_put_text(j, o, "outcome", diff_outcome_name(r->outcome));
	json_put_text(j, o, "trend", r->outcome == DIFF_CHANGED ? diff_trend_name(r->trend) : NULL);
	json_words(j, o, "old", &r->old, false);
	json_words(j, o, "new", &r->new, false);
	json_counts(j, o, "old_n", &r->old);
	json_counts(j, o, "new_n", &r->new);
	json_words(j, o, "only_old", &r->old, true);
	json_words(j, o, "only_new", &r->new, true);
	json_put_text(j, o, "why", r->why);
	json_statistics(j, o, r);
}

static void json_sum(struct json *j, val *root, const struct diff *d)
{
	struct diff_count c = diff_count(d);
	val *o = json_put_object(j, root, "counts");

	json_put_number(j, o, "same", c.same);
	for (int i = 0; i < TRENDS; i++)
		json_put_number(j, o, diff_trend_name(i), c.changed[i]);
	json_put_number(j, o, "undecided", c.undecided);
}

bool diff_show_json(FILE *f, const struct diff *d, const struct diff_input in[2])
{
	struct json made, *j = &made;
	val *root = json_begin(j), *list;

	json_put_text(j, root, "type", "diff");
	json_put_number(j, root, "schema", DIFF_SCHEMA);
	json_put_text(j, root, "version", COMPATCAPS_VERSION);
	json_put_text(j, root, "outcome", diff_outcome_name(diff_outcome(d)));
	json_input(j, root, "old", &in[0]);
	json_input(j, root, "new", &in[1]);
	json_sum(j, root, d);
	json_facts(j, root, d);
	list = json_put_list(j, root, "results");
	for (size_t i = 0; i < d->n; i++)
		json_result(j, list, &d->results[i]);
	list = json_put_list(j, root, "not_compared");
	for (size_t i = 0; i < d->n_notes; i++)
		json_add_text(j, list, d->notes[i]);
	return json_end(j, 0, f);
}
