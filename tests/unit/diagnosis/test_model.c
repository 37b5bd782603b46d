// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A kernel in miniature: what each revision of the ABI does with a call is written down here
 * once more, from the ABI's rules and with memory that can be unmapped, read-only or not
 * resident, and so is what the tracer gets to see of it. So the true cause of each record is
 * known. Hundreds of thousands of calls later no verdict may have been a wrong one.
 *
 * Nothing here is taken from diagnosis.c but the names of causes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diagnosis/diagnosis.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BASE	 0x7fff00000000 /* where the first of the two pages begins */
#define CAPS	 0x6000000000000000
#define CHUNK	 128 /* in which the tracer looks at the tail */
#define BIG	 UINT64_MAX

/* ------------------------------------------------------------ what there can be */

enum mapping { MAPPED, NOT_RESIDENT, READ_ONLY, READ_ONLY_NOT_RESIDENT, UNMAPPED };

struct page {
	bool mapped, resident, writable;
};

enum machine {
	NESTED_V1_P10,
	NESTED_V2_P10,
	V2_NO_MODES,
	BARE_METAL,
	NO_CPU_VERSION,
	POWER8_MODE,
	HOOK_EINVAL,
	V2_HOOK_EINVAL,
	HOOK_EIO,
	HOOK_ENOTTY,
	KVM_PR,
	MACHINES
};

enum watch { ALWAYS, NEVER, FROM_THE_MIDDLE_ON, WATCHES };

/* Of the host's facts the ones that are not known. */
enum lacking {
	NOTHING,
	KSIZE,
	COMMAND,
	KSIZE_AND_COMMAND,
	OPS,
	OPS_AND_COMMAND,
	PSERIES,
	CPU_VERSION,
	LACKINGS
};

/* Another thread writes meanwhile, once. */
enum race_what { RACE_SIZE, RACE_FLAGS, RACE_CAPS, RACE_TAIL, RACE_UNMAP_0, RACE_UNMAP_1, RACES };
enum race_when {
	RACE_NEVER,
	BEFORE_SIZE,
	BEFORE_STRUCT,
	BEFORE_HOOK,
	BEFORE_COPYOUT,
	BEFORE_EXIT,
	RACE_TIMES
};

struct scenario {
	uint32_t kernel_cmd; /* 0: the kernel does not have the feature */
	uint32_t cmd;	     /* the caller's */
	uint64_t page_size, ksize;
	uint64_t usize, flags;
	uint64_t leftover; /* what the caller has where the bitmap goes */
	uint64_t arg;
	uint64_t tails[2]; /* offsets of bytes that are not zero, the lesser first; 0: none */
	enum mapping pages[2];
	enum machine machine;
	uint64_t caps; /* that the hook gives where it does */
	enum watch watch;
	enum lacking lacking;
	bool page_ended; /* the tracer's pieces of the tail end where a page does */
	bool hook_first; /* v3 and v4 look for the hook first */
	enum race_when race;
	enum race_what race_what;
	uint64_t race_value;
};

/* ------------------------------------------------------------ memory */

struct memory {
	const struct scenario *s;
	struct page pages[2];
	uint64_t words[3];
	uint64_t tails[2];
};

static struct page page_of(enum mapping m)
{
	return (struct page){
		.mapped = m != UNMAPPED,
		.resident = m == MAPPED || m == READ_ONLY,
		.writable = m == MAPPED || m == NOT_RESIDENT,
	};
}

/* Offset in the struct where the second page begins. */
static uint64_t boundary(const struct scenario *s)
{
	return s->page_size - (s->arg - BASE);
}

static bool is_v5_like(uint32_t cmd)
{
	return cmd == ABI_CMD_V5 || cmd == ABI_CMD_MAINLINE;
}

static unsigned int size_word(uint32_t cmd)
{
	return cmd == ABI_CMD_V3 ? 1 : 0;
}

static unsigned int flags_word(uint32_t cmd)
{
	return is_v5_like(cmd) ? 1 : 0;
}

static unsigned int caps_word(uint32_t cmd)
{
	return cmd == ABI_CMD_V1 ? 1 : 2;
}

static struct memory memory_of(const struct scenario *s)
{
	struct memory m = { .s = s, .pages = { page_of(s->pages[0]), page_of(s->pages[1]) } };

	m.words[flags_word(s->cmd)] = s->flags;
	m.words[caps_word(s->cmd)] = s->leftover;
	if (s->cmd != ABI_CMD_V1)
		m.words[size_word(s->cmd)] = s->usize;
	memcpy(m.tails, s->tails, sizeof(m.tails));
	return m;
}

