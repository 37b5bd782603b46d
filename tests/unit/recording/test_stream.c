// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Recordings read back: what comes out is what went in, to the bit; and every way in which a file
 * can be wrong ends with a sentence, the right status, and all that could be read.
 */
#include "../recording.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>

#include "lib/text.h"

#define ERROR_LEN 512

static struct stream *open_text(const char *text, size_t len, FILE **f)
{
	struct stream *s;

	/* fmemopen() wants a byte at least. */
	*f = len ? fmemopen((void *)text, len, "r") : fopen("/dev/null", "re");
	assert_non_null(*f);
	s = stream_new(*f, "x.jsonl", false);
	assert_non_null(s);
	return s;
}

/* What reading a text comes to: a letter for each frame, '!' for each bad line. */
struct outcome {
	char story[256];
	char errors[2048]; /* of all, one a line */
	char seqs[2048];   /* of all frames */
	bool fatal, cut_off;
	uint64_t lost, unread;
};

static char letter(const struct frame *f)
{
	switch (f->type) {
	case FRAME_CALL:
		return "?qea?r?R"[f->call.rec->type];
	case FRAME_KERNEL:
		return 'k';
	case FRAME_TRACE:
		return 'T';
	case FRAME_HOST:
		return 'h';
	case FRAME_ATTACH:
		return 'w';
	case FRAME_FOUND:
		return 'f';
	case FRAME_VM:
		return f->vm.event == VM_ENDED ? 'd' : 'b';
	case FRAME_LOST:
		return 'l';
	case FRAME_END:
		return 'E';
	}
	return '?';
}

static void add_seq(struct outcome *o, uint64_t seq)
{
	size_t n = strlen(o->seqs);

	snprintf(o->seqs + n, sizeof(o->seqs) - n, "%s%" PRIu64, n ? " " : "", seq);
}

static void add(struct outcome *o, char c)
{
	size_t n = strlen(o->story);

	if (n + 1 < sizeof(o->story))
		o->story[n] = c;
}

static struct outcome read_all(const char *text, size_t len)
{
	struct outcome o = { 0 };
	char error[ERROR_LEN] = "";
	enum stream_status status;
	struct frame f;
	FILE *file;
	struct stream *s = open_text(text, len, &file);

	while ((status = stream_next(s, &f, error, sizeof(error))) <= STREAM_FATAL) {
		if (status == STREAM_FRAME) {
			add(&o, letter(&f));
			add_seq(&o, f.seq);
			if (f.type == FRAME_LOST)
				o.lost += f.lost.n;
			if (f.type == FRAME_END)
				o.cut_off = f.end.cut_off;
			continue;
		}
		if (status == STREAM_END)
			break;
		assert_true(error[0]);
		strncat(o.errors, error, sizeof(o.errors) - strlen(o.errors) - 2);
		strcat(o.errors, "\n");
		if (status == STREAM_FATAL)
			break;
		add(&o, '!');
	}
	o.fatal = status == STREAM_FATAL;
	o.unread = stream_unread(s);
	/* It stays at its end. */
	assert_int_equal(stream_next(s, &f, error, sizeof(error)), status);
	stream_free(s);
	fclose(file);
	return o;
}

/* An ordinary recording, its lines apart: what the cases below are made of. */
static char *golden;
static size_t golden_len;
static char *lines[32];
static size_t n_lines;

static int make_golden(void **state)
{
	struct recording r = record(ordinary, COUNT(ordinary));
	char *copy = strdup(r.text), *save;

	(void)state;
	golden = r.text;
	golden_len = r.len;
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		lines[n_lines++] = strdup(l);
	free(copy);
	return 0;
}

static int free_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_lines; i++)
		free(lines[i]);
	free(golden);
	return 0;
}

/* The number of the first line of a type, from 0. */
static size_t line_of(const char *type)
{
	char start[64];

	snprintf(start, sizeof(start), "{\"type\":\"%s\"", type);
	for (size_t i = 0; i < n_lines; i++)
		if (!strncmp(lines[i], start, strlen(start)))
			return i;
	fail_msg("no %s", type);
	return 0;
}

/* A text in parts, for files that are not what they ought to be. */
struct text {
	char *text;
	size_t len;
	FILE *f;
};

static struct text text_begin(void)
{
	struct text t = { 0 };

	return t;
}

static void text_open(struct text *t)
{
	t->f = open_memstream(&t->text, &t->len);
	assert_non_null(t->f);
}

static struct outcome text_read(struct text *t)
{
	struct outcome o;

	fclose(t->f);
	o = read_all(t->text, t->len);
	free(t->text);
	return o;
}

/* The recording with one line put in the place of another; NULL: none is. */
static struct outcome with_line(size_t n, const char *line)
{
	struct text t = text_begin();

