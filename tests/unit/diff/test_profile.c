// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "../profiles.h"

#include "kvm/guest.h"
#include "check/rules.h"
#include "lib/text.h"

static const struct who *who(const struct profile *p, const char *guest)
{
	for (size_t i = 0; i < p->n_who; i++)
		if (guest ? p->who[i]->guest && !strcmp(p->who[i]->guest, guest) :
			    !p->who[i]->guest)
			return p->who[i];
	fail_msg("no such guest: %s", guest ? guest : "(none)");
	return NULL;
}

static void assert_has(const char *text, const char *line)
{
	char with_end[4096];

	snprintf(with_end, sizeof(with_end), "\n%s\n", line);
	if (!strstr(text, with_end))
		fail_msg("no line %s in\n%s", line, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("%s is in\n%s", part, text);
}

/* ------------------------------------------------------------------ baselines */

static void test_baseline_of_a_recording(void **state)
{
	struct profile *p = profile_of_file("debian-7.3-p10-v1");
	char *text = baseline_of(p);

	(void)state;
	assert_null(profile_unfit(p));
	assert_string_equal(
		text,
		"# compatcaps-trace baseline 1\n"
		"# Written by compatcaps-trace " COMPATCAPS_VERSION
		": one rule per line. Review it, and remove rules that need not hold.\n"
		"causes=abi-mismatch+accepted+before-papr+copyout-failed+newer-than-host+ok+ok-larger-struct+"
		"size-over-page+size-too-small+struct-too-new\n"
		"causes{guest=broken}=copyout-failed+size-over-page+size-too-small\n"
		"causes{guest=careful}=accepted+ok\n"
		"causes{guest=hasty}=newer-than-host\n"
		"causes{guest=newer}=ok+ok-larger-struct+struct-too-new\n"
		"causes{guest=null}=abi-mismatch\n"
		"causes{guest=silent}=none\n"
		"causes{guest=unfit}=before-papr\n"
		"guests=broken+careful+hasty+newer+silent+unfit\n"
		"kernel-messages=0\n"
		"lost=0\n"
		"modes{guest=careful,source=negotiation}=POWER9+POWER10\n"
		"modes{guest=newer,source=negotiation}=POWER9+POWER10\n"
		"modes{source=negotiation}=POWER9+POWER10\n"
		"mode{guest=careful}=POWER9\n"
		"retries{outcome=failed}=0\n"
		"sizes{guest=careful}=24\n"
		"sizes{guest=newer}=24+48\n"
		"story{guest=broken}=\"query:size-too-small query:size-over-page "
		"query:copyout-failed\"\n"
		"story{guest=careful}=\"check:1 query:ok ask:POWER9:accepted\"\n"
		"story{guest=hasty}=\"ask:POWER11:newer-than-host\"\n"
		"story{guest=newer}=\"query:struct-too-new query:ok query:ok-larger-struct\"\n"
		"story{guest=null}=\"query:abi-mismatch\"\n"
		"story{guest=silent}=\"\"\n"
		"story{guest=unfit}=\"ask:POWER9:before-papr run:EINVAL\"\n");
	free(text);
	profile_free(p);
}

/* What is read from a baseline is the baseline that is written of it. */
static void assert_round_trip(const char *text)
{
	struct profile *read = profile_of_baseline(text);
	char *again = baseline_of(read);

	assert_int_equal(read->n_others, 0);
	/* Notes are for people. */
	while (*text == '#')
		text = strchr(text, '\n') + 1;
	assert_string_equal(strstr(again, "need not hold.\n") + strlen("need not hold.\n"), text);
	free(again);
	profile_free(read);
}

static void test_baselines_are_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(recordings); i++) {
		struct profile *p = profile_of_file(recordings[i]);
		char *text = baseline_of(p);

		assert_null(profile_unfit(p));
		assert_round_trip(text);
		free(text);
		profile_free(p);
	}
}

/* ------------------------------------------------------------------ the same, run anew */

/* A frame of a recording, with all that it points to. */
struct kept {
	struct frame frame;
	struct cc_record rec;
	struct kept *next;
};

#define TEXTS_MAX 4096
static struct {
	struct kept *frames[512];
	size_t n;
	char *texts[TEXTS_MAX];
	size_t n_texts;
} kept;

static const char *keep_text(const char *text)
{
	if (!text)
		return NULL;
	assert_true(kept.n_texts < TEXTS_MAX);
	return kept.texts[kept.n_texts++] = strdup(text);
}

