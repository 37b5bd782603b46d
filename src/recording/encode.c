// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each section of schema.def becomes a function that adds its rows to a JSON object. What
 * `evidence` holds is all that a verdict can be made from, also by a later program; the keys around
 * it are for people and their tools. Keys are constants here, so that adding one costs no strlen().
 */
#include "recording/encode.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "lib/text.h"
#include "recording/stream.h"
#include "recording/words.h"

#define POOL_BYTES (64u << 10) /* more than a call's line takes, with all that it is made from */
#define TEXT_BYTES 2048
#define VALUES	   192	/* keys and values of a call's line, at once */
#define LOSSES_MAX 4096 /* so that a line stays below STREAM_LINE_MAX */

/*
 * Small functions are inlined so that the length of a key is a constant. Not under a sanitizer,
 * which would take minutes to compile what comes of that.
 */
#ifdef __SANITIZE_ADDRESS__
#define INLINE static
#else
#define INLINE static inline __attribute__((always_inline))
#endif

struct encoder {
	bool filtered;
	uint64_t second; /* that ts is right for */
	char ts[RFC3339_LEN];
	/* Of the line that is being made. */
	yyjson_mut_doc *doc;
	bool failed;
	bool lists;  /* take along lists of any length */
	size_t used; /* of text */
	char text[TEXT_BYTES];
	char pool[POOL_BYTES];
	/* What encoder_object() returned last lives here. */
	yyjson_alc kept_pool;
	yyjson_mut_doc *kept;
};

typedef yyjson_mut_val val;

static const char hex_digits[] = "0123456789abcdef";

/* Quick for events of one second. */
static const char *timestamp(struct encoder *j, uint64_t real_ns)
{
	uint64_t second = real_ns / 1000000000u;

	if (!j->ts[0] || second != j->second)
		rfc3339(j->ts, real_ns);
	else
		rfc3339_fraction(j->ts, real_ns);
	j->second = second;
	return j->ts;
}

/* Memory for a value's text that lasts as long as the line; NULL: that of a long list does not fit.
 */
static char *text_room(struct encoder *j, size_t len)
{
	char *room = j->text + j->used;

	if (len > sizeof(j->text) - j->used)
		return NULL;
	j->used += len;
	return room;
}

INLINE void put_null(struct encoder *j, val *o, const char *key)
{
	j->failed |= !yyjson_mut_obj_add_null(j->doc, o, key);
}

INLINE void put_u64(struct encoder *j, val *o, const char *key, uint64_t value)
{
	j->failed |= !yyjson_mut_obj_add_uint(j->doc, o, key, value);
}

INLINE void put_s64(struct encoder *j, val *o, const char *key, int64_t value)
{
	j->failed |= !yyjson_mut_obj_add_sint(j->doc, o, key, value);
}

INLINE void put_bool(struct encoder *j, val *o, const char *key, bool value)
{
	j->failed |= !yyjson_mut_obj_add_bool(j->doc, o, key, value);
}

/* The text must last as long as the line. */
INLINE void put_str(struct encoder *j, val *o, const char *key, const char *text)
{
	j->failed |= !yyjson_mut_obj_add_strn(j->doc, o, key, text, strlen(text));
}

INLINE void put_str_or_null(struct encoder *j, val *o, const char *key, const char *text)
{
	if (text && text[0])
		put_str(j, o, key, text);
	else
		put_null(j, o, key);
}

/* text: of digits + 3 bytes. */
INLINE void hex(char *text, uint64_t value, size_t digits)
{
	text[0] = '0';
	text[1] = 'x';
	for (size_t i = digits + 1; i > 1; i--, value >>= 4)
		text[i] = hex_digits[value & 15];
	text[digits + 2] = '\0';
}

static void put_copy(struct encoder *j, val *o, const char *key, const char *text)
{
	j->failed |= !yyjson_mut_obj_add_strcpy(j->doc, o, key, text);
}

INLINE void put_hex(struct encoder *j, val *o, const char *key, uint64_t value, size_t digits)
{
	char *text = text_room(j, digits + 3), copied[16 + 3];

	hex(text ? text : copied, value, digits);
	if (text)
		j->failed |= !yyjson_mut_obj_add_strn(j->doc, o, key, text, digits + 2);
	else
		put_copy(j, o, key, copied);
}

/* Bytes that a traced process chose. */
INLINE void put_raw(struct encoder *j, val *o, const char *key, const char *text, size_t max)
{
	size_t room = 4 * max + 1;
	char *safe = text_room(j, room);

	j->failed |= !safe;
	if (!safe)
		return;
	text_escape(safe, room, text, max);
	j->used -= room - strlen(safe) - 1;
	put_str(j, o, key, safe);
}

