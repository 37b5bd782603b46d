// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A live view that fills a terminal: the VMs, the mode of each, what went wrong last, and how
 * often each cause came within the last minute. It shows what was seen and claims nothing about
 * the rest. What finds no room is counted.
 */
#include "output/emit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diagnosis/event.h"
#include "diagnosis/summary.h"
#include "lib/color.h"
#include "lib/text.h"

#define VMS	  512  /* that are remembered: who has ended makes room */
#define CALLS	  4096 /* the newest, for what came within a minute */
#define CAUSES	  64
#define LINES	  24 /* of a terminal that does not tell its size */
#define HEAD	  5  /* lines above the VMs and between them and the causes */
#define FOOT	  4  /* lines of causes */
#define MINUTE	  (60 * 1000000000ull)
#define SECOND	  1000000000ull
#define ENTER	  "\033[?1049h\033[?25l" /* another page of the terminal, without a cursor */
#define LEAVE	  "\033[?25h\033[?1049l"
#define HOME	  "\033[H"
#define END_LINE  "\033[K\r\n"
#define REST_GONE "\033[J"
#define FORMAT_VM "%-6s%-20.20s %-11.11s%9s  %-20.20s %8s"

struct row {
	unsigned int vm; /* 0: free */
	bool ended;
	uint32_t vcpu;			/* that has this mode */
	uint64_t heard_ns;		/* of it, last */
	uint64_t n_failures, failed_ns; /* the newest failure */
	char who[64], mode[SUMMARY_MODE_LEN], failure[48];
};

struct call {
	uint64_t mono_ns;
	const char *cause;
	enum verdict_kind kind;
};

struct screen {
	FILE *f;
	struct emit_options opt;
	uint64_t now, next;
	unsigned int lines;
	uint64_t n_failures, n_lost, n_vms, n_gone;
	bool beyond; /* a VM found no room */
	char host[64];
	struct row rows[VMS];
	struct call calls[CALLS];
	uint64_t n_calls;
};

/* ------------------------------------------------------------------ what is remembered */

static struct row *find(struct screen *s, unsigned int vm)
{
	for (size_t i = 0; i < VMS; i++)
		if (s->rows[i].vm == vm)
			return &s->rows[i];
	return NULL;
}

/* Of those that have ended, the one without an event for longest; NULL: all live. */
static struct row *oldest(struct screen *s)
{
	struct row *oldest = NULL;

	for (size_t i = 0; i < VMS; i++)
		if (s->rows[i].ended && (!oldest || s->rows[i].heard_ns < oldest->heard_ns))
			oldest = &s->rows[i];
	return oldest;
}

static struct row *add_row(struct screen *s, unsigned int vm)
{
	struct row *row = find(s, 0);

	if (!row && (row = oldest(s)))
		s->n_gone++;
	if (!row) {
		s->beyond = true;
		return NULL;
	}
	*row = (struct row){ .vm = vm };
	s->n_vms++;
	return row;
}

/* The VM of the event; NULL: it is of none, or there is no room. */
static struct row *row_of(struct screen *s, const struct event *e)
{
	struct row *row = e->vm ? find(s, e->vm) : NULL;

	if (!row && e->vm)
		row = add_row(s, e->vm);
	if (!row)
		return NULL;
	row->heard_ns = e->mono_ns;
	if (e->guest && *e->guest)
		snprintf(row->who, sizeof(row->who), "%s", e->guest);
	else if (!*row->who && e->comm)
		snprintf(row->who, sizeof(row->who), "%s[%" PRIu32 "]", e->comm, e->pid);
	return row;
}

/* Of a vCPU. Those of a VM may differ. */
static void set_mode(struct row *row, uint32_t vcpu, uint32_t pvr)
{
	char mode[SUMMARY_MODE_LEN];

	if (pvr)
		summary_runs_in(mode, pvr);
	else
		snprintf(mode, sizeof(mode), "host's own");
	if (*row->mode && row->vcpu != vcpu && strcmp(row->mode, mode))
		snprintf(mode, sizeof(mode), SUMMARY_SEVERAL);
	row->vcpu = vcpu;
	snprintf(row->mode, sizeof(row->mode), "%s", mode);
}

static void fail(struct screen *s, struct row *row, const struct event *e, const char *what)
{
	s->n_failures++;
	if (!row)
		return;
	row->n_failures++;
	row->failed_ns = e->mono_ns;
	snprintf(row->failure, sizeof(row->failure), "%s", what);
}

