#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# src/kvm/capabilities.def and docs/capabilities.md, and the source of the QEMU that tests/vm/qemu builds. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
# shellcheck source=tools/cache.sh
. tools/cache.sh

version=$(cat "$cache/qemu/version" 2>/dev/null)
archive=$(echo "$cache/roots/source-qemu_$version"/*.orig.tar.*)
why=
if [[ -s $cache/qemu/no-source ]]; then
	why=$(<"$cache/qemu/no-source")
elif [[ -z $version || ! -e $archive ]]; then
	why="the source of QEMU is not there: make check fetches it, or tests/vm/qemu/build prepare"
else
	tar -x -f "$archive" -C "$tmp" --strip-components=1 --no-same-owner --wildcards '*/hw/ppc/*.[ch]' '*/hw/intc/*_kvm.c' '*/target/ppc/*.[ch]' \
		'*/linux-headers/linux/kvm.h' || exit 1
fi
# The newest libvirt that guests run; none: nobody has asked for one yet.
libvirt=$(find "$cache"/roots/libvirt-*/ -name libvirt_driver_qemu.so -printf '%T@ %p\n' 2>/dev/null | sort -n | sed -n '$s/[^ ]* //p')
python3 tests/tree/capabilities.py "$tmp" "$why" "$libvirt"
