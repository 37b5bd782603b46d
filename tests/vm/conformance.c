// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Holds the running kernel to the contract of KVM_PPC_GET_COMPAT_CAPS, in the revision
 * that it is said to have. TAP on stdout, one line per promise. The whole neighbourhood
 * of the struct is compared after each call: what may change is computed beforehand.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "kvm/abi.h"
#include "kvm/create_vm.h"
#include "conformance.h"

#define CANARY 0xa5

/* What differs between the revisions, beside the command. */
struct rules {
	const char *name;
	uint32_t cmd;
	bool page_guard; /* more than a page is refused before anything else */
	bool zero_tail;	 /* a larger struct is served if the kernel knows all that is in it */
	bool size_min;	 /* size comes back as the smaller one, not as the kernel's */
};

static const struct rules revisions[] = {
	{ "v5", ABI_CMD_V5, false, false, false },
	{ "mainline", ABI_CMD_MAINLINE, true, true, true },
};

struct caps {
	uint64_t size, flags, caps;
};

/* One call: what lies in memory before it, and where. */
struct trial {
	struct caps in;
	long dirt; /* offset of the one non-zero byte after the struct, -1: none */
	unsigned char *at;
};

static const struct rules *rules;
static uint64_t ksize = ABI_SIZE_VER0;
static uint64_t bitmap; /* what the hook answers ... */
static long hook_error; /* ... or its error */
static uint64_t modes;	/* what KVM_REG_PPC_ARCH_COMPAT takes; 0: it is not asked */
static int capability = -1;
static bool no_kvm;
static int nested_api; /* 1 or 2: v1 reads the device tree at each call */
static long many_calls = 1000000;
static size_t page;
static int kvm_fd = -1, vm_fd = -1;

/* Three pages of memory between two that nobody may touch. */
static unsigned char *arena, *arena_end, *expected;

static int promises, broken;

/* ---------------------------------------------------------------- TAP */

const char *result_name(long ret)
{
	static _Thread_local char buf[4][32];
	static _Thread_local unsigned int turn;
	char *s = buf[turn++ % 4];
	const char *name = ret < 0 ? strerrorname_np(-ret) : NULL;

	if (name)
		return name;
	snprintf(s, sizeof(buf[0]), "%ld", ret);
	return s;
}

bool promise(bool kept, const char *fmt, ...)
{
	va_list ap;

	if (!kept)
		broken++;
	printf("%sok %d - ", kept ? "" : "not ", ++promises);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return kept;
}

void bail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(errno));
	exit(1);
}

/* ---------------------------------------------------------------- memory */

static void *map(void *at, size_t len, int prot)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0);
	void *p = mmap(at, len, prot, flags, -1, 0);

	if (p == MAP_FAILED)
		bail("mmap of %zu bytes", len);
	return p;
}

static void protect(void *at, size_t len, int prot)
{
	if (mprotect(at, len, prot))
		bail("mprotect");
}

static void make_arena(void)
{
	unsigned char *all = map(NULL, 5 * page, PROT_NONE);

	arena = all + page;
	arena_end = arena + 3 * page;
	protect(arena, 3 * page, PROT_READ | PROT_WRITE);
	expected = malloc(3 * page);
	if (!expected)
		bail("malloc");
}

/* Copies no more than the arena holds: a struct may lie across its end. */
static void place(unsigned char *at, const void *from, size_t len)
{
	size_t room = at < arena_end ? (size_t)(arena_end - at) : 0;

	memcpy(at, from, len < room ? len : room);
}

static void lay_out(const struct trial *t)
{
	size_t room = arena_end - t->at, body = t->in.size < room ? t->in.size : room;

	memset(arena, CANARY, 3 * page);
	if (body > sizeof(t->in))
		memset(t->at, 0, body);
	place(t->at, &t->in, sizeof(t->in));
	if (t->dirt >= 0 && (size_t)t->dirt < room)
		t->at[t->dirt] = 0x80;
}

