// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Scans the XML of others. It stands at a byte of the text, and each call takes an element's tag
 * or a text from there. What is taken is decoded only when it is asked for. The grammar is
 * https://www.w3.org/TR/xml/, without document types.
 */
#include "lib/xml_scan.h"

#include <stdint.h>
#include <string.h>

struct xml_scan xml_scan_begin(const char *xml, size_t len)
{
	return (struct xml_scan){ .at = xml, .end = xml + len };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool in_name(char c)
{
	return !is_space(c) && !strchr("<>/=\"'&", c);
}

static bool starts(const struct xml_scan *s, const char *with)
{
	size_t len = strlen(with);

	return (size_t)(s->end - s->at) >= len && !memcmp(s->at, with, len);
}

/* Behind the next of these; false: there is none. */
static bool skip_past(struct xml_scan *s, const char *what)
{
	const char *found = memmem(s->at, (size_t)(s->end - s->at), what, strlen(what));

	if (found)
		s->at = found + strlen(what);
	return found;
}

static struct xml_span take_name(struct xml_scan *s)
{
	struct xml_span name = { s->at, 0 };

	while (s->at < s->end && in_name(*s->at))
		s->at++;
	name.len = (size_t)(s->at - name.at);
	return name;
}

static bool span_is(const struct xml_span *span, const char *text, size_t len)
{
	return span->len == len && !memcmp(span->at, text, len);
}

/* The attributes, as far as the end of the tag: a '>' may be in the value of one. */
static bool take_attrs(struct xml_scan *s)
{
	char quote = '\0';

	s->attrs.at = s->at;
	for (; s->at < s->end; s->at++) {
		if (quote)
			quote = *s->at == quote ? '\0' : quote;
		else if (*s->at == '"' || *s->at == '\'')
			quote = *s->at;
		else if (*s->at == '>' || *s->at == '<')
			break;
	}
	if (s->at == s->end || *s->at == '<')
		return false;
	s->attrs.len = (size_t)(s->at++ - s->attrs.at);
	s->empty = s->attrs.len && s->attrs.at[s->attrs.len - 1] == '/';
	s->attrs.len -= s->empty;
	return true;
}

static enum xml_found open_element(struct xml_scan *s)
{
	struct xml_span name;

	s->at++;
	name = take_name(s);
	if (!name.len || s->depth == XML_SCAN_DEPTH || (!s->depth && s->begun) || !take_attrs(s))
		return XML_BAD;
	s->open[s->depth++] = name;
	s->begun = true;
	return XML_OPEN;
}

static enum xml_found close_element(struct xml_scan *s)
{
	struct xml_span name;

	s->at += 2;
	name = take_name(s);
	while (s->at < s->end && is_space(*s->at))
		s->at++;
	if (!s->depth || !span_is(&s->open[s->depth - 1], name.at, name.len) || s->at == s->end ||
	    *s->at != '>')
		return XML_BAD;
	s->at++;
	s->closing = true;
	return XML_CLOSE;
}

/* A comment, an instruction, text without markup; false: it does not end, or is what is not read
 * here. */
static bool skip_aside(struct xml_scan *s)
{
	if (starts(s, "<!--"))
		return skip_past(s, "-->");
	/* People's own text about the domain. */
	if (starts(s, "<![CDATA["))
		return s->depth && skip_past(s, "]]>");
	return starts(s, "<?") && skip_past(s, "?>");
}

static enum xml_found take_text(struct xml_scan *s)
{
	const char *tag = memchr(s->at, '<', (size_t)(s->end - s->at));

	s->text = (struct xml_span){ s->at, (size_t)((tag ? tag : s->end) - s->at) };
	s->at += s->text.len;
	for (size_t i = 0; !s->depth && i < s->text.len; i++)
		if (!is_space(s->text.at[i]))
			return XML_BAD;
	return XML_TEXT;
}

static enum xml_found scan(struct xml_scan *s)
{
	if (s->closing) {
		s->closing = false;
		s->depth--;
	}
	if (s->empty) {
		s->empty = false;
		s->closing = true;
		return XML_CLOSE;
	}
	while (s->at < s->end) {
		enum xml_found found;

		if (*s->at != '<') {
			found = take_text(s);
			if (found == XML_BAD || s->depth)
				return found;
		} else if (starts(s, "</")) {
			return close_element(s);
		} else if (!starts(s, "<!") && !starts(s, "<?")) {
			return open_element(s);
		} else if (!skip_aside(s)) {
			return XML_BAD;
		}
	}
	return s->begun && !s->depth ? XML_END : XML_BAD;
}

/* What was no XML stays so. */
enum xml_found xml_scan(struct xml_scan *s)
{
	enum xml_found found = scan(s);

