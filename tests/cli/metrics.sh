#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The metrics of recordings from every kind of kernel and host: accepted by promtool and by a real
# Prometheus, what jq counts in the same recordings, and what docs/metrics.md says that there is. Then
# with one thing wrong in a copy, which has to be noticed. TAP.
#
# Checks are called by name, and a backquote in Markdown is just that:
# shellcheck disable=SC2317,SC2016
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
trace=${O:-build}/host/unit/compatcaps-trace
# shellcheck source=tests/tap.bash
. tests/tap.bash
work=$tmp
D=.

metrics() { "$trace" metrics "$@"; }

# exits STATUS WORDS ARG...: how metrics ends and what it says
exits() {
	local want=$1 words=$2 got
	shift 2
	metrics "$@" >"$work/out" 2>"$work/err"
	got=$?
	cat "$work/err"
	[[ $got -eq $want ]] || { echo "exit status $got, not $want"; return 1; }
	[[ -z $words ]] || grep -qF -e "$words" "$work/err" || { echo "it does not say: $words"; return 1; }
}

silent() {
	local said
	said=$("$@" 2>&1) && [[ -z $said ]] && return
	echo "${said:-it failed}"
	return 1
}

# ---------------------------------------------------------------- formats

follows() { silent python3 tests/cli/metrics_openmetrics.py "$1" "$2"; }

# Prometheus' text format alone: OpenMetrics, whose info is no type there, a Prometheus reads below.
promtool_accepts() { silent promtool check metrics <"$1"; }

write_both() { metrics -q "$1" >"$2.prom" && metrics -q --format=openmetrics "$1" >"$2.om"; }

formats() {
	local f name
	for f in tests/data/*.jsonl; do
		name=$(basename "$f" .jsonl)
		holds "$name: both formats" write_both "$f" "$work/$name"
		holds "$name: Prometheus' text format" follows prometheus "$work/$name.prom"
		holds "$name: OpenMetrics" follows openmetrics "$work/$name.om"
		holds "$name: promtool accepts it" promtool_accepts "$work/$name.prom"
	done
}

# notices FORMAT WHAT SED: a rule of the format that is broken
notices() {
	local file=$work/debian-7.3-p10-v1.om
	[[ $1 == openmetrics ]] || file=${file%.om}.prom
	sed -E "$3" "$file" >"$work/changed"
	if cmp -s "$file" "$work/changed"; then
		echo "the change changed nothing" >"$work/said"
		result 1 "$1: $2 is noticed"
	else
		refuses "$1: $2 is noticed" follows "$1" "$work/changed"
	fi
}

broken_formats() {
	notices openmetrics 'an end that is missing' '/^# EOF/d'
	notices openmetrics 'a counter without _total' 's/^(compatcaps_retries)_total/\1/'
	notices openmetrics 'a bucket that shrinks' 's/(le="0.1"\}) [0-9]+/\1 0/'
	notices openmetrics 'a count that is another' 's/(_seconds_count) [0-9]+/\1 999/'
	notices openmetrics 'a bound as C prints it' 's/le="1.0"/le="1"/'
	notices openmetrics 'an exemplar that is too long' 's/seq="[0-9]+"/seq="'"$(printf '%0130d' 7)"'"/'
	notices openmetrics 'an exemplar in the wrong bucket' 's/(# \{seq="[0-9]+",vm="[0-9]+"\}) 0\.[0-9]+/\1 9.5/'
	notices openmetrics 'a unit that is missing' '/^# UNIT/d'
	notices openmetrics 'NaN' 's/^(compatcaps_retries_total) [0-9]+/\1 NaN/'
	notices openmetrics 'a quote that is not escaped' 's/mode="POWER8"/mode="POW"ER8"/'
	notices openmetrics 'a series twice' 's/mode="POWER8"/mode="POWER9"/'
	notices openmetrics 'another label here and there' 's/reason="recursion"/cause="recursion"/'
	notices prometheus 'an exemplar' 's/^(compatcaps_retries_total [0-9]+)/\1 # {seq="1"} 1 1/'
	notices prometheus 'another first line' '1s/.*/# metrics/'
	refuses "promtool: a counter without _total is noticed" \
		eval 'sed s/retries_total/retries/ "$work/debian-7.3-p10-v1.prom" >"$work/changed"; promtool_accepts "$work/changed"'
}

