// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A trace for Perfetto's viewer: a host is a process, a VM a track of it, a call a slice. Packets
 * are written as events come, so that nothing of it is kept but what makes slices nest.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "recording/encode.h"
#include "perfetto.pb-c.h"
#include "lib/say.h"

#define NOTES_MAX    64 /* annotations of an event */
#define NOTE_NAME    48
#define NOTE_TEXTS   8192 /* bytes of their texts, of nearly all events */
#define TRACKS	     VM_TABLE_MAX
#define STATE_IS_NEW 1	  /* TracePacket.SequenceFlags: nothing that came before is referred to */
#define FLUSH_EVERY  1024 /* events */

/* Until when the newest call on a VM's track lasts. */
struct track {
	unsigned int vm;
	uint64_t end_ns;
};

struct notes {
	Perfetto__DebugAnnotation list[NOTES_MAX];
	Perfetto__DebugAnnotation *pointers[NOTES_MAX];
	char names[NOTES_MAX][NOTE_NAME];
	char *large[NOTES_MAX]; /* texts that did not fit */
	char texts[NOTE_TEXTS];
	size_t n, used;
};

struct perfetto {
	const struct report *r;
	struct encoder *doc;
	struct notes notes;
	uint8_t *packed;
	size_t room;
	Perfetto__Clock clock;
	bool failed; /* out of memory */
	bool unread; /* there is no point in going on */
	/* Of the recording that is being read. */
	size_t number;
	unsigned int top_vm;
	uint64_t n_events;
	struct track tracks[TRACKS];
};

/* ------------------------------------------------------------------ packets */

static bool make_room(struct perfetto *p, size_t size)
{
	uint8_t *larger;

	if (size <= p->room)
		return true;
	larger = realloc(p->packed, size);
	if (!larger) {
		p->failed = true;
		return false;
	}
	p->packed = larger;
	p->room = size;
	return true;
}

/* A trace of one packet: traces that follow each other are one. */
static void write_packet(struct perfetto *p, Perfetto__TracePacket *packet)
{
	Perfetto__Trace trace = PERFETTO__TRACE__INIT;
	size_t size;

	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = (uint32_t)p->number;
	trace.n_packet = 1;
	trace.packet = &packet;
	size = perfetto__trace__get_packed_size(&trace);
	if (!make_room(p, size))
		return;
	perfetto__trace__pack(&trace, p->packed);
	fwrite(p->packed, 1, size, p->r->f);
}

/* A number that no other track or flow of the trace has (SplitMix64's last step). */
static uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b * 0xbf58476d1ce4e5b9u + c * 0x94d049bb133111ebu;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	x ^= x >> 31;
	return x ? x : 1;
}

static uint64_t track_of(const struct perfetto *p, unsigned int vm, uint32_t tid)
{
	return mix(p->number, vm, tid);
}

static void write_track(struct perfetto *p, Perfetto__TrackDescriptor *track)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	packet.track_descriptor = track;
	write_packet(p, &packet);
}

static void describe(struct perfetto *p, uint64_t uuid, uint64_t parent, const char *name)
{
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;

	track.has_uuid = true;
	track.uuid = uuid;
	track.has_parent_uuid = true;
	track.parent_uuid = parent;
	track.name = (char *)name;
	write_track(p, &track);
}

/* ------------------------------------------------------------------ the host */

