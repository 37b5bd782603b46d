// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keeps facts of a VM where they belong, within a bound on memory. Of requests the first half and
 * the newest half are kept: how it began, and how it is now. What had to go is counted, so that no
 * sentence speaks of all of them.
 */
#include "diagnosis/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool take_room(struct history_room *room, size_t bytes)
{
	if (room->bytes + bytes > HISTORY_BYTES)
		return false;
	room->bytes += bytes;
	return true;
}

static void leave_out(struct history *h, struct history_room *room)
{
	room->n_left_out += !h->left_out;
	h->left_out = true;
}

void history_found(struct history *h, const struct inventory_vm *found,
		   const struct inventory_verdict *verdict, bool born)
{
	h->incoming |= found->incoming == INCOMING_YES;
	if (born)
		return;
	h->found = true;
	h->found_mode = verdict->is;
	h->found_pvr = verdict->pvr;
	h->found_vcpus = found->n_vcpus;
	h->found_seen = 0;
	/* KVM PR has no modes: nothing of them is missing. */
	if (verdict->is == MODE_NONE)
		h->found_seen = found->n_vcpus;
	for (size_t i = 0; verdict->is != MODE_NONE && i < found->n_open_vcpus; i++)
		h->found_seen += found->vcpus[i].has_mode;
}

void history_event(struct history *h, struct history_room *room, const struct event *e)
{
	size_t before = order_bytes(&h->order), next = order_bytes_next(&h->order);

	if (!h->seq) {
		h->seq = e->seq;
		h->real_ns = e->real_ns;
	}
	if (next > before && !take_room(room, next - before)) {
		h->order.cut = h->order.unkept = true;
		leave_out(h, room);
		return;
	}
	order_add(&h->order, e);
	room->bytes -= next - order_bytes(&h->order);
}

/* ------------------------------------------------------------------ queries */

/* An answer to an E2BIG begins after its end: calls of threads come in the order of their ends. */
static bool is_later(const struct history_retry *first, const struct cc_record *r)
{
	return first->since && r->mono_ns >= first->since && r->mono_ns > first->start;
}

static struct history_retry *of_thread(struct history *h, uint32_t tid)
{
	for (unsigned int i = 0; h->retries && i < HISTORY_RETRIES; i++)
		if (h->retries[i].since && h->retries[i].tid == tid)
			return &h->retries[i];
	return NULL;
}

/* The call that this one answers: of its thread, or else of any that was told this size. */
static struct history_retry *answered(struct history *h, const struct cc_record *r,
				      const struct diagnosis *d)
{
	struct history_retry *first = of_thread(h, r->tid);

	if (first)
		return is_later(first, r) ? first : NULL;
	for (unsigned int i = 0; h->retries && i < HISTORY_RETRIES; i++) {
		first = &h->retries[i];
		if (is_later(first, r) && r->cmd == first->cmd && d->usize.known &&
		    d->usize.value == first->size)
			return first;
	}
	return NULL;
}

/* Most VMs are never told to retry. */
static bool has_retries(struct history *h, struct history_room *room)
{
	const size_t bytes = HISTORY_RETRIES * sizeof(*h->retries);

	if (h->retries || !take_room(room, bytes))
		return h->retries;
	h->retries = calloc(1, bytes);
	if (!h->retries)
		room->bytes -= bytes;
	return h->retries;
}

/* Where there are too many the oldest is forgotten. */
static void await_retry(struct history *h, struct history_room *room, const struct cc_record *r,
			const struct diagnosis *d)
{
	struct history_retry *to, *oldest;

	if (!has_retries(h, room)) {
		leave_out(h, room);
		return;
	}
	to = of_thread(h, r->tid);
	oldest = &h->retries[0];
	for (unsigned int i = 0; !to && i < HISTORY_RETRIES; i++)
		if (!h->retries[i].since)
			to = &h->retries[i];
	for (unsigned int i = 0; !to && i < HISTORY_RETRIES; i++)
		oldest = h->retries[i].start < oldest->start ? &h->retries[i] : oldest;
	to = to ? to : oldest;
	*to = (struct history_retry){
		.since = r->mono_ns + r->latency_ns,
		.start = r->mono_ns,
		.size = d->size_out.value,
		.tid = r->tid,
		.cmd = r->cmd,
	};
}

static void add_retry(struct history *h, struct history_room *room, const struct cc_record *r,
		      const struct diagnosis *d, struct retry *retry)
{
	struct history_retry *first = answered(h, r, d);

	if (first) {
		retry->seen = true;
		retry->recovered = !r->ret;
		retry->after_ns = r->mono_ns - first->start;
		h->n_retries++;
		h->n_recovered += retry->recovered;
		first->since = 0;
	}
	if (d->cause == CAUSE_STRUCT_TOO_NEW)
		await_retry(h, room, r, d);
}

