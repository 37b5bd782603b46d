// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What runs in the kernel: watch KVM_PPC_GET_COMPAT_CAPS and the backend hook under it,
 * KVM_CHECK_EXTENSION of its capability, and the compatibility mode that a VMM asks for;
 * put together one record a call. Nothing is judged here.
 *
 * All VM ioctls of all VMMs pass through here, and hundreds of registers when a vCPU
 * migrates: what is not ours is compared and let go, with no map and no helper.
 */
#include <linux/bpf.h>
#include "vmlinux_ppc64le.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "abi.h"
#include "compatcaps.h"

#define MAX_CALLS     8192 /* calls under way at once whose start is remembered */
#define MAX_NAMED     4096 /* VMs whose process's command line was sent */
#define MAX_ANCESTORS 64
#define MAX_PID_LEVELS 33 /* the kernel nests pid namespaces 32 deep */
#define TAIL_CHUNK    64
#define KVM_DEVICE    (10u << 20 | 232) /* /dev/kvm: MISC_MAJOR, KVM_MINOR */
#define ANON_INODE_FS_MAGIC 0x09041934

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* 0 or empty: no filter. */
const volatile __u32 filter_pid;      /* thread group */
const volatile _Bool filter_descendants; /* of the tracer */
const volatile __u32 filter_tid;
const volatile char filter_comm[CC_COMM_LEN];
const volatile char filter_vm[CC_VM_NAME_LEN]; /* as below debugfs: "PID-FD" */
const volatile _Bool filter_errors;
const volatile __u32 filter_errno; /* a positive one; only calls that fail with it */
const volatile __u32 tracer; /* its own calls are not recorded */
/* The tracer's pid namespace, where it is not the first: pids are shown as seen there. */
const volatile __u32 pid_ns;

/* A call under way. */
struct call {
	struct cc_record r;
	struct kvm_ppc_compat_caps *backend_arg; /* for the return probe, which sees none */
};

struct calls {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps"), probed SEC(".maps"); /* begun by fentry; by one of the other ways */

/* The size is set from the page size at load: ring sizes that suit 4 KiB fail on 64 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CC_LOST_MAX);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* VMs, by address, and the inodes that tell which VM it was at that address. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_NAMED);
	__type(key, __u64);
	__type(value, __u64);
} named SEC(".maps");

/* Entries of `probed`: return probes see no command to compare, and ask no map without. */
__u32 under_way;

/*
 * fexit keeps a module from being unloaded, kprobes and the system call do not: while no VM
 * is there one of these takes over. A call is theirs if this says so when it begins, else
 * fentry's, which comes after them, as fexit comes before their end of it. So it has one
 * owner while two ways are attached.
 */
__u32 others_answer[CC_UNITS];

static __always_inline void count_lost(__u32 why)
{
	__u64 *n = bpf_map_lookup_elem(&lost, &why);

	if (n)
		*n += 1;
}

static __always_inline _Bool is_ours(__u32 cmd)
{
	return cmd == ABI_CMD_MAINLINE || cmd == ABI_CMD_V5 || cmd == ABI_CMD_V3 ||
	       cmd == ABI_CMD_V1;
}

/* The number that a process of the tracer's pid namespace knows this pid by; 0: none. */
static __always_inline __u32 nr_of(struct pid *pid)
{
	struct upid *upid;

	for (int i = 0; i < MAX_PID_LEVELS; i++) {
		if (i > (int)BPF_CORE_READ(pid, level))
			break;
		upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		       i * bpf_core_type_size(struct upid);
		if (BPF_CORE_READ(upid, ns, ns.inum) == pid_ns)
			return BPF_CORE_READ(upid, nr);
	}
	return 0;
}

static __always_inline __u32 pid_of(struct task_struct *task)
{
	if (!pid_ns)
		return BPF_CORE_READ(task, tgid);
	return nr_of(BPF_CORE_READ(task, group_leader, thread_pid));
}

static __always_inline __u32 tid_of(struct task_struct *task)
{
	if (!pid_ns)
		return BPF_CORE_READ(task, pid);
	return nr_of(BPF_CORE_READ(task, thread_pid));
}

static __always_inline _Bool comm_matches(void)
{
	char comm[CC_COMM_LEN] = {};

	if (!filter_comm[0])
		return 1;
	bpf_get_current_comm(comm, sizeof(comm));
	for (int i = 0; i < CC_COMM_LEN; i++) {
		if (comm[i] != filter_comm[i])
			return 0;
		if (!comm[i])
			break;
	}
	return 1;
}

/* Orphans of a traced command find their way up as well: the tracer is a subreaper. */
static __always_inline _Bool ancestor_matches(struct task_struct *task)
{
	if (!filter_descendants)
		return 1;
	for (int i = 0; i < MAX_ANCESTORS; i++) {
		if (pid_of(task) == tracer)
			return 1;
		if (BPF_CORE_READ(task, tgid) <= 1)
			return 0;
		task = BPF_CORE_READ(task, real_parent);
	}
	return 0;
}

static __always_inline _Bool vm_matches(struct kvm *kvm)
{
	char name[CC_VM_NAME_LEN] = {};

	if (!filter_vm[0])
		return 1;
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(kvm, debugfs_dentry, d_name.name));
	for (int i = 0; i < CC_VM_NAME_LEN; i++) {
		if (name[i] != filter_vm[i])
			return 0;
		if (!name[i])
			break;
	}
	return 1;
}

