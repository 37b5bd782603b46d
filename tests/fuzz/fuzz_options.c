// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as a command line of the tracer, a word a line. Where the program
 * would end with a message, this goes on with the next one. (What argp itself has kept by then is
 * lost: run it with leaks not looked for.)
 */
#include <argp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf next;
static error_t failed; /* an option that there is not */

static void __attribute__((noreturn)) leave(void)
{
	longjmp(next, 1);
}

/* A message is fit for a terminal, whatever it quotes. */
static void __attribute__((noreturn, format(printf, 2, 3)))
refuse_with(const struct argp_state *state, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	(void)state;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (const char *t = text; *t; t++)
		if (*t < ' ' || *t > '~')
			abort();
	leave();
}

/* What a shell asks for is answered from this host; tests/cli/completions.py tries it. */
#include "lib/complete.h"
#define complete_if_asked(c, argc, argv) ((void)(c))

#define argp_error		    refuse_with
#define argp_state_help(state, ...) ((void)(state), leave())
#define exit(status)		    leave()
#define printf(...)		    ((void)0)
#define argp_parse(argp, argc, argv, flags, at, input) \
	(failed = argp_parse(argp, argc, argv, (flags) | ARGP_NO_EXIT | ARGP_NO_ERRS, at, input))
/* --version ends the program as well. */
#define options about_options
#include "../../src/lib/about.c"
#undef options
#include "../../src/cmd/options.c"

/* The verbs that are linked: the others would bring the rooms of this host along. */
extern const struct command command_trace, command_record, command_replay;
static const struct option_row own[] = {
	{ .what = "Rules:" },
	{ "rule", 'f', "RULE", "a rule", .set = set_output },
	{ 0 },
};
static const struct command other = {
	.name = "other", .args = "", .options = own, .max_inputs = 2, .uses = USE_COLOR
};
const struct command command_help = { .name = "help", .args = "", .max_inputs = 1 };
const struct command *const commands[] = { &command_trace, &command_record, &command_replay,
					   &command_help,  &other,	    NULL };

const struct command *command_by_name(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

const char *command_like(const char *name)
{
	(void)name;
	return NULL;
}

void help_print(const struct command *c)
{
	(void)c;
}

void offer_pids(const char *proc)
{
	(void)proc;
}

void offer_comms(const char *proc)
{
	(void)proc;
}

void offer_vms(const char *kvm, const char *proc)
{
	(void)kvm;
	(void)proc;
}

void offer_errnos(void)
{
}

void offer_causes(void)
{
}

void offer_modes(void)
{
}

#define WORDS 64

static int split(char *text, char **argv)
{
	int argc = 0;

	argv[argc++] = "compatcaps-trace";
	for (char *save, *word = strtok_r(text, "\n", &save); word && argc < WORDS;
	     word = strtok_r(NULL, "\n", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static void check_options(const struct options *o)
{
	const struct command *c = o->verb;

	if (o->n_inputs < c->min_inputs || o->n_inputs > c->max_inputs)
		abort();
	if (c == &command_record && !o->output)
		abort();
	if (c->format && !c->format(o->format).name)
		abort();
	if (o->command && (!c->runs_program || !o->command[0] || !*o->command[0]))
		abort();
	if (strnlen(o->vm, sizeof(o->vm)) == sizeof(o->vm))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *volatile text = strndup((const char *)data, size);
	char *argv[WORDS + 1];
	static struct options o; /* what it has allocated is freed also after a jump */

	if (!text)
		return 0;
	/* argp looks at the words as getopt does, which remembers where it was. */
	optind = 0;
	memset(&o, 0, sizeof(o));
	if (!setjmp(next)) {
		options_parse(split(text, argv), argv, &o);
		if (!failed)
			check_options(&o);
	}
	options_free(&o);
	free(text);
	return 0;
}