	text_open(&t);
	for (size_t i = 0; i < n_lines; i++)
		if (i != n || line)
			fprintf(t.f, "%s\n", i == n ? line : lines[i]);
	return text_read(&t);
}

/* The first `from` in a line becomes `to`. */
static char *changed(const char *line, const char *from, const char *to)
{
	const char *at = strstr(line, from);
	char *text;

	if (!at)
		fail_msg("no %s in %s", from, line);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - line), line, to, at + strlen(from)) > 0);
	return text;
}

static struct outcome with_change(const char *type, const char *from, const char *to)
{
	char *line = changed(lines[line_of(type)], from, to);
	struct outcome o = with_line(line_of(type), line);

	free(line);
	return o;
}

static void test_ordinary(void **state)
{
	struct outcome o = read_all(golden, golden_len);

	(void)state;
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TwwbehqaldE");
	assert_string_equal(o.seqs, "1 2 3 4 5 6 7 8 9 10 12");
	assert_int_equal(o.unread, 0);
	assert_false(o.cut_off);
}

/* Live output and the replay of its recording are equal, line for line. */
static void test_replay_is_equal(void **state)
{
	char error[ERROR_LEN];
	struct recording r;
	struct frame f;
	FILE *file;
	struct stream *s = open_text(golden, golden_len, &file);

	(void)state;
	recording_begin(&r, &plain);
	while (stream_next(s, &f, error, sizeof(error)) == STREAM_FRAME)
		session_frame(r.session, &f);
	recording_end(&r);
	assert_string_equal(r.text, golden);
	free(r.text);
	stream_free(s);
	fclose(file);
}

static void test_failures_are_equal(void **state)
{
	struct recording r = record(failing, COUNT(failing)), again;
	char error[ERROR_LEN];
	struct outcome o = read_all(r.text, r.len);
	struct frame f;
	FILE *file;
	struct stream *s = open_text(r.text, r.len, &file);

	(void)state;
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TwwffbakrrrRRkE");
	recording_begin(&again, &plain);
	while (stream_next(s, &f, error, sizeof(error)) == STREAM_FRAME)
		session_frame(again.session, &f);
	recording_end(&again);
	assert_string_equal(again.text, r.text);
	free(again.text);
	stream_free(s);
	fclose(file);
	free(r.text);
}

/* One thing wrong in a line of a run or of the kernel: it alone is not read. */
static void test_bad_failures(void **state)
{
	static const struct {
		const char *of, *from, *to, *problem;
	} cases[] = {
		{ "run", "\"ret\":-22,\"exit", "\"ret\":-4,\"exit", "contradicts itself" },
		{ "run", "\"ret\":-22,\"exit", "\"ret\":0,\"x\":1,\"exit", NULL },
		{ "run", "\"exit_reason\":0", "\"exit_reason\":4294967296",
		  "\"exit_reason\" must be" },
		{ "run", "\"hardware_reason\":\"0x", "\"hardware_reason\":\"0y",
		  "\"hardware_reason\" must be 0x" },
		{ "run", "\"evidence\":{", "\"evidence\":1,\"x\":{",
		  "\"evidence\" must be an object" },
		{ "run", "\"pid\":4711", "\"pid\":\"4711\"", "\"pid\" must be an integer" },
		{ "kernel", "\"message\":\"", "\"message\":null,\"x\":\"",
		  "\"message\" must be text of at most" },
		{ "kernel", "\"message\":\"", "\"massage\":\"", "\"message\" is missing" },
		{ "kernel", "\"length\":47", "\"length\":0", "contradicts itself" },
		{ "kernel", "\"length\":47", "\"length\":-1", "\"length\" must be an integer" },
		{ "kernel", "\"interrupt\":false", "\"interrupt\":0",
		  "\"interrupt\" must be true or false" },
		{ "kernel", "\"cmd\":\"0x2000ae80\"", "\"cmd\":\"0x\"", "\"cmd\" must be 0x" },
		{ "end", "\"runs_repeated\":5", "\"runs_repeated\":\"5\"",
		  "\"runs_repeated\" must be an integer" },
	};
	struct recording r = record(failing, COUNT(failing));

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char type[32], *text, *at;
		struct outcome o;

		snprintf(type, sizeof(type), "{\"type\":\"%s\"", cases[i].of);
		at = strstr(r.text, type);
		assert_non_null(at);
		text = changed(at, cases[i].from, cases[i].to);
		assert_true(asprintf(&at, "%.*s%s", (int)(at - r.text), r.text, text) > 0);
		o = read_all(at, strlen(at));
		if (!cases[i].problem)
			assert_string_equal(o.errors, "");
		else if (!strstr(o.errors, cases[i].problem) || !strchr(o.story, '!'))
			fail_msg("\"%s\" for %s", o.errors, cases[i].problem);
		free(at);
		free(text);
	}
	free(r.text);
}

