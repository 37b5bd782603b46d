// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace explain: what a cause means and what to change. There is a row for each name of
 * cause_name() and arch_cause_name(); a hint (diagnosis.h) speaks of one call and has its numbers,
 * a row says only what is true of every call with that cause. docs/compatcaps-causes.7 is made of
 * the JSON that is written here.
 */
#include "cmd/run_output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/complete.h"
#include "lib/json.h"
#include "lib/layout.h"
#include "lib/parse.h"
#include "lib/say.h"
#include "lib/spelling.h"

static const struct format formats[] = {
	[FORMAT_TEXT] = { "text", "paragraphs", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "a list of objects, for programs", SHIELD_JSON },
	{ NULL, NULL, SHIELD_TEXT },
};

/* ------------------------------------------------------------------ the causes */

enum explained { EXPLAINS_QUERY, EXPLAINS_REQUEST };

struct explanation {
	const char *name;
	enum explained of;
	const char *result; /* of the call: "EINVAL", "success" */
	const char *what;   /* happened */
	const char *why;
	const char *guests;  /* what who runs guests can change; with a colon at its end the lines
				follow */
	const char *vmm;     /* what the VMM's author can change; NULL: nothing */
	const char *kernels; /* in which versions; NULL: in all */
};

#define NOTHING_TO_CHANGE "Nothing."
#define FIX_THE_VMM \
	"The VMM has a bug: report it to its authors. Until it is fixed, tell it the mode " \
	"yourself, so that it does not depend on the answer. `compatcaps-trace doctor` names the " \
	"modes. For POWER10, for example:"
#define ONLY_THE_VMM "The VMM has a bug: report it to its authors. No mode that you set avoids it."
#define LOWER_THE_MODE \
	"Ask for a mode that this host offers, or run the guest on a host that offers the mode " \
	"that it asked for. `compatcaps-trace doctor` and the sentence of the event name the " \
	"modes. With libvirt, host-model without a <model>, and host-passthrough, let the guest " \
	"ask for the mode of the processor. For POWER10, for example:"

/* What to type, for POWER10. */
static const char explanation_lines[] =
	"QEMU     -machine pseries,max-cpu-compat=power10\n"
	"libvirt  <cpu mode='host-model'><model>power10</model></cpu>\n";

#define QUERY(name, result)   name, EXPLAINS_QUERY, result
#define REQUEST(name, result) name, EXPLAINS_REQUEST, result

