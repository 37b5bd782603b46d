/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a record and the facts of the host to a cause and a hint. Pure functions: no I/O,
 * no libbpf, so that what is tested offline is what runs live.
 */
#ifndef COMPATCAPS_DIAGNOSIS_H
#define COMPATCAPS_DIAGNOSIS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm/abi.h"
#include "kvm/facts.h"
#include "kvm/record.h"

#define DIAGNOSIS_HINT_LEN   384
#define DIAGNOSIS_OPTION_LEN 16

/* Names are stable: outputs, docs and tests use them (docs/diagnosis.md). */
enum cause {
	CAUSE_OK,
	CAUSE_OK_LARGER_STRUCT,
	CAUSE_OK_SMALLER_STRUCT,
	CAUSE_OK_NO_MODES,
	CAUSE_SIZE_OVER_PAGE,
	CAUSE_STRUCT_TOO_NEW,
	CAUSE_SIZE_TOO_SMALL,
	CAUSE_FLAGS_SET,
	CAUSE_BACKEND_NOT_PSERIES,
	CAUSE_BACKEND_NO_CPU_VERSION,
	CAUSE_BACKEND_UNMAPPED_CPU_VERSION,
	CAUSE_BACKEND_FAILED,
	CAUSE_ARG_UNREADABLE,
	CAUSE_STRUCT_UNREADABLE,
	CAUSE_COPYOUT_FAILED,
	CAUSE_NO_BACKEND,
	CAUSE_ABI_MISMATCH,
	CAUSE_NO_KERNEL_SUPPORT,
	CAUSE_UNEXPECTED,
	CAUSE_MAX,
};

enum usize_source { USIZE_UNKNOWN, USIZE_ENTRY, USIZE_EXIT };
enum tail_state { TAIL_NONE, TAIL_ZERO, TAIL_NONZERO, TAIL_UNREAD };

/* A number that may not have been seen. */
struct maybe_u64 {
	bool known;
	uint64_t value;
};

struct diagnosis {
	const struct abi_revision *abi; /* what the caller speaks */
	struct maybe_u64 usize;
	enum usize_source usize_source;
	struct maybe_u64 flags;
	struct maybe_u64 size_out;
	struct maybe_u64
		caps;	   /* only where the call succeeded; the hook's own before user memory's */
	bool caps_of_hook; /* caps is what the kernel itself said */
	bool changed;	   /* what was read at entry and at exit cannot both be the caller's */
	enum tail_state tail; /* TAIL_NONE: usize is not above ksize */
	uint64_t tail_first;  /* TAIL_NONZERO: offset in the struct */
	uint64_t tail_read;   /* bytes of the tail, from ksize on, that were looked at */
	enum cause cause;
	char hint[DIAGNOSIS_HINT_LEN]; /* one sentence for a VMM developer */
};

/* Where it is known from what the host offers. */
enum modes_source { MODES_UNKNOWN, MODES_NEGOTIATION, MODES_NESTED_CAPS, MODES_CPU_VERSION };

/* Has the VMM asked what there is? */
enum queried {
	QUERIED_NOT_SEEN, /* and not all of the VM's life was watched */
	QUERIED_NO,	  /* all of it was */
	QUERIED_FAILED,	  /* as query_cause tells, and never with success */
	QUERIED_YES,
};

/* What a VM's history knows of the host's modes when a VMM asks for one (history.h). */
struct offer {
	enum queried queried;
	enum cause query_cause; /* of the newest query, for QUERIED_FAILED */
	const char
		*not_seen; /* why it may have queried unseen: "the VM is older than this trace" */
	enum modes_source source;
	uint64_t modes;	     /* bitmap */
	const char *message; /* the newest line that KVM printed in this call, escaped; or NULL */
};

enum arch_cause {
	ARCH_ACCEPTED,
	ARCH_ACCEPTED_ABOVE_HOST,
	ARCH_HOST_DEFAULT,
	ARCH_NEWER_THAN_HOST,
	ARCH_OUTSIDE_HOST_CAPS,
	ARCH_UNKNOWN_PVR,
	ARCH_BEFORE_PAPR,
	ARCH_KVM_PR,
	ARCH_REJECTED,
	ARCH_MAX,
};

/* Why a VMM asks for a mode, as far as was seen. */
enum request_by {
	BY_UNKNOWN,
	BY_CAS,	  /* the guest negotiates it, and waits in that hypercall */
	BY_START, /* the guest has not run yet */
	BY_VMM,	  /* the guest has run, and does not negotiate: a reset, for example */
	BY_MAX,
};

