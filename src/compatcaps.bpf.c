// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What runs in the kernel: watch KVM_PPC_GET_COMPAT_CAPS and the backend hook under it,
 * KVM_CHECK_EXTENSION of its capability, the compatibility mode that a VMM asks for, each
 * KVM_RUN that fails, and what KVM prints; put together one record a call, and count what could
 * not be recorded. Nothing is judged here.
 *
 * All VM ioctls of all VMMs pass through here, and hundreds of registers when a vCPU
 * migrates. The programs are therefore small: they compare, and return. What follows for a
 * call that is ours is in functions of their own, so that the others pay for no stack frame.
 */
#include <linux/bpf.h>
#include "vmlinux_ppc64le.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "kvm/abi.h"
#include "kvm/compatcaps.h"
#include "bpf/in_flight_record.h"

#define PLACES	     4			 /* where a thread's call can be among MAX_IN_FLIGHT */
#define MAX_OF_USER  (MAX_OVERFLOWS / 4) /* of which one user can have so many */
#define MAX_LOSSES   16384		 /* kinds of losses that are counted separately */
#define WAKE_NS	     (CC_WAKE_MS * 1000000)
#define RECORD_BYTES (sizeof(struct cc_record) + BPF_RINGBUF_HDR_SZ)
#define LINE_BYTES   (sizeof(struct cc_line) + BPF_RINGBUF_HDR_SZ)
#define END_BYTES    (sizeof(struct cc_end) + BPF_RINGBUF_HDR_SZ)
#define ARGS_BYTES   (sizeof(struct cc_args) + BPF_RINGBUF_HDR_SZ)

#define EINTR	     4
#define EAGAIN	     11
#define EEXIST	     17
#define NR_IOCTL     54
#define TRAP_SYSCALL 0xc00    /* of pt_regs: by sc, */
#define TRAP_SCV     0x3000   /* and by scv */
#define MUTEX_FLAGS  7	      /* in the word that names a mutex's owner */
#define IN_INTERRUPT 0xff0100 /* preempt_count: NMI, hard interrupt, soft interrupt */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 modes; /* enum cc_mode */

/* Of these what chooses. bpf/plain.bpf.c has none, and nothing of what it would take. */
#ifdef CC_PLAIN
#define FILTERS 0u
#else
#define FILTERS modes
#endif

/* 0 or empty: no filter. All but filter_tid are on the process. */
const volatile __u32 filter_pid;
const volatile __u32 filter_tid;
const volatile char filter_comm[CC_COMM_LEN];
const volatile __u64 filter_vm_ino;
const volatile __u64 filter_cgroup;
const volatile __u32 filter_cgroup_level;

const volatile __u32 tracer; /* its own calls are not recorded */
const volatile __u32 pid_ns; /* the tracer's pid namespace */
const volatile __u64 ring_bytes;
const volatile __u64 page_bytes; /* of the kernel */

/* Another number each time that ends of VMs begin to be watched again. */
__u32 vm_epoch;
/* Counts VMs that come and go. */
__u32 vm_changes;

#include "bpf/vms.bpf.h"

/*
 * By thread, which is in one call at a time: at the place that its id gives, or at one of the
 * next. An array costs a tenth of what a hash map takes for coming and going. It is not task
 * storage, which has no memory on powerpc where the kernel takes it from kmalloc_nolock()
 * (seen on Linux 7.3): that wants cmpxchg16b.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_IN_FLIGHT);
	__type(key, __u32);
	__type(value, struct in_flight);
} calls SEC(".maps");

/*
 * By thread too, for those that find their slots taken: whoever knows the id of a thread could
 * have others hang there. How many of these a user can have is limited for the same reason.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_OVERFLOWS);
	__type(key, __u32);
	__type(value, struct in_flight);
} overflows SEC(".maps");

static const struct in_flight nothing_yet;

/* The size is set from the page size at load: ring sizes that suit 4 KiB fail on 64 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LOSSES);
	__type(key, struct cc_loss_key);
	__type(value, __u64);
} losses SEC(".maps");

/* All losses, and of these by reason the ones that found no place in the map. */
__u64 lost;
__u64 lost_elsewhere[CC_LOSSES];

