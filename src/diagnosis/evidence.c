// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a record shows of what the kernel met: numbers as ranges, and answers that may be MAYBE.
 * The struct was read before and after the call, and another thread may have changed it in
 * between. Where both cannot be the caller's, the size and the flags are no longer taken as known.
 */
#include "diagnosis/evidence.h"

#include <errno.h>

static const struct range any = { 0, UINT64_MAX };

static struct range only(uint64_t value)
{
	return (struct range){ value, value };
}

static struct maybe_u64 word(const __u64 *words, unsigned int n, int offset)
{
	unsigned int i = offset / 8;

	if (offset < 0 || i >= n)
		return (struct maybe_u64){ 0 };
	return (struct maybe_u64){ true, words[i] };
}

static struct range unknown_ksize(const struct evidence *e)
{
	return (struct range){ ABI_SIZE_VER0, e->page.hi };
}

static void find_host(struct evidence *e)
{
	const struct host_facts *host = e->host;

	e->page = host->page_size ? only(host->page_size) : (struct range){ 4096, 65536 };
	e->ksize = host->ksize_is == FACT_KNOWN ? only(host->ksize) : unknown_ksize(e);
	e->feature = host->ksize_is == FACT_ABSENT ? NO : MAYBE;
	/* That the ops could be read proves the field, and with it the feature. */
	if (host->ksize_is == FACT_KNOWN || host->kernel_cmd ||
	    e->r->seen & (CC_SEEN_OPS | CC_SEEN_BACKEND))
		e->feature = YES;
}

static void find_hook(struct evidence *e)
{
	const struct cc_record *r = e->r;

	if (r->seen & CC_SEEN_BACKEND)
		e->hook = YES;
	else if (r->seen & CC_SEEN_WATCHED || (r->seen & CC_SEEN_OPS && !r->has_hook))
		e->hook = NO;
	else
		e->hook = MAYBE;
}

/*
 * Can the answer to a caller of this size, or a part of it, have been written? A part only
 * where it reaches into another page.
 */
static bool may_have_answered(const struct evidence *e, uint64_t usize)
{
	uint64_t end = is_sized(e) ? e->ksize.hi : e->d->abi->struct_size;

	if (e->r->ret != -EFAULT || e->hook == NO)
		return !e->r->ret;
	if (is_sized(e) && usize < end)
		end = usize;
	return !exact(e->page) || e->r->arg / e->page.lo != (e->r->arg + end - 1) / e->page.lo;
}

/* Can a kernel that has read this size and answers leave that one? */
static bool answers_with(const struct evidence *e, uint64_t usize, uint64_t out)
{
	if (!is_sized(e))
		return true; /* what v3 and v4 leave there is not known */
	if (usize < ABI_SIZE_VER0 || (is_mainline(e) && usize > e->page.hi))
		return false;
	if (!is_mainline(e))
		return fits_ksize(e, out) && (!e->r->ret || usize <= e->ksize.hi);
	return out == usize ? usize <= e->ksize.hi : fits_ksize(e, out) && out < usize;
}

/* Can this call leave that size where the caller had put this one? */
static bool leaves(const struct evidence *e, uint64_t usize, uint64_t out)
{
	switch (e->r->ret) {
	case 0:
		return answers_with(e, usize, out);
	case -E2BIG:
		if (!is_sized(e))
			return true;
		if (is_mainline(e) && usize > e->page.lo && out == usize)
			return true;
		return fits_ksize(e, out) && !(is_mainline(e) && usize > e->page.hi);
	case -EFAULT:
		return out == usize || (may_have_answered(e, usize) && answers_with(e, usize, out));
	default:
		return out == usize;
	}
}

