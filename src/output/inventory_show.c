// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Shows the VMs of a host as a table or as JSON, for `vms`. The mode of each comes first, then
 * what to change where something is wrong. What could not be looked at is said at the end.
 */
#include "output/inventory_show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/color.h"
#include "lib/json.h"
#include "lib/layout.h"
#include "lib/text.h"
#include "recording/words.h"

#define GUEST_WIDTH 18
#define INDENT	    9 /* of what follows a row: under the guest */
#define ARROW	    "-> "
#define HOLDERS	    4 /* that are named in a line of text */

/* ------------------------------------------------------------------ text */

static void put_host(FILE *f, const struct host_facts *host)
{
	const struct offer offer = host_offer(host);
	const char *nested = words_nested_api.name(host->nested);
	char text[256], modes[96];
	int n;

	if (offer.source == MODES_UNKNOWN)
		n = snprintf(text, sizeof(text), "The modes that this host offers are not known");
	else
		n = snprintf(text, sizeof(text), "This host offers %s (%s)",
			     modes_text(modes, sizeof(modes), offer.modes),
			     modes_source_name(offer.source));
	if (nested)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ", %s",
			      host->nested == NESTED_NONE ? "bare metal" : "nested API ");
	snprintf(text + n, sizeof(text) - (size_t)n, "%s.",
		 nested && host->nested != NESTED_NONE ? nested : "");
	layout_line(f, "", 0, text);
}

/* At most width columns of it. */
static void shorten(char *buf, size_t width, const char *text)
{
	size_t len = text_cut(text, width);

	memcpy(buf, text, len);
	strcpy(buf + len, text[len] ? TEXT_CUT : "");
}

/* What is known by name, or else the process in brackets. */
static void guest_cell(char buf[GUEST_WIDTH + 1], const struct inventory_vm *vm)
{
	char comm[sizeof(vm->processes->comm) + 2];

	if (vm->guest && *vm->guest) {
		shorten(buf, GUEST_WIDTH, vm->guest);
		return;
	}
	snprintf(comm, sizeof(comm), "(%s)", vm->processes->comm);
	shorten(buf, GUEST_WIDTH, comm);
}

static const char *kvm_cell(char buf[8], const struct inventory *inv, const struct inventory_vm *vm)
{
	const char *nested = words_nested_api.name(inv->host.nested);

	if (vm->backend == BACKEND_PR)
		return "PR";
	if (vm->backend != BACKEND_HV)
		return "?";
	snprintf(buf, 8, "HV%s%s", nested && *nested == 'v' ? " " : "",
		 nested && *nested == 'v' ? nested : "");
	return buf;
}

static const char *mode_cell(char buf[16], const struct inventory_verdict *v)
{
	switch (v->is) {
	case MODE_SET:
		snprintf(buf, 16, "0x%08" PRIx32, v->pvr);
		return v->known ? v->known->name : buf;
	case MODE_HOST_DEFAULT:
		return "none set";
	case MODE_REFUSED:
	case MODE_DIFFERS:
		return inventory_mode_name(v->is);
	default:
		return "-";
	}
}

static void put_agreement(FILE *f, enum agreement agrees, bool color)
{
	static const char *const words[] = { "-", "NO", "yes" };
	static const char *const colors[] = { "", RED, GREEN };

	fprintf(f, "%s%s%s\n", color ? colors[agrees] : "", words[agrees],
		color && *colors[agrees] ? PLAIN : "");
}

static void put_vcpus(FILE *f, const struct inventory_vm *vm)
{
	char text[512], pvr[16];
	size_t n = 0;

	for (size_t i = 0; i < vm->n_open_vcpus && n < sizeof(text) - 64; i++) {
		const struct inventory_vcpu *vcpu = &vm->vcpus[i];
		const struct abi_pvr *known = vcpu->pvr ? abi_pvr(vcpu->pvr) : NULL;

		snprintf(pvr, sizeof(pvr), "0x%08" PRIx32, vcpu->pvr);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%svCPU %" PRIu32 " %s",
				      n ? ", " : "", vcpu->id,
				      !vcpu->has_mode ? "not known" :
				      !vcpu->pvr      ? "none set" :
				      known	      ? known->name :
							pvr);
	}
	if (n)
		layout_line(f, "", INDENT, text);
}

