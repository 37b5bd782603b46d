// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which points are watched now, as modules come and go and probes are switched off, and what they
 * have recorded and lost. It is looked at what is there, never at what an event says of it. How a
 * point is attached is attach_points.c's.
 */
#include "live/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/attach_points.h"
#include "live/frames.h"
#include "live/host.h"
#include "live/in_flight.h"
#include "bpf/in_flight_record.h"

#define LOOKS_APART 16 /* looking at all that can be in flight takes long */

#define HAVE_CONSUME_N (LIBBPF_MAJOR_VERSION > 1 || LIBBPF_MINOR_VERSION >= 5)

/* ---------------------------------------------------------------- what there is */

static const char *why_no_module(const char *module)
{
	return host_has_module(module) ? "its module is coming or going" :
					 "its module is not loaded";
}

/* The points whose module is not the one that they were looked for in. */
static unsigned int moved_points(struct attach *a, unsigned int *present)
{
	unsigned int moved = 0;

	*present = 0;
	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		ino_t module = host_module_identity(attach_module_of(i));

		if (module == a->points[i].module)
			continue;
		a->points[i].module = module;
		moved |= 1u << i;
		if (module)
			*present |= 1u << i;
	}
	return moved;
}

/* Show what is switched off as absent, and what is back. Returns the points that changed. */
static unsigned int look_at_switches(struct attach *a)
{
	unsigned int changed = 0;

	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		struct watched *w = &a->points[i];
		const char *off = host_switched_off(w->how);
		enum attach_how how = off ? ATTACH_ABSENT : w->how;

		if (w->how == ATTACH_ABSENT || how == w->shown.how)
			continue;
		/* What is known of VMs may end unseen. */
		a->maps->bss->vm_epoch += i == POINT_DEATH && off;
		w->shown.how = how;
		w->shown.at = frames_now();
		snprintf(w->shown.why, sizeof(w->shown.why), "%s", off ? off : "");
		changed |= 1u << i;
	}
	points_mark_hook(a);
	return changed;
}

/* Take what has come, let go what is gone. failed: points that are there and could not be had. */
static unsigned int look_at_modules(struct attach *a, unsigned int *failed, int *err)
{
	unsigned int present, moved = moved_points(a, &present);

	points_release(a, moved, "its module is not loaded");
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (!a->points[i].module)
			points_set_absent(&a->points[i], why_no_module(attach_module_of(i)),
					  a->points[i].shown.at ? a->points[i].shown.at :
								  frames_now());
	*failed = present ? points_attach(a, present, err) : 0;
	return moved;
}

unsigned int attach_refresh(struct attach *a)
{
	unsigned int changed, failed;
	int err = 0;

	if (!a->held)
		return 0;
	changed = look_at_modules(a, &failed, &err);
	return changed | look_at_switches(a);
}

unsigned int attach_take(struct attach *a)
{
	if (a->held)
		return 0;
	a->held = true;
	return attach_refresh(a);
}

unsigned int attach_release(struct attach *a)
{
	unsigned int all = (1u << ATTACH_POINTS) - 1;

	if (!a->held)
		return 0;
	points_release(a, all, "it is let go while there is no VM");
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		a->points[i].module = 0;
	a->held = false;
	return all;
}

/* ---------------------------------------------------------------- start and end */

static int on_sample(void *ctx, void *data, size_t size)
{
	struct attach *a = ctx;
	uint32_t type = *(const uint32_t *)data;

	if (type == CC_ARGS && size >= sizeof(struct cc_args))
		a->sink->args(data, a->sink->ctx);
	else if (type == CC_KERNEL && size >= sizeof(struct cc_line))
		a->sink->line(data, a->sink->ctx);
	else if (type == CC_VM_ENDED && size >= sizeof(struct cc_end))
		a->sink->end(data, a->sink->ctx);
	else if (size >= sizeof(struct cc_record))
		a->sink->record(data, a->sink->ctx);
	a->taken++;
	return !HAVE_CONSUME_N && a->taken >= a->max ? -ECANCELED : 0;
}

static int load_maps(struct attach *a)
{
	int err = objects_load_maps(&a->opt, &a->maps);

	a->losses.maps = a->maps;
	if (err)
		return err;
	a->ring = ring_buffer__new(bpf_map__fd(a->maps->maps.ring), on_sample, a, NULL);
	return a->ring ? 0 : -errno;
}

/* The first look, where a failure is one of the whole. false: error says why. */
static bool start_watching(struct attach *a, char *error)
{
	unsigned int failed;
	int err = 0;

	a->held = true;
	look_at_modules(a, &failed, &err);
	look_at_switches(a);
	if (failed) {
		why_not_attached(error, a->opt.method, err);
		return false;
	}
	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		if (a->points[i].how == a->points[i].shown.how)
			continue;
		snprintf(error, ATTACH_ERROR_LEN, "nothing can be watched: %s",
			 a->points[i].shown.why);
		return false;
	}
	return true;
}

