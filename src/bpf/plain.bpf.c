// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The same programs without their filters, for a trace that sets none and runs outside of pid
 * namespaces. The verifier looks at all code of a program, also at code that never runs: these
 * take a ninth less to attach. live/objects.c chooses between the two.
 */
#define CC_PLAIN
#include "compatcaps.bpf.c"
