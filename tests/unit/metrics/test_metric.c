// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is counted of which event, what is there from the beginning, and how it is written. */
#include "../recording.h"

#include <errno.h>
#include <inttypes.h>

#include "metrics/metric.h"

/* ------------------------------------------------------------------ what was counted */

/* What is under test, and what it has written. */
static struct {
	struct metrics *m;
	struct session *session;
	char *text;
	size_t size;
} t;

static int set_up(void **state)
{
	(void)state;
	t.m = metrics_new();
	assert_non_null(t.m);
	t.session = session_new(metrics_event, t.m);
	assert_non_null(t.session);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	session_free(t.session);
	metrics_free(t.m);
	free(t.text);
	memset(&t, 0, sizeof(t));
	return 0;
}

static const char *write_as(enum metrics_format format)
{
	FILE *f;

	free(t.text);
	f = open_memstream(&t.text, &t.size);
	assert_non_null(f);
	metrics_write(t.m, format, f);
	fclose(f);
	return t.text;
}

static void take(const struct frame *f)
{
	session_frame(t.session, f);
}

/* Another recording: the session begins anew, the numbers go on. */
static void begin_another(void)
{
	session_free(t.session);
	t.session = session_new(metrics_event, t.m);
	assert_non_null(t.session);
}

/* The line of a sample, from its value on; NULL: there is none. */
static const char *find(const char *sample)
{
	size_t len = strlen(sample);

	for (const char *at = t.text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, sample, len) && at[len] == ' ')
			return at + len + 1;
	return NULL;
}

static void assert_sample(const char *sample, uint64_t value)
{
	const char *at = find(sample);
	char *end;

	if (!at)
		fail_msg("there is no %s in:\n%s", sample, t.text);
	if (strtoull(at, &end, 10) != value || (*end != '\n' && *end != ' '))
		fail_msg("%s is not %" PRIu64 " but %.40s", sample, value, at);
}

static void assert_none(const char *sample)
{
	if (find(sample))
		fail_msg("there is %s in:\n%s", sample, t.text);
}