/* The first byte of these that is not zero; 0: none. */
static uint64_t nonzero(const struct memory *m, uint64_t from, uint64_t to)
{
	for (unsigned int i = 0; i < 2; i++)
		if (m->tails[i] >= from && m->tails[i] < to)
			return m->tails[i];
	return 0;
}

static void clear(struct memory *m, uint64_t from, uint64_t to)
{
	for (unsigned int i = 0; i < 2; i++)
		if (m->tails[i] >= from && m->tails[i] < to)
			m->tails[i] = 0;
}

/* Which pages hold these bytes, as bits. */
static unsigned int pages_at(const struct memory *m, uint64_t from, uint64_t to)
{
	uint64_t edge = boundary(m->s);

	return (from < edge) | (to > edge && to > from) << 1;
}

/* The kernel reads: what is there is brought into memory. */
static bool kernel_reads(struct memory *m, uint64_t from, uint64_t to)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (!(pages_at(m, from, to) & 1u << i))
			continue;
		if (!m->pages[i].mapped)
			return false;
		m->pages[i].resident = true;
	}
	return true;
}

/* How far from here the kernel can write, at most to there. */
static uint64_t kernel_writes(struct memory *m, uint64_t from, uint64_t to)
{
	uint64_t edge = boundary(m->s);

	for (unsigned int i = 0; i < 2; i++) {
		if (!(pages_at(m, from, to) & 1u << i))
			continue;
		if (!m->pages[i].writable)
			return i && from < edge ? edge : from;
		m->pages[i].resident = true;
	}
	return to;
}

/* The tracer reads without a page fault. */
static bool tracer_reads(const struct memory *m, uint64_t from, uint64_t to)
{
	for (unsigned int i = 0; i < 2; i++)
		if (pages_at(m, from, to) & 1u << i && !m->pages[i].resident)
			return false;
	return true;
}

static void unmap(struct page *p)
{
	*p = (struct page){ 0 };
}

static void race(struct memory *m, enum race_when now)
{
	const struct scenario *s = m->s;

	if (s->race != now)
		return;
	switch (s->race_what) {
	case RACE_SIZE:
		if (s->cmd != ABI_CMD_V1)
			m->words[size_word(s->cmd)] = s->race_value;
		break;
	case RACE_FLAGS:
		m->words[flags_word(s->cmd)] ^= 1;
		break;
	case RACE_CAPS:
		m->words[caps_word(s->cmd)] = s->race_value;
		break;
	case RACE_TAIL:
		m->tails[0] = m->tails[0] ? 0 : 24;
		break;
	case RACE_UNMAP_0:
		unmap(&m->pages[0]);
		break;
	case RACE_UNMAP_1:
		unmap(&m->pages[1]);
		break;
	case RACES:
		break;
	}
}

/* ------------------------------------------------------------ the kernel */

struct hook {
	int ret;
	enum cause cause; /* of its error */
	uint64_t caps;
};

static struct hook hook_of(const struct scenario *s)
{
	switch (s->machine) {
	case BARE_METAL:
		return (struct hook){ -EINVAL, CAUSE_BACKEND_NOT_PSERIES, 0 };
	case NO_CPU_VERSION:
		return (struct hook){ -EINVAL, CAUSE_BACKEND_NO_CPU_VERSION, 0 };
	case POWER8_MODE:
		return (struct hook){ -EINVAL, CAUSE_BACKEND_UNMAPPED_CPU_VERSION, 0 };
	case HOOK_EINVAL:
	case V2_HOOK_EINVAL:
		return (struct hook){ -EINVAL, CAUSE_BACKEND_FAILED, 0 };
	case HOOK_EIO:
		return (struct hook){ -EIO, CAUSE_BACKEND_FAILED, 0 };
	case HOOK_ENOTTY:
		return (struct hook){ -ENOTTY, CAUSE_BACKEND_FAILED, 0 };
	case V2_NO_MODES:
		return (struct hook){ 0, CAUSE_OK, 0 };
	default:
		return (struct hook){ 0, CAUSE_OK, s->caps };
	}
}

/* A call under way, and what is recorded of it. */
struct run {
	struct memory m;
	struct cc_record r;
	enum cause truth;
};

static int ends(struct run *run, int ret, enum cause truth)
{
	run->truth = truth;
	return ret;
}

