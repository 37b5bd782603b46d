# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two halves. Outside, a target runs the same make again inside a cached Debian root
# that holds the tools (tools/root). Inside, or with TOOLCHAIN=host, things are built.

VERSION := 0.1.0
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
msg = @$(if $(filter 1,$(V)),:,printf '  %-8s %s\n' "$(1)" "$(2)")
MAKEFLAGS += --no-print-directory
O ?= build
HOST_ARCH := $(shell uname -m)
TOOLCHAIN ?= $(if $(filter ppc64le,$(HOST_ARCH)),host,root)
KERNEL ?=

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all check check-unit check-vm check-stories check-lint check-mutants demo kernel vmlinux bench \
	install clean distclean help

help: ## this text
	@echo "compatcaps-trace $(VERSION). Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 18
	@printf '%s\n' "Variables:" \
	"  TOOLCHAIN=host    build with this machine's tools where they suffice (default on ppc64le), not with a cached root" \
	"  O=DIR             where to build (build)" \
	"  V=1               show the commands" \
	"  COMPATCAPS_CACHE  downloads, roots and kernels (~/.cache/compatcaps-trace)" \
	"  DEBIAN_MIRROR     a Debian mirror (default: the one in this host's apt configuration)" \
	"  DESTDIR, PREFIX   for install (/usr/local)"

ifneq ($(TOOLCHAIN)$(COMPATCAPS_ROOT),root)
ifeq ($(HOST_ARCH),ppc64le)
CROSS_CC ?= $(CC)
SYSROOT :=
else
CROSS_CC ?= powerpc64le-linux-gnu-gcc-14
SYSROOT ?= $(shell tools/root path sysroot)
endif
CLANG ?= $(firstword $(foreach c,clang-19 clang-20 clang-18 clang-17 clang,$(shell command -v $(c))))
BPFTOOL ?= $(firstword $(foreach c,bpftool /usr/sbin/bpftool,$(shell command -v $(c))))
HOSTCC ?= gcc

CSTD := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Isrc -DCOMPATCAPS_VERSION='"$(VERSION)"'
CFLAGS ?= -O2 -g
P := $(O)/ppc64le
H := $(O)/host
P_CFLAGS := $(CSTD) $(CFLAGS) $(if $(SYSROOT),--sysroot=$(SYSROOT)) -I$(P)/gen
H_CFLAGS := $(CSTD) $(CFLAGS)
S_CFLAGS := $(CSTD) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_powerpc -Wall -Wextra -Werror -Wno-unused-parameter -Isrc \
	$(if $(SYSROOT),-isystem $(SYSROOT)/usr/include -isystem $(SYSROOT)/usr/include/powerpc64le-linux-gnu,\
	-isystem /usr/include/powerpc64le-linux-gnu)

TOOLS = CROSS_CC="$(CROSS_CC)" HOSTCC="$(HOSTCC)" CLANG="$(CLANG)" BPFTOOL="$(BPFTOOL)" BPF_CFLAGS="$(BPF_CFLAGS)"

ifeq ($(TOOLCHAIN)$(COMPATCAPS_ROOT),host)
HOST_LACKS := $(if $(filter-out help clean distclean,$(or $(MAKECMDGOALS),all)),$(shell $(TOOLS) tools/host_tools))
ifneq ($(HOST_LACKS),)
$(info make: this machine lacks $(HOST_LACKS): taking the tools of a cached root instead)
override TOOLCHAIN := root
export TOOLCHAIN
endif
endif
endif

ifneq ($(TOOLCHAIN)$(COMPATCAPS_ROOT),root)
# ---------------------------------------------------------------- inside: build

PURE := abi diagnosis parse out json_caps story guest emit_text emit_json
TRACE := $(PURE) compatcaps options attach host watch child
PROGS := compatcaps-trace compatcaps_probe decode_bitmap
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

all: $(PROGS:%=$(P)/bin/%) $(H)/bin/decode_bitmap ## build the tracer and the tools for ppc64le

