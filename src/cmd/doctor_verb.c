// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace doctor: check whether this host can be traced. */
#include <stdlib.h>

#include "cmd/cli.h"
#include "lib/say.h"
#include "lib/status.h"
#ifndef COMPATCAPS_OFFLINE
#include "doctor/doctor_facts.h"
#include "cmd/verb_output.h"
#endif

enum { FORMAT_TEXT, FORMAT_JSON };

static const struct format formats[] = {
	[FORMAT_TEXT] = { "text", "one line for each finding, with its remedy", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "one object", SHIELD_JSON },
	{ NULL, NULL, SHIELD_TEXT },
};

#ifdef COMPATCAPS_OFFLINE

static int examine(const struct cli *c)
{
	(void)c;
	say("this build only reads recordings; doctor needs the ppc64le build, on the POWER host");
	return EXIT_IMPOSSIBLE;
}

#else

static bool show(struct output *o, const struct cli *c, void *doctor)
{
	bool ok = true;

	if (c->format == FORMAT_JSON)
		ok = doctor_show_json(output_file(o), doctor);
	else
		doctor_show_text(output_file(o), doctor, cli_wants_color(c, o));
	if (!ok)
		say("out of memory");
	return ok;
}

static int examine(const struct cli *c)
{
	static struct doctor_facts facts;
	static struct doctor doctor;
	int status;

	doctor_facts_read(&facts);
	doctor_examine(&doctor, &facts);
	status = verb_write(c, show, &doctor);
	return doctor_has_problem(&doctor) ? EXIT_IMPOSSIBLE : status;
}

#endif

int doctor_main(int argc, char **argv)
{
	struct cli cli = {
		.args_doc = "",
		.doc = "Report what keeps this host from being traced, and what VMMs get here. Nothing is changed or attached.",
		.formats = formats,
	};
	int status;

	cli_parse(&cli, argc, argv);
	status = examine(&cli);
	free(cli.inputs);
	return status;
}
