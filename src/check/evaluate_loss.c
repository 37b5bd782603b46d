// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What was lost, and what that means for a rule. The kernel counted losses by type, result and VM,
 * so a loss of calls that a rule does not look at leaves its verdict alone, and a loss of calls
 * that it certainly looks at counts as such calls. Everything else may or may not matter.
 */
#include <errno.h>
#include <string.h>

#include "check/evaluate_state.h"

static int type_of_key(const struct cc_loss_key *key)
{
	if (key->loss == CC_LOSS_UEVENTS)
		return EVENT_VM;
	if (key->loss == CC_LOSS_VMS && !key->type)
		return EVENT_FOUND;
	switch (key->type) {
	case CC_NEGOTIATION:
		return EVENT_NEGOTIATION;
	case CC_EXTENSION:
		return EVENT_EXTENSION;
	case CC_ARCH_COMPAT:
		return EVENT_ARCH_COMPAT;
	case CC_RUN:
		return EVENT_RUN;
	case CC_RAN:
		return EVENT_RAN;
	case CC_KERNEL:
		return EVENT_KERNEL;
	case CC_VM_CREATED:
	case CC_VM_ENDED:
		return EVENT_VM;
	default:
		return -1;
	}
}

static enum tri compare_number(const struct rule_filter *f, __int128 number)
{
	const struct value v = { .kind = VALUE_NUMBER, .known = true, .number = number };

	return value_compare(&v, f->op, &f->value);
}

static enum tri compare_text(const struct rule_filter *f, const char *text)
{
	const struct value v = { .kind = text && *text ? VALUE_TEXT : VALUE_NULL,
				 .known = true,
				 .text = text };

	return value_compare(&v, f->op, &f->value);
}

/* The error that a cause goes with; 0: none, -1: one of several. */
static int errno_of_cause(int cause)
{
	switch (cause) {
	case CAUSE_SIZE_OVER_PAGE:
	case CAUSE_STRUCT_TOO_NEW:
		return E2BIG;
	case CAUSE_SIZE_TOO_SMALL:
	case CAUSE_FLAGS_SET:
	case CAUSE_BACKEND_NOT_PSERIES:
	case CAUSE_BACKEND_NO_CPU_VERSION:
	case CAUSE_BACKEND_UNMAPPED_CPU_VERSION:
		return EINVAL;
	case CAUSE_ARG_UNREADABLE:
	case CAUSE_STRUCT_UNREADABLE:
	case CAUSE_COPYOUT_FAILED:
		return EFAULT;
	case CAUSE_NO_BACKEND:
	case CAUSE_ABI_MISMATCH:
	case CAUSE_NO_KERNEL_SUPPORT:
		return ENOTTY;
	default:
		return cause_kind(cause) == VERDICT_FAILURE ? -1 : 0;
	}
}

static int errno_of_arch_cause(int cause)
{
	switch (cause) {
	case ARCH_ACCEPTED:
	case ARCH_ACCEPTED_ABOVE_HOST:
	case ARCH_HOST_DEFAULT:
		return 0;
	case ARCH_REJECTED:
		return -1;
	default:
		return EINVAL;
	}
}

static bool error_can_be(int error, int ret)
{
	return error < 0 ? ret != 0 : ret == -error;
}

/* Can a call of this type that returned so have one of these causes? */
static enum tri compare_cause(const struct rule_filter *f, const struct cc_loss_key *key)
{
	bool arch = key->type == CC_ARCH_COMPAT;

	if (f->op != RULE_EQ || key->ret == CC_RET_UNKNOWN ||
	    (!arch && key->type != CC_NEGOTIATION))
		return TRI_MAYBE;
	for (size_t i = 0; i < f->value.n; i++)
		for (size_t k = 0; k < f->value.sets[i].n; k++) {
			const char *word = f->value.sets[i].words[k].text;
			int cause = arch ? arch_cause_by_name(word) : cause_by_name(word);

			if (cause >= 0 &&
			    error_can_be(arch ? errno_of_arch_cause(cause) : errno_of_cause(cause),
					 key->ret))
				return TRI_MAYBE;
		}
	return TRI_NO;
}