INLINE val *put_object(struct encoder *j, val *o, const char *key)
{
	val *child = yyjson_mut_obj_add_obj(j->doc, o, key);

	j->failed |= !child;
	return child;
}

INLINE val *put_array(struct encoder *j, val *o, const char *key)
{
	val *child = yyjson_mut_obj_add_arr(j->doc, o, key);

	j->failed |= !child;
	return child;
}

static void put_errno(struct encoder *j, val *o, const char *key, int ret)
{
	char name[16];

	put_copy(j, o, key, errno_name(ret, name, sizeof(name)));
}

INLINE void put_yesno(struct encoder *j, val *o, const char *key, enum incoming known)
{
	if (known == INCOMING_UNKNOWN)
		put_null(j, o, key);
	else
		put_bool(j, o, key, known == INCOMING_YES);
}

static void put_modes(struct encoder *j, val *o, const char *key, uint64_t caps)
{
	val *list = put_array(j, o, key);
	const struct abi_mode *mode;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit)
			j->failed |= !yyjson_mut_arr_add_str(j->doc, list, mode->name);
}

/* What no traced process chose, and yet may hold anything. */
static void put_own(struct encoder *j, val *o, const char *key, const char *text)
{
	char safe[512];

	if (!text || !text[0]) {
		put_null(j, o, key);
		return;
	}
	if (!text_is_escaped(text))
		text = text_escape(safe, sizeof(safe), text, sizeof(safe));
	put_copy(j, o, key, text);
}

static void put_words(struct encoder *j, val *o, const char *key, const __u64 *words, size_t n)
{
	val *list = put_array(j, o, key);

	for (size_t i = 0; i < n && i < CC_WORDS; i++)
		j->failed |= !yyjson_mut_arr_add_uint(j->doc, list, words[i]);
}

static void put_set(struct encoder *j, val *o, const char *key, const __u64 *words, size_t n)
{
	val *list = put_array(j, o, key);

	for (size_t i = 0; i < 64 * n; i++)
		if (words[i / 64] >> i % 64 & 1)
			j->failed |= !yyjson_mut_arr_add_uint(j->doc, list, i);
}

static const char *pvr_name(const struct abi_pvr *known)
{
	return known ? known->name : NULL;
}

/* ---------------------------------------------------------------- lists */

static void put_vcpu(struct encoder *j, val *o, const struct event *e,
		     const struct inventory_vcpu *vcpu);
static void put_loss(struct encoder *j, val *o, const struct event *e, const struct loss_count *by);

static void put_older(struct encoder *j, val *o, const char *key, const struct frame *frame)
{
	val *older;

	if (!frame->attach.known || frame->attach.n_older > FRAME_OLDER_MAX || !j->lists) {
		put_null(j, o, key);
		return;
	}
	older = put_array(j, o, key);
	for (size_t i = 0; i < frame->attach.n_older; i++)
		j->failed |= !yyjson_mut_arr_add_uint(j->doc, older, frame->attach.older[i]);
}

static void put_vcpus(struct encoder *j, val *o, const char *key, const struct event *e)
{
	const struct inventory_vm *vm = e->frame->found.vm;
	val *list = put_array(j, o, key);

	for (size_t i = 0; j->lists && i < vm->n_open_vcpus && i < INVENTORY_VCPUS_OF_A_VM; i++)
		put_vcpu(j, yyjson_mut_arr_add_obj(j->doc, list), e, &vm->vcpus[i]);
}

static void put_losses(struct encoder *j, val *o, const char *key, const struct event *e)
{
	const struct frame *f = e->frame;
	val *list = put_array(j, o, key);

	for (size_t i = 0; j->lists && i < f->lost.n_by && i < LOSSES_MAX; i++)
		put_loss(j, yyjson_mut_arr_add_obj(j->doc, list), e, &f->lost.by[i]);
}

static void put_messages(struct encoder *j, val *o, const char *key, const struct event *e)
{
	val *list = put_array(j, o, key);

	for (size_t i = 0; i < e->run->n_messages; i++)
		j->failed |= !yyjson_mut_arr_add_str(j->doc, list, e->run->messages[i]);
}

static void put_not_known(struct encoder *j, val *o, const char *key, const struct event *e)
{
	val *list = put_array(j, o, key);

	for (size_t i = 0; i < e->story->n_not_known; i++)
		j->failed |= !yyjson_mut_arr_add_str(j->doc, list, e->story->not_known[i]);
}