static size_t n_samples(const char *name)
{
	size_t n = 0, len = strlen(name);

	for (const char *at = t.text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		n += !strncmp(at, name, len) && (at[len] == '{' || at[len] == ' ');
	return n;
}

/* ------------------------------------------------------------------ from the beginning */

static __attribute__((format(printf, 1, 2))) void assert_zero(const char *format, ...)
{
	char sample[256];
	va_list args;

	va_start(args, format);
	vsnprintf(sample, sizeof(sample), format, args);
	va_end(args);
	assert_sample(sample, 0);
}

static const char *const abis[] = { "v1-v2", "v3-v4", "v5", "mainline", "unknown" };

static void every_cause_is_there_from_the_beginning(void **state)
{
	size_t n = 0;

	(void)state;
	write_as(METRICS_PROMETHEUS);
	for (int c = 0; cause_name(c); c++) {
		if (cause_kind(c) != VERDICT_FAILURE)
			continue;
		n++;
		for (size_t i = 0; i < COUNT(abis); i++)
			assert_zero(
				"compatcaps_negotiation_failures_total{cause=\"%s\",abi=\"%s\"}",
				cause_name(c), abis[i]);
	}
	assert_int_equal(n, 15);
	assert_int_equal(n_samples("compatcaps_negotiation_failures_total"), (n + 1) * COUNT(abis));
	for (size_t i = 0; i < COUNT(abis); i++)
		assert_zero("compatcaps_negotiations_total{abi=\"%s\"}", abis[i]);
	for (size_t i = 0; abi_revision(i); i++)
		assert_string_equal(abi_revision(i)->name, abis[i]);
}

static void every_mode_is_there_from_the_beginning(void **state)
{
	static const char *const modes[] = { "POWER6",	"POWER7",  "POWER7+",	  "POWER8",
					     "POWER9",	"POWER10", "POWER11",	  "ISA 3.2",
					     "invalid", "unknown", "host-default" };
	size_t n = 0;

	(void)state;
	write_as(METRICS_PROMETHEUS);
	for (size_t i = 0; abi_pvr_at(i); i++)
		assert_string_equal(abi_pvr_at(i)->name, modes[i]);
	for (size_t i = 0; i < COUNT(modes); i++)
		assert_zero("compatcaps_mode_requests_total{mode=\"%s\"}", modes[i]);
	assert_sample("compatcaps_mode_requests_total{mode=\"not-recorded\"}", 0);
	assert_int_equal(n_samples("compatcaps_mode_requests_total"), COUNT(modes) + 1);
	for (int c = 0; arch_cause_name(c); c++) {
		if (arch_cause_kind(c) != VERDICT_FAILURE)
			continue;
		n++;
		for (size_t i = 0; i < COUNT(modes); i++)
			assert_zero(
				"compatcaps_mode_request_failures_total{cause=\"%s\",mode=\"%s\"}",
				arch_cause_name(c), modes[i]);
	}
	assert_int_equal(n, 7);
	assert_int_equal(n_samples("compatcaps_mode_request_failures_total"), n * COUNT(modes) + 1);
}

static void the_rest_is_there_from_the_beginning(void **state)
{
	static const char *const plain_ones[] = {
		"compatcaps_retries_total",
		"compatcaps_retry_failures_total",
		"compatcaps_run_failures_total",
		"compatcaps_kernel_messages_total",
		"compatcaps_negotiation_duration_seconds_count",
	};

	(void)state;
	write_as(METRICS_PROMETHEUS);
	for (size_t i = 0; i < COUNT(plain_ones); i++)
		assert_sample(plain_ones[i], 0);
	for (int i = 0; i < CC_LOSSES; i++)
		assert_zero("compatcaps_events_lost_total{reason=\"%s\"}", loss_name(i));
	assert_int_equal(n_samples("compatcaps_events_lost_total"), CC_LOSSES);
	for (int i = 0; i < (int)ATTACH_POINTS; i++)
		for (int how = ATTACH_ABSENT + 1; how < (int)ATTACH_HOWS; how++)
			assert_zero("compatcaps_probe_attached{function=\"%s\",method=\"%s\"}",
				    attach_func(i), attach_how_name(how));
	assert_sample("compatcaps_build_info{version=\"" COMPATCAPS_VERSION "\"}", 1);
	/* Of no trace nothing of the kind is known. */
	assert_int_equal(n_samples("compatcaps_host_mode"), 0);
	assert_int_equal(n_samples("compatcaps_trace_start_time_seconds"), 0);
}

/* ------------------------------------------------------------------ calls */

static void a_call(struct cc_record r)
{
	struct frame f = { .type = FRAME_CALL, AT(4), .call = { .rec = &r } };

	take(&f);
}

static void negotiate(uint32_t cmd, int ret)
{
	struct cc_record r = query;

	r.cmd = cmd;
	r.ret = ret;
	r.seen = ret ? 0 : r.seen;
	a_call(r);
}

static void events_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ordinary); i++)
		take(&ordinary[i]);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_negotiations_total{abi=\"mainline\"}", 1 + 2);
	assert_sample("compatcaps_negotiation_duration_seconds_count", 1);
	assert_sample(
		"compatcaps_negotiation_failures_total{cause=\"not-recorded\",abi=\"mainline\"}",
		2);
	assert_sample("compatcaps_mode_requests_total{mode=\"POWER10\"}", 1);
	assert_sample("compatcaps_events_lost_total{reason=\"vm-budget\"}", UINT64_MAX - 7);
	assert_sample("compatcaps_host_mode{mode=\"POWER9\"}", 1);
	assert_sample("compatcaps_host_mode{mode=\"POWER10\"}", 1);
	assert_sample("compatcaps_host_mode{mode=\"POWER11\"}", 0);
	assert_sample("compatcaps_probe_attached{function=\"kvm_arch_vm_ioctl\",method=\"fexit\"}",
		      1);
	assert_sample("compatcaps_probe_attached{function=\"kvm_arch_vm_ioctl\",method=\"kprobe\"}",
		      0);
	assert_sample(
		"compatcaps_probe_attached{function=\"kvmppc_get_compat_caps\",method=\"fexit\"}",
		0);
	assert_non_null(strstr(t.text, "\ncompatcaps_trace_start_time_seconds 1795327200.124"));
}

