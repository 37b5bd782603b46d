// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "options.h"

#include <argp.h>
#include <limits.h>
#include <string.h>

#include "parse.h"

const char *argp_program_version = "compatcaps-trace " COMPATCAPS_VERSION;
const char *argp_program_bug_address = NULL;

static const char args_doc[] = "[-- COMMAND [ARG...]]";

static const char doc[] =
	"Tell why a VMM and KVM did or did not agree on a CPU compatibility mode: watch every "
	"KVM_PPC_GET_COMPAT_CAPS negotiation on this POWER host, live, and name its cause.\v"
	"EXAMPLES:\n"
	"  compatcaps-trace                     every negotiation on this host, as a table\n"
	"  compatcaps-trace -p 4711             of this process alone\n"
	"  compatcaps-trace --comm qemu-system-ppc --errors-only\n"
	"                                       what goes wrong in any QEMU\n"
	"  compatcaps-trace --json -d 60 >trace.jsonl\n"
	"                                       one minute, one JSON object a line\n"
	"  compatcaps-trace -- qemu-system-ppc64 -M pseries,accel=kvm -nographic\n"
	"                                       start QEMU and trace it and what it forks\n"
	"\n"
	"EXIT STATUS:\n"
	"  0 done, also when ended by SIGINT or SIGTERM; 2 usage; 3 tracing is impossible here,\n"
	"  with the reason; 4 events were lost and --strict was given.";

enum {
	OPT_COMM = 256,
	OPT_TID,
	OPT_VM,
	OPT_ERRNO,
	OPT_ERRORS_ONLY,
	OPT_JSON,
	OPT_SUMMARY,
	OPT_COLOR,
	OPT_STRICT,
	OPT_ATTACH,
	OPT_DRY_RUN,
};

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "Which calls:", 1 },
	{ "pid", 'p', "PID", 0, "only those of this process (thread group)", 0 },
	{ "tid", OPT_TID, "TID", 0, "only those of this thread", 0 },
	{ "comm", OPT_COMM, "NAME", 0, "only those of processes with this name (first 15 bytes)",
	  0 },
	{ "vm", OPT_VM, "PID-FD", 0, "only those of this VM, as named below /sys/kernel/debug/kvm", 0 },
	{ "errno", OPT_ERRNO, "ERRNO", 0, "only those that fail with this error, for example E2BIG",
	  0 },
	{ "errors-only", OPT_ERRORS_ONLY, 0, 0, "only those that fail", 0 },
	{ 0, 0, 0, 0, "When to stop:", 2 },
	{ "count", 'n', "COUNT", 0, "after so many calls", 0 },
	{ "duration", 'd', "SECONDS", 0, "after this time; 500ms, 2m and 1h are understood too",
	  0 },
	{ 0, 0, 0, 0, "Output:", 3 },
	{ "json", OPT_JSON, 0, 0, "one JSON object a line instead of the table", 0 },
	{ "summary", OPT_SUMMARY, 0, 0, "at the end the story of each VM, a paragraph each", 0 },
	{ "color", OPT_COLOR, "WHEN", 0, "always, never, or auto: on a terminal (default)", 0 },
	{ "verbose", 'v', 0, 0, "more of each call, and what libbpf has to say", 0 },
	{ "strict", OPT_STRICT, 0, 0, "exit with 4 if any event was lost", 0 },
	{ 0, 0, 0, 0, "How:", 4 },
	{ "attach", OPT_ATTACH, "HOW", 0, "fexit, kprobe, or auto: fexit where it works (default)",
	  0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "attach, print what the verifier says of each program, and end", 0 },
	{ 0, 0, 0, 0, "About:", -1 },
	{ 0 },
};

/* Ends the program. The argument is shown quoted: it may hold what a terminal obeys. */
static void refuse(struct argp_state *state, const char *option, const char *arg, const char *why)
{
	char quoted[PARSE_QUOTE_MAX];

	argp_error(state, "%s %s: %s", option, parse_quote(quoted, sizeof(quoted), arg, strlen(arg)),
		   why);
}

static uint64_t number(struct argp_state *state, const char *option, const char *arg, uint64_t max)
{
	struct parse_error err;
	uint64_t value = 0;

	if (!parse_upto(arg, strlen(arg), max, &value, &err))
		refuse(state, option, arg, err.why);
	else if (!value)
		refuse(state, option, arg, "a number from 1 on is wanted");
	return value;
}

