/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A record that came out of the kernel or a file: is it one, and what does it prove? */
#ifndef COMPATCAPS_RECORD_H
#define COMPATCAPS_RECORD_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "kvm/compatcaps.h"

/* Can it be diagnosed at all? */
bool record_valid(const struct cc_record *r);

/*
 * The command that this record proves the kernel to have, 0 where it proves none: what got
 * past the command's own ENOTTY.
 */
uint32_t record_proves_cmd(const struct cc_record *r);

/* Is any of KVM's answers known? */
bool grants_known(const struct cc_grants *g);

#endif /* COMPATCAPS_RECORD_H */
