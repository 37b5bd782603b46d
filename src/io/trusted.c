// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who could have changed a program before it is run. The file and each directory above it are
 * looked at, up to the root. Where nobody else may write on the whole way, nothing can be
 * exchanged between looking and running.
 */
#include "io/trusted.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/text.h"

static const char *kind(const struct stat *st)
{
	return S_ISDIR(st->st_mode) ? "directory" : "file";
}

/* An access control list is covered: its mask stands where the group's permissions do. */
static bool is_trusted(const char *path, uid_t user, char *why)
{
	char shown[160];
	struct stat st;

	text_escape(shown, sizeof(shown), path, PATH_MAX);
	if (lstat(path, &st))
		snprintf(why, TRUSTED_WHY_LEN, "%s: %s", shown, strerror(errno));
	else if (st.st_uid && st.st_uid != user)
		snprintf(why, TRUSTED_WHY_LEN, "the %s %s belongs to user %u", kind(&st), shown,
			 st.st_uid);
	else if (st.st_mode & S_IWOTH)
		snprintf(why, TRUSTED_WHY_LEN, "anybody can write to the %s %s", kind(&st), shown);
	else if (st.st_mode & S_IWGRP && st.st_gid)
		snprintf(why, TRUSTED_WHY_LEN, "group %u can write to the %s %s", st.st_gid,
			 kind(&st), shown);
	else
		return true;
	return false;
}

bool trusted(const char *path, uid_t user, char why[TRUSTED_WHY_LEN])
{
	char part[PATH_MAX];
	char *slash;

	if (*path != '/' || strlen(path) >= sizeof(part)) {
		snprintf(why, TRUSTED_WHY_LEN, "its path is not absolute, or too long");
		return false;
	}
	strcpy(part, path);
	while (is_trusted(part, user, why)) {
		slash = strrchr(part, '/');
		if (!slash[1])
			return true; /* that was / */
		slash[slash == part] = '\0';
	}
	return false;
}
