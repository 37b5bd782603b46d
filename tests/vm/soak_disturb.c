// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What happens to a tracer, to those who call, and to the host that they are on. */
#include "soak.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LEFT_FREE_KB 24576

void soak_kill_worker(struct round *r)
{
	size_t i = soak_below(&r->random, SOAK_WORKERS);

	if (r->workers[i])
		kill(r->workers[i], SIGKILL);
}

static void pause_worker(struct round *r)
{
	size_t i = soak_below(&r->random, SOAK_WORKERS);

	r->paused[i] = !r->paused[i];
	if (r->workers[i])
		kill(r->workers[i], r->paused[i] ? SIGSTOP : SIGCONT);
}

void soak_pause_tracer(struct round *r)
{
	if (!r->tracer.pid)
		return;
	r->tracer.stopped = !r->tracer.stopped;
	r->sleeps += r->tracer.stopped;
	kill(r->tracer.pid, r->tracer.stopped ? SIGSTOP : SIGCONT);
}

void soak_plug_cpu(struct round *r)
{
	if (r->cpu == CPU_FIXED ||
	    !soak_write("/sys/devices/system/cpu/cpu1/online", r->cpu == CPU_GONE ? "1" : "0"))
		return;
	r->cpu = r->cpu == CPU_GONE ? CPU_THERE : CPU_GONE;
	r->hotplugs++;
}

/* Takes what memory there is, keeps it for a moment, and is who is killed where there is none. */
void __attribute__((noreturn)) soak_hog(void)
{
	uint64_t kb = soak_field_kb("/proc/meminfo", "MemAvailable:");
	char *at;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	soak_write("/proc/self/oom_score_adj", "1000");
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
	pid_t pid = r->hog ? 0 : soak_spawn(args, NULL);

	if (pid <= 0)
		return;
	r->hog = pid;
	r->hogs++;
}

static void drop_caches(struct round *r)
{
	r->drops += soak_write("/proc/sys/vm/drop_caches", "3");
}

static const struct disturbance {
	void (*disturb)(struct round *r);
	uint64_t one_in; /* ticks */
} disturbances[] = {
	{ soak_kill_worker, 3 }, { pause_worker, 10 }, { soak_pause_tracer, 20 },
	{ soak_plug_cpu, 15 },	 { start_hog, 40 },    { drop_caches, 30 },
};

void soak_disturb(struct round *r)
{
	for (size_t i = 0; i < sizeof(disturbances) / sizeof(disturbances[0]); i++)
		if (soak_one_in(r, disturbances[i].one_in))
			disturbances[i].disturb(r);
}
