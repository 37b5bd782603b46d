// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Shows the events of a session by the chosen output, and counts them. It holds back what is not
 * asked for, ends after the number of events that was asked for, and flushes so that a reader sees
 * events soon. Live traces and replays both use it.
 */
#include "cmd/tell.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/run_output.h"
#include "io/notify.h"
#include "metrics/metrics_file.h"
#include "output/emit.h"
#include "output/journal.h"
#include "lib/say.h"

struct teller {
	const struct options *opt;
	const struct emitter *emitter;
	void *state;
	FILE *f; /* of one of these two: */
	struct output *out;
	struct journal *journal;      /* where --format=journal writes to a socket */
	struct metrics_file *metrics; /* of --metrics; NULL: none */
	uint64_t n_calls;	      /* that were shown */
	bool call_shown;	      /* the newest: a retry is shown with it or not at all */
	bool in_batches;	      /* nobody waits for the next event */
	uint64_t redraw_at;	      /* when the output must be drawn again; 0: never */
	uint64_t settle_at; /* when it is to write what it holds back; 0: it holds nothing */
	bool failed;
};

struct format teller_format(size_t i)
{
	struct format none = { 0 };

	if (!emitters[i])
		return none;
	return (struct format){ emitters[i]->name, emitters[i]->what, emitters[i]->shield };
}

/* There is one: JSON. */
struct format teller_stream(size_t i)
{
	struct format none = { 0 };

	if (i)
		return none;
	return (struct format){ emit_json.name, emit_json.what, emit_json.shield };
}

static bool filters_outcomes(const struct options *o)
{
	return o->errors_only || o->err;
}

static bool open_journal(struct teller *t, const char *path)
{
	t->journal = journal_open(path);
	if (t->journal)
		t->f = journal_file(t->journal);
	else
		say("cannot write to the journal at %s: out of memory, or its path is too long",
		    path);
	return t->journal;
}

static bool open_output(struct teller *t, int wake, struct emit_options *emit)
{
	const struct options *o = t->opt;
	const char *path = o->output ? o->output : t->emitter->where;

	/* Standard output is the command's, as under strace(1). What a program reads stays there.
	 */
	if (o->command && !path && t->emitter == &emit_text)
		path = "/dev/stderr";
	else if (o->command && !path)
		say_note("%s writes to the same standard output: use -o FILE to keep it apart",
			 o->command[0]);
	if (t->emitter == &emit_journal && path && journal_is_at(path))
		return open_journal(t, path);
	t->out = run_open_output(o, path, wake);
	if (!t->out)
		return false;
	t->f = output_file(t->out);
	emit->color = run_wants_color(o, t->out);
	emit->columns = output_columns(t->out);
	if (!t->emitter->redraw || (output_is_terminal(t->out) && !run_terminal_is_dumb()))
		return true;
	say("--format=%s needs a terminal that can be drawn on: use --format=text or json",
	    t->emitter->name);
	output_close(t->out, false);
	return false;
}

/* false: what was lost has been said. A reader who has gone is none. */
static bool close_output(struct teller *t, bool complete)
{
	uint64_t missed;

	if (t->out)
		return output_close(t->out, complete);
	missed = journal_close(t->journal);
	if (missed)
		say("%" PRIu64 " event%s could not be written to the journal", missed,
		    missed == 1 ? "" : "s");
	return !missed;
}

static void flush(struct teller *t)
{
	if (t->out)
		t->failed |= !output_flush(t->out);
	else
		fflush(t->f);
}

static bool begin_output(struct teller *t, int wake)
{
	struct emit_options emit = {
		.verbose = t->opt->verbose,
		.time = t->opt->time,
		/* Who reads it back must know that not all was written. */
		.filtered = filters_outcomes(t->opt),
	};

	if (!open_output(t, wake, &emit))
		return false;
	t->state = t->emitter->begin(t->f, &emit);
	if (t->state) {
		t->redraw_at = t->emitter->redraw ? 1 : 0;
		return true;
	}
	say("out of memory");
	close_output(t, false);
	return false;
}

static bool begin(struct teller *t, int wake)
{
	const struct options *o = t->opt;

	/* First, for it leaves nothing behind where it fails. */
	if (o->metrics && !(t->metrics = metrics_file_open(o->metrics, o->force)))
		return false;
	if (begin_output(t, wake))
		return true;
	metrics_file_close(t->metrics);
	return false;
}

struct teller *teller_new(const struct options *o, int wake)
{
	struct teller *t = calloc(1, sizeof(*t));

	if (!t) {
		say("out of memory");
		return NULL;
	}
	t->opt = o;
	t->emitter = o->verb->format == teller_stream ? &emit_json : emitters[o->format];
	if (begin(t, wake))
		return t;
	free(t);
	return NULL;
}

static bool is_call(const struct event *e)
{
	return e->type == EVENT_NEGOTIATION || e->type == EVENT_ARCH_COMPAT ||
	       e->type == EVENT_EXTENSION;
}

static bool call_wanted(const struct options *o, const struct event *e)
{
	if (o->err)
		return e->rec->ret == -(int)o->err;
	return !o->errors_only || event_is_failure(e);
}

