// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The command line of every verb. The verb is found first, by argp's own rules, because it decides
 * which options exist. Then argp gets the options of all verbs, those of other verbs hidden, so
 * that a message can say to which verb an option belongs.
 */
#include "cmd/options.h"

#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/commands.h"
#include "offers/offers.h"
#include "lib/about.h"
#include "lib/complete.h"
#include "lib/parse.h"
#include "lib/say.h"
#include "metrics/metrics_file.h"

#define LIST_LEN     256 /* of words in a message */
#define FORMATS_MAX  16
#define COMMANDS_MAX 16

const char *argp_program_version = "compatcaps-trace " COMPATCAPS_VERSION;
const char *argp_program_bug_address = NULL;

/* ------------------------------------------------------------------ what is refused */

static const char *quote(char quoted[PARSE_QUOTE_MAX], const char *arg)
{
	return parse_quote(quoted, PARSE_QUOTE_MAX, arg, strlen(arg));
}

void usage_error(const struct parse *p, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	argp_error(p->state, "%s", text);
}

/* "-p", or "--tid" of one without a letter. */
static const char *spelled(const struct option_row *row, char buf[OPTION_LEN])
{
	if (row->letter)
		snprintf(buf, OPTION_LEN, "-%c", row->letter);
	else
		snprintf(buf, OPTION_LEN, "--%s", row->name);
	return buf;
}

void option_refuse(const struct parse *p, const char *arg, const char *why)
{
	char quoted[PARSE_QUOTE_MAX], option[OPTION_LEN];

	usage_error(p, "%s %s: %s", spelled(p->at, option), quote(quoted, arg), why);
}

void usage_not_a_verb(const struct parse *p, const char *word)
{
	const char *like = command_like(word);
	char quoted[PARSE_QUOTE_MAX];
	struct stat st;

	quote(quoted, word);
	if (like)
		usage_error(p, "%s is not a verb: did you mean %s?", quoted, like);
	else if (!stat(word, &st) && S_ISREG(st.st_mode))
		usage_error(p, "%s is not a verb: to show a recording: replay FILE", quoted);
	else
		usage_error(p, "%s is not a verb (help lists them); a command must follow --",
			    quoted);
}

/* ------------------------------------------------------------------ arguments */

/* "a, b or c", where last is " or ". Returns buf. */
static const char *join(char buf[LIST_LEN], const char *const *words, size_t n, const char *last)
{
	const char *between = "";
	size_t at = 0;

	*buf = '\0';
	for (size_t i = 0; i < n && at < LIST_LEN; i++) {
		at += (size_t)snprintf(buf + at, LIST_LEN - at, "%s%s", between, words[i]);
		between = i + 2 == n ? last : ", ";
	}
	return buf;
}

#define OPTION_WORDS(words) ((int)(sizeof(words) / sizeof((words)[0])) - 1)

/* Which of its n words an option's argument is. */
int option_word(const struct parse *p, const char *arg, int n)
{
	const char *const *words = p->at->words;
	char list[LIST_LEN], why[LIST_LEN + 16];

	for (int i = 0; i < n; i++)
		if (!strcmp(words[i], arg))
			return i;
	snprintf(why, sizeof(why), "must be %s", join(list, words, (size_t)n, " or "));
	option_refuse(p, arg, why);
	return 0;
}

const char *option_path(const struct parse *p, const char *arg)
{
	if (!*arg)
		option_refuse(p, arg, "expected a path");
	return arg;
}

static uint64_t number(const struct parse *p, const char *arg, uint64_t max)
{
	struct parse_error err;
	uint64_t value = 0;

	if (!parse_upto(arg, strlen(arg), max, &value, &err))
		option_refuse(p, arg, err.why);
	else if (!value)
		option_refuse(p, arg, "must be an integer of 1 or more");
	return value;
}

static void set_comm(struct parse *p, const char *arg)
{
	if (!*arg)
		option_refuse(p, arg, "expected a name, for example qemu-system-ppc");
	/* The kernel keeps 15 bytes of a name: a longer one means just those. */
	strncpy(p->o->attach.comm, arg, sizeof(p->o->attach.comm) - 1);
}

