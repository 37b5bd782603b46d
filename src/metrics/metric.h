/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers for a monitoring system, counted from events: of one trace, or the sum of several
 * recordings. Which there are, with names, labels, units and help, is one table (metric.c);
 * docs/metrics.md is checked against it. Pure: no clock, no file.
 */
#ifndef COMPATCAPS_METRIC_H
#define COMPATCAPS_METRIC_H

#include <stdio.h>

#include "diagnosis/event.h"

struct metrics;

enum metrics_format {
	METRICS_PROMETHEUS,  /* Prometheus' text format 0.0.4 */
	METRICS_OPENMETRICS, /* OpenMetrics 1.0, with exemplars */
};

/* The first line of Prometheus' format: a file that has it is one of ours. */
#define METRICS_FIRST_LINE "# compatcaps-trace metrics 1"

/* Every counter is there and 0. NULL: no memory. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/*
 * A session_out. An EVENT_TRACE begins another recording: what is counted is added to what the
 * ones before had, and of the host's facts those stay on which all of them agree.
 */
void metrics_event(const struct event *e, void *metrics);

/* Whether it could be written is for the stream's owner to see. */
void metrics_write(const struct metrics *m, enum metrics_format format, FILE *f);

/* A value of a label as both formats want it: \, " and new lines escaped. */
void metric_put_escaped(FILE *f, const char *text);

#endif /* COMPATCAPS_METRIC_H */
