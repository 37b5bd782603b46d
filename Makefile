# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two halves. Outside, a target runs the same make again inside a cached Debian root
# that holds the tools (tools/root). Inside, or with TOOLCHAIN=host, things are built.

VERSION := 0.2.0
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
# For what runs make itself, and is no part of this one.
ALONE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL
msg = @$(if $(filter 1,$(V)),:,printf '  %-8s %s\n' "$(1)" "$(2)")
MAKEFLAGS += --no-print-directory
# Below the top, where scripts look for it too: so that the path of the tree may have any character.
O ?= build
HOST_ARCH := $(shell uname -m)
TOOLCHAIN ?= $(if $(filter ppc64le,$(HOST_ARCH)),host,root)
# A kernel of tests/vm/kernels, for demo and bench; of kernel-patches, for kernel.
KERNEL ?=
export O
# What these make is for this machine alone, or for none.
WITHOUT_CROSS := help clean distclean install built dist readers
CROSS_GOALS := $(filter-out $(WITHOUT_CROSS),$(or $(MAKECMDGOALS),all))
# What is linked statically and the roots do not have so: of yyjson the source, of libelf a whole archive.
FETCH_YYJSON := tools/root path yyjson
FETCH_LIBELF := tools/root path libelf

quote := '
ifneq ($(words $(O))$(shell printf %s '$(subst $(quote),'\$(quote)',$(O))' | tr -d 'A-Za-z0-9_./+~@%^,=-'),1)
$(error O=$(O): make can build in no directory whose name has a space, a quote or the like in it)
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: deb-$(HOST_ARCH) rpm-$(HOST_ARCH) rpm-ppc64le
.PHONY: all check check-unit check-vm check-stories check-lint check-64k check-debug check-mutants demo kernel vmlinux bench bench-host bench-peers bench-recordings \
	check-selftest soak attach-soak compile_commands.json install built dist programs readers packages check-packages check-service check-fleet dashboard clean distclean help

help: ## this text
	@echo "compatcaps-trace $(VERSION). Targets:"
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/  \1\t\2/p' Makefile $(wildcard */*.mk */*/*.mk) | expand -t 26
	@printf '%s\n' "Variables:" \
	"  SOAK_SECONDS=N    for soak: how long (3600); SOAK_SEED=N: what it decides by" \
	"  DEBUG=1 PAGES=64K for kernel: one that looks for its own faults; one with pages of 64 KiB" \
	"  KERNEL=NAME       for demo and bench: a kernel of tests/vm/kernels" \
	"  MACHINE=NAME      for demo: a machine of tests/vm/machines; QEMU=negotiates: with a QEMU that queries" \
	"  TOOLCHAIN=host    build with this machine's tools where they suffice (default on ppc64le), not with a cached root" \
	"  O=DIR             where to build (build)" \
	"  V=1               show the commands" \
	"  COMPATCAPS_CACHE  downloads, roots and kernels (~/.cache/compatcaps-trace)" \
	"  DEBIAN_MIRROR     a Debian mirror (default: the one in this host's apt configuration)" \
	"  DESTDIR, PREFIX   for install (/usr/local)" \
	"  ARCH=ppc64le      for install on another machine: what a POWER host runs, below DESTDIR"

ifneq ($(TOOLCHAIN)$(COMPATCAPS_ROOT),root)
ifeq ($(HOST_ARCH),ppc64le)
CROSS_CC ?= $(CC)
SYSROOT :=
else
CROSS_CC ?= powerpc64le-linux-gnu-gcc-14
# A link, for the cache may lie where a makefile cannot name it.
ifneq ($(CROSS_GOALS),)
SYSROOT ?= $(if $(shell tools/root link sysroot $(O)/sysroot && echo there),,\
	$(error there is no sysroot to build with: what is above says why))$(O)/sysroot
SYSROOT := $(SYSROOT)
endif
endif
# What was compiled before, in this tree or another one, is taken from there.
ifneq ($(COMPATCAPS_ROOT),)
CCACHE := $(if $(COMPATCAPS_CACHE),$(shell command -v ccache))
export CCACHE_DIR := $(COMPATCAPS_CACHE)/ccache
export CCACHE_NOHASHDIR := 1
export CCACHE_MAXSIZE := 2G
endif
CLANG ?= $(firstword $(foreach c,clang-19 clang-20 clang-18 clang-17 clang,$(shell command -v $(c))))
BPFTOOL ?= $(firstword $(foreach c,bpftool /usr/sbin/bpftool,$(shell command -v $(c))))
HOSTCC ?= gcc

