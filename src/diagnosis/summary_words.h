/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of all formats that sentences of a VM are made of (summary.h), and what the files that
 * make them share. A format is a whole clause or a whole sentence; what is put into it is a name, a
 * number or a reason of coverage.h.
 */
#ifndef COMPATCAPS_SUMMARY_WORDS_H
#define COMPATCAPS_SUMMARY_WORDS_H

#include <inttypes.h>
#include <stdio.h>

#include "diagnosis/summary.h"

#define HEAD	   "VM %u, %s[%" PRIu32 "]"
#define HEAD_GUEST ", guest \"%s\""
#define INCOMING   "started to take in a migrated guest (-incoming)"

#define FOUND	       "was there when this trace began"
#define FOUND_SET      "was there when this trace began, in mode %s"
#define FOUND_NONE     "was there when this trace began, with no mode set"
#define FOUND_REFUSED  "was there when this trace began, with a mode that KVM had refused"
#define FOUND_DIFFERS  "was there when this trace began, its vCPUs in different modes"
#define FOUND_NO_VCPU  "was there when this trace began, without a vCPU"
#define FOUND_SOME     "%u of its %u vCPUs was seen then"
#define FOUND_SOME_ARE "%u of its %u vCPUs were seen then"

#define CHECKED "checked KVM_CAP_PPC_COMPAT_CAPS (answer %d)"

#define QUERY_OK      "1 query, which succeeded"
#define QUERY_OK_SEEN "1 query was seen, which succeeded"
#define QUERY_FAILED  "1 query, which failed (%s)"
#define QUERY_FAILED_SEEN \
	"1 query was seen, which failed (%s), whether another succeeded was not seen"
#define QUERIES_OK	"%u queries, which all succeeded"
#define QUERIES_OK_SEEN "%u queries were seen, which all succeeded"
#define QUERIES_FAILED	"%u queries, which all failed (first %s)"
#define QUERIES_FAILED_SEEN \
	"%u queries were seen, which all failed (first %s), whether another succeeded was not seen"
#define QUERIES_MIXED	   "%u queries, %u of which failed (first %s)"
#define QUERIES_MIXED_SEEN "%u queries were seen, %u of which failed (first %s)"
#define RETRY_RECOVERED	   "1 retry, which recovered"
#define RETRY_FAILED	   "1 retry, which failed"
#define RETRIES		   "%u retries, %u of which recovered"
#define NO_QUERY	   "no query of it reached KVM"
#define NO_QUERY_SEEN	   "was not seen to query (%s)"
#define QUERIED_SHORT	   "queried"
#define QUERIED_IN_VAIN	   "queried and failed (%s)"
#define OFFERED		   "was offered %s"

/*
 * The first %s of these is who: "", "vCPU 2 ", "vCPUs 0, 1 ", "a vCPU "; the second one of some is
 * the verb, for one or for several.
 */
#define ASKED		   "%sasked for %s: %s"
#define ASKED_TIMES	   "%sasked for %s %u times: %s"
#define REFUSED		   "%s%s refused %s (%s)"
#define REFUSED_TIMES	   "%s%s refused %s %u times (%s)"
#define THEN_ASKED	   "then asked for %s: %s"
#define THEN_ASKED_TIMES   "then asked for %s %u times: %s"
#define THEN_REFUSED	   "then %s refused %s (%s)"
#define THEN_REFUSED_TIMES "then %s refused %s %u times (%s)"
#define ASKED_OFTEN	   "%sasked for a mode %u times, the last time for %s: %s"
#define REFUSED_OFTEN	   "%sasked for a mode %u times (refused %u times), the last time for %s: %s"
#define ABOVE_HOST \
	"%sasked for %s, KVM accepted it although this host offers %s at most (this kernel does not check, Linux 7.3 does)"
#define ABOVE_HOST_TIMES \
	"%sasked for %s %u times, KVM accepted it although this host offers %s at most (this kernel does not check, Linux 7.3 does)"
#define ABOVE_SOME_HOST \
	"%sasked for %s, KVM accepted it although this host does not offer it (this kernel does not check, Linux 7.3 does)"
#define IN_CAS		"%s in its guest's CAS" /* a mode that was asked for */
#define ASKED_NONE	"asked for no mode"
#define ASKED_NONE_SEEN "was not seen to ask for a mode (%s)"
#define ONE_OTHER	"1 more vCPU did otherwise"
#define OTHERS		"%u more vCPUs did otherwise"

