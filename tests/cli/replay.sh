#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Recordings from every kind of kernel and host, told again under ASan and UBSan: the stream is
# what it was, and the table, the stories and what was said then can be had of it.
set -uo pipefail

cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
trace=${O:-build}/host/unit/compatcaps-trace
out=$tmp

# Which program wrote it is no part of what is told.
without_version() { sed '1s/"version":"[^"]*",//'; }

replays() {
	local file=$1 name
	name=$(basename "$file" .jsonl)
	if "$trace" replay --json -q "$file" >"$out/json" 2>"$out/err" &&
		diff <(without_version <"$file") <(without_version <"$out/json") >"$out/diff"; then
		ok "$name: replay tells what was told live"
	else
		head -n 4 "$out/err" "$out/diff" | cut -c 1-500 | sed 's/^/# /'
		not_ok "$name: replay tells what was told live"
	fi
	if "$trace" replay -q --summary --verdicts=recorded "$file" >"$out/text" 2>"$out/err" &&
		grep -q '^TIME .* WHAT$' "$out/text" && grep -q 'guest "silent"' "$out/text"; then
		ok "$name: as a table, with the stories and the verdicts of then"
	else
		sed 's/^/# /' "$out/err"
		not_ok "$name: as a table, with the stories and the verdicts of then"
	fi
	if [[ $(awk '/^TIME/, 0' "$out/text" | grep -v '^VM ' | awk 'length > 80' | wc -l) -eq 0 ]]; then
		ok "$name: 80 columns are enough"
	else
		not_ok "$name: 80 columns are enough"
	fi
}

# What an older program wrote: every line is read, and what is told of it anew is a recording again.
reads_older() {
	local file=$1 name
	name=older/$(basename "$file" .jsonl)
	if "$trace" replay --json -q "$file" >"$out/json" 2>"$out/err" && [[ ! -s $out/err ]] &&
		[[ $(grep -vc '^{"type":"story"' "$out/json") -eq $(wc -l <"$file") ]] &&
		grep -q '^{"type":"trace","schema":1,' "$out/json" &&
		"$trace" replay --json -q "$out/json" 2>"$out/err" | cmp -s - "$out/json"; then
		ok "$name: every line is read, and what is written is read again"
	else
		head -n 4 "$out/err" | cut -c 1-500 | sed 's/^/# /'
		not_ok "$name: every line is read, and what is written is read again"
	fi
}

# A file that ends in the middle of each of its lines.
cut_off() {
	local file=$1 size at missed=
	size=$(stat -c %s "$file")
	for ((at = 1; at < size; at += size / 40)); do
		head -c "$at" "$file" >"$out/cut"
		"$trace" replay --json "$out/cut" >"$out/json" 2>"$out/err"
		case $? in
		0 | 3) grep -qE 'cut off|not a recording' "$out/err" || missed+=" $at" ;;
		*) missed+=" $at" ;;
		esac
	done
	if [[ -z $missed ]]; then
		ok "a recording that is cut off is read as far as it goes, and that is said"
	else
		not_ok "a recording that is cut off is read as far as it goes, and that is said: not at$missed"
	fi
}

# names FILE: which number each guest's VM has.
names() { jq -r 'select(.vm and .guest) | "\(.vm) \(.guest)"' "$1" | sort -u; }

# VM 4 is VM 4 to everybody, also to who has a part of the recording alone.
numbers() {
	local file=$1 option part
	for option in --errors-only '--guest=hasty'; do
		"$trace" replay --json "$option" "$file" >"$out/part" 2>"$out/err"
		"$trace" replay --json "$out/part" >"$out/json" 2>"$out/err"
		part=$(names "$out/part")
		if [[ -n $part && $part == $(names "$out/json") && -z $(comm -13 <(names "$file") <(names "$out/json")) ]]; then
			ok "VMs keep their numbers in what $option leaves of a recording"
		else
			not_ok "VMs keep their numbers in what $option leaves of a recording"
		fi
	done
	# A number that no trace reaches, and one that another has.
	sed 's/"vm":3,/"vm":4294967295,/; s/"vm":4,/"vm":2,/' "$file" >"$out/odd"
	"$trace" replay --json "$out/odd" >"$out/json" 2>"$out/err"
	if [[ $(names "$out/json") == $(names "$file") ]]; then
		ok "a number that cannot be is not believed"
	else
		not_ok "a number that cannot be is not believed"
	fi
}

for file in tests/data/*.jsonl; do
	replays "$file"
done
for file in tests/data/older/*.jsonl; do
	reads_older "$file"
done
numbers tests/data/debian-7.3-p11-as-p10-v2.jsonl
cut_off tests/data/debian-7.3-p10-v1.jsonl
exit "$failed"
