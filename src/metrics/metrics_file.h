/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file of --metrics: what a trace counts, for node_exporter's textfile collector. It is
 * replaced as a whole, so that who reads it never finds half of it, as soon as something was
 * counted (but once a second at most) and else every 15 seconds, so that its age tells a
 * tracer that has died from one that has nothing to count. A clean end removes it.
 */
#ifndef COMPATCAPS_METRICS_FILE_H
#define COMPATCAPS_METRICS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnosis/event.h"

#define METRICS_FILE_BUSY_NS UINT64_C(1000000000)
#define METRICS_FILE_IDLE_NS UINT64_C(15000000000)

struct metrics_file;

/* Can node_exporter's textfile collector read a file of this name? */
bool metrics_file_is_name(const char *path);

/*
 * Makes sure that the file can be written, and does not yet. One that is there is replaced
 * where it is one of ours, left by a crash, or with force. NULL: it has been said why.
 */
struct metrics_file *metrics_file_open(const char *path, bool force);

/* Counts it. file may be NULL. */
void metrics_file_event(struct metrics_file *file, const struct event *e);

/* When it is to be written, on CLOCK_MONOTONIC; 0: file is NULL. */
uint64_t metrics_file_due(const struct metrics_file *file);

/* Writes it now. A failure is said, the first time, and counted. */
void metrics_file_write(struct metrics_file *file, uint64_t now_ns);

/* Removes it. false: not every write succeeded, which has been said. Lets go of *file. */
bool metrics_file_close(struct metrics_file *file);

#endif /* COMPATCAPS_METRICS_FILE_H */