static __always_inline _Bool wanted(struct kvm *kvm)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 pid = pid_of(task);

	if (pid == tracer || (filter_pid && filter_pid != pid) ||
	    (filter_tid && filter_tid != tid_of(task)))
		return 0;
	return comm_matches() && vm_matches(kvm) && ancestor_matches(task);
}

static __always_inline _Bool wanted_result(int ret)
{
	if (filter_errno)
		return ret == -(int)filter_errno;
	return !filter_errors || ret < 0;
}

/* The caller's first words, as many as can be read without a fault. */
static __always_inline __u8 read_words(__u64 *to, __u64 arg)
{
	const void *user = (const void *)arg;

	if (!bpf_probe_read_user(to, CC_WORDS * sizeof(*to), user))
		return CC_WORDS;
	if (!bpf_probe_read_user(to, 2 * sizeof(*to), user))
		return 2;
	return !bpf_probe_read_user(to, sizeof(*to), user);
}

static __always_inline void fill_vm(struct cc_record *r, struct kvm *kvm)
{
	struct dentry *dir;

	r->vm = (__u64)kvm;
	if (!kvm)
		return;
	dir = BPF_CORE_READ(kvm, debugfs_dentry);
	r->vm_ino = BPF_CORE_READ(dir, d_inode, i_ino);
	bpf_probe_read_kernel_str(r->vm_name, sizeof(r->vm_name), BPF_CORE_READ(dir, d_name.name));
}

static __always_inline void fill_caller(struct cc_record *r, enum cc_type type, struct kvm *kvm)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	r->type = type;
	r->mono_ns = bpf_ktime_get_ns();
	fill_vm(r, kvm);
	r->pid = pid_of(task);
	r->tid = tid_of(task);
	bpf_get_current_comm(r->comm, sizeof(r->comm));
}

static __always_inline void fill_hook(struct cc_record *r, struct kvm *kvm)
{
	struct kvmppc_ops *ops = BPF_CORE_READ(kvm, arch.kvm_ops);

	if (!ops || !bpf_core_field_exists(ops->get_compat_caps))
		return;
	r->has_hook = BPF_CORE_READ(ops, get_compat_caps) != 0;
	r->seen |= CC_SEEN_OPS;
}

struct tail {
	struct cc_record *r;
	__u64 left;
};

