// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "recording/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "recording/event_doc.h"
#include "diagnosis/session.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define DEPTH_MAX   4
#define LETTERS_MAX 64

struct table {
	struct field *list;
	size_t n, room;
	struct event_doc *doc;
	bool failed;
};

/* One of everything, with as much in it as there can be. */

static const struct host_facts host = {
	.page_size = 4096,
	.ksize_is = FACT_KNOWN,
	.ksize = ABI_SIZE_VER0,
	.kernel_cmd = ABI_CMD_MAINLINE,
	.pseries_is = FACT_KNOWN,
	.cpu_version_is = FACT_KNOWN,
	.cpu_version = 0x0f000006,
	.nested = NESTED_V2,
	.nested_caps_is = FACT_KNOWN,
	.nested_caps = 0x6000000000000000,
};

#define CALLER \
	.pid = 1, .tid = 1, .vm = 1, .vm_ino = 1, .comm = "vmm", .thread = "vmm", .vm_name = "1-2"

static const struct cc_record check = {
	CALLER,
	.type = CC_EXTENSION,
	.arg = ABI_CAP_PPC_COMPAT_CAPS,
	.ret = 1,
};

static const struct cc_record too_new = {
	CALLER,
	.type = CC_NEGOTIATION,
	.cmd = ABI_CMD_MAINLINE,
	.seen = CC_SEEN_OPS | CC_SEEN_TAIL | CC_SEEN_WATCHED,
	.has_hook = 1,
	.mono_ns = 10,
	.latency_ns = 1,
	.ret = -7,
	.in = { 48 },
	.in_words = 3,
	.out = { 24 },
	.out_words = 3,
	.tail_from = 24,
	.tail_read = 1,
	.tail_first = 24,
};

static const struct cc_record query = {
	CALLER,
	.type = CC_NEGOTIATION,
	.cmd = ABI_CMD_MAINLINE,
	.seen = CC_SEEN_BACKEND | CC_SEEN_HEAD | CC_SEEN_OPS | CC_SEEN_WATCHED,
	.has_hook = 1,
	.mono_ns = 20,
	.latency_ns = 1,
	.in = { 24 },
	.in_words = 3,
	.out = { 24, 0, 0x6000000000000001 },
	.out_words = 3,
	.backend_caps = 0x6000000000000001,
	.backend_head = 24,
};

/* Of a VM that is older than the trace: what it did before is not known. */
static const struct cc_record ask = {
	.type = CC_ARCH_COMPAT,
	.pid = 2,
	.tid = 2,
	.vm = 2,
	.vm_ino = 2,
	.comm = "vmm",
	.thread = "vmm",
	.vm_name = "2-2",
	.arg = 0x0f000007,
	.ret = -22,
	.mono_ns = 30,
};

static const struct cc_record own_ask = {
	CALLER,
	.type = CC_ARCH_COMPAT,
	.arg = 0x0f000006,
	.mono_ns = 40,
};

static const struct cc_record failed_query = {
	.type = CC_NEGOTIATION,
	.pid = 2,
	.tid = 2,
	.vm = 2,
	.vm_ino = 2,
	.comm = "vmm",
	.thread = "vmm",
	.vm_name = "2-2",
	.cmd = ABI_CMD_V5,
	.ret = -25,
	.mono_ns = 25,
};

static const struct cc_record run = {
	CALLER,
	.type = CC_RUN,
	.cmd = ABI_EXIT_UNKNOWN,
	.arg = 1,
	.in_words = CC_VCPU_PVR + 1,
	.in = { 1, 0x0f000006 },
	.mono_ns = 50,
};

static const struct cc_record failed_run = {
	CALLER,
	.type = CC_RUN,
	.ret = -22,
	.mono_ns = 60,
};

static const struct cc_record good_run = {
	CALLER,
	.type = CC_RAN,
	.cmd = 2,
	.in_words = CC_VCPU_PVR + 1,
	.in = { 1, 0x0f000006 },
	.mono_ns = 47,
};

static const struct cc_record line = {
	CALLER, .type = CC_KERNEL, .cmd = ABI_CMD_RUN, .arg = 3, .mono_ns = 45,
};

static const uint64_t older[] = { 2 };
static const struct loss_count losses[] = {
	{ { 1, 1, CC_LOSS_RING, CC_NEGOTIATION, ABI_CMD_MAINLINE, -7 }, 1 },
};

static struct inventory_vcpu vcpus[] = { { 0, true, 0x0f000006 } };
static struct inventory_process owner = { .pid = 3, .part = PART_OWNER, .comm = "vmm" };
static const struct inventory_vm found = {
	.kvm = 3,
	.ino = 3,
	.name = "3-2",
	.backend = BACKEND_HV,
	.n_vcpus = COUNT(vcpus),
	.vcpus = vcpus,
	.n_open_vcpus = COUNT(vcpus),
	.processes = &owner,
	.n_processes = 1,
	.name_option = "guest=c",
	.cgroup = "/",
};