/* Where memory first differs from what it should be, as an offset to the struct. */
static bool memory_as_expected(const struct trial *t, long *where)
{
	if (!memcmp(arena, expected, 3 * page))
		return true;
	for (size_t i = 0; i < 3 * page; i++) {
		if (arena[i] != expected[i]) {
			*where = (long)i - (t->at - arena);
			return false;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- the contract */

long call_fd(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static long call(void *arg)
{
	return call_fd(vm_fd, rules->cmd, arg);
}

static bool dirty_tail(const struct trial *t)
{
	return t->dirt >= (long)ksize && (uint64_t)t->dirt < t->in.size;
}

/* What the call has to return, and in "out" what of the struct it has to have changed. */
static long contract(const struct trial *t, struct caps *out)
{
	const struct caps *in = &t->in;

	*out = *in;
	if (rules->page_guard && in->size > page)
		return -E2BIG;
	if (in->size < ABI_SIZE_VER0)
		return -EINVAL;
	if (in->size > ksize && (!rules->zero_tail || dirty_tail(t))) {
		out->size = ksize;
		return -E2BIG;
	}
	if (in->flags)
		return -EINVAL;
	if (hook_error)
		return hook_error;
	if (!rules->size_min || in->size > ksize)
		out->size = ksize;
	out->caps = bitmap;
	return 0;
}

/* The fields that a kernel of the future fills in are its own business. */
static void forgive_new_fields(const struct trial *t, long ret)
{
	uint64_t known = t->in.size < ksize ? t->in.size : ksize;

	if (ret == 0 && known > sizeof(t->in))
		memcpy(expected + (t->at - arena) + sizeof(t->in), t->at + sizeof(t->in),
		       known - sizeof(t->in));
}

/* Memory is as the contract says where the call ended as it says, else untouched. */
static bool run_trial(const struct trial *t, long want, const struct caps *out, const char *name)
{
	unsigned char *image = expected + (t->at - arena);
	size_t room = arena_end - t->at;
	long ret, where = 0;

	lay_out(t);
	memcpy(expected, arena, 3 * page);
	memcpy(image, out, sizeof(*out) < room ? sizeof(*out) : room);
	if (t->dirt >= 0 && (size_t)t->dirt < sizeof(*out) && (size_t)t->dirt < room)
		image[t->dirt] = 0x80;
	ret = call(t->at);
	forgive_new_fields(t, ret);
	if (promise(ret == want && memory_as_expected(t, &where), "%s: %s", name,
		    result_name(want)))
		return true;
	printf("# size %#" PRIx64 " flags %#" PRIx64 " dirt at %ld: returned %s\n", t->in.size,
	       t->in.flags, t->dirt, result_name(ret));
	if (!memory_as_expected(t, &where))
		printf("# memory differs at byte %ld of the struct: %#x, not %#x\n", where,
		       t->at[where], image[where]);
	return false;
}

__attribute__((format(printf, 2, 3))) static bool hold(const struct trial *t, const char *fmt, ...)
{
	char name[128];
	struct caps out;
	long want = contract(t, &out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	return run_trial(t, want, &out, name);
}

static struct trial right_call(void)
{
	/* An odd place, and rubbish in the field that is for output. */
	return (struct trial){ { ABI_SIZE_VER0, 0, 0x1122334455667788 }, -1, arena + page + 40 };
}

/* ---------------------------------------------------------------- sizes, tails, flags */

static void test_answer(void)
{
	struct trial t = right_call();
	struct caps c = { ABI_SIZE_VER0, 0, 0 };
	long vm_cap = ioctl(vm_fd, KVM_CHECK_EXTENSION, ABI_CAP_PPC_COMPAT_CAPS);
	long any_cap = ioctl(kvm_fd, KVM_CHECK_EXTENSION, ABI_CAP_PPC_COMPAT_CAPS);

	promise(vm_cap == capability, "capability of the VM: %d", capability);
	promise(any_cap == capability, "capability of the host: %d", capability);
	/* 1 and an error is a host whose cpu-version stands for no mode. */
	promise(vm_cap == 1 || call(&c) < 0, "without the capability, the ioctl fails");
	if (hook_error)
		hold(&t, "the right call");
	else
		hold(&t, "the right call, bitmap %#" PRIx64, bitmap);
	t.in.caps = 0;
	hold(&t, "the output field zero before the call");
}

static void test_sizes(void)
{
	const uint64_t sizes[] = {
		0,
		1,
		7,
		8,
		15,
		16,
		17,
		22,
		23,
		24,
		25,
		31,
		32,
		33,
		40,
		48,
		64,
		1024,
		4095,
		4096,
		4097,
		page - 1,
		page,
		page + 1,
		65535,
		65536,
		65537,
		1ull << 31,
		(1ull << 32) - 1,
		1ull << 32,
		(1ull << 32) + 24,
		(1ull << 32) + 25,
		1ull << 63,
		(1ull << 63) + 24,
		~0ull - 1,
		~0ull,
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct trial t = right_call();

		t.in.size = sizes[i];
		hold(&t, "size %" PRIu64, sizes[i]);
	}
}

static void test_tails(void)
{
	const uint64_t sizes[] = { ksize + 1, ksize + 8, ksize + 24, 1024, page - 1, page };
	struct trial t = right_call();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint64_t last = sizes[i] - 1, middle = (ksize + last) / 2;

		t.in.size = sizes[i];
		t.dirt = ksize;
		hold(&t, "size %" PRIu64 ", tail not zero at its first byte", sizes[i]);
		t.dirt = middle;
		hold(&t, "size %" PRIu64 ", tail not zero at byte %" PRIu64, sizes[i], middle);
		t.dirt = last;
		hold(&t, "size %" PRIu64 ", tail not zero at its last byte", sizes[i]);
		t.dirt = sizes[i];
		hold(&t, "size %" PRIu64 ", not zero behind the tail", sizes[i]);
	}
	t.in.size = page + 1;
	t.dirt = ksize;
	hold(&t, "size %zu, tail not zero", page + 1);
}

static void test_flags(void)
{
	struct trial t = right_call();

	for (int bit = 0; bit < 64; bit++) {
		t.in.flags = 1ull << bit;
		hold(&t, "flags bit %d", bit);
	}
	t.in.flags = ~0ull;
	hold(&t, "flags all set");
	t.in.size = ksize + 8;
	hold(&t, "flags set in a larger struct");
	t.dirt = ksize;
	hold(&t, "flags set in a larger struct, tail not zero");
	t.in.size = 16;
	t.dirt = -1;
	hold(&t, "flags set in a struct that is too small");
}

/* E2BIG has to be of use: the size that comes back works. */
static void test_retry(void)
{
	struct trial t = right_call();
	struct caps c;
	long ret;

	t.in.size = 1024;
	t.dirt = 512;
	lay_out(&t);
	ret = call(t.at);
	memcpy(&c, t.at, sizeof(c));
	promise(ret == -E2BIG && c.size == ksize, "E2BIG names the kernel's size, %" PRIu64, ksize);
	ret = call(t.at);
	promise(ret == hook_error, "a retry with that size: %s", result_name(hook_error));
}

/* ---------------------------------------------------------------- commands */

static void test_commands(void)
{
	static const uint32_t others[] = {
		ABI_CMD_V1, ABI_CMD_V3, ABI_CMD_V5, ABI_CMD_MAINLINE, 0x8010aee4,
		0x8018aee4, 0xc010aee4, 0xc018aee4, 0x8018aeb8,	      0xc018aeb8,
		0x4018aeb8, 0xaee4,	0xaeb8,	    0x2000aee5,	      0x2000aeb9,
	};
	struct trial t = right_call();

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		long ret, where;

		if (others[i] == rules->cmd)
			continue;
		lay_out(&t);
		memcpy(expected, arena, 3 * page);
		ret = call_fd(vm_fd, others[i], t.at);
		promise(ret == -ENOTTY && memory_as_expected(&t, &where), "command %#010x: ENOTTY",
			others[i]);
	}
	promise(call_fd(kvm_fd, rules->cmd, t.at) < 0, "the command on /dev/kvm is refused");
}

/* ---------------------------------------------------------------- pointers */

static void test_bad_pointers(void)
{
	static const struct {
		uint64_t address;
		const char *name;
	} bad[] = {
		{ 0, "NULL" },
		{ 8, "in the first page" },
		{ 0xc000000000000000, "start of the kernel" },
		{ 0xc000000000000001, "start of the kernel, odd" },
		{ 0xc000000000100000, "in the kernel" },
		{ 0xc008000000000000, "where modules are" },
		{ 0x8000000000000000, "between user and kernel" },
		{ 0x0010000000000000, "past all of user space" },
		{ 0xfffffffffffffff8, "the last 8 bytes" },
		{ 0xfffffffffffffff0, "wrapping round" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		long ret = call((void *)bad[i].address);

		if (!promise(ret == -EFAULT, "pointer %#" PRIx64 " (%s): EFAULT", bad[i].address,
			     bad[i].name))
			printf("# returned %s\n", result_name(ret));
	}
}

__attribute__((format(printf, 2, 3))) static void fault(const struct trial *t, const char *fmt, ...)
{
	char name[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	run_trial(t, -EFAULT, &t->in, name);
}

/* Whatever the kernel may read of a page that the processor may not, it says by write(). */
static bool kernel_reads(const void *at)
{
	int fds[2];
	bool can;

	if (pipe(fds))
		bail("pipe");
	can = write(fds[1], at, 8) == 8;
	close(fds[0]);
	close(fds[1]);
	return can;
}

static void test_protection(void)
{
	struct trial t = right_call();
	long ret, want;

	ret = call(arena_end);
	promise(ret == -EFAULT, "a page without any right: EFAULT");
	munmap(arena_end, page);
	ret = call(arena_end);
	promise(ret == -EFAULT, "an unmapped page: EFAULT");
	map(arena_end, page, PROT_NONE);

	lay_out(&t);
	protect(arena, 3 * page, PROT_READ);
	ret = call(t.at);
	protect(arena, 3 * page, PROT_READ | PROT_WRITE);
	want = hook_error ? hook_error : -EFAULT;
	promise(ret == want && !memcmp(t.at, &t.in, sizeof(t.in)), "a read-only page: %s",
		result_name(want));

	lay_out(&t);
	protect(arena, 3 * page, PROT_WRITE);
	want = kernel_reads(t.at) ? hook_error : -EFAULT;
	ret = call(t.at);
	protect(arena, 3 * page, PROT_READ | PROT_WRITE);
	promise(ret == want, "a write-only page: %s", result_name(want));
}

static void test_read_only_write_back(void)
{
	struct trial t = right_call();
	long ret;

	t.in.size = ksize + 8;
	t.dirt = ksize;
	lay_out(&t);
	protect(arena, 3 * page, PROT_READ);
	ret = call(t.at);
	protect(arena, 3 * page, PROT_READ | PROT_WRITE);
	if (!promise(ret == -EFAULT, "E2BIG that cannot be written back: EFAULT"))
		printf("# returned %s\n", result_name(ret));

	t.in.size = 16;
	lay_out(&t);
	protect(arena, 3 * page, PROT_READ);
	ret = call(t.at);
	protect(arena, 3 * page, PROT_READ | PROT_WRITE);
	promise(ret == -EINVAL, "size 16 in a read-only page: EINVAL");
}

/* ---------------------------------------------------------------- straddling */

/* The memory ends so many bytes into the struct. */
static void test_cut_off(void)
{
	struct trial t = right_call();

	for (int have = 0; have < 24; have++) {
		t.at = arena_end - have;
		fault(&t, "memory ends after %d bytes", have);
	}
	t.at = arena_end - 24;
	hold(&t, "memory ends with the struct");
	t.at = arena_end - 8;
	t.in.size = 16;
	hold(&t, "size 16, memory ends after the size");
	t.in.size = page + 1;
	hold(&t, "size %zu, memory ends after the size", page + 1);
	t.in.size = ~0ull;
	hold(&t, "size ~0, memory ends after the size");
}

static void test_cut_off_tail(void)
{
	struct trial t = right_call();

	t.in.size = ksize + 24;
	for (uint64_t have = ksize; have < t.in.size; have += 8) {
		t.at = arena_end - have;
		if (rules->zero_tail)
			fault(&t, "size %" PRIu64 ", memory ends after %" PRIu64 " bytes",
			      t.in.size, have);
		else
			hold(&t, "size %" PRIu64 ", memory ends after %" PRIu64 " bytes", t.in.size,
			     have);
	}
	t.at = arena_end - t.in.size;
	hold(&t, "size %" PRIu64 ", memory ends with it", t.in.size);
	t.in.size = page;
	t.at = arena_end - page;
	hold(&t, "size %zu, memory ends with it", page);
}

/* Behind the first bytes the page is read-only; what comes before may have been written. */
static void test_cut_off_writing(void)
{
	unsigned char *border = arena + 2 * page;
	long want = hook_error ? hook_error : -EFAULT;

	for (int have = 8; have < 24; have += 8) {
		struct trial t = right_call();
		long ret, where = 0;

		t.at = border - have;
		lay_out(&t);
		memcpy(expected, arena, 3 * page);
		protect(border, page, PROT_READ);
		ret = call(t.at);
		protect(border, page, PROT_READ | PROT_WRITE);
		memcpy(expected + (t.at - arena), t.at, have);
		promise(ret == want && memory_as_expected(&t, &where),
			"read-only after %d bytes: %s", have, result_name(want));
	}
	for (int have = 24; rules->zero_tail && have < 48; have += 8) {
		struct trial t = right_call();
		long ret;

		t.at = border - have;
		t.in.size = ksize + 24;
		lay_out(&t);
		protect(border, page, PROT_READ);
		ret = call(t.at);
		protect(border, page, PROT_READ | PROT_WRITE);
		promise(ret == want, "size %" PRIu64 ", read-only after %d bytes: %s", t.in.size,
			have, result_name(want));
	}
}

/* ---------------------------------------------------------------- pages not there yet */

static void *map_file(const struct caps *c, int flags)
{
	int fd = memfd_create("struct", MFD_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, page) || pwrite(fd, c, sizeof(*c), 0) != sizeof(*c))
		bail("memfd");
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (p == MAP_FAILED)
		bail("mmap of a file");
	close(fd);
	return p;
}

/* The caller's struct was the smallest one, which a kernel that has grown still says where it is
 * to. */
static bool answered(const struct caps *c)
{
	uint64_t size = rules->size_min ? ABI_SIZE_VER0 : ksize;

	return hook_error ? c->caps == 0 : c->size == size && c->caps == bitmap;
}

static void test_untouched(void)
{
	const struct caps right = { ABI_SIZE_VER0, 0, 0 };
	struct trial t = right_call();
	unsigned char *fresh = map(NULL, page, PROT_READ | PROT_WRITE);
	struct caps *file = map_file(&right, MAP_PRIVATE), *shared = map_file(&right, MAP_SHARED);
	long ret = call(fresh);

	promise(ret == -EINVAL, "an untouched page reads as size 0: EINVAL");
	ret = call(file);
	promise(ret == hook_error && answered(file), "a private page of a file, untouched: %s",
		result_name(hook_error));
	ret = call(shared);
	promise(ret == hook_error && answered(shared), "a shared page of a file, untouched: %s",
		result_name(hook_error));

	t.at = arena + 2 * page - 16;
	lay_out(&t);
	map(arena + 2 * page, page, PROT_READ | PROT_WRITE);
	ret = call(t.at);
	memcpy(&t.in, t.at, sizeof(t.in));
	promise(ret == hook_error && answered(&t.in), "the second half on an untouched page: %s",
		result_name(hook_error));
	munmap(fresh, page);
	munmap(file, page);
	munmap(shared, page);
}

static void test_alignment(void)
{
	struct trial t = right_call();

	for (int off = 1; off < 8; off++) {
		t.at = arena + page + off;
		hold(&t, "struct at an address of 8n+%d", off);
	}
	t.at = arena + 2 * page - 12;
	hold(&t, "struct across two pages");
	t.at = arena + 2 * page - 4;
	hold(&t, "size field across two pages");
}

/* ---------------------------------------------------------------- whose VM it is */

static long in_child(long (*fn)(void *), void *arg)
{
	int fds[2], status;
	long ret = 0;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds))
		bail("pipe");
	pid = fork();
	if (pid < 0)
		bail("fork");
	if (!pid) {
		ret = fn(arg);
		_exit(write(fds[1], &ret, sizeof(ret)) != sizeof(ret));
	}
	close(fds[1]);
	if (read(fds[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = 1;
	close(fds[0]);
	waitpid(pid, &status, 0);
	return ret;
}

static long make_and_send(void *arg)
{
	int sock = *(int *)arg, vm = create_vm(kvm_fd, 0);
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	if (vm < 0)
		return -errno;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &vm, sizeof(vm));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int sock)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1) {
		head = CMSG_FIRSTHDR(&msg);
		if (head)
			memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	}
	return fd;
}

static void test_owner(void)
{
	struct trial t = right_call();
	long ret, where = 0;
	int socks[2], vm;

	lay_out(&t);
	promise(in_child((long (*)(void *))call, t.at) == -EIO, "another process's VM: EIO");
	promise(in_child((long (*)(void *))call, NULL) == -EIO, "another process's VM, NULL: EIO");

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, socks))
		bail("socketpair");
	ret = in_child(make_and_send, &socks[1]);
	vm = ret ? -1 : receive_fd(socks[0]);
	if (vm < 0)
		bail("the child's VM did not arrive (%s)", result_name(ret));
	lay_out(&t);
	memcpy(expected, arena, 3 * page);
	ret = call_fd(vm, rules->cmd, t.at);
	promise(ret == -EIO && memory_as_expected(&t, &where),
		"the VM of a process that is dead: EIO");
	close(vm);
	close(socks[0]);
	close(socks[1]);
	promise(call_fd(-1, rules->cmd, t.at) == -EBADF, "no file at all: EBADF");
}

