/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The VMs of a trace: which VM a frame is about.
 *
 * A VM is what the kernel side gave a number, which no other VM gets. A recording of schema 1 has
 * none for births and ends: there it is the inode in debugfs, else a struct kvm and its process,
 * and a birth or an end without an inode is joined by the VM's name. Of a newer recording a name
 * joins nothing.
 *
 * The table has room for VM_TABLE_MAX VMs. A VM that has ended makes room for a new one; then one
 * whose end may have been lost does. Of a VM that finds no room no more is kept than that it was
 * there, so that nothing is claimed about its whole life when it finds room later.
 */
#ifndef COMPATCAPS_VM_TABLE_H
#define COMPATCAPS_VM_TABLE_H

#include "diagnosis/coverage.h"
#include "diagnosis/history.h"

#define VM_TABLE_MAX	65536	   /* VMs at once */
#define VM_NUMBER_MAX	(1u << 24) /* up to here a recording is believed how many there were */
#define VM_TABLE_MARKS	65536	   /* VMs of which nothing is known but what can have been missed */
#define VM_TABLE_NEWEST 256	   /* VMs that are looked through for a name or a process */
#define VM_TABLE_HALVES 64

/* What a VM is known by. */
struct vm_key {
	enum { BY_NOTHING, BY_NUMBER, BY_INODE, BY_KVM } by;
	uint32_t pid; /* BY_KVM: the process */
	uint64_t value;
};

/* There can be many. */
struct vm {
	struct vm_key key;
	uint32_t pid;
	unsigned int number;	   /* from 1 on, in this trace */
	char *comm, *name, *guest; /* NULL: not known */
	char *untold_name;	   /* QEMU's -name, until a record that has it was told */
	struct vm_coverage coverage;
	struct history history;
	/* By a session_filter: */
	bool wanted;			/* it is not left out */
	bool named;			/* that was decided by its guest's name */
	bool hidden;			/* something of it was left out */
	bool told;			/* its story, when it ended, */
	bool unsure;			/* and that claimed more than is sure now */
	enum coverage_reason told_life; /* what of its life was not covered, as was told then */

	struct vm *prev, *next; /* by number */
	struct vm *next_ended;
};

struct vm_table {
	struct coverage coverage;
	struct history_room room; /* of all histories together */

	void *by_key, *marks; /* tsearch(3) */
	struct vm *oldest, *newest;
	struct vm *first_ended, *last_ended;
	struct vm *just_ended; /* the first that has ended since losses were last reported */
	bool losses_told;      /* by the frames before this one: one for each reason */
	struct vm *hand;       /* all before it have had a record since ends were last lost */
	unsigned int n_vms, n_numbers, n_marks;
	uint64_t ends_lost_at; /* epoch; 0: never */

	/* VMs that have no story: */
	unsigned int n_forgotten; /* that have ended, */
	unsigned int n_doubtful;  /* whose end may have been lost, */
	unsigned int n_beyond;	  /* and for which there was no room */
	bool more_beyond;	  /* not all of those could be counted */

	/* Schema 1: of some of the newest VMs a birth is known and no inode, or calls and no birth.
	 */
	struct vm *halves[VM_TABLE_HALVES];
	unsigned int next_half;
};

/* How a frame names a VM. Empty, 0: not known. */
struct vm_id {
	uint64_t number, ino; /* schema 1: number may be an address */
	uint32_t pid;
	const char *name, *comm; /* escaped */
	uint32_t recorded;	 /* the number that people know it by, of a recording; 0: none */
};

void vm_table_free(struct vm_table *t);

/* What was missed since its last record is now known to its coverage and its history. */
void vm_table_meet(const struct vm_table *t, struct vm *vm);

/*
 * The VM of a call; one that was there already, was made, has ended. NULL: there is no room, or the
 * frame names none.
 */
struct vm *vm_table_of_call(struct vm_table *t, const struct vm_id *id);
struct vm *vm_table_found(struct vm_table *t, const struct vm_id *id);
struct vm *vm_table_created(struct vm_table *t, const struct vm_id *id, uint64_t mono_ns);
struct vm *vm_table_ended(struct vm_table *t, const struct vm_id *id);
void vm_table_end(struct vm_table *t, struct vm *vm);

void vm_table_attach(struct vm_table *t, const struct frame *f);
void vm_table_lost(struct vm_table *t, const struct frame *f);
/* A frame that is no loss: all reasons of the losses before it have been given. */
void vm_table_no_loss(struct vm_table *t);

/* The VM that a loss names. NULL: none that is known. */
struct vm *vm_table_of_loss(const struct vm_table *t, const struct cc_loss_key *key);

/* Names that came later than the VM, or are others now. */
void vm_table_keep_guest(struct vm *vm, const char *guest, const char *name_option);
void vm_table_keep_names(struct vm *vm, const struct vm_id *id);

#endif /* COMPATCAPS_VM_TABLE_H */
