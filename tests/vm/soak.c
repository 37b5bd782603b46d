// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rounds of a tracer under everything that may happen to it: floods, hostile calls, callers that
 * are killed, fork and exec, CPUs that come and go, modules that are loaded again, too little
 * memory, and tracers that sleep, are killed and begin anew. After each round the calls that were
 * made are what the tracer told of, recorded or lost.
 *
 *   soak [--seconds N] [--seed N] [--round NAME] [--method HOW] [--without NAME] [--spoil N]
 *
 * A round's decisions hang on its seed alone, which it prints: --round NAME --seed N repeats it.
 * --spoil drops each N-th line of what a tracer tells, to see that this is noticed. Ends with 0
 * where all rounds came out right, with 1 where one did not, and with 3 where none could be.
 */
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHARED	     "/dev/shm/soak"
#define SAID	     "/tmp/soak.said"
#define WORKERS	     5
#define TICK_MS	     50
#define LATE_MS	     120000 /* for what takes a moment, on a machine that does much else */
#define ROUND_MS     20000
#define SAMPLES	     65536
#define LEFT_FREE_KB 24576
#define RSS_LINES    10000 /* what the tracer remembers of VMs comes first */
#define FLAT_KB	     256 /* by so little RSS may grow from the first part of a round to the last */

extern char **environ;

enum cpu { CPU_THERE, CPU_GONE, CPU_FIXED };

/* RSS in KiB after so many lines. */
struct sample {
	uint64_t lines, rss;
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
	uint64_t seed, random, until, began_ms;
	struct tracer tracer;
	pid_t workers[WORKERS], hog;
	bool paused[WORKERS];
	uint64_t spawned, killed, sleeps, hogs, hotplugs, reloads, drops, tracers;
	enum cpu cpu;
	struct sample samples[SAMPLES];
	size_t n_samples;
	unsigned int failed;
};

static struct {
	uint64_t seconds, seed, spoil;
	const char *method;
	const char *round, *without; /* NULL: all of them, without none */
} opt = { .seconds = 60, .method = "auto" };

static struct shared *shared;
static struct {
	uint64_t calls, told, recorded, lost, vague, cut, lines, rounds, failed, tracers, killed;
} all;

/* ------------------------------------------------------------------ small things */

uint64_t soak_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t soak_below(uint64_t *state, uint64_t n)
{
	return soak_random(state) % n;
}

struct shared *soak_share(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, sizeof(struct shared)))
		at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		fprintf(stderr, "soak: %s: %s\n", path, strerror(errno));
		exit(3);
	}
	close(fd);
	return at;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool one_in(struct round *r, uint64_t n)
{
	return !soak_below(&r->random, n);
}

static void __attribute__((format(printf, 2, 3))) fail(struct round *r, const char *format, ...)
{
	va_list args;

	printf("  FAILED: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	r->failed++;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static pid_t spawn(char *const args[], posix_spawn_file_actions_t *files)
{
	sigset_t none;
	posix_spawnattr_t attr;
	pid_t pid;
	int err;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	err = posix_spawnp(&pid, args[0], files, &attr, args, environ);
	posix_spawnattr_destroy(&attr);
	return err ? -err : pid;
}

static uint64_t field_kb(const char *path, const char *key)
{
	char line[128];
	FILE *f = fopen(path, "re");
	uint64_t kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kb = strtoull(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

/* ------------------------------------------------------------------ workers */

static void start_worker(struct round *r, size_t i)
{
	char seed[24], path[] = SHARED;
	char *args[] = {
		(char *)"/proc/self/exe", (char *)"--work", path, seed, (char *)"-1", NULL
	};
	pid_t pid;

	snprintf(seed, sizeof(seed), "%" PRIu64, r->seed * 1000003 + r->spawned++);
	pid = spawn(args, NULL);
	/* Without memory later. */
	r->workers[i] = pid > 0 ? pid : 0;
	r->paused[i] = false;
}

static void start_workers(struct round *r)
{
	shared->stop = false;
	for (size_t i = 0; i < WORKERS; i++)
		start_worker(r, i);
}

/* Who has ended. Orphans of those who were killed come here as well. false: there is nobody. */
static bool reap(struct round *r, bool again)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == r->tracer.pid) {
			r->tracer.status = status;
			r->tracer.pid = 0;
		} else if (pid == r->hog) {
			r->hog = 0;
		} else {
			r->killed += WIFSIGNALED(status);
		}
		for (size_t i = 0; i < WORKERS; i++)
			if (pid == r->workers[i])
				r->workers[i] = 0;
	}
	for (size_t i = 0; again && i < WORKERS; i++)
		if (!r->workers[i])
			start_worker(r, i);
	return pid == 0;
}

static void signal_workers(struct round *r, int sig)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (r->workers[i])
			kill(r->workers[i], sig);
}

