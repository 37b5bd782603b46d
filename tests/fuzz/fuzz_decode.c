// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libFuzzer's entry: any bytes as lines for decode_bitmap, of bitmaps and of PVRs, as text and as
 * JSON. */
#include <stdint.h>
#include <stdio.h>

/* What it complains of is looked at, not shown. */
static FILE *said;
#undef stderr
#define stderr said
#define main   decode_main
#include "../../tools/decode_bitmap.c"
#undef main

static void check_said(char *text)
{
	for (; *text; text++)
		if (*text != '\n' && (*text < ' ' || *text > '~'))
			abort();
}

static void decode_lines(const char *text, size_t len)
{
	const char *end = text + len, *newline;

	for (int n = 1; text < end; text = newline + 1, n++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		newline = newline ? newline : end;
		decode("line", n, text, (size_t)(newline - text));
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return !freopen("/dev/null", "w", stdout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = NULL;
	size_t len;

	for (int how = 0; how < 4; how++) {
		said = open_memstream(&text, &len);
		if (!said)
			return 0;
		opt.pvr = how & 1;
		opt.json = how & 2;
		decode_lines((const char *)data, size);
		fclose(said);
		check_said(text);
		free(text);
	}
	return 0;
}
