// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Results for people: a line for each rule, and under a rule that is broken what was found and
 * which events did it. Rules stand in the order in which they were given. The width is that of the
 * terminal, and the last lines count the verdicts.
 */
#include <inttypes.h>
#include <string.h>

#include "check/results.h"
#include "lib/color.h"
#include "lib/text.h"

#define COLUMNS_MIN 40
#define AT_RULE	    14 /* after INCONCLUSIVE */

struct page {
	FILE *f;
	bool color;
	unsigned int columns, col;
};

static const char *const words[RULE_VERDICTS] = { "ok", "BROKEN", "INCONCLUSIVE" };
static const char *const colors[RULE_VERDICTS] = { GREEN, RED, YELLOW };

static void put(struct page *p, const char *text, size_t len)
{
	fwrite(text, 1, len, p->f);
	p->col += (unsigned int)len;
}

static void new_line(struct page *p, unsigned int at)
{
	fputc('\n', p->f);
	for (p->col = 0; p->col < at; p->col++)
		fputc(' ', p->f);
}

/* Words from this column on, those too long for a line in pieces. */
static void wrap(struct page *p, unsigned int at, const char *text)
{
	size_t len, room;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		len = text_unit(text);
		if (p->col > at && p->col + 1 + len > p->columns && text_may_begin_line(*text))
			new_line(p, at);
		else if (p->col > at)
			put(p, " ", 1);
		for (; len && p->col + len > p->columns; new_line(p, at)) {
			room = text_piece(text, len, text_left(p->col, p->columns));
			put(p, text, room);
			text += room;
			len -= room;
		}
		put(p, text, len);
		text += len;
	}
}

static void paint(struct page *p, const char *color)
{
	if (p->color)
		fputs(color, p->f);
}

static void print_event(struct page *p, const struct rule_event *e)
{
	char ts[RFC3339_LEN], text[128], vm[24] = "";

	rfc3339(ts, e->real_ns);
	if (e->vm)
		snprintf(vm, sizeof(vm), "  VM %u", e->vm);
	/* The time of the day, in milliseconds: the date is that of the recording. */
	snprintf(text, sizeof(text), "seq %" PRIu64 "  %.12s%s", e->seq, ts + strlen("2026-11-25T"),
		 vm);
	new_line(p, AT_RULE);
	put(p, text, strlen(text));
	if (e->guest)
		wrap(p, AT_RULE + 2, e->guest);
	put(p, ":", 1);
	wrap(p, AT_RULE + 2, e->what ? e->what : "");
}

static void print_events(struct page *p, const struct rule_result *r)
{
	char text[64];

	for (size_t i = 0; i < r->n_shown; i++)
		print_event(p, &r->events[i]);
	if (r->n_events <= r->n_shown || !r->n_shown)
		return;
	snprintf(text, sizeof(text), "and %" PRIu64 " more", r->n_events - r->n_shown);
	new_line(p, AT_RULE);
	put(p, text, strlen(text));
}

static void print_result(struct page *p, const char *rule, const struct rule_result *r)
{
	const char *word = words[r->verdict];

	p->col = 0;
	paint(p, colors[r->verdict]);
	put(p, word, strlen(word));
	paint(p, PLAIN);
	while (p->col < AT_RULE)
		put(p, " ", 1);
	wrap(p, AT_RULE, rule);
	if (r->verdict == RULE_HOLDS) {
		fputc('\n', p->f);
		return;
	}
	new_line(p, AT_RULE);
	paint(p, BOLD);
	wrap(p, AT_RULE, "found:");
	wrap(p, AT_RULE, r->found);
	paint(p, PLAIN);
	if (r->why) {
		new_line(p, AT_RULE);
		wrap(p, AT_RULE, "because");
		wrap(p, AT_RULE, r->why);
	}
	print_events(p, r);
	fputc('\n', p->f);
}

static void print_counts(struct page *p, const size_t n[RULE_VERDICTS])
{
	fprintf(p->f, "%zu ok, %zu broken, %zu inconclusive\n", n[RULE_HOLDS], n[RULE_BROKEN],
		n[RULE_INCONCLUSIVE]);
}

bool results_text(const struct results *r, const struct results_options *o, FILE *f)
{
	struct page p = { .f = f,
			  .color = o->color,
			  .columns = o->columns ? o->columns : TEXT_COLUMNS };
	char path[TEXT_PATH_LEN];

	if (p.columns < COLUMNS_MIN)
		p.columns = COLUMNS_MIN;
	for (size_t i = 0; i < r->n_list; i++) {
		if (r->n_list > 1)
			fprintf(f, "%s%s:\n", i ? "\n" : "",
				text_path(path, sizeof(path), r->list[i].path));
		for (size_t k = 0; k < r->rules->n; k++)
			print_result(&p, results_rule(r, k), &r->list[i].results[k]);
	}
	if (r->n_list > 1)
		fputc('\n', f);
	print_counts(&p, r->n);
	return true;
}