/* A line that is longer than the kernel side hands out would be a message of any length. */
static void test_long_message(void **state)
{
	struct recording r = record(failing, COUNT(failing));
	char *line, message[5 * CC_LINE_LEN];
	struct outcome o;

	(void)state;
	memset(message, 'K', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	line = changed(r.text, LINE_OF_33, message);
	o = read_all(line, strlen(line));
	assert_string_equal(o.story, "Twwffba!lrrrRRkE");
	assert_non_null(strstr(o.errors, "\"message\" must be text of at most 1024"));
	free(line);
	free(r.text);
}

/* An older program counted neither of them, and watched neither point. */
static void test_older_recording(void **state)
{
	char *line = changed(lines[n_lines - 1],
			     ",\"runs\":0,\"runs_repeated\":0,\"kernel_messages\":0", "");
	struct outcome o = with_line(n_lines - 1, line);

	(void)state;
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TwwbehqaldE");
	free(line);
}

static uint64_t noise(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	/* Small ones, large ones and the largest. */
	return x % 5 == 0 ? UINT64_MAX : x % 5 == 1 ? x % 100 : x;
}

static void noise_name(char *name, size_t size)
{
	size_t len = noise() % size;

	for (size_t i = 0; i < len; i++)
		name[i] = (char)(1 + noise() % 255);
}

/* What is not marked as seen is not there. */
static void noise_seen(struct cc_record *r)
{
	r->seen = noise() & CC_SEEN_ALL & ~(unsigned int)CC_SEEN_INTERRUPT;
	if (r->seen & CC_SEEN_OPS)
		r->has_hook = noise() & 1;
	if (r->seen & CC_SEEN_KVM)
		r->kvm_pr = noise() & 1;
	if (r->seen & CC_SEEN_HEAD)
		r->backend_head = noise();
	if (r->seen & CC_SEEN_BACKEND) {
		r->backend_ret = (int32_t)noise();
		r->backend_caps = noise();
	}
	if (r->seen & CC_SEEN_TAIL) {
		r->tail_from = (uint32_t)noise();
		r->tail_read = (uint32_t)noise();
		r->tail_first = (uint32_t)noise();
	}
}

static struct cc_record noise_record(void)
{
	struct cc_record r = { .type = CC_NEGOTIATION + noise() % 3 };

	noise_seen(&r);
	r.cmd = abi_revision(noise() % 4)->cmd;
	r.mono_ns = noise();
	r.latency_ns = noise();
	r.vm = noise();
	r.vm_ino = noise();
	r.arg = noise();
	r.cgroup = noise();
	r.ret = (int32_t)noise();
	r.pid = (uint32_t)noise();
	r.tid = (uint32_t)noise();
	r.in_words = noise() % (CC_WORDS + 1);
	r.out_words = noise() % (CC_WORDS + 1);
	for (size_t i = 0; i < r.in_words; i++)
		r.in[i] = noise();
	for (size_t i = 0; i < r.out_words; i++)
		r.out[i] = noise();
	noise_name(r.comm, sizeof(r.comm));
	noise_name(r.thread, sizeof(r.thread));
	noise_name(r.vm_name, sizeof(r.vm_name));
	return r;
}

static struct cc_record noise_valid(void)
{
	struct cc_record r = noise_record();

	while (!record_valid(&r))
		r = noise_record();
	return r;
}

/* Any record that is valid comes back as it was, and its time. */
static void test_records_are_exact(void **state)
{
	const struct event trace = { .type = EVENT_TRACE, .seq = 1, .frame = &trace_frame };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct cc_record r = noise_valid();
		struct frame call = {
			.type = FRAME_CALL, .mono_ns = r.mono_ns, .real_ns = noise(), .call.rec = &r
		};
		char error[ERROR_LEN] = "";
		struct recording rec;
		struct stream *s;
		struct frame f;
		FILE *file;

		recording_begin(&rec, &plain);
		on_event(&trace, &rec);
		session_frame(rec.session, &trace_frame);
		session_frame(rec.session, &call);
		recording_end(&rec);
		/* The session's trace line stands behind ours. */
		s = open_text(strchr(rec.text, '\n') + 1,
			      rec.len - (strchr(rec.text, '\n') + 1 - rec.text), &file);
		assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_FRAME);
		if (stream_next(s, &f, error, sizeof(error)) != STREAM_FRAME)
			fail_msg("%s: %s", error, rec.text);
		assert_int_equal(f.type, FRAME_CALL);
		assert_int_equal(f.mono_ns, call.mono_ns);
		assert_int_equal(f.real_ns, call.real_ns);
		assert_memory_equal(f.call.rec, &r, sizeof(r));
		stream_free(s);
		fclose(file);
		free(rec.text);
	}
}

