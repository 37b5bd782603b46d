# shellcheck shell=bash disable=SC2034 # failed
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests in shell share: how they print TAP. Sourced, from the top of the tree, by those that keep in $tmp/said what
# the last command said, and that end with $failed.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# result STATUS NAME: what $tmp/said holds shows why
result() {
	if [[ $1 -eq 0 ]]; then
		echo "ok - $2"
	else
		head -n 40 "$tmp/said" | cut -c 1-300 | sed 's/^/# /'
		echo "not ok - $2"
		failed=1
	fi
}

# holds NAME COMMAND...: passes where the command succeeds
holds() {
	local name=$1
	shift
	"$@" >"$tmp/said" 2>&1
	result $? "$name"
}

# refuses NAME COMMAND...: passes where it does not: with a fault in what it looks at it must not
refuses() {
	local name=$1
	shift
	! "$@" >"$tmp/said" 2>&1
	result $? "$name"
}