static void set_vm(struct parse *p, const char *arg)
{
	size_t pid = strspn(arg, "0123456789"), end = strlen(arg);

	if (!pid || arg[pid] != '-' || pid + 1 == end || end >= sizeof(p->o->vm) ||
	    pid + 1 + strspn(arg + pid + 1, "0123456789") != end)
		option_refuse(p, arg, "expected a name such as 4711-12, see /sys/kernel/debug/kvm");
	strncpy(p->o->vm, arg, sizeof(p->o->vm) - 1);
}

static void set_view(struct parse *p, const char *arg)
{
	enum view_by by = VIEW_GUEST;
	char why[RULE_ERROR_LEN];

	while (strcmp(view_name(by), p->at->name))
		by++;
	if (!view_set(&p->o->view, by, arg, why, sizeof(why)))
		option_refuse(p, arg, why);
}

/* By number also those that have no name outside of the kernel, as 524 (ENOTSUPP). */
static void set_errno(struct parse *p, const char *arg)
{
	const int max = 4095; /* MAX_ERRNO of the kernel */
	const char *name;

	if (*arg >= '0' && *arg <= '9') {
		p->o->err = number(p, arg, max);
		return;
	}
	for (int e = 1; e <= max; e++) {
		name = strerrorname_np(e);
		if (name && !strcasecmp(name, arg)) {
			p->o->err = (uint32_t)e;
			return;
		}
	}
	option_refuse(p, arg, "unknown error: use a name such as E2BIG, or a number such as 7");
}

static void set_duration(struct parse *p, const char *arg)
{
	struct parse_error err;
	uint64_t ns = 0;

	if (!parse_duration(arg, strlen(arg), &ns, &err))
		option_refuse(p, arg, err.why);
	else if (!ns)
		option_refuse(p, arg, "must be a time above 0");
	p->o->duration_ns = ns;
}

/* As the kernel wants it: a power of two, in bytes, with K, M or G after it. */
static void set_ring_size(struct parse *p, const char *arg)
{
	static const char units[] = "KMG";
	size_t len = strlen(arg);
	const char *unit = len ? strchr(units, arg[len - 1]) : NULL;
	struct parse_error err;
	uint64_t n = 0;

	if (unit)
		len--;
	if (!parse_upto(arg, len, ATTACH_RING_MAX, &n, &err))
		option_refuse(p, arg, err.why);
	if (unit)
		n <<= 10 * (unit - units + 1);
	if (n < ATTACH_RING_MIN || n > ATTACH_RING_MAX || n & (n - 1))
		option_refuse(p, arg, "must be a power of two from 64K to 1G");
	p->o->attach.ring_bytes = (uint32_t)n;
}

static void set_metrics(struct parse *p, const char *arg)
{
	if (!metrics_file_is_name(arg))
		option_refuse(p, arg,
			      "must end in .prom: the textfile collector reads no other files");
	p->o->metrics = arg;
}

static size_t n_formats(const struct command *c)
{
	size_t n = 0;

	while (c->format && n < FORMATS_MAX && c->format(n).name)
		n++;
	return n;
}

/* Its number; n_formats() where there is none of this name. */
static size_t format_by_name(const struct command *c, const char *name)
{
	size_t i = 0;

	while (c->format && c->format(i).name && strcmp(c->format(i).name, name))
		i++;
	return i;
}

static void set_format(struct parse *p, const char *arg)
{
	const struct command *c = p->o->verb;
	char list[LIST_LEN], why[LIST_LEN + 16];
	const char *names[FORMATS_MAX] = { NULL };
	size_t n = n_formats(c);

	p->format_given = true;
	p->o->format = format_by_name(c, arg);
	if (p->o->format < n)
		return;
	for (size_t i = 0; i < n; i++)
		names[i] = c->format(i).name;
	snprintf(why, sizeof(why), "must be %s%s", n > 1 ? "one of " : "",
		 join(list, names, n, ", "));
	option_refuse(p, arg, why);
}

