// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An event as an entry of systemd's journal, in its native protocol. The fields are the keys of
 * the stream (emit_json.c), so each has one name everywhere. The last field is the stream's line
 * itself, so the journal contains a recording.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "output/emit.h"
#include "recording/encode.h"
#include "diagnosis/event.h"
#include "output/journal.h"

#define PREFIX	  "COMPATCAPS_"
#define NAME_MAX_ 64 /* of a field: the journal drops longer ones */
/* An entry is a datagram: a line that would not fit is left to those that read the stream. */
#define LINE_BYTES (96u << 10)

/* Stable: journalctl --catalog and rules of others know them. docs/fleet.md lists them. */
static const char *const ids[EVENT_TYPES] = {
	[EVENT_TRACE] = "fd4e57b2dd554728a6f9725c4edefccf",
	[EVENT_HOST] = "18428161b2024aefa5fafd1000e9e7a8",
	[EVENT_ATTACH] = "0e76927d097a4481939fba0ebde4bcec",
	[EVENT_FOUND] = "6229dbe07c7543558a4a4403df349809",
	[EVENT_VM] = "4cc828bcf38647d8863edc25147c0ea2",
	[EVENT_NEGOTIATION] = "e7b5b3343fd44fdf9de413d4e3b4b0ea",
	[EVENT_EXTENSION] = "c0c13ff068904dbcb82f185f6262cd38",
	[EVENT_ARCH_COMPAT] = "5455bcbfe25249b1a8b6a474d67ec274",
	[EVENT_RETRY] = "0c1dcc41293e488787d7e74c40796c76",
	[EVENT_RUN] = "a246379e8b3441dd89f35f00bb7b772b",
	[EVENT_RAN] = "35c35038525f45949d8acfcb9d9ee799",
	[EVENT_KERNEL] = "e3d9c93fe45a4c9086027cb9779deda1",
	[EVENT_LOST] = "5b936b68e5994402b5bb8cbcdb37512d",
	[EVENT_STORY] = "9186d5ba2606458f90745acce47b189e",
	[EVENT_END] = "ff0847dc411f4ff8a98988cc37719611",
};

struct journal_output {
	FILE *f;
	struct encoder *doc;
};

/* syslog(3)'s. */
enum priority { WARNING = 4, NOTICE = 5, INFO = 6 };

static enum priority priority_of(const struct event *e)
{
	switch (event_kind(e)) {
	case VERDICT_FAILURE:
		return WARNING;
	case VERDICT_NOTE:
		return e->type == EVENT_LOST ? WARNING : NOTICE;
	default:
		return INFO;
	}
}

/* ------------------------------------------------------------------ the sentence */

/* A recording can hold anything, and a new line would begin another field. */
static void put_text(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(*text == '\n' ? ' ' : *text, f);
}

static const char *text_of(yyjson_mut_val *o, const char *key)
{
	return o ? yyjson_mut_get_str(yyjson_mut_obj_get(o, key)) : NULL;
}

static void put_who(FILE *f, const struct event *e)
{
	if (e->comm && *e->comm)
		fprintf(f, "%s[%" PRIu32 "]", e->comm, e->pid);
	if (e->guest && *e->guest)
		fprintf(f, " (%s)", e->guest);
}

static void put_call(FILE *f, const struct event *e, const char *hint)
{
	char result[EVENT_RESULT_LEN], what[EVENT_WHAT_LEN];

	put_who(f, e);
	fprintf(f, ": %s %s", event_word(e->type), event_result(result, e));
	if (*event_what(what, e))
		fprintf(f, ": %s", what);
	if (hint && *hint) {
		fputs(": ", f);
		put_text(f, hint);
	}
}

static void put_attach(FILE *f, const struct frame *frame)
{
	const char *func = attach_func(frame->attach.point);

	if (frame->attach.how != ATTACH_ABSENT)
		fprintf(f, "watching %s by %s", func, attach_how_name(frame->attach.how));
	else
		fprintf(f, "not watching %s", func);
	if (frame->attach.how == ATTACH_ABSENT && frame->attach.why) {
		fputs(": ", f);
		put_text(f, frame->attach.why);
	}
}

static void put_vm(FILE *f, const struct event *e, const char *story)
{
	bool ended = e->frame->vm.event == VM_ENDED;

	put_who(f, e);
	if (e->frame->vm.event == VM_FAILED) {
		fputs(": KVM could not make a VM", f);
		return;
	}
	fprintf(f, ": VM %u %s", e->vm, ended ? "has ended" : "was made");
	if (ended && story) {
		fputs(": ", f);
		put_text(f, story);
	}
}

