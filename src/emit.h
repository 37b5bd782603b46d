/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events as they leave the program, and the small interface that every output implements.
 * An output prints to stdout only, one event at a time; a failed write ends the program
 * (out.h).
 */
#ifndef COMPATCAPS_EMIT_H
#define COMPATCAPS_EMIT_H

#include "story.h"

enum event_type {
	EVENT_NEGOTIATION,
	EVENT_EXTENSION,
	EVENT_ARCH_COMPAT,
	EVENT_RETRY,
	EVENT_LOST,
	EVENT_ATTACH,
};

/* ATTACH_SYSCALL: only the system call around the function is watched. */
enum attach_how { ATTACH_ABSENT, ATTACH_FEXIT, ATTACH_KPROBE, ATTACH_SYSCALL, ATTACH_HOWS };

/* "absent", "fexit", "kprobe", "syscall" */
const char *attach_how_name(enum attach_how how);

struct event {
	enum event_type type;
	uint64_t seq;	  /* from 1, without a gap in what was captured */
	uint64_t real_ns; /* CLOCK_REALTIME of the event, not of printing */
	uint64_t mono_ns;
	const struct cc_record *rec; /* NULL: an event of the tracer itself */
	unsigned int vm;	     /* 0: none */
	const char *guest;	     /* the guest's name, or NULL */
	union {
		struct {
			const struct diagnosis *diag;
			const struct host_facts *host;
		} negotiation;
		struct {
			const struct arch_diagnosis *diag;
			const struct offer *offer;
		} arch;
		const struct retry *retry;
		struct {
			uint64_t n;
			const char *where;
		} lost;
		struct {
			const char *func;
			enum attach_how how;
			const char *why; /* for ATTACH_ABSENT, else NULL */
		} attach;
	};
};

struct emit_options {
	bool verbose;
	bool color;
};

struct emitter {
	void (*event)(const struct event *e, const struct emit_options *opt);
};

extern const struct emitter emit_text, emit_json;

#define RFC3339_LEN 40
/* Nanoseconds since the epoch as "2026-11-22T06:00:00.123456789Z". Returns buf. */
char *rfc3339(char buf[RFC3339_LEN], uint64_t real_ns);

#endif /* COMPATCAPS_EMIT_H */