static void keep_frame(const struct frame *f)
{
	struct kept *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	k->frame = *f;
	if (f->type == FRAME_KERNEL) {
		k->rec = *f->kernel.rec;
		k->frame.kernel = (typeof(f->kernel)){ &k->rec, keep_text(f->kernel.text), NULL,
						       NULL };
	} else if (f->type == FRAME_CALL) {
		k->rec = *f->call.rec;
		k->frame.call.rec = &k->rec;
		k->frame.call.name_option = keep_text(f->call.name_option);
		k->frame.call.cgroup = NULL;
	} else if (f->type == FRAME_VM) {
		k->frame.vm.vm_name = keep_text(f->vm.vm_name);
		k->frame.vm.comm = keep_text(f->vm.comm);
		k->frame.vm.name_option = keep_text(f->vm.name_option);
		k->frame.vm.cgroup = NULL;
	} else if (f->type == FRAME_ATTACH) {
		k->frame.attach.why = NULL;
		assert_int_equal(f->attach.n_older, 0);
	} else if (f->type == FRAME_TRACE) {
		k->frame.trace.id = (struct host_id){ .name = "other", .boot_id = "other" };
		k->frame.trace.filters.text = "";
	}
	assert_true(kept.n < COUNT(kept.frames));
	kept.frames[kept.n++] = k;
}

static void keep_recording(const char *name)
{
	FILE *f = open_recording(name);
	struct stream *stream = stream_new(f, name, false);
	char error[512];
	struct frame frame;

	while (stream_next(stream, &frame, error, sizeof(error)) == STREAM_FRAME)
		keep_frame(&frame);
	stream_free(stream);
	fclose(f);
}

static void forget_recording(void)
{
	for (size_t i = 0; i < kept.n; i++)
		free(kept.frames[i]);
	for (size_t i = 0; i < kept.n_texts; i++)
		free(kept.texts[i]);
	memset(&kept, 0, sizeof(kept));
}

/* Whose frame it is: in these recordings each VM has a process of its own. 0: that of none. */
static uint64_t vm_of(const struct kept *k)
{
	if (k->frame.type == FRAME_CALL || k->frame.type == FRAME_KERNEL)
		return k->rec.vm_ino ? k->rec.pid : 0;
	return k->frame.type == FRAME_VM ? k->frame.vm.pid : 0;
}

static void change_record(struct cc_record *r)
{
	r->pid += 4000;
	r->tid += 4000;
	r->mono_ns += 3600000000000;
	r->latency_ns = r->latency_ns * 3 + 1;
	if (!r->vm)
		return;
	r->vm ^= 0x7777000;
	r->vm_ino = r->vm_ino ? 100000 - r->vm_ino : 0;
	if (r->vm_name[0])
		r->vm_name[0] = '9';
	r->arg ^= r->type == CC_NEGOTIATION ? 0x1000 : 0;
}

/* Another host, another day: numbers, and names made of them, that mean nothing. */
static void change_numbers(void)
{
	for (size_t i = 0; i < kept.n; i++) {
		struct kept *k = kept.frames[i];

		if (k->frame.type == FRAME_CALL || k->frame.type == FRAME_KERNEL) {
			change_record(&k->rec);
		} else if (k->frame.type == FRAME_VM) {
			k->frame.vm.number ^= 0x7777000;
			k->frame.vm.ino = k->frame.vm.ino ? 100000 - k->frame.vm.ino : 0;
			k->frame.vm.pid += 4000;
			if (k->frame.vm.vm_name)
				((char *)k->frame.vm.vm_name)[0] = '9';
		}
		k->frame.mono_ns += 3600000000000;
		k->frame.real_ns += 3600000000000;
	}
}

/* The VMs by the order of their first frames. */
static size_t list_vms(uint64_t vms[64])
{
	size_t n = 0;

	for (size_t i = 0; i < kept.n; i++) {
		uint64_t vm = vm_of(kept.frames[i]);
		size_t at = 0;

		while (at < n && vms[at] != vm)
			at++;
		if (vm && at == n)
			vms[n++] = vm;
	}
	assert_true(n > 1 && n < 64);
	return n;
}

static void tell_others(struct session *session, bool last)
{
	for (size_t i = 0; i < kept.n; i++)
		if (!vm_of(kept.frames[i]) && (kept.frames[i]->frame.type == FRAME_END) == last)
			session_frame(session, &kept.frames[i]->frame);
}

