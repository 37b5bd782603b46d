// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/cli.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/about.h"
#include "lib/parse.h"
#include "lib/say.h"
#include "lib/status.h"

enum {
	OPT_FORMAT = 1024,
	OPT_JSON,
	OPT_FORCE,
	OPT_COLOR,
	OPT_VERDICTS,
	OPT_INCONCLUSIVE,
};

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "Output:", 8 },
	{ "format", OPT_FORMAT, "NAME", 0, "output format:", 0 },
	{ "json", 'j', 0, 0, "the same as --format=json", 0 },
	{ "output", 'o', "FILE", 0, "write to this new file instead of standard output", 0 },
	{ "force", OPT_FORCE, 0, 0, "replace the file of -o", 0 },
	{ "color", OPT_COLOR, "WHEN", 0, "always, never or auto: on a terminal (default)", 0 },
	{ "quiet", 'q', 0, 0, "print only errors to standard error", 0 },
	{ "verdicts", OPT_VERDICTS, "WHEN", 0,
	  "recorded: as recorded; now: derived again (default)", 0 },
	{ "inconclusive", OPT_INCONCLUSIVE, "N", 0, "exit with N instead of 5", 0 },
	{ 0 },
};

/* The words that options take. */
static const char *const colors[] = {
	[CLI_COLOR_AUTO] = "auto",
	[CLI_COLOR_ALWAYS] = "always",
	[CLI_COLOR_NEVER] = "never",
	NULL,
};
static const char *const whens[] = { "now", "recorded", NULL };

void cli_refuse(const struct argp_state *state, const char *option, const char *arg,
		const char *why)
{
	char quoted[PARSE_QUOTE_MAX];

	argp_error(state, "%s %s: %s", option,
		   parse_quote(quoted, sizeof(quoted), arg, strlen(arg)), why);
}

static const char *path(struct argp_state *state, const char *option, const char *arg)
{
	if (!*arg)
		argp_error(state, "%s: the name is empty", option);
	return arg;
}

static size_t word(struct argp_state *state, const char *option, const char *arg,
		   const char *const *words, const char *why)
{
	for (size_t i = 0; words[i]; i++)
		if (!strcmp(words[i], arg))
			return i;
	cli_refuse(state, option, arg, why);
	return 0;
}

static bool find_format(struct cli *c, const char *name)
{
	for (size_t i = 0; c->formats && c->formats[i].name; i++)
		if (!strcmp(c->formats[i].name, name)) {
			c->format = i;
			return true;
		}
	return false;
}

static void print_formats(const struct cli *c, FILE *f, bool with_what)
{
	for (size_t i = 0; c->formats && c->formats[i].name; i++)
		fprintf(f, with_what ? "%s %s, %s" : "%s%s", i ? with_what ? ";" : ", " : "",
			c->formats[i].name, c->formats[i].what);
}

static void format(struct argp_state *state, struct cli *c, const char *arg)
{
	char why[256] = "must be one of ";
	size_t n = strlen(why);
	FILE *f;

	if (find_format(c, arg))
		return;
	f = fmemopen(why + n, sizeof(why) - n, "w");
	if (f) {
		print_formats(c, f, false);
		fclose(f);
	}
	cli_refuse(state, "--format", arg, c->formats ? why : "there is only one format");
}

static void json(struct argp_state *state, struct cli *c)
{
	if (!find_format(c, "json"))
		argp_error(state, "--json: not available here; see --format in --help");
}

static void inconclusive(struct argp_state *state, struct cli *c, const char *arg)
{
	struct parse_error err;
	uint64_t value = 0;

	if (!c->inconclusive_wanted)
		argp_error(state, "--inconclusive: nothing can be inconclusive here");
	if (!parse_upto(arg, strlen(arg), UINT8_MAX, &value, &err))
		cli_refuse(state, "--inconclusive", arg, err.why);
	c->inconclusive = (int)value;
}

static void verdicts(struct argp_state *state, struct cli *c, const char *arg)
{
	c->recorded = word(state, "--verdicts", arg, whens, "must be recorded or now");
}

