/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes and VMs are traced: from what the user names to what the kernel compares. */
#ifndef COMPATCAPS_FILTERS_H
#define COMPATCAPS_FILTERS_H

#include "cmd/options.h"

/*
 * Complete *a with what the options name: a VM's inode, a cgroup's id. *pidfd: of the process
 * of -p, to be polled for its end; -1: none. false: there is no such thing, which was said.
 */
bool filters_resolve(const struct options *o, struct attach_options *a, int *pidfd);

/* Does the VM of this process pass the filters that act in the kernel on its calls? */
bool filters_pass(const struct attach_options *a, uint32_t pid, uint64_t vm_ino);

/* The filters as options, escaped, for people; "" where there are none. Returns buf. */
const char *filters_text(const struct options *o, char *buf, size_t len);

#endif /* COMPATCAPS_FILTERS_H */
