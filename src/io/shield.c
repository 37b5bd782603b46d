// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Breaks up what the runner of a CI would take as a command in a log (shield.h says which). Most
 * text has nothing of it, so the C library's two quick searches decide first. Each form of output
 * has its own way to write such text harmlessly.
 */
#include "io/shield.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"

/* What a runner looks for begins with one of these. */
static const char pairs[][3] = { "::", "##", "<L" };

/* The second byte of the first pair; end: there is none. last: the byte before. */
static const char *find_pair(const char *bytes, const char *end, char last)
{
	const char *pair, *found = end;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (bytes < end && last == pairs[i][0] && *bytes == pairs[i][1])
			return bytes;
		pair = memmem(bytes, (size_t)(found - bytes), pairs[i], 2);
		if (pair)
			found = pair + 1;
	}
	return found;
}

static bool put_escaped(const struct shield *s, char c, shield_put *put, void *ctx)
{
	static const char *const formats[] = {
		[SHIELD_TEXT] = "\\x%02x", [SHIELD_JSON] = "\\u%04x", [SHIELD_XML] = "&#%u;"
	};
	char escaped[16];
	int len = snprintf(escaped, sizeof(escaped), formats[s->kind], (unsigned int)c);

	return put(ctx, escaped, (size_t)len);
}

bool shield_write(struct shield *s, const char *bytes, size_t len, shield_put *put, void *ctx)
{
	const char *end = bytes + len, *pair;

	while (s->kind != SHIELD_NONE && bytes < end) {
		pair = find_pair(bytes, end, s->last);
		if (pair > bytes && !put(ctx, bytes, (size_t)(pair - bytes)))
			return false;
		s->last = pair > bytes ? pair[-1] : s->last;
		bytes = pair;
		if (bytes == end)
			return true;
		if (!put_escaped(s, *bytes, put, ctx))
			return false;
		s->last = '\0';
		bytes++;
	}
	return bytes == end || put(ctx, bytes, (size_t)(end - bytes));
}

/* ------------------------------------------------------------------ stderr */

static bool put_stderr(void *ctx, const char *bytes, size_t len)
{
	ssize_t n;

	(void)ctx;
	for (; len; bytes += n, len -= (size_t)n) {
		n = write(STDERR_FILENO, bytes, len);
		if (n <= 0)
			return false;
	}
	return true;
}

/* One line in one write, so that it is whole beside those of a traced command. */
static ssize_t write_stderr(void *cookie, const char *bytes, size_t len)
{
	static char shown[4 * BUFSIZ];
	size_t n = 0, used = 0;

	for (; used < len && n + 5 < sizeof(shown); used++) {
		if (bytes[used] == '\n' || bytes[used] == '\t')
			shown[n++] = bytes[used];
		else
			n += text_show(shown + n, bytes[used]);
	}
	shield_write(cookie, shown, n, put_stderr, NULL);
	/* Nobody can be told that this failed. */
	return (ssize_t)used;
}

void shield_stderr(void)
{
	static struct shield shield = { .kind = SHIELD_TEXT };
	static char buffer[BUFSIZ];
	FILE *f = fopencookie(&shield, "w", (cookie_io_functions_t){ .write = write_stderr });

	if (!f)
		return;
	setvbuf(f, buffer, _IOLBF, sizeof(buffer));
	/* An ordinary variable in this C library, which argp and getopt use as well. */
	stderr = f;
}
