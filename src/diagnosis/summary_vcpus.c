// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What vCPUs did, in the order of their events: requests, a failure, a run. vCPUs that asked for
 * the same share a sentence. Which vCPU it was is said where that matters: where others did
 * otherwise.
 */
#include <stdlib.h>
#include <string.h>

#include "diagnosis/summary_words.h"

/* ------------------------------------------------------------------ a run that failed */

/* The newest mode of a bitmap; NULL: none that is known. */
static const char *newest_of(uint64_t modes)
{
	const struct abi_mode *mode;
	const char *newest = NULL;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (modes & mode->bit)
			newest = mode->name;
	return newest;
}

#define EXIT_LEN 128 /* of how a KVM_RUN ended that failed */

static void exit_text(char *buf, size_t len, const struct history_failure *f)
{
	char name[16];

	if (f->ret < 0)
		snprintf(buf, len, f->without_papr ? WITHOUT_PAPR : "%s",
			 errno_name(f->ret, name, sizeof(name)));
	else if (!f->hardware_known)
		snprintf(buf, len, "exit reason %s", abi_exit_name(f->exit_reason));
	else if (f->exit_reason == ABI_EXIT_INTERNAL_ERROR)
		snprintf(buf, len, "exit reason %s, suberror %" PRIu64,
			 abi_exit_name(f->exit_reason), f->hardware_reason);
	else
		snprintf(buf, len, "exit reason %s, hardware reason 0x%" PRIx64,
			 abi_exit_name(f->exit_reason), f->hardware_reason);
}

const char *summary_printed(const struct history *h, const struct history_failure *f)
{
	const struct history_line *line = h ? history_line_by_number(h, f->line) : NULL;

	return line ? line->text : NULL;
}

static bool has_several_vcpus(const struct history *h)
{
	return h->n_vcpus > 1;
}

/* How a failure is described: what is known of the VM, and whether its vCPU was named before. */
enum of_whom { OF_VM, OF_NAMED, OF_UNNAMED };

static void tell_first_run(struct text *t, const struct history *h, const struct history_vcpu *vcpu,
			   const struct history_failure *f, enum of_whom whom)
{
	const char *line = summary_printed(h, f);
	char how[EXIT_LEN], what[LINE_SAID + EXIT_LEN + 16];

	exit_text(how, sizeof(how), f);
	if (line)
		snprintf(what, sizeof(what), "%.*s%s (%s)", LINE_SAID, line,
			 strlen(line) > LINE_SAID ? "..." : "", how);
	else
		snprintf(what, sizeof(what), "%s", how);
	if (f->first == FIRST_OF_VM && whom == OF_VM)
		clause(t, FIRST_RUN_OF_VM, what);
	else if (vcpu->known)
		clause(t, FIRST_RUN_OF_VCPU, vcpu->id, what);
	else
		clause(t, FIRST_RUN_OF_ONE, what);
}

static void tell_plain_run(struct text *t, const struct history *h, const struct history_vcpu *vcpu,
			   const struct history_failure *f, enum of_whom whom)
{
	bool later = vcpu && vcpu->first_run && vcpu->first_run < f->seq;
	const char *line = summary_printed(h, f);
	char how[EXIT_LEN];

	exit_text(how, sizeof(how), f);
	if (later && whom == OF_UNNAMED && vcpu->known)
		clause(t, f->ret < 0 ? LATER_OF_VCPU_FAILED : LATER_OF_VCPU_ENDED, vcpu->id, how);
	else if (later)
		clause(t, f->ret < 0 ? LATER_FAILED : LATER_ENDED, how);
	else if (vcpu && vcpu->known && has_several_vcpus(h))
		clause(t, f->ret < 0 ? VCPU_FAILED : VCPU_ENDED, vcpu->id, how);
	else
		clause(t, f->ret < 0 ? RUN_FAILED : RUN_ENDED, how);
	if (line)
		fprintf(t->f, PRINTED, LINE_SAID, line, strlen(line) > LINE_SAID ? "..." : "");
}