static const char *const methods[] = {
	[METHOD_AUTO] = "auto", [METHOD_FEXIT] = "fexit", [METHOD_KPROBE] = "kprobe", NULL
};
static const char *const colors[] = {
	[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never", NULL
};
static const char *const times[] = {
	[TIMES_LOCAL] = "local", [TIMES_UTC] = "utc",	[TIMES_ISO] = "iso",
	[TIMES_REL] = "rel",	 [TIMES_MONO] = "mono", NULL
};
static const char *const verdicts[] = { "now", "recorded", NULL };
/* Any other power of two will do. */
static const char *const ring_sizes[] = { "1M", "4M", "16M", "64M", NULL };

#define SET(name, member, value) \
	static void set_##name(struct parse *p, const char *arg) \
	{ \
		(void)arg; \
		p->member = value; \
	}

SET(pid, o->attach.pid, number(p, arg, INT_MAX))
SET(tid, o->attach.tid, number(p, arg, INT_MAX))
SET(count, o->count, number(p, arg, UINT64_MAX))
SET(inconclusive, o->inconclusive, (int)number(p, arg, UINT8_MAX))
SET(cgroup, o->cgroup, option_path(p, arg))
SET(output, o->output, option_path(p, arg))
SET(color, o->color, option_word(p, arg, OPTION_WORDS(colors)))
SET(time, o->time, option_word(p, arg, OPTION_WORDS(times)))
SET(verdicts, o->recorded, option_word(p, arg, OPTION_WORDS(verdicts)))
SET(method, o->attach.method, option_word(p, arg, OPTION_WORDS(methods)))
SET(json, json, true)
SET(errors_only, o->errors_only, true)
SET(summary, o->summary, true)
SET(verbose, o->verbose, p->o->attach.verbose = true)
SET(strict, o->strict, true)
SET(force, o->force, true)
SET(quiet, o->quiet, true)
SET(release_idle, o->release_idle, true)
SET(dry_run, o->dry_run, true)

/* ------------------------------------------------------------------ the shared options */

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

static void offer_cause(void *ctx)
{
	(void)ctx;
	offer_causes();
}

static void offer_mode(void *ctx)
{
	(void)ctx;
	offer_modes();
}

static void offer_format(void *parse)
{
	const struct command *c = ((const struct parse *)parse)->o->verb;

	for (size_t i = 0; i < n_formats(c); i++)
		complete_offer(c->format(i).name, c->format(i).what);
}

const struct option_row shared_options[] = {
	{ .what = "Which calls are traced:" },
	{ "pid", 'p', "PID", "calls of this process", set_pid, .uses = USE_CALLS,
	  .offer = offer_pid },
	{ "tid", 0, "TID", "calls of this thread", set_tid, .uses = USE_CALLS | OPTION_RARE },
	{ "comm", 0, "NAME", "calls of processes with this name", set_comm, .uses = USE_CALLS,
	  .offer = offer_comm },
	{ "vm", 0, "PID-FD", "calls on this VM, named as in /sys/kernel/debug/kvm", set_vm,
	  .uses = USE_CALLS, .offer = offer_vm },
	{ "cgroup", 0, "PATH", "calls of processes in this cgroup and below", set_cgroup,
	  .uses = USE_CALLS | OPTION_RARE },
	{ .what = "Which are shown (one, A|B, !=ONE or ~PATTERN):" },
	{ "guest", 0, "NAME", "VMs of this guest", set_view, .uses = USE_VIEW },
	{ "cause", 0, "CAUSE", "calls with this cause: newer-than-host", set_view, .uses = USE_VIEW,
	  .offer = offer_cause },
	{ "mode", 0, "MODE", "requests for this mode, and runs after them: POWER10", set_view,
	  .uses = USE_VIEW, .offer = offer_mode },
	{ "since", 0, "WHEN", "from 15:04, 2026-11-30T15:04Z, +5m; and --until", set_view,
	  .uses = USE_VIEW },
	{ "until", 0, "WHEN", "before then", set_view, .uses = USE_VIEW | OPTION_RARE },
	{ "errno", 0, "ERRNO", "calls that fail with this error: E2BIG or 7", set_errno,
	  .uses = USE_SHOWN | OPTION_RARE, .offer = offer_errno },
	{ "errors-only", 0, NULL, "calls that fail", set_errors_only, .uses = USE_SHOWN },
	{ .what = "When to stop:" },
	{ "count", 'n', "COUNT", "after this many calls were shown", set_count, .uses = USE_STOP },
	{ "duration", 'd', "TIME", "after this many seconds; also .2, 500ms, 2m, 1h", set_duration,
	  .uses = USE_STOP },
	{ .what = "Output:" },
	{ "format", 0, "NAME", "", set_format, .uses = USE_FORMAT, .offer = offer_format },
	{ "json", 'j', NULL, "the same as --format=json", set_json, .uses = USE_JSON },
	{ "output", 'o', "FILE", "write to this new file instead of standard output", set_output,
	  .uses = USE_OUTPUT },
	{ "force", 0, NULL, "replace a file that exists", set_force, .uses = USE_OUTPUT },
	{ "metrics", 0, "FILE.prom", "also count in this file, for node_exporter", set_metrics,
	  .uses = USE_METRICS },
	{ "summary", 0, NULL, "at the end, print the story of each VM", set_summary,
	  .uses = USE_SHOWN },
	{ "color", 0, "WHEN", "always, never or auto: on a terminal (default)", set_color,
	  .uses = USE_COLOR | OPTION_RARE, .words = colors },
	{ "time", 0, "WHICH", "of the table: local (default), utc, iso, rel, mono", set_time,
	  .uses = USE_TABLE, .words = times },
	{ "verbose", 'v', NULL, "more of each call, what doctor found well, libbpf's messages",
	  set_verbose, .uses = USE_SHOWN | USE_VERBOSE },
	{ "quiet", 'q', NULL, "print only errors to standard error", set_quiet,
	  .uses = USE_OUTPUT },
	{ "verdicts", 0, "WHEN", "now: derived again (default); recorded: as recorded",
	  set_verdicts, .uses = USE_VERDICTS, .words = verdicts },
	{ "strict", 0, NULL, "exit with 5 if any event was lost", set_strict,
	  .uses = USE_SHOWN | OPTION_RARE },
	{ "inconclusive", 0, "N", "exit with N instead of 5", set_inconclusive,
	  .uses = USE_INCONCLUSIVE | OPTION_RARE },
	{ "method", 0, "HOW", "how to attach: fexit, kprobe or auto (default)", set_method,
	  .uses = USE_ATTACH | OPTION_RARE, .words = methods },
	{ "release-idle", 0, NULL, "watch only while a VM exists", set_release_idle,
	  .uses = USE_ATTACH | OPTION_RARE },
	{ "ring-size", 0, "SIZE", "of the buffer for bursts of events: 1M, 16M (default: 4M)",
	  set_ring_size, .uses = USE_ATTACH | OPTION_RARE, .words = ring_sizes },
	{ "dry-run", 0, NULL, "attach, print the verifier's figures, and exit", set_dry_run,
	  .uses = USE_DRY_RUN | OPTION_RARE },
	{ 0 },
};

static unsigned int uses_of(const struct command *c)
{
	size_t n = n_formats(c);

	return c->uses | (n ? USE_FORMAT : 0) | (format_by_name(c, "json") < n ? USE_JSON : 0);
}

static bool is_own(const struct command *c, const struct option_row *row)
{
	for (const struct option_row *own = c->options; own && own->what; own++)
		if (own == row)
			return true;
	return false;
}

static bool has_option(const struct command *c, const struct option_row *row)
{
	return row->uses & uses_of(c) || is_own(c, row);
}

/* Where there is one format it may be named, but nobody needs to. */
bool option_is_listed(const struct command *c, const struct option_row *row)
{
	return has_option(c, row) && !row->gone &&
	       !(row->uses & (USE_FORMAT | USE_JSON) && n_formats(c) == 1);
}

/* ------------------------------------------------------------------ what argp gets */

#define ROWS_MAX  64
#define FIRST_KEY 1024 /* of options without a letter */

/* All options that a command line may have, as its verb sees them. */
struct table {
	struct parse p; /* first, for functions that get this alone */
	struct about_help help;
	const struct option_row *rows[ROWS_MAX];
	struct argp_option argp_rows[ROWS_MAX + 1];
	struct complete_value values[ROWS_MAX + 1];
	size_t n;
	struct argp argp;
};

static bool is_there(const struct table *t, const struct option_row *row)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->rows[i]->name, row->name))
			return true;
	return false;
}

