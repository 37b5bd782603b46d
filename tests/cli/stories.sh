#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Recordings of which a false sentence was told once (tests/data/stories/README.md): what is true is told, under ASan and
# UBSan, and what was false is not. What is said of a VM does not contradict the story of it as data. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
trace=${O:-build}/host/unit/compatcaps-trace
data=tests/data/stories
# shellcheck source=tests/tap.bash
. tests/tap.bash
work=$tmp

# says FILE SENTENCE, never FILE SENTENCE: in the table with its stories, whose lines are joined.
tell() { "$trace" replay -q --summary "$data/$1.jsonl" 2>&1 | tr '\n' ' ' | tr -s ' ' >"$work/said"; }
says() {
	tell "$1"
	if grep -qF -- "$2" "$work/said"; then ok "$1: $2"; else not_ok "$1: \"$2\" is not told"; fi
}
never() {
	tell "$1"
	if grep -qF -- "$2" "$work/said"; then not_ok "$1: \"$2\" is told"; else ok "$1: nothing of \"$2\""; fi
}
# has FILE FILTER: of its stories as data, in jq's words; the newest of each VM.
has() {
	"$trace" replay -q --json "$data/$1.jsonl" >"$work/json" 2>"$work/said"
	if jq -e -n "[inputs | select(.type == \"story\")] | group_by(.vm) | map(.[-1]) | $2" "$work/json" >>"$work/said" 2>&1; then
		ok "$1: $2"
	else
		not_ok "$1: $2"
	fi
}

says 01-never-ran "was not seen to ask for a mode"
never 01-never-ran "host's own"
has 01-never-ran '.[0].vcpus == [] and .[0].coverage.state == "unknown"'

says 02-found-mode-0 "was there when this trace began, with no mode set"
never 02-found-mode-0 "no mode was asked for"
never 02-found-mode-0 "host's own"
has 02-found-mode-0 '.[0].found == {"mode_is": "host-default", "pvr": null, "mode": null}'

says 03-failure-before-the-newest-request \
	"asked for POWER11: accepted-above-host, the first run of a vCPU failed: EINVAL, then asked for POWER10: accepted."
never 03-failure-before-the-newest-request "runs in"
has 03-failure-before-the-newest-request '.[0].vcpus[0].first_failure.pvr == "0x0f000007"'

says 04-other-vcpu "the first run of a vCPU failed: EINVAL, on a vCPU in POWER10"
never 04-other-vcpu "accepted POWER9"
never 04-other-vcpu "its first run"

says 06-loss-told-late "was not seen to query (events were lost)"
never 06-loss-told-late "never queried"
never 06-loss-told-late "no query of it"
has 06-loss-told-late '.[0].queries.not_seen == "events were lost"'

says 07-ended-before-its-calls "VM 1, qemu[100]: 1 query was seen, which succeeded; was offered POWER9, asked for POWER9: accepted"
never 07-ended-before-its-calls "asked for no mode"
never 07-ended-before-its-calls "VM 2"

says 08-frozen-hint "VM 1, qemu[100]: 1 query was seen, which succeeded; was offered POWER9, asked for POWER10: newer-than-host"
never 08-frozen-hint "never queried"
never 08-frozen-hint "no query of it"

says 09-errors-only "which failed (struct-too-new), whether another succeeded was not seen"
never 09-errors-only "correct the query"
never 09-errors-only "its query failed"

says 10-kvm-pr "kvm-pr"
says 10-kvm-pr "KVM PR, which has no compatibility modes: make the VM with KVM HV"
never 10-kvm-pr "KVM_PPC_GET_COMPAT_CAPS"
never 10-kvm-pr "newer-than-host"

says 11-before-papr "KVM does not refuse an older mode for what this host offers; was KVM_CAP_PPC_PAPR enabled on this vCPU before?"
says 11-before-papr "was refused POWER8 (rejected), then asked for POWER8: accepted"
never 11-before-papr "outside-host-caps"

says 13-recursion "was not seen to ask for a mode"
never 13-recursion "failed"
has 13-recursion '.[0].vcpus == []'

has 14-first-failure-recovered 'map(.queries.recovered) == [1, 0]'
says 14-first-failure-recovered "1 retry, which recovered"

says 15-retry-of-another-thread "2 queries were seen, which all failed (first struct-too-new)"
never 15-retry-of-another-thread "retry, which"
has 15-retry-of-another-thread '.[0].queries.retries == 0'

says 17-raw "asked for the host's default: host-default, was seen to run in the host's own mode."
never 17-raw "raw"
has 17-raw '.[0].vcpus[0].ran.pvr == "0x00000000"'

has 18-line-of-a-run-that-was-lost '.[0].text | contains("KVM printed") | not'
says 18-line-of-a-run-that-was-lost "KVM_RUN ended with exit reason internal-error, suberror 30."

# The good KVM_RUN between a line and a failure tells that the line is not of it: also in what is left of a recording.
never 19-line-of-an-earlier-run "KVM printed"
says 19-line-of-an-earlier-run "a later KVM_RUN ended with exit reason internal-error, suberror 30,"
"$trace" replay -q --json --errors-only "$data/19-line-of-an-earlier-run.jsonl" >"$work/19-failures.jsonl"
data=$work
never 19-failures "KVM printed"
says 19-failures "KVM_RUN ended with exit reason internal-error, suberror 30"

# Of recordings that are whole: the words are made of the data.
for file in tests/data/*.jsonl; do
	"$trace" replay -q --json "$file" >"$work/json" 2>"$work/said"
	if jq -es 'map(select(.type == "story")) as $s | ($s | length) > 4 and ($s | all(
		.coverage.state == "whole" and .coverage.why == null and .queries.not_seen == null and
		((.vcpus == []) == (.text | contains("asked for no mode"))) and
		((.queries.ok + .queries.failed > 0) == (.text | test("[0-9]+ quer(y|ies)"))) and
		(.text | test("runs? in|went on") | not) and .ended))' "$work/json" >>"$work/said" 2>&1; then
		ok "$(basename "$file"): words and data agree"
	else
		jq -r 'select(.type == "story") | .text' "$work/json" >>"$work/said"
		not_ok "$(basename "$file"): words and data agree"
	fi
done
exit "$failed"
