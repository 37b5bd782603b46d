// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "host.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define KVM_MODULE  "kvm"
#define CPUS_OF_DT  "/proc/device-tree/cpus"
#define KERNEL_BTF  "/sys/kernel/btf/vmlinux"
#define LOCKDOWN    "/sys/kernel/security/lockdown"
#define VMS_OF_DEBUGFS "/sys/kernel/debug/kvm"
#define KPROBES_ENABLED "/sys/kernel/debug/kprobes/enabled"

/* The whole of a small file as a string; false: it cannot be read. */
static bool read_file(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, len - 1);
	close(fd);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return true;
}

/* As the kernel looks for it: the first node below /cpus whose device_type is cpu. */
static bool read_cpu_version(const char *node, uint32_t *version)
{
	char path[sizeof(CPUS_OF_DT) + NAME_MAX + 16], type[8];
	uint32_t be;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), CPUS_OF_DT "/%s/device_type", node);
	if (!read_file(path, type, sizeof(type)) || strcmp(type, "cpu"))
		return false;
	snprintf(path, sizeof(path), CPUS_OF_DT "/%s/cpu-version", node);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fread(&be, sizeof(be), 1, f) == 1;
	fclose(f);
	*version = be32toh(be);
	return ok;
}

void host_read_device_tree(struct host_facts *host)
{
	char compatible[256];
	struct dirent *d;
	DIR *dir;

	host->has_cpu_version = false;
	host->cpu_version = 0;
	host->pseries = access("/proc/device-tree/rtas", F_OK) == 0 &&
			!(read_file("/proc/device-tree/compatible", compatible, sizeof(compatible)) &&
			  strstr(compatible, "powernv"));
	dir = opendir(CPUS_OF_DT);
	if (!dir)
		return;
	while (!host->has_cpu_version && (d = readdir(dir)))
		host->has_cpu_version = read_cpu_version(d->d_name, &host->cpu_version);
	closedir(dir);
}

/* Reading the kernel's types takes longer than all that is done with them. */
static struct btf *vmlinux;

void host_forget(void)
{
	btf__free(vmlinux);
	vmlinux = NULL;
}

/* A look at the types of the kernel, then at those of a module; 0 ends neither. */
static uint64_t look(const char *module, uint64_t (*at)(const struct btf *, const void *),
		     const void *what)
{
	struct btf *split;
	uint64_t found;

	if (!vmlinux)
		vmlinux = btf__load_vmlinux_btf();
	if (!vmlinux)
		return 0;
	found = at(vmlinux, what);
	if (found)
		return found;
	split = btf__load_module_btf(module, vmlinux);
	if (split)
		found = at(split, what);
	btf__free(split);
	return found;
}

static uint64_t struct_size(const struct btf *btf, const void *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	return t ? t->size : 0;
}

static uint64_t has_function(const struct btf *btf, const void *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

static bool kernel_has_symbol(const char *name)
{
	char line[512], symbol[256];
	bool found = false;
	FILE *f = fopen("/proc/kallsyms", "re");

	if (!f)
		return true;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %*s %255s", symbol) == 1 && !strcmp(symbol, name);
	fclose(f);
	return found;
}

bool host_has_function(const char *func, const char *module)
{
	return look(module, has_function, func) || kernel_has_symbol(func);
}

bool host_has_module(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return access(path, F_OK) == 0;
}

bool host_module_is_live(const char *module)
{
	char path[64], state[16];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	/* What is built in has no state. */
	return !read_file(path, state, sizeof(state)) || !strncmp(state, "live", 4);
}

void host_read(struct host_facts *host)
{
	*host = (struct host_facts){ .page_size = (uint32_t)sysconf(_SC_PAGESIZE) };
	host_read_device_tree(host);
	host->ksize = look(KVM_MODULE, struct_size, "kvm_ppc_compat_caps");
}

void host_ask_command(struct host_facts *host)
{
	const struct abi_revision *rev;
	int kvm, vm;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return;
	vm = ioctl(kvm, KVM_CREATE_VM, 0ul);
	close(kvm);
	if (vm < 0)
		return;
	/* Every revision looks at its argument first: a known command fails with EFAULT. */
	for (size_t i = 0; (rev = abi_revision(i)); i++)
		if (ioctl(vm, rev->cmd, NULL) < 0 && errno == EFAULT)
			host->kernel_cmd = rev->cmd;
	close(vm);
}

bool host_module_can_go(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	return access(path, F_OK) == 0;
}

uint32_t host_pid_namespace(void)
{
	const uint32_t first = 0xEFFFFFFC; /* PROC_PID_INIT_INO */
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) || st.st_ino == first)
		return 0;
	return (uint32_t)st.st_ino;
}

bool host_kprobes_are_off(void)
{
	char enabled[4];

	return read_file(KPROBES_ENABLED, enabled, sizeof(enabled)) && enabled[0] == '0';
}

bool host_kprobes_are_safe(void)
{
	struct utsname u;

	return sysconf(_SC_NPROCESSORS_CONF) == 1 || uname(&u) || !strstr(u.version, "PREEMPT");
}

static unsigned int module_users(const char *module)
{
	char path[64], count[16];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return read_file(path, count, sizeof(count)) ? (unsigned int)strtoul(count, NULL, 10) : 0;
}

unsigned int host_vms(void)
{
	DIR *dir = opendir(VMS_OF_DEBUGFS);
	unsigned int n = 0, pid, fd;
	struct dirent *d;

	/* Who uses the backends may be a tracer as well. */
	if (!dir)
		return module_users("kvm_hv") + module_users("kvm_pr");
	while ((d = readdir(dir)))
		n += sscanf(d->d_name, "%u-%u", &pid, &fd) == 2;
	closedir(dir);
	return n;
}

static bool has_capability(unsigned int cap)
{
	char line[256];
	uint64_t effective = 0;
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return geteuid() == 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %" SCNx64, &effective) == 1)
			break;
	fclose(f);
	return effective >> cap & 1;
}

const char *host_obstacle(void)
{
	char lockdown[128];

	if (!has_capability(CAP_SYS_ADMIN))
		return "no privilege: reading the types of kernel modules needs CAP_SYS_ADMIN (and CAP_BPF, CAP_PERFMON): run it as root, for example with sudo";
	if (read_file(LOCKDOWN, lockdown, sizeof(lockdown)) && strstr(lockdown, "[confidentiality]"))
		return "the kernel is locked down in confidentiality mode, which forbids BPF to read kernel memory: boot with lockdown=integrity or without lockdown= (see " LOCKDOWN ")";
	if (access(KERNEL_BTF, R_OK))
		return "the kernel has no BTF (" KERNEL_BTF "): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, and mount sysfs";
	return NULL;
}

const char *host_kvm_obstacle(void)
{
	/* The list of all symbols is long: it is read for a KVM without modules alone. */
	if (!host_has_module(KVM_MODULE) && !kernel_has_symbol("kvm_arch_vm_ioctl"))
		return "KVM is not loaded, or this kernel has none: modprobe kvm-hv (if that fails, dmesg says why)";
	if (access("/dev/kvm", F_OK))
		return "there is no /dev/kvm, through which VMs are made: mount devtmpfs on /dev, or in a container pass the device in";
	if (!host_has_module("kvm_hv") && !host_has_module("kvm_pr") &&
	    !kernel_has_symbol("kvmppc_core_init_vm_pr"))
		return "KVM is loaded, but no backend (kvm-hv or kvm-pr), so that nobody can make a VM: modprobe kvm-hv (if that fails, dmesg says why: does this machine's hypervisor allow nesting?)";
	return NULL;
}
