/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file that is still being written. Who writes one holds a lock on it (fcntl(2)) until it ends,
 * however it ends, and who reads it asks for that lock: this needs no privilege, and tells the
 * process. A file on a file system without locks looks as if nobody wrote it.
 */
#ifndef COMPATCAPS_FOLLOW_H
#define COMPATCAPS_FOLLOW_H

#include <stdbool.h>
#include <stdio.h>

/* This process writes the file from here on. For any other kind of descriptor it does nothing. */
void follow_announce(int fd);

/* Only a file can have a writer who is known. */
bool follow_is_file(int fd);

/* The process that writes the file; -1: one that has no number here; 0: none. */
int follow_writer(int fd);

struct follow;

/* How somebody follows a file. */
struct follow_reader {
	const char *name; /* for messages */
	const char *path; /* whose file is looked for there; NULL: nowhere */
	bool (*is_over)(
		const void *of); /* the end has been read: more is not waited for; or NULL */
	const void *of;
	void (*idle)(void *ctx); /* called again and again while nothing comes; or NULL */
	void *ctx;
};

/*
 * The same file as a stream that has no end as long as it is written: a read waits for more. It
 * ends where the writer's lock goes away, where the end has been read, and at a signal that ends
 * the program; from here on these are blocked. Without a lock, as of a copy that still grows,
 * nobody knows whether more comes: it is waited for, which is said. A file that is cut or replaced
 * ends the stream, which is said as well. Lets go of f when it is closed. NULL: no memory, and f is
 * closed.
 */
struct follow *follow_open(FILE *f);
FILE *follow_stream(struct follow *w);
int follow_fd(const struct follow *w);
void follow_for(struct follow *w, const struct follow_reader *r);

/* Whether it ended because of a signal, or of what happened to the file. */
bool follow_was_interrupted(const struct follow *w);
bool follow_has_failed(const struct follow *w);

/* Closes the stream, too. */
void follow_close(struct follow *w);

#endif /* COMPATCAPS_FOLLOW_H */