/* ---------------------------------------------------------------- threads */

struct crowd {
	void *at;
	atomic_bool done;
	atomic_long calls, wrong, last_wrong;
	bool may_be_unmapped, may_be_large;
};

static bool allowed(const struct crowd *crowd, long ret)
{
	return ret == hook_error || ret == -EINVAL || (crowd->may_be_unmapped && ret == -EFAULT) ||
	       (crowd->may_be_large && ret == -E2BIG);
}

static void *caller(void *arg)
{
	struct crowd *crowd = arg;

	while (!crowd->done) {
		long ret = call(crowd->at);

		crowd->calls++;
		if (!allowed(crowd, ret)) {
			crowd->wrong++;
			crowd->last_wrong = ret;
		}
	}
	return NULL;
}

/* Changes memory from the main thread, by "change", while three others call. */
static void among_callers(struct crowd *crowd, void (*change)(int turn, void *at), int turns)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, caller, crowd))
			bail("pthread_create");
	for (int i = 0; i < turns || crowd->calls < 1000; i++) {
		change(i, crowd->at);
		sched_yield();
	}
	crowd->done = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void unmap_and_map(int turn, void *at)
{
	const struct caps right = { ABI_SIZE_VER0, 0, 0 };

	if (turn & 1) {
		map(at, page, PROT_READ | PROT_WRITE);
		memcpy(at, &right, sizeof(right));
	} else {
		munmap(at, page);
	}
}

