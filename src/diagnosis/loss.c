// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The reasons for which something was not recorded: their names, and what they can have hidden. */
#include "diagnosis/diagnosis.h"

const char *loss_name(enum cc_loss loss)
{
	static const char *const names[CC_LOSSES] = {
		[CC_LOSS_RING] = "ring-full",
		[CC_LOSS_BUDGET] = "vm-budget",
		[CC_LOSS_IN_FLIGHT] = "too-many-in-flight",
		[CC_LOSS_ORPHANED] = "orphaned",
		[CC_LOSS_MISSED] = "probe-missed",
		[CC_LOSS_RECURSION] = "recursion",
		[CC_LOSS_UNREADABLE] = "unreadable",
		[CC_LOSS_UEVENTS] = "uevents",
		[CC_LOSS_VMS] = "too-many-vms",
	};

	return (unsigned int)loss < CC_LOSSES ? names[loss] : NULL;
}

bool loss_is_of_calls(enum cc_loss loss)
{
	return loss != CC_LOSS_UEVENTS && loss != CC_LOSS_VMS;
}

bool loss_is_of_ends(enum cc_loss loss)
{
	return loss == CC_LOSS_UEVENTS || loss == CC_LOSS_UNREADABLE;
}

/* Everybody's exits and lines pass a tracepoint, and the program that tells them apart did not run.
 */
bool loss_is_certain(const struct cc_loss_key *key)
{
	return key->loss != CC_LOSS_MISSED && key->loss != CC_LOSS_RECURSION;
}
