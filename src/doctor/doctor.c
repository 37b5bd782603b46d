// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Judges the facts of a host: what keeps it from being traced, and what its VMMs meet. Each check
 * is a function that adds findings with a state, a sentence and a remedy. All of it is pure, so
 * that hosts can be tested that nobody has.
 */
#include "doctor/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "diagnosis/summary.h"
#include "doctor/doctor_kernel.h"

#define ENOTSUPP 524 /* the kernel's own, which no header of user space has */

/* ------------------------------------------------------------------ findings */

static struct doctor_finding *find(struct doctor *d, const char *check, enum doctor_state state,
				   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static struct doctor_finding *find(struct doctor *d, const char *check, enum doctor_state state,
				   const char *fmt, ...)
{
	/* There are fewer than that: the last one would be told in place of another. */
	struct doctor_finding *f = &d->findings[d->n < DOCTOR_FINDINGS ? d->n++ : d->n - 1];
	va_list ap;

	*f = (struct doctor_finding){ .check = check, .state = state };
	va_start(ap, fmt);
	vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
	return f;
}

static void remedy(struct doctor_finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void remedy(struct doctor_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

/* Where in a sentence of host.h the remedy begins, after a ": " in no brackets. NULL: nowhere. */
static const char *remedy_in(const char *sentence)
{
	const char *at = NULL;
	int depth = 0;

	for (const char *p = sentence; *p; p++) {
		depth += (*p == '(') - (*p == ')');
		if (!depth && p[0] == ':' && p[1] == ' ')
			at = p;
	}
	return at;
}

static void find_obstacle(struct doctor *d, const char *check, const char *sentence)
{
	const char *at = remedy_in(sentence);

	if (at)
		remedy(find(d, check, DOCTOR_PROBLEM, "%.*s", (int)(at - sentence), sentence), "%s",
		       at + 2);
	else
		find(d, check, DOCTOR_PROBLEM, "%s", sentence);
}

const char *doctor_state_name(enum doctor_state state)
{
	static const char *const names[DOCTOR_STATES] = {
		[DOCTOR_OK] = "ok", [DOCTOR_NOTE] = "note", [DOCTOR_PROBLEM] = "problem"
	};

	return (unsigned int)state < DOCTOR_STATES ? names[state] : NULL;
}

bool doctor_has_problem(const struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->findings[i].state == DOCTOR_PROBLEM)
			return true;
	return false;
}

/* ------------------------------------------------------------------ what BPF needs */

static void examine_privilege(struct doctor *d, const struct doctor_facts *facts)
{
	char there[96] = "", missing[96] = "";

	for (size_t i = 0; i < sizeof(facts->capabilities) / sizeof(facts->capabilities[0]); i++) {
		const struct doctor_capability *c = &facts->capabilities[i];
		char *list = c->there ? there : missing;
		size_t n = strlen(list);

		snprintf(list + n, sizeof(there) - n, "%s%s", n ? ", " : "", c->name);
	}
	if (facts->no_privilege)
		find_obstacle(d, "privilege", facts->no_privilege);
	else if (*missing)
		find(d, "privilege", DOCTOR_OK, "%s (which stands for %s too)", there, missing);
	else
		find(d, "privilege", DOCTOR_OK, "%s", there);
}

static void examine_lockdown(struct doctor *d, const struct doctor_facts *facts)
{
	if (facts->locked)
		find_obstacle(d, "lockdown", facts->locked);
	else if (facts->lockdown_is == FACT_KNOWN)
		find(d, "lockdown", DOCTOR_OK, "%s", facts->lockdown);
	else if (facts->lockdown_is == FACT_ABSENT)
		find(d, "lockdown", DOCTOR_OK, "this kernel has none");
	else
		remedy(find(d, "lockdown", DOCTOR_NOTE,
			    "not known: /sys/kernel/security/lockdown cannot be read"),
		       "mount securityfs on /sys/kernel/security, or run as root");
}

static void examine_types(struct doctor *d, const struct doctor_facts *facts)
{
	if (facts->no_types)
		find_obstacle(d, "types", facts->no_types);
	else
		find(d, "types", DOCTOR_OK, "the kernel has type information (BTF)");
	if (!facts->has_kvm)
		return;
	if (facts->kvm_types && (facts->hv_types || !facts->has_hv))
		find(d, "module-types", DOCTOR_OK, "KVM's modules have type information (BTF)");
	else
		remedy(find(d, "module-types", DOCTOR_PROBLEM, "%s has no type information (BTF)",
			    facts->kvm_types ? "kvm_hv" : "kvm"),
		       "use a kernel built with CONFIG_DEBUG_INFO_BTF_MODULES=y");
}

/* ------------------------------------------------------------------ how to watch */

static bool can_fexit(const struct doctor_facts *facts)
{
	return facts->symbols_read && facts->direct_calls && facts->ftrace_enabled != 0 &&
	       facts->fexit.tried && facts->fexit.points;
}

static bool can_kprobe(const struct doctor_facts *facts)
{
	return facts->symbols_read && facts->kprobes && facts->ftrace_enabled != 0 &&
	       !facts->kprobes_off && facts->kprobes_safe && facts->kprobe.tried &&
	       facts->kprobe.points;
}

static void examine_ftrace(struct doctor *d, const struct doctor_facts *facts)
{
	if (facts->ftrace_enabled == 1)
		find(d, "ftrace", DOCTOR_OK, "switched on");
	else if (!facts->ftrace_enabled)
		remedy(find(d, "ftrace", DOCTOR_PROBLEM,
			    "switched off: no function can be watched"),
		       "sysctl kernel.ftrace_enabled=1");
	else
		find(d, "ftrace", DOCTOR_NOTE,
		     "this kernel does not have, or hides, kernel.ftrace_enabled");
}

static const char *not_tried(const struct doctor_facts *facts)
{
	if (facts->no_privilege)
		return "not checked: this needs privilege";
	return facts->no_kvm ? "not checked: this needs KVM to be loaded" :
			       "not checked: BPF cannot be used";
}

static void examine_fexit(struct doctor *d, const struct doctor_facts *facts)
{
	if (facts->symbols_read && !facts->direct_calls)
		find(d, "fexit", DOCTOR_NOTE,
		     "this kernel cannot attach it (its ftrace has no direct calls, as powerpc's has from Linux 6.13 on)");
	else if (!facts->fexit.tried)
		find(d, "fexit", DOCTOR_NOTE, "%s", not_tried(facts));
	else if (!facts->fexit.points)
		find(d, "fexit", DOCTOR_NOTE, "its programs cannot be loaded: %s",
		     strerror(-facts->fexit.err));
	else if (!facts->symbols_read)
		find(d, "fexit", DOCTOR_NOTE,
		     "its programs can be loaded; whether they can be attached is not known, because /proc/kallsyms cannot be read");
	else
		find(d, "fexit", DOCTOR_OK,
		     "its programs can be loaded, and ftrace has direct calls");
}

static void examine_kprobe(struct doctor *d, const struct doctor_facts *facts)
{
	if (facts->symbols_read && !facts->kprobes)
		find(d, "kprobe", DOCTOR_NOTE, "this kernel has no kprobes");
	else if (!facts->kprobes_safe)
		find(d, "kprobe", DOCTOR_NOTE,
		     "not used here: they can crash this kernel (a preemptible one, with more than one CPU)");
	else if (facts->kprobes_off)
		remedy(find(d, "kprobe", DOCTOR_NOTE, "switched off"),
		       "echo 1 >/sys/kernel/debug/kprobes/enabled");
	else if (!facts->kprobe.tried)
		find(d, "kprobe", DOCTOR_NOTE, "%s", not_tried(facts));
	else if (!facts->kprobe.points)
		find(d, "kprobe", DOCTOR_NOTE, "its programs cannot be loaded: %s",
		     strerror(-facts->kprobe.err));
	else
		find(d, "kprobe", DOCTOR_OK, "its programs can be loaded");
}

static void examine_tracepoint(struct doctor *d, const struct doctor_facts *facts)
{
	if (!facts->tracepoint.tried)
		find(d, "tracepoint", DOCTOR_NOTE, "%s", not_tried(facts));
	else if (!facts->tracepoint.points)
		find(d, "tracepoint", DOCTOR_NOTE,
		     "programs cannot be loaded (%s): failures of KVM_RUN and lines that KVM prints are not reported",
		     strerror(-facts->tracepoint.err));
	else
		find(d, "tracepoint", DOCTOR_OK,
		     "programs can be loaded: failures of KVM_RUN and lines that KVM prints are reported");
}

static void examine_method(struct doctor *d, const struct doctor_facts *facts)
{
	struct doctor_finding *f;

	if (!facts->fexit.tried || !facts->symbols_read) {
		find(d, "method", DOCTOR_NOTE, "which method auto would use is not known");
	} else if (can_fexit(facts)) {
		find(d, "method", DOCTOR_OK, "auto uses fexit");
	} else if (facts->direct_calls && facts->ftrace_enabled) {
		/* It takes kprobes where fexit cannot be, not where it fails. */
		f = find(d, "method", DOCTOR_PROBLEM,
			 "auto uses fexit, whose programs cannot be loaded");
		if (can_kprobe(facts))
			remedy(f, "--method kprobe");
	} else if (can_kprobe(facts)) {
		find(d, "method", DOCTOR_OK, "auto uses kprobes");
	} else {
		remedy(find(d, "method", DOCTOR_PROBLEM, "neither fexit nor kprobes can be used"),
		       "use a kernel with direct calls (6.13 or newer), or one that is not preemptible");
	}
}

static void examine_iterator(struct doctor *d, const struct doctor_facts *facts)
{
	if (!facts->iterator.tried)
		return;
	if (!facts->iterator.err)
		find(d, "iterator", DOCTOR_OK, "running VMs can be listed (vms)");
	else
		find(d, "iterator", DOCTOR_NOTE, "running VMs cannot be listed (vms): %s",
		     strerror(-facts->iterator.err));
}

/* ------------------------------------------------------------------ names */

static void examine_names(struct doctor *d, const struct doctor_facts *facts)
{
	if (facts->debugfs)
		find(d, "debugfs", DOCTOR_OK, "it can be read: VMs have their names");
	else
		remedy(find(d, "debugfs", DOCTOR_NOTE,
			    "it cannot be read: VMs that are older than a trace cannot be recognised"),
		       "mount -t debugfs none /sys/kernel/debug, or run as root");
	if (facts->cgroup2)
		find(d, "cgroups", DOCTOR_OK, "version 2 is mounted");
	else
		find(d, "cgroups", DOCTOR_NOTE,
		     "version 2 is not mounted: cgroups have no names, and --cgroup cannot be used");
	if (facts->pid_namespace)
		remedy(find(d, "pid-namespace", DOCTOR_NOTE,
			    "not the initial namespace: VMs of other namespaces have no pid, and the creation of VMs is not reported"),
		       "run it on the host itself");
}

/* ------------------------------------------------------------------ KVM */

static void examine_kvm(struct doctor *d, const struct doctor_facts *facts)
{
	if (facts->no_kvm)
		find_obstacle(d, "kvm", facts->no_kvm);
	else
		find(d, "kvm", DOCTOR_OK, "there, with %s%s%s", facts->has_hv ? "KVM HV" : "",
		     facts->has_hv && facts->has_pr ? " and " : "",
		     facts->has_pr ? "KVM PR" :
		     facts->has_hv ? "" :
				     "a backend that is built in");
}

/* Docker and Podman hide it unless a container is privileged. */
#define NO_TREE \
	"in a container, start it with --security-opt unmask=/sys/firmware; or run it on the host itself"

/* The hypervisor may offer less than the mode that it runs this host in. */
static void examine_agreement(struct doctor *d, const struct host_facts *host)
{
	const uint64_t agreed = host->nested_caps & ~abi_unknown_bits(host->nested_caps);
	const bool known = host->cpu_version_is == FACT_KNOWN && host->nested_caps_is == FACT_KNOWN;
	const uint64_t own = known ? abi_caps_of_host(host->cpu_version) : 0;
	char modes[96], lacks[96];

	modes_text(modes, sizeof(modes), agreed);
	if (own & ~agreed)
		remedy(find(d, "nested-capabilities", DOCTOR_NOTE,
			    "0x%016" PRIx64 ", agreed on with the hypervisor: %s, and not %s",
			    host->nested_caps, modes,
			    modes_text(lacks, sizeof(lacks), own & ~agreed)),
		       "keep guests at a mode that was agreed on, though this host runs in a newer one");
	else
		find(d, "nested-capabilities", DOCTOR_OK,
		     "0x%016" PRIx64 ", agreed on with the hypervisor: %s", host->nested_caps,
		     modes);
}

static void examine_nested(struct doctor *d, const struct doctor_facts *facts)
{
	const struct host_facts *host = &facts->host;

	switch (host_is_v2(host) ? NESTED_V2 : host->nested) {
	case NESTED_NONE:
		find(d, "nested-api", DOCTOR_OK, "none: this is bare metal");
		break;
	case NESTED_V1:
		find(d, "nested-api", DOCTOR_OK, "v1 (the hypervisor is KVM)");
		break;
	case NESTED_V2:
		find(d, "nested-api", DOCTOR_OK, "v2 (PAPR, as PowerVM has it)");
		examine_agreement(d, host);
		break;
	default:
		if (host->pseries_is == FACT_UNKNOWN)
			remedy(find(d, "nested-api", DOCTOR_NOTE,
				    "not known: the device tree cannot be read, and so not whether this is bare metal"),
			       NO_TREE);
		else
			find(d, "nested-api", DOCTOR_NOTE,
			     "not known: this needs kvm_hv to be loaded, and privilege to read kernel memory");
	}
}

static void examine_cpu_version(struct doctor *d, const struct doctor_facts *facts)
{
	const struct host_facts *host = &facts->host;
	const struct abi_processor *raw = abi_processor(host->cpu_version);
	const struct abi_pvr *known = abi_pvr(host->cpu_version);

	if (host->cpu_version_is == FACT_UNKNOWN)
		remedy(find(d, "cpu-version", DOCTOR_NOTE,
			    "not known: the device tree cannot be read"),
		       NO_TREE);
	else if (host->cpu_version_is == FACT_ABSENT)
		find(d, "cpu-version", DOCTOR_NOTE, "the device tree has none");
	else if (known)
		find(d, "cpu-version", DOCTOR_OK, "0x%08" PRIx32 ": this host runs in %s mode",
		     host->cpu_version, known->name);
	else if (raw)
		find(d, "cpu-version", DOCTOR_OK, "0x%08" PRIx32 ": the processor's own, a %s",
		     host->cpu_version, raw->name);
	else if (host->pseries_is == FACT_ABSENT)
		find(d, "cpu-version", DOCTOR_OK, "0x%08" PRIx32 ", the processor's own",
		     host->cpu_version);
	else
		find(d, "cpu-version", DOCTOR_NOTE, "0x%08" PRIx32 ", which is not a known mode",
		     host->cpu_version);
}

/* The revisions of the ABI that have a struct of this size: "v5, mainline". */
static const char *revisions_text(char *buf, size_t len, uint64_t size)
{
	const struct abi_revision *rev;
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; (rev = abi_revision(i)) && n < len; i++)
		if (rev->struct_size == size)
			n += (size_t)snprintf(buf + n, len - n, "%s%s", n ? ", " : "", rev->name);
	return buf;
}

static void examine_abi(struct doctor *d, const struct doctor_facts *facts)
{
	const struct host_facts *host = &facts->host;
	char revisions[96];

	if (host->ksize_is == FACT_UNKNOWN) {
		find(d, "abi", DOCTOR_NOTE, "not known: KVM has no type information (BTF)");
		return;
	}
	if (host->ksize_is == FACT_ABSENT) {
		remedy(find(d, "abi", DOCTOR_NOTE,
			    "this kernel does not have KVM_PPC_GET_COMPAT_CAPS"),
		       "use Linux 7.3 or newer, or a backport");
		return;
	}
	revisions_text(revisions, sizeof(revisions), host->ksize);
	if (doctor_release_from(facts->release, 7, 3))
		find(d, "abi", DOCTOR_OK, "mainline, with a struct of %" PRIu64 " bytes",
		     host->ksize);
	else
		remedy(find(d, "abi", DOCTOR_NOTE,
			    "a backport with a struct of %" PRIu64 " bytes: %s", host->ksize,
			    *revisions ? revisions : "an unknown revision"),
		       "only a call shows which command it answers to: run compatcaps_probe");
}

/* What a VMM gets for a right call. */
static void examine_answer(struct doctor *d, const struct doctor_facts *facts)
{
	const struct host_facts *host = &facts->host;
	const struct offer offer = host_offer(host);
	char modes[96];

	if (facts->no_kvm || host->ksize_is == FACT_UNKNOWN)
		return;
	if (host->ksize_is == FACT_ABSENT)
		find(d, "answer", DOCTOR_NOTE, "a VMM that queries gets ENOTTY");
	else if (!facts->has_hv)
		find(d, "answer", DOCTOR_NOTE,
		     "a VMM that queries gets ENOTTY if its VM uses KVM PR");
	else if (host->pseries_is == FACT_ABSENT)
		find(d, "answer", DOCTOR_NOTE,
		     "a VMM that queries gets EINVAL, and the capability is 0: this is bare metal");
	else if (host->nested == NESTED_UNKNOWN)
		find(d, "answer", DOCTOR_NOTE,
		     "the answer to a query is not known, because the nested API is not known");
	else if (offer.source == MODES_UNKNOWN)
		find(d, "answer", DOCTOR_NOTE,
		     "a VMM that queries gets EINVAL: KVM cannot map this cpu-version");
	else
		find(d, "answer", DOCTOR_OK, "a VMM that queries gets %s (0x%016" PRIx64 ")",
		     modes_text(modes, sizeof(modes), offer.modes), offer.modes);
}

#define ABOVE  "(POWER11 on a host in POWER10 mode)"
#define SEE_IT "on a host in POWER10 mode, compatcaps_probe --ask POWER11 shows it"

/* No symbol shows whether commit 884ea0283f4e is there: a VM that runs does, or the version. */
static void examine_mode_check(struct doctor *d, const struct doctor_facts *facts)
{
	const char *what = host_is_v2(&facts->host) ? "a mode that this host does not offer" :
						      "a mode that is newer than this host's";
	const char *since = doctor_mode_check_since(facts->release);

	if (!facts->no_kvm && facts->has_pr && !facts->has_hv)
		remedy(find(d, "mode-check", DOCTOR_NOTE,
			    "KVM PR has no compatibility modes: a request for one gets EINVAL"),
		       "make VMs with KVM HV");
	if (facts->no_kvm || facts->host.pseries_is == FACT_ABSENT || !facts->has_hv)
		return;
	if (facts->vms_refused) {
		find(d, "mode-check", DOCTOR_OK,
		     "KVM refuses %s: it has refused one to a VM that is there", what);
		return;
	}
	if (facts->vms_above) {
		remedy(find(d, "mode-check", DOCTOR_NOTE,
			    "KVM accepts a mode that is newer than this host's: a VM that is there has one"),
		       "keep max-cpu-compat at a mode that this host offers: such a guest fails later");
		return;
	}
	switch (doctor_mode_check(facts->release)) {
	case MODE_CHECK_YES:
		find(d, "mode-check", DOCTOR_OK,
		     "KVM refuses %s, by its version (Linux %s has the check)", what,
		     since ? since : "7.3");
		break;
	case MODE_CHECK_NO:
		remedy(find(d, "mode-check", DOCTOR_NOTE,
			    "by its version KVM may accept a mode that this host does not offer " ABOVE
			    ", unless the check was backported: the guest then fails later"),
		       "use Linux %s, or keep max-cpu-compat at a mode that this host offers",
		       since ? since : "7.3 or newer");
		break;
	case MODE_CHECK_UNTOLD:
		remedy(find(d, "mode-check", DOCTOR_NOTE,
			    "whether KVM refuses %s is not known: by its version this is a distribution's kernel, which does not tell what was backported",
			    what),
		       SEE_IT);
		break;
	case MODE_CHECK_UNKNOWN:
		remedy(find(d, "mode-check", DOCTOR_NOTE,
			    "whether KVM refuses %s is not known from its version: Linux 6.18.51, 7.2.6 and 7.3 do",
			    what),
		       SEE_IT);
	}
}

/* ------------------------------------------------------------------ VMMs */

#define LIST_THEM "compatcaps-trace vms has the list"

static void examine_vms(struct doctor *d, const struct doctor_facts *facts)
{
	const char *more = facts->vms == 1 ? " runs" : "s run";
	const char *least = facts->vms_partial ? "at least " : "";

	if (facts->vms_refused)
		remedy(find(d, "vms", DOCTOR_NOTE,
			    "%s%zu VM%s, and KVM has refused a mode to %zu of them", least,
			    facts->vms, more, facts->vms_refused),
		       LIST_THEM);
	if (facts->vms_above)
		remedy(find(d, "vms", DOCTOR_NOTE,
			    "%s%zu VM%s, and %zu of them asked for a mode that this host does not offer, and got it",
			    least, facts->vms, more, facts->vms_above),
		       LIST_THEM);
	if (facts->vms && !facts->vms_refused && !facts->vms_above)
		find(d, "vms", DOCTOR_OK, "%s%zu VM%s; " LIST_THEM, least, facts->vms, more);
}

/* false: it is no version that QEMU has. A release candidate is 11.1.90 or so. */
static bool queries(const char *said, bool *known)
{
	const char *at = strstr(said, "version ");
	unsigned int major, minor, micro = 0;

	*known = at && sscanf(at, "version %u.%u.%u", &major, &minor, &micro) >= 2;
	if (!*known)
		return false;
	/* The versions between two releases have it or not, by their day. */
	if (major == 11 && minor == 1 && micro >= 50 && micro < 90)
		*known = false;
	return major > 11 || (major == 11 && (minor >= 2 || (minor == 1 && micro >= 90)));
}

static void examine_qemu(struct doctor *d, const struct doctor_qemu *q)
{
	bool known, asks = queries(q->said, &known);

	if (*q->not_run)
		remedy(find(d, "qemu", DOCTOR_NOTE, "%s was not run with --version, because %s",
			    q->path, q->not_run),
		       "run it with --version yourself, as an ordinary user");
	else if (!known && q->slow)
		remedy(find(d, "qemu", DOCTOR_NOTE,
			    "%s: whether it queries is not known, because --version took longer than %d s",
			    q->path, DOCTOR_QEMU_SECONDS),
		       "run it with --version yourself");
	else if (!known && !*q->said)
		find(d, "qemu", DOCTOR_NOTE,
		     "%s: whether it queries is not known, because it prints nothing for --version",
		     q->path);
	else if (!known)
		find(d, "qemu", DOCTOR_NOTE, "%s: whether it queries is not known (\"%s\")",
		     q->path, q->said);
	else if (asks)
		find(d, "qemu", DOCTOR_OK, "%s queries, by its version (%s)", q->path, q->said);
	else
		remedy(find(d, "qemu", DOCTOR_NOTE,
			    "%s does not query, by its version, unless that was backported (%s)",
			    q->path, q->said),
		       "QEMU queries from 11.2 on; else set max-cpu-compat to a mode that this host offers. A trace of a start shows whether it queries");
}

static void examine_qemus(struct doctor *d, const struct doctor_facts *facts)
{
	for (size_t i = 0; i < facts->n_qemus; i++)
		examine_qemu(d, &facts->qemus[i]);
	if (!facts->n_qemus)
		find(d, "qemu", DOCTOR_NOTE, "none was found in PATH");
	if (facts->more_qemus)
		find(d, "qemu", DOCTOR_NOTE, "%zu more were not checked", facts->more_qemus);
}

/*
 * Where KVM does not check modes, the guest starts and fails when it first runs; the fix is the
 * same.
 */
static void examine_domain(struct doctor *d, const struct doctor_domain *domain,
			   const struct abi_mode *newest)
{
	char option[DIAGNOSIS_OPTION_LEN];

	remedy(find(d, "domain", DOCTOR_NOTE,
		    "libvirt's domain \"%s\" asks for %s%s, and this host offers at most %s",
		    domain->name, domain->asks,
		    *domain->model ? "" : ", by host-model without a <model>", newest->name),
	       "virsh edit: <model>%s</model> in <cpu mode='host-model'>; or start it on a host that offers %s",
	       summary_option(option, newest), domain->asks);
}

static void examine_domains(struct doctor *d, const struct doctor_facts *facts)
{
	const struct doctor_domains *all = &facts->domains;
	size_t shown = all->n_unfit < DOCTOR_DOMAINS ? all->n_unfit : DOCTOR_DOMAINS;
	size_t unread = all->n_unread + all->n_left;

	for (size_t i = 0; i < shown; i++)
		examine_domain(d, &all->unfit[i], all->newest);
	if (all->n_unfit > shown)
		find(d, "domain", DOCTOR_NOTE,
		     "%zu more of libvirt's domains ask for a mode that is newer than %s",
		     all->n_unfit - shown, all->newest->name);
	if (all->err && all->err != EACCES)
		find(d, "domain", DOCTOR_NOTE, "libvirt's domains cannot be read: %s",
		     strerror(all->err));
	if (unread)
		find(d, "domain", DOCTOR_NOTE,
		     "%zu definition%s of libvirt's domains could not be read or %s too many",
		     unread, unread == 1 ? "" : "s", unread == 1 ? "is one" : "are");
	if (all->n && !all->n_unfit && !all->n_unjudged && !unread && all->newest)
		find(d, "domain", DOCTOR_OK,
		     "of libvirt's %zu domain%s for KVM none asks for a mode that is newer than %s by host-model",
		     all->n, all->n == 1 ? "" : "s", all->newest->name);
}

void doctor_examine(struct doctor *d, const struct doctor_facts *facts)
{
	d->n = 0;
	d->offer = host_offer(&facts->host);
	d->guessed = offer_is_guess(&facts->host, &d->offer);
	examine_privilege(d, facts);
	examine_lockdown(d, facts);
	examine_types(d, facts);
	examine_ftrace(d, facts);
	examine_fexit(d, facts);
	examine_kprobe(d, facts);
	examine_method(d, facts);
	examine_tracepoint(d, facts);
	examine_iterator(d, facts);
	examine_names(d, facts);
	examine_kvm(d, facts);
	examine_nested(d, facts);
	examine_cpu_version(d, facts);
	examine_abi(d, facts);
	examine_answer(d, facts);
	examine_mode_check(d, facts);
	examine_vms(d, facts);
	examine_qemus(d, facts);
	examine_domains(d, facts);
}
