// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An event in a few words, for a row of a table or a timeline. The words for what a call returned
 * and for what it was about are made here, so that all outputs use the same. Whole sentences are
 * not made here: those are in hint.c and summary.c.
 */
#include "diagnosis/event.h"

#include <inttypes.h>
#include <stdio.h>

const char *event_word(enum event_type type)
{
	switch (type) {
	case EVENT_NEGOTIATION:
		return "query";
	case EVENT_EXTENSION:
		return "check";
	case EVENT_ARCH_COMPAT:
		return "ask";
	case EVENT_FOUND:
		return "vm";
	default:
		return event_type_name(type);
	}
}

static enum verdict_kind kind_by_cause(const struct event *e)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		return cause_kind(e->negotiation.diag->cause);
	case EVENT_ARCH_COMPAT:
		return arch_cause_kind(e->arch.diag->cause);
	case EVENT_EXTENSION:
		return e->rec->ret ? VERDICT_FINE : VERDICT_NOTE;
	case EVENT_FOUND:
		return e->verdict->agrees == AGREES_NO ? VERDICT_NOTE : VERDICT_FINE;
	case EVENT_KERNEL:
	case EVENT_LOST:
		return VERDICT_NOTE;
	default:
		return VERDICT_FINE;
	}
}

/* A success for which there is no cause is no failure. */
enum verdict_kind event_kind(const struct event *e)
{
	if (event_is_failure(e))
		return VERDICT_FAILURE;
	return kind_by_cause(e) == VERDICT_FINE ? VERDICT_FINE : VERDICT_NOTE;
}

static char *returned(char buf[EVENT_RESULT_LEN], int ret)
{
	if (ret < 0)
		errno_name(ret, buf, EVENT_RESULT_LEN);
	else
		snprintf(buf, EVENT_RESULT_LEN, ret ? "%d" : "ok", ret);
	return buf;
}

static char *word(char buf[EVENT_RESULT_LEN], const char *text)
{
	snprintf(buf, EVENT_RESULT_LEN, "%s", text);
	return buf;
}

char *event_result(char buf[EVENT_RESULT_LEN], const struct event *e)
{
	switch (e->type) {
	case EVENT_EXTENSION:
		if (e->rec->ret < 0)
			return returned(buf, e->rec->ret);
		snprintf(buf, EVENT_RESULT_LEN, "%d", e->rec->ret);
		return buf;
	case EVENT_RUN:
		return e->rec->ret < 0 ? returned(buf, e->rec->ret) : word(buf, "failed");
	case EVENT_RAN:
		return word(buf, "ok");
	case EVENT_KERNEL:
		return word(buf, "log");
	case EVENT_RETRY:
		return word(buf, e->retry->recovered ? "ok" : "failed");
	case EVENT_FOUND:
		return word(buf, "there");
	case EVENT_VM:
		if (e->frame->vm.event == VM_FAILED)
			return returned(buf, e->frame->vm.ret);
		return word(buf, e->frame->vm.event == VM_ENDED ? "ended" : "new");
	default:
		return e->rec ? returned(buf, e->rec->ret) : word(buf, "");
	}
}

/* What of a call shows its cause, shortly; "" where the cause says it all. */
static void cause_detail(char *buf, size_t len, const struct diagnosis *d,
			 const struct host_facts *host)
{
	*buf = '\0';
	switch (d->cause) {
	case CAUSE_OK:
	case CAUSE_OK_LARGER_STRUCT:
	case CAUSE_OK_SMALLER_STRUCT:
		if (d->caps.known)
			modes_text(buf, len, d->caps.value);
		break;
	case CAUSE_STRUCT_TOO_NEW:
		if (d->usize.known && host->ksize_is == FACT_KNOWN)
			snprintf(buf, len, "size %" PRIu64 ", kernel %" PRIu64, d->usize.value,
				 host->ksize);
		break;
	case CAUSE_SIZE_OVER_PAGE:
	case CAUSE_SIZE_TOO_SMALL:
	case CAUSE_STRUCT_UNREADABLE:
		if (d->usize.known)
			snprintf(buf, len, "size %" PRIu64, d->usize.value);
		break;
	case CAUSE_FLAGS_SET:
		if (d->flags.known)
			snprintf(buf, len, "flags 0x%" PRIx64, d->flags.value);
		break;
	case CAUSE_ABI_MISMATCH:
		snprintf(buf, len, "%s", d->abi->name);
		break;
	default:
		break;
	}
}

static void negotiation_what(char buf[EVENT_WHAT_LEN], const struct event *e)
{
	const struct diagnosis *d = e->negotiation.diag;
	char detail[96];

	cause_detail(detail, sizeof(detail), d, e->negotiation.host);
	/* Of a call that is as it should be the answer alone matters. */
	if (d->cause == CAUSE_OK && *detail)
		snprintf(buf, EVENT_WHAT_LEN, "%s", detail);
	else
		snprintf(buf, EVENT_WHAT_LEN, "%s%s%s", cause_name(d->cause), *detail ? ": " : "",
			 detail);
}

static void extension_what(char buf[EVENT_WHAT_LEN], const struct cc_record *r)
{
	snprintf(buf, EVENT_WHAT_LEN, "capability %" PRIu64 "%s", (uint64_t)r->arg,
		 r->ret < 0 ? "" :
		 r->ret	    ? ": yes" :
			      ": no");
}

static void arch_what(char buf[EVENT_WHAT_LEN], const struct arch_diagnosis *d)
{
	const char *cause = arch_cause_name(d->cause), *by = d->by == BY_CAS ? " (CAS)" : "";

	if (!d->pvr)
		snprintf(buf, EVENT_WHAT_LEN, "%s%s", cause, by);
	else if (d->known && d->known->isa)
		snprintf(buf, EVENT_WHAT_LEN, "%s: %s%s", cause, d->known->name, by);
	else
		snprintf(buf, EVENT_WHAT_LEN, "%s: 0x%08" PRIx32 "%s", cause, d->pvr, by);
}

