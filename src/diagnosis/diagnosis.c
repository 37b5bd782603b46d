// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The cause of one call's result. The kernel can end a call in a few places only, each with its
 * own cause, and a record rules places out; the verdict is the place that is left. Where more than
 * one is left, or none, the cause is `unexpected`, and the hint names what is missing.
 */
#include "diagnosis/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ names */

struct named_cause {
	const char *name;
	enum verdict_kind kind;
};

static const struct named_cause causes[CAUSE_MAX] = {
	[CAUSE_OK] = { "ok", VERDICT_FINE },
	[CAUSE_OK_LARGER_STRUCT] = { "ok-larger-struct", VERDICT_NOTE },
	[CAUSE_OK_SMALLER_STRUCT] = { "ok-smaller-struct", VERDICT_NOTE },
	[CAUSE_OK_NO_MODES] = { "ok-no-modes", VERDICT_NOTE },
	[CAUSE_SIZE_OVER_PAGE] = { "size-over-page", VERDICT_FAILURE },
	[CAUSE_STRUCT_TOO_NEW] = { "struct-too-new", VERDICT_FAILURE },
	[CAUSE_SIZE_TOO_SMALL] = { "size-too-small", VERDICT_FAILURE },
	[CAUSE_FLAGS_SET] = { "flags-set", VERDICT_FAILURE },
	[CAUSE_BACKEND_NOT_PSERIES] = { "backend-not-pseries", VERDICT_FAILURE },
	[CAUSE_BACKEND_NO_CPU_VERSION] = { "backend-no-cpu-version", VERDICT_FAILURE },
	[CAUSE_BACKEND_UNMAPPED_CPU_VERSION] = { "backend-unmapped-cpu-version", VERDICT_FAILURE },
	[CAUSE_BACKEND_FAILED] = { "backend-failed", VERDICT_FAILURE },
	[CAUSE_ARG_UNREADABLE] = { "arg-unreadable", VERDICT_FAILURE },
	[CAUSE_STRUCT_UNREADABLE] = { "struct-unreadable", VERDICT_FAILURE },
	[CAUSE_COPYOUT_FAILED] = { "copyout-failed", VERDICT_FAILURE },
	[CAUSE_NO_BACKEND] = { "no-backend", VERDICT_FAILURE },
	[CAUSE_ABI_MISMATCH] = { "abi-mismatch", VERDICT_FAILURE },
	[CAUSE_NO_KERNEL_SUPPORT] = { "no-kernel-support", VERDICT_FAILURE },
	[CAUSE_UNEXPECTED] = { "unexpected", VERDICT_FAILURE },
};

static const struct named_cause arch_causes[ARCH_MAX] = {
	[ARCH_ACCEPTED] = { "accepted", VERDICT_FINE },
	[ARCH_ACCEPTED_ABOVE_HOST] = { "accepted-above-host", VERDICT_FAILURE },
	[ARCH_HOST_DEFAULT] = { "host-default", VERDICT_FINE },
	[ARCH_NEWER_THAN_HOST] = { "newer-than-host", VERDICT_FAILURE },
	[ARCH_OUTSIDE_HOST_CAPS] = { "outside-host-caps", VERDICT_FAILURE },
	[ARCH_UNKNOWN_PVR] = { "unknown-pvr", VERDICT_FAILURE },
	[ARCH_BEFORE_PAPR] = { "before-papr", VERDICT_FAILURE },
	[ARCH_KVM_PR] = { "kvm-pr", VERDICT_FAILURE },
	[ARCH_REJECTED] = { "rejected", VERDICT_FAILURE },
};

const char *cause_name(enum cause cause)
{
	return (unsigned int)cause < CAUSE_MAX ? causes[cause].name : NULL;
}

const char *arch_cause_name(enum arch_cause cause)
{
	return (unsigned int)cause < ARCH_MAX ? arch_causes[cause].name : NULL;
}

static int by_name(const struct named_cause *table, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(table[i].name, name))
			return i;
	return -1;
}

int cause_by_name(const char *name)
{
	return by_name(causes, CAUSE_MAX, name);
}

int arch_cause_by_name(const char *name)
{
	return by_name(arch_causes, ARCH_MAX, name);
}

enum verdict_kind cause_kind(enum cause cause)
{
	return (unsigned int)cause < CAUSE_MAX ? causes[cause].kind : VERDICT_FAILURE;
}

enum verdict_kind arch_cause_kind(enum arch_cause cause)
{
	return (unsigned int)cause < ARCH_MAX ? arch_causes[cause].kind : VERDICT_FAILURE;
}

