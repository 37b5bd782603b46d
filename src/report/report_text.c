// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The report for a terminal, 80 columns wide. It has the same parts as the page, in the same
 * order. Long lists end with how many more there are.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/color.h"
#include "lib/say.h"
#include "lib/text.h"

#define AT_VALUE 9 /* what stands to the right of "Trace" and its like */

struct page {
	const struct report *r;
	FILE *f;
	unsigned int col;
	size_t shown, left_out; /* recordings */
};

static void paint(const struct page *p, const char *color)
{
	if (p->r->color)
		fputs(color, p->f);
}

static void put(struct page *p, const char *text, size_t len)
{
	fwrite(text, 1, len, p->f);
	p->col += (unsigned int)len;
}

static void new_line(struct page *p)
{
	fputc('\n', p->f);
	p->col = 0;
}

static void pad(struct page *p, unsigned int at)
{
	for (; p->col < at; p->col++)
		fputc(' ', p->f);
}

/* Words from this column on. One that is longer than a line is broken. */
static void wrap(struct page *p, unsigned int at, const char *text)
{
	pad(p, at);
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = text_unit(text);

		if (p->col > at && p->col + 1 + len > TEXT_COLUMNS && text_may_begin_line(*text)) {
			new_line(p);
			pad(p, at);
		} else if (p->col > at) {
			put(p, " ", 1);
		}
		for (; len && p->col + len > TEXT_COLUMNS; new_line(p), pad(p, at)) {
			size_t room = text_piece(text, len, text_left(p->col, TEXT_COLUMNS));

			put(p, text, room);
			text += room;
			len -= room;
		}
		put(p, text, len);
		text += len;
	}
}

static void wrapf(struct page *p, unsigned int at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void wrapf(struct page *p, unsigned int at, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0) {
		wrap(p, at, text);
		free(text);
	}
	va_end(ap);
}

static void bold(struct page *p, const char *text)
{
	paint(p, BOLD);
	put(p, text, strlen(text));
	paint(p, PLAIN);
}

static void label(struct page *p, const char *text)
{
	bold(p, text);
	pad(p, AT_VALUE);
}

static void heading(struct page *p, const char *text)
{
	new_line(p);
	bold(p, text);
	new_line(p);
}

static void host(struct page *p, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	label(p, "Host");
	wrap(p, AT_VALUE, report_host(text, d));
	new_line(p);
	label(p, "Offers");
	wrap(p, AT_VALUE, report_offer(text, d));
	new_line(p);
	label(p, "Kernel");
	wrap(p, AT_VALUE, report_kernel(text, d));
	new_line(p);
}

static void verdict(struct page *p, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	if (!*report_verdict(text, d))
		return;
	label(p, "Verdict");
	wrap(p, AT_VALUE, text);
	new_line(p);
}

static void trace(struct page *p, const struct digest *d)
{
	char when[RFC3339_LEN], took[32];

	label(p, "Trace");
	wrapf(p, AT_VALUE, "%.19sZ, %s; %" PRIu64 " events, %" PRIu64 " lost",
	      rfc3339(when, d->start_real_ns),
	      time_words(took, sizeof(took), d->end_ns - d->start_ns), d->totals.events,
	      d->totals.lost);
	new_line(p);
}

static void clock_set(struct page *p, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	if (!*report_clock(text, d))
		return;
	label(p, "Clock");
	wrap(p, AT_VALUE, text);
	new_line(p);
}

static void latency(struct page *p, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	if (!*report_latency(text, d))
		return;
	label(p, "Queries");
	wrap(p, AT_VALUE, text);
	new_line(p);
}

static void first(struct page *p, const struct digest *d)
{
	const struct digest_cause *c = digest_first_failure(d);
	char when[RFC3339_LEN], text[REPORT_WORDS_LEN];

	if (!c)
		return;
	label(p, "First");
	paint(p, RED);
	wrapf(p, AT_VALUE, "%s %s, event %" PRIu64 " at %.23s: %s", event_word(c->type), c->name,
	      c->failure.seq, rfc3339(when, c->failure.real_ns), report_who(text, &c->failure));
	paint(p, PLAIN);
	new_line(p);
	if (!c->failure.hint)
		return;
	wrap(p, AT_VALUE, c->failure.hint);
	new_line(p);
}

