// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The list of verbs, in the order in which help shows them. A new verb adds its row here. Words
 * that are no verb get the verb that is spelled most like them, or the one that does what they ask
 * for.
 */
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

#include "lib/complete.h"
#include "lib/spelling.h"

/* A verb is one name here, one file (src/cmd/NAME.c), and its part of the docs. */
#define COMMANDS(COMMAND) \
	COMMAND(trace) \
	COMMAND(record) \
	COMMAND(replay) \
	COMMAND(check) \
	COMMAND(diff) \
	COMMAND(report) \
	COMMAND(metrics) \
	COMMAND(vms) \
	COMMAND(doctor) \
	COMMAND(caps) \
	COMMAND(explain) \
	COMMAND(help)

#define DECLARE(name) extern const struct command command_##name;
#define ADDRESS(name) &command_##name,

COMMANDS(DECLARE)
const struct command *const commands[] = { COMMANDS(ADDRESS) NULL };

const struct command *command_by_name(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

const char *command_like(const char *name)
{
	struct spelling like = spelling_of(name);

	for (size_t i = 0; commands[i]; i++)
		spelling_try(&like, commands[i]->name);
	return like.found;
}

void commands_offer(void *ctx)
{
	(void)ctx;
	for (size_t i = 0; commands[i]; i++)
		complete_offer(commands[i]->name, commands[i]->what);
}

const char *command_elsewhere(const struct command *c, char buf[128])
{
	snprintf(buf, 128, "this build only reads recordings; %s needs the ppc64le build, on POWER",
		 c->name);
	return buf;
}
