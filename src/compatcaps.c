// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* compatcaps-trace: attach, pump records to the outputs, say how it ended. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "child.h"
#include "guest.h"
#include "host.h"
#include "options.h"
#include "out.h"
#include "story.h"
#include "watch.h"

#define NSEC 1000000000ull

/* How long it takes until the way of attaching follows what VMs there are. */
#define SETTLE_NS (2 * NSEC)

/* Asking for losses takes longer than a record does: not for each of a stream. */
#define LOST_NS (NSEC / 5)

struct trace {
	struct options opt;
	struct emit_options emit_opt;
	const struct emitter *emitter;
	struct host_facts host;
	bool asked_command;
	struct attach *attach;
	struct ring_buffer *ring;
	struct story *story;
	struct cc_args args; /* the newest */
	struct child child;
	int signals;	   /* signalfd */
	int modules;	   /* watch.h; -1: none */
	unsigned int vms;  /* on this host, as far as known */
	uint64_t settle_at; /* CLOCK_MONOTONIC, 0: settled */
	uint64_t tree_at;   /* when the device tree was read, CLOCK_MONOTONIC */
	uint64_t lost_at;   /* when to ask for losses, 0: no record has come since */
	uint64_t deadline; /* CLOCK_MONOTONIC, 0: none */
	uint64_t seq;
	uint64_t n_ok, n_failed, n_other;
	struct attach_lost lost; /* reported so far */
	bool stop;
};

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
	va_list ap;

	fputs("compatcaps-trace: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

static void emit(struct trace *t, struct event *e)
{
	/* Anew for each event: the wall clock may be set while we run. */
	e->real_ns = now(CLOCK_REALTIME) - (now(CLOCK_MONOTONIC) - e->mono_ns);
	e->seq = ++t->seq;
	t->emitter->event(e, &t->emit_opt);
	if (!out_flush())
		t->stop = true;
}

/* A host that was itself migrated may have another cpu-version since. */
static void learn_cpu_version(struct trace *t)
{
	uint64_t at = now(CLOCK_MONOTONIC);

	if (at - t->tree_at < NSEC)
		return;
	t->tree_at = at;
	host_read_device_tree(&t->host);
}

/* Only where a verdict hangs on it: it takes a VM of our own to find out. */
static void learn_command(struct trace *t, const struct cc_record *r)
{
	uint32_t proven = record_proves_cmd(r);

	if (proven) {
		t->host.kernel_cmd = proven;
	} else if (!t->host.kernel_cmd && t->host.ksize && !t->asked_command) {
		t->asked_command = true;
		host_ask_command(&t->host);
	}
}

/* The guest's name, looked for once a VM: its process may be gone at any time. */
static void learn_guest(struct trace *t, const struct cc_record *r, const struct step *step)
{
	const struct cc_args *a = &t->args;
	char name[64] = "";

	if (!step->first)
		return;
	if (a->vm == r->vm && a->vm_ino == r->vm_ino && a->pid == r->pid)
		guest_of_args(name, sizeof(name), a->args, a->len);
	/* It may stand further back than what was sent. */
	if (!name[0])
		guest_of_pid(name, sizeof(name), r->pid);
	story_name(t->story, r, name);
}

static void on_args(struct trace *t, const struct cc_args *a, size_t len)
{
	if (len >= sizeof(*a) && a->len <= sizeof(a->args))
		t->args = *a;
}

static struct event event_of(enum event_type type, const struct cc_record *r,
			     const struct step *step)
{
	return (struct event){
		.type = type,
		.mono_ns = r->mono_ns,
		.rec = r,
		.vm = step->vm,
		.guest = step->guest[0] ? step->guest : NULL,
	};
}

static void on_negotiation(struct trace *t, const struct cc_record *r)
{
	struct diagnosis d;
	struct step step;
	struct event e;

	learn_command(t, r);
	if (r->ret == -EINVAL)
		learn_cpu_version(t);
	diagnose(r, &t->host, &d);
	story_add(t->story, r, &d, &t->host, &step);
	learn_guest(t, r, &step);
	e = event_of(EVENT_NEGOTIATION, r, &step);
	e.negotiation.diag = &d;
	e.negotiation.host = &t->host;
	emit(t, &e);
	if (r->ret)
		t->n_failed++;
	else
		t->n_ok++;
	if (step.retry.seen) {
		e = event_of(EVENT_RETRY, r, &step);
		e.retry = &step.retry;
		emit(t, &e);
	}
}

static void on_extension(struct trace *t, const struct cc_record *r)
{
	struct step step;
	struct event e;

	story_add(t->story, r, NULL, &t->host, &step);
	learn_guest(t, r, &step);
	e = event_of(EVENT_EXTENSION, r, &step);
	emit(t, &e);
	t->n_other++;
}

static void on_arch_compat(struct trace *t, const struct cc_record *r)
{
	struct arch_diagnosis d;
	struct step step;
	struct event e;

	learn_cpu_version(t);
	story_add(t->story, r, NULL, &t->host, &step);
	learn_guest(t, r, &step);
	diagnose_arch(r, &step.offer, &d);
	story_arch(t->story, r, &d);
	e = event_of(EVENT_ARCH_COMPAT, r, &step);
	e.arch.diag = &d;
	e.arch.offer = &step.offer;
	emit(t, &e);
	t->n_other++;
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct trace *t = ctx;
	const struct cc_record *r = data;

	if (len >= sizeof(r->type) && r->type == CC_ARGS) {
		on_args(t, data, len);
		return 0;
	}
	if (len < sizeof(*r) || !record_valid(r) || t->stop)
		return 0;
	switch (r->type) {
	case CC_NEGOTIATION:
		on_negotiation(t, r);
		break;
	case CC_EXTENSION:
		on_extension(t, r);
		break;
	case CC_ARCH_COMPAT:
		on_arch_compat(t, r);
		break;
	}
	if (t->opt.count && t->n_ok + t->n_failed >= t->opt.count)
		t->stop = true;
	return 0;
}

static void report_lost_for(struct trace *t, uint64_t n, uint64_t *before, const char *where)
{
	struct event e = { .type = EVENT_LOST };

	if (n <= *before)
		return;
	e.mono_ns = now(CLOCK_MONOTONIC);
	e.lost.n = n - *before;
	e.lost.where = where;
	*before = n;
	emit(t, &e);
}

static void report_lost(struct trace *t)
{
	struct attach_lost lost;

	attach_lost(t->attach, &lost);
	report_lost_for(t, lost.ring, &t->lost.ring, "the ring buffer was full");
	report_lost_for(t, lost.calls, &t->lost.calls, "too many calls were under way at once");
	report_lost_for(t, lost.memory, &t->lost.memory, "an argument was not resident in memory");
	report_lost_for(t, lost.cut, &t->lost.cut,
			"calls outlasted the way in which they were watched");
	report_lost_for(t, lost.missed, &t->lost.missed, "probes were missed");
}

static uint64_t n_lost(const struct trace *t)
{
	return t->lost.ring + t->lost.calls + t->lost.memory + t->lost.cut + t->lost.missed;
}

static void report_point(struct trace *t, enum point i)
{
	const struct attach_point *p = attach_point(t->attach, i);
	struct event e = { .type = EVENT_ATTACH, .mono_ns = now(CLOCK_MONOTONIC) };

	if (p->how == ATTACH_ABSENT)
		say("not watching %s: %s", p->func, p->why);
	else
		say("attached to %s (%s)", p->func, attach_how_name(p->how));
	e.attach.func = p->func;
	e.attach.how = p->how;
	e.attach.why = p->how == ATTACH_ABSENT ? p->why : NULL;
	if (t->opt.json)
		emit(t, &e);
}

/* Facts that hang on which modules are loaded, and what is watched of them. */
static void look_around(struct trace *t)
{
	uint32_t cmd = t->host.kernel_cmd;

	host_read(&t->host);
	t->host.kernel_cmd = cmd;
	t->host.backend_watched = attach_point(t->attach, POINT_BACKEND)->how != ATTACH_ABSENT;
	host_forget();
}

static bool uses_kprobes(const struct trace *t)
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (attach_point(t->attach, i)->how == ATTACH_KPROBE)
			return true;
	return false;
}

