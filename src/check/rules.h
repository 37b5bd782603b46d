/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A rule that a recording is held to: one line that a person writes and reviews.
 *
 *   [FILTER:]... MEASURE [{FILTER,...}] [.STAT] OP VALUE
 *
 * FILTER is FIELD OP VALUE; VALUE is words, A+B (together) and A|B (either). White space is
 * free. What is written in words is docs/compatcaps-trace-check.1; here it is parsed and checked,
 * and what it finds in a recording is evaluate.h.
 */
#ifndef COMPATCAPS_RULES_H
#define COMPATCAPS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diagnosis/event.h"
#include "lib/parse.h"

#define RULE_LEN_MAX	 16384 /* bytes of a line */
#define RULE_FILTERS_MAX 16
#define RULE_WORDS_MAX	 512 /* of a value, in all */
#define RULES_MAX	 1024
#define RULES_FILE_MAX	 (32u << 20) /* bytes of a file: more than all rules can have */
#define RULE_ERROR_LEN	 512

/* First line of a baseline: a rules file that a good run was written as. */
#define RULES_BASELINE "# compatcaps-trace baseline 1"

enum rule_op { RULE_EQ, RULE_NE, RULE_LT, RULE_LE, RULE_GT, RULE_GE, RULE_LIKE, RULE_OPS };

/* One word of a value. */
struct rule_word {
	const char *text; /* as the stream escapes it; "null" and "none" where these are meant */
	bool quoted;	  /* it could be something else, and is text nevertheless */
	bool null;	  /* the bare word null */
	bool numeric;	  /* number holds: nanoseconds where it has a unit of time */
	bool hex;	  /* it was written with 0x */
	bool time;	  /* it has a unit of time */
	bool later;	  /* number is known once a trace has begun: it is this moment then */
	struct parse_moment moment;
	__int128 number; /* any of 64 bits, with a sign or without */
};

/* What stands between two |: words that belong together. */
struct rule_set {
	struct rule_word *words;
	size_t n; /* 0: the empty set, which is written `none` */
};

struct rule_value {
	struct rule_set *sets;	 /* any of them */
	size_t n;		 /* 1 at least */
	struct pattern *pattern; /* of RULE_LIKE: compiled */
};

struct rule_filter {
	const char *field; /* "guest", "evidence.ret" */
	enum rule_op op;
	struct rule_value value;
};

/* What is measured. */
enum rule_kind {
	RULE_COUNT, /* how many events */
	RULE_VMS,   /* how many VMs */
	RULE_SET,   /* which names there were */
	RULE_MODES, /* of each offer, which modes */
	RULE_MODE,  /* of each request that was accepted, the mode */
	RULE_STORY, /* of each VM, its story (order.h) */
	RULE_TIMES, /* latency: a statistic */
	RULE_FIELD, /* of each event that has it, a field */
};

enum rule_stat {
	STAT_NONE,
	STAT_MIN,
	STAT_P50,
	STAT_P90,
	STAT_P99,
	STAT_MAX,
	STAT_MEAN,
	STAT_COUNT
};

/* A row of the table of measures. */
struct rule_measure {
	const char *name;
	enum rule_kind kind;
	unsigned int types; /* 1u << enum event_type: what it looks at */
	const char *what;   /* a few words, for people */
};

extern const struct rule_measure rule_measures[]; /* ends with a NULL name */

struct rule {
	enum rule_kind kind;
	const struct rule_measure *measure; /* NULL: a type or a field of the stream */
	const char *name;		    /* as it is written: "failures", "negotiation.usize" */
	const char *field;		    /* of RULE_FIELD: its path within the event, "usize" */
	enum rule_stat stat;
	struct rule_filter filters[RULE_FILTERS_MAX];
	size_t n_filters;
	enum rule_op op;
	struct rule_value value;
	unsigned int types; /* 1u << enum event_type: those that can have what is asked for */
	char *text;	  /* the rule in its own form, the same however it was written: its name */
	const char *file; /* NULL: of the command line */
	size_t line;	  /* of the file, from 1; of the command line: which -f */
	bool baseline;	  /* the file describes a whole recording */
	enum modes_source source;   /* of RULE_MODES */
	struct rule_memory *memory; /* what the pointers above point into */
};

struct rules {
	struct rule *list;
	size_t n;
};

struct rule_error {
	size_t at;		  /* the first offending byte, counted from 0 */
	char why[RULE_ERROR_LEN]; /* what is wrong and what to do, a clause that can follow a colon
				   */
};

/* Parse one. false: nothing is to be freed then. */
bool rule_parse(struct rule *r, const char *text, size_t len, struct rule_error *err);
void rule_free(struct rule *r);

/*
 * Parse and append one; one that is there already is not added again. file and line as above,
 * file must last as long as the rules.
 */
bool rules_add(struct rules *rules, const char *text, size_t len, const char *file, size_t line,
	       struct rule_error *err);

/*
 * Append those of a file, which has comments and empty lines. baseline: insist on its first
 * line. bad() is called with a sentence, "FILE:LINE:BYTE: ...", for each that is wrong.
 * Returns how many were wrong.
 */
size_t rules_read(struct rules *rules, FILE *f, const char *name, bool baseline,
		  void (*bad)(const char *sentence, void *ctx), void *ctx);
void rules_free(struct rules *rules);

/* "=", "<=" */
const char *rule_op_name(enum rule_op op);
/* "p99"; "" for STAT_NONE */
const char *rule_stat_name(enum rule_stat stat);

/* Write a text (as the stream escapes it) as a word that is read back as this very text. */
void rule_print_word(FILE *f, const char *text);

#endif /* COMPATCAPS_RULES_H */
