// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whether what a tracer told of is what was called, and what there is to say of a round. */
#include "soak.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#define RSS_LINES 10000 /* what the tracer remembers of VMs comes first */
#define KB_OF_VM  1
#define FLAT_KB	  256 /* by so little RSS may grow from the first part of a round to the last */

static void show_said(void)
{
	char line[512];
	FILE *f = fopen(SOAK_SAID, "re");

	while (f && fgets(line, sizeof(line), f))
		printf("  | %s", line);
	if (f)
		fclose(f);
}

/* ------------------------------------------------------------------ the sums */

static const char *const kind_names[KINDS] = { "negotiations", "asks", "checks", "runs" };

struct bounds {
	uint64_t least, most;
};

/* What this tracer must have met: all that began and ended while it watched. */
static struct bounds bounds_of(const struct tracer *t, enum kind k)
{
	const struct calls *now = &soak_shared->calls[k];
	uint64_t before = t->attached.calls[k].begun, after = t->ending.calls[k].done;

	return (struct bounds){ after > before ? after - before : 0,
				now->begun - t->spawned.calls[k].done };
}

static void check_kind(struct round *r, enum kind k)
{
	const struct tracer *t = &r->tracer;
	const struct stream *s = &t->stream;
	uint64_t told = s->seen[k] + s->lost[k] + (k == RUNS ? s->repeated : 0);
	struct bounds b = bounds_of(t, k);

	/* The kernel's own counts of what its probes missed do not tell what it was. */
	if (told > b.most || told + s->vague < b.least)
		soak_fail(r,
			  "%s: %" PRIu64 " recorded + %" PRIu64 " lost is not %" PRIu64
			  " to %" PRIu64 " (%" PRIu64 " lost of no known kind)",
			  kind_names[k], told - s->lost[k], s->lost[k], b.least, b.most, s->vague);
	soak_sums.recorded += told - s->lost[k];
	soak_sums.lost += s->lost[k];
	if (!t->alone)
		return;
	soak_sums.calls += b.most;
	soak_sums.cut += b.most - b.least;
	soak_sums.told += told;
}

/* How they ended is known as well, where nobody called but while it watched. */
static void check_failed(struct round *r, enum kind k)
{
	const struct tracer *t = &r->tracer;
	const struct stream *s = &t->stream;
	uint64_t told = s->failed[k] + s->lost_failed[k];
	uint64_t failed = soak_shared->calls[k].failed - t->spawned.calls[k].failed;
	struct bounds b = bounds_of(t, k);

	if (told > failed + (b.most - b.least) || told + s->lost_unended[k] + s->vague < failed)
		soak_fail(r, "of the %s %" PRIu64 " failed, and it told of %" PRIu64, kind_names[k],
			  failed, told);
}

/* The last line against those before it. */
static void check_end(struct round *r)
{
	const struct stream *s = &r->tracer.stream;

	if (!s->ended || s->cut_off || s->after_end) {
		soak_fail(r, "the stream does not end with its end");
		return;
	}
	if (s->events != s->lines || s->lost_said != s->lost_n)
		soak_fail(r,
			  "the end tells of %" PRIu64 " events and %" PRIu64 " lost, not %" PRIu64
			  " and %" PRIu64,
			  s->events, s->lost_said, s->lines, s->lost_n);
	for (int k = 0; k < KINDS; k++)
		if (s->said[k] != s->seen[k] || (k <= ASKS && s->said_failed[k] != s->failed[k]))
			soak_fail(r, "the end's totals of %s are not what was told", kind_names[k]);
	if (s->said_lost[0] + s->said_lost[1] !=
	    s->lost[NEGOTIATIONS] - s->lost_unended[NEGOTIATIONS])
		soak_fail(r, "the end's lost negotiations are not what was told");
}

static void check_lines(struct round *r)
{
	const struct stream *s = &r->tracer.stream;

	soak_sums.lines += s->lines;
	soak_sums.vague += s->vague;
	/* Who is killed may leave a torn last line. */
	if (s->broken > !s->ended || s->gaps)
		soak_fail(r, "%" PRIu64 " lines are broken, %" PRIu64 " gaps in seq", s->broken,
			  s->gaps);
}

/* Of all kinds together. */
static void check_all(struct round *r)
{
	const struct stream *s = &r->tracer.stream;
	uint64_t told = s->repeated, most = 0, doubt = 0;

	for (int k = 0; k < KINDS; k++) {
		struct bounds b = bounds_of(&r->tracer, k);

		told += s->seen[k] + s->lost[k];
		most += b.most;
		doubt += b.most - b.least;
	}
	/* No more can be in doubt than those that a killed process was in. */
	if (doubt > r->killed * SOAK_THREADS + soak_shared->stuck)
		soak_fail(r, "%" PRIu64 " calls did not end, where %" PRIu64 " callers were killed",
			  doubt, r->killed + soak_shared->stuck);
	/* What was lost of no known kind is no call twice. */
	if (told + s->vague > most + soak_shared->others)
		soak_fail(r,
			  "%" PRIu64 " told of and %" PRIu64
			  " lost of no known kind are more than %" PRIu64 " calls and %" PRIu64
			  " others",
			  told, s->vague, most, soak_shared->others);
}

