/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For attach.c: objects of BPF programs with the filters set, and what libbpf says of them. */
#ifndef COMPATCAPS_OBJECTS_H
#define COMPATCAPS_OBJECTS_H

#include <bpf/libbpf.h>

#include "live/attach.h"
#include "compatcaps.skel.h"

#define ENOTSUPP 524 /* the kernel's own, which no header of user space has */

/* From now on keep what libbpf has to say, or pass it on at once. */
void objects_hear(bool aloud);

/* libbpf's messages on a failure, below our own sentence on it; or not at all. */
void objects_show_messages(void);
void objects_forget_messages(void);

/* That `what` failed with -errno, as a sentence with a remedy; error: ATTACH_ERROR_LEN. */
void objects_describe(char *error, const char *what, int err);

/*
 * The maps, which all objects share, and the programs that user space calls. 0, or -errno. *o is to
 * be destroyed, NULL or not.
 */
int objects_load_maps(const struct attach_options *opt, struct compatcaps_bpf **o);

/*
 * With none of its programs to be loaded yet, and with these maps. NULL, and errno. It is another
 * object, for libbpf cannot add programs to one that is loaded, and modules come when they like.
 */
struct compatcaps_bpf *objects_open_sharing(const struct attach_options *opt,
					    const struct compatcaps_bpf *maps);

/* The program that is both the beginning and the end of a call. */
#define OBJECTS_SESSION "ioctl_session"

/* Does this kernel know such programs? Whether its JIT can make one, loading shows. */
bool objects_have_sessions(void);

/* Do the kernel's types have what fexit needs of ftrace? Where they do not, it may be there still.
 */
bool objects_have_direct_calls(void);

/* Is another program attached to the function that this one was loaded for? */
bool objects_is_shared(const struct bpf_program *p);

/* NULL: none is called so, or name is NULL. */
struct bpf_program *objects_program(const struct compatcaps_bpf *o, const char *name);

/*
 * This program is to be loaded, for func or the tracepoint of that name. 0, or -errno: -ESRCH
 * where the kernel's types have no such function. Not "module:function": libbpf takes any module
 * whose name begins like that.
 */
int objects_want(struct compatcaps_bpf *o, const char *name, const char *func, enum attach_how how);

/*
 * kvm-hv's nested_capabilities, by this program of an object that is loaded (nested_caps.bpf.h).
 * FACT_UNKNOWN: it cannot be read, and *caps stays.
 */
enum fact objects_nested_caps(const struct bpf_program *reader, uint64_t *caps);

/*
 * Runs that the kernel did without, for the program was under way on that CPU already: a call of
 * fn for each program with its name.
 */
typedef void objects_misses_fn(const char *name, uint64_t n, void *ctx);
void objects_recursion_misses(const struct compatcaps_bpf *o, objects_misses_fn *fn, void *ctx);

/*
 * The module of VMs is gone, or there is none: what the map still has are those whose end nobody
 * has seen. Nothing that uses the map is attached.
 */
void objects_forget_vms(struct compatcaps_bpf *maps);

/* A call of fn for each program that is loaded. */
void objects_programs(const struct compatcaps_bpf *o, attach_program_fn *fn, void *ctx);

/* ---------------------------------------------------------------- why something cannot be watched
 */

extern const char why_no_types[], why_shared[];

/* Why no kprobe is attached in place of fexit, which err stands against; NULL: nothing. */
const char *why_no_kprobes(enum attach_method method, int err);

/* A sentence where what was asked for cannot be; NULL: go on. */
const char *why_refused(const struct attach_options *opt);

/* That KVM's functions could not be attached to, as a sentence; error: ATTACH_ERROR_LEN. */
void why_not_attached(char *error, enum attach_method method, int err);

#endif /* COMPATCAPS_OBJECTS_H */
