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

/* What a shell asks for is answered from this host; tests/unit/completions.py tries it. */
#include "lib/complete.h"
#define complete_if_asked(c, argc, argv) ((void)(c))

#define argp_error		    refuse_with
#define argp_state_help(state, ...) ((void)(state), leave())
#define exit(status)		    leave()
#define printf(...)		    ((void)0)
#define argp_parse(argp, argc, argv, flags, at, input) \
	(failed = argp_parse(argp, argc, argv, (flags) | ARGP_NO_EXIT | ARGP_NO_ERRS, at, input))
/* --version ends the program as well. Both files have these names for themselves. */
#define options	     about_options
#define parse_option about_parse_option
#include "../../src/lib/about.c"
#undef options
#undef parse_option
#include "../../src/cmd/options.c"

/* The rooms of the other verbs are not linked, nor is what reads this host. */
const struct offline_verb verbs[] = { { .name = "check" }, { 0 } };

const struct offline_verb *verb_by_name(const char *name)
{
	return strcmp(name, verbs->name) ? NULL : verbs;
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
	if (o->verb == VERB_REPLAY && !o->input)
		abort();
	if (o->verb == VERB_RECORD && !(o->format && o->format->stream))
		abort();
	if (o->command && (!o->command[0] || !*o->command[0]))
		abort();
	if (strnlen(o->vm, sizeof(o->vm)) == sizeof(o->vm))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *volatile text = strndup((const char *)data, size);
	char *argv[WORDS + 1];
	struct options o;

	if (!text)
		return 0;
	/* argp looks at the words as getopt does, which remembers where it was. */
	optind = 0;
	if (!setjmp(next)) {
		options_parse(split(text, argv), argv, &o);
		if (!failed)
			check_options(&o);
	}
	free(text);
	return 0;
}