static void change_size(int turn, void *at)
{
	const uint64_t sizes[] = { 24, 0, ~0ull, page, 24, 48, page + 1, 23 };

	__atomic_store_n((uint64_t *)at, sizes[turn % 8], __ATOMIC_RELAXED);
}

static bool all_bytes(const unsigned char *at, size_t len, unsigned char value)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != value)
			return false;
	return true;
}

/* A search for leaks that is cut short is a quick look: races get few of their turns. */
static int turns(int n)
{
	return many_calls < 1000000 ? n / 32 : n;
}

static void test_threads(void)
{
	unsigned char *middle = arena + page;
	struct crowd unmapping = { .at = middle, .may_be_unmapped = true };
	struct crowd resizing = { .at = middle, .may_be_large = true };
	struct trial t = right_call();

	memset(arena, CANARY, 3 * page);
	unmap_and_map(1, middle);
	among_callers(&unmapping, unmap_and_map, turns(4000));
	if (!promise(!unmapping.wrong,
		     "threads call while the buffer is unmapped: only promised results"))
		printf("# %ld of %ld calls, the last one %s\n", unmapping.wrong, unmapping.calls,
		       result_name(unmapping.last_wrong));
	promise(all_bytes(arena, page, CANARY) && all_bytes(middle + page, page, CANARY),
		"... and nothing beside it is written");

	map(middle, page, PROT_READ | PROT_WRITE);
	among_callers(&resizing, change_size, turns(20000));
	if (!promise(!resizing.wrong, "threads call while the size changes: only promised results"))
		printf("# %ld of %ld calls, the last one %s\n", resizing.wrong, resizing.calls,
		       result_name(resizing.last_wrong));
	promise(all_bytes(arena, page, CANARY) && all_bytes(middle + page, page, CANARY) &&
			all_bytes(middle + sizeof(struct caps), page - sizeof(struct caps), 0),
		"... and nothing beside the struct is written");
	hold(&t, "the right call after that");
}

