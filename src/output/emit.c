// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The list of outputs, by their names in --format. Each output is a struct emitter in a file of
 * its own, emit_NAME.c. A new one adds its row here and its part of the documentation.
 */
#include "output/emit.h"

/* An output is one row here, one file (src/emit_NAME.c), and its part of the docs. */
#define OUTPUTS(OUTPUT) \
	OUTPUT(text) \
	OUTPUT(json) \
	OUTPUT(journal) \
	OUTPUT(screen)

#define DECLARE(name) extern const struct emitter emit_##name;
#define ADDRESS(name) &emit_##name,

OUTPUTS(DECLARE)
const struct emitter *const emitters[] = { OUTPUTS(ADDRESS) NULL };
