// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules held to recordings: real ones, and such as lack a part. */
#include <glob.h>
#include <inttypes.h>

#include "check/evaluate.h"
#include "../recording.h"
#include "lib/text.h"
#include "check/values.h"

#define SETS_MAX 4 /* of rules */
#ifndef SEEDS
#define SEEDS 12 /* for each recording */
#endif

/* ------------------------------------------------------------------ made by hand */

static struct cc_record record_of(enum cc_type type, uint64_t ino, uint64_t at_ms, int ret)
{
	struct cc_record r = type == CC_NEGOTIATION ? query : type == CC_EXTENSION ? check : ask;

	r.vm_ino = ino;
	r.vm = 0xc000000000000000 + ino;
	r.mono_ns = at_ms * 1000000;
	r.ret = ret;
	snprintf(r.vm_name, sizeof(r.vm_name), "4711-%u", (unsigned int)ino);
	if (type == CC_NEGOTIATION && ret) {
		r.seen &= ~(CC_SEEN_BACKEND | CC_SEEN_HEAD);
		r.backend_caps = r.backend_head = 0;
		r.in[0] = ret == -7 ? 48 : 16;
		r.out[0] = ret == -7 ? 24 : 16;
		r.out[2] = 0;
	}
	return r;
}

struct trial {
	struct rules rules;
	struct rule_result result;
	struct evaluation *ev;
	struct session *session;
	uint64_t at;
};

static void trial_begin(struct trial *t, const char *rule)
{
	struct rule_error err;

	*t = (struct trial){ .at = 1 };
	if (!rules_add(&t->rules, rule, strlen(rule), NULL, 1, &err))
		fail_msg("%s: byte %zu: %s", rule, err.at + 1, err.why);
	t->ev = evaluation_new(&t->rules);
	t->session = session_new(evaluation_event, t->ev);
	assert_non_null(t->ev);
	assert_non_null(t->session);
}

static void feed(struct trial *t, struct frame f)
{
	f.mono_ns = t->at * 1000000;
	f.real_ns = 1795327200000000000 + f.mono_ns;
	t->at++;
	session_frame(t->session, &f);
}

static void feed_trace(struct trial *t, struct frame_filters filters)
{
	feed(t, (struct frame){ .type = FRAME_TRACE,
				.trace = { .host = host_7_3, .filters = filters } });
}

static void feed_attach(struct trial *t, enum point p, enum attach_how how, size_t n_older)
{
	static const uint64_t older[] = { 33 };

	feed(t, (struct frame){ .type = FRAME_ATTACH,
				.attach = { .point = p,
					    .how = how,
					    .why = how == ATTACH_ABSENT ? "because" : NULL,
					    .known = true,
					    .older = older,
					    .n_older = n_older } });
}

static void feed_attach_all(struct trial *t, size_t n_older)
{
	for (int p = 0; p < ATTACH_POINTS; p++)
		feed_attach(t, p, ATTACH_FEXIT, n_older);
}

static void feed_begin(struct trial *t)
{
	feed_trace(t, (struct frame_filters){ 0 });
	feed_attach_all(t, 0);
}

static void feed_vm(struct trial *t, uint64_t ino, const char *name, bool ended)
{
	char vm_name[32];

	snprintf(vm_name, sizeof(vm_name), "4711-%u", (unsigned int)ino);
	feed(t, (struct frame){ .type = FRAME_VM,
				.vm = { .event = ended ? VM_ENDED : VM_CREATED,
					.pid = 4711,
					.number = 0xc000000000000000 + ino,
					.ino = ino,
					.vm_name = vm_name,
					.comm = "qemu",
					.name_option = name,
					.cgroup = "/" } });
}

static void feed_call(struct trial *t, enum cc_type type, uint64_t ino, const char *name, int ret)
{
	const struct cc_record r = record_of(type, ino, t->at, ret);

	feed(t, (struct frame){ .type = FRAME_CALL, .call = { &r, name, "/", NULL } });
}

static void feed_lost(struct trial *t, struct cc_loss_key key, uint64_t n, bool by)
{
	const struct loss_count count = { key, n };

	feed(t,
	     (struct frame){ .type = FRAME_LOST, .lost = { key.loss, n, by ? &count : NULL, by } });
}

static void feed_end(struct trial *t, bool cut_off)
{
	feed(t, (struct frame){ .type = FRAME_END, .end.cut_off = cut_off });
}

/* Ends it. why: a part of the reason, or NULL. */
static void expect(struct trial *t, enum rule_verdict verdict, const char *why)
{
	const char *rule = t->rules.list[0].text;

	assert_true(evaluation_end(t->ev, &t->result));
	if (t->result.verdict != verdict)
		fail_msg("%s is %s and should be %s; found %s, because %s", rule,
			 rule_verdict_name(t->result.verdict), rule_verdict_name(verdict),
			 t->result.found, t->result.why ? t->result.why : "-");
	assert_true(!!t->result.why == (verdict == RULE_INCONCLUSIVE));
	if (why && !(t->result.why && strstr(t->result.why, why)))
		fail_msg("%s: \"%s\" does not tell of \"%s\"", rule, t->result.why, why);
	if (verdict != RULE_BROKEN)
		assert_int_equal(t->result.n_shown, 0);
	rule_result_free(&t->result);
	evaluation_free(t->ev);
	session_free(t->session);
	rules_free(&t->rules);
}

/* A VM that queries with E2BIG, again with success, and asks; another whose ask fails. */
static void feed_two_vms(struct trial *t)
{
	feed_vm(t, 33, "guest=db1", false);
	feed_call(t, CC_EXTENSION, 33, "guest=db1", 1);
	feed_call(t, CC_NEGOTIATION, 33, NULL, -7);
	feed_call(t, CC_NEGOTIATION, 33, NULL, 0);
	feed_call(t, CC_ARCH_COMPAT, 33, NULL, 0);
	feed_vm(t, 33, NULL, true);
	feed_vm(t, 34, "guest=db2", false);
	feed_call(t, CC_ARCH_COMPAT, 34, "guest=db2", -22);
}

struct expected {
	const char *rule;
	enum rule_verdict verdict;
};

