// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diagnosis.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const cause_names[CAUSE_MAX] = {
	[CAUSE_OK] = "ok",
	[CAUSE_OK_LARGER_STRUCT] = "ok-larger-struct",
	[CAUSE_OK_SMALLER_STRUCT] = "ok-smaller-struct",
	[CAUSE_OK_NO_MODES] = "ok-no-modes",
	[CAUSE_SIZE_OVER_PAGE] = "size-over-page",
	[CAUSE_STRUCT_TOO_NEW] = "struct-too-new",
	[CAUSE_SIZE_TOO_SMALL] = "size-too-small",
	[CAUSE_FLAGS_SET] = "flags-set",
	[CAUSE_BACKEND_NOT_PSERIES] = "backend-not-pseries",
	[CAUSE_BACKEND_NO_CPU_VERSION] = "backend-no-cpu-version",
	[CAUSE_BACKEND_UNMAPPED_CPU_VERSION] = "backend-unmapped-cpu-version",
	[CAUSE_BACKEND_FAILED] = "backend-failed",
	[CAUSE_ARG_UNREADABLE] = "arg-unreadable",
	[CAUSE_STRUCT_UNREADABLE] = "struct-unreadable",
	[CAUSE_COPYOUT_FAILED] = "copyout-failed",
	[CAUSE_NO_BACKEND] = "no-backend",
	[CAUSE_ABI_MISMATCH] = "abi-mismatch",
	[CAUSE_NO_KERNEL_SUPPORT] = "no-kernel-support",
	[CAUSE_UNEXPECTED] = "unexpected",
};

