// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compatcaps-trace: finds the verb on the command line and runs it. Everything else is in the
 * folders beside this file. src/README draws the way through them.
 */
#include "cmd/run_output.h"
#include "io/out.h"
#include "lib/say.h"

int main(int argc, char **argv)
{
	int status = EXIT_IMPOSSIBLE;
	char elsewhere[128];
	struct options o;

	out_guard("compatcaps-trace", EXIT_IMPOSSIBLE);
	options_parse(argc, argv, &o);
	if (o.verb->run)
		status = o.verb->run(&o);
	else
		say("%s", command_elsewhere(o.verb, elsewhere));
	run_say_unmatched(&o);
	options_free(&o);
	return status;
}
