// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One JSON object a line: the shape is docs/events.schema.json. */
#include "emit.h"
#include "json_caps.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct json_object json;

char *rfc3339(char buf[RFC3339_LEN], uint64_t real_ns)
{
	time_t sec = (time_t)(real_ns / 1000000000u);
	struct tm tm;
	size_t n;

	if (!gmtime_r(&sec, &tm))
		memset(&tm, 0, sizeof(tm));
	n = strftime(buf, RFC3339_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, RFC3339_LEN - n, ".%09uZ", (unsigned int)(real_ns % 1000000000u));
	return buf;
}

/* Keys are literals, and each is put once: none is copied or looked for. */
static void put(json *o, const char *key, json *value)
{
	json_object_object_add_ex(o, key, value,
				  JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT);
}

static void put_u64(json *o, const char *key, uint64_t value)
{
	put(o, key, json_object_new_uint64(value));
}

static void put_maybe(json *o, const char *key, struct maybe_u64 value)
{
	put(o, key, value.known ? json_object_new_uint64(value.value) : NULL);
}

/* Bytes that a traced process chose: what is not ASCII text is shown as \xNN. */
static json *printable(const char *text, size_t max)
{
	char safe[CC_VM_NAME_LEN * 4 + 1];
	size_t n = 0;

	for (size_t i = 0; i < max && text[i] && n + 5 <= sizeof(safe); i++) {
		unsigned char c = text[i];

		if (c >= 0x20 && c < 0x7f)
			safe[n++] = c;
		else
			n += snprintf(safe + n, sizeof(safe) - n, "\\x%02x", c);
	}
	return json_object_new_string_len(safe, (int)n);
}

static void put_common(json *o, const struct event *e, const char *type)
{
	const struct cc_record *r = e->rec;
	char ts[RFC3339_LEN];

	put(o, "type", json_object_new_string(type));
	put_u64(o, "seq", e->seq);
	put(o, "ts", json_object_new_string(rfc3339(ts, e->real_ns)));
	put_u64(o, "mono_ns", e->mono_ns);
	put(o, "pid", r ? json_object_new_uint64(r->pid) : NULL);
	put(o, "tid", r ? json_object_new_uint64(r->tid) : NULL);
	put(o, "comm", r ? printable(r->comm, sizeof(r->comm)) : NULL);
	put(o, "vm", e->vm ? json_object_new_uint64(e->vm) : NULL);
	if (!r)
		return;
	put(o, "vm_name", r->vm_name[0] ? printable(r->vm_name, sizeof(r->vm_name)) : NULL);
	put(o, "guest", e->guest ? json_object_new_string(e->guest) : NULL);
}

static void put_caps(json *o, struct maybe_u64 caps)
{
	put(o, "caps", caps.known ? json_hex64(caps.value) : NULL);
	put(o, "modes", json_modes(caps.known ? caps.value : 0));
	put(o, "unknown_bits", caps.known ? json_unknown_bits(caps.value) : NULL);
}

static void put_backend(json *o, const struct cc_record *r, const struct host_facts *host)
{
	json *backend = json_object_new_object();
	bool called = r->seen & CC_SEEN_BACKEND;

	put(backend, "called", json_object_new_boolean(called));
	put(backend, "ret", called ? json_object_new_int(r->backend_ret) : NULL);
	put(o, "backend", backend);
	put(o, "backend_watched", json_object_new_boolean(called || backend_watched(r, host)));
}

static void put_tail(json *o, const struct diagnosis *d)
{
	static const char *const names[] = {
		[TAIL_ZERO] = "zero",
		[TAIL_NONZERO] = "nonzero",
		[TAIL_UNREAD] = "unread",
	};
	json *tail;

	if (d->tail == TAIL_NONE) {
		put(o, "tail", NULL);
		return;
	}
	tail = json_object_new_object();
	put(tail, "state", json_object_new_string(names[d->tail]));
	put(tail, "first_nonzero",
	    d->tail == TAIL_NONZERO ? json_object_new_uint64(d->tail_first) : NULL);
	put_u64(tail, "read", d->tail_read);
	put(o, "tail", tail);
}

