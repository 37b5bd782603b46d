// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One KVM_SET_ONE_REG of KVM_REG_PPC_ARCH_COMPAT: why it ended as it did, and the sentence that
 * says who asked for what, what there is, and what to change. KVM 7.3 checks the PVR first, then
 * the processor, then on nested API v2 what the hypervisor agreed to, and KVM_CAP_PPC_PAPR last.
 * The verdict follows that order.
 */
#include <errno.h>
#include <string.h>

#include "diagnosis/summary_words.h"
#include "lib/text.h"

/* ------------------------------------------------------------------ what is on offer */

/* What kvm-hv agreed on with a hypervisor proves nested API v2, where nothing else says. */
bool host_is_v2(const struct host_facts *host)
{
	return host->nested == NESTED_V2 ||
	       (host->nested == NESTED_UNKNOWN && host->nested_caps_is == FACT_KNOWN &&
		host->nested_caps);
}

struct offer host_offer(const struct host_facts *host)
{
	struct offer offer = { 0 };

	if (host_is_v2(host) && host->nested_caps_is == FACT_KNOWN) {
		offer.source = MODES_NESTED_CAPS;
		offer.modes = host->nested_caps & ~abi_unknown_bits(host->nested_caps);
	} else if (host->cpu_version_is == FACT_KNOWN) {
		/* One that maps to no mode tells nothing of what is on offer. */
		offer.modes = abi_caps_of_host(host->cpu_version);
		offer.source = offer.modes ? MODES_CPU_VERSION : MODES_UNKNOWN;
	}
	return offer;
}

bool offer_is_guess(const struct host_facts *host, const struct offer *offer)
{
	return offer->source == MODES_CPU_VERSION &&
	       (host->nested == NESTED_UNKNOWN || host->nested == NESTED_V2);
}

static uint64_t known_modes(const struct offer *offer)
{
	return offer->source == MODES_UNKNOWN ? 0 : offer->modes & ~abi_unknown_bits(offer->modes);
}

/* Bits that may stand for a mode, and nobody here knows which. */
static uint64_t unknown_modes(const struct offer *offer)
{
	uint64_t bits = offer->source == MODES_UNKNOWN ? 0 : abi_unknown_bits(offer->modes);

	for (unsigned int i = 0; i < 64; i++)
		if (abi_hcall_bit(i))
			bits &= ~(UINT64_C(1) << (63 - i));
	return bits;
}

/* A logical PVR that stands for a processor. */
static bool is_mode(const struct abi_pvr *pvr)
{
	return pvr && pvr->isa;
}

/* Not by the number: POWER7+ has the largest of them. */
static bool is_newer(const struct abi_pvr *wanted, uint64_t modes)
{
	const struct abi_mode *mode;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (modes & mode->bit && abi_pvr(mode->pvr) >= wanted)
			return false;
	return true;
}

/* ------------------------------------------------------------------ the hint */

static void say_offer(struct text_line *h, const struct history_request *r)
{
	char modes[96];

	if (r->source == MODES_UNKNOWN)
		text_add(h, OFFERS_UNKNOWN);
	else if (r->guessed)
		text_add(h, OFFERS_BY_VERSION, modes_text(modes, sizeof(modes), r->modes));
	else
		text_add(h, OFFERS, modes_text(modes, sizeof(modes), r->modes));
}

/* Nothing that a VMM can change makes such a query succeed. */
static bool fails_for_good(enum cause cause)
{
	switch (cause) {
	case CAUSE_NO_KERNEL_SUPPORT:
	case CAUSE_NO_BACKEND:
	case CAUSE_BACKEND_NOT_PSERIES:
	case CAUSE_BACKEND_NO_CPU_VERSION:
	case CAUSE_BACKEND_UNMAPPED_CPU_VERSION:
	case CAUSE_BACKEND_FAILED:
		return true;
	default:
		return false;
	}
}

/* By its name, which it can choose: it is for the words alone. */
static bool is_qemu(const char *comm)
{
	return comm && (!strncmp(comm, "qemu", strlen("qemu")) || !strcmp(comm, "kvm"));
}

