// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One JSON object a line, which is the recording as well: the shape is docs/events.schema.json,
 * and stream.c reads it back. What `evidence` holds is all that a verdict can be made from anew;
 * the keys around it are for people and their tools.
 */
#include "recording/event_doc.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "recording/stream.h"
#include "lib/text.h"

#define POOL_BYTES (64u << 10) /* more than a call's line takes, with all that it is made from */
#define TEXT_BYTES 2048
#define VALUES	   192	 /* keys and values of a call's line, at once */
#define OLDER_MAX  16384 /* so that a line stays below STREAM_LINE_MAX */
#define LOSSES_MAX 4096

/* Small functions are inlined so that the length of a key is a constant. */
#define INLINE static inline __attribute__((always_inline))

struct json {
	FILE *f;
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
};

typedef yyjson_mut_val val;

static const char hex_digits[] = "0123456789abcdef";

/* Quick for events of one second. */
static const char *timestamp(struct json *j, uint64_t real_ns)
{
	uint64_t second = real_ns / 1000000000u;

	if (!j->ts[0] || second != j->second)
		rfc3339(j->ts, real_ns);
	else
		rfc3339_fraction(j->ts, real_ns);
	j->second = second;
	return j->ts;
}

/* Memory for a value's text that lasts as long as the line. */
static char *text_room(struct json *j, size_t len)
{
	char *room = j->text + j->used;

	if (len > sizeof(j->text) - j->used) {
		j->failed = true;
		return NULL;
	}
	j->used += len;
	return room;
}

INLINE void put_null(struct json *j, val *o, const char *key)
{
	j->failed |= !yyjson_mut_obj_add_null(j->doc, o, key);
}

INLINE void put_u64(struct json *j, val *o, const char *key, uint64_t value)
{
	j->failed |= !yyjson_mut_obj_add_uint(j->doc, o, key, value);
}

INLINE void put_s64(struct json *j, val *o, const char *key, int64_t value)
{
	j->failed |= !yyjson_mut_obj_add_sint(j->doc, o, key, value);
}

INLINE void put_bool(struct json *j, val *o, const char *key, bool value)
{
	j->failed |= !yyjson_mut_obj_add_bool(j->doc, o, key, value);
}

INLINE void put_u64_or_null(struct json *j, val *o, const char *key, bool known, uint64_t value)
{
	if (known)
		put_u64(j, o, key, value);
	else
		put_null(j, o, key);
}

/* The text must last as long as the line. */
INLINE void put_str(struct json *j, val *o, const char *key, const char *text)
{
	j->failed |= !yyjson_mut_obj_add_strn(j->doc, o, key, text, strlen(text));
}

INLINE void put_str_or_null(struct json *j, val *o, const char *key, const char *text)
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

INLINE void put_hex(struct json *j, val *o, const char *key, uint64_t value, size_t digits)
{
	char *text = text_room(j, digits + 3);

	if (!text)
		return;
	hex(text, value, digits);
	j->failed |= !yyjson_mut_obj_add_strn(j->doc, o, key, text, digits + 2);
}

/* In a list of any length, for which the room for text would not do. */
static void put_hex_of_list(struct json *j, val *o, const char *key, uint64_t value, size_t digits)
{
	char text[16 + 3];

	hex(text, value, digits);
	j->failed |= !yyjson_mut_obj_add_strncpy(j->doc, o, key, text, digits + 2);
}

INLINE void put_hex32(struct json *j, val *o, const char *key, uint32_t value)
{
	put_hex(j, o, key, value, 8);
}

INLINE void put_hex64_or_null(struct json *j, val *o, const char *key, bool known, uint64_t value)
{
	if (known)
		put_hex(j, o, key, value, 16);
	else
		put_null(j, o, key);
}

/* Bytes that a traced process chose. */
INLINE void put_escaped(struct json *j, val *o, const char *key, const char *text, size_t max)
{
	size_t room = 4 * max + 1;
	char *safe = text_room(j, room);

	if (!safe)
		return;
	text_escape(safe, room, text, max);
	j->used -= room - strlen(safe) - 1;
	put_str(j, o, key, safe);
}

