// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The reference negotiator. It asks KVM for compatibility modes as a correct VMM does, and on
 * request in each wrong way that exists. It prints what the caller saw, so its output can be
 * compared with a trace.
 */
#include <argp.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "kvm/abi.h"
#include "kvm/create_vm.h"
#include "json_caps.h"
#include "lib/about.h"
#include "lib/complete.h"
#include "io/out.h"
#include "lib/parse.h"

#define NAME "compatcaps_probe"

enum { EXIT_NOT_OFFERED = 1, EXIT_BAD_USAGE = 2, EXIT_IMPOSSIBLE = 3 };

#define BODY_MOST   (16ul << 20) /* how much of a struct is backed with memory */
#define CALLS_SHOWN 1000	 /* with more repetitions there is a summary alone */

#if defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const bool right_machine = true;
#else
static const bool right_machine;
#endif

/* Where in memory the struct lies. */
enum place {
	PLACE_MAPPED,
	PLACE_UNMAPPED,	    /* nowhere */
	PLACE_SPLIT,	    /* the memory ends after the size field */
	PLACE_SPLIT_TAIL,   /* the memory ends where the struct of today ends */
	PLACE_READ_ONLY,    /* readable, not writable */
	PLACE_NOT_RESIDENT, /* valid, its page not yet brought in from a file */
	PLACE_UNTOUCHED,    /* valid, never written, reads as zeros */
};

enum size_rule { SIZE_OWN, SIZE_GIVEN, SIZE_OVER_PAGE };

/* What a VMM does when it is told E2BIG. */
enum on_e2big { GIVE_UP, RETRY_RIGHT, RETRY_SAME };

struct trial {
	const char *name;
	const char *what;
	const char *answer; /* of a mainline kernel that offers the feature */
	enum size_rule rule;
	uint64_t usize; /* for SIZE_GIVEN */
	uint64_t flags;
	unsigned char tail; /* this byte ... */
	uint64_t tail_at;   /* ... at this offset, 0: right after the struct */
	enum place place;
	enum on_e2big on_e2big;
	bool other_commands; /* the commands of all the other revisions, one by one */
	bool foreign;	     /* from a process that is not the VM's owner */
	bool pr;	     /* on a VM of type KVM PR */
	const char *impossible;
};

static const struct trial trials[] = {
	{ .name = "ok", .what = "the correct call", .answer = "success" },
	{ .name = "ok-larger-struct",
	  .what = "a struct of 48 bytes, zero after the 24th",
	  .answer = "success, size comes back as 24 (v5 kernels: E2BIG)",
	  .rule = SIZE_GIVEN,
	  .usize = 48 },
	{ .name = "ok-smaller-struct",
	  .what = "an older VMM's struct on a newer kernel",
	  .impossible = "the kernel's struct has the smallest size: there is nothing below it" },
	{ .name = "size-over-page",
	  .what = "a size of one page and one byte",
	  .answer = "E2BIG, nothing written back (v5 kernels: 24 written back)",
	  .rule = SIZE_OVER_PAGE },
	{ .name = "struct-too-new",
	  .what = "48 bytes, one of them set, then the size that E2BIG wrote back",
	  .answer = "E2BIG with 24 written back, then success",
	  .rule = SIZE_GIVEN,
	  .usize = 48,
	  .tail = 1,
	  .on_e2big = RETRY_RIGHT },
	{ .name = "retry-failed",
	  .what = "the same call, twice",
	  .answer = "E2BIG with 24 written back, twice",
	  .rule = SIZE_GIVEN,
	  .usize = 48,
	  .tail = 1,
	  .on_e2big = RETRY_SAME },
	{ .name = "size-too-small",
	  .what = "a size of 16",
	  .answer = "EINVAL",
	  .rule = SIZE_GIVEN,
	  .usize = 16 },
	{ .name = "size-zero",
	  .what = "a size that was never set",
	  .answer = "EINVAL",
	  .rule = SIZE_GIVEN,
	  .usize = 0 },
	{ .name = "flags-set", .what = "flags that are not zero", .answer = "EINVAL", .flags = 1 },
	{ .name = "arg-unreadable",
	  .what = "a struct that is not mapped",
	  .answer = "EFAULT",
	  .place = PLACE_UNMAPPED },
	{ .name = "struct-unreadable",
	  .what = "memory that ends after the size field",
	  .answer = "EFAULT",
	  .place = PLACE_SPLIT },
	{ .name = "tail-unreadable",
	  .what = "a size of 48 in memory that ends after 24 bytes",
	  .answer = "EFAULT (v5 kernels: E2BIG)",
	  .rule = SIZE_GIVEN,
	  .usize = 48,
	  .place = PLACE_SPLIT_TAIL },
	{ .name = "copyout-failed",
	  .what = "a struct that cannot be written to",
	  .answer = "EFAULT after the backend was called",
	  .place = PLACE_READ_ONLY },
	{ .name = "abi-mismatch",
	  .what = "the commands of the other revisions, one after another",
	  .answer = "ENOTTY",
	  .other_commands = true },
	{ .name = "no-backend",
	  .what = "a VM whose backend is KVM PR",
	  .answer = "ENOTTY",
	  .pr = true },
	{ .name = "foreign-vm",
	  .what = "the VM of a parent process",
	  .answer = "EIO",
	  .foreign = true },
	{ .name = "not-resident",
	  .what = "a correct call, with the page of the struct not yet in memory",
	  .answer = "success",
	  .place = PLACE_NOT_RESIDENT },
	{ .name = "untouched",
	  .what = "a struct in memory that was never written: size 0",
	  .answer = "EINVAL",
	  .place = PLACE_UNTOUCHED },
};

#define TRIALS (sizeof(trials) / sizeof(trials[0]))