static void write_clocks(struct perfetto *p, const struct event *e)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;
	Perfetto__ClockSnapshot snapshot = PERFETTO__CLOCK_SNAPSHOT__INIT;
	Perfetto__ClockSnapshot__Reading readings[2] = {
		PERFETTO__CLOCK_SNAPSHOT__READING__INIT,
		PERFETTO__CLOCK_SNAPSHOT__READING__INIT,
	};
	Perfetto__ClockSnapshot__Reading *pointers[2] = { &readings[0], &readings[1] };

	readings[0].has_clock_id = readings[0].has_timestamp = true;
	readings[0].clock_id = PERFETTO__CLOCK__CLOCK_REALTIME_NS;
	readings[0].timestamp = e->real_ns;
	readings[1].has_clock_id = readings[1].has_timestamp = true;
	readings[1].clock_id = PERFETTO__CLOCK__CLOCK_MONOTONIC_NS;
	readings[1].timestamp = e->mono_ns;
	/* Monotonic clocks of several hosts have nothing to do with each other. */
	snapshot.n_clocks = p->clock == PERFETTO__CLOCK__CLOCK_REALTIME_NS ? 1 : 2;
	snapshot.clocks = pointers;
	snapshot.has_primary_trace_clock = true;
	snapshot.primary_trace_clock = p->clock;
	packet.clock_snapshot = &snapshot;
	packet.has_sequence_flags = true;
	packet.sequence_flags = STATE_IS_NEW;
	write_packet(p, &packet);
}

static void write_host(struct perfetto *p, const struct event *e)
{
	Perfetto__TrackDescriptor track = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ProcessDescriptor process = PERFETTO__PROCESS_DESCRIPTOR__INIT;
	const char *name = e->frame->trace.id.name;
	char *labels[1] = { (char *)e->frame->trace.id.release };

	/* A host has no pid; Perfetto wants one that is its own. */
	process.has_pid = true;
	process.pid = (int32_t)p->number;
	process.process_name = (char *)(name && *name ? name : "host");
	process.n_process_labels = labels[0] && *labels[0];
	process.process_labels = labels;
	track.has_uuid = true;
	track.uuid = track_of(p, 0, 0);
	track.process = &process;
	write_track(p, &track);
}

static void describe_vm(struct perfetto *p, const struct event *e)
{
	char name[512];

	if (e->vm <= p->top_vm)
		return;
	p->top_vm = e->vm;
	snprintf(name, sizeof(name), "VM %u%s%s", e->vm, e->guest && *e->guest ? " " : "",
		 e->guest ? e->guest : "");
	describe(p, track_of(p, e->vm, 0), track_of(p, 0, 0), name);
}

/* ------------------------------------------------------------------ annotations */

/* Quick: it is done for each field of each event. */
static void name_note(char name[NOTE_NAME], const char *prefix, const char *key)
{
	size_t before = strlen(prefix), len = strlen(key);

	if (before + 1 + len >= NOTE_NAME)
		len = before = 0;
	memcpy(name, prefix, before);
	if (before)
		name[before++] = '.';
	memcpy(name + before, key, len);
	name[before + len] = '\0';
}

static Perfetto__DebugAnnotation *new_note(struct notes *n, const char *prefix, const char *name)
{
	Perfetto__DebugAnnotation *note = &n->list[n->n];

	if (n->n == NOTES_MAX)
		return NULL;
	perfetto__debug_annotation__init(note);
	name_note(n->names[n->n], prefix, name);
	note->name = n->names[n->n];
	n->pointers[n->n++] = note;
	return note;
}

/* With a NUL, which not all texts of the stream have. NULL: no memory. */
static char *keep_text(struct notes *n, size_t note, const char *text, size_t len)
{
	char *kept = n->texts + n->used;

	if (len >= NOTE_TEXTS - n->used)
		return n->large[note] = strndup(text, len);
	n->used += len + 1;
	memcpy(kept, text, len);
	kept[len] = '\0';
	return kept;
}

static void note_text(struct notes *n, Perfetto__DebugAnnotation *note, yyjson_mut_val *v)
{
	char *text = keep_text(n, (size_t)(note - n->list), yyjson_mut_get_str(v),
			       yyjson_mut_get_len(v));

	if (!text)
		return;
	note->value_case = PERFETTO__DEBUG_ANNOTATION__VALUE_STRING_VALUE;
	note->string_value = text;
}

static void clear_notes(struct notes *n)
{
	for (size_t i = 0; i < n->n; i++) {
		free(n->large[i]);
		n->large[i] = NULL;
	}
	n->n = 0;
	n->used = 0;
}

