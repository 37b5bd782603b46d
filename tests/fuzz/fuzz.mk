# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The reader of recordings against libFuzzer, for FUZZ_SECONDS. What crashes it is left in $(O)/fuzz.
# Included by the Makefile.
FUZZ_SECONDS ?= 10
FUZZ_CORPUS := tests/fuzz/corpus/stream

$(O)/fuzz/fuzz_stream: tests/fuzz/fuzz_stream.c $(PURE:%=src/%.c) $(wildcard src/*.h)
	@mkdir -p $(@D)
	$(call msg,FUZZER,$@)
	$(Q)$(CLANG) $(CSTD) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$(filter %.c,$^) -o $@ -lyyjson

fuzz: $(O)/fuzz/fuzz_stream ## feed broken recordings to the reader for FUZZ_SECONDS (10)
	@mkdir -p $(O)/fuzz/corpus
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -max_len=20000 -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -artifact_prefix=$(O)/fuzz/ $(O)/fuzz/corpus $(FUZZ_CORPUS) \
		>$(O)/fuzz/log 2>&1 || { tail -n 60 $(O)/fuzz/log; exit 1; }
	$(Q)sed -n 's/^stat::number_of_executed_units: */fuzz_stream: runs: /p' $(O)/fuzz/log

.PHONY: fuzz