static void assert_bad(struct outcome o, size_t line, const char *story, uint64_t lost,
		       const char *problem)
{
	char start[64];

	snprintf(start, sizeof(start), "x.jsonl, line %zu", line);
	if (strncmp(o.errors, start, strlen(start)) || !strstr(o.errors, problem))
		fail_msg("\"%s\" for %s, %s", o.errors, start, problem);
	assert_string_equal(o.story, story);
	assert_int_equal(o.lost, lost);
}

/* One thing wrong in the line of the query, which is line 7: it alone is not read. */
static void test_bad_values(void **state)
{
	static const struct {
		const char *from, *to, *problem;
	} cases[] = {
		{ "{", "[", "not JSON" },
		{ "}", "", "not JSON" },
		{ "\"pid\":4711", "\"pid\":4711,\"pid\":4711",
		  "a key stands twice in it: \"pid\"" },
		{ "\"watched\":true,\"has_hook\"", "\"watched\":true,\"watched\":true,\"has_hook\"",
		  "a key stands twice" },
		{ "\"mono_ns\":4000000", "\"mono_ns\":18446744073709551616", "out of range" },
		{ "\"mono_ns\":4000000", "\"mono_ns\":4000000.0",
		  "\"mono_ns\" must be an integer" },
		{ "\"mono_ns\":4000000", "\"mono_ns\":-1", "\"mono_ns\" must be an integer" },
		{ "\"mono_ns\":4000000", "\"mono_ns\":\"4\"", "\"mono_ns\" must be an integer" },
		{ "\"mono_ns\":4000000", "\"mono_ns\":1e400", "out of range" },
		{ "\"mono_ns\"", "\"mono\"", "\"mono_ns\" is missing" },
		{ "\"latency_ns\":5044,\"in\"", "\"latency_ns\":null,\"in\"", "\"latency_ns\"" },
		{ "\"type\":\"negotiation\"", "\"type\":7", "\"type\" must be text" },
		{ "2026-11-22T", "2026-11-31T", "\"ts\" must be a time" },
		{ "\"cgroup\":77", "\"cgroup\":77,\"x\":\"\\u0000\"", "a text has a NUL" },
		{ "\"cgroup\":77", "\"cgroup\":77,\"x\":\"\xff\"", "not JSON" },
		{ "\"cgroup\":77", "\"cgroup\":77,\"x\":\"\xed\xa0\x80\"", "not JSON" },
		{ "\"cgroup\":77", "\"cgroup\":77,\"x\":184467440737095516160", "out of range" },
		{ "\"in\":[24,0,0]", "\"in\":[24,0,0,0]",
		  "\"in\" must be a list of at most 3 words" },
		{ "\"in\":[24,0,0]", "\"in\":{}", "\"in\" must be a list of at most 3 words" },
		{ "\"in\":[24,0,0]", "\"in\":[24,0,-1]", "\"in\" must be an integer" },
		{ "\"arg\":\"0x", "\"arg\":\"0X", "\"arg\" must be 0x and 16" },
		{ "\"vm\":\"0xc", "\"vm\":\"0xC", "\"vm\" must be 0x and 16" },
		{ "\"has_hook\":true", "\"has_hook\":1", "\"has_hook\" must be true or false" },
		{ "\"hook\":{", "\"hook\":{},\"was\":{", "\"ret\" is missing" },
		{ "\"evidence\":{", "\"evidence\":{},\"was\":{", "is missing" },
		{ "\"evidence\":{", "\"evidence\":[],\"was\":{", "\"evidence\" must be an object" },
		{ "\"comm\":\"qemu-system-ppc\"", "\"comm\":\"0123456789abcdef\"",
		  "\"comm\" is longer than 15 bytes" },
		{ "\"pid\":4711", "\"pid\":null", "\"pid\" must be an integer" },
		{ "\"vm_name\":\"4711-12\",\"cgroup\"",
		  "\"vm_name\":\"1234567890123456789012345\",\"cgroup\"",
		  "\"vm_name\" is longer than 23 bytes" },
		{ "\"cmd\":\"0x2000aeb8\",\"arg\"", "\"cmd\":\"0x2000aeb7\",\"arg\"",
		  "its evidence contradicts itself" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_bad(with_change("negotiation", cases[i].from, cases[i].to), 7,
			   "Twwbeh!laldE", UINT64_MAX - 7 + 1, cases[i].problem);
}

/* Values of other lines that contradict each other. */
static void test_bad_lines(void **state)
{
	(void)state;
	assert_bad(with_change("host", "\"ksize\":24", "\"ksize\":null"), 6, "Twwbe!lqaldE",
		   UINT64_MAX - 7 + 1, "\"ksize_is\" and \"ksize\" contradict each other");
	assert_bad(with_change("attach", "\"fexit\"", "\"magic\""), 2, "T!lwbehqaldE",
		   UINT64_MAX - 7 + 1, "\"how\" must be a word");
	assert_bad(with_change("attach", "\"older\":[7", "\"older\":[-7"), 2, "T!lwbehqaldE",
		   UINT64_MAX - 7 + 1, "\"older\" must be an integer");
	assert_bad(with_change("lost", "\"vm-budget\"", "\"carelessness\""), line_of("lost") + 1,
		   "Twwbehqa!ldE", 1, "\"reason\" must be a word");
	assert_bad(with_change("vm", "\"created\"", "\"hatched\""), 4, "Tww!lehqaldE",
		   UINT64_MAX - 7 + 1, "\"event\" must be a word");
	assert_bad(with_change("end", "false", "0"), n_lines, "Twwbehqald!lE", UINT64_MAX - 7 + 1,
		   "\"cut_off\" must be true or false");
}

/* Newer programs add keys, types and functions: none of it is a fault. */
static void test_unknown(void **state)
{
	static const char *const types[] = { "trace",	    "attach", "vm", "negotiation",
					     "arch-compat", "lost",   "end" };
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		o = with_change(types[i], "\"seq\"", "\"new\":[{\"a\":[1.5,-2,null,{}]}],\"seq\"");
		assert_string_equal(o.errors, "");
		assert_string_equal(o.story, "TwwbehqaldE");
	}
	o = with_change("host", "\"type\":\"host\"", "\"type\":\"weather\"");
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TwwbeqaldE");
	o = with_change("attach", "kvm_arch_vm_ioctl", "kvm_new_function");
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TwbehqaldE");
	/* A verdict that this version does not know is no fault of the evidence. */
	o = with_change("negotiation", "\"cause\":\"", "\"cause\":\"no-");
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TwwbehqaldE");
}

static void assert_fatal(struct outcome o, const char *error)
{
	assert_true(o.fatal);
	assert_string_equal(o.story, "");
	if (!strstr(o.errors, error))
		fail_msg("\"%s\" has no \"%s\"", o.errors, error);
}

static void test_no_recording(void **state)
{
	char *large = malloc(STREAM_LINE_MAX + 2);

	(void)state;
	assert_fatal(read_all("", 0),
		     "x.jsonl is not a recording of compatcaps-trace: it is empty");
	assert_fatal(read_all("hello\n", 6),
		     "x.jsonl is not a recording of compatcaps-trace: not JSON");
	assert_fatal(read_all("\0\0\0\0", 4),
		     "x.jsonl is not a recording of compatcaps-trace: not JSON");
	assert_fatal(read_all("[]\n", 3), "not a JSON object");
	assert_fatal(read_all("{}\n", 3), "its first line is not a \"trace\"");
	assert_fatal(read_all("\xef\xbb\xbf{}\n", 6), "not JSON");
	assert_fatal(read_all(golden, 100), "not JSON");
	assert_fatal(with_line(0, NULL), "its first line is not a \"trace\"");
	assert_fatal(with_change("trace", "\"schema\":2", "\"schema\":\"1\""), "not a \"trace\"");
	assert_fatal(with_change("trace", "\"schema\":2", "\"schema\":0"), "not a \"trace\"");
	assert_fatal(with_change("trace", "\"page_size\"", "\"page\""), "\"page_size\" is missing");
	assert_non_null(large);
	memset(large, ' ', STREAM_LINE_MAX + 2);
	assert_fatal(read_all(large, STREAM_LINE_MAX + 2), "longer than 1048576 bytes");
	free(large);
}

/* A birth, an end and what was neither come back as they were; so does what has no number. */
static void test_lives(void **state)
{
	static const struct frame frames[] = {
		trace_frame,
		{ .type = FRAME_VM,
		  AT(2),
		  .vm = { .event = VM_CREATED, .pid = 7, .tid = 8, .number = UINT64_MAX } },
		{ .type = FRAME_VM, AT(3), .vm = { .event = VM_FAILED, .pid = 7, .ret = -12 } },
		{ .type = FRAME_VM,
		  AT(4),
		  .vm = { .event = VM_ENDED,
			  .pid = 9,
			  .tid = 9,
			  .ino = 33,
			  .number = UINT64_MAX } },
		{ .type = FRAME_END, AT(5) },
	};
	struct recording r = record(frames, COUNT(frames));
	char error[ERROR_LEN];
	struct frame f;
	FILE *file;
	struct stream *s = open_text(r.text, r.len, &file);

	(void)state;
	assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_FRAME);
	assert_int_equal(f.trace.schema, STREAM_SCHEMA);
	for (size_t i = 1; i < COUNT(frames) - 1; i++) {
		assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_FRAME);
		assert_int_equal(f.type, FRAME_VM);
		assert_int_equal(f.mono_ns, frames[i].mono_ns);
		assert_int_equal(f.vm.event, frames[i].vm.event);
		assert_int_equal(f.vm.pid, frames[i].vm.pid);
		assert_int_equal(f.vm.tid, frames[i].vm.tid);
		assert_int_equal(f.vm.ino, frames[i].vm.ino);
		assert_int_equal(f.vm.ret, frames[i].vm.ret);
		assert_true(f.vm.number == frames[i].vm.number);
	}
	stream_free(s);
	fclose(file);
	free(r.text);
}

