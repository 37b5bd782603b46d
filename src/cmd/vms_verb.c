// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace vms: lists the VMs that run now, the mode of each, and which hosts have that
 * mode. It attaches nothing: it reads an iterator once. With --watch it does so every two seconds.
 */
#include <unistd.h>

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

struct vms_options {
	bool watch;
};

#ifndef COMPATCAPS_OFFLINE

#define WATCH_S	   2
#define CLEAR_PAGE "\033[H\033[J"

static bool is_watching(const struct options *o)
{
	return ((const struct vms_options *)o->own)->watch;
}

static bool show(struct output *out, const struct options *o, void *inventory)
{
	bool ok = true;

	/* Only now, when the new table is there: reading takes its time. */
	if (is_watching(o))
		fputs(CLEAR_PAGE, output_file(out));
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

/* Until a signal ends it, or something fails. */
static int watch(const struct options *o)
{
	int status;

	do
		status = list(o);
	while (!status && !sleep(WATCH_S));
	return status;
}

static int run(const struct options *o)
{
	if (!is_watching(o))
		return list(o);
	if (o->format == FORMAT_TEXT && !o->output && isatty(STDOUT_FILENO))
		return watch(o);
	say("--watch fills a terminal: it takes neither -o nor --json, and no pipe");
	return EXIT_IMPOSSIBLE;
}

#endif

static void set_watch(struct parse *p, const char *arg)
{
	(void)arg;
	((struct vms_options *)p->o->own)->watch = true;
}

static const struct option_row options[] = {
	{ .what = "When:" },
	{ "watch", 0, NULL, "again and again, every 2 seconds, on a terminal", .set = set_watch },
	{ 0 },
};

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
		    "  compatcaps-trace vms --watch\n"
		    "  compatcaps-trace vms -q --json >vms.json\n"
		    "  compatcaps-trace vms --json | jq -e 'all(.vms[]; .offered != false)'",
	.status = "0 done, also if no VM runs; 2 usage; 3 impossible here, for example\n"
		  "because it takes root or the kernel has no BTF: a message says why; or the\n"
		  "output could not be written.",
	.manual = "compatcaps-trace-vms(1)",
	.uses = USE_OUTPUT | USE_COLOR,
	.format = format,
	.options = options,
	.own_size = sizeof(struct vms_options),
	.run = LIVE(run),
};
