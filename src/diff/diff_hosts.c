// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Facts in which the two hosts differ. They are not results, because a different kernel is no
 * fault. They are shown first, because they often explain the results.
 */
#include "diff/diff_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recording/words.h"

static void add_fact(struct diff *d, const char *name, const char *title, char *old, char *new)
{
	struct diff_fact *f;

	if ((!old && !new) || (old && new && !strcmp(old, new)) ||
	    !(f = diff_grow(d, &d->facts, &d->n_facts, &d->room_facts, sizeof(*f)))) {
		free(old);
		free(new);
		return;
	}
	f->name = name;
	f->title = title;
	f->old = old;
	f->new = new;
}

static char *copy(struct diff *d, const char *text)
{
	return text ? diff_text(d, "%s", text) : NULL;
}

static char *command_text(struct diff *d, const struct host_facts *h)
{
	const struct abi_revision *abi = h->kernel_cmd ? abi_by_cmd(h->kernel_cmd) : NULL;

	if (!h->kernel_cmd)
		return NULL;
	return diff_text(d, "0x%08" PRIx32 " (%s)", h->kernel_cmd, abi ? abi->name : "?");
}

static char *ksize_text(struct diff *d, const struct host_facts *h)
{
	if (h->ksize_is == FACT_UNKNOWN)
		return NULL;
	if (h->ksize_is == FACT_ABSENT)
		return diff_text(d, "none");
	return diff_text(d, "%" PRIu64, h->ksize);
}

static char *version_text(struct diff *d, const struct host_facts *h)
{
	const struct abi_pvr *known = abi_pvr(h->cpu_version);

	if (h->cpu_version_is == FACT_UNKNOWN)
		return NULL;
	if (h->cpu_version_is == FACT_ABSENT)
		return diff_text(d, "none");
	return diff_text(d, "0x%08" PRIx32 "%s%s", h->cpu_version, known ? " " : "",
			 known ? known->name : "");
}

static char *nested_text(struct diff *d, const struct host_facts *h)
{
	return copy(d, words_nested_api.name(h->nested));
}

static char *caps_text(struct diff *d, const struct host_facts *h)
{
	char modes[128];

	if (h->nested_caps_is == FACT_UNKNOWN)
		return NULL;
	if (h->nested_caps_is == FACT_ABSENT)
		return diff_text(d, "none");
	return diff_text(d, "0x%016" PRIx64 " %s", h->nested_caps,
			 modes_text(modes, sizeof(modes), h->nested_caps));
}

static char *machine_text(struct diff *d, const struct host_facts *h)
{
	if (h->pseries_is == FACT_UNKNOWN)
		return NULL;
	return diff_text(d, h->pseries_is == FACT_KNOWN ? "pseries" : "bare metal");
}

static char *how_text(struct diff *d, const struct profile *p, enum point point)
{
	if (!p->unseen.points[point].told)
		return NULL;
	return diff_text(
		d, "%s%s", attach_how_name(p->points[point].how),
		p->unseen.points[point].gap && p->points[point].how ? ", not all the time" : "");
}

static char *number(struct diff *d, uint64_t n)
{
	return n ? diff_text(d, "%" PRIu64, n) : NULL;
}

void diff_compare_hosts(struct diff *d)
{
	const struct profile *a = d->old, *b = d->new;
	const struct host_facts *x = &a->host, *y = &b->host;

	if (a->baseline || b->baseline)
		return;
	add_fact(d, "kernel", "kernel", copy(d, a->release), copy(d, b->release));
	add_fact(d, "build", "its build", copy(d, a->build), copy(d, b->build));
	add_fact(d, "arch", "architecture", copy(d, a->arch), copy(d, b->arch));
	add_fact(d, "modules", "modules", copy(d, a->modules), copy(d, b->modules));
	add_fact(d, "cpus", "CPUs", number(d, a->cpus), number(d, b->cpus));
	add_fact(d, "page_size", "page size", number(d, x->page_size), number(d, y->page_size));
	add_fact(d, "machine", "machine", machine_text(d, x), machine_text(d, y));
	add_fact(d, "kernel_cmd", "its command", command_text(d, x), command_text(d, y));
	add_fact(d, "ksize", "its struct", ksize_text(d, x), ksize_text(d, y));
	add_fact(d, "cpu_version", "cpu-version", version_text(d, x), version_text(d, y));
	add_fact(d, "nested_api", "nested API", nested_text(d, x), nested_text(d, y));
	add_fact(d, "nested_caps", "nested capabilities", caps_text(d, x), caps_text(d, y));
	for (int i = 0; i < ATTACH_POINTS; i++)
		add_fact(d, attach_func(i), attach_func(i), how_text(d, a, i), how_text(d, b, i));
	add_fact(d, "filters", "filters", copy(d, a->filters), copy(d, b->filters));
}
