# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The VMM on command that tests/vm/test-stories takes into its guests: static, like conformance.
$(P)/tests/steps: tests/vm/steps.c src/kvm/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -static -pthread -o $@ $<

check check-vm check-64k check-debug: $(P)/tests/steps
