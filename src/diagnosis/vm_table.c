// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * VMs are found by their inode, or where debugfs has none by the address of their struct kvm and
 * their process. Marks hold what can have been missed of VMs that no frame has been about yet.
 * Everything here has a bound, for a recording can name any number of VMs.
 */
#include "diagnosis/vm_table.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a VM's life before anything else is known of it. */
struct mark {
	uint64_t ino;
	struct holes holes;
	bool beyond; /* it was there, and found no room in the table */
};

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int ino_cmp(const void *a, const void *b)
{
	return order(((const struct vm *)a)->ino, ((const struct vm *)b)->ino);
}

static int kvm_cmp(const void *a, const void *b)
{
	const struct vm *x = a, *y = b;
	int c = order(x->kvm, y->kvm);

	return c ? c : order(x->pid, y->pid);
}

static int mark_cmp(const void *a, const void *b)
{
	return order(((const struct mark *)a)->ino, ((const struct mark *)b)->ino);
}

/* ------------------------------------------------------------------ texts */

static size_t bytes_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

static void note_untold(struct vm_table *t, struct vm *vm)
{
	t->n_untold += !vm->untold;
	vm->untold = true;
}

static void drop_text(struct vm_table *t, char **text)
{
	t->text_bytes -= bytes_of(*text);
	free(*text);
	*text = NULL;
}

void vm_table_keep(struct vm_table *t, struct vm *vm, char **text, const char *by)
{
	drop_text(t, text);
	if (t->text_bytes + bytes_of(by) <= VM_TABLE_TEXT_BYTES)
		*text = copy(by);
	t->text_bytes += bytes_of(*text);
	if (by && *by && !*text)
		note_untold(t, vm);
}

/* Whose VM it is counts more than what is advised: the name is kept whatever there is beside it. */
void vm_table_keep_guest(struct vm *vm, const char *guest)
{
	char *by = vm->guest && !strcmp(vm->guest, guest) ? NULL : copy(guest);

	if (!by)
		return;
	free(vm->guest);
	vm->guest = by;
}

static void drop_line(struct vm_table *t, struct vm_line *line)
{
	t->line_bytes -= bytes_of(line->text);
	free(line->text);
	line->text = NULL;
}

static bool has_lines(struct vm_table *t, struct vm *vm)
{
	size_t bytes = STORY_MESSAGES * sizeof(*vm->lines);

	if (vm->lines)
		return true;
	if (t->line_bytes + bytes <= VM_TABLE_LINE_BYTES)
		vm->lines = calloc(1, bytes);
	t->line_bytes += vm->lines ? bytes : 0;
	return vm->lines;
}

void vm_table_keep_line(struct vm_table *t, struct vm *vm, const struct vm_line *line)
{
	unsigned int i = vm->n_lines++ % STORY_MESSAGES;
	struct vm_line *at;

	if (!has_lines(t, vm)) {
		note_untold(t, vm);
		return;
	}
	at = &vm->lines[i];
	drop_line(t, at);
	*at = *line;
	at->text = t->line_bytes + bytes_of(line->text) <= VM_TABLE_LINE_BYTES ? copy(line->text) :
										 NULL;
	t->line_bytes += bytes_of(at->text);
	if (!at->text)
		note_untold(t, vm);
}

const struct vm_line *vm_line(const struct vm *vm, unsigned int age)
{
	const struct vm_line *line;

	if (!vm->lines || age >= vm->n_lines || age >= STORY_MESSAGES)
		return NULL;
	line = &vm->lines[(vm->n_lines - 1 - age) % STORY_MESSAGES];
	return line->text ? line : NULL;
}

/* ------------------------------------------------------------------ memory */

static void free_vm(struct vm_table *t, struct vm *vm)
{
	for (unsigned int i = 0; vm->lines && i < STORY_MESSAGES; i++)
		drop_line(t, &vm->lines[i]);
	t->line_bytes -= vm->lines ? STORY_MESSAGES * sizeof(*vm->lines) : 0;
	free(vm->lines);
	free(vm->guest);
	drop_text(t, &vm->last_hint);
	drop_text(t, &vm->arch_hint);
	drop_text(t, &vm->run_lead);
	drop_text(t, &vm->run_tail);
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
	tdestroy(t->by_ino, keep_node);
	tdestroy(t->by_kvm, keep_node);
	tdestroy(t->marks, free);
	for (struct vm *vm = t->oldest, *next; vm; vm = next) {
		next = vm->next;
		free_vm(t, vm);
	}
}

/* ------------------------------------------------------------------ marks */

