// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A trace for Perfetto's viewer, in the JSON form that Chrome introduced and trace_processor
 * reads. A host is a process there, a VM a thread, and a call a slice. Events are written as they
 * come, and only what makes slices nest is kept.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recording/encode.h"
#include "lib/json.h"
#include "lib/say.h"

#define TRACKS	    VM_TABLE_MAX
#define FLUSH_EVERY 1024	/* events */
#define EXACT_MAX   (1ll << 53) /* a reader that takes numbers for doubles loses what is above */
/* A VM's track is a thread whose number no thread of Linux has (PID_MAX_LIMIT). */
#define VM_TID (1u << 22)

typedef yyjson_mut_val val;

/* Until when the newest call on a VM's track lasts. */
struct track {
	unsigned int vm;
	uint64_t end_ns;
};

struct perfetto {
	const struct report *r;
	struct encoder *encoder;
	struct json json; /* the event that is being made */
	bool wall;	  /* times are the wall clock's, in whole microseconds */
	bool begun;	  /* an event was written: a comma comes before the next one */
	bool failed;	  /* out of memory */
	bool unread;	  /* there is no point in going on */
	/* Of the recording that is being read. */
	size_t number;
	struct vms_seen seen; /* their tracks have names */
	uint64_t n_events;
	struct track tracks[TRACKS];
};

/* ------------------------------------------------------------------ an event of the trace */

/*
 * In microseconds. The monotonic clock has its nanoseconds behind the point. The wall clock has
 * none: a double, which readers make of it, has no room for them, and rounded up or down calls
 * that follow each other would overlap.
 */
static void put_time(struct perfetto *p, val *o, const char *key, uint64_t ns)
{
	char text[32];

	if (p->wall) {
		json_put_number(&p->json, o, key, ns / 1000);
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64 ".%03u", ns / 1000, (unsigned int)(ns % 1000));
	p->json.failed |= !yyjson_mut_obj_add(o, yyjson_mut_str(p->json.doc, key),
					      yyjson_mut_rawcpy(p->json.doc, text));
}

static val *begin_event(struct perfetto *p, const char *phase, uint64_t tid)
{
	val *o = json_begin(&p->json);

	json_put_text(&p->json, o, "ph", phase);
	json_put_number(&p->json, o, "pid", p->number);
	json_put_number(&p->json, o, "tid", tid);
	return o;
}

static void end_event(struct perfetto *p)
{
	if (p->begun)
		fputc(',', p->r->f);
	p->begun = true;
	p->failed |= !json_end(&p->json, 0, p->r->f);
}

/* what: "process_name" or "thread_name" */
static void describe(struct perfetto *p, const char *what, uint64_t tid, const char *name)
{
	val *o = begin_event(p, "M", tid);

	json_put_text(&p->json, o, "name", what);
	json_put_text(&p->json, json_put_object(&p->json, o, "args"), "name", name);
	end_event(p);
}

/* A host has no pid; Perfetto wants one that is its own. */
static void describe_host(struct perfetto *p, const struct event *e)
{
	const char *name = e->frame->trace.id.name;

	describe(p, "process_name", p->number, name && *name ? name : "host");
}

static void describe_vm(struct perfetto *p, const struct event *e)
{
	char name[512];

	if (!e->vm || !vms_seen_first(&p->seen, e->vm))
		return;
	snprintf(name, sizeof(name), "VM %u%s%s", e->vm, e->guest && *e->guest ? " " : "",
		 e->guest ? e->guest : "");
	describe(p, "thread_name", (uint64_t)VM_TID + e->vm, name);
}

/* ------------------------------------------------------------------ arguments */

static bool is_told_otherwise(const char *key)
{
	return !strcmp(key, "type") || !strcmp(key, "mono_ns") || !strcmp(key, "evidence");
}

static bool is_exact(int64_t number)
{
	return number >= -EXACT_MAX && number <= EXACT_MAX;
}