static const struct explanation explanations[] = {
	{ QUERY("ok", "success"),
	  "The VMM asked KVM which modes this host offers, and KVM answered.",
	  "The VMM's struct is as large as the kernel's, or its revision of the ABI has no size.",
	  NOTHING_TO_CHANGE, NULL, NULL },
	{ QUERY("ok-larger-struct", "success"),
	  "KVM answered. The VMM's struct is larger than the kernel's.",
	  "The VMM was built with newer headers than this kernel has. The bytes that the kernel "
	  "does not know were zero, so nothing was asked that it could not answer.",
	  NOTHING_TO_CHANGE,
	  "Read the size that the kernel wrote back, and take the fields after it as absent.",
	  "Mainline only (Linux 7.3). v5 answers E2BIG." },
	{ QUERY("ok-smaller-struct", "success"),
	  "KVM answered. The VMM's struct is smaller than the kernel's.",
	  "The VMM was built with older headers than this kernel has. It gets the fields that it "
	  "knows.",
	  NOTHING_TO_CHANGE, NULL, NULL },
	{ QUERY("ok-no-modes", "success"), "KVM answered that this host offers no mode.",
	  "The bitmap is empty. The hypervisor of this host agreed on no mode for nested guests.",
	  "Start no nested guest in a compatibility mode on this host. Look at what the "
	  "hypervisor allows this partition.",
	  "Treat an empty bitmap as an answer: no mode is offered.", NULL },
	{ QUERY("size-over-page", "E2BIG"),
	  "KVM rejected the query because the struct is larger than a page.",
	  "The size in the struct is above the kernel's page size (4 KiB or 64 KiB). The kernel "
	  "wrote nothing back. Usually the size was never set and holds what was in memory before.",
	  FIX_THE_VMM, "Clear the struct and set its size before the call.",
	  "Mainline only (Linux 7.3). v5 has no such limit." },
	{ QUERY("struct-too-new", "E2BIG"),
	  "KVM rejected the query because the VMM's struct is newer than the kernel's.",
	  "The size in the struct is above the kernel's, and (mainline) a byte after the kernel's "
	  "fields is not zero. The kernel wrote its own size back.",
	  "Nothing, if the VMM tries again with the smaller size: the event `retry` follows. "
	  "Otherwise tell it the mode yourself. For POWER10, for example:",
	  "Call again with the size that was written back, or clear the bytes after it.", NULL },
	{ QUERY("size-too-small", "EINVAL"),
	  "KVM rejected the query because the size in the struct is below 24.",
	  "24 bytes are the first version of the struct. A size of 0 means that it was never set.",
	  FIX_THE_VMM, "Set size = sizeof(struct kvm_ppc_compat_caps) before the call.", NULL },
	{ QUERY("flags-set", "EINVAL"),
	  "KVM rejected the query because the flags in the struct are not zero.",
	  "No flag is defined. Usually the struct was not cleared.", FIX_THE_VMM,
	  "Clear the struct before the call.", "v5 and mainline (Linux 7.3)." },
	{ QUERY("backend-not-pseries", "EINVAL"),
	  "KVM has no answer on this host, because it is bare metal.",
	  "The kernel knows the modes of nested guests only where it runs below a hypervisor "
	  "(pseries).",
	  "Nothing. On bare metal a guest can have the host's own mode or an older one.",
	  "Check the capability KVM_CAP_PPC_COMPAT_CAPS first: it is 0 there.", NULL },
	{ QUERY("backend-no-cpu-version", "EINVAL"),
	  "KVM has no answer, because the device tree does not say which mode the host is in.",
	  "With nested API v1 the kernel takes the modes from `cpu-version` of the first CPU. This "
	  "host's hypervisor provides none.",
	  "Nothing in the guest. The hypervisor of this host has to provide `cpu-version`.",
	  "Take the error as no information.", NULL },
	{ QUERY("backend-unmapped-cpu-version", "EINVAL"),
	  "KVM has no answer, because no mode of the bitmap stands for the mode of this host.",
	  "`cpu-version` is older than POWER9, or newer than this kernel knows.",
	  "On an old host run it in POWER9 mode or newer. On a new host run a newer kernel.",
	  "Take the error as no information.", NULL },
	{ QUERY("backend-failed", "an error"),
	  "KVM's backend returned an error that has no cause of its own.",
	  "The error comes from kvmppc_get_compat_caps() itself.",
	  "Look at the host's kernel log for lines that begin with KVM.", NULL, NULL },
	{ QUERY("arg-unreadable", "EFAULT"), "KVM could not read the size from the struct.",
	  "The address that the VMM passed is not mapped.", FIX_THE_VMM,
	  "Pass the address of the struct.", NULL },
	{ QUERY("struct-unreadable", "EFAULT"),
	  "KVM could read the size, and not all bytes that it claims.",
	  "The struct ends before its size does, at memory that is not mapped.", FIX_THE_VMM,
	  "Make the buffer as large as the size says.", NULL },
	{ QUERY("copyout-failed", "EFAULT"), "KVM could not write its answer to the struct.",
	  "The memory of the struct is read-only, or was unmapped during the call.", FIX_THE_VMM,
	  "Pass memory that is mapped and writable.", NULL },
	{ QUERY("no-backend", "ENOTTY"), "KVM has the query, and the backend of this VM does not.",
	  "The VM was made with KVM PR, which knows no compatibility modes.",
	  "Make the VM with KVM HV (QEMU: kvm-type=HV), if this host has it.",
	  "Go on without the answer.", NULL },
	{ QUERY("abi-mismatch", "ENOTTY"),
	  "The VMM and the kernel have different revisions of the query.",
	  "The kernel has the query under another ioctl number than the VMM was built with: v5 of "
	  "the series and mainline differ.",
	  "Use a VMM that was built for this kernel, or tell it the mode yourself. For POWER10, "
	  "for example:",
	  "Build with the headers of this kernel.",
	  "A kernel with the posted series v5, or a VMM that was built with its headers." },
	{ QUERY("no-kernel-support", "ENOTTY"), "This kernel does not have the query.",
	  "KVM_PPC_GET_COMPAT_CAPS is in Linux from 7.3 on, and in kernels with our patches.",
	  "Run Linux 7.3 on the host, or tell the VMM the mode yourself. For POWER10, for "
	  "example:",
	  "Take ENOTTY as no information, and go by the host's `cpu-version`.",
	  "Before Linux 7.3." },
	{ QUERY("unexpected", "anything"),
	  "The evidence does not tell why the call ended as it did.",
	  "A part of the evidence is missing or contradicts itself: the hint names the causes that "
	  "are left, and what is missing. A success can be `unexpected` too.",
	  "See the hint. If the backend hook was not watched, `compatcaps-trace doctor` says why.",
	  NULL, NULL },
	{ REQUEST("accepted", "success"), "The VMM asked for a mode, and KVM accepted it.",
	  "The mode is not newer than what this host offers. If the offer is not known, the "
	  "sentence says so.",
	  NOTHING_TO_CHANGE, NULL, NULL },
	{ REQUEST("accepted-above-host", "success"),
	  "KVM accepted a mode that is newer than all modes that this host offers.",
	  "This kernel does not check the mode. The guest is likely to fail when it runs: "
	  "KVM-NESTEDv2: couldn't set guest wide elements.",
	  LOWER_THE_MODE, "Query the modes on offer and ask for one of them.",
	  "Kernels before Linux 7.3. Of the stable branches, 6.18.51, 7.2.6 and those that "
	  "follow refuse the request (884ea0283f4e)." },
	{ REQUEST("host-default", "success"), "The VMM asked for the host's default, PVR 0.",
	  "QEMU does that at each reset if no mode was given.", NOTHING_TO_CHANGE, NULL, NULL },
	{ REQUEST("newer-than-host", "EINVAL"),
	  "The VMM asked for a mode that is newer than all modes that this host offers.",
	  "A host can run guests in its own mode and in older ones. If the host itself runs in "
	  "the mode of an older processor, that mode counts, not the processor.",
	  LOWER_THE_MODE, "Query the modes on offer and ask for one of them.", NULL },
	{ REQUEST("outside-host-caps", "EINVAL"),
	  "The VMM asked for a mode that is not newer than the host, and that is not on offer.",
	  "With nested API v2 (PowerVM) the kernel and the hypervisor agreed on a list of modes. "
	  "This one, POWER8 for example, is not in it.",
	  LOWER_THE_MODE, "Query the modes on offer and ask for one of them.", NULL },
	{ REQUEST("before-papr", "EINVAL"),
	  "The VMM asked for a mode before it enabled KVM_CAP_PPC_PAPR for that vCPU.",
	  "From Linux 7.3 on KVM stores the mode and answers EINVAL as long as the vCPU is not a "
	  "PAPR one.",
	  ONLY_THE_VMM, "Enable KVM_CAP_PPC_PAPR first, then ask for the mode.",
	  "Linux 7.3. Linux 6.12 accepts the request." },
	{ REQUEST("kvm-pr", "EINVAL"),
	  "The VMM asked for a mode, and this VM was made with KVM PR.",
	  "KVM PR has no compatibility modes: it rejects each request, also one for the host's "
	  "default.",
	  "Make the VM with KVM HV (QEMU: kvm-type=HV), if this host has it.",
	  "Check for KVM HV before you ask for a mode.", NULL },
	{ REQUEST("unknown-pvr", "EINVAL"),
	  "The VMM asked for a mode by a PVR that no kernel knows as a mode.",
	  "KVM_REG_PPC_ARCH_COMPAT takes a logical PVR such as 0x0f000006 (POWER10). A raw PVR, "
	  "which names a processor, is not one.",
	  ONLY_THE_VMM, "Pass a logical PVR.", NULL },
	{ REQUEST("rejected", "an error"),
	  "KVM rejected a mode, and the evidence does not tell why.",
	  "What the host offers is not known, or the mode is on offer and was rejected all the "
	  "same. Linux up to 7.3 does that where the hypervisor agreed on less than the host's own "
	  "mode: to 0, and on a host in POWER11 mode to POWER10.",
	  "Look at the host's kernel log for lines that begin with KVM. `compatcaps-trace doctor` "
	  "says what is known of the offer, and why not more.",
	  NULL, NULL },
};

