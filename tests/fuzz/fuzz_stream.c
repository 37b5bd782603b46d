// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as a recording, which is replayed as JSON, as text and as entries of
 * the journal. What the program writes it must be able to read, and what it then writes must be the
 * same. No text of a recording begins a field or an entry of the journal.
 */
#include "fuzz.h"

#include "diagnosis/session.h"
#include "lib/text.h"
#include "output/emit.h"
#include "recording/stream.h"

struct replayed {
	struct bytes text;
	bool fatal;
	unsigned int n_bad;
};

struct teller {
	const struct emitter *emitter;
	void *state;
};

static void on_event(const struct event *e, void *ctx)
{
	struct teller *t = ctx;

	t->emitter->event(t->state, e);
}

static void on_paragraph(const char *text, void *ctx)
{
	struct teller *t = ctx;

	check_string(text);
	if (t->emitter->paragraph)
		t->emitter->paragraph(t->state, text);
}

static void read_all(struct stream *s, struct session *session, struct replayed *r)
{
	enum stream_status status = STREAM_FRAME;
	char error[512];
	struct frame f;

	while (status != STREAM_END && status != STREAM_FATAL) {
		error[0] = '\0';
		status = stream_next(s, &f, error, sizeof(error));
		if (status == STREAM_FRAME)
			session_frame(session, &f);
		else if (status != STREAM_END)
			check(error[0] && text_is_escaped(error));
		r->n_bad += status == STREAM_BAD;
		r->fatal = status == STREAM_FATAL;
	}
}

static struct replayed replay(const struct emitter *emitter, struct bytes b, bool recorded)
{
	static const struct emit_options plain;
	struct replayed r = { 0 };
	struct teller teller = { .emitter = emitter };
	struct sink sink;
	FILE *in = bytes_open(b);
	struct session *session = session_new(on_event, &teller);
	struct stream *s = stream_new(in, "x", recorded);

	check(session && s);
	sink_begin(&sink);
	teller.state = emitter->begin(sink.f, &plain);
	check(teller.state);
	read_all(s, session, &r);
	session_tell(session, on_paragraph, &teller);
	emitter->end(teller.state);
	stream_free(s);
	session_free(session);
	fclose(in);
	r.text = sink_end(&sink);
	check_printable(r.text);
	return r;
}

/* An entry is lines of NAME=value, and ends with an empty one. */
static void check_journal(struct bytes b)
{
	const char *at = b.data, *end = b.data + b.len, *newline, *equals;

	check(!b.len || (b.len > 2 && !memcmp(end - 2, "\n\n", 2)));
	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		check(newline);
		if (newline == at)
			continue;
		equals = memchr(at, '=', (size_t)(newline - at));
		check(equals &&
		      strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == (size_t)(equals - at));
	}
}

static size_t count(struct bytes b, const char *line)
{
	size_t n = 0;

	for (const char *at = b.data, *end = b.data + b.len; at < end; at++)
		n += (at == b.data || at[-1] == '\n') && (size_t)(end - at) >= strlen(line) &&
		     !memcmp(at, line, strlen(line));
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool recorded = size & 1;
	struct bytes b = { (const char *)data, size };
	struct replayed first = replay(&emit_json, b, recorded), again, text, journal;

	if (!first.fatal) {
		again = replay(&emit_json, first.text, recorded);
		check(!again.fatal && !again.n_bad);
		check_same(again.text, first.text);
		free((void *)again.text.data);
		text = replay(&emit_text, b, recorded);
		free((void *)text.text.data);
		journal = replay(&emit_journal, b, recorded);
		check_journal(journal.text);
		/* One entry an event, with one of each of these. */
		check(count(journal.text, "MESSAGE=") == count(first.text, "{"));
		check(count(journal.text, "PRIORITY=") == count(first.text, "{"));
		check(count(journal.text, "\n") == count(first.text, "{"));
		free((void *)journal.text.data);
	}
	free((void *)first.text.data);
	return 0;
}
