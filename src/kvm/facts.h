/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is known of the machine that made the records, on which verdicts rest. It is evidence, as
 * the records are: the live half fills it in, and a recording has it.
 */
#ifndef COMPATCAPS_FACTS_H
#define COMPATCAPS_FACTS_H

#include <stdint.h>

/* A fact of the host that may not be had: not there and not known are two things. */
enum fact { FACT_UNKNOWN, FACT_ABSENT, FACT_KNOWN };

enum nested_api { NESTED_UNKNOWN, NESTED_NONE, NESTED_V1, NESTED_V2 };

/* What is known of the machine that made the records; filled by host.c. */
struct host_facts {
	uint32_t page_size;   /* bytes */
	enum fact ksize_is;   /* FACT_ABSENT: the kernel has no such struct */
	uint64_t ksize;	      /* bytes, from BTF */
	uint32_t kernel_cmd;  /* the command that the kernel answers to; 0: not known */
	enum fact pseries_is; /* FACT_ABSENT: bare metal */
	enum fact cpu_version_is;
	uint32_t cpu_version; /* the device tree's, of the first cpu */
	enum nested_api nested;
	enum fact nested_caps_is;
	uint64_t
		nested_caps; /* nested_capabilities of kvm-hv: agreed on with the hypervisor (v2) */
};

#endif /* COMPATCAPS_FACTS_H */
