/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which guest a VMM's process runs, as its command line tells. */
#ifndef COMPATCAPS_GUEST_H
#define COMPATCAPS_GUEST_H

#include <stdint.h>
#include <stddef.h>

/* The guest's name out of QEMU's arguments (NUL-separated, len bytes); "" where none is. */
char *guest_of_args(char *name, size_t size, const char *args, size_t len);

/* The same of a process, which may be gone. */
char *guest_of_pid(char *name, size_t size, uint32_t pid);

#endif /* COMPATCAPS_GUEST_H */