/* Of several vCPUs the same. who: "vCPUs 0, 1 "; "": they were named just now. */
static void tell_failures(struct text *t, const struct history *h, const struct history_vcpu *vcpu,
			  const char *who)
{
	const struct history_failure *f = vcpu->failure;
	bool later = vcpu->first_run && vcpu->first_run < f->seq, failed = f->ret < 0;
	const char *line = summary_printed(h, f);
	char how[EXIT_LEN], what[LINE_SAID + EXIT_LEN + 16];

	exit_text(how, sizeof(how), f);
	snprintf(what, sizeof(what), line ? "%.*s%s (%s)" : "%.*s%s%s", LINE_SAID, line ? line : "",
		 line && strlen(line) > LINE_SAID ? "..." : "", how);
	if (f->first >= FIRST_OF_VCPU && *who)
		clause(t, FIRST_RUN_OF_GROUP, who, what);
	else if (f->first >= FIRST_OF_VCPU)
		clause(t, FIRST_RUN_OF_EACH, what);
	else if (later && *who)
		clause(t, failed ? GROUP_FAILED_LATER : GROUP_ENDED_LATER, who, how);
	else if (later)
		clause(t, failed ? EACH_FAILED_LATER : EACH_ENDED_LATER, how);
	else if (*who)
		clause(t, failed ? GROUP_FAILED : GROUP_ENDED, who, how);
	else
		clause(t, failed ? EACH_FAILED : EACH_ENDED, how);
	if (line && f->first < FIRST_OF_VCPU)
		fprintf(t->f, PRINTED, LINE_SAID, line, strlen(line) > LINE_SAID ? "..." : "");
}

/* Before that failure, so that not each of its vCPUs has the mode of the failing one. */
static bool asked_for_another(const struct history_vcpu *vcpu, const struct history_failure *f)
{
	for (unsigned int i = 0; i < vcpu->n_kept; i++)
		if (vcpu->requests[i].seq < f->seq && vcpu->requests[i].pvr != f->pvr)
			return true;
	return false;
}

static void tell_failure(struct text *t, const struct history *h, const struct history_vcpu *vcpu,
			 const struct history_failure *f, enum of_whom whom)
{
	char mode[SUMMARY_MODE_LEN];

	if (vcpu && f->first >= FIRST_OF_VCPU)
		tell_first_run(t, h, vcpu, f, whom);
	else
		tell_plain_run(t, h, vcpu, f, whom);
	/* Which vCPU it was is not known, and yet which mode it had. */
	if (vcpu && !vcpu->known && f->mode_known && f->pvr && f->pvr != ABI_PVR_INVALID &&
	    (!f->asked || asked_for_another(vcpu, f)))
		clause(t, ON_VCPU_IN, summary_runs_in(mode, f->pvr));
}

static void tell_above_host(struct text *t, const char *who, const struct history_request *r,
			    unsigned int n)
{
	const char *newest = newest_of(r->modes);
	char mode[SUMMARY_ASKED_LEN];

	if (newest && n > 1)
		clause(t, ABOVE_HOST_TIMES, who, summary_asked(mode, r), n, newest);
	else if (newest)
		clause(t, ABOVE_HOST, who, summary_asked(mode, r), newest);
	else
		clause(t, ABOVE_SOME_HOST, who, summary_asked(mode, r));
	t->sep = ", and ";
}

char *summary_failure(const struct history *h, const struct history_vcpu *vcpu,
		      const struct history_failure *f)
{
	char *text = NULL, mode[SUMMARY_ASKED_LEN];
	size_t len = 0;
	struct text t = { .f = open_memstream(&text, &len), .sep = "" };

	if (!t.f)
		return NULL;
	if (f->asked && f->request.cause == ARCH_ACCEPTED_ABOVE_HOST)
		tell_above_host(&t, "", &f->request, 1);
	else if (f->asked)
		clause(&t, ASKED, "", summary_asked(mode, &f->request),
		       arch_cause_name(f->request.cause));
	tell_failure(&t, h, vcpu, f, OF_VM);
	if (!h) {
		t.sep = "; ";
		clause(&t, OF_NO_VM);
	}
	if (!fclose(t.f))
		return text;
	free(text);
	return NULL;
}

