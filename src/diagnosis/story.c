// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diagnosis/story.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/guest.h"
#include "lib/text.h"

#define HOLE(life) (1u << (life)) /* a bit of struct holes */

/* Why not all of a VM's calls can have been seen, for each function that is watched. */
struct holes {
	uint8_t at[ATTACH_POINTS];
	bool lossy;
};

/* What is known of a VM's life before anything else is known of it. */
struct mark {
	uint64_t ino;
	struct holes holes;
};

/* A line that KVM printed. */
struct line {
	char *text;
	uint32_t tid;
	uint32_t cmd; /* the ioctl on this VM that the thread was in; 0: none that is known */
	uint64_t mono_ns;
};

struct vm {
	/* The key: the inode, where there is one; a struct kvm's address can have a second VM. */
	uint64_t ino, kvm;
	uint32_t pid;

	unsigned int number;
	char comm[CC_COMM_LEN * 4];
	char name[CC_VM_NAME_LEN * 4];
	char *guest;
	bool created;  /* KVM told of its birth */
	bool found;    /* it was there already, in this mode: */
	bool incoming; /* it waited for its guest to be migrated here */
	enum inventory_mode found_mode;
	uint32_t found_pvr;
	bool ended;
	uint64_t ended_ns;
	struct holes holes;

	bool extension_asked;
	int extension;
	unsigned int n_ok, n_failed;
	enum cause first_failure, last_failure;
	char *last_hint;
	bool caps_known;
	uint64_t caps; /* of its newest negotiation that told any */
	uint64_t retry_since,
		retry_start; /* end and start of an E2BIG that told to retry; 0: none */
	unsigned int n_retries, n_recovered;
	unsigned int n_arch;
	enum arch_cause arch_cause; /* the newest */
	uint32_t arch_pvr;
	char *arch_hint;
	bool arch_accepted;
	uint64_t arch_modes; /* that the host offered then; 0: not known */
	bool ran;	     /* a KVM_RUN of it ended well since then, */
	bool ran_known;	     /* of which it is known in what mode: */
	uint32_t ran_pvr;
	unsigned int n_runs;	   /* kinds of failures of KVM_RUN */
	char *run_lead, *run_tail; /* of the first: what KVM had said to it, and what came of it */
	struct line lines[STORY_MESSAGES];
	unsigned int
		n_lines; /* that there were; the newest stands at (n_lines - 1) % STORY_MESSAGES */
	struct vm *prev, *next;
	struct vm *next_ended;
};

#define HALVES_MAX 64
#define LIVING_MAX 256

struct story {
	void *by_ino, *by_kvm, *by_name, *marks; /* tsearch(3) */
	struct vm *oldest, *newest;
	struct vm *first_ended, *last_ended;
	unsigned int n_vms, n_numbers, n_forgotten;
	struct {
		bool told, attached, known;
		bool listed; /* all VMs that were there once have been told */
	} points[ATTACH_POINTS];
	bool filtered, hides_retries;
	size_t line_bytes;
	bool lost_any;	  /* of no VM that is known */
	uint64_t lost_ns; /* when losses were told of last */
	char comm[CC_COMM_LEN * 4], thread[CC_COMM_LEN * 4], name[CC_VM_NAME_LEN * 4];
	char *sentence, *run_hint;
	/* Of some of the newest VMs a birth is known and no inode, or calls and no birth. */
	struct vm *halves[HALVES_MAX];
	unsigned int next_half;
};

/* ------------------------------------------------------------------ VMs */

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

static int name_cmp(const void *a, const void *b)
{
	return strcmp(((const struct vm *)a)->name, ((const struct vm *)b)->name);
}

static int mark_cmp(const void *a, const void *b)
{
	return order(((const struct mark *)a)->ino, ((const struct mark *)b)->ino);
}

struct story *story_new(void)
{
	return calloc(1, sizeof(struct story));
}

static void drop_line(struct story *s, struct line *line)
{
	if (line->text)
		s->line_bytes -= strlen(line->text) + 1;
	free(line->text);
	line->text = NULL;
}

static void free_vm(struct story *s, struct vm *vm)
{
	for (unsigned int i = 0; i < STORY_MESSAGES; i++)
		drop_line(s, &vm->lines[i]);
	free(vm->guest);
	free(vm->last_hint);
	free(vm->arch_hint);
	free(vm->run_lead);
	free(vm->run_tail);
	free(vm);
}

static void keep_node(void *node)
{
	(void)node;
}

void story_free(struct story *s)
{
	if (!s)
		return;
	tdestroy(s->by_ino, keep_node);
	tdestroy(s->by_kvm, keep_node);
	tdestroy(s->by_name, keep_node);
	tdestroy(s->marks, free);
	for (struct vm *vm = s->oldest, *next; vm; vm = next) {
		next = vm->next;
		free_vm(s, vm);
	}
	free(s->sentence);
	free(s->run_hint);
	free(s);
}

static struct vm *find_in(void *const *tree, const struct vm *key,
			  int (*cmp)(const void *, const void *))
{
	struct vm **found = tfind(key, tree, cmp);

	return found ? *found : NULL;
}

static struct vm *find_ino(const struct story *s, uint64_t ino)
{
	const struct vm key = { .ino = ino };

	return ino ? find_in(&s->by_ino, &key, ino_cmp) : NULL;
}

/* Names come again: the newest. */
static struct vm *find_name(const struct story *s, const char *name)
{
	struct vm key = { 0 };

	snprintf(key.name, sizeof(key.name), "%s", name);
	return *key.name ? find_in(&s->by_name, &key, name_cmp) : NULL;
}

static void drop_in(void **tree, struct vm *vm, int (*cmp)(const void *, const void *))
{
	if (find_in(tree, vm, cmp) == vm)
		tdelete(vm, tree, cmp);
}

