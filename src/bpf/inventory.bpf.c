// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An iterator over the open files of all processes, which reports those of KVM: so VMs are found
 * that nobody watched being created. It runs when it is read, and is attached to nothing.
 * live/inventory_read.c reads it, and diagnosis/inventory.c puts the VMs together.
 */
#include <linux/bpf.h>
#include "vmlinux_ppc64le.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kvm/inventory_record.h"

const volatile __u32 vm_epoch; /* the tracer's now */

#include "bpf/vms.bpf.h"

#define ANON_INODE_FS_MAGIC 0x09041934
#define MAX_PID_LEVELS	    33 /* the kernel nests pid namespaces 32 deep */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 pid_ns; /* the reader's pid namespace; 0: the first one */

static __always_inline __u32 pid_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	struct upid *upid;

	if (!pid_ns)
		return BPF_CORE_READ(task, tgid);
	for (int i = 0; i < MAX_PID_LEVELS; i++) {
		if (i > (int)BPF_CORE_READ(pid, level))
			break;
		upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		       i * bpf_core_type_size(struct upid);
		if (BPF_CORE_READ(upid, ns, ns.inum) == pid_ns)
			return BPF_CORE_READ(upid, nr);
	}
	return 0;
}

/* Whose name the kernel itself has given: a file on a disk can be called anything. */
static __always_inline _Bool is_anonymous(struct file *file)
{
	return BPF_CORE_READ(file, f_path.dentry, d_sb, s_magic) == ANON_INODE_FS_MAGIC;
}

/* "kvm-vm", and "kvm-vcpu:0" and so on. */
static __always_inline __u32 kind_of(struct file *file)
{
	char name[10] = "";

	if (!is_anonymous(file))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (!__builtin_memcmp(name, "kvm-vm", 7))
		return INVENTORY_VM;
	return __builtin_memcmp(name, "kvm-vcpu:", 9) ? 0 : INVENTORY_VCPU;
}

static __always_inline __u32 backend_of(struct kvm *kvm)
{
	int nests = can_nest(BPF_CORE_READ(kvm, arch.kvm_ops));

	return nests < 0 ? BACKEND_UNKNOWN : nests ? BACKEND_HV : BACKEND_PR;
}

/* Its file is open here: it lives. NULL: there is no room for it, or another VM has its place. */
static __always_inline struct vm *number_of(__u64 kvm, __u64 ino)
{
	struct vm *vm = bpf_map_lookup_elem(&vms, &kvm);

	if (vm && !is_of_now(vm, ino))
		return NULL;
	if (!vm || !vm->number)
		vm = add_vm(kvm);
	if (vm)
		look_at_directory(vm, kvm, ino);
	return vm;
}

static __always_inline void fill_vm(struct inventory_record *r, struct kvm *kvm)
{
	struct vm *vm;

	r->kvm = (__u64)kvm;
	r->ino = BPF_CORE_READ(kvm, debugfs_dentry, d_inode, i_ino);
	vm = number_of(r->kvm, r->ino);
	r->number = vm ? vm->number : 0;
	r->backend = backend_of(kvm);
	r->vcpus = BPF_CORE_READ(kvm, online_vcpus.counter);
	if (r->ino)
		bpf_probe_read_kernel_str(r->name, sizeof(r->name),
					  BPF_CORE_READ(kvm, debugfs_dentry, d_name.name));
}

static __always_inline void fill_vcpu(struct inventory_record *r, struct kvm_vcpu *vcpu)
{
	struct kvmppc_vcore *core = BPF_CORE_READ(vcpu, arch.vcore);

	r->vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	/* KVM PR has no such thing. */
	if (core && r->backend == BACKEND_HV)
		r->has_mode = !bpf_core_read(&r->pvr, sizeof(r->pvr), &core->arch_compat);
}

static __always_inline __u32 part_of(struct task_struct *task, struct kvm *kvm)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	if (!mm)
		return PART_ENDING;
	return mm == BPF_CORE_READ(kvm, mm) ? PART_OWNER : PART_HOLDER;
}

static __always_inline void fill_process(struct inventory_record *r, struct task_struct *task,
					 struct kvm *kvm)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	r->pid = pid_of(task);
	r->start_ns = BPF_CORE_READ(leader, start_boottime);
	r->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	r->part = part_of(task, kvm);
	BPF_CORE_READ_STR_INTO(&r->comm, leader, comm);
}

SEC("iter/task_file")
int list_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct inventory_record r = { 0 };
	void *of;

	if (!task || !file)
		return 0;
	r.kind = kind_of(file);
	if (!r.kind)
		return 0;
	of = BPF_CORE_READ(file, private_data);
	if (r.kind == INVENTORY_VM) {
		fill_vm(&r, of);
	} else {
		fill_vm(&r, BPF_CORE_READ((struct kvm_vcpu *)of, kvm));
		fill_vcpu(&r, of);
	}
	fill_process(&r, task, (struct kvm *)r.kvm);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

#include "bpf/nested_caps.bpf.h"
