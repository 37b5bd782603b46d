// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as one or two recordings, of which profiles and metrics are made.
 * The profiles are compared with each other and shown in each format; one that is fit for a
 * baseline is written as one and reads back the same. No text of a recording becomes a label of a
 * metric.
 */
#include "fuzz.h"

#include "diff/baseline.h"
#include "diff/diff.h"
#include "metrics/metric.h"

struct consumers {
	struct profile *profile;
	struct metrics *metrics;
};

static void on_event(const struct event *e, void *ctx)
{
	struct consumers *c = ctx;

	profile_event(e, c->profile);
	metrics_event(e, c->metrics);
}

/* ------------------------------------------------------------------ metrics */

static size_t skip_set(const char *text, const char *set)
{
	size_t n = strspn(text, set);

	check(n);
	return n;
}

/*
 * {name="value",...}: the values are words of our tables, so none needs an escape. A value that
 * came out of a recording would sooner or later hold something else.
 */
static size_t skip_labels(const char *text)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz_";
	static const char values[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+:() ";
	size_t n = 0;

	if (text[0] != '{')
		return 0;
	do {
		n++;
		n += skip_set(text + n, names);
		check(text[n] == '=' && text[n + 1] == '"');
		n += 2;
		n += skip_set(text + n, values);
		check(text[n++] == '"');
	} while (text[n] == ',');
	check(text[n] == '}');
	return n + 1;
}

/* NAME{LABELS} VALUE, in OpenMetrics with an exemplar: # {LABELS} VALUE TIME */
static void check_sample(const char *line)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz_", numbers[] = "0123456789.";
	size_t n = skip_set(line, names);

	check(!strncmp(line, "compatcaps_", 11));
	n += skip_labels(line + n);
	check(line[n++] == ' ');
	n += skip_set(line + n, numbers);
	if (!line[n])
		return;
	check(!strncmp(line + n, " # {", 4));
	n += 3;
	n += skip_labels(line + n);
	for (int i = 0; i < 2; i++) {
		check(line[n++] == ' ');
		n += skip_set(line + n, numbers);
	}
	check(!line[n]);
}

static void check_metrics(const struct metrics *m, enum metrics_format format)
{
	struct sink sink;
	struct bytes b;
	char *save;

	sink_begin(&sink);
	metrics_write(m, format, sink.f);
	b = sink_end(&sink);
	check_printable(b);
	for (char *line = strtok_r(sink.text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (*line != '#')
			check_sample(line);
	free(sink.text);
}

/* ------------------------------------------------------------------ baselines */

static struct bytes write_baseline(const struct profile *p)
{
	struct sink sink;

	sink_begin(&sink);
	check(profile_write_baseline(p, NULL, NULL, sink.f));
	return sink_end(&sink);
}

/* Without comments, which say why a recording gives no rule about something. */
static size_t drop_comments(struct bytes b)
{
	char *to = (char *)b.data;
	const char *newline;

	for (const char *at = b.data, *end = at + b.len; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		check(newline);
		if (*at == '#')
			continue;
		memmove(to, at, (size_t)(newline + 1 - at));
		to += newline + 1 - at;
	}
	return (size_t)(to - b.data);
}

static void check_baseline(const struct profile *p)
{
	struct bytes first = write_baseline(p), second;
	FILE *f = bytes_open(first);
	struct profile *again = baseline_read(f, "x");

	fclose(f);
	check_printable(first);
	check(again && !again->n_others);
	second = write_baseline(again);
	first.len = drop_comments(first);
	second.len = drop_comments(second);
	check_same(first, second);
	free((void *)first.data);
	free((void *)second.data);
	profile_free(again);
}

/* ------------------------------------------------------------------ what differs */

static void show_results(const struct diff *d, const struct diff_input in[2])
{
	for (const struct results_format *r = results_formats; r->format.name; r++) {
		struct sink sink;

		/* These two diff writes itself. */
		if (r->write == results_text || r->write == results_json)
			continue;
		sink_begin(&sink);
		check(diff_show_results(sink.f, d, in, r->write));
		check_results(r, sink_end(&sink));
	}
}

static void show(const struct diff *d, const struct diff_input in[2])
{
	struct sink sink;
	struct bytes b;

	sink_begin(&sink);
	diff_show_text(sink.f, d, in, false);
	b = sink_end(&sink);
	check_printable(b);
	free((void *)check_shielded(b, SHIELD_TEXT).data);
	sink_begin(&sink);
	check(diff_show_json(sink.f, d, in));
	b = sink_end(&sink);
	check_printable(b);
	b = check_shielded(b, SHIELD_JSON);
	check_json(b);
	free((void *)b.data);
	show_results(d, in);
}

static void compare(const struct profile *old, const struct profile *new)
{
	const struct diff_input in[2] = { { "old", old }, { "dir/new", new } };
	struct diff d;

	diff_compare(&d, old, new, NULL);
	check(!d.no_memory);
	for (size_t i = 0; old == new && i < d.n; i++)
		check(d.results[i].outcome != DIFF_CHANGED);
	show(&d, in);
	diff_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct consumers c = { .metrics = metrics_new() };
	struct profile *profiles[2] = { 0 };
	struct bytes of[2];
	size_t n = split_recordings(data, size, of);

	check(c.metrics);
	for (size_t i = 0; i < n; i++) {
		const struct recording_reader reader = {
			.path = "x",
			.recorded = size & 1,
			.event = on_event,
			.ctx = &c,
		};
		struct recording rec;

		profiles[i] = c.profile = profile_new();
		check(c.profile);
		if (read_recording(of[i], &reader, &rec) && !profile_unfit(c.profile))
			check_baseline(c.profile);
	}
	for (enum metrics_format i = METRICS_PROMETHEUS; i <= METRICS_OPENMETRICS; i++)
		check_metrics(c.metrics, i);
	compare(profiles[0], profiles[n - 1]);
	profile_free(profiles[0]);
	profile_free(profiles[1]);
	metrics_free(c.metrics);
	return 0;
}
