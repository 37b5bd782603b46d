// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A live table for a person: one row a call, and under a failed one what to change. */
#include "emit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BOLD   "\033[1m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define DIM    "\033[2m"
#define PLAIN  "\033[0m"

#define USIZE_MAX 99999999 /* the largest that is shown to the byte, for a column of 11 */

static const char *paint(const struct emit_options *opt, const char *color)
{
	return opt->color ? color : "";
}

const char *attach_how_name(enum attach_how how)
{
	static const char *const names[] = {
		[ATTACH_ABSENT] = "absent",
		[ATTACH_FEXIT] = "fexit",
		[ATTACH_KPROBE] = "kprobe",
		[ATTACH_SYSCALL] = "syscall",
	};

	return names[how];
}

static void clock_text(char *buf, size_t len, uint64_t real_ns)
{
	time_t sec = (time_t)(real_ns / 1000000000u);
	struct tm tm = { 0 };
	size_t n;

	localtime_r(&sec, &tm);
	n = strftime(buf, len, "%H:%M:%S", &tm);
	snprintf(buf + n, len - n, ".%06u", (unsigned int)(real_ns % 1000000000u / 1000));
}

/* "qemu-system-ppc[1234]": the comm is the process's own choice and may hold anything. */
static void process_text(char *buf, size_t len, const struct cc_record *r)
{
	char comm[CC_COMM_LEN];

	snprintf(buf, len, "%s[%u]", plain_text(comm, sizeof(comm), r->comm), r->pid);
}

static void size_text(char *buf, size_t len, const struct diagnosis *d, uint64_t ksize)
{
	size_t n = 0;

	/* One that nobody set is huge, and would push its row out of line. */
	if (d->usize.known && d->usize.value > USIZE_MAX)
		n = snprintf(buf, len, "%.1e", (double)d->usize.value);
	else if (d->usize.known)
		n = snprintf(buf, len, "%" PRIu64, d->usize.value);
	else
		n = snprintf(buf, len, "%s", d->abi->off_size < 0 ? "none" : "?");
	if (ksize)
		snprintf(buf + n, len - n, ">%" PRIu64, ksize);
	else
		snprintf(buf + n, len - n, ">-");
}

static const char *cause_color(enum cause cause)
{
	if (cause > CAUSE_OK_NO_MODES)
		return RED;
	return cause == CAUSE_OK ? GREEN : YELLOW;
}

static void header(const struct emit_options *opt)
{
	static bool done;

	if (done)
		return;
	done = true;
	printf("%s%-15s  %-24s  %3s  %-11s  %-7s  %-22s  %s%s\n", paint(opt, BOLD), "TIME", "PROCESS",
	       "VM", "USIZE>KSIZE", "RESULT", "MODES", "CAUSE", paint(opt, PLAIN));
}

/* One row of the table; a sentence under it where there is something to say. */
static void row(const struct event *e, const struct emit_options *opt, const char *size,
		const char *modes, const char *cause, const char *color, const char *sentence)
{
	const struct cc_record *r = e->rec;
	char when[32], process[48], result[16] = "ok", vm[12] = "-";

	header(opt);
	clock_text(when, sizeof(when), e->real_ns);
	process_text(process, sizeof(process), r);
	if (r->ret < 0)
		errno_name(r->ret, result, sizeof(result));
	if (e->vm)
		snprintf(vm, sizeof(vm), "%u", e->vm);
	printf("%-15s  %-24s  %3s  %-11s  %-7s  %-22s  %s%s%s\n", when, process, vm, size, result,
	       modes, paint(opt, color), cause, paint(opt, PLAIN));
	if (sentence)
		printf("%s  -> %s%s\n", paint(opt, DIM), sentence, paint(opt, PLAIN));
}

