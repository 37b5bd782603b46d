/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What /proc and the cgroups tell of a process, which may be gone at any time. */
#ifndef COMPATCAPS_PROCESS_H
#define COMPATCAPS_PROCESS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm/compatcaps.h"
#include "kvm/guest.h"

/* The process that this thread is of; 0: there is no such thread. */
uint32_t process_of_thread(uint32_t tid);

/* Its name as it is, not escaped; false: it is gone. */
bool process_comm(uint32_t pid, char comm[CC_COMM_LEN]);

/*
 * QEMU's -name in its command line, as guest_option() gives it; the machine, unless that is NULL,
 * as guest_machine() does; and whether there is an -incoming. They stay as they are where the
 * command line cannot be read.
 */
void process_options(uint32_t pid, char name[GUEST_OPTION_LEN], char machine[GUEST_OPTION_LEN],
		     enum incoming *incoming);

/*
 * Is it the process that was started then, in nanoseconds since boot as the kernel counts them?
 * Another may have got its number.
 */
bool process_is(uint32_t pid, uint64_t start_ns);

/* Does it descend from this process? false also where that cannot be told. */
bool process_descends(uint32_t pid, uint32_t from);

/* The id of its cgroup (v2); 0: not known. */
uint64_t process_cgroup(uint32_t pid);

/* Is there a hierarchy of cgroups v2? */
bool cgroups_are_mounted(void);

/*
 * A cgroup by its path, below the mount or absolute within it: its id, and how deep it lies
 * (0: the root). 0: there is none, errno tells why.
 */
uint64_t cgroup_id(const char *path, unsigned int *level);

/* The path of a cgroup below the mount ("/machine.slice/..."), escaped; "": not known. */
const char *cgroup_path(uint64_t id);

/* Is it this cgroup or one below it? By their paths. */
bool cgroup_is_below(const char *path, const char *above);

#endif /* COMPATCAPS_PROCESS_H */
