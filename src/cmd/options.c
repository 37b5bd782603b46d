// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/options.h"

#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/metrics_file.h"
#include "lib/about.h"
#include "lib/complete.h"
#include "lib/parse.h"
#include "cmd/offers.h"
#include "cmd/verbs.h"

const char *argp_program_version = "compatcaps-trace " COMPATCAPS_VERSION;
const char *argp_program_bug_address = NULL;

static const char args_doc[] = "[trace] [-- COMMAND [ARG...]]\n"
			       "record -o FILE [-- COMMAND [ARG...]]\n"
			       "replay FILE\n"
			       "check|diff|report|metrics|vms|doctor ... (each has its own --help)";

static const char doc[] =
	"Show why KVM on POWER refused or accepted a guest's CPU compatibility mode. trace watches every KVM_PPC_GET_COMPAT_CAPS negotiation and every request for a mode on this POWER host, live, and names the cause; record writes them to a file; replay shows that file on any machine.\v"
	"EXAMPLES:\n"
	"  compatcaps-trace                      every negotiation on this host\n"
	"  compatcaps-trace -p 4711              only calls of this process\n"
	"  compatcaps-trace --comm qemu-system-ppc --errors-only\n"
	"                                        what fails in any QEMU\n"
	"  compatcaps-trace --json -d 60 >trace.jsonl\n"
	"                                        one minute, one JSON object per line\n"
	"  compatcaps-trace --summary -- qemu-system-ppc64 -M pseries,accel=kvm\n"
	"                                        run QEMU, trace it and its children\n"
	"  compatcaps-trace record -o host.jsonl -d 1h\n"
	"  compatcaps-trace replay --summary host.jsonl\n"
	"\n"
	"EXIT STATUS:\n"
	"  0 done, also when ended by SIGINT or SIGTERM; 2 usage; 3 impossible here, a\n  message says why; 5 inconclusive: events were lost and --strict was given.\n  With a COMMAND its own, or 128+N if signal N ended it; 125 if it would be 3\n  or 5, 126 if COMMAND cannot be run, 127 if there is no such command.";

enum {
	OPT_COMM = 256,
	OPT_TID,
	OPT_VM,
	OPT_CGROUP,
	OPT_ERRNO,
	OPT_ERRORS_ONLY,
	OPT_FORMAT,
	OPT_FORCE,
	OPT_METRICS,
	OPT_SUMMARY,
	OPT_COLOR,
	OPT_STRICT,
	OPT_INCONCLUSIVE,
	OPT_METHOD,
	OPT_RELEASE_IDLE,
	OPT_RING_SIZE,
	OPT_DRY_RUN,
	OPT_VERDICTS,
	OPT_ATTACH,
};

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "Which calls are traced (trace, record):", 1 },
	{ "pid", 'p', "PID", 0, "calls of this process", 0 },
	{ "tid", OPT_TID, "TID", 0, "calls of this thread", 0 },
	{ "comm", OPT_COMM, "NAME", 0, "calls of processes with this name", 0 },
	{ "vm", OPT_VM, "PID-FD", 0, "calls on this VM, named as in /sys/kernel/debug/kvm", 0 },
	{ "cgroup", OPT_CGROUP, "PATH", 0, "calls of processes in this cgroup and below", 0 },
	{ 0, 0, 0, 0, "Which of them are shown:", 2 },
	{ "errno", OPT_ERRNO, "ERRNO", 0, "calls that fail with this error: E2BIG or 7", 0 },
	{ "errors-only", OPT_ERRORS_ONLY, 0, 0, "calls that fail", 0 },
	{ 0, 0, 0, 0, "When to stop (trace, record):", 3 },
	{ "count", 'n', "COUNT", 0, "after this many calls were shown", 0 },
	{ "duration", 'd', "TIME", 0, "after this many seconds; also .2, 500ms, 2m, 1h", 0 },
	{ 0, 0, 0, 0, "Output:", 4 },
	{ "json", 'j', 0, 0, "the same as --format=json", 0 },
	{ "format", OPT_FORMAT, "NAME", 0, "output format:", 0 },
	{ "output", 'o', "FILE", 0, "write to this new file instead of standard output", 0 },
	{ "force", OPT_FORCE, 0, 0, "replace the file of -o, or of --metrics", 0 },
	{ "metrics", OPT_METRICS, "FILE.prom", 0,
	  "trace, record: also count in this file, for node_exporter", 0 },
	{ "summary", OPT_SUMMARY, 0, 0, "at the end, print the story of each VM", 0 },
	{ "color", OPT_COLOR, "WHEN", 0, "always, never or auto: on a terminal (default)", 0 },
	{ "verbose", 'v', 0, 0, "more of each call, and messages of libbpf", 0 },
	{ "quiet", 'q', 0, 0, "print only errors from the tracer itself", 0 },
	{ "verdicts", OPT_VERDICTS, "WHEN", 0,
	  "replay: recorded: as recorded; now: derived again (default)", 0 },
	{ 0, 0, 0, 0, "For scripts:", 5 },
	{ "strict", OPT_STRICT, 0, 0, "exit with 5 if any event was lost", 0 },
	{ "inconclusive", OPT_INCONCLUSIVE, "N", 0, "exit with N instead of 5", 0 },
	{ 0, 0, 0, 0, "How it watches (trace, record):", 6 },
	{ "method", OPT_METHOD, "HOW", 0, "fexit, kprobe or auto: fexit if it works (default)", 0 },
	{ "release-idle", OPT_RELEASE_IDLE, 0, 0,
	  "watch only while a VM exists, so that KVM's modules can be unloaded", 0 },
	{ "ring-size", OPT_RING_SIZE, "SIZE", 0,
	  "size of the buffer for bursts of events: 1M, 16M (default: 4M)", 0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "attach, print the verifier's figures for each program, and exit", 0 },
	{ "attach", OPT_ATTACH, "HOW", OPTION_HIDDEN | OPTION_ARG_OPTIONAL, "refused", 0 },
	{ 0 },
};

