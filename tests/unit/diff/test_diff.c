// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "../profiles.h"

#include <math.h>
#include <yyjson.h>

#include "diff/diff.h"
#include "lib/text.h"

/* ------------------------------------------------------------------ statistics */

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-9 * fabs(expected))
		fail_msg("%.12g is not %.12g", value, expected);
}

/* Times, as many of each value as its count says. */
static struct histogram spread(const uint64_t *values, const unsigned int *counts, size_t n)
{
	struct histogram h = { 0 };

	for (size_t i = 0; i < n; i++)
		for (unsigned int k = 0; k < counts[i]; k++)
			histogram_add(&h, values[i]);
	return h;
}

static struct histogram range(uint64_t first, uint64_t last)
{
	struct histogram h = { 0 };

	for (uint64_t i = first; i <= last; i++)
		histogram_add(&h, i);
	return h;
}

/*
 * 1 to 20 against 11 to 30. Of the 400 pairs 300 + 45 have a larger second number and 10 a tie:
 * U = 350. Ten ties of two: sum of t^3 - t is 60, variance 20*20/12 * (41 - 60/(40*39))
 * = 1365.3846, z = (|350 - 200| - 0.5) / sqrt of that = 4.0458865, p = erfc(z / sqrt 2).
 */
static void test_mann_whitney_by_hand(void **state)
{
	struct histogram a = range(1, 20), b = range(11, 30);
	struct comparison c = histogram_compare(&a, &b), back = histogram_compare(&b, &a);

	(void)state;
	assert_true(c.enough);
	assert_near(c.u, 350);
	assert_near(c.p, 5.212549620603763e-05);
	assert_near(c.larger, 0.875);
	assert_near(c.median_old, 10);
	assert_near(c.median_new, 20);
	assert_true(c.matters);
	assert_near(back.u, 50);
	assert_near(back.p, c.p);
	assert_near(back.larger, 0.125);
	assert_true(back.matters);
}

/* All of one below all of the other: U = 400, variance 20*20*41/12, z = 199.5 / its root. */
static void test_mann_whitney_apart(void **state)
{
	struct histogram a = range(1, 20), b = range(21, 40);
	struct comparison c = histogram_compare(&a, &b);

	(void)state;
	assert_near(c.u, 400);
	assert_near(c.p, 6.795615128173387e-08);
	assert_near(c.larger, 1);
}

/*
 * 5 and 6, ten of each, against five 5, ten 6 and ten 7. Pairs: a 5 has 20 larger ones and 5 ties,
 * a 6 has 10 and 10: U = 10 * (20 + 2.5) + 10 * (10 + 5) = 375. Ties of 15, 20 and 10: 3360 +
 * 7980 + 990 = 12330. Variance 20*25/12 * (46 - 12330/(45*44)) = 1657.19697.
 */
static void test_mann_whitney_ties(void **state)
{
	struct histogram a = spread((uint64_t[]){ 5, 6 }, (unsigned int[]){ 10, 10 }, 2);
	struct histogram b = spread((uint64_t[]){ 5, 6, 7 }, (unsigned int[]){ 5, 10, 10 }, 3);
	struct comparison c = histogram_compare(&a, &b);

	(void)state;
	assert_near(c.u, 375);
	assert_near(c.p, 0.0022258509336820463);
	assert_near(c.larger, 0.75);
	/* A sixth more, and in three pairs of four: certain, and yet nothing that matters. */
	assert_false(c.matters);
}

static void test_too_few_say_nothing(void **state)
{
	struct histogram a = range(1, 19), b = range(1001, 1100), c = range(1, 20);

	(void)state;
	assert_false(histogram_compare(&a, &b).enough);
	assert_false(histogram_compare(&b, &a).enough);
	assert_true(histogram_compare(&c, &b).enough);
	assert_true(histogram_compare(&c, &b).matters);
}

static void test_all_alike(void **state)
{
	struct histogram a = spread((uint64_t[]){ 7 }, (unsigned int[]){ 50 }, 1);
	struct comparison c = histogram_compare(&a, &a);

	(void)state;
	assert_near(c.p, 1);
	assert_near(c.larger, 0.5);
	assert_false(c.matters);
}

