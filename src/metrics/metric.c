// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counters for a monitoring system. The values of labels come from tables of the program, and all
 * of them are written from the beginning, because a rate needs the 0 before the first event. What
 * a traced process chose, and what grows with the number of VMs, is never a label.
 */
#include "metrics/metric.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define VALUES_MAX 32 /* of a label */
#define NSEC	   UINT64_C(1000000000)

/* What is known of a call by the kernel's count of lost ones alone. */
#define NOT_RECORDED "not-recorded"
#define UNKNOWN	     "unknown"

/* ------------------------------------------------------------------ labels */

enum domain {
	NO_LABEL,
	ABI,
	CAUSE,
	MODE,
	ASK_CAUSE,
	REASON,
	BUCKET,
	HOST_MODE,
	FUNCTION,
	METHOD,
	VERSION,
	DOMAINS,
};

/* The value of index i, NULL past the last one. */
typedef const char *value_of(size_t i);

static const char *no_label(size_t i)
{
	return i ? NULL : "";
}

static const char *abi_name(size_t i)
{
	const struct abi_revision *r = abi_revision(i);

	if (r)
		return r->name;
	return i && abi_revision(i - 1) ? UNKNOWN : NULL;
}

static const char *failure_name(size_t i)
{
	for (enum cause c = 0; c < CAUSE_MAX; c++)
		if (cause_kind(c) == VERDICT_FAILURE && !i--)
			return cause_name(c);
	return i ? NULL : NOT_RECORDED;
}

static const char *ask_failure_name(size_t i)
{
	for (enum arch_cause c = 0; c < ARCH_MAX; c++)
		if (arch_cause_kind(c) == VERDICT_FAILURE && !i--)
			return arch_cause_name(c);
	return i ? NULL : NOT_RECORDED;
}

static const char *mode_name(size_t i)
{
	static const char *const others[] = { "host-default", UNKNOWN, NOT_RECORDED };
	const struct abi_pvr *pvr;
	size_t n = 0;

	for (; (pvr = abi_pvr_at(n)); n++)
		if (n == i)
			return pvr->name;
	return i - n < COUNT(others) ? others[i - n] : NULL;
}

static const char *reason_name(size_t i)
{
	return i < CC_LOSSES ? loss_name((enum cc_loss)i) : NULL;
}

/* Upper bounds in seconds, as OpenMetrics wants its numbers. */
static const char *bucket_name(size_t i)
{
	static const char *const bounds[] = {
		"1e-06",   "2.5e-06", "5e-06", "1e-05",	 "2.5e-05", "5e-05", "0.0001",
		"0.00025", "0.0005",  "0.001", "0.0025", "0.005",   "0.01",  "0.025",
		"0.05",	   "0.1",     "0.25",  "0.5",	 "1.0",	    "+Inf",
	};

	return i < COUNT(bounds) ? bounds[i] : NULL;
}

static const char *host_mode_name(size_t i)
{
	const struct abi_mode *mode = abi_mode(i);

	return mode ? mode->name : NULL;
}

static const char *function_name(size_t i)
{
	return attach_func((enum point)i);
}

static const char *method_name(size_t i)
{
	return attach_how_name((enum attach_how)(ATTACH_ABSENT + 1 + i));
}

static const char *version_name(size_t i)
{
	return i ? NULL : COMPATCAPS_VERSION;
}

static const struct {
	const char *name;
	value_of *value;
} labels[DOMAINS] = {
	[NO_LABEL] = { "", no_label },
	[ABI] = { "abi", abi_name },
	[CAUSE] = { "cause", failure_name },
	[MODE] = { "mode", mode_name },
	[ASK_CAUSE] = { "cause", ask_failure_name },
	[REASON] = { "reason", reason_name },
	[BUCKET] = { "le", bucket_name },
	[HOST_MODE] = { "mode", host_mode_name },
	[FUNCTION] = { "function", function_name },
	[METHOD] = { "method", method_name },
	[VERSION] = { "version", version_name },
};

/* ------------------------------------------------------------------ the table */

struct exemplar {
	uint64_t seq; /* 0: none */
	uint64_t real_ns, latency_ns;
	unsigned int vm, recording;
};

struct series {
	uint64_t n;
	struct exemplar newest;
};

