// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each section of schema.def becomes a function that reads its rows from a JSON object. Every value
 * is asked for by key, kind and range; the first that is not as it must be makes the line a bad one
 * and is named. Nothing of a bad line is used.
 */
#include "recording/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "diagnosis/event.h"
#include "lib/text.h"
#include "recording/words.h"

/* Text that had to be escaped, until the next line. */
struct scrap {
	struct scrap *next;
	char text[];
};

struct decoder {
	bool recorded; /* take along what was said then */
	struct rfc3339_memory time;
	/* Of the line that is being read. */
	struct scrap *scraps;
	bool failed;
	char problem[DECODE_PROBLEM_LEN]; /* the first one */
	struct cc_record rec;
	struct recorded_verdict said;
	uint64_t *older;
	struct loss_count *by;
	struct inventory_vm found;
	struct inventory_process process;
};

typedef yyjson_val val;

struct decoder *decoder_new(bool recorded)
{
	struct decoder *s = calloc(1, sizeof(*s));

	if (s)
		s->recorded = recorded;
	return s;
}

void decoder_reset(struct decoder *s)
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
	s->failed = false;
}

void decoder_free(struct decoder *s)
{
	if (s)
		decoder_reset(s);
	free(s);
}

const char *decoder_problem(const struct decoder *s)
{
	return s->failed ? s->problem : NULL;
}

static void fail(struct decoder *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct decoder *s, const char *fmt, ...)
{
	va_list ap;

	if (s->failed)
		return;
	s->failed = true;
	va_start(ap, fmt);
	vsnprintf(s->problem, sizeof(s->problem), fmt, ap);
	va_end(ap);
}

/* ---------------------------------------------------------------- values, each of them checked */

static val *member(struct decoder *s, val *o, const char *key)
{
	val *v = yyjson_obj_get(o, key);

	if (!v)
		fail(s, "\"%s\" is missing", key);
	return v;
}

static val *object(struct decoder *s, val *o, const char *key)
{
	val *v = member(s, o, key);

	if (v && !yyjson_is_obj(v))
		fail(s, "\"%s\" must be an object", key);
	return v;
}

static uint64_t get_uint(struct decoder *s, val *v, const char *key, uint64_t max)
{
	if (v && yyjson_is_uint(v) && yyjson_get_uint(v) <= max)
		return yyjson_get_uint(v);
	fail(s, "\"%s\" must be an integer from 0 to %" PRIu64, key, max);
	return 0;
}

static uint64_t get_u64(struct decoder *s, val *o, const char *key)
{
	return get_uint(s, member(s, o, key), key, UINT64_MAX);
}

static uint32_t get_u32(struct decoder *s, val *o, const char *key)
{
	return (uint32_t)get_uint(s, member(s, o, key), key, UINT32_MAX);
}

static int64_t get_sint(struct decoder *s, val *o, const char *key, int64_t min, int64_t max)
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
	fail(s, "\"%s\" must be an integer from %" PRId64 " to %" PRId64, key, min, max);
	return 0;
}

static int32_t get_s32(struct decoder *s, val *o, const char *key)
{
	return (int32_t)get_sint(s, o, key, INT32_MIN, INT32_MAX);
}

static bool get_bool(struct decoder *s, val *o, const char *key)
{
	val *v = member(s, o, key);

	if (v && !yyjson_is_bool(v))
		fail(s, "\"%s\" must be true or false", key);
	return yyjson_get_bool(v);
}

/* NULL where null stands. As escaped, whatever it is in the file. */
static const char *get_text(struct decoder *s, val *o, const char *key)
{
	val *v = member(s, o, key);
	const char *text = yyjson_get_str(v);
	struct scrap *scrap;
	size_t room;

	if (v && !text && !yyjson_is_null(v))
		fail(s, "\"%s\" must be text", key);
	if (!text || text_is_escaped(text))
		return text;
	room = 4 * yyjson_get_len(v) + 1;
	scrap = malloc(sizeof(*scrap) + room);
	if (!scrap) {
		fail(s, DECODE_NO_MEMORY);
		return NULL;
	}
	scrap->next = s->scraps;
	s->scraps = scrap;
	return text_escape(scrap->text, room, text, room);
}

