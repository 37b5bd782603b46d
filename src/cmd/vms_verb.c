// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace vms: the VMs that run now. */
#include <stdlib.h>

#include "cmd/cli.h"
#include "lib/say.h"
#include "lib/status.h"
#ifndef COMPATCAPS_OFFLINE
#include "live/host.h"
#include "live/inventory_read.h"
#include "cmd/verb_output.h"
#include "output/inventory_show.h"
#endif

enum { FORMAT_TEXT, FORMAT_JSON };

static const struct format formats[] = {
	[FORMAT_TEXT] = { "text", "a table for people", SHIELD_TEXT },
	[FORMAT_JSON] = { "json", "one object", SHIELD_JSON },
	{ NULL, NULL, SHIELD_TEXT },
};

#ifdef COMPATCAPS_OFFLINE

static int list(const struct cli *c)
{
	(void)c;
	say("this build only reads recordings; vms needs the ppc64le build, on the POWER host");
	return EXIT_IMPOSSIBLE;
}

#else

static bool show(struct output *o, const struct cli *c, void *inventory)
{
	bool ok = true;

	if (c->format == FORMAT_JSON)
		ok = inventory_show_json(output_file(o), inventory);
	else
		inventory_show_text(output_file(o), inventory, cli_wants_color(c, o));
	if (!ok)
		say("out of memory");
	return ok;
}

/* Nothing makes VMs here: so there are none. */
static int list_nothing(const struct cli *c)
{
	struct inventory inv = { .has_unlisted = true };

	say_note("%s", host_kvm_obstacle());
	host_read(&inv.host);
	host_forget();
	inv.host.nested = host_nested_api(&inv.host);
	return verb_write(c, show, &inv);
}

static int list(const struct cli *c)
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
		return list_nothing(c);
	if (inventory_read(&inv, NULL, error))
		status = verb_write(c, show, &inv);
	else
		say("%s", error);
	inventory_free(&inv);
	return status;
}

#endif

int vms_main(int argc, char **argv)
{
	struct cli cli = {
		.args_doc = "",
		.doc = "List the VMs that run on this host now: the compatibility mode of each, whether this host offers it, and which hosts have it.",
		.formats = formats,
	};
	int status;

	cli_parse(&cli, argc, argv);
	status = list(&cli);
	free(cli.inputs);
	return status;
}
