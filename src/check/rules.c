// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The grammar of rules: a line of text becomes a struct rule, or an error with line and column.
 * Only the form is looked at here. Whether a rule makes sense is decided in rules_check.c.
 */
#include "check/rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/parse.h"
#include "check/pattern.h"
#include "check/rules_parser.h"
#include "lib/text.h"

static const char *const ops[RULE_OPS] = {
	[RULE_EQ] = "=", [RULE_NE] = "!=", [RULE_LT] = "<",   [RULE_LE] = "<=",
	[RULE_GT] = ">", [RULE_GE] = ">=", [RULE_LIKE] = "~",
};

static const char *const stats[] = {
	[STAT_NONE] = "",   [STAT_MIN] = "min", [STAT_P50] = "p50",   [STAT_P90] = "p90",
	[STAT_P99] = "p99", [STAT_MAX] = "max", [STAT_MEAN] = "mean", [STAT_COUNT] = "count",
};

#define STATS (sizeof(stats) / sizeof(stats[0]))

/* Memory of a rule, freed with it. */
struct rule_memory {
	struct rule_memory *next;
	_Alignas(max_align_t) char data[];
};

const char *rule_op_name(enum rule_op op)
{
	return (unsigned int)op < RULE_OPS ? ops[op] : NULL;
}

const char *rule_stat_name(enum rule_stat stat)
{
	return (unsigned int)stat < STATS ? stats[stat] : NULL;
}

bool rule_fail(struct parser *p, size_t at, const char *fmt, ...)
{
	va_list ap;

	p->err->at = at;
	va_start(ap, fmt);
	vsnprintf(p->err->why, sizeof(p->err->why), fmt, ap);
	va_end(ap);
	return false;
}

/* NULL: no memory, which is then the error. */
static void *keep(struct parser *p, size_t size)
{
	struct rule_memory *m = calloc(1, sizeof(*m) + size);

	if (!m) {
		rule_fail(p, p->pos, "out of memory");
		return NULL;
	}
	m->next = p->rule->memory;
	p->rule->memory = m;
	return m->data;
}

char *rule_keep(struct parser *p, const char *text, size_t len)
{
	char *copy = keep(p, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

/* ------------------------------------------------------------------ letters */

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Of a name; paths have dots as well. */
static bool is_name(char c)
{
	return is_alnum(c) || c == '_' || c == '-';
}

/* Of a word that needs no quotes. */
static bool is_bare(char c)
{
	return is_name(c) || (c && strchr("./@%", c));
}

static void skip_white(struct parser *p)
{
	while (p->pos < p->len && is_white(p->text[p->pos]))
		p->pos++;
}

/* NUL at the end. */
static char peek(struct parser *p)
{
	skip_white(p);
	return p->pos < p->len ? p->text[p->pos] : '\0';
}

static bool take(struct parser *p, char c)
{
	if (p->pos >= p->len || peek(p) != c)
		return false;
	p->pos++;
	return true;
}

/* What stands here, for a sentence. */
static const char *here(struct parser *p, char quoted[PARSE_QUOTE_MAX])
{
	skip_white(p);
	if (p->pos >= p->len)
		return "the end";
	return parse_quote(quoted, PARSE_QUOTE_MAX, p->text + p->pos, 1);
}

/* ------------------------------------------------------------------ words */

static bool take_op(struct parser *p, enum rule_op *op)
{
	char quoted[PARSE_QUOTE_MAX];
	size_t best = 0, n;

	skip_white(p);
	for (int i = 0; i < RULE_OPS; i++) {
		n = strlen(ops[i]);
		if (n > best && p->len - p->pos >= n && !memcmp(p->text + p->pos, ops[i], n)) {
			best = n;
			*op = i;
		}
	}
	if (!best)
		return rule_fail(p, p->pos, "expected = != < <= > >= or ~, found %s",
				 here(p, quoted));
	p->pos += best;
	/* "==" is what C has taught; "=<" nobody can read. */
	if (*op == RULE_EQ && p->pos < p->len && p->text[p->pos] == '=') {
		p->pos++;
		return true;
	}
	if (p->pos < p->len && p->text[p->pos] && strchr("<>=!~", p->text[p->pos]))
		return rule_fail(p, p->pos, "unknown operator: use = != < <= > >= or ~");
	return true;
}

/*
 * Some may stand in a text by their number: two that end a text or a line, and those that are
 * written so in our own output (shield.h), a baseline for example.
 */
static char letter_of(const char *text, size_t len)
{
	static const char letters[][5] = { "\\x22", "\\x23", "\\x3a", "\\x4c" };

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]) && len >= 4; i++)
		if (!memcmp(text, letters[i], 4))
			return (char)strtoul(letters[i] + 2, NULL, 16);
	return '\0';
}

