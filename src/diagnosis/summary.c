// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A story is a list of clauses in the order of what they tell: what was found, checked, queried and
 * offered; then by vCPU its requests, its failure and its runs, by the order of their events. vCPUs
 * that did the same share a sentence. A clause on what did not happen asks coverage first.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diagnosis/summary_words.h"

/* ------------------------------------------------------------------ words */

char *summary_asked(char buf[SUMMARY_ASKED_LEN], const struct history_request *request)
{
	char mode[SUMMARY_MODE_LEN];

	snprintf(buf, SUMMARY_ASKED_LEN, request->by == BY_CAS ? IN_CAS : "%s",
		 summary_wanted(mode, request->pvr));
	return buf;
}

char *summary_wanted(char buf[SUMMARY_MODE_LEN], uint32_t pvr)
{
	const struct abi_pvr *known = abi_pvr(pvr);

	if (!pvr)
		snprintf(buf, SUMMARY_MODE_LEN, "the host's default");
	else if (known && known->isa)
		snprintf(buf, SUMMARY_MODE_LEN, "%s", known->name);
	else
		snprintf(buf, SUMMARY_MODE_LEN, "0x%08" PRIx32, pvr);
	return buf;
}

const char *summary_option(char buf[DIAGNOSIS_OPTION_LEN], const struct abi_mode *mode)
{
	size_t i = 0;

	for (; i < DIAGNOSIS_OPTION_LEN - 1 && mode->name[i]; i++)
		buf[i] = (char)tolower((unsigned char)mode->name[i]);
	buf[i] = '\0';
	return buf;
}

/* On nested v2 KVM HV reads back the PVR that the hypervisor has for a vCPU without a mode. */
char *summary_runs_in(char buf[SUMMARY_MODE_LEN], uint32_t pvr)
{
	if (!pvr)
		snprintf(buf, SUMMARY_MODE_LEN, "the host's own mode");
	else if (abi_pvr_is_raw(pvr))
		snprintf(buf, SUMMARY_MODE_LEN, "the processor's own mode (PVR 0x%08" PRIx32 ")",
			 pvr);
	else
		summary_wanted(buf, pvr);
	return buf;
}

enum queried summary_queried(const struct history *h, enum coverage_reason queries)
{
	if (h->n_ok)
		return QUERIED_YES;
	if (h->n_failed)
		return QUERIED_FAILED;
	return queries == COVERED ? QUERIED_NO : QUERIED_NOT_SEEN;
}

void clause(struct text *t, const char *fmt, ...)
{
	va_list ap;

	fputs(t->sep, t->f);
	va_start(ap, fmt);
	vfprintf(t->f, fmt, ap);
	va_end(ap);
	t->sep = ", ";
}

/* ------------------------------------------------------------------ before vCPUs do anything */

static void tell_found(struct text *t, const struct history *h)
{
	char mode[SUMMARY_MODE_LEN];

	switch (h->found_mode) {
	case MODE_SET:
		clause(t, FOUND_SET, summary_wanted(mode, h->found_pvr));
		break;
	case MODE_HOST_DEFAULT:
		clause(t, FOUND_NONE);
		break;
	case MODE_REFUSED:
		clause(t, FOUND_REFUSED);
		break;
	case MODE_DIFFERS:
		clause(t, FOUND_DIFFERS);
		break;
	case MODE_NO_VCPU:
		clause(t, FOUND_NO_VCPU);
		break;
	default:
		clause(t, FOUND);
		return;
	}
	if (h->found_seen < h->found_vcpus)
		clause(t, h->found_seen == 1 ? FOUND_SOME : FOUND_SOME_ARE, h->found_seen,
		       h->found_vcpus);
}

static void tell_retries(struct text *t, const struct history *h)
{
	if (h->n_retries == 1)
		clause(t, "%s", h->n_recovered ? RETRY_RECOVERED : RETRY_FAILED);
	else if (h->n_retries)
		clause(t, RETRIES, h->n_retries, h->n_recovered);
}

static void tell_queries(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;
	unsigned int n = h->n_ok + h->n_failed;
	const char *first = cause_name(h->first_failure);
	bool all = s->queries == COVERED;

	if (n == 1 && h->n_failed)
		clause(t, all ? QUERY_FAILED : QUERY_FAILED_SEEN, first);
	else if (n == 1)
		clause(t, "%s", all ? QUERY_OK : QUERY_OK_SEEN);
	else if (!h->n_failed)
		clause(t, all ? QUERIES_OK : QUERIES_OK_SEEN, n);
	else if (!h->n_ok)
		clause(t, all ? QUERIES_FAILED : QUERIES_FAILED_SEEN, n, first);
	else
		clause(t, all ? QUERIES_MIXED : QUERIES_MIXED_SEEN, n, h->n_failed, first);
	tell_retries(t, h);
}

