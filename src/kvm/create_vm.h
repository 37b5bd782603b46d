/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Making a VM as every VMM has to: again where a signal came. KVM registers with the memory of the
 * process while it makes one, and lets go with EINTR where any signal is pending then, also one
 * that stops the process (mm_take_all_locks() in mm/vma.c).
 */
#ifndef COMPATCAPS_CREATE_VM_H
#define COMPATCAPS_CREATE_VM_H

#include <errno.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

/* kvm: of /dev/kvm; type: as KVM_CREATE_VM takes it. Returns the VM's descriptor; < 0: see errno.
 */
static inline int create_vm(int kvm, unsigned long type)
{
	int vm;

	do
		vm = ioctl(kvm, KVM_CREATE_VM, type);
	while (vm < 0 && errno == EINTR);
	return vm;
}

#endif /* COMPATCAPS_CREATE_VM_H */
