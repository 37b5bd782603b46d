// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel can end a call in a few places only, each of them with its own cause. A verdict
 * is what is left when the places are struck out that the record rules out; where more than
 * one is left, or none, it is `unexpected`, and the hint tells which and what is missing.
 */
#include "diagnosis/diagnosis.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

const char *cause_advice(enum cause cause)
{
	static const char *const advice[CAUSE_MAX] = {
		[CAUSE_SIZE_OVER_PAGE] =
			"set size before the call, it was probably never initialised",
		[CAUSE_STRUCT_TOO_NEW] =
			"retry with the size that the kernel wrote back, or clear the bytes past it",
		[CAUSE_SIZE_TOO_SMALL] =
			"set size=sizeof(struct kvm_ppc_compat_caps) before the call",
		[CAUSE_FLAGS_SET] = "flags must be 0, clear the struct before the call",
		[CAUSE_BACKEND_NOT_PSERIES] =
			"check KVM_CAP_PPC_COMPAT_CAPS before it, which is 0 on bare metal",
		[CAUSE_BACKEND_NO_CPU_VERSION] =
			"nothing for the VMM to change, the host's hypervisor must provide a cpu-version",
		[CAUSE_BACKEND_UNMAPPED_CPU_VERSION] =
			"nothing for the VMM to change, the host's cpu-version stands for no mode of the bitmap",
		[CAUSE_BACKEND_FAILED] =
			"nothing for the VMM to change, look at the host's kernel log",
		[CAUSE_ARG_UNREADABLE] = "pass the address of the struct",
		[CAUSE_STRUCT_UNREADABLE] = "make the buffer as large as size says",
		[CAUSE_COPYOUT_FAILED] = "pass memory that is mapped and writable",
		[CAUSE_NO_BACKEND] = "create the VM with KVM HV, or go on without the bitmap",
		[CAUSE_ABI_MISMATCH] = "build the VMM with this kernel's headers",
		[CAUSE_NO_KERNEL_SUPPORT] =
			"treat that as no information and go by the host's cpu-version; Linux 7.3 has it",
	};

	return (unsigned int)cause < CAUSE_MAX ? advice[cause] : NULL;
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

/* ------------------------------------------------------------------ records */

static bool is_string(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static bool tail_valid(const struct cc_record *r)
{
	if (!(r->seen & CC_SEEN_TAIL))
		return !r->tail_read && !r->tail_first;
	if (r->tail_read > CC_TAIL_MAX)
		return false;
	if (!r->tail_first)
		return true;
	return r->tail_first >= r->tail_from && r->tail_first - r->tail_from < r->tail_read;
}

static bool negotiation_valid(const struct cc_record *r)
{
	if (!abi_by_cmd(r->cmd) || !tail_valid(r))
		return false;
	/* The head is read where the hook returns. */
	return !(r->seen & CC_SEEN_HEAD) || r->seen & CC_SEEN_BACKEND;
}

static bool run_failed(const struct cc_record *r)
{
	return r->ret < 0 ? r->ret != -EINTR && r->ret != -EAGAIN : abi_exit_name(r->cmd) != NULL;
}

static bool vcpu_valid(const struct cc_record *r)
{
	return r->in_words <= CC_VCPU_PVR + 1 && r->in[CC_VCPU_PVR] <= UINT32_MAX;
}

bool record_valid(const struct cc_record *r)
{
	if (r->seen & ~(unsigned int)CC_SEEN_ALL || r->in_words > CC_WORDS ||
	    r->out_words > CC_WORDS)
		return false;
	if (r->seen & CC_SEEN_INTERRUPT && r->type != CC_KERNEL)
		return false;
	if (r->seen & CC_SEEN_PAPR && (!(r->seen & CC_SEEN_VCPU) || r->papr > 1))
		return false;
	if (!is_string(r->comm, sizeof(r->comm)) || !is_string(r->thread, sizeof(r->thread)) ||
	    !is_string(r->vm_name, sizeof(r->vm_name)))
		return false;
	switch (r->type) {
	case CC_NEGOTIATION:
		return negotiation_valid(r);
	case CC_EXTENSION:
		return r->arg == ABI_CAP_PPC_COMPAT_CAPS || r->arg == ABI_CAP_PPC_COMPAT_CAPS_OLD;
	case CC_ARCH_COMPAT:
		return r->arg <= UINT32_MAX;
	case CC_RUN:
		return run_failed(r) && vcpu_valid(r);
	case CC_RAN:
		return r->ret >= 0 && r->vm && !run_failed(r) && vcpu_valid(r);
	case CC_KERNEL:
		return r->arg && r->in_words <= 1;
	case CC_VM_CREATED:
		return r->ret < 0 ? !r->vm : r->vm;
	case CC_VM_ENDED:
		return r->vm;
	default:
		return false;
	}
}

uint32_t record_proves_cmd(const struct cc_record *r)
{
	if (r->type != CC_NEGOTIATION)
		return 0;
	if (r->seen & CC_SEEN_BACKEND)
		return r->cmd;
	/* What KVM returns before it looks at the command proves nothing: EIO, EBADF, EACCES. */
	return !r->ret || r->ret == -E2BIG || r->ret == -EINVAL || r->ret == -EFAULT ? r->cmd : 0;
}

/* ------------------------------------------------------------------ evidence */

enum answer { NO, MAYBE, YES };

/* What can be said of a number that was not seen itself: from lo to hi. */
struct range {
	uint64_t lo, hi;
};

static const struct range any = { 0, UINT64_MAX };

/* What the record tells of what the kernel met. */
struct evidence {
	const struct cc_record *r;
	const struct host_facts *host;
	struct diagnosis *d;
	struct range page;
	struct range ksize;
	struct range usize;    /* that the kernel read */
	enum answer feature;   /* does the kernel have it, under whatever command? */
	enum answer hook;      /* was it called? */
	enum answer size_read; /* could size be read? */
	enum answer flags;     /* are they set? */
	enum answer tail;      /* is a byte of it set, ahead of what cannot be read? (mainline) */
	enum answer hole;      /* is there what cannot be read, and the kernel has to? */
	uint64_t unreadable;   /* from this offset on there is nothing to be read at exit */
	bool written;	       /* as it seems, a part of an answer, ahead of an EFAULT */
	bool vanished;	       /* what was readable is at exit no longer */
};

static bool overlaps(struct range a, uint64_t lo, uint64_t hi)
{
	return a.lo <= hi && lo <= a.hi && lo <= hi;
}

static bool within(struct range a, uint64_t value)
{
	return a.lo <= value && value <= a.hi;
}

/* A size that the kernel's struct can have: all of its fields are u64. */
static bool fits_ksize(const struct evidence *e, uint64_t size)
{
	return within(e->ksize, size) && size % sizeof(uint64_t) == 0;
}

static bool exact(struct range a)
{
	return a.lo == a.hi;
}

static struct range only(uint64_t value)
{
	return (struct range){ value, value };
}

static bool is_mainline(const struct evidence *e)
{
	return e->d->abi->cmd == ABI_CMD_MAINLINE;
}

/* From v5 on size comes first, and the kernel reads as much as it says. */
static bool is_sized(const struct evidence *e)
{
	return e->d->abi->off_size == 0;
}

static struct maybe_u64 word(const __u64 *words, unsigned int n, int offset)
{
	unsigned int i = offset / 8;

	if (offset < 0 || i >= n)
		return (struct maybe_u64){ 0 };
	return (struct maybe_u64){ true, words[i] };
}

static struct range unknown_ksize(const struct evidence *e)
{
	return (struct range){ ABI_SIZE_VER0, e->page.hi };
}

static void find_host(struct evidence *e)
{
	const struct host_facts *host = e->host;

	e->page = host->page_size ? only(host->page_size) : (struct range){ 4096, 65536 };
	e->ksize = host->ksize_is == FACT_KNOWN ? only(host->ksize) : unknown_ksize(e);
	e->feature = host->ksize_is == FACT_ABSENT ? NO : MAYBE;
	/* That the ops could be read proves the field, and with it the feature. */
	if (host->ksize_is == FACT_KNOWN || host->kernel_cmd ||
	    e->r->seen & (CC_SEEN_OPS | CC_SEEN_BACKEND))
		e->feature = YES;
}

static void find_hook(struct evidence *e)
{
	const struct cc_record *r = e->r;

	if (r->seen & CC_SEEN_BACKEND)
		e->hook = YES;
	else if (r->seen & CC_SEEN_WATCHED || (r->seen & CC_SEEN_OPS && !r->has_hook))
		e->hook = NO;
	else
		e->hook = MAYBE;
}

/*
 * Can the answer to a caller of this size, or a part of it, have been written? A part only
 * where it reaches into another page.
 */
static bool may_have_answered(const struct evidence *e, uint64_t usize)
{
	uint64_t end = is_sized(e) ? e->ksize.hi : e->d->abi->struct_size;

	if (e->r->ret != -EFAULT || e->hook == NO)
		return !e->r->ret;
	if (is_sized(e) && usize < end)
		end = usize;
	return !exact(e->page) || e->r->arg / e->page.lo != (e->r->arg + end - 1) / e->page.lo;
}

/* Can a kernel that has read this size and answers leave that one? */
static bool answers_with(const struct evidence *e, uint64_t usize, uint64_t out)
{
	if (!is_sized(e))
		return true; /* what v3 and v4 leave there is not known */
	if (usize < ABI_SIZE_VER0 || (is_mainline(e) && usize > e->page.hi))
		return false;
	if (!is_mainline(e))
		return fits_ksize(e, out) && (!e->r->ret || usize <= e->ksize.hi);
	return out == usize ? usize <= e->ksize.hi : fits_ksize(e, out) && out < usize;
}

/* Can this call leave that size where the caller had put this one? */
static bool leaves(const struct evidence *e, uint64_t usize, uint64_t out)
{
	switch (e->r->ret) {
	case 0:
		return answers_with(e, usize, out);
	case -E2BIG:
		if (!is_sized(e))
			return true;
		if (is_mainline(e) && usize > e->page.lo && out == usize)
			return true;
		return fits_ksize(e, out) && !(is_mainline(e) && usize > e->page.hi);
	case -EFAULT:
		return out == usize || (may_have_answered(e, usize) && answers_with(e, usize, out));
	default:
		return out == usize;
	}
}

/* Size was seen at exit alone. The kernel may have written there: what can it have read? */
static void find_usize_at_exit(struct evidence *e)
{
	uint64_t out = e->d->size_out.value;
	int ret = e->r->ret;
	bool may_be_written = ret == -E2BIG ? is_sized(e) : may_have_answered(e, UINT64_MAX);

	if (ret == -EFAULT && !fits_ksize(e, out))
		may_be_written = false;
	/* Mainline writes the smaller of two sizes back, or none over a page. */
	if (is_mainline(e) &&
	    (ret == -E2BIG ? out > e->page.hi : out < e->ksize.hi && !fits_ksize(e, out)))
		may_be_written = false;
	if (may_be_written && is_sized(e) &&
	    (!fits_ksize(e, out) || (is_mainline(e) && ret == -E2BIG && out >= e->page.hi))) {
		e->d->changed = true; /* neither the caller's nor the kernel's */
	} else if (!may_be_written) {
		e->d->usize = (struct maybe_u64){ true, out };
		e->d->usize_source = USIZE_EXIT;
		e->usize = only(out);
	} else if (ret == -EFAULT) {
		e->usize = only(out); /* as far as what comes before the hook goes */
	} else if (is_mainline(e)) {
		e->usize = (struct range){ out + (ret == -E2BIG), e->page.hi };
		/* That it was written there is known where ksize is. */
		if (ret == -E2BIG && !exact(e->ksize))
			e->usize.hi = UINT64_MAX;
	} else if (is_sized(e)) {
		e->usize = ret == -E2BIG ? (struct range){ out + 1, UINT64_MAX } :
					   (struct range){ ABI_SIZE_VER0, e->ksize.hi };
	}
}

static void find_usize(struct evidence *e)
{
	struct maybe_u64 entry = word(e->r->in, e->r->in_words, e->d->abi->off_size), head = { 0 };
	bool changed = false;

	if (is_sized(e) && e->r->seen & CC_SEEN_HEAD)
		head = (struct maybe_u64){ true, e->r->backend_head };
	e->d->size_out = word(e->r->out, e->r->out_words, e->d->abi->off_size);
	e->d->usize = entry.known ? entry : head;
	e->usize = any;
	if (!e->d->usize.known) {
		if (e->d->size_out.known)
			find_usize_at_exit(e);
		return;
	}
	e->d->usize_source = entry.known ? USIZE_ENTRY : USIZE_EXIT;
	if (entry.known && head.known)
		changed = entry.value != head.value;
	if (e->d->size_out.known && !leaves(e, e->d->usize.value, e->d->size_out.value)) {
		e->d->changed = true;
		/* Still the same when the hook returned: the kernel had read it by then. */
		changed |= !entry.known || !head.known;
	}
	e->d->changed |= changed;
	if (changed)
		return;
	e->usize = only(e->d->usize.value);
	e->written = e->r->ret == -EFAULT && e->d->size_out.known && !e->d->changed &&
		     e->d->size_out.value != e->d->usize.value;
}

/* Without the kernel's types: what it writes back may tell. */
static void find_ksize(struct evidence *e)
{
	uint64_t out = e->d->size_out.value;
	bool answered = !e->r->ret || e->r->ret == -E2BIG;

	if (exact(e->ksize) || !is_sized(e) || !answered || !e->d->size_out.known ||
	    e->d->changed || !fits_ksize(e, out))
		return;
	if (!is_mainline(e) || e->r->ret || (exact(e->usize) && out < e->usize.lo))
		e->ksize = only(out);
	else
		e->ksize.lo = out;
}

static void find_flags(struct evidence *e)
{
	struct maybe_u64 in = word(e->r->in, e->r->in_words, e->d->abi->off_flags);
	struct maybe_u64 out = word(e->r->out, e->r->out_words, e->d->abi->off_flags);
	bool changed = in.known && out.known && in.value != out.value;

	/* A call that fails leaves the flags as they were. */
	e->d->flags = in.known || !e->r->ret ? in : out;
	/* Before v5 nobody looks at flags, and an answer overwrites them. */
	if (!is_sized(e)) {
		e->flags = NO;
		e->d->changed |= changed && !may_have_answered(e, UINT64_MAX);
		return;
	}
	/* Only with none is there success. */
	changed |= !e->r->ret && ((in.known && in.value) || (out.known && out.value));
	e->d->changed |= changed;
	if (changed || !e->d->flags.known)
		e->flags = MAYBE;
	else
		e->flags = e->d->flags.value ? YES : NO;
}

static void find_caps(struct evidence *e)
{
	struct maybe_u64 in = word(e->r->in, e->r->in_words, e->d->abi->off_caps);
	struct maybe_u64 out = word(e->r->out, e->r->out_words, e->d->abi->off_caps);
	int ret = e->r->ret;

	if (!ret && e->hook == YES && !e->r->backend_ret) {
		e->d->caps = (struct maybe_u64){ true, e->r->backend_caps };
		e->d->caps_of_hook = true;
		e->d->changed |= out.known && out.value != e->r->backend_caps;
	} else if (!ret) {
		e->d->caps = out;
	} else if (!may_have_answered(e, UINT64_MAX)) {
		e->d->changed |= in.known && out.known && in.value != out.value;
	}
}

/* How far the tail was to be looked at; 0: not at all. */
static uint64_t looked_up_to(const struct evidence *e)
{
	if (!(e->r->seen & CC_SEEN_TAIL))
		return 0;
	return e->d->usize.known ? e->d->usize.value : e->d->size_out.value;
}

/* Where looking at the tail ended for want of memory; 0: it did not. */
static uint64_t look_failed_at(const struct evidence *e)
{
	uint64_t stop = (uint64_t)e->r->tail_from + e->r->tail_read;

	if (e->r->tail_first || e->r->tail_read >= CC_TAIL_MAX)
		return 0;
	return stop < looked_up_to(e) ? stop : 0;
}

/* The offset of the page that keeps this piece from being read; UINT64_MAX: not known which. */
static uint64_t page_of_piece(const struct evidence *e, uint64_t from, uint64_t readable)
{
	uint64_t page = e->page.lo, end = from + CC_TAIL_PIECE, in_page = (e->r->arg + from) % page;
	bool on_readable = from - readable < in_page; /* on the page of the last byte before it */

	if (end > looked_up_to(e))
		end = looked_up_to(e);
	if (in_page + (end - from) > page)
		return on_readable ? from - in_page + page : UINT64_MAX;
	return on_readable ? UINT64_MAX : from - in_page;
}

/*
 * The offset from which on nothing can be read when the call has returned: the kernel would
 * have brought into memory what it has read. UINT64_MAX: of no offset is that known.
 */
static uint64_t unreadable_from(const struct evidence *e)
{
	uint64_t readable = e->r->out_words * 8u, stop;

	if (e->vanished || !exact(e->page))
		return UINT64_MAX;
	if (e->r->out_words < CC_WORDS)
		return readable;
	stop = look_failed_at(e);
	if (!stop)
		return UINT64_MAX;
	return page_of_piece(e, stop, e->r->tail_read ? stop : readable);
}

/* Up to there the tail is known to be zero. */
static uint64_t zero_up_to(const struct evidence *e)
{
	uint64_t stop = look_failed_at(e);

	return stop && e->r->tail_from <= e->ksize.lo && stop > e->ksize.lo ? stop : e->ksize.lo;
}

static void look_at_tail(struct evidence *e)
{
	uint64_t ksize = e->ksize.lo, usize = e->d->usize.value;
	const struct cc_record *r = e->r;
	uint64_t end = (uint64_t)r->tail_from + r->tail_read;
	uint64_t from = r->tail_from > ksize ? r->tail_from : ksize;

	e->d->tail = TAIL_UNREAD;
	if (!(r->seen & CC_SEEN_TAIL))
		return;
	if (end > usize)
		end = usize;
	e->d->tail_read = end > from ? end - from : 0;
	if (r->tail_first >= ksize && r->tail_first < usize) {
		e->d->tail = TAIL_NONZERO;
		e->d->tail_first = r->tail_first;
	} else if ((!r->tail_first || r->tail_first >= usize) && r->tail_from <= ksize &&
		   end == usize) {
		e->d->tail = TAIL_ZERO;
	}
}

/* Has the kernel been past the tail, which it looks at before it reads the rest? */
static bool went_past_tail(const struct evidence *e)
{
	return !e->r->ret || e->hook == YES ||
	       (e->r->ret == -EINVAL && e->usize.lo >= ABI_SIZE_VER0);
}

static void find_tail(struct evidence *e)
{
	bool is_there = e->d->usize.known && exact(e->ksize) && e->d->usize.value > e->ksize.lo;

	e->unreadable = unreadable_from(e);
	if (is_sized(e) && is_there)
		look_at_tail(e);
	e->tail = NO;
	if (!is_mainline(e) || e->usize.hi <= e->ksize.lo)
		return;
	e->tail = MAYBE;
	if (!exact(e->usize) || !is_there)
		return;
	if (went_past_tail(e)) {
		/* Then it was zero, and was read. */
		e->d->changed |= e->d->tail == TAIL_NONZERO;
		e->vanished |= e->unreadable < e->usize.lo;
		/* Was it the size, where the hook did not find the one that was there at entry? */
		if ((e->d->tail == TAIL_NONZERO || e->vanished) &&
		    !(e->d->usize_source == USIZE_ENTRY && e->r->seen & CC_SEEN_HEAD))
			e->usize = any;
		/* Or the size that was taken for the kernel's? */
		if (e->d->tail == TAIL_NONZERO && e->host->ksize_is != FACT_KNOWN)
			e->ksize = unknown_ksize(e);
	} else if (e->d->tail == TAIL_NONZERO) {
		e->tail = YES;
	} else if (e->d->tail == TAIL_ZERO) {
		e->tail = NO;
		e->d->changed |= e->r->ret == -E2BIG && e->usize.lo <= e->page.lo;
	} else if (e->unreadable <= zero_up_to(e)) {
		e->tail = NO;
	}
}

/* Is the struct readable as far as both sides know it? Its first words were read. */
static bool reads_up_to(const struct evidence *e, uint64_t end)
{
	const struct cc_record *r = e->r;
	uint64_t last_word = r->arg + CC_WORDS * 8 - 1, page = e->page.lo;

	if (end <= CC_WORDS * 8)
		return true;
	if (exact(e->page) && last_word / page == (r->arg + end - 1) / page)
		return true;
	/* In between there is no room for a page of its own. */
	return r->seen & CC_SEEN_TAIL && r->tail_read && r->tail_from - CC_WORDS * 8u < page &&
	       end <= (uint64_t)r->tail_from + r->tail_read;
}

static enum answer struct_hole(const struct evidence *e)
{
	uint64_t end = e->d->abi->struct_size;

	if (e->vanished)
		return MAYBE;
	/* The kernel would have brought it into memory. */
	if (e->r->out_words * 8u < end)
		return YES;
	if (is_sized(e))
		end = e->usize.hi < e->ksize.hi ? e->usize.hi : e->ksize.hi;
	if (e->unreadable < end)
		return YES;
	return reads_up_to(e, end) ? NO : MAYBE;
}

static enum answer tail_hole(const struct evidence *e)
{
	if (!is_mainline(e) || e->usize.hi <= e->ksize.lo)
		return NO;
	if (!exact(e->usize) || e->d->tail == TAIL_NONE)
		return MAYBE;
	if (e->d->tail != TAIL_UNREAD)
		return NO;
	return e->unreadable <= zero_up_to(e) ? YES : MAYBE;
}

static void find_holes(struct evidence *e)
{
	unsigned int size_word = e->d->abi->off_size > 0 ? 1 : 0;
	enum answer in_struct = struct_hole(e), in_tail = tail_hole(e);

	e->hole = in_struct > in_tail ? in_struct : in_tail;
	if (e->r->out_words > size_word)
		e->size_read = YES;
	else if (e->r->in_words > size_word || e->hook == YES)
		e->size_read = MAYBE;
	else
		e->size_read = NO;
	/* Only what lies before it, on another page, may be what cannot be read. */
	if (e->size_read == NO && size_word && !e->r->out_words &&
	    (!exact(e->page) || e->r->arg / e->page.lo != (e->r->arg + 15) / e->page.lo))
		e->size_read = MAYBE;
}

/* These results come after that. */
static bool size_was_read(const struct cc_record *r)
{
	return !r->ret || r->ret == -E2BIG || r->ret == -EINVAL;
}

static struct evidence gather(const struct cc_record *r, const struct host_facts *host,
			      struct diagnosis *d)
{
	struct evidence e = { .r = r, .host = host, .d = d };

	*d = (struct diagnosis){ .abi = abi_by_cmd(r->cmd) };
	e.vanished = r->out_words < r->in_words || (!r->out_words && size_was_read(r));
	find_host(&e);
	find_hook(&e);
	find_usize(&e);
	find_ksize(&e);
	find_flags(&e);
	find_caps(&e);
	find_tail(&e);
	find_holes(&e);
	return e;
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
	if (is_mainline(e) && e->unreadable <= zero_up_to(e))
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

/* The size that an E2BIG comes with cannot be written back. */
static bool can_be_size_copyout(const struct evidence *e)
{
	uint64_t limit = is_mainline(e) ? e->page.hi : UINT64_MAX;

	return is_sized(e) && e->hook != YES && e->size_read != NO && e->ksize.lo < limit &&
	       overlaps(e->usize, e->ksize.lo + 1, limit) && (!is_mainline(e) || e->tail != NO);
}

static bool can_be_answer_copyout(const struct evidence *e)
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
	return can_be_size_copyout(e) || can_be_answer_copyout(e);
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

/* A set of causes, a bit each. */
typedef uint32_t cause_set;
#define ONE(cause) ((cause_set)1 << (cause))

/* Those that the hook has to be called for. */
static const cause_set of_hook = ONE(CAUSE_BACKEND_NOT_PSERIES) |
				 ONE(CAUSE_BACKEND_NO_CPU_VERSION) |
				 ONE(CAUSE_BACKEND_UNMAPPED_CPU_VERSION) |
				 ONE(CAUSE_BACKEND_FAILED) | ONE(CAUSE_COPYOUT_FAILED);

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

/* ------------------------------------------------------------------ hints */

struct hint {
	char *buf;
	size_t size, n;
};

static void say(struct hint *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct hint *h, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(h->buf + h->n, h->size - h->n, fmt, ap);
	va_end(ap);
	h->n += n < 0 ? 0 : (size_t)n;
	if (h->n >= h->size)
		h->n = h->size - 1;
}

static void say_ok(struct hint *h, const struct evidence *e)
{
	say(h, "nothing to change");
	if (e->d->changed)
		say(h,
		    " in the call; the struct changed during it, and the VMM may read something else than the kernel wrote");
}

static void say_larger(struct hint *h, const struct evidence *e)
{
	say(h, "the kernel filled only the first");
	if (exact(e->ksize))
		say(h, " %" PRIu64, e->ksize.lo);
	if (exact(e->usize))
		say(h, " of %" PRIu64, e->usize.lo);
	say(h, " bytes: treat the fields past them as absent");
}

static void say_smaller(struct hint *h, const struct evidence *e)
{
	if (exact(e->ksize) && exact(e->usize))
		say(h,
		    "the kernel knows %" PRIu64 " bytes and filled the %" PRIu64
		    " that were asked for: newer fields were not returned",
		    e->ksize.lo, e->usize.lo);
	else
		say(h,
		    "the kernel knows more fields than were asked for, and did not return those");
}

static void say_no_modes(struct hint *h, const struct evidence *e)
{
	(void)e;
	say(h,
	    "the host offers no mode at all: start no nested guest in a compatibility mode here");
}

static void say_over_page(struct hint *h, const struct evidence *e)
{
	say(h,
	    "size=%" PRIu64 " is more than a page (%" PRIu64
	    "): set size=sizeof(struct kvm_ppc_compat_caps) before the call; it was probably never initialised",
	    e->usize.lo, e->page.lo);
}

static void say_retry(struct hint *h, const struct evidence *e)
{
	say(h, "retry with the size written back");
	if (exact(e->ksize))
		say(h, " (%" PRIu64 ")", e->ksize.lo);
}

static void say_which_byte(struct hint *h, const struct evidence *e)
{
	if (e->d->tail == TAIL_NONZERO)
		say(h, "byte %" PRIu64 " is not zero", e->d->tail_first);
	else if (exact(e->ksize))
		say(h, "a byte from %" PRIu64 " on %s not zero", e->ksize.lo,
		    e->d->tail == TAIL_ZERO ? "was" : "is");
	else
		say(h, "a byte past the fields that this kernel knows is not zero");
}

static void say_too_new(struct hint *h, const struct evidence *e)
{
	if (!is_mainline(e)) {
		if (exact(e->ksize))
			say(h, "this kernel knows only %" PRIu64 " bytes of the struct: ",
			    e->ksize.lo);
		else
			say(h, "this kernel knows less of the struct: ");
	} else {
		say_which_byte(h, e);
		if (exact(e->ksize) && exact(e->usize))
			say(h, ": clear bytes %" PRIu64 " to %" PRIu64 ", or ", e->ksize.lo,
			    e->usize.lo - 1);
		else
			say(h, ": clear them, or ");
	}
	say_retry(h, e);
}

static void say_too_small(struct hint *h, const struct evidence *e)
{
	if (!e->usize.lo)
		say(h, "size is 0");
	else
		say(h, "size=%" PRIu64 " is less than the first published struct's %u", e->usize.lo,
		    ABI_SIZE_VER0);
	say(h, ": set size=sizeof(struct kvm_ppc_compat_caps) before the call");
}

static void say_flags(struct hint *h, const struct evidence *e)
{
	say(h, "flags=0x%" PRIx64 " is reserved and must be 0: clear the struct before the call",
	    e->d->flags.value);
}

static void say_not_pseries(struct hint *h, const struct evidence *e)
{
	(void)e;
	say(h,
	    "this host is bare metal (not pseries), where any mode up to its own can be asked for: check KVM_CAP_PPC_COMPAT_CAPS, which is 0 here, before the call");
}

static void say_no_cpu_version(struct hint *h, const struct evidence *e)
{
	(void)e;
	say(h,
	    "the host's device tree has no cpu-version: nothing for the VMM to change, its hypervisor must provide one");
}

/* Hosts that are too old and hosts that are too new need opposite things. */
static void say_unmapped(struct hint *h, const struct evidence *e)
{
	const struct abi_pvr *known = abi_pvr(e->host->cpu_version);

	say(h, "the host's cpu-version 0x%08" PRIx32, e->host->cpu_version);
	if (!known || !known->isa)
		say(h,
		    " is none that is known here, so whether it is older or newer than the modes of the bitmap cannot be told: nothing for the VMM to change, look at the host's hypervisor");
	else if (known < abi_pvr(abi_mode(0)->pvr))
		say(h,
		    " (%s) is older than any mode of the bitmap: run the host in %s mode or newer",
		    known->name, abi_mode(0)->name);
	else
		say(h, " (%s) is newer than this kernel knows: run a newer kernel on the host",
		    known->name);
}

static void say_backend_failed(struct hint *h, const struct evidence *e)
{
	char name[16];

	if (e->r->seen & CC_SEEN_BACKEND)
		say(h,
		    "the backend hook itself returned %s: nothing for the VMM to change, look at the host's kernel log",
		    errno_name(e->r->ret, name, sizeof(name)));
	else
		say(h,
		    "%s, which the backend hook alone can have returned (it was not watched): nothing for the VMM to change, look at the host's kernel log",
		    errno_name(e->r->ret, name, sizeof(name)));
}

static void say_arg(struct hint *h, const struct evidence *e)
{
	say(h, "nothing can be read at 0x%" PRIx64 ": pass the address of the struct",
	    (uint64_t)e->r->arg);
}

static void say_unreadable(struct hint *h, const struct evidence *e)
{
	say(h,
	    "size can be read at 0x%" PRIx64
	    " and not all that it claims: is the buffer as large as size says?",
	    (uint64_t)e->r->arg);
}

static void say_copyout(struct hint *h, const struct evidence *e)
{
	bool size = can_be_size_copyout(e), answer = can_be_answer_copyout(e);

	say(h, "%s could not be written to 0x%" PRIx64 ": pass memory that is mapped and writable",
	    size && answer ? "the struct" :
	    size	   ? "the kernel's size" :
			     "the answer",
	    (uint64_t)e->r->arg);
}

static void say_no_backend(struct hint *h, const struct evidence *e)
{
	(void)e;
	say(h,
	    "this VM's backend (KVM PR?) does not implement it: create the VM with KVM HV, or go on without the bitmap");
}

static void say_mismatch(struct hint *h, const struct evidence *e)
{
	const struct abi_revision *kernel = abi_by_cmd(e->host->kernel_cmd);

	say(h, "the VMM calls 0x%08" PRIx32 " (%s), this kernel has ", e->d->abi->cmd,
	    e->d->abi->name);
	if (kernel)
		say(h, "0x%08" PRIx32 " (%s)", kernel->cmd, kernel->name);
	else
		say(h, "the feature under another command");
	say(h, ": build the VMM with this kernel's headers");
}

static void say_no_support(struct hint *h, const struct evidence *e)
{
	(void)e;
	say(h,
	    "this kernel has no KVM_PPC_GET_COMPAT_CAPS: treat that as no information and go by the host's cpu-version; Linux 7.3 has it");
}

static void (*const explain[CAUSE_MAX])(struct hint *h, const struct evidence *e) = {
	[CAUSE_OK] = say_ok,
	[CAUSE_OK_LARGER_STRUCT] = say_larger,
	[CAUSE_OK_SMALLER_STRUCT] = say_smaller,
	[CAUSE_OK_NO_MODES] = say_no_modes,
	[CAUSE_SIZE_OVER_PAGE] = say_over_page,
	[CAUSE_STRUCT_TOO_NEW] = say_too_new,
	[CAUSE_SIZE_TOO_SMALL] = say_too_small,
	[CAUSE_FLAGS_SET] = say_flags,
	[CAUSE_BACKEND_NOT_PSERIES] = say_not_pseries,
	[CAUSE_BACKEND_NO_CPU_VERSION] = say_no_cpu_version,
	[CAUSE_BACKEND_UNMAPPED_CPU_VERSION] = say_unmapped,
	[CAUSE_BACKEND_FAILED] = say_backend_failed,
	[CAUSE_ARG_UNREADABLE] = say_arg,
	[CAUSE_STRUCT_UNREADABLE] = say_unreadable,
	[CAUSE_COPYOUT_FAILED] = say_copyout,
	[CAUSE_NO_BACKEND] = say_no_backend,
	[CAUSE_ABI_MISMATCH] = say_mismatch,
	[CAUSE_NO_KERNEL_SUPPORT] = say_no_support,
};

/* ------------------------------------------------------------------ what is missing */

static bool lacks_size(const struct evidence *e, cause_set set)
{
	(void)set;
	return e->d->abi->off_size >= 0 && !exact(e->usize) && !e->d->usize.known &&
	       e->r->ret != -ENOTTY;
}

static bool lacks_flags(const struct evidence *e, cause_set set)
{
	return set & ONE(CAUSE_FLAGS_SET) && !e->d->flags.known;
}

static bool lacks_hook(const struct evidence *e, cause_set set)
{
	return e->hook == MAYBE && set & of_hook;
}

static bool lacks_tail(const struct evidence *e, cause_set set)
{
	(void)set;
	return e->r->ret == -EFAULT && is_mainline(e) && e->d->tail == TAIL_UNREAD;
}

static bool lacks_memory(const struct evidence *e, cause_set set)
{
	(void)set;
	return e->vanished && e->r->ret != -ENOTTY;
}

static bool lacks_ksize(const struct evidence *e, cause_set set)
{
	(void)set;
	return is_sized(e) && !exact(e->ksize) && e->r->ret != -ENOTTY && e->r->ret != -EINVAL;
}

static bool lacks_caps(const struct evidence *e, cause_set set)
{
	(void)set;
	return !e->r->ret && !e->d->caps.known;
}

static bool lacks_command(const struct evidence *e, cause_set set)
{
	(void)set;
	return e->r->ret == -ENOTTY && !e->host->kernel_cmd;
}

static bool lacks_ops(const struct evidence *e, cause_set set)
{
	return e->r->ret == -ENOTTY && !(e->r->seen & CC_SEEN_OPS) && set & ONE(CAUSE_NO_BACKEND);
}

static bool lacks_pseries(const struct evidence *e, cause_set set)
{
	return set & ONE(CAUSE_BACKEND_NOT_PSERIES) && e->host->pseries_is == FACT_UNKNOWN;
}

static bool lacks_cpu_version(const struct evidence *e, cause_set set)
{
	return set & ONE(CAUSE_BACKEND_NO_CPU_VERSION) && e->host->cpu_version_is == FACT_UNKNOWN;
}

static const struct {
	bool (*lacks)(const struct evidence *e, cause_set set);
	const char *what;
} missing[] = {
	{ lacks_size, "size could not be read" },
	{ lacks_flags, "flags could not be read" },
	{ lacks_caps, "the bitmap could not be read" },
	{ lacks_hook, "the backend hook was not watched" },
	{ lacks_memory, "what memory can be read changed during the call" },
	{ lacks_tail, "not all of the tail could be read" },
	{ lacks_ksize, "the size of this kernel's struct is not known" },
	{ lacks_command, "which command this kernel has is not known" },
	{ lacks_ops, "the VM's kvm_ops could not be read" },
	{ lacks_pseries, "whether this host is pseries is not known" },
	{ lacks_cpu_version, "the host's cpu-version could not be read" },
};

static void say_missing(struct hint *h, const struct evidence *e, cause_set set)
{
	const char *sep = ": ";

	if (e->d->changed) {
		say(h, "%sthe struct changed during the call", sep);
		sep = ", ";
	}
	for (size_t i = 0; i < COUNT(missing); i++) {
		if (!missing[i].lacks(e, set))
			continue;
		say(h, "%s%s", sep, missing[i].what);
		sep = ", ";
	}
}

static void say_possible(struct hint *h, const struct evidence *e, cause_set set)
{
	const char *sep = "";
	char name[16] = "success";

	if (e->r->ret)
		errno_name(e->r->ret, name, sizeof(name));
	say(h, "%s may be ", name);
	for (int i = 0; i < CAUSE_MAX; i++) {
		if (!(set & ONE(i)))
			continue;
		say(h, "%s%s", sep, causes[i].name);
		sep = " or ";
	}
	say_missing(h, e, set);
}

static bool is_known_result(int ret)
{
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i].ret == ret)
			return true;
	return false;
}

static void say_contradiction(struct hint *h, const struct evidence *e)
{
	char name[16] = "success", hook[16];

	if (e->r->ret > 0)
		snprintf(name, sizeof(name), "%d", e->r->ret);
	else if (e->r->ret)
		errno_name(e->r->ret, name, sizeof(name));
	if (e->hook == YES && e->r->backend_ret)
		say(h, "the backend hook returned %s, and the call %s",
		    errno_name(e->r->backend_ret, hook, sizeof(hook)), name);
	else if (!is_known_result(e->r->ret))
		say(h, "the kernel returned %s, which it is not known to do here%s", name,
		    e->hook == MAYBE ? "; the backend hook can, and was not watched" : "");
	else if (e->d->changed)
		say(h,
		    "%s: the struct changed during the call, and what is known of it does not explain that",
		    name);
	else
		say(h,
		    "%s, and nothing that was seen explains it: size, flags, memory, command and backend are as they should be",
		    name);
}

/* ------------------------------------------------------------------ verdicts */

static void decide(const struct evidence *e)
{
	struct hint h = { e->d->hint, sizeof(e->d->hint), 0 };
	cause_set set = possible_causes(e);

	e->d->cause = CAUSE_UNEXPECTED;
	for (int i = 0; i < CAUSE_MAX; i++)
		if (set == ONE(i) && is_shown(e, i))
			e->d->cause = i;
	if (e->d->cause != CAUSE_UNEXPECTED)
		explain[e->d->cause](&h, e);
	else if (set)
		say_possible(&h, e, set);
	else
		say_contradiction(&h, e);
}

void diagnose(const struct cc_record *r, const struct host_facts *host, struct diagnosis *d)
{
	const struct evidence e = gather(r, host, d);

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

#define LINE_SAID 120 /* of a line of KVM's, in a hint */

void diagnose_line(const struct cc_record *r, const char *line, struct diagnosis *d)
{
	struct hint h = { d->hint, sizeof(d->hint), 0 };
	char name[16];

	if (!line || d->cause != CAUSE_BACKEND_FAILED)
		return;
	say(&h,
	    r->seen & CC_SEEN_BACKEND ?
		    "the backend hook itself returned %s: nothing for the VMM to change; KVM printed: \"%.*s\"" :
		    "%s, which the backend hook alone can have returned (it was not watched): nothing for the VMM to change; KVM printed: \"%.*s\"",
	    errno_name(r->ret, name, sizeof(name)), LINE_SAID, line);
}
