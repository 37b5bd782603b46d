// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs that do nothing, where the tracer has some that do: what is measured under these is
 * the kernel's way to a program and back, which no tracer can save.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY(name, section) \
	SEC(section) int name(void *ctx) \
	{ \
		return 0; \
	}

EMPTY(ioctl_fentry, "fentry/kvm_arch_vm_ioctl")
EMPTY(ioctl_fexit, "fexit/kvm_arch_vm_ioctl")
EMPTY(backend_fexit, "fexit/kvmppc_get_compat_caps")
EMPTY(extension_fexit, "fexit/kvm_vm_ioctl_check_extension")
EMPTY(reg_fexit, "fexit/kvmppc_set_one_reg")

/* By whatever method: a tracepoint is no function. */
EMPTY(run_tp, "tp_btf/kvm_userspace_exit")

/* One program for entry and exit: empty.c makes it an fsession, which libbpf may not know. */
EMPTY(ioctl_session, "fentry/kvm_arch_vm_ioctl")

EMPTY(ioctl_kprobe, "kprobe/kvm_arch_vm_ioctl")
EMPTY(ioctl_kretprobe, "kretprobe/kvm_arch_vm_ioctl")
EMPTY(backend_kprobe, "kprobe/kvmppc_get_compat_caps")
EMPTY(backend_kretprobe, "kretprobe/kvmppc_get_compat_caps")
EMPTY(extension_kprobe, "kprobe/kvm_vm_ioctl_check_extension")
EMPTY(extension_kretprobe, "kretprobe/kvm_vm_ioctl_check_extension")
EMPTY(reg_kprobe, "kprobe/kvmppc_set_one_reg")
EMPTY(reg_kretprobe, "kretprobe/kvmppc_set_one_reg")
