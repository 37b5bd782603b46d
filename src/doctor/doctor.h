/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stands in the way of tracing on a host, and what its VMMs are up against: facts that
 * doctor_facts.c finds, and what they come to. Here all is pure.
 */
#ifndef COMPATCAPS_DOCTOR_H
#define COMPATCAPS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diagnosis/diagnosis.h"
#include "io/trusted.h"
#include "kvm/guest.h"

#define DOCTOR_TEXT_LEN	    512
#define DOCTOR_FINDINGS	    48
#define DOCTOR_QEMUS	    8
#define DOCTOR_QEMU_SECONDS 5 /* for a QEMU to say its version */
#define DOCTOR_SCHEMA	    1 /* of the JSON; it changes with what a reader must know */

/* A privilege of the kernel's that the tracer needs. */
struct doctor_capability {
	const char *name;
	bool there;
};

/* Whether programs for a method can be loaded; none is attached. */
struct doctor_load {
	bool tried;
	unsigned int points; /* of ATTACH_POINTS, as bits */
	int err;	     /* 0, or -errno */
};

struct doctor_qemu {
	char path[256]; /* escaped */
	char said[128]; /* the first line of --version, escaped; "" where it said nothing */
	char not_run[TRUSTED_WHY_LEN]; /* why it was not asked, a clause; "": it was */
	bool slow;		       /* it had not said all of it after DOCTOR_QEMU_SECONDS */
};

/* A domain of libvirt's, and what decides on its mode. */
struct doctor_domain {
	char name[GUEST_NAME_LEN]; /* escaped */
	char model[32];		   /* in capitals, escaped: "POWER11"; "": it names none */
	bool kvm, host_model;
	char asks[32]; /* the mode that libvirt has QEMU ask for, of one that is unfit */
};

#define DOCTOR_DOMAINS 8

struct doctor_domains {
	size_t n; /* that run by KVM */
	/* That ask for a newer mode than the host offers; the first DOCTOR_DOMAINS of them. */
	struct doctor_domain unfit[DOCTOR_DOMAINS];
	size_t n_unfit;
	const struct abi_mode *newest; /* that the host offers; NULL: not known */
	size_t n_unjudged;	       /* of which it is not known what host-model asks for */
	size_t n_unread, n_left;       /* that could not be read; that are too many */
	int err; /* errno: the directory could not be read; 0: it was, or there is none */
};

struct doctor_facts {
	struct doctor_capability capabilities[3];
	const char *no_privilege, *locked, *no_types; /* NULL, or a sentence (host.h) */
	enum fact lockdown_is;
	char lockdown[32];
	char release[128]; /* of the kernel */
	/* Modules of KVM: loaded, and do they tell their types? */
	bool has_kvm, kvm_types, has_hv, hv_types, has_pr;
	const char *no_kvm; /* NULL, or a sentence */
	bool symbols_read;  /* of the kernel; false: the next two are not known */
	bool direct_calls;  /* ftrace can call BPF directly, which fexit rests on */
	bool kprobes;
	int ftrace_enabled; /* -1: this kernel has no such switch */
	bool kprobes_off, kprobes_safe;
	struct doctor_load fexit, kprobe, tracepoint, iterator;
	bool debugfs, cgroup2, pid_namespace;
	struct host_facts host;
	/* The VMs that are there, and to how many KVM refused a mode, or gave one that is newer
	 * than the host's. */
	size_t vms, vms_refused, vms_above;
	bool vms_partial; /* there may be more */
	struct doctor_qemu qemus[DOCTOR_QEMUS];
	size_t n_qemus, more_qemus;
	struct doctor_domains domains;
};

enum doctor_state { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_PROBLEM, DOCTOR_STATES };

struct doctor_finding {
	const char *check; /* its name is stable */
	enum doctor_state state;
	char what[DOCTOR_TEXT_LEN];
	char remedy[DOCTOR_TEXT_LEN]; /* "": there is none, or none is needed */
};

struct doctor {
	struct doctor_finding findings[DOCTOR_FINDINGS];
	size_t n;
	struct offer offer; /* what guests get, */
	bool guessed;	    /* which is derived from the cpu-version, and need not be true */
};

void doctor_examine(struct doctor *d, const struct doctor_facts *facts);

/* Is there something that keeps the tracer from working? */
bool doctor_has_problem(const struct doctor *d);

/* "ok", "note", "problem" */
const char *doctor_state_name(enum doctor_state state);

/*
 * Problems first, then notes; the last line is the verdict. all: also what is well, a line for each
 * check; else one line says how many these are.
 */
void doctor_show_text(FILE *f, const struct doctor *d, bool color, bool all);
/* false: there is not enough memory. */
bool doctor_show_json(FILE *f, const struct doctor *d);

#endif /* COMPATCAPS_DOCTOR_H */
