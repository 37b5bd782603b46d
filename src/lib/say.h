/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Talk, on stderr: standard output is data. */
#ifndef COMPATCAPS_SAY_H
#define COMPATCAPS_SAY_H

#include <stdbool.h>

/* -q: what is no error is not said. */
void say_quiet(bool quiet);

/* "compatcaps-trace: ..." and a new line: an error, or a loss of evidence. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for what is good to know. */
void say_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* COMPATCAPS_SAY_H */
