/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef COMPATCAPS_STATUS_H
#define COMPATCAPS_STATUS_H

/* Exit status, as documented in compatcaps-trace(1). With a command it is the command's own. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_BROKEN = 1, /* a rule does not hold (check), or there is a difference (diff) */
	EXIT_USAGE = 2,
	EXIT_IMPOSSIBLE =
		3, /* not here: privilege, BTF, KVM, a file that cannot be read or written */
	EXIT_INCONCLUSIVE = 5, /* events were lost, or the recording is cut off */
	EXIT_TRACER = 125,     /* with a command: where it would be 3 or 5 */
	EXIT_CANNOT_RUN = 126, /* the command cannot be run */
	EXIT_NO_COMMAND = 127, /* there is no such command */
};

#endif /* COMPATCAPS_STATUS_H */
