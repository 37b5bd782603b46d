// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sentence for a VMM's developer that goes with each cause, with the numbers of the call. Of a
 * verdict that is `unexpected` it names the causes that are left and what is missing. Nothing is
 * decided here: diagnosis.c has done that.
 */
#include "diagnosis/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/text.h"

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

static void say_ok(struct text_line *h, const struct evidence *e)
{
	text_add(h, "nothing to change");
	if (e->d->changed)
		text_add(
			h,
			" in the call; the struct changed during it, and the VMM may read something else than the kernel wrote");
}

static void say_larger(struct text_line *h, const struct evidence *e)
{
	text_add(h, "the kernel filled only the first");
	if (exact(e->ksize))
		text_add(h, " %" PRIu64, e->ksize.lo);
	if (exact(e->usize))
		text_add(h, " of %" PRIu64, e->usize.lo);
	text_add(h, " bytes: treat the fields past them as absent");
}

static void say_smaller(struct text_line *h, const struct evidence *e)
{
	if (exact(e->ksize) && exact(e->usize))
		text_add(h,
			 "the kernel knows %" PRIu64 " bytes and filled the %" PRIu64
			 " that were asked for: newer fields were not returned",
			 e->ksize.lo, e->usize.lo);
	else
		text_add(
			h,
			"the kernel knows more fields than were asked for, and did not return those");
}

static void say_no_modes(struct text_line *h, const struct evidence *e)
{
	(void)e;
	text_add(
		h,
		"the host offers no mode at all: start no nested guest in a compatibility mode here");
}

static void say_over_page(struct text_line *h, const struct evidence *e)
{
	text_add(
		h,
		"size=%" PRIu64 " is more than a page (%" PRIu64
		"): set size=sizeof(struct kvm_ppc_compat_caps) before the call; it was probably never initialised",
		e->usize.lo, e->page.lo);
}

static void say_retry(struct text_line *h, const struct evidence *e)
{
	text_add(h, "retry with the size written back");
	if (exact(e->ksize))
		text_add(h, " (%" PRIu64 ")", e->ksize.lo);
}

static void say_which_byte(struct text_line *h, const struct evidence *e)
{
	if (e->d->tail == TAIL_NONZERO)
		text_add(h, "byte %" PRIu64 " is not zero", e->d->tail_first);
	else if (exact(e->ksize))
		text_add(h, "a byte from %" PRIu64 " on %s not zero", e->ksize.lo,
			 e->d->tail == TAIL_ZERO ? "was" : "is");
	else
		text_add(h, "a byte past the fields that this kernel knows is not zero");
}

static void say_too_new(struct text_line *h, const struct evidence *e)
{
	if (!is_mainline(e)) {
		if (exact(e->ksize))
			text_add(h, "this kernel knows only %" PRIu64 " bytes of the struct: ",
				 e->ksize.lo);
		else
			text_add(h, "this kernel knows less of the struct: ");
	} else {
		say_which_byte(h, e);
		if (exact(e->ksize) && exact(e->usize))
			text_add(h, ": clear bytes %" PRIu64 " to %" PRIu64 ", or ", e->ksize.lo,
				 e->usize.lo - 1);
		else
			text_add(h, ": clear them, or ");
	}
	say_retry(h, e);
}

static void say_too_small(struct text_line *h, const struct evidence *e)
{
	if (!e->usize.lo)
		text_add(h, "size is 0");
	else
		text_add(h, "size=%" PRIu64 " is less than the first published struct's %u",
			 e->usize.lo, ABI_SIZE_VER0);
	text_add(h, ": set size=sizeof(struct kvm_ppc_compat_caps) before the call");
}

static void say_flags(struct text_line *h, const struct evidence *e)
{
	text_add(h,
		 "flags=0x%" PRIx64 " is reserved and must be 0: clear the struct before the call",
		 e->d->flags.value);
}

static void say_not_pseries(struct text_line *h, const struct evidence *e)
{
	(void)e;
	text_add(
		h,
		"this host is bare metal (not pseries), where any mode up to its own can be asked for: check KVM_CAP_PPC_COMPAT_CAPS, which is 0 here, before the call");
}

static void say_no_cpu_version(struct text_line *h, const struct evidence *e)
{
	(void)e;
	text_add(
		h,
		"the host's device tree has no cpu-version: nothing for the VMM to change, its hypervisor must provide one");
}

/* Hosts that are too old and hosts that are too new need opposite things. */
static void say_unmapped(struct text_line *h, const struct evidence *e)
{
	const struct abi_pvr *known = abi_pvr(e->host->cpu_version);

	text_add(h, "the host's cpu-version 0x%08" PRIx32, e->host->cpu_version);
	if (!known || !known->isa)
		text_add(
			h,
			" is none that is known here, so whether it is older or newer than the modes of the bitmap cannot be told: nothing for the VMM to change, look at the host's hypervisor");
	else if (known < abi_pvr(abi_mode(0)->pvr))
		text_add(
			h,
			" (%s) is older than any mode of the bitmap: run the host in %s mode or newer",
			known->name, abi_mode(0)->name);
	else
		text_add(h, " (%s) is newer than this kernel knows: run a newer kernel on the host",
			 known->name);
}

