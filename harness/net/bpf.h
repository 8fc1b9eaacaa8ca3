/*
 * eBPF objects: loading them quietly, and saying in one sentence why the kernel refuses one. What
 * libbpf and the verifier have to say goes to the debug log.
 */
#ifndef CB_HARNESS_NET_BPF_H
#define CB_HARNESS_NET_BPF_H

#include "harness/base/error.h"

#include <stddef.h>

struct bpf_object_skeleton;

/* libbpf's words go to the debug log from now on. To be called before an object is opened. */
void cb_bpf_quiet(void);

/*
 * Load the programs and maps of an opened skeleton. `what` begins the error ("wait batch").
 * CB_ERR_IMPOSSIBLE with the missing privilege, or with the verifier's reason. Blocks for some ms.
 */
int cb_bpf_load(struct bpf_object_skeleton *skeleton, const char *what, struct cb_error *err);

/*
 * Can programs with a BPF ring buffer be loaded here by this process? CB_ERR_IMPOSSIBLE if not.
 * Quicker than loading one's own: for `list`.
 */
int cb_bpf_probe(const char *what, struct cb_error *err);

/* The line of a verifier's log that says why: the last one that is not a statistic. "": none. */
void cb_bpf_refusal(const char *log, char *out, size_t size);

/* What a refused bpf(2) call means to the user. Returns err->code. */
int cb_bpf_refused(const char *what, int sys_errno, const char *log, struct cb_error *err);

#endif
