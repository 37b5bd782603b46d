// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens and loads the BPF objects: chooses the one with or without filters, sets its constants,
 * and shares maps between objects. libbpf's messages are kept back, and shown if something fails.
 * Which programs are loaded depends on the method (attach.h).
 */
#include "live/objects.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "live/host.h"
#include "plain.skel.h"

#define TRACE_FSESSION 58 /* of enum bpf_attach_type; headers before Linux 7.0 lack it */

static char libbpf_said[4096];
static bool libbpf_aloud;

void objects_show_messages(void)
{
	char *save = NULL;

	for (char *l = strtok_r(libbpf_said, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		fprintf(stderr, "  %s\n", l);
	libbpf_said[0] = '\0';
}

/* A verifier's log can be a million lines: its end says what was wrong. */
static const char *last_lines(const char *text, unsigned int lines)
{
	const char *p = text + strlen(text);

	while (p > text && lines)
		if (*--p == '\n')
			lines--;
	return p;
}

static int libbpf_print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	size_t n = strlen(libbpf_said);
	char *text;
	int len;

	if (level == LIBBPF_DEBUG)
		return 0;
	len = vasprintf(&text, fmt, ap);
	if (len < 0)
		return len;
	snprintf(libbpf_said + n, sizeof(libbpf_said) - n, "%s", last_lines(text, 20));
	free(text);
	if (libbpf_aloud)
		objects_show_messages();
	return len;
}

/* How the verifier says that the lockdown has taken a helper away. */
static bool lacks_helper(void)
{
	return strstr(libbpf_said, "helper bpf_probe_read") ||
	       strstr(libbpf_said, "unknown func bpf_probe_read");
}

void objects_hear(bool aloud)
{
	libbpf_aloud = aloud;
	libbpf_said[0] = '\0';
	libbpf_set_print(libbpf_print);
}

void objects_forget_messages(void)
{
	libbpf_said[0] = '\0';
}

static const char *remedy_of(int err)
{
	switch (err) {
	case EPERM:
	case EACCES:
		return "run it as root; in a container it needs CAP_SYS_ADMIN, CAP_BPF and CAP_PERFMON";
	case ENOMEM:
		return "there is not enough memory: free some, or raise the limit (cgroup memory.max, ulimit -v)";
	default:
		return "try --method kprobe, and -v for what libbpf has to say";
	}
}

void objects_describe(char *error, const char *what, int err)
{
	if (lacks_helper())
		snprintf(
			error, ATTACH_ERROR_LEN,
			"cannot %s: the kernel does not let BPF read its memory: is it locked down in confidentiality mode? Mount securityfs on /sys/kernel/security and see its file lockdown",
			what);
	else
		snprintf(error, ATTACH_ERROR_LEN, "cannot %s: %s: %s", what, strerror(-err),
			 remedy_of(-err));
}

static uint32_t ring_bytes_of(const struct attach_options *opt)
{
	return opt->ring_bytes ? opt->ring_bytes : ATTACH_RING_DEFAULT;
}

/* Only the kernel's own types can be named in a cast. */
static bool can_cast_kvm(void)
{
	static int known = -1;

	if (known < 0) {
		const struct btf *btf = host_types();

		known = btf && btf__find_by_name_kind(btf, "kvm", BTF_KIND_STRUCT) > 0 &&
			btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	}
	return known;
}

static uint32_t modes_of(const struct attach_options *opt, uint32_t pid_ns)
{
	uint32_t modes = pid_ns ? CC_MODE_PID_NS : 0;

	if (opt->pid || opt->tid || opt->comm[0] || opt->vm_ino || opt->cgroup)
		modes |= CC_MODE_FILTERED;
	if (opt->descendants_only)
		modes |= CC_MODE_DESCENDANTS;
	if (can_cast_kvm())
		modes |= CC_MODE_CAST;
	return modes;
}

/*
 * Of either object: what is constant has the same names in both, and other places. The variables
 * have the same.
 */
#define SET_FILTERS_OF(object) \
	static void set_filters_of_##object(struct object##_bpf__rodata *to, \
					    const struct attach_options *opt) \
	{ \
		to->filter_pid = opt->pid; \
		to->filter_tid = opt->tid; \
		to->filter_vm_ino = opt->vm_ino; \
		to->filter_cgroup = opt->cgroup; \
		to->filter_cgroup_level = opt->cgroup_level; \
		memcpy((char *)to->filter_comm, opt->comm, sizeof(opt->comm)); \
		to->tracer = (uint32_t)getpid(); \
		to->pid_ns = host_pid_namespace(); \
		to->modes = modes_of(opt, to->pid_ns); \
		to->ring_bytes = ring_bytes_of(opt); \
		to->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE); \
	}
SET_FILTERS_OF(compatcaps)
SET_FILTERS_OF(plain)

