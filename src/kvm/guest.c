// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads from a VMM's command line what the guest is called and what machine it gets. Only QEMU's
 * -name, -machine, -accel and -incoming are looked at, and nothing else of the command line is
 * kept, because it can contain secrets. The process chose these bytes, so they are escaped.
 */
#include "kvm/guest.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"

/* The argument at a; NULL: it was cut off, for only a NUL ends one. */
static const char *argument_end(const char *a, const char *end)
{
	return a < end ? memchr(a, '\0', (size_t)(end - a)) : NULL;
}

static bool is_name(const char *arg)
{
	return !strcmp(arg, "-name") || !strcmp(arg, "--name");
}

/* QEMU merges several: the last that tells a name counts. */
static void take_option(char *buf, size_t size, const char *value, size_t len)
{
	char option[GUEST_OPTION_LEN], name[GUEST_NAME_LEN];

	text_escape(option, size < sizeof(option) ? size : sizeof(option), value, len);
	if (!buf[0] || guest_name(name, sizeof(name), option)[0])
		snprintf(buf, size, "%s", option);
}

char *guest_option(char *buf, size_t size, const char *args, size_t len)
{
	const char *end = args + len, *nul;
	bool value = false;

	buf[0] = '\0';
	for (const char *a = args; (nul = argument_end(a, end)); a = nul + 1) {
		if (value)
			take_option(buf, size, a, (size_t)(nul - a));
		value = !value && is_name(a);
	}
	return buf;
}

static bool is_incoming(const char *arg)
{
	return !strcmp(arg, "-incoming") || !strcmp(arg, "--incoming");
}

/* The value of a -name can look like it. */
enum incoming guest_incoming(const char *args, size_t len, bool all)
{
	const char *end = args + len, *nul;
	bool value = false;

	for (const char *a = args; (nul = argument_end(a, end)); a = nul + 1) {
		if (!value && is_incoming(a))
			return INCOMING_YES;
		value = !value && is_name(a);
	}
	return all && len ? INCOMING_NO : INCOMING_UNKNOWN;
}

static bool is_one_of(const char *arg, const char *const *options)
{
	arg += arg[0] == '-' && arg[1] == '-';
	while (*options && strcmp(arg, *options))
		options++;
	return *options;
}

static bool is_qemu(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

	return strstr(name, "qemu") || !strcmp(name, "kvm");
}

static bool add_machine(char *buf, size_t size, const char *value, size_t len)
{
	size_t n = strlen(buf), room = size - n;
	char option[GUEST_OPTION_LEN];

	text_escape(option, sizeof(option), value, len);
	return (size_t)snprintf(buf + n, room, "%s%s", n ? "," : "", option) < room;
}

char *guest_machine(char *buf, size_t size, const char *args, size_t len, bool all)
{
	static const char *const machines[] = { "-machine", "-M", "-accel", NULL };
	static const char *const others[] = { "-name", "-append", NULL };
	static const char *const files[] = { "-readconfig", "-set", "-global", NULL };
	enum { OF_NOTHING, OF_MACHINE, OF_OTHER } value = OF_NOTHING;
	const char *end = args + len, *nul = argument_end(args, end);
	bool known = all && nul && is_qemu(args);

	buf[0] = '\0';
	for (const char *a = args; known && (nul = argument_end(a, end)); a = nul + 1) {
		if (value == OF_MACHINE)
			known = add_machine(buf, size, a, (size_t)(nul - a));
		else if (value == OF_NOTHING)
			known = !is_one_of(a, files);
		value = value		       ? OF_NOTHING :
			is_one_of(a, machines) ? OF_MACHINE :
			is_one_of(a, others)   ? OF_OTHER :
						 OF_NOTHING;
	}
	if (!known)
		buf[0] = '\0';
	else if (!*buf)
		snprintf(buf, size, "pseries");
	return buf;
}

/*
 * One value up to its comma, two commas being one that belongs to it. Returns what follows;
 * of out, which may be NULL, no escape is cut.
 */
static const char *take_value(char *out, size_t size, const char *text)
{
	size_t n = 0, len;

	for (; *text && (*text != ',' || text[1] == ','); text += len) {
		len = 1;
		if (*text == '\\')
			len = text[1] == 'x' ? strnlen(text, 4) : strnlen(text, 2);
		if (out && n + len < size) {
			memcpy(out + n, text, len);
			n += len;
		} else {
			size = 0; /* nor anything after it */
		}
		len += *text == ',';
	}
	if (out)
		out[n] = '\0';
	return *text ? text + 1 : text;
}

char *guest_name(char *name, size_t size, const char *option)
{
	static const char guest[] = "guest";
	const char *p = option;

	name[0] = '\0';
	if (!p)
		return name;
	while (*p) {
		size_t key = strcspn(p, "=,");
		bool named = p[key] == '=';
		bool wanted = named ? key == strlen(guest) && !strncmp(p, guest, key) : p == option;

		p = take_value(wanted ? name : NULL, size, named ? p + key + 1 : p);
	}
	return name;
}
