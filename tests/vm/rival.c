// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Processes that are in the way of others, for tests/vm/parts/rivals.py. Each scene is one of them,
 * or the process that they are in the way of: that one calls with a size of 17, all others with 0.
 *
 *   rival [-u UID] SCENE ARG...
 *
 *   calls N                a VM that makes N calls, and says how many these were
 *   sibling N              the same, while another VM of the process calls without a pause
 *   flood N                N processes call without a pause, each with a VM of its own
 *   users N                N users of a namespace that UID has made: the processes of each come,
 * make a VM, call, and end hang TID N             N calls that never end, in threads whose ids are
 * TID and multiples of 8192 more thread TID N           a process with the id TID makes N calls
 *   named NAME             a process that is called so makes a VM and 3 calls
 *   fault NAME             a process that is called so dies of a fault, of which the kernel prints
 * a line
 *
 *   checks N               a process checks each capability up to 65,535, and N others one each
 *
 * Those that go on until they are killed say "ready" when others can begin: who calls without a
 * pause has then made more calls than a ring has room for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kvm/abi.h"
#include "kvm/create_vm.h"

#define PLACES		 8192	/* of the kernel side's array of calls: MAX_IN_FLIGHT there */
#define VICTIMS		 17	/* its size, which no kernel takes */
#define MORE_THAN_A_RING 20000	/* one of 4 MiB */
#define AT_ONCE		 500	/* more than a process has room for when room is scarce */
#define SUBORDINATE	 100000 /* the first user id of those that a namespace gets */
#define STACK		 (128 << 10)
#define TRIES		 1000

static uid_t uid;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "rival: %s: %s\n", what, strerror(errno));
	exit(3);
}

static int new_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (kvm < 0)
		die("/dev/kvm");
	vm = create_vm(kvm, 0);
	if (vm < 0)
		die("KVM_CREATE_VM");
	close(kvm);
	return vm;
}

static void call(int vm, uint64_t size)
{
	uint64_t words[3] = { size };

	ioctl(vm, ABI_CMD_MAINLINE, words);
}

/* Another user forgets whom it dies with. A thread alone can be one: the C library would change
 * all. */
static void become(uid_t who)
{
	if (who && (syscall(SYS_setresgid, who, who, who) || syscall(SYS_setresuid, who, who, who)))
		die("setresuid");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static pid_t fork_along(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
	}
	return pid;
}