	if (found == XML_BAD)
		*s = (struct xml_scan){ .at = s->end, .end = s->end };
	return found;
}

bool xml_scan_is(const struct xml_scan *s, const char *path)
{
	for (size_t i = 0; i < s->depth; i++) {
		size_t len = strcspn(path, "/");
		bool last = i + 1 == s->depth;

		if (!span_is(&s->open[i], path, len) || last != !path[len])
			return false;
		path += len + !last;
	}
	return s->depth;
}

/* ------------------------------------------------------------------ characters */

/* UTF-8 of a character. Returns the bytes; 0: it is none that XML may have. */
static size_t encode(char to[4], uint32_t c)
{
	if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
		return 0;
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static int digit_of(char c, bool hex)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (hex && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return hex && c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "#65" or "#x41". Returns the bytes; 0: it is no character. */
static size_t by_number(char to[4], const struct xml_span *name)
{
	bool hex = name->len > 1 && name->at[1] == 'x';
	size_t i = 1 + hex;
	uint32_t c = 0;

	if (i >= name->len)
		return 0;
	for (; i < name->len; i++) {
		int digit = digit_of(name->at[i], hex);

		if (digit < 0 || c > 0x10ffff)
			return 0;
		c = c * (hex ? 16 : 10) + (uint32_t)digit;
	}
	return encode(to, c);
}

static size_t by_entity(char to[4], const struct xml_span *name)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = {
		{ "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' }
	};

	if (name->len && *name->at == '#')
		return by_number(to, name);
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (span_is(name, entities[i].name, strlen(entities[i].name))) {
			to[0] = entities[i].c;
			return 1;
		}
	return 0;
}

static bool decode(const struct xml_span *from, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < from->len; i++) {
		char c[4] = { from->at[i] };
		size_t len = *c != '\0';

		if (*c == '&') {
			const char *end = memchr(from->at + i, ';', from->len - i);
			struct xml_span name = { from->at + i + 1, 0 };

			name.len = end ? (size_t)(end - name.at) : 0;
			len = end ? by_entity(c, &name) : 0;
			i += name.len + 1;
		}
		if (!len) {
			buf[0] = '\0';
			return false;
		}
		if (n + len >= size)
			break;
		memcpy(buf + n, c, len);
		n += len;
	}
	buf[n] = '\0';
	return true;
}

bool xml_scan_text(const struct xml_scan *s, char *buf, size_t size)
{
	return decode(&s->text, buf, size);
}

static struct xml_span skip_spaces(struct xml_span in)
{
	while (in.len && is_space(*in.at)) {
		in.at++;
		in.len--;
	}
	return in;
}

static struct xml_span behind(struct xml_span in, size_t len)
{
	return (struct xml_span){ in.at + len, in.len - len };
}

/* Takes NAME="VALUE" off it. false: it does not begin so. */
static bool next_attr(struct xml_span *rest, struct xml_span *name, struct xml_span *value)
{
	struct xml_span in = skip_spaces(*rest);
	const char *end;

	*name = (struct xml_span){ in.at, 0 };
	while (name->len < in.len && in_name(in.at[name->len]))
		name->len++;
	in = skip_spaces(behind(in, name->len));
	if (!name->len || !in.len || *in.at != '=')
		return false;
	in = skip_spaces(behind(in, 1));
	if (!in.len || (*in.at != '"' && *in.at != '\''))
		return false;
	end = memchr(in.at + 1, *in.at, in.len - 1);
	if (!end)
		return false;
	*value = (struct xml_span){ in.at + 1, (size_t)(end - in.at - 1) };
	*rest = behind(in, value->len + 2);
	return true;
}

bool xml_scan_attr(const struct xml_scan *s, const char *name, char *buf, size_t size)
{
	struct xml_span rest = s->attrs, found, value;

	buf[0] = '\0';
	while (next_attr(&rest, &found, &value))
		if (span_is(&found, name, strlen(name)))
			return decode(&value, buf, size);
	return false;
}
