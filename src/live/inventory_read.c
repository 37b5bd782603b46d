// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads the iterator that lists the VMs of the host (bpf/inventory.bpf.c). Each line of it is a
 * struct of inventory_record.h. Names of guests are then looked up in /proc, where a process may
 * be gone.
 */
#include "live/inventory_read.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "live/host.h"
#include "inventory.skel.h"
#include "live/objects.h"
#include "live/process.h"

#define READ_RECORDS 256 /* at once */
/* Who has millions of descriptors does not keep a tracer from starting. */
#define READ_NS (UINT64_C(10) * 1000000000)

/* ------------------------------------------------------------------ the iterator */

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Records come whole, but a read(2) may end within one. */
static int read_records(struct inventory *inv, int fd)
{
	struct inventory_record buf[READ_RECORDS];
	uint64_t end = now() + READ_NS;
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, (char *)buf + have, sizeof(buf) - have))) {
		size_t whole;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
		whole = have / sizeof(buf[0]);
		for (size_t i = 0; i < whole; i++)
			if (!inventory_add(inv, &buf[i]))
				return -ENOMEM;
		have %= sizeof(buf[0]);
		memmove(buf, &buf[whole], have);
		if (now() >= end) {
			inv->truncated = true;
			break;
		}
	}
	return 0;
}

static int iterate(struct inventory *inv, struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd, err;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	err = fd < 0 ? -errno : read_records(inv, fd);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

static void take_facts(struct inventory *inv, const struct inventory_bpf *o)
{
	struct host_facts *host = &inv->host;

	host_read(host);
	host_forget();
	host->nested_caps_is = objects_nested_caps(o->progs.read_nested_caps, &host->nested_caps);
	host->nested = host_nested_api(host);
}

static int share(const struct inventory_bpf *o, const struct attach_vms *shared)
{
	int err = bpf_map__reuse_fd(o->maps.vms, shared->vms);

	return err ? err : bpf_map__reuse_fd(o->maps.vm_numbers, shared->numbers);
}

int inventory_read_kernel(struct inventory *inv, const struct attach_vms *shared)
{
	struct inventory_bpf *o = inventory_bpf__open();
	int err = o ? 0 : -errno;

	if (!err && shared)
		err = share(o, shared);
	if (!err) {
		o->rodata->pid_ns = host_pid_namespace();
		o->rodata->vm_epoch = shared ? shared->epoch : 0;
		inv->namespaced = o->rodata->pid_ns;
		err = inventory_bpf__load(o);
	}
	if (!err)
		err = iterate(inv, o->progs.list_files);
	if (!err)
		take_facts(inv, o);
	inventory_bpf__destroy(o);
	return err;
}

/* ------------------------------------------------------------------ names */

static char *copy_or_null(const char *text)
{
	return *text ? strdup(text) : NULL;
}

/*
 * The process may end at any time, and its number be another's: it is asked for its start after
 * its name was read, for a number does not come back to who had it.
 */
static void read_names(struct inventory_vm *vm)
{
	const struct inventory_process *p = inventory_owner(vm);
	char option[GUEST_OPTION_LEN] = "", guest[GUEST_NAME_LEN];
	enum incoming incoming = INCOMING_UNKNOWN;

	vm->ended = vm->processes->part == PART_ENDING;
	if (!p)
		return;
	vm->cgroup = copy_or_null(cgroup_path(p->cgroup));
	process_options(p->pid, option, NULL, &incoming);
	guest_name(guest, sizeof(guest), option);
	vm->ended = !process_is(p->pid, p->start_ns);
	if (vm->ended)
		return;
	vm->incoming = incoming;
	vm->name_option = copy_or_null(option);
	vm->guest = copy_or_null(guest);
}

/* ------------------------------------------------------------------ what no file shows */

static int ino_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

#define INODES_MAX (2 * INVENTORY_VMS) /* then the list has holes */

/* Inodes, sorted. */
struct inodes {
	uint64_t *list;
	size_t n;
	bool incomplete;
};

static void add_inode(const char *name, uint64_t ino, void *ctx)
{
	struct inodes *inodes = ctx;
	uint64_t *more = inodes->n < INODES_MAX ?
				 realloc(inodes->list, (inodes->n + 1) * sizeof(*more)) :
				 NULL;

	(void)name;
	inodes->incomplete |= !more;
	if (!more)
		return;
	inodes->list = more;
	more[inodes->n++] = ino;
}

static struct inodes sorted(struct inodes inodes)
{
	if (inodes.n)
		qsort(inodes.list, inodes.n, sizeof(*inodes.list), ino_cmp);
	return inodes;
}

/* Of all VMs: one that ends takes its inode along. */
static struct inodes inodes_of_host(void)
{
	struct inodes inodes = { 0 };

	if (!host_vms(add_inode, &inodes))
		inodes.incomplete = true;
	return sorted(inodes);
}

static struct inodes inodes_of_inventory(const struct inventory *inv)
{
	struct inodes inodes = { 0 };

	for (size_t i = 0; i < inv->n; i++)
		add_inode(NULL, inv->vms[i].ino, &inodes);
	return sorted(inodes);
}

static bool has(const struct inodes *inodes, uint64_t ino)
{
	return inodes->n && bsearch(&ino, inodes->list, inodes->n, sizeof(ino), ino_cmp);
}

/* VMs that were there before the files were looked at, and are still. */
static void count_unlisted(struct inventory *inv, const struct inodes *before)
{
	struct inodes after = inodes_of_host(), listed = inodes_of_inventory(inv);

	inv->has_unlisted = !before->incomplete && !after.incomplete && !listed.incomplete;
	for (size_t i = 0; inv->has_unlisted && i < after.n; i++)
		inv->unlisted += has(before, after.list[i]) && !has(&listed, after.list[i]);
	free(after.list);
	free(listed.list);
}

static bool read_all(struct inventory *inv, const struct attach_vms *shared, char *error)
{
	struct inodes before = inodes_of_host();
	int err = inventory_read_kernel(inv, shared);
	if (!err && !inventory_put_together(inv))
		err = -ENOMEM;
	if (err) {
		objects_describe(error, "look at the open files of KVM", err);
		inventory_free(inv);
	}
	for (size_t i = 0; i < inv->n; i++)
		read_names(&inv->vms[i]);
	if (!err)
		count_unlisted(inv, &before);
	free(before.list);
	return !err;
}

bool inventory_read(struct inventory *inv, const struct attach_vms *shared,
		    char error[INVENTORY_ERROR_LEN])
{
	bool ok;

	*inv = (struct inventory){ 0 };
	objects_hear(false);
	ok = read_all(inv, shared, error);
	if (!ok)
		objects_show_messages();
	objects_forget_messages();
	return ok;
}
