// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Asks this host's KVM, auxiliary vector and device tree what capabilities.def needs to know. QEMU
 * asks KVM for some of it on /dev/kvm, before there is a VM, and for the rest on the VM. The
 * answers differ only where both backends are loaded, and then the VM's are right, so everything is
 * asked on a VM, which is closed at once. Nothing is judged here: kvm/capabilities.c does that.
 */
#include "live/capabilities_read.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm/create_vm.h"
#include "live/host.h"

/* The processor's own; the kernel lets everybody read it. */
static uint32_t processor(void)
{
	unsigned long pvr;

	__asm__("mfpvr %0" : "=r"(pvr));
	return (uint32_t)pvr;
}

static int make_vm(char error[CAPABILITIES_ERROR_LEN])
{
	const char *obstacle = host_kvm_obstacle();
	int kvm, vm = -1;

	if (obstacle) {
		snprintf(error, CAPABILITIES_ERROR_LEN, "%s", obstacle);
		return -1;
	}
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0) {
		snprintf(error, CAPABILITIES_ERROR_LEN, "cannot open /dev/kvm: %s%s",
			 strerror(errno),
			 errno == EACCES ?
				 ": run it as root, or as a user of the group that owns /dev/kvm" :
				 "");
		return -1;
	}
	/* The type that QEMU takes without kvm-type=. */
	vm = create_vm(kvm, 0);
	if (vm < 0)
		snprintf(error, CAPABILITIES_ERROR_LEN,
			 "KVM makes no VM here: %s (dmesg may say why)", strerror(errno));
	close(kvm);
	return vm;
}

static void ask_extensions(struct capability_facts *facts, int vm)
{
	const struct capability *c;

	for (size_t i = 0; (c = capability(i)); i++)
		if (c->kvm)
			facts->extensions[c->number] = ioctl(vm, KVM_CHECK_EXTENSION, c->number);
}

static void ask_processor(struct processor_facts *facts, int vm)
{
	struct kvm_ppc_smmu_info smmu = { 0 };
	struct kvm_ppc_cpu_char said = { 0 };

	memset(facts, 0, sizeof(*facts));
	facts->pvr = processor();
	facts->hwcap = getauxval(AT_HWCAP);
	host_cpu_number("ibm,dec-bits", &facts->dec_bits);
	if (!ioctl(vm, KVM_PPC_GET_CPU_CHAR, &said)) {
		facts->character = said.character;
		facts->character_mask = said.character_mask;
		facts->behaviour = said.behaviour;
		facts->behaviour_mask = said.behaviour_mask;
	}
	if (!ioctl(vm, KVM_PPC_GET_SMMU_INFO, &smmu))
		facts->host_pages = smmu.flags & KVM_PPC_PAGE_SIZES_REAL;
}

bool capabilities_read(struct capability_facts *facts, bool *pr, char error[CAPABILITIES_ERROR_LEN])
{
	int vm = make_vm(error);

	if (vm < 0)
		return false;
	memset(facts, 0, sizeof(*facts));
	facts->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	ask_extensions(facts, vm);
	ask_processor(&facts->processor, vm);
	/* Only PR has it, which is how QEMU knows. */
	*pr = ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_GET_PVINFO) > 0;
	close(vm);
	return true;
}

void capabilities_read_processor(struct processor_facts *facts)
{
	char error[CAPABILITIES_ERROR_LEN];
	int vm = make_vm(error);

	if (vm < 0)
		return;
	ask_processor(facts, vm);
	close(vm);
}