static void tell_offered(struct text *t, const struct history *h)
{
	char modes[96];

	if (h->offered_known)
		clause(t, OFFERED, modes_text(modes, sizeof(modes), h->offered));
}

/* Where it asked for a mode, and could have queried: whether it did matters. */
static void tell_no_query(struct text *t, const struct summary *s)
{
	if (!history_requests(s->history) || !s->can_query)
		return;
	if (s->queries == COVERED) {
		clause(t, NO_QUERY);
		return;
	}
	t->reason = coverage_why(s->queries);
	clause(t, NO_QUERY_SEEN, t->reason);
}

/* ------------------------------------------------------------------ what keeps QEMU from starting
 * it */

#define LIST_LEN 512

size_t summary_denied(const struct summary *s, struct capability_grant *to)
{
	size_t n = 0;

	for (size_t i = 0; i < CAPABILITIES_MAX; i++)
		if (s->history->denied >> i & 1)
			to[n++] = qemu_machine_grant(i, s->host);
	return n;
}

static void add_word(char list[LIST_LEN], const char *sep, const char *word)
{
	size_t n = strlen(list);

	snprintf(list + n, LIST_LEN - n, "%s%s", n ? sep : "", word);
}

#define NAME_LEN 96

/* QEMU's own word, with the level that is granted; or a few words where it has none. */
static const char *name_of(char buf[NAME_LEN], const struct capability_grant *g)
{
	const char *name = capability_is_cap(g->c) ? g->c->name : g->c->what;

	if (!capability_has_levels(g->c))
		return name;
	snprintf(buf, NAME_LEN, DENIED_ABOVE, name, g->value);
	return buf;
}

void tell_denied(struct text *t, const struct summary *s)
{
	char names[LIST_LEN] = "", options[LIST_LEN] = "", elements[LIST_LEN] = "";
	struct capability_grant denied[CAPABILITIES_MAX];
	size_t n = summary_denied(s, denied);
	const char *otherwise = NULL;
	char name[NAME_LEN];
	bool can = true, libvirt = true;

	for (size_t i = 0; i < n; i++) {
		add_word(names, i + 1 < n ? ", " : " and ", name_of(name, &denied[i]));
		if (!*denied[i].option) {
			can = false;
			otherwise = denied[i].c->otherwise;
		}
		libvirt &= *denied[i].libvirt != '\0';
		add_word(options, ",", denied[i].option);
		add_word(elements, "", denied[i].libvirt);
	}
	if (n && can)
		fprintf(t->f, DENIED, names, options, libvirt ? elements : "<qemu:commandline>");
	else if (n)
		fprintf(t->f, DENIED_FOR_GOOD, names);
	if (otherwise)
		fprintf(t->f, DENIED_OTHERWISE, otherwise);
}

/* ------------------------------------------------------------------ the story */

static void tell_advice(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;
	const struct history_request *r = summary_unsolved(h);
	const struct history_line *line = r ? history_line_by_number(h, r->line) : NULL;
	struct history_run mode;
	bool differs;
	const struct summary_asked asked = {
		.comm = s->comm,
		.queried = summary_queried(h, s->queries),
		.query_cause = h->last_failure,
		.not_seen = coverage_why(s->queries),
		.can_query = s->can_query,
		.runs = h->n_failures || summary_mode_of_all(h, &differs, &mode),
		.line = line ? line->text : NULL,
	};
	char hint[DIAGNOSIS_HINT_LEN];

	if (r) {
		summary_request(hint, sizeof(hint), r, &asked);
		fprintf(t->f, " %s.", hint);
	} else if (!h->n_ok && h->n_failed && cause_advice(h->last_failure)) {
		fprintf(t->f, " " OF_NEWEST, cause_advice(h->last_failure));
	}
}

static void tell_rest(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;

	if (h->n_ways > 1 && h->n_ways < HISTORY_WAYS)
		fprintf(t->f, " " DIFFERENT_WAYS, h->n_ways);
	tell_advice(t, s);
	if (s->life != COVERED && !t->reason)
		fprintf(t->f, " " NOT_ALL, coverage_why(s->life));
	if (h->left_out)
		fputs(" " LEFT_OUT, t->f);
}

