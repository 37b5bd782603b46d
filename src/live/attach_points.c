// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loads the programs of points, attaches them and lets go of them. A point is watched by fexit
 * where the kernel has it, else by kprobes where they are safe; a tracepoint has one way alone.
 * Exits come before entries and go after them, so that no call begins to be recorded whose end is
 * not seen.
 */
#include "live/attach_points.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/frames.h"
#include "live/host.h"

/* How long calls in flight may take to end when watching ends: a fifth of a second. */
#define IN_FLIGHT_TRIES	  40
#define IN_FLIGHT_WAIT_US 5000

/* The names of the programs on one function; NULL: none is needed there. */
struct programs {
	const char *entry, *exit;
};

static const struct programs programs[ATTACH_POINTS][ATTACH_HOWS] = {
	[POINT_IOCTL] = { [ATTACH_FEXIT] = { "ioctl_fentry", "ioctl_fexit" },
			  [ATTACH_KPROBE] = { "ioctl_kprobe", "ioctl_kretprobe" } },
	[POINT_BACKEND] = { [ATTACH_FEXIT] = { NULL, "backend_fexit" },
			    [ATTACH_KPROBE] = { "backend_kprobe", "backend_kretprobe" } },
	[POINT_EXTENSION] = { [ATTACH_FEXIT] = { NULL, "extension_fexit" },
			      [ATTACH_KPROBE] = { "extension_kprobe", "extension_kretprobe" } },
	[POINT_REG] = { [ATTACH_FEXIT] = { NULL, "reg_fexit" },
			[ATTACH_KPROBE] = { "reg_kprobe", "reg_kretprobe" } },
	[POINT_RUN] = { [ATTACH_TRACEPOINT] = { NULL, "run_tp" } },
	[POINT_CONSOLE] = { [ATTACH_TRACEPOINT] = { NULL, "console_tp" } },
	[POINT_BIRTH] = { [ATTACH_FEXIT] = { NULL, "birth_fexit" },
			  [ATTACH_KPROBE] = { "birth_kprobe", "birth_kretprobe" } },
	[POINT_DEATH] = { [ATTACH_FEXIT] = { "death_fentry", NULL },
			  [ATTACH_KPROBE] = { "death_kprobe", NULL } },
};

static const struct programs session = { NULL, OBJECTS_SESSION };

/* Of a tracepoint, which is no function: the ways to watch that exclude each other. */
#define TRACEPOINTS (1u << POINT_RUN | 1u << POINT_CONSOLE)

/* A VM's birth and end: they are watched before its calls, and for longer. */
#define LIVES (1u << POINT_BIRTH | 1u << POINT_DEATH)

/* What its programs are attached to: a tracepoint's name goes without its group. */
static const char *target_of(enum point i)
{
	const char *colon = strchr(attach_func(i), ':');

	return colon ? colon + 1 : attach_func(i);
}

static const struct programs *probes_of(const struct attach *a, enum point i, enum attach_how how)
{
	return i == POINT_IOCTL && how == ATTACH_FEXIT && a->sessions ? &session :
									&programs[i][how];
}

/* A tracepoint has a way of its own, whichever one is taken for functions. */
static enum attach_how how_of(enum point i, enum attach_how how)
{
	return TRACEPOINTS & 1u << i ? ATTACH_TRACEPOINT : how;
}

static int want_point(const struct attach *a, struct compatcaps_bpf *o, enum point i,
		      enum attach_how how)
{
	const struct programs *p = probes_of(a, i, how);
	int err = objects_want(o, p->exit, target_of(i), how);

	return err ? err : objects_want(o, p->entry, target_of(i), how);
}

/* sums: uint64_t[LOSSES_COUNTERS] */
static void add_misses(const char *name, uint64_t n, void *sums)
{
	enum losses_counter c = COUNT_RECURSION;

	if (!strcmp(name, programs[POINT_RUN][ATTACH_TRACEPOINT].exit))
		c = COUNT_RUNS;
	else if (!strcmp(name, programs[POINT_CONSOLE][ATTACH_TRACEPOINT].exit))
		c = COUNT_LINES;
	((uint64_t *)sums)[c] += n;
}

/* A loaded program on a module's function keeps the module, attached or not. */
static void put_object(struct attach *a, struct object *object, unsigned int mask)
{
	struct object **at = &a->objects;

	object->users &= ~mask;
	if (object->users)
		return;
	while (*at != object)
		at = &(*at)->next;
	*at = object->next;
	objects_recursion_misses(object->o, add_misses, a->recursion_gone);
	compatcaps_bpf__destroy(object->o);
	free(object);
}

/* ---------------------------------------------------------------- points */

