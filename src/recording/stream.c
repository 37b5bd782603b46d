// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines of a recording, in order: which are missing, cut off or cannot be read. What stands in a
 * line is decode.c's. A line that cannot be read may have been any event of any VM: it becomes a
 * loss, so that no story reads as if nothing were missing.
 */
#include "recording/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "diagnosis/event.h"
#include "recording/decode.h"
#include "lib/text.h"

#define KEYS_MAX    256 /* of an object; no event has a tenth of it */
#define KEY_MARKS   256
#define LINE_BYTES  (STREAM_LINE_MAX + 2) /* with its end, and a NUL */
#define PROBLEM_LEN 256

struct stream {
	FILE *f;
	const char *name;
	char *line;
	size_t len;
	uint64_t number; /* of the line */
	/* Of the line that is being read. */
	yyjson_doc *doc;
	struct decoder *decoder;
	bool failed;
	char problem[PROBLEM_LEN]; /* the first one */
	/* What is to be handed out, in this order. */
	bool has_warning, has_lost, has_frame;
	char warning[PROBLEM_LEN];
	struct frame lost, frame;
	/* Of all lines so far. */
	bool started, outcomes;
	uint64_t seq;	   /* of the last one that was read */
	uint64_t n_bad;	   /* since then */
	uint64_t n_unread; /* and missing ones, in all */
	struct frame last; /* when it was */
	bool ended;	   /* it was an end: */
	bool after_end;	   /* lines that were not read follow it */
	struct frame end;
	bool stop, done, fatal;
};

typedef yyjson_val val;

static void fail(struct stream *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct stream *s, const char *fmt, ...)
{
	va_list ap;

	if (s->failed)
		return;
	s->failed = true;
	va_start(ap, fmt);
	vsnprintf(s->problem, sizeof(s->problem), fmt, ap);
	va_end(ap);
}

struct stream *stream_new(FILE *f, const char *name, bool recorded)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->f = f;
	s->name = name;
	s->line = malloc(LINE_BYTES);
	s->decoder = decoder_new(recorded);
	if (s->line && s->decoder)
		return s;
	stream_free(s);
	return NULL;
}

/* What is wrong with this line; NULL: nothing is. */
static const char *problem(const struct stream *s)
{
	return s->failed ? s->problem : decoder_problem(s->decoder);
}

static void forget_line(struct stream *s)
{
	decoder_reset(s->decoder);
	yyjson_doc_free(s->doc);
	s->doc = NULL;
	s->failed = false;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	yyjson_doc_free(s->doc);
	decoder_free(s->decoder);
	free(s->line);
	free(s);
}

enum line { LINE_WHOLE, LINE_TORN, LINE_LONG, LINE_NONE };

/* Of a line that is too long: let go of the rest. */
static void skip_line(struct stream *s)
{
	int c;

	while ((c = getc_unlocked(s->f)) != EOF && c != '\n')
		;
}

/* The next line, without its end; of one that is too long nothing is kept. */
static enum line read_line(struct stream *s)
{
	s->len = 0;
	if (!fgets_unlocked(s->line, LINE_BYTES, s->f))
		return LINE_NONE;
	s->number++;
	s->len = strlen(s->line);
	if (s->len && s->line[s->len - 1] == '\n') {
		s->len--;
		return LINE_WHOLE;
	}
	if (s->len > STREAM_LINE_MAX) {
		skip_line(s);
		return LINE_LONG;
	}
	if (feof_unlocked(s->f))
		return LINE_TORN;
	/* A NUL is in it, with which it is not JSON: that one is left for the parser to see. */
	s->len++;
	return LINE_WHOLE;
}

/* Lines. */

/* A number below KEY_MARKS that few keys of an object have in common. */
static unsigned int mark_of(val *key)
{
	const char *text = yyjson_get_str(key);
	size_t len = yyjson_get_len(key);

	if (!len)
		return 0;
	return ((unsigned int)len * 37 + (unsigned char)text[0] * 11 +
		(unsigned char)text[len / 2] * 5 + (unsigned char)text[len - 1]) %
	       KEY_MARKS;
}

