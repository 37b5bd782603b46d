// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace trace and record: their command lines. Both run the same loop, cmd/live.c.
 * record differs in its output alone: a file that replay can read.
 */
#include <time.h>

#include "cmd/tell.h"
#ifndef COMPATCAPS_OFFLINE
#include "cmd/live.h"
#endif

static void check_command(struct parse *p)
{
	const struct options *o = p->o;

	if (p->quoted && !o->command)
		usage_error(p, "expected a command after --");
	if (!o->command)
		return;
	if (!*o->command[0])
		usage_error(p, "expected a command after --, found an empty name");
	/* None of these can be the command's, which is yet to start. */
	if (o->attach.pid)
		usage_error(p, "-p and a command exclude each other");
	if (o->attach.tid)
		usage_error(p, "--tid and a command exclude each other");
	if (o->vm[0])
		usage_error(p, "--vm and a command exclude each other");
	if (o->dry_run)
		usage_error(p, "--dry-run traces nothing: it cannot be combined with a command");
}

/* A time of day is one of today: of tomorrow's nobody may think who mistypes it. */
static void check_until(struct parse *p)
{
	struct timespec now;
	uint64_t now_ns, until;

	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	until = view_until(&p->o->view, now_ns);
	if (until && until <= now_ns)
		usage_error(
			p,
			"--until is over: give a later time of today, a date with a time, as 2026-11-30T15:04, or +5m");
}

static void check_trace(struct parse *p)
{
	check_command(p);
	check_until(p);
	if (p->o->dry_run && p->o->metrics)
		usage_error(p, "--dry-run traces nothing: it cannot be combined with --metrics");
}

static void check_record(struct parse *p)
{
	check_command(p);
	check_until(p);
	if (!p->o->output)
		usage_error(p, "expected -o FILE");
}

const struct command command_trace = {
	.name = "trace",
	.what = "watch each negotiation on this host, live (the default)",
	.args = "[-- COMMAND [ARG...]]",
	.about = "Watch each request for a CPU compatibility mode on this host, live, and say why\n"
		 "KVM refused or accepted it. A COMMAND is run, and traced with its descendants.",
	.examples = "  compatcaps-trace --comm qemu-system-ppc --errors-only\n"
		    "  compatcaps-trace --summary -- qemu-system-ppc64 -M pseries,accel=kvm",
	.status = "0 done; 2 usage; 3 impossible here; 5 events were lost (--strict).\n"
		  "With a COMMAND its own; 125 for 3 and 5, 126 and 127 if it cannot be run.",
	.manual = "compatcaps-trace(1)",
	.uses = USE_CALLS | USE_VIEW | USE_SHOWN | USE_TABLE | USE_STOP | USE_OUTPUT | USE_COLOR |
		USE_METRICS | USE_INCONCLUSIVE | USE_ATTACH | USE_DRY_RUN,
	.format = teller_format,
	.runs_program = true,
	.holds_recording = true,
	.check = check_trace,
	.run = LIVE(live_run),
};

const struct command command_record = {
	.name = "record",
	.what = "trace into a file, for replay and the others",
	.args = "-o FILE [-- COMMAND [ARG...]]",
	.about = "Trace into a file: each event with its evidence, as JSON Lines. replay, check,\n"
		 "diff, report and metrics read it, on any machine.",
	.examples = "  compatcaps-trace record -o host.jsonl -d 1h\n"
		    "  compatcaps-trace record -o guest.jsonl -- qemu-system-ppc64 -M pseries",
	.status = "0 done; 2 usage; 3 impossible here; 5 events were lost (--strict).\n"
		  "With a COMMAND its own; 125 for 3 and 5, 126 and 127 if it cannot be run.",
	.manual = "compatcaps-trace(1)",
	.uses = USE_CALLS | USE_VIEW | USE_SHOWN | USE_STOP | USE_OUTPUT | USE_METRICS |
		USE_INCONCLUSIVE | USE_ATTACH,
	.format = teller_stream,
	.runs_program = true,
	.holds_recording = true,
	.check = check_record,
	.run = LIVE(live_run),
};