/* A million calls make a tenth more certain, and no more important. */
static void test_certain_is_not_important(void **state)
{
	struct histogram a = { 0 }, b = { 0 };
	struct comparison c;

	(void)state;
	for (uint64_t i = 0; i < 1000000; i++) {
		histogram_add(&a, 10000 + i % 10000);
		histogram_add(&b, 11000 + i % 10000);
	}
	c = histogram_compare(&a, &b);
	assert_true(c.p < 1e-100);
	assert_false(c.matters);
}

/* Two humps of which now the one and now the other is a little higher: medians far apart. */
static void test_medians_are_not_all(void **state)
{
	const uint64_t humps[] = { 10, 100 };
	struct histogram a = spread(humps, (unsigned int[]){ 51000, 49000 }, 2);
	struct histogram b = spread(humps, (unsigned int[]){ 49000, 51000 }, 2);
	struct comparison c = histogram_compare(&a, &b);

	(void)state;
	assert_true(c.p < 1e-10);
	assert_true(c.median_new > 9 * c.median_old);
	assert_false(c.matters);
}

static void test_resolution(void **state)
{
	(void)state;
	for (uint64_t v = 1; v; v = v * 2 > v ? v * 2 + v / 3 + 1 : 0) {
		struct histogram h = { 0 };

		histogram_add(&h, v);
		if (fabs(histogram_quantile(&h, 0.5) - (double)v) >
		    (double)v / HISTOGRAM_STEPS / 2 + 1e-9)
			fail_msg("%llu is kept as %f", (unsigned long long)v,
				 histogram_quantile(&h, 0.5));
	}
	for (uint64_t v = 0; v < 2 * HISTOGRAM_STEPS; v++) {
		struct histogram h = { 0 };

		histogram_add(&h, v);
		assert_near(histogram_quantile(&h, 0.5), (double)v);
	}
}

/* "From 1 us to 1 us, 999 ns in the median": no quantile lies outside of what was seen. */
static void test_quantiles_lie_between(void **state)
{
	(void)state;
	for (uint64_t v = 64; v < UINT64_C(1) << 40; v += v / 7) {
		struct histogram one = { 0 }, two = { 0 };

		histogram_add(&one, v);
		assert_int_equal((uint64_t)histogram_quantile(&one, 0.5), v);
		histogram_add(&two, v);
		histogram_add(&two, v + 1);
		for (int share = 0; share <= 100; share++) {
			uint64_t q = (uint64_t)histogram_quantile(&two, share / 100.0);

			assert_in_range(q, v, v + 1);
		}
	}
}

static void test_edges_of_the_histogram(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	assert_near(histogram_quantile(&h, 0.5), 0);
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, 0);
	assert_int_equal(h.n, 2);
	assert_near(histogram_quantile(&h, 0), 0);
	assert_near(histogram_quantile(&h, 0.5), 0);
	assert_true(histogram_quantile(&h, 1) > 1.8e19);
}

/* ------------------------------------------------------------------ two profiles */

static struct diff d;
static struct profile *profiles[2];

/* Takes the profiles. */
static void compare(struct profile *old, struct profile *new)
{
	profiles[0] = old;
	profiles[1] = new;
	diff_compare(&d, old, new, NULL);
	assert_false(d.no_memory);
}

static int forget(void **state)
{
	(void)state;
	diff_free(&d);
	profile_free(profiles[0]);
	profile_free(profiles[1]);
	profiles[0] = profiles[1] = NULL;
	return 0;
}

static const struct diff_result *result(const char *name, const char *guest)
{
	for (size_t i = 0; i < d.n; i++) {
		const struct diff_result *r = &d.results[i];

		if (!strcmp(r->name, name) &&
		    (guest ? r->who && r->who->guest && !strcmp(r->who->guest, guest) : !r->who))
			return r;
	}
	fail_msg("no result %s of %s", name, guest ? guest : "all");
	return NULL;
}

static void assert_result(const char *name, const char *guest, enum diff_outcome outcome)
{
	const struct diff_result *r = result(name, guest);

	if (r->outcome != outcome)
		fail_msg("%s of %s is %s (%s), not %s", name, guest ? guest : "all",
			 diff_outcome_name(r->outcome), r->why ? r->why : "-",
			 diff_outcome_name(outcome));
}