/* Of what is on offer the nearest to what was asked for. NULL: nothing is known to be. */
static const struct abi_mode *nearest(const struct history_request *r)
{
	const struct abi_pvr *wanted = abi_pvr(r->pvr);
	const struct abi_mode *mode, *best = NULL;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (r->modes & mode->bit && (!best || abi_pvr(best->pvr) < wanted))
			best = mode;
	return best;
}

static void say_to_ask(struct text_line *h, const struct abi_mode *mode,
		       const struct summary_asked *a)
{
	char option[DIAGNOSIS_OPTION_LEN];

	if (is_qemu(a->comm))
		text_add(h, SET_FOR_QEMU, summary_option(option, mode), option);
	else
		text_add(h, ASK_INSTEAD, mode->name);
}

/* What to write, and where else the guest can go. */
static void say_remedy(struct text_line *h, const struct history_request *r,
		       const struct summary_asked *a)
{
	const struct abi_mode *mode = nearest(r), *wanted = abi_mode_by_pvr(r->pvr);

	if (!mode)
		return;
	say_to_ask(h, mode, a);
	if (wanted)
		text_add(h, OR_OTHER_HOST, wanted->name);
}

/* Older than what is on offer, and not on offer. */
static bool is_unexplained_older(const struct history_request *r)
{
	const struct abi_mode *mode = abi_mode_by_pvr(r->pvr);

	return r->ret == -EINVAL && r->pvr && abi_pvr(r->pvr) && r->modes && !r->v2 &&
	       !r->early_known && !(mode && r->modes & mode->bit);
}

static uint32_t pvr_of(const char *name)
{
	return abi_pvr_by_name(name)->pvr;
}

/*
 * These kernels take the capability that they look for from the PCR: 0 stands for the host's own
 * mode, and POWER10 and POWER11 share a bit.
 */
static bool looks_for_own(const struct history_request *r, uint32_t pvr)
{
	return !pvr || (pvr == pvr_of("POWER10") && r->lacks == pvr_of("POWER11"));
}

static bool is_judged_by_own(const struct history_request *r)
{
	const struct abi_mode *mode = abi_mode_by_pvr(r->pvr);

	return r->ret == -EINVAL && r->lacks && r->early_known && !r->early &&
	       looks_for_own(r, r->pvr) && (!r->pvr || r->modes & mode->bit);
}

static void say_judged_by_own(struct text_line *h, const struct history_request *r,
			      const struct summary_asked *a)
{
	const struct abi_mode *mode, *best = NULL;
	const char *own = abi_mode_by_pvr(r->lacks)->name;
	char wanted[SUMMARY_MODE_LEN];

	text_add(h, LOOKS_FOR_OWN, own, own, summary_wanted(wanted, r->pvr));
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (r->modes & mode->bit && !looks_for_own(r, mode->pvr))
			best = mode;
	if (best)
		say_to_ask(h, best, a);
}

static void say_rejected(struct text_line *h, const struct history_request *r,
			 const struct summary_asked *a)
{
	if (a->line)
		text_add(h, REFUSES_AND_PRINTED, LINE_SAID, a->line);
	else if (is_judged_by_own(r))
		say_judged_by_own(h, r, a);
	else if (is_unexplained_older(r))
		text_add(h, r->api_known ? WAS_IT_EARLY : WHICH_OF_TWO);
	else
		text_add(h, REFUSES);
}

static void say_cause(struct text_line *h, const struct history_request *r,
		      const struct summary_asked *a)
{
	switch ((enum arch_cause)r->cause) {
	case ARCH_ACCEPTED_ABOVE_HOST:
		text_add(h, IS_NOT_CHECKED);
		if (!a->runs)
			text_add(h, WILL_FAIL);
		say_remedy(h, r, a);
		break;
	case ARCH_NEWER_THAN_HOST:
	case ARCH_OUTSIDE_HOST_CAPS:
		say_remedy(h, r, a);
		break;
	case ARCH_BEFORE_PAPR:
		text_add(h, IS_EARLY);
		break;
	case ARCH_UNKNOWN_PVR:
		text_add(h, abi_pvr_is_raw(r->pvr) ? IS_RAW_PVR : NO_SUCH_PVR);
		break;
	case ARCH_REJECTED:
		say_rejected(h, r, a);
		break;
	case ARCH_KVM_PR:
	case ARCH_ACCEPTED:
	case ARCH_HOST_DEFAULT:
	case ARCH_MAX:
		break;
	}
}

