# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The program that tests/vm/guest/conformance runs. It is static: it
# must run on any kernel's userland.
$(P)/tests/conformance: tests/vm/conformance.c src/abi.c src/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -static -pthread -o $@ tests/vm/conformance.c src/abi.c

check check-vm check-mutants: $(P)/tests/conformance