static struct {
	enum { NEGOTIATE, CASES, RAW, EXTENSION, LIST } mode;
	const struct abi_revision *abi;
	const struct trial *trial; /* NULL: all of them */
	struct trial raw;
	uint32_t cmd; /* for raw calls; 0: the revision's own */
	uint64_t repeat, threads, vms, sleep_ms;
	const struct abi_mode *ask; /* for this mode, NULL: for none */
	bool ask_newest;	    /* for the newest one on offer */
	bool hasty;		    /* without a query before */
	bool json, hold, raw_option, many_option, ask_option;
} opt = { .repeat = 1, .threads = 1, .vms = 1, .raw = { .name = "raw" } };

struct vm {
	int fd;
	unsigned int index;
};

/* The memory that a call's struct lies in. */
struct arena {
	char *map;
	size_t len; /* all of it, the unmapped page at its end included */
	char *arg;
	size_t readable; /* bytes from arg on that exist */
	int file;	 /* what it is a mapping of; -1: of none */
	enum place place;
};

/* One call: what went in, and what came of it. */
struct call {
	const char *name;
	const struct abi_revision *layout;
	uint32_t cmd;
	uint64_t usize, flags;
	bool has_usize, has_flags; /* the memory for them exists */
	long ret;		   /* 0, or -errno */
	uint64_t size_out, caps;
	bool has_caps;
	pid_t pid, tid;
	unsigned int vm;
};

struct worker {
	pthread_t thread;
	unsigned int index;
	struct vm vm;
	uint64_t calls, round;
	yyjson_mut_doc *by_ret; /* calls by what they returned; only where a summary is printed */
	bool skipped;
};

static int kvm = -1;
static unsigned int vms_made;

static void __attribute__((noreturn, format(printf, 2, 3))) die(int status, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, NAME ": %s\n", text);
	exit(status);
}

/* ------------------------------------------------------------------ what is printed */

static const char *errno_name(long ret)
{
	const char *name = strerrorname_np((int)-ret);

	return name ? name : "an unknown errno";
}

static void add_number_or_null(yyjson_mut_doc *line, const char *key, bool there, uint64_t value)
{
	if (there)
		json_add_uint(line, NULL, key, value);
	else
		json_add_str(line, NULL, key, NULL);
}

static void add_ret(yyjson_mut_doc *line, long ret)
{
	json_add_int(line, NULL, "ret", ret);
	json_add_str(line, NULL, "errno", ret < 0 ? errno_name(ret) : NULL);
}

static yyjson_mut_doc *json_line_of(const char *type)
{
	yyjson_mut_doc *line = json_line();

	json_add_str(line, NULL, "type", type);
	return line;
}

static void print_call_json(const struct call *c, unsigned int thread, uint64_t n)
{
	yyjson_mut_doc *line = json_line_of("call");

	json_add_str(line, NULL, "case", c->name);
	json_add_hex32(line, NULL, "cmd", c->cmd);
	add_number_or_null(line, "usize", c->has_usize, c->usize);
	add_number_or_null(line, "flags", c->has_flags, c->flags);
	add_ret(line, c->ret);
	add_number_or_null(line, "size_out", c->has_usize, c->size_out);
	if (c->has_caps)
		json_add_hex64(line, NULL, "caps", c->caps);
	else
		json_add_str(line, NULL, "caps", NULL);
	json_add_int(line, NULL, "pid", c->pid);
	json_add_int(line, NULL, "tid", c->tid);
	json_add_uint(line, NULL, "vm", c->vm);
	json_add_uint(line, NULL, "thread", thread);
	json_add_uint(line, NULL, "n", n);
	json_print_line(line);
}

/* "POWER9 and POWER10", or what there is to say instead. */
static const char *modes_text(uint64_t caps, char *text, size_t size)
{
	const struct abi_mode *mode;
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit)
			n += (size_t)snprintf(text + n, size - n, "%s%s", n ? " " : "", mode->name);
	if (abi_unknown_bits(caps))
		snprintf(text + n, size - n, "%sunknown bits 0x%" PRIx64, n ? " " : "",
			 abi_unknown_bits(caps));
	return text[0] ? text : "no modes";
}

static void print_call_text(const struct call *c)
{
	char in[96], out[64] = "", modes[96];
	int n = 0;

	if (c->has_usize)
		n = snprintf(in, sizeof(in), "size %" PRIu64 ", ", c->usize);
	else
		n = snprintf(in, sizeof(in), "%s, ",
			     c->layout->off_size < 0 ? "no size field" : "size unreadable");
	if (c->has_flags)
		snprintf(in + n, sizeof(in) - (size_t)n, "flags 0x%" PRIx64, c->flags);
	else
		snprintf(in + n, sizeof(in) - (size_t)n, "flags unreadable");
	if (c->has_usize && c->size_out != c->usize)
		snprintf(out, sizeof(out), ", size now %" PRIu64, c->size_out);
	if (c->has_caps)
		printf("%-18s 0x%08" PRIx32 "  %s: 0x%016" PRIx64 " %s%s\n", c->name, c->cmd, in,
		       c->caps, modes_text(c->caps, modes, sizeof(modes)), out);
	else
		printf("%-18s 0x%08" PRIx32 "  %s: %s%s\n", c->name, c->cmd, in,
		       c->ret < 0 ? errno_name(c->ret) : "success", out);
}

static void print_summary_text(const struct worker *w)
{
	yyjson_mut_val *ret, *count;
	const char *sep = "";
	size_t i, n;

	printf("thread %u: %" PRIu64 " calls, by return", w->index, w->calls);
	yyjson_mut_obj_foreach(yyjson_mut_doc_get_root(w->by_ret), i, n, ret, count)
	{
		printf("%s %s: %" PRIu64, sep, yyjson_mut_get_str(ret), yyjson_mut_get_uint(count));
		sep = ",";
	}
	printf("\n");
}