/* Numbers that not every reader keeps become text. */
static void fit_number(struct perfetto *p, val *v)
{
	char text[24];

	if (yyjson_mut_is_uint(v) && yyjson_mut_get_uint(v) > (uint64_t)EXACT_MAX)
		snprintf(text, sizeof(text), "%" PRIu64, yyjson_mut_get_uint(v));
	else if (yyjson_mut_is_sint(v) && !is_exact(yyjson_mut_get_sint(v)))
		snprintf(text, sizeof(text), "%" PRId64, yyjson_mut_get_sint(v));
	else
		return;
	p->json.failed |= !yyjson_mut_set_str(
		v, yyjson_mut_get_str(yyjson_mut_strcpy(p->json.doc, text)));
}

static void fit_values(struct perfetto *p, val *v)
{
	yyjson_mut_obj_iter fields = yyjson_mut_obj_iter_with(v);
	val *key, *item;
	size_t i, max;

	while ((key = yyjson_mut_obj_iter_next(&fields))) {
		item = yyjson_mut_obj_iter_get_val(key);
		if (yyjson_mut_is_null(item))
			yyjson_mut_obj_iter_remove(&fields);
		else
			fit_values(p, item);
	}
	yyjson_mut_arr_foreach(v, i, max, item) fit_values(p, item);
	fit_number(p, v);
}

/* All that the stream has of it, by the same names. */
static void put_args(struct perfetto *p, val *o, const struct event *e)
{
	val *args = encoder_object(p->encoder, e), *key;
	yyjson_mut_obj_iter fields = yyjson_mut_obj_iter_with(args);

	while ((key = yyjson_mut_obj_iter_next(&fields)))
		if (is_told_otherwise(yyjson_mut_get_str(key)))
			yyjson_mut_obj_iter_remove(&fields);
	fit_values(p, args);
	p->json.failed |= !yyjson_mut_obj_add_val(p->json.doc, o, "args", args);
}

/* ------------------------------------------------------------------ events */

static uint64_t time_of(const struct perfetto *p, const struct event *e)
{
	return p->wall ? e->real_ns : e->mono_ns;
}

static void event_name(char *name, size_t len, const struct event *e)
{
	char result[EVENT_RESULT_LEN], what[EVENT_WHAT_LEN];

	event_result(result, e);
	event_what(what, e);
	snprintf(name, len, "%s%s%s%s%s", event_word(e->type), *result ? " " : "", result,
		 *what ? " " : "", what);
}

/* Of threads that call at once one has the VM's track, each other one its own. */
static uint64_t track_of_call(struct perfetto *p, const struct event *e, uint64_t start,
			      uint64_t end)
{
	struct track *track = &p->tracks[e->vm % TRACKS];
	char name[CC_COMM_LEN * 4 + 32];

	if (track->vm != e->vm)
		*track = (struct track){ .vm = e->vm };
	if (e->vm && start >= track->end_ns) {
		track->end_ns = end;
		return (uint64_t)VM_TID + e->vm;
	}
	snprintf(name, sizeof(name), "%s[%" PRIu32 "]", e->thread && *e->thread ? e->thread : "?",
		 e->rec->tid);
	describe(p, "thread_name", e->rec->tid, name);
	return e->rec->tid;
}

/*
 * An arrow from a call that was told to retry to its retry: both know when the call began. It
 * leads from and to the event that was written last on this track.
 */
static void write_flow(struct perfetto *p, const struct event *e, const char *phase, uint64_t tid,
		       uint64_t start_ns)
{
	val *o = begin_event(p, phase, tid);
	char id[24], name[64];

	snprintf(id, sizeof(id), "0x%" PRIx64, start_ns);
	snprintf(name, sizeof(name), "retry, host %zu, VM %u", p->number, e->vm);
	json_put_text(&p->json, o, "name", name);
	json_put_text(&p->json, o, "cat", "retry");
	json_put_text(&p->json, o, "id", id);
	if (*phase == 'f')
		json_put_text(&p->json, o, "bp", "e");
	put_time(p, o, "ts", time_of(p, e));
	end_event(p);
}