/* "causes broken other: -size-over-page +struct-too-new": what changed, one a line, sorted. */
static char *changes(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < d.n; i++) {
		const struct diff_result *r = &d.results[i];

		if (r->outcome != DIFF_CHANGED)
			continue;
		fprintf(f, "%s %s %s:", r->name,
			!r->who	      ? "*" :
			r->who->guest ? r->who->guest :
					"?",
			diff_trend_name(r->trend));
		for (size_t k = 0; k < r->old.n; k++)
			if (r->old.words[k].alone || r->shape == SHAPE_VALUE)
				fprintf(f, " -%s", r->old.words[k].text);
		for (size_t k = 0; k < r->new.n; k++)
			if (r->new.words[k].alone || r->shape == SHAPE_VALUE)
				fprintf(f, " +%s", r->new.words[k].text);
		fputc('\n', f);
	}
	fclose(f);
	return text;
}

static void assert_changes(const char *expected)
{
	char *text = changes();

	assert_string_equal(text, expected);
	free(text);
}

static void assert_note(const char *sentence)
{
	for (size_t i = 0; i < d.n_notes; i++)
		if (!strcmp(d.notes[i], sentence))
			return;
	fail_msg("not said: %s", sentence);
}

static void assert_counts_add_up(void)
{
	struct diff_count c = diff_count(&d);

	assert_int_equal(c.same + c.undecided + c.changed[TREND_WORSE] + c.changed[TREND_OTHER] +
				 c.changed[TREND_BETTER],
			 d.n);
}

/* Of each pair: the same is the same, and what changed the other way round is what changed. */
static void test_all_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(recordings); i++)
		for (size_t k = 0; k < COUNT(recordings); k++) {
			struct diff_count there, back;

			compare(profile_of_file(recordings[i]), profile_of_file(recordings[k]));
			there = diff_count(&d);
			assert_counts_add_up();
			if (i == k) {
				assert_int_equal(diff_outcome(&d), DIFF_SAME);
				assert_int_equal(d.n_facts, 0);
			} else {
				assert_int_not_equal(d.n_facts, 0);
			}
			diff_free(&d);
			diff_compare(&d, profiles[1], profiles[0], NULL);
			back = diff_count(&d);
			assert_int_equal(there.same, back.same);
			assert_int_equal(there.undecided, back.undecided);
			assert_int_equal(there.changed[TREND_OTHER] + there.changed[TREND_WORSE] +
						 there.changed[TREND_BETTER],
					 back.changed[TREND_OTHER] + back.changed[TREND_WORSE] +
						 back.changed[TREND_BETTER]);
			forget(NULL);
		}
}

/* A kernel of the posted series: no larger struct whose tail is not zero, and none above a page. */
static void test_another_abi(void **state)
{
	(void)state;
	compare(profile_of_file("debian-7.3-p10-v1"), profile_of_file("patched-7.2-p10-v1"));
	assert_changes("retries-failed * worse: -0 +1\n"
		       "causes * other: -ok-larger-struct -size-over-page\n"
		       "sizes * other: +4097\n"
		       "causes broken other: -size-over-page +struct-too-new\n"
		       "sizes broken other: +4097\n"
		       "story broken other: -query:size-too-small query:size-over-page "
		       "query:copyout-failed +query:size-too-small query:struct-too-new "
		       "query:copyout-failed\n"
		       "causes newer other: -ok-larger-struct\n"
		       "story newer other: -query:struct-too-new query:ok query:ok-larger-struct "
		       "+query:struct-too-new query:ok query:struct-too-new\n");
	assert_string_equal(d.facts[0].name, "kernel");
	assert_string_equal(d.facts[2].name, "kernel_cmd");
	assert_string_equal(d.facts[2].old, "0x2000aeb8 (mainline)");
	assert_string_equal(d.facts[2].new, "0x2000aee4 (v5)");
}

/* A kernel without the feature. */
static void test_no_abi(void **state)
{
	(void)state;
	compare(profile_of_file("debian-7.3-p11-as-p10-v2"),
		profile_of_file("debian-6.12-p11-as-p10-v2"));
	assert_result("causes", NULL, DIFF_CHANGED);
	assert_int_equal(result("causes", NULL)->trend, TREND_WORSE);
	assert_result("modes", NULL, DIFF_CHANGED);
	assert_int_equal(result("modes", NULL)->trend, TREND_WORSE);
	/* This kernel does not check what a VMM asks for. */
	assert_string_equal(result("causes", "hasty")->new.words[0].text, "accepted-above-host");
	assert_result("guests", NULL, DIFF_SAME);
	assert_result("causes", "silent", DIFF_SAME);
	assert_int_equal(diff_outcome(&d), DIFF_CHANGED);
}

