// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "story.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUEST_LEN 64

struct vm {
	/* The key: a struct kvm's address comes again, with its inode it does not. */
	uint64_t kvm, ino;
	uint32_t pid;

	unsigned int number;
	char comm[CC_COMM_LEN];
	char guest[GUEST_LEN];
	bool extension_asked;
	int extension;
	unsigned int n_ok, n_failed;
	enum cause first_failure, last_cause;
	char last_hint[DIAGNOSIS_HINT_LEN];
	bool queried;
	uint64_t caps; /* of its newest negotiation, once queried */
	uint64_t retry_since; /* mono_ns of an E2BIG that told to come again; 0: none */
	unsigned int n_retries, n_recovered;
	unsigned int n_arch;
	struct arch_diagnosis arch; /* the newest */
	struct vm *next;
};

struct story {
	void *tree; /* tsearch(3) */
	struct vm *oldest, **newest;
	unsigned int n_vms;
	bool any_queried;
	uint64_t newest_caps;
};

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int vm_cmp(const void *a, const void *b)
{
	const struct vm *x = a, *y = b;
	int c = order(x->kvm, y->kvm);

	if (!c)
		c = order(x->ino, y->ino);
	return c ? c : order(x->pid, y->pid);
}

struct story *story_new(void)
{
	struct story *s = calloc(1, sizeof(*s));

	if (s)
		s->newest = &s->oldest;
	return s;
}

void story_free(struct story *s)
{
	if (!s)
		return;
	tdestroy(s->tree, free);
	free(s);
}

static struct vm *find_vm(struct story *s, const struct cc_record *r)
{
	struct vm key = { .kvm = r->vm, .ino = r->vm_ino, .pid = r->pid };
	struct vm **found = tfind(&key, &s->tree, vm_cmp);

	return found ? *found : NULL;
}

static struct vm *new_vm(struct story *s, const struct cc_record *r)
{
	struct vm *vm;

	if (s->n_vms >= STORY_MAX_VMS)
		return NULL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->kvm = r->vm;
	vm->ino = r->vm_ino;
	vm->pid = r->pid;
	if (!tsearch(vm, &s->tree, vm_cmp)) {
		free(vm);
		return NULL;
	}
	vm->number = ++s->n_vms;
	plain_text(vm->comm, sizeof(vm->comm), r->comm);
	*s->newest = vm;
	s->newest = &vm->next;
	return vm;
}

/* Calls come in the order of their ends: one that began earlier is no answer to an E2BIG. */
static void add_retry(struct vm *vm, const struct cc_record *r, const struct diagnosis *d,
		      struct retry *retry)
{
	if (r->mono_ns <= vm->retry_since)
		return;
	if (vm->retry_since) {
		retry->seen = true;
		retry->recovered = !r->ret;
		retry->after_ns = r->mono_ns - vm->retry_since;
		vm->n_retries++;
		vm->n_recovered += retry->recovered;
	}
	vm->retry_since = d->cause == CAUSE_STRUCT_TOO_NEW ? r->mono_ns : 0;
}

static void add_negotiation(struct story *s, struct vm *vm, const struct cc_record *r,
			    const struct diagnosis *d, struct retry *retry)
{
	add_retry(vm, r, d, retry);
	vm->last_cause = d->cause;
	memcpy(vm->last_hint, d->hint, sizeof(vm->last_hint));
	if (r->ret) {
		if (!vm->n_failed++)
			vm->first_failure = d->cause;
		return;
	}
	vm->n_ok++;
	if (!d->caps.known)
		return;
	vm->queried = s->any_queried = true;
	vm->caps = s->newest_caps = d->caps.value;
}

static struct offer offer_to(const struct story *s, const struct vm *vm,
			     const struct host_facts *host)
{
	if (vm && vm->queried)
		return (struct offer){ true, MODES_NEGOTIATION, vm->caps };
	if (s->any_queried)
		return (struct offer){ false, MODES_OTHER_VM, s->newest_caps };
	return host_offer(host);
}

void story_add(struct story *s, const struct cc_record *r, const struct diagnosis *diag,
	       const struct host_facts *host, struct step *step)
{
	struct vm *vm = r->vm ? find_vm(s, r) : NULL;

	*step = (struct step){ .guest = "" };
	if (r->vm && !vm) {
		vm = new_vm(s, r);
		step->first = vm;
	}
	if (vm) {
		step->vm = vm->number;
		step->guest = vm->guest;
	}
	step->offer = offer_to(s, vm, host);
	if (vm && r->type == CC_EXTENSION) {
		vm->extension_asked = true;
		vm->extension = r->ret;
	}
	if (vm && diag)
		add_negotiation(s, vm, r, diag, &step->retry);
}

void story_arch(struct story *s, const struct cc_record *r, const struct arch_diagnosis *arch)
{
	struct vm *vm = find_vm(s, r);

	if (!vm)
		return;
	vm->n_arch++;
	vm->arch = *arch;
}

void story_name(struct story *s, const struct cc_record *r, const char *guest)
{
	struct vm *vm = find_vm(s, r);

	if (vm && guest)
		plain_text(vm->guest, sizeof(vm->guest), guest);
}

static const char *times(char *buf, size_t len, unsigned int n)
{
	if (n == 1)
		return "once";
	snprintf(buf, len, "%u times", n);
	return buf;
}

static void tell_negotiations(const struct vm *vm, FILE *f)
{
	char modes[96], n[24];

	if (!vm->n_ok && !vm->n_failed) {
		fputs(" It never called KVM_PPC_GET_COMPAT_CAPS.", f);
		return;
	}
	fprintf(f, " It called KVM_PPC_GET_COMPAT_CAPS %s, %u without success",
		times(n, sizeof(n), vm->n_ok + vm->n_failed), vm->n_failed);
	if (vm->n_failed)
		fprintf(f, " (first %s)", cause_name(vm->first_failure));
	if (vm->n_retries)
		fprintf(f, ", came again after E2BIG %s and recovered %u of them",
			times(n, sizeof(n), vm->n_retries), vm->n_recovered);
	if (vm->queried)
		fprintf(f, "; the host offers %s.", modes_text(modes, sizeof(modes), vm->caps));
	else
		fprintf(f, "; it was told no modes: %s.", vm->last_hint);
}

static void tell_vm(const struct vm *vm, FILE *f)
{
	fprintf(f, "VM %u, %s[%u]", vm->number, vm->comm, vm->pid);
	if (vm->guest[0])
		fprintf(f, ", guest \"%s\"", vm->guest);
	fputs(":", f);
	if (vm->extension_asked)
		fprintf(f, " It checked KVM_CAP_PPC_COMPAT_CAPS and was told %d.", vm->extension);
	tell_negotiations(vm, f);
	if (vm->n_arch)
		fprintf(f, " %s (%s).", vm->arch.hint, arch_cause_name(vm->arch.cause));
}

void story_tell(const struct story *s, void (*paragraph)(const char *text, void *ctx), void *ctx)
{
	for (const struct vm *vm = s->oldest; vm; vm = vm->next) {
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		if (!f)
			return;
		tell_vm(vm, f);
		fclose(f);
		paragraph(text, ctx);
		free(text);
	}
}
