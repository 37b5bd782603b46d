/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef COMPATCAPS_OPTIONS_H
#define COMPATCAPS_OPTIONS_H

#include "attach.h"
#include "emit.h"

/* Exit status, as documented in compatcaps-trace(1). With a command it is the command's own. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_BROKEN = 1, /* a rule does not hold (check, diff) */
	EXIT_USAGE = 2,
	EXIT_IMPOSSIBLE =
		3, /* not here: privilege, BTF, KVM, a file that cannot be read or written */
	EXIT_INCONCLUSIVE = 5, /* with --strict: events were lost, or the recording is cut off */
	EXIT_TRACER = 125,     /* with a command: where it would be 3 or 5 */
	EXIT_CANNOT_RUN = 126, /* the command cannot be run */
	EXIT_NO_COMMAND = 127, /* there is no such command */
};

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
	bool force;		      /* replace it */
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
