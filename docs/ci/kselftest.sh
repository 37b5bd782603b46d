#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A test for kselftest's runner: it prints KTAP in which each rule is a test. Put it, vmms, rules and a baseline
# into one directory of the installed selftests, and add the line "DIRECTORY:kselftest.sh" to
# kselftest-list.txt. RECORDING: an existing recording to use instead of running the VMMs.
# BASELINE: that of the machine (default: none).
here=$(dirname "$0")
ksft_skip=4

if [ -z "${RECORDING:-}" ]; then
	command -v compatcaps-trace >/dev/null || { echo "1..0 # SKIP compatcaps-trace is not installed"; exit $ksft_skip; }
	[ -e /dev/kvm ] || { echo "1..0 # SKIP there is no /dev/kvm"; exit $ksft_skip; }
	RECORDING=$(mktemp) || exit 1
	trap 'rm -f "$RECORDING"' EXIT
	compatcaps-trace record -q --force -o "$RECORDING" -- sh "$here/vmms" >/dev/null || exit 1
fi
# No exec, because the trap removes the recording. 1 and 5 are failures to kselftest; only 4 is a skip.
compatcaps-trace check -F "$here/rules" ${BASELINE:+--baseline "$BASELINE"} --format=ktap "$RECORDING"
