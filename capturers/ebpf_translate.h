/*
 * Classic BPF to eBPF, for programs that look at frames from outside of the
 * socket layer. Pure: nothing is loaded.
 */
#ifndef CB_CAPTURERS_EBPF_TRANSLATE_H
#define CB_CAPTURERS_EBPF_TRANSLATE_H

#include "capturers/filter.h"
#include "harness/base/error.h"

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

struct cb_ebpf_code {
	struct bpf_insn *code; /* to free() */
	size_t n, room;
};

struct cb_ebpf_target {
	bool xdp;  /* the context is a struct xdp_md, else a struct __sk_buff */
	int next;  /* a PROG_ARRAY: frames that are taken go on with its program 0 */
	int other; /* what is returned for all others, and if there is no such program */
};

/*
 * A load beyond the frame's end, or a division by 0, means that the frame is not taken, as in
 * classic BPF. CB_ERR_USAGE for instructions that have no meaning here (the Linux extensions of
 * classic BPF, jumps to nowhere) and for programs that get too long.
 */
int cb_ebpf_translate(struct cb_ebpf_code *out, const struct cb_filter *f,
	const struct cb_ebpf_target *target, struct cb_error *err);

#endif
