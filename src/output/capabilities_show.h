/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a host grants, as `caps` shows it. */
#ifndef COMPATCAPS_CAPABILITIES_SHOW_H
#define COMPATCAPS_CAPABILITIES_SHOW_H

#include <stdio.h>

#include "kvm/capabilities.h"

#define CAPABILITIES_SCHEMA 1 /* of the JSON; it changes with what a reader must know */

struct capability_report {
	struct capability_facts facts;
	bool pr; /* KVM PR makes the VMs, not HV */
};

/*
 * What keeps QEMU from starting, what it does otherwise, each with what to type; then all as a
 * table. The last line is the verdict.
 */
void capabilities_show_text(FILE *f, const struct capability_report *r, bool color);
/* false: there is not enough memory. */
bool capabilities_show_json(FILE *f, const struct capability_report *r);

#endif /* COMPATCAPS_CAPABILITIES_SHOW_H */
