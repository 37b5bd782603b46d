// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Text that others chose, made harmless, and text that is measured and cut for people. Escaping
 * can be undone exactly. A cut never ends within an escape. Times are written and read here as
 * well (RFC 3339), because each line of a recording has one.
 */
#include "lib/text.h"

#include <stdlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NSEC	    1000000000u
#define TAG_MAX	    64 /* of XML, up to its end */
#define SECONDS_LEN 19 /* "2026-11-22T06:00:00" */

static const char hex[] = "0123456789abcdef";

static bool printable(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* How one byte is shown; returns the length, at most 4. */
static size_t escape(char shown[4], unsigned char c)
{
	if (printable(c) && c != '\\') {
		shown[0] = (char)c;
		return 1;
	}
	shown[0] = '\\';
	if (c == '\\') {
		shown[1] = '\\';
		return 2;
	}
	shown[1] = 'x';
	shown[2] = hex[c >> 4];
	shown[3] = hex[c & 15];
	return 4;
}

char *text_escape(char *buf, size_t size, const char *text, size_t max)
{
	char shown[4];
	size_t n = 0, len;

	for (size_t i = 0; i < max && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (printable(c) && c != '\\' && n + 1 < size) {
			buf[n++] = (char)c; /* nearly always */
			continue;
		}
		len = escape(shown, c);
		if (n + len >= size)
			break;
		memcpy(buf + n, shown, len);
		n += len;
	}
	if (size)
		buf[n] = '\0';
	return buf;
}

bool text_may_begin_line(char c)
{
	return !c || !strchr(":#<-+~", c);
}

char *text_path(char *buf, size_t size, const char *path)
{
	if (text_may_begin_line(*path) || size < 3)
		return text_escape(buf, size, path, SIZE_MAX);
	buf[0] = '"';
	text_escape(buf + 1, size - 2, path, SIZE_MAX);
	return strcat(buf, "\"");
}

size_t text_show(char shown[4], char c)
{
	if (c == '\\') {
		shown[0] = c;
		return 1;
	}
	return escape(shown, (unsigned char)c);
}

/* A tag of XML is a word, so that it can be copied; what never ends is none. */
static size_t word_length(const char *text)
{
	size_t len = strcspn(text, " ");
	const char *tag = memchr(text, '<', len), *end;

	if (!tag || memchr(tag, '>', len - (size_t)(tag - text)))
		return len;
	end = memchr(tag, '>', strnlen(tag, TAG_MAX));
	if (!end)
		return len;
	return (size_t)(end - text) + strcspn(end, " ");
}

size_t text_unit(const char *text)
{
	size_t len = word_length(text), next;

	for (;; len = next + word_length(text + next)) {
		next = len + strspn(text + len, " ");
		if (!text[next] || text_may_begin_line(text[next]))
			return len;
	}
}

/* The length of the text's first character, which may be an escape. */
static size_t shown_length(const char *text)
{
	return *text != '\\' ? 1 : text[1] == 'x' ? 4 : 2;
}

/* No escape is torn apart, and no line begins or ends with a blank. */
size_t text_piece(const char *text, size_t unit, size_t room)
{
	size_t best = 0, second = 0, n = 0, len;

	while (n < unit) {
		if (n && text[n] != ' ' && text[n - 1] != ' ') {
			second = n;
			best = text_may_begin_line(text[n]) ? n : best;
		}
		len = shown_length(text + n);
		if (n && n + len > room)
			break;
		n += len < unit - n ? len : unit - n;
	}
	if (best || second)
		return best ? best : second;
	return n;
}

/* The digit's value; -1: none, or not one that text_escape() writes. */
static int digit(char c)
{
	const char *at = c ? strchr(hex, c) : NULL;

	return at ? (int)(at - hex) : -1;
}

/* The byte that this stands for, and how long it is; 0: no escape that text_escape() makes. */
static size_t unescape(const char *text, unsigned char *c)
{
	int high, low;

	*c = (unsigned char)text[0];
	if (text[0] != '\\')
		return printable(*c);
	if (text[1] == '\\')
		return 2;
	if (text[1] != 'x')
		return 0;
	high = digit(text[2]);
	low = high < 0 ? -1 : digit(text[3]);
	if (low < 0)
		return 0;
	*c = (unsigned char)(high << 4 | low);
	return *c && !printable(*c) ? 4 : 0;
}

bool text_is_escaped(const char *text)
{
	unsigned char c;
	size_t len;

	for (; *text; text += len) {
		len = unescape(text, &c);
		if (!len)
			return false;
	}
	return true;
}

size_t text_cut(const char *text, size_t columns)
{
	size_t len = strlen(text), n = 0, next;

	if (len <= columns)
		return len;
	while (n + (next = strnlen(text + n, shown_length(text + n))) < columns)
		n += next;
	return n;
}

void text_add(struct text_line *line, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line->buf + line->n, line->size - line->n, fmt, ap);
	va_end(ap);
	line->n += n < 0 ? 0 : (size_t)n;
	if (line->n >= line->size)
		line->n = line->size - 1;
}

