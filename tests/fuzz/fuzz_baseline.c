// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as a baseline. What can be read is written, read again and written
 * again: the same. And it is compared with itself, which is no difference.
 */
#include "fuzz.h"

#include "diff/baseline.h"
#include "diff/diff.h"
#include "check/rules.h"

/* NULL: it is not a baseline. */
static struct profile *read_baseline(struct bytes b)
{
	FILE *f = bytes_open(b);
	struct profile *p = baseline_read(f, "x");

	fclose(f);
	return p;
}

static struct bytes write_baseline(const struct profile *p)
{
	struct sink sink;
	struct bytes b;

	sink_begin(&sink);
	check(profile_write_baseline(p, NULL, NULL, sink.f));
	b = sink_end(&sink);
	check_printable(b);
	return b;
}

static void compare(const struct profile *p)
{
	const struct diff_input in[2] = { { "a", p }, { "b", p } };
	struct sink sink;
	struct diff d;

	diff_compare(&d, p, p, NULL);
	check(!d.no_memory);
	for (size_t i = 0; i < d.n; i++)
		check(d.results[i].outcome != DIFF_CHANGED);
	sink_begin(&sink);
	diff_show_text(sink.f, &d, in, false);
	check_printable(sink_end(&sink));
	free(sink.text);
	sink_begin(&sink);
	check(diff_show_json(sink.f, &d, in));
	check_json(sink_end(&sink));
	free(sink.text);
	diff_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = RULES_BASELINE "\n";
	size_t n = sizeof(head) - 1;
	struct profile *first, *again;
	struct bytes text, second;
	char *whole = malloc(n + size);

	check(whole);
	memcpy(whole, head, n);
	memcpy(whole + n, data, size);
	first = read_baseline((struct bytes){ whole, n + size });
	free(whole);
	if (!first)
		return 0;
	compare(first);
	text = write_baseline(first);
	again = read_baseline(text);
	check(again && !again->n_others);
	second = write_baseline(again);
	check_same(text, second);
	free((void *)text.data);
	free((void *)second.data);
	profile_free(first);
	profile_free(again);
	return 0;
}
