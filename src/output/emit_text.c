// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The live table for a person: a row for each call, and under a failed call what to change. Equal
 * rows of one VM's vCPUs are folded into one when they arrive together. The layout follows the
 * width of the terminal.
 */
#include "output/emit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diagnosis/event.h"
#include "lib/color.h"
#include "lib/text.h"

#define COLUMNS_MIN 40
#define COLUMNS_ROW 72 /* what a row needs; with fewer columns it takes two lines */

/* Where the columns begin. */
#define AT_PROCESS 14
#define AT_VM_END  33 /* VMs stand to the right */
#define ISO_MORE   17 /* columns that a date and a zone take more */
#define ARROW	   "-> "

#define TIME_COLUMNS 12 /* "22:43:46.464" */
#define NSEC	     UINT64_C(1000000000)

struct layout {
	unsigned int event, result, what, hint;
};

static const struct layout wide = { 35, 42, 50, AT_PROCESS }, narrow = { 2, 9, 17, 2 },
			   wide_iso = { 35 + ISO_MORE, 42 + ISO_MORE, 50 + ISO_MORE, AT_PROCESS };

struct table {
	FILE *f;
	struct emit_options opt;
	bool terminal;
	const struct layout *at;
	unsigned int more; /* columns that its times take more */
	unsigned int col;  /* of the cursor */
	const char *paint; /* the color that text has now, "" for none */
	bool headed;
	int year, day;	    /* of the newest row */
	long zone;	    /* the same: east of Greenwich, in seconds */
	unsigned int named; /* the VM of the newest row: its guest's name need not be told again */
	uint64_t row_seq;   /* the newest row's event */
	uint64_t start_ns, start_real_ns; /* when the trace began */
	struct {
		char *text; /* the newest call, as all of its row; NULL: it is not one of a vCPU */
		unsigned int vm, n;
		uint64_t until; /* when they are shown; 0: nobody has looked at the clock */
		uint32_t last;	/* vCPU: those that are the same come in their order */
	} fold;
	enum { NEVER_WATCHED, WATCHED, INTERRUPTED } points[ATTACH_POINTS];
};

static void paint(struct table *t, const char *color)
{
	if (!t->opt.color || (!*t->paint && !strcmp(color, PLAIN)))
		return;
	fputs(color, t->f);
	t->paint = strcmp(color, PLAIN) ? color : "";
}

static void put(struct table *t, const char *text, size_t len)
{
	fwrite(text, 1, len, t->f);
	t->col += (unsigned int)len;
}

static void pad(struct table *t, unsigned int at)
{
	for (; t->col < at; t->col++)
		fputc(' ', t->f);
}

/* A color ends with its line, so that a pager may show any line alone. */
static void new_line(struct table *t)
{
	if (*t->paint)
		fputs(PLAIN, t->f);
	t->paint = "";
	fputc('\n', t->f);
	t->col = 0;
}

static void wrap_line(struct table *t, unsigned int at)
{
	const char *color = t->paint;

	new_line(t);
	pad(t, at);
	paint(t, color);
}

/* Words from this column on, and those before them on the line stay apart. */
static void wrap(struct table *t, unsigned int at, const char *text)
{
	pad(t, at);
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = text_unit(text);

		if (t->col > at && t->col + 1 + len > t->opt.columns && text_may_begin_line(*text))
			wrap_line(t, at);
		else if (t->col > at)
			put(t, " ", 1);
		for (; len && t->col + len > t->opt.columns; wrap_line(t, at)) {
			size_t room = text_piece(text, len, text_left(t->col, t->opt.columns));

			put(t, text, room);
			text += room;
			len -= room;
		}
		put(t, text, len);
		text += len;
	}
}

