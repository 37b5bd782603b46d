/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Facts of this machine, and why tracing is impossible on it where it is. */
#ifndef COMPATCAPS_HOST_H
#define COMPATCAPS_HOST_H

#include <sys/types.h>

#include "kvm/frame.h"

struct btf;

/*
 * What can be read without asking KVM: page size, device tree, the struct's size from BTF.
 * What else is known of the host stays as it is.
 */
void host_read(struct host_facts *host);

/* Is this module there, loaded or built in? */
bool host_has_module(const char *module);
/* The types of a module that is loaded, or of a kernel that has it built in, can be had. */
bool host_has_types(const char *module);

/*
 * Are kprobes safe here? On powerpc a kprobe's handler gives back the r13 that it saved, the
 * pointer to its CPU's own data: where the kernel is preemptible the task may have moved to
 * another CPU in between, and the kernel crashes (seen on Linux 7.3 with two CPUs).
 */
bool host_kprobes_are_safe(void);

/* Has somebody switched all of them off? They can be attached then, and never run. */
bool host_kprobes_are_off(void);

/* Nothing that is watched by way of ftrace is seen then. */
bool host_ftrace_is_off(void);

/*
 * What is watched in this way was switched off by somebody: a clause with the remedy; NULL: it was
 * not. Tracepoints alone do not rest on ftrace.
 */
const char *host_switched_off(enum attach_how how);

/*
 * Another one each time that the module is loaded; 0: it is not there, or coming or going. The
 * kernel itself (NULL) is always there.
 */
ino_t host_module_identity(const char *module);

/* KVM's modules, by what tells one load of them from another; 0: it is not there. */
struct host_modules {
	ino_t kvm, hv, pr;
};

/* Are they others than these? These become what is there; reloaded: kvm itself was loaded again. */
bool host_modules_changed(struct host_modules *modules, bool *reloaded);

bool host_facts_equal(const struct host_facts *a, const struct host_facts *b);

/* The inode of our pid namespace where it is not the first one, else 0. */
uint32_t host_pid_namespace(void);

/* The inode of a VM's directory in debugfs, by its name there ("PID-FD"); 0: there is none. */
uint64_t host_vm_inode(const char *name);

/*
 * The VMs that there are now, a call of fn for each. false: what there is cannot be told,
 * for debugfs cannot be read.
 */
typedef void host_vm_fn(const char *name, uint64_t inode, void *ctx);
bool host_vms(host_vm_fn *fn, void *ctx);

/* Who and where this is; the strings stay where they are until the next call. */
void host_identify(struct host_id *id);

/* The nested API, as what is loaded and what it agreed on with the hypervisor tells. */
enum nested_api host_nested_api(const struct host_facts *host);

/* Of these facts the ones that the device tree tells. */
void host_read_device_tree(struct host_facts *host);

/* A number of the device tree's first cpu; 0 where it is not known. */
enum fact host_cpu_number(const char *property, uint32_t *number);

/* The kernel's own types; NULL: it has none that can be read. host_forget() lets go of them. */
const struct btf *host_types(void);

/* Let go of the kernel's types, which these keep in memory between calls. */
void host_forget(void);

/*
 * Ask the running kernel which command it answers to, by way of a VM that is made and
 * dropped at once; nothing is written, and no tracer records it. Leaves host->kernel_cmd
 * alone where it cannot tell.
 */
void host_ask_command(struct host_facts *host);

/*
 * Which of at most 31 functions the kernel itself has, as bits: by its types, or where it has none
 * by the list of its symbols. false: that cannot be told.
 */
bool host_functions(const char *const *names, unsigned int n, unsigned int *found);

/* Of this process, CAP_BPF say. */
bool host_has_capability(unsigned int cap);

/* "none", "integrity", "confidentiality"; FACT_ABSENT: this kernel has no lockdown. */
enum fact host_lockdown(char *mode, size_t len);

/* What can stand against it, in this order; as host_obstacle(). */
enum host_obstacle_kind { OBSTACLE_PRIVILEGE, OBSTACLE_LOCKDOWN, OBSTACLE_TYPES, OBSTACLES };
const char *host_obstacle_of(enum host_obstacle_kind kind);

/*
 * The first reason why nothing can be traced here, with the remedy, as a sentence for a
 * person; NULL: none is known.
 */
const char *host_obstacle(void);

/* Is there anything on this machine that makes VMs? As host_obstacle(). */
const char *host_kvm_obstacle(void);

#endif /* COMPATCAPS_HOST_H */
