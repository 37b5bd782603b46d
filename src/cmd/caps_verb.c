// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace caps: lists what KVM grants of all that QEMU's pseries machine asks it for. What
 * is missing is no failure of the verb: its status says whether KVM could be asked. The rows are in
 * kvm/capabilities.def, the questions in live/capabilities_read.c.
 */
#include "cmd/run_output.h"
#include "lib/say.h"
#include "lib/status.h"
#ifndef COMPATCAPS_OFFLINE
#include "live/capabilities_read.h"
#include "output/capabilities_show.h"
#endif

static const struct format formats[] = {
	[FORMAT_TEXT] = { "text", "what is missing, then a table", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "one object", SHIELD_JSON },
	{ NULL, NULL, SHIELD_TEXT },
};

#ifndef COMPATCAPS_OFFLINE

static bool show(struct output *out, const struct options *o, void *report)
{
	bool ok = true;

	if (o->format == FORMAT_JSON)
		ok = capabilities_show_json(output_file(out), report);
	else
		capabilities_show_text(output_file(out), report, run_wants_color(o, out));
	if (!ok)
		say("out of memory");
	return ok;
}

static int run(const struct options *o)
{
	static struct capability_report report;
	char error[CAPABILITIES_ERROR_LEN];

	if (capabilities_read(&report.facts, &report.pr, error))
		return run_with_output(o, show, &report);
	say("%s", error);
	return EXIT_IMPOSSIBLE;
}

#endif

static struct format format(size_t i)
{
	return formats[i];
}

const struct command command_caps = {
	.name = "caps",
	.what = "list what KVM grants QEMU on this host",
	.args = "",
	.about = "List what this host's KVM grants of all that QEMU's pseries machine asks for\n"
		 "when it starts: its cap-* options, interrupt controllers, the MMU, hypercalls.\n"
		 "What keeps QEMU from starting comes first, with the option to type. It makes a\n"
		 "VM and closes it at once, which takes /dev/kvm and no other privilege.",
	.examples = "  compatcaps-trace caps\n"
		    "  compatcaps-trace caps --json | jq -r .machine\n"
		    "  compatcaps-trace caps --json | jq '.capabilities[] | select(.missing)'",
	.status = "0 done, also if something is missing; 2 usage; 3 impossible here,\n"
		  "for example because there is no KVM or no permission for /dev/kvm: a message\n"
		  "says what to do; or the output could not be written.",
	.manual = "compatcaps-trace-caps(1)",
	.uses = USE_OUTPUT | USE_COLOR,
	.format = format,
	.run = LIVE(run),
};
