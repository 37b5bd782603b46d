/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who could have changed a program before it is run? */
#ifndef COMPATCAPS_TRUSTED_H
#define COMPATCAPS_TRUSTED_H

#include <stdbool.h>
#include <sys/types.h>

#define TRUSTED_WHY_LEN 256

/*
 * Do this file and all directories that it lies in belong to root or to this user, and can nobody
 * else write to them? path is absolute and without symbolic links (realpath(3)). false: why is a
 * clause, "the directory /opt belongs to user 1000".
 */
bool trusted(const char *path, uid_t user, char why[TRUSTED_WHY_LEN]);

#endif /* COMPATCAPS_TRUSTED_H */
