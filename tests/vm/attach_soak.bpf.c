// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs of tests/vm/attach_soak.c: they do nothing, or one thing that the tracer's programs
 * do, so that a fault under them is the kernel's. Names begin with the name of their method.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ring SEC(".maps");

#define EMPTY(name, section) \
	SEC(section) int name(void *ctx) \
	{ \
		return 0; \
	}

EMPTY(fentry, "fentry/kvm_arch_vm_ioctl")
EMPTY(fexit, "fexit/kvm_arch_vm_ioctl")
EMPTY(pair_fentry, "fentry/kvm_arch_vm_ioctl")
EMPTY(pair_fexit, "fexit/kvm_arch_vm_ioctl")

/* Entry and exit by functions of their own: one calls the other. */
EMPTY(apart_fentry, "fentry/kvm_arch_vm_ioctl")
EMPTY(apart_fexit, "fexit/kvm_vm_ioctl")

/* One program for entry and exit: attach_soak.c makes it an fsession, which libbpf may not know. */
EMPTY(session, "fentry/kvm_arch_vm_ioctl")

EMPTY(tracepoint, "tp_btf/kvm_userspace_exit")
EMPTY(kprobe, "kprobe/kvm_arch_vm_ioctl")
EMPTY(kretprobe, "kretprobe/kvm_arch_vm_ioctl")

SEC("fexit/kvm_arch_vm_ioctl")
int BPF_PROG(user, struct file *file, unsigned int cmd, unsigned long arg)
{
	__u64 size;

	bpf_probe_read_user(&size, sizeof(size), (void *)arg);
	return 0;
}

SEC("fexit/kvm_arch_vm_ioctl")
int ringbuf(void *ctx)
{
	void *space = bpf_ringbuf_reserve(&ring, 64, 0);

	if (space)
		bpf_ringbuf_discard(space, 0);
	return 0;
}