/* What was removed is refused, however it is spelled. */
static int flags_of(const struct command *c, const struct option_row *row)
{
	if (row->gone)
		return OPTION_HIDDEN | OPTION_ARG_OPTIONAL;
	return option_is_listed(c, row) ? 0 : OPTION_HIDDEN;
}

static void add_rows(struct table *t, const struct option_row *row)
{
	for (; row && row->what; row++) {
		if (!row->name || is_there(t, row) || t->n == ROWS_MAX)
			continue;
		t->rows[t->n] = row;
		t->argp_rows[t->n] = (struct argp_option){
			.name = row->name,
			.key = row->letter ? row->letter : FIRST_KEY + (int)t->n,
			.arg = row->arg,
			.flags = flags_of(t->p.o->verb, row),
			.doc = *row->what ? row->what : "output format",
		};
		t->values[t->n].option = row->words || row->offer ? row->name : "";
		t->values[t->n].words = row->words;
		t->values[t->n].offer = row->offer;
		t->n++;
	}
}

static error_t parse_word(int key, char *arg, struct argp_state *state);

/* The verb's own come first: one of another verb may have the same name. */
static void make_table(struct table *t, struct options *o)
{
	static const struct argp_child children[] = { { &about_argp, 0, NULL, 0 }, { 0 } };

	*t = (struct table){ .p.o = o };
	add_rows(t, o->verb->options);
	add_rows(t, shared_options);
	for (size_t i = 0; commands[i]; i++)
		add_rows(t, commands[i]->options);
	t->argp = (struct argp){ .options = t->argp_rows,
				 .parser = parse_word,
				 .args_doc = o->verb->args,
				 .children = children };
}

