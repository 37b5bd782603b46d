// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The names of events, which the stream, rules and metrics share, and which of them are failures.
 * How an event reads in a sentence is event_words.c's.
 */
#include "diagnosis/event.h"

const char *event_type_name(enum event_type type)
{
	static const char *const names[EVENT_TYPES] = {
		[EVENT_TRACE] = "trace",
		[EVENT_HOST] = "host",
		[EVENT_ATTACH] = "attach",
		[EVENT_FOUND] = "found",
		[EVENT_VM] = "vm",
		[EVENT_NEGOTIATION] = "negotiation",
		[EVENT_EXTENSION] = "extension-check",
		[EVENT_ARCH_COMPAT] = "arch-compat",
		[EVENT_RETRY] = "retry",
		[EVENT_RUN] = "run",
		[EVENT_RAN] = "ran",
		[EVENT_KERNEL] = "kernel",
		[EVENT_LOST] = "lost",
		[EVENT_STORY] = "story",
		[EVENT_END] = "end",
	};

	return (unsigned int)type < EVENT_TYPES ? names[type] : NULL;
}

const char *life_name(enum life life)
{
	return coverage_name((enum coverage_state)life);
}

bool event_is_failure(const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		return e->rec->ret;
	case EVENT_ARCH_COMPAT:
		return e->rec->ret || e->arch.diag->cause == ARCH_ACCEPTED_ABOVE_HOST;
	case EVENT_EXTENSION:
		return e->rec->ret < 0;
	case EVENT_VM:
		return e->frame->vm.event == VM_FAILED;
	case EVENT_RETRY:
		return !e->retry->recovered;
	case EVENT_RUN:
		return true;
	default:
		return false;
	}
}

const char *loss_name(enum cc_loss loss)
{
	static const char *const names[CC_LOSSES] = {
		[CC_LOSS_RING] = "ring-full",
		[CC_LOSS_BUDGET] = "vm-budget",
		[CC_LOSS_IN_FLIGHT] = "too-many-in-flight",
		[CC_LOSS_ORPHANED] = "orphaned",
		[CC_LOSS_MISSED] = "probe-missed",
		[CC_LOSS_RECURSION] = "recursion",
		[CC_LOSS_UNREADABLE] = "unreadable",
		[CC_LOSS_UEVENTS] = "uevents",
		[CC_LOSS_VMS] = "too-many-vms",
	};

	return (unsigned int)loss < CC_LOSSES ? names[loss] : NULL;
}

bool loss_is_of_calls(enum cc_loss loss)
{
	return loss != CC_LOSS_UEVENTS && loss != CC_LOSS_VMS;
}

/* A VM that finds no room loses all of its calls, and these are told by their types. */
bool loss_key_is_of_calls(const struct cc_loss_key *key)
{
	return key->type || loss_is_of_calls(key->loss);
}

bool loss_is_of_ends(enum cc_loss loss)
{
	return loss == CC_LOSS_UEVENTS || loss == CC_LOSS_UNREADABLE;
}

/* Everybody's exits and lines pass a tracepoint, and the program that tells them apart did not run.
 */
bool loss_is_certain(const struct cc_loss_key *key)
{
	return key->loss != CC_LOSS_MISSED && key->loss != CC_LOSS_RECURSION;
}
