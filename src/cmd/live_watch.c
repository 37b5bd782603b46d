// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a trace watches, and the facts of its host. Both can change while it runs: modules are
 * loaded and unloaded, probes are switched off, a host is migrated. So they are looked at again,
 * and frames tell the session of a change before the calls that depend on it.
 */
#include "cmd/live.h"

#include <stdio.h>
#include <unistd.h>

#include "io/notify.h"
#include "lib/say.h"
#include "live/capabilities_read.h"
#include "live/frames.h"
#include "live/watch.h"

#define UEVENTS_MAX 16
/* Facts of the host may change when it is itself migrated: so old they are read again. */
#define FACTS_NS NSEC

static uint64_t now(void)
{
	return frames_now();
}

/* ---------------------------------------------------------------- facts of the host */

static void send_host(struct live *l, bool reloaded)
{
	struct frame f = frame_at(FRAME_HOST, now());

	f.host.facts = l->host;
	f.host.kvm_reloaded = reloaded;
	live_send(l, &f);
}

void live_read_host(struct live *l)
{
	host_read(&l->host);
	host_forget();
	l->host.nested_caps = 0;
	l->host.nested_caps_is = attach_nested_caps(l->attach, &l->host.nested_caps);
	l->host.nested = host_nested_api(&l->host);
	l->facts_at = now();
}

/* A host that was itself migrated may have another cpu-version since. */
void live_refresh_device_tree(struct live *l)
{
	struct host_facts before = l->host;

	if (now() - l->facts_at < FACTS_NS)
		return;
	l->facts_at = now();
	host_read_device_tree(&l->host);
	if (!host_facts_equal(&before, &l->host))
		send_host(l, false);
}

/* Only where a verdict hangs on it: it takes a VM of our own to find out. */
void live_learn_command(struct live *l, const struct cc_record *r)
{
	if (l->asked_command || !session_wants_command(l->session, r))
		return;
	l->asked_command = true;
	host_ask_command(&l->host);
	if (l->host.kernel_cmd)
		send_host(l, false);
}

/* Likewise, where QEMU may not have started a VM for what this host lacks. */
void live_learn_processor(struct live *l, const struct frame *f)
{
	if (l->asked_processor || !session_wants_processor(l->session, f))
		return;
	l->asked_processor = true;
	capabilities_read_processor(&l->host.processor);
	if (l->host.processor.pvr)
		send_host(l, false);
}

/* ---------------------------------------------------------------- what is watched */

void live_send_attach(struct live *l, enum point i)
{
	const struct attach_point *p = attach_point(l->attach, i);
	struct frame f = frame_at(FRAME_ATTACH, p->at);

	f.attach.point = i;
	f.attach.how = p->how;
	f.attach.why = p->how == ATTACH_ABSENT ? p->why : NULL;
	f.attach.released = p->how == ATTACH_ABSENT && l->released;
	live_send(l, &f);
}

static void say_change(const struct live *l, enum point i)
{
	const struct attach_point *p = attach_point(l->attach, i);

	if (p->how == ATTACH_ABSENT)
		say("not watching %s: %s", attach_func(i), p->why);
	else
		say_note("watching %s by %s", attach_func(i), attach_how_name(p->how));
}

static unsigned int n_attached(const struct live *l, enum attach_how how)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ATTACH_POINTS; i++)
		n += attach_point(l->attach, i)->how == how;
	return n;
}

/* In a line. Returns buf. */
const char *live_state(const struct live *l, char buf[LIVE_STATE_LEN])
{
	const char *obstacle = l->uevents >= 0 ? host_kvm_obstacle() : NULL;

	if (obstacle)
		snprintf(buf, LIVE_STATE_LEN, "waiting: %s", obstacle);
	else if (n_attached(l, ATTACH_FEXIT))
		snprintf(buf, LIVE_STATE_LEN, "tracing by fexit");
	else if (n_attached(l, ATTACH_KPROBE))
		snprintf(buf, LIVE_STATE_LEN, "tracing by kprobes");
	else
		snprintf(buf, LIVE_STATE_LEN, "waiting for a VM");
	return buf;
}

/* Switched off under us: the module is there, and it is not our own doing. */
static bool is_blind(const struct live *l, enum point i)
{
	const char *module = attach_module_of(i);

	return attach_point(l->attach, i)->how == ATTACH_ABSENT && !l->opt->release_idle &&
	       (!module || host_has_module(module));
}

static void send_changes(struct live *l, unsigned int mask)
{
	char state[LIVE_STATE_LEN];

	live_consume_all(l);
	for (unsigned int i = 0; i < ATTACH_POINTS; i++) {
		if (!(mask & 1u << i))
			continue;
		if (l->opt->verbose || !l->opt->release_idle)
			say_change(l, i);
		l->was_blind |= is_blind(l, i);
		live_send_attach(l, i);
	}
	notify_ready(live_state(l, state));
}

/*
 * Uevents report modules, and VMs where probes must be released; no story rests on
 * them. While somebody listens each VM pays for two messages: where all modules are there that have
 * something to be watched there is nothing to be heard.
 */
void live_listen(struct live *l)
{
	bool wanted = l->opt->release_idle;

	for (unsigned int i = 0; i < ATTACH_POINTS; i++)
		wanted |= attach_module_of(i) && !host_has_module(attach_module_of(i));
	if (wanted && l->uevents < 0)
		l->uevents = watch_open();
	if (wanted || l->uevents < 0)
		return;
	close(l->uevents);
	l->uevents = -1;
}

/*
 * What is there is looked at, not what a uevent says: one that comes while nobody listens, or that
 * is not read before a module is found by the clock, would be missed. Of another kvm nothing is
 * known, even if all facts are the same as before.
 */
void live_refresh(struct live *l)
{
	unsigned int mask = l->stop ? 0 : attach_refresh(l->attach);
	struct host_facts before = l->host;
	bool reloaded;

	l->refresh_at = now() + LIVE_REFRESH_NS;
	if (mask)
		send_changes(l, mask);
	live_listen(l);
	if (!host_modules_changed(&l->modules, &reloaded))
		return;
	l->host.kernel_cmd = 0;
	l->asked_command = l->asked_processor = false;
	l->host.processor = (struct processor_facts){ 0 };
	live_read_host(l);
	if (reloaded || !host_facts_equal(&before, &l->host))
		send_host(l, reloaded);
}

/* With --release-idle: VMs that are there when probes are taken again are older than that. */
static void take_or_release(struct live *l, bool vms)
{
	unsigned int mask;

	if (!l->opt->release_idle || l->stop)
		return;
	/* What was recorded until now was recorded while these were held. */
	live_consume_all(l);
	mask = vms ? attach_take(l->attach) : attach_release(l->attach);
	l->released = !vms;
	if (mask)
		send_changes(l, mask);
}

static void see_vm(const char *name, uint64_t ino, void *there)
{
	(void)name, (void)ino;
	*(bool *)there = true;
}

bool live_has_vms(void)
{
	bool there = false;

	return !host_vms(see_vm, &there) || there;
}

void live_on_uevents(struct live *l)
{
	struct watch_event e;

	for (int i = 0; i < UEVENTS_MAX && l->uevents >= 0 && watch_next(l->uevents, &e); i++) {
		switch (e.what) {
		case WATCH_MODULE:
			live_refresh(l);
			break;
		case WATCH_OVERRUN:
			/* A module or a VM may have come or gone. */
			take_or_release(l, live_has_vms());
			live_refresh(l);
			break;
		case WATCH_VM_CREATED:
		case WATCH_VM_ENDED:
			take_or_release(l, e.vms);
			break;
		}
	}
}