# ---------------------------------------------------------------- numbers

# counted SAMPLE FILE
counted() { awk -v s="$1" 'substr($0, 1, length(s) + 1) == s " " { print substr($0, length(s) + 2) }' "$2"; }

# What jq counts, as samples: that much must be there, and all else of these metrics is 0.
by_jq() {
	jq -rs '
	def failed: .ret != 0 or .cause == "accepted-above-host";
	def count(f): group_by(f) | map([(.[0] | f), length]) | .[] | "\(.[0]) \(.[1])";
	def mode: if .pvr == "0x00000000" then "host-default" else .mode // "unknown" end;
	(map(select(.type == "negotiation")) | count("compatcaps_negotiations_total{abi=\"\(.abi)\"}")),
	(map(select(.type == "negotiation" and failed))
	 | count("compatcaps_negotiation_failures_total{cause=\"\(.cause)\",abi=\"\(.abi)\"}")),
	(map(select(.type == "arch-compat")) | count("compatcaps_mode_requests_total{mode=\"\(mode)\"}")),
	(map(select(.type == "arch-compat" and failed))
	 | count("compatcaps_mode_request_failures_total{cause=\"\(.cause)\",mode=\"\(mode)\"}")),
	(map(select(.type == "retry")) | count("compatcaps_retries_total")),
	(map(select(.type == "retry" and .outcome == "failed")) | count("compatcaps_retry_failures_total")),
	(map(select(.type == "run")) | count("compatcaps_run_failures_total")),
	(map(select(.type == "kernel")) | count("compatcaps_kernel_messages_total")),
	(map(select(.type == "attach" and .how != "absent"))
	 | count("compatcaps_probe_attached{function=\"\(.function)\",method=\"\(.how)\"}")),
	(map(select(.type == "negotiation"))
	 | "compatcaps_negotiation_duration_seconds_count \(length)",
	   "compatcaps_negotiation_duration_seconds_bucket{le=\"0.0001\"} \(map(select(.latency_ns <= 100000)) | length)")
	' "$@" | sort
}

same_numbers() {
	local file=$1
	shift
	by_jq "$@" >"$work/want"
	[[ $(wc -l <"$work/want") -gt 8 ]] || { echo "jq counted nothing"; return 1; }
	# Not those that are 0 there, and are not of these metrics at all.
	grep -E '^compatcaps_(negotiations|negotiation_failures|mode_request|retr|run|kernel|probe)|_count|le="0.0001"' "$file" |
		grep -v ' 0$' | sort >"$work/got"
	grep -v ' 0$' "$work/want" | diff - "$work/got"
}