/* ---------------------------------------------------------------- leaks */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_APPEND | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

#define TRACING "/sys/kernel/tracing/"

static bool write_tracing(const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "%s", file);
	return write_file(path, text);
}

struct node_seen {
	unsigned long long node;
	long refs;
};

/*
 * A probe on of_node_get() reads the reference count of the node that it is called for.
 * With the probe on for one call, that is the node that the hook looks at.
 */
static int watch_one_call(struct node_seen *seen)
{
	struct caps c = { ABI_SIZE_VER0, 0, 0 };
	char line[512], me[32];
	FILE *trace;
	int n = 0;

	snprintf(me, sizeof(me), "-%d ", getpid());
	write_tracing("trace", "");
	if (!write_tracing("events/conformance/get/enable", "1"))
		return -1;
	call(&c);
	write_tracing("events/conformance/get/enable", "0");
	trace = fopen(TRACING "trace", "re");
	while (trace && fgets(line, sizeof(line), trace)) {
		const char *at = strstr(line, "node=");

		if (at && strstr(line, me) && !n++)
			sscanf(at, "node=%llx refs=%ld", &seen->node, &seen->refs);
	}
	if (trace)
		fclose(trace);
	return n;
}

static void *call_many(void *arg)
{
	long n = *(long *)arg;
	struct caps c;

	while (n--) {
		c = (struct caps){ ABI_SIZE_VER0, 0, 0 };
		call(&c);
	}
	return NULL;
}

