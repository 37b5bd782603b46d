// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A traced command gets the signals as the caller of the tracer had set them, whatever the tracer
 * does with its own; and it does not run where the tracer gives up. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/signals.h"
#include "live/child.h"

static char file[] = "/tmp/test_child.XXXXXX";
static char command[128];
static char *const argv[] = { "/bin/sh", "-c", command, NULL };

static int set_up(void **state)
{
	int fd;

	(void)state;
	strcpy(strrchr(file, '.'), ".XXXXXX");
	fd = mkstemp(file);
	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command), "exec grep -E '^Sig(Blk|Ign)' /proc/self/status >%s",
		 file);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(file);
}

static void read_file(char *text, size_t len)
{
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	len = fread(text, 1, len - 1, f);
	text[len] = '\0';
	fclose(f);
}

/* As live.c does it. */
static void run_traced(void)
{
	struct child c = { .go = -1 };
	sigset_t set;

	signals_begin();
	signals_that_end(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(child_prepare(&c, argv), 0);
	assert_int_equal(child_run(&c), 0);
	while (!c.ended)
		child_reap(&c);
	assert_int_equal(child_exit_status(&c), 0);
}

static void run_plain(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Once as it is, once with a tracer between, in a process of its own. */
static void assert_same(void (*prepare)(void))
{
	char plain[256], traced[256];
	pid_t pid;
	int status;

	pid = fork();
	if (!pid) {
		prepare();
		run_plain();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	read_file(plain, sizeof(plain));
	pid = fork();
	if (!pid) {
		prepare();
		run_traced();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	read_file(traced, sizeof(traced));
	assert_non_null(strstr(plain, "SigIgn"));
	assert_string_equal(traced, plain);
}

static void nothing_special(void)
{
	signal(SIGPIPE, SIG_DFL);
}

static void as_nohup_in_python(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ, SIGTERM };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

static void blocked(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void the_command_has_the_callers_signals(void **state)
{
	(void)state;
	assert_same(nothing_special);
	assert_same(as_nohup_in_python);
	assert_same(blocked);
}

static void it_does_not_run_before_it_is_let_go(void **state)
{
	struct child c = { .go = -1 };
	char text[16];

	(void)state;
	assert_int_equal(child_prepare(&c, argv), 0);
	close(c.go);
	while (!c.ended)
		child_reap(&c);
	close(c.failed);
	assert_int_equal(child_exit_status(&c), 0);
	read_file(text, sizeof(text));
	assert_string_equal(text, "");
}

static void one_that_cannot_be_executed(void **state)
{
	static char *const none[] = { "/no/such/command", NULL };
	struct child c = { .go = -1 };

	(void)state;
	assert_int_equal(child_prepare(&c, none), 0);
	assert_int_equal(child_run(&c), -ENOENT);
	while (!c.ended)
		child_reap(&c);
	assert_int_equal(child_exit_status(&c), 127);
}

/* Its orphans are ours: as long as one of them runs, not all has ended. */
static void what_it_leaves_behind_is_waited_for(void **state)
{
	static char *const leaves[] = { "/bin/sh", "-c", "sleep 0.3 & exit 7", NULL };
	struct child c = { .go = -1 };

	(void)state;
	assert_int_equal(child_prepare(&c, leaves), 0);
	assert_int_equal(child_run(&c), 0);
	while (!c.ended)
		child_reap(&c);
	assert_false(c.last_ended);
	while (!c.last_ended)
		child_reap(&c);
	assert_int_equal(child_exit_status(&c), 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_command_has_the_callers_signals),
		TEST(it_does_not_run_before_it_is_let_go),
		TEST(one_that_cannot_be_executed),
		TEST(what_it_leaves_behind_is_waited_for),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
