#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No verb takes more than twice the work for twice as many lines. TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
exec python3 tests/cli/growth.py "${O:-build}/host/unit/compatcaps-trace"