static void print_summary(const struct worker *w)
{
	yyjson_mut_doc *line;

	if (!opt.json) {
		print_summary_text(w);
		return;
	}
	line = json_line_of("summary");
	json_add_uint(line, NULL, "thread", w->index);
	json_add_int(line, NULL, "pid", getpid());
	json_add_int(line, NULL, "tid", gettid());
	json_add_uint(line, NULL, "vm", w->vm.index);
	json_add_uint(line, NULL, "calls", w->calls);
	json_add(line, NULL, "by_ret",
		 yyjson_mut_val_mut_copy(line, yyjson_mut_doc_get_root(w->by_ret)));
	json_print_line(line);
}

static void print_skip(const char *name, const char *reason)
{
	yyjson_mut_doc *line;

	if (!opt.json) {
		printf("%-18s not made: %s\n", name, reason);
		return;
	}
	line = json_line_of("skipped");
	json_add_str(line, NULL, "case", name);
	json_add_str(line, NULL, "reason", reason);
	json_print_line(line);
}

static void count_ret(struct worker *w, long ret)
{
	yyjson_mut_val *counts = yyjson_mut_doc_get_root(w->by_ret), *count;
	char key[24];

	snprintf(key, sizeof(key), "%ld", ret);
	count = yyjson_mut_obj_get(counts, key);
	if (count)
		yyjson_mut_set_uint(count, yyjson_mut_get_uint(count) + 1);
	else
		json_add_uint(w->by_ret, NULL, key, 1);
}

static void print_call(struct worker *w, const struct call *c)
{
	if (w->by_ret)
		count_ret(w, c->ret);
	else if (opt.json)
		print_call_json(c, w->index, w->calls);
	else
		print_call_text(c);
	w->calls++;
	if (!w->by_ret && !out_flush())
		exit(out_unread() ? EXIT_SUCCESS : OUT_EXIT_FAILED);
}

/* ------------------------------------------------------------------ KVM */

static void open_kvm(void)
{
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm >= 0)
		return;
	if (errno == EACCES || errno == EPERM)
		die(EXIT_IMPOSSIBLE,
		    "/dev/kvm: %s: run this as root or as a member of the group "
		    "that owns it",
		    strerror(errno));
	die(EXIT_IMPOSSIBLE,
	    "/dev/kvm: %s: load KVM first (modprobe kvm-hv); in a guest the hypervisor must allow nesting, and dmesg says if it does not",
	    strerror(errno));
}

static struct vm make_vm(unsigned long type)
{
	struct vm vm = { .fd = create_vm(kvm, type) };

	if (vm.fd >= 0)
		vm.index = __atomic_fetch_add(&vms_made, 1, __ATOMIC_RELAXED);
	return vm;
}

static struct vm need_vm(void)
{
	struct vm vm = make_vm(0);

	if (vm.fd >= 0)
		return vm;
	if (errno == EMFILE)
		die(EXIT_IMPOSSIBLE, "KVM_CREATE_VM: %s: ask for fewer VMs, or raise ulimit -n",
		    strerror(errno));
	if (errno == EINVAL)
		die(EXIT_IMPOSSIBLE,
		    "KVM_CREATE_VM: %s: there is no backend: modprobe kvm-hv; if that fails, dmesg says why (no nesting?)",
		    strerror(errno));
	die(EXIT_IMPOSSIBLE, "KVM_CREATE_VM: %s: dmesg may say why", strerror(errno));
}

static long result_of(int ret)
{
	return ret < 0 ? -(long)errno : ret;
}

static void print_extension(int cap, bool on_vm, long ret)
{
	yyjson_mut_doc *line;

	if (!opt.json) {
		printf("KVM_CHECK_EXTENSION %d on the %s: %ld%s%s\n", cap, on_vm ? "VM" : "system",
		       ret < 0 ? -1 : ret, ret < 0 ? " " : "", ret < 0 ? errno_name(ret) : "");
		return;
	}
	line = json_line_of("extension-check");
	json_add_int(line, NULL, "cap", cap);
	json_add_str(line, NULL, "fd", on_vm ? "vm" : "system");
	add_ret(line, ret);
	json_print_line(line);
}

static long check_extension(int fd, int cap)
{
	long ret = result_of(ioctl(fd, KVM_CHECK_EXTENSION, cap));

	print_extension(cap, fd != kvm, ret);
	return ret;
}

