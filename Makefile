# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two halves. Outside, a target runs the same make again inside a cached Debian root that holds the tools
# (tools/root, tools/prepare). Inside, or with TOOLCHAIN=host, things are built. What only tests, benchmarks
# and packages need is in tests/tests.mk, tests/fuzz/fuzz.mk, bench/bench.mk and packaging/packaging.mk.

VERSION := 0.2.0
comma := ,
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
# For what runs make itself, and is no part of this one.
ALONE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL
msg = @$(if $(filter 1,$(V)),:,printf '  %-8s %s\n' "$(1)" "$(2)")
MAKEFLAGS += --no-print-directory
# Below the top, where scripts look for it too: so that the path of the tree may have any character.
O ?= build
export O
HOST_ARCH := $(shell uname -m)
TOOLCHAIN ?= $(if $(filter ppc64le,$(HOST_ARCH)),host,root)
KERNEL ?=
# What these make is for this machine alone, or for none.
WITHOUT_CROSS := help clean distclean install built dist readers
CROSS_GOALS := $(filter-out $(WITHOUT_CROSS),$(or $(MAKECMDGOALS),all))

quote := '
ifneq ($(words $(O))$(shell printf %s '$(subst $(quote),'\$(quote)',$(O))' | tr -d 'A-Za-z0-9_./+~@%^,=-'),1)
$(error O=$(O): make can build in no directory whose name has a space, a quote or the like in it)
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all programs readers demo ready-demo kernel vmlinux check-selftest compile_commands.json install built dist clean distclean help

help: ## this text
	@echo "compatcaps-trace $(VERSION). Targets:"
	@sed -n 's/^\([a-z0-9_.-]*\):.*## \(.*\)/  \1\t\2/p' Makefile $(wildcard */*.mk */*/*.mk) | expand -t 26
	@sed -n 's/^#= /  /p' Makefile

#= Variables:
#=   SOAK_SECONDS=N    for soak: how long (3600); SOAK_SEED=N: what it decides by
#=   DEBUG=1 PAGES=64K for kernel: one that looks for its own faults; one with pages of 64 KiB
#=   KERNEL=NAME       for demo and bench: a kernel of tests/vm/kernels
#=   MACHINE=NAME      for demo: a machine of tests/vm/machines; QEMU=negotiates: with a QEMU that queries
#=   TOOLCHAIN=host    build with this machine's tools where they suffice (default on ppc64le), not with a cached root
#=   O=DIR             where to build (build)
#=   V=1               show the commands
#=   COMPATCAPS_CACHE  downloads, roots and kernels (~/.cache/compatcaps-trace)
#=   DEBIAN_MIRROR     a Debian mirror (default: the one in this host's apt configuration)
#=   DESTDIR, PREFIX   for install (/usr/local)
#=   ARCH=ppc64le      for install on another machine: what a POWER host runs, below DESTDIR

include tools/toolchain.mk

# Of kernel; others set variables of these names for something else.
said = $(if $(filter command,$(firstword $(origin $(1)))),$(filter-out 0,$($(1))))
BUILD_OPTIONS = $(if $(call said,DEBUG),--debug) $(if $(call said,PAGES),--pages $(PAGES))

ifneq ($(TOOLCHAIN)$(COMPATCAPS_ROOT),root)
# ---------------------------------------------------------------- inside: build

# What only a tracer has, and a program that only reads recordings has not.
LIVE := $(wildcard src/live/*.c) src/cmd/live.c src/cmd/live_watch.c src/cmd/filters.c src/doctor/doctor_facts.c src/doctor/doctor_qemus.c
OFFLINE := src/compatcaps.c $(filter-out $(LIVE) %.bpf.c,$(wildcard src/*/*.c)) $(JSON)
# For the tools, which read no recording.
TOOL := src/kvm/abi.c src/lib/parse.c src/lib/text.c src/lib/about.c src/lib/complete.c src/io/out.c src/io/shield.c src/io/signals.c tools/json_caps.c $(JSON)
PROGS := compatcaps-trace compatcaps_probe decode_bitmap
# On ppc64le the program itself reads recordings.
NATIVE := $(if $(filter ppc64le,$(HOST_ARCH)),,$(H)/bin/compatcaps-trace)
# A program that can be loaded at any address, where the C library has what that takes (not on ppc64le).
static = $(if $(STATIC),$(if $(findstring /,$(shell $(1) -print-file-name=rcrt1.o)),-static-pie,-static))
# libbpf is inside wherever it is not this machine's. The static libelf of Debian 13 and later lacks a half of itself.
LIVE_LIBS = $(if $(SYSROOT),-l:libbpf.a,-lbpf) $(if $(STATIC),$(P)/gen/libelf.a,-lelf) -lz
# What reading recordings takes.
OFFLINE_LIBS := $(JSON_LIB) -lm