/* The words that options take. */
static const char *const methods[] = {
	[METHOD_AUTO] = "auto", [METHOD_FEXIT] = "fexit", [METHOD_KPROBE] = "kprobe", NULL
};
static const char *const colors[] = {
	[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never", NULL
};
static const char *const verdicts[] = { "now", "recorded", NULL };
/* Any other power of two will do. */
static const char *const ring_sizes[] = { "1M", "4M", "16M", "64M", NULL };

/* What is known while the command line is being parsed. */
struct parse {
	struct options *o;
	bool verb_given, json;
	const char *tracing; /* an option that makes sense for a trace alone; NULL: none */
	const char *of_replay;
};

static const char *const verb_names[] = {
	[VERB_TRACE] = "trace",
	[VERB_RECORD] = "record",
	[VERB_REPLAY] = "replay",
};

static const char *quote(char quoted[PARSE_QUOTE_MAX], const char *arg)
{
	return parse_quote(quoted, PARSE_QUOTE_MAX, arg, strlen(arg));
}

/* Ends the program. The argument is shown quoted: it may hold what a terminal obeys. */
static void refuse(struct argp_state *state, const char *option, const char *arg, const char *why)
{
	char quoted[PARSE_QUOTE_MAX];

	argp_error(state, "%s %s: %s", option, quote(quoted, arg), why);
}

static uint64_t number(struct argp_state *state, const char *option, const char *arg, uint64_t max)
{
	struct parse_error err;
	uint64_t value = 0;

	if (!parse_upto(arg, strlen(arg), max, &value, &err))
		refuse(state, option, arg, err.why);
	else if (!value)
		refuse(state, option, arg, "must be an integer of 1 or more");
	return value;
}

/* As the kernel wants it: a power of two, in bytes, with K, M or G after it. */
static uint32_t ring_size(struct argp_state *state, const char *arg)
{
	static const char units[] = "KMG";
	size_t len = strlen(arg);
	const char *unit = len ? strchr(units, arg[len - 1]) : NULL;
	struct parse_error err;
	uint64_t n = 0;

	if (unit)
		len--;
	if (!parse_upto(arg, len, ATTACH_RING_MAX, &n, &err))
		refuse(state, "--ring-size", arg, err.why);
	if (unit)
		n <<= 10 * (unit - units + 1);
	if (n < ATTACH_RING_MIN || n > ATTACH_RING_MAX || n & (n - 1))
		refuse(state, "--ring-size", arg, "must be a power of two from 64K to 1G");
	return (uint32_t)n;
}

static uint64_t duration(struct argp_state *state, const char *arg)
{
	struct parse_error err;
	uint64_t ns = 0;

	if (!parse_duration(arg, strlen(arg), &ns, &err))
		refuse(state, "-d", arg, err.why);
	else if (!ns)
		refuse(state, "-d", arg, "must be a time above 0");
	return ns;
}

static const char *path(struct argp_state *state, const char *option, const char *arg)
{
	if (!*arg)
		refuse(state, option, arg, "expected a path");
	return arg;
}

static const char *metrics(struct argp_state *state, const char *arg)
{
	if (!metrics_file_is_name(arg))
		refuse(state, "--metrics", arg,
		       "must end in .prom: the textfile collector reads no other files");
	return arg;
}

/* Which of these words it is; ends the program where it is none. */
static int word(struct argp_state *state, const char *option, const char *arg,
		const char *const *words, const char *which)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(arg, words[i]))
			return i;
	refuse(state, option, arg, which);
	return 0;
}

