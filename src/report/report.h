/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The forms of a report, and what report.c hands them. */
#ifndef COMPATCAPS_REPORT_H
#define COMPATCAPS_REPORT_H

#include "report/digest.h"
#include "io/output.h"
#include "recording/recording.h"

#define REPORT_VMS 100 /* that are described one by one; the others are counted */

struct report {
	struct output *out;
	FILE *f; /* out's */
	bool color;
	size_t n;	  /* recordings */
	bool only_broken; /* recordings and VMs in which nothing went wrong are left out */
};

/* One recording of it. */
struct report_input {
	const char *name; /* as it was named */
	size_t number;	  /* from 1 */
	FILE *f;
	bool recorded;			     /* the verdicts that were given then */
	const struct session_filter *filter; /* what is left out */
};

struct report_format {
	const char *name, *what;
	enum shield_kind shield; /* how it escapes (shield.h) */
	/* State of its own. NULL: it has been said why. */
	void *(*begin)(const struct report *r);
	/* rec: what reading it came to. false: it could not be made, which has been said. */
	bool (*recording)(void *state, const struct report_input *in, struct recording *rec);
	/* Lets go of the state. false: as above. */
	bool (*end)(void *state);
};

extern const struct report_format report_text, report_html, report_perfetto;

/* Reads in->f into a digest. NULL: no memory, which has been said. */
struct digest *report_digest(const struct report *r, const struct report_input *in,
			     struct recording *rec);

/* Words that all forms share, of any length that a hostile recording has; each returns buf. */
#define REPORT_WORDS_LEN 2048

/* "db1: Linux 7.3 (ppc64le), 64 CPUs, ..." */
char *report_host(char buf[REPORT_WORDS_LEN], const struct digest *d);
/* "2 of 7 VMs went wrong: ...": what was seen, in a sentence; "": there is no story */
char *report_verdict(char buf[REPORT_WORDS_LEN], const struct digest *d);
/* Is it more than ""? */
bool report_has_verdict(const struct digest *d);
/* "2 of 7 VMs went wrong"; "": as above */
char *report_verdict_short(char buf[REPORT_WORDS_LEN], const struct digest *d);
/* "POWER9 POWER10 (nested-capabilities)" */
char *report_offer(char buf[REPORT_WORDS_LEN], const struct digest *d);
/* "It went forward by 1 h 0 min before event 12: ..."; "": it was not set */
char *report_clock(char buf[REPORT_WORDS_LEN], const struct digest *d);
/* "struct of 24 bytes, command 0x2000aeb8 (mainline)" */
char *report_kernel(char buf[REPORT_WORDS_LEN], const struct digest *d);
/* Where there is no cause. */
const char *report_no_calls(const struct digest *d);
/* How many VMs are not described one by one. */
unsigned int report_more_vms(const struct digest *d);
/* What is only summed up about the other VMs; "": nothing. */
char *report_rest(char buf[REPORT_WORDS_LEN], const struct digest *d);
/* The story of a VM, or why there is none: "VM 1, guest "careful": 2 calls are shown, ..." */
const char *report_story(char buf[REPORT_WORDS_LEN], const struct digest *d,
			 const struct digest_vm *vm);
/* "steps[110], VM 1, guest "careful"" */
char *report_who(char buf[REPORT_WORDS_LEN], const struct digest_event *e);

/* "7 queries took from 4 us to 3.3 ms, 80 us in the median"; "": there are none */
char *report_latency(char buf[REPORT_WORDS_LEN], const struct digest *d);

/* Where digest_unseen() has nothing to tell. */
#define REPORT_ALL_SEEN \
	"Nothing is known to be missing: no event was lost, each function was watched from " \
	"beginning to end, and each VM from its creation."

#endif /* COMPATCAPS_REPORT_H */
