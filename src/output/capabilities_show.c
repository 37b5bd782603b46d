// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints what a host grants QEMU as text and as JSON. In the text what keeps QEMU from starting
 * stands first with the option to type, and a table of all rows follows. What is granted is decided
 * in kvm/capabilities.c; docs/caps.schema.json describes the JSON.
 */
#include "output/capabilities_show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/abi.h"
#include "lib/color.h"
#include "lib/json.h"
#include "lib/layout.h"
#include "lib/text.h"

#define MACHINE_LEN 1024
#define ROW	    "%-21s %-18s %-10s %-10s %-10s %s\n"

/* "-machine" and what starts QEMU here, as far as options can. false: they cannot. */
static bool machine(char buf[MACHINE_LEN], const struct capability_report *r)
{
	struct text_line line = { buf, MACHINE_LEN, 0 };
	const struct capability *c;
	bool can = true;

	text_add(&line, "pseries,accel=kvm");
	for (size_t i = 0; (c = capability(i)); i++) {
		const struct capability_grant g = capability_grant(c, &r->facts);

		if (!g.missing)
			continue;
		can = can && *g.option;
		if (*g.option)
			text_add(&line, ",%s", g.option);
	}
	return can;
}

/* ------------------------------------------------------------------ text */

/* "64 KiB" */
static const char *in_bytes(char buf[24], const char *value)
{
	const uint64_t n = strtoull(value, NULL, 10);

	if (n >= 1 << 30)
		snprintf(buf, 24, "%" PRIu64 " GiB", n >> 30);
	else
		snprintf(buf, 24, "%" PRIu64 " KiB", n >> 10);
	return buf;
}

/* A level or a number as people read it. */
static const char *shown(char buf[24], const struct capability *c, const char *value)
{
	return c->from_what == FROM_PAGE_SIZE ? in_bytes(buf, value) : value;
}

static void put_what(FILE *f, const char *mark, const struct capability_grant *g)
{
	char text[512], has[24], wants[24];
	struct text_line line = { text, sizeof(text), 0 };
	const struct capability *c = g->c;

	if (*g->value)
		text_add(&line, "%s: KVM grants %s, QEMU wants %s", c->what,
			 shown(has, c, g->value), shown(wants, c, c->wants));
	else
		text_add(&line, "%s: %s", c->what,
			 g->why ? g->why :
			 c->kvm ? "KVM grants none" :
				  "there is none here");
	if (c->otherwise)
		text_add(&line, ". Without it %s", c->otherwise);
	layout_line(f, mark, 0, text);
}

static void put_remedy(FILE *f, unsigned int indent, const struct capability_grant *g)
{
	char text[256];

	if (!*g->option)
		return;
	snprintf(text, sizeof(text), "-machine %s (libvirt: %s)", g->option,
		 *g->libvirt ? g->libvirt : "<qemu:commandline>");
	layout_line(f, "-> ", indent, text);
}

/* Those that are wanted and not granted, and whose need is this. */
static void put_findings(FILE *f, const struct capability_report *r, enum capability_need need,
			 const char *word, const char *paint)
{
	const struct capability *c;
	char mark[64];

	for (size_t i = 0; (c = capability(i)); i++) {
		const struct capability_grant g = capability_grant(c, &r->facts);

		if (c->need != need || !g.wanted || g.granted)
			continue;
		snprintf(mark, sizeof(mark), "%-7s  %-21s  ", word, c->name);
		fputs(paint, f);
		put_what(f, mark, &g);
		put_remedy(f, (unsigned int)strlen(mark), &g);
		fputs(*paint ? PLAIN : "", f);
	}
}

/* Where QEMU finds out. */
static const char *source_cell(const struct capability *c)
{
	if (c->kvm)
		return c->kvm + strlen("KVM_CAP_");
	return c->from_what == FROM_HWCAP	? "AT_HWCAP" :
	       c->from_what == FROM_DECREMENTER ? "ibm,dec-bits" :
						  "-";
}

/* "<ibs value='VALUE'/>" is the element ibs. */
static const char *libvirt_cell(char buf[16], const struct capability *c)
{
	if (!c->libvirt)
		return NULL;
	snprintf(buf, 16, "%.*s", (int)strcspn(c->libvirt + 1, " />"), c->libvirt + 1);
	return buf;
}

