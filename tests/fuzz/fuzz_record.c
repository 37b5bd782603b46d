// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as what the kernel side records of VMMs, which call KVM in any
 * order, with any arguments and under any name. Whatever that is, the recording of it reads back
 * unchanged, and each VM's story is fit for a terminal.
 */
#include "fuzz.h"

#include <errno.h>

#include "diagnosis/session.h"
#include "kvm/guest.h"
#include "lib/text.h"
#include "output/emit.h"

#define PICK(table, i) (table)[(i) % (sizeof(table) / sizeof((table)[0]))]

/* A frame in few bytes, so that it often meets others of the same VM and process. */
struct act {
	uint8_t frame;
	uint8_t type;  /* of a record, a point or a loss */
	uint8_t vm;    /* VM, inode, process and thread */
	uint8_t cmd;   /* an ioctl; how a point is watched */
	uint8_t ret;   /* and what the backend's hook returned */
	uint8_t words; /* how many of in[] and out[]; of the tail whether it was read */
	uint8_t arg;
	uint8_t seen;
	uint64_t number;
	char text[16];
};

struct recorder {
	struct sink sink;
	const struct emitter *emitter;
	void *state;
	uint64_t mono_ns;
};

static void on_event(const struct event *e, void *ctx)
{
	struct recorder *r = ctx;

	r->emitter->event(r->state, e);
}

static void paragraph(const char *text, void *ctx)
{
	(void)ctx;
	check_string(text);
}

/* ------------------------------------------------------------------ frames */

static const struct host_facts hosts[] = {
	{ .page_size = 4096 },
	{ .page_size = 4096,
	  .ksize_is = FACT_KNOWN,
	  .ksize = 24,
	  .kernel_cmd = ABI_CMD_MAINLINE,
	  .pseries_is = FACT_KNOWN,
	  .cpu_version_is = FACT_KNOWN,
	  .cpu_version = 0x0f000006,
	  .nested = NESTED_V2,
	  .nested_caps_is = FACT_KNOWN,
	  .nested_caps = 0x6000000000000000 },
	{ .page_size = 65536,
	  .ksize_is = FACT_ABSENT,
	  .pseries_is = FACT_ABSENT,
	  .nested = NESTED_NONE },
};

static struct cc_record record_of(const struct act *s)
{
	static const uint32_t cmds[] = { ABI_CMD_MAINLINE,
					 ABI_CMD_V5,
					 ABI_CMD_V3,
					 ABI_CMD_V1,
					 ABI_CMD_RUN,
					 ABI_CMD_SET_ONE_REG,
					 ABI_CMD_CHECK_EXTENSION,
					 0,
					 9,
					 ABI_EXIT_INTERNAL_ERROR };
	static const int rets[] = { 0, -EINVAL, -E2BIG, -EFAULT, -ENOTTY, -EPERM, 1, -1000000 };
	static const uint64_t args[] = { 250,	     249,	 0x0f000005, 0x0f000006,
					 0x0f000007, UINT32_MAX, 0,	     0x7fffc0de };
	struct cc_record r = {
		.type = s->type % (CC_RAN + 2),
		.seen = s->seen & CC_SEEN_ALL,
		.latency_ns = s->number >> 40,
		.vm = s->vm & 3,
		.vm_ino = s->vm >> 2 & 3,
		.pid = s->vm >> 4 & 3,
		.tid = s->vm >> 4,
		.cgroup = s->vm & 1,
		.cmd = PICK(cmds, s->cmd),
		.ret = PICK(rets, s->ret),
		.backend_ret = PICK(rets, s->ret >> 4),
		.arg = PICK(args, s->arg),
		.in_words = s->words & 3,
		.out_words = s->words >> 2 & 3,
		.has_hook = s->words >> 4 & 1,
		.tail_from = 24,
		.tail_read = s->words & 32 ? s->arg : 0,
		.tail_first = s->words & 64 ? 24 + (s->cmd >> 4) : 0,
		.backend_caps = s->number,
		.backend_head = s->number & 0xffff,
		.in = { s->number, s->number >> 8, s->number },
		.out = { s->number & 0xff, 0, s->number },
	};

	/* An interrupt is nobody's. */
	if (r.seen & CC_SEEN_INTERRUPT) {
		r.pid = r.tid = 0;
	} else {
		memcpy(r.comm, s->text, sizeof(r.comm) - 1);
		memcpy(r.thread, s->text + 8, 8);
	}
	memcpy(r.vm_name, s->text, s->words >> 7 ? 12 : 0);
	return r;
}

static void send_call(struct session *session, struct frame *f, const struct act *s)
{
	const struct cc_record r = record_of(s);
	char option[GUEST_OPTION_LEN], text[4 * sizeof(s->text) + 1];

	text_escape(text, sizeof(text), s->text, sizeof(s->text));
	guest_option(option, sizeof(option), s->text, sizeof(s->text));
	if (r.type == CC_KERNEL) {
		f->type = FRAME_KERNEL;
		f->kernel.rec = &r;
		f->kernel.text = text;
		f->kernel.name_option = option;
		f->kernel.cgroup = s->seen >> 7 ? text : NULL;
	} else {
		f->type = FRAME_CALL;
		f->call.rec = &r;
		f->call.name_option = s->arg >> 7 ? text : option;
		f->call.cgroup = s->seen >> 7 ? text : NULL;
	}
	session_frame(session, f);
}

