// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "live/in_flight.h"

#include <bpf/bpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel side remembers of a call in flight begins so (struct in_flight there). */
struct begun {
	uint64_t owner;
	uint32_t type, cmd;
	uint64_t arg, vm, vm_ino, mono_ns;
	uint32_t pid, tid;
};

/* value: of the map's. false: nobody has this place. */
static bool read_place(const struct bpf_map *calls, uint32_t i, char *value, struct begun *b)
{
	if (bpf_map_lookup_elem(bpf_map__fd(calls), &i, value))
		return false;
	memcpy(b, value, sizeof(*b));
	return b->owner;
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

static void fill_begun(struct cc_record *r, const struct begun *b)
{
	*r = (struct cc_record){ .type = b->type,
				 .cmd = b->cmd,
				 .arg = b->arg,
				 .vm = b->vm,
				 .vm_ino = b->vm_ino,
				 .mono_ns = b->mono_ns,
				 .pid = b->pid,
				 .tid = b->tid };
	read_comm(r->comm, b->pid);
	read_comm(r->thread, b->tid);
}

size_t in_flight_list(const struct compatcaps_bpf *maps, struct cc_record *r, size_t max)
{
	const struct bpf_map *calls = maps->maps.calls;
	char value[bpf_map__value_size(calls)];
	struct begun b;
	size_t n = 0;

	if (!*(volatile uint32_t *)&maps->bss->in_flight)
		return 0;
	for (uint32_t i = 0; i < bpf_map__max_entries(calls); i++) {
		if (!read_place(calls, i, value, &b))
			continue;
		if (n < max)
			fill_begun(&r[n], &b);
		n++;
	}
	return n;
}

/* Not seen in our pid namespace: nothing is known of it. */
static bool is_gone(const struct begun *b)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", b->tid);
	return b->tid && access(path, F_OK);
}

/* Is the thread in something else than an ioctl? One that runs does not tell. */
static bool is_elsewhere(const struct begun *b)
{
	char path[32];
	long nr;
	FILE *f;
	bool elsewhere;

	snprintf(path, sizeof(path), "/proc/%u/syscall", b->tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	elsewhere = fscanf(f, "%ld", &nr) == 1 && nr != SYS_ioctl;
	fclose(f);
	return elsewhere;
}

static void tell_orphan(const struct begun *b, attach_loss_fn *fn, void *ctx)
{
	struct loss_count by = { .n = 1 };

	by.key.vm = b->vm;
	by.key.vm_ino = b->vm_ino;
	by.key.loss = CC_LOSS_ORPHANED;
	by.key.type = b->type;
	by.key.cmd = b->type == CC_NEGOTIATION ? b->cmd : 0;
	by.key.ret = CC_RET_UNKNOWN;
	fn(CC_LOSS_ORPHANED, 1, &by, 1, ctx);
}

/* Where its thread is gone nobody else takes it; and at the end nobody takes any. */
static void free_place(const struct compatcaps_bpf *maps, uint32_t i, char *value)
{
	memset(value, 0, sizeof(uint64_t)); /* its owner */
	bpf_map_update_elem(bpf_map__fd(maps->maps.calls), &i, value, BPF_EXIST);
	__atomic_fetch_sub(&maps->bss->in_flight, 1, __ATOMIC_SEQ_CST);
}

uint64_t in_flight_drop_ended(const struct compatcaps_bpf *maps, bool all, attach_loss_fn *fn,
			      void *ctx)
{
	const struct bpf_map *calls = maps->maps.calls;
	char value[bpf_map__value_size(calls)];
	struct begun b;
	uint64_t n = 0;

	if (!*(volatile uint32_t *)&maps->bss->in_flight)
		return 0;
	for (uint32_t i = 0; i < bpf_map__max_entries(calls); i++) {
		if (!read_place(calls, i, value, &b) || !(is_gone(&b) || (all && is_elsewhere(&b))))
			continue;
		/* Once more, for it may have ended before its thread did. */
		if (!all) {
			uint64_t at = b.mono_ns;

			if (!read_place(calls, i, value, &b) || b.mono_ns != at)
				continue;
		}
		tell_orphan(&b, fn, ctx);
		free_place(maps, i, value);
		n++;
	}
	return n;
}