static void __attribute__((noreturn)) stay(void)
{
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

/* ------------------------------------------------------------------ who takes room */

static unsigned long *n_calls; /* of the whole crowd */

static void begin_to_count(void)
{
	n_calls = mmap(NULL, sizeof(*n_calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (n_calls == MAP_FAILED)
		die("mmap");
}

static bool is_full(void)
{
	return __atomic_load_n(n_calls, __ATOMIC_RELAXED) >= MORE_THAN_A_RING;
}

static void wait_until_full(void)
{
	while (!is_full())
		usleep(10000);
}

/* Nothing is read meanwhile: once all the room is taken there is time for others to run. */
static void call_often(int vm)
{
	for (unsigned int i = 0; i < AT_ONCE; i++)
		call(vm, 0);
	__atomic_fetch_add(n_calls, AT_ONCE, __ATOMIC_RELAXED);
	if (is_full())
		sleep(1);
}

static void calls(unsigned int n)
{
	int vm;

	become(uid);
	vm = new_vm();
	for (unsigned int i = 0; i < n; i++) {
		call(vm, VICTIMS);
		usleep(10000);
	}
	printf("pid=%d calls=%u\n", getpid(), n);
}

static void __attribute__((noreturn)) * call_for_ever(void *unused)
{
	int vm = new_vm();

	(void)unused;
	for (;;)
		call_often(vm);
}

static void sibling(unsigned int n)
{
	pthread_t t;

	begin_to_count();
	errno = pthread_create(&t, NULL, call_for_ever, NULL);
	if (errno)
		die("pthread_create");
	wait_until_full();
	calls(n);
}

static void flood(unsigned int n)
{
	begin_to_count();
	become(uid);
	for (unsigned int i = 0; i < n; i++)
		if (!fork_along())
			call_for_ever(NULL);
	wait_until_full();
	stay();
}

static void __attribute__((noreturn)) live_shortly(void)
{
	call_often(new_vm());
	_exit(0);
}

static void __attribute__((noreturn)) fork_for_ever(void)
{
	for (;;) {
		if (!fork_along())
			live_shortly();
		wait(NULL);
	}
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* What newuidmap(1) does for an ordinary user, who has so many subordinate user ids. */
static void map_users(pid_t pid)
{
	char path[48], map[32];

	snprintf(map, sizeof(map), "0 %d 65536", SUBORDINATE);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_file(path, map);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	write_file(path, map);
}

static void __attribute__((noreturn)) become_users(unsigned int n, int made, int mapped)
{
	char byte;

	become(uid);
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		die("unshare");
	if (write(made, "", 1) != 1 || read(mapped, &byte, 1) != 1)
		die("its parent");
	for (unsigned int i = 1; i <= n; i++) {
		if (fork_along())
			continue;
		become(i);
		fork_for_ever();
	}
	for (;;)
		pause();
}

static void users(unsigned int n)
{
	int made[2], mapped[2];
	char byte;
	pid_t pid;

	begin_to_count();
	if (pipe(made) || pipe(mapped))
		die("pipe");
	pid = fork_along();
	if (!pid)
		become_users(n, made[1], mapped[0]);
	if (read(made[0], &byte, 1) != 1)
		die("who makes a namespace");
	map_users(pid);
	if (write(mapped[1], "", 1) != 1)
		die("write");
	wait_until_full();
	stay();
}

/* ------------------------------------------------------------------ who checks capabilities */

static void check_one(int kvm)
{
	pid_t pid = fork_along();

	if (!pid) {
		ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_SMT);
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid");
}

static void checks(unsigned int n)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		die("/dev/kvm");
	become(uid);
	for (unsigned long i = 0; i < 65536; i++)
		ioctl(kvm, KVM_CHECK_EXTENSION, i);
	while (n--)
		check_one(kvm);
	close(kvm);
}

/* ------------------------------------------------------------------ who hangs */

static int shared_vm;
static void *never;

/* Memory that no page ever comes for. */
static void *memory_that_hangs(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long page = sysconf(_SC_PAGESIZE);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *at = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	range.range.start = (uintptr_t)at;
	range.range.len = (uint64_t)page;
	if (fd < 0 || at == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		die("userfaultfd");
	return at;
}

/* The id that the next process or thread gets, if nobody else comes first. */
static void choose_id(pid_t id)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", id - 1);
	write_file("/proc/sys/kernel/ns_last_pid", text);
}

struct hanging {
	pid_t wanted;
	volatile pid_t got;
};

static void *hang_in_call(void *of)
{
	struct hanging *h = of;
	bool is_it = gettid() == h->wanted;

	h->got = gettid();
	if (!is_it)
		return NULL;
	become(uid);
	ioctl(shared_vm, ABI_CMD_MAINLINE, never);
	return NULL;
}

/* Another process may get the id first, and end soon. */
static void start_thread(pid_t id)
{
	struct hanging h = { .wanted = id };
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (int tries = 0; h.got != id; tries++) {
		if (tries == TRIES)
			die("an id of a thread");
		h.got = 0;
		choose_id(id);
		errno = pthread_create(&t, &attr, hang_in_call, &h);
		if (errno)
			die("pthread_create");
		while (!h.got)
			usleep(100);
	}
}

static void hang(pid_t id, unsigned int n)
{
	never = memory_that_hangs();
	shared_vm = new_vm();
	for (unsigned int i = 0; i < n; i++)
		start_thread(id + (pid_t)i * PLACES);
	sleep(1);
	stay();
}

static void __attribute__((noreturn)) call_from(pid_t id, unsigned int n)
{
	int vm;

	if (getpid() != id)
		_exit(1);
	become(uid);
	vm = new_vm();
	for (unsigned int i = 0; i < n; i++) {
		call(vm, VICTIMS);
		usleep(20000);
	}
	_exit(0);
}

static void thread(pid_t id, unsigned int n)
{
	int status = 1;

	for (int tries = 0; status && tries < TRIES; tries++) {
		pid_t pid;

		choose_id(id);
		pid = fork_along();
		if (!pid)
			call_from(id, n);
		waitpid(pid, &status, 0);
	}
	if (status)
		die("an id of a process");
	printf("pid=%d calls=%u\n", id, n);
}

/* ------------------------------------------------------------------ who has a name */

static void named(const char *name)
{
	int vm;

	become(uid);
	prctl(PR_SET_NAME, name);
	vm = new_vm();
	for (int i = 0; i < 3; i++)
		call(vm, VICTIMS);
	usleep(300000);
	close(vm);
	usleep(300000);
}

/* A write to where nothing may be written. */
static void __attribute__((noreturn)) die_of_a_fault(const char *name)
{
	volatile char *at = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	become(uid);
	prctl(PR_SET_NAME, name);
	*at = 1;
	_exit(0);
}

static void fault(const char *name)
{
	pid_t pid = fork_along();
	int status;

	if (!pid)
		die_of_a_fault(name);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		die("a process that was to die of a fault");
}

static void play(const char *scene, char **arg)
{
	unsigned int n = (unsigned int)atoi(arg[0]), m = arg[1] ? (unsigned int)atoi(arg[1]) : 0;

	if (!strcmp(scene, "calls"))
		calls(n);
	else if (!strcmp(scene, "sibling"))
		sibling(n);
	else if (!strcmp(scene, "flood"))
		flood(n);
	else if (!strcmp(scene, "users"))
		users(n);
	else if (!strcmp(scene, "checks"))
		checks(n);
	else if (!strcmp(scene, "hang"))
		hang((pid_t)n, m);
	else if (!strcmp(scene, "thread"))
		thread((pid_t)n, m);
	else if (!strcmp(scene, "named"))
		named(arg[0]);
	else if (!strcmp(scene, "fault"))
		fault(arg[0]);
	else
		exit(2);
}

int main(int argc, char **argv)
{
	int at = 1;

	if (argc > 3 && !strcmp(argv[1], "-u")) {
		uid = (uid_t)atoi(argv[2]);
		at = 3;
	}
	if (argc < at + 2) {
		fputs("usage: rival [-u UID] SCENE ARG...\n", stderr);
		return 2;
	}
	play(argv[at], &argv[at + 1]);
	return 0;
}
