// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The main loop of a trace: it attaches, takes records out of the ring, makes frames of them, and
 * ends when a signal, the time, a process or the traced command says so. Losses are reported before
 * what may depend on them. What is watched at a time, and how, is live_watch.c's.
 */
#include "cmd/live.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/frames.h"
#include "cmd/filters.h"
#include "kvm/guest.h"
#include "live/inventory_read.h"
#include "io/notify.h"
#include "lib/say.h"
#include "io/signals.h"
#include "recording/stream.h"
#include "live/watch.h"
#include "lib/text.h"

#define MSEC UINT64_C(1000000)

/* A flood is read in pieces, between which there is time for signals and the clock. */
#define CONSUME_MAX 256
#define CONSUME_ALL 4096 /* such pieces: more than any ring has */
/* Asking for losses takes longer than a record does: not for each of a stream. */
#define LOST_NS (NSEC / 5)

static uint64_t now(void)
{
	return frames_now();
}

void live_send(struct live *l, const struct frame *f)
{
	session_frame(l->session, f);
	l->stop |= teller_is_done(l->teller);
}

/* ---------------------------------------------------------------- records */

static void on_args(const struct cc_args *a, void *ctx)
{
	struct live *l = ctx;

	names_note(&l->names, a);
}

static void on_loss(enum cc_loss loss, uint64_t n, const struct loss_count *by, size_t n_by,
		    void *ctx);

/* What rests on what was not seen must know of losses first. */
static void tell_losses(struct live *l, const struct cc_record *r)
{
	if (r->type == CC_VM_ENDED)
		attach_losses(l->attach, on_loss, l);
	else if (attach_has_lost(l->attach))
		attach_losses(l->attach, on_loss, l);
}

static void on_vm(struct live *l, const struct cc_record *r, const struct cc_grants *grants)
{
	const struct vm_names *names = names_of(&l->names, r->vm);
	struct frame_text text;
	struct frame f = frame_of_vm(r, grants, names, &text);

	live_learn_processor(l, &f);

	live_send(l, &f);
	names_drop(&l->names, names);
	if (f.vm.event != VM_ENDED)
		return;
	attach_forget_vm(l->attach, r->vm);
	l->stop |= l->attach_opt.vm_ino && r->vm_ino == l->attach_opt.vm_ino;
}

static void on_call(struct live *l, const struct cc_record *r)
{
	const struct vm_names *names = names_of(&l->names, r->vm);
	struct frame f = frame_of_call(r, names);

	if (r->ret == -EINVAL || r->type == CC_ARCH_COMPAT)
		live_refresh_device_tree(l);
	live_learn_command(l, r);
	live_send(l, &f);
	names_drop(&l->names, names);
}

static bool is_told(const struct live *l, const struct cc_record *r)
{
	return !teller_is_done(l->teller) && record_valid(r) &&
	       (!l->stop_at || r->mono_ns <= l->stop_at);
}

static void on_record(const struct cc_record *r, void *ctx)
{
	struct live *l = ctx;

	if (!is_told(l, r))
		return;
	tell_losses(l, r);
	if (r->type == CC_VM_CREATED)
		on_vm(l, r, NULL);
	else
		on_call(l, r);
}

static void on_end(const struct cc_end *end, void *ctx)
{
	struct live *l = ctx;

	if (!is_told(l, &end->rec))
		return;
	tell_losses(l, &end->rec);
	on_vm(l, &end->rec, &end->grants);
}

static void on_line(const struct cc_line *line, void *ctx)
{
	struct live *l = ctx;
	const struct vm_names *names = names_of(&l->names, line->rec.vm);
	struct frame_text text;
	struct frame f;

	if (!is_told(l, &line->rec))
		return;
	f = frame_of_line(line, names, &text);
	live_send(l, &f);
	names_drop(&l->names, names);
}

static void on_loss(enum cc_loss loss, uint64_t n, const struct loss_count *by, size_t n_by,
		    void *ctx)
{
	struct frame f = frame_at(FRAME_LOST, now());

	f.lost.loss = loss;
	f.lost.n = n;
	f.lost.by = by;
	f.lost.n_by = n_by;
	live_send(ctx, &f);
}

static void consume(struct live *l)
{
	const struct attach_sink sink = { on_record, on_args, on_line, on_end, l };
	int n = attach_consume(l->attach, &sink, CONSUME_MAX);

	/* One who looks too early finds nothing, and what has come since may wake nobody. */
	if (n > 0)
		l->look_at = now() + (n < CONSUME_MAX ? ATTACH_LOOK_AGAIN_MS * MSEC : 0);
	else if (now() >= l->look_at)
		l->look_at = 0;
	if (n > 0 && !l->lost_at)
		l->lost_at = now() + LOST_NS;
}

