// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The timelines of VMs, as drawings within the page. Each has its own axis, from the VM's first
 * event to its last. They need no script, and scale to the width of the page.
 */
#include "report/html.h"

#include <inttypes.h>
#include <string.h>

#define OPEN_VMS 10 /* that went wrong, that are shown without a click */

/* ------------------------------------------------------------------ timelines */

/* A span of time, as wide as a strip. */
struct axis {
	uint64_t from, to; /* mono_ns */
};

/* In percent; a mark has room on both sides. */
static double at(const struct axis *a, uint64_t mono_ns)
{
	uint64_t ns = mono_ns < a->from ? a->from : mono_ns > a->to ? a->to : mono_ns;

	return a->to > a->from ? 2 + 96 * ((double)(ns - a->from) / (double)(a->to - a->from)) : 50;
}

static const char *mark_class(const struct digest_mark *m)
{
	if (m->type == EVENT_VM || m->type == EVENT_FOUND)
		return "plain";
	return html_kind_class(m->kind);
}

/* Told apart by their shapes too, not by colours alone. */
static void mark_shape(struct xml *x, const char *class)
{
	static const struct {
		const char *class, *path;
	} shapes[] = {
		{ "bad", "M-7-7L0-2.5 7-7 2.5 0 7 7 0 2.5-7 7-2.5 0Z" },
		{ "note", "M0-7L7 6H-7Z" },
		{ "good", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z" },
		{ "plain", "M-2-8H2V8H-2Z" },
	};

	xml_begin(x, "path");
	xml_attrf(x, "class", "mark %s", class);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (!strcmp(class, shapes[i].class))
			xml_attr(x, "d", shapes[i].path);
	xml_end_empty(x);
}

static void mark_title(struct xml *x, const struct digest_mark *m, uint64_t from)
{
	char when[32];

	xml_begin(x, "title");
	xml_textf(x, "event %" PRIu64 ", after %s: %s %s %s", m->seq,
		  time_words(when, sizeof(when), m->mono_ns > from ? m->mono_ns - from : 0),
		  event_word(m->type), m->result, m->what ? m->what : "");
	xml_end(x);
}

static void mark(struct xml *x, const struct axis *a, const struct digest_mark *m)
{
	xml_begin(x, "svg");
	xml_attrf(x, "x", "%.2f%%", at(a, m->mono_ns));
	xml_attr(x, "y", "50%");
	xml_attr(x, "overflow", "visible");
	mark_title(x, m, a->from);
	mark_shape(x, mark_class(m));
	xml_end(x);
}

static void line(struct xml *x, const char *class, const struct axis *a, uint64_t from, uint64_t to,
		 const char *y)
{
	xml_begin(x, "line");
	xml_attr(x, "class", class);
	xml_attrf(x, "x1", "%.2f%%", at(a, from));
	xml_attrf(x, "x2", "%.2f%%", at(a, to));
	xml_attr(x, "y1", y);
	xml_attr(x, "y2", y);
	xml_end_empty(x);
}

/* Where the labels of an axis stand. */
static void quarters(struct xml *x)
{
	for (int i = 0; i <= 4; i++) {
		xml_begin(x, "line");
		xml_attr(x, "class", "tick");
		xml_attrf(x, "x1", "%d%%", 2 + 24 * i);
		xml_attrf(x, "x2", "%d%%", 2 + 24 * i);
		xml_attr(x, "y1", "0");
		xml_attr(x, "y2", "100%");
		xml_end_empty(x);
	}
}

static void begin_strip(struct xml *x, const struct digest_vm *vm, const char *what)
{
	html_new_line(x);
	html_begin(x, "svg", "strip");
	xml_attr(x, "role", "img");
	xml_begin(x, "title");
	xml_textf(x, "%s of VM %u: %" PRIu64 " calls, %" PRIu64 " of which failed", what,
		  vm->number, vm->n_calls, vm->n_failures);
	xml_end(x);
	quarters(x);
}

/* What is worst lies on top. */
static void marks_of(struct xml *x, const struct axis *a, const struct digest_mark *const *marks,
		     size_t n)
{
	for (int kind = VERDICT_FINE; kind <= VERDICT_FAILURE; kind++)
		for (size_t i = 0; i < n; i++)
			if ((int)marks[i]->kind == kind)
				mark(x, a, marks[i]);
}

/* From the first event on; real_ns: when that was. */
static void axis_labels(struct xml *x, const struct axis *a, uint64_t real_ns)
{
	char took[32];

	html_new_line(x);
	html_begin(x, "div", "axis");
	xml_begin(x, "span");
	html_time(x, real_ns);
	xml_end(x);
	for (int i = 1; i <= 4 && a->to > a->from; i++) {
		xml_begin(x, "span");
		xml_textf(x, "+%s",
			  time_words(took, sizeof(took),
				     (uint64_t)((double)(a->to - a->from) / 4 * i)));
		xml_end(x);
	}
	xml_end(x);
}

static void legend(struct xml *x)
{
	static const struct {
		const char *class, *text;
	} items[] = { { "bad", "failed" },
		      { "note", "notable" },
		      { "good", "fine" },
		      { "plain", "creation or end of the VM" } };
	const struct axis whole = { 0, 1 };

	html_new_line(x);
	html_begin(x, "ul", "legend");
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		xml_begin(x, "li");
		xml_begin(x, "svg");
		xml_attr(x, "viewBox", "-8 -8 16 16");
		xml_attr(x, "aria-hidden", "true");
		mark_shape(x, items[i].class);
		xml_end(x);
		xml_text(x, items[i].text);
		xml_end(x);
	}
	xml_begin(x, "li");
	xml_begin(x, "svg");
	xml_attr(x, "aria-hidden", "true");
	line(x, "back", &whole, 0, 1, "50%");
	xml_end(x);
	xml_text(x, "from a call to its retry");
	xml_end(x);
	xml_end(x);
}

