// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every value is asked for by key, kind and range; the first that is not as it must be makes the
 * line a bad one and is named. A line that cannot be read may have been any event of any VM: that
 * becomes a loss, so that no story is told as if nothing were missing.
 */
#include "recording/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "diagnosis/event.h"
#include "lib/text.h"

#define KEYS_MAX    256 /* of an object; no event has a tenth of it */
#define KEY_MARKS   256
#define LINE_BYTES  (STREAM_LINE_MAX + 2) /* with its end, and a NUL */
#define PROBLEM_LEN 256

/* Text that had to be escaped, until the next line. */
struct scrap {
	struct scrap *next;
	char text[];
};

struct stream {
	FILE *f;
	const char *name;
	bool recorded;
	char *line;
	size_t len;
	uint64_t number; /* of the line */
	struct rfc3339_memory time;
	/* Of the line that is being read. */
	yyjson_doc *doc;
	struct scrap *scraps;
	bool failed;
	char problem[PROBLEM_LEN]; /* the first one */
	struct cc_record rec;
	struct recorded_verdict said;
	uint64_t *older;
	struct loss_count *by;
	struct inventory_vm found;
	struct inventory_process process;
	/* What is to be handed out, in this order. */
	bool has_warning, has_lost, has_frame;
	char warning[PROBLEM_LEN];
	struct frame lost, frame;
	/* Of all lines so far. */
	bool started, outcomes;
	uint64_t seq;	   /* of the last one that was read */
	uint64_t n_bad;	   /* since then */
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
	s->recorded = recorded;
	s->line = malloc(LINE_BYTES);
	if (s->line)
		return s;
	free(s);
	return NULL;
}

static void forget_line(struct stream *s)
{
	struct scrap *scrap;

	while ((scrap = s->scraps)) {
		s->scraps = scrap->next;
		free(scrap);
	}
	free(s->older);
	free(s->by);
	free(s->found.vcpus);
	s->found = (struct inventory_vm){ 0 };
	s->older = NULL;
	s->by = NULL;
	yyjson_doc_free(s->doc);
	s->doc = NULL;
	s->failed = false;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	forget_line(s);
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
	/* A NUL is in it, with which it is no JSON: that one is left for the parser to see. */
	s->len++;
	return LINE_WHOLE;
}

/* Values, each of them checked. */

static val *member(struct stream *s, val *o, const char *key)
{
	val *v = yyjson_obj_get(o, key);

	if (!v)
		fail(s, "\"%s\" is missing", key);
	return v;
}

static val *object(struct stream *s, val *o, const char *key)
{
	val *v = member(s, o, key);

	if (v && !yyjson_is_obj(v))
		fail(s, "\"%s\" is no object", key);
	return v;
}

static uint64_t get_uint(struct stream *s, val *v, const char *key, uint64_t max)
{
	if (v && yyjson_is_uint(v) && yyjson_get_uint(v) <= max)
		return yyjson_get_uint(v);
	fail(s, "\"%s\" is no whole number from 0 to %" PRIu64, key, max);
	return 0;
}

static uint64_t get_u64(struct stream *s, val *o, const char *key)
{
	return get_uint(s, member(s, o, key), key, UINT64_MAX);
}

static uint32_t get_u32(struct stream *s, val *o, const char *key)
{
	return (uint32_t)get_uint(s, member(s, o, key), key, UINT32_MAX);
}

static int64_t get_sint(struct stream *s, val *o, const char *key, int64_t min, int64_t max)
{
	val *v = member(s, o, key);
	int64_t value = 0;
	bool whole = false;

	if (v && yyjson_is_uint(v)) {
		whole = yyjson_get_uint(v) <= INT64_MAX;
		value = (int64_t)yyjson_get_uint(v);
	} else if (v && yyjson_is_sint(v)) {
		whole = true;
		value = yyjson_get_sint(v);
	}
	if (whole && value >= min && value <= max)
		return value;
	fail(s, "\"%s\" is no whole number from %" PRId64 " to %" PRId64, key, min, max);
	return 0;
}

