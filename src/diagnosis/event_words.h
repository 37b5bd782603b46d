/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An event in the few words that a table or a timeline has room for. */
#ifndef COMPATCAPS_EVENT_WORDS_H
#define COMPATCAPS_EVENT_WORDS_H

#include "diagnosis/event.h"

#define EVENT_RESULT_LEN 16
#define EVENT_WHAT_LEN	 160

/* "query", "check", "ask", "retry", "vm", "lost"; else the name of the type. */
const char *event_word(enum event_type type);

/* Is it fine, worth a note or a failure? */
enum verdict_kind event_kind(const struct event *e);

/* Of a call, a retry and a VM: "ok", "E2BIG", "1", "failed", "ended". Returns buf. */
char *event_result(char buf[EVENT_RESULT_LEN], const struct event *e);

/* The cause and what shows it: "struct-too-new: size 48, kernel 24". Returns buf. */
char *event_what(char buf[EVENT_WHAT_LEN], const struct event *e);

/* What was lost, and how it ended where that was seen: "query E2BIG". Returns buf. */
char *loss_words(char buf[EVENT_RESULT_LEN * 2], uint32_t type, int ret);

/* "12 ns", "3 us", "4.5 ms", "2.0 s", "5 min 10 s", "3 h 20 min". Returns buf. */
char *time_words(char *buf, size_t len, uint64_t ns);

#endif /* COMPATCAPS_EVENT_WORDS_H */