/* ------------------------------------------------------------------ what a vCPU did */

/* Telling a vCPU in the order of its events. */
struct telling {
	struct text *t;
	const struct summary *s;
	const struct history_vcpu *vcpu;
	const char *who; /* before the first clause */
	bool several;	 /* vCPUs, with the same to say */
	bool told_failure, told_run;
	bool begun; /* something of it was told */
};

static bool same_request(const struct history_request *a, const struct history_request *b)
{
	return a->pvr == b->pvr && a->cause == b->cause && a->by == b->by;
}

static const struct history_request *last_request(const struct history_vcpu *vcpu)
{
	return vcpu->n_kept ? &vcpu->requests[vcpu->n_kept - 1] : NULL;
}

/* That it runs since its newest request. */
static bool runs_now(const struct history_vcpu *vcpu)
{
	const struct history_request *last = last_request(vcpu);

	return vcpu->ran.seq && (!last || vcpu->ran.seq > last->seq);
}

static void tell_run_before(struct telling *g)
{
	char mode[SUMMARY_MODE_LEN];

	g->told_run = true;
	summary_runs_in(mode, g->vcpu->ran.pvr);
	if (!g->vcpu->ran.mode_known)
		clause(g->t, g->begun ? THEN_RAN_SOMEHOW : RAN_SOMEHOW, g->begun ? "" : g->who);
	else if (g->begun)
		clause(g->t, THEN_RAN, mode);
	else
		clause(g->t, RAN, g->who, mode);
	g->begun = true;
}

/* What was lost since it failed may have been a run of another vCPU. */
static enum of_whom of_whom(const struct telling *g)
{
	if (*g->who && !g->begun)
		return OF_UNNAMED;
	return g->s->runs == COVERED ? OF_VM : OF_NAMED;
}

static void tell_its_failure(struct telling *g)
{
	g->told_failure = true;
	if (g->several)
		tell_failures(g->t, g->s->history, g->vcpu, g->begun ? "" : g->who);
	else
		tell_failure(g->t, g->s->history, g->vcpu, g->vcpu->failure, of_whom(g));
}

/* What came before the event of this number. */
static void tell_until(struct telling *g, uint64_t seq)
{
	const struct history_vcpu *vcpu = g->vcpu;
	bool fails = vcpu->failure && !g->told_failure && vcpu->failure->seq < seq;
	bool ran = vcpu->ran.seq && !g->told_run && vcpu->ran.seq < seq && !runs_now(vcpu);

	if (ran && (!fails || vcpu->ran.seq < vcpu->failure->seq))
		tell_run_before(g);
	if (fails) {
		tell_its_failure(g);
		g->begun = true;
	}
	if (ran && !g->told_run)
		tell_run_before(g);
}

static bool is_followed(const struct history_vcpu *vcpu, const struct history_request *r)
{
	return runs_now(vcpu) || (vcpu->failure && vcpu->failure->seq > r->seq);
}

static const char *was(bool several)
{
	return several ? "were" : "was";
}

static void tell_again(struct telling *g, bool refused, const char *mode, unsigned int n,
		       const char *cause)
{
	if (refused && n > 1)
		clause(g->t, THEN_REFUSED_TIMES, was(g->several), mode, n, cause);
	else if (refused)
		clause(g->t, THEN_REFUSED, was(g->several), mode, cause);
	else if (n > 1)
		clause(g->t, THEN_ASKED_TIMES, mode, n, cause);
	else
		clause(g->t, THEN_ASKED, mode, cause);
}

static void tell_first(struct telling *g, bool refused, const char *mode, unsigned int n,
		       const char *cause)
{
	if (refused && n > 1)
		clause(g->t, REFUSED_TIMES, g->who, was(g->several), mode, n, cause);
	else if (refused)
		clause(g->t, REFUSED, g->who, was(g->several), mode, cause);
	else if (n > 1)
		clause(g->t, ASKED_TIMES, g->who, mode, n, cause);
	else
		clause(g->t, ASKED, g->who, mode, cause);
}