/* One chunk of the tail; 1 ends the loop. */
static long look_at_tail(__u32 i, void *ctx)
{
	__u64 chunk[TAIL_CHUNK / sizeof(__u64)] = {};
	struct tail *t = ctx;
	struct cc_record *r = t->r;
	__u32 n = t->left < TAIL_CHUNK ? t->left : TAIL_CHUNK;
	const void *user = (const void *)(r->arg + ABI_SIZE_VER0 + (__u64)i * TAIL_CHUNK);

	if (bpf_probe_read_user(chunk, n, user))
		return 1;
	for (int j = 0; j < TAIL_CHUNK / (int)sizeof(__u64); j++) {
		__u64 word = chunk[j];
		__u32 byte = 0;

		if (!word)
			continue;
		if (!(word & 0xffffffff)) {
			word >>= 32;
			byte += 4;
		}
		if (!(word & 0xffff)) {
			word >>= 16;
			byte += 2;
		}
		byte += !(word & 0xff);
		r->tail_read += j * sizeof(__u64) + byte + 1;
		r->tail_first = ABI_SIZE_VER0 + r->tail_read - 1;
		return 1;
	}
	r->tail_read += n;
	t->left -= n;
	return !t->left;
}

/* When the call has returned the kernel has faulted in what it looked at itself. */
static __always_inline void read_tail(struct cc_record *r, __u64 usize)
{
	struct tail t = { r, usize - ABI_SIZE_VER0 };

	r->seen |= CC_SEEN_TAIL;
	bpf_loop(CC_TAIL_MAX / TAIL_CHUNK, look_at_tail, &t, 0);
}

/* Not counted where it fails: user space can still look for the process. */
static __always_inline void send_args(const struct cc_record *r)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 vm = r->vm, ino = r->vm_ino, *known = bpf_map_lookup_elem(&named, &vm), len;
	struct cc_args *a;
	void *from;

	if (!vm || (known && *known == ino))
		return;
	a = bpf_ringbuf_reserve(&ring, sizeof(*a), 0);
	if (!a)
		return;
	bpf_map_update_elem(&named, &vm, &ino, BPF_ANY);
	from = (void *)BPF_CORE_READ(task, mm, arg_start);
	len = BPF_CORE_READ(task, mm, arg_end) - (__u64)from;
	if (len > CC_ARGS_LEN)
		len = CC_ARGS_LEN;
	a->type = CC_ARGS;
	a->pid = r->pid;
	a->vm = vm;
	a->vm_ino = ino;
	a->len = bpf_probe_read_user(a->args, len, from) ? 0 : len;
	bpf_ringbuf_submit(a, 0);
}

static __always_inline void submit(struct cc_record *r)
{
	if (!wanted_result(r->ret))
		return;
	send_args(r);
	if (bpf_ringbuf_output(&ring, r, sizeof(*r), 0))
		count_lost(CC_LOST_RING);
}

static __always_inline void finish_negotiation(struct cc_record *r)
{
	__u64 usize = 0;

	r->out_words = read_words(r->out, r->arg);
	if (r->cmd == ABI_CMD_V5 || r->cmd == ABI_CMD_MAINLINE) {
		if (r->in_words)
			usize = r->in[0];
		else if (r->seen & CC_SEEN_HEAD)
			usize = r->backend_head;
		else if (r->ret && r->out_words)
			usize = r->out[0]; /* a failure leaves it, or writes back less */
		if (usize > ABI_SIZE_VER0)
			read_tail(r, usize);
	}
}

static __always_inline struct call *find_call(void *map)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(map, &tid);
}

/* Replaces a call of this thread whose return was missed. 0: remembered. */
static __always_inline long remember(void *map, const struct call *c)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	long err = bpf_map_update_elem(map, &tid, c, BPF_ANY);

	if (err)
		count_lost(CC_LOST_CALLS);
	return err;
}

