# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What takes input from others against libFuzzer: each of fuzz_NAME.c for FUZZ_SECONDS, from the corpus of its NAME.
# An input that makes one fail is left in $(O)/fuzz. Included by the Makefile.
FUZZ_SECONDS ?= 10
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
# Where the inputs are kept that reached something new.
FUZZ_KEPT ?= $(O)/fuzz/corpus
# Recordings are what most of them read.
$(foreach f,stream check report profile,$(eval FUZZ_SEEDS_$(f) := recordings))
# The pure rooms, and of the live one what parses. Their messages go to fuzz.c, which checks them.
FUZZED := $(filter-out src/lib/say.c,$(wildcard $(patsubst %,src/%/*.c,check diagnosis diff io kvm lib metrics output recording report))) \
	src/live/watch.c $(addprefix src/,cmd/trace.c cmd/replay.c cmd/tell.c cmd/run_output.c) tools/json_caps.c tests/fuzz/fuzz.c tests/fuzz/recordings.c $(YYJSON:%=%/yyjson.c)
# What argp allocates for a command line that it refuses is lost: that leak is not ours, and bounded.
FUZZ_ENV_options := ASAN_OPTIONS=detect_leaks=0
FUZZ_ARGS_options := -detect_leaks=0 -rss_limit_mb=0 -runs=1000000
# The cache of the compiler has objects of other trees, whose place must not be in them.
FUZZ_CC = $(CLANG) $(CSTD) -DCOMPATCAPS_OFFLINE -fdebug-compilation-dir=. -I$(P)/gen -Itools -MMD -MP -O1 -g -fno-sanitize-recover=all

FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined
# It is not ours, and takes minutes to compile with sanitizers.
$(YYJSON:%=$(O)/fuzz/obj/%/yyjson.o): FUZZ_SANITIZE :=

$(O)/fuzz/obj/%.o: %.c | $(YYJSON:%=%/yyjson.h)
	@mkdir -p $(@D)
	$(call msg,FUZZCC,$@)
	$(Q)$(CCACHE) $(FUZZ_CC) $(FUZZ_SANITIZE) -c $< -o $@

$(O)/fuzz/fuzzed.a: $(FUZZED:%.c=$(O)/fuzz/obj/%.o)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(O)/fuzz/fuzzed.a
	$(call msg,FUZZER,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ -o $@ $(JSON_LIB) -lm

fuzzers: $(FUZZERS:%=$(O)/fuzz/fuzz_%)

fuzz: $(FUZZERS:%=fuzz-%) ## feed broken recordings, rules, names and more to what reads them, for FUZZ_SECONDS (10) each

fuzz-%: $(O)/fuzz/fuzz_%
	@mkdir -p $(FUZZ_KEPT)/$*
	$(Q)$(FUZZ_ENV_$*) $< -max_total_time=$(FUZZ_SECONDS) -max_len=20000 -timeout=10 -rss_limit_mb=1024 $(FUZZ_ARGS_$*) \
		-print_final_stats=1 -artifact_prefix=$(O)/fuzz/ $(FUZZ_KEPT)/$* tests/fuzz/corpus/$(or $(FUZZ_SEEDS_$*),$*) \
		>$(O)/fuzz/log-$* 2>&1 || { tail -n 60 $(O)/fuzz/log-$*; exit 1; }
	$(Q)sed -n 's/^stat::number_of_executed_units: */fuzz_$*: runs: /p' $(O)/fuzz/log-$*

# Which functions the corpus alone reaches, one line each.
fuzz-reached-%: $(O)/fuzz/fuzz_%
	$(Q)$(FUZZ_ENV_$*) ASAN_SYMBOLIZER_PATH=$$($(CLANG) -print-prog-name=llvm-symbolizer) \
		$< -runs=0 -print_coverage=1 tests/fuzz/corpus/$(or $(FUZZ_SEEDS_$*),$*) >$(O)/fuzz/reached-$* 2>&1 || { tail -n 60 $(O)/fuzz/reached-$*; exit 1; }

.PHONY: fuzz fuzzers

-include $(wildcard $(O)/fuzz/obj/*/*.d $(O)/fuzz/obj/*/*/*.d)
