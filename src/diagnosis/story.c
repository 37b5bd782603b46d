// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diagnosis/story.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/guest.h"
#include "lib/text.h"

struct story {
	struct vm_table vms;
	bool filtered, hides_retries;
	/* Of the frame that is being told: */
	char comm[CC_COMM_LEN * 4], thread[CC_COMM_LEN * 4], name[CC_VM_NAME_LEN * 4];
	char guest[GUEST_NAME_LEN];
	char *sentence, *run_hint;
};

struct story *story_new(void)
{
	return calloc(1, sizeof(struct story));
}

void story_free(struct story *s)
{
	if (!s)
		return;
	vm_table_free(&s->vms);
	free(s->sentence);
	free(s->run_hint);
	free(s);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* What the frame itself says is the guest's name holds, even if its VM is not known. */
static void note_guest(struct story *s, struct vm *vm, const char *name_option)
{
	guest_name(s->guest, sizeof(s->guest), or_empty(name_option));
	if (vm && *s->guest)
		vm_table_keep_guest(vm, s->guest);
}

unsigned int story_number(const struct story *s, uint64_t ino)
{
	const struct vm *vm = ino ? vm_table_find(&s->vms, &(const struct vm_id){ .ino = ino }) :
				    NULL;

	return vm ? vm->number : 0;
}

/* ------------------------------------------------------------------ what of a life was seen */

const char *life_name(enum life life)
{
	static const char *const names[] = {
		[LIFE_WHOLE] = "whole", [LIFE_OLDER] = "older",	      [LIFE_LOSSY] = "lossy",
		[LIFE_GAP] = "gap",	[LIFE_FILTERED] = "filtered", [LIFE_UNKNOWN] = "unknown",
	};

	return (unsigned int)life < sizeof(names) / sizeof(names[0]) ? names[life] : NULL;
}

/* Why something may have been missed; NULL: it cannot have been. */
static const char *life_reason(enum life life)
{
	switch (life) {
	case LIFE_OLDER:
		return "the VM is older than this trace";
	case LIFE_LOSSY:
		return "events were lost";
	case LIFE_GAP:
		return "it was not watched all the time";
	case LIFE_FILTERED:
		return "a filter hides a part of its calls";
	case LIFE_UNKNOWN:
		return "when it was born could not be told";
	case LIFE_WHOLE:
		break;
	}
	return NULL;
}

#define QUERIES (1u << POINT_IOCTL)
#define ASKS	(1u << POINT_REG)

/* As far as calls of these functions go. */
static enum life life_of(const struct story *s, const struct vm *vm, unsigned int points)
{
	const struct holes missed = vm_table_holes(&s->vms, vm);
	unsigned int holes = 0;

	for (int p = 0; p < ATTACH_POINTS; p++)
		if (points & 1u << p)
			holes |= missed.at[p];
	if (holes & HOLE(LIFE_OLDER))
		return LIFE_OLDER;
	/* Of one that is known by its name alone a call may belong to another of that name. */
	if (holes & HOLE(LIFE_UNKNOWN) || !vm->ino)
		return LIFE_UNKNOWN;
	if (holes & HOLE(LIFE_GAP))
		return LIFE_GAP;
	if (missed.lossy)
		return LIFE_LOSSY;
	return s->filtered ? LIFE_FILTERED : LIFE_WHOLE;
}

void story_trace(struct story *s, const struct frame *f)
{
	s->filtered = f->trace.filters.threads || f->trace.filters.outcomes;
	/* What comes next may be hidden. */
	s->hides_retries = s->filtered;
}

void story_attach(struct story *s, const struct frame *f)
{
	vm_table_attach(&s->vms, f);
}

void story_lost(struct story *s, const struct frame *f)
{
	vm_table_lost(&s->vms, f);
}

/* ------------------------------------------------------------------ steps */

static void fill_step(const struct story *s, const struct vm *vm, struct step *step)
{
	*step = (struct step){
		.guest = s->guest,
		.vm_name = s->name,
		.comm = s->comm,
		.thread = s->thread,
		.life = LIFE_UNKNOWN,
	};
	if (!vm)
		return;
	step->vm = vm->number;
	step->guest = *s->guest ? s->guest : or_empty(vm->guest);
	step->vm_name = or_empty(vm->name);
	step->life = life_of(s, vm, QUERIES | ASKS);
	step->silent = !vm->n_ok && !vm->n_failed && !vm->n_arch && !vm->extension_asked &&
		       !vm->n_runs && !vm->ran;
}

void story_found(struct story *s, const struct frame *f, const struct inventory_verdict *v,
		 struct step *step)
{
	const struct inventory_vm *found = f->found.vm;
	const struct inventory_process *p = found->processes;
	const struct vm_id id = { found->ino, found->number, p->pid, s->name, s->comm };
	struct vm *vm;

	/* An escape more than a name can have is none of it. */
	snprintf(s->comm, sizeof(s->comm), "%.*s", (int)sizeof(s->comm) - 1, p->comm);
	snprintf(s->name, sizeof(s->name), "%.*s", (int)sizeof(s->name) - 1, found->name);
	s->thread[0] = '\0';
	vm = vm_table_found(&s->vms, &id);
	note_guest(s, vm, found->name_option);
	if (vm) {
		vm->found = true;
		vm->found_mode = v->is;
		vm->found_pvr = v->pvr;
		vm->incoming |= found->incoming == INCOMING_YES;
	}
	fill_step(s, vm, step);
}

/* ------------------------------------------------------------------ calls */

/* An answer to an E2BIG begins after its end: calls of threads come in the order of their ends. */
static void add_retry(const struct story *s, struct vm *vm, const struct cc_record *r,
		      const struct diagnosis *d, struct retry *retry)
{
	if (s->hides_retries || r->mono_ns < vm->retry_since || r->mono_ns <= vm->retry_start)
		return;
	if (vm->retry_since) {
		retry->seen = true;
		retry->recovered = !r->ret;
		retry->after_ns = r->mono_ns - vm->retry_start;
		vm->n_retries++;
		vm->n_recovered += retry->recovered;
	}
	vm->retry_since = vm->retry_start = 0;
	if (d->cause == CAUSE_STRUCT_TOO_NEW) {
		vm->retry_start = r->mono_ns;
		vm->retry_since = r->mono_ns + r->latency_ns;
	}
}

static void add_negotiation(struct story *s, struct vm *vm, const struct cc_record *r,
			    const struct diagnosis *d, struct retry *retry)
{
	add_retry(s, vm, r, d, retry);
	if (r->ret) {
		if (!vm->n_failed++)
			vm->first_failure = d->cause;
		vm->last_failure = d->cause;
		vm_table_keep(&s->vms, vm, &vm->last_hint, d->hint);
		return;
	}
	vm->n_ok++;
	/* What another thread has written is not the host's word. */
	if (!d->caps.known || (d->changed && !d->caps_of_hook))
		return;
	vm->caps_known = true;
	vm->caps = d->caps.value;
}

static struct offer offer_to(const struct story *s, const struct vm *vm,
			     const struct host_facts *host)
{
	struct offer offer = host_offer(host);
	enum life life;

	if (!vm) {
		offer.not_seen = "there are too many VMs to tell apart";
		return offer;
	}
	life = life_of(s, vm, QUERIES);
	offer.not_seen = life_reason(life);
	if (vm->n_ok)
		offer.queried = QUERIED_YES;
	else if (vm->n_failed)
		offer.queried = QUERIED_FAILED;
	else if (life == LIFE_WHOLE)
		offer.queried = QUERIED_NO;
	offer.query_cause = vm->last_failure;
	if (vm->caps_known) {
		offer.source = MODES_NEGOTIATION;
		offer.modes = vm->caps;
	}
	return offer;
}

static struct vm_id id_of(const struct story *s, const struct cc_record *r)
{
	return (struct vm_id){ r->vm_ino, r->vm, r->pid, s->name, s->comm };
}

/* Where its first frame was without the name of the process. */
static void note_comm(struct vm *vm, const char *comm)
{
	if (!vm->comm && *comm)
		vm->comm = strdup(comm);
}

/* The VM of this record; NULL: there is none. */
static struct vm *meet(struct story *s, const struct cc_record *r, const char *name_option)
{
	struct vm_id id = id_of(s, r);
	struct vm *vm;

	text_escape(s->comm, sizeof(s->comm), r->comm, sizeof(r->comm));
	text_escape(s->thread, sizeof(s->thread), r->thread, sizeof(r->thread));
	text_escape(s->name, sizeof(s->name), r->vm_name, sizeof(r->vm_name));
	vm = vm_table_of_call(&s->vms, &id);
	note_guest(s, vm, name_option);
	if (vm)
		note_comm(vm, s->comm);
	return vm;
}

/* Where the end of a call alone is watched, when it began is not known: the ioctl has to do. */
static const char *line_of_call(const struct vm *vm, const struct cc_record *r)
{
	const struct vm_line *line = vm ? vm_line(vm, 0) : NULL;

	if (!line || !line->tid || line->tid != r->tid ||
	    line->mono_ns > r->mono_ns + r->latency_ns)
		return NULL;
	if (r->latency_ns)
		return line->mono_ns >= r->mono_ns ? line->text : NULL;
	return r->type == CC_ARCH_COMPAT && line->cmd == ABI_CMD_SET_ONE_REG ? line->text : NULL;
}

void story_call(struct story *s, const struct frame *f, const struct diagnosis *diag,
		const struct host_facts *host, struct step *step)
{
	const struct cc_record *r = f->call.rec;
	struct retry retry = { 0 };
	struct vm *vm = meet(s, r, f->call.name_option);

	if (vm && r->type == CC_EXTENSION) {
		vm->extension_asked = true;
		vm->extension = r->ret;
	}
	if (vm && diag)
		add_negotiation(s, vm, r, diag, &retry);
	fill_step(s, vm, step);
	step->retry = retry;
	step->offer = offer_to(s, vm, host);
	step->offer.message = line_of_call(vm, r);
}

static struct vm *find_vm(const struct story *s, const struct cc_record *r)
{
	const struct vm_id id = id_of(s, r);

	return vm_table_find(&s->vms, &id);
}

const char *story_line_of(const struct story *s, const struct cc_record *r)
{
	return line_of_call(find_vm(s, r), r);
}

void story_arch(struct story *s, const struct frame *f, const struct offer *offer,
		const struct arch_diagnosis *arch)
{
	struct vm *vm = find_vm(s, f->call.rec);

	if (!vm)
		return;
	vm->n_arch++;
	vm->arch_accepted = !f->call.rec->ret;
	vm->arch_cause = arch->cause;
	vm->arch_pvr = arch->pvr;
	vm->arch_modes = offer->source == MODES_UNKNOWN ? 0 : offer->modes;
	vm->ran = false;
	vm_table_keep(&s->vms, vm, &vm->arch_hint, arch->hint);
}

/* ------------------------------------------------------------------ telling */

static void tell_mode(const struct vm *vm, FILE *f)
{
	const struct abi_pvr *known = abi_pvr(vm->arch_pvr);

	fputs("asked for ", f);
	if (vm->n_arch > 1)
		fprintf(f, "a mode %u times, the last time for ", vm->n_arch);
	if (!vm->arch_pvr)
		fputs("the host's default", f);
	else if (known)
		fputs(known->name, f);
	else
		fprintf(f, "0x%08" PRIx32, vm->arch_pvr);
	fprintf(f, ": %s", arch_cause_name(vm->arch_cause));
}

/* "asked for no mode" is a claim about all of its life. */
static void tell_ask(const struct story *s, const struct vm *vm, FILE *f)
{
	enum life life = life_of(s, vm, QUERIES | ASKS);

	if (vm->n_arch)
		tell_mode(vm, f);
	else if (life == LIFE_WHOLE)
		fputs("asked for no mode", f);
	else
		fprintf(f, "was not seen to ask for a mode (%s)", life_reason(life));
}

static void tell_offer(const struct vm *vm, FILE *f)
{
	char modes[96];

	if (vm->caps_known)
		fprintf(f, "was offered %s, ", modes_text(modes, sizeof(modes), vm->caps));
}

/* ------------------------------------------------------------------ what fails later */

#define MESSAGE_SAID 120 /* of a line, in a sentence */

/* What was printed elsewhere in the process may be of anything. */
static const struct vm_line *newest_line_of_ioctl(const struct vm *vm)
{
	for (unsigned int age = 0; age < STORY_MESSAGES; age++) {
		const struct vm_line *line = vm_line(vm, age);

		if (line && line->cmd)
			return line;
	}
	return NULL;
}

static void tell_line(const struct vm_line *line, FILE *f)
{
	fprintf(f, "%.*s%s", MESSAGE_SAID, line->text,
		strlen(line->text) > MESSAGE_SAID ? "..." : "");
}

static void tell_message(const struct vm *vm, FILE *f)
{
	const struct vm_line *line = newest_line_of_ioctl(vm);

	if (!line)
		return;
	fputs("; KVM printed: \"", f);
	tell_line(line, f);
	fputs("\"", f);
}

static const char *pvr_text(char *buf, size_t len, uint32_t pvr)
{
	const struct abi_pvr *known = abi_pvr(pvr);

	if (!pvr)
		return "the host's default";
	if (known)
		return known->name;
	snprintf(buf, len, "0x%08" PRIx32, pvr);
	return buf;
}

/* How a KVM_RUN ended that failed. */
static void tell_exit(const struct cc_record *r, FILE *f)
{
	char name[16];

	if (r->ret < 0) {
		fputs(errno_name(r->ret, name, sizeof(name)), f);
		return;
	}
	fprintf(f, "exit reason %s", abi_exit_name(r->cmd));
	if (r->vm && r->cmd == ABI_EXIT_INTERNAL_ERROR)
		fprintf(f, ", suberror %" PRIu64, (uint64_t)r->arg);
	else if (r->vm)
		fprintf(f, ", hardware reason 0x%" PRIx64, (uint64_t)r->arg);
}

/* Where KVM counts an exit for what never was in the guest, that is the one exit of a first run. */
static bool is_first_run(const struct vm *vm, const struct cc_record *r)
{
	if (vm->ran || r->in_words <= CC_VCPU_EXITS)
		return false;
	return r->in[CC_VCPU_EXITS] <= (r->ret < 0 ? 0 : 1);
}

/* In a KVM_RUN of this thread: of a first run it can be of that one alone. */
static const struct vm_line *line_of_run(const struct vm *vm, const struct cc_record *r)
{
	const struct vm_line *line = newest_line_of_ioctl(vm);

	return line && line->cmd == ABI_CMD_RUN && line->tid == r->tid ? line : NULL;
}

/* What KVM printed in it says most. */
static void tell_first_run(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	const struct vm_line *line = line_of_run(vm, r);

	fputs("its first run failed: ", f);
	if (line) {
		tell_line(line, f);
		fputs(" (", f);
	}
	tell_exit(r, f);
	if (line)
		fputs(")", f);
	else
		tell_message(vm, f);
}

static void tell_plain_run(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	fputs(r->ret < 0 ? "KVM_RUN failed with " : "KVM_RUN ended with ", f);
	tell_exit(r, f);
	if (vm)
		tell_message(vm, f);
	else
		fputs("; of which VM could not be told", f);
}

static bool is_above_host(const struct vm *vm)
{
	return vm && vm->n_arch && vm->arch_cause == ARCH_ACCEPTED_ABOVE_HOST;
}

static bool is_refused(const struct vm *vm)
{
	return vm && vm->n_arch && !vm->arch_accepted;
}

/* The newest one on offer when it asked; NULL: it is not known. */
static const char *newest_offered(const struct vm *vm)
{
	const struct abi_mode *mode;
	const char *newest = NULL;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (vm->arch_modes & mode->bit)
			newest = mode->name;
	return newest;
}

static void tell_above_host(const struct vm *vm, FILE *f)
{
	const char *newest = newest_offered(vm);
	char buf[16];

	fprintf(f, "asked for %s, KVM accepted it although this host ",
		pvr_text(buf, sizeof(buf), vm->arch_pvr));
	if (newest)
		fprintf(f, "offers %s at most", newest);
	else
		fputs("does not offer it", f);
	fputs(" (this kernel does not check, 884ea0283f4e does), and ", f);
}

/* What KVM said to the mode that it asked for, where that goes before how it runs. */
static void tell_answer(const struct vm *vm, FILE *f)
{
	char buf[16];

	if (is_above_host(vm))
		tell_above_host(vm, f);
	else if (is_refused(vm))
		fprintf(f, "was refused %s, ", pvr_text(buf, sizeof(buf), vm->arch_pvr));
}

static void tell_run_tail(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	if (vm && is_first_run(vm, r) && !is_refused(vm)) {
		tell_first_run(vm, r, f);
	} else if (vm && is_refused(vm) && !vm->ran) {
		fputs("then KVM_RUN failed: ", f);
		tell_exit(r, f);
		tell_message(vm, f);
	} else {
		fputs(vm && vm->ran ? "later " : is_above_host(vm) ? "then " : "", f);
		tell_plain_run(vm, r, f);
	}
}

/* The caller frees it. NULL: no memory. */
static char *compose_run(const struct vm *vm, const struct cc_record *r,
			 void (*tell)(const struct vm *vm, const struct cc_record *r, FILE *f))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	tell(vm, r, f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

static void tell_run_hint(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	char buf[16];

	if (vm && !vm->ran)
		tell_answer(vm, f);
	tell_run_tail(vm, r, f);
	if (vm && vm->n_arch && !is_above_host(vm) && !is_refused(vm))
		fprintf(f, "; KVM had accepted %s", pvr_text(buf, sizeof(buf), vm->arch_pvr));
}

/* Where it ran before, that has been told with it. */
static void tell_run_lead(const struct vm *vm, const struct cc_record *r, FILE *f)
{
	(void)r;
	if (!vm->ran)
		tell_answer(vm, f);
}

static void add_run(struct story *s, struct vm *vm, const struct cc_record *r)
{
	char *lead, *tail;

	if (vm->n_runs++)
		return;
	lead = compose_run(vm, r, tell_run_lead);
	tail = compose_run(vm, r, tell_run_tail);
	vm_table_keep(&s->vms, vm, &vm->run_lead, lead);
	vm_table_keep(&s->vms, vm, &vm->run_tail, tail);
	free(lead);
	free(tail);
}

/* That it runs, as a KVM_RUN showed that ended well, and in the mode that its vCPU then had. */
static void tell_ran(const struct vm *vm, FILE *f)
{
	char buf[16];

	if (!vm->ran_known)
		fputs(is_refused(vm) ? "runs, in a mode that is not known" : "runs", f);
	else if (!vm->ran_pvr && is_refused(vm))
		fputs("went on without a mode and runs in the host's own", f);
	else if (!vm->ran_pvr)
		fputs("runs in the host's own mode", f);
	else
		fprintf(f, "runs in %s", pvr_text(buf, sizeof(buf), vm->ran_pvr));
}

/* After what is told of its request. */
static void tell_run_shortly(const struct vm *vm, FILE *f)
{
	if (vm->ran) {
		fputs(", ", f);
		tell_ran(vm, f);
	}
	if (vm->run_tail)
		fprintf(f, ", %s", vm->run_tail);
}

static void tell_capital(const char *text, FILE *f)
{
	fprintf(f, " %c%s.", toupper((unsigned char)*text), text + 1);
}

static void tell_failed_run(const struct vm *vm, FILE *f)
{
	if (vm->run_lead)
		fprintf(f, " It %s%s.", vm->run_lead, vm->run_tail);
	else
		tell_capital(vm->run_tail, f);
	if (vm->n_runs > 1)
		fprintf(f, " It failed in %u different ways: this was the first.", vm->n_runs);
}

static void tell_run(const struct vm *vm, FILE *f)
{
	if (vm->ran) {
		fputs(" It ", f);
		tell_answer(vm, f);
		tell_ran(vm, f);
		fputs(".", f);
	}
	if (vm->run_tail)
		tell_failed_run(vm, f);
}

static void fill_run(const struct vm *vm, struct run *run)
{
	run->asked = vm->n_arch;
	run->pvr = vm->arch_pvr;
	run->cause = vm->arch_cause;
	run->accepted = vm->arch_accepted;
	for (unsigned int age = STORY_MESSAGES; age--;) {
		const struct vm_line *line = vm_line(vm, age);

		if (line)
			run->messages[run->n_messages++] = line->text;
	}
}

void story_run(struct story *s, const struct frame *f, struct step *step)
{
	const struct cc_record *r = f->call.rec;
	struct vm *vm = meet(s, r, f->call.name_option);

	free(s->run_hint);
	s->run_hint = compose_run(vm, r, tell_run_hint);
	if (vm)
		add_run(s, vm, r);
	fill_step(s, vm, step);
	step->run.hint = s->run_hint ? s->run_hint : "KVM_RUN failed";
	if (!vm)
		return;
	step->run.first_known = r->in_words > CC_VCPU_EXITS;
	step->run.first = is_first_run(vm, r);
	fill_run(vm, &step->run);
}

void story_ran(struct story *s, const struct frame *f, struct step *step)
{
	const struct cc_record *r = f->call.rec;
	struct vm *vm = meet(s, r, f->call.name_option);

	if (vm) {
		vm->ran = true;
		vm->ran_known = r->in_words > CC_VCPU_PVR;
		vm->ran_pvr = (uint32_t)r->in[CC_VCPU_PVR];
	}
	fill_step(s, vm, step);
	if (vm)
		fill_run(vm, &step->run);
}

static void keep_line(struct story *s, struct vm *vm, const struct frame *f)
{
	const struct cc_record *r = f->kernel.rec;
	const struct vm_line line = { .text = (char *)f->kernel.text,
				      .tid = r->tid,
				      .cmd = r->vm ? r->cmd : 0,
				      .mono_ns = r->mono_ns };

	vm_table_keep_line(&s->vms, vm, &line);
}

/* In no ioctl that is known: it may be of any VM of its process. */
static void keep_for_process(struct story *s, const struct frame *f)
{
	struct vm *vm = s->vms.newest;

	for (int i = 0; vm && i < VM_TABLE_NEWEST; i++, vm = vm->prev)
		if (!vm->ended && vm->pid == f->kernel.rec->pid)
			keep_line(s, vm, f);
}

void story_kernel(struct story *s, const struct frame *f, struct step *step)
{
	const struct cc_record *r = f->kernel.rec;
	struct vm *vm = meet(s, r, f->kernel.name_option);

	if (vm)
		keep_line(s, vm, f);
	else if (!r->vm && r->pid)
		keep_for_process(s, f);
	fill_step(s, vm, step);
}

/* ------------------------------------------------------------------ telling, all of it */

/* What the kernel had of it when the trace began: nothing of how it came to that was seen. */
static void tell_found(const struct vm *vm, FILE *f)
{
	char buf[16];

	fputs("was there when this trace began", f);
	switch (vm->found_mode) {
	case MODE_SET:
		fprintf(f, ", in mode %s", pvr_text(buf, sizeof(buf), vm->found_pvr));
		break;
	case MODE_HOST_DEFAULT:
		fputs(", in the host's own mode", f);
		break;
	case MODE_REFUSED:
		fputs(", with a mode that KVM had refused", f);
		break;
	case MODE_DIFFERS:
		fputs(", its vCPUs in different modes", f);
		break;
	case MODE_NO_VCPU:
		fputs(", without a vCPU", f);
		break;
	default:
		break;
	}
}

/* KVM tells of the birth of one that came while the trace began. */
static bool was_found(const struct vm *vm)
{
	return vm->found && !vm->created;
}

/* Whether the guest came is not told: that it was waited for is. */
#define TO_BE_MIGRATED "started to take in a migrated guest (-incoming)"

/* The story of one that has ended, shortly. */
static void tell_end(const struct story *s, const struct vm *vm, FILE *f)
{
	if (vm->incoming)
		fputs(TO_BE_MIGRATED ", ", f);
	if (was_found(vm)) {
		tell_found(vm, f);
		fputs(", ", f);
	}
	if (vm->n_ok)
		fputs("queried, ", f);
	else if (vm->n_failed)
		fprintf(f, "queried and failed (%s), ", cause_name(vm->last_failure));
	else if (vm->n_arch && life_of(s, vm, QUERIES) == LIFE_WHOLE)
		fputs("never queried, ", f);
	tell_offer(vm, f);
	tell_ask(s, vm, f);
	tell_run_shortly(vm, f);
}

static void tell_retries(const struct vm *vm, FILE *f)
{
	if (vm->n_retries == 1)
		fprintf(f, ", 1 retry, which %s", vm->n_recovered ? "recovered" : "failed");
	else if (vm->n_retries)
		fprintf(f, ", %u retries, %u of which recovered", vm->n_retries, vm->n_recovered);
}

static void tell_queries(const struct vm *vm, FILE *f)
{
	unsigned int n = vm->n_ok + vm->n_failed;
	const char *first = cause_name(vm->first_failure);

	if (n == 1 && vm->n_failed)
		fprintf(f, "1 query, which failed (%s)", first);
	else if (n == 1)
		fputs("1 query, which succeeded", f);
	else if (!vm->n_failed)
		fprintf(f, "%u queries, which all succeeded", n);
	else if (!vm->n_ok)
		fprintf(f, "%u queries, which all failed (first %s)", n, first);
	else
		fprintf(f, "%u queries, %u of which failed (first %s)", n, vm->n_failed, first);
	tell_retries(vm, f);
	fputs("; ", f);
}

/* A request that went wrong has a hint, which tells of the query as well. */
static bool has_arch_hint(const struct vm *vm)
{
	return vm->n_arch && vm->arch_hint && arch_cause_kind(vm->arch_cause) == VERDICT_FAILURE;
}

static void tell_no_query(const struct story *s, const struct vm *vm, FILE *f)
{
	const char *missed = life_reason(life_of(s, vm, QUERIES));

	if (!vm->n_arch || has_arch_hint(vm))
		return;
	if (missed)
		fprintf(f, "was not seen to query (%s); ", missed);
	else
		fputs("never queried; ", f);
}

static void tell_vm(const struct story *s, const struct vm *vm, FILE *f)
{
	fprintf(f, "VM %u, %s[%" PRIu32 "]", vm->number, vm->comm ? vm->comm : "?", vm->pid);
	if (vm->guest)
		fprintf(f, ", guest \"%s\"", vm->guest);
	if (vm->incoming)
		fputs(", " TO_BE_MIGRATED, f);
	fputs(": ", f);
	if (was_found(vm)) {
		tell_found(vm, f);
		fputs("; ", f);
	}
	if (vm->extension_asked)
		fprintf(f, "checked KVM_CAP_PPC_COMPAT_CAPS (answer %d); ", vm->extension);
	if (vm->n_ok || vm->n_failed)
		tell_queries(vm, f);
	else
		tell_no_query(s, vm, f);
	tell_offer(vm, f);
	tell_ask(s, vm, f);
	if (has_arch_hint(vm))
		fprintf(f, ". %s", vm->arch_hint);
	else if (!vm->n_ok && vm->n_failed && vm->last_hint)
		fprintf(f, ". Of the newest query: %s", vm->last_hint);
	fputs(".", f);
	tell_run(vm, f);
}

/* The caller frees it. NULL: no memory. */
static char *compose(const struct story *s, const struct vm *vm,
		     void (*tell)(const struct story *s, const struct vm *vm, FILE *f))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	tell(s, vm, f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

void story_vm(struct story *s, const struct frame *f, struct step *step)
{
	const struct vm_id id = {
		.ino = f->vm.ino, .pid = f->vm.pid, .name = s->name, .comm = s->comm
	};
	struct vm *vm;

	snprintf(s->comm, sizeof(s->comm), "%s", or_empty(f->vm.comm));
	snprintf(s->name, sizeof(s->name), "%s", or_empty(f->vm.vm_name));
	s->thread[0] = '\0';
	vm = f->vm.event == VM_ENDED ? vm_table_ended(&s->vms, &id) :
				       vm_table_created(&s->vms, &id);
	note_guest(s, vm, f->vm.name_option);
	if (vm) {
		vm->incoming |= f->vm.incoming == INCOMING_YES;
		note_comm(vm, s->comm);
		if (!*s->comm)
			snprintf(s->comm, sizeof(s->comm), "%s", or_empty(vm->comm));
		if (f->vm.event == VM_ENDED)
			vm_table_end(&s->vms, vm);
	}
	fill_step(s, vm, step);
	if (!vm || f->vm.event != VM_ENDED)
		return;
	free(s->sentence);
	s->sentence = compose(s, vm, tell_end);
	step->sentence = s->sentence;
}

typedef void paragraph_fn(const char *text, void *ctx);

static void tellf(paragraph_fn *paragraph, void *ctx, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tellf(paragraph_fn *paragraph, void *ctx, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	paragraph(text, ctx);
}

/* "1 VM", "2 VMs" */
#define N_VMS	 "%u VM%s"
#define n_vms(n) (n), (n) == 1 ? "" : "s"

/* VMs and texts that are left out. */
static void tell_left_out(const struct vm_table *t, paragraph_fn *paragraph, void *ctx)
{
	if (t->n_forgotten)
		tellf(paragraph, ctx, N_VMS " that ended earlier %s left out.",
		      n_vms(t->n_forgotten), t->n_forgotten == 1 ? "is" : "are");
	if (t->n_doubtful)
		tellf(paragraph, ctx, N_VMS " whose end may have been lost %s left out.",
		      n_vms(t->n_doubtful), t->n_doubtful == 1 ? "is" : "are");
	if (t->n_beyond || t->more_beyond)
		tellf(paragraph, ctx, "%s" N_VMS " %s left out: %u VMs can be told apart at once.",
		      t->more_beyond ? "At least " : "", n_vms(t->n_beyond),
		      t->n_beyond == 1 ? "is" : "are", VM_TABLE_MAX);
	if (t->n_untold)
		tellf(paragraph, ctx,
		      "Of " N_VMS
		      " a hint or a line of the kernel is left out: all together they are too long.",
		      n_vms(t->n_untold));
}

unsigned int story_beyond(const struct story *s, bool *more)
{
	*more = s->vms.more_beyond;
	return s->vms.n_beyond;
}

void story_tell(const struct story *s, void (*paragraph)(const char *text, void *ctx), void *ctx)
{
	tell_left_out(&s->vms, paragraph, ctx);
	for (const struct vm *vm = s->vms.oldest; vm; vm = vm->next) {
		char *text = compose(s, vm, tell_vm);

		if (!text)
			return;
		paragraph(text, ctx);
		free(text);
	}
}