#define SAME_PLACE(variable) \
	_Static_assert(offsetof(struct compatcaps_bpf__bss, variable) == \
			       offsetof(struct plain_bpf__bss, variable), \
		       "bpf/plain.bpf.c has " #variable " elsewhere")
SAME_PLACE(closing);
SAME_PLACE(hook_watched);
SAME_PLACE(in_flight);
SAME_PLACE(lost);
SAME_PLACE(lost_elsewhere);
SAME_PLACE(orphans);
SAME_PLACE(runs_repeated);
SAME_PLACE(vm_epoch);
SAME_PLACE(waiting);
SAME_PLACE(waiting_of);

static int share_maps(struct compatcaps_bpf *o, const struct compatcaps_bpf *maps)
{
	struct bpf_map *map, *of;

	bpf_object__for_each_map(map, o->obj) {
		if (strstr(bpf_map__name(map), ".rodata"))
			continue;
		of = bpf_object__find_map_by_name(maps->obj, bpf_map__name(map));
		if (!of || bpf_map__reuse_fd(map, bpf_map__fd(of)))
			return -EINVAL;
	}
	return 0;
}

/* Its maps and programs have the same names. */
static void take_plain(struct compatcaps_bpf *o)
{
	size_t size = 0;

	o->skeleton->data = plain_bpf__elf_bytes(&size);
	o->skeleton->data_sz = size;
}

/* NULL: errno says why. */
static struct compatcaps_bpf *open_object(const struct attach_options *opt, const char *types)
{
	LIBBPF_OPTS(bpf_object_open_opts, how, .btf_custom_path = types);
	bool plain = !(modes_of(opt, host_pid_namespace()) & ~(uint32_t)CC_MODE_CAST);
	struct compatcaps_bpf *o = calloc(1, sizeof(*o));
	struct bpf_program *p;
	int err;

	if (!o)
		return NULL;
	err = compatcaps_bpf__create_skeleton(o);
	if (!err && plain)
		take_plain(o);
	if (!err)
		err = bpf_object__open_skeleton(o->skeleton, &how);
	if (err) {
		compatcaps_bpf__destroy(o);
		errno = -err;
		return NULL;
	}
	bpf_object__for_each_program(p, o->obj)
		bpf_program__set_autoload(p, false);
	if (plain)
		set_filters_of_plain((struct plain_bpf__rodata *)o->rodata, opt);
	else
		set_filters_of_compatcaps(o->rodata, opt);
	return o;
}

/* A file without a type; -1: none could be made. */
static int no_types(void)
{
	struct btf *btf = btf__new_empty();
	uint32_t size = 0;
	const void *data = btf ? btf__raw_data(btf, &size) : NULL;
	int fd = data ? memfd_create("types", MFD_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, data, size) != (ssize_t)size) {
		close(fd);
		fd = -1;
	}
	btf__free(btf);
	return fd;
}

static int load_maps(struct compatcaps_bpf *o, const struct attach_options *opt)
{
	int err = bpf_map__set_max_entries(o->maps.ring, ring_bytes_of(opt));

	bpf_program__set_autoload(o->progs.read_nested_caps, true);
	bpf_program__set_autoload(o->progs.drop_call, true);
	bpf_program__set_autoload(o->progs.decide_vm, true);
	return err ? err : compatcaps_bpf__load(o);
}

/*
 * These programs name no type of the kernel's. But libbpf looks up those of all functions that any
 * program of the object calls, and searches all types of the kernel for each: here it has none to
 * search.
 */
int objects_load_maps(const struct attach_options *opt, struct compatcaps_bpf **o)
{
	int types = no_types(), err;
	char path[sizeof("/proc/self/fd/-2147483648")];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", types);
	*o = open_object(opt, types < 0 ? NULL : path);
	err = *o ? load_maps(*o, opt) : -errno;
	if (types >= 0)
		close(types);
	return err;
}

struct compatcaps_bpf *objects_open_sharing(const struct attach_options *opt,
					    const struct compatcaps_bpf *maps)
{
	struct compatcaps_bpf *o = open_object(opt, NULL);

	if (o && share_maps(o, maps)) {
		compatcaps_bpf__destroy(o);
		o = NULL;
		errno = EINVAL;
	}
	return o;
}

static bool has_function(const char *name)
{
	unsigned int found;

	return host_types() && host_functions(&name, 1, &found) && found;
}

/* Of the ways to attach a program. */
static bool has_attach_type(const char *name)
{
	const struct btf *btf = host_types();
	int id = btf ? btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM) : 0;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (unsigned int)id) : NULL;

	for (unsigned int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
			return true;
	return false;
}

/* Older kernels have the function as well: for kprobes. */
bool objects_have_sessions(void)
{
	return has_function("bpf_session_is_return") && has_attach_type("BPF_TRACE_FSESSION");
}

bool objects_have_direct_calls(void)
{
	return has_function("register_ftrace_direct");
}

/* The links that hold a program to the function that p is for. */
static bool is_link_to(uint32_t id, const struct bpf_prog_info *p)
{
	struct bpf_link_info link = { 0 };
	uint32_t len = sizeof(link);
	int fd = bpf_link_get_fd_by_id(id);
	bool same;

	if (fd < 0)
		return false;
	same = !bpf_link_get_info_by_fd(fd, &link, &len) && link.type == BPF_LINK_TYPE_TRACING &&
	       link.tracing.target_obj_id == p->attach_btf_obj_id &&
	       link.tracing.target_btf_id == p->attach_btf_id;
	close(fd);
	return same;
}

