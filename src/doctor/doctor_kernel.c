// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Releases that have commit 884ea0283f4e for certain: 6.18.51 (5778dda871f1) and 7.2.6
 * (bb9f763d7aed, also in Debian's source of it). The one before each may have it as well. It was
 * sent to stable for 6.13 and newer. The branches 6.13 to 6.17 had ended before it
 * was merged. Whether 6.19, 7.0 or 7.1 have it is not known here.
 */
#include "doctor/doctor_kernel.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct version {
	unsigned int major, minor, stable;
	bool of_a_distribution; /* its third number is 0, and more follows: no stable release */
};

static const struct branch {
	unsigned int major, minor, stable;
	const char *name;
} first_releases[] = {
	{ 6, 18, 51, "6.18.51" },
	{ 7, 2, 6, "7.2.6" },
};

/* Distributions that backport keep the third number at 0 and count behind it. */
static bool parse(const char *release, struct version *v)
{
	int end = 0;

	*v = (struct version){ 0 };
	if (sscanf(release, "%u.%u.%u%n", &v->major, &v->minor, &v->stable, &end) == 3)
		v->of_a_distribution = !v->stable && release[end];
	else if (sscanf(release, "%u.%u", &v->major, &v->minor) != 2)
		return false;
	return true;
}

static bool is_from(const struct version *v, unsigned int major, unsigned int minor)
{
	return v->major > major || (v->major == major && v->minor >= minor);
}

static const struct branch *branch_of(const struct version *v)
{
	for (size_t i = 0; i < sizeof(first_releases) / sizeof(first_releases[0]); i++)
		if (first_releases[i].major == v->major && first_releases[i].minor == v->minor)
			return &first_releases[i];
	return NULL;
}

bool doctor_release_from(const char *release, unsigned int major, unsigned int minor)
{
	struct version v;

	return parse(release, &v) && is_from(&v, major, minor);
}

enum mode_check doctor_mode_check(const char *release)
{
	const struct branch *branch;
	struct version v;

	if (!parse(release, &v))
		return MODE_CHECK_UNKNOWN;
	if (is_from(&v, 7, 3))
		return MODE_CHECK_YES;
	if (v.of_a_distribution)
		return MODE_CHECK_UNTOLD;
	branch = branch_of(&v);
	if (branch)
		return v.stable >= branch->stable ? MODE_CHECK_YES : MODE_CHECK_NO;
	return is_from(&v, 6, 18) ? MODE_CHECK_UNKNOWN : MODE_CHECK_NO;
}

const char *doctor_mode_check_since(const char *release)
{
	const struct branch *branch;
	struct version v;

	if (!parse(release, &v))
		return NULL;
	branch = branch_of(&v);
	return branch ? branch->name : NULL;
}
