# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The targets that test, and what they run: unit tests, under ASan and UBSan, and the programs that guests take
# along. Included by the Makefile, inside alone.
.PHONY: check check-unit check-model check-vm check-stories check-lint check-64k check-debug check-mutants soak attach-soak

UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*/test_*.c))
U := $(H)/unit
# What unit tests link: as much as each of them needs.
TESTED := $(sort $(filter-out src/compatcaps.c,$(OFFLINE)) $(TOOL) src/live/child.c src/live/frames.c src/live/process.c src/doctor/doctor_qemus.c) tests/unit/work.c
$(eval $(call compile,$(U)/obj,HOSTCC,$$(HOSTCC) $$(S_CFLAGS)))
$(U)/obj/src/%.o: S_CFLAGS += -DCOMPATCAPS_OFFLINE
# Two minutes under a sanitizer, and not ours.
$(JSON:%.c=$(U)/obj/%.o): S_CFLAGS := $(H_CFLAGS)

$(U)/tested.a: $(call objects,$(U)/obj,$(TESTED))
	@rm -f $@
	$(Q)ar rcs $@ $^

$(foreach t,$(UNIT),$(eval $(call link,$(U)/$t,$(U)/obj/tests/unit/$t.o $(U)/tested.a,$$(HOSTCC) $$(S_CFLAGS),-lcmocka $(OFFLINE_LIBS))))
# What reads recordings, once more under ASan and UBSan.
$(eval $(call link,$(U)/compatcaps-trace,$(U)/obj/src/compatcaps.o $(U)/tested.a,$$(HOSTCC) $$(S_CFLAGS),$(OFFLINE_LIBS)))
# For valgrind, which knows malloc() only where the C library is a shared one.
SHARED := $(H)/shared/compatcaps-trace $(H)/shared/decode_bitmap
$(eval $(call link,$(H)/shared/compatcaps-trace,$(call objects,$(H)/obj,$(OFFLINE)),$(HOSTCC) $(H_CFLAGS),$(OFFLINE_LIBS)))
$(eval $(call link,$(H)/shared/decode_bitmap,$(call objects,$(H)/obj,tools/decode_bitmap.c $(TOOL)),$(HOSTCC) $(H_CFLAGS),$(JSON_LIB)))

# ---------------------------------------------------------------- what guests take along

# They are static: they must run on any kernel's userland.
$(P)/tests/%: tests/vm/%.c src/kvm/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -static -pthread -o $@ $(filter %.c %.o,$^)

$(P)/tests/conformance: tests/vm/conformance_modes.c src/kvm/abi.c tests/vm/conformance.h
$(P)/tests/soak: $(wildcard tests/vm/soak_*.c tests/vm/soak.h) src/kvm/compatcaps.h $(JSON:%.c=$(P)/obj/%.o)

# The smallest guest, for QEMUs in guests.
$(P)/tests/l2: tests/vm/l2.S
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) -mbig -mabi=elfv2 -nostdlib -static -Wl,-N,-Ttext=0,-e,_start,--build-id=none,--no-warn-rwx-segments -o $@ $<

# libbpf inside, where it is not this machine's.
BPF_LIBS := $(if $(SYSROOT),-Wl$(comma)-Bstatic -lbpf -Wl$(comma)-Bdynamic,-lbpf) -lelf -lz

# What attaches and calls in the guests of tests/vm/attach-soak.
$(P)/tests/attach-soak: tests/vm/attach_soak.c src/kvm/abi.h $(P)/gen/attach_soak.skel.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -pthread -o $@ $< $(BPF_LIBS)

guest_programs = $(addprefix $(P)/tests/,$(1))
check check-vm: $(call guest_programs,conformance crowd l2 rival soak steps)
check-unit ready-demo check-stories: $(P)/tests/l2
check-stories: $(P)/tests/steps
check-64k: $(call guest_programs,conformance steps)
check-debug: $(call guest_programs,conformance soak steps)
check-mutants: $(P)/tests/conformance

# ---------------------------------------------------------------- the targets

check check-unit: all $(UNIT:%=$(U)/%) $(U)/compatcaps-trace $(H)/bin/compatcaps_probe $(SHARED)

check: ## run every test; the last line counts them
	$(Q)$(ALONE) $(TOOLS) UNIT="$(UNIT)" tests/check $(CHECK)

check-unit: ## the tests that need no guest
	$(Q)$(ALONE) $(TOOLS) UNIT="$(UNIT)" tests/check unit lint

check-model: readers ## random recordings whose truth is known, 20,000 of them (SEEDS=FROM-TO)
	$(Q)$(ALONE) $(TOOLS) tests/model/run --seeds $(or $(SEEDS),1-20000) --jobs $(or $(JOBS),$(shell nproc))

check-vm: all ## the tests in guests
	$(Q)$(ALONE) tests/check vm

check-stories: all ## only those with a real QEMU in the guest, and with VMMs that race
	$(Q)$(ALONE) tests/check stories

check-lint: all ## only the static checks
	$(Q)$(ALONE) tests/check lint

check-64k: all ## the patched kernels with pages of 64 KiB: half an hour to build them, ten minutes
	$(Q)$(ALONE) tests/check 64k

check-debug: all ## kernels with KASAN, lockdep, kmemleak and more: half an hour to build them, half an hour
	$(Q)$(ALONE) CHECK_TIMEOUT=7200 JOBS=$(or $(JOBS),2) tests/check debug

check-mutants: ## show that the kernel tests catch each bug of kernel-patches/mutants
	$(Q)kernel-patches/check-mutants

soak: all $(P)/tests/soak ## an hour of everything that may happen to a tracer (SOAK_SECONDS), on three kernels
	$(Q)tests/vm/soak

attach-soak: all $(P)/tests/attach-soak ## attach and detach beside moving callers (SOAK_SECONDS), on each kernel
	$(Q)tests/vm/attach-soak