size_t text_unescape(char *buf, size_t size, const char *text)
{
	unsigned char c;
	size_t n = 0, len;

	for (; *text && n < size; text += len) {
		len = unescape(text, &c);
		/* No escape: it stands for itself. */
		buf[n++] = (char)(len ? c : *text);
		len += !len;
	}
	return n;
}

void rfc3339_fraction(char *text, uint64_t real_ns)
{
	char *end = text + SECONDS_LEN + 1 + 9;

	for (real_ns %= NSEC; end > text + SECONDS_LEN + 1; real_ns /= 10)
		*--end = (char)('0' + real_ns % 10);
}

char *rfc3339(char buf[RFC3339_LEN], uint64_t real_ns)
{
	time_t sec = (time_t)(real_ns / NSEC);
	struct tm tm;

	if (!gmtime_r(&sec, &tm))
		memset(&tm, 0, sizeof(tm));
	strftime(buf, RFC3339_LEN, "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
	rfc3339_fraction(buf, real_ns);
	return buf;
}

bool rfc3339_read(const char *text, uint64_t *real_ns)
{
	char again[RFC3339_LEN];
	struct tm tm = { 0 };
	uint64_t fraction;
	char *rest;
	time_t sec;

	if (strlen(text) >= sizeof(again))
		return false;
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || *rest != '.')
		return false;
	sec = timegm(&tm);
	fraction = strtoul(rest + 1, NULL, 10);
	if (sec < 0 || __builtin_mul_overflow((uint64_t)sec, NSEC, real_ns) ||
	    __builtin_add_overflow(*real_ns, fraction, real_ns))
		return false;
	/* Whatever those let pass, the 30th of February say, is written in another way. */
	return !strcmp(rfc3339(again, *real_ns), text);
}

#define SECOND_LEN 19 /* "2026-11-22T06:00:00" */

/* ".123456789Z" and nothing after it. */
static bool read_fraction(const char *text, uint64_t *ns)
{
	*ns = 0;
	if (*text++ != '.')
		return false;
	for (int i = 0; i < 9; i++, text++) {
		if (*text < '0' || *text > '9')
			return false;
		*ns = 10 * *ns + (uint64_t)(*text - '0');
	}
	return text[0] == 'Z' && !text[1];
}

bool rfc3339_read_next(const char *text, struct rfc3339_memory *m, uint64_t *real_ns)
{
	uint64_t ns;

	if (m->text[0] && !strncmp(text, m->text, SECOND_LEN)) {
		if (!read_fraction(text + SECOND_LEN, &ns) ||
		    __builtin_add_overflow(m->second_ns, ns, real_ns))
			return false;
		return true;
	}
	if (!rfc3339_read(text, real_ns))
		return false;
	strcpy(m->text, text); /* rfc3339_read() has seen that it fits */
	m->second_ns = *real_ns / NSEC * NSEC;
	return true;
}