INLINE val *put_object(struct json *j, val *o, const char *key)
{
	val *child = yyjson_mut_obj_add_obj(j->doc, o, key);

	j->failed |= !child;
	return child;
}

INLINE val *put_array(struct json *j, val *o, const char *key)
{
	val *child = yyjson_mut_obj_add_arr(j->doc, o, key);

	j->failed |= !child;
	return child;
}

static void put_errno(struct json *j, val *o, int ret)
{
	char *name = ret < 0 ? text_room(j, 16) : NULL;

	put_s64(j, o, "ret", ret);
	if (name)
		put_str(j, o, "errno", errno_name(ret, name, 16));
	else
		put_null(j, o, "errno");
}

static void put_modes(struct json *j, val *o, const char *key, uint64_t caps)
{
	val *list = put_array(j, o, key);
	const struct abi_mode *mode;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit)
			j->failed |= !yyjson_mut_arr_add_str(j->doc, list, mode->name);
}

static void put_incoming(struct json *j, val *o, enum incoming incoming)
{
	if (incoming == INCOMING_UNKNOWN)
		put_null(j, o, "incoming");
	else
		put_bool(j, o, "incoming", incoming == INCOMING_YES);
}

/* The keys that every line has, after its type and what a first line says more. */
static void put_common(struct json *j, val *o, const struct event *e)
{
	bool thread = e->rec && !(e->rec->seen & CC_SEEN_INTERRUPT);
	bool found = e->type == EVENT_FOUND && inventory_owner(e->frame->found.vm);
	bool process = thread || found || e->type == EVENT_VM;

	put_u64(j, o, "seq", e->seq);
	put_str(j, o, "ts", timestamp(j, e->real_ns));
	put_u64(j, o, "mono_ns", e->mono_ns);
	put_u64_or_null(j, o, "pid", process, e->pid);
	put_u64_or_null(j, o, "tid", thread, thread ? e->rec->tid : 0);
	put_str_or_null(j, o, "comm", e->comm);
	put_str_or_null(j, o, "thread", e->thread);
	put_str_or_null(j, o, "cgroup", e->cgroup);
	put_u64_or_null(j, o, "vm", e->vm, e->vm);
	put_str_or_null(j, o, "vm_name", e->vm_name);
	put_str_or_null(j, o, "guest", e->guest);
}

static void put_words(struct json *j, val *o, const char *key, const __u64 *words, size_t n)
{
	val *list = put_array(j, o, key);

	for (size_t i = 0; i < n && i < CC_WORDS; i++)
		j->failed |= !yyjson_mut_arr_add_uint(j->doc, list, words[i]);
}

static void put_hook_evidence(struct json *j, val *o, const struct cc_record *r)
{
	val *hook;

	put_bool(j, o, "watched", r->seen & CC_SEEN_WATCHED);
	if (r->seen & CC_SEEN_OPS)
		put_bool(j, o, "has_hook", r->has_hook);
	else
		put_null(j, o, "has_hook");
	if (r->seen & CC_SEEN_BACKEND) {
		hook = put_object(j, o, "hook");
		put_s64(j, hook, "ret", r->backend_ret);
		put_hex64_or_null(j, hook, "caps", true, r->backend_caps);
	} else {
		put_null(j, o, "hook");
	}
	put_u64_or_null(j, o, "head", r->seen & CC_SEEN_HEAD, r->backend_head);
}

static void put_tail_evidence(struct json *j, val *o, const struct cc_record *r)
{
	val *tail;

	if (!(r->seen & CC_SEEN_TAIL)) {
		put_null(j, o, "tail");
		return;
	}
	tail = put_object(j, o, "tail");
	put_u64(j, tail, "from", r->tail_from);
	put_u64(j, tail, "read", r->tail_read);
	put_u64(j, tail, "first", r->tail_first);
}

