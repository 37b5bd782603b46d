/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file that is still being written. Who writes one holds a lock on it (fcntl(2)) until it ends,
 * however it ends, and who reads it asks for that lock: this needs no privilege, and tells the
 * process. A file on a file system without locks looks as if nobody wrote it.
 */
#ifndef COMPATCAPS_FOLLOW_H
#define COMPATCAPS_FOLLOW_H

#include <stdio.h>

/* This process writes the file from here on. For any other kind of descriptor it does nothing. */
void follow_announce(int fd);

/* The process that writes the file; -1: one that has no number here; 0: none. */
int follow_writer(int fd);

/*
 * The same file as a stream that has no end as long as it is written: a read waits for more. A
 * signal that ends the program ends the stream; from here on these are blocked. Lets go of f when
 * it is closed. NULL: no memory, and f is closed.
 */
FILE *follow_open(FILE *f);

#endif /* COMPATCAPS_FOLLOW_H */
