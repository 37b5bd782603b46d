/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Profiles for tests: of recordings in a file, and of frames that a test makes. */
#ifndef PROFILES_H
#define PROFILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/baseline.h"
#include "diff/profile.h"
#include "diagnosis/session.h"
#include "recording/stream.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const recordings[] = {
	"debian-6.12-p10-as-p9-v1", "debian-6.12-p11-as-p10-v2", "debian-7.3-64k-p11-v2",
	"debian-7.3-p10-as-p9-v2",  "debian-7.3-p10-v1",	 "debian-7.3-p11-as-p10-v2",
	"debian-7.3-powernv10",	    "patched-6.12-p9-v1",	 "patched-7.2-p10-v1",
	"patched-7.2-p8-hash",
};

static FILE *open_recording(const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "tests/data/%s.jsonl", name);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

static struct profile *profile_of_file(const char *name)
{
	struct profile *p = profile_new();
	struct session *session = session_new(profile_event, p);
	FILE *f = open_recording(name);
	struct stream *stream = stream_new(f, name, false);
	enum stream_status status;
	char error[512];
	struct frame frame;

	while ((status = stream_next(stream, &frame, error, sizeof(error))) == STREAM_FRAME)
		session_frame(session, &frame);
	assert_int_equal(status, STREAM_END);
	stream_free(stream);
	session_free(session);
	fclose(f);
	assert_true(p->ended);
	return p;
}

/* The caller frees it. */
static char *baseline_of(const struct profile *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_true(profile_write_baseline(p, NULL, NULL, f));
	fclose(f);
	return text;
}

static struct profile *profile_of_baseline(const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	struct profile *p;

	assert_non_null(f);
	assert_true(baseline_begins(f));
	p = baseline_read(f, "baseline");
	fclose(f);
	assert_non_null(p);
	return p;
}

/* ------------------------------------------------------------------ frames that are made */

/* A trace as it goes: frames are handed to the session as they are made. */
struct made {
	struct profile *profile;
	struct session *session;
	uint64_t mono_ns;
};

static const struct host_facts made_host = {
	.page_size = 4096,
	.ksize_is = FACT_KNOWN,
	.ksize = 24,
	.kernel_cmd = ABI_CMD_MAINLINE,
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = 0x0f000006,
	.nested = NESTED_V1,
	.nested_caps_is = FACT_UNKNOWN,
};

static void hand_over(struct made *m, struct frame f)
{
	f.mono_ns = m->mono_ns += 1000;
	f.real_ns = f.mono_ns;
	session_frame(m->session, &f);
}

static void watch(struct made *m, enum point point, enum attach_how how)
{
	hand_over(m, (struct frame){ .type = FRAME_ATTACH,
				     .attach = { .point = point, .how = how, .known = true } });
}

/* By a tracer that watches neither runs nor messages. */
static struct made make_older(struct frame_filters filters, enum attach_how how)
{
	struct made m = { .profile = profile_new() };

	m.session = session_new(profile_event, m.profile);
	hand_over(&m, (struct frame){ .type = FRAME_TRACE,
				      .trace = { .id = { .release = "7.3" },
						 .host = made_host,
						 .filters = filters } });
	watch(&m, POINT_BIRTH, how);
	watch(&m, POINT_DEATH, how);
	for (int i = 0; i <= POINT_REG; i++)
		watch(&m, i, how);
	return m;
}

static struct made make_with(struct frame_filters filters, enum attach_how how)
{
	struct made m = make_older(filters, how);

	watch(&m, POINT_RUN, ATTACH_TRACEPOINT);
	watch(&m, POINT_CONSOLE, ATTACH_TRACEPOINT);
	return m;
}

static struct made make(void)
{
	return make_with((struct frame_filters){ .text = "" }, ATTACH_FEXIT);
}

/* Of VM n, whose guest's name is as QEMU's -name has it; NULL: none. */
static void create(struct made *m, unsigned int n, const char *name_option)
{
	hand_over(m, (struct frame){ .type = FRAME_VM,
				     .vm = { .number = n,
					     .ino = n,
					     .pid = n,
					     .vm_name = "1-1",
					     .comm = "qemu",
					     .name_option = name_option } });
}

static void end(struct made *m, unsigned int n)
{
	hand_over(m, (struct frame){ .type = FRAME_VM,
				     .vm = { .event = VM_ENDED,
					     .number = n,
					     .ino = n,
					     .pid = n,
					     .vm_name = "1-1" } });
}

static struct cc_record record_of(const struct made *m, unsigned int n, enum cc_type type, int ret)
{
	return (struct cc_record){
		.type = type,
		.ret = ret,
		.mono_ns = m->mono_ns + 1000,
		.latency_ns = 100,
		.vm = n,
		.vm_ino = n,
		.pid = n,
		.tid = n,
		.comm = "qemu",
		.vm_name = "1-1",
	};
}

static void call(struct made *m, const struct cc_record *r)
{
	hand_over(m, (struct frame){ .type = FRAME_CALL, .call = { .rec = r } });
}

/* A query with a struct of this size, answered with these modes. */
static struct cc_record answered(const struct made *m, unsigned int n, uint64_t size, uint64_t caps)
{
	struct cc_record r = record_of(m, n, CC_NEGOTIATION, 0);

	r.cmd = ABI_CMD_MAINLINE;
	r.seen = CC_SEEN_BACKEND | CC_SEEN_HEAD | CC_SEEN_OPS | CC_SEEN_WATCHED;
	r.has_hook = 1;
	r.in[0] = size;
	r.out[0] = size < 24 ? size : 24;
	r.out[2] = caps;
	r.in_words = r.out_words = 3;
	r.backend_head = size;
	r.backend_caps = caps;
	return r;
}

#define POWER9	0x4000000000000000ull
#define POWER10 0x6000000000000000ull

static void query(struct made *m, unsigned int n, uint64_t caps)
{
	struct cc_record r = answered(m, n, 24, caps);

	call(m, &r);
}

static void ask(struct made *m, unsigned int n, uint32_t pvr, int ret)
{
	struct cc_record r = record_of(m, n, CC_ARCH_COMPAT, ret);

	r.arg = pvr;
	call(m, &r);
}

static void lose(struct made *m, const struct loss_count *by, uint64_t n)
{
	hand_over(m, (struct frame){ .type = FRAME_LOST,
				     .lost = { CC_LOSS_RING, n, by, by ? 1 : 0 } });
}

/* The caller frees it. */
static struct profile *finish(struct made *m, bool cut_off)
{
	hand_over(m, (struct frame){ .type = FRAME_END, .end = { .cut_off = cut_off } });
	session_free(m->session);
	assert_true(m->profile->ended);
	return m->profile;
}

#endif /* PROFILES_H */
