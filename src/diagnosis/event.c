// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The names of events, which the stream, rules and metrics share, and which events are failures.
 * What a filter leaves out is decided here as well, for all verbs alike. How an event reads in a
 * sentence is in event_words.c.
 */
#include "diagnosis/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *event_type_name(enum event_type type)
{
	static const char *const names[EVENT_TYPES] = {
		[EVENT_TRACE] = "trace",
		[EVENT_HOST] = "host",
		[EVENT_ATTACH] = "attach",
		[EVENT_FOUND] = "found",
		[EVENT_VM] = "vm",
		[EVENT_NEGOTIATION] = "negotiation",
		[EVENT_EXTENSION] = "extension-check",
		[EVENT_ARCH_COMPAT] = "arch-compat",
		[EVENT_RETRY] = "retry",
		[EVENT_RUN] = "run",
		[EVENT_RAN] = "ran",
		[EVENT_KERNEL] = "kernel",
		[EVENT_LOST] = "lost",
		[EVENT_STORY] = "story",
		[EVENT_END] = "end",
	};

	return (unsigned int)type < EVENT_TYPES ? names[type] : NULL;
}

const char *life_name(enum life life)
{
	return coverage_name((enum coverage_state)life);
}

bool event_is_failure(const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		return e->rec->ret;
	case EVENT_ARCH_COMPAT:
		return e->rec->ret || e->arch.diag->cause == ARCH_ACCEPTED_ABOVE_HOST;
	case EVENT_EXTENSION:
		return e->rec->ret < 0;
	case EVENT_VM:
		return e->frame->vm.event == VM_FAILED;
	case EVENT_RETRY:
		return !e->retry->recovered;
	case EVENT_RUN:
		return true;
	default:
		return false;
	}
}

/* Where a record of this type has QEMU's -name; NULL: nowhere. */
static const char **name_of(enum event_type type, struct frame *f)
{
	switch (type) {
	case EVENT_NEGOTIATION:
	case EVENT_EXTENSION:
	case EVENT_ARCH_COMPAT:
	case EVENT_RUN:
	case EVENT_RAN:
		return &f->call.name_option;
	case EVENT_VM:
		return &f->vm.name_option;
	case EVENT_KERNEL:
		return &f->kernel.name_option;
	default:
		return NULL;
	}
}

const struct event *event_with_name(const struct event *e, struct event *with, struct frame *frame)
{
	const char **name;

	if (!e->untold_name || !*e->untold_name)
		return e;
	*frame = *e->frame;
	name = name_of(e->type, frame);
	if (!name || *name)
		return e;
	*name = *e->untold_name;
	*with = *e;
	with->frame = frame;
	return with;
}

/* The record of a VM that was found has its name in any case. */
void event_name_told(const struct event *e)
{
	struct frame frame;

	if (!e->untold_name || !*e->untold_name)
		return;
	frame = *e->frame;
	if (e->type != EVENT_FOUND && !name_of(e->type, &frame))
		return;
	free(*e->untold_name);
	*e->untold_name = NULL;
}

const char *loss_name(enum cc_loss loss)
{
	static const char *const names[CC_LOSSES] = {
		[CC_LOSS_RING] = "ring-full",
		[CC_LOSS_BUDGET] = "vm-budget",
		[CC_LOSS_IN_FLIGHT] = "too-many-in-flight",
		[CC_LOSS_ORPHANED] = "orphaned",
		[CC_LOSS_MISSED] = "probe-missed",
		[CC_LOSS_RECURSION] = "recursion",
		[CC_LOSS_UNREADABLE] = "unreadable",
		[CC_LOSS_UEVENTS] = "uevents",
		[CC_LOSS_VMS] = "too-many-vms",
	};

	return (unsigned int)loss < CC_LOSSES ? names[loss] : NULL;
}

bool loss_is_of_calls(enum cc_loss loss)
{
	return loss != CC_LOSS_UEVENTS && loss != CC_LOSS_VMS;
}

/* A VM that finds no room loses all of its calls, and these are reported by their types. */
bool loss_key_is_of_calls(const struct cc_loss_key *key)
{
	return key->type || loss_is_of_calls(key->loss);
}

bool loss_is_of_ends(enum cc_loss loss)
{
	return loss == CC_LOSS_UEVENTS || loss == CC_LOSS_UNREADABLE;
}

/* Everybody's exits and lines pass a tracepoint, and the program that tells them apart did not run.
 */
