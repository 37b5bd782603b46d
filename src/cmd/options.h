/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The command line, of every verb: one parser and one table of the options that verbs share. The
 * row of a verb (commands.h) says which groups of these it has, and has a table of its own for the
 * rest. An option is one row, which parsing, help and completion are made from.
 *
 * Options may stand before the verb and behind it. An option that only other verbs have is refused
 * with their names. What is refused is shown quoted: it may hold what a terminal obeys.
 */
#ifndef COMPATCAPS_OPTIONS_H
#define COMPATCAPS_OPTIONS_H

#include <stdarg.h>

#include "check/view.h"
#include "cmd/commands.h"
#include "output/emit.h"
#include "lib/status.h"
#include "live/attach.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What a command line says. */
struct options {
	const struct command *verb;
	char title[32]; /* "compatcaps-trace check", for messages */
	/* What is traced, for how long, and how. */
	struct attach_options attach;
	char vm[CC_VM_NAME_LEN]; /* --vm as below /sys/kernel/debug/kvm; "": none */
	const char *cgroup;	 /* --cgroup as given, NULL: none */
	bool release_idle;
	bool dry_run;
	uint64_t count;	      /* stop after so many calls that are shown; 0: never */
	uint64_t duration_ns; /* stop after this time; 0: never */
	char **command;	      /* to be run and traced, NULL: none */
	const char *metrics;  /* --metrics; NULL: none */
	/* What is shown. */
	struct view view;
	uint32_t err; /* only calls that fail with it; positive, 0: any */
	bool errors_only;
	bool summary;
	bool verbose;
	bool recorded; /* the verdicts that were given then, not today's */
	/* Where, and how. */
	size_t format;	    /* of the verb's */
	const char *output; /* -o; NULL and "-": standard output */
	bool force;	    /* replace it, and the file of --metrics */
	bool quiet;
	enum color color;
	enum emit_time time;
	/* The exit status. */
	bool strict;
	int inconclusive; /* --inconclusive=N instead of EXIT_INCONCLUSIVE */
	/* Files; "-": standard input. */
	char **inputs;
	size_t n_inputs;
	void *own; /* what the verb's own options say: of its own_size */
};

/* Groups of shared options; a verb has an option if it has one of the groups in its row. */
enum {
	USE_CALLS = 1 << 0,	   /* -p, --tid, --comm, --vm, --cgroup */
	USE_SHOWN = 1 << 1,	   /* --errno, --errors-only, --summary, -v, --strict */
	USE_STOP = 1 << 2,	   /* -n, -d */
	USE_OUTPUT = 1 << 3,	   /* -o, --force, -q, and those that its formats give it */
	USE_COLOR = 1 << 4,	   /* --color */
	USE_METRICS = 1 << 5,	   /* --metrics */
	USE_VERDICTS = 1 << 6,	   /* --verdicts */
	USE_INCONCLUSIVE = 1 << 7, /* --inconclusive */
	USE_ATTACH = 1 << 8,	   /* --method, --release-idle, --ring-size */
	USE_DRY_RUN = 1 << 9,	   /* --dry-run */
	USE_FORMAT = 1 << 10,	   /* --format: a verb of more than one */
	USE_JSON = 1 << 11,	   /* -j: a verb of which json is one */
	USE_TABLE = 1 << 14,	   /* --time */
	USE_VIEW = 1 << 13,	   /* --guest, --cause, --mode, --since, --until */
	USE_VERBOSE = 1 << 15,	   /* -v, without the rest of USE_SHOWN */
	OPTION_RARE = 1 << 12,	   /* help names it without a line of its own */
};

/* An option. A row without a name is the heading of those below. */
struct option_row {
	const char *name;
	int letter;	  /* 0: it has none */
	const char *arg;  /* "PID"; NULL: it takes none */
	const char *what; /* for help; NULL ends a table */
	void (*set)(struct parse *p, const char *arg);
	unsigned int uses;	  /* of a shared one */
	const char *const *words; /* that arg can be, for a shell; ends with NULL */
	void (*offer)(void *ctx); /* or what offers them (lib/complete.h) */
	const char *gone;	  /* no verb has it any more: what to do instead */
};

extern const struct option_row shared_options[];

/* Does help list this row, of its own table or of the shared one, for this verb? */
bool option_is_listed(const struct command *c, const struct option_row *row);

/* Reads the command line; a usage error, --help or --version ends the program. */
void options_parse(int argc, char **argv, struct options *o);
void options_free(struct options *o);

/* ------------------------------------------------------------------ for rows of options */

/* A command line that is being read. */
struct parse {
	struct options *o;
	const struct option_row *at; /* the option that is being set */
	struct argp_state *state;
	bool verb_named;
	bool quoted; /* after a "--" */
	bool json, format_given;
};

#define OPTION_LEN 32 /* of one, with its dashes */

/* These end the program with a message. */
void usage_error(const struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "OPTION ARG: WHY" */
void option_refuse(const struct parse *p, const char *arg, const char *why);
/* "did you mean ...?" */
void usage_not_a_verb(const struct parse *p, const char *word);

/* Which of the first n words that the option takes; another one is refused. */
int option_word(const struct parse *p, const char *arg, int n);
/* A path, not an empty one. */
const char *option_path(const struct parse *p, const char *arg);

#endif /* COMPATCAPS_OPTIONS_H */
