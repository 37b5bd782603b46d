// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The session diagnoses anew, from the evidence; what a tracer said then is kept from it and
 * held against that.
 */
#include "diff/diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "lib/layout.h"
#include "lib/say.h"
#include "lib/text.h"

/* Calls whose verdict was one and is another: of a kind the first is kept. */
struct change {
	uint64_t n, seq;
	char *guest, *hint;
};

struct diff_verdicts {
	const char *path;
	struct recording rec;
	bool has_said;
	struct recorded_verdict said; /* of the call that is being diagnosed */
	struct change negotiations[CAUSE_MAX][CAUSE_MAX], asks[ARCH_MAX][ARCH_MAX];
	uint64_t n, n_changed;
	uint64_t n_unknown; /* of then there is no verdict that is known today */
	uint64_t n_hints;   /* the same verdict in other words */
	bool no_memory;
};

static void on_frame(struct frame *f, void *ctx)
{
	struct diff_verdicts *v = ctx;

	if (f->type != FRAME_CALL)
		return;
	v->has_said = f->call.said;
	if (v->has_said)
		v->said = *f->call.said;
	f->call.said = NULL;
}

static char *copy(struct diff_verdicts *v, const char *text)
{
	char *copied = text && *text ? strdup(text) : NULL;

	v->no_memory |= text && *text && !copied;
	return copied;
}

static void add(struct diff_verdicts *v, struct change *c, const struct event *e, const char *hint)
{
	v->n_changed++;
	if (c->n++)
		return;
	c->seq = e->seq;
	c->guest = copy(v, e->guest);
	c->hint = copy(v, hint);
}

static void compare(struct diff_verdicts *v, struct change *c, bool same, const struct event *e,
		    const char *hint)
{
	v->n++;
	if (!same)
		add(v, c, e, hint);
	else
		v->n_hints += strcmp(v->said.hint, hint) != 0;
}

static void on_event(const struct event *e, void *ctx)
{
	struct diff_verdicts *v = ctx;
	const struct diagnosis *d = e->negotiation.diag;
	const struct arch_diagnosis *a = e->arch.diag;

	if (e->type != EVENT_NEGOTIATION && e->type != EVENT_ARCH_COMPAT)
		return;
	if (!v->has_said)
		v->n_unknown++;
	else if (e->type == EVENT_NEGOTIATION)
		compare(v, &v->negotiations[v->said.cause][d->cause], v->said.cause == d->cause, e,
			d->hint);
	else
		compare(v, &v->asks[v->said.arch_cause][a->cause], v->said.arch_cause == a->cause,
			e, a->hint);
}

struct diff_verdicts *diff_verdicts_read(const char *path, bool progress)
{
	struct diff_verdicts *v = calloc(1, sizeof(*v));
	struct recording_reader reader = {
		.path = path,
		.recorded = true,
		.progress = progress,
		.event = on_event,
		.frame = on_frame,
		.ctx = v,
	};

	if (!v) {
		say("out of memory");
		return NULL;
	}
	v->path = path;
	if (recording_read(&reader, &v->rec) && !v->no_memory)
		return v;
	if (v->no_memory)
		say("out of memory");
	diff_verdicts_free(v);
	return NULL;
}

static void free_change(struct change *c)
{
	free(c->guest);
	free(c->hint);
}

void diff_verdicts_free(struct diff_verdicts *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < (size_t)CAUSE_MAX * CAUSE_MAX; i++)
		free_change(&v->negotiations[i / CAUSE_MAX][i % CAUSE_MAX]);
	for (size_t i = 0; i < (size_t)ARCH_MAX * ARCH_MAX; i++)
		free_change(&v->asks[i / ARCH_MAX][i % ARCH_MAX]);
	free(v);
}

/* What is missing at the end, or could not be read, may have been told otherwise too. */
enum diff_outcome diff_verdicts_outcome(const struct diff_verdicts *v)
{
	if (v->n_changed)
		return DIFF_CHANGED;
	return v->rec.cut_off || v->rec.n_bad || v->n_unknown ? DIFF_UNDECIDED : DIFF_SAME;
}

const struct recording *diff_verdicts_recording(const struct diff_verdicts *v)
{
	return &v->rec;
}

/* ------------------------------------------------------------------ telling */

struct verdict_kind_of {
	const char *what;
	const char *then, *now;
};

typedef void tell_fn(const struct change *c, const struct verdict_kind_of *k, void *ctx);