/* Facts of a host, as they were at the end of a recording, or are now. */
struct facts {
	uint64_t start_ns; /* of the trace, CLOCK_REALTIME; 0: there was none yet */
	bool modes_known;
	uint64_t modes;	    /* bitmap */
	struct offer offer; /* by itself, beside what a negotiation gave */
	bool probes_differ[ATTACH_POINTS];
	enum attach_how how[ATTACH_POINTS];
};

enum kind { COUNTER, GAUGE, HISTOGRAM, INFO };

enum metric {
	NEGOTIATIONS,
	NEGOTIATION_FAILURES,
	NEGOTIATION_DURATION,
	MODE_REQUESTS,
	MODE_REQUEST_FAILURES,
	RETRIES,
	RETRY_FAILURES,
	RUN_FAILURES,
	KERNEL_MESSAGES,
	EVENTS_LOST,
	HOST_MODES,
	PROBE_ATTACHED,
	START_TIME,
	BUILD_INFO,
	METRICS,
};

/* false: it is not known. i, j: of the values of the two labels. */
typedef bool fact_of(const struct facts *facts, size_t i, size_t j, uint64_t *value);

static bool host_offers(const struct facts *facts, size_t i, size_t j, uint64_t *value)
{
	(void)j;
	*value = !!(facts->modes & abi_mode(i)->bit);
	return facts->modes_known;
}

static bool is_attached(const struct facts *facts, size_t i, size_t j, uint64_t *value)
{
	*value = facts->how[i] == (enum attach_how)(ATTACH_ABSENT + 1 + j);
	return !facts->probes_differ[i];
}

static bool start_time(const struct facts *facts, size_t i, size_t j, uint64_t *value)
{
	(void)i;
	(void)j;
	*value = facts->start_ns;
	return facts->start_ns;
}

static bool always_one(const struct facts *facts, size_t i, size_t j, uint64_t *value)
{
	(void)facts;
	(void)i;
	(void)j;
	*value = 1;
	return true;
}

#define COUNTS(name, a, b, help)	    { name, COUNTER, NULL, { a, b }, NULL, help }
#define TELLS(name, unit, a, b, fact, help) { name, GAUGE, unit, { a, b }, fact, help }

/* A metric is a row here, a line that counts it, and a row of docs/metrics.md. */
static const struct {
	const char *name; /* a counter's is followed by _total, that of INFO by _info */
	enum kind kind;
	const char *unit; /* or NULL; a value in seconds is kept in nanoseconds */
	enum domain labels[2];
	fact_of *fact; /* NULL: it is counted, in its series */
	const char *help;
} table[METRICS] = {
	[NEGOTIATIONS] = COUNTS(
		"compatcaps_negotiations", ABI, NO_LABEL,
		"Calls of KVM_PPC_GET_COMPAT_CAPS, by the revision of the ABI that the caller speaks."),
	[NEGOTIATION_FAILURES] = COUNTS(
		"compatcaps_negotiation_failures", CAUSE, ABI,
		"Calls of KVM_PPC_GET_COMPAT_CAPS that returned an error, by cause."),
	[NEGOTIATION_DURATION] = { "compatcaps_negotiation_duration_seconds",
				   HISTOGRAM,
				   "seconds",
				   { BUCKET },
				   NULL,
				   "Time that recorded calls of KVM_PPC_GET_COMPAT_CAPS spent in the kernel." },
	[MODE_REQUESTS] = COUNTS(
		"compatcaps_mode_requests", MODE, NO_LABEL,
		"Requests for a compatibility mode (KVM_REG_PPC_ARCH_COMPAT), by mode."),
	[MODE_REQUEST_FAILURES] = COUNTS(
		"compatcaps_mode_request_failures", ASK_CAUSE, MODE,
		"Requests for a compatibility mode that KVM refused, or accepted though the host does not offer the mode."),
	[RETRIES] = COUNTS(
		"compatcaps_retries", NO_LABEL, NO_LABEL,
		"Recorded second calls of KVM_PPC_GET_COMPAT_CAPS, after an E2BIG that gave the size to retry with."),
	[RETRY_FAILURES] = COUNTS(
		"compatcaps_retry_failures", NO_LABEL, NO_LABEL,
		"Recorded second calls of KVM_PPC_GET_COMPAT_CAPS that failed too."),
	[RUN_FAILURES] = COUNTS("compatcaps_run_failures", NO_LABEL, NO_LABEL,
				"KVM_RUNs that failed, the first of its kind for each VM."),
	[KERNEL_MESSAGES] = COUNTS("compatcaps_kernel_messages", NO_LABEL, NO_LABEL,
				   "Lines that KVM printed into the kernel's log."),
	[EVENTS_LOST] = COUNTS("compatcaps_events_lost", REASON, NO_LABEL,
			       "Events that could not be recorded or read back, by reason."),
	[HOST_MODES] = TELLS(
		"compatcaps_host_mode", NULL, HOST_MODE, NO_LABEL, host_offers,
		"Whether the host offers this compatibility mode (1) or not (0); absent if unknown."),
	[PROBE_ATTACHED] = TELLS(
		"compatcaps_probe_attached", NULL, FUNCTION, METHOD, is_attached,
		"Whether this kernel function is watched by this attach method (1) or not (0)."),
	[START_TIME] = TELLS("compatcaps_trace_start_time_seconds", "seconds", NO_LABEL, NO_LABEL,
			     start_time, "When the trace began, in seconds since the epoch."),
	[BUILD_INFO] = { "compatcaps_build",
			 INFO,
			 NULL,
			 { VERSION },
			 always_one,
			 "The version of compatcaps-trace that counted." },
};