static int calls_hook(struct run *run)
{
	const struct scenario *s = run->m.s;
	struct hook hook = hook_of(s);

	race(&run->m, BEFORE_HOOK);
	if (s->watch != NEVER) {
		run->r.seen |= CC_SEEN_BACKEND;
		run->r.backend_ret = hook.ret;
		run->r.backend_caps = hook.caps;
		if (tracer_reads(&run->m, 0, 8)) {
			run->r.seen |= CC_SEEN_HEAD;
			run->r.backend_head = run->m.words[0];
		}
	}
	return ends(run, hook.ret, hook.cause);
}

static int answers(struct run *run, uint64_t usize)
{
	const struct scenario *s = run->m.s;
	uint64_t ksize = s->cmd == ABI_CMD_V1 ? 16 : s->ksize;

	if (!hook_of(s).caps)
		return ends(run, 0, CAUSE_OK_NO_MODES);
	return ends(run, 0,
		    usize > ksize ? CAUSE_OK_LARGER_STRUCT :
		    usize < ksize ? CAUSE_OK_SMALLER_STRUCT :
				    CAUSE_OK);
}

/*
 * The answer up to where memory lets it: of a word that is cut the first half. What a kernel
 * that has grown gives in later fields nobody knows: here it is what was there.
 */
static bool copies_out(struct run *run, const uint64_t *words, uint64_t n)
{
	uint64_t done = kernel_writes(&run->m, 0, n);

	for (unsigned int i = 0; i < 3; i++) {
		if (i * 8 + 8 <= done)
			run->m.words[i] = words[i];
		else if (i * 8 < done)
			run->m.words[i] = (run->m.words[i] >> 32 << 32) | (uint32_t)words[i];
	}
	return done == n;
}

static bool clears_tail(struct run *run, uint64_t ksize, uint64_t usize)
{
	uint64_t done = kernel_writes(&run->m, ksize, usize);

	clear(&run->m, ksize, done);
	return done == usize;
}

/* v1: hand out. v3, v4: look at size, and at nothing else. */
static int old_kernel(struct run *run)
{
	const struct scenario *s = run->m.s;
	bool sized = s->cmd == ABI_CMD_V3;
	uint64_t usize = 16, words[3] = { 0 };
	int ret;

	race(&run->m, BEFORE_SIZE);
	if (s->hook_first && s->machine == KVM_PR)
		return ends(run, -ENOTTY, CAUSE_NO_BACKEND);
	if (sized && !kernel_reads(&run->m, 8, 16))
		return ends(run, -EFAULT, CAUSE_ARG_UNREADABLE);
	if (sized)
		usize = run->m.words[1];
	race(&run->m, BEFORE_STRUCT);
	if (sized && usize < 24)
		return ends(run, -EINVAL, CAUSE_SIZE_TOO_SMALL);
	if (s->machine == KVM_PR)
		return ends(run, -ENOTTY, CAUSE_NO_BACKEND);
	ret = calls_hook(run);
	if (ret)
		return ret;
	race(&run->m, BEFORE_COPYOUT);
	words[caps_word(s->cmd)] = hook_of(s).caps;
	if (sized)
		words[1] = 24;
	if (!copies_out(run, words, sized ? 24 : 16))
		return ends(run, -EFAULT, CAUSE_COPYOUT_FAILED);
	return answers(run, usize);
}

static int too_new(struct run *run)
{
	if (kernel_writes(&run->m, 0, 8) != 8)
		return ends(run, -EFAULT, CAUSE_COPYOUT_FAILED);
	run->m.words[0] = run->m.s->ksize;
	return ends(run, -E2BIG, CAUSE_STRUCT_TOO_NEW);
}

/* Mainline: is the tail zero, as far as it takes to know? 0 or what the call ends with. */
static int checks_tail(struct run *run, uint64_t usize)
{
	uint64_t ksize = run->m.s->ksize, found = nonzero(&run->m, ksize, usize);

	if (!kernel_reads(&run->m, ksize, found ? found + 1 : usize))
		return ends(run, -EFAULT, CAUSE_STRUCT_UNREADABLE);
	return found ? too_new(run) : 0;
}

static int hands_out(struct run *run, uint64_t usize)
{
	const struct scenario *s = run->m.s;
	bool mainline = s->cmd == ABI_CMD_MAINLINE;
	uint64_t both = usize < s->ksize ? usize : s->ksize;
	const uint64_t words[3] = { mainline ? both : s->ksize, 0, hook_of(s).caps };

	race(&run->m, BEFORE_COPYOUT);
	if (usize > s->ksize && !clears_tail(run, s->ksize, usize))
		return ends(run, -EFAULT, CAUSE_COPYOUT_FAILED);
	if (!copies_out(run, words, both))
		return ends(run, -EFAULT, CAUSE_COPYOUT_FAILED);
	return answers(run, usize);
}