static const struct expected when_complete[] = {
	{ "negotiations=2", RULE_HOLDS },
	{ "negotiations=3", RULE_BROKEN },
	{ "negotiations=1|2", RULE_HOLDS },
	{ "negotiations!=2", RULE_BROKEN },
	{ "negotiations<3", RULE_HOLDS },
	{ "negotiations<2", RULE_BROKEN },
	{ "negotiations<=2", RULE_HOLDS },
	{ "negotiations>1", RULE_HOLDS },
	{ "negotiations>2", RULE_BROKEN },
	{ "negotiations>=3", RULE_BROKEN },
	{ "negotiations{guest=db1}=2", RULE_HOLDS },
	{ "guest=db1:negotiations=2", RULE_HOLDS },
	{ "negotiations{guest=db2}=0", RULE_HOLDS },
	{ "negotiations{guest=db1,ret<0}=1", RULE_HOLDS },
	{ "negotiations{errno=E2BIG}=1", RULE_HOLDS },
	{ "negotiations{errno!=E2BIG}=1", RULE_HOLDS },
	{ "negotiations{errno=null}=1", RULE_HOLDS },
	{ "negotiations{guest=nobody}>=1", RULE_BROKEN },
	{ "negotiation=2", RULE_HOLDS },
	{ "asks=2", RULE_HOLDS },
	{ "checks=1", RULE_HOLDS },
	{ "failures=2", RULE_HOLDS },
	{ "failures{cause=struct-too-new|rejected}=2", RULE_HOLDS },
	{ "failures{cause~\"^struct\"}=1", RULE_HOLDS },
	{ "retries=1", RULE_HOLDS },
	{ "retries{outcome=failed}=0", RULE_HOLDS },
	{ "retries{outcome=recovered}=0", RULE_BROKEN },
	{ "vms=2", RULE_HOLDS },
	{ "vms{guest=db1}=1", RULE_HOLDS },
	{ "vms{guest~db}=1", RULE_BROKEN },
	{ "lost=0", RULE_HOLDS },
	{ "runs=0", RULE_HOLDS },
	{ "kernel-messages=0", RULE_HOLDS },
	{ "attach{how=absent}=0", RULE_HOLDS },
	{ "guests=db1+db2", RULE_HOLDS },
	{ "guests=db1", RULE_BROKEN },
	{ "guests>=db1", RULE_HOLDS },
	{ "guests<=db1", RULE_BROKEN },
	{ "guests<=db1+db2+db3", RULE_HOLDS },
	{ "guests=db1+db2+db3", RULE_BROKEN },
	{ "guests!=db1+db2", RULE_BROKEN },
	{ "guests=db1|db1+db2", RULE_HOLDS },
	{ "guests=none", RULE_BROKEN },
	{ "causes{guest=db1}=struct-too-new+ok+accepted", RULE_HOLDS },
	{ "causes{guest=nobody}=none", RULE_HOLDS },
	{ "sizes=24+48", RULE_HOLDS },
	{ "sizes=0x18+0x30", RULE_HOLDS },
	{ "sizes<=24", RULE_BROKEN },
	{ "modes=POWER9+POWER10", RULE_HOLDS },
	{ "modes=POWER9", RULE_BROKEN },
	{ "modes=POWER9|POWER10+POWER9", RULE_HOLDS },
	{ "modes>=POWER9", RULE_HOLDS },
	{ "modes<=POWER9+POWER10+POWER11", RULE_HOLDS },
	{ "modes{source=nested-capabilities}=POWER9+POWER10", RULE_HOLDS },
	{ "modes{source=cpu-version}=POWER9+POWER10", RULE_HOLDS },
	{ "modes{source=cpu-version}=POWER9", RULE_BROKEN },
	{ "modes{guest=db2}=POWER9", RULE_BROKEN },
	{ "mode=POWER10", RULE_HOLDS },
	{ "mode!=POWER10", RULE_BROKEN },
	{ "mode~\"^POWER\"", RULE_HOLDS },
	{ "mode{guest=db2}=POWER10", RULE_BROKEN },
	{ "guest=db1:mode=POWER10", RULE_HOLDS },
	{ "story{guest=db1}=\"check:1 query:struct-too-new query:ok ask:POWER10:accepted\"",
	  RULE_HOLDS },
	{ "story{guest=db1}~\"query:ok\"", RULE_HOLDS },
	{ "story{guest=db2}~query", RULE_BROKEN },
	{ "story{guest=nobody}~query", RULE_BROKEN },
	{ "latency.p99<1ms", RULE_HOLDS },
	{ "latency.p99<5us", RULE_BROKEN },
	{ "latency.max<=5044ns", RULE_HOLDS },
	{ "latency.max<5044ns", RULE_BROKEN },
	{ "latency.min>=5044ns", RULE_HOLDS },
	{ "latency.mean=5044ns", RULE_HOLDS },
	{ "latency.p50=5044ns|1s", RULE_HOLDS },
	{ "latency.p50!=5044ns", RULE_BROKEN },
	{ "latency.count=2", RULE_HOLDS },
	{ "latency{guest=db2}.p99<1s", RULE_INCONCLUSIVE },
	{ "latency_ns<1ms", RULE_HOLDS },
	{ "negotiation.usize=24|48", RULE_HOLDS },
	{ "negotiation.usize=24", RULE_BROKEN },
	{ "negotiation.usize{ret=0}=24", RULE_HOLDS },
	{ "negotiation.usize{guest=nobody}=24", RULE_BROKEN },
	{ "negotiation.backend.watched=true", RULE_HOLDS },
	{ "negotiation.modes{ret=0}=POWER9+POWER10", RULE_HOLDS },
	{ "negotiation.modes{ret=0}>=POWER10", RULE_HOLDS },
	{ "negotiation.caps{ret=0}=0x6000000000000000", RULE_HOLDS },
	{ "negotiation.caps{ret=0}>0x6000000000000000", RULE_BROKEN },
	{ "negotiation.evidence.in.0>=24", RULE_HOLDS },
	{ "arch-compat.pvr=0xf000006", RULE_HOLDS },
	{ "arch-compat.queried{guest=db1}=yes", RULE_HOLDS },
	{ "arch-compat.queried{guest=db2}=no", RULE_HOLDS },
	{ "host.page_size=4096", RULE_HOLDS },
	{ "trace.filters.outcomes=false", RULE_HOLDS },
	{ "end.totals.negotiations_failed=1", RULE_HOLDS },
	{ "vm.watched=whole", RULE_HOLDS },
	{ "vm{event=ended}=1", RULE_HOLDS },
};

static void test_complete(void **state)
{
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(when_complete); i++) {
		trial_begin(&t, when_complete[i].rule);
		feed_begin(&t);
		feed_two_vms(&t);
		feed_end(&t, false);
		expect(&t, when_complete[i].verdict, NULL);
	}
}

/* What is broken already stays broken, and what has been reached stays reached. */
static const struct expected when_cut_off[] = {
	{ "negotiations=2", RULE_INCONCLUSIVE },
	{ "negotiations=1", RULE_BROKEN },
	{ "negotiations!=1", RULE_HOLDS },
	{ "negotiations!=2", RULE_INCONCLUSIVE },
	{ "negotiations<=1", RULE_BROKEN },
	{ "negotiations<=2", RULE_INCONCLUSIVE },
	{ "negotiations>=2", RULE_HOLDS },
	{ "negotiations>=3", RULE_INCONCLUSIVE },
	{ "lost=0", RULE_INCONCLUSIVE },
	{ "retries{outcome=failed}=0", RULE_INCONCLUSIVE },
	{ "kernel-messages=0", RULE_INCONCLUSIVE },
	{ "guests>=db1", RULE_HOLDS },
	{ "guests=db1", RULE_BROKEN },
	{ "guests=db1+db2", RULE_INCONCLUSIVE },
	{ "guests<=db1+db2", RULE_INCONCLUSIVE },
	{ "modes=POWER9", RULE_BROKEN },
	{ "modes=POWER9+POWER10", RULE_INCONCLUSIVE },
	{ "mode=POWER10", RULE_INCONCLUSIVE },
	{ "mode=POWER9", RULE_BROKEN },
	{ "story{guest=db1}~\"query:ok\"", RULE_INCONCLUSIVE },
	{ "story{guest=db1}=x", RULE_BROKEN },
	{ "story{guest=db2}=x", RULE_INCONCLUSIVE },
	{ "latency.p99<1ms", RULE_INCONCLUSIVE },
	{ "latency.max<5us", RULE_BROKEN },
	{ "latency.min<1ms", RULE_HOLDS },
	{ "negotiation.usize=24", RULE_BROKEN },
	{ "negotiation.usize=24|48", RULE_INCONCLUSIVE },
	{ "negotiation.usize{guest=nobody}=24", RULE_INCONCLUSIVE },
	{ "end.totals.negotiations_failed=1", RULE_INCONCLUSIVE },
	/* The first line is there, and tells all that there is to know of this. */
	{ "trace.host.page_size=4096", RULE_HOLDS },
};