static int32_t get_s32(struct stream *s, val *o, const char *key)
{
	return (int32_t)get_sint(s, o, key, INT32_MIN, INT32_MAX);
}

static bool get_bool(struct stream *s, val *o, const char *key)
{
	val *v = member(s, o, key);

	if (v && !yyjson_is_bool(v))
		fail(s, "\"%s\" is neither true nor false", key);
	return yyjson_get_bool(v);
}

/* NULL where null stands. As escaped, whatever it is in the file. */
static const char *get_text(struct stream *s, val *o, const char *key)
{
	val *v = member(s, o, key);
	const char *text = yyjson_get_str(v);
	struct scrap *scrap;
	size_t room;

	if (v && !text && !yyjson_is_null(v))
		fail(s, "\"%s\" is no text", key);
	if (!text || text_is_escaped(text))
		return text;
	room = 4 * yyjson_get_len(v) + 1;
	scrap = malloc(sizeof(*scrap) + room);
	if (!scrap) {
		fail(s, "there is not enough memory for it");
		return NULL;
	}
	scrap->next = s->scraps;
	s->scraps = scrap;
	return text_escape(scrap->text, room, text, room);
}

/* A name as the kernel has it, into size bytes with its NUL. */
static void get_name(struct stream *s, val *o, const char *key, char *name, size_t size)
{
	const char *text = get_text(s, o, key);
	size_t len = text ? text_unescape(name, size, text) : 0;

	if (len == size)
		fail(s, "\"%s\" is longer than %zu bytes", key, size - 1);
	memset(name + len, 0, size - len);
}

/* "0x" and so many lower-case digits; false: null. */
static bool get_hex(struct stream *s, val *o, const char *key, size_t digits, uint64_t *value)
{
	val *v = member(s, o, key);
	const char *text = yyjson_get_str(v);

	*value = 0;
	if (!v || yyjson_is_null(v))
		return false;
	if (text && yyjson_get_len(v) == digits + 2 && !strncmp(text, "0x", 2) &&
	    strspn(text + 2, "0123456789abcdef") == digits) {
		*value = strtoull(text, NULL, 16);
		return true;
	}
	fail(s, "\"%s\" is no 0x with %zu lower-case hexadecimal digits", key, digits);
	return false;
}

static uint64_t get_hex64(struct stream *s, val *o, const char *key)
{
	uint64_t value;

	get_hex(s, o, key, 16, &value);
	return value;
}

static uint32_t get_hex32(struct stream *s, val *o, const char *key)
{
	uint64_t value;

	get_hex(s, o, key, 8, &value);
	return (uint32_t)value;
}

/* The index of the word in names, n of them, where NULL stands for null. */
static unsigned int get_word(struct stream *s, val *o, const char *key, const char *(*name)(int),
			     unsigned int n)
{
	val *v = member(s, o, key);
	const char *word = yyjson_get_str(v);

	for (unsigned int i = 0; v && i < n; i++) {
		const char *known = name((int)i);

		if (known ? word && !strcmp(word, known) : yyjson_is_null(v))
			return i;
	}
	fail(s, "\"%s\" is no word that this program knows", key);
	return 0;
}

/* Frames. */

static const char *fact_word(int i)
{
	return (const char *[]){ "unknown", "absent", "known" }[i];
}

static const char *nested_word(int i)
{
	return (const char *[]){ NULL, "none", "v1", "v2" }[i];
}

static const char *loss_word(int i)
{
	return loss_name((enum cc_loss)i);
}

static const char *how_word(int i)
{
	return attach_how_name((enum attach_how)i);
}

static const char *vm_word(int i)
{
	return (const char *[]){ "created", "ended" }[i];
}

static enum fact get_fact(struct stream *s, val *o, const char *key, const char *value_key,
			  bool has_value)
{
	enum fact fact = get_word(s, o, key, fact_word, FACT_KNOWN + 1);

	if (has_value != (fact == FACT_KNOWN))
		fail(s, "\"%s\" and \"%s\" contradict each other", key, value_key);
	return fact;
}