__u64 orphans; /* of the lost ones those whose end was not seen */

/* Calls that have begun and not ended: return probes see no command to compare. */
__u32 in_flight;

__u32 in_overflow; /* of these, those in the map of overflows */

/* 0: the hook is not watched; else another number each time that watching it begins. */
__u32 hook_watched;

__u64 woken_ns; /* when the reader was woken last */

/* The tracer is about to detach: a call that begins now would not be seen to end. */
__u32 closing;

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
extern _Bool bpf_session_is_return(void *ctx) __ksym __weak;

/* A pointer that is just a number to the verifier, as one to a type of the kernel's own. */
#define cast(type, pointer) \
	((type *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(type)))

/* By the number alone: a byte is compared with in half of the instructions. */
static __always_inline _Bool may_be_ours(__u32 cmd)
{
	__u8 nr = cmd;

	return nr == (__u8)ABI_CMD_MAINLINE || nr == (__u8)ABI_CMD_V5;
}

/* The struct begins with its size, and may be larger than the kernel's. */
static __always_inline _Bool is_sized(__u32 cmd)
{
	return cmd == ABI_CMD_MAINLINE || cmd == ABI_CMD_V5;
}

static __always_inline _Bool is_ours(__u32 cmd)
{
	return is_sized(cmd) || cmd == ABI_CMD_V3 || cmd == ABI_CMD_V1;
}

static __always_inline _Bool is_our_capability(long ext)
{
	return ext == ABI_CAP_PPC_COMPAT_CAPS || ext == ABI_CAP_PPC_COMPAT_CAPS_OLD;
}

/* ---------------------------------------------------------------- who it is */

/*
 * A word of a struct of the UAPI; 0: it cannot be read. libbpf searches all types of the kernel for
 * each struct that it relocates, and these need none of that.
 */
static __always_inline __u64 word_at(__u64 of, __u32 offset)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (const void *)(of + offset));
	return word;
}

static __always_inline struct in_flight *place(__u32 thread, __u32 i)
{
	__u32 at = (thread + i) % MAX_IN_FLIGHT;

	return bpf_map_lookup_elem(&calls, &at);
}

#include "bpf/filters.bpf.h"

/* ---------------------------------------------------------------- which VM it is */

static __noinline __u64 read_inode(__u64 kvm)
{
	return BPF_CORE_READ((struct kvm *)kvm, debugfs_dentry, d_inode, i_ino);
}

/* 0: it has none. Without debugfs the entry is an ERR_PTR, and what is read there is 0. */
static __always_inline __u64 inode_of(__u64 kvm)
{
	struct dentry *dir;

	if (!kvm)
		return 0;
	if (!(modes & CC_MODE_CAST))
		return read_inode(kvm);
	dir = cast(struct kvm, kvm)->debugfs_dentry;
	return cast(struct inode, cast(struct dentry, dir)->d_inode)->i_ino;
}

/* ---------------------------------------------------------------- losses and shares */

/*
 * These functions of many callers take numbers. For each call with a pointer into the caller's
 * stack the verifier (since Linux 7.1) follows the stack through the function once more, which was
 * a third of what attaching cost.
 */
__noinline int count_loss_of(enum cc_loss loss, __u64 what, __u64 vm, __u64 ino, int ret)
{
	struct cc_loss_key key = { .vm = vm, .vm_ino = ino, .loss = loss, .ret = ret };
	__u64 zero = 0, *n;

	key.type = (__u32)what;
	if (key.type == CC_NEGOTIATION)
		key.cmd = what >> 32;
	n = bpf_map_lookup_elem(&losses, &key);
	if (!n) {
		bpf_map_update_elem(&losses, &key, &zero, BPF_NOEXIST);
		n = bpf_map_lookup_elem(&losses, &key);
	}
	if (n)
		__sync_fetch_and_add(n, 1);
	else if (loss < CC_LOSSES)
		__sync_fetch_and_add(&lost_elsewhere[loss], 1);
	__sync_fetch_and_add(&lost, 1);
	return 0;
}

