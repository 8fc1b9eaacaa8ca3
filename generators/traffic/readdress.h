/*
 * Other addresses in a captured frame, so that each loop of a replay has flows of its own. Pure
 * functions on bytes; frames are hostile.
 */
#ifndef CB_GENERATORS_TRAFFIC_READDRESS_H
#define CB_GENERATORS_TRAFFIC_READDRESS_H

#include <stdint.h>

/*
 * Add `add` to both addresses (of IPv6 to the last 32 bits), behind up to two VLAN tags, and mend
 * the checksums of IPv4, TCP and UDP (RFC 1624): what was right stays right, what was wrong stays
 * wrong. Anything else is left alone.
 */
void cb_readdress(uint8_t *frame, uint32_t length, uint32_t add);

#endif