/* n equal requests one after the other. */
static void tell_requests(struct telling *g, const struct history_request *r, unsigned int n,
			  bool last)
{
	bool refused = r->ret < 0 && (!last || runs_now(g->vcpu));
	const char *cause = arch_cause_name(r->cause);
	char mode[SUMMARY_ASKED_LEN];

	summary_asked(mode, r);
	if (last && r->cause == ARCH_ACCEPTED_ABOVE_HOST && is_followed(g->vcpu, r))
		tell_above_host(g->t, g->begun ? "then " : g->who, r, n);
	else if (g->begun)
		tell_again(g, refused, mode, n, cause);
	else
		tell_first(g, refused, mode, n, cause);
	g->begun = true;
}

/* How many of its requests, from this one on, are the same, with nothing in between. */
static unsigned int run_of_requests(const struct history_vcpu *vcpu, unsigned int from)
{
	uint64_t fails = vcpu->failure ? vcpu->failure->seq : 0, ran = vcpu->ran.seq;
	uint64_t begin = vcpu->requests[from].seq;
	unsigned int n = 1;

	for (; from + n < vcpu->n_kept; n++) {
		uint64_t seq = vcpu->requests[from + n].seq;

		if (!same_request(&vcpu->requests[from], &vcpu->requests[from + n]) ||
		    (fails > begin && fails < seq) || (ran > begin && ran < seq))
			break;
	}
	return n;
}

#define GROUPS_TOLD 4

static unsigned int count_groups(const struct history_vcpu *vcpu)
{
	unsigned int groups = 0;

	for (unsigned int i = 0; i < vcpu->n_kept; i += run_of_requests(vcpu, i))
		groups++;
	return groups;
}

static void tell_mode_of_run(struct text *t, const struct history_run *run)
{
	char mode[SUMMARY_MODE_LEN];

	if (run->mode_known)
		clause(t, RAN, "", summary_runs_in(mode, run->pvr));
	else
		clause(t, RAN_SOMEHOW, "");
}

static void tell_often(struct telling *g)
{
	const struct history_vcpu *vcpu = g->vcpu;
	const struct history_request *last = last_request(vcpu);
	char mode[SUMMARY_ASKED_LEN];

	tell_until(g, vcpu->requests[0].seq);
	summary_asked(mode, last);
	if (g->vcpu->n_refused)
		clause(g->t, REFUSED_OFTEN, g->who, g->vcpu->n_requests, g->vcpu->n_refused, mode,
		       arch_cause_name(last->cause));
	else
		clause(g->t, ASKED_OFTEN, g->who, g->vcpu->n_requests, mode,
		       arch_cause_name(last->cause));
	g->begun = true;
	if (vcpu->failure && !g->told_failure && vcpu->failure->seq < last->seq) {
		g->t->sep = IN_BETWEEN;
		tell_its_failure(g);
	}
	if (vcpu->ran.seq && !g->told_run && vcpu->ran.seq < last->seq) {
		g->t->sep = IN_BETWEEN;
		g->told_run = true;
		tell_mode_of_run(g->t, &vcpu->ran);
	}
}

/* Its requests and its failure, and what it ran in before the newest request. */
static void tell_vcpu(struct text *t, const struct summary *s, const struct history_vcpu *vcpu,
		      const char *who, bool several)
{
	struct telling g = { .t = t, .s = s, .vcpu = vcpu, .who = who, .several = several };
	unsigned int n;

	if (vcpu->n_kept && (vcpu->n_requests > vcpu->n_kept || count_groups(vcpu) > GROUPS_TOLD)) {
		tell_often(&g);
	} else {
		for (unsigned int i = 0; i < vcpu->n_kept; i += n) {
			n = run_of_requests(vcpu, i);
			tell_until(&g, vcpu->requests[i].seq);
			tell_requests(&g, &vcpu->requests[i], n, i + n == vcpu->n_kept);
		}
	}
	tell_until(&g, UINT64_MAX);
}

/* ------------------------------------------------------------------ what vCPUs run in */

