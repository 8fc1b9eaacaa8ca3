/*
 * What af-xdp finds out about an interface and decides before it sets anything up: which RX queues
 * its processes take, how the umem is cut, who copies. Not a mechanism itself.
 */
#ifndef CB_CAPTURERS_MECHANISMS_AF_XDP_PLAN_H
#define CB_CAPTURERS_MECHANISMS_AF_XDP_PLAN_H

#include "capturers/capturer.h"
#include "harness/net/bpf_attach.h"
#include "harness/net/link.h"
#include "harness/net/xsk.h"

#include <stdbool.h>
#include <stdint.h>

#define CB_AF_XDP_QUEUES_MAX 64

struct cb_af_xdp_options {
	int mode;
	int64_t queues; /* 0: all */
	bool need_wakeup;
};

extern const struct cb_option cb_af_xdp_options[];

/* The program is to run in the stack's entry, whatever the driver can. */
bool cb_af_xdp_in_stack(const struct cb_af_xdp_options *options);

struct cb_af_xdp_plan {
	const struct cb_tap *tap;
	const struct cb_af_xdp_options *options;
	struct cb_link_info link;
	uint32_t queues;           /* to take, by all processes together */
	unsigned index, processes; /* ours are queues index, index + processes, ... */
	enum cb_xdp_mode xdp;      /* where the program is to run */
	bool native;               /* it runs in the driver */
	struct cb_xsk_spec spec;   /* of each socket, but for its queue */
};

/*
 * Everything but `native` and spec.mode. `processes` share the queues out, we are number `index`.
 * CB_ERR_IMPOSSIBLE: the interface is down; CB_ERR_USAGE: too few queues.
 */
int cb_af_xdp_plan_make(struct cb_af_xdp_plan *p, const struct cb_tap *tap,
	const struct cb_af_xdp_options *options, unsigned index, unsigned processes,
	struct cb_error *err);

/* The rest, once the program is attached. */
int cb_af_xdp_plan_finish(struct cb_af_xdp_plan *p, struct cb_error *err);

#endif