/* All of a struct cc_record that the common keys have not. */
static void put_evidence(struct json *j, val *o, const struct event *e)
{
	const struct cc_record *r = e->rec;
	val *ev = put_object(j, o, "evidence");

	put_hex64_or_null(j, ev, "vm", r->vm, r->vm);
	put_u64(j, ev, "vm_ino", r->vm_ino);
	put_escaped(j, ev, "vm_name", r->vm_name, sizeof(r->vm_name));
	put_u64(j, ev, "cgroup", r->cgroup);
	put_str_or_null(j, ev, "name_option", e->frame->call.name_option);
	put_hex32(j, ev, "cmd", r->cmd);
	put_hex64_or_null(j, ev, "arg", true, r->arg);
	put_s64(j, ev, "ret", r->ret);
	put_u64(j, ev, "latency_ns", r->latency_ns);
	put_words(j, ev, "in", r->in, r->in_words);
	put_words(j, ev, "out", r->out, r->out_words);
	put_hook_evidence(j, ev, r);
	put_tail_evidence(j, ev, r);
}

static const char *fact_name(enum fact fact)
{
	static const char *const names[] = {
		[FACT_UNKNOWN] = "unknown",
		[FACT_ABSENT] = "absent",
		[FACT_KNOWN] = "known",
	};

	return names[fact];
}

static void put_facts(struct json *j, val *o, const struct host_facts *h)
{
	static const char *const nested[] = {
		[NESTED_UNKNOWN] = NULL,
		[NESTED_NONE] = "none",
		[NESTED_V1] = "v1",
		[NESTED_V2] = "v2",
	};
	bool version = h->cpu_version_is == FACT_KNOWN;

	put_u64(j, o, "page_size", h->page_size);
	put_u64_or_null(j, o, "ksize", h->ksize_is == FACT_KNOWN, h->ksize);
	put_str(j, o, "ksize_is", fact_name(h->ksize_is));
	if (h->kernel_cmd)
		put_hex32(j, o, "kernel_cmd", h->kernel_cmd);
	else
		put_null(j, o, "kernel_cmd");
	put_str(j, o, "pseries_is", fact_name(h->pseries_is));
	if (version)
		put_hex32(j, o, "cpu_version", h->cpu_version);
	else
		put_null(j, o, "cpu_version");
	put_str(j, o, "cpu_version_is", fact_name(h->cpu_version_is));
	put_str_or_null(j, o, "nested_api", nested[h->nested]);
	put_hex64_or_null(j, o, "nested_caps", h->nested_caps_is == FACT_KNOWN, h->nested_caps);
	put_str(j, o, "nested_caps_is", fact_name(h->nested_caps_is));
}

/* What no traced process chose, and yet may hold anything. */
static void put_own(struct json *j, val *o, const char *key, const char *text)
{
	char safe[512];

	if (!text || !text[0]) {
		put_null(j, o, key);
		return;
	}
	if (text_is_escaped(text)) {
		j->failed |= !yyjson_mut_obj_add_strcpy(j->doc, o, key, text);
		return;
	}
	text_escape(safe, sizeof(safe), text, sizeof(safe));
	j->failed |= !yyjson_mut_obj_add_strcpy(j->doc, o, key, safe);
}

static void fill_trace(struct json *j, val *o, const struct event *e)
{
	const struct frame *f = e->frame;
	const struct frame_filters *filters = &f->trace.filters;
	const struct host_id *id = &f->trace.id;
	val *child = put_object(j, o, "filters");

	put_bool(j, child, "threads", filters->threads);
	put_bool(j, child, "outcomes", filters->outcomes || j->filtered);
	put_own(j, child, "options", filters->text);
	put_s64(j, o, "clock_offset_ns", f->trace.clock_offset_ns);
	child = put_object(j, o, "host");
	put_own(j, child, "name", id->name);
	put_own(j, child, "boot_id", id->boot_id);
	put_own(j, child, "release", id->release);
	put_own(j, child, "build", id->build);
	put_own(j, child, "arch", id->arch);
	put_own(j, child, "modules", id->modules);
	put_u64_or_null(j, child, "cpus", id->cpus, id->cpus);
	put_facts(j, child, &f->trace.host);
}