/* A name as the kernel has it, into size bytes with its NUL. */
static void get_name(struct decoder *s, val *o, const char *key, char *name, size_t size)
{
	const char *text = get_text(s, o, key);
	size_t len = text ? text_unescape(name, size, text) : 0;

	if (len == size)
		fail(s, "\"%s\" is longer than %zu bytes", key, size - 1);
	memset(name + len, 0, size - len);
}

/* "0x" and so many lower-case digits; false: null. */
static bool get_hex(struct decoder *s, val *o, const char *key, size_t digits, uint64_t *value)
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
	fail(s, "\"%s\" must be 0x and %zu lower-case hexadecimal digits", key, digits);
	return false;
}

static uint64_t get_hex64(struct decoder *s, val *o, const char *key)
{
	uint64_t value;

	get_hex(s, o, key, 16, &value);
	return value;
}

static uint32_t get_hex32(struct decoder *s, val *o, const char *key)
{
	uint64_t value;

	get_hex(s, o, key, 8, &value);
	return (uint32_t)value;
}

/* The number of the word; null stands for the one that has no name. */
static unsigned int get_word(struct decoder *s, val *o, const char *key, const struct words *words)
{
	val *v = member(s, o, key);
	const char *word = yyjson_get_str(v);

	for (unsigned int i = 0; v && i < words->n; i++) {
		const char *known = words->name(i);

		if (known ? word && !strcmp(word, known) : yyjson_is_null(v))
			return i;
	}
	fail(s, "\"%s\" must be a word that this program knows", key);
	return 0;
}

/* Of a list that grows with the program: 0 for what only a newer one knows. */
static unsigned int get_word_if_known(struct decoder *s, val *o, const char *key,
				      const struct words *words)
{
	val *v = member(s, o, key);
	const char *word = yyjson_get_str(v);

	if (v && !word && !yyjson_is_null(v))
		fail(s, "\"%s\" must be text", key);
	for (unsigned int i = 0; word && i < words->n; i++)
		if (words->name(i) && !strcmp(word, words->name(i)))
			return i;
	return 0;
}

static bool is_there(struct decoder *s, val *o, const char *key)
{
	val *v = member(s, o, key);

	return v && !yyjson_is_null(v);
}

/* Of a key that an older program left out. */
static bool is_there_if_known(struct decoder *s, val *o, const char *key)
{
	val *v = yyjson_obj_get(o, key);

	(void)s;
	return v && !yyjson_is_null(v);
}

static enum fact get_fact(struct decoder *s, val *o, const char *key, const char *value_key)
{
	enum fact fact = get_word(s, o, key, &words_fact);

	if (is_there(s, o, value_key) != (fact == FACT_KNOWN))
		fail(s, "\"%s\" and \"%s\" contradict each other", key, value_key);
	return fact;
}

static enum incoming get_yesno(struct decoder *s, val *o, const char *key)
{
	if (!is_there_if_known(s, o, key))
		return INCOMING_UNKNOWN;
	return get_bool(s, o, key) ? INCOMING_YES : INCOMING_NO;
}

static const char *get_line(struct decoder *s, val *o, const char *key)
{
	const char *text = get_text(s, o, key);

	if (!text || strlen(text) > 4 * CC_LINE_LEN)
		fail(s, "\"%s\" must be text of at most %d characters", key, 4 * CC_LINE_LEN);
	return text;
}

/* As it is, that is escaped; cut where it cannot have been so long. */
static void get_escaped(struct decoder *s, val *o, const char *key, char *to, size_t size)
{
	const char *text = get_text(s, o, key);

	if (text)
		snprintf(to, size, "%s", text);
}

static __u8 get_words(struct decoder *s, val *ev, const char *key, __u64 words[CC_WORDS])
{
	val *list = member(s, ev, key), *v;
	size_t i, n;

	if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > CC_WORDS)) {
		fail(s, "\"%s\" must be a list of at most %d words", key, CC_WORDS);
		return 0;
	}
	yyjson_arr_foreach(list, i, n, v)
		words[i] = get_uint(s, v, key, UINT64_MAX);
	return (__u8)n;
}

static void get_set(struct decoder *s, val *o, const char *key, __u64 *words, size_t n)
{
	val *list = member(s, o, key), *v;
	size_t i, max;

	if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > 64 * n)) {
		fail(s, "\"%s\" must be a list of at most %zu numbers", key, 64 * n);
		return;
	}
	yyjson_arr_foreach(list, i, max, v) {
		uint64_t number = get_uint(s, v, key, 64 * n - 1);

		words[number / 64] |= 1ull << number % 64;
	}
}

