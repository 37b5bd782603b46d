#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2319 # the status of a condition is what is meant
# tests/vm/qemu/build, with an archive that delivers what it is told to and a build that does as told. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash
tree=$tmp/tree
mkdir -p "$tree"/tools/roots "$tree"/tests/vm
cp -r tests/vm/qemu "$tree/tests/vm"
cp tools/cache.sh "$tree/tools"
cp tools/roots/qemu-* "$tree/tools/roots"
export COMPATCAPS_CACHE=$tmp/cache STUB=$tmp/stub
unset COMPATCAPS_ROOT
mkdir "$STUB"

# What it is asked for is kept in asked; there is a source where $STUB/new or stable says its version, and a
# build of it fails where $STUB/broken says the same.
cat >"$tree/tools/root" <<'END'
#!/bin/bash
echo "$*" >>"$STUB/asked"
case $1 in
source)
	for suite in new stable; do
		[[ $suite == new && $3 == trixie ]] || [[ ! -e $STUB/$suite ]] || { echo "$STUB/source-qemu_$(<"$STUB/$suite")"; exit; }
	done
	echo "root: the mirror has none" >&2
	exit 1
	;;
enter)
	[[ ! -e $STUB/broken || $7 != *_$(<"$STUB/broken") ]] || exit 1
	mkdir -p "$8"
	printf '#!/bin/sh\n' >"$8/qemu-system-ppc64"
	chmod +x "$8/qemu-system-ppc64"
	;;
esac
END
chmod +x "$tree/tools/root"

# says WHAT STATUS WORDS ARGUMENT...: it ends so, and says so.
says() {
	local what=$1 status=$2 words=$3
	shift 3
	"$tree/tests/vm/qemu/build" "$@" >"$tmp/said" 2>&1
	[[ $? -eq $status && $(<"$tmp/said") == *"$words"* ]]
	result $? "$what"
}

# built WHAT N: so many builds were begun in all.
built() {
	[[ $(grep -c '^enter' "$STUB/asked") -eq $2 ]]
	result $? "$1"
}

says "before anything is prepared there is none" 1 'tests/vm/qemu/build prepare' path negotiates
says "without a source none is built" 3 'will be skipped' prepare
says "and who needs one is told why" 3 'the mirror has none' path negotiates
echo 11.1 >"$STUB/new"
echo 10.0 >"$STUB/stable"
says "with one both are built" 0 'building QEMU 11.1 that refuses' prepare
built "once each" 2
says "and are where they are said to be" 0 "$COMPATCAPS_CACHE/qemu/negotiates-" path negotiates
says "nothing is built twice" 0 '' prepare
built "nor begun" 2
echo 11.9 >"$STUB/new"
echo 11.9 >"$STUB/broken"
says "where the newest cannot be built that of stable is" 0 'going on with the QEMU of trixie' prepare
built "after one try" 5
says "which is not made again" 0 'could not be built before' prepare
built "for the same source and patch" 5
says "it can be used" 0 "$COMPATCAPS_CACHE/qemu/refuses-" path refuses
echo 10.0 >"$STUB/broken"
echo '# another' >>"$tree/tests/vm/qemu/refuses.patch"
rm "$STUB/new"
says "where none can be built that is a failure" 1 'no QEMU could be built' prepare
says "of which nobody is told that it is none" 1 'that refuses yet' path refuses
says "a name that is none is refused" 2 'NAME is one of' path nonsense
exit $failed