static void forget_retries(struct history *h)
{
	for (unsigned int i = 0; h->retries && i < HISTORY_RETRIES; i++)
		h->retries[i].since = 0;
}

static void forget_ioctls_of_lines(struct history *h)
{
	for (unsigned int i = 0; h->lines && i < HISTORY_LINES; i++)
		h->lines[i].cmd = 0;
}

/* A loss can be told after what it came before: but for a vCPU's first run another may have been.
 */
static void forget_lines_of_failures(struct history *h)
{
	for (unsigned int i = 0; i < h->n_vcpus; i++)
		if (h->vcpus[i].failure && h->vcpus[i].failure->first < FIRST_OF_VCPU)
			h->vcpus[i].failure->line = 0;
}

void history_missed(struct history *h, unsigned int functions)
{
	if (functions & COVERAGE_QUERIES)
		forget_retries(h);
	if (functions & (COVERAGE_REQUESTS | COVERAGE_RUNS))
		forget_ioctls_of_lines(h);
	if (functions & COVERAGE_RUNS)
		forget_lines_of_failures(h);
}

void history_query(struct history *h, struct history_room *room, const struct cc_record *r,
		   const struct diagnosis *d, unsigned int epoch, bool hides_retries,
		   struct retry *retry)
{
	if (!hides_retries)
		add_retry(h, room, r, d, retry);
	if (r->ret) {
		if (!h->n_failed++)
			h->first_failure = d->cause;
		h->last_failure = d->cause;
		return;
	}
	h->n_ok++;
	/* What another thread has written is not the host's word. */
	if (!d->caps.known || (d->changed && !d->caps_of_hook))
		return;
	h->offered_known = true;
	h->offered = d->caps.value;
	h->offered_epoch = epoch;
}

/* ------------------------------------------------------------------ vCPUs */

static struct history_vcpu *find_vcpu(const struct history *h, bool known, uint32_t id)
{
	for (unsigned int i = 0; i < h->n_vcpus; i++)
		if (h->vcpus[i].known == known && (!known || h->vcpus[i].id == id))
			return &h->vcpus[i];
	return NULL;
}

static bool has_vcpu_room(struct history *h, struct history_room *room)
{
	unsigned int n = h->vcpus_room ? 2 * h->vcpus_room : 1;
	struct history_vcpu *more;

	if (h->n_vcpus < h->vcpus_room)
		return true;
	if (n > HISTORY_VCPUS || !take_room(room, (n - h->vcpus_room) * sizeof(*more)))
		return false;
	more = reallocarray(h->vcpus, n, sizeof(*more));
	if (!more) {
		room->bytes -= (n - h->vcpus_room) * sizeof(*more);
		return false;
	}
	h->vcpus = more;
	h->vcpus_room = n;
	return true;
}

struct history_vcpu *history_vcpu_of(struct history *h, struct history_room *room,
				     const struct cc_record *r)
{
	bool known = r->seen & CC_SEEN_VCPU;
	struct history_vcpu *vcpu = find_vcpu(h, known, r->vcpu);

	if (vcpu)
		return vcpu;
	if (!has_vcpu_room(h, room)) {
		leave_out(h, room);
		return NULL;
	}
	vcpu = &h->vcpus[h->n_vcpus++];
	*vcpu = (struct history_vcpu){ .known = known, .id = known ? r->vcpu : 0 };
	return vcpu;
}

static bool has_request_room(struct history_vcpu *vcpu, struct history_room *room)
{
	unsigned int n = vcpu->room ? 2 * vcpu->room : 1;
	struct history_request *more;

	if (vcpu->n_kept < vcpu->room)
		return true;
	if (n > HISTORY_REQUESTS || !take_room(room, (n - vcpu->room) * sizeof(*more)))
		return false;
	more = reallocarray(vcpu->requests, n, sizeof(*more));
	if (!more) {
		room->bytes -= (n - vcpu->room) * sizeof(*more);
		return false;
	}
	vcpu->requests = more;
	vcpu->room = n;
	return true;
}

/* The oldest of the newer half goes. */
static void drop_one(struct history_vcpu *vcpu)
{
	unsigned int at = vcpu->n_kept / 2;

	memmove(&vcpu->requests[at], &vcpu->requests[at + 1],
		(vcpu->n_kept - at - 1) * sizeof(*vcpu->requests));
	vcpu->n_kept--;
}

void history_request(struct history *h, struct history_room *room, struct history_vcpu *vcpu,
		     const struct history_request *request)
{
	if (!vcpu)
		return;
	vcpu->n_requests++;
	vcpu->n_refused += request->ret < 0;
	if (!has_request_room(vcpu, room)) {
		if (vcpu->n_kept < HISTORY_REQUESTS)
			leave_out(h, room);
		if (!vcpu->n_kept)
			return;
		drop_one(vcpu);
	}
	vcpu->requests[vcpu->n_kept++] = *request;
}

