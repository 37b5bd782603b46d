// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a verb cannot bring about from outside: an output that could not be made, and one that
 * nobody reads while a signal is pending. The rest is tested with the program (outputs.sh). */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/output.h"
#include "io/signals.h"

static char top[] = "/tmp/test_output.XXXXXX";
static char file[sizeof(top) + 16];

static int set_up(void **state)
{
	(void)state;
	strcpy(strrchr(top, '.'), ".XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(file, sizeof(file), "%s/out", top);
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void assert_holds(const char *path, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	(void)!fread(got, 1, sizeof(got) - 1, f);
	fclose(f);
	assert_string_equal(got, text);
}

/* How many names the directory has. */
static int n_names(void)
{
	DIR *dir = opendir(top);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static struct output *open_it(bool force)
{
	const struct output_request r = { .path = file, .force = force };
	struct output *o = output_open(&r);

	assert_non_null(o);
	fputs("new", output_file(o));
	assert_true(output_flush(o));
	return o;
}

static void one_that_could_not_be_made_leaves_nothing(void **state)
{
	struct output *o = open_it(false);

	(void)state;
	assert_int_equal(n_names(), 1);
	assert_false(output_close(o, false));
	assert_int_equal(n_names(), 0);
}

static void nor_does_it_replace_anything(void **state)
{
	struct output *o;

	(void)state;
	assert_true(output_close(open_it(false), true));
	o = open_it(true);
	fputs("er", output_file(o));
	assert_int_equal(n_names(), 2);
	assert_false(output_close(o, false));
	assert_int_equal(n_names(), 1);
	assert_holds(file, "new");
	o = open_it(true);
	fputs("er", output_file(o));
	assert_true(output_close(o, true));
	assert_holds(file, "newer");
	assert_int_equal(n_names(), 1);
}

/* Somebody else has taken its name by then: that is not ours to remove. */
static void what_is_not_its_own_is_not_removed(void **state)
{
	struct output *o = open_it(false);
	FILE *f;

	(void)state;
	assert_int_equal(unlink(file), 0);
	f = fopen(file, "w");
	assert_non_null(f);
	if (!f)
		return;
	fputs("other", f);
	fclose(f);
	assert_false(output_close(o, false));
	assert_holds(file, "other");
}

/* More than a pipe takes is written while nobody reads. pending: a signal comes; else it was taken.
 */
static void leave_reader(bool pending)
{
	struct output_request r = { .path = file };
	struct output *o;
	sigset_t set, before;
	int reader;

	assert_int_equal(mkfifo(file, 0600), 0);
	reader = open(file, O_RDONLY | O_NONBLOCK);
	signals_that_end(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	r.wake = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	o = output_open(&r);
	assert_non_null(o);
	if (pending)
		raise(SIGTERM);
	else
		output_end_soon(o);
	/* One event that is longer than what is left of the pipe. */
	for (int i = 0; i < 100000; i++)
		fputc('x', output_file(o));
	assert_false(output_flush(o));
	if (pending)
		assert_false(output_unread(o));
	assert_false(output_close(o, true));
	if (pending)
		assert_true(signals_wait_end(0));
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(r.wake);
	close(reader);
}

static void a_reader_who_does_not_read_is_left_at_a_signal(void **state)
{
	(void)state;
	leave_reader(true);
}

/* It is pending no longer. */
static void nor_after_a_signal_that_was_taken(void **state)
{
	(void)state;
	leave_reader(false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_that_could_not_be_made_leaves_nothing),
		TEST(nor_does_it_replace_anything),
		TEST(what_is_not_its_own_is_not_removed),
		TEST(a_reader_who_does_not_read_is_left_at_a_signal),
		TEST(nor_after_a_signal_that_was_taken),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