static void get_facts(struct stream *s, val *o, struct host_facts *h)
{
	val *ksize = member(s, o, "ksize");
	bool has_ksize = ksize && !yyjson_is_null(ksize), has_version, has_caps;
	uint64_t version, caps;

	*h = (struct host_facts){ .page_size = get_u32(s, o, "page_size") };
	h->ksize = has_ksize ? get_u64(s, o, "ksize") : 0;
	h->ksize_is = get_fact(s, o, "ksize_is", "ksize", has_ksize);
	h->kernel_cmd = get_hex32(s, o, "kernel_cmd");
	h->pseries_is = get_word(s, o, "pseries_is", fact_word, FACT_KNOWN + 1);
	has_version = get_hex(s, o, "cpu_version", 8, &version);
	h->cpu_version = (uint32_t)version;
	h->cpu_version_is = get_fact(s, o, "cpu_version_is", "cpu_version", has_version);
	h->nested = get_word(s, o, "nested_api", nested_word, NESTED_V2 + 1);
	has_caps = get_hex(s, o, "nested_caps", 16, &caps);
	h->nested_caps = caps;
	h->nested_caps_is = get_fact(s, o, "nested_caps_is", "nested_caps", has_caps);
}

static bool read_trace(struct stream *s, val *root, struct frame *f)
{
	val *filters = object(s, root, "filters"), *host = object(s, root, "host");
	val *cpus = member(s, host, "cpus");
	struct host_id *id = &f->trace.id;

	f->type = FRAME_TRACE;
	f->trace.filters.threads = get_bool(s, filters, "threads");
	f->trace.filters.outcomes = get_bool(s, filters, "outcomes");
	f->trace.filters.text = get_text(s, filters, "options");
	f->trace.clock_offset_ns = get_sint(s, root, "clock_offset_ns", INT64_MIN, INT64_MAX);
	id->name = get_text(s, host, "name");
	id->boot_id = get_text(s, host, "boot_id");
	id->release = get_text(s, host, "release");
	id->build = get_text(s, host, "build");
	id->arch = get_text(s, host, "arch");
	id->modules = get_text(s, host, "modules");
	id->cpus = yyjson_is_null(cpus) ? 0 : get_u32(s, host, "cpus");
	get_facts(s, host, &f->trace.host);
	s->outcomes = f->trace.filters.outcomes;
	return true;
}

static bool read_host(struct stream *s, val *root, struct frame *f)
{
	f->type = FRAME_HOST;
	f->host.kvm_reloaded = get_bool(s, root, "kvm_reloaded");
	get_facts(s, object(s, root, "host"), &f->host.facts);
	return true;
}

static void get_older(struct stream *s, val *list, struct frame *f)
{
	size_t i, n;
	val *v;

	f->attach.known = true;
	s->older = calloc(yyjson_arr_size(list) + 1, sizeof(*s->older));
	if (!s->older) {
		fail(s, "there is not enough memory for it");
		return;
	}
	yyjson_arr_foreach(list, i, n, v)
		s->older[i] = get_uint(s, v, "older", UINT64_MAX);
	f->attach.older = s->older;
	f->attach.n_older = n;
}

static bool read_attach(struct stream *s, val *root, struct frame *f)
{
	const char *func = yyjson_get_str(member(s, root, "function"));
	val *older = member(s, root, "older");
	int point = 0;

	while (func && point < ATTACH_POINTS && strcmp(func, attach_func(point)))
		point++;
	if (!func)
		fail(s, "\"function\" is no text");
	/* A function that a newer program watches. */
	if (point == ATTACH_POINTS)
		return false;
	f->type = FRAME_ATTACH;
	f->attach.point = point;
	f->attach.how = get_word(s, root, "how", how_word, ATTACH_HOWS);
	f->attach.why = get_text(s, root, "why");
	f->attach.released = get_bool(s, root, "released");
	if (yyjson_is_arr(older))
		get_older(s, older, f);
	else if (older && !yyjson_is_null(older))
		fail(s, "\"older\" is no list");
	return true;
}

