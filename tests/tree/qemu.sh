#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2319 # the status of a condition is what is meant
# tests/vm/qemu/build and newest, with an archive that delivers what it is told to and a build that does as told. TAP.
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
# build of it fails where $STUB/broken says the same. Packages are listed as $STUB/list has them, each suite's, and
# can be fetched from suites that $STUB/whole names.
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
list)
	[[ -e $STUB/list ]] || { echo "root: no mirror" >&2; exit 1; }
	grep -E " (${2//,/|})$" "$STUB/list"
	;;
install)
	grep -qxF "$3" "$STUB/whole" || exit
	mkdir -p "$STUB/$2"
	echo "$STUB/$2"
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
program=build
says() {
	local what=$1 status=$2 words=$3
	shift 3
	"$tree/tests/vm/qemu/$program" "$@" >"$tmp/said" 2>&1
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

# Debian's own that queries.
program=newest
found=$COMPATCAPS_CACHE/qemu/newest
says "nobody has looked for Debian's own" 3 'newest prepare' path
says "without a mirror that is no failure" 0 'is not known: no mirror' prepare
says "and is said" 3 'no mirror could be reached' path
[[ $(COMPATCAPS_LOOK=1 "$tree/tests/vm/qemu/newest" path) == '' ]]
result $? "nobody looks again on that day"
touch -d '2 days ago' "$found"
! COMPATCAPS_LOOK=1 "$tree/tests/vm/qemu/newest" path
result $? "but later"
printf '%s\n' 'qemu-system-ppc 1:11.1.3+ds-1 sid' 'qemu-system-ppc 1:10.2.2+ds-1 testing' 'qemu-system-ppc 1:11.1.9+ds-1 experimental' >"$STUB/list"
says "as long as Debian has none" 0 '' prepare
says "the newest is named" 3 'Debian has no QEMU that queries yet: the newest that the mirror names is 1:11.1.9+ds-1 of experimental' path
echo 'qemu-system-ppc 1:11.2.0~rc0+ds-1 experimental' >>"$STUB/list"
: >"$STUB/whole"
says "one that the mirror does not deliver" 0 '*** the mirror does not deliver QEMU 1:11.2.0~rc0+ds-1 of experimental' prepare
says "is said" 3 'and the mirror does not deliver it' path
echo experimental+sid >"$STUB/whole"
says "a release candidate is taken, and that is said loudly" 0 '*** Debian has a QEMU that queries, 1:11.2.0~rc0+ds-1 of experimental' prepare
says "and is where it is said to be" 0 "$STUB/qemu-11.2.0~rc0+ds-1" path
grep -qxF 'install qemu-11.2.0~rc0+ds-1 experimental+sid ppc64el -t experimental qemu-system-ppc=1:11.2.0~rc0+ds-1' "$STUB/asked"
result $? "with what it needs of its own kind"
printf '%s\n' 'qemu-system-ppc 1:11.2.0+ds-1 sid' 'qemu-system-ppc 1:11.2.0+ds-1 testing' >>"$STUB/list"
echo testing >"$STUB/whole"
says "a release is preferred, from the suite that delivers it" 0 '1:11.2.0+ds-1 of testing' prepare
says "it takes the place of the other" 0 "$STUB/qemu-11.2.0+ds-1" path
rm "$STUB/list"
says "and stays where no mirror can be reached" 0 '' prepare
says "until there is one" 0 "$STUB/qemu-11.2.0+ds-1" path
exit $failed
