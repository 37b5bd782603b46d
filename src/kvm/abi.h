/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ABI of KVM_PPC_GET_COMPAT_CAPS in every revision that exists: the one place
 * that knows its numbers. Facts from the posted series and from Linux 7.2 and 7.3.
 *
 * The first part is for the BPF programs too; on powerpc _IOC_NONE is 1, so _IO()
 * carries bit 29 and none of these can be made with a foreign <asm/ioctl.h>.
 */
#ifndef COMPATCAPS_ABI_H
#define COMPATCAPS_ABI_H

#define ABI_CMD_V1	 0x4010aee4u /* _IOR(KVMIO, 0xe4, 16 bytes), v1 and v2 */
#define ABI_CMD_V3	 0x4018aee4u /* _IOR(KVMIO, 0xe4, 24 bytes), v3 and v4 */
#define ABI_CMD_V5	 0x2000aee4u /* _IO(KVMIO, 0xe4) */
#define ABI_CMD_MAINLINE 0x2000aeb8u /* _IO(KVMIO, 0xb8), Linux 7.3 on */

#define ABI_CMD_CHECK_EXTENSION	    0x2000ae03u /* _IO(KVMIO, 0x03) */
#define ABI_CMD_SET_ONE_REG	    0x8010aeacu /* _IOW(KVMIO, 0xac, 16 bytes) */
#define ABI_CMD_RUN		    0x2000ae80u /* _IO(KVMIO, 0x80) */
#define ABI_CAP_PPC_COMPAT_CAPS	    250		/* 249 in v1 to v3 */
#define ABI_CAP_PPC_COMPAT_CAPS_OLD 249

#define ABI_SIZE_VER0 24u /* KVM_PPC_COMPAT_CAPS_SIZE_VER0: the first published struct */

#define ABI_PVR_LOGICAL 0x0fu /* the upper byte of a logical PVR: a processor's own has another */
#define ABI_PVR_INVALID 0xffffffffu /* that KVM marks a refused mode with */

#define ABI_REG_ARCH_COMPAT 0x10200000000000b7ull /* KVM_REG_PPC_ARCH_COMPAT, a u32 */

/*
 * QEMU's own hypercalls by which a guest negotiates (client architecture support): of the firmware
 * SLOF, and any client call of VOF, none of which but that one makes QEMU ask for a mode.
 */
#define ABI_H_QEMU_CAS 0xf002
#define ABI_H_QEMU_VOF 0xf005

/* Exit reasons of kvm_run that are failures. */
#define ABI_EXIT_UNKNOWN	0
#define ABI_EXIT_FAIL_ENTRY	9
#define ABI_EXIT_INTERNAL_ERROR 17

/*
 * Of the UAPI, which is the same on every kernel: where struct kvm_run has the word that goes with
 * such an exit, and struct user_pt_regs (the beginning of pt_regs) its registers.
 */
#define ABI_RUN_WORD	   32
#define ABI_RUN_HCALL_ARGS 48 /* of KVM_EXIT_PAPR_HCALL, whose word is the hypercall's number */
#define ABI_REGS_GPR(n)	   ((n) * 8)
#define ABI_REGS_ORIG_GPR3 272
#define ABI_REGS_TRAP	   320

#ifndef __bpf__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One published revision. Offsets are bytes into the struct; -1: it has no such field. */
struct abi_revision {
	const char *name; /* "v1-v2", "v3-v4", "v5", "mainline" */
	uint32_t cmd;
	uint32_t struct_size;
	int off_size;
	int off_flags;
	int off_caps;
};

struct abi_mode {
	const char *name;     /* "POWER10" */
	const char *constant; /* "KVM_PPC_COMPAT_CAP_POWER10" */
	uint64_t bit;	      /* in compat_capabilities */
	unsigned int ibm_bit; /* the same bit in IBM's MSB-0 numbering */
	uint32_t pvr;	      /* the mode's logical PVR */
};

/* A logical PVR that the kernel knows, also those that no bit of the bitmap stands for. */
struct abi_pvr {
	uint32_t pvr;
	const char *name; /* "POWER10", "POWER7+", "invalid", ... */
	const char *isa;  /* "ISA 3.1", or NULL */
};

/* A processor, whose own PVR tells what it is. */
struct abi_processor {
	uint32_t version; /* the PVR's upper half */
	const char *name; /* "POWER10" */
	uint32_t pvr;	  /* the logical PVR of its own mode */
};

/* NULL: no revision has this command. */
const struct abi_revision *abi_by_cmd(uint32_t cmd);

/* The revision of index i, NULL past the last one; the order is that of publication. */
const struct abi_revision *abi_revision(size_t i);

/* The mode of index i, oldest first, NULL past the last one. */
const struct abi_mode *abi_mode(size_t i);

/* NULL: no mode has this logical PVR; or this one bit. */
const struct abi_mode *abi_mode_by_pvr(uint32_t pvr);
const struct abi_mode *abi_mode_by_bit(uint64_t bit);

/*
 * NULL: a logical PVR that no kernel of today knows. What is newer lies behind what is older,
 * so that two of these pointers tell which is which.
 */
const struct abi_pvr *abi_pvr(uint32_t pvr);
const struct abi_pvr *abi_pvr_by_name(const char *name);

/* That of index i, NULL past the last one. */
const struct abi_pvr *abi_pvr_at(size_t i);

/* Of a processor's own PVR. NULL: none that is known, or a logical one. */
const struct abi_processor *abi_processor(uint32_t pvr);
/* A processor's own PVR, known or not, and no logical one; 0 is neither. */
bool abi_pvr_is_raw(uint32_t pvr);

/* "unknown", "fail-entry", "internal-error"; NULL: an exit of kvm_run that is no failure. */
const char *abi_exit_name(uint32_t reason);

/* What of a bitmap no mode stands for; 0 where all is known. */
uint64_t abi_unknown_bits(uint64_t caps);

/* The bitmap that nested API v1 makes of a cpu-version: cumulative, 0 where none maps. */
uint64_t abi_caps_of_pvr(uint32_t pvr);
/* The modes that a host of this cpu-version has: on bare metal that is its processor's own PVR. */
uint64_t abi_caps_of_host(uint32_t cpu_version);

/*
 * H_GUEST_GET_CAPABILITIES has the same bits and a few that KVM masks off: what such a
 * one is called, NULL where it has no name of its own.
 */
const char *abi_hcall_bit(unsigned int ibm_bit);

#endif /* !__bpf__ */
#endif /* COMPATCAPS_ABI_H */
