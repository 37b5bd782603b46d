/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done with recordings that are there already, beside replay, and with a host before
 * anything is traced. Each verb has a command line of its own (cli.h) and is the first word of it.
 */
#ifndef COMPATCAPS_VERBS_H
#define COMPATCAPS_VERBS_H

struct offline_verb {
	const char *name;
	const char *what;		   /* for --help, a few words */
	const char *title;		   /* "compatcaps-trace NAME" */
	int (*run)(int argc, char **argv); /* argv[0]: the title. An exit status. */
};

/* The table of verbs: one row each. */
extern const struct offline_verb verbs[]; /* ends with a NULL name */

/* NULL: there is none of this name. */
const struct offline_verb *verb_by_name(const char *name);

#endif /* COMPATCAPS_VERBS_H */
