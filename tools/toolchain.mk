# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Which compilers there are and what they are given: inside of the cached root its own, with TOOLCHAIN=host this
# machine's. Outside nothing is compiled. Included by the Makefile.

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
JSON := $(YYJSON:%=%/yyjson.c)
JSON_LIB := $(if $(YYJSON),,-lyyjson)

P := $(O)/ppc64le
H := $(O)/host
CSTD := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Isrc -DCOMPATCAPS_VERSION='"$(VERSION)"' $(YYJSON:%=-isystem %)
CFLAGS ?= -O2 -g
# A stack may be small: what is large is on the heap.
FRAME := -Wframe-larger-than=32768
P_CFLAGS := $(CSTD) $(FRAME) $(CPPFLAGS) $(CFLAGS) $(SYSROOT:%=--sysroot=%) -I$(P)/gen
H_CFLAGS := $(CSTD) $(FRAME) $(CPPFLAGS) $(CFLAGS) -I$(P)/gen -DCOMPATCAPS_OFFLINE
S_CFLAGS := $(CSTD) $(CPPFLAGS) -I$(P)/gen -Itools -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fsanitize-coverage=trace-pc
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
