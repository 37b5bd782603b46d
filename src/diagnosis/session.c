// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A frame finds its VM, becomes part of that VM's history, and leaves as one event or more. What
 * is said about it is made from the history as it is then (summary.h). A story is told when its VM
 * ends, and at the end of the trace for all others, and again for a VM of which less is certain by
 * then.
 */
#include "diagnosis/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnosis/summary.h"
#include "diagnosis/vm_table.h"
#include "kvm/guest.h"
#include "lib/text.h"

struct session {
	session_out *out;
	void *ctx;
	const struct session_filter *filter;
	struct vm_table vms;
	struct host_facts host;
	unsigned int host_epoch; /* another one: what the host offers may be something else */
	struct totals totals;
	bool as_recorded;      /* numbers of events; nobody makes a recording of them */
	uint64_t stories_left; /* that are told before the end */
	/* Of the frame that is being told: */
	char comm[CC_COMM_LEN * 4], thread[CC_COMM_LEN * 4], name[CC_VM_NAME_LEN * 4];
	char guest[GUEST_NAME_LEN];
	struct summary_not_known not_known;
	struct capability_grant denied[CAPABILITIES_MAX];
};

static const struct session_filter nothing_is_left_out;

struct session *session_new(session_out *out, void *ctx)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->out = out;
	s->ctx = ctx;
	s->filter = &nothing_is_left_out;
	return s;
}

void session_filter(struct session *s, const struct session_filter *filter)
{
	s->filter = filter;
}

void session_number_as_recorded(struct session *s)
{
	s->as_recorded = true;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	vm_table_free(&s->vms);
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
	*more = s->vms.more_beyond;
	return s->vms.n_beyond;
}

bool session_wants_command(const struct session *s, const struct cc_record *r)
{
	return record_wants_cmd(r, &s->host);
}

bool session_wants_processor(const struct session *s, const struct frame *f)
{
	const struct cc_loss_key key = { .vm = f->vm.number, .vm_ino = f->vm.ino };
	const struct vm *vm;

	if (s->host.processor.pvr || f->vm.event != VM_ENDED || !grants_known(&f->vm.grants))
		return false;
	vm = vm_table_of_loss(&s->vms, &key);
	return vm && vm->history.machine && !history_has_run(&vm->history);
}

/* ------------------------------------------------------------------ events */

/* The number of the event of this type that comes of this frame: what follows has the next one. */
static uint64_t number_of(const struct session *s, enum event_type type, const struct frame *f)
{
	if (!s->as_recorded || !f->seq)
		return s->totals.events + 1;
	if (type == EVENT_STORY && f->type == FRAME_END)
		return f->seq > s->stories_left ? f->seq - s->stories_left : f->seq;
	return f->seq + (type == EVENT_RETRY || type == EVENT_STORY);
}