/* The k-th frame of this VM; NULL: it has not so many. */
static struct kept *frame_of(uint64_t vm, size_t k)
{
	for (size_t i = 0; i < kept.n; i++)
		if (vm_of(kept.frames[i]) == vm && !k--)
			return kept.frames[i];
	return NULL;
}

/* Of each VM a frame in turn, so that none has two of its frames one after the other. */
static char *interleaved(bool backwards)
{
	struct profile *p = profile_new();
	struct session *session = session_new(profile_event, p);
	uint64_t vms[64];
	size_t n = list_vms(vms), told = 1;
	char *text;

	tell_others(session, false);
	for (size_t k = 0; told; k++) {
		told = 0;
		for (size_t i = 0; i < n; i++) {
			struct kept *next = frame_of(vms[backwards ? n - 1 - i : i], k);

			if (!next)
				continue;
			session_frame(session, &next->frame);
			told++;
		}
	}
	tell_others(session, true);
	session_free(session);
	assert_null(profile_unfit(p));
	text = baseline_of(p);
	profile_free(p);
	return text;
}

static void test_another_run_has_the_same_baseline(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(recordings); i++) {
		struct profile *p = profile_of_file(recordings[i]);
		char *text = baseline_of(p), *again;

		keep_recording(recordings[i]);
		change_numbers();
		for (int backwards = 0; backwards < 2; backwards++) {
			again = interleaved(backwards);
			assert_string_equal(again, text);
			free(again);
		}
		forget_recording();
		free(text);
		profile_free(p);
	}
}

/* ------------------------------------------------------------------ names */

static void test_any_name_is_read_back(void **state)
{
	/* As people and libvirt give them, and as those who mean no good. */
	static const char *const names[] = {
		"db1",	       "null",	    "none",  "5",
		"0x10",	       "5ms",	    "a b",   " a",
		"a\"b",	       "\"",	    "\\",    "\\x22",
		"a\nlost=0",   "a\033[31m", "{}",    "a{b=c}",
		"a+b",	       "a|b",	    "a:b",   "#a",
		"a#b",	       "a=b",	    "-",     "~",
		"\303\274ber", "\377",	    "guest", "!@$%^&*()[];'<>?/.,,`",
	};
	struct made m = make();
	struct profile *p, *read;
	char *text;

	(void)state;
	for (unsigned int i = 0; i < COUNT(names); i++) {
		char args[128] = "-name\0guest=", option[GUEST_OPTION_LEN], name[GUEST_NAME_LEN];
		size_t len = 12 + strlen(names[i]) + 1;

		strcpy(args + 12, names[i]);
		guest_option(option, sizeof(option), args, len);
		create(&m, i + 1, option);
		query(&m, i + 1, POWER10);
		ask(&m, i + 1, 0x0f000005, 0);
		end(&m, i + 1);
		assert_true(*guest_name(name, sizeof(name), option));
	}
	create(&m, 1000, NULL);
	end(&m, 1000);
	p = finish(&m, false);
	assert_int_equal(p->n_who, COUNT(names) + 1);
	text = baseline_of(p);
	assert_null(profile_unfit(p));
	assert_has(text, "causes{guest=\"null\"}=accepted+ok");
	assert_has(text, "causes{guest=null}=none");
	assert_has(text, "causes{guest=\"a\\x0alost=0\"}=accepted+ok");
	assert_has_not(text, "No rule");
	assert_round_trip(text);
	read = profile_of_baseline(text);
	assert_int_equal(read->n_who, p->n_who);
	for (size_t i = 0; i < p->n_who; i++)
		if (p->who[i]->guest)
			assert_string_equal(read->who[i]->guest, p->who[i]->guest);
	profile_free(read);
	free(text);
	profile_free(p);
}

/* ------------------------------------------------------------------ bounds */

static void test_many_guests(void **state)
{
	struct made m = make();
	struct profile *p;
	char option[32];

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int n = i * 7919 % 100000;

		snprintf(option, sizeof(option), "guest=g%05u", n);
		create(&m, i + 1, option);
		query(&m, i + 1, POWER10);
		end(&m, i + 1);
	}
	p = finish(&m, false);
	assert_int_equal(p->n_vms, 100000);
	assert_int_equal(p->n_who, PROFILE_WHO_MAX);
	assert_int_equal(p->n_rest, 100000 - PROFILE_WHO_MAX);
	assert_int_equal(p->all.causes[CAUSE_OK], 100000);
	/* Which ones are kept does not hang on the order. */
	assert_string_equal(p->who[0]->guest, "g00000");
	assert_string_equal(p->who[PROFILE_WHO_MAX - 1]->guest, "g04095");
	assert_non_null(profile_unfit(p));
	profile_free(p);
}

