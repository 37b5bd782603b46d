/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One program of two objects. To be included once in each, after bpf_helpers.h. */
#ifndef COMPATCAPS_NESTED_CAPS_BPF_H
#define COMPATCAPS_NESTED_CAPS_BPF_H

/* What kvm-hv has agreed on with its hypervisor; err as the helper gives it that failed. */
struct nested_caps {
	__u64 value;
	__s64 err;
};

static const char nested_caps_name[] = "nested_capabilities";

/*
 * The kernel finds the address, and by a search: read from /proc/kallsyms it would take longer than
 * all else that there is to be done before a trace begins.
 */
SEC("syscall")
int read_nested_caps(struct nested_caps *n)
{
	__u64 address = 0, value = 0;

	n->err = bpf_kallsyms_lookup_name(nested_caps_name, sizeof(nested_caps_name), 0, &address);
	if (!n->err)
		n->err = bpf_probe_read_kernel(&value, sizeof(value), (const void *)address);
	n->value = value;
	return 0;
}

#endif /* COMPATCAPS_NESTED_CAPS_BPF_H */