# With tools of a cached root everything is linked into one file each, which runs on any Linux of its
# architecture. With this machine's own they are linked as its distribution links.
STATIC ?= $(if $(filter root,$(TOOLCHAIN)),1)
# Where yyjson.c is, to be compiled in; empty: the compiler finds a library. Debian has no static one.
YYJSON ?= $(if $(filter root,$(TOOLCHAIN)),$(O)/yyjson)

CSTD := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Isrc -DCOMPATCAPS_VERSION='"$(VERSION)"' \
	$(if $(YYJSON),-isystem $(YYJSON))
CFLAGS ?= -O2 -g
P := $(O)/ppc64le
H := $(O)/host
# A stack may be small: what is large is on the heap.
FRAME := -Wframe-larger-than=32768
P_CFLAGS := $(CSTD) $(FRAME) $(CPPFLAGS) $(CFLAGS) $(if $(SYSROOT),--sysroot=$(SYSROOT)) -I$(P)/gen
H_CFLAGS := $(CSTD) $(FRAME) $(CPPFLAGS) $(CFLAGS) -I$(P)/gen -DCOMPATCAPS_OFFLINE
S_CFLAGS := $(CSTD) $(CPPFLAGS) -I$(P)/gen -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fsanitize-coverage=trace-pc
# Where they are built does not matter: the lines of the source, which the verifier shows, have relative names.
BPF_CFLAGS := -g -O2 -fdebug-compilation-dir=. -target bpf -mcpu=v3 -D__TARGET_ARCH_powerpc -Wall -Wextra -Werror -Wno-unused-parameter -Isrc \
	$(if $(SYSROOT),-isystem $(SYSROOT)/usr/include -isystem $(SYSROOT)/usr/include/powerpc64le-linux-gnu,\
	-isystem /usr/include/powerpc64le-linux-gnu)

TOOLS = IS_STATIC="$(STATIC)" YYJSON_DIR="$(YYJSON)" JSON_LIB="$(JSON_LIB)" CPPFLAGS="$(CPPFLAGS)" CROSS_CC="$(CROSS_CC)" HOSTCC="$(HOSTCC)" CLANG="$(CLANG)" BPFTOOL="$(BPFTOOL)" BPF_CFLAGS="$(BPF_CFLAGS)"

ifeq ($(TOOLCHAIN)$(COMPATCAPS_ROOT),host)
HOST_LACKS := $(if $(CROSS_GOALS)$(filter readers,$(MAKECMDGOALS)),$(shell $(TOOLS) tools/host_tools $(if $(CROSS_GOALS),,readers)))
ifneq ($(HOST_LACKS),)
$(info make: this machine lacks $(HOST_LACKS): taking the tools of a cached root instead)
override TOOLCHAIN := root
export TOOLCHAIN
endif
endif
endif

# Of kernel; others set variables of these names for something else.
said = $(if $(filter command,$(firstword $(origin $(1)))),$(filter-out 0,$($(1))))
BUILD_OPTIONS = $(if $(call said,DEBUG),--debug) $(if $(call said,PAGES),--pages $(PAGES))

ifneq ($(TOOLCHAIN)$(COMPATCAPS_ROOT),root)
# ---------------------------------------------------------------- inside: build

# The folders that the modules below lie in.
ROOMS := $(sort $(wildcard src/*/))
vpath %.c src $(ROOMS) tools $(YYJSON)
vpath %.bpf.c src $(ROOMS)
vpath %.proto $(ROOMS)
# yyjson, as a module or as a library.
JSON := $(if $(YYJSON),yyjson)
JSON_LIB := $(if $(YYJSON),,-lyyjson)
# From frames to events and outputs: no clock, no libbpf. An output is one file, found by its name.
PURE := abi points coverage diagnosis event parse text guest history inventory request summary summary_vcpus vm_table session stream decode encode words metric emit $(basename $(notdir $(wildcard src/*/emit_*.c)))
# With these the program reads recordings, on any machine; with LIVE it traces.
OFFLINE := $(PURE) $(JSON) compatcaps options output destination safe_dir signals replay say layout tell out shield trusted about complete offers \
	digest digest_causes digest_unseen event_words html html_vms page perfetto.pb-c report_digest report_html report_perfetto report_text report_words xml \
	metrics_file journal notify \
	rules rules_check pattern schema values unseen evaluate evaluate_loss decide \
	results results_text results_lines results_json results_junit \
	order histogram profile profile_baseline baseline diff_compare diff_results diff_show diff_verdicts \
	verbs cli recording progress check diff report metrics inventory_show vms_verb \
	doctor doctor_show doctor_verb verb_output