static void call_a_lot(long calls)
{
	long each = calls / 2;
	pthread_t other;

	if (pthread_create(&other, NULL, call_many, &each))
		bail("pthread_create");
	call_many(&each);
	pthread_join(other, NULL);
}

/* What the kernel uses of memory for itself, in KiB. */
static long kernel_memory(void)
{
	static const char *const parts[] = { "Slab:", "KernelStack:", "PageTables:", "VmallocUsed:",
					     "Percpu:" };
	FILE *f = fopen("/proc/meminfo", "re");
	char name[64];
	long sum = 0, kib;

	while (f && fscanf(f, "%63s %ld%*[^\n]", name, &kib) == 2)
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (!strcmp(name, parts[i]))
				sum += kib;
	if (f)
		fclose(f);
	return sum;
}

/* Less than 4 bytes a call, and room for what else goes on, in pages: 256 of them. */
static void promise_no_memory_lost(long kib, long calls, const char *what)
{
	if (!promise(kib < (long)page / 4 + calls * 3 / 1024, "%ld calls %sleak no memory", calls,
		     what))
		printf("# kernel memory: %+ld KiB\n", kib);
}

/* A call that ends early: what lies in memory before it, and where. */
struct early_end {
	const char *name;
	struct caps in;
	long offset;
	bool tail, read_only;
};

