/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The smallest guest that a VMM can start, big-endian, for QEMU's pseries. Like Linux it tells the
 * hypervisor which modes it knows (client architecture support); then it says that it runs, and
 * powers off.
 */
#define H_PUT_TERM_CHAR	0x58
#define QEMU_H_RTAS	0xf000 /* what SLOF calls for a guest */
#define QEMU_H_CAS	0xf002
#define RTAS_POWER_OFF	0x2003

	.text
	.globl _start
_start:
	bcl	20, 31, here
here:	mflr	31
	/* Where the device tree may be written: 1 MiB at 16 MiB. */
	addi	4, 31, modes - here
	lis	5, 0x100
	lis	6, 0x10
	li	3, 0
	ori	3, 3, QEMU_H_CAS
	sc	1
	li	3, H_PUT_TERM_CHAR
	li	4, 0
	li	5, 16
	ld	6, words - here(31)
	ld	7, words - here + 8(31)
	sc	1
	li	3, 0
	ori	3, 3, QEMU_H_RTAS
	addi	4, 31, power_off - here
	sc	1
forever:
	b	forever

	.balign	8
words:	.ascii	"The guest runs\r\n"
power_off:
	.long	RTAS_POWER_OFF, 2, 1, -1, -1, 0
modes:
	.long	0xffff0000, 0x004e0000	/* POWER9, POWER10 and POWER11 themselves, which allows raw mode */
	.long	0xffff0000, 0x00800000
	.long	0xffff0000, 0x00820000
	.long	0xffffffff, 0x0f000005	/* and as modes */
	.long	0xffffffff, 0x0f000006
	.long	0xffffffff, 0x0f000007
	.long	0xfffffffe, 0x0f000001	/* the end */
	.byte	5 - 1			/* five vectors: length - 1, bytes */
	.byte	3 - 1, 0, 0, 0x80	/* ISA 3.00 */
	.byte	1 - 1, 0
	.byte	1 - 1, 0
	.byte	1 - 1, 0
	.byte	26 - 1
	.fill	23, 1, 0
	.byte	0x40, 0, 0x40		/* radix MMU, with GTSE */
	.section .note.GNU-stack, "", @progbits
