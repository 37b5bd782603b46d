#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The tables of the documentation against the code that they describe, and then the same
# with one thing wrong in a copy of it, which has to be noticed. TAP.
#
# Checks are called by name, and a backquote in Markdown is just that:
# shellcheck disable=SC2317,SC2016
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 n=0
O=${O:-build}
[[ $(uname -m) == ppc64le ]] && native=$O/ppc64le/bin || native=$O/host/bin
[[ -e $O/host/unit/tested.a && -x $native/compatcaps-trace ]] ||
	{ echo "not ok - the code is not built: make check-unit does that first"; exit 1; }

# What the code says, out of the code itself: $work/facts prints a list by name.
cat >"$work/facts.c" <<'END'
#include <stdio.h>
#include <string.h>
#include "cmd/options.h"
#include "output/emit.h"
#include "recording/schema.h"

static void revisions(void)
{
	const struct abi_revision *r;

	for (size_t i = 0; (r = abi_revision(i)); i++) {
		const char *sep = "";

		printf("%s 0x%08x %u ", r->name, r->cmd, r->struct_size);
		for (int at = 0; at < (int)r->struct_size; at += 8) {
			const char *field = at == r->off_size ? "size" :
					    at == r->off_flags ? "flags" :
					    at == r->off_caps ? "caps" : "?";

			printf("%s%s", sep, field);
			sep = ",";
		}
		printf("\n");
	}
}

static void modes(void)
{
	const struct abi_mode *m;

	for (size_t i = 0; (m = abi_mode(i)); i++)
		printf("%s %s 0x%016llx %u 0x%08x\n", m->name, m->constant,
		       (unsigned long long)m->bit, m->ibm_bit, m->pvr);
}

static void statuses(void)
{
	printf("%d\n%d\n%d\n%d\n%d\n%d\n%d\n%d\n", EXIT_DONE, EXIT_BROKEN, EXIT_USAGE, EXIT_IMPOSSIBLE,
	       EXIT_INCONCLUSIVE, EXIT_TRACER, EXIT_CANNOT_RUN, EXIT_NO_COMMAND);
}

static void formats(void)
{
	for (size_t i = 0; emitters[i]; i++)
		printf("%s\n", emitters[i]->name);
}

/* NAMES(list, max, name): a function that prints the names of an enum. */
#define NAMES(list, max, name)                     \
	static void list(void)                     \
	{                                          \
		for (int i = 0; i < (int)(max); i++) \
			if (name(i))               \
				printf("%s\n", name(i)); \
	}

NAMES(causes, CAUSE_MAX, cause_name)
NAMES(arch_causes, ARCH_MAX, arch_cause_name)
NAMES(events, EVENT_TYPES, event_type_name)
NAMES(losses, CC_LOSSES, loss_name)
NAMES(lives, LIFE_UNKNOWN + 1, life_name)

/* A row of schema.def for each event that has it, for tests/tree/skeleton.py. */
static void rows(void)
{
	size_t n;
	const struct field *f = fields(&n);

	for (size_t i = 0; i < n; i++) {
		printf("%s\t%s\t%s\t%s\t", event_type_name(f[i].type), f[i].path, f[i].kind,
		       f[i].nullable ? "null" : "");
		for (unsigned int w = 0; f[i].words && w < f[i].words->n; w++)
			if (f[i].words->name(w))
				printf("%s ", f[i].words->name(w));
		printf("\t%s\n", f[i].doc);
	}
}

static const struct {
	const char *name;
	void (*print)(void);
} lists[] = {
	{ "rows", rows },
	{ "causes", causes }, { "arch-causes", arch_causes }, { "events", events },
	{ "losses", losses }, { "lives", lives }, { "statuses", statuses },
	{ "formats", formats }, { "revisions", revisions }, { "modes", modes },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (argc > 1 && !strcmp(argv[1], lists[i].name))
			lists[i].print();
	return 0;
}
END
"${HOSTCC:-gcc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsanitize=address,undefined -Isrc \
	"$work/facts.c" "$O/host/unit/tested.a" ${JSON_LIB:+"$JSON_LIB"} -o "$work/facts" || exit 1

facts() { "$work/facts" "$@"; }

# section FILE HEADING: the lines below a heading of a Markdown file, up to the next one.
section() { awk -v h="$2" '/^#/ { on = $0 == h; next } on' "$1"; }

# column N: that column of a table's rows, without the head and the backquotes.
column() { awk -F' *[|] *' -v n="$1" '/^[|]/ { if (++row > 2) print $(n + 1) }' | tr -d '`'; }

# The keys in the first column; a row may have several.
keys() { section "$D/docs/diagnosis.md" "### $1" | column 1 | tr -d ' ' | tr , '\n' | sort; }

