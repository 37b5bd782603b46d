// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Puts together the VMs of a host from what the kernel reported about open files. One VM can be
 * open in many processes, and one process can hold many of its vCPUs, so pieces are joined by the
 * VM's number. Then it says of each VM which mode it has, and which hosts offer that mode.
 */
#include "diagnosis/inventory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* ------------------------------------------------------------------ put together */

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

typedef int compare_fn(const void *item, const struct inventory_record *r);

/* Where in a sorted list of n the item of this record is, or would be. */
static size_t place_of(const void *list, size_t n, size_t size, compare_fn *compare,
		       const struct inventory_record *r, bool *there)
{
	size_t low = 0, high = n;

	*there = false;
	while (low < high && !*there) {
		size_t mid = low + (high - low) / 2;
		int by = compare((const char *)list + mid * size, r);

		*there = !by;
		if (by < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return *there ? high : low;
}

/* The list of n with a gap at this place. NULL: there is no memory, and it is as it was. */
static void *open_gap(void *list, size_t n, size_t size, size_t at, size_t *room)
{
	size_t more = n < *room ? *room : 2 * n + 1;
	char *grown = n < *room ? list : reallocarray(list, more, size);

	if (!grown)
		return NULL;
	*room = more;
	memmove(grown + (at + 1) * size, grown + at * size, (n - at) * size);
	return grown;
}

/* The same memory can have been two VMs, one after another, while files were looked at. */
static int compare_vm(const void *item, const struct inventory_record *r)
{
	const struct inventory_vm *vm = *(struct inventory_vm *const *)item;
	int by = order(vm->ino, r->ino);

	return by ? by : order(vm->kvm, r->kvm);
}

static int compare_vcpu(const void *item, const struct inventory_record *r)
{
	return order(((const struct inventory_vcpu *)item)->id, r->vcpu);
}

static enum inventory_part part_of(const struct inventory_record *r)
{
	return r->part <= PART_ENDING ? (enum inventory_part)r->part : PART_HOLDER;
}

static int compare_process(const void *item, const struct inventory_record *r)
{
	static const int ranks[] = { [PART_OWNER] = 0, [PART_ENDING] = 1, [PART_HOLDER] = 2 };
	const struct inventory_process *p = item;
	int by = ranks[p->part] - ranks[part_of(r)];

	return by ? by : order(p->pid, r->pid);
}

static struct inventory_vm *new_vm(const struct inventory_record *r)
{
	struct inventory_vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	vm->kvm = r->kvm;
	vm->number = r->number;
	vm->ino = r->ino;
	vm->backend = r->backend;
	text_escape(vm->name, sizeof(vm->name), r->name, sizeof(r->name));
	return vm;
}

/* NULL: there is no room for it, which is noted, or no memory. */
static struct inventory_vm *vm_of(struct inventory *inv, const struct inventory_record *r,
				  bool *no_memory)
{
	bool there;
	size_t at = place_of(inv->by_inode, inv->n_by_inode, sizeof(*inv->by_inode), compare_vm, r,
			     &there);
	struct inventory_vm **vms, *vm;

	if (there)
		return inv->by_inode[at];
	if (inv->n_by_inode == INVENTORY_VMS) {
		inv->truncated = true;
		return NULL;
	}
	vm = new_vm(r);
	vms = vm ? open_gap(inv->by_inode, inv->n_by_inode, sizeof(*vms), at, &inv->room) : NULL;
	if (!vms) {
		free(vm);
		*no_memory = true;
		return NULL;
	}
	vms[at] = vm;
	inv->by_inode = vms;
	inv->n_by_inode++;
	return vm;
}

/* So many each VM may have where all together have too many. share 0: as many as at first. */
static size_t half_of(size_t share, size_t first)
{
	return (share ? share : first) / 2;
}

/* Gives memory back. */
static void cut(void **list, size_t n, size_t size, size_t *room)
{
	void *less = reallocarray(*list, n, size);

	if (!less)
		return;
	*list = less;
	*room = n;
}

static void share_vcpus(struct inventory *inv)
{
	inv->vcpus_of_a_vm = half_of(inv->vcpus_of_a_vm, INVENTORY_VCPUS_OF_A_VM);
	inv->n_vcpus = 0;
	for (size_t i = 0; i < inv->n_by_inode; i++) {
		struct inventory_vm *vm = inv->by_inode[i];
		void *list = vm->vcpus;

		if (vm->n_open_vcpus > inv->vcpus_of_a_vm) {
			vm->vcpus_left_out = true;
			vm->n_open_vcpus = inv->vcpus_of_a_vm;
			cut(&list, vm->n_open_vcpus, sizeof(*vm->vcpus), &vm->vcpus_room);
			vm->vcpus = list;
		}
		inv->n_vcpus += vm->n_open_vcpus;
	}
}

/* The first ones are kept. */
static bool add_vcpu(struct inventory *inv, struct inventory_vm *vm,
		     const struct inventory_record *r)
{
	size_t n = vm->n_open_vcpus, at;
	struct inventory_vcpu *vcpus;
	bool there;

	at = place_of(vm->vcpus, n, sizeof(*vcpus), compare_vcpu, r, &there);
	if (there) {
		vm->vcpus[at] = (struct inventory_vcpu){ r->vcpu, r->has_mode, r->pvr };
		return true;
	}
	if (n == (inv->vcpus_of_a_vm ? inv->vcpus_of_a_vm : INVENTORY_VCPUS_OF_A_VM)) {
		vm->vcpus_left_out = true;
		if (at == n)
			return true;
		n--;
	}
	vcpus = open_gap(vm->vcpus, n, sizeof(*vcpus), at, &vm->vcpus_room);
	if (!vcpus)
		return false;
	vcpus[at] = (struct inventory_vcpu){ r->vcpu, r->has_mode, r->pvr };
	inv->n_vcpus += n + 1 - vm->n_open_vcpus;
	vm->vcpus = vcpus;
	vm->n_open_vcpus = n + 1;
	while (inv->n_vcpus > INVENTORY_VCPUS)
		share_vcpus(inv);
	return true;
}

static void share_processes(struct inventory *inv)
{
	inv->processes_of_a_vm = half_of(inv->processes_of_a_vm, INVENTORY_PROCESSES);
	inv->n_processes = 0;
	for (size_t i = 0; i < inv->n_by_inode; i++) {
		struct inventory_vm *vm = inv->by_inode[i];
		void *list = vm->processes;

		if (vm->n_processes > inv->processes_of_a_vm) {
			vm->processes_left_out += vm->n_processes - inv->processes_of_a_vm;
			vm->n_processes = inv->processes_of_a_vm;
			cut(&list, vm->n_processes, sizeof(*vm->processes), &vm->processes_room);
			vm->processes = list;
		}
		inv->n_processes += vm->n_processes;
	}
}

static void fill_process(struct inventory_process *p, const struct inventory_record *r)
{
	*p = (struct inventory_process){
		.pid = r->pid, .start_ns = r->start_ns, .cgroup = r->cgroup, .part = part_of(r)
	};
	text_escape(p->comm, sizeof(p->comm), r->comm, sizeof(r->comm));
}

/* The descriptors of a process come one after the other. */
static void leave_out(struct inventory_vm *vm, uint32_t pid)
{
	vm->processes_left_out += vm->left_out != pid;
	vm->left_out = pid;
}

/* The owner is kept, and the first ones. */
static bool add_process(struct inventory *inv, struct inventory_vm *vm,
			const struct inventory_record *r)
{
	size_t n = vm->n_processes, at;
	struct inventory_process *list;
	bool there;

	at = place_of(vm->processes, n, sizeof(*list), compare_process, r, &there);
	if (there)
		return true;
	if (inv->processes_of_a_vm && n == inv->processes_of_a_vm) {
		leave_out(vm, at == n ? r->pid : vm->processes[n - 1].pid);
		if (at == n)
			return true;
		n--;
	}
	list = open_gap(vm->processes, n, sizeof(*list), at, &vm->processes_room);
	if (!list)
		return false;
	fill_process(&list[at], r);
	inv->n_processes += n + 1 - vm->n_processes;
	vm->processes = list;
	vm->n_processes = n + 1;
	while (inv->n_processes > INVENTORY_PROCESSES)
		share_processes(inv);
	return true;
}

bool inventory_add(struct inventory *inv, const struct inventory_record *r)
{
	bool no_memory = false;
	struct inventory_vm *vm = vm_of(inv, r, &no_memory);

	if (!vm)
		return !no_memory;
	if (vm->n_vcpus < r->vcpus)
		vm->n_vcpus = r->vcpus;
	if (!add_process(inv, vm, r) || (r->kind == INVENTORY_VCPU && !add_vcpu(inv, vm, r)))
		return false;
	if (vm->n_vcpus < vm->n_open_vcpus)
		vm->n_vcpus = (uint32_t)vm->n_open_vcpus;
	return true;
}

static int compare_told(const void *a, const void *b)
{
	const struct inventory_vm *x = a, *y = b;
	int by = order(x->processes->pid, y->processes->pid);

	if (!by)
		by = order(x->ino, y->ino);
	return by ? by : order(x->number, y->number);
}

bool inventory_put_together(struct inventory *inv)
{
	size_t n = inv->n_by_inode;

	if (!n)
		return true;
	inv->vms = calloc(n, sizeof(*inv->vms));
	if (!inv->vms)
		return false;
	for (size_t i = 0; i < n; i++) {
		inv->vms[inv->n++] = *inv->by_inode[i];
		free(inv->by_inode[i]);
	}
	free(inv->by_inode);
	inv->by_inode = NULL;
	inv->n_by_inode = inv->room = 0;
	qsort(inv->vms, n, sizeof(*inv->vms), compare_told);
	return true;
}

const struct inventory_process *inventory_owner(const struct inventory_vm *vm)
{
	return vm->processes->part == PART_OWNER ? vm->processes : NULL;
}

static void free_vm(struct inventory_vm *vm)
{
	free(vm->vcpus);
	free(vm->processes);
	free(vm->name_option);
	free(vm->guest);
	free(vm->cgroup);
}

void inventory_free(struct inventory *inv)
{
	for (size_t i = 0; i < inv->n; i++)
		free_vm(&inv->vms[i]);
	for (size_t i = 0; i < inv->n_by_inode; i++) {
		free_vm(inv->by_inode[i]);
		free(inv->by_inode[i]);
	}
	free(inv->vms);
	free(inv->by_inode);
	*inv = (struct inventory){ 0 };
}

/* ------------------------------------------------------------------ judged */

const char *inventory_mode_name(enum inventory_mode mode)
{
	static const char *const names[MODES] = {
		[MODE_UNKNOWN] = "not-known", [MODE_NO_VCPU] = "no-vcpu",
		[MODE_NONE] = "none",	      [MODE_HOST_DEFAULT] = "host-default",
		[MODE_SET] = "set",	      [MODE_REFUSED] = "refused",
		[MODE_DIFFERS] = "differs",
	};

	return (unsigned int)mode < MODES ? names[mode] : NULL;
}

const char *inventory_backend_name(enum inventory_backend backend)
{
	static const char *const names[BACKENDS] = { [BACKEND_HV] = "hv", [BACKEND_PR] = "pr" };

	return (unsigned int)backend < BACKENDS ? names[backend] : NULL;
}

/* The generations whose hosts offer this mode. */
static uint64_t offered_by(uint32_t pvr)
{
	const struct abi_mode *mode = abi_mode_by_pvr(pvr), *host;
	uint64_t hosts = 0;

	for (size_t i = 0; mode && (host = abi_mode(i)); i++)
		if (abi_caps_of_pvr(host->pvr) & mode->bit)
			hosts |= host->bit;
	return hosts;
}

char *inventory_runs_on(char *buf, size_t len, uint64_t runs_on)
{
	const struct abi_mode *mode, *oldest = NULL;
	bool newest = false;

	buf[0] = '\0';
	for (size_t i = 0; (mode = abi_mode(i)); i++) {
		newest = runs_on & mode->bit;
		if (newest && !oldest)
			oldest = mode;
	}
	if (oldest && newest && runs_on == offered_by(oldest->pvr))
		snprintf(buf, len, "%s or newer", oldest->name);
	else if (oldest)
		modes_text(buf, len, runs_on);
	return buf;
}

static enum inventory_mode mode_of(const struct inventory_vcpu *vcpu)
{
	if (!vcpu->has_mode)
		return MODE_UNKNOWN;
	if (vcpu->pvr == ABI_PVR_INVALID)
		return MODE_REFUSED;
	/* Without a mode KVM HV reads back what the hypervisor has (nested API v2). */
	if (!vcpu->pvr || abi_pvr_is_raw(vcpu->pvr))
		return MODE_HOST_DEFAULT;
	return MODE_SET;
}

/* Those of all vCPUs that could be seen. */
static enum inventory_mode summary_mode_of_all(const struct inventory_vm *vm)
{
	if (vm->backend == BACKEND_PR)
		return MODE_NONE;
	if (!vm->n_vcpus)
		return MODE_NO_VCPU;
	if (!vm->n_open_vcpus)
		return MODE_UNKNOWN;
	for (size_t i = 1; i < vm->n_open_vcpus; i++)
		if (mode_of(&vm->vcpus[i]) != mode_of(&vm->vcpus[0]) ||
		    (mode_of(&vm->vcpus[0]) == MODE_SET && vm->vcpus[i].pvr != vm->vcpus[0].pvr))
			return MODE_DIFFERS;
	return mode_of(&vm->vcpus[0]);
}

/*
 * guess: as far as the cpu-version tells, which on nested API v2 need not be so; lacks: the host's
 * own mode is not on offer, so that which mode a vCPU without one has is not known.
 */
static enum agreement agreement_of(const struct inventory_vcpu *vcpu, const struct offer *offer,
				   bool guess, bool lacks)
{
	const struct abi_mode *mode = abi_mode_by_pvr(vcpu->pvr);

	switch (mode_of(vcpu)) {
	case MODE_HOST_DEFAULT:
		return lacks ? AGREES_UNKNOWN : AGREES_YES;
	case MODE_REFUSED:
		return AGREES_NO;
	case MODE_SET:
		/* A mode that no bit stands for may still be on offer. */
		if (offer->source == MODES_UNKNOWN || guess || !mode)
			return AGREES_UNKNOWN;
		return offer->modes & mode->bit ? AGREES_YES : AGREES_NO;
	default:
		return AGREES_UNKNOWN;
	}
}

/* Of all: one that does not agree is enough, and one that is not seen too. */
static enum agreement agreement_of_all(const struct inventory_vm *vm, const struct offer *offer,
				       bool guess, bool lacks)
{
	bool unseen = vm->n_open_vcpus < vm->n_vcpus || !vm->n_vcpus;
	enum agreement all = unseen ? AGREES_UNKNOWN : AGREES_YES;

	if (vm->backend == BACKEND_PR)
		return AGREES_UNKNOWN;
	for (size_t i = 0; i < vm->n_open_vcpus; i++) {
		enum agreement one = agreement_of(&vm->vcpus[i], offer, guess, lacks);

		if (one == AGREES_NO)
			return AGREES_NO;
		if (one == AGREES_UNKNOWN)
			all = AGREES_UNKNOWN;
	}
	return all;
}

/* Where all of its vCPUs have a mode, and all have been seen. */
static uint64_t runs_on(const struct inventory_vm *vm)
{
	uint64_t hosts = ~UINT64_C(0);

	if (!vm->n_vcpus || vm->n_open_vcpus < vm->n_vcpus || vm->backend == BACKEND_PR)
		return 0;
	for (size_t i = 0; i < vm->n_open_vcpus; i++)
		hosts &= mode_of(&vm->vcpus[i]) == MODE_SET ? offered_by(vm->vcpus[i].pvr) : 0;
	return hosts;
}

/* ------------------------------------------------------------------ in a sentence */

static void say_it(struct inventory_verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say_it(struct inventory_verdict *v, const char *fmt, ...)
{
	size_t n = strlen(v->hint);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->hint + n, sizeof(v->hint) - n, fmt, ap);
	va_end(ap);
}

static void say_mode(struct inventory_verdict *v, const struct offer *offer, bool guess)
{
	char modes[96], hosts[64];

	if (v->known)
		say_it(v, "it has mode %s", v->known->name);
	else
		say_it(v, "it has mode 0x%08" PRIx32 ", which is none that is known here", v->pvr);
	if (v->agrees == AGREES_YES)
		say_it(v, ", which this host offers");
	else if (v->agrees == AGREES_NO)
		say_it(v,
		       ", which this host does not offer (it offers %s), so that it may fail when it runs",
		       modes_text(modes, sizeof(modes), offer->modes));
	else if (offer->source == MODES_UNKNOWN)
		say_it(v, "; what this host offers is not known");
	else if (guess)
		say_it(v, "; this host offers %s by its cpu-version",
		       modes_text(modes, sizeof(modes), offer->modes));
	if (v->runs_on)
		say_it(v, "; a %s host has that mode",
		       inventory_runs_on(hosts, sizeof(hosts), v->runs_on));
}

/* Three things look the same in the kernel. */
static void say_no_mode(struct inventory_verdict *v, const struct inventory_vm *vm)
{
	uint32_t pvr = vm->vcpus[0].pvr;
	const struct abi_processor *processor = abi_processor(pvr);

	if (pvr)
		say_it(v, "no mode is set (it has the processor's own PVR, 0x%08" PRIx32 "%s%s)",
		       pvr, processor ? ", a " : "", processor ? processor->name : "");
	else
		say_it(v, "no mode is set");
	say_it(v,
	       ": none was requested, the host's default was, or KVM refused the request; on which other hosts it could run is not known");
}

static void say_verdict(const struct inventory_vm *vm, struct inventory_verdict *v,
			const struct offer *offer, bool guess)
{
	switch (v->is) {
	case MODE_UNKNOWN:
		say_it(v, "the mode of its vCPUs could not be read");
		break;
	case MODE_NO_VCPU:
		say_it(v, "it has no vCPU yet");
		break;
	case MODE_NONE:
		say_it(v, "KVM PR has no compatibility modes");
		break;
	case MODE_HOST_DEFAULT:
		say_no_mode(v, vm);
		break;
	case MODE_REFUSED:
		say_it(v,
		       "KVM refused the mode that was asked for, and runs %s any more (KVM_RUN gives EINVAL)",
		       vm->n_open_vcpus < vm->n_vcpus ? "no such vCPU" : "no vCPU of it");
		break;
	case MODE_DIFFERS:
		say_it(v, "its vCPUs have different modes");
		break;
	default:
		say_mode(v, offer, guess);
		break;
	}
}

static void say_unseen(const struct inventory_vm *vm, struct inventory_verdict *v)
{
	size_t unseen = vm->n_vcpus - vm->n_open_vcpus;

	if (unseen && vm->vcpus_left_out)
		say_it(v, "; the mode of %zu of its %" PRIu32 " vCPUs is left out here", unseen,
		       vm->n_vcpus);
	else if (unseen && vm->backend != BACKEND_PR)
		say_it(v,
		       "; of %zu of its %" PRIu32
		       " vCPUs no process has a descriptor open, so that their mode is not known",
		       unseen, vm->n_vcpus);
	if (vm->processes->part == PART_ENDING)
		say_it(v, "; a process that has it is ending");
	else if (!inventory_owner(vm))
		say_it(v,
		       "; the process that made it has let go of it, and KVM takes its ioctls from no other");
}

void inventory_judge(const struct inventory_vm *vm, const struct host_facts *host,
		     struct inventory_verdict *v)
{
	const struct offer offer = host_offer(host);

	inventory_judge_by(vm, host, &offer, v);
}

void inventory_judge_by(const struct inventory_vm *vm, const struct host_facts *host,
			const struct offer *offer, struct inventory_verdict *v)
{
	bool guess = offer_is_guess(host, offer);

	*v = (struct inventory_verdict){
		.is = summary_mode_of_all(vm),
		.agrees = agreement_of_all(vm, offer, guess, host_lacks(host)),
		.runs_on = runs_on(vm),
	};
	if (v->is == MODE_SET) {
		v->pvr = vm->vcpus[0].pvr;
		v->known = abi_pvr(v->pvr);
	}
	say_verdict(vm, v, offer, guess);
	say_unseen(vm, v);
}
