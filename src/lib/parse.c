// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads numbers, sizes, durations and moments as people write them. The whole text must be
 * consumed, and a number must fit its range. A refusal says what was expected and quotes what was
 * found.
 */
#include "lib/parse.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct span {
	const char *text;
	size_t pos;
	size_t end;
};

static bool fail(struct parse_error *err, size_t at, const char *why)
{
	err->at = at;
	err->why = why;
	return false;
}

/* The locale must not have a say in what a number is: no isspace(), no isdigit(). */
static bool is_space(char c)
{
	return c && strchr(" \t\r\n\v\f", c);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static struct span trim(const char *text, size_t len)
{
	struct span s = { text, 0, len };

	while (s.pos < s.end && is_space(text[s.pos]))
		s.pos++;
	while (s.end > s.pos && is_space(text[s.end - 1]))
		s.end--;
	return s;
}

static bool check_start(const struct span *s, struct parse_error *err)
{
	const char *p = s->text + s->pos;

	if (s->pos == s->end)
		return fail(err, s->pos, "expected a number, found nothing");
	if (*p == '-' || *p == '+')
		return fail(err, s->pos, "a sign is not allowed");
	if (digit_of(*p) >= 10)
		return fail(err, s->pos, "expected a number");
	return true;
}

/* Digits up to the end of the span; where stop is given, up to the first other character. */
static bool read_digits(struct span *s, unsigned int base, bool stop, uint64_t *value,
			struct parse_error *err)
{
	size_t start = s->pos;

	*value = 0;
	for (; s->pos < s->end; s->pos++) {
		unsigned int digit = digit_of(s->text[s->pos]);

		if (digit >= base && stop && s->pos > start)
			return true;
		if (digit >= base)
			return fail(
				err, s->pos,
				base == 16 ? "not a hexadecimal digit" :
				digit < 16 ? "not a decimal digit (hexadecimal starts with 0x)" :
					     "not a digit");
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit, value))
			return fail(err, start, "the number does not fit 64 bits");
	}
	if (s->pos == start)
		return fail(err, start, "expected a digit");
	return true;
}

static bool leading_zero(const struct span *s)
{
	return s->end - s->pos > 1 && s->text[s->pos] == '0' && digit_of(s->text[s->pos + 1]) < 16;
}

bool parse_u64(const char *text, size_t len, uint64_t *value, struct parse_error *err)
{
	struct span s = trim(text, len);
	const char *p = text + s.pos;

	if (!check_start(&s, err))
		return false;
	if (s.end - s.pos >= 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		s.pos += 2;
		return read_digits(&s, 16, false, value, err);
	}
	if (leading_zero(&s))
		return fail(err, s.pos,
			    "a leading 0 could mean octal: write 0x before hexadecimal digits, "
			    "nothing before decimal ones");
	return read_digits(&s, 10, false, value, err);
}

bool parse_upto(const char *text, size_t len, uint64_t max, uint64_t *value,
		struct parse_error *err)
{
	if (!parse_u64(text, len, value, err))
		return false;
	if (*value > max)
		return fail(err, trim(text, len).pos,
			    max == UINT32_MAX ? "the number does not fit 32 bits" :
						"the number is too large");
	return true;
}

/* Nothing before the point is 0, as ".2" is to others. */
static bool read_whole(struct span *s, uint64_t *value, struct parse_error *err)
{
	*value = 0;
	if (s->pos < s->end && s->text[s->pos] == '.')
		return true;
	return check_start(s, err) && read_digits(s, 10, true, value, err);
}

/* Up to nine digits after the point, as billionths. */
static bool read_fraction(struct span *s, uint64_t *billionths, struct parse_error *err)
{
	size_t start = s->pos + 1;
	size_t digits;

	*billionths = 0;
	if (s->pos == s->end || s->text[s->pos] != '.')
		return true;
	s->pos++;
	if (!read_digits(s, 10, true, billionths, err))
		return false;
	digits = s->pos - start;
	if (digits > 9)
		return fail(err, start + 9, "more than nine digits after the point");
	while (digits++ < 9)
		*billionths *= 10;
	return true;
}

/* Nanoseconds of the unit that the rest of the span names, 0 where it is none. */
static uint64_t unit_of(const struct span *s)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", 1000000000 }, { "s", 1000000000 },  { "ms", 1000000 },	  { "us", 1000 },
		{ "ns", 1 },	    { "m", 60000000000 }, { "h", 3600000000000 },
	};
	size_t len = s->end - s->pos;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, s->text + s->pos, len))
			return units[i].ns;
	return 0;
}

bool parse_duration(const char *text, size_t len, uint64_t *ns, struct parse_error *err)
{
	struct span s = trim(text, len);
	size_t start = s.pos;
	uint64_t whole, billionths, unit;

	if (!read_whole(&s, &whole, err) || !read_fraction(&s, &billionths, err))
		return false;
	unit = unit_of(&s);
	if (!unit)
		return fail(err, s.pos, "not a unit of time: ns, us, ms, s, m or h");
	/* 128 bits hold the product of any two of these. */
	unsigned __int128 total = (unsigned __int128)whole * unit +
				  (unsigned __int128)billionths * unit / 1000000000;
	if (total > UINT64_MAX)
		return fail(err, start, "the time is too long");
	*ns = (uint64_t)total;
	return true;
}

/* ------------------------------------------------------------------ points in time */

