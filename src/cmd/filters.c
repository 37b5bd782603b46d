// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which processes and VMs a trace records. Names that a user gives become numbers that the kernel
 * side can compare, such as inodes and cgroup ids. What the kernel side cannot decide about VMs
 * that existed before is decided here, once for each.
 */
#include "cmd/filters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live/frames.h"
#include "live/host.h"
#include "live/inventory_read.h"
#include "live/process.h"
#include "lib/say.h"
#include "lib/text.h"

/* A pidfd tells when a process has ended; it is one only for a process, not for a thread. */
static bool resolve_pid(uint32_t pid, int *pidfd)
{
	uint32_t of;

	if (!pid)
		return true;
	of = process_of_thread(pid);
	if (!of) {
		say("there is no process %u (to trace a command from its start: -- COMMAND)", pid);
		return false;
	}
	if (of != pid) {
		say("%u is a thread of process %u: use -p %u, or --tid %u for only this thread",
		    pid, of, of, pid);
		return false;
	}
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return true;
}

/* A VM is of a process: those of that thread's. */
static bool resolve_tid(struct attach_options *a)
{
	uint32_t of = a->tid ? process_of_thread(a->tid) : 0;

	if (a->tid && !of) {
		say("there is no thread %u", a->tid);
		return false;
	}
	if (!a->pid)
		a->pid = of;
	return true;
}

static bool resolve_vm(const char *name, struct attach_options *a)
{
	if (!name[0])
		return true;
	a->vm_ino = host_vm_inode(name);
	if (a->vm_ino)
		return true;
	say("there is no VM %s below /sys/kernel/debug/kvm, which lists the VMs that run", name);
	return false;
}

static bool resolve_cgroup(const char *path, struct attach_options *a)
{
	if (!path)
		return true;
	a->cgroup = cgroup_id(path, &a->cgroup_level);
	if (a->cgroup)
		return true;
	say("there is no cgroup %s: %s (cgroups v2, below /sys/fs/cgroup)", path, strerror(errno));
	return false;
}

bool filters_resolve(const struct options *o, struct attach_options *a, int *pidfd)
{
	return resolve_pid(o->attach.pid, pidfd) && resolve_tid(a) && resolve_vm(o->vm, a) &&
	       resolve_cgroup(o->cgroup, a);
}

bool filters_pass(const struct attach_options *a, uint32_t pid, uint64_t vm_ino)
{
	char comm[CC_COMM_LEN] = "";

	if ((a->pid && a->pid != pid) || (a->vm_ino && a->vm_ino != vm_ino))
		return false;
	if (a->tid && process_of_thread(a->tid) != pid)
		return false;
	if (a->comm[0] && (!process_comm(pid, comm) || strcmp(comm, a->comm)))
		return false;
	if (a->cgroup && !cgroup_is_below(cgroup_path(process_cgroup(pid)), cgroup_path(a->cgroup)))
		return false;
	return !a->descendants_only || process_descends(pid, (uint32_t)getpid());
}

/* The filters as options, escaped. Returns buf. */
static const char *filters_text(const struct options *o, char *buf, size_t len)
{
	const struct attach_options *a = &o->attach;
	char comm[CC_COMM_LEN * 4];
	FILE *f = fmemopen(buf, len, "w");

	buf[0] = '\0';
	if (!f)
		return buf;
	if (a->pid)
		fprintf(f, " --pid %u", a->pid);
	if (a->tid)
		fprintf(f, " --tid %u", a->tid);
	if (a->comm[0])
		fprintf(f, " --comm %s", text_escape(comm, sizeof(comm), a->comm, sizeof(a->comm)));
	if (o->vm[0])
		fprintf(f, " --vm %s", o->vm);
	if (o->cgroup)
		fprintf(f, " --cgroup");
	if (o->command)
		fprintf(f, " -- COMMAND");
	if (o->err)
		fprintf(f, " --errno %u", o->err);
	if (o->errors_only)
		fprintf(f, " --errors-only");
	fclose(f);
	return buf[0] ? buf + 1 : buf;
}

struct frame_filters filters_of_trace(const struct options *o, char *buf, size_t len)
{
	return (struct frame_filters){
		.threads = o->attach.tid,
		/* Not a command: what it makes is its own from birth on, and nothing is hidden. */
		.processes = o->attach.pid || o->attach.comm[0] || o->cgroup || o->attach.tid,
		.text = filters_text(o, buf, len),
	};
}

uint64_t filters_deadline(const struct options *o, uint64_t attached_at, int64_t offset)
{
	uint64_t until = view_until(&o->view, attached_at + (uint64_t)offset);
	uint64_t deadline = o->duration_ns ? frames_now() + o->duration_ns : 0;

	if (!until)
		return deadline;
	/* Before this boot there was no monotonic time. */
	until = until > (uint64_t)offset ? until - (uint64_t)offset : 1;
	return deadline && deadline < until ? deadline : until;
}

/* ------------------------------------------------------------------ a name that nobody has */

#define OTHERS_MAX 8

struct others {
	struct {
		const char *comm;
		unsigned int n;
	} list[OTHERS_MAX];
	size_t n;
	bool more;
};

static void count_other(struct others *others, const char *comm)
{
	for (size_t i = 0; i < others->n; i++)
		if (!strcmp(others->list[i].comm, comm)) {
			others->list[i].n++;
			return;
		}
	others->more |= others->n == OTHERS_MAX;
	if (others->n == OTHERS_MAX)
		return;
	others->list[others->n].comm = comm;
	others->list[others->n++].n = 1;
}

void filters_say_others(const struct options *o, const struct inventory *inv)
{
	char wanted[CC_COMM_LEN * 4], text[OTHERS_MAX * (CC_COMM_LEN * 4 + 16) + 16] = "";
	struct others others = { 0 };
	FILE *f;

	if (!o->attach.comm[0])
		return;
	text_escape(wanted, sizeof(wanted), o->attach.comm, sizeof(o->attach.comm));
	for (size_t i = 0; i < inv->n; i++) {
		if (!strcmp(inv->vms[i].processes->comm, wanted))
			return;
		count_other(&others, inv->vms[i].processes->comm);
	}
	f = others.n ? fmemopen(text, sizeof(text), "w") : NULL;
	if (!f)
		return;
	for (size_t i = 0; i < others.n; i++)
		fprintf(f, "%s%s %u", i ? ", " : "", others.list[i].comm, others.list[i].n);
	fputs(others.more ? ", and others" : "", f);
	fclose(f);
	say_note("no process named %s has a VM now; these have: %s", wanted, text);
}

void filters_say_unmatched(const struct options *o, const struct totals *n, struct attach *a)
{
	const struct attach_vms numbered = attach_vms(a);
	char error[INVENTORY_ERROR_LEN];
	struct inventory inv = { 0 };

	if (!o->attach.comm[0] || n->vms || n->checks || n->negotiations_ok + n->asks_ok ||
	    n->negotiations_failed + n->asks_failed)
		return;
	if (inventory_read(&inv, &numbered, error))
		filters_say_others(o, &inv);
	inventory_free(&inv);
}
