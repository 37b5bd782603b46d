# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What attaches and calls in the guests of tests/vm/attach-soak.
$(P)/gen/attach_soak.bpf.o: tests/vm/attach_soak.bpf.c
	@mkdir -p $(@D)
	$(call msg,CLANG,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(P)/gen/attach_soak.skel.h: $(P)/gen/attach_soak.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name attach_soak_bpf >$@

$(P)/tests/attach-soak: tests/vm/attach_soak.c $(P)/gen/attach_soak.skel.h src/kvm/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -pthread -o $@ $< \
		$(if $(SYSROOT),-Wl$(comma)-Bstatic -lbpf -Wl$(comma)-Bdynamic,-lbpf) -lelf -lz

.PHONY: attach-soak
attach-soak: all $(P)/tests/attach-soak ## attach and detach beside moving callers (SOAK_SECONDS), on each kernel
	$(Q)tests/vm/attach-soak
