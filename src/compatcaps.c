// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace: verbs and options, nothing more. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cmd/live.h"
#include "cmd/options.h"
#include "io/out.h"
#include "cmd/replay.h"
#include "lib/say.h"
#include "cmd/verbs.h"

int main(int argc, char **argv)
{
	/* A verb has its own answer to --complete (complete.h), the word at the end is not one yet.
	 */
	bool completing = argc > 3 && !strcmp(argv[1], "--complete");
	const struct offline_verb *verb = argc > 1 ? verb_by_name(argv[1 + completing]) : NULL;
	struct options o;

	out_guard("compatcaps-trace", EXIT_IMPOSSIBLE);
	if (verb) {
		if (completing)
			argv[2] = argv[1];
		/* For argp's messages. */
		argv[1] = (char *)verb->title;
		return verb->run(argc - 1, argv + 1);
	}
	options_parse(argc, argv, &o);
	say_quiet(o.quiet);
	switch (o.verb) {
	case VERB_REPLAY:
		return replay_run(&o);
	case VERB_TRACE:
	case VERB_RECORD:
		break;
	}
#ifdef COMPATCAPS_OFFLINE
	say("this build only reads recordings; tracing needs the ppc64le build, on the POWER host: see 'replay' in --help");
	return EXIT_IMPOSSIBLE;
#else
	return live_run(&o);
#endif
}