/* Orphans of those who were killed are in the workers' cgroup as well. */
static bool somebody_works(const struct round *r)
{
	int fd = open(SOAK_CGROUP "/cgroup.procs", O_RDONLY | O_CLOEXEC);
	bool some = r->hog;
	char byte;

	for (size_t i = 0; i < WORKERS; i++)
		some |= r->workers[i] != 0;
	some |= read(fd, &byte, 1) > 0;
	close(fd);
	return some;
}

static void end_workers(struct round *r)
{
	uint64_t late = now_ms() + LATE_MS;

	shared->stop = true;
	signal_workers(r, SIGCONT);
	for (reap(r, false); somebody_works(r); reap(r, false)) {
		if (now_ms() > late) {
			fail(r, "who calls does not end");
			write_file(SOAK_CGROUP "/cgroup.kill", "1");
			late += LATE_MS;
		}
		usleep(2000);
	}
}

/* ------------------------------------------------------------------ the tracer */

static void start_tracer(struct round *r, bool release_idle)
{
	struct tracer *t = &r->tracer;
	char *args[] = { (char *)"compatcaps-trace",
			 (char *)"--json",
			 (char *)"--method",
			 (char *)opt.method,
			 release_idle ? (char *)"--release-idle" : NULL,
			 NULL };
	posix_spawn_file_actions_t files;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC)) {
		perror("soak: pipe");
		exit(3);
	}
	*t = (struct tracer){ .spawned = *shared };
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ends[1], 1);
	posix_spawn_file_actions_addopen(&files, 2, SAID, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	t->pid = spawn(args, &files);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	if (t->pid < 0) {
		fprintf(stderr, "soak: compatcaps-trace: %s\n", strerror(-t->pid));
		exit(3);
	}
	stream_read(&t->stream, ends[0], opt.spoil);
	r->tracers++;
}

/* false: it never did. */
static bool await_watching(struct round *r, bool watching)
{
	uint64_t late = now_ms() + LATE_MS;
	struct tracer *t = &r->tracer;

	while (stream_is_watching(&t->stream) != watching) {
		reap(r, !shared->stop);
		if (!t->pid || now_ms() > late) {
			fail(r, "the tracer %s",
			     t->pid ? "does not begin or let go" : "ended by itself");
			return false;
		}
		usleep(2000);
	}
	if (watching && !t->watched)
		t->attached = *shared;
	t->watched |= watching;
	return true;
}

/* It may sleep, or be about to be killed for the lack of memory. */
static void await_tracer(struct round *r)
{
	uint64_t late = now_ms() + LATE_MS;
	struct tracer *t = &r->tracer;

	for (reap(r, !shared->stop); t->pid; reap(r, !shared->stop)) {
		if (now_ms() > late) {
			fail(r, "the tracer does not end");
			kill(t->pid, SIGKILL);
			late += LATE_MS;
		}
		usleep(2000);
	}
	stream_await_end(&t->stream);
}

static void show_said(void)
{
	char line[512];
	FILE *f = fopen(SAID, "re");

	while (f && fgets(line, sizeof(line), f))
		printf("  | %s", line);
	if (f)
		fclose(f);
}

