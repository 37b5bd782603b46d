// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a report keeps of a recording while its events pass: VMs, some events of each, how long
 * queries took, and what was lost. Memory is bounded, and VMs that went wrong are kept first. The
 * failures are counted in digest_causes.c.
 */
#include "report/digest_causes.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ memory */

struct digest *digest_new(void)
{
	return calloc(1, sizeof(struct digest));
}

static void free_mark(struct digest_mark *m)
{
	if (m)
		free(m->what);
	free(m);
}

static void free_vm(struct digest_vm *vm)
{
	for (size_t i = 0; i < DIGEST_FIRST; i++)
		free_mark(vm->first[i]);
	for (size_t i = 0; i < DIGEST_FAILURES; i++)
		free_mark(vm->failed[i]);
	for (size_t i = 0; i < DIGEST_NEWEST; i++)
		free_mark(vm->newest[i]);
	free(vm->comm);
	free(vm->guest);
	free(vm->name);
	free(vm->cgroup);
	free(vm->story);
	causes_free_vm(vm);
	free(vm);
}

static void free_id(const struct host_id *id)
{
	free((char *)id->name);
	free((char *)id->boot_id);
	free((char *)id->release);
	free((char *)id->build);
	free((char *)id->arch);
	free((char *)id->modules);
}

static void keep_node(void *node)
{
	(void)node;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	tdestroy(d->by_number, keep_node);
	for (size_t i = 0; i < d->n_vms; i++)
		free_vm(d->vms[i]);
	causes_free(d);
	for (size_t i = 0; i < DIGEST_LINES; i++) {
		free(d->runs[i].text);
		free(d->lines[i].text);
	}
	for (size_t i = 0; i < DIGEST_CHANGES; i++)
		free(d->changes[i].why);
	for (int i = 0; i < COVERAGE_REASONS; i++)
		bits_free(&d->lives[i]);
	for (int i = 0; i < OUTCOMES; i++)
		bits_free(&d->outcomes[i]);
	unseen_free(&d->unseen);
	free_id(&d->id);
	bits_free(&d->seen.bits);
	free(d->filters);
	free(d->view);
	free(d);
}

char *digest_copy(struct digest *d, const char *text)
{
	char *copied = text && *text ? strdup(text) : NULL;

	d->no_memory |= text && *text && !copied;
	return copied;
}

static void keep(struct digest *d, char **text, const char *newer)
{
	if (!newer || !*newer || (*text && !strcmp(*text, newer)))
		return;
	free(*text);
	*text = digest_copy(d, newer);
}

/* ------------------------------------------------------------------ VMs */

static int number_cmp(const void *a, const void *b)
{
	unsigned int x = ((const struct digest_vm *)a)->number;
	unsigned int y = ((const struct digest_vm *)b)->number;

	return (x > y) - (x < y);
}

static struct digest_vm *find_vm(const struct digest *d, unsigned int number)
{
	const struct digest_vm key = { .number = number };
	struct digest_vm **found = tfind(&key, &d->by_number, number_cmp);

	return found ? *found : NULL;
}

static bool can_go(const struct digest_vm *vm, bool also_living)
{
	return !vm->n_failures && (vm->ended || also_living);
}

/* The place of a VM that is no longer needed; NULL: there is none. */
static struct digest_vm **find_place(struct digest *d, bool also_living)
{
	for (unsigned int i = 0; i < DIGEST_VMS; i++) {
		struct digest_vm **vm = &d->vms[(d->hand + i) % DIGEST_VMS];

		if (!can_go(*vm, also_living))
			continue;
		d->hand = (d->hand + i + 1) % DIGEST_VMS;
		return vm;
	}
	return NULL;
}

static struct digest_vm **make_place(struct digest *d, bool failure)
{
	struct digest_vm **place;

	if (d->n_vms < DIGEST_VMS)
		return &d->vms[d->n_vms];
	place = find_place(d, false);
	if (!place && failure)
		place = find_place(d, true);
	if (!place)
		return NULL;
	tdelete(*place, &d->by_number, number_cmp);
	free_vm(*place);
	*place = d->vms[--d->n_vms];
	return &d->vms[d->n_vms];
}

