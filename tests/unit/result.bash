# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests of commands share. Sourced by those that keep in $tmp/said what the last command said, and
# that end with $failed.
# shellcheck disable=SC2154,SC2034 # tmp, failed

# result STATUS WHAT
result() {
	if [[ $1 -eq 0 ]]; then
		echo "ok - $2"
	else
		sed 's/^/# /' "$tmp/said"
		echo "not ok - $2"
		failed=1
	fi
}
