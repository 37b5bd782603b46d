// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compatcaps.skel.h"
#include "host.h"

#define RING_BYTES (4u << 20)
/* How long one way waits for the calls of the other to end: a second at most. */
#define SWITCH_TRIES   50
#define SWITCH_WAIT_US 20000

#define ENOTSUPP   524 /* the kernel's own, which no header of user space has */

/* What is attached and let go together: a module's functions. */
static const char *const unit_modules[CC_UNITS] = {
	[CC_UNIT_KVM] = "kvm",
	[CC_UNIT_KVM_HV] = "kvm_hv",
};

/* The names of the programs on one function; NULL: none is needed there. */
struct spec {
	const char *func;
	enum cc_unit unit;
	const char *fentry, *fexit, *kprobe, *kretprobe;
};

static const struct spec specs[ATTACH_POINTS] = {
	[POINT_IOCTL] = { "kvm_arch_vm_ioctl", CC_UNIT_KVM, "ioctl_fentry", "ioctl_fexit",
			  "ioctl_kprobe", "ioctl_kretprobe" },
	[POINT_BACKEND] = { "kvmppc_get_compat_caps", CC_UNIT_KVM_HV, NULL, "backend_fexit",
			    "backend_kprobe", "backend_kretprobe" },
	[POINT_EXTENSION] = { "kvm_vm_ioctl_check_extension", CC_UNIT_KVM, NULL, "extension_fexit",
			      "extension_kprobe", "extension_kretprobe" },
	[POINT_REG] = { "kvmppc_set_one_reg_hv", CC_UNIT_KVM_HV, NULL, "reg_fexit", "reg_kprobe",
			"reg_kretprobe" },
};

struct link {
	struct bpf_link *link;
	enum cc_unit unit;
	enum attach_how how;
	bool kretprobe;
};

/*
 * Every object shares the maps of the first one, which has no programs: libbpf cannot add
 * programs to an object that is loaded, and modules come when they like.
 */
struct attach {
	struct attach_options opt;
	struct compatcaps_bpf *maps;
	struct compatcaps_bpf *objects[CC_UNITS][ATTACH_HOWS];
	struct attach_point points[ATTACH_POINTS];
	struct link links[ATTACH_POINTS * 2 * 2]; /* two ways while one takes over */
	size_t n_links;
	/* The system call, which is one for all units. */
	struct compatcaps_bpf *sys;
	struct bpf_link *sys_enter, *sys_exit;
	uint64_t missed; /* by probes that are gone */
	uint64_t cut;	 /* calls whose end nobody was left to see */
	bool no_fexit;	 /* it did not work for some function: settle for kprobes there */
};

static char libbpf_said[4096];
static bool libbpf_aloud;

/* What libbpf had to say of a failure, under the sentence that tells of it. */
static void show_libbpf(void)
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
		show_libbpf();
	return len;
}

static uint32_t ring_bytes(void)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	return RING_BYTES < page ? page : RING_BYTES;
}

static void set_filters(struct compatcaps_bpf *o, const struct attach_options *opt)
{
	o->rodata->filter_pid = opt->pid;
	o->rodata->filter_tid = opt->tid;
	o->rodata->filter_descendants = opt->descendants_only;
	o->rodata->filter_errors = opt->errors_only;
	o->rodata->filter_errno = opt->err;
	memcpy((char *)o->rodata->filter_comm, opt->comm, sizeof(opt->comm));
	memcpy((char *)o->rodata->filter_vm, opt->vm, sizeof(opt->vm));
	o->rodata->tracer = (uint32_t)getpid();
	o->rodata->pid_ns = host_pid_namespace();
}

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

static struct compatcaps_bpf *open_object(const struct attach_options *opt)
{
	struct compatcaps_bpf *o = compatcaps_bpf__open();
	struct bpf_program *p;

	if (!o)
		return NULL;
	bpf_object__for_each_program(p, o->obj)
		bpf_program__set_autoload(p, false);
	set_filters(o, opt);
	return o;
}

static struct bpf_program *program(struct compatcaps_bpf *o, const char *name)
{
	return name ? bpf_object__find_program_by_name(o->obj, name) : NULL;
}

static void want(struct compatcaps_bpf *o, const char *name, const char *func, bool trace)
{
	struct bpf_program *p = program(o, name);

	if (!p)
		return;
	bpf_program__set_autoload(p, true);
	/* Not "module:function": libbpf takes any module whose name begins like that. */
	if (trace)
		bpf_program__set_attach_target(p, 0, func);
}

