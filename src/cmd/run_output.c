// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the command line says about output becomes a request to io/output.h. All verbs open, write
 * and close their output through these functions. So a full disk, a closed pipe and a file that
 * exists are judged in one place.
 */
#include "cmd/run_output.h"

#include <stdlib.h>
#include <string.h>

#include "lib/say.h"
#include "lib/status.h"

struct output *run_open_output(const struct options *o, const char *path, int wake)
{
	const struct output_request request = {
		.path = path && strcmp(path, "-") ? path : NULL,
		.force = o->force,
		.shield = o->verb->format(o->format).shield,
		.readable = !o->verb->holds_recording,
		.live = wake,
		.wake = wake,
	};

	return output_open(&request);
}

int run_with_output(const struct options *o, output_writer *writer, void *what)
{
	struct output *out = run_open_output(o, o->output, 0);

	if (!out)
		return EXIT_IMPOSSIBLE;
	return output_close(out, writer(out, o, what)) ? EXIT_DONE : EXIT_IMPOSSIBLE;
}

bool run_terminal_is_dumb(void)
{
	const char *terminal = getenv("TERM");

	return terminal && !strcmp(terminal, "dumb");
}

/* NO_COLOR: https://no-color.org */
bool run_wants_color(const struct options *o, const struct output *out)
{
	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	return output_is_terminal(out) && !getenv("NO_COLOR") && !run_terminal_is_dumb();
}

void run_say_unmatched(const struct options *o)
{
	char *text = view_unmatched(&o->view);

	if (text)
		say_note("%s", text);
	free(text);
}