/* NULL: there is none. */
static struct mark *find_mark(const struct vm_table *t, uint64_t ino)
{
	const struct mark key = { .ino = ino };
	struct mark **found = tfind(&key, &t->marks, mark_cmp);

	return found ? *found : NULL;
}

/* That of a VM of which nothing else is known yet. NULL: there is no room for it. */
static struct mark *mark_of(struct vm_table *t, uint64_t ino)
{
	struct mark *mark = find_mark(t, ino);

	if (mark || t->n_marks == VM_TABLE_MARKS)
		return mark;
	mark = calloc(1, sizeof(*mark));
	if (!mark)
		return NULL;
	mark->ino = ino;
	if (tsearch(mark, &t->marks, mark_cmp)) {
		t->n_marks++;
		return mark;
	}
	free(mark);
	return NULL;
}

static void add_holes(struct holes *to, const struct holes *by)
{
	for (int p = 0; p < ATTACH_POINTS; p++)
		to->at[p] |= by->at[p];
	to->lossy |= by->lossy;
}

static void take_mark(struct vm_table *t, struct vm *vm)
{
	struct mark *mark = vm->ino ? find_mark(t, vm->ino) : NULL;

	if (!mark)
		return;
	add_holes(&vm->holes, &mark->holes);
	tdelete(mark, &t->marks, mark_cmp);
	free(mark);
	t->n_marks--;
}

/* A part of what a VM did is not remembered. NULL: nor is that. */
static struct mark *mark_gap(struct vm_table *t, uint64_t ino)
{
	struct mark *mark = ino ? mark_of(t, ino) : NULL;

	for (int p = 0; p < ATTACH_POINTS; p++) {
		if (mark)
			mark->holes.at[p] |= HOLE(LIFE_GAP);
		else
			t->points[p].known = false;
	}
	return mark;
}

/* ------------------------------------------------------------------ what befell all VMs */

/* What befell all VMs befell one that has ended before its end alone: that is in its holes. */
struct holes vm_table_holes(const struct vm_table *t, const struct vm *vm)
{
	struct holes holes = vm->holes;

	if (vm->ended)
		return holes;
	for (int p = 0; p < ATTACH_POINTS; p++)
		if (t->gap_at[p] > vm->epoch)
			holes.at[p] |= HOLE(LIFE_GAP);
	holes.lossy |= t->lost_at > vm->epoch;
	return holes;
}

/* A frame is about this VM. */
static void meet(struct vm_table *t, struct vm *vm)
{
	/* Another call may have come after its E2BIG. */
	if (!vm->ended && (t->lost_at > vm->epoch || t->gap_at[POINT_IOCTL] > vm->epoch))
		vm->retry_since = 0;
	vm->holes = vm_table_holes(t, vm);
	vm->epoch = t->epoch;
}

static void add_hole(struct vm *vm, enum point point, enum life life)
{
	vm->holes.at[point] |= HOLE(life);
	if (point == POINT_IOCTL)
		vm->retry_since = 0;
}

static void lose(struct vm *vm)
{
	vm->holes.lossy = true;
	vm->retry_since = 0;
}

/* Of a VM that is not known: of any that lives, or has ended since losses were told of. */
static void lose_any(struct vm_table *t)
{
	t->lost_at = ++t->epoch;
	for (struct vm *vm = t->just_ended; vm; vm = vm->next_ended)
		lose(vm);
}

/* VMs that are not heard of again may have ended; a VM's name may be another's by now. */
static void lose_ends(struct vm_table *t)
{
	t->ends_lost_at = ++t->epoch;
	t->hand = t->oldest;
	memset(t->halves, 0, sizeof(t->halves));
}

/* ------------------------------------------------------------------ room */

static void drop_in(void **tree, struct vm *vm, int (*cmp)(const void *, const void *))
{
	struct vm **found = tfind(vm, tree, cmp);

	if (found && *found == vm)
		tdelete(vm, tree, cmp);
}

static void drop_half(struct vm_table *t, const struct vm *vm)
{
	for (unsigned int i = 0; i < VM_TABLE_HALVES; i++)
		if (t->halves[i] == vm)
			t->halves[i] = NULL;
}

