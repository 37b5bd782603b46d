/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The VMs of a trace: which VM a frame is about, and what can have been missed of each.
 *
 * The table has room for VM_TABLE_MAX VMs. A VM that has ended makes room for a new one; then one
 * whose end may have been lost does. Of a VM that finds no room no more is kept than that it was
 * there, so that nothing is claimed about its whole life when it finds room later.
 *
 * What befalls all VMs at once (a loss of no known VM, a function that is no longer watched) is
 * written down once, with a new epoch. A VM compares that with its own epoch when it is looked at.
 * So no frame costs more because there are more VMs.
 */
#ifndef COMPATCAPS_VM_TABLE_H
#define COMPATCAPS_VM_TABLE_H

#include "diagnosis/inventory.h"
#include "kvm/frame.h"

#define VM_TABLE_MAX	    65536 /* VMs at once */
#define VM_TABLE_MARKS	    65536 /* VMs of which nothing is known but what can have been missed */
#define VM_TABLE_TEXT_BYTES (8u << 20) /* of all hints together */
#define VM_TABLE_LINE_BYTES (8u << 20) /* of all lines that KVM printed */
#define VM_TABLE_NEWEST	    256	       /* VMs that are looked through for a name or a process */
#define VM_TABLE_HALVES	    64
#define STORY_MESSAGES	    8 /* lines of KVM's that are remembered of a VM, the newest */

/* What of a VM's life was watched. */
enum life {
	LIFE_WHOLE,    /* from its birth, without a loss, a gap or a filter */
	LIFE_OLDER,    /* the VM is older than this trace */
	LIFE_LOSSY,    /* events were lost since its birth */
	LIFE_GAP,      /* it was not watched for a while, or not in every function */
	LIFE_FILTERED, /* a filter hides a part of its calls */
	LIFE_UNKNOWN,  /* when it was born could not be told */
};

#define HOLE(life) (1u << (life)) /* a bit of struct holes */

/* Why not all of a VM's calls can have been seen, for each function that is watched. */
struct holes {
	uint8_t at[ATTACH_POINTS];
	bool lossy;
};

/* A line that KVM printed. */
struct vm_line {
	char *text;
	uint32_t tid;
	uint32_t cmd; /* the ioctl on this VM that the thread was in; 0: none that is known */
	uint64_t mono_ns;
};

/* There can be many: what few of them have is behind a pointer. */
struct vm {
	/* The key: the inode, where there is one; a struct kvm's address can have a second VM. */
	uint64_t ino, kvm;
	uint32_t pid;
	unsigned int number;	   /* from 1 on */
	char *comm, *name, *guest; /* NULL: not known */
	uint64_t epoch;		   /* what befell all VMs until then is in holes */
	struct holes holes;

	bool created;  /* KVM told of its birth */
	bool found;    /* it was there already, in this mode: */
	bool incoming; /* it waited for its guest to be migrated here */
	bool ended;
	bool untold; /* a text of it found no room */
	bool extension_asked;
	bool caps_known;
	bool arch_accepted;
	bool ran;	/* a KVM_RUN of it ended well since it asked for a mode, */
	bool ran_known; /* of which it is known in what mode: */
	uint32_t ran_pvr;
	uint32_t found_pvr;
	enum inventory_mode found_mode;

	int extension;
	unsigned int n_ok, n_failed;
	enum cause first_failure, last_failure;
	char *last_hint;
	uint64_t caps; /* of its newest negotiation that told any */
	/* End and start of an E2BIG that told to retry; 0: none. */
	uint64_t retry_since, retry_start;
	unsigned int n_retries, n_recovered;
	unsigned int n_arch;
	enum arch_cause arch_cause; /* the newest */
	uint32_t arch_pvr;
	unsigned int n_runs; /* kinds of failures of KVM_RUN */
	char *arch_hint;
	uint64_t arch_modes;	   /* that the host offered then; 0: not known */
	char *run_lead, *run_tail; /* of the first: what KVM had said to it, and what came of it */
	struct vm_line *lines;	   /* STORY_MESSAGES of them; NULL: there was none */
	unsigned int n_lines;	   /* that there were; line i stands at i % STORY_MESSAGES */

	struct vm *prev, *next; /* by number */
	struct vm *next_ended;
};

struct vm_table {
	void *by_ino, *by_kvm, *marks; /* tsearch(3) */
	struct vm *oldest, *newest;
	struct vm *first_ended, *last_ended;
	struct vm *just_ended; /* the first that has ended since losses were told of last */
	struct vm *hand;       /* all before it have been heard of since ends were lost last */
	unsigned int n_vms, n_numbers, n_marks;

	/* VMs that no story is told of: */
	unsigned int n_forgotten; /* that have ended, */
	unsigned int n_doubtful;  /* whose end may have been lost, */
	unsigned int n_beyond;	  /* and for which there was no room */
	bool more_beyond;	  /* not all of those could be counted */
	unsigned int n_untold;	  /* VMs of which some text found no room */

	struct {
		bool told, attached, known;
		bool listed; /* all VMs that were there once have been told */
	} points[ATTACH_POINTS];
	uint64_t epoch;
	uint64_t gap_at[ATTACH_POINTS], lost_at, ends_lost_at; /* epochs; 0: never */
	size_t text_bytes, line_bytes;

	/* Of some of the newest VMs a birth is known and no inode, or calls and no birth. */
	struct vm *halves[VM_TABLE_HALVES];
	unsigned int next_half;
};

/* How a frame names a VM. Empty, 0: not known. */
struct vm_id {
	uint64_t ino, kvm;
	uint32_t pid;
	const char *name, *comm; /* escaped */
};

void vm_table_free(struct vm_table *t);

/* NULL: it is not known. */
struct vm *vm_table_find(const struct vm_table *t, const struct vm_id *id);

/* The VM of a call; one that was there already, was made, has ended. NULL: there is no room. */
struct vm *vm_table_of_call(struct vm_table *t, const struct vm_id *id);
struct vm *vm_table_found(struct vm_table *t, const struct vm_id *id);
struct vm *vm_table_created(struct vm_table *t, const struct vm_id *id);
struct vm *vm_table_ended(struct vm_table *t, const struct vm_id *id);
void vm_table_end(struct vm_table *t, struct vm *vm);

void vm_table_attach(struct vm_table *t, const struct frame *f);
void vm_table_lost(struct vm_table *t, const struct frame *f);

/* What of a VM's calls can have been missed until now. */
struct holes vm_table_holes(const struct vm_table *t, const struct vm *vm);

void vm_table_keep_guest(struct vm *vm, const char *guest);
/* Copies by in place of one of this VM's texts, which is NULL afterwards where there is no room. */
void vm_table_keep(struct vm_table *t, struct vm *vm, char **text, const char *by);
/* Copies the line, also its text. */
void vm_table_keep_line(struct vm_table *t, struct vm *vm, const struct vm_line *line);
/* Of the newest lines the one that is this old, the newest first; NULL: it is not there. */
const struct vm_line *vm_line(const struct vm *vm, unsigned int age);

#endif /* COMPATCAPS_VM_TABLE_H */