static void test_cut_off(void **state)
{
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(when_cut_off); i++) {
		const char *why = when_cut_off[i].verdict == RULE_INCONCLUSIVE ? "cut off" : NULL;

		trial_begin(&t, when_cut_off[i].rule);
		feed_begin(&t);
		feed_two_vms(&t);
		feed_end(&t, true);
		expect(&t, when_cut_off[i].verdict, why);
	}
}

/* Reading ended before the end did. */
static void test_no_end(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, "lost=0");
	feed_begin(&t);
	expect(&t, RULE_INCONCLUSIVE, "cut off");
}

static const struct {
	const char *rule;
	struct cc_loss_key key;
	bool by;
	enum rule_verdict verdict;
} when_lost[] = {
#define KEY(ino, type, cmd, ret) \
	{ ino ? 0xc000000000000000 + ino : 0, ino, CC_LOSS_RING, type, cmd, ret }
#define BLIND		KEY(0, 0, 0, CC_RET_UNKNOWN)
#define UEVENTS		{ 0, 0, CC_LOSS_UEVENTS, 0, 0, CC_RET_UNKNOWN }
#define TOO_MANY	{ 0, 0, CC_LOSS_VMS, 0, 0, CC_RET_UNKNOWN }
#define FULL(type)	{ 0, 0, CC_LOSS_VMS, type, 0, CC_RET_UNKNOWN }
#define MISSED(type)	{ 0, 0, CC_LOSS_RECURSION, type, 0, CC_RET_UNKNOWN }
#define QUERY(ino, ret) KEY(ino, CC_NEGOTIATION, ABI_CMD_MAINLINE, ret)
	{ "lost=0", UEVENTS, false, RULE_BROKEN },
	{ "lost{reason=uevents}=2", UEVENTS, false, RULE_HOLDS },
	/* Uevents tell of VMs, and of no calls. */
	{ "vms=2", UEVENTS, false, RULE_INCONCLUSIVE },
	{ "vms>=2", UEVENTS, false, RULE_HOLDS },
	{ "vms<=4", UEVENTS, false, RULE_HOLDS },
	{ "vms<=3", UEVENTS, false, RULE_INCONCLUSIVE },
	{ "vms>4", UEVENTS, false, RULE_BROKEN },
	{ "vms{guest=db1}=1", UEVENTS, false, RULE_INCONCLUSIVE },
	{ "end.totals.vms=2", UEVENTS, false, RULE_INCONCLUSIVE },
	{ "end.totals.negotiations_failed=1", UEVENTS, false, RULE_HOLDS },
	{ "story~query", UEVENTS, false, RULE_BROKEN },
	{ "story~\"query|ask\"", UEVENTS, false, RULE_INCONCLUSIVE },
	{ "vm.event=created|ended", UEVENTS, false, RULE_INCONCLUSIVE },
	{ "failures=2", UEVENTS, false, RULE_HOLDS },
	{ "negotiations{guest=db1}=2", UEVENTS, false, RULE_HOLDS },
	{ "vms=2", TOO_MANY, false, RULE_INCONCLUSIVE },
	{ "vms>4", TOO_MANY, false, RULE_BROKEN },
	{ "failures=2", TOO_MANY, false, RULE_HOLDS },
	{ "lost=0", BLIND, false, RULE_BROKEN },
	{ "lost=2", BLIND, false, RULE_HOLDS },
	{ "lost{reason=ring-full}=2", BLIND, false, RULE_HOLDS },
	{ "lost{reason=recursion}=0", BLIND, false, RULE_HOLDS },
	/* What a tracepoint missed may have been anybody's. */
	{ "lost=2", MISSED(CC_RUN), true, RULE_HOLDS },
	{ "runs=0", MISSED(CC_RUN), true, RULE_INCONCLUSIVE },
	{ "runs<=2", MISSED(CC_RUN), true, RULE_HOLDS },
	{ "kernel-messages=0", MISSED(CC_RUN), true, RULE_HOLDS },
	{ "runs=0", MISSED(CC_KERNEL), true, RULE_HOLDS },
	{ "kernel-messages=0", MISSED(CC_KERNEL), true, RULE_INCONCLUSIVE },
	/* Nothing is known of them: calls, and births of VMs. */
	{ "failures=2", BLIND, false, RULE_INCONCLUSIVE },
	{ "failures<=1", BLIND, false, RULE_BROKEN },
	{ "failures>=2", BLIND, false, RULE_HOLDS },
	{ "failures<=4", BLIND, false, RULE_HOLDS },
	{ "failures=5", BLIND, false, RULE_BROKEN },
	{ "vms=2", BLIND, false, RULE_INCONCLUSIVE },
	{ "vms>=2", BLIND, false, RULE_HOLDS },
	{ "vms=2", KEY(0, CC_VM_CREATED, 0, CC_RET_UNKNOWN), true, RULE_INCONCLUSIVE },
	{ "vms=2", FULL(CC_VM_CREATED), true, RULE_INCONCLUSIVE },
	{ "vms=2", QUERY(0, 0), true, RULE_HOLDS },
	{ "vms=2", KEY(0, CC_VM_ENDED, 0, CC_RET_UNKNOWN), true, RULE_HOLDS },
	{ "negotiations=2", KEY(0, CC_VM_CREATED, 0, CC_RET_UNKNOWN), true, RULE_HOLDS },
	{ "negotiations=4", FULL(CC_NEGOTIATION), true, RULE_HOLDS },
	{ "kernel-messages=0", BLIND, false, RULE_INCONCLUSIVE },
	{ "retries{outcome=failed}=0", BLIND, false, RULE_INCONCLUSIVE },
	{ "retries=1", BLIND, false, RULE_INCONCLUSIVE },
	{ "modes=POWER9+POWER10", BLIND, false, RULE_INCONCLUSIVE },
	{ "modes{source=nested-capabilities}=POWER9+POWER10", BLIND, false, RULE_HOLDS },
	{ "modes=POWER9", BLIND, false, RULE_BROKEN },
	{ "story{guest=db1}~\"query:ok\"", BLIND, false, RULE_INCONCLUSIVE },
	{ "story{guest=db1}=x", BLIND, false, RULE_INCONCLUSIVE },
	{ "latency.max<5us", BLIND, false, RULE_BROKEN },
	{ "latency.p99<1ms", BLIND, false, RULE_INCONCLUSIVE },
	{ "latency.min<1ms", BLIND, false, RULE_HOLDS },
	{ "latency.mean<1ms", BLIND, false, RULE_INCONCLUSIVE },
	{ "host.page_size=4096", BLIND, false, RULE_HOLDS },
	{ "end.totals.negotiations_failed=1", BLIND, false, RULE_INCONCLUSIVE },
	{ "negotiation.usize=24|48", BLIND, false, RULE_INCONCLUSIVE },
	/* What the kernel counted is made use of: the type, */
	{ "asks=2", QUERY(0, 0), true, RULE_HOLDS },
	{ "negotiations=4", QUERY(0, 0), true, RULE_HOLDS },
	{ "negotiations=2", QUERY(0, 0), true, RULE_BROKEN },
	{ "mode=POWER10", QUERY(34, 0), true, RULE_HOLDS },
	{ "kernel-messages=0", QUERY(0, 0), true, RULE_HOLDS },
	{ "causes<=ok+accepted+struct-too-new+rejected", QUERY(0, -7), true, RULE_INCONCLUSIVE },
	/* how they returned, */
	{ "failures=2", QUERY(34, 0), true, RULE_HOLDS },
	{ "failures=2", QUERY(34, -7), true, RULE_BROKEN },
	{ "failures=4", QUERY(34, -7), true, RULE_HOLDS },
	{ "failures=2", QUERY(34, CC_RET_UNKNOWN), true, RULE_INCONCLUSIVE },
	{ "failures=2", KEY(34, CC_ARCH_COMPAT, 0, 0), true, RULE_INCONCLUSIVE },
	{ "failures=2", KEY(34, CC_EXTENSION, 0, 1), true, RULE_HOLDS },
	{ "negotiations{errno=E2BIG}=1", QUERY(34, -22), true, RULE_HOLDS },
	{ "negotiations{errno=E2BIG}=1", QUERY(34, -7), true, RULE_BROKEN },
	{ "negotiations{ret<0}=1", QUERY(34, 0), true, RULE_HOLDS },
	{ "failures{cause=size-over-page}=0", QUERY(34, -22), true, RULE_HOLDS },
	{ "failures{cause=size-over-page}=0", QUERY(34, -7), true, RULE_INCONCLUSIVE },
	{ "failures{cause=newer-than-host}=0", QUERY(34, -22), true, RULE_HOLDS },
	{ "failures{cause=newer-than-host}=0", KEY(34, CC_ARCH_COMPAT, 0, -22), true,
	  RULE_INCONCLUSIVE },
	{ "modes=POWER9+POWER10", QUERY(34, -22), true, RULE_HOLDS },
	{ "mode=POWER10", KEY(34, CC_ARCH_COMPAT, 0, -22), true, RULE_HOLDS },
	{ "mode=POWER10", KEY(34, CC_ARCH_COMPAT, 0, 0), true, RULE_INCONCLUSIVE },
	/* and the VM, by which its guest is known. */
	{ "negotiations{guest=db1}=2", QUERY(34, 0), true, RULE_HOLDS },
	{ "negotiations{guest=db2}=0", QUERY(34, 0), true, RULE_INCONCLUSIVE },
	{ "negotiations{guest=db1}=2", QUERY(0, 0), true, RULE_INCONCLUSIVE },
	{ "vm=1:negotiations=2", QUERY(34, 0), true, RULE_HOLDS },
	{ "retries{guest=db1}=1", QUERY(34, 0), true, RULE_HOLDS },
	{ "retries=1", QUERY(34, 0), true, RULE_INCONCLUSIVE },
	{ "retries=0", QUERY(34, 0), true, RULE_BROKEN },
	{ "retries{guest=db1}=1", QUERY(33, 0), true, RULE_INCONCLUSIVE },
	{ "retries=1", KEY(34, CC_EXTENSION, 0, 0), true, RULE_HOLDS },
	{ "story{guest=db1}~\"query:ok\"", QUERY(34, 0), true, RULE_HOLDS },
	{ "story{guest=db2}~ask", QUERY(34, 0), true, RULE_INCONCLUSIVE },
	{ "story{guest=db1}=x", QUERY(34, 0), true, RULE_BROKEN },
	{ "story{guest=db1}~\"query:ok\"", QUERY(33, 0), true, RULE_INCONCLUSIVE },
};