numbers() {
	local f name
	for f in tests/data/*.jsonl; do
		name=$(basename "$f" .jsonl)
		holds "$name: the numbers that jq counts" same_numbers "$work/$name.prom" "$f"
	done
	metrics -q tests/data/*.jsonl >"$work/all.prom"
	# What probes there are the hosts do not agree on.
	by_jq_of_all() { by_jq "$@" | grep -v probe_; }
	holds "all: the sums that jq counts" eval \
		'diff <(by_jq_of_all tests/data/*.jsonl | grep -v " 0$") <(grep -E "^compatcaps_(negotiations|negotiation_failures|mode_request|retr|run|kernel)|_count|le=\"0.0001\"" "$work/all.prom" | grep -v " 0$" | sort)'
	metrics -q --format=openmetrics tests/data/*.jsonl >"$work/all.om"
	holds "all: OpenMetrics" follows openmetrics "$work/all.om"
	refuses "other numbers are noticed" same_numbers "$work/all.prom" tests/data/debian-7.3-p10-v1.jsonl
	holds "all: exemplars name the recording" grep -qE '# \{seq="[0-9]+",vm="[0-9]+",recording="10"\}' "$work/all.om"
	holds "one: what a host offers" eval '[[ $(counted "compatcaps_host_mode{mode=\"POWER10\"}" "$work/debian-7.3-p10-v1.prom") == 1 &&
		$(counted "compatcaps_host_mode{mode=\"POWER11\"}" "$work/debian-7.3-p10-v1.prom") == 0 ]]'
	holds "an exemplar leads to its event" exemplar_leads_to_event
}

exemplar_leads_to_event() {
	local seq
	seq=$(sed -nE 's/^compatcaps_negotiation_failures_total\{cause="struct-too-new",abi="mainline"\} .*\{seq="([0-9]+)".*/\1/p' \
		"$work/debian-7.3-p10-v1.om")
	jq -e --argjson seq "${seq:-0}" -n '[inputs | select(.seq == $seq)][0] | .cause == "struct-too-new"' tests/data/debian-7.3-p10-v1.jsonl
}

# ---------------------------------------------------------------- documentation

# section FILE HEADING, column N: as in docs.sh
section() { awk -v h="$2" '/^#/ { on = $0 == h; next } on' "$1"; }
rows() { awk -F' *[|] *' '/^[|]/ && ++row > 2'; }

# name|type|labels|help of each metric, out of OpenMetrics' output, as the table has them
in_output() {
	awk '
	/^# HELP/ { name = $3; help = $0; sub(/^# HELP [^ ]* /, "", help); labels = ""; type = "" }
	/^# TYPE/ { type = $4; full = name (type == "counter" ? "_total" : type == "info" ? "_info" : "")
		    order[++n] = full; types[full] = type; helps[full] = help }
	/^[^#]/ && !(full in seen) { seen[full] = 1
		labels = match($0, /^[^ ]*\{[^}]*\}/) ? substr($0, 1, RLENGTH) : ""
		sub(/^[^{]*\{/, "", labels); gsub(/="[^"]*"/, "", labels); sub(/\}.*/, "", labels); gsub(/,/, ", ", labels)
		of[full] = labels }
	END { for (i = 1; i <= n; i++) print order[i] "|" types[order[i]] "|" of[order[i]] "|" helps[order[i]] }' \
		"$work/debian-7.3-p10-v1.om"
}

documented_metrics() {
	diff <(in_output) <(section "$D/docs/metrics.md" '## Table of metrics' | rows |
		awk -F' *[|] *' '{ gsub(/`/, ""); print $2 "|" $3 "|" $4 "|" $5 }')
}

# The manual has their names and labels.
documented_in_manual() {
	diff <(in_output | awk -F '|' '{ gsub(/ /, "", $3); print $1 ($3 == "" || $3 == "le" ? "" : "{" $3 "}") }') \
		<(sed -n '/^\.Ss Metrics/,/^\.Ss/s/^\.It Ql //p' "$D/docs/compatcaps-trace-metrics.1")
}

documented_labels() {
	diff <(grep -oE '[{,][a-z]+="' "$work/debian-7.3-p10-v1.prom" | tr -d '{,="' | sort -u) \
		<(section "$D/docs/metrics.md" '## Labels' | rows | cut -d '|' -f 2 | tr -d '` ' | tr , '\n' | sort)
}

# values METRIC LABEL: of the output
values() {
	grep "^$1{" "$work/debian-7.3-p10-v1.prom" | grep -oE "[{,]$2=\"[^\"]*\"" | sed -E 's/.*="(.*)"/\1/' | sort -u
}

# Of diagnosis.md's causes those that are none of a failure; of the values here those that it does not have.
documented_causes() {
	local metric=$1 heading=$2 fine=$3
	diff <(section "$D/docs/diagnosis.md" "$heading" | rows | cut -d '|' -f 2 | tr -d '` ' | grep -vxE "$fine" | sort) \
		<(values "$metric" cause | grep -vx not-recorded)
}