static bool is_there(struct stream *s, val *ev, const char *key)
{
	val *v = member(s, ev, key);

	return v && !yyjson_is_null(v);
}

/* An older program has not looked. */
static enum incoming get_incoming(struct stream *s, val *ev)
{
	val *v = yyjson_obj_get(ev, "incoming");

	if (!v || yyjson_is_null(v))
		return INCOMING_UNKNOWN;
	return get_bool(s, ev, "incoming") ? INCOMING_YES : INCOMING_NO;
}

static const char *part_word(int i)
{
	return (const char *[]){ "holder", "owner", "ending" }[i];
}

static const char *backend_word(int i)
{
	return inventory_backend_name((enum inventory_backend)i);
}

static void get_vcpus(struct stream *s, val *ev, struct inventory_vm *vm)
{
	val *list = member(s, ev, "vcpu_modes"), *v;
	size_t i, n;

	if (list && !yyjson_is_arr(list))
		fail(s, "\"vcpu_modes\" is no list");
	vm->vcpus = calloc(yyjson_arr_size(list) + 1, sizeof(*vm->vcpus));
	if (!vm->vcpus) {
		fail(s, "there is not enough memory for it");
		return;
	}
	yyjson_arr_foreach(list, i, n, v) {
		vm->vcpus[i].id = get_u32(s, v, "vcpu");
		vm->vcpus[i].has_mode = is_there(s, v, "pvr");
		if (vm->vcpus[i].has_mode)
			vm->vcpus[i].pvr = get_u32(s, v, "pvr");
	}
	vm->n_open_vcpus = n;
	if (vm->n_open_vcpus > vm->n_vcpus)
		fail(s, "\"vcpu_modes\" has more vCPUs than the VM");
}

/* As it is, that is escaped; cut where it cannot have been so long. */
static void copy_text(char *to, size_t size, const char *from)
{
	if (from)
		snprintf(to, size, "%s", from);
}

static bool read_found(struct stream *s, val *root, struct frame *f)
{
	val *ev = object(s, root, "evidence");
	struct inventory_process *p = &s->process;
	struct inventory_vm *vm = &s->found;

	*p = (struct inventory_process){ .pid = get_u32(s, ev, "pid") };
	p->part = get_word(s, ev, "part", part_word, PART_ENDING + 1);
	copy_text(p->comm, sizeof(p->comm), get_text(s, ev, "comm"));
	*vm = (struct inventory_vm){ .kvm = get_hex64(s, ev, "vm"),
				     .ino = get_u64(s, ev, "vm_ino"),
				     .backend = get_word(s, ev, "backend", backend_word, BACKENDS),
				     .n_vcpus = get_u32(s, ev, "vcpus"),
				     .processes = p,
				     .n_processes = 1 };
	copy_text(vm->name, sizeof(vm->name), get_text(s, ev, "vm_name"));
	vm->name_option = (char *)get_text(s, ev, "name_option");
	vm->incoming = get_incoming(s, ev);
	vm->cgroup = (char *)get_text(s, root, "cgroup");
	get_vcpus(s, ev, vm);
	f->type = FRAME_FOUND;
	f->found.vm = vm;
	return true;
}

static bool read_vm(struct stream *s, val *root, struct frame *f)
{
	val *ev = object(s, root, "evidence");

	f->type = FRAME_VM;
	f->vm.ended = get_word(s, root, "event", vm_word, 2);
	f->vm.cgroup = get_text(s, root, "cgroup");
	f->vm.pid = get_u32(s, ev, "pid");
	f->vm.ino = get_u64(s, ev, "vm_ino");
	f->vm.vm_name = get_text(s, ev, "vm_name");
	f->vm.comm = get_text(s, ev, "comm");
	f->vm.name_option = get_text(s, ev, "name_option");
	f->vm.incoming = get_incoming(s, ev);
	return true;
}