static void drop_half(struct story *s, const struct vm *vm)
{
	for (unsigned int i = 0; i < HALVES_MAX; i++)
		if (s->halves[i] == vm)
			s->halves[i] = NULL;
}

static void forget(struct story *s, struct vm *vm)
{
	drop_in(&s->by_ino, vm, ino_cmp);
	drop_in(&s->by_kvm, vm, kvm_cmp);
	drop_in(&s->by_name, vm, name_cmp);
	drop_half(s, vm);
	*(vm->prev ? &vm->prev->next : &s->oldest) = vm->next;
	*(vm->next ? &vm->next->prev : &s->newest) = vm->prev;
	s->n_vms--;
	s->n_forgotten++;
	free_vm(s, vm);
}

/* VMs that have ended make room, those first that ended first. */
static bool make_room(struct story *s)
{
	struct vm *vm = s->first_ended;

	if (s->n_vms < STORY_MAX_VMS)
		return true;
	if (!vm)
		return false;
	s->first_ended = vm->next_ended;
	if (!s->first_ended)
		s->last_ended = NULL;
	forget(s, vm);
	return true;
}

static bool enter(struct story *s, struct vm *vm)
{
	if (vm->ino)
		return tsearch(vm, &s->by_ino, ino_cmp);
	/* One without both is known by its name alone. */
	return !vm->kvm || tsearch(vm, &s->by_kvm, kvm_cmp);
}

static bool enter_name(struct story *s, struct vm *vm)
{
	struct vm *other = find_name(s, vm->name);

	if (!*vm->name)
		return true;
	if (other)
		tdelete(other, &s->by_name, name_cmp);
	return tsearch(vm, &s->by_name, name_cmp);
}

static void take_mark(struct story *s, struct vm *vm)
{
	const struct mark key = { .ino = vm->ino };
	struct mark **found = tfind(&key, &s->marks, mark_cmp), *mark;

	if (!vm->ino || !found)
		return;
	mark = *found;
	for (int p = 0; p < ATTACH_POINTS; p++)
		vm->holes.at[p] |= mark->holes.at[p];
	vm->holes.lossy |= mark->holes.lossy;
	tdelete(mark, &s->marks, mark_cmp);
	free(mark);
}

/* What can have been missed of a VM that is heard of now for the first time. */
static void find_holes(struct story *s, struct vm *vm)
{
	for (int p = 0; p < ATTACH_POINTS; p++) {
		if (!s->points[p].told)
			vm->holes.at[p] |= HOLE(LIFE_UNKNOWN);
		else if (!s->points[p].attached)
			vm->holes.at[p] |= HOLE(LIFE_GAP);
		else if (!s->points[p].known && !vm->created)
			vm->holes.at[p] |= HOLE(LIFE_UNKNOWN);
	}
	/* It may have been there when that was lost. */
	vm->holes.lossy |= s->lost_any && !vm->created;
	take_mark(s, vm);
}

static struct vm *new_vm(struct story *s, const struct vm *what)
{
	struct vm *vm;

	if (!make_room(s))
		return NULL;
	vm = malloc(sizeof(*vm));
	if (!vm)
		return NULL;
	*vm = *what;
	if (!enter(s, vm) || !enter_name(s, vm)) {
		drop_in(&s->by_ino, vm, ino_cmp);
		drop_in(&s->by_kvm, vm, kvm_cmp);
		free(vm);
		return NULL;
	}
	vm->number = ++s->n_numbers;
	s->n_vms++;
	vm->prev = s->newest;
	*(s->newest ? &s->newest->next : &s->oldest) = vm;
	s->newest = vm;
	find_holes(s, vm);
	return vm;
}

static void replace(char **text, const char *by)
{
	char *copy = strdup(by);

	if (!copy)
		return;
	free(*text);
	*text = copy;
}

static void note_guest(struct vm *vm, const char *name_option)
{
	char name[GUEST_NAME_LEN];

	if (!name_option || !*name_option)
		return;
	if (*guest_name(name, sizeof(name), name_option))
		replace(&vm->guest, name);
}

/* One name has one VM at a time: births and calls each come in the order of the VMs. */
static struct vm *take_half(struct story *s, const char *name, bool created)
{
	for (unsigned int i = 0; i < HALVES_MAX; i++) {
		struct vm **at = &s->halves[(s->next_half + i) % HALVES_MAX], *vm = *at;

		if (!vm || vm->created != created || strcmp(vm->name, name))
			continue;
		*at = NULL;
		return vm;
	}
	return NULL;
}

static void keep_half(struct story *s, struct vm *vm)
{
	if (vm && *vm->name)
		s->halves[s->next_half++ % HALVES_MAX] = vm;
}

/* KVM told of its birth and it could not be looked at: the first inode of its name is its. */
static struct vm *join_created(struct story *s, const struct vm *what)
{
	struct vm *vm = take_half(s, what->name, true);

	if (!vm)
		return NULL;
	vm->ino = what->ino;
	vm->kvm = what->kvm;
	if (!enter(s, vm)) {
		vm->ino = vm->kvm = 0;
		return NULL;
	}
	take_mark(s, vm);
	return vm;
}

static struct vm *vm_of_call(struct story *s, const struct cc_record *r)
{
	struct vm what = { .ino = r->vm_ino, .kvm = r->vm, .pid = r->pid }, *vm;

	if (!r->vm && !r->vm_ino)
		return NULL;
	vm = r->vm_ino ? find_ino(s, r->vm_ino) : find_in(&s->by_kvm, &what, kvm_cmp);
	if (vm)
		return vm;
	memcpy(what.comm, s->comm, sizeof(what.comm));
	memcpy(what.name, s->name, sizeof(what.name));
	vm = join_created(s, &what);
	if (vm)
		return vm;
	vm = new_vm(s, &what);
	keep_half(s, vm);
	return vm;
}

