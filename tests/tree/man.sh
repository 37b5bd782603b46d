#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The manual pages as readers see them. TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
exec python3 tests/tree/man.py