/* Another mode of the host, and nothing else. */
static void test_another_host(void **state)
{
	(void)state;
	compare(profile_of_file("debian-7.3-p10-v1"), profile_of_file("debian-7.3-p10-as-p9-v2"));
	assert_changes("modes * worse: -POWER9 POWER10 +POWER9\n"
		       "kernel-messages * worse: -0 +7\n"
		       "modes careful worse: -POWER9 POWER10 +POWER9\n"
		       "modes newer worse: -POWER9 POWER10 +POWER9\n");
}

static void test_baseline_and_recording(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(recordings); i++)
		for (int turn = 0; turn < 2; turn++) {
			struct profile *p = profile_of_file(recordings[i]), *read;
			char *text = baseline_of(p);

			read = profile_of_baseline(text);
			free(text);
			profile_join_unnamed(p);
			compare(turn ? p : read, turn ? read : p);
			assert_int_equal(diff_outcome(&d), DIFF_SAME);
			assert_true(d.n >= 15);
			forget(NULL);
		}
}

/* ------------------------------------------------------------------ what was not seen */

static struct profile *plain(bool both)
{
	struct made m = make();

	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	if (both)
		ask(&m, 1, 0x0f000005, 0);
	end(&m, 1);
	return finish(&m, false);
}

static struct profile *lossy(bool both)
{
	struct made m = make();

	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	lose(&m, NULL, 1);
	if (both)
		ask(&m, 1, 0x0f000005, 0);
	end(&m, 1);
	return finish(&m, false);
}

static void test_gone_is_gone(void **state)
{
	(void)state;
	compare(plain(true), plain(false));
	assert_changes("mode * worse: -POWER9\n"
		       "mode a worse: -POWER9\n"
		       "causes * other: -accepted\n"
		       "causes a other: -accepted\n"
		       "story a other: -query:ok ask:POWER9:accepted +query:ok\n");
}

static void test_gone_may_be_lost(void **state)
{
	const struct diff_result *r;

	(void)state;
	compare(plain(true), lossy(false));
	assert_changes("lost * worse: -0 +1\n");
	assert_result("runs", NULL, DIFF_UNDECIDED);
	assert_result("kernel-messages", NULL, DIFF_UNDECIDED);
	assert_result("causes", NULL, DIFF_UNDECIDED);
	assert_result("causes", "a", DIFF_UNDECIDED);
	assert_result("story", "a", DIFF_UNDECIDED);
	r = result("causes", "a");
	assert_string_equal(r->why, "events were lost in NEW");
	assert_true(r->old.words[0].alone && r->old.words[0].doubtful);
}

static void test_new_is_new_where_old_was_whole(void **state)
{
	(void)state;
	compare(plain(false), lossy(true));
	assert_result("causes", "a", DIFF_CHANGED);
	assert_result("mode", "a", DIFF_CHANGED);
	forget(NULL);
	compare(lossy(false), plain(true));
	assert_result("causes", "a", DIFF_UNDECIDED);
	assert_string_equal(result("causes", "a")->why, "events were lost in OLD");
}

/* What the kernel counted by type is no doubt about the others. */
static void test_loss_of_messages(void **state)
{
	static const struct loss_count by = { { .type = CC_KERNEL }, 2 };
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	lose(&m, &by, 2);
	end(&m, 1);
	compare(plain(true), finish(&m, false));
	assert_result("causes", "a", DIFF_CHANGED);
	assert_result("causes", NULL, DIFF_CHANGED);
	assert_result("runs", NULL, DIFF_SAME);
	assert_result("kernel-messages", NULL, DIFF_UNDECIDED);
	assert_result("lost", NULL, DIFF_CHANGED);
}

/* Nothing differs of what was seen; what was lost may. */
static void test_same_may_be_lost(void **state)
{
	(void)state;
	compare(lossy(true), lossy(true));
	assert_result("causes", "a", DIFF_UNDECIDED);
	assert_string_equal(result("causes", "a")->why,
			    "events were lost in OLD, and events were lost in NEW");
	assert_result("lost", NULL, DIFF_SAME);
	assert_int_equal(diff_outcome(&d), DIFF_UNDECIDED);
}

