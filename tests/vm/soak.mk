# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What calls, disturbs and counts in the guests of tests/vm/soak.
$(P)/tests/soak: $(wildcard tests/vm/soak*.[ch]) src/kvm/abi.h src/kvm/compatcaps.h $(JSON:%=$(P)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -pthread -o $@ $(filter %.c %.o,$^) $(JSON_LIB)

check check-vm check-debug: $(P)/tests/soak

.PHONY: soak
soak: all $(P)/tests/soak ## an hour of everything that may happen to a tracer (SOAK_SECONDS), on three kernels
	$(Q)tests/vm/soak