/* Between quotes, text as the stream escapes it; other bytes are escaped. */
static bool take_quoted(struct parser *p, bool pattern, const char **text)
{
	size_t from = p->pos++, n = 0;
	char *out;

	while (p->pos < p->len && p->text[p->pos] != '"')
		p->pos++;
	if (p->pos == p->len)
		return rule_fail(
			p, from,
			"the closing \" of this text is missing (a quote inside is \\x22)");
	out = keep(p, 4 * (p->pos - from) + 1);
	if (!out)
		return false;
	for (size_t i = from + 1; i < p->pos; i++) {
		char letter = letter_of(p->text + i, p->pos - i);

		if (!p->text[i])
			return rule_fail(p, i, "this text contains a NUL");
		if (letter) {
			out[n++] = letter;
			i += 3;
		} else if (pattern && !strncmp(p->text + i, "\\#", 2)) {
			/* The same as #, which is written by its number. */
			continue;
		} else if (p->text[i] == '\\') {
			out[n++] = '\\';
			if (i + 1 < p->pos && p->text[i + 1] == '\\')
				out[n++] = p->text[++i];
		} else {
			text_escape(out + n, 5, p->text + i, 1);
			n += strlen(out + n);
		}
	}
	if (!pattern && !text_is_escaped(out))
		return rule_fail(
			p, from,
			"expected \\\\, or \\xNN of a byte that cannot be printed (lower-case hexadecimal), after a \\ in this text: write \\\\ for a backslash");
	p->pos++;
	*text = out;
	return true;
}

/* A number of 64 bits, with a sign, or a time with its unit. */
static void number_of(struct rule_word *w)
{
	const char *digits = w->text + (w->text[0] == '-');
	struct parse_error err;
	size_t len = strlen(digits);
	uint64_t value;

	w->hex = !strncmp(digits, "0x", 2);
	w->numeric = parse_u64(digits, len, &value, &err);
	if (!w->numeric && len && !is_white(digits[0]) && strchr("smhu", digits[len - 1]))
		w->numeric = w->time = parse_duration(digits, len, &value, &err);
	if (w->numeric)
		w->number = digits == w->text ? (__int128)value : -(__int128)value;
}

/* Is this text another thing where it stands bare? */
static bool needs_quotes(const char *text)
{
	if (!*text || !strcmp(text, "null") || !strcmp(text, "none"))
		return true;
	while (*text)
		if (!is_bare(*text++))
			return true;
	return false;
}

static bool take_bare(struct parser *p, struct rule_word *w)
{
	size_t from = p->pos;
	char quoted[PARSE_QUOTE_MAX];

	while (p->pos < p->len && is_bare(p->text[p->pos]))
		p->pos++;
	if (p->pos == from)
		return rule_fail(p, from, "expected a value, found %s%s", here(p, quoted),
				 p->pos < p->len ? ": quote text with such characters, \"...\"" :
						   "");
	w->text = rule_keep(p, p->text + from, p->pos - from);
	if (!w->text)
		return false;
	w->null = !strcmp(w->text, "null");
	number_of(w);
	return true;
}

static bool take_word(struct parser *p, bool pattern, struct rule_word *w)
{
	size_t at;

	*w = (struct rule_word){ 0 };
	skip_white(p);
	at = p->pos;
	if (++p->n_words > RULE_WORDS_MAX)
		return rule_fail(p, at, "a rule has at most %d words", RULE_WORDS_MAX);
	if (peek(p) != '"')
		return take_bare(p, w);
	if (!take_quoted(p, pattern, &w->text) || !w->text)
		return false;
	/* One that needs none means the same without. */
	w->quoted = needs_quotes(w->text);
	if (!w->quoted)
		number_of(w);
	return true;
}

static bool append_word(struct parser *p, struct rule_set *set, const struct rule_word *w)
{
	struct rule_word *more;

	/* Doubled, so that the memory that is left behind is bounded by that in use. */
	if (!(set->n & (set->n - 1))) {
		more = keep(p, (set->n ? 2 * set->n : 1) * sizeof(*more));
		if (!more)
			return false;
		if (set->n)
			memcpy(more, set->words, set->n * sizeof(*more));
		set->words = more;
	}
	set->words[set->n++] = *w;
	return true;
}