/* Read back from the recording that they make, they give the same numbers. */
static void live_and_recorded_are_the_same(void **state)
{
	struct recording r = record(ordinary, COUNT(ordinary));
	FILE *f = fmemopen(r.text, r.len, "r");
	struct stream *stream = stream_new(f, "test", false);
	struct frame frame;
	char error[256], *live;

	assert_non_null(stream);
	for (size_t i = 0; i < COUNT(ordinary); i++)
		take(&ordinary[i]);
	live = strdup(write_as(METRICS_OPENMETRICS));
	tear_down(state);
	set_up(state);
	while (stream_next(stream, &frame, error, sizeof(error)) == STREAM_FRAME)
		take(&frame);
	assert_string_equal(write_as(METRICS_OPENMETRICS), live);
	stream_free(stream);
	fclose(f);
	free(live);
	free(r.text);
}

static void no_label_is_of_a_process(void **state)
{
	static const char *const secrets[] = { "4711", "qemu", "db1", "33", "vm=" };

	(void)state;
	for (size_t i = 0; i < COUNT(ordinary); i++)
		take(&ordinary[i]);
	write_as(METRICS_PROMETHEUS);
	for (char *line = strtok(t.text, "\n"); line; line = strtok(NULL, "\n"))
		for (size_t i = 0; *line != '#' && i < COUNT(secrets); i++)
			if (strchr(line, '{') && strstr(line, secrets[i]))
				fail_msg("%s names %s", line, secrets[i]);
}

static void failures_have_their_cause(void **state)
{
	(void)state;
	take(&trace_frame);
	negotiate(ABI_CMD_MAINLINE, -E2BIG);
	negotiate(ABI_CMD_V5, -ENOTTY);
	negotiate(ABI_CMD_V5, -ENOTTY);
	negotiate(ABI_CMD_MAINLINE, -EBADF);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_negotiations_total{abi=\"mainline\"}", 2);
	assert_sample("compatcaps_negotiations_total{abi=\"v5\"}", 2);
	assert_sample("compatcaps_negotiation_failures_total{cause=\"abi-mismatch\",abi=\"v5\"}",
		      2);
	assert_sample(
		"compatcaps_negotiation_failures_total{cause=\"unexpected\",abi=\"mainline\"}", 2);
}

/* A success that cannot be explained is none that a VMM has to cope with. */
static void an_unexpected_success_is_no_failure(void **state)
{
	struct cc_record r = query;

	(void)state;
	take(&trace_frame);
	r.seen = 0;
	r.in[0] = 48;
	r.out[0] = 48;
	a_call(r);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_negotiations_total{abi=\"mainline\"}", 1);
	assert_sample(
		"compatcaps_negotiation_failures_total{cause=\"unexpected\",abi=\"mainline\"}", 0);
}

static void a_mode_accepted_above_the_host_is_a_failure(void **state)
{
	struct cc_record r = ask;

	(void)state;
	take(&trace_frame);
	r.arg = 0x0f000007;
	a_call(r);
	r.ret = -EINVAL;
	a_call(r);
	r.arg = 0x12345678;
	a_call(r);
	r.arg = 0;
	r.ret = 0;
	a_call(r);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_mode_requests_total{mode=\"POWER11\"}", 2);
	assert_sample(
		"compatcaps_mode_request_failures_total{cause=\"accepted-above-host\",mode=\"POWER11\"}",
		1);
	assert_sample(
		"compatcaps_mode_request_failures_total{cause=\"newer-than-host\",mode=\"POWER11\"}",
		1);
	assert_sample(
		"compatcaps_mode_request_failures_total{cause=\"unknown-pvr\",mode=\"unknown\"}",
		1);
	assert_sample("compatcaps_mode_requests_total{mode=\"host-default\"}", 1);
}