static void test_lost(void **state)
{
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(when_lost); i++) {
		trial_begin(&t, when_lost[i].rule);
		feed_begin(&t);
		feed_two_vms(&t);
		feed_lost(&t, when_lost[i].key, 2, when_lost[i].by);
		feed_end(&t, false);
		expect(&t, when_lost[i].verdict,
		       when_lost[i].verdict == RULE_INCONCLUSIVE ? "lost" : NULL);
	}
}

/* A line that cannot be read may have been anything, a loss and a hole in what is watched too. */
static void test_unreadable(void **state)
{
	static const struct expected rules[] = {
		{ "lost=0", RULE_BROKEN },
		{ "lost<=5", RULE_INCONCLUSIVE },
		{ "vms=2", RULE_INCONCLUSIVE },
		{ "vms>=2", RULE_HOLDS },
		{ "failures<=9", RULE_INCONCLUSIVE },
		{ "failures=1", RULE_BROKEN },
		{ "host.page_size=4096", RULE_INCONCLUSIVE },
	};
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		trial_begin(&t, rules[i].rule);
		feed_begin(&t);
		feed_two_vms(&t);
		feed_lost(&t, (struct cc_loss_key){ .loss = CC_LOSS_UNREADABLE }, 1, false);
		feed_end(&t, false);
		expect(&t, rules[i].verdict,
		       rules[i].verdict == RULE_INCONCLUSIVE ? "cannot be read" : NULL);
	}
}

/* How a function is watched, and what of a rule that decides. */
static void absent_at(const char *rule, enum point p, bool released, enum rule_verdict verdict,
		      const char *why)
{
	struct trial t;

	trial_begin(&t, rule);
	feed_begin(&t);
	feed(&t, (struct frame){ .type = FRAME_ATTACH,
				 .attach = { .point = p,
					     .how = ATTACH_ABSENT,
					     .why = "it was unloaded",
					     .released = released,
					     .known = true } });
	feed_attach(&t, p, ATTACH_FEXIT, 0);
	feed_two_vms(&t);
	feed_end(&t, false);
	expect(&t, verdict, why);
}

