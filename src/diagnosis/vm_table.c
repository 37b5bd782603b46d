// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * VMs by their keys, in one tree. Marks hold what can have been missed of VMs that no frame has
 * been about yet. Everything here has a bound, for a recording can name any number of VMs.
 */
#include "diagnosis/vm_table.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define ALL_POINTS ((1u << ATTACH_POINTS) - 1)

/* What is known of a VM's life before anything else is known of it. */
struct mark {
	struct vm_key key;
	struct coverage_holes holes;
	bool beyond; /* it was there, and found no room in the table */
};

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* A VM and a mark begin with their key. */
static int key_cmp(const void *a, const void *b)
{
	const struct vm_key *x = a, *y = b;
	/* What tells most of them apart comes first. */
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->by != y->by ? order(x->by, y->by) : order(x->pid, y->pid);
}

static struct vm_key key_of(const struct vm_table *t, const struct vm_id *id)
{
	if (t->coverage.schema >= COVERAGE_IN_ORDER)
		return (struct vm_key){ id->number ? BY_NUMBER : BY_NOTHING, 0, id->number };
	if (id->ino)
		return (struct vm_key){ BY_INODE, 0, id->ino };
	if (id->number)
		return (struct vm_key){ BY_KVM, id->pid, id->number };
	return (struct vm_key){ BY_NOTHING, 0, 0 };
}

static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

/* ------------------------------------------------------------------ memory */

static void free_vm(struct vm_table *t, struct vm *vm)
{
	history_free(&vm->history, &t->room);
	free(vm->guest);
	free(vm->untold_name);
	free(vm->comm);
	free(vm->name);
	free(vm);
}

static void keep_node(void *node)
{
	(void)node;
}

void vm_table_free(struct vm_table *t)
{
	tdestroy(t->by_key, keep_node);
	tdestroy(t->marks, free);
	for (struct vm *vm = t->oldest, *next; vm; vm = next) {
		next = vm->next;
		free_vm(t, vm);
	}
}

/* Whose VM it is counts more than what it did: the name is kept whatever there is beside it. */
void vm_table_keep_guest(struct vm *vm, const char *guest, const char *name_option)
{
	char *by = vm->guest && !strcmp(vm->guest, guest) ? NULL : copy(guest);

	free(vm->untold_name);
	vm->untold_name = copy(name_option);
	if (!by)
		return;
	free(vm->guest);
	vm->guest = by;
}

void vm_table_keep_names(struct vm *vm, const struct vm_id *id)
{
	if (!vm->comm)
		vm->comm = copy(id->comm);
	if (!vm->name)
		vm->name = copy(id->name);
	if (!vm->pid)
		vm->pid = id->pid;
}

/* ------------------------------------------------------------------ marks */

static struct mark *find_mark(const struct vm_table *t, const struct vm_key *key)
{
	struct mark **found = tfind(key, &t->marks, key_cmp);

	return found ? *found : NULL;
}

/* That of a VM of which nothing else is known yet. NULL: there is no room for it. */
static struct mark *mark_of(struct vm_table *t, const struct vm_key *key)
{
	struct mark *mark = find_mark(t, key);

	if (mark || t->n_marks == VM_TABLE_MARKS || key->by == BY_NOTHING)
		return mark;
	mark = calloc(1, sizeof(*mark));
	if (!mark)
		return NULL;
	mark->key = *key;
	if (tsearch(mark, &t->marks, key_cmp)) {
		t->n_marks++;
		return mark;
	}
	free(mark);
	return NULL;
}

static void take_mark(struct vm_table *t, struct vm *vm)
{
	struct mark *mark = find_mark(t, &vm->key);

	if (!mark)
		return;
	coverage_take(&vm->coverage, &mark->holes);
	tdelete(mark, &t->marks, key_cmp);
	free(mark);
	t->n_marks--;
}

static void add_to_mark(struct mark *mark, unsigned int functions, enum coverage_reason reason)
{
	for (int p = 0; p < ATTACH_POINTS; p++)
		if (functions & 1u << p)
			mark->holes.at[p] |= (uint16_t)(1u << reason);
}

/* A part of what a VM did is not remembered: of which VM neither, where there is no room for that.
 */
static struct mark *mark_gap(struct vm_table *t, const struct vm_key *key)
{
	struct mark *mark = mark_of(t, key);

	if (mark)
		add_to_mark(mark, ALL_POINTS, NOT_COVERED_GAP);
	else
		t->coverage.forgets = true;
	return mark;
}

/* ------------------------------------------------------------------ what befell all VMs */