/* One that had time to end. */
void soak_check_tracer(struct round *r)
{
	const struct tracer *t = &r->tracer;
	unsigned int before = r->failed;

	check_lines(r);
	check_end(r);
	if (!WIFEXITED(t->status) || WEXITSTATUS(t->status))
		soak_fail(r, "the tracer ended with wait status 0x%x", t->status);
	for (int k = 0; k < KINDS; k++) {
		check_kind(r, k);
		if (t->alone && k <= ASKS)
			check_failed(r, k);
	}
	if (t->alone)
		check_all(r);
	if (r->failed > before)
		show_said();
}

/* One that was killed: it cannot have told of more than there was. */
void soak_check_killed(struct round *r)
{
	const struct stream *s = &r->tracer.stream;

	check_lines(r);
	for (int k = 0; k < KINDS; k++)
		if (s->seen[k] + s->lost[k] > bounds_of(&r->tracer, k).most)
			soak_fail(r, "more %s were told of than there were", kind_names[k]);
}

/* The most of RSS in some hundredths of the samples. */
static uint64_t most_rss(const struct round *r, size_t from, size_t to)
{
	uint64_t most = 0;

	for (size_t i = r->n_samples * from / 100; i < r->n_samples * to / 100; i++)
		if (r->samples[i].rss > most)
			most = r->samples[i].rss;
	return most;
}

/* Of each VM something is remembered, so that its end can be told. */
void soak_check_rss(struct round *r)
{
	const struct sample *from = &r->samples[r->n_samples / 10];
	const struct sample *to = &r->samples[r->n_samples ? r->n_samples - 1 : 0];
	uint64_t first = most_rss(r, 10, 30), last = most_rss(r, 80, 100);
	uint64_t lines = to->lines - from->lines, vms = to->vms - from->vms;

	printf("  RSS: %" PRIu64 " KiB at first, %" PRIu64 " KiB %" PRIu64 " lines and %" PRIu64
	       " VMs later%s\n",
	       first, last, lines, vms, lines < RSS_LINES ? ", which is too early to judge" : "");
	if (lines >= RSS_LINES && (!first || !last || last > first + FLAT_KB + vms * KB_OF_VM))
		soak_fail(r, "RSS is not flat");
}

/* ------------------------------------------------------------------ what is said of it */

static void tell_losses(const struct stream *s)
{
	printf("  lost:");
	for (int i = 0; i < STREAM_REASONS; i++)
		if (s->by_reason[i])
			printf(" %s %" PRIu64, stream_reasons[i], s->by_reason[i]);
	printf("%s\n", s->lost_n ? "" : " nothing");
}

/* Of a round with several tracers what the last one told of. */
void soak_tell(const struct round *r, uint64_t ms)
{
	const struct stream *s = &r->tracer.stream;

	printf("%s %s --seed %" PRIu64 ": %" PRIu64 " s, %" PRIu64 " tracers, %" PRIu64 " lines\n",
	       r->failed ? "FAILED" : "ok", r->name, r->seed, ms / 1000, r->tracers, s->lines);
	printf("  recorded+lost:");
	for (int k = 0; k < KINDS; k++)
		printf(" %s %" PRIu64 "+%" PRIu64, kind_names[k], s->seen[k], s->lost[k]);
	printf("\n");
	tell_losses(s);
	printf("  callers: %" PRIu64 " started, %" PRIu64 " killed, %" PRIu64 " stuck, %" PRIu64
	       " forks, %" PRIu64 " execs, %" PRIu64 " threads, %" PRIu64 " VMs, %" PRIu64
	       " other calls\n",
	       r->spawned, r->killed, soak_shared->stuck, soak_shared->forks, soak_shared->execs,
	       soak_shared->threads, soak_shared->vms, soak_shared->others);
	printf("  host: %" PRIu64 " CPU hotplugs, %" PRIu64 " module reloads, %" PRIu64
	       " memory hogs, %" PRIu64 " caches dropped; tracer: %" PRIu64 " sleeps\n",
	       r->hotplugs, r->reloads, r->hogs, r->drops, r->sleeps);
	fflush(stdout);
}

void soak_tell_all(void)
{
	printf("%s: %" PRIu64 " rounds, %" PRIu64 " failed, with %" PRIu64 " tracers and %" PRIu64
	       " callers that were killed\n",
	       soak_sums.failed ? "FAILED" : "ok", soak_sums.rounds, soak_sums.failed,
	       soak_sums.tracers, soak_sums.killed);
	printf("calls while one tracer watched: %" PRIu64 " to %" PRIu64 " made, %" PRIu64
	       " told of\n",
	       soak_sums.calls - soak_sums.cut, soak_sums.calls, soak_sums.told);
	printf("in all: %" PRIu64 " calls recorded, %" PRIu64 " lost, %" PRIu64
	       " lost of no known kind; %" PRIu64 " lines\n",
	       soak_sums.recorded, soak_sums.lost, soak_sums.vague, soak_sums.lines);
}