static bool is_among(val *const *keys, size_t n, val *key)
{
	for (size_t k = 0; k < n; k++)
		if (yyjson_equals(keys[k], key))
			return true;
	return false;
}

/* Keys are compared where they have a mark in common alone: each with each costs most of the
 * reading. */
static void check_object(struct stream *s, val *o)
{
	val *keys[KEYS_MAX], *key, *value;
	bool marks[KEY_MARKS] = { false };
	unsigned int mark;
	size_t i, n;

	if (yyjson_obj_size(o) > KEYS_MAX) {
		fail(s, "an object has more than %d keys", KEYS_MAX);
		return;
	}
	yyjson_obj_foreach(o, i, n, key, value) {
		keys[i] = key;
		mark = mark_of(key);
		if (marks[mark] && is_among(keys, i, key))
			fail(s, "a key stands twice in it: \"%.40s\"",
			     text_is_escaped(yyjson_get_str(key)) ? yyjson_get_str(key) : "?");
		marks[mark] = true;
	}
}

/* What no reader of a key would come across. */
static void check_values(struct stream *s, yyjson_doc *doc)
{
	/* All values of a document stand one behind the other. */
	val *v = yyjson_doc_get_root(doc);

	for (size_t n = yyjson_doc_get_val_count(doc); n && !s->failed; n--, v++) {
		if (yyjson_is_raw(v))
			fail(s, "a number is out of range: %.40s", yyjson_get_raw(v));
		else if (yyjson_is_str(v) && strlen(yyjson_get_str(v)) != yyjson_get_len(v))
			fail(s, "a text has a NUL in it");
		else if (yyjson_is_obj(v))
			check_object(s, v);
	}
}

static val *parse(struct stream *s)
{
	yyjson_read_err err;

	s->doc = yyjson_read_opts(s->line, s->len, YYJSON_READ_BIGNUM_AS_RAW, NULL, &err);
	if (!s->doc && err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
		fail(s, DECODE_NO_MEMORY);
		return NULL;
	}
	if (!s->doc) {
		fail(s, "not JSON (%s, byte %zu)", err.msg, err.pos + 1);
		return NULL;
	}
	if (!yyjson_is_obj(yyjson_doc_get_root(s->doc)))
		fail(s, "not a JSON object");
	check_values(s, s->doc);
	return yyjson_doc_get_root(s->doc);
}

