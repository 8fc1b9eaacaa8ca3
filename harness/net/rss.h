/*
 * Receive side scaling: to which of its queues a device gives a frame
 * (Documentation/networking/scaling.rst). By the ethtool ioctl; netlink carries it from Linux 6.3
 * only.
 */
#ifndef CB_HARNESS_NET_RSS_H
#define CB_HARNESS_NET_RSS_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cb_rss {
	uint32_t queues;    /* different ones in the indirection table */
	uint32_t key_bytes; /* of the hash; 0: the driver does not tell its key */
	bool symmetric;     /* both directions of a connection have the same hash */
};

/* CB_ERR_IMPOSSIBLE when the device has no table, or tells none. */
int cb_rss_read(const char *interface, struct cb_rss *rss, struct cb_error *err);

/*
 * Has a Toeplitz hash with this key the same value for both directions of a TCP or UDP connection,
 * over IPv4 and over IPv6? Each bit of the input stands for 32 bits of the key from its own place
 * on, so those of an address and a port must be those of the other address and port. False for a
 * key that is too short to tell.
 */
bool cb_rss_key_is_symmetric(const uint8_t *key, size_t n);

#endif