bool summary_mode_of_all(const struct history *h, bool *differs, struct history_run *mode)
{
	bool any = false;

	*differs = false;
	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_run *ran = &h->vcpus[i].ran;

		if (!runs_now(&h->vcpus[i]))
			continue;
		if (!any)
			*mode = *ran;
		*differs |= any && (ran->mode_known != mode->mode_known || ran->pvr != mode->pvr);
		any = true;
	}
	return any;
}

/* How it runs now is known where neither a request nor a KVM_RUN that failed can have been missed.
 */
static bool knows_how_it_runs(const struct summary *s)
{
	return s->requests == COVERED && s->runs == COVERED;
}

static void tell_run(struct text *t, const struct summary *s, const char *who, bool several,
		     const struct history_run *run, bool refused)
{
	const char *runs = several ? "run" : "runs";
	/* Of one whose runs fail nobody knows whether it still runs. */
	bool ended = s->history->ended || s->history->n_failures, all = knows_how_it_runs(s);
	char mode[SUMMARY_MODE_LEN];

	if (!all && !run->mode_known)
		clause(t, SEEN_TO_RUN_SOMEHOW, who, was(several));
	else if (!all)
		clause(t, SEEN_TO_RUN, who, was(several), summary_runs_in(mode, run->pvr));
	else if (!run->mode_known && ended)
		clause(t, RAN_SOMEHOW, who);
	else if (!run->mode_known)
		clause(t, RUNS_SOMEHOW, who, runs);
	else if (refused && !run->pvr && ended)
		clause(t, WENT_ON, who);
	else if (refused && !run->pvr)
		clause(t, GOES_ON, who, runs);
	else if (ended)
		clause(t, RAN, who, summary_runs_in(mode, run->pvr));
	else
		clause(t, RUNS, who, runs, summary_runs_in(mode, run->pvr));
}

#define VCPUS_NAMED 4

static void vcpu_name(char *buf, size_t len, const struct history_vcpu *vcpu)
{
	if (vcpu->known)
		snprintf(buf, len, "vCPU %" PRIu32, vcpu->id);
	else
		snprintf(buf, len, "a vCPU");
}

static void tell_different_runs(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;
	char list[VCPUS_NAMED * 96] = "", name[24], mode[SUMMARY_MODE_LEN];
	unsigned int n = 0;
	size_t at = 0;

	for (unsigned int i = 0; i < h->n_vcpus && at < sizeof(list); i++) {
		const struct history_vcpu *vcpu = &h->vcpus[i];

		if (!runs_now(vcpu))
			continue;
		if (n++ == VCPUS_NAMED) {
			snprintf(list + at, sizeof(list) - at, ", and others");
			break;
		}
		vcpu_name(name, sizeof(name), vcpu);
		if (vcpu->ran.mode_known)
			summary_runs_in(mode, vcpu->ran.pvr);
		else
			snprintf(mode, sizeof(mode), "a mode not known");
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s in %s", at ? ", " : "",
				       name, mode);
	}
	if (!knows_how_it_runs(s))
		clause(t, SEEN_TO_DIFFER, list);
	else
		clause(t, h->ended || h->n_failures ? RAN_DIFFERENTLY : RUN_DIFFERENTLY, list);
}

static void tell_no_run(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;

	if (history_has_run(h))
		return;
	if (s->runs == COVERED) {
		clause(t, "%s", h->ended ? ENDED_BEFORE : NOT_YET);
		tell_denied(t, s);
	} else if (history_requests(h) && t->reason == coverage_why(s->runs)) {
		clause(t, NO_RUN_SEEN_EITHER);
	} else if (history_requests(h)) {
		t->reason = coverage_why(s->runs);
		clause(t, NO_RUN_SEEN, t->reason);
	}
}

/* ------------------------------------------------------------------ vCPUs together */

static bool does_something(const struct history_vcpu *vcpu)
{
	return vcpu->n_requests || vcpu->n_failures;
}

static bool same_requests(const struct history_vcpu *a, const struct history_vcpu *b)
{
	if (a->n_requests != b->n_requests || a->n_kept != b->n_kept || a->known != b->known)
		return false;
	for (unsigned int i = 0; i < a->n_kept; i++)
		if (!same_request(&a->requests[i], &b->requests[i]))
			return false;
	return true;
}

