/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one VM did, as facts in their order: no text, no verdict on the whole of it, no claim about
 * what is missing (coverage.h has that). summary.h makes sentences of it, and the `story` event
 * shows it as it is.
 *
 * A request, a run and a mode belong to a vCPU. A record that does not tell its vCPU is of the one
 * that has no id: of it no more is said than that some vCPU did this. `seq` is the number of the
 * event that has the record, so that what came first can be told across vCPUs.
 *
 * All of it is bounded: HISTORY_VCPUS of a VM, HISTORY_REQUESTS of a vCPU, the first and the last
 * ones, and HISTORY_BYTES for all VMs together. What finds no room is counted.
 */
#ifndef COMPATCAPS_HISTORY_H
#define COMPATCAPS_HISTORY_H

#include "diagnosis/diagnosis.h"
#include "diagnosis/inventory.h"

#define HISTORY_VCPUS	 256
#define HISTORY_REQUESTS 16 /* the first half of them and the newest half */
#define HISTORY_BYTES	 (16u << 20)
#define HISTORY_LINES	 8 /* lines of KVM's that are remembered of a VM, the newest */

/* A KVM_SET_ONE_REG of KVM_REG_PPC_ARCH_COMPAT. */
struct history_request {
	uint64_t seq;
	uint64_t modes; /* that were on offer then; 0: not known */
	uint32_t pvr;
	int32_t ret;
	uint8_t cause;	/* enum arch_cause */
	uint8_t source; /* enum modes_source, of modes */
	bool v2;	/* this kernel answers to queries; */
	bool can_query;
};

/* A KVM_RUN that ended well. */
struct history_run {
	uint64_t seq; /* 0: there was none */
	uint32_t pvr; /* the mode that the vCPU had: 0: none */
	bool mode_known;
};

enum history_first { FIRST_UNKNOWN, FIRST_NO, FIRST_OF_VCPU, FIRST_OF_VM };

/* A KVM_RUN that failed: the first of this vCPU. */
struct history_failure {
	uint64_t seq; /* 0: there was none */
	uint64_t hardware_reason;
	uint32_t exit_reason; /* where ret is not negative */
	int32_t ret;
	enum history_first first;
	bool mode_known; /* the mode that the vCPU had then */
	uint32_t pvr;
	/* The request of this vCPU that was in force; asked false: none that is known. */
	bool asked;
	struct history_request request;
};

struct history_vcpu {
	bool known; /* id holds */
	uint32_t id;
	unsigned int n_requests, n_refused; /* that there were */
	unsigned int n_kept;		    /* of these in requests[], in their order */
	unsigned int room;
	struct history_request *requests;
	uint64_t first_run; /* seq of the first KVM_RUN that ended well; 0: none */
	struct history_run ran; /* the newest */
	struct history_failure *failure; /* the first; NULL: there was none */
	unsigned int n_failures;
};

/* A line that KVM printed. */
struct history_line {
	char *text;
	uint32_t tid;
	uint32_t cmd; /* the ioctl on this VM that the thread was in; 0: none that is known */
	uint64_t mono_ns;
};

/* Of a query that was told to retry. */
struct history_retry {
	uint64_t since, start; /* end and start of that call; 0: there is none */
	uint64_t size;	       /* that was written back */
	uint32_t tid, cmd;
};

struct history {
	bool incoming; /* it waited for its guest to be migrated here */
	bool ended;
	bool checked; /* the capability, with this answer: */
	int answer;

	unsigned int n_ok, n_failed;
	enum cause first_failure, last_failure;
	unsigned int n_retries, n_recovered;
	struct history_retry retry;
	bool offered_known; /* by its newest query that told any: */
	uint64_t offered;
	unsigned int offered_epoch; /* of the host (session): another one: it may offer others now */

	bool found; /* it was there already, in this mode: */
	enum inventory_mode found_mode;
	uint32_t found_pvr;
	uint32_t found_vcpus, found_seen; /* that it has, and whose mode could be read */

	struct history_vcpu *vcpus;
	unsigned int n_vcpus, vcpus_room;
	bool left_out; /* a part of it found no room */
	unsigned int n_failures; /* kinds of failures of KVM_RUN */

	struct history_line *lines; /* HISTORY_LINES of them; NULL: there was none */
	unsigned int n_lines;	    /* that there were; line i stands at i % HISTORY_LINES */
};

#endif /* COMPATCAPS_HISTORY_H */
