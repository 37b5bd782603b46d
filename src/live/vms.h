/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The VMs that run on this host, by name: when one ends its inode can no longer be looked up. */
#ifndef COMPATCAPS_VMS_H
#define COMPATCAPS_VMS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm/frame.h"

#define VMS_MAX FRAME_OLDER_MAX /* then the list has holes */

struct vm_name {
	char name[CC_VM_NAME_LEN]; /* "PID-FD", its directory in debugfs */
	uint64_t ino;
};

struct vms {
	struct vm_name *list;
	size_t n;
	bool known; /* false: what there is could not be told, and the list may have holes */
};

/* Begin anew with what debugfs shows. */
void vms_look(struct vms *v);

void vms_add(struct vms *v, const char *name, uint64_t ino);

void vms_free(struct vms *v);

#endif /* COMPATCAPS_VMS_H */