/* vm: whose doing it is; NULL: nobody's that is known. */
static void emit(struct session *s, struct vm *vm, struct event *e)
{
	e->seq = number_of(s, e->type, e->frame);
	e->untold_name = vm ? &vm->untold_name : NULL;
	if (vm && e->type != EVENT_STORY)
		history_event(&vm->history, &s->vms.room, e);
	if (!filter_tells(s->filter, vm, e))
		return;
	totals_count(&s->totals, e);
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

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* Who it is: what the frame itself tells, else what is known of the VM. */
static void name_event(const struct session *s, struct event *e, const struct vm *vm)
{
	e->comm = s->comm;
	e->vm_name = s->name;
	e->guest = s->guest;
	if (!vm)
		return;
	e->vm = vm->number;
	e->vm_name = or_empty(vm->name);
	if (!*s->guest)
		e->guest = or_empty(vm->guest);
}

static struct event call_event(const struct session *s, enum event_type type, const struct frame *f,
			       const struct vm *vm)
{
	struct event e = event_of(type, f);

	name_event(s, &e, vm);
	e.rec = f->call.rec;
	e.pid = e.rec->pid;
	e.thread = s->thread;
	e.cgroup = f->call.cgroup;
	return e;
}

static void on_plain(struct session *s, enum event_type type, const struct frame *f)
{
	struct event e = event_of(type, f);

	emit(s, NULL, &e);
}

/* ------------------------------------------------------------------ the host */

/* What kvm-hv agreed on with a hypervisor proves where it runs. */
static void take_host(struct session *s, const struct host_facts *host)
{
	s->host = *host;
	if (!host_is_v2(host))
		return;
	if (s->host.nested == NESTED_UNKNOWN)
		s->host.nested = NESTED_V2;
	if (s->host.pseries_is == FACT_UNKNOWN)
		s->host.pseries_is = FACT_KNOWN;
}

static void on_trace(struct session *s, const struct frame *f)
{
	char *text = filter_text(s->filter, f);
	struct frame told = *f;

	told.trace.filters.view = text ? s->filter->text : NULL;
	told.trace.filters.text = text ? text : f->trace.filters.text;
	told.trace.filters.chosen = s->filter->wants != NULL;
	take_host(s, &f->trace.host);
	coverage_trace(&s->vms.coverage, &told);
	s->vms.coverage.by_name = f->trace.filters.guests;
	told.trace.filters.part = s->filter->shows != NULL;
	on_plain(s, EVENT_TRACE, &told);
	free(text);
}

static bool same_offer(const struct host_facts *a, const struct host_facts *b)
{
	const struct offer x = host_offer(a), y = host_offer(b);

	return x.source == y.source && x.modes == y.modes && a->cpu_version == b->cpu_version;
}

/* What calls have proven of the kernel stays proven, unless KVM is another one now. */
static void on_host(struct session *s, const struct frame *f)
{
	uint32_t proven = f->host.kvm_reloaded ? 0 : s->host.kernel_cmd;
	const struct host_facts before = s->host;

	take_host(s, &f->host.facts);
	if (!s->host.kernel_cmd)
		s->host.kernel_cmd = proven;
	/* A partition that was migrated has another host: older answers are not that one's. */
	s->host_epoch += !same_offer(&before, &s->host);
	on_plain(s, EVENT_HOST, f);
}

/* ------------------------------------------------------------------ VMs */

/* What the frame itself says is the guest's name holds, even if its VM is not known. */
static void note_guest(struct session *s, struct vm *vm, const char *name_option)
{
	guest_name(s->guest, sizeof(s->guest), or_empty(name_option));
	if (vm && *s->guest)
		vm_table_keep_guest(vm, s->guest, s->as_recorded ? NULL : name_option);
	if (vm)
		filter_choose(s->filter, vm);
}

static struct vm_id id_of(struct session *s, const struct frame *f, const struct cc_record *r)
{
	text_escape(s->comm, sizeof(s->comm), r->comm, sizeof(r->comm));
	text_escape(s->thread, sizeof(s->thread), r->thread, sizeof(r->thread));
	text_escape(s->name, sizeof(s->name), r->vm_name, sizeof(r->vm_name));
	return (struct vm_id){ r->vm, r->vm_ino, r->pid, s->name, s->comm, f->vm_number };
}

/* The VM of this record; NULL: there is none, or no room for it. */
static struct vm *meet(struct session *s, const struct frame *f, const struct cc_record *r,
		       const char *name_option)
{
	const struct vm_id id = id_of(s, f, r);
	struct vm *vm = vm_table_of_call(&s->vms, &id);

	note_guest(s, vm, name_option);
	if (!vm)
		return NULL;
	/* Schema 1: it has done more since its end was told. */
	vm->told = false;
	return vm;
}

static enum coverage_reason coverage_in(const struct session *s, const struct vm *vm,
					unsigned int functions)
{
	const struct coverage *c = &s->vms.coverage;
	enum coverage_reason why = coverage_of(c, vm ? &vm->coverage : NULL, functions);

	/* Without a name nobody knows whether the filter went on to choose it. */
	return why == COVERED && c->by_name && vm && !vm->guest ? NOT_COVERED_FILTER : why;
}

static struct summary summary_of(const struct session *s, const struct vm *vm)
{
	return (struct summary){
		.vm = vm->number,
		.pid = vm->pid,
		.comm = vm->comm,
		.guest = vm->guest,
		.history = &vm->history,
		.life = coverage_in(s, vm, COVERAGE_LIFE),
		.queries = coverage_in(s, vm, COVERAGE_QUERIES),
		.requests = coverage_in(s, vm, COVERAGE_REQUESTS),
		.runs = coverage_in(s, vm, COVERAGE_RUNS),
		.can_query = host_can_answer(&s->host),
		.host = &s->host,
	};
}

static void tell_story(struct session *s, struct vm *vm, const struct frame *f)
{
	const struct summary summary = summary_of(s, vm);
	char *text = summary_paragraph(&summary), *sentence = summary_sentence(&summary);
	struct vm_story story = {
		.history = &vm->history,
		.coverage = summary.life,
		.again = vm->told,
		.before = vm->told_life,
		.queries = summary.queries,
		.runs = summary.runs,
		.denied = s->denied,
		.n_denied = summary_denied(&summary, s->denied),
		.text = text,
		.sentence = sentence,
	};
	struct event e = event_of(EVENT_STORY, f);

	summary_not_known(&summary, &s->not_known);
	for (size_t i = 0; i < s->not_known.n; i++)
		story.not_known[story.n_not_known++] = s->not_known.text[i];
	e.pid = vm->pid;
	e.vm = vm->number;
	e.comm = or_empty(vm->comm);
	e.vm_name = or_empty(vm->name);
	e.guest = or_empty(vm->guest);
	e.story = &story;
	vm->told = true;
	vm->unsure = false;
	vm->told_life = summary.life;
	if (text && sentence)
		emit(s, vm, &e);
	free(text);
	free(sentence);
}

static struct offer offer_to(const struct session *s, const struct vm *vm)
{
	struct offer offer = host_offer(&s->host);
	enum coverage_reason queries = coverage_in(s, vm, COVERAGE_QUERIES);
	const struct history *h = vm ? &vm->history : NULL;

	offer.not_seen = coverage_why(queries);
	if (!h)
		return offer;
	offer.queried = summary_queried(h, queries);
	offer.query_cause = h->last_failure;
	if (h->offered_known && h->offered_epoch == s->host_epoch) {
		offer.source = MODES_NEGOTIATION;
		offer.modes = h->offered;
	}
	return offer;
}

static void on_found(struct session *s, const struct frame *f)
{
	const struct inventory_vm *found = f->found.vm;
	const struct inventory_process *p = found->processes;
	const struct vm_id id = {
		found->number, found->ino, p->pid, s->name, s->comm, f->vm_number
	};
	struct event e = event_of(EVENT_FOUND, f);
	struct inventory_verdict verdict;
	struct offer offer;
	struct vm *vm;

	/* What is longer than a name can be, escaped, is cut. */
	snprintf(s->comm, sizeof(s->comm), "%.*s", (int)sizeof(s->comm) - 1, p->comm);
	snprintf(s->name, sizeof(s->name), "%.*s", (int)sizeof(s->name) - 1, found->name);
	vm = vm_table_found(&s->vms, &id);
	offer = offer_to(s, vm);
	inventory_judge_by(found, &s->host, &offer, &verdict);
	note_guest(s, vm, found->name_option);
	if (vm)
		history_found(&vm->history, found, &verdict, vm->coverage.born);
	name_event(s, &e, vm);
	e.pid = p->pid;
	e.cgroup = found->cgroup;
	e.verdict = &verdict;
	emit(s, vm, &e);
}

/* Of what could not be made there is no story. */
static void on_failed_vm(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_VM, f);

	note_guest(s, NULL, f->vm.name_option);
	e.pid = f->vm.pid;
	e.comm = f->vm.comm;
	e.guest = s->guest;
	e.cgroup = f->vm.cgroup;
	e.vm_life.life = LIFE_UNKNOWN;
	emit(s, NULL, &e);
}