const char *queried_name(enum queried queried)
{
	static const char *const names[] = {
		[QUERIED_NOT_SEEN] = "not-seen",
		[QUERIED_NO] = "no",
		[QUERIED_FAILED] = "failed",
		[QUERIED_YES] = "yes",
	};

	return (unsigned int)queried < COUNT(names) ? names[queried] : NULL;
}

const char *request_by_name(enum request_by by)
{
	static const char *const names[BY_MAX] = {
		[BY_CAS] = "cas",
		[BY_START] = "start",
		[BY_VMM] = "vmm",
	};

	return (unsigned int)by < COUNT(names) ? names[by] : NULL;
}

const char *modes_source_name(enum modes_source source)
{
	static const char *const names[] = {
		[MODES_NEGOTIATION] = "negotiation",
		[MODES_NESTED_CAPS] = "nested-capabilities",
		[MODES_CPU_VERSION] = "cpu-version",
	};

	return (unsigned int)source < COUNT(names) ? names[source] : NULL;
}

const char *errno_name(int err, char *buf, size_t len)
{
	unsigned int e = err < 0 ? 0u - (unsigned int)err : (unsigned int)err;
	const char *name = e <= INT_MAX ? strerrorname_np((int)e) : NULL;

	if (name)
		snprintf(buf, len, "%s", name);
	else
		snprintf(buf, len, "%u", e);
	return buf;
}

char *modes_text(char *buf, size_t len, uint64_t caps)
{
	uint64_t unknown = abi_unknown_bits(caps);
	const struct abi_mode *mode;
	size_t n = 0;

	snprintf(buf, len, "none");
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit && n < len)
			n += snprintf(buf + n, len - n, "%s%s", n ? " " : "", mode->name);
	if (unknown && n < len)
		snprintf(buf + n, len - n, "%s0x%" PRIx64, n ? " " : "", unknown);
	return buf;
}

/* ------------------------------------------------------------------ where a call can have ended */

static bool past_size(const struct evidence *e)
{
	uint64_t limit = UINT64_MAX;

	if (e->d->abi->off_size < 0)
		return true;
	if (is_sized(e))
		limit = is_mainline(e) ? e->page.hi : e->ksize.hi;
	return overlaps(e->usize, ABI_SIZE_VER0, limit);
}

/* Has everything been read that is read before flags are looked at? */
static bool past_struct(const struct evidence *e)
{
	return past_size(e) && e->tail != YES && (!is_sized(e) || e->unreadable >= e->usize.lo);
}

static bool knows_command(const struct evidence *e)
{
	uint32_t cmd = e->host->kernel_cmd;

	return e->feature != NO && (!cmd || cmd == e->r->cmd);
}

/* Is the host known to be one where the hook has no answer? */
bool host_hook_must_fail(const struct host_facts *host)
{
	if (host->pseries_is == FACT_ABSENT)
		return true;
	if (host->nested == NESTED_V2 || host->nested == NESTED_UNKNOWN)
		return false;
	return host->cpu_version_is == FACT_ABSENT ||
	       (host->cpu_version_is == FACT_KNOWN && !abi_caps_of_pvr(host->cpu_version));
}

static bool no_modes(const struct evidence *e)
{
	return !e->d->caps.known || !e->d->caps.value;
}

static bool modes(const struct evidence *e)
{
	return !e->d->caps.known || e->d->caps.value;
}

/* Of the sizes that end in success. */
static struct range good_size(const struct evidence *e)
{
	uint64_t limit = !is_sized(e) ? UINT64_MAX : is_mainline(e) ? e->page.hi : e->ksize.hi;
	struct range r = e->usize;

	if (r.lo < ABI_SIZE_VER0)
		r.lo = ABI_SIZE_VER0;
	if (r.hi > limit)
		r.hi = limit;
	return r;
}

static bool can_be_ok(const struct evidence *e)
{
	struct range good = good_size(e);

	return modes(e) && (e->d->abi->off_size < 0 || overlaps(e->ksize, good.lo, good.hi));
}

static bool can_be_larger(const struct evidence *e)
{
	struct range good = good_size(e);

	return modes(e) && e->d->abi->off_size >= 0 && good.lo <= good.hi && good.hi > e->ksize.lo;
}

static bool can_be_smaller(const struct evidence *e)
{
	struct range good = good_size(e);

	return modes(e) && e->d->abi->off_size >= 0 && good.lo <= good.hi && good.lo < e->ksize.hi;
}

/* Nothing is written back. */
static bool can_be_over_page(const struct evidence *e)
{
	struct maybe_u64 out = e->d->size_out;

	return is_mainline(e) && e->hook != YES && e->usize.hi > e->page.lo &&
	       (!exact(e->usize) || !out.known || out.value == e->usize.lo);
}

