// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a comparison is made of: results with words on both sides, and the reasons why one cannot
 * be decided. Words that only one side has are marked here. Whether they are a difference depends
 * on what the other side may have missed.
 */
#include "diff/diff_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ lists */

/* One more at the end, all 0. NULL: no memory. */
void *diff_grow(struct diff *d, void *list_at, size_t *n, size_t *room, size_t size)
{
	void **list = list_at, *grown;
	size_t more = *room ? 2 * *room : 8;
	char *at;

	if (*n == *room) {
		grown = realloc(*list, more * size);
		if (!grown) {
			d->no_memory = true;
			return NULL;
		}
		*list = grown;
		*room = more;
	}
	at = (char *)*list + (*n)++ * size;
	memset(at, 0, size);
	return at;
}

char *diff_text(struct diff *d, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		d->no_memory = true;
	}
	va_end(ap);
	return text;
}

void diff_add_word(struct diff *d, struct diff_value *v, uint64_t n, const char *text)
{
	struct diff_word *w = diff_grow(d, &v->words, &v->n, &v->room, sizeof(*w));

	if (!w)
		return;
	w->n = n;
	w->text = diff_text(d, "%s", text);
	v->n -= !w->text;
}

void diff_note(struct diff *d, char *sentence)
{
	char **at = sentence ? diff_grow(d, &d->notes, &d->n_notes, &d->room_notes, sizeof(*at)) :
			       NULL;

	if (at)
		*at = sentence;
	else
		free(sentence);
}

static void free_value(struct diff_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->words[i].text);
	free(v->words);
}

void diff_free(struct diff *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free_value(&d->results[i].old);
		free_value(&d->results[i].new);
		free(d->results[i].why);
	}
	for (size_t i = 0; i < d->n_facts; i++) {
		free(d->facts[i].old);
		free(d->facts[i].new);
	}
	for (size_t i = 0; i < d->n_notes; i++)
		free(d->notes[i]);
	free(d->results);
	free(d->facts);
	free(d->notes);
	*d = (struct diff){ 0 };
}

/* ------------------------------------------------------------------ what was not seen */

static const char *const doubts[] = {
	[DOUBT_LOST] = "events were lost in %s",
	[DOUBT_CUT_OFF] = "%s is cut off",
	[DOUBT_FILTER] = "a filter of %s hides a part of the calls",
	[DOUBT_GAP] = "not everything was watched all the time in %s",
	[DOUBT_OLDER] = "%s has a VM that is older than the recording",
	[DOUBT_UNKNOWN] = "when a VM was born could not be told in %s",
	[DOUBT_ROOM] = "%s has more VMs than can be distinguished",
};

bool diff_hides_all(enum doubt doubt)
{
	return doubt && doubt <= DOUBT_LAST_OF_ALL;
}

static enum doubt doubt_of_lives(const uint64_t lives[])
{
	if (lives[COVERAGE_LOSSY])
		return DOUBT_LOST;
	if (lives[COVERAGE_FILTERED])
		return DOUBT_FILTER;
	if (lives[COVERAGE_GAP])
		return DOUBT_GAP;
	if (lives[COVERAGE_OLDER])
		return DOUBT_OLDER;
	return lives[COVERAGE_UNKNOWN] ? DOUBT_UNKNOWN : DOUBT_NONE;
}

static bool lost(const struct profile *p, const struct who *w, enum told_of of)
{
	if (of == OF_RUNS)
		return p->lost_runs;
	if (of == OF_MESSAGES)
		return p->lost_messages;
	if (of == OF_STORY && p->lost_runs)
		return true;
	return w ? p->lost_any : p->lost_calls;
}

/* What of this side may not have been seen; w NULL: of all of it. A baseline is what it says. */
enum doubt diff_doubt_of(const struct profile *p, const struct who *w, enum told_of of)
{
	enum doubt doubt;