static void report_attached(struct trace *t)
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		report_point(t, i);
	if (uses_kprobes(t) && !host_kprobes_are_safe())
		say("warning: this kernel is preemptible, and kprobes on such a powerpc kernel can crash it when there are several CPUs: better --attach=fexit");
	if (host_kvm_obstacle() && t->modules >= 0)
		say("waiting: %s", host_kvm_obstacle());
	else if (!t->opt.command)
		say("tracing; end it with Ctrl-C");
}

static void report_changes(struct trace *t, const enum attach_how before[ATTACH_POINTS])
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		if (before[i] != attach_point(t->attach, i)->how)
			report_point(t, i);
}

static void note_points(const struct trace *t, enum attach_how how[ATTACH_POINTS])
{
	for (size_t i = 0; i < ATTACH_POINTS; i++)
		how[i] = attach_point(t->attach, i)->how;
}

/* what: has happened to it, NULL: that is not known. */
static void on_module(struct trace *t, const char *name, bool there, const char *what)
{
	enum attach_how before[ATTACH_POINTS];

	note_points(t, before);
	if (!attach_module(t->attach, name, there))
		return;
	if (what)
		say("module %s was %s", name, what);
	look_around(t);
	report_changes(t, before);
	t->settle_at = now(CLOCK_MONOTONIC) + SETTLE_NS;
}

