# shellcheck shell=bash disable=SC2034 # failed
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests of commands share. Sourced, from the top of the tree, by those that keep in $tmp/said what the last
# command said, and that end with $failed.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

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
