// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Facts of this machine from /proc, /sys and the kernel's BTF. What cannot be read is unknown,
 * which is not the same as absent. The BTF is read once and dropped when setting up is over,
 * because it takes megabytes.
 */
#include "live/host.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kvm/abi.h"
#include "kvm/create_vm.h"

#define KVM_MODULE	"kvm"
#define CPUS_OF_DT	"/proc/device-tree/cpus"
#define KERNEL_BTF	"/sys/kernel/btf/vmlinux"
#define SECURITYFS	"/sys/kernel/security"
#define LOCKDOWN	SECURITYFS "/lockdown"
#define DEBUGFS		"/sys/kernel/debug"
#define VMS_OF_DEBUGFS	DEBUGFS "/kvm"
#define KPROBES_ENABLED DEBUGFS "/kprobes/enabled"

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
static bool is_cpu(const char *node)
{
	char path[sizeof(CPUS_OF_DT) + NAME_MAX + 16], type[8];

	snprintf(path, sizeof(path), CPUS_OF_DT "/%s/device_type", node);
	return read_file(path, type, sizeof(type)) && !strcmp(type, "cpu");
}

/* A number of a node below /cpus. */
static enum fact read_cpu_number(const char *node, const char *property, uint32_t *number)
{
	char path[sizeof(CPUS_OF_DT) + NAME_MAX + 32];
	uint32_t be;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), CPUS_OF_DT "/%s/%s", node, property);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? FACT_ABSENT : FACT_UNKNOWN;
	ok = fread(&be, sizeof(be), 1, f) == 1;
	fclose(f);
	if (!ok)
		return FACT_UNKNOWN;
	*number = be32toh(be);
	return FACT_KNOWN;
}

static enum fact is_pseries(void)
{
	char compatible[256];

	if (access("/proc/device-tree/compatible", R_OK))
		return FACT_UNKNOWN;
	if (read_file("/proc/device-tree/compatible", compatible, sizeof(compatible)) &&
	    strstr(compatible, "powernv"))
		return FACT_ABSENT;
	return access("/proc/device-tree/rtas", F_OK) ? FACT_ABSENT : FACT_KNOWN;
}

enum fact host_cpu_number(const char *property, uint32_t *number)
{
	enum fact is = FACT_UNKNOWN;
	struct dirent *d;
	DIR *dir;

	*number = 0;
	dir = opendir(CPUS_OF_DT);
	if (!dir)
		return is;
	while ((d = readdir(dir))) {
		if (!is_cpu(d->d_name))
			continue;
		is = read_cpu_number(d->d_name, property, number);
		break;
	}
	closedir(dir);
	return is;
}

void host_read_device_tree(struct host_facts *host)
{
	host->pseries_is = is_pseries();
	host->cpu_version_is = host_cpu_number("cpu-version", &host->cpu_version);
}

/* Reading the kernel's types takes longer than all that is done with them. */
static struct btf *vmlinux;

/*
 * libbpf has read the types of every module as well. The C library would keep all of that for a
 * program that needs a tenth of it from now on.
 */
void host_forget(void)
{
	btf__free(vmlinux);
	vmlinux = NULL;
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

const struct btf *host_types(void)
{
	if (!vmlinux)
		vmlinux = btf__load_vmlinux_btf();
	return vmlinux;
}

/* Among the types from this id on; 0: there is none of that name. */
static uint64_t struct_size(const struct btf *btf, unsigned int from, const char *name)
{
	const struct btf_type *t;

	for (unsigned int id = from; id < btf__type_cnt(btf); id++) {
		t = btf__type_by_id(btf, id);
		if (btf_is_struct(t) && !strcmp(btf__name_by_offset(btf, t->name_off), name))
			return t->size;
	}
	return 0;
}

/*
 * The module's own type before the kernel's: a module that was built after its kernel, as
 * distributions do with a fix, may have a larger one.
 */
static uint64_t struct_size_of(const char *module, const char *name)
{
	struct btf *split;
	uint64_t size = 0;
	int id;

	if (!host_types())
		return 0;
	split = btf__load_module_btf(module, vmlinux);
	if (split)
		size = struct_size(split, btf__type_cnt(vmlinux), name);
	btf__free(split);
	if (size)
		return size;
	id = btf__find_by_name_kind(vmlinux, name, BTF_KIND_STRUCT);
	return id > 0 ? btf__type_by_id(vmlinux, (unsigned int)id)->size : 0;
}

static unsigned int bit_of(const char *symbol, const char *const *names, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(symbol, names[i]))
			return 1u << i;
	return 0;
}