static void retries_are_counted(void **state)
{
	struct cc_record r = query;

	(void)state;
	take(&trace_frame);
	r.mono_ns = 1000000;
	for (int i = 0; i < 2; i++) {
		/* struct-too-new: the kernel's size was written back. */
		r.in[0] = 48;
		r.out[0] = 24;
		r.ret = -E2BIG;
		r.seen = CC_SEEN_WATCHED | CC_SEEN_TAIL;
		r.tail_from = 24;
		r.tail_read = 24;
		r.tail_first = 24;
		a_call(r);
		r.mono_ns += 1000000;
	}
	a_call(query);
	write_as(METRICS_PROMETHEUS);
	assert_sample(
		"compatcaps_negotiation_failures_total{cause=\"struct-too-new\",abi=\"mainline\"}",
		2);
	assert_sample("compatcaps_retries_total", 2);
	assert_sample("compatcaps_retry_failures_total", 1);
}

/* A recording can say of then what its record does not bear out. */
static void a_verdict_that_contradicts_its_record_stays_within_the_table(void **state)
{
	const struct recorded_verdict said = { CAUSE_OK, ARCH_ACCEPTED, "all is well" };
	struct cc_record r = query;
	struct frame f = { .type = FRAME_CALL, AT(4), .call = { .rec = &r, .said = &said } };

	(void)state;
	take(&trace_frame);
	r.ret = -EINVAL;
	take(&f);
	r = ask;
	r.ret = -EINVAL;
	take(&f);
	write_as(METRICS_PROMETHEUS);
	assert_sample(
		"compatcaps_negotiation_failures_total{cause=\"unexpected\",abi=\"mainline\"}", 1);
	assert_sample("compatcaps_mode_request_failures_total{cause=\"rejected\",mode=\"POWER10\"}",
		      1);
}

/* ------------------------------------------------------------------ losses */

static void lose(enum cc_loss loss, uint32_t type, uint32_t cmd, int ret, uint64_t n)
{
	struct loss_count by = { { 1, 33, loss, type, cmd, ret }, n };
	struct frame f = { .type = FRAME_LOST, AT(6), .lost = { loss, n, &by, 1 } };

	take(&f);
}

static void a_loss_of_records_loses_no_count(void **state)
{
	(void)state;
	take(&trace_frame);
	lose(CC_LOSS_RING, CC_NEGOTIATION, ABI_CMD_V5, 0, 10);
	lose(CC_LOSS_RING, CC_NEGOTIATION, ABI_CMD_V5, -ENOTTY, 20);
	lose(CC_LOSS_ORPHANED, CC_NEGOTIATION, ABI_CMD_V5, CC_RET_UNKNOWN, 40);
	lose(CC_LOSS_BUDGET, CC_NEGOTIATION, 0x12345678, -EINVAL, 80);
	lose(CC_LOSS_RING, CC_ARCH_COMPAT, 0, 0, 1);
	lose(CC_LOSS_RING, CC_ARCH_COMPAT, 0, -EINVAL, 2);
	lose(CC_LOSS_RING, CC_EXTENSION, 0, 1, 5);
	lose(CC_LOSS_RING, CC_RUN, 0, -EINVAL, 6);
	lose(CC_LOSS_RING, CC_KERNEL, 0, 0, 7);
	lose(CC_LOSS_MISSED, 0, 0, CC_RET_UNKNOWN, 9);
	/* Whose exits and lines a tracepoint missed nobody knows. */
	lose(CC_LOSS_RECURSION, CC_RUN, 0, CC_RET_UNKNOWN, 900);
	lose(CC_LOSS_RECURSION, CC_KERNEL, 0, CC_RET_UNKNOWN, 100);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_negotiations_total{abi=\"v5\"}", 70);
	assert_sample("compatcaps_negotiations_total{abi=\"unknown\"}", 80);
	assert_sample("compatcaps_negotiation_failures_total{cause=\"not-recorded\",abi=\"v5\"}",
		      20);
	assert_sample(
		"compatcaps_negotiation_failures_total{cause=\"not-recorded\",abi=\"unknown\"}",
		80);
	assert_sample("compatcaps_mode_requests_total{mode=\"not-recorded\"}", 3);
	assert_sample(
		"compatcaps_mode_request_failures_total{cause=\"not-recorded\",mode=\"not-recorded\"}",
		2);
	assert_sample("compatcaps_run_failures_total", 6);
	assert_sample("compatcaps_kernel_messages_total", 7);
	assert_sample("compatcaps_events_lost_total{reason=\"ring-full\"}", 51);
	assert_sample("compatcaps_events_lost_total{reason=\"orphaned\"}", 40);
	assert_sample("compatcaps_events_lost_total{reason=\"vm-budget\"}", 80);
	assert_sample("compatcaps_events_lost_total{reason=\"probe-missed\"}", 9);
	assert_sample("compatcaps_events_lost_total{reason=\"recursion\"}", 1000);
	assert_sample("compatcaps_negotiation_duration_seconds_count", 0);
}

