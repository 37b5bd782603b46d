/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames of what the kernel side records, with the names that people have for it. */
#ifndef COMPATCAPS_FRAMES_H
#define COMPATCAPS_FRAMES_H

#include <stdint.h>

#include "kvm/frame.h"

#define FRAMES_NAMES 256 /* VMs whose command line has come and no record yet */

/* What a VM's command line tells, on its way to the VM's first record. */
struct vm_names {
	uint64_t vm; /* its number; 0: none */
	char name_option[GUEST_OPTION_LEN];
	char machine[GUEST_OPTION_LEN];
	enum incoming incoming;
};

struct names {
	struct vm_names list[FRAMES_NAMES];
	unsigned int n, next; /* mostly there are none */
};

/* CLOCK_MONOTONIC, in nanoseconds. */
uint64_t frames_now(void);

/* CLOCK_REALTIME less that. */
int64_t frames_clock_offset(void);

struct frame frame_at(enum frame_type type, uint64_t mono_ns);

/* What became of a VM. Texts of a frame hold until `text` is used again. */
struct frame_text {
	char comm[CC_COMM_LEN * 4], vm_name[CC_VM_NAME_LEN * 4], line[4 * CC_LINE_LEN + 1];
};

void names_note(struct names *n, const struct cc_args *a);

/* What is known of this VM and has not been passed on; NULL: nothing. */
const struct vm_names *names_of(const struct names *n, uint64_t vm);

/* It has been passed on. NULL: nothing was known. */
void names_drop(struct names *n, const struct vm_names *told);

/* known: of this VM, or NULL. grants: of one that has ended, or NULL. */
struct frame frame_of_vm(const struct cc_record *r, const struct cc_grants *grants,
			 const struct vm_names *known, struct frame_text *text);
struct frame frame_of_call(const struct cc_record *r, const struct vm_names *known);
struct frame frame_of_line(const struct cc_line *line, const struct vm_names *known,
			   struct frame_text *text);

#endif /* COMPATCAPS_FRAMES_H */