static bool take_set(struct parser *p, bool pattern, struct rule_set *set)
{
	struct rule_word w;

	*set = (struct rule_set){ 0 };
	do {
		if (!take_word(p, pattern, &w) || !append_word(p, set, &w))
			return false;
	} while (!pattern && take(p, '+'));
	return true;
}

static bool append_set(struct parser *p, struct rule_value *v, const struct rule_set *set)
{
	struct rule_set *more;

	if (!(v->n & (v->n - 1))) {
		more = keep(p, (v->n ? 2 * v->n : 1) * sizeof(*more));
		if (!more)
			return false;
		if (v->n)
			memcpy(more, v->sets, v->n * sizeof(*more));
		v->sets = more;
	}
	v->sets[v->n++] = *set;
	return true;
}

static bool compile(struct parser *p, size_t at, struct rule_value *v)
{
	const char *source = v->sets[0].words[0].text;
	char why[192];

	if (!source)
		return false;
	v->pattern = pattern_new(source, why, sizeof(why));
	return v->pattern || rule_fail(p, at, "%s", why);
}

static bool take_value(struct parser *p, enum rule_op op, struct rule_value *v)
{
	struct rule_set set;
	size_t at;

	*v = (struct rule_value){ 0 };
	skip_white(p);
	at = p->pos;
	do {
		if (!take_set(p, op == RULE_LIKE, &set) || !append_set(p, v, &set))
			return false;
	} while (op != RULE_LIKE && take(p, '|'));
	return op != RULE_LIKE || compile(p, at, v);
}

/* ------------------------------------------------------------------ filters */

static bool take_name(struct parser *p, const char *what, const char **name)
{
	char quoted[PARSE_QUOTE_MAX];
	size_t from;

	skip_white(p);
	from = p->pos;
	while (p->pos < p->len && (is_name(p->text[p->pos]) || p->text[p->pos] == '.'))
		p->pos++;
	if (p->pos == from)
		return rule_fail(p, from, "expected %s, found %s", what, here(p, quoted));
	/* In "latency{...}.p99" and after a selector alike. */
	*name = rule_keep(p, p->text + from, p->pos - from);
	return *name;
}

static bool add_filter(struct parser *p, struct places *places, const struct rule_filter *f,
		       size_t field_at, size_t value_at)
{
	struct rule *r = p->rule;

	if (r->n_filters == RULE_FILTERS_MAX)
		return rule_fail(p, field_at, "a rule has at most %d filters", RULE_FILTERS_MAX);
	places->field[r->n_filters] = field_at;
	places->value[r->n_filters] = value_at;
	r->filters[r->n_filters++] = *f;
	return true;
}

static bool take_filters(struct parser *p, struct places *places)
{
	char quoted[PARSE_QUOTE_MAX];
	size_t field_at, value_at;
	struct rule_filter f;

	if (take(p, '}'))
		return true;
	do {
		skip_white(p);
		field_at = p->pos;
		if (!take_name(p, "a field", &f.field) || !take_op(p, &f.op))
			return false;
		skip_white(p);
		value_at = p->pos;
		if (!take_value(p, f.op, &f.value) ||
		    !add_filter(p, places, &f, field_at, value_at))
			return false;
	} while (take(p, ','));
	return take(p, '}') ||
	       rule_fail(p, p->pos, "expected a comma or }, found %s", here(p, quoted));
}

/* ------------------------------------------------------------------ the line */

static void print_word(FILE *f, const struct rule_word *w, bool pattern)
{
	if (!w->quoted && (pattern ? !needs_quotes(w->text) : true))
		fputs(w->text, f);
	else
		rule_print_word(f, w->text);
}

void rule_print_word(FILE *f, const char *text)
{
	if (!needs_quotes(text)) {
		fputs(text, f);
		return;
	}
	fputc('"', f);
	for (; *text; text++)
		if (*text == '"' || *text == '#')
			fprintf(f, "\\x%02x", *text);
		else
			fputc(*text, f);
	fputc('"', f);
}

static void print_value(FILE *f, enum rule_op op, const struct rule_value *v)
{
	fputs(rule_op_name(op), f);
	for (size_t i = 0; i < v->n; i++) {
		if (i)
			fputc('|', f);
		if (!v->sets[i].n)
			fputs("none", f);
		for (size_t k = 0; k < v->sets[i].n; k++) {
			if (k)
				fputc('+', f);
			print_word(f, &v->sets[i].words[k], op == RULE_LIKE);
		}
	}
}

