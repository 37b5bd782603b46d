/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Was it seen? The absence of a record is evidence only where a record would be there: the VM was
 * watched from before its birth, in that function, without a loss, a gap or a filter since.
 * Everything that is said of what did not happen asks coverage_of() first.
 *
 * What befalls all VMs at once (a loss of no known VM, a function that is no longer watched) is
 * written down once, with a new epoch, and a VM compares that with its own epoch when it is looked
 * at. So no frame costs more because there are more VMs.
 *
 * In a trace of schema 2 a VM is whole in a function only if its birth was recorded, and after the
 * function's last attach. Schema 1 has no births in the order of the calls: there nothing is whole.
 */
#ifndef COMPATCAPS_COVERAGE_H
#define COMPATCAPS_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "diagnosis/diagnosis.h"
#include "kvm/frame.h"

#define COVERAGE_IN_ORDER \
	2 /* from this schema on births and ends are in the order of the calls \
	   */

/* What of a VM, or of a trace, was seen. The names are a contract: coverage_name(). */
enum coverage_state {
	COVERAGE_WHOLE,	   /* from its birth on, without a loss, a gap or a filter */
	COVERAGE_OLDER,	   /* it was there before the trace */
	COVERAGE_LOSSY,	   /* events were lost since its birth */
	COVERAGE_GAP,	   /* it was not watched for a while, or not in this function */
	COVERAGE_FILTERED, /* a filter hides calls */
	COVERAGE_UNKNOWN,  /* when it was born could not be told */
	COVERAGE_STATES,
};

/* Why something may have been missed; a state has one or more reasons. */
enum coverage_reason {
	COVERED,
	NOT_COVERED_OLDER,
	NOT_COVERED_GAP,      /* not watched all the time */
	NOT_COVERED_ABSENT,   /* the function was never watched */
	NOT_COVERED_CUT_OFF,  /* the recording is cut off: losses may not have been reported */
	NOT_COVERED_WRITTEN,  /* the same of one that is still being written */
	NOT_COVERED_LOST,     /* events were lost */
	NOT_COVERED_FILTER,   /* a filter hides a part of its calls */
	NOT_COVERED_OUTCOMES, /* calls of some outcomes alone were recorded */
	NOT_COVERED_SCHEMA_1, /* births were not recorded in order */
	NOT_COVERED_BIRTH,    /* when it was born could not be told */
	NOT_COVERED_TOO_MANY, /* too many VMs to tell apart */
	COVERAGE_REASONS,
};

/* Functions as a set of points. */
#define COVERAGE_QUERIES  (1u << POINT_IOCTL)
#define COVERAGE_REQUESTS (1u << POINT_REG)
#define COVERAGE_RUNS	  (1u << POINT_RUN)
#define COVERAGE_LIFE	  (COVERAGE_QUERIES | COVERAGE_REQUESTS) /* `coverage`, `watched` */

/* "whole", "older", "lossy", "gap", "filtered", "unknown"; NULL for a number that is none. */
const char *coverage_name(enum coverage_state state);
enum coverage_state coverage_state_of(enum coverage_reason reason);
/* "the VM is older than this trace", after "was not seen to ..."; NULL of COVERED. */
const char *coverage_why(enum coverage_reason reason);
/* The same where a state alone is known. */
const char *coverage_state_why(enum coverage_state state);

/* A set of reasons for each function. */
struct coverage_holes {
	uint16_t at[ATTACH_POINTS]; /* 1u << enum coverage_reason */
};

/* Of one VM: coverage_begin(). */
struct vm_coverage {
	uint64_t epoch; /* what befell all VMs until then is in holes */
	struct coverage_holes holes;
	uint16_t early_losses; /* functions of which something was lost before its first record */
	uint8_t unborn; /* enum coverage_reason: why its birth is not known; COVERED: it is */
	bool born;	/* it was told to have been made, be it out of order */
	bool found;	/* it was there when the trace began */
	bool ended;	/* nothing can be missed of it any more */
};

/* Of a trace. All 0 at its beginning. */
struct coverage {
	uint32_t schema; /* 0: nothing was told yet */
	bool cut_off;
	bool written;		      /* it is, because it is still being written */
	struct frame_filters filters; /* without the text */
	bool by_name; /* the recording has only VMs that were chosen by their guests' names */
	struct {
		bool told, attached;
		bool ever, gap;	      /* attached once; let go of after that */
		bool known, listed;   /* schema 1: all VMs that existed are listed, or were once */
		uint64_t attached_ns; /* when it was attached last */
		uint64_t gap_at, lost_at; /* epochs; 0: never */
	} points[ATTACH_POINTS];
	uint64_t epoch;
	bool forgets; /* of some VMs it is not remembered what was missed */
};

/* Frames that are about all VMs. */
void coverage_trace(struct coverage *c, const struct frame *f);
void coverage_attach(struct coverage *c, const struct frame *f);
void coverage_end(struct coverage *c, const struct frame *f);

/* The functions (a set of points) whose calls a part of a loss is of; by NULL: of the rest. */
unsigned int coverage_lost_functions(const struct frame *f, const struct loss_count *by);
/* Something was lost of these functions, and of which VM is not known. */
void coverage_lose_any(struct coverage *c, unsigned int functions);

/* A VM's first record; and its birth was recorded. */
void coverage_begin(const struct coverage *c, struct vm_coverage *vm);
/* It was there when the trace began. */
void coverage_found(struct vm_coverage *vm);
void coverage_born(const struct coverage *c, struct vm_coverage *vm, uint64_t mono_ns);
/* A frame is about it: it takes over what befell all VMs. Returns of which functions that is. */
unsigned int coverage_meet(const struct coverage *c, struct vm_coverage *vm);
void coverage_ended(const struct coverage *c, struct vm_coverage *vm);
/* It is shown from here on, and what it did before was not. */
void coverage_chosen_late(struct vm_coverage *vm);
/* What was missed before its first record. */
void coverage_take(struct vm_coverage *vm, const struct coverage_holes *holes);
void coverage_add(struct vm_coverage *vm, unsigned int functions, enum coverage_reason reason);

/*
 * Why something of a VM in these functions may have been missed until now: the reason that says
 * most. vm NULL: of one that cannot be told apart.
 */
enum coverage_reason coverage_of(const struct coverage *c, const struct vm_coverage *vm,
				 unsigned int functions);

#endif /* COMPATCAPS_COVERAGE_H */
