# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What build and check share: finding a base, keeping one tree of it, and giving
# that tree the content of a list of patches.
# shellcheck disable=SC2154 # $here and $name are the caller's

top=$(dirname "$here")
# shellcheck source=tools/cache.sh
. "$top/tools/cache.sh"
cache_outside=$cache
# The kernel's makefiles take no path with a space, a colon or a quote: a root has another name for such.
if [[ $cache == *[!A-Za-z0-9_./+~@%,=-]* ]]; then
	if [[ -n ${COMPATCAPS_ROOT:-} ]]; then
		cache=/run/cache
	elif [[ ${TOOLCHAIN:-root} == host ]]; then
		echo "kernel: no kernel can be built below $cache: its makefiles take no path with a space, a colon or a quote: set COMPATCAPS_CACHE to another" >&2
		exit 1
	fi
fi
sources=$cache/kernel-src
kernels=$cache/kernels

say() { echo "kernel: $*" >&2; }
die() { say "$*"; exit 1; }

# A path of the cache as it is called outside.
outside() { echo "${1/#"$cache/"/"$cache_outside/"}"; }

series_names() { (cd "$here" && echo v*/ | tr -d /); }

# What a series is put on: v7.2-mainline is one more for v7.2, of which it shares the tree and
# the objects. Two series take turns in it, and what both have alike is built once.
base_name() { echo "${name%%-*}"; }

# Of what the configuration is made: build adds config-64k, config-debug or both, and the kernel's name
# ends like that.
fragments=(config)
variant() { printf %s "${fragments[@]#config}"; }

in_toolchain() {
	if [[ -n ${COMPATCAPS_ROOT:-} || ${TOOLCHAIN:-root} == host ]]; then
		"$@"
	else
		"$top/tools/root" enter toolchain -- "$@"
	fi
}

