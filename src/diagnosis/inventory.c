// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diagnosis/inventory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define PVR_INVALID 0xffffffffu /* what KVM makes of a mode that it refuses (884ea0283f4e) */

/* ------------------------------------------------------------------ put together */

bool inventory_add(struct inventory *inv, const struct inventory_record *r)
{
	size_t n = inv->n_records;

	/* At each power of two. */
	if (!(n & (n - 1))) {
		void *more = realloc(inv->records, (n ? 2 * n : 1) * sizeof(*inv->records));

		if (!more)
			return false;
		inv->records = more;
	}
	inv->records[inv->n_records++] = *r;
	return true;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The same memory can have been two VMs, one after another, while files were looked at. */
static int compare_vm(const struct inventory_record *a, const struct inventory_record *b)
{
	int by = order(a->ino, b->ino);

	return by ? by : order(a->kvm, b->kvm);
}

static int compare_vcpus(const void *a, const void *b)
{
	const struct inventory_record *x = a, *y = b;
	int by = compare_vm(x, y);

	if (!by)
		by = order(x->kind, y->kind);
	return by ? by : order(x->vcpu, y->vcpu);
}

static int compare_processes(const void *a, const void *b)
{
	static const int ranks[] = { [PART_OWNER] = 0, [PART_ENDING] = 1, [PART_HOLDER] = 2 };
	const struct inventory_record *x = a, *y = b;
	int by = ranks[x->part] - ranks[y->part];

	return by ? by : order(x->pid, y->pid);
}

static void take_vcpus(struct inventory_vm *vm, const struct inventory_record *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct inventory_vcpu *last = vm->vcpus + vm->n_open_vcpus - 1;

		if (r[i].kind != INVENTORY_VCPU)
			continue;
		if (!vm->n_open_vcpus || last->id != r[i].vcpu)
			last = &vm->vcpus[vm->n_open_vcpus++];
		*last = (struct inventory_vcpu){ r[i].vcpu, r[i].has_mode, r[i].pvr };
	}
	if (vm->n_vcpus < vm->n_open_vcpus)
		vm->n_vcpus = (uint32_t)vm->n_open_vcpus;
}

static void take_processes(struct inventory_vm *vm, const struct inventory_record *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct inventory_process *p;

		if (i && r[i].pid == r[i - 1].pid && r[i].part == r[i - 1].part)
			continue;
		p = &vm->processes[vm->n_processes++];
		*p = (struct inventory_process){ .pid = r[i].pid,
						 .start_ns = r[i].start_ns,
						 .cgroup = r[i].cgroup,
						 .part = r[i].part };
		text_escape(p->comm, sizeof(p->comm), r[i].comm, sizeof(r[i].comm));
	}
}

/* r: all that was told of one VM. */
static bool take_vm(struct inventory_vm *vm, struct inventory_record *r, size_t n)
{
	*vm = (struct inventory_vm){ .number = r->number, .ino = r->ino, .backend = r->backend };
	text_escape(vm->name, sizeof(vm->name), r->name, sizeof(r->name));
	for (size_t i = 0; i < n; i++)
		if (vm->n_vcpus < r[i].vcpus)
			vm->n_vcpus = r[i].vcpus;
	vm->vcpus = calloc(n, sizeof(*vm->vcpus));
	vm->processes = calloc(n, sizeof(*vm->processes));
	if (!vm->vcpus || !vm->processes)
		return false;
	take_vcpus(vm, r, n);
	qsort(r, n, sizeof(*r), compare_processes);
	take_processes(vm, r, n);
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
	struct inventory_record *r = inv->records;
	size_t n = inv->n_records, end;

	if (!n)
		return true;
	for (size_t i = 0; i < n; i++)
		r[i].part = r[i].part <= PART_ENDING ? r[i].part : PART_HOLDER;
	qsort(r, n, sizeof(*r), compare_vcpus);
	inv->vms = calloc(n, sizeof(*inv->vms));
	if (!inv->vms)
		return false;
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && !compare_vm(&r[i], &r[end]);)
			end++;
		if (!take_vm(&inv->vms[inv->n++], &r[i], end - i))
			return false;
	}
	free(inv->records);
	inv->records = NULL;
	inv->n_records = 0;
	qsort(inv->vms, inv->n, sizeof(*inv->vms), compare_told);
	return true;
}

const struct inventory_process *inventory_owner(const struct inventory_vm *vm)
{
	return vm->processes->part == PART_OWNER ? vm->processes : NULL;
}

