// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts the basic blocks of the code under test that are run through, which
 * -fsanitize-coverage=trace-pc calls it for: work that is the same on every machine, however busy.
 * Written at the end into the file that COMPATCAPS_WORK names (growth.py).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void __sanitizer_cov_trace_pc(void);

static uint64_t blocks;

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
	blocks++;
}

__attribute__((destructor)) static void write_count(void)
{
	const char *path = getenv("COMPATCAPS_WORK");
	FILE *f = path ? fopen(path, "we") : NULL;

	if (!f)
		return;
	fprintf(f, "%" PRIu64 "\n", blocks);
	fclose(f);
}
