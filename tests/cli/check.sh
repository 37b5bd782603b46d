#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# compatcaps-trace check, under ASan and UBSan: on recordings from every kind of kernel and host, and on
# such as lack a part; its exit status; what it says of mistakes; and each of its outputs, read by who is to
# read it. TAP.
#
# Checks are called by name.
# shellcheck disable=SC2317
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
trace=${O:-build}/host/unit/compatcaps-trace
# shellcheck source=tests/tap.bash
. tests/tap.bash
work=$tmp
good=tests/data/debian-7.3-p10-as-p9-v2.jsonl
old=tests/data/debian-6.12-p11-as-p10-v2.jsonl

check() { "$trace" check "$@"; }

# exits STATUS WORDS ARG...: how check ends, and what it says on stderr
exits() {
	local want=$1 words=$2 got
	shift 2
	check "$@" >"$work/out" 2>"$work/err"
	got=$?
	cat "$work/err"
	[[ $got -eq $want ]] || { echo "exit status $got, not $want"; cat "$work/out"; return 1; }
	[[ -n $words || ! -s $work/err ]] || { echo "it says something"; return 1; }
	[[ -z $words ]] || grep -qF -e "$words" "$work/err" || { echo "it does not say: $words"; return 1; }
}

# verdict VERDICT RULE RECORDING [WORDS]: of found or why
verdict() {
	local got
	check --json -f "$2" "$3" >"$work/out" 2>"$work/err"
	got=$(jq -r '.recordings[0].results[0] | .verdict, .found, .why' "$work/out" | paste -sd' ')
	[[ $got == "$1 "*"${4:-}"* ]] && return
	echo "$2 on $3: $got; should be $1 ${4:-}"
	cat "$work/err"
	return 1
}

# ---------------------------------------------------------------- verdicts

# VERDICT|RULE: the examples of the manual, on a real recording
examples() {
	local bad=0 want rule
	while IFS='|' read -r want rule; do
		verdict "$want" "$rule" "$good" || bad=1
	done <<-'END'
	ok|lost=0
	broken|failures{cause=newer-than-host}=0
	ok|failures{cause=newer-than-host}=1
	ok|negotiations{guest=careful}>=1
	broken|negotiations{guest=db1}>=1
	broken|modes{source=negotiation}=POWER9+POWER10
	ok|modes{source=negotiation}=POWER9
	ok|modes{source=nested-capabilities}=POWER9
	ok|latency.p99<5s
	broken|latency.p99<1us
	ok|guest=careful:mode=POWER9
	broken|guest=careful:mode=POWER10
	broken|guest=hasty:mode=POWER11
	ok|retries{outcome=failed}=0
	ok|sizes{guest=newer}=24+48
	ok|story{guest=newer}="query:struct-too-new query:ok query:ok-larger-struct"
	broken|story{guest=newer}="query:ok"
	ok|host.page_size=4096
	ok|negotiation.backend.watched=true
	END
	return "$bad"
}

