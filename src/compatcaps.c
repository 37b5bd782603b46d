// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace: finds the verb and runs it, nothing more. */
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
