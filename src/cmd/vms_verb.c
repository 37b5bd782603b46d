// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace vms: the VMs that run now. */
#include "cmd/run_output.h"
#include "lib/say.h"
#include "lib/status.h"
#ifndef COMPATCAPS_OFFLINE
#include "live/host.h"
#include "live/inventory_read.h"
#include "output/inventory_show.h"
#endif

static const struct format formats[] = {
	[FORMAT_TEXT] = { "text", "a table for people (default)", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "one object", SHIELD_JSON },
	{ NULL, NULL, SHIELD_TEXT },
};

#ifndef COMPATCAPS_OFFLINE

static bool show(struct output *out, const struct options *o, void *inventory)
{
	bool ok = true;

	if (o->format == FORMAT_JSON)
		ok = inventory_show_json(output_file(out), inventory);
	else
		inventory_show_text(output_file(out), inventory, run_wants_color(o, out));
	if (!ok)
		say("out of memory");
	return ok;
}

/* Nothing makes VMs here: so there are none. */
static int list_nothing(const struct options *o)
{
	struct inventory inv = { .has_unlisted = true };

	say_note("%s", host_kvm_obstacle());
	host_read(&inv.host);
	host_forget();
	inv.host.nested = host_nested_api(&inv.host);
	return run_with_output(o, show, &inv);
}

static int list(const struct options *o)
{
	char error[INVENTORY_ERROR_LEN];
	const char *obstacle = host_obstacle();
	int status = EXIT_IMPOSSIBLE;
	struct inventory inv;

	if (obstacle) {
		say("%s", obstacle);
		return EXIT_IMPOSSIBLE;
	}
	if (host_kvm_obstacle())
		return list_nothing(o);
	if (inventory_read(&inv, NULL, error))
		status = run_with_output(o, show, &inv);
	else
		say("%s", error);
	inventory_free(&inv);
	return status;
}

#endif

static struct format format(size_t i)
{
	return formats[i];
}

const struct command command_vms = {
	.name = "vms",
	.what = "list the VMs on this host and their modes",
	.args = "",
	.about =
		"List the VMs that run on this host now: the compatibility mode of each, whether\n"
		"this host offers it, and which hosts have it: where the VM could be migrated to.\n"
		"Nothing is traced.",
	.examples = "  compatcaps-trace vms\n"
		    "  compatcaps-trace vms --format=text --color=always\n"
		    "  compatcaps-trace vms -q --json >vms.json\n"
		    "  compatcaps-trace vms --json | jq -e 'all(.vms[]; .offered != false)'",
	.status = "0 done, also if no VM runs; 2 usage; 3 impossible here, for example\n"
		  "because it takes root or the kernel has no BTF: a message says why; or the\n"
		  "output could not be written.",
	.manual = "compatcaps-trace-vms(1)",
	.uses = USE_OUTPUT | USE_COLOR,
	.format = format,
	.run = LIVE(list),
};
