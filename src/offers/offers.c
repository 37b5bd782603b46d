// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What completion offers as the argument of an option. Everything here is read from /proc and
 * debugfs of a running host, where anything can vanish at any time. What has vanished is not
 * offered, and nothing is reported.
 */
#include "offers/offers.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/rules.h"
#include "diagnosis/diagnosis.h"
#include "kvm/compatcaps.h"
#include "kvm/guest.h"
#include "lib/complete.h"
#include "lib/text.h"

#define PATIENCE_S 3 /* a process can keep whoever reads its command line waiting for ever */

/* ------------------------------------------------------------------ processes */

/* Up to size - 1 bytes of PROC/PID/NAME; returns how many. */
static size_t read_of(const char *proc, const char *pid, const char *name, char *buf, size_t size)
{
	char path[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", proc, pid, name);
	f = fopen(path, "re");
	if (f) {
		n = fread(buf, 1, size - 1, f);
		fclose(f);
	}
	buf[n] = '\0';
	return n;
}

/* The kernel keeps 15 bytes of a name, and a new line follows. false: the process has gone. */
static bool read_comm(const char *proc, const char *pid, char comm[CC_COMM_LEN])
{
	char line[64];
	size_t n = read_of(proc, pid, "comm", line, sizeof(line));

	if (!n)
		return false;
	line[n - (line[n - 1] == '\n')] = '\0';
	snprintf(comm, CC_COMM_LEN, "%.*s", CC_COMM_LEN - 1, line);
	return *comm;
}

static bool is_number(const char *text, size_t len)
{
	return len && strspn(text, "0123456789") == len;
}

/* Calls fn for each entry of a directory. */
static void for_each(const char *path, void (*fn)(const char *name, void *ctx), void *ctx)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		fn(entry->d_name, ctx);
	if (dir)
		closedir(dir);
}

static void offer_pid(const char *name, void *proc)
{
	char comm[CC_COMM_LEN];

	if (is_number(name, strlen(name)) && read_comm(proc, name, comm))
		complete_offer_foreign(name, comm);
}

void offer_pids(const char *proc)
{
	for_each(proc, offer_pid, (void *)proc);
}

/* ------------------------------------------------------------------ their names, each once */

struct comms {
	const char *proc;
	char (*list)[CC_COMM_LEN];
	size_t n, size;
};

static void add_comm(const char *name, void *ctx)
{
	struct comms *c = ctx;
	void *more;

	if (!is_number(name, strlen(name)))
		return;
	if (c->n == c->size) {
		more = reallocarray(c->list, 2 * c->size + 64, sizeof(*c->list));
		if (!more)
			return;
		c->list = more;
		c->size = 2 * c->size + 64;
	}
	c->n += read_comm(c->proc, name, c->list[c->n]);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void offer_comms(const char *proc)
{
	struct comms c = { .proc = proc };

	for_each(proc, add_comm, &c);
	if (c.n)
		qsort(c.list, c.n, sizeof(*c.list), compare);
	for (size_t i = 0; i < c.n; i++)
		if (!i || strcmp(c.list[i], c.list[i - 1]))
			complete_offer(c.list[i], NULL);
	free(c.list);
}

/* ------------------------------------------------------------------ VMs */

struct where {
	const char *proc;
};

/* "qemu-system-ppc, guest db1", escaped. */
static void describe(const char *proc, const char *pid, char *what, size_t size)
{
	char args[4096], option[GUEST_OPTION_LEN], guest[GUEST_NAME_LEN];
	char comm[CC_COMM_LEN], shown[4 * CC_COMM_LEN];
	size_t len;

	*what = '\0';
	if (!read_comm(proc, pid, comm))
		return;
	len = read_of(proc, pid, "cmdline", args, sizeof(args));
	guest_name(guest, sizeof(guest), guest_option(option, sizeof(option), args, len));
	snprintf(what, size, "%s%s%s", text_escape(shown, sizeof(shown), comm, sizeof(comm)),
		 *guest ? ", guest " : "", guest);
}

/* "4711-12": the process, and the descriptor that it got for the VM. */
static void offer_vm(const char *name, void *ctx)
{
	const struct where *w = ctx;
	size_t len = strcspn(name, "-");
	char pid[16], what[4 * CC_COMM_LEN + GUEST_NAME_LEN + 16];

	if (!is_number(name, len) || len >= sizeof(pid) || !name[len] ||
	    !is_number(name + len + 1, strlen(name + len + 1)))
		return;
	snprintf(pid, sizeof(pid), "%.*s", (int)len, name);
	describe(w->proc, pid, what, sizeof(what));
	complete_offer(name, what);
}

void offer_vms(const char *kvm, const char *proc)
{
	/* The process is about to end anyway: an alarm that nobody catches is enough. */
	alarm(PATIENCE_S);
	for_each(kvm, offer_vm, &(struct where){ proc });
	alarm(0);
}

/* ------------------------------------------------------------------ names of the program's own */

void offer_errnos(void)
{
	const int last = EHWPOISON; /* of those that have names outside of the kernel */
	const char *name;

	for (int err = 1; err <= last; err++) {
		name = strerrorname_np(err);
		if (name)
			complete_offer(name, strerrordesc_np(err));
	}
}

static void offer_cause(const char *name)
{
	char rule[96];

	snprintf(rule, sizeof(rule), "failures{cause=%s}=0", name);
	complete_offer(rule, NULL);
}

void offer_rules(void)
{
	complete_offer("lost=0", NULL);
	for (const struct rule_measure *m = rule_measures; m->name; m++)
		complete_offer(m->name, m->what);
	for (int c = 0; c < CAUSE_MAX; c++)
		if (cause_kind(c) == VERDICT_FAILURE)
			offer_cause(cause_name(c));
	for (int c = 0; arch_cause_name(c); c++)
		if (arch_cause_kind(c) == VERDICT_FAILURE && cause_by_name(arch_cause_name(c)) < 0)
			offer_cause(arch_cause_name(c));
}

void offer_causes(void)
{
	for (int c = 0; c < CAUSE_MAX; c++)
		complete_offer(cause_name(c), NULL);
	for (int c = 0; arch_cause_name(c); c++)
		if (cause_by_name(arch_cause_name(c)) < 0)
			complete_offer(arch_cause_name(c), NULL);
}

void offer_modes(void)
{
	const struct abi_mode *mode;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		complete_offer(mode->name, NULL);
}