static void test_absent(void **state)
{
	(void)state;
	absent_at("negotiations=2", POINT_IOCTL, false, RULE_INCONCLUSIVE,
		  "kvm_arch_vm_ioctl was not watched all the time (it was unloaded)");
	absent_at("negotiations=1", POINT_IOCTL, false, RULE_BROKEN, NULL);
	absent_at("retries=1", POINT_IOCTL, false, RULE_INCONCLUSIVE, "kvm_arch_vm_ioctl");
	absent_at("negotiations=2", POINT_IOCTL, true, RULE_HOLDS, NULL);
	absent_at("negotiations=2", POINT_REG, false, RULE_HOLDS, NULL);
	absent_at("mode=POWER10", POINT_REG, false, RULE_INCONCLUSIVE, "kvmppc_set_one_reg");
	absent_at("checks=1", POINT_EXTENSION, false, RULE_INCONCLUSIVE, "check_extension");
	absent_at("failures=2", POINT_EXTENSION, false, RULE_INCONCLUSIVE, "check_extension");
	absent_at("kernel-messages=0", POINT_CONSOLE, false, RULE_INCONCLUSIVE, "printk:console");
	absent_at("runs=0", POINT_RUN, false, RULE_INCONCLUSIVE, "kvm:kvm_userspace_exit");
	absent_at("guests=db1+db2", POINT_RUN, false, RULE_HOLDS, NULL);
	absent_at("end.totals.asks_failed=1", POINT_REG, false, RULE_INCONCLUSIVE, "set_one_reg");
	absent_at("story{guest=db1}=x", POINT_REG, false, RULE_INCONCLUSIVE, "set_one_reg");
	/* One whose birth nobody watched may have been there and done nothing. */
	absent_at("vms=2", POINT_BIRTH, false, RULE_INCONCLUSIVE, "kvm_arch_init_vm");
	absent_at("vms>=2", POINT_BIRTH, false, RULE_HOLDS, NULL);
	absent_at("vms=2", POINT_BIRTH, true, RULE_HOLDS, NULL);
	absent_at("vms{guest=db1}=1", POINT_BIRTH, false, RULE_INCONCLUSIVE, "kvm_arch_init_vm");
	absent_at("end.totals.vms=2", POINT_BIRTH, false, RULE_INCONCLUSIVE, "kvm_arch_init_vm");
	absent_at("negotiations=2", POINT_BIRTH, false, RULE_HOLDS, NULL);
	absent_at("vms=2", POINT_DEATH, false, RULE_HOLDS, NULL);
	absent_at("vm.event=created|ended", POINT_DEATH, false, RULE_INCONCLUSIVE,
		  "kvm_arch_destroy_vm");
	/* A kernel that has no hook has nothing that could be missed. */
	absent_at("negotiations=2", POINT_BACKEND, false, RULE_HOLDS, NULL);
}

/* A recording that is older than what this program can watch. */
static void test_never_told(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, "runs=0");
	feed_trace(&t, (struct frame_filters){ 0 });
	feed_attach(&t, POINT_IOCTL, ATTACH_FEXIT, 0);
	feed_two_vms(&t);
	feed_end(&t, false);
	expect(&t, RULE_INCONCLUSIVE, "kvm:kvm_userspace_exit was not watched");
}

/* With --release-idle the first VM is there before the functions are watched again. */
static void test_released_too_long(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, "negotiations=2");
	feed_begin(&t);
	feed(&t, (struct frame){ .type = FRAME_ATTACH,
				 .attach = { .point = POINT_IOCTL,
					     .how = ATTACH_ABSENT,
					     .released = true,
					     .known = true } });
	feed_attach(&t, POINT_IOCTL, ATTACH_FEXIT, 1);
	feed_two_vms(&t);
	feed_end(&t, false);
	expect(&t, RULE_INCONCLUSIVE, "a VM was there before it was watched again");
}

static void test_filtered(void **state)
{
	static const struct expected rules[] = {
		{ "failures=2", RULE_INCONCLUSIVE },
		{ "failures>=2", RULE_HOLDS },
		{ "failures=0", RULE_BROKEN },
		{ "vms=2", RULE_INCONCLUSIVE },
		{ "lost=0", RULE_HOLDS },
		{ "mode=POWER10", RULE_INCONCLUSIVE },
		{ "host.page_size=4096", RULE_HOLDS },
	};
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		trial_begin(&t, rules[i].rule);
		feed_trace(&t, (struct frame_filters){ .outcomes = true, .text = "--errors-only" });
		feed_attach_all(&t, 0);
		feed_two_vms(&t);
		feed_end(&t, false);
		expect(&t, rules[i].verdict,
		       rules[i].verdict == RULE_INCONCLUSIVE ? "--errors-only" : NULL);
	}
}

/* VM 33 is older than the trace; 34 is not. */
static void test_older(void **state)
{
	static const struct expected rules[] = {
		{ "negotiations{guest=db1}=1", RULE_INCONCLUSIVE },
		{ "negotiations{guest=db1}>=1", RULE_HOLDS },
		{ "negotiations{guest=db1}>=2", RULE_INCONCLUSIVE },
		{ "negotiations{guest=db1}<=0", RULE_BROKEN },
		{ "failures{guest=db1}=0", RULE_INCONCLUSIVE },
		/* One that was born in the trace is known from its birth. */
		{ "asks{guest=db2}=1", RULE_HOLDS },
		/* Nobody knows what the older one was called. */
		{ "negotiations{guest=db3}=0", RULE_INCONCLUSIVE },
		/* Of the time of the trace all is known. */
		{ "negotiations=1", RULE_HOLDS },
		{ "mode{guest=db1}=POWER10", RULE_INCONCLUSIVE },
		{ "mode{guest=db1}=POWER9", RULE_BROKEN },
		{ "story{guest=db1}~query", RULE_INCONCLUSIVE },
		{ "story{guest=db1}=x", RULE_INCONCLUSIVE },
	};
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		trial_begin(&t, rules[i].rule);
		feed_trace(&t, (struct frame_filters){ 0 });
		feed_attach_all(&t, 1);
		feed_call(&t, CC_NEGOTIATION, 33, "guest=db1", 0);
		feed_call(&t, CC_ARCH_COMPAT, 33, NULL, 0);
		feed_vm(&t, 34, "guest=db2", false);
		feed_call(&t, CC_ARCH_COMPAT, 34, "guest=db2", -22);
		feed_end(&t, false);
		expect(&t, rules[i].verdict, NULL);
	}
}

/* Its story is told again where a loss is told of after its end: it is one VM, and less is sure. */
static void test_lost_after_its_end(void **state)
{
	static const struct expected rules[] = {
		{ "vms=1", RULE_HOLDS },
		{ "vms=2", RULE_BROKEN },
		{ "story=\"query:ok\"", RULE_INCONCLUSIVE },
		{ "story=x", RULE_INCONCLUSIVE },
	};
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		trial_begin(&t, rules[i].rule);
		feed_begin(&t);
		feed_vm(&t, 33, "guest=db1", false);
		feed_call(&t, CC_NEGOTIATION, 33, NULL, 0);
		feed_vm(&t, 33, "guest=db1", true);
		feed_lost(&t, (struct cc_loss_key)KEY(0, CC_ARCH_COMPAT, 0, 0), 1, true);
		feed_end(&t, false);
		expect(&t, rules[i].verdict, NULL);
	}
}