static void send_vm(struct session *session, struct frame *f, const struct act *s)
{
	char text[4 * sizeof(s->text) + 1];

	text_escape(text, sizeof(text), s->text, sizeof(s->text));
	f->type = FRAME_VM;
	f->vm.event = s->type % VM_EVENTS;
	f->vm.incoming = s->type >> 1 & 1 ? INCOMING_YES : INCOMING_UNKNOWN;
	f->vm.pid = s->vm >> 4 & 3;
	f->vm.ino = s->vm >> 2 & 3;
	f->vm.vm_name = s->cmd & 1 ? text : "";
	f->vm.comm = text;
	f->vm.name_option = s->cmd & 2 ? text : "";
	f->vm.cgroup = s->cmd & 4 ? text : "";
	session_frame(session, f);
}

static void send_attach(struct session *session, struct frame *f, const struct act *s)
{
	const uint64_t older[] = { s->number & 3, s->number };

	f->type = FRAME_ATTACH;
	f->attach.point = s->type % ATTACH_POINTS;
	f->attach.how = s->cmd % ATTACH_HOWS;
	f->attach.why = f->attach.how == ATTACH_ABSENT ? "it is not there" : NULL;
	f->attach.released = f->attach.how == ATTACH_ABSENT && s->arg & 1;
	f->attach.known = s->arg & 2;
	f->attach.older = older;
	f->attach.n_older = f->attach.known ? s->words % 3 : 0;
	session_frame(session, f);
}

static void send_lost(struct session *session, struct frame *f, const struct act *s)
{
	const struct cc_record r = record_of(s);
	const struct loss_count by = {
		.key = { .vm = r.vm,
			 .vm_ino = r.vm_ino,
			 .loss = s->type % CC_LOSS_UNREADABLE,
			 .type = r.cmd % (CC_RAN + 1),
			 .cmd = r.cmd % (CC_RAN + 1) == CC_NEGOTIATION ? r.cmd : 0,
			 .ret = s->arg & 1 ? r.ret : CC_RET_UNKNOWN },
		.n = s->words,
	};

	f->type = FRAME_LOST;
	f->lost.loss = by.key.loss;
	f->lost.n = s->words + (s->arg >> 1);
	f->lost.by = &by;
	f->lost.n_by = s->words & 1;
	session_frame(session, f);
}

static void send(struct session *session, const struct act *s, struct frame *f)
{
	switch (s->frame % 8) {
	case 0:
		send_vm(session, f, s);
		break;
	case 1:
		send_attach(session, f, s);
		break;
	case 2:
		send_lost(session, f, s);
		break;
	case 3:
		f->type = FRAME_HOST;
		f->host.facts = PICK(hosts, s->type);
		f->host.kvm_reloaded = s->cmd & 1;
		session_frame(session, f);
		break;
	default:
		send_call(session, f, s);
		break;
	}
}

/* ------------------------------------------------------------------ recordings */

static void begin(struct recorder *r, const struct emitter *emitter)
{
	static const struct emit_options options;

	sink_begin(&r->sink);
	r->emitter = emitter;
	r->state = emitter->begin(r->sink.f, &options);
	check(r->state);
}

static struct bytes end(struct recorder *r)
{
	struct bytes b;

	r->emitter->end(r->state);
	b = sink_end(&r->sink);
	check_printable(b);
	return b;
}

static struct frame frame_after(const struct frame *f)
{
	return (struct frame){ .mono_ns = f->mono_ns + 1000000, .real_ns = f->real_ns + 1000000 };
}

static struct bytes record(const uint8_t *data, size_t size)
{
	struct frame f = { .type = FRAME_TRACE,
			   .mono_ns = 1000000,
			   .real_ns = 1795327200123456789 };
	struct recorder r;
	struct session *session = session_new(on_event, &r);
	struct act s;

	check(session);
	begin(&r, &emit_json);
	f.trace.host = PICK(hosts, size);
	f.trace.filters = (struct frame_filters){ .threads = size & 4, .text = "" };
	session_frame(session, &f);
	for (const uint8_t *end = data + size; (size_t)(end - data) >= sizeof(s);
	     data += sizeof(s)) {
		memcpy(&s, data, sizeof(s));
		f = frame_after(&f);
		send(session, &s, &f);
	}
	f = frame_after(&f);
	f.type = FRAME_END;
	session_frame(session, &f);
	session_tell(session, paragraph, NULL);
	session_free(session);
	return end(&r);
}

static struct bytes replay(struct bytes recording, const struct emitter *emitter, bool recorded)
{
	struct recorder r;
	const struct recording_reader reader = {
		.path = "x",
		.recorded = recorded,
		.event = on_event,
		.ctx = &r,
	};
	struct recording rec;

	begin(&r, emitter);
	check(read_recording(recording, &reader, &rec) && !rec.n_bad && !rec.cut_off);
	return end(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes first = record(data, size), again;

	for (int recorded = 0; recorded < 2; recorded++) {
		again = replay(first, &emit_json, recorded);
		check_same(first, again);
		free((void *)again.data);
	}
	free((void *)replay(first, &emit_text, false).data);
	free((void *)first.data);
	return 0;
}
