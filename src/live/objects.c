// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "live/objects.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/host.h"

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

uint32_t objects_ring_bytes(const struct attach_options *opt)
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

static void set_filters(struct compatcaps_bpf *o, const struct attach_options *opt)
{
	o->rodata->filter_pid = opt->pid;
	o->rodata->filter_tid = opt->tid;
	o->rodata->filter_vm_ino = opt->vm_ino;
	o->rodata->filter_cgroup = opt->cgroup;
	o->rodata->filter_cgroup_level = opt->cgroup_level;
	memcpy((char *)o->rodata->filter_comm, opt->comm, sizeof(opt->comm));
	o->rodata->tracer = (uint32_t)getpid();
	o->rodata->pid_ns = host_pid_namespace();
	o->rodata->modes = modes_of(opt, o->rodata->pid_ns);
	o->rodata->ring_bytes = objects_ring_bytes(opt);
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

struct compatcaps_bpf *objects_open(const struct attach_options *opt)
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

struct compatcaps_bpf *objects_open_sharing(const struct attach_options *opt,
					    const struct compatcaps_bpf *maps)
{
	struct compatcaps_bpf *o = objects_open(opt);

	if (o && share_maps(o, maps)) {
		compatcaps_bpf__destroy(o);
		o = NULL;
		errno = EINVAL;
	}
	return o;
}

bool objects_have_sessions(void)
{
	const struct btf *btf = host_types();

	return btf && btf__find_by_name_kind(btf, "bpf_session_is_return", BTF_KIND_FUNC) > 0;
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
