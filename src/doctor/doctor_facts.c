// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "doctor/doctor_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "live/attach.h"
#include "live/host.h"
#include "live/inventory_read.h"
#include "live/objects.h"
#include "live/process.h"
#include "lib/text.h"

#define FTRACE_ENABLED "/proc/sys/kernel/ftrace_enabled"
#define VERSION_MS     5000 /* a program that has said nothing by then is killed */

extern char **environ;

/* ------------------------------------------------------------------ the kernel */

static void read_capabilities(struct doctor_facts *facts)
{
	static const struct {
		const char *name;
		unsigned int number;
	} needed[] = {
		{ "CAP_SYS_ADMIN", CAP_SYS_ADMIN },
		{ "CAP_BPF", CAP_BPF },
		{ "CAP_PERFMON", CAP_PERFMON },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		facts->capabilities[i] = (struct doctor_capability){
			needed[i].name, host_has_capability(needed[i].number)
		};
}

static void read_symbols(struct doctor_facts *facts)
{
	static const char *const names[] = { "register_ftrace_direct", "register_kprobe" };
	unsigned int found;

	facts->symbols_read = host_symbols(names, sizeof(names) / sizeof(names[0]), &found);
	facts->direct_calls = found & 1;
	facts->kprobes = found >> 1 & 1;
}

static int read_switch(const char *path)
{
	FILE *f = fopen(path, "re");
	int c;

	if (!f)
		return -1;
	c = getc(f);
	fclose(f);
	return c == '0' ? 0 : c == '1' ? 1 : -1;
}

static void read_kernel(struct doctor_facts *facts)
{
	struct host_id id;

	host_identify(&id);
	snprintf(facts->release, sizeof(facts->release), "%s", id.release ? id.release : "");
	facts->no_privilege = host_obstacle_of(OBSTACLE_PRIVILEGE);
	facts->locked = host_obstacle_of(OBSTACLE_LOCKDOWN);
	facts->no_types = host_obstacle_of(OBSTACLE_TYPES);
	facts->lockdown_is = host_lockdown(facts->lockdown, sizeof(facts->lockdown));
	facts->ftrace_enabled = read_switch(FTRACE_ENABLED);
	facts->kprobes_off = host_kprobes_are_off();
	facts->kprobes_safe = host_kprobes_are_safe();
	facts->debugfs = !access("/sys/kernel/debug/kprobes", R_OK | X_OK);
	facts->cgroup2 = cgroups_are_mounted();
	facts->pid_namespace = host_pid_namespace();
}

static void read_modules(struct doctor_facts *facts)
{
	facts->has_kvm = host_has_module("kvm");
	facts->has_hv = host_has_module("kvm_hv");
	facts->has_pr = host_has_module("kvm_pr");
	facts->kvm_types = host_has_types("kvm");
	facts->hv_types = host_has_types("kvm_hv");
	facts->no_kvm = host_kvm_obstacle();
}

/* ------------------------------------------------------------------ BPF */

static void try_load(struct doctor_load *load, enum attach_how how)
{
	load->tried = true;
	load->points = attach_rehearse(how, &load->err);
	objects_forget_messages();
}

/* What the iterator lists is not wanted here, but it tells what the host offers. */
static void try_iterator(struct doctor_facts *facts)
{
	struct inventory inv = { 0 };

	facts->iterator.tried = true;
	facts->iterator.err = inventory_read_kernel(&inv);
	if (!facts->iterator.err)
		facts->host = inv.host;
	inventory_free(&inv);
	objects_forget_messages();
}

static void read_bpf(struct doctor_facts *facts)
{
	host_read(&facts->host);
	host_forget();
	facts->host.nested = host_nested_api(&facts->host);
	if (facts->no_privilege || facts->locked || facts->no_types || facts->no_kvm)
		return;
	objects_hear(false);
	try_load(&facts->fexit, ATTACH_FEXIT);
	try_load(&facts->kprobe, ATTACH_KPROBE);
	try_load(&facts->tracepoint, ATTACH_TRACEPOINT);
	try_iterator(facts);
}

/* ------------------------------------------------------------------ QEMU */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* A program that runs, its output at *fd. 0: it could not be started. */
static pid_t start(const char *path, int *fd)
{
	char *argv[] = { (char *)path, (char *)"--version", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return 0;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*fd = ends[0];
	if (!err)
		return pid;
	close(ends[0]);
	return 0;
}

/* Its first line, or what has come of it by then. */
static void read_line(int fd, char *line, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = now_ms() + VERSION_MS, left;
	size_t have = 0;
	ssize_t n;

	while (have < size - 1 && (left = end - now_ms()) > 0) {
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			break;
		n = p.revents ? read(fd, line + have, size - 1 - have) : 0;
		if (p.revents && n <= 0)
			break;
		have += n > 0 ? (size_t)n : 0;
		if (memchr(line, '\n', have))
			break;
	}
	line[have] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static void ask_version(struct doctor_qemu *q, const char *path)
{
	char line[sizeof(q->said)];
	int fd, status;
	pid_t pid = start(path, &fd);

	text_escape(q->path, sizeof(q->path), path, SIZE_MAX);
	q->said[0] = '\0';
	if (!pid)
		return;
	read_line(fd, line, sizeof(line));
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	text_escape(q->said, sizeof(q->said), line, sizeof(line));
}

/* Several names often lead to one program. */
struct seen {
	dev_t dev;
	ino_t ino;
};

static void look_at(struct doctor_facts *facts, const char *path, struct seen seen[DOCTOR_QEMUS])
{
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || access(path, X_OK))
		return;
	for (size_t i = 0; i < facts->n_qemus; i++)
		if (seen[i].dev == st.st_dev && seen[i].ino == st.st_ino)
			return;
	if (facts->n_qemus == DOCTOR_QEMUS) {
		facts->more_qemus++;
		return;
	}
	seen[facts->n_qemus] = (struct seen){ st.st_dev, st.st_ino };
	ask_version(&facts->qemus[facts->n_qemus++], path);
}

/* What is not below the root changes with the directory that somebody stands in: not run. */
static void read_qemus(struct doctor_facts *facts)
{
	static const char *const names[] = { "qemu-system-ppc64", "qemu-system-ppc64le",
					     "qemu-kvm" };
	const char *env = getenv("PATH");
	char *dirs = NULL, *save = NULL, path[PATH_MAX];
	struct seen seen[DOCTOR_QEMUS] = { 0 };

	/* Where distributions keep one that is not in PATH. */
	if (asprintf(&dirs, "%s:/usr/libexec", env ? env : "/usr/bin") < 0)
		return;
	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save))
		for (size_t i = 0; *dir == '/' && i < sizeof(names) / sizeof(names[0]); i++)
			if (snprintf(path, sizeof(path), "%s/%s", dir, names[i]) <
			    (int)sizeof(path))
				look_at(facts, path, seen);
	free(dirs);
}

void doctor_facts_read(struct doctor_facts *facts)
{
	*facts = (struct doctor_facts){ 0 };
	read_capabilities(facts);
	read_symbols(facts);
	read_kernel(facts);
	read_modules(facts);
	read_bpf(facts);
	read_qemus(facts);
}
