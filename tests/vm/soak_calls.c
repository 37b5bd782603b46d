// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who calls: in the right way and in every wrong one that the reference negotiator knows, and some
 * that only a hostile process makes. */
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kvm/abi.h"
#include "kvm/compatcaps.h"

#define BURST	     64 /* right calls in a row, at most */
#define THREAD_CALLS 100
#define STUCK	     16

struct vm {
	int fd, vcpu,
		bare; /* -1: none. bare: one that is no PAPR guest's, which KVM HV does not run */
	unsigned long vcpus;
};

struct worker {
	struct shared *shared;
	const char *path;
	uint64_t random;
	size_t page;
	char *map;   /* a page, and behind it none */
	char *fixed; /* a page that cannot be written */
	char *file;  /* a page of a file */
	int kvm;
	struct vm vm;
};

static uint32_t below(struct worker *w, uint32_t n)
{
	return (uint32_t)soak_below(&w->random, n);
}

/* Who is killed between the counts may have made the call or not. */
static int counted(struct worker *w, enum kind kind, int fd, unsigned long cmd, uint64_t arg)
{
	struct calls *c = &w->shared->calls[kind];
	int ret;

	__atomic_fetch_add(&c->begun, 1, __ATOMIC_SEQ_CST);
	ret = ioctl(fd, cmd, arg);
	if (ret < 0)
		__atomic_fetch_add(&c->failed, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&c->done, 1, __ATOMIC_SEQ_CST);
	return ret;
}

static int uncounted(struct worker *w, int fd, unsigned long cmd, uint64_t arg)
{
	__atomic_fetch_add(&w->shared->others, 1, __ATOMIC_SEQ_CST);
	return ioctl(fd, cmd, arg);
}

/* ------------------------------------------------------------------ VMs */

