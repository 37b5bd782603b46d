/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The enums of the stream by their names, for the writer, the reader and the documentation. */
#ifndef COMPATCAPS_WORDS_H
#define COMPATCAPS_WORDS_H

/* name(i), i below n, is NULL where that number has none: null stands for it in the stream. */
struct words {
	unsigned int n;
	const char *(*name)(unsigned int i);
};

extern const struct words words_fact, words_nested_api, words_attach_how, words_part, words_backend,
	words_inventory_mode, words_vm_event, words_life, words_coverage, words_tail_state,
	words_usize_source, words_cause, words_arch_cause, words_queried, words_modes_source,
	words_request_by, words_outcome, words_exit_reason, words_record_type, words_loss;

#endif /* COMPATCAPS_WORDS_H */
