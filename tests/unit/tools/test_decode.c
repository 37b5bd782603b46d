// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* decode_bitmap as its users meet it: a process with arguments, streams and a status. */
#define main decode_main
#include "../../../tools/decode_bitmap.c"
#undef main

#include <fcntl.h>

#include "../run_main.h"

static void run(const char *args)
{
	run_main(decode_main, -1, args, "", 0);
}

static void run_with(const char *args, const char *input)
{
	run_main(decode_main, -1, args, input, strlen(input));
}

static void test_text(void **state)
{
	(void)state;
	run("0x6000000000000000");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
	assert_string_equal(
		ran.out, "0x6000000000000000: POWER9 POWER10\n"
			 "  IBM bit  1  0x4000000000000000  POWER9   KVM_PPC_COMPAT_CAP_POWER9   "
			 "logical PVR 0x0f000005\n"
			 "  IBM bit  2  0x2000000000000000  POWER10  KVM_PPC_COMPAT_CAP_POWER10  "
			 "logical PVR 0x0f000006\n");
}

static void test_unknown_is_shown(void **state)
{
	(void)state;
	run("0xc800000000000001 0");
	assert_int_equal(ran.status, 0);
	assert_non_null(strstr(ran.out, "POWER9, unknown bits 0x8800000000000001\n"));
	assert_non_null(strstr(ran.out, "  IBM bit  0  0x8000000000000000  unknown"));
	assert_non_null(strstr(ran.out, "  IBM bit  4  0x0800000000000000  unknown\n"));
	assert_non_null(strstr(ran.out, "  IBM bit 63  0x0000000000000001  unknown"));
	assert_non_null(strstr(ran.out, "\n0x0000000000000000: no modes\n"));
}

static void assert_plain(yyjson_val *value, const char *expected)
{
	char *text = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, NULL);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void test_json(void **state)
{
	yyjson_doc *doc;
	yyjson_val *object, *bits;

	(void)state;
	run("--json 18446744073709551615");
	assert_int_equal(ran.status, 0);
	doc = yyjson_read(ran.out, strlen(ran.out), YYJSON_READ_NOFLAG);
	object = yyjson_doc_get_root(doc);
	assert_non_null(object);
	assert_plain(yyjson_obj_get(object, "value"), "\"0xffffffffffffffff\"");
	assert_plain(yyjson_obj_get(object, "modes"), "[\"POWER9\",\"POWER10\",\"POWER11\"]");
	assert_plain(yyjson_obj_get(object, "unknown_bits"), "\"0x8fffffffffffffff\"");
	bits = yyjson_obj_get(object, "bits");
	assert_int_equal(yyjson_arr_size(bits), 64);
	assert_plain(yyjson_arr_get(bits, 3),
		     "{\"ibm_bit\":3,\"value\":\"0x1000000000000000\",\"mode\":\"POWER11\","
		     "\"constant\":\"KVM_PPC_COMPAT_CAP_POWER11\",\"pvr\":\"0x0f000007\"}");
	assert_plain(yyjson_arr_get(bits, 63),
		     "{\"ibm_bit\":63,\"value\":\"0x0000000000000001\",\"mode\":null,"
		     "\"constant\":null,\"pvr\":null}");
	yyjson_doc_free(doc);
}

static void test_json_lines(void **state)
{
	(void)state;
	run("-j 0 0x7000000000000000");
	assert_int_equal(ran.status, 0);
	assert_ptr_equal(strstr(ran.out, "{\"value\":\"0x0000000000000000\",\"modes\":[],"
					 "\"unknown_bits\":null,\"bits\":[]}\n"
					 "{\"value\":\"0x7000000000000000\","),
			 ran.out);
	assert_ptr_equal(strrchr(ran.out, '\n'), ran.out + strlen(ran.out) - 1);
}