static struct digest_vm *new_vm(struct digest *d, unsigned int number, bool failure)
{
	struct digest_vm **place = make_place(d, failure), *vm;

	if (!place)
		return NULL;
	vm = calloc(1, sizeof(*vm));
	if (vm) {
		vm->number = number;
		if (tsearch(vm, &d->by_number, number_cmp)) {
			d->n_vms++;
			return *place = vm;
		}
	}
	d->no_memory = true;
	free(vm);
	return NULL;
}

/* NULL: it is of none that is followed. */
static struct digest_vm *vm_of(struct digest *d, const struct event *e, bool failure)
{
	bool first = e->vm && vms_seen_first(&d->seen, e->vm);
	struct digest_vm *vm;

	if (!e->vm)
		return NULL;
	vm = find_vm(d, e->vm);
	/* One that was dropped comes back for a failure alone. */
	if (!vm && (first || failure)) {
		vm = new_vm(d, e->vm, failure);
		if (vm)
			vm->partial = !first;
	}
	if (vm) {
		if (!vm->first_real_ns) {
			vm->first_ns = e->mono_ns;
			vm->first_real_ns = e->real_ns;
		}
		vm->first_ns = e->mono_ns < vm->first_ns ? e->mono_ns : vm->first_ns;
		vm->last_ns = e->mono_ns > vm->last_ns ? e->mono_ns : vm->last_ns;
	}
	return vm;
}

static void note_who(struct digest *d, struct digest_vm *vm, const struct event *e)
{
	if (!vm->pid)
		vm->pid = e->pid;
	if (!vm->comm)
		keep(d, &vm->comm, e->comm);
	keep(d, &vm->guest, e->guest);
	keep(d, &vm->name, e->vm_name);
	keep(d, &vm->cgroup, e->cgroup);
}

/* ------------------------------------------------------------------ marks */

/* Where a mark is kept. */
static struct digest_mark **mark_place(struct digest_vm *vm, bool failure)
{
	struct digest_mark **place;

	if (vm->n_first < DIGEST_FIRST)
		return &vm->first[vm->n_first++];
	if (failure && vm->n_failed < DIGEST_FAILURES)
		return &vm->failed[vm->n_failed++];
	place = &vm->newest[vm->n_newest++ % DIGEST_NEWEST];
	free_mark(*place);
	return place;
}

static int cause_of(const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		return (int)e->negotiation.diag->cause;
	case EVENT_ARCH_COMPAT:
		return (int)e->arch.diag->cause;
	default:
		return -1;
	}
}

static void add_mark(struct digest *d, struct digest_vm *vm, const struct event *e)
{
	enum verdict_kind kind = event_kind(e);
	struct digest_mark *m = calloc(1, sizeof(*m));
	char what[EVENT_WHAT_LEN];

	if (!m) {
		d->no_memory = true;
		return;
	}
	m->seq = e->seq;
	m->mono_ns = e->mono_ns;
	m->real_ns = e->real_ns;
	m->latency_ns = e->rec ? e->rec->latency_ns : 0;
	m->type = e->type;
	m->kind = kind;
	m->cause = cause_of(e);
	event_result(m->result, e);
	m->what = digest_copy(d, event_what(what, e));
	*mark_place(vm, kind == VERDICT_FAILURE) = m;
	vm->last = m;
}