/* ------------------------------------------------------------------ the sums */

static const char *const kind_names[KINDS] = { "negotiations", "asks", "checks", "runs" };

struct bounds {
	uint64_t least, most;
};

/* What this tracer must have met: all that began and ended while it watched. */
static struct bounds bounds_of(const struct tracer *t, enum kind k)
{
	const struct calls *now = &shared->calls[k];
	uint64_t before = t->attached.calls[k].begun, after = t->ending.calls[k].done;

	return (struct bounds){ after > before ? after - before : 0,
				now->begun - t->spawned.calls[k].done };
}

static void check_kind(struct round *r, enum kind k)
{
	const struct tracer *t = &r->tracer;
	const struct stream *s = &t->stream;
	uint64_t told = s->seen[k] + s->lost[k] + (k == RUNS ? s->repeated : 0);
	struct bounds b = bounds_of(t, k);

	/* The kernel's own counts of what its probes missed do not tell what it was. */
	if (told > b.most || told + s->vague < b.least)
		fail(r,
		     "%s: %" PRIu64 " recorded + %" PRIu64 " lost is not %" PRIu64 " to %" PRIu64
		     " (%" PRIu64 " lost of no known kind)",
		     kind_names[k], told - s->lost[k], s->lost[k], b.least, b.most, s->vague);
	all.recorded += told - s->lost[k];
	all.lost += s->lost[k];
	if (!t->alone)
		return;
	all.calls += b.most;
	all.cut += b.most - b.least;
	all.told += told;
}

/* How they ended is known as well, where nobody called but while it watched. */
static void check_failed(struct round *r, enum kind k)
{
	const struct tracer *t = &r->tracer;
	const struct stream *s = &t->stream;
	uint64_t told = s->failed[k] + s->lost_failed[k];
	uint64_t failed = shared->calls[k].failed - t->spawned.calls[k].failed;
	struct bounds b = bounds_of(t, k);

	if (told > failed + (b.most - b.least) || told + s->lost_unended[k] + s->vague < failed)
		fail(r, "of the %s %" PRIu64 " failed, and it told of %" PRIu64, kind_names[k],
		     failed, told);
}

/* The last line against those before it. */
static void check_end(struct round *r)
{
	const struct stream *s = &r->tracer.stream;

	if (!s->ended || s->cut_off || s->after_end) {
		fail(r, "the stream does not end with its end");
		return;
	}
	if (s->events != s->lines || s->lost_said != s->lost_n)
		fail(r,
		     "the end tells of %" PRIu64 " events and %" PRIu64 " lost, not %" PRIu64
		     " and %" PRIu64,
		     s->events, s->lost_said, s->lines, s->lost_n);
	for (int k = 0; k < KINDS; k++)
		if (s->said[k] != s->seen[k] || (k <= ASKS && s->said_failed[k] != s->failed[k]))
			fail(r, "the end's totals of %s are not what was told", kind_names[k]);
	if (s->said_lost[0] + s->said_lost[1] !=
	    s->lost[NEGOTIATIONS] - s->lost_unended[NEGOTIATIONS])
		fail(r, "the end's lost negotiations are not what was told");
}

static void check_lines(struct round *r)
{
	const struct stream *s = &r->tracer.stream;

	all.lines += s->lines;
	all.vague += s->vague;
	/* Who is killed may leave a torn last line. */
	if (s->broken > !s->ended || s->gaps)
		fail(r, "%" PRIu64 " lines are broken, %" PRIu64 " gaps in seq", s->broken,
		     s->gaps);
}

