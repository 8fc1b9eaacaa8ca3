/*
 * Addresses as people write them, to what stands in a frame. Pure functions.
 */
#ifndef CB_GENERATORS_TRAFFIC_ADDRESS_H
#define CB_GENERATORS_TRAFFIC_ADDRESS_H

#include "harness/base/error.h"

#include <netinet/in.h>
#include <stdint.h>

/* "02:00:00:00:00:01": six pairs of hexadecimal digits. CB_ERR_USAGE naming `option`. */
int cb_address_mac(const char *text, const char *option, uint8_t mac[6], struct cb_error *err);

/* "198.18.0.1" in network byte order. CB_ERR_USAGE naming `option`. */
int cb_address_ipv4(
	const char *text, const char *option, struct in_addr *address, struct cb_error *err);

#endif