/* On the VM, for the answer may depend on its backend; a very old KVM knows only the system. */
static bool extension_offered(const struct vm *vm)
{
	const int caps[] = { ABI_CAP_PPC_COMPAT_CAPS, ABI_CAP_PPC_COMPAT_CAPS_OLD };
	bool old_only, either;

	assert(opt.abi);
	old_only = opt.abi->cmd == ABI_CMD_V1;
	either = opt.abi->cmd == ABI_CMD_V3;
	for (int i = old_only; i <= (old_only || either); i++) {
		long ret = check_extension(vm->fd, caps[i]);

		if (ret < 0 || opt.mode == EXTENSION)
			ret = check_extension(kvm, caps[i]);
		if (ret > 0)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ the struct's memory */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t body_size(uint64_t usize, const struct abi_revision *layout, uint64_t tail_at)
{
	uint64_t most = layout->struct_size;

	if (usize > most)
		most = usize < BODY_MOST ? usize : BODY_MOST;
	if (tail_at >= most)
		most = tail_at + 1;
	return (most + page_size() - 1) / page_size() * page_size();
}

static size_t size_field_end(const struct abi_revision *layout)
{
	return layout->off_size < 0 ? sizeof(uint64_t) :
				      (size_t)layout->off_size + sizeof(uint64_t);
}

/* A file that nothing has read yet, mapped over the arena. */
static bool arena_from_file(struct arena *a, size_t body)
{
	a->file = memfd_create(NAME, MFD_CLOEXEC);
	return a->file >= 0 && !ftruncate(a->file, (off_t)body) &&
	       mmap(a->map, body, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, a->file, 0) !=
		       MAP_FAILED;
}

static struct arena arena_make(enum place place, const struct abi_revision *layout, size_t body)
{
	struct arena a = { .place = place, .file = -1, .len = body + page_size() };

	a.map = mmap(NULL, a.len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a.map == MAP_FAILED || mprotect(a.map, body, PROT_READ | PROT_WRITE))
		die(EXIT_IMPOSSIBLE, "cannot map %zu bytes: %s", a.len, strerror(errno));
	if (place == PLACE_NOT_RESIDENT && !arena_from_file(&a, body))
		die(EXIT_IMPOSSIBLE, "cannot map a file in memory: %s: the kernel needs tmpfs",
		    strerror(errno));
	a.readable = place == PLACE_UNMAPPED   ? 0 :
		     place == PLACE_SPLIT      ? size_field_end(layout) :
		     place == PLACE_SPLIT_TAIL ? layout->struct_size :
						 body;
	a.arg = a.map + body - a.readable;
	return a;
}

static void arena_free(struct arena *a)
{
	munmap(a->map, a->len);
	if (a->file >= 0)
		close(a->file);
}

static bool arena_has(const struct arena *a, int offset, size_t size)
{
	return offset >= 0 && (size_t)offset + size <= a->readable;
}

static void arena_put(const struct arena *a, uint64_t offset, const void *data, size_t size)
{
	if (offset > a->readable || size > a->readable - offset)
		return;
	if (a->file < 0)
		memcpy(a->arg + offset, data, size);
	else if (pwrite(a->file, data, size, (off_t)offset) != (ssize_t)size)
		die(EXIT_IMPOSSIBLE, "cannot write a file in memory: %s", strerror(errno));
}

static uint64_t arena_get(const struct arena *a, int offset)
{
	uint64_t value;

	memcpy(&value, a->arg + offset, sizeof(value));
	return value;
}

static void arena_protect(const struct arena *a, int protection)
{
	if (a->place == PLACE_READ_ONLY && mprotect(a->map, a->len - page_size(), protection))
		die(EXIT_IMPOSSIBLE, "cannot change a page's protection: %s", strerror(errno));
}

static void arena_fill(const struct arena *a, const struct trial *t, struct call *c)
{
	const struct abi_revision *layout = c->layout;
	uint64_t tail_at = t->tail_at ? t->tail_at : layout->struct_size;
	static const char zeros[ABI_SIZE_VER0];

	c->has_usize = arena_has(a, layout->off_size, sizeof(c->usize));
	c->has_flags = arena_has(a, layout->off_flags, sizeof(c->flags));
	if (a->place == PLACE_UNTOUCHED) {
		c->usize = c->flags = 0;
		return;
	}
	arena_protect(a, PROT_READ | PROT_WRITE);
	arena_put(a, 0, zeros, layout->struct_size);
	if (c->has_usize)
		arena_put(a, (uint64_t)layout->off_size, &c->usize, sizeof(c->usize));
	if (c->has_flags)
		arena_put(a, (uint64_t)layout->off_flags, &c->flags, sizeof(c->flags));
	if (t->tail)
		arena_put(a, tail_at, &t->tail, 1);
	arena_protect(a, PROT_READ);
}

/* ------------------------------------------------------------------ calls */

static void perform(const struct vm *vm, const struct arena *a, struct call *c)
{
	c->vm = vm->index;
	c->pid = getpid();
	c->tid = gettid();
	c->ret = result_of(ioctl(vm->fd, c->cmd, a->arg));
	if (c->has_usize)
		c->size_out = arena_get(a, c->layout->off_size);
	c->has_caps = !c->ret && arena_has(a, c->layout->off_caps, sizeof(c->caps));
	if (c->has_caps)
		c->caps = arena_get(a, c->layout->off_caps);
}

/* A VM belongs to the address space that made it. */
static void perform_in_child(const struct vm *vm, const struct arena *a, struct call *c)
{
	struct call *shared = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t child;

	if (shared == MAP_FAILED)
		die(EXIT_IMPOSSIBLE, "cannot map memory: %s", strerror(errno));
	*shared = *c;
	child = fork();
	if (!child) {
		perform(vm, a, shared);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die(EXIT_IMPOSSIBLE, "a child process for %s failed", c->name);
	*c = *shared;
	munmap(shared, sizeof(*c));
}

static uint64_t usize_of(const struct trial *t, const struct abi_revision *layout)
{
	return t->rule == SIZE_GIVEN	 ? t->usize :
	       t->rule == SIZE_OVER_PAGE ? page_size() + 1 :
					   layout->struct_size;
}

static void pause_between(const struct worker *w)
{
	if (opt.sleep_ms && w->calls)
		usleep((useconds_t)opt.sleep_ms * 1000);
}

static struct call one_call(struct worker *w, const struct vm *vm, const struct trial *t,
			    const struct arena *a, const struct call *in)
{
	struct call c = *in;

	pause_between(w);
	arena_fill(a, t, &c);
	if (t->foreign)
		perform_in_child(vm, a, &c);
	else
		perform(vm, a, &c);
	print_call(w, &c);
	return c;
}

/* Only a size that a kernel may write back is worth a second call. */
static bool wrote_back_size(const struct call *c)
{
	return c->ret == -E2BIG && c->has_usize && c->size_out < c->usize &&
	       c->size_out >= ABI_SIZE_VER0;
}

static struct call call_and_retry(struct worker *w, const struct vm *vm, const struct trial *t,
				  uint32_t cmd, const struct abi_revision *layout)
{
	struct call in = { .name = t->name,
			   .layout = layout,
			   .cmd = cmd,
			   .flags = t->flags,
			   .usize = usize_of(t, layout) };
	struct arena a = arena_make(t->place, layout, body_size(in.usize, layout, t->tail_at));
	struct call c = one_call(w, vm, t, &a, &in);

	if (t->on_e2big != GIVE_UP && wrote_back_size(&c)) {
		if (t->on_e2big == RETRY_RIGHT)
			in.usize = c.size_out;
		c = one_call(w, vm, t, &a, &in);
	}
	arena_free(&a);
	return c;
}

static void skip(struct worker *w, const struct trial *t, const char *reason)
{
	if (!w->round)
		print_skip(t->name, reason);
	w->skipped = true;
}

static void run_on_pr(struct worker *w, const struct trial *t)
{
	struct vm vm = make_vm(KVM_VM_PPC_PR);

	if (vm.fd < 0) {
		skip(w, t,
		     "no VM of type PR can be created: the kernel has no KVM PR, or the module kvm-pr is not loaded");
		return;
	}
	call_and_retry(w, &vm, t, opt.abi->cmd, opt.abi);
	close(vm.fd);
}

static void run_other_commands(struct worker *w, const struct trial *t)
{
	const struct abi_revision *other;

	for (size_t i = 0; (other = abi_revision(i)); i++)
		if (other != opt.abi)
			call_and_retry(w, &w->vm, t, other->cmd, other);
}

static void run_trial(struct worker *w, const struct trial *t)
{
	if (t->impossible)
		skip(w, t, t->impossible);
	else if (t->rule != SIZE_OWN && opt.abi->off_size < 0)
		skip(w, t, "the struct of this revision has no size");
	else if (t->pr)
		run_on_pr(w, t);
	else if (t->other_commands)
		run_other_commands(w, t);
	else
		call_and_retry(w, &w->vm, t, opt.abi->cmd, opt.abi);
}

/* Many calls out of one piece of memory, so that the calls are most of the work. */
static void run_raw(struct worker *w)
{
	const struct trial *t = &opt.raw;
	uint32_t cmd = opt.cmd ? opt.cmd : opt.abi->cmd;
	const struct abi_revision *layout = abi_by_cmd(cmd) ? abi_by_cmd(cmd) : opt.abi;
	struct call in = { .name = t->name,
			   .layout = layout,
			   .cmd = cmd,
			   .flags = t->flags,
			   .usize = usize_of(t, layout) };
	struct arena a = arena_make(t->place, layout, body_size(in.usize, layout, t->tail_at));

	for (uint64_t n = 0; n < opt.repeat; n++)
		one_call(w, &w->vm, t, &a, &in);
	arena_free(&a);
}

static void run_cases(struct worker *w)
{
	for (w->round = 0; w->round < opt.repeat; w->round++) {
		if (opt.trial)
			run_trial(w, opt.trial);
		for (size_t i = 0; !opt.trial && i < TRIALS; i++)
			run_trial(w, &trials[i]);
	}
}

static pthread_barrier_t start_line;

static void *work(void *data)
{
	struct worker *w = data;

	if (opt.repeat > CALLS_SHOWN)
		w->by_ret = json_line();
	pthread_barrier_wait(&start_line);
	if (opt.mode == RAW)
		run_raw(w);
	else
		run_cases(w);
	if (w->by_ret)
		print_summary(w);
	yyjson_mut_doc_free(w->by_ret);
	return NULL;
}

/* Each thread has a VM, or shares one where there are fewer. The first is the process's own. */
static int run_workers(void)
{
	struct worker *workers = calloc(opt.threads, sizeof(*workers));
	bool skipped = false;
	uint64_t i;

	assert(opt.vms);
	if (!workers || pthread_barrier_init(&start_line, NULL, (unsigned int)opt.threads))
		die(EXIT_IMPOSSIBLE, "out of memory for %" PRIu64 " threads", opt.threads);
	for (i = 0; i < opt.threads; i++) {
		workers[i].index = (unsigned int)i;
		workers[i].vm = i < opt.vms ? need_vm() : workers[i % opt.vms].vm;
	}
	for (i = 1; i < opt.threads; i++) {
		int error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);

		if (error)
			die(EXIT_IMPOSSIBLE, "cannot start a thread: %s: ask for fewer",
			    strerror(error));
	}
	work(&workers[0]);
	for (i = 0; i < opt.threads; i++) {
		if (i)
			pthread_join(workers[i].thread, NULL);
		skipped |= workers[i].skipped;
	}
	free(workers);
	return skipped && opt.mode == CASES && opt.trial ? EXIT_IMPOSSIBLE : EXIT_SUCCESS;
}

/* ------------------------------------------------------------------ the right way */

static void print_result(const struct call *c, const char *why)
{
	yyjson_mut_doc *line;
	char modes[96];

	if (!opt.json && why) {
		printf("This host offers no compatibility modes: %s.\n", why);
		return;
	}
	if (!opt.json) {
		printf("This host offers %s (0x%016" PRIx64 "), by the command of %s.\n",
		       modes_text(c->caps, modes, sizeof(modes)), c->caps, c->layout->name);
		return;
	}
	line = json_line_of("result");
	json_add_bool(line, NULL, "offered", !why);
	json_add_str(line, NULL, "abi", why ? NULL : c->layout->name);
	if (why) {
		json_add_str(line, NULL, "caps", NULL);
		json_add_str(line, NULL, "modes", NULL);
		json_add_str(line, NULL, "unknown_bits", NULL);
	} else {
		json_add_hex64(line, NULL, "caps", c->caps);
		json_add_modes(line, NULL, "modes", c->caps);
		json_add_unknown_bits(line, NULL, "unknown_bits", c->caps);
	}
	json_add_str(line, NULL, "why", why);
	json_print_line(line);
}

/*
 * A vCPU of a PAPR guest: KVM lets no other run in the mode of an older processor. KVM HV takes
 * no PVR but the host's own, which the kernel lets user space read.
 */
static int papr_vcpu(const struct vm *vm)
{
	int vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0ul);
#ifdef __powerpc64__
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_sregs sregs;
	unsigned long pvr;

	if (vcpu < 0 || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		die(EXIT_IMPOSSIBLE, "cannot create a vCPU: %s", strerror(errno));
	__asm__("mfspr %0, 287" : "=r"(pvr));
	sregs.pvr = (uint32_t)pvr;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_ENABLE_CAP, &cap))
		die(EXIT_IMPOSSIBLE, "cannot enable PAPR on the vCPU: %s", strerror(errno));
#endif
	return vcpu;
}