static void call_early(const struct early_end *e, long calls)
{
	unsigned char *at = e->offset < 0 ? arena_end + e->offset : arena + page + e->offset;

	memset(arena, 0, 3 * page);
	if (e->tail)
		at[e->in.size - 1] = 0x80;
	if (!e->read_only) {
		while (calls--) {
			place(at, &e->in, sizeof(e->in));
			call(at);
		}
		return;
	}
	place(at, &e->in, sizeof(e->in));
	protect(arena, 3 * page, PROT_READ);
	while (calls--)
		call(at);
	protect(arena, 3 * page, PROT_READ | PROT_WRITE);
}

static void test_leaks_of_errors(void)
{
	const struct early_end ends[] = {
		{ "with a size of 0 ", { 0, 0, 0 }, 0, false, false },
		{ "with more than a page ", { ~0ull, 0, 0 }, 0, false, false },
		{ "with a tail that is not zero ", { page, 0, 0 }, 0, true, false },
		{ "with a tail of zeros ", { page, 0, 0 }, 0, false, false },
		{ "with flags ", { ABI_SIZE_VER0, 1, 0 }, 0, false, false },
		{ "that cannot be read ", { ABI_SIZE_VER0, 0, 0 }, -8, false, false },
		{ "that cannot be answered ", { ABI_SIZE_VER0, 0, 0 }, 0, false, true },
	};
	long calls = many_calls / 2;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		long kib;

		call_early(&ends[i], calls / 10);
		kib = kernel_memory();
		call_early(&ends[i], calls);
		promise_no_memory_lost(kernel_memory() - kib, calls, ends[i].name);
	}
}

#define NODE_PROBE \
	"p:conformance/get of_node_get node=node:x64 refs=node->kobj.kref.refcount.refs.counter:s32\n"

/* "all" calls in between, all of them over. Only root may look at the nodes. */
static void promise_no_node_lost(const struct node_seen *before, int gets)
{
	struct node_seen after = { 0 };
	int gets_after = watch_one_call(&after);

	if (nested_api == 1)
		promise(gets > 0, "the hook is seen to take a device node");
	else
		promise(gets == 0, "the hook is seen to take no device node");
	printf("# %d nodes taken, references %ld before, %ld after\n", gets, before->refs,
	       after.refs);
	promise(gets == gets_after && before->node == after.node &&
			labs(after.refs - before->refs) < 16,
		"%ld calls leak no reference to it", many_calls);
}

static void test_leaks(void)
{
	struct node_seen before = { 0 };
	bool root = !geteuid();
	int gets = 0;
	long kib;

	if (!root)
		printf("# an ordinary user: nobody looks for lost references\n");
	else if (!write_tracing("kprobe_events", NODE_PROBE))
		printf("# no probe on of_node_get: %s\n", strerror(errno));
	else
		gets = watch_one_call(&before);
	call_a_lot(many_calls < 10000 ? many_calls : 10000);
	kib = kernel_memory();
	call_a_lot(many_calls);
	promise_no_memory_lost(kernel_memory() - kib, many_calls, "");
	test_leaks_of_errors();
	if (!root)
		return;
	promise_no_node_lost(&before, gets);
	write_tracing("kprobe_events", "-:conformance/get\n");
}

/* ---------------------------------------------------------------- beside a VCPU */

static void hold_each_result(const char *when)
{
	struct trial t = right_call();

	hold(&t, "the right call %s", when);
	t.in.flags = 1;
	hold(&t, "flags %s", when);
	t.in = (struct caps){ 16, 0, 0 };
	hold(&t, "size 16 %s", when);
	t.in = (struct caps){ ksize + 8, 0, 0 };
	t.dirt = ksize;
	hold(&t, "a tail that is not zero %s", when);
}

static void test_with_vcpu(void)
{
	int vcpu = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	struct trial t = right_call();
	long ret, where;

	if (!promise(vcpu >= 0, "the VM can be given a VCPU"))
		return;
	hold_each_result("beside a VCPU");
	lay_out(&t);
	memcpy(expected, arena, 3 * page);
	ret = call_fd(vcpu, rules->cmd, t.at);
	promise(ret < 0 && memory_as_expected(&t, &where), "the command on a VCPU is refused");
	close(vcpu);
	hold_each_result("after a VCPU was closed");
}