# Whatever the kernel, a good recording decides these.
on_all() {
	local bad=0 file
	for file in tests/data/*.jsonl; do
		verdict ok lost=0 "$file" || bad=1
		verdict ok 'guests>=careful+newer+hasty+silent' "$file" || bad=1
		verdict ok 'asks{guest=hasty}=1' "$file" || bad=1
		verdict broken 'negotiations{guest=newer}<=1' "$file" || bad=1
		verdict broken 'negotiations{guest=nobody}>=1' "$file" || bad=1
	done
	return "$bad"
}

# What each host offers, as its name and the kernel's tell.
offers() {
	verdict ok 'modes=POWER9+POWER10' tests/data/debian-7.3-p10-v1.jsonl &&
		verdict ok 'modes=POWER9+POWER10' tests/data/debian-7.3-p11-as-p10-v2.jsonl &&
		verdict ok 'modes=POWER9+POWER10+POWER11' tests/data/debian-7.3-64k-p11-v2.jsonl &&
		verdict ok 'modes=POWER9' tests/data/patched-6.12-p9-v1.jsonl &&
		verdict broken 'modes=POWER9' tests/data/patched-7.2-p10-v1.jsonl &&
		verdict broken 'modes=POWER9' "$old" 'no such event was seen' &&
		verdict ok 'host.page_size=65536' tests/data/debian-7.3-64k-p11-v2.jsonl &&
		verdict ok 'causes{type=negotiation}=no-kernel-support' "$old"
}

# ---------------------------------------------------------------- recordings that lack something

cut_off() {
	grep -v '"type":"end"' "$good" >"$work/cut.jsonl"
	verdict inconclusive lost=0 "$work/cut.jsonl" 'cut off' &&
		verdict inconclusive 'retries{outcome=failed}=0' "$work/cut.jsonl" 'cut off' &&
		verdict inconclusive 'guest=careful:mode=POWER9' "$work/cut.jsonl" 'cut off' &&
		verdict broken 'failures{cause=newer-than-host}=0' "$work/cut.jsonl" &&
		verdict ok 'negotiations>=3' "$work/cut.jsonl" &&
		exits 5 'is cut off' -f lost=0 "$work/cut.jsonl"
}

# A line that is missing may have been any event.
missing_line() {
	sed '/"guest":"careful".*"type":"arch-compat"\|"type":"arch-compat".*"guest":"careful"/d' "$good" >"$work/gap.jsonl"
	! cmp -s "$good" "$work/gap.jsonl" || { echo "nothing was taken out"; return 1; }
	verdict broken lost=0 "$work/gap.jsonl" &&
		verdict inconclusive 'guest=careful:mode=POWER9' "$work/gap.jsonl" 'cannot be read' &&
		verdict inconclusive 'failures<=9' "$work/gap.jsonl" 'cannot be read' &&
		verdict broken 'failures{cause=newer-than-host}=0' "$work/gap.jsonl" &&
		exits 3 'events are missing' -f 'negotiations>=1' "$work/gap.jsonl"
}

# Lines are missing before it: jq finds it by the number that is printed.
numbers() {
	local seq
	sed '3,5d' "$good" >"$work/early.jsonl"
	verdict broken 'failures{cause=newer-than-host}=0' "$work/early.jsonl" || return
	seq=$(jq '.recordings[0].results[0].events[0].seq' "$work/out")
	jq -e -s --argjson seq "$seq" 'any(.[]; .seq == $seq and .cause == "newer-than-host")' "$work/early.jsonl" || { echo "it is not seq $seq"; return 1; }
	"$trace" report -q "$work/early.jsonl" >"$work/report"
	cat "$work/report"
	grep -q "^First .* event $seq at" "$work/report" &&
		grep -qF '3 lines of the recording are missing or could not be read.' "$work/report"
}

bad_line() {
	sed '12s/.*/{"type":"negotiation"}/' "$good" >"$work/bad.jsonl"
	verdict inconclusive 'retries{outcome=failed}=0' "$work/bad.jsonl" 'cannot be read' &&
		exits 3 'line 12 cannot be read' -f lost=0 "$work/bad.jsonl"
}

# with_loss BY: the queries of a VM with a name are taken out, renumbered, so that nothing else is missing; at
# the end it is told that they were lost.
with_loss() {
	jq -c -s --argjson by "$1" --arg id "$vm" '
		map(if .type == "vm" and .evidence.vm == $id and .event == "created" then .evidence.name_option = "guest=loser" else . end) |
		map(select(.type != "retry" and (.type != "negotiation" or .evidence.vm != $id))) |
		(.[-1] | {ts, mono_ns, pid, tid, comm, thread, cgroup, vm, vm_name, guest, type: "lost", n: 3, reason: "vm-budget", by: $by}) as $lost |
		.[:-1] + [$lost, .[-1]] | to_entries[] | .value + {seq: (.key + 1)}' "$good" >"$work/lost.jsonl"
}