LIVE := live filters vms process attach objects losses in_flight host watch child inventory_read doctor_facts doctor_qemus
TRACE := $(OFFLINE) $(LIVE)
PROGS := compatcaps-trace compatcaps_probe decode_bitmap
# A program that can be loaded at any address, where the C library has what that takes (not on ppc64le).
static = $(if $(STATIC),$(if $(findstring /,$(shell $(1) -print-file-name=rcrt1.o)),-static-pie,-static))
P_LINK = $(CROSS_CC) $(P_CFLAGS) $(LDFLAGS) $(call static,$(CROSS_CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)))
H_LINK = $(HOSTCC) $(H_CFLAGS) $(LDFLAGS) $(call static,$(HOSTCC))
# libbpf is inside wherever it is not this machine's. The static libelf of Debian 13 and later lacks a half of itself.
LIVE_LIBS = $(if $(SYSROOT),-l:libbpf.a,-lbpf) $(if $(STATIC),$(P)/gen/libelf.a,-lelf) -lz
# What the program is linked with where it reads recordings; the last one statically, where it is there so.
OFFLINE_LIBS = $(JSON_LIB) -lm $(if $(findstring /,$(shell $(1) -print-file-name=libprotobuf-c.a)),-l:libprotobuf-c.a,-lprotobuf-c)
# For the tools, which read no recording.
TOOL := abi parse text out shield signals about complete json_caps $(JSON)
# What unit tests link: as much as each of them needs.
TESTED := $(sort $(filter-out compatcaps,$(OFFLINE)) $(TOOL)) child doctor_qemus
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
# On ppc64le the program itself reads recordings.
NATIVE := $(if $(filter ppc64le,$(HOST_ARCH)),,$(H)/bin/compatcaps-trace)

all: $(PROGS:%=$(P)/bin/%) $(NATIVE) $(H)/bin/decode_bitmap ## build the tracer and the tools for ppc64le, and the reader of recordings for this machine

programs: $(PROGS:%=$(P)/bin/%) ## only what a POWER host runs

readers: $(H)/bin/compatcaps-trace $(H)/bin/decode_bitmap ## only what reads recordings on this machine

$(P)/obj/%.o: %.c | $(P)/gen/compatcaps.skel.h $(P)/gen/inventory.skel.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CCACHE) $(CROSS_CC) $(P_CFLAGS) -MMD -MP -c $< -o $@

# Where the cached root builds: make fetched them before it entered the root.
$(O)/yyjson/yyjson.c $(O)/yyjson/yyjson.h &:
	@mkdir -p $(@D)
	$(Q)from=$$($(FETCH_YYJSON)) && cp "$$from/src/yyjson.c" "$$from/src/yyjson.h" $(@D)

$(P)/gen/libelf.a:
	@mkdir -p $(@D)
	$(Q)from=$$($(FETCH_LIBELF)) && cp "$$from/usr/lib/powerpc64le-linux-gnu/libelf.a" $@

$(foreach o,$(P)/obj $(H)/obj $(H)/unit/obj,$(patsubst %,$(o)/%.o,$(sort $(TRACE) $(TOOL)))): | $(YYJSON:%=%/yyjson.h)

# Perfetto's messages, for every machine the same.
.SECONDARY: $(P)/gen/perfetto.pb-c.c $(P)/gen/perfetto.pb-c.h
$(P)/gen/%.pb-c.c $(P)/gen/%.pb-c.h &: %.proto
	@mkdir -p $(@D)
	$(call msg,PROTOC,$@)
	$(Q)protoc --c_out=$(@D) -I$(<D) $<

$(foreach o,$(P)/obj $(H)/obj $(H)/unit/obj,$(o)/report_perfetto.o): | $(P)/gen/perfetto.pb-c.h

$(P)/obj/%.pb-c.o: $(P)/gen/%.pb-c.c
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CCACHE) $(CROSS_CC) $(P_CFLAGS) -MMD -MP -c $< -o $@

$(H)/obj/%.pb-c.o: $(P)/gen/%.pb-c.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(CCACHE) $(HOSTCC) $(H_CFLAGS) -MMD -MP -c $< -o $@

