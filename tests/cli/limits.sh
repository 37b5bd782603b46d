#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a recording, a rule or a file may cost: the program as it is shipped, with little memory, a small stack and
# files that never end. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
[[ $(uname -m) == ppc64le ]] && trace=${O:-build}/ppc64le/bin/compatcaps-trace || trace=${O:-build}/host/bin/compatcaps-trace
# shellcheck source=tests/tap.bash
. tests/tap.bash

# within KIB SECONDS COMMAND...: with so much address space and processor time.
within() {
	local memory=$1 seconds=$2
	shift 2
	(
		ulimit -v "$memory"
		ulimit -t "$seconds"
		exec "$@"
	) >"$tmp/out" 2>"$tmp/said"
}

# said STATUS WHAT PATTERN...: the last command's status is the first one, and it said each of these.
said() {
	local is=$? status=$1 what=$2 pattern
	shift 2
	[[ $is -eq $status ]] || { echo "status $is" >>"$tmp/said"; result 1 "$what"; return; }
	for pattern; do
		grep -qE -e "$pattern" "$tmp/out" "$tmp/said" || { result 1 "$what: $pattern"; return; }
	done
	result 0 "$what"
}

# Messages of two letters in any order, which lead to a set of places of their own each.
recording=tests/data/debian-7.3-p11-as-p10-v2.jsonl
python3 - "$recording" 600 244 >"$tmp/letters.jsonl" <<'END'
import json, random, sys
path, n, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(1)
with open(path) as f:
    lines = [json.loads(line) for line in f]
seq = 0
for line in lines:
    again = n if line['type'] == 'kernel' and n else 1
    n = 0 if again > 1 else n
    for _ in range(again):
        seq += 1
        line['seq'] = seq
        if again > 1:
            line['message'] = ''.join(random.choice('ab') for _ in range(length))
            line['evidence']['length'] = length
        print(json.dumps(line, separators=(',', ':')))
END
# As an address space it takes more than twice that, and 30 s, without a bound.
choice=$(printf '(a|b)%.0s' {1..40})
within 160000 60 "$trace" check -q -f "kernel{message~\"(a|b)*a${choice}x\"}=0" "$tmp/letters.jsonl"
said 0 "a pattern whose states are without end" '^ok '
within 160000 60 "$trace" check -q -f "kernel{message~\"a${choice}[ab]\"}>=600" "$tmp/letters.jsonl"
said 0 "and it is found where it is" '^ok '
within 160000 20 "$trace" check -q -f "kernel{message~\"((((((((((a|b)*a${choice:0:50})+)+)+)+)+)+)+)+|c)\"}=0" "$recording"
[[ $? -eq 2 ]] && grep -q 'too much memory: use a simpler one' "$tmp/said"
result $? "a pattern that is too large"

within 200000 20 "$trace" check -F /dev/zero "$recording"
said 2 "a file of rules without an end" '/dev/zero:1:[0-9]+: a rule has at most' '/dev/zero:[0-9]+:1: .*32 MiB'
within 200000 20 "$trace" check --baseline /dev/zero "$recording"
said 2 "a baseline without an end" '/dev/zero:1:1: expected a baseline, which begins with' '32 MiB'
within 200000 20 "$trace" diff /dev/zero "$recording"
said 3 "a recording without an end" 'no recording|not a recording'
yes 'lost=0' | within 200000 20 "$trace" check -F /dev/stdin "$recording"
said 2 "rules without an end" '32 MiB'

# Memory that is too little is not a fault of the line that takes it.
{ head -n 1 "$recording"; printf '{"seq":2,"x":[0%s]}\n' "$(printf ',0%.0s' {1..400000})"; } >"$tmp/large.jsonl"
short=0 wrong=0
for ((memory = 4000; memory < 24000; memory += 1000)); do
	within "$memory" 20 "$trace" replay -q "$tmp/large.jsonl"
	status=$?
	[[ $status -eq 3 ]] || { echo "$memory: status $status" >>"$tmp/wrong"; wrong=1; }
	! grep -q 'out of memory: .* was not read from line 2 on' "$tmp/said" || short=1
	! grep -q 'memory' "$tmp/said" || ! grep -q 'cannot be read' "$tmp/said" || { sed "s/^/$memory: /" "$tmp/said" >>"$tmp/wrong"; wrong=1; }
done
cat "$tmp/said" "$tmp/wrong" >>"$tmp/out" 2>/dev/null
cp "$tmp/out" "$tmp/said"
[[ $short -eq 1 && $wrong -eq 0 ]]
result $? "a line that there is not enough memory for"

for verb in "report --format=html" "report --format=text" "report --format=perfetto" "replay" "replay --json" "check -f lost=0" \
	"check --write-baseline $tmp/baseline --force" "replay --verdicts=recorded" "metrics"; do
	# shellcheck disable=SC2086 # words
	(ulimit -s 64; exec "$trace" $verb "$recording") >"$tmp/out" 2>"$tmp/said"
	status=$?
	[[ $status -le 1 ]]
	result $? "$verb on a stack of 64 KiB: status $status"
done
exit $failed
