/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verbs of the command line. A verb is one file, which has its row, and its name in the list
 * of commands.c. main() looks the row up and runs it; parsing (options.h), help and completion
 * know of a verb what its row says, and nothing else.
 */
#ifndef COMPATCAPS_COMMANDS_H
#define COMPATCAPS_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "io/format.h"

struct option_row;
struct options;
struct parse;

struct command {
	const char *name;
	const char *what;     /* a few words, for the list of verbs */
	const char *args;     /* what follows the options: "RECORDING..." */
	const char *about;    /* for its help, as it is printed: what it does */
	const char *examples; /* lines that a shell takes */
	const char *status;   /* the exit status */
	const char *manual;   /* "compatcaps-trace-check(1)" */
	unsigned int uses;    /* USE_...: the groups of shared options that it has (options.h) */
	const struct option_row *options;  /* of its own; NULL: none */
	size_t own_size;		   /* of what these fill in: options.own */
	struct format (*format)(size_t i); /* the first is the default; a NULL name ends them */
	size_t min_inputs, max_inputs;	   /* of files, or of words: */
	void (*offer)(void *ctx);	   /* offers those to a shell; NULL: they are files */
	bool runs_program;		   /* what follows "--" is a program to be traced */
	bool holds_recording;		   /* what it writes is for its owner alone */
	void (*check)(struct parse *p);	   /* refuses what does not go together; or NULL */
	/* Returns the exit status. NULL: this build cannot (LIVE). */
	int (*run)(const struct options *o);
};

/* What only a POWER host can do. */
#ifdef COMPATCAPS_OFFLINE
#define LIVE(run) NULL
#else
#define LIVE(run) run
#endif

/* The verb that is meant where none is named is the first. */
extern const struct command *const commands[]; /* ends with NULL */

/* NULL: there is none of this name. */
const struct command *command_by_name(const char *name);

/* Offers their names to a shell. */
void commands_offer(void *ctx);

/* Of one that this build has not: why. Returns buf. */
const char *command_elsewhere(const struct command *c, char buf[128]);

/* The name that is spelled most like it; NULL: none is alike. */
const char *command_like(const char *name);

/* The help of a verb, from its row; NULL: of the program as a whole. To standard output. */
void help_print(const struct command *c);

#endif /* COMPATCAPS_COMMANDS_H */
