// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace explain: what a cause means and what to change. The words are those of
 * diagnosis/explain.c. docs/compatcaps-causes.7 is made of the JSON that is written here.
 */
#include "cmd/run_output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "diagnosis/explain.h"
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
