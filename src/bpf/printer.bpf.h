/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who prints a line of the kernel's log. A line that begins with "KVM" may be of anybody: the
 * kernel begins its line on a fault, on a failed allocation and on being out of memory with the
 * name of the process, which can be "KVM: all is lost", and what is written to /dev/kmsg comes
 * along as well. So the caller of printk() is looked at, on the stack: that it is one of KVM's
 * functions nobody else can arrange for, whatever he calls himself and whichever of KVM's ioctls he
 * is in at that time.
 */
#ifndef COMPATCAPS_PRINTER_BPF_H
#define COMPATCAPS_PRINTER_BPF_H

#define MAX_FRAMES    24
#define SYMBOL_LEN    80
#define PRINTK_WITHIN 12 /* "dev_vprintk_emit" has the word behind so many characters at most */

enum printer { PRINTER_UNKNOWN, PRINTER_OTHER, PRINTER_KVM };

struct stack {
	__u64 frames[MAX_FRAMES];
	__u64 n;
	enum printer printer;
	_Bool in_printk;
};

/* "vprintk_store+0x2c/0x3f0", "_printk+..." and so on. */
static __always_inline _Bool is_printk(const char *symbol)
{
	for (int i = 0; i < PRINTK_WITHIN; i++)
		if (!__builtin_memcmp(symbol + i, "printk", 6))
			return 1;
	return 0;
}

/*
 * A module's function is followed by the name of the module: "icp_deliver_irq+0x5c/0x520 [kvm]".
 * Those of KVM that are in the kernel itself are called kvm_..., kvmppc_... or kvmhv_...
 */
static __always_inline _Bool is_kvms_function(const char *symbol, __u32 len)
{
	if (!__builtin_memcmp(symbol, "kvm", 3))
		return 1;
	if (len < 9 || len > SYMBOL_LEN)
		return 0;
	/* len counts the NUL. */
	symbol += len - 9;
	return !__builtin_memcmp(symbol + 3, "[kvm]", 5) ||
	       !__builtin_memcmp(symbol, "[kvm_hv]", 8) || !__builtin_memcmp(symbol, "[kvm_pr]", 8);
}

/* From the innermost function outwards; 1 ends the loop. */
static long look_at_frame(__u32 i, void *ctx)
{
	struct stack *s = ctx;
	char symbol[SYMBOL_LEN] = "";
	__u64 address;
	long len;

	if (i >= s->n || i >= MAX_FRAMES)
		return 1;
	address = s->frames[i];
	len = BPF_SNPRINTF(symbol, sizeof(symbol), "%pB", address);
	if (is_printk(symbol)) {
		s->in_printk = 1;
		return 0;
	}
	if (!s->in_printk)
		return 0;
	s->printer = is_kvms_function(symbol, len) ? PRINTER_KVM : PRINTER_OTHER;
	return 1;
}

static __noinline enum printer find_printer(void *ctx)
{
	struct stack s = {};
	long bytes = bpf_get_stack(ctx, s.frames, sizeof(s.frames), 0);

	if (bytes > 0)
		s.n = bytes / sizeof(s.frames[0]);
	bpf_loop(MAX_FRAMES, look_at_frame, &s, 0);
	return s.printer;
}

#endif /* COMPATCAPS_PRINTER_BPF_H */