static void put_errno(json *o, int ret)
{
	char name[16];

	put(o, "ret", json_object_new_int(ret));
	put(o, "errno", ret < 0 ? json_object_new_string(errno_name(ret, name, sizeof(name))) : NULL);
}

static void fill_negotiation(json *o, const struct event *e)
{
	static const char *const sources[] = { NULL, "entry", "exit" };
	const struct cc_record *r = e->rec;
	const struct diagnosis *d = e->negotiation.diag;
	const char *source = sources[d->usize_source];
	uint64_t ksize = e->negotiation.host->ksize;

	put(o, "cmd", json_hex32(r->cmd));
	put(o, "abi", json_object_new_string(d->abi->name));
	put_maybe(o, "usize", d->usize);
	put(o, "usize_source", source ? json_object_new_string(source) : NULL);
	put_maybe(o, "ksize", (struct maybe_u64){ ksize != 0, ksize });
	put_maybe(o, "flags", d->flags);
	put_errno(o, r->ret);
	put_maybe(o, "size_out", d->size_out);
	put_backend(o, r, e->negotiation.host);
	put_caps(o, d->caps);
	put_tail(o, d);
	put_u64(o, "latency_ns", r->latency_ns);
	put(o, "cause", json_object_new_string(cause_name(d->cause)));
	put(o, "hint", json_object_new_string(d->hint));
}

static void fill_arch(json *o, const struct event *e)
{
	const struct arch_diagnosis *d = e->arch.diag;
	const struct offer *offer = e->arch.offer;
	const char *source = modes_source_name(offer->source);

	put(o, "pvr", json_hex32(d->pvr));
	put(o, "mode", d->known ? json_object_new_string(d->known->name) : NULL);
	put_errno(o, e->rec->ret);
	put(o, "queried", json_object_new_boolean(offer->queried));
	put(o, "host_modes", source ? json_modes(offer->modes) : NULL);
	put(o, "host_modes_source", source ? json_object_new_string(source) : NULL);
	put(o, "cause", json_object_new_string(arch_cause_name(d->cause)));
	put(o, "hint", json_object_new_string(d->hint));
}

static void fill_retry(json *o, const struct event *e)
{
	put(o, "outcome", json_object_new_string(e->retry->recovered ? "recovered" : "failed"));
	put_u64(o, "after_ns", e->retry->after_ns);
}

static void fill_attach(json *o, const struct event *e)
{
	put(o, "function", json_object_new_string(e->attach.func));
	put(o, "how", json_object_new_string(attach_how_name(e->attach.how)));
	put(o, "why", e->attach.why ? json_object_new_string(e->attach.why) : NULL);
}

static json *to_json(const struct event *e)
{
	static const char *const types[] = {
		[EVENT_NEGOTIATION] = "negotiation",
		[EVENT_EXTENSION] = "extension-check",
		[EVENT_ARCH_COMPAT] = "arch-compat",
		[EVENT_RETRY] = "retry",
		[EVENT_LOST] = "lost",
		[EVENT_ATTACH] = "attach",
	};
	json *o = json_object_new_object();

	put_common(o, e, types[e->type]);
	switch (e->type) {
	case EVENT_NEGOTIATION:
		fill_negotiation(o, e);
		break;
	case EVENT_EXTENSION:
		put_u64(o, "capability", e->rec->arg);
		put(o, "answer", json_object_new_int(e->rec->ret));
		break;
	case EVENT_ARCH_COMPAT:
		fill_arch(o, e);
		break;
	case EVENT_RETRY:
		fill_retry(o, e);
		break;
	case EVENT_LOST:
		put_u64(o, "n", e->lost.n);
		put(o, "where", json_object_new_string(e->lost.where));
		break;
	case EVENT_ATTACH:
		fill_attach(o, e);
		break;
	}
	return o;
}

static void event_json(const struct event *e, const struct emit_options *opt)
{
	(void)opt;
	json_print_line(to_json(e));
}

const struct emitter emit_json = { event_json };