/* ---------------------------------------------------------------- lists */

static void get_vcpu(struct decoder *s, val *o, struct frame *f, struct inventory_vcpu *vcpu);
static void get_loss(struct decoder *s, val *o, struct frame *f, struct loss_count *by);

/* A list, and room for its items of this size; NULL: it is not one. */
static void *list_room(struct decoder *s, val *list, const char *key, size_t size)
{
	void *room;

	if (list && !yyjson_is_arr(list))
		fail(s, "\"%s\" must be a list", key);
	room = calloc(yyjson_arr_size(list) + 1, size);
	if (!room)
		fail(s, DECODE_NO_MEMORY);
	return room;
}

static void get_older(struct decoder *s, val *o, const char *key, struct frame *f)
{
	val *list = member(s, o, key), *v;
	size_t i, n;

	if (yyjson_is_null(list))
		return;
	s->older = list_room(s, list, key, sizeof(*s->older));
	if (!s->older)
		return;
	yyjson_arr_foreach(list, i, n, v)
		s->older[i] = get_uint(s, v, key, UINT64_MAX);
	f->attach.known = true;
	f->attach.older = s->older;
	f->attach.n_older = n;
}

static void get_vcpus(struct decoder *s, val *o, const char *key, struct frame *f)
{
	struct inventory_vm *vm = &s->found;
	val *list = member(s, o, key), *v;
	size_t i, n;

	vm->vcpus = list_room(s, list, key, sizeof(*vm->vcpus));
	if (!vm->vcpus)
		return;
	yyjson_arr_foreach(list, i, n, v)
		get_vcpu(s, v, f, &vm->vcpus[i]);
	vm->n_open_vcpus = n;
	if (vm->n_open_vcpus > vm->n_vcpus)
		fail(s, "\"%s\" has more vCPUs than the VM", key);
}

static void get_losses(struct decoder *s, val *o, const char *key, struct frame *f)
{
	val *list = member(s, o, key), *v;
	size_t i, n;

	s->by = list_room(s, list, key, sizeof(*s->by));
	if (!s->by)
		return;
	yyjson_arr_foreach(list, i, n, v) {
		get_loss(s, v, f, &s->by[i]);
		s->by[i].key.loss = f->lost.loss;
	}
	f->lost.by = s->by;
	f->lost.n_by = n;
}

/* ---------------------------------------------------------------- the sections of schema.def */

#define CALL	 (&s->rec)
#define FOUND_VM (&s->found)
#define TOTALS	 NULL

