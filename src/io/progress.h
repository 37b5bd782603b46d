/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How far a long file has been read, on a terminal. */
#ifndef COMPATCAPS_PROGRESS_H
#define COMPATCAPS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *f; /* NULL: not to be shown */
	const char *name;
	uint64_t size; /* bytes; 0: not known */
	unsigned int steps;
	uint64_t next_ns;
	bool shown;
};

/* f NULL, standard error no terminal: nothing will be shown. */
void progress_begin(struct progress *p, FILE *f, const char *name);

/* Once per record or so; looks at the clock now and then only. */
void progress_step(struct progress *p);

/* Takes it off the screen. */
void progress_end(struct progress *p);

#endif /* COMPATCAPS_PROGRESS_H */
