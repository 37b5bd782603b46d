// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads a recording for the forms of a report that show its digest. */
#include "report/report.h"

#include "lib/say.h"

struct digest *report_digest(const struct report_input *in, struct recording *rec)
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
	return d;
}
