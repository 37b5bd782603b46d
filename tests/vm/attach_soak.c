// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attach and detach, again and again, beside processes that make VMs and call them, and see that
 * the kernel stays whole (docs/soak.md). A real-time thread moves the callers from CPU to CPU,
 * which preempts them wherever they are: an hour of luck is a minute of this.
 *
 *   attach-soak [--seconds N] [--seed N] [--method NAME[,NAME]...] [--still]
 *
 * --still leaves the callers where they are. A line a method says how often it was attached, how
 * many calls were made, and what the kernel complained of. Ends with 0; with 1 where the kernel
 * complained, at the first complaint; with 2 for usage; with 3 where it could not be tried.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach_soak.skel.h"
#include "kvm/abi.h"
#include "kvm/create_vm.h"

#define BPF_TRACE_FSESSION 58 /* of Linux 7.0 on */
#define CALLERS		   3
#define CALLS_A_VM	   200
#define ROUND_SECONDS	   5
#define MAX_PROGRAMS	   4
#define MAX_WAIT_US	   200000
#define LOG_SIZE	   8192

static const char *const methods[] = { "none",	  "fentry",	"fexit",    "apart",   "session",
				       "pair",	  "tracepoint", "user",	    "ringbuf", "tracer",
				       "tracers", "kprobe",	"kretprobe" };
/* What is known to crash preemptible kernels is tried only where it is named. */
static const char *const by_default =
	"none,fentry,fexit,apart,session,pair,tracepoint,user,ringbuf,tracer,tracers";

struct soak {
	struct attach_soak_bpf *skel;
	pid_t callers[CALLERS];
	volatile uint64_t *calls;
	volatile bool stop;
	bool still;
	uint64_t random;
	int kmsg;
	unsigned int seconds;
	uint64_t seed;
	const char *wanted;
};

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "attach-soak: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A VM, calls of it, one vCPU's KVM_RUN that KVM refuses or leaves at once, and its end. */
static void one_vm(int kvm, volatile uint64_t *calls)
{
	struct kvm_one_reg reg = { .id = ABI_REG_ARCH_COMPAT };
	uint64_t caps[3] = { ABI_SIZE_VER0 };
	uint32_t pvr = 0;
	int vm = create_vm(kvm, 0);
	int vcpu;

	if (vm < 0)
		return;
	reg.addr = (uintptr_t)&pvr;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	for (int i = 0; i < CALLS_A_VM; i++) {
		caps[0] = ABI_SIZE_VER0;
		ioctl(vm, ABI_CMD_MAINLINE, caps);
		ioctl(vcpu, ABI_CMD_SET_ONE_REG, &reg);
		ioctl(vcpu, ABI_CMD_RUN, 0);
		*calls += 3;
	}
	close(vcpu);
	close(vm);
}

