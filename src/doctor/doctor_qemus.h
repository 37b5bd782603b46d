/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The QEMUs of a host, and what they say of themselves. */
#ifndef COMPATCAPS_DOCTOR_QEMUS_H
#define COMPATCAPS_DOCTOR_QEMUS_H

#include "doctor/doctor.h"

/*
 * Runs each QEMU in these directories ("/usr/bin:/bin", NULL: there is no PATH) and in
 * /usr/libexec with --version, unless somebody else than root and the caller could have changed it.
 */
void doctor_qemus_read(struct doctor_facts *facts, const char *path);

#endif /* COMPATCAPS_DOCTOR_QEMUS_H */