static unsigned int put_rows(FILE *f, const struct capability_report *r, bool granted)
{
	char value[24], wants[24], element[16];
	const struct capability *c;
	const char *libvirt;
	unsigned int n = 0;

	for (size_t i = 0; (c = capability(i)); i++) {
		const struct capability_grant g = capability_grant(c, &r->facts);

		if (g.granted != granted)
			continue;
		n++;
		libvirt = libvirt_cell(element, c);
		fprintf(f, ROW, c->name, source_cell(c),
			*g.value ? shown(value, c, g.value) :
			granted	 ? "yes" :
				   "no",
			g.by_default ? shown(wants, c, g.by_default) : "-", libvirt ? libvirt : "-",
			c->since ? c->since : "-");
	}
	return n;
}

static void put_verdict(FILE *f, const struct capability_report *r, unsigned int granted,
			unsigned int others)
{
	const struct abi_processor *processor = abi_processor(r->facts.processor.pvr);
	char text[MACHINE_LEN + 256], words[MACHINE_LEN], pvr[16];
	struct text_line line = { text, sizeof(text), 0 };
	bool can = machine(words, r);

	snprintf(pvr, sizeof(pvr), "0x%08" PRIx32, r->facts.processor.pvr);
	text_add(&line, "%s on a %s grants %u of %u. ", r->pr ? "KVM PR" : "KVM HV",
		 processor ? processor->name : pvr, granted, granted + others);
	if (!can)
		text_add(&line, "No option starts QEMU's pseries machine here.");
	else if (!strchr(words, '=') || !strstr(words, ",cap-"))
		text_add(&line, "QEMU's pseries machine starts here as it is.");
	else
		text_add(&line, "QEMU's pseries machine starts here with -machine %s", words);
	layout_line(f, "", 0, text);
}

void capabilities_show_text(FILE *f, const struct capability_report *r, bool color)
{
	unsigned int granted, others;

	put_findings(f, r, NEED_START, "missing", color ? RED : "");
	put_findings(f, r, NEED_USED, "note", color ? YELLOW : "");
	fprintf(f, "%s" ROW "%s", color ? BOLD : "", "CAPABILITY", "KVM_CAP_", "GRANTED", "DEFAULT",
		"LIBVIRT", "SINCE", color ? PLAIN : "");
	others = put_rows(f, r, false);
	granted = put_rows(f, r, true);
	put_verdict(f, r, granted, others);
}

/* ------------------------------------------------------------------ JSON */

static void json_capability(struct json *j, yyjson_mut_val *list, const struct capability_grant *g)
{
	yyjson_mut_val *o = json_add_object(j, list);
	const struct capability *c = g->c;
	char element[16];

	json_put_text(j, o, "name", c->name);
	json_put_text(j, o, "what", c->what);
	json_put_text(j, o, "kvm", c->kvm);
	json_put_known(j, o, "number", c->kvm, c->number);
	json_put_text(j, o, "since", c->since);
	json_put_bool(j, o, "granted", g->granted);
	json_put_text(j, o, "value", *g->value ? g->value : NULL);
	json_put_text(j, o, "why", g->why);
	json_put_text(j, o, "need", capability_need_name(c->need));
	json_put_bool(j, o, "wanted", g->wanted);
	json_put_bool(j, o, "missing", g->missing);
	json_put_text(j, o, "otherwise", c->otherwise);
	json_put_text(j, o, "qemu", c->qemu);
	json_put_text(j, o, "default", g->by_default);
	json_put_text(j, o, "option", *g->option ? g->option : NULL);
	json_put_text(j, o, "libvirt", libvirt_cell(element, c));
	json_put_text(j, o, "libvirt_option", *g->libvirt ? g->libvirt : NULL);
	json_put_text(j, o, "message", c->message);
}

bool capabilities_show_json(FILE *f, const struct capability_report *r)
{
	const struct abi_processor *processor = abi_processor(r->facts.processor.pvr);
	char words[MACHINE_LEN], pvr[16];
	bool can = machine(words, r);
	const struct capability *c;
	struct json j;
	yyjson_mut_val *root = json_begin(&j), *list;

	snprintf(pvr, sizeof(pvr), "0x%08" PRIx32, r->facts.processor.pvr);
	json_put_text(&j, root, "type", "caps");
	json_put_number(&j, root, "schema", CAPABILITIES_SCHEMA);
	json_put_text(&j, root, "version", COMPATCAPS_VERSION);
	json_put_text(&j, root, "kvm", r->pr ? "pr" : "hv");
	json_put_text(&j, root, "processor", processor ? processor->name : NULL);
	json_put_text(&j, root, "pvr", pvr);
	json_put_text(&j, root, "machine", can ? words : NULL);
	list = json_put_list(&j, root, "capabilities");
	for (size_t i = 0; (c = capability(i)); i++) {
		const struct capability_grant g = capability_grant(c, &r->facts);

		json_capability(&j, list, &g);
	}
	return json_end(&j, 0, f);
}