static void test_many_vms_at_once(void **state)
{
	struct made m = make();
	struct profile *p;

	(void)state;
	for (unsigned int i = 1; i <= 10000; i++)
		create(&m, i, NULL);
	for (unsigned int i = 1; i <= 10000; i++)
		query(&m, i, POWER10);
	for (unsigned int i = 1; i <= 10000; i++)
		end(&m, i);
	p = finish(&m, false);
	assert_int_equal(p->n_vms, 10000);
	assert_int_equal(p->n_who, PROFILE_WHO_MAX);
	assert_int_equal(p->n_rest, 10000 - PROFILE_WHO_MAX);
	assert_int_equal(p->all.causes[CAUSE_OK], 10000);
	assert_int_equal(p->who[0]->tally.causes[CAUSE_OK], 1);
	profile_free(p);
}

/* Of one guest more different things than are remembered. */
static void test_many_things_of_a_guest(void **state)
{
	struct made m = make();
	struct profile *p;
	char *text;

	(void)state;
	for (unsigned int i = 1; i <= 100; i++) {
		create(&m, i, "guest=a");
		for (unsigned int k = 0; k < i; k++) {
			struct cc_record r = answered(&m, i, 24 + 8 * k, POWER10);

			call(&m, &r);
			ask(&m, i, 0x0f000000 + k, 0);
		}
		end(&m, i);
	}
	p = finish(&m, false);
	assert_int_equal(p->n_who, 1);
	assert_int_equal(p->who[0]->n_vms, 100);
	assert_int_equal(p->who[0]->stories.n, PROFILE_STORIES_MAX);
	assert_true(p->who[0]->stories.more);
	assert_true(p->who[0]->story_cut);
	assert_int_equal(p->who[0]->tally.sizes.n, PROFILE_NUMBERS_MAX);
	assert_true(p->who[0]->tally.sizes.more);
	assert_true(p->who[0]->tally.accepted.more);
	text = baseline_of(p);
	assert_has_not(text, "\nsizes{");
	assert_has_not(text, "\nmode{");
	assert_has_not(text, "\nstory{");
	assert_has(text, "# No rule for story of guest=a: it is too large");
	free(text);
	profile_free(p);
}

/* ------------------------------------------------------------------ what is not said */

static void test_unfit(void **state)
{
	struct profile *p;
	struct made m;

	(void)state;
	m = make();
	p = finish(&m, true);
	assert_string_equal(profile_unfit(p), "it is cut off");
	profile_free(p);

	m = make();
	lose(&m, NULL, 1);
	p = finish(&m, false);
	assert_string_equal(profile_unfit(p), "events were lost");
	profile_free(p);

	m = make_with((struct frame_filters){ .outcomes = true, .text = "--errors" }, ATTACH_FEXIT);
	p = finish(&m, false);
	assert_string_equal(profile_unfit(p), "a filter hides a part of the calls");
	profile_free(p);

	m = make();
	watch(&m, POINT_REG, ATTACH_ABSENT);
	watch(&m, POINT_REG, ATTACH_FEXIT);
	p = finish(&m, false);
	assert_string_equal(profile_unfit(p), "calls of KVM were not watched all the time");
	profile_free(p);

	m = make();
	watch(&m, POINT_BACKEND, ATTACH_ABSENT);
	p = finish(&m, false);
	assert_null(profile_unfit(p));
	profile_free(p);
}

static void test_only_what_was_watched(void **state)
{
	struct profile *p;
	struct made m = make();
	char *text;

	(void)state;
	watch(&m, POINT_CONSOLE, ATTACH_ABSENT);
	watch(&m, POINT_EXTENSION, ATTACH_ABSENT);
	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	end(&m, 1);
	p = finish(&m, false);
	text = baseline_of(p);
	assert_has(text, "runs=0");
	assert_has(text, "causes{guest=a}=ok");
	assert_has_not(text, "kernel-messages");
	assert_has_not(text, "story");
	free(text);
	profile_free(p);
}