static val *begin_named(struct perfetto *p, const struct event *e, const char *phase, uint64_t tid)
{
	val *o = begin_event(p, phase, tid);
	char name[EVENT_WHAT_LEN + 64];

	event_name(name, sizeof(name), e);
	json_put_text(&p->json, o, "name", name);
	json_put_text(&p->json, o, "cat", event_type_name(e->type));
	put_time(p, o, "ts", time_of(p, e));
	put_args(p, o, e);
	return o;
}

static void write_call(struct perfetto *p, const struct event *e)
{
	uint64_t start = time_of(p, e), end = start + e->rec->latency_ns, tid;
	val *o;

	if (end < start)
		end = start;
	tid = track_of_call(p, e, start, end);
	o = begin_named(p, e, "X", tid);
	/* As the times are written, so that it ends where what follows it begins. */
	put_time(p, o, "dur", p->wall ? (end / 1000 - start / 1000) * 1000 : end - start);
	end_event(p);
	if (e->type == EVENT_NEGOTIATION && e->negotiation.diag->cause == CAUSE_STRUCT_TOO_NEW)
		write_flow(p, e, "s", tid, e->mono_ns);
}

static void write_instant(struct perfetto *p, const struct event *e)
{
	uint64_t tid = e->vm ? (uint64_t)VM_TID + e->vm : p->number;
	val *o = begin_named(p, e, "i", tid);

	json_put_text(&p->json, o, "s", e->vm ? "t" : "p"); /* of a thread or of the process */
	end_event(p);
	if (e->type == EVENT_RETRY)
		write_flow(p, e, "f", tid, e->mono_ns - e->retry->after_ns);
}

static void on_event(const struct event *e, void *state)
{
	struct perfetto *p = state;

	if (p->failed)
		return;
	if (e->vm)
		describe_vm(p, e);
	switch (e->type) {
	case EVENT_TRACE:
		describe_host(p, e);
		write_instant(p, e);
		break;
	case EVENT_NEGOTIATION:
	case EVENT_EXTENSION:
	case EVENT_ARCH_COMPAT:
	case EVENT_RUN:
		write_call(p, e);
		break;
	default:
		write_instant(p, e);
		break;
	}
	if (++p->n_events % FLUSH_EVERY == 0)
		p->unread |= !output_flush(p->r->out);
}

static bool done(const void *state)
{
	const struct perfetto *p = state;

	return p->failed || p->unread;
}

/* ------------------------------------------------------------------ the form */

static void *begin(const struct report *r)
{
	struct perfetto *p = calloc(1, sizeof(*p));

	if (p)
		p->encoder = encoder_new(false);
	if (!p || !p->encoder) {
		say("out of memory");
		free(p);
		return NULL;
	}
	p->r = r;
	/* Monotonic clocks of several hosts have nothing to do with each other. */
	p->wall = r->n > 1;
	fprintf(r->f, "{\"metadata\":{\"clock\":\"%s\"},\"traceEvents\":[\n",
		p->wall ? "CLOCK_REALTIME" : "CLOCK_MONOTONIC");
	return p;
}

static bool recording(void *state, const struct report_input *in, struct recording *rec)
{
	struct perfetto *p = state;
	const struct recording_reader reader = {
		.path = in->name,
		.recorded = in->recorded,
		.progress = true,
		.filter = in->filter,
		.event = on_event,
		.done = done,
		.ctx = p,
	};

	p->number = in->number;
	bits_free(&p->seen.bits);
	p->seen = (struct vms_seen){ 0 };
	memset(p->tracks, 0, sizeof(p->tracks));
	recording_read_file(in->f, &reader, rec);
	return !p->failed;
}

static bool end(void *state)
{
	struct perfetto *p = state;
	bool ok = !p->failed;

	if (ok)
		fputs("]}\n", p->r->f);
	else
		say("out of memory");
	encoder_free(p->encoder);
	bits_free(&p->seen.bits);
	free(p);
	return ok;
}

const struct report_format report_perfetto = {
	.name = "perfetto",
	.what = "a trace for Perfetto's viewer (ui.perfetto.dev)",
	.shield = SHIELD_JSON,
	.begin = begin,
	.recording = recording,
	.end = end,
};