static void test_guest_may_be_cut_off(void **state)
{
	struct profile *new;
	struct made m = make();

	(void)state;
	new = finish(&m, true);
	compare(plain(true), new);
	assert_result("guests", NULL, DIFF_UNDECIDED);
	assert_string_equal(result("guests", NULL)->why, "NEW is cut off");
	forget(NULL);
	m = make();
	new = finish(&m, false);
	compare(plain(true), new);
	assert_result("guests", NULL, DIFF_CHANGED);
}

/* A VM that had ended was seen whole, though the recording is cut off. */
static void test_cut_off_after_its_end(void **state)
{
	struct profile *new;
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	end(&m, 1);
	create(&m, 2, "guest=b");
	new = finish(&m, true);
	compare(plain(true), new);
	assert_result("causes", "a", DIFF_CHANGED);
	assert_result("causes", NULL, DIFF_UNDECIDED);
}

static void test_older_vm(void **state)
{
	static const uint64_t older[] = { 1 };
	struct profile *new;
	struct made m = make();

	(void)state;
	hand_over(&m, (struct frame){ .type = FRAME_ATTACH,
				      .attach = { .point = POINT_IOCTL,
						  .how = ATTACH_FEXIT,
						  .known = true,
						  .older = older,
						  .n_older = 1 } });
	new = finish(&m, false);
	compare(plain(true), new);
	assert_result("guests", NULL, DIFF_UNDECIDED);
	assert_string_equal(result("guests", NULL)->why,
			    "NEW has a VM that is older than the recording");
}

static void test_other_filters(void **state)
{
	struct profile *new;
	struct made m = make_with((struct frame_filters){ .text = "--comm qemu" }, ATTACH_FEXIT);

	(void)state;
	new = finish(&m, false);
	compare(plain(true), new);
	assert_result("guests", NULL, DIFF_UNDECIDED);
	assert_string_equal(d.facts[d.n_facts - 1].name, "filters");
}

/* Of calls that a filter hides nobody knows whether they are the same. */
static void test_hidden_outcomes(void **state)
{
	struct profile *both[2];

	(void)state;
	for (int side = 0; side < 2; side++) {
		struct made m = make_with((struct frame_filters){ .outcomes = side,
								  .text = "--errors" },
					  ATTACH_FEXIT);

		create(&m, 1, "guest=a");
		query(&m, 1, POWER10);
		end(&m, 1);
		both[side] = finish(&m, false);
	}
	compare(both[0], both[1]);
	assert_result("causes", "a", DIFF_UNDECIDED);
	assert_result("retries-failed", NULL, DIFF_UNDECIDED);
	assert_string_equal(result("causes", "a")->why,
			    "a filter of NEW hides a part of the calls");
	forget(NULL);
	/* So it is where no VM was seen at all. */
	for (int side = 0; side < 2; side++) {
		struct made m = make_with((struct frame_filters){ .outcomes = true,
								  .text = "--errors" },
					  ATTACH_FEXIT);

		both[side] = finish(&m, false);
	}
	compare(both[0], both[1]);
	assert_result("causes", NULL, DIFF_UNDECIDED);
	assert_result("guests", NULL, DIFF_UNDECIDED);
}

/* A loss after all that is known of a VM that lives on. */
static void test_loss_while_it_lives(void **state)
{
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	lose(&m, NULL, 1);
	compare(plain(true), finish(&m, false));
	assert_result("causes", "a", DIFF_UNDECIDED);
	assert_result("mode", "a", DIFF_UNDECIDED);
}

/* A newer mode that the host does not offer is no better one. */
static void test_mode_above_the_host(void **state)
{
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	ask(&m, 1, 0x0f000007, 0);
	end(&m, 1);
	compare(plain(true), finish(&m, false));
	assert_result("mode", "a", DIFF_CHANGED);
	assert_int_equal(result("mode", "a")->trend, TREND_OTHER);
	assert_int_equal(result("causes", "a")->trend, TREND_WORSE);
}

static void test_newer_mode(void **state)
{
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	ask(&m, 1, 0x0f000006, 0);
	end(&m, 1);
	compare(plain(true), finish(&m, false));
	assert_changes("story a other: -query:ok ask:POWER9:accepted "
		       "+query:ok ask:POWER10:accepted\n"
		       "mode * better: -POWER9 +POWER10\n"
		       "mode a better: -POWER9 +POWER10\n");
}

static struct profile *refused_and_run(struct made m, bool run)
{
	struct cc_record r;

