/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a terminal takes for a colour. Whoever begins one ends it with PLAIN, on the same line. */
#ifndef COMPATCAPS_COLOR_H
#define COMPATCAPS_COLOR_H

#define BOLD   "\033[1m"
#define DIM    "\033[2m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

#endif /* COMPATCAPS_COLOR_H */
