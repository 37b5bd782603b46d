#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What README.md and the guides say to do with a recording works as it stands there, where only the program is. TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
exec python3 tests/cli/commands.py