static void fill_host(struct json *j, val *o, const struct event *e)
{
	put_bool(j, o, "kvm_reloaded", e->frame->host.kvm_reloaded);
	put_facts(j, put_object(j, o, "host"), &e->frame->host.facts);
}

static void fill_attach(struct json *j, val *o, const struct event *e)
{
	const struct frame *f = e->frame;
	size_t n = f->attach.n_older;
	val *older;

	put_str_or_null(j, o, "function", attach_func(f->attach.point));
	put_str_or_null(j, o, "how", attach_how_name(f->attach.how));
	put_own(j, o, "why", f->attach.why);
	put_bool(j, o, "released", f->attach.released);
	if (!f->attach.known || n > OLDER_MAX || !j->lists) {
		put_null(j, o, "older");
		return;
	}
	older = put_array(j, o, "older");
	for (size_t i = 0; i < n; i++)
		j->failed |= !yyjson_mut_arr_add_uint(j->doc, older, f->attach.older[i]);
}

#define VCPUS_MAX 8192 /* so that a line stays below STREAM_LINE_MAX */

/* A PVR as a number, as the kernel has it: there may be thousands. */
static void put_vcpus(struct json *j, val *ev, const struct inventory_vm *vm)
{
	val *list = put_array(j, ev, "vcpu_modes"), *one;

	for (size_t i = 0; j->lists && i < vm->n_open_vcpus && i < VCPUS_MAX; i++) {
		one = yyjson_mut_arr_add_obj(j->doc, list);
		put_u64(j, one, "vcpu", vm->vcpus[i].id);
		put_u64_or_null(j, one, "pvr", vm->vcpus[i].has_mode, vm->vcpus[i].pvr);
	}
}

static const char *part_name(enum inventory_part part)
{
	static const char *const names[] = {
		[PART_HOLDER] = "holder", [PART_OWNER] = "owner", [PART_ENDING] = "ending"
	};

	return names[part];
}

static void put_found_evidence(struct json *j, val *o, const struct inventory_vm *vm)
{
	const struct inventory_process *p = vm->processes;
	val *ev = put_object(j, o, "evidence");

	put_hex64_or_null(j, ev, "vm", vm->kvm, vm->kvm);
	put_u64(j, ev, "vm_ino", vm->ino);
	put_str_or_null(j, ev, "vm_name", vm->name);
	put_u64(j, ev, "pid", p->pid);
	put_str(j, ev, "part", part_name(p->part));
	put_str_or_null(j, ev, "comm", p->comm);
	put_str_or_null(j, ev, "name_option", vm->name_option);
	put_incoming(j, ev, vm->incoming);
	put_str_or_null(j, ev, "backend", inventory_backend_name(vm->backend));
	put_u64(j, ev, "vcpus", vm->n_vcpus);
	put_vcpus(j, ev, vm);
}

static void fill_found(struct json *j, val *o, const struct event *e)
{
	const struct inventory_verdict *v = e->verdict;

	put_str(j, o, "mode_is", inventory_mode_name(v->is));
	if (v->is == MODE_SET)
		put_hex32(j, o, "pvr", v->pvr);
	else
		put_null(j, o, "pvr");
	put_str_or_null(j, o, "mode", v->known ? v->known->name : NULL);
	if (v->runs_on)
		put_modes(j, o, "runs_on", v->runs_on);
	else
		put_null(j, o, "runs_on");
	if (v->agrees == AGREES_UNKNOWN)
		put_null(j, o, "offered");
	else
		put_bool(j, o, "offered", v->agrees == AGREES_YES);
	put_str(j, o, "hint", v->hint);
	put_found_evidence(j, o, e->frame->found.vm);
}

static void fill_vm(struct json *j, val *o, const struct event *e)
{
	const struct frame *f = e->frame;
	val *ev;

	put_str(j, o, "event", f->vm.ended ? "ended" : "created");
	put_str(j, o, "watched", life_name(e->vm_life.life));
	put_str_or_null(j, o, "story", e->vm_life.sentence);
	ev = put_object(j, o, "evidence");
	put_u64(j, ev, "pid", f->vm.pid);
	put_u64(j, ev, "vm_ino", f->vm.ino);
	put_str_or_null(j, ev, "vm_name", f->vm.vm_name);
	put_str_or_null(j, ev, "comm", f->vm.comm);
	put_str_or_null(j, ev, "name_option", f->vm.name_option);
	put_incoming(j, ev, f->vm.incoming);
}

