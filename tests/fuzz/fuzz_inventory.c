// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libFuzzer's entry: any bytes as the open files of KVM that the kernel lists, whose processes and
 * VMs are named as their owners like. Each VM is there once, with its owner first and each vCPU
 * once. The inventory can be shown, and VMs that a recording begins with read back the same.
 */
#include "fuzz.h"

#include "output/inventory_show.h"
#include "diagnosis/session.h"
#include "lib/text.h"
#include "output/emit.h"

/* An open file in few bytes, so that it often meets one of the same VM, process and vCPU. */
struct open_file {
	uint8_t vm;	 /* struct kvm, inode */
	uint8_t process; /* and its part */
	uint8_t vcpu;
	uint8_t mode;
	uint8_t n_vcpus;
	uint8_t flags; /* kind, backend, has_mode */
	char names[10];
};

static struct inventory_record record_of(const struct open_file *f)
{
	static const uint32_t pvrs[] = {
		0, UINT32_MAX, 0x0f000005, 0x0f000006, 0x0f000007, 0x1234
	};
	struct inventory_record r = {
		.kvm = f->vm & 3,
		.ino = f->vm >> 2 & 3,
		.kind = f->flags & 1 ? INVENTORY_VCPU : INVENTORY_VM,
		.pid = f->process & 7,
		.part = f->process >> 3 & 3,
		.backend = f->flags >> 1 & 3,
		.vcpus = f->n_vcpus,
		.vcpu = f->vcpu,
		.has_mode = f->flags >> 3 & 1,
	};

	/* What the kernel side could not read is 0. */
	if (r.has_mode)
		r.pvr = pvrs[f->mode % (sizeof(pvrs) / sizeof(pvrs[0]))];
	memcpy(r.comm, f->names, sizeof(f->names));
	memset(r.name, f->names[0], f->flags >> 4);
	return r;
}

static void name(struct inventory_vm *vm, const char *text)
{
	char escaped[64];

	text_escape(escaped, sizeof(escaped), text, 10);
	vm->name_option = strdup(escaped);
	vm->guest = vm->n_processes & 1 ? strdup(escaped) : NULL;
	vm->cgroup = vm->n_processes & 2 ? strdup(escaped) : NULL;
	check(vm->name_option);
}

static void check_vm(const struct inventory_vm *vm, const struct host_facts *host)
{
	struct inventory_verdict v;

	check(vm->n_processes && vm->n_open_vcpus <= vm->n_vcpus);
	for (size_t i = 1; i < vm->n_open_vcpus; i++)
		check(vm->vcpus[i - 1].id < vm->vcpus[i].id);
	for (size_t i = 1; i < vm->n_processes; i++)
		check(vm->processes[i].part != PART_OWNER ||
		      vm->processes[i - 1].part == PART_OWNER);
	check(text_is_escaped(vm->name) && text_is_escaped(vm->processes->comm));
	inventory_judge(vm, host, &v);
	check(*v.hint && text_is_escaped(v.hint));
}

static void show(const struct inventory *inv)
{
	struct sink sink;

	sink_begin(&sink);
	inventory_show_text(sink.f, inv, false);
	check_printable(sink_end(&sink));
	free(sink.text);
	sink_begin(&sink);
	check(inventory_show_json(sink.f, inv));
	check_json(sink_end(&sink));
	check_printable((struct bytes){ sink.text, sink.len });
	free(sink.text);
}

/* ------------------------------------------------------------------ in a recording */

struct writer {
	struct sink sink;
	void *state;
};

static void on_event(const struct event *e, void *ctx)
{
	emit_json.event(((struct writer *)ctx)->state, e);
}

static void begin(struct writer *w)
{
	static const struct emit_options plain;

	sink_begin(&w->sink);
	w->state = emit_json.begin(w->sink.f, &plain);
	check(w->state);
}

static struct bytes end(struct writer *w)
{
	emit_json.end(w->state);
	return sink_end(&w->sink);
}

static struct bytes record(const struct inventory *inv)
{
	struct frame f = { .type = FRAME_TRACE, .trace.host = inv->host, .trace.filters.text = "" };
	struct writer w;
	struct session *session = session_new(on_event, &w);

	check(session);
	begin(&w);
	session_frame(session, &f);
	for (size_t i = 0; i < inv->n; i++) {
		f = (struct frame){ .type = FRAME_FOUND, .found.vm = &inv->vms[i] };
		session_frame(session, &f);
	}
	f = (struct frame){ .type = FRAME_END };
	session_frame(session, &f);
	session_free(session);
	return end(&w);
}

static void check_recording(const struct inventory *inv)
{
	struct writer w;
	const struct recording_reader reader = { .path = "x", .event = on_event, .ctx = &w };
	struct bytes first = record(inv), again;
	struct recording rec;

	check_printable(first);
	begin(&w);
	check(read_recording(first, &reader, &rec) && !rec.n_bad && !rec.cut_off);
	again = end(&w);
	check_same(first, again);
	free((void *)first.data);
	free((void *)again.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inventory inv = { .namespaced = size & 1, .has_unlisted = size & 2, .unlisted = 1 };
	struct open_file f = { 0 };

	inv.host = (struct host_facts){
		.page_size = 4096,
		.pseries_is = FACT_KNOWN,
		.cpu_version_is = size & 4 ? FACT_KNOWN : FACT_UNKNOWN,
		.cpu_version = size & 4 ? 0x0f000006 : 0,
	};
	for (const uint8_t *end = data + size; (size_t)(end - data) >= sizeof(f);
	     data += sizeof(f)) {
		struct inventory_record r;

		memcpy(&f, data, sizeof(f));
		r = record_of(&f);
		check(inventory_add(&inv, &r));
	}
	check(inventory_put_together(&inv));
	for (size_t i = 0; i < inv.n; i++) {
		for (size_t k = 0; k < i; k++)
			check(inv.vms[i].kvm != inv.vms[k].kvm || inv.vms[i].ino != inv.vms[k].ino);
		name(&inv.vms[i], f.names);
		check_vm(&inv.vms[i], &inv.host);
	}
	show(&inv);
	check_recording(&inv);
	inventory_free(&inv);
	return 0;
}