static void tell_paragraph(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;

	fprintf(t->f, HEAD, s->vm, s->comm && *s->comm ? s->comm : "?", s->pid);
	if (s->guest && *s->guest)
		fprintf(t->f, HEAD_GUEST, s->guest);
	if (h->incoming)
		fputs(", " INCOMING, t->f);
	t->sep = ": ";
	if (h->found) {
		tell_found(t, h);
		t->sep = "; ";
	}
	if (h->checked) {
		clause(t, CHECKED, h->answer);
		t->sep = "; ";
	}
	if (h->n_ok || h->n_failed)
		tell_queries(t, s);
	else
		tell_no_query(t, s);
	if (strcmp(t->sep, ": "))
		t->sep = "; ";
	tell_offered(t, h);
	tell_vcpus(t, s);
	fputs(".", t->f);
	tell_rest(t, s);
}

static void tell_sentence(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;

	if (h->incoming)
		clause(t, INCOMING);
	if (h->found)
		tell_found(t, h);
	if (h->n_ok)
		clause(t, QUERIED_SHORT);
	else if (h->n_failed)
		clause(t, QUERIED_IN_VAIN, cause_name(h->last_failure));
	else if (s->queries == COVERED)
		tell_no_query(t, s);
	tell_offered(t, h);
	tell_vcpus(t, s);
}

static char *compose(const struct summary *s, void (*tell)(struct text *t, const struct summary *s))
{
	char *text = NULL;
	size_t len = 0;
	struct text t = { .f = open_memstream(&text, &len), .sep = "" };

	if (!t.f)
		return NULL;
	tell(&t, s);
	if (!fclose(t.f))
		return text;
	free(text);
	return NULL;
}

char *summary_paragraph(const struct summary *s)
{
	return compose(s, tell_paragraph);
}

char *summary_sentence(const struct summary *s)
{
	return compose(s, tell_sentence);
}

/* ------------------------------------------------------------------ what is not known */

static void add(struct summary_not_known *to, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct summary_not_known *to, const char *fmt, ...)
{
	va_list ap;

	if (to->n == SUMMARY_NOT_KNOWN)
		return;
	va_start(ap, fmt);
	vsnprintf(to->text[to->n++], SUMMARY_NOT_KNOWN_LEN, fmt, ap);
	va_end(ap);
}

void summary_not_known(const struct summary *s, struct summary_not_known *to)
{
	const struct history *h = s->history;
	const struct history_request *r = summary_unsolved(h);
	struct history_run mode;
	bool differs, runs = summary_mode_of_all(h, &differs, &mode);

	to->n = 0;
	if (s->life != COVERED)
		add(to, UNKNOWN_CALLS, coverage_why(s->life));
	if (!history_has_run(h) && s->runs != COVERED)
		add(to, UNKNOWN_RUN, coverage_why(s->runs));
	if (r && r->ret < 0 && r->source == MODES_UNKNOWN && r->cause != ARCH_KVM_PR)
		add(to, UNKNOWN_OFFER);
	for (unsigned int i = 0; i < h->n_vcpus; i++)
		if (!h->vcpus[i].known)
			add(to, UNKNOWN_VCPU);
	if (runs && !mode.mode_known)
		add(to, UNKNOWN_MODE);
	if (h->found && h->found_seen < h->found_vcpus)
		add(to, UNKNOWN_VCPUS, h->found_vcpus - h->found_seen, h->found_vcpus);
	if (h->left_out)
		add(to, UNKNOWN_ROOM);
}

/* ------------------------------------------------------------------ what is left out */

static void tellf(paragraph_fn *paragraph, void *ctx, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tellf(paragraph_fn *paragraph, void *ctx, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	paragraph(text, ctx);
}

/* "1 VM", "2 VMs" */
#define N_VMS	 "%u VM%s"
#define n_vms(n) (n), (n) == 1 ? "" : "s"

void summary_left_out(const struct vm_table *t, paragraph_fn *paragraph, void *ctx)
{
	if (t->n_forgotten)
		tellf(paragraph, ctx, N_VMS " that ended earlier %s left out.",
		      n_vms(t->n_forgotten), t->n_forgotten == 1 ? "is" : "are");
	if (t->n_doubtful)
		tellf(paragraph, ctx, N_VMS " whose end may have been lost %s left out.",
		      n_vms(t->n_doubtful), t->n_doubtful == 1 ? "is" : "are");
	if (t->n_beyond || t->more_beyond)
		tellf(paragraph, ctx, "%s" N_VMS " %s left out: %u VMs can be told apart at once.",
		      t->more_beyond ? "At least " : "", n_vms(t->n_beyond),
		      t->n_beyond == 1 ? "is" : "are", VM_TABLE_MAX);
	if (t->room.n_left_out)
		tellf(paragraph, ctx,
		      "Of " N_VMS " a part is left out: all together they are too long.",
		      n_vms(t->room.n_left_out));
}