/* ---------------------------------------------------------------- the sections of schema.def */

#define HAS_THREAD (r && !(r->seen & CC_SEEN_INTERRUPT))
#define HAS_PROCESS \
	(HAS_THREAD || e->type == EVENT_VM || e->type == EVENT_STORY || \
	 (e->type == EVENT_FOUND && inventory_owner(f->found.vm)))
#define DIAG	 e->negotiation.diag
#define HOST	 e->negotiation.host
#define ARCH	 e->arch.diag
#define OFFER	 e->arch.offer
#define CALL	 r
#define FOUND_VM frame->found.vm
#define TOTALS	 e->end.totals
#define STORY	 e->story

#define HAS_NEVER	   true
#define HAS_NEW		   true
#define HAS_UNKNOWN_WORD   true
#define HAS_NONZERO(place) ((place) != 0)
#define HAS_SEEN(bit)	   (r->seen & CC_SEEN_##bit)
#define HAS_NEW_SEEN(bit)  HAS_SEEN(bit)
#define HAS_NEW_NONZERO(x) HAS_NONZERO(x)
#define HAS_FACT(is)	   ((is) == FACT_KNOWN)
#define HAS_IF(place)	   (place)
#define HAS_UNLESS(x, v)   ((x) != (v))
#define HAS_NEW_WORD	   (r->in_words > 0)
#define HAS_VCPU(word)	   (r->in_words > CC_VCPU_##word)

#define PUT_BOOL(key, x)     put_bool(j, o, key, x)
#define PUT_U32(key, x)	     put_u64(j, o, key, x)
#define PUT_U64(key, x)	     put_u64(j, o, key, x)
#define PUT_S32(key, x)	     put_s64(j, o, key, x)
#define PUT_S64(key, x)	     put_s64(j, o, key, x)
#define PUT_HEX32(key, x)    put_hex(j, o, key, x, 8)
#define PUT_HEX64(key, x)    put_hex(j, o, key, x, 16)
#define PUT_TEXT(key, x)     put_str_or_null(j, o, key, x)
#define PUT_ESCAPED(key, x)  put_str_or_null(j, o, key, x)
#define PUT_SENTENCE(key, x) put_str(j, o, key, x)
#define PUT_LINE(key, x)     put_str(j, o, key, x)
#define PUT_OWN(key, x)	     put_own(j, o, key, x)
#define PUT_RAW(key, x)	     put_raw(j, o, key, x, sizeof(x))
#define PUT_ERRNO(key, x)    put_errno(j, o, key, x)
#define PUT_MODES(key, x)    put_modes(j, o, key, x)
#define PUT_SET(key, x)	     put_set(j, o, key, x, sizeof(x) / sizeof(*(x)))
#define PUT_YESNO(key, x)    put_yesno(j, o, key, x)
#define PUT_TIME(key, x)     put_str(j, o, key, timestamp(j, x))

#define PUT_IF(cond, key, put) \
	do { \
		if (cond) \
			put; \
		else \
			put_null(j, o, key); \
	} while (0);

