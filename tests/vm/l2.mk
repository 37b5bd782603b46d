# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The smallest guest, for QEMUs in guests.
$(P)/tests/l2: tests/vm/l2.S
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) -mbig -mabi=elfv2 -nostdlib -static -Wl,-N,-Ttext=0,-e,_start,--build-id=none,--no-warn-rwx-segments -o $@ $<

check check-unit check-vm check-stories ready-demo: $(P)/tests/l2
