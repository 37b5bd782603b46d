#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a recording can make a program keep has a bound. TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
[[ $(uname -m) == ppc64le ]] && trace=${O:-build}/ppc64le/bin/compatcaps-trace || trace=${O:-build}/host/bin/compatcaps-trace
exec python3 tests/cli/bounds.py "$trace"