/* Its newest requests, that came after it ran last. */
static unsigned int requests_since(const struct history_vcpu *vcpu)
{
	unsigned int n = 0;

	for (unsigned int i = 0; vcpu->ran.seq && i < vcpu->n_kept; i++)
		n += vcpu->requests[i].seq > vcpu->ran.seq;
	return n;
}

/* In the same mode, ahead of the same request. */
static bool same_runs(const struct history_vcpu *a, const struct history_vcpu *b)
{
	if (!a->ran.seq && !b->ran.seq)
		return true;
	return a->ran.seq && b->ran.seq && requests_since(a) == requests_since(b) &&
	       a->ran.mode_known == b->ran.mode_known && a->ran.pvr == b->ran.pvr;
}

/* What each runs in now stands for all; what one ran in before only if the others did too. */
static bool same_until_now(const struct history_vcpu *a, const struct history_vcpu *b)
{
	return same_requests(a, b) &&
	       ((!requests_since(a) && !requests_since(b)) || same_runs(a, b));
}

static unsigned int requests_before(const struct history_vcpu *vcpu, uint64_t seq)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < vcpu->n_kept; i++)
		n += vcpu->requests[i].seq < seq;
	return n;
}

static bool same_lines(const char *a, const char *b)
{
	return (!a && !b) || (a && b && !strcmp(a, b));
}

/* It ended in the same way. */
static bool same_exit(const struct history *h, const struct history_failure *a,
		      const struct history_failure *b)
{
	return a->ret == b->ret && a->exit_reason == b->exit_reason &&
	       a->hardware_known == b->hardware_known &&
	       (!a->hardware_known || a->hardware_reason == b->hardware_reason) &&
	       a->without_papr == b->without_papr &&
	       (a->first >= FIRST_OF_VCPU) == (b->first >= FIRST_OF_VCPU) &&
	       a->mode_known == b->mode_known && a->pvr == b->pvr &&
	       same_lines(summary_printed(h, a), summary_printed(h, b));
}

/* In the same way, after as many requests, and before or after it ran. */
static bool same_failure(const struct history *h, const struct history_vcpu *a,
			 const struct history_vcpu *b)
{
	const struct history_failure *x = a->failure, *y = b->failure;

	if (!x || !y)
		return !x && !y;
	return same_exit(h, x, y) && requests_before(a, x->seq) == requests_before(b, y->seq) &&
	       (a->ran.seq > x->seq) == (b->ran.seq > y->seq) &&
	       (a->first_run && a->first_run < x->seq) == (b->first_run && b->first_run < y->seq);
}

/* What is said of one of these holds for the other. */
static bool same_story(const struct history *h, const struct history_vcpu *a,
		       const struct history_vcpu *b)
{
	return a == b || (same_requests(a, b) && same_failure(h, a, b) && same_runs(a, b));
}

/* The one that stands for all: the first that failed, else the first. NULL: none did anything.
 */
static const struct history_vcpu *first_vcpu(const struct history *h)
{
	const struct history_vcpu *first = NULL;

	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_vcpu *vcpu = &h->vcpus[i];

		if (!does_something(vcpu))
			continue;
		if (!first || (vcpu->failure &&
			       (!first->failure || vcpu->failure->seq < first->failure->seq)))
			first = vcpu;
	}
	return first;
}

/* Did all that asked ask for the same, and none fail? Then it is told of the VM and of none of
 * them. */
static bool are_alike(const struct history *h)
{
	const struct history_vcpu *first = NULL;

	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_vcpu *vcpu = &h->vcpus[i];

		if (vcpu->failure && h->n_vcpus > 1)
			return false;
		if (!vcpu->n_requests)
			continue;
		if (first && !same_until_now(first, vcpu))
			return false;
		first = vcpu;
	}
	return true;
}

/*
 * "vCPUs 0, 1, 2 " of those that did the same; done: those that were told of. Returns how many they
 * are.
 */