/* Of all kinds together. */
static void check_all(struct round *r)
{
	const struct stream *s = &r->tracer.stream;
	uint64_t told = s->repeated, most = 0, doubt = 0;

	for (int k = 0; k < KINDS; k++) {
		struct bounds b = bounds_of(&r->tracer, k);

		told += s->seen[k] + s->lost[k];
		most += b.most;
		doubt += b.most - b.least;
	}
	/* No more can be in doubt than those that a killed process was in. */
	if (doubt > r->killed * SOAK_THREADS + shared->stuck)
		fail(r, "%" PRIu64 " calls did not end, where %" PRIu64 " callers were killed",
		     doubt, r->killed + shared->stuck);
	/* What was lost of no known kind is no call twice. */
	if (told + s->vague > most + shared->others)
		fail(r,
		     "%" PRIu64 " told of and %" PRIu64
		     " lost of no known kind are more than %" PRIu64 " calls and %" PRIu64
		     " others",
		     told, s->vague, most, shared->others);
}

/* One that had time to end. */
static void check_tracer(struct round *r)
{
	const struct tracer *t = &r->tracer;
	unsigned int before = r->failed;

	check_lines(r);
	check_end(r);
	if (!WIFEXITED(t->status) || WEXITSTATUS(t->status))
		fail(r, "the tracer ended with wait status 0x%x", t->status);
	for (int k = 0; k < KINDS; k++) {
		check_kind(r, k);
		if (t->alone && k <= ASKS)
			check_failed(r, k);
	}
	if (t->alone)
		check_all(r);
	if (r->failed > before)
		show_said();
}

/* One that was killed: it cannot have told of more than there was. */
static void check_killed(struct round *r)
{
	const struct stream *s = &r->tracer.stream;

	check_lines(r);
	for (int k = 0; k < KINDS; k++)
		if (s->seen[k] + s->lost[k] > bounds_of(&r->tracer, k).most)
			fail(r, "more %s were told of than there were", kind_names[k]);
}

/* ------------------------------------------------------------------ disturbances */

static void kill_worker(struct round *r)
{
	size_t i = soak_below(&r->random, WORKERS);

	if (r->workers[i])
		kill(r->workers[i], SIGKILL);
}

static void pause_worker(struct round *r)
{
	size_t i = soak_below(&r->random, WORKERS);

	r->paused[i] = !r->paused[i];
	if (r->workers[i])
		kill(r->workers[i], r->paused[i] ? SIGSTOP : SIGCONT);
}

static void pause_tracer(struct round *r)
{
	if (!r->tracer.pid)
		return;
	r->tracer.stopped = !r->tracer.stopped;
	r->sleeps += r->tracer.stopped;
	kill(r->tracer.pid, r->tracer.stopped ? SIGSTOP : SIGCONT);
}

static void plug_cpu(struct round *r)
{
	if (r->cpu == CPU_FIXED ||
	    !write_file("/sys/devices/system/cpu/cpu1/online", r->cpu == CPU_GONE ? "1" : "0"))
		return;
	r->cpu = r->cpu == CPU_GONE ? CPU_THERE : CPU_GONE;
	r->hotplugs++;
}