lost_events() {
	with_loss '[]'
	verdict broken lost=0 "$work/lost.jsonl" &&
		verdict inconclusive 'guest=careful:mode=POWER9' "$work/lost.jsonl" '3 events were lost' &&
		verdict inconclusive 'retries{outcome=failed}=0' "$work/lost.jsonl" vm-budget &&
		verdict broken 'failures{cause=newer-than-host}=0' "$work/lost.jsonl" || return
	# Of whom the kernel counted them, and how they ended.
	with_loss "[{\"type\":\"negotiation\",\"cmd\":\"0x2000aeb8\",\"errno\":null,\"ret\":0,\"n\":3,\"evidence\":{\"vm\":\"$vm\",\"vm_ino\":$ino}}]"
	verdict ok 'guest=careful:mode=POWER9' "$work/lost.jsonl" &&
		verdict ok 'negotiations{guest=careful}=1' "$work/lost.jsonl" &&
		verdict ok 'sizes{guest=newer}=24+48' "$work/lost.jsonl" &&
		verdict inconclusive 'negotiations{guest=loser}=3' "$work/lost.jsonl" '0 to 3' &&
		verdict broken 'negotiations{guest=loser}=4' "$work/lost.jsonl" &&
		verdict ok 'negotiations{ret=0}=6' "$work/lost.jsonl" &&
		verdict ok 'failures{cause=size-too-small}=0' "$work/lost.jsonl" &&
		verdict inconclusive 'modes=POWER9' "$work/lost.jsonl" &&
		verdict inconclusive 'retries{guest=loser}=0' "$work/lost.jsonl" &&
		verdict ok 'retries{guest=newer}=1' "$work/lost.jsonl" || return
	# The last line is of the table above it, and tells apart what that has not.
	"$trace" replay "$work/lost.jsonl" >"$work/out" 2>"$work/err"
	cat "$work/err"
	grep -qx "compatcaps-trace: $(grep -c '"type":"negotiation","seq"' "$work/lost.jsonl") queries (.*; 3 lost (3 queries)" "$work/err"
}

# What a tracepoint missed while its program was running may have been anybody's.
missed_by_a_tracepoint() {
	local file=tests/data/stories/13-recursion.jsonl
	verdict inconclusive runs=0 "$file" '0 to 900' && verdict ok failures=0 "$file" && verdict broken lost=0 "$file"
}

filtered() {
	sed '1s/"outcomes":false/"outcomes":true/; 1s/"options":"[^"]*"/"options":"--errors-only"/' "$good" >"$work/filtered.jsonl"
	! cmp -s "$good" "$work/filtered.jsonl" || return
	verdict inconclusive failures=9 "$work/filtered.jsonl" --errors-only &&
		verdict inconclusive 'mode{guest=careful}=POWER9' "$work/filtered.jsonl" 'outcomes' &&
		verdict broken 'failures=0' "$work/filtered.jsonl" && verdict ok lost=0 "$work/filtered.jsonl"
}

absent() {
	sed '/"type":"attach".*kvmppc_set_one_reg/s/"how":"[a-z]*","why":null/"how":"absent","why":"it is not there"/' "$good" >"$work/absent.jsonl"
	! cmp -s "$good" "$work/absent.jsonl" || return
	verdict inconclusive 'mode{guest=careful}=POWER9' "$work/absent.jsonl" 'it is not there' &&
		verdict inconclusive 'failures{cause=newer-than-host}=1' "$work/absent.jsonl" 'kvmppc_set_one_reg' &&
		verdict broken 'failures{cause=newer-than-host}=0' "$work/absent.jsonl" &&
		verdict ok 'modes=POWER9' "$work/absent.jsonl"
}

older() {
	# Its first call tells the guest's name then.
	sed '/"type":"vm".*"guest":"careful".*"created"/d' "$good" |
		jq -c -s 'to_entries[] | .value + {seq: (.key + 1)} |
			if .guest == "careful" and .type == "negotiation" then .evidence.name_option = "guest=careful" else . end' >"$work/older.jsonl"
	verdict inconclusive 'negotiations{guest=careful}=1' "$work/older.jsonl" 'was not watched for its whole life' &&
		verdict ok 'negotiations{guest=careful}>=1' "$work/older.jsonl" &&
		verdict inconclusive 'failures{guest=careful}=0' "$work/older.jsonl" 'VM ' &&
		verdict ok 'negotiations{guest=newer}=3' "$work/older.jsonl" && verdict ok 'asks{guest=hasty}=1' "$work/older.jsonl"
}