void history_ran(struct history_vcpu *vcpu, const struct cc_record *r, uint64_t seq)
{
	if (!vcpu)
		return;
	if (!vcpu->first_run)
		vcpu->first_run = seq;
	vcpu->ran = (struct history_run){ .seq = seq,
					  .mode_known = r->in_words > CC_VCPU_PVR,
					  .pvr = (uint32_t)r->in[CC_VCPU_PVR] };
}

static void note_way(struct history *h, const struct history_failure *failure)
{
	uint32_t reason = failure->ret < 0 ? 0 : failure->exit_reason;

	for (unsigned int i = 0; i < h->n_ways; i++)
		if (h->ways[i].ret == failure->ret && h->ways[i].exit_reason == reason)
			return;
	if (h->n_ways == HISTORY_WAYS)
		return;
	h->ways[h->n_ways].ret = failure->ret;
	h->ways[h->n_ways++].exit_reason = reason;
}

void history_failed(struct history *h, struct history_room *room, struct history_vcpu *vcpu,
		    const struct history_failure *failure)
{
	h->n_failures++;
	note_way(h, failure);
	if (!vcpu || vcpu->n_failures++)
		return;
	if (take_room(room, sizeof(*failure))) {
		vcpu->failure = malloc(sizeof(*failure));
		if (vcpu->failure) {
			*vcpu->failure = *failure;
			return;
		}
		room->bytes -= sizeof(*failure);
	}
	leave_out(h, room);
}

const struct history_request *history_in_force(const struct history_vcpu *vcpu,
					       const struct cc_record *r)
{
	if (!vcpu || !vcpu->n_kept)
		return NULL;
	if (vcpu->known)
		return &vcpu->requests[vcpu->n_kept - 1];
	for (unsigned int i = vcpu->n_kept; i-- && r->in_words > CC_VCPU_PVR;)
		if (!vcpu->requests[i].ret && vcpu->requests[i].pvr == r->in[CC_VCPU_PVR])
			return &vcpu->requests[i];
	return NULL;
}

bool history_has_run(const struct history *h)
{
	for (unsigned int i = 0; i < h->n_vcpus; i++)
		if (h->vcpus[i].ran.seq || h->vcpus[i].n_failures)
			return true;
	return h->n_failures;
}

unsigned int history_requests(const struct history *h)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < h->n_vcpus; i++)
		n += h->vcpus[i].n_requests;
	return n;
}

/* ------------------------------------------------------------------ lines */

static size_t bytes_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static void drop_line(struct history_room *room, struct history_line *line)
{
	room->line_bytes -= bytes_of(line->text);
	free(line->text);
	line->text = NULL;
}

static bool has_lines(struct history *h, struct history_room *room)
{
	size_t bytes = HISTORY_LINES * sizeof(*h->lines);

	if (h->lines)
		return true;
	if (room->line_bytes + bytes <= HISTORY_LINE_BYTES)
		h->lines = calloc(1, bytes);
	room->line_bytes += h->lines ? bytes : 0;
	return h->lines;
}

void history_keep_line(struct history *h, struct history_room *room, const struct frame *f,
		       uint64_t seq)
{
	const struct cc_record *r = f->kernel.rec;
	unsigned int i = h->n_lines++ % HISTORY_LINES;
	struct history_line *at;

	if (!has_lines(h, room)) {
		leave_out(h, room);
		return;
	}
	at = &h->lines[i];
	drop_line(room, at);
	*at = (struct history_line){ .tid = r->tid,
				     .cmd = r->vm ? r->cmd : 0,
				     .mono_ns = r->mono_ns,
				     .seq = seq,
				     .vcpu_known = r->seen & CC_SEEN_VCPU,
				     .vcpu = r->vcpu,
				     .reg_known = r->in_words,
				     .reg = r->in[0] };
	if (room->line_bytes + bytes_of(f->kernel.text) <= HISTORY_LINE_BYTES)
		at->text = strdup(f->kernel.text);
	room->line_bytes += bytes_of(at->text);
	if (!at->text)
		leave_out(h, room);
}

const struct history_line *history_line(const struct history *h, unsigned int age)
{
	const struct history_line *line;

	if (!h->lines || age >= h->n_lines || age >= HISTORY_LINES)
		return NULL;
	line = &h->lines[(h->n_lines - 1 - age) % HISTORY_LINES];
	return line->text ? line : NULL;
}

const struct history_line *history_line_by_number(const struct history *h, uint32_t number)
{
	return number && number <= h->n_lines ? history_line(h, h->n_lines - number) : NULL;
}

