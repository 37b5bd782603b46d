// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a report cannot know about a host, in sentences. It names lines that are missing, events
 * that were lost, functions and VMs that were not watched all the time, and what a filter left
 * out. The facts come from recording/unseen.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/digest.h"

struct telling {
	void (*tell)(const char *text, void *ctx);
	void *ctx;
	unsigned int n;
};

static void tellf(struct telling *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void tellf(struct telling *u, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0) {
		u->tell(text, u->ctx);
		u->n++;
		free(text);
	}
	va_end(ap);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ": 3 query E2BIG, 1 ask ok", as far as the kernel counted it. */
static void loss_parts(const struct digest *d, enum cc_loss reason, FILE *f)
{
	char words[EVENT_RESULT_LEN * 2];
	const char *between = ": ";

	for (size_t i = 0; i < d->n_losses; i++) {
		const struct digest_loss *part = &d->losses[i];

		if (part->reason != reason)
			continue;
		fprintf(f, "%s%s%" PRIu64 " %s", between,
			loss_is_certain(&(struct cc_loss_key){ .loss = reason }) ? "" : "up to ",
			part->n, loss_words(words, part->type, part->ret));
		between = ", ";
	}
	if (d->more_losses && *between == ',')
		fputs(" and others", f);
}

static void tell_loss(const struct digest *d, struct telling *u, enum cc_loss reason)
{
	uint64_t n = d->lost_by[reason];
	const char *name = loss_name(reason);
	char *parts = NULL;
	size_t len;
	FILE *f = open_memstream(&parts, &len);

	if (f) {
		loss_parts(d, reason, f);
		fclose(f);
	}
	tellf(u, "%" PRIu64 " event%s lost (%s)%s.", n, n == 1 ? " was" : "s were",
	      name ? name : "reason unknown", parts ? parts : "");
	free(parts);
}

static void tell_losses(const struct digest *d, struct telling *u)
{
	for (int i = 0; i < CC_LOSSES; i++)
		if (d->lost_by[i])
			tell_loss(d, u, i);
}

static void tell_point(const struct digest *d, struct telling *u, enum point point)
{
	const char *name = attach_func(point);

	if (!d->unseen.points[point].told)
		tellf(u, "%s was not watched, as far as the recording shows.", name);
	else if (d->unseen.points[point].gap)
		tellf(u, "%s was not watched%s: %s.", name,
		      d->how[point] == ATTACH_ABSENT ? "" : " all the time",
		      d->unseen.points[point].why);
}

static void tell_lives(const struct digest *d, struct telling *u)
{
	unsigned int n, untold = d->seen.n;
	const char *least = "";

	for (int i = 0; i < COVERAGE_REASONS; i++) {
		n = bits_count(&d->lives[i]);
		untold -= n;
		if (d->lives[i].over)
			least = "At least ";
		if (n && i != COVERED)
			tellf(u, "%s%u VM%s may not have been seen completely (%s).", least, n,
			      plural(n), coverage_why(i));
	}
	if (d->filters_part)
		tellf(u, "No story is told, because events are left out.");
	else if (untold && !*least && !d->view)
		tellf(u, "The stor%s of %u VM%s had to make room for others.",
		      untold == 1 ? "y" : "ies", untold, plural(untold));
	if (d->n_beyond || d->more_beyond)
		tellf(u, "%s%u VM%s could not be distinguished: there were more than %u at once.",
		      d->more_beyond ? "At least " : "", d->n_beyond, plural(d->n_beyond),
		      VM_TABLE_MAX);
}

unsigned int digest_unseen(const struct digest *d, void (*tell)(const char *text, void *ctx),
			   void *ctx)
{
	struct telling u = { tell, ctx, 0 };

	if (d->writer)
		tellf(&u, "The recording is still being written: it is shown as far as it goes.");
	else if (d->cut_off)
		tellf(&u,
		      "The recording is cut off: what came after its last whole line is missing.");
	if (d->n_unread)
		tellf(&u, "%" PRIu64 " line%s of the recording %s missing or could not be read.",
		      d->n_unread, plural(d->n_unread), d->n_unread == 1 ? "is" : "are");
	tell_losses(d, &u);
	for (int p = 0; p < ATTACH_POINTS; p++)
		tell_point(d, &u, p);
	if (d->filters_threads)
		tellf(&u, "Only calls of some threads of a process were recorded (%s).",
		      d->filters ? d->filters : "a filter");
	if (d->filters_outcomes)
		tellf(&u, "It has only calls with some outcomes.");
	if (d->filters && !d->filters_threads)
		tellf(&u, "Only calls that match these options were recorded: %s", d->filters);
	if (d->view)
		tellf(&u, "Only what matches these options is shown and counted here: %s", d->view);
	tell_lives(d, &u);
	if (d->no_memory)
		tellf(&u, "Out of memory: this report is not complete.");
	return u.n;
}
