// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/verb_output.h"

#include "lib/output.h"
#include "lib/say.h"
#include "lib/status.h"

int verb_write(const struct cli *c, verb_writer *writer, const void *what)
{
	char error[512];
	struct output *o = output_open(c->output, c->force, -1, error, sizeof(error));
	bool written, unread;

	if (!o) {
		say("%s", error);
		return EXIT_IMPOSSIBLE;
	}
	written = writer(output_file(o), c, what);
	unread = !output_flush(o) && output_unread(o);
	if (!written)
		say("there is not enough memory");
	if (output_close(o, error, sizeof(error)) || unread)
		return written ? EXIT_DONE : EXIT_IMPOSSIBLE;
	say("%s", error);
	return EXIT_IMPOSSIBLE;
}
