// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Messages on standard error, each with the program's name before it. The name of a file may
 * contain any byte, so what is not printable is escaped. A message is one write, which stays whole
 * beside the output of a traced command.
 */
#include "lib/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/text.h"

static bool is_quiet;

void say_quiet(bool quiet)
{
	is_quiet = quiet;
}

/* One call, so that the line is whole beside those of a traced command. */
static void print(const char *fmt, va_list ap)
{
	char line[1024], shown[4 * sizeof(line)] = "";
	size_t n = 0;

	vsnprintf(line, sizeof(line), fmt, ap);
	/* The name of a file may hold anything, a new line too. */
	for (const char *c = line; *c; c++)
		n += text_show(shown + n, *c);
	fprintf(stderr, "compatcaps-trace: %.*s\n", (int)n, shown);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(fmt, ap);
	va_end(ap);
}

void say_note(const char *fmt, ...)
{
	va_list ap;

	if (is_quiet)
		return;
	va_start(ap, fmt);
	print(fmt, ap);
	va_end(ap);
}
