// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "recording/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/say.h"

#define TAG	"<template id=\"recording-"
#define TAG_OF	"\" data-recordings=\""
#define TAG_MAX 96

/* A byte that HTML would take for markup, as JSON has it, and after a \, where JSON has none. */
struct escape {
	char byte;
	const char *plain, *after_backslash;
};

static const struct escape escapes[] = {
	{ '<', "\\u003c", "x3c" },
	{ '&', "\\u0026", "x26" },
	{ '>', "\\u003e", "x3e" }, /* of ]]>, which XML has a rule about */
	/* Of two of them: shield.h would escape the second one as XML does. */
	{ ':', "\\u003a", "x3a" },
	{ '#', "\\u0023", "x23" },
};

#define ESCAPES (sizeof(escapes) / sizeof(escapes[0]))

bool page_is_one(FILE *f)
{
	int c = getc(f);

	if (c != EOF)
		ungetc(c, f);
	return c == '<';
}

void page_begin_tag(char *buf, size_t size, size_t number, size_t n)
{
	snprintf(buf, size, TAG "%zu" TAG_OF "%zu\">\n", number, n);
}

static const struct escape *escape_of(char byte, char last)
{
	if ((byte == ':' || byte == '#') && byte != last)
		return NULL;
	for (size_t i = 0; i < ESCAPES; i++)
		if (escapes[i].byte == byte)
			return &escapes[i];
	return NULL;
}

size_t page_escape(struct page_escape *e, char *to, const char *from, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const struct escape *escape = escape_of(from[i], e->last);

		if (escape) {
			const char *by = e->backslash ? escape->after_backslash : escape->plain;

			n = (size_t)(stpcpy(to + n, by) - to);
		} else {
			to[n++] = from[i];
		}
		e->last = escape ? '\0' : from[i];
		e->backslash = from[i] == '\\' && !e->backslash;
	}
	return n;
}

/* ------------------------------------------------------------------ reading */

struct page {
	FILE *f;
	off_t start; /* of the recording; -1: f cannot go back there */
	off_t at;    /* in the recording */
	bool ended;
	char held[8]; /* bytes that were looked at, and are to be read yet */
	size_t n_held;
	int second; /* byte of a pair whose first one has been handed out; EOF: there is none */
};

static int next(struct page *p)
{
	int c;

	if (p->n_held) {
		c = (unsigned char)p->held[0];
		memmove(p->held, p->held + 1, --p->n_held);
		return c;
	}
	return getc_unlocked(p->f);
}

/* Does this come next? Then it is read. */
static bool skip(struct page *p, const char *text)
{
	size_t len = strlen(text);

	while (p->n_held < len) {
		int c = getc_unlocked(p->f);

		if (c == EOF)
			return false;
		p->held[p->n_held++] = (char)c;
	}
	if (memcmp(p->held, text, len))
		return false;
	p->n_held -= len;
	memmove(p->held, p->held + len, p->n_held);
	return true;
}

/* What a \ begins, which has been read: a byte, or a \ and the byte after it. */
static int after_backslash(struct page *p)
{
	int c;

	for (size_t i = 0; i < ESCAPES; i++) {
		if (skip(p, escapes[i].plain + 1))
			return (unsigned char)escapes[i].byte;
		if (skip(p, escapes[i].after_backslash)) {
			p->second = (unsigned char)escapes[i].byte;
			return '\\';
		}
	}
	c = next(p);
	if (c == EOF || c == '<')
		p->ended = true;
	else
		p->second = c;
	return '\\';
}

/* EOF: the recording ends. */
static int next_decoded(struct page *p)
{
	int c = p->second;

	p->second = EOF;
	if (c != EOF)
		return c;
	if (p->ended)
		return EOF;
	c = next(p);
	if (c == '\\')
		return after_backslash(p);
	if (c != EOF && c != '<')
		return c;
	p->ended = true;
	return EOF;
}

static ssize_t read_recording(void *page, char *buf, size_t size)
{
	struct page *p = page;
	size_t n = 0;
	int c;

	while (n < size && (c = next_decoded(p)) != EOF)
		buf[n++] = (char)c;
	p->at += (off_t)n;
	return ferror(p->f) && !n ? -1 : (ssize_t)n;
}

/* Where it is, and back to its beginning: no more is wanted of it. */
static int seek_recording(void *page, off64_t *offset, int whence)
{
	struct page *p = page;

	if (whence == SEEK_CUR && !*offset) {
		*offset = p->at;
		return 0;
	}
	if (whence != SEEK_SET || *offset || p->start < 0 || fseeko(p->f, p->start, SEEK_SET)) {
		errno = ESPIPE;
		return -1;
	}
	p->at = 0;
	p->n_held = 0;
	p->second = EOF;
	p->ended = false;
	return 0;
}

static int close_recording(void *page)
{
	struct page *p = page;
	int result = fclose(p->f);

	free(p);
	return result;
}

/* Reads on to the end of this text, whose first byte does not come again in it. */
static bool find(FILE *f, const char *text)
{
	size_t n = 0;
	int c;

	while (text[n] && (c = getc_unlocked(f)) != EOF) {
		if (c == text[n])
			n++;
		else
			n = c == text[0];
	}
	return !text[n];
}

/* How many recordings the page has; f is at the first byte of this one then. 0: it has it not. */
static unsigned int find_recording(FILE *f, unsigned int number)
{
	char tag[TAG_MAX];
	unsigned int n;

	snprintf(tag, sizeof(tag), TAG "%u" TAG_OF, number ? number : 1);
	if (!find(f, tag) || fscanf(f, "%9u", &n) != 1 || !find(f, "\n"))
		return 0;
	return n;
}

static FILE *refuse(FILE *f)
{
	fclose(f);
	return NULL;
}

FILE *page_recording(FILE *f, const char *path, unsigned int number)
{
	const cookie_io_functions_t io = {
		.read = read_recording,
		.seek = seek_recording,
		.close = close_recording,
	};
	unsigned int n = find_recording(f, number);
	struct page *p;
	FILE *recording;

	if (!n && number > 1) {
		say("%s: this page has no recording of number %u", path, number);
		return refuse(f);
	}
	if (!n) {
		say("%s is a page that no report has made: there is no recording in it", path);
		return refuse(f);
	}
	if (n > 1 && !number) {
		say("%s has %u recordings: name one of them, from %s#1 to %s#%u", path, n, path,
		    path, n);
		return refuse(f);
	}
	p = calloc(1, sizeof(*p));
	recording = p ? fopencookie(p, "r", io) : NULL;
	if (!recording) {
		say("there is not enough memory");
		free(p);
		return refuse(f);
	}
	p->second = EOF;
	p->f = f;
	p->start = ftello(f);
	return recording;
}
