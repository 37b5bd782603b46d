/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between a digest (digest.c) and its causes (digest_causes.c). */
#ifndef COMPATCAPS_DIGEST_CAUSES_H
#define COMPATCAPS_DIGEST_CAUSES_H

#include "report/digest.h"

/* NULL for what is not there. */
char *digest_copy(struct digest *d, const char *text);

/* A query, a request for a mode or a KVM_RUN that failed; vm NULL: it is of none that is followed.
 */
void causes_add(struct digest *d, struct digest_vm *vm, const struct event *e);
/* What became of a query that was to come again. */
void causes_retry(struct digest *d, struct digest_vm *vm, const struct event *e);
/* All events have been taken: what was not made good is known now. */
void causes_finish(struct digest *d);

void causes_free(struct digest *d);
void causes_free_vm(struct digest_vm *vm);

#endif /* COMPATCAPS_DIGEST_CAUSES_H */
