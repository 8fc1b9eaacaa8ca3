/*
 * Numbers that a device is set by through ethtool netlink: rings, coalescing, channels
 * (Documentation/networking/ethtool-netlink.rst). Offloads are features: cb_link_feature.
 */
#ifndef CB_HARNESS_NET_ETHTOOL_H
#define CB_HARNESS_NET_ETHTOOL_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cb_ethtool_number {
	const char *name; /* "ring.rx", "coalesce.rx-usecs", "channels.combined" */
	const char *help;
	bool is_bool;           /* 0 or 1 */
	uint8_t get, set;       /* messages */
	uint16_t header, value; /* attributes */
	uint16_t most;          /* the attribute that tells the largest value; 0: none does */
};

/* NULL past the end. */
const struct cb_ethtool_number *cb_ethtool_at(size_t i);
const struct cb_ethtool_number *cb_ethtool_find(const char *name);

/*
 * What is set now; `most` (may be NULL) gets the largest possible value, UINT32_MAX when it is not
 * told. CB_ERR_IMPOSSIBLE when the device has no such number, or the kernel no ethtool netlink.
 */
int cb_ethtool_read(const char *interface, const struct cb_ethtool_number *number, uint32_t *value,
	uint32_t *most, struct cb_error *err);
/* Does not read back. */
int cb_ethtool_write(const char *interface, const struct cb_ethtool_number *number, uint32_t value,
	struct cb_error *err);

/* Does the device heed pause frames, does it send them? */
int cb_ethtool_pause(const char *interface, bool *rx, bool *tx, struct cb_error *err);

/* Energy-Efficient Ethernet (IEEE 802.3az): may the link sleep between frames, and does it, both
 * ends being able to? */
int cb_ethtool_eee(const char *interface, bool *enabled, bool *active, struct cb_error *err);

#endif