static void print_filter(FILE *f, const struct rule_filter *filter)
{
	fputs(filter->field, f);
	print_value(f, filter->op, &filter->value);
}

static void print_rule(FILE *f, const struct rule *r)
{
	fputs(r->name, f);
	for (size_t i = 0; i < r->n_filters; i++) {
		fputc(i ? ',' : '{', f);
		print_filter(f, &r->filters[i]);
	}
	if (r->n_filters)
		fputc('}', f);
	if (r->stat != STAT_NONE)
		fprintf(f, ".%s", rule_stat_name(r->stat));
	print_value(f, r->op, &r->value);
}

static bool set_text(struct parser *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f) {
		print_rule(f, p->rule);
		if (!fclose(f))
			p->rule->text = rule_keep(p, text, len);
		free(text);
	}
	return p->rule->text || rule_fail(p, 0, "out of memory");
}

static bool take_braces(struct parser *p, struct line *l, bool *braces)
{
	*braces = take(p, '{');
	if (*braces && !take_filters(p, &l->places))
		return false;
	if (!*braces || !take(p, '.'))
		return true;
	l->stat_at = p->pos;
	return take_name(p, "a statistic", &l->stat);
}

/* Selectors and the measure look alike until what follows the value is known. */
static bool take_line(struct parser *p, struct line *l)
{
	char quoted[PARSE_QUOTE_MAX];
	struct rule *r = p->rule;
	struct rule_filter f;
	bool braces;

	do {
		skip_white(p);
		l->name_at = p->pos;
		if (!take_name(p, "a measure", &l->name) || !take_braces(p, l, &braces) ||
		    !take_op(p, &r->op))
			return false;
		skip_white(p);
		l->value_at = p->pos;
		if (!take_value(p, r->op, &r->value))
			return false;
		if (peek(p) != ':' || p->pos >= p->len)
			break;
		if (braces)
			return rule_fail(
				p, l->name_at,
				"expected FIELD OP VALUE before a :, found %.64s with a { (for text with a :, use \"...\")",
				l->name);
		f = (struct rule_filter){ l->name, r->op, r->value };
		if (!add_filter(p, &l->places, &f, l->name_at, l->value_at))
			return false;
		/* Its pattern is the filter's, which frees it. */
		r->value = (struct rule_value){ 0 };
	} while (take(p, ':'));
	return p->pos >= p->len ||
	       rule_fail(p, p->pos,
			 "expected the end of the rule, found %s: quote text with \"...\"",
			 here(p, quoted));
}

static void free_pattern(struct rule_value *v)
{
	pattern_free(v->pattern);
	v->pattern = NULL;
}

/* NULL: out of memory. */
static char *text_of(const struct rule_filter *filter)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	print_filter(f, filter);
	fclose(f);
	return text;
}

static bool has_filter(const struct rule *r, size_t n, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < n && !found; i++) {
		char *other = text_of(&r->filters[i]);

		found = other && !strcmp(other, text);
		free(other);
	}
	return found;
}

/* Of filters that are written alike the first one stays: --guest a narrows a rule of guest=a. */
static void drop_twins(struct rule *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_filters; i++) {
		char *text = text_of(&r->filters[i]);

		if (text && has_filter(r, n, text))
			free_pattern(&r->filters[i].value);
		else
			r->filters[n++] = r->filters[i];
		free(text);
	}
	r->n_filters = n;
}

static bool parse(struct parser *p)
{
	struct line l = { 0 };

	if (p->len > RULE_LEN_MAX)
		return rule_fail(p, RULE_LEN_MAX, "a rule has at most %d bytes", RULE_LEN_MAX);
	if (!take_line(p, &l) || !rule_check(p, &l))
		return false;
	drop_twins(p->rule);
	return set_text(p);
}

void rule_free(struct rule *r)
{
	struct rule_memory *m;

	free_pattern(&r->value);
	for (size_t i = 0; i < r->n_filters; i++)
		free_pattern(&r->filters[i].value);
	while ((m = r->memory)) {
		r->memory = m->next;
		free(m);
	}
	*r = (struct rule){ 0 };
}

