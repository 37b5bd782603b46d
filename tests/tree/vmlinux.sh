#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Does src/vmlinux_ppc64le.h come out of "make vmlinux" as it is in the tree? TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
kernel=${VMLINUX_KERNEL:-debian-7.3}
header=src/vmlinux_ppc64le.h
name="$header is what the types of $kernel give"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

if ! dir=$(tests/vm/kernel path "$kernel" 2>"$tmp/why"); then
	sed 's/^/# /' "$tmp/why"
	echo "ok - $name # SKIP $kernel is not at hand"
	exit 0
fi

# As the Makefile has them, so that this is the same compilation.
variable() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		make -s --no-print-directory --eval="variable:;@echo '\$($1)'" variable
}
CLANG=$(variable CLANG) BPFTOOL=$(variable BPFTOOL) BPF_CFLAGS=$(variable BPF_CFLAGS)
export CLANG BPFTOOL BPF_CFLAGS

if ! tools/gen_vmlinux "$dir" src/*.bpf.c src/*/*.bpf.c >"$tmp/new" 2>"$tmp/why"; then
	sed 's/^/# /' "$tmp/why"
	echo "not ok - $name"
	exit 1
fi

# Another build of the kernel may be the newest by now: then all but its name has to agree.
named=$(sed -n 's/.* from the BTF of Linux \([^ ;]*\);.*/\1/p' "$header")
cp "$header" "$tmp/old"
if [[ $named != "$(<"$dir/release")" ]]; then
	echo "# made from $named, compared with $(<"$dir/release") but for the line that names it"
	sed -i '/ from the BTF of Linux /d' "$tmp/old" "$tmp/new"
fi
if diff -u "$tmp/old" "$tmp/new" >"$tmp/diff"; then
	echo "ok - $name"
else
	sed 's/^/# /' "$tmp/diff"
	echo "# run: make vmlinux"
	echo "not ok - $name"
	exit 1
fi
