# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What reads files against libFuzzer, each of fuzz_NAME.c for FUZZ_SECONDS, from the corpus of its NAME.
# What crashes one is left in $(O)/fuzz. Included by the Makefile.
FUZZ_SECONDS ?= 10
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
# What they link, as much as each of them needs.
FUZZED := $(sort $(PURE) baseline decide diff_compare diff_show evaluate evaluate_loss event_words schema histogram order parse profile \
	profile_baseline rules rules_check say unseen values metrics_file json_caps out $(JSON))
# What argp keeps of a command line that is given up is lost: not a leak of ours, and bounded.
FUZZ_ENV_options := ASAN_OPTIONS=detect_leaks=0
FUZZ_ARGS_options := -detect_leaks=0 -rss_limit_mb=0 -runs=1000000
FUZZ_CC = $(CLANG) $(CSTD) -O1 -g -fno-sanitize-recover=all

FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined
# Minutes under a sanitizer, and not ours.
$(O)/fuzz/obj/yyjson.o: FUZZ_SANITIZE :=

$(O)/fuzz/obj/%.o: %.c $(wildcard src/*/*.h) | $(YYJSON:%=%/yyjson.h)
	@mkdir -p $(@D)
	$(call msg,FUZZCC,$@)
	$(Q)$(CCACHE) $(FUZZ_CC) $(FUZZ_SANITIZE) -c $< -o $@

$(O)/fuzz/fuzzed.a: $(FUZZED:%=$(O)/fuzz/obj/%.o)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(O)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(O)/fuzz/fuzzed.a
	$(call msg,FUZZER,$@)
	$(Q)$(FUZZ_CC) -Itools -fsanitize=fuzzer,address,undefined $^ -o $@ $(JSON_LIB) -lm

fuzz: $(FUZZERS:%=fuzz-%) ## feed broken recordings, rules and baselines to what reads them, for FUZZ_SECONDS (10) each

fuzz-%: $(O)/fuzz/fuzz_%
	@mkdir -p $(O)/fuzz/corpus-$*
	$(Q)$(FUZZ_ENV_$*) $< -max_total_time=$(FUZZ_SECONDS) -max_len=20000 -timeout=10 -rss_limit_mb=1024 $(FUZZ_ARGS_$*) \
		-print_final_stats=1 -artifact_prefix=$(O)/fuzz/ $(O)/fuzz/corpus-$* tests/fuzz/corpus/$* \
		>$(O)/fuzz/log-$* 2>&1 || { tail -n 60 $(O)/fuzz/log-$*; exit 1; }
	$(Q)sed -n 's/^stat::number_of_executed_units: */fuzz_$*: runs: /p' $(O)/fuzz/log-$*

.PHONY: fuzz
.SECONDARY: $(FUZZERS:%=$(O)/fuzz/fuzz_%)