/* Whatever may have come and gone: begin anew with what is there. */
static void on_overrun(struct trace *t)
{
	static const char *const modules[] = { "kvm", "kvm_hv" };

	say("more of the kernel's uevents came at once than could be kept: looking anew");
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		on_module(t, modules[i], host_has_module(modules[i]), NULL);
	t->vms = host_vms();
}

static void on_watch(struct trace *t)
{
	struct watch_event e;

	while (watch_next(t->modules, &e)) {
		if (e.what == WATCH_OVERRUN) {
			on_overrun(t);
		} else if (e.what == WATCH_VMS) {
			t->vms = e.vms;
			t->settle_at = now(CLOCK_MONOTONIC);
		} else {
			bool came = e.what == WATCH_MODULE_CAME;

			on_module(t, e.module, came, came ? "loaded" : "unloaded");
		}
	}
}

/* Not at once: a VM that is made and dropped in a moment is not worth it. */
static void settle(struct trace *t)
{
	enum attach_how before[ATTACH_POINTS];

	if (!t->settle_at || now(CLOCK_MONOTONIC) < t->settle_at)
		return;
	t->settle_at = 0;
	note_points(t, before);
	if (attach_settle(t->attach, t->vms) && (t->opt.json || t->opt.verbose))
		report_changes(t, before);
}

static void on_signal(struct trace *t)
{
	struct signalfd_siginfo si;

	if (read(t->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD) {
		child_reap(&t->child);
		t->stop |= t->child.ended;
		return;
	}
	/* From the keyboard the command has got it already: a second one does no harm. */
	child_signal(&t->child, (int)si.ssi_signo);
	t->stop = true;
}

static int time_left(const struct trace *t)
{
	uint64_t at = now(CLOCK_MONOTONIC), next = t->deadline, ms;

	if (t->settle_at && (!next || t->settle_at < next))
		next = t->settle_at;
	if (t->lost_at && (!next || t->lost_at < next))
		next = t->lost_at;
	if (!next)
		return -1;
	if (at >= next)
		return 0;
	ms = (next - at) / 1000000 + 1;
	return ms > 86400000 ? 86400000 : (int)ms;
}

static void pump(struct trace *t)
{
	struct pollfd fds[] = {
		{ .fd = ring_buffer__epoll_fd(t->ring), .events = POLLIN },
		{ .fd = t->signals, .events = POLLIN },
		{ .fd = t->modules, .events = POLLIN },
	};

	while (!t->stop) {
		int n = poll(fds, 3, time_left(t));

		if (n < 0 && errno != EINTR)
			break;
		/* First, for it may be all that is left of a process that made a call. */
		if (n > 0 && fds[2].revents)
			on_watch(t);
		if (n > 0 && fds[0].revents) {
			ring_buffer__consume(t->ring);
			if (!t->lost_at)
				t->lost_at = now(CLOCK_MONOTONIC) + LOST_NS;
		}
		if (n > 0 && fds[1].revents)
			on_signal(t);
		settle(t);
		if (t->lost_at && now(CLOCK_MONOTONIC) >= t->lost_at) {
			t->lost_at = 0;
			report_lost(t);
		}
		if (t->deadline && now(CLOCK_MONOTONIC) >= t->deadline)
			t->stop = true;
	}
}

/* What was recorded before the end still counts, unless the asked-for number is reached. */
static void drain(struct trace *t)
{
	bool enough = t->opt.count && t->n_ok + t->n_failed >= t->opt.count;

	report_lost(t);
	attach_stop(t->attach);
	t->stop = enough;
	ring_buffer__consume(t->ring);
	report_lost(t);
}

static void paragraph(const char *text, void *ctx)
{
	(void)ctx;
	printf("%s\n", text);
	out_flush();
}

/* The one that hangs may be what the user is after. */
static void report_under_way(const struct trace *t)
{
	struct cc_record some[8];
	size_t max = sizeof(some) / sizeof(some[0]);
	size_t n = attach_under_way(t->attach, some, max);
	uint64_t at = now(CLOCK_MONOTONIC);
	char comm[CC_COMM_LEN];

	if (n)
		say("%zu call%s had not returned:", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n && i < max; i++)
		say("  %s[%u], thread %u, for %" PRIu64 " ms",
		    plain_text(comm, sizeof(comm), some[i].comm), some[i].pid, some[i].tid,
		    (at - some[i].mono_ns) / 1000000);
}

static void report_end(const struct trace *t)
{
	const struct child *c = &t->child;

	/* Beside JSON it is talk. */
	if (t->opt.summary && !t->opt.json)
		story_tell(t->story, paragraph, NULL);
	say("%" PRIu64 " negotiations: %" PRIu64 " ok, %" PRIu64 " failed; %" PRIu64 " lost",
	    t->n_ok + t->n_failed, t->n_ok, t->n_failed, n_lost(t));
	report_under_way(t);
	if (!c->ended || !t->opt.command)
		return;
	if (WIFSIGNALED(c->status))
		say("%s was ended by signal %d (%s)", t->opt.command[0], WTERMSIG(c->status),
		    strsignal(WTERMSIG(c->status)));
	else
		say("%s ended with status %d", t->opt.command[0], WEXITSTATUS(c->status));
}

/* A thread has a directory there as well, though no list shows it. */
static bool exists(const char *what, uint32_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	if (!pid || !access(path, F_OK))
		return true;
	say("there is no %s %u (to trace a command from its start: -- COMMAND)", what, pid);
	return false;
}

static bool set_up(struct trace *t)
{
	char error[ATTACH_ERROR_LEN];
	const char *obstacle = host_obstacle();

	if (obstacle) {
		say("%s", obstacle);
		return false;
	}
	/* Before attaching: a module that comes in between is then attached to twice, not never. */
	t->modules = watch_open();
	/* Before we use a backend ourselves. */
	t->vms = host_vms();
	t->story = story_new();
	t->attach = attach_start(&t->opt.attach, error);
	if (!t->attach) {
		say("%s", error);
		return false;
	}
	if (uses_kprobes(t) && host_kprobes_are_off()) {
		say("kprobes are switched off on this host, so that nothing would be seen: echo 1 >/sys/kernel/debug/kprobes/enabled");
		return false;
	}
	look_around(t);
	t->ring = ring_buffer__new(attach_ring_fd(t->attach), on_record, t, NULL);
	if (!t->ring || !t->story) {
		say("cannot set up the ring buffer: %s: is there enough memory?", strerror(errno));
		return false;
	}
	return true;
}

static bool catch_signals(struct trace *t)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (t->signals < 0)
		say("signalfd: %s", strerror(errno));
	return t->signals >= 0;
}