static void test_newer_schema(void **state)
{
	(void)state;
	assert_fatal(with_change("trace", "\"schema\":2", "\"schema\":3"),
		     "x.jsonl is of compatcaps-trace " COMPATCAPS_VERSION
		     " and has schema 3, this program "
		     "reads no newer one than 2: take a newer compatcaps-trace");
	/* What else a newer one changes is no reason to say something else. */
	assert_fatal(with_change("trace", "\"schema\":2",
				 "\"schema\":18446744073709551615,\"host\":7,\"was\":1"),
		     "a key stands twice");
	assert_fatal(with_change("trace", "\"schema\":2,\"version\":\"",
				 "\"schema\":4,\"version\":\"\\u001b"),
		     "is of compatcaps-trace ? and has schema 4");
}

/* Cut after every single byte: everything up to the last whole line is there. */
static void test_cut_anywhere(void **state)
{
	size_t first = strlen(lines[0]), end = golden_len - 1;

	(void)state;
	for (size_t len = first; len <= golden_len; len++) {
		struct outcome o = read_all(golden, len);

		assert_string_equal(o.errors, "");
		assert_false(o.fatal);
		/* A last line that lacks nothing but its end is whole. */
		assert_int_equal(o.cut_off, len < end);
		assert_int_equal(o.story[strlen(o.story) - 1], 'E');
		assert_int_equal(strncmp("TwwbehqaldE", o.story, strlen(o.story) - 1), 0);
	}
}