static void note_scalar(struct notes *n, const char *prefix, const char *name, yyjson_mut_val *v)
{
	Perfetto__DebugAnnotation *note = yyjson_mut_is_null(v) ? NULL : new_note(n, prefix, name);

	if (!note)
		return;
	if (yyjson_mut_is_str(v)) {
		note_text(n, note, v);
	} else if (yyjson_mut_is_uint(v)) {
		note->value_case = PERFETTO__DEBUG_ANNOTATION__VALUE_UINT_VALUE;
		note->uint_value = yyjson_mut_get_uint(v);
	} else if (yyjson_mut_is_sint(v)) {
		note->value_case = PERFETTO__DEBUG_ANNOTATION__VALUE_INT_VALUE;
		note->int_value = yyjson_mut_get_sint(v);
	} else if (yyjson_mut_is_bool(v)) {
		note->value_case = PERFETTO__DEBUG_ANNOTATION__VALUE_BOOL_VALUE;
		note->bool_value = yyjson_mut_get_bool(v);
	}
}

static void note_list(struct notes *n, const char *name, yyjson_mut_val *list)
{
	yyjson_mut_val *v;
	size_t i, max;

	yyjson_mut_arr_foreach(list, i, max, v)
	{
		if (yyjson_mut_is_str(v))
			note_scalar(n, "", name, v);
	}
}

static bool is_told_otherwise(const char *key)
{
	return !strcmp(key, "type") || !strcmp(key, "mono_ns") || !strcmp(key, "evidence");
}

static void note_fields(struct notes *n, const char *prefix, yyjson_mut_val *object)
{
	yyjson_mut_val *key, *v;
	size_t i, max;

	yyjson_mut_obj_foreach(object, i, max, key, v)
	{
		const char *name = yyjson_mut_get_str(key);

		if (is_told_otherwise(name))
			continue;
		if (yyjson_mut_is_obj(v) && !*prefix)
			note_fields(n, name, v);
		else if (yyjson_mut_is_arr(v))
			note_list(n, name, v);
		else if (!yyjson_mut_is_ctn(v))
			note_scalar(n, prefix, name, v);
	}
}

/* All that the stream has of it, by the same names. */
static void annotate(struct perfetto *p, const struct event *e, Perfetto__TrackEvent *event)
{
	yyjson_mut_val *object = encoder_object(p->doc, e);

	clear_notes(&p->notes);
	if (object)
		note_fields(&p->notes, "", object);
	else
		p->failed = true;
	event->debug_annotations = p->notes.pointers;
	event->n_debug_annotations = p->notes.n;
}

/* ------------------------------------------------------------------ events */

static void write_event(struct perfetto *p, Perfetto__TrackEvent *event, uint64_t ns)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	packet.has_timestamp = packet.has_timestamp_clock_id = true;
	packet.timestamp = ns;
	packet.timestamp_clock_id = p->clock;
	event->has_type = event->has_track_uuid = true;
	packet.track_event = event;
	write_packet(p, &packet);
}

static uint64_t time_of(const struct perfetto *p, const struct event *e)
{
	return p->clock == PERFETTO__CLOCK__CLOCK_REALTIME_NS ? e->real_ns : e->mono_ns;
}

/* Of threads that call at once one has the VM's track, each other one its own below it. */
static uint64_t track_of_call(struct perfetto *p, const struct event *e, uint64_t start,
			      uint64_t end)
{
	struct track *track = &p->tracks[e->vm % TRACKS];
	char name[CC_COMM_LEN * 4 + 32];
	uint64_t uuid;

	if (track->vm != e->vm)
		*track = (struct track){ .vm = e->vm };
	if (e->vm && start >= track->end_ns) {
		track->end_ns = end;
		return track_of(p, e->vm, 0);
	}
	uuid = mix(track_of(p, e->vm, e->rec->tid), e->pid, 1);
	snprintf(name, sizeof(name), "%s[%" PRIu32 "]", e->thread && *e->thread ? e->thread : "?",
		 e->rec->tid);
	describe(p, uuid, track_of(p, e->vm, 0), name);
	return uuid;
}

