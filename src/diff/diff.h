/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What differs between two profiles. Each thing that is compared is a result with a name. That
 * something was in one of them alone is said only where the other saw all there was to see.
 */
#ifndef COMPATCAPS_DIFF_H
#define COMPATCAPS_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "diff/profile.h"
#include "recording/recording.h"
#include "check/results.h"

enum diff_outcome {
	DIFF_SAME,
	DIFF_CHANGED,
	DIFF_UNDECIDED, /* what was not seen may be what decides */
};

/* Of what has changed, the worst first. */
enum diff_trend { TREND_WORSE, TREND_OTHER, TREND_BETTER, TRENDS };

/* How a thing is to be shown. */
enum diff_shape {
	SHAPE_SET,   /* some of the words are new, some are gone */
	SHAPE_LINES, /* each word is a line of its own */
	SHAPE_VALUE, /* from one word to another */
};

struct diff_word {
	char *text;
	uint64_t n;    /* how often; 0: it is not counted */
	bool alone;    /* the other side has it not, */
	bool doubtful; /* as far as was seen */
};

struct diff_value {
	struct diff_word *words; /* sorted, of a set */
	size_t n, room;
};

struct diff_result {
	const char *name;      /* "causes", stable */
	const char *title;     /* for people: "causes" */
	const struct who *who; /* of OLD; NULL: of all */
	unsigned int nth; /* of those without a name, from 1; 0: it has one, or it is all of them */
	enum diff_shape shape;
	enum diff_outcome outcome;
	enum diff_trend trend;
	struct diff_value old, new;
	char *why;		      /* of DIFF_UNDECIDED, or how it was found: a clause */
	struct comparison statistics; /* of a latency; else not enough */
};

/* A fact of the hosts, which explains more than it tells. */
struct diff_fact {
	const char *name, *title;
	char *old, *new; /* NULL: not known */
};

struct diff {
	const struct profile *old, *new;
	struct diff_result *results;
	size_t n, room;
	struct diff_fact *facts;
	size_t n_facts, room_facts;
	char **notes; /* what was not compared, a sentence each */
	size_t n_notes, room_notes;
	bool no_memory;
};

struct diff_count {
	size_t same, undecided;
	size_t changed[TRENDS];
};

/*
 * Compares; the profiles must be there as long as what comes of it. Results: the worst first.
 * unmatched: filters that nothing of either matches, escaped; NULL: something does.
 */
void diff_compare(struct diff *d, const struct profile *old, const struct profile *new,
		  const char *unmatched);
void diff_free(struct diff *d);

struct diff_count diff_count(const struct diff *d);
/* Of all results: one that changed, else one that could not be decided, tells. */
enum diff_outcome diff_outcome(const struct diff *d);
const char *diff_outcome_name(enum diff_outcome outcome); /* "same", "changed", "undecided" */
const char *diff_trend_name(enum diff_trend trend);	  /* "worse", "other", "better" */

/* Of whom a result is: "guest \"db1\"", "the 2nd VM without a name"; "" for all. Returns buf. */
#define DIFF_WHO_LEN 4096
char *diff_who(char buf[DIFF_WHO_LEN], const struct diff_result *r);

#define DIFF_SCHEMA 1 /* of --json: keys are only added within it */

/* Both sides, for the outputs. */
struct diff_input {
	const char *path;
	const struct profile *profile;
};

void diff_show_text(FILE *f, const struct diff *d, const struct diff_input in[2], bool color);

/* false: there was not enough memory. */
bool diff_show_json(FILE *f, const struct diff *d, const struct diff_input in[2]);

/* Each result as a test, by one of the writers of results.h. false: it cannot be written. */
bool diff_show_results(FILE *f, const struct diff *d, const struct diff_input in[2],
		       results_write_fn *write);

#endif /* COMPATCAPS_DIFF_H */
