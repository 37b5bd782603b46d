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

#include "diagnosis/coverage.h"
#include "diagnosis/diagnosis.h"
#include "diagnosis/inventory.h"
#include "diagnosis/order.h"
#include "kvm/qemu_machine.h"

#define HISTORY_VCPUS	   256
#define HISTORY_REQUESTS   16 /* the first half of them and the newest half */
#define HISTORY_BYTES	   (8u << 20)
#define HISTORY_LINE_BYTES (8u << 20) /* of all lines that KVM printed */
#define HISTORY_RETRIES	   4	      /* threads that were told to retry and have not yet */
#define HISTORY_WAYS	   16	      /* in which KVM_RUNs failed, that are kept apart */
#define HISTORY_LINES	   8	      /* lines of KVM's that are remembered of a VM, the newest */

/* A KVM_SET_ONE_REG of KVM_REG_PPC_ARCH_COMPAT. */
struct history_request {
	uint64_t seq;
	uint64_t modes; /* that were on offer then; 0: not known */
	uint32_t pvr;
	int32_t ret;
	uint32_t line;	/* of the VM's lines the one that KVM printed in it, from 1 on; 0: none */
	uint8_t cause;	/* enum arch_cause */
	uint8_t source; /* enum modes_source, of modes */
	uint8_t by;	/* enum request_by */
	bool guessed;	/* by the cpu-version, on a host whose nested API is not known */
	bool early;	/* before KVM_CAP_PPC_PAPR was enabled on its vCPU */
	bool early_known;
	bool v2;	/* the host's nested API is v2; */
	bool api_known; /* it is known which one it is */
	uint32_t lacks; /* the host's own mode, where kvm-hv did not agree on it; 0: it did */
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
	uint32_t line; /* of the VM's lines the one that KVM printed in it, from 1 on; 0: none */
	bool hardware_known; /* hardware_reason holds */
	bool without_papr;   /* of KVM HV: KVM_CAP_PPC_PAPR was not enabled on the vCPU */
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
	uint64_t first_run;		 /* seq of the first KVM_RUN that ended well; 0: none */
	struct history_run ran;		 /* the newest */
	struct history_failure *failure; /* the first; NULL: there was none */
	unsigned int n_failures;
};

/* A line that KVM printed. */
struct history_line {
	char *text;
	uint32_t tid;
	uint32_t cmd; /* the ioctl on this VM that the thread was in; 0: none that is known */
	uint64_t mono_ns, seq;
	bool vcpu_known; /* false also in older recordings */
	uint32_t vcpu;
	bool reg_known;
	uint64_t reg; /* that a KVM_SET_ONE_REG set */
};

/* Of a query that was told to retry. */
struct history_retry {
	uint64_t since, start; /* end and start of that call; 0: there is none */
	uint64_t size;	       /* that was written back */
	uint32_t tid, cmd;
};

/* How much all histories together take. */
struct history_room {
	size_t bytes, line_bytes;
	unsigned int n_left_out; /* histories of which a part found no room */
};

struct history {
	uint64_t seq, real_ns; /* of the first event of it; 0: there was none yet */
	struct order order;    /* its calls as words */

	bool incoming; /* it waited for its guest to be migrated here */
	bool ended;
	bool checked; /* the capability, with this answer: */
	int answer;

	unsigned int n_ok, n_failed;
	enum cause first_failure, last_failure;
	unsigned int n_retries, n_recovered;
	struct history_retry *retries; /* HISTORY_RETRIES of them; NULL: it was told none */
	bool offered_known;	       /* by its newest query that told any: */
	uint64_t offered;
	unsigned int offered_epoch; /* of the host: of another one it is not what it offers now */

	bool found; /* it was there already, in this mode: */
	enum inventory_mode found_mode;
	uint32_t found_pvr;
	uint32_t found_vcpus, found_seen; /* that it has, and whose mode could be read */

	struct qemu_machine *machine; /* what QEMU was told to make; NULL: not known, or it ended */
	uint64_t denied; /* when it ended and had never run: what keeps QEMU from starting it */

	struct history_vcpu *vcpus;
	unsigned int n_vcpus, vcpus_room;
	bool left_out;		 /* a part of it found no room */
	unsigned int n_failures; /* KVM_RUNs that failed and were recorded; */
	struct {
		int32_t ret;
		uint32_t exit_reason; /* where ret is not negative */
	} ways[HISTORY_WAYS];
	unsigned int n_ways; /* how many of these; HISTORY_WAYS: or more */

