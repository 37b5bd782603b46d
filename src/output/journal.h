/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * systemd's journal as a stream: each flush of it is a datagram, which is an entry. A journal
 * that is away, or does not read, is not waited for: entries are counted, and once it is back the
 * first one says how many there are not.
 */
#ifndef COMPATCAPS_JOURNAL_H
#define COMPATCAPS_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JOURNAL_SOCKET	   "/run/systemd/journal/socket"
#define JOURNAL_IDENTIFIER "SYSLOG_IDENTIFIER=compatcaps-trace\n"
/* Of the entry that says how many are missing. */
#define JOURNAL_MISSED_ID "ed5973d02fde4a3aa1e4d8d9ddce8d01"

struct journal;

/* Is path the journal's socket, or another one that is to be used as such? Else it is a file. */
bool journal_is_at(const char *path);

/* NULL: out of memory, or the path is too long for a socket. The socket need not be there yet. */
struct journal *journal_open(const char *path);

/* To be flushed after each entry; closed by journal_close(). */
FILE *journal_file(struct journal *j);

/* Returns how many entries did not get there at all, and no later one says so. Lets go of *j. */
uint64_t journal_close(struct journal *j);

#endif /* COMPATCAPS_JOURNAL_H */