static int reads_struct(struct run *run, uint64_t usize)
{
	const struct scenario *s = run->m.s;
	int ret = 0;

	race(&run->m, BEFORE_STRUCT);
	if (usize > s->ksize)
		ret = s->cmd == ABI_CMD_V5 ? too_new(run) : checks_tail(run, usize);
	if (ret)
		return ret;
	if (!kernel_reads(&run->m, 0, usize < s->ksize ? usize : s->ksize))
		return ends(run, -EFAULT, CAUSE_STRUCT_UNREADABLE);
	if (run->m.words[1])
		return ends(run, -EINVAL, CAUSE_FLAGS_SET);
	if (s->machine == KVM_PR)
		return ends(run, -ENOTTY, CAUSE_NO_BACKEND);
	ret = calls_hook(run);
	return ret ? ret : hands_out(run, usize);
}

/* v5 and mainline, in the order of their checks. */
static int new_kernel(struct run *run)
{
	const struct scenario *s = run->m.s;
	uint64_t usize;

	race(&run->m, BEFORE_SIZE);
	if (!kernel_reads(&run->m, 0, 8))
		return ends(run, -EFAULT, CAUSE_ARG_UNREADABLE);
	usize = run->m.words[0];
	if (s->cmd == ABI_CMD_MAINLINE && usize > s->page_size)
		return ends(run, -E2BIG, CAUSE_SIZE_OVER_PAGE);
	if (usize < 24)
		return ends(run, -EINVAL, CAUSE_SIZE_TOO_SMALL);
	return reads_struct(run, usize);
}

static int kernel(struct run *run)
{
	const struct scenario *s = run->m.s;

	if (!s->kernel_cmd)
		return ends(run, -ENOTTY, CAUSE_NO_KERNEL_SUPPORT);
	if (s->kernel_cmd != s->cmd)
		return ends(run, -ENOTTY, CAUSE_ABI_MISMATCH);
	return is_v5_like(s->cmd) ? new_kernel(run) : old_kernel(run);
}

/* ------------------------------------------------------------ what is recorded */

static uint8_t record_words(const struct memory *m, __u64 *to)
{
	for (unsigned int n = 3; n; n--) {
		if (!tracer_reads(m, 0, n * 8))
			continue;
		for (unsigned int i = 0; i < n; i++)
			to[i] = m->words[i];
		return (uint8_t)n;
	}
	return 0;
}

/* How far the tail can be looked at: pieces are read in whole or not at all. */
static uint64_t tail_limit(const struct memory *m, uint64_t from, uint64_t to)
{
	uint64_t edge = boundary(m->s);

	if (tracer_reads(m, from, to))
		return to;
	if (from >= edge || !m->pages[0].resident)
		return from;
	return m->s->page_ended ? edge : from + (edge - from) / CHUNK * CHUNK;
}

static uint64_t usize_that_is_known(const struct cc_record *r)
{
	if (!is_v5_like(r->cmd))
		return 0;
	if (r->in_words)
		return r->in[0];
	if (r->seen & CC_SEEN_HEAD)
		return r->backend_head;
	return r->ret && r->out_words ? r->out[0] : 0;
}

static void record_tail(struct run *run)
{
	uint64_t from = run->m.s->ksize, to = usize_that_is_known(&run->r), limit;
	struct cc_record *r = &run->r;

	/* Without the kernel's types the tracer takes the first struct. */
	if (from < 24 || run->m.s->lacking == KSIZE || run->m.s->lacking == KSIZE_AND_COMMAND)
		from = 24;
	if (to <= from || to > CC_TAIL_MAX)
		return;
	limit = tail_limit(&run->m, from, to);
	r->seen |= CC_SEEN_TAIL;
	r->tail_from = (uint32_t)from;
	r->tail_read = (uint32_t)(limit - from);
	r->tail_first = (uint32_t)nonzero(&run->m, from, limit);
	if (r->tail_first)
		r->tail_read = (uint32_t)(r->tail_first - from) + 1;
}

static struct run trace(const struct scenario *s)
{
	struct run run = { .m = memory_of(s) };
	struct cc_record *r = &run.r;

