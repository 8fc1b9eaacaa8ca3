/* What softirq.bpf.c and its reader agree on. Plain C for both sides. */
#ifndef CB_HARNESS_HOST_BPF_SOFTIRQ_MAPS_H
#define CB_HARNESS_HOST_BPF_SOFTIRQ_MAPS_H

#include <linux/types.h>

#define CB_SOFTIRQ_VECTORS 10 /* NR_SOFTIRQS (include/linux/interrupt.h), the same since 2.6.37 */
#define CB_SOFTIRQ_NET_RX  3
#define CB_SOFTIRQ_WATCHED 64

/* Of one vector on one CPU. */
struct cb_softirq_total {
	__u64 ns, count;
};

#endif