/* Stories of filtered calls have been shown nevertheless: a filter hides rows only. */
static bool is_wanted(struct teller *t, const struct event *e)
{
	if (is_call(e)) {
		t->call_shown = call_wanted(t->opt, e);
		return t->call_shown;
	}
	if (e->type == EVENT_RETRY)
		return t->call_shown;
	if (e->type == EVENT_RUN)
		return !t->opt->err || e->rec->ret == -(int)t->opt->err;
	/* After a line of KVM's it says that the line is of no KVM_RUN that fails later. */
	if (e->type == EVENT_RAN)
		return !filters_outcomes(t->opt) || e->run->after_line;
	if (e->type == EVENT_VM || e->type == EVENT_FOUND || e->type == EVENT_STORY)
		return !filters_outcomes(t->opt);
	return true;
}

static void show(struct teller *t, const struct event *e)
{
	struct frame frame;
	struct event with;

	t->emitter->event(t->state, event_with_name(e, &with, &frame));
	event_name_told(e);
	if (t->emitter->settle && !t->settle_at)
		t->settle_at = 1;
	if (!t->in_batches)
		flush(t);
}

void teller_in_batches(struct teller *t)
{
	/* A person sees what is said of a line beside it. */
	t->in_batches = t->out && !output_is_terminal(t->out);
}

void teller_event(const struct event *e, void *teller)
{
	struct teller *t = teller;

	if (t->failed || (is_call(e) && teller_is_done(t)))
		return;
	metrics_file_event(t->metrics, e);
	if (!is_wanted(t, e))
		return;
	t->n_calls += is_call(e);
	show(t, e);
}

bool teller_is_done(const struct teller *t)
{
	return t->failed || (t->opt->count && t->n_calls >= t->opt->count);
}

static void paragraph(const char *text, void *teller)
{
	struct teller *t = teller;

	if (t->emitter->paragraph)
		t->emitter->paragraph(t->state, text);
	else
		fprintf(stderr, "%s\n", text);
}

/* Returns what stands before the next one. */
static const char *count(FILE *f, const char *before, uint64_t n, const char *one, const char *many)
{
	fprintf(f, "%s%" PRIu64 " %s", before, n, n == 1 ? one : many);
	return ", ";
}

static void count_failed(FILE *f, uint64_t failed)
{
	if (failed)
		fprintf(f, " (%" PRIu64 " failed)", failed);
}

static void count_shown(FILE *f, const struct totals *n)
{
	const char *comma = count(f, "", n->negotiations_ok + n->negotiations_failed, "query",
				  "queries");

	count_failed(f, n->negotiations_failed);
	if (n->asks_ok + n->asks_failed) {
		count(f, comma, n->asks_ok + n->asks_failed, "ask", "asks");
		count_failed(f, n->asks_failed);
	}
	if (n->checks)
		count(f, comma, n->checks, "check", "checks");
	if (n->runs)
		count(f, comma, n->runs, "failed run", "failed runs");
}

/* What the kernel counted of them. Of others nobody knows what they were. */
static void count_lost(FILE *f, const struct totals *n)
{
	const char *before = " (";

	fprintf(f, "; %" PRIu64 " lost", n->lost);
	if (n->lost_queries)
		before = count(f, before, n->lost_queries, "query", "queries");
	if (n->lost_asks)
		before = count(f, before, n->lost_asks, "ask", "asks");
	if (n->lost_checks)
		before = count(f, before, n->lost_checks, "check", "checks");
	if (n->lost_runs)
		before = count(f, before, n->lost_runs, "failed run", "failed runs");
	fputs(*before == ',' ? ")" : "", f);
}

/* The same numbers as the table, the stories and a report have. */
static void say_totals(const struct totals *n, const char *left_out)
{
	char text[512 + VIEW_TEXT_LEN];
	FILE *f = fmemopen(text, sizeof(text), "w");

	if (!f)
		return;
	count_shown(f, n);
	count_lost(f, n);
	if (*left_out)
		fprintf(f, "; only what matches %s", left_out);
	fclose(f);
	say_note("%s", text);
}

void teller_summarize(struct teller *t, const struct session *s)
{
	if (t->opt->summary && !t->failed) {
		session_tell(s, paragraph, t);
		flush(t);
	}
	say_totals(session_totals(s), t->opt->view.text);
}

uint64_t teller_due(const struct teller *t)
{
	uint64_t due = metrics_file_due(t->metrics);

	if (t->redraw_at && (!due || t->redraw_at < due))
		due = t->redraw_at;
	return t->settle_at && (!due || t->settle_at < due) ? t->settle_at : due;
}

void teller_on_time(struct teller *t, uint64_t now_ns)
{
	notify_alive(now_ns);
	if (t->metrics && now_ns >= metrics_file_due(t->metrics))
		metrics_file_write(t->metrics, now_ns);
	if (t->settle_at && now_ns >= t->settle_at) {
		t->settle_at = t->emitter->settle(t->state, now_ns);
		flush(t);
	}
	if (!t->redraw_at || now_ns < t->redraw_at)
		return;
	t->redraw_at = t->emitter->redraw(t->state, now_ns, output_columns(t->out),
					  output_lines(t->out));
	flush(t);
}

void teller_end_soon(struct teller *t)
{
	if (t->out)
		output_end_soon(t->out);
}

bool teller_is_unread(const struct teller *t)
{
	return t->out && output_unread(t->out);
}

bool teller_close(struct teller *t)
{
	bool ok;

	t->emitter->end(t->state);
	ok = close_output(t, true);
	ok &= metrics_file_close(t->metrics);
	free(t);
	return ok;
}
