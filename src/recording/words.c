// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Enums that are named elsewhere too, in outputs for people, are named there and only listed here.
 * The names are a contract: recordings and rules hold them. A row is an enum of schema.def.
 */
#include "recording/words.h"

#include "diagnosis/event.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* WORDS(of, n, name): an enum below n, whose numbers name(i) gives a name. */
#define WORDS(of, count, expr) \
	static const char *name_##of(unsigned int i) \
	{ \
		return i < (count) ? expr : NULL; \
	} \
	const struct words words_##of = { count, name_##of };

static const char *const facts[] = {
	[FACT_UNKNOWN] = "unknown",
	[FACT_ABSENT] = "absent",
	[FACT_KNOWN] = "known",
};

static const char *const nested_apis[] = {
	[NESTED_UNKNOWN] = NULL,
	[NESTED_NONE] = "none",
	[NESTED_V1] = "v1",
	[NESTED_V2] = "v2",
};

static const char *const parts[] = {
	[PART_HOLDER] = "holder",
	[PART_OWNER] = "owner",
	[PART_ENDING] = "ending",
};

static const char *const tail_states[] = {
	[TAIL_NONE] = NULL,
	[TAIL_ZERO] = "zero",
	[TAIL_NONZERO] = "nonzero",
	[TAIL_UNREAD] = "unread",
};

static const char *const usize_sources[] = {
	[USIZE_UNKNOWN] = NULL,
	[USIZE_ENTRY] = "entry",
	[USIZE_EXIT] = "exit",
};

static const char *const vm_events[VM_EVENTS] = {
	[VM_CREATED] = "created",
	[VM_ENDED] = "ended",
	[VM_FAILED] = "failed",
};

/* The event that a record becomes, by its name; a birth and an end are different events. */
static const char *record_type(unsigned int type)
{
	static const enum event_type events[CC_TYPES] = {
		[CC_NEGOTIATION] = EVENT_NEGOTIATION, [CC_EXTENSION] = EVENT_EXTENSION,
		[CC_ARCH_COMPAT] = EVENT_ARCH_COMPAT, [CC_RUN] = EVENT_RUN,
		[CC_KERNEL] = EVENT_KERNEL,	      [CC_RAN] = EVENT_RAN,
	};

	if (type == CC_VM_CREATED)
		return "vm-created";
	if (type == CC_VM_ENDED)
		return "vm-ended";
	return events[type] ? event_type_name(events[type]) : NULL;
}

WORDS(fact, COUNT(facts), facts[i])
WORDS(nested_api, COUNT(nested_apis), nested_apis[i])
WORDS(attach_how, ATTACH_HOWS, attach_how_name((enum attach_how)i))
WORDS(part, COUNT(parts), parts[i])
WORDS(backend, BACKENDS, inventory_backend_name((enum inventory_backend)i))
WORDS(inventory_mode, MODES, inventory_mode_name((enum inventory_mode)i))
WORDS(vm_event, VM_EVENTS, vm_events[i])
WORDS(life, LIFE_UNKNOWN + 1, life_name((enum life)i))
WORDS(coverage, COVERAGE_STATES, coverage_name((enum coverage_state)i))
WORDS(tail_state, COUNT(tail_states), tail_states[i])
WORDS(usize_source, COUNT(usize_sources), usize_sources[i])
WORDS(cause, CAUSE_MAX, cause_name((enum cause)i))
WORDS(arch_cause, ARCH_MAX, arch_cause_name((enum arch_cause)i))
WORDS(request_by, BY_MAX, request_by_name((enum request_by)i))
WORDS(queried, QUERIED_YES + 1, queried_name((enum queried)i))
WORDS(modes_source, MODES_CPU_VERSION + 1, modes_source_name((enum modes_source)i))
WORDS(outcome, 2, i ? "recovered" : "failed")
WORDS(exit_reason, ABI_EXIT_INTERNAL_ERROR + 1, abi_exit_name(i))
WORDS(record_type, CC_TYPES, record_type(i))
WORDS(loss, CC_LOSSES, loss_name((enum cc_loss)i))
