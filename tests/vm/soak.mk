# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What calls, disturbs and counts in the guests of tests/vm/soak. With the guest's own yyjson.
$(P)/tests/soak: $(wildcard tests/vm/soak*.[ch]) src/kvm/abi.h src/kvm/compatcaps.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -pthread -o $@ $(filter %.c,$^) -lyyjson

check check-vm check-debug: $(P)/tests/soak

.PHONY: soak
soak: all $(P)/tests/soak ## an hour of everything that may happen to a tracer (SOAK_SECONDS), on three kernels
	$(Q)tests/vm/soak
