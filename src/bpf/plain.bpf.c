// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The same programs without their filters, for a trace that asks for none, outside of pid
 * namespaces. The verifier looks at all code of a program, also at what never runs: they take a
 * ninth less to attach.
 */
#define CC_PLAIN
#include "compatcaps.bpf.c"
