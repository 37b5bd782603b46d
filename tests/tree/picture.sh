#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# README.md shows what the program prints. TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
exec python3 tests/tree/picture.py check