static void test_pvr(void **state)
{
	(void)state;
	run("--pvr 0x0f000006");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out,
			    "0x0f000006: POWER10 (ISA 3.1)\n"
			    "  mode           KVM_PPC_COMPAT_CAP_POWER10, 0x2000000000000000, "
			    "IBM bit 2\n"
			    "  nested API v1  0x6000000000000000: POWER9 POWER10\n");
	run("--json --pvr=0x0f000004 0x0f000007 251658245 --pvr 0xffffffff 0x800200");
	assert_int_equal(ran.status, 0);
	assert_string_equal(
		ran.out,
		"{\"pvr\":\"0x0f000004\",\"name\":\"POWER8\",\"isa\":\"ISA 2.07\",\"processor\":null,\"mode\":null,"
		"\"constant\":null,\"caps\":null,\"modes\":[]}\n"
		"{\"pvr\":\"0x0f000007\",\"name\":\"POWER11\",\"isa\":\"ISA 3.1\",\"processor\":null,"
		"\"mode\":\"POWER11\",\"constant\":\"KVM_PPC_COMPAT_CAP_POWER11\","
		"\"caps\":\"0x7000000000000000\",\"modes\":[\"POWER9\",\"POWER10\",\"POWER11\"]}\n"
		"{\"pvr\":\"0x0f000005\",\"name\":\"POWER9\",\"isa\":\"ISA 3.0\",\"processor\":null,"
		"\"mode\":\"POWER9\",\"constant\":\"KVM_PPC_COMPAT_CAP_POWER9\","
		"\"caps\":\"0x4000000000000000\",\"modes\":[\"POWER9\"]}\n"
		"{\"pvr\":\"0xffffffff\",\"name\":\"invalid\",\"isa\":null,\"processor\":null,\"mode\":null,"
		"\"constant\":null,\"caps\":null,\"modes\":[]}\n"
		"{\"pvr\":\"0x00800200\",\"name\":null,\"isa\":null,\"processor\":\"POWER10\",\"mode\":null,"
		"\"constant\":null,\"caps\":null,\"modes\":[]}\n");
}

/* /proc/cpuinfo has a processor's own PVR, which KVM takes from nobody. */
static void test_raw_pvr(void **state)
{
	(void)state;
	run("--pvr 0x004e1202 0x00820200");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "0x004e1202: POWER9, the processor's own PVR\n"
				     "  logical PVR    0x0f000005: the mode to ask for\n"
				     "  bare metal     POWER9\n"
				     "0x00820200: POWER11, the processor's own PVR\n"
				     "  logical PVR    0x0f000007: the mode to ask for\n"
				     "  bare metal     POWER9 POWER10 POWER11\n");
	run("--pvr 0x004d0200");
	assert_non_null(strstr(ran.out, "POWER8, the processor's own PVR\n"));
	assert_non_null(strstr(ran.out, "bare metal     no modes\n"));
}

static void test_pvr_has_32_bits(void **state)
{
	(void)state;
	run("--pvr 0x100000000 0x0f000005");
	assert_int_equal(ran.status, 2);
	assert_non_null(strstr(ran.err, "value 1: \"0x100000000\": character 1: the number does "
					"not fit 32 bits\n"));
	assert_non_null(strstr(ran.out, "0x0f000005: POWER9"));
}

static void test_input_goes_on(void **state)
{
	(void)state;
	run_with("--json", "0x1\n\n  0x4000000000000000\r\nzz\n18446744073709551616\n-1\n0x2");
	assert_int_equal(ran.status, 2);
	assert_string_equal(
		ran.err,
		"decode_bitmap: line 2: \"\": character 1: expected a number, found nothing\n"
		"decode_bitmap: line 4: \"zz\": character 1: expected a number\n"
		"decode_bitmap: line 5: \"18446744073709551616\": character 1: the number does not "
		"fit 64 bits\n"
		"decode_bitmap: line 6: \"-1\": character 1: a sign is not allowed\n");
	assert_non_null(strstr(ran.out, "{\"value\":\"0x0000000000000001\""));
	assert_non_null(strstr(ran.out, "{\"value\":\"0x4000000000000000\""));
	assert_non_null(strstr(ran.out, "{\"value\":\"0x0000000000000002\""));
}

static void test_arguments_go_on(void **state)
{
	(void)state;
	run("-j 0x1 zz 0x2 0x");
	assert_int_equal(ran.status, 2);
	assert_non_null(strstr(ran.err, "value 2: \"zz\""));
	assert_non_null(strstr(ran.err, "value 4: \"0x\""));
	assert_non_null(strstr(ran.out, "0x0000000000000001"));
	assert_non_null(strstr(ran.out, "0x0000000000000002"));
}

