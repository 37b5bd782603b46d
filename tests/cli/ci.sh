#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The story that docs/ci.md tells, of recordings: the rules and baselines hold on good kernels, and on each
# of the others the rule that says why is broken (tests/data/ci/expected).
set -uo pipefail

cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
trace=${O:-build}/host/unit/compatcaps-trace
data=tests/data/ci
out=$tmp

# found STATUS WHAT
found() { result "$1" "$2" "$out/err" "$out/json"; }

# Which rules were broken, one a line.
broken() { jq -r '.recordings[].results[] | select(.verdict == "broken") | .rule' "$out/json"; }

judge() {
	local name=$1 rules=$3 said=0 args=(--baseline "$data/$2.baseline") rule
	shift 3
	[[ $rules != yes ]] || args+=(-F docs/ci/rules)
	"$trace" check --json "${args[@]}" "$data/$name.jsonl" >"$out/json" 2>"$out/err" || said=$?
	if [[ $1 == none ]]; then
		[[ $said -eq 0 && -z $(broken) ]]
		found $? "$name: every rule holds"
		return
	fi
	for rule; do
		broken | grep -qxF -- "$rule"
		found $(($? + (said != 1))) "$name: broken: $rule"
	done
}

# The bars that a rule has of its own have no space around them.
while IFS=$'\t' read -r -a row; do
	judge "${row[@]}"
done < <(awk -F ' +[|] +' -v OFS='\t' '!/^#/ && NF { $1 = $1; sub(/ +$/, ""); print }' "$data/expected")
exit "$failed"