static void warn(struct stream *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void warn(struct stream *s, const char *fmt, ...)
{
	va_list ap;

	if (s->has_warning)
		return;
	s->has_warning = true;
	va_start(ap, fmt);
	vsnprintf(s->warning, sizeof(s->warning), fmt, ap);
	va_end(ap);
}

/* Lines that are not there, or could not be read: n events, of whom nobody knows. */
static void lose(struct stream *s, uint64_t n, const struct frame *at)
{
	s->n_unread += n > s->n_bad ? n : s->n_bad;
	s->n_bad = 0;
	if (!n)
		return;
	s->has_lost = true;
	s->lost = (struct frame){ .type = FRAME_LOST,
				  .mono_ns = at->mono_ns,
				  .real_ns = at->real_ns,
				  .seq = s->seq + 1 };
	s->lost.lost.loss = CC_LOSS_UNREADABLE;
	s->lost.lost.n = n;
}

static void follow(struct stream *s, uint64_t seq, struct frame *f)
{
	uint64_t missing = s->started ? seq - s->seq - 1 : 0;

	/* Which of them the filter took out cannot be told. */
	if (s->outcomes) {
		lose(s, s->n_bad < missing ? s->n_bad : missing, f);
	} else {
		if (missing > s->n_bad)
			warn(s, "events are missing before it, from seq %" PRIu64 " to %" PRIu64,
			     s->seq + 1, seq - 1);
		lose(s, missing, f);
	}
	f->seq = s->seq = seq;
	s->last = *f;
}

static void read_event(struct stream *s, val *root, uint64_t seq)
{
	struct frame f;
	bool used;
	enum event_type type = decode(s->decoder, root, &f, &used);

	if (problem(s))
		return;
	follow(s, seq, &f);
	s->ended = type == EVENT_END;
	s->after_end = false;
	if (s->ended)
		s->end = f;
	if (type == EVENT_TRACE)
		s->outcomes = f.trace.filters.outcomes;
	s->frame = f;
	s->has_frame = used && !s->ended;
}

/* false: there is another problem, or none. */
static bool lacks_memory(struct stream *s, char *error, size_t len)
{
	if (!problem(s) || strcmp(problem(s), DECODE_NO_MEMORY))
		return false;
	snprintf(error, len, "out of memory: %s was not read from line %" PRIu64 " on", s->name,
		 s->number);
	s->fatal = true;
	return true;
}

static enum stream_status bad(struct stream *s, char *error, size_t len)
{
	/* Nothing is wrong with the line, and what follows will hardly fare better. */
	if (lacks_memory(s, error, len))
		return STREAM_FATAL;
	snprintf(error, len, "%s, line %" PRIu64 " cannot be read: %s", s->name, s->number,
		 problem(s));
	return STREAM_BAD;
}

static enum stream_status too_new(struct stream *s, val *root, char *error, size_t len)
{
	const char *version = yyjson_get_str(yyjson_obj_get(root, "version"));

	snprintf(error, len,
		 "%s is of compatcaps-trace %.20s and has schema %" PRIu64
		 ", this program reads no newer one than %d: take a newer compatcaps-trace",
		 s->name, version && text_is_escaped(version) ? version : "?",
		 yyjson_get_uint(yyjson_obj_get(root, "schema")), STREAM_SCHEMA);
	s->fatal = true;
	return STREAM_FATAL;
}

/* What is compressed begins with these. NULL: it is not. */
static const char *decompressor(const char *line)
{
	static const struct {
		const char *begins, *command;
	} kinds[] = {
		{ "\x1f\x8b", "zcat" },
		{ "\xfd"
		  "7zXZ",
		  "xzcat" },
		{ "\x28\xb5\x2f\xfd", "zstdcat" },
		{ "BZh", "bzcat" },
		{ "\x04\x22\x4d\x18", "lz4cat" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(line, kinds[i].begins, strlen(kinds[i].begins)))
			return kinds[i].command;
	return NULL;
}

static enum stream_status compressed(struct stream *s, const char *command, char *error, size_t len)
{
	const char
		*plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@%+=:,-";
	/* What a shell would understand otherwise stands in no command that somebody may copy. */
	bool safe = *s->name != '-' && strcmp(s->name, STREAM_STDIN) &&
		    !s->name[strspn(s->name, plain)];

	s->fatal = true;
	snprintf(error, len, "%s is compressed: use %s %s | compatcaps-trace replay -", s->name,
		 command, safe ? s->name : "FILE");
	return STREAM_FATAL;
}

/* The first line: what has none is something else. */
static enum stream_status start(struct stream *s, enum line line, char *error, size_t len)
{
	const char *command = line == LINE_NONE ? NULL : decompressor(s->line);
	val *root = NULL, *schema;

	if (command)
		return compressed(s, command, error, len);
	if (line == LINE_NONE)
		fail(s, "it is empty");
	else if (line == LINE_LONG)
		fail(s, "its first line is longer than %u bytes", STREAM_LINE_MAX);
	else
		root = parse(s);
	schema = yyjson_obj_get(root, "schema");
	if (!yyjson_equals_str(yyjson_obj_get(root, "type"), event_type_name(EVENT_TRACE)) ||
	    !yyjson_is_uint(schema) || !yyjson_get_uint(schema))
		fail(s, "its first line is not a \"trace\"");
	if (!problem(s) && yyjson_get_uint(schema) > STREAM_SCHEMA)
		return too_new(s, root, error, len);
	read_event(s, root, decode_seq(s->decoder, root));
	s->started = true;
	if (!problem(s))
		return STREAM_FRAME;
	if (lacks_memory(s, error, len))
		return STREAM_FATAL;
	s->fatal = true;
	snprintf(error, len, "%s is not a recording of compatcaps-trace: %s", s->name, problem(s));
	return STREAM_FATAL;
}

static enum stream_status read_parsed(struct stream *s, val *root, char *error, size_t len)
{
	uint64_t seq = decode_seq(s->decoder, root);

	if (yyjson_equals_str(yyjson_obj_get(root, "type"), event_type_name(EVENT_TRACE))) {
		s->stop = true;
		s->n_unread++;
		fail(s, "another recording begins here");
		return bad(s, error, len);
	}
	if (!problem(s) && seq <= s->seq) {
		s->n_unread++;
		fail(s, "out of order, seq %" PRIu64 " comes after %" PRIu64, seq, s->seq);
		return bad(s, error, len);
	}
	read_event(s, root, seq);
	if (!problem(s))
		return STREAM_FRAME;
	s->n_bad++;
	return bad(s, error, len);
}

static void finish(struct stream *s)
{
	s->done = s->has_frame = true;
	if (s->ended) {
		s->n_unread += s->n_bad;
		s->frame = s->end;
		return;
	}
	s->frame = (struct frame){ .type = FRAME_END,
				   .mono_ns = s->last.mono_ns,
				   .real_ns = s->last.real_ns,
				   .seq = s->seq + s->n_bad + 1,
				   .end.cut_off = true };
	lose(s, s->n_bad, &s->frame);
}

/* STREAM_FRAME: read, and something may be there to hand out. */
static enum stream_status read_on(struct stream *s, enum line line, char *error, size_t len)
{
	val *root = line == LINE_LONG ? NULL : parse(s);

	if (s->ended && !s->after_end)
		warn(s, "it and what follows stands after the end");
	s->after_end = s->ended;
	if (line == LINE_LONG)
		fail(s, "longer than %u bytes", STREAM_LINE_MAX);
	/* Written in part: the stream was cut off. */
	if (problem(s) && line == LINE_TORN) {
		finish(s);
		return STREAM_FRAME;
	}
	if (!problem(s))
		return read_parsed(s, root, error, len);
	s->n_bad++;
	return bad(s, error, len);
}

/* More of what can be handed out, or what is wrong. */
static enum stream_status advance(struct stream *s, char *error, size_t len)
{
	enum line line = s->stop ? LINE_NONE : read_line(s);

	if (ferror(s->f) && !s->stop) {
		snprintf(error, len, "%s cannot be read: %s", s->name, strerror(errno));
		s->fatal = !s->started;
		s->stop = true;
		return s->started ? STREAM_BAD : STREAM_FATAL;
	}
	if (!s->started)
		return start(s, line, error, len);
	if (line != LINE_NONE)
		return read_on(s, line, error, len);
	finish(s);
	return STREAM_FRAME;
}

static bool hand_out(bool *has, const struct frame *from, struct frame *to)
{
	if (!*has)
		return false;
	*has = false;
	*to = *from;
	return true;
}

bool stream_has_ended(const struct stream *s)
{
	return s->ended;
}

uint64_t stream_unread(const struct stream *s)
{
	return s->n_unread;
}

enum stream_status stream_next(struct stream *s, struct frame *f, char *error, size_t len)
{
	enum stream_status status = STREAM_FRAME;

	while (status == STREAM_FRAME) {
		if (s->has_warning) {
			s->has_warning = false;
			snprintf(error, len, "%s, line %" PRIu64 ": %s", s->name, s->number,
				 s->warning);
			return STREAM_BAD;
		}
		if (hand_out(&s->has_lost, &s->lost, f) || hand_out(&s->has_frame, &s->frame, f))
			return STREAM_FRAME;
		if (s->fatal)
			return STREAM_FATAL;
		if (s->done)
			return STREAM_END;
		forget_line(s);
		status = advance(s, error, len);
	}
	return status;
}
