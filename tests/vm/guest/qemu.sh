# shellcheck shell=busybox disable=SC2034 # who sources it starts them
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Real QEMUs in a guest: Debian's (a tree of Debian in /vmm), one that queries by itself, where there is one in
# /negotiates, and Debian's that does, where there is a tree with it in /newest. Their guest is a kernel in /root: l2,
# the smallest one, or a Linux.
debians=qemu-system-ppc64 queries=/run/qemu-system-ppc64
# Where l2 starts them.
vmm_tree=/vmm

vmm_mounts() {
	for tree in /vmm /newest; do
		[ -d $tree ] || continue
		mount --bind /dev $tree/dev
		mount --bind /sys $tree/sys
		mount -t proc none $tree/proc
		mount -t tmpfs none $tree/tmp
	done
	[ ! -d /negotiates ] || mount --bind /negotiates /vmm/run
}

vmm_umounts() {
	for tree in /vmm /newest; do
		[ ! -d $tree ] || umount $tree/dev $tree/sys $tree/proc $tree/tmp
	done
	[ ! -d /negotiates ] || umount /vmm/run
}

# l2 NAME PROGRAM KERNEL [OPTION]: until this QEMU ends, or its guest has come to its end, or it says that it failed.
# OPTION is one of its machine.
l2() {
	local n=0 option=${4:+,$4} tmp=$vmm_tree/tmp
	cp "/root/$3" "$tmp/$3"
	mkfifo "/tmp/$1.monitor"
	exec 5<>"/tmp/$1.monitor"
	chroot $vmm_tree "$2" -nodefaults -display none -monitor stdio -serial "file:/tmp/$1.serial" \
		-name "guest=$1,debug-threads=on" -m 512 -kernel "/tmp/$3" -append console=hvc0 \
		-M "pseries,accel=kvm,x-vof=on,cap-nested-hv=off,cap-hpt-max-page-size=4096,cap-dawr1=off$option" \
		<&5 >"/out/$1.out" 2>"/out/$1.err" &
	vmm=$!
	until grep -qs 'kvm run failed\|unknown exit' "/out/$1.err" || grep -qs 'Unable to mount root' "$tmp/$1.serial" ||
		! kill -0 "$vmm" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 600 ] || { echo "the guest of $1 neither ran nor failed within a minute" >&2; break; }
		sleep 0.1
	done
	echo quit >&5
	wait "$vmm"
	echo $? >"/out/$1.status"
	[ ! -e "$tmp/$1.serial" ] || cp "$tmp/$1.serial" /out
	rm "$tmp/$3"
}

# wait_for WORDS N FILE: until N lines of it have them.
wait_for() {
	local n=0
	until [ "$(grep -c "$1" "$3" 2>/dev/null)" -ge "$2" ]; do
		n=$((n + 1))
		[ $n -lt 600 ] || { echo "no $2 lines of '$1' in $3 within a minute" >&2; return 1; }
		sleep 0.1
	done
}

# l2_again NAME PROGRAM KERNEL: two vCPUs, of which its guest starts one; it comes to its end, is reset from outside, and
# comes to its end again.
l2_again() {
	cp "/root/$3" "/vmm/tmp/$3"
	mkfifo "/tmp/$1.monitor"
	exec 5<>"/tmp/$1.monitor"
	chroot /vmm "$2" -nodefaults -display none -monitor stdio -serial "file:/tmp/$1.serial" -no-shutdown -smp 2 \
		-name "guest=$1,debug-threads=on" -m 512 -kernel "/tmp/$3" \
		-M "pseries,accel=kvm,x-vof=on,cap-nested-hv=off,cap-hpt-max-page-size=4096,cap-dawr1=off" \
		<&5 >"/out/$1.out" 2>"/out/$1.err" &
	vmm=$!
	wait_for 'The guest runs' 1 "/vmm/tmp/$1.serial"
	# Powered off, it stops.
	n=0
	until grep -q 'VM status: paused (shutdown)' "/out/$1.out" || [ $n -gt 100 ]; do
		echo 'info status' >&5
		n=$((n + 1))
		sleep 0.1
	done
	echo system_reset >&5
	echo cont >&5
	wait_for 'The guest runs' 2 "/vmm/tmp/$1.serial"
	echo quit >&5
	wait "$vmm"
	echo $? >"/out/$1.status"
	cp "/vmm/tmp/$1.serial" /out
	rm "/vmm/tmp/$3"
}
