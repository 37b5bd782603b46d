// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ioctl_cost [own|wall [BATCHES]]: what an ioctl takes its caller: the least and the most of
 * several batches, a line each: NAME LEAST MOST, in nanoseconds a call, of the thread's own time,
 * or of the clock's (a caller that stands still while a tracer works, as under ptrace, waits
 * without time of its own). Under QEMU's -icount shift=0 that is the number of instructions,
 * whatever else runs.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kvm/abi.h"

#define WARM_UP	 3
#define CALLS	 400
#define LIVES	 20
#define MEMORY	 65536
#define PAUSE_US 60000 /* between batches, for the tracer to read what it has recorded */

static clockid_t clock_used = CLOCK_THREAD_CPUTIME_ID;
static int batches = 8;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(clock_used, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * The first call is not timed: once in 20 ms a record wakes the tracer, and costs its caller
 * 22,000 more.
 */
static uint64_t batch_ns(int fd, unsigned long cmd, void *arg)
{
	uint64_t start;

	usleep(PAUSE_US);
	ioctl(fd, cmd, arg);
	start = now_ns();
	for (int i = 0; i < CALLS; i++)
		ioctl(fd, cmd, arg);
	return now_ns() - start;
}

/* A VM that is made and let go of, so often. */
static uint64_t lives_ns(int fd, unsigned long cmd, void *arg)
{
	uint64_t start;

	usleep(PAUSE_US);
	close(ioctl(fd, cmd, arg));
	start = now_ns();
	for (int i = 0; i < LIVES; i++)
		close(ioctl(fd, cmd, arg));
	return (now_ns() - start) * CALLS / LIVES;
}

typedef uint64_t batch_fn(int fd, unsigned long cmd, void *arg);

static void measure_by(batch_fn *batch, const char *name, int fd, unsigned long cmd, void *arg)
{
	uint64_t least = UINT64_MAX, most = 0, took;

	for (int b = 0; b < WARM_UP; b++)
		batch(fd, cmd, arg);
	for (int b = 0; b < batches; b++) {
		took = batch(fd, cmd, arg);
		if (took < least)
			least = took;
		if (took > most)
			most = took;
	}
	printf("%s %lu %lu\n", name, (unsigned long)(least / CALLS), (unsigned long)(most / CALLS));
}

static void measure(const char *name, int fd, unsigned long cmd, void *arg)
{
	measure_by(batch_ns, name, fd, cmd, arg);
}

static int checked(int fd, const char *what)
{
	if (fd >= 0)
		return fd;
	perror(what);
	exit(3);
}

/* A KVM_RUN that comes straight back to user space, as an exit for I/O does in the end. */
static void measure_run(int kvm, int vcpu)
{
	size_t size = (size_t)checked(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul),
				      "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

	checked(run == MAP_FAILED ? -1 : 0, "mmap");
	run->immediate_exit = 1;
	measure("run", vcpu, KVM_RUN, NULL);
	run->immediate_exit = 0;
	munmap(run, size);
}

/* KVM takes no other PVR, and lets user space read it. */
static void be_papr(int vcpu)
{
	struct kvm_regs regs = { .pc = 256, .msr = 0x8000000000001001 };
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_sregs sregs;
	unsigned long pvr;

	__asm__("mfspr %0, 287" : "=r"(pvr));
	checked(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.pvr = (uint32_t)pvr;
	checked(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	checked(ioctl(vcpu, KVM_ENABLE_CAP, &papr), "KVM_ENABLE_CAP");
	checked(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* One that the guest ends: it makes a hypercall that no KVM knows, and then again. */
static void measure_exit(int vm, int vcpu)
{
	static const uint32_t guest[] = { 0x3860f000 /* li r3,-4096 */, 0x44000022 /* sc 1 */,
					  0x4bfffff8 /* b -8 */ };
	uint32_t *page = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY,
						      .userspace_addr = (uintptr_t)page };

	checked(page == MAP_FAILED ? -1 : 0, "mmap");
	memcpy(page + 64, guest, sizeof(guest));
	checked(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	be_papr(vcpu);
	measure("exit", vcpu, KVM_RUN, NULL);
}

int main(int argc, char **argv)
{
	const unsigned long other = 0x2000aeff; /* _IO(KVMIO, 0xff): reaches KVM, no command */
	uint64_t caps[3] = { ABI_SIZE_VER0 };
	uint64_t value = 0;
	int unread, ends[2];
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_DSCR, .addr = (uint64_t)(uintptr_t)&value };

	if (argc > 1 && !strcmp(argv[1], "wall"))
		clock_used = CLOCK_MONOTONIC;
	if (argc > 2)
		batches = atoi(argv[2]);

	int kvm = checked(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = checked(ioctl(kvm, KVM_CREATE_VM, 0ul), "KVM_CREATE_VM");
	int vcpu = checked(ioctl(vm, KVM_CREATE_VCPU, 0ul), "KVM_CREATE_VCPU");

	checked(pipe(ends), "pipe");
	measure("pipe", ends[0], FIONREAD, &unread);
	measure("other", vm, other, NULL);
	measure("extension", vm, KVM_CHECK_EXTENSION, (void *)(uintptr_t)KVM_CAP_PPC_SMT);
	measure("register", vcpu, KVM_SET_ONE_REG, &reg);
	measure_run(kvm, vcpu);
	measure_exit(vm, vcpu);
	measure_by(lives_ns, "life", kvm, KVM_CREATE_VM, NULL);
	measure("negotiation", vm, ABI_CMD_MAINLINE, caps);
	return 0;
}