static void put_sentence(FILE *f, const struct event *e, yyjson_mut_val *o)
{
	char what[EVENT_WHAT_LEN];

	switch (e->type) {
	case EVENT_TRACE:
		fputs("tracing has begun (version " COMPATCAPS_VERSION ")", f);
		break;
	case EVENT_HOST:
		fputs("facts of this host have changed", f);
		break;
	case EVENT_ATTACH:
		put_attach(f, e->frame);
		break;
	case EVENT_VM:
		put_vm(f, e, text_of(o, "story"));
		break;
	case EVENT_LOST:
		fputs(event_what(what, e), f);
		break;
	case EVENT_STORY:
		put_text(f, e->story->text);
		break;
	case EVENT_END:
		fprintf(f, "tracing has ended: %" PRIu64 " events, %" PRIu64 " lost",
			e->end.totals->events, e->end.totals->lost);
		break;
	default:
		put_call(f, e, text_of(o, "hint"));
		break;
	}
}

/* ------------------------------------------------------------------ the fields */

static void put_name(FILE *f, const char *key, size_t len)
{
	fputs(PREFIX, f);
	for (size_t i = 0; i < len; i++)
		fputc(key[i] >= 'a' && key[i] <= 'z' ? key[i] - 'a' + 'A' : key[i], f);
	fputc('=', f);
}

/* Of a list the strings, with a space between. */
static void put_list(FILE *f, yyjson_mut_val *list)
{
	yyjson_mut_val *v;
	size_t i, n;
	const char *space = "";

	yyjson_mut_arr_foreach(list, i, n, v)
	{
		if (!yyjson_mut_is_str(v))
			continue;
		fputs(space, f);
		put_text(f, yyjson_mut_get_str(v));
		space = " ";
	}
}

static void put_value(FILE *f, yyjson_mut_val *v)
{
	if (yyjson_mut_is_str(v))
		put_text(f, yyjson_mut_get_str(v));
	else if (yyjson_mut_is_bool(v))
		fputs(yyjson_mut_get_bool(v) ? "true" : "false", f);
	else if (yyjson_mut_is_sint(v) && !yyjson_mut_is_uint(v))
		fprintf(f, "%" PRId64, yyjson_mut_get_sint(v));
	else if (yyjson_mut_is_uint(v))
		fprintf(f, "%" PRIu64, yyjson_mut_get_uint(v));
	else
		put_list(f, v);
}

/* What was not seen has no field, and what has parts is in the line. */
static bool has_field(yyjson_mut_val *v)
{
	if (yyjson_mut_is_arr(v))
		return yyjson_mut_is_str(yyjson_mut_arr_get_first(v));
	return !yyjson_mut_is_null(v) && !yyjson_mut_is_obj(v);
}

static void put_fields(FILE *f, yyjson_mut_val *o)
{
	yyjson_mut_val *k, *v;
	size_t i, n;

	yyjson_mut_obj_foreach(o, i, n, k, v)
	{
		size_t len = yyjson_mut_get_len(k);

		if (!has_field(v) || len > NAME_MAX_ - strlen(PREFIX))
			continue;
		put_name(f, yyjson_mut_get_str(k), len);
		put_value(f, v);
		fputc('\n', f);
	}
}

static void put_line(FILE *f, yyjson_mut_val *o)
{
	size_t len = 0;
	char *line = o ? yyjson_mut_val_write(o, 0, &len) : NULL;

	if (line && len <= LINE_BYTES)
		fprintf(f, PREFIX "LINE=%s\n", line);
	free(line);
}

static void journal_event(void *state, const struct event *e)
{
	struct journal_output *j = state;
	yyjson_mut_val *o = encoder_object(j->doc, e);

	fputs("MESSAGE=", j->f);
	put_sentence(j->f, e, o);
	fprintf(j->f, "\nPRIORITY=%d\nMESSAGE_ID=%s\n" JOURNAL_IDENTIFIER, (int)priority_of(e),
		ids[e->type]);
	/* So that the journal adds the unit of the VMM, and finds it by that. */
	if (e->pid && e->comm && *e->comm)
		fprintf(j->f, "OBJECT_PID=%" PRIu32 "\n", e->pid);
	if (o)
		put_fields(j->f, o);
	put_line(j->f, o);
	/* The end of an entry, where several are in one file. */
	fputc('\n', j->f);
}

static void journal_end(void *state)
{
	struct journal_output *j = state;

	encoder_free(j->doc);
	free(j);
}

static void *journal_begin(FILE *f, const struct emit_options *opt)
{
	struct journal_output *j = malloc(sizeof(*j));

	(void)opt;
	if (!j)
		return NULL;
	j->f = f;
	j->doc = encoder_new(false);
	if (j->doc)
		return j;
	free(j);
	return NULL;
}

const struct emitter emit_journal = {
	.name = "journal",
	.what = "into systemd's journal",
	.where = JOURNAL_SOCKET,
	.shield = SHIELD_NONE, /* a protocol with lengths, and no log of a CI */
	.begin = journal_begin,
	.event = journal_event,
	.end = journal_end,
};
