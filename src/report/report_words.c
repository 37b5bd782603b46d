// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sentences of a report, shared by text and HTML: the verdict, the host, what it offers, how
 * long queries took. Each is made from the digest alone. A sentence about what did not happen asks
 * first what was not seen.
 */
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

/* A text of bounded length: what is too long ends early. */
static FILE *open_text(char buf[REPORT_WORDS_LEN])
{
	*buf = '\0';
	return fmemopen(buf, REPORT_WORDS_LEN, "w");
}

static char *close_text(FILE *f, char buf[REPORT_WORDS_LEN])
{
	fclose(f);
	buf[REPORT_WORDS_LEN - 1] = '\0';
	return buf;
}

static const char *platform(const struct host_facts *h)
{
	switch (h->pseries_is) {
	case FACT_KNOWN:
		return ", pseries";
	case FACT_ABSENT:
		return ", bare metal";
	default:
		return "";
	}
}

static const char *nested(const struct host_facts *h)
{
	switch (h->nested) {
	case NESTED_NONE:
		return ", no nested API";
	case NESTED_V1:
		return ", nested API v1";
	case NESTED_V2:
		return ", nested API v2";
	default:
		return "";
	}
}

char *report_host(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	const struct host_id *id = &d->id;
	FILE *f = open_text(buf);

	if (!f)
		return buf;
	fprintf(f, "%.256s: Linux %.256s", id->name ? id->name : "without a name",
		id->release ? id->release : "release unknown");
	if (id->arch)
		fprintf(f, " (%.64s)", id->arch);
	if (id->cpus)
		fprintf(f, ", %u CPU%s", id->cpus, id->cpus == 1 ? "" : "s");
	fputs(platform(&d->host), f);
	fputs(nested(&d->host), f);
	if (d->host.page_size)
		fprintf(f, ", pages of %" PRIu32 " bytes", d->host.page_size);
	fprintf(f, ", modules: %.256s", id->modules ? id->modules : "none");
	return close_text(f, buf);
}

char *report_offer(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	FILE *f = open_text(buf);
	char modes[96];

	if (!f)
		return buf;
	if (d->offer.source == MODES_UNKNOWN)
		fputs("not known", f);
	else
		fprintf(f, "%s (%s)",
			d->offer.modes ? modes_text(modes, sizeof(modes), d->offer.modes) :
					 "no mode",
			modes_source_name(d->offer.source));
	if (d->host.cpu_version_is == FACT_KNOWN)
		fprintf(f, "; cpu-version 0x%08" PRIx32, d->host.cpu_version);
	else if (d->host.cpu_version_is == FACT_ABSENT)
		fputs("; no cpu-version", f);
	return close_text(f, buf);
}

char *report_kernel(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	const struct abi_revision *abi = abi_by_cmd(d->host.kernel_cmd);
	FILE *f = open_text(buf);

	if (!f)
		return buf;
	if (d->host.ksize_is == FACT_KNOWN)
		fprintf(f, "struct of %" PRIu64 " bytes", d->host.ksize);
	else
		fputs(d->host.ksize_is == FACT_ABSENT ? "without the struct" :
							"size of the struct not known",
		      f);
	if (d->host.kernel_cmd)
		fprintf(f, ", command 0x%08" PRIx32 " (%s)", d->host.kernel_cmd,
			abi ? abi->name : "unknown");
	else if (d->host.ksize_is != FACT_ABSENT)
		fputs(", no call proved which command it has", f);
	return close_text(f, buf);
}

char *report_clock(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	const char *before = "It went ";
	char words[32];
	FILE *f = open_text(buf);

	if (!f || !d->n_clocks)
		return f ? close_text(f, buf) : buf;
	for (size_t i = 0; i < d->n_clocks && i < DIGEST_CLOCKS; i++) {
		int64_t by = d->clocks[i].by_ns;

		fprintf(f, "%s%s by %s before event %" PRIu64, before, by < 0 ? "back" : "forward",
			time_words(words, sizeof(words), by < 0 ? 0 - (uint64_t)by : (uint64_t)by),
			d->clocks[i].seq);
		before = ", ";
	}
	if (d->n_clocks > DIGEST_CLOCKS)
		fprintf(f, ", and %" PRIu64 " times more", d->n_clocks - DIGEST_CLOCKS);
	fputs(": it was set, or the host slept. How much time passed is right all the same.", f);
	return close_text(f, buf);
}

