// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which records the kernel side can have sent, and what a record proves by its existence. A
 * recording can contain any bytes, so no other code looks at a record before it has passed here.
 * What passes can still be unlikely, but not impossible.
 */
#include "kvm/record.h"

#include <errno.h>
#include <string.h>

#include "kvm/abi.h"

static bool is_string(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static bool tail_valid(const struct cc_record *r)
{
	if (!(r->seen & CC_SEEN_TAIL))
		return !r->tail_read && !r->tail_first;
	if (r->tail_read > CC_TAIL_MAX)
		return false;
	if (!r->tail_first)
		return true;
	return r->tail_first >= r->tail_from && r->tail_first - r->tail_from < r->tail_read;
}

static bool negotiation_valid(const struct cc_record *r)
{
	if (!abi_by_cmd(r->cmd) || !tail_valid(r))
		return false;
	/* The head is read where the hook returns. */
	return !(r->seen & CC_SEEN_HEAD) || r->seen & CC_SEEN_BACKEND;
}

static bool run_failed(const struct cc_record *r)
{
	return r->ret < 0 ? r->ret != -EINTR && r->ret != -EAGAIN : abi_exit_name(r->cmd) != NULL;
}

static bool vcpu_valid(const struct cc_record *r)
{
	return r->in_words <= CC_VCPU_PVR + 1 && r->in[CC_VCPU_PVR] <= UINT32_MAX;
}

bool record_valid(const struct cc_record *r)
{
	if (r->seen & ~(unsigned int)CC_SEEN_ALL || r->in_words > CC_WORDS ||
	    r->out_words > CC_WORDS)
		return false;
	if (r->seen & CC_SEEN_INTERRUPT && r->type != CC_KERNEL)
		return false;
	if (r->seen & CC_SEEN_PAPR && (!(r->seen & CC_SEEN_VCPU) || r->papr > 1))
		return false;
	if (!is_string(r->comm, sizeof(r->comm)) || !is_string(r->thread, sizeof(r->thread)) ||
	    !is_string(r->vm_name, sizeof(r->vm_name)))
		return false;
	switch (r->type) {
	case CC_NEGOTIATION:
		return negotiation_valid(r);
	case CC_EXTENSION:
		return r->arg == ABI_CAP_PPC_COMPAT_CAPS || r->arg == ABI_CAP_PPC_COMPAT_CAPS_OLD;
	case CC_ARCH_COMPAT:
		return r->arg <= UINT32_MAX;
	case CC_RUN:
		return run_failed(r) && vcpu_valid(r);
	case CC_RAN:
		return r->ret >= 0 && r->vm && !run_failed(r) && vcpu_valid(r);
	case CC_KERNEL:
		return r->arg && r->in_words <= 1;
	case CC_VM_CREATED:
		return r->ret < 0 ? !r->vm : r->vm;
	case CC_VM_ENDED:
		return r->vm;
	default:
		return false;
	}
}

bool grants_known(const struct cc_grants *g)
{
	__u64 any = 0;

	for (size_t i = 0; i < CC_GRANT_WORDS; i++)
		any |= g->yes[i] | g->no[i];
	return any;
}

uint32_t record_proves_cmd(const struct cc_record *r)
{
	if (r->type != CC_NEGOTIATION)
		return 0;
	if (r->seen & CC_SEEN_BACKEND)
		return r->cmd;
	/* What KVM returns before it looks at the command proves nothing: EIO, EBADF, EACCES. */
	return !r->ret || r->ret == -E2BIG || r->ret == -EINVAL || r->ret == -EFAULT ? r->cmd : 0;
}
