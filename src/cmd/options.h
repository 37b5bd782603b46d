/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef COMPATCAPS_OPTIONS_H
#define COMPATCAPS_OPTIONS_H

#include "live/attach.h"
#include "output/emit.h"
#include "lib/status.h"

enum verb { VERB_TRACE, VERB_RECORD, VERB_REPLAY };

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	enum verb verb;
	/* trace, record */
	struct attach_options attach;
	char vm[CC_VM_NAME_LEN]; /* --vm as below /sys/kernel/debug/kvm; "": none */
	const char *cgroup;	 /* --cgroup as given, NULL: none */
	bool release_idle;
	bool dry_run;
	uint64_t count;	      /* stop after so many calls that are shown; 0: never */
	uint64_t duration_ns; /* stop after this time; 0: never */
	char **command;	      /* to be run and traced, NULL: none */
	/* What is shown. */
	uint32_t err; /* only calls that fail with it; positive, 0: any */
	bool errors_only;
	bool summary;
	/* How. */
	const struct emitter *format; /* NULL: text */
	const char *output;	      /* -o; NULL: standard output */
	bool force;		      /* replace it, and the file of --metrics */
	const char *metrics;	      /* --metrics; NULL: none */
	bool verbose, quiet, strict;
	enum color color;
	unsigned int inconclusive; /* --inconclusive=N instead of EXIT_INCONCLUSIVE */
	/* replay */
	const char *input; /* "-": standard input */
	bool recorded_verdicts;
};

/* Reads the command line; a usage error, --help or --version ends the program. */
void options_parse(int argc, char **argv, struct options *o);

#endif /* COMPATCAPS_OPTIONS_H */
