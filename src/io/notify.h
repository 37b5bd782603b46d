/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages to a service manager (systemd's sd_notify(3)). Without one nothing happens. */
#ifndef COMPATCAPS_NOTIFY_H
#define COMPATCAPS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Is there one? */
bool notify_is_wanted(void);

/* We are ready; state is a line of what we do, for who looks. May be said again. */
void notify_ready(const char *state);

/* We are alive: to be called often. On CLOCK_MONOTONIC. */
void notify_alive(uint64_t now_ns);

#endif /* COMPATCAPS_NOTIFY_H */