/* What of a VM is not covered, as far as its story tells. */
static unsigned int uncovered(const struct vm_table *t, const struct vm *vm)
{
	static const unsigned int functions[] = { COVERAGE_LIFE, COVERAGE_QUERIES,
						  COVERAGE_REQUESTS, COVERAGE_RUNS };
	unsigned int reasons = 0;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		reasons = reasons << 8 | coverage_of(&t->coverage, &vm->coverage, functions[i]);
	return reasons;
}

/* If its story has already been told without this, it is told again at the end. */
static void lose_from(const struct vm_table *t, struct vm *vm, unsigned int functions)
{
	unsigned int before = vm->told ? uncovered(t, vm) : 0;

	coverage_add(&vm->coverage, functions, NOT_COVERED_LOST);
	vm->unsure |= vm->told && uncovered(t, vm) != before;
}

/* Of an unknown VM: any that lives, or has ended since losses were reported. */
static void lose_any(struct vm_table *t, unsigned int functions)
{
	coverage_lose_any(&t->coverage, functions);
	for (struct vm *vm = t->just_ended; vm; vm = vm->next_ended)
		lose_from(t, vm, functions);
}

/* VMs without a further record may have ended; a VM's name may be another's by now. */
static void lose_ends(struct vm_table *t)
{
	t->ends_lost_at = ++t->coverage.epoch;
	t->hand = t->oldest;
	memset(t->halves, 0, sizeof(t->halves));
}

/* ------------------------------------------------------------------ room */

static void drop_half(struct vm_table *t, const struct vm *vm)
{
	for (unsigned int i = 0; i < VM_TABLE_HALVES; i++)
		if (t->halves[i] == vm)
			t->halves[i] = NULL;
}

static void leave(struct vm_table *t, struct vm *vm)
{
	struct vm **found = tfind(vm, &t->by_key, key_cmp);

	if (found && *found == vm)
		tdelete(vm, &t->by_key, key_cmp);
}

static void forget(struct vm_table *t, struct vm *vm)
{
	leave(t, vm);
	drop_half(t, vm);
	if (t->hand == vm)
		t->hand = vm->next;
	*(vm->prev ? &vm->prev->next : &t->oldest) = vm->next;
	*(vm->next ? &vm->next->prev : &t->newest) = vm->prev;
	t->n_vms--;
	free_vm(t, vm);
}

/* Those first that ended first. */
static bool forget_ended(struct vm_table *t)
{
	struct vm *vm = t->first_ended;

	if (!vm)
		return false;
	t->first_ended = vm->next_ended;
	if (!t->first_ended)
		t->last_ended = NULL;
	if (t->just_ended == vm)
		t->just_ended = vm->next_ended;
	t->n_forgotten++;
	forget(t, vm);
	return true;
}

/* The oldest one without a frame since ends of VMs were lost. It may have another record later. */
static bool forget_doubtful(struct vm_table *t)
{
	struct vm *vm = t->hand;

	while (vm && (vm->history.ended || vm->coverage.epoch >= t->ends_lost_at))
		vm = vm->next;
	t->hand = vm;
	if (!vm)
		return false;
	mark_gap(t, &vm->key);
	t->n_doubtful++;
	forget(t, vm);
	return true;
}

/* There is no room for this VM. */
static void note_beyond(struct vm_table *t, const struct vm_key *key)
{
	struct mark *mark = mark_gap(t, key);

	t->more_beyond |= !mark;
	t->n_beyond += mark && !mark->beyond;
	if (mark)
		mark->beyond = true;
}

static bool make_room(struct vm_table *t, const struct vm_key *key)
{
	if (t->n_vms < VM_TABLE_MAX || forget_ended(t) || forget_doubtful(t))
		return true;
	note_beyond(t, key);
	return false;
}

/* ------------------------------------------------------------------ VMs */

/* One without a key is known by its name alone. */
static bool enter(struct vm_table *t, struct vm *vm)
{
	return vm->key.by == BY_NOTHING || tsearch(vm, &t->by_key, key_cmp);
}

/* NULL: no memory. */
static struct vm *make_vm(struct vm_table *t, const struct vm_key *key, const struct vm_id *id)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	vm->key = *key;
	vm_table_keep_names(vm, id);
	if ((vm->comm || !id->comm || !*id->comm) && (vm->name || !id->name || !*id->name) &&
	    enter(t, vm))
		return vm;
	free_vm(t, vm);
	return NULL;
}