/* What was lost can have told of a VM that is older, and is meant as well. */
static void test_lost_of_older(void **state)
{
	struct trial t;

	(void)state;
	for (size_t lost = 0; lost < 2; lost++) {
		trial_begin(&t, "negotiations{guest=db2}<=5");
		feed_trace(&t, (struct frame_filters){ 0 });
		feed_attach_all(&t, 1);
		feed_vm(&t, 34, "guest=db2", false);
		feed_call(&t, CC_NEGOTIATION, 34, "guest=db2", 0);
		if (lost)
			feed_lost(&t, (struct cc_loss_key)BLIND, 1, false);
		feed_end(&t, false);
		expect(&t, lost ? RULE_INCONCLUSIVE : RULE_HOLDS, lost ? "1 event was lost" : NULL);
	}
}

/* Told too late, a loss makes a retry of two calls that have nothing to do with each other. */
static void test_retry_made_up(void **state)
{
	static const struct expected rules[] = {
		{ "retries{outcome=failed}=0", RULE_INCONCLUSIVE },
		{ "retries>=1", RULE_INCONCLUSIVE },
		{ "retry.outcome=recovered", RULE_INCONCLUSIVE },
		{ "negotiations=3", RULE_HOLDS },
	};
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		trial_begin(&t, rules[i].rule);
		feed_begin(&t);
		feed_vm(&t, 33, "guest=db1", false);
		feed_call(&t, CC_NEGOTIATION, 33, "guest=db1", -7);
		/* Here one succeeded. */
		feed_call(&t, CC_NEGOTIATION, 33, "guest=db1", -7);
		feed_lost(&t, (struct cc_loss_key)QUERY(33, 0), 1, true);
		feed_end(&t, false);
		expect(&t, rules[i].verdict, rules[i].verdict == RULE_HOLDS ? NULL : "lost");
	}
}

/* What an event itself does not know. */
static void test_unknown_values(void **state)
{
	struct cc_record r;
	struct trial t;

	(void)state;
	for (int i = 0; i < 4; i++) {
		static const char *const rules[] = { "negotiation.usize=24", "sizes=24",
						     "negotiations{usize=24}=2",
						     "negotiations{usize=24}>=1" };

		trial_begin(&t, rules[i]);
		feed_begin(&t);
		feed_vm(&t, 33, "guest=db1", false);
		feed_call(&t, CC_NEGOTIATION, 33, "guest=db1", 0);
		r = record_of(CC_NEGOTIATION, 33, t.at, -14);
		r.in_words = r.out_words = 0;
		memset(r.in, 0, sizeof(r.in));
		memset(r.out, 0, sizeof(r.out));
		feed(&t, (struct frame){ .type = FRAME_CALL, .call = { &r, NULL, "/", NULL } });
		feed_end(&t, false);
		expect(&t, i == 3 ? RULE_HOLDS : RULE_INCONCLUSIVE, i == 3 ? NULL : "is known");
	}
}

/* A percentile is decided by the samples and by no estimate: 100 of them, and a few lost. */
static void times(const char *rule, unsigned int n_slow, unsigned int n_lost,
		  enum rule_verdict verdict)
{
	const struct cc_loss_key key = QUERY(34, 0);
	struct trial t;

	trial_begin(&t, rule);
	feed_begin(&t);
	feed_vm(&t, 33, "guest=db1", false);
	for (unsigned int i = 0; i < 100; i++) {
		struct cc_record r = record_of(CC_NEGOTIATION, 33, t.at, 0);

		r.latency_ns = i < n_slow ? 9000000 : 1000000;
		feed(&t,
		     (struct frame){ .type = FRAME_CALL, .call = { &r, "guest=db1", "/", NULL } });
	}
	if (n_lost)
		feed_lost(&t, key, n_lost, true);
	feed_end(&t, false);
	expect(&t, verdict, NULL);
}

static void test_times(void **state)
{
	(void)state;
	times("latency.p99<5ms", 0, 0, RULE_HOLDS);
	times("latency.p99<5ms", 1, 0, RULE_HOLDS);
	times("latency.p99<5ms", 2, 0, RULE_BROKEN);
	times("latency.p99<=1ms", 1, 0, RULE_HOLDS);
	times("latency.p99>5ms", 1, 0, RULE_BROKEN);
	times("latency.p99>=9ms", 2, 0, RULE_HOLDS);
	times("latency.p90<5ms", 10, 0, RULE_HOLDS);
	times("latency.p90<5ms", 11, 0, RULE_BROKEN);
	times("latency.max<5ms", 1, 0, RULE_BROKEN);
	times("latency.mean=1080us", 1, 0, RULE_HOLDS);
	times("latency.mean!=1080us|2ms", 1, 0, RULE_BROKEN);
	/* One lost can be slow, and then two of 101 are: the 100th is. */
	times("latency.p99<5ms", 1, 1, RULE_INCONCLUSIVE);
	times("latency.p99<5ms", 0, 1, RULE_HOLDS);
	times("latency.p99<5ms", 3, 1, RULE_BROKEN);
	times("latency.p99<5ms", 2, 200, RULE_INCONCLUSIVE);
	times("latency.p90<5ms", 5, 5, RULE_HOLDS);
	times("latency.max<5ms", 0, 1, RULE_INCONCLUSIVE);
	times("latency.count=100", 0, 0, RULE_HOLDS);
	times("latency.count=100", 0, 5, RULE_BROKEN);
}

/* More than anybody can have, and no number overflows. */
static void test_huge(void **state)
{
	static const struct expected rules[] = {
		{ "lost>=18446744073709551615", RULE_HOLDS },
		{ "failures<18446744073709551615", RULE_INCONCLUSIVE },
		{ "negotiations=2", RULE_INCONCLUSIVE },
		{ "latency.p99<1h", RULE_INCONCLUSIVE },
		{ "sizes<=24+48", RULE_INCONCLUSIVE },
	};
	struct trial t;

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		trial_begin(&t, rules[i].rule);
		feed_begin(&t);
		feed_two_vms(&t);
		feed_lost(&t, (struct cc_loss_key)BLIND, UINT64_MAX, false);
		feed_lost(&t, (struct cc_loss_key)BLIND, UINT64_MAX, true);
		feed_end(&t, false);
		expect(&t, rules[i].verdict, NULL);
	}
}

/* The first events that broke a rule are named, and the others counted. */
static void test_events(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, "failures=0");
	feed_begin(&t);
	feed_vm(&t, 33, "guest=db1", false);
	for (int i = 0; i < 20; i++)
		feed_call(&t, CC_NEGOTIATION, 33, "guest=db1", -7);
	feed_end(&t, false);
	assert_true(evaluation_end(t.ev, &t.result));
	assert_int_equal(t.result.verdict, RULE_BROKEN);
	assert_string_equal(t.result.found, "20");
	assert_int_equal(t.result.n_events, 20);
	assert_int_equal(t.result.n_shown, RULE_EVENTS_SHOWN);
	/* trace, six points, the VM: the first call. */
	assert_int_equal(t.result.events[0].seq, 1 + ATTACH_POINTS + 2);
	assert_string_equal(t.result.events[0].guest, "db1");
	assert_string_equal(t.result.events[0].cause, "struct-too-new");
	assert_non_null(strstr(t.result.events[0].what, "query E2BIG struct-too-new"));
	rule_result_free(&t.result);
	evaluation_free(t.ev);
	session_free(t.session);
	rules_free(&t.rules);
}