static void count(struct screen *s, const struct event *e, const char *cause)
{
	s->calls[s->n_calls++ % CALLS] = (struct call){ e->mono_ns, cause, event_kind(e) };
}

static void on_request(struct screen *s, struct row *row, const struct event *e)
{
	if (row && e->rec->ret >= 0)
		set_mode(row, e->rec->vcpu, (uint32_t)e->rec->arg);
	count(s, e, arch_cause_name(e->arch.diag->cause));
	if (event_is_failure(e))
		fail(s, row, e, arch_cause_name(e->arch.diag->cause));
}

static void on_run(struct screen *s, struct row *row, const struct event *e)
{
	char result[EVENT_RESULT_LEN], what[48];

	snprintf(what, sizeof(what), "KVM_RUN: %s", event_result(result, e));
	count(s, e, "KVM_RUN failed");
	fail(s, row, e, what);
}

static void on_vm_event(struct screen *s, struct row *row, const struct event *e)
{
	switch (e->type) {
	case EVENT_VM:
		if (row && e->frame->vm.event == VM_ENDED)
			row->ended = true;
		break;
	case EVENT_FOUND:
		if (row && e->verdict->is == MODE_SET)
			summary_runs_in(row->mode, e->verdict->pvr);
		break;
	case EVENT_NEGOTIATION:
		count(s, e, cause_name(e->negotiation.diag->cause));
		if (event_is_failure(e))
			fail(s, row, e, cause_name(e->negotiation.diag->cause));
		break;
	case EVENT_ARCH_COMPAT:
		on_request(s, row, e);
		break;
	case EVENT_RUN:
		on_run(s, row, e);
		break;
	case EVENT_RAN:
		if (row && e->rec->in_words > CC_VCPU_PVR)
			set_mode(row, e->rec->vcpu, (uint32_t)e->rec->in[CC_VCPU_PVR]);
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ the page */

/* Failures first, the newest of them at the top; then who lives, the newest first. */
static int by_need(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

	if (x->failed_ns != y->failed_ns)
		return x->failed_ns > y->failed_ns ? -1 : 1;
	if (x->ended != y->ended)
		return x->ended ? 1 : -1;
	return x->vm > y->vm ? -1 : x->vm < y->vm;
}

/* No line is longer than the terminal is wide: it would scroll. */
static void end_line(struct screen *s, const char *color, const char *text)
{
	bool paint = s->opt.color && *color;

	fprintf(s->f, "%s%.*s%s%s", paint ? color : "", (int)s->opt.columns, text,
		paint ? PLAIN : "", END_LINE);
}

static void put_row(struct screen *s, const struct row *row)
{
	char line[256], vm[16], n[24] = "", ago[32] = "";

	snprintf(vm, sizeof(vm), "%u", row->vm);
	if (row->n_failures)
		snprintf(n, sizeof(n), "%" PRIu64, row->n_failures);
	if (row->n_failures)
		time_words(ago, sizeof(ago), s->now > row->failed_ns ? s->now - row->failed_ns : 0);
	snprintf(line, sizeof(line), FORMAT_VM, vm, row->who, row->ended ? "ended" : row->mode, n,
		 row->failure, ago);
	end_line(s, row->n_failures ? RED : row->ended ? "" : GREEN, line);
}

static void put_vms(struct screen *s, unsigned int lines)
{
	const struct row *list[VMS] = { NULL };
	char line[256];
	size_t n = 0;

	for (size_t i = 0; i < VMS; i++)
		if (s->rows[i].vm)
			list[n++] = &s->rows[i];
	qsort(list, n, sizeof(*list), by_need);
	snprintf(line, sizeof(line), FORMAT_VM, "VM", "GUEST", "MODE", "FAILURES", "LAST FAILURE",
		 "AGO");
	end_line(s, BOLD, line);
	for (size_t i = 0; i < n && i < lines; i++)
		put_row(s, list[i]);
	snprintf(line, sizeof(line), "and %" PRIu64 " more",
		 (n > lines ? n - lines : 0) + s->n_gone);
	end_line(s, "", n > lines || s->n_gone ? line : "");
}

struct cause_count {
	const char *cause;
	uint64_t n;
};

static int by_number(const void *a, const void *b)
{
	const struct cause_count *x = a, *y = b;

	return x->n > y->n ? -1 : x->n < y->n;
}

/* Those of the last minute. Returns how many kinds; at_least: there may have been more calls. */
static size_t count_causes(const struct screen *s, struct cause_count list[CAUSES], bool *at_least)
{
	uint64_t kept = s->n_calls < CALLS ? s->n_calls : CALLS;
	size_t n = 0, j;

	*at_least = s->n_calls > CALLS && s->calls[s->n_calls % CALLS].mono_ns + MINUTE > s->now;
	for (uint64_t i = 0; i < kept; i++) {
		const struct call *c = &s->calls[i];

		if (c->mono_ns + MINUTE < s->now)
			continue;
		for (j = 0; j < n && strcmp(list[j].cause, c->cause); j++)
			;
		if (j == n && n < CAUSES)
			list[n++] = (struct cause_count){ c->cause, 0 };
		if (j < n)
			list[j].n++;
	}
	qsort(list, n, sizeof(*list), by_number);
	return n;
}

static void put_causes(struct screen *s)
{
	struct cause_count list[CAUSES];
	bool at_least;
	size_t n = count_causes(s, list, &at_least);
	char line[256];

	end_line(s, BOLD, at_least ? "WITHIN THE LAST MINUTE, AT LEAST" : "WITHIN THE LAST MINUTE");
	for (size_t i = 0; i < n && i < FOOT; i++) {
		bool last = i == FOOT - 1 && n > FOOT;

		if (last)
			snprintf(line, sizeof(line), "           and %zu more kinds", n - i);
		else
			snprintf(line, sizeof(line), "%9" PRIu64 "  %s", list[i].n, list[i].cause);
		end_line(s, "", line);
	}
}

static void put_head(struct screen *s)
{
	char line[256], now[32] = "";
	time_t t = time(NULL);
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(now, sizeof(now), "%H:%M:%S %Z", &tm);
	snprintf(line, sizeof(line), "compatcaps-trace  %s  %s", s->host, now);
	end_line(s, BOLD, line);
	snprintf(line, sizeof(line),
		 "VMs seen: %" PRIu64 "   failures: %" PRIu64 "   events lost: %" PRIu64 "%s",
		 s->n_vms, s->n_failures, s->n_lost,
		 s->beyond ? "; some VMs find no room here" : "");
	end_line(s, s->n_lost ? YELLOW : "", line);
	end_line(s, "", "");
}

static void draw(struct screen *s, const char *from)
{
	unsigned int lines = s->lines ? s->lines : LINES;

	fputs(from, s->f);
	put_head(s);
	put_vms(s, lines > HEAD + FOOT + 2 ? lines - HEAD - FOOT - 2 : 1);
	put_causes(s);
	fputs(REST_GONE, s->f);
}

/* ------------------------------------------------------------------ the output */

static void *begin(FILE *f, const struct emit_options *opt)
{
	struct screen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->f = f;
	s->opt = *opt;
	if (!s->opt.columns)
		s->opt.columns = TEXT_COLUMNS;
	fputs(ENTER, f);
	return s;
}

static void event(void *state, const struct event *e)
{
	struct screen *s = state;

	s->now = e->mono_ns > s->now ? e->mono_ns : s->now;
	if (e->type == EVENT_TRACE && e->frame->trace.id.name)
		text_escape(s->host, sizeof(s->host), e->frame->trace.id.name,
			    strlen(e->frame->trace.id.name));
	if (e->type == EVENT_LOST)
		s->n_lost += e->frame->lost.n;
	if (e->type != EVENT_STORY && e->type != EVENT_END)
		on_vm_event(s, row_of(s, e), e);
}

static uint64_t redraw(void *state, uint64_t now_ns, unsigned int columns, unsigned int lines)
{
	struct screen *s = state;

	if (now_ns < s->next)
		return s->next;
	s->now = now_ns > s->now ? now_ns : s->now;
	s->opt.columns = columns ? columns : s->opt.columns;
	s->lines = lines;
	s->next = now_ns + SECOND;
	draw(s, HOME);
	return s->next;
}

/* What was shown last stays to be read. */
static void end(void *state)
{
	struct screen *s = state;

	draw(s, LEAVE);
	free(s);
}

const struct emitter emit_screen = {
	.name = "screen",
	.what = "the VMs of now, in a view that fills a terminal",
	.shield = SHIELD_TEXT,
	.begin = begin,
	.event = event,
	.redraw = redraw,
	.end = end,
};
