/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What options of compatcaps-trace can be given, for complete.h: what runs on this host, and what
 * tables of the program name. Names that processes chose are offered as they are, because a
 * filter compares with them; quoting them is the shell's business.
 */
#ifndef COMPATCAPS_OFFERS_H
#define COMPATCAPS_OFFERS_H

/* The numbers of processes, with their names, and the names. proc: "/proc" */
void offer_pids(const char *proc);
void offer_comms(const char *proc);

/* The VMs as --vm names them, with process and guest. kvm: "/sys/kernel/debug/kvm" */
void offer_vms(const char *kvm, const char *proc);

/* Names of errors. */
void offer_errnos(void);

/* Names of causes and of modes. */
void offer_causes(void);
void offer_modes(void);

/* The beginnings of rules, and a rule for each cause of a failure. */
void offer_rules(void);

#endif /* COMPATCAPS_OFFERS_H */
