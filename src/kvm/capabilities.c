// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Judges each row of capabilities.def by what a host answered: what is granted, what QEMU's newest
 * pseries machine takes by default, and what to type where it lacks something. The rules are those
 * of QEMU 11.1; where a rule of QEMU's looks odd it is its own, and the row says so. The answers
 * come from live/capabilities_read.c, and output/capabilities_show.c prints the result.
 */
#include "kvm/capabilities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/abi.h"

#define BIG_PAGE 65536
#define NEWEST	 11 /* generation */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CAPABILITY(...) { __VA_ARGS__ },
static const struct capability capabilities[] = {
#include "kvm/capabilities.def"
};
#undef CAPABILITY

const struct capability *capability(size_t i)
{
	return i < COUNT(capabilities) ? &capabilities[i] : NULL;
}

_Static_assert(COUNT(capabilities) <= CAPABILITIES_MAX, "a set of rows has 64 bits");

size_t capability_index(const struct capability *c)
{
	return (size_t)(c - capabilities);
}

const struct capability *capability_by_name(const char *name)
{
	for (size_t i = 0; i < COUNT(capabilities); i++)
		if (!strcmp(capabilities[i].name, name))
			return &capabilities[i];
	return NULL;
}

const struct capability *capability_of_extension(uint32_t number, const struct capability *c)
{
	for (size_t i = c ? (size_t)(c - capabilities) + 1 : 0; i < COUNT(capabilities); i++)
		if (capabilities[i].kvm && capabilities[i].number == number)
			return &capabilities[i];
	return NULL;
}

const char *capability_need_name(enum capability_need need)
{
	static const char *const names[CAPABILITY_NEEDS] = { "start", "used", "asked" };

	return names[need];
}

unsigned int capability_generation(uint32_t pvr)
{
	const struct abi_processor *processor = abi_processor(pvr);

	return processor ? (unsigned int)strtoul(processor->name + strlen("POWER"), NULL, 10) : 0;
}

/* ------------------------------------------------------------------ levels */

/* The level of this height, in a buffer. */
static void level_name(char *buf, size_t size, const char *levels, int height)
{
	while (height-- > 0 && strchr(levels, ' '))
		levels = strchr(levels, ' ') + 1;
	snprintf(buf, size, "%.*s", (int)strcspn(levels, " "), levels);
}

bool capability_is_cap(const struct capability *c)
{
	return !strncmp(c->name, "cap-", strlen("cap-"));
}

bool capability_has_levels(const struct capability *c)
{
	return c->levels || c->from_what == FROM_PAGE_SIZE;
}

int capability_level(const struct capability *c, const char *level)
{
	char name[24];
	int height = 0;

	for (const char *at = c->levels; at; height++, at = strchr(at, ' ')) {
		at += *at == ' ';
		level_name(name, sizeof(name), at, 0);
		if (!strcmp(name, level))
			return height;
	}
	return -1;
}

/* ------------------------------------------------------------------ KVM_PPC_GET_CPU_CHAR */

/* As <asm/kvm.h> numbers them on powerpc. */
#define BIT_OF_64(n)	      (1ull << (63 - (n)))
#define CHARACTER_BARRIER     BIT_OF_64(0) /* ori 31,31,0 is a speculation barrier */
#define CHARACTER_SERIALISED  BIT_OF_64(1) /* bcctr is not speculated */
#define CHARACTER_FLUSH_ORI   BIT_OF_64(2) /* ori 30,30,0 flushes the L1 data cache, */
#define CHARACTER_FLUSH_TRIG  BIT_OF_64(3) /* and a write to TRIG2 does */
#define CHARACTER_PRIVATE_L1D BIT_OF_64(4) /* of each thread its own */
#define CHARACTER_NO_COUNT    BIT_OF_64(7) /* the count cache is off */
#define CHARACTER_FLUSH_HELP  BIT_OF_64(9) /* the hardware helps to flush the count cache */
#define BEHAVIOUR_FLUSH_L1D   BIT_OF_64(1) /* where the privilege changes */
#define BEHAVIOUR_BARRIER     BIT_OF_64(2) /* for checks of bounds */
#define BEHAVIOUR_FLUSH_COUNT BIT_OF_64(5) /* the count cache, at a change of the context */

/* Said to be so; said not to be so. What is not said is neither. */
static bool has(const struct capability_facts *f, uint64_t bit)
{
	return f->processor.character & f->processor.character_mask & bit;
}

static bool lacks(const struct capability_facts *f, uint64_t bit)
{
	return ~f->processor.character & f->processor.character_mask & bit;
}

static bool should(const struct capability_facts *f, uint64_t bit)
{
	return f->processor.behaviour & f->processor.behaviour_mask & bit;
}

static bool need_not(const struct capability_facts *f, uint64_t bit)
{
	return ~f->processor.behaviour & f->processor.behaviour_mask & bit;
}

static int cache_flush(const struct capability_facts *f)
{
	bool is_private = has(f, CHARACTER_PRIVATE_L1D) ||
			  capability_generation(f->processor.pvr) == 8;

	if (need_not(f, BEHAVIOUR_FLUSH_L1D))
		return 2;
	return is_private && has(f, CHARACTER_FLUSH_ORI | CHARACTER_FLUSH_TRIG);
}

static int bounds_check(const struct capability_facts *f)
{
	return need_not(f, BEHAVIOUR_BARRIER) ? 2 : has(f, CHARACTER_BARRIER);
}

