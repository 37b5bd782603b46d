// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A VMM that does what it is told, step by step, and prints a line a step of what it saw:
 * for stories that no real VMM tells when asked. Each line is "STEP KEY=VALUE...".
 *
 *   new          make a VM: it is the current one from here on
 *   type=N       make a VM of this type, which may fail; nothing becomes of it
 *   vm=N         the N-th of them, from 0, is the current one again
 *   close        end the current VM
 *   leave        close its descriptor alone: those of its vCPUs keep it alive, and the next VM can
 *                get the number
 *   check=CAP    KVM_CHECK_EXTENSION on the VM
 *   system=CAP   KVM_CHECK_EXTENSION on /dev/kvm
 *   call=SIZE    KVM_PPC_GET_COMPAT_CAPS with this size
 *   newer=SIZE   the same, with a byte set past the first published struct
 *   papr         tell the VM's vCPU what CPU it is, and that it is a PAPR guest's
 *   foreign      an ioctl of the VM that KVM does not know
 *   stuck        a call with a struct that never comes: it ends when the process is killed
 *   ask=PVR      set KVM_REG_PPC_ARCH_COMPAT of the VM's vCPU
 *   cpu=PVR      the same from a thread named "CPU 0/KVM", as QEMU does below libvirt
 *   vcpu=N       the VM's vCPU with this id is the one that steps below are about (default: 0)
 *   memory       give the VM a page that holds a guest: it makes one hypercall after another
 *   run=N        KVM_RUN of the VM's vCPU, N times: KVM HV refuses what is no PAPR guest's (KVM
 *                PR runs it, and crashes the emulated host). With memory it ends well each time
 *   interrupted  the same, once, as if a signal had come
 *   readonly=SIZE  a call whose answer cannot be written
 *   cmd=CMD      the command of all calls that follow (default: STEPS_CMD of the environment,
 *                else mainline's)
 *   pace=US      how long floods that follow rest between two calls
 *   flood=FILE   another thread calls for ever; FILE holds two u64: calls begun, calls ended
 *   unflood      end it
 *   wait=FILE    until the file is there
 *   sleep=MS
 *   comm=NAME    be called so from now on
 *   repeat=N     do the rest N times
 *   fork         the child does the rest, the parent waits for it
 *   exec         do the rest as a new program
 *   -name GUEST  nothing: an argument that QEMU has
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
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

#define MAX_VMS	 64
#define MAX_CPUS 8
#define MAX_SIZE 4096
#define MEMORY	 65536

struct vm {
	int nth; /* from 0 on; the place of one that has ended is used again */
	int fd;
	int vcpu; /* of vcpus the current one */
	int vcpus[MAX_CPUS];
};

struct flood {
	pthread_t thread;
	int fd;
	uint32_t cmd;
	unsigned int pace;
	volatile bool stop;
	/* Shared with a file: what happened stays known when the process is killed. */
	volatile uint64_t *begun, *ended;
};

static struct vm vms[MAX_VMS];
static int n_vms, n_made, at = -1;
static int kvm = -1;
static uint32_t cmd = ABI_CMD_MAINLINE;
static unsigned int pace;
static struct flood flood;
static char **rest;
static char **again; /* where to begin so many times more */
static uint64_t more;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "steps: %s: %s\n", what, strerror(errno));
	exit(3);
}

static struct vm *current(void)
{
	if (at < 0) {
		fprintf(stderr, "steps: no VM has been made yet\n");
		exit(2);
	}
	return &vms[at];
}

static int result_of(int ret)
{
	return ret < 0 ? -errno : ret;
}

static void tell(const char *step, int ret)
{
	printf("%s vm=%d pid=%d tid=%d ret=%d", step, at < 0 ? at : vms[at].nth, getpid(), gettid(),
	       ret);
}

