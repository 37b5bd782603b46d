/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef COMPATCAPS_OPTIONS_H
#define COMPATCAPS_OPTIONS_H

#include "attach.h"

/* Exit status, as documented in compatcaps-trace(1). */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_USAGE = 2,
	EXIT_IMPOSSIBLE = 3, /* tracing is impossible here, or its output went nowhere */
	EXIT_LOST = 4,	     /* with --strict */
};

struct options {
	struct attach_options attach;
	bool json;
	bool verbose;
	bool strict;
	bool summary;
	bool dry_run;
	enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color;
	uint64_t count;	      /* stop after so many calls; 0: never */
	uint64_t duration_ns; /* stop after this time; 0: never */
	char **command;	      /* to be run and traced, NULL: none */
};

/* Reads the command line; a usage error, --help or --version ends the program. */
void options_parse(int argc, char **argv, struct options *o);

#endif /* COMPATCAPS_OPTIONS_H */