all: programs $(NATIVE) $(H)/bin/decode_bitmap ## build the tracer and the tools for ppc64le, and the reader of recordings for this machine
programs: $(PROGS:%=$(P)/bin/%) ## only what a POWER host runs
readers: $(H)/bin/compatcaps-trace $(H)/bin/decode_bitmap ## only what reads recordings on this machine

# compile DIRECTORY,MESSAGE,COMPILER,HEADERS THAT ARE MADE: DIRECTORY/src/lib/text.o is made of src/lib/text.c.
define compile
$(1)/%.o: %.c | $(YYJSON:%=%/yyjson.h) $(4)
	@mkdir -p $$(@D)
	$$(call msg,$(2),$$@)
	$$(Q)$$(CCACHE) $(3) -MMD -MP -c $$< -o $$@
endef
$(eval $(call compile,$(P)/obj,CC,$(CROSS_CC) $(P_CFLAGS),$(patsubst %,$(P)/gen/%.skel.h,compatcaps inventory plain)))
$(eval $(call compile,$(H)/obj,HOSTCC,$(HOSTCC) $(H_CFLAGS)))

# link PROGRAM,OBJECTS,COMPILER,LIBRARIES
define link
$(1): $(2)
	@mkdir -p $$(@D)
	$$(call msg,LINK,$$@)
	$$(Q)$(3) $$(LDFLAGS) $$(filter %.o %.a,$$^) -o $$@ $(4)
endef
P_LINK := $(CROSS_CC) $(P_CFLAGS) $(call static,$(CROSS_CC) $(SYSROOT:%=--sysroot=%))
H_LINK := $(HOSTCC) $(H_CFLAGS) $(call static,$(HOSTCC))
objects = $(patsubst %.c,$(1)/%.o,$(2))
$(eval $(call link,$(P)/bin/compatcaps-trace,$(call objects,$(P)/obj,$(OFFLINE) $(LIVE)) $(if $(STATIC),| $(P)/gen/libelf.a),$(P_LINK),$(LIVE_LIBS) $(OFFLINE_LIBS)))
$(eval $(call link,$(H)/bin/compatcaps-trace,$(call objects,$(H)/obj,$(OFFLINE)),$(H_LINK),$(OFFLINE_LIBS)))
# On this machine the probe has nothing to ask, but options: for the tests of them.
$(foreach t,compatcaps_probe decode_bitmap,\
	$(eval $(call link,$(P)/bin/$t,$(call objects,$(P)/obj,tools/$t.c $(TOOL)),$(P_LINK),-lpthread $(JSON_LIB)))\
	$(eval $(call link,$(H)/bin/$t,$(call objects,$(H)/obj,tools/$t.c $(TOOL)),$(H_LINK),-lpthread $(JSON_LIB))))