/* Takes what memory there is, keeps it for a moment, and is who is killed where there is none. */
static void __attribute__((noreturn)) hog(void)
{
	uint64_t kb = field_kb("/proc/meminfo", "MemAvailable:");
	char *at;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	write_file("/proc/self/oom_score_adj", "1000");
	kb = kb > LEFT_FREE_KB ? kb - LEFT_FREE_KB : 0;
	at = mmap(NULL, kb << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (uint64_t i = 0; at != MAP_FAILED && i < kb << 10; i += 4096)
		at[i] = 1;
	usleep(300000);
	_exit(0);
}

static void start_hog(struct round *r)
{
	char *args[] = { (char *)"/proc/self/exe", (char *)"--hog", NULL };
	pid_t pid = r->hog ? 0 : spawn(args, NULL);

	if (pid <= 0)
		return;
	r->hog = pid;
	r->hogs++;
}

static void drop_caches(struct round *r)
{
	r->drops += write_file("/proc/sys/vm/drop_caches", "3");
}

static const struct disturbance {
	void (*disturb)(struct round *r);
	uint64_t one_in; /* ticks */
} disturbances[] = {
	{ kill_worker, 3 }, { pause_worker, 10 }, { pause_tracer, 20 },
	{ plug_cpu, 15 },   { start_hog, 40 },	  { drop_caches, 30 },
};

static void disturb(struct round *r)
{
	for (size_t i = 0; i < sizeof(disturbances) / sizeof(disturbances[0]); i++)
		if (one_in(r, disturbances[i].one_in))
			disturbances[i].disturb(r);
}

/* All as it was. */
static void calm(struct round *r)
{
	if (r->cpu == CPU_GONE)
		plug_cpu(r);
	if (r->tracer.stopped)
		pause_tracer(r);
	for (size_t i = 0; i < WORKERS; i++)
		r->paused[i] = false;
	signal_workers(r, SIGCONT);
}

/* false: the tracer has ended by itself. */
static bool go_on(struct round *r, uint64_t ms, void (*what)(struct round *r))
{
	uint64_t until = now_ms() + ms;

	while (now_ms() < until) {
		reap(r, true);
		if (!r->tracer.pid) {
			fail(r, "the tracer ended by itself");
			return false;
		}
		what(r);
		usleep(TICK_MS * 1000);
	}
	return true;
}

/* ------------------------------------------------------------------ rounds */

/* The tracer is there before the first call, and until after the last one: the sum is exact. */
static void round_alone(struct round *r, uint64_t ms, void (*what)(struct round *r))
{
	struct tracer *t = &r->tracer;

	start_tracer(r, false);
	t->alone = true;
	if (await_watching(r, true)) {
		start_workers(r);
		go_on(r, ms, what);
	}
	calm(r);
	end_workers(r);
	t->ending = *shared;
	if (t->pid)
		kill(t->pid, SIGINT);
	await_tracer(r);
	if (t->stream.unwatched)
		fail(r, "a function was not watched for a while");
	check_tracer(r);
}

static void take_sample(struct round *r)
{
	char path[48];
	struct sample *s = &r->samples[r->n_samples];

	if (one_in(r, 5))
		kill_worker(r);
	if (r->n_samples == SAMPLES)
		return;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", r->tracer.pid);
	s->lines = r->tracer.stream.lines;
	s->rss = field_kb(path, "Rss:");
	r->n_samples += s->rss > 0;
}

/* The most of RSS in some hundredths of the samples. */
static uint64_t most_rss(const struct round *r, size_t from, size_t to)
{
	uint64_t most = 0;

	for (size_t i = r->n_samples * from / 100; i < r->n_samples * to / 100; i++)
		if (r->samples[i].rss > most)
			most = r->samples[i].rss;
	return most;
}

static void check_rss(struct round *r)
{
	uint64_t first = most_rss(r, 10, 30), last = most_rss(r, 80, 100), lines = 0;

	if (r->n_samples)
		lines = r->samples[r->n_samples - 1].lines - r->samples[r->n_samples / 10].lines;
	printf("  RSS: %" PRIu64 " KiB at first, %" PRIu64 " KiB %" PRIu64 " lines later%s\n",
	       first, last, lines, lines < RSS_LINES ? ", which is too early to judge" : "");
	if (lines >= RSS_LINES && (!first || !last || last > first + FLAT_KB))
		fail(r, "RSS is not flat");
}

static void round_steady(struct round *r, uint64_t ms)
{
	round_alone(r, ms, take_sample);
	check_rss(r);
}

static void round_storm(struct round *r, uint64_t ms)
{
	round_alone(r, ms, disturb);
}

/* Tracers come and go while others call: what they tell of lies between two sums. */
static void round_restart(struct round *r, uint64_t ms)
{
	static const int signals[] = { SIGKILL, SIGINT, SIGTERM, SIGHUP };
	uint64_t until = now_ms() + ms;
	struct tracer *t = &r->tracer;

	start_workers(r);
	while (now_ms() < until && !r->failed) {
		int sig = signals[soak_below(&r->random, 4)];
		bool on;

		start_tracer(r, false);
		on = await_watching(r, true) &&
		     go_on(r, 500 + soak_below(&r->random, 3000), disturb);
		calm(r);
		t->ending = *shared;
		if (t->pid)
			kill(t->pid, on ? sig : SIGKILL);
		await_tracer(r);
		if (on && sig == SIGKILL)
			check_killed(r);
		else if (on)
			check_tracer(r);
	}
	calm(r);
	end_workers(r);
}

/* The last use of a module may still be on its way. */
static bool unload(void)
{
	uint64_t late = now_ms() + LATE_MS;

	while (system(
		"rmmod kvm_hv 2>/dev/null; rmmod kvm 2>/dev/null; [ ! -e /sys/module/kvm ]")) {
		if (now_ms() > late)
			return false;
		usleep(100000);
	}
	return true;
}

static void reload(struct round *r)
{
	if (unload() && !system("modprobe kvm-hv"))
		r->reloads++;
	else
		fail(r, "kvm cannot be unloaded and loaded again");
}

static int hold_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = ioctl(kvm, KVM_CREATE_VM, 0ul);

	close(kvm);
	return vm;
}

