// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Recordings for the fuzzers that read them. What reads no recording is not linked with the reader.
 */
#include "fuzz.h"

size_t split_recordings(const uint8_t *data, size_t size, struct bytes of[2])
{
	const char *text = (const char *)data, *cut = memmem(text, size, "\n\n", 2);

	of[0] = (struct bytes){ text, cut ? (size_t)(cut - text) + 1 : size };
	if (!cut)
		return 1;
	of[1] = (struct bytes){ cut + 2, size - of[0].len - 1 };
	return 2;
}

bool read_recording(struct bytes b, const struct recording_reader *r, struct recording *rec)
{
	FILE *f = bytes_open(b);
	bool read = recording_read_file(f, r, rec);

	fclose(f);
	return read;
}
