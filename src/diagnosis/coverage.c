// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One table of reasons, and one function that asks it. A function of the kernel is covered for a VM
 * if no reason is in its set; of several the one is told that says most (the first of the table).
 */
#include "diagnosis/coverage.h"

#define BIT(reason) ((uint16_t)(1u << (reason)))
#define ALL	    ((1u << ATTACH_POINTS) - 1)

static const struct {
	enum coverage_state state;
	const char *why;
} reasons[COVERAGE_REASONS] = {
	[COVERED] = { COVERAGE_WHOLE, NULL },
	[NOT_COVERED_OLDER] = { COVERAGE_OLDER, "the VM is older than this trace" },
	[NOT_COVERED_GAP] = { COVERAGE_GAP, "it was not watched all the time" },
	[NOT_COVERED_ABSENT] = { COVERAGE_GAP, "that was not watched" },
	[NOT_COVERED_CUT_OFF] = { COVERAGE_GAP, "the recording is cut off" },
	[NOT_COVERED_LOST] = { COVERAGE_LOSSY, "events were lost" },
	[NOT_COVERED_FILTER] = { COVERAGE_FILTERED, "a filter hides a part of its calls" },
	[NOT_COVERED_OUTCOMES] = { COVERAGE_FILTERED, "calls of some outcomes alone were recorded" },
	[NOT_COVERED_SCHEMA_1] = { COVERAGE_UNKNOWN,
				   "its creation was not recorded in order (recording of schema 1)" },
	[NOT_COVERED_BIRTH] = { COVERAGE_UNKNOWN, "when it was born could not be told" },
	[NOT_COVERED_TOO_MANY] = { COVERAGE_UNKNOWN, "there are too many VMs to tell apart" },
};

static const char *const names[COVERAGE_STATES] = {
	[COVERAGE_WHOLE] = "whole", [COVERAGE_OLDER] = "older",	      [COVERAGE_LOSSY] = "lossy",
	[COVERAGE_GAP] = "gap",	    [COVERAGE_FILTERED] = "filtered", [COVERAGE_UNKNOWN] = "unknown",
};

const char *coverage_name(enum coverage_state state)
{
	return (unsigned int)state < COVERAGE_STATES ? names[state] : NULL;
}

enum coverage_state coverage_state_of(enum coverage_reason reason)
{
	return (unsigned int)reason < COVERAGE_REASONS ? reasons[reason].state : COVERAGE_UNKNOWN;
}

const char *coverage_why(enum coverage_reason reason)
{
	return (unsigned int)reason < COVERAGE_REASONS ? reasons[reason].why : NULL;
}

const char *coverage_state_why(enum coverage_state state)
{
	static const enum coverage_reason by_state[COVERAGE_STATES] = {
		[COVERAGE_WHOLE] = COVERED,
		[COVERAGE_OLDER] = NOT_COVERED_OLDER,
		[COVERAGE_LOSSY] = NOT_COVERED_LOST,
		[COVERAGE_GAP] = NOT_COVERED_GAP,
		[COVERAGE_FILTERED] = NOT_COVERED_FILTER,
		[COVERAGE_UNKNOWN] = NOT_COVERED_BIRTH,
	};

	return (unsigned int)state < COVERAGE_STATES ? reasons[by_state[state]].why : NULL;
}