void inventory_free(struct inventory *inv)
{
	for (size_t i = 0; i < inv->n; i++) {
		free(inv->vms[i].vcpus);
		free(inv->vms[i].processes);
		free(inv->vms[i].name_option);
		free(inv->vms[i].guest);
		free(inv->vms[i].cgroup);
	}
	free(inv->vms);
	free(inv->records);
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
	if (vcpu->pvr == PVR_INVALID)
		return MODE_REFUSED;
	return vcpu->pvr ? MODE_SET : MODE_HOST_DEFAULT;
}

/* Those of all vCPUs that could be seen. */
static enum inventory_mode mode_of_all(const struct inventory_vm *vm)
{
	if (vm->backend == BACKEND_PR)
		return MODE_NONE;
	if (!vm->n_vcpus)
		return MODE_NO_VCPU;
	if (!vm->n_open_vcpus)
		return MODE_UNKNOWN;
	for (size_t i = 1; i < vm->n_open_vcpus; i++)
		if (mode_of(&vm->vcpus[i]) != mode_of(&vm->vcpus[0]) ||
		    vm->vcpus[i].pvr != vm->vcpus[0].pvr)
			return MODE_DIFFERS;
	return mode_of(&vm->vcpus[0]);
}

static enum agreement agreement_of(const struct inventory_vcpu *vcpu, const struct offer *offer)
{
	const struct abi_mode *mode = abi_mode_by_pvr(vcpu->pvr);

	switch (mode_of(vcpu)) {
	case MODE_HOST_DEFAULT:
		return AGREES_YES;
	case MODE_REFUSED:
		return AGREES_NO;
	case MODE_SET:
		/* A mode that no bit stands for may be on offer all the same. */
		if (offer->source == MODES_UNKNOWN || !mode)
			return AGREES_UNKNOWN;
		return offer->modes & mode->bit ? AGREES_YES : AGREES_NO;
	default:
		return AGREES_UNKNOWN;
	}
}

/* Of all: one that does not agree is enough, and one that is not seen too. */
static enum agreement agreement_of_all(const struct inventory_vm *vm, const struct offer *offer)
{
	bool unseen = vm->n_open_vcpus < vm->n_vcpus || !vm->n_vcpus;
	enum agreement all = unseen ? AGREES_UNKNOWN : AGREES_YES;

	if (vm->backend == BACKEND_PR)
		return AGREES_UNKNOWN;
	for (size_t i = 0; i < vm->n_open_vcpus; i++) {
		enum agreement one = agreement_of(&vm->vcpus[i], offer);

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

static void say_mode(struct inventory_verdict *v, const struct offer *offer)
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
	if (v->runs_on)
		say_it(v, "; a %s host has that mode",
		       inventory_runs_on(hosts, sizeof(hosts), v->runs_on));
}

static void say_verdict(struct inventory_verdict *v, const struct offer *offer)
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
		say_it(v,
		       "no mode was asked for, not yet at least: it has this host's own, and on which others it could run is not told");
		break;
	case MODE_REFUSED:
		say_it(v,
		       "KVM refused the mode that was asked for, and runs no vCPU of it any more (KVM_RUN gives EINVAL)");
		break;
	case MODE_DIFFERS:
		say_it(v, "its vCPUs have different modes");
		break;
	default:
		say_mode(v, offer);
		break;
	}
}

static void say_unseen(const struct inventory_vm *vm, struct inventory_verdict *v)
{
	size_t unseen = vm->n_vcpus - vm->n_open_vcpus;

	if (unseen && vm->backend != BACKEND_PR)
		say_it(v,
		       "; of %zu of its %" PRIu32
		       " vCPUs no process has a descriptor open, so that their mode is not known",
		       unseen, vm->n_vcpus);
	if (vm->processes->part == PART_ENDING)
		say_it(v, "; a process that has it is ending");
	else if (!inventory_owner(vm))
		say_it(v,
		       "; the process that made it is gone or has begun another program: KVM obeys nobody any more");
}

void inventory_judge(const struct inventory_vm *vm, const struct host_facts *host,
		     struct inventory_verdict *v)
{
	const struct offer offer = host_offer(host);

	*v = (struct inventory_verdict){
		.is = mode_of_all(vm),
		.agrees = agreement_of_all(vm, &offer),
		.runs_on = runs_on(vm),
	};
	if (v->is == MODE_SET) {
		v->pvr = vm->vcpus[0].pvr;
		v->known = abi_pvr(v->pvr);
	}
	say_verdict(v, &offer);
	say_unseen(vm, v);
}
