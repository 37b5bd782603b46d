/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the parts of the soak share: soak.c has the rounds, soak_calls.c the processes that call,
 * soak_stream.c what the tracer told.
 */
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SOAK_CGROUP  "/sys/fs/cgroup/soak" /* of all who call */
#define SOAK_THREADS 4			   /* at most, of one of them */

/* Calls that a tracer has to tell of, each of them. */
enum kind { NEGOTIATIONS, ASKS, CHECKS, RUNS, KINDS };

/*
 * Counted around each call by whoever makes it, in memory that outlives him. One who is killed
 * may have begun a call or not: by so much begun is more than done.
 */
struct calls {
	uint64_t begun, done, failed; /* failed: of those done */
};

struct shared {
	struct calls calls[KINDS];
	uint64_t others; /* calls of KVM that no tracer is to tell of */
	uint64_t vms, forks, execs, threads;
	uint64_t stuck; /* killed in a call that would not have ended */
	bool stop;	/* who works ends after the call that it is in */
};

/* The same numbers for the same seed. */
uint64_t soak_random(uint64_t *state);
uint64_t soak_below(uint64_t *state, uint64_t n);

/* Calls in every right and wrong way until it is told to stop. foreign: a VM of another process,
 * -1: none. */
void __attribute__((noreturn)) soak_work(const char *path, uint64_t seed, int foreign);

/* The memory that all of them share, at this path. */
struct shared *soak_share(const char *path);

/* The functions without which a call is not seen. */
#define STREAM_FUNCTIONS 4

#define STREAM_REASONS 6
extern const char *const stream_reasons[STREAM_REASONS];

/* What a tracer has told so far: written by a thread that reads it. */
struct stream {
	int fd;
	pthread_t thread;
	uint64_t spoil, arrived; /* each so many-th line is dropped, as if not told; 0: none */
	uint64_t seq;
	volatile uint64_t lines;
	volatile uint64_t seen[KINDS], failed[KINDS];
	volatile unsigned int watched; /* a bit for each function */
	volatile bool traced, ended;
	uint64_t lost[KINDS], lost_failed[KINDS]; /* counted by kind, so each is a call */
	uint64_t lost_unended[KINDS];		  /* of these the ones whose end was not seen */
	uint64_t lost_lines;			  /* of KVM's */
	uint64_t vague;				  /* the kernel's count: what it was nobody knows */
	uint64_t lost_n;			  /* all of it */
	uint64_t by_reason[STREAM_REASONS];
	uint64_t vms, losses;
	/* What may not be. */
	uint64_t broken, gaps, after_end, unwatched;
	/* What the last line says. */
	uint64_t events, lost_said, repeated;
	uint64_t said[KINDS], said_failed[KINDS], said_lost[2];
	bool cut_off;
};

void stream_read(struct stream *s, int fd, uint64_t spoil);
void stream_await_end(struct stream *s);

static inline bool stream_is_watching(const struct stream *s)
{
	return s->watched == (1u << STREAM_FUNCTIONS) - 1;
}

#endif /* SOAK_H */
