// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Shows findings as text or as one JSON object. Problems come first, then notes; what is well is
 * one line unless all of it is asked for. The last line is the verdict, because it is what a
 * terminal shows.
 */
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

static unsigned int put_findings(FILE *f, const struct doctor *d, enum doctor_state state,
				 bool color)
{
	unsigned int n = 0;

	for (size_t i = 0; i < d->n; i++) {
		if (d->findings[i].state != state)
			continue;
		put_finding(f, &d->findings[i], color);
		n++;
	}
	return n;
}

/* What is well, in one line. */
static void put_folded(FILE *f, const struct doctor *d)
{
	char text[64];
	unsigned int n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->findings[i].state == DOCTOR_OK;
	if (!n)
		return;
	snprintf(text, sizeof(text), "%u check%s found nothing wrong (-v shows %s)", n,
		 n == 1 ? "" : "s", n == 1 ? "it" : "them");
	layout_line(f, "ok       ", 0, text);
}

/* "POWER9, POWER10" */
static char *list_modes(char *buf, size_t len, uint64_t modes)
{
	char words[96];
	size_t n = 0;

	modes_text(words, sizeof(words), modes);
	buf[0] = '\0';
	for (char *rest, *word = strtok_r(words, " ", &rest); word && n < len;
	     word = strtok_r(NULL, " ", &rest))
		n += (size_t)snprintf(buf + n, len - n, "%s%s", n ? ", " : "", word);
	return buf;
}

/* What it all comes to, in the last line: it is what a terminal shows. */
static void put_verdict(FILE *f, const struct doctor *d, unsigned int problems, unsigned int notes)
{
	char text[256], modes[96];
	int n;

	n = problems ? snprintf(text, sizeof(text), "This host cannot trace: %u problem%s.",
				problems, problems == 1 ? "" : "s") :
		       snprintf(text, sizeof(text), "This host can trace.");
	if (d->offer.source == MODES_UNKNOWN)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      " What guests are offered is not known.");
	else if (!d->offer.modes)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " Guests are offered no mode.");
	else
		n += snprintf(text + n, sizeof(text) - (size_t)n, " Guests are offered %s%s.",
			      list_modes(modes, sizeof(modes), d->offer.modes),
			      d->guessed ? ", by its cpu-version" : "");
	if (notes)
		snprintf(text + n, sizeof(text) - (size_t)n, " %u note%s.", notes,
			 notes == 1 ? "" : "s");
	layout_line(f, "", 0, text);
}

void doctor_show_text(FILE *f, const struct doctor *d, bool color, bool all)
{
	unsigned int problems = put_findings(f, d, DOCTOR_PROBLEM, color);
	unsigned int notes = put_findings(f, d, DOCTOR_NOTE, color);

	if (all)
		put_findings(f, d, DOCTOR_OK, color);
	else
		put_folded(f, d);
	put_verdict(f, d, problems, notes);
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
