// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options -h, --usage and -V, for all programs. argp has options of its own for these. But it
 * knows no -h, and it exits with a status of its own choice.
 */
#include "lib/about.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPT_USAGE = 4096 };

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "About:", -1 },
	{ "help", 'h', 0, 0, "this text", 0 },
	/* What argp itself and many programs have. */
	{ 0, '?', 0, OPTION_ALIAS | OPTION_HIDDEN, 0, 0 },
	{ "usage", OPT_USAGE, 0, 0, "the options in short", 0 },
	{ "version", 'V', 0, 0, "the version", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	const struct about_help *help = state->input;

	(void)arg;
	switch (key) {
	case 'h':
	case '?':
		if (help) {
			help->print(help->ctx);
			exit(EXIT_SUCCESS);
		}
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	case OPT_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		break;
	case 'V':
		printf("%s\n", argp_program_version);
		exit(EXIT_SUCCESS);
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp about_argp = { options, parse_option, 0, 0, 0, 0, 0 };
