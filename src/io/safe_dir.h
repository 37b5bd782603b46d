/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way to the directory of a file that is to be written. The program may be root, and the
 * directory somebody else's, who can put a symbolic link there at any moment. So each component is
 * opened by itself, and a symbolic link is followed only where root or the program's own user has
 * made it. What is then done in the directory is done through its descriptor.
 */
#ifndef COMPATCAPS_SAFE_DIR_H
#define COMPATCAPS_SAFE_DIR_H

#include <stdbool.h>
#include <sys/types.h>

#define SAFE_DIR_MAX_LINKS 40 /* on the way, as the kernel has it */

/* Does this user own a symbolic link that may be followed? */
bool safe_dir_trusts(uid_t owner);

/* For messages: why a link of another user is not followed. */
extern const char safe_dir_foreign_link[];

/*
 * The directory of path, its last component excluded: an O_PATH descriptor. -1: *why is the
 * reason where errno does not tell it, else NULL.
 */
int safe_dir_of(const char *path, const char **why);

/* The last component of path; "" where it ends with a slash. */
const char *safe_dir_name(const char *path);

/* A hidden name that no file has. false: errno tells why. */
#define SAFE_DIR_TEMPORARY_LEN 32
bool safe_dir_temporary(char name[SAFE_DIR_TEMPORARY_LEN]);

#endif /* COMPATCAPS_SAFE_DIR_H */
