// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Each frame to the AF_XDP socket of its RX queue. What comes on a queue without a socket goes up
 * the stack: since Linux 5.3 the flags of bpf_redirect_map() are what is returned then (commit
 * 43e74c0267a3).
 */
// clang-format off
#include <linux/bpf.h> /* first: the types that bpf_helpers.h needs */
#include <bpf/bpf_helpers.h>
// clang-format on

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1); /* as many as there are RX queues: set when it is loaded */
	__type(key, __u32);     /* RX queue */
	__type(value, __u32);   /* socket */
} sockets SEC(".maps");

SEC("xdp")
int af_xdp(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
