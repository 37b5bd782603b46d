// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Entries of the journal: their fields, what could break out of one, and a journal that is not
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "output/emit.h"
#include "output/journal.h"

static char *entry_of(const struct event *e)
{
	const struct emit_options opt = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	void *state = emit_journal.begin(f, &opt);

	assert_non_null(state);
	emit_journal.event(state, e);
	emit_journal.end(state);
	fclose(f);
	return text;
}

static void assert_line(const char *text, const char *line)
{
	const char *at = text;

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[strlen(line)] == '\n')
			return;
		at++;
	}
	fail_msg("no line '%s' in:\n%s", line, text);
}

static const struct arch_diagnosis refused = {
	.cause = ARCH_NEWER_THAN_HOST,
	.pvr = 0x0f000006,
	.hint = "ask for less",
};
static const struct offer offer = { .queried = QUERIED_NO };
static const struct frame no_frame = { 0 };
static const struct cc_record ask = { .type = CC_ARCH_COMPAT, .pid = 120, .tid = 120, .ret = -22 };

static struct event asked(void)
{
	struct event e = { .type = EVENT_ARCH_COMPAT,
			   .seq = 7,
			   .frame = &no_frame,
			   .rec = &ask,
			   .pid = 120,
			   .comm = "qemu",
			   .thread = "qemu",
			   .vm_name = "120-12",
			   .guest = "db1",
			   .vm = 2 };

	e.arch.diag = &refused;
	e.arch.offer = &offer;
	return e;
}

static void fields_are_those_of_the_stream(void **state)
{
	struct event e = asked();
	char *text = entry_of(&e);

	(void)state;
	assert_line(
		text,
		"MESSAGE=qemu[120] (db1): ask EINVAL: newer-than-host: 0x0f000006: ask for less");
	assert_line(text, "PRIORITY=4");
	assert_line(text, "MESSAGE_ID=5455bcbfe25249b1a8b6a474d67ec274");
	assert_line(text, "OBJECT_PID=120");
	assert_line(text, "COMPATCAPS_CAUSE=newer-than-host");
	assert_line(text, "COMPATCAPS_GUEST=db1");
	assert_line(text, "COMPATCAPS_SEQ=7");
	assert_line(text, "COMPATCAPS_RET=-22");
	/* What was not seen has no field. */
	assert_null(strstr(text, "COMPATCAPS_HOST_MODES="));
	assert_non_null(strstr(text, "\nCOMPATCAPS_LINE={\"type\":\"arch-compat\",\"seq\":7,"));
	assert_string_equal(text + strlen(text) - 3, "}\n\n");
	free(text);
}

/* A recording can hold what no tracer has written. */
static void no_text_begins_a_field(void **state)
{
	const struct frame f = { .attach = { .point = POINT_IOCTL,
					     .why = "no\nPRIORITY=0\nMESSAGE_ID=x" } };
	const struct event e = { .type = EVENT_ATTACH, .seq = 1, .frame = &f };
	char *text = entry_of(&e);

	(void)state;
	assert_line(text, "MESSAGE=not watching kvm_arch_vm_ioctl: no PRIORITY=0 MESSAGE_ID=x");
	assert_null(strstr(text, "\nPRIORITY=0"));
	free(text);
}

/* ------------------------------------------------------------------ the socket */

static struct sockaddr_un address = { .sun_family = AF_UNIX };

static int listen_there(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void assert_received(int fd, const char *begin)
{
	char text[1024];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	text[n] = '\0';
	assert_memory_equal(text, begin, strlen(begin));
}

static void write_entry(struct journal *j, const char *text)
{
	fputs(text, journal_file(j));
	fflush(journal_file(j));
}

static void a_journal_that_was_away_is_told(void **state)
{
	struct journal *j;
	int fd;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/test_journal.%d", getpid());
	j = journal_open(address.sun_path);
	assert_non_null(j);
	write_entry(j, "MESSAGE=1\n");
	write_entry(j, "MESSAGE=2\n");
	fd = listen_there();
	write_entry(j, "MESSAGE=3\n");
	assert_received(fd, "MESSAGE=2 events could not be written to the journal\n");
	assert_received(fd, "MESSAGE=3\n");
	/* Started anew: the same name leads to another socket. */
	close(fd);
	fd = listen_there();
	write_entry(j, "MESSAGE=4\n");
	assert_received(fd, "MESSAGE=4\n");
	close(fd);
	unlink(address.sun_path);
	write_entry(j, "MESSAGE=5\n");
	assert_int_equal(journal_close(j), 1);
}

static void a_journal_that_does_not_read_is_not_waited_for(void **state)
{
	struct journal *j = journal_open(address.sun_path);
	int fd = listen_there(), n = 0;
	char text[1024];

	(void)state;
	for (int i = 0; i < 3000; i++)
		write_entry(j, "MESSAGE=1\n");
	while (recv(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		n++;
	assert_true(n > 0 && n < 3000);
	write_entry(j, "MESSAGE=2\n");
	snprintf(text, sizeof(text), "MESSAGE=%d events could not be written", 3000 - n);
	assert_received(fd, text);
	assert_received(fd, "MESSAGE=2\n");
	assert_int_equal(journal_close(j), 0);
	close(fd);
	unlink(address.sun_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_those_of_the_stream),
		cmocka_unit_test(no_text_begins_a_field),
		cmocka_unit_test(a_journal_that_was_away_is_told),
		cmocka_unit_test(a_journal_that_does_not_read_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