struct metrics {
	struct {
		const char *list[VALUES_MAX];
		size_t n;
	} values[DOMAINS];
	uint64_t bounds_ns[VALUES_MAX]; /* of the buckets */
	uint64_t sum_ns;		/* of durations */
	size_t first[METRICS];		/* in series; the second label's values follow each other */
	struct series *series;
	struct facts facts; /* of the newest recording */
	struct facts older; /* on which those before it agree */
	unsigned int recordings;
	char *view; /* what is left out now, as options; NULL: nothing */
};

static void fill_values(struct metrics *m)
{
	const char *value;

	for (size_t d = 0; d < DOMAINS; d++)
		while (m->values[d].n < VALUES_MAX && (value = labels[d].value(m->values[d].n)))
			m->values[d].list[m->values[d].n++] = value;
	for (size_t i = 0; i < m->values[BUCKET].n; i++) {
		double ns = strtod(m->values[BUCKET].list[i], NULL) * (double)NSEC;

		m->bounds_ns[i] = ns < 1e18 ? (uint64_t)(ns + 0.5) : UINT64_MAX;
	}
}

static size_t n_series(const struct metrics *m, enum metric metric)
{
	return m->values[table[metric].labels[0]].n * m->values[table[metric].labels[1]].n;
}

struct metrics *metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof(*m));
	size_t n = 0;

	if (!m)
		return NULL;
	fill_values(m);
	for (enum metric i = 0; i < METRICS; i++) {
		m->first[i] = n;
		n += n_series(m, i);
	}
	m->series = calloc(n, sizeof(*m->series));
	if (m->series)
		return m;
	free(m);
	return NULL;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	free(m->series);
	free(m->view);
	free(m);
}

/* ------------------------------------------------------------------ counting */

static struct series *series_at(const struct metrics *m, enum metric metric, size_t i, size_t j)
{
	return &m->series[m->first[metric] + i * m->values[table[metric].labels[1]].n + j];
}

/* Every value that is counted by is in its table. */
static size_t index_of(const struct metrics *m, enum domain domain, const char *value)
{
	size_t i = 0, last = m->values[domain].n - 1;

	while (i < last && strcmp(m->values[domain].list[i], value))
		i++;
	return i;
}

