#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A model of KVM and of VMMs that knows what they did, and what of it a tracer saw: no story says what is false. TAP.
# For longer: tests/cli/lives.sh N SEED
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
[[ $(uname -m) == ppc64le ]] && trace=${O:-build}/ppc64le/bin/compatcaps-trace || trace=${O:-build}/host/bin/compatcaps-trace
exec python3 tests/cli/lives.py "$trace" "${1:-500}" "${2:-1}"