static void new_vm(uint64_t value)
{
	(void)value;
	/* What is repeated has no end: its VMs take the place of those that it closed. */
	if (at < 0 || vms[at].fd >= 0 || !again) {
		if (n_vms == MAX_VMS) {
			errno = EMFILE;
			die("new");
		}
		at = n_vms++;
	}
	vms[at] = (struct vm){ .nth = n_made++, .fd = create_vm(kvm, 0) };
	for (int i = 0; i < MAX_CPUS; i++)
		vms[at].vcpus[i] = -1;
	if (vms[at].fd < 0)
		die("KVM_CREATE_VM");
	tell("new", vms[at].fd);
}

static void make_of_type(uint64_t type)
{
	int fd = create_vm(kvm, (unsigned long)type);

	tell("type", result_of(fd));
	if (fd >= 0)
		close(fd);
}

static void choose_vm(uint64_t value)
{
	at = -1;
	for (int i = 0; i < n_vms; i++)
		if ((uint64_t)vms[i].nth == value)
			at = i;
	tell("vm", current()->fd);
}

static void leave_vm(uint64_t value)
{
	(void)value;
	tell("leave", close(current()->fd));
	current()->fd = n_vms; /* not to be used again by the next one */
}

static void close_vm(uint64_t value)
{
	struct vm *vm = current();

	(void)value;
	for (int i = 0; i < MAX_CPUS; i++)
		if (vm->vcpus[i] >= 0)
			close(vm->vcpus[i]);
	tell("close", close(vm->fd));
	vm->fd = -1;
}

static void check(uint64_t cap)
{
	tell("check", result_of(ioctl(current()->fd, KVM_CHECK_EXTENSION, cap)));
	printf(" cap=%" PRIu64, cap);
}

static void check_system(uint64_t cap)
{
	tell("system", result_of(ioctl(kvm, KVM_CHECK_EXTENSION, cap)));
	printf(" cap=%" PRIu64, cap);
}

static void call_with(const char *step, uint64_t size, bool newer)
{
	/* Touched, so that the tracer can read it at entry. */
	static uint64_t words[MAX_SIZE / sizeof(uint64_t)];
	int ret;

	memset(words, 0, sizeof(words));
	words[0] = size;
	((char *)words)[ABI_SIZE_VER0] = newer;
	ret = result_of(ioctl(current()->fd, cmd, words));
	tell(step, ret);
	printf(" usize=%" PRIu64 " size_out=%" PRIu64 " caps=0x%016" PRIx64, size, words[0],
	       words[2]);
}

static void call(uint64_t size)
{
	call_with("call", size, false);
}

static void call_newer(uint64_t size)
{
	call_with("newer", size, true);
}

/* Memory that somebody in user space is to fill, and nobody does. */
static void *never(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	size_t len = (size_t)sysconf(_SC_PAGESIZE);
	void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range = (struct uffdio_range){ (uintptr_t)map, len };
	if (fd < 0 || map == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		die("userfaultfd");
	return map;
}

static void get_stuck(uint64_t value)
{
	void *words = never();

	(void)value;
	tell("stuck", 0);
	printf("\n");
	tell("unstuck", result_of(ioctl(current()->fd, cmd, words)));
}

static void foreign(uint64_t value)
{
	const unsigned long other = 0x2000aeff; /* _IO(KVMIO, 0xff) */

	(void)value;
	tell("foreign", result_of(ioctl(current()->fd, other, NULL)));
}

static int vcpu_of(struct vm *vm)
{
	int *vcpu = &vm->vcpus[vm->vcpu];

	if (*vcpu < 0)
		*vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)vm->vcpu);
	if (*vcpu < 0)
		die("KVM_CREATE_VCPU");
	return *vcpu;
}

static void choose_vcpu(uint64_t value)
{
	if (value >= MAX_CPUS) {
		errno = EINVAL;
		die("vcpu");
	}
	current()->vcpu = (int)value;
	tell("vcpu", vcpu_of(current()));
}

