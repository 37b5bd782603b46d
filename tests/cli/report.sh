#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Reports of recordings from every kind of kernel and host, in each form, under ASan and UBSan: what a form
# promises holds, and what is hostile stays text. TAP.
#
# Checks are called by name:
# shellcheck disable=SC2317
set -uo pipefail

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
cd "$top" || exit 1
trace=${O:-build}/host/unit/compatcaps-trace
# shellcheck source=tests/tap.bash
. tests/tap.bash
work=$tmp

# fails STATUS WORDS COMMAND...: it ends with this status, and says these words
fails() {
	local wanted=$1 words=$2 got
	shift 2
	"$@" >/dev/null 2>"$work/err"
	got=$?
	[[ $got -eq $wanted ]] && grep -qF -- "$words" "$work/err" && return
	echo "status $got and not $wanted, or not \"$words\":"
	cat "$work/err"
	return 1
}

not() { ! "$@"; }

is_text() {
	"$trace" report -q "$1" >"$work/text" || return
	grep -q '^Host ' "$work/text" && grep -q '^VM 1,' "$work/text" &&
		grep -q '^What was not seen$' "$work/text" && ! grep -nE '^.{81}' "$work/text"
}

# Of a page all that can be said without a browser: tests/cli/browser.sh has one.
is_page() {
	xmllint --noout "$1" && tests/cli/page.py "$1"
}

# is_trace NAME RECORDING...
is_trace() {
	local name=$1
	shift
	"$trace" report -q --format=perfetto "$@" >"$work/trace"
	tests/cli/perfetto.py "$@" <"$work/trace" | sed "s/ perfetto: / $name: Perfetto: /"
	[[ ${PIPESTATUS[0]} -eq 0 ]] || failed=1
}