void summary_request(char *buf, size_t len, const struct history_request *r,
		     const struct summary_asked *a)
{
	struct text_line h = { buf, len, 0 };
	char mode[SUMMARY_MODE_LEN];

	text_add(&h, WHO_ASKED, a->comm && *a->comm ? a->comm : "the VMM",
		 summary_wanted(mode, r->pvr));
	if (r->cause == ARCH_KVM_PR) {
		text_add(&h, IS_KVM_PR);
		return;
	}
	say_offer(&h, r);
	say_cause(&h, r, a);
}

/* ------------------------------------------------------------------ for the author of the VMM */

static void say_failed(struct text_line *h, const struct summary_asked *a)
{
	if (a->not_seen)
		text_add(h, DEV_ONE_FAILED, cause_name(a->query_cause));
	else if (fails_for_good(a->query_cause))
		text_add(h, DEV_FAILS_HERE, cause_name(a->query_cause));
	else
		text_add(h, DEV_FAILED, cause_name(a->query_cause));
}

static void say_queried(struct text_line *h, const struct history_request *r,
			const struct summary_asked *a)
{
	switch (a->queried) {
	case QUERIED_NO:
		text_add(h, DEV_NO_QUERY);
		break;
	case QUERIED_NOT_SEEN:
		if (a->not_seen)
			text_add(h, DEV_NOT_SEEN, a->not_seen);
		else
			text_add(h, DEV_NOT_SEEN_SO);
		break;
	case QUERIED_FAILED:
		say_failed(h, a);
		break;
	case QUERIED_YES:
		/* Its answer may be older than what the host offers now. */
		if (r->source == MODES_NEGOTIATION)
			text_add(h, DEV_ANSWERED);
		break;
	}
}

/* Causes of a mode that is not on offer: with one that is the request would have been right. */
static bool another_mode_helps(enum arch_cause cause)
{
	return cause == ARCH_ACCEPTED_ABOVE_HOST || cause == ARCH_NEWER_THAN_HOST ||
	       cause == ARCH_OUTSIDE_HOST_CAPS;
}

static void say_to_author(struct text_line *h, const struct history_request *r,
			  const struct summary_asked *a)
{
	*h->buf = '\0';
	if (!another_mode_helps(r->cause))
		return;
	if (a->can_query)
		say_queried(h, r, a);
	if (r->early)
		text_add(h, h->n ? ALSO_EARLY : ONLY_EARLY);
}

/* ------------------------------------------------------------------ the verdict */

static bool is_before_papr(const struct cc_record *r)
{
	return r->seen & CC_SEEN_PAPR && !r->papr;
}

uint32_t host_lacks(const struct host_facts *host)
{
	const struct abi_mode *mode, *own = NULL;

	if (!host_is_v2(host) || host->nested_caps_is != FACT_KNOWN ||
	    host->cpu_version_is != FACT_KNOWN)
		return 0;
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (abi_caps_of_host(host->cpu_version) & mode->bit)
			own = mode;
	return own && !(host->nested_caps & own->bit) ? own->pvr : 0;
}

/* An older recording has the hook alone, which of the two backends only KVM HV has. */
static bool is_kvm_pr(const struct cc_record *r)
{
	if (r->seen & CC_SEEN_KVM)
		return r->kvm_pr;
	return r->seen & CC_SEEN_OPS && !r->has_hook;
}

/* KVM PR runs such a guest. */
bool run_lacks_papr(const struct cc_record *r)
{
	return r->ret == -EINVAL && is_before_papr(r) && r->seen & CC_SEEN_KVM && !r->kvm_pr;
}

static enum arch_cause accepted_cause(const struct offer *offer, const struct abi_pvr *known)
{
	uint64_t modes = known_modes(offer);

	if (!is_mode(known) || !modes || unknown_modes(offer) || !is_newer(known, modes))
		return ARCH_ACCEPTED;
	return ARCH_ACCEPTED_ABOVE_HOST;
}

