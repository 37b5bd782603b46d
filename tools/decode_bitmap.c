// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Explains a bitmap of compatibility capabilities, or a PVR, without a kernel. Names and numbers
 * come from kvm/abi.h. A bit or a PVR that no revision has is shown as unknown.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/abi.h"
#include "json_caps.h"
#include "lib/about.h"
#include "lib/complete.h"
#include "io/out.h"
#include "lib/parse.h"

#define EXIT_BAD_INPUT 2
#define LINE_LONGEST   256

static struct {
	bool json;
	bool pvr;
	char **values; /* NULL: read them from standard input */
	int count;
} opt;

const char *argp_program_version = "decode_bitmap " COMPATCAPS_VERSION;

static const struct argp_option options[] = {
	{ "pvr", 'p', "PVR", OPTION_ARG_OPTIONAL, "The values are logical PVRs, not bitmaps", 0 },
	{ "json", 'j', NULL, 0, "Print one JSON object per line, for each value", 0 },
	{ 0 },
};

static const char doc[] =
	"Explain a compat-caps bitmap, or a logical PVR.\v"
	"Values are 0x and hexadecimal digits, or decimal. Without values on the command line, they are read from standard input, one per line.\n\n"
	"Examples:\n"
	"  decode_bitmap 0x6000000000000000\n"
	"  decode_bitmap --pvr 0x0f000006\n"
	"  jq -r '.caps // empty' trace.json | decode_bitmap --json\n\n"
	"Exit status: 0 everything was decoded; 1 input or output failed; 2 wrong usage, or a wrong value (the other values are still decoded).";

/* --pvr 0x0f000006 and --pvr=0x0f000006 both name a value, and so may stand several times. */
static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'p':
		opt.pvr = true;
		if (arg)
			opt.values[opt.count++] = arg;
		return 0;
	case 'j':
		opt.json = true;
		return 0;
	case ARGP_KEY_ARG:
		opt.values[opt.count++] = arg;
		return 0;
	default:
		(void)state;
		return ARGP_ERR_UNKNOWN;
	}
}

static void add_bit(yyjson_mut_doc *line, yyjson_mut_val *o, unsigned int ibm_bit)
{
	uint64_t bit = 1ull << (63 - ibm_bit);
	const struct abi_mode *mode = abi_mode_by_bit(bit);

	json_add_uint(line, o, "ibm_bit", ibm_bit);
	json_add_hex64(line, o, "value", bit);
	json_add_str(line, o, "mode", mode ? mode->name : NULL);
	json_add_str(line, o, "constant", mode ? mode->constant : NULL);
	if (mode)
		json_add_hex32(line, o, "pvr", mode->pvr);
	else
		json_add_str(line, o, "pvr", NULL);
}

static void bitmap_json(uint64_t caps)
{
	yyjson_mut_doc *line = json_line();
	yyjson_mut_val *bits = yyjson_mut_arr(line);

	json_add_hex64(line, NULL, "value", caps);
	json_add_modes(line, NULL, "modes", caps);
	json_add_unknown_bits(line, NULL, "unknown_bits", caps);
	json_add(line, NULL, "bits", bits);
	for (unsigned int ibm = 0; ibm < 64; ibm++)
		if (caps & 1ull << (63 - ibm))
			add_bit(line, json_append_object(line, bits), ibm);
	json_print_line(line);
}

static void pvr_json(uint32_t pvr)
{
	const struct abi_pvr *known = abi_pvr(pvr);
	const struct abi_processor *raw = abi_processor(pvr);
	const struct abi_mode *mode = abi_mode_by_pvr(pvr);
	uint64_t caps = abi_caps_of_pvr(pvr);
	yyjson_mut_doc *line = json_line();

	json_add_hex32(line, NULL, "pvr", pvr);
	json_add_str(line, NULL, "name", known ? known->name : NULL);
	json_add_str(line, NULL, "isa", known ? known->isa : NULL);
	json_add_str(line, NULL, "processor", raw ? raw->name : NULL);
	json_add_str(line, NULL, "mode", mode ? mode->name : NULL);
	json_add_str(line, NULL, "constant", mode ? mode->constant : NULL);
	if (caps)
		json_add_hex64(line, NULL, "caps", caps);
	else
		json_add_str(line, NULL, "caps", NULL);
	json_add_modes(line, NULL, "modes", caps);
	json_print_line(line);
}

static void print_modes(uint64_t caps)
{
	const struct abi_mode *mode;
	const char *sep = "";

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (caps & mode->bit) {
			printf("%s%s", sep, mode->name);
			sep = " ";
		}
	if (!*sep)
		printf("no modes");
}

static void bit_text(unsigned int ibm_bit)
{
	uint64_t bit = 1ull << (63 - ibm_bit);
	const struct abi_mode *mode = abi_mode_by_bit(bit);
	const char *hcall = abi_hcall_bit(ibm_bit);

	printf("  IBM bit %2u  0x%016" PRIx64 "  ", ibm_bit, bit);
	if (mode)
		printf("%-7s  %-26s  logical PVR 0x%08" PRIx32 "\n", mode->name, mode->constant,
		       mode->pvr);
	else if (hcall)
		printf("unknown  to H_GUEST_GET_CAPABILITIES: %s\n", hcall);
	else
		printf("unknown\n");
}

static void bitmap_text(uint64_t caps)
{
	uint64_t unknown = abi_unknown_bits(caps);

	printf("0x%016" PRIx64 ": ", caps);
	print_modes(caps);
	if (unknown)
		printf(", unknown bits 0x%016" PRIx64, unknown);
	printf("\n");
	for (unsigned int ibm = 0; ibm < 64; ibm++)
		if (caps & 1ull << (63 - ibm))
			bit_text(ibm);
}

