#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a machine lacks to build with its own tools is named. TAP; make has the tools in the
# environment.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
failed=0

# says WORDS VARIABLE=VALUE...: with these instead of the tools that are there; of what $goal needs.
goal=all
says() {
	local words=$1 said
	shift
	said=$(env "$@" tools/host_tools "$goal")
	if [[ $said == "$words" ]]; then
		echo "ok - $*: '$words'"
	else
		echo "# it says '$said'"
		echo "not ok - $*: '$words'"
		failed=1
	fi
}

says '' A=B
says 'clang' CLANG=
says 'bpftool' BPFTOOL=
says '/no/such/gcc' CROSS_CC=/no/such/gcc
says '/no/such/gcc -m64, /no/such/cc' CROSS_CC='/no/such/gcc -m64' HOSTCC=/no/such/cc
says 'a clang that compiles the BPF programs (false does not)' CLANG=false
says 'a bpftool that makes skeletons (false does not)' BPFTOOL=false
# What reads recordings needs no cross compiler and nothing of BPF.
goal=readers
says '' CLANG= BPFTOOL= CROSS_CC=/no/such/gcc
says '/no/such/cc' HOSTCC=/no/such/cc
says 'yyjson.h' CPPFLAGS=-nostdinc YYJSON_DIR=
exit "$failed"