static void give_memory(uint64_t value)
{
	/* A hypercall that no KVM knows ends KVM_RUN; then again. */
	static const uint32_t guest[] = { 0x3860f000 /* li r3,-4096 */, 0x44000022 /* sc 1 */,
					  0x4bfffff8 /* b -8 */ };
	uint32_t *page = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY,
						      .userspace_addr = (uintptr_t)page };

	(void)value;
	if (page == MAP_FAILED)
		die("memory");
	memcpy(page + 64, guest, sizeof(guest));
	if (ioctl(current()->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("KVM_SET_USER_MEMORY_REGION");
	tell("memory", 0);
}

/* Where the guest begins, in 64 bits and little endian. */
static void begin_guest(int vcpu)
{
	struct kvm_regs regs = { .pc = 256, .msr = 0x8000000000001001 };

	if (ioctl(vcpu, KVM_SET_REGS, &regs))
		die("KVM_SET_REGS");
}

/* The host's own: KVM HV takes no other, and the kernel lets user space read it. */
static uint32_t this_pvr(void)
{
	unsigned long pvr;

	__asm__("mfspr %0, 287" : "=r"(pvr));
	return (uint32_t)pvr;
}

static void be_papr(uint64_t value)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_PAPR };
	int vcpu = vcpu_of(current());
	struct kvm_sregs sregs;

	(void)value;
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_SREGS");
	sregs.pvr = this_pvr();
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_ENABLE_CAP, &cap))
		die("papr");
	begin_guest(vcpu);
	tell("papr", 0);
}

static void ask(uint64_t value)
{
	uint32_t pvr = (uint32_t)value;
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_ARCH_COMPAT, .addr = (uintptr_t)&pvr };

	tell("ask", result_of(ioctl(vcpu_of(current()), KVM_SET_ONE_REG, &reg)));
	printf(" pvr=0x%08x", pvr);
}

static void run(uint64_t n)
{
	int vcpu = vcpu_of(current()), ret = 0;

	for (uint64_t i = 0; i < n; i++)
		ret = result_of(ioctl(vcpu, KVM_RUN, 0ul));
	tell("run", ret);
	printf(" n=%" PRIu64, n);
}

static void run_interrupted(uint64_t value)
{
	int vcpu = vcpu_of(current()), size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul);
	struct kvm_run *shared = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu,
				      0);

	(void)value;
	if (shared == MAP_FAILED)
		die("kvm_run");
	shared->immediate_exit = 1;
	tell("interrupted", result_of(ioctl(vcpu, KVM_RUN, 0ul)));
	shared->immediate_exit = 0;
	munmap(shared, (size_t)size);
}

static void *ask_as_cpu(void *pvr)
{
	prctl(PR_SET_NAME, "CPU 0/KVM");
	ask(*(uint64_t *)pvr);
	return NULL;
}

static void ask_from_thread(uint64_t value)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, ask_as_cpu, &value))
		die("cpu");
	pthread_join(thread, NULL);
}

static void call_readonly(uint64_t size)
{
	size_t len = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t *words = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

	if (words == MAP_FAILED)
		die("readonly");
	words[0] = size;
	mprotect(words, len, PROT_READ);
	tell("readonly", result_of(ioctl(current()->fd, cmd, words)));
	printf(" usize=%" PRIu64 " size_out=%" PRIu64, size, words[0]);
	munmap(words, len);
}

static void set_cmd(uint64_t value)
{
	cmd = (uint32_t)value;
	tell("cmd", 0);
}

static void set_pace(uint64_t value)
{
	pace = (unsigned int)value;
	tell("pace", 0);
}

static void *call_for_ever(void *unused)
{
	uint64_t words[ABI_SIZE_VER0 / sizeof(uint64_t)];

	(void)unused;
	while (!flood.stop) {
		memset(words, 0, sizeof(words));
		words[0] = ABI_SIZE_VER0;
		*flood.begun += 1;
		ioctl(flood.fd, flood.cmd, words);
		*flood.ended += 1;
		if (flood.pace)
			usleep(flood.pace);
	}
	return NULL;
}