	if (p->baseline)
		return DOUBT_NONE;
	if (lost(p, w, of))
		return DOUBT_LOST;
	if (p->cut_off && (!w || w->n_open))
		return DOUBT_CUT_OFF;
	if (p->outcomes || p->calls_hidden || (p->part && of == OF_STORY))
		return DOUBT_FILTER;
	doubt = doubt_of_lives(w ? w->lives : p->lives);
	if (doubt)
		return doubt;
	if (of != OF_MODE && profile_unwatched(p, POINT_IOCTL))
		return DOUBT_GAP;
	if ((of == OF_CAUSES || of == OF_MODE || of == OF_STORY) && profile_unwatched(p, POINT_REG))
		return DOUBT_GAP;
	if (of == OF_STORY && profile_unwatched(p, POINT_EXTENSION))
		return DOUBT_GAP;
	if ((of == OF_RUNS && profile_unwatched(p, POINT_RUN)) ||
	    (of == OF_MESSAGES && profile_unwatched(p, POINT_CONSOLE)))
		return DOUBT_GAP;
	return !w && p->n_rest && of == OF_GUESTS ? DOUBT_ROOM : DOUBT_NONE;
}

char *diff_reason(struct diff *d, enum doubt old, enum doubt new)
{
	char *first = old ? diff_text(d, doubts[old], "OLD") : NULL;
	char *second = new ? diff_text(d, doubts[new], "NEW") : NULL;
	char *both;

	if (!first || !second)
		return first ? first : second;
	both = diff_text(d, "%s, and %s", first, second);
	free(first);
	free(second);
	return both;
}

/* ------------------------------------------------------------------ results */

struct diff_result *diff_new_result(struct diff *d, const char *name, const char *title,
				    enum diff_shape shape)
{
	struct diff_result *r = diff_grow(d, &d->results, &d->n, &d->room, sizeof(*r));

	if (!r)
		return NULL;
	r->name = name;
	r->title = title;
	r->shape = shape;
	r->trend = TREND_OTHER;
	return r;
}

/* Of two sorted lists: what the other one has not. Returns how many. */
static size_t mark_alone(struct diff_value *a, struct diff_value *b)
{
	size_t i = 0, k = 0, n = 0;

	while (i < a->n) {
		int order = k < b->n ? strcmp(a->words[i].text, b->words[k].text) : -1;

		if (order > 0) {
			k++;
			continue;
		}
		a->words[i].alone = order < 0;
		n += order < 0;
		i++;
	}
	return n;
}

static void mark_doubtful(struct diff_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		v->words[i].doubtful = v->words[i].alone;
}

static bool has_certain(const struct diff_value *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->words[i].alone && !v->words[i].doubtful)
			return true;
	return false;
}

/*
 * What is in one of them alone is a difference where the other would have been seen to have it.
 * whole: and where it was seen whole itself, for a part of it would be another word.
 */
void diff_decide(struct diff *d, struct diff_result *r, enum doubt old, enum doubt new, bool whole)
{
	size_t gone = mark_alone(&r->old, &r->new), added = mark_alone(&r->new, &r->old);

	if (new || (whole && old))
		mark_doubtful(&r->old);
	if (old || (whole && new))
		mark_doubtful(&r->new);
	if (has_certain(&r->old) || has_certain(&r->new)) {
		r->outcome = DIFF_CHANGED;
		return;
	}
	if (!gone && !added && !diff_hides_all(old) && !diff_hides_all(new))
		return;
	r->outcome = DIFF_UNDECIDED;
	if (gone || added)
		r->why = diff_reason(d, added || whole ? old : DOUBT_NONE,
				     gone || whole ? new : DOUBT_NONE);
	else
		r->why = diff_reason(d, diff_hides_all(old) ? old : DOUBT_NONE,
				     diff_hides_all(new) ? new : DOUBT_NONE);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct diff_word *)a)->text, ((const struct diff_word *)b)->text);
}

void diff_sort_words(struct diff_value *v)
{
	if (v->n)
		qsort(v->words, v->n, sizeof(*v->words), by_text);
}