	r->type = CC_NEGOTIATION;
	r->cmd = s->cmd;
	r->arg = s->arg;
	r->latency_ns = 1000;
	strcpy(r->comm, "vmm");
	if (s->kernel_cmd && s->lacking != OPS && s->lacking != OPS_AND_COMMAND) {
		r->seen |= CC_SEEN_OPS;
		r->has_hook = s->machine != KVM_PR;
	}
	if (s->watch == ALWAYS)
		r->seen |= CC_SEEN_WATCHED;
	r->in_words = record_words(&run.m, r->in);
	r->ret = kernel(&run);
	race(&run.m, BEFORE_EXIT);
	r->out_words = record_words(&run.m, r->out);
	record_tail(&run);
	return run;
}

static struct host_facts facts_of(const struct scenario *s)
{
	struct host_facts host = {
		.page_size = (uint32_t)s->page_size,
		.ksize_is = s->kernel_cmd ? FACT_KNOWN : FACT_ABSENT,
		.ksize = s->ksize,
		.kernel_cmd = s->kernel_cmd,
		.pseries_is = s->machine == BARE_METAL ? FACT_ABSENT : FACT_KNOWN,
		.cpu_version_is = FACT_KNOWN,
		.cpu_version = s->machine == POWER8_MODE ? 0x0f000004 : 0x0f000006,
		.nested = NESTED_V1,
	};

	if (s->machine == BARE_METAL)
		host.nested = NESTED_NONE;
	if (s->machine == NESTED_V2_P10 || s->machine == V2_NO_MODES ||
	    s->machine == V2_HOOK_EINVAL)
		host.nested = NESTED_V2;
	if (s->machine == NO_CPU_VERSION || s->machine == BARE_METAL)
		host.cpu_version_is = FACT_ABSENT;
	if (s->lacking == KSIZE || s->lacking == KSIZE_AND_COMMAND)
		host.ksize_is = FACT_UNKNOWN;
	if (s->lacking == COMMAND || s->lacking == KSIZE_AND_COMMAND ||
	    s->lacking == OPS_AND_COMMAND)
		host.kernel_cmd = 0;
	if (s->lacking == PSERIES)
		host.pseries_is = FACT_UNKNOWN;
	if (s->lacking == CPU_VERSION)
		host.cpu_version_is = FACT_UNKNOWN;
	return host;
}

/* ------------------------------------------------------------ scenarios */

/* "-N" is from the end of the page on. */
static const uint64_t sizes[] = { 0,   16, 23, 24, 25,	    32,	 40,	     48,     56,
				  100, 24, 32, 64, BIG - 1, BIG, 1ull << 33, BIG / 2 };
static const uint64_t tails[] = { 0, 0, 24, 31, 33, 47, 50, 99 };
static const uint64_t offsets[] = { 0x230, 0x230, -8, -16, -20, -24, -32, -40, -56, -100 };
static const enum mapping mappings[] = {
	MAPPED, MAPPED, MAPPED, NOT_RESIDENT, READ_ONLY, READ_ONLY, READ_ONLY_NOT_RESIDENT, UNMAPPED
};
static const uint32_t cmds[] = { ABI_CMD_MAINLINE, ABI_CMD_V5, ABI_CMD_MAINLINE,
				 ABI_CMD_V5,	   ABI_CMD_V3, ABI_CMD_V1 };
static const uint64_t ksizes[] = { 24, 32, 48 };
/* Most is known in most calls. */
static const enum watch watches[] = { ALWAYS, ALWAYS, ALWAYS, NEVER, FROM_THE_MIDDLE_ON };

/* splitmix64: the same scenarios on every machine. */
static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

#define ONE_OF(seed, list) ((list)[next(seed) % COUNT(list)])

static uint64_t a_size(uint64_t *seed, uint64_t page)
{
	uint64_t size = ONE_OF(seed, sizes);

	/* Around a page. */
	if (size == BIG - 1)
		return page;
	return size == BIG / 2 ? page + 1 : size;
}

static struct scenario a_scenario(uint64_t *seed)
{
	struct scenario s = {
		.page_size = next(seed) % 2 ? 4096 : 65536,
		.ksize = ONE_OF(seed, ksizes),
		.cmd = ONE_OF(seed, cmds),
		.flags = next(seed) % 3 == 0,
		.leftover = next(seed) % 4 ? 0 : CAPS,
		.tails = { ONE_OF(seed, tails) },
		.pages = { ONE_OF(seed, mappings), ONE_OF(seed, mappings) },
		.machine = next(seed) % MACHINES,
		.caps = CAPS,
		.watch = ONE_OF(seed, watches),
		.page_ended = next(seed) % 2,
		.hook_first = next(seed) % 2,
	};
	uint64_t offset = ONE_OF(seed, offsets), other = next(seed) % 8;

