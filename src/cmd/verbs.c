// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cmd/verbs.h"

#include <stddef.h>
#include <string.h>

/*
 * A verb is one row here, one file (src/NAME.c; src/NAME_verb.c where that is the room of
 * something else), and its part of the docs.
 */
#define VERBS(VERB) \
	VERB(check, "test recordings against rules") \
	VERB(diff, "compare two recordings") \
	VERB(report, "make a page of recordings") \
	VERB(metrics, "count for Prometheus") \
	VERB(vms, "list the VMs on this host and their modes") \
	VERB(doctor, "check whether this host can be traced")

#define DECLARE(name, what) int name##_main(int argc, char **argv);
#define ROW(name, what)	    { #name, what, "compatcaps-trace " #name, name##_main },

VERBS(DECLARE)
const struct offline_verb verbs[] = { VERBS(ROW){ NULL, NULL, NULL, NULL } };

const struct offline_verb *verb_by_name(const char *name)
{
	for (const struct offline_verb *v = verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}