static void print_ask(const struct abi_mode *mode, long ret)
{
	yyjson_mut_doc *line;

	if (!opt.json) {
		printf("KVM_REG_PPC_ARCH_COMPAT %s (0x%08" PRIx32 "): %s\n", mode->name, mode->pvr,
		       ret ? errno_name(ret) : "success");
		return;
	}
	line = json_line_of("ask");
	json_add_str(line, NULL, "mode", mode->name);
	add_ret(line, ret);
	json_print_line(line);
}

/* NULL: none. */
static const struct abi_mode *newest_of(uint64_t caps)
{
	const struct abi_mode *mode, *newest = NULL;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit)
			newest = mode;
	return newest;
}

/* status is what is to be said without it. caps 0: nothing is known to be on offer. */
static int ask_for_mode(const struct vm *vm, uint64_t caps, int status)
{
	const struct abi_mode *mode = opt.ask_newest ? newest_of(caps) : opt.ask;
	struct kvm_one_reg reg = { .id = ABI_REG_ARCH_COMPAT };
	uint32_t pvr;
	long ret;

	if (!mode)
		return status;
	pvr = mode->pvr;
	reg.addr = (uintptr_t)&pvr;
	ret = result_of(ioctl(papr_vcpu(vm), KVM_SET_ONE_REG, &reg));
	print_ask(mode, ret);
	return ret ? EXIT_NOT_OFFERED : status;
}

