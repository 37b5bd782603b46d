// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace: verbs and options, nothing more. */
#include <stddef.h>

#include "cmd/live.h"
#include "cmd/options.h"
#include "lib/out.h"
#include "cmd/replay.h"
#include "lib/say.h"
#include "cmd/verbs.h"

int main(int argc, char **argv)
{
	const struct offline_verb *verb = argc > 1 ? verb_by_name(argv[1]) : NULL;
	struct options o;

	out_guard("compatcaps-trace", EXIT_IMPOSSIBLE);
	if (verb) {
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
	say("this build reads recordings; tracing takes the ppc64le build, on the POWER host: see 'replay' in --help");
	return EXIT_IMPOSSIBLE;
#else
	return live_run(&o);
#endif
}