static struct vm *new_vm(struct vm_table *t, const struct vm_id *id)
{
	const struct vm_key key = key_of(t, id);
	struct vm *vm = make_room(t, &key) ? make_vm(t, &key, id) : NULL;

	if (!vm)
		return NULL;
	/* One that has no line in a recording leaves a gap. A number that is used, or that no trace
	 * reaches, is not believed. */
	if (id->recorded > t->n_numbers && id->recorded <= VM_NUMBER_MAX)
		t->n_numbers = id->recorded;
	else
		t->n_numbers++;
	vm->number = t->n_numbers;
	t->n_vms++;
	vm->prev = t->newest;
	*(t->newest ? &t->newest->next : &t->oldest) = vm;
	t->newest = vm;
	coverage_begin(&t->coverage, &vm->coverage);
	/* A call of one that is known by its name alone may be another's of that name. */
	if (key.by != BY_NUMBER && key.by != BY_INODE)
		coverage_add(&vm->coverage, ALL_POINTS, NOT_COVERED_BIRTH);
	take_mark(t, vm);
	return vm;
}

/* NULL: it is not known. */
static struct vm *find_vm(const struct vm_table *t, const struct vm_id *id)
{
	const struct vm_key key = key_of(t, id);
	struct vm **found = key.by == BY_NOTHING ? NULL : tfind(&key, &t->by_key, key_cmp);

	return found ? *found : NULL;
}

void vm_table_meet(const struct vm_table *t, struct vm *vm)
{
	history_missed(&vm->history, coverage_meet(&t->coverage, &vm->coverage));
}

/* ------------------------------------------------------------------ schema 1: names */

static bool has_name(const struct vm *vm, const char *name)
{
	return vm->name && name && !strcmp(vm->name, name);
}

static bool by_names(const struct vm_table *t)
{
	return t->coverage.schema < COVERAGE_IN_ORDER;
}

/* One name has one VM at a time: births and calls each come in the order of the VMs. */
static struct vm *take_half(struct vm_table *t, const char *name, bool created)
{
	for (unsigned int i = 0; by_names(t) && i < VM_TABLE_HALVES; i++) {
		struct vm **at = &t->halves[(t->next_half + i) % VM_TABLE_HALVES], *vm = *at;

		if (!vm || vm->coverage.born != created || !has_name(vm, name))
			continue;
		*at = NULL;
		return vm;
	}
	return NULL;
}

static void keep_half(struct vm_table *t, struct vm *vm)
{
	if (vm && vm->name && by_names(t))
		t->halves[t->next_half++ % VM_TABLE_HALVES] = vm;
}

/* KVM reported its birth and it could not be looked at: the first inode of its name is its own. */
static struct vm *join_created(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = take_half(t, id->name, true);

	if (!vm)
		return NULL;
	vm->key = key_of(t, id);
	if (!enter(t, vm)) {
		vm->key = (struct vm_key){ 0 };
		return NULL;
	}
	take_mark(t, vm);
	return vm;
}

/* Of this name, the first one that has not ended; NULL: not among the newest. */
static struct vm *find_living(const struct vm_table *t, const char *name)
{
	struct vm *found = NULL, *vm = t->newest;

	for (int i = 0; by_names(t) && vm && i < VM_TABLE_NEWEST; i++, vm = vm->prev)
		if (!vm->history.ended && has_name(vm, name))
			found = vm;
	return found;
}

/* ------------------------------------------------------------------ what frames are about */

/* At the address of a struct kvm that has ended there can be another one. */
static struct vm *find_of_call(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = find_vm(t, id);

	if (!vm || vm->key.by != BY_KVM || !vm->history.ended)
		return vm;
	leave(t, vm);
	vm->key = (struct vm_key){ 0 };
	return NULL;
}

struct vm *vm_table_of_call(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm;

	if (key_of(t, id).by == BY_NOTHING)
		return NULL;
	vm = find_of_call(t, id);
	if (!vm)
		vm = join_created(t, id);
	if (!vm) {
		vm = new_vm(t, id);
		keep_half(t, vm);
	}
	if (!vm)
		return NULL;
	vm_table_meet(t, vm);
	vm_table_keep_names(vm, id);
	return vm;
}

struct vm *vm_table_found(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = find_vm(t, id);

	if (!vm)
		vm = new_vm(t, id);
	if (!vm)
		return NULL;
	vm_table_meet(t, vm);
	coverage_found(&vm->coverage);
	return vm;
}

struct vm *vm_table_created(struct vm_table *t, const struct vm_id *id, uint64_t mono_ns)
{
	struct vm *vm = find_vm(t, id);
	bool nameless = key_of(t, id).by == BY_NOTHING;