static const char *color_of(enum verdict_kind kind)
{
	return kind == VERDICT_FAILURE ? RED : kind == VERDICT_NOTE ? YELLOW : GREEN;
}

static void cause(struct page *p, const struct digest *d, const struct digest_cause *c)
{
	char vms[24];

	snprintf(vms, sizeof(vms), "%s%" PRIu64,
		 d->vms_at_least && c->kind == VERDICT_FAILURE ? ">=" : "", c->n_vms);
	fprintf(p->f, "%-9s", event_word(c->type));
	paint(p, color_of(c->kind));
	fprintf(p->f, "%-30s", c->name);
	paint(p, PLAIN);
	fprintf(p->f, "%12" PRIu64 "%9s%12" PRIu64, c->n, vms, c->first.seq);
	if (c->n_recovered)
		fprintf(p->f, "\n         %" PRIu64 " of these recovered with a retry",
			c->n_recovered);
	new_line(p);
}

static void checks(struct page *p, const struct digest *d)
{
	if (!d->checks_yes && !d->checks_no && !d->checks_failed)
		return;
	fprintf(p->f, "check    of the capability: %" PRIu64 " yes, %" PRIu64 " no", d->checks_yes,
		d->checks_no);
	if (d->checks_failed)
		fprintf(p->f, ", %" PRIu64 " failed", d->checks_failed);
	new_line(p);
}

static void causes(struct page *p, const struct digest *d)
{
	const struct digest_cause *list[DIGEST_CAUSES];
	size_t n = digest_causes(d, list);

	new_line(p);
	if (!n) {
		wrap(p, 0, report_no_calls(d));
		new_line(p);
	} else {
		paint(p, BOLD);
		fprintf(p->f, "%-9s%-30s%12s%9s%12s", "CALL", "CAUSE", "COUNT", "VMS", "FIRST");
		paint(p, PLAIN);
		new_line(p);
	}
	for (size_t i = 0; i < n; i++)
		cause(p, d, list[i]);
	checks(p, d);
}

/* A cell of a table: what is too long is cut, and that is shown. */
static void cell(struct page *p, unsigned int width, const char *text)
{
	size_t len = text_cut(text, width - 1);
	int n = fprintf(p->f, "%.*s%s", (int)len, text, text[len] ? TEXT_CUT : "");

	fprintf(p->f, "%*s", (int)width - n, "");
}

/* "POWER9 10 11": modes after the first one without the word that they share. */
static const char *short_modes(char *buf, size_t len, const char *modes)
{
	size_t at = 0;

	for (const char *s = modes; *s && at + 1 < len; s++) {
		if (s > modes && s[-1] == ' ' && !strncmp(s, "POWER", 5))
			s += 5;
		buf[at++] = *s;
	}
	buf[at] = '\0';
	return buf;
}

static void rungs(struct page *p, const struct digest_vm *vm)
{
	const struct ladder *l = &vm->ladder;
	bool wrong = l->outcome != OUTCOME_FINE;
	char modes[LADDER_LEN];

	paint(p, wrong ? RED : "");
	fprintf(p->f, "%-5u", vm->number);
	cell(p, 17, vm->guest ? vm->guest : vm->comm ? vm->comm : "");
	cell(p, 19, short_modes(modes, sizeof(modes), l->offered));
	cell(p, 10, l->asked);
	cell(p, 20, l->got);
	fprintf(p->f, "%.*s", 9, strncmp(l->ran, "the host's", 10) ? l->ran : "host's");
	paint(p, wrong ? PLAIN : "");
	new_line(p);
}