static void numbers_of_a_hostile_recording_do_not_wrap(void **state)
{
	struct cc_record r = query;

	(void)state;
	take(&trace_frame);
	lose(CC_LOSS_RING, CC_NEGOTIATION, ABI_CMD_V5, -EINVAL, UINT64_MAX);
	lose(CC_LOSS_RING, CC_NEGOTIATION, ABI_CMD_V5, -EINVAL, UINT64_MAX);
	r.latency_ns = UINT64_MAX;
	a_call(r);
	a_call(r);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_negotiations_total{abi=\"v5\"}", UINT64_MAX);
	assert_sample("compatcaps_events_lost_total{reason=\"ring-full\"}", UINT64_MAX);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"1.0\"}", 0);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"+Inf\"}", 2);
	assert_non_null(strstr(t.text, "_seconds_sum 18446744073.709551615\n"));
}

/* ------------------------------------------------------------------ durations */

static void buckets_are_cumulative(void **state)
{
	static const uint64_t ns[] = { 0,	999,	 1000,	     1001,	2500,
				       1000000, 1000001, 1000000000, 1000000001 };
	struct cc_record r = query;
	uint64_t before = 0;
	size_t n = 0;

	(void)state;
	take(&trace_frame);
	for (size_t i = 0; i < COUNT(ns); i++) {
		r.latency_ns = ns[i];
		a_call(r);
	}
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"1e-06\"}", 3);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"2.5e-06\"}", 5);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"0.0005\"}", 5);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"0.001\"}", 6);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"0.0025\"}", 7);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"1.0\"}", 8);
	assert_sample("compatcaps_negotiation_duration_seconds_bucket{le=\"+Inf\"}", 9);
	assert_sample("compatcaps_negotiation_duration_seconds_count", 9);
	assert_non_null(strstr(t.text, "_seconds_sum 2.002005502\n"));
	for (const char *at = t.text; (at = strstr(at, "_bucket{le=")); n++) {
		uint64_t value = strtoull(strchr(at, ' '), NULL, 10);

		assert_true(value >= before);
		before = value;
		at++;
	}
	assert_int_equal(n, 20);
}

/* ------------------------------------------------------------------ facts of the host */

static void a_host(struct host_facts facts)
{
	struct frame f = { .type = FRAME_HOST, AT(5), .host = { .facts = facts } };

	take(&f);
}

static void assert_modes(int power9, int power10, int power11)
{
	const int want[] = { power9, power10, power11 };
	char sample[64];

	write_as(METRICS_PROMETHEUS);
	for (size_t i = 0; i < COUNT(want); i++) {
		snprintf(sample, sizeof(sample), "compatcaps_host_mode{mode=\"%s\"}",
			 abi_mode(i)->name);
		if (want[i] < 0)
			assert_none(sample);
		else
			assert_sample(sample, (uint64_t)want[i]);
	}
}