/* A VM that is older than the trace did what nobody saw. */
static void test_older_vm_has_no_rules(void **state)
{
	struct profile *p;
	struct made m = make();
	char *text;

	(void)state;
	query(&m, 1, POWER10);
	create(&m, 2, "guest=b");
	end(&m, 2);
	p = finish(&m, false);
	text = baseline_of(p);
	assert_has(text, "causes{guest=b}=none");
	assert_has(text, "# No rule for what was seen of guest=null: it was not watched from its "
			 "birth to its end");
	assert_has_not(text, "\ncauses=");
	assert_has_not(text, "\nguests=");
	free(text);
	profile_free(p);
}

/* Sizes that a VMM never set differ from run to run. */
static void test_wild_sizes_are_no_rule(void **state)
{
	struct profile *p;
	struct made m = make();
	struct cc_record r;
	char *text;

	(void)state;
	create(&m, 1, "guest=a");
	r = answered(&m, 1, 0x7fff12345678, 0);
	r.ret = -7;
	r.out[0] = r.in[0];
	r.seen = CC_SEEN_OPS | CC_SEEN_WATCHED;
	call(&m, &r);
	query(&m, 1, POWER10);
	end(&m, 1);
	p = finish(&m, false);
	assert_int_equal(p->all.causes[CAUSE_SIZE_OVER_PAGE], 1);
	text = baseline_of(p);
	assert_has(text, "causes{guest=a}=ok+size-over-page");
	assert_has_not(text, "\nsizes");
	free(text);
	profile_free(p);
}

/* ------------------------------------------------------------------ VMs */

/* A name that comes late is the VM's all the same. */
static void test_late_name(void **state)
{
	struct profile *p;
	struct made m = make();
	struct cc_record r;

	(void)state;
	query(&m, 1, POWER10);
	create(&m, 1, "guest=late");
	r = answered(&m, 1, 24, POWER9);
	call(&m, &r);
	p = finish(&m, false);
	assert_int_equal(p->n_who, 1);
	assert_string_equal(p->who[0]->guest, "late");
	assert_int_equal(p->who[0]->tally.causes[CAUSE_OK], 2);
	assert_int_equal(p->who[0]->n_open, 1);
	profile_free(p);
}

static void test_vms_of_one_guest(void **state)
{
	struct profile *p;
	struct made m = make();
	char *text;

	(void)state;
	create(&m, 1, "guest=a");
	create(&m, 2, "guest=a");
	query(&m, 1, POWER10);
	query(&m, 2, POWER9);
	ask(&m, 2, 0x0f000005, 0);
	ask(&m, 1, 0x0f000006, 0);
	end(&m, 1);
	end(&m, 2);
	p = finish(&m, false);
	text = baseline_of(p);
	assert_has(text, "modes{guest=a,source=negotiation}=POWER9|POWER9+POWER10");
	assert_has(text, "mode{guest=a}=POWER9|POWER10");
	assert_has(text, "story{guest=a}=\"query:ok ask:POWER10:accepted\"|"
			 "\"query:ok ask:POWER9:accepted\"");
	assert_round_trip(text);
	free(text);
	profile_free(p);
}

static void test_unnamed_vms_by_birth(void **state)
{
	struct profile *p;
	struct made m = make();

	(void)state;
	create(&m, 5, NULL);
	create(&m, 6, "guest=x");
	create(&m, 7, NULL);
	query(&m, 7, POWER10);
	ask(&m, 5, 0, 0);
	end(&m, 7);
	end(&m, 6);
	end(&m, 5);
	p = finish(&m, false);
	assert_int_equal(p->n_who, 3);
	assert_string_equal(p->who[0]->guest, "x");
	assert_int_equal(p->who[1]->tally.asks[ARCH_HOST_DEFAULT], 1);
	assert_int_equal(p->who[2]->tally.causes[CAUSE_OK], 1);
	profile_join_unnamed(p);
	assert_int_equal(p->n_who, 2);
	assert_int_equal(who(p, NULL)->n_vms, 2);
	assert_int_equal(who(p, NULL)->stories.n, 2);
	assert_int_equal(who(p, NULL)->tally.causes[CAUSE_OK], 1);
	profile_join_unnamed(p);
	assert_int_equal(p->n_who, 2);
	profile_free(p);
}

