/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which VMs run now: live, with an iterator of BPF that is attached to nothing. */
#ifndef COMPATCAPS_INVENTORY_READ_H
#define COMPATCAPS_INVENTORY_READ_H

#include "diagnosis/inventory.h"
#include "live/attach.h"

#define INVENTORY_ERROR_LEN 512

/*
 * Fills inv, the facts of the host too. KVM has to be there (host_kvm_obstacle()), else there
 * are no types of it. shared: the VMs have the numbers of this trace; NULL: there is none. false:
 * error is a sentence. To be freed with inventory_free() in any case.
 */
bool inventory_read(struct inventory *inv, const struct attach_vms *shared,
		    char error[INVENTORY_ERROR_LEN]);

/* Of this what the kernel tells, not put together yet. 0, or -errno; see objects_hear(). */
int inventory_read_kernel(struct inventory *inv, const struct attach_vms *shared);

#endif /* COMPATCAPS_INVENTORY_READ_H */