/* Size was seen at exit alone. The kernel may have written there: what can it have read? */
static void find_usize_at_exit(struct evidence *e)
{
	uint64_t out = e->d->size_out.value;
	int ret = e->r->ret;
	bool may_be_written = ret == -E2BIG ? is_sized(e) : may_have_answered(e, UINT64_MAX);

	if (ret == -EFAULT && !fits_ksize(e, out))
		may_be_written = false;
	/* Mainline writes the smaller of two sizes back, or none over a page. */
	if (is_mainline(e) &&
	    (ret == -E2BIG ? out > e->page.hi : out < e->ksize.hi && !fits_ksize(e, out)))
		may_be_written = false;
	if (may_be_written && is_sized(e) &&
	    (!fits_ksize(e, out) || (is_mainline(e) && ret == -E2BIG && out >= e->page.hi))) {
		e->d->changed = true; /* neither the caller's nor the kernel's */
	} else if (!may_be_written) {
		e->d->usize = (struct maybe_u64){ true, out };
		e->d->usize_source = USIZE_EXIT;
		e->usize = only(out);
	} else if (ret == -EFAULT) {
		e->usize = only(out); /* as far as what comes before the hook goes */
	} else if (is_mainline(e)) {
		e->usize = (struct range){ out + (ret == -E2BIG), e->page.hi };
		/* That it was written there is known where ksize is. */
		if (ret == -E2BIG && !exact(e->ksize))
			e->usize.hi = UINT64_MAX;
	} else if (is_sized(e)) {
		e->usize = ret == -E2BIG ? (struct range){ out + 1, UINT64_MAX } :
					   (struct range){ ABI_SIZE_VER0, e->ksize.hi };
	}
}

static void find_usize(struct evidence *e)
{
	struct maybe_u64 entry = word(e->r->in, e->r->in_words, e->d->abi->off_size), head = { 0 };
	bool changed = false;

	if (is_sized(e) && e->r->seen & CC_SEEN_HEAD)
		head = (struct maybe_u64){ true, e->r->backend_head };
	e->d->size_out = word(e->r->out, e->r->out_words, e->d->abi->off_size);
	e->d->usize = entry.known ? entry : head;
	e->usize = any;
	if (!e->d->usize.known) {
		if (e->d->size_out.known)
			find_usize_at_exit(e);
		return;
	}
	e->d->usize_source = entry.known ? USIZE_ENTRY : USIZE_EXIT;
	if (entry.known && head.known)
		changed = entry.value != head.value;
	if (e->d->size_out.known && !leaves(e, e->d->usize.value, e->d->size_out.value)) {
		e->d->changed = true;
		/* Still the same when the hook returned: the kernel had read it by then. */
		changed |= !entry.known || !head.known;
	}
	e->d->changed |= changed;
	if (changed)
		return;
	e->usize = only(e->d->usize.value);
	e->written = e->r->ret == -EFAULT && e->d->size_out.known && !e->d->changed &&
		     e->d->size_out.value != e->d->usize.value;
}

/* Without the kernel's types: what it writes back may tell. */
static void find_ksize(struct evidence *e)
{
	uint64_t out = e->d->size_out.value;
	bool answered = !e->r->ret || e->r->ret == -E2BIG;

	if (exact(e->ksize) || !is_sized(e) || !answered || !e->d->size_out.known ||
	    e->d->changed || !fits_ksize(e, out))
		return;
	if (!is_mainline(e) || e->r->ret || (exact(e->usize) && out < e->usize.lo))
		e->ksize = only(out);
	else
		e->ksize.lo = out;
}

static void find_flags(struct evidence *e)
{
	struct maybe_u64 in = word(e->r->in, e->r->in_words, e->d->abi->off_flags);
	struct maybe_u64 out = word(e->r->out, e->r->out_words, e->d->abi->off_flags);
	bool changed = in.known && out.known && in.value != out.value;

	/* A call that fails leaves the flags as they were. */
	e->d->flags = in.known || !e->r->ret ? in : out;
	/* Before v5 nobody looks at flags, and an answer overwrites them. */
	if (!is_sized(e)) {
		e->flags = NO;
		e->d->changed |= changed && !may_have_answered(e, UINT64_MAX);
		return;
	}
	/* Only with none is there success. */
	changed |= !e->r->ret && ((in.known && in.value) || (out.known && out.value));
	e->d->changed |= changed;
	if (changed || !e->d->flags.known)
		e->flags = MAYBE;
	else
		e->flags = e->d->flags.value ? YES : NO;
}

