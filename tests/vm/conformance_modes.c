// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is reported is what is accepted: KVM_REG_PPC_ARCH_COMPAT takes each mode that is on
 * offer and refuses each that is not, before and after KVM_CAP_PPC_PAPR, and guests run in
 * what was taken: also one that asks for no mode.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "kvm/abi.h"
#include "kvm/create_vm.h"
#include "conformance.h"

/* A guest of two instructions, "sc 1; b .-4", at address 0: it asks the hypervisor for what KVM
 * leaves to the VMM. */
static const uint32_t program[] = { 0x44000022, 0x4bfffffc };
#define H_GET_TERM_CHAR 0x54
#define MSR_SF_LE	0x8000000000000001ull
#define GUEST_MEMORY	(16ul << 20)

struct machine {
	int vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	void *memory;
};

static long set_mode(int vcpu, uint32_t pvr)
{
	struct kvm_one_reg reg = { ABI_REG_ARCH_COMPAT, (uintptr_t)&pvr };

	return call_fd(vcpu, KVM_SET_ONE_REG, &reg);
}

static long get_mode(int vcpu, uint32_t *pvr)
{
	struct kvm_one_reg reg = { ABI_REG_ARCH_COMPAT, (uintptr_t)pvr };

	return call_fd(vcpu, KVM_GET_ONE_REG, &reg);
}

/* ---------------------------------------------------------------- a guest */

static bool make_machine(struct machine *m, int kvm_fd)
{
	m->run_size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->vm = create_vm(kvm_fd, 0);
	m->vcpu = m->vm < 0 ? -1 : ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu < 0)
		return false;
	m->run = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	m->memory = mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			 0);
	return m->run != MAP_FAILED && m->memory != MAP_FAILED;
}

static void end_machine(struct machine *m)
{
	munmap(m->run, m->run_size);
	munmap(m->memory, GUEST_MEMORY);
	close(m->vcpu);
	close(m->vm);
}

/* As a VMM has it when it sets the mode: with its PVR, and running PAPR. */
static bool be_papr(struct machine *m)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_sregs sregs;
	unsigned long pvr;

	asm("mfspr %0, 287" : "=r"(pvr));
	if (ioctl(m->vcpu, KVM_GET_SREGS, &sregs))
		return false;
	sregs.pvr = pvr;
	return !ioctl(m->vcpu, KVM_SET_SREGS, &sregs) && !ioctl(m->vcpu, KVM_ENABLE_CAP, &papr);
}

static bool load_program(struct machine *m)
{
	struct kvm_userspace_memory_region slot = { .memory_size = GUEST_MEMORY,
						    .userspace_addr = (uintptr_t)m->memory };

	memcpy(m->memory, program, sizeof(program));
	return !ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot);
}

/* Runs until the guest asks for what is the VMM's to answer. */
static long run_guest(struct machine *m)
{
	struct kvm_regs regs = { .msr = MSR_SF_LE };
	long ret;

	regs.gpr[3] = H_GET_TERM_CHAR;
	if (ioctl(m->vcpu, KVM_SET_REGS, &regs))
		return -errno;
	/* The answer to what it asked for before overwrites gpr3. */
	m->run->papr_hcall.ret = H_GET_TERM_CHAR;
	do {
		ret = call_fd(m->vcpu, KVM_RUN, NULL);
	} while (ret == -EINTR);
	return ret;
}

static bool guest_ran(struct machine *m, long ret)
{
	return ret == 0 && m->run->exit_reason == KVM_EXIT_PAPR_HCALL &&
	       m->run->papr_hcall.nr == H_GET_TERM_CHAR;
}

static void promise_runs(struct machine *m, const char *what)
{
	long ret = run_guest(m);

	if (!promise(guest_ran(m, ret), "%s: the guest runs", what))
		printf("# KVM_RUN: %s, exit reason %u\n", result_name(ret), m->run->exit_reason);
}

/* ---------------------------------------------------------------- on offer, and not */

static const struct abi_mode *newest_of(uint64_t modes)
{
	const struct abi_mode *newest = NULL;

	for (size_t i = 0; abi_mode(i); i++)
		if (modes & abi_mode(i)->bit)
			newest = abi_mode(i);
	return newest;
}

/* What the device tree says of it, 0: nothing. */
static uint32_t host_mode(void)
{
	FILE *list = popen("cat /proc/device-tree/cpus/*@*/cpu-version 2>/dev/null", "re");
	unsigned char be[4] = { 0 };

	if (list) {
		if (fread(be, 1, sizeof(be), list) != sizeof(be))
			be[0] = 0;
		pclose(list);
	}
	return be[0] ? (uint32_t)be[0] << 24 | be[1] << 16 | be[2] << 8 | be[3] : 0;
}

static void promise_mode(int vcpu, const struct abi_mode *mode, bool offered, const char *when)
{
	long ret = set_mode(vcpu, mode->pvr);

	if (!promise(ret == (offered ? 0 : -EINVAL), "%s is %soffered, and %s%s", mode->name,
		     offered ? "" : "not ", offered ? "accepted" : "refused", when))
		printf("# KVM_REG_PPC_ARCH_COMPAT: %s\n", result_name(ret));
}

/* What was taken is there to read, as a VMM that migrates does. */
static void promise_kept(int vcpu, uint32_t pvr, const char *name)
{
	uint32_t seen = 0;
	long ret = set_mode(vcpu, pvr) ?: get_mode(vcpu, &seen);

	if (!promise(ret == 0 && seen == pvr, "%s reads back", name))
		printf("# %s, %#010x\n", result_name(ret), seen);
}

