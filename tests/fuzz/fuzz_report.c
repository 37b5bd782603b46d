// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as one or two recordings that a report is made of, in each of its
 * forms. Text is fit for a terminal, the page is well-formed and has no script, the timeline is
 * JSON.
 */
#include "fuzz.h"

#include "io/output.h"
#include "report/report.h"

struct recordings {
	struct bytes list[2];
	size_t n;
	bool recorded; /* with the verdicts that were given then */
};

/* The forms flush the output that their stream belongs to; here that is another one. */
static struct output *nowhere(void)
{
	static const struct output_request request = { .path = "/dev/null", .force = true };
	static struct output *out;

	if (!out)
		out = output_open(&request);
	check(out);
	return out;
}

static struct bytes write_report(const struct report_format *form, const struct recordings *r)
{
	struct sink sink;
	struct report report = { .out = nowhere(), .n = r->n };
	void *state;

	sink_begin(&sink);
	report.f = sink.f;
	state = form->begin(&report);
	check(state);
	for (size_t i = 0; i < r->n; i++) {
		struct recording rec = { .fatal = true };
		struct report_input in = {
			.name = i ? "dir/b" : "a",
			.number = i + 1,
			.f = bytes_open(r->list[i]),
			.recorded = r->recorded,
		};

		check(form->recording(state, &in, &rec));
		fclose(in.f);
	}
	check(form->end(state));
	return sink_end(&sink);
}

static bool holds(struct bytes b, const char *text)
{
	return memmem(b.data, b.len, text, strlen(text));
}

static void check_page(const struct recordings *r)
{
	struct bytes page = write_report(&report_html, r);

	check_printable(page);
	/* In a text the word is harmless, and the fuzzer knows it from here. */
	check(!holds(page, "<script") && !holds(page, "=\"javascript:"));
	page = check_shielded(page, report_html.shield);
	check_xml(page);
	free((void *)page.data);
}

static void check_timeline(const struct recordings *r)
{
	struct bytes b = write_report(&report_perfetto, r);

	check_printable(b);
	b = check_shielded(b, report_perfetto.shield);
	check_json(b);
	free((void *)b.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recordings r = { .recorded = size & 1 };
	struct bytes text;

	r.n = split_recordings(data, size, r.list);
	text = write_report(&report_text, &r);
	check_printable(text);
	free((void *)check_shielded(text, report_text.shield).data);
	check_page(&r);
	check_timeline(&r);
	return 0;
}