# same CODE DOCUMENTATION: complains of lines that only one of them has.
same() {
	[[ -n $1 ]] || { echo "the code has nothing to compare with"; return 1; }
	diff <(sort <<<"$1") <(sort <<<"$2") >"$work/diff" && return
	sed -n 's/^</only in the code:/p; s/^>/only in the documentation:/p' "$work/diff"
	return 1
}

causes() {
	same "$(facts causes)" "$(section "$D/docs/diagnosis.md" '## Causes of a negotiation' | column 1)"
}

arch_causes() {
	same "$(facts arch-causes)" "$(section "$D/docs/diagnosis.md" '## Causes of a request for a mode' | column 1)"
}

explained() {
	same "$(facts causes; facts arch-causes)" "$("$native/compatcaps-trace" explain --json | jq -r '.[].cause')"
}

page_of_causes() { python3 tests/tree/causes.py check "$native/compatcaps-trace" "$D/docs/compatcaps-causes.7"; }

revisions() {
	same "$(facts revisions)" "$(section "$D/docs/diagnosis.md" '## Revisions of the ABI' |
		awk -F' *[|] *' '/^[|]/ && ++row > 2 { gsub(/, /, ",", $5); print $2, $3, $4, $5 }' | tr -d '`')"
}

modes() {
	same "$(facts modes)" "$(section "$D/docs/diagnosis.md" '## The bitmap' |
		awk -F' *[|] *' '/^[|]/ && ++row > 2 { print $2, $3, $4, $5, $6 }' | tr -d '`')"
}

# What of the schema's keys is not as the headings have them, which describe them: "tail.state" for those
# within another. Those are described where that helps, the others in any case.
event_keys() {
	local name
	for name in 'Every event' $(facts events); do
		echo "$name: $(keys "$name" | tr '\n' ' ')"
	done | python3 -c '
import json, sys
schema, bad = json.load(open(sys.argv[1])), False
def keys_of(what):
    if "$ref" in what:
        what = schema["$defs"][what["$ref"].split("/")[-1]]
    found = dict(what.get("properties", {}))
    for part in what.get("allOf", []):
        found |= keys_of(part) if "$ref" in part else {}
    return found
every = schema["properties"]
for line in sys.stdin:
    name, _, documented = line.partition(":")
    keys = every if name == "Every event" else {
        k: v for k, v in keys_of(schema["$defs"][name.replace("-", "_")]).items() if k not in every}
    known = set(keys) | {f"{k}.{inner}" for k, v in keys.items() for inner in keys_of(v)}
    documented = set(documented.split())
    for what, wrong in ("not in the schema", documented - known), ("not described", set(keys) - documented):
        for key in sorted(wrong):
            print(f"{name}: {key} is {what}")
            bad = True
sys.exit(bad)' "$D/docs/events.schema.json"
}

# Every field of the table is in the schema, with its type, its words and its sentence; and no other is.
schema_fields() {
	facts rows | python3 tests/tree/skeleton.py check "$D/docs/events.schema.json" "$D/docs/diagnosis.md"
}

schema_events() {
	same "$(facts events)" "$(python3 -c 'import json, sys
for rule in json.load(open(sys.argv[1]))["allOf"]:
    print(rule["if"]["properties"]["type"]["const"])' "$D/docs/events.schema.json")"
}

manual_events() {
	same "$(facts events)" \
		"$(sed -n '/^\.Ss Events of the JSON/,/^\.Pp/s/^\.It Ql //p' "$D/docs/compatcaps-trace.1")"
}

losses() {
	same "$(facts losses)" "$(sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It Ql //p' "$D/docs/compatcaps-trace.1")"
}

watched() {
	same "$(facts lives)" "$(section "$D/docs/diagnosis.md" "## What of a VM's life was watched" | column 1)"
}

# Those that an item of the manual names: .Cm text , json
formats() {
	same "$(facts formats)" "$(awk '/^\.It Fl -format/ { on = 1; next } /^\.It/ { on = 0 }
		on && $1 == ".Cm" { print $2 }' "$D/docs/compatcaps-trace.1")"
}

# "--pid ARG", "-p ARG", "--json" of each option of these verbs: of argp's own list and of the manual's.
help_options() {
	local verb
	for verb in trace record replay; do
		env -u ARGP_HELP_FMT "$native/compatcaps-trace" "$verb" --usage | tr -d '\n' | grep -oE '\[-[^]]*\]' | tr -d '[]' |
			awk '/^-- / { exit }
			     /^-[^-]/ && NF == 1 { for (i = 2; i <= length; i++) print "-" substr($0, i, 1); next }
			     { sub(/[ =].*/, " ARG"); print }'
	done | sort -u
}

