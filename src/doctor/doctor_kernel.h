/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the version of a kernel tells of whether KVM checks the mode that a VMM asks for: commit
 * 884ea0283f4e, which leaves no symbol behind. Pure.
 *
 * It is in Linux 7.3, and stable kernels have it from some release on. A version that is older
 * shows nothing of what a distribution has backported.
 */
#ifndef COMPATCAPS_DOCTOR_KERNEL_H
#define COMPATCAPS_DOCTOR_KERNEL_H

#include <stdbool.h>

enum mode_check {
	MODE_CHECK_UNKNOWN, /* the branch may have it or not */
	MODE_CHECK_UNTOLD,  /* a distribution's version: 5.14.0-570.el9, 7.0.0-14-generic */
	MODE_CHECK_NO,	    /* older than the first release of its branch that has it */
	MODE_CHECK_YES,
};

/* release: as uname has it. */
enum mode_check doctor_mode_check(const char *release);

/* 7.3 and 7.3.4 and 7.3-rc1 are from 7.3 on. false also where it cannot be told. */
bool doctor_release_from(const char *release, unsigned int major, unsigned int minor);

/* "6.18.51", "7.2.6": the first release of this branch that has it. NULL: none is known. */
const char *doctor_mode_check_since(const char *release);

#endif /* COMPATCAPS_DOCTOR_KERNEL_H */