static void find_caps(struct evidence *e)
{
	struct maybe_u64 in = word(e->r->in, e->r->in_words, e->d->abi->off_caps);
	struct maybe_u64 out = word(e->r->out, e->r->out_words, e->d->abi->off_caps);
	int ret = e->r->ret;

	if (!ret && e->hook == YES && !e->r->backend_ret) {
		e->d->caps = (struct maybe_u64){ true, e->r->backend_caps };
		e->d->caps_of_hook = true;
		e->d->changed |= out.known && out.value != e->r->backend_caps;
	} else if (!ret) {
		e->d->caps = out;
	} else if (!may_have_answered(e, UINT64_MAX)) {
		e->d->changed |= in.known && out.known && in.value != out.value;
	}
}

/* How far the tail was to be looked at; 0: not at all. */
static uint64_t looked_up_to(const struct evidence *e)
{
	if (!(e->r->seen & CC_SEEN_TAIL))
		return 0;
	return e->d->usize.known ? e->d->usize.value : e->d->size_out.value;
}

/* Where looking at the tail ended for want of memory; 0: it did not. */
static uint64_t look_failed_at(const struct evidence *e)
{
	uint64_t stop = (uint64_t)e->r->tail_from + e->r->tail_read;

	if (e->r->tail_first || e->r->tail_read >= CC_TAIL_MAX)
		return 0;
	return stop < looked_up_to(e) ? stop : 0;
}

/* The offset of the page that keeps this piece from being read; UINT64_MAX: not known which. */
static uint64_t page_of_piece(const struct evidence *e, uint64_t from, uint64_t readable)
{
	uint64_t page = e->page.lo, end = from + CC_TAIL_PIECE, in_page = (e->r->arg + from) % page;
	bool on_readable = from - readable < in_page; /* on the page of the last byte before it */

	if (end > looked_up_to(e))
		end = looked_up_to(e);
	if (in_page + (end - from) > page)
		return on_readable ? from - in_page + page : UINT64_MAX;
	return on_readable ? UINT64_MAX : from - in_page;
}

/*
 * The offset from which on nothing can be read when the call has returned: the kernel would
 * have brought into memory what it has read. UINT64_MAX: of no offset is that known.
 */
static uint64_t unreadable_from(const struct evidence *e)
{
	uint64_t readable = e->r->out_words * 8u, stop;

	if (e->vanished || !exact(e->page))
		return UINT64_MAX;
	if (e->r->out_words < CC_WORDS)
		return readable;
	stop = look_failed_at(e);
	if (!stop)
		return UINT64_MAX;
	return page_of_piece(e, stop, e->r->tail_read ? stop : readable);
}

uint64_t evidence_zero_up_to(const struct evidence *e)
{
	uint64_t stop = look_failed_at(e);

	return stop && e->r->tail_from <= e->ksize.lo && stop > e->ksize.lo ? stop : e->ksize.lo;
}

static void look_at_tail(struct evidence *e)
{
	uint64_t ksize = e->ksize.lo, usize = e->d->usize.value;
	const struct cc_record *r = e->r;
	uint64_t end = (uint64_t)r->tail_from + r->tail_read;
	uint64_t from = r->tail_from > ksize ? r->tail_from : ksize;

	e->d->tail = TAIL_UNREAD;
	if (!(r->seen & CC_SEEN_TAIL))
		return;
	if (end > usize)
		end = usize;
	e->d->tail_read = end > from ? end - from : 0;
	if (r->tail_first >= ksize && r->tail_first < usize) {
		e->d->tail = TAIL_NONZERO;
		e->d->tail_first = r->tail_first;
	} else if ((!r->tail_first || r->tail_first >= usize) && r->tail_from <= ksize &&
		   end == usize) {
		e->d->tail = TAIL_ZERO;
	}
}

/* Has the kernel been past the tail, which it looks at before it reads the rest? */
static bool went_past_tail(const struct evidence *e)
{
	return !e->r->ret || e->hook == YES ||
	       (e->r->ret == -EINVAL && e->usize.lo >= ABI_SIZE_VER0);
}

