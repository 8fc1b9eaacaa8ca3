/*
 * A capture filter in front of an eBPF tap: the classic BPF program of an expression, translated
 * into an eBPF program that goes on with the tap's for each frame that it takes.
 *
 * Not the translation that the kernel makes for a packet socket's filter (bpf_convert_filter(),
 * net/core/filter.c), which is out of reach at XDP; but of the same instructions, and at a socket
 * with the same loads, so that a filter costs alike.
 */
#ifndef CB_CAPTURERS_FILTER_PROGRAM_H
#define CB_CAPTURERS_FILTER_PROGRAM_H

#include "capturers/filter.h"

struct bpf_insn;

/* Of which type the tap's program is. */
enum cb_filter_at {
	CB_FILTER_AT_SOCKET,
	CB_FILTER_AT_XDP,
	CB_FILTER_AT_XDP_FRAGS, /* SEC("xdp.frags") */
};

/* Zero is not "nothing": start from CB_FILTER_PROGRAM_NONE. */
struct cb_filter_program {
	int program; /* to attach in place of the tap's; -1: none */
	int next;    /* where it goes on; to be kept open as long as it is attached */
};

#define CB_FILTER_PROGRAM_NONE ((struct cb_filter_program){.program = -1, .next = -1})

/*
 * Load the filter in front of the program `tap`. Other frames are left alone: none is queued in a
 * socket, XDP passes them on. CB_ERR_USAGE when the filter has what can't be translated,
 * CB_ERR_IMPOSSIBLE as cb_bpf_load().
 */
int cb_filter_program_load(struct cb_filter_program *p, const struct cb_filter *filter,
	enum cb_filter_at at, int tap, struct cb_error *err);

/* The same for an expression; with none (NULL, ""), there is nothing to load: p->program is -1. */
int cb_filter_program_compile(struct cb_filter_program *p, const char *expression,
	enum cb_filter_at at, int tap, struct cb_error *err);

/* More than once does no harm. */
void cb_filter_program_close(struct cb_filter_program *p);

#endif
