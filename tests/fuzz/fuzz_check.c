// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as a recording that is held to rules of every kind. Whatever is in
 * it each rule has a verdict, one that is not decided has a reason, and what is shown is fit for a
 * terminal.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/evaluate.h"
#include "diagnosis/session.h"
#include "recording/stream.h"
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

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_text(const char *shown)
{
	for (check(shown); *shown; shown++)
		check(*shown >= ' ' && *shown <= '~');
}

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

static void check_result(struct rule_result *r)
{
	check(rule_verdict_name(r->verdict));
	check((r->verdict == RULE_INCONCLUSIVE) == !!r->why);
	check_text(r->found);
	if (r->why)
		check_text(r->why);
	check(r->n_shown <= r->n_events && r->n_shown <= RULE_EVENTS_SHOWN);
	check(!r->n_shown || r->verdict == RULE_BROKEN);
	for (size_t i = 0; i < r->n_shown; i++) {
		check_text(r->events[i].what);
		if (r->events[i].guest)
			check(text_is_escaped(r->events[i].guest));
	}
	rule_result_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rules *rules = the_rules();
	FILE *f = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
	struct rule_result *results = calloc(rules->n, sizeof(*results));
	struct evaluation *ev = evaluation_new(rules);
	struct session *session = session_new(evaluation_event, ev);
	struct stream *stream = stream_new(f, "x", false);
	enum stream_status status = STREAM_FRAME;
	struct frame frame;
	char error[512];

	check(f && results && ev && session && stream);
	while (status != STREAM_END && status != STREAM_FATAL) {
		status = stream_next(stream, &frame, error, sizeof(error));
		if (status == STREAM_FRAME)
			session_frame(session, &frame);
	}
	check(evaluation_end(ev, results));
	for (size_t i = 0; i < rules->n; i++)
		check_result(&results[i]);
	stream_free(stream);
	session_free(session);
	evaluation_free(ev);
	free(results);
	fclose(f);
	return 0;
}
