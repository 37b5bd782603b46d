// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The view that fills a terminal: what stands on it, and that it never gets wider or higher. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnosis/session.h"
#include "output/emit.h"

#define COLUMNS 80
#define LINES	24 /* of a file, which has no size to tell */
#define SECOND	1000000000ull

struct scene {
	struct session *s;
	void *state;
	FILE *f;
	char *text;
	size_t len;
	uint64_t ns;
};

static void on_event(const struct event *e, void *state)
{
	emit_screen.event(state, e);
}

static void frame(struct scene *c, struct frame f)
{
	c->ns += SECOND / 100;
	f.mono_ns = c->ns;
	f.real_ns = c->ns;
	session_frame(c->s, &f);
}

static int begin(void **state)
{
	static struct scene c;

	c = (struct scene){ 0 };
	c.f = open_memstream(&c.text, &c.len);
	assert_non_null(c.f);
	c.state = emit_screen.begin(c.f, &(struct emit_options){ .columns = COLUMNS });
	assert_non_null(c.state);
	c.s = session_new(on_event, c.state);
	assert_non_null(c.s);
	frame(&c, (struct frame){ .type = FRAME_TRACE, .trace = { .id.name = "lpar\033[2J" } });
	*state = &c;
	return 0;
}

static int end(void **state)
{
	struct scene *c = *state;

	emit_screen.end(c->state);
	session_free(c->s);
	fclose(c->f);
	free(c->text);
	return 0;
}

/* What stands on the screen when it is drawn at this time. */
static const char *drawn(struct scene *c, uint64_t at)
{
	fflush(c->f);
	c->len = 0;
	rewind(c->f);
	emit_screen.redraw(c->state, at, COLUMNS, LINES);
	fputc('\0', c->f);
	fflush(c->f);
	return c->text;
}

static void vm_is(struct scene *c, enum vm_event event, uint64_t vm, const char *guest)
{
	frame(c, (struct frame){ .type = FRAME_VM,
				 .vm = { .event = event,
					 .pid = 7,
					 .number = vm,
					 .comm = "qemu",
					 .name_option = guest,
					 .cgroup = "/" } });
}

static void ask(struct scene *c, uint64_t vm, uint32_t pvr, int ret)
{
	struct cc_record r = { .type = CC_ARCH_COMPAT,
			       .vm = vm,
			       .pid = 7,
			       .tid = 7,
			       .comm = "qemu",
			       .arg = pvr,
			       .ret = ret };

	frame(c, (struct frame){ .type = FRAME_CALL, .call = { .rec = &r } });
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no \"%s\" in: %s", what, text);
}

static void test_page(void **state)
{
	struct scene *c = *state;
	const char *text;

	vm_is(c, VM_CREATED, 1, "guest=db1");
	ask(c, 1, 0x0f000005, 0);
	vm_is(c, VM_CREATED, 2, "guest=web");
	ask(c, 2, 0x0f000007, -EINVAL);
	text = drawn(c, c->ns + 3 * SECOND);
	has(text, "VMs seen: 2   failures: 1   events lost: 0");
	has(text, "1     db1                  POWER9");
	has(text, "2     web                                     1  rejected                  3 s");
	has(text, "        1  accepted");
	assert_null(strstr(text, "\033[2J"));
	vm_is(c, VM_ENDED, 1, NULL);
	has(drawn(c, c->ns + 5 * SECOND), "db1                  ended");
	/* Within a minute, and no longer. */
	assert_null(strstr(drawn(c, c->ns + 90 * SECOND), "accepted"));
}

/* More VMs than lines, or than can be remembered; names of any length. */
static void test_bounds(void **state)
{
	struct scene *c = *state;
	char name[4096] = "guest=";
	unsigned int lines = 0, widest = 0, width = 0;
	const char *text;

	memset(name + 6, 'n', sizeof(name) - 7);
	for (uint64_t vm = 1; vm <= 1000; vm++) {
		vm_is(c, VM_CREATED, vm, name);
		ask(c, vm, 0x0f000007, -EINVAL);
	}
	text = drawn(c, c->ns + SECOND);
	has(text, "some VMs find no room here");
	has(text, "and 499 more");
	/* Who has ended makes room, the oldest first, and is counted. */
	for (uint64_t vm = 1; vm <= 512; vm++)
		vm_is(c, VM_ENDED, vm, NULL);
	for (uint64_t vm = 2001; vm <= 2100; vm++)
		ask(c, vm, 0x0f000007, -EINVAL);
	text = drawn(c, c->ns + 3 * SECOND);
	has(text, "and 599 more");
	has(text, "VMs seen: 612");
	for (const char *s = text; *s; s++) {
		if (*s == '\033') {
			s += strcspn(s, "HKJmhl");
			continue;
		}
		width = *s == '\n' || *s == '\r' ? 0 : width + 1;
		widest = width > widest ? width : widest;
		lines += *s == '\n';
	}
	assert_in_range(lines, 10, LINES - 1);
	assert_in_range(widest, 40, COLUMNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_page, begin, end),
		cmocka_unit_test_setup_teardown(test_bounds, begin, end),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