	create(&m, 1, "guest=a");
	ask(&m, 1, 0x0f000005, -22);
	r = record_of(&m, 1, CC_RUN, -22);
	if (run)
		call(&m, &r);
	end(&m, 1);
	return finish(&m, false);
}

/* It does not see that a run fails: its story may have ended the same way. */
static void test_story_of_an_older_tracer(void **state)
{
	const struct frame_filters none = { .text = "" };

	(void)state;
	compare(refused_and_run(make_older(none, ATTACH_FEXIT), false),
		refused_and_run(make(), true));
	assert_result("story", "a", DIFF_UNDECIDED);
	forget(NULL);
	compare(refused_and_run(make_older(none, ATTACH_FEXIT), false),
		refused_and_run(make(), false));
	assert_result("story", "a", DIFF_SAME);
	forget(NULL);
	compare(refused_and_run(make(), false), refused_and_run(make(), true));
	assert_result("story", "a", DIFF_CHANGED);
}

static void test_runs_and_messages(void **state)
{
	struct cc_record r;
	struct profile *new;
	struct made m = make();

	(void)state;
	create(&m, 1, "guest=a");
	query(&m, 1, POWER10);
	ask(&m, 1, 0x0f000005, 0);
	r = record_of(&m, 1, CC_RUN, -22);
	call(&m, &r);
	r = record_of(&m, 1, CC_KERNEL, 0);
	r.arg = strlen("KVM: x");
	hand_over(&m,
		  (struct frame){ .type = FRAME_KERNEL, .kernel = { &r, "KVM: x", NULL, NULL } });
	end(&m, 1);
	new = finish(&m, false);
	compare(plain(true), new);
	assert_changes("runs * worse: -0 +1\n"
		       "kernel-messages * worse: -0 +1\n"
		       "story a other: -query:ok ask:POWER9:accepted "
		       "+query:ok ask:POWER9:accepted run:EINVAL\n");
}

/* A recording of an older tracer has neither, and that is no zero. */
static void test_not_watched_is_not_none(void **state)
{
	(void)state;
	compare(profile_of_file("older/debian-7.3-p11-as-p10-v2"), plain(true));
	for (size_t i = 0; i < d.n; i++)
		assert_string_not_equal(d.results[i].name, "runs");
	assert_note("runs that failed: watched only in NEW");
	assert_note("messages of the kernel: watched only in NEW");
}

/* ------------------------------------------------------------------ VMs without a name */

static struct profile *unnamed(unsigned int first, unsigned int n)
{
	struct made m = make();

	for (unsigned int i = 1; i <= n; i++) {
		create(&m, i, NULL);
		if (i >= first)
			query(&m, i, POWER10);
		end(&m, i);
	}
	return finish(&m, false);
}

static void test_unnamed_by_birth(void **state)
{
	const struct diff_result *r;

	(void)state;
	compare(unnamed(2, 3), unnamed(3, 4));
	r = result("unnamed", NULL);
	assert_int_equal(r->outcome, DIFF_CHANGED);
	assert_string_equal(r->old.words[0].text, "3");
	assert_string_equal(r->new.words[0].text, "4");
	/* The second one does not query any more; the third does as before. */
	assert_changes("modes ? worse: -POWER9 POWER10\n"
		       "unnamed * other: -3 +4\n"
		       "causes ? other: -ok\n"
		       "sizes ? other: -24\n"
		       "story ? other: -query:ok +\n");
}

/* ------------------------------------------------------------------ latencies */

static struct profile *timed(enum attach_how how, unsigned int n, uint64_t ns)
{
	struct made m = make_with((struct frame_filters){ .text = "" }, how);

	create(&m, 1, "guest=a");
	for (unsigned int i = 0; i < n; i++) {
		struct cc_record r = answered(&m, 1, 24, POWER10);

		r.latency_ns = ns + i;
		call(&m, &r);
	}
	end(&m, 1);
	return finish(&m, false);
}

static bool has_result(const char *name)
{
	for (size_t i = 0; i < d.n; i++)
		if (!strcmp(d.results[i].name, name))
			return true;
	return false;
}