/* Modules are loaded again under one tracer, which lets them go while there is no VM. */
static void round_reload(struct round *r, uint64_t ms)
{
	uint64_t until = now_ms() + ms;
	struct tracer *t = &r->tracer;

	start_tracer(r, true);
	t->alone = true;
	do {
		int vm = hold_vm();
		bool on = vm >= 0 && await_watching(r, true) &&
			  (start_workers(r),
			   go_on(r, 1000 + soak_below(&r->random, 2000), disturb));

		calm(r);
		end_workers(r);
		close(vm);
		if (!on || !await_watching(r, false))
			break;
		reload(r);
	} while (now_ms() < until && !r->failed);
	t->ending = *shared;
	if (t->pid)
		kill(t->pid, SIGINT);
	await_tracer(r);
	check_tracer(r);
}

static const struct kind_of_round {
	const char *name;
	void (*run)(struct round *r, uint64_t ms);
} kinds_of_round[] = {
	{ "steady", round_steady },
	{ "storm", round_storm },
	{ "restart", round_restart },
	{ "reload", round_reload },
};

#define N_KINDS (sizeof(kinds_of_round) / sizeof(kinds_of_round[0]))

static void tell_losses(const struct stream *s)
{
	printf("  lost:");
	for (int i = 0; i < STREAM_REASONS; i++)
		if (s->by_reason[i])
			printf(" %s %" PRIu64, stream_reasons[i], s->by_reason[i]);
	printf("%s\n", s->lost_n ? "" : " nothing");
}

/* Of a round with several tracers what the last one told of. */
static void tell(const struct round *r, uint64_t ms)
{
	const struct stream *s = &r->tracer.stream;

	printf("%s %s --seed %" PRIu64 ": %" PRIu64 " s, %" PRIu64 " tracers, %" PRIu64 " lines\n",
	       r->failed ? "FAILED" : "ok", r->name, r->seed, ms / 1000, r->tracers, s->lines);
	printf("  recorded+lost:");
	for (int k = 0; k < KINDS; k++)
		printf(" %s %" PRIu64 "+%" PRIu64, kind_names[k], s->seen[k], s->lost[k]);
	printf("\n");
	tell_losses(s);
	printf("  callers: %" PRIu64 " started, %" PRIu64 " killed, %" PRIu64 " stuck, %" PRIu64
	       " forks, %" PRIu64 " execs, %" PRIu64 " threads, %" PRIu64 " VMs, %" PRIu64
	       " other calls\n",
	       r->spawned, r->killed, shared->stuck, shared->forks, shared->execs, shared->threads,
	       shared->vms, shared->others);
	printf("  host: %" PRIu64 " CPU hotplugs, %" PRIu64 " module reloads, %" PRIu64
	       " memory hogs, %" PRIu64 " caches dropped; tracer: %" PRIu64 " sleeps\n",
	       r->hotplugs, r->reloads, r->hogs, r->drops, r->sleeps);
	fflush(stdout);
}