/* A processor's own PVR: KVM takes none, and yet people have it from /proc/cpuinfo. */
static void raw_text(uint32_t pvr, const struct abi_processor *raw)
{
	uint64_t caps = abi_caps_of_host(pvr);

	printf("0x%08" PRIx32 ": %s, the processor's own PVR\n", pvr, raw->name);
	printf("  logical PVR    0x%08" PRIx32 ": the mode to ask for\n", raw->pvr);
	printf("  bare metal     ");
	print_modes(caps);
	printf("\n");
}

static void pvr_text(uint32_t pvr)
{
	const struct abi_processor *raw = abi_processor(pvr);
	const struct abi_pvr *known = abi_pvr(pvr);
	const struct abi_mode *mode = abi_mode_by_pvr(pvr);
	uint64_t caps = abi_caps_of_pvr(pvr);

	if (raw) {
		raw_text(pvr, raw);
		return;
	}
	printf("0x%08" PRIx32 ": %s", pvr, known ? known->name : "no logical PVR that Linux knows");
	if (known && known->isa && strcmp(known->isa, known->name))
		printf(" (%s)", known->isa);
	if (mode)
		printf("\n  mode           %s, 0x%016" PRIx64 ", IBM bit %u\n", mode->constant,
		       mode->bit, mode->ibm_bit);
	else
		printf("\n  mode           none: no bit of the bitmap stands for it\n");
	printf("  nested API v1  ");
	if (caps) {
		printf("0x%016" PRIx64 ": ", caps);
		print_modes(caps);
		printf("\n");
	} else {
		printf("EINVAL: a host with this cpu-version offers nothing\n");
	}
}

/* A bitmap of 16 digits, or a PVR of 8, is mostly one whose 0x got lost in a copy. */
static bool lost_prefix(const char *text, size_t len, uint64_t value)
{
	uint64_t low = opt.pvr ? 10000000 : 1000000000000000;

	return value >= low && value / 10 < low && !memchr(text, 'x', len) &&
	       !memchr(text, 'X', len);
}

static void complain(const char *what, int n, const char *text, size_t len, const char *why)
{
	char quoted[PARSE_QUOTE_MAX];

	fprintf(stderr, "decode_bitmap: %s %d: %s: %s\n", what, n,
		parse_quote(quoted, sizeof(quoted), text, len), why);
}

static bool decode(const char *what, int n, const char *text, size_t len)
{
	struct parse_error err;
	uint64_t value;

	if (!parse_upto(text, len, opt.pvr ? UINT32_MAX : UINT64_MAX, &value, &err)) {
		char why[160];

		snprintf(why, sizeof(why), "character %zu: %s", err.at + 1, err.why);
		complain(what, n, text, len, why);
		return false;
	}
	if (lost_prefix(text, len, value)) {
		complain(
			what, n, text, len,
			"ambiguous without 0x: write 0x before hexadecimal digits, or write a decimal number in hexadecimal");
		return false;
	}
	if (opt.json)
		opt.pvr ? pvr_json((uint32_t)value) : bitmap_json(value);
	else
		opt.pvr ? pvr_text((uint32_t)value) : bitmap_text(value);
	return true;
}

static int decode_arguments(void)
{
	int status = 0;

	for (int i = 0; i < opt.count && out_flush(); i++)
		if (!decode("value", i + 1, opt.values[i], strlen(opt.values[i])))
			status = EXIT_BAD_INPUT;
	return status;
}

/* One line without its end, cut at size; what it really held in *len. false: no more lines. */
static bool read_line(char *line, size_t size, size_t *len)
{
	int c;

	*len = 0;
	while ((c = getc_unlocked(stdin)) != EOF && c != '\n') {
		if (*len < size)
			line[*len] = (char)c;
		++*len;
	}
	return c == '\n' || *len;
}

static int decode_stdin(void)
{
	char line[LINE_LONGEST];
	int status = 0;
	size_t len;

	if (isatty(STDIN_FILENO))
		fprintf(stderr,
			"decode_bitmap: reading %s from the terminal, one per line; "
			"Ctrl-D ends\n",
			opt.pvr ? "logical PVRs" : "bitmaps");
	for (int n = 1; out_flush() && read_line(line, sizeof(line), &len); n++) {
		if (len > sizeof(line)) {
			complain("line", n, line, sizeof(line), "the line is too long");
			status = EXIT_BAD_INPUT;
		} else if (!decode("line", n, line, len)) {
			status = EXIT_BAD_INPUT;
		}
	}
	if (ferror(stdin)) {
		fprintf(stderr, "decode_bitmap: cannot read standard input: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return status;
}

int main(int argc, char **argv)
{
	static const struct argp_child children[] = { { &about_argp, 0, NULL, 0 }, { 0 } };
	static const struct argp argp = {
		options, parse_option, "[VALUE...]", doc, children, 0, 0
	};
	static const struct complete complete = { .argp = &argp };
	int status;

	out_guard("decode_bitmap", OUT_EXIT_FAILED);
	complete_if_asked(&complete, argc, argv);
	opt.values = calloc((size_t)argc, sizeof(*opt.values));
	if (!opt.values) {
		fprintf(stderr, "decode_bitmap: out of memory\n");
		return EXIT_FAILURE;
	}
	argp_err_exit_status = EXIT_BAD_INPUT;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, NULL);
	status = opt.count ? decode_arguments() : decode_stdin();
	free(opt.values);
	return status;
}