static void put_backend(struct json *j, val *o, const struct cc_record *r)
{
	bool called = r->seen & CC_SEEN_BACKEND, watched = r->seen & CC_SEEN_WATCHED;
	val *backend = put_object(j, o, "backend");

	put_bool(j, backend, "watched", watched);
	if (called || watched)
		put_bool(j, backend, "called", called);
	else
		put_null(j, backend, "called");
	if (called)
		put_s64(j, backend, "ret", r->backend_ret);
	else
		put_null(j, backend, "ret");
}

static void put_caps(struct json *j, val *o, struct maybe_u64 caps)
{
	uint64_t unknown = caps.known ? abi_unknown_bits(caps.value) : 0;

	put_hex64_or_null(j, o, "caps", caps.known, caps.value);
	put_modes(j, o, "modes", caps.known ? caps.value : 0);
	put_hex64_or_null(j, o, "unknown_bits", unknown, unknown);
}

static void put_tail(struct json *j, val *o, const struct diagnosis *d)
{
	static const char *const names[] = {
		[TAIL_ZERO] = "zero",
		[TAIL_NONZERO] = "nonzero",
		[TAIL_UNREAD] = "unread",
	};
	val *tail;

	if (d->tail == TAIL_NONE) {
		put_null(j, o, "tail");
		return;
	}
	tail = put_object(j, o, "tail");
	put_str(j, tail, "state", names[d->tail]);
	put_u64_or_null(j, tail, "first_nonzero", d->tail == TAIL_NONZERO, d->tail_first);
	put_u64(j, tail, "read", d->tail_read);
}

static void fill_negotiation(struct json *j, val *o, const struct event *e)
{
	static const char *const sources[] = { NULL, "entry", "exit" };
	const struct host_facts *host = e->negotiation.host;
	const struct diagnosis *d = e->negotiation.diag;
	const struct cc_record *r = e->rec;

	put_hex32(j, o, "cmd", r->cmd);
	put_str(j, o, "abi", d->abi->name);
	put_u64_or_null(j, o, "usize", d->usize.known, d->usize.value);
	put_str_or_null(j, o, "usize_source", sources[d->usize_source]);
	put_u64_or_null(j, o, "ksize", host->ksize_is == FACT_KNOWN, host->ksize);
	put_str(j, o, "ksize_is", fact_name(host->ksize_is));
	put_u64_or_null(j, o, "flags", d->flags.known, d->flags.value);
	put_errno(j, o, r->ret);
	put_u64_or_null(j, o, "size_out", d->size_out.known, d->size_out.value);
	put_backend(j, o, r);
	put_caps(j, o, d->caps);
	put_tail(j, o, d);
	put_bool(j, o, "changed", d->changed);
	put_u64(j, o, "latency_ns", r->latency_ns);
	put_str(j, o, "cause", cause_name(d->cause));
	put_str(j, o, "hint", d->hint);
	put_evidence(j, o, e);
}

static void fill_extension(struct json *j, val *o, const struct event *e)
{
	put_u64(j, o, "capability", e->rec->arg);
	put_s64(j, o, "answer", e->rec->ret);
	put_evidence(j, o, e);
}

static void fill_arch(struct json *j, val *o, const struct event *e)
{
	const struct arch_diagnosis *d = e->arch.diag;
	const struct offer *offer = e->arch.offer;
	bool failed = offer->queried == QUERIED_FAILED;

	put_hex32(j, o, "pvr", d->pvr);
	put_str_or_null(j, o, "mode", d->known ? d->known->name : NULL);
	put_errno(j, o, e->rec->ret);
	put_str(j, o, "queried", queried_name(offer->queried));
	put_str_or_null(j, o, "query_cause", failed ? cause_name(offer->query_cause) : NULL);
	put_str_or_null(j, o, "not_seen", offer->not_seen);
	if (offer->source == MODES_UNKNOWN)
		put_null(j, o, "host_modes");
	else
		put_modes(j, o, "host_modes", offer->modes);
	put_str_or_null(j, o, "host_modes_source", modes_source_name(offer->source));
	put_str(j, o, "cause", arch_cause_name(d->cause));
	put_str(j, o, "hint", d->hint);
	put_evidence(j, o, e);
}

