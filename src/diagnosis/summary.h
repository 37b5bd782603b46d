/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All sentences of a VM, composed last, from facts (history.h) and from what of them can have been
 * missed (coverage.h). The hint of a request and of a failed run, the paragraph and the few words
 * at a VM's end come from the same functions, so that they cannot disagree. Nothing keeps a
 * sentence to tell it later: what is known by then may be more, or less may be sure.
 *
 * The formats stand in one table at the top of summary.c.
 */
#ifndef COMPATCAPS_SUMMARY_H
#define COMPATCAPS_SUMMARY_H

#include "diagnosis/coverage.h"
#include "diagnosis/history.h"
#include "diagnosis/vm_table.h"

#define SUMMARY_NOT_KNOWN     8
#define SUMMARY_NOT_KNOWN_LEN 160

/* A VM, and what can have been missed of each kind of what it did. */
struct summary {
	unsigned int vm;
	uint32_t pid;
	const char *comm, *guest; /* NULL or "": not known */
	const struct history *history;
	enum coverage_reason life, queries, requests, runs;
	bool can_query; /* this kernel answers queries */
	const struct host_facts *host;
};

/* Did it query, as far as was seen? */
enum queried summary_queried(const struct history *h, enum coverage_reason queries);

/* What is known of queries when a request is described. */
struct summary_asked {
	const char *comm; /* who asked; "": the VMM */
	enum queried queried;
	enum cause query_cause; /* of the newest query, where it failed */
	const char *not_seen;	/* why a query can have been missed; NULL: it cannot */
	bool can_query;
	bool runs;	  /* it has run since, or has failed to */
	const char *line; /* that KVM printed in it; NULL: none */
};

/* A request as it is remembered. host: as it was then. */
void summary_fill_request(struct history_request *to, const struct cc_record *r,
			  const struct host_facts *host, const struct offer *offer,
			  enum arch_cause cause);

/* The hint of a request for a mode. */
void summary_request(char *buf, size_t len, const struct history_request *request,
		     const struct summary_asked *asked);

/* The hint of a KVM_RUN that failed. h, vcpu NULL: of which VM could not be told. */
char *summary_failure(const struct history *h, const struct history_vcpu *vcpu,
		      const struct history_failure *failure);

/* The story: a paragraph, and a few words. The caller frees it; NULL: no memory. */
char *summary_paragraph(const struct summary *s);
char *summary_sentence(const struct summary *s);

/* What keeps QEMU from starting it, in the order of the table, up to CAPABILITIES_MAX of them. */
size_t summary_denied(const struct summary *s, struct capability_grant *to);

/* Before all paragraphs: VMs that have no story, and why. */
typedef void paragraph_fn(const char *text, void *ctx);
void summary_left_out(const struct vm_table *t, paragraph_fn *paragraph, void *ctx);

/* The request that still stands and went wrong: the newest of all. NULL: there is none. */
const struct history_request *summary_unsolved(const struct history *h);
/* Do all that run since their newest request run in one mode? false: none runs. */
bool summary_mode_of_all(const struct history *h, bool *differs, struct history_run *mode);

struct summary_not_known {
	size_t n;
	char text[SUMMARY_NOT_KNOWN][SUMMARY_NOT_KNOWN_LEN];
};

/* What is not known of a VM, and why. */
void summary_not_known(const struct summary *s, struct summary_not_known *to);

/* Of what differs between the vCPUs of a VM, where there is room for one word. */
#define SUMMARY_SEVERAL "several"
/* "POWER9", "the host's default", "0x0f000009": what was asked for. Returns buf. */
#define SUMMARY_MODE_LEN 64
char *summary_wanted(char buf[SUMMARY_MODE_LEN], uint32_t pvr);
/* The same with who asked, where it was the guest: "POWER9 in its guest's CAS". Returns buf. */
#define SUMMARY_ASKED_LEN (SUMMARY_MODE_LEN + 32)
char *summary_asked(char buf[SUMMARY_ASKED_LEN], const struct history_request *request);
/* "power9": the mode as QEMU and libvirt write it. Returns buf. */
const char *summary_option(char buf[DIAGNOSIS_OPTION_LEN], const struct abi_mode *mode);
/* "POWER9", "the host's own mode": what a vCPU runs in. Returns buf. */
char *summary_runs_in(char buf[SUMMARY_MODE_LEN], uint32_t pvr);

/* What KVM printed in a run that failed; NULL: nothing that is known. h may be NULL. */
const char *summary_printed(const struct history *h, const struct history_failure *f);

#endif /* COMPATCAPS_SUMMARY_H */
