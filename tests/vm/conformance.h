/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of tests/vm/conformance share. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One promise of the contract: prints its TAP line, and returns whether it was kept. */
__attribute__((format(printf, 2, 3))) bool promise(bool kept, const char *fmt, ...);
__attribute__((format(printf, 1, 2), noreturn)) void bail(const char *fmt, ...);

/* The errno's name of a negative result, else the number. */
const char *result_name(long ret);

/* 0 or a negative errno. */
long call_fd(int fd, unsigned long cmd, void *arg);

/*
 * What becomes of the modes: all that a VMM does with the answer. "modes" are those that
 * KVM_REG_PPC_ARCH_COMPAT has to take, "nested_api" is 1, 2, or 0 on bare metal.
 */
void test_modes(int kvm_fd, uint64_t modes, int nested_api);

#endif
