/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which guest a VMM's process runs, as its command line tells. */
#ifndef COMPATCAPS_GUEST_H
#define COMPATCAPS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_NAME_LEN	 256 /* as escaped */
#define GUEST_OPTION_LEN 512 /* as escaped */

/*
 * The value of QEMU's -name out of its arguments (NUL-separated, len bytes), escaped; "" where
 * there is none. The rest of a command line may hold secrets, and is not kept.
 */
char *guest_option(char *buf, size_t size, const char *args, size_t len);

/* Does the guest come from another QEMU, which migrates it here? */
enum incoming { INCOMING_UNKNOWN, INCOMING_NO, INCOMING_YES };

/*
 * As QEMU's -incoming in its arguments tells, whose value is not kept; all false: there may be
 * more of them.
 */
enum incoming guest_incoming(const char *args, size_t len, bool all);

/*
 * What QEMU was told to make: the values of its -machine, -M and -accel, joined by commas, escaped;
 * "pseries" where there are none. "" where that is not known: it is no QEMU, or takes such options
 * from a file, or there may be more of them (all false).
 */
char *guest_machine(char *buf, size_t size, const char *args, size_t len, bool all);

/*
 * The guest's name of such a value, as QEMU reads it: "guest=NAME,...", or NAME first; a comma
 * in it is doubled. "" where there is none.
 */
char *guest_name(char *name, size_t size, const char *option);

#endif /* COMPATCAPS_GUEST_H */
