# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What makes the VMs that tests/vm/test-vms lists: static, like conformance.
$(P)/tests/crowd: tests/vm/crowd.c src/kvm/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -static -o $@ $<

check check-vm: $(P)/tests/crowd
