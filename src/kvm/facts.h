/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is known of the machine that made the records, on which verdicts rest. It is evidence, as
 * the records are: the live half fills it in, and a recording has it.
 */
#ifndef COMPATCAPS_FACTS_H
#define COMPATCAPS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* A fact of the host that may not be had: not there and not known are two things. */
enum fact { FACT_UNKNOWN, FACT_ABSENT, FACT_KNOWN };

enum nested_api { NESTED_UNKNOWN, NESTED_NONE, NESTED_V1, NESTED_V2 };

/*
 * What QEMU acts on besides KVM's capabilities (capabilities.h). Numbers of KVM_PPC_GET_CPU_CHAR
 * are 0 where it gave nothing.
 */
struct processor_facts {
	uint32_t pvr;	   /* the processor's own; 0: none of this is known */
	uint32_t dec_bits; /* of the decrementer; 0: the device tree does not say */
	uint64_t hwcap;	   /* AT_HWCAP */
	uint64_t character, character_mask, behaviour, behaviour_mask;
	bool host_pages; /* KVM_PPC_GET_SMMU_INFO: KVM_PPC_PAGE_SIZES_REAL */
};

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
	struct processor_facts processor; /* asked for when a VM ended that never ran */
};

#endif /* COMPATCAPS_FACTS_H */
