/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a person wants to see of a trace or a recording: --guest, --cause, --mode, --since and
 * --until, with the values and patterns of a rule's filters. Each of them is such a filter.
 *
 * There are two kinds, which allow different claims (diagnosis/event.h):
 *
 * - --guest chooses VMs. A VM that was chosen has all of its events.
 * - The others choose events. A VM then has a part of its events, so nothing is said that
 *   rests on what is missing: no story, no sentence at a VM's end, no totals but of what is shown.
 *
 * For check they become filters of each rule, whose text then says so, and a rule that cannot have
 * them is refused. Rules that are about the trace itself, as lost=0 is, stay as they are. One that
 * is about what these filters leave out is not tested.
 */
#ifndef COMPATCAPS_VIEW_H
#define COMPATCAPS_VIEW_H

#include "check/rules.h"
#include "check/values.h"
#include "diagnosis/event.h"
#include "lib/parse.h"

enum view_by { VIEW_GUEST, VIEW_CAUSE, VIEW_MODE, VIEW_SINCE, VIEW_UNTIL, VIEW_BYS };

#define VIEW_TEXT_LEN 2048 /* of all of them */

#define VIEW_SEEN_MAX 8

/* What there was, until something matched. */
struct view_seen {
	bool matched;
	char *names[VIEW_SEEN_MAX];
	size_t n;
	bool more;
};

/* All 0 at its beginning. */
struct view {
	struct rule rules[VIEW_SINCE];	/* that have the filter; n_filters 0: not given */
	char *filters[VIEW_BYS];	/* as a rule has it: "guest=db1"; NULL: not given */
	struct parse_moment moments[2]; /* of since and until */
	char text[VIEW_TEXT_LEN];	/* as options, escaped, for people */
	struct view_seen seen[VIEW_SINCE];
	struct values values;
	struct value_path paths[VIEW_SINCE];
	uint64_t since, until;	    /* of the trace that is being told */
	uint64_t first_ns, last_ns; /* of all that was seen, on CLOCK_REALTIME */
	bool in_time;		    /* some of it was of the time that is asked for */
	bool matched;		    /* something that view_see() saw is what is asked for */
	struct session_filter filter;
};

/* "guest", as options and rules call it; of times "since". */
const char *view_name(enum view_by by);

/* What an option says. false: why is a clause that can follow a colon. */
bool view_set(struct view *v, enum view_by by, const char *arg, char *why, size_t len);
void view_free(struct view *v);

/* The first that chooses events, not VMs; VIEW_BYS: there is none. */
enum view_by view_of_events(const struct view *v);

/*
 * Once all options are known: v->filter is what a session is to leave out. false: no memory. From
 * here on *v must not be moved.
 */
bool view_begin(struct view *v);

/* --until in a trace that begins at this time, both on CLOCK_REALTIME; 0: it is not given. */
uint64_t view_until(const struct view *v, uint64_t beginning_ns);

/* For a verb that has no session with this filter: what there is, and whether any of it matches. */
void view_see(struct view *v, const struct event *e);

/* The same on the way to another session_out. */
struct view_on_the_way {
	struct view *view;
	void (*event)(const struct event *e, void *ctx);
	void *ctx;
};

void view_event(const struct event *e, void *on_the_way);

/*
 * A filter that nothing of what has been read matches, and what there was instead: a sentence, to
 * be freed. NULL: there is none.
 */
char *view_unmatched(const struct view *v);

/* Each rule gets these filters; *skipped: rules about others, which go. false: why says which one
 * cannot, and for what reason. */
bool view_narrow(const struct view *v, struct rules *rules, size_t *skipped, char *why, size_t len);

#endif /* COMPATCAPS_VIEW_H */