static struct vm *take_vm(struct session *s, const struct frame *f)
{
	const struct vm_id id = {
		f->vm.number, f->vm.ino, f->vm.pid, s->name, s->comm, f->vm_number
	};
	bool ended = f->vm.event == VM_ENDED;
	struct vm *vm;

	snprintf(s->comm, sizeof(s->comm), "%s", or_empty(f->vm.comm));
	snprintf(s->name, sizeof(s->name), "%s", or_empty(f->vm.vm_name));
	s->thread[0] = '\0';
	vm = ended ? vm_table_ended(&s->vms, &id) : vm_table_created(&s->vms, &id, f->mono_ns);
	note_guest(s, vm, f->vm.name_option);
	if (!vm)
		return NULL;
	vm_table_keep_names(vm, &id);
	vm->history.incoming |= f->vm.incoming == INCOMING_YES;
	if (!*s->comm)
		snprintf(s->comm, sizeof(s->comm), "%s", or_empty(vm->comm));
	if (!ended) {
		vm->history.found = false;
		history_made(&vm->history, f->vm.machine);
		return vm;
	}
	history_ended(&vm->history, &f->vm.grants, &s->host,
		      coverage_in(s, vm, COVERAGE_RUNS) == COVERED);
	vm_table_end(&s->vms, vm);
	return vm;
}