# In schema 1 a VM's end can be told before its calls: it is one VM, with two stories.
ended_before_its_calls() {
	local file=tests/data/stories/07-ended-before-its-calls.jsonl
	verdict ok vms=1 "$file" '1 null' && verdict broken vms=2 "$file" '1 null'
}

# 3000 VMs, one after the other.
huge() {
	python3 - "$good" >"$work/huge.jsonl" <<-'END'
	import json, sys
	lines = [json.loads(line) for line in open(sys.argv[1])]
	# Its birth has no guest's name yet.
	newer = next(e["vm"] for e in lines if e["guest"] == "newer")
	events = [e for e in lines if e["vm"] == newer and e["type"] != "retry"]
	seq = 0
	def put(event):
	    global seq
	    seq += 1
	    print(json.dumps(event | {"seq": seq}, separators=(",", ":")))
	for event in lines:
	    if event["type"] in ("trace", "attach"):
	        put(event)
	for vm in range(3000):
	    for event in events:
	        if "evidence" in event:
	            event["evidence"] |= {"vm": f"0x{10000 + vm:016x}", "vm_ino": 10000 + vm}
	        put(event | {"mono_ns": event["mono_ns"] + vm * 10**9})
	put(lines[-1])
	END
	verdict ok 'negotiations=9000' "$work/huge.jsonl" && verdict ok 'retries{outcome=recovered}=3000' "$work/huge.jsonl" &&
		verdict ok 'vms{guest=newer}=3000' "$work/huge.jsonl" && verdict ok 'guests=newer' "$work/huge.jsonl" &&
		verdict ok 'story="query:struct-too-new query:ok query:ok-larger-struct"' "$work/huge.jsonl" &&
		verdict broken 'failures=0' "$work/huge.jsonl" 3000 || return
	[[ $(jq '.recordings[0].results[0].events | length' "$work/out") -eq 8 ]]
}

# ---------------------------------------------------------------- status and mistakes

statuses() {
	exits 0 '' -f lost=0 "$good" && exits 1 '' -f lost=1 "$good" && exits 5 '' -f 'latency{guest=hasty}.p99<1s' "$good" &&
		exits 77 '' --inconclusive=77 -f 'latency{guest=hasty}.p99<1s' "$good" &&
		exits 1 '' -f lost=1 -f 'latency{guest=hasty}.p99<1s' "$good" &&
		exits 1 '' -f lost=0 -f 'modes=POWER9' "$good" tests/data/debian-7.3-p10-v1.jsonl &&
		exits 3 'not a recording' -f lost=1 "$good" Makefile && exits 3 'cannot read' -f lost=0 /nonexistent &&
		exits 0 '' -f lost=0 - <"$good"
}

mistakes() {
	exits 2 'no rule: use' "$good" && exits 2 'expected RECORDING...' -f lost=0 &&
		exits 2 'byte 1: lsot is neither a measure nor a field: did you mean lost?' -f lsot=0 "$good" &&
		exits 2 'byte 17: "cuase-x" is not a known cause' -f 'failures{ cause=cuase-x}=0' "$good" &&
		exits 3 'cannot read /nonexistent' -F /nonexistent "$good" &&
		exits 2 'must be one of text, ktap, tap, junit, json, lava' --format=xml -f lost=0 "$good" &&
		exits 3 'already exists' -o "$good" -f lost=0 "$good" || return
	printf 'lost=0\n\nfailures{cause=okay}=0 # so\nlatency<5ms\n' >"$work/rules"
	exits 2 "$work/rules:3:16: \"okay\" is not a known cause: did you mean ok?" -F "$work/rules" "$good" &&
		grep -qF "$work/rules:4:9: expected a statistic: latency.p99" "$work/err" && [[ ! -s $work/out ]] || return
	for _ in {1..30}; do echo nonsense; done >"$work/rules"
	exits 2 '10 more rules are wrong' -F "$work/rules" "$good" || return
	echo '# nothing' >"$work/rules"
	exits 2 'the files hold no rule' -F "$work/rules" "$good"
}