/* IF_RULE(key, set): read the value unless null, or a missing key, stands for it. */
#define IF_NEVER
#define IF_NEW		  if (is_there_if_known(s, o, KEY))
#define IF_NONZERO(place) if (is_there(s, o, KEY))
#define IF_SEEN(bit)	  if (is_there(s, o, KEY) && (r->seen |= CC_SEEN_##bit))
#define IF_NEW_SEEN(bit)  if (is_there_if_known(s, o, KEY) && (r->seen |= CC_SEEN_##bit))
#define IF_NEW_NONZERO(x) if (is_there_if_known(s, o, KEY))
#define IF_FACT(is)	  if (is_there(s, o, KEY))
#define IF_IF(place)	  if ((place = is_there(s, o, KEY)))
#define IF_UNLESS(x, v)	  if (is_there(s, o, KEY) || (((x) = (v)), false))
#define IF_NEW_WORD	  if ((r->in_words = is_there_if_known(s, o, KEY)))
#define IF_VCPU(word) \
	if (r->in_words == CC_VCPU_##word && is_there_if_known(s, o, KEY) && \
	    (r->in_words = CC_VCPU_##word + 1))

#define GET_BOOL(key, place)	place = get_bool(s, o, key)
#define GET_U32(key, place)	place = get_u32(s, o, key)
#define GET_U64(key, place)	place = get_u64(s, o, key)
#define GET_S32(key, place)	place = get_s32(s, o, key)
#define GET_S64(key, place)	place = get_sint(s, o, key, INT64_MIN, INT64_MAX)
#define GET_HEX32(key, place)	place = get_hex32(s, o, key)
#define GET_HEX64(key, place)	place = get_hex64(s, o, key)
#define GET_TEXT(key, place)	place = (char *)get_text(s, o, key)
#define GET_OWN(key, place)	place = get_text(s, o, key)
#define GET_LINE(key, place)	place = get_line(s, o, key)
#define GET_ESCAPED(key, place) get_escaped(s, o, key, place, sizeof(place))
#define GET_RAW(key, place)	get_name(s, o, key, place, sizeof(place))
#define GET_SET(key, place)	get_set(s, o, key, place, sizeof(place) / sizeof(*(place)))
#define GET_YESNO(key, place)	place = get_yesno(s, o, key)

#define WORD_NEVER(key, words, place)	     place = get_word(s, o, key, &words_##words);
#define WORD_UNKNOWN_WORD(key, words, place) place = get_word_if_known(s, o, key, &words_##words);

#define SECTION(name, type, var, doc) \
	static inline __attribute__((unused)) void get_##name(struct decoder *s, val *o, \
							      struct frame *f, type *var) \
	{ \
		struct cc_record *r __attribute__((unused)) = &s->rec; \
		(void)o, (void)f, (void)var;
#define ROW(key, KIND, place, RULE, doc) \
	{ \
		static const char KEY[] __attribute__((unused)) = #key; \
		IF_##RULE GET_##KIND(#key, place); \
	}
#define BOTH(key, KIND, expr, place, RULE, doc) ROW(key, KIND, place, RULE, doc)
#define OUT(key, KIND, cond, expr, doc)
#define FLAG(key, bit, doc) \
	if (get_bool(s, o, #key)) \
		r->seen |= CC_SEEN_##bit;
#define WORD(key, words, place, RULE, doc) WORD_##RULE(#key, words, place)
#define WORD_OUT(key, words, cond, expr, doc)
#define FACT_ROW(key, of, place, doc) place = get_fact(s, o, #key, #of);
#define OBJECT(key, section, pointer, RULE, doc) \
	{ \
		static const char KEY[] __attribute__((unused)) = #key; \
		IF_##RULE get_##section(s, object(s, o, #key), f, pointer); \
	}
#define OUT_OBJECT(key, section, cond, pointer, doc)
#define WORDS(key, words, n, doc)	  n = get_words(s, o, #key, words);
#define LIST(key, section, put, get, doc) get(s, o, #key, f);
#define NUMBERS(key, put, get, doc)	  get(s, o, #key, f);
#define OUT_LIST(key, section, items, n, doc)
#define TEXTS(key, put, doc)
#define SAME(section, pointer) get_##section(s, o, f, pointer);
#define SAME_OUT(section, pointer)
#define END }

#include "recording/schema.def"

/* ---------------------------------------------------------------- frames */

static bool read_trace(struct decoder *s, val *root, struct frame *f)
{
	f->type = FRAME_TRACE;
	get_first(s, root, f, f);
	get_trace(s, root, f, f);
	return true;
}

static bool read_host(struct decoder *s, val *root, struct frame *f)
{
	f->type = FRAME_HOST;
	get_host(s, root, f, f);
	return true;
}

static bool read_attach(struct decoder *s, val *root, struct frame *f)
{
	const char *func = yyjson_get_str(member(s, root, "function"));
	int point = 0;

	while (func && point < ATTACH_POINTS && strcmp(func, attach_func(point)))
		point++;
	if (!func)
		fail(s, "\"function\" must be text");
	/* A function that a newer program watches. */
	if (point == ATTACH_POINTS)
		return false;
	f->type = FRAME_ATTACH;
	f->attach.point = point;
	get_attach(s, root, f, f);
	return true;
}

static bool read_found(struct decoder *s, val *root, struct frame *f)
{
	s->process = (struct inventory_process){ 0 };
	s->found = (struct inventory_vm){ .processes = &s->process, .n_processes = 1 };
	get_found(s, root, f, f);
	s->found.cgroup = (char *)get_text(s, root, "cgroup");
	f->type = FRAME_FOUND;
	f->found.vm = &s->found;
	return true;
}

static bool read_vm(struct decoder *s, val *root, struct frame *f)
{
	f->type = FRAME_VM;
	get_vm(s, root, f, f);
	f->vm.cgroup = get_text(s, root, "cgroup");
	return true;
}

/* What was said then; of a verdict that this program does not know it says its own. */
static const struct recorded_verdict *get_said(struct decoder *s, val *root, enum cc_type type)
{
	const char *word = yyjson_get_str(yyjson_obj_get(root, "cause"));
	int cause;

	if (!s->recorded || !word || (type != CC_NEGOTIATION && type != CC_ARCH_COMPAT))
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

/* Who called, which stands outside of the evidence. An interrupt is nobody. */
static void get_caller(struct decoder *s, val *root, enum cc_type type)
{
	struct cc_record *r = &s->rec;
	bool nobody = (type == CC_RUN || type == CC_RAN || type == CC_KERNEL) &&
		      !is_there(s, root, "pid");

	if (nobody)
		return;
	r->pid = get_u32(s, root, "pid");
	r->tid = get_u32(s, root, "tid");
	get_name(s, root, "comm", r->comm, sizeof(r->comm));
	get_name(s, root, "thread", r->thread, sizeof(r->thread));
}

typedef void get_fn(struct decoder *s, val *o, struct frame *f, struct frame *frame);

static bool read_record(struct decoder *s, val *root, struct frame *f, enum cc_type type,
			get_fn *get)
{
	s->rec = (struct cc_record){ .type = type, .mono_ns = f->mono_ns };
	get_caller(s, root, type);
	get(s, root, f, f);
	if (!s->failed && !record_valid(&s->rec))
		fail(s, "its evidence contradicts itself");
	return true;
}

static bool read_call(struct decoder *s, val *root, struct frame *f, enum cc_type type, get_fn *get)
{
	read_record(s, root, f, type, get);
	f->type = FRAME_CALL;
	f->call.rec = &s->rec;
	f->call.cgroup = get_text(s, root, "cgroup");
	f->call.said = get_said(s, root, type);
	return true;
}

static bool read_negotiation(struct decoder *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_NEGOTIATION, get_negotiation);
}

static bool read_extension(struct decoder *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_EXTENSION, get_extension_check);
}

static bool read_arch(struct decoder *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_ARCH_COMPAT, get_arch_compat);
}

static bool read_run(struct decoder *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_RUN, get_run);
}

static bool read_ran(struct decoder *s, val *root, struct frame *f)
{
	return read_call(s, root, f, CC_RAN, get_ran);
}

static bool read_kernel(struct decoder *s, val *root, struct frame *f)
{
	read_record(s, root, f, CC_KERNEL, get_kernel);
	f->type = FRAME_KERNEL;
	f->kernel.rec = &s->rec;
	f->kernel.cgroup = get_text(s, root, "cgroup");
	return true;
}

static bool read_lost(struct decoder *s, val *root, struct frame *f)
{
	f->type = FRAME_LOST;
	get_lost(s, root, f, f);
	return true;
}

static bool read_end(struct decoder *s, val *root, struct frame *f)
{
	f->type = FRAME_END;
	get_end(s, root, f, f);
	return true;
}

typedef bool read_fn(struct decoder *s, val *root, struct frame *f);

/* NULL: follows from other events, and is composed again. */
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
	[EVENT_STORY] = NULL,
	[EVENT_END] = read_end,
};

