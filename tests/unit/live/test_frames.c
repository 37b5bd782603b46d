// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records of the kernel side as frames, with the names that a command line ahead of them tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kvm/record.h"
#include "live/frames.h"

#define NOBODY UINT32_MAX /* no process has this number */

static struct names names;
static struct frame_text text;

static struct cc_args args_of(uint64_t vm, const char *args, uint32_t len)
{
	struct cc_args a = { .type = CC_ARGS, .vm = vm, .pid = NOBODY, .len = len };

	memcpy(a.args, args, len < sizeof(a.args) ? len : sizeof(a.args));
	return a;
}

static struct cc_record record_of(enum cc_type type, uint64_t vm, int ret)
{
	struct cc_record r = { .type = type,
			       .vm = vm,
			       .ret = ret,
			       .mono_ns = 5000,
			       .pid = 7,
			       .tid = 8,
			       .comm = "qemu\n",
			       .vm_name = "7-3",
			       .vm_ino = 33 };

	return r;
}

static void test_lives(void **state)
{
	struct cc_record made = record_of(CC_VM_CREATED, 3, 0);
	struct cc_record failed = record_of(CC_VM_CREATED, 0, -12);
	struct cc_record ended = record_of(CC_VM_ENDED, 3, 0);
	static const struct cc_grants grants = { .yes = { 2 }, .no = { 4 } };
	struct frame f = frame_of_vm(&made, NULL, NULL, &text);

	(void)state;
	assert_int_equal(f.type, FRAME_VM);
	assert_int_equal(f.mono_ns, 5000);
	assert_int_equal(f.vm.event, VM_CREATED);
	assert_int_equal(f.vm.number, 3);
	assert_int_equal(f.vm.pid, 7);
	assert_int_equal(f.vm.tid, 8);
	assert_int_equal(f.vm.ino, 33);
	assert_string_equal(f.vm.comm, "qemu\\x0a");
	assert_string_equal(f.vm.vm_name, "7-3");
	assert_null(f.vm.name_option);
	assert_int_equal(f.vm.incoming, INCOMING_UNKNOWN);
	f = frame_of_vm(&failed, NULL, NULL, &text);
	assert_int_equal(f.vm.event, VM_FAILED);
	assert_int_equal(f.vm.number, 0);
	assert_int_equal(f.vm.ret, -12);
	f = frame_of_vm(&ended, NULL, NULL, &text);
	assert_int_equal(f.vm.event, VM_ENDED);
	assert_int_equal(f.vm.number, 3);
	assert_false(grants_known(&f.vm.grants));
	f = frame_of_vm(&ended, &grants, NULL, &text);
	assert_memory_equal(&f.vm.grants, &grants, sizeof(grants));
}

/* The command line is ahead of the VM's first record, whatever that is, and names that VM alone. */
static void test_names(void **state)
{
	static const char qemu[] = "qemu\0-incoming\0defer\0-name\0guest=db1,x=y\0-M\0pseries";
	struct cc_args a = args_of(3, qemu, sizeof(qemu));
	struct cc_args b = args_of(4, "steps", 6);
	struct cc_record made = record_of(CC_VM_CREATED, 3, 0);
	struct cc_record ended = record_of(CC_VM_ENDED, 3, 0);
	struct cc_record call = record_of(CC_NEGOTIATION, 3, 0);
	struct frame f;

	(void)state;
	names_note(&names, &a);
	names_note(&names, &b);
	assert_null(names_of(&names, 5));
	assert_null(names_of(&names, 0));
	f = frame_of_vm(&made, NULL, names_of(&names, 3), &text);
	assert_string_equal(f.vm.name_option, "guest=db1,x=y");
	assert_int_equal(f.vm.incoming, INCOMING_YES);
	assert_string_equal(f.vm.machine, "pseries");
	f = frame_of_vm(&ended, NULL, names_of(&names, 3), &text);
	assert_int_equal(f.vm.incoming, INCOMING_UNKNOWN);
	f = frame_of_call(&call, names_of(&names, 3));
	assert_string_equal(f.call.name_option, "guest=db1,x=y");
	f = frame_of_vm(&made, NULL, names_of(&names, 4), &text);
	assert_string_equal(f.vm.name_option, "");
	assert_int_equal(f.vm.incoming, INCOMING_NO);
	names_drop(&names, names_of(&names, 3));
	names_drop(&names, names_of(&names, 3));
	assert_null(names_of(&names, 3));
	assert_non_null(names_of(&names, 4));
	names_drop(&names, names_of(&names, 4));
	assert_int_equal(names.n, 0);
}

/* What was cut off may have told of a migration. */
static void test_long_command_line(void **state)
{
	char args[CC_ARGS_LEN] = "qemu\0-name\0guest=db2";
	struct cc_args a = args_of(9, args, sizeof(args));
	const struct vm_names *n;

	(void)state;
	memset(&a.args[24], 'x', sizeof(args) - 24);
	names_note(&names, &a);
	n = names_of(&names, 9);
	assert_non_null(n);
	assert_int_equal(n->incoming, INCOMING_UNKNOWN);
}

static void test_lines(void **state)
{
	struct cc_line line = { .rec = record_of(CC_KERNEL, 3, 0), .text = "KVM: a\tb" };
	struct frame f;

	(void)state;
	line.rec.arg = 8;
	f = frame_of_line(&line, NULL, &text);
	assert_int_equal(f.type, FRAME_KERNEL);
	assert_string_equal(f.kernel.text, "KVM: a\\x09b");
	line.rec.arg = UINT64_MAX;
	memset(line.text, 0xff, sizeof(line.text));
	f = frame_of_line(&line, NULL, &text);
	assert_int_equal(strlen(f.kernel.text), 4 * CC_LINE_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_command_line),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