/* "-p is an option of trace and record, not of replay" */
static void refuse_foreign(const struct parse *p)
{
	char list[LIST_LEN], option[OPTION_LEN];
	const char *owners[COMMANDS_MAX] = { NULL };
	size_t n = 0;

	for (size_t i = 0; commands[i]; i++)
		if (n < COMMANDS_MAX && option_is_listed(commands[i], p->at))
			owners[n++] = commands[i]->name;
	usage_error(p, "%s is an option of %s, not of %s", spelled(p->at, option),
		    join(list, owners, n, " and "), p->o->verb->name);
}

static void take_bare_word(struct parse *p, char *arg)
{
	const struct command *c = p->o->verb;
	struct argp_state *state = p->state;
	char quoted[PARSE_QUOTE_MAX];

	if (c->runs_program && state->quoted) {
		p->o->command = &state->argv[state->next - 1];
		state->next = state->argc;
	} else if (!p->verb_named) {
		usage_not_a_verb(p, arg);
	} else if (c->runs_program) {
		usage_error(p, "%s: a command must follow --", quote(quoted, arg));
	} else if (p->o->n_inputs == c->max_inputs) {
		usage_error(p, "%s is one too many: expected %s", quote(quoted, arg),
			    *c->args ? c->args : "no file");
	} else {
		if (!*arg)
			usage_error(p, "expected %s, found an empty name", c->args);
		p->o->inputs[p->o->n_inputs++] = arg;
	}
}

static void check_format(struct parse *p)
{
	struct options *o = p->o;
	size_t json = format_by_name(o->verb, "json");

	if (!p->json)
		return;
	if (p->format_given && o->format != json)
		usage_error(p, "--json and --format=%s exclude each other",
			    o->verb->format(o->format).name);
	o->format = json;
}

/* What sums up whole lives cannot be had of a part of them. */
static void check_view(struct parse *p)
{
	const struct options *o = p->o;
	enum view_by by = view_of_events(&o->view);

	if (by < VIEW_BYS && o->summary)
		usage_error(p, "--summary and --%s exclude each other: a story is of a whole life",
			    view_name(by));
	if (by < VIEW_BYS && o->metrics)
		usage_error(p, "--metrics and --%s exclude each other: metrics count all events",
			    view_name(by));
}