static void what_the_host_offers_is_what_was_told_last(void **state)
{
	struct host_facts facts = host_7_3;
	struct cc_record r = query;

	(void)state;
	take(&trace_frame);
	assert_modes(1, 1, 0);
	r.backend_caps = r.out[2] = 0x4000000000000000;
	a_call(r);
	assert_modes(1, 0, 0);
	/* What has nothing to do with modes changes nothing of them. */
	facts.kernel_cmd = ABI_CMD_V5;
	a_host(facts);
	assert_modes(1, 0, 0);
	facts.nested_caps = 0x7000000000000000;
	a_host(facts);
	assert_modes(1, 1, 1);
	facts.nested_caps_is = facts.cpu_version_is = FACT_UNKNOWN;
	a_host(facts);
	assert_modes(-1, -1, -1);
	r.backend_caps = r.out[2] = 0;
	a_call(r);
	assert_modes(0, 0, 0);
}

static void attach(enum attach_how how)
{
	struct frame f = { .type = FRAME_ATTACH,
			   AT(2),
			   .attach = { .point = POINT_REG, .how = how, .known = true } };

	take(&f);
}

static void probes_are_as_they_were_last(void **state)
{
	(void)state;
	take(&trace_frame);
	attach(ATTACH_KPROBE);
	attach(ATTACH_ABSENT);
	attach(ATTACH_FEXIT);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_probe_attached{function=\"kvmppc_set_one_reg\",method=\"fexit\"}",
		      1);
	assert_sample(
		"compatcaps_probe_attached{function=\"kvmppc_set_one_reg\",method=\"kprobe\"}", 0);
	attach(ATTACH_ABSENT);
	write_as(METRICS_PROMETHEUS);
	assert_sample("compatcaps_probe_attached{function=\"kvmppc_set_one_reg\",method=\"fexit\"}",
		      0);
}

static void recordings_are_summed_and_agree_on_facts(void **state)
{
	struct frame later = trace_frame;

	(void)state;
	later.real_ns += 5000000000;
	take(&later);
	attach(ATTACH_FEXIT);
	a_call(query);
	begin_another();
	take(&trace_frame);
	attach(ATTACH_FEXIT);
	a_call(query);
	assert_modes(1, 1, 0);
	assert_sample("compatcaps_negotiations_total{abi=\"mainline\"}", 2);
	assert_sample("compatcaps_probe_attached{function=\"kvmppc_set_one_reg\",method=\"fexit\"}",
		      1);
	assert_non_null(strstr(t.text, "\ncompatcaps_trace_start_time_seconds 1795327200.124"));
	begin_another();
	later.trace.host.nested_caps = 0x4000000000000000;
	take(&later);
	attach(ATTACH_KPROBE);
	assert_modes(-1, -1, -1);
	assert_none("compatcaps_probe_attached{function=\"kvmppc_set_one_reg\",method=\"fexit\"}");
	assert_none("compatcaps_probe_attached{function=\"kvmppc_set_one_reg\",method=\"kprobe\"}");
	assert_sample("compatcaps_probe_attached{function=\"kvm_arch_vm_ioctl\",method=\"fexit\"}",
		      0);
	/* Not even when the newest one is as the first ones were. */
	begin_another();
	take(&trace_frame);
	attach(ATTACH_FEXIT);
	assert_modes(-1, -1, -1);
	assert_none("compatcaps_probe_attached{function=\"kvmppc_set_one_reg\",method=\"fexit\"}");
	assert_non_null(strstr(t.text, "\ncompatcaps_trace_start_time_seconds 1795327200.124"));
}

/* ------------------------------------------------------------------ formats */

static void assert_line(const char *sample, const char *line)
{
	const char *at = find(sample);

	assert_non_null(at);
	if (strncmp(at, line, strlen(line)) || at[strlen(line)] != '\n')
		fail_msg("%s is not %s but %.80s", sample, line, at);
}

static void exemplars_name_vm_and_seq(void **state)
{
	(void)state;
	take(&trace_frame);
	a_call(query);
	a_call(query);
	write_as(METRICS_OPENMETRICS);
	assert_line("compatcaps_negotiations_total{abi=\"mainline\"}",
		    "2 # {seq=\"3\",vm=\"1\"} 1 1795327200.127456789");
	assert_line("compatcaps_negotiation_duration_seconds_bucket{le=\"1e-05\"}",
		    "2 # {seq=\"3\",vm=\"1\"} 0.000005044 1795327200.127456789");
	assert_line("compatcaps_negotiation_duration_seconds_bucket{le=\"2.5e-05\"}", "2");
	assert_line("compatcaps_retries_total", "0");
	begin_another();
	take(&trace_frame);
	a_call(query);
	write_as(METRICS_OPENMETRICS);
	assert_line("compatcaps_negotiations_total{abi=\"mainline\"}",
		    "3 # {seq=\"2\",vm=\"1\",recording=\"2\"} 1 1795327200.127456789");
}