static void test_latencies(void **state)
{
	(void)state;
	compare(timed(ATTACH_FEXIT, 30, 1000), timed(ATTACH_FEXIT, 40, 2000));
	assert_result("latency-ok", NULL, DIFF_CHANGED);
	assert_int_equal(result("latency-ok", NULL)->trend, TREND_WORSE);
	assert_non_null(strstr(result("latency-ok", NULL)->why, "Mann-Whitney"));
	forget(NULL);
	compare(timed(ATTACH_FEXIT, 30, 2000), timed(ATTACH_FEXIT, 40, 1000));
	assert_int_equal(result("latency-ok", NULL)->trend, TREND_BETTER);
	forget(NULL);
	compare(timed(ATTACH_FEXIT, 30, 1000), timed(ATTACH_FEXIT, 40, 1001));
	assert_result("latency-ok", NULL, DIFF_SAME);
}

static void test_latencies_that_say_nothing(void **state)
{
	(void)state;
	compare(timed(ATTACH_FEXIT, 30, 1000), timed(ATTACH_FEXIT, 19, 100000));
	assert_false(has_result("latency-ok"));
	assert_note(
		"latency of queries that succeeded: 30 calls in OLD, 19 in NEW; at least 20 each are "
		"needed");
	forget(NULL);
	compare(timed(ATTACH_FEXIT, 30, 1000), timed(ATTACH_KPROBE, 30, 100000));
	assert_false(has_result("latency-ok"));
	assert_note("latency of queries that succeeded: calls were watched by another method");
}

/* ------------------------------------------------------------------ outputs */

static char *shown(bool json)
{
	const struct diff_input in[2] = { { "a\033[31m.jsonl", profiles[0] },
					  { "b.jsonl", profiles[1] } };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (json)
		assert_true(diff_show_json(f, &d, in));
	else
		diff_show_text(f, &d, in, false);
	fclose(f);
	return text;
}