static void test_each_mode(struct machine *m, uint64_t modes)
{
	for (size_t i = 0; abi_mode(i); i++) {
		const struct abi_mode *mode = abi_mode(i);

		promise_mode(m->vcpu, mode, modes & mode->bit, "");
		if (modes & mode->bit) {
			promise_kept(m->vcpu, mode->pvr, mode->name);
			promise_runs(m, mode->name);
		}
	}
	promise_kept(m->vcpu, 0, "no mode, after others,");
	promise_runs(m, "no mode, after others");
}

/*
 * A VMM that does not listen has no guest in a mode that it did not ask for. A host that runs in
 * the mode itself is the exception: there it was the hypervisor that did not agree.
 */
static void test_refused(struct machine *m, uint64_t modes)
{
	const struct abi_mode *newest = newest_of(~0ull);
	long ret;

	if ((modes & newest->bit) || host_mode() == newest->pvr)
		return;
	set_mode(m->vcpu, newest->pvr);
	ret = run_guest(m);
	if (!promise(ret == -EINVAL, "%s refused, and ignored: the guest does not run",
		     newest->name))
		printf("# KVM_RUN: %s, exit reason %u\n", result_name(ret), m->run->exit_reason);
	promise(set_mode(m->vcpu, 0) == 0, "... until another mode is asked for");
	promise_runs(m, "no mode, after one that was refused");
}

/* PVRs that are nobody's, and those that are no logical ones. */
static void test_unknown_modes(int vcpu)
{
	static const uint32_t none[] = { 1,	     5,		 0x0f000000, 0x0f000001, 0x0f000008,
					 0x0f000009, 0x0f100005, 0x0e000005, 0x8f000005, 0x00800200,
					 0x00820200, 0x0f0000ff, 0xffffffff };
	unsigned int wrong = 0;

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		long ret = set_mode(vcpu, none[i]);

		if (ret != -EINVAL) {
			wrong++;
			printf("# %#010x: %s\n", none[i], result_name(ret));
		}
	}
	promise(!wrong, "what is no mode is refused");
}

static void test_older_modes(int vcpu, int nested_api)
{
	static const uint32_t older[] = { 0x0f000002, 0x0f000003, 0x0f100003, 0x0f000004 };
	unsigned int taken = 0;

	for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++)
		taken += set_mode(vcpu, older[i]) == 0;
	if (nested_api == 2)
		promise(!taken, "nested API v2: what has no capability is refused");
	else
		promise(taken == sizeof(older) / sizeof(*older),
			"modes that are older than any bit are accepted, as ever");
}

/* ---------------------------------------------------------------- before PAPR */

/* Linux 7.3 stores an offered mode and fails, 6.12 succeeds; a mode that is not offered is refused
 * by both. */
static void test_before_papr(int kvm_fd, uint64_t modes)
{
	struct machine m;
	bool set = false;

	if (!promise(make_machine(&m, kvm_fd) && load_program(&m), "a guest can be made"))
		return;
	for (size_t i = 0; abi_mode(i); i++) {
		const struct abi_mode *mode = abi_mode(i);

		if (!(modes & mode->bit))
			promise_mode(m.vcpu, mode, false, ", before KVM_CAP_PPC_PAPR too");
	}
	for (size_t i = 0; abi_mode(i); i++) {
		long ret;

		if (!(modes & abi_mode(i)->bit))
			continue;
		set = true;
		ret = set_mode(m.vcpu, abi_mode(i)->pvr);
		if (!promise(ret == 0 || ret == -EINVAL, "%s before KVM_CAP_PPC_PAPR: 0 or EINVAL",
			     abi_mode(i)->name))
			printf("# KVM_REG_PPC_ARCH_COMPAT: %s\n", result_name(ret));
	}
	promise(set && be_papr(&m), "KVM_CAP_PPC_PAPR can be enabled after a mode was set");
	promise_runs(&m, "a mode set before KVM_CAP_PPC_PAPR");
	end_machine(&m);
}

/* ---------------------------------------------------------------- no mode */

/*
 * Under nested API v2 the hypervisor is told a mode for 0 as well: it must be one that was agreed
 * on. Once the guest has run, the register is read from the hypervisor.
 */
static void promise_state(struct machine *m, uint64_t modes)
{
	const struct abi_mode *newest = newest_of(modes);
	uint32_t pvr = 0;
	long ret = set_mode(m->vcpu, 0) ?: run_guest(m) ?: get_mode(m->vcpu, &pvr);

	if (!promise(ret == 0 && newest && pvr == newest->pvr,
		     "0 is asked for: the guest is given %s", newest ? newest->name : "none"))
		printf("# %s, its logical PVR is %#010x\n", result_name(ret), pvr);
}

static void test_no_mode(int kvm_fd, uint64_t modes, int nested_api)
{
	struct machine m;

	if (!promise(make_machine(&m, kvm_fd) && be_papr(&m) && load_program(&m),
		     "a guest without a mode can be made"))
		return;
	promise_runs(&m, "no mode");
	if (nested_api == 2)
		promise_state(&m, modes);
	end_machine(&m);
}

void test_modes(int kvm_fd, uint64_t modes, int nested_api)
{
	struct machine m;

	test_no_mode(kvm_fd, modes, nested_api);
	test_before_papr(kvm_fd, modes);
	if (!promise(make_machine(&m, kvm_fd) && be_papr(&m) && load_program(&m),
		     "a VCPU can be made"))
		return;
	test_unknown_modes(m.vcpu);
	test_older_modes(m.vcpu, nested_api);
	test_refused(&m, modes);
	test_each_mode(&m, modes);
	end_machine(&m);
}