static int mark_cmp(const void *a, const void *b)
{
	const struct digest_mark *x = *(const struct digest_mark *const *)a;
	const struct digest_mark *y = *(const struct digest_mark *const *)b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static size_t take(const struct digest_mark **to, size_t n, struct digest_mark *const *from,
		   size_t max)
{
	for (size_t i = 0; i < max; i++)
		if (from[i])
			to[n++] = from[i];
	return n;
}

size_t digest_marks(const struct digest_vm *vm, const struct digest_mark *marks[DIGEST_MARKS])
{
	size_t n = take(marks, 0, vm->first, DIGEST_FIRST);

	n = take(marks, n, vm->failed, DIGEST_FAILURES);
	n = take(marks, n, vm->newest, DIGEST_NEWEST);
	qsort(marks, n, sizeof(*marks), mark_cmp);
	return n;
}

/* ------------------------------------------------------------------ latencies */

uint64_t digest_bar_ns(size_t i)
{
	static const uint64_t steps[] = { 1, 2, 5 };
	uint64_t ns = 1000;

	if (i >= DIGEST_BARS - 1)
		return UINT64_MAX;
	for (size_t decade = i / 3; decade; decade--)
		ns *= 10;
	return ns * steps[i % 3];
}

static void add_latency(struct digest *d, uint64_t ns)
{
	size_t i = 0;

	if (!ns)
		return;
	histogram_add(&d->latency, ns);
	while (ns > digest_bar_ns(i))
		i++;
	d->bars[i]++;
}

/* ------------------------------------------------------------------ events */

static void add_line(struct digest *d, struct digest_line *lines, uint64_t *n,
		     const struct event *e, const char *text)
{
	struct digest_line *line = lines;

	/* KVM says the same again and again. */
	for (; line < &lines[*n] && line < &lines[DIGEST_LINES]; line++)
		if (line->text && !strcmp(line->text, text)) {
			line->n++;
			return;
		}
	if ((*n)++ >= DIGEST_LINES)
		return;
	line->n = 1;
	line->seq = e->seq;
	line->real_ns = e->real_ns;
	line->vm = e->vm;
	line->text = digest_copy(d, text);
}

static void count_call(struct digest *d, struct digest_vm *vm, const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		causes_add(d, vm, e);
		add_latency(d, e->rec->latency_ns);
		break;
	case EVENT_ARCH_COMPAT:
		causes_add(d, vm, e);
		break;
	case EVENT_RUN:
		causes_add(d, vm, e);
		add_line(d, d->runs, &d->n_runs, e, e->run->hint);
		break;
	default:
		*(e->rec->ret < 0 ? &d->checks_failed :
		  e->rec->ret	  ? &d->checks_yes :
				    &d->checks_no) += 1;
	}
}

static void on_call(struct digest *d, const struct event *e)
{
	bool failure = event_is_failure(e);
	struct digest_vm *vm = vm_of(d, e, failure);

	d->n_calls++;
	count_call(d, vm, e);
	if (!vm)
		return;
	vm->n_calls++;
	vm->n_failures += failure;
	note_who(d, vm, e);
	add_mark(d, vm, e);
}

/* It comes right after the event of its call, and belongs to it. */
static void on_retry(struct digest *d, const struct event *e)
{
	struct digest_vm *vm = find_vm(d, e->vm);
	bool recovered = e->retry->recovered;

	*(recovered ? &d->recovered : &d->failed) += 1;
	causes_retry(d, vm, e);
	if (!vm || !vm->last || vm->last->type != EVENT_NEGOTIATION)
		return;
	vm->last->retry = recovered ? RETRY_RECOVERED : RETRY_FAILED;
	vm->last->after_ns = e->retry->after_ns;
}

static void on_kernel(struct digest *d, const struct event *e)
{
	struct digest_vm *vm = vm_of(d, e, false);

	add_line(d, d->lines, &d->n_lines, e, e->frame->kernel.text);
	if (vm)
		add_mark(d, vm, e);
}

/* Also of VMs that are not followed. The newest story of a VM counts. */
static void on_story(struct digest *d, const struct event *e)
{
	struct digest_vm *vm = find_vm(d, e->vm);
	struct ladder ladder;

	ladder_of(e->story, &ladder);
	for (int i = 0; i < COVERAGE_REASONS; i++)
		bits_drop(&d->lives[i], e->vm);
	for (int i = 0; i < OUTCOMES; i++)
		bits_drop(&d->outcomes[i], e->vm);
	bits_add(&d->lives[e->story->coverage], e->vm);
	bits_add(&d->outcomes[ladder.outcome], e->vm);
	if (!vm)
		return;
	vm->ladder = ladder;
	keep(d, &vm->story, e->story->text);
}

static void on_vm(struct digest *d, const struct event *e)
{
	struct digest_vm *vm = vm_of(d, e, false);

	if (!vm)
		return;
	vm->created |= e->frame->vm.event == VM_CREATED;
	vm->ended |= e->frame->vm.event == VM_ENDED;
	note_who(d, vm, e);
	add_mark(d, vm, e);
}