#define SECTION(name, type, var, doc) \
	static inline __attribute__((unused)) void put_##name( \
		struct encoder *j, val *o, const struct event *e, const type *var) \
	{ \
		const struct cc_record *r __attribute__((unused)) = e->rec; \
		const struct frame *f __attribute__((unused)) = e->frame; \
		(void)var;
#define ROW(key, KIND, place, RULE, doc)	PUT_IF(HAS_##RULE, #key, PUT_##KIND(#key, place))
#define OUT(key, KIND, cond, expr, doc)		PUT_IF(cond, #key, PUT_##KIND(#key, expr))
#define BOTH(key, KIND, expr, place, RULE, doc) PUT_##KIND(#key, expr);
#define FLAG(key, bit, doc)			put_bool(j, o, #key, r->seen &CC_SEEN_##bit);
#define WORD(key, words, place, RULE, doc) \
	PUT_TEXT(#key, words_##words.name((unsigned int)(place)));
#define WORD_OUT(key, words, cond, expr, doc) \
	PUT_TEXT(#key, (cond) ? words_##words.name((unsigned int)(expr)) : NULL);
#define FACT_ROW(key, of, place, doc) PUT_TEXT(#key, words_fact.name(place));
#define OBJECT(key, section, pointer, RULE, doc) \
	PUT_IF(HAS_##RULE, #key, put_##section(j, put_object(j, o, #key), e, pointer))
#define OUT_OBJECT(key, section, cond, pointer, doc) \
	PUT_IF(cond, #key, put_##section(j, put_object(j, o, #key), e, pointer))
#define WORDS(key, words, n, doc)	  put_words(j, o, #key, words, n);
#define LIST(key, section, put, get, doc) put(j, o, #key, e);
#define OUT_LIST(key, section, items, n, text) \
	{ \
		val *items_ = put_array(j, o, #key); \
		for (size_t i = 0; j->lists && i < (n); i++) \
			put_##section(j, yyjson_mut_arr_add_obj(j->doc, items_), e, &(items)[i]); \
	}
#define NUMBERS(key, put, get, doc) put(j, o, #key, f);
#define TEXTS(key, put, doc)	    put(j, o, #key, e);
#define SAME(section, pointer)	    put_##section(j, o, e, pointer);
#define SAME_OUT(section, pointer)  SAME(section, pointer)
#define END			    }

#include "recording/schema.def"

typedef void put_fn(struct encoder *j, val *o, const struct event *e, const struct frame *f);

static put_fn *const put[EVENT_TYPES] = {
	[EVENT_TRACE] = put_trace,
	[EVENT_HOST] = put_host,
	[EVENT_ATTACH] = put_attach,
	[EVENT_FOUND] = put_found,
	[EVENT_VM] = put_vm,
	[EVENT_NEGOTIATION] = put_negotiation,
	[EVENT_EXTENSION] = put_extension_check,
	[EVENT_ARCH_COMPAT] = put_arch_compat,
	[EVENT_RETRY] = put_retry,
	[EVENT_RUN] = put_run,
	[EVENT_RAN] = put_ran,
	[EVENT_KERNEL] = put_kernel,
	[EVENT_LOST] = put_lost,
	[EVENT_STORY] = put_story,
	[EVENT_END] = put_end,
};

/* NULL: it did not fit the allocator's memory. */
static yyjson_mut_doc *to_doc(struct encoder *j, const struct event *e, const yyjson_alc *alc)
{
	yyjson_mut_doc *doc = yyjson_mut_doc_new(alc);
	val *o;

	if (!doc)
		return NULL;
	yyjson_mut_doc_set_val_pool_size(doc, VALUES);
	o = yyjson_mut_obj(doc);
	yyjson_mut_doc_set_root(doc, o);
	j->doc = doc;
	j->failed = !o;
	j->used = 0;
	put_str(j, o, "type", event_type_name(e->type));
	if (e->type == EVENT_TRACE)
		put_first(j, o, e, e->frame);
	put_common(j, o, e, e->frame);
	put[e->type](j, o, e, e->frame);
	if (!j->failed)
		return doc;
	yyjson_mut_doc_free(doc);
	return NULL;
}

static yyjson_mut_doc *to_doc_in_pool(struct encoder *j, const struct event *e, yyjson_alc *pool)
{
	yyjson_alc_pool_init(pool, j->pool, sizeof(j->pool));
	return to_doc(j, e, pool);
}

static char *to_line(yyjson_mut_doc *doc, const yyjson_alc *alc, size_t *len)
{
	char *line = doc ? yyjson_mut_write_opts(doc, YYJSON_WRITE_NEWLINE_AT_END, alc, len, NULL) :
			   NULL;

	yyjson_mut_doc_free(doc);
	return line;
}

struct encoder *encoder_new(bool filtered)
{
	struct encoder *j = calloc(1, sizeof(*j));

	if (j)
		j->filtered = filtered;
	return j;
}

void encoder_free(struct encoder *j)
{
	if (j)
		yyjson_mut_doc_free(j->kept);
	free(j);
}

void encoder_write(struct encoder *j, const struct event *e, FILE *f)
{
	char *line, *large = NULL;
	yyjson_alc pool;
	size_t len;

	j->lists = true;
	line = to_line(to_doc_in_pool(j, e, &pool), &pool, &len);
	if (!line)
		line = large = to_line(to_doc(j, e, NULL), NULL, &len);
	if (!line) {
		/* Out of memory: the event is written without the list of whom it is about. */
		j->lists = false;
		line = to_line(to_doc_in_pool(j, e, &pool), &pool, &len);
	}
	if (line)
		fwrite(line, 1, len, f);
	free(large);
}

struct yyjson_mut_val *encoder_object(struct encoder *j, const struct event *e)
{
	yyjson_mut_doc_free(j->kept);
	j->lists = true;
	j->kept = to_doc_in_pool(j, e, &j->kept_pool);
	if (!j->kept)
		j->kept = to_doc(j, e, NULL);
	return j->kept ? yyjson_mut_doc_get_root(j->kept) : NULL;
}