$(P)/obj/%.o: src/%.c | $(P)/gen/compatcaps.skel.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -MMD -MP -c $< -o $@

$(P)/obj/tools_%.o: tools/%.c
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -MMD -MP -c $< -o $@

$(H)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(HOSTCC) $(H_CFLAGS) -MMD -MP -c $< -o $@

$(H)/obj/tools_%.o: tools/%.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(HOSTCC) $(H_CFLAGS) -MMD -MP -c $< -o $@

$(P)/gen/compatcaps.bpf.o: src/compatcaps.bpf.c src/vmlinux_ppc64le.h src/compatcaps.h src/abi.h
	@mkdir -p $(@D)
	$(call msg,CLANG,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(P)/gen/compatcaps.skel.h: $(P)/gen/compatcaps.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name compatcaps_bpf >$@

$(P)/bin/compatcaps-trace: $(TRACE:%=$(P)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) $(LDFLAGS) $^ -o $@ \
		$(if $(SYSROOT),-Wl$(comma)-Bstatic -lbpf -Wl$(comma)-Bdynamic,-lbpf) -lelf -lz -ljson-c

$(P)/bin/compatcaps_probe: $(P)/obj/tools_compatcaps_probe.o $(P)/obj/abi.o $(P)/obj/parse.o $(P)/obj/out.o $(P)/obj/json_caps.o
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) $(LDFLAGS) -static $^ -o $@ -ljson-c -lpthread

$(P)/bin/decode_bitmap: $(P)/obj/tools_decode_bitmap.o $(P)/obj/abi.o $(P)/obj/parse.o $(P)/obj/out.o $(P)/obj/json_caps.o
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) $(LDFLAGS) $^ -o $@ -ljson-c

$(H)/bin/decode_bitmap: $(H)/obj/tools_decode_bitmap.o $(H)/obj/abi.o $(H)/obj/parse.o $(H)/obj/out.o $(H)/obj/json_caps.o
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(HOSTCC) $(H_CFLAGS) $(LDFLAGS) $^ -o $@ -ljson-c

comma := ,

