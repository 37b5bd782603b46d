#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# compatcaps-trace diff as it is called, under ASan and UBSan: status, files, forms, and what it does
# with recordings that are broken. TAP.
set -uo pipefail

cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
trace=${O:-build}/host/unit/compatcaps-trace
data=tests/data
good=$data/debian-7.3-p10-v1.jsonl
worse=$data/patched-7.2-p10-v1.jsonl
out=$tmp

# What the last run said and printed shows why.
result() { if [[ $1 -eq 0 ]]; then ok "$2"; else not_ok "$2" "$out/err" "$out/out"; fi; }

# run STATUS NAME ARG...: the output is in $out/out, what was said in $out/err.
run() {
	local expected=$1 name=$2 got
	shift 2
	"$trace" diff "$@" >"$out/out" 2>"$out/err" </dev/null
	got=$?
	[[ $got -eq $expected ]] && ! grep -q 'Sanitizer\|runtime error' "$out/err" && return
	not_ok "$name: status $got, not $expected" "$out/err" "$out/out"
	return 1
}

# says NAME FILE PATTERN...: each of these is in it.
says() {
	local name=$1 file=$2 pattern
	shift 2
	for pattern; do
		grep -q -- "$pattern" "$out/$file" && continue
		not_ok "$name: no \"$pattern\"" "$out/err" "$out/out"
		return 1
	done
	ok "$name"
}

# try STATUS NAME PATTERN ARG...
try() {
	local expected=$1 name=$2 pattern=$3
	shift 3
	run "$expected" "$name" "$@" && says "$name" out "$pattern"
}

refuse() {
	local expected=$1 name=$2 pattern=$3
	shift 3
	run "$expected" "$name" "$@" && says "$name" err "$pattern"
}

# lossy FILE: with a loss of nobody knows what before its end.
lossy() {
	local seq
	seq=$(tail -n 1 "$1" | jq .seq)
	sed "\$d" "$1"
	tail -n 1 "$1" | jq -c '.type = "lost" | .n = 1 | .reason = "ring-full" | .by = []'
	tail -n 1 "$1" | sed "s/\"seq\":$seq,/\"seq\":$((seq + 1)),/"
}

# cut_after TYPE FILE: as far as the first event of this type.
cut_after() { sed "/^{\"type\":\"$1\"/q" "$2"; }

# said_then GUEST FROM TO: what a tracer said then of a call of this guest.
said_then() { sed "/\"guest\":\"$1\"/s/\"cause\":\"$2\"/\"cause\":\"$3\"/"; }

statuses() {
	try 0 "what is the same" '^No difference in [0-9]*\.$' "$good" "$good"
	try 0 "what differs, and nobody asked" ' differ: 1 worse' "$good" "$worse"
	try 0 "the same with --exit-code" '^No difference' --exit-code "$good" "$good"
	try 1 "different with --exit-code" ' differ: ' --exit-code "$good" "$worse"
	lossy "$good" >"$out/lossy"
	try 1 "a loss is a difference" '^  events lost: 0 -> 1$' --exit-code "$good" "$out/lossy"
	try 5 "a loss on both sides may hide one" 'could not be decided' --exit-code "$out/lossy" "$out/lossy"
	try 125 "the status of what cannot be decided" 'events were lost in OLD' \
		--exit-code --inconclusive=125 "$out/lossy" "$out/lossy"
	cut_after negotiation "$good" >"$out/cut"
	try 5 "a recording that is cut off" 'NEW is cut off' --exit-code "$out/cut" "$out/cut"
	says "that it is cut off is said" err 'is cut off: its end is missing'
}

bad_input() {
	refuse 2 "no file" 'expected OLD NEW'
	refuse 2 "one file" 'expected OLD NEW' "$good"
	refuse 2 "three files" 'is one too many: expected OLD NEW' "$good" "$good" "$good"
	refuse 2 "an unknown form" 'must be one of text, json' --format=nonsense "$good" "$good"
	refuse 2 "standard input twice" 'standard input can be read once' - -
	refuse 2 "what was removed" '--verdicts was removed: compare with diff(1) what replay' --verdicts "$good"
	refuse 3 "no such file" 'cannot read /nonsense' "$good" /nonsense
	refuse 3 "a directory" 'cannot read tests' tests "$good"
	refuse 3 "no recording" 'is not a recording' "$good" COPYING
	printf '{"type":"trace","schema":99,"version":"9"}\n' >"$out/newer"
	refuse 3 "a newer schema" 'take a newer compatcaps-trace' "$out/newer" "$good"
	sed '/^{"type":"negotiation"/s/^.*$/nonsense/' "$good" >"$out/bad"
	refuse 3 "a line that cannot be read" 'line [0-9]* cannot be read' "$good" "$out/bad"
	says "and the rest is compared all the same" out 'events lost: 0 -> [0-9]*$'
	printf '# compatcaps-trace baseline 1\ncauses=nonsense\n' >"$out/rules"
	refuse 3 "a rule that cannot be read" 'rules:2:8: ' "$out/rules" "$good"
	printf '# compatcaps-trace baseline 9\n' >"$out/rules"
	refuse 3 "a baseline of a newer kind" 'expected a baseline, which begins with' "$good" "$out/rules"
	: >"$out/empty"
	refuse 3 "an empty file" 'it is empty' "$out/empty" "$good"
	head -c 100000 /dev/urandom >"$out/noise"
	run 3 "noise" "$out/noise" "$good" && ok "noise is not a recording"
}