static void start_callers(struct soak *s)
{
	for (int i = 0; i < CALLERS; i++) {
		s->callers[i] = fork();
		if (s->callers[i] < 0)
			die("fork");
		if (s->callers[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "caller");
		int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		if (kvm < 0)
			die("/dev/kvm");
		for (;;)
			one_vm(kvm, s->calls + i);
	}
}

static void *move(void *arg)
{
	const struct sched_param fifo = { .sched_priority = 1 };
	struct soak *s = arg;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t random = s->random + 1;
	cpu_set_t set;

	pthread_setschedparam(pthread_self(), SCHED_FIFO, &fifo);
	while (!s->stop) {
		CPU_ZERO(&set);
		CPU_SET(draw(&random, (uint64_t)cpus), &set);
		sched_setaffinity(s->callers[draw(&random, CALLERS)], sizeof(set), &set);
		usleep((useconds_t)(200 + draw(&random, 800)));
	}
	return NULL;
}

static uint64_t calls(const struct soak *s)
{
	uint64_t sum = 0;

	for (int i = 0; i < CALLERS; i++)
		sum += s->calls[i];
	return sum;
}

/* Has the kernel complained since the last look? tests/vm/splats looks at the whole log later. */
static bool complains(struct soak *s, char *line, size_t size)
{
	static const char *const bad[] = { "BUG: ",
					   "WARNING: ",
					   "Oops",
					   "Unable to handle",
					   "scheduling while atomic",
					   "faulthandler_disabled",
					   "stall",
					   "LOCKUP",
					   "bad: scheduling" };
	char record[LOG_SIZE];
	ssize_t n;

	while ((n = read(s->kmsg, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		if (n <= 0)
			continue;
		record[n] = '\0';
		const char *text = strchr(record, ';');
		for (size_t i = 0; text && i < sizeof(bad) / sizeof(*bad); i++) {
			if (!strstr(text, bad[i]))
				continue;
			snprintf(line, size, "%.*s", (int)strcspn(text + 1, "\n"), text + 1);
			return true;
		}
	}
	return false;
}

static void wait_a_while(struct soak *s)
{
	usleep((useconds_t)draw(&s->random, MAX_WAIT_US));
}

static struct bpf_link *attach_one(struct bpf_program *p)
{
	struct bpf_link *link = bpf_program__attach(p);

	if (!link)
		fprintf(stderr, "attach-soak: %s cannot be attached: %s\n", bpf_program__name(p),
			strerror(errno));
	return link;
}

/* One after another and away again, in any order. */
static bool cycle_programs(struct soak *s, const char *method)
{
	struct bpf_link *links[MAX_PROGRAMS] = { NULL };
	struct bpf_program *p;
	size_t n = 0, len = strlen(method);
	bool ok = true;

	bpf_object__for_each_program(p, s->skel->obj) {
		const char *name = bpf_program__name(p);
		if (strncmp(name, method, len) || (name[len] && name[len] != '_'))
			continue;
		links[n] = attach_one(p);
		ok = ok && links[n++];
		wait_a_while(s);
	}
	for (size_t first = n ? draw(&s->random, n) : 0, i = 0; i < n; i++) {
		bpf_link__destroy(links[(first + i) % n]);
		wait_a_while(s);
	}
	return ok;
}

static pid_t start_tracer(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	execlp("compatcaps-trace", "compatcaps-trace", "--method", "fexit", "--json", NULL);
	_exit(127);
}

static bool cycle_tracers(struct soak *s, int n)
{
	pid_t pids[2];
	int status;
	bool ok = true;

	for (int i = 0; i < n; i++) {
		pids[i] = start_tracer();
		if (pids[i] < 0)
			die("fork");
	}
	usleep((useconds_t)(300000 + draw(&s->random, 1500000)));
	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGINT);
		if (waitpid(pids[i], &status, 0) != pids[i])
			status = -1;
		ok = ok && ((WIFEXITED(status) && WEXITSTATUS(status) != 127) ||
			    (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
	}
	return ok;
}

static bool cycle(struct soak *s, const char *method)
{
	if (!strcmp(method, "tracer"))
		return cycle_tracers(s, 1);
	if (!strcmp(method, "tracers"))
		return cycle_tracers(s, 2);
	if (!strcmp(method, "none")) {
		usleep(100000);
		return true;
	}
	return cycle_programs(s, method);
}

/* A round of one method: 0 all is well, else what to end with. */
static int play(struct soak *s, const char *method)
{
	uint64_t until = now_ms() + ROUND_SECONDS * 1000, before = calls(s), cycles = 0;
	char line[256] = "";
	int end = 0;

	do {
		if (complains(s, line, sizeof(line)))
			end = 1;
		else if (!cycle(s, method))
			end = 3;
		else
			cycles++;
	} while (!end && now_ms() < until);
	if (!end && complains(s, line, sizeof(line)))
		end = 1;
	printf("%-10s attached %5" PRIu64 " times, %8" PRIu64 " calls%s%s\n", method, cycles,
	       calls(s) - before, end == 1 ? ", and the kernel says: " : "", line);
	fflush(stdout);
	return end;
}

static bool is_wanted(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	return false;
}

static int soak(struct soak *s)
{
	uint64_t until = now_ms() + s->seconds * 1000ull;
	bool played = false;
	int end = 0;

	while (!end && now_ms() < until) {
		for (size_t i = 0; !end && i < sizeof(methods) / sizeof(*methods); i++) {
			if (!is_wanted(s->wanted, methods[i]) || now_ms() >= until)
				continue;
			played = true;
			end = play(s, methods[i]);
		}
		if (!played) {
			fprintf(stderr, "attach-soak: there is no method '%s'\n", s->wanted);
			return 2;
		}
	}
	return end;
}

static bool parse(struct soak *s, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--still"))
			s->still = true;
		else if (i + 1 == argc)
			return false;
		else if (!strcmp(argv[i], "--seconds"))
			s->seconds = (unsigned int)atoi(argv[++i]);
		else if (!strcmp(argv[i], "--seed"))
			s->seed = strtoull(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--method"))
			s->wanted = argv[++i];
		else
			return false;
	}
	return s->seconds > 0;
}

static struct attach_soak_bpf *load(void)
{
	struct attach_soak_bpf *skel = attach_soak_bpf__open();

	if (!skel)
		return NULL;
	bpf_program__set_expected_attach_type(skel->progs.session, BPF_TRACE_FSESSION);
	if (!attach_soak_bpf__load(skel))
		return skel;
	attach_soak_bpf__destroy(skel);
	return NULL;
}

int main(int argc, char **argv)
{
	struct soak s = { .seconds = 60, .seed = 1, .wanted = by_default };
	pthread_t mover;
	int end;

	if (!parse(&s, argc, argv)) {
		fputs("usage: attach-soak [--seconds N] [--seed N] [--method NAME[,NAME]...] [--still]\n",
		      stderr);
		return 2;
	}
	s.random = s.seed * 0x9e3779b97f4a7c15ull | 1;
	s.calls = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s.kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	s.skel = load();
	if (s.calls == MAP_FAILED || s.kmsg < 0 || !s.skel)
		die("cannot start");
	lseek(s.kmsg, 0, SEEK_END);
	start_callers(&s);
	if (!s.still && pthread_create(&mover, NULL, move, &s))
		die("cannot start the mover");
	end = soak(&s);
	printf("seed %" PRIu64 ": %s\n", s.seed,
	       end == 1 ? "the kernel complained" :
	       end	? "not tried to its end" :
			  "no complaint");
	s.stop = true;
	if (!s.still)
		pthread_join(mover, NULL);
	for (int i = 0; i < CALLERS; i++)
		kill(s.callers[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return end;
}
