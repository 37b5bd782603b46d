// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Compares the options of QEMU's -machine and -accel with what KVM granted. What an option means is
 * read as QEMU 11.1 reads it; an option that capabilities.def does not have changes nothing.
 * Whether a row is granted is decided in capabilities.c.
 */
#include "kvm/qemu_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_OF_NOW 5 /* QEMU: its machines have had the same defaults since */

/* In said[]: nothing, or one of these, or one more than the height of a level or a page's shift. */
enum said { SAID_NOTHING, SAID_OFF, SAID_ON, SAID_OTHER };

static const char *const on_words[] = { "on", "yes", "true", "y", "required", "xive", NULL };
static const char *const off_words[] = { "off", "no", "false", "n", "disabled", "xics", NULL };

static bool is_among(const char *value, const char *const *words)
{
	while (*words && strcmp(value, *words))
		words++;
	return *words;
}

/* "64k" -> 16; -1: it is no power of 2. */
static int shift_of(const char *value)
{
	char *end;
	unsigned long long size = strtoull(value, &end, 0);
	const char *unit = *end ? strchr("kKmMgG", *end) : NULL;

	if (unit)
		size <<= 10 * (1 + (unit - "kKmMgG") / 2);
	if (!size || size & (size - 1))
		return -1;
	return __builtin_ctzll(size);
}

static uint8_t said_of(const struct capability *c, const char *value)
{
	if (c->levels)
		return (uint8_t)(1 + capability_level(c, value));
	if (c->from_what == FROM_PAGE_SIZE)
		return (uint8_t)(1 + shift_of(value));
	if (is_among(value, off_words))
		return SAID_OFF;
	return is_among(value, on_words) ? SAID_ON : SAID_OTHER;
}

/* "power9": 9 */
static unsigned int generation_of(const char *mode)
{
	static const char power[] = "power";

	return strncmp(mode, power, strlen(power)) ?
		       0 :
		       (unsigned int)strtoul(mode + strlen(power), NULL, 10);
}

static void take_option(struct qemu_machine *m, const char *key, const char *value)
{
	const struct capability *c;

	if (!strcmp(key, "max-cpu-compat"))
		m->newest = generation_of(value);
	for (size_t i = 0; (c = capability(i)); i++)
		if (c->qemu && !strcmp(c->qemu, key))
			m->said[i] = said_of(c, value);
}

/* "pseries-10.2"; what a distribution names otherwise is taken for a new one. */
static void take_type(struct qemu_machine *m, const char *type)
{
	static const char pseries[] = "pseries";
	const char *version = type + strlen(pseries);

	m->known = !strncmp(type, pseries, strlen(pseries)) && (!*version || *version == '-');
	m->old = m->known && *version && version[1] >= '0' && version[1] <= '9' &&
		 strtoul(version + 1, NULL, 10) < FIRST_OF_NOW;
}

void qemu_machine_read(struct qemu_machine *m, const char *text)
{
	char word[64], *value;
	size_t len;

	memset(m, 0, sizeof(*m));
	m->known = text && *text; /* what QEMU makes where it is told no type */
	for (const char *at = text ? text : ""; *at; at += len + (at[len] == ',')) {
		bool first = at == text;

		len = strcspn(at, ",");
		if (!len || len >= sizeof(word))
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		if (first && !value)
			take_type(m, word);
		else if (value && !strcmp(word, "type"))
			take_type(m, value);
		else if (value)
			take_option(m, word, value);
	}
}

/* ------------------------------------------------------------------ what is denied */

static bool has_bit(const __u64 *words, uint32_t n)
{
	return n < CC_GRANTS && words[n / 64] >> n % 64 & 1;
}

static bool was_asked(const struct cc_grants *g, uint32_t n)
{
	return has_bit(g->yes, n) || has_bit(g->no, n);
}

/* Every QEMU asks for this before it makes a vCPU. */
static bool is_qemus(const struct cc_grants *g)
{
	return was_asked(g, capability_by_name("segstate")->number);
}

/* What it never asked for is no reason for anything: as if it were granted. */
static void read_answers(struct capability_facts *f, const struct cc_grants *grants,
			 const struct host_facts *host)
{
	f->processor = host->processor;
	f->page_size = host->page_size;
	for (uint32_t i = 0; i < CC_GRANTS; i++)
		f->extensions[i] = !has_bit(grants->no, i);
}

/* Do these answers tell whether it is granted? */
static bool is_told(const struct capability *c, const struct cc_grants *grants,
		    const struct host_facts *host)
{
	bool processor = host->processor.pvr;

	switch (c->from_what) {
	case FROM_EXTENSION:
	case FROM_NUMBER:
	case FROM_RADIX_TOO:
		return was_asked(grants, c->number);
	/* Of KVM_CAP_PPC_GET_SMMU_INFO it asks late, and may have ended for another one before. */
	case FROM_PAGE_SIZE:
	case FROM_REAL_MODE:
	case FROM_HWCAP:
	case FROM_DECREMENTER:
		return processor && is_qemus(grants);
	case FROM_NOBODY:
		return is_qemus(grants);
	default:
		return processor && was_asked(grants, c->number);
	}
}

static enum said said_by(const struct qemu_machine *m, const char *name)
{
	return m->said[capability_index(capability_by_name(name))];
}

/* Interrupts are KVM's only where kernel-irqchip=on says that they must be. */
static bool wants_interrupts(const struct qemu_machine *m, const struct capability *c)
{
	bool xive = said_by(m, "xive") == SAID_ON;

	return said_by(m, "xics") == SAID_ON && xive == !strcmp(c->name, "xive");
}

static bool is_interrupts(const struct capability *c)
{
	return c->qemu && (!strcmp(c->qemu, "ic-mode") || !strcmp(c->qemu, "kernel-irqchip"));
}

static bool falls_short(const struct capability *c, const struct capability_grant *g, uint8_t said)
{
	if (c->levels)
		return said - 1 > capability_level(c, g->value);
	if (c->from_what == FROM_PAGE_SIZE)
		return 1ull << (said - 1) > strtoull(g->value, NULL, 10);
	return said == SAID_ON && !g->granted;
}

/* Does it want by itself what it would want on this host without any option? */
static bool is_default(const struct qemu_machine *m, const struct capability *c)
{
	if (!c->qemu)
		return true;
	return !m->old && !(m->newest && m->newest < c->from);
}

static bool is_denied(const struct qemu_machine *m, size_t row, const struct capability_facts *f)
{
	const struct capability *c = capability(row);
	const struct capability_grant g = capability_grant(c, f);

	if (is_interrupts(c))
		return wants_interrupts(m, c) && !g.granted;
	if (!m->said[row])
		return g.missing && is_default(m, c);
	return falls_short(c, &g, m->said[row]);
}

uint64_t qemu_machine_denied(const struct qemu_machine *m, const struct cc_grants *grants,
			     const struct host_facts *host)
{
	struct capability_facts f = { 0 };
	const struct capability *c;
	uint64_t denied = 0;

	if (!m->known)
		return 0;
	read_answers(&f, grants, host);
	for (size_t i = 0; (c = capability(i)); i++)
		if (is_told(c, grants, host) && is_denied(m, i, &f))
			denied |= 1ull << i;
	return denied;
}

struct capability_grant qemu_machine_grant(size_t row, const struct host_facts *host)
{
	static const struct cc_grants nothing_asked;
	struct capability_facts f = { 0 };
	struct capability_grant g;

	read_answers(&f, &nothing_asked, host);
	g = capability_grant(capability(row), &f);
	capability_instead(&g);
	return g;
}