static void input(struct argp_state *state, struct cli *c, char *arg)
{
	if (c->n_inputs >= c->max_inputs)
		argp_error(state, "%s: %zu file%s at most", arg, c->max_inputs,
			   c->max_inputs == 1 ? "" : "s");
	c->inputs[c->n_inputs++] = (char *)path(state, "a file", arg);
}

static void check(struct argp_state *state, struct cli *c)
{
	size_t n_stdin = 0;

	for (size_t i = 0; i < c->n_inputs; i++)
		n_stdin += !strcmp(c->inputs[i], "-");
	if (n_stdin > 1)
		argp_error(state, "standard input can be read once");
	if (c->n_inputs < c->min_inputs)
		argp_error(state, "expected %s; - is standard input", c->args_doc);
	if (c->output && !strcmp(c->output, "-"))
		c->output = NULL;
	if (c->force && !c->output)
		argp_error(state, "--force needs -o FILE");
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
	struct cli *c = state->input;

	switch (key) {
	case OPT_FORMAT:
		format(state, c, arg);
		break;
	case 'j':
		json(state, c);
		break;
	case 'o':
		c->output = path(state, "-o", arg);
		break;
	case OPT_COLOR:
		c->color = word(state, "--color", arg, colors, "must be always, never or auto");
		break;
	case OPT_VERDICTS:
		verdicts(state, c, arg);
		break;
	case OPT_INCONCLUSIVE:
		inconclusive(state, c, arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct cli *c = state->input;

	switch (key) {
	case OPT_FORCE:
		c->force = true;
		break;
	case 'q':
		c->quiet = true;
		break;
	case ARGP_KEY_INIT:
		if (c->options)
			state->child_inputs[1] = c->input;
		break;
	case ARGP_KEY_ARG:
		input(state, c, arg);
		break;
	case ARGP_KEY_END:
		check(state, c);
		break;
	default:
		return parse_output(key, arg, state);
	}
	return 0;
}

/* The forms that there are come from their table. */
static char *help_filter(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t size;
	FILE *f;

	if (key != OPT_FORMAT || !(f = open_memstream(&help, &size)))
		return (char *)text;
	fputs(text, f);
	print_formats(input, f, true);
	fclose(f);
	return help ? help : (char *)text;
}

/* Without what this verb has not: an option of its own may have that name. */
static void choose_options(const struct cli *c, struct argp_option *chosen)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].key != OPT_VERDICTS || c->verdicts)
			*chosen++ = options[i];
}

/* ------------------------------------------------------------------ what a shell offers */

static void offer_format(void *ctx)
{
	const struct cli *c = ctx;

	for (size_t i = 0; c->formats && c->formats[i].name; i++)
		complete_offer(c->formats[i].name, c->formats[i].what);
}

static const struct complete_value values[] = {
	{ "format", NULL, offer_format },
	{ "color", colors, NULL },
	{ "verdicts", whens, NULL },
	{ 0 },
};

static enum complete_more offer_bare(const char *first, bool dashed, void *ctx)
{
	const struct cli *c = ctx;

	(void)first;
	(void)dashed;
	return c->max_inputs ? COMPLETE_FILES : COMPLETE_NOTHING;
}

void cli_parse(struct cli *c, int argc, char **argv)
{
	struct argp_child children[] = { { &about_argp, 0, NULL, 0 },
					 { c->options, 0, NULL, 0 },
					 { 0 } };
	struct argp_option chosen[sizeof(options) / sizeof(options[0])] = { 0 };
	struct argp argp = { chosen, parse_common, c->args_doc, c->doc, children, help_filter, 0 };
	const struct complete complete = { &argp, { c->values, values }, offer_bare, c };

	choose_options(c, chosen);
	complete_if_asked(&complete, argc, argv);
	c->inconclusive = EXIT_INCONCLUSIVE;
	c->inputs = calloc((size_t)argc + 1, sizeof(*c->inputs));
	if (!c->inputs) {
		say("out of memory");
		exit(EXIT_IMPOSSIBLE);
	}
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, c);
	say_quiet(c->quiet);
}

bool cli_wants_color(const struct cli *c, const struct output *o)
{
	if (c->color != CLI_COLOR_AUTO)
		return c->color == CLI_COLOR_ALWAYS;
	return output_is_terminal(o) && !getenv("NO_COLOR");
}