/* Many VMs, more than stories are followed of at once. */
static void test_many_vms(void **state)
{
	char name[32];
	struct trial t;

	(void)state;
	trial_begin(&t, "story~ask");
	feed_begin(&t);
	/* More VMs at once than a session tells apart. */
	for (unsigned int i = 0; i < VM_TABLE_MAX + 10; i++) {
		snprintf(name, sizeof(name), "guest=g%u", i);
		feed_vm(&t, 1000 + i, name, false);
		feed_call(&t, CC_ARCH_COMPAT, 1000 + i, NULL, 0);
	}
	feed_end(&t, false);
	expect(&t, RULE_INCONCLUSIVE, "too many VMs");
}

/* ------------------------------------------------------------------ real ones */

struct files {
	glob_t list;
};

static void find_files(struct files *f)
{
	assert_int_equal(glob("tests/data/*.jsonl", 0, NULL, &f->list), 0);
	assert_true(f->list.gl_pathc >= 5);
}

/* How a part of the calls gets lost on the way. */
struct loss {
	unsigned int percent;
	/* The last one: births and ends of VMs are lost, and no calls. */
	enum { TELL_ALL, TELL_TYPE, TELL_NOTHING, TELL_UEVENTS, TELLS } tells;
	bool late; /* the loss is told at the end, not where it happened */
	uint64_t seed;
};

static unsigned int dice(uint64_t *seed, unsigned int n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(*seed >> 33) % n;
}

static void tell_loss(struct session *session, const struct loss *loss, const struct loss_count *by,
		      size_t n, const struct frame *at)
{
	bool parts = loss && loss->tells < TELL_NOTHING && n;
	const struct frame f = { .type = FRAME_LOST,
				 .mono_ns = at->mono_ns,
				 .real_ns = at->real_ns,
				 .lost = { loss && loss->tells == TELL_UEVENTS ? CC_LOSS_UEVENTS :
										 CC_LOSS_RING,
					   n, parts ? by : NULL, parts ? n : 0 } };

	if (n)
		session_frame(session, &f);
}

static struct loss_count loss_of(const struct cc_record *r, const struct loss *loss)
{
	struct loss_count by = { .key = { .loss = CC_LOSS_RING, .ret = CC_RET_UNKNOWN }, .n = 1 };

	if (loss->tells <= TELL_TYPE) {
		by.key.type = r->type;
		by.key.cmd = r->type == CC_NEGOTIATION ? r->cmd : 0;
	}
	if (loss->tells == TELL_ALL) {
		by.key.ret = r->ret;
		by.key.vm = r->vm;
		by.key.vm_ino = r->vm_ino;
	}
	return by;
}

static bool is_lost(const struct frame *f, const struct loss *loss, uint64_t *seed)
{
	return loss && f->type == (loss->tells == TELL_UEVENTS ? FRAME_VM : FRAME_CALL) &&
	       dice(seed, 100) < loss->percent;
}

/* Hold a recording to all rules, some of its calls being lost. Returns how many were. */
static size_t verdicts(const char *path, const struct rules *rules, const struct loss *loss,
		       struct rule_result *results)
{
	struct evaluation *ev = evaluation_new(rules);
	struct session *session = session_new(evaluation_event, ev);
	FILE *file = fopen(path, "r");
	struct stream *stream = stream_new(file, path, false);
	uint64_t seed = loss ? loss->seed : 0;
	struct loss_count late[256], by = { 0 };
	size_t n_late = 0, n = 0;
	struct frame f;
	char error[512];

	assert_true(ev && session && stream);
	while (stream_next(stream, &f, error, sizeof(error)) == STREAM_FRAME) {
		if (is_lost(&f, loss, &seed)) {
			n++;
			if (f.type == FRAME_CALL)
				by = loss_of(f.call.rec, loss);
			if (loss->late)
				late[n_late++] = by;
			else
				tell_loss(session, loss, &by, 1, &f);
			continue;
		}
		if (f.type == FRAME_END)
			tell_loss(session, loss, late, n_late, &f);
		session_frame(session, &f);
	}
	assert_true(evaluation_end(ev, results));
	stream_free(stream);
	fclose(file);
	session_free(session);
	evaluation_free(ev);
	return n;
}

static void free_results(struct rule_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rule_result_free(&results[i]);
}

static void try_rule(struct rules sets[SETS_MAX], const char *text)
{
	struct rule_error err;
	size_t i = 0;

	while (sets[i].n == RULES_MAX)
		i++;
	assert_true(i < SETS_MAX);
	/* Not all that are put together make sense. */
	rules_add(&sets[i], text, strlen(text), NULL, 1, &err);
}

/* Every measure with every filter, and every field with values that it has. */
static void put_rules_together(struct rules sets[SETS_MAX])
{
	static const char *const measures[] = {
		"negotiations%s%s",  "asks%s%s",   "checks%s%s", "failures%s%s",
		"retries%s%s",	     "vms%s%s",	   "runs%s%s",	 "kernel-messages%s%s",
		"latency%s.count%s", "events%s%s",
	};
	static const char *const filters[] = {
		"",
		"{guest=newer}",
		"{guest!=newer}",
		"{guest=null}",
		"{cause=ok}",
		"{cause!=ok}",
		"{cause=struct-too-new}",
		"{cause=accepted}",
		"{ret<0}",
		"{ret=0}",
		"{errno=E2BIG}",
		"{errno=EINVAL}",
		"{outcome=failed}",
		"{outcome=recovered}",
		"{usize=24}",
		"{vm=2}",
		"{vm!=2}",
		"{queried=no}",
		"{queried=yes}",
		"{cause=newer-than-host|rejected}",
		"{comm~\"^ste\"}",
		"{guest=newer,ret=0}",
	};
	static const char *const values[] = { "=0",  "=1",  "=2", "!=0", ">=1",
					      ">=2", "<=1", "<3", ">4",	 "=0|3" };
	static const char *const others[] = {
		"guests",
		"causes",
		"causes{guest=newer}",
		"sizes",
		"sizes{guest=newer}",
		"modes",
		"modes{guest=newer}",
		"mode",
		"mode{guest=careful}",
		"story{guest=newer}",
		"story{guest=hasty}",
		"story{guest=careful}",
		"story{guest=null}",
		"negotiation.usize",
		"negotiation.usize{guest=newer}",
		"negotiation.errno{guest=newer}",
		"arch-compat.queried",
		"arch-compat.cause",
		"arch-compat.cause{guest=hasty}",
		"arch-compat.host_modes_source",
		"arch-compat.host_modes",
		"negotiation.guest",
		"negotiation.vm",
		"arch-compat.ret",
		"negotiation.cause{usize=24}",
		"retry.outcome",
		"retry.after_ns",
		"latency_ns",
		"latency.p99",
		"latency.max",
		"latency.min",
		"latency.p50{guest=newer}",
		"latency.mean",
		"end.totals.negotiations_failed",
		"end.totals.vms",
		"vm.story{guest=newer,event=ended}",
		"arch-compat.not_seen",
		"latency{guest=newer}.p90",
	};
	static const char *const other_values[] = {
		"=none",
		"<=ok+accepted",
		">=ok",
		"=ok+accepted",
		"=ok+ok-larger-struct+struct-too-new",
		"=24",
		"=24+48",
		"<=24+48",
		">=24",
		"!=48",
		"=POWER9",
		"=POWER9+POWER10",
		"=POWER9|POWER9+POWER10",
		"<=POWER9+POWER10",
		"=POWER9+POWER10+POWER11",
		"=careful+newer+hasty+broken+silent",
		">=careful",
		"=\"ask:POWER11:newer-than-host\"",
		"=\"check:1 query:ok ask:POWER9:accepted\"",
		"=\"query:struct-too-new query:ok query:ok-larger-struct\"",
		"~query",
		"~ask",
		"=yes",
		"=no",
		"=failed",
		"=recovered",
		"=E2BIG",
		"=null",
		"!=null",
		"<=48",
		"=negotiation",
		"=nested-capabilities",
		"=newer-than-host",
		"=accepted",
		"=accepted|newer-than-host",
		"<1ms",
		"<100us",
		">10us",
		"<1s",
		"=newer",
		"!=newer",
		"=-22|0",
		"=5",
		"=6",
		"<=2",
		"=1",
		"=2",
	};
	char text[256];

	for (size_t m = 0; m < COUNT(measures); m++)
		for (size_t f = 0; f < COUNT(filters); f++)
			for (size_t v = (m + f) % 2; v < COUNT(values); v += 2) {
				snprintf(text, sizeof(text), measures[m], filters[f], values[v]);
				try_rule(sets, text);
			}
	for (size_t m = 0; m < COUNT(others); m++)
		for (size_t v = 0; v < COUNT(other_values); v++) {
			snprintf(text, sizeof(text), "%s%s", others[m], other_values[v]);
			try_rule(sets, text);
		}
}