-include $(wildcard $(P)/obj/*.d $(H)/obj/*.d $(H)/unit/*.d)

# The kernel's types that the program touches, out of a kernel's own BTF. Bootstrapped:
# first against all of the kernel's types, then against those that relocations name.
VMLINUX_KERNEL ?= debian-7.3
vmlinux: ## make src/vmlinux_ppc64le.h anew from the BTF of VMLINUX_KERNEL (debian-7.3)
	$(Q)$(TOOLS) tools/gen_vmlinux "$$(tests/vm/kernel path $(VMLINUX_KERNEL))" src/compatcaps.bpf.c \
		>$(O)/vmlinux_ppc64le.h && mv $(O)/vmlinux_ppc64le.h src/vmlinux_ppc64le.h

# ---------------------------------------------------------------- inside: check

$(H)/unit/%: tests/unit/%.c $(PURE:%=src/%.c) $(wildcard src/*.h)
	@mkdir -p $(@D)
	$(call msg,UNIT,$@)
	$(Q)$(HOSTCC) $(S_CFLAGS) -Itools $< $(PURE:%=src/%.c) \
		-o $@ -lcmocka -ljson-c

check: all $(UNIT:%=$(H)/unit/%) ## run every test; the last line counts them
	$(Q)$(TOOLS) O=$(abspath $(O)) UNIT="$(UNIT)" tests/check $(CHECK)

check-unit: all $(UNIT:%=$(H)/unit/%) ## the tests that need no guest
	$(Q)$(TOOLS) O=$(abspath $(O)) UNIT="$(UNIT)" tests/check unit lint

check-vm: all ## the tests in guests
	$(Q)O=$(abspath $(O)) tests/check vm

check-stories: all $(P)/tests/steps ## of these the ones with a real QEMU in the guest, and with VMMs that race
	$(Q)O=$(abspath $(O)) tests/check stories

check-lint: all ## static checks alone
	$(Q)O=$(abspath $(O)) tests/check lint

demo: all ## boot a POWER11 in POWER10 mode and watch a negotiation
	$(Q)O=$(abspath $(O)) tests/vm/demo

$(P)/bench/ioctl_cost: bench/ioctl_cost.c src/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -static -o $@ $<

bench: all $(P)/bench/ioctl_cost ## what tracing costs, in instructions
	$(Q)O=$(abspath $(O)) bench/cost

include tests/vm/conformance.mk tests/vm/steps.mk

check-mutants: all ## show that the kernel tests catch each reviewed bug
	$(Q)kernel-patches/check-mutants

kernel: ## build a patched kernel: KERNEL=v7.2 or v6.12 (LINUX_SRC= for a tree of yours)
	$(Q)kernel-patches/build $(KERNEL)

PREFIX ?= /usr/local
install: all ## install below DESTDIR and PREFIX
	$(call msg,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/compatcaps-trace
	$(Q)install -m 755 $(PROGS:%=$(P)/bin/%) $(DESTDIR)$(PREFIX)/bin
	$(Q)install -m 644 $(wildcard docs/*.1) $(DESTDIR)$(PREFIX)/share/man/man1
	$(Q)install -m 644 docs/events.schema.json $(DESTDIR)$(PREFIX)/share/compatcaps-trace

else
# ---------------------------------------------------------------- outside: enter the root

# What the inner half wants of the archive is fetched here: apt is the host's.
INNER := all check check-unit check-vm check-stories check-lint check-mutants demo bench vmlinux install
.PHONY: $(INNER) prepare prepare-kernels prepare-patched
prepare:
	@tools/root check && for r in sysroot toolchain $(ROOTS_FOR_$(MAKECMDGOALS)); do tools/root path $$r >/dev/null || exit; done
ROOTS_FOR_check := vmm
ROOTS_FOR_check-stories := vmm
prepare-kernels: prepare
	@for k in $(KERNELS_FOR_$(MAKECMDGOALS)); do tests/vm/kernel path $$k >/dev/null || exit; done
KERNELS_FOR_check := debian-7.3 debian-7.3-64k debian-6.12
KERNELS_FOR_check-vm := $(KERNELS_FOR_check)
KERNELS_FOR_check-stories := debian-7.3 debian-6.12
KERNELS_FOR_check-unit := debian-7.3
KERNELS_FOR_check-lint := debian-7.3
KERNELS_FOR_demo := debian-7.3
KERNELS_FOR_bench := debian-7.3
KERNELS_FOR_vmlinux := debian-7.3

# A base that has left the archive costs its own kernel's tests, which then fail, and no other.
PATCHED_FOR_check := v7.2 v6.12
# For the checks of the patches themselves.
CHECKED_FOR_check := v7.2 v6.12
PATCHED_FOR_check-vm := $(PATCHED_FOR_check)
PATCHED_FOR_check-stories := $(PATCHED_FOR_check)
prepare-patched: prepare
	@for s in $(PATCHED_FOR_$(MAKECMDGOALS)); do kernel-patches/build $$s >/dev/null || \
		echo "make: the kernel of $$s could not be built: its tests will fail" >&2; done
	@for s in $(CHECKED_FOR_$(MAKECMDGOALS)); do kernel-patches/check --prepare $$s || \
		echo "make: what checking $$s needs could not be had: its checks will fail" >&2; done

$(INNER): prepare-kernels prepare-patched
	@tools/root enter toolchain -- $(MAKE) O=$(O) V=$(V) $@

kernel:
	@kernel-patches/build $(KERNEL)
endif

clean: ## remove what was built (not what was downloaded)
	$(Q)rm -rf $(O)

distclean: clean ## remove the cache of downloads, roots and kernels as well
	$(Q)tools/root clean
