// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel functions and tracepoints that are watched, a row for each. The loader attaches by
 * this table, and a recording names what it says. A new point is a new row.
 */
#include "kvm/frame.h"

static const struct {
	const char *func, *module;
} points[ATTACH_POINTS] = {
	[POINT_IOCTL] = { "kvm_arch_vm_ioctl", "kvm" },
	[POINT_BACKEND] = { "kvmppc_get_compat_caps", "kvm_hv" },
	[POINT_EXTENSION] = { "kvm_vm_ioctl_check_extension", "kvm" },
	[POINT_REG] = { "kvmppc_set_one_reg", "kvm" },
	[POINT_RUN] = { "kvm:kvm_userspace_exit", "kvm" },
	[POINT_CONSOLE] = { "printk:console", NULL },
	[POINT_BIRTH] = { "kvm_arch_init_vm", "kvm" },
	[POINT_DEATH] = { "kvm_arch_destroy_vm", "kvm" },
};

static const char *const hows[ATTACH_HOWS] = {
	[ATTACH_ABSENT] = "absent",
	[ATTACH_FEXIT] = "fexit",
	[ATTACH_KPROBE] = "kprobe",
	[ATTACH_TRACEPOINT] = "tracepoint",
};

const char *attach_func(enum point point)
{
	return (unsigned int)point < ATTACH_POINTS ? points[point].func : NULL;
}

const char *attach_module_of(enum point point)
{
	return (unsigned int)point < ATTACH_POINTS ? points[point].module : NULL;
}

const char *attach_how_name(enum attach_how how)
{
	return (unsigned int)how < ATTACH_HOWS ? hows[how] : NULL;
}