static void fill_retry(struct json *j, val *o, const struct event *e)
{
	put_str(j, o, "outcome", e->retry->recovered ? "recovered" : "failed");
	put_u64(j, o, "after_ns", e->retry->after_ns);
}

/* Which VM it was. */
static val *put_vm_evidence(struct json *j, val *o, const struct cc_record *r, const char *option)
{
	val *ev = put_object(j, o, "evidence");

	put_hex64_or_null(j, ev, "vm", r->vm, r->vm);
	put_u64(j, ev, "vm_ino", r->vm_ino);
	put_escaped(j, ev, "vm_name", r->vm_name, sizeof(r->vm_name));
	put_u64(j, ev, "cgroup", r->cgroup);
	put_str_or_null(j, ev, "name_option", option);
	return ev;
}

static void put_asked(struct json *j, val *o, const struct run *run)
{
	const struct abi_pvr *known = run->asked ? abi_pvr(run->pvr) : NULL;

	if (run->asked)
		put_hex32(j, o, "pvr", run->pvr);
	else
		put_null(j, o, "pvr");
	put_str_or_null(j, o, "mode", known ? known->name : NULL);
	if (run->asked)
		put_bool(j, o, "accepted", run->accepted);
	else
		put_null(j, o, "accepted");
	put_str_or_null(j, o, "ask_cause", run->asked ? arch_cause_name(run->cause) : NULL);
}

/* What the vCPU told of itself. */
static void put_vcpu(struct json *j, val *ev, const struct cc_record *r)
{
	put_s64(j, ev, "ret", r->ret);
	put_u64(j, ev, "exit_reason", r->cmd);
	put_u64_or_null(j, ev, "exits", r->in_words > CC_VCPU_EXITS, r->in[CC_VCPU_EXITS]);
	if (r->in_words > CC_VCPU_PVR)
		put_hex32(j, ev, "vcpu_pvr", (uint32_t)r->in[CC_VCPU_PVR]);
	else
		put_null(j, ev, "vcpu_pvr");
}

static void fill_run(struct json *j, val *o, const struct event *e)
{
	const struct cc_record *r = e->rec;
	const struct run *run = e->run;
	bool exited = r->ret >= 0;
	val *list, *ev;

	put_errno(j, o, r->ret);
	put_str_or_null(j, o, "exit_reason", exited ? abi_exit_name(r->cmd) : NULL);
	put_hex64_or_null(j, o, "hardware_reason", exited && r->vm, r->arg);
	put_asked(j, o, run);
	if (run->first_known)
		put_bool(j, o, "first", run->first);
	else
		put_null(j, o, "first");
	list = put_array(j, o, "messages");
	for (size_t i = 0; i < run->n_messages; i++)
		j->failed |= !yyjson_mut_arr_add_str(j->doc, list, run->messages[i]);
	put_str(j, o, "hint", run->hint);
	ev = put_vm_evidence(j, o, r, e->frame->call.name_option);
	put_vcpu(j, ev, r);
	put_hex64_or_null(j, ev, "hardware_reason", true, r->arg);
}

static void fill_ran(struct json *j, val *o, const struct event *e)
{
	const struct cc_record *r = e->rec;
	uint32_t pvr = (uint32_t)r->in[CC_VCPU_PVR];
	const struct abi_pvr *known = r->in_words > CC_VCPU_PVR && pvr ? abi_pvr(pvr) : NULL;

	put_asked(j, o, e->run);
	if (r->in_words > CC_VCPU_PVR)
		put_hex32(j, o, "runs_pvr", pvr);
	else
		put_null(j, o, "runs_pvr");
	put_str_or_null(j, o, "runs_mode", known ? known->name : NULL);
	put_vcpu(j, put_vm_evidence(j, o, r, e->frame->call.name_option), r);
}

