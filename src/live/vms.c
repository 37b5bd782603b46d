// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "live/vms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/host.h"

void vms_free(struct vms *v)
{
	free(v->list);
	v->list = NULL;
	v->n = 0;
}

void vms_add(struct vms *v, const char *name, uint64_t ino)
{
	struct vm_name *more = v->n < VMS_MAX ? realloc(v->list, (v->n + 1) * sizeof(*more)) : NULL;

	if (!more) {
		v->known = false;
		return;
	}
	v->list = more;
	snprintf(more[v->n].name, sizeof(more->name), "%s", name);
	more[v->n++].ino = ino;
}

static void add(const char *name, uint64_t ino, void *v)
{
	vms_add(v, name, ino);
}

void vms_look(struct vms *v)
{
	vms_free(v);
	v->known = true;
	if (!host_vms(add, v))
		v->known = false;
}