files() {
	printf '# A file.\nlost=0\nguest=careful:mode=POWER9 # as asked for\n\nlost = 0\n' >"$work/rules"
	exits 0 '' -F "$work/rules" -f lost=0 "$good" && [[ $(grep -c '^ok ' "$work/out") -eq 2 ]] || return
	check --json -F "$work/rules" "$good" | jq -e --arg file "$work/rules" \
		'.recordings[0].results[1] | .file == $file and .line == 3 and .rule == "mode{guest=careful}=POWER9"' >/dev/null
}

# A file that cannot be written is no result.
full_disk() {
	[[ -w /dev/full ]] || return 0
	exits 3 'No space left' -f lost=0 -o /dev/full "$good"
}

# ---------------------------------------------------------------- baselines

baselines() {
	local base=$work/base file
	exits 0 '' --write-baseline "$base" "$good" && head -n 1 "$base" | grep -qx '# compatcaps-trace baseline 1' || return
	# It is what it was made from, and no other host.
	exits 0 '' --baseline "$base" "$good" && exits 0 '' -F "$base" "$good" && exits 1 '' --baseline "$base" "$old" || return
	exits 3 'already exists' --write-baseline "$base" "$good" && exits 0 '' --force --write-baseline "$base" "$good" || return
	exits 2 'expected a baseline, which begins with the line' --baseline <(echo lost=0) "$good" &&
		exits 2 'cannot be combined with rules' --write-baseline "$base" -f lost=0 "$good" &&
		exits 2 'takes one recording' --write-baseline "$base" "$good" "$old" || return
	rm "$base"
	# Of less than all no baseline is made.
	for file in cut lost filtered; do
		exits 5 'gives no baseline' --write-baseline "$base" "$work/$file.jsonl" && [[ ! -e $base ]] || return
	done
	exits 3 '' --write-baseline "$base" "$work/bad.jsonl" || [[ ! -e $base ]]
}

own_baselines() {
	local bad=0 file
	for file in tests/data/*.jsonl; do
		rm -f "$work/base"
		exits 0 '' --write-baseline "$work/base" "$file" && ! grep '^# No rule.*obey' "$work/base" &&
			exits 0 '' --baseline "$work/base" "$file" || bad=1
	done
	[[ $bad -eq 0 ]] && tests/cli/own_baselines.py "$trace" "$work" tests/data/debian-7.3-p1*-v2.jsonl tests/data/stories/*.jsonl
}

# ---------------------------------------------------------------- outputs

# One of each verdict, text that has to be escaped, and names that are alike.
rules=(-f lost=0 -f 'failures=0' -f 'latency{guest=hasty}.p99<1s' -f 'negotiations{guest="a <&\x22\x23 - b"}=0'
	-f 'negotiations{guest="a <&\x22\x23 + b"}=0' -f 'story{guest=newer}="query:struct-too-new query:ok query:ok-larger-struct"'
	-f 'causes<=ok+accepted' -f 'guests="a b"' -f 'guests="a_b"' -f 'modes=POWER9|POWER9+POWER10' -f 'vms>=1')
mkdir -p "$work/a" "$work/b"
cp "$good" "$work/a/x.jsonl"
cp "$good" "$work/b/x.jsonl"
several=("$good" "$old" "$work/a/x.jsonl" "$work/b/x.jsonl")

words_of() { check --json "${rules[@]}" "$@" | jq -r '.recordings[].results[] | .verdict'; }

columns() {
	check "${rules[@]}" "${several[@]}" >"$work/out"
	awk 'length > 80 && !/^\//' "$work/out" | grep . && return 1
	grep -q $'\033' "$work/out" && return 1
	check --color=always "${rules[@]}" "$good" >"$work/color"
	# A color ends with its line.
	sed 's/\x1b\[[0-9;]*m//g' "$work/color" | diff - <(check "${rules[@]}" "$good") && grep -q $'^\033\[31mBROKEN\033\[0m ' "$work/color" &&
		grep -q '^INCONCLUSIVE  latency{guest=hasty}' "$work/out" && grep -q '^ok            lost=0$' "$work/out" &&
		grep -qE '^              seq [0-9]+  [0-9:.]{12}  VM 2 newer:' "$work/out" &&
		[[ $(tail -n 1 "$work/out") == "$(words_of "${several[@]}" | grep -cx ok) ok, "* ]]
}

json() {
	check --json "${rules[@]}" "${several[@]}" >"$work/out"
	python3 - docs/check.schema.json "$work/out" <<-'END'
	import copy, json, sys
	from jsonschema import Draft202012Validator
	schema, doc = (json.load(open(path)) for path in sys.argv[1:])
	Draft202012Validator.check_schema(schema)
	Draft202012Validator(schema).validate(doc)
	def close(s):
	    for child in s.values() if isinstance(s, dict) else s if isinstance(s, list) else []:
	        close(child)
	    if isinstance(s, dict) and "properties" in s and s.get("type") == "object":
	        s["unevaluatedProperties"] = False
	strict = copy.deepcopy(schema)
	close({k: v for k, v in strict.items() if k != "$defs"})
	for name, child in strict["$defs"].items():
	    if name != "counts":
	        close(child)
	strict["unevaluatedProperties"] = False
	Draft202012Validator(strict).validate(doc)
	assert doc["ok"] == sum(r["ok"] for r in doc["recordings"])
	# And it can refuse.
	for spoil in (lambda d: d.pop("recordings"), lambda d: d["recordings"][0]["results"][0].update(verdict="pass"),
	              lambda d: d["recordings"][0]["results"][0].update(why="x")):
	    bad = copy.deepcopy(doc)
	    spoil(bad)
	    assert not Draft202012Validator(schema).is_valid(bad), "the schema takes anything"
	END
}

# The kernel's own reader of KTAP, out of the kernel that kernel-patches has unpacked.
kunit() { bash -c 'here=kernel-patches; . kernel-patches/lib.sh; printf "%s\n" "$sources"/*/linux/tools/testing/kunit' | tail -n 1; }

# Prints the status and the name of each test that has none within it.
kunit_parse() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$1 python3 - "$2" <<-'END'
	import io, sys
	from kunit_parser import parse_run_tests
	from kunit_printer import Printer
	said = io.StringIO()
	test = parse_run_tests(open(sys.argv[1]).read().splitlines(), Printer(output=said))
	def leaves(t):
	    if not t.subtests:
	        print(t.status.name, t.name)
	    for sub in t.subtests:
	        leaves(sub)
	leaves(test)
	if test.counts.errors or "[ERROR]" in said.getvalue():
	    print(said.getvalue(), file=sys.stderr)
	    sys.exit(1)
	END
}