static bool is_silent(const struct history *h)
{
	return !h->n_ok && !h->n_failed && !h->checked && !history_requests(h) &&
	       !history_has_run(h);
}

static void on_vm(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_VM, f);
	bool ended = f->vm.event == VM_ENDED;
	struct summary summary;
	char *sentence = NULL;
	struct vm *vm;

	if (f->vm.event == VM_FAILED) {
		on_failed_vm(s, f);
		return;
	}
	vm = take_vm(s, f);
	name_event(s, &e, vm);
	e.pid = f->vm.pid;
	e.cgroup = f->vm.cgroup;
	e.vm_life.life = s->filter->shows ?
				 LIFE_FILTERED :
				 (enum life)coverage_state_of(coverage_in(s, vm, COVERAGE_LIFE));
	/* Where events are left out, so is a sentence that sums them up. */
	if (vm && ended && !s->filter->shows) {
		summary = summary_of(s, vm);
		sentence = summary_sentence(&summary);
	}
	e.vm_life.sentence = sentence;
	e.vm_life.silent = vm && is_silent(&vm->history);
	emit(s, vm, &e);
	free(sentence);
	if (vm && ended)
		tell_story(s, vm, f);
}

/* ------------------------------------------------------------------ calls */

static void say_again(struct diagnosis *d, const struct recorded_verdict *said)
{
	d->cause = said->cause;
	snprintf(d->hint, sizeof(d->hint), "%s", said->hint);
}

/* What comes next may be hidden. */
static bool hides_retries(const struct session *s)
{
	return s->vms.coverage.filters.threads || s->vms.coverage.filters.outcomes;
}

static void on_negotiation(struct session *s, const struct frame *f)
{
	const struct cc_record *r = f->call.rec;
	uint32_t proven = record_proves_cmd(r);
	struct retry retry = { 0 };
	struct diagnosis d;
	struct event e;
	struct vm *vm;

	if (proven)
		s->host.kernel_cmd = proven;
	vm = meet(s, f, r, f->call.name_option);
	diagnose(r, &s->host, &d);
	diagnose_line(r, vm ? history_line_of_call(&vm->history, NULL, r) : NULL, &d);
	if (f->call.said)
		say_again(&d, f->call.said);
	if (vm)
		history_query(&vm->history, &s->vms.room, r, &d, s->host_epoch, hides_retries(s),
			      &retry);
	e = call_event(s, EVENT_NEGOTIATION, f, vm);
	e.negotiation.diag = &d;
	e.negotiation.host = &s->host;
	emit(s, vm, &e);
	if (!retry.seen)
		return;
	e = call_event(s, EVENT_RETRY, f, vm);
	e.retry = &retry;
	emit(s, vm, &e);
}

static void on_extension(struct session *s, const struct frame *f)
{
	struct vm *vm = meet(s, f, f->call.rec, f->call.name_option);
	struct event e = call_event(s, EVENT_EXTENSION, f, vm);

	if (vm) {
		vm->history.checked = true;
		vm->history.answer = f->call.rec->ret;
	}
	emit(s, vm, &e);
}

static void take_request(struct session *s, struct vm *vm, const struct frame *f,
			 const struct offer *offer, const struct arch_diagnosis *d)
{
	const struct cc_record *r = f->call.rec;
	struct history_request request;

	summary_fill_request(&request, r, &s->host, offer, d->cause);
	request.seq = number_of(s, EVENT_ARCH_COMPAT, f);
	request.line = offer->message ? vm->history.n_lines : 0;
	history_request(&vm->history, &s->vms.room, history_vcpu_of(&vm->history, &s->vms.room, r),
			&request);
}