/* Its life in all of the trace. */
static void life(struct xml *x, const struct digest *d, const struct digest_vm *vm)
{
	const struct digest_mark *marks[DIGEST_MARKS];
	size_t n = digest_marks(vm, marks);
	const struct axis axis = { d->start_ns, d->end_ns };

	begin_strip(x, vm, "Life");
	line(x, "life", &axis, vm->created ? vm->first_ns : d->start_ns,
	     vm->ended ? vm->last_ns : d->end_ns, "50%");
	marks_of(x, &axis, marks, n);
	xml_end(x);
}

static void vm_name(struct xml *x, const struct digest_vm *vm)
{
	xml_textf(x, "VM %u", vm->number);
	if (vm->guest)
		xml_textf(x, " %s", vm->guest);
}

/* What it came to there; in red where that is what went wrong. */
static void rung(struct xml *x, const struct digest_vm *vm, enum outcome wrong, const char *text)
{
	html_begin(x, "td", "rung");
	if (*text && vm->ladder.outcome == wrong)
		html_tag(x, VERDICT_FAILURE, text);
	else
		xml_text(x, text);
	xml_end(x);
}

static void overview_row(struct html *h, const struct digest *d, const struct digest_vm *vm)
{
	struct xml *x = h->x;

	html_begin_row(x);
	html_begin_vm_link(h, vm->number);
	vm_name(x, vm);
	xml_end(x);
	xml_end(x);
	rung(x, vm, OUTCOME_QUERY_FAILED, vm->ladder.offered);
	rung(x, vm, OUTCOMES, vm->ladder.asked);
	rung(x, vm, vm->ladder.outcome == OUTCOME_ABOVE_HOST ? OUTCOME_ABOVE_HOST : OUTCOME_REFUSED,
	     vm->ladder.got);
	rung(x, vm, OUTCOME_RUN_FAILED, vm->ladder.ran);
	html_begin(x, "td", "line");
	life(x, d, vm);
	xml_end(x);
	html_number(x, vm->n_calls);
	html_number(x, vm->n_failures);
	xml_end(x);
}

static void more_row(struct xml *x, unsigned int n)
{
	if (!n)
		return;
	html_begin_row(x);
	xml_textf(x, "and %u more", n);
	xml_end(x);
	for (int i = 0; i < 7; i++)
		xml_element(x, "td", "");
	xml_end(x);
}

static void overview(struct html *h, const struct digest *d)
{
	static const char *const titles[] = { "VM",   "Offered", "Asked",   "Got", "Ran",
					      "Life", "#Calls",	 "#Failed", NULL };
	const struct axis axis = { d->start_ns, d->end_ns };
	struct xml *x = h->x;
	char took[32];

	html_new_line(x);
	html_begin(x, "table", "vms");
	xml_begin(x, "caption");
	xml_textf(x, "VMs, those that went wrong first; their lives in the %s of this trace, from ",
		  time_words(took, sizeof(took), axis.to - axis.from));
	html_time(x, d->start_real_ns);
	xml_text(x, " UTC on, with a line for each quarter");
	xml_end(x);
	html_heads(x, titles);
	for (size_t i = 0; i < d->n_shown; i++)
		overview_row(h, d, d->vms[i]);
	more_row(x, report_more_vms(d));
	xml_end(x);
	xml_end(x);
	legend(x);
}

/* ------------------------------------------------------------------ a VM */

static void mark_row(struct xml *x, const struct digest_mark *m, uint64_t from)
{
	char text[32];

	html_begin_row(x);
	xml_textf(x, "%" PRIu64, m->seq);
	xml_end(x);
	html_begin(x, "td", "num");
	xml_textf(x, "+%s",
		  time_words(text, sizeof(text), m->mono_ns > from ? m->mono_ns - from : 0));
	xml_end(x);
	xml_element(x, "td", event_word(m->type));
	html_begin(x, "td", "short");
	if (m->type == EVENT_VM)
		xml_text(x, m->result);
	else if (*m->result)
		html_tag(x, m->kind, m->result);
	xml_end(x);
	html_begin(x, "td", "text");
	xml_text(x, m->what ? m->what : "");
	if (m->retry)
		xml_textf(x, " (a retry, %s after the first call, which %s)",
			  time_words(text, sizeof(text), m->after_ns),
			  m->retry == RETRY_RECOVERED ? "recovered" : "failed as well");
	xml_end(x);
	html_begin_number(x, "in the kernel");
	if (m->latency_ns)
		xml_text(x, time_words(text, sizeof(text), m->latency_ns));
	xml_end(x);
	xml_end(x);
}