#define LINE_AGE_NS 1000000000u /* so old a line of an earlier call of the thread may be */

static bool is_recent(const struct history_line *line, const struct cc_record *r)
{
	return line->mono_ns <= r->mono_ns + r->latency_ns &&
	       line->mono_ns + LINE_AGE_NS >= r->mono_ns;
}

/* Not of another vCPU, as far as that is known. */
static bool may_be_of(const struct history_line *line, const struct cc_record *r)
{
	return !line->vcpu_known || !(r->seen & CC_SEEN_VCPU) || line->vcpu == r->vcpu;
}

static bool is_of_request(const struct history_line *line, const struct history_vcpu *vcpu,
			  const struct cc_record *r)
{
	uint64_t before = vcpu && vcpu->n_kept ? vcpu->requests[vcpu->n_kept - 1].seq : 0;

	return line->cmd == ABI_CMD_SET_ONE_REG && line->seq > before && may_be_of(line, r) &&
	       (!line->reg_known || line->reg == ABI_REG_ARCH_COMPAT) && is_recent(line, r);
}

static bool is_in_call(const struct history_line *line, const struct cc_record *r)
{
	return line->mono_ns >= r->mono_ns && line->mono_ns <= r->mono_ns + r->latency_ns;
}

const char *history_line_of_call(const struct history *h, const struct history_vcpu *vcpu,
				 const struct cc_record *r)
{
	for (unsigned int age = 0; r->tid && age < HISTORY_LINES; age++) {
		const struct history_line *line = history_line(h, age);

		if (!line || line->tid != r->tid)
			continue;
		if (r->latency_ns ? is_in_call(line, r) :
				    r->type == CC_ARCH_COMPAT && is_of_request(line, vcpu, r))
			return line->text;
	}
	return NULL;
}

bool history_has_line_since_ran(const struct history *h, const struct history_vcpu *vcpu,
				const struct cc_record *r)
{
	/* Another thread may run the vCPU now. */
	for (unsigned int age = 0; age < HISTORY_LINES; age++) {
		const struct history_line *line = history_line(h, age);

		if (line && line->cmd == ABI_CMD_RUN && may_be_of(line, r) &&
		    (!vcpu || line->seq > vcpu->ran.seq))
			return true;
	}
	return false;
}

uint32_t history_line_of_run(const struct history *h, const struct history_vcpu *vcpu,
			     const struct cc_record *r, bool first)
{
	for (unsigned int age = 0; age < HISTORY_LINES; age++) {
		const struct history_line *line = history_line(h, age);

		if (!line || line->cmd != ABI_CMD_RUN || line->tid != r->tid || !may_be_of(line, r))
			continue;
		if ((!first && !is_recent(line, r)) || !vcpu || line->seq < vcpu->ran.seq)
			return 0;
		return h->n_lines - age;
	}
	return 0;
}

/* ------------------------------------------------------------------ memory */

static void free_vcpu(struct history_room *room, struct history_vcpu *vcpu)
{
	room->bytes -= vcpu->room * sizeof(*vcpu->requests);
	free(vcpu->requests);
	if (!vcpu->failure)
		return;
	room->bytes -= sizeof(*vcpu->failure);
	free(vcpu->failure);
}

void history_made(struct history *h, const char *text)
{
	struct qemu_machine machine;

	qemu_machine_read(&machine, text);
	if (!machine.known || h->machine)
		return;
	h->machine = malloc(sizeof(machine));
	if (h->machine)
		*h->machine = machine;
}

void history_ended(struct history *h, const struct cc_grants *grants, const struct host_facts *host,
		   bool runs_covered)
{
	/* QEMU asks for a mode only after it has found all that its machine needs. */
	if (h->machine && runs_covered && !history_has_run(h) && !history_requests(h))
		h->denied = qemu_machine_denied(h->machine, grants, host);
	free(h->machine);
	h->machine = NULL;
}

void history_free(struct history *h, struct history_room *room)
{
	for (unsigned int i = 0; i < h->n_vcpus; i++)
		free_vcpu(room, &h->vcpus[i]);
	room->bytes -= h->vcpus_room * sizeof(*h->vcpus);
	free(h->vcpus);
	for (unsigned int i = 0; h->lines && i < HISTORY_LINES; i++)
		drop_line(room, &h->lines[i]);
	room->line_bytes -= h->lines ? HISTORY_LINES * sizeof(*h->lines) : 0;
	free(h->lines);
	room->bytes -= order_bytes(&h->order);
	order_free(&h->order);
	room->bytes -= h->retries ? HISTORY_RETRIES * sizeof(*h->retries) : 0;
	free(h->retries);
	free(h->machine);
	h->machine = NULL;
	h->retries = NULL;
	h->vcpus = NULL;
	h->lines = NULL;
}