static void put_holders(FILE *f, const struct inventory_vm *vm)
{
	char text[HOLDERS * 96 + 64] = "";
	size_t n = 0, holders = 0;

	for (size_t i = 0; i < vm->n_processes; i++) {
		const struct inventory_process *p = &vm->processes[i];

		if (p->part == PART_OWNER || holders++ >= HOLDERS)
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s[%" PRIu32 "]",
				      n ? ", " : "also held by ", p->comm, p->pid);
	}
	if (holders > HOLDERS || vm->processes_left_out)
		snprintf(text + n, sizeof(text) - n, " and %zu more",
			 holders + vm->processes_left_out -
				 (holders < HOLDERS ? holders : HOLDERS));
	if (holders)
		layout_line(f, "", INDENT, text);
}

static bool is_worth_a_sentence(const struct inventory_vm *vm, const struct inventory_verdict *v)
{
	return v->agrees == AGREES_NO || v->is == MODE_DIFFERS || v->is == MODE_UNKNOWN ||
	       vm->n_open_vcpus < vm->n_vcpus || !inventory_owner(vm);
}

static void put_vm(FILE *f, const struct inventory *inv, const struct inventory_vm *vm, bool color)
{
	char guest[GUEST_WIDTH + 1], kvm[8], mode[16], hosts[64];
	struct inventory_verdict v;

	inventory_judge(vm, &inv->host, &v);
	guest_cell(guest, vm);
	inventory_runs_on(hosts, sizeof(hosts), v.runs_on);
	fprintf(f, "%7" PRIu32 "  %-*s  %-5s  %5" PRIu32 "  %-10s  %-16s  ", vm->processes->pid,
		GUEST_WIDTH, guest, kvm_cell(kvm, inv, vm), vm->n_vcpus, mode_cell(mode, &v),
		*hosts ? hosts : "-");
	put_agreement(f, v.agrees, color);
	if (vm->cgroup && vm->cgroup[0] && strcmp(vm->cgroup, "/"))
		fprintf(f, "%*scgroup %s\n", INDENT, "", vm->cgroup);
	if (v.is == MODE_DIFFERS)
		put_vcpus(f, vm);
	if (inventory_owner(vm))
		put_holders(f, vm);
	if (vm->ended && inventory_owner(vm))
		layout_line(f, ARROW, INDENT, "its process has ended since");
	if (is_worth_a_sentence(vm, &v))
		layout_line(f, ARROW, INDENT, v.hint);
}

#define TOO_MANY "There are too many VMs, or too many open files of KVM, to list them all"

static void put_unseen(FILE *f, const struct inventory *inv)
{
	char text[256];

	if (inv->truncated && inv->has_unlisted && inv->unlisted) {
		snprintf(text, sizeof(text), "KVM has %" PRIu32 " more VM%s. " TOO_MANY,
			 inv->unlisted, inv->unlisted == 1 ? "" : "s");
		layout_line(f, "", 0, text);
		return;
	}
	if (inv->truncated)
		layout_line(f, "", 0, TOO_MANY);
	if (inv->has_unlisted && inv->unlisted) {
		snprintf(text, sizeof(text),
			 "KVM has %" PRIu32
			 " more VM%s, of which no process%s has an open descriptor",
			 inv->unlisted, inv->unlisted == 1 ? "" : "s",
			 inv->namespaced ? " of this pid namespace" : "");
		layout_line(f, "", 0, text);
	}
	if (!inv->has_unlisted)
		layout_line(f, "", 0,
			    "There may be more VMs: debugfs, where KVM lists them, cannot be read");
}

void inventory_show_text(FILE *f, const struct inventory *inv, bool color)
{
	put_host(f, &inv->host);
	if (inv->n)
		fprintf(f,
			"\n%s    PID  %-*s  KVM    VCPUS  MODE        RUNS ON           OFFERED%s\n",
			color ? DIM : "", GUEST_WIDTH, "GUEST", color ? PLAIN : "");
	else if (!inv->truncated && inv->has_unlisted && !inv->unlisted)
		fputs("No VM is running.\n", f);
	else if (!inv->truncated)
		fputs("No process that can be seen has a VM.\n", f);
	for (size_t i = 0; i < inv->n; i++)
		put_vm(f, inv, &inv->vms[i], color);
	put_unseen(f, inv);
}

/* ------------------------------------------------------------------ JSON */

typedef yyjson_mut_val val;

/* An empty text is null as well. */
static void put_str(struct json *j, val *o, const char *key, const char *text)
{
	json_put_text(j, o, key, text && *text ? text : NULL);
}

static void put_hex32(struct json *j, val *o, const char *key, bool known, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08" PRIx32, value);
	put_str(j, o, key, known ? text : NULL);
}