static void forget(struct vm_table *t, struct vm *vm)
{
	drop_in(&t->by_ino, vm, ino_cmp);
	drop_in(&t->by_kvm, vm, kvm_cmp);
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

/* The oldest of which no frame was since ends of VMs were lost. It may be heard of again. */
static bool forget_doubtful(struct vm_table *t)
{
	struct vm *vm = t->hand;

	while (vm && (vm->ended || vm->epoch >= t->ends_lost_at))
		vm = vm->next;
	t->hand = vm;
	if (!vm)
		return false;
	mark_gap(t, vm->ino);
	t->n_doubtful++;
	forget(t, vm);
	return true;
}

/* There is no room for this VM. */
static void note_beyond(struct vm_table *t, const struct vm_id *id)
{
	struct mark *mark = mark_gap(t, id->ino);

	t->more_beyond |= !mark;
	t->n_beyond += mark && !mark->beyond;
	if (mark)
		mark->beyond = true;
}

static bool make_room(struct vm_table *t, const struct vm_id *id)
{
	if (t->n_vms < VM_TABLE_MAX || forget_ended(t) || forget_doubtful(t))
		return true;
	note_beyond(t, id);
	return false;
}

/* ------------------------------------------------------------------ VMs */

/* What can have been missed of a VM that is heard of now for the first time. */
static void find_holes(struct vm_table *t, struct vm *vm)
{
	for (int p = 0; p < ATTACH_POINTS; p++) {
		if (!t->points[p].told)
			vm->holes.at[p] |= HOLE(LIFE_UNKNOWN);
		else if (!t->points[p].attached)
			vm->holes.at[p] |= HOLE(LIFE_GAP);
		else if (!t->points[p].known && !vm->created)
			vm->holes.at[p] |= HOLE(LIFE_UNKNOWN);
	}
	/* It may have been there when that was lost. */
	vm->holes.lossy |= t->lost_at && !vm->created;
	take_mark(t, vm);
}

static bool enter(struct vm_table *t, struct vm *vm)
{
	if (vm->ino)
		return tsearch(vm, &t->by_ino, ino_cmp);
	/* One without both is known by its name alone. */
	return !vm->kvm || tsearch(vm, &t->by_kvm, kvm_cmp);
}

/* NULL: no memory. */
static struct vm *make_vm(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	vm->ino = id->ino;
	vm->kvm = id->kvm;
	vm->pid = id->pid;
	vm->comm = copy(id->comm);
	vm->name = copy(id->name);
	if ((vm->comm || !id->comm || !*id->comm) && (vm->name || !id->name || !*id->name) &&
	    enter(t, vm))
		return vm;
	free_vm(t, vm);
	return NULL;
}

static struct vm *new_vm(struct vm_table *t, const struct vm_id *id, bool created)
{
	struct vm *vm = make_room(t, id) ? make_vm(t, id) : NULL;

	if (!vm)
		return NULL;
	vm->created = created;
	vm->number = ++t->n_numbers;
	vm->epoch = t->epoch;
	t->n_vms++;
	vm->prev = t->newest;
	*(t->newest ? &t->newest->next : &t->oldest) = vm;
	t->newest = vm;
	find_holes(t, vm);
	return vm;
}

struct vm *vm_table_find(const struct vm_table *t, const struct vm_id *id)
{
	const struct vm key = { .ino = id->ino, .kvm = id->kvm, .pid = id->pid };
	struct vm **found = id->ino ? tfind(&key, &t->by_ino, ino_cmp) :
				      tfind(&key, &t->by_kvm, kvm_cmp);

	return found ? *found : NULL;
}

static struct vm *find_ino(const struct vm_table *t, uint64_t ino)
{
	return ino ? vm_table_find(t, &(const struct vm_id){ .ino = ino }) : NULL;
}

static bool has_name(const struct vm *vm, const char *name)
{
	return vm->name && name && !strcmp(vm->name, name);
}

/* One name has one VM at a time: births and calls each come in the order of the VMs. */
static struct vm *take_half(struct vm_table *t, const char *name, bool created)
{
	for (unsigned int i = 0; i < VM_TABLE_HALVES; i++) {
		struct vm **at = &t->halves[(t->next_half + i) % VM_TABLE_HALVES], *vm = *at;

		if (!vm || vm->created != created || !has_name(vm, name))
			continue;
		*at = NULL;
		return vm;
	}
	return NULL;
}

static void keep_half(struct vm_table *t, struct vm *vm)
{
	if (vm && vm->name)
		t->halves[t->next_half++ % VM_TABLE_HALVES] = vm;
}

/* KVM told of its birth and it could not be looked at: the first inode of its name is its. */
static struct vm *join_created(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = take_half(t, id->name, true);

	if (!vm)
		return NULL;
	vm->ino = id->ino;
	vm->kvm = id->kvm;
	if (!enter(t, vm)) {
		vm->ino = vm->kvm = 0;
		return NULL;
	}
	take_mark(t, vm);
	return vm;
}

struct vm *vm_table_of_call(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm;

	if (!id->kvm && !id->ino)
		return NULL;
	vm = vm_table_find(t, id);
	if (!vm)
		vm = join_created(t, id);
	if (!vm) {
		vm = new_vm(t, id, false);
		keep_half(t, vm);
	}
	if (vm)
		meet(t, vm);
	return vm;
}

struct vm *vm_table_found(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = vm_table_find(t, id);

	if (!vm)
		vm = new_vm(t, id, false);
	if (vm)
		meet(t, vm);
	return vm;
}

struct vm *vm_table_created(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = find_ino(t, id->ino);

	/* Its calls may have been heard of first. */
	if (!vm && !id->ino)
		vm = take_half(t, id->name, false);
	if (vm) {
		drop_half(t, vm);
		vm->created = true;
		meet(t, vm);
		return vm;
	}
	vm = new_vm(t, id, true);
	if (!id->ino)
		keep_half(t, vm);
	return vm;
}

/* Of this name the one that was heard of first and has not ended; NULL: not among the newest. */
static struct vm *find_living(const struct vm_table *t, const char *name)
{
	struct vm *found = NULL, *vm = t->newest;

	for (int i = 0; vm && i < VM_TABLE_NEWEST; i++, vm = vm->prev)
		if (!vm->ended && has_name(vm, name))
			found = vm;
	return found;
}

/* Its inode is gone with it, if nobody has looked before: its name has to do. */
struct vm *vm_table_ended(struct vm_table *t, const struct vm_id *id)
{
	struct vm *vm = id->ino ? find_ino(t, id->ino) : find_living(t, id->name);

	if (!vm)
		return new_vm(t, id, false);
	meet(t, vm);
	return vm;
}

void vm_table_end(struct vm_table *t, struct vm *vm)
{
	if (vm->ended)
		return;
	meet(t, vm);
	vm->ended = true;
	*(t->last_ended ? &t->last_ended->next_ended : &t->first_ended) = vm;
	t->last_ended = vm;
	if (!t->just_ended)
		t->just_ended = vm;
}

/* ------------------------------------------------------------------ frames */

/* It was there already: since before this trace, unless it is not in the first list. */
static void mark_older(struct vm_table *t, enum point point, uint64_t ino)
{
	struct vm *vm = find_ino(t, ino);
	enum life life = LIFE_OLDER;
	struct mark *mark;

	if (vm) {
		meet(t, vm);
		add_hole(vm, point, LIFE_GAP);
		return;
	}
	if (t->points[point].told)
		life = t->points[point].listed ? LIFE_GAP : LIFE_UNKNOWN;
	mark = mark_of(t, ino);
	if (mark)
		mark->holes.at[point] |= HOLE(life);
	else
		t->points[point].known = false;
}

void vm_table_attach(struct vm_table *t, const struct frame *f)
{
	enum point p = f->attach.point;

	if ((unsigned int)p >= ATTACH_POINTS)
		return;
	if (f->attach.how == ATTACH_ABSENT || !f->attach.known)
		t->gap_at[p] = ++t->epoch;
	t->points[p].known = f->attach.known;
	for (size_t i = 0; i < f->attach.n_older; i++)
		mark_older(t, p, f->attach.older[i]);
	t->points[p].attached = f->attach.how != ATTACH_ABSENT;
	t->points[p].listed |= f->attach.known;
	t->points[p].told = true;
}

/* What one of these is lost of changes nothing that is said of queries and modes. */
static bool is_of_a_call(const struct loss_count *by)
{
	return by->key.type != CC_RUN && by->key.type != CC_RAN && by->key.type != CC_KERNEL;
}

/* false: it may be any VM. */
static bool lose_of(struct vm_table *t, uint64_t ino)
{
	struct vm *vm = find_ino(t, ino);
	struct mark *mark;

	if (vm) {
		lose(vm);
		return true;
	}
	mark = ino ? mark_of(t, ino) : NULL;
	if (mark)
		mark->holes.lossy = true;
	return mark;
}

void vm_table_lost(struct vm_table *t, const struct frame *f)
{
	uint64_t rest = f->lost.n;
	bool any = false;

	if (loss_is_of_ends(f->lost.loss))
		lose_ends(t);
	if (!loss_is_of_calls(f->lost.loss))
		return;
	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *by = &f->lost.by[i];

		rest -= by->n < rest ? by->n : rest;
		if (by->n && is_of_a_call(by))
			any |= !lose_of(t, by->key.vm_ino);
	}
	if (rest || any)
		lose_any(t);
	t->just_ended = NULL;
}
