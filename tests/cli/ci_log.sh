#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the runner of a CI reads in the output of each verb: ci_log.py.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
exec python3 -B tests/cli/ci_log.py "${O:-build}/host/unit/compatcaps-trace" tests/data/debian-6.12-p10-as-p9-v1.jsonl
