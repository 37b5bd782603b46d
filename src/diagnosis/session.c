// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diagnosis/session.h"

#include <stdio.h>
#include <stdlib.h>

struct session {
	session_out *out;
	void *ctx;
	struct story *story;
	struct host_facts host;
	struct totals totals;
	bool as_recorded; /* numbers of events */
};

struct session *session_new(session_out *out, void *ctx)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->out = out;
	s->ctx = ctx;
	s->story = story_new();
	if (s->story)
		return s;
	free(s);
	return NULL;
}

void session_number_as_recorded(struct session *s)
{
	s->as_recorded = true;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	story_free(s->story);
	free(s);
}

const struct host_facts *session_host(const struct session *s)
{
	return &s->host;
}

const struct totals *session_totals(const struct session *s)
{
	return &s->totals;
}

unsigned int session_beyond(const struct session *s, bool *more)
{
	return story_beyond(s->story, more);
}

void session_tell(const struct session *s, void (*paragraph)(const char *text, void *ctx),
		  void *ctx)
{
	story_tell(s->story, paragraph, ctx);
}

bool session_wants_command(const struct session *s, const struct cc_record *r)
{
	return record_wants_cmd(r, &s->host);
}

static void emit(struct session *s, struct event *e)
{
	uint64_t line = s->as_recorded ? e->frame->seq : 0;

	e->seq = ++s->totals.events;
	if (line)
		e->seq = line + (e->type == EVENT_RETRY);
	s->out(e, s->ctx);
}

static struct event event_of(enum event_type type, const struct frame *f)
{
	return (struct event){
		.type = type,
		.mono_ns = f->mono_ns,
		.real_ns = f->real_ns,
		.frame = f,
	};
}

static struct event call_event(enum event_type type, const struct frame *f, const struct step *step)
{
	struct event e = event_of(type, f);

	e.rec = f->call.rec;
	e.pid = e.rec->pid;
	e.comm = step->comm;
	e.thread = step->thread;
	e.vm_name = step->vm_name;
	e.guest = step->guest;
	e.cgroup = f->call.cgroup;
	e.vm = step->vm;
	return e;
}

static void on_plain(struct session *s, enum event_type type, const struct frame *f)
{
	struct event e = event_of(type, f);

	emit(s, &e);
}

static void on_trace(struct session *s, const struct frame *f)
{
	s->host = f->trace.host;
	story_trace(s->story, f);
	on_plain(s, EVENT_TRACE, f);
}

/* What calls have proven of the kernel stays proven, unless KVM is another one now. */
static void on_host(struct session *s, const struct frame *f)
{
	uint32_t proven = f->host.kvm_reloaded ? 0 : s->host.kernel_cmd;

	s->host = f->host.facts;
	if (!s->host.kernel_cmd)
		s->host.kernel_cmd = proven;
	on_plain(s, EVENT_HOST, f);
}

static void on_found(struct session *s, const struct frame *f)
{
	const struct inventory_process *owner = inventory_owner(f->found.vm);
	struct event e = event_of(EVENT_FOUND, f);
	struct inventory_verdict verdict;
	struct step step;

	inventory_judge(f->found.vm, &s->host, &verdict);
	story_found(s->story, f, &verdict, &step);
	e.pid = owner ? owner->pid : 0;
	e.comm = step.comm;
	e.vm_name = step.vm_name;
	e.guest = step.guest;
	e.cgroup = f->found.vm->cgroup;
	e.vm = step.vm;
	e.verdict = &verdict;
	emit(s, &e);
}

/* Of what could not be made there is no story. */
static void on_failed_vm(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_VM, f);
	char guest[GUEST_NAME_LEN];

	guest_name(guest, sizeof(guest), f->vm.name_option ? f->vm.name_option : "");
	e.pid = f->vm.pid;
	e.comm = f->vm.comm;
	e.guest = guest;
	e.cgroup = f->vm.cgroup;
	e.vm_life.life = LIFE_UNKNOWN;
	emit(s, &e);
}

static void on_vm(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_VM, f);
	struct step step;

	if (f->vm.event == VM_FAILED) {
		on_failed_vm(s, f);
		return;
	}
	story_vm(s->story, f, &step);
	e.pid = f->vm.pid;
	e.comm = step.comm;
	e.vm_name = step.vm_name;
	e.guest = step.guest;
	e.cgroup = f->vm.cgroup;
	e.vm = step.vm;
	e.vm_life.life = step.life;
	e.vm_life.sentence = step.sentence;
	e.vm_life.silent = step.silent;
	s->totals.vms += f->vm.event == VM_CREATED;
	emit(s, &e);
}

static void say_again(struct diagnosis *d, const struct recorded_verdict *said)
{
	d->cause = said->cause;
	snprintf(d->hint, sizeof(d->hint), "%s", said->hint);
}

static void on_negotiation(struct session *s, const struct frame *f)
{
	const struct cc_record *r = f->call.rec;
	uint32_t proven = record_proves_cmd(r);
	struct diagnosis d;
	struct step step;
	struct event e;

	if (proven)
		s->host.kernel_cmd = proven;
	diagnose(r, &s->host, &d);
	diagnose_line(r, story_line_of(s->story, r), &d);
	if (f->call.said)
		say_again(&d, f->call.said);
	story_call(s->story, f, &d, &s->host, &step);
	e = call_event(EVENT_NEGOTIATION, f, &step);
	e.negotiation.diag = &d;
	e.negotiation.host = &s->host;
	if (r->ret)
		s->totals.negotiations_failed++;
	else
		s->totals.negotiations_ok++;
	emit(s, &e);
	if (!step.retry.seen)
		return;
	e = call_event(EVENT_RETRY, f, &step);
	e.retry = &step.retry;
	emit(s, &e);
}

