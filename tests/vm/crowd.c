// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * VMs for who lists VMs: makes some as told, says "ready" on standard output, and keeps them
 * until it is killed, what it has forked along with it.
 *
 *   crowd many N [PVR]...   N processes with a VM each, of one vCPU, which asks for the PVRs in
 * turn crowd cpus PVR...       a VM with a vCPU for each, which asks for that PVR (0: for none)
 *   crowd unseen PVR...     the same, and then the descriptor of its last vCPU is closed
 *   crowd forked PVR        the same as cpus, and a child that has inherited it
 *   crowd orphaned PVR      likewise, and then who made it ends
 *   crowd sent PVR          a VM whose descriptor another process was sent, as its guardian's
 *   crowd queued            a VM whose one descriptor lies in a socket
 *   crowd churn N           N at a time, processes come, make a VM, and end soon
 *   crowd named             a VM of a process whose name has control characters in it
 *
 * Further arguments from -name on are there to be seen in the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kvm/abi.h"
#include "kvm/create_vm.h"

#define MAX_PVRS 64
#define CHURN_US 100000

static uint32_t pvrs[MAX_PVRS];
static unsigned int n_pvrs;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(3);
}

static void __attribute__((noreturn)) stay(bool say)
{
	if (say) {
		puts("ready");
		fflush(stdout);
	}
	for (;;)
		pause();
}

/* What is forked goes with who forked it. */
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

static void make_papr(int vcpu)
{
#ifdef __powerpc64__
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_sregs sregs;
	unsigned long pvr;

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_SREGS");
	__asm__("mfspr %0, 287" : "=r"(pvr));
	sregs.pvr = (uint32_t)pvr;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_ENABLE_CAP, &cap))
		die("a PAPR guest's vCPU");
#else
	(void)vcpu;
#endif
}

/* A refusal is what some come for. */
static int add_vcpu(int vm, unsigned long id, uint32_t pvr)
{
	struct kvm_one_reg reg = { .id = ABI_REG_ARCH_COMPAT, .addr = (uintptr_t)&pvr };
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, id);

	if (vcpu < 0)
		die("KVM_CREATE_VCPU");
	make_papr(vcpu);
	if (pvr && ioctl(vcpu, KVM_SET_ONE_REG, &reg))
		printf("0x%08" PRIx32 " refused: %s\n", pvr, strerror(errno));
	return vcpu;
}

/* Returns the descriptor of the last vCPU. */
static int add_vcpus(int vm)
{
	int vcpu = -1;

	for (unsigned int i = 0; i < n_pvrs; i++)
		vcpu = add_vcpu(vm, i, pvrs[i]);
	return vcpu;
}

/* ------------------------------------------------------------------ scenes */

static void many(unsigned long n)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		die("pipe");
	for (unsigned long i = 0; i < n; i++) {
		if (fork_along())
			continue;
		add_vcpu(new_vm(), 0, n_pvrs ? pvrs[i % n_pvrs] : 0);
		if (write(ready[1], "", 1) != 1)
			die("write");
		stay(false);
	}
	close(ready[1]);
	for (unsigned long i = 0; i < n; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("a process that was to have a VM");
}

static void __attribute__((noreturn)) live_shortly(void)
{
	add_vcpu(new_vm(), 0, 0);
	usleep(CHURN_US);
	_exit(0);
}

/* Ends when it is killed. */
static void churn(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		if (fork_along())
			continue;
		for (;;) {
			if (!fork_along())
				live_shortly();
			wait(NULL);
		}
	}
}

/* Its child holds what it has made, and waits until it is another's. */
static void end_parent(void)
{
	pid_t parent = getpid();

	if (fork())
		_exit(0);
	while (getppid() == parent)
		usleep(1000);
}

static void send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = "";
	struct iovec data = { .iov_base = (void *)"", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &data,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to, &msg, 0) != 1)
		die("sendmsg");
}

static void receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &data,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };

	if (recvmsg(from, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		die("recvmsg");
}

/* The other one is there before the VM is: it has nothing by inheritance. */
static void sent(void)
{
	int ends[2], vm;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	if (!fork_along()) {
		prctl(PR_SET_NAME, "guardian");
		receive_fd(ends[1]);
		if (write(ends[1], "", 1) != 1)
			die("write");
		stay(false);
	}
	vm = new_vm();
	add_vcpus(vm);
	send_fd(ends[0], vm);
	if (read(ends[0], &byte, 1) != 1)
		die("who was sent a VM");
}

static void queued(void)
{
	int ends[2], vm = new_vm();

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	send_fd(ends[0], vm);
	close(vm);
}

static void play(const char *scene, unsigned long n)
{
	if (!strcmp(scene, "many")) {
		many(n);
	} else if (!strcmp(scene, "churn")) {
		churn(n);
	} else if (!strcmp(scene, "sent")) {
		sent();
	} else if (!strcmp(scene, "queued")) {
		queued();
	} else {
		int vm, vcpu;

		if (!strcmp(scene, "named"))
			prctl(PR_SET_NAME, "a\nb\\c\033[31m");
		vm = new_vm();
		vcpu = add_vcpus(vm);
		if (!strcmp(scene, "unseen"))
			close(vcpu);
		if (!strcmp(scene, "forked") && !fork_along())
			stay(false);
		if (!strcmp(scene, "orphaned"))
			end_parent();
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	unsigned long n = 0;
	int i = 2;

	if (argc < 2)
		die("a scene is wanted");
	setrlimit(RLIMIT_NOFILE, &files);
	if (!strcmp(argv[1], "many") || !strcmp(argv[1], "churn"))
		n = argc > 2 ? strtoul(argv[i++], NULL, 0) : 1;
	for (; i < argc && strcmp(argv[i], "-name") && n_pvrs < MAX_PVRS; i++)
		pvrs[n_pvrs++] = (uint32_t)strtoul(argv[i], NULL, 0);
	play(argv[1], n);
	stay(true);
}