#define FIRST_RUN_OF_VM	     "its first run failed: %s"
#define FIRST_RUN_OF_VCPU    "the first run of vCPU %u failed: %s"
#define FIRST_RUN_OF_ONE     "the first run of a vCPU failed: %s"
#define FIRST_RUN_OF_EACH    "the first run of each failed: %s"
#define FIRST_RUN_OF_GROUP   "the first run of each of %sfailed: %s" /* "vCPUs 0, 1 " */
#define RUN_FAILED	     "KVM_RUN failed with %s"
#define RUN_ENDED	     "KVM_RUN ended with %s"
#define LATER_FAILED	     "a later KVM_RUN failed with %s"
#define LATER_OF_VCPU_FAILED "a later KVM_RUN of vCPU %u failed with %s"
#define LATER_OF_VCPU_ENDED  "a later KVM_RUN of vCPU %u ended with %s"
#define LATER_ENDED	     "a later KVM_RUN ended with %s"
#define VCPU_FAILED	     "KVM_RUN of vCPU %u failed with %s"
#define VCPU_ENDED	     "KVM_RUN of vCPU %u ended with %s"
#define EACH_FAILED	     "KVM_RUN of each failed with %s"
#define EACH_ENDED	     "KVM_RUN of each ended with %s"
#define GROUP_FAILED	     "KVM_RUN of each of %sfailed with %s"
#define GROUP_ENDED	     "KVM_RUN of each of %sended with %s"
#define EACH_FAILED_LATER    "a later KVM_RUN of each failed with %s"
#define EACH_ENDED_LATER     "a later KVM_RUN of each ended with %s"
#define GROUP_FAILED_LATER   "a later KVM_RUN of each of %sfailed with %s"
#define GROUP_ENDED_LATER    "a later KVM_RUN of each of %sended with %s"
#define ON_VCPU_IN	     "on a vCPU in %s"
#define WITHOUT_PAPR \
	"%s: KVM_CAP_PPC_PAPR was not enabled on this vCPU, without which KVM HV runs no guest"
#define OF_NO_VM       "of which VM could not be told"
#define PRINTED	       "; KVM printed: \"%.*s%s\""
#define DIFFERENT_WAYS "Its runs failed in %u different ways."

#define RUNS	     "%s%s in %s"
#define RAN	     "%sran in %s"
#define RUNS_SOMEHOW "%s%s, in a mode that is not known"
#define RAN_SOMEHOW  "%sran, in a mode that is not known"
/* Where a request or a failure may have been missed: how it runs now is not known. */
#define SEEN_TO_RUN	    "%s%s seen to run in %s"
#define SEEN_TO_RUN_SOMEHOW "%s%s seen to run, in a mode that is not known"
#define SEEN_TO_DIFFER	    "its vCPUs were seen to run in different modes: %s"
#define GOES_ON		    "%swent on without a mode and %s in the host's own"
#define WENT_ON		    "%swent on without a mode and ran in the host's own"
#define THEN_RAN	    "then ran in %s"
#define THEN_RAN_SOMEHOW    "%sthen ran, in a mode that is not known"
#define IN_BETWEEN	    ", in between " /* of the requests that are given as a number */
#define RUN_DIFFERENTLY	    "its vCPUs run in different modes: %s"
#define RAN_DIFFERENTLY	    "its vCPUs ran in different modes: %s"
#define NOT_YET		    "no KVM_RUN of it has succeeded yet"
#define ENDED_BEFORE	    "ended without a KVM_RUN that succeeded"
#define DENIED \
	"; QEMU does not start without %s, which this host does not grant: start it with -machine pseries,%s (libvirt: %s)"
#define DENIED_FOR_GOOD \
	"; QEMU does not start without %s, which this host does not grant, and no option of -machine changes that"
#define DENIED_OTHERWISE   ": %s"
#define DENIED_ABOVE	   "%s above %s"
#define NO_RUN_SEEN	   "was not seen to run (%s)"
#define NO_RUN_SEEN_EITHER "was not seen to run either"

#define NOT_ALL	  "Not all of its calls were seen (%s)."
#define LEFT_OUT  "A part of what it did is left out: there was no room for it."
#define OF_NEWEST "Of the newest query: %s."

