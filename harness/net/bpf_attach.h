/*
 * Where eBPF programs sit on an interface: tc ingress (behind the packet sockets' taps) and XDP (in
 * the driver, before all of them). By BPF links, which die with their last descriptor and so with
 * their owner. Only tc ingress before Linux 6.6 has no links: there a filter is added, and removed
 * by cb_bpf_detach(), or by a child process that sees when its owner was killed, or by `capbench
 * clean` when both were.
 */
#ifndef CB_HARNESS_NET_BPF_ATTACH_H
#define CB_HARNESS_NET_BPF_ATTACH_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cb_xdp_mode {
	CB_XDP_AUTO,    /* native where the driver can, else generic */
	CB_XDP_NATIVE,  /* in the driver */
	CB_XDP_GENERIC, /* in the stack's entry, on any device */
};

struct cb_undo_file;

/* Zero is not "nothing": start from CB_BPF_DETACHED. */
struct cb_bpf_attachment {
	int link_fd;           /* -1: none */
	enum cb_xdp_mode mode; /* XDP: which one it came to be */
	/* The filter of kernels without links for tc. */
	bool filter, made_qdisc;
	unsigned ifindex;
	uint32_t handle, priority;
	int guard_fd; /* to its guard; -1: none */
	pid_t guard;
	struct cb_undo_file *undo; /* what says so to `clean`; NULL: none */
};

#define CB_BPF_DETACHED ((struct cb_bpf_attachment){.link_fd = -1, .guard_fd = -1})

/*
 * Attach a program of type XDP. CB_ERR_IMPOSSIBLE: the interface has another one, or its driver
 * can't do `mode`; the interface is named. `generic` is how the user would ask for the generic
 * mode, as "af-xdp:mode=skb": what else could be done, in words of the caller's.
 */
int cb_bpf_attach_xdp(struct cb_bpf_attachment *a, int program, unsigned ifindex,
	const char *interface, enum cb_xdp_mode mode, const char *generic, struct cb_error *err);

/*
 * Attach a program of type SCHED_CLS at tc ingress, before all others. It should return
 * TC_ACT_UNSPEC so that those run too.
 */
int cb_bpf_attach_ingress(struct cb_bpf_attachment *a, int program, unsigned ifindex,
	const char *interface, struct cb_error *err);
/* The same without BPF links, as kernels before 6.6 need it; the above falls back to it. Forks. */
int cb_bpf_attach_ingress_filter(struct cb_bpf_attachment *a, int program, unsigned ifindex,
	const char *interface, struct cb_error *err);

/* More than once does no harm. */
void cb_bpf_detach(struct cb_bpf_attachment *a);

#endif