static __always_inline int count_loss(enum cc_loss loss, const struct call *c, int ret)
{
	return count_loss_of(loss, (__u64)c->cmd << 32 | c->type, c->vm, c->vm_ino, ret);
}

#include "bpf/shares.bpf.h"

#include "bpf/user_memory.bpf.h"

#include "bpf/grants.bpf.h"

#include "bpf/requests.bpf.h"

#include "bpf/record.bpf.h"

#include "bpf/lives.bpf.h"

/* ---------------------------------------------------------------- calls in flight */

static __always_inline struct in_flight *find_call_of(__u32 thread)
{
	struct in_flight *t;

	for (__u32 i = 0; i < PLACES; i++) {
		t = place(thread, i);
		if (t && t->owner == thread)
			return t;
	}
	return in_overflow ? bpf_map_lookup_elem(&overflows, &thread) : NULL;
}

static __always_inline struct in_flight *find_call(void)
{
	return find_call_of(bpf_get_current_task_btf()->pid);
}

/* The user may have been forgotten since, and met again. */
static __noinline int leave_overflow(__u32 thread, __u64 id)
{
	struct user *user = bpf_map_lookup_elem(&users, &id);

	if (bpf_map_delete_elem(&overflows, &thread))
		return 0;
	if (user && user->overflows)
		__sync_fetch_and_add(&user->overflows, -1);
	__sync_fetch_and_add(&in_overflow, -1);
	return 0;
}

/* An exchange, for it lets nobody see the place free before it has been read. */
static __always_inline void forget_call(struct in_flight *t)
{
	if (t->in_overflow)
		leave_overflow(t->owner, t->user);
	else
		__sync_lock_test_and_set(&t->owner, 0);
	__sync_fetch_and_add(&in_flight, -1);
}

/* A thread is in one call at a time: the end of the one before was not seen. */
static __noinline int orphan(void)
{
	struct in_flight *t = find_call();

	if (!t)
		return 0;
	count_loss(CC_LOSS_ORPHANED, &t->call, CC_RET_UNKNOWN);
	__sync_fetch_and_add(&orphans, 1);
	forget_call(t);
	return 0;
}

static __noinline struct in_flight *take_overflow(struct task_struct *task)
{
	__u32 thread = task->pid;
	__u64 id = current_user();
	struct user *user = meet_user(id);
	struct in_flight *t = NULL;

	if (!user || user->overflows >= MAX_OF_USER)
		return NULL;
	if (!bpf_map_update_elem(&overflows, &thread, &nothing_yet, BPF_NOEXIST))
		t = bpf_map_lookup_elem(&overflows, &thread);
	if (!t)
		return NULL;
	t->owner = thread;
	t->user = id;
	t->in_overflow = 1;
	__sync_fetch_and_add(&user->overflows, 1);
	__sync_fetch_and_add(&in_overflow, 1);
	__sync_fetch_and_add(&in_flight, 1);
	return t;
}

/* A place for a call of this thread; NULL: there is none. */
static __always_inline struct in_flight *take_place(struct task_struct *task)
{
	__u32 thread = task->pid;
	struct in_flight *t;

	if (in_flight)
		orphan();
	for (__u32 i = 0; i < PLACES; i++) {
		t = place(thread, i);
		if (!t || t->owner || __sync_val_compare_and_swap(&t->owner, 0, thread))
			continue;
		__sync_fetch_and_add(&in_flight, 1);
		return t;
	}
	return take_overflow(task);
}

/*
 * Another thread whose id comes to the same place may read this meanwhile. So args_sent, without
 * which nothing here is believed, is cleared first and set last, both by exchanges: they are in
 * order with what is written in between.
 */