static void each_change(const struct diff_verdicts *v, tell_fn *fn, void *ctx)
{
	struct verdict_kind_of k = { .what = event_type_name(EVENT_NEGOTIATION) };

	for (int then = 0; then < CAUSE_MAX; then++)
		for (int now = 0; now < CAUSE_MAX; now++) {
			k.then = cause_name(then);
			k.now = cause_name(now);
			if (v->negotiations[then][now].n)
				fn(&v->negotiations[then][now], &k, ctx);
		}
	k.what = event_type_name(EVENT_ARCH_COMPAT);
	for (int then = 0; then < ARCH_MAX; then++)
		for (int now = 0; now < ARCH_MAX; now++) {
			k.then = arch_cause_name(then);
			k.now = arch_cause_name(now);
			if (v->asks[then][now].n)
				fn(&v->asks[then][now], &k, ctx);
		}
}

static void tell_text(const struct change *c, const struct verdict_kind_of *k, void *ctx)
{
	FILE *f = ctx;
	char first[DIFF_WHO_LEN];

	snprintf(first, sizeof(first), "%" PRIu64 " %s, first seq %" PRIu64 "%s%s%s", c->n,
		 c->n == 1 ? "call" : "calls", c->seq, c->guest ? " of guest \"" : "",
		 c->guest ? c->guest : "", c->guest ? "\"" : "");
	fprintf(f, "%s: %s -> %s\n", k->what, k->then, k->now);
	layout_line(f, "", 4, first);
	if (c->hint)
		layout_line(f, "", 4, c->hint);
}

void diff_verdicts_text(FILE *f, const struct diff_verdicts *v)
{
	each_change(v, tell_text, f);
	if (v->n_changed)
		fprintf(f, "\n%" PRIu64 " of %" PRIu64 " verdicts differ today.\n", v->n_changed,
			v->n);
	else if (v->n == 1)
		fputs("The 1 verdict is the same today.\n", f);
	else
		fprintf(f, "All %" PRIu64 " verdicts are the same today.\n", v->n);
	if (v->n_hints)
		fprintf(f, "The hint of %" PRIu64 " is worded differently.\n", v->n_hints);
	if (v->n_unknown)
		fprintf(f, "Of %" PRIu64 " %s no verdict is recorded that is known today.\n",
			v->n_unknown, v->n_unknown == 1 ? "call" : "calls");
}

struct json {
	yyjson_mut_doc *doc;
	yyjson_mut_val *list;
};

static void put_str(yyjson_mut_doc *doc, yyjson_mut_val *o, const char *key, const char *text)
{
	if (text)
		yyjson_mut_obj_add_strcpy(doc, o, key, text);
	else
		yyjson_mut_obj_add_null(doc, o, key);
}

static void tell_json(const struct change *c, const struct verdict_kind_of *k, void *ctx)
{
	struct json *j = ctx;
	yyjson_mut_val *o = yyjson_mut_arr_add_obj(j->doc, j->list);

	put_str(j->doc, o, "type", k->what);
	put_str(j->doc, o, "recorded", k->then);
	put_str(j->doc, o, "today", k->now);
	yyjson_mut_obj_add_uint(j->doc, o, "n", c->n);
	yyjson_mut_obj_add_uint(j->doc, o, "first_seq", c->seq);
	put_str(j->doc, o, "guest", c->guest);
	put_str(j->doc, o, "hint", c->hint);
}

bool diff_verdicts_json(FILE *f, const struct diff_verdicts *v)
{
	struct json j = { .doc = yyjson_mut_doc_new(NULL) };
	yyjson_mut_val *root = j.doc ? yyjson_mut_obj(j.doc) : NULL;
	char safe[1024], *line;
	size_t len;

	if (!root)
		return false;
	yyjson_mut_doc_set_root(j.doc, root);
	put_str(j.doc, root, "type", "verdicts");
	yyjson_mut_obj_add_uint(j.doc, root, "schema", DIFF_SCHEMA);
	put_str(j.doc, root, "version", COMPATCAPS_VERSION);
	put_str(j.doc, root, "outcome", diff_outcome_name(diff_verdicts_outcome(v)));
	put_str(j.doc, root, "path", text_escape(safe, sizeof(safe), v->path, SIZE_MAX));
	yyjson_mut_obj_add_uint(j.doc, root, "compared", v->n);
	yyjson_mut_obj_add_uint(j.doc, root, "changed", v->n_changed);
	yyjson_mut_obj_add_uint(j.doc, root, "other_words", v->n_hints);
	yyjson_mut_obj_add_uint(j.doc, root, "unknown", v->n_unknown);
	yyjson_mut_obj_add_bool(j.doc, root, "cut_off", v->rec.cut_off);
	j.list = yyjson_mut_obj_add_arr(j.doc, root, "changes");
	each_change(v, tell_json, &j);
	line = yyjson_mut_write(j.doc, YYJSON_WRITE_NEWLINE_AT_END, &len);
	if (line)
		fwrite(line, 1, len, f);
	free(line);
	yyjson_mut_doc_free(j.doc);
	return line;
}