/* In the middle of a character of several bytes, and in zeros, as a crash leaves them. */
static void test_torn(void **state)
{
	struct text t = text_begin();
	struct outcome o;

	(void)state;
	text_open(&t);
	fprintf(t.f, "%s\n{\"type\":\"vm\",\"comm\":\"\xc3", lines[0]);
	o = text_read(&t);
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TE");
	assert_true(o.cut_off);

	text_open(&t);
	fprintf(t.f, "%s\n", lines[0]);
	fwrite("\0\0\0\0\0\0\0\0", 1, 8, t.f);
	o = text_read(&t);
	assert_string_equal(o.story, "TE");
	assert_true(o.cut_off);
}

static void test_long_line(void **state)
{
	struct text t = text_begin();
	struct outcome o;

	(void)state;
	text_open(&t);
	fprintf(t.f, "%s\n%*s\n", lines[0], (int)STREAM_LINE_MAX + 1, "x");
	for (size_t i = 2; i < n_lines; i++)
		fprintf(t.f, "%s\n", lines[i]);
	assert_bad(text_read(&t), 2, "T!lwbehqaldE", UINT64_MAX - 7 + 1,
		   "longer than 1048576 bytes");

	/* Just as long as may be. */
	text_open(&t);
	fprintf(t.f, "%s\n%*s\n", lines[0], -(int)STREAM_LINE_MAX, lines[1]);
	o = text_read(&t);
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TwE");
}

/* In kilobytes. */
static long peak_memory(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* 100 MB in one line: it is passed over, and never stored. */
static void test_huge_line(void **state)
{
	char chunk[65536], error[ERROR_LEN];
	FILE *file = tmpfile();
	long before = peak_memory();
	struct stream *s;
	struct frame f;

	(void)state;
	if (!file) {
		fail_msg("no temporary file");
		return;
	}
	memset(chunk, '[', sizeof(chunk));
	fprintf(file, "%s\n", lines[0]);
	for (size_t n = 0; n < 100u << 20; n += sizeof(chunk))
		assert_int_equal(fwrite(chunk, 1, sizeof(chunk), file), sizeof(chunk));
	fprintf(file, "\n%s\n", lines[2]);
	assert_int_equal(fseek(file, 0, SEEK_SET), 0);
	s = stream_new(file, "x.jsonl", false);
	assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_FRAME);
	assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_BAD);
	assert_string_equal(error, "x.jsonl, line 2 cannot be read: longer than 1048576 bytes");
	assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_FRAME);
	assert_int_equal(f.type, FRAME_LOST);
	assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_FRAME);
	assert_int_equal(f.type, FRAME_ATTACH);
	assert_true(peak_memory() - before < 50000);
	stream_free(s);
	fclose(file);
}

/* Lines that take long to look through are refused before that. */
static void test_many_keys(void **state)
{
	struct text t = text_begin();
	struct outcome o;

	(void)state;
	text_open(&t);
	fprintf(t.f, "%s\n{", lines[0]);
	for (int i = 0; i < 90000; i++)
		fprintf(t.f, "\"%d\":0,", i);
	fprintf(t.f, "\"x\":0}\n");
	o = text_read(&t);
	assert_string_equal(o.errors,
			    "x.jsonl, line 2 cannot be read: an object has more than 256 keys\n");
	text_open(&t);
	fprintf(t.f, "%s\n", lines[0]);
	for (int i = 0; i < 500000; i++)
		fputc('[', t.f);
	for (int i = 0; i < 500000; i++)
		fputc(']', t.f);
	fprintf(t.f, "\n");
	o = text_read(&t);
	assert_string_equal(o.errors, "x.jsonl, line 2 cannot be read: not a JSON object\n");
}