static __noinline int get_to_know(struct known *k, const struct call *c)
{
	struct vm *vm;

	__sync_lock_test_and_set(&k->args_sent, 0);
	k->changes = vm_changes;
	vm = vm_of(c);
	k->kvm = vm ? c->kvm : 0;
	k->number = c->vm;
	k->ino = c->vm_ino;
	k->seen = k->has_hook = k->kvm_pr = 0;
	if (!vm)
		return 0;
	__builtin_memcpy(k->name, vm->name, sizeof(k->name));
	k->seen = vm->seen;
	k->has_hook = vm->has_hook;
	k->kvm_pr = vm->kvm_pr;
	__sync_lock_test_and_set(&k->args_sent, vm->args_sent);
	return 0;
}

/* It is this VM as long as no VM has come or gone. */
static __always_inline _Bool is_known(const struct known *k, __u64 kvm)
{
	return kvm && k->kvm == kvm && k->changes == vm_changes && k->args_sent;
}

/* What has been asked for once is so again: is_asked_for(), by what the thread knows. */
static __always_inline _Bool is_asked_for_again(struct call *c, struct task_struct *task)
{
	struct in_flight *t = FILTERS & CC_MODE_FILTERED && filter_tid ? NULL : place(task->pid, 0);
	struct known *k;
	__u64 number, ino;

	if (!t)
		return is_asked_for(c);
	/* Read before it is looked at whose they are: get_to_know(). */
	k = &t->known;
	number = *(volatile __u64 *)&k->number;
	ino = *(volatile __u64 *)&k->ino;
	if (!is_known(k, c->kvm))
		return is_asked_for(c);
	c->vm = number;
	c->vm_ino = ino;
	return 1;
}

/* NULL: it is not to be recorded, or cannot be, and that is counted. */
static __always_inline struct in_flight *begin(enum cc_type type, __u64 kvm, __u32 cmd, __u64 arg)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call c = { .type = type, .cmd = cmd, .arg = arg, .kvm = kvm };
	struct in_flight *t;

	if (!is_asked_for_again(&c, task))
		return NULL;
	t = take_place(task);
	if (!t) {
		count_loss(CC_LOSS_IN_FLIGHT, &c, CC_RET_UNKNOWN);
		return NULL;
	}
	c.mono_ns = bpf_ktime_get_ns();
	t->call = c;
	if (type == CC_NEGOTIATION && !is_known(&t->known, kvm))
		get_to_know(&t->known, &c);
	t->pid = pid_of(task);
	t->tid = tid_of(task);
	return t;
}

static __always_inline int negotiation_begins(__u64 kvm, __u32 cmd, __u64 arg)
{
	struct in_flight *t;

	if (!is_ours(cmd) || arg == CC_QUESTION_ARG || closing)
		return 0;
	t = begin(CC_NEGOTIATION, kvm, cmd, arg);
	if (!t)
		return 0;
	t->backend_arg = t->backend_caps = t->backend_head = 0;
	t->backend_ret = 0;
	t->seen = 0;
	t->watched = hook_watched;
	t->in_words = read_words(t->in, arg);
	return 0;
}

/* cmd 0: a return probe, which sees no arguments. */
static __always_inline int negotiation_ends(__u32 cmd, __u64 arg, int ret)
{
	struct in_flight *t = find_call();

	if (!t || t->call.type != CC_NEGOTIATION ||
	    (cmd && (t->call.cmd != cmd || t->call.arg != arg)))
		return 0;
	record_negotiation(t, ret);
	forget_call(t);
	return 0;
}

static __noinline int begin_negotiation(__u64 kvm, __u32 cmd, __u64 arg)
{
	return negotiation_begins(kvm, cmd, arg);
}

static __noinline int end_negotiation(__u32 cmd, __u64 arg, int ret)
{
	return negotiation_ends(cmd, arg, ret);
}

/* size: of the kernel's copy of the struct, which is the caller's until the call succeeds. */
static __always_inline void note_hook(struct in_flight *t, __u64 size, __u64 caps, int ret)
{
	t->backend_ret = ret;
	t->backend_caps = caps;
	t->seen |= CC_SEEN_BACKEND;
	/* What is less never gets this far: this kernel's copy is not made before the hook. */
	if (size < ABI_SIZE_VER0 || !is_sized(t->call.cmd))
		return;
	t->backend_head = size;
	t->seen |= CC_SEEN_HEAD;
}