/* The i-th; NULL: there are no more. Those of queries come first. */
static const struct explanation *explanation(size_t i)
{
	return i < sizeof(explanations) / sizeof(explanations[0]) ? &explanations[i] : NULL;
}

/* NULL: there is none of this name. */
static const struct explanation *explanation_of(const char *name)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (!strcmp(explanations[i].name, name))
			return &explanations[i];
	return NULL;
}

/* Do the lines go with it? */
static bool explanation_has_lines(const struct explanation *e)
{
	return e->guests[strlen(e->guests) - 1] == ':';
}

/* ------------------------------------------------------------------ text */

static void print_list(FILE *f, enum explained of, const char *heading)
{
	const struct explanation *e;

	fprintf(f, "%s\n", heading);
	for (size_t i = 0; (e = explanation(i)); i++)
		if (e->of == of)
			fprintf(f, "  %-29s %s\n", e->name, e->result);
}

static void print_all_names(FILE *f)
{
	print_list(f, EXPLAINS_QUERY, "Why a query of the modes on offer ended as it did:");
	print_list(f, EXPLAINS_REQUEST, "\nWhy a request for a mode ended as it did:");
	fputs("\n\"compatcaps-trace explain CAUSE\" explains one.\n", f);
}

/* Without the hanging indent of a list. */
static void print_paragraph(FILE *f, const char *text)
{
	struct layout l = layout_begin(f, "  ", 0);

	l.indent = 0;
	layout_text(&l, text);
	fputc('\n', f);
}