/* Load the programs for the points of `mask` of a unit. 0, or -errno. */
static int load(struct attach *a, enum cc_unit unit, unsigned int mask, enum attach_how how)
{
	struct compatcaps_bpf *o = open_object(&a->opt);
	bool trace = how == ATTACH_FEXIT;
	int err;

	if (!o)
		return -errno;
	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		if (!(mask & 1u << i))
			continue;
		want(o, trace ? specs[i].fentry : specs[i].kprobe, specs[i].func, trace);
		want(o, trace ? specs[i].fexit : specs[i].kretprobe, specs[i].func, trace);
	}
	err = share_maps(o, a->maps);
	if (!err)
		err = compatcaps_bpf__load(o);
	if (err) {
		compatcaps_bpf__destroy(o);
		return err;
	}
	a->objects[unit][how] = o;
	return 0;
}

static int attach_program(struct attach *a, size_t i, const char *name, enum attach_how how,
			  bool ret)
{
	enum cc_unit unit = specs[i].unit;
	struct bpf_program *p = program(a->objects[unit][how], name);
	struct bpf_link *link;

	if (!p)
		return 0;
	link = how == ATTACH_FEXIT ? bpf_program__attach_trace(p) :
				     bpf_program__attach_kprobe(p, ret, specs[i].func);
	if (!link)
		return -errno;
	a->links[a->n_links++] = (struct link){ link, unit, how, ret && how == ATTACH_KPROBE };
	return 0;
}

/* The return first: no call is begun whose end is then not seen. */
static int attach_one(struct attach *a, size_t i, enum attach_how how)
{
	const struct spec *s = &specs[i];
	bool trace = how == ATTACH_FEXIT;
	size_t before = a->n_links;
	int err;

	err = attach_program(a, i, trace ? s->fexit : s->kretprobe, how, true);
	if (!err)
		err = attach_program(a, i, trace ? s->fentry : s->kprobe, how, false);
	if (!err) {
		a->points[i].how = how;
		return 0;
	}
	while (a->n_links > before)
		bpf_link__destroy(a->links[--a->n_links].link);
	return err;
}

/* Returns the points of `mask` that could not be attached this way; *err tells of the last. */
static unsigned int try_points(struct attach *a, enum cc_unit unit, unsigned int mask,
			       enum attach_how how, int *err)
{
	unsigned int left = 0;
	int e;

	if (!mask)
		return 0;
	e = load(a, unit, mask, how);
	if (e) {
		*err = e;
		return mask;
	}
	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		if (!(mask & 1u << i))
			continue;
		e = attach_one(a, i, how);
		if (e) {
			left |= 1u << i;
			*err = e;
		}
	}
	return left;
}

static unsigned int unit_points(enum cc_unit unit)
{
	unsigned int mask = 0;

	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (specs[i].unit == unit)
			mask |= 1u << i;
	return mask;
}

static const char *why_absent(const char *module)
{
	if (!host_has_module(module))
		return "its module is not loaded";
	return host_module_is_live(module) ? "this kernel does not have it" :
					     "its module is coming or going";
}

static void mark_absent(struct attach *a, unsigned int mask, const char *why)
{
	for (size_t i = 0; i < ATTACH_POINTS; i++) {
		if (!(mask & 1u << i))
			continue;
		a->points[i].how = ATTACH_ABSENT;
		snprintf(a->points[i].why, sizeof(a->points[i].why), "%s", why);
	}
}

static unsigned int present_points(struct attach *a, enum cc_unit unit)
{
	bool live = host_module_is_live(unit_modules[unit]);
	unsigned int mask = unit_points(unit);

	mark_absent(a, mask, why_absent(unit_modules[unit]));
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (mask & 1u << i &&
		    !(live && host_has_function(specs[i].func, unit_modules[unit])))
			mask &= ~(1u << i);
	return mask;
}