static uint64_t all_failures(const struct digest *d)
{
	uint64_t n = d->checks_failed;

	for (size_t i = 0; i < DIGEST_CAUSES; i++)
		n += d->causes[i].n_failed;
	return n;
}

const char *report_no_calls(const struct digest *d)
{
	return d->view ? "No query or request for a mode matches the filters." :
			 "No query or request for a mode was seen.";
}

const char *report_story(char buf[REPORT_WORDS_LEN], const struct digest *d,
			 const struct digest_vm *vm)
{
	const char *guest = vm->guest ? vm->guest : "";

	if (vm->story)
		return vm->story;
	if (d->filters_part)
		snprintf(buf, REPORT_WORDS_LEN,
			 "VM %u%s%s%s: %" PRIu64 " call%s shown, %" PRIu64
			 " of which failed. Its story is not told, because events are left out.",
			 vm->number, *guest ? ", guest \"" : "", guest, *guest ? "\"" : "",
			 vm->n_calls, vm->n_calls == 1 ? " is" : "s are", vm->n_failures);
	else
		snprintf(buf, REPORT_WORDS_LEN, "VM %u: its story is not known%s.", vm->number,
			 d->view ? ", for a filter leaves out a part of it" : " any more");
	return buf;
}

unsigned int report_more_vms(const struct digest *d)
{
	return d->seen.n > d->n_shown ? d->seen.n - (unsigned int)d->n_shown : 0;
}

char *report_rest(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	uint64_t n = d->n_calls, failures = all_failures(d);
	size_t told = d->n_shown;

	*buf = '\0';
	for (size_t i = 0; i < told; i++) {
		n -= d->vms[i]->n_calls;
		failures -= d->vms[i]->n_failures;
	}
	if (!d->seen.n && !n)
		snprintf(buf, REPORT_WORDS_LEN, d->view ? "No VM matches %s." : "No VM was seen.",
			 d->view);
	else if (told < d->seen.n || n)
		snprintf(
			buf, REPORT_WORDS_LEN,
			"%zu of %u VMs are shown, those that went wrong first; the others made %" PRIu64
			" calls, %" PRIu64 " of which failed.",
			told, d->seen.n, n, failures);
	return buf;
}

char *report_who(char buf[REPORT_WORDS_LEN], const struct digest_event *e)
{
	FILE *f = open_text(buf);

	if (!f)
		return buf;
	fprintf(f, "%.64s[%" PRIu32 "]", e->comm ? e->comm : "?", e->pid);
	if (e->vm)
		fprintf(f, ", VM %u", e->vm);
	if (e->guest)
		fprintf(f, ", guest \"%s\"", e->guest);
	return close_text(f, buf);
}

#define VMS_NAMED 3

/* Is it another VM of a guest that was named before? */
static bool is_named(const struct digest *d, const struct bits *vms, size_t before)
{
	const char *guest = d->vms[before]->guest;

	for (size_t i = 0; guest && i < before; i++)
		if (bits_has(vms, d->vms[i]->number) && d->vms[i]->guest &&
		    !strcmp(d->vms[i]->guest, guest))
			return true;
	return false;
}

/* How many of these VMs are of this guest. */
static unsigned int vms_of_guest(const struct digest *d, const struct bits *vms, const char *guest)
{
	unsigned int n = 0;

	for (size_t i = 0; i < d->n_vms; i++)
		n += bits_has(vms, d->vms[i]->number) && d->vms[i]->guest &&
		     !strcmp(d->vms[i]->guest, guest);
	return n;
}

/* Some of these VMs by their guests' names: "guest "db1" (2 VMs), VM 7 and 4 more" */
static void put_vms(FILE *f, const struct digest *d, const struct bits *vms)
{
	unsigned int n = bits_count(vms), named = 0, told = 0, of_guest;

	for (size_t i = 0; i < d->n_vms && named < VMS_NAMED; i++) {
		const struct digest_vm *vm = d->vms[i];

		if (!bits_has(vms, vm->number) || is_named(d, vms, i))
			continue;
		of_guest = vm->guest ? vms_of_guest(d, vms, vm->guest) : 1;
		told += of_guest;
		if (named++)
			fputs(told == n ? " and " : ", ", f);
		if (vm->guest)
			fprintf(f, "guest \"%.64s\"", vm->guest);
		else
			fprintf(f, "VM %u", vm->number);
		if (of_guest > 1)
			fprintf(f, " (%u VMs)", of_guest);
	}
	if (!named)
		fprintf(f, "%u VM%s", n, n == 1 ? "" : "s");
	else if (n > told)
		fprintf(f, " and %u more", n - told);
}