static bool can_be_too_new(const struct evidence *e)
{
	uint64_t limit = is_mainline(e) ? e->page.hi : UINT64_MAX;
	struct maybe_u64 out = e->d->size_out;

	/* A byte that is not zero was read. */
	if (is_mainline(e) && e->unreadable <= evidence_zero_up_to(e))
		return false;
	return is_sized(e) && e->hook != YES && e->ksize.lo < limit &&
	       overlaps(e->usize, e->ksize.lo + 1, limit) &&
	       (!exact(e->usize) || !out.known || fits_ksize(e, out.value));
}

static bool can_be_too_small(const struct evidence *e)
{
	return e->d->abi->off_size >= 0 && e->hook != YES && e->usize.lo < ABI_SIZE_VER0;
}

static bool can_be_flags(const struct evidence *e)
{
	return e->hook != YES && past_struct(e) && e->flags != NO;
}

static bool can_be_backend(const struct evidence *e)
{
	return e->hook == MAYBE && past_struct(e) && e->flags != YES;
}

static bool can_be_arg(const struct evidence *e)
{
	return e->hook != YES && e->size_read != YES;
}

static bool can_be_unreadable(const struct evidence *e)
{
	/* Before v5 there is nothing to be read but the size, as far as is known. */
	if (e->hook == YES || e->size_read == NO || (!is_sized(e) && e->size_read != YES))
		return false;
	return past_size(e) && e->tail != YES && e->hole != NO;
}

bool verdict_can_be_size_copyout(const struct evidence *e)
{
	uint64_t limit = is_mainline(e) ? e->page.hi : UINT64_MAX;

	return is_sized(e) && e->hook != YES && e->size_read != NO && e->ksize.lo < limit &&
	       overlaps(e->usize, e->ksize.lo + 1, limit) && (!is_mainline(e) || e->tail != NO);
}

bool verdict_can_be_answer_copyout(const struct evidence *e)
{
	if (e->hook != MAYBE || e->written)
		return e->hook != NO;
	if (host_hook_must_fail(e->host))
		return false;
	/* Before v5 the struct is not read, at most its size is. */
	return past_struct(e) && e->flags != YES && (!is_sized(e) || e->size_read != NO);
}

static bool can_be_copyout(const struct evidence *e)
{
	return verdict_can_be_size_copyout(e) || verdict_can_be_answer_copyout(e);
}

static bool can_be_no_backend(const struct evidence *e)
{
	return knows_command(e) && e->hook != YES && !(e->r->seen & CC_SEEN_OPS && e->r->has_hook);
}

static bool can_be_mismatch(const struct evidence *e)
{
	return e->feature != NO && e->hook != YES && e->host->kernel_cmd != e->r->cmd;
}

static bool can_be_no_support(const struct evidence *e)
{
	return e->feature != YES;
}

static bool can_be_enotty_of_backend(const struct evidence *e)
{
	return knows_command(e) && e->hook == MAYBE;
}

/*
 * The places. An error of the hook's own that nobody saw is taken into account where the hook
 * can be at fault: it has no access to the caller's memory, and EFAULT or E2BIG is not its.
 */
static const struct place {
	int ret;
	enum cause cause;
	bool (*possible)(const struct evidence *e);
} places[] = {
	{ 0, CAUSE_OK, can_be_ok },
	{ 0, CAUSE_OK_LARGER_STRUCT, can_be_larger },
	{ 0, CAUSE_OK_SMALLER_STRUCT, can_be_smaller },
	{ 0, CAUSE_OK_NO_MODES, no_modes },
	{ -E2BIG, CAUSE_SIZE_OVER_PAGE, can_be_over_page },
	{ -E2BIG, CAUSE_STRUCT_TOO_NEW, can_be_too_new },
	{ -EINVAL, CAUSE_SIZE_TOO_SMALL, can_be_too_small },
	{ -EINVAL, CAUSE_FLAGS_SET, can_be_flags },
	{ -EINVAL, CAUSE_BACKEND_FAILED, can_be_backend },
	{ -EFAULT, CAUSE_ARG_UNREADABLE, can_be_arg },
	{ -EFAULT, CAUSE_STRUCT_UNREADABLE, can_be_unreadable },
	{ -EFAULT, CAUSE_COPYOUT_FAILED, can_be_copyout },
	{ -ENOTTY, CAUSE_NO_BACKEND, can_be_no_backend },
	{ -ENOTTY, CAUSE_ABI_MISMATCH, can_be_mismatch },
	{ -ENOTTY, CAUSE_NO_KERNEL_SUPPORT, can_be_no_support },
	{ -ENOTTY, CAUSE_BACKEND_FAILED, can_be_enotty_of_backend },
};