/* OpenMetrics: the names and values of an exemplar's labels have 128 characters at most. */
static void the_longest_exemplar_is_short_enough(void **state)
{
	const struct host_facts *host = &host_7_3;
	struct diagnosis d;
	struct event e = { .type = EVENT_NEGOTIATION,
			   .seq = UINT64_MAX,
			   .real_ns = UINT64_MAX,
			   .rec = &query,
			   .vm = UINT32_MAX };
	const char *at, *end;
	size_t n = 0;

	(void)state;
	diagnose(&query, host, &d);
	e.negotiation.diag = &d;
	e.negotiation.host = host;
	take(&trace_frame);
	begin_another();
	take(&trace_frame);
	metrics_event(&e, t.m);
	write_as(METRICS_OPENMETRICS);
	for (at = t.text; (at = strstr(at, "# {")); at = end, n++) {
		end = strchr(at, '}');
		assert_non_null(end);
		assert_true(end - at < 128);
		assert_non_null(strstr(at, "vm=\"4294967295\""));
		assert_non_null(strstr(at, "seq=\"18446744073709551615\""));
	}
	assert_int_equal(n, 2);
}

static void prometheus_format_has_no_exemplar(void **state)
{
	(void)state;
	take(&trace_frame);
	a_call(query);
	write_as(METRICS_PROMETHEUS);
	assert_int_equal(strncmp(t.text, METRICS_FIRST_LINE "\n", strlen(METRICS_FIRST_LINE) + 1),
			 0);
	assert_null(strstr(t.text, "# {"));
	assert_null(strstr(t.text, "# EOF"));
	assert_null(strstr(t.text, "# UNIT"));
	write_as(METRICS_OPENMETRICS);
	assert_string_equal(t.text + t.size - 7, "\n# EOF\n");
	assert_null(strstr(t.text, METRICS_FIRST_LINE));
	assert_null(strstr(t.text, "NaN"));
	assert_null(strstr(t.text, "nan"));
}

static void values_are_escaped(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{ "POWER7+", "POWER7+" }, { "a\"b", "a\\\"b" }, { "a\\b", "a\\\\b" },
		{ "a\nb", "a\\nb" },	  { "\\n", "\\\\n" },	{ "", "" },
		{ "\"\"", "\\\"\\\"" },	  { "{x=}", "{x=}" },
	};
	char *text;
	size_t size;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		FILE *f = open_memstream(&text, &size);

		assert_non_null(f);
		metric_put_escaped(f, cases[i].text);
		fclose(f);
		assert_string_equal(text, cases[i].escaped);
		free(text);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_cause_is_there_from_the_beginning),
		TEST(every_mode_is_there_from_the_beginning),
		TEST(the_rest_is_there_from_the_beginning),
		TEST(events_are_counted),
		TEST(live_and_recorded_are_the_same),
		TEST(no_label_is_of_a_process),
		TEST(failures_have_their_cause),
		TEST(an_unexpected_success_is_no_failure),
		TEST(a_mode_accepted_above_the_host_is_a_failure),
		TEST(retries_are_counted),
		TEST(a_verdict_that_contradicts_its_record_stays_within_the_table),
		TEST(a_loss_of_records_loses_no_count),
		TEST(numbers_of_a_hostile_recording_do_not_wrap),
		TEST(buckets_are_cumulative),
		TEST(what_the_host_offers_is_what_was_told_last),
		TEST(probes_are_as_they_were_last),
		TEST(recordings_are_summed_and_agree_on_facts),
		TEST(exemplars_name_vm_and_seq),
		TEST(the_longest_exemplar_is_short_enough),
		TEST(prometheus_format_has_no_exemplar),
		TEST(values_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
