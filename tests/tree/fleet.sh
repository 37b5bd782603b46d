#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What docs/fleet.md gives to other programs. TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
exec python3 tests/tree/fleet.py docs/fleet.md docs/events.schema.json
