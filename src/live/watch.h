/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Modules and VMs that come and go, told by the kernel itself: nothing is polled. */
#ifndef COMPATCAPS_WATCH_H
#define COMPATCAPS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

#include "kvm/compatcaps.h"

#define MODULE_NAME_LEN 64

/* A descriptor to poll(2), or -1 with errno set. */
int watch_open(void);

/* WATCH_OVERRUN: there were more than could be kept, and some are lost. */
enum watch_what { WATCH_MODULE, WATCH_VM_CREATED, WATCH_VM_ENDED, WATCH_OVERRUN };

struct watch_event {
	enum watch_what what;
	char module[MODULE_NAME_LEN]; /* WATCH_MODULE, as below /sys/module: it came or went */
	/* Of a VM: */
	unsigned int vms;	      /* how many there are now */
	uint32_t tid;		      /* of the thread that made it, in the first pid namespace */
	char vm_name[CC_VM_NAME_LEN]; /* "PID-FD", its directory in debugfs; "": none */
};

/*
 * What a uevent says: KEY=VALUE after KEY=VALUE, each ended by a NUL, after a line that names the
 * action and the device. The bytes at buf must end with a NUL that len does not count. Returns
 * false if the uevent is about neither a module nor a VM.
 */
bool watch_parse(const char *buf, size_t len, struct watch_event *e);

/* false: none is left. */
bool watch_next(int fd, struct watch_event *e);

#endif /* COMPATCAPS_WATCH_H */