manual_options() {
	sed -n '/^\.Sh DESCRIPTION/,/^\.Ss The table/s/^\.It Fl //p' "$D/docs/compatcaps-trace.1" | tr -d '\\&' |
		awk '{ arg = ""; n = split($0, w, /[ ,]+/)
		       for (i = 1; i <= n; i++) if (w[i] == "Ar") arg = " ARG"
		       for (i = 1; i <= n && w[i] != "Ar"; i++) print "-" w[i] arg }'
}

manual_has_options() { same "$(help_options)" "$(manual_options)"; }

statuses() {
	same "$(facts statuses)" "$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It //p' "$D/docs/compatcaps-trace.1")"
}

machines() {
	same "$(tests/vm/table machines name what answer | tr '\t' '|')" \
		"$(section "$D/docs/guests.md" '## Machines' | awk -F' *[|] *' '/^[|]/ && ++row > 2 { print $2 "|" $3 "|" $4 }' | tr -d '`')"
}

kernel_names() { grep -oE '`(debian|patched)-[^`]*`' | tr -d '`' | sort -u; }

kernels() {
	same "$(tests/vm/kernel names)" "$(section "$D/docs/guests.md" '## Kernels' | grep '^|' | kernel_names)"
}

# Each series has a row in the table of kernels, and each row of one its series.
series() {
	same "$(printf '%s\n' kernel-patches/v*/ | sed 's,.*/\(v.*\)/,\1,')" \
		"$(tests/vm/table kernels source | sed -n '/^series /s/.* //p' | sort -u)"
}

targets() {
	local t bad=0
	while read -r t; do
		grep -qE "^$t:" Makefile ./*/*.mk ./*/*/*.mk || { echo "make $t: no such target"; bad=1; }
	done < <(cat "$D"/*.md "$D"/docs/*.md | grep -oE '(^ *|`|sudo )make [a-z][a-z0-9-]*' | awk '{ print $NF }' | sort -u)
	return "$bad"
}

# What is named like a path of ours, and what links lead to.
paths() {
	local bad=0 f p
	for f in README.md CONTRIBUTING.md SECURITY.md docs/*.md; do
		while read -r p; do
			[[ -e $(dirname "$f")/${p%%#*} ]] || { echo "$f: a link to $p, which is not there"; bad=1; }
		done < <(grep -oE '\]\([^)]+\)' "$D/$f" | tr -d ']()' | grep -v '^[a-z]*:')
		while read -r p; do
			[[ -e $p ]] || { echo "$f: there is no $p"; bad=1; }
		# (CONTRIBUTING.md invents an output, metrics, and files called NAME.)
		done < <(grep -oE '(^|[ `])(src|tools|tests|docs|kernel-patches|bench)/[A-Za-z0-9._/-]*[A-Za-z0-9/]' "$D/$f" | grep -v '_metrics\.\|NAME' | tr -d ' `' | sort -u)
	done
	return "$bad"
}

# The messages that the troubleshooting guide quotes are the program's, or the C library's.
messages() {
	section "$D/docs/troubleshooting.md" '## Messages of compatcaps-trace' | column 1 | python3 -c '
import errno, os, pathlib, re, sys
code = "".join(p.read_text() for p in pathlib.Path("src").rglob("*.[ch]"))
code = re.sub(r"\"\s*\n\s*\"", "", code)
libc = {os.strerror(e) for e in errno.errorcode}
quoted = [m.strip("\n()") for m in sys.stdin]
strange = [m for m in quoted if any(p not in code and p not in libc for p in re.split(r" ?FILE:? ?", m))]
for m in strange:
    print(f"no message of the program: {m}")
sys.exit(bool(strange) or not quoted)'
}

# What is given to tests/vm/run, or spoken of in its guide.
runner_options() {
	local o bad=0 help
	help=$(tests/vm/run --help)
	while read -r o; do
		grep -qE -e "^ +$o( |\$)" <<<"$help" || { echo "tests/vm/run $o: no such option"; bad=1; }
	done < <({
		cat "$D/docs/guests.md" "$D/README.md" | grep -oE 'tests/vm/run .*' | sed 's/ -- .*//'
		grep -oE '`--[^`]*' "$D/docs/guests.md"
	} | grep -oE -e '--[a-z][a-z-]+' | sort -u)
	return "$bad"
}