for file in tests/data/*.jsonl; do
	name=$(basename "$file" .jsonl)
	holds "$name: as text, in 80 columns" is_text "$file"
	"$trace" report -q --format=html -o "$work/$name.html" "$file"
	holds "$name: as a page" is_page "$work/$name.html"
	"$trace" replay -q --json "$file" >"$work/$name.now"
	is_trace "$name" "$work/$name.now"
done

# ---------------------------------------------------------------- pages

one=tests/data/debian-7.3-p10-v1.jsonl two=tests/data/patched-7.2-p8-hash.jsonl
page=$work/debian-7.3-p10-v1.html both=$work/both.html

"$trace" report -q --format=html -o "$both" "$one" "$two"
holds "several recordings make one page" is_page "$both"
holds "a page is no recording" fails 3 "is not a recording" "$trace" replay "$page"
holds "what no page has any more" fails 2 "--copy was removed" "$trace" report --format=html --copy=always "$one"
holds "a page that is none of ours is noticed" not is_page tests/browser/broken.html
is_trace "several hosts" "$one" "$two"

# ---------------------------------------------------------------- the verdict

says() { grep -qF -- "$1" <("$trace" report "${@:2}" 2>"$work/err"); }

# What went wrong comes first, and of each VM what it was offered, asked for, got and ran in.
old=tests/data/debian-6.12-p11-as-p10-v2.jsonl
begins_with_verdict() {
	"$trace" report "$old" | tr '\n' ' ' | tr -s ' ' | grep -qF -- \
		'Verdict 2 of 7 VMs went wrong: KVM_RUN failed for guest "unfit"; guest "hasty" got a mode that this host does not offer. Host '
}
has_ladder() {
	grep -qxE '3 +hasty +POWER11 +accepted-above-host +no' <("$trace" report "$old") &&
		grep -qxE '6 +unfit +POWER9 +accepted +failed' <("$trace" report "$old")
}
has_ladder_on_page() {
	"$trace" report -q --format=html "$old" | tr '\n' ' ' |
		grep -qE '>VM 3 hasty</a>.*>POWER11</td>.*<span class="tag bad">accepted-above-host</span>'
}
says_once() {
	[[ $("$trace" report "$old" | grep -c 'TLB LPID invalidation') -eq 1 ]] &&
		grep -qF 'rc=-2 (7 times)' <("$trace" report "$old")
}
holds "a report begins with a verdict" begins_with_verdict
holds "of each VM there is a ladder" has_ladder
holds "and on a page" has_ladder_on_page
holds "a line that KVM printed again and again is told once" says_once
grep -E '"type":"(trace|host|attach|end)"|"guest":"careful"' "$old" >"$work/careful"
holds "that nothing failed is said as what was seen" says "Verdict  1 VM was seen, and was not seen to go wrong." "$work/careful"

# Those that went wrong come first, whatever else failed and recovered.
in_order() {
	"$trace" report -q "$1" | awk '/^VM +GUEST/ { on = 1; next } !NF { on = 0 } on { print $2 }' | paste -sd' ' >"$work/order"
	[[ $(cat "$work/order") == "unfit hasty broken steps newer careful silent" ]] || { cat "$work/order"; return 1; }
}
holds "VMs are in the order of how they ended" in_order tests/data/debian-7.3-p11-as-p10-v2.jsonl

# many N: the VMs of a recording N times
many() {
	python3 - tests/data/debian-7.3-p11-as-p10-v2.jsonl "$1" <<'P'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
seq, of_vms = 0, [e for e in events if e["type"] in ("vm", "negotiation", "arch-compat", "extension-check", "run")]
for event in [e for e in events if e["type"] in ("trace", "attach")] + of_vms * int(sys.argv[2]) + events[-1:]:
    seq, again = seq + 1, seq // len(of_vms)
    event = json.loads(json.dumps(event))
    mine = event.get("evidence") or {}
    if event["type"] not in ("trace", "attach", "end"):
        event["pid"] = event["pid"] and event["pid"] + 1000 * again
        mine["vm"] = mine.get("vm") and f"0x{int(mine['vm'], 16) + 100 * again:016x}"
        mine["vm_ino"] = mine.get("vm_ino") and mine["vm_ino"] + 1000 * again
    print(json.dumps(event | {"seq": seq}))
P
}
many 30 >"$work/crowd"
holds "of more than 100 VMs the ladder says that there are more" says "and 1" "$work/crowd"
"$trace" report -q "$work/crowd" >"$work/out"
holds "how many" test "$(grep -cE '^and [0-9]+ more$' "$work/out")" -eq 1
holds "a guest is named once for all of its VMs" grep -qE 'guest "unfit" \([0-9]+ VMs\)' <(tr '\n' ' ' <"$work/out" | tr -s ' ')
"$trace" report -q --format=html "$work/crowd" >"$work/page"
holds "and on its page" grep -qE '>and [0-9]+ more<' "$work/page"
holds "a title has the host and what went wrong" grep -qE '<title>guest: [0-9]+ of [0-9]+ VMs went wrong - compatcaps-trace</title>' "$work/page"
holds "a card shows failures" grep -q '<div class="bad"><dt>Queries' "$work/page"

"$trace" report -q --format=html tests/data/debian-7.3-p11-as-p10-v2.jsonl "$work/careful" tests/data/debian-6.12-p10-as-p9-v1.jsonl >"$work/page"
holds "many recordings begin with a matrix" grep -q '2 of 3 recordings show something that went wrong' "$work/page"
"$trace" replay -q --json --errors-only tests/data/debian-7.3-p11-as-p10-v2.jsonl >"$work/failures"
"$trace" report -q --format=html "$work/failures" "$work/careful" >"$work/failed-page"
holds "of failures alone the matrix does not tell how many there were in all" \
	grep -qE '>at least [0-9]+ of [0-9]+ VMs? went wrong<' "$work/failed-page"
holds "which leads to each" test "$(grep -cE '<a href="#r[123]">' "$work/page")" -eq 3
holds "and is a page" is_page "$work/page"
"$trace" report -q --only=broken --format=html tests/data/debian-7.3-p11-as-p10-v2.jsonl "$work/careful" >"$work/page"
holds "--only=broken: the others have no section" test "$(grep -cE ' id="r[12]"' "$work/page")" -eq 1
holds "--only=broken: that is said" grep -q '1 recording is without a link' "$work/page"
holds "--only=broken: and is a page" is_page "$work/page"
holds "--only=broken: as text" says "Nothing was seen to go wrong in 1 recording." --only=broken "$work/careful"
"$trace" report -q --only=broken tests/data/debian-7.3-p11-as-p10-v2.jsonl >"$work/out"
holds "--only=broken: of a recording the VMs that went wrong" test "$(grep -c '^VM [0-9]*, ' "$work/out")" -eq 4
holds "--only=whole is refused" fails 2 "must be broken" "$trace" report --only=whole "$one"


# ---------------------------------------------------------------- hostile recordings

# name NAME: a recording whose guests have this name, as JSON spells it
name() { python3 -c '
import json, sys
for line in open(sys.argv[2], encoding="utf-8"):
    event = json.loads(line)
    evidence = event.get("evidence", {})
    if evidence.get("name_option"):
        evidence["name_option"] = "guest=" + sys.argv[1]
    print(json.dumps(event))' "$1" "$one"; }

stays_text() {
	name "$1" >"$work/hostile" && "$trace" report -q --format=html "$work/hostile" >"$work/hostile.html" &&
		is_page "$work/hostile.html" && is_text "$work/hostile"
}
holds "a name of markup stays text" stays_text '<img src=x onerror=alert(1)>&quot;<svg/onload=alert(1)>'
holds "a name that would end an element" stays_text '</p></table><script>alert(1)</script><!--'
holds "a name that would end an attribute" stays_text "\"' x=\"]]>&#34;"
holds "a name of 4096 bytes" stays_text "$(printf 'n%.0s' {1..4096})"
holds "a name without a letter" stays_text '\\x1b[31m\\x00'

head -c 9000 "$one" >"$work/cut"
sed '9s/^./x/' "$one" >"$work/bad"
holds "a recording that is cut off says so" says "The recording is cut off" "$work/cut"
holds "and its page too" says "The recording is cut off" --format=html "$work/cut"
holds "a line that cannot be read is told" says "1 line of the recording is missing or could not be read." "$work/bad"
holds "and makes the status 3" fails 3 "line 9 cannot be read" "$trace" report "$work/bad"
holds "what is no recording" fails 3 "is not a recording" "$trace" report --format=html README.md
holds "what is not there" fails 3 "No such file" "$trace" report --format=html "$work/none"
# The clock was set forward by an hour in the middle of it.
hour=$(head -n 1 "$one" | jq -r '.ts[:13]')
sed "20,\$s/\"ts\":\"$hour/\"ts\":\"$(date -u -d "${hour/T/ }:00 UTC + 1 hour" +%Y-%m-%dT%H)/" "$one" >"$work/clock"
holds "a clock that was set is told" says "Clock    It went forward by 1 h 0 min before event 20" "$work/clock"
holds "and by the page" says "The clock: It went forward by 1 h 0 min before event 20" --format=html "$work/clock"
goes_on() { ! "$trace" report "$work/none" "$one" >"$work/text" 2>"$work/err" && grep -q '^Host ' "$work/text"; }
holds "what is not there hides no other" goes_on

# Two threads of a VM that call at once: their slices would not nest on one track.
overlap() { python3 -c '
import json, sys
added = 0
for line in open(sys.argv[1], encoding="utf-8"):
    event = json.loads(line)
    event["seq"] += added
    print(json.dumps(event))
    if event["type"] == "negotiation" and not added:
        added = 2
        for n in 1, 2:
            event["seq"] += 1
            event["tid"] += 1
            event["mono_ns"] += 10
            event["evidence"]["latency_ns"] += 5
            print(json.dumps(event))' "$1"; }
overlap "$work/debian-7.3-p10-v1.now" >"$work/overlap"
"$trace" replay -q --json "$work/overlap" >"$work/overlap.now"
is_trace "threads that call at once" "$work/overlap.now"
three_tracks() { [[ $(grep -c '"thread_name","args":{"name":"steps\[' "$work/trace") -eq 2 ]]; }
holds "each has a track of its own then" three_tracks

# ---------------------------------------------------------------- outputs

full() { fails 3 "No space left" "$trace" report "--format=$1" -o /dev/full "$one"; }
# Also one who has gone before the first byte.
closed() {
	"$trace" report "--format=$1" "$one" | head -c 10 >/dev/null && [[ ${PIPESTATUS[0]} -eq 0 ]] || return
	{ sleep 0.5; "$trace" report "--format=$1" "$one"; } | : && [[ ${PIPESTATUS[0]} -eq 0 ]]
}
for form in text html perfetto; do
	holds "$form: a full disk is told" full "$form"
	holds "$form: a reader may go away" closed "$form"
	holds "$form: no file is overwritten unasked" fails 3 "already exists" "$trace" report "--format=$form" -o "$page" "$one"
done
exit "$failed"