	struct history_line *lines; /* HISTORY_LINES of them; NULL: there was none */
	unsigned int n_lines;	    /* that there were; line i stands at i % HISTORY_LINES */
};

/* What became of a call that an E2BIG told to retry. */
struct retry {
	bool seen;
	bool recovered;
	uint64_t after_ns; /* from the start of the first call to the start of this one */
};

/* It was there when the trace began. born: its birth was seen nevertheless. */
void history_found(struct history *h, const struct inventory_vm *found,
		   const struct inventory_verdict *verdict, bool born);

/* It was made, as text says (qemu_machine.h); NULL: that is not known. */
void history_made(struct history *h, const char *text);
/*
 * It has ended, with what was granted to its process. runs_covered: where it was not seen to run it
 * has not run.
 */
void history_ended(struct history *h, const struct cc_grants *grants, const struct host_facts *host,
		   bool runs_covered);

/* An event of it. */
void history_event(struct history *h, struct history_room *room, const struct event *e);

void history_free(struct history *h, struct history_room *room);

/*
 * A query. Is it the answer to one that was told to retry: of the same thread, or of the same
 * command with the size that was written back? epoch: of the host.
 */
void history_query(struct history *h, struct history_room *room, const struct cc_record *r,
		   const struct diagnosis *d, unsigned int epoch, bool hides_retries,
		   struct retry *retry);
/*
 * A call in these functions (a set of points) may have come unseen. So the next query may not be
 * the first one after an E2BIG, and what KVM printed may have been of that call.
 */
void history_missed(struct history *h, unsigned int functions);

/* The vCPU that a record is about, made where it is a new one. NULL: there is no room. */
struct history_vcpu *history_vcpu_of(struct history *h, struct history_room *room,
				     const struct cc_record *r);

void history_request(struct history *h, struct history_room *room, struct history_vcpu *vcpu,
		     const struct history_request *request);
void history_ran(struct history_vcpu *vcpu, const struct cc_record *r, uint64_t seq);
/* The first failure of a vCPU is kept. */
void history_failed(struct history *h, struct history_room *room, struct history_vcpu *vcpu,
		    const struct history_failure *failure);

/*
 * The request that a run of this vCPU obeys: its newest one; of vCPUs that have no id the newest
 * one that was accepted and is the mode that the failing one has. NULL: none is known.
 */
const struct history_request *history_in_force(const struct history_vcpu *vcpu,
					       const struct cc_record *r);

/* Has any vCPU of it been seen to run, well or not? Was a mode asked for? */
bool history_has_run(const struct history *h);
unsigned int history_requests(const struct history *h);

/* A line that KVM printed: seq is its event's. */
void history_keep_line(struct history *h, struct history_room *room, const struct frame *f,
		       uint64_t seq);
/* Of the newest lines the one that is this old, the newest first; NULL: it is not there. */
const struct history_line *history_line(const struct history *h, unsigned int age);
/* The line of this number, from 1 on; NULL: it is not there any more. */
const struct history_line *history_line_by_number(const struct history *h, uint32_t number);

/*
 * The line that KVM printed in this query or request; NULL: none. A query's beginning and end were
 * both seen. A request's end alone was: the line is of its thread and its vCPU, of that register,
 * and no older than that vCPU's request before. vcpu NULL: it is not known.
 */
const char *history_line_of_call(const struct history *h, const struct history_vcpu *vcpu,
				 const struct cc_record *r);
/*
 * Has KVM printed a line in this vCPU since its last KVM_RUN that ended well? Whoever records only
 * failures keeps the good one that comes next nevertheless: without it the line would be laid to
 * whatever fails later.
 */
bool history_has_line_since_ran(const struct history *h, const struct history_vcpu *vcpu,
				const struct cc_record *r);
/*
 * The number of the line that KVM printed since the last KVM_RUN of this vCPU that ended well (the
 * next one after a line is always recorded); 0: none. In older recordings a line has no vCPU: then
 * it is of the thread, and in a first run of its vCPU, or just before this one ended.
 */
uint32_t history_line_of_run(const struct history *h, const struct history_vcpu *vcpu,
			     const struct cc_record *r, bool first);

#endif /* COMPATCAPS_HISTORY_H */