# Which packages of Debian hold the base, the newest first: "package version suite". It is one for all
# architectures; the index of this machine's own lists it as well. One that was had is kept, until tools/root update.
candidates() {
	local version found
	version=$(base_name)
	version=${version#v}
	if [[ ! -s $(choice) ]]; then
		no_more_than_look
		use_cache
		mkdir -p "$kernels"
		found=$("$top/tools/root" list "$(base_suites)" "$(dpkg --print-architecture)" "^linux-source-${version//./[.]}\$" |
			sort -k2,2rV)
		[[ -n $found ]] || base_is_gone
		echo "$found"
		return
	fi
	cat "$(choice)"
}

choice() { echo "$kernels/$(base_name).choice"; }

base_suites() { cat "$here/$(base_name)/suites"; }

base_is_gone() {
	local version
	version=$(base_name)
	say "*** the base of $name is gone: no suite of $(base_suites) holds linux-source-${version#v} any more"
	say "*** take that version from elsewhere (a tarball, a git tree, an archive of old packages): LINUX_SRC=PATH make kernel KERNEL=$name"
	say "*** or put the series on what Debian has now, which may need work:"
	"$top/tools/root" list trixie,trixie-backports,testing,sid,experimental "$(dpkg --print-architecture)" '^linux-source-[0-9]' 2>/dev/null |
		sed 's/^/kernel:       /' >&2 || true
	exit 3
}

# A tree of the user's own is never built in: it is copied, and told by its content.
base_of_user() {
	local src=$LINUX_SRC
	[[ -e $src ]] || die "LINUX_SRC=$src does not exist"
	src=$(readlink -f "$src")
	if [[ -d $src ]]; then
		[[ -e $src/arch/powerpc/kvm/powerpc.c ]] || die "LINUX_SRC=$src holds no Linux source (arch/powerpc/kvm is missing)"
		base=tree-$(cd "$src" && find . -name .git -prune -o -type f -printf '%P %s %T@\n' | sort | sha256sum | cut -c1-12)
		fill=(rsync -rlpt --delete --exclude=/.git "$src/")
	else
		base=file-$(sha256sum "$src" | cut -c1-12)
		fill=(unpack "$src")
	fi
}

base_of_debian() {
	local all package version suite dir tar
	all=$(candidates) || exit
	while read -r package version suite; do
		dir=$("$top/tools/root" debs "$package-$version" "$suite" "$(dpkg --print-architecture)" "$package=$version" </dev/null) || {
			say "*** the archive names $package $version and does not deliver it"
			continue
		}
		echo "$package $version $suite" >"$(choice).$$"
		mv "$(choice).$$" "$(choice)"
		tar=$(echo "$dir"/usr/src/linux-source-*.tar.xz)
		base=$version
		fill=(unpack "$tar")
		return
	done <<<"$all"
	say "*** no base for $name: say tools/root update and try again, or LINUX_SRC=PATH"
	exit 3
}

unpack() { tar -x -f "$1" -C "$2" --strip-components=1 --no-same-owner; }

# Leaves the tree in $work/linux. One that was not finished is started over.
prepare_base() {
	local fill
	use_cache
	if [[ -n ${LINUX_SRC:-} ]]; then
		base_of_user
	else
		base_of_debian
	fi
	work=$sources/$(base_name)-$base
	# One for all commits of a tree, so that no more is built than what differs.
	[[ -z ${AS_IS:-} ]] || work=$sources/as-is-$(readlink -f "$LINUX_SRC" | sha256sum | cut -c1-12)
	use_work
	[[ -n ${AS_IS:-} || ! -e $work/complete ]] || return 0
	no_more_than_look
	lock_work
	[[ -z ${AS_IS:-} ]] || copy_again
	if [[ ! -e $work/complete ]]; then
		say "$name: unpacking the base, $base"
		rm -rf "$work/linux" "$work/pristine"
		mkdir -p "$work/linux"
		"${fill[@]}" "$work/linux" || die "could not unpack ${fill[*]}: is the disk full?"
		touch "$work/complete"
	fi
	unlock_work
}

# What is the same keeps its time, and is not built again.
copy_again() {
	mkdir -p "$work/linux"
	"${fill[@]}" "$work/linux" || die "could not copy $LINUX_SRC: is the disk full?"
	touch "$work/complete"
}

use_work() {
	# What came from outside is called there as the cache is.
	work=${work/#"$cache_outside/"/"$cache/"}
	mkdir -p "$work"
	tree=$work/linux
	obj=$work/obj$(variant)
	cross=
	[[ $(uname -m) == ppc64le ]] || cross=powerpc64le-linux-gnu-
}

lock_work() {
	exec 8>"$work/lock"
	flock -n 8 || { say "another build uses the tree of $name: waiting for it"; flock 8; }
}

unlock_work() { exec 8>&-; }

cc() { command -v "${cross}gcc-14" >/dev/null && echo "${cross}gcc-14" || echo "${cross}gcc"; }

# Nothing of the day, the user or the machine goes into the kernel.
kmake() {
	KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=build KBUILD_BUILD_HOST=compatcaps \
		nice -n 10 make -C "$tree" O="$obj" ARCH=powerpc CROSS_COMPILE="$cross" CC="$(cc)" \
		LOCALVERSION=-compatcaps "$@"
}

head_version() { awk '/^(VERSION|PATCHLEVEL|SUBLEVEL) =/ { v = v s $3; s = "." } END { print "Linux " v }' "$tree/Makefile"; }

content_key() {
	echo "$base $(cat "${fragments[@]/#/$here/}" "$@" | sha256sum | cut -c1-16)"
}

already_has_feature() {
	local file=include/uapi/linux/kvm.h
	[[ ! -e $work/pristine/$file ]] || file=../pristine/$file
	grep -q KVM_PPC_GET_COMPAT_CAPS "$tree/$file"
}

patched_files() { sed -n 's,^+++ b/\([^\t]*\).*,\1,p' "$@" | sort -u; }

# Give the tree the content "base plus these patches". A file is only written where
# its content changes, so that make rebuilds no more than it has to.
put_patches() {
	local scratch=$work/scratch f p
	rm -rf "$scratch"
	mkdir -p "$scratch" "$work/pristine"
	while read -r f; do
		if [[ ! -e $work/pristine/$f ]]; then
			mkdir -p "$work/pristine/$(dirname "$f")"
			cp --preserve=mode,timestamps "$tree/$f" "$work/pristine/$f.new"
			mv "$work/pristine/$f.new" "$work/pristine/$f"
		fi
	done < <([[ $# -eq 0 ]] || patched_files "$@")
	cp -dR --preserve=mode,timestamps "$work/pristine/." "$scratch/"
	for p; do
		patch --quiet --force --no-backup-if-mismatch -p1 -d "$scratch" <"$p" >"$work/patch.log" 2>&1 || {
			sed 's/^/  /' "$work/patch.log" >&2
			die "$(basename "$p") does not apply to $base: the series is for $name; see kernel-patches/README.md"
		}
	done
	(cd "$scratch" && find . -type f) | while read -r f; do
		cmp -s "$scratch/$f" "$tree/$f" || cp --remove-destination "$scratch/$f" "$tree/$f"
	done
	rm -rf "$scratch"
}