#define NSEC	  UINT64_C(1000000000)
#define NOT_A_DAY "expected a date, YYYY-MM-DD, a time of day, HH:MM, or + and a duration"

/* Exactly so many digits, and a value of most at most. */
static bool read_part(struct span *s, size_t digits, unsigned int most, int *value)
{
	unsigned int n = 0;

	if (s->end - s->pos < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		unsigned int digit = (unsigned int)digit_of(s->text[s->pos + i]);

		if (digit >= 10)
			return false;
		n = 10 * n + digit;
	}
	s->pos += digits;
	*value = (int)n;
	return n <= most;
}

static bool take(struct span *s, char c)
{
	if (s->pos == s->end || s->text[s->pos] != c)
		return false;
	s->pos++;
	return true;
}

static bool read_clock(struct span *s, struct tm *tm, uint64_t *ns)
{
	struct parse_error err;

	*ns = 0;
	if (!read_part(s, 2, 23, &tm->tm_hour) || !take(s, ':') ||
	    !read_part(s, 2, 59, &tm->tm_min))
		return false;
	if (!take(s, ':'))
		return true;
	return read_part(s, 2, 60, &tm->tm_sec) && read_fraction(s, ns, &err);
}

/* Z, or +HH:MM: seconds east of Greenwich. */
static bool read_zone(struct span *s, long *east)
{
	int sign, hours, minutes;

	*east = 0;
	if (take(s, 'Z'))
		return true;
	sign = take(s, '+') ? 1 : take(s, '-') ? -1 : 0;
	if (!sign || !read_part(s, 2, 23, &hours))
		return false;
	take(s, ':');
	if (!read_part(s, 2, 59, &minutes))
		return false;
	*east = sign * (hours * 3600L + minutes * 60L);
	return true;
}

/* The calendar has no 30th of February, which mktime(3) takes to be another day. */
static bool seconds_of(const struct tm *given, bool local, time_t *seconds)
{
	struct tm tm = *given;

	tm.tm_isdst = -1;
	*seconds = local ? mktime(&tm) : timegm(&tm);
	return tm.tm_mday == given->tm_mday && tm.tm_mon == given->tm_mon && *seconds >= 0 &&
	       (uint64_t)*seconds < UINT64_MAX / NSEC - 1;
}

static bool read_dated(struct span *s, struct parse_moment *m, struct parse_error *err)
{
	struct tm tm = { 0 };
	long east = 0;
	bool local;
	time_t seconds;

	if (!read_part(s, 4, 9999, &tm.tm_year) || !take(s, '-') ||
	    !read_part(s, 2, 12, &tm.tm_mon) || !take(s, '-') || !read_part(s, 2, 31, &tm.tm_mday))
		return fail(err, s->pos, NOT_A_DAY);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	m->ns = 0;
	if ((take(s, 'T') || take(s, ' ')) && !read_clock(s, &tm, &m->ns))
		return fail(err, s->pos, "expected a time of day, HH:MM or HH:MM:SS");
	local = s->pos == s->end;
	if (!local && (!read_zone(s, &east) || s->pos != s->end))
		return fail(err, s->pos, "expected the end, Z, or a zone such as +02:00");
	if (!seconds_of(&tm, local, &seconds) || seconds < east)
		return fail(err, 0, "there is no such day, or it is before 1970 or too late");
	m->kind = MOMENT_DATED;
	m->ns += (uint64_t)(seconds - east) * NSEC;
	return true;
}

bool parse_moment(const char *text, size_t len, struct parse_moment *m, struct parse_error *err)
{
	struct span s = trim(text, len);
	struct tm tm = { 0 };

	if (take(&s, '+')) {
		m->kind = MOMENT_AFTER;
		return parse_duration(text + s.pos, s.end - s.pos, &m->ns, err);
	}
	if (s.end - s.pos < 3 || s.text[s.pos + 2] != ':')
		return read_dated(&s, m, err);
	if (!read_clock(&s, &tm, &m->ns) || s.pos != s.end)
		return fail(err, s.pos, "expected a time of day, HH:MM or HH:MM:SS");
	m->kind = MOMENT_CLOCK;
	m->ns += (uint64_t)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) * NSEC;
	return true;
}

uint64_t parse_moment_after(const struct parse_moment *m, uint64_t beginning_ns)
{
	time_t seconds = (time_t)(beginning_ns / NSEC);
	struct tm tm;

	if (m->kind == MOMENT_DATED)
		return m->ns;
	if (m->kind == MOMENT_AFTER)
		return m->ns > UINT64_MAX - beginning_ns ? UINT64_MAX : beginning_ns + m->ns;
	localtime_r(&seconds, &tm);
	/* By the clock on the wall: a day on which it is changed does not have 24 hours. */
	tm.tm_hour = (int)(m->ns / NSEC / 3600);
	tm.tm_min = (int)(m->ns / NSEC / 60 % 60);
	tm.tm_sec = (int)(m->ns / NSEC % 60);
	tm.tm_isdst = -1;
	seconds = mktime(&tm);
	return seconds < 0 ? m->ns : (uint64_t)seconds * NSEC + m->ns % NSEC;
}

char *parse_quote(char *out, size_t size, const char *text, size_t len)
{
	static const char more[] = "\"...";
	size_t n = 0;

	out[n++] = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (n + 4 + sizeof(more) > size)
			return memcpy(out + n, more, sizeof(more)), out;
		if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
	}
	memcpy(out + n, "\"", 2);
	return out;
}