	s.kernel_cmd = other > 1 ? s.cmd : other ? ONE_OF(seed, cmds) : 0;
	if (s.kernel_cmd == ABI_CMD_V3 || s.kernel_cmd == ABI_CMD_V1)
		s.ksize = s.kernel_cmd == ABI_CMD_V1 ? 16 : 24;
	if (!s.kernel_cmd)
		s.ksize = 0;
	s.usize = a_size(seed, s.page_size);
	s.arg = BASE + (offset > BIG / 2 ? s.page_size + offset : offset);
	if (next(seed) % 8 == 0 && s.usize - 1 > s.tails[0])
		s.tails[1] = s.usize - 1;
	if (next(seed) % 2)
		s.lacking = next(seed) % LACKINGS;
	return s;
}

static void add_race(struct scenario *s, uint64_t *seed)
{
	s->race = 1 + next(seed) % (RACE_TIMES - 1);
	s->race_what = next(seed) % RACES;
	s->race_value = s->race_what == RACE_CAPS ? next(seed) % 2 : a_size(seed, s->page_size);
}

/* ------------------------------------------------------------ judging */

enum judgement { RIGHT, HONEST, WRONG };

/* What a diagnosis may get wrong, to see that this is noticed. */
struct mutant {
	const char *name;
	void (*before)(struct cc_record *r, struct host_facts *host);
	void (*after)(const struct cc_record *r, struct diagnosis *d);
};

static struct diagnosis verdict(const struct scenario *s, const struct cc_record *record,
				const struct mutant *mutant)
{
	struct host_facts host = facts_of(s);
	struct cc_record r = *record;
	struct diagnosis d;

	if (mutant && mutant->before)
		mutant->before(&r, &host);
	diagnose(&r, &host, &d);
	if (mutant && mutant->after)
		mutant->after(&r, &d);
	return d;
}

static bool same_facts(const struct scenario *a, const struct scenario *b)
{
	const struct host_facts x = facts_of(a), y = facts_of(b);

	return x.pseries_is == y.pseries_is && x.nested == y.nested &&
	       x.cpu_version_is == y.cpu_version_is && x.cpu_version == y.cpu_version &&
	       x.ksize_is == y.ksize_is && (x.ksize_is != FACT_KNOWN || x.ksize == y.ksize);
}

/* A digit of a number that counts through combinations. */
static size_t digit(size_t *n, size_t base)
{
	size_t value = *n % base;

	*n /= base;
	return value;
}

/* What the caller may have passed instead, and no more than that; false: there is no more. */
static bool pass_otherwise(struct scenario *s, size_t n)
{
	static const enum mapping others[] = { MAPPED, NOT_RESIDENT, READ_ONLY,
					       READ_ONLY_NOT_RESIDENT, UNMAPPED };

	for (int i = 0; i < 2; i++) {
		size_t other = digit(&n, COUNT(others) + 1);

		if (other)
			s->pages[i] = others[other - 1];
	}
	s->flags = digit(&n, 2);
	s->leftover = digit(&n, 2) ? CAPS : 0;
	s->usize = sizes[digit(&n, COUNT(sizes))];
	if (s->usize == BIG - 1 || s->usize == BIG / 2)
		s->usize = s->page_size + (s->usize == BIG / 2);
	s->tails[0] = tails[digit(&n, COUNT(tails))];
	switch (digit(&n, 3)) {
	case 0:
		s->tails[1] = 0;
		break;
	case 1:
		s->tails[1] = s->usize - 1 > s->tails[0] ? s->usize - 1 : 0;
		break;
	}
	return !n;
}

/* Which host it may have been as well, as far as is known; false: there is no more. */
static bool host_otherwise(struct scenario *s, size_t n)
{
	if (digit(&n, 2) && s->race_what == RACE_CAPS)
		s->caps = s->race_value;
	if (s->race_what == RACE_SIZE) {
		const uint64_t others[] = { s->ksize, s->race_value, s->usize, 24 };

		s->ksize = others[digit(&n, COUNT(others))];
	}
	/* A hook that was not called, or that was not watched. */
	if (digit(&n, 2) && s->watch == FROM_THE_MIDDLE_ON)
		s->watch = NEVER;
	s->machine = n;
	return n < MACHINES;
}

