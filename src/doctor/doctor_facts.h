/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The facts that doctor.c judges: live. Nothing on the host is changed, and nothing attached to. */
#ifndef COMPATCAPS_DOCTOR_FACTS_H
#define COMPATCAPS_DOCTOR_FACTS_H

#include "doctor/doctor.h"

/*
 * Reads /proc, /sys and the types, loads BPF programs and lets go of them, and asks the
 * QEMUs for their versions (doctor_qemus.h).
 */
void doctor_facts_read(struct doctor_facts *facts);

#endif /* COMPATCAPS_DOCTOR_FACTS_H */