static void print_part(FILE *f, const char *heading, const char *text)
{
	if (!text)
		return;
	fprintf(f, "\n%s\n", heading);
	print_paragraph(f, text);
}

/* They are to be copied: one is never broken. */
static void print_lines(FILE *f)
{
	for (const char *at = explanation_lines; *at; at += strcspn(at, "\n") + 1)
		fprintf(f, "    %.*s\n", (int)strcspn(at, "\n"), at);
}

static void print_one(FILE *f, const struct explanation *e)
{
	fprintf(f, "%s (%s to %s)\n\n", e->name, e->result,
		e->of == EXPLAINS_QUERY ? "KVM_PPC_GET_COMPAT_CAPS" : "KVM_REG_PPC_ARCH_COMPAT");
	print_paragraph(f, e->what);
	print_part(f, "Why", e->why);
	print_part(f, "If you run guests", e->guests);
	if (explanation_has_lines(e))
		print_lines(f);
	print_part(f, "If you write the VMM", e->vmm);
	print_part(f, "Kernels", e->kernels);
}

static void write_text(FILE *f, const struct options *o)
{
	if (!o->n_inputs)
		print_all_names(f);
	for (size_t i = 0; i < o->n_inputs; i++) {
		fputs(i ? "\n" : "", f);
		print_one(f, explanation_of(o->inputs[i]));
	}
}

