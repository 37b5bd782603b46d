/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What --help and the verb help print, from the rows of the verbs (commands.h). */
#ifndef COMPATCAPS_HELP_H
#define COMPATCAPS_HELP_H

#include "cmd/commands.h"

/* The help of a verb; NULL: of the program as a whole. To standard output. */
void help_print(const struct command *c);

extern const struct command command_help;

#endif /* COMPATCAPS_HELP_H */
