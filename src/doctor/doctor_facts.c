// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Collects the facts that doctor.c judges, on the running host. Programs are loaded to see whether
 * the kernel accepts them, and none is attached. Nothing on the host changes.
 */
#include "doctor/doctor_facts.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/doctor_domains.h"
#include "doctor/doctor_qemus.h"
#include "live/attach.h"
#include "live/host.h"
#include "live/inventory_read.h"
#include "live/objects.h"
#include "live/process.h"

#define FTRACE_ENABLED "/proc/sys/kernel/ftrace_enabled"

/* ------------------------------------------------------------------ the kernel */

static void read_capabilities(struct doctor_facts *facts)
{
	static const struct {
		const char *name;
		unsigned int number;
	} needed[] = {
		{ "CAP_SYS_ADMIN", CAP_SYS_ADMIN },
		{ "CAP_BPF", CAP_BPF },
		{ "CAP_PERFMON", CAP_PERFMON },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		facts->capabilities[i] = (struct doctor_capability){
			needed[i].name, host_has_capability(needed[i].number)
		};
}

static void read_symbols(struct doctor_facts *facts)
{
	static const char *const names[] = { "register_ftrace_direct", "register_kprobe" };
	unsigned int found;

	facts->symbols_read = host_functions(names, sizeof(names) / sizeof(names[0]), &found);
	facts->direct_calls = found & 1;
	facts->kprobes = found >> 1 & 1;
}

static int read_switch(const char *path)
{
	FILE *f = fopen(path, "re");
	int c;

	if (!f)
		return -1;
	c = getc(f);
	fclose(f);
	return c == '0' ? 0 : c == '1' ? 1 : -1;
}

static void read_kernel(struct doctor_facts *facts)
{
	struct host_id id;

	host_identify(&id);
	snprintf(facts->release, sizeof(facts->release), "%s", id.release ? id.release : "");
	facts->no_privilege = host_obstacle_of(OBSTACLE_PRIVILEGE);
	facts->locked = host_obstacle_of(OBSTACLE_LOCKDOWN);
	facts->no_types = host_obstacle_of(OBSTACLE_TYPES);
	facts->lockdown_is = host_lockdown(facts->lockdown, sizeof(facts->lockdown));
	facts->ftrace_enabled = read_switch(FTRACE_ENABLED);
	facts->kprobes_off = host_kprobes_are_off();
	facts->kprobes_safe = host_kprobes_are_safe();
	facts->debugfs = !access("/sys/kernel/debug/kprobes", R_OK | X_OK);
	facts->cgroup2 = cgroups_are_mounted();
	facts->pid_namespace = host_pid_namespace();
}

static void read_modules(struct doctor_facts *facts)
{
	facts->has_kvm = host_has_module("kvm");
	facts->has_hv = host_has_module("kvm_hv");
	facts->has_pr = host_has_module("kvm_pr");
	facts->kvm_types = host_has_types("kvm");
	facts->hv_types = host_has_types("kvm_hv");
	facts->no_kvm = host_kvm_obstacle();
}

/* ------------------------------------------------------------------ BPF */

static void try_load(struct doctor_load *load, enum attach_how how)
{
	load->tried = true;
	load->points = attach_rehearse(how, &load->err);
	objects_forget_messages();
}

/* Whether KVM checks modes shows in what it made of the requests of VMs that are there. */
static void read_requests(struct doctor_facts *facts, const struct inventory_vm *vm, uint32_t host)
{
	bool refused = false, above = false;

	for (size_t i = 0; i < vm->n_open_vcpus; i++) {
		const struct inventory_vcpu *vcpu = &vm->vcpus[i];

		if (vcpu->has_mode && vcpu->pvr == ABI_PVR_INVALID)
			refused = true;
		else if (vcpu->has_mode && abi_pvr(host) && abi_pvr(vcpu->pvr) && vcpu->pvr > host)
			above = true;
	}
	facts->vms++;
	facts->vms_refused += refused;
	facts->vms_above += above;
}

/* It tells what the host offers, too. */
static void try_iterator(struct doctor_facts *facts)
{
	struct inventory inv = { 0 };
	bool together;

	facts->iterator.tried = true;
	facts->iterator.err = inventory_read_kernel(&inv, NULL);
	if (!facts->iterator.err) {
		facts->host = inv.host;
		together = inventory_put_together(&inv);
		facts->vms_partial = inv.namespaced || inv.truncated || inv.unlisted;
		for (size_t i = 0; together && i < inv.n; i++)
			read_requests(facts, &inv.vms[i], inv.host.cpu_version);
	}
	inventory_free(&inv);
	objects_forget_messages();
}

static void read_bpf(struct doctor_facts *facts)
{
	host_read(&facts->host);
	host_forget();
	facts->host.nested = host_nested_api(&facts->host);
	if (facts->no_privilege || facts->locked || facts->no_types || facts->no_kvm)
		return;
	objects_hear(false);
	try_load(&facts->fexit, ATTACH_FEXIT);
	try_load(&facts->kprobe, ATTACH_KPROBE);
	try_load(&facts->tracepoint, ATTACH_TRACEPOINT);
	try_iterator(facts);
}

void doctor_facts_read(struct doctor_facts *facts)
{
	*facts = (struct doctor_facts){ 0 };
	read_capabilities(facts);
	read_symbols(facts);
	read_kernel(facts);
	read_modules(facts);
	read_bpf(facts);
	doctor_qemus_read(facts, getenv("PATH"));
	doctor_domains_read(&facts->domains, DOCTOR_DOMAINS_DIR, doctor_processor("/proc/cpuinfo"),
			    &facts->host);
}
