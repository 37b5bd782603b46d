/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the fuzzers share. A fuzzer hands any bytes to one room of the program and checks, besides
 * that nothing crashes, what must hold whatever the bytes are: that text is fit for a terminal,
 * that each format can be parsed by those who know it, and that what was written reads back
 * unchanged. A check that fails aborts, which libFuzzer reports with the bytes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/results.h"
#include "io/shield.h"
#include "recording/recording.h"

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A check that fails says which one it is, for the inputs of a fuzzer tell little. */
#define check(ok) ((ok) ? (void)0 : check_failed(#ok, __FILE__, __LINE__))
void check_failed(const char *what, const char *file, int line) __attribute__((noreturn));

/* Bytes that a fuzzer reads or has written. */
struct bytes {
	const char *data;
	size_t len;
};

/* A stream over these bytes, of which there may be none. */
FILE *bytes_open(struct bytes b);

/* A file to write to. sink_end() closes it and returns what was written, to be freed. */
struct sink {
	FILE *f;
	char *text;
	size_t len;
};
void sink_begin(struct sink *s);
struct bytes sink_end(struct sink *s);

/* Both are the same bytes. The first line that differs is shown. */
#define check_same(a, b) check_same_at((a), (b), __FILE__, __LINE__)
void check_same_at(struct bytes a, struct bytes b, const char *file, int line);

/* Text is printable ASCII in lines. Others that a terminal, a journal or a CI obeys are not. */
void check_printable(struct bytes b);
void check_string(const char *text);
/*
 * The same as it leaves the program, where it is escaped so that no runner of a CI finds a command
 * in its log. Frees b and returns other bytes, in place of it.
 */
struct bytes check_shielded(struct bytes b, enum shield_kind kind);

/* Is one JSON value. */
void check_json(struct bytes b);
/* Is well-formed XML. */
void check_xml(struct bytes b);
/* Results in this format have lines that its readers expect, and no others. Frees b. */
void check_results(const struct results_format *format, struct bytes b);

/*
 * The input is one recording, or two with an empty line between them. Returns how many, and cuts
 * the input into them.
 */
size_t split_recordings(const uint8_t *data, size_t size, struct bytes of[2]);

/* Reads a recording, and hands each event to one or more consumers. */
bool read_recording(struct bytes b, const struct recording_reader *r, struct recording *rec);

#endif /* FUZZ_H */
