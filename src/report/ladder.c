// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a VM was offered, asked for, got and ran in, from its history. Of several vCPUs the newest
 * request counts, and a difference between them is shown. A step that was not seen stays empty.
 */
#include "report/ladder.h"

#include <stdio.h>

#include "diagnosis/summary.h"

/* The newest request of all, and whether vCPUs differ in what they asked for last, and got. */
static const struct history_request *newest_request(const struct history *h, bool *asked, bool *got)
{
	const struct history_request *newest = NULL;

	*asked = *got = false;
	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_vcpu *vcpu = &h->vcpus[i];
		const struct history_request *last = vcpu->n_kept ?
							     &vcpu->requests[vcpu->n_kept - 1] :
							     NULL;

		if (!last)
			continue;
		*asked |= newest && newest->pvr != last->pvr;
		*got |= newest && newest->cause != last->cause;
		if (!newest || last->seq > newest->seq)
			newest = last;
	}
	return newest;
}

static bool got_a_mode(const struct history *h)
{
	for (unsigned int i = 0; i < h->n_vcpus; i++)
		for (unsigned int j = 0; j < h->vcpus[i].n_kept; j++)
			if (h->vcpus[i].requests[j].ret >= 0)
				return true;
	return false;
}

/* Of a vCPU the first failure is kept alone: a later one may have come after it ran. */
static bool a_run_failed(const struct history *h)
{
	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_vcpu *vcpu = &h->vcpus[i];

		if (vcpu->failure && (vcpu->n_failures > 1 || vcpu->ran.seq < vcpu->failure->seq))
			return true;
	}
	return false;
}

/* Absence counts where nothing can have been missed. */
static bool queried_in_vain(const struct vm_story *story)
{
	const struct history *h = story->history;

	/* That a kernel is without the ioctl is no fault of a VM. */
	return story->coverage == COVERED && story->queries == COVERED && story->runs == COVERED &&
	       h->n_failed && !h->n_ok && h->last_failure != CAUSE_NO_KERNEL_SUPPORT &&
	       !got_a_mode(h) && !history_has_run(h);
}

static enum outcome outcome_of(const struct vm_story *story)
{
	const struct history *h = story->history;
	const struct history_request *wrong = summary_unsolved(h);

	if (a_run_failed(h))
		return OUTCOME_RUN_FAILED;
	if (wrong)
		return wrong->ret < 0 ? OUTCOME_REFUSED : OUTCOME_ABOVE_HOST;
	if (queried_in_vain(story))
		return OUTCOME_QUERY_FAILED;
	return OUTCOME_FINE;
}

static void fill_offered(struct ladder *l, const struct history *h)
{
	if (h->offered_known)
		modes_text(l->offered, sizeof(l->offered), h->offered);
	else if (h->n_failed && !h->n_ok)
		snprintf(l->offered, sizeof(l->offered), "%s", cause_name(h->last_failure));
}

static void fill_asked(struct ladder *l, const struct history *h)
{
	bool asked, got;
	const struct history_request *newest = newest_request(h, &asked, &got);
	char mode[SUMMARY_MODE_LEN];

	if (!newest)
		return;
	snprintf(l->asked, sizeof(l->asked), "%s",
		 asked ? SUMMARY_SEVERAL : summary_wanted(mode, newest->pvr));
	snprintf(l->got, sizeof(l->got), "%s",
		 got ? SUMMARY_SEVERAL : arch_cause_name(newest->cause));
}

static void fill_ran(struct ladder *l, const struct vm_story *story)
{
	const struct history *h = story->history;
	char mode[SUMMARY_MODE_LEN] = "";
	struct history_run run;
	bool differs;

	if (a_run_failed(h))
		snprintf(l->ran, sizeof(l->ran), "failed");
	else if (!summary_mode_of_all(h, &differs, &run))
		snprintf(l->ran, sizeof(l->ran), "%s",
			 story->runs != COVERED || history_has_run(h) ? "" :
			 h->ended				      ? "no" :
									"not yet");
	else if (differs)
		snprintf(l->ran, sizeof(l->ran), SUMMARY_SEVERAL);
	else if (!run.mode_known)
		snprintf(l->ran, sizeof(l->ran), "yes");
	else
		snprintf(l->ran, sizeof(l->ran), "%s", summary_runs_in(mode, run.pvr));
}

void ladder_of(const struct vm_story *story, struct ladder *l)
{
	*l = (struct ladder){ .outcome = outcome_of(story) };
	fill_offered(l, story->history);
	fill_asked(l, story->history);
	fill_ran(l, story);
}
