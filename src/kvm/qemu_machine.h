/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of what KVM denied keeps QEMU's pseries machine from starting, as QEMU was told to make it.
 * The rows are those of capabilities.def, and a set of them has a bit for each. Here all is pure.
 *
 * A row is in the set only if all of this is known: KVM denied it to this process, or the host has
 * it not; the machine wants it by default, or its options ask for it; and they do not do without.
 */
#ifndef COMPATCAPS_QEMU_MACHINE_H
#define COMPATCAPS_QEMU_MACHINE_H

#include <linux/types.h>

#include "kvm/capabilities.h"
#include "kvm/compatcaps.h"

/* What the options of a machine say of each row. All 0: it is no pseries machine that is known. */
struct qemu_machine {
	bool known;
	bool old;	     /* of before QEMU 5.0, whose machines had other defaults */
	unsigned int newest; /* the generation of POWER up to which it goes (max-cpu-compat), whose
				defaults it has; 0: the processor's */
	uint8_t said[CAPABILITIES_MAX];
};

/* text: as guest_machine() has it; NULL or "": it is not known. */
void qemu_machine_read(struct qemu_machine *m, const char *text);

/* The rows that keep it from its first reset. 0: none that is known. */
uint64_t qemu_machine_denied(const struct qemu_machine *m, const struct cc_grants *grants,
			     const struct host_facts *host);

/* One of these, with what to type. */
struct capability_grant qemu_machine_grant(size_t row, const struct host_facts *host);

#endif /* COMPATCAPS_QEMU_MACHINE_H */