static __u8 get_words(struct stream *s, val *ev, const char *key, __u64 words[CC_WORDS])
{
	val *list = member(s, ev, key), *v;
	size_t i, n;

	if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > CC_WORDS)) {
		fail(s, "\"%s\" is no list of at most %d words", key, CC_WORDS);
		return 0;
	}
	yyjson_arr_foreach(list, i, n, v)
		words[i] = get_uint(s, v, key, UINT64_MAX);
	return (__u8)n;
}

static void get_hook(struct stream *s, val *ev, struct cc_record *r)
{
	val *hook;

	if (get_bool(s, ev, "watched"))
		r->seen |= CC_SEEN_WATCHED;
	if (is_there(s, ev, "has_hook")) {
		r->seen |= CC_SEEN_OPS;
		r->has_hook = get_bool(s, ev, "has_hook");
	}
	if (is_there(s, ev, "hook")) {
		hook = object(s, ev, "hook");
		r->seen |= CC_SEEN_BACKEND;
		r->backend_ret = get_s32(s, hook, "ret");
		r->backend_caps = get_hex64(s, hook, "caps");
	}
	if (is_there(s, ev, "head")) {
		r->seen |= CC_SEEN_HEAD;
		r->backend_head = get_u64(s, ev, "head");
	}
}

static void get_tail(struct stream *s, val *ev, struct cc_record *r)
{
	val *tail;

	if (!is_there(s, ev, "tail"))
		return;
	tail = object(s, ev, "tail");
	r->seen |= CC_SEEN_TAIL;
	r->tail_from = get_u32(s, tail, "from");
	r->tail_read = get_u32(s, tail, "read");
	r->tail_first = get_u32(s, tail, "first");
}

static void get_record(struct stream *s, val *ev, struct cc_record *r)
{
	r->vm = get_hex64(s, ev, "vm");
	r->vm_ino = get_u64(s, ev, "vm_ino");
	get_name(s, ev, "vm_name", r->vm_name, sizeof(r->vm_name));
	r->cgroup = get_u64(s, ev, "cgroup");
	r->cmd = get_hex32(s, ev, "cmd");
	r->arg = get_hex64(s, ev, "arg");
	r->ret = get_s32(s, ev, "ret");
	r->latency_ns = get_u64(s, ev, "latency_ns");
	r->in_words = get_words(s, ev, "in", r->in);
	r->out_words = get_words(s, ev, "out", r->out);
	get_hook(s, ev, r);
	get_tail(s, ev, r);
}

/* What was said then; of a verdict that this program does not know it says its own. */
static const struct recorded_verdict *get_said(struct stream *s, val *root, enum cc_type type)
{
	const char *word = yyjson_get_str(yyjson_obj_get(root, "cause"));
	int cause;

	if (!s->recorded || !word || type == CC_EXTENSION)
		return NULL;
	s->said = (struct recorded_verdict){ .hint = get_text(s, root, "hint") };
	cause = type == CC_NEGOTIATION ? cause_by_name(word) : arch_cause_by_name(word);
	if (cause < 0 || !s->said.hint || strlen(s->said.hint) >= DIAGNOSIS_HINT_LEN)
		return NULL;
	if (type == CC_NEGOTIATION)
		s->said.cause = cause;
	else
		s->said.arch_cause = cause;
	return &s->said;
}

static bool read_call(struct stream *s, val *root, struct frame *f, enum cc_type type)
{
	val *ev = object(s, root, "evidence");

	memset(&s->rec, 0, sizeof(s->rec));
	s->rec.type = type;
	s->rec.mono_ns = f->mono_ns;
	s->rec.pid = get_u32(s, root, "pid");
	s->rec.tid = get_u32(s, root, "tid");
	get_name(s, root, "comm", s->rec.comm, sizeof(s->rec.comm));
	get_name(s, root, "thread", s->rec.thread, sizeof(s->rec.thread));
	get_record(s, ev, &s->rec);
	if (!s->failed && !record_valid(&s->rec))
		fail(s, "its evidence contradicts itself");
	f->type = FRAME_CALL;
	f->call.rec = &s->rec;
	f->call.name_option = get_text(s, ev, "name_option");
	f->call.cgroup = get_text(s, root, "cgroup");
	f->call.said = get_said(s, root, type);
	return true;
}

