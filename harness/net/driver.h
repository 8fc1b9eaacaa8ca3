/*
 * What only a device's driver knows, through the ethtool ioctl: netlink carries neither private
 * statistics nor the driver's name. Internal to harness/net.
 */
#ifndef CB_HARNESS_NET_DRIVER_H
#define CB_HARNESS_NET_DRIVER_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ethtool ioctl by any socket: `command` is one of the structs of linux/ethtool.h. -errno. */
int cb_driver_ask(int fd, const char *interface, void *command);

/* Into out[size]; "" when the driver does not say. */
void cb_driver_name(const char *interface, char *out, size_t size);

/* Sum of the driver's rx_queue_N_drops; CB_UNKNOWN when it has none. */
int cb_driver_ring_drops(const char *interface, int64_t *frames, struct cb_error *err);

/* Sum of the driver's tx_queue_N_xdp_xmit_errors: redirected frames that a veth's peer refused,
 * which it counts as received and dropped, too. CB_UNKNOWN when it has none. */
int cb_driver_xdp_refused(const char *interface, int64_t *frames, struct cb_error *err);

/* Is this the name of a counter of frames lost at a receive queue, "rx_queue_N_drops"? */
bool cb_driver_is_ring_drop(const char *statistic);
/* "tx_queue_N_xdp_xmit_errors"? */
bool cb_driver_is_xdp_refused(const char *statistic);

#endif