void points_set_absent(struct watched *w, const char *why, uint64_t at)
{
	w->how = w->shown.how = ATTACH_ABSENT;
	w->shown.at = at;
	snprintf(w->shown.why, sizeof(w->shown.why), "%s", why);
}

void points_mark_hook(struct attach *a)
{
	bool watched = a->points[POINT_BACKEND].shown.how != ATTACH_ABSENT;

	if (watched != !!a->maps->bss->hook_watched)
		a->maps->bss->hook_watched = watched ? ++a->watchings : 0;
}

/* NULL: there is none. */
static uint64_t missed_by(const struct bpf_link *kretprobe)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (!kretprobe || bpf_link_get_info_by_fd(bpf_link__fd(kretprobe), &info, &len))
		return 0;
	return info.perf_event.kprobe.missed;
}

/* While its entry was there. */
static uint64_t missed_of(const struct watched *w)
{
	uint64_t until = w->entry ? missed_by(w->exit) : w->missed_until;

	return until > w->missed_before ? until - w->missed_before : 0;
}

static void detach_entry(struct watched *w)
{
	if (w->entry && w->how == ATTACH_KPROBE)
		w->missed_until = missed_by(w->exit);
	bpf_link__destroy(w->entry);
	w->entry = NULL;
}

static void detach_exit(struct attach *a, struct watched *w)
{
	if (w->exit && w->how == ATTACH_KPROBE)
		a->missed_gone += missed_of(w);
	bpf_link__destroy(w->exit);
	w->exit = NULL;
}

/* What has begun is given a moment to end, so that only what truly hangs is reported. */
static void await_calls(const struct attach *a)
{
	const volatile uint32_t *in_flight = &a->maps->bss->in_flight;

	for (int i = 0; i < IN_FLIGHT_TRIES && *in_flight; i++)
		usleep(IN_FLIGHT_WAIT_US);
}

/* Entries go first: no call begins to be recorded whose end is then not seen. */
static void detach_points(struct attach *a, unsigned int mask, const char *why, uint64_t at)
{
	bool entries = false;

	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		if (!(mask & 1u << i))
			continue;
		entries |= a->points[i].entry && a->points[i].exit;
		detach_entry(&a->points[i]);
	}
	/* What is both entry and exit stays, and takes in no more calls. */
	a->maps->bss->closing = a->sessions && mask & 1u << POINT_IOCTL;
	if (entries || a->maps->bss->closing)
		await_calls(a);
	if (mask & 1u << POINT_BACKEND)
		a->maps->bss->hook_watched = 0;
	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		if (!(mask & 1u << i))
			continue;
		detach_exit(a, &a->points[i]);
		points_set_absent(&a->points[i], why, at);
	}
	a->maps->bss->closing = 0;
}

void points_detach(struct attach *a, unsigned int mask, const char *why)
{
	uint64_t at = frames_now();

	detach_points(a, mask & ~LIVES, why, at);
	/* Nothing is born whose end would be missed. */
	detach_points(a, mask & 1u << POINT_BIRTH, why, at);
	detach_points(a, mask & 1u << POINT_DEATH, why, at);
}

void points_release(struct attach *a, unsigned int mask, const char *why)
{
	points_detach(a, mask, why);
	if (mask & 1u << POINT_DEATH)
		objects_forget_vms(a->maps);
	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		if (!(mask & 1u << i) || !a->points[i].object)
			continue;
		put_object(a, a->points[i].object, 1u << i);
		a->points[i].object = NULL;
	}
}

static int attach_program(const struct compatcaps_bpf *o, const char *name, enum point i,
			  enum attach_how how, bool exit, struct bpf_link **link)
{
	struct bpf_program *p = objects_program(o, name);

	*link = NULL;
	if (!p)
		return 0;
	*link = how == ATTACH_KPROBE ? bpf_program__attach_kprobe(p, exit, target_of(i)) :
				       bpf_program__attach_trace(p);
	return *link ? 0 : -errno;
}

/*
 * Another program is on this function already: to attach a second one the kernel exchanges a
 * trampoline, and a preemptible one can crash on that (docs/soak.md). Who says --method fexit
 * knows.
 */
static bool is_refused(const struct attach *a, const struct compatcaps_bpf *o,
		       const struct programs *p)
{
	const char *name = p->exit ? p->exit : p->entry;

	return a->opt.method != METHOD_FEXIT && !host_kprobes_are_safe() &&
	       objects_is_shared(objects_program(o, name));
}