static bool read_negotiation(struct stream *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_NEGOTIATION);
}

static bool read_extension(struct stream *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_EXTENSION);
}

static bool read_arch(struct stream *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_ARCH_COMPAT);
}

/* Who it was, and which VM. */
static val *read_who(struct stream *s, val *root, const struct frame *f, enum cc_type type)
{
	val *ev = object(s, root, "evidence");
	struct cc_record *r = &s->rec;

	*r = (struct cc_record){ .type = type, .mono_ns = f->mono_ns };
	if (is_there(s, root, "pid")) {
		r->pid = get_u32(s, root, "pid");
		r->tid = get_u32(s, root, "tid");
		get_name(s, root, "comm", r->comm, sizeof(r->comm));
		get_name(s, root, "thread", r->thread, sizeof(r->thread));
	}
	r->vm = get_hex64(s, ev, "vm");
	r->vm_ino = get_u64(s, ev, "vm_ino");
	get_name(s, ev, "vm_name", r->vm_name, sizeof(r->vm_name));
	r->cgroup = get_u64(s, ev, "cgroup");
	return ev;
}

static void check_record(struct stream *s)
{
	if (!s->failed && !record_valid(&s->rec))
		fail(s, "its evidence contradicts itself");
}

/* What the vCPU told; an older program has not asked. */
static void get_vcpu(struct stream *s, val *ev, struct cc_record *r)
{
	val *exits = yyjson_obj_get(ev, "exits"), *pvr = yyjson_obj_get(ev, "vcpu_pvr");

	if (!exits || yyjson_is_null(exits))
		return;
	r->in[CC_VCPU_EXITS] = get_uint(s, exits, "exits", UINT64_MAX);
	r->in_words = CC_VCPU_EXITS + 1;
	if (!pvr || yyjson_is_null(pvr))
		return;
	r->in[CC_VCPU_PVR] = get_hex32(s, ev, "vcpu_pvr");
	r->in_words = CC_VCPU_PVR + 1;
}

static bool read_exit(struct stream *s, val *root, struct frame *f, enum cc_type type)
{
	val *ev = read_who(s, root, f, type);

	s->rec.ret = get_s32(s, ev, "ret");
	s->rec.cmd = get_u32(s, ev, "exit_reason");
	if (type == CC_RUN)
		s->rec.arg = get_hex64(s, ev, "hardware_reason");
	get_vcpu(s, ev, &s->rec);
	check_record(s);
	f->type = FRAME_CALL;
	f->call.rec = &s->rec;
	f->call.name_option = get_text(s, ev, "name_option");
	f->call.cgroup = get_text(s, root, "cgroup");
	return true;
}

static bool read_run(struct stream *s, val *root, struct frame *f)
{
	return read_exit(s, root, f, CC_RUN);
}

static bool read_ran(struct stream *s, val *root, struct frame *f)
{
	return read_exit(s, root, f, CC_RAN);
}

static bool read_kernel(struct stream *s, val *root, struct frame *f)
{
	val *ev = read_who(s, root, f, CC_KERNEL);

	if (get_bool(s, ev, "interrupt"))
		s->rec.seen = CC_SEEN_INTERRUPT;
	s->rec.cmd = get_hex32(s, ev, "cmd");
	s->rec.arg = get_u32(s, ev, "length");
	check_record(s);
	f->type = FRAME_KERNEL;
	f->kernel.rec = &s->rec;
	f->kernel.text = get_text(s, root, "message");
	f->kernel.name_option = get_text(s, ev, "name_option");
	f->kernel.cgroup = get_text(s, root, "cgroup");
	if (!f->kernel.text || strlen(f->kernel.text) > 4 * CC_LINE_LEN)
		fail(s, "\"message\" is no text of at most %d characters", 4 * CC_LINE_LEN);
	return true;
}