static struct attach *new_attach(const struct attach_options *opt)
{
	struct attach *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->opt = *opt;
	a->sessions = objects_have_sessions();
	points_mark_absent(a, (1u << ATTACH_POINTS) - 1, "it is let go while there is no VM");
	return a;
}

struct attach *attach_start(const struct attach_options *opt, bool later,
			    char error[ATTACH_ERROR_LEN])
{
	const char *why = why_refused(opt);
	struct attach *a;
	int err;

	if (why) {
		snprintf(error, ATTACH_ERROR_LEN, "%s", why);
		return NULL;
	}
	objects_hear(opt->verbose);
	a = new_attach(opt);
	err = a ? load_maps(a) : -ENOMEM;
	if (err)
		objects_describe(error, "set up the maps", err);
	else if (later || start_watching(a, error))
		return a;
	objects_show_messages();
	attach_free(a);
	return NULL;
}

unsigned int attach_rehearse(enum attach_how how, int *err)
{
	const struct attach_options opt = { .method = METHOD_AUTO };
	struct attach *a = new_attach(&opt);
	unsigned int mask = 0;

	*err = a ? load_maps(a) : -ENOMEM;
	if (!*err)
		mask = points_rehearse(a, how, err);
	attach_free(a);
	return mask;
}

void attach_stop(struct attach *a)
{
	points_detach(a, (1u << ATTACH_POINTS) - 1, "the trace has ended");
	a->held = false;
}

void attach_free(struct attach *a)
{
	if (!a)
		return;
	if (a->maps)
		points_release(a, (1u << ATTACH_POINTS) - 1, "");
	ring_buffer__free(a->ring);
	compatcaps_bpf__destroy(a->maps);
	losses_free(&a->losses);
	free(a);
}

const struct attach_point *attach_point(const struct attach *a, enum point i)
{
	return &a->points[i].shown;
}

/* ---------------------------------------------------------------- what was recorded */

int attach_fd(const struct attach *a)
{
	return ring_buffer__epoll_fd(a->ring);
}

int attach_consume(struct attach *a, const struct attach_sink *sink, unsigned int max)
{
	int n;

	a->sink = sink;
	a->taken = 0;
	a->max = max;
#if HAVE_CONSUME_N
	n = ring_buffer__consume_n(a->ring, max);
#else
	n = ring_buffer__consume(a->ring);
#endif
	return n < 0 && n != -ECANCELED ? n : (int)a->taken;
}

/* ---------------------------------------------------------------- what was not */

/*
 * Calls whose end was not seen are reported by their kind: now and then those of threads that are
 * gone, at the end all. Only where a probe was missed can there be any.
 */
static void tell_ended(struct attach *a, uint64_t missed, attach_loss_fn *fn, void *ctx)
{
	if (missed > losses_orphans(&a->losses) && (!a->held || !(a->looks++ % LOOKS_APART)))
		a->losses.ended += in_flight_drop_ended(a->maps, !a->held, fn, ctx);
}

void attach_losses(struct attach *a, attach_loss_fn *fn, void *ctx)
{
	uint64_t counted[LOSSES_COUNTERS];

	points_recursions(a, counted);
	counted[COUNT_MISSED] = points_missed(a);
	tell_ended(a, counted[COUNT_MISSED] + counted[COUNT_RECURSION], fn, ctx);
	losses_take_out_orphans(&a->losses, counted);
	for (int c = 0; c < LOSSES_COUNTERS; c++)
		losses_tell_counter(&a->losses, c, counted[c], fn, ctx);
	losses_tell(&a->losses, fn, ctx);
}

bool attach_has_lost(const struct attach *a)
{
	return losses_are_new(&a->losses);
}

uint64_t attach_runs_repeated(const struct attach *a)
{
	return *(volatile uint64_t *)&a->maps->bss->runs_repeated;
}

struct attach_vms attach_vms(const struct attach *a)
{
	return (struct attach_vms){ bpf_map__fd(a->maps->maps.vms),
				    bpf_map__fd(a->maps->maps.vm_numbers), a->maps->bss->vm_epoch };
}

bool attach_decide(const struct attach *a, uint64_t kvm, uint64_t number, bool passes)
{
	struct decide_vm d = { .kvm = kvm, .number = number, .passes = passes };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &d, .ctx_size_in = sizeof(d));

	return !bpf_prog_test_run_opts(bpf_program__fd(a->maps->progs.decide_vm), &run) && d.passes;
}

void attach_forget_vm(struct attach *a, uint64_t vm)
{
	losses_end_vm(&a->losses, vm);
}

/* ---------------------------------------------------------------- what else is asked for */

enum fact attach_nested_caps(struct attach *a, uint64_t *caps)
{
	return objects_nested_caps(a->maps->progs.read_nested_caps, caps);
}

void attach_programs(struct attach *a, attach_program_fn *fn, void *ctx)
{
	objects_programs(a->maps, fn, ctx);
	for (const struct object *o = a->objects; o; o = o->next)
		objects_programs(o->o, fn, ctx);
}

size_t attach_in_flight(struct attach *a, struct cc_record *r, size_t max)
{
	return in_flight_list(a->maps, r, max);
}
