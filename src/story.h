/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is remembered of each VM, so that its calls can be followed as one story. */
#ifndef COMPATCAPS_STORY_H
#define COMPATCAPS_STORY_H

#include "diagnosis.h"

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

/* What this record adds to its VM's story. */
struct step {
	unsigned int vm; /* small and stable, from 1 on; 0: no VM, or too many to tell apart */
	bool first;	 /* the first that is seen of this VM */
	const char *guest; /* as story_name() was told, before or after; "": none */
	struct retry retry;
	struct offer offer; /* for a VMM that asks for a mode now */
};

#define STORY_MAX_VMS 65536 /* about 50 MB; VMs beyond them are not told apart */

/* Take a record into its VM's story; diag is that of a negotiation, else NULL. */
void story_add(struct story *s, const struct cc_record *r, const struct diagnosis *diag,
	       const struct host_facts *host, struct step *step);

/* Note the outcome of a KVM_REG_PPC_ARCH_COMPAT that story_add() has taken in. */
void story_arch(struct story *s, const struct cc_record *r, const struct arch_diagnosis *arch);

/* The name of the VM's guest, from its process; NULL or "" where there is none. */
void story_name(struct story *s, const struct cc_record *r, const char *guest);

/* Each VM's story as a paragraph, oldest first. */
void story_tell(const struct story *s,
		void (*paragraph)(const char *text, void *ctx), void *ctx);

#endif /* COMPATCAPS_STORY_H */
