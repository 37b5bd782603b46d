#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A test for kselftest's runner: each rule is a test of its own in the KTAP that it prints. Put it, vmms, rules
# and a baseline into one directory of the installed selftests, and a line "DIRECTORY:kselftest.sh" into
# kselftest-list.txt. RECORDING: a recording that is there already, in place of a run of the VMMs.
# BASELINE: the machine's (default: none).
here=$(dirname "$0")
ksft_skip=4

if [ -z "${RECORDING:-}" ]; then
	command -v compatcaps-trace >/dev/null || { echo "1..0 # SKIP compatcaps-trace is not installed"; exit $ksft_skip; }
	[ -e /dev/kvm ] || { echo "1..0 # SKIP there is no /dev/kvm"; exit $ksft_skip; }
	RECORDING=$(mktemp) || exit 1
	trap 'rm -f "$RECORDING"' EXIT
	compatcaps-trace record -q --force -o "$RECORDING" -- sh "$here/vmms" >/dev/null || exit 1
fi
# Not exec: the recording is to be removed. Neither 1 nor 5 means to kselftest what 4 does.
compatcaps-trace check -F "$here/rules" ${BASELINE:+--baseline "$BASELINE"} --format=ktap "$RECORDING"