/* A hostile recording can hold any number. */
static void grow(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

static void count_at(struct metrics *m, struct series *s, uint64_t n, const struct event *e)
{
	grow(&s->n, n);
	if (!e)
		return;
	s->newest = (struct exemplar){
		.seq = e->seq,
		.real_ns = e->real_ns,
		.latency_ns = e->rec ? e->rec->latency_ns : 0,
		.vm = e->vm,
		.recording = m->recordings,
	};
}

/* a, b: values of the labels, "" for none. e: one that an exemplar can name. */
static void count(struct metrics *m, enum metric metric, const char *a, const char *b, uint64_t n,
		  const struct event *e)
{
	size_t i = index_of(m, table[metric].labels[0], a);
	size_t j = index_of(m, table[metric].labels[1], b);

	count_at(m, series_at(m, metric, i, j), n, e);
}

static void count_duration(struct metrics *m, const struct event *e)
{
	uint64_t ns = e->rec->latency_ns;
	size_t i = 0;

	while (ns > m->bounds_ns[i])
		i++;
	count_at(m, series_at(m, NEGOTIATION_DURATION, i, 0), 1, e);
	grow(&m->sum_ns, ns);
}

static const char *abi_of(uint32_t cmd)
{
	const struct abi_revision *r = abi_by_cmd(cmd);

	return r ? r->name : UNKNOWN;
}

/* What a recording says of then can contradict the record. */
static const char *failure_of(enum cause cause)
{
	return cause_name(cause_kind(cause) == VERDICT_FAILURE ? cause : CAUSE_UNEXPECTED);
}

static const char *ask_failure_of(enum arch_cause cause)
{
	return arch_cause_name(arch_cause_kind(cause) == VERDICT_FAILURE ? cause : ARCH_REJECTED);
}

static void on_negotiation(struct metrics *m, const struct event *e)
{
	const struct diagnosis *d = e->negotiation.diag;
	const char *abi = abi_of(e->rec->cmd);

	count(m, NEGOTIATIONS, abi, "", 1, e);
	count_duration(m, e);
	if (event_is_failure(e))
		count(m, NEGOTIATION_FAILURES, failure_of(d->cause), abi, 1, e);
	if (!d->caps.known || (d->changed && !d->caps_of_hook))
		return;
	m->facts.modes_known = true;
	m->facts.modes = d->caps.value;
}

static const char *mode_of(const struct arch_diagnosis *d)
{
	if (d->known)
		return d->known->name;
	return d->pvr ? UNKNOWN : "host-default";
}

static void on_request(struct metrics *m, const struct event *e)
{
	const struct arch_diagnosis *d = e->arch.diag;

	count(m, MODE_REQUESTS, mode_of(d), "", 1, e);
	if (event_is_failure(e))
		count(m, MODE_REQUEST_FAILURES, ask_failure_of(d->cause), mode_of(d), 1, e);
}

static void on_retry(struct metrics *m, const struct event *e)
{
	count(m, RETRIES, "", "", 1, e);
	if (event_is_failure(e))
		count(m, RETRY_FAILURES, "", "", 1, e);
}

/* What the kernel counted is as good as a record, but for what only a record can tell. */
static void on_lost_part(struct metrics *m, const struct loss_count *by)
{
	bool failed = by->key.ret && by->key.ret != CC_RET_UNKNOWN;
	const char *abi = abi_of(by->key.cmd);

	if (!loss_is_certain(&by->key))
		return;
	switch (by->key.type) {
	case CC_NEGOTIATION:
		count(m, NEGOTIATIONS, abi, "", by->n, NULL);
		if (failed)
			count(m, NEGOTIATION_FAILURES, NOT_RECORDED, abi, by->n, NULL);
		break;
	case CC_ARCH_COMPAT:
		count(m, MODE_REQUESTS, NOT_RECORDED, "", by->n, NULL);
		if (failed)
			count(m, MODE_REQUEST_FAILURES, NOT_RECORDED, NOT_RECORDED, by->n, NULL);
		break;
	case CC_RUN:
		count(m, RUN_FAILURES, "", "", by->n, NULL);
		break;
	case CC_KERNEL:
		count(m, KERNEL_MESSAGES, "", "", by->n, NULL);
		break;
	}
}

static void on_lost(struct metrics *m, const struct event *e)
{
	const struct frame *f = e->frame;

	count(m, EVENTS_LOST, loss_name(f->lost.loss), "", f->lost.n, NULL);
	for (size_t i = 0; i < f->lost.n_by; i++)
		on_lost_part(m, &f->lost.by[i]);
}

/* ------------------------------------------------------------------ facts */

static void take_offer(struct facts *facts, const struct host_facts *host)
{
	facts->offer = host_offer(host);
	facts->modes = facts->offer.modes;
	facts->modes_known = facts->offer.source != MODES_UNKNOWN;
}

/* What a negotiation showed of the modes still holds if, say, the command changes. */
static void on_host(struct metrics *m, const struct host_facts *host)
{
	struct offer offer = host_offer(host);

	if (offer.source != m->facts.offer.source || offer.modes != m->facts.offer.modes)
		take_offer(&m->facts, host);
}

/* Into all only what both of them say. */
static void agree(struct facts *all, const struct facts *with)
{
	if (with->start_ns < all->start_ns)
		all->start_ns = with->start_ns;
	all->modes_known &= with->modes_known && all->modes == with->modes;
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		all->probes_differ[i] |= with->probes_differ[i] || all->how[i] != with->how[i];
}

static struct facts facts_of_all(const struct metrics *m)
{
	struct facts all = m->facts;

	if (m->recordings > 1)
		agree(&all, &m->older);
	return all;
}

static void on_trace(struct metrics *m, const struct event *e)
{
	if (m->recordings)
		m->older = facts_of_all(m);
	m->recordings++;
	m->facts = (struct facts){ .start_ns = e->real_ns };
	take_offer(&m->facts, &e->frame->trace.host);
}

void metrics_event(const struct event *e, void *metrics)
{
	struct metrics *m = metrics;

	switch (e->type) {
	case EVENT_TRACE:
		if (e->frame->trace.filters.view && !m->view)
			m->view = strdup(e->frame->trace.filters.view);
		on_trace(m, e);
		break;
	case EVENT_HOST:
		on_host(m, &e->frame->host.facts);
		break;
	case EVENT_ATTACH:
		m->facts.how[e->frame->attach.point] = e->frame->attach.how;
		break;
	case EVENT_NEGOTIATION:
		on_negotiation(m, e);
		break;
	case EVENT_ARCH_COMPAT:
		on_request(m, e);
		break;
	case EVENT_RETRY:
		on_retry(m, e);
		break;
	case EVENT_RUN:
		count(m, RUN_FAILURES, "", "", 1, e);
		break;
	case EVENT_KERNEL:
		count(m, KERNEL_MESSAGES, "", "", 1, e);
		break;
	case EVENT_LOST:
		on_lost(m, e);
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ writing */

struct writer {
	const struct metrics *m;
	struct facts facts;
	enum metrics_format format;
	FILE *f;
};

void metric_put_escaped(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', f);
		if (*text == '\n')
			fputs("\\n", f);
		else
			fputc(*text, f);
	}
}

/* Of a family the sample's own name, in OpenMetrics not that of the family. */
static const char *suffix_of(enum metric metric)
{
	switch (table[metric].kind) {
	case COUNTER:
		return "_total";
	case INFO:
		return "_info";
	case HISTOGRAM:
		return "_bucket";
	case GAUGE:
		break;
	}
	return "";
}

static const char *type_of(const struct writer *w, enum metric metric)
{
	static const char *const names[] = {
		[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram", [INFO] = "info"
	};

	if (table[metric].kind == INFO && w->format == METRICS_PROMETHEUS)
		return names[GAUGE];
	return names[table[metric].kind];
}

static void put_head(const struct writer *w, enum metric metric)
{
	const char *name = table[metric].name, *suffix = "";

	if (w->format == METRICS_PROMETHEUS && table[metric].kind != HISTOGRAM)
		suffix = suffix_of(metric);
	fprintf(w->f, "# HELP %s%s %s\n", name, suffix, table[metric].help);
	fprintf(w->f, "# TYPE %s%s %s\n", name, suffix, type_of(w, metric));
	if (table[metric].unit && w->format == METRICS_OPENMETRICS)
		fprintf(w->f, "# UNIT %s %s\n", name, table[metric].unit);
}

static void put_labels(const struct writer *w, enum metric metric, const size_t at[2])
{
	const char *before = "{";

	for (size_t i = 0; i < 2; i++) {
		enum domain domain = table[metric].labels[i];

		if (domain == NO_LABEL)
			continue;
		fprintf(w->f, "%s%s=\"", before, labels[domain].name);
		metric_put_escaped(w->f, w->m->values[domain].list[at[i]]);
		fputc('"', w->f);
		before = ",";
	}
	if (*before == ',')
		fputc('}', w->f);
}

static void put_seconds(FILE *f, uint64_t ns)
{
	fprintf(f, "%" PRIu64 ".%09" PRIu64, ns / NSEC, ns % NSEC);
}

static void put_value(const struct writer *w, enum metric metric, uint64_t value)
{
	fputc(' ', w->f);
	if (table[metric].kind == GAUGE && table[metric].unit)
		put_seconds(w->f, value);
	else
		fprintf(w->f, "%" PRIu64, value);
}

static void put_exemplar(const struct writer *w, enum metric metric, const struct exemplar *x)
{
	if (w->format != METRICS_OPENMETRICS || !x->seq)
		return;
	fprintf(w->f, " # {seq=\"%" PRIu64 "\"", x->seq);
	if (x->vm)
		fprintf(w->f, ",vm=\"%u\"", x->vm);
	if (w->m->recordings > 1)
		fprintf(w->f, ",recording=\"%u\"", x->recording);
	fputs("} ", w->f);
	if (table[metric].kind == HISTOGRAM)
		put_seconds(w->f, x->latency_ns);
	else
		fputc('1', w->f);
	fputc(' ', w->f);
	put_seconds(w->f, x->real_ns);
}

static void put_sample(const struct writer *w, enum metric metric, const size_t at[2],
		       uint64_t value, const struct exemplar *exemplar)
{
	fprintf(w->f, "%s%s", table[metric].name, suffix_of(metric));
	put_labels(w, metric, at);
	put_value(w, metric, value);
	put_exemplar(w, metric, exemplar);
	fputc('\n', w->f);
}

/* Of a request that was not recorded neither cause nor mode is known. */
static bool is_possible(const struct writer *w, enum metric metric, const size_t at[2])
{
	const char *cause, *mode;

	if (metric != MODE_REQUEST_FAILURES)
		return true;
	cause = w->m->values[ASK_CAUSE].list[at[0]];
	mode = w->m->values[MODE].list[at[1]];
	return !strcmp(cause, NOT_RECORDED) == !strcmp(mode, NOT_RECORDED);
}

static void put_one(const struct writer *w, enum metric metric, const size_t at[2])
{
	static const struct exemplar none;
	const struct series *s = series_at(w->m, metric, at[0], at[1]);
	uint64_t value;

	if (!table[metric].fact) {
		if (is_possible(w, metric, at))
			put_sample(w, metric, at, s->n, &s->newest);
	} else if (table[metric].fact(&w->facts, at[0], at[1], &value)) {
		put_sample(w, metric, at, value, &none);
	}
}

static void put_samples(const struct writer *w, enum metric metric)
{
	const enum domain *domain = table[metric].labels;
	size_t at[2];

	for (at[0] = 0; at[0] < w->m->values[domain[0]].n; at[0]++)
		for (at[1] = 0; at[1] < w->m->values[domain[1]].n; at[1]++)
			put_one(w, metric, at);
}

static void put_histogram(const struct writer *w, enum metric metric)
{
	uint64_t n = 0;

	for (size_t at[2] = { 0, 0 }; at[0] < w->m->values[BUCKET].n; at[0]++) {
		const struct series *s = series_at(w->m, metric, at[0], 0);

		n += s->n;
		put_sample(w, metric, at, n, &s->newest);
	}
	fprintf(w->f, "%s_sum ", table[metric].name);
	put_seconds(w->f, w->m->sum_ns);
	fprintf(w->f, "\n%s_count %" PRIu64 "\n", table[metric].name, n);
}

void metrics_write(const struct metrics *m, enum metrics_format format, FILE *f)
{
	struct writer w = { m, facts_of_all(m), format, f };

	if (format == METRICS_PROMETHEUS)
		fputs(METRICS_FIRST_LINE "\n", f);
	if (format == METRICS_PROMETHEUS && m->view)
		fprintf(f, "# only what matches %s\n", m->view);
	for (enum metric i = 0; i < METRICS; i++) {
		put_head(&w, i);
		if (table[i].kind == HISTOGRAM)
			put_histogram(&w, i);
		else
			put_samples(&w, i);
	}
	if (format == METRICS_OPENMETRICS)
		fputs("# EOF\n", f);
}