# What is left out by diff's own filters is left out of both, and hides nothing.
filters() {
	try 0 "--guest: what matches is compared" '^No difference in [0-9]*\.$' --guest careful "$good" "$worse"
	says "and of which both tell" out '1 VM, nothing lost of what matches --guest careful'
	try 1 "and a difference is one" '^Worse$' --exit-code --guest newer "$good" $data/debian-6.12-p11-as-p10-v2.jsonl
	try 5 "what matches nothing is undecided" 'nothing in OLD or NEW matches --guest nosuch$' --exit-code --guest nosuch "$good" "$worse"
	says "and which guests there are is said" err 'no VM matches --guest nosuch: the guests are '
	try 5 "and so it is as a test" '^not ok 1\|# SKIP' --exit-code --format=tap --guest nosuch "$good" "$worse"
	try 0 "a guest that one side alone has" '^    - careful$' --guest '~careful|hasty' "$good" "$data/stories/01-never-ran.jsonl"
	try 0 "--cause: the rest of a story is left out" 'guest "hasty": story' --cause newer-than-host "$good" "$worse"
	run 0 "a recording with a filter of its own" "$good" <("$trace" replay --json --guest careful "$good" 2>/dev/null) &&
		says "its own filter hides calls" out 'a filter of NEW hides'
}

files() {
	run 0 "-o" -o "$out/new" "$good" "$worse" && [[ ! -s $out/out ]] && cp "$out/new" "$out/out" &&
		says "-o writes a new file" out '^Worse$'
	refuse 3 "-o and a file that is there" 'already exists' -o "$out/new" "$good" "$good"
	run 0 "--force" --force -o "$out/new" "$good" "$good" && cp "$out/new" "$out/out" &&
		says "--force replaces it" out '^No difference'
	refuse 3 "-o where nothing can be written" '/nonsense' -o /nonsense/x "$good" "$good"
	cp "$good" "$out/in"
	"$trace" diff - "$good" <"$out/in" >"$out/out" 2>"$out/err" && grep -q '^No difference' "$out/out"
	result $? "standard input"
	refuse 3 "a full disk" 'space' -o /dev/full --force "$good" "$worse"
	"$trace" diff --json "$good" "$worse" 2>"$out/err" | head -c 1 >/dev/null
	[[ ! -s $out/err ]]
	result $? "a reader who goes away"
}

# Against each recording's own baseline nothing differs, whichever of them is the older one.
baselines() {
	local file rules=$out/baseline
	for file in "$data"/*.jsonl; do
		rm -f "$rules"
		if ! "$trace" check --write-baseline "$rules" "$file" 2>"$out/err"; then
			not_ok "$(basename "$file" .jsonl): its baseline"
			continue
		fi
		run 0 "$(basename "$file" .jsonl)" --exit-code "$rules" "$file" &&
			run 0 "$(basename "$file" .jsonl)" --exit-code "$file" "$rules" &&
			run 0 "$(basename "$file" .jsonl)" --exit-code "$rules" "$rules" &&
			says "$(basename "$file" .jsonl) is as its baseline has it" out '^No difference'
	done
	"$trace" check --write-baseline "$out/7.3" "$good" 2>"$out/err"
	try 1 "a baseline and another kernel" '^  retries that failed: 0 -> 1$' --exit-code "$out/7.3" "$worse"
	says "what a baseline cannot tell is said" out 'a baseline has none'
}

# Who says 80 columns means them all.
forms() {
	local a b wide=0 bad=0 form
	for a in "$data"/*.jsonl; do
		for b in "$data"/*.jsonl; do
			"$trace" diff "$a" "$b" 2>"$out/err" >"$out/out" &&
				awk 'length > 80 { exit 1 }' "$out/out" || wide=$((wide + 1))
			"$trace" diff --json "$a" "$b" 2>"$out/err" |
				jq -e '.results | length == ([.[].name] | length)' >/dev/null || bad=$((bad + 1))
		done
	done
	result "$wide" "80 columns are enough"
	result "$bad" "--json is JSON"
	"$trace" diff --color=always "$good" "$worse" | grep -q $'\e\\[1;31mWorse\e'
	result $? "colour"
	"$trace" diff "$good" "$worse" >"$out/out" && [[ -s $out/out ]] && ! grep -q $'\e' "$out/out"
	result $? "no colour in a pipe"
	run 0 "--json" --json "$good" "$worse" && [[ $(jq -r '.results[0].name' "$out/out") == retries-failed &&
		$(jq '.counts.worse' "$out/out") == 1 && $(jq -r .outcome "$out/out") == changed ]]
	result $? "--json has the worst first"
	for form in ktap tap junit lava; do
		try 0 "as $form" 'retries-failed' --format="$form" "$good" "$worse"
	done
	"$trace" diff --format=junit "$good" "$worse" | xmllint --noout - 2>"$out/err"
	result $? "junit is XML"
	[[ $("$trace" diff --format=tap "$good" "$worse" | grep -c '^not ok') -eq 8 ]]
	result $? "each difference is a test that failed"
}

verdicts() {
	# What a tracer said then that nobody says today.
	said_then careful ok flags-set <"$good" | said_then newer ok flags-set |
		said_then careful accepted rejected >"$out/old"
	"$trace" replay -q --verdicts=recorded "$out/old" >"$out/then" 2>"$out/err"
	"$trace" replay -q "$out/old" 2>"$out/err" | diff "$out/then" - >"$out/out"
	[[ $(grep -c '^< .*flags-set' "$out/out") -eq 2 && $(grep -c '^< .* rejected' "$out/out") -eq 1 ]] &&
		! grep '^>' "$out/out" | grep -q 'flags-set\|rejected'
	result $? "what an older version said, and what this one says, as diff(1) shows it"
}

statuses
bad_input
filters
files
baselines
forms
verdicts
exit "$failed"