static __always_inline void fill_negotiation(struct cc_record *r, struct kvm *kvm, __u32 cmd,
					     __u64 arg)
{
	r->cmd = cmd;
	r->arg = arg;
	fill_caller(r, CC_NEGOTIATION, kvm);
	fill_hook(r, kvm);
	r->in_words = read_words(r->in, arg);
}

static __always_inline void call_exit(void *map, struct call *c, int ret)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct cc_record *r = &c->r;

	r->ret = ret;
	r->latency_ns = bpf_ktime_get_ns() - r->mono_ns;
	if (r->type == CC_NEGOTIATION)
		finish_negotiation(r);
	submit(r);
	bpf_map_delete_elem(map, &tid);
}

static __always_inline void backend_exit(struct cc_record *r, struct kvm_ppc_compat_caps *caps,
					 int ret)
{
	r->backend_ret = ret;
	r->backend_caps = BPF_CORE_READ(caps, compat_capabilities);
	r->seen |= CC_SEEN_BACKEND;
	/* The size is still the caller's: the kernel writes back only after this. */
	if (!bpf_probe_read_user(&r->backend_head, sizeof(r->backend_head), (void *)r->arg))
		r->seen |= CC_SEEN_HEAD;
}

static __always_inline _Bool is_our_capability(long ext)
{
	return ext == ABI_CAP_PPC_COMPAT_CAPS || ext == ABI_CAP_PPC_COMPAT_CAPS_OLD;
}

static __always_inline __u32 pvr_of(union kvmppc_one_reg *val)
{
	return BPF_CORE_READ(val, wval);
}

/* What needs nothing from before the call: seen at its end alone. */
static __always_inline void simple_exit(enum cc_type type, struct kvm *kvm, __u64 arg, int ret)
{
	struct cc_record r = { .arg = arg, .ret = ret };

	if (find_call(&probed) || !wanted(kvm))
		return;
	fill_caller(&r, type, kvm);
	submit(&r);
}

/* Each module has a way of its own: the hook's may differ from the ioctl's. */
static __always_inline struct call *any_call(void)
{
	struct call *c = find_call(&calls);

	return c ? c : find_call(&probed);
}

SEC("fentry/kvm_arch_vm_ioctl")
int BPF_PROG(ioctl_fentry, struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct call c = {};
	struct kvm *kvm;

	if (!is_ours(cmd))
		return 0;
	kvm = BPF_CORE_READ(filp, private_data);
	if (find_call(&probed) || !wanted(kvm))
		return 0;
	fill_negotiation(&c.r, kvm, cmd, arg);
	remember(&calls, &c);
	return 0;
}

SEC("fexit/kvm_arch_vm_ioctl")
int BPF_PROG(ioctl_fexit, struct file *filp, unsigned int cmd, unsigned long arg, int ret)
{
	struct call *c;

	if (!is_ours(cmd))
		return 0;
	c = find_call(&calls);
	if (c)
		call_exit(&calls, c, ret);
	return 0;
}

SEC("fexit/kvmppc_get_compat_caps")
int BPF_PROG(backend_fexit, struct kvm_ppc_compat_caps *caps, int ret)
{
	struct call *c = any_call();

	if (c)
		backend_exit(&c->r, caps, ret);
	return 0;
}

SEC("fexit/kvm_vm_ioctl_check_extension")
int BPF_PROG(extension_fexit, struct kvm *kvm, long ext, int ret)
{
	if (is_our_capability(ext))
		simple_exit(CC_EXTENSION, kvm, ext, ret);
	return 0;
}

SEC("fexit/kvmppc_set_one_reg_hv")
int BPF_PROG(reg_fexit, struct kvm_vcpu *vcpu, __u64 id, union kvmppc_one_reg *val, int ret)
{
	if (id == ABI_REG_ARCH_COMPAT)
		simple_exit(CC_ARCH_COMPAT, BPF_CORE_READ(vcpu, kvm), pvr_of(val), ret);
	return 0;
}

