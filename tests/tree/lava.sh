#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The steps of docs/ci/lava-test.yaml, run by sh as LAVA does, with a recording in place of a POWER host: each rule is
# reported, nothing is run that the step before did not write, and no name is known before. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
trace=$(realpath "${O:-build}/host/bin/compatcaps-trace")
[[ $(uname -m) != ppc64le ]] || trace=$(realpath "${O:-build}/ppc64le/bin/compatcaps-trace")
# shellcheck source=tests/tap.bash
. tests/tap.bash
mkdir "$tmp/bin" "$tmp/tmp"

# What LAVA and the host would do.
cat >"$tmp/bin/lava-test-case" <<'END'
#!/bin/sh
echo "$*" >>"$CASES"
END
cat >"$tmp/bin/compatcaps-trace" <<'END'
#!/bin/sh
[ "$1" = record ] || exec "$TRACE" "$@"
while [ "$1" != -o ]; do shift; done
cp "$RECORDING" "$2"
END
chmod +x "$tmp/bin"/*
export CASES=$tmp/cases RECORDING TRACE=$trace BASELINE

# steps RECORDING [SED]: run them; true if they ended well. SED: of a definition that was changed.
steps() {
	RECORDING=$1 BASELINE=p10-as-p9-v2.baseline
	: >"$CASES"
	sed "${2:-}" docs/ci/lava-test.yaml >"$tmp/definition"
	python3 -c 'import sys, yaml; print("\n".join(yaml.safe_load(sys.stdin)["run"]["steps"]))' \
		<"$tmp/definition" >"$tmp/steps" || return
	TMPDIR=$tmp/tmp PATH=$tmp/bin:$PATH timeout 60 sh -e "$tmp/steps" >"$tmp/said" 2>&1
}

good=$PWD/tests/data/ci/good.jsonl
n_rules=$(("$(grep -cvE '^(#|$)' docs/ci/rules)" + "$(grep -cvE '^(#|$)' docs/ci/p10-as-p9-v2.baseline)"))
steps "$good" && [[ $(grep -c ' --result pass$' "$CASES") -gt 20 && $(wc -l <"$CASES") -le $n_rules ]] && ! grep -qv ' --result pass$' "$CASES"
result $? "each rule of a good run is reported as passed"
other=$PWD/tests/data/ci/debian-6.12.jsonl
steps "$other" && grep -q ' --result fail$' "$CASES" && ! grep -q '^check --result' "$CASES"
result $? "a broken rule is reported as failed"
steps /dev/null && [[ $(<"$CASES") == "check --result fail" ]]
result $? "without a recording there is one failure, and nothing is run"
[[ -z $(ls -A "$tmp/tmp") ]]
result $? "nothing is left behind"
! grep -vE '^ *#' docs/ci/* | grep -nE '/tmp|/var/tmp' >"$tmp/said"
result $? "no example names a file in a directory that anybody can write to"
# That this can fail.
steps /dev/null 's/0|1|5)/*)/' || ! [[ $(<"$CASES") == "check --result fail" ]]
result $? "results that were not written are noticed"
exit "$failed"
