#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The story that docs/ci.md tells, of recordings: the rules and baselines hold on good kernels, and on each
# of the others the rule that says why is broken (tests/data/ci/expected).
set -uo pipefail

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
cd "$top" || exit 1
trace=${O:-build}/host/unit/compatcaps-trace
data=tests/data/ci
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
status=0

ok() { echo "ok - $*"; }
not_ok() {
	echo "not ok - $*"
	sed 's/^/# /' "$out/err" "$out/json" | cut -c 1-2000 | head -n 20
	status=1
}

# holds WHAT STATUS
holds() {
	if [[ $2 -eq 0 ]]; then ok "$1"; else not_ok "$1"; fi
}

# Which rules were broken, one a line.
broken() { jq -r '.recordings[].results[] | select(.verdict == "broken") | .rule' "$out/json"; }

judge() {
	local name=$1 rules=$3 said=0 args=(--baseline "$data/$2.baseline") rule
	shift 3
	[[ $rules != yes ]] || args+=(-F docs/ci/rules)
	"$trace" check --json "${args[@]}" "$data/$name.jsonl" >"$out/json" 2>"$out/err" || said=$?
	if [[ $1 == none ]]; then
		[[ $said -eq 0 && -z $(broken) ]]
		holds "$name: every rule holds" $?
		return
	fi
	for rule; do
		broken | grep -qxF -- "$rule"
		holds "$name: broken: $rule" $(($? + (said != 1)))
	done
}

# The bars that a rule has of its own have no space around them.
while IFS=$'\t' read -r -a row; do
	judge "${row[@]}"
done < <(awk -F ' +[|] +' -v OFS='\t' '!/^#/ && NF { $1 = $1; sub(/ +$/, ""); print }' "$data/expected")
exit $status