/* What is no call of it and says something of its life. */
static void on_sign(struct digest *d, const struct event *e)
{
	struct digest_vm *vm = vm_of(d, e, false);

	if (!vm)
		return;
	note_who(d, vm, e);
	add_mark(d, vm, e);
}

static void count_loss(struct digest *d, enum cc_loss reason, uint32_t type, int32_t ret,
		       uint64_t n)
{
	size_t i;

	for (i = 0; i < d->n_losses; i++)
		if (d->losses[i].reason == reason && d->losses[i].type == type &&
		    d->losses[i].ret == ret)
			break;
	if (i == DIGEST_LOSSES) {
		d->more_losses = true;
		return;
	}
	if (i == d->n_losses)
		d->losses[d->n_losses++] = (struct digest_loss){ reason, type, ret, 0 };
	if (__builtin_add_overflow(d->losses[i].n, n, &d->losses[i].n))
		d->losses[i].n = UINT64_MAX;
}

static void on_lost(struct digest *d, const struct event *e)
{
	const struct frame *f = e->frame;
	struct digest_vm *vm = vm_of(d, e, false);

	if ((unsigned int)f->lost.loss < CC_LOSSES &&
	    __builtin_add_overflow(d->lost_by[f->lost.loss], f->lost.n, &d->lost_by[f->lost.loss]))
		d->lost_by[f->lost.loss] = UINT64_MAX;
	for (size_t i = 0; i < f->lost.n_by; i++)
		count_loss(d, f->lost.loss, f->lost.by[i].key.type, f->lost.by[i].key.ret,
			   f->lost.by[i].n);
	if (vm)
		add_mark(d, vm, e);
}

static void on_attach(struct digest *d, const struct event *e)
{
	const struct frame *f = e->frame;
	enum point point = f->attach.point;
	struct digest_change *change;

	if ((unsigned int)point >= ATTACH_POINTS)
		return;
	d->how[point] = f->attach.how;
	/* How it was watched at first is no change. */
	if (!d->unseen.points[point].told || d->n_changes++ >= DIGEST_CHANGES)
		return;
	change = &d->changes[d->n_changes - 1];
	change->real_ns = e->real_ns;
	change->point = point;
	change->how = f->attach.how;
	change->released = f->attach.released;
	change->why = digest_copy(d, f->attach.why);
}

static void keep_filters(struct digest *d, const struct frame_filters *filters)
{
	size_t all = filters->text ? strlen(filters->text) : 0;
	size_t view = filters->view ? strlen(filters->view) : 0;

	d->view = digest_copy(d, filters->view);
	d->filters = digest_copy(d, filters->text);
	if (d->filters && view == all)
		*d->filters = '\0';
	else if (d->filters && view)
		d->filters[all - view - 1] = '\0';
	if (d->filters && !*d->filters) {
		free(d->filters);
		d->filters = NULL;
	}
	d->filters_threads = filters->threads;
	d->filters_outcomes = filters->outcomes;
	d->filters_part = filters->part;
}

static void on_trace(struct digest *d, const struct event *e)
{
	const struct frame *f = e->frame;

	if (d->start_real_ns)
		return;
	d->start_real_ns = e->real_ns;
	d->start_ns = e->mono_ns;
	d->host = f->trace.host;
	d->id.name = digest_copy(d, f->trace.id.name);
	d->id.boot_id = digest_copy(d, f->trace.id.boot_id);
	d->id.release = digest_copy(d, f->trace.id.release);
	d->id.build = digest_copy(d, f->trace.id.build);
	d->id.arch = digest_copy(d, f->trace.id.arch);
	d->id.modules = digest_copy(d, f->trace.id.modules);
	d->id.cpus = f->trace.id.cpus;
	keep_filters(d, &f->trace.filters);
}

static void on_end(struct digest *d, const struct event *e)
{
	d->ended = true;
	d->cut_off = e->end.cut_off;
	d->writer = e->end.writer;
	d->totals = *e->end.totals;
}