static void on_extension(struct session *s, const struct frame *f)
{
	struct step step;
	struct event e;

	story_call(s->story, f, NULL, &s->host, &step);
	e = call_event(EVENT_EXTENSION, f, &step);
	s->totals.checks++;
	emit(s, &e);
}

static void on_arch_compat(struct session *s, const struct frame *f)
{
	const struct recorded_verdict *said = f->call.said;
	struct arch_diagnosis d;
	struct step step;
	struct event e;

	story_call(s->story, f, NULL, &s->host, &step);
	diagnose_arch(f->call.rec, &s->host, &step.offer, &d);
	if (said) {
		d.cause = said->arch_cause;
		snprintf(d.hint, sizeof(d.hint), "%s", said->hint);
	}
	story_arch(s->story, f, &step.offer, &d);
	e = call_event(EVENT_ARCH_COMPAT, f, &step);
	e.arch.diag = &d;
	e.arch.offer = &step.offer;
	if (f->call.rec->ret)
		s->totals.asks_failed++;
	else
		s->totals.asks_ok++;
	emit(s, &e);
}

static void on_run(struct session *s, const struct frame *f)
{
	struct step step;
	struct event e;

	story_run(s->story, f, &step);
	e = call_event(EVENT_RUN, f, &step);
	e.run = &step.run;
	s->totals.runs++;
	emit(s, &e);
}

static void on_ran(struct session *s, const struct frame *f)
{
	struct step step;
	struct event e;

	story_ran(s->story, f, &step);
	e = call_event(EVENT_RAN, f, &step);
	e.run = &step.run;
	emit(s, &e);
}

static void on_kernel(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_KERNEL, f);
	struct step step;

	if (!record_valid(f->kernel.rec))
		return;
	story_kernel(s->story, f, &step);
	e.rec = f->kernel.rec;
	e.pid = e.rec->pid;
	e.comm = step.comm;
	e.thread = step.thread;
	e.vm_name = step.vm_name;
	e.guest = step.guest;
	e.cgroup = f->kernel.cgroup;
	e.vm = step.vm;
	s->totals.kernel_messages++;
	emit(s, &e);
}

static void on_call(struct session *s, const struct frame *f)
{
	if (!record_valid(f->call.rec))
		return;
	switch (f->call.rec->type) {
	case CC_NEGOTIATION:
		on_negotiation(s, f);
		break;
	case CC_EXTENSION:
		on_extension(s, f);
		break;
	case CC_ARCH_COMPAT:
		on_arch_compat(s, f);
		break;
	case CC_RUN:
		on_run(s, f);
		break;
	case CC_RAN:
		on_ran(s, f);
		break;
	}
}

/* The VM that all of it is of; 0: there is none, or more than one. */
static unsigned int lost_of(const struct session *s, const struct frame *f)
{
	for (size_t i = 1; i < f->lost.n_by; i++)
		if (f->lost.by[i].key.vm_ino != f->lost.by[0].key.vm_ino)
			return 0;
	return f->lost.n_by ? story_number(s->story, f->lost.by[0].key.vm_ino) : 0;
}

/* A hostile recording can hold any number. */
static void grow(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

static void count_lost(struct totals *t, const struct loss_count *by)
{
	if (!loss_is_certain(&by->key))
		return;
	switch (by->key.type) {
	case CC_NEGOTIATION:
		grow(&t->lost_queries, by->n);
		if (!by->key.ret)
			grow(&t->lost_negotiations_ok, by->n);
		else if (by->key.ret != CC_RET_UNKNOWN)
			grow(&t->lost_negotiations_failed, by->n);
		break;
	case CC_ARCH_COMPAT:
		grow(&t->lost_asks, by->n);
		break;
	case CC_EXTENSION:
		grow(&t->lost_checks, by->n);
		break;
	case CC_RUN:
		grow(&t->lost_runs, by->n);
		break;
	}
}

static void on_lost(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_LOST, f);

	story_lost(s->story, f);
	grow(&s->totals.lost, f->lost.n);
	for (size_t i = 0; i < f->lost.n_by; i++)
		count_lost(&s->totals, &f->lost.by[i]);
	e.vm = lost_of(s, f);
	emit(s, &e);
}

static void on_end(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_END, f);

	s->totals.runs_repeated = f->end.runs_repeated;
	e.end.totals = &s->totals;
	e.end.cut_off = f->end.cut_off;
	emit(s, &e);
}

void session_frame(struct session *s, const struct frame *f)
{
	switch (f->type) {
	case FRAME_TRACE:
		on_trace(s, f);
		break;
	case FRAME_HOST:
		on_host(s, f);
		break;
	case FRAME_ATTACH:
		story_attach(s->story, f);
		on_plain(s, EVENT_ATTACH, f);
		break;
	case FRAME_FOUND:
		on_found(s, f);
		break;
	case FRAME_VM:
		on_vm(s, f);
		break;
	case FRAME_CALL:
		on_call(s, f);
		break;
	case FRAME_KERNEL:
		on_kernel(s, f);
		break;
	case FRAME_LOST:
		on_lost(s, f);
		break;
	case FRAME_END:
		on_end(s, f);
		break;
	}
}
