// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace help: the verbs, or one of them. Texts stand in the rows as they are printed;
 * options are laid out here, in the order of their tables. All of it fits a screen.
 */
#include "cmd/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"
#include "lib/text.h"

#define WHAT_COLUMN 25 /* of what an option does */

/* Words, the first at one column and those of the lines below at another one. */
static void print_words(const char *text, size_t at, size_t column)
{
	size_t len = strcspn(text, " ");

	printf("%.*s", (int)len, text);
	at += len;
	for (text += len; *text == ' '; text += len) {
		len = strcspn(++text, " ");
		if (at + 1 + len > TEXT_COLUMNS) {
			printf("\n%*s", (int)column, "");
			at = column;
		} else {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)len, text);
		at += len;
	}
	putchar('\n');
}

static void print_option(const struct option_row *row, const char *what)
{
	char name[WHAT_COLUMN + OPTION_LEN];
	size_t n = (size_t)snprintf(name, sizeof(name), "  %c%c%s --%s%s%s",
				    row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
				    row->letter ? "," : " ", row->name, row->arg ? "=" : "",
				    row->arg ? row->arg : "");
	size_t at = n + 2 > WHAT_COLUMN ? n + 2 : WHAT_COLUMN;

	printf("%-*s", (int)at, name);
	print_words(what, at, WHAT_COLUMN);
}

/* What its name stands for. */
static void print_formats(const struct option_row *row, const struct command *c)
{
	char *what = NULL;
	size_t size;
	FILE *f = open_memstream(&what, &size);

	for (size_t i = 0; f && c->format(i).name; i++)
		fprintf(f, "%s%s, %s", i ? "; " : "", c->format(i).name, c->format(i).what);
	if (f)
		fclose(f);
	print_option(row, what ? what : "");
	free(what);
}

/* Those that the verb has, each group below its heading. */
static void print_options(const struct option_row *row, const struct command *c)
{
	const char *heading = NULL;

	for (; row && row->what; row++) {
		if (!row->name)
			heading = row->what;
		if (!row->name || !option_is_listed(c, row) || row->uses & OPTION_RARE)
			continue;
		if (heading)
			puts(heading);
		heading = NULL;
		if (row->uses & USE_FORMAT)
			print_formats(row, c);
		else
			print_option(row, row->what);
	}
}

/* Their names alone: the manual page describes them. */
static void print_rare(const struct command *c)
{
	char text[512];
	FILE *f = fmemopen(text, sizeof(text), "w");

	if (!f)
		return;
	fputs("Also: ", f);
	for (const struct option_row *row = shared_options; row->what; row++)
		if (row->name && row->uses & OPTION_RARE && option_is_listed(c, row))
			fprintf(f, "--%s%s%s, ", row->name, row->arg ? "=" : "",
				row->arg ? row->arg : "");
	fprintf(f, "--help, --usage, --version. See %s.", c->manual);
	fclose(f);
	print_words(text, 0, 2);
}

static void print_verb(const struct command *c)
{
	char elsewhere[128];

	printf("Usage: compatcaps-trace %s [OPTION...]%s%s\n\n%s\n", c->name, *c->args ? " " : "",
	       c->args, c->about);
	if (!c->run) {
		command_elsewhere(c, elsewhere);
		elsewhere[0] = 'T';
		printf("%s.\n", elsewhere);
	}
	putchar('\n');
	print_options(c->options, c);
	print_options(shared_options, c);
	print_rare(c);
	printf("\nExamples:\n%s\n\nExit status: %s\n", c->examples, c->status);
}

/* ------------------------------------------------------------------ the program as a whole */

static const char usage[] =
	"Usage: compatcaps-trace [OPTION...] [-- COMMAND [ARG...]]\n"
	"       compatcaps-trace VERB [OPTION...] [ARG...]\n"
	"\n"
	"Show why KVM on POWER refused or accepted a guest's CPU compatibility mode.\n"
	"Without a verb, this host is traced.\n";

static const char common[] =
	"Options of most verbs:\n"
	"  -j, --json             JSON, for programs\n"
	"  -o, --output=FILE      write to this new file instead of standard output\n"
	"      --force            replace a file that exists\n"
	"  -q, --quiet            print only errors to standard error\n"
	"  -h, --help             the help of a verb\n"
	"      --usage            its options in short\n"
	"  -V, --version          the version\n";

#define OF_RECORDINGS \
	"  compatcaps-trace replay --summary host.jsonl\n" \
	"  compatcaps-trace check -f failures=0 host.jsonl\n"
#define OF_A_HOST \
	"  compatcaps-trace --summary -- qemu-system-ppc64 -M pseries,accel=kvm\n" \
	"  compatcaps-trace record -o host.jsonl -d 1h\n"

static void print_verbs(const char *heading, bool here)
{
	puts(heading);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->run != here)
			printf("  %-9s %s\n", commands[i]->name, commands[i]->what);
	putchar('\n');
}

static void print_overview(void)
{
	bool offline = !commands[0]->run;

	printf("%s\n", usage);
	print_verbs("Verbs:", true);
	if (offline)
		print_verbs("On a POWER host, the ppc64le build also has:", false);
	printf("%s\nExamples:\n%s%s\n", common, offline ? "" : OF_A_HOST, OF_RECORDINGS);
	puts("\"compatcaps-trace help VERB\" explains a verb, compatcaps-trace(1) all of it.");
}

/* ------------------------------------------------------------------ the verb */

static void check(struct parse *p)
{
	if (p->o->n_inputs && !command_by_name(p->o->inputs[0]))
		usage_not_a_verb(p, p->o->inputs[0]);
}

static int run(const struct options *o)
{
	help_print(o->n_inputs ? command_by_name(o->inputs[0]) : NULL);
	return EXIT_DONE;
}

void help_print(const struct command *c)
{
	if (c && c->run != run)
		print_verb(c);
	else
		print_overview();
}

const struct command command_help = {
	.name = "help",
	.what = "explain a verb and its options",
	.args = "[VERB]",
	.max_inputs = 1,
	.offer = commands_offer,
	.check = check,
	.run = run,
};