/* Of what was lost little is known, and of that all is made use of. */
static enum tri lost_passes(const struct rule_filter *f, const struct cc_loss_key *key,
			    const struct lost_of *of)
{
	bool returned = key->ret != CC_RET_UNKNOWN;
	char name[16];
	int type = type_of_key(key);

	if (!strcmp(f->field, "type"))
		return type < 0 ? TRI_MAYBE : compare_text(f, event_type_name(type));
	if (!strcmp(f->field, "cause"))
		return compare_cause(f, key);
	if (!strcmp(f->field, "ret") || !strcmp(f->field, "evidence.ret") ||
	    !strcmp(f->field, "answer"))
		return returned ? compare_number(f, key->ret) : TRI_MAYBE;
	if (!strcmp(f->field, "errno") && returned)
		return compare_text(f,
				    key->ret < 0 ? errno_name(key->ret, name, sizeof(name)) : NULL);
	if (!strcmp(f->field, "evidence.vm_ino") && key->vm_ino)
		return compare_number(f, key->vm_ino);
	/* Its guest may have been called otherwise once: what is the same proves nothing. */
	if (!strcmp(f->field, "guest") && of->guest && compare_text(f, of->guest) == TRI_NO)
		return TRI_NO;
	if (!strcmp(f->field, "vm") && of->vm && compare_number(f, of->vm) == TRI_NO)
		return TRI_NO;
	return TRI_MAYBE;
}

/* retry: what follows from the call passes them, which has another type. */
static enum tri lost_filters(const struct rule_state *s, const struct cc_loss_key *key,
			     const struct lost_of *of, bool retry)
{
	enum tri all = TRI_YES, one;

	for (size_t i = 0; i < s->r->n_filters && all != TRI_NO; i++) {
		if (retry && !strcmp(s->r->filters[i].field, "type"))
			continue;
		one = lost_passes(&s->r->filters[i], key, of);
		all = one < all ? one : all;
	}
	return all;
}

/* Does the rule look at a call of this type that returned so? */
static enum tri lost_counts(const struct rule *r, const struct cc_loss_key *key)
{
	const char *name = r->measure ? r->measure->name : "";
	bool returned = key->ret != CC_RET_UNKNOWN;
	int type = type_of_key(key);

	if (type < 0)
		return r->types & UNSEEN_LOSSY ? TRI_MAYBE : TRI_NO;
	if (!(r->types & 1u << type))
		return TRI_NO;
	/* A uevent can have been of a module, too, and what a probe missed of anybody. */
	if (!loss_key_is_of_calls(key) || !loss_is_certain(key))
		return TRI_MAYBE;
	if (r->kind == RULE_MODE || r->kind == RULE_MODES)
		return returned && key->ret ? TRI_NO : TRI_MAYBE;
	if (strcmp(name, "failures"))
		return TRI_YES;
	if (!returned)
		return TRI_MAYBE;
	/* A request that was accepted may have been for a mode above the host's. */
	if (type == EVENT_ARCH_COMPAT && !key->ret)
		return TRI_MAYBE;
	return tri_of(type == EVENT_EXTENSION ? key->ret < 0 : key->ret);
}

/* n calls of one kind were lost: what are they to this rule? */
static void lose(struct rule_state *s, const struct cc_loss_key *key, const struct lost_of *of,
		 uint64_t n)
{
	unsigned int retry = 1u << EVENT_RETRY;
	enum tri passes = lost_filters(s, key, of, false), counts = lost_counts(s->r, key);
	int type = type_of_key(key);
	enum tri both = passes < counts ? passes : counts;
	/* A retry has another type, and a VM's end, than the call that was lost. */
	bool may_rest = type < 0 ? s->types & UNSEEN_LOSSY : s->types & 1u << type;

	if (!n)
		return;
	/* What calls were lost is known by their VMs. Of a VM nothing may have been seen at all. */
	if (s->per_vm) {
		bool of_birth = !key->type || key->type == CC_VM_CREATED;

		if ((!loss_is_of_calls(key->loss) || of_birth) && passes != TRI_NO) {
			s->lost_maybe = add_up(s->lost_maybe, n);
			s->lost_reasons |= 1u << key->loss;
		}
		return;
	}
	if (both == TRI_YES)
		s->lost_surely = add_up(s->lost_surely, n);
	else if (both == TRI_MAYBE || (may_rest && counts == TRI_NO && s->types != s->r->types))
		s->lost_maybe = add_up(s->lost_maybe, n);
	if (both != TRI_NO || (may_rest && s->types != s->r->types))
		s->lost_reasons |= 1u << key->loss;
	if (s->r->types & retry && (type < 0 || type == EVENT_NEGOTIATION) &&
	    lost_filters(s, key, of, true) != TRI_NO) {
		s->lost_query = true;
		s->lost_reasons |= 1u << key->loss;
	}
}

void evaluate_loss(struct rule_state *s, const struct event *e)
{
	static const struct lost_of nobody;
	const struct frame *f = e->frame;
	const struct cc_loss_key unknown = { .loss = f->lost.loss, .ret = CC_RET_UNKNOWN };
	uint64_t rest = f->lost.n;

	for (size_t i = 0; i < f->lost.n_by; i++) {
		lose(s, &f->lost.by[i].key, e->lost_of ? &e->lost_of[i] : &nobody, f->lost.by[i].n);
		rest -= f->lost.by[i].n < rest ? f->lost.by[i].n : rest;
	}
	lose(s, &unknown, &nobody, rest);
}
