#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2319 # the status of a condition is what is meant
# From outside a root: a tree and a cache may be called anything, and a tree may be of a group that
# its user cannot give files to. Nothing is downloaded or booted for it. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
built=$(readlink -f "${O:-build}")
# shellcheck source=tests/tap.bash
. tests/tap.bash
unset MAKEFLAGS MFLAGS MAKELEVEL O COMPATCAPS_QEMU COMPATCAPS_VM_DIR

says() { grep -qF -e "$1" "$tmp/said"; }

if [[ ${TOOLCHAIN:-} == host ]] && ! tools/root check 2>/dev/null; then
	echo "ok - a tree and a cache of any name # SKIP no root can be entered here (tools/root check says why)"
	exit
fi

tree="$tmp/it's a \"tree\" (\$HOME)" cache="$tmp/a cache's, too"
mkdir "$tree"
cp -R --preserve=mode,timestamps Makefile src tools docs bench tests kernel-patches packaging "$tree" 2>/dev/null
real=$(tools/root path toolchain)
ln -s "${real%/roots/*}" "$cache"
chgrp -R 4711 "$tree" 2>/dev/null || echo "# the tree stays of our own group: we may give it to no other"

# What a user does there, who is in no root yet and may give no file away.
user() {
	env -u COMPATCAPS_ROOT -u TOOLCHAIN -u SYSROOT COMPATCAPS_CACHE="$cache" TMPDIR="$tmp" \
		setpriv --bounding-set -chown "$@" >"$tmp/said" 2>&1 </dev/null
}

user make -C "$tree" help && says '  demo ' && says '  check '
result $? "make help"
user "$tree/tools/prepare" --plan demo && [[ $(<"$tmp/said") == *' the tracer, built' && $(wc -l <"$tmp/said") -eq 1 ]]
result $? "tools/prepare finds what is in the cache"
# make goes into the root for this, even with -n.
user make -C "$tree" -n all && says '-o build/ppc64le/bin/compatcaps-trace'
result $? "make -n all: both halves of make, the root between them"
user make -C "$tree" -n check demo bench && says 'tests/check' && says 'tests/vm/demo' && says 'bench/cost' && ! says 'needs these'
result $? "make -n check demo bench: with nothing prepared for it"
# shellcheck disable=SC2016 # for the other shell
user sh -c 'cd "$1" && exec tools/root enter toolchain -- make -s build/host/bin/decode_bitmap' sh "$tree"
[[ $? -eq 0 && $("$tree/build/host/bin/decode_bitmap" --help) == Usage:* ]]
result $? "a program is built there, in a root"

user "$tree/tools/root" enter toolchain -- sh -c 'pwd; printf "%s|" "$@"' sh "it's" 'a "b' '$HOME'
[[ $(<"$tmp/said") == "$PWD"$'\n'"it's|a \"b|\$HOME|" ]]
result $? "tools/root enter passes its arguments as they are"
user env O="$built" "$tree/tests/vm/kernel" path debian-7.3
[[ $? -eq 0 && -e $(<"$tmp/said")/vmlinuz ]]
result $? "tests/vm/kernel finds a kernel"

# As far as QEMU, which here is none.
printf '#!/bin/sh\necho "no QEMU: $*" >&2\nexit 1\n' >"$tmp/qemu's"
chmod +x "$tmp/qemu's"
user env O="$built" "$tree/tests/vm/demo" --qemu "$tmp/qemu's"
[[ $? -eq 1 ]] && says 'QEMU did not start: no QEMU: -M pseries' && ! says 'cannot copy'
result $? "make demo gets as far as QEMU"
exit "$failed"
