// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "doctor/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "lib/color.h"
#include "lib/json.h"
#include "lib/layout.h"

/* ------------------------------------------------------------------ text */

static void put_finding(FILE *f, const struct doctor_finding *finding, bool color)
{
	static const char *const colors[DOCTOR_STATES] = { "", YELLOW, RED };
	const char *paint = color ? colors[finding->state] : "";
	char mark[64];

	fputs(paint, f);
	snprintf(mark, sizeof(mark), "%-7s  %-19s  ", doctor_state_name(finding->state),
		 finding->check);
	layout_line(f, mark, 0, finding->what);
	if (*finding->remedy)
		layout_line(f, "-> ", (unsigned int)strlen(mark), finding->remedy);
	if (*paint)
		fputs(PLAIN, f);
}

void doctor_show_text(FILE *f, const struct doctor *d, bool color)
{
	for (size_t i = 0; i < d->n; i++)
		put_finding(f, &d->findings[i], color);
}

/* ------------------------------------------------------------------ JSON */

static void json_finding(struct json *j, yyjson_mut_val *list, const struct doctor_finding *f)
{
	yyjson_mut_val *o = json_add_object(j, list);

	json_put_text(j, o, "check", f->check);
	json_put_text(j, o, "state", doctor_state_name(f->state));
	json_put_text(j, o, "what", f->what);
	json_put_text(j, o, "remedy", *f->remedy ? f->remedy : NULL);
}

bool doctor_show_json(FILE *f, const struct doctor *d)
{
	struct json j;
	yyjson_mut_val *root = json_begin(&j), *list;

	json_put_text(&j, root, "type", "doctor");
	json_put_number(&j, root, "schema", DOCTOR_SCHEMA);
	json_put_text(&j, root, "version", COMPATCAPS_VERSION);
	json_put_bool(&j, root, "can_trace", !doctor_has_problem(d));
	list = json_put_list(&j, root, "findings");
	for (size_t i = 0; i < d->n; i++)
		json_finding(&j, list, &d->findings[i]);
	return json_end(&j, 0, f);
}
