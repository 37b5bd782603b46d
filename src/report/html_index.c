// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The beginning of a page about several recordings: a matrix of recordings and causes. The most
 * common causes come first. Causes that have no column of their own are added up in one, so no
 * failure is left out.
 */
#include "report/html_index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "report/report.h"

#define COLUMNS 6 /* of causes */

struct row {
	size_t number;
	char *name, *host; /* escaped; host NULL: not known */
	char *verdict;	   /* NULL: of none of its VMs there is a story */
	bool wrong;	   /* with some of them */
	uint64_t lost, failed[DIGEST_CAUSES];
	bool unreadable, broken, shown;
};

struct html_index {
	struct row *rows;
	size_t n, room;
	const char *names[DIGEST_CAUSES]; /* of causes; NULL: none had it */
};

/* The causes that have columns, and how many there are. */
struct columns {
	size_t of[COLUMNS], n;
	bool others;
};

struct html_index *html_index_new(void)
{
	return calloc(1, sizeof(struct html_index));
}

void html_index_free(struct html_index *index)
{
	for (size_t i = 0; index && i < index->n; i++) {
		free(index->rows[i].name);
		free(index->rows[i].host);
		free(index->rows[i].verdict);
	}
	if (index)
		free(index->rows);
	free(index);
}

static void fill_row(struct html_index *index, struct row *row, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	if (*report_verdict_short(text, d))
		row->verdict = strdup(text);
	for (int i = 0; i < OUTCOME_FINE; i++)
		row->wrong |= bits_count(&d->outcomes[i]) != 0;
	row->host = d->id.name ? strdup(d->id.name) : NULL;
	row->lost = d->totals.lost;
	row->broken = digest_is_broken(d);
	for (size_t i = 0; i < DIGEST_CAUSES; i++) {
		row->failed[i] = d->causes[i].n_failed;
		if (row->failed[i])
			index->names[i] = d->causes[i].name;
	}
}

bool html_index_add(struct html_index *index, const struct report_input *in, const struct digest *d,
		    bool shown)
{
	char safe[1024];
	struct row *more;

	if (index->n == index->room) {
		more = reallocarray(index->rows, 2 * index->room + 8, sizeof(*more));
		if (!more)
			return false;
		index->rows = more;
		index->room = 2 * index->room + 8;
	}
	text_escape(safe, sizeof(safe), in->name, sizeof(safe));
	more = &index->rows[index->n++];
	*more = (struct row){ .number = in->number,
			      .name = strdup(safe),
			      .unreadable = !d,
			      .broken = !d,
			      .shown = shown };
	if (d)
		fill_row(index, more, d);
	return more->name;
}

size_t html_index_count(const struct html_index *index, size_t *broken)
{
	*broken = 0;
	for (size_t i = 0; i < index->n; i++)
		*broken += index->rows[i].broken;
	return index->n;
}

/* ------------------------------------------------------------------ the matrix */

static size_t rows_with(const struct html_index *index, size_t cause)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++)
		n += index->rows[i].failed[cause] != 0;
	return n;
}

static struct columns choose(const struct html_index *index)
{
	bool taken[DIGEST_CAUSES] = { false };
	struct columns c = { .n = 0 };
	size_t best, with, most;

	for (;;) {
		best = DIGEST_CAUSES;
		most = 0;
		for (size_t i = 0; i < DIGEST_CAUSES; i++) {
			with = index->names[i] && !taken[i] ? rows_with(index, i) : 0;
			best = with > most ? i : best;
			most = with > most ? with : most;
		}
		c.others = most && c.n == COLUMNS;
		if (!most || c.others)
			return c;
		taken[best] = true;
		c.of[c.n++] = best;
	}
}

static void put_count(struct xml *x, const char *name, uint64_t n)
{
	html_begin_number(x, name);
	if (n)
		xml_textf(x, "%" PRIu64, n);
	xml_end(x);
}

static void put_seen(struct xml *x, const struct row *row)
{
	html_begin(x, "td", "short");
	if (row->unreadable)
		html_tag(x, VERDICT_FAILURE, "could not be read");
	else if (!row->verdict)
		xml_text(x, "no VM's story");
	else
		html_tag(x, row->wrong ? VERDICT_FAILURE : VERDICT_FINE, row->verdict);
	xml_end(x);
}

static void put_row(struct html *h, const struct html_index *index, const struct columns *c,
		    const struct row *row)
{
	struct xml *x = h->x;
	uint64_t others = 0;

	for (size_t i = 0; i < DIGEST_CAUSES; i++)
		others += row->failed[i];
	html_begin_row(x);
	if (row->shown) {
		xml_begin(x, "a");
		xml_attrf(x, "href", "#r%zu", row->number);
	}
	xml_text(x, row->name ? row->name : "");
	if (row->shown)
		xml_end(x);
	xml_end(x);
	xml_element(x, "td", row->host ? row->host : "");
	put_seen(x, row);
	for (size_t i = 0; i < c->n; i++) {
		put_count(x, index->names[c->of[i]], row->failed[c->of[i]]);
		others -= row->failed[c->of[i]];
	}
	if (c->others)
		put_count(x, "other failures", others);
	put_count(x, "lost", row->lost);
	xml_end(x);
}

static void put_head(struct xml *x, const struct html_index *index, const struct columns *c)
{
	const char *titles[COLUMNS + 6] = { "Recording", "Host", "VMs that went wrong" };
	char numbers[COLUMNS][64];
	size_t n = 3;

	for (size_t i = 0; i < c->n; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "#%s", index->names[c->of[i]]);
		titles[n++] = numbers[i];
	}
	if (c->others)
		titles[n++] = "#other failures";
	titles[n] = "#events lost";
	html_heads(x, titles);
}

/* Those in which something went wrong come first. */
void html_index_write(struct html *h, struct html_index *index)
{
	const struct columns c = choose(index);
	struct xml *x = h->x;
	size_t broken, left_out = 0;

	html_index_count(index, &broken);
	html_new_line(x);
	html_begin(x, "table", "stack matrix");
	xml_begin(x, "caption");
	xml_textf(
		x,
		"%zu of %zu recordings show something that went wrong; how many calls failed, by cause",
		broken, index->n);
	xml_end(x);
	put_head(x, index, &c);
	for (int wrong = 1; wrong >= 0; wrong--)
		for (size_t i = 0; i < index->n; i++)
			if (index->rows[i].broken == wrong)
				put_row(h, index, &c, &index->rows[i]);
	xml_end(x);
	xml_end(x);
	for (size_t i = 0; i < index->n; i++)
		left_out += !index->rows[i].shown;
	if (left_out)
		html_paragraph(
			x, "soft",
			"%zu recording%s without a link: nothing was seen to go wrong there, and --only=broken leaves out the rest.",
			left_out, left_out == 1 ? " is" : "s are");
}