const char *cause_name(enum cause cause)
{
	return (unsigned int)cause < CAUSE_MAX ? cause_names[cause] : NULL;
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

bool record_valid(const struct cc_record *r)
{
	if (!memchr(r->comm, '\0', sizeof(r->comm)) ||
	    !memchr(r->vm_name, '\0', sizeof(r->vm_name)))
		return false;
	if (r->type != CC_NEGOTIATION)
		return r->type == CC_EXTENSION || r->type == CC_ARCH_COMPAT;
	return abi_by_cmd(r->cmd) && r->in_words <= CC_WORDS && r->out_words <= CC_WORDS;
}

bool backend_watched(const struct cc_record *r, const struct host_facts *host)
{
	return host->backend_watched && !(r->seen & CC_SEEN_NO_BACKEND);
}

uint32_t record_proves_cmd(const struct cc_record *r)
{
	return r->ret != -ENOTTY || r->seen & CC_SEEN_BACKEND ? r->cmd : 0;
}

char *plain_text(char *buf, size_t len, const char *text)
{
	size_t n = 0;

	for (; text[n] && n + 1 < len; n++)
		buf[n] = text[n] >= 0x20 && text[n] < 0x7f ? text[n] : '?';
	buf[n] = '\0';
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
			n += snprintf(buf + n, len - n, "%s%s", n ? "+" : "", mode->name);
	if (unknown && n < len)
		snprintf(buf + n, len - n, "%s0x%" PRIx64, n ? "+" : "", unknown);
	return buf;
}

static void verdict(struct diagnosis *d, enum cause cause, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void verdict(struct diagnosis *d, enum cause cause, const char *fmt, ...)
{
	va_list ap;

	d->cause = cause;
	va_start(ap, fmt);
	vsnprintf(d->hint, sizeof(d->hint), fmt, ap);
	va_end(ap);
}

static struct maybe_u64 word(const __u64 *words, unsigned int n, int offset)
{
	unsigned int i = offset / 8;

	if (offset < 0 || i >= n)
		return (struct maybe_u64){ 0 };
	return (struct maybe_u64){ true, words[i] };
}

/* Has the kernel overwritten `size` by the time that the call returned? */
static bool size_was_written(const struct cc_record *r, const struct diagnosis *d,
			     const struct host_facts *host)
{
	if (!r->ret)
		return true;
	return r->ret == -E2BIG && d->size_out.known && d->size_out.value == host->ksize;
}

static void find_usize(const struct cc_record *r, const struct host_facts *host,
		       struct diagnosis *d)
{
	d->usize = word(r->in, r->in_words, d->abi->off_size);
	if (d->usize.known) {
		d->usize_source = USIZE_ENTRY;
		return;
	}
	/* Not resident at entry: the kernel has faulted it in since. */
	if (d->abi->off_size == 0 && r->seen & CC_SEEN_HEAD)
		d->usize = (struct maybe_u64){ true, r->backend_head };
	else if (!size_was_written(r, d, host))
		d->usize = d->size_out;
	if (d->usize.known)
		d->usize_source = USIZE_EXIT;
}

static void find_flags(const struct cc_record *r, struct diagnosis *d)
{
	d->flags = word(r->in, r->in_words, d->abi->off_flags);
	/* A call that fails leaves the flags as they were. */
	if (!d->flags.known && r->ret)
		d->flags = word(r->out, r->out_words, d->abi->off_flags);
}

static void find_tail(const struct cc_record *r, const struct host_facts *host,
		      struct diagnosis *d)
{
	uint64_t tail;

	if (!d->usize.known || !host->ksize || d->usize.value <= host->ksize)
		return;
	tail = d->usize.value - ABI_SIZE_VER0;
	d->tail = TAIL_UNREAD;
	if (!(r->seen & CC_SEEN_TAIL))
		return;
	d->tail_read = r->tail_read;
	/* A field that the kernel knows is none of the tail's, and nothing after it was read. */
	if (r->tail_first && r->tail_first < host->ksize)
		return;
	if (r->tail_first) {
		d->tail = TAIL_NONZERO;
		d->tail_first = r->tail_first;
	} else if (r->tail_read >= tail) {
		d->tail = TAIL_ZERO;
	}
}

static void diagnose_success(const struct cc_record *r, const struct host_facts *host,
			     struct diagnosis *d)
{
	d->caps = word(r->out, r->out_words, d->abi->off_caps);
	if (!d->caps.known && r->seen & CC_SEEN_BACKEND)
		d->caps = (struct maybe_u64){ true, r->backend_caps };
	if (d->caps.known && !d->caps.value) {
		verdict(d, CAUSE_OK_NO_MODES,
			"the host offers no mode at all: start no nested guest with a compatibility mode here");
		return;
	}
	if (d->usize.known && host->ksize && d->usize.value > host->ksize)
		verdict(d, CAUSE_OK_LARGER_STRUCT,
			"the kernel filled only the first %" PRIu64 " of %" PRIu64
			" bytes: treat the fields past them as absent",
			host->ksize, d->usize.value);
	else if (d->usize.known && host->ksize && d->usize.value < host->ksize)
		verdict(d, CAUSE_OK_SMALLER_STRUCT,
			"the kernel knows %" PRIu64 " bytes and filled the %" PRIu64
			" that were asked for: newer fields were not returned",
			host->ksize, d->usize.value);
	else
		verdict(d, CAUSE_OK, "nothing to change");
}

/* Every E2BIG of v5 is one; mainline's writes nothing back where size is over a page. */
static bool too_new(const struct host_facts *host, const struct diagnosis *d)
{
	if (!host->ksize || d->abi->off_size)
		return false;
	if (d->abi->cmd == ABI_CMD_V5 || (d->size_out.known && d->size_out.value == host->ksize))
		return true;
	return d->usize.known && d->usize.value > host->ksize && d->usize.value <= host->page_size;
}

static void diagnose_e2big(const struct host_facts *host, struct diagnosis *d)
{
	struct maybe_u64 size = d->usize.known ? d->usize : d->size_out;

	if (too_new(host, d) && d->tail == TAIL_NONZERO && d->abi->cmd != ABI_CMD_V5)
		verdict(d, CAUSE_STRUCT_TOO_NEW,
			"byte %u of the struct is not zero and this kernel knows only %" PRIu64
			": clear what lies past it, or call again with size=%" PRIu64,
			d->tail_first, host->ksize, host->ksize);
	else if (too_new(host, d))
		verdict(d, CAUSE_STRUCT_TOO_NEW,
			"this kernel knows only %" PRIu64
			" bytes of the struct: call again with size=%" PRIu64
			", which it has written back",
			host->ksize, host->ksize);
	else if (d->abi->cmd == ABI_CMD_MAINLINE && size.known && size.value > host->page_size)
		verdict(d, CAUSE_SIZE_OVER_PAGE,
			"size=%" PRIu64 " is more than a page (%" PRIu32
			"): set size=sizeof(struct kvm_ppc_compat_caps) before the call; it was probably never initialised",
			size.value, host->page_size);
	else
		verdict(d, CAUSE_UNEXPECTED, "E2BIG, and %s",
			size.known ? "size does not explain it" :
				     "size could not be read: size-over-page or struct-too-new");
}

static void diagnose_backend(const struct cc_record *r, const struct host_facts *host,
			     struct diagnosis *d)
{
	int err = r->seen & CC_SEEN_BACKEND ? r->backend_ret : r->ret;
	char name[16];

	if (err == -EINVAL && !host->pseries)
		verdict(d, CAUSE_BACKEND_NOT_PSERIES,
			"this host is bare metal (not pseries), where any mode up to its own can be asked for: check KVM_CAP_PPC_COMPAT_CAPS, which is 0 here, before the call");
	else if (err == -EINVAL && !host->has_cpu_version)
		verdict(d, CAUSE_BACKEND_NO_CPU_VERSION,
			"the host's device tree has no cpu-version: nothing for the VMM to change, its hypervisor must provide one");
	else if (err == -EINVAL && !abi_caps_of_pvr(host->cpu_version))
		verdict(d, CAUSE_BACKEND_UNMAPPED_CPU_VERSION,
			"the host's cpu-version 0x%08" PRIx32
			" maps to no mode: run the host in POWER9 mode or newer",
			host->cpu_version);
	else
		verdict(d, CAUSE_BACKEND_FAILED,
			"the backend hook itself returned %s: nothing for the VMM to change, look at the host's kernel log",
			errno_name(err, name, sizeof(name)));
}

static void diagnose_einval(const struct cc_record *r, const struct host_facts *host,
			    struct diagnosis *d)
{
	/* Nobody looked at flags before v5. */
	bool flags_matter = d->abi->off_size == 0;
	const char *or_backend = backend_watched(r, host) ? "" : " or the backend";

	if (r->seen & CC_SEEN_BACKEND)
		diagnose_backend(r, host, d);
	else if (d->usize.known && !d->usize.value)
		verdict(d, CAUSE_SIZE_TOO_SMALL,
			"size is 0: set size=sizeof(struct kvm_ppc_compat_caps) before the call");
	else if (d->usize.known && d->usize.value < ABI_SIZE_VER0)
		verdict(d, CAUSE_SIZE_TOO_SMALL,
			"size=%" PRIu64
			" is less than the first published struct's %u: set size=sizeof(struct kvm_ppc_compat_caps) before the call",
			d->usize.value, ABI_SIZE_VER0);
	else if (!d->usize.known && d->abi->off_size >= 0)
		verdict(d, CAUSE_UNEXPECTED,
			"EINVAL, and size could not be read: size-too-small, flags-set%s", or_backend);
	else if (flags_matter && !d->flags.known)
		verdict(d, CAUSE_UNEXPECTED, "EINVAL, and flags could not be read: flags-set%s",
			or_backend);
	else if (flags_matter && d->flags.value)
		verdict(d, CAUSE_FLAGS_SET,
			"flags=0x%" PRIx64 " is reserved and must be 0: clear the struct before the call",
			d->flags.value);
	else if (!backend_watched(r, host))
		diagnose_backend(r, host, d);
	else
		verdict(d, CAUSE_UNEXPECTED,
			"EINVAL, and neither size, flags nor the backend explain it");
}

/* Did the kernel fail to hand something out, rather than to read? */
static enum cause efault_cause(const struct cc_record *r, const struct host_facts *host,
			       const struct diagnosis *d)
{
	unsigned int all = d->abi->struct_size / 8;
	bool over_ksize = d->usize.known && host->ksize && d->usize.value > host->ksize;

	if (r->seen & CC_SEEN_BACKEND)
		return CAUSE_COPYOUT_FAILED;
	if (!r->in_words && !r->out_words)
		return CAUSE_ARG_UNREADABLE;
	/* What was to end as E2BIG, had ksize been written back. */
	if (d->tail == TAIL_NONZERO || (d->abi->cmd == ABI_CMD_V5 && over_ksize))
		return CAUSE_COPYOUT_FAILED;
	if (r->in_words < all && r->out_words < all)
		return CAUSE_STRUCT_UNREADABLE;
	if (d->tail != TAIL_UNREAD)
		return backend_watched(r, host) ? CAUSE_STRUCT_UNREADABLE : CAUSE_COPYOUT_FAILED;
	return r->seen & CC_SEEN_TAIL && r->tail_read < CC_TAIL_MAX ? CAUSE_STRUCT_UNREADABLE :
								      CAUSE_UNEXPECTED;
}

static void diagnose_efault(const struct cc_record *r, const struct host_facts *host,
			    struct diagnosis *d)
{
	enum cause cause = efault_cause(r, host, d);
	uint64_t arg = r->arg;

	if (cause == CAUSE_COPYOUT_FAILED)
		verdict(d, cause,
			"%s could not be written to 0x%" PRIx64
			": pass memory that is mapped and writable",
			d->tail == TAIL_NONE || r->seen & CC_SEEN_BACKEND ? "the answer" :
									    "the kernel's size",
			arg);
	else if (cause == CAUSE_ARG_UNREADABLE)
		verdict(d, cause, "nothing can be read at 0x%" PRIx64 ": pass the address of the struct",
			arg);
	else if (cause == CAUSE_STRUCT_UNREADABLE)
		verdict(d, cause,
			"size can be read at 0x%" PRIx64
			" and not all that it claims: is the buffer as large as size says?",
			arg);
	else
		verdict(d, cause,
			"EFAULT: struct-unreadable or copyout-failed; no more than %" PRIu32
			" bytes of the tail were looked at",
			d->tail_read);
}

static void diagnose_mismatch(const struct host_facts *host, struct diagnosis *d)
{
	const struct abi_revision *kernel = abi_by_cmd(host->kernel_cmd);

	if (kernel)
		verdict(d, CAUSE_ABI_MISMATCH,
			"the VMM calls 0x%08" PRIx32 " (%s), this kernel has 0x%08" PRIx32
			" (%s): build the VMM with this kernel's headers",
			d->abi->cmd, d->abi->name, kernel->cmd, kernel->name);
	else
		verdict(d, CAUSE_ABI_MISMATCH,
			"the VMM calls 0x%08" PRIx32
			" (%s), this kernel has the feature under another command, which has not been seen yet: build the VMM with this kernel's headers",
			d->abi->cmd, d->abi->name);
}

static void diagnose_enotty(const struct cc_record *r, const struct host_facts *host,
			    struct diagnosis *d)
{
	bool hook_seen = r->seen & CC_SEEN_OPS;
	bool has_hook = hook_seen && r->has_hook;

	if (!host->ksize)
		verdict(d, CAUSE_NO_KERNEL_SUPPORT,
			"this kernel has no KVM_PPC_GET_COMPAT_CAPS: treat that as no information and go by the host's cpu-version; Linux 7.3 has it");
	else if (host->kernel_cmd ? d->abi->cmd != host->kernel_cmd : has_hook)
		diagnose_mismatch(host, d);
	else if (has_hook && !backend_watched(r, host))
		diagnose_backend(r, host, d);
	else if (has_hook)
		verdict(d, CAUSE_UNEXPECTED,
			"ENOTTY, though this kernel has the command and the VM's backend the hook, which was not called");
	else if (host->kernel_cmd)
		verdict(d, CAUSE_NO_BACKEND,
			"this VM's backend (KVM PR?) does not implement it: create the VM with KVM HV, or go on without the bitmap");
	else
		verdict(d, CAUSE_UNEXPECTED,
			"ENOTTY: no-backend or abi-mismatch; which command this kernel has is not known yet%s",
			hook_seen ? "" : ", nor could the VM's kvm_ops be read");
}

void diagnose(const struct cc_record *r, const struct host_facts *host, struct diagnosis *d)
{
	char name[16];

	*d = (struct diagnosis){ .abi = abi_by_cmd(r->cmd) };
	d->size_out = word(r->out, r->out_words, d->abi->off_size);
	find_usize(r, host, d);
	find_flags(r, d);
	find_tail(r, host, d);

	if (r->seen & CC_SEEN_BACKEND && r->backend_ret && r->backend_ret == r->ret) {
		diagnose_backend(r, host, d);
		return;
	}
	switch (r->ret) {
	case 0:
		diagnose_success(r, host, d);
		break;
	case -E2BIG:
		diagnose_e2big(host, d);
		break;
	case -EINVAL:
		diagnose_einval(r, host, d);
		break;
	case -EFAULT:
		diagnose_efault(r, host, d);
		break;
	case -ENOTTY:
		diagnose_enotty(r, host, d);
		break;
	default:
		if (r->ret > 0)
			snprintf(name, sizeof(name), "%d", r->ret);
		else
			errno_name(r->ret, name, sizeof(name));
		verdict(d, CAUSE_UNEXPECTED, "the kernel returned %s, which it is not known to do here",
			name);
	}
}

const char *arch_cause_name(enum arch_cause cause)
{
	static const char *const names[ARCH_MAX] = {
		[ARCH_ACCEPTED] = "accepted",
		[ARCH_HOST_DEFAULT] = "host-default",
		[ARCH_NEWER_THAN_HOST] = "newer-than-host",
		[ARCH_OUTSIDE_HOST_CAPS] = "outside-host-caps",
		[ARCH_UNKNOWN_PVR] = "unknown-pvr",
		[ARCH_REJECTED] = "rejected",
	};

	return (unsigned int)cause < ARCH_MAX ? names[cause] : NULL;
}

const char *modes_source_name(enum modes_source source)
{
	switch (source) {
	case MODES_NEGOTIATION:
		return "negotiation";
	case MODES_OTHER_VM:
		return "other-vm";
	case MODES_CPU_VERSION:
		return "cpu-version";
	case MODES_UNKNOWN:
		break;
	}
	return NULL;
}

struct offer host_offer(const struct host_facts *host)
{
	struct offer offer = { 0 };

	if (!host->has_cpu_version)
		return offer;
	offer.source = MODES_CPU_VERSION;
	offer.modes = abi_caps_of_pvr(host->cpu_version);
	return offer;
}

/* Is there a mode on offer that is as new as this one, or newer? */
static bool reaches(uint64_t modes, const struct abi_pvr *wanted)
{
	const struct abi_mode *mode;

	/* Not by the number: POWER7+ has the largest of them. */
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (modes & mode->bit && abi_pvr(mode->pvr) >= wanted)
			return true;
	return false;
}

static enum arch_cause arch_cause(const struct cc_record *r, const struct offer *offer,
				  const struct abi_pvr *known)
{
	const struct abi_mode *mode = abi_mode_by_pvr((uint32_t)r->arg);

	if (!r->ret)
		return r->arg ? ARCH_ACCEPTED : ARCH_HOST_DEFAULT;
	if (r->ret != -EINVAL)
		return ARCH_REJECTED;
	if (r->arg && (!known || !known->isa))
		return ARCH_UNKNOWN_PVR;
	if (!r->arg || offer->source == MODES_UNKNOWN)
		return ARCH_REJECTED;
	if (!reaches(offer->modes, known))
		return ARCH_NEWER_THAN_HOST;
	return mode && offer->modes & mode->bit ? ARCH_REJECTED : ARCH_OUTSIDE_HOST_CAPS;
}

static const char *advice(enum arch_cause cause, bool queried)
{
	switch (cause) {
	case ARCH_NEWER_THAN_HOST:
	case ARCH_OUTSIDE_HOST_CAPS:
		return queried ? ": ask for a mode that the answer has" :
				 ", and it never queried: call KVM_PPC_GET_COMPAT_CAPS and ask for a mode that it offers (QEMU: max-cpu-compat)";
	case ARCH_UNKNOWN_PVR:
		return ": no kernel knows this logical PVR";
	case ARCH_REJECTED:
		return ": the kernel refuses it, its log may say why";
	case ARCH_ACCEPTED:
	case ARCH_HOST_DEFAULT:
	case ARCH_MAX:
		break;
	}
	return "";
}

void diagnose_arch(const struct cc_record *r, const struct offer *offer, struct arch_diagnosis *d)
{
	char modes[48], wanted[24], offers[80] = "", comm[CC_COMM_LEN];

	*d = (struct arch_diagnosis){ .pvr = (uint32_t)r->arg, .known = abi_pvr((uint32_t)r->arg) };
	d->cause = arch_cause(r, offer, d->known);
	if (!d->pvr)
		snprintf(wanted, sizeof(wanted), "the host's default");
	else if (d->known)
		snprintf(wanted, sizeof(wanted), "%s", d->known->name);
	else
		snprintf(wanted, sizeof(wanted), "0x%08" PRIx32, d->pvr);
	if (offer->source == MODES_UNKNOWN && r->ret)
		snprintf(offers, sizeof(offers), ", what this host offers is not known");
	else if (offer->source != MODES_UNKNOWN)
		snprintf(offers, sizeof(offers), ", this host offers %s",
			 modes_text(modes, sizeof(modes), offer->modes));
	snprintf(d->hint, sizeof(d->hint), "%s asked for %s%s%s",
		 plain_text(comm, sizeof(comm), r->comm), wanted, offers,
		 advice(d->cause, offer->queried));
}
