/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the parts of the soak share: soak.c has the rounds, soak_calls.c the processes that call,
 * soak_stream.c what the tracer told.
 */
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SOAK_CGROUP  "/sys/fs/cgroup/soak" /* of all who call */
#define SOAK_SAID    "/tmp/soak.said"	   /* what the tracer has to say */
#define SOAK_WORKERS 5
#define SOAK_SAMPLES 65536
#define SOAK_THREADS 4 /* at most, of one of them */

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
	uint64_t vague;				  /* the kernel's count: what it was nobody knows */
	uint64_t lost_n;			  /* all of it */
	uint64_t by_reason[STREAM_REASONS];
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

enum cpu { CPU_THERE, CPU_GONE, CPU_FIXED };

/* RSS in KiB after so many lines and VMs. */
struct sample {
	uint64_t lines, vms, rss;
};

/* One tracer, from its start to its end. */
struct tracer {
	pid_t pid; /* 0: none runs */
	int status;
	struct stream stream;
	struct shared spawned, attached, ending; /* what had been called then */
	bool watched;				 /* attached is set */
	bool alone; /* nobody called before it watched, nor when it ended */
	bool stopped;
};

/* What is going on in a round. */
struct round {
	const char *name;
	uint64_t seed, random;
	struct tracer tracer;
	pid_t workers[SOAK_WORKERS], hog;
	bool paused[SOAK_WORKERS];
	uint64_t spawned, killed, sleeps, hogs, hotplugs, reloads, drops, tracers;
	enum cpu cpu;
	struct sample samples[SOAK_SAMPLES];
	size_t n_samples;
	unsigned int failed;
};

/* Of all rounds; what one tracer alone watched is exact. */
struct sums {
	uint64_t calls, cut, told; /* that were begun, of these in doubt, told of by one alone */
	uint64_t recorded, lost, vague, lines, rounds, failed, tracers, killed;
};

extern struct shared *soak_shared;
extern struct sums soak_sums;

void __attribute__((format(printf, 2, 3))) soak_fail(struct round *r, const char *format, ...);
bool soak_one_in(struct round *r, uint64_t n);
bool soak_write(const char *path, const char *text);
/* -errno: it could not be started. */
pid_t soak_spawn(char *const args[], posix_spawn_file_actions_t *files);
/* The number after key in a file of the kernel's, or 0. */
uint64_t soak_field_kb(const char *path, const char *key);

/* What may happen to the tracer, to those who call and to the host; some of it, at random. */
void soak_disturb(struct round *r);
void soak_kill_worker(struct round *r);
void soak_pause_tracer(struct round *r);
void soak_plug_cpu(struct round *r);
void __attribute__((noreturn)) soak_hog(void);

/* What it told of against what was called, when it has ended, or has been killed. */
void soak_check_tracer(struct round *r);
void soak_check_killed(struct round *r);
void soak_check_rss(struct round *r);
void soak_tell(const struct round *r, uint64_t ms);
void soak_tell_all(void);

#endif /* SOAK_H */
