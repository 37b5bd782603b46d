// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The file of --metrics in a directory of its own: when it is written, whom it replaces, who may
 * read it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "metrics/metric.h"
#include "metrics/metrics_file.h"

#define SEC	UINT64_C(1000000000)
#define STRANGE 1000 /* a user who is neither root nor we */

static char top[] = "/tmp/test_metrics_file.XXXXXX";
static char file[sizeof(top) + 16];

static int set_up(void **state)
{
	(void)state;
	strcpy(strrchr(top, '.'), ".XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(file, sizeof(file), "%s/x.prom", top);
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static struct metrics_file *open_it(bool force)
{
	return metrics_file_open(file, force);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_begins(const char *path, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fread(got, 1, strlen(text), f), strlen(text));
	fclose(f);
	assert_string_equal(got, text);
}

static void assert_written(void)
{
	assert_begins(file, METRICS_FIRST_LINE "\n# HELP ");
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

static void names_that_the_collector_reads(void **state)
{
	(void)state;
	assert_true(metrics_file_is_name("host.prom"));
	assert_true(metrics_file_is_name("/var/lib/x/host.prom"));
	assert_false(metrics_file_is_name("host.txt"));
	assert_false(metrics_file_is_name("host.prom.new"));
	assert_false(metrics_file_is_name("host.prom/"));
	assert_false(metrics_file_is_name("prom"));
	assert_false(metrics_file_is_name(".prom"));
	assert_false(metrics_file_is_name("/x/.prom"));
	assert_false(metrics_file_is_name(""));
}

static void it_is_there_from_the_first_write_to_the_end(void **state)
{
	struct metrics_file *f = open_it(false);

	(void)state;
	assert_non_null(f);
	assert_int_equal(n_names(), 0);
	metrics_file_write(f, SEC);
	assert_written();
	assert_int_equal(n_names(), 1);
	assert_true(metrics_file_close(f));
	assert_int_equal(n_names(), 0);
}

static void everybody_may_read_it(void **state)
{
	mode_t before = umask(0777);
	struct metrics_file *f = open_it(false);
	struct stat st;

	(void)state;
	metrics_file_write(f, SEC);
	umask(before);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	metrics_file_close(f);
}

static void it_is_due_sooner_where_something_was_counted(void **state)
{
	static const struct event e = { .type = EVENT_VM };
	struct metrics_file *f = open_it(false);

	(void)state;
	assert_true(metrics_file_due(f) < 60 * SEC);
	metrics_file_write(f, 100 * SEC);
	assert_int_equal(metrics_file_due(f), 115 * SEC);
	metrics_file_event(f, &e);
	assert_int_equal(metrics_file_due(f), 101 * SEC);
	metrics_file_write(f, 101 * SEC);
	assert_int_equal(metrics_file_due(f), 116 * SEC);
	metrics_file_close(f);
	assert_int_equal(metrics_file_due(NULL), 0);
	metrics_file_event(NULL, &e);
	assert_true(metrics_file_close(NULL));
}

static void what_is_not_ours_is_left(void **state)
{
	struct metrics_file *f;

	(void)state;
	put(file, "node_load1 0.5\n");
	assert_null(open_it(false));
	assert_begins(file, "node_load1 0.5\n");
	/* A beginning of ours alone is none of ours. */
	put(file, METRICS_FIRST_LINE);
	assert_null(open_it(false));
	put(file, METRICS_FIRST_LINE "7\n");
	assert_null(open_it(false));
	f = open_it(true);
	assert_non_null(f);
	metrics_file_write(f, SEC);
	assert_written();
	assert_true(metrics_file_close(f));
}

static void what_a_crash_left_is_replaced(void **state)
{
	char temporary[sizeof(top) + 64];
	struct metrics_file *f;

	(void)state;
	snprintf(temporary, sizeof(temporary), "%s/.x.prom.compatcaps-trace", top);
	put(file, METRICS_FIRST_LINE "\ncompatcaps_retries_total 7\n");
	put(temporary, METRICS_FIRST_LINE "\ncompatcaps_ret");
	f = open_it(false);
	assert_non_null(f);
	metrics_file_write(f, SEC);
	assert_written();
	assert_int_equal(n_names(), 1);
	assert_true(metrics_file_close(f));
	assert_int_equal(n_names(), 0);
}

static void what_somebody_puts_there_meanwhile_is_left(void **state)
{
	struct metrics_file *f = open_it(false);

	(void)state;
	metrics_file_write(f, SEC);
	assert_int_equal(unlink(file), 0);
	put(file, "node_load1 0.5\n");
	metrics_file_write(f, 2 * SEC);
	assert_begins(file, "node_load1 0.5\n");
	assert_false(metrics_file_close(f));
	assert_begins(file, "node_load1 0.5\n");
}

static void what_somebody_removes_comes_back(void **state)
{
	struct metrics_file *f = open_it(false);

	(void)state;
	metrics_file_write(f, SEC);
	assert_int_equal(unlink(file), 0);
	metrics_file_write(f, 2 * SEC);
	assert_written();
	assert_true(metrics_file_close(f));
}

static void a_link_is_replaced_and_not_followed(void **state)
{
	char precious[sizeof(top) + 16];
	struct metrics_file *f;
	struct stat st;

	(void)state;
	snprintf(precious, sizeof(precious), "%s/precious", top);
	put(precious, METRICS_FIRST_LINE "\n");
	assert_int_equal(symlink(precious, file), 0);
	assert_null(open_it(false));
	f = open_it(true);
	assert_non_null(f);
	metrics_file_write(f, SEC);
	assert_int_equal(lstat(file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	/* Put there while it runs, it is somebody else's. */
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink(precious, file), 0);
	metrics_file_write(f, 2 * SEC);
	assert_false(metrics_file_close(f));
	assert_int_equal(stat(precious, &st), 0);
	assert_int_equal(st.st_size, strlen(METRICS_FIRST_LINE) + 1);
	assert_int_equal(lstat(file, &st), 0);
}

static void what_is_no_file_is_left(void **state)
{
	struct metrics_file *f;

	(void)state;
	assert_int_equal(mkdir(file, 0755), 0);
	assert_null(open_it(false));
	f = open_it(true);
	assert_non_null(f);
	metrics_file_write(f, SEC);
	assert_false(metrics_file_close(f));
	assert_int_equal(rmdir(file), 0);
	assert_int_equal(mkfifo(file, 0644), 0);
	/* Nobody writes into it: looking at it must not wait for that. */
	assert_null(open_it(false));
}

/* A symbolic link on the way to the directory, of this user. */
static bool is_link_followed(uid_t owner)
{
	char way[sizeof(top) + 16], path[sizeof(top) + 32], target[sizeof(top) + 32];
	struct metrics_file *f;

	snprintf(way, sizeof(way), "%s/way", top);
	snprintf(path, sizeof(path), "%s/way/./x.prom", top);
	snprintf(target, sizeof(target), "../../../../..//%s/.", top + 1);
	assert_int_equal(symlink(target, way), 0);
	assert_int_equal(lchown(way, owner, (gid_t)-1), 0);
	f = metrics_file_open(path, false);
	if (f)
		metrics_file_write(f, SEC);
	assert_int_equal(unlink(way), 0);
	if (!f)
		return false;
	assert_written();
	/* Its way is gone, and so it cannot be removed. */
	metrics_file_close(f);
	assert_int_equal(unlink(file), 0);
	return true;
}

static void links_of_others_are_not_followed(void **state)
{
	(void)state;
	assert_true(is_link_followed((uid_t)-1));
	if (geteuid()) {
		print_message("# SKIP links of other users: only root can make one\n");
		skip();
	}
	assert_false(is_link_followed(STRANGE));
}

static void links_that_lead_to_links_of_others_are_not_followed(void **state)
{
	char outer[sizeof(top) + 16], inner[sizeof(top) + 16], path[sizeof(top) + 32];
	struct metrics_file *f;

	(void)state;
	if (geteuid())
		skip();
	snprintf(outer, sizeof(outer), "%s/outer", top);
	snprintf(inner, sizeof(inner), "%s/inner", top);
	snprintf(path, sizeof(path), "%s/outer/x.prom", top);
	assert_int_equal(symlink("inner/.", outer), 0);
	assert_int_equal(symlink(top, inner), 0);
	f = metrics_file_open(path, false);
	assert_non_null(f);
	assert_int_equal(lchown(inner, STRANGE, (gid_t)-1), 0);
	/* Not even when it becomes one while it runs. */
	metrics_file_write(f, SEC);
	assert_int_equal(access(file, F_OK), -1);
	assert_false(metrics_file_close(f));
}

static void links_in_a_circle_end(void **state)
{
	char way[sizeof(top) + 16], path[sizeof(top) + 32];

	(void)state;
	snprintf(way, sizeof(way), "%s/way", top);
	snprintf(path, sizeof(path), "%s/way/x.prom", top);
	assert_int_equal(symlink("way", way), 0);
	assert_null(metrics_file_open(path, false));
}

static void a_directory_that_goes_and_comes_back(void **state)
{
	char dir[sizeof(top) + 16], path[sizeof(top) + 32];
	struct metrics_file *f;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/dir", top);
	snprintf(path, sizeof(path), "%s/dir/x.prom", top);
	assert_null(metrics_file_open(path, false));
	assert_int_equal(mkdir(dir, 0755), 0);
	f = metrics_file_open(path, false);
	assert_non_null(f);
	metrics_file_write(f, SEC);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	metrics_file_write(f, 2 * SEC);
	/* It is tried again soon: what is counted may be what all wait for. */
	assert_int_equal(metrics_file_due(f), 3 * SEC);
	assert_int_equal(mkdir(dir, 0755), 0);
	metrics_file_write(f, 3 * SEC);
	assert_begins(path, METRICS_FIRST_LINE "\n");
	assert_false(metrics_file_close(f));
	assert_int_equal(access(path, F_OK), -1);
}

static void names_as_long_as_they_can_be(void **state)
{
	char path[sizeof(top) + NAME_MAX + 2];
	size_t begin = (size_t)snprintf(path, sizeof(path), "%s/", top);
	struct metrics_file *f;

	(void)state;
	memset(path + begin, 'n', NAME_MAX);
	strcpy(path + begin + NAME_MAX - strlen(".prom"), ".prom");
	f = metrics_file_open(path, false);
	assert_non_null(f);
	metrics_file_write(f, SEC);
	assert_begins(path, METRICS_FIRST_LINE "\n# HELP ");
	assert_int_equal(n_names(), 1);
	assert_true(metrics_file_close(f));
	assert_int_equal(n_names(), 0);
}

static void relative_paths(void **state)
{
	char before[256];
	struct metrics_file *f;

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(top), 0);
	f = metrics_file_open("x.prom", false);
	assert_non_null(f);
	metrics_file_write(f, SEC);
	assert_written();
	assert_true(metrics_file_close(f));
	assert_int_equal(n_names(), 0);
	assert_int_equal(chdir(before), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(names_that_the_collector_reads),
		TEST(it_is_there_from_the_first_write_to_the_end),
		TEST(everybody_may_read_it),
		TEST(it_is_due_sooner_where_something_was_counted),
		TEST(what_is_not_ours_is_left),
		TEST(what_a_crash_left_is_replaced),
		TEST(what_somebody_puts_there_meanwhile_is_left),
		TEST(what_somebody_removes_comes_back),
		TEST(a_link_is_replaced_and_not_followed),
		TEST(what_is_no_file_is_left),
		TEST(links_of_others_are_not_followed),
		TEST(links_that_lead_to_links_of_others_are_not_followed),
		TEST(links_in_a_circle_end),
		TEST(a_directory_that_goes_and_comes_back),
		TEST(names_as_long_as_they_can_be),
		TEST(relative_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