/* 0, or -errno of a function that is there and cannot be attached to. */
static int attach_unit(struct attach *a, enum cc_unit unit)
{
	unsigned int left = present_points(a, unit);
	int err = 0;

	if (a->opt.mode != ATTACH_ONLY_KPROBE)
		left = try_points(a, unit, left, ATTACH_FEXIT, &err);
	a->no_fexit |= left != 0;
	a->maps->bss->others_answer[unit] = left != 0;
	if (a->opt.mode != ATTACH_ONLY_FEXIT)
		left = try_points(a, unit, left, ATTACH_KPROBE, &err);
	mark_absent(a, left, strerror(-err));
	return left ? err : 0;
}

static uint64_t missed(const struct link *l)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (!l->kretprobe || bpf_link_get_info_by_fd(bpf_link__fd(l->link), &info, &len))
		return 0;
	return info.perf_event.kprobe.missed;
}

/* Runs that the kernel left out: the program was under way on that CPU already. */
static uint64_t left_out(const struct compatcaps_bpf *o)
{
	struct bpf_program *p;
	uint64_t sum = 0;

	if (!o)
		return 0;
	bpf_object__for_each_program(p, o->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (bpf_program__fd(p) >= 0 &&
		    !bpf_prog_get_info_by_fd(bpf_program__fd(p), &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

/* Let go of what of a unit is attached in this way. */
static void detach_how(struct attach *a, enum cc_unit unit, enum attach_how how)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n_links; i++) {
		if (a->links[i].unit != unit || a->links[i].how != how) {
			a->links[kept++] = a->links[i];
			continue;
		}
		a->missed += missed(&a->links[i]);
		bpf_link__destroy(a->links[i].link);
	}
	a->n_links = kept;
}

static void detach_unit(struct attach *a, enum cc_unit unit)
{
	detach_how(a, unit, ATTACH_FEXIT);
	detach_how(a, unit, ATTACH_KPROBE);
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (specs[i].unit == unit)
			a->points[i].how = ATTACH_ABSENT;
}

/* A loaded program on a module's function keeps the module, attached or not. */
static void free_how(struct attach *a, enum cc_unit unit, enum attach_how how)
{
	a->missed += left_out(a->objects[unit][how]);
	compatcaps_bpf__destroy(a->objects[unit][how]);
	a->objects[unit][how] = NULL;
}

static void free_unit(struct attach *a, enum cc_unit unit)
{
	detach_unit(a, unit);
	for (size_t how = 0; how < ATTACH_HOWS; how++)
		free_how(a, unit, how);
}

static bool map_is_empty(const struct bpf_map *map)
{
	uint32_t key;

	return bpf_map_get_next_key(bpf_map__fd(map), NULL, &key) != 0;
}

/* Calls that the old way has begun are its own to end. */
static void wait_for_calls(const struct bpf_map *map)
{
	for (int i = 0; i < SWITCH_TRIES && !map_is_empty(map); i++)
		usleep(SWITCH_WAIT_US);
}

/* Calls that nobody will come for: their end was missed, or they outlasted their probes. */
static void forget_probed(struct attach *a)
{
	int fd = bpf_map__fd(a->maps->maps.probed);
	uint32_t key;

	for (; !bpf_map_get_next_key(fd, NULL, &key); a->cut++)
		bpf_map_delete_elem(fd, &key);
	a->maps->bss->under_way = 0;
}

static void sys_detach(struct attach *a)
{
	bpf_link__destroy(a->sys_enter);
	bpf_link__destroy(a->sys_exit);
	a->missed += left_out(a->sys);
	compatcaps_bpf__destroy(a->sys);
	a->sys = NULL;
	a->sys_enter = a->sys_exit = NULL;
}

/* 0, or -errno: nothing is attached. */
static int sys_attach(struct attach *a)
{
	int err;

	if (a->sys)
		return 0;
	a->sys = open_object(&a->opt);
	if (!a->sys)
		return -errno;
	want(a->sys, "sys_fentry", "sys_ioctl", true);
	want(a->sys, "sys_fexit", "sys_ioctl", true);
	err = share_maps(a->sys, a->maps);
	if (!err)
		err = compatcaps_bpf__load(a->sys);
	if (!err) {
		a->sys_exit = bpf_program__attach_trace(a->sys->progs.sys_fexit);
		err = a->sys_exit ? 0 : -errno;
	}
	if (!err) {
		a->sys_enter = bpf_program__attach_trace(a->sys->progs.sys_fentry);
		err = a->sys_enter ? 0 : -errno;
	}
	if (err)
		sys_detach(a);
	return err;
}

/* The points of a unit that are watched in this way. */
static unsigned int points_by(const struct attach *a, enum cc_unit unit, enum attach_how how)
{
	unsigned int mask = unit_points(unit);

	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (a->points[i].how != how)
			mask &= ~(1u << i);
	return mask;
}

static void set_how(struct attach *a, unsigned int mask, enum attach_how how)
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (mask & 1u << i)
			a->points[i].how = how;
}

/* All the points of mask, or none. */
static bool add_way(struct attach *a, enum cc_unit unit, unsigned int mask, enum attach_how to)
{
	int err = 0;

	if (to == ATTACH_SYSCALL)
		return !sys_attach(a);
	if (!try_points(a, unit, mask, to, &err))
		return true;
	detach_how(a, unit, to);
	free_how(a, unit, to);
	return false;
}

/* How what is there of a unit is watched: not what would be chosen now, for hosts change. */
static enum attach_how way_of(const struct attach *a, enum cc_unit unit)
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (specs[i].unit == unit && a->points[i].how != ATTACH_ABSENT)
			return a->points[i].how;
	return ATTACH_ABSENT;
}

