#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the command line says of itself: the help of each verb, its options, its examples, and what was meant. TAP.
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
exec python3 -B tests/cli/help.py