static void say_backend_failed(struct text_line *h, const struct evidence *e)
{
	char name[16];

	if (e->r->seen & CC_SEEN_BACKEND)
		text_add(
			h,
			"the backend hook itself returned %s: nothing for the VMM to change, look at the host's kernel log",
			errno_name(e->r->ret, name, sizeof(name)));
	else
		text_add(
			h,
			"%s, which the backend hook alone can have returned (it was not watched): nothing for the VMM to change, look at the host's kernel log",
			errno_name(e->r->ret, name, sizeof(name)));
}

static void say_arg(struct text_line *h, const struct evidence *e)
{
	text_add(h, "nothing can be read at 0x%" PRIx64 ": pass the address of the struct",
		 (uint64_t)e->r->arg);
}

static void say_unreadable(struct text_line *h, const struct evidence *e)
{
	text_add(h,
		 "size can be read at 0x%" PRIx64
		 " and not all that it claims: is the buffer as large as size says?",
		 (uint64_t)e->r->arg);
}

static void say_copyout(struct text_line *h, const struct evidence *e)
{
	bool size = verdict_can_be_size_copyout(e), answer = verdict_can_be_answer_copyout(e);

	text_add(h,
		 "%s could not be written to 0x%" PRIx64
		 ": pass memory that is mapped and writable",
		 size && answer ? "the struct" :
		 size		? "the kernel's size" :
				  "the answer",
		 (uint64_t)e->r->arg);
}

static void say_no_backend(struct text_line *h, const struct evidence *e)
{
	(void)e;
	text_add(
		h,
		"this VM's backend (KVM PR?) does not implement it: create the VM with KVM HV, or go on without the bitmap");
}

static void say_mismatch(struct text_line *h, const struct evidence *e)
{
	const struct abi_revision *kernel = abi_by_cmd(e->host->kernel_cmd);

	text_add(h, "the VMM calls 0x%08" PRIx32 " (%s), this kernel has ", e->d->abi->cmd,
		 e->d->abi->name);
	if (kernel)
		text_add(h, "0x%08" PRIx32 " (%s)", kernel->cmd, kernel->name);
	else
		text_add(h, "the feature under another command");
	text_add(h, ": build the VMM with this kernel's headers");
}

static void say_no_support(struct text_line *h, const struct evidence *e)
{
	(void)e;
	text_add(
		h,
		"this kernel has no KVM_PPC_GET_COMPAT_CAPS: treat that as no information and go by the host's cpu-version; Linux 7.3 has it");
}

static void (*const explain[CAUSE_MAX])(struct text_line *h, const struct evidence *e) = {
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
	return e->hook == MAYBE && set & causes_of_hook;
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

static void say_missing(struct text_line *h, const struct evidence *e, cause_set set)
{
	const char *sep = ": ";

	if (e->d->changed) {
		text_add(h, "%sthe struct changed during the call", sep);
		sep = ", ";
	}
	for (size_t i = 0; i < COUNT(missing); i++) {
		if (!missing[i].lacks(e, set))
			continue;
		text_add(h, "%s%s", sep, missing[i].what);
		sep = ", ";
	}
}

static void say_possible(struct text_line *h, const struct evidence *e, cause_set set)
{
	const char *sep = "";
	char name[16] = "success";

	if (e->r->ret)
		errno_name(e->r->ret, name, sizeof(name));
	text_add(h, "%s may be ", name);
	for (int i = 0; i < CAUSE_MAX; i++) {
		if (!(set & ONE(i)))
			continue;
		text_add(h, "%s%s", sep, cause_name(i));
		sep = " or ";
	}
	say_missing(h, e, set);
}

static void say_contradiction(struct text_line *h, const struct evidence *e)
{
	char name[16] = "success", hook[16];

	if (e->r->ret > 0)
		snprintf(name, sizeof(name), "%d", e->r->ret);
	else if (e->r->ret)
		errno_name(e->r->ret, name, sizeof(name));
	if (e->hook == YES && e->r->backend_ret)
		text_add(h, "the backend hook returned %s, and the call %s",
			 errno_name(e->r->backend_ret, hook, sizeof(hook)), name);
	else if (!verdict_is_known_result(e->r->ret))
		text_add(h, "the kernel returned %s, which it is not known to do here%s", name,
			 e->hook == MAYBE ? "; the backend hook can, and was not watched" : "");
	else if (e->d->changed)
		text_add(
			h,
			"%s: the struct changed during the call, and what is known of it does not explain that",
			name);
	else
		text_add(
			h,
			"%s, and nothing that was seen explains it: size, flags, memory, command and backend are as they should be",
			name);
}

void hint_write(const struct evidence *e, cause_set set)
{
	struct text_line h = { e->d->hint, sizeof(e->d->hint), 0 };

	if (e->d->cause != CAUSE_UNEXPECTED)
		explain[e->d->cause](&h, e);
	else if (set)
		say_possible(&h, e, set);
	else
		say_contradiction(&h, e);
}

#define LINE_SAID 120 /* of a line of KVM's, in a hint */

void diagnose_line(const struct cc_record *r, const char *line, struct diagnosis *d)
{
	struct text_line h = { d->hint, sizeof(d->hint), 0 };
	char name[16];

	if (!line || d->cause != CAUSE_BACKEND_FAILED)
		return;
	text_add(
		&h,
		r->seen & CC_SEEN_BACKEND ?
			"the backend hook itself returned %s: nothing for the VMM to change; KVM printed: \"%.*s\"" :
			"%s, which the backend hook alone can have returned (it was not watched): nothing for the VMM to change; KVM printed: \"%.*s\"",
		errno_name(r->ret, name, sizeof(name)), LINE_SAID, line);
}
