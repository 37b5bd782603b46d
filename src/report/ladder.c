// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a VM was offered, asked for, got and ran in, out of its history. Of several vCPUs the newest
 * request counts, and that they differ is said.
 */
#include "report/ladder.h"

#include <stdio.h>

#include "diagnosis/summary.h"

#define SEVERAL "several"

/* The newest request of all; differ: another vCPU asked last for another mode, or got another. */
static const struct history_request *newest_request(const struct history *h, bool *differ)
{
	const struct history_request *newest = NULL;

	*differ = false;
	for (unsigned int i = 0; i < h->n_vcpus; i++) {
		const struct history_vcpu *vcpu = &h->vcpus[i];
		const struct history_request *last = vcpu->n_kept ?
							     &vcpu->requests[vcpu->n_kept - 1] :
							     NULL;

		if (!last)
			continue;
		*differ |= newest && (newest->pvr != last->pvr || newest->cause != last->cause);
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

static enum outcome outcome_of(const struct history *h)
{
	const struct history_request *wrong = summary_unsolved(h);

	if (h->n_failures)
		return OUTCOME_RUN_FAILED;
	if (wrong)
		return wrong->ret < 0 ? OUTCOME_REFUSED : OUTCOME_ABOVE_HOST;
	/* That a kernel is without the ioctl is no fault of a VM. */
	if (h->n_failed && !h->n_ok && h->last_failure != CAUSE_NO_KERNEL_SUPPORT &&
	    !got_a_mode(h) && !history_has_run(h))
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
	bool differ;
	const struct history_request *newest = newest_request(h, &differ);
	char mode[SUMMARY_MODE_LEN];

	if (!newest)
		return;
	snprintf(l->asked, sizeof(l->asked), "%s",
		 differ ? SEVERAL : summary_wanted(mode, newest->pvr));
	snprintf(l->got, sizeof(l->got), "%s", differ ? SEVERAL : arch_cause_name(newest->cause));
}

static void fill_ran(struct ladder *l, const struct vm_story *story)
{
	const struct history *h = story->history;
	char mode[SUMMARY_MODE_LEN] = "";
	struct history_run run;
	bool differs;

	if (h->n_failures)
		snprintf(l->ran, sizeof(l->ran), "failed");
	else if (!summary_mode_of_all(h, &differs, &run))
		snprintf(l->ran, sizeof(l->ran), "%s",
			 story->runs == COVERED && !history_has_run(h) ? "no" : "");
	else if (differs)
		snprintf(l->ran, sizeof(l->ran), SEVERAL);
	else if (!run.mode_known)
		snprintf(l->ran, sizeof(l->ran), "yes");
	else
		snprintf(l->ran, sizeof(l->ran), "%s", summary_runs_in(mode, run.pvr));
}

void ladder_of(const struct vm_story *story, struct ladder *l)
{
	*l = (struct ladder){ .outcome = outcome_of(story->history) };
	fill_offered(l, story->history);
	fill_asked(l, story->history);
	fill_ran(l, story);
}
