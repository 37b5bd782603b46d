/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What KVM grants here: live, by a VM that is made and closed at once, as any user of /dev/kvm may.
 */
#ifndef COMPATCAPS_CAPABILITIES_READ_H
#define COMPATCAPS_CAPABILITIES_READ_H

#include "kvm/capabilities.h"

#define CAPABILITIES_ERROR_LEN 256

/*
 * pr: is it KVM PR that makes VMs here? false: they cannot be had; why and what to do, a sentence
 * without a full stop.
 */
bool capabilities_read(struct capability_facts *facts, bool *pr,
		       char error[CAPABILITIES_ERROR_LEN]);

/* Of that what is of the processor. pvr 0: it cannot be had. */
void capabilities_read_processor(struct processor_facts *facts);

#endif /* COMPATCAPS_CAPABILITIES_READ_H */