static void run_all(void)
{
	vm_fd = create_vm(kvm_fd, 0);
	if (vm_fd < 0)
		bail("no VM");
	make_arena();
	test_answer();
	test_sizes();
	test_tails();
	test_flags();
	test_retry();
	test_commands();
	test_bad_pointers();
	test_protection();
	test_read_only_write_back();
	test_cut_off();
	test_cut_off_tail();
	test_cut_off_writing();
	test_untouched();
	test_alignment();
	test_owner();
	test_threads();
	test_leaks();
	test_with_vcpu();
	if (modes)
		test_modes(kvm_fd, modes, nested_api);
}

/* ---------------------------------------------------------------- the command line */

enum { OPT_KSIZE = 256, OPT_CALLS, OPT_API, OPT_MODES, OPT_CAPABILITY };

static const struct argp_option options[] = {
	{ "revision", 'r', "NAME", 0, "the kernel's revision of the ABI: v5 or mainline", 0 },
	{ "expect", 'e', "WHAT", 0, "the bitmap (0x...), EINVAL or ENOTTY, or no-kvm", 0 },
	{ "nested-api", OPT_API, "N", 0, "the hypervisor's nested API: 1, 2, or 0 for none", 0 },
	{ "modes", OPT_MODES, "BITMAP", 0,
	  "what KVM_REG_PPC_ARCH_COMPAT takes, 0x0: it is not asked (the bitmap)", 0 },
	{ "capability", OPT_CAPABILITY, "N", 0, "what the capability is (1 with a bitmap, else 0)",
	  0 },
	{ "ksize", OPT_KSIZE, "N", 0, "the kernel's struct has grown to N bytes", 0 },
	{ "calls", OPT_CALLS, "N", 0, "how often to call in search of leaks (1000000)", 0 },
	{ 0 }
};

static void parse_expect(const char *arg, struct argp_state *state)
{
	char *end;

	if (!strcmp(arg, "no-kvm")) {
		no_kvm = true;
	} else if (!strcmp(arg, "EINVAL")) {
		hook_error = -EINVAL;
	} else if (!strcmp(arg, "ENOTTY")) {
		hook_error = -ENOTTY;
	} else {
		bitmap = strtoull(arg, &end, 16);
		if (strncmp(arg, "0x", 2) || *end || !bitmap)
			argp_error(state, "--expect '%s' is no bitmap, EINVAL, ENOTTY or no-kvm",
				   arg);
	}
}

static long number(const char *arg, long least, long most, struct argp_state *state)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (!*arg || *end || n < least || n > most)
		argp_error(state, "'%s' is no number from %ld to %ld", arg, least, most);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static bool expect_given, modes_given;

	switch (key) {
	case 'r':
		for (size_t i = 0; i < sizeof(revisions) / sizeof(*revisions); i++)
			if (!strcmp(arg, revisions[i].name))
				rules = &revisions[i];
		if (!rules)
			argp_error(state, "there is no revision '%s'", arg);
		break;
	case 'e':
		expect_given = true;
		parse_expect(arg, state);
		break;
	case OPT_API:
		nested_api = number(arg, 0, 2, state);
		break;
	case OPT_MODES:
		modes = strtoull(arg, NULL, 16);
		modes_given = true;
		break;
	case OPT_CAPABILITY:
		capability = number(arg, 0, 1, state);
		break;
	case OPT_KSIZE:
		ksize = number(arg, ABI_SIZE_VER0, 512, state);
		break;
	case OPT_CALLS:
		many_calls = number(arg, 2, 1000000000, state);
		break;
	case ARGP_KEY_END:
		if (!rules || !expect_given)
			argp_error(state, "--revision and --expect are needed");
		if (!modes_given)
			modes = bitmap;
		if (capability < 0)
			capability = !hook_error;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Check that KVM_PPC_GET_COMPAT_CAPS on this kernel keeps its promises (TAP on stdout)."
		"\vExit status: 0 all kept, 1 not all, 2 usage.",
		NULL,
		NULL,
		NULL
	};

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	page = sysconf(_SC_PAGESIZE);
	printf("TAP version 13\n# revision %s, %zu KiB pages\n", rules->name, page / 1024);
	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	/* kvm.ko alone gives the device, and no VM. */
	if (no_kvm)
		promise(kvm_fd < 0 || create_vm(kvm_fd, 0) < 0,
			"no VM can be made where kvm-hv refuses to load");
	else if (kvm_fd < 0)
		bail("no /dev/kvm");
	else
		run_all();
	printf("1..%d\n", promises);
	if (broken)
		printf("# %d of %d promises broken\n", broken, promises);
	return broken ? 1 : 0;
}
