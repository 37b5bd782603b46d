// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as a recording, read and told as JSON, and that read again. What
 * the program writes it must be able to read, and what it then writes must be the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/emit.h"
#include "diagnosis/session.h"
#include "recording/stream.h"
#include "lib/text.h"

struct told {
	char *text;
	size_t len;
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

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void read_all(struct stream *s, struct session *session, struct told *told)
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
		told->n_bad += status == STREAM_BAD;
		told->fatal = status == STREAM_FATAL;
	}
}

/* Read the bytes, and tell them by an output. */
static struct told tell(const struct emitter *emitter, const void *data, size_t size, bool recorded)
{
	static const struct emit_options plain;
	struct told told = { 0 };
	struct teller teller = { .emitter = emitter };
	/* fmemopen() wants a byte at least. */
	FILE *in = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
	FILE *out = open_memstream(&told.text, &told.len);
	struct session *session = session_new(on_event, &teller);
	struct stream *s = in ? stream_new(in, "x", recorded) : NULL;

	check(out && session && s);
	teller.state = emitter->begin(out, &plain);
	check(teller.state);
	read_all(s, session, &told);
	emitter->end(teller.state);
	stream_free(s);
	session_free(session);
	fclose(in);
	fclose(out);
	return told;
}

static void check_printable(const struct told *t)
{
	for (size_t i = 0; i < t->len; i++)
		check(t->text[i] == '\n' || (t->text[i] >= ' ' && t->text[i] <= '~'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool recorded = size & 1;
	struct told first = tell(&emit_json, data, size, recorded), again, text;

	check_printable(&first);
	if (!first.fatal) {
		again = tell(&emit_json, first.text, first.len, recorded);
		check(!again.fatal && !again.n_bad);
		check(again.len == first.len && !memcmp(again.text, first.text, first.len));
		free(again.text);
		text = tell(&emit_text, data, size, recorded);
		check_printable(&text);
		free(text.text);
	}
	free(first.text);
	return 0;
}
