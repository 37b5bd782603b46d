# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The programs that bench/cost takes into its guest. Inside the root alone.
.PHONY: bench
bench: all $(P)/bench/ioctl_cost $(P)/bench/empty ## what tracing costs, in instructions
	$(Q)bench/cost

# They are measured for the tests too.
check check-vm: $(P)/bench/ioctl_cost $(P)/bench/empty

# Where there is POWER hardware: natively built, as root.
.PHONY: bench-host
bench-host: all $(P)/bench/ioctl_cost $(P)/bench/empty ## on POWER hardware, as root: the same in nanoseconds
	$(Q)cp bench/peers/guest bench/peers/peer.bt $(P)/bench/
	$(Q)PATH=$(P)/bin:$$PATH bench/peers/run --host $(P)/bench

.PHONY: bench-peers
bench-peers: all $(P)/bench/ioctl_cost $(P)/bench/empty ## what tracing costs beside bpftrace, ftrace, trace-cmd and strace (half an hour)
	$(Q)bench/peers/run

.PHONY: bench-recordings
bench-recordings: all ## how fast recordings are read, and in how much memory
	$(Q)bench/recordings

$(P)/bench/ioctl_cost: bench/ioctl_cost.c src/kvm/abi.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -static -o $@ $<

$(P)/bench/empty: bench/empty.c $(P)/gen/empty.skel.h
	@mkdir -p $(@D)
	$(call msg,CC,$@)
	$(Q)$(CROSS_CC) $(P_CFLAGS) -o $@ $< $(BPF_LIBS)
