// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "doctor/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "lib/layout.h"

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

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

static void json_findings(yyjson_mut_doc *j, yyjson_mut_val *root, const struct doctor *d)
{
	yyjson_mut_val *list = yyjson_mut_obj_add_arr(j, root, "findings");

	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_finding *f = &d->findings[i];
		yyjson_mut_val *o = yyjson_mut_arr_add_obj(j, list);

		yyjson_mut_obj_add_str(j, o, "check", f->check);
		yyjson_mut_obj_add_str(j, o, "state", doctor_state_name(f->state));
		yyjson_mut_obj_add_strcpy(j, o, "what", f->what);
		if (*f->remedy)
			yyjson_mut_obj_add_strcpy(j, o, "remedy", f->remedy);
		else
			yyjson_mut_obj_add_null(j, o, "remedy");
	}
}

bool doctor_show_json(FILE *f, const struct doctor *d)
{
	yyjson_mut_doc *j = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = j ? yyjson_mut_obj(j) : NULL;
	char *line = NULL;
	size_t len = 0;

	if (root) {
		yyjson_mut_doc_set_root(j, root);
		yyjson_mut_obj_add_str(j, root, "type", "doctor");
		yyjson_mut_obj_add_uint(j, root, "schema", DOCTOR_SCHEMA);
		yyjson_mut_obj_add_str(j, root, "version", COMPATCAPS_VERSION);
		yyjson_mut_obj_add_bool(j, root, "can_trace", !doctor_has_problem(d));
		json_findings(j, root, d);
		line = yyjson_mut_write(j, YYJSON_WRITE_NEWLINE_AT_END, &len);
	}
	if (line)
		fwrite(line, 1, len, f);
	free(line);
	yyjson_mut_doc_free(j);
	return line;
}
