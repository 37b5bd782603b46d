// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "soak.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#define BUFFER_BYTES (2u << 20) /* more than the longest line of a recording */
#define SPOILED_FROM 20		/* what is watched is told before */

typedef yyjson_val val;

static const char *const types[KINDS] = {
	[NEGOTIATIONS] = "negotiation",
	[ASKS] = "arch-compat",
	[CHECKS] = "extension-check",
	[RUNS] = "run",
};

static const char *const functions[STREAM_FUNCTIONS] = {
	"kvm_arch_vm_ioctl",
	"kvm_vm_ioctl_check_extension",
	"kvmppc_set_one_reg",
	"kvm:kvm_userspace_exit",
};

const char *const stream_reasons[STREAM_REASONS] = {
	"ring-full", "vm-budget", "too-many-in-flight", "orphaned", "probe-missed", "recursion",
};

static const char *text_of(val *o, const char *key)
{
	const char *text = yyjson_get_str(yyjson_obj_get(o, key));

	return text ? text : "";
}

static uint64_t number_of(val *o, const char *key)
{
	return yyjson_get_uint(yyjson_obj_get(o, key));
}

/* KINDS: none of them. */
static enum kind kind_of(const char *type)
{
	enum kind k;

	for (k = 0; k < KINDS; k++)
		if (!strcmp(type, types[k]))
			break;
	return k;
}

static void on_call(struct stream *s, enum kind k, val *o)
{
	val *ret = yyjson_obj_get(o, k == CHECKS ? "answer" : "ret");

	s->seen[k]++;
	s->failed[k] += yyjson_is_sint(ret) && yyjson_get_sint(ret) < 0;
}

static void on_loss(struct stream *s, val *o)
{
	uint64_t n = number_of(o, "n"), by_kind = 0;
	const char *reason = text_of(o, "reason");
	bool vague = !strcmp(reason, "recursion") || !strcmp(reason, "probe-missed");
	size_t i, max;
	val *by;

	s->lost_n += n;
	for (unsigned int r = 0; r < STREAM_REASONS; r++)
		s->by_reason[r] += strcmp(reason, stream_reasons[r]) ? 0 : n;
	yyjson_arr_foreach(yyjson_obj_get(o, "by"), i, max, by) {
		enum kind k = kind_of(text_of(by, "type"));
		uint64_t of_kind = number_of(by, "n");
		val *ret = yyjson_obj_get(by, "ret");

		by_kind += of_kind;
		if (vague)
			continue;
		/* A line of KVM's. */
		if (k == KINDS)
			continue;
		s->lost[k] += of_kind;
		s->lost_unended[k] += yyjson_is_null(ret) ? of_kind : 0;
		if (yyjson_is_sint(ret) && yyjson_get_sint(ret) < 0)
			s->lost_failed[k] += of_kind;
	}
	/* What found no place in the kernel's map is not told by type. */
	s->vague += vague ? n : n - by_kind;
}

static void on_attach(struct stream *s, val *o)
{
	bool how = strcmp(text_of(o, "how"), "absent");
	const char *function = text_of(o, "function");

	for (unsigned int i = 0; i < STREAM_FUNCTIONS; i++) {
		if (strcmp(function, functions[i]))
			continue;
		if (how)
			s->watched |= 1u << i;
		else
			s->watched &= ~(1u << i);
		s->unwatched += s->traced && !how;
	}
}

static void on_end(struct stream *s, val *o)
{
	val *t = yyjson_obj_get(o, "totals");

	s->events = number_of(o, "events");
	s->lost_said = number_of(o, "lost");
	s->cut_off = yyjson_get_bool(yyjson_obj_get(o, "cut_off"));
	s->repeated = number_of(t, "runs_repeated");
	s->said_failed[NEGOTIATIONS] = number_of(t, "negotiations_failed");
	s->said[NEGOTIATIONS] = number_of(t, "negotiations_ok") + s->said_failed[NEGOTIATIONS];
	s->said_failed[ASKS] = number_of(t, "asks_failed");
	s->said[ASKS] = number_of(t, "asks_ok") + s->said_failed[ASKS];
	s->said[CHECKS] = number_of(t, "checks");
	s->said[RUNS] = number_of(t, "runs");
	s->said_lost[0] = number_of(t, "lost_negotiations_ok");
	s->said_lost[1] = number_of(t, "lost_negotiations_failed");
	s->ended = true;
}

static void on_object(struct stream *s, val *o)
{
	const char *type = text_of(o, "type");
	enum kind k = kind_of(type);

	s->after_end += s->ended;
	s->gaps += number_of(o, "seq") != s->seq + 1;
	s->seq = number_of(o, "seq");
	if (k < KINDS)
		on_call(s, k, o);
	else if (!strcmp(type, "lost"))
		on_loss(s, o);
	else if (!strcmp(type, "attach"))
		on_attach(s, o);
	else if (!strcmp(type, "end"))
		on_end(s, o);
	s->traced |= stream_is_watching(s);
}

static void on_line(struct stream *s, const char *line, size_t len)
{
	yyjson_doc *doc;

	if (s->spoil && ++s->arrived > SPOILED_FROM && s->arrived % s->spoil == 0)
		return;
	s->lines++;
	doc = yyjson_read(line, len, 0);
	if (doc && yyjson_is_obj(yyjson_doc_get_root(doc)))
		on_object(s, yyjson_doc_get_root(doc));
	else
		s->broken++;
	yyjson_doc_free(doc);
}

/* Returns how many bytes of a line that is not there in whole are left. */
static size_t take_lines(struct stream *s, char *buf, size_t used)
{
	char *line = buf, *end;

	while ((end = memchr(line, '\n', used))) {
		on_line(s, line, (size_t)(end - line));
		used -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	memmove(buf, line, used);
	return used;
}

static void *read_all(void *stream)
{
	struct stream *s = stream;
	char *buf = malloc(BUFFER_BYTES);
	size_t used = 0;
	ssize_t n;

	while (buf && (n = read(s->fd, buf + used, BUFFER_BYTES - used)) > 0)
		used = take_lines(s, buf, used + (size_t)n);
	/* Torn, or longer than any is to be. */
	s->broken += used > 0 || !buf;
	free(buf);
	return NULL;
}

void stream_read(struct stream *s, int fd, uint64_t spoil)
{
	*s = (struct stream){ .fd = fd, .spoil = spoil };
	if (pthread_create(&s->thread, NULL, read_all, s)) {
		fprintf(stderr, "soak: no thread to read with\n");
		exit(3);
	}
}

void stream_await_end(struct stream *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
}
