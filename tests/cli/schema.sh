#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every kind of event that the JSON output prints, against the schema that is shipped. TAP.
set -euo pipefail
cd "${TOP:-$(dirname "$0")/../..}"
events=$(mktemp)
trap 'rm -f "$events"' EXIT

"${O:-build}/host/unit/output/test_json" --dump >"$events"
python3 tests/cli/schema.py docs/events.schema.json "$events"
