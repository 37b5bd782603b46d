/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the verbs that read recordings have in common on their command line. */
#ifndef COMPATCAPS_CLI_H
#define COMPATCAPS_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/complete.h"
#include "io/format.h"
#include "io/output.h"

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

struct cli {
	/* To be filled in before cli_parse(). */
	const char *args_doc;	    /* "[OPTION...] RECORDING..." without the options */
	const char *doc;	    /* for --help; after a \v what follows the options */
	const struct argp *options; /* of this verb alone, its input is below */
	void *input;
	const struct complete_value *values; /* of these options; NULL: they take files alone */
	const struct format *formats;	     /* ends with a NULL name; the first is the default */
	size_t min_inputs, max_inputs;	     /* of files */
	bool verdicts;			     /* is there --verdicts? */
	bool inconclusive_wanted;	     /* is there --inconclusive? */
	bool holds_recording;		     /* what it writes is for its owner alone */
	/* What was said. */
	size_t format;	    /* index of formats */
	const char *output; /* -o; NULL: standard output */
	bool force;	    /* replace it */
	bool quiet;
	bool recorded;	  /* the verdicts that were given then, not today's */
	int inconclusive; /* exit status */
	enum cli_color color;
	char **inputs; /* of argv; "-": standard input */
	size_t n_inputs;
};

/* Reads the command line; a usage error, --help or --version ends the program. Sets say_quiet(). */
void cli_parse(struct cli *c, int argc, char **argv);

/* Ends the program. arg is shown quoted: it may hold what a terminal obeys. */
void cli_refuse(const struct argp_state *state, const char *option, const char *arg,
		const char *why);

/* Is this output to be coloured? */
bool cli_wants_color(const struct cli *c, const struct output *o);

#endif /* COMPATCAPS_CLI_H */