/* known false: null. */
static void put_modes(struct json *j, val *o, const char *key, bool known, uint64_t caps)
{
	const struct abi_mode *mode;
	val *list;

	if (!known) {
		json_put_null(j, o, key);
		return;
	}
	list = json_put_list(j, o, key);
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit)
			json_add_text(j, list, mode->name);
}

static void json_host(struct json *j, val *root, const struct host_facts *host)
{
	const struct offer offer = host_offer(host);
	val *o = json_put_object(j, root, "host");

	put_str(j, o, "nested_api", words_nested_api.name(host->nested));
	put_hex32(j, o, "cpu_version", host->cpu_version_is == FACT_KNOWN, host->cpu_version);
	put_modes(j, o, "modes", offer.source != MODES_UNKNOWN, offer.modes);
	put_str(j, o, "modes_source", modes_source_name(offer.source));
}

static const char *name_of_pvr(uint32_t pvr)
{
	const struct abi_pvr *known = pvr ? abi_pvr(pvr) : NULL;

	return known ? known->name : NULL;
}

static void json_vcpus(struct json *j, val *o, const struct inventory_vm *vm)
{
	val *list = json_put_list(j, o, "vcpu_modes");

	for (size_t i = 0; i < vm->n_open_vcpus; i++) {
		const struct inventory_vcpu *vcpu = &vm->vcpus[i];
		val *one = json_add_object(j, list);

		json_put_number(j, one, "vcpu", vcpu->id);
		put_hex32(j, one, "pvr", vcpu->has_mode, vcpu->pvr);
		put_str(j, one, "mode", vcpu->has_mode ? name_of_pvr(vcpu->pvr) : NULL);
	}
	json_put_bool(j, o, "vcpus_left_out", vm->vcpus_left_out);
}

static void json_holders(struct json *j, val *o, const struct inventory_vm *vm)
{
	val *list = json_put_list(j, o, "holders");

	for (size_t i = 0; i < vm->n_processes; i++) {
		val *one;

		if (vm->processes[i].part == PART_OWNER)
			continue;
		one = json_add_object(j, list);
		json_put_number(j, one, "pid", vm->processes[i].pid);
		put_str(j, one, "comm", vm->processes[i].comm);
	}
	json_put_number(j, o, "holders_left_out", vm->processes_left_out);
}

static void json_process(struct json *j, val *o, const struct inventory_vm *vm)
{
	const struct inventory_process *p = inventory_owner(vm);

	json_put_known(j, o, "pid", p, p ? p->pid : 0);
	put_str(j, o, "comm", p ? p->comm : NULL);
	json_put_bool(j, o, "ended", vm->ended);
	put_str(j, o, "guest", vm->guest);
	put_str(j, o, "cgroup", vm->cgroup);
	json_holders(j, o, vm);
}

static void json_agreement(struct json *j, val *o, enum agreement agrees)
{
	if (agrees == AGREES_UNKNOWN)
		json_put_null(j, o, "offered");
	else
		json_put_bool(j, o, "offered", agrees == AGREES_YES);
}

static void json_vm(struct json *j, val *list, const struct inventory *inv,
		    const struct inventory_vm *vm)
{
	val *o = json_add_object(j, list);
	struct inventory_verdict v;

	inventory_judge(vm, &inv->host, &v);
	put_str(j, o, "vm_name", vm->name);
	json_process(j, o, vm);
	put_str(j, o, "backend", inventory_backend_name(vm->backend));
	json_put_number(j, o, "vcpus", vm->n_vcpus);
	json_vcpus(j, o, vm);
	put_str(j, o, "mode_is", inventory_mode_name(v.is));
	put_hex32(j, o, "pvr", v.is == MODE_SET, v.pvr);
	put_str(j, o, "mode", v.known ? v.known->name : NULL);
	put_modes(j, o, "runs_on", v.runs_on, v.runs_on);
	json_agreement(j, o, v.agrees);
	put_str(j, o, "hint", v.hint);
}

bool inventory_show_json(FILE *f, const struct inventory *inv)
{
	struct json made, *j = &made;
	val *root = json_begin(j), *list;

	put_str(j, root, "type", "vms");
	json_put_number(j, root, "schema", INVENTORY_SCHEMA);
	put_str(j, root, "version", COMPATCAPS_VERSION);
	json_host(j, root, &inv->host);
	list = json_put_list(j, root, "vms");
	for (size_t i = 0; i < inv->n; i++)
		json_vm(j, list, inv, &inv->vms[i]);
	json_put_bool(j, root, "truncated", inv->truncated);
	json_put_bool(j, root, "namespaced", inv->namespaced);
	json_put_known(j, root, "not_listed", inv->has_unlisted, inv->unlisted);
	return json_end(j, 0, f);
}