static void ladders(struct page *p, const struct digest *d)
{
	if (!d->n_vms || !report_has_verdict(d))
		return;
	new_line(p);
	paint(p, BOLD);
	fprintf(p->f, "%-5s%-17s%-19s%-10s%-20s%s", "VM", "GUEST", "OFFERED", "ASKED", "GOT",
		"RAN");
	paint(p, PLAIN);
	new_line(p);
	for (size_t i = 0; i < d->n_shown; i++)
		rungs(p, d->vms[i]);
	if (report_more_vms(d)) {
		wrapf(p, 0, "and %u more", report_more_vms(d));
		new_line(p);
	}
}

/* "VM 12," stays together. */
static void story(struct page *p, const struct digest *d, const struct digest_vm *vm)
{
	char head[24], buf[REPORT_WORDS_LEN];
	const char *text = report_story(buf, d, vm);

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(text + 3, " ") + 3, text);
	paint(p, digest_vm_is_broken(vm) ? RED : "");
	put(p, head, strlen(head));
	paint(p, digest_vm_is_broken(vm) ? PLAIN : "");
	wrap(p, 2, text + strlen(head));
	new_line(p);
}

static void vms(struct page *p, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	heading(p, "VMs");
	for (size_t i = 0; i < d->n_shown; i++)
		story(p, d, d->vms[i]);
	wrap(p, 0, report_rest(text, d));
	if (p->col)
		new_line(p);
}

static void unseen_line(const char *text, void *page)
{
	struct page *p = page;

	put(p, "-", 1);
	wrap(p, 2, text);
	new_line(p);
}

static void kernel_lines(struct page *p, const char *title, const struct digest_line *lines,
			 uint64_t n)
{
	if (!n)
		return;
	heading(p, title);
	for (size_t i = 0; i < n && i < DIGEST_LINES; i++) {
		const char *text = lines[i].text ? lines[i].text : "";

		put(p, "-", 1);
		wrapf(p, 2, lines[i].n > 1 ? "%s (%" PRIu64 " times)" : "%s", text, lines[i].n);
		new_line(p);
	}
	if (n > DIGEST_LINES) {
		wrapf(p, 2, "and %" PRIu64 " more", n - DIGEST_LINES);
		new_line(p);
	}
}

static void report_one(struct page *p, const struct digest *d)
{
	verdict(p, d);
	host(p, d);
	trace(p, d);
	clock_set(p, d);
	latency(p, d);
	first(p, d);
	ladders(p, d);
	causes(p, d);
	kernel_lines(p, "KVM_RUNs that failed", d->runs, d->n_runs);
	kernel_lines(p, "What KVM printed", d->lines, d->n_lines);
	vms(p, d);
	heading(p, "What was not seen");
	if (!digest_unseen(d, unseen_line, p))
		unseen_line(REPORT_ALL_SEEN, p);
}

static void *begin(const struct report *r)
{
	struct page *p = calloc(1, sizeof(*p));

	if (!p) {
		say("out of memory");
		return NULL;
	}
	p->r = r;
	p->f = r->f;
	return p;
}

static bool recording(void *state, const struct report_input *in, struct recording *rec)
{
	struct page *p = state;
	struct digest *d = report_digest(p->r, in, rec);
	char name[1024];

	if (!d)
		return false;
	if (!rec->fatal && p->r->only_broken && !digest_is_broken(d)) {
		p->left_out++;
	} else if (!rec->fatal) {
		if (p->shown++)
			new_line(p);
		label(p, "Report");
		wrap(p, AT_VALUE, text_escape(name, sizeof(name), in->name, sizeof(name)));
		new_line(p);
		report_one(p, d);
	}
	digest_free(d);
	return true;
}

static bool end(void *state)
{
	struct page *p = state;

	if (p->left_out) {
		if (p->shown)
			new_line(p);
		wrapf(p, 0, "Nothing was seen to go wrong in %zu %srecording%s.", p->left_out,
		      p->shown ? "other " : "", p->left_out == 1 ? "" : "s");
		new_line(p);
	}
	free(state);
	return true;
}

const struct report_format report_text = {
	.name = "text",
	.what = "for a terminal (default)",
	.begin = begin,
	.recording = recording,
	.end = end,
};