static bool switch_unit(struct attach *a, enum cc_unit unit, enum attach_how to)
{
	enum attach_how from = way_of(a, unit);
	unsigned int mask = points_by(a, unit, from);
	bool to_fexit = to == ATTACH_FEXIT, added;

	if (from == ATTACH_ABSENT || (from == ATTACH_FEXIT) == to_fexit ||
	    !host_module_can_go(unit_modules[unit]))
		return false;
	added = add_way(a, unit, mask, to);
	/* Half a way is none: stay with the one that works. */
	set_how(a, mask, added ? to : from);
	if (!added)
		return false;
	a->maps->bss->others_answer[unit] = !to_fexit;
	wait_for_calls(to_fexit ? a->maps->maps.probed : a->maps->maps.calls);
	detach_how(a, unit, from);
	free_how(a, unit, from);
	return true;
}

static void sys_detach_unused(struct attach *a)
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (a->points[i].how == ATTACH_SYSCALL)
			return;
	sys_detach(a);
}

bool attach_settle(struct attach *a, bool vms)
{
	bool kprobes = host_kprobes_are_safe() && !host_kprobes_are_off();
	enum attach_how idle = kprobes ? ATTACH_KPROBE : ATTACH_SYSCALL;
	bool changed = false;

	if (a->opt.mode != ATTACH_AUTO || a->no_fexit)
		return false;
	for (size_t u = 0; u < CC_UNITS; u++)
		changed |= switch_unit(a, u, vms ? ATTACH_FEXIT : idle);
	sys_detach_unused(a);
	if (vms && changed)
		forget_probed(a);
	host_forget();
	return changed;
}

/* How the verifier says that the lockdown has taken a helper away. */
static bool lacks_helper(void)
{
	return strstr(libbpf_said, "helper bpf_probe_read") ||
	       strstr(libbpf_said, "unknown func bpf_probe_read");
}

static void describe(char *error, const char *what, int err)
{
	const char *remedy;

	if (lacks_helper()) {
		remedy = "the kernel does not let BPF read its memory: is it locked down in confidentiality mode? Mount securityfs on /sys/kernel/security and see its file lockdown";
		snprintf(error, ATTACH_ERROR_LEN, "cannot %s: %s", what, remedy);
		return;
	}
	switch (-err) {
	case EPERM:
	case EACCES:
		remedy = "run it as root; in a container it needs CAP_SYS_ADMIN, CAP_BPF and CAP_PERFMON";
		break;
	case ENOMEM:
		remedy = "there is not enough memory: free some, or raise the limit (cgroup memory.max, ulimit -v)";
		break;
	case ENOTSUPP:
		remedy = "this kernel cannot attach fexit to it (ftrace without direct calls): use --attach=kprobe or auto";
		break;
	default:
		remedy = "try --attach=kprobe, and -v for what libbpf has to say";
	}
	snprintf(error, ATTACH_ERROR_LEN, "cannot %s: %s: %s", what, strerror(-err), remedy);
}

static int load_maps(struct attach *a)
{
	int err;

	a->maps = open_object(&a->opt);
	if (!a->maps)
		return -errno;
	err = bpf_map__set_max_entries(a->maps->maps.ring, ring_bytes());
	return err ? err : compatcaps_bpf__load(a->maps);
}

