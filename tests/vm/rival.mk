# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The processes that are in each other's way in tests/vm/guest/rivals: static, like conformance.
$(P)/tests/rival: tests/vm/rival.c src/kvm/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -static -pthread -o $@ $<

check check-vm: $(P)/tests/rival
