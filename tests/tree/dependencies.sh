#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2317 # functions are called by their names
#
# What is needed to build stands in docs/building.md (for three distributions), in packaging/debian/control and in
# the RPM package's spec: they name the same. And with one name gone from a copy of each that is noticed. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash

# What is needed, and the packages that have it; "-": it need not be named there.
# The compiler and make are essential where Debian builds; what only a package needs building.md does not name.
table() {
	cat <<-END
	what                 | guide Debian        | control             | guide Fedora          | spec                  | guide openSUSE
	a C compiler         | gcc                 | -                   | gcc                   | gcc                   | gcc
	make                 | make                | -                   | make                  | make                  | make
	a compiler for BPF   | clang               | clang               | clang                 | clang                 | clang
	skeletons            | bpftool             | bpftool             | bpftool               | bpftool               | bpftool
	libbpf               | libbpf-dev          | libbpf-dev          | libbpf-devel          | libbpf-devel          | libbpf-devel
	libelf               | libelf-dev          | libelf-dev          | elfutils-libelf-devel | elfutils-libelf-devel | libelf-devel
	zlib                 | zlib1g-dev          | zlib1g-dev          | zlib-devel            | zlib-devel            | zlib-devel
	yyjson               | libyyjson-dev       | libyyjson-dev       | yyjson-devel          | yyjson-devel          | yyjson-devel
	to make a package    | -                   | debhelper-compat    | -                     | systemd-rpm-macros    | -
	END
}
column() { table | sed 1d | awk -F' *[|] *' -v n="$1" '$n != "-" { print $n }'; }

# In the tree DIR.
guide() { sed -n "s/^| $2[^|]*| \`\(.*\)\` |\$/\1/p" "$1/docs/building.md" | tr ' ' '\n'; }
control() { awk '/^Build-Depends:/ { on = 1; next } on && !/^ / { exit } on' "$1/packaging/debian/control" | sed -E 's/^ //; s/[ :,].*//'; }
spec() { sed -nE 's/^BuildRequires: +([^ ]+).*/\1/p' "$1/packaging/rpm/compatcaps-trace.spec"; }

places="guide:Debian control guide:Fedora spec guide:openSUSE"
# agrees DIR PLACE COLUMN
agrees() {
	local name=${2%%:*} arg=
	[[ $2 != *:* ]] || arg=${2#*:}
	diff <(column "$3" | sort) <("$name" "$1" "$arg" | sort) >"$tmp/said"
}

n=2
for place in $places; do
	agrees . "$place" $n
	result $? "what is needed to build: $place names it"
	n=$((n + 1))
done

# lacking FILE PLACE COLUMN TEXT: is it noticed that a copy of FILE lacks TEXT, which ends with the package's name?
mkdir -p "$tmp/copy/docs" "$tmp/copy/packaging/debian" "$tmp/copy/packaging/rpm"
lacking() {
	local file=$1 place=$2 column=$3 gone=$4
	cp docs/building.md "$tmp/copy/docs"
	cp packaging/debian/control "$tmp/copy/packaging/debian"
	cp packaging/rpm/compatcaps-trace.spec "$tmp/copy/packaging/rpm"
	sed -i "s/$gone//" "$tmp/copy/$file"
	! agrees "$tmp/copy" "$place" "$column" && grep -q "^< ${gone##* }" "$tmp/said"
}
lacking docs/building.md guide:Debian 2 libbpf-dev
result $? "docs/building.md without one of them is noticed"
lacking packaging/debian/control control 3 libelf-dev
result $? "control without one of them is noticed"
lacking packaging/rpm/compatcaps-trace.spec spec 5 "BuildRequires:  zlib-devel"
result $? "a spec without one of them is noticed"
exit $failed