bool rule_parse(struct rule *r, const char *text, size_t len, struct rule_error *err)
{
	struct parser p = { .text = text, .len = len, .rule = r, .err = err };

	*r = (struct rule){ 0 };
	if (parse(&p))
		return true;
	rule_free(r);
	return false;
}

/* ------------------------------------------------------------------ many of them */

static bool has(const struct rules *rules, const struct rule *r)
{
	for (size_t i = 0; i < rules->n; i++)
		if (!strcmp(rules->list[i].text, r->text))
			return true;
	return false;
}

bool rules_add(struct rules *rules, const char *text, size_t len, const char *file, size_t line,
	       struct rule_error *err)
{
	struct rule r, *more;

	if (!rule_parse(&r, text, len, err))
		return false;
	if (has(rules, &r)) {
		rule_free(&r);
		return true;
	}
	more = rules->n < RULES_MAX ? reallocarray(rules->list, rules->n + 1, sizeof(r)) : NULL;
	if (!more) {
		rule_free(&r);
		*err = (struct rule_error){ .why = "" };
		snprintf(err->why, sizeof(err->why), "there are more than %d rules", RULES_MAX);
		return false;
	}
	r.file = file;
	r.line = line;
	rules->list = more;
	rules->list[rules->n++] = r;
	return true;
}

void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		rule_free(&rules->list[i]);
	free(rules->list);
	*rules = (struct rules){ 0 };
}

struct reader {
	struct rules *rules;
	const char *name;
	size_t line, n_bad;
	void (*bad)(const char *sentence, void *ctx);
	void *ctx;
	char text[RULE_LEN_MAX + 1];
	size_t len;
	size_t read; /* bytes of the file */
};

static void complain(struct reader *rd, size_t at, const char *why)
{
	char sentence[RULE_ERROR_LEN + 512];

	rd->n_bad++;
	snprintf(sentence, sizeof(sentence), "%s:%zu:%zu: %s", rd->name, rd->line, at + 1, why);
	rd->bad(sentence, rd->ctx);
}

/* What is too long is one byte longer than a rule may be. false: there is no more. */
static bool next_line(struct reader *rd, FILE *f)
{
	int c = EOF;

	rd->len = 0;
	while (rd->read < RULES_FILE_MAX && (c = getc(f)) != EOF) {
		rd->read++;
		if (c == '\n')
			break;
		if (rd->len < sizeof(rd->text))
			rd->text[rd->len++] = (char)c;
	}
	rd->line++;
	return c != EOF || rd->len;
}

/* Up to a # that is in no text. */
static size_t without_comment(const char *text, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		quoted ^= text[i] == '"';
		if (text[i] == '#' && !quoted)
			return i;
	}
	return len;
}

static void read_rule(struct reader *rd)
{
	size_t len = without_comment(rd->text, rd->len), at = 0;
	struct rule_error err;

	while (at < len && is_white(rd->text[at]))
		at++;
	if (at == len)
		return;
	if (!rules_add(rd->rules, rd->text, len, rd->name, rd->line, &err))
		complain(rd, err.at, err.why);
}

static bool is_baseline(const struct reader *rd)
{
	size_t len = rd->len;

	while (len && is_white(rd->text[len - 1]))
		len--;
	return len == strlen(RULES_BASELINE) && !memcmp(rd->text, RULES_BASELINE, len);
}

size_t rules_read(struct rules *rules, FILE *f, const char *name, bool baseline,
		  void (*bad)(const char *sentence, void *ctx), void *ctx)
{
	struct reader *rd = calloc(1, sizeof(*rd));
	size_t n_bad;

	if (!rd) {
		bad("out of memory", ctx);
		return 1;
	}
	*rd = (struct reader){ .rules = rules, .name = name, .bad = bad, .ctx = ctx };
	while (next_line(rd, f)) {
		if (baseline && rd->line == 1 && !is_baseline(rd))
			complain(
				rd, 0,
				"expected a baseline, which begins with the line \"" RULES_BASELINE
				"\": make one with check --write-baseline, or read this file with -F");
		read_rule(rd);
	}
	if (baseline && rd->line == 1 && !rd->len)
		complain(rd, 0, "expected a baseline, found an empty file");
	if (ferror(f))
		complain(rd, 0, strerror(errno));
	/* A device may never end. */
	if (rd->read == RULES_FILE_MAX)
		complain(
			rd, 0,
			"this is not a file of rules: it has 32 MiB or more, and the rest was not read");
	n_bad = rd->n_bad;
	free(rd);
	return n_bad;
}