/* What the guest's VM was to be is what a reader looks for here. */
static void run_what(char buf[EVENT_WHAT_LEN], const struct run *r)
{
	const struct abi_pvr *known = abi_pvr(r->pvr);

	if (!r->asked)
		return;
	snprintf(buf, EVENT_WHAT_LEN, "%s%s%s", arch_cause_name(r->cause),
		 known && known->isa ? ": " : "", known && known->isa ? known->name : "");
}

/* The mode that it runs in. */
static void ran_what(char buf[EVENT_WHAT_LEN], const struct cc_record *r)
{
	uint32_t pvr = (uint32_t)r->in[CC_VCPU_PVR];
	const struct abi_pvr *known = abi_pvr(pvr);

	if (r->in_words <= CC_VCPU_PVR)
		return;
	if (!pvr)
		snprintf(buf, EVENT_WHAT_LEN, "runs in the host's own mode");
	else if (known)
		snprintf(buf, EVENT_WHAT_LEN, "runs in %s", known->name);
	else
		snprintf(buf, EVENT_WHAT_LEN, "runs in 0x%08" PRIx32, pvr);
}

/* The mode that it has. */
static void found_what(char buf[EVENT_WHAT_LEN], const struct inventory_verdict *v)
{
	static const char *const words[MODES] = {
		[MODE_UNKNOWN] = "mode not known",
		[MODE_NO_VCPU] = "no vCPU",
		[MODE_NONE] = "no modes (KVM PR)",
		[MODE_HOST_DEFAULT] = "no mode set",
		[MODE_REFUSED] = "a mode that KVM refused",
		[MODE_DIFFERS] = "vCPUs of different modes",
	};

	if (v->is == MODE_SET && !v->known)
		snprintf(buf, EVENT_WHAT_LEN, "0x%08" PRIx32, v->pvr);
	else
		snprintf(buf, EVENT_WHAT_LEN, "%s",
			 v->is == MODE_SET ? v->known->name : words[v->is]);
}

static void lost_what(char buf[EVENT_WHAT_LEN], const struct frame *f)
{
	const char *reason = loss_name(f->lost.loss);

	snprintf(buf, EVENT_WHAT_LEN, "%" PRIu64 " event%s lost: %s", f->lost.n,
		 f->lost.n == 1 ? "" : "s", reason ? reason : "why is not known");
}

char *event_what(char buf[EVENT_WHAT_LEN], const struct event *e)
{
	char after[32];

	*buf = '\0';
	switch (e->type) {
	case EVENT_NEGOTIATION:
		negotiation_what(buf, e);
		break;
	case EVENT_EXTENSION:
		extension_what(buf, e->rec);
		break;
	case EVENT_ARCH_COMPAT:
		arch_what(buf, e->arch.diag);
		break;
	case EVENT_RUN:
		run_what(buf, e->run);
		break;
	case EVENT_RAN:
		ran_what(buf, e->rec);
		break;
	case EVENT_FOUND:
		found_what(buf, e->verdict);
		break;
	case EVENT_KERNEL:
		snprintf(buf, EVENT_WHAT_LEN, "%s", e->frame->kernel.text);
		break;
	case EVENT_RETRY:
		snprintf(buf, EVENT_WHAT_LEN, "%s after %s",
			 e->retry->recovered ? "recovered" : "failed",
			 time_words(after, sizeof(after), e->retry->after_ns));
		break;
	case EVENT_LOST:
		lost_what(buf, e->frame);
		break;
	default:
		break;
	}
	return buf;
}

char *loss_words(char buf[EVENT_RESULT_LEN * 2], uint32_t type, int ret)
{
	static const enum event_type types[] = {
		[CC_NEGOTIATION] = EVENT_NEGOTIATION, [CC_EXTENSION] = EVENT_EXTENSION,
		[CC_ARCH_COMPAT] = EVENT_ARCH_COMPAT, [CC_RUN] = EVENT_RUN,
		[CC_KERNEL] = EVENT_KERNEL,	      [CC_RAN] = EVENT_RAN,
	};
	bool known = type < sizeof(types) / sizeof(types[0]) && types[type];
	/* A run that is recorded has failed, also where KVM_RUN itself returned 0; a first good one
	 * has not. */
	bool seen = ret != CC_RET_UNKNOWN && type != CC_RAN && (type != CC_RUN || ret < 0);
	char result[EVENT_RESULT_LEN];

	snprintf(buf, EVENT_RESULT_LEN * 2, "%s%s%s", known ? event_word(types[type]) : "other",
		 seen ? " " : "", seen ? returned(result, ret) : "");
	return buf;
}

/* With a decimal, unless it is none. */
static char *units(char *buf, size_t len, uint64_t ns, uint64_t unit, const char *name)
{
	if (ns % unit)
		snprintf(buf, len, "%.1f %s", (double)ns / (double)unit, name);
	else
		snprintf(buf, len, "%" PRIu64 " %s", ns / unit, name);
	return buf;
}

char *time_words(char *buf, size_t len, uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (ns < 1000)
		snprintf(buf, len, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		snprintf(buf, len, "%" PRIu64 " us", ns / 1000);
	else if (!s)
		units(buf, len, ns, 1000000, "ms");
	else if (s < 60)
		units(buf, len, ns, 1000000000, "s");
	else if (s < 3600)
		snprintf(buf, len, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else
		snprintf(buf, len, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
	return buf;
}