/* The command of v5 went to mainline under another number, with the same struct. */
static const struct abi_revision *second_guess(const struct abi_revision *first)
{
	return first->cmd == ABI_CMD_MAINLINE ? abi_by_cmd(ABI_CMD_V5) :
	       first->cmd == ABI_CMD_V5	      ? abi_by_cmd(ABI_CMD_MAINLINE) :
						NULL;
}

static bool on_bare_metal(void)
{
	return !access("/proc/device-tree/ibm,opal", F_OK);
}

static const char *why_no_capability(void)
{
	assert(opt.abi);
	if (opt.abi->cmd == ABI_CMD_V1)
		return "KVM does not have capability 249, which the first revisions had; later "
		       "ones have 250";
	if (on_bare_metal())
		return "KVM does not have the capability, because this is bare metal and not a guest";
	return "KVM does not have the capability: the kernel is older than Linux 7.3 and has no "
	       "backport, or this VM's backend is not KVM HV";
}

static const char *why_refused(const struct call *c)
{
	switch (-c->ret) {
	case ENOTTY:
		return "KVM answers ENOTTY to the command";
	case EINVAL:
		return on_bare_metal() ? "EINVAL, because this is bare metal and not a guest" :
					 "EINVAL: KVM cannot map its cpu-version";
	case E2BIG:
		return "E2BIG, without a size to retry with";
	default:
		return errno_name(c->ret);
	}
}

/* The caps on offer; 0: none, and *status is set. */
static uint64_t query(const struct vm *vm, int *status)
{
	static const struct trial right = { .name = "negotiation", .on_e2big = RETRY_RIGHT };
	const struct abi_revision *second;
	struct worker w = { .vm = *vm };
	struct call c;

	*status = EXIT_NOT_OFFERED;
	if (!extension_offered(vm)) {
		print_result(NULL, why_no_capability());
		return 0;
	}
	assert(opt.abi);
	second = second_guess(opt.abi);
	c = call_and_retry(&w, vm, &right, opt.abi->cmd, opt.abi);
	if (c.ret == -ENOTTY && second)
		c = call_and_retry(&w, vm, &right, second->cmd, second);
	print_result(&c, c.ret ? why_refused(&c) : NULL);
	if (c.ret)
		return 0;
	*status = EXIT_SUCCESS;
	return c.caps;
}

static int negotiate(void)
{
	struct vm vm = need_vm();
	int status = EXIT_SUCCESS;
	uint64_t caps = opt.hasty ? 0 : query(&vm, &status);

	return ask_for_mode(&vm, caps, status);
}

static int check_extensions_only(void)
{
	struct vm vm = need_vm();

	return extension_offered(&vm) ? EXIT_SUCCESS : EXIT_NOT_OFFERED;
}

/* ------------------------------------------------------------------ options */

static void list_cases(void)
{
	for (size_t i = 0; i < TRIALS; i++) {
		const struct trial *t = &trials[i];

		printf("%-18s %s\n%-18s %s%s\n", t->name, t->what, "",
		       t->impossible ? "cannot be made: " : "answer: ",
		       t->impossible ? t->impossible : t->answer);
	}
}