$(H)/unit/obj/%.pb-c.o: $(P)/gen/%.pb-c.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(CCACHE) $(HOSTCC) $(S_CFLAGS) -MMD -MP -c $< -o $@

$(P)/obj/tools_%.o: tools/%.c
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CCACHE) $(CROSS_CC) $(P_CFLAGS) -MMD -MP -c $< -o $@

$(H)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(CCACHE) $(HOSTCC) $(H_CFLAGS) -MMD -MP -c $< -o $@

$(H)/obj/tools_%.o: tools/%.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(CCACHE) $(HOSTCC) $(H_CFLAGS) -MMD -MP -c $< -o $@

$(P)/gen/compatcaps.bpf.o: src/kvm/compatcaps.h src/kvm/abi.h $(addprefix src/bpf/,in_flight_record.h nested_caps.bpf.h printer.bpf.h shares.bpf.h vms.bpf.h)
$(P)/gen/inventory.bpf.o: $(addprefix src/kvm/,compatcaps.h inventory_record.h) $(addprefix src/bpf/,in_flight_record.h nested_caps.bpf.h vms.bpf.h)
$(P)/gen/%.bpf.o: %.bpf.c src/vmlinux_ppc64le.h
	@mkdir -p $(@D)
	$(call msg,CLANG,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(P)/gen/%.skel.h: $(P)/gen/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

$(P)/bin/compatcaps-trace: $(TRACE:%=$(P)/obj/%.o) $(if $(STATIC),$(P)/gen/libelf.a)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(P_LINK) $(filter %.o,$^) -o $@ $(LIVE_LIBS) $(call OFFLINE_LIBS,$(CROSS_CC) $(if $(SYSROOT),--sysroot=$(SYSROOT)))

$(H)/bin/compatcaps-trace: $(OFFLINE:%=$(H)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(H_LINK) $^ -o $@ $(call OFFLINE_LIBS,$(HOSTCC))

$(P)/bin/compatcaps_probe: $(P)/obj/tools_compatcaps_probe.o $(TOOL:%=$(P)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(P_LINK) $^ -o $@ -lpthread $(JSON_LIB)

$(P)/bin/decode_bitmap: $(P)/obj/tools_decode_bitmap.o $(TOOL:%=$(P)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(P_LINK) $^ -o $@ $(JSON_LIB)

# It has nothing to ask here, but options: for the tests of them.
$(H)/bin/compatcaps_probe: $(H)/obj/tools_compatcaps_probe.o $(TOOL:%=$(H)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(H_LINK) $^ -o $@ $(JSON_LIB) -lpthread

$(H)/bin/decode_bitmap: $(H)/obj/tools_decode_bitmap.o $(TOOL:%=$(H)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(H_LINK) $^ -o $@ $(JSON_LIB)

SHARED := $(H)/shared/compatcaps-trace $(H)/shared/decode_bitmap
# For valgrind, which knows malloc() only where the C library is a shared one.
$(H)/shared/compatcaps-trace: $(OFFLINE:%=$(H)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(HOSTCC) $(H_CFLAGS) $(LDFLAGS) $^ -o $@ $(call OFFLINE_LIBS,$(HOSTCC))

$(H)/shared/decode_bitmap: $(H)/obj/tools_decode_bitmap.o $(TOOL:%=$(H)/obj/%.o)
	@mkdir -p $(@D)
	$(call msg,LINK,$@)
	$(Q)$(HOSTCC) $(H_CFLAGS) $(LDFLAGS) $^ -o $@ $(JSON_LIB)

comma := ,

.SECONDARY: $(UNIT:%=$(H)/unit/obj/%.o)

# A source file that moved since is no error: what was compiled from it is compiled again.
src/%.c: ;

-include $(wildcard $(P)/obj/*.d $(H)/obj/*.d $(H)/unit/obj/*.d)

# The kernel's types that the programs touch, out of a kernel's own BTF. Bootstrapped:
# first against all of the kernel's types, then against those that relocations name.
VMLINUX_KERNEL ?= debian-7.3
vmlinux: ## generate src/vmlinux_ppc64le.h from the BTF of VMLINUX_KERNEL (debian-7.3)
	$(Q)$(TOOLS) tools/gen_vmlinux "$$(tests/vm/kernel path $(VMLINUX_KERNEL))" $(sort $(wildcard src/*.bpf.c src/*/*.bpf.c)) \
		>$(O)/vmlinux_ppc64le.h && mv $(O)/vmlinux_ppc64le.h src/vmlinux_ppc64le.h

# ---------------------------------------------------------------- inside: check

$(H)/unit/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(CCACHE) $(HOSTCC) $(S_CFLAGS) -DCOMPATCAPS_OFFLINE -MMD -MP -c $< -o $@

$(H)/unit/obj/work.o: tests/unit/work.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(CCACHE) $(HOSTCC) $(S_CFLAGS) -MMD -MP -c $< -o $@

$(H)/unit/tested.a: $(TESTED:%=$(H)/unit/obj/%.o) $(H)/unit/obj/work.o
	@rm -f $@
	$(Q)ar rcs $@ $^

$(H)/unit/obj/test_%.o: tests/unit/test_%.c
	@mkdir -p $(@D)
	$(call msg,HOSTCC,$@)
	$(Q)$(CCACHE) $(HOSTCC) $(S_CFLAGS) -Itools -MMD -MP -c $< -o $@

.SECONDARY: $(UNIT:%=$(H)/unit/obj/%.o)
# Two minutes under a sanitizer, and not ours.
$(H)/unit/obj/yyjson.o: S_CFLAGS := $(H_CFLAGS)

$(H)/unit/test_%: $(H)/unit/obj/test_%.o $(H)/unit/tested.a
	$(call msg,UNIT,$@)
	$(Q)$(HOSTCC) $(S_CFLAGS) $^ $(LDFLAGS) -o $@ -lcmocka $(call OFFLINE_LIBS,$(HOSTCC))

# What reads recordings, once more under ASan and UBSan.
$(H)/unit/compatcaps-trace: src/compatcaps.c $(H)/unit/tested.a
	$(call msg,LINK,$@)
	$(Q)$(HOSTCC) $(S_CFLAGS) -DCOMPATCAPS_OFFLINE $^ $(LDFLAGS) -o $@ $(call OFFLINE_LIBS,$(HOSTCC))

# As a distribution would build it, out of the tarball. Without what that takes (77) the test of it is skipped.
DEB := $(O)/packages/compatcaps-trace_$(VERSION)_ppc64el.deb
$(DEB): Makefile $(wildcard NEWS README.md src/*.[ch] src/*/*.[ch] src/*/*.proto tools/*.[ch] tools/install tools/package tools/dist docs/* packaging/* packaging/*/*)
	@mkdir -p $(@D)
	$(call msg,DEB,$@)
	$(Q)tools/package deb $(@D) ppc64le >$(@D)/deb.log 2>&1 || { status=$$?; tail -n 20 $(@D)/deb.log >&2; test $$status -eq 77; }

# Of this machine the packages of what reads recordings.
packages: $(DEB) $(if $(NATIVE),deb-$(HOST_ARCH) rpm-$(HOST_ARCH)) rpm-ppc64le ## Debian and RPM packages for ppc64le and for this machine, in O/packages

deb-$(HOST_ARCH) rpm-$(HOST_ARCH) rpm-ppc64le: | $(DEB)
	$(call msg,PACKAGE,$(subst -, for ,$@))
	$(Q)tools/package $(subst -, $(O)/packages ,$@) >$(O)/packages/$@.log 2>&1 || { tail -n 20 $(O)/packages/$@.log >&2; false; }

check-service: all $(DEB) ## install the Debian package in a guest and test its service under a real systemd: three minutes
	$(Q)$(ALONE) tests/check service

dashboard: all $(DEB) ## draw docs/dashboard.png again from what Prometheus scrapes in check-service
	$(Q)PICTURE=docs/dashboard.png tests/vm/test-service

check-fleet: all $(DEB) ## two hosts and a collector, set up as in docs/fleet.md, in guests on one network: three minutes
	$(Q)$(ALONE) tests/check fleet

check-packages: all packages ## inspect the packages, build and install them on an emulated ppc64le machine: less than half an hour
	$(Q)$(ALONE) tests/packages

check: all $(UNIT:%=$(H)/unit/%) $(H)/unit/compatcaps-trace $(H)/bin/compatcaps_probe $(SHARED) ## run every test; the last line counts them
	$(Q)$(ALONE) $(TOOLS) UNIT="$(UNIT)" tests/check $(CHECK)

check-unit: all $(UNIT:%=$(H)/unit/%) $(H)/unit/compatcaps-trace $(H)/bin/compatcaps_probe $(SHARED) ## the tests that need no guest
	$(Q)$(ALONE) $(TOOLS) UNIT="$(UNIT)" tests/check unit lint

check-vm: all ## the tests in guests
	$(Q)$(ALONE) tests/check vm

check-stories: all $(P)/tests/steps ## only those with a real QEMU in the guest, and with VMMs that race
	$(Q)$(ALONE) tests/check stories

check-lint: all ## only the static checks
	$(Q)$(ALONE) tests/check lint

check-64k: all ## the patched kernels with pages of 64 KiB: half an hour to build them, ten minutes
	$(Q)$(ALONE) tests/check 64k

check-debug: all ## kernels with KASAN, lockdep, kmemleak and more: half an hour to build them, half an hour
	$(Q)$(ALONE) CHECK_TIMEOUT=7200 JOBS=$(or $(JOBS),2) tests/check debug

demo: ready-demo ## boot a POWER11 in POWER10 mode and trace VMMs in it, correct and wrong ones, a real QEMU among them
	$(Q)tests/vm/demo

# What is built for it while other things are still fetched.
.PHONY: ready-demo
ready-demo: programs

include tests/vm/conformance.mk tests/vm/steps.mk tests/vm/crowd.mk tests/vm/rival.mk tests/vm/soak.mk tests/vm/attach_soak.mk tests/vm/l2.mk
# Of these everything is built below $(P) or $(H).
-include bench/bench.mk tests/fuzz/fuzz.mk

# How each file is compiled, for editors and other programs that read C.
compile_commands.json: all ## how each C file is compiled, for clangd
	$(Q)tools/compile_commands \
		$(CROSS_CC) $(P_CFLAGS) -- $(foreach m,$(sort $(TRACE) $(TOOL)),$(wildcard src/$(m).c src/*/$(m).c tools/$(m).c)) tools/compatcaps_probe.c tools/decode_bitmap.c \
			$(wildcard tests/vm/*.c) $(filter-out %.bpf.c,$(wildcard bench/*.c)) -- \
		$(HOSTCC) $(S_CFLAGS) -Itools -- $(UNIT:%=tests/unit/%.c) $(wildcard tests/fuzz/*.c) -- \
		$(CLANG) $(BPF_CFLAGS) -- $(wildcard src/*.bpf.c src/*/*.bpf.c bench/*.bpf.c) >$@.new && mv $@.new $@

check-mutants: all ## show that the kernel tests catch each bug of kernel-patches/mutants
	$(Q)kernel-patches/check-mutants

check-selftest: ## build the kselftest as upstream would, and run it in guests
	$(Q)kernel-patches/check-selftest

kernel: ## build a patched kernel: KERNEL=v7.2, v7.2-mainline or v6.12 (PAGES=64K, DEBUG=1; LINUX_SRC= for your own tree)
	$(Q)kernel-patches/build $(BUILD_OPTIONS) $(KERNEL)

else
# ---------------------------------------------------------------- outside: enter the root

# What the inner half needs of the archive is fetched here, for apt is the host's, and so is what takes long
# to build: tools/needs.
INNER := all programs readers packages check-packages check-service check-fleet dashboard check check-unit check-vm check-stories check-lint check-64k check-debug check-mutants demo soak attach-soak \
	bench bench-host bench-peers bench-recordings vmlinux compile_commands.json $(if $(wildcard tests/fuzz/fuzz.mk),fuzz)
.PHONY: $(INNER)
# make runs the line below with -n as well, for it runs make: then nothing may be prepared.
letters := $(firstword $(filter-out -%,$(MAKEFLAGS)))
DRY_RUN := $(if $(findstring =,$(letters)),,$(if $(findstring n,$(letters)),--dry-run))
# Several compilers at a time, also where nobody said how many.
$(INNER):
	@tools/prepare $(DRY_RUN) $@ -- $(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc)) O=$(O) V=$(V) $@

kernel:
	@kernel-patches/build $(BUILD_OPTIONS) $(KERNEL)

check-selftest:
	@kernel-patches/check-selftest
endif

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

# What git keeps, or in a tree without it all that make has not made.
dist: ## make a tarball of the sources in O; it builds without git
	@tools/dist $(VERSION)

clean: ## remove what was built (not what was downloaded)
	$(Q)rm -rf $(addprefix $(O)/,ppc64le host check fuzz sysroot yyjson vmlinux_ppc64le.h) compile_commands.json
	@rmdir $(O) 2>/dev/null || true

distclean: clean ## also remove the cache of downloads, roots and kernels
	$(Q)tools/root clean