static void fill_kernel(struct json *j, val *o, const struct event *e)
{
	const struct cc_record *r = e->rec;
	val *ev;

	put_str(j, o, "message", e->frame->kernel.text);
	ev = put_vm_evidence(j, o, r, e->frame->kernel.name_option);
	put_bool(j, ev, "interrupt", r->seen & CC_SEEN_INTERRUPT);
	if (r->cmd)
		put_hex32(j, ev, "cmd", r->cmd);
	else
		put_null(j, ev, "cmd");
	put_u64(j, ev, "length", r->arg);
}

/* Of what was lost the type may not be known either. */
static const char *lost_type(uint32_t type)
{
	switch (type) {
	case CC_NEGOTIATION:
		return event_type_name(EVENT_NEGOTIATION);
	case CC_EXTENSION:
		return event_type_name(EVENT_EXTENSION);
	case CC_ARCH_COMPAT:
		return event_type_name(EVENT_ARCH_COMPAT);
	case CC_RUN:
		return event_type_name(EVENT_RUN);
	case CC_RAN:
		return event_type_name(EVENT_RAN);
	case CC_KERNEL:
		return event_type_name(EVENT_KERNEL);
	default:
		return NULL;
	}
}

static void put_loss(struct json *j, val *list, const struct loss_count *by)
{
	bool returned = by->key.ret != CC_RET_UNKNOWN;
	bool failed = returned && by->key.ret < 0;
	char name[16];
	const char *error = failed ? errno_name(by->key.ret, name, sizeof(name)) : NULL;
	val *o = yyjson_mut_arr_add_obj(j->doc, list), *ev;

	put_str_or_null(j, o, "type", lost_type(by->key.type));
	put_hex_of_list(j, o, "cmd", by->key.cmd, 8);
	if (returned)
		put_s64(j, o, "ret", by->key.ret);
	else
		put_null(j, o, "ret");
	if (error)
		j->failed |= !yyjson_mut_obj_add_strcpy(j->doc, o, "errno", error);
	else
		put_null(j, o, "errno");
	put_u64(j, o, "n", by->n);
	ev = put_object(j, o, "evidence");
	if (by->key.vm)
		put_hex_of_list(j, ev, "vm", by->key.vm, 16);
	else
		put_null(j, ev, "vm");
	put_u64(j, ev, "vm_ino", by->key.vm_ino);
}

static void fill_lost(struct json *j, val *o, const struct event *e)
{
	const struct frame *f = e->frame;
	val *by;

	put_u64(j, o, "n", f->lost.n);
	put_str_or_null(j, o, "reason", loss_name(f->lost.loss));
	by = put_array(j, o, "by");
	for (size_t i = 0; j->lists && i < f->lost.n_by && i < LOSSES_MAX; i++)
		put_loss(j, by, &f->lost.by[i]);
}

static void fill_end(struct json *j, val *o, const struct event *e)
{
	const struct totals *t = e->end.totals;
	val *totals;

	put_u64(j, o, "events", t->events);
	put_u64(j, o, "lost", t->lost);
	put_bool(j, o, "cut_off", e->end.cut_off);
	totals = put_object(j, o, "totals");
	put_u64(j, totals, "negotiations_ok", t->negotiations_ok);
	put_u64(j, totals, "negotiations_failed", t->negotiations_failed);
	put_u64(j, totals, "asks_ok", t->asks_ok);
	put_u64(j, totals, "asks_failed", t->asks_failed);
	put_u64(j, totals, "checks", t->checks);
	put_u64(j, totals, "lost_negotiations_ok", t->lost_negotiations_ok);
	put_u64(j, totals, "lost_negotiations_failed", t->lost_negotiations_failed);
	put_u64(j, totals, "vms", t->vms);
	put_u64(j, totals, "runs", t->runs);
	put_u64(j, totals, "runs_repeated", t->runs_repeated);
	put_u64(j, totals, "kernel_messages", t->kernel_messages);
}