/* Events that somebody took out: a story with them gone is not told as a whole one. */
static void test_gaps(void **state)
{
	struct outcome o = with_line(line_of("negotiation"), NULL);

	(void)state;
	assert_bad(o, 7, "Twwbeh!laldE", UINT64_MAX - 7 + 1 + 0,
		   "events are missing before it, from seq 7 to 7");
	/* A frame has the number of its line; what is lost that of the first line of it. */
	assert_string_equal(o.seqs, "1 2 3 4 5 6 7 8 9 10 12");
	assert_int_equal(o.unread, 1);
}

static void test_unread_lines(void **state)
{
	struct text t = text_begin();
	struct outcome o;

	(void)state;
	/* Two are missing in a row, one is no JSON, and the end is gone. */
	text_open(&t);
	for (size_t i = 0; i + 1 < n_lines; i++)
		if (i != 3 && i != 4)
			fprintf(t.f, "%s\n", i == 7 ? "{" : lines[i]);
	o = text_read(&t);
	assert_string_equal(o.story, "Tww!lhq!lldE");
	assert_string_equal(o.seqs, "1 2 3 4 6 7 8 9 10 12");
	assert_int_equal(o.unread, 3);
	assert_true(o.cut_off);
}

/* A file of some outcomes alone has gaps, as it says itself. */
static void test_filtered(void **state)
{
	struct text t = text_begin();
	char *first = changed(lines[0], "\"outcomes\":false", "\"outcomes\":true");
	struct outcome o;

	(void)state;
	text_open(&t);
	fprintf(t.f, "%s\n%s\n%s\n", first, lines[line_of("arch-compat")], lines[n_lines - 1]);
	free(first);
	o = text_read(&t);
	assert_string_equal(o.errors, "");
	assert_string_equal(o.story, "TaE");
	assert_false(o.cut_off);
}

static void test_filter_is_said(void **state)
{
	const struct emit_options filtered = { .filtered = true };
	struct recording r;

	(void)state;
	recording_begin(&r, &filtered);
	session_frame(r.session, &trace_frame);
	recording_end(&r);
	assert_non_null(strstr(r.text, "\"outcomes\":true"));
	free(r.text);
}

static void test_out_of_order(void **state)
{
	struct text t = text_begin();
	size_t n = line_of("attach");

	(void)state;
	/* One of them twice. */
	text_open(&t);
	for (size_t i = 0; i < n_lines; i++)
		fprintf(t.f, "%s\n%s%s", lines[i], i == n ? lines[i] : "", i == n ? "\n" : "");
	assert_bad(text_read(&t), n + 2, "Tw!wbehqaldE", UINT64_MAX - 7,
		   "out of order, seq 2 comes after 2");
	/* Two of them changed places. */
	text_open(&t);
	for (size_t i = 0; i < n_lines; i++)
		fprintf(t.f, "%s\n", lines[i == n ? n + 1 : i == n + 1 ? n : i]);
	assert_bad(text_read(&t), n + 1, "T!lw!behqaldE", UINT64_MAX - 7 + 1,
		   "out of order, seq 2 comes after 3");
}

static void test_end_in_the_middle(void **state)
{
	struct text t = text_begin();
	struct outcome o;

	(void)state;
	text_open(&t);
	for (size_t i = 0; i < 4; i++)
		fprintf(t.f, "%s\n", lines[i]);
	fprintf(t.f, "%s\n",
		"{\"type\":\"end\",\"seq\":5,\"ts\":\"2026-11-22T06:00:00.123456789Z\","
		"\"mono_ns\":9,\"cut_off\":false}");
	for (size_t i = 5; i < n_lines; i++)
		fprintf(t.f, "%s\n", lines[i]);
	o = text_read(&t);
	assert_string_equal(o.errors,
			    "x.jsonl, line 6: it and what follows stands after the end\n");
	assert_string_equal(o.story, "Twwb!hqaldE");
	assert_false(o.cut_off);
}

static void test_after_the_end(void **state)
{
	struct text t = text_begin();
	struct outcome o;

	(void)state;
	text_open(&t);
	fprintf(t.f, "%sgarbage\n", golden);
	o = text_read(&t);
	assert_string_equal(o.story, "Twwbehqald!!E");
	assert_false(o.cut_off);
	/* Two files, one behind the other. */
	text_open(&t);
	fprintf(t.f, "%s%s", golden, golden);
	o = text_read(&t);
	assert_string_equal(o.story, "Twwbehqald!!E");
	assert_non_null(strstr(o.errors, "another recording begins here"));
	assert_false(o.cut_off);
}

