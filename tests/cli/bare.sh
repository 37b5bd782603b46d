#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2317 # functions are called by their names
#
# What make builds starts outside the root that it was built in: the programs for this machine in a tree of
# each Debian that has a shell and the C library and no other library, and those for POWER hosts need none. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
O=${O:-build}
bin=$O/host/bin
# shellcheck source=tests/tap.bash
. tests/tap.bash
version=$(sed -n 's/^VERSION := //p' Makefile)
run=tests/data/ci/good.jsonl

if [[ -z ${IS_STATIC:-} ]]; then
	echo "ok - what make builds starts elsewhere # SKIP it is linked with the libraries of this machine (TOOLCHAIN=host): it was started nowhere else"
	exit 0
fi

# inside TREE CMD...: what it prints is in $tmp/said.
inside() { tools/root enter "bare-$1" -- "${@:2}" >"$tmp/said" 2>&1; }
is() { [[ $(<"$tmp/said") == "$1" ]]; }
valid() { xmllint --noout "$@" 2>"$tmp/said"; }

starts() { inside "$1" "$bin/compatcaps-trace" --version && is "compatcaps-trace $version"; }
replays() { inside "$1" "$bin/compatcaps-trace" replay --summary "$run" && grep -q 'newer-than-host: POWER11' "$tmp/said"; }
checks() {
	inside "$1" "$bin/compatcaps-trace" check -F docs/ci/rules --format=junit -o "$tmp/$1.xml" "$run" &&
		valid --schema tests/cli/junit.xsd "$tmp/$1.xml"
}
reports() { inside "$1" "$bin/compatcaps-trace" report --format=html -o "$tmp/$1.html" "$run" && valid "$tmp/$1.html"; }
decodes() {
	inside "$1" "$bin/decode_bitmap" --json 0x6000000000000000 &&
		[[ $(jq -c .modes <"$tmp/said") == '["POWER9","POWER10"]' ]]
}
# With a library that the tree does not have: that is what must be noticed here.
echo 'int yyjson_version(void); int main(void) { return !yyjson_version(); }' >"$tmp/shared.c"
"${HOSTCC:-gcc}" -o "$tmp/shared" "$tmp/shared.c" -lyyjson || exit 1
lacks() { "$tmp/shared" && ! inside "$1" "$tmp/shared" && grep -q libyyjson "$tmp/said"; }

for tree in bookworm trixie; do
	for what in starts replays checks reports decodes; do
		"$what" "$tree"
		result $? "in a bare tree of $tree: $what"
	done
	lacks "$tree"
	result $? "in a bare tree of $tree: a program that needs a library does not start"
done

# What a POWER host runs: no interpreter, and so no library and no version of one.
for program in "$O"/ppc64le/bin/*; do
	readelf -lW "$program" >"$tmp/said" && grep -q 'Elf file type' "$tmp/said" && ! grep -q 'INTERP' "$tmp/said"
	result $? "${program##*/} for ppc64le needs no library"
done
exit "$failed"