/* All that has been recorded until now, because what comes next belongs after it. */
void live_consume_all(struct live *l)
{
	const struct attach_sink sink = { on_record, on_args, on_line, on_end, l };

	for (int i = 0; i < CONSUME_ALL && !teller_is_done(l->teller); i++)
		if (attach_consume(l->attach, &sink, CONSUME_MAX) < CONSUME_MAX)
			break;
}

/* ---------------------------------------------------------------- the loop */

/* What the command has started is followed to the last: the orphans among it are given to us. */
static void on_child(struct live *l)
{
	bool ended = l->child.ended;

	child_reap(&l->child);
	l->stop |= l->child.last_ended;
	if (l->child.ended && !ended && !l->stop)
		say_note(
			"%s has ended, and processes that it started run on: tracing until the last of them ends, or Ctrl-C",
			l->opt->command[0]);
}

static void on_signal(struct live *l)
{
	struct signalfd_siginfo si;

	if (read(l->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD) {
		on_child(l);
		return;
	}
	/* From the keyboard the command has got it already: a second one does no harm. */
	child_signal(&l->child, (int)si.ssi_signo);
	l->signal = (int)si.ssi_signo;
	l->stop = true;
	teller_end_soon(l->teller);
}

static void sooner(uint64_t *next, uint64_t at)
{
	if (at && (!*next || at < *next))
		*next = at;
}

static int time_left(const struct live *l)
{
	uint64_t at = now(), next = 0;

	sooner(&next, l->look_at);
	sooner(&next, l->lost_at);
	sooner(&next, l->refresh_at);
	sooner(&next, l->deadline);
	sooner(&next, teller_due(l->teller));
	if (!next)
		return -1;
	return at >= next ?
		       0 :
		       (int)((next - at) / MSEC + 1 > 86400000 ? 86400000 : (next - at) / MSEC + 1);
}

static bool is_due(uint64_t at)
{
	return at && now() >= at;
}

static void on_time(struct live *l)
{
	if (is_due(l->lost_at)) {
		l->lost_at = 0;
		attach_losses(l->attach, on_loss, l);
	}
	if (is_due(l->refresh_at)) {
		live_refresh(l);
		/* A record that was long on its way into the ring may have woken nobody. */
		consume(l);
	}
	teller_on_time(l->teller, now());
	l->stop |= is_due(l->deadline);
}

static void pump(struct live *l)
{
	struct pollfd fds[] = {
		{ .fd = attach_fd(l->attach), .events = POLLIN },
		{ .fd = l->signals, .events = POLLIN },
		{ .fd = -1, .events = POLLIN }, /* uevents */
		{ .fd = l->process, .events = POLLIN },
	};

	while (!l->stop) {
		int n;

		fds[2].fd = l->uevents;
		n = poll(fds, 4, time_left(l));

		if (n < 0 && errno != EINTR)
			break;
		if ((n > 0 && fds[0].revents) || is_due(l->look_at))
			consume(l);
		if (n > 0 && fds[2].revents)
			live_on_uevents(l);
		if (n > 0 && fds[1].revents)
			on_signal(l);
		if (n > 0 && fds[3].revents) {
			say_note("process %u has ended", l->opt->attach.pid);
			l->stop = true;
		}
		on_time(l);
	}
}

/* What was recorded before the end still counts, unless the asked-for number is reached. */
static void drain(struct live *l)
{
	struct frame end;

	/* Once the first probe goes not all is seen any more: the trace ends here, for all. */
	l->stop_at = now();
	/* While probes are there the losses that the kernel counts are theirs. */
	attach_losses(l->attach, on_loss, l);
	attach_stop(l->attach);
	live_consume_all(l);
	attach_losses(l->attach, on_loss, l);
	end = frame_at(FRAME_END, now());
	end.end.runs_repeated = attach_runs_repeated(l->attach);
	session_frame(l->session, &end);
}

/* ---------------------------------------------------------------- the beginning */

static const char *to_end(const struct live *l)
{
	return l->opt->command ? "" : "; end it with Ctrl-C";
}

/* What is not as usual has a line of its own. */
static void say_attached(const struct live *l)
{
	const struct attach_point *hook = attach_point(l->attach, POINT_BACKEND);
	bool no_feature = l->host.ksize_is == FACT_ABSENT;
	char state[LIVE_STATE_LEN];

	for (unsigned int i = 0; i < ATTACH_POINTS; i++)
		if (attach_point(l->attach, i)->how == ATTACH_ABSENT && i != POINT_BACKEND &&
		    !host_kvm_obstacle() && !l->opt->release_idle)
			say("not watching %s: %s", attach_func(i), attach_point(l->attach, i)->why);
	if (no_feature)
		say_note(
			"this kernel does not have KVM_PPC_GET_COMPAT_CAPS: queries end with ENOTTY");
	else if (hook->how == ATTACH_ABSENT && !host_kvm_obstacle() && !l->opt->release_idle)
		say("not watching %s: %s: causes that depend on it cannot be found",
		    attach_func(POINT_BACKEND), hook->why);
	if (host_kvm_obstacle() && l->uevents >= 0)
		say_note("%s", live_state(l, state));
	else
		say_note("%s%s", live_state(l, state), to_end(l));
	notify_ready(state);
}

static void send_trace(struct live *l, uint64_t at)
{
	struct frame f = frame_at(FRAME_TRACE, at);
	char filters[256];

	host_identify(&f.trace.id);
	f.trace.schema = STREAM_SCHEMA;
	f.trace.host = l->host;
	f.trace.filters = filters_of_trace(l->opt, filters, sizeof(filters));
	f.trace.clock_offset_ns = frames_clock_offset();
	live_send(l, &f);
	for (unsigned int i = 0; i < ATTACH_POINTS; i++)
		live_send_attach(l, i);
}

/*
 * A VM that was made or has ended since is left out: its own records report it. That
 * of the filters is decided here, unless a call has come first.
 */
static void send_found(struct live *l, const struct inventory_vm *vm)
{
	struct frame f = frame_at(FRAME_FOUND, now());

	if (!vm->number) {
		on_loss(CC_LOSS_VMS, 1, NULL, 0, l);
		return;
	}
	if (!attach_decide(l->attach, vm->kvm, vm->number,
			   filters_pass(&l->attach_opt, vm->processes->pid, vm->ino)))
		return;
	f.found.vm = vm;
	live_send(l, &f);
}

/* The VMs that are there already: of what they did before, what they have come to is all that is
 * left. */
static void send_inventory(struct live *l)
{
	const struct attach_vms numbered = attach_vms(l->attach);
	char error[INVENTORY_ERROR_LEN];
	struct inventory inv = { 0 };

	/* A command's VMs are still to come. */
	if (l->opt->command || host_kvm_obstacle() || l->released || !live_has_vms())
		return;
	if (!inventory_read(&inv, &numbered, error))
		say("VMs that already exist are not reported: %s", error);
	for (size_t i = 0; i < inv.n; i++)
		send_found(l, &inv.vms[i]);
	filters_say_others(l->opt, &inv);
	if (inv.truncated)
		on_loss(CC_LOSS_VMS, inv.unlisted ? inv.unlisted : 1, NULL, 0, l);
	inventory_free(&inv);
}

static bool catch_signals(struct live *l)
{
	sigset_t set;

	signals_that_end(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signals < 0)
		say("signalfd: %s", strerror(errno));
	return l->signals >= 0;
}

static bool set_up(struct live *l)
{
	char error[ATTACH_ERROR_LEN];
	const char *obstacle = host_obstacle();
	bool reloaded;

	if (obstacle) {
		say("%s", obstacle);
		return false;
	}
	/* Before it is looked whether there are VMs: none comes in between. */
	if (l->opt->release_idle)
		l->uevents = watch_open();
	if (l->opt->release_idle && l->uevents < 0) {
		say("--release-idle needs the kernel's uevents: %s", strerror(errno));
		return false;
	}
	host_modules_changed(&l->modules, &reloaded);
	l->attached_at = now();
	l->attach = attach_start(&l->attach_opt, l->opt->release_idle, error);
	if (!l->attach) {
		say("%s", error);
		return false;
	}
	if (l->opt->release_idle && live_has_vms())
		attach_take(l->attach);
	else
		l->released = l->opt->release_idle;
	live_listen(l);
	live_read_host(l);
	l->refresh_at = now() + LIVE_REFRESH_NS;
	return true;
}

/* Once nothing is in the way any more: no file is made for a trace that cannot be. */
static bool begin(struct live *l)
{
	l->teller = teller_new(l->opt, l->signals);
	if (!l->teller)
		return false;
	l->session = session_new(teller_event, l->teller);
	if (!l->session) {
		say("out of memory");
		return false;
	}
	session_filter(l->session, &l->opt->view.filter);
	send_trace(l, l->attached_at);
	send_inventory(l);
	return true;
}

static void print_program(const char *name, uint32_t verified, uint32_t insns, uint32_t bytes,
			  void *ctx)
{
	fprintf(ctx, "%-24s %10u %10u %10u\n", name, verified, insns, bytes);
}

static void dry_run(const struct live *l)
{
	printf("%-24s %10s %10s %10s\n", "PROGRAM", "VERIFIED", "INSNS", "BYTES");
	attach_programs(l->attach, print_program, stdout);
}

/* ---------------------------------------------------------------- the end */

/* Nothing was there to be traced, from the first moment to the last. */
static bool all_in_vain(const struct live *l)
{
	const struct totals *n = session_totals(l->session);
	const char *obstacle = host_kvm_obstacle();

	if (!obstacle ||
	    n->negotiations_ok + n->negotiations_failed + n->asks_ok + n->asks_failed + n->checks)
		return false;
	say("%s", obstacle);
	return true;
}

static int status_of(const struct live *l, bool written)
{
	/* For a service to wait for KVM is no failure. */
	if (!written || (!notify_is_wanted() && all_in_vain(l)))
		return EXIT_IMPOSSIBLE;
	if (l->opt->strict && (session_totals(l->session)->lost || l->was_blind))
		return l->opt->inconclusive;
	return EXIT_DONE;
}

/* The command's status is the user's: nothing of the tracer's hides it but its own failure. */
static int status_with_command(struct live *l, int status)
{
	struct child *c = &l->child;
	struct signalfd_siginfo si;
	struct pollfd fd = { .fd = l->signals, .events = POLLIN };

	if (!c->ended && !l->signal && !l->unread)
		say("%s[%d] continues without being traced: waiting for it to end",
		    l->opt->command[0], c->pid);
	while (!c->ended) {
		poll(&fd, 1, -1);
		while (read(l->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
			child_reap(c);
			if (si.ssi_signo == SIGCHLD || c->ended)
				continue;
			/* Asked twice to end, and the command does not. */
			if (l->signal)
				return 128 + (int)si.ssi_signo;
			l->signal = (int)si.ssi_signo;
			child_signal(c, l->signal);
		}
	}
	if (!c->last_ended && !l->unread)
		say("processes that %s started continue without being traced", l->opt->command[0]);
	if (WIFSIGNALED(c->status))
		say_note("%s was ended by signal %d (%s)", l->opt->command[0], WTERMSIG(c->status),
			 strsignal(WTERMSIG(c->status)));
	else if (WEXITSTATUS(c->status))
		say_note("%s ended with status %d", l->opt->command[0], WEXITSTATUS(c->status));
	return status == EXIT_DONE ? child_exit_status(c) : EXIT_TRACER;
}

static int start_command(struct live *l)
{
	int err = child_run(&l->child);

	if (!err)
		return 0;
	say("cannot run %s: %s%s", l->opt->command[0], strerror(-err),
	    err == -ENOENT ? " (to trace a running process: -p PID)" : "");
	return err == -ENOENT ? EXIT_NO_COMMAND : EXIT_CANNOT_RUN;
}

static bool close_teller(struct live *l)
{
	bool ok;

	l->unread = teller_is_unread(l->teller);
	ok = teller_close(l->teller);
	l->teller = NULL;
	return ok;
}

static int trace(struct live *l)
{
	int status = 0;

	say_attached(l);
	l->deadline = filters_deadline(l->opt, l->attached_at, frames_clock_offset());
	if (l->opt->command)
		status = start_command(l);
	if (status) {
		close_teller(l);
		return status;
	}
	pump(l);
	drain(l);
	teller_summarize(l->teller, l->session);
	filters_say_unmatched(l->opt, session_totals(l->session), l->attach);
	attach_say_in_flight(l->attach);
	if (l->was_blind)
		say("not every function was watched all the time: some calls are missing");
	status = status_of(l, close_teller(l));
	return l->opt->command ? status_with_command(l, status) : status;
}

static int run(struct live *l)
{
	int failed = l->opt->command ? EXIT_TRACER : EXIT_IMPOSSIBLE, err = 0;

	if (!catch_signals(l))
		return failed;
	if (l->opt->command)
		err = child_prepare(&l->child, l->opt->command);
	if (err) {
		say("cannot fork %s: %s", l->opt->command[0], strerror(-err));
		return failed;
	}
	if (!filters_resolve(l->opt, &l->attach_opt, &l->process))
		return failed;
	if (!set_up(l))
		return failed;
	if (!l->opt->dry_run)
		return begin(l) ? trace(l) : failed;
	dry_run(l);
	return EXIT_DONE;
}

int live_run(const struct options *o)
{
	/* Too large for the stack. */
	static struct live l = {
		.child = { .go = -1 }, .signals = -1, .uevents = -1, .process = -1
	};
	int status;

	l.opt = o;
	l.attach_opt = o->attach;
	l.attach_opt.descendants_only = o->command;
	status = run(&l);
	if (l.teller)
		teller_close(l.teller);
	attach_free(l.attach);
	session_free(l.session);
	return status;
}