/* The exit first: no call is begun whose end is then not seen. */
static int attach_one(struct attach *a, enum point i, struct object *object, enum attach_how how)
{
	const struct programs *p = probes_of(a, i, how);
	struct watched *w = &a->points[i];
	int err = how == ATTACH_FEXIT && is_refused(a, object->o, p) ? -EBUSY : 0;

	if (!err)
		err = attach_program(object->o, p->exit, i, how, true, &w->exit);
	if (!err)
		err = attach_program(object->o, p->entry, i, how, false, &w->entry);
	if (err) {
		bpf_link__destroy(w->exit);
		w->exit = w->entry = NULL;
		return err;
	}
	if (how == ATTACH_KPROBE)
		w->missed_before = w->missed_until = missed_by(w->exit);
	w->how = w->shown.how = how;
	w->shown.at = frames_now();
	w->shown.why[0] = '\0';
	w->object = object;
	if (i == POINT_BACKEND)
		points_mark_hook(a);
	/* What is known of VMs so far may have ended since. */
	if (i == POINT_DEATH)
		a->maps->bss->vm_epoch++;
	return 0;
}

/* What a loader's error says of a function that is asked for by its name. */
static bool is_not_there(int err)
{
	return err == -ESRCH || err == -ENOENT;
}

/* By types everything is looked for: without them nothing can be said of what there is. */
static bool lacks_types(enum point i)
{
	const char *module = attach_module_of(i);

	return module && host_has_module(module) && !host_has_types(module);
}

/* Load the programs for the points of mask: those that are not there leave it. 0, or -errno. */
static int load(struct attach *a, unsigned int *mask, enum attach_how how, struct object **object)
{
	struct compatcaps_bpf *o = objects_open_sharing(&a->opt, a->maps);
	int err = o ? 0 : -errno;

	*object = NULL;
	for (size_t i = 0; !err && i < ATTACH_POINTS; i++) {
		if (!(*mask & 1u << i))
			continue;
		err = want_point(a, o, i, how_of(i, how));
		if (is_not_there(err) && how_of(i, how) != ATTACH_KPROBE && lacks_types(i)) {
			err = -ENODATA;
		} else if (is_not_there(err)) {
			points_set_absent(&a->points[i], "this kernel does not have it",
					  frames_now());
			*mask &= ~(1u << i);
			err = 0;
		}
	}
	if (!err && *mask)
		err = compatcaps_bpf__load(o);
	if (!err && *mask)
		*object = calloc(1, sizeof(**object));
	if (!*object) {
		compatcaps_bpf__destroy(o);
		return err ? err : *mask ? -ENOMEM : 0;
	}
	**object = (struct object){ .o = o, .users = *mask, .next = a->objects };
	a->objects = *object;
	return 0;
}

/* Those of mask that are there and could not be attached; *err says why. */
static unsigned int attach_loaded(struct attach *a, unsigned int mask, enum attach_how how,
				  struct object *object, int *err)
{
	unsigned int left = 0;

	/* The hook is ahead of the ioctl: no call is recorded that is not fully watched. */
	for (size_t i = ATTACH_POINTS; i-- > 0;) {
		int e = mask & 1u << i ? attach_one(a, i, object, how_of(i, how)) : 0;

		if (!e)
			continue;
		put_object(a, object, 1u << i);
		if (is_not_there(e)) {
			points_set_absent(&a->points[i], "this kernel does not have it",
					  frames_now());
			continue;
		}
		left |= 1u << i;
		*err = e;
	}
	return left;
}

/* Attach the points of mask; returns those that are there and could not be, *err says why. */
static unsigned int try_points(struct attach *a, unsigned int mask, enum attach_how how, int *err)
{
	unsigned int functions, tracepoints, left;
	struct object *object;
	int e = load(a, &mask, how, &object);

	if (e) {
		*err = e;
		return mask;
	}
	tracepoints = mask & TRACEPOINTS;
	functions = mask & ~TRACEPOINTS;
	/* A VM that is born is watched when it runs. */
	left = attach_loaded(a, tracepoints, how, object, err);
	return left | attach_loaded(a, functions, how, object, err);
}

/* One that cannot be loaded must not take the others along. */
static unsigned int try_each(struct attach *a, unsigned int mask, enum attach_how how, int *err)
{
	unsigned int left = 0;

	for (size_t i = ATTACH_POINTS; i-- > 0;)
		if (mask & 1u << i)
			left |= try_points(a, 1u << i, how, err);
	return left;
}

void points_mark_absent(struct attach *a, unsigned int mask, const char *why)
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (mask & 1u << i)
			points_set_absent(&a->points[i], why, frames_now());
}

/* The rest can do without them: one that cannot be watched is absent, and no failure of all. */
static void attach_tracepoints(struct attach *a, unsigned int mask)
{
	int err = 0;
	unsigned int left = try_points(a, mask, ATTACH_TRACEPOINT, &err);

	if (left)
		left = try_each(a, left, ATTACH_TRACEPOINT, &err);
	if (!left)
		return;
	points_mark_absent(a, left, err == -ENODATA ? why_no_types : strerror(-err));
	objects_forget_messages();
}