/* 0: not known, or to a newer program alone. */
static uint32_t get_lost_type(struct stream *s, val *o)
{
	val *v = member(s, o, "type");

	if (v && !yyjson_is_null(v) && !yyjson_is_str(v))
		fail(s, "\"type\" is no text");
	if (yyjson_equals_str(v, event_type_name(EVENT_NEGOTIATION)))
		return CC_NEGOTIATION;
	if (yyjson_equals_str(v, event_type_name(EVENT_EXTENSION)))
		return CC_EXTENSION;
	if (yyjson_equals_str(v, event_type_name(EVENT_ARCH_COMPAT)))
		return CC_ARCH_COMPAT;
	if (yyjson_equals_str(v, event_type_name(EVENT_RUN)))
		return CC_RUN;
	if (yyjson_equals_str(v, event_type_name(EVENT_RAN)))
		return CC_RAN;
	if (yyjson_equals_str(v, event_type_name(EVENT_KERNEL)))
		return CC_KERNEL;
	return 0;
}

static void get_loss(struct stream *s, val *o, enum cc_loss loss, struct loss_count *by)
{
	val *ev = object(s, o, "evidence");

	by->key.loss = loss;
	by->key.type = get_lost_type(s, o);
	by->key.cmd = get_hex32(s, o, "cmd");
	by->key.ret = is_there(s, o, "ret") ? get_s32(s, o, "ret") : CC_RET_UNKNOWN;
	by->n = get_u64(s, o, "n");
	by->key.vm = get_hex64(s, ev, "vm");
	by->key.vm_ino = get_u64(s, ev, "vm_ino");
}

static bool read_lost(struct stream *s, val *root, struct frame *f)
{
	val *list = member(s, root, "by"), *v;
	size_t i, n;

	f->type = FRAME_LOST;
	f->lost.n = get_u64(s, root, "n");
	f->lost.loss = get_word(s, root, "reason", loss_word, CC_LOSSES);
	if (list && !yyjson_is_arr(list))
		fail(s, "\"by\" is no list");
	s->by = calloc(yyjson_arr_size(list) + 1, sizeof(*s->by));
	if (!s->by) {
		fail(s, "there is not enough memory for it");
		return true;
	}
	yyjson_arr_foreach(list, i, n, v)
		get_loss(s, v, f->lost.loss, &s->by[i]);
	f->lost.by = s->by;
	f->lost.n_by = n;
	return true;
}

static bool read_end(struct stream *s, val *root, struct frame *f)
{
	val *repeated = yyjson_obj_get(yyjson_obj_get(root, "totals"), "runs_repeated");

	f->type = FRAME_END;
	f->end.cut_off = get_bool(s, root, "cut_off");
	/* An older program has not counted them. */
	if (repeated)
		f->end.runs_repeated = get_uint(s, repeated, "runs_repeated", UINT64_MAX);
	return true;
}

typedef bool read_fn(struct stream *s, val *root, struct frame *f);

/* NULL: follows from others, and is told anew. */
static read_fn *const readers[EVENT_TYPES] = {
	[EVENT_TRACE] = read_trace,
	[EVENT_HOST] = read_host,
	[EVENT_ATTACH] = read_attach,
	[EVENT_FOUND] = read_found,
	[EVENT_VM] = read_vm,
	[EVENT_NEGOTIATION] = read_negotiation,
	[EVENT_EXTENSION] = read_extension,
	[EVENT_ARCH_COMPAT] = read_arch,
	[EVENT_RETRY] = NULL,
	[EVENT_RUN] = read_run,
	[EVENT_RAN] = read_ran,
	[EVENT_KERNEL] = read_kernel,
	[EVENT_LOST] = read_lost,
	[EVENT_END] = read_end,
};

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
	if (!s->doc) {
		fail(s, "no JSON (%s, byte %zu)", err.msg, err.pos + 1);
		return NULL;
	}
	if (!yyjson_is_obj(yyjson_doc_get_root(s->doc)))
		fail(s, "no JSON object");
	check_values(s, s->doc);
	return yyjson_doc_get_root(s->doc);
}

