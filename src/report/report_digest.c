// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads a recording into a digest, for the forms that show one. Text and HTML share it. The
 * timeline does not, because it writes events as they come.
 */
#include "report/report.h"

#include "lib/say.h"

static size_t count_shown(const struct report *r, const struct digest *d)
{
	size_t n = d->n_vms < REPORT_VMS ? d->n_vms : REPORT_VMS;

	while (r->only_broken && n && !digest_vm_is_broken(d->vms[n - 1]))
		n--;
	return n;
}

struct digest *report_digest(const struct report *r, const struct report_input *in,
			     struct recording *rec)
{
	struct digest *d = digest_new();
	const struct recording_reader reader = {
		.path = in->name,
		.recorded = in->recorded,
		.progress = true,
		.filter = in->filter,
		.event = digest_event,
		.finish = digest_finish,
		.ctx = d,
	};

	if (!d) {
		say("out of memory");
		return NULL;
	}
	recording_read_file(in->f, &reader, rec);
	d->n_unread = rec->n_unread;
	d->n_shown = count_shown(r, d);
	return d;
}