static void on_arch_compat(struct session *s, const struct frame *f)
{
	const struct recorded_verdict *said = f->call.said;
	const struct cc_record *r = f->call.rec;
	struct vm *vm = meet(s, f, r, f->call.name_option);
	struct offer offer = offer_to(s, vm);
	struct arch_diagnosis d;
	struct event e;

	if (vm)
		offer.message = history_line_of_call(
			&vm->history, history_vcpu_of(&vm->history, &s->vms.room, r), r);
	diagnose_arch(r, &s->host, &offer, &d);
	if (said) {
		d.cause = said->arch_cause;
		snprintf(d.hint, sizeof(d.hint), "%s", said->hint);
	}
	if (vm)
		take_request(s, vm, f, &offer, &d);
	e = call_event(s, EVENT_ARCH_COMPAT, f, vm);
	e.arch.diag = &d;
	e.arch.offer = &offer;
	emit(s, vm, &e);
}

/* ------------------------------------------------------------------ runs */

/* Where KVM counts an exit for what never was in the guest, that is the one exit of a first run. */
static enum history_first first_of(const struct session *s, const struct vm *vm,
				   const struct history_vcpu *vcpu, const struct cc_record *r)
{
	if (r->in_words <= CC_VCPU_EXITS)
		return FIRST_UNKNOWN;
	if (r->in[CC_VCPU_EXITS] > (r->ret < 0 ? 0 : 1) || (vcpu && vcpu->known && vcpu->first_run))
		return FIRST_NO;
	/* A run that a signal ended is not recorded: the boot vCPU's may have been before. */
	if (!vm || (vcpu && vcpu->known && vcpu->id) || history_has_run(&vm->history) ||
	    coverage_in(s, vm, COVERAGE_RUNS) != COVERED)
		return FIRST_OF_VCPU;
	return FIRST_OF_VM;
}

static void on_run(struct session *s, const struct frame *f)
{
	const struct cc_record *r = f->call.rec;
	struct vm *vm = meet(s, f, r, f->call.name_option);
	struct history *h = vm ? &vm->history : NULL;
	struct history_vcpu *vcpu = h ? history_vcpu_of(h, &s->vms.room, r) : NULL;
	const struct history_request *request = history_in_force(vcpu, r);
	struct history_failure failure = {
		.seq = number_of(s, EVENT_RUN, f),
		.hardware_reason = r->arg,
		.hardware_known = r->vm,
		.without_papr = run_lacks_papr(r),
		.exit_reason = r->cmd,
		.ret = r->ret,
		.first = first_of(s, vm, vcpu, r),
		.mode_known = r->in_words > CC_VCPU_PVR,
		.pvr = (uint32_t)r->in[CC_VCPU_PVR],
		.asked = request,
	};
	struct run run = { .first_known = failure.first != FIRST_UNKNOWN,
			   .first = failure.first >= FIRST_OF_VCPU };
	struct event e;
	char *hint;

	if (request)
		failure.request = *request;
	if (h)
		failure.line = history_line_of_run(h, vcpu, r, run.first);
	hint = summary_failure(h, vcpu, &failure);
	run_fill(&run, h, request);
	run.hint = hint ? hint : "KVM_RUN failed";
	run.line = summary_printed(h, &failure);
	if (h)
		history_failed(h, &s->vms.room, vcpu, &failure);
	e = call_event(s, EVENT_RUN, f, vm);
	e.run = &run;
	emit(s, vm, &e);
	free(hint);
}

static void on_ran(struct session *s, const struct frame *f)
{
	const struct cc_record *r = f->call.rec;
	struct vm *vm = meet(s, f, r, f->call.name_option);
	struct history *h = vm ? &vm->history : NULL;
	struct history_vcpu *vcpu = h ? history_vcpu_of(h, &s->vms.room, r) : NULL;
	struct run run = { 0 };
	struct event e;

	run.after_line = h && history_has_line_since_ran(h, vcpu, r);
	history_ran(vcpu, r, number_of(s, EVENT_RAN, f));
	run_fill(&run, h, vcpu && vcpu->n_kept ? &vcpu->requests[vcpu->n_kept - 1] : NULL);
	e = call_event(s, EVENT_RAN, f, vm);
	e.run = &run;
	emit(s, vm, &e);
}

