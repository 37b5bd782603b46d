// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace doctor: checks whether this host can be traced, and what VMMs meet on it. Facts
 * come from doctor_facts.c, and doctor.c judges them. The exit status says whether tracing is
 * possible.
 */
#include "cmd/run_output.h"
#include "lib/say.h"
#include "lib/status.h"
#ifndef COMPATCAPS_OFFLINE
#include "doctor/doctor_facts.h"
#endif

static const struct format formats[] = {
	[FORMAT_TEXT] = { "text", "one line for each finding, with its remedy", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "one object", SHIELD_JSON },
	{ NULL, NULL, SHIELD_TEXT },
};

#ifndef COMPATCAPS_OFFLINE

static bool show(struct output *out, const struct options *o, void *doctor)
{
	bool ok = true;

	if (o->format == FORMAT_JSON)
		ok = doctor_show_json(output_file(out), doctor);
	else
		doctor_show_text(output_file(out), doctor, run_wants_color(o, out), o->verbose);
	if (!ok)
		say("out of memory");
	return ok;
}

static int examine(const struct options *o)
{
	static struct doctor_facts facts;
	static struct doctor doctor;
	int status;

	doctor_facts_read(&facts);
	doctor_examine(&doctor, &facts);
	status = run_with_output(o, show, &doctor);
	return doctor_has_problem(&doctor) ? EXIT_IMPOSSIBLE : status;
}

#endif

static struct format format(size_t i)
{
	return formats[i];
}

const struct command command_doctor = {
	.name = "doctor",
	.what = "report what keeps this host from being traced",
	.args = "",
	.about = "Report what keeps this host from being traced, what to do about it, and which\n"
		 "modes VMMs get here. It looks at privilege, the kernel's types and probes, KVM\n"
		 "and QEMU, and ends with a verdict. Nothing is changed or attached.",
	.examples = "  compatcaps-trace doctor\n"
		    "  compatcaps-trace doctor --json >doctor.json\n"
		    "  compatcaps-trace doctor --json | jq -r '.findings[].remedy'\n"
		    "  compatcaps-trace doctor -q >/dev/null || echo cannot trace here",
	.status = "0 nothing keeps this host from being traced; 2 usage; 3 something\n"
		  "does, or the output could not be written.",
	.manual = "compatcaps-trace-doctor(1)",
	.uses = USE_OUTPUT | USE_COLOR | USE_VERBOSE,
	.format = format,
	.run = LIVE(examine),
};