static void comm(struct argp_state *state, struct options *o, const char *arg)
{
	if (!*arg)
		refuse(state, "--comm", arg, "expected a name, for example qemu-system-ppc");
	/* The kernel keeps 15 bytes of a name: a longer one means just those. */
	strncpy(o->attach.comm, arg, sizeof(o->attach.comm) - 1);
}

static void vm(struct argp_state *state, struct options *o, const char *arg)
{
	size_t pid = strspn(arg, "0123456789"), end = strlen(arg);

	if (!pid || arg[pid] != '-' || pid + 1 == end || end >= sizeof(o->vm) ||
	    pid + 1 + strspn(arg + pid + 1, "0123456789") != end)
		refuse(state, "--vm", arg,
		       "expected a name such as 4711-12, see /sys/kernel/debug/kvm");
	strncpy(o->vm, arg, sizeof(o->vm) - 1);
}

/* By number also those that have no name outside of the kernel, as 524 (ENOTSUPP). */
static uint32_t errno_filter(struct argp_state *state, const char *arg)
{
	const int max = 4095; /* MAX_ERRNO of the kernel */
	const char *name;

	if (*arg >= '0' && *arg <= '9')
		return number(state, "--errno", arg, max);
	for (int e = 1; e <= max; e++) {
		name = strerrorname_np(e);
		if (name && !strcasecmp(name, arg))
			return (uint32_t)e;
	}
	refuse(state, "--errno", arg,
	       "unknown error: use a name such as E2BIG, or a number such as 7");
	return 0;
}

/* "text, json" out of the table. */
static const char *format_names(char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; emitters[i] && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? ", " : "", emitters[i]->name);
	return buf;
}

static const struct emitter *format(struct argp_state *state, const char *arg)
{
	const struct emitter *e = emitter_by_name(arg);
	char why[256] = "must be one of ";
	size_t n = strlen(why);

	format_names(why + n, sizeof(why) - n);
	if (!e)
		refuse(state, "--format", arg, why);
	return e;
}

static void bare_word(struct argp_state *state, struct parse *p, const char *arg)
{
	char quoted[PARSE_QUOTE_MAX];

	for (size_t i = 0; !p->verb_given && i < sizeof(verb_names) / sizeof(verb_names[0]); i++)
		if (!strcmp(arg, verb_names[i])) {
			p->verb_given = true;
			p->o->verb = (enum verb)i;
			return;
		}
	if (p->o->verb == VERB_REPLAY && !p->o->input)
		p->o->input = path(state, "replay", arg);
	else if (p->o->verb == VERB_REPLAY)
		argp_error(state, "%s: replay takes one FILE", quote(quoted, arg));
	else if (p->verb_given)
		argp_error(state, "%s: a command must follow --", quote(quoted, arg));
	else if (verb_by_name(arg))
		argp_error(state, "%s must come first: it has options of its own", arg);
	else
		argp_error(state,
			   "%s is not a verb: trace, record, replay; a command must follow --",
			   quote(quoted, arg));
}

/* What follows `--` is the command's, or the file of a replay. */
static void quoted_words(struct argp_state *state, struct parse *p)
{
	if (p->o->verb == VERB_REPLAY) {
		bare_word(state, p, state->argv[state->next - 1]);
		return;
	}
	p->o->command = &state->argv[state->next - 1];
	state->next = state->argc;
}

