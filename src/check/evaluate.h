/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hold a recording to rules, in memory that does not grow with its length. A rule that unseen
 * events could decide otherwise is neither kept nor broken: what could not be seen is watched
 * for as closely as the events are.
 */
#ifndef COMPATCAPS_EVALUATE_H
#define COMPATCAPS_EVALUATE_H

#include "check/rules.h"

#define RULE_EVENTS_SHOWN 8

enum rule_verdict { RULE_HOLDS, RULE_BROKEN, RULE_INCONCLUSIVE, RULE_VERDICTS };

/* An event that broke a rule. */
struct rule_event {
	uint64_t seq, real_ns;
	enum event_type type;
	unsigned int vm;   /* 0: of none that is known */
	const char *cause; /* its own, static; NULL: events of its type have none */
	char *guest;	   /* NULL: of none */
	char *what;	   /* a few words */
};

struct rule_result {
	enum rule_verdict verdict;
	char *found; /* a clause */
	char *why;   /* of RULE_INCONCLUSIVE: what could not be seen, a clause; else NULL */
	struct rule_event *events; /* of RULE_BROKEN the first ones that broke it */
	size_t n_shown;
	uint64_t n_events; /* and how many there were */
};

struct evaluation;

/* The rules must last as long as it does. NULL: no memory. */
struct evaluation *evaluation_new(const struct rules *rules);
void evaluation_free(struct evaluation *ev);

/* A session_out. */
void evaluation_event(const struct event *e, void *evaluation);

/* What it has come to: one result a rule. false: no memory. */
bool evaluation_end(struct evaluation *ev, struct rule_result *results);
void rule_result_free(struct rule_result *r);

/* "ok", "broken", "inconclusive" */
const char *rule_verdict_name(enum rule_verdict verdict);

#endif /* COMPATCAPS_EVALUATE_H */