static void test_loss_of_one_vm(void **state)
{
	static const struct loss_count of_1 = { { .vm = 1, .vm_ino = 1, .type = CC_NEGOTIATION },
						3 };
	struct profile *p;
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	create(&m, 2, "guest=b");
	lose(&m, &of_1, 3);
	p = finish(&m, false);
	assert_int_equal(p->lost, 3);
	assert_false(p->lost_any);
	assert_int_equal(who(p, "a")->lives[LIFE_LOSSY], 1);
	assert_int_equal(who(p, "b")->lives[LIFE_WHOLE], 1);
	profile_free(p);
}

/* The story of one that has ended is told again, with less that is sure: it is one VM. */
static void test_loss_after_its_end(void **state)
{
	static const struct loss_count of_any = { { .type = CC_NEGOTIATION }, 1 };
	struct profile *p;
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	end(&m, 1);
	lose(&m, &of_any, 1);
	p = finish(&m, false);
	assert_int_equal(p->lives[LIFE_LOSSY], 1);
	assert_int_equal(p->lives[LIFE_WHOLE], 0);
	assert_int_equal(who(p, "a")->lives[LIFE_LOSSY], 1);
	assert_int_equal(who(p, "a")->lives[LIFE_WHOLE], 0);
	assert_int_equal(who(p, "a")->n_vms, 1);
	profile_free(p);
}

static void test_loss_overflows(void **state)
{
	struct profile *p;
	struct made m = make();

	(void)state;
	lose(&m, NULL, UINT64_MAX);
	lose(&m, NULL, UINT64_MAX);
	p = finish(&m, false);
	assert_true(p->lost == UINT64_MAX);
	profile_free(p);
}

/* ------------------------------------------------------------------ baselines by hand */

static void test_rules_that_are_no_facts(void **state)
{
	struct profile *p = profile_of_baseline(RULES_BASELINE "\n"
							       "causes=ok # as it was\n"
							       "latency.p99<5ms\n"
							       "failures=0\n"
							       "causes{guest=a,ret<0}=ok\n"
							       "causes{guest=a|b}=ok\n"
							       "causes{guest=a}>=ok\n"
							       "causes{guest=a}=ok|accepted\n"
							       "lost<=5\n"
							       "mode=POWER9\n"
							       "retries=0\n"
							       "modes{guest=b}=none|POWER9\n"
							       "modes{guest=b,source=cpu-version}="
							       "POWER10\n"
							       "kernel-messages=0\n"
							       "guest=a:story=\"query:ok\"\n");

	(void)state;
	assert_int_equal(p->n_others, 10);
	assert_int_equal(p->told, TOLD(OF_CAUSES) | TOLD(OF_MESSAGES));
	assert_int_equal(who(p, "a")->told, TOLD(OF_STORY));
	assert_int_equal(who(p, "b")->told, TOLD(OF_OFFERED));
	assert_int_equal(who(p, "b")->tally.offered.n, 2);
	assert_true(who(p, "b")->tally.offered.list[1] == POWER9);
	assert_int_equal(p->all.causes[CAUSE_OK], 1);
	profile_free(p);
}

static void test_bad_baselines(void **state)
{
	static const char *const texts[] = { "#", "# compatcaps-trace baseline 2\ncauses=ok\n",
					     RULES_BASELINE "\ncauses=nonsense\n",
					     RULES_BASELINE "\nwhatever\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		FILE *f = fmemopen((void *)texts[i], strlen(texts[i]), "r");

		assert_true(baseline_begins(f));
		assert_null(baseline_read(f, "x"));
		fclose(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_baseline_of_a_recording),
		cmocka_unit_test(test_baselines_are_read_back),
		cmocka_unit_test(test_another_run_has_the_same_baseline),
		cmocka_unit_test(test_any_name_is_read_back),
		cmocka_unit_test(test_many_guests),
		cmocka_unit_test(test_many_vms_at_once),
		cmocka_unit_test(test_many_things_of_a_guest),
		cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_only_what_was_watched),
		cmocka_unit_test(test_older_vm_has_no_rules),
		cmocka_unit_test(test_wild_sizes_are_no_rule),
		cmocka_unit_test(test_late_name),
		cmocka_unit_test(test_vms_of_one_guest),
		cmocka_unit_test(test_unnamed_vms_by_birth),
		cmocka_unit_test(test_loss_of_one_vm),
		cmocka_unit_test(test_loss_after_its_end),
		cmocka_unit_test(test_loss_overflows),
		cmocka_unit_test(test_rules_that_are_no_facts),
		cmocka_unit_test(test_bad_baselines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