static void wrapf(struct table *t, unsigned int at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void wrapf(struct table *t, unsigned int at, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wrap(t, at, text);
}

static void cell(struct table *t, unsigned int at, const char *text)
{
	pad(t, at);
	put(t, text, strlen(text));
}

/* At most width columns of it. */
static void shorten(struct table *t, const char *text, size_t width)
{
	size_t len = text_cut(text, width);

	put(t, text, len);
	if (text[len])
		put(t, TEXT_CUT, strlen(TEXT_CUT));
}

static void process(struct table *t, const struct event *e, unsigned int vm_width)
{
	unsigned int width = AT_VM_END - AT_PROCESS - 1 - (vm_width > 3 ? vm_width : 3);
	const char *comm = e->comm && *e->comm ? e->comm : "?";
	char pid[16];
	int len = snprintf(pid, sizeof(pid), "[%" PRIu32 "]", e->pid);

	pad(t, AT_PROCESS + t->more);
	shorten(t, comm, width > (unsigned int)len ? width - (unsigned int)len : 1);
	put(t, pid, (size_t)len);
}

static struct tm broken_down(const struct table *t, uint64_t real_ns)
{
	time_t sec = (time_t)(real_ns / NSEC);
	struct tm tm = { 0 };

	if (t->opt.time == TIMES_UTC)
		gmtime_r(&sec, &tm);
	else
		localtime_r(&sec, &tm);
	return tm;
}

/* "   12.345", of what came before the beginning "   -0.012". */
static void seconds_text(char *buf, size_t len, uint64_t ns, uint64_t from)
{
	bool before = ns < from;
	uint64_t ms = (before ? from - ns : ns - from) / 1000000;
	char text[32];

	snprintf(text, sizeof(text), "%s%" PRIu64 ".%03u", before ? "-" : "", ms / 1000,
		 (unsigned int)(ms % 1000));
	snprintf(buf, len, "%*s", TIME_COLUMNS, text);
}

static void clock_text(const struct table *t, char *buf, size_t len, const struct event *e)
{
	bool iso = t->opt.time == TIMES_ISO;
	struct tm tm;
	size_t n;

	if (t->opt.time == TIMES_REL || t->opt.time == TIMES_MONO) {
		seconds_text(buf, len, e->mono_ns, t->opt.time == TIMES_REL ? t->start_ns : 0);
		return;
	}
	tm = broken_down(t, e->real_ns);
	n = strftime(buf, len, iso ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	n += (size_t)snprintf(buf + n, len - n, ".%03u",
			      (unsigned int)(e->real_ns % NSEC / 1000000));
	/* "+0100" as RFC 3339 has it. */
	if (iso && strftime(buf + n, len - n, "%z", &tm) == 5) {
		memmove(buf + n + 4, buf + n + 3, 3);
		buf[n + 3] = ':';
	}
}

static const char *time_text(char *buf, size_t len, uint64_t ns)
{
	if (ns < 1000)
		snprintf(buf, len, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		snprintf(buf, len, "%" PRIu64 " us", ns / 1000);
	else if (ns < 1000000000)
		snprintf(buf, len, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(buf, len, "%.1f s", (double)ns / 1e9);
	return buf;
}

/* Rows have a clock alone: the day and the zone stand above the first one, and where they change.
 */
static void date(struct table *t, uint64_t real_ns)
{
	bool since = t->opt.time == TIMES_REL || t->opt.time == TIMES_MONO;
	struct tm tm = broken_down(t, t->opt.time == TIMES_REL ? t->start_real_ns : real_ns);
	char text[96] = "";
	const char *form = t->opt.time == TIMES_UTC ? "%Y-%m-%d, UTC" : "%Y-%m-%d, %Z";

	if (t->opt.time == TIMES_ISO || (since && t->headed))
		return;
	if (t->headed && tm.tm_year == t->year && tm.tm_yday == t->day && tm.tm_gmtoff == t->zone)
		return;
	t->zone = tm.tm_gmtoff;
	t->year = tm.tm_year;
	t->day = tm.tm_yday;
	paint(t, DIM);
	if (t->opt.time == TIMES_REL)
		form = "seconds after %Y-%m-%d %H:%M:%S, %Z";
	else if (t->opt.time == TIMES_MONO)
		form = "seconds since boot (CLOCK_MONOTONIC)";
	put(t, text, strftime(text, sizeof(text), form, &tm));
	new_line(t);
}

static void header(struct table *t)
{
	if (t->headed)
		return;
	t->headed = true;
	paint(t, DIM);
	cell(t, 0, "TIME");
	cell(t, AT_PROCESS + t->more, "PROCESS");
	cell(t, AT_VM_END + t->more - 2, "VM");
	if (t->at == &narrow)
		wrap_line(t, 0);
	cell(t, t->at->event, "EVENT");
	cell(t, t->at->result, "RESULT");
	cell(t, t->at->what, "WHAT");
	new_line(t);
}

static const char *verdict_color(enum verdict_kind kind)
{
	return kind == VERDICT_FAILURE ? RED : kind == VERDICT_NOTE ? YELLOW : GREEN;
}

static void who(struct table *t, const struct event *e)
{
	char when[48], vm[16] = "-";

	if (e->vm)
		snprintf(vm, sizeof(vm), "%u", e->vm);
	clock_text(t, when, sizeof(when), e);
	cell(t, 0, when);
	process(t, e, (unsigned int)strlen(vm));
	cell(t, AT_VM_END + t->more - (unsigned int)strlen(vm), vm);
}

/* What was the same is counted below the row that tells it. */
static void end_fold(struct table *t)
{
	unsigned int n = t->fold.n;

	free(t->fold.text);
	t->fold.text = NULL;
	t->fold.n = 0;
	t->fold.until = 0;
	if (!n)
		return;
	pad(t, t->at->hint);
	paint(t, DIM);
	wrapf(t, t->at->hint, "the same for %u more vCPU%s", n, n == 1 ? "" : "s");
	new_line(t);
}

/* Who looks on is not kept waiting for a row that may never come. */
static uint64_t settle(void *state, uint64_t now_ns)
{
	struct table *t = state;

	if (!t->fold.n)
		return 0;
	if (!t->fold.until)
		t->fold.until = now_ns + NSEC;
	if (now_ns < t->fold.until)
		return t->fold.until;
	end_fold(t);
	return 0;
}

#define RUN_TEXT_LEN 640

/* How a KVM_RUN failed: its sentence names the vCPU, and whose first run of several it was. */
static void run_text(char buf[RUN_TEXT_LEN], const struct event *e)
{
	const struct cc_record *r = e->rec;
	bool mode_known = r->in_words > CC_VCPU_PVR;

	snprintf(buf, RUN_TEXT_LEN, "%d %" PRIu32 " %d %" PRIx64 " %d %" PRIx64 " %d%d%d %s",
		 r->ret, r->cmd, r->vm != 0, r->vm ? (uint64_t)r->arg : 0, mode_known,
		 mode_known ? (uint64_t)r->in[CC_VCPU_PVR] : 0, run_lacks_papr(r),
		 e->run->first_known, e->run->first, e->run->line ? e->run->line : "");
}

static char *fold_text(const char *event, const char *result, const char *what,
		       const char *sentence)
{
	char *text;

	return asprintf(&text, "%s %s %s %s", event, result, what, sentence ? sentence : "") < 0 ?
		       NULL :
		       text;
}

/* Is it what the vCPU before did, on the same VM? Then it needs no row. */
static bool folds(struct table *t, const struct event *e, const char *result, const char *what,
		  const char *sentence)
{
	char *text = NULL, run[RUN_TEXT_LEN];
	bool same;

	if (e->type == EVENT_RUN) {
		run_text(run, e);
		sentence = run;
	}
	if (!t->opt.verbose && e->vm && e->rec->seen & CC_SEEN_VCPU)
		text = fold_text(event_word(e->type), result, what, sentence);
	same = text && t->fold.text && !strcmp(text, t->fold.text) && e->vm == t->fold.vm &&
	       e->rec->vcpu > t->fold.last;
	if (same) {
		t->fold.n++;
		free(text);
	} else {
		end_fold(t);
		t->fold.text = text;
		t->fold.vm = e->vm;
	}
	t->fold.last = e->rec->vcpu;
	return same;
}

static void row(struct table *t, const struct event *e, const char *event, const char *result,
		const char *color, const char *what)
{
	date(t, e->real_ns);
	header(t);
	who(t, e);
	if (t->at == &narrow)
		new_line(t);
	cell(t, t->at->event, event);
	pad(t, t->at->result);
	paint(t, color);
	put(t, result, strlen(result));
	paint(t, PLAIN);
	if (*what)
		wrap(t, t->at->what, what);
	new_line(t);
	t->row_seq = e->seq;
}

static void hint(struct table *t, const char *color, const char *text)
{
	pad(t, t->at->hint);
	paint(t, color);
	put(t, ARROW, strlen(ARROW));
	wrap(t, t->at->hint + strlen(ARROW), text);
	new_line(t);
}

/* Under a row: the guest, where the row before was not of it, and a sentence. */
static void below(struct table *t, const struct event *e, const char *color, const char *sentence)
{
	bool tell = sentence && *sentence;

	if (e->guest && *e->guest && e->vm != t->named) {
		pad(t, AT_PROCESS + t->more);
		if (!text_may_begin_line(*e->guest))
			put(t, "\"", 1);
		shorten(t, e->guest, t->opt.columns - t->col);
		new_line(t);
	}
	t->named = e->vm;
	if (tell)
		hint(t, color, sentence);
}

/* -v: a list that ends with what is the call's own. */
static void details_of_call(struct table *t, const struct event *e, unsigned int at)
{
	const struct cc_record *r = e->rec;
	char took[32];

	wrapf(t, at, "tid %" PRIu32 ",", r->tid);
	if (e->thread && *e->thread && (!e->comm || strcmp(e->thread, e->comm)))
		wrapf(t, at, "thread %s,", e->thread);
	if (e->vm_name && *e->vm_name)
		wrapf(t, at, "VM %s,", e->vm_name);
	if (e->cgroup && *e->cgroup) {
		wrap(t, at, "cgroup");
		wrap(t, at, e->cgroup);
		put(t, ",", 1);
	}
	if (r->latency_ns)
		wrapf(t, at, "took %s,", time_text(took, sizeof(took), r->latency_ns));
}

static void details_of_negotiation(struct table *t, const struct event *e, unsigned int at)
{
	const struct cc_record *r = e->rec;
	const struct diagnosis *d = e->negotiation.diag;

	wrapf(t, at, "%s 0x%08" PRIx32 ",", d->abi->name, r->cmd);
	if (d->usize.known)
		wrapf(t, at, "size %" PRIu64 "%s,", d->usize.value,
		      d->usize_source == USIZE_EXIT ? " (not resident at entry)" : "");
	if (d->flags.known)
		wrapf(t, at, "flags 0x%" PRIx64 ",", d->flags.value);
	if (d->size_out.known)
		wrapf(t, at, "size after %" PRIu64 ",", d->size_out.value);
	if (r->seen & CC_SEEN_BACKEND)
		wrapf(t, at, "hook returned %" PRId32 ",", r->backend_ret);
	if (d->caps.known)
		wrapf(t, at, "bitmap 0x%016" PRIx64 ",", d->caps.value);
	if (d->tail != TAIL_NONE)
		wrapf(t, at, "%" PRIu64 " tail bytes looked at,", d->tail_read);
	wrapf(t, at, "struct at 0x%" PRIx64, (uint64_t)r->arg);
}

static void details_of_ask(struct table *t, const struct event *e, unsigned int at)
{
	const struct offer *o = e->arch.offer;
	static const char *const by[BY_MAX] = {
		[BY_CAS] = "in the guest's negotiation (CAS),",
		[BY_START] = "before the guest ran,",
		[BY_VMM] = "after the guest ran, outside CAS,",
	};
	const char *source = modes_source_name(o->source);
	char modes[96];

	if (by[e->arch.diag->by])
		wrap(t, at, by[e->arch.diag->by]);
	if (e->arch.diag->guest_known)
		wrapf(t, at, "guest lists %s,",
		      modes_text(modes, sizeof(modes), e->arch.diag->guest_modes));
	wrapf(t, at, "queried %s,", queried_name(o->queried));
	if (source)
		wrapf(t, at, "modes %s (%s),", modes_text(modes, sizeof(modes), o->modes), source);
	wrapf(t, at, "PVR 0x%08" PRIx32, e->arch.diag->pvr);
}

static void details(struct table *t, const struct event *e)
{
	unsigned int at = t->at->hint;

	if (!t->opt.verbose)
		return;
	pad(t, at);
	paint(t, DIM);
	details_of_call(t, e, at);
	if (e->type == EVENT_NEGOTIATION)
		details_of_negotiation(t, e, at);
	else if (e->type == EVENT_ARCH_COMPAT)
		details_of_ask(t, e, at);
	else if (e->type == EVENT_EXTENSION)
		wrapf(t, at, "capability %" PRIu64, (uint64_t)e->rec->arg);
	else if (e->type == EVENT_RUN || e->type == EVENT_RAN)
		wrapf(t, at, "exit reason %" PRIu32, e->rec->cmd);
	else if (e->rec->cmd)
		wrapf(t, at, "in ioctl 0x%08" PRIx32, e->rec->cmd);
	else
		wrap(t, at, "in no ioctl on a VM");
	new_line(t);
}

/* A call: what became of it, and where that is worth it a sentence. */
static void call(struct table *t, const struct event *e, const char *sentence)
{
	char result[EVENT_RESULT_LEN], what[EVENT_WHAT_LEN];
	enum verdict_kind kind = event_kind(e);

	event_result(result, e);
	event_what(what, e);
	if (kind == VERDICT_FINE)
		sentence = NULL;
	if (folds(t, e, result, what, sentence))
		return;
	row(t, e, event_word(e->type), result, verdict_color(kind), what);
	below(t, e, BOLD, sentence);
	details(t, e);
}

/* It comes right after its call's event: under that one's row, where there is one. */
static void retry(struct table *t, const struct event *e)
{
	const char *outcome = e->retry->recovered ? "recovered" : "failed";
	const char *color = e->retry->recovered ? GREEN : RED;
	char after[32], text[96];

	time_text(after, sizeof(after), e->retry->after_ns);
	snprintf(text, sizeof(text), "retry after %s: %s", after, outcome);
	if (e->seq == t->row_seq + 1) {
		hint(t, color, text);
		return;
	}
	snprintf(text, sizeof(text), "%s after %s", outcome, after);
	row(t, e, "retry", e->retry->recovered ? "ok" : "failed", color, text);
	below(t, e, BOLD, NULL);
}

static void kernel(struct table *t, const struct event *e)
{
	if (!e->vm && !t->opt.verbose)
		return;
	row(t, e, "kernel", "log", YELLOW, e->frame->kernel.text);
	below(t, e, PLAIN, NULL);
	details(t, e);
}

/* Worth a sentence where it and the host do not agree. */
static void found(struct table *t, const struct event *e)
{
	char result[EVENT_RESULT_LEN], what[EVENT_WHAT_LEN];
	bool odd = e->verdict->agrees == AGREES_NO;

	row(t, e, event_word(e->type), event_result(result, e), odd ? YELLOW : PLAIN,
	    event_what(what, e));
	below(t, e, PLAIN, odd ? e->verdict->hint : NULL);
}

static void life(struct table *t, const struct event *e)
{
	const char *sentence = e->vm_life.sentence;
	bool ended = e->frame->vm.event == VM_ENDED;
	char result[EVENT_RESULT_LEN];

	if (e->frame->vm.event == VM_FAILED) {
		row(t, e, "vm", event_result(result, e), RED, "KVM could not make a VM");
		return;
	}
	/* Of others the rows above have told all of it. */
	if (!t->opt.verbose && (!ended || !e->vm_life.silent || !sentence || !*sentence))
		return;
	row(t, e, "vm", ended ? "ended" : "new", PLAIN, e->vm_name ? e->vm_name : "");
	below(t, e, PLAIN, ended ? sentence : NULL);
}

/* What concerns the trace and no call: on a line of its own. */
static void note(struct table *t, const char *color, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct table *t, const char *color, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	paint(t, color);
	cell(t, 0, "***");
	wrap(t, 4, text);
	new_line(t);
}

/* How it began has been said on stderr; what changes later makes a hole in the table. */
static void attach(struct table *t, const struct event *e)
{
	const struct frame *f = e->frame;
	const char *func = attach_func(f->attach.point);

	if (f->attach.point >= ATTACH_POINTS)
		return;
	if (f->attach.how != ATTACH_ABSENT) {
		if (t->points[f->attach.point] == INTERRUPTED)
			note(t, PLAIN, "watching %s again (%s)", func,
			     attach_how_name(f->attach.how));
		t->points[f->attach.point] = WATCHED;
	} else if (f->attach.released) {
		t->points[f->attach.point] = WATCHED;
	} else if (t->points[f->attach.point] == WATCHED) {
		note(t, RED, "not watching %s: %s", func,
		     f->attach.why && *f->attach.why ? f->attach.why : "why is not known");
		t->points[f->attach.point] = INTERRUPTED;
	}
}

#define LOSS_PARTS 16 /* kinds that are listed */

struct loss_part {
	uint32_t type;
	int32_t ret;
	uint64_t n;
};

/* Of all VMs and commands together. Returns how many kinds; LOSS_PARTS + 1: and there are more. */
static size_t loss_parts(const struct frame *f, struct loss_part parts[LOSS_PARTS])
{
	size_t n = 0, j;

	for (size_t i = 0; i < f->lost.n_by; i++) {
		const struct loss_count *by = &f->lost.by[i];

		for (j = 0; j < n; j++)
			if (parts[j].type == by->key.type && parts[j].ret == by->key.ret)
				break;
		if (j == LOSS_PARTS)
			return LOSS_PARTS + 1;
		if (j == n)
			parts[n++] = (struct loss_part){ by->key.type, by->key.ret, 0 };
		parts[j].n += by->n;
	}
	return n;
}

static void lost(struct table *t, const struct event *e)
{
	const struct frame *f = e->frame;
	const char *reason = loss_name(f->lost.loss);
	struct loss_part parts[LOSS_PARTS];
	size_t n = loss_parts(f, parts);
	char text[EVENT_RESULT_LEN * 2], vm[24] = "";

	if (e->vm)
		snprintf(vm, sizeof(vm), " (VM %u)", e->vm);
	paint(t, RED);
	cell(t, 0, "***");
	wrapf(t, 4, "%" PRIu64 " event%s lost: %s%s%s", f->lost.n, f->lost.n == 1 ? "" : "s",
	      reason ? reason : "why is not known", vm, n ? ":" : "");
	for (size_t i = 0; i < n && i < LOSS_PARTS; i++) {
		wrapf(t, 4, "%" PRIu64 " %s%s", parts[i].n,
		      loss_words(text, parts[i].type, parts[i].ret), i + 1 < n ? "," : "");
	}
	if (n > LOSS_PARTS)
		wrap(t, 4, "and others");
	new_line(t);
}

/* On a terminal its lines hang together; elsewhere it is one line, to be searched for. */
static void paragraph(void *state, const char *text)
{
	struct table *t = state;
	size_t first = strcspn(text, " "); /* "VM", and its number stays with it */

	end_fold(t);
	if (!t->terminal) {
		fprintf(t->f, "%s\n", text);
		return;
	}
	if (text[first])
		first += 1 + strcspn(text + first + 1, " ");
	put(t, text, first);
	wrap(t, 2, text + first);
	new_line(t);
}

static void *text_begin(FILE *f, const struct emit_options *opt)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->f = f;
	t->opt = *opt;
	t->paint = "";
	t->terminal = opt->columns;
	if (!t->opt.columns)
		t->opt.columns = TEXT_COLUMNS;
	if (t->opt.columns < COLUMNS_MIN)
		t->opt.columns = COLUMNS_MIN;
	t->more = t->opt.time == TIMES_ISO ? ISO_MORE : 0;
	t->at = t->opt.columns < COLUMNS_ROW + t->more ? &narrow : t->more ? &wide_iso : &wide;
	return t;
}

/* Those that have no row leave the row before where it is. */
static bool ends_fold(const struct table *t, const struct event *e)
{
	switch (e->type) {
	case EVENT_ARCH_COMPAT:
	case EVENT_RUN:
	case EVENT_STORY:
	case EVENT_HOST:
		return false;
	case EVENT_RAN:
		return t->opt.verbose;
	case EVENT_KERNEL:
		return e->vm || t->opt.verbose;
	default:
		return true;
	}
}

static void text_event(void *state, const struct event *e)
{
	struct table *t = state;

	if (ends_fold(t, e))
		end_fold(t);
	switch (e->type) {
	case EVENT_TRACE:
		t->start_ns = e->mono_ns;
		t->start_real_ns = e->real_ns;
		break;
	case EVENT_NEGOTIATION:
		call(t, e, e->negotiation.diag->hint);
		break;
	case EVENT_EXTENSION:
		call(t, e, NULL);
		break;
	case EVENT_ARCH_COMPAT:
		call(t, e, e->arch.diag->hint);
		if (t->opt.verbose && *e->arch.diag->developer_hint)
			hint(t, PLAIN, e->arch.diag->developer_hint);
		break;
	case EVENT_RETRY:
		retry(t, e);
		break;
	case EVENT_RUN:
		call(t, e, e->run->hint);
		break;
	case EVENT_RAN:
		/* The story tells it; that a guest runs is what everybody expects. */
		if (t->opt.verbose)
			call(t, e, NULL);
		break;
	case EVENT_KERNEL:
		kernel(t, e);
		break;
	case EVENT_FOUND:
		found(t, e);
		break;
	case EVENT_VM:
		life(t, e);
		break;
	case EVENT_ATTACH:
		attach(t, e);
		break;
	case EVENT_LOST:
		lost(t, e);
		break;
	case EVENT_END:
		if (e->end.writer > 0)
			note(t, PLAIN, "still being written by pid %d: more may follow",
			     e->end.writer);
		else if (e->end.writer)
			note(t, PLAIN, "still being written: more may follow");
		else if (e->end.cut_off)
			note(t, RED, "the recording is cut off here: it has no end");
		break;
	default:
		/* No rows: main() has said what of these a person needs to know, and --summary
		 * tells the stories. */
		break;
	}
}

static void text_end(void *state)
{
	struct table *t = state;

	end_fold(t);
	free(t);
}

const struct emitter emit_text = {
	.name = "text",
	.what = "a table for people (default)",
	.begin = text_begin,
	.paragraph = paragraph,
	.event = text_event,
	.settle = settle,
	.end = text_end,
};