# The programs that run in the kernel: ours, those of the tests and of the benchmarks.
vpath %.bpf.c src src/bpf tests/vm bench
$(P)/gen/%.bpf.o: %.bpf.c src/vmlinux_ppc64le.h
	@mkdir -p $(@D)
	$(call msg,CLANG,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(P)/gen/%.skel.h: $(P)/gen/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

# Where the cached root builds: make fetched them before it entered the root.
$(O)/yyjson/yyjson.c $(O)/yyjson/yyjson.h &:
	@mkdir -p $(@D)
	$(Q)from=$$(tools/root path yyjson) && cp "$$from/src/yyjson.c" "$$from/src/yyjson.h" $(@D)

$(P)/gen/libelf.a:
	@mkdir -p $(@D)
	$(Q)from=$$(tools/root path libelf) && cp "$$from/usr/lib/powerpc64le-linux-gnu/libelf.a" $@

# A source file that moved since is no error: what was compiled from it is compiled again.
src/%.c: ;
-include $(shell find $(O) -name '*.d' -not -path '*/sysroot/*' 2>/dev/null)

# The kernel's types that the programs touch, out of a kernel's own BTF. Bootstrapped:
# first against all of the kernel's types, then against those that relocations name.
VMLINUX_KERNEL ?= debian-7.3
vmlinux: ## generate src/vmlinux_ppc64le.h from the BTF of VMLINUX_KERNEL (debian-7.3)
	$(Q)$(TOOLS) tools/gen_vmlinux "$$(tests/vm/kernel path $(VMLINUX_KERNEL))" $(sort $(wildcard src/*.bpf.c src/*/*.bpf.c)) \
		>$(O)/vmlinux_ppc64le.h && mv $(O)/vmlinux_ppc64le.h src/vmlinux_ppc64le.h

demo: ready-demo ## boot a POWER11 in POWER10 mode and trace VMMs in it, correct and wrong ones, a real QEMU among them
	$(Q)tests/vm/demo
# What is built for it while other things are still fetched.
ready-demo: programs

compile_commands.json: all ## how each C file is compiled, for clangd
	$(Q)tools/compile_commands $(CROSS_CC) $(P_CFLAGS) -- $(filter src/% tools/%,$(OFFLINE) $(LIVE) $(TOOL)) $(wildcard tools/*.c tests/vm/*.c) $(filter-out %.bpf.c,$(wildcard bench/*.c)) -- \
		$(HOSTCC) $(S_CFLAGS) -- $(wildcard tests/unit/*.c tests/unit/*/*.c tests/fuzz/*.c) -- \
		$(CLANG) $(BPF_CFLAGS) -- $(wildcard src/*.bpf.c src/*/*.bpf.c bench/*.bpf.c) >$@.new && mv $@.new $@

# bench and the fuzzers are left out of a tarball.
include tests/tests.mk packaging/packaging.mk
-include bench/bench.mk tests/fuzz/fuzz.mk
else
# ---------------------------------------------------------------- outside: enter the root

# What the inner half needs of the archive is fetched here, for apt is the host's, and so is what takes long to
# build (tools/needs). These targets are made inside.
INNER := all programs readers packages check-packages check-service check-fleet check check-unit check-model check-vm check-stories check-lint check-64k check-debug check-mutants demo soak attach-soak \
	bench bench-host bench-peers bench-recordings vmlinux compile_commands.json $(if $(wildcard tests/fuzz/fuzz.mk),fuzz)
.PHONY: $(INNER)
# make runs the line below with -n as well, for it runs make: then nothing may be prepared.
letters := $(firstword $(filter-out -%,$(MAKEFLAGS)))
DRY_RUN := $(if $(findstring =,$(letters)),,$(if $(findstring n,$(letters)),--dry-run))
# Several compilers at a time, also where nobody said how many.
$(INNER):
	@tools/prepare $(DRY_RUN) $@ -- $(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) O=$(O) V=$(V) $@
endif

kernel: ## build a patched kernel: KERNEL=v7.2, v7.2-mainline or v6.12 (PAGES=64K, DEBUG=1; LINUX_SRC= for your own tree)
	$(Q)kernel-patches/build $(BUILD_OPTIONS) $(KERNEL)

check-selftest: ## build the kselftest as upstream would, and run it in guests
	$(Q)kernel-patches/check-selftest

# Not in a root, whose /usr/local is its own; and not built anew by whoever may write there.
PREFIX ?= /usr/local
# Others set a variable of this name for the kernel's makefiles.
INSTALL_ARCH := $(if $(filter command,$(firstword $(origin ARCH))),$(ARCH),$(HOST_ARCH))
install: export DESTDIR := $(DESTDIR)
install: export PREFIX := $(PREFIX)
install: export PROGS := $(if $(filter command,$(firstword $(origin PROGS))),$(PROGS))
install: built ## install what this machine can run, below DESTDIR and PREFIX
	@tools/install $(INSTALL_ARCH)

built:
	@test -x $(O)/$(if $(filter ppc64le,$(INSTALL_ARCH)),ppc64le,host)/bin/compatcaps-trace || $(MAKE) all

dist: ## make a tarball of the sources in O; it builds without git
	@tools/dist $(VERSION)

clean: ## remove what was built (not what was downloaded)
	$(Q)rm -rf $(addprefix $(O)/,ppc64le host check fuzz sysroot yyjson vmlinux_ppc64le.h) compile_commands.json
	@rmdir $(O) 2>/dev/null || true

distclean: clean ## also remove the cache of downloads, roots and kernels
	$(Q)tools/root clean