/* From less nothing may follow that does not follow from all. */
static void compare(const char *path, const struct loss *loss, const struct rules *rules,
		    const struct rule_result *whole, const struct rule_result *lossy,
		    size_t decided[RULE_VERDICTS])
{
	for (size_t i = 0; i < rules->n; i++) {
		decided[lossy[i].verdict]++;
		if (lossy[i].verdict == RULE_INCONCLUSIVE || lossy[i].verdict == whole[i].verdict)
			continue;
		fail_msg("%s, seed %" PRIu64
			 ", %u%%, tells %d%s: %s is %s (%s), and with all events %s (%s)",
			 path, loss->seed, loss->percent, loss->tells, loss->late ? " late" : "",
			 rules->list[i].text, rule_verdict_name(lossy[i].verdict), lossy[i].found,
			 rule_verdict_name(whole[i].verdict), whole[i].found);
	}
}

static size_t lose_in_all(const struct rules *rules, const struct files *files,
			  size_t decided[RULE_VERDICTS])
{
	static struct rule_result whole[RULES_MAX], lossy[RULES_MAX];
	size_t n_lost = 0;

	for (size_t i = 0; i < files->list.gl_pathc; i++) {
		const char *path = files->list.gl_pathv[i];

		verdicts(path, rules, NULL, whole);
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct loss loss = { .percent = (unsigned int[]){ 7, 25, 70 }[seed % 3],
					     .tells = seed / 3 % TELLS,
					     .late = seed % 2,
					     .seed = seed * 1000 + i };

			n_lost += verdicts(path, rules, &loss, lossy);
			compare(path, &loss, rules, whole, lossy, decided);
			free_results(lossy, rules->n);
		}
		free_results(whole, rules->n);
	}
	return n_lost;
}

static void test_losses_decide_nothing(void **state)
{
	size_t decided[RULE_VERDICTS] = { 0 }, n_lost = 0, n_rules = 0;
	struct rules sets[SETS_MAX] = { 0 };
	struct files files;

	(void)state;
	find_files(&files);
	put_rules_together(sets);
	for (size_t i = 0; i < SETS_MAX; i++) {
		n_rules += sets[i].n;
		if (sets[i].n)
			n_lost += lose_in_all(&sets[i], &files, decided);
		rules_free(&sets[i]);
	}
	print_message("# %zu rules, %zu calls lost: %zu kept, %zu broken, %zu inconclusive\n",
		      n_rules, n_lost, decided[RULE_HOLDS], decided[RULE_BROKEN],
		      decided[RULE_INCONCLUSIVE]);
	/* It is no virtue to decide nothing at all. */
	assert_true(n_rules > 1000);
	assert_true(n_lost > 100);
	assert_true(decided[RULE_HOLDS] > 10000);
	assert_true(decided[RULE_BROKEN] > 10000);
	assert_true(decided[RULE_INCONCLUSIVE] > 10000);
	globfree(&files.list);
}

/* What is quick to come by is what the stream has. */
static void compare_values(const struct event *e, void *ctx)
{
	static const char *const paths[] = { "type",  "guest", "comm",	     "vm",    "vm_name",
					     "cause", "ret",   "latency_ns", "usize", "outcome" };
	struct values *vs = ctx;

	values_set(vs, e);
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct value_path quick = value_path_of(paths[i]), slow = quick;
		struct value a, b;

		assert_non_null(quick.get);
		slow.get = NULL;
		value_of(vs, &quick, &a);
		value_of(vs, &slow, &b);
		assert_int_equal(a.kind, b.kind);
		assert_true(a.number == b.number);
		assert_int_equal(a.soft, b.soft);
		assert_int_equal(a.known, b.known);
		if (a.kind == VALUE_TEXT)
			assert_string_equal(a.text, b.text);
	}
}

static void test_quick_values(void **state)
{
	struct files files;
	struct values vs;

	(void)state;
	find_files(&files);
	assert_true(values_init(&vs));
	for (size_t i = 0; i < files.list.gl_pathc; i++) {
		FILE *file = fopen(files.list.gl_pathv[i], "r");
		struct stream *stream = stream_new(file, "x", false);
		struct session *session = session_new(compare_values, &vs);
		struct frame f;
		char error[512];

		while (stream_next(stream, &f, error, sizeof(error)) == STREAM_FRAME)
			session_frame(session, &f);
		session_free(session);
		stream_free(stream);
		fclose(file);
	}
	values_free(&vs);
	globfree(&files.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_never_told),
		cmocka_unit_test(test_released_too_long),
		cmocka_unit_test(test_filtered),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_lost_after_its_end),
		cmocka_unit_test(test_lost_of_older),
		cmocka_unit_test(test_retry_made_up),
		cmocka_unit_test(test_unknown_values),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_many_vms),
		cmocka_unit_test(test_losses_decide_nothing),
		cmocka_unit_test(test_quick_values),
	};

	(void)record; /* of recording.h, whose calls alone are of use here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