static void drop_vm(struct worker *w)
{
	int *fds[] = { &w->vm.vcpu, &w->vm.bare, &w->vm.fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	w->vm.vcpus = 0;
}

/* Without memory there is none, and what needs one is not done. */
static bool need_vm(struct worker *w)
{
	if (w->vm.fd < 0) {
		w->vm.fd = uncounted(w, w->kvm, KVM_CREATE_VM, 0);
		__atomic_fetch_add(&w->shared->vms, w->vm.fd >= 0, __ATOMIC_RELAXED);
	}
	return w->vm.fd >= 0;
}

/* In their order: QEMU's hypervisor dies of any other. What may have been made in part is dropped.
 */
static bool need_vcpu(struct worker *w, int *vcpu)
{
	if (*vcpu >= 0)
		return true;
	*vcpu = uncounted(w, w->vm.fd, KVM_CREATE_VCPU, w->vm.vcpus++);
	if (*vcpu >= 0)
		return true;
	drop_vm(w);
	return false;
}

static void make_papr(struct worker *w, int vcpu)
{
#ifdef __powerpc64__
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_sregs sregs;
	unsigned long pvr;

	if (uncounted(w, vcpu, KVM_GET_SREGS, (uintptr_t)&sregs))
		return;
	__asm__("mfspr %0, 287" : "=r"(pvr));
	sregs.pvr = (uint32_t)pvr;
	uncounted(w, vcpu, KVM_SET_SREGS, (uintptr_t)&sregs);
	uncounted(w, vcpu, KVM_ENABLE_CAP, (uintptr_t)&cap);
#else
	(void)w;
	(void)vcpu;
#endif
}

/* ------------------------------------------------------------------ negotiations */

static uint32_t any_command(struct worker *w)
{
	static const uint32_t commands[] = { ABI_CMD_MAINLINE, ABI_CMD_MAINLINE, ABI_CMD_MAINLINE,
					     ABI_CMD_V5,       ABI_CMD_V3,	 ABI_CMD_V1 };

	return commands[below(w, sizeof(commands) / sizeof(commands[0]))];
}

static void fill(char *at, size_t room, uint64_t size, uint64_t flags, uint64_t caps)
{
	uint64_t words[CC_WORDS] = { size, flags, caps };

	memcpy(at, words, room < sizeof(words) ? room : sizeof(words));
}

static void call_right(struct worker *w)
{
	for (uint32_t i = below(w, BURST); i > 0 && !w->shared->stop; i--) {
		fill(w->map, w->page, ABI_SIZE_VER0, 0, 0);
		counted(w, NEGOTIATIONS, w->vm.fd, ABI_CMD_MAINLINE, (uintptr_t)w->map);
	}
}

/* Sizes around the limits, flags and the tail set or not. */
static void call_odd(struct worker *w)
{
	const uint64_t sizes[] = {
		0, 1, 16, 23, 24, 25, 32, 40, 48, 56, w->page, w->page + 1, ~0ull
	};
	uint64_t size = sizes[below(w, sizeof(sizes) / sizeof(sizes[0]))];

	memset(w->map, 0, w->page);
	fill(w->map, w->page, size, below(w, 3) ? 0 : 1ull << below(w, 64), 0);
	if (!below(w, 3))
		w->map[ABI_SIZE_VER0 + below(w, (uint32_t)w->page - ABI_SIZE_VER0)] = 1;
	counted(w, NEGOTIATIONS, w->vm.fd, any_command(w), (uintptr_t)w->map);
}

/* Memory that is not there, ends too early, cannot be written, or was dropped from it. */
static void call_nowhere(struct worker *w)
{
	static const uint32_t rooms[] = { 0, 4, 8, 16, 20, ABI_SIZE_VER0 };
	uint32_t room = rooms[below(w, sizeof(rooms) / sizeof(rooms[0]))];
	char *end = w->map + w->page - room;
	char *const places[] = { end, w->fixed, w->file, (char *)8, (char *)0xc000000000000000ull };
	char *place = places[below(w, sizeof(places) / sizeof(places[0]))];

	if (place == end)
		fill(end, room, below(w, 2) ? 48 : ABI_SIZE_VER0, 0, 0);
	if (place == w->file) {
		fill(place, w->page, ABI_SIZE_VER0, 0, 0);
		madvise(place, w->page, MADV_DONTNEED);
	}
	counted(w, NEGOTIATIONS, w->vm.fd, any_command(w), (uintptr_t)place);
}

/* What a tracer is not to tell of. */
static void call_others(struct worker *w)
{
	fill(w->map, w->page, ABI_SIZE_VER0, 0, 0);
	uncounted(w, w->vm.fd, 0x2000aeff, 0);
	uncounted(w, w->vm.fd, ABI_CMD_MAINLINE ^ 0x10000, (uintptr_t)w->map);
	uncounted(w, w->kvm, ABI_CMD_MAINLINE, (uintptr_t)w->map);
	uncounted(w, w->vm.fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS);
}

static void check(struct worker *w)
{
	counted(w, CHECKS, below(w, 2) ? w->vm.fd : w->kvm, KVM_CHECK_EXTENSION,
		below(w, 4) ? ABI_CAP_PPC_COMPAT_CAPS : ABI_CAP_PPC_COMPAT_CAPS_OLD);
}

/* ------------------------------------------------------------------ vCPUs */

static void ask(struct worker *w)
{
	static const uint32_t pvrs[] = { 0,	     0x0f000003, 0x0f000004, 0x0f000005,
					 0x0f000006, 0x0f000007, 0x0f000008, 0xffffffff };
	uint32_t pvr = pvrs[below(w, sizeof(pvrs) / sizeof(pvrs[0]))];
	struct kvm_one_reg reg = { .id = ABI_REG_ARCH_COMPAT, .addr = (uintptr_t)&pvr };

	bool fresh = w->vm.vcpu < 0;

	if (!need_vcpu(w, &w->vm.vcpu))
		return;
	if (fresh && below(w, 4))
		make_papr(w, w->vm.vcpu);
	counted(w, ASKS, w->vm.vcpu, KVM_SET_ONE_REG, (uintptr_t)&reg);
}

static void run(struct worker *w)
{
	if (!need_vcpu(w, &w->vm.bare))
		return;
	for (uint32_t i = below(w, 4); i > 0; i--)
		counted(w, RUNS, w->vm.bare, KVM_RUN, 0);
}

/* ------------------------------------------------------------------ threads */

struct thread {
	struct worker w;
	pthread_t thread;
	uint64_t words[CC_WORDS];
	volatile bool over;
};

static void *call_along(void *thread)
{
	struct thread *t = thread;

	for (int i = 0; i < THREAD_CALLS && !t->w.shared->stop; i++) {
		fill((char *)t->words, sizeof(t->words), ABI_SIZE_VER0, below(&t->w, 8) == 0, 0);
		counted(&t->w, NEGOTIATIONS, t->w.vm.fd, ABI_CMD_MAINLINE, (uintptr_t)t->words);
	}
	return NULL;
}

/* Changes what the others' calls look at, while they do. */
static void *meddle(void *thread)
{
	struct thread *t = thread;

	while (!t[0].over) {
		t[1].words[0] = soak_below(&t[0].w.random, 64);
		t[1].words[1] = soak_below(&t[0].w.random, 2);
		usleep(20);
	}
	return NULL;
}

/* One VM's threads, of which the first may be one that meddles. */
static void call_in_threads(struct worker *w)
{
	struct thread t[SOAK_THREADS] = { 0 };
	int n = 2 + (int)below(w, SOAK_THREADS - 1), meddles = (int)below(w, 2), began = 0;

	for (; began < n; began++) {
		t[began].w = *w;
		t[began].w.random = w->random + (uint64_t)began + 1;
		if (pthread_create(&t[began].thread, NULL, !began && meddles ? meddle : call_along,
				   &t[began]))
			break;
	}
	for (int i = began - 1; i >= 0; i--) {
		t[0].over = true;
		pthread_join(t[i].thread, NULL);
	}
	soak_random(&w->random);
	__atomic_fetch_add(&w->shared->threads, (uint64_t)began, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------ processes */

static void another_vm(struct worker *w)
{
	drop_vm(w);
}

static void rest(struct worker *w)
{
	usleep(below(w, 4000));
}

/* The child has another's VM, which gives EIO before anything is looked at, and one of its own. */
static void call_forked(struct worker *w)
{
	pid_t parent = getpid(), child = fork();

	if (child > 0) {
		__atomic_fetch_add(&w->shared->forks, 1, __ATOMIC_RELAXED);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	w->random ^= 0x5ca1ab1e;
	fill(w->map, w->page, ABI_SIZE_VER0, 0, 0);
	uncounted(w, w->vm.fd, ABI_CMD_MAINLINE, (uintptr_t)w->map);
	drop_vm(w);
	if (need_vm(w)) {
		call_right(w);
		check(w);
	}
	_exit(0);
}

/* Memory that somebody in user space is to fill, and nobody does; NULL: there is no such thing. */
static void *never(size_t len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range = (struct uffdio_range){ (uintptr_t)at, len };
	if (fd < 0 || at == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return NULL;
	return at;
}

static void __attribute__((noreturn)) be_stuck(struct worker *w, pid_t parent)
{
	void *at = never(w->page);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	drop_vm(w);
	if (at && getppid() == parent && need_vm(w))
		counted(w, NEGOTIATIONS, w->vm.fd, ABI_CMD_MAINLINE, (uintptr_t)at);
	_exit(0);
}

/* Calls that would never end, more of them at once than a kretprobe has room for. */
static void call_stuck(struct worker *w)
{
	pid_t parent = getpid(), stuck[STUCK];
	uint32_t n = 1 + below(w, STUCK), began = 0;

	for (; began < n; began++) {
		stuck[began] = fork();
		if (!stuck[began])
			be_stuck(w, parent);
		if (stuck[began] < 0)
			break;
	}
	usleep(below(w, 100000));
	__atomic_fetch_add(&w->shared->stuck, began, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < began; i++)
		kill(stuck[i], SIGKILL);
	for (uint32_t i = 0; i < began; i++)
		while (waitpid(stuck[i], NULL, 0) < 0 && errno == EINTR)
			;
}

/* Goes on as a new program, which has the VM of the one before. */
static void exec_again(struct worker *w)
{
	char seed[24], vm[12];

	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)soak_random(&w->random));
	snprintf(vm, sizeof(vm), "%d", w->vm.fd);
	fcntl(w->vm.fd, F_SETFD, 0);
	__atomic_fetch_add(&w->shared->execs, 1, __ATOMIC_RELAXED);
	execl("/proc/self/exe", "soak", "--work", w->path, seed, vm, NULL);
}

/* ------------------------------------------------------------------ what it does */

static const struct act {
	void (*act)(struct worker *w);
	uint32_t weight;
} acts[] = {
	{ call_right, 400 }, { call_odd, 300 },	 { call_nowhere, 150 }, { call_others, 30 },
	{ check, 60 },	     { ask, 60 },	 { run, 20 },		{ call_in_threads, 10 },
	{ rest, 60 },	     { another_vm, 12 }, { call_forked, 4 },	{ exec_again, 4 },
	{ call_stuck, 3 },
};

static const struct act *choose(struct worker *w)
{
	uint32_t sum = 0, at;
	size_t i;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		sum += acts[i].weight;
	at = below(w, sum);
	for (i = 0; at >= acts[i].weight; i++)
		at -= acts[i].weight;
	return &acts[i];
}

static char *map(size_t len, int prot, int flags, int fd)
{
	char *at = mmap(NULL, len, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		_exit(0);
	return at;
}

/* Without the memory for it there is no worker, and another is made. */
static void set_up(struct worker *w)
{
	int file = open("/tmp/soak.page", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	w->page = (size_t)sysconf(_SC_PAGESIZE);
	w->map = map(2 * w->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	munmap(w->map + w->page, w->page);
	w->fixed = map(w->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	fill(w->fixed, w->page, ABI_SIZE_VER0, 0, 0);
	mprotect(w->fixed, w->page, PROT_READ);
	if (file < 0 || ftruncate(file, (off_t)w->page))
		_exit(0);
	w->file = map(w->page, PROT_READ | PROT_WRITE, MAP_SHARED, file);
	close(file);
	w->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (w->kvm < 0)
		_exit(0);
}

/* Before anything else, so that who waits for all of them waits for this one's children too. */
static void join_cgroup(void)
{
	int fd = open(SOAK_CGROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (write(fd, "0", 1) != 1)
		_exit(0);
	close(fd);
}

void soak_work(const char *path, uint64_t seed, int foreign)
{
	struct worker w = {
		.shared = soak_share(path), .path = path, .random = seed, .vm = { -1, -1, -1, 0 }
	};

	join_cgroup();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Most leave the tracer its time. It has to do without where it is stopped. */
	if (below(&w, 3))
		setpriority(PRIO_PROCESS, 0, 19);
	set_up(&w);
	if (foreign >= 0) {
		uncounted(&w, foreign, ABI_CMD_MAINLINE, (uintptr_t)w.fixed);
		close(foreign);
	}
	while (!*(volatile bool *)&w.shared->stop)
		if (need_vm(&w))
			choose(&w)->act(&w);
		else
			usleep(1000);
	_exit(0);
}