enum key {
	KEY_LIST = 0x100,
	KEY_RAW,
	KEY_CMD,
	KEY_SIZE,
	KEY_FLAGS,
	KEY_TAIL,
	KEY_REPEAT,
	KEY_THREADS,
	KEY_VMS,
	KEY_SLEEP,
	KEY_HOLD,
	KEY_EXTENSION,
	KEY_ABI,
	KEY_ASK,
	KEY_HASTY,
	KEY_NAME,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "Actions (default: negotiate as a correct VMM does)", 1 },
	{ "case", 'c', "NAME", 0, "Make the call of this name, or \"all\"", 1 },
	{ "list-cases", KEY_LIST, NULL, 0, "List these calls", 1 },
	{ "raw", KEY_RAW, NULL, 0, "Make a call of your own, with the options below", 1 },
	{ "extension", KEY_EXTENSION, NULL, 0, "Only check the capability", 1 },
	{ "ask", KEY_ASK, "MODE", 0,
	  "Then ask for POWER9, POWER10, POWER11, or for the newest mode on offer", 1 },
	{ "hasty", KEY_HASTY, NULL, 0, "Ask without a query", 1 },
	{ NULL, 0, NULL, 0, "A raw call", 2 },
	{ "cmd", KEY_CMD, "CMD", 0, "ioctl command (default: that of --abi)", 2 },
	{ "size", KEY_SIZE, "BYTES", 0, "The value of size (default: that of the struct)", 2 },
	{ "flags", KEY_FLAGS, "FLAGS", 0, "The value of flags (default: 0)", 2 },
	{ "tail", KEY_TAIL, "BYTE[@OFFSET]", 0,
	  "A byte after the struct (default offset: right after it)", 2 },
	{ NULL, 0, NULL, 0, "How", 3 },
	{ "abi", KEY_ABI, "REVISION", 0,
	  "Use revision v1-v2, v3-v4, v5 or mainline (default) of the ABI", 3 },
	{ "repeat", KEY_REPEAT, "N", 0,
	  "Repeat N times in each thread; above 1000 only a summary is printed", 3 },
	{ "threads", KEY_THREADS, "N", 0, "Use N threads at once", 3 },
	{ "vms", KEY_VMS, "N", 0, "Spread the threads over N VMs (default: 1)", 3 },
	{ "sleep", KEY_SLEEP, "MS", 0, "Wait this long between the calls of a thread", 3 },
	{ "name", KEY_NAME, "GUEST", 0, "The guest's name, for the tracer: two words, --name GUEST",
	  3 },
	{ "hold", KEY_HOLD, NULL, 0, "Keep the VM open at the end, until a signal", 3 },
	{ "json", 'j', NULL, 0, "Print one JSON object per line", 3 },
	{ 0 },
};

static const char doc[] =
	"Query KVM for the compatibility modes of a POWER host, correctly or wrongly.\v"
	"Examples:\n"
	"  compatcaps_probe\n"
	"  compatcaps_probe --name db1 --ask newest\n"
	"  compatcaps_probe --case all\n"
	"  compatcaps_probe --raw --size 48 --tail 1@40\n"
	"  compatcaps_probe --raw --repeat 25000 --threads 4 --json\n\n"
	"Exit status: 0 done, and without --case and --raw: the host offers modes; 1 it offers "
	"none, or the output failed; 2 usage; 3 impossible here, with the reason.";

const char *argp_program_version = NAME " " COMPATCAPS_VERSION;

static uint64_t number(struct argp_state *state, const char *option, const char *arg,
		       uint64_t least, uint64_t most)
{
	char quoted[PARSE_QUOTE_MAX];
	struct parse_error err;
	uint64_t value = 0;

	parse_quote(quoted, sizeof(quoted), arg, strlen(arg));
	if (!parse_u64(arg, strlen(arg), &value, &err))
		argp_error(state, "--%s %s: character %zu: %s", option, quoted, err.at + 1,
			   err.why);
	if (value < least || value > most)
		argp_error(state, "--%s %s: must be an integer from %" PRIu64 " to %" PRIu64,
			   option, quoted, least, most);
	return value;
}

static void parse_tail(struct argp_state *state, char *arg)
{
	char *at = strchr(arg, '@');

	if (at) {
		*at = '\0';
		opt.raw.tail_at = number(state, "tail offset", at + 1, 1, BODY_MOST - 1);
	}
	opt.raw.tail = (unsigned char)number(state, "tail", arg, 0, 255);
}

static void parse_case(struct argp_state *state, const char *arg)
{
	char quoted[PARSE_QUOTE_MAX];

	opt.trial = NULL;
	for (size_t i = 0; i < TRIALS; i++)
		if (!strcmp(trials[i].name, arg))
			opt.trial = &trials[i];
	if (!opt.trial && strcmp(arg, "all"))
		argp_error(state, "--case: unknown case %s: see --list-cases",
			   parse_quote(quoted, sizeof(quoted), arg, strlen(arg)));
}

static void parse_abi(struct argp_state *state, const char *arg)
{
	const struct abi_revision *revision;
	char quoted[PARSE_QUOTE_MAX];

	for (size_t i = 0; (revision = abi_revision(i)); i++)
		if (!strcmp(revision->name, arg)) {
			opt.abi = revision;
			return;
		}
	argp_error(state, "--abi: unknown revision %s: must be v1-v2, v3-v4, v5 or mainline",
		   parse_quote(quoted, sizeof(quoted), arg, strlen(arg)));
}

static void parse_ask(struct argp_state *state, const char *arg)
{
	const struct abi_mode *mode;
	char quoted[PARSE_QUOTE_MAX];

	opt.ask_option = true;
	opt.ask_newest = !strcmp(arg, "newest");
	if (opt.ask_newest)
		return;
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (!strcasecmp(mode->name, arg)) {
			opt.ask = mode;
			return;
		}
	argp_error(state, "--ask: unknown mode %s: must be POWER9, POWER10, POWER11 or newest",
		   parse_quote(quoted, sizeof(quoted), arg, strlen(arg)));
}