bool loss_is_certain(const struct cc_loss_key *key)
{
	return key->loss != CC_LOSS_MISSED && key->loss != CC_LOSS_RECURSION;
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

void totals_count(struct totals *n, const struct event *e)
{
	const struct frame *f = e->frame;

	n->events++;
	switch (e->type) {
	case EVENT_VM:
		n->vms += f->vm.event == VM_CREATED;
		break;
	case EVENT_NEGOTIATION:
		*(e->rec->ret ? &n->negotiations_failed : &n->negotiations_ok) += 1;
		break;
	case EVENT_ARCH_COMPAT:
		*(e->rec->ret ? &n->asks_failed : &n->asks_ok) += 1;
		break;
	case EVENT_EXTENSION:
		n->checks++;
		break;
	case EVENT_RUN:
		n->runs++;
		break;
	case EVENT_KERNEL:
		n->kernel_messages++;
		break;
	case EVENT_LOST:
		grow(&n->lost, f->lost.n);
		for (size_t i = 0; i < f->lost.n_by; i++)
			count_lost(n, &f->lost.by[i]);
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ parts of events */

void run_fill(struct run *run, const struct history *h, const struct history_request *request)
{
	if (request) {
		run->asked = true;
		run->pvr = request->pvr;
		run->cause = request->cause;
		run->accepted = !request->ret;
	}
	for (unsigned int age = HISTORY_LINES; h && age--;) {
		const struct history_line *line = history_line(h, age);

		if (line)
			run->messages[run->n_messages++] = line->text;
	}
}

struct lost_of *loss_owners(const struct vm_table *vms, const struct frame *f, unsigned int *all_of)
{
	struct lost_of *of = f->lost.n_by ? calloc(f->lost.n_by, sizeof(*of)) : NULL;
	bool same = of;

	for (size_t i = 0; of && i < f->lost.n_by; i++) {
		const struct vm *vm = vm_table_of_loss(vms, &f->lost.by[i].key);

		if (vm) {
			of[i].vm = vm->number;
			of[i].guest = vm->guest;
		}
		same &= of[i].vm == of[0].vm;
	}
	*all_of = same ? of[0].vm : 0;
	return of;
}

/* ------------------------------------------------------------------ what is left out */

bool filter_tells(const struct session_filter *filter, const struct vm *vm, const struct event *e)
{
	bool shown = !filter->shows || filter->shows(e, filter->ctx);

	if (EVENTS_OF_TRACE & 1u << e->type)
		return true;
	if (filter->wants &&
	    !(vm ? vm->wanted : filter->wants(e->guest ? e->guest : "", filter->ctx)))
		return false;
	return shown && !(filter->shows && e->type == EVENT_STORY);
}

void filter_choose(const struct session_filter *filter, struct vm *vm)
{
	const char *guest = vm->guest ? vm->guest : "";

	if (!filter->wants || vm->named)
		return;
	vm->named = *guest;
	vm->wanted = filter->wants(guest, filter->ctx);
	if (vm->wanted && vm->hidden)
		coverage_chosen_late(&vm->coverage);
	vm->hidden |= !vm->wanted;
}

/* "--guest a b" of "--guest a b --cause x" */
static const char *end_of_option(const char *text)
{
	const char *next = strstr(text, " --");

	return next ? next : text + strlen(text);
}

static bool has_option(const char *text, const char *option, size_t len)
{
	for (const char *end; *text; text = end + (*end == ' ')) {
		end = end_of_option(text);
		if ((size_t)(end - text) == len && !memcmp(text, option, len))
			return true;
	}
	return false;
}

char *filter_text(const struct session_filter *filter, const struct frame *trace)
{
	const char *own = trace->trace.filters.text ? trace->trace.filters.text : "";
	char *text = NULL;
	size_t len;
	FILE *f = filter->text ? open_memstream(&text, &len) : NULL;

	if (!f)
		return NULL;
	/* What is left out twice is named once. */
	for (const char *option = own, *end; *option; option = end) {
		end = end_of_option(option);
		if (!has_option(filter->text, option, (size_t)(end - option)))
			fprintf(f, "%.*s ", (int)(end - option), option);
		end += *end == ' ';
	}
	fputs(filter->text, f);
	fclose(f);
	return text;
}

static bool is_left_out(const struct vm_table *vms, const struct loss_count *part)
{
	const struct vm *vm = vm_table_of_loss(vms, &part->key);

	return vm && !vm->wanted;
}

struct frame filter_loss(const struct session_filter *filter, const struct vm_table *vms,
			 const struct frame *f, struct loss_count *by)
{
	struct frame told = *f;

	if (!filter->wants || !by)
		return told;
	told.lost.by = by;
	told.lost.n_by = 0;
	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *part = &f->lost.by[i];

		if (!is_left_out(vms, part))
			by[told.lost.n_by++] = *part;
		else
			told.lost.n -= part->n < told.lost.n ? part->n : told.lost.n;
	}
	return told;
}