documented_others() {
	diff <({ values compatcaps_negotiation_failures_total cause; values compatcaps_mode_requests_total mode
		values compatcaps_negotiations_total abi; } | grep -xE 'not-recorded|unknown|host-default' | sort -u) \
		<(section "$D/docs/metrics.md" '## Values of no table' | rows | cut -d '|' -f 2 | tr -d '` ' | sort)
}

documented_abis() {
	diff <(section "$D/docs/diagnosis.md" '## Revisions of the ABI' | rows | cut -d '|' -f 2 | tr -d '` ' | sort) \
		<(values compatcaps_negotiations_total abi | grep -vx unknown)
}

documented_reasons() {
	diff <(sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It Ql //p' "$D/docs/compatcaps-trace.1" | sort) \
		<(values compatcaps_events_lost_total reason)
}

documented_rules() {
	sed -n '/^```yaml/,/^```/p' "$D/docs/metrics.md" | grep -v '^```' >"$work/rules.yml"
	[[ $(grep -c expr: "$work/rules.yml") -ge 3 ]] || { echo "there are no rules"; return 1; }
	promtool check rules "$work/rules.yml" || return
	# Of metrics that there are.
	local name
	while read -r name; do
		grep -qE "^$name(\{| )" "$work/debian-7.3-p10-v1.prom" || { echo "no metric $name"; return 1; }
	done < <(grep -ohE 'compatcaps_[a-z_]+' "$work/rules.yml" | sort -u)
}

# forgets CHECK FILE SED WHAT
forgets() {
	D=$work/copy
	rm -rf "$D"
	mkdir -p "$D"
	cp -r docs "$D"
	sed -i -E "$3" "$D/$2"
	if cmp -s "$2" "$D/$2"; then
		echo "the change changed nothing" >"$work/said"
		result 1 "$1 notices $4"
	else
		refuses "$1 notices $4" "$1"
	fi
	D=.
}

asks_fail() { documented_causes compatcaps_mode_request_failures_total '## Causes of a request for a mode' 'accepted|host-default'; }
negotiations_fail() { documented_causes compatcaps_negotiation_failures_total '## Causes of a negotiation' 'ok|ok-.*'; }

documentation() {
	local page=docs/metrics.md
	holds 'documentation: the table of metrics' documented_metrics
	forgets documented_metrics $page '/^\| `compatcaps_retries_total`/d' 'a metric that is missing'
	forgets documented_metrics $page 's/of recorded calls|spent in the kernel/of it all/' 'another help text'
	forgets documented_metrics $page 's/`cause`, `abi`/`abi`, `cause`/' 'other labels'
	forgets documented_metrics $page 's/_mode` \| gauge/_mode` | counter/' 'another type'
	holds 'documentation: the metrics in the manual' documented_in_manual
	forgets documented_in_manual docs/compatcaps-trace-metrics.1 '/^\.It Ql compatcaps_retries/d' 'a metric that is missing'
	holds 'documentation: the labels' documented_labels
	forgets documented_labels $page '/^\| `reason`/d' 'a label that is missing'
	holds 'documentation: the causes of negotiations' negotiations_fail
	forgets negotiations_fail docs/diagnosis.md '/^\| `flags-set`/d' 'a cause that is missing'
	holds 'documentation: the causes of requests for a mode' asks_fail
	forgets asks_fail docs/diagnosis.md 's/`accepted-above-host`/`accepted-above`/' 'a cause that is called otherwise'
	holds 'documentation: values of no other table' documented_others
	forgets documented_others $page '/^\| `host-default`/d' 'a value that is missing'
	holds 'documentation: the revisions' documented_abis
	holds 'documentation: the reasons' documented_reasons
	forgets documented_reasons docs/compatcaps-trace.1 '/^\.It Ql orphaned/d' 'a reason that is missing'
	holds 'documentation: rules for Prometheus' documented_rules
	forgets documented_rules $page 's/increase\(compatcaps/increase((compatcaps/' 'a rule that cannot be parsed'
	forgets documented_rules $page 's/compatcaps_events_lost_total\[/compatcaps_event_lost_total[/' 'a metric that is not there'
}

# ---------------------------------------------------------------- what can be wrong

command_line() {
	local good=tests/data/debian-7.3-p10-v1.jsonl
	holds 'no recording' exits 2 'expected RECORDING...' -q
	holds 'no such format' exits 2 'prometheus, openmetrics' --format=xml $good
	holds 'no such file' exits 3 'No such file' "$work/nothing"
	holds '... gives no metrics' eval '[[ ! -s $work/out ]]'
	holds 'one that is there and one that is not' exits 3 'No such file' "$work/nothing" $good
	holds '... gives those of the other' eval 'diff <(metrics $good) "$work/out"'
	echo '{"type":"nonsense"' >"$work/bad.jsonl"
	holds 'no recording at all' exits 3 "$work/bad.jsonl" "$work/bad.jsonl"
	sed '12s/.*/{"type":"negotiation",/' $good >"$work/torn.jsonl"
	holds 'a line that cannot be read' exits 3 'line 12' "$work/torn.jsonl"
	holds '... is a loss' eval '[[ $(counted "compatcaps_events_lost_total{reason=\"unreadable\"}" "$work/out") == 1 ]]'
	head -n 15 $good >"$work/cut.jsonl"
	holds 'a recording that is cut off' exits 0 'is cut off' "$work/cut.jsonl"
	"$trace" replay -q --errors-only --json $good >"$work/filtered.jsonl"
	holds 'a recording of some outcomes' exits 0 'some outcomes' "$work/filtered.jsonl"
	holds 'standard input' eval 'diff <(metrics - <$good) <(metrics $good)'
	echo mine >"$work/there"
	holds 'a file that is there' exits 3 'already exists' -o "$work/there" $good
	holds '... is left' grep -qx mine "$work/there"
	holds '--force replaces it' exits 0 '' --force -o "$work/there" $good
	holds '... as a whole' eval 'diff <(metrics $good) "$work/there"'
	holds 'a full disk' eval '! metrics $good >/dev/full 2>"$work/err" && grep -q "No space left" "$work/err"'
	holds 'a reader who has seen enough' eval 'metrics $good 2>"$work/err" | head -n 1 >/dev/null; [[ ${PIPESTATUS[0]} -eq 0 && ! -s $work/err ]]'
	holds '--metrics wants a name that the collector reads' eval \
		'"$trace" --metrics host.txt 2>"$work/err"; [[ $? -eq 2 ]] && grep -q "must end in .prom" "$work/err"'
	holds '--metrics and --dry-run' eval \
		'"$trace" --metrics host.prom --dry-run 2>"$work/err"; [[ $? -eq 2 ]] && grep -q "cannot be combined with --metrics" "$work/err"'
	holds '--force is for the file of --metrics too' eval \
		'"$trace" --metrics host.prom --force 2>"$work/err"; [[ $? -eq 3 ]] && grep -q "trace needs the ppc64le build" "$work/err"'
	holds '--metrics is no option of replay' eval \
		'"$trace" replay --metrics host.prom $good 2>"$work/err"; [[ $? -eq 2 ]] && grep -q -- "--metrics" "$work/err"'
}

formats
broken_formats
numbers
documentation
command_line
mkdir "$work/scrape"
cp "$work/all.prom" "$work/scrape/text.prom"
cp "$work/debian-7.3-p10-v1.om" "$work/scrape/open.om"
timeout -s KILL 180 python3 tests/cli/metrics_scrape.py "$work/scrape" ||
	{ echo "not ok - the scrape by Prometheus ended well"; failed=1; }
exit "$failed"
