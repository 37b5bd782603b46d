// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The C library's regular expressions, with a bound on the memory that they take. The bound is
 * kept by measuring the heap around each compilation and match, which is exact because nothing
 * else in this process allocates at that time. A pattern that has grown too much is compiled again.
 */
#include "check/pattern.h"

#include <malloc.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pattern {
	regex_t re;
	bool compiled;
	size_t size;  /* as compiled */
	size_t grown; /* by matching since then */
	char source[PATTERN_BYTES_MAX + 1];
};

/* Of all patterns. */
static size_t n_patterns, all_compiled;

/* 0 under a sanitizer, whose heap this is not. */
static size_t heap_used(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static size_t grown_since(size_t before)
{
	size_t now = heap_used();

	return now > before ? now - before : 0;
}

static bool check_source(const char *source, char *why, size_t len)
{
	int pluses = 0;

	if (strlen(source) > PATTERN_BYTES_MAX) {
		snprintf(why, len, "a pattern has at most %d bytes", PATTERN_BYTES_MAX);
		return false;
	}
	for (const char *c = source; (c = strchr(c, '+')); c++)
		if (++pluses > PATTERN_PLUSES) {
			snprintf(why, len, "a pattern has at most %d +", PATTERN_PLUSES);
			return false;
		}
	if (strchr(source, '{')) {
		snprintf(why, len, "a pattern must not contain {");
		return false;
	}
	for (const char *c = source; (c = strchr(c, '\\')) && c[1]; c += 2)
		if (c[1] >= '0' && c[1] <= '9') {
			snprintf(why, len, "a pattern must not contain a back reference (\\%c)",
				 c[1]);
			return false;
		}
	return true;
}

/*
 * Found from the text's beginning on: else glibc starts at each byte, and has states of their own
 * for each start, as many as the square of the text's length.
 */
static int compile(struct pattern *p)
{
	char anchored[PATTERN_BYTES_MAX + 8];
	size_t before = heap_used();
	int error;

	snprintf(anchored, sizeof(anchored), "^.*(%s)", p->source);
	error = regcomp(&p->re, anchored, REG_EXTENDED | REG_NOSUB);
	p->compiled = !error;
	p->grown = 0;
	p->size = p->compiled ? grown_since(before) : 0;
	all_compiled += p->size;
	return error;
}

static void forget(struct pattern *p)
{
	if (p->compiled)
		regfree(&p->re);
	all_compiled -= p->size;
	p->compiled = false;
	p->size = 0;
}

/* By itself, for what is wrong with it must not be hidden by what is put around it. */
static bool is_valid(const char *source, char *why, size_t len)
{
	regex_t re;
	int error = regcomp(&re, source, REG_EXTENDED | REG_NOSUB);
	char said[128];

	if (!error) {
		regfree(&re);
		return true;
	}
	regerror(error, &re, said, sizeof(said));
	snprintf(why, len, "expected an extended regular expression: %s", said);
	return false;
}

struct pattern *pattern_new(const char *source, char *why, size_t len)
{
	struct pattern *p;

	if (!check_source(source, why, len) || !is_valid(source, why, len))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p)
		strcpy(p->source, source); /* check_source() has seen that it fits */
	if (!p || compile(p)) {
		snprintf(why, len, "out of memory");
		free(p);
		return NULL;
	}
	n_patterns++;
	if (p->size > PATTERN_COMPILED)
		snprintf(why, len, "the pattern needs too much memory: use a simpler one");
	else if (all_compiled > PATTERN_ALL / 2)
		snprintf(why, len, "all patterns together need too much memory: use fewer");
	else
		return p;
	pattern_free(p);
	return NULL;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	forget(p);
	free(p);
	n_patterns--;
}

enum pattern_match pattern_match(struct pattern *p, const char *text)
{
	size_t before = heap_used();
	int result;

	if (strnlen(text, PATTERN_TEXT_MAX + 1) > PATTERN_TEXT_MAX)
		return PATTERN_UNKNOWN;
	if (!p->compiled && compile(p))
		return PATTERN_UNKNOWN;
	result = regexec(&p->re, text, 0, NULL, 0);
	p->grown += grown_since(before);
	if (p->grown > PATTERN_ALL / 2 / n_patterns)
		forget(p);
	if (result && result != REG_NOMATCH)
		return PATTERN_UNKNOWN;
	return result ? PATTERN_NO : PATTERN_YES;
}
