/*
 * Which TCP sockets the kernel has, by sock_diag (netlink), in the caller's network namespace.
 * Addresses are 4 or 16 bytes in network byte order, ports are in host byte order.
 */
#ifndef CB_HARNESS_NET_TCP_SOCKETS_H
#define CB_HARNESS_NET_TCP_SOCKETS_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct cb_tcp_socket {
	bool listens;
	uint16_t port, remote_port;
	uint8_t remote[16]; /* zeros when it listens */
};

/* False: no more of them. */
typedef bool cb_tcp_socket_seen(void *arg, const struct cb_tcp_socket *s);

/*
 * Tell of each socket that gets what comes for the address `local`: bound to it, or to any. Those
 * that are closed already (TIME_WAIT) are left out. CB_ERR_HOST: this kernel tells nothing of its
 * sockets (CONFIG_INET_DIAG). Blocks for as long as it takes to go through all of them.
 */
int cb_tcp_sockets(
	bool ipv6, const uint8_t *local, cb_tcp_socket_seen *seen, void *arg, struct cb_error *err);

#endif