static int indirect_branch(const struct capability_facts *f)
{
	if (need_not(f, BEHAVIOUR_FLUSH_COUNT) && lacks(f, CHARACTER_NO_COUNT) &&
	    lacks(f, CHARACTER_SERIALISED))
		return 4;
	if (should(f, BEHAVIOUR_FLUSH_COUNT))
		return 1;
	if (has(f, CHARACTER_NO_COUNT))
		return 3;
	return has(f, CHARACTER_SERIALISED) ? 2 : 0;
}

/* ------------------------------------------------------------------ what is granted */

static int extension(const struct capability_facts *f, const char *name)
{
	return f->extensions[capability_by_name(name)->number];
}

/* The height of a level, a number, or whether it is there at all. */
static uint64_t amount(const struct capability *c, const struct capability_facts *f)
{
	const uint64_t any_page = 1ull << 34;
	int answer = c->kvm ? f->extensions[c->number] : 0;

	switch (c->from_what) {
	case FROM_EXTENSION:
	case FROM_NUMBER:
		return answer > 0 ? (uint64_t)answer : 0;
	case FROM_RADIX_TOO:
		return answer > 0 && extension(f, "radix") > 0;
	case FROM_BIG_PAGES:
		return answer > 0 && f->page_size == BIG_PAGE;
	case FROM_REAL_MODE:
		return answer > 0 && (f->page_size == BIG_PAGE || extension(f, "radix") > 0);
	case FROM_PAGE_SIZE:
		return answer <= 0 ? 0 : f->processor.host_pages ? f->page_size : any_page;
	case FROM_CACHE_FLUSH:
		return (uint64_t)cache_flush(f);
	case FROM_BOUNDS_CHECK:
		return (uint64_t)bounds_check(f);
	case FROM_INDIRECT_BRANCH:
		return (uint64_t)indirect_branch(f);
	case FROM_COUNT_CACHE:
		/* Where the count cache is off there is nothing to flush. */
		return has(f, CHARACTER_FLUSH_HELP) || indirect_branch(f) == 3;
	case FROM_HWCAP:
		return f->processor.hwcap & c->number;
	case FROM_DECREMENTER:
		return f->processor.dec_bits == c->number ? f->processor.dec_bits : 0;
	case FROM_NOBODY:
		break;
	}
	return 0;
}

/* The text with what VALUE stands for. */
static void fill_in(char *buf, size_t size, const char *text, const char *value)
{
	const char *word = "VALUE", *at = text ? strstr(text, word) : NULL;

	if (!text)
		*buf = '\0';
	else if (!at)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, "%.*s%s%s", (int)(at - text), text, value, at + strlen(word));
}

/* Off, or the least level, where the host is too old for what QEMU wants. */
static const char *by_default(const struct capability *c, unsigned int generation)
{
	if (!c->wants || (generation ? generation : NEWEST) >= c->from)
		return c->wants;
	if (!capability_is_cap(c))
		return NULL;
	return c->levels ? "broken" : "off";
}

/* Why KVM's yes is not enough. */
static const char *why_not(const struct capability *c, const struct capability_facts *f,
			   unsigned int generation)
{
	if (!c->kvm || f->extensions[c->number] <= 0)
		return NULL;
	if (generation && generation < c->least)
		return "QEMU has it for newer processors alone";
	switch (c->from_what) {
	case FROM_RADIX_TOO:
		return "KVM has it, but no radix MMU, to which it belongs";
	case FROM_BIG_PAGES:
		return "KVM has it, but QEMU can map it only with pages of 64 KiB";
	case FROM_REAL_MODE:
		return "the pages of this host are too small";
	default:
		return NULL;
	}
}

static bool is_wanted(const struct capability *c, unsigned int generation)
{
	return c->need != NEED_ASKED && (generation ? generation : NEWEST) >= c->from;
}

void capability_instead(struct capability_grant *g)
{
	fill_in(g->option, sizeof(g->option), g->c->without, g->value);
	fill_in(g->libvirt, sizeof(g->libvirt), g->c->libvirt, g->value);
}

struct capability_grant capability_grant(const struct capability *c,
					 const struct capability_facts *facts)
{
	unsigned int generation = capability_generation(facts->processor.pvr);
	struct capability_grant g = {
		.c = c,
		.wanted = is_wanted(c, generation),
		.by_default = by_default(c, generation),
	};
	uint64_t n = generation && generation < c->least ? 0 : amount(c, facts);

	if (c->levels) {
		level_name(g.value, sizeof(g.value), c->levels, (int)n);
		g.granted = (int)n >= capability_level(c, c->wants);
	} else if (c->from_what == FROM_PAGE_SIZE) {
		snprintf(g.value, sizeof(g.value), "%llu", (unsigned long long)n);
		g.granted = n >= strtoull(c->wants, NULL, 10);
	} else {
		if (n && (c->from_what == FROM_NUMBER || c->from_what == FROM_DECREMENTER))
			snprintf(g.value, sizeof(g.value), "%llu", (unsigned long long)n);
		g.granted = n;
	}
	g.missing = !g.granted && g.wanted && c->need == NEED_START;
	g.why = g.granted ? NULL : why_not(c, facts, generation);
	/* Without any page there is nothing to type. */
	if (!g.granted && (n || c->from_what != FROM_PAGE_SIZE))
		capability_instead(&g);
	return g;
}