/* Nothing was there to be traced, from the first moment to the last. */
static bool all_in_vain(const struct trace *t)
{
	const char *obstacle = host_kvm_obstacle();

	if (!obstacle || t->n_ok + t->n_failed + t->n_other)
		return false;
	say("%s", obstacle);
	return true;
}

static void print_program(const char *name, uint32_t verified, uint32_t insns, uint32_t bytes,
			  void *ctx)
{
	(void)ctx;
	printf("%-24s %10u %10u %10u\n", name, verified, insns, bytes);
}

static int dry_run(struct trace *t)
{
	printf("%-24s %10s %10s %10s\n", "PROGRAM", "VERIFIED", "INSNS", "BYTES");
	attach_programs(t->attach, print_program, NULL);
	return EXIT_DONE;
}

static int trace(struct trace *t)
{
	int err;

	report_attached(t);
	if (t->opt.dry_run)
		return dry_run(t);
	if (t->modules >= 0)
		t->settle_at = now(CLOCK_MONOTONIC) + SETTLE_NS;
	if (t->opt.duration_ns)
		t->deadline = now(CLOCK_MONOTONIC) + t->opt.duration_ns;
	err = t->opt.command ? child_run(&t->child) : 0;
	if (err) {
		say("cannot run %s: %s%s", t->opt.command[0], strerror(-err),
		    err == -ENOENT ? " (to trace a running process: -p PID)" : "");
		return EXIT_USAGE;
	}
	pump(t);
	drain(t);
	report_end(t);
	if (all_in_vain(t))
		return EXIT_IMPOSSIBLE;
	return n_lost(t) && t->opt.strict ? EXIT_LOST : EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct trace t = { .child = { .go = -1 }, .modules = -1 };
	int status = EXIT_IMPOSSIBLE, err = 0;

	out_guard("compatcaps-trace", EXIT_IMPOSSIBLE);
	options_parse(argc, argv, &t.opt);
	t.emitter = t.opt.json ? &emit_json : &emit_text;
	t.emit_opt.verbose = t.opt.verbose;
	t.emit_opt.color = t.opt.color == COLOR_ALWAYS ||
			   (t.opt.color == COLOR_AUTO && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	t.opt.attach.descendants_only = t.opt.command;
	if (!catch_signals(&t))
		return EXIT_IMPOSSIBLE;
	if (t.opt.command)
		err = child_prepare(&t.child, t.opt.command);
	if (err)
		say("cannot fork %s: %s", t.opt.command[0], strerror(-err));
	else if (!exists("process", t.opt.attach.pid) || !exists("thread", t.opt.attach.tid))
		status = EXIT_USAGE;
	else if (set_up(&t))
		status = trace(&t);
	ring_buffer__free(t.ring);
	attach_free(t.attach);
	story_free(t.story);
	return status;
}
