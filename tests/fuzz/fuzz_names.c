// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as what a process has in its own hand while it is traced. That is
 * its command line, with the name of its guest, and uevents in which a module's or a VM's name
 * stands; or as a domain that libvirt has. Whatever these are, what the tracer makes of them is
 * escaped, and an escape can be undone.
 */
#include "fuzz.h"

#include "kvm/guest.h"
#include "lib/text.h"
#include "lib/xml_scan.h"
#include "live/watch.h"

/* In a buffer of its own size, so that a byte too far is seen. */
static char *copy_of(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	check(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

static void check_command_line(const uint8_t *data, size_t size)
{
	char option[GUEST_OPTION_LEN], name[GUEST_NAME_LEN], small[8];
	char *args = malloc(size ? size : 1);

	check(args);
	memcpy(args, data, size);
	check(text_is_escaped(guest_option(option, sizeof(option), args, size)));
	check(text_is_escaped(guest_name(name, sizeof(name), option)));
	check(text_is_escaped(guest_option(small, sizeof(small), args, size)));
	check(text_is_escaped(guest_name(small, sizeof(small), option)));
	/* A command line that was cut off can still have one further on. */
	check(guest_incoming(args, size, false) != INCOMING_NO);
	guest_incoming(args, size, true);
	free(args);
}

/* Each byte is read once, and what is open is closed. */
static void check_scan(const char *text, size_t size)
{
	struct xml_scan s = xml_scan_begin(text, size);
	enum xml_found found;
	size_t n = 0;
	char value[16];

	while ((found = xml_scan(&s)) > XML_BAD) {
		check(s.depth && s.depth <= XML_SCAN_DEPTH && n++ <= 2 * size);
		xml_scan_is(&s, "domain/cpu/model");
		if (found == XML_OPEN)
			xml_scan_attr(&s, "mode", value, sizeof(value));
		else if (found == XML_TEXT)
			xml_scan_text(&s, value, sizeof(value));
	}
	check(!s.depth);
}

static void check_uevent(const char *text, size_t size)
{
	struct watch_event e = { 0 };

	if (!watch_parse(text, size, &e))
		return;
	check(e.what != WATCH_OVERRUN);
	if (e.what == WATCH_MODULE)
		check(memchr(e.module, '\0', sizeof(e.module)) && *e.module);
	else
		check(memchr(e.vm_name, '\0', sizeof(e.vm_name)));
}

static void check_escape(const char *text, size_t size)
{
	size_t len = strlen(text), n;
	char *escaped = malloc(4 * size + 1), *back = malloc(size + 1), small[11];

	check(escaped && back);
	check(text_is_escaped(text_escape(escaped, 4 * size + 1, text, size)));
	n = text_unescape(back, size + 1, escaped);
	check(n == len && !memcmp(back, text, n));
	/* What does not fit ends before an escape, not within it. */
	text_escape(small, sizeof(small), text, size);
	check(text_is_escaped(small) && !strncmp(small, escaped, strlen(small)));
	free(escaped);
	free(back);
}

/* Any text, and whatever lies on both sides of where it is cut. */
static void check_shield(const uint8_t *data, size_t size)
{
	for (enum shield_kind kind = SHIELD_TEXT; kind <= SHIELD_XML; kind++) {
		char *copy = copy_of(data, size);

		free((void *)check_shielded((struct bytes){ copy, size }, kind).data);
	}
}

static void check_time(const char *text)
{
	struct rfc3339_memory memory = { 0 };
	uint64_t ns, again;
	char written[RFC3339_LEN];

	if (!rfc3339_read_next(text, &memory, &ns))
		return;
	check(!strcmp(rfc3339(written, ns), text));
	check(rfc3339_read(text, &again) && again == ns);
	check(rfc3339_read_next(text, &memory, &again) && again == ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);

	check_command_line(data, size);
	check_uevent(text, size);
	check_scan(text, size);
	check_escape(text, size);
	check_shield(data, size);
	check_time(text);
	free(text);
	return 0;
}
