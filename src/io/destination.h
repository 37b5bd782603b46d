/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where an output goes to: a descriptor of this process, a file, a FIFO or a character device.
 *
 * - /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N are descriptors that the caller gave to
 *   the program, and never a file that could be replaced.
 * - A file is created under its own name. One that already exists is replaced only with `force`: a
 *   temporary file takes its place when everything is written, so the old one is whole until then.
 * - A symbolic link is followed where root or our own user has made it (safe_dir.h); what takes the
 *   place of a file is then beside its target.
 * - What a name leads to is judged after it is opened, because it may change before.
 * - SIGINT, SIGTERM and SIGHUP remove what was created if they end the process before
 *   destination_finish(). A program that blocks them decides by itself.
 */
#ifndef COMPATCAPS_DESTINATION_H
#define COMPATCAPS_DESTINATION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "io/safe_dir.h"

struct destination {
	int fd;
	bool may_block; /* it is not a file: its reader may be slow, or not read at all */
	/* Of a file that was created; else dir is -1. */
	int dir;
	dev_t dev;
	ino_t ino;
	const char *name;			/* in dir, of the finished file */
	char temporary[SAFE_DIR_TEMPORARY_LEN]; /* in dir, of the file until then; "": it has its
						   name already */
	char path[PATH_MAX]; /* for messages, and for `name`: where symbolic links have led */
};

struct destination_request {
	const char *path;
	bool force;    /* replace a file */
	bool readable; /* by whom the umask says; else by the owner alone */
};

#define DESTINATION_ERROR_LEN 512

/*
 * Waits for the reader of a FIFO that has none, unless a signal tells the program to end. There can
 * be one at a time. false: error is a sentence.
 */
bool destination_open(struct destination *d, const struct destination_request *r, char *error);

/* The file takes its place. false: errno tells why, and destination_written() where it is. */
bool destination_finish(struct destination *d);

/* Where what was written is, if it is not in its place. "": it is, or it is not in a file. */
void destination_written(const struct destination *d, char *path, size_t len);

/* Removes a file that is not finished. What was there before is still there. */
void destination_remove(struct destination *d);

/* Closes everything but fd. */
void destination_close(struct destination *d);

#endif /* COMPATCAPS_DESTINATION_H */