static uint64_t duration(struct argp_state *state, const char *arg)
{
	struct parse_error err;
	uint64_t ns = 0;

	if (!parse_duration(arg, strlen(arg), &ns, &err))
		refuse(state, "-d", arg, err.why);
	else if (!ns)
		refuse(state, "-d", arg, "a time above 0 is wanted");
	return ns;
}

static void comm(struct argp_state *state, struct options *o, const char *arg)
{
	if (!*arg)
		refuse(state, "--comm", arg, "a name is wanted, for example qemu-system-ppc");
	/* The kernel keeps 15 bytes of a name: a longer one means just those. */
	strncpy(o->attach.comm, arg, sizeof(o->attach.comm) - 1);
}

static void vm(struct argp_state *state, struct options *o, const char *arg)
{
	size_t pid = strspn(arg, "0123456789"), end = strlen(arg);

	if (!pid || arg[pid] != '-' || pid + 1 == end || end >= sizeof(o->attach.vm) ||
	    pid + 1 + strspn(arg + pid + 1, "0123456789") != end)
		refuse(state, "--vm", arg,
		       "a name such as 4711-12 is wanted, see /sys/kernel/debug/kvm");
	strncpy(o->attach.vm, arg, sizeof(o->attach.vm) - 1);
}

static void errno_filter(struct argp_state *state, struct options *o, const char *arg)
{
	const int max = 4095; /* MAX_ERRNO of the kernel */
	const char *name;

	for (int e = 1; e <= max; e++) {
		name = strerrorname_np(e);
		if (name && !strcasecmp(name, arg)) {
			o->attach.err = (uint32_t)e;
			return;
		}
	}
	refuse(state, "--errno", arg, "there is no such error; E2BIG is one");
}

static void color(struct argp_state *state, struct options *o, const char *arg)
{
	if (!strcmp(arg, "auto"))
		o->color = COLOR_AUTO;
	else if (!strcmp(arg, "always"))
		o->color = COLOR_ALWAYS;
	else if (!strcmp(arg, "never"))
		o->color = COLOR_NEVER;
	else
		refuse(state, "--color", arg, "it is always, never or auto");
}

static void attach_mode(struct argp_state *state, struct options *o, const char *arg)
{
	if (!strcmp(arg, "auto"))
		o->attach.mode = ATTACH_AUTO;
	else if (!strcmp(arg, "fexit"))
		o->attach.mode = ATTACH_ONLY_FEXIT;
	else if (!strcmp(arg, "kprobe"))
		o->attach.mode = ATTACH_ONLY_KPROBE;
	else
		refuse(state, "--attach", arg, "it is fexit, kprobe or auto");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'p':
		o->attach.pid = number(state, "-p", arg, INT_MAX);
		break;
	case OPT_TID:
		o->attach.tid = number(state, "--tid", arg, INT_MAX);
		break;
	case OPT_VM:
		vm(state, o, arg);
		break;
	case OPT_ERRNO:
		errno_filter(state, o, arg);
		break;
	case OPT_SUMMARY:
		o->summary = true;
		break;
	case OPT_COLOR:
		color(state, o, arg);
		break;
	case OPT_COMM:
		comm(state, o, arg);
		break;
	case OPT_ERRORS_ONLY:
		o->attach.errors_only = true;
		break;
	case 'n':
		o->count = number(state, "-n", arg, UINT64_MAX);
		break;
	case 'd':
		o->duration_ns = duration(state, arg);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case 'v':
		o->verbose = o->attach.verbose = true;
		break;
	case OPT_STRICT:
		o->strict = true;
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case OPT_ATTACH:
		attach_mode(state, o, arg);
		break;
	case ARGP_KEY_ARG:
		o->command = &state->argv[state->next - 1];
		state->next = state->argc;
		break;
	case ARGP_KEY_END:
		if (o->command && o->attach.pid)
			argp_error(state, "-p and a command exclude each other");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(int argc, char **argv, struct options *o)
{
	static const struct argp argp = { options, parse_option, args_doc, doc, 0, 0, 0 };

	*o = (struct options){ .color = COLOR_AUTO };
	argp_err_exit_status = EXIT_USAGE;
	/* In order: what follows the command's name is the command's. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}
