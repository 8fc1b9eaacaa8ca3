// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * The connections that are played go to AF_XDP sockets, and so past the kernel's TCP, which would
 * reset what it does not know of; everything else goes up the stack. What has IPv4 options is
 * taken, fragments and IPv6 extension headers are not: TCP on a path of its own has none.
 */
// clang-format off
#include <linux/bpf.h> /* first: the types that bpf_helpers.h needs */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
// clang-format on
#include "generators/bpf/tcp_replay_key.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#define FRAGMENT 0x3fff /* more follow, or not the first */

/* The addresses stand next to each other in either header. */
struct ipv4_ends {
	__u8 source[4], destination[4];
};
struct ipv6_ends {
	__u8 source[16], destination[16];
};

struct vlan {
	__be16 tag, type;
};

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1); /* as many as there are RX queues: set when it is loaded */
	__type(key, __u32);     /* RX queue */
	__type(value, __u32);   /* socket */
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CB_TCP_REPLAY_FLOWS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct cb_tcp_replay_key);
	__type(value, __u8);
} flows SEC(".maps");

/* Some of the keys have no remote end. */
const volatile __u32 listens = 0;

static __always_inline void *skip_vlans(void *at, void *end, __be16 *type)
{
	for (int i = 0; i < 2; i++) {
		struct vlan *vlan = at;

		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(vlan + 1) > end)
			return 0;
		*type = vlan->type;
		at = vlan + 1;
	}
	return at;
}

static __always_inline void *read_ipv4(void *at, void *end, struct cb_tcp_replay_key *key)
{
	struct iphdr *ip = at;
	struct ipv4_ends *ends = (void *)&ip->saddr;

	if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_TCP || ip->ihl < 5 ||
		ip->frag_off & bpf_htons(FRAGMENT))
		return 0;
	__builtin_memcpy(key->remote, ends->source, 4);
	__builtin_memcpy(key->local, ends->destination, 4);
	return at + ip->ihl * 4;
}

static __always_inline void *read_ipv6(void *at, void *end, struct cb_tcp_replay_key *key)
{
	struct ipv6hdr *ip = at;
	struct ipv6_ends *ends = (void *)&ip->saddr;

	if ((void *)(ip + 1) > end || ip->nexthdr != IPPROTO_TCP)
		return 0;
	__builtin_memcpy(key->remote, ends->source, 16);
	__builtin_memcpy(key->local, ends->destination, 16);
	key->ipv6 = 1;
	return ip + 1;
}

static __always_inline int is_ours(struct cb_tcp_replay_key *key)
{
	if (bpf_map_lookup_elem(&flows, key))
		return 1;
	if (!listens)
		return 0;
	__builtin_memset(key->remote, 0, sizeof(key->remote));
	key->remote_port = 0;
	return bpf_map_lookup_elem(&flows, key) != 0;
}

SEC("xdp.frags")
int tcp_replay(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *at;
	struct cb_tcp_replay_key key = {0};
	struct ethhdr *eth = data;
	struct tcphdr *tcp;
	__be16 type;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	type = eth->h_proto;
	at = skip_vlans(eth + 1, end, &type);
	if (!at)
		return XDP_PASS;
	if (type == bpf_htons(ETH_P_IP))
		at = read_ipv4(at, end, &key);
	else if (type == bpf_htons(ETH_P_IPV6))
		at = read_ipv6(at, end, &key);
	else
		return XDP_PASS;
	tcp = at;
	if (!at || (void *)(tcp + 1) > end)
		return XDP_PASS;
	key.remote_port = tcp->source;
	key.local_port = tcp->dest;
	if (!is_ours(&key))
		return XDP_PASS;
	return (int)bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