static unsigned int name_group(char *buf, size_t len, const struct history *h, unsigned int from,
			       bool done[HISTORY_VCPUS])
{
	const struct history_vcpu *one = &h->vcpus[from];
	unsigned int n = 0, named = 0;
	size_t at;

	for (unsigned int i = from; i < h->n_vcpus; i++)
		n += !done[i] && same_story(h, one, &h->vcpus[i]);
	if (n == 1) {
		vcpu_name(buf, len, one);
		strncat(buf, " ", len - strlen(buf) - 1);
		done[from] = true;
		return 1;
	}
	at = (size_t)snprintf(buf, len, "vCPUs");
	for (unsigned int i = from; i < h->n_vcpus; i++) {
		if (done[i] || !same_story(h, one, &h->vcpus[i]))
			continue;
		done[i] = true;
		if (named++ < VCPUS_NAMED && at < len)
			at += (size_t)snprintf(buf + at, len - at, "%s %" PRIu32,
					       named > 1 ? "," : "", h->vcpus[i].id);
	}
	if (at < len)
		snprintf(buf + at, len - at, "%s ", named > VCPUS_NAMED ? " and others" : "");
	return n;
}

static void tell_group(struct text *t, const struct summary *s, unsigned int from,
		       bool done[HISTORY_VCPUS])
{
	const struct history_vcpu *vcpu = &s->history->vcpus[from];
	const struct history_request *last = last_request(vcpu);
	char who[96];
	bool several = name_group(who, sizeof(who), s->history, from, done) > 1;

	tell_vcpu(t, s, vcpu, who, several);
	if (runs_now(vcpu))
		tell_run(t, s, does_something(vcpu) ? "" : who, several, &vcpu->ran,
			 last && last->ret < 0);
	t->sep = "; ";
}

static void tell_each(struct text *t, const struct summary *s)
{
	const struct history *h = s->history;
	bool done[HISTORY_VCPUS] = { false };
	unsigned int groups = 0, others = 0;

	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		if (done[i] || (!does_something(&h->vcpus[i]) && !h->vcpus[i].ran.seq))
			continue;
		if (groups++ < GROUPS_TOLD)
			tell_group(t, s, i, done);
		else
			others++;
	}
	if (others == 1)
		clause(t, ONE_OTHER);
	else if (others)
		clause(t, OTHERS, others);
	t->sep = "; ";
	tell_no_run(t, s);
}

/* Was each that runs refused what it asked for last? */
static bool all_refused(const struct history *h)
{
	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_request *last = last_request(&h->vcpus[i]);

		if (runs_now(&h->vcpus[i]) && (!last || last->ret >= 0))
			return false;
	}
	return true;
}

static void tell_together(struct text *t, const struct summary *s)
{
	const struct history_vcpu *vcpu = first_vcpu(s->history);
	struct history_run mode;
	bool differs;

	if (vcpu)
		tell_vcpu(t, s, vcpu, "", false);
	if (!summary_mode_of_all(s->history, &differs, &mode))
		tell_no_run(t, s);
	else if (differs)
		tell_different_runs(t, s);
	else
		tell_run(t, s, "", false, &mode, all_refused(s->history));
}

/* "Asked for no mode" is a claim about all of its life. */
static void tell_no_request(struct text *t, const struct summary *s)
{
	if (history_requests(s->history))
		return;
	if (s->requests == COVERED) {
		clause(t, ASKED_NONE);
		return;
	}
	t->reason = coverage_why(s->requests);
	clause(t, ASKED_NONE_SEEN, t->reason);
}

void tell_vcpus(struct text *t, const struct summary *s)
{
	tell_no_request(t, s);
	if (are_alike(s->history))
		tell_together(t, s);
	else
		tell_each(t, s);
}

const struct history_request *summary_unsolved(const struct history *h)
{
	const struct history_request *newest = NULL;

	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_request *last = last_request(&h->vcpus[i]);

		if (last && arch_cause_kind(last->cause) == VERDICT_FAILURE &&
		    (!newest || last->seq > newest->seq))
			newest = last;
	}
	return newest;
}