/* Of a kernel without types: "ADDRESS T NAME", and behind a tab the module. */
static bool symbols_of_list(const char *const *names, unsigned int n, unsigned int *found)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512];

	if (!f)
		return false;
	while (*found != (1u << n) - 1 && fgets(line, sizeof(line), f)) {
		char *name = strchr(line, ' ');

		name = name ? strchr(name + 1, ' ') : NULL;
		if (!name)
			continue;
		name[1 + strcspn(name + 1, "\t\n")] = '\0';
		*found |= bit_of(name + 1, names, n);
	}
	fclose(f);
	return true;
}

bool host_functions(const char *const *names, unsigned int n, unsigned int *found)
{
	const struct btf *btf = host_types();

	*found = 0;
	for (unsigned int i = 0; btf && i < n; i++)
		if (btf__find_by_name_kind(btf, names[i], BTF_KIND_FUNC) > 0)
			*found |= 1u << i;
	return btf || symbols_of_list(names, n, found);
}

/* Is this part of KVM in the kernel itself? That does not change, and looking takes long. */
static bool is_built_in(const char *function, bool *known, bool *built_in)
{
	unsigned int found;

	if (!*known)
		*built_in = !host_functions(&function, 1, &found) || found;
	*known = true;
	return *built_in;
}

bool host_has_module(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return access(path, F_OK) == 0;
}

/* Is it past its loading? */
static bool is_live(const char *module)
{
	char path[64], state[16];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	/* What is built in has no state. */
	return !read_file(path, state, sizeof(state)) || !strncmp(state, "live", 4);
}

bool host_has_types(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", module);
	if (!access(path, R_OK))
		return true;
	/* What is built in has no state. */
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	return host_has_module(module) && access(path, F_OK) && !access(KERNEL_BTF, R_OK);
}

void host_read(struct host_facts *host)
{
	host->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	host_read_device_tree(host);
	host->ksize = struct_size_of(KVM_MODULE, "kvm_ppc_compat_caps");
	host->ksize_is = host->ksize		    ? FACT_KNOWN :
			 host_has_types(KVM_MODULE) ? FACT_ABSENT :
						      FACT_UNKNOWN;
}

enum nested_api host_nested_api(const struct host_facts *host)
{
	if (host->pseries_is == FACT_ABSENT)
		return NESTED_NONE;
	if (host->pseries_is != FACT_KNOWN || host->nested_caps_is != FACT_KNOWN ||
	    !host_has_module("kvm_hv"))
		return NESTED_UNKNOWN;
	/* Only API v2 has capabilities to agree on. */
	return host->nested_caps ? NESTED_V2 : NESTED_V1;
}

void host_ask_command(struct host_facts *host)
{
	const struct abi_revision *rev;
	int kvm, vm;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return;
	vm = create_vm(kvm, 0);
	close(kvm);
	if (vm < 0)
		return;
	/* Every revision looks at its argument first: a known command fails with EFAULT. */
	for (size_t i = 0; (rev = abi_revision(i)); i++)
		if (ioctl(vm, rev->cmd, CC_QUESTION_ARG) < 0 && errno == EFAULT)
			host->kernel_cmd = rev->cmd;
	close(vm);
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

uint64_t host_vm_inode(const char *name)
{
	char path[sizeof(VMS_OF_DEBUGFS) + CC_VM_NAME_LEN + 1];
	struct stat st;

	snprintf(path, sizeof(path), VMS_OF_DEBUGFS "/%s", name);
	return stat(path, &st) ? 0 : st.st_ino;
}

bool host_vms(host_vm_fn *fn, void *ctx)
{
	DIR *dir = opendir(VMS_OF_DEBUGFS);
	unsigned int pid, fd;
	struct dirent *d;

	/* Without KVM there is no such directory, and no VM. */
	if (!dir)
		return errno == ENOENT && !access(DEBUGFS "/kprobes", F_OK);
	while ((d = readdir(dir)))
		if (sscanf(d->d_name, "%u-%u", &pid, &fd) == 2)
			fn(d->d_name, d->d_ino, ctx);
	closedir(dir);
	return true;
}

static void modules_of_kvm(char *buf, size_t len)
{
	static const char *const names[] = { "kvm", "kvm_hv", "kvm_pr" };
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && n < len; i++)
		if (host_has_module(names[i]))
			n += snprintf(buf + n, len - n, "%s%s", n ? " " : "", names[i]);
}