ktap() {
	local files=$1
	shift
	check --format=ktap "${rules[@]}" "$@" >"$work/ktap"
	kunit_parse "$files" "$work/ktap" >"$work/parsed" || return
	diff <(awk '{ print $1 }' "$work/parsed") <(words_of "$@" | sed 's/^ok/SUCCESS/; s/^broken/FAILURE/; s/^inconclusive/FAILURE/') &&
		diff <(cut -d' ' -f 2- "$work/parsed") <(check --json "${rules[@]}" "$@" | jq -r '.recordings[].results[] | .rule') &&
		grep -qE '^ *# inconclusive: there is nothing to measure$' "$work/ktap" && ! grep -q SKIP "$work/ktap"
}

# What the reader would take for a test that crashed must not look like one that ran.
ktap_notices() {
	check --format=ktap "${rules[@]}" "$good" | sed '$d' >"$work/ktap"
	! kunit_parse "$1" "$work/ktap" >/dev/null 2>&1
}

tap() {
	check --format=tap "${rules[@]}" "${several[@]}" >"$work/tap"
	[[ $(head -n 1 "$work/tap") == 'TAP version 13' ]] || return
	awk '/^1\.\./ { plan = substr($0, 4) }
	     /^(not )?ok / { n++; k = $1 == "ok" ? $2 : $3; if (k != n) bad = 1 }
	     !/^(TAP version 13|1\.\.[0-9]+|(not )?ok [0-9]+ - .+|# .*)$/ { print; bad = 1 }
	     END { exit bad || n != plan }' "$work/tap" &&
		diff <(grep -oE '^(not )?ok' "$work/tap") <(words_of "${several[@]}" | sed 's/^broken/not ok/; s/^inconclusive/not ok/')
}

lava() {
	check --format=lava "${rules[@]}" "$@" >"$work/lava"
	! grep -vE '^lava-test-case [A-Za-z0-9._-]{1,160} --result (pass|fail|unknown)$' "$work/lava" || return
	[[ -z $(awk '{ print $2 }' "$work/lava" | sort | uniq -d) ]] || { echo "two of one name"; return 1; }
	diff <(awk '{ print $4 }' "$work/lava") <(words_of "$@" | sed 's/^ok/pass/; s/^broken/fail/; s/^inconclusive/unknown/')
}

# A name is made of its rule alone, whichever others are beside it.
lava_stable() {
	diff <(check --format=lava -f 'guests="a b"' "$good") <(check --format=lava "${rules[@]}" "$good" | grep 'guests_eq_a_b-' | head -n 1)
}

# valid: takes what the schema takes. Counts and texts are beyond a schema.
junit() {
	check --format=junit "${rules[@]}" "$@" >"$work/junit.xml"
	xmllint --noout --schema tests/cli/junit.xsd "$work/junit.xml" || return
	python3 - "$work/junit.xml" <(check --json "${rules[@]}" "$@") <<-'END'
	import json, sys
	import xml.etree.ElementTree as ET
	root, doc = ET.parse(sys.argv[1]).getroot(), json.load(open(sys.argv[2]))
	for suite, recording in zip(root, doc["recordings"], strict=True):
	    assert [int(suite.get(k)) for k in ("failures", "errors")] == [recording["broken"], recording["inconclusive"]]
	    assert int(suite.get("tests")) == len(suite)
	    for case, result in zip(suite, recording["results"], strict=True):
	        assert case.get("name") == result["rule"], case.get("name")
	        trouble = {"ok": [], "broken": ["failure"], "inconclusive": ["error"]}[result["verdict"]]
	        assert [child.tag for child in case] == trouble, result
	        for child in case:
	            assert result["found"] in child.get("message") and result["found"] in child.text
	            for event in result["events"]:
	                assert f"seq {event['seq']}," in child.text and event["what"] in child.text
	            causes = [event["cause"] for event in result["events"] if event["cause"]]
	            if child.tag == "failure":
	                assert child.get("type") == (causes or ["broken"])[0]
	assert int(root.get("tests")) == sum(len(suite) for suite in root)
	END
}

# What the schema has to refuse: two of one name, two troubles, a trouble without a type.
schema_refuses() {
	local n=0 expression
	check --format=junit -f lost=1 -f failures=0 "$good" >"$work/junit.xml"
	for expression in 's/name="failures=0"/name="lost=1"/' 's,</failure>,</failure><failure type="x" message="y"/>,' \
		's/ type="[^"]*"//' 's/ classname="[^"]*"//' 's/<failure/<skipped/; s/<.failure/<\/skipped/' 's/tests="2"//'; do
		sed "$expression" "$work/junit.xml" >"$work/spoiled.xml"
		! cmp -s "$work/junit.xml" "$work/spoiled.xml" || { echo "$expression changes nothing"; return 1; }
		! xmllint --noout --schema tests/cli/junit.xsd "$work/spoiled.xml" 2>/dev/null || { echo "it takes $expression"; return 1; }
		n=$((n + 1))
	done
	[[ $n -eq 6 ]]
}

# Whatever is read, a result or a sentence comes of it.
survives() {
	local size at
	size=$(stat -c %s "$good")
	for ((at = 1; at < size; at += size / 25)); do
		head -c "$at" "$good" >"$work/torn"
		check "${rules[@]}" "$work/torn" >"$work/out" 2>"$work/err"
		case $? in
		1 | 3 | 5) ;;
		*) echo "status $? at byte $at"; cat "$work/err"; return 1 ;;
		esac
	done
}