struct attach *attach_start(const struct attach_options *opt, char error[ATTACH_ERROR_LEN])
{
	struct attach *a = calloc(1, sizeof(*a));
	const char *what = "set up the maps";
	int err = -ENOMEM;

	libbpf_aloud = opt->verbose;
	libbpf_set_print(libbpf_print);
	if (a) {
		a->opt = *opt;
		for (size_t i = 0; i < ATTACH_POINTS; i++)
			a->points[i].func = specs[i].func;
		err = load_maps(a);
	}
	for (size_t u = 0; !err && u < CC_UNITS; u++) {
		err = attach_unit(a, u);
		what = "attach to KVM's functions";
	}
	host_forget();
	if (!err)
		return a;
	describe(error, what, err);
	show_libbpf();
	attach_free(a);
	return NULL;
}

bool attach_module(struct attach *a, const char *module, bool came)
{
	bool changed = false;

	for (size_t u = 0; u < CC_UNITS; u++) {
		if (strcmp(unit_modules[u], module))
			continue;
		free_unit(a, u);
		if (came)
			attach_unit(a, u);
		else
			mark_absent(a, unit_points(u), "its module is not loaded");
		changed = true;
	}
	host_forget();
	return changed;
}

static void programs_of(const struct compatcaps_bpf *o, attach_program_fn *fn, void *ctx)
{
	struct bpf_program *p;

	if (!o)
		return;
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

void attach_programs(struct attach *a, attach_program_fn *fn, void *ctx)
{
	for (size_t u = 0; u < CC_UNITS; u++)
		for (size_t how = 0; how < ATTACH_HOWS; how++)
			programs_of(a->objects[u][how], fn, ctx);
	if (a->opt.mode == ATTACH_AUTO && !a->no_fexit && !sys_attach(a))
		programs_of(a->sys, fn, ctx);
}

size_t attach_under_way(const struct attach *a, struct cc_record *r, size_t max)
{
	struct bpf_map *maps[] = { a->maps->maps.calls, a->maps->maps.probed };
	char value[bpf_map__value_size(maps[0])];
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		int fd = bpf_map__fd(maps[i]);
		uint32_t key;

		for (int e = bpf_map_get_next_key(fd, NULL, &key); !e;
		     e = bpf_map_get_next_key(fd, &key, &key)) {
			if (n < max && !bpf_map_lookup_elem(fd, &key, value))
				memcpy(&r[n], value, sizeof(r[n]));
			n++;
		}
	}
	return n;
}

void attach_stop(struct attach *a)
{
	for (size_t u = 0; u < CC_UNITS; u++)
		detach_unit(a, u);
	bpf_link__destroy(a->sys_enter);
	bpf_link__destroy(a->sys_exit);
	a->sys_enter = a->sys_exit = NULL;
}

void attach_free(struct attach *a)
{
	if (!a)
		return;
	for (size_t u = 0; u < CC_UNITS; u++)
		free_unit(a, u);
	sys_detach(a);
	compatcaps_bpf__destroy(a->maps);
	free(a);
}

const struct attach_point *attach_point(const struct attach *a, enum point i)
{
	return &a->points[i];
}

int attach_ring_fd(const struct attach *a)
{
	return bpf_map__fd(a->maps->maps.ring);
}

static uint64_t sum_lost(int fd, uint32_t why)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *each, sum = 0;

	if (cpus < 1)
		return 0;
	each = calloc(cpus, sizeof(*each));
	if (each && !bpf_map_lookup_elem(fd, &why, each))
		for (int i = 0; i < cpus; i++)
			sum += each[i];
	free(each);
	return sum;
}

void attach_lost(const struct attach *a, struct attach_lost *lost)
{
	int fd = bpf_map__fd(a->maps->maps.lost);

	*lost = (struct attach_lost){
		.ring = sum_lost(fd, CC_LOST_RING),
		.calls = sum_lost(fd, CC_LOST_CALLS),
		.memory = sum_lost(fd, CC_LOST_MEMORY),
		.cut = a->cut,
		.missed = a->missed + left_out(a->sys),
	};
	for (size_t i = 0; i < a->n_links; i++)
		lost->missed += missed(&a->links[i]);
	for (size_t u = 0; u < CC_UNITS; u++)
		for (size_t how = 0; how < ATTACH_HOWS; how++)
			lost->missed += left_out(a->objects[u][how]);
}
