/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For diagnosis.c: what a record shows (evidence.c), and the sentence on what was decided from it
 * (hint.c). What was not seen is a range or MAYBE, and every question is asked so that not knowing
 * rules no cause out.
 */
#ifndef COMPATCAPS_EVIDENCE_H
#define COMPATCAPS_EVIDENCE_H

#include "diagnosis/diagnosis.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum answer { NO, MAYBE, YES };

/* What can be said of a number that was not seen itself: from lo to hi. */
struct range {
	uint64_t lo, hi;
};

/* What the record shows of what the kernel met. */
struct evidence {
	const struct cc_record *r;
	const struct host_facts *host;
	struct diagnosis *d;
	struct range page;
	struct range ksize;
	struct range usize;    /* that the kernel read */
	enum answer feature;   /* does the kernel have it, under whatever command? */
	enum answer hook;      /* was it called? */
	enum answer size_read; /* could size be read? */
	enum answer flags;     /* are they set? */
	enum answer tail;      /* is a byte of it set, ahead of what cannot be read? (mainline) */
	enum answer hole;      /* is there what cannot be read, and the kernel has to? */
	uint64_t unreadable;   /* from this offset on there is nothing to be read at exit */
	bool written;	       /* as it seems, a part of an answer, ahead of an EFAULT */
	bool vanished;	       /* what was readable is at exit no longer */
};

static inline bool overlaps(struct range a, uint64_t lo, uint64_t hi)
{
	return a.lo <= hi && lo <= a.hi && lo <= hi;
}

static inline bool within(struct range a, uint64_t value)
{
	return a.lo <= value && value <= a.hi;
}

/* A size that the kernel's struct can have: all of its fields are u64. */
static inline bool fits_ksize(const struct evidence *e, uint64_t size)
{
	return within(e->ksize, size) && size % sizeof(uint64_t) == 0;
}

static inline bool exact(struct range a)
{
	return a.lo == a.hi;
}

static inline bool is_mainline(const struct evidence *e)
{
	return e->d->abi->cmd == ABI_CMD_MAINLINE;
}

/* From v5 on size comes first, and the kernel reads as much as it says. */
static inline bool is_sized(const struct evidence *e)
{
	return e->d->abi->off_size == 0;
}

/* Fills *d with what is seen of the call, all but cause and hint. */
struct evidence evidence_gather(const struct cc_record *r, const struct host_facts *host,
				struct diagnosis *d);

/* Up to there the tail is known to be zero. */
uint64_t evidence_zero_up_to(const struct evidence *e);

/* ------------------------------------------------------------------ causes that are left */

/* A set of causes, a bit each. */
typedef uint32_t cause_set;
#define ONE(cause) ((cause_set)1 << (cause))

/* Those that the hook has to be called for. */
extern const cause_set causes_of_hook;

/* Can it be that the size that goes with an E2BIG could not be written back, or the answer? */
bool verdict_can_be_size_copyout(const struct evidence *e);
bool verdict_can_be_answer_copyout(const struct evidence *e);

/* Does the kernel return this anywhere in the call? */
bool verdict_is_known_result(int ret);

/* Writes the hint of e->d->cause. set: the causes that are left where that is `unexpected`. */
void hint_write(const struct evidence *e, cause_set set);

#endif /* COMPATCAPS_EVIDENCE_H */