unsigned int story_number(const struct story *s, uint64_t ino)
{
	const struct vm *vm = find_ino(s, ino);

	return vm ? vm->number : 0;
}

/* ------------------------------------------------------------------ what of a life was seen */

const char *life_name(enum life life)
{
	static const char *const names[] = {
		[LIFE_WHOLE] = "whole", [LIFE_OLDER] = "older",	      [LIFE_LOSSY] = "lossy",
		[LIFE_GAP] = "gap",	[LIFE_FILTERED] = "filtered", [LIFE_UNKNOWN] = "unknown",
	};

	return (unsigned int)life < sizeof(names) / sizeof(names[0]) ? names[life] : NULL;
}

/* Why something may have been missed; NULL: it cannot have been. */
static const char *life_reason(enum life life)
{
	switch (life) {
	case LIFE_OLDER:
		return "the VM is older than this trace";
	case LIFE_LOSSY:
		return "events were lost";
	case LIFE_GAP:
		return "it was not watched all the time";
	case LIFE_FILTERED:
		return "a filter hides a part of its calls";
	case LIFE_UNKNOWN:
		return "when it was born could not be told";
	case LIFE_WHOLE:
		break;
	}
	return NULL;
}

#define QUERIES (1u << POINT_IOCTL)
#define ASKS	(1u << POINT_REG)

/* As far as calls of these functions go. */
static enum life life_of(const struct story *s, const struct vm *vm, unsigned int points)
{
	unsigned int holes = 0;

	for (int p = 0; p < ATTACH_POINTS; p++)
		if (points & 1u << p)
			holes |= vm->holes.at[p];
	if (holes & HOLE(LIFE_OLDER))
		return LIFE_OLDER;
	/* Of one that is known by its name alone a call may belong to another of that name. */
	if (holes & HOLE(LIFE_UNKNOWN) || !vm->ino)
		return LIFE_UNKNOWN;
	if (holes & HOLE(LIFE_GAP))
		return LIFE_GAP;
	if (vm->holes.lossy)
		return LIFE_LOSSY;
	return s->filtered ? LIFE_FILTERED : LIFE_WHOLE;
}

/* Those of a VM that nothing else is known of yet. NULL: no memory. */
static struct holes *mark_of(struct story *s, uint64_t ino)
{
	struct mark key = { .ino = ino }, **found = tfind(&key, &s->marks, mark_cmp), *mark;

	if (found)
		return &(*found)->holes;
	mark = calloc(1, sizeof(*mark));
	if (!mark)
		return NULL;
	mark->ino = ino;
	if (tsearch(mark, &s->marks, mark_cmp))
		return &mark->holes;
	free(mark);
	return NULL;
}

void story_trace(struct story *s, const struct frame *f)
{
	s->filtered = f->trace.filters.threads || f->trace.filters.outcomes;
	/* What comes next may be hidden. */
	s->hides_retries = s->filtered;
}

static void add_hole(struct vm *vm, enum point point, enum life life)
{
	vm->holes.at[point] |= HOLE(life);
	if (point == POINT_IOCTL)
		vm->retry_since = 0;
}

static void gap_for_all(struct story *s, enum point point)
{
	for (struct vm *vm = s->oldest; vm; vm = vm->next)
		if (!vm->ended)
			add_hole(vm, point, LIFE_GAP);
}

/* It was there already: since before this trace, unless it is not in the first list. */
static void mark_older(struct story *s, enum point point, uint64_t ino)
{
	struct vm *vm = find_ino(s, ino);
	enum life life = LIFE_OLDER;
	struct holes *holes;

	if (vm) {
		add_hole(vm, point, LIFE_GAP);
		return;
	}
	if (s->points[point].told)
		life = s->points[point].listed ? LIFE_GAP : LIFE_UNKNOWN;
	holes = mark_of(s, ino);
	if (holes)
		holes->at[point] |= HOLE(life);
	else
		s->points[point].known = false;
}

void story_attach(struct story *s, const struct frame *f)
{
	enum point p = f->attach.point;

	if ((unsigned int)p >= ATTACH_POINTS)
		return;
	if (f->attach.how == ATTACH_ABSENT || !f->attach.known)
		gap_for_all(s, p);
	s->points[p].known = f->attach.known;
	for (size_t i = 0; i < f->attach.n_older; i++)
		mark_older(s, p, f->attach.older[i]);
	s->points[p].attached = f->attach.how != ATTACH_ABSENT;
	s->points[p].listed |= f->attach.known;
	s->points[p].told = true;
}

static void lose(struct vm *vm)
{
	vm->holes.lossy = true;
	vm->retry_since = 0;
}

/* What one of these is lost of changes nothing that is said of queries and modes. */
static bool is_of_a_call(const struct loss_count *by)
{
	return by->key.type != CC_RUN && by->key.type != CC_RAN && by->key.type != CC_KERNEL;
}

/* Of a VM that is not known: any that lives, or has ended since losses were told of. */
static void lose_any(struct story *s)
{
	s->lost_any = true;
	for (struct vm *vm = s->oldest; vm; vm = vm->next)
		if (!vm->ended || vm->ended_ns >= s->lost_ns)
			lose(vm);
}

static void lose_of(struct story *s, uint64_t ino)
{
	struct vm *vm = find_ino(s, ino);
	struct holes *holes;

	if (vm) {
		lose(vm);
		return;
	}
	holes = mark_of(s, ino);
	if (holes)
		holes->lossy = true;
	else
		lose_any(s);
}

