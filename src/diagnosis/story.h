/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is remembered of each VM, so that its calls can be followed as one story, and how
 * much of its life was seen: a claim about all of it needs all of it.
 */
#ifndef COMPATCAPS_STORY_H
#define COMPATCAPS_STORY_H

#include "diagnosis/vm_table.h"

struct story; /* all VMs of a trace */

/* NULL: no memory. */
struct story *story_new(void);
void story_free(struct story *s);

/* What became of a call that an E2BIG told to come again. */
struct retry {
	bool seen;
	bool recovered;
	uint64_t after_ns; /* from the start of the first call to the start of this one */
};

/* "whole", "older", "lossy", "gap", "filtered", "unknown" */
const char *life_name(enum life life);

/* What is known of a VM when a KVM_RUN of it fails, or is seen to end well. */
struct run {
	bool asked; /* for a mode: the newest request, and what became of it */
	uint32_t pvr;
	enum arch_cause cause;
	bool accepted;
	bool first_known, first; /* was the failed one the vCPU's first? */
	/* What KVM printed since the VM was first heard of, escaped, oldest first. */
	const char *messages[STORY_MESSAGES];
	size_t n_messages;
	const char *hint; /* a sentence; of one that failed */
};

/* What a frame adds to its VM's story. */
struct step {
	unsigned int vm;   /* small and stable, from 1 on; 0: no VM, or too many to tell apart */
	const char *guest; /* as its -name told, now or before; "": none */
	const char *vm_name, *comm, *thread; /* escaped */
	enum life life;
	bool silent; /* no call of it was seen so far */
	struct retry retry;
	struct offer offer; /* for a VMM that asks for a mode now */
	struct run run;
	const char *sentence; /* of a VM that has ended: its story, shortly */
};

/* Frames that are about all VMs. */
void story_trace(struct story *s, const struct frame *f);
void story_attach(struct story *s, const struct frame *f);
void story_lost(struct story *s, const struct frame *f);

/* A VM was there already. */
void story_found(struct story *s, const struct frame *f, const struct inventory_verdict *v,
		 struct step *step);

/* A VM was made or has ended. */
void story_vm(struct story *s, const struct frame *f, struct step *step);

/*
 * Take a call into its VM's story; diag is that of a negotiation, else NULL. For a request
 * of a mode step->offer is filled before story_arch() is told how that went.
 */
void story_call(struct story *s, const struct frame *f, const struct diagnosis *diag,
		const struct host_facts *host, struct step *step);
void story_arch(struct story *s, const struct frame *f, const struct offer *offer,
		const struct arch_diagnosis *arch);

/* A KVM_RUN that failed; the first that ended well; a line that KVM printed. */
void story_run(struct story *s, const struct frame *f, struct step *step);
void story_ran(struct story *s, const struct frame *f, struct step *step);
void story_kernel(struct story *s, const struct frame *f, struct step *step);

/* The newest line that KVM printed in this call, as far as thread and time tell; or NULL. */
const char *story_line_of(const struct story *s, const struct cc_record *r);

/* The number of the VM with this inode; 0: it is not known. */
unsigned int story_number(const struct story *s, uint64_t ino);

/* VMs for which there was no room. *more: those and others, which could not be counted. */
unsigned int story_beyond(const struct story *s, bool *more);

/* Each VM's story as a paragraph, oldest first; before them, what is left out. */
void story_tell(const struct story *s, void (*paragraph)(const char *text, void *ctx), void *ctx);

#endif /* COMPATCAPS_STORY_H */
