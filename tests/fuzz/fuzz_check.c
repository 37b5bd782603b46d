// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as one or two recordings that are held to rules of every kind.
 * Whatever is in them each rule has a verdict, one that is not decided has a reason, and the
 * results are fit for those who read them: people, and programs that read KTAP, TAP, JUnit's XML,
 * JSON or LAVA's lines.
 */
#include "fuzz.h"

#include "check/evaluate.h"
#include "lib/text.h"

static const char text[] = "lost=0\n"
			   "failures{cause=newer-than-host}=0\n"
			   "negotiations{guest=db1}>=1\n"
			   "events{guest!=null,vm>1}<3\n"
			   "retries{outcome=failed}=0\n"
			   "vms{guest~a}<=1\n"
			   "guests<=db1+db2\n"
			   "causes=ok+accepted|none\n"
			   "sizes>=24\n"
			   "modes=POWER9|POWER10\n"
			   "modes{source=nested-capabilities}<=POWER9\n"
			   "modes{source=cpu-version}>=POWER9\n"
			   "mode{guest=null}=POWER10\n"
			   "story~query\n"
			   "latency.p99<1ms\n"
			   "latency{ret<0}.mean>1us\n"
			   "latency.max=5044ns|1s\n"
			   "evidence.in.0=24\n"
			   "evidence.in<=24+0\n"
			   "evidence.hook.caps>0x1\n"
			   "host.page_size=4096\n"
			   "arch-compat.queried=yes\n"
			   "kernel.message~\"^KVM\"\n"
			   "run.messages=none\n"
			   "end.totals.vms=1\n";

static void on_bad(const char *sentence, void *ctx)
{
	(void)sentence;
	(void)ctx;
	abort();
}

static const struct rules *the_rules(void)
{
	static struct rules rules;
	FILE *f;

	if (rules.n)
		return &rules;
	f = fmemopen((void *)text, sizeof(text) - 1, "r");
	check(f);
	rules_read(&rules, f, "rules", false, on_bad, NULL);
	fclose(f);
	return &rules;
}

static void check_result(const struct rule_result *r)
{
	check(rule_verdict_name(r->verdict));
	check((r->verdict == RULE_INCONCLUSIVE) == !!r->why);
	check_string(r->found);
	if (r->why)
		check_string(r->why);
	check(r->n_shown <= r->n_events && r->n_shown <= RULE_EVENTS_SHOWN);
	check(!r->n_shown || r->verdict == RULE_BROKEN);
	for (size_t i = 0; i < r->n_shown; i++) {
		check_string(r->events[i].what);
		if (r->events[i].guest)
			check(text_is_escaped(r->events[i].guest));
	}
}

static void evaluate(struct bytes b, bool recorded, struct recording_results *of)
{
	const struct rules *rules = the_rules();
	struct evaluation *ev = evaluation_new(rules);
	const struct recording_reader reader = {
		.path = "x",
		.recorded = recorded,
		.event = evaluation_event,
		.ctx = ev,
	};
	struct recording rec;

	of->results = calloc(rules->n, sizeof(*of->results));
	check(ev && of->results);
	read_recording(b, &reader, &rec);
	check(evaluation_end(ev, of->results));
	evaluation_free(ev);
	for (size_t i = 0; i < rules->n; i++) {
		check_result(&of->results[i]);
		of->n[of->results[i].verdict]++;
	}
}

static void write_results(const struct results *r)
{
	static const struct results_options narrow = { .columns = 60 };

	for (const struct results_format *format = results_formats; format->format.name; format++) {
		struct sink sink;

		sink_begin(&sink);
		check(format->write(r, &narrow, sink.f));
		check_results(format, sink_end(&sink));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording_results list[2] = { { .path = "hosts/a.jsonl" }, { .path = "b 1.jsonl" } };
	struct results r = { .rules = the_rules(), .list = list };
	struct bytes of[2];

	r.n_list = split_recordings(data, size, of);
	for (size_t i = 0; i < r.n_list; i++) {
		evaluate(of[i], size & 1, &list[i]);
		for (int verdict = 0; verdict < RULE_VERDICTS; verdict++)
			r.n[verdict] += list[i].n[verdict];
	}
	results_label(&r);
	write_results(&r);
	for (size_t i = 0; i < r.n_list; i++) {
		for (size_t k = 0; k < r.rules->n; k++)
			rule_result_free(&list[i].results[k]);
		free(list[i].results);
	}
	return 0;
}