/* What needs nothing from before the call: seen at its end alone. */
static __noinline int whole_call(enum cc_type type, __u64 kvm, struct kvm_vcpu *vcpu, __u64 arg,
				 int ret)
{
	struct call c = { .type = type, .arg = arg, .kvm = kvm };

	return is_asked_for(&c) ? record_simple(&c, vcpu, ret) : 0;
}

SEC("fentry")
int BPF_PROG(ioctl_fentry, struct file *filp, unsigned int cmd, unsigned long arg)
{
	if (may_be_ours(cmd))
		begin_negotiation((__u64)filp->private_data, cmd, arg);
	return 0;
}

SEC("fexit")
int BPF_PROG(ioctl_fexit, struct file *filp, unsigned int cmd, unsigned long arg, int ret)
{
	if (may_be_ours(cmd))
		end_negotiation(cmd, arg, ret);
	return 0;
}

/*
 * Both of these in one program, where the kernel has such programs (Linux 7.0). To attach a second
 * program to a function, or to detach one of two, the kernel exchanges a trampoline, on which a
 * preemptible kernel can crash (docs/soak.md). The loader sets the attach type, whose section name
 * an older libbpf does not know.
 */
static __noinline int either_end(unsigned long long *ctx)
{
	__u64 cmd = ctx[1], arg = ctx[2];

	if (bpf_session_is_return(ctx))
		return negotiation_ends(cmd, arg, ctx[3]);
	return negotiation_begins((__u64)((struct file *)ctx[0])->private_data, cmd, arg);
}

/* It looks at the command alone: all VM ioctls pass here twice. */
SEC("fentry")
int ioctl_session(unsigned long long *ctx)
{
	return may_be_ours(ctx[1]) ? either_end(ctx) : 0;
}

SEC("fexit")
int BPF_PROG(backend_fexit, struct kvm_ppc_compat_caps *caps, int ret)
{
	struct in_flight *t = find_call();

	if (t && t->call.type == CC_NEGOTIATION)
		note_hook(t, caps->size, caps->compat_capabilities, ret);
	return 0;
}

SEC("fexit")
int BPF_PROG(extension_fexit, struct kvm *kvm, long ext, int ret)
{
	if (is_our_capability(ext))
		whole_call(CC_EXTENSION, (__u64)kvm, NULL, ext, ret);
	return note_grant(ext, ret);
}

/* val: a union kvmppc_one_reg, of which this register has the first word. */
SEC("fexit")
int BPF_PROG(reg_fexit, struct kvm_vcpu *vcpu, __u64 id, __u32 *val, int ret)
{
	if (id != ABI_REG_ARCH_COMPAT)
		return 0;
	whole_call(CC_ARCH_COMPAT, (__u64)vcpu->kvm, vcpu, *val, ret);
	return await_vcpu(vcpu, 1);
}

/*
 * The same by kprobes, for kernels without direct calls of ftrace. A return probe does not
 * see which call it ends: whatever else the thread begins tells that the end of the one
 * before was missed.
 */
static __noinline int begin_call(enum cc_type type, __u64 kvm, __u64 arg)
{
	begin(type, kvm, 0, arg);
	return 0;
}

static __noinline int end_call(enum cc_type type, int ret)
{
	struct in_flight *t = find_call();

	struct kvm_vcpu *vcpu;

	if (!t || t->call.type != type)
		return 0;
	vcpu = type == CC_ARCH_COMPAT ? (struct kvm_vcpu *)t->vcpu : NULL;
	record_simple(&t->call, vcpu, ret);
	forget_call(t);
	return vcpu ? await_vcpu(vcpu, 1) : 0;
}