static __always_inline void probed_enter(const struct call *c)
{
	_Bool again = find_call(&probed) != 0;

	if (!remember(&probed, c) && !again)
		__sync_fetch_and_add(&under_way, 1);
}

static __always_inline int probed_exit(int ret)
{
	struct call *c;

	if (!under_way)
		return 0;
	c = find_call(&probed);
	if (!c)
		return 0;
	call_exit(&probed, c, ret);
	__sync_fetch_and_add(&under_way, -1);
	return 0;
}

static __always_inline void simple_enter(enum cc_type type, struct kvm *kvm, __u64 arg)
{
	struct call c = { .r = { .arg = arg } };

	if (!wanted(kvm))
		return;
	fill_caller(&c.r, type, kvm);
	probed_enter(&c);
}

/*
 * The same by kprobes, for kernels without direct calls of ftrace, and for modules that
 * must stay free to go.
 */
SEC("kprobe")
int BPF_KPROBE(ioctl_kprobe, struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct call c = {};
	struct kvm *kvm;

	if (!is_ours(cmd) || !others_answer[CC_UNIT_KVM])
		return 0;
	kvm = BPF_CORE_READ(filp, private_data);
	if (!wanted(kvm))
		return 0;
	fill_negotiation(&c.r, kvm, cmd, arg);
	probed_enter(&c);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(ioctl_kretprobe, int ret)
{
	return probed_exit(ret);
}

SEC("kprobe")
int BPF_KPROBE(backend_kprobe, struct kvm_ppc_compat_caps *caps)
{
	struct call *c = any_call();

	if (c)
		c->backend_arg = caps;
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(backend_kretprobe, int ret)
{
	struct call *c = any_call();

	if (c && c->backend_arg)
		backend_exit(&c->r, c->backend_arg, ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(extension_kprobe, struct kvm *kvm, long ext)
{
	if (is_our_capability(ext) && others_answer[CC_UNIT_KVM])
		simple_enter(CC_EXTENSION, kvm, ext);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(extension_kretprobe, int ret)
{
	return probed_exit(ret);
}

SEC("kprobe")
int BPF_KPROBE(reg_kprobe, struct kvm_vcpu *vcpu, __u64 id, union kvmppc_one_reg *val)
{
	if (id == ABI_REG_ARCH_COMPAT && others_answer[CC_UNIT_KVM_HV])
		simple_enter(CC_ARCH_COMPAT, BPF_CORE_READ(vcpu, kvm), pvr_of(val));
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(reg_kretprobe, int ret)
{
	return probed_exit(ret);
}

/*
 * The same from the system call alone, for modules that must stay free to go where kprobes
 * are not safe. It holds no module, and cannot see whether the hook was called.
 */
static __always_inline struct file *file_of(__u64 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = (struct file **)BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

static __always_inline _Bool is_dev_kvm(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return (BPF_CORE_READ(inode, i_mode) & 0170000) == 0020000 &&
	       BPF_CORE_READ(inode, i_rdev) == KVM_DEVICE;
}

/* Files that KVM makes have names of their own on a file system that nobody mounts. len: of name. */
static __always_inline _Bool is_file_of_kvm(struct file *file, const char *name, __u32 len)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	char is[16] = {};

	if (BPF_CORE_READ(dentry, d_sb, s_magic) != ANON_INODE_FS_MAGIC)
		return 0;
	bpf_probe_read_kernel(is, sizeof(is), BPF_CORE_READ(dentry, d_name.name));
	for (__u32 i = 0; i < len && i < sizeof(is); i++)
		if (is[i] != name[i])
			return 0;
	return 1;
}

/* What KVM turns away with EIO does not get as far as the functions that are watched. */
static __always_inline _Bool turns_away(struct kvm *kvm)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(kvm, mm) != BPF_CORE_READ(task, mm) || BPF_CORE_READ(kvm, vm_dead);
}

static __always_inline void sys_negotiation(struct file *file, __u32 cmd, __u64 arg)
{
	struct call c = {};
	struct kvm *kvm;

	if (!others_answer[CC_UNIT_KVM] || !is_file_of_kvm(file, "kvm-vm", 7))
		return;
	kvm = BPF_CORE_READ(file, private_data);
	if (turns_away(kvm) || !wanted(kvm))
		return;
	fill_negotiation(&c.r, kvm, cmd, arg);
	c.r.seen |= CC_SEEN_NO_BACKEND;
	probed_enter(&c);
}

static __always_inline void sys_extension(struct file *file, __u64 ext)
{
	struct kvm *kvm;

	if (!is_our_capability(ext) || !others_answer[CC_UNIT_KVM])
		return;
	if (is_dev_kvm(file)) {
		simple_enter(CC_EXTENSION, NULL, ext);
	} else if (is_file_of_kvm(file, "kvm-vm", 7)) {
		kvm = BPF_CORE_READ(file, private_data);
		if (!turns_away(kvm))
			simple_enter(CC_EXTENSION, kvm, ext);
	}
}

/* KVM PR has another function for it, which is not watched. */
static __always_inline _Bool is_hv(struct kvm *kvm)
{
	char name[7] = {};

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(kvm, arch.kvm_ops, owner, name));
	return !__builtin_memcmp(name, "kvm_hv", sizeof(name));
}

static __always_inline void sys_reg(struct file *file, __u64 arg)
{
	__u64 reg[2] = {}; /* struct kvm_one_reg: id, addr */
	struct kvm_vcpu *vcpu;
	struct kvm *kvm;
	__u32 pvr = 0;

	if (!others_answer[CC_UNIT_KVM_HV] || !is_file_of_kvm(file, "kvm-vcpu:", 9))
		return;
	vcpu = BPF_CORE_READ(file, private_data);
	kvm = BPF_CORE_READ(vcpu, kvm);
	if (turns_away(kvm) || !is_hv(kvm))
		return;
	if (bpf_probe_read_user(reg, sizeof(reg), (void *)arg) ||
	    (reg[0] == ABI_REG_ARCH_COMPAT && bpf_probe_read_user(&pvr, sizeof(pvr), (void *)reg[1])))
		count_lost(CC_LOST_MEMORY);
	else if (reg[0] == ABI_REG_ARCH_COMPAT)
		simple_enter(CC_ARCH_COMPAT, kvm, pvr);
}

/* Its arguments, or the registers that hold them (ARCH_HAS_SYSCALL_WRAPPER). */
static __always_inline __u64 syscall_arg(__u64 *ctx, __u32 n)
{
	__u64 arg = 0;

	if (bpf_get_func_arg_cnt(ctx) == 1)
		return BPF_CORE_READ((struct pt_regs *)ctx[0], gpr[3 + n]);
	bpf_get_func_arg(ctx, n, &arg);
	return arg;
}

SEC("fentry/sys_ioctl")
int sys_fentry(__u64 *ctx)
{
	__u32 cmd = (__u32)syscall_arg(ctx, 1);
	struct file *file;
	__u64 arg;

	if (!is_ours(cmd) && cmd != ABI_CMD_CHECK_EXTENSION && cmd != ABI_CMD_SET_ONE_REG)
		return 0;
	file = file_of((__u32)syscall_arg(ctx, 0));
	arg = syscall_arg(ctx, 2);
	if (cmd == ABI_CMD_CHECK_EXTENSION)
		sys_extension(file, arg);
	else if (cmd == ABI_CMD_SET_ONE_REG)
		sys_reg(file, arg);
	else
		sys_negotiation(file, cmd, arg);
	return 0;
}

SEC("fexit/sys_ioctl")
int sys_fexit(__u64 *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return probed_exit((int)ret);
}