static bool same(const struct scenario *a, const struct scenario *b)
{
	return a->caps == b->caps && a->ksize == b->ksize && a->watch == b->watch &&
	       a->machine == b->machine;
}

/*
 * Can the same have been recorded of a call that nobody disturbed, and with this cause, on a
 * host of which the same is known? Then nobody can tell them apart.
 */
static bool looks_undisturbed(const struct scenario *raced, const struct cc_record *r,
			      enum cause cause)
{
	struct scenario host = *raced, before = { .machine = MACHINES }, s = host;

	for (size_t i = 0; host_otherwise(&host, i); i++, before = host, host = *raced) {
		if (same(&host, &before) || !same_facts(raced, &host))
			continue;
		host.race = RACE_NEVER;
		for (size_t j = 0; s = host, pass_otherwise(&s, j); j++) {
			struct run run = trace(&s);

			if (run.truth == cause && !memcmp(&run.r, r, sizeof(*r)))
				return true;
		}
	}
	return false;
}

static enum judgement judge(const struct scenario *s, const struct run *run,
			    const struct diagnosis *d)
{
	if (d->cause == run->truth)
		return RIGHT;
	if (d->cause == CAUSE_UNEXPECTED)
		return HONEST;
	return s->race && looks_undisturbed(s, &run->r, d->cause) ? RIGHT : WRONG;
}

/* Is everything seen that can be: all words, the whole tail, the hook, all facts? */
static bool fully_observed(const struct scenario *s, const struct cc_record *r)
{
	unsigned int words = s->cmd == ABI_CMD_V1 ? 2 : 3;
	uint64_t edge = boundary(s);

	if (s->race || s->watch != ALWAYS || s->lacking || !s->page_ended)
		return false;
	if (r->in_words >= words)
		return true;
	/* The rest is not there. Before v5 nobody knows where the kernel begins to read. */
	if (s->pages[0] == UNMAPPED)
		return is_v5_like(s->cmd) || edge >= 24;
	return s->pages[0] != NOT_RESIDENT && s->pages[0] != READ_ONLY_NOT_RESIDENT &&
	       s->pages[1] == UNMAPPED && is_v5_like(s->cmd);
}

static void explain(const struct scenario *s, const struct run *run, const struct diagnosis *d)
{
	const struct cc_record *r = &run->r;

	print_error(
		"cmd 0x%08x on 0x%08x, page %ju, ksize %ju, machine %d, watch %d, lacking %d, %s pieces\n"
		"at 0x%jx (%ju bytes before the edge), pages %d %d, usize %ju, flags %ju, tails %ju %ju\n"
		"race %d of %d with %ju; ret %d, in %u (%ju %ju %ju), out %u (%ju %ju %ju), seen 0x%x, head %ju, tail %u+%u: %u\n"
		"%s is right, not %s: %s\n",
		s->cmd, s->kernel_cmd, (uintmax_t)s->page_size, (uintmax_t)s->ksize, s->machine,
		s->watch, s->lacking, s->page_ended ? "page-ended" : "plain", (uintmax_t)s->arg,
		(uintmax_t)boundary(s), s->pages[0], s->pages[1], (uintmax_t)s->usize,
		(uintmax_t)s->flags, (uintmax_t)s->tails[0], (uintmax_t)s->tails[1], s->race,
		s->race_what, (uintmax_t)s->race_value, r->ret, r->in_words, (uintmax_t)r->in[0],
		(uintmax_t)r->in[1], (uintmax_t)r->in[2], r->out_words, (uintmax_t)r->out[0],
		(uintmax_t)r->out[1], (uintmax_t)r->out[2], r->seen, (uintmax_t)r->backend_head,
		r->tail_from, r->tail_read, r->tail_first, cause_name(run->truth),
		cause_name(d->cause), d->hint);
}

struct tally {
	unsigned long n, wrong, honest, observed, observed_honest, changed;
	unsigned long truths[CAUSE_MAX];
};

#define SHOWN 5 /* of what is wrong */

static struct tally run_all(unsigned long n, bool races, const struct mutant *mutant)
{
	uint64_t seed = 20261125 + races;
	struct tally t = { 0 };

