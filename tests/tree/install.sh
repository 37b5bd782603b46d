#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2319 # the status of a condition is what is meant
# What make install puts where, and that a tree and a cache may be called anything. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
export O=${O:-build}
# shellcheck source=tests/tap.bash
. tests/tap.bash
here=$(uname -m)
unset MAKEFLAGS MFLAGS MAKELEVEL

try() { "$@" >"$tmp/said" 2>&1; }
says() { grep -qF -e "$1" "$tmp/said"; }
installed() { (cd "$1" && find . -type f -printf '%P\n' | LC_ALL=C sort); }
# pages PROGRAM...: their manual pages as they are installed, those of verbs too.
pages() {
	{
		for program; do
			for f in "docs/$program".1 "docs/$program"-*.1; do [[ ! -e $f ]] || echo "share/man/man1/${f#docs/}"; done
		done
		echo share/man/man7/compatcaps-causes.7
	} | LC_ALL=C sort
}
data="share/bash-completion/completions/compatcaps-trace
share/compatcaps-trace/caps.schema.json
share/compatcaps-trace/check.schema.json
share/compatcaps-trace/events.schema.json
share/compatcaps-trace/prometheus/alerts.yml
share/compatcaps-trace/prometheus/dashboard.json
share/fish/vendor_completions.d/compatcaps-trace.fish"
zsh="share/zsh/site-functions/_compatcaps-trace"
# completed DIR PROGRAM...: bash and fish find a completion by the name of each program, and of no other.
completed() {
	local dir=$1/share program
	shift
	for program; do
		cmp -s "$dir/bash-completion/completions/$program" packaging/completions/compatcaps-trace &&
			cmp -s "$dir/fish/vendor_completions.d/$program.fish" packaging/completions/compatcaps-trace.fish || return
	done
	[[ $(find "$dir/bash-completion/completions" "$dir/fish/vendor_completions.d" ! -type d | wc -l) -eq $((2 * $#)) ]]
}

# architectures DIR: of the programs there, each once.
architectures() {
	for f in "$1"/*; do readelf -h "$f" | sed -n 's/^ *Machine: *//p'; done | sort -u
}

dest="$tmp/it's a place"
try make -s install ARCH=ppc64le DESTDIR="$dest" PREFIX=/usr
result $? "installed for ppc64le"
[[ $(installed "$dest/usr") == "bin/compatcaps-trace
bin/compatcaps_probe
bin/decode_bitmap
lib/systemd/system/compatcaps-trace.service
lib/tmpfiles.d/compatcaps-trace.conf
$data
$(pages compatcaps-trace compatcaps_probe decode_bitmap)
$zsh" ]]
result $? "all of it"
completed "$dest/usr" compatcaps-trace compatcaps_probe decode_bitmap
result $? "with a completion for each program"
[[ $(architectures "$dest/usr/bin") == PowerPC64 ]]
result $? "and for that machine alone"

if [[ $here == ppc64le ]]; then
	echo "ok - installed for this machine # SKIP it is the same"
else
	try make -s install PREFIX="$tmp/own"
	result $? "installed for this machine"
	[[ $(installed "$tmp/own") == "bin/compatcaps-trace
bin/decode_bitmap
$data
$(pages compatcaps-trace decode_bitmap)
$zsh" ]]
	result $? "what is of use there"
	completed "$tmp/own" compatcaps-trace decode_bitmap
	result $? "completion of no program that is not there"
	try make -s install PREFIX="$tmp/zsh" ZSH_DIR=some/where && [[ -e $tmp/zsh/some/where/_compatcaps-trace && ! -e $tmp/zsh/share/zsh ]]
	result $? "zsh's where it looks"
	[[ $(architectures "$tmp/own/bin") != *PowerPC* ]]
	result $? "and no program for ppc64le"
	says 'cannot trace' && says 'ARCH=ppc64le DESTDIR=DIR'
	result $? "which is said"
	try make -s install ARCH=reader DESTDIR="$tmp/reader" PREFIX=/usr
	result $? "installed for a package of what reads recordings"
	[[ $(installed "$tmp/reader/usr") == "$(installed "$tmp/own")" && ! -s $tmp/said ]]
	result $? "the same, without a word"
	try env ARCH=powerpc make -s install PREFIX="$tmp/own"
	result $? "a variable of the kernel's makefiles does not count"
	! try make -s install ARCH=ppc64le PREFIX="$tmp/other" && [[ ! -e $tmp/other ]] && says DESTDIR=DIR
	result $? "programs for ppc64le do not go where programs of this machine are"
	! try make -s install ARCH=sparc DESTDIR="$tmp/sparc" && [[ ! -e $tmp/sparc ]] && says 'no programs for sparc'
	result $? "nor anything for another"
fi

# The same sources where nobody expects them, and a cache of such a name.
tree="$tmp/it's a \"tree\" (\$HOME, say)"
mkdir "$tree"
cp -R --preserve=mode,timestamps Makefile NEWS README.md src tools docs bench packaging tests "$tree"
if [[ -z ${SYSROOT:-} && $here != ppc64le ]]; then
	sysroot=$(tools/root path sysroot)
	ln -s "${sysroot%/roots/*}" "$tmp/a cache's"
	export COMPATCAPS_CACHE="$tmp/a cache's"
fi
# What is packed there is packed by name, without git, and does not hold what was made.
try make -C "$tree" -s O=o dist && tar -tzf "$tree"/o/compatcaps-trace-*.tar.gz >"$tmp/packed" &&
	grep -qE '^compatcaps-trace-[0-9.]+/src/compatcaps\.bpf\.c$' "$tmp/packed" && ! grep -qE '/o/' "$tmp/packed"
result $? "a tarball without git"
# What check was told of its own build is not meant for this one.
try env -u STATIC make -C "$tree" -s O=o TOOLCHAIN=host o/ppc64le/bin/decode_bitmap o/ppc64le/gen/compatcaps.skel.h o/host/bin/decode_bitmap
result $? "a tree and a cache of any name are built in"
exit "$failed"