/* ------------------------------------------------------------------ JSON */

static void add_one(struct json *j, yyjson_mut_val *list, const struct explanation *e)
{
	yyjson_mut_val *o = json_add_object(j, list);

	json_put_text(j, o, "cause", e->name);
	json_put_text(j, o, "event", e->of == EXPLAINS_QUERY ? "negotiation" : "arch-compat");
	json_put_text(j, o, "result", e->result);
	json_put_text(j, o, "what", e->what);
	json_put_text(j, o, "why", e->why);
	json_put_text(j, o, "guests", e->guests);
	json_put_text(j, o, "lines", explanation_has_lines(e) ? explanation_lines : NULL);
	json_put_text(j, o, "vmm", e->vmm);
	json_put_text(j, o, "kernels", e->kernels);
}

/* Of all causes, where none is named. */
static bool write_json(FILE *f, const struct options *o)
{
	struct json j;
	yyjson_mut_val *list = json_begin_list(&j);
	const struct explanation *e;

	for (size_t i = 0; !o->n_inputs && (e = explanation(i)); i++)
		add_one(&j, list, e);
	for (size_t i = 0; i < o->n_inputs; i++)
		add_one(&j, list, explanation_of(o->inputs[i]));
	return json_end(&j, 0, f);
}

/* ------------------------------------------------------------------ the verb */

static bool write_it(struct output *out, const struct options *o, void *unused)
{
	(void)unused;
	if (o->format == FORMAT_TEXT)
		write_text(output_file(out), o);
	else if (!write_json(output_file(out), o)) {
		say("out of memory");
		return false;
	}
	return true;
}

static int run(const struct options *o)
{
	return run_with_output(o, write_it, NULL);
}

static void check(struct parse *p)
{
	for (size_t i = 0; i < p->o->n_inputs; i++) {
		const char *name = p->o->inputs[i];
		struct spelling like = spelling_of(name);
		char quoted[PARSE_QUOTE_MAX];
		const struct explanation *e;

		if (explanation_of(name))
			continue;
		for (size_t k = 0; (e = explanation(k)); k++)
			spelling_try(&like, e->name);
		parse_quote(quoted, sizeof(quoted), name, strlen(name));
		if (like.found)
			usage_error(p, "%s is not a cause: did you mean %s?", quoted, like.found);
		usage_error(p, "%s is not a cause: explain without a name lists them", quoted);
	}
}

static struct format format(size_t i)
{
	return formats[i];
}

static void offer(void *ctx)
{
	const struct explanation *e;

	(void)ctx;
	for (size_t i = 0; (e = explanation(i)); i++)
		complete_offer(e->name, e->what);
}

const struct command command_explain = {
	.name = "explain",
	.what = "explain a cause and what to change",
	.args = "[CAUSE...]",
	.about = "Explain why a call ended as it did: what happened, why, what to change if you\n"
		 "run guests, what to change if you write the VMM, and with which kernels it\n"
		 "happens. Each event of a trace names its cause, newer-than-host for example.\n"
		 "\n"
		 "Without a cause, list them all. It needs no POWER host.",
	.examples = "  compatcaps-trace explain\n"
		    "  compatcaps-trace explain newer-than-host\n"
		    "  compatcaps-trace explain no-kernel-support abi-mismatch\n"
		    "  compatcaps-trace explain --json | jq -r '.[].cause'",
	.status = "0 done; 2 usage, or there is no such cause; 3 the output could not\n"
		  "be written.",
	.manual = "compatcaps-causes(7)",
	.uses = USE_OUTPUT,
	.format = format,
	.max_inputs = SIZE_MAX,
	.check = check,
	.run = run,
	.offer = offer,
};