static void check_command(struct argp_state *state, const struct options *o)
{
	if (state->quoted && !o->command)
		argp_error(state, "expected a command after --");
	if (!o->command)
		return;
	if (!*o->command[0])
		argp_error(state, "expected a command after --, found an empty name");
	/* None of these can be the command's, which is yet to start. */
	if (o->attach.pid)
		argp_error(state, "-p and a command exclude each other");
	if (o->attach.tid)
		argp_error(state, "--tid and a command exclude each other");
	if (o->vm[0])
		argp_error(state, "--vm and a command exclude each other");
	if (o->dry_run)
		argp_error(state, "--dry-run traces nothing: it cannot be combined with a command");
}

static void check_record(struct argp_state *state, struct options *o)
{
	if (!o->format)
		o->format = &emit_json;
	if (!o->format->stream)
		argp_error(state, "record: --format=%s is not a recording: use json, or trace -o",
			   o->format->name);
	if (!o->output)
		argp_error(state, "record: expected -o FILE");
	if (o->dry_run)
		argp_error(state, "record: --dry-run records nothing");
}

static void check_replay(struct argp_state *state, const struct parse *p)
{
	if (p->tracing)
		argp_error(state, "replay: %s is only for tracing", p->tracing);
	if (!p->o->input)
		argp_error(state, "replay: expected FILE; - is standard input");
}

static void check(struct argp_state *state, struct parse *p)
{
	struct options *o = p->o;

	if (o->verb == VERB_REPLAY)
		check_replay(state, p);
	else
		check_command(state, o);
	if (o->verb == VERB_RECORD)
		check_record(state, o);
	if (p->of_replay && o->verb != VERB_REPLAY)
		argp_error(state, "%s is only for replay", p->of_replay);
	if (p->json && o->format && strcmp(o->format->name, "json"))
		argp_error(state, "--json and --format=%s exclude each other", o->format->name);
	if (p->json)
		o->format = &emit_json;
	if (o->force && !o->output && !o->metrics)
		argp_error(state, "--force needs -o FILE");
	if (o->dry_run && o->metrics)
		argp_error(state, "--dry-run traces nothing: it cannot be combined with --metrics");
	if (o->output && !strcmp(o->output, "-"))
		o->output = NULL;
	else if (!o->output && o->format)
		o->output = o->format->where;
}

