# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The program that tests/vm/guest/conformance runs. It is static: it
# must run on any kernel's userland.
CONFORMANCE := tests/vm/conformance.c tests/vm/conformance_modes.c src/kvm/abi.c
$(P)/tests/conformance: $(CONFORMANCE) tests/vm/conformance.h src/kvm/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -Isrc -static -pthread -o $@ $(CONFORMANCE)

check check-vm check-64k check-debug check-mutants: $(P)/tests/conformance
