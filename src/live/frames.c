// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A record becomes a frame. Its time gets a date, its cgroup a path, and the first record of a VM
 * the name of the guest, which the command line ahead of it contains. Nothing is judged here.
 */
#include "live/frames.h"

#include <stdlib.h>
#include <time.h>

#include "lib/text.h"
#include "live/process.h"

#define NSEC UINT64_C(1000000000)
#define MSEC INT64_C(1000000)

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

uint64_t frames_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/*
 * The wall clock may be set while we run. Two clocks are not read at the same moment: what
 * differs by less than a set clock does would only make equal times differ.
 */
int64_t frames_clock_offset(void)
{
	static int64_t offset;
	int64_t now_offset = (int64_t)(clock_ns(CLOCK_REALTIME) - frames_now());

	if (llabs(now_offset - offset) > MSEC)
		offset = now_offset;
	return offset;
}

struct frame frame_at(enum frame_type type, uint64_t mono_ns)
{
	return (struct frame){
		.type = type,
		.mono_ns = mono_ns,
		.real_ns = mono_ns + (uint64_t)frames_clock_offset(),
	};
}

const struct vm_names *names_of(const struct names *n, uint64_t vm)
{
	for (size_t i = 0; n->n && vm && i < FRAMES_NAMES; i++)
		if (n->list[i].vm == vm)
			return &n->list[i];
	return NULL;
}

void names_drop(struct names *n, const struct vm_names *told)
{
	if (!told)
		return;
	n->list[told - n->list] = (struct vm_names){ 0 };
	n->n--;
}

static struct vm_names *place_of(struct names *n, uint64_t vm)
{
	const struct vm_names *there = names_of(n, vm);
	struct vm_names *p;

	if (there)
		return &n->list[there - n->list];
	p = &n->list[n->next++ % FRAMES_NAMES];
	n->n += !p->vm;
	return p;
}

void names_note(struct names *n, const struct cc_args *a)
{
	struct vm_names *p = place_of(n, a->vm);
	size_t len = a->len <= sizeof(a->args) ? a->len : sizeof(a->args);
	bool all = len && len < sizeof(a->args);

	p->vm = a->vm;
	guest_option(p->name_option, sizeof(p->name_option), a->args, len);
	p->incoming = guest_incoming(a->args, len, all);
	guest_machine(p->machine, sizeof(p->machine), a->args, len, all);
	/* They may stand further back than what was sent. */
	if (!all)
		process_options(a->pid, p->name_option, p->machine, &p->incoming);
}

static enum vm_event event_of(const struct cc_record *r)
{
	if (r->type == CC_VM_ENDED)
		return VM_ENDED;
	return r->ret ? VM_FAILED : VM_CREATED;
}

struct frame frame_of_vm(const struct cc_record *r, const struct cc_grants *grants,
			 const struct vm_names *known, struct frame_text *text)
{
	struct frame f = frame_at(FRAME_VM, r->mono_ns);

	f.vm.event = event_of(r);
	f.vm.number = r->vm;
	f.vm.ret = r->ret;
	f.vm.pid = r->pid;
	f.vm.tid = r->tid;
	f.vm.ino = r->vm_ino;
	f.vm.vm_name = text_escape(text->vm_name, sizeof(text->vm_name), r->vm_name,
				   sizeof(r->vm_name));
	f.vm.comm = text_escape(text->comm, sizeof(text->comm), r->comm, sizeof(r->comm));
	f.vm.name_option = known ? known->name_option : NULL;
	f.vm.incoming = known && f.vm.event == VM_CREATED ? known->incoming : INCOMING_UNKNOWN;
	f.vm.machine = known && f.vm.event == VM_CREATED ? known->machine : NULL;
	if (grants)
		f.vm.grants = *grants;
	f.vm.cgroup = cgroup_path(r->cgroup);
	return f;
}

struct frame frame_of_call(const struct cc_record *r, const struct vm_names *known)
{
	struct frame f = frame_at(FRAME_CALL, r->mono_ns);

	f.call.rec = r;
	f.call.name_option = known ? known->name_option : NULL;
	f.call.cgroup = cgroup_path(r->cgroup);
	return f;
}

struct frame frame_of_line(const struct cc_line *line, const struct vm_names *known,
			   struct frame_text *text)
{
	const struct cc_record *r = &line->rec;
	struct frame f = frame_at(FRAME_KERNEL, r->mono_ns);
	size_t len = r->arg < sizeof(line->text) ? r->arg : sizeof(line->text);

	f.kernel.rec = r;
	f.kernel.text = text_escape(text->line, sizeof(text->line), line->text, len);
	f.kernel.name_option = known ? known->name_option : NULL;
	f.kernel.cgroup = cgroup_path(r->cgroup);
	return f;
}