static void tell_all(void)
{
	printf("%s: %" PRIu64 " rounds, %" PRIu64 " failed, with %" PRIu64 " tracers and %" PRIu64
	       " callers that were killed\n",
	       all.failed ? "FAILED" : "ok", all.rounds, all.failed, all.tracers, all.killed);
	printf("calls while one tracer watched: %" PRIu64 " to %" PRIu64 " made, %" PRIu64
	       " told of\n",
	       all.calls - all.cut, all.calls, all.told);
	printf("in all: %" PRIu64 " calls recorded, %" PRIu64 " lost, %" PRIu64
	       " lost of no known kind; %" PRIu64 " lines\n",
	       all.recorded, all.lost, all.vague, all.lines);
}

/* Returns whether it failed. */
static bool play(const struct kind_of_round *kind, uint64_t seed, uint64_t ms)
{
	struct round *r = calloc(1, sizeof(*r));
	uint64_t began = now_ms();
	bool failed;

	if (!r)
		exit(3);
	r->name = kind->name;
	r->seed = r->random = seed;
	r->cpu = access("/sys/devices/system/cpu/cpu1/online", W_OK) ? CPU_FIXED : CPU_THERE;
	*shared = (struct shared){ .stop = true };
	kind->run(r, ms);
	tell(r, now_ms() - began);
	failed = r->failed;
	all.rounds++;
	all.tracers += r->tracers;
	all.killed += r->killed;
	all.failed += failed;
	free(r);
	return failed;
}

/* A long one first, and then short ones in turn until the time is over. */
static void play_all(void)
{
	uint64_t until = now_ms() + opt.seconds * 1000, random = opt.seed;
	uint64_t ms = opt.seconds * 1000 / 8 < ROUND_MS ? opt.seconds * 1000 / 8 : ROUND_MS;

	play(&kinds_of_round[0], soak_random(&random), opt.seconds * 400);
	for (size_t i = 1; i < N_KINDS || now_ms() + ms / 2 < until; i++) {
		const struct kind_of_round *kind = &kinds_of_round[1 + (i - 1) % (N_KINDS - 1)];
		uint64_t seed = soak_random(&random);

		if (!opt.without || strcmp(opt.without, kind->name))
			play(kind, seed, ms);
		else if (i < N_KINDS)
			printf("left out: %s, which this machine cannot do\n", kind->name);
	}
}

static void play_one(const char *name)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (strcmp(name, kinds_of_round[i].name))
			continue;
		play(&kinds_of_round[i], opt.seed, opt.seconds * 1000);
		return;
	}
	fprintf(stderr, "soak: there is no round '%s': steady, storm, restart, reload\n", name);
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "round", required_argument, NULL, 'r' },
		{ "method", required_argument, NULL, 'm' },
		{ "spoil", required_argument, NULL, 'x' },
		{ "without", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			opt.seconds = strtoull(optarg, NULL, 10);
			break;
		case 's':
			opt.seed = strtoull(optarg, NULL, 10);
			break;
		case 'm':
			opt.method = optarg;
			break;
		case 'x':
			opt.spoil = strtoull(optarg, NULL, 10);
			break;
		case 'w':
			opt.without = optarg;
			break;
		case 'r':
			opt.round = optarg;
			break;
		default:
			exit(2);
		}
	}
}

static void prepare(void)
{
	mkdir(SOAK_CGROUP, 0755);
	if (access(SOAK_CGROUP "/cgroup.procs", W_OK)) {
		fprintf(stderr, "soak: " SOAK_CGROUP ": %s\n", strerror(errno));
		exit(3);
	}
	write_file("/proc/self/oom_score_adj", "-1000");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	shared = soak_share(SHARED);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--hog"))
		hog();
	if (argc == 5 && !strcmp(argv[1], "--work"))
		soak_work(argv[2], strtoull(argv[3], NULL, 10), atoi(argv[4]));
	opt.seed = now_ms();
	parse(argc, argv);
	prepare();
	if (opt.round)
		play_one(opt.round);
	else
		play_all();
	tell_all();
	return all.failed ? 1 : 0;
}
