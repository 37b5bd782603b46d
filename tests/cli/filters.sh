#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What filters leave of recordings, in every verb: tests/cli/filters.py.
set -uo pipefail
cd "${TOP:-$(dirname "$(readlink -f "$0")")/../..}" || exit 1
exec python3 tests/cli/filters.py "${O:-build}/host/unit/compatcaps-trace" tests/data/debian-7.3-p11-as-p10-v2.jsonl \
	tests/data/debian-6.12-p10-as-p9-v1.jsonl tests/data/older/debian-7.3-p11-as-p10-v2-with-runs.jsonl