/* What became of one KVM_SET_ONE_REG of KVM_REG_PPC_ARCH_COMPAT. */
struct arch_diagnosis {
	uint32_t pvr;
	const struct abi_pvr *known; /* NULL: a PVR that no kernel knows */
	enum arch_cause cause;
	enum request_by by;
	bool guest_known; /* which modes its guest has listed, as a bitmap: */
	uint64_t guest_modes;
	char hint[DIAGNOSIS_HINT_LEN]; /* what was asked for, what there is, and what to write */
	char developer_hint[DIAGNOSIS_HINT_LEN];   /* for the author of the VMM; "": nothing */
	char max_cpu_compat[DIAGNOSIS_OPTION_LEN]; /* QEMU's and libvirt's word for a mode that
						      fits; "": none */
};

/* The verdict of the tracer that made the recording, to be shown instead of today's. */
struct recorded_verdict {
	enum cause cause;
	enum arch_cause arch_cause;
	const char *hint;
};

/* The offer that the host makes by itself, for a VM that no negotiation is known of. */
struct offer host_offer(const struct host_facts *host);
/* By the cpu-version, where nested API v2, on which a hypervisor agrees to what it likes, cannot be
 * excluded. */
bool offer_is_guess(const struct host_facts *host, const struct offer *offer);

/* The host's own mode, where kvm-hv did not agree on it with the hypervisor; 0: it did, or that is
 * not known. */
uint32_t host_lacks(const struct host_facts *host);
/* Is its nested API v2? Can its kernel answer queries? As far as is known. */
bool host_is_v2(const struct host_facts *host);
bool host_can_answer(const struct host_facts *host);
/* Is the host known to be one where the backend hook has no answer? */
bool host_hook_must_fail(const struct host_facts *host);

/* Of a KVM_RUN: KVM HV refuses it as long as KVM_CAP_PPC_PAPR is not enabled on the vCPU. */
bool run_lacks_papr(const struct cc_record *r);

/* host: for what the kernel can; offer: for what this VM knows. */
void diagnose_arch(const struct cc_record *r, const struct host_facts *host,
		   const struct offer *offer, struct arch_diagnosis *d);

/* "newer-than-host"; NULL for a number that is no cause. */
const char *arch_cause_name(enum arch_cause cause);

/* "cas", "start", "vmm"; NULL: not known. */
const char *request_by_name(enum request_by by);

/* "negotiation", "nested-capabilities", "cpu-version"; NULL: not known. */
const char *modes_source_name(enum modes_source source);

/* "yes", "failed", "no", "not-seen" */
const char *queried_name(enum queried queried);

/* "ring-full"; NULL for a number that is no reason. */
const char *loss_name(enum cc_loss loss);
/* Whether calls, or lines of KVM's, can be among what was lost so; and ends of VMs. */
bool loss_is_of_calls(enum cc_loss loss);
bool loss_key_is_of_calls(const struct cc_loss_key *key);
bool loss_is_of_ends(enum cc_loss loss);
/* Was each of what was lost so an event of KVM's? Of what a probe missed the kernel cannot tell. */
bool loss_is_certain(const struct cc_loss_key *key);

/* The modes of a bitmap, "POWER9 POWER10", unknown bits as hex after them. Returns buf. */
char *modes_text(char *buf, size_t len, uint64_t caps);

void diagnose(const struct cc_record *r, const struct host_facts *host, struct diagnosis *d);

/* Where KVM printed a line in this call, and the hint would send to the kernel's log: quote it. */
void diagnose_line(const struct cc_record *r, const char *line, struct diagnosis *d);

/* Does the verdict on this record, or what it names, hang on a kernel_cmd that is not known? */
bool record_wants_cmd(const struct cc_record *r, const struct host_facts *host);

/* "size-over-page"; NULL for a number that is no cause. cause_by_name() gives -1 for none. */
const char *cause_name(enum cause cause);
int cause_by_name(const char *name);
int arch_cause_by_name(const char *name);

/* Is it a failure, a success with something to know, or just fine? */
enum verdict_kind { VERDICT_FINE, VERDICT_NOTE, VERDICT_FAILURE };
enum verdict_kind cause_kind(enum cause cause);
/* What the VMM's author is to change after such a failure, without its numbers; NULL: nothing. */
const char *cause_advice(enum cause cause);
enum verdict_kind arch_cause_kind(enum arch_cause cause);

/* "E2BIG" for -7 and 7 alike; a plain number for what has no name. buf: 16 bytes at least. */
const char *errno_name(int err, char *buf, size_t len);

#endif /* COMPATCAPS_DIAGNOSIS_H */