static void event_name(char *name, size_t len, const struct event *e)
{
	char result[EVENT_RESULT_LEN], what[EVENT_WHAT_LEN];

	snprintf(name, len, "%s %s%s%s", event_word(e->type), event_result(result, e),
		 *event_what(what, e) ? " " : "", what);
}

/* From a call that was told to retry an arrow may lead to its retry: both know when it began. */
static uint64_t flow_of(const struct perfetto *p, unsigned int vm, uint64_t start_ns)
{
	return mix(mix(p->number, vm, 2), start_ns, 3);
}

static void write_call(struct perfetto *p, const struct event *e)
{
	Perfetto__TrackEvent begin = PERFETTO__TRACK_EVENT__INIT, end = begin;
	uint64_t start = time_of(p, e), stop = start + e->rec->latency_ns;
	uint64_t flow = flow_of(p, e->vm, e->mono_ns);
	char name[EVENT_WHAT_LEN + 64], *categories[1] = { (char *)event_type_name(e->type) };

	event_name(name, sizeof(name), e);
	if (stop < start)
		stop = start;
	begin.track_uuid = end.track_uuid = track_of_call(p, e, start, stop);
	begin.type = PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN;
	begin.name = name;
	begin.n_categories = 1;
	begin.categories = categories;
	if (e->type == EVENT_NEGOTIATION && e->negotiation.diag->cause == CAUSE_STRUCT_TOO_NEW) {
		begin.n_flow_ids = 1;
		begin.flow_ids = &flow;
	}
	annotate(p, e, &begin);
	write_event(p, &begin, start);
	end.type = PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_END;
	write_event(p, &end, stop);
}

static void write_instant(struct perfetto *p, const struct event *e)
{
	Perfetto__TrackEvent instant = PERFETTO__TRACK_EVENT__INIT;
	char name[EVENT_WHAT_LEN + 64], *categories[1] = { (char *)event_type_name(e->type) };
	uint64_t flow;

	event_name(name, sizeof(name), e);
	instant.type = PERFETTO__TRACK_EVENT__TYPE__TYPE_INSTANT;
	instant.track_uuid = track_of(p, e->vm, 0);
	instant.name = name;
	instant.n_categories = 1;
	instant.categories = categories;
	if (e->type == EVENT_RETRY) {
		flow = flow_of(p, e->vm, e->mono_ns - e->retry->after_ns);
		instant.n_terminating_flow_ids = 1;
		instant.terminating_flow_ids = &flow;
	}
	annotate(p, e, &instant);
	write_event(p, &instant, time_of(p, e));
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
		write_clocks(p, e);
		write_host(p, e);
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
		p->doc = encoder_new(false);
	if (!p || !p->doc) {
		say("out of memory");
		free(p);
		return NULL;
	}
	p->r = r;
	p->clock = r->n > 1 ? PERFETTO__CLOCK__CLOCK_REALTIME_NS :
			      PERFETTO__CLOCK__CLOCK_MONOTONIC_NS;
	return p;
}

static bool recording(void *state, const struct report_input *in, struct recording *rec)
{
	struct perfetto *p = state;
	const struct recording_reader reader = {
		.path = in->name,
		.recorded = in->recorded,
		.progress = true,
		.event = on_event,
		.done = done,
		.ctx = p,
	};

	p->number = in->number;
	p->top_vm = 0;
	memset(p->tracks, 0, sizeof(p->tracks));
	recording_read_file(in->f, &reader, rec);
	return !p->failed;
}

static bool end(void *state)
{
	struct perfetto *p = state;
	bool ok = !p->failed;

	if (!ok)
		say("out of memory");
	clear_notes(&p->notes);
	encoder_free(p->doc);
	free(p->packed);
	free(p);
	return ok;
}

const struct report_format report_perfetto = {
	.name = "perfetto",
	.what = "a trace for Perfetto's viewer (ui.perfetto.dev)",
	.binary = true,
	.shield = SHIELD_NONE,
	.begin = begin,
	.recording = recording,
	.end = end,
};
