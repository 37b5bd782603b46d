// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A standard output that cannot fail unnoticed. At the end of a program it is flushed and checked,
 * so that a full disk becomes an exit status. A reader who has gone away is no error.
 */
#include "io/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/shield.h"
#include "io/signals.h"

static const char *program;
static int exit_status;
static int failure; /* the errno of the first write that failed */

bool out_flush(void)
{
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && !failure)
		failure = errno ? errno : EIO;
	return !failure;
}

bool out_unread(void)
{
	return failure == EPIPE;
}

static void out_finish(void)
{
	out_flush();
	errno = 0;
	/* EBADF only now: it never was open, and nothing was ever printed. */
	if (fclose(stdout) && !failure && errno != EBADF)
		failure = errno ? errno : EIO;
	/* A reader who has gone away has seen enough. */
	if (!failure || out_unread())
		return;
	fprintf(stderr, "%s: cannot write to standard output: %s: the output is not complete\n",
		program, strerror(failure));
	_exit(exit_status);
}

/*
 * A standard descriptor that the caller closed would be given to the next file opened, and
 * our output would go there. Opened the wrong way round it stays taken and still fails. A traced
 * command has it closed, as the caller did.
 */
static void take_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDIN_FILENO ? (O_WRONLY | O_CLOEXEC) :
								      (O_RDONLY | O_CLOEXEC));
}

/*
 * The C library writes a full buffer on its own, and the errno of that write is lost. The longest
 * help has room in this one, so that it is written when its errno is looked at.
 */
static void enlarge_buffer(void)
{
	static char buffer[1 << 16];

	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

void out_guard(const char *name, int status)
{
	take_standard_descriptors();
	enlarge_buffer();
	shield_stderr();
	program = name;
	exit_status = status;
	signals_begin();
	atexit(out_finish);
}
