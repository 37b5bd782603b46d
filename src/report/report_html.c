// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The page for people: one file without a script, which asks the network for nothing. It begins
 * with a verdict, then failures and causes, then each VM. Sentences come from report_words.c,
 * which the text form uses too.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/html_index.h"
#include "report/report_style.h"
#include "lib/say.h"
#include "lib/text.h"

/* ------------------------------------------------------------------ the head of it */

/* wrong: how many of these are a reason to look closer. */
static void card(struct xml *x, const char *title, uint64_t n, uint64_t wrong, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void card(struct xml *x, const char *title, uint64_t n, uint64_t wrong, const char *fmt, ...)
{
	char small[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	html_new_line(x);
	xml_begin(x, "div");
	if (wrong)
		xml_attr(x, "class", "bad");
	xml_element(x, "dt", title);
	xml_begin(x, "dd");
	xml_textf(x, "%" PRIu64, n);
	if (*small)
		xml_element(x, "small", small);
	xml_end(x);
	xml_end(x);
}

static unsigned int n_wrong(const struct digest *d)
{
	unsigned int n = 0;

	for (int i = 0; i < OUTCOME_FINE; i++)
		n += bits_count(&d->outcomes[i]);
	return n;
}

static void cards(struct xml *x, const struct digest *d)
{
	const struct totals *t = &d->totals;

	html_new_line(x);
	html_begin(x, "dl", "cards");
	card(x, "Queries", t->negotiations_ok + t->negotiations_failed, t->negotiations_failed,
	     "%" PRIu64 " failed", t->negotiations_failed);
	card(x, "Requests for a mode", t->asks_ok + t->asks_failed, t->asks_failed,
	     "%" PRIu64 " failed", t->asks_failed);
	card(x, "Retries", d->recovered + d->failed, d->failed, "%" PRIu64 " recovered",
	     d->recovered);
	/* What nobody watched is no 0. */
	if (t->runs || (d->unseen.points[POINT_RUN].told && !d->unseen.points[POINT_RUN].gap))
		card(x, "Failed KVM_RUNs", t->runs, t->runs, "the first of each kind in a VM");
	card(x, "VMs", d->seen.n, n_wrong(d), "%u went wrong, %u created during the trace",
	     n_wrong(d), t->vms);
	card(x, "Events lost", t->lost, t->lost, "%" PRIu64 " were not", t->events);
	html_new_line(x);
	xml_end(x);
}

static void lead(struct xml *x, const struct digest *d)
{
	char text[REPORT_WORDS_LEN], took[32];

	if (*report_verdict(text, d))
		html_paragraph(x, "verdict", "%s", text);
	html_paragraph(x, "lead", "%s", report_host(text, d));
	html_new_line(x);
	xml_begin(x, "p");
	xml_text(x, "Traced from ");
	html_time(x, d->start_real_ns);
	xml_textf(x, " UTC for %s.", time_words(took, sizeof(took), d->end_ns - d->start_ns));
	xml_end(x);
	if (*report_clock(text, d))
		html_paragraph(x, NULL, "The clock: %s", text);
}

/* ------------------------------------------------------------------ what went wrong */

static void begin_box(struct xml *x, const char *kind)
{
	html_new_line(x);
	xml_begin(x, "div");
	xml_attrf(x, "class", "box %s", kind);
}

/* Is it described one by one? */
static bool is_told(const struct digest *d, unsigned int number)
{
	for (size_t i = 0; i < d->n_shown; i++)
		if (d->vms[i]->number == number)
			return true;
	return false;
}

static void first_failure(struct html *h, const struct digest *d, const struct digest_cause *c)
{
	const struct digest_event *e = &c->failure;
	char text[REPORT_WORDS_LEN];
	struct xml *x = h->x;

	begin_box(x, "bad");
	xml_begin(x, "p");
	html_tag(x, VERDICT_FAILURE, c->name);
	xml_textf(x, " %s, event %" PRIu64 ", ", event_word(c->type), e->seq);
	html_time(x, e->real_ns);
	xml_textf(x, ": %s", report_who(text, e));
	xml_end(x);
	if (e->hint)
		html_paragraph(x, NULL, "%s", e->hint);
	if (is_told(d, e->vm)) {
		xml_begin(x, "p");
		html_begin_vm_link(h, e->vm);
		xml_textf(x, "All of VM %u", e->vm);
		xml_end(x);
		xml_end(x);
	}
	xml_end(x);
}

static void nothing_wrong(struct xml *x, const struct digest *d)
{
	bool recovered = d->recovered;

	begin_box(x, d->totals.lost || d->cut_off || d->n_unread ? "note" : "good");
	if (!d->n_calls)
		html_paragraph(x, NULL, "%s", report_no_calls(d));
	else if (recovered)
		html_paragraph(
			x, NULL,
			"No query and no request failed in the end: a retry recovered from each failure.");
	else
		html_paragraph(x, NULL, "No recorded query or request for a mode failed.");
	xml_end(x);
}

static void wrong(struct html *h, const struct digest *d)
{
	const struct digest_cause *first = digest_first_failure(d);

	html_begin_part(h, "wrong", "First failures");
	if (first)
		first_failure(h, d, first);
	else
		nothing_wrong(h->x, d);
	html_end_part(h);
}

static void cause_row(struct xml *x, const struct digest *d, const struct digest_cause *c)
{
	char text[REPORT_WORDS_LEN];

	html_new_line(x);
	xml_begin(x, "tr");
	html_begin(x, "th", "short");
	xml_attr(x, "scope", "row");
	html_tag(x, c->kind, c->name);
	xml_end(x);
	xml_element(x, "td", event_word(c->type));
	html_begin_number(x, c->n == 1 ? "time" : "times");
	xml_textf(x, "%" PRIu64, c->n);
	xml_end(x);
	html_begin_number(x, c->n_vms == 1 ? "VM" : "VMs");
	xml_textf(x, "%s%" PRIu64, d->vms_at_least && c->kind == VERDICT_FAILURE ? "at least " : "",
		  c->n_vms);
	xml_end(x);
	html_begin(x, "td", "text");
	xml_textf(x, "event %" PRIu64 ": %s", c->first.seq, report_who(text, &c->first));
	if (c->kind != VERDICT_FINE && c->first.hint)
		html_paragraph(x, "soft", "%s", c->first.hint);
	if (c->n_recovered)
		html_paragraph(x, "soft", "%" PRIu64 " of these recovered with a retry.",
			       c->n_recovered);
	xml_end(x);
	xml_end(x);
}

static void causes(struct html *h, const struct digest *d)
{
	static const char *const titles[] = { "Cause", "Call", "#Count", "#VMs", "First", NULL };
	const struct digest_cause *list[DIGEST_CAUSES];
	size_t n = digest_causes(d, list);

	html_begin_part(h, "causes", "Causes");
	if (n) {
		html_new_line(h->x);
		html_begin(h->x, "table", "stack");
		xml_element(h->x, "caption", "Why calls ended as they did, failures first");
		html_heads(h->x, titles);
		for (size_t i = 0; i < n; i++)
			cause_row(h->x, d, list[i]);
		xml_end(h->x);
		xml_end(h->x);
	} else {
		html_paragraph(h->x, NULL, "%s", report_no_calls(d));
	}
	if (d->checks_yes || d->checks_no || d->checks_failed)
		html_paragraph(h->x, NULL,
			       "Checks of the capability: %" PRIu64 " answered with yes, %" PRIu64
			       " with no, %" PRIu64 " failed.",
			       d->checks_yes, d->checks_no, d->checks_failed);
	html_end_part(h);
}

static void unseen_item(const char *text, void *x)
{
	html_new_line(x);
	xml_element(x, "li", text);
}

static void unseen(struct html *h, const struct digest *d)
{
	html_begin_part(h, "unseen", "What was not seen");
	html_new_line(h->x);
	html_begin(h->x, "ul", "plain");
	if (!digest_unseen(d, unseen_item, h->x))
		unseen_item(REPORT_ALL_SEEN, h->x);
	xml_end(h->x);
	html_end_part(h);
}

/* ------------------------------------------------------------------ latencies */

static void bar(struct xml *x, uint64_t n, uint64_t most)
{
	xml_begin(x, "svg");
	xml_attr(x, "aria-hidden", "true");
	xml_begin(x, "rect");
	xml_attr(x, "class", "bar");
	xml_attr(x, "height", "100%");
	xml_attrf(x, "width", "%.2f%%", 100 * (double)n / (double)most);
	xml_end_empty(x);
	xml_end(x);
}

static void bar_row(struct xml *x, const struct digest *d, size_t i, uint64_t most)
{
	char text[32];

	html_begin_row(x);
	if (digest_bar_ns(i) == UINT64_MAX)
		xml_text(x, "more");
	else
		xml_textf(x, "up to %s", time_words(text, sizeof(text), digest_bar_ns(i)));
	xml_end(x);
	html_begin(x, "td", "line");
	bar(x, d->bars[i], most);
	xml_end(x);
	html_number(x, d->bars[i]);
	xml_end(x);
}

static void bars(struct xml *x, const struct digest *d)
{
	static const char *const titles[] = { "Time", "Share", "#Queries", NULL };
	size_t first = DIGEST_BARS, last = 0;
	uint64_t most = 1;

	for (size_t i = 0; i < DIGEST_BARS; i++) {
		if (!d->bars[i])
			continue;
		first = first < i ? first : i;
		last = i;
		most = d->bars[i] > most ? d->bars[i] : most;
	}
	html_new_line(x);
	html_begin(x, "table", "bars");
	xml_element(x, "caption", "Number of queries by duration");
	html_heads(x, titles);
	for (size_t i = first; i <= last; i++)
		bar_row(x, d, i, most);
	xml_end(x);
	xml_end(x);
}

/* Of a few the sentence has said it. */
#define ENOUGH_FOR_BARS 8

static void latencies(struct html *h, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	if (!d->latency.n)
		return;
	html_begin_part(h, "latency", "How long queries took");
	html_paragraph(h->x, NULL, "%s.", report_latency(text, d));
	if (d->latency.n >= ENOUGH_FOR_BARS)
		bars(h->x, d);
	html_end_part(h);
}

/* ------------------------------------------------------------------ the host */

static void kernel_lines(struct html *h, const char *id, const char *title,
			 const struct digest_line *lines, uint64_t n)
{
	struct xml *x = h->x;

	if (!n)
		return;
	html_begin_part(h, id, title);
	html_new_line(x);
	html_begin(x, "ul", "plain");
	for (size_t i = 0; i < n && i < DIGEST_LINES; i++) {
		html_new_line(x);
		xml_begin(x, "li");
		html_time(x, lines[i].real_ns);
		xml_textf(x, ", event %" PRIu64, lines[i].seq);
		if (lines[i].vm)
			xml_textf(x, ", VM %u", lines[i].vm);
		xml_textf(x, ": %s", lines[i].text ? lines[i].text : "");
		if (lines[i].n > 1)
			xml_textf(x, " (%" PRIu64 " times, this was the first)", lines[i].n);
		xml_end(x);
	}
	xml_end(x);
	if (n > DIGEST_LINES)
		html_paragraph(x, NULL, "And %" PRIu64 " more.", n - DIGEST_LINES);
	html_end_part(h);
}

static void fact(struct xml *x, const char *name, const char *value)
{
	html_begin_row(x);
	xml_text(x, name);
	xml_end(x);
	xml_element(x, "td", value && *value ? value : "not known");
	xml_end(x);
}

static void points(struct xml *x, const struct digest *d)
{
	for (int p = 0; p < ATTACH_POINTS; p++) {
		char text[512] = "not known";

		if (d->unseen.points[p].told)
			snprintf(text, sizeof(text), "%s%s%s%s", attach_how_name(d->how[p]),
				 d->unseen.points[p].gap && d->how[p] ? ", not all the time" : "",
				 d->unseen.points[p].gap ? ": " : "", d->unseen.points[p].why);
		fact(x, attach_func(p), text);
	}
}

static void host(struct html *h, const struct digest *d)
{
	static const char *const titles[] = { "Fact", "Value", NULL };
	char text[REPORT_WORDS_LEN];
	struct xml *x = h->x;

	html_begin_part(h, "host", "The host");
	html_new_line(x);
	html_begin(x, "table", "facts");
	xml_element(x, "caption",
		    "Its state at the end of the trace, and how each function was watched");
	html_heads(x, titles);
	fact(x, "Host", report_host(text, d));
	fact(x, "Modes on offer", report_offer(text, d));
	fact(x, "Kernel's ABI", report_kernel(text, d));
	fact(x, "Kernel's build", d->id.build);
	fact(x, "Boot", d->id.boot_id);
	fact(x, "Options", d->filters ? d->filters : "none that exclude anything");
	if (d->view)
		fact(x, "Shown here", d->view);
	points(x, d);
	xml_end(x);
	xml_end(x);
	html_end_part(h);
}

/* ------------------------------------------------------------------ the page */

static void meta(struct xml *x, const char *key, const char *name, const char *content)
{
	html_new_line(x);
	xml_begin(x, "meta");
	xml_attr(x, key, name);
	xml_attr(x, "content", content);
	xml_end_empty(x);
}

/* title: what a browser shows of it among others; about: its heading. */
static void head(struct xml *x, const char *title, const char *about)
{
	static const char doctype[] = "<!DOCTYPE html>\n";

	xml_raw(x, doctype, strlen(doctype));
	xml_begin(x, "html");
	xml_attr(x, "lang", "en");
	xml_begin(x, "head");
	html_new_line(x);
	xml_begin(x, "meta");
	xml_attr(x, "charset", "utf-8");
	xml_end_empty(x);
	meta(x, "http-equiv", "Content-Security-Policy",
	     "default-src 'none'; style-src 'sha256-" REPORT_STYLE_SHA256 "'");
	meta(x, "name", "viewport", "width=device-width, initial-scale=1");
	meta(x, "name", "color-scheme", "light dark");
	meta(x, "name", "generator", "compatcaps-trace " COMPATCAPS_VERSION);
	html_new_line(x);
	xml_element(x, "title", title);
	html_new_line(x);
	xml_begin(x, "style");
	xml_raw(x, REPORT_STYLE, strlen(REPORT_STYLE));
	xml_end(x);
	xml_end(x);
	html_new_line(x);
	xml_begin(x, "body");
	xml_begin(x, "header");
	xml_element(x, "h1", about);
	xml_end(x);
	html_new_line(x);
	xml_begin(x, "main");
}

/* Of several recordings the page begins with what is known once all have been read. */
static bool open_spool(struct html *h)
{
	h->index = html_index_new();
	h->spool = tmpfile();
	if (!h->spool)
		say("cannot make a temporary file: %s", strerror(errno));
	else if (!h->index)
		say("out of memory");
	return h->spool && h->index;
}

static void free_html(struct html *h)
{
	if (h && h->spool)
		fclose(h->spool);
	if (h)
		html_index_free(h->index);
	free(h);
}

static void *begin(const struct report *r)
{
	struct html *h = calloc(1, sizeof(*h));

	if (!h) {
		say("out of memory");
		return NULL;
	}
	h->r = r;
	h->level = r->n > 1 ? 3 : 2;
	if (r->n == 1 || open_spool(h))
		h->x = xml_open(h->spool ? h->spool : r->f);
	if (h->x)
		return h;
	free_html(h);
	return NULL;
}

static const char *host_of(const struct digest *d)
{
	return d->id.name ? d->id.name : "a host without a name";
}

static void head_of_one(struct html *h, const struct digest *d, bool readable)
{
	char text[REPORT_WORDS_LEN], title[600], about[400];

	report_verdict_short(text, d);
	snprintf(title, sizeof(title), "%.256s%s%.256s - compatcaps-trace",
		 readable ? host_of(d) : "A recording that could not be read", *text ? ": " : "",
		 text);
	snprintf(about, sizeof(about), "CPU compatibility modes of VMs%s%.256s",
		 readable ? " on " : "", readable ? host_of(d) : "");
	head(h->x, title, about);
}

static void title(struct html *h, const char *name)
{
	char safe[1024];

	text_escape(safe, sizeof(safe), name, sizeof(safe));
	if (h->r->n == 1) {
		html_paragraph(h->x, "lead", "Recording %s", safe);
		return;
	}
	html_heading(h, -1);
	xml_attrf(h->x, "id", "r%zu", h->number);
	xml_text(h->x, safe);
	xml_end(h->x);
}

static void parts(struct html *h, const struct digest *d)
{
	lead(h->x, d);
	cards(h->x, d);
	wrong(h, d);
	unseen(h, d);
	causes(h, d);
	html_vms(h, d);
	kernel_lines(h, "runs", "KVM_RUNs that failed", d->runs, d->n_runs);
	kernel_lines(h, "log", "What KVM printed", d->lines, d->n_lines);
	latencies(h, d);
	host(h, d);
}

static void section(struct html *h, const struct report_input *in, const struct digest *d,
		    bool readable)
{
	title(h, in->name);
	if (readable)
		parts(h, d);
	else
		html_paragraph(h->x, NULL, "It could not be read.");
}

static bool recording(void *state, const struct report_input *in, struct recording *rec)
{
	struct html *h = state;
	struct digest *d = report_digest(h->r, in, rec);
	bool shown, ok = true;

	if (!d)
		return false;
	shown = rec->fatal || !h->r->only_broken || digest_is_broken(d);
	h->number = in->number;
	if (!h->index)
		head_of_one(h, d, !rec->fatal);
	else
		ok = html_index_add(h->index, in, rec->fatal ? NULL : d, shown);
	if (!ok)
		say("out of memory");
	if (shown)
		section(h, in, d, !rec->fatal);
	else if (!h->index)
		html_paragraph(h->x, NULL, "Nothing was seen to go wrong in %s.", in->name);
	digest_free(d);
	return ok;
}

/* The page has its head once all of it is known, and then what has been kept of it. */
static bool copy_spool(struct html *h)
{
	char buf[16384];
	size_t n;

	if (fflush(h->spool) || fseeko(h->spool, 0, SEEK_SET))
		return false;
	while ((n = fread(buf, 1, sizeof(buf), h->spool)))
		xml_raw(h->x, buf, n);
	return !ferror(h->spool);
}

static bool put_together(struct html *h)
{
	bool ok = xml_close(h->x);
	size_t broken, n = html_index_count(h->index, &broken);
	char title[128];

	h->x = xml_open(h->r->f);
	if (!h->x || !ok)
		return false;
	snprintf(title, sizeof(title), "%zu of %zu recordings went wrong - compatcaps-trace",
		 broken, n);
	head(h->x, title, "CPU compatibility modes of VMs");
	html_index_write(h, h->index);
	if (copy_spool(h))
		return true;
	say("cannot read what was kept of the page: %s", strerror(errno));
	return false;
}

static bool end(void *state)
{
	struct html *h = state;
	bool ok = !h->index || put_together(h);
	struct xml *x = h->x;

	if (x) {
		xml_end(x);
		html_new_line(x);
		xml_begin(x, "footer");
		html_paragraph(x, NULL, "Written by compatcaps-trace " COMPATCAPS_VERSION ".");
		xml_end(x);
		html_new_line(x);
		ok = xml_close(x) && ok;
	}
	if (!ok)
		say("the page is not complete");
	free_html(h);
	return ok;
}

const struct report_format report_html = {
	.name = "html",
	.what = "one page, without network or script",
	.shield = SHIELD_XML,
	.begin = begin,
	.recording = recording,
	.end = end,
};