static void start_flood(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	uint64_t *counts;

	if (fd < 0 || ftruncate(fd, 2 * sizeof(*counts)))
		die(path);
	counts = mmap(NULL, 2 * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counts == MAP_FAILED)
		die(path);
	close(fd);
	flood = (struct flood){ .fd = current()->fd,
				.cmd = cmd,
				.pace = pace,
				.begun = &counts[0],
				.ended = &counts[1] };
	if (pthread_create(&flood.thread, NULL, call_for_ever, NULL))
		die("flood");
	tell("flood", 0);
}

static void end_flood(uint64_t value)
{
	(void)value;
	flood.stop = true;
	pthread_join(flood.thread, NULL);
	tell("unflood", 0);
}

static void wait_for(const char *path)
{
	while (access(path, F_OK))
		usleep(20000);
	tell("wait", 0);
}

static void be_called(const char *name)
{
	prctl(PR_SET_NAME, name);
	tell("comm", 0);
}

static void rest_a_while(uint64_t ms)
{
	usleep((useconds_t)ms * 1000);
	tell("sleep", 0);
}

static void repeat(uint64_t n)
{
	again = rest;
	more = n ? n - 1 : 0;
	tell("repeat", 0);
}

static void fork_here(uint64_t value)
{
	int status = 0;
	pid_t child;

	(void)value;
	child = fork();
	if (child < 0)
		die("fork");
	if (child) {
		waitpid(child, &status, 0);
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
	}
	tell("fork", 0);
}

static void exec_here(uint64_t value)
{
	char **args = rest - 1;

	(void)value;
	tell("exec", 0);
	printf("\n");
	fflush(stdout);
	args[0] = "steps";
	execv("/proc/self/exe", args);
	die("exec");
}

static const struct step {
	const char *name;
	void (*number)(uint64_t value);
	void (*text)(const char *value);
} steps[] = {
	{ "new", new_vm, NULL },
	{ "type", make_of_type, NULL },
	{ "vm", choose_vm, NULL },
	{ "close", close_vm, NULL },
	{ "leave", leave_vm, NULL },
	{ "repeat", repeat, NULL },
	{ "check", check, NULL },
	{ "system", check_system, NULL },
	{ "call", call, NULL },
	{ "newer", call_newer, NULL },
	{ "vcpu", choose_vcpu, NULL },
	{ "memory", give_memory, NULL },
	{ "papr", be_papr, NULL },
	{ "ask", ask, NULL },
	{ "run", run, NULL },
	{ "interrupted", run_interrupted, NULL },
	{ "stuck", get_stuck, NULL },
	{ "cmd", set_cmd, NULL },
	{ "pace", set_pace, NULL },
	{ "flood", NULL, start_flood },
	{ "unflood", end_flood, NULL },
	{ "wait", NULL, wait_for },
	{ "comm", NULL, be_called },
	{ "sleep", rest_a_while, NULL },
	{ "cpu", ask_from_thread, NULL },
	{ "readonly", call_readonly, NULL },
	{ "foreign", foreign, NULL },
	{ "fork", fork_here, NULL },
	{ "exec", exec_here, NULL },
};

static bool do_step(const char *arg)
{
	size_t len = strcspn(arg, "=");
	const char *value = arg[len] ? arg + len + 1 : "0";

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strlen(steps[i].name) != len || strncmp(steps[i].name, arg, len))
			continue;
		if (steps[i].text)
			steps[i].text(value);
		else
			steps[i].number(strtoull(value, NULL, 0));
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: steps STEP...\n");
		return 2;
	}
	/* A child must not print again what its parent has still to print. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getenv("STEPS_CMD"))
		cmd = (uint32_t)strtoul(getenv("STEPS_CMD"), NULL, 0);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm");
	for (rest = argv + 1; *rest || (more && more--);) {
		char *arg;

		if (!*rest)
			rest = again;
		arg = *rest++;

		if (!strcmp(arg, "-name") && *rest) {
			rest++;
			continue;
		}
		if (!do_step(arg)) {
			fprintf(stderr, "steps: there is no step '%s'\n", arg);
			return 2;
		}
		printf("\n");
	}
	return 0;
}