static void check(struct parse *p)
{
	const struct options *o = p->o;
	size_t n_stdin = 0;

	for (size_t i = 0; i < o->n_inputs; i++)
		n_stdin += !strcmp(o->inputs[i], "-");
	if (n_stdin > 1)
		usage_error(p, "standard input can be read once");
	if (o->n_inputs < o->verb->min_inputs)
		usage_error(p, "expected %s; - is standard input", o->verb->args);
	check_format(p);
	check_view(p);
	if (o->time != TIMES_LOCAL && strcmp(o->verb->format(o->format).name, "text"))
		usage_error(p, "--time is for the table: %s has the times of both clocks",
			    o->verb->format(o->format).name);
	if (o->verb->check)
		o->verb->check(p);
	if (o->force && (!o->output || !strcmp(o->output, "-")) && !o->metrics)
		usage_error(p, "--force needs -o FILE");
}

static error_t parse_word(int key, char *arg, struct argp_state *state)
{
	struct table *t = state->input;
	struct parse *p = &t->p;
	char option[OPTION_LEN];

	p->state = state;
	p->quoted = state->quoted;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &t->help;
		return 0;
	case ARGP_KEY_ARG:
		take_bare_word(p, arg);
		return 0;
	case ARGP_KEY_END:
		check(p);
		return 0;
	}
	for (size_t i = 0; i < t->n; i++) {
		if (t->argp_rows[i].key != key)
			continue;
		p->at = t->rows[i];
		if (p->at->gone)
			usage_error(p, "%s was removed: %s", spelled(p->at, option), p->at->gone);
		else if (!has_option(p->o->verb, p->at))
			refuse_foreign(p);
		else
			p->at->set(p, arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* ------------------------------------------------------------------ the verb */

static enum complete_more offer_bare(const char *first, bool dashed, void *parse)
{
	const struct parse *p = parse;
	const struct command *c = p->o->verb;

	if (c->runs_program && dashed)
		return COMPLETE_COMMAND;
	if (p->verb_named && c->max_inputs && !c->offer)
		return COMPLETE_FILES;
	if (p->verb_named && c->offer)
		c->offer(NULL);
	else if (!first)
		commands_offer(NULL);
	return COMPLETE_NOTHING;
}

static void print_help(const void *table)
{
	const struct table *t = table;

	help_print(t->p.verb_named ? t->p.o->verb : NULL);
}

/* Finds the verb, which need not be the first word; returns where it is, 0: none is named. */
static int find_verb(struct table *t, struct options *o, int first, int n, char **argv)
{
	const struct command *c;
	int at;

	o->verb = commands[0];
	make_table(t, o);
	at = complete_first_word(&t->argp, n, argv + first);
	c = at < n ? command_by_name(argv[first + at]) : NULL;
	if (!c)
		return 0;
	o->verb = c;
	make_table(t, o);
	t->p.verb_named = true;
	return first + at;
}

static void allocate(struct options *o, int argc)
{
	o->inputs = calloc((size_t)argc + 1, sizeof(*o->inputs));
	o->own = calloc(1, o->verb->own_size + 1);
	if (o->inputs && o->own)
		return;
	say("out of memory");
	exit(EXIT_IMPOSSIBLE);
}

void options_parse(int argc, char **argv, struct options *o)
{
	bool completing = argc > 1 && !strcmp(argv[1], "--complete");
	int first = completing ? 2 : 1, at;
	struct complete complete;
	struct table t;

	*o = (struct options){ .inconclusive = EXIT_INCONCLUSIVE };
	at = find_verb(&t, o, first, argc - first - completing, argv);
	complete = (struct complete){ &t.argp, t.values, offer_bare, &t.p };
	complete_if_asked(&complete, argc, argv);
	t.help = (struct about_help){ print_help, &t };
	if (at) {
		/* The verb's place goes to the word before it, and the first is for messages. */
		memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
		snprintf(o->title, sizeof(o->title), "compatcaps-trace %s", o->verb->name);
		argv[1] = o->title;
		argc--;
		argv++;
	}
	allocate(o, argc);
	argp_err_exit_status = EXIT_USAGE;
	/* In order: what follows `--` is the command's. */
	argp_parse(&t.argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, &t);
	say_quiet(o->quiet);
	if (!view_begin(&o->view)) {
		say("out of memory");
		exit(EXIT_IMPOSSIBLE);
	}
}

void options_free(struct options *o)
{
	view_free(&o->view);
	free(o->inputs);
	free(o->own);
}