static void find_tail(struct evidence *e)
{
	bool is_there = e->d->usize.known && exact(e->ksize) && e->d->usize.value > e->ksize.lo;

	e->unreadable = unreadable_from(e);
	if (is_sized(e) && is_there)
		look_at_tail(e);
	e->tail = NO;
	if (!is_mainline(e) || e->usize.hi <= e->ksize.lo)
		return;
	e->tail = MAYBE;
	if (!exact(e->usize) || !is_there)
		return;
	if (went_past_tail(e)) {
		/* Then it was zero, and was read. */
		e->d->changed |= e->d->tail == TAIL_NONZERO;
		e->vanished |= e->unreadable < e->usize.lo;
		/* Was it the size, where the hook did not find the one that was there at entry? */
		if ((e->d->tail == TAIL_NONZERO || e->vanished) &&
		    !(e->d->usize_source == USIZE_ENTRY && e->r->seen & CC_SEEN_HEAD))
			e->usize = any;
		/* Or the size that was taken for the kernel's? */
		if (e->d->tail == TAIL_NONZERO && e->host->ksize_is != FACT_KNOWN)
			e->ksize = unknown_ksize(e);
	} else if (e->d->tail == TAIL_NONZERO) {
		e->tail = YES;
	} else if (e->d->tail == TAIL_ZERO) {
		e->tail = NO;
		e->d->changed |= e->r->ret == -E2BIG && e->usize.lo <= e->page.lo;
	} else if (e->unreadable <= evidence_zero_up_to(e)) {
		e->tail = NO;
	}
}

/* Is the struct readable as far as both sides know it? Its first words were read. */
static bool reads_up_to(const struct evidence *e, uint64_t end)
{
	const struct cc_record *r = e->r;
	uint64_t last_word = r->arg + CC_WORDS * 8 - 1, page = e->page.lo;

	if (end <= CC_WORDS * 8)
		return true;
	if (exact(e->page) && last_word / page == (r->arg + end - 1) / page)
		return true;
	/* In between there is no room for a page of its own. */
	return r->seen & CC_SEEN_TAIL && r->tail_read && r->tail_from - CC_WORDS * 8u < page &&
	       end <= (uint64_t)r->tail_from + r->tail_read;
}

static enum answer struct_hole(const struct evidence *e)
{
	uint64_t end = e->d->abi->struct_size;

	if (e->vanished)
		return MAYBE;
	/* The kernel would have brought it into memory. */
	if (e->r->out_words * 8u < end)
		return YES;
	if (is_sized(e))
		end = e->usize.hi < e->ksize.hi ? e->usize.hi : e->ksize.hi;
	if (e->unreadable < end)
		return YES;
	return reads_up_to(e, end) ? NO : MAYBE;
}

static enum answer tail_hole(const struct evidence *e)
{
	if (!is_mainline(e) || e->usize.hi <= e->ksize.lo)
		return NO;
	if (!exact(e->usize) || e->d->tail == TAIL_NONE)
		return MAYBE;
	if (e->d->tail != TAIL_UNREAD)
		return NO;
	return e->unreadable <= evidence_zero_up_to(e) ? YES : MAYBE;
}

static void find_holes(struct evidence *e)
{
	unsigned int size_word = e->d->abi->off_size > 0 ? 1 : 0;
	enum answer in_struct = struct_hole(e), in_tail = tail_hole(e);

	e->hole = in_struct > in_tail ? in_struct : in_tail;
	if (e->r->out_words > size_word)
		e->size_read = YES;
	else if (e->r->in_words > size_word || e->hook == YES)
		e->size_read = MAYBE;
	else
		e->size_read = NO;
	/* Only what lies before it, on another page, may be what cannot be read. */
	if (e->size_read == NO && size_word && !e->r->out_words &&
	    (!exact(e->page) || e->r->arg / e->page.lo != (e->r->arg + 15) / e->page.lo))
		e->size_read = MAYBE;
}

/* These results come after that. */
static bool size_was_read(const struct cc_record *r)
{
	return !r->ret || r->ret == -E2BIG || r->ret == -EINVAL;
}

struct evidence evidence_gather(const struct cc_record *r, const struct host_facts *host,
				struct diagnosis *d)
{
	struct evidence e = { .r = r, .host = host, .d = d };

	*d = (struct diagnosis){ .abi = abi_by_cmd(r->cmd) };
	e.vanished = r->out_words < r->in_words || (!r->out_words && size_was_read(r));
	find_host(&e);
	find_hook(&e);
	find_usize(&e);
	find_ksize(&e);
	find_flags(&e);
	find_caps(&e);
	find_tail(&e);
	find_holes(&e);
	return e;
}
