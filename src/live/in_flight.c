// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads the kernel side's table of calls that have begun. A call whose thread is gone has no end,
 * and is dropped by the kernel side on request. When the tracer detaches, what is still under way
 * is reported.
 */
#include "live/in_flight.h"

#include <bpf/bpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/in_flight_record.h"
#include "lib/say.h"
#include "lib/text.h"
#include "live/frames.h"

typedef void call_fn(const struct in_flight *t, void *ctx);

static bool read_call(const struct bpf_map *map, uint32_t key, struct in_flight *t)
{
	return !bpf_map_lookup_elem(bpf_map__fd(map), &key, t) && t->owner;
}

/* Of the map of overflows the keys that it has now. Returns how many. */
static size_t overflow_keys(const struct compatcaps_bpf *maps, uint32_t keys[MAX_OVERFLOWS])
{
	int fd = bpf_map__fd(maps->maps.overflows);
	size_t n = 0;

	while (n < MAX_OVERFLOWS && !bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &keys[n]))
		n++;
	return n;
}

/* A call of fn for each. What comes and goes during this may be left out. */
static void for_each_call(const struct compatcaps_bpf *maps, call_fn *fn, void *ctx)
{
	uint32_t keys[MAX_OVERFLOWS];
	struct in_flight t;
	size_t n;

	if (!*(volatile uint32_t *)&maps->bss->in_flight)
		return;
	for (uint32_t i = 0; i < MAX_IN_FLIGHT; i++)
		if (read_call(maps->maps.calls, i, &t))
			fn(&t, ctx);
	n = overflow_keys(maps, keys);
	for (size_t i = 0; i < n; i++)
		if (read_call(maps->maps.overflows, keys[i], &t))
			fn(&t, ctx);
}

static void read_comm(char comm[CC_COMM_LEN], uint32_t pid)
{
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (!fgets(comm, CC_COMM_LEN, f))
		comm[0] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	fclose(f);
}

struct list {
	struct cc_record *r;
	size_t n, max;
};

static void add_to_list(const struct in_flight *t, void *ctx)
{
	const struct call *c = &t->call;
	struct list *list = ctx;
	struct cc_record *r;

	if (list->n++ >= list->max)
		return;
	r = &list->r[list->n - 1];
	*r = (struct cc_record){ .type = c->type,
				 .cmd = c->cmd,
				 .arg = c->arg,
				 .vm = c->vm,
				 .vm_ino = c->vm_ino,
				 .mono_ns = c->mono_ns,
				 .pid = t->pid,
				 .tid = t->tid };
	read_comm(r->comm, t->pid);
	read_comm(r->thread, t->tid);
}

size_t in_flight_list(const struct compatcaps_bpf *maps, struct cc_record *r, size_t max)
{
	struct list list = { r, 0, max };

	for_each_call(maps, add_to_list, &list);
	return list.n;
}

/* Not seen in our pid namespace: nothing is known of it. */
static bool is_gone(const struct in_flight *t)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", t->tid);
	return t->tid && access(path, F_OK);
}

/* Is the thread in something else than an ioctl? One that runs does not tell. */
static bool is_elsewhere(const struct in_flight *t)
{
	char path[32];
	long nr;
	FILE *f;
	bool elsewhere;

	snprintf(path, sizeof(path), "/proc/%u/syscall", t->tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	elsewhere = fscanf(f, "%ld", &nr) == 1 && nr != SYS_ioctl;
	fclose(f);
	return elsewhere;
}

struct drop {
	const struct compatcaps_bpf *maps;
	bool all;
	attach_loss_fn *fn;
	void *ctx;
	uint64_t n;
};

static void tell_orphan(const struct call *c, const struct drop *d)
{
	struct loss_count by = { .n = 1 };

	by.key.vm = c->vm;
	by.key.vm_ino = c->vm_ino;
	by.key.loss = CC_LOSS_ORPHANED;
	by.key.type = c->type;
	by.key.cmd = c->type == CC_NEGOTIATION ? c->cmd : 0;
	by.key.ret = CC_RET_UNKNOWN;
	d->fn(CC_LOSS_ORPHANED, 1, &by, 1, d->ctx);
}

/* It may have ended before its thread did: then there is nothing left to be dropped. */
static void drop_if_ended(const struct in_flight *t, void *ctx)
{
	struct drop_call call = { .thread = t->owner, .mono_ns = t->call.mono_ns };
	struct drop *d = ctx;
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &call, .ctx_size_in = sizeof(call));

	if (!is_gone(t) && !(d->all && is_elsewhere(t)))
		return;
	if (bpf_prog_test_run_opts(bpf_program__fd(d->maps->progs.drop_call), &run) ||
	    !call.dropped)
		return;
	tell_orphan(&t->call, d);
	d->n++;
}

uint64_t in_flight_drop_ended(const struct compatcaps_bpf *maps, bool all, attach_loss_fn *fn,
			      void *ctx)
{
	struct drop drop = { maps, all, fn, ctx, 0 };

	for_each_call(maps, drop_if_ended, &drop);
	return drop.n;
}

void attach_say_in_flight(struct attach *a)
{
	struct cc_record some[8];
	size_t max = sizeof(some) / sizeof(some[0]);
	size_t n = attach_in_flight(a, some, max);
	char comm[CC_COMM_LEN * 4];
	uint64_t at = frames_now();

	if (n)
		say("%zu call%s had not returned when tracing ended:", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n && i < max; i++)
		say("  %s[%u], thread %u, for %" PRIu64 " ms",
		    text_escape(comm, sizeof(comm), some[i].comm, sizeof(some[i].comm)),
		    some[i].pid, some[i].tid, (at - (uint64_t)some[i].mono_ns) / 1000000);
}