	/* Its calls may have come first. */
	if (!vm && nameless)
		vm = take_half(t, id->name, false);
	if (vm) {
		drop_half(t, vm);
		vm_table_meet(t, vm);
	} else {
		vm = new_vm(t, id);
		if (nameless)
			keep_half(t, vm);
	}
	if (vm)
		coverage_born(&t->coverage, &vm->coverage, mono_ns);
	return vm;
}

struct vm *vm_table_ended(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = find_vm(t, id);

	/* Its inode is gone with it, if nobody has looked before: its name has to do. */
	if (!vm && !id->ino)
		vm = find_living(t, id->name);
	if (!vm)
		return new_vm(t, id);
	vm_table_meet(t, vm);
	return vm;
}

void vm_table_end(struct vm_table *t, struct vm *vm)
{
	if (vm->history.ended)
		return;
	coverage_ended(&t->coverage, &vm->coverage);
	vm->history.ended = true;
	*(t->last_ended ? &t->last_ended->next_ended : &t->first_ended) = vm;
	t->last_ended = vm;
	if (!t->just_ended)
		t->just_ended = vm;
}

/* ------------------------------------------------------------------ frames */

/* It was there already: since before this trace, unless it is not in the first list. */
static void mark_older(struct vm_table *t, enum point point, uint64_t ino)
{
	const struct vm_id id = { .ino = ino };
	const struct vm_key key = key_of(t, &id);
	enum coverage_reason reason = NOT_COVERED_OLDER;
	struct vm *vm = find_vm(t, &id);
	struct mark *mark;

	if (vm) {
		vm_table_meet(t, vm);
		coverage_add(&vm->coverage, 1u << point, NOT_COVERED_GAP);
		history_missed(&vm->history, 1u << point);
		return;
	}
	if (t->coverage.points[point].told)
		reason = t->coverage.points[point].listed ? NOT_COVERED_GAP : NOT_COVERED_BIRTH;
	mark = mark_of(t, &key);
	if (mark)
		add_to_mark(mark, 1u << point, reason);
	else
		t->coverage.forgets = true;
}

void vm_table_attach(struct vm_table *t, const struct frame *f)
{
	/* Where births are in order a list tells nothing more. */
	if ((unsigned int)f->attach.point < ATTACH_POINTS && by_names(t))
		for (size_t i = 0; i < f->attach.n_older; i++)
			mark_older(t, f->attach.point, f->attach.older[i]);
	coverage_attach(&t->coverage, f);
}

struct vm *vm_table_of_loss(const struct vm_table *t, const struct cc_loss_key *key)
{
	const struct vm_id id = { .number = by_names(t) ? 0 : key->vm, .ino = key->vm_ino };

	return find_vm(t, &id);
}

/* false: it may be any VM. */
static bool lose_of(struct vm_table *t, const struct cc_loss_key *of, unsigned int functions)
{
	const struct vm_id id = { .number = by_names(t) ? 0 : of->vm, .ino = of->vm_ino };
	const struct vm_key key = key_of(t, &id);
	struct vm *vm = find_vm(t, &id);
	struct mark *mark;

	if (vm) {
		lose_from(t, vm, functions);
		history_missed(&vm->history, functions);
		return true;
	}
	mark = mark_of(t, &key);
	if (mark)
		add_to_mark(mark, functions, NOT_COVERED_LOST);
	return mark;
}

void vm_table_lost(struct vm_table *t, const struct frame *f)
{
	uint64_t rest = f->lost.n;
	unsigned int any = 0;
	bool ends = loss_is_of_ends(f->lost.loss);

	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *by = &f->lost.by[i];
		unsigned int functions = coverage_lost_functions(f, by);

		rest -= by->n < rest ? by->n : rest;
		ends |= by->n && functions & 1u << POINT_DEATH;
		if (by->n && functions && !lose_of(t, &by->key, functions))
			any |= functions;
	}
	if (rest)
		any |= coverage_lost_functions(f, NULL);
	if (ends || any & 1u << POINT_DEATH)
		lose_ends(t);
	lose_any(t, any);
	/* Of a line that cannot be read the reader tells, and what the kernel lost may come later.
	 */
	t->losses_told |= f->lost.loss != CC_LOSS_UNREADABLE && f->lost.loss != CC_LOSS_UEVENTS;
}

void vm_table_no_loss(struct vm_table *t)
{
	if (t->losses_told)
		t->just_ended = NULL;
	t->losses_told = false;
}
