/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The options that tell about a program itself, the same for all of them: a child of the
 * program's argp, which is to be parsed with ARGP_NO_HELP.
 */
#ifndef COMPATCAPS_ABOUT_H
#define COMPATCAPS_ABOUT_H

#include <argp.h>

extern const struct argp about_argp;

/* Its input, of a program that prints a help of its own; NULL: argp prints one. */
struct about_help {
	void (*print)(const void *ctx); /* to standard output */
	const void *ctx;
};

#endif /* COMPATCAPS_ABOUT_H */
