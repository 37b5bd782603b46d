/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes and VMs are traced: from what the user names to what the kernel compares. */
#ifndef COMPATCAPS_FILTERS_H
#define COMPATCAPS_FILTERS_H

#include "cmd/options.h"
#include "diagnosis/event.h"
#include "diagnosis/inventory.h"

/*
 * Complete *a with what the options name: a VM's inode, a cgroup's id. *pidfd: of the process
 * of -p, to be polled for its end; -1: none. false: there is no such thing, which was said.
 */
bool filters_resolve(const struct options *o, struct attach_options *a, int *pidfd);

/* Does the VM of this process pass the filters that act in the kernel on its calls? */
bool filters_pass(const struct attach_options *a, uint32_t pid, uint64_t vm_ino);

/* What the trace's frame says of them. buf: for the text. */
struct frame_filters filters_of_trace(const struct options *o, char *buf, size_t len);

/* When the trace ends by -d or --until; 0: it does not. All but offset on CLOCK_MONOTONIC. */
uint64_t filters_deadline(const struct options *o, uint64_t attached_at, int64_t offset);

/* Whose VMs are there, where none is of the name that --comm wants: of this inventory, */
void filters_say_others(const struct options *o, const struct inventory *inv);
/* or of what is there at the end of a trace that has seen nothing. */
void filters_say_unmatched(const struct options *o, const struct totals *n, struct attach *a);

#endif /* COMPATCAPS_FILTERS_H */
