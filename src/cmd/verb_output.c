// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/verb_output.h"

#include "lib/status.h"

struct output *verb_open_output(const struct cli *c)
{
	const struct output_request request = {
		.path = c->output,
		.force = c->force,
		.shield = c->formats ? c->formats[c->format].shield : SHIELD_TEXT,
		.readable = !c->holds_recording,
	};

	return output_open(&request);
}

int verb_write(const struct cli *c, verb_writer *writer, void *what)
{
	struct output *o = verb_open_output(c);

	if (!o)
		return EXIT_IMPOSSIBLE;
	return output_close(o, writer(o, c, what)) ? EXIT_DONE : EXIT_IMPOSSIBLE;
}
