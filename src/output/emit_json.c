// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * JSON Lines: one object for each event. This output is the recording too, which replay reads. How
 * a line is made is in recording/encode.c.
 */
#include "output/emit.h"

#include <stdlib.h>

#include "recording/encode.h"

struct json {
	struct encoder *encoder;
	FILE *f;
};

static void json_end(void *state)
{
	struct json *j = state;

	encoder_free(j->encoder);
	free(j);
}

static void *json_begin(FILE *f, const struct emit_options *opt)
{
	struct json *j = malloc(sizeof(*j));

	if (!j)
		return NULL;
	j->f = f;
	j->encoder = encoder_new(opt->filtered);
	if (j->encoder)
		return j;
	free(j);
	return NULL;
}

static void json_event(void *state, const struct event *e)
{
	struct json *j = state;

	encoder_write(j->encoder, e, j->f);
}

const struct emitter emit_json = {
	.name = "json",
	.shield = SHIELD_JSON,
	.what = "JSON Lines, a recording",
	.begin = json_begin,
	.event = json_event,
	.end = json_end,
	.stream = true,
};
