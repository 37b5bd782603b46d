/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The capabilities that QEMU's pseries machine acts on when it starts, and what a host grants of
 * them. The table is capabilities.def. Here all is pure.
 */
#ifndef COMPATCAPS_CAPABILITIES_H
#define COMPATCAPS_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm/facts.h"

/* What QEMU decides by whether there is such a capability. */
enum capability_from {
	FROM_EXTENSION, /* KVM_CHECK_EXTENSION gives more than 0 */
	FROM_NUMBER,	/* the same, and the number that it gives means something */
	FROM_RADIX_TOO, /* the same of this one and of radix */
	FROM_BIG_PAGES, /* the same, where pages have 64 KiB: QEMU can map it with no others */
	FROM_REAL_MODE, /* the same, where guests have a radix MMU or pages have 64 KiB */
	FROM_PAGE_SIZE, /* KVM_PPC_GET_SMMU_INFO: must pages of the host be as large as the guest's?
			 */
	FROM_CACHE_FLUSH, /* these four: KVM_PPC_GET_CPU_CHAR */
	FROM_BOUNDS_CHECK,
	FROM_INDIRECT_BRANCH,
	FROM_COUNT_CACHE,
	FROM_HWCAP,	  /* a bit of the auxiliary vector, AT_HWCAP */
	FROM_DECREMENTER, /* so many bits in the device tree, ibm,dec-bits */
	FROM_NOBODY,	  /* no KVM has it */
};

/* What comes of it where KVM lacks it, with the newest pseries machine and no option. */
enum capability_need {
	NEED_START, /* QEMU does not start */
	NEED_USED,  /* QEMU starts, and does otherwise */
	NEED_ASKED, /* nothing, unless it or the guest is told to have it */
	CAPABILITY_NEEDS
};

struct capability {
	const char *name; /* "cap-htm", "xive": stable, and as QEMU calls it if it is a cap-* */
	const char *what; /* a few words */
	enum capability_from from_what;
	uint32_t number; /* of KVM's extension, of the bit of AT_HWCAP, of the bits */
	const char *kvm; /* "KVM_CAP_PPC_HTM"; NULL: not KVM decides */
	const char *
		since; /* the first Linux whose KVM has it: "4.8"; NULL: not KVM decides, or none */
	enum capability_need need;
	const char
		*otherwise; /* what QEMU does without it, a clause; NULL: only it does not start */
	const char *qemu;   /* QEMU's word, which stands behind -machine; NULL: it has none */
	const char *wants;  /* what QEMU's newest pseries machine takes for it by itself, */
	unsigned int from;  /* on hosts from this generation of POWER on, else the least */
	unsigned int least; /* QEMU gives it to no older generation */
	const char *levels; /* from the least on, in one text; NULL: off and on */
	/* What starts a guest without it, behind -machine, and below <features> of libvirt, where
	 * it has an element for that. VALUE stands for what is granted. */
	const char *without, *libvirt;
	const char *message; /* a fixed part of what QEMU says then; NULL: it says nothing */
};

#define CAPABILITIES_MAX 64 /* rows of the table, or fewer */

/* NULL: there are no more. */
const struct capability *capability(size_t i);
size_t capability_index(const struct capability *c);
const struct capability *capability_by_name(const char *name);
/* The next row that rests on this extension of KVM, behind c (NULL: the first). */
const struct capability *capability_of_extension(uint32_t number, const struct capability *c);

#define CAPABILITY_NO_HOST 99 /* in place of a generation */

#define CAPABILITY_EXTENSIONS 512 /* KVM's numbers are smaller */

/* Answers of a host, as QEMU gets them. */
struct capability_facts {
	struct processor_facts processor;
	uint32_t page_size;
	int extensions[CAPABILITY_EXTENSIONS];
};

#define CAPABILITY_TEXT_LEN 96

/* What a host grants of one. */
struct capability_grant {
	const struct capability *c;
	bool granted;		/* as much as .wants, or at all */
	bool wanted;		/* by QEMU's newest machine, on this host, without an option */
	bool missing;		/* it does not start for that */
	const char *by_default; /* what that machine takes for it here; NULL: there is no word */
	const char *why;	/* it is not granted although KVM says yes, a clause; or NULL */
	char value[24]; /* a level or a number: the best that is granted; "": yes or no is all */
	/* What to type to do with what is granted; "": there is no need, or nothing. */
	char option[CAPABILITY_TEXT_LEN], libvirt[CAPABILITY_TEXT_LEN];
};

struct capability_grant capability_grant(const struct capability *c,
					 const struct capability_facts *facts);

/* Fills in what to type, whether there is a need or not. */
void capability_instead(struct capability_grant *g);

/* "start", "used", "asked" */
const char *capability_need_name(enum capability_need need);

/* 10 of a POWER10; 0: not known, which is taken for a new one. */
unsigned int capability_generation(uint32_t pvr);

/* Is it one of QEMU's cap-* options? */
bool capability_is_cap(const struct capability *c);

/* Is there more or less of it, and not just a yes or a no? */
bool capability_has_levels(const struct capability *c);

/* How high a level is, of those of the row; -1: it has no such. */
int capability_level(const struct capability *c, const char *level);

#endif /* COMPATCAPS_CAPABILITIES_H */