SEC("kprobe")
int BPF_KPROBE(ioctl_kprobe, struct file *filp, unsigned int cmd, unsigned long arg)
{
	if (in_flight)
		orphan();
	if (may_be_ours(cmd))
		begin_negotiation((__u64)BPF_CORE_READ(filp, private_data), cmd, arg);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(ioctl_kretprobe, int ret)
{
	return in_flight ? end_negotiation(0, 0, ret) : 0;
}

SEC("kprobe")
int BPF_KPROBE(backend_kprobe, struct kvm_ppc_compat_caps *caps)
{
	struct in_flight *t = in_flight ? find_call() : NULL;

	if (t)
		t->backend_arg = (__u64)caps;
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(backend_kretprobe, int ret)
{
	struct in_flight *t = in_flight ? find_call() : NULL;
	struct kvm_ppc_compat_caps *caps;

	if (!t || t->call.type != CC_NEGOTIATION || !t->backend_arg)
		return 0;
	caps = (struct kvm_ppc_compat_caps *)t->backend_arg;
	if (!bpf_core_field_exists(caps->size))
		return 0;
	note_hook(t, BPF_CORE_READ(caps, size), BPF_CORE_READ(caps, compat_capabilities), ret);
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(extension_kprobe, struct kvm *kvm, long ext)
{
	if (in_flight)
		orphan();
	begin_grant(ext);
	if (is_our_capability(ext))
		begin_call(CC_EXTENSION, (__u64)kvm, ext);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(extension_kretprobe, int ret)
{
	if (in_flight)
		end_call(CC_EXTENSION, ret);
	return end_grant(ret);
}

static __noinline int begin_arch_compat(struct kvm_vcpu *vcpu, __u32 *val)
{
	__u64 kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
	struct in_flight *t;
	__u32 pvr = 0;

	bpf_probe_read_kernel(&pvr, sizeof(pvr), val);
	t = begin(CC_ARCH_COMPAT, kvm, 0, pvr);
	if (t)
		t->vcpu = (__u64)vcpu;
	return 0;
}

SEC("kprobe")
int BPF_KPROBE(reg_kprobe, struct kvm_vcpu *vcpu, __u64 id, __u32 *val)
{
	if (in_flight)
		orphan();
	if (id == ABI_REG_ARCH_COMPAT)
		begin_arch_compat(vcpu, val);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(reg_kretprobe, int ret)
{
	return in_flight ? end_call(CC_ARCH_COMPAT, ret) : 0;
}

/* What becomes a VM is none yet: it stands where others have their argument. */
SEC("kprobe")
int BPF_KPROBE(birth_kprobe, struct kvm *kvm)
{
	if (in_flight)
		orphan();
	return begin_call(CC_VM_CREATED, 0, (__u64)kvm);
}

static __noinline int end_birth(int ret)
{
	struct in_flight *t = find_call();
	__u64 kvm, mono_ns;

	if (!t || t->call.type != CC_VM_CREATED)
		return 0;
	kvm = t->call.arg;
	mono_ns = t->call.mono_ns;
	forget_call(t);
	return vm_was_made(kvm, ret, mono_ns);
}

SEC("kretprobe")
int BPF_KRETPROBE(birth_kretprobe, int ret)
{
	return in_flight ? end_birth(ret) : 0;
}

SEC("kprobe")
int BPF_KPROBE(death_kprobe, struct kvm *kvm)
{
	if (in_flight)
		orphan();
	return vm_ends((__u64)kvm);
}

#include "bpf/printer.bpf.h"

#include "bpf/runs.bpf.h"

#include "bpf/lines.bpf.h"

/* ---------------------------------------------------------------- for user space */

/* Who frees a slot is the kernel side alone: user space has found out that a call is over. */
SEC("syscall")
int drop_call(struct drop_call *d)
{
	struct in_flight *t = find_call_of(d->thread);

	d->dropped = t && t->call.mono_ns == d->mono_ns;
	if (d->dropped)
		forget_call(t);
	return 0;
}

/* User space has looked at a VM that was there already, and at who owns it. */
SEC("syscall")
int decide_vm(struct decide_vm *d)
{
	__u64 kvm = d->kvm;
	struct vm *vm = bpf_map_lookup_elem(&vms, &kvm);

	d->passes = vm && vm->number == d->number && !vm->born && decide(vm, d->passes);
	return 0;
}

#include "bpf/nested_caps.bpf.h"