/* Marks that are not kept are counted where they were. */
static void mark_rows(struct html *h, const struct digest_vm *vm,
		      const struct digest_mark *const *marks, size_t n)
{
	static const char *const titles[] = { "Event", "#When", "Call", "Result",
					      "What",  "#Took", NULL };
	uint64_t total = vm->n_first + vm->n_failed + vm->n_newest;
	struct xml *x = h->x;

	html_new_line(x);
	html_begin(x, "table", "stack events");
	xml_begin(x, "caption");
	if (n < total)
		xml_textf(x,
			  "%zu of its %" PRIu64 " events: the first, the first failures after "
			  "them, and the newest",
			  n, total);
	else
		xml_textf(x, "Its events, by the time since the first one");
	xml_end(x);
	html_heads(x, titles);
	for (size_t i = 0; i < n; i++)
		mark_row(x, marks[i], vm->first_ns);
	xml_end(x);
	xml_end(x);
}

static struct axis span_of(const struct digest_mark *const *marks, size_t n, uint64_t *real_ns)
{
	struct axis a = { marks[0]->mono_ns, marks[0]->mono_ns };

	*real_ns = marks[0]->real_ns;
	for (size_t i = 1; i < n; i++) {
		*real_ns = marks[i]->mono_ns < a.from ? marks[i]->real_ns : *real_ns;
		a.from = marks[i]->mono_ns < a.from ? marks[i]->mono_ns : a.from;
		a.to = marks[i]->mono_ns > a.to ? marks[i]->mono_ns : a.to;
	}
	return a;
}

/* Over the span of its events alone; a line leads from a call to its retry. */
static void strip(struct xml *x, const struct digest_mark *const *marks, size_t n,
		  const struct digest_vm *vm)
{
	uint64_t real_ns;
	const struct axis axis = span_of(marks, n, &real_ns);

	begin_strip(x, vm, "Events");
	line(x, "life", &axis, axis.from, axis.to, "50%");
	for (size_t i = 0; i < n; i++)
		if (marks[i]->retry)
			line(x, "back", &axis, marks[i]->mono_ns - marks[i]->after_ns,
			     marks[i]->mono_ns, "50%");
	marks_of(x, &axis, marks, n);
	xml_end(x);
	axis_labels(x, &axis, real_ns);
}

static void vm_heading(struct html *h, const struct digest_vm *vm)
{
	struct xml *x = h->x;
	char text[64];

	xml_begin(x, "summary");
	html_heading(h, 1);
	vm_name(x, vm);
	xml_end(x);
	xml_text(x, " ");
	snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " calls failed", vm->n_failures,
		 vm->n_calls);
	if (vm->n_failures)
		html_tag(x, VERDICT_FAILURE, text);
	else
		html_tag(x, VERDICT_FINE, vm->n_calls ? "no call failed" : "no calls");
	xml_end(x);
}

static void vm_details(struct html *h, const struct digest *d, const struct digest_vm *vm,
		       bool open)
{
	const struct digest_mark *marks[DIGEST_MARKS];
	size_t n = digest_marks(vm, marks);
	char buf[REPORT_WORDS_LEN];

	html_new_line(h->x);
	xml_begin(h->x, "details");
	xml_attrf(h->x, "id", "r%zu-vm%u", h->number, vm->number);
	if (open)
		xml_attr(h->x, "open", "");
	vm_heading(h, vm);
	html_paragraph(h->x, NULL, "%s", report_story(buf, d, vm));
	if (vm->partial)
		html_paragraph(
			h->x, "soft",
			"It is shown from its first failure on, because there were too many VMs.");
	if (vm->name || vm->cgroup)
		html_paragraph(h->x, "soft", "%s%s%s%s%s", vm->name ? "Directory in debugfs: " : "",
			       vm->name ? vm->name : "", vm->name && vm->cgroup ? "; " : "",
			       vm->cgroup ? "cgroup: " : "", vm->cgroup ? vm->cgroup : "");
	if (n) {
		strip(h->x, marks, n, vm);
		mark_rows(h, vm, marks, n);
	}
	html_new_line(h->x);
	xml_end(h->x);
}

void html_vms(struct html *h, const struct digest *d)
{
	char text[REPORT_WORDS_LEN];

	html_begin_part(h, "vms", "VMs");
	if (d->n_vms)
		overview(h, d);
	for (size_t i = 0; i < d->n_shown; i++)
		vm_details(h, d, d->vms[i], i < OPEN_VMS && digest_vm_is_broken(d->vms[i]));
	if (*report_rest(text, d))
		html_paragraph(h->x, NULL, "%s", text);
	html_end_part(h);
}