/* As try_points(), by fexit, or where the kernel does not have that by kprobes. */
static unsigned int attach_functions(struct attach *a, unsigned int mask, int *err)
{
	enum attach_how how = ATTACH_KPROBE;
	unsigned int left = mask;

	if (a->opt.method != METHOD_KPROBE && !a->fexit_failed) {
		left = try_points(a, mask, ATTACH_FEXIT, err);
		/* The kernel may know such programs, and its JIT not. */
		if (left & 1u << POINT_IOCTL && a->sessions && *err != -EBUSY) {
			a->sessions = false;
			objects_forget_messages();
			left = try_points(a, left, ATTACH_FEXIT, err);
		}
		how = ATTACH_FEXIT;
		if (left && (*err == -ENOTSUPP || *err == -ENODATA)) {
			/* A module that comes later may have its types. */
			a->fexit_failed = *err == -ENOTSUPP;
			how = ATTACH_KPROBE;
			objects_forget_messages();
		}
	}
	if (left && how == ATTACH_KPROBE) {
		const char *why = why_no_kprobes(a->opt.method, *err);

		if (why) {
			points_mark_absent(a, left, why);
			*err = *err ? *err : -ENOTSUPP;
			return left;
		}
		left = try_points(a, left, ATTACH_KPROBE, err);
	}
	if (left && *err != -EBUSY)
		left = try_each(a, left, how, err);
	points_mark_absent(a, left, *err == -EBUSY ? why_shared : strerror(-*err));
	return left;
}

/* Where the kernel's types show no direct calls, one small program finds out if it has them. */
static void try_fexit(struct attach *a, unsigned int *mask)
{
	unsigned int death = *mask & 1u << POINT_DEATH;
	int err = 0;

	if (!death || a->opt.method != METHOD_AUTO || a->fexit_failed ||
	    objects_have_direct_calls())
		return;
	if (!try_points(a, death, ATTACH_FEXIT, &err))
		*mask &= ~death;
	a->fexit_failed = err == -ENOTSUPP;
	objects_forget_messages();
}

/* To look up what programs name takes long, and is done once for all that are loaded together. */
static unsigned int try_together(struct attach *a, unsigned int mask)
{
	bool kprobes = a->opt.method == METHOD_KPROBE || a->fexit_failed;
	int err = 0;

	if (!(mask & TRACEPOINTS) || !(mask & ~TRACEPOINTS) ||
	    (kprobes && why_no_kprobes(a->opt.method, 0)))
		return mask;
	mask = try_points(a, mask, kprobes ? ATTACH_KPROBE : ATTACH_FEXIT, &err);
	if (mask)
		objects_forget_messages();
	return mask;
}

/* What cannot be had together with the rest is tried by itself. */
unsigned int points_attach(struct attach *a, unsigned int mask, int *err)
{
	try_fexit(a, &mask);
	mask = try_together(a, mask);
	/* First, because loading them takes long: VMs that are born during that time would have a
	 * gap. */
	if (mask & TRACEPOINTS)
		attach_tracepoints(a, mask & TRACEPOINTS);
	mask &= ~TRACEPOINTS;
	return mask ? attach_functions(a, mask, err) : 0;
}

/* What is there to be watched in this way. */
static unsigned int present_points(enum attach_how how)
{
	unsigned int present = 0;

	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if ((how == ATTACH_TRACEPOINT) == !!(TRACEPOINTS & 1u << i) &&
		    host_module_identity(attach_module_of(i)))
			present |= 1u << i;
	return present;
}

unsigned int points_rehearse(struct attach *a, enum attach_how how, int *err)
{
	unsigned int mask = present_points(how);
	struct object *object = NULL;

	*err = mask ? load(a, &mask, how, &object) : 0;
	if (object)
		put_object(a, object, mask);
	return *err ? 0 : mask;
}

/* ---------------------------------------------------------------- what the kernel missed */

uint64_t points_missed(const struct attach *a)
{
	uint64_t n = a->missed_gone;

	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (a->points[i].exit && a->points[i].how == ATTACH_KPROBE)
			n += missed_of(&a->points[i]);
	return n;
}

void points_recursions(const struct attach *a, uint64_t sums[LOSSES_COUNTERS])
{
	memcpy(sums, a->recursion_gone, sizeof(a->recursion_gone));
	for (const struct object *o = a->objects; o; o = o->next)
		objects_recursion_misses(o->o, add_misses, sums);
}
