#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nothing false is said of 500 random recordings whose truth is known (make check-model: 20,000). TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
[[ $(uname -m) == ppc64le ]] && trace=${O:-build}/ppc64le/bin/compatcaps-trace || trace=${O:-build}/host/bin/compatcaps-trace
exec tests/model/run --seeds 1-500 --program "$trace"