/* Before the names of VMs, and behind them. */
static const char *const outcome_words[OUTCOME_FINE][2] = {
	[OUTCOME_RUN_FAILED] = { "KVM_RUN failed for ", "" },
	[OUTCOME_REFUSED] = { "KVM refused a mode to ", "" },
	[OUTCOME_ABOVE_HOST] = { "", " got a mode that this host does not offer" },
	[OUTCOME_QUERY_FAILED] = { "no query succeeded and no mode was set for ", "" },
};

static void put_outcomes(FILE *f, const struct digest *d)
{
	const char *sep = ": ";

	for (int i = 0; i < OUTCOME_FINE; i++) {
		if (!bits_count(&d->outcomes[i]))
			continue;
		fputs(sep, f);
		fputs(outcome_words[i][0], f);
		put_vms(f, d, &d->outcomes[i]);
		fputs(outcome_words[i][1], f);
		sep = "; ";
	}
}

static unsigned int n_judged(const struct digest *d)
{
	unsigned int n = 0;

	for (int i = 0; i < OUTCOMES; i++)
		n += bits_count(&d->outcomes[i]);
	return n;
}

bool report_has_verdict(const struct digest *d)
{
	return n_judged(d);
}

/* What went wrong besides may be in what is not there. */
static bool may_hide(const struct digest *d)
{
	return d->filters_outcomes || d->totals.lost;
}

char *report_verdict_short(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	unsigned int n = n_judged(d), fine = bits_count(&d->outcomes[OUTCOME_FINE]);
	const char *s = n == 1 ? "" : "s";

	*buf = '\0';
	if (n && fine == n)
		snprintf(buf, REPORT_WORDS_LEN, "none of %u VM%s was seen to go wrong", n, s);
	else if (n)
		snprintf(buf, REPORT_WORDS_LEN, "%s%u of %u VM%s went wrong",
			 may_hide(d) ? "at least " : "", n - fine, n, s);
	return buf;
}

char *report_verdict(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	unsigned int n = n_judged(d), fine = bits_count(&d->outcomes[OUTCOME_FINE]);
	FILE *f = open_text(buf);

	if (!f)
		return buf;
	if (!n)
		return close_text(f, buf);
	if (fine == n) {
		if (n == 1)
			fputs("1 VM was seen, and was not seen to go wrong.", f);
		else
			fprintf(f, "None of %u VMs was seen to go wrong.", n);
	} else {
		fprintf(f,
			may_hide(d) ? "At least %u of the %u VM%s seen went wrong" :
				      "%u of %u VM%s went wrong",
			n - fine, n, n == 1 ? "" : "s");
		put_outcomes(f, d);
		fputs(".", f);
	}
	return close_text(f, buf);
}

/* Of a few the 99th of 100 is the largest. */
#define ENOUGH_FOR_P99 100

char *report_latency(char buf[REPORT_WORDS_LEN], const struct digest *d)
{
	const struct histogram *h = &d->latency;
	char text[3][32];
	int n;

	*buf = '\0';
	if (!h->n)
		return buf;
	n = snprintf(buf, REPORT_WORDS_LEN, "%" PRIu64 " took from %s to %s, %s in the median",
		     h->n, time_words(text[0], sizeof(text[0]), h->least),
		     time_words(text[1], sizeof(text[1]), h->most),
		     time_words(text[2], sizeof(text[2]), (uint64_t)histogram_quantile(h, 0.5)));
	if (h->n >= ENOUGH_FOR_P99)
		snprintf(buf + n, REPORT_WORDS_LEN - (size_t)n, ", at most %s for 99 of 100",
			 time_words(text[0], sizeof(text[0]),
				    (uint64_t)histogram_quantile(h, 0.99)));
	return buf;
}