static void get_times(struct stream *s, val *root, struct frame *f)
{
	const char *ts = yyjson_get_str(member(s, root, "ts"));

	f->mono_ns = get_u64(s, root, "mono_ns");
	if (!ts || !rfc3339_read_next(ts, &s->time, &f->real_ns))
		fail(s, "\"ts\" is no time such as 2026-11-22T06:00:00.123456789Z");
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
	s->n_bad = 0;
	if (!n)
		return;
	s->has_lost = true;
	s->lost = (struct frame){ .type = FRAME_LOST,
				  .mono_ns = at->mono_ns,
				  .real_ns = at->real_ns };
	s->lost.lost.loss = CC_LOSS_UNREADABLE;
	s->lost.lost.n = n;
}

static void follow(struct stream *s, uint64_t seq, const struct frame *f)
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
	s->seq = seq;
	s->last = *f;
}

static int type_by_name(const char *name)
{
	int type = 0;

	while (type < EVENT_TYPES && strcmp(name, event_type_name(type)))
		type++;
	return type;
}

static void read_event(struct stream *s, val *root, uint64_t seq)
{
	const char *name = yyjson_get_str(member(s, root, "type"));
	int type = name ? type_by_name(name) : EVENT_TYPES;
	struct frame f = { 0 };
	bool used = false;

	if (!name)
		fail(s, "\"type\" is no text");
	get_times(s, root, &f);
	if (!s->failed && type < EVENT_TYPES && readers[type])
		used = readers[type](s, root, &f);
	if (s->failed)
		return;
	follow(s, seq, &f);
	s->ended = type == EVENT_END;
	s->after_end = false;
	if (s->ended)
		s->end = f;
	s->frame = f;
	s->has_frame = used && !s->ended;
}

static enum stream_status bad(const struct stream *s, char *error, size_t len)
{
	snprintf(error, len, "%s, line %" PRIu64 " cannot be read: %s", s->name, s->number,
		 s->problem);
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

/* The first line: what has none is something else. */
static enum stream_status start(struct stream *s, enum line line, char *error, size_t len)
{
	val *root = NULL, *schema;

	if (line == LINE_NONE)
		fail(s, "it is empty");
	else if (line == LINE_LONG)
		fail(s, "its first line is longer than %u bytes", STREAM_LINE_MAX);
	else
		root = parse(s);
	schema = yyjson_obj_get(root, "schema");
	if (!yyjson_equals_str(yyjson_obj_get(root, "type"), event_type_name(EVENT_TRACE)) ||
	    !yyjson_is_uint(schema) || !yyjson_get_uint(schema))
		fail(s, "its first line is no \"trace\"");
	if (!s->failed && yyjson_get_uint(schema) > STREAM_SCHEMA)
		return too_new(s, root, error, len);
	read_event(s, root, get_u64(s, root, "seq"));
	s->started = true;
	if (!s->failed)
		return STREAM_FRAME;
	s->fatal = true;
	snprintf(error, len, "%s is no recording of compatcaps-trace: %s", s->name, s->problem);
	return STREAM_FATAL;
}

static enum stream_status read_parsed(struct stream *s, val *root, char *error, size_t len)
{
	uint64_t seq = get_u64(s, root, "seq");

	if (yyjson_equals_str(yyjson_obj_get(root, "type"), event_type_name(EVENT_TRACE))) {
		s->stop = true;
		fail(s, "another recording begins here");
		return bad(s, error, len);
	}
	if (!s->failed && seq <= s->seq) {
		fail(s, "out of order, seq %" PRIu64 " comes after %" PRIu64, seq, s->seq);
		return bad(s, error, len);
	}
	read_event(s, root, seq);
	if (!s->failed)
		return STREAM_FRAME;
	s->n_bad++;
	return bad(s, error, len);
}

static void finish(struct stream *s)
{
	s->done = s->has_frame = true;
	if (s->ended) {
		s->frame = s->end;
		return;
	}
	s->frame = (struct frame){ .type = FRAME_END,
				   .mono_ns = s->last.mono_ns,
				   .real_ns = s->last.real_ns,
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
	if (s->failed && line == LINE_TORN) {
		finish(s);
		return STREAM_FRAME;
	}
	if (!s->failed)
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
