// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as a baseline. What can be read is written, read again and written
 * again: the same. And it is compared with itself, which is no difference.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff/baseline.h"
#include "diff/diff.h"
#include "check/rules.h"
#include "lib/say.h"

/* What is wrong with it is said to nobody. */
void say(const char *fmt, ...)
{
	(void)fmt;
}

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* NULL: it is none. */
static struct profile *read_text(const char *text, size_t len)
{
	FILE *f = fmemopen((void *)text, len, "r");
	struct profile *p;

	check(f);
	p = baseline_read(f, "x");
	fclose(f);
	return p;
}

static char *write_text(const struct profile *p, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	check(f && profile_write_baseline(p, f));
	fclose(f);
	for (size_t i = 0; i < *len; i++)
		check(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	return text;
}

static void compare(const struct profile *p)
{
	const struct diff_input in[2] = { { "a", p }, { "b", p } };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct diff d;

	diff_compare(&d, p, p);
	check(f && !d.no_memory);
	for (size_t i = 0; i < d.n; i++)
		check(d.results[i].outcome != DIFF_CHANGED);
	diff_show_text(f, &d, in, false);
	check(diff_show_json(f, &d, in));
	fclose(f);
	free(text);
	diff_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = RULES_BASELINE "\n";
	size_t n = sizeof(head) - 1, len, len_again;
	struct profile *first, *again;
	char *text = malloc(n + size + 1), *second;

	if (!text)
		abort();
	memcpy(text, head, n);
	memcpy(text + n, data, size);
	first = read_text(text, n + size);
	free(text);
	if (!first)
		return 0;
	compare(first);
	text = write_text(first, &len);
	again = read_text(text, len);
	check(again && !again->n_others);
	second = write_text(again, &len_again);
	check(len == len_again && !memcmp(text, second, len));
	free(text);
	free(second);
	profile_free(first);
	profile_free(again);
	return 0;
}