static void set_mode(struct argp_state *state, int mode)
{
	if (opt.mode != NEGOTIATE && (int)opt.mode != mode)
		argp_error(state, "--case, --raw, --extension and --list-cases exclude each other");
	opt.mode = mode;
}

static error_t parse_mode(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'c':
		set_mode(state, CASES);
		parse_case(state, arg);
		return 0;
	case KEY_LIST:
		set_mode(state, LIST);
		return 0;
	case KEY_RAW:
		set_mode(state, RAW);
		return 0;
	case KEY_EXTENSION:
		set_mode(state, EXTENSION);
		return 0;
	case KEY_ASK:
		parse_ask(state, arg);
		return 0;
	case KEY_HASTY:
		opt.hasty = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_raw(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_CMD:
		opt.cmd = (uint32_t)number(state, "cmd", arg, 1, UINT32_MAX);
		break;
	case KEY_SIZE:
		opt.raw.rule = SIZE_GIVEN;
		opt.raw.usize = number(state, "size", arg, 0, UINT64_MAX);
		break;
	case KEY_FLAGS:
		opt.raw.flags = number(state, "flags", arg, 0, UINT64_MAX);
		break;
	case KEY_TAIL:
		parse_tail(state, arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	opt.raw_option = true;
	return 0;
}

static error_t parse_how(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_ABI:
		parse_abi(state, arg);
		return 0;
	case KEY_HOLD:
		opt.hold = true;
		return 0;
	case KEY_NAME: /* on the command line is all that it is for */
		return 0;
	case 'j':
		opt.json = true;
		return 0;
	case KEY_REPEAT:
		opt.repeat = number(state, "repeat", arg, 1, 1000000000);
		break;
	case KEY_THREADS:
		opt.threads = number(state, "threads", arg, 1, 256);
		break;
	case KEY_VMS:
		opt.vms = number(state, "vms", arg, 1, 256);
		break;
	case KEY_SLEEP:
		opt.sleep_ms = number(state, "sleep", arg, 0, 3600000);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	opt.many_option = true;
	return 0;
}

static void check_options(struct argp_state *state)
{
	const struct abi_revision *layout = opt.cmd ? abi_by_cmd(opt.cmd) : NULL;

	layout = layout ? layout : opt.abi;
	if (opt.raw_option && opt.mode != RAW)
		argp_error(state, "--cmd, --size, --flags and --tail need --raw");
	if (opt.ask_option && opt.mode != NEGOTIATE)
		argp_error(state, "--ask cannot be combined with --case, --raw or --extension");
	if (opt.hasty && (!opt.ask_option || opt.ask_newest))
		argp_error(state, "--hasty needs --ask with a mode, not newest");
	if (opt.many_option && opt.mode != RAW && opt.mode != CASES)
		argp_error(state, "--repeat, --threads, --vms and --sleep need --raw or --case");
	if (opt.vms > opt.threads)
		argp_error(state, "--vms: must not exceed the number of threads (%" PRIu64 ")",
			   opt.threads);
	if (opt.raw.rule == SIZE_GIVEN && layout->off_size < 0)
		argp_error(state, "--size: the struct of %s has no size", layout->name);
	if (opt.raw.tail_at && opt.raw.tail_at < layout->struct_size)
		argp_error(state,
			   "--tail: the struct itself is %" PRIu32 " bytes: an offset "
			   "before that is not in its tail",
			   layout->struct_size);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	if (key == ARGP_KEY_END)
		check_options(state);
	if (parse_mode(key, arg, state) && parse_raw(key, arg, state))
		return parse_how(key, arg, state);
	return 0;
}

static int run(void)
{
	switch (opt.mode) {
	case EXTENSION:
		return check_extensions_only();
	case NEGOTIATE:
		return negotiate();
	default:
		return run_workers();
	}
}

static void offer_case(void *ctx)
{
	(void)ctx;
	for (size_t i = 0; i < TRIALS; i++)
		complete_offer(trials[i].name, trials[i].what);
	complete_offer("all", "all of them");
}

static void offer_abi(void *ctx)
{
	const struct abi_revision *revision;

	(void)ctx;
	for (size_t i = 0; (revision = abi_revision(i)); i++)
		complete_offer(revision->name, NULL);
}

static void offer_ask(void *ctx)
{
	const struct abi_mode *mode;

	(void)ctx;
	for (size_t i = 0; (mode = abi_mode(i)); i++)
		complete_offer(mode->name, NULL);
	complete_offer("newest", "the newest mode on offer");
}

static const struct complete_value values[] = {
	{ "case", NULL, offer_case },
	{ "abi", NULL, offer_abi },
	{ "ask", NULL, offer_ask },
	{ 0 },
};

int main(int argc, char **argv)
{
	static const struct argp_child children[] = { { &about_argp, 0, NULL, 0 }, { 0 } };
	static const struct argp argp = { options, parse_option, NULL, doc, children, 0, 0 };
	static const struct complete complete = { &argp, values, NULL, NULL };
	int status;

	out_guard(NAME, OUT_EXIT_FAILED);
	complete_if_asked(&complete, argc, argv);
	opt.abi = abi_by_cmd(ABI_CMD_MAINLINE);
	argp_err_exit_status = EXIT_BAD_USAGE;
	argp_parse(&argp, argc, argv, ARGP_NO_ARGS | ARGP_NO_HELP, NULL, NULL);
	if (opt.mode == LIST) {
		list_cases();
		return EXIT_SUCCESS;
	}
	if (!right_machine)
		die(EXIT_IMPOSSIBLE, "this is not a ppc64le machine: build and run it on a POWER "
				     "host, or in a guest");
	open_kvm();
	status = run();
	if (opt.hold && out_flush()) {
		fprintf(stderr, NAME ": the VM stays open until this process (%d) is killed\n",
			getpid());
		for (;;)
			pause();
	}
	return status;
}