result() {
	n=$((n + 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# holds NAME FUNCTION: the documentation as it is passes.
holds() {
	local text status
	D=.
	text=$("$2")
	status=$?
	[[ -z $text ]] || printf '# %s\n' "${text//$'\n'/$'\n'# }"
	result $status "$1"
}

# notices FUNCTION FILE SED WHAT: with this change in the file, the check fails.
notices() {
	local status=0
	D=$work/copy
	rm -rf "$D"
	mkdir -p "$D"
	cp -r README.md CONTRIBUTING.md SECURITY.md docs "$D"
	sed -i -E "$3" "$D/$2"
	if cmp -s "$2" "$D/$2"; then
		echo "# the change did not change $2"
		status=1
	elif "$1" >/dev/null; then
		status=1
	fi
	result $status "$1 notices $4"
}

diagnosis=docs/diagnosis.md manual=docs/compatcaps-trace.1 guide=docs/guests.md
holds 'causes of a negotiation' causes
notices causes $diagnosis '/^\| `flags-set`/d' 'a cause that is missing'
notices causes $diagnosis 's/^\| `flags-set`/| `flag-set`/' 'a cause that is called otherwise'
holds 'causes of a request for a mode' arch_causes
notices arch_causes $diagnosis '/^\| `unknown-pvr`/d' 'a cause that is missing'
holds 'causes that explain knows' explained
holds 'compatcaps-causes(7)' page_of_causes
notices page_of_causes docs/compatcaps-causes.7 's/^\.It Sy flags\\?-set/.It Sy flag-set/' 'a cause that is called otherwise'
holds 'revisions of the ABI' revisions
notices revisions $diagnosis 's/0x2000aeb8` \| 24/0x2000aeb9` | 24/' 'another command'
notices revisions $diagnosis 's/flags, size, caps/size, flags, caps/' 'another order of the fields'
holds 'bits of the bitmap' modes
notices modes $diagnosis 's/0x2000000000000000` \| 2/0x2000000000000000` | 3/' 'another bit'
holds 'keys of the events' event_keys
notices event_keys $diagnosis '/^\| `ksize`/d' 'a key that is missing'
notices event_keys $diagnosis 's/^\| `tail.read`/| `tail.red`/' 'a key within a key that is called otherwise'
notices event_keys docs/events.schema.json 's/"after_ns": \{/"after_us": {/' 'a key of the schema that is not described'
holds 'fields of the schema' schema_fields
notices schema_fields docs/events.schema.json 's/"outcome": \{/"income": {/' 'a field that is called otherwise'
notices schema_fields docs/events.schema.json 's/Bytes in a page/Bits in a page/' 'a field that is described otherwise'
holds 'events in the schema' schema_events
notices schema_events docs/events.schema.json 's/"const": "retry"/"const": "again"/' 'an event that is called otherwise'
holds 'events in the manual' manual_events
notices manual_events $manual '/^\.It Ql retry/d' 'an event that is missing'
holds 'reasons of a loss in the manual' losses
notices losses $manual '/^\.It Ql orphaned/d' 'a reason that is missing'
holds 'what of a VM was watched' watched
notices watched $diagnosis '/^\| `gap`/d' 'a state that is missing'
holds 'formats in the manual' formats
notices formats $manual '/^\.Cm json ,$/d' 'a format that is missing'
holds 'options in the manual' manual_has_options
notices manual_has_options $manual '/^\.It Fl -strict/d' 'an option that is missing'
notices manual_has_options $manual 's/^\.It Fl -force$/.It Fl -force Ar file/' 'an argument that is none'
notices manual_has_options $manual 's/^\.It Fl p , -pid/.It Fl P , -pid/' 'another letter'
holds 'exit statuses' statuses
notices statuses $manual 's/^\.It 5$/.It 4/' 'another status in the manual'
holds 'machines' machines
notices machines $guide '/^\| `p11-v2`/d' 'a machine that is missing'
notices machines $guide '/^\| `p11-v2`/s/0x7/0x6/' 'another bitmap'
holds 'kernels' kernels
notices kernels $guide 's/`debian-6.12`/`debian-6.1`/' 'another kernel'
holds 'kernels that are built' series
holds 'targets of make' targets
notices targets CONTRIBUTING.md 's/make check-mutants/make check-mutant/' 'a target that is not there'
holds 'paths and links' paths
notices paths README.md 's/docs\/guests.md\)/docs\/guest.md)/' 'a dead link'
notices paths CONTRIBUTING.md 's,src/kvm/compatcaps.h`,src/kvm/compatcap.h`,' 'a file that is not there'
holds 'messages in the troubleshooting guide' messages
notices messages docs/troubleshooting.md 's/can crash this kernel`/can crash a kernel`/' 'a message that is not there'
holds 'options of tests/vm/run' runner_options
notices runner_options $guide 's/--icount`/--icnt`/' 'an option that is not there'
echo "1..$n"
exit $failed