	for (; t.n < n && !(mutant && t.wrong); t.n++) {
		struct scenario s = a_scenario(&seed);
		enum judgement judgement;
		struct diagnosis d;
		struct run run;
		bool observed;

		if (races)
			add_race(&s, &seed);
		run = trace(&s);
		assert_true(record_valid(&run.r));
		d = verdict(&s, &run.r, mutant);
		judgement = judge(&s, &run, &d);
		observed = fully_observed(&s, &run.r);
		t.truths[run.truth]++;
		t.changed += d.changed;
		t.wrong += judgement == WRONG;
		t.honest += judgement == HONEST;
		t.observed += observed;
		t.observed_honest += observed && judgement == HONEST;
		if (!mutant && t.wrong + t.observed_honest <= SHOWN &&
		    (judgement == WRONG || (observed && judgement == HONEST)))
			explain(&s, &run, &d);
	}
	return t;
}

/* ------------------------------------------------------------ tests */

static void test_undisturbed(void **state)
{
	struct tally t = run_all(400000, false, NULL);

	(void)state;
	print_message(
		"# %lu calls, %lu of them fully observed: %lu wrong verdicts; without the evidence to decide: %lu, %lu of the fully observed\n",
		t.n, t.observed, t.wrong, t.honest, t.observed_honest);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(t.observed_honest, 0);
	/* Nobody writes into these structs. */
	assert_int_equal(t.changed, 0);
	assert_true(t.observed > t.n / 20);
	/* Most of what is missing does not matter. */
	assert_true(t.honest < t.n / 4);
	for (int i = 0; i < CAUSE_MAX; i++)
		if (i != CAUSE_UNEXPECTED && t.truths[i] < 500)
			fail_msg("%s was made %lu times only", cause_name(i), t.truths[i]);
}

static void test_races(void **state)
{
	struct tally t = run_all(200000, true, NULL);

	(void)state;
	print_message(
		"# %lu calls with a race, %lu seen to change: %lu wrong verdicts, %lu without the evidence to decide\n",
		t.n, t.changed, t.wrong, t.honest);
	assert_int_equal(t.wrong, 0);
	assert_true(t.changed > t.n / 20);
	assert_true(t.honest < t.n / 2);
}

static void swap_efaults(const struct cc_record *r, struct diagnosis *d)
{
	(void)r;
	if (d->cause == CAUSE_COPYOUT_FAILED)
		d->cause = CAUSE_STRUCT_UNREADABLE;
	else if (d->cause == CAUSE_STRUCT_UNREADABLE)
		d->cause = CAUSE_COPYOUT_FAILED;
}

/* As it was once: a hook that is watched later was watched by all calls. */
static void believe_watched(struct cc_record *r, struct host_facts *host)
{
	(void)host;
	r->seen |= CC_SEEN_WATCHED;
}

/* As it was once: no types, no kernel support. */
static void believe_absent(struct cc_record *r, struct host_facts *host)
{
	if (host->ksize_is == FACT_UNKNOWN) {
		host->ksize_is = FACT_ABSENT;
		host->kernel_cmd = 0;
		r->seen &= ~CC_SEEN_OPS;
	}
}

/* As it was once: of a grown kernel the tail begins where that of the first one did. */
static void forget_growth(struct cc_record *r, struct host_facts *host)
{
	(void)r;
	if (host->ksize_is == FACT_KNOWN)
		host->ksize = 24;
}

static void guess(const struct cc_record *r, struct diagnosis *d)
{
	if (d->cause == CAUSE_UNEXPECTED && r->ret == -EFAULT)
		d->cause = CAUSE_STRUCT_UNREADABLE;
}

static void trust_entry(struct cc_record *r, struct host_facts *host)
{
	(void)host;
	r->seen &= ~CC_SEEN_HEAD;
	if (r->in_words && r->out_words && r->ret != -E2BIG)
		r->out[0] = r->ret ? r->in[0] : r->out[0];
}

static const struct mutant mutants[] = {
	{ "swapped causes of EFAULT", NULL, swap_efaults },
	{ "a hook that is believed to be watched", believe_watched, NULL },
	{ "unknown types taken for no support", believe_absent, NULL },
	{ "a kernel that did not grow", forget_growth, NULL },
	{ "a guess at EFAULT", NULL, guess },
};
static const struct mutant racing_mutant = { "size at exit does not count", trust_entry, NULL };

/* A model that every diagnosis passes proves nothing. */
static void test_mutants(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mutants); i++)
		if (!run_all(20000, false, &mutants[i]).wrong)
			fail_msg("%s: not noticed", mutants[i].name);
	if (!run_all(40000, true, &racing_mutant).wrong)
		fail_msg("%s: not noticed", racing_mutant.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undisturbed),
		cmocka_unit_test(test_races),
		cmocka_unit_test(test_mutants),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
