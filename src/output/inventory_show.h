/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The VMs of a host, as `vms` shows them. */
#ifndef COMPATCAPS_INVENTORY_SHOW_H
#define COMPATCAPS_INVENTORY_SHOW_H

#include "diagnosis/inventory.h"

/* The whole of it, for people and as one object of JSON. false: there is not enough memory. */
void inventory_show_text(FILE *f, const struct inventory *inv, bool color);
bool inventory_show_json(FILE *f, const struct inventory *inv);

#endif /* COMPATCAPS_INVENTORY_SHOW_H */