static void assert_fits(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		for (size_t i = 0; i < len; i++)
			assert_true(text[i] >= ' ' && text[i] <= '~');
		if (len > 80)
			fail_msg("%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void test_text_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(recordings); i++)
		for (size_t k = 0; k < COUNT(recordings); k++) {
			char *text;

			compare(profile_of_file(recordings[i]), profile_of_file(recordings[k]));
			text = shown(false);
			assert_fits(text);
			free(text);
			forget(NULL);
		}
}

static void test_worst_is_first(void **state)
{
	char *text, *at;

	(void)state;
	compare(profile_of_file("debian-7.3-p10-v1"), profile_of_file("patched-7.2-p10-v1"));
	text = shown(false);
	at = strstr(text, "\nWorse\n  retries that failed: 0 -> 1\n\nChanged\n");
	assert_non_null(at);
	assert_non_null(strstr(text, "\n  guest \"newer\": causes\n    - ok-larger-struct (1)\n"));
	assert_non_null(strstr(text, "\nNot compared\n"));
	assert_non_null(strstr(text, " differ: 1 worse, 0 better, 7 other.\n"));
	free(text);
}

static void test_json(void **state)
{
	yyjson_val *root, *list, *v;
	yyjson_doc *doc;
	size_t i, n;
	char *text;

	(void)state;
	compare(plain(true), lossy(false));
	text = shown(true);
	doc = yyjson_read(text, strlen(text), 0);
	root = yyjson_doc_get_root(doc);
	assert_string_equal(yyjson_get_str(yyjson_obj_get(root, "type")), "diff");
	assert_int_equal(yyjson_get_int(yyjson_obj_get(root, "schema")), DIFF_SCHEMA);
	assert_string_equal(yyjson_get_str(yyjson_obj_get(root, "outcome")), "changed");
	v = yyjson_obj_get(root, "old");
	assert_string_equal(yyjson_get_str(yyjson_obj_get(v, "path")), "a\\x1b[31m.jsonl");
	assert_string_equal(yyjson_get_str(yyjson_obj_get(v, "kind")), "recording");
	assert_int_equal(yyjson_get_int(yyjson_ptr_get(root, "/new/lost")), 1);
	assert_int_equal(yyjson_get_int(yyjson_ptr_get(root, "/counts/worse")), 1);
	list = yyjson_obj_get(root, "results");
	assert_int_equal(yyjson_arr_size(list), d.n);
	/* Of each result the same keys. */
	yyjson_arr_foreach(list, i, n, v)
		assert_int_equal(yyjson_obj_size(v), 14);
	assert_int_equal(yyjson_get_len(yyjson_ptr_get(root, "/results/0/trend")), 5);
	yyjson_doc_free(doc);
	free(text);
}

/* So many guests that nobody reads of them all. */
static void test_many_differences(void **state)
{
	struct profile *both[2];
	char *text;

	(void)state;
	for (int side = 0; side < 2; side++) {
		struct made m = make();

		for (unsigned int i = 1; i <= 5000; i++) {
			char option[32];

			snprintf(option, sizeof(option), "guest=g%u", i);
			create(&m, i, option);
			query(&m, i, side ? POWER9 : POWER10);
			end(&m, i);
		}
		both[side] = finish(&m, false);
	}
	compare(both[0], both[1]);
	/* Of each that is kept: causes, modes, mode, sizes and story. */
	assert_true(d.n > 5 * PROFILE_WHO_MAX);
	assert_int_equal(diff_count(&d).changed[TREND_WORSE], PROFILE_WHO_MAX + 1);
	text = shown(false);
	assert_true(strlen(text) < 100000);
	assert_non_null(strstr(text, "  and 3897 more: --json has them all\n"));
	assert_note("VMs of OLD beyond the limit: 904");
	free(text);
}

static void test_hostile_names(void **state)
{
	struct profile *both[2];
	char *text;

	(void)state;
	for (int side = 0; side < 2; side++) {
		struct made m = make();

		create(&m, 1, "guest=a\\x0aWorse\\x1b[31m\"{}+|");
		query(&m, 1, side ? POWER9 : POWER10);
		end(&m, 1);
		both[side] = finish(&m, false);
	}
	compare(both[0], both[1]);
	text = shown(false);
	assert_fits(text);
	assert_non_null(strstr(text, "guest \"a\\x0aWorse\\x1b[31m\"{}+|\": modes offered"));
	free(text);
	text = shown(true);
	assert_non_null(strstr(text, "\"guest\":\"a\\\\x0aWorse\\\\x1b[31m\\\"{}+|\""));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mann_whitney_by_hand),
		cmocka_unit_test(test_mann_whitney_apart),
		cmocka_unit_test(test_mann_whitney_ties),
		cmocka_unit_test(test_too_few_say_nothing),
		cmocka_unit_test(test_all_alike),
		cmocka_unit_test(test_certain_is_not_important),
		cmocka_unit_test(test_medians_are_not_all),
		cmocka_unit_test(test_resolution),
		cmocka_unit_test(test_quantiles_lie_between),
		cmocka_unit_test(test_edges_of_the_histogram),
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test_teardown(test_another_abi, forget),
		cmocka_unit_test_teardown(test_no_abi, forget),
		cmocka_unit_test_teardown(test_another_host, forget),
		cmocka_unit_test(test_baseline_and_recording),
		cmocka_unit_test_teardown(test_gone_is_gone, forget),
		cmocka_unit_test_teardown(test_gone_may_be_lost, forget),
		cmocka_unit_test_teardown(test_new_is_new_where_old_was_whole, forget),
		cmocka_unit_test_teardown(test_loss_of_messages, forget),
		cmocka_unit_test_teardown(test_same_may_be_lost, forget),
		cmocka_unit_test_teardown(test_guest_may_be_cut_off, forget),
		cmocka_unit_test_teardown(test_cut_off_after_its_end, forget),
		cmocka_unit_test_teardown(test_older_vm, forget),
		cmocka_unit_test_teardown(test_other_filters, forget),
		cmocka_unit_test_teardown(test_hidden_outcomes, forget),
		cmocka_unit_test_teardown(test_loss_while_it_lives, forget),
		cmocka_unit_test_teardown(test_mode_above_the_host, forget),
		cmocka_unit_test_teardown(test_newer_mode, forget),
		cmocka_unit_test_teardown(test_story_of_an_older_tracer, forget),
		cmocka_unit_test_teardown(test_runs_and_messages, forget),
		cmocka_unit_test_teardown(test_not_watched_is_not_none, forget),
		cmocka_unit_test_teardown(test_unnamed_by_birth, forget),
		cmocka_unit_test_teardown(test_latencies, forget),
		cmocka_unit_test_teardown(test_latencies_that_say_nothing, forget),
		cmocka_unit_test(test_text_fits),
		cmocka_unit_test_teardown(test_worst_is_first, forget),
		cmocka_unit_test_teardown(test_json, forget),
		cmocka_unit_test_teardown(test_many_differences, forget),
		cmocka_unit_test_teardown(test_hostile_names, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