/* A file that cannot be read is not taken for an empty one. */
static void test_read_error(void **state)
{
	char error[ERROR_LEN] = "";
	FILE *file = fopen("/", "re");
	struct stream *s;
	struct frame f;

	(void)state;
	if (!file) {
		fail_msg("no directory");
		return;
	}
	s = stream_new(file, "x.jsonl", false);
	assert_int_equal(stream_next(s, &f, error, sizeof(error)), STREAM_FATAL);
	assert_string_equal(error, "x.jsonl cannot be read: Is a directory");
	stream_free(s);
	fclose(file);
}

/* Text that nobody escaped is escaped, for terminals read it next. */
static void test_hostile_text(void **state)
{
	char *line = changed(lines[line_of("negotiation")], "\"name_option\":\"",
			     "\"name_option\":\"\\u001b[2J\xc3\xa9\\\\x");
	char *text, error[ERROR_LEN];
	struct stream *s;
	struct frame f;
	FILE *file;

	(void)state;
	assert_true(asprintf(&text, "%s\n%s\n", lines[0], line) > 0);
	s = open_text(text, strlen(text), &file);
	while (stream_next(s, &f, error, sizeof(error)) != STREAM_FRAME || f.type != FRAME_CALL)
		;
	assert_string_equal(f.call.name_option,
			    "\\x1b[2J\\xc3\\xa9\\\\xguest=db1,debug-threads=on");
	stream_free(s);
	fclose(file);
	free(text);
	free(line);
}

/* What was said then, where that is asked for. */
static void test_recorded_verdicts(void **state)
{
	char *line = changed(lines[line_of("negotiation")], "\"cause\":\"ok\",\"hint\":\"",
			     "\"cause\":\"flags-set\",\"hint\":\"\\u001bSaid then: ");
	char *text, error[ERROR_LEN];
	struct stream *s;
	struct frame f;
	FILE *file;

	(void)state;
	assert_true(asprintf(&text, "%s\n%s\n%s\n", lines[0], line, lines[line_of("arch-compat")]) >
		    0);
	file = fmemopen(text, strlen(text), "r");
	s = stream_new(file, "x.jsonl", true);
	while (stream_next(s, &f, error, sizeof(error)) != STREAM_FRAME || f.type != FRAME_CALL)
		;
	assert_non_null(f.call.said);
	assert_int_equal(f.call.said->cause, CAUSE_FLAGS_SET);
	assert_int_equal(strncmp(f.call.said->hint, "\\x1bSaid then: ", 15), 0);
	while (stream_next(s, &f, error, sizeof(error)) != STREAM_FRAME || f.type != FRAME_CALL)
		;
	assert_non_null(f.call.said);
	assert_non_null(strstr(line, "flags-set"));
	stream_free(s);
	fclose(file);
	free(text);
	free(line);
}

/* Bits turned over, one at a time: each third one, so that each byte and each place in a byte has
 * its turn; fuzz_stream turns over others. No crash, and the session takes what comes of it.
 */
static void test_bits(void **state)
{
	char *text = malloc(golden_len), error[ERROR_LEN];
	struct recording r;
	struct frame f;

	(void)state;
	assert_non_null(text);
	for (size_t bit = 0; bit < golden_len * 8; bit += 3) {
		enum stream_status status = STREAM_FRAME;
		struct stream *s;
		FILE *file;

		memcpy(text, golden, golden_len);
		text[bit / 8] ^= (char)(1 << bit % 8);
		s = open_text(text, golden_len, &file);
		recording_begin(&r, &plain);
		while (status != STREAM_END && status != STREAM_FATAL) {
			status = stream_next(s, &f, error, sizeof(error));
			if (status == STREAM_FRAME)
				session_frame(r.session, &f);
			else if (status != STREAM_END)
				assert_true(text_is_escaped(error));
		}
		recording_end(&r);
		/* What is told of it is printable, whatever was read. */
		for (size_t i = 0; i < r.len; i++)
			assert_true(r.text[i] == '\n' || (r.text[i] >= ' ' && r.text[i] <= '~'));
		free(r.text);
		stream_free(s);
		fclose(file);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_replay_is_equal),
		cmocka_unit_test(test_failures_are_equal),
		cmocka_unit_test(test_bad_failures),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_older_recording),
		cmocka_unit_test(test_records_are_exact),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_no_recording),
		cmocka_unit_test(test_newer_schema),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_huge_line),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_filtered),
		cmocka_unit_test(test_filter_is_said),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_end_in_the_middle),
		cmocka_unit_test(test_after_the_end),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_recorded_verdicts),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_unread_lines),
	};

	return cmocka_run_group_tests_name("stream", tests, make_golden, free_golden);
}