static void test_hostile_input(void **state)
{
	char line[100003];

	(void)state;
	run_main(decode_main, -1, "", "0x6\0a\n\33[2J\n", 11);
	assert_int_equal(ran.status, 2);
	assert_string_equal(ran.out, "");
	assert_null(strchr(ran.err, '\33'));
	assert_non_null(strstr(ran.err, "line 1: \"0x6\\x00a\": character 4: "));
	assert_non_null(strstr(ran.err, "line 2: \"\\x1b[2J\": "));

	memset(line, '0', sizeof(line));
	memcpy(line, "0x", 2);
	memcpy(line + sizeof(line) - 3, "\n0\n", 3);
	run_main(decode_main, -1, "", line, sizeof(line));
	assert_int_equal(ran.status, 2);
	assert_non_null(strstr(ran.err, "line 1: "));
	assert_non_null(strstr(ran.err, ": the line is too long\n"));
	assert_string_equal(ran.out, "0x0000000000000000: no modes\n");
}

static void test_line_of_the_longest(void **state)
{
	char line[LINE_LONGEST + 2];

	(void)state;
	memset(line, '0', sizeof(line));
	memcpy(line, "0x", 2);
	line[LINE_LONGEST] = '\n';
	run_main(decode_main, -1, "", line, LINE_LONGEST + 1);
	assert_int_equal(ran.status, 0);
	line[LINE_LONGEST] = '0';
	line[LINE_LONGEST + 1] = '\n';
	run_main(decode_main, -1, "", line, LINE_LONGEST + 2);
	assert_int_equal(ran.status, 2);
}

static void test_lost_prefix(void **state)
{
	(void)state;
	run("6000000000000000 999999999999999 10000000000000000 0x6000000000000");
	assert_int_equal(ran.status, 2);
	assert_non_null(strstr(ran.err, "value 1: "));
	assert_non_null(strstr(ran.err, "ambiguous without 0x"));
	assert_null(strstr(ran.err, "value 2: "));
	assert_null(strstr(ran.err, "value 3: "));
	assert_null(strstr(ran.err, "value 4: "));
	run("--pvr 10000006 251658246");
	assert_int_equal(ran.status, 2);
	assert_non_null(strstr(ran.err, "value 1: "));
	assert_null(strstr(ran.err, "value 2: "));
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	run_with("", "");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "");
	assert_string_equal(ran.err, "");
}

static void test_usage(void **state)
{
	(void)state;
	run("--nonsense");
	assert_int_equal(ran.status, 2);
	assert_string_equal(ran.out, "");
	run("--help");
	assert_int_equal(ran.status, 0);
	assert_non_null(strstr(ran.out, "Examples:"));
	run("--version");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "decode_bitmap " COMPATCAPS_VERSION "\n");
}

static void assert_output_fails(int fd, const char *args, const char *why)
{
	run_main(decode_main, fd, args, "", 0);
	close(fd);
	assert_int_equal(ran.status, 1);
	assert_non_null(strstr(ran.err, "cannot write to standard output: "));
	assert_non_null(strstr(ran.err, why));
}

static void test_lost_output(void **state)
{
	(void)state;
	assert_output_fails(open("/dev/full", O_WRONLY), "0x1", "No space left");
	assert_output_fails(open("/dev/full", O_WRONLY), "--help", "No space left");
	assert_output_fails(open("/dev/null", O_RDONLY), "0x1", "Bad file descriptor");
}

static void test_reader_has_gone(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	run_main(decode_main, ends[1], "0x1", "", 0);
	close(ends[1]);
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.err, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_unknown_is_shown),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_lines),
		cmocka_unit_test(test_pvr),
		cmocka_unit_test(test_raw_pvr),
		cmocka_unit_test(test_pvr_has_32_bits),
		cmocka_unit_test(test_input_goes_on),
		cmocka_unit_test(test_arguments_go_on),
		cmocka_unit_test(test_hostile_input),
		cmocka_unit_test(test_line_of_the_longest),
		cmocka_unit_test(test_lost_prefix),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_lost_output),
		cmocka_unit_test(test_reader_has_gone),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
