/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the domains that libvirt knows will meet on this host when they start. */
#ifndef COMPATCAPS_DOCTOR_DOMAINS_H
#define COMPATCAPS_DOCTOR_DOMAINS_H

#include <stddef.h>

#include "doctor/doctor.h"

/* Where libvirt's driver for QEMU keeps them. */
#define DOCTOR_DOMAINS_DIR "/etc/libvirt/qemu"

/* What of a definition decides on the mode. false: it is no definition of a domain. */
bool doctor_domain_parse(struct doctor_domain *d, const char *xml, size_t len);

/* The processor's own PVR, as /proc/cpuinfo has it: "(pvr 0082 1200)". 0: not known. */
uint32_t doctor_processor(const char *path);

/* pvr: that of the processor; host: as read before. */
void doctor_domains_read(struct doctor_domains *domains, const char *dir, uint32_t pvr,
			 const struct host_facts *host);

#endif /* COMPATCAPS_DOCTOR_DOMAINS_H */