/* The hint of a request. */
#define WHO_ASKED	  "%s asked for %s"
#define OFFERS		  ", this host offers %s"
#define OFFERS_BY_VERSION ", this host offers %s by its cpu-version"
#define OFFERS_UNKNOWN	  ", what this host offers is not known"
#define IS_NOT_CHECKED	  ". This kernel does not check (Linux 7.3 does)"
#define WILL_FAIL	  ", and the guest is likely to fail when it runs"
#define SET_FOR_QEMU \
	": start it with -machine pseries,max-cpu-compat=%s (libvirt: <cpu mode='host-model'><model>%s</model></cpu>)"
#define ASK_INSTEAD   ": let it ask for %s"
#define OR_OTHER_HOST ", or run it on a host that offers %s"
#define NO_SUCH_PVR   ": no kernel knows this logical PVR"
#define IS_RAW_PVR    ": that is a processor's own PVR, and KVM takes logical ones alone"
#define IS_EARLY \
	", and KVM_CAP_PPC_PAPR was not enabled on this vCPU yet, without which Linux 7.3 and newer refuse every mode: enable it first"
#define IS_KVM_PR \
	", and this VM is one of KVM PR, which has no compatibility modes: make the VM with KVM HV"
#define WAS_IT_EARLY \
	": KVM does not refuse an older mode for what this host offers; was KVM_CAP_PPC_PAPR enabled on this vCPU before?"
#define WHICH_OF_TWO \
	": KVM refuses an older mode before KVM_CAP_PPC_PAPR is enabled, and on nested API v2 one that the host does not have; which of these it was is not known"
#define LOOKS_FOR_OWN \
	": this host runs in %s mode, which its hypervisor did not agree on, and there Linux up to 7.3 looks for %s where %s is asked for"
#define REFUSES_AND_PRINTED ": the kernel refuses it, and KVM printed: \"%.*s\""
#define REFUSES		    ": the kernel refuses it, its log may say why"

/* What the author of its VMM can do. */
#define DEV_NO_QUERY \
	"no query of it reached KVM: call KVM_PPC_GET_COMPAT_CAPS and ask for a mode that it offers"
#define DEV_NOT_SEEN \
	"it was not seen to query (%s): call KVM_PPC_GET_COMPAT_CAPS and ask for a mode that it offers"
#define DEV_NOT_SEEN_SO \
	"it was not seen to query: call KVM_PPC_GET_COMPAT_CAPS and ask for a mode that it offers"
#define DEV_FAILED     "its query failed (%s): correct it, and ask for a mode that its answer has"
#define DEV_FAILS_HERE "its query failed (%s)"
#define DEV_ONE_FAILED "a query of it failed (%s), whether another succeeded was not seen"
#define DEV_ANSWERED   "its query was answered: ask for a mode that the answer has"
#define ALSO_EARLY \
	"; and KVM_CAP_PPC_PAPR was not enabled on this vCPU yet, without which Linux 7.3 and newer refuse every mode"
#define ONLY_EARLY \
	"KVM_CAP_PPC_PAPR was not enabled on this vCPU yet, without which Linux 7.3 and newer refuse every mode: enable it first"

#define LINE_SAID 120 /* of a line of KVM's, in a sentence */

/* What is not known. */
#define UNKNOWN_CALLS "Whether it made more queries or requests is not known: %s."
#define UNKNOWN_RUN   "Whether it ran is not known: %s."
#define UNKNOWN_OFFER "What this host offered when it was refused a mode is not known."
#define UNKNOWN_VCPU  "Which of its vCPUs asked or ran is not known."
#define UNKNOWN_MODE  "The mode that it ran in is not known: KVM did not tell."
#define UNKNOWN_VCPUS "The mode of %u of its %u vCPUs when this trace began is not known."
#define UNKNOWN_ROOM  "A part of what it did is not known: there was no room for it."

/* ------------------------------------------------------------------ how they are put together */

struct text {
	FILE *f;
	const char *sep; /* before the next clause */
	const char *
		reason; /* why something may have been missed, as it was told last; NULL: not yet */
};

void clause(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* summary_vcpus.c: what vCPUs asked for, how they failed and what they run in. */
void tell_vcpus(struct text *t, const struct summary *s);

/* summary.c: what keeps QEMU from starting a VM that ended before it ran. */
void tell_denied(struct text *t, const struct summary *s);

#endif /* COMPATCAPS_SUMMARY_WORDS_H */