static const struct frame samples[] = {
	{ .type = FRAME_TRACE,
	  .trace = { .id = { "host", "boot", "release", "build", "arch", "kvm", 1 },
		     .host = host,
		     .filters = { .text = "-- COMMAND" },
		     .clock_offset_ns = 1 } },
	{ .type = FRAME_ATTACH,
	  .attach = { .point = POINT_IOCTL,
		      .how = ATTACH_ABSENT,
		      .why = "why",
		      .known = true,
		      .older = older,
		      .n_older = COUNT(older) } },
	{ .type = FRAME_FOUND, .found.vm = &found },
	{ .type = FRAME_HOST, .host = { host, true } },
	{ .type = FRAME_VM, .vm = { false, 1, 1, "1-2", "vmm", "guest=a", "/", INCOMING_UNKNOWN } },
	{ .type = FRAME_CALL, .call = { &check, "guest=a", "/", NULL } },
	{ .type = FRAME_CALL, .call = { &too_new, "guest=a", "/", NULL } },
	{ .type = FRAME_CALL, .call = { &query, "guest=a", "/", NULL } },
	{ .type = FRAME_CALL, .call = { &failed_query, "guest=b", "/", NULL } },
	{ .type = FRAME_CALL, .call = { &ask, "guest=b", "/", NULL } },
	{ .type = FRAME_CALL, .call = { &own_ask, "guest=a", "/", NULL } },
	{ .type = FRAME_CALL, .call = { &good_run, "guest=a", "/", NULL } },
	{ .type = FRAME_KERNEL, .kernel = { &line, "KVM", "guest=a", "/" } },
	{ .type = FRAME_CALL, .call = { &run, "guest=a", "/", NULL } },
	{ .type = FRAME_CALL, .call = { &failed_run, "guest=a", "/", NULL } },
	{ .type = FRAME_LOST, .lost = { CC_LOSS_RING, 1, losses, COUNT(losses) } },
	{ .type = FRAME_VM, .vm = { true, 1, 1, "1-2", "vmm", "guest=a", "/", INCOMING_UNKNOWN } },
	{ .type = FRAME_END },
};

/* Their fields. */

static unsigned int kind_of(yyjson_mut_val *v)
{
	const char *text = yyjson_mut_get_str(v);

	if (text)
		return strncmp(text, "0x", 2) ? FIELD_TEXT : FIELD_HEX;
	if (yyjson_mut_is_num(v))
		return FIELD_NUMBER;
	if (yyjson_mut_is_bool(v))
		return FIELD_BOOL;
	if (yyjson_mut_is_arr(v))
		return FIELD_LIST;
	return yyjson_mut_is_obj(v) ? FIELD_OBJECT : 0;
}

static void add(struct table *t, const char *path, enum event_type type, unsigned int kinds)
{
	struct field *more;

	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].type == type && !strcmp(t->list[i].path, path)) {
			t->list[i].kinds |= kinds;
			return;
		}
	if (t->n == t->room) {
		more = reallocarray(t->list, 2 * t->room + 64, sizeof(*more));
		if (!more) {
			t->failed = true;
			return;
		}
		t->list = more;
		t->room = 2 * t->room + 64;
	}
	t->list[t->n] = (struct field){ .type = type, .kinds = kinds };
	snprintf(t->list[t->n++].path, FIELD_PATH_MAX, "%s", path);
}

static void add_object(struct table *t, yyjson_mut_val *o, const char *prefix, enum event_type type,
		       unsigned int depth)
{
	char path[FIELD_PATH_MAX];
	yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(o);
	yyjson_mut_val *key, *v;

	while ((key = yyjson_mut_obj_iter_next(&iter))) {
		v = yyjson_mut_obj_iter_get_val(key);
		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "",
			 yyjson_mut_get_str(key));
		add(t, path, type, kind_of(v));
		if (yyjson_mut_is_obj(v) && depth < DEPTH_MAX)
			add_object(t, v, path, type, depth + 1);
	}
}

static void on_event(const struct event *e, void *ctx)
{
	struct table *t = ctx;
	yyjson_mut_val *o = event_doc_of(t->doc, e);

	if (o)
		add_object(t, o, "", e->type, 0);
	else
		t->failed = true;
}

static int by_path(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c ? c : (int)x->type - (int)y->type;
}

static void fill(struct table *t)
{
	struct session *s = session_new(on_event, t);

	t->doc = event_doc_new();
	if (s && t->doc)
		for (size_t i = 0; i < COUNT(samples); i++)
			session_frame(s, &samples[i]);
	t->failed |= !s || !t->doc;
	event_doc_free(t->doc);
	session_free(s);
	if (t->n)
		qsort(t->list, t->n, sizeof(*t->list), by_path);
}

const struct field *fields(size_t *n)
{
	static struct table table;

	if (!table.list) {
		fill(&table);
		if (table.failed) {
			free(table.list);
			table = (struct table){ 0 };
		}
	}
	*n = table.n;
	return table.list;
}

unsigned int field_types(const char *path, unsigned int *kinds)
{
	unsigned int types = 0;
	const struct field *list;
	size_t n;

	*kinds = 0;
	list = fields(&n);
	for (size_t i = 0; list && i < n; i++)
		if (!strcmp(list[i].path, path)) {
			types |= 1u << list[i].type;
			*kinds |= list[i].kinds;
		}
	return types;
}

unsigned int spelling_distance(const char *a, const char *b, unsigned int max)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned int row[LETTERS_MAX + 1], last, next, least;

	if (n > LETTERS_MAX || m > LETTERS_MAX)
		return max + 1;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		last = row[0];
		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= m; j++, last = next) {
			next = row[j];
			least = last + (a[i - 1] != b[j - 1]);
			least = row[j] + 1 < least ? row[j] + 1 : least;
			row[j] = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
		}
	}
	return row[m] > max ? max + 1 : row[m];
}

const char *field_like(const char *path, unsigned int types)
{
	unsigned int best = 1 + (unsigned int)strlen(path) / 3, distance;
	const char *found = NULL;
	const struct field *list;
	size_t n;

	list = fields(&n);
	for (size_t i = 0; list && i < n; i++) {
		if (!(types & 1u << list[i].type))
			continue;
		distance = spelling_distance(path, list[i].path, best);
		if (distance <= best && (!found || distance < best)) {
			found = list[i].path;
			best = distance;
		}
	}
	return found;
}