/* A mode that the kernel knows, with EINVAL. */
static enum arch_cause refused_cause(const struct cc_record *r, const struct host_facts *host,
				     const struct offer *offer, const struct abi_pvr *known)
{
	const struct abi_mode *mode = abi_mode_by_pvr(known->pvr);
	uint64_t modes = known_modes(offer);
	bool newer = modes && is_newer(known, modes);

	if (newer && (mode || !unknown_modes(offer)))
		return ARCH_NEWER_THAN_HOST;
	if (modes && !newer && host_is_v2(host) && !(mode && modes & mode->bit))
		return ARCH_OUTSIDE_HOST_CAPS;
	return is_before_papr(r) ? ARCH_BEFORE_PAPR : ARCH_REJECTED;
}

static enum arch_cause arch_cause(const struct cc_record *r, const struct host_facts *host,
				  const struct offer *offer, const struct abi_pvr *known)
{
	if (!r->ret)
		return r->arg ? accepted_cause(offer, known) : ARCH_HOST_DEFAULT;
	if (r->ret != -EINVAL)
		return ARCH_REJECTED;
	if (is_kvm_pr(r))
		return ARCH_KVM_PR;
	if (!r->arg)
		return is_before_papr(r) ? ARCH_BEFORE_PAPR : ARCH_REJECTED;
	return is_mode(known) ? refused_cause(r, host, offer, known) : ARCH_UNKNOWN_PVR;
}

static enum request_by request_by(const struct cc_record *r)
{
	if (r->in_words <= CC_REQUEST_EXITS)
		return BY_UNKNOWN;
	if (r->in[CC_REQUEST_HYPERCALL] == ABI_H_QEMU_CAS ||
	    r->in[CC_REQUEST_HYPERCALL] == ABI_H_QEMU_VOF)
		return BY_CAS;
	return r->in[CC_REQUEST_EXITS] ? BY_VMM : BY_START;
}

/* What it has listed without a bit of the bitmap is left out: a processor of its own, POWER7. */
static uint64_t guest_modes(const struct cc_record *r)
{
	const struct abi_mode *mode;
	uint64_t modes = 0;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (r->in[CC_REQUEST_MODES] >> (mode->pvr & 63) & 1)
			modes |= mode->bit;
	return modes;
}

void summary_fill_request(struct history_request *to, const struct cc_record *r,
			  const struct host_facts *host, const struct offer *offer,
			  enum arch_cause cause)
{
	*to = (struct history_request){
		.modes = offer->source == MODES_UNKNOWN ? 0 : offer->modes,
		.pvr = (uint32_t)r->arg,
		.ret = r->ret,
		.cause = (uint8_t)cause,
		.source = (uint8_t)offer->source,
		.by = (uint8_t)request_by(r),
		.guessed = offer_is_guess(host, offer),
		.early = is_before_papr(r),
		.early_known = r->seen & CC_SEEN_PAPR,
		.v2 = host_is_v2(host),
		.api_known = host->nested != NESTED_UNKNOWN,
		.lacks = host_lacks(host),
	};
}

bool host_can_answer(const struct host_facts *host)
{
	return (host->ksize_is == FACT_KNOWN || host->kernel_cmd) && !host_hook_must_fail(host);
}

void diagnose_arch(const struct cc_record *r, const struct host_facts *host,
		   const struct offer *offer, struct arch_diagnosis *d)
{
	char comm[CC_COMM_LEN * 4];
	const struct summary_asked asked = {
		.comm = comm,
		.queried = offer->queried,
		.query_cause = offer->query_cause,
		.not_seen = offer->not_seen,
		.can_query = host_can_answer(host),
		.line = offer->message,
	};
	struct history_request request;

	*d = (struct arch_diagnosis){ .pvr = (uint32_t)r->arg, .known = abi_pvr((uint32_t)r->arg) };
	d->cause = arch_cause(r, host, offer, d->known);
	d->by = request_by(r);
	d->guest_known = d->by == BY_CAS && r->in_words > CC_REQUEST_MODES;
	d->guest_modes = d->guest_known ? guest_modes(r) : 0;
	text_escape(comm, sizeof(comm), r->comm, sizeof(r->comm));
	summary_fill_request(&request, r, host, offer, d->cause);
	summary_request(d->hint, sizeof(d->hint), &request, &asked);
	say_to_author(&(struct text_line){ d->developer_hint, sizeof(d->developer_hint), 0 },
		      &request, &asked);
	if (another_mode_helps(d->cause) && nearest(&request))
		summary_option(d->max_cpu_compat, nearest(&request));
}