static void details(const struct event *e, const struct emit_options *opt)
{
	const struct cc_record *r = e->rec;
	const struct diagnosis *d = e->negotiation.diag;
	char name[CC_VM_NAME_LEN];

	printf("%s  tid %u, %s 0x%08x, arg 0x%" PRIx64, paint(opt, DIM), r->tid, d->abi->name, r->cmd,
	       (uint64_t)r->arg);
	if (d->usize.known)
		printf(", size %" PRIu64, d->usize.value);
	if (d->flags.known)
		printf(", flags 0x%" PRIx64, d->flags.value);
	if (d->size_out.known)
		printf(", size after %" PRIu64, d->size_out.value);
	if (d->usize_source == USIZE_EXIT)
		printf(", size was not resident at entry");
	if (r->seen & CC_SEEN_BACKEND)
		printf(", hook returned %d", r->backend_ret);
	if (d->caps.known)
		printf(", bitmap 0x%016" PRIx64, d->caps.value);
	if (d->tail)
		printf(", %u tail bytes looked at", d->tail_read);
	if (r->vm_name[0])
		printf(", VM %s", plain_text(name, sizeof(name), r->vm_name));
	if (e->guest)
		printf(", guest %s", e->guest);
	printf(", took %" PRIu64 " ns", (uint64_t)r->latency_ns);
	printf("%s\n", paint(opt, PLAIN));
}

static void negotiation(const struct event *e, const struct emit_options *opt)
{
	const struct diagnosis *d = e->negotiation.diag;
	char size[48], modes[96] = "-";

	size_text(size, sizeof(size), d, e->negotiation.host->ksize);
	if (d->caps.known)
		modes_text(modes, sizeof(modes), d->caps.value);
	row(e, opt, size, modes, cause_name(d->cause), cause_color(d->cause),
	    d->cause == CAUSE_OK ? NULL : d->hint);
	if (opt->verbose)
		details(e, opt);
}

static void extension(const struct event *e, const struct emit_options *opt)
{
	char cause[64];

	snprintf(cause, sizeof(cause), "KVM_CHECK_EXTENSION(%" PRIu64 ") = %d", (uint64_t)e->rec->arg,
		 e->rec->ret);
	row(e, opt, "", "", cause, e->rec->ret > 0 ? GREEN : YELLOW, NULL);
}

static void arch_compat(const struct event *e, const struct emit_options *opt)
{
	const struct arch_diagnosis *d = e->arch.diag;
	bool fine = d->cause == ARCH_ACCEPTED || d->cause == ARCH_HOST_DEFAULT;
	char wanted[32];

	if (d->known)
		snprintf(wanted, sizeof(wanted), "%s", d->known->name);
	else
		snprintf(wanted, sizeof(wanted), "0x%08" PRIx32, d->pvr);
	row(e, opt, "asks for", d->pvr ? wanted : "default", arch_cause_name(d->cause),
	    fine ? GREEN : RED, d->hint);
}

static void retry(const struct event *e, const struct emit_options *opt)
{
	printf("%s  -> VM %u came again %" PRIu64 " us after the E2BIG: %s%s\n", paint(opt, DIM),
	       e->vm, e->retry->after_ns / 1000, e->retry->recovered ? "recovered" : "failed again",
	       paint(opt, PLAIN));
}

static void event_text(const struct event *e, const struct emit_options *opt)
{
	switch (e->type) {
	case EVENT_NEGOTIATION:
		negotiation(e, opt);
		break;
	case EVENT_EXTENSION:
		extension(e, opt);
		break;
	case EVENT_ARCH_COMPAT:
		arch_compat(e, opt);
		break;
	case EVENT_RETRY:
		retry(e, opt);
		break;
	case EVENT_LOST:
		printf("%s*** %" PRIu64 " events lost: %s%s\n", paint(opt, RED), e->lost.n,
		       e->lost.where, paint(opt, PLAIN));
		break;
	case EVENT_ATTACH:
		/* Talk, not data: main() has said it on stderr. */
		break;
	}
}

const struct emitter emit_text = { event_text };
