# shellcheck shell=bash disable=SC2034 # failed
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests in shell share: how they print TAP. Sourced, from the top of the tree, by those that keep in $tmp/said what
# the last command said, and that end with $failed.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# ok NAME, not_ok NAME [FILE...]: these show why; without any, what $tmp/said holds
ok() { echo "ok - $1"; }
not_ok() {
	local name=$1
	shift
	cat "${@:-$tmp/said}" 2>/dev/null | head -n 40 | cut -c 1-500 | sed 's/^/# /'
	echo "not ok - $name"
	failed=1
}

# result STATUS NAME [FILE...]
result() {
	local status=$1
	shift
	if [[ $status -eq 0 ]]; then ok "$1"; else not_ok "$@"; fi
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
