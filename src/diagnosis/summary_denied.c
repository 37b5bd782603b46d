// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What keeps QEMU from starting a VM that ended before it ran, and what to type. Which capabilities
 * these are was decided when the VM ended (kvm/qemu_machine.h). The formats stand in
 * summary_words.h.
 */
#include <string.h>

#include "diagnosis/summary_words.h"

#define LIST_LEN 512

size_t summary_denied(const struct summary *s, struct capability_grant *to)
{
	size_t n = 0;

	for (size_t i = 0; i < CAPABILITIES_MAX; i++)
		if (s->history->denied >> i & 1)
			to[n++] = qemu_machine_grant(i, s->host);
	return n;
}

static void add(char list[LIST_LEN], const char *sep, const char *word)
{
	size_t n = strlen(list);

	snprintf(list + n, LIST_LEN - n, "%s%s", n ? sep : "", word);
}

/* QEMU's own word, or a few words where it has none. */
static const char *name_of(const struct capability *c)
{
	return strncmp(c->name, "cap-", 4) ? c->what : c->name;
}

void tell_denied(struct text *t, const struct summary *s)
{
	char names[LIST_LEN] = "", options[LIST_LEN] = "", elements[LIST_LEN] = "";
	struct capability_grant denied[CAPABILITIES_MAX];
	size_t n = summary_denied(s, denied);
	const char *otherwise = NULL;
	bool can = true, libvirt = true;

	for (size_t i = 0; i < n; i++) {
		add(names, i + 1 < n ? ", " : " and ", name_of(denied[i].c));
		if (!*denied[i].option) {
			can = false;
			otherwise = denied[i].c->otherwise;
		}
		libvirt &= *denied[i].libvirt != '\0';
		add(options, ",", denied[i].option);
		add(elements, "", denied[i].libvirt);
	}
	if (n && can)
		fprintf(t->f, DENIED, names, options, libvirt ? elements : "<qemu:commandline>");
	else if (n)
		fprintf(t->f, DENIED_FOR_GOOD, names);
	if (otherwise)
		fprintf(t->f, DENIED_OTHERWISE, otherwise);
}