# ---------------------------------------------------------------- the manual

manual=docs/compatcaps-trace-check.1

# The table of measures, as the code and as the manual has it.
measures() {
	diff <(sed -n 's/^\t{ "\([a-z-]*\)", RULE_.*/\1/p' src/check/rules_check.c | sort) \
		<(sed -n '/^\.Ss Measures/,/^\.Ss Operators/s/^\.It Cm //p' "$1" | sort)
}

# What is documented is what --help has, with and without an argument.
manual_options() {
	diff <(ARGP_HELP_FMT=dup-args,no-dup-args-note check --help | grep -oE '^ +(-.,| )  ?--.[a-z-]+(=[A-Z]+)?|--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u) \
		<(grep -oE '^\.It Fl .*' "$1" | tr -d '\\&' | grep -oE ' -[a-z][a-z-]+' | sed 's/^ /-/' | sort -u)
}

# Signs that a page escapes, so that none becomes a typographic one.
unescape() { sed "s/\\\\(aq/'/g; "'s/\\-/-/g; s/\\(ti/~/g; s/\\(ha/^/g; s/\\e/\\/g'; }

# The rules of its examples are rules, and what it shows is what comes.
manual_examples() {
	sed -n '/^Rules for a host/,/^\.Ed/p' "$1" | sed '1,2d; $d' | unescape >"$work/rules"
	[[ $(grep -c '^[a-z]' "$work/rules") -ge 10 ]] || return
	exits 1 '' -F "$work/rules" "$good" || return
	sed -n '/^BROKEN/,/^\.Ed/p' "$1" | sed '$d' | unescape >"$work/shown"
	check -f 'failures{cause=newer-than-host}=0' -f 'guest=hasty:mode=POWER11' "$good" >"$work/out"
	diff <(sed -E 's/seq [0-9]+  [0-9:.]+/seq/' "$work/shown") <(sed -E 's/seq [0-9]+  [0-9:.]+/seq/' "$work/out")
}

# notices COMMAND SED: with this change in the manual, the check fails.
notices() {
	sed "$2" "$manual" >"$work/manual"
	! cmp -s "$manual" "$work/manual" || { echo "$2 changes nothing"; return 1; }
	! "$1" "$work/manual"
}

read -r vm ino < <(jq -r 'select(.type == "negotiation" and .guest == "broken") | "\(.evidence.vm) \(.evidence.vm_ino)"' "$good" | head -n 1)
holds 'the rules of the manual on a recording' examples
holds 'rules that each kernel and host decides' on_all
holds 'what each host offers' offers
holds 'a recording that is cut off' cut_off
holds 'a line that is missing' missing_line
holds 'events have the numbers of their lines' numbers
holds 'a line that cannot be read' bad_line
holds 'events that were lost' lost_events
holds 'what a tracepoint missed' missed_by_a_tracepoint
holds 'a recording of some outcomes' filtered
holds 'a function that was not watched' absent
holds 'a VM that is older than the trace' older
holds 'a VM whose end is told before its calls' ended_before_its_calls
holds '3000 VMs' huge
holds 'exit status' statuses
holds 'mistakes, and what to do' mistakes
holds 'a file of rules' files
holds 'a full disk' full_disk
holds 'baselines' baselines
holds 'each recording is as its own baseline says' own_baselines
holds 'text, 80 columns and colors' columns
holds 'JSON, as its schema says' json
holds 'TAP' tap
holds 'LAVA, one recording' lava "$good"
holds 'LAVA, several' lava "${several[@]}"
holds "LAVA's names stay the same" lava_stable
holds 'JUnit, one recording' junit "$good"
holds 'JUnit, several' junit "${several[@]}"
holds "JUnit's schema refuses what readers would lose" schema_refuses
holds 'recordings that end anywhere' survives
holds "the manual's measures" measures "$manual"
holds 'a measure that is missing is noticed' notices measures '/^\.It Cm runs/d'
holds "the manual's options" manual_options "$manual"
holds 'an option that is missing is noticed' notices manual_options '/^\.It Fl -color/d'
holds "the manual's examples" manual_examples "$manual"
holds 'a rule in them that is none is noticed' notices manual_examples 's/^runs=0/rnus=0/'
kunit=$(kunit)
if [[ -e $kunit/kunit_parser.py ]]; then
	holds "KTAP by the kernel's own reader, one recording" ktap "$kunit" "$good"
	holds "KTAP by the kernel's own reader, several" ktap "$kunit" "${several[@]}"
	holds "the kernel's reader notices a test that is missing" ktap_notices "$kunit"
else
	echo "ok - KTAP by the kernel's own reader # SKIP not tested: no kernel's source is unpacked (make kernel KERNEL=v7.2)"
fi
exit "$failed"