bool objects_is_shared(const struct bpf_program *p)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info), id = 0;

	if (bpf_prog_get_info_by_fd(bpf_program__fd(p), &info, &len) || !info.attach_btf_id)
		return false;
	while (!bpf_link_get_next_id(id, &id))
		if (is_link_to(id, &info))
			return true;
	return false;
}

struct bpf_program *objects_program(const struct compatcaps_bpf *o, const char *name)
{
	return name ? bpf_object__find_program_by_name(o->obj, name) : NULL;
}

int objects_want(struct compatcaps_bpf *o, const char *name, const char *func, enum attach_how how)
{
	struct bpf_program *p = objects_program(o, name);
	int err = 0;

	if (p && !strcmp(name, OBJECTS_SESSION))
		err = bpf_program__set_expected_attach_type(p, TRACE_FSESSION);
	if (p && !err && how != ATTACH_KPROBE)
		err = bpf_program__set_attach_target(p, 0, func);
	if (p && !err)
		bpf_program__set_autoload(p, true);
	return err;
}

void objects_recursion_misses(const struct compatcaps_bpf *o, objects_misses_fn *fn, void *ctx)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, o->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (bpf_program__fd(p) >= 0 &&
		    !bpf_prog_get_info_by_fd(bpf_program__fd(p), &info, &len))
			fn(bpf_program__name(p), info.recursion_misses, ctx);
	}
}

enum fact objects_nested_caps(const struct bpf_program *reader, uint64_t *caps)
{
	struct {
		uint64_t value;
		int64_t err;
	} found = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &found, .ctx_size_in = sizeof(found));

	if (bpf_prog_test_run_opts(bpf_program__fd(reader), &run) || found.err)
		return FACT_UNKNOWN;
	*caps = found.value;
	return FACT_KNOWN;
}

void objects_programs(const struct compatcaps_bpf *o, attach_program_fn *fn, void *ctx)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, o->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (bpf_program__fd(p) < 0 ||
		    bpf_prog_get_info_by_fd(bpf_program__fd(p), &info, &len))
			continue;
		fn(bpf_program__name(p), info.verified_insns, info.xlated_prog_len / 8,
		   info.jited_prog_len, ctx);
	}
}

void objects_forget_vms(struct compatcaps_bpf *maps)
{
	int fd = bpf_map__fd(maps->maps.vms);
	uint64_t kvm;

	while (!bpf_map_get_next_key(fd, NULL, &kvm) && !bpf_map_delete_elem(fd, &kvm))
		;
	memset(maps->bss->waiting_of, 0, sizeof(maps->bss->waiting_of));
	maps->bss->waiting = 0;
}

/* ---------------------------------------------------------------- why something cannot be watched
 */

const char why_no_types[] =
	"kvm's module has no types (BTF) here: build it with CONFIG_DEBUG_INFO_BTF_MODULES, for this kernel";

static const char why_unsafe[] =
	"kprobes can crash this kernel (a preemptible one, with more than one CPU)";
static const char why_no_fexit[] =
	"this kernel cannot attach fexit (its ftrace has no direct calls)";

const char why_shared[] =
	"another program watches it already (another compatcaps-trace?), and a second one can crash this preemptible kernel";

const char *why_no_kprobes(enum attach_method method, int err)
{
	if (method == METHOD_FEXIT)
		return err == -ENODATA ? why_no_types : why_no_fexit;
	return host_kprobes_are_safe() ? NULL : why_unsafe;
}

const char *why_refused(const struct attach_options *opt)
{
	if (host_ftrace_is_off())
		return "nothing can be watched while ftrace is switched off: switch it on with sysctl kernel.ftrace_enabled=1";
	if (opt->method != METHOD_KPROBE)
		return NULL;
	if (!host_kprobes_are_safe())
		return "--method kprobe is refused: on this kernel (a preemptible one, with more than one CPU) kprobes can crash the host: use --method fexit or auto";
	if (host_kprobes_are_off())
		return "kprobes are switched off: switch them on with echo 1 >/sys/kernel/debug/kprobes/enabled, or use --method fexit";
	return NULL;
}

void why_not_attached(char *error, enum attach_method method, int err)
{
	bool untyped = err == -ENODATA;
	const char *why = untyped ? why_no_types : why_no_fexit;

	if (err == -EBUSY)
		snprintf(
			error, ATTACH_ERROR_LEN,
			"cannot attach to KVM's functions: %s: end that one first, or insist with --method fexit",
			why_shared);
	else if (!untyped && err != -ENOTSUPP)
		objects_describe(error, "attach to KVM's functions", err);
	else if (method == METHOD_FEXIT)
		snprintf(error, ATTACH_ERROR_LEN,
			 "cannot attach to KVM's functions: %s: use --method auto", why);
	else
		snprintf(
			error, ATTACH_ERROR_LEN, "cannot attach to KVM's functions: %s, and %s%s",
			why, why_unsafe,
			untyped ?
				"" :
				": use a kernel with direct calls (6.13 or newer), or one that is not preemptible");
}