/* Adjusting a clock makes it faster or slower by a 2000th at most; what is more was set. */
#define CLOCK_SET_NS	 1000000000
#define CLOCK_DRIFT_PART 1000

/* Times are of two clocks, of which one can be set. */
static void note_clock(struct digest *d, const struct event *e)
{
	uint64_t real = e->real_ns - d->newest_real_ns, mono = e->mono_ns - d->newest_ns;
	uint64_t passed = (int64_t)mono < 0 ? 0 - mono : mono;
	int64_t by_ns = (int64_t)(real - mono);
	uint64_t size = by_ns < 0 ? 0 - (uint64_t)by_ns : (uint64_t)by_ns;

	if (d->newest_real_ns && size > CLOCK_SET_NS && size > passed / CLOCK_DRIFT_PART &&
	    d->n_clocks++ < DIGEST_CLOCKS) {
		d->clocks[d->n_clocks - 1].seq = e->seq;
		d->clocks[d->n_clocks - 1].by_ns = by_ns;
	}
	d->newest_ns = e->mono_ns;
	d->newest_real_ns = e->real_ns;
}

void digest_event(const struct event *e, void *digest)
{
	struct digest *d = digest;

	note_clock(d, e);
	if (e->mono_ns > d->end_ns)
		d->end_ns = e->mono_ns;
	switch (e->type) {
	case EVENT_TRACE:
		on_trace(d, e);
		break;
	case EVENT_HOST:
		d->n_host++;
		break;
	case EVENT_ATTACH:
		on_attach(d, e);
		break;
	case EVENT_VM:
		on_vm(d, e);
		break;
	case EVENT_FOUND:
	case EVENT_RAN:
		on_sign(d, e);
		break;
	case EVENT_NEGOTIATION:
	case EVENT_EXTENSION:
	case EVENT_ARCH_COMPAT:
	case EVENT_RUN:
		on_call(d, e);
		break;
	case EVENT_KERNEL:
		on_kernel(d, e);
		break;
	case EVENT_RETRY:
		on_retry(d, e);
		break;
	case EVENT_LOST:
		on_lost(d, e);
		break;
	case EVENT_STORY:
		on_story(d, e);
		break;
	case EVENT_END:
		on_end(d, e);
		break;
	default:
		break;
	}
	unseen_event(&d->unseen, e);
}

/* ------------------------------------------------------------------ the end */

/* Without a story its calls are all there is to go by. */
static enum outcome outcome_of(const struct digest_vm *vm)
{
	if (vm->story)
		return vm->ladder.outcome;
	return vm->n_failures ? OUTCOME_QUERY_FAILED : OUTCOME_FINE;
}

/* Those that went wrong, by what went wrong first; then those that did not. */
static int vm_cmp(const void *a, const void *b)
{
	const struct digest_vm *x = *(const struct digest_vm *const *)a;
	const struct digest_vm *y = *(const struct digest_vm *const *)b;

	if (outcome_of(x) != outcome_of(y))
		return outcome_of(x) < outcome_of(y) ? -1 : 1;
	if (!x->n_failures != !y->n_failures)
		return x->n_failures ? -1 : 1;
	return number_cmp(x, y);
}

bool digest_vm_is_broken(const struct digest_vm *vm)
{
	return outcome_of(vm) != OUTCOME_FINE;
}

bool digest_is_broken(const struct digest *d)
{
	for (int i = 0; i < OUTCOME_FINE; i++)
		if (bits_count(&d->outcomes[i]))
			return true;
	for (size_t i = 0; i < d->n_vms; i++)
		if (digest_vm_is_broken(d->vms[i]))
			return true;
	/* Where there is no story, and for calls of no VM. */
	return !bits_count(&d->outcomes[OUTCOME_FINE]) && digest_first_failure(d);
}

void digest_finish(const struct session *s, void *digest)
{
	struct digest *d = digest;

	d->host = *session_host(s);
	d->offer = host_offer(&d->host);
	causes_finish(d);
	d->n_beyond = session_beyond(s, &d->more_beyond);
	qsort(d->vms, d->n_vms, sizeof(*d->vms), vm_cmp);
}
