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

#include "kvm/create_vm.h"

#define SHARED	    "/dev/shm/soak"
#define TICK_MS	    50
#define LATE_MS	    120000 /* for what takes a moment, on a machine that does much else */
#define CALLS_LEAST 100	   /* however slow the machine is */
#define ROUND_MS    20000

extern char **environ;

static struct {
	uint64_t seconds, seed, spoil;
	const char *method;
	const char *round, *without; /* NULL: all of them, without none */
} opt = { .seconds = 60, .method = "auto" };

struct shared *soak_shared;
struct sums soak_sums;

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

/* A kernel that looks for its own faults is slow: vmtest knows which. */
static uint64_t late_ms(void)
{
	const char *times = getenv("patience");

	return LATE_MS * (times ? strtoull(times, NULL, 10) : 1);
}

bool soak_one_in(struct round *r, uint64_t n)
{
	return !soak_below(&r->random, n);
}

void __attribute__((format(printf, 2, 3))) soak_fail(struct round *r, const char *format, ...)
{
	va_list args;

	printf("  FAILED: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	r->failed++;
}

bool soak_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

pid_t soak_spawn(char *const args[], posix_spawn_file_actions_t *files)
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

uint64_t soak_field_kb(const char *path, const char *key)
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
	pid = soak_spawn(args, NULL);
	/* Without memory later. */
	r->workers[i] = pid > 0 ? pid : 0;
	r->paused[i] = false;
}

static void start_workers(struct round *r)
{
	soak_shared->stop = false;
	for (size_t i = 0; i < SOAK_WORKERS; i++)
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
		for (size_t i = 0; i < SOAK_WORKERS; i++)
			if (pid == r->workers[i])
				r->workers[i] = 0;
	}
	for (size_t i = 0; again && i < SOAK_WORKERS; i++)
		if (!r->workers[i])
			start_worker(r, i);
	return pid == 0;
}

static void signal_workers(struct round *r, int sig)
{
	for (size_t i = 0; i < SOAK_WORKERS; i++)
		if (r->workers[i])
			kill(r->workers[i], sig);
}

/* Orphans of those who were killed are in the workers' cgroup as well. */
static bool somebody_works(const struct round *r)
{
	int fd = open(SOAK_CGROUP "/cgroup.procs", O_RDONLY | O_CLOEXEC);
	bool some = r->hog;
	char byte;

	for (size_t i = 0; i < SOAK_WORKERS; i++)
		some |= r->workers[i] != 0;
	some |= read(fd, &byte, 1) > 0;
	close(fd);
	return some;
}