typedef void fill_fn(struct json *j, val *o, const struct event *e);

static fill_fn *const fill[EVENT_TYPES] = {
	[EVENT_TRACE] = fill_trace,
	[EVENT_HOST] = fill_host,
	[EVENT_ATTACH] = fill_attach,
	[EVENT_FOUND] = fill_found,
	[EVENT_VM] = fill_vm,
	[EVENT_NEGOTIATION] = fill_negotiation,
	[EVENT_EXTENSION] = fill_extension,
	[EVENT_ARCH_COMPAT] = fill_arch,
	[EVENT_RETRY] = fill_retry,
	[EVENT_RUN] = fill_run,
	[EVENT_RAN] = fill_ran,
	[EVENT_KERNEL] = fill_kernel,
	[EVENT_LOST] = fill_lost,
	[EVENT_END] = fill_end,
};

/* NULL: it did not fit the allocator's memory. */
static yyjson_mut_doc *to_doc(struct json *j, const struct event *e, const yyjson_alc *alc)
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
	if (e->type == EVENT_TRACE) {
		put_u64(j, o, "schema", STREAM_SCHEMA);
		put_str(j, o, "version", COMPATCAPS_VERSION);
	}
	put_common(j, o, e);
	fill[e->type](j, o, e);
	if (!j->failed)
		return doc;
	yyjson_mut_doc_free(doc);
	return NULL;
}

static char *to_line(struct json *j, const struct event *e, const yyjson_alc *alc, size_t *len)
{
	yyjson_mut_doc *doc = to_doc(j, e, alc);
	char *line;

	if (!doc)
		return NULL;
	line = yyjson_mut_write_opts(doc, YYJSON_WRITE_NEWLINE_AT_END, alc, len, NULL);
	yyjson_mut_doc_free(doc);
	return line;
}

static char *to_line_in_pool(struct json *j, const struct event *e, size_t *len)
{
	yyjson_alc pool;

	yyjson_alc_pool_init(&pool, j->pool, sizeof(j->pool));
	return to_line(j, e, &pool, len);
}

static void json_event(void *state, const struct event *e)
{
	struct json *j = state;
	char *line, *large = NULL;
	size_t len;

	j->lists = true;
	line = to_line_in_pool(j, e, &len);
	if (!line)
		line = large = to_line(j, e, NULL, &len);
	if (!line) {
		/* No memory: what happened is told, if not to whom. */
		j->lists = false;
		line = to_line_in_pool(j, e, &len);
	}
	if (line)
		fwrite(line, 1, len, j->f);
	free(large);
}

static void *json_begin(FILE *f, const struct emit_options *opt)
{
	struct json *j = malloc(sizeof(*j));

	if (!j)
		return NULL;
	j->f = f;
	j->filtered = opt->filtered;
	j->ts[0] = '\0';
	return j;
}

struct event_doc {
	struct json json;
	yyjson_mut_doc *doc; /* of the newest event */
	yyjson_alc pool;
};

struct event_doc *event_doc_new(void)
{
	struct event_doc *d = calloc(1, sizeof(*d));

	if (d)
		d->json.lists = true;
	return d;
}

void event_doc_free(struct event_doc *d)
{
	if (d)
		yyjson_mut_doc_free(d->doc);
	free(d);
}

struct yyjson_mut_val *event_doc_of(struct event_doc *d, const struct event *e)
{
	yyjson_mut_doc_free(d->doc);
	yyjson_alc_pool_init(&d->pool, d->json.pool, sizeof(d->json.pool));
	d->doc = to_doc(&d->json, e, &d->pool);
	if (!d->doc)
		d->doc = to_doc(&d->json, e, NULL);
	return d->doc ? yyjson_mut_doc_get_root(d->doc) : NULL;
}

const struct emitter emit_json = {
	.name = "json",
	.what = "JSON Lines, which replay reads back",
	.begin = json_begin,
	.event = json_event,
	.end = free,
	.stream = true,
};
