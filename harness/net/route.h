/*
 * The way to a host: which address to speak from, which neighbour to hand frames to, by rtnetlink,
 * in the caller's network namespace. Addresses are 4 or 16 bytes in network byte order.
 */
#ifndef CB_HARNESS_NET_ROUTE_H
#define CB_HARNESS_NET_ROUTE_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct cb_route {
	bool has_source;
	uint8_t source[16]; /* the address of ours that the kernel would take */
	uint8_t next[16];   /* the gateway, or the destination itself where it is on the link */
};

/*
 * How the kernel would send to `destination` through `interface`. CB_ERR_HOST when there is no
 * route through it, or the destination is this host itself.
 */
int cb_route_find(const char *interface, unsigned ifindex, bool ipv6, const uint8_t *destination,
	struct cb_route *route, struct cb_error *err);

/* What the kernel knows of a neighbour: nothing, what held when it last heard of it, what holds. */
enum cb_neighbour_known { CB_NEIGHBOUR_UNKNOWN, CB_NEIGHBOUR_STALE, CB_NEIGHBOUR_FRESH };

/* The MAC address of a neighbour, if the kernel knows it. */
int cb_neighbour_find(unsigned ifindex, bool ipv6, const uint8_t *address,
	enum cb_neighbour_known *known, uint8_t mac[6], struct cb_error *err);

/* Whether `address` is one of this host's own, on any interface. */
int cb_address_is_own(bool ipv6, const uint8_t *address, bool *own, struct cb_error *err);

/* An address of the interface; a link-local one only when there is no other. *found: there is one.
 */
int cb_address_of(
	const char *interface, bool ipv6, bool *found, uint8_t *address, struct cb_error *err);

#endif
