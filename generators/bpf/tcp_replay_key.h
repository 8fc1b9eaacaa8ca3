/* What an XDP program and user space agree on: the ends of a connection. */
#ifndef CB_GENERATORS_BPF_TCP_REPLAY_KEY_H
#define CB_GENERATORS_BPF_TCP_REPLAY_KEY_H

#include <linux/types.h>

#define CB_TCP_REPLAY_FLOWS_MAX 262144

/* Addresses and ports in network byte order; of IPv4 the first 4 bytes. All zeros for the remote
 * end: whoever connects. */
struct cb_tcp_replay_key {
	__u8 remote[16], local[16];
	__u16 remote_port, local_port;
	__u32 ipv6;
};

#endif