const cause_set causes_of_hook = ONE(CAUSE_BACKEND_NOT_PSERIES) |
				 ONE(CAUSE_BACKEND_NO_CPU_VERSION) |
				 ONE(CAUSE_BACKEND_UNMAPPED_CPU_VERSION) |
				 ONE(CAUSE_BACKEND_FAILED) | ONE(CAUSE_COPYOUT_FAILED);

bool verdict_is_known_result(int ret)
{
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i].ret == ret)
			return true;
	return false;
}

/* Why the hook fails on pseries: with nested API v2 it does not look at cpu-version. */
static cause_set pseries_causes(const struct host_facts *host)
{
	if (host->nested == NESTED_V2)
		return ONE(CAUSE_BACKEND_FAILED);
	switch (host->cpu_version_is) {
	case FACT_ABSENT:
		return ONE(CAUSE_BACKEND_NO_CPU_VERSION);
	case FACT_KNOWN:
		return abi_caps_of_pvr(host->cpu_version) ? ONE(CAUSE_BACKEND_FAILED) :
							    ONE(CAUSE_BACKEND_UNMAPPED_CPU_VERSION);
	default:
		return ONE(CAUSE_BACKEND_NO_CPU_VERSION) | ONE(CAUSE_BACKEND_UNMAPPED_CPU_VERSION) |
		       ONE(CAUSE_BACKEND_FAILED);
	}
}

static cause_set backend_causes(const struct host_facts *host, int err)
{
	if (err != -EINVAL)
		return ONE(CAUSE_BACKEND_FAILED);
	if (host->pseries_is == FACT_ABSENT)
		return ONE(CAUSE_BACKEND_NOT_PSERIES);
	if (host->pseries_is == FACT_KNOWN)
		return pseries_causes(host);
	return ONE(CAUSE_BACKEND_NOT_PSERIES) | pseries_causes(host);
}

static cause_set possible_causes(const struct evidence *e)
{
	cause_set set = 0;

	if (e->hook == YES && e->r->backend_ret)
		return e->r->backend_ret == e->r->ret ? backend_causes(e->host, e->r->ret) : 0;
	for (size_t i = 0; i < COUNT(places); i++) {
		const struct place *p = &places[i];

		if (p->ret != e->r->ret || !p->possible(e))
			continue;
		set |= p->cause == CAUSE_BACKEND_FAILED ? backend_causes(e->host, e->r->ret) :
							  ONE(p->cause);
	}
	return set;
}

/* A verdict on a field needs the field, even where no other is left. */
static bool is_shown(const struct evidence *e, enum cause cause)
{
	switch (cause) {
	case CAUSE_SIZE_TOO_SMALL:
		return e->usize.hi < ABI_SIZE_VER0;
	case CAUSE_FLAGS_SET:
		return e->flags == YES;
	case CAUSE_SIZE_OVER_PAGE:
		return e->usize.lo > e->page.hi;
	default:
		return true;
	}
}

/* ------------------------------------------------------------------ verdicts */

static void decide(const struct evidence *e)
{
	cause_set set = possible_causes(e);

	e->d->cause = CAUSE_UNEXPECTED;
	for (int i = 0; i < CAUSE_MAX; i++)
		if (set == ONE(i) && is_shown(e, i))
			e->d->cause = i;
	hint_write(e, set);
}

void diagnose(const struct cc_record *r, const struct host_facts *host, struct diagnosis *d)
{
	const struct evidence e = evidence_gather(r, host, d);

	decide(&e);
}

static enum cause cause_with(const struct cc_record *r, const struct host_facts *host, uint32_t cmd)
{
	struct host_facts supposed = *host;
	struct diagnosis d;

	supposed.kernel_cmd = cmd;
	diagnose(r, &supposed, &d);
	return d.cause;
}

bool record_wants_cmd(const struct cc_record *r, const struct host_facts *host)
{
	uint32_t other = r->cmd == ABI_CMD_MAINLINE ? ABI_CMD_V5 : ABI_CMD_MAINLINE;

	if (r->type != CC_NEGOTIATION || host->kernel_cmd || r->ret != -ENOTTY)
		return false;
	/* Its sentence names the command that the kernel has. */
	if (cause_with(r, host, 0) == CAUSE_ABI_MISMATCH)
		return true;
	if (cause_with(r, host, 0) != CAUSE_UNEXPECTED)
		return false;
	return cause_with(r, host, r->cmd) != CAUSE_UNEXPECTED ||
	       cause_with(r, host, other) != CAUSE_UNEXPECTED;
}