static void end_workers(struct round *r)
{
	uint64_t late = now_ms() + late_ms();

	soak_shared->stop = true;
	signal_workers(r, SIGCONT);
	for (reap(r, false); somebody_works(r); reap(r, false)) {
		if (now_ms() > late) {
			soak_fail(r, "who calls does not end");
			soak_write(SOAK_CGROUP "/cgroup.kill", "1");
			late += late_ms();
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
	*t = (struct tracer){ .spawned = *soak_shared };
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ends[1], 1);
	posix_spawn_file_actions_addopen(&files, 2, SOAK_SAID, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	t->pid = soak_spawn(args, &files);
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
	uint64_t late = now_ms() + late_ms();
	struct tracer *t = &r->tracer;

	while (stream_is_watching(&t->stream) != watching) {
		reap(r, !soak_shared->stop);
		if (!t->pid || now_ms() > late) {
			soak_fail(r, "the tracer %s",
				  t->pid ? "does not begin or let go" : "ended by itself");
			return false;
		}
		usleep(2000);
	}
	if (watching && !t->watched)
		t->attached = *soak_shared;
	t->watched |= watching;
	return true;
}

/* It may sleep, or be about to be killed for the lack of memory. */
static void await_tracer(struct round *r)
{
	uint64_t late = now_ms() + late_ms();
	struct tracer *t = &r->tracer;

	for (reap(r, !soak_shared->stop); t->pid; reap(r, !soak_shared->stop)) {
		if (now_ms() > late) {
			soak_fail(r, "the tracer does not end");
			kill(t->pid, SIGKILL);
			late += late_ms();
		}
		usleep(2000);
	}
	stream_await_end(&t->stream);
}

/* ------------------------------------------------------------------ rounds */

/* All as it was. */
static void calm(struct round *r)
{
	if (r->cpu == CPU_GONE)
		soak_plug_cpu(r);
	if (r->tracer.stopped)
		soak_pause_tracer(r);
	for (size_t i = 0; i < SOAK_WORKERS; i++)
		r->paused[i] = false;
	signal_workers(r, SIGCONT);
}

/* false: the tracer has ended by itself. */
static bool go_on(struct round *r, uint64_t ms, void (*what)(struct round *r))
{
	const struct calls *calls = &soak_shared->calls[NEGOTIATIONS];
	uint64_t until = now_ms() + ms, enough = calls->done + CALLS_LEAST;

	while (now_ms() < until || (calls->done < enough && now_ms() < until + late_ms())) {
		reap(r, true);
		if (!r->tracer.pid) {
			soak_fail(r, "the tracer ended by itself");
			return false;
		}
		what(r);
		usleep(TICK_MS * 1000);
	}
	return true;
}

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
	t->ending = *soak_shared;
	if (t->pid)
		kill(t->pid, SIGINT);
	await_tracer(r);
	if (t->stream.unwatched)
		soak_fail(r, "a function was not watched for a while");
	soak_check_tracer(r);
}

static void take_sample(struct round *r)
{
	char path[48];
	struct sample *s = &r->samples[r->n_samples];

	if (soak_one_in(r, 5))
		soak_kill_worker(r);
	if (r->n_samples == SOAK_SAMPLES)
		return;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", r->tracer.pid);
	s->lines = r->tracer.stream.lines;
	s->vms = soak_shared->vms;
	s->rss = soak_field_kb(path, "Rss:");
	r->n_samples += s->rss > 0;
}

static void round_steady(struct round *r, uint64_t ms)
{
	round_alone(r, ms, take_sample);
	soak_check_rss(r);
}

static void round_storm(struct round *r, uint64_t ms)
{
	round_alone(r, ms, soak_disturb);
}

/* Tracers come and go while others call: what they tell of lies between two sums. */
static void round_restart(struct round *r, uint64_t ms)
{
	static const int signals[] = { SIGKILL, SIGINT, SIGTERM, SIGHUP };
	uint64_t until = now_ms() + ms;
	struct tracer *t = &r->tracer;

	start_workers(r);
	do {
		int sig = signals[soak_below(&r->random, 4)];
		bool on;

		start_tracer(r, false);
		on = await_watching(r, true) &&
		     go_on(r, 500 + soak_below(&r->random, 3000), soak_disturb);
		calm(r);
		t->ending = *soak_shared;
		if (t->pid)
			kill(t->pid, on ? sig : SIGKILL);
		await_tracer(r);
		if (on && sig == SIGKILL)
			soak_check_killed(r);
		else if (on)
			soak_check_tracer(r);
	} while (now_ms() < until && !r->failed);
	calm(r);
	end_workers(r);
}

/* The last use of a module may still be on its way. */
static bool unload(void)
{
	uint64_t late = now_ms() + late_ms();

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
		soak_fail(r, "kvm cannot be unloaded and loaded again");
}

static int hold_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = create_vm(kvm, 0);

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
			   go_on(r, 1000 + soak_below(&r->random, 2000), soak_disturb));

		calm(r);
		end_workers(r);
		close(vm);
		if (!on || !await_watching(r, false))
			break;
		reload(r);
	} while (now_ms() < until && !r->failed);
	t->ending = *soak_shared;
	if (t->pid)
		kill(t->pid, SIGINT);
	await_tracer(r);
	soak_check_tracer(r);
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
	*soak_shared = (struct shared){ .stop = true };
	kind->run(r, ms);
	soak_tell(r, now_ms() - began);
	failed = r->failed;
	soak_sums.rounds++;
	soak_sums.tracers += r->tracers;
	soak_sums.killed += r->killed;
	soak_sums.failed += failed;
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
	soak_write("/proc/self/oom_score_adj", "-1000");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	soak_shared = soak_share(SHARED);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--hog"))
		soak_hog();
	if (argc == 5 && !strcmp(argv[1], "--work"))
		soak_work(argv[2], strtoull(argv[3], NULL, 10), atoi(argv[4]));
	opt.seed = now_ms();
	parse(argc, argv);
	prepare();
	if (opt.round)
		play_one(opt.round);
	else
		play_all();
	soak_tell_all();
	return soak_sums.failed ? 1 : 0;
}