static error_t parse_who(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->o;

	switch (key) {
	case 'p':
		p->tracing = "-p";
		o->attach.pid = number(state, "-p", arg, INT_MAX);
		break;
	case OPT_TID:
		p->tracing = "--tid";
		o->attach.tid = number(state, "--tid", arg, INT_MAX);
		break;
	case OPT_COMM:
		p->tracing = "--comm";
		comm(state, o, arg);
		break;
	case OPT_VM:
		p->tracing = "--vm";
		vm(state, o, arg);
		break;
	case OPT_CGROUP:
		p->tracing = "--cgroup";
		o->cgroup = path(state, "--cgroup", arg);
		break;
	case 'n':
		p->tracing = "-n";
		o->count = number(state, "-n", arg, UINT64_MAX);
		break;
	case 'd':
		p->tracing = "-d";
		o->duration_ns = duration(state, arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse_how(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->o;

	switch (key) {
	case OPT_METHOD:
		p->tracing = "--method";
		o->attach.method = word(state, "--method", arg, methods,
					"must be fexit, kprobe or auto");
		break;
	case OPT_RELEASE_IDLE:
		p->tracing = "--release-idle";
		o->release_idle = true;
		break;
	case OPT_RING_SIZE:
		p->tracing = "--ring-size";
		o->attach.ring_bytes = ring_size(state, arg);
		break;
	case OPT_DRY_RUN:
		p->tracing = "--dry-run";
		o->dry_run = true;
		break;
	case OPT_ATTACH:
		argp_error(
			state,
			"--attach: use -p PID to trace a running process, --method=HOW for the attach method");
		break;
	default:
		return parse_who(key, arg, state);
	}
	return 0;
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->o;

	switch (key) {
	case 'j':
		p->json = true;
		break;
	case OPT_FORMAT:
		o->format = format(state, arg);
		break;
	case 'o':
		o->output = path(state, "-o", arg);
		break;
	case OPT_METRICS:
		p->tracing = "--metrics";
		o->metrics = metrics(state, arg);
		break;
	case OPT_COLOR:
		o->color = word(state, "--color", arg, colors, "must be always, never or auto");
		break;
	case OPT_VERDICTS:
		p->of_replay = "--verdicts";
		o->recorded_verdicts = word(state, "--verdicts", arg, verdicts,
					    "must be recorded or now");
		break;
	case OPT_ERRNO:
		o->err = errno_filter(state, arg);
		break;
	case OPT_INCONCLUSIVE:
		o->inconclusive = number(state, "--inconclusive", arg, UINT8_MAX);
		break;
	default:
		return parse_how(key, arg, state);
	}
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->o;

	switch (key) {
	case OPT_ERRORS_ONLY:
		o->errors_only = true;
		break;
	case OPT_FORCE:
		o->force = true;
		break;
	case OPT_SUMMARY:
		o->summary = true;
		break;
	case 'v':
		o->verbose = o->attach.verbose = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	case OPT_STRICT:
		o->strict = true;
		break;
	case ARGP_KEY_ARG:
		if (state->quoted)
			quoted_words(state, p);
		else
			bare_word(state, p, arg);
		break;
	case ARGP_KEY_END:
		check(state, p);
		break;
	default:
		return parse_output(key, arg, state);
	}
	return 0;
}

/* The outputs that there are come from their table. */
static char *help_filter(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t size;
	FILE *f;

	(void)input;
	if (key != OPT_FORMAT || !(f = open_memstream(&help, &size)))
		return (char *)text;
	fputs(text, f);
	for (size_t i = 0; emitters[i]; i++)
		fprintf(f, "%s %s, %s", i ? ";" : "", emitters[i]->name, emitters[i]->what);
	fclose(f);
	return help ? help : (char *)text;
}

/* ------------------------------------------------------------------ what a shell offers */

static void offer_format(void *ctx)
{
	(void)ctx;
	for (size_t i = 0; emitters[i]; i++)
		complete_offer(emitters[i]->name, emitters[i]->what);
}

static void offer_pid(void *ctx)
{
	(void)ctx;
	offer_pids("/proc");
}

static void offer_comm(void *ctx)
{
	(void)ctx;
	offer_comms("/proc");
}

static void offer_vm(void *ctx)
{
	(void)ctx;
	offer_vms("/sys/kernel/debug/kvm", "/proc");
}

static void offer_errno(void *ctx)
{
	(void)ctx;
	offer_errnos();
}

static const struct complete_value values[] = {
	{ "pid", NULL, offer_pid },	   { "comm", NULL, offer_comm },
	{ "vm", NULL, offer_vm },	   { "errno", NULL, offer_errno },
	{ "format", NULL, offer_format },  { "color", colors, NULL },
	{ "verdicts", verdicts, NULL },	   { "method", methods, NULL },
	{ "ring-size", ring_sizes, NULL }, { 0 },
};

static enum complete_more offer_bare(const char *first, bool dashed, void *ctx)
{
	(void)ctx;
	if (first && !strcmp(first, verb_names[VERB_REPLAY]))
		return COMPLETE_FILES;
	if (dashed)
		return COMPLETE_COMMAND;
	if (first)
		return COMPLETE_NOTHING;
	complete_offer(verb_names[VERB_TRACE], "each negotiation on this host");
	complete_offer(verb_names[VERB_RECORD], "write them to a file");
	complete_offer(verb_names[VERB_REPLAY], "show a recording");
	for (const struct offline_verb *v = verbs; v->name; v++)
		complete_offer(v->name, v->what);
	return COMPLETE_NOTHING;
}

void options_parse(int argc, char **argv, struct options *o)
{
	static const struct argp_child children[] = { { &about_argp, 0, NULL, 0 }, { 0 } };
	static const struct argp argp = { options,  parse_option, args_doc, doc,
					  children, help_filter,  0 };
	static const struct complete complete = { &argp, { values }, offer_bare, NULL };
	struct parse p = { .o = o };

	complete_if_asked(&complete, argc, argv);
	*o = (struct options){ .color = COLOR_AUTO, .inconclusive = EXIT_INCONCLUSIVE };
	argp_err_exit_status = EXIT_USAGE;
	/* In order: what follows `--` is the command's. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, &p);
}