/* ------------------------------------------------------------------ lines */

static void keep_line(struct session *s, struct vm *vm, const struct frame *f)
{
	history_keep_line(&vm->history, &s->vms.room, f, number_of(s, EVENT_KERNEL, f));
}

/* In no ioctl that is known: it may be of any VM of its process. */
static void keep_for_process(struct session *s, const struct frame *f)
{
	struct vm *vm = s->vms.newest;

	for (int i = 0; vm && i < VM_TABLE_NEWEST; i++, vm = vm->prev)
		if (!vm->history.ended && vm->pid == f->kernel.rec->pid)
			keep_line(s, vm, f);
}

static void on_kernel(struct session *s, const struct frame *f)
{
	const struct cc_record *r = f->kernel.rec;
	struct event e = event_of(EVENT_KERNEL, f);
	struct vm *vm;

	if (!record_valid(r))
		return;
	vm = meet(s, f, r, f->kernel.name_option);
	if (vm)
		keep_line(s, vm, f);
	else if (!r->vm && r->pid)
		keep_for_process(s, f);
	name_event(s, &e, vm);
	e.rec = r;
	e.pid = r->pid;
	e.thread = s->thread;
	e.cgroup = f->kernel.cgroup;
	emit(s, vm, &e);
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

/* ------------------------------------------------------------------ losses, and the end */

static void tell_loss(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_LOST, f);
	struct lost_of *of = loss_owners(&s->vms, f, &e.vm);

	e.lost_of = of;
	emit(s, NULL, &e);
	free(of);
}

static void on_lost(struct session *s, const struct frame *f)
{
	struct loss_count *by = f->lost.n_by ? calloc(f->lost.n_by, sizeof(*by)) : NULL;
	struct frame told = filter_loss(s->filter, &s->vms, f, by);

	vm_table_lost(&s->vms, f);
	if (told.lost.n || !f->lost.n)
		tell_loss(s, &told);
	free(by);
}

static void on_end(struct session *s, const struct frame *f)
{
	struct event e = event_of(EVENT_END, f);

	coverage_end(&s->vms.coverage, f);
	for (const struct vm *vm = s->vms.oldest; vm; vm = vm->next)
		s->stories_left += !vm->told || vm->unsure;
	for (struct vm *vm = s->vms.oldest; vm; vm = vm->next) {
		if (vm->told && !vm->unsure)
			continue;
		vm_table_meet(&s->vms, vm);
		tell_story(s, vm, f);
		s->stories_left--;
	}
	/* Whose these are is not known. */
	if (!s->filter->wants && !s->filter->shows)
		s->totals.runs_repeated = f->end.runs_repeated;
	e.end.totals = &s->totals;
	e.end.cut_off = f->end.cut_off;
	e.end.writer = f->end.writer;
	e.end.left_out = s->vms.n_doubtful + s->vms.n_beyond + s->vms.more_beyond;
	emit(s, NULL, &e);
}

void session_frame(struct session *s, const struct frame *f)
{
	if (f->type != FRAME_LOST)
		vm_table_no_loss(&s->vms);
	switch (f->type) {
	case FRAME_TRACE:
		on_trace(s, f);
		break;
	case FRAME_HOST:
		on_host(s, f);
		break;
	case FRAME_ATTACH:
		vm_table_attach(&s->vms, f);
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

/* ------------------------------------------------------------------ all stories, once more */

void session_tell(const struct session *s, void (*paragraph)(const char *text, void *ctx),
		  void *ctx)
{
	summary_left_out(&s->vms, paragraph, ctx);
	for (const struct vm *vm = s->vms.oldest; vm; vm = vm->next) {
		const struct summary summary = summary_of(s, vm);
		char *text;

		if (s->filter->wants && !vm->wanted)
			continue;
		text = summary_paragraph(&summary);
		if (!text)
			return;
		paragraph(text, ctx);
		free(text);
	}
}
