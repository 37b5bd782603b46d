/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Runs a program's main() in a process of its own and keeps what came of it, for cmocka tests. */
#ifndef RUN_MAIN_H
#define RUN_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	int status;
	char out[65536];
	char err[65536];
} ran;

static int memory_file(const void *data, size_t len)
{
	int fd = memfd_create("test", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void slurp(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

/* The arguments in one string, words apart; out < 0: an ordinary standard output. */
static void run_main(int (*entry)(int, char **), int out, const char *args, const void *input,
		     size_t len)
{
	int in = memory_file(input, len), err = memory_file("", 0);
	int stdout_fd = out < 0 ? memory_file("", 0) : out;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		char *argv[16] = { (char[]){ "program" } };
		char *words = strdup(args);
		int argc = 1;

		for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
			argv[argc++] = w;
		dup2(in, STDIN_FILENO);
		dup2(stdout_fd, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		status = entry(argc, argv);
		free(words);
		exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	ran.status = WEXITSTATUS(status);
	close(in);
	slurp(err, ran.err, sizeof(ran.err));
	if (out < 0)
		slurp(stdout_fd, ran.out, sizeof(ran.out));
}

#endif /* RUN_MAIN_H */