static int type_by_name(const char *name)
{
	int type = 0;

	while (type < EVENT_TYPES && strcmp(name, event_type_name(type)))
		type++;
	return type;
}

enum event_type decode(struct decoder *s, val *root, struct frame *f, bool *used)
{
	const char *name = yyjson_get_str(member(s, root, "type"));
	const char *ts = yyjson_get_str(member(s, root, "ts"));
	int type = name ? type_by_name(name) : EVENT_TYPES;
	val *vm;

	*f = (struct frame){ 0 };
	*used = false;
	if (!name)
		fail(s, "\"type\" must be text");
	f->mono_ns = get_u64(s, root, "mono_ns");
	if (!ts || !rfc3339_read_next(ts, &s->time, &f->real_ns))
		fail(s, "\"ts\" must be a time such as 2026-11-22T06:00:00.123456789Z");
	vm = yyjson_obj_get(root, "vm");
	f->vm_number = yyjson_is_uint(vm) && yyjson_get_uint(vm) <= UINT32_MAX ?
			       (uint32_t)yyjson_get_uint(vm) :
			       0;
	if (!s->failed && type < EVENT_TYPES && readers[type])
		*used = readers[type](s, root, f);
	return type;
}

uint64_t decode_seq(struct decoder *s, val *root)
{
	return get_u64(s, root, "seq");
}