void host_identify(struct host_id *id)
{
	static struct utsname u;
	static char boot_id[64], modules[64];

	*id = (struct host_id){ .modules = modules };
	modules_of_kvm(modules, sizeof(modules));
	if (!uname(&u)) {
		id->name = u.nodename;
		id->release = u.release;
		id->build = u.version;
		id->arch = u.machine;
	}
	if (read_file("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id))) {
		boot_id[strcspn(boot_id, "\n")] = '\0';
		id->boot_id = boot_id;
	}
	id->cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
}

bool host_has_capability(unsigned int cap)
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

enum fact host_lockdown(char *mode, size_t len)
{
	char text[128], *at;

	if (access(LOCKDOWN, F_OK))
		return access(SECURITYFS "/lsm", F_OK) ? FACT_UNKNOWN : FACT_ABSENT;
	if (!read_file(LOCKDOWN, text, sizeof(text)))
		return FACT_UNKNOWN;
	at = strchr(text, '[');
	if (!at)
		return FACT_UNKNOWN;
	at[1 + strcspn(at + 1, "]")] = '\0';
	snprintf(mode, len, "%s", at + 1);
	return FACT_KNOWN;
}

const char *host_obstacle_of(enum host_obstacle_kind kind)
{
	char mode[32];

	switch (kind) {
	case OBSTACLE_PRIVILEGE:
		return host_has_capability(CAP_SYS_ADMIN) ?
			       NULL :
			       "no privilege: reading the types of kernel modules needs CAP_SYS_ADMIN (and CAP_BPF, CAP_PERFMON): run it as root, for example with sudo";
	case OBSTACLE_LOCKDOWN:
		return host_lockdown(mode, sizeof(mode)) != FACT_KNOWN ||
				       strcmp(mode, "confidentiality") ?
			       NULL :
			       "the kernel is locked down in confidentiality mode, which forbids BPF to read kernel memory: boot with lockdown=integrity or without lockdown= (see " LOCKDOWN
			       ")";
	case OBSTACLE_TYPES:
		return !access(KERNEL_BTF, R_OK) ?
			       NULL :
			       "the kernel has no BTF (" KERNEL_BTF
			       "): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, and mount sysfs";
	default:
		return NULL;
	}
}

const char *host_obstacle(void)
{
	const char *why = NULL;

	for (int kind = 0; !why && kind < OBSTACLES; kind++)
		why = host_obstacle_of(kind);
	return why;
}

const char *host_kvm_obstacle(void)
{
	static bool kvm_known, kvm, pr_known, pr;

	if (!host_has_module(KVM_MODULE) && !is_built_in("kvm_arch_vm_ioctl", &kvm_known, &kvm))
		return "KVM is not loaded, or this kernel has none: modprobe kvm-hv (if that fails, dmesg says why)";
	if (access("/dev/kvm", F_OK))
		return "there is no /dev/kvm, through which VMs are made: mount devtmpfs on /dev, or in a container pass the device in";
	if (!host_has_module("kvm_hv") && !host_has_module("kvm_pr") &&
	    !is_built_in("kvmppc_core_init_vm_pr", &pr_known, &pr))
		return "KVM is loaded, but no backend (kvm-hv or kvm-pr), so that nobody can make a VM: modprobe kvm-hv (if that fails, dmesg says why: does this machine's hypervisor allow nesting?)";
	return NULL;
}

/* ---------------------------------------------------------------- what can be attached to */

static bool is_zero(const char *path)
{
	FILE *f = fopen(path, "re");
	int c;

	if (!f)
		return false;
	c = getc(f);
	fclose(f);
	return c == '0';
}

bool host_ftrace_is_off(void)
{
	return is_zero("/proc/sys/kernel/ftrace_enabled");
}

const char *host_switched_off(enum attach_how how)
{
	if (how != ATTACH_ABSENT && how != ATTACH_TRACEPOINT && host_ftrace_is_off())
		return "ftrace is switched off (switch it on: sysctl kernel.ftrace_enabled=1)";
	if (how == ATTACH_KPROBE && host_kprobes_are_off())
		return "kprobes are switched off (switch them on: echo 1 >/sys/kernel/debug/kprobes/enabled)";
	return NULL;
}

ino_t host_module_identity(const char *module)
{
	struct stat st;
	char path[64];

	if (!module)
		return 1;
	snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (stat(path, &st) || !is_live(module))
		return 0;
	return st.st_ino;
}

bool host_modules_changed(struct host_modules *modules, bool *reloaded)
{
	struct host_modules now = {
		.kvm = host_module_identity(KVM_MODULE),
		.hv = host_module_identity("kvm_hv"),
		.pr = host_module_identity("kvm_pr"),
	};
	bool changed = now.kvm != modules->kvm || now.hv != modules->hv || now.pr != modules->pr;

	*reloaded = now.kvm && now.kvm != modules->kvm;
	*modules = now;
	return changed;
}

bool host_facts_equal(const struct host_facts *a, const struct host_facts *b)
{
	return a->page_size == b->page_size && a->ksize_is == b->ksize_is && a->ksize == b->ksize &&
	       a->kernel_cmd == b->kernel_cmd && a->pseries_is == b->pseries_is &&
	       a->cpu_version_is == b->cpu_version_is && a->cpu_version == b->cpu_version &&
	       a->nested == b->nested && a->nested_caps_is == b->nested_caps_is &&
	       a->nested_caps == b->nested_caps && a->processor.pvr == b->processor.pvr;
}