void story_lost(struct story *s, const struct frame *f)
{
	uint64_t rest = f->lost.n;
	bool unknown = false;

	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *by = &f->lost.by[i];

		rest -= by->n < rest ? by->n : rest;
		if (!is_of_a_call(by))
			continue;
		if (by->key.vm_ino)
			lose_of(s, by->key.vm_ino);
		else
			unknown |= by->n > 0;
	}
	if (rest || unknown)
		lose_any(s);
	s->lost_ns = f->mono_ns;
}

/* ------------------------------------------------------------------ steps */

static void fill_step(const struct story *s, const struct vm *vm, struct step *step)
{
	*step = (struct step){
		.guest = "",
		.vm_name = s->name,
		.comm = s->comm,
		.thread = s->thread,
		.life = LIFE_UNKNOWN,
	};
	if (!vm)
		return;
	step->vm = vm->number;
	step->guest = vm->guest ? vm->guest : "";
	step->vm_name = vm->name;
	step->life = life_of(s, vm, QUERIES | ASKS);
	step->silent = !vm->n_ok && !vm->n_failed && !vm->n_arch && !vm->extension_asked &&
		       !vm->n_runs && !vm->ran;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static struct vm *vm_created(struct story *s, const struct frame *f)
{
	struct vm what = { .ino = f->vm.ino, .pid = f->vm.pid, .created = true };
	const char *name = or_empty(f->vm.vm_name);
	struct vm *vm = find_ino(s, f->vm.ino);

	/* Its calls may have been heard of first. */
	if (!vm && !f->vm.ino)
		vm = take_half(s, name, false);
	if (vm) {
		drop_half(s, vm);
		vm->created = true;
		return vm;
	}
	snprintf(what.name, sizeof(what.name), "%s", name);
	snprintf(what.comm, sizeof(what.comm), "%s", or_empty(f->vm.comm));
	vm = new_vm(s, &what);
	if (!f->vm.ino)
		keep_half(s, vm);
	return vm;
}

/* Of this name the one that was heard of first and has not ended; NULL: not among the newest. */
static struct vm *find_living(const struct story *s, const char *name)
{
	struct vm *found = NULL, *vm = s->newest;

	for (int i = 0; vm && i < LIVING_MAX; i++, vm = vm->prev)
		if (!vm->ended && !strcmp(vm->name, name))
			found = vm;
	return *name ? found : NULL;
}

/* Its inode is gone with it, if nobody has looked before: its name has to do. */
static struct vm *vm_ended(struct story *s, const struct frame *f)
{
	struct vm what = { .ino = f->vm.ino, .pid = f->vm.pid };
	const char *name = or_empty(f->vm.vm_name);
	struct vm *vm = find_ino(s, f->vm.ino);

	if (!vm && !f->vm.ino)
		vm = find_living(s, name);
	if (vm)
		return vm;
	snprintf(what.name, sizeof(what.name), "%s", name);
	snprintf(what.comm, sizeof(what.comm), "%s", or_empty(f->vm.comm));
	return new_vm(s, &what);
}

static struct vm *vm_told_of(struct story *s, const struct frame *f)
{
	return f->vm.ended ? vm_ended(s, f) : vm_created(s, f);
}

void story_found(struct story *s, const struct frame *f, const struct inventory_verdict *v,
		 struct step *step)
{
	const struct inventory_vm *found = f->found.vm;
	const struct inventory_process *p = found->processes;
	struct vm what = { .ino = found->ino, .kvm = found->kvm, .pid = p->pid };
	struct vm *vm = found->ino ? find_ino(s, found->ino) : find_in(&s->by_kvm, &what, kvm_cmp);

	/* An escape more than a name can have is none of it. */
	snprintf(s->comm, sizeof(s->comm), "%.*s", (int)sizeof(s->comm) - 1, p->comm);
	snprintf(s->name, sizeof(s->name), "%.*s", (int)sizeof(s->name) - 1, found->name);
	s->thread[0] = '\0';
	if (!vm) {
		memcpy(what.comm, s->comm, sizeof(what.comm));
		memcpy(what.name, s->name, sizeof(what.name));
		vm = new_vm(s, &what);
	}
	if (vm) {
		vm->found = true;
		vm->found_mode = v->is;
		vm->found_pvr = v->pvr;
		vm->incoming |= found->incoming == INCOMING_YES;
		note_guest(vm, found->name_option);
	}
	fill_step(s, vm, step);
}

static void end_vm(struct story *s, struct vm *vm, uint64_t mono_ns)
{
	if (vm->ended)
		return;
	vm->ended = true;
	vm->ended_ns = mono_ns;
	*(s->last_ended ? &s->last_ended->next_ended : &s->first_ended) = vm;
	s->last_ended = vm;
}

/* ------------------------------------------------------------------ calls */

/* An answer to an E2BIG begins after its end: calls of threads come in the order of their ends. */
static void add_retry(const struct story *s, struct vm *vm, const struct cc_record *r,
		      const struct diagnosis *d, struct retry *retry)
{
	if (s->hides_retries || r->mono_ns < vm->retry_since || r->mono_ns <= vm->retry_start)
		return;
	if (vm->retry_since) {
		retry->seen = true;
		retry->recovered = !r->ret;
		retry->after_ns = r->mono_ns - vm->retry_start;
		vm->n_retries++;
		vm->n_recovered += retry->recovered;
	}
	vm->retry_since = vm->retry_start = 0;
	if (d->cause == CAUSE_STRUCT_TOO_NEW) {
		vm->retry_start = r->mono_ns;
		vm->retry_since = r->mono_ns + r->latency_ns;
	}
}

static void add_negotiation(struct story *s, struct vm *vm, const struct cc_record *r,
			    const struct diagnosis *d, struct retry *retry)
{
	add_retry(s, vm, r, d, retry);
	if (r->ret) {
		if (!vm->n_failed++)
			vm->first_failure = d->cause;
		vm->last_failure = d->cause;
		replace(&vm->last_hint, d->hint);
		return;
	}
	vm->n_ok++;
	/* What another thread has written is not the host's word. */
	if (!d->caps.known || (d->changed && !d->caps_of_hook))
		return;
	vm->caps_known = true;
	vm->caps = d->caps.value;
}

static struct offer offer_to(const struct story *s, const struct vm *vm,
			     const struct host_facts *host)
{
	struct offer offer = host_offer(host);
	enum life life;

	if (!vm) {
		offer.not_seen = "there are too many VMs to tell apart";
		return offer;
	}
	life = life_of(s, vm, QUERIES);
	offer.not_seen = life_reason(life);
	if (vm->n_ok)
		offer.queried = QUERIED_YES;
	else if (vm->n_failed)
		offer.queried = QUERIED_FAILED;
	else if (life == LIFE_WHOLE)
		offer.queried = QUERIED_NO;
	offer.query_cause = vm->last_failure;
	if (vm->caps_known) {
		offer.source = MODES_NEGOTIATION;
		offer.modes = vm->caps;
	}
	return offer;
}

/* The VM of this record; NULL: there is none. */
static struct vm *meet(struct story *s, const struct cc_record *r, const char *name_option)
{
	struct vm *vm;

	text_escape(s->comm, sizeof(s->comm), r->comm, sizeof(r->comm));
	text_escape(s->thread, sizeof(s->thread), r->thread, sizeof(r->thread));
	text_escape(s->name, sizeof(s->name), r->vm_name, sizeof(r->vm_name));
	vm = vm_of_call(s, r);
	if (!vm)
		return NULL;
	note_guest(vm, name_option);
	if (!*vm->comm)
		memcpy(vm->comm, s->comm, sizeof(vm->comm));
	return vm;
}

static const struct line *newest_line(const struct vm *vm)
{
	const struct line *line = &vm->lines[(vm->n_lines - 1) % STORY_MESSAGES];

	return vm->n_lines && line->text ? line : NULL;
}

/* Where the end of a call alone is watched, when it began is not known: the ioctl has to do. */
static const char *line_of_call(const struct vm *vm, const struct cc_record *r)
{
	const struct line *line = vm ? newest_line(vm) : NULL;

	if (!line || !line->tid || line->tid != r->tid ||
	    line->mono_ns > r->mono_ns + r->latency_ns)
		return NULL;
	if (r->latency_ns)
		return line->mono_ns >= r->mono_ns ? line->text : NULL;
	return r->type == CC_ARCH_COMPAT && line->cmd == ABI_CMD_SET_ONE_REG ? line->text : NULL;
}

void story_call(struct story *s, const struct frame *f, const struct diagnosis *diag,
		const struct host_facts *host, struct step *step)
{
	const struct cc_record *r = f->call.rec;
	struct retry retry = { 0 };
	struct vm *vm = meet(s, r, f->call.name_option);

	if (vm && r->type == CC_EXTENSION) {
		vm->extension_asked = true;
		vm->extension = r->ret;
	}
	if (vm && diag)
		add_negotiation(s, vm, r, diag, &retry);
	fill_step(s, vm, step);
	step->retry = retry;
	step->offer = offer_to(s, vm, host);
	step->offer.message = line_of_call(vm, r);
}

static struct vm *find_vm(const struct story *s, const struct cc_record *r)
{
	const struct vm key = { .kvm = r->vm, .pid = r->pid };

	return r->vm_ino ? find_ino(s, r->vm_ino) : find_in(&s->by_kvm, &key, kvm_cmp);
}

const char *story_line_of(const struct story *s, const struct cc_record *r)
{
	return line_of_call(find_vm(s, r), r);
}

void story_arch(struct story *s, const struct frame *f, const struct offer *offer,
		const struct arch_diagnosis *arch)
{
	struct vm *vm = find_vm(s, f->call.rec);

	if (!vm)
		return;
	vm->n_arch++;
	vm->arch_accepted = !f->call.rec->ret;
	vm->arch_cause = arch->cause;
	vm->arch_pvr = arch->pvr;
	vm->arch_modes = offer->source == MODES_UNKNOWN ? 0 : offer->modes;
	vm->ran = false;
	replace(&vm->arch_hint, arch->hint);
}

/* ------------------------------------------------------------------ telling */

static void tell_mode(const struct vm *vm, FILE *f)
{
	const struct abi_pvr *known = abi_pvr(vm->arch_pvr);

	fputs("asked for ", f);
	if (vm->n_arch > 1)
		fprintf(f, "a mode %u times, the last time for ", vm->n_arch);
	if (!vm->arch_pvr)
		fputs("the host's default", f);
	else if (known)
		fputs(known->name, f);
	else
		fprintf(f, "0x%08" PRIx32, vm->arch_pvr);
	fprintf(f, ": %s", arch_cause_name(vm->arch_cause));
}

#define OWN_MODE ": it runs in the host's own"

/* "asked for no mode" is a claim about all of its life. */
static void tell_ask(const struct story *s, const struct vm *vm, FILE *f)
{
	enum life life = life_of(s, vm, QUERIES | ASKS);

	if (vm->n_arch)
		tell_mode(vm, f);
	else if (life == LIFE_WHOLE)
		fprintf(f, "asked for no mode%s", vm->n_runs ? "" : OWN_MODE);
	else
		fprintf(f, "was not seen to ask for a mode (%s)", life_reason(life));
}

static void tell_offer(const struct vm *vm, FILE *f)
{
	char modes[96];

	if (vm->caps_known)
		fprintf(f, "was offered %s, ", modes_text(modes, sizeof(modes), vm->caps));
}

/* ------------------------------------------------------------------ what fails later */

#define MESSAGE_SAID 120 /* of a line, in a sentence */

/* What was printed elsewhere in the process may be of anything. */
static const struct line *newest_line_of_ioctl(const struct vm *vm)
{
	for (unsigned int i = 0; i < STORY_MESSAGES && i < vm->n_lines; i++) {
		const struct line *line = &vm->lines[(vm->n_lines - 1 - i) % STORY_MESSAGES];

		if (line->text && line->cmd)
			return line;
	}
	return NULL;
}

static void tell_line(const struct line *line, FILE *f)
{
	fprintf(f, "%.*s%s", MESSAGE_SAID, line->text,
		strlen(line->text) > MESSAGE_SAID ? "..." : "");
}

static void tell_message(const struct vm *vm, FILE *f)
{
	const struct line *line = newest_line_of_ioctl(vm);

	if (!line)
		return;
	fputs("; KVM printed: \"", f);
	tell_line(line, f);
	fputs("\"", f);
}

static const char *pvr_text(char *buf, size_t len, uint32_t pvr)
{
	const struct abi_pvr *known = abi_pvr(pvr);

	if (!pvr)
		return "the host's default";
	if (known)
		return known->name;
	snprintf(buf, len, "0x%08" PRIx32, pvr);
	return buf;
}

/* How a KVM_RUN ended that failed. */
static void tell_exit(const struct cc_record *r, FILE *f)
{
	char name[16];

	if (r->ret < 0) {
		fputs(errno_name(r->ret, name, sizeof(name)), f);
		return;
	}
	fprintf(f, "exit reason %s", abi_exit_name(r->cmd));
	if (r->vm && r->cmd == ABI_EXIT_INTERNAL_ERROR)
		fprintf(f, ", suberror %" PRIu64, (uint64_t)r->arg);
	else if (r->vm)
		fprintf(f, ", hardware reason 0x%" PRIx64, (uint64_t)r->arg);
}

/* Where KVM counts an exit for what never was in the guest, that is the one exit of a first run. */
static bool is_first_run(const struct vm *vm, const struct cc_record *r)
{
	if (vm->ran || r->in_words <= CC_VCPU_EXITS)
		return false;
	return r->in[CC_VCPU_EXITS] <= (r->ret < 0 ? 0 : 1);
}

/* In a KVM_RUN of this thread: of a first run it can be of that one alone. */
static const struct line *line_of_run(const struct vm *vm, const struct cc_record *r)
{
	const struct line *line = newest_line_of_ioctl(vm);

	return line && line->cmd == ABI_CMD_RUN && line->tid == r->tid ? line : NULL;
}

/* What KVM printed in it says most. */
static void tell_first_run(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	const struct line *line = line_of_run(vm, r);

	fputs("its first run failed: ", f);
	if (line) {
		tell_line(line, f);
		fputs(" (", f);
	}
	tell_exit(r, f);
	if (line)
		fputs(")", f);
	else
		tell_message(vm, f);
}

static void tell_plain_run(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	fputs(r->ret < 0 ? "KVM_RUN failed with " : "KVM_RUN ended with ", f);
	tell_exit(r, f);
	if (vm)
		tell_message(vm, f);
	else
		fputs("; of which VM could not be told", f);
}

static bool is_above_host(const struct vm *vm)
{
	return vm && vm->n_arch && vm->arch_cause == ARCH_ACCEPTED_ABOVE_HOST;
}

static bool is_refused(const struct vm *vm)
{
	return vm && vm->n_arch && !vm->arch_accepted;
}

/* The newest one on offer when it asked; NULL: it is not known. */
static const char *newest_offered(const struct vm *vm)
{
	const struct abi_mode *mode;
	const char *newest = NULL;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (vm->arch_modes & mode->bit)
			newest = mode->name;
	return newest;
}

static void tell_above_host(const struct vm *vm, FILE *f)
{
	const char *newest = newest_offered(vm);
	char buf[16];

	fprintf(f, "asked for %s, KVM accepted it although this host ",
		pvr_text(buf, sizeof(buf), vm->arch_pvr));
	if (newest)
		fprintf(f, "offers %s at most", newest);
	else
		fputs("does not offer it", f);
	fputs(" (this kernel does not check, 884ea0283f4e does), and ", f);
}

/* What KVM said to the mode that it asked for, where that goes before how it runs. */
static void tell_answer(const struct vm *vm, FILE *f)
{
	char buf[16];

	if (is_above_host(vm))
		tell_above_host(vm, f);
	else if (is_refused(vm))
		fprintf(f, "was refused %s, ", pvr_text(buf, sizeof(buf), vm->arch_pvr));
}

static void tell_run_tail(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	if (vm && is_first_run(vm, r) && !is_refused(vm)) {
		tell_first_run(vm, r, f);
	} else if (vm && is_refused(vm) && !vm->ran) {
		fputs("ran all the same: ", f);
		tell_exit(r, f);
		tell_message(vm, f);
	} else {
		fputs(vm && vm->ran ? "later " : is_above_host(vm) ? "then " : "", f);
		tell_plain_run(vm, r, f);
	}
}

/* The caller frees it. NULL: no memory. */
static char *compose_run(const struct vm *vm, const struct cc_record *r,
			 void (*tell)(const struct vm *vm, const struct cc_record *r, FILE *f))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	tell(vm, r, f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

static void tell_run_hint(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	char buf[16];

	if (vm && !vm->ran)
		tell_answer(vm, f);
	tell_run_tail(vm, r, f);
	if (vm && vm->n_arch && !is_above_host(vm) && !is_refused(vm))
		fprintf(f, "; KVM had accepted %s", pvr_text(buf, sizeof(buf), vm->arch_pvr));
}

/* Where it ran before, that has been told with it. */
static void tell_run_lead(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	(void)r;
	if (!vm->ran)
		tell_answer(vm, f);
}

static void add_run(struct vm *vm, const struct cc_record *r)
{
	if (vm->n_runs++)
		return;
	vm->run_lead = compose_run(vm, r, tell_run_lead);
	vm->run_tail = compose_run(vm, r, tell_run_tail);
}

/* That it runs, as a KVM_RUN showed that ended well, and in the mode that its vCPU then had. */
static void tell_ran(const struct vm *vm, FILE *f)
{
	char buf[16];

	if (!vm->ran_known)
		fputs(is_refused(vm) ? "runs all the same" : "runs", f);
	else if (!vm->ran_pvr && is_refused(vm))
		fputs("went on without a mode and runs raw", f);
	else if (!vm->ran_pvr)
		fputs("runs raw", f);
	else
		fprintf(f, "runs in %s", pvr_text(buf, sizeof(buf), vm->ran_pvr));
}

/* After what is told of its request. */
static void tell_run_shortly(const struct vm *vm, FILE *f)
{
	if (vm->ran) {
		fputs(", ", f);
		tell_ran(vm, f);
	}
	if (vm->run_tail)
		fprintf(f, ", %s", vm->run_tail);
}

static void tell_capital(const char *text, FILE *f)
{
	fprintf(f, " %c%s.", toupper((unsigned char)*text), text + 1);
}

static void tell_failed_run(const struct vm *vm, FILE *f)
{
	if (*vm->run_lead)
		fprintf(f, " It %s%s.", vm->run_lead, vm->run_tail);
	else
		tell_capital(vm->run_tail, f);
	if (vm->n_runs > 1)
		fprintf(f, " It failed in %u different ways: this was the first.", vm->n_runs);
}

static void tell_run(const struct vm *vm, FILE *f)
{
	if (vm->ran) {
		fputs(" It ", f);
		tell_answer(vm, f);
		tell_ran(vm, f);
		fputs(".", f);
	}
	if (vm->run_lead && vm->run_tail)
		tell_failed_run(vm, f);
}

static void fill_run(const struct vm *vm, struct run *run)
{
	unsigned int first = vm->n_lines > STORY_MESSAGES ? vm->n_lines - STORY_MESSAGES : 0;

	run->asked = vm->n_arch;
	run->pvr = vm->arch_pvr;
	run->cause = vm->arch_cause;
	run->accepted = vm->arch_accepted;
	for (unsigned int i = first; i < vm->n_lines; i++)
		if (vm->lines[i % STORY_MESSAGES].text)
			run->messages[run->n_messages++] = vm->lines[i % STORY_MESSAGES].text;
}

void story_run(struct story *s, const struct frame *f, struct step *step)
{
	const struct cc_record *r = f->call.rec;
	struct vm *vm = meet(s, r, f->call.name_option);

	free(s->run_hint);
	s->run_hint = compose_run(vm, r, tell_run_hint);
	if (vm)
		add_run(vm, r);
	fill_step(s, vm, step);
	step->run.hint = s->run_hint ? s->run_hint : "KVM_RUN failed";
	if (!vm)
		return;
	step->run.first_known = r->in_words > CC_VCPU_EXITS;
	step->run.first = is_first_run(vm, r);
	fill_run(vm, &step->run);
}

void story_ran(struct story *s, const struct frame *f, struct step *step)
{
	const struct cc_record *r = f->call.rec;
	struct vm *vm = meet(s, r, f->call.name_option);

	if (vm) {
		vm->ran = true;
		vm->ran_known = r->in_words > CC_VCPU_PVR;
		vm->ran_pvr = (uint32_t)r->in[CC_VCPU_PVR];
	}
	fill_step(s, vm, step);
	if (vm)
		fill_run(vm, &step->run);
}

static void keep_line(struct story *s, struct vm *vm, const struct frame *f)
{
	struct line *line = &vm->lines[vm->n_lines % STORY_MESSAGES];
	const struct cc_record *r = f->kernel.rec;

	drop_line(s, line);
	vm->n_lines++;
	if (s->line_bytes + strlen(f->kernel.text) >= STORY_MESSAGE_BYTES)
		return;
	*line = (struct line){ .text = strdup(f->kernel.text),
			       .tid = r->tid,
			       .cmd = r->vm ? r->cmd : 0,
			       .mono_ns = r->mono_ns };
	if (line->text)
		s->line_bytes += strlen(line->text) + 1;
}

/* In no ioctl that is known: it may be of any VM of its process. */
static void keep_for_process(struct story *s, const struct frame *f)
{
	struct vm *vm = s->newest;

	for (int i = 0; vm && i < LIVING_MAX; i++, vm = vm->prev)
		if (!vm->ended && vm->pid == f->kernel.rec->pid)
			keep_line(s, vm, f);
}

void story_kernel(struct story *s, const struct frame *f, struct step *step)
{
	const struct cc_record *r = f->kernel.rec;
	struct vm *vm = meet(s, r, f->kernel.name_option);

	if (vm)
		keep_line(s, vm, f);
	else if (!r->vm && r->pid)
		keep_for_process(s, f);
	fill_step(s, vm, step);
}

/* ------------------------------------------------------------------ telling, all of it */

/* What the kernel had of it when the trace began: nothing of how it came to that was seen. */
static void tell_found(const struct vm *vm, FILE *f)
{
	char buf[16];

	fputs("was there when this trace began", f);
	switch (vm->found_mode) {
	case MODE_SET:
		fprintf(f, ", in mode %s", pvr_text(buf, sizeof(buf), vm->found_pvr));
		break;
	case MODE_HOST_DEFAULT:
		fputs(", in the host's own mode", f);
		break;
	case MODE_REFUSED:
		fputs(", with a mode that KVM had refused", f);
		break;
	case MODE_DIFFERS:
		fputs(", its vCPUs in different modes", f);
		break;
	case MODE_NO_VCPU:
		fputs(", without a vCPU", f);
		break;
	default:
		break;
	}
}

/* KVM tells of the birth of one that came while the trace began. */
static bool was_found(const struct vm *vm)
{
	return vm->found && !vm->created;
}

/* Whether the guest came is not told: that it was waited for is. */
#define TO_BE_MIGRATED "started to take in a migrated guest (-incoming)"

/* The story of one that has ended, shortly. */
static void tell_end(const struct story *s, const struct vm *vm, FILE *f)
{
	if (vm->incoming)
		fputs(TO_BE_MIGRATED ", ", f);
	if (was_found(vm)) {
		tell_found(vm, f);
		fputs(", ", f);
	}
	if (vm->n_ok)
		fputs("queried, ", f);
	else if (vm->n_failed)
		fprintf(f, "queried and failed (%s), ", cause_name(vm->last_failure));
	else if (vm->n_arch && life_of(s, vm, QUERIES) == LIFE_WHOLE)
		fputs("never queried, ", f);
	tell_offer(vm, f);
	tell_ask(s, vm, f);
	tell_run_shortly(vm, f);
}

static void tell_retries(const struct vm *vm, FILE *f)
{
	if (vm->n_retries == 1)
		fprintf(f, ", 1 retry, which %s", vm->n_recovered ? "recovered" : "failed");
	else if (vm->n_retries)
		fprintf(f, ", %u retries, %u of which recovered", vm->n_retries, vm->n_recovered);
}

static void tell_queries(const struct vm *vm, FILE *f)
{
	unsigned int n = vm->n_ok + vm->n_failed;
	const char *first = cause_name(vm->first_failure);

	if (n == 1 && vm->n_failed)
		fprintf(f, "1 query, which failed (%s)", first);
	else if (n == 1)
		fputs("1 query, which succeeded", f);
	else if (!vm->n_failed)
		fprintf(f, "%u queries, which all succeeded", n);
	else if (!vm->n_ok)
		fprintf(f, "%u queries, which all failed (first %s)", n, first);
	else
		fprintf(f, "%u queries, %u of which failed (first %s)", n, vm->n_failed, first);
	tell_retries(vm, f);
	fputs("; ", f);
}

/* A request that went wrong has a hint, which tells of the query as well. */
static bool has_arch_hint(const struct vm *vm)
{
	return vm->n_arch && vm->arch_hint && arch_cause_kind(vm->arch_cause) == VERDICT_FAILURE;
}

static void tell_no_query(const struct story *s, const struct vm *vm, FILE *f)
{
	const char *missed = life_reason(life_of(s, vm, QUERIES));

	if (!vm->n_arch || has_arch_hint(vm))
		return;
	if (missed)
		fprintf(f, "was not seen to query (%s); ", missed);
	else
		fputs("never queried; ", f);
}

static void tell_vm(const struct story *s, const struct vm *vm, FILE *f)
{
	fprintf(f, "VM %u, %s[%" PRIu32 "]", vm->number, *vm->comm ? vm->comm : "?", vm->pid);
	if (vm->guest)
		fprintf(f, ", guest \"%s\"", vm->guest);
	if (vm->incoming)
		fputs(", " TO_BE_MIGRATED, f);
	fputs(": ", f);
	if (was_found(vm)) {
		tell_found(vm, f);
		fputs("; ", f);
	}
	if (vm->extension_asked)
		fprintf(f, "checked KVM_CAP_PPC_COMPAT_CAPS (answer %d); ", vm->extension);
	if (vm->n_ok || vm->n_failed)
		tell_queries(vm, f);
	else
		tell_no_query(s, vm, f);
	tell_offer(vm, f);
	tell_ask(s, vm, f);
	if (has_arch_hint(vm))
		fprintf(f, ". %s", vm->arch_hint);
	else if (!vm->n_ok && vm->n_failed && vm->last_hint)
		fprintf(f, ". Of the newest query: %s", vm->last_hint);
	fputs(".", f);
	tell_run(vm, f);
}

/* The caller frees it. NULL: no memory. */
static char *compose(const struct story *s, const struct vm *vm,
		     void (*tell)(const struct story *s, const struct vm *vm, FILE *f))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	tell(s, vm, f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

void story_vm(struct story *s, const struct frame *f, struct step *step)
{
	struct vm *vm = vm_told_of(s, f);

	snprintf(s->comm, sizeof(s->comm), "%s", or_empty(f->vm.comm));
	snprintf(s->name, sizeof(s->name), "%s", or_empty(f->vm.vm_name));
	s->thread[0] = '\0';
	if (vm) {
		vm->created |= !f->vm.ended;
		vm->incoming |= f->vm.incoming == INCOMING_YES;
		note_guest(vm, f->vm.name_option);
		if (!*vm->comm)
			memcpy(vm->comm, s->comm, sizeof(vm->comm));
		if (!*s->comm)
			memcpy(s->comm, vm->comm, sizeof(s->comm));
		if (f->vm.ended)
			end_vm(s, vm, f->mono_ns);
	}
	fill_step(s, vm, step);
	if (!vm || !f->vm.ended)
		return;
	free(s->sentence);
	s->sentence = compose(s, vm, tell_end);
	step->sentence = s->sentence;
}

static void tell_forgotten(const struct story *s, void (*paragraph)(const char *text, void *ctx),
			   void *ctx)
{
	char text[80];

	snprintf(text, sizeof(text), "%u VMs that ended before these are not told of.",
		 s->n_forgotten);
	if (s->n_forgotten)
		paragraph(text, ctx);
}

void story_tell(const struct story *s, void (*paragraph)(const char *text, void *ctx), void *ctx)
{
	tell_forgotten(s, paragraph, ctx);
	for (const struct vm *vm = s->oldest; vm; vm = vm->next) {
		char *text = compose(s, vm, tell_vm);

		if (!text)
			return;
		paragraph(text, ctx);
		free(text);
	}
}
